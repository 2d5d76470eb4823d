//! Whole calls between the two ends.

use proptest::prelude::*;

use super::super::DEFAULT_MTU;
use super::super::stream::{INFORMATION_MAX, OUTBOX_MAX};
use super::super::wire::{StatusInfo, attribute, status};
use super::*;
use crate::contract::{FrameTerms, Framing, LinkFacts};

#[test]
fn two_round_trips_bring_the_link_up_and_no_timer_is_waited_for() {
    let (mut caller, mut answerer) = (caller(), answerer());
    let mut round_trips = 0;
    while caller.take_events().is_empty() {
        answerer.hear(&caller.take_sent());
        caller.hear(&answerer.take_sent());
        round_trips += 1;
    }
    assert_eq!(round_trips, 2);
    assert_eq!(caller.now, Instant::ORIGIN);
    // The binding costs no round trip: it leaves with the first packet behind it.
    answerer.authenticated(Some(&keys()));
    caller.authenticated(Some(&keys()));
    caller.send(IPV4, b"first");
    answerer.hear(&caller.take_sent());
    assert_eq!(answerer.take_frames().len(), 1);
    assert!(answerer.take_sent().is_empty());
}

#[test]
fn the_answerer_may_speak_ppp_the_moment_it_has_acknowledged() {
    let (mut caller, mut answerer) = requesting();
    answerer.hear(&packet(&Message::CallConnectRequest { protocol: 1 }));
    assert_eq!(answerer.take_events(), [LinkEvent::Up]);
    answerer.send(LCP, &[1, 1, 0, 4]);
    // Ack and frame come in one read: the owner must hear of Up before it is given the frame.
    caller.link.handle_lane(caller.now, Lane::Control, &answerer.take_sent());
    assert_eq!(caller.link.poll_frame(caller.now), None);
    assert_eq!(caller.link.poll_event(), Some(LinkEvent::Up));
    let frame = caller.link.poll_frame(caller.now).map(|f| f.to_vec());
    assert_eq!(frame, Some(vec![0xC0, 0x21, 1, 1, 0, 4]));
}

#[test]
fn octets_behind_the_http_reply_are_sstp_already() {
    let mut caller = caller();
    let reply = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let ack = packet(&Message::CallConnectAck { offer: 3, nonce: [1; 32] });
    caller.hear(&[reply, ack].concat());
    assert_eq!(caller.take_events(), [LinkEvent::Up]);
}

#[test]
fn without_a_certificate_nothing_is_sent() {
    let mut link = new_caller();
    link.open(Instant::ORIGIN, &LaneFacts::default());
    let mut out = Vec::new();
    assert_eq!(link.poll_transmit(&mut out), None);
    assert_eq!(link.poll_event(), Some(failed(SstpFailure::NoCertificate)));
    link.close(Instant::ORIGIN, Farewell::Ordinary);
    assert_eq!(link.poll_event(), Some(LinkEvent::Closed));
    let mut link = new_answerer(3);
    link.open(Instant::ORIGIN, &LaneFacts::default());
    assert_eq!(link.poll_event(), Some(failed(SstpFailure::NoCertificate)));
}

#[test]
fn the_same_seed_gives_the_same_octets() {
    assert_eq!(caller().take_sent(), caller().take_sent());
    let terms = SstpCallerTerms::new("vpn.example");
    let mut other = End::opened(SstpCaller::new(terms, &Seed::from_number(9)));
    assert_ne!(caller().take_sent(), other.take_sent());
}

#[test]
fn the_facts_say_1400_both_ways_unless_the_terms_do_not() {
    let facts = |mtu| {
        SstpCaller::new(
            SstpCallerTerms { mtu, ..SstpCallerTerms::default() },
            &Seed::from_number(1),
        )
        .facts()
    };
    let expected = |mtu, mru_to_ask| LinkFacts {
        mtu,
        mru_to_ask,
        encrypted: true,
        lossy: false,
        framing: Framing::Synchronous,
        ends_by_word: true,
    };
    assert_eq!(facts(DEFAULT_MTU), expected(1400, Some(1400)));
    assert_eq!(facts(1500), expected(1500, None));
    assert_eq!(facts(9000), expected(4087, Some(4087)));
}

#[test]
fn a_refused_connect_request_is_sent_again_three_times() {
    let (mut caller, _) = requesting();
    let nak = StatusInfo::new(attribute::ENCAPSULATED_PROTOCOL, status::VALUE_NOT_SUPPORTED);
    for _ in 0..3 {
        caller.hear_message(&Message::CallConnectNak(vec![nak]));
        assert_eq!(caller.take_sent(), packet(&Message::CallConnectRequest { protocol: 1 }));
        assert!(caller.take_events().is_empty());
    }
    caller.hear_message(&Message::CallConnectNak(vec![nak]));
    assert_eq!(caller.take_events(), [failed(SstpFailure::Nak { status: 4 })]);
    let exceeded = StatusInfo::new(attribute::STATUS_INFO, status::RETRY_COUNT_EXCEEDED);
    assert_eq!(caller.take_sent(), packet(&Message::CallAbort(Some(exceeded))));
}

#[test]
fn a_faulty_connect_request_is_refused_three_times_then_the_call_is_aborted() {
    let (_, mut answerer) = requesting();
    let not_ppp = packet(&Message::CallConnectRequest { protocol: 2 });
    let faults = StatusInfo { attribute: 1, status: 4, original: &[0, 2] };
    let nak = packet(&Message::CallConnectNak(vec![faults]));
    answerer.hear(&not_ppp);
    assert_eq!(answerer.take_sent(), nak);
    let missing = StatusInfo::new(1, status::REQUIRED_ATTRIBUTE_MISSING);
    answerer.hear(&[0x10, 1, 0, 8, 0, 1, 0, 0]);
    assert_eq!(answerer.take_sent(), packet(&Message::CallConnectNak(vec![missing])));
    answerer.hear(&not_ppp);
    assert_eq!(answerer.take_sent(), nak);
    answerer.hear(&not_ppp);
    let failure = SstpFailure::Aborted { attribute: 2, status: 6 };
    assert_eq!(answerer.take_events(), [failed(failure)]);
}

#[test]
fn a_connect_request_may_be_right_at_last() {
    let (_, mut answerer) = requesting();
    answerer.hear_message(&Message::CallConnectRequest { protocol: 2 });
    answerer.hear_message(&Message::CallConnectRequest { protocol: 1 });
    assert_eq!(answerer.take_events(), [LinkEvent::Up]);
}

#[test]
fn a_caller_that_never_binds_is_aborted_after_a_minute() {
    let (mut caller, mut answerer) = up();
    answerer.authenticated(None);
    answerer.pass(seconds(59));
    assert!(answerer.take_events().is_empty());
    answerer.pass(seconds(1));
    assert_eq!(answerer.take_events(), [failed(SstpFailure::Timeout)]);
    let late = StatusInfo::new(attribute::STATUS_INFO, status::NEGOTIATION_TIMEOUT);
    let abort = answerer.take_sent();
    assert_eq!(abort, packet(&Message::CallAbort(Some(late))));
    caller.hear(&abort);
    let failure = SstpFailure::PeerAborted { attribute: 2, status: 8 };
    assert_eq!(caller.take_events(), [failed(failure)]);
}

#[test]
fn each_step_that_the_peer_does_not_answer_ends_after_a_minute() {
    let late = StatusInfo::new(attribute::STATUS_INFO, status::NEGOTIATION_TIMEOUT);
    let abort = packet(&Message::CallAbort(Some(late)));
    let (mut caller, mut answerer) = requesting();
    caller.pass(seconds(60));
    assert_eq!(
        (caller.take_events(), caller.take_sent()),
        (vec![failed(SstpFailure::Timeout)], abort.clone())
    );
    // Who has not even asked is not told.
    answerer.pass(seconds(60));
    assert_eq!(
        (answerer.take_events(), answerer.take_sent()),
        (vec![failed(SstpFailure::Timeout)], vec![])
    );
    let (mut caller, _) = up();
    caller.pass(seconds(60));
    assert_eq!(
        (caller.take_events(), caller.take_sent()),
        (vec![failed(SstpFailure::Timeout)], abort)
    );
}

#[test]
fn a_silent_peer_is_asked_after_a_minute_and_given_up_after_another() {
    let (mut caller, mut answerer) = connected();
    caller.pass(seconds(60));
    assert_eq!(caller.take_sent(), packet(&Message::EchoRequest));
    caller.pass(seconds(59));
    assert!(caller.take_events().is_empty());
    caller.pass(seconds(1));
    assert_eq!(caller.take_events(), [failed(SstpFailure::HelloUnanswered)]);
    caller.close(Farewell::Ordinary);
    assert_eq!(caller.take_events(), [LinkEvent::Closed]);
    assert!(caller.take_sent().is_empty(), "a peer that is not there is not told");
    answerer.pass(seconds(120));
    assert_eq!(answerer.take_events(), [failed(SstpFailure::HelloUnanswered)]);
}

#[test]
fn an_answering_peer_is_kept_for_hours_and_any_packet_is_an_answer() {
    let (mut caller, mut answerer) = connected();
    for _ in 0..300 {
        caller.pass(seconds(30));
        answerer.pass(seconds(30));
        settle(&mut caller, &mut answerer);
    }
    for at in 0..10 {
        caller.pass(seconds(60));
        assert_eq!(caller.take_sent(), packet(&Message::EchoRequest), "round {at}");
        caller.pass(seconds(59));
        caller.hear(&[0x10, 0, 0, 6, 0x80, 0x21]);
    }
    assert!(caller.take_events().is_empty() && answerer.take_events().is_empty());
}

#[test]
fn an_echo_request_is_answered_even_before_the_binding() {
    let (mut caller, mut answerer) = requesting();
    for _ in 0..2 {
        caller.hear_message(&Message::EchoRequest);
        answerer.hear_message(&Message::EchoRequest);
        let answer = packet(&Message::EchoResponse);
        assert_eq!((caller.take_sent(), answerer.take_sent()), (answer.clone(), answer));
        (caller, answerer) = up();
    }
}

#[test]
fn messages_out_of_their_state_abort_the_call() {
    let requests = [
        Message::CallConnectRequest { protocol: 1 },
        Message::CallConnectAck { offer: 3, nonce: [0; 32] },
        Message::CallConnectNak(vec![]),
        Message::CallDisconnectAck,
    ];
    let refused = StatusInfo::new(attribute::STATUS_INFO, status::UNACCEPTED_FRAME);
    let aborted = failed(SstpFailure::Aborted { attribute: 2, status: 5 });
    for message in requests {
        let (mut caller, mut answerer) = connected();
        caller.hear_message(&message);
        answerer.hear_message(&message);
        let abort = packet(&Message::CallAbort(Some(refused)));
        assert_eq!((caller.take_sent(), answerer.take_sent()), (abort.clone(), abort));
        assert_eq!(caller.take_events(), std::slice::from_ref(&aborted));
        assert_eq!(answerer.take_events(), std::slice::from_ref(&aborted));
    }
    // A message of a type that nobody knows is not readable.
    let (mut caller, _) = connected();
    caller.hear(&[0x10, 1, 0, 8, 0, 77, 0, 0]);
    let failure = SstpFailure::Aborted { attribute: 2, status: 7 };
    assert_eq!(caller.take_events(), [failed(failure)]);
    // A binding without its attribute has a status of its own.
    let (_, mut answerer) = up();
    answerer.hear(&[0x10, 1, 0, 8, 0, 4, 0, 0]);
    let failure = SstpFailure::Aborted { attribute: 2, status: 9 };
    assert_eq!(answerer.take_events(), [failed(failure)]);
    // An acknowledgment without its own: the attribute that is missing.
    let (mut caller, _) = requesting();
    caller.hear(&[0x10, 1, 0, 8, 0, 2, 0, 0]);
    let failure = SstpFailure::Aborted { attribute: 4, status: 10 };
    assert_eq!(caller.take_events(), [failed(failure)]);
}

#[test]
fn a_lost_stream_ends_without_a_word() {
    for bytes in [&[0x11, 0, 0, 8][..], &[0x10, 0, 0, 3], &[0x10, 1, 0, 7], b"GET / HTTP/1.1"] {
        let (mut caller, mut answerer) = connected();
        caller.hear(&[&[0x10, 0, 0, 6, 0, 0x21], bytes].concat());
        answerer.hear(bytes);
        assert_eq!(caller.take_frames(), [[0, 0x21]], "what came before is delivered");
        for (sent, events) in [
            (caller.take_sent(), caller.take_events()),
            (answerer.take_sent(), answerer.take_events()),
        ] {
            assert!(sent.is_empty());
            assert!(matches!(
                events[..],
                [LinkEvent::Down(LinkFailure::Sstp(SstpFailure::StreamLost(_)))]
            ));
        }
    }
}

#[test]
fn frames_that_cannot_be_carried_are_dropped_and_counted() {
    let (mut caller, _) = requesting();
    caller.send(LCP, b"too early");
    assert!(caller.take_sent().is_empty());
    let (mut caller, _) = connected();
    caller.send(IPV4, &vec![7; INFORMATION_MAX]);
    let sent = caller.take_sent();
    assert_eq!((sent.len(), &sent[..8]), (4095, &[0x10, 0, 0x0F, 0xFF, 0xFF, 3, 0, 0x21][..]));
    caller.send(IPV4, &vec![7; INFORMATION_MAX + 1]);
    assert!(caller.take_sent().is_empty());
    assert_eq!(caller.link.dropped_frames(), 1);
    // A queue that nobody takes from does not grow without end.
    for _ in 0..2 * OUTBOX_MAX / 4095 {
        caller.link.send_frame(caller.now, IPV4, &vec![7; INFORMATION_MAX]);
    }
    assert!(caller.link.queued_bytes() < OUTBOX_MAX + 4096);
    for _ in 0..10_000 {
        caller.link.handle_lane(caller.now, Lane::Control, &packet(&Message::EchoRequest));
        assert_eq!(caller.link.poll_frame(caller.now), None);
    }
    assert!(caller.link.queued_bytes() < OUTBOX_MAX + 4096);
    assert!(caller.link.dropped_frames() > 1000);
}

#[test]
fn what_lcp_agrees_changes_nothing() {
    let (mut caller, _) = connected();
    caller.link.adopt(FrameTerms {
        protocol_compression: true,
        address_compression: true,
        escape_map: 0,
        peer_mru: 1400,
    });
    caller.send(IPV4, b"x");
    assert_eq!(caller.take_sent(), [0x10, 0, 0, 9, 0xFF, 3, 0, 0x21, b'x']);
}

#[test]
fn frames_in_bulk_are_given_out_of_one_buffer_that_keeps_its_room() {
    let (mut caller, mut answerer) = connected();
    let mut out = Vec::new();
    let mut rooms = Vec::new();
    for round in 0..20 {
        for _ in 0..100 {
            caller.link.send_frame(caller.now, IPV4, &[round; 1400]);
        }
        assert_eq!(caller.link.poll_transmit(&mut out), Some(Lane::Control));
        rooms.push(out.capacity());
        answerer.link.handle_lane(answerer.now, Lane::Control, &out);
        let mut frames = 0;
        let mut before = None;
        while let Some(frame) = answerer.link.poll_frame(answerer.now) {
            assert_eq!((frame.len(), frame[1401]), (1402, round));
            let here = frame.as_ptr() as usize;
            assert!(before.is_none_or(|before| here == before + 1408), "not where it came");
            before = Some(here);
            frames += 1;
        }
        assert_eq!(frames, 100);
    }
    assert!(rooms[2..].iter().all(|room| *room == rooms[2] || *room == rooms[3]), "{rooms:?}");
}

#[test]
fn no_frame_shows_in_debug() {
    let (mut caller, _) = up();
    caller.link.send_frame(caller.now, 0xC023, b"wonderland1");
    let shown = format!("{:?}", caller.link);
    assert!(shown.contains("Outbox(19 octets)"), "{shown}");
    assert!(!shown.contains("wonder") && !shown.contains("119, 111, 110"), "{shown}");
}

#[derive(Clone, Debug)]
enum Deed {
    CallerSends(Vec<u8>),
    AnswererSends(Vec<u8>),
    /// Carry this many octets, to the answerer or to the caller.
    Carry(bool, usize),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let frame = || prop::collection::vec(any::<u8>(), 0..60);
    prop::collection::vec(
        prop_oneof![
            frame().prop_map(Deed::CallerSends),
            frame().prop_map(Deed::AnswererSends),
            (any::<bool>(), 0usize..150).prop_map(|(way, count)| Deed::Carry(way, count)),
        ],
        0..60,
    )
}

/// Carries at most `count` octets of what `from` has sent.
fn carry<A: Link, B: Link>(from: &mut End<A>, to: &mut End<B>, count: usize) {
    let rest = from.sent.split_off(count.min(from.sent.len()));
    let piece = std::mem::replace(&mut from.sent, rest);
    if !piece.is_empty() {
        to.hear(&piece);
    }
}

proptest! {
    /// A whole call, its stream cut anywhere: every frame arrives once, whole, in order.
    #[test]
    fn every_frame_arrives_wherever_the_stream_is_cut(
        cuts in prop::collection::vec(1usize..120, 0..40), deeds in deeds(),
    ) {
        let (mut caller, mut answerer) = (caller(), answerer());
        for cut in cuts {
            carry(&mut caller, &mut answerer, cut);
            carry(&mut answerer, &mut caller, cut);
        }
        settle(&mut caller, &mut answerer);
        prop_assert_eq!(caller.take_events(), [LinkEvent::Up]);
        prop_assert_eq!(answerer.take_events(), [LinkEvent::Up]);
        answerer.authenticated(Some(&keys()));
        caller.authenticated(Some(&keys()));
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let whole = |protocol: u16, information: &[u8]| {
            [&protocol.to_be_bytes()[..], information].concat()
        };
        for deed in deeds {
            match deed {
                Deed::CallerSends(information) => {
                    up.push(whole(IPV4, &information));
                    caller.send(IPV4, &information);
                }
                Deed::AnswererSends(information) => {
                    // The binding may not have arrived yet.
                    down.push(whole(LCP, &information));
                    answerer.send(LCP, &information);
                }
                Deed::Carry(true, count) => carry(&mut caller, &mut answerer, count),
                Deed::Carry(false, count) => carry(&mut answerer, &mut caller, count),
            }
        }
        // The farewell follows the frames that were sent before it.
        caller.close(Farewell::Ordinary);
        carry(&mut caller, &mut answerer, usize::MAX);
        let at_the_answerer = answerer.take_frames();
        prop_assert_eq!(at_the_answerer, up);
        carry(&mut answerer, &mut caller, usize::MAX);
        prop_assert_eq!(caller.take_events(), [LinkEvent::Closed]);
        // Frames that came after the caller's farewell was sent are dropped.
        let got = caller.take_frames();
        prop_assert!(down.starts_with(&got));
        prop_assert_eq!(answerer.take_events(), [failed(SstpFailure::Disconnected)]);
    }
}
