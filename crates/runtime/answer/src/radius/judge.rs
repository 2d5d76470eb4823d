//! A proof becomes a request, and the answer a verdict.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use onhook_base::Secret;
use onhook_connection::SessionLimits;
use onhook_model::RasCode;
use onhook_ppp::auth::{Keys, Proof, Question, Verdict};
use onhook_radius::client::Unanswered;
use onhook_radius::reply::{Answer, Grant, MppeKeys, Refusal, Reply};
use onhook_radius::wire::{Attributes, attribute, microsoft};

use super::{AccountTerms, Radius};
use crate::admit;
use crate::calls::Session;

/// The version of Change-Password that MS-CHAP version 2 has (RFC 2759 §6).
const CHANGE_VERSION: u32 = 3;
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
            (Reply::Reject(refusal), _) => {
                let said = &refusal.text;
                tracing::info!(target: "answer", call, said, "refused by the RADIUS server");
                (reject(refusal), None)
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
        Proof::MsChapV1 { .. } | Proof::Certificate { .. } => false,
    }
}

/// Octets of a change's body that are the new password, sealed (RFC 2759 §7).
const SEALED: usize = 516;
/// Octets of it in one attribute: what a vendor's attribute holds, without its own head of four.
const SEALED_PIECE: usize = 243;
/// The codes that stand first in both attributes (RFC 2548 §2.3.4, §2.1.6).
const CHANGE: u8 = 7;
const SEALED_PASSWORD: u8 = 6;

/// A change of a password, cut in the parts that RFC 2548 has for it: the proof, and in three pieces the
/// new password, which the server unseals by the old one. We do not know either.
fn write_change(identifier: u8, body: &[u8], into: &mut Attributes) -> bool {
    let Some((sealed, proof)) = body.split_at_checked(SEALED) else { return false };
    let proof = [&[CHANGE, identifier][..], proof].concat();
    into.microsoft(microsoft::CHAP2_CPW, &proof)
        && (1_u8..).zip(sealed.chunks(SEALED_PIECE)).all(|(number, piece)| {
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
    Ok(Verdict::Accept { message: message.into_bytes(), keys: grant.keys.as_ref().map(keys) })
}

/// The server's words are ours, who send what the caller receives (RFC 2548 §2.4.2).
fn keys(keys: &MppeKeys) -> Keys {
    Keys { send: keys.receive.clone(), receive: keys.send.clone(), weak: None }
}

fn reject(refusal: Refusal) -> Verdict {
    let code = refusal.code.unwrap_or_else(|| RasCode::AUTHENTICATION_FAILURE.number());
    // Who says that a password has expired hears a new one, unless its words are older than that.
    let is_expired = code == RasCode::PASSWD_EXPIRED.number();
    let takes_new = refusal.version.is_some_and(|version| version >= CHANGE_VERSION);
    let retry = if is_expired { takes_new } else { refusal.retry };
    Verdict::Reject { code, retry, message: refusal.text }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn an_expired_password_may_be_changed_where_the_server_knows_how() {
        let refusal = |code, retry, version| Refusal { code, retry, version, ..Refusal::default() };
        for (said, expected) in [
            (refusal(Some(648), false, Some(3)), (648, true)),
            (refusal(Some(648), true, Some(2)), (648, false)),
            (refusal(Some(648), true, None), (648, false)),
            (refusal(Some(709), true, Some(3)), (709, true)),
            (refusal(Some(691), false, Some(3)), (691, false)),
            (refusal(None, false, None), (691, false)),
        ] {
            let Verdict::Reject { code, retry, .. } = reject(said) else { panic!("a refusal") };
            assert_eq!((code, retry), expected);
        }
    }

    #[test]
    fn an_accept_without_the_servers_own_proof_is_none() {
        let proof = Proof::MsChapV2 {
            identifier: 7,
            authenticator: [3; 16],
            peer: [4; 16],
            response: [5; 24],
        };
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
