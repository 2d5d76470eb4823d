//! What strangers, and servers that have lost their wits, may send.

use super::*;

/// N-PPTP-01: a length of 0, or smaller than the type's header, or any but the type's own.
#[test]
fn n_pptp_01_a_length_that_is_not_the_types_ends_the_stream() {
    for kind in 0_u16..=17 {
        for length in 0_u16..=300 {
            let mut bytes = vec![0; 300];
            bytes[..2].copy_from_slice(&length.to_be_bytes());
            bytes[2..8].copy_from_slice(&[0, 1, 0x1a, 0x2b, 0x3c, 0x4d]);
            bytes[8..10].copy_from_slice(&kind.to_be_bytes());
            let right = length_of(kind) == Some(usize::from(length));
            assert_eq!(Message::first(&bytes).is_ok(), right, "type {kind}, length {length}");
            if !right {
                let mut pair = Pair::up();
                pair.deliver(ANSWERER, Lane::Control, &bytes);
                assert_eq!(pair.failure(ANSWERER), Some(&PptpFailure::NotPptp.into()));
                pair.close(ANSWERER);
                assert_eq!(pair.events[ANSWERER].last(), Some(&LinkEvent::Closed));
            }
        }
    }
}

/// N-PPTP-02: a Call-Clear-Request at any moment, in any pieces, of any call.
#[test]
fn n_pptp_02_a_call_clear_request_of_any_call_is_read_no_further_than_it_reaches() {
    for call in [0, 1, 77, u16::MAX] {
        let bytes = octets(&Message::CallClearRequest { call });
        for cut in 0..bytes.len() {
            let mut pair = Pair::up();
            pair.deliver(ANSWERER, Lane::Control, &bytes[..cut]);
            assert_eq!(pair.failure(ANSWERER), None, "{cut} octets say nothing yet");
            pair.deliver(ANSWERER, Lane::Control, &bytes[cut..]);
            assert_eq!(pair.failure(ANSWERER), Some(&PptpFailure::Cleared.into()));
        }
        // Before there is a call it does not fit.
        let terms = PptpTerms { host_name: String::new(), call: None };
        let mut answerer = Pptp::answerer(terms, &Seed::from_number(5));
        answerer.open(NOW, &LaneFacts::default());
        answerer.handle_lane(NOW, Lane::Control, &bytes);
        let unfit = LinkEvent::Down(PptpFailure::Unfit.into());
        assert_eq!(answerer.poll_event(), Some(unfit));
    }
}

fn any_message() -> impl Strategy<Value = Vec<u8>> {
    (1_u16..=15, any::<u8>(), 0_u8..4).prop_map(|(kind, fill, code)| {
        let length = length_of(kind).unwrap();
        let mut bytes = vec![fill; length];
        let head = [0, length as u8, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, kind as u8, 0, 0];
        bytes[..12].copy_from_slice(&head);
        // Versions and results that mean something lead further than those that do not.
        if let Some(field) = bytes.get_mut(12..16) {
            field.copy_from_slice(&[1, 0, code, 0]);
        }
        bytes
    })
}

proptest! {
    /// N-PPTP-03: control messages in any order, at either end, and GRE between them.
    #[test]
    fn n_pptp_03_any_order_of_messages_is_survived_and_ends(
        messages in prop::collection::vec((any_message(), any::<bool>(), 0_u8..8), 0..24),
        at in 0_usize..2,
        began: bool,
    ) {
        let mut pair = if began { Pair::up() } else { Pair::new() };
        for (message, is_packet, wait) in messages {
            let lane = if is_packet { Lane::Data } else { Lane::Control };
            pair.deliver(at, lane, &message);
            if wait == 0 {
                pair.now += Duration::from_secs(30);
                let now = pair.now;
                pair.ends[at].handle_timeout(now);
            }
            let mut bytes = Vec::new();
            while pair.ends[at].poll_transmit(&mut bytes).is_some() {}
            prop_assert!(pair.ends[at].queued_bytes() < 4096);
        }
        let now = pair.now;
        pair.ends[at].close(now, Farewell::Ordinary);
        pair.ends[at].handle_timeout(now + Duration::from_secs(1));
        pair.drain(at);
        let closed = pair.events[at].iter().filter(|e| **e == LinkEvent::Closed).count();
        prop_assert_eq!(closed, 1);
        let fell = pair.events[at].iter().filter(|e| matches!(e, LinkEvent::Down(_))).count();
        prop_assert!(fell <= 1);
    }

    #[test]
    fn any_octets_are_survived(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        data: bool,
        at in 0_usize..2,
    ) {
        let mut pair = Pair::up();
        pair.deliver(at, if data { Lane::Data } else { Lane::Control }, &bytes);
        prop_assert!(pair.frames[at].len() <= 1);
    }
}

fn data(call: u16, sequence: u32) -> Vec<u8> {
    written(&Packet {
        call,
        sequence: Some(sequence),
        acknowledged: None,
        payload: &[0, 0x21, sequence as u8],
    })
}

/// The sequence number passes its end and goes on.
#[test]
fn the_sequence_number_wraps_and_packets_go_on_passing() {
    let mut pair = Pair::up();
    let call = 77;
    let last = u32::MAX;
    for sequence in [last - 1, last, 0, 1] {
        pair.deliver(ANSWERER, Lane::Data, &data(call, sequence));
    }
    assert_eq!(pair.frames[ANSWERER].len(), 4);
    // Late ones of before the wrap, and doubles, are dropped; a gap is not waited for.
    for sequence in [last, 1, 0] {
        pair.deliver(ANSWERER, Lane::Data, &data(call, sequence));
    }
    assert_eq!(pair.frames[ANSWERER].len(), 4);
    pair.deliver(ANSWERER, Lane::Data, &data(call, 1000));
    assert_eq!(pair.frames[ANSWERER].len(), 5);
}

#[test]
fn packets_of_another_call_and_after_the_end_are_dropped() {
    let mut pair = Pair::up();
    pair.deliver(ANSWERER, Lane::Data, &data(78, 0));
    assert_eq!(pair.frames[ANSWERER].len(), 0);
    pair.deliver(ANSWERER, Lane::Data, &data(77, 0));
    assert_eq!(pair.frames[ANSWERER].len(), 1);
    let now = pair.now;
    pair.ends[ANSWERER].close(now, Farewell::Ordinary);
    pair.deliver(ANSWERER, Lane::Data, &data(77, 1));
    assert_eq!(pair.frames[ANSWERER].len(), 1);
    assert_eq!(pair.ends[ANSWERER].dropped(), 2);
}

#[test]
fn a_payload_without_a_number_and_a_length_beyond_the_packet_are_refused() {
    let mut bytes = data(77, 5);
    assert!(Packet::parse(&bytes).is_ok());
    bytes[5] += 1;
    assert!(Packet::parse(&bytes).is_err());
    // The bit of the sequence number is taken away: the payload has none.
    let mut bytes = data(77, 5);
    bytes[0] = 0x20;
    assert!(Packet::parse(&bytes).is_err());
    for bit in [0x80_u8, 0x40, 0x08, 0x04] {
        let mut bytes = data(77, 5);
        bytes[0] |= bit;
        assert!(Packet::parse(&bytes).is_err(), "bit {bit:#x} must be zero");
    }
}
