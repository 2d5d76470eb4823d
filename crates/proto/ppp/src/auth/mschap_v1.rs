//! MS-CHAP version 1 (RFC 2433): the answer to eight octets by the password's hash, and nothing that
//! proves the one who asks.
//!
//! Three DES keys, one of which has sixteen unknown bits, are all that stands between one who listens and
//! the hash, which is as good as the password. It is here for servers that know nothing else.

use onhook_base::{Chance, Reader, Secret};
use onhook_crypto::{change_password, mschap};

use super::Credentials;
use super::contract::weak_keys;
use super::machine::Expected;

/// Octets of the LAN Manager response, which is not sent: it gives the password away.
const LM_RESPONSE: usize = 24;
/// The NT-Response is the one to look at (RFC 2433 §4).
const USE_NT: u8 = 1;

/// The value of a Response, and the keys that both ends have when it is taken.
pub(super) fn response(challenge: &[u8; 8], password: &Secret<String>) -> (Vec<u8>, Expected) {
    let hash = Secret::new(mschap::nt_password_hash(password.expose()));
    let mut value = vec![0; LM_RESPONSE];
    value.extend(mschap::challenge_response(challenge, hash.expose()));
    value.push(USE_NT);
    let keys = weak_keys(password.expose(), challenge);
    (value, Expected { proof: String::new(), keys })
}

/// The body of a Change-Password (RFC 2433 §9), and the keys that both ends have when it is taken; `None` when
/// the new password is too long for it.
pub(super) fn change(
    known: &Credentials,
    new: &Secret<String>,
    challenge: &[u8; 8],
    chance: &mut Chance,
) -> Option<(Secret<Vec<u8>>, Expected)> {
    let (old, new, pad) = (known.password.expose(), new.expose(), chance.bytes());
    let body = change_password::build_of_v1(old, new, challenge, &pad)?;
    let expected = Expected { proof: String::new(), keys: weak_keys(new, challenge) };
    Some((Secret::new(body.to_vec()), expected))
}

/// The NT-Response in the value of a Response; `None` when it is none, or only the other one counts.
pub(super) fn nt_response(value: &[u8]) -> Option<[u8; 24]> {
    let mut r = Reader::new(value);
    r.take(LM_RESPONSE).ok()?;
    let response = r.array().ok()?;
    let flag = r.u8().ok()?;
    r.finish().ok()?;
    (flag == USE_NT).then_some(response)
}

#[cfg(test)]
mod tests {
    use onhook_base::{Duration, Instant, Seed};
    use onhook_crypto::change_password;
    use onhook_crypto::mppe_keys::{Strength, session_key};
    use serde_json::Value;

    use super::*;
    use crate::auth::chap::{ChapPacket, FailureText};
    use crate::auth::{
        AuthEvent, AuthFailure, Authenticator, Credentials, Method, Proof, Prover, Question,
        Verdict, judge,
    };
    use crate::{Given, Wanted};

    const NOW: Instant = Instant::ORIGIN;

    fn hex(text: &Value) -> Vec<u8> {
        let text = text.as_str().unwrap();
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }

    fn vector(id: &str) -> Value {
        let all: Value =
            serde_json::from_str(include_str!("../../tests/vectors/mppe-keys.json")).unwrap();
        all["vectors"].as_array().unwrap().iter().find(|v| v["id"] == id).unwrap().clone()
    }

    fn prover(password: &str) -> Prover {
        let password = Secret::new(password.to_owned());
        let credentials = Credentials { user: "OFFICE\\alice".into(), password };
        let chance = Seed::from_number(1).secret_chance();
        let mut prover = Prover::new(Method::MsChapV1, Some(credentials), chance);
        prover.asks_person(true);
        prover.start(NOW);
        prover
    }

    fn says(prover: &mut Prover, packet: &ChapPacket<'_>) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        packet.emit(&mut octets);
        prover.handle_packet(NOW, &octets);
        let mut answer = Vec::new();
        prover.poll_packet(&mut answer).then_some(answer)
    }

    fn value(answer: &[u8]) -> (u8, [u8; 24]) {
        let Ok(ChapPacket::Response { id, value, name }) = ChapPacket::parse(answer) else {
            panic!("a Response")
        };
        assert_eq!(name, b"OFFICE\\alice");
        assert_eq!(value[..24], [0; 24], "the LAN Manager response is never sent");
        (id, nt_response(value).unwrap())
    }

    /// RFC 2433 appendix B.2.
    #[test]
    fn the_response_is_that_of_the_rfc() {
        let challenge = [0x10, 0x2d, 0xb5, 0xdf, 0x08, 0x5d, 0x30, 0x41];
        let asked = ChapPacket::Challenge { id: 7, value: &challenge, name: b"server" };
        let answer = says(&mut prover("MyPw"), &asked).unwrap();
        let (id, nt) = value(&answer);
        assert_eq!((id, nt[..4].to_vec()), (7, vec![0x4e, 0x9d, 0x3c, 0x8f]));
        let sixteen = ChapPacket::Challenge { id: 8, value: &[1; 16], name: b"server" };
        assert_eq!(says(&mut prover("MyPw"), &sixteen), None, "version 2's is none of ours");
    }

    /// RFC 3079 §2.5.
    #[test]
    fn the_keys_are_those_of_the_rfc() {
        let challenge = hex(&vector("rfc3079-2.5.3")["challenge"]).try_into().unwrap();
        let keys = weak_keys("clientPass", &challenge);
        assert_eq!(*keys.send.expose(), hex(&vector("rfc3079-2.5.3")["start_key"]));
        assert_eq!(keys.send, keys.receive);
        let weak = keys.weak.clone().unwrap();
        for (id, strength) in
            [("rfc3079-2.5.1", Strength::Bits40), ("rfc3079-2.5.2", Strength::Bits56)]
        {
            let session = session_key(weak.expose(), strength);
            assert_eq!(session.to_vec(), hex(&vector(id)["session_key"]), "{id}");
        }
        assert_eq!(keys.for_binding(), None, "no link is bound to them");
    }

    #[test]
    fn a_refusal_tells_the_next_challenge_or_implies_it() {
        for (text, next) in [
            (
                &b"E=691 R=1 C=0123456789ABCDEF V=2"[..],
                [1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef],
            ),
            (&b"E=691 R=1"[..], [250_u8.wrapping_add(23), 2, 3, 4, 5, 6, 7, 8]),
        ] {
            let mut prover = prover("mistyped");
            let challenge = [250, 2, 3, 4, 5, 6, 7, 8];
            let asked = ChapPacket::Challenge { id: 7, value: &challenge, name: b"server" };
            says(&mut prover, &asked).unwrap();
            assert_eq!(says(&mut prover, &ChapPacket::Failure { id: 7, message: text }), None);
            let wanted = std::iter::from_fn(|| prover.poll_event()).any(|event| {
                let AuthEvent::Waiting { wanted, .. } = event else { return false };
                wanted == Some(Wanted::Credentials { code: 691, message: String::new() })
            });
            assert!(wanted);
            let password = Secret::new("wonderland1".to_owned());
            let other = Credentials { user: "OFFICE\\alice".into(), password: password.clone() };
            assert!(prover.give(NOW, Given::Credentials(other)));
            let mut answer = Vec::new();
            assert!(prover.poll_packet(&mut answer));
            let (id, nt) = value(&answer);
            let hash = mschap::nt_password_hash(password.expose());
            assert_eq!((id, nt), (8, mschap::challenge_response(&next, &hash)));
        }
    }

    /// RFC 2433 §9: over the challenge of the Failure, sealed by the old password, proved by the new one.
    #[test]
    fn an_expired_password_is_changed_by_the_form_of_version_one() {
        let (old, new) = ("wonderland1", "looking glass");
        let mut prover = prover(old);
        let asked = ChapPacket::Challenge { id: 7, value: &[1; 8], name: b"server" };
        says(&mut prover, &asked).unwrap();
        let text = b"E=648 R=0 C=0123456789ABCDEF V=2";
        assert_eq!(says(&mut prover, &ChapPacket::Failure { id: 7, message: text }), None);
        let wanted = std::iter::from_fn(|| prover.poll_event()).any(|event| {
            let AuthEvent::Waiting { wanted, .. } = event else { return false };
            wanted == Some(Wanted::NewPassword { code: 648, message: String::new() })
        });
        assert!(wanted);
        assert!(prover.give(NOW, Given::NewPassword(Secret::new(new.to_owned()))));
        let mut packet = Vec::new();
        assert!(prover.poll_packet(&mut packet));
        assert_eq!((packet[..4].to_vec(), packet.len()), (vec![6, 8, 4, 0x5e], 1118));
        let challenge = [1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        let body = Secret::new(packet[4..].to_vec());
        let proof = Proof::NewPasswordOfV1 { identifier: 8, challenge, body };
        let question = Question::new("OFFICE\\alice".into(), proof);
        let told = question.new_password(&Secret::new(old.to_owned())).unwrap();
        assert_eq!(told.expose(), new);
        assert_eq!(question.new_password(&told), None, "by the old one alone");
        let Verdict::Accept { message, keys } = judge(&question, &told) else { panic!("a proof") };
        assert_eq!(keys, Some(weak_keys(new, &challenge)));
        let refused = judge(&question, &Secret::new(old.to_owned()));
        assert!(matches!(refused, Verdict::Reject { .. }));
        says(&mut prover, &ChapPacket::Success { id: 8, message: &message });
        let done = std::iter::from_fn(|| prover.poll_event()).find_map(|event| match event {
            AuthEvent::Done { keys, peer_proven, .. } => Some((keys, peer_proven)),
            _ => None,
        });
        assert_eq!(done, Some((keys, false)));
    }

    /// A server that knows the first form alone (RFC 2433 §8), or none, hears no new password.
    #[test]
    fn a_server_of_an_older_form_is_not_told_a_new_password() {
        for text in [&b"E=648 R=0 C=0123456789ABCDEF V=1"[..], b"E=648 R=0 C=0123456789ABCDEF"] {
            let mut prover = prover("wonderland1");
            let asked = ChapPacket::Challenge { id: 7, value: &[1; 8], name: b"server" };
            says(&mut prover, &asked).unwrap();
            says(&mut prover, &ChapPacket::Failure { id: 7, message: text });
            let failed = std::iter::from_fn(|| prover.poll_event()).any(|event| {
                matches!(event, AuthEvent::Failed(AuthFailure::Refused { code: Some(648), .. }))
            });
            assert!(failed);
        }
    }

    /// What is no Change-Password of version 1 is not looked at.
    #[test]
    fn an_authenticator_of_version_one_takes_its_own_form_alone() {
        let password = Secret::new("wonderland1".to_owned());
        let mut asker = asker();
        let (id, challenge) = asked(&mut asker);
        let (shown, _) = response(&challenge, &password);
        let mut packet = Vec::new();
        ChapPacket::Response { id, value: &shown, name: b"alice" }.emit(&mut packet);
        asker.handle_packet(NOW, &packet);
        let expired = Verdict::Reject { code: 648, retry: true, message: String::new() };
        asker.answer(NOW, expired);
        assert!(asker.poll_packet(&mut packet));
        let Ok(ChapPacket::Failure { id, message }) = ChapPacket::parse(&packet) else {
            panic!("a Failure")
        };
        let text = String::from_utf8(message.to_vec()).unwrap();
        assert!(text.starts_with("E=648 R=0 C=") && text.ends_with(" V=2"), "{text}");
        let challenge = FailureText::parse(message).challenge.unwrap().try_into().unwrap();
        while asker.poll_event().is_some() {}
        let next = id.wrapping_add(1);
        let body =
            change_password::build_of_v1("wonderland1", "looking glass", &challenge, &[9; 512]);
        let body = body.unwrap();
        let mut says = |code, id, body: &[u8]| {
            let mut packet = Vec::new();
            ChapPacket::Change { code, id, body }.emit(&mut packet);
            asker.handle_packet(NOW, &packet);
            std::iter::from_fn(|| asker.poll_event()).find_map(|event| match event {
                AuthEvent::Ask(question) => Some(question),
                _ => None,
            })
        };
        assert_eq!(says(7, next, &body), None);
        assert_eq!(says(5, next, &body), None);
        assert_eq!(says(6, id, &body), None);
        assert_eq!(says(6, next, &body[..1113]), None);
        let question = says(6, next, &body).expect("the form of version 1");
        assert_eq!((question.name(), question.is_change()), ("alice", true));
        assert_eq!(question.new_password(&password).unwrap().expose(), "looking glass");
    }

    fn asker() -> Authenticator {
        let chance = Seed::from_number(2).secret_chance();
        let mut asker = Authenticator::new(Method::MsChapV1, "server".into(), chance);
        asker.start(NOW);
        asker
    }

    fn asked(asker: &mut Authenticator) -> (u8, [u8; 8]) {
        let mut asked = Vec::new();
        assert!(asker.poll_packet(&mut asked));
        let Ok(ChapPacket::Challenge { id, value, .. }) = ChapPacket::parse(&asked) else {
            panic!("a Challenge")
        };
        (id, value.try_into().expect("eight octets"))
    }

    /// The LAN Manager response is looked at nowhere: it would take fourteen letters of one case.
    #[test]
    fn a_caller_who_shows_the_lan_manager_response_alone_is_not_heard() {
        let mut asker = asker();
        let (id, challenge) = asked(&mut asker);
        let (mut shown, _) = response(&challenge, &Secret::new("wonderland1".to_owned()));
        *shown.last_mut().unwrap() = 0;
        let mut packet = Vec::new();
        ChapPacket::Response { id, value: &shown, name: b"alice" }.emit(&mut packet);
        asker.handle_packet(NOW, &packet);
        assert_eq!(asker.poll_event(), None);
        *shown.last_mut().unwrap() = USE_NT;
        packet.clear();
        ChapPacket::Response { id, value: &shown, name: b"alice" }.emit(&mut packet);
        asker.handle_packet(NOW + Duration::from_secs(1), &packet);
        let question = std::iter::from_fn(|| asker.poll_event()).find_map(|event| match event {
            AuthEvent::Ask(question) => Some(question),
            _ => None,
        });
        let verdict = judge(&question.unwrap(), &Secret::new("mistyped".to_owned()));
        asker.answer(NOW, verdict);
        assert!(asker.poll_packet(&mut packet));
        let Ok(ChapPacket::Failure { message, .. }) = ChapPacket::parse(&packet) else {
            panic!("a Failure")
        };
        let text = String::from_utf8(message.to_vec()).unwrap();
        assert!(text.starts_with("E=691 R=0 C=") && text.ends_with(" V=2"), "{text}");
        assert_eq!(text.len(), "E=691 R=0 C=0123456789ABCDEF V=2".len());
    }
}
