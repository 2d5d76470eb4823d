//! Whole calls: how many round trips, whatever is lost, whenever one hangs up.

use onhook_base::Duration;

use super::line::{CLIENT, DELAY, DNS, Line, PASSWORD, SERVER, credentials};
use crate::auth::Method;
use crate::{
    CloseReason, EchoTerms, IpVersion, NetworkTerms, Phase, PppEvent, PppFailure, PppTerms,
};

const SECOND: Duration = Duration::from_secs(1);

/// Half round trips from both links up to both networks settled.
fn flights(method: Method) -> u32 {
    let mut line = Line::by(method).begin();
    let took = line.run_until_settled().expect("it settles");
    assert_eq!(took.as_nanos() % DELAY.as_nanos(), 0, "no timer was waited for");
    u32::try_from(took.as_nanos() / DELAY.as_nanos()).unwrap()
}

/// LCP: one round trip, both ways at once. PAP: one. IPCP: two, for the Nak that gives the address;
/// IPV6CP runs beside it.
#[test]
fn a_call_by_pap_takes_four_round_trips() {
    assert_eq!(flights(Method::Pap), 8);
}

/// As by PAP, and half a round trip for the challenge.
#[test]
fn a_call_by_ms_chap_version_2_takes_four_and_a_half_round_trips() {
    assert_eq!(flights(Method::MsChapV2), 9);
}

#[test]
fn a_call_by_chap_with_md5_takes_four_and_a_half_round_trips() {
    assert_eq!(flights(Method::ChapMd5), 9);
}

#[test]
fn a_call_without_proof_takes_three_round_trips() {
    let caller = PppTerms::caller(Vec::new(), None);
    let mut line = Line::new(caller, PppTerms::answerer(Vec::new(), String::new())).begin();
    assert_eq!(line.run_until_settled(), Some(DELAY * 6));
}

/// RFC 4638 §4, RFC 1661 §4.3: what does not pass is negotiated away, before the networks or when they are up,
/// and the other end, which has tried nothing, keeps to it as well.
#[test]
fn both_ends_keep_to_a_size_that_one_has_found() {
    for when_up in [false, true] {
        let mut line = Line::by(Method::MsChapV2).begin();
        match when_up {
            true => assert!(line.run_until_settled().is_some()),
            false => line.run_for(DELAY * 3),
        }
        assert_ne!(line.answerer.ppp.phase(), Phase::Establish);
        line.caller.ppp.keep_to_size(line.now, 1492);
        assert_eq!(line.caller.ppp.phase(), Phase::Establish);
        line.drain();
        line.run_for(SECOND);
        for end in [&line.caller, &line.answerer] {
            assert_eq!((end.ppp.phase(), end.ppp.packet_room()), (Phase::Network, 1492));
        }
        let ups = |event: &&PppEvent| matches!(event, PppEvent::Ipv4Up { .. });
        for end in [&line.caller, &line.answerer] {
            assert_eq!(end.events.iter().filter(ups).count(), 1 + usize::from(when_up));
        }
    }
}

#[test]
fn both_ends_learn_addresses_names_and_the_same_keys() {
    let mut line = Line::by(Method::MsChapV2).begin();
    line.run_until_settled().unwrap();
    let mut keys = Vec::new();
    for end in [&line.caller, &line.answerer] {
        for event in &end.events {
            match event {
                PppEvent::Authenticated { keys: Some(k), peer_name } => {
                    let is_caller = std::ptr::eq(end, &line.caller);
                    assert!(is_caller || peer_name.as_deref() == Some("alice"), "{peer_name:?}");
                    keys.push((k.send.expose().clone(), k.receive.expose().clone()));
                }
                PppEvent::Ipv4Up { local, peer, dns } => {
                    if *local == CLIENT {
                        assert_eq!((*peer, dns.as_slice()), (Some(SERVER), &[DNS][..]));
                    } else {
                        assert_eq!((*local, *peer), (SERVER, Some(CLIENT)));
                    }
                }
                PppEvent::LcpUp(facts) => assert_ne!(facts.peer_magic, 0),
                _ => {}
            }
        }
    }
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "the caller's send key is the same at both ends");
}

#[test]
fn packets_pass_both_ways_only_when_the_network_is_up() {
    let mut line = Line::by(Method::Pap).begin();
    let v4 = [0x45, 0, 0, 20];
    let send = |line: &mut Line| {
        let mut sent = None;
        let now = line.now;
        let passed = line.caller.ppp.send_packet(now, &v4, &mut |protocol, bytes| {
            let mut frame = protocol.to_be_bytes().to_vec();
            frame.extend_from_slice(bytes);
            sent = Some(frame);
        });
        assert_eq!(passed, sent.is_some());
        sent
    };
    assert_eq!(send(&mut line), None);
    line.run_until_settled().unwrap();
    let mut frame = send(&mut line).expect("it passes");
    let now = line.now;
    let packet = line.answerer.ppp.handle_frame(now, &mut frame).unwrap();
    assert_eq!((packet.version, packet.bytes), (IpVersion::V4, &v4[..]));
    let mut compressed = frame[1..].to_vec();
    assert!(line.answerer.ppp.handle_frame(now, &mut compressed).is_some());
    let mut wrong = [0x00, 0x57, 0x45, 0, 0, 20];
    assert!(line.answerer.ppp.handle_frame(now, &mut wrong).is_none());
    let stats = line.answerer.ppp.stats();
    assert_eq!((stats.packets_in, stats.octets_in, stats.malformed), (2, 8, 1));
    line.caller.ppp.close(now, CloseReason::HungUp);
    assert_eq!(send(&mut line), None);
}

#[test]
fn any_single_frame_may_be_lost() {
    for method in [Method::Pap, Method::ChapMd5, Method::MsChapV2] {
        let whole = {
            let mut line = Line::by(method).begin();
            line.run_until_settled().unwrap();
            line.frames
        };
        for lost in 0..whole {
            let mut line = Line::by(method);
            line.lose = vec![lost];
            let mut line = line.begin();
            let took = line.run_until_settled();
            assert!(
                took.is_some_and(|t| t < SECOND * 10),
                "{method}, frame {lost} lost: {took:?}\n{}",
                line.log.join("\n")
            );
        }
    }
}

#[test]
fn any_two_frames_in_a_row_may_be_lost() {
    let mut line = Line::by(Method::MsChapV2).begin();
    line.run_until_settled().unwrap();
    for lost in 0..line.frames {
        let mut line = Line::by(Method::MsChapV2);
        line.lose = vec![lost, lost + 1];
        let mut line = line.begin();
        let took = line.run_until_settled();
        assert!(took.is_some(), "frames {lost} and next lost:\n{}", line.log.join("\n"));
    }
}

#[test]
fn a_hang_up_at_any_step_ends_both_ends() {
    for by_caller in [true, false] {
        for linger in [true, false] {
            for steps in 0.. {
                let mut line = Line::lingering(Method::MsChapV2, linger).begin();
                let far = line.now + SECOND * 60;
                for _ in 0..steps {
                    line.step(far);
                }
                let settled = line.caller.is_settled() && line.answerer.is_settled();
                let now = line.now;
                let end = if by_caller { &mut line.caller } else { &mut line.answerer };
                end.ppp.close(now, CloseReason::HungUp);
                line.drain();
                line.run_for(SECOND * 60);
                let context = format!("steps {steps}\n{}", line.log.join("\n"));
                let (ours, theirs) = if by_caller {
                    (line.caller.finish(), line.answerer.finish())
                } else {
                    (line.answerer.finish(), line.caller.finish())
                };
                assert_eq!(ours, Some(None), "{context}");
                let failure = theirs.expect("the other ends as well").expect("by our doing");
                assert!(
                    matches!(failure, PppFailure::PeerTerminated { .. }),
                    "{failure:?} {context}"
                );
                assert!(line.is_quiet(), "{context}");
                if settled {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_hang_up_costs_one_round_trip() {
    let mut line = Line::by(Method::MsChapV2).begin();
    line.run_until_settled().unwrap();
    let now = line.now;
    line.caller.ppp.close(now, CloseReason::HungUp);
    line.drain();
    while line.caller.finish().is_none() {
        assert!(line.step(now + SECOND));
    }
    assert_eq!(line.now.since(now), DELAY * 2);
    let failure = line.answerer.finish().flatten();
    let (text, windows_code) = ("hung up".to_owned(), None);
    assert_eq!(
        failure,
        Some(PppFailure::PeerTerminated { phase: Phase::Network, windows_code, text })
    );
    for end in [&line.caller, &line.answerer] {
        assert!(end.has(|e| matches!(e, PppEvent::Ipv4Down)));
        assert!(end.has(|e| matches!(e, PppEvent::Ipv6Down)));
    }
}

/// On a carrier that loses frames a peer lingers for repeats of our Terminate-Request; when its Ack is there
/// it is told that there are none.
#[test]
fn a_peer_on_a_lossy_carrier_need_not_linger_behind_its_ack() {
    for ack_is_lost in [false, true] {
        let mut line = Line::lingering(Method::MsChapV2, true).begin();
        line.run_until_settled().unwrap();
        let now = line.now;
        // Ours is the first frame, theirs the second.
        line.lose = ack_is_lost.then_some(line.frames + 1).into_iter().collect();
        line.caller.ppp.close(now, CloseReason::HungUp);
        line.drain();
        while line.answerer.finish().is_none() {
            assert!(line.step(now + SECOND * 10), "{}", line.log.join("\n"));
        }
        let repeats = if ack_is_lost { SECOND } else { Duration::ZERO };
        assert!(line.now.since(now) <= repeats + DELAY * 3, "{}", line.log.join("\n"));
        line.run_for(SECOND);
        assert_eq!(line.caller.finish(), Some(None));
        assert!(line.is_quiet());
    }
}

#[test]
fn a_hang_up_with_a_dead_peer_is_bounded() {
    let mut line = Line::by(Method::MsChapV2).begin();
    line.run_until_settled().unwrap();
    let now = line.now;
    line.lose = (line.frames..line.frames + 100).collect();
    line.caller.ppp.close(now, CloseReason::HungUp);
    line.drain();
    while line.caller.finish().is_none() {
        assert!(line.step(now + SECOND * 10));
    }
    assert_eq!(line.now.since(now), SECOND * 2, "two requests, a second each");
}

#[test]
fn a_wrong_password_is_told_before_the_link_closes() {
    for (method, code) in
        [(Method::Pap, None), (Method::ChapMd5, None), (Method::MsChapV2, Some(691))]
    {
        let mut caller = PppTerms::caller(vec![method], credentials("other"));
        caller.linger = false;
        let answerer = PppTerms::answerer(vec![method], "server".into());
        let mut line = Line::new(caller, answerer).begin();
        line.run_for(SECOND * 10);
        let context = line.log.join("\n");
        let failure = line.caller.finish().expect("finished").expect("failed");
        let PppFailure::Refused { method: by, code: told, .. } = failure else {
            panic!("{failure:?}\n{context}")
        };
        assert_eq!((by, told), (method, code), "{context}");
        let failure = line.answerer.finish().expect("finished").expect("failed");
        assert!(matches!(failure, PppFailure::Refused { .. }), "{failure:?}\n{context}");
        assert!(line.is_quiet(), "{context}");
        assert!(!context.contains(PASSWORD));
    }
}

#[test]
fn methods_are_agreed_on_by_naks() {
    let caller = PppTerms::caller(vec![Method::ChapMd5], credentials(PASSWORD));
    let methods = vec![Method::MsChapV2, Method::ChapMd5, Method::Pap];
    let mut line = Line::new(caller, PppTerms::answerer(methods, "server".into())).begin();
    line.run_until_settled().expect("it settles");
    let by_md5 = |e: &PppEvent| matches!(e, PppEvent::LcpUp(facts) if facts.our_method == Some(Method::ChapMd5));
    assert!(line.caller.has(by_md5));
}

#[test]
fn without_a_common_method_both_ends_say_so() {
    let caller = PppTerms::caller(vec![Method::MsChapV2], credentials(PASSWORD));
    let mut line =
        Line::new(caller, PppTerms::answerer(vec![Method::Pap], "server".into())).begin();
    line.run_for(SECOND * 20);
    let context = line.log.join("\n");
    assert_eq!(line.caller.finish(), Some(Some(PppFailure::NoCommonMethod)), "{context}");
    assert_eq!(line.answerer.finish(), Some(Some(PppFailure::NoCommonMethod)), "{context}");
}

#[test]
fn a_caller_that_proves_nothing_is_refused() {
    let caller = PppTerms::caller(Vec::new(), None);
    let mut line =
        Line::new(caller, PppTerms::answerer(vec![Method::Pap], "server".into())).begin();
    line.run_for(SECOND * 20);
    let refuses = Some(Some(PppFailure::PeerRefusesToAuthenticate));
    assert_eq!(line.answerer.finish(), refuses);
    assert_eq!(line.caller.finish(), Some(Some(PppFailure::NoCommonMethod)));
}

#[test]
fn a_mutual_proof_is_demanded_and_had_only_by_ms_chap_version_2() {
    for (method, good) in [(Method::MsChapV2, true), (Method::Pap, false)] {
        let mut caller = PppTerms::caller(vec![method], credentials(PASSWORD));
        caller.require_mutual = true;
        let mut line = Line::new(caller, PppTerms::answerer(vec![method], "server".into())).begin();
        line.run_for(SECOND * 5);
        assert_eq!(line.caller.is_settled(), good);
        let failure = line.caller.finish();
        assert_eq!(failure, (!good).then_some(Some(PppFailure::PeerNotProven)));
    }
}

#[test]
fn both_directions_may_prove_themselves_at_once() {
    let terms = |mut terms: PppTerms| {
        terms.accept_methods = vec![Method::ChapMd5];
        terms.demand_methods = vec![Method::ChapMd5];
        terms.credentials = credentials(PASSWORD);
        terms
    };
    let caller = terms(PppTerms::caller(Vec::new(), None));
    let answerer = terms(PppTerms::answerer(Vec::new(), "server".into()));
    let mut line = Line::new(caller, answerer).begin();
    line.run_until_settled().expect("it settles");
}

#[test]
fn only_ipv4_may_be_wanted_by_one_end() {
    let mut line = Line::by(Method::Pap);
    line.answerer.network.ipv6 = None;
    let mut line = line.begin();
    line.run_until_settled().expect("it settles");
    assert!(line.caller.has(|e| matches!(e, PppEvent::Ipv4Up { .. })));
    assert!(!line.caller.has(|e| matches!(e, PppEvent::Ipv6Up { .. })));
}

#[test]
fn without_a_common_network_protocol_there_is_no_purpose() {
    let mut line = Line::by(Method::Pap);
    line.caller.network.ipv4 = None;
    line.answerer.network.ipv6 = None;
    let mut line = line.begin();
    line.run_for(SECOND * 10);
    assert_eq!(line.caller.finish(), Some(Some(PppFailure::NoNetworkProtocol)));

    let mut line = Line::by(Method::Pap);
    line.caller.network = NetworkTerms::default();
    let mut line = line.begin();
    line.run_for(SECOND * 10);
    assert_eq!(line.caller.finish(), Some(Some(PppFailure::NoNetworkProtocol)));
}

#[test]
fn a_demanded_address_that_is_not_to_be_had_ends_the_call() {
    let mut line = Line::by(Method::Pap);
    if let Some(ipv4) = &mut line.caller.network.ipv4 {
        ipv4.local = Some(DNS);
        ipv4.demand_local = true;
    }
    let mut line = line.begin();
    line.run_for(SECOND * 10);
    assert_eq!(line.caller.finish(), Some(Some(PppFailure::AddressRefused)));
}

#[test]
fn a_quiet_line_is_kept_alive_and_a_dead_one_noticed() {
    let mut line = Line::by(Method::Pap);
    line.caller.ppp.keepalive =
        crate::lcp::Keepalive::new(Some(EchoTerms { every: SECOND * 20, tolerated: 3 }));
    let mut line = line.begin();
    line.run_until_settled().unwrap();
    let before = line.caller.sent;
    line.run_for(SECOND * 600);
    let echoes = line.caller.sent - before;
    assert!((28..=30).contains(&echoes), "{echoes} echoes in ten minutes");
    assert_eq!(line.caller.finish(), None);
    line.lose = (line.frames..line.frames + 100).collect();
    let start = line.now;
    while line.caller.finish().is_none() {
        assert!(line.step(start + SECOND * 120));
    }
    assert_eq!(line.caller.finish(), Some(Some(PppFailure::PeerSilent { misses: 3 })));
    assert!(line.caller.has(|e| matches!(e, PppEvent::Ipv4Down)));
    assert_eq!(line.caller.ppp.poll_timeout(), None);
}

#[test]
fn a_probe_finds_out_within_a_second() {
    let mut line = Line::by(Method::Pap).begin();
    line.run_until_settled().unwrap();
    let now = line.now;
    line.caller.ppp.probe(now);
    line.drain();
    line.run_for(SECOND * 5);
    assert_eq!(line.caller.finish(), None, "the peer answers");

    let now = line.now;
    line.lose = (line.frames..line.frames + 9).collect();
    line.caller.ppp.probe(now);
    line.drain();
    line.run_for(SECOND);
    assert_eq!(line.caller.finish(), Some(Some(PppFailure::PeerSilent { misses: 1 })));
}

#[test]
fn a_peer_that_negotiates_anew_is_proven_and_projected_anew() {
    let mut line = Line::by(Method::MsChapV2).begin();
    line.run_until_settled().unwrap();
    // The answerer has lost its memory: it starts again on a link that is up.
    let fresh = Line::by(Method::MsChapV2);
    line.answerer = fresh.answerer;
    let now = line.now;
    line.answerer.ppp.open(now);
    line.answerer.ppp.lower_up(now);
    line.caller.events.clear();
    line.drain();
    line.run_for(SECOND * 10);
    assert!(line.answerer.is_settled(), "{}", line.log.join("\n"));
    let order: Vec<_> = line
        .caller
        .events
        .iter()
        .filter_map(|e| match e {
            PppEvent::Ipv4Down => Some("down"),
            PppEvent::Authenticated { .. } => Some("proven"),
            PppEvent::Ipv4Up { local, .. } if *local == CLIENT => Some("up"),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["down", "proven", "up"]);
}

#[test]
fn a_lost_carrier_takes_all_down_at_once_and_may_come_again() {
    let mut line = Line::by(Method::Pap).begin();
    line.run_until_settled().unwrap();
    let now = line.now;
    for end in [&mut line.caller, &mut line.answerer] {
        end.ppp.lower_down(now);
        assert_eq!(end.ppp.poll_timeout(), None);
        assert_eq!(end.ppp.phase(), Phase::Dead);
    }
    let frames = line.frames;
    line.drain();
    assert_eq!(line.frames, frames, "nothing is sent");
    assert!(line.caller.has(|e| matches!(e, PppEvent::Ipv4Down)));
    for end in [&mut line.caller, &mut line.answerer] {
        end.events.clear();
        end.ppp.lower_up(now);
    }
    line.drain();
    line.run_until_settled().expect("it settles again");
}

#[test]
fn an_abandoned_end_is_silent() {
    let mut line = Line::by(Method::Pap).begin();
    line.run_until_settled().unwrap();
    line.caller.ppp.abandon();
    let frames = line.frames;
    line.drain();
    assert_eq!((line.frames, line.caller.ppp.poll_timeout()), (frames, None));
    assert_eq!(line.caller.ppp.phase(), Phase::Dead);
    let now = line.now;
    line.caller.ppp.close(now, CloseReason::HungUp);
    assert!(line.caller.ppp.poll_event().is_none());
}

/// A peer whose PPP starts 300 ms after the link is up, as pppd behind an SSTP server does: no restart
/// timer is waited for. On a line that loses frames it is.
#[test]
fn a_peer_that_starts_late_costs_no_restart_period() {
    for linger in [false, true] {
        let mut line = Line::lingering(Method::MsChapV2, linger);
        let (now, late) = (line.now, Duration::from_millis(300));
        line.caller.ppp.open(now);
        line.caller.ppp.lower_up(now);
        line.drain();
        line.run_for(late);
        line.answerer.ppp.open(line.now);
        line.answerer.ppp.lower_up(line.now);
        line.drain();
        let took = line.run_until_settled().expect("it settles");
        if linger {
            assert!(took > DELAY * 12, "{took:?}");
        } else {
            assert_eq!(took, DELAY * 9, "as with a peer that is there:\n{}", line.log.join("\n"));
        }
    }
}

/// Two that both begin to talk at once both repeat, once, and LCP opens once.
#[test]
fn two_that_repeat_early_make_no_storm() {
    let mut line = Line::by(Method::Pap).begin();
    line.run_until_settled().unwrap();
    line.run_for(SECOND * 30);
    for way in ["▶", "◀"] {
        let requests = format!("{way} LCP Configure-Request");
        let sent = line.log.iter().filter(|l| l.contains(&requests)).count();
        assert_eq!(sent, 2, "{}", line.log.join("\n"));
    }
    for end in [&line.caller, &line.answerer] {
        let ups = end.events.iter().filter(|e| matches!(e, PppEvent::LcpUp(_))).count();
        assert_eq!(ups, 1);
    }
}
