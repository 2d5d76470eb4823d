//! The words that all methods share.

use std::fmt;

use onhook_base::Secret;
use onhook_crypto::mppe_keys;
use onhook_crypto::{change_password, chap_md5, mschap};

use crate::person::Wanted;

/// A way to prove who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// The password in the clear (RFC 1334).
    Pap,
    /// CHAP with MD5 (RFC 1994).
    ChapMd5,
    /// MS-CHAP version 1 (RFC 2433), which whoever listens breaks in a day.
    MsChapV1,
    /// MS-CHAP version 2 (RFC 2759).
    MsChapV2,
    /// EAP (RFC 3748), which carries a method of its own: [`EapMethod`].
    Eap,
}

impl Method {
    /// The value of LCP's Authentication-Protocol option (RFC 1661 §6.2).
    pub const fn lcp_value(self) -> &'static [u8] {
        match self {
            Self::Pap => &[0xc0, 0x23],
            Self::ChapMd5 => &[0xc2, 0x23, 0x05],
            Self::MsChapV1 => &[0xc2, 0x23, 0x80],
            Self::MsChapV2 => &[0xc2, 0x23, 0x81],
            Self::Eap => &[0xc2, 0x27],
        }
    }

    /// The method of this option value.
    pub fn from_lcp_value(value: &[u8]) -> Option<Self> {
        [Self::Pap, Self::ChapMd5, Self::MsChapV1, Self::MsChapV2, Self::Eap]
            .into_iter()
            .find(|method| method.lcp_value() == value)
    }

    /// The PPP protocol number that carries it.
    pub const fn protocol(self) -> u16 {
        match self {
            Self::Pap => super::PAP,
            Self::ChapMd5 | Self::MsChapV1 | Self::MsChapV2 => super::CHAP,
            Self::Eap => super::EAP,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pap => "PAP",
            Self::ChapMd5 => "CHAP MD5",
            Self::MsChapV1 => "MS-CHAP",
            Self::MsChapV2 => "MS-CHAP v2",
            Self::Eap => "EAP",
        })
    }
}

/// Whom we say we are, and how we prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The name as it is sent: `user`, `DOMAIN\user` or `user@realm`.
    pub user: String,
    /// The password.
    pub password: Secret<String>,
}

/// Keys that a method made (RFC 3079): the caller's, whichever end one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The caller's Master Send Key.
    pub send: Secret<Vec<u8>>,
    /// The caller's Master Receive Key.
    pub receive: Secret<Vec<u8>>,
    /// MS-CHAP version 1 makes the start keys of 40 and 56 bits otherwise: this one, both ways (RFC 3079
    /// §2.2). `None` where they are the beginning of the others.
    pub weak: Option<Secret<Vec<u8>>>,
}

impl Keys {
    /// The keys of MS-CHAP version 1, one for both directions (RFC 3079 §2): from the beginning of the LAN
    /// Manager hash, the hash of the NT hash, and the challenge that was answered. Without the first, 128 bits
    /// alone can be had: what stands in its place is secret, and none that the other end has.
    pub fn of_ms_chap_v1(
        lm: Option<&Secret<[u8; 8]>>,
        nt_hash_hash: &Secret<[u8; 16]>,
        challenge: &[u8; 8],
    ) -> Self {
        let start = mppe_keys::mschapv1_start_key_from(nt_hash_hash.expose(), challenge);
        let start = Secret::new(start.to_vec());
        let lm = lm.map(|lm| lm.expose().as_slice()).or_else(|| start.expose().get(..8));
        let weak = lm.map(|lm| Secret::new(lm.to_vec()));
        Self { send: start.clone(), receive: start, weak }
    }

    /// What a link may bind itself to: version 1's keys are worth nothing for that.
    pub fn for_binding(self) -> Option<Self> {
        Some(self).filter(|keys| keys.weak.is_none())
    }
}

/// What is going on, for logs and reports; no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// We were asked to prove ourselves.
    Challenged {
        /// How.
        method: Method,
        /// By whom; empty where the method does not say.
        by: String,
    },
    /// Both ends have come to this method of EAP.
    Agreed(EapMethod),
    /// We have answered, or were answered.
    Responded {
        /// The name in the answer.
        name: String,
    },
    /// The proof was taken.
    Succeeded {
        /// What the authenticator said.
        message: String,
    },
    /// The proof was refused.
    Failed {
        /// MS-CHAP's error number (RFC 2759 §6).
        code: Option<u32>,
        /// The authenticator would hear another one.
        retry: bool,
        /// What the authenticator said.
        message: String,
    },
}

/// A method inside EAP (RFC 3748 §5), by which one proves oneself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EapMethod {
    /// MD5 of a challenge, as CHAP does it (RFC 3748 §5.4); makes no keys.
    Md5,
    /// MS-CHAP version 2 inside EAP (draft-kamath-pppext-eap-mschapv2).
    MsChapV2,
    /// Certificates both ways (RFC 5216, RFC 9190).
    Tls,
    /// The server's certificate, and MS-CHAP version 2 inside the tunnel ([MS-PEAP]).
    Peap,
}

impl EapMethod {
    /// Its type number (RFC 3748 §5, IANA "EAP Method Types").
    pub const fn number(self) -> u8 {
        match self {
            Self::Md5 => 4,
            Self::Tls => 13,
            Self::Peap => 25,
            Self::MsChapV2 => 26,
        }
    }

    /// The method of this type number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Md5, Self::Tls, Self::Peap, Self::MsChapV2]
            .into_iter()
            .find(|m| m.number() == number)
    }
}

impl fmt::Display for EapMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "EAP-MD5",
            Self::MsChapV2 => "EAP-MSCHAPv2",
            Self::Tls => "EAP-TLS",
            Self::Peap => "PEAP",
        })
    }
}

/// How EAP is spoken, at either end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EapTerms {
    /// The methods by which we prove ourselves, or demand it, in order of preference.
    pub methods: Vec<EapMethod>,
    /// (Authenticator) speak none of them here: after the name was asked for, every packet of the caller
    /// is a [`Proof::Eap`], and the owner says what is sent back ([`Verdict::Continue`]), as a back-end
    /// server does it (RFC 3748 §2.3).
    pub pass_through: bool,
}

/// What a caller has shown to prove itself; enough to judge it here or to ask elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    name: String,
    proof: Proof,
}

/// The proof itself, in the parts that a judge elsewhere is told (RFC 2865 §5, RFC 2548 §2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// PAP's password. Octets that are no UTF-8 are replaced.
    Pap {
        /// As it was sent.
        password: Secret<String>,
    },
    /// MD5 over a challenge: of CHAP, and of EAP-MD5.
    ChapMd5 {
        /// The identifier of challenge and response.
        identifier: u8,
        /// What was asked.
        challenge: Vec<u8>,
        /// What was answered; sixteen octets if the caller means it.
        response: Vec<u8>,
    },
    /// MS-CHAP version 1.
    MsChapV1 {
        /// The identifier of challenge and response.
        identifier: u8,
        /// The authenticator's challenge.
        challenge: [u8; 8],
        /// The NT-Response.
        response: [u8; 24],
    },
    /// MS-CHAP version 2: of CHAP, of EAP-MSCHAPv2, and of the same inside PEAP.
    MsChapV2 {
        /// The identifier of challenge and response.
        identifier: u8,
        /// The authenticator's challenge.
        authenticator: [u8; 16],
        /// The caller's challenge.
        peer: [u8; 16],
        /// The NT-Response.
        response: [u8; 24],
    },
    /// MS-CHAP version 2's Change-Password (RFC 2759 §7): the new password, sealed by the old one. Who
    /// knows the old one reads it by [`Question::new_password`], and judges the proof by the new one.
    NewPassword {
        /// The identifier of the packet.
        identifier: u8,
        /// The authenticator's challenge: that of the Failure which asked for it.
        authenticator: [u8; 16],
        /// What stands behind the length of the packet; 582 octets.
        body: Secret<Vec<u8>>,
    },
    /// MS-CHAP version 1's Change-Password (RFC 2433 §9), of which the same is true.
    NewPasswordOfV1 {
        /// The identifier of the packet.
        identifier: u8,
        /// The authenticator's challenge: that of the Failure which asked for it.
        challenge: [u8; 8],
        /// What stands behind the length of the packet; 1114 octets.
        body: Secret<Vec<u8>>,
    },
    /// A whole EAP packet, from its code to the end that its length names: a Response of the caller, the
    /// first of which says its name. Asked where [`EapTerms::pass_through`] holds.
    Eap {
        /// The packet, 5 to 1500 octets.
        packet: Vec<u8>,
    },
    /// A certificate whose key the caller has, and whose issuer vouches for it: TLS has seen to both.
    Certificate {
        /// The names that it bears.
        names: Vec<String>,
    },
}

impl Question {
    /// A question: the name as it was sent, and the proof.
    pub const fn new(name: String, proof: Proof) -> Self {
        Self { name, proof }
    }

    /// The name as it was sent, with its domain.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was shown.
    pub const fn proof(&self) -> &Proof {
        &self.proof
    }

    /// Whether a new password is told, in place of one that has expired.
    pub const fn is_change(&self) -> bool {
        matches!(self.proof, Proof::NewPassword { .. } | Proof::NewPasswordOfV1 { .. })
    }

    /// The new password, when one is told, and by somebody who knows the old one.
    pub fn new_password(&self, old: &Secret<String>) -> Option<Secret<String>> {
        let (Proof::NewPassword { body, .. } | Proof::NewPasswordOfV1 { body, .. }) = &self.proof
        else {
            return None;
        };
        let hash = Secret::new(mschap::nt_password_hash(old.expose()));
        let new = change_password::open(body.expose(), hash.expose())?;
        Some(Secret::new(new.to_string()))
    }

    /// How it was proved.
    pub const fn method(&self) -> Method {
        match self.proof {
            Proof::Pap { .. } => Method::Pap,
            Proof::ChapMd5 { .. } => Method::ChapMd5,
            Proof::MsChapV1 { .. } | Proof::NewPasswordOfV1 { .. } => Method::MsChapV1,
            Proof::MsChapV2 { .. } | Proof::NewPassword { .. } => Method::MsChapV2,
            Proof::Eap { .. } | Proof::Certificate { .. } => Method::Eap,
        }
    }
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The proof is good. To a [`Proof::Eap`] a Success is sent with the identifier of the last Response.
    Accept {
        /// What to tell the caller; for MS-CHAP version 2 it carries our own proof (`S=…`). EAP's Success
        /// has no room for it.
        message: Vec<u8>,
        /// The keys that the method made: the caller's, so that its send key is what a RADIUS server
        /// calls MS-MPPE-Recv-Key (RFC 2548 §2.4).
        keys: Option<Keys>,
    },
    /// (To a [`Proof::Eap`]) more is asked. The caller's next Response is the next question.
    Continue {
        /// A whole EAP Request, whose identifier differs from that of the Response before it
        /// (RFC 3748 §4.1). It is repeated until it is answered.
        packet: Vec<u8>,
    },
    /// The proof is not good.
    Reject {
        /// MS-CHAP's error number; the other methods do not tell it.
        code: u32,
        /// Another proof would be heard.
        retry: bool,
        /// What to tell the caller.
        message: String,
    },
}

/// MS-CHAP's number for a wrong name or password (RFC 2759 §6).
const AUTHENTICATION_FAILURE: u32 = 691;

/// Judges a proof against a known password, in a time that does not depend on where they differ. A proof
/// that is none of a password is rejected.
pub fn judge(question: &Question, password: &Secret<String>) -> Verdict {
    let secret = password.expose();
    let (good, message, keys) = match &question.proof {
        Proof::Pap { password } => {
            (same(password.expose().as_bytes(), secret.as_bytes()), Vec::new(), None)
        }
        Proof::ChapMd5 { identifier, challenge, response } => {
            let expected = chap_md5(*identifier, secret.as_bytes(), challenge);
            (same(response, &expected), Vec::new(), None)
        }
        Proof::MsChapV1 { identifier: _, challenge, response } => {
            judge_mschap_v1(challenge, response, secret)
        }
        Proof::NewPasswordOfV1 { identifier: _, challenge, body } => {
            match change_password::response_of_v1(body.expose()) {
                Some(response) => judge_mschap_v1(challenge, &response, secret),
                None => (false, Vec::new(), None),
            }
        }
        Proof::MsChapV2 { identifier: _, authenticator, peer, response } => {
            judge_mschap(question.name(), authenticator, peer, response, secret)
        }
        Proof::NewPassword { identifier: _, authenticator, body } => {
            match change_password::response(body.expose()) {
                Some(change_password::Response { peer, response }) => {
                    judge_mschap(question.name(), authenticator, &peer, &response, secret)
                }
                None => (false, Vec::new(), None),
            }
        }
        // Neither says anything of a password.
        Proof::Eap { .. } | Proof::Certificate { .. } => (false, Vec::new(), None),
    };
    if good {
        Verdict::Accept { message, keys }
    } else {
        Verdict::Reject { code: AUTHENTICATION_FAILURE, retry: false, message: String::new() }
    }
}

fn judge_mschap_v1(
    challenge: &[u8; 8],
    response: &[u8; 24],
    password: &str,
) -> (bool, Vec<u8>, Option<Keys>) {
    let hash = Secret::new(mschap::nt_password_hash(password));
    let expected = mschap::challenge_response(challenge, hash.expose());
    (same(response, &expected), b"Welcome".to_vec(), Some(weak_keys(password, challenge)))
}

fn judge_mschap(
    name: &str,
    authenticator: &[u8; 16],
    peer: &[u8; 16],
    response: &[u8; 24],
    password: &str,
) -> (bool, Vec<u8>, Option<Keys>) {
    let name = name.as_bytes();
    let hash = Secret::new(mschap::nt_password_hash(password));
    let expected = mschap::nt_response(authenticator, peer, name, hash.expose());
    let proof = mschap::authenticator_response(hash.expose(), response, peer, authenticator, name);
    let message = format!("{proof} M=Welcome").into_bytes();
    (same(response, &expected), message, Some(keys_of(hash.expose(), response)))
}

/// The keys of MS-CHAP version 1 (RFC 3079 §2).
pub(crate) fn weak_keys(password: &str, challenge: &[u8; 8]) -> Keys {
    let nt = Secret::new(mschap::nt_password_hash(password));
    let nt = Secret::new(mschap::hash_nt_password_hash(nt.expose()));
    let hash = Secret::new(mschap::lm_password_hash(password));
    let mut lm = Secret::new([0; 8]);
    lm.expose_mut().iter_mut().zip(hash.expose()).for_each(|(to, from)| *to = *from);
    Keys::of_ms_chap_v1(Some(&lm), &nt, challenge)
}

pub(crate) fn keys_of(hash: &[u8; 16], response: &[u8; 24]) -> Keys {
    let master = Secret::new(mppe_keys::master_key(hash, response));
    Keys {
        send: Secret::new(mppe_keys::caller_send_key(master.expose()).to_vec()),
        receive: Secret::new(mppe_keys::caller_receive_key(master.expose()).to_vec()),
        weak: None,
    }
}

/// Whether both are the same, looking at every octet.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
}

/// What a method's machine tells its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthEvent {
    /// Something to log or report.
    Progress(Progress),
    /// (Authenticator) decide about this.
    Ask(Question),
    /// This direction is done.
    Done {
        /// The keys that the method made.
        keys: Option<Keys>,
        /// (Prover) the authenticator has proved itself, too.
        peer_proven: bool,
        /// (Authenticator) the name that was proved.
        name: Option<String>,
    },
    /// A refusal that leaves the door open: the prover may go on when its owner has asked a person, and
    /// the authenticator waits for that.
    Waiting {
        /// (Prover) what is to be asked.
        wanted: Option<Wanted>,
        /// Why this direction has failed if nothing more comes.
        after: AuthFailure,
    },
    /// This direction has failed.
    Failed(AuthFailure),
}

/// Why a direction failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthFailure {
    /// The proof was refused.
    Refused {
        /// MS-CHAP's error number.
        code: Option<u32>,
        /// The authenticator would hear another one.
        retry: bool,
        /// What the authenticator said.
        message: String,
    },
    /// The authenticator could not prove itself (RFC 2759 §5).
    PeerNotProven,
    /// Nobody answered.
    Unanswered,
    /// EAP has failed, and not by a refusal.
    Eap(super::EapFailure),
}
