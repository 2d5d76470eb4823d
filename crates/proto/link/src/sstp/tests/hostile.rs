//! Strangers: any octets, at any moment, to either end.

use proptest::prelude::*;

use super::super::wire::StatusInfo;
use super::*;

/// Checks what must hold of any end whatever it was told: it stops, it stays small, it speaks once of
/// its fall, and it can be closed.
fn must_end<L: Link>(mut end: End<L>) {
    let downs = |events: &[LinkEvent]| {
        events.iter().filter(|event| matches!(event, LinkEvent::Down(_))).count()
    };
    end.drain();
    end.pass(seconds(400));
    let events = end.take_events();
    assert!(downs(&events) <= 1 && !events.contains(&LinkEvent::Closed), "{events:?}");
    end.take_sent();
    end.close(Farewell::Ordinary);
    end.pass(seconds(5));
    assert_eq!(end.take_events(), [LinkEvent::Closed]);
    assert_eq!(end.link.poll_timeout(), None);
    end.hear(&[0x10; 100]);
    end.send(LCP, b"after the end");
    end.close(Farewell::Aborted);
    end.lose_lane();
    assert!(end.take_events().is_empty() && end.link.queued_bytes() == 0);
}

/// Brings both ends to the state of this number.
fn at(state: usize) -> (End<SstpCaller>, End<SstpAnswerer>) {
    let (mut caller, mut answerer) = match state {
        0 => (caller(), answerer()),
        1 => requesting(),
        2 => up(),
        _ => connected(),
    };
    match state {
        4 => {
            caller.close(Farewell::Ordinary);
            answerer.close(Farewell::Ordinary);
        }
        5 => {
            caller.hear_message(&Message::CallDisconnect(None));
            answerer.hear_message(&Message::CallDisconnect(None));
        }
        6 => {
            caller.close(Farewell::Aborted);
            answerer.close(Farewell::Aborted);
        }
        7 => {
            caller.hear_message(&Message::CallAbort(None));
            answerer.hear_message(&Message::CallAbort(None));
        }
        8 => {
            caller.lose_lane();
            answerer.lose_lane();
        }
        _ => {}
    }
    caller.forget();
    answerer.forget();
    (caller, answerer)
}

const STATES: usize = 9;

/// As [`must_end`], for ends that may have been closed already.
fn must_end_in(state: usize, caller: End<SstpCaller>, answerer: End<SstpAnswerer>) {
    if [4, 6].contains(&state) {
        let (mut caller, mut answerer) = (caller, answerer);
        caller.pass(seconds(6));
        answerer.pass(seconds(6));
        assert_eq!(caller.take_events(), [LinkEvent::Closed]);
        assert_eq!(answerer.take_events(), [LinkEvent::Closed]);
    } else {
        must_end(caller);
        must_end(answerer);
    }
}

/// N-SSTP-01: an endless loop in a server of the field (accel-ppp, 2026).
#[test]
fn lengths_from_zero_to_eight_for_every_type_do_not_loop() {
    for state in 0..STATES {
        for kind in (0..=11).chain([0xFF, 0xFFFF_u16]) {
            for control in [0, 1, 0xFE, 0xFF] {
                for length in 0..=8 {
                    let [high, low] = kind.to_be_bytes();
                    let bytes = [0x10, control, 0, length, high, low, 0, 0, 0, 0, 0, 0];
                    let (mut caller, mut answerer) = at(state);
                    caller.hear(&bytes);
                    answerer.hear(&bytes);
                    if state == 3 && length >= 4 + 4 * (control & 1) {
                        continue; // they live on, or die as the other tests say
                    }
                    if state == 3 {
                        assert_eq!((caller.events.len(), answerer.events.len()), (1, 1));
                        assert!(caller.sent.is_empty() && answerer.sent.is_empty());
                    }
                    must_end_in(state, caller, answerer);
                }
            }
        }
    }
}

#[test]
fn every_prefix_of_every_message_waits_for_the_rest() {
    let messages = [
        Message::CallConnectRequest { protocol: 1 },
        Message::CallConnectAck { offer: 3, nonce: [1; 32] },
        Message::CallConnectNak(vec![StatusInfo { attribute: 1, status: 4, original: &[0, 2] }]),
        Message::CallDisconnect(Some(StatusInfo::new(0, 0))),
        Message::CallAbort(Some(StatusInfo::new(3, 4))),
        Message::CallDisconnectAck,
        Message::EchoRequest,
        Message::EchoResponse,
    ];
    for message in messages {
        let bytes = packet(&message);
        for cut in 0..bytes.len() {
            for state in 1..4 {
                let (mut whole, mut whole_answerer) = at(state);
                whole.hear(&bytes);
                whole_answerer.hear(&bytes);
                let (mut caller, mut answerer) = at(state);
                let (one, two) = bytes.split_at(cut);
                caller.hear(one);
                answerer.hear(one);
                assert!(caller.sent.is_empty() && caller.events.is_empty());
                assert!(answerer.sent.is_empty() && answerer.events.is_empty());
                caller.hear(two);
                answerer.hear(two);
                assert_eq!((caller.sent, caller.events), (whole.sent, whole.events));
                assert_eq!(
                    (answerer.sent, answerer.events),
                    (whole_answerer.sent, whole_answerer.events)
                );
            }
        }
    }
}

/// Octets that look like packets more often than chance would have it.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    let packetlike =
        (any::<u8>(), 0u8..40, 0u8..11, 0u8..3, prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(bits, length, kind, count, rest)| {
                [&[0x10, bits, 0, length, 0, kind, 0, count], &rest[..]].concat()
            });
    let whole = (any::<bool>(), 0u8..11, 0u8..3, prop::collection::vec(any::<u8>(), 0..40))
        .prop_map(|(control, kind, count, rest)| {
            let length = u8::try_from(8 + rest.len()).unwrap();
            [&[0x10, u8::from(control), 0, length, 0, kind, 0, count], &rest[..]].concat()
        });
    let good = prop::sample::select(vec![
        packet(&Message::CallConnectRequest { protocol: 1 }),
        packet(&Message::CallConnectRequest { protocol: 7 }),
        packet(&Message::CallConnectAck { offer: 1, nonce: [1; 32] }),
        packet(&Message::CallConnectNak(vec![])),
        packet(&Message::CallDisconnect(None)),
        packet(&Message::CallDisconnectAck),
        packet(&Message::CallAbort(None)),
        packet(&Message::EchoRequest),
        packet(&Message::EchoResponse),
        b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
        b"HTTP/1.1 404 No\r\n\r\n".to_vec(),
    ]);
    let piece = prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => packetlike,
        3 => whole,
        3 => good,
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn arbitrary_octets_at_any_state_do_no_harm(
        state in 0..STATES, octets in octets(), cut in 1usize..100, closes in any::<bool>(),
    ) {
        let (mut caller, mut answerer) = at(state);
        let before = octets.len();
        for piece in octets.chunks(cut) {
            caller.hear(piece);
            answerer.hear(piece);
        }
        let answers = caller.sent.len().max(answerer.sent.len());
        prop_assert!(answers <= 4096 + 10 * before, "{} octets made {} of ours", before, answers);
        if closes && ![4, 6].contains(&state) {
            caller.close(Farewell::Aborted);
            answerer.close(Farewell::Aborted);
            caller.pass(seconds(6));
            answerer.pass(seconds(6));
            prop_assert_eq!(caller.events.last(), Some(&LinkEvent::Closed));
            prop_assert_eq!(answerer.events.last(), Some(&LinkEvent::Closed));
        } else if [4, 6].contains(&state) {
            caller.pass(seconds(6));
            answerer.pass(seconds(6));
            prop_assert_eq!(caller.events, [LinkEvent::Closed]);
            prop_assert_eq!(answerer.events, [LinkEvent::Closed]);
        } else {
            must_end(caller);
            must_end(answerer);
        }
    }

    /// However the stream is cut, the same octets mean the same.
    #[test]
    fn the_cuts_of_a_stream_mean_nothing(state in 1usize..4, octets in octets(), cut in 1usize..20) {
        let (mut caller, mut answerer) = at(state);
        caller.hear(&octets);
        answerer.hear(&octets);
        let (mut cut_caller, mut cut_answerer) = at(state);
        for piece in octets.chunks(cut) {
            cut_caller.hear(piece);
            cut_answerer.hear(piece);
        }
        prop_assert_eq!(caller.frames, cut_caller.frames);
        prop_assert_eq!(caller.sent, cut_caller.sent);
        prop_assert_eq!(caller.events, cut_caller.events);
        prop_assert_eq!(answerer.frames, cut_answerer.frames);
        prop_assert_eq!(answerer.sent, cut_answerer.sent);
        prop_assert_eq!(answerer.events, cut_answerer.events);
    }

    /// Any octet of a good stream changed: no end waits forever.
    #[test]
    fn a_bent_octet_does_no_harm(place in any::<prop::sample::Index>(), bit in 0u8..8) {
        let (mut caller, mut answerer) = (caller(), answerer());
        let mut carried = Vec::new();
        for _ in 0..4 {
            let (to_answerer, to_caller) = (caller.take_sent(), answerer.take_sent());
            carried.push((to_answerer.clone(), to_caller.clone()));
            answerer.hear(&to_answerer);
            caller.hear(&to_caller);
        }
        let to_answerer: Vec<u8> = carried.iter().flat_map(|(a, _)| a.clone()).collect();
        let to_caller: Vec<u8> = carried.iter().flat_map(|(_, c)| c.clone()).collect();
        let (mut caller, mut answerer) = at(0);
        for (end, mut octets) in [(true, to_answerer), (false, to_caller)] {
            let place = place.index(octets.len());
            octets[place] ^= 1 << bit;
            if end { answerer.hear(&octets) } else { caller.hear(&octets) }
        }
        must_end(caller);
        must_end(answerer);
    }
}
