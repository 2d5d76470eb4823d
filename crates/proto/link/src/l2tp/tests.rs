mod hostile;
mod trunk;

use onhook_base::{Duration, Instant, Secret, Seed};
use proptest::prelude::*;
use serde_json::Value;

use super::wire::{Avps, Builder, Datagram, Message, avp, challenge_response, kind};
use super::{L2tp, L2tpFailure, L2tpTerms, Peek};
use crate::captures::udp;
use crate::contract::{Farewell, Lane, LaneFacts, Link, LinkEvent, LinkFailure};

const VECTORS: &str = include_str!("../../tests/vectors/l2tp.json");
const NOW: Instant = Instant::ORIGIN;

fn vectors(prefix: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    let all = all["vectors"].as_array().unwrap().clone();
    all.into_iter().filter(|v| v["id"].as_str().unwrap().starts_with(prefix)).collect()
}

fn vector(id: &str) -> Value {
    vectors(id).remove(0)
}

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap().as_bytes();
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.chunks(2).map(octet).collect()
}

#[test]
fn hidden_values_are_uncovered_and_never_read_past() {
    let mut seen = 0;
    for v in vectors("accel-hidden") {
        let bytes = hex(&v["message"]);
        let Ok(Datagram::Control(control)) = Datagram::parse(&bytes) else { panic!("{v}") };
        let secret = v["secret"].as_str().unwrap().as_bytes();
        let expected = &v["hidden"][0];
        let found = Avps::new(control.avps, Some(secret)).find(|read| {
            read.as_ref()
                .map_or(true, |avp| u64::from(avp.kind) == expected["attribute"].as_u64().unwrap())
        });
        match expected["plain"].as_str() {
            Some(_) => assert_eq!(found.unwrap().unwrap().value, hex(&expected["plain"]), "{v}"),
            None => assert!(found.unwrap().is_err(), "{v}"),
        }
        seen += 1;
    }
    assert_eq!(seen, 12);
}

#[test]
fn the_proof_of_the_secret_is_the_published_one() {
    for (id, kind) in
        [("derived-challenge-response-sccrp", 2), ("derived-challenge-response-scccn", 3)]
    {
        let v = vector(id);
        let secret = v["secret"].as_str().unwrap().as_bytes();
        let response = challenge_response(kind, secret, &hex(&v["challenge"]));
        assert_eq!(response[..], hex(&v["response"]));
    }
}

#[test]
fn published_avps_are_read_and_written() {
    let message = Message::parse(&hex(&vector("go-l2tp-avps-stopccn")["avps"]), None).unwrap();
    assert_eq!((message.kind, message.assigned_tunnel), (kind::STOP_CCN, Some(0x5f2b)));
    assert_eq!(message.result.unwrap().result, 1);
    let written = Builder::message(1, 0, kind::STOP_CCN)
        .result(1, 0)
        .u16(true, avp::ASSIGNED_TUNNEL, 0x5f2b)
        .finish();
    assert_eq!(written[12..], hex(&vector("go-l2tp-avps-stopccn")["avps"]));
    let message = Message::parse(&hex(&vector("go-l2tp-avps-sccrq")["avps"]), None).unwrap();
    assert_eq!((message.kind, message.version), (kind::SCCRQ, Some((1, 0))));
    let v = vector("go-l2tp-result-code-with-text");
    let avps = [&[0x80, 8, 0, 0, 0, 0, 0, 4][..], &hex(&v["avps"])].concat();
    let result = Message::parse(&avps, None).unwrap().result.unwrap();
    assert_eq!((result.result, result.error, result.text.as_str()), (2, 3, "Invalid Argument"));
    let avps = [&[0x80, 8, 0, 0, 0, 0, 0, 6][..], &hex(&vector("go-l2tp-vendor")["avps"])].concat();
    assert_eq!(Message::parse(&avps, None).unwrap().not_understood, Some(0));
}

#[test]
fn control_headers_without_their_flags_are_refused() {
    let cases = &vector("scapy-headers")["cases"];
    assert!(Datagram::parse(&hex(&cases[0]["hex"])).is_err());
    let data = hex(&cases[1]["hex"]);
    assert!(matches!(Datagram::parse(&data), Ok(Datagram::Data(data)) if data.payload.is_empty()));
}

#[test]
fn a_windows_pc_and_its_server_are_understood() {
    let capture = include_bytes!("../../tests/captures/l2tp-windows-pc-pap.pcap");
    let (mut kinds, mut data) = (Vec::new(), 0);
    for datagram in udp(capture, 1701) {
        match Datagram::parse(&datagram).unwrap() {
            Datagram::Data(read) => {
                data += 1;
                assert!(!read.payload.is_empty());
            }
            Datagram::Control(control) if control.avps.is_empty() => {
                let again =
                    Builder::header(control.tunnel, control.session, control.ns, control.nr);
                assert_eq!(again.finish(), datagram);
            }
            Datagram::Control(control) => {
                let message = Message::parse(control.avps, None).unwrap();
                assert_eq!(message.not_understood, None);
                kinds.push(message.kind);
                // Written from what was read, it is the same to the octet.
                let mut again =
                    Builder::header(control.tunnel, control.session, control.ns, control.nr);
                for avp in Avps::new(control.avps, None).map(Result::unwrap) {
                    if avp.vendor != 0 {
                        break;
                    }
                    again = again.bytes(avp.mandatory, avp.kind, &avp.value);
                }
                let again = again.finish();
                assert_eq!(again[12..], datagram[12..again.len()]);
            }
        }
    }
    for kind in [kind::SCCRQ, kind::SCCRP, kind::SCCCN, kind::ICRQ, kind::ICRP, kind::ICCN] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    assert!(data > 20, "{data}");
}

#[test]
fn data_alone_is_understood_and_version_3_is_not() {
    let data = udp(include_bytes!("../../tests/captures/l2tp-data-only.pcap"), 1701);
    assert_eq!(data.len(), 8);
    assert!(data.iter().all(|d| matches!(Datagram::parse(d), Ok(Datagram::Data(_)))));
    let three = udp(include_bytes!("../../tests/captures/l2tpv3-udp.cap"), 1701);
    assert!(!three.is_empty());
    assert!(three.iter().all(|d| Datagram::parse(d).is_err()));
}

/// Both ends of a tunnel and what is between them.
struct Pair {
    now: Instant,
    ends: [L2tp; 2],
    events: [Vec<LinkEvent>; 2],
    frames: [Vec<Vec<u8>>; 2],
    /// Datagrams sent so far, by whom.
    sent: Vec<usize>,
    /// Which of them are lost, by number.
    lost: Vec<usize>,
    /// Every datagram comes twice.
    twice: bool,
}

const CALLER: usize = 0;
const ANSWERER: usize = 1;

fn terms(secret: Option<&str>) -> L2tpTerms {
    let secret = secret.map(|s| Secret::new(s.to_owned()));
    L2tpTerms { host_name: "test".to_owned(), secret, tunnel: None }
}

impl Pair {
    fn new(callers: Option<&str>, answerers: Option<&str>) -> Self {
        let mut pair = Self {
            now: NOW,
            ends: [
                L2tp::caller(terms(callers), &Seed::from_number(1)),
                L2tp::answerer(terms(answerers), &Seed::from_number(2)),
            ],
            events: [Vec::new(), Vec::new()],
            frames: [Vec::new(), Vec::new()],
            sent: Vec::new(),
            lost: Vec::new(),
            twice: false,
        };
        let now = pair.now;
        pair.ends.iter_mut().for_each(|end| end.open(now, &LaneFacts::default()));
        pair
    }

    fn up() -> Self {
        let mut pair = Self::new(None, None);
        pair.settle();
        assert_eq!(pair.events, [vec![LinkEvent::Up], vec![LinkEvent::Up]]);
        pair.events = Default::default();
        pair
    }

    fn drain(&mut self, at: usize) {
        while let Some(event) = self.ends[at].poll_event() {
            self.events[at].push(event);
        }
        while let Some(frame) = self.ends[at].poll_frame(self.now) {
            self.frames[at].push(frame.to_vec());
        }
    }

    /// Until nobody has anything to say.
    fn settle(&mut self) {
        loop {
            let mut idle = true;
            for from in [CALLER, ANSWERER] {
                let mut bytes = Vec::new();
                while self.ends[from].poll_transmit(&mut bytes).is_some() {
                    idle = false;
                    let number = self.sent.len();
                    self.sent.push(from);
                    if self.lost.contains(&number) {
                        continue;
                    }
                    for _ in 0..1 + usize::from(self.twice) {
                        self.ends[1 - from].handle_lane(self.now, Lane::Control, &bytes);
                        self.drain(1 - from);
                    }
                }
                self.drain(from);
            }
            if idle {
                return;
            }
        }
    }

    /// Lets time pass until both are at rest, and no longer than `most`.
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

    fn failure(&self, at: usize) -> Option<&LinkFailure> {
        self.events[at].iter().find_map(|event| match event {
            LinkEvent::Down(failure) => Some(failure),
            _ => None,
        })
    }

    fn close(&mut self, at: usize) {
        let now = self.now;
        self.ends[at].close(now, Farewell::Ordinary);
        self.settle();
    }
}

#[test]
fn a_call_is_up_after_two_round_trips() {
    let mut pair = Pair::new(None, None);
    pair.settle();
    assert_eq!(pair.events, [vec![LinkEvent::Up], vec![LinkEvent::Up]]);
    // Request; reply; connected and call; call's reply; call connected; the last acknowledgement.
    assert_eq!(pair.sent, [CALLER, ANSWERER, CALLER, CALLER, ANSWERER, CALLER, ANSWERER]);
    assert_eq!(pair.now, NOW);
}

#[test]
fn frames_pass_both_ways_as_they_are() {
    let mut pair = Pair::up();
    pair.send(CALLER, b"one");
    pair.send(ANSWERER, b"two");
    assert_eq!(pair.frames[ANSWERER], [b"\x00\x21one".to_vec()]);
    assert_eq!(pair.frames[CALLER], [b"\x00\x21two".to_vec()]);
}

#[test]
fn any_datagram_of_the_handshake_may_be_lost() {
    for lost in 0..7 {
        let mut pair = Pair::new(None, None);
        pair.lost = vec![lost];
        pair.pass(Duration::from_secs(10));
        assert_eq!(pair.events, [vec![LinkEvent::Up], vec![LinkEvent::Up]], "without {lost}");
    }
}

#[test]
fn what_comes_twice_counts_once() {
    let mut pair = Pair::new(None, None);
    pair.twice = true;
    pair.settle();
    assert_eq!(pair.events, [vec![LinkEvent::Up], vec![LinkEvent::Up]]);
}

#[test]
fn both_ends_prove_that_they_know_the_secret() {
    let mut pair = Pair::new(Some("looking-glass"), Some("looking-glass"));
    pair.settle();
    assert_eq!(pair.events, [vec![LinkEvent::Up], vec![LinkEvent::Up]]);
}

#[test]
fn who_does_not_know_the_secret_is_refused() {
    let mut pair = Pair::new(Some("looking-glass"), Some("wonderland"));
    pair.settle();
    assert_eq!(pair.failure(CALLER), Some(&L2tpFailure::NotProven.into()));
    let Some(LinkFailure::L2tp(L2tpFailure::TunnelStopped { result, .. })) = pair.failure(ANSWERER)
    else {
        panic!("{:?}", pair.events);
    };
    assert_eq!(*result, 4);
    let mut pair = Pair::new(None, Some("wonderland"));
    pair.settle();
    assert_eq!(pair.failure(CALLER), Some(&L2tpFailure::SecretWanted.into()));
    let mut pair = Pair::new(Some("wonderland"), None);
    pair.settle();
    assert_eq!(pair.failure(ANSWERER), Some(&L2tpFailure::SecretWanted.into()));
}

#[test]
fn a_hang_up_is_told_acknowledged_and_over_in_one_round_trip() {
    for who in [CALLER, ANSWERER] {
        let mut pair = Pair::up();
        pair.close(who);
        assert_eq!(pair.events[who], [LinkEvent::Closed]);
        let Some(LinkFailure::L2tp(L2tpFailure::CallEnded { result, .. })) = pair.failure(1 - who)
        else {
            panic!("{:?}", pair.events);
        };
        assert_eq!(*result, 3);
        pair.close(1 - who);
        pair.settle();
        assert_eq!(pair.events[1 - who].last(), Some(&LinkEvent::Closed));
        assert!(pair.ends.iter().all(|end| end.poll_timeout().is_none()), "no timer runs");
        assert_eq!(pair.now, NOW);
    }
}

#[test]
fn the_farewell_to_a_silent_peer_ends_in_a_second() {
    let mut pair = Pair::up();
    let sent = pair.sent.len();
    pair.lost = (sent..sent + 100).collect();
    pair.close(CALLER);
    assert_eq!(pair.events[CALLER], []);
    pair.pass(Duration::from_secs(1));
    assert_eq!(pair.events[CALLER], [LinkEvent::Closed]);
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let mut pair = Pair::new(None, None);
    pair.lost = (0..100).collect();
    pair.pass(Duration::from_secs(60));
    assert_eq!(pair.failure(CALLER), Some(&L2tpFailure::Unanswered.into()));
    assert_eq!(pair.sent.len(), 6, "one request and five repetitions");
    pair.close(CALLER);
    assert_eq!(pair.events[CALLER].last(), Some(&LinkEvent::Closed));
}

#[test]
fn a_quiet_peer_is_asked_and_a_dead_one_noticed() {
    let mut pair = Pair::up();
    let sent = pair.sent.len();
    pair.pass(Duration::from_secs(200));
    assert!(pair.sent.len() > sent + 3, "hellos and their acknowledgements");
    assert_eq!(pair.events, <[Vec<LinkEvent>; 2]>::default());
    pair.lost = (pair.sent.len()..pair.sent.len() + 100).collect();
    pair.pass(Duration::from_secs(100));
    assert_eq!(pair.failure(CALLER), Some(&L2tpFailure::Unanswered.into()));
}

#[test]
fn numbered_data_in_disorder_is_left_out() {
    let mut pair = Pair::up();
    let (tunnel, session) = {
        pair.ends[CALLER].send_frame(NOW, 0x21, b"x");
        let mut bytes = Vec::new();
        pair.ends[CALLER].poll_transmit(&mut bytes).unwrap();
        let Ok(Datagram::Data(data)) = Datagram::parse(&bytes) else { panic!() };
        (data.tunnel, data.session)
    };
    for ns in [0_u16, 2, 1, 3, 3] {
        let mut bytes = Vec::new();
        super::wire::push_data_header(&mut bytes, tunnel, session, Some(ns));
        bytes.extend([0xff, 3, 0, 0x21, u8::try_from(ns).unwrap()]);
        pair.ends[ANSWERER].handle_lane(NOW, Lane::Control, &bytes);
        pair.drain(ANSWERER);
    }
    let taken: Vec<_> = pair.frames[ANSWERER].iter().map(|f| f[2]).collect();
    assert_eq!(taken, [0, 2, 3]);
    // Who numbers its own wants ours numbered.
    pair.frames = Default::default();
    pair.send(ANSWERER, b"y");
    assert_eq!(pair.frames[CALLER], [b"\x00\x21y".to_vec()]);
}

#[test]
fn nothing_of_a_call_that_has_ended_passes() {
    let mut pair = Pair::up();
    pair.close(CALLER);
    pair.send(CALLER, b"late");
    pair.ends[ANSWERER].send_frame(NOW, 0x21, b"late");
    pair.settle();
    assert_eq!(pair.frames, <[Vec<Vec<u8>>; 2]>::default());
}

#[test]
fn a_message_for_another_tunnel_or_call_changes_nothing() {
    let mut pair = Pair::up();
    let bye = |tunnel, session, kind| {
        Builder::message(tunnel, session, kind)
            .result(1, 0)
            .u16(true, avp::ASSIGNED_SESSION, 9)
            .finish()
    };
    let tunnel = pair.ends[CALLER].tunnel.number;
    for bytes in [
        bye(tunnel ^ 1, 0, kind::STOP_CCN),
        bye(tunnel, pair.ends[CALLER].session.number ^ 1, kind::CDN),
        bye(0, 0, kind::STOP_CCN),
    ] {
        pair.ends[CALLER].handle_lane(NOW, Lane::Control, &bytes);
        pair.settle();
    }
    assert_eq!(pair.events, <[Vec<LinkEvent>; 2]>::default());
}

#[test]
fn a_second_call_in_the_tunnel_is_refused_and_the_first_stays() {
    let mut pair = Pair::up();
    let message = Builder::message(pair.ends[ANSWERER].tunnel.number, 0, kind::ICRQ)
        .u16(true, avp::ASSIGNED_SESSION, 77)
        .u32(avp::CALL_SERIAL_NUMBER, 2);
    pair.ends[CALLER].tunnel.say(NOW, message);
    let mut bytes = Vec::new();
    pair.ends[CALLER].poll_transmit(&mut bytes).unwrap();
    pair.ends[ANSWERER].handle_lane(NOW, Lane::Control, &bytes);
    pair.ends[ANSWERER].poll_transmit(&mut bytes).unwrap();
    let Ok(Datagram::Control(control)) = Datagram::parse(&bytes) else { panic!() };
    let refusal = Message::parse(control.avps, None).unwrap();
    assert_eq!((control.session, refusal.kind, refusal.result.unwrap().result), (77, kind::CDN, 4));
    pair.send(CALLER, b"still there");
    assert_eq!(pair.frames[ANSWERER].len(), 1);
}

#[test]
fn a_listener_sees_whose_a_datagram_is() {
    let mut caller = L2tp::caller(terms(None), &Seed::from_number(7));
    caller.open(NOW, &LaneFacts::default());
    let mut bytes = Vec::new();
    caller.poll_transmit(&mut bytes).unwrap();
    assert_eq!(Peek::at(&bytes), Some(Peek::Request { assigned_tunnel: caller.tunnel.number }));
    let zlb = Builder::header(5, 0, 1, 2).finish();
    let expected = Peek::Control { tunnel: 5, wants_acknowledgement: false, ns: 1 };
    assert_eq!(Peek::at(&zlb), Some(expected));
    assert_eq!(Peek::at(b"\x00\x03"), None);
}

proptest! {
    /// An AVP whose length is shorter than its header, or longer than the message, ends the reading;
    /// whatever comes, nothing stumbles, and nothing loops.
    #[test]
    fn no_datagram_makes_it_stumble(
        datagrams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 0..20),
        heads in proptest::collection::vec(0_u8..6, 20),
    ) {
        let mut pair = Pair::up();
        for (datagram, head) in datagrams.iter().zip(heads) {
            let tunnel = pair.ends[CALLER].tunnel.number;
            let session = pair.ends[CALLER].session.number;
            // Structure gets deeper than octets alone.
            let bytes = match head {
                0 => datagram.clone(),
                1 => [&Builder::header(tunnel, 0, 4, 4).finish()[..], datagram].concat(),
                n => {
                    let kind = u16::from(n).wrapping_mul(3);
                    let at = |at| u16::from(datagram.get(at).copied().unwrap_or(at as u8));
                    let mut m = Builder::message(tunnel, session, kind).result(at(0), at(1));
                    m = m.bytes(at(2) & 1 == 1, at(3), datagram);
                    m.finish()
                }
            };
            pair.ends[CALLER].handle_lane(NOW, Lane::Control, &bytes);
            pair.settle();
            Peek::at(&bytes);
        }
        pair.close(CALLER);
        pair.pass(Duration::from_secs(2));
        prop_assert_eq!(pair.events[CALLER].last(), Some(&LinkEvent::Closed));
    }
}
