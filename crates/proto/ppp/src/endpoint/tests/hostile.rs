//! A peer that means harm: random frames at random times, and what must hold all the same.

use onhook_base::{Duration, Instant, Secret, Seed};
use proptest::prelude::*;

use super::line::{CLIENT, PASSWORD, SERVER, answerer_network, caller_network, credentials};
use crate::auth::{self, Method};
use crate::control::ControlPacket;
use crate::control::automaton::State;
use crate::control::wire::code;
use crate::wire::protocol;
use crate::{CloseReason, EchoTerms, Ppp, PppEvent, PppTerms};

/// Frames that one input may lead to.
const MAX_ANSWERS: usize = 12;

#[derive(Clone, Debug)]
enum Deed {
    /// A control packet of any make.
    Packet {
        protocol: u16,
        code: u8,
        identifier: u8,
        data: Vec<u8>,
    },
    /// Any octets.
    Octets(Vec<u8>),
    /// The last request of a layer is answered properly.
    Answer {
        protocol: u16,
        code: u8,
    },
    /// A request that can be agreed to.
    Request {
        protocol: u16,
        identifier: u8,
    },
    /// Proofs by PAP, of both sides.
    Prove(u8),
    /// All that leads to packets passing, as far as it goes.
    Climb(u8),
    /// Time passes, and each deadline is kept.
    Wait(u64),
    /// Time passes, and deadlines with it, as when the machine sleeps.
    Sleep(u64),
    /// The next deadline comes.
    Timeout,
    Probe,
    CarrierLost,
    CarrierBack,
}

fn number() -> impl Strategy<Value = u16> {
    prop_oneof![
        4 => Just(protocol::LCP),
        2 => Just(protocol::IPCP),
        1 => Just(protocol::IPV6CP),
        1 => Just(protocol::CCP),
        1 => Just(protocol::PAP),
        1 => Just(protocol::CHAP),
        1 => any::<u16>(),
    ]
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    let option = prop_oneof![
        Just(vec![1u8, 4, 5, 0x78]),
        Just(vec![3, 4, 0xc0, 0x23]),
        Just(vec![3, 5, 0xc2, 0x23, 0x81]),
        Just(vec![5, 6, 1, 2, 3, 4]),
        Just(vec![3, 6, 192, 0, 2, 77]),
        Just(vec![3, 6, 0, 0, 0, 0]),
        Just(vec![1, 10, 1, 2, 3, 4, 5, 6, 7, 8]),
        Just(vec![18, 6, 1, 0, 0, 64]),
        proptest::collection::vec(any::<u8>(), 0..8),
    ];
    proptest::collection::vec(option, 0..4).prop_map(|options| options.concat())
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        8 => (number(), 0u8..16, 0u8..12, data()).prop_map(|(protocol, code, identifier, data)| {
            Deed::Packet { protocol, code, identifier, data }
        }),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Deed::Octets),
        8 => (number(), prop_oneof![4 => Just(code::CONFIGURE_ACK), 1 => Just(code::CONFIGURE_NAK),
                1 => Just(code::CONFIGURE_REJECT), 1 => Just(code::TERMINATE_ACK)])
            .prop_map(|(protocol, code)| Deed::Answer { protocol, code }),
        6 => (number(), any::<u8>())
            .prop_map(|(protocol, identifier)| Deed::Request { protocol, identifier }),
        1 => (1u8..3).prop_map(Deed::Prove),
        3 => any::<u8>().prop_map(Deed::Climb),
        3 => (0u64..5000).prop_map(Deed::Wait),
        1 => (0u64..50_000).prop_map(Deed::Sleep),
        2 => Just(Deed::Timeout),
        1 => Just(Deed::Probe),
        1 => Just(Deed::CarrierLost),
        2 => Just(Deed::CarrierBack),
    ]
}

/// One end under attack, with what must hold checked after every deed.
struct Victim {
    ppp: Ppp,
    now: Instant,
    answerer: bool,
    /// The last request that each layer sent.
    requests: Vec<(u16, u8, Vec<u8>)>,
    finished: bool,
    up: [bool; 2],
}

impl Victim {
    fn new(answerer: bool, demanding: bool) -> Self {
        let methods = vec![Method::Pap, Method::MsChapV2];
        let mut terms = match (answerer, demanding) {
            (true, true) => PppTerms::answerer(methods, "s".into()),
            (true, false) => PppTerms::answerer(Vec::new(), "s".into()),
            (false, _) => PppTerms::caller(methods, credentials(PASSWORD)),
        };
        terms.linger = demanding;
        terms.restart = Duration::from_secs(1);
        terms.echo = Some(EchoTerms { every: Duration::from_secs(5), tolerated: 2 });
        let mut ppp = Ppp::new(terms, &Seed::from_number(3));
        let now = Instant::ORIGIN + Duration::from_secs(1);
        ppp.open(now);
        ppp.lower_up(now);
        let mut victim =
            Self { ppp, now, answerer, requests: Vec::new(), finished: false, up: [false; 2] };
        victim.look(None);
        victim
    }

    fn suffer(&mut self, deed: Deed) {
        match deed {
            Deed::Packet { protocol, code, identifier, data } => {
                let mut frame = protocol.to_be_bytes().to_vec();
                ControlPacket { code, identifier, data: &data }.emit(&mut frame);
                self.receive(frame);
            }
            Deed::Octets(octets) => self.receive(octets),
            Deed::Answer { protocol, code } => {
                let known = self.requests.iter().find(|(p, ..)| *p == protocol).cloned();
                let Some((_, identifier, data)) = known else { return };
                let mut frame = protocol.to_be_bytes().to_vec();
                ControlPacket { code, identifier, data: &data }.emit(&mut frame);
                self.receive(frame);
            }
            Deed::Request { protocol, identifier } => {
                let address = if self.answerer { CLIENT } else { SERVER };
                let data = match protocol {
                    protocol::LCP => vec![5, 6, 1, 2, 3, 4],
                    protocol::IPCP => [&[3, 6][..], &address.octets()].concat(),
                    protocol::IPV6CP => vec![1, 10, 1, 2, 3, 4, 5, 6, 7, 8],
                    _ => Vec::new(),
                };
                let mut frame = protocol.to_be_bytes().to_vec();
                ControlPacket { code: code::CONFIGURE_REQUEST, identifier, data: &data }
                    .emit(&mut frame);
                self.receive(frame);
            }
            Deed::Prove(identifier) => {
                let request = [&[5][..], b"alice", &[11], PASSWORD.as_bytes()].concat();
                for (code, data) in [(2, &[0][..]), (1, &request)] {
                    let mut frame = protocol::PAP.to_be_bytes().to_vec();
                    ControlPacket { code, identifier, data }.emit(&mut frame);
                    self.receive(frame);
                }
            }
            Deed::Climb(identifier) => {
                for protocol in [protocol::LCP, protocol::IPCP, protocol::IPV6CP] {
                    if protocol == protocol::IPCP {
                        self.suffer(Deed::Prove(1));
                        self.give_address();
                    }
                    self.suffer(Deed::Answer { protocol, code: code::CONFIGURE_ACK });
                    self.suffer(Deed::Request { protocol, identifier });
                }
            }
            Deed::Wait(millis) => {
                let until = self.now + Duration::from_millis(millis);
                while self.ppp.poll_timeout().is_some_and(|d| d.at <= until) {
                    self.time_out();
                }
                self.now = self.now.max(until);
            }
            Deed::Sleep(millis) => {
                self.now += Duration::from_millis(millis);
                self.ppp.handle_timeout(self.now);
                self.look(None);
            }
            Deed::Timeout => self.time_out(),
            Deed::Probe => {
                self.ppp.probe(self.now);
                self.look(None);
            }
            Deed::CarrierLost => {
                self.ppp.lower_down(self.now);
                assert_eq!(self.ppp.poll_timeout(), None, "no timer outlives the carrier");
                assert_eq!(self.look(None), 0, "nothing is sent without a carrier");
                assert_eq!(self.up, [false; 2]);
            }
            Deed::CarrierBack => {
                self.ppp.lower_up(self.now);
                self.look(None);
            }
        }
    }

    /// Tells a caller its address.
    fn give_address(&mut self) {
        let known = self.requests.iter().find(|(p, ..)| *p == protocol::IPCP).cloned();
        if let (Some((_, identifier, _)), false) = (known, self.answerer) {
            let mut frame = protocol::IPCP.to_be_bytes().to_vec();
            let data = [&[3, 6][..], &CLIENT.octets()].concat();
            ControlPacket { code: code::CONFIGURE_NAK, identifier, data: &data }.emit(&mut frame);
            self.receive(frame);
        }
    }

    fn time_out(&mut self) {
        let Some(deadline) = self.ppp.poll_timeout() else { return };
        self.now = self.now.max(deadline.at);
        self.ppp.handle_timeout(self.now);
        self.look(None);
        let again = self.ppp.poll_timeout();
        assert!(again.is_none_or(|d| d.at > self.now), "{again:?} at {}", self.now);
    }

    fn receive(&mut self, mut frame: Vec<u8>) {
        // RFC 1661 §4.1: sta in every state from Closed on.
        let listens = !matches!(self.ppp.lcp.state(), State::Initial | State::Starting);
        let must_ack = match &frame[..] {
            [0xc0, 0x21, code::TERMINATE_REQUEST, identifier, ..]
                if listens && !self.finished && ControlPacket::parse(&frame[2..]).is_ok() =>
            {
                Some(*identifier)
            }
            _ => None,
        };
        let passed = self.ppp.handle_frame(self.now, &mut frame).is_some();
        assert!(!passed || self.up.contains(&true), "a packet passed while the network was down");
        let answers = self.look(must_ack);
        assert!(answers <= MAX_ANSWERS, "{answers} answers to one frame");
    }

    /// Drains all that there is to drain, and checks it. Returns how many frames were sent.
    fn look(&mut self, must_ack: Option<u8>) -> usize {
        let was_finished = self.finished;
        let mut acknowledged = must_ack.is_none();
        let mut sent = 0;
        let mut information = Vec::new();
        loop {
            while let Some(event) = self.ppp.poll_event() {
                assert!(!self.finished, "{event:?} after the end");
                self.heed(event);
            }
            let Some(protocol) = self.ppp.poll_frame(&mut information) else { break };
            sent += 1;
            let packet = ControlPacket::parse(&information).expect("ours are well-formed");
            assert_eq!(packet.data.len() + 4, information.len());
            assert!(information.len() <= 1500);
            if protocol == protocol::LCP && packet.code == code::TERMINATE_ACK {
                acknowledged |= must_ack == Some(packet.identifier);
            }
            if packet.code == code::CONFIGURE_REQUEST || packet.code == code::TERMINATE_REQUEST {
                self.requests.retain(|(p, ..)| *p != protocol);
                self.requests.push((protocol, packet.identifier, packet.data.to_vec()));
            }
        }
        assert!(acknowledged, "a Terminate-Request was not acknowledged with its identifier");
        assert!(!was_finished || sent == 0, "{sent} frames after the end");
        if self.finished {
            assert_eq!(self.ppp.poll_timeout(), None, "no timer runs after the end");
            assert_eq!(self.up, [false; 2], "each layer that was up has gone down");
        }
        sent
    }

    fn heed(&mut self, event: PppEvent) {
        match event {
            PppEvent::Authenticated { .. } => {
                let network = if self.answerer { answerer_network() } else { caller_network() };
                self.ppp.project(self.now, network);
            }
            PppEvent::VerifyPeer(question) => {
                let verdict = auth::judge(&question, &Secret::new(PASSWORD.into()));
                self.ppp.answer_auth(self.now, verdict);
            }
            PppEvent::Ipv4Up { local, .. } => {
                assert!(!local.is_unspecified());
                self.rises(0);
            }
            PppEvent::Ipv6Up { local, peer } => {
                assert!(local != [0; 8] && local != peer);
                self.rises(1);
            }
            PppEvent::Ipv4Down => self.falls(0),
            PppEvent::Ipv6Down => self.falls(1),
            PppEvent::Finished { .. } => self.finished = true,
            PppEvent::LcpUp(_)
            | PppEvent::AuthProgress(_)
            | PppEvent::PersonWanted(_)
            | PppEvent::PeerMayTryAgain
            | PppEvent::PeerIsChoosing
            | PppEvent::NetworkSettled
            | PppEvent::MayChooseCallback
            | PppEvent::CallbackAgreed(_)
            | PppEvent::PeerClosing => {}
        }
    }

    fn rises(&mut self, version: usize) {
        assert!(!std::mem::replace(&mut self.up[version], true), "up twice");
    }

    fn falls(&mut self, version: usize) {
        assert!(std::mem::replace(&mut self.up[version], false), "down twice");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_peer_does_the_invariants_hold_and_a_close_ends_it(
        answerer in any::<bool>(),
        demanding in any::<bool>(),
        before in proptest::collection::vec(deed(), 0..60),
        after in proptest::collection::vec(deed(), 0..20),
    ) {
        let mut victim = Victim::new(answerer, demanding);
        for deed in before {
            victim.suffer(deed);
        }
        let closed_at = victim.now;
        victim.ppp.close(victim.now, CloseReason::HungUp);
        victim.look(None);
        // Two Terminate-Requests, a second each (Max-Terminate, RFC 1661 §4.6).
        let bound = closed_at + Duration::from_secs(2);
        for deed in after {
            // A sleep delays what is due: the bound is for those who keep their deadlines.
            victim.suffer(if let Deed::Sleep(millis) = deed { Deed::Wait(millis) } else { deed });
        }
        while !victim.finished {
            let next = victim.ppp.poll_timeout();
            prop_assert!(next.is_some_and(|d| d.at <= bound), "{next:?}, bound {bound}");
            victim.time_out();
        }
        victim.look(None);
        prop_assert!(victim.finished);
    }

    #[test]
    fn every_cut_of_every_frame_is_survived(cut in 0usize..40, answerer in any::<bool>()) {
        let packets: [&[u8]; 7] = [
            &[0xc0, 0x21, 1, 1, 0, 14, 1, 4, 5, 0x78, 5, 6, 1, 2, 3, 4],
            &[0xc0, 0x21, 5, 1, 0, 8, b'b', b'y', b'e', b'!'],
            &[0xc0, 0x21, 8, 1, 0, 8, 0x80, 0x21, 1, 1],
            &[0xc0, 0x21, 9, 1, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8],
            &[0xc0, 0x21, 12, 1, 0, 10, 1, 2, 3, 4, b'h', b'i'],
            &[0xc2, 0x23, 1, 1, 0, 23, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 83, 84],
            &[0x80, 0x21, 1, 1, 0, 10, 3, 6, 0, 0, 0, 0],
        ];
        for packet in packets {
            let mut victim = Victim::new(answerer, true);
            victim.receive(packet[..cut.min(packet.len())].to_vec());
        }
    }
}
