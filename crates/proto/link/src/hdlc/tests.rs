use onhook_base::{Duration, Instant};
use proptest::prelude::*;
use serde_json::Value;

use super::{Deframer, Line, LineTerms, fcs16, fcs32, push_frame};
use crate::contract::{Farewell, FrameTerms, Lane, LaneFacts, Link, LinkEvent, LinkFailure};

const VECTORS: &str = include_str!("../../tests/vectors/hdlc-fcs.json");
const NOW: Instant = Instant::ORIGIN;

fn vectors() -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    all["vectors"].as_array().unwrap().clone()
}

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap().as_bytes();
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.chunks(2).map(octet).collect()
}

fn frames(deframer: &mut Deframer, mut line: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    loop {
        let (read, whole) = deframer.read(line);
        line = &line[read..];
        if !whole {
            assert!(line.is_empty());
            return found;
        }
        found.push(deframer.frame().to_vec());
    }
}

/// The bitwise definition (RFC 1662 §C.1).
fn slow_fcs(bits: u32, polynomial: u32, octets: &[u8]) -> u32 {
    let mut fcs = if bits == 16 { 0xffff } else { 0xffff_ffff };
    for octet in octets {
        fcs ^= u32::from(*octet);
        for _ in 0..8 {
            fcs = if fcs & 1 == 1 { fcs >> 1 ^ polynomial } else { fcs >> 1 };
        }
    }
    fcs
}

#[test]
fn the_check_sequences_are_the_published_ones() {
    assert_eq!(!fcs16(0xffff, b"123456789"), 0x906e);
    assert_eq!(!fcs32(0xffff_ffff, b"123456789"), 0xcbf4_3926);
}

#[test]
fn published_frames_are_read_and_written() {
    let mut seen = 0;
    for v in vectors().iter().filter(|v| v["kind"] == "hdlc-frame") {
        let (wire, whole) = (hex(&v["wire"]), hex(&v["frame_without_fcs"]));
        let frame = whole.strip_prefix(&[0xff, 0x03]).unwrap_or(&whole).to_vec();
        assert_eq!(frames(&mut Deframer::new(1502), &wire), [frame], "{}", v["id"]);
        if v["restuffed_with_accm_ffffffff_equals_wire"] == true {
            let mut out = Vec::new();
            push_frame(&mut out, 0xffff_ffff, &[&whole]);
            assert_eq!(out, wire, "{}", v["id"]);
        }
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn published_streams_give_their_frames_and_nothing_else() {
    let mut seen = 0;
    for v in vectors().iter().filter(|v| v["kind"] == "hdlc-stream") {
        let expected: Vec<Vec<u8>> =
            v["expect_frames"].as_array().unwrap().iter().map(hex).collect();
        let expected: Vec<_> = expected.iter().map(|f| f[2..].to_vec()).collect();
        let mut wire = hex(&v["wire"]);
        // The last frame of one of them is published without its end.
        let found = frames(&mut Deframer::new(1502), &wire);
        if found.len() < expected.len() {
            assert_eq!(found, expected[..found.len()], "{}", v["id"]);
        } else {
            assert_eq!(found, expected, "{}", v["id"]);
        }
        wire.truncate(wire.len() / 2);
        frames(&mut Deframer::new(1502), &wire);
        seen += 1;
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn a_longer_check_sequence_is_taken_without_asking() {
    let frame = b"\xff\x03\xc0\x21\x09\x01\x00\x08\0\0\0\0";
    let mut line = vec![0x7e];
    line.extend_from_slice(frame);
    line.extend((!fcs32(0xffff_ffff, frame)).to_le_bytes());
    line.push(0x7e);
    assert_eq!(frames(&mut Deframer::new(1502), &line), [frame[2..].to_vec()]);
}

#[test]
fn a_frame_longer_than_any_costs_no_more_room_and_the_next_is_read() {
    let mut deframer = Deframer::new(100);
    let mut line = Vec::new();
    push_frame(&mut line, 0, &[&[0x55; 4000]]);
    push_frame(&mut line, 0, &[b"\xc0\x21\x01\x01\x00\x04"]);
    assert_eq!(frames(&mut deframer, &line), [b"\xc0\x21\x01\x01\x00\x04".to_vec()]);
    assert_eq!(deframer.losses().overlong, 1);
}

fn line(calls: bool, greets: bool) -> Line {
    Line::new(LineTerms { calls, greets })
}

/// Lets all that is queued pass from one to the other; what PPP would get.
fn pass(from: &mut Line, to: &mut Line) -> Vec<Vec<u8>> {
    let (mut bytes, mut got) = (Vec::new(), Vec::new());
    while from.poll_transmit(&mut bytes).is_some() {
        to.handle_lane(NOW, Lane::Control, &bytes);
    }
    let _ = to.poll_event().map(|e| assert_eq!(e, LinkEvent::Up));
    while let Some(frame) = to.poll_frame(NOW) {
        got.push(frame.to_vec());
    }
    got
}

#[test]
fn a_line_is_up_at_once_and_frames_as_was_agreed() {
    let (mut a, mut b) = (line(true, false), line(false, false));
    for end in [&mut a, &mut b] {
        end.open(NOW, &LaneFacts::default());
        assert_eq!(end.poll_event(), Some(LinkEvent::Up));
    }
    a.send_frame(NOW, 0xc021, &[1, 1, 0, 4]);
    assert_eq!(pass(&mut a, &mut b), [vec![0xc0, 0x21, 1, 1, 0, 4]]);
    a.adopt(FrameTerms {
        protocol_compression: true,
        address_compression: true,
        escape_map: 0,
        peer_mru: 1500,
    });
    a.send_frame(NOW, 0x0021, &[0, 1, 2, 0x7d, 0x7e]);
    let mut bytes = Vec::new();
    a.poll_transmit(&mut bytes).unwrap();
    // Flag, protocol in one octet, three octets as they are, two escaped, the check, flag.
    assert_eq!(bytes[..9], [0x7e, 0x21, 0, 1, 2, 0x7d, 0x5d, 0x7d, 0x5e]);
    b.handle_lane(NOW, Lane::Control, &bytes);
    assert_eq!(b.poll_frame(NOW).unwrap(), [0x21, 0, 1, 2, 0x7d, 0x7e]);
    // LCP stays as if nothing had been agreed.
    a.send_frame(NOW, 0xc021, &[9, 1, 0, 4]);
    a.poll_transmit(&mut bytes).unwrap();
    assert_eq!(bytes[..5], [0x7e, 0xff, 0x7d, 0x23, 0xc0]);
}

#[test]
fn the_cable_of_windows_is_greeted_until_it_answers() {
    let (mut a, mut b) = (line(true, true), line(false, false));
    a.open(NOW, &LaneFacts::default());
    assert_eq!(a.poll_event(), None);
    let mut bytes = Vec::new();
    a.poll_transmit(&mut bytes).unwrap();
    assert_eq!(bytes, b"CLIENT");
    let again = a.poll_timeout().unwrap().at;
    assert_eq!(again, NOW + Duration::from_secs(1));
    a.handle_timeout(again);
    b.open(NOW, &LaneFacts::default());
    pass(&mut a, &mut b);
    b.poll_transmit(&mut bytes).unwrap();
    assert_eq!(bytes, b"CLIENTSERVER");
    a.handle_lane(NOW, Lane::Control, b"CLIENTSER");
    assert_eq!(a.poll_event(), None);
    a.handle_lane(NOW, Lane::Control, b"VER");
    assert_eq!(a.poll_event(), Some(LinkEvent::Up));
    assert!(a.poll_timeout().is_none());
}

#[test]
fn a_peer_that_begins_with_ppp_needs_no_greeting() {
    let mut a = line(true, true);
    a.open(NOW, &LaneFacts::default());
    a.handle_lane(NOW, Lane::Control, b"\x7e\xff\x7d\x23");
    assert_eq!(a.poll_event(), Some(LinkEvent::Up));
}

#[test]
fn a_lost_carrier_ends_the_line_and_a_close_is_said_once() {
    let mut a = line(true, false);
    a.open(NOW, &LaneFacts::default());
    a.poll_event();
    a.handle_lane_closed(NOW, Lane::Control);
    assert_eq!(a.poll_event(), Some(LinkEvent::Down(LinkFailure::LaneClosed)));
    assert_eq!(a.poll_event(), Some(LinkEvent::Closed));
    a.close(NOW, Farewell::Ordinary);
    a.send_frame(NOW, 0x21, &[1]);
    assert_eq!((a.poll_event(), a.queued_bytes(), a.dropped_frames()), (None, 0, 1));
}

#[test]
fn a_line_slower_than_its_user_loses_packets_and_holds_a_bounded_queue() {
    let mut a = line(true, false);
    a.open(NOW, &LaneFacts::default());
    for _ in 0..1000 {
        a.send_frame(NOW, 0x21, &[0; 1500]);
    }
    assert!(a.queued_bytes() <= 2 * super::machine::MOST_QUEUED);
    assert!(a.dropped_frames() > 0);
}

proptest! {
    #[test]
    fn the_fast_checks_are_the_slow_ones(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(u32::from(fcs16(0xffff, &octets)), slow_fcs(16, 0x8408, &octets));
        prop_assert_eq!(fcs32(0xffff_ffff, &octets), slow_fcs(32, 0xedb8_8320, &octets));
    }

    #[test]
    fn what_is_framed_comes_back_however_the_line_is_cut(
        all in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 2..300), 1..6),
        map in any::<u32>(),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..10),
    ) {
        let mut bytes = Vec::new();
        for frame in &all {
            push_frame(&mut bytes, map, &[b"\xff\x03", frame]);
        }
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let mut deframer = Deframer::new(1502);
        let found: Vec<_> =
            at.windows(2).flat_map(|w| frames(&mut deframer, &bytes[w[0]..w[1]])).collect();
        prop_assert_eq!(found, all);
    }

    #[test]
    fn no_noise_makes_it_stumble(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..8),
    ) {
        let mut end = line(false, false);
        end.open(NOW, &LaneFacts::default());
        end.poll_event();
        for piece in pieces {
            end.handle_lane(NOW, Lane::Control, &piece);
            while end.poll_frame(NOW).is_some() {}
        }
    }
}
