//! A proof becomes a request, and the answer a verdict.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use onhook_base::Secret;
use onhook_connection::SessionLimits;
use onhook_crypto::change_password;
use onhook_model::RasCode;
use onhook_ppp::auth::{Keys, Proof, Question, Verdict};
use onhook_radius::client::Unanswered;
use onhook_radius::reply::{Answer, Grant, MppeKeys, Refusal, Reply};
use onhook_radius::wire::{Attributes, attribute, microsoft};

use super::{AccountTerms, Radius};
use crate::admit;
use crate::calls::Session;

/// The versions of Change-Password that MS-CHAP's two versions have (RFC 2759 §6, RFC 2433 §9).
const CHANGE_VERSION: u32 = 3;
const CHANGE_VERSION_OF_V1: u32 = 2;
/// A Response of EAP that says a name (RFC 3748 §5.1) begins a talk.
const IDENTITY: u8 = 1;

/// What goes on between a caller and a server over several requests, by the call.
#[derive(Debug, Default)]
pub(crate) struct Conversations(Mutex<HashMap<u64, Conversation>>);

/// Which server has asked last, and what it wants to see again.
#[derive(Clone, Debug)]
struct Conversation {
    server: usize,
    state: Option<Vec<u8>>,
}

impl Conversations {
    fn take(&self, call: u64) -> Option<Conversation> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&call)
    }

    fn keep(&self, call: u64, conversation: Conversation) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(call, conversation);
    }
}

impl Radius {
    /// A call has ended, and with it what was said about it.
    pub(crate) fn forget(&self, call: u64) {
        drop(self.conversations.take(call));
    }

    /// Asks the servers about a proof.
    pub(crate) async fn judge(
        &self,
        session: Session,
        question: &Question,
    ) -> (Verdict, Option<admit::Grant>) {
        let refuse = |why: &str| {
            tracing::warn!(target: "answer", call = session.call, "refused: {why}");
            (admit::refusal(RasCode::AUTHENTICATION_FAILURE, ""), None)
        };
        let Some(access) = &self.access else { return refuse("no server judges callers") };
        let mut attributes = Attributes::default();
        attributes.text(attribute::USER_NAME, question.name());
        self.nas.describe(&session, &mut attributes);
        if !write_proof(question.proof(), &mut attributes) {
            return refuse("the proof is none that a RADIUS server could judge");
        }
        let earlier = self.conversations.take(session.call).filter(|_| goes_on(question.proof()));
        if let Some(state) = earlier.as_ref().and_then(|earlier| earlier.state.as_ref()) {
            attributes.octets(attribute::STATE, state);
        }
        let of = earlier.map(|earlier| earlier.server);
        match access.ask(attributes, of).await {
            Ok(answer) => self.understand(&session, question, &answer),
            Err(unanswered) => {
                tracing::error!(target: "answer", call = session.call, "refused: {unanswered}");
                (admit::refusal(code_of(unanswered), ""), None)
            }
        }
    }

    fn understand(
        &self,
        session: &Session,
        question: &Question,
        answer: &Answer,
    ) -> (Verdict, Option<admit::Grant>) {
        let call = session.call;
        match (answer.read(), question.proof()) {
            (Reply::Accept(grant), proof) => match accept(proof, &grant) {
                Ok(verdict) => {
                    if grant.keys.is_none() && session.link == "sstp" {
                        tracing::warn!(target: "answer", call, "the RADIUS server gives no MPPE keys: \
                            an SSTP caller that binds its proof to TLS will be refused");
                    }
                    (verdict, Some(self.granted(session, question, *grant)))
                }
                Err(why) => {
                    tracing::warn!(target: "answer", call, "refused: {why}");
                    (admit::refusal(RasCode::AUTHENTICATION_FAILURE, ""), None)
                }
            },
            (Reply::Challenge { eap, state }, Proof::Eap { .. }) => {
                self.conversations.keep(call, Conversation { server: answer.server(), state });
                (Verdict::Continue { packet: eap }, None)
            }
            (Reply::Challenge { .. }, _) => {
                tracing::warn!(target: "answer", call, "refused: the RADIUS server asks for EAP");
                (admit::refusal(RasCode::AUTHENTICATION_FAILURE, ""), None)
            }
            (Reply::Reject(refusal), proof) => {
                let said = &refusal.text;
                tracing::info!(target: "answer", call, said, "refused by the RADIUS server");
                (reject(proof, refusal), None)
            }
            (Reply::Useless(why), _) => {
                tracing::warn!(target: "answer", call, "refused: the RADIUS server's answer: {why}");
                (admit::refusal(RasCode::AUTHENTICATION_FAILURE, ""), None)
            }
        }
    }

    fn granted(&self, session: &Session, question: &Question, grant: Grant) -> admit::Grant {
        let user = grant.user_name.unwrap_or_else(|| question.name().to_owned());
        let terms = AccountTerms {
            id: self.nas.session_id(session.call),
            user,
            classes: grant.classes,
            interim: grant.interim,
            by_radius: true,
        };
        admit::Grant {
            callback: None,
            address: grant.address,
            dns: grant.dns,
            interface_id: grant.interface_id,
            limits: SessionLimits { idle: grant.idle, session: grant.session },
            account: Some(terms),
        }
    }
}

/// RAS's number for a server that cannot be asked.
const fn code_of(unanswered: Unanswered) -> RasCode {
    match unanswered {
        Unanswered::Silence => RasCode::AUTH_SERVER_TIMEOUT,
        Unanswered::Untrusted => RasCode::INVALID_RADIUS_RESPONSE,
        Unanswered::NoServer => RasCode::NO_RADIUS_SERVERS,
    }
}

fn goes_on(proof: &Proof) -> bool {
    matches!(proof, Proof::Eap { packet } if packet.get(4) != Some(&IDENTITY))
}

/// The proof as RFC 2865 §5 and RFC 2548 §2.3 have it; false when they have nothing for it.
fn write_proof(proof: &Proof, into: &mut Attributes) -> bool {
    match proof {
        Proof::Pap { password } => {
            into.password(Secret::new(password.expose().clone().into_bytes()));
            true
        }
        Proof::ChapMd5 { identifier, challenge, response } => {
            response.len() == 16
                && into.octets(
                    attribute::CHAP_PASSWORD,
                    &[std::slice::from_ref(identifier), response].concat(),
                )
                && into.octets(attribute::CHAP_CHALLENGE, challenge)
        }
        Proof::MsChapV2 { identifier, authenticator, peer, response } => {
            // Identifier and flags, the two challenges' places, the response (RFC 2548 §2.3.2).
            let value = [&[*identifier, 0][..], peer, &[0; 8], response].concat();
            into.microsoft(microsoft::CHAP_CHALLENGE, authenticator)
                && into.microsoft(microsoft::CHAP2_RESPONSE, &value)
        }
        Proof::Eap { packet } => into.pieces(attribute::EAP_MESSAGE, packet),
        Proof::NewPassword { identifier, authenticator, body } => {
            into.microsoft(microsoft::CHAP_CHALLENGE, authenticator)
                && write_change(*identifier, body.expose(), into)
        }
        Proof::MsChapV1 { identifier, challenge, response } => {
            // The NT-Response is the one to look at (RFC 2548 §2.1.3); there is no other.
            let value = [&[*identifier, USE_NT][..], &[0; 24], response].concat();
            into.microsoft(microsoft::CHAP_CHALLENGE, challenge)
                && into.microsoft(microsoft::CHAP_RESPONSE, &value)
        }
        Proof::NewPasswordOfV1 { identifier, challenge, body } => {
            into.microsoft(microsoft::CHAP_CHALLENGE, challenge)
                && write_change_of_v1(*identifier, body.expose(), into)
        }
        Proof::Certificate { .. } => false,
    }
}

/// The flag by which the NT-Response counts (RFC 2548 §2.1.3).
const USE_NT: u8 = 1;

/// Octets of it in one attribute: what a vendor's attribute holds, without its own head of four.
const SEALED_PIECE: usize = 243;
/// The codes that stand first in the attributes (RFC 2548 §2.3.4, §2.1.4, §2.1.6).
const CHANGE: u8 = 7;
const CHANGE_OF_V1: u8 = 6;
const SEALED_PASSWORD: u8 = 6;

/// A change of a password, cut in the parts that RFC 2548 has for it: the proof, and in three pieces the
/// new password, which the server unseals by the old one. We do not know either.
fn write_change(identifier: u8, body: &[u8], into: &mut Attributes) -> bool {
    let Some((sealed, proof)) = body.split_at_checked(change_password::SEALED_PASSWORD) else {
        return false;
    };
    let proof = [&[CHANGE, identifier][..], proof].concat();
    into.microsoft(microsoft::CHAP2_CPW, &proof) && write_sealed(identifier, sealed, into)
}

/// The same of version 1's form, in which what is sealed by the LAN Manager hash lies between: it is not
/// passed on (RFC 2548 §2.1.4 takes that as said by the flags).
fn write_change_of_v1(identifier: u8, body: &[u8], into: &mut Attributes) -> bool {
    let Some(parts) = change_password::parts_of_v1(body) else { return false };
    let flags = [0, if parts.counts { USE_NT } else { 0 }];
    let head = [CHANGE_OF_V1, identifier];
    let none = [0; 16 + 24];
    let proof = [&head[..], parts.sealed_hash, &none, parts.response, &flags].concat();
    into.microsoft(microsoft::CHAP_CPW_2, &proof)
        && write_sealed(identifier, parts.sealed_password, into)
}

fn write_sealed(identifier: u8, sealed: &[u8], into: &mut Attributes) -> bool {
    (1_u8..).zip(sealed.chunks(SEALED_PIECE)).all(|(number, piece)| {
        let piece = [&[SEALED_PASSWORD, identifier, 0, number][..], piece].concat();
        into.microsoft(microsoft::CHAP_NT_ENC_PW, &piece)
    })
}

/// What the caller is told of an accept: for MS-CHAP version 2 the server's own proof, without which
/// the caller would hang up.
fn accept(proof: &Proof, grant: &Grant) -> Result<Verdict, &'static str> {
    let is_ms_chap = matches!(proof, Proof::MsChapV2 { .. } | Proof::NewPassword { .. });
    let message = match &grant.ms_chap2_success {
        Some(success) if is_ms_chap && success.starts_with("S=") => success.clone(),
        _ if is_ms_chap => {
            return Err(
                "the RADIUS server accepts without MS-CHAP2-Success, which the caller needs",
            );
        }
        _ => grant.text.clone(),
    };
    let keys = match proof {
        Proof::MsChapV1 { challenge, .. } | Proof::NewPasswordOfV1 { challenge, .. } => {
            let made = grant.ms_chap_keys.as_ref();
            made.map(|made| Keys::of_ms_chap_v1(made.lm.as_ref(), &made.nt, challenge))
        }
        _ => grant.keys.as_ref().map(keys),
    };
    Ok(Verdict::Accept { message: message.into_bytes(), keys })
}

/// The server's words are ours, who send what the caller receives (RFC 2548 §2.4.2).
fn keys(keys: &MppeKeys) -> Keys {
    Keys { send: keys.receive.clone(), receive: keys.send.clone(), weak: None }
}

fn reject(proof: &Proof, refusal: Refusal) -> Verdict {
    let code = refusal.code.unwrap_or_else(|| RasCode::AUTHENTICATION_FAILURE.number());
    // Who says that a password has expired hears a new one, unless its words are older than that.
    let is_expired = code == RasCode::PASSWD_EXPIRED.number();
    let least = match proof {
        Proof::MsChapV1 { .. } | Proof::NewPasswordOfV1 { .. } => CHANGE_VERSION_OF_V1,
        _ => CHANGE_VERSION,
    };
    let takes_new = refusal.version.is_some_and(|version| version >= least);
    let retry = if is_expired { takes_new } else { refusal.retry };
    Verdict::Reject { code, retry, message: refusal.text }
}

#[cfg(test)]
mod tests {
    use onhook_radius::reply::MsChapKeys;
    use onhook_radius::wire::{Packet, code};

    use super::*;

    fn request(proof: &Proof) -> Vec<u8> {
        let mut attributes = Attributes::default();
        assert!(write_proof(proof, &mut attributes));
        attributes.request(code::ACCESS_REQUEST, 1, &[9; 16], b"secret")
    }

    #[test]
    fn each_proof_stands_where_a_server_looks_for_it() {
        let chap = Proof::ChapMd5 { identifier: 7, challenge: vec![1; 16], response: vec![2; 16] };
        let bytes = request(&chap);
        let packet = Packet::parse(&bytes).unwrap();
        let expected = [&[7][..], &[2; 16]].concat();
        assert_eq!(packet.first(attribute::CHAP_PASSWORD), Some(&expected[..]));
        assert_eq!(packet.first(attribute::CHAP_CHALLENGE), Some(&[1; 16][..]));
        let ms_chap = Proof::MsChapV2 {
            identifier: 7,
            authenticator: [3; 16],
            peer: [4; 16],
            response: [5; 24],
        };
        let bytes = request(&ms_chap);
        let packet = Packet::parse(&bytes).unwrap();
        let expected = [&[7, 0][..], &[4; 16], &[0; 8], &[5; 24]].concat();
        assert_eq!(packet.microsoft(microsoft::CHAP2_RESPONSE), Some(&expected[..]));
        assert_eq!(packet.microsoft(microsoft::CHAP_CHALLENGE), Some(&[3; 16][..]));
        let eap = Proof::Eap { packet: (0..600_u16).map(|n| n.to_le_bytes()[0]).collect() };
        let bytes = request(&eap);
        let packet = Packet::parse(&bytes).unwrap();
        let pieces: Vec<_> = packet.all(attribute::EAP_MESSAGE).collect();
        assert_eq!(pieces.iter().map(|p| p.len()).collect::<Vec<_>>(), [253, 253, 94]);
        assert_eq!(Proof::Eap { packet: pieces.concat() }, eap);
    }

    /// RFC 2548 §2.3.4 and §2.1.6: each octet of the packet once, in its place.
    #[test]
    fn a_new_password_is_cut_as_a_server_expects_it() {
        let body: Vec<u8> = (0..582_u16).map(|n| n.to_be_bytes()[1]).collect();
        let change = |body: &[u8]| Proof::NewPassword {
            identifier: 9,
            authenticator: [3; 16],
            body: Secret::new(body.to_vec()),
        };
        let bytes = request(&change(&body));
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.microsoft(microsoft::CHAP_CHALLENGE), Some(&[3; 16][..]));
        let proof = packet.microsoft(microsoft::CHAP2_CPW).unwrap();
        assert_eq!((&proof[..2], proof.len()), (&[7, 9][..], 68));
        let pieces: Vec<_> = packet
            .vendor(microsoft::VENDOR)
            .filter(|(kind, _)| *kind == microsoft::CHAP_NT_ENC_PW)
            .map(|(_, piece)| piece)
            .collect();
        let heads: Vec<_> = pieces.iter().map(|piece| piece[..4].to_vec()).collect();
        assert_eq!(heads, [[6, 9, 0, 1], [6, 9, 0, 2], [6, 9, 0, 3]]);
        let sealed = pieces.iter().flat_map(|piece| &piece[4..]);
        let whole: Vec<u8> = sealed.chain(&proof[2..]).copied().collect();
        assert_eq!(whole, body);
        assert!(!write_proof(&change(&body[..100]), &mut Attributes::default()));
    }

    fn of_v2() -> Proof {
        let (authenticator, peer, response) = ([3; 16], [4; 16], [5; 24]);
        Proof::MsChapV2 { identifier: 7, authenticator, peer, response }
    }

    fn of_v1() -> Proof {
        Proof::MsChapV1 { identifier: 7, challenge: [3; 8], response: [5; 24] }
    }

    /// RFC 2548 §2.1.3, §2.1.4, §2.1.6: nothing of the LAN Manager's, and the flags say so.
    #[test]
    fn version_one_stands_where_a_server_looks_for_it() {
        let bytes = request(&of_v1());
        let packet = Packet::parse(&bytes).unwrap();
        let expected = [&[7, 1][..], &[0; 24], &[5; 24]].concat();
        assert_eq!(packet.microsoft(microsoft::CHAP_RESPONSE), Some(&expected[..]));
        assert_eq!(packet.microsoft(microsoft::CHAP_CHALLENGE), Some(&[3; 8][..]));

        let sealed: Vec<u8> = (0..516_u16).map(|n| n.to_be_bytes()[1]).collect();
        let change = |flags: [u8; 2]| {
            let lan_manager = [6; 516 + 16 + 24];
            let body = [&sealed[..], &[7; 16], &lan_manager, &[8; 24], &flags].concat();
            let body = Secret::new(body);
            Proof::NewPasswordOfV1 { identifier: 9, challenge: [3; 8], body }
        };
        for (flags, told) in [([0, 1], 1), ([1, 0], 1), ([0, 3], 1), ([0, 2], 0)] {
            let bytes = request(&change(flags));
            let packet = Packet::parse(&bytes).unwrap();
            let expected = [&[6, 9][..], &[7; 16], &[0; 40], &[8; 24], &[0, told]].concat();
            assert_eq!(packet.microsoft(microsoft::CHAP_CPW_2), Some(&expected[..]));
            assert_eq!(packet.microsoft(microsoft::CHAP_CHALLENGE), Some(&[3; 8][..]));
            let pieces = packet.vendor(microsoft::VENDOR);
            let pieces = pieces.filter(|(kind, _)| *kind == microsoft::CHAP_NT_ENC_PW);
            assert_eq!(
                pieces.flat_map(|(_, piece)| piece[4..].to_vec()).collect::<Vec<_>>(),
                sealed
            );
        }
        let short = Secret::new(vec![0; 1113]);
        let short = Proof::NewPasswordOfV1 { identifier: 9, challenge: [3; 8], body: short };
        assert!(!write_proof(&short, &mut Attributes::default()));
    }

    /// RFC 3079 §2: the server tells hashes, and the keys are made here.
    #[test]
    fn the_keys_of_version_one_are_those_that_the_caller_has() {
        use onhook_crypto::mschap;
        let nt = mschap::hash_nt_password_hash(&mschap::nt_password_hash("wonderland1"));
        let lm = *mschap::lm_password_hash("wonderland1").first_chunk::<8>().unwrap();
        let granted = |lm: Option<[u8; 8]>| {
            let keys = MsChapKeys { lm: lm.map(Secret::new), nt: Secret::new(nt) };
            let grant = Grant { ms_chap_keys: Some(keys), ..Grant::default() };
            let Ok(Verdict::Accept { keys: Some(keys), .. }) = accept(&of_v1(), &grant) else {
                panic!("keys")
            };
            keys
        };
        let asked = Question::new(String::new(), of_v1());
        let Proof::MsChapV1 { challenge, .. } = asked.proof() else { panic!("as it was made") };
        let hash = mschap::nt_password_hash("wonderland1");
        let response = mschap::challenge_response(challenge, &hash);
        let shown = Proof::MsChapV1 { identifier: 7, challenge: *challenge, response };
        let shown = Question::new(String::new(), shown);
        let judged = onhook_ppp::auth::judge(&shown, &Secret::new("wonderland1".to_owned()));
        let Verdict::Accept { keys, .. } = judged else { panic!("a proof") };
        assert_eq!(Some(granted(Some(lm))), keys);
        // Without that hash nothing is bound to them either, and no key is one that anybody knows.
        let without = granted(None);
        assert_eq!(without.clone().for_binding(), None);
        assert_ne!(without.weak, keys.unwrap().weak);
    }

    #[test]
    fn an_expired_password_may_be_changed_where_the_server_knows_how() {
        let refusal = |code, retry, version| Refusal { code, retry, version, ..Refusal::default() };
        for (version, expected) in
            [(Some(1), false), (Some(2), true), (Some(3), true), (None, false)]
        {
            let said = refusal(Some(648), false, version);
            let Verdict::Reject { retry, .. } = reject(&of_v1(), said) else { panic!("a refusal") };
            assert_eq!(retry, expected, "{version:?}");
        }
        for (said, expected) in [
            (refusal(Some(648), false, Some(3)), (648, true)),
            (refusal(Some(648), true, Some(2)), (648, false)),
            (refusal(Some(648), true, None), (648, false)),
            (refusal(Some(709), true, Some(3)), (709, true)),
            (refusal(Some(691), false, Some(3)), (691, false)),
            (refusal(None, false, None), (691, false)),
        ] {
            let Verdict::Reject { code, retry, .. } = reject(&of_v2(), said) else {
                panic!("a refusal")
            };
            assert_eq!((code, retry), expected);
        }
    }

    #[test]
    fn an_accept_without_the_servers_own_proof_is_none() {
        let proof = of_v2();
        assert!(accept(&proof, &Grant::default()).is_err());
        let key = |octet| Secret::new(vec![octet; 16]);
        let grant = Grant {
            ms_chap2_success: Some("S=00 M=hello".to_owned()),
            keys: Some(MppeKeys { send: key(1), receive: key(2) }),
            ..Grant::default()
        };
        let keys = Keys { send: key(2), receive: key(1), weak: None };
        let expected = Verdict::Accept { message: b"S=00 M=hello".to_vec(), keys: Some(keys) };
        assert_eq!(accept(&proof, &grant), Ok(expected));
    }
}
