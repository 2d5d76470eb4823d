//! Another proof inside EAP, alone and inside PEAP: another password, a new one, and nobody to be asked.

use onhook_base::Duration;
use onhook_crypto::change_password;

use super::*;
use crate::Wanted;

const BOTH: [EapMethod; 2] = [EapMethod::MsChapV2, EapMethod::Peap];

fn password(text: &str) -> Given {
    Given::Credentials(credentials("alice", text))
}

fn new(text: &str) -> Given {
    Given::NewPassword(Secret::new(text.to_owned()))
}

/// A caller with this password and a person who gives these; a server that has said these numbers before it
/// judges, and hears two more.
fn call(method: EapMethod, first: &str, refusals: &[u32], gives: Vec<Given>) -> Call {
    let mut peer =
        EapPeer::new(&terms(&[method]), Some(credentials("alice", first)), ROOM, chance(1));
    peer.asks_person(true);
    peer.start(NOW);
    let mut machine = EapAuthenticator::new(terms(&[method]), "srv".into(), ROOM, chance(2));
    machine.hear_again(2);
    machine.start(NOW);
    let mut call = Call::new(peer, machine);
    call.refusals = refusals.iter().copied().collect();
    call.gives = gives.into();
    call
}

fn waits(events: &[AuthEvent]) -> Vec<Option<Wanted>> {
    let wanted = |event: &AuthEvent| match event {
        AuthEvent::Waiting { wanted, .. } => Some(wanted.clone()),
        _ => None,
    };
    events.iter().filter_map(wanted).collect()
}

fn assert_in(call: &Call) {
    let (ours, theirs) = (Call::done(&call.ours), Call::done(&call.theirs));
    let (ours, theirs) = (ours.expect("the caller is in"), theirs.expect("it is let in"));
    assert!(ours.0.is_some() && ours.1);
    assert_eq!(ours.0, theirs.0, "both have the same keys");
    assert_eq!(theirs.2.as_deref(), Some("alice"));
}

fn refused(events: &[AuthEvent]) -> Option<u32> {
    match Call::failure(events) {
        Some(AuthFailure::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mistyped_password_is_followed_by_the_right_one() {
    for method in BOTH {
        let mut call =
            call(method, "mistyped", &[], vec![password("wrong"), password("wonderland1")]);
        call.run(|_| 1);
        assert_in(&call);
        let asked = Some(Wanted::Credentials { code: 691, message: String::new() });
        assert_eq!(waits(&call.ours), [asked.clone(), asked], "{method}");
        assert_eq!(waits(&call.theirs), [None, None]);
        assert_eq!(call.questions.len(), 3);
    }
}

#[test]
fn an_expired_password_is_changed_and_the_keys_are_those_of_the_new_one() {
    for method in BOTH {
        let gives = vec![new("short"), new("looking glass")];
        let mut call = call(method, "wonderland1", &[648, 709], gives);
        call.run(|_| 1);
        assert_in(&call);
        let asked = |code| Some(Wanted::NewPassword { code, message: "no".to_owned() });
        assert_eq!(waits(&call.ours), [asked(648), asked(709)], "{method}");
        let told = call.questions.last().unwrap();
        let old = Secret::new("wonderland1".to_owned());
        assert!(told.is_change());
        assert_eq!(told.new_password(&old), Some(Secret::new("looking glass".to_owned())));
    }
}

#[test]
fn a_new_password_without_the_old_one_is_refused() {
    for method in BOTH {
        let mut call = call(method, "guessed", &[648], vec![new("mine now")]);
        call.run(|_| 1);
        assert_eq!((refused(&call.ours), refused(&call.theirs)), (Some(691), Some(691)));
    }
}

#[test]
fn a_new_password_that_does_not_fit_is_asked_for_again() {
    let long = "x".repeat(257);
    let mut call =
        call(EapMethod::MsChapV2, "wonderland1", &[648], vec![new(&long), new("looking glass")]);
    call.run(|_| 1);
    assert_in(&call);
    let too_long = Wanted::NewPassword { code: 709, message: "it is too long".to_owned() };
    assert_eq!(waits(&call.ours)[1], Some(too_long));
}

#[test]
fn no_more_is_heard_than_the_server_would() {
    for method in BOTH {
        let gives = vec![password("wrong"); 5];
        let mut call = call(method, "mistyped", &[], gives);
        call.run(|_| 1);
        assert_eq!((refused(&call.ours), refused(&call.theirs)), (Some(691), Some(691)));
        assert_eq!((call.questions.len(), call.gives.len()), (3, 3), "{method}");
    }
}

#[test]
fn without_a_person_the_first_refusal_is_the_last() {
    for method in BOTH {
        for code in [691, 648] {
            let mut call = call(method, "wonderland1", &[code], Vec::new());
            call.peer = peer(&[method], "alice", "wonderland1");
            call.run(|_| 1);
            assert_eq!((refused(&call.ours), refused(&call.theirs)), (Some(code), Some(code)));
            assert_eq!(waits(&call.ours), []);
            assert_eq!(call.now, NOW, "nobody has waited for anything");
        }
    }
}

#[test]
fn a_person_who_never_speaks_is_waited_for_as_long_as_it_takes_and_no_longer() {
    for method in BOTH {
        let mut call = call(method, "mistyped", &[], Vec::new());
        call.run(|_| 1);
        assert_eq!(refused(&call.theirs), Some(691), "{method}");
        assert_eq!(call.now, NOW + Duration::from_secs(180));
        // The caller's owner has a deadline of its own; a Failure may still come.
        assert_eq!(Call::failure(&call.ours), None);
        call.peer.handle_packet(call.now, &EapPacket::Failure { id: call.machine.id() }.emit());
        call.settle();
        assert_eq!(refused(&call.ours), Some(691));
        assert!(!call.peer.give(call.now, password("wonderland1")), "it is too late");
    }
}

#[test]
fn each_packet_lost_once_or_said_twice_changes_nothing_but_the_time() {
    for method in BOTH {
        let fresh = || {
            let gives = vec![new("looking glass")];
            call(method, "wonderland1", &[648], gives)
        };
        let mut clean = fresh();
        clean.run(|_| 1);
        for times in [0, 2] {
            // A lost Success is made up for by the network, which is not here.
            for which in 1..clean.packets {
                let mut call = fresh();
                call.run(|number| if number == which { times } else { 1 });
                assert_in(&call);
                assert_eq!(call.questions.len(), 2, "{method}, {which}");
            }
        }
    }
}

#[test]
fn nothing_that_is_said_meanwhile_makes_a_caller_of_the_refused_password_speak() {
    for method in BOTH {
        let mut call = call(method, "mistyped", &[], Vec::new());
        while waits(&call.ours).is_empty() {
            let mut packet = Vec::new();
            while call.machine.poll_packet(&mut packet) {
                call.peer.handle_packet(NOW, &packet);
                call.settle();
            }
            while call.peer.poll_packet(&mut packet) {
                call.machine.handle_packet(NOW, &packet);
                call.settle();
            }
            call.settle();
        }
        let id = call.machine.id().wrapping_add(1);
        for kind in [kind::IDENTITY, kind::NOTIFICATION, method.number()] {
            call.peer.handle_packet(NOW, &EapPacket::Request { id, kind, data: &[1] }.emit());
        }
        assert!(!call.peer.poll_packet(&mut Vec::new()));
        assert!(!call.peer.give(NOW, new("what nobody asked for")), "it is not what was asked for");
        call.peer.handle_packet(NOW, &EapPacket::Success { id: call.machine.id() }.emit());
        call.settle();
        assert_eq!(Call::failure(&call.ours), Some(AuthFailure::PeerNotProven));
    }
}

/// The published change of a password, in EAP's frame.
#[test]
fn a_change_packet_is_that_of_the_vector() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../../../../tests/vectors/mschapv2.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let vector = vectors.iter().find(|v| v["id"] == "derived-change-password-v3").unwrap();
    let chap = bytes(vector["packet"].as_str().unwrap());
    let data = MsChapV2::ChangePassword { id: chap[1], body: &chap[4..] }.emit();
    assert_eq!(data.len(), 586);
    assert_eq!(data, chap, "the frame is CHAP's own: code 7, identifier, length");
    let Ok(MsChapV2::ChangePassword { id, body }) = MsChapV2::parse_response(&data) else {
        panic!("a Change-Password")
    };
    assert_eq!((id, body.len()), (chap[1], change_password::BODY_LEN));
    for short in 0..data.len() {
        assert!(MsChapV2::parse_response(&data[..short]).map_or(true, |said| matches!(
            said,
            MsChapV2::SuccessResponse | MsChapV2::FailureResponse
        )));
    }
}

#[test]
fn a_refusal_elsewhere_that_leaves_the_door_open_is_waited_for() {
    let through = EapTerms { methods: Vec::new(), pass_through: true };
    let said = |text: &str| {
        let data = MsChapV2::FailureRequest { id: 9, message: text.as_bytes() }.emit();
        EapPacket::Request { id: 77, kind: EapMethod::MsChapV2.number(), data: &data }.emit()
    };
    let hex = "0123456789ABCDEF0123456789ABCDEF";
    for (text, seconds) in [
        (format!("E=691 R=1 C={hex} V=3 M=no"), 180),
        (format!("E=648 R=0 C={hex} V=3 M=no"), 180),
        (format!("E=709 R=1 C={hex} V=3 M=no"), 180),
        (format!("E=691 R=0 C={hex} V=3 M=no"), 30),
        ("nonsense".to_owned(), 30),
    ] {
        let mut machine = EapAuthenticator::new(through.clone(), "srv".into(), ROOM, chance(2));
        machine.start(NOW);
        let id = machine.id();
        machine.handle_packet(NOW, &EapPacket::Response { id, kind: 1, data: b"alice" }.emit());
        machine.answer(NOW, Verdict::Continue { packet: said(&text) });
        let events: Vec<_> = std::iter::from_fn(|| machine.poll_event()).collect();
        assert_eq!(waits(&events).len(), usize::from(seconds == 180), "{text}");
        let mut now = NOW;
        while let Some(deadline) = machine.poll_timeout() {
            now = deadline.at;
            machine.handle_timeout(now);
        }
        assert_eq!(now, NOW + Duration::from_secs(seconds), "{text}");
    }
}

/// A judge elsewhere counts on from our first identifier, and FreeRADIUS forgets the challenge of a refusal
/// whose identifier is zero: no proof of a hundred rounds gets there. Where we judge, any number will do.
#[test]
fn identifiers_stay_clear_of_zero_where_another_judges() {
    let first = |pass_through, seed| {
        let terms = EapTerms { methods: vec![EapMethod::MsChapV2], pass_through };
        let mut machine = EapAuthenticator::new(terms, "srv".into(), ROOM, chance(seed));
        machine.start(NOW);
        let mut packet = Vec::new();
        assert!(machine.poll_packet(&mut packet));
        assert_eq!(packet[0], 1, "a Request");
        packet[1]
    };
    let (elsewhere, here): (Vec<u8>, Vec<u8>) =
        (0..2000).map(|seed| (first(true, seed), first(false, seed))).unzip();
    assert!(elsewhere.iter().all(|id| (1..=128).contains(id)));
    assert!((1..=128).all(|id| elsewhere.contains(&id)), "a matter of chance all the same");
    assert!(here.iter().any(|id| *id > 128));
}
