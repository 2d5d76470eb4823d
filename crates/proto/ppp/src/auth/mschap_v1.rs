//! MS-CHAP version 1 (RFC 2433): the answer to eight octets by the password's hash, and nothing that
//! proves the one who asks.
//!
//! Three DES keys, one of which has sixteen unknown bits, are all that stands between one who listens and
//! the hash, which is as good as the password. It is here for servers that know nothing else.

use onhook_base::{Reader, Secret};
use onhook_crypto::mschap;

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
    use onhook_crypto::mppe_keys::{Strength, session_key};
    use serde_json::Value;

    use super::*;
    use crate::auth::chap::ChapPacket;
    use crate::auth::{AuthEvent, AuthFailure, Authenticator, Credentials, Method, Prover, judge};
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

    #[test]
    fn an_expired_password_of_version_one_is_refused() {
        let mut prover = prover("wonderland1");
        let asked = ChapPacket::Challenge { id: 7, value: &[1; 8], name: b"server" };
        says(&mut prover, &asked).unwrap();
        let text = b"E=648 R=0 C=0123456789ABCDEF V=2";
        says(&mut prover, &ChapPacket::Failure { id: 7, message: text });
        let failed = std::iter::from_fn(|| prover.poll_event()).any(|event| {
            matches!(event, AuthEvent::Failed(AuthFailure::Refused { code: Some(648), .. }))
        });
        assert!(failed);
    }

    /// The LAN Manager response is looked at nowhere: it would take fourteen letters of one case.
    #[test]
    fn a_caller_who_shows_the_lan_manager_response_alone_is_not_heard() {
        let chance = Seed::from_number(2).secret_chance();
        let mut asker = Authenticator::new(Method::MsChapV1, "server".into(), chance);
        asker.start(NOW);
        let mut asked = Vec::new();
        assert!(asker.poll_packet(&mut asked));
        let Ok(ChapPacket::Challenge { id, value, .. }) = ChapPacket::parse(&asked) else {
            panic!("a Challenge")
        };
        let challenge: [u8; 8] = value.try_into().expect("eight octets");
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
