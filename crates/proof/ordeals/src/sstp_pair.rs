//! Two real ends of SSTP, and somebody on the stream between who bends, inserts and cuts. Nobody is taken
//! for bound who does not have the keys, and both ends come to their end.

use onhook_base::{Duration, Instant, Seed};
use onhook_link::sstp::{SstpAnswerer, SstpAnswererTerms, SstpCaller, SstpCallerTerms};
use onhook_link::{Farewell, Lane, Link};

use crate::input::{Input, START, drain, keys, lane_facts};

/// Octets under way in one direction.
const MOST_UNDER_WAY: usize = 1 << 20;

struct Pair {
    ends: [Box<dyn Link>; 2],
    /// What has been sent to each.
    to: [Vec<u8>; 2],
    now: Instant,
}

impl Pair {
    fn new() -> Self {
        let seed = Seed::from_number(1);
        let mut caller = SstpCaller::new(SstpCallerTerms::new("vpn.example.net"), &seed);
        let mut answerer = SstpAnswerer::new(SstpAnswererTerms::default(), &seed);
        caller.open(START, &lane_facts());
        answerer.open(START, &lane_facts());
        Self { ends: [Box::new(caller), Box::new(answerer)], to: [vec![], vec![]], now: START }
    }

    /// What both say is under way, what they tell and receive is taken.
    fn collect(&mut self) {
        let mut out = Vec::new();
        for from in 0..2 {
            while self.ends[from].poll_transmit(&mut out).is_some() {
                self.to[1 - from].extend_from_slice(&out);
            }
            assert!(self.to[1 - from].len() < MOST_UNDER_WAY, "it never falls silent");
            drain(&mut *self.ends[from], self.now);
        }
    }

    fn arrive(&mut self, at: usize, most: usize) {
        let count = most.min(self.to[at].len());
        let octets: Vec<u8> = self.to[at].drain(..count).collect();
        if !octets.is_empty() {
            self.ends[at].handle_lane(self.now, Lane::Control, &octets);
        }
        self.collect();
    }
}

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let mut pair = Pair::new();
    pair.collect();
    while !input.is_empty() {
        let deed = input.byte();
        let at = usize::from(deed >> 7);
        match deed & 0x0f {
            0..=4 => pair.arrive(at, usize::MAX),
            5 => pair.arrive(at, usize::from(input.byte())),
            6 => {
                pair.now += Duration::from_millis(u64::from(input.byte()) * 500);
                let now = pair.now;
                pair.ends.iter_mut().for_each(|end| end.handle_timeout(now));
            }
            7 => pair.ends[at].authenticated(pair.now, Some(&keys())),
            8 => pair.ends[at].authenticated(pair.now, None),
            9 => {
                let (place, with) = (usize::from(input.byte()), input.byte());
                if let Some(octet) = pair.to[at].get_mut(place) {
                    *octet ^= with;
                }
            }
            10 => {
                let place = usize::from(input.byte()).min(pair.to[at].len());
                let piece = input.piece().to_vec();
                pair.to[at].splice(place..place, piece);
            }
            11 => pair.to[at].clear(),
            12 => pair.ends[at].send_frame(pair.now, 0xc021, input.piece()),
            13 => pair.ends[at].close(pair.now, Farewell::Ordinary),
            14 => pair.ends[at].handle_lane_closed(pair.now, Lane::Control),
            _ => {
                // A control packet with a true length.
                let (kind, body) = (input.byte() % 12, input.piece());
                let length = u16::try_from(body.len() + 8).unwrap_or(u16::MAX).to_be_bytes();
                let mut packet = vec![0x10, 1, length[0] & 0x0f, length[1], 0, kind, 0, 1];
                packet.extend_from_slice(body);
                pair.to[at].splice(0..0, packet);
            }
        }
        pair.collect();
    }
    for mut end in pair.ends {
        let mut now = pair.now;
        end.close(now, Farewell::Aborted);
        drain(&mut *end, now);
        for rounds in 0.. {
            let Some(deadline) = end.poll_timeout() else { break };
            now = now.max(deadline.at);
            end.handle_timeout(now);
            drain(&mut *end, now);
            assert!(rounds < 100, "the farewell never ends: {}", deadline.why);
        }
    }
}
