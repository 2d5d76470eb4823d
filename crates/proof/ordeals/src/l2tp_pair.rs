//! Both ends of an L2TP tunnel, with a network between them that does what the input says.

use onhook_base::{Duration, Secret, Seed};
use onhook_link::l2tp::{L2tp, L2tpTerms, Peek};
use onhook_link::{Farewell, Lane, Link};

use crate::input::{Input, MOST_QUEUED, START, lane_facts};

/// Rounds of a farewell; more than this is one that never ends.
const MOST_ROUNDS: usize = 200;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let terms = |bit: u8| L2tpTerms {
        host_name: "ordeal".to_owned(),
        secret: (kind & bit != 0).then(|| Secret::new("looking-glass".to_owned())),
        tunnel: None,
    };
    let mut ends = [
        L2tp::caller(terms(1), &Seed::from_number(1)),
        L2tp::answerer(terms(2), &Seed::from_number(2)),
    ];
    let mut now = START;
    ends.iter_mut().for_each(|end| end.open(now, &lane_facts()));
    let mut datagram = Vec::new();
    while !input.is_empty() {
        let step = input.byte();
        let at = usize::from(step >> 7);
        match step & 0x7f {
            0..=63 => {
                if ends[at].poll_transmit(&mut datagram).is_some() {
                    deliver(&mut ends[1 - at], now, &datagram);
                }
            }
            64..=71 => drop(ends[at].poll_transmit(&mut datagram)),
            72..=79 => deliver(&mut ends[1 - at], now, &datagram),
            80..=95 => {
                ends[at].poll_transmit(&mut datagram);
                let place = usize::from(input.byte());
                if let Some(octet) = datagram.get_mut(place) {
                    *octet ^= input.byte();
                }
                deliver(&mut ends[1 - at], now, &datagram);
            }
            96..=103 => {
                let piece = input.piece();
                Peek::at(piece);
                deliver(&mut ends[at], now, piece);
            }
            // Known ids make what comes behind them count.
            104..=111 => {
                datagram.truncate(12);
                datagram.extend_from_slice(input.piece());
                if let (Ok(length), Some(field)) =
                    (u16::try_from(datagram.len()), datagram.get_mut(2..4))
                {
                    field.copy_from_slice(&length.to_be_bytes());
                }
                deliver(&mut ends[at], now, &datagram);
            }
            112..=119 => ends[at].send_frame(now, 0x0021, input.piece()),
            120..=124 => {
                now += Duration::from_millis(u64::from(input.byte()) * 250);
                ends[at].handle_timeout(now);
            }
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
            while end.poll_transmit(&mut datagram).is_some() || end.poll_event().is_some() {}
            let Some(deadline) = end.poll_timeout() else { break };
            now = now.max(deadline.at);
            end.handle_timeout(now);
            assert!(rounds < MOST_ROUNDS, "the farewell never ends: {}", deadline.why);
        }
    }
}

fn deliver(end: &mut L2tp, now: onhook_base::Instant, datagram: &[u8]) {
    end.handle_lane(now, Lane::Control, datagram);
    while end.poll_event().is_some() || end.poll_frame(now).is_some() {}
}
