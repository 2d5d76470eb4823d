//! The words that all methods share.

use std::fmt;

use onhook_base::Secret;
use onhook_crypto::{chap_md5, mppe_keys, mschap};

/// A way to prove who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// The password in the clear (RFC 1334).
    Pap,
    /// CHAP with MD5 (RFC 1994).
    ChapMd5,
    /// MS-CHAP version 1 (RFC 2433); known by name, never spoken.
    MsChapV1,
    /// MS-CHAP version 2 (RFC 2759).
    MsChapV2,
    /// EAP (RFC 3748); known by name, not spoken yet.
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

/// What a caller has shown to prove itself; enough to judge it here or to ask elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub(crate) name: String,
    pub(crate) proof: Proof,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Pap { password: Secret<String> },
    ChapMd5 { identifier: u8, challenge: Vec<u8>, response: Vec<u8> },
    MsChapV2 { authenticator: [u8; 16], peer: [u8; 16], response: [u8; 24] },
}

impl Question {
    /// The name as it was sent, with its domain.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it was proved.
    pub const fn method(&self) -> Method {
        match self.proof {
            Proof::Pap { .. } => Method::Pap,
            Proof::ChapMd5 { .. } => Method::ChapMd5,
            Proof::MsChapV2 { .. } => Method::MsChapV2,
        }
    }
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The proof is good.
    Accept {
        /// What to tell the caller; for MS-CHAP version 2 it carries our own proof (`S=…`).
        message: Vec<u8>,
        /// The keys that the method made.
        keys: Option<Keys>,
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

/// Judges a proof against a known password, in a time that does not depend on where they differ.
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
        Proof::MsChapV2 { authenticator, peer, response } => {
            let name = question.name.as_bytes();
            let hash = Secret::new(mschap::nt_password_hash(secret));
            let expected = mschap::nt_response(authenticator, peer, name, hash.expose());
            let proof =
                mschap::authenticator_response(hash.expose(), response, peer, authenticator, name);
            let message = format!("{proof} M=Welcome").into_bytes();
            (same(response, &expected), message, Some(keys_of(hash.expose(), response)))
        }
    };
    if good {
        Verdict::Accept { message, keys }
    } else {
        Verdict::Reject { code: AUTHENTICATION_FAILURE, retry: false, message: String::new() }
    }
}

pub(crate) fn keys_of(hash: &[u8; 16], response: &[u8; 24]) -> Keys {
    let master = Secret::new(mppe_keys::master_key(hash, response));
    Keys {
        send: Secret::new(mppe_keys::caller_send_key(master.expose()).to_vec()),
        receive: Secret::new(mppe_keys::caller_receive_key(master.expose()).to_vec()),
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
}
