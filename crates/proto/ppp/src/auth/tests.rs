//! Both sides of every proof, the vectors, and what a hostile peer may try.

use onhook_base::{Duration, Instant, Secret, Seed};
use proptest::prelude::*;
use serde_json::Value;

use super::chap::{ChapPacket, FailureText};
use super::pap::PapPacket;
use super::*;

const PASSWORD: &str = "wonderland1";
const METHODS: [Method; 4] = [Method::Pap, Method::ChapMd5, Method::MsChapV1, Method::MsChapV2];

fn at(ms: u64) -> Instant {
    Instant::ORIGIN + Duration::from_millis(ms)
}

fn credentials(password: &str) -> Credentials {
    Credentials { user: "OFFICE\\alice".into(), password: Secret::new(password.into()) }
}

fn prover(method: Method, password: &str) -> Prover {
    let chance = Seed::from_number(1).secret_chance();
    let mut prover = Prover::new(method, Some(credentials(password)), chance);
    prover.start(at(0));
    prover
}

fn authenticator(method: Method) -> Authenticator {
    let mut asker = Authenticator::new(method, "peer".into(), Seed::from_number(2).secret_chance());
    asker.start(at(0));
    asker
}

fn packet(poll: impl FnOnce(&mut Vec<u8>) -> bool) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    poll(&mut out).then_some(out)
}

fn events(poll: impl FnMut() -> Option<AuthEvent>) -> Vec<AuthEvent> {
    std::iter::from_fn(poll).collect()
}

/// Lets both talk until neither has anything to say; the answerer knows `PASSWORD`.
fn talk(prover: &mut Prover, asker: &mut Authenticator) -> (Vec<AuthEvent>, Vec<AuthEvent>) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    loop {
        let mut idle = true;
        while let Some(p) = packet(|out| prover.poll_packet(out)) {
            idle = false;
            asker.handle_packet(at(1), &p);
        }
        while let Some(event) = asker.poll_event() {
            if let AuthEvent::Ask(question) = &event {
                asker.answer(at(1), judge(question, &Secret::new(PASSWORD.into())));
            }
            theirs.push(event);
        }
        while let Some(p) = packet(|out| asker.poll_packet(out)) {
            idle = false;
            prover.handle_packet(at(1), &p);
        }
        ours.extend(events(|| prover.poll_event()));
        if idle {
            return (ours, theirs);
        }
    }
}

fn done(events: &[AuthEvent]) -> Option<(&Option<Keys>, bool)> {
    events.iter().find_map(|event| match event {
        AuthEvent::Done { keys, peer_proven, .. } => Some((keys, *peer_proven)),
        _ => None,
    })
}

fn failure(events: &[AuthEvent]) -> Option<&AuthFailure> {
    events.iter().find_map(|event| match event {
        AuthEvent::Failed(failure) => Some(failure),
        _ => None,
    })
}

#[test]
fn a_good_password_is_taken_by_every_method_and_both_ends_have_the_same_keys() {
    for method in METHODS {
        let (mut prover, mut asker) = (prover(method, PASSWORD), authenticator(method));
        let (ours, theirs) = talk(&mut prover, &mut asker);
        let (our_keys, mutual) = done(&ours).unwrap_or_else(|| panic!("{method}: {ours:?}"));
        let (their_keys, _) = done(&theirs).unwrap();
        assert_eq!(our_keys, their_keys, "{method}");
        let makes_keys = matches!(method, Method::MsChapV1 | Method::MsChapV2);
        assert_eq!(our_keys.is_some(), makes_keys);
        assert_eq!(mutual, method == Method::MsChapV2, "{method}");
        assert_eq!(prover.poll_timeout(), None, "no timer is left");
    }
}

#[test]
fn a_wrong_password_is_refused_once_and_not_tried_again() {
    for method in METHODS {
        let (mut prover, mut asker) = (prover(method, "looking-glass"), authenticator(method));
        let (ours, theirs) = talk(&mut prover, &mut asker);
        assert!(
            matches!(failure(&ours), Some(AuthFailure::Refused { retry: false, .. })),
            "{method}"
        );
        assert!(matches!(failure(&theirs), Some(AuthFailure::Refused { .. })));
        prover.handle_timeout(at(1_000_000));
        assert!(packet(|out| prover.poll_packet(out)).is_none());
        if method == Method::MsChapV2 {
            let code = AuthFailure::Refused { code: Some(691), retry: false, message: "".into() };
            assert_eq!(failure(&ours), Some(&code));
        }
    }
}

#[test]
fn nothing_secret_is_shown() {
    for method in METHODS {
        let (prover, mut asker) = (prover(method, PASSWORD), authenticator(method));
        assert!(!format!("{prover:?}").contains(PASSWORD));
        let mut again = self::prover(method, PASSWORD);
        let (_, theirs) = talk(&mut again, &mut asker);
        assert!(!format!("{theirs:?}{again:?}{asker:?}").contains(PASSWORD), "{method}");
    }
    let mut request = Vec::new();
    PapPacket::Request { id: 1, name: b"alice", password: PASSWORD.as_bytes() }.emit(&mut request);
    assert!(!describe(PAP, &request).unwrap().contains(PASSWORD));
}

fn vectors(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

#[test]
fn the_published_failure_texts_are_read() {
    let mut seen = 0;
    for v in vectors(include_str!("../../tests/vectors/mschapv2.json")) {
        if v["kind"] != "failure-message" {
            continue;
        }
        seen += 1;
        let said = FailureText::parse(v["text"].as_str().unwrap().as_bytes());
        assert_eq!(said.error, v["error"].as_u64().map(|n| u32::try_from(n).unwrap()));
        assert_eq!(said.retry, v["retry"].as_bool().unwrap());
        assert_eq!(
            said.challenge.map(|c| c.to_vec()),
            v["challenge"].as_str().map(|_| bytes(&v["challenge"]))
        );
        assert_eq!(said.version, v["version"].as_u64().map(|n| u32::try_from(n).unwrap()));
        assert_eq!(said.message.as_deref(), v["message"].as_str());
    }
    assert_eq!(seen, 5);
}

#[test]
fn the_published_packets_are_read_and_written() {
    let all = vectors(include_str!("../../tests/vectors/mschapv2.json"));
    let v = all.iter().find(|v| v["kind"] == "packets").unwrap();
    for name in ["challenge", "response", "success"] {
        let wire = bytes(&v[name]);
        let mut again = Vec::new();
        ChapPacket::parse(&wire).unwrap().emit(&mut again);
        assert_eq!(again, wire, "{name}");
    }
    for v in vectors(include_str!("../../tests/vectors/chap-md5.json")) {
        let id = u8::try_from(v["identifier"].as_u64().unwrap()).unwrap();
        let credentials = Credentials {
            user: "x".into(),
            password: Secret::new(v["secret"].as_str().unwrap().into()),
        };
        let chance = Seed::from_number(1).chance();
        let mut prover = Prover::new(Method::ChapMd5, Some(credentials), chance);
        prover.start(at(0));
        let mut challenge = Vec::new();
        let value = bytes(&v["challenge"]);
        ChapPacket::Challenge { id, value: &value, name: b"peer" }.emit(&mut challenge);
        prover.handle_packet(at(0), &challenge);
        let response = packet(|out| prover.poll_packet(out)).unwrap();
        assert_eq!(response[5..21], bytes(&v["response"]), "{}", v["id"]);
    }
}

fn challenged(method: Method) -> (Prover, Vec<u8>) {
    let mut prover = prover(method, PASSWORD);
    let mut challenge = Vec::new();
    ChapPacket::Challenge { id: 9, value: &[7; 16], name: b"peer" }.emit(&mut challenge);
    prover.handle_packet(at(0), &challenge);
    let response = packet(|out| prover.poll_packet(out)).unwrap();
    events(|| prover.poll_event());
    (prover, response)
}

/// The authenticator must prove itself too (RFC 2759 §5).
#[test]
fn a_success_without_the_right_proof_ends_the_link() {
    for message in [
        &b""[..],
        b"Welcome",
        b"S=",
        &[b'S'; 42],
        b"S=0000000000000000000000000000000000000000 M=x",
    ] {
        let (mut prover, _) = challenged(Method::MsChapV2);
        let mut success = Vec::new();
        ChapPacket::Success { id: 9, message }.emit(&mut success);
        prover.handle_packet(at(1), &success);
        let events = events(|| prover.poll_event());
        assert_eq!(failure(&events), Some(&AuthFailure::PeerNotProven), "{message:?}");
        assert!(done(&events).is_none());
    }
}

/// N-MSCHAP-02 (CVE-2015-8023, CVE-2021-45079): Success before anything was proved counts for nothing,
/// in either role.
#[test]
fn n_mschap_02_an_early_success_is_ignored() {
    for method in [Method::ChapMd5, Method::MsChapV2] {
        let mut success = Vec::new();
        ChapPacket::Success { id: 0, message: b"S=x" }.emit(&mut success);
        let mut early = prover(method, PASSWORD);
        early.handle_packet(at(1), &success);
        assert!(early.poll_event().is_none());
        let mut asker = authenticator(method);
        asker.handle_packet(at(1), &success);
        assert!(events(|| asker.poll_event()).is_empty());
        let (mut prover, _) = challenged(method);
        for id in (0..=255).filter(|id| *id != 9) {
            success[1] = id;
            prover.handle_packet(at(1), &success);
        }
        assert!(prover.poll_event().is_none(), "a wrong identifier is dropped");
    }
}

/// N-MSCHAP-01 (CVE-2025-62291): Failure texts of every length, with huge and missing numbers.
#[test]
fn n_mschap_01_no_failure_text_can_hurt() {
    let whole = b"E=691 R=1 C=0123456789ABCDEF0123456789ABCDEF V=3 M=Access denied";
    for end in 0..=whole.len() {
        FailureText::parse(&whole[..end]);
    }
    for odd in [
        "E=99999999999999999999 R=1",
        "E= R=1",
        "R=1",
        "E=-1",
        "E=691 R=1 C=zz",
        "M=E=691",
        "E=\u{e9}",
    ] {
        let said = FailureText::parse(odd.as_bytes());
        assert!(said.challenge.is_none());
        assert!(said.error.is_none() || odd.contains("E=691"), "{odd}");
    }
    let (mut prover, _) = challenged(Method::MsChapV2);
    let mut failed = Vec::new();
    ChapPacket::Failure { id: 9, message: b"" }.emit(&mut failed);
    prover.handle_packet(at(1), &failed);
    assert!(matches!(
        failure(&events(|| prover.poll_event())),
        Some(AuthFailure::Refused { code: None, retry: false, .. })
    ));
}

/// N-PAP-01, N-CHAP-01 (CVE-2020-8597, CVE-2020-7466): every inner length against every outer one.
#[test]
fn n_pap_01_n_chap_01_inner_lengths_that_lie_are_dropped() {
    for outer in 0..40_u8 {
        for inner in 0..=255_u8 {
            for code in [1, 2] {
                let mut bytes = vec![code, 1, 0, outer];
                bytes.resize(usize::from(outer).max(4), 0);
                if let Some(octet) = bytes.get_mut(4) {
                    *octet = inner;
                }
                let fits = usize::from(inner) + 5 <= usize::from(outer);
                if let Ok(
                    ChapPacket::Challenge { value, .. } | ChapPacket::Response { value, .. },
                ) = ChapPacket::parse(&bytes)
                {
                    assert!(fits && value.len() == usize::from(inner));
                }
                if let Ok(PapPacket::Request { name, .. }) = PapPacket::parse(&bytes) {
                    assert!(fits && name.len() == usize::from(inner));
                }
                for method in METHODS {
                    prover(method, PASSWORD).handle_packet(at(1), &bytes);
                    authenticator(method).handle_packet(at(1), &bytes);
                }
            }
        }
    }
}

#[test]
fn a_repeated_response_gets_the_same_answer_and_no_second_question() {
    for method in METHODS {
        let mut asker = authenticator(method);
        let mut prover = prover(method, PASSWORD);
        if let Some(challenge) = packet(|out| asker.poll_packet(out)) {
            prover.handle_packet(at(0), &challenge);
        }
        let response = packet(|out| prover.poll_packet(out)).unwrap();
        asker.handle_packet(at(1), &response);
        let asked = events(|| asker.poll_event());
        let Some(AuthEvent::Ask(question)) = asked.last() else { panic!("{asked:?}") };
        asker.answer(at(1), judge(question, &Secret::new(PASSWORD.into())));
        let first = packet(|out| asker.poll_packet(out)).unwrap();
        events(|| asker.poll_event());
        asker.handle_packet(at(2), &response);
        assert_eq!(packet(|out| asker.poll_packet(out)).unwrap(), first, "{method}");
        assert!(events(|| asker.poll_event()).is_empty());
    }
}

#[test]
fn a_challenge_in_the_midst_of_the_connection_is_answered() {
    let (mut prover, mut asker) =
        (prover(Method::MsChapV2, PASSWORD), authenticator(Method::MsChapV2));
    talk(&mut prover, &mut asker);
    let mut challenge = Vec::new();
    ChapPacket::Challenge { id: 77, value: &[3; 16], name: b"peer" }.emit(&mut challenge);
    prover.handle_packet(at(9_000), &challenge);
    let response = packet(|out| prover.poll_packet(out)).unwrap();
    assert!(matches!(ChapPacket::parse(&response), Ok(ChapPacket::Response { id: 77, .. })));
}

#[test]
fn silence_is_noticed_by_simulated_time() {
    for method in METHODS {
        let mut prover = prover(method, PASSWORD);
        let mut sent = usize::from(packet(|out| prover.poll_packet(out)).is_some());
        let mut now = at(0);
        while let Some(deadline) = prover.poll_timeout() {
            now = deadline.at;
            prover.handle_timeout(now);
            sent += usize::from(packet(|out| prover.poll_packet(out)).is_some());
        }
        assert_eq!(failure(&events(|| prover.poll_event())), Some(&AuthFailure::Unanswered));
        assert_eq!(now, at(30_000), "{method}");
        assert_eq!(sent, if method == Method::Pap { 10 } else { 0 });

        let mut asker = authenticator(method);
        while let Some(deadline) = asker.poll_timeout() {
            asker.handle_timeout(deadline.at);
        }
        assert_eq!(failure(&events(|| asker.poll_event())), Some(&AuthFailure::Unanswered));
    }
}

#[test]
fn every_prefix_of_a_packet_is_survived() {
    let mut packets = vec![challenged(Method::MsChapV2).1, challenged(Method::ChapMd5).1];
    let mut pap = Vec::new();
    PapPacket::Request { id: 1, name: b"alice", password: b"x" }.emit(&mut pap);
    packets.push(pap);
    for whole in packets {
        for end in 0..whole.len() {
            assert!(ChapPacket::parse(&whole[..end]).is_err());
            assert!(PapPacket::parse(&whole[..end]).is_err());
            assert!(describe(CHAP, &whole[..end]).is_some());
        }
    }
}

/// A Challenge of this identifier, its value made of one octet.
fn challenge(id: u8, octet: u8) -> Vec<u8> {
    let mut out = Vec::new();
    ChapPacket::Challenge { id, value: &[octet; 16], name: b"peer" }.emit(&mut out);
    out
}

/// What an authenticator that knows `PASSWORD` says to a Response to `challenge(id, octet)`.
fn success_for(id: u8, octet: u8, response: &[u8]) -> Vec<u8> {
    let Ok(ChapPacket::Response { value, name, .. }) = ChapPacket::parse(response) else {
        panic!("a response")
    };
    let question = Question::new(
        String::from_utf8(name.to_vec()).unwrap(),
        Proof::MsChapV2 {
            identifier: id,
            authenticator: [octet; 16],
            peer: value[..16].try_into().unwrap(),
            response: value[24..48].try_into().unwrap(),
        },
    );
    let verdict = judge(&question, &Secret::new(PASSWORD.into()));
    let Verdict::Accept { message, .. } = verdict else { panic!("{verdict:?}") };
    let mut out = Vec::new();
    ChapPacket::Success { id, message: &message }.emit(&mut out);
    out
}

/// The answer to the first copy of a challenge is judged by what was said to the first copy.
#[test]
fn n_chap_01_a_challenge_that_comes_twice_gets_the_same_answer() {
    for method in [Method::ChapMd5, Method::MsChapV2] {
        let mut prover = prover(method, PASSWORD);
        prover.handle_packet(at(0), &challenge(9, 7));
        let first = packet(|out| prover.poll_packet(out)).unwrap();
        prover.handle_packet(at(1), &challenge(9, 7));
        assert_eq!(packet(|out| prover.poll_packet(out)).unwrap(), first, "{method}");
    }
    let mut prover = prover(Method::MsChapV2, PASSWORD);
    prover.handle_packet(at(0), &challenge(9, 7));
    let first = packet(|out| prover.poll_packet(out)).unwrap();
    prover.handle_packet(at(1), &challenge(9, 7));
    let success = success_for(9, 7, &first);
    prover.handle_packet(at(2), &success);
    assert!(done(&events(|| prover.poll_event())).is_some());
    // The verdict comes twice as well, and so does the challenge after it: nothing is undone.
    prover.handle_packet(at(3), &success);
    prover.handle_packet(at(4), &challenge(9, 7));
    assert_eq!(packet(|out| prover.poll_packet(out)).unwrap(), first);
    prover.handle_packet(at(5), &success);
    let after = events(|| prover.poll_event());
    assert!(failure(&after).is_none() && done(&after).is_none(), "{after:?}");
    assert_eq!(prover.poll_timeout(), None);
}

/// An authenticator that asks anew before it has judged may judge either answer.
#[test]
fn each_verdict_is_held_against_the_answer_that_it_judges() {
    for judged in [9, 10] {
        let mut prover = prover(Method::MsChapV2, PASSWORD);
        let mut responses = Vec::new();
        for id in [9, 10] {
            prover.handle_packet(at(0), &challenge(id, id));
            responses.push((id, packet(|out| prover.poll_packet(out)).unwrap()));
        }
        assert_ne!(responses[0].1[4..], responses[1].1[4..]);
        let (id, response) = responses.iter().find(|(id, _)| *id == judged).unwrap();
        prover.handle_packet(at(1), &success_for(*id, *id, response));
        let told = events(|| prover.poll_event());
        assert!(done(&told).is_some(), "{judged}: {told:?}");
    }
}

/// A peer that only ever asks keeps nobody waiting for ever, and nothing grows.
#[test]
fn challenges_without_end_do_not_put_the_end_off() {
    let mut prover = prover(Method::MsChapV2, PASSWORD);
    for second in 0..29 {
        prover.handle_packet(at(second * 1000), &challenge(second as u8, second as u8));
        assert!(packet(|out| prover.poll_packet(out)).is_some());
    }
    events(|| prover.poll_event());
    assert_eq!(prover.poll_timeout().unwrap().at, at(30_000));
    prover.handle_timeout(at(30_000));
    assert_eq!(failure(&events(|| prover.poll_event())), Some(&AuthFailure::Unanswered));
}

/// Who has been refused says nothing more: each further answer is one more to guess a password by.
#[test]
fn after_a_refusal_or_an_expiry_nothing_is_answered() {
    for method in [Method::ChapMd5, Method::MsChapV2] {
        let (mut refused, _) = challenged(method);
        let mut failed = Vec::new();
        ChapPacket::Failure { id: 9, message: b"E=691 R=0" }.emit(&mut failed);
        refused.handle_packet(at(1), &failed);
        let mut expired = prover(method, PASSWORD);
        expired.handle_timeout(at(30_000));
        for mut over in [refused, expired] {
            assert!(failure(&events(|| over.poll_event())).is_some());
            for id in [9, 10] {
                over.handle_packet(at(31_000), &challenge(id, 7));
                assert!(packet(|out| over.poll_packet(out)).is_none(), "{method}");
            }
            assert!(events(|| over.poll_event()).is_empty());
            assert_eq!(over.poll_timeout(), None);
        }
    }
}

/// A line slower than the retry interval: every answer is one to a request before the last.
#[test]
fn a_late_answer_is_an_answer_however_often_it_was_asked_for() {
    for method in METHODS {
        let (mut prover, mut asker) = (prover(method, PASSWORD), authenticator(method));
        // Seven seconds each way: the first request, and two repeats of it, are under way.
        let mut to_asker: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut to_prover: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut told = Vec::new();
        for second in 0..29 {
            let now = at(second * 1000);
            prover.handle_timeout(now);
            asker.handle_timeout(now);
            while let Some(p) = packet(|out| prover.poll_packet(out)) {
                to_asker.push((second + 7, p));
            }
            while let Some(p) = packet(|out| asker.poll_packet(out)) {
                to_prover.push((second + 7, p));
            }
            to_asker.iter().filter(|(at, _)| *at == second).for_each(|(_, p)| {
                asker.handle_packet(now, p);
            });
            to_prover.iter().filter(|(at, _)| *at == second).for_each(|(_, p)| {
                prover.handle_packet(now, p);
            });
            while let Some(event) = asker.poll_event() {
                if let AuthEvent::Ask(question) = &event {
                    asker.answer(now, judge(question, &Secret::new(PASSWORD.into())));
                }
            }
            told.extend(events(|| prover.poll_event()));
        }
        assert!(done(&told).is_some(), "{method}: {told:?}");
    }
}

/// A Response that comes after the authenticator gave up lets nobody in.
#[test]
fn who_comes_after_the_authenticator_gave_up_is_not_asked_about() {
    for method in METHODS {
        let mut asker = authenticator(method);
        let mut prover = prover(method, PASSWORD);
        if let Some(challenge) = packet(|out| asker.poll_packet(out)) {
            prover.handle_packet(at(0), &challenge);
        }
        let response = packet(|out| prover.poll_packet(out)).unwrap();
        while let Some(deadline) = asker.poll_timeout() {
            asker.handle_timeout(deadline.at);
        }
        while packet(|out| asker.poll_packet(out)).is_some() {}
        assert_eq!(failure(&events(|| asker.poll_event())), Some(&AuthFailure::Unanswered));
        asker.handle_packet(at(31_000), &response);
        assert!(events(|| asker.poll_event()).is_empty(), "{method}");
        assert!(packet(|out| asker.poll_packet(out)).is_none());
    }
}

proptest! {
    #[test]
    fn no_octets_can_panic_either_side(
        first in proptest::collection::vec(any::<u8>(), 0..120),
        second in proptest::collection::vec(any::<u8>(), 0..120),
        code in 1_u8..5,
    ) {
        for method in METHODS {
            let (mut prover, mut asker) = (prover(method, PASSWORD), authenticator(method));
            for body in [&first, &second] {
                let mut likely = vec![code, 1];
                likely.extend(u16::try_from(body.len() + 4).unwrap().to_be_bytes());
                likely.extend(body);
                for bytes in [body, &likely] {
                    prover.handle_packet(at(1), bytes);
                    asker.handle_packet(at(1), bytes);
                    prop_assert!(describe(method.protocol(), bytes).is_some());
                }
            }
            let theirs = events(|| asker.poll_event());
            prop_assert!(done(&theirs).is_none(), "nobody is let in by noise");
        }
    }

    #[test]
    fn what_was_written_is_read(
        id in any::<u8>(),
        value in proptest::collection::vec(any::<u8>(), 1..=255),
        name in proptest::collection::vec(any::<u8>(), 0..=255),
    ) {
        let mut out = Vec::new();
        let chap = ChapPacket::Response { id, value: &value, name: &name };
        chap.emit(&mut out);
        prop_assert_eq!(ChapPacket::parse(&out), Ok(chap));
        out.clear();
        let pap = PapPacket::Request { id, name: &name, password: &value };
        pap.emit(&mut out);
        prop_assert_eq!(PapPacket::parse(&out), Ok(pap));
    }
}
