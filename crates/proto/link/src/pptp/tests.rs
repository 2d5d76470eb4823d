mod hostile;

use onhook_base::{Duration, Instant, Seed};
use proptest::prelude::*;
use serde_json::Value;

use super::gre::{Packet, push_header};
use super::wire::{Message, Start, length_of};
use super::{Pptp, PptpFailure, PptpTerms, call_number};
use crate::captures::ipv4;
use crate::contract::{Farewell, FrameTerms, Lane, LaneFacts, Link, LinkEvent, LinkFailure};

const VECTORS: &str = include_str!("../../tests/vectors/pptp.json");
const NOW: Instant = Instant::ORIGIN;
const CALLER: usize = 0;
const ANSWERER: usize = 1;

fn vectors() -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    all["vectors"].as_array().unwrap().clone()
}

fn vector(id: &str) -> Value {
    vectors().into_iter().find(|v| v["id"] == id).unwrap()
}

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap().as_bytes();
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.chunks(2).map(octet).collect()
}

fn octets(message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    message.emit(&mut out);
    out
}

fn read(bytes: &[u8]) -> Message {
    let (message, length) = Message::first(bytes).unwrap().unwrap();
    assert_eq!(length, bytes.len());
    message
}

#[test]
fn published_control_messages_are_read_and_written() {
    let mut seen = 0;
    for v in vectors() {
        let streams = match (&v["tcp"], v["packets"].as_object()) {
            (Value::String(_), _) => vec![v["tcp"].clone()],
            (_, Some(packets)) => packets.values().cloned().collect(),
            _ => continue,
        };
        for stream in streams {
            let stream = hex(&stream);
            assert_eq!(octets(&read(&stream)), stream, "{v}");
            seen += 1;
        }
    }
    assert_eq!(seen, 14);
    let Message::OutgoingCallRequest(call) = read(&hex(&vector("ms-ptpt-4-ocrq")["tcp"])) else {
        panic!("the type is 7");
    };
    assert_eq!((call.call, call.slowest, call.fastest), (64234, 300, 100_000_000));
    assert_eq!((call.bearer, call.framing, call.window), (3, 3, 64));
    let reply = read(&hex(&vector("capture-outgoing-call-reply")["tcp"]));
    let Message::OutgoingCallReply(reply) = reply else { panic!("the type is 8") };
    assert_eq!((reply.call, reply.peer_call, reply.result), (24, 1, 1));
}

#[test]
fn published_packets_are_read_and_written() {
    for id in ["scapy-gre-lcp", "scapy-gre-echo-ack"] {
        let v = vector(id);
        let packet = &hex(&v["ip_packet"])[20..];
        let gre = Packet::parse(packet).unwrap();
        let told = &v["gre"];
        assert_eq!(u64::from(gre.call), told["call_id"].as_u64().unwrap());
        assert_eq!(gre.sequence.map(u64::from), told["sequence"].as_u64());
        assert_eq!(gre.acknowledged.map(u64::from), told["ack"].as_u64());
        assert_eq!(gre.payload, hex(&v["ppp"]));
        assert_eq!(written(&gre), packet);
    }
}

fn written(packet: &Packet<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let length = packet.payload.len();
    push_header(&mut out, packet.call, packet.sequence, packet.acknowledged, length);
    out.extend_from_slice(packet.payload);
    out
}

#[test]
fn packets_of_captured_calls_are_read_and_written_to_the_octet() {
    for (capture, data, alone) in [
        (&include_bytes!("../../tests/captures/pptp-full-pap.cap")[..], 15, 2),
        (include_bytes!("../../tests/captures/pptp-mppe-data.pcap"), 365, 37),
    ] {
        let (mut with_data, mut acknowledges_only) = (0, 0);
        for bytes in ipv4(capture, 47) {
            let packet = Packet::parse(&bytes).unwrap();
            match packet.sequence {
                Some(_) => with_data += 1,
                None => acknowledges_only += 1,
            }
            assert_eq!(written(&packet), bytes[..written(&packet).len()]);
        }
        assert_eq!((with_data, acknowledges_only), (data, alone));
    }
}

#[test]
fn a_parser_tells_pptps_gre_from_any_other() {
    let capture = include_bytes!("../../tests/captures/gre-mixed.pcap");
    let all = ipv4(capture, 47);
    let ours = all.iter().filter(|bytes| Packet::parse(bytes).is_ok()).count();
    let version_1 = all.iter().filter(|bytes| bytes[1] & 7 == 1).count();
    assert!(ours > 0 && ours == version_1 && ours < all.len(), "{ours} of {}", all.len());
}

/// The payloads of the TCP segments to or from the control port.
fn segments(capture: &[u8]) -> Vec<Vec<u8>> {
    let payload = |bytes: Vec<u8>| {
        let is_ours = bytes[..4].chunks(2).any(|p| p == super::PORT.to_be_bytes());
        let head = usize::from(bytes[12] >> 4) * 4;
        (is_ours && bytes.len() > head).then(|| bytes[head..].to_vec())
    };
    ipv4(capture, 6).into_iter().filter_map(payload).collect()
}

#[test]
fn control_connections_of_captures_are_read_and_written_to_the_octet() {
    let mut kinds = Vec::new();
    for capture in [
        &include_bytes!("../../tests/captures/pptp-full-pap.cap")[..],
        include_bytes!("../../tests/captures/pptp-call-clear.pcap"),
    ] {
        for segment in segments(capture) {
            let mut rest = &segment[..];
            while let Some((message, length)) = Message::first(rest).unwrap() {
                let kind = u16::from_be_bytes([rest[8], rest[9]]);
                let mut expected = rest[..length].to_vec();
                if kind == 15 {
                    // One of the callers leaves what it finds in the reserved octets.
                    expected[14..16].fill(0);
                }
                assert_eq!(octets(&message), expected);
                kinds.push(kind);
                rest = &rest[length..];
            }
            assert!(rest.is_empty(), "messages lie whole in their segments here");
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, [1, 2, 7, 8, 12, 13, 15]);
}

/// Both ends, and what was told of them.
struct Pair {
    ends: [Pptp; 2],
    now: Instant,
    events: [Vec<LinkEvent>; 2],
    frames: [Vec<Vec<u8>>; 2],
    /// Who sent, over which lane.
    sent: Vec<(usize, Lane)>,
    /// No packet of the data lane arrives.
    deaf: bool,
    /// The answerer's control stream comes octet by octet.
    slow: bool,
}

impl Pair {
    fn new() -> Self {
        let terms = |call| PptpTerms { host_name: "onhook".to_owned(), call };
        let mut ends = [
            Pptp::caller(terms(None), &Seed::from_number(1)),
            Pptp::answerer(terms(Some(77)), &Seed::from_number(2)),
        ];
        ends.iter_mut().for_each(|end| end.open(NOW, &LaneFacts::default()));
        Self {
            ends,
            now: NOW,
            events: Default::default(),
            frames: Default::default(),
            sent: Vec::new(),
            deaf: false,
            slow: false,
        }
    }

    fn up() -> Self {
        let mut pair = Self::new();
        pair.settle();
        assert_eq!(pair.events, [vec![LinkEvent::Up], vec![LinkEvent::Up]]);
        pair.events = Default::default();
        pair.sent.clear();
        pair
    }

    fn drain(&mut self, at: usize) {
        let now = self.now;
        while let Some(event) = self.ends[at].poll_event() {
            self.events[at].push(event);
        }
        while let Some(frame) = self.ends[at].poll_frame(now) {
            let frame = frame.to_vec();
            self.frames[at].push(frame);
        }
    }

    fn deliver(&mut self, to: usize, lane: Lane, bytes: &[u8]) {
        let now = self.now;
        let size = if self.slow && lane == Lane::Control { 1 } else { bytes.len().max(1) };
        for piece in bytes.chunks(size) {
            self.ends[to].handle_lane(now, lane, piece);
            self.drain(to);
        }
    }

    fn settle(&mut self) {
        let mut bytes = Vec::new();
        loop {
            let mut idle = true;
            for from in [CALLER, ANSWERER] {
                while let Some(lane) = self.ends[from].poll_transmit(&mut bytes) {
                    idle = false;
                    self.sent.push((from, lane));
                    if !(self.deaf && lane == Lane::Data) {
                        let bytes = bytes.clone();
                        self.deliver(1 - from, lane, &bytes);
                    }
                }
                self.drain(from);
            }
            if idle {
                return;
            }
        }
    }

    fn pass(&mut self, most: Duration) {
        let end = self.now + most;
        self.settle();
        while let Some(next) = self.ends.iter().filter_map(Link::poll_timeout).map(|d| d.at).min() {
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            let now = self.now;
            self.ends.iter_mut().for_each(|end| end.handle_timeout(now));
            self.settle();
        }
        self.now = end;
    }

    fn send(&mut self, from: usize, information: &[u8]) {
        let now = self.now;
        self.ends[from].send_frame(now, 0x0021, information);
        self.settle();
    }

    fn close(&mut self, at: usize) {
        let now = self.now;
        self.ends[at].close(now, Farewell::Ordinary);
        self.settle();
    }

    fn failure(&self, at: usize) -> Option<&LinkFailure> {
        self.events[at].iter().find_map(|event| match event {
            LinkEvent::Down(failure) => Some(failure),
            LinkEvent::Up | LinkEvent::AwaitsCall | LinkEvent::Closed => None,
        })
    }
}

#[test]
fn a_call_is_up_after_two_round_trips() {
    let mut pair = Pair::new();
    pair.settle();
    assert_eq!(pair.events, [vec![LinkEvent::Up], vec![LinkEvent::Up]]);
    let control = |from| (from, Lane::Control);
    assert_eq!(pair.sent, [control(CALLER), control(ANSWERER), control(CALLER), control(ANSWERER)]);
    assert_eq!(pair.now, NOW);
}

#[test]
fn a_stream_may_come_in_any_pieces() {
    let mut pair = Pair::new();
    pair.slow = true;
    pair.settle();
    assert_eq!(pair.events, [vec![LinkEvent::Up], vec![LinkEvent::Up]]);
}

#[test]
fn frames_pass_both_ways_and_acknowledge_each_other() {
    let mut pair = Pair::up();
    pair.send(CALLER, b"one");
    pair.send(ANSWERER, b"two");
    assert_eq!(pair.frames[ANSWERER], [b"\x00\x21one".to_vec()]);
    assert_eq!(pair.frames[CALLER], [b"\x00\x21two".to_vec()]);
    // The answerer's packet has acknowledged the caller's; the caller's acknowledgement goes alone.
    pair.sent.clear();
    pair.pass(Duration::from_secs(1));
    assert_eq!(pair.sent, [(CALLER, Lane::Data)]);
}

#[test]
fn half_a_window_is_acknowledged_at_once() {
    let mut pair = Pair::up();
    for _ in 0..31 {
        pair.send(CALLER, b"much");
    }
    assert!(pair.sent.iter().all(|(from, _)| *from == CALLER));
    pair.send(CALLER, b"much");
    assert_eq!(pair.sent.last(), Some(&(ANSWERER, Lane::Data)));
}

#[test]
fn framing_that_was_agreed_is_used_and_the_peer_is_told_once() {
    let mut pair = Pair::up();
    let terms = FrameTerms {
        protocol_compression: true,
        address_compression: true,
        escape_map: 0,
        peer_mru: 1400,
    };
    pair.ends[CALLER].adopt(terms);
    pair.ends[CALLER].adopt(terms);
    pair.settle();
    assert_eq!(pair.sent, [(CALLER, Lane::Control)]);
    let mut bytes = Vec::new();
    pair.ends[CALLER].send_frame(NOW, 0x0021, b"x");
    assert_eq!(pair.ends[CALLER].poll_transmit(&mut bytes), Some(Lane::Data));
    assert_eq!(Packet::parse(&bytes).unwrap().payload, b"\x21x");
    pair.ends[CALLER].send_frame(NOW, 0xc021, b"x");
    pair.ends[CALLER].poll_transmit(&mut bytes);
    assert_eq!(Packet::parse(&bytes).unwrap().payload, b"\xff\x03\xc0\x21x");
}

#[test]
fn the_caller_hangs_up_and_is_acknowledged() {
    let mut pair = Pair::up();
    pair.close(CALLER);
    assert_eq!(pair.failure(ANSWERER), Some(&PptpFailure::Cleared.into()));
    pair.close(ANSWERER);
    assert_eq!(pair.events[CALLER], [LinkEvent::Closed]);
    assert_eq!(pair.now, NOW, "nobody has waited for a timer");
    // Clear, notified; Stop, and its reply.
    assert_eq!(pair.sent.len(), 4);
}

#[test]
fn the_answerer_hangs_up_and_is_acknowledged() {
    let mut pair = Pair::up();
    pair.close(ANSWERER);
    let ended = PptpFailure::CallEnded { result: 3, error: 0, cause: 0 };
    assert_eq!(pair.failure(CALLER), Some(&ended.into()));
    assert_eq!(pair.events[ANSWERER], [LinkEvent::Closed]);
    pair.close(CALLER);
    assert_eq!(pair.events[CALLER].last(), Some(&LinkEvent::Closed));
    assert_eq!(pair.now, NOW);
}

#[test]
fn a_farewell_that_nobody_answers_ends_after_a_second() {
    for who in [CALLER, ANSWERER] {
        let mut pair = Pair::up();
        pair.ends[who].close(NOW, Farewell::Ordinary);
        let at = pair.ends[who].poll_timeout().unwrap().at;
        assert_eq!(at, NOW + Duration::from_secs(1));
        pair.ends[who].handle_timeout(at);
        pair.drain(who);
        assert_eq!(pair.events[who], [LinkEvent::Closed]);
    }
}

#[test]
fn a_quiet_control_connection_is_asked_and_a_dead_one_noticed() {
    let mut pair = Pair::up();
    pair.send(CALLER, b"hello");
    pair.send(ANSWERER, b"hello");
    pair.pass(Duration::from_secs(300));
    assert_eq!(pair.events, [vec![], vec![]]);
    // The answerer is gone: nobody answers any more.
    let caller = &mut pair.ends[CALLER];
    let mut now = pair.now;
    for _ in 0..2 {
        now = caller.poll_timeout().unwrap().at;
        caller.handle_timeout(now);
    }
    assert_eq!(now, pair.now + Duration::from_secs(120));
    assert_eq!(caller.poll_event(), Some(LinkEvent::Down(PptpFailure::Unanswered.into())));
}

#[test]
fn gre_that_does_not_pass_is_named() {
    let mut pair = Pair::up();
    pair.deaf = true;
    pair.send(CALLER, b"is anybody there");
    pair.pass(Duration::from_secs(19));
    assert_eq!(pair.failure(CALLER), None);
    pair.pass(Duration::from_secs(1));
    assert_eq!(pair.failure(CALLER), Some(&PptpFailure::NothingThroughGre.into()));
    // The call is cleared all the same: the server does not keep it.
    pair.events = Default::default();
    pair.close(CALLER);
    pair.close(ANSWERER);
    assert_eq!(pair.events[CALLER], [LinkEvent::Closed]);
}

#[test]
fn a_second_call_and_a_call_to_us_are_refused_without_harm() {
    let mut pair = Pair::up();
    let Message::OutgoingCallRequest(mut call) = read(&hex(&vector("ms-ptpt-4-ocrq")["tcp"]))
    else {
        panic!("the type is 7");
    };
    call.call = 9;
    let now = pair.now;
    pair.ends[ANSWERER].handle_lane(
        now,
        Lane::Control,
        &octets(&Message::OutgoingCallRequest(call)),
    );
    let mut bytes = Vec::new();
    pair.ends[ANSWERER].poll_transmit(&mut bytes);
    let Message::OutgoingCallReply(reply) = read(&bytes) else { panic!("it is refused") };
    assert_eq!((reply.peer_call, reply.result), (9, 4));
    pair.send(CALLER, b"still there");
    assert_eq!(pair.frames[ANSWERER].len(), 1);
}

#[test]
fn refusals_are_told_with_their_numbers() {
    for (result, error) in [(2, 4), (3, 0), (4, 0), (5, 0)] {
        let mut caller = Pair::new().ends.into_iter().next().unwrap();
        let mut request = Vec::new();
        caller.poll_transmit(&mut request);
        let Message::StartRequest(start) = read(&request) else { panic!("it begins so") };
        let reply = Message::StartReply(Start { result, error, ..start });
        caller.handle_lane(NOW, Lane::Control, &octets(&reply));
        let failure = PptpFailure::StartRefused { result, error };
        assert_eq!(caller.poll_event(), Some(LinkEvent::Down(failure.into())));
        caller.close(NOW, Farewell::Ordinary);
        assert_eq!(caller.poll_event(), Some(LinkEvent::Closed));
    }
}

#[test]
fn a_lost_control_connection_ends_the_call() {
    let mut pair = Pair::up();
    let now = pair.now;
    pair.ends[CALLER].handle_lane_closed(now, Lane::Control);
    pair.drain(CALLER);
    let lost = LinkEvent::Down(LinkFailure::LaneClosed);
    assert_eq!(pair.events[CALLER], [lost, LinkEvent::Closed]);
    // Without its data lane a call is ended in words.
    pair.ends[ANSWERER].handle_lane_closed(now, Lane::Data);
    pair.close(ANSWERER);
    assert_eq!(pair.sent.last(), Some(&(ANSWERER, Lane::Control)));
}

#[test]
fn numbers_of_calls_come_of_the_seed() {
    let seed = Seed::from_number(3);
    let terms = PptpTerms { host_name: String::new(), call: None };
    let mut caller = Pptp::caller(terms, &seed);
    caller.open(NOW, &LaneFacts::default());
    let mut bytes = Vec::new();
    caller.poll_transmit(&mut bytes);
    let Message::StartRequest(start) = read(&bytes) else { panic!("it begins so") };
    let reply = Message::StartReply(Start { result: 1, ..start });
    caller.handle_lane(NOW, Lane::Control, &octets(&reply));
    caller.poll_transmit(&mut bytes);
    let Message::OutgoingCallRequest(call) = read(&bytes) else { panic!("then the call") };
    assert_eq!(call.call, call_number(&seed));
}

proptest! {
    #[test]
    fn any_packet_is_read_as_it_was_written(
        call: u16,
        sequence: Option<u32>,
        acknowledged: Option<u32>,
        payload in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let payload = if sequence.is_some() { &payload[..] } else { &[] };
        let packet = Packet { call, sequence, acknowledged, payload };
        let bytes = written(&packet);
        prop_assert_eq!(Packet::parse(&bytes).unwrap(), packet);
    }

    #[test]
    fn any_body_of_a_message_is_read_and_written_again(kind in 1_u16..=15, fill: u8) {
        let length = length_of(kind).unwrap();
        let mut bytes = vec![fill; length];
        let head = [0, length as u8, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, kind as u8, 0, 0];
        bytes[..12].copy_from_slice(&head);
        let (message, _) = Message::first(&bytes).unwrap().unwrap();
        prop_assert_eq!(read(&octets(&message)), message);
    }
}
