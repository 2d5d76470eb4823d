//! EAP from end to end: MPPE by its keys, and a Success that is lost.

use std::net::Ipv4Addr;

use onhook_base::{Instant, Secret, Seed};

use crate::auth::{Credentials, EapMethod, EapTerms, Method, judge};
use crate::wire::protocol;
use crate::{Encryption, Ipv4Terms, NetworkTerms, Ppp, PppEvent, PppTerms};

const NOW: Instant = Instant::ORIGIN;

fn ends(method: EapMethod, encryption: Encryption) -> [Ppp; 2] {
    let credentials =
        Credentials { user: "alice".into(), password: Secret::new("wonderland1".into()) };
    let eap = EapTerms { methods: vec![method], pass_through: false };
    let mut caller = PppTerms::caller(vec![Method::Eap], Some(credentials));
    let mut answerer = PppTerms::answerer(vec![Method::Eap], "here".into());
    for terms in [&mut caller, &mut answerer] {
        terms.eap = eap.clone();
        terms.encryption = encryption;
    }
    [Ppp::new(caller, &Seed::from_number(1)), Ppp::new(answerer, &Seed::from_number(2))]
}

/// Runs both ends until they are quiet; frames of which `lost` says so do not arrive. Gives the events.
fn run(ends: &mut [Ppp; 2], mut lost: impl FnMut(u16, &[u8]) -> bool) -> [Vec<PppEvent>; 2] {
    let mut events = [Vec::new(), Vec::new()];
    for end in ends.iter_mut() {
        end.open(NOW);
        end.lower_up(NOW);
    }
    let mut information = Vec::new();
    for _ in 0..60 {
        for from in [0, 1] {
            while let Some(event) = ends[from].poll_event() {
                match &event {
                    PppEvent::VerifyPeer(question) => {
                        let verdict = judge(question, &Secret::new("wonderland1".into()));
                        ends[from].answer_auth(NOW, verdict);
                    }
                    PppEvent::Authenticated { .. } => {
                        let address = |last| Some(Ipv4Addr::new(192, 0, 2, last));
                        let (local, peer) = match from {
                            0 => (None, None),
                            _ => (address(1), address(77)),
                        };
                        let ipv4 = Ipv4Terms { local, peer, ..Ipv4Terms::default() };
                        let terms = NetworkTerms { ipv4: Some(ipv4), ipv6: None };
                        ends[from].project(NOW, terms);
                    }
                    _ => {}
                }
                events[from].push(event);
            }
            while let Some(number) = ends[from].poll_frame(&mut information) {
                if lost(number, &information) {
                    continue;
                }
                let mut frame = number.to_be_bytes().to_vec();
                frame.extend_from_slice(&information);
                ends[1 - from].handle_frame(NOW, &mut frame);
            }
        }
    }
    events
}

fn is_settled(events: &[PppEvent]) -> bool {
    events.iter().any(|event| matches!(event, PppEvent::NetworkSettled))
}

#[test]
fn the_keys_of_eap_mschapv2_encrypt() {
    let mut pair = ends(EapMethod::MsChapV2, Encryption::Strongest);
    let events = run(&mut pair, |_, _| false);
    assert!(events.iter().all(|events| is_settled(events)), "{events:?}");
    let [caller, answerer] = &mut pair;
    let packet: Vec<u8> = std::iter::once(0x45).chain(1..100).collect();
    let mut frame = Vec::new();
    assert!(caller.send_packet(NOW, &packet, &mut |number, information| {
        assert_eq!(number, protocol::COMPRESSED);
        frame.extend(number.to_be_bytes());
        frame.extend_from_slice(information);
    }));
    let heard = answerer.handle_frame(NOW, &mut frame).expect("a packet");
    assert_eq!(heard.bytes, packet);
}

#[test]
fn encryption_that_lacks_keys_ends_it() {
    let mut pair = ends(EapMethod::Md5, Encryption::Required);
    let events = run(&mut pair, |_, _| false);
    let failure = crate::PppFailure::NoEncryptionKeys(Method::Eap);
    assert_eq!(pair[0].failure(), Some(&failure));
    assert!(!events.iter().any(|events| is_settled(events)));
}

/// RFC 3748 §4.2: the network speaks for a Success that was lost, and not before anything was proved.
#[test]
fn a_success_that_is_lost_is_made_up_for_without_a_timer() {
    for method in [EapMethod::Md5, EapMethod::MsChapV2] {
        let mut pair = ends(method, Encryption::Refused);
        let mut losses = 0;
        let events = run(&mut pair, |number, information| {
            let is_success = number == protocol::EAP && information.first() == Some(&3);
            losses += usize::from(is_success);
            is_success
        });
        assert_eq!(losses, 1);
        assert!(events.iter().all(|events| is_settled(events)), "{method}: {events:?}");
    }
    // Nothing of EAP arrives at all: whatever the answerer says of its network, nobody is let in.
    let mut pair = ends(EapMethod::MsChapV2, Encryption::Refused);
    run(&mut pair, |number, _| number == protocol::EAP);
    let mut request = vec![0x80, 0x21, 1, 1, 0, 10, 3, 6, 192, 0, 2, 1];
    pair[0].handle_frame(NOW, &mut request);
    assert_eq!(pair[0].phase(), crate::Phase::Authenticate);
}
