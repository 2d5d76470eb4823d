//! A caller, a concentrator and the session between them on one wire that does what the input says.

use onhook_base::{Duration, Instant, Seed};
use onhook_link::pppoe::{
    Concentrator, ConcentratorTerms, Pppoe, PppoeTerms, Reaction, SessionName,
};
use onhook_link::{EthernetFacts, Farewell, Lane, LaneFacts, Link};

use crate::input::{Input, MOST_QUEUED, START};

const HOST: [u8; 6] = [2, 0, 0, 0, 0, 1];
const SERVER: [u8; 6] = [2, 0, 0, 0, 0, 2];
/// Within this a caller that leaves has left.
const LONGEST_LEAVE: Duration = Duration::from_millis(500);

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let mtu = if kind & 1 == 1 { 1508 } else { 1500 };
    let facts =
        LaneFacts { ethernet: Some(EthernetFacts { address: HOST, mtu }), ..LaneFacts::default() };
    let service = if kind & 2 == 2 { "onhook" } else { "" };
    let terms = PppoeTerms { service: service.to_owned(), concentrator: None };
    let mut caller = Pppoe::caller(terms, &Seed::from_number(1));
    let mut server = Concentrator::new(
        ConcentratorTerms {
            name: "peer-ac".to_owned(),
            services: vec!["onhook".to_owned()],
            address: SERVER,
            jumbo: kind & 4 == 4,
        },
        &Seed::from_number(2),
    );
    let mut called: Option<Pppoe> = None;
    let mut now = START;
    caller.open(now, &facts);
    let mut frame = Vec::new();
    while !input.is_empty() {
        match input.byte() {
            0..=127 => {
                if caller.poll_transmit(&mut frame).is_some() {
                    match (&mut called, SessionName::of_received(&frame)) {
                        (Some(called), Some(_)) => called.handle_lane(now, Lane::Control, &frame),
                        _ => react(&mut server, now, &frame, &mut caller, &mut called),
                    }
                }
            }
            128..=159 => {
                if let Some(called) = &mut called
                    && called.poll_transmit(&mut frame).is_some()
                {
                    caller.handle_lane(now, Lane::Control, &frame);
                }
            }
            160..=191 => {
                let place = usize::from(input.byte());
                if let Some(octet) = frame.get_mut(place) {
                    *octet ^= input.byte();
                }
                caller.handle_lane(now, Lane::Control, &frame);
                react(&mut server, now, &frame, &mut caller, &mut called);
            }
            192..=207 => {
                frame.truncate(20);
                frame.extend_from_slice(input.piece());
                let length = u16::try_from(frame.len().saturating_sub(20)).unwrap_or(0);
                if let Some(field) = frame.get_mut(18..20) {
                    field.copy_from_slice(&length.to_be_bytes());
                }
                caller.handle_lane(now, Lane::Control, &frame);
                react(&mut server, now, &frame, &mut caller, &mut called);
            }
            208..=223 => caller.handle_lane(now, Lane::Control, input.piece()),
            224..=239 => caller.send_frame(now, 0x0021, input.piece()),
            240..=247 => {
                now += Duration::from_millis(u64::from(input.byte()) * 250);
                caller.handle_timeout(now);
            }
            248..=251 => caller.close(now, Farewell::Ordinary),
            _ => {
                if let Some(called) = &mut called {
                    called.close(now, Farewell::Ordinary);
                }
            }
        }
        for end in [Some(&mut caller), called.as_mut()].into_iter().flatten() {
            while end.poll_event().is_some() || end.poll_frame(now).is_some() {}
            assert!(end.queued_bytes() < MOST_QUEUED, "{} octets are queued", end.queued_bytes());
        }
    }
    leave(&mut caller, now);
}

/// A caller that leaves waits at most once, and briefly: for the number of a session that it has asked
/// for, to end it.
fn leave(caller: &mut Pppoe, now: Instant) {
    caller.close(now, Farewell::Ordinary);
    if let Some(deadline) = caller.poll_timeout() {
        assert!(deadline.at <= now + LONGEST_LEAVE, "it waits until {:?}", deadline.at);
        caller.handle_timeout(deadline.at);
    }
    assert!(caller.poll_timeout().is_none(), "a session that is closed waits for nothing");
}

fn react(
    server: &mut Concentrator,
    now: Instant,
    frame: &[u8],
    caller: &mut Pppoe,
    called: &mut Option<Pppoe>,
) {
    match server.handle(now, frame) {
        Reaction::Nothing | Reaction::End(_) => {}
        Reaction::Reply(reply) => caller.handle_lane(now, Lane::Control, &reply),
        Reaction::Begin(name, reply) => {
            caller.handle_lane(now, Lane::Control, &reply);
            let mut session = Pppoe::answerer(name, 1492);
            session.open(now, &LaneFacts::default());
            *called = Some(session);
            server.end(name.session);
        }
    }
}
