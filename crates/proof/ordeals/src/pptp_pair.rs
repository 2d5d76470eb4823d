//! Both ends of a PPTP call, with a stream and a network between them that do what the input says.

use onhook_base::{Duration, Instant, Seed};
use onhook_link::pptp::{Pptp, PptpTerms};
use onhook_link::{Farewell, Lane, Link};

use crate::input::{Input, MOST_QUEUED, START, lane_facts};

/// Rounds of a farewell; more than this is one that never ends.
const MOST_ROUNDS: usize = 50;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let terms = |call| PptpTerms { host_name: "ordeal".to_owned(), call };
    let mut ends = [
        Pptp::caller(terms(None), &Seed::from_number(1)),
        Pptp::answerer(terms(Some(7)), &Seed::from_number(2)),
    ];
    let mut now = START;
    ends.iter_mut().for_each(|end| end.open(now, &lane_facts()));
    let mut last = Vec::new();
    while !input.is_empty() {
        let step = input.byte();
        let at = usize::from(step >> 7);
        match step & 0x7f {
            0..=55 => {
                if let Some(lane) = ends[at].poll_transmit(&mut last) {
                    deliver(&mut ends[1 - at], now, lane, &last);
                }
            }
            // A stream comes in pieces; packets are lost.
            56..=63 => {
                if let Some(lane) = ends[at].poll_transmit(&mut last) {
                    let cut = usize::from(input.byte()).min(last.len());
                    let (first, rest) = last.split_at(cut);
                    deliver(&mut ends[1 - at], now, lane, first);
                    if lane == Lane::Control {
                        deliver(&mut ends[1 - at], now, lane, rest);
                    }
                }
            }
            64..=71 => deliver(&mut ends[1 - at], now, Lane::Data, &last),
            72..=79 => deliver(&mut ends[1 - at], now, Lane::Control, &last),
            80..=95 => {
                let lane = ends[at].poll_transmit(&mut last).unwrap_or(Lane::Data);
                let place = usize::from(input.byte());
                if let Some(octet) = last.get_mut(place) {
                    *octet ^= input.byte();
                }
                deliver(&mut ends[1 - at], now, lane, &last);
            }
            96..=103 => deliver(&mut ends[at], now, Lane::Data, input.piece()),
            104..=111 => deliver(&mut ends[at], now, Lane::Control, input.piece()),
            112..=119 => ends[at].send_frame(now, 0x0021, input.piece()),
            120..=123 => {
                now += Duration::from_millis(u64::from(input.byte()) * 250);
                ends[at].handle_timeout(now);
            }
            124 => ends[at].handle_lane_closed(now, Lane::Data),
            125 => ends[at].close(now, Farewell::Ordinary),
            126 => ends[at].close(now, Farewell::Aborted),
            _ => ends[at].handle_lane_closed(now, Lane::Control),
        }
        for end in &mut ends {
            while end.poll_event().is_some() {}
            assert!(end.queued_bytes() < MOST_QUEUED, "{} octets are queued", end.queued_bytes());
        }
    }
    // Whatever came before, an end that is closed and left alone comes to its own.
    for end in &mut ends {
        end.close(now, Farewell::Ordinary);
        for rounds in 0.. {
            while end.poll_transmit(&mut last).is_some() || end.poll_event().is_some() {}
            let Some(deadline) = end.poll_timeout() else { break };
            now = now.max(deadline.at);
            end.handle_timeout(now);
            assert!(rounds < MOST_ROUNDS, "the farewell never ends: {}", deadline.why);
        }
    }
}

fn deliver(end: &mut Pptp, now: Instant, lane: Lane, bytes: &[u8]) {
    end.handle_lane(now, lane, bytes);
    while end.poll_event().is_some() || end.poll_frame(now).is_some() {}
}
