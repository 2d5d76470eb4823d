//! Vectors, and both sides against one another with a pretended TLS: whole proofs, losses, repetitions,
//! and what strangers say.

use std::collections::VecDeque;

use onhook_base::{Chance, Instant, Secret, Seed};
use proptest::prelude::*;

use super::tls::{Arrival, Courier};
use super::wire::{EapPacket, Extensions, Fragment, MsChapV2, kind, parse_inner};
use super::*;
use crate::Given;
use crate::auth::{
    AuthEvent, AuthFailure, Credentials, EapMethod, EapTerms, Proof, Question, Verdict, judge,
};

mod again;

const NOW: Instant = Instant::ORIGIN;
const ROOM: u16 = 1500;
const ALL: [EapMethod; 4] = [EapMethod::Md5, EapMethod::MsChapV2, EapMethod::Tls, EapMethod::Peap];

fn bytes(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn chance(number: u64) -> Chance {
    Seed::from_number(number).chance()
}

fn credentials(user: &str, password: &str) -> Credentials {
    Credentials { user: user.to_owned(), password: Secret::new(password.to_owned()) }
}

fn terms(methods: &[EapMethod]) -> EapTerms {
    EapTerms { methods: methods.to_vec(), pass_through: false }
}

fn peer(methods: &[EapMethod], user: &str, password: &str) -> EapPeer {
    let mut peer =
        EapPeer::new(&terms(methods), Some(credentials(user, password)), ROOM, chance(1));
    peer.start(NOW);
    peer
}

fn authenticator(methods: &[EapMethod]) -> EapAuthenticator {
    let mut machine = EapAuthenticator::new(terms(methods), "srv".into(), ROOM, chance(2));
    machine.start(NOW);
    machine
}

/// TLS as it looks from outside: flights of some size, and words that are not readable on the way.
struct Pretended {
    is_13: bool,
    flight: usize,
    fails: Option<TlsFailure>,
    names: Vec<String>,
    heard: usize,
    open: bool,
}

impl Pretended {
    fn new(is_13: bool, flight: usize) -> Self {
        let names = vec!["alice".to_owned(), "alice@example.net".to_owned()];
        Self { is_13, flight, fails: None, names, heard: 0, open: false }
    }

    fn facts(&self) -> TlsFacts {
        let key_material = Secret::new((0..128).collect());
        TlsFacts { is_13: self.is_13, key_material, names: self.names.clone() }
    }

    fn reply(&mut self, order: TlsOrder) -> TlsReply {
        let mut reply = TlsReply {
            records: Vec::new(),
            heard: Secret::new(Vec::new()),
            state: TlsState::Shaking,
        };
        match (order.ask, order.role) {
            (TlsAsk::Begin { .. }, TlsRole::Client) => reply.records = vec![1; self.flight],
            (TlsAsk::Begin { .. }, TlsRole::Server) => {}
            (TlsAsk::Say(words), _) => {
                assert!(self.open, "words before the tunnel is open");
                reply.records.push(0xff);
                reply.records.extend(words.expose().iter().map(|octet| octet ^ 0x5a));
            }
            (TlsAsk::Hear(flight), role) => {
                assert!(!flight.is_empty());
                self.heard += 1;
                if flight[0] == 21 {
                    let text = "the peer has sent an alert".to_owned();
                    let failure = TlsFailure { fault: TlsFault::Alert(flight[6]), text };
                    reply.state = TlsState::Failed(failure);
                    return reply;
                }
                if flight[0] == 0xff {
                    let words = flight[1..].iter().map(|octet| octet ^ 0x5a).collect();
                    reply.heard = Secret::new(words);
                } else if let Some(failure) = &self.fails {
                    reply.records = vec![21, 3, 3, 0, 2, 2, 45];
                    reply.state = TlsState::Failed(failure.clone());
                    return reply;
                } else {
                    assert_eq!(flight.len(), self.flight, "a flight arrived whole");
                    // Version 1.2: hello, certificates, finished, finished. 1.3 saves the last.
                    let (flights, opens_at) = match (role, self.is_13) {
                        (TlsRole::Server, false) => (2, 2),
                        (TlsRole::Server, true) => (1, 2),
                        (TlsRole::Client, false) => (1, 2),
                        (TlsRole::Client, true) => (1, 1),
                    };
                    if self.heard <= flights {
                        reply.records = vec![2; self.flight];
                    }
                    self.open |= self.heard >= opens_at;
                }
            }
        }
        if self.open {
            reply.state = TlsState::Open(self.facts());
        }
        reply
    }
}

/// Both ends, a line, and what they have told their owners.
struct Call {
    peer: EapPeer,
    machine: EapAuthenticator,
    tls: [Pretended; 2],
    now: Instant,
    password: &'static str,
    ours: Vec<AuthEvent>,
    theirs: Vec<AuthEvent>,
    questions: Vec<Question>,
    packets: usize,
    /// What the owner of the machine says before it judges, and what a person has to give.
    refusals: VecDeque<u32>,
    gives: VecDeque<Given>,
}

impl Call {
    fn new(peer: EapPeer, machine: EapAuthenticator) -> Self {
        let tls = [Pretended::new(false, 3000), Pretended::new(false, 3000)];
        Self {
            peer,
            machine,
            tls,
            now: NOW,
            password: "wonderland1",
            ours: Vec::new(),
            theirs: Vec::new(),
            questions: Vec::new(),
            packets: 0,
            refusals: VecDeque::new(),
            gives: VecDeque::new(),
        }
    }

    fn of(method: EapMethod) -> Self {
        Self::new(peer(&[method], "alice", "wonderland1"), authenticator(&[method]))
    }

    fn with_tls(mut self, is_13: bool, flight: usize) -> Self {
        self.tls = [Pretended::new(is_13, flight), Pretended::new(is_13, flight)];
        self
    }

    fn settle(&mut self) {
        loop {
            let mut idle = true;
            while let Some(order) = self.peer.poll_order() {
                idle = false;
                self.peer.handle_tls(self.tls[0].reply(order));
            }
            while let Some(order) = self.machine.poll_order() {
                idle = false;
                self.machine.handle_tls(self.now, self.tls[1].reply(order));
            }
            while let Some(event) = self.machine.poll_event() {
                idle = false;
                if let AuthEvent::Ask(question) = &event {
                    self.questions.push(question.clone());
                    let verdict = match question.proof() {
                        Proof::Certificate { .. } => {
                            Verdict::Accept { message: Vec::new(), keys: None }
                        }
                        _ => self.judge(question),
                    };
                    self.machine.answer(self.now, verdict);
                }
                self.theirs.push(event);
            }
            while let Some(event) = self.peer.poll_event() {
                idle = false;
                if let AuthEvent::Waiting { .. } = event
                    && let Some(given) = self.gives.pop_front()
                {
                    assert!(self.peer.give(self.now, given));
                }
                self.ours.push(event);
            }
            if idle {
                return;
            }
        }
    }

    /// By the password, or by a new one that is told by who knows it.
    fn judge(&mut self, question: &Question) -> Verdict {
        if let Some(code) = self.refusals.pop_front() {
            return Verdict::Reject { code, retry: true, message: "no".to_owned() };
        }
        let password = Secret::new(self.password.to_owned());
        let new = question.new_password(&password);
        match judge(question, new.as_ref().unwrap_or(&password)) {
            Verdict::Reject { code, message, .. } => Verdict::Reject { code, retry: true, message },
            verdict => verdict,
        }
    }

    /// Lets packets pass while `passes` says so of their number.
    fn run(&mut self, mut passes: impl FnMut(usize) -> usize) {
        for _ in 0..4000 {
            self.settle();
            let mut packet = Vec::new();
            let mut moved = false;
            while self.machine.poll_packet(&mut packet) {
                moved = true;
                self.packets += 1;
                assert!(packet.len() <= usize::from(ROOM));
                for _ in 0..passes(self.packets) {
                    self.peer.handle_packet(self.now, &packet);
                    self.settle();
                }
            }
            while self.peer.poll_packet(&mut packet) {
                moved = true;
                self.packets += 1;
                assert!(packet.len() <= usize::from(ROOM));
                for _ in 0..passes(self.packets) {
                    self.machine.handle_packet(self.now, &packet);
                    self.settle();
                }
            }
            if moved {
                continue;
            }
            let next = [self.peer.poll_timeout(), self.machine.poll_timeout()];
            let Some(next) = next.into_iter().flatten().map(|d| d.at).min() else { return };
            self.now = next;
            self.peer.handle_timeout(next);
            self.machine.handle_timeout(next);
        }
        panic!("it never ends");
    }

    fn done(events: &[AuthEvent]) -> Option<(Option<Keys>, bool, Option<String>)> {
        events.iter().find_map(|event| match event {
            AuthEvent::Done { keys, peer_proven, name } => {
                Some((keys.clone(), *peer_proven, name.clone()))
            }
            _ => None,
        })
    }

    fn failure(events: &[AuthEvent]) -> Option<AuthFailure> {
        events.iter().find_map(|event| match event {
            AuthEvent::Failed(failure) => Some(failure.clone()),
            _ => None,
        })
    }
}

#[test]
fn published_packets_are_read_and_written_alike() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/vectors/eap.json")).unwrap();
    let mut seen = 0;
    let mut check = |text: &str| {
        let octets = bytes(text);
        assert_eq!(EapPacket::parse(&octets).unwrap().emit(), octets, "{text}");
        seen += 1;
    };
    for vector in file["vectors"].as_array().unwrap() {
        for member in ["eap", "request", "response"] {
            if let Some(text) = vector[member].as_str() {
                check(text);
            }
        }
        for packet in vector["packets"].as_object().into_iter().flat_map(|all| all.values()) {
            check(packet.as_str().unwrap());
        }
    }
    assert_eq!(seen, 14);
    let nak = bytes("02f10009030d15192b");
    let wanted = EapPacket::Response { id: 0xf1, kind: kind::NAK, data: &[13, 21, 25, 43] };
    assert_eq!(EapPacket::parse(&nak), Ok(wanted));
    let start = bytes("010100060d20");
    let Ok(EapPacket::Request { kind: 13, data, .. }) = EapPacket::parse(&start) else { panic!() };
    assert!(Fragment::parse(data).unwrap().start);
}

#[test]
fn md5_answers_as_the_vector_says() {
    let mut peer = peer(&[EapMethod::Md5], "User", "MyPw");
    peer.handle_packet(NOW, &bytes("010700190410102db5df085d3041aabbccddeeff0011737276"));
    let mut packet = Vec::new();
    assert!(peer.poll_packet(&mut packet));
    assert_eq!(packet, bytes("0207001a041025c3d3683185519496ff6db90bf0c6ba55736572"));
}

#[test]
fn mschapv2_packets_are_those_of_the_vector() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/vectors/eap.json")).unwrap();
    let all = &file["vectors"].as_array().unwrap()[5]["packets"];
    let octets = |name: &str| bytes(all[name].as_str().unwrap());
    for name in ["challenge_request", "success_request", "failure_request"] {
        let data = octets(name)[5..].to_vec();
        assert_eq!(MsChapV2::parse_request(&data).unwrap().emit(), data, "{name}");
    }
    for name in ["challenge_response", "success_response", "failure_response"] {
        let data = octets(name)[5..].to_vec();
        assert_eq!(MsChapV2::parse_response(&data).unwrap().emit(), data, "{name}");
    }
    // The server that knows the password of RFC 2759 §9.2 takes the Response, and makes the same proof.
    let (ask, answer) = (octets("challenge_request"), octets("challenge_response"));
    let (
        Ok(MsChapV2::Challenge { id, challenge, .. }),
        Ok(MsChapV2::Response { peer, response, .. }),
    ) = (MsChapV2::parse_request(&ask[5..]), MsChapV2::parse_response(&answer[5..]))
    else {
        panic!()
    };
    let proof = Proof::MsChapV2 { identifier: id, authenticator: challenge, peer, response };
    let verdict =
        judge(&Question::new("User".into(), proof), &Secret::new("clientPass".to_owned()));
    let Verdict::Accept { message, keys } = verdict else { panic!() };
    let told = octets("success_request");
    assert_eq!(message[..42], told[9..51]);
    // MSK, its first half: RFC 3079's keys in the order of the caller's send and receive.
    let msk = "d5f0e9521e3ea9589645e86051c822268b7cdc149b993a1ba118cb153f56dccb";
    let keys = keys.unwrap();
    assert_eq!([keys.send.expose().clone(), keys.receive.expose().clone()].concat(), bytes(msk));
}

#[test]
fn every_method_proves_and_both_ends_have_the_same_keys() {
    for method in ALL {
        for (is_13, flight) in [(false, 200), (false, 9000), (true, 200), (true, 9000)] {
            let mut call = Call::of(method).with_tls(is_13, flight);
            call.run(|_| 1);
            let (ours, theirs) =
                (Call::done(&call.ours).unwrap(), Call::done(&call.theirs).unwrap());
            assert_eq!(ours.0, theirs.0, "{method}");
            assert_eq!(ours.0.is_some(), method != EapMethod::Md5);
            assert_eq!(ours.1, method != EapMethod::Md5, "the server was proved");
            assert_eq!(theirs.2.as_deref(), Some("alice"));
        }
    }
}

#[test]
fn a_wrong_password_is_refused_with_its_number() {
    for method in [EapMethod::Md5, EapMethod::MsChapV2, EapMethod::Peap] {
        let mut call = Call::of(method);
        call.password = "another";
        call.run(|_| 1);
        let code = (method != EapMethod::Md5).then_some(691);
        let refused = |code| AuthFailure::Refused { code, retry: false, message: String::new() };
        assert_eq!(Call::failure(&call.ours), Some(refused(code)), "{method}");
        assert_eq!(Call::failure(&call.theirs), Some(refused(Some(691))));
        assert_eq!(Call::done(&call.ours), None);
    }
}

#[test]
fn methods_are_agreed_on_by_nak() {
    for (offered, wanted, agreed) in [
        (&ALL[..], &[EapMethod::Peap][..], true),
        (&[EapMethod::Md5, EapMethod::Peap, EapMethod::MsChapV2], &[EapMethod::MsChapV2], true),
        (&[EapMethod::Tls, EapMethod::Peap], &[EapMethod::MsChapV2, EapMethod::Md5], false),
        (&[], &[EapMethod::Md5], false),
    ] {
        let mut call = Call::new(peer(wanted, "alice", "wonderland1"), authenticator(offered));
        call.run(|_| 1);
        assert_eq!(Call::done(&call.ours).is_some(), agreed, "{offered:?} {wanted:?}");
        assert_eq!(Call::done(&call.theirs).is_some(), agreed);
        if !agreed {
            let theirs = Call::failure(&call.theirs);
            let common =
                matches!(theirs, Some(AuthFailure::Eap(EapFailure::NoCommonMethod { .. })));
            assert!(common, "{theirs:?}");
        }
    }
}

#[test]
fn each_packet_lost_once_or_said_twice_changes_nothing_but_the_time() {
    for method in ALL {
        let mut whole = Call::of(method);
        whole.run(|_| 1);
        for place in 1..=whole.packets {
            for times in [0, 2] {
                let mut call = Call::of(method);
                call.run(|number| if number == place { times } else { 1 });
                if Call::done(&call.ours).is_none() {
                    // The Success itself was lost: the network speaks for it.
                    assert_eq!((place, times), (whole.packets, 0), "{method} at {place}");
                }
                assert!(Call::done(&call.theirs).is_some(), "{method} at {place}");
                assert_eq!(call.questions.len(), whole.questions.len(), "asked once");
            }
        }
    }
}

#[test]
fn a_lost_success_is_made_up_for_by_the_network() {
    for method in ALL {
        let mut whole = Call::of(method);
        whole.run(|_| 1);
        let last = whole.packets;
        let mut call = Call::of(method);
        let mut early = Call::of(method);
        assert!(!early.peer.network_has_begun(), "not before anything was proved");
        early.settle();
        for number in 1..=last {
            call.settle();
            let mut packet = Vec::new();
            if number % 2 == 1 && number < last {
                assert!(call.machine.poll_packet(&mut packet), "{method} {number}");
                call.peer.handle_packet(NOW, &packet);
            } else if number < last {
                assert!(call.peer.poll_packet(&mut packet), "{method} {number}");
                call.machine.handle_packet(NOW, &packet);
            }
        }
        call.settle();
        assert!(Call::done(&call.ours).is_none());
        assert!(call.peer.network_has_begun(), "{method}");
        call.settle();
        assert!(Call::done(&call.ours).is_some());
        assert!(!call.peer.network_has_begun());
    }
}

/// Drives a call up to a number of packets, and gives the next Request that the peer would hear.
fn at(method: EapMethod, packets: usize) -> Call {
    let mut call = Call::of(method);
    for number in 0..packets {
        call.settle();
        let mut packet = Vec::new();
        if number % 2 == 0 {
            if call.machine.poll_packet(&mut packet) {
                call.peer.handle_packet(NOW, &packet);
            }
        } else if call.peer.poll_packet(&mut packet) {
            call.machine.handle_packet(NOW, &packet);
        }
    }
    call.settle();
    call
}

// N-EAP-06
#[test]
fn n_eap_06_a_success_or_failure_at_any_step_lets_nobody_in() {
    for method in ALL {
        let mut whole = Call::of(method);
        whole.run(|_| 1);
        for step in 0..whole.packets - 1 {
            let now = at(method, step).machine.id();
            for id in (0..10).map(|n| now.wrapping_add(n).wrapping_sub(5)) {
                let mut call = at(method, step);
                call.peer.handle_packet(NOW, &EapPacket::Success { id }.emit());
                call.settle();
                if let Some((keys, proven, _)) = Call::done(&call.ours) {
                    // Only when all was proved, and nothing but this word was lacking.
                    assert_eq!(keys.is_some(), method != EapMethod::Md5, "{method} at {step}");
                    assert_eq!(proven, method != EapMethod::Md5);
                    assert!(step >= whole.packets - 3, "{method} at {step} of {}", whole.packets);
                }
                assert!(!call.machine_is_done(), "a caller's Success means nothing");
                let mut call = at(method, step);
                call.peer.handle_packet(NOW, &EapPacket::Failure { id }.emit());
                call.machine.handle_packet(NOW, &EapPacket::Success { id }.emit());
                call.machine.handle_packet(NOW, &EapPacket::Failure { id }.emit());
                call.settle();
                assert!(Call::done(&call.ours).is_none() && !call.machine_is_done());
            }
        }
    }
}

impl Call {
    fn machine_is_done(&self) -> bool {
        Self::done(&self.theirs).is_some()
    }
}

// N-EAP-05
#[test]
fn n_eap_05_any_message_again_after_the_end_changes_nothing() {
    for method in ALL {
        for password in ["wonderland1", "another"] {
            let mut call = Call::of(method);
            call.password = password;
            let mut said = Vec::new();
            for _ in 0..200 {
                call.settle();
                let mut packet = Vec::new();
                if call.machine.poll_packet(&mut packet) {
                    said.push((true, packet.clone()));
                    call.peer.handle_packet(NOW, &packet);
                } else if call.peer.poll_packet(&mut packet) {
                    said.push((false, packet.clone()));
                    call.machine.handle_packet(NOW, &packet);
                }
            }
            let (ours, theirs) = (call.ours.len(), call.theirs.len());
            assert!(theirs > 0);
            for (to_peer, packet) in &said {
                match to_peer {
                    true => call.peer.handle_packet(NOW, packet),
                    false => call.machine.handle_packet(NOW, packet),
                }
                let mut answer = Vec::new();
                let mut answers = 0;
                while call.peer.poll_packet(&mut answer) || call.machine.poll_packet(&mut answer) {
                    answers += 1;
                }
                assert!(answers <= 1, "{method}");
                call.settle();
            }
            assert_eq!((call.ours.len(), call.theirs.len()), (ours, theirs), "{method}");
        }
    }
}

// N-EAP-01
#[test]
fn n_eap_01_no_pair_of_length_and_value_size_hurts_either_side() {
    let mut packet = Vec::new();
    for size in 0..=255_u8 {
        let edges = usize::from(size).saturating_sub(2)..usize::from(size) + 4;
        let longest = usize::from(size) + 255..usize::from(size) + 260;
        for length in (0..=1495_usize).step_by(211).chain(edges).chain(longest) {
            let mut data = vec![0x41; length];
            if let Some(first) = data.first_mut() {
                *first = size;
            }
            let mut peer = peer(&[EapMethod::Md5], "alice", "x");
            peer.handle_packet(NOW, &EapPacket::Request { id: 9, kind: 4, data: &data }.emit());
            let fits = size > 0 && length > usize::from(size) && length - usize::from(size) <= 257;
            assert_eq!(peer.poll_packet(&mut packet), fits, "{size} of {length}");
            let mut machine = authenticator(&[EapMethod::Md5]);
            machine.poll_packet(&mut packet);
            let id = packet[1];
            let name = EapPacket::Response { id, kind: kind::IDENTITY, data: b"alice" }.emit();
            machine.handle_packet(NOW, &name);
            machine.poll_packet(&mut packet);
            let id = packet[1];
            machine.handle_packet(NOW, &EapPacket::Response { id, kind: 4, data: &data }.emit());
            let asked = std::iter::from_fn(|| machine.poll_event())
                .any(|event| matches!(event, AuthEvent::Ask(_)));
            assert_eq!(asked, fits);
        }
    }
    // The length of the packet itself below its head (the underflow of CVE-2020-8597).
    for length in 0..5_u16 {
        let mut octets = vec![1, 7];
        octets.extend(length.to_be_bytes());
        octets.extend([4, 16]);
        let mut peer = peer(&ALL, "alice", "x");
        peer.handle_packet(NOW, &octets);
        assert!(!peer.poll_packet(&mut packet));
    }
}

// N-EAP-02
#[test]
fn n_eap_02_a_flight_of_64_kb_goes_through_in_parts_both_ways() {
    for (method, flight) in [(EapMethod::Tls, 64 << 10), (EapMethod::Peap, 64 << 10)] {
        let mut call = Call::of(method).with_tls(false, flight);
        call.run(|_| 1);
        assert!(Call::done(&call.ours).is_some() && Call::done(&call.theirs).is_some());
        // Three flights of 64 kB in parts of 1390 octets, each with its acknowledgement.
        assert!(call.packets < 4 * 2 * 50, "{} packets", call.packets);
    }
    // What is more than that is refused, in bounded memory.
    let mut call = Call::of(EapMethod::Tls).with_tls(false, 140 << 10);
    call.run(|_| 1);
    assert!(Call::done(&call.theirs).is_none());
    assert_eq!(Call::failure(&call.theirs), Some(AuthFailure::Eap(EapFailure::LengthsLie)));
}

// N-EAP-03
#[test]
fn n_eap_03_lengths_that_lie_end_it_and_allocate_nothing() {
    let fragment = |total, more, data: &'static [u8]| Fragment { total, more, start: false, data };
    let lies = [
        vec![fragment(Some(1 << 31), true, b"abc")],
        vec![fragment(Some(u32::MAX), false, b"abc")],
        vec![fragment(Some(0), true, b"abc")],
        vec![fragment(Some(2), true, b"abc")],
        vec![fragment(Some(9), false, b"abc")],
        vec![fragment(Some(6), true, b"abc"), fragment(Some(7), false, b"defg")],
        vec![fragment(Some(6), true, b"abc"), fragment(None, false, b"d")],
        vec![fragment(Some(6), true, b"abc"), fragment(None, false, b"defg")],
        vec![fragment(None, true, b"")],
    ];
    for lie in lies {
        let mut courier = Courier::new(1500);
        let results: Vec<_> = lie.iter().map(|fragment| courier.receive(*fragment)).collect();
        assert!(results.last().unwrap().is_err(), "{lie:?}");
        assert!(results[..results.len() - 1].iter().all(Result::is_ok));
        let mut call = at(EapMethod::Tls, 6);
        for fragment in &lie {
            let (id, data) = (call.machine.id(), fragment.emit());
            let packet = EapPacket::Response { id, kind: 13, data: &data }.emit();
            call.machine.handle_packet(NOW, &packet);
            call.settle();
        }
    }
    // A peer that never ends its flight.
    let mut courier = Courier::new(1500);
    let part = vec![7; 1000];
    let more = Fragment { total: None, more: true, start: false, data: &part };
    let parts = (0..1000).take_while(|_| courier.receive(more).is_ok()).count();
    assert_eq!(parts, (128 << 10) / 1000);
}

// N-EAP-04
#[test]
fn n_eap_04_values_inside_the_tunnel_are_read_no_further_than_they_reach() {
    for length in 0..=64_u16 {
        for head in [0x8003_u16, 0x0003, 0x000c, 0x800c, 0x1234, 0x9234] {
            for octets in 0..=64_usize {
                let mut data = head.to_be_bytes().to_vec();
                data.extend(length.to_be_bytes());
                data.extend(vec![1; octets]);
                let read = Extensions::parse(&data);
                if octets < usize::from(length) {
                    assert!(read.is_err());
                }
            }
        }
    }
    assert!(Extensions::parse(&[0x80, 3, 0, 2, 0, 3]).is_err());
    let unknown = Extensions::parse(&[0x12, 0x34, 0, 0]).unwrap();
    assert_eq!(unknown, Extensions::default());
}

// N-MSCHAP-01
#[test]
fn n_mschap_01_no_failure_or_success_text_hurts_the_caller() {
    for op in 0..=8_u8 {
        for length in 0..=60_u16 {
            let mut data = vec![op, 1];
            data.extend(length.to_be_bytes());
            data.extend(b"E=691 R=1 C=001122 E=99999999999999999999 M=");
            let mut call = at(EapMethod::MsChapV2, 4);
            let id = call.machine.id();
            let id = id.wrapping_add(1);
            call.peer.handle_packet(NOW, &EapPacket::Request { id, kind: 26, data: &data }.emit());
            call.settle();
            assert!(Call::done(&call.ours).is_none());
        }
    }
}

// N-MSCHAP-02
#[test]
fn n_mschap_02_success_as_the_first_word_lets_nobody_in() {
    // To the caller: a server that does not show the password.
    let data = MsChapV2::SuccessRequest { id: 1, message: &[b'S'; 42] }.emit();
    let mut early = peer(&[EapMethod::MsChapV2], "alice", "x");
    early.handle_packet(NOW, &EapPacket::Request { id: 1, kind: 26, data: &data }.emit());
    let failed = std::iter::from_fn(|| early.poll_event()).last();
    assert_eq!(failed, Some(AuthEvent::Failed(AuthFailure::PeerNotProven)));
    // To the server: a caller that acknowledges a Success that was never said, or a Failure as one.
    for step in 0..8 {
        let mut call = at(EapMethod::MsChapV2, step);
        call.password = "another";
        let data = MsChapV2::SuccessResponse.emit();
        for _ in 0..3 {
            let id = call.machine.id();
            let packet = EapPacket::Response { id, kind: 26, data: &data }.emit();
            call.machine.handle_packet(NOW, &packet);
            call.settle();
        }
        // At step 4 the proof had been judged already, and was good.
        if step < 4 {
            assert!(Call::done(&call.theirs).is_none(), "at {step}");
        }
    }
    let mut call = Call::of(EapMethod::MsChapV2);
    call.password = "another";
    for _ in 0..10 {
        call.settle();
        let mut packet = Vec::new();
        while call.machine.poll_packet(&mut packet) {
            call.peer.handle_packet(NOW, &packet);
        }
        while call.peer.poll_packet(&mut packet) {
            // Where it should say Failure, it says Success.
            if packet[5] == 4 {
                packet[5] = 3;
            }
            call.machine.handle_packet(NOW, &packet);
        }
    }
    assert!(Call::done(&call.theirs).is_none());
    assert!(Call::failure(&call.theirs).is_some());
}

#[test]
fn a_peap_binding_that_is_wrong_or_missing_ends_it_at_both_sides() {
    for at_octet in [7, 30, 45, 59] {
        let keys = onhook_crypto::peap::CompoundKeys::new(&[1; 60], &[2; 32]);
        let mut tlv = super::wire::binding_tlv(false, &[9; 32]);
        let mac = keys.mac(&tlv);
        tlv[40..].copy_from_slice(&mac);
        tlv[at_octet] ^= 1;
        assert!(at_octet == 45 || at_octet == 59 || keys.mac(&tlv) != mac);
    }
    // Each end has another tunnel: somebody sits between them.
    let mut call = Call::of(EapMethod::Peap);
    call.run(|_| 1);
    assert!(Call::done(&call.ours).is_some());
    let mut call = Call::of(EapMethod::Peap);
    for _ in 0..200 {
        while let Some(order) = call.peer.poll_order() {
            let mut reply = call.tls[0].reply(order);
            if let TlsState::Open(facts) = &mut reply.state {
                facts.key_material = Secret::new(vec![3; 128]);
            }
            call.peer.handle_tls(reply);
        }
        call.settle();
        let mut packet = Vec::new();
        while call.machine.poll_packet(&mut packet) {
            call.peer.handle_packet(NOW, &packet);
        }
        while let Some(order) = call.peer.poll_order() {
            let mut reply = call.tls[0].reply(order);
            if let TlsState::Open(facts) = &mut reply.state {
                facts.key_material = Secret::new(vec![3; 128]);
            }
            call.peer.handle_tls(reply);
        }
        while call.peer.poll_packet(&mut packet) {
            call.machine.handle_packet(NOW, &packet);
        }
    }
    call.settle();
    assert_eq!(Call::failure(&call.ours), Some(AuthFailure::Eap(EapFailure::BindingWrong)));
    assert!(Call::done(&call.theirs).is_none());
}

#[test]
fn a_failed_handshake_tells_its_reason_and_the_alert() {
    let failure =
        TlsFailure { fault: TlsFault::Expired, text: "the certificate has expired".into() };
    for side in [0, 1] {
        let mut call = Call::of(EapMethod::Tls);
        call.tls[side].fails = Some(failure.clone());
        call.run(|_| 1);
        let told = if side == 0 { &call.ours } else { &call.theirs };
        let wanted = AuthFailure::Eap(EapFailure::Tls(failure.clone()));
        assert_eq!(Call::failure(told), Some(wanted));
        assert!(Call::done(&call.ours).is_none() && Call::done(&call.theirs).is_none());
    }
}

#[test]
fn a_certificate_speaks_for_its_own_names_alone() {
    let mut call =
        Call::new(peer(&[EapMethod::Tls], "ALICE", ""), authenticator(&[EapMethod::Tls]));
    call.run(|_| 1);
    assert_eq!(Call::done(&call.theirs).unwrap().2.as_deref(), Some("alice"));
    // Who says another name is known by the certificate's.
    let mut call = Call::new(peer(&[EapMethod::Tls], "root", ""), authenticator(&[EapMethod::Tls]));
    call.run(|_| 1);
    assert_eq!(Call::done(&call.theirs).unwrap().2.as_deref(), Some("alice"));
    let mut call = Call::of(EapMethod::Tls);
    call.tls[1].names.clear();
    call.run(|_| 1);
    assert!(Call::done(&call.theirs).is_none(), "no name, no entry");
}

#[test]
fn passing_through_every_packet_is_a_question_and_every_answer_a_request() {
    // Two authenticators in a row: the second is the server elsewhere.
    for method in ALL {
        let through = EapTerms { methods: Vec::new(), pass_through: true };
        let mut near = EapAuthenticator::new(through, "nas".into(), ROOM, chance(5));
        near.start(NOW);
        let mut call = Call::of(method);
        let mut packet = Vec::new();
        assert!(call.machine.poll_packet(&mut packet), "its own Identity Request is never sent");
        let mut keys = None;
        for _ in 0..400 {
            call.settle();
            while near.poll_packet(&mut packet) {
                call.peer.handle_packet(NOW, &packet);
            }
            call.settle();
            while call.peer.poll_packet(&mut packet) {
                near.handle_packet(NOW, &packet);
            }
            while let Some(event) = near.poll_event() {
                let AuthEvent::Ask(question) = event else {
                    if let AuthEvent::Done { keys: Some(made), .. } = event {
                        keys = Some(made);
                    }
                    continue;
                };
                assert_eq!(question.name(), "alice");
                let Proof::Eap { packet: said } = question.proof() else { panic!() };
                let mut said = said.clone();
                if said[4] == kind::IDENTITY {
                    said[1] = call.machine.id();
                }
                call.machine.handle_packet(NOW, &said);
                call.settle();
                assert!(call.machine.poll_packet(&mut packet), "{method}");
                let verdict = match packet[0] {
                    1 => Verdict::Continue { packet: packet.clone() },
                    3 => {
                        let keys = Call::done(&call.theirs).unwrap().0;
                        Verdict::Accept { message: packet.clone(), keys }
                    }
                    _ => panic!("{packet:?}"),
                };
                near.answer(NOW, verdict);
            }
        }
        let (ours, _, _) = Call::done(&call.ours).unwrap();
        assert_eq!(ours, keys, "{method}");
        assert_eq!(ours.is_some(), method != EapMethod::Md5);
    }
}

#[test]
fn nobody_who_does_not_answer_is_waited_for_for_ever() {
    let mut machine = authenticator(&ALL);
    let mut sent = 0;
    let mut packet = Vec::new();
    while let Some(deadline) = machine.poll_timeout() {
        while machine.poll_packet(&mut packet) {
            sent += 1;
        }
        machine.handle_timeout(deadline.at);
    }
    assert_eq!(sent, 10);
    assert_eq!(machine.poll_event(), Some(AuthEvent::Failed(AuthFailure::Unanswered)));
    let mut peer = peer(&ALL, "alice", "x");
    let deadline = peer.poll_timeout().unwrap();
    peer.handle_timeout(deadline.at);
    assert_eq!(peer.poll_event(), Some(AuthEvent::Failed(AuthFailure::Unanswered)));
}

#[test]
fn notifications_are_answered_and_unknown_types_declined_before_a_method_only() {
    let mut call = at(EapMethod::MsChapV2, 0);
    let mut packet = Vec::new();
    call.peer.handle_packet(NOW, &EapPacket::Request { id: 1, kind: 2, data: b"hello" }.emit());
    assert!(call.peer.poll_packet(&mut packet));
    assert_eq!(packet, [2, 1, 0, 5, 2]);
    call.peer.handle_packet(NOW, &EapPacket::Request { id: 2, kind: 6, data: b"token?" }.emit());
    assert!(call.peer.poll_packet(&mut packet));
    assert_eq!(packet, [2, 2, 0, 6, 3, 26]);
    call.peer.handle_packet(NOW, &EapPacket::Failure { id: 2 }.emit());
    call.settle();
    let failure = EapFailure::NoCommonMethod { theirs: vec![6] };
    assert_eq!(
        failure.to_string(),
        "no method of EAP is common to both ends; the peer wants type 6"
    );
    assert_eq!(Call::failure(&call.ours), Some(AuthFailure::Eap(failure)));
    let mut call = at(EapMethod::MsChapV2, 4);
    call.peer.handle_packet(NOW, &EapPacket::Request { id: 99, kind: 6, data: b"token?" }.emit());
    let mut known = Vec::new();
    while call.peer.poll_packet(&mut packet) {
        known.push(packet.clone());
    }
    assert!(known.iter().all(|packet| packet[4] != kind::NAK));
}

proptest! {
    #[test]
    fn flights_arrive_whole_whatever_the_line_takes(
        flight in proptest::collection::vec(any::<u8>(), 0..9000),
        room in 0_usize..2000,
    ) {
        let (mut from, mut to) = (Courier::new(room), Courier::new(room));
        from.put(flight.clone());
        let mut arrived = None;
        for _ in 0..200 {
            let part = from.next();
            prop_assert!(part.len() + 5 <= room.max(74));
            match to.receive(Fragment::parse(&part).unwrap()).unwrap() {
                Arrival::Flight(whole) => arrived = Some(whole),
                Arrival::Part => {
                    let bare = Fragment { total: None, more: false, start: false, data: &[] };
                    prop_assert_eq!(from.receive(bare), Ok(Arrival::Acknowledged));
                    continue;
                }
                Arrival::Acknowledged => prop_assert!(false),
            }
            break;
        }
        prop_assert_eq!(arrived, Some(flight));
    }

    #[test]
    fn no_octets_hurt_the_parsers(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(packet) = EapPacket::parse(&octets) {
            let again = packet.emit();
            prop_assert_eq!(EapPacket::parse(&again).map(|p| p.emit()), Ok(again.clone()));
        }
        let _read = (
            MsChapV2::parse_request(&octets).is_ok(),
            MsChapV2::parse_response(&octets).is_ok(),
            Fragment::parse(&octets).is_ok(),
            Extensions::parse(&octets).is_ok(),
            parse_inner(&octets, 1).is_ok(),
        );
    }

    #[test]
    fn a_line_that_loses_and_repeats_lets_in_who_proves_and_nobody_else(
        seed in any::<u64>(),
        which in 0_usize..4,
        knows in any::<bool>(),
    ) {
        let mut luck = chance(seed);
        let mut call = Call::of(ALL[which]);
        if !knows {
            call.password = "another";
        }
        call.run(|_| match luck.below(10) { 0 => 0, 1 => 2, _ => 1 });
        let in_there = Call::done(&call.theirs).is_some();
        if !knows && ALL[which] != EapMethod::Tls {
            prop_assert!(!in_there && Call::done(&call.ours).is_none());
        }
        if Call::done(&call.ours).is_some() {
            prop_assert!(in_there, "the caller is let in by nobody");
        }
    }
}
