//! Links that agree on multilink, and what stands above them.

use onhook_base::{Instant, Seed};

use super::line::{CLIENT, DELAY, Line, SERVER, answerer_network, caller_network, credentials};
use crate::auth::Method;
use crate::multilink::{Bundle, Discriminator, MemberId, MemberTerms};
use crate::wire::protocol;
use crate::{CloseReason, MultilinkFacts, MultilinkTerms, Phase, Ppp, PppEvent, PppTerms};

const NOW: Instant = Instant::from_nanos(1_000_000_000);

fn multilink(from: u8, mrru: u16) -> Option<MultilinkTerms> {
    let discriminator = Discriminator::local([from; 20]);
    Some(MultilinkTerms { mrru, short_sequence: from == 1, discriminator })
}

/// What both ends of a link know of multilink when it is up.
fn agreed(
    caller: Option<MultilinkTerms>,
    answerer: Option<MultilinkTerms>,
) -> [Option<MultilinkFacts>; 2] {
    let caller = PppTerms {
        multilink: caller,
        ..PppTerms::caller(vec![Method::ChapMd5], credentials(super::line::PASSWORD))
    };
    let answerer = PppTerms {
        multilink: answerer,
        ..PppTerms::answerer(vec![Method::ChapMd5], "there".into())
    };
    let mut line = Line::new(caller, answerer).begin();
    line.run_for(DELAY * 20);
    [&line.caller, &line.answerer].map(|end| {
        let up = end.events.iter().find_map(|event| match event {
            PppEvent::LcpUp(facts) => Some(facts.multilink),
            _ => None,
        });
        up.expect("LCP is up")
    })
}

#[test]
fn a_link_is_one_of_several_when_both_ends_want_it() {
    let [ours, theirs] = agreed(multilink(1, 1600), multilink(2, 1524)).map(Option::unwrap);
    assert_eq!((ours.bundle.mrru, ours.bundle.peer_mrru), (1600, 1524));
    assert_eq!((theirs.bundle.mrru, theirs.bundle.peer_mrru), (1524, 1600));
    assert_eq!(ours.bundle.receive_form, theirs.bundle.send_form);
    assert_eq!(ours.bundle.send_form, theirs.bundle.receive_form);
    assert_ne!(ours.bundle.send_form, ours.bundle.receive_form, "each end asks for its own");
    assert_eq!(ours.peer, Some(Discriminator::local([2; 20])));
    assert_eq!(agreed(multilink(1, 1500), None), [None, None]);
    assert_eq!(agreed(None, multilink(1, 1500)), [None, None]);
}

/// The network layers of both ends, above a bundle of two links that lose nothing.
struct Above {
    ends: [(Ppp, Bundle); 2],
    events: [Vec<PppEvent>; 2],
}

impl Above {
    fn new() -> Self {
        let facts = agreed(multilink(1, 1600), multilink(2, 1524)).map(Option::unwrap);
        let terms = [
            PppTerms::caller(Vec::new(), None),
            PppTerms::answerer(Vec::new(), "there".to_owned()),
        ];
        let mut seeds = [1, 2].map(Seed::from_number).into_iter();
        let mut terms = terms.into_iter();
        let ends = facts.map(|facts| {
            let mut bundle = Bundle::new(facts.bundle);
            for n in 0..2 {
                let link = MemberTerms { mru: 1500, bits_per_second: Some(33_600) };
                assert!(bundle.join(MemberId(n), link));
            }
            let mut ppp = Ppp::new(terms.next().unwrap(), &seeds.next().unwrap());
            ppp.bundle_up(NOW, facts.bundle.peer_mrru, None, Some("alice".into()));
            (ppp, bundle)
        });
        Self { ends, events: [Vec::new(), Vec::new()] }
    }

    fn run(&mut self) {
        for _ in 0..20 {
            for from in 0..2 {
                let mut information = Vec::new();
                let (ppp, bundle) = &mut self.ends[from];
                while let Some(event) = ppp.poll_event() {
                    if matches!(event, PppEvent::Authenticated { .. }) {
                        let network = [caller_network(), answerer_network()][from].clone();
                        ppp.project(NOW, network);
                    }
                    self.events[from].push(event);
                }
                while let Some(protocol) = ppp.poll_frame(&mut information) {
                    assert!(bundle.send(protocol, &information));
                }
                let mut fragments = Vec::new();
                while let Some(id) = bundle.poll_fragment(&mut information) {
                    fragments.push((id, information.clone()));
                }
                let (ppp, bundle) = &mut self.ends[1 - from];
                for (id, fragment) in fragments {
                    bundle.handle_fragment(NOW, id, &fragment).unwrap();
                }
                while let Some(mut frame) = bundle.poll_frame() {
                    ppp.handle_frame(NOW, &mut frame);
                }
            }
        }
    }
}

#[test]
fn the_network_protocols_open_once_for_all_links() {
    let mut above = Above::new();
    above.run();
    let is_up = |event: &PppEvent| {
        matches!(event, PppEvent::Ipv4Up { local, peer, .. }
            if *local == CLIENT && *peer == Some(SERVER))
    };
    assert!(above.events[0].iter().any(is_up), "{:?}", above.events[0]);
    assert!(above.events[1].iter().any(|e| matches!(e, PppEvent::NetworkSettled)));
    let (ppp, bundle) = &mut above.ends[0];
    assert_eq!(ppp.packet_room(), 1524, "what the peer puts together");
    let packet = [vec![0x45], vec![0; 1523]].concat();
    assert!(ppp.send_packet(NOW, &packet, &mut |number, bytes| {
        assert!(bundle.send(number, bytes));
    }));
    let mut information = Vec::new();
    let mut fragments = Vec::new();
    while let Some(id) = bundle.poll_fragment(&mut information) {
        fragments.push((id, information.clone()));
    }
    assert_eq!(fragments.len(), 2, "over both links");
    let (ppp, bundle) = &mut above.ends[1];
    for (id, fragment) in &fragments {
        bundle.handle_fragment(NOW, *id, fragment).unwrap();
    }
    let mut frame = bundle.poll_frame().unwrap();
    let got = ppp.handle_frame(NOW, &mut frame).unwrap();
    assert_eq!(got.bytes, packet);
    assert_eq!(ppp.poll_timeout(), None, "the links ask for signs of life, not the bundle");
}

/// RFC 1990 §2: what negotiates or ends a link is silently discarded above them; rejects and echoes
/// are not.
#[test]
fn no_link_is_negotiated_or_ended_above_them() {
    let mut above = Above::new();
    above.run();
    let (ppp, _) = &mut above.ends[0];
    let before = ppp.stats().dropped;
    for code in 1..=6 {
        assert!(ppp.handle_frame(NOW, &mut [0xc0, 0x21, code, 1, 0, 4]).is_none());
    }
    assert_eq!(ppp.stats().dropped, before + 6);
    let mut out = Vec::new();
    assert_eq!(ppp.poll_frame(&mut out), None);
    assert_eq!(ppp.phase(), Phase::Network);
    ppp.handle_frame(NOW, &mut [0xc0, 0x21, 9, 5, 0, 8, 0, 0, 0, 1]);
    assert_eq!(ppp.poll_frame(&mut out), Some(protocol::LCP));
    assert_eq!(out[..2], [10, 5], "an echo is answered");
    ppp.close(NOW, CloseReason::HungUp);
    assert_eq!(ppp.poll_frame(&mut out), None, "it is the links that say goodbye");
    assert!(matches!(ppp.poll_event(), Some(PppEvent::Finished { failure: None })));
}
