//! A whole PPP endpoint, caller or answerer, fed with frames in any order and any phase.

use crate::input::{Input, START};
use onhook_base::{Duration, Instant, Secret, Seed};
use onhook_ppp::auth::{Credentials, Method, judge};
use onhook_ppp::{
    CloseReason, EchoTerms, Ipv4Terms, Ipv6Terms, NetworkTerms, Ppp, PppEvent, PppTerms,
};

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let mut ppp = Ppp::new(terms(input.byte()), &Seed::from_number(1));
    let mut now = START;
    ppp.open(now);
    ppp.lower_up(now);
    drain(&mut ppp, now);
    while !input.is_empty() {
        match input.byte() {
            0 => {
                now += Duration::from_millis(u64::from(input.byte()) * 50);
                ppp.handle_timeout(now);
            }
            1 => ppp.close(now, CloseReason::HungUp),
            2 => {
                ppp.lower_down(now);
                ppp.lower_up(now);
            }
            3 => ppp.probe(now),
            4 => {
                let sent = ppp.send_packet(now, input.piece(), &mut |_, _| {});
                assert!(!sent || !input.0.is_empty() || data.len() > 4, "a packet from nothing");
            }
            _ => {
                let mut frame = input.piece().to_vec();
                let described = frame.get(2..).map(|rest| {
                    onhook_ppp::describe(u16::from_be_bytes([frame[0], frame[1]]), rest)
                });
                drop(described);
                let packet = ppp.handle_frame(now, &mut frame);
                assert!(packet.is_none_or(|packet| packet.bytes.len() < data.len()));
            }
        }
        drain(&mut ppp, now);
    }
    // An endpoint that is closed and hears nothing more comes to its end.
    ppp.close(now, CloseReason::HungUp);
    drain(&mut ppp, now);
    for rounds in 0.. {
        let Some(deadline) = ppp.poll_timeout() else { break };
        now = now.max(deadline.at);
        ppp.handle_timeout(now);
        drain(&mut ppp, now);
        assert!(rounds < 1000, "the farewell never ends: {}", deadline.why);
    }
}

fn terms(kind: u8) -> PppTerms {
    let methods = vec![Method::MsChapV2, Method::ChapMd5, Method::Pap];
    let user = "alice".to_owned();
    let password = Secret::new("wonderland1".to_owned());
    let mut terms = if kind & 1 == 0 {
        PppTerms::caller(methods, Some(Credentials { user, password }))
    } else {
        let demanded = methods[usize::from(kind >> 1) % 3..].to_vec();
        PppTerms::answerer(demanded, "answerer".to_owned())
    };
    terms.require_mutual = kind & 8 != 0;
    terms.asynchronous = kind & 16 != 0;
    terms.refuse_framing_options = kind & 32 != 0;
    terms.echo = Some(EchoTerms { every: Duration::from_secs(10), tolerated: 3 });
    terms
}

fn drain(ppp: &mut Ppp, now: Instant) {
    let mut out = Vec::new();
    for polls in 0.. {
        let frame = ppp.poll_frame(&mut out).is_some();
        let event = ppp.poll_event();
        let quiet = event.is_none() && !frame;
        match event {
            Some(PppEvent::VerifyPeer(question)) => {
                let verdict = judge(&question, &Secret::new("wonderland1".to_owned()));
                ppp.answer_auth(now, verdict);
            }
            Some(PppEvent::Authenticated { .. }) => ppp.project(now, network()),
            _ => {}
        }
        if quiet {
            break;
        }
        assert!(polls < 10_000, "the endpoint never falls silent");
    }
}

fn network() -> NetworkTerms {
    let ipv4 = Ipv4Terms {
        local: Some([10, 0, 0, 1].into()),
        peer: Some([10, 0, 0, 2].into()),
        ask_dns: true,
        offer_dns: vec![[10, 0, 0, 53].into()],
        ..Ipv4Terms::default()
    };
    NetworkTerms { ipv4: Some(ipv4), ipv6: Some(Ipv6Terms::default()) }
}
