//! Two ends of a bundle with up to four links, and somebody who writes onto the links: what comes out was
//! sent or forged, in order, and what waits is bounded.

use std::collections::VecDeque;

use onhook_base::{Duration, Instant};
use onhook_ppp::multilink::{
    Bundle, BundleTerms, Discriminator, MemberId, MemberTerms, SequenceForm,
};
use onhook_ppp::wire::protocol;

use crate::input::{Input, START};

/// Fragments, and octets in them, that may wait for others.
const MOST_WAITING: (usize, usize) = (512, 256 * 1024);

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let form = |bit: u8| if kind & bit == 0 { SequenceForm::Long } else { SequenceForm::Short };
    let terms =
        BundleTerms { mrru: 1500, peer_mrru: 1500, receive_form: form(1), send_form: form(1) };
    let links = (kind >> 1) % 4 + 1;
    let mut ends = [Bundle::new(terms), Bundle::new(terms)];
    for n in 0..links {
        let speed = u32::from(input.byte()) * 1200;
        for end in &mut ends {
            assert!(end.join(MemberId(n), MemberTerms { mru: 1500, bits_per_second: Some(speed) }));
        }
    }
    let mut queues: Vec<VecDeque<Vec<u8>>> = vec![VecDeque::new(); usize::from(links)];
    let mut now = START;
    let (mut sent, mut forged) = (Vec::new(), false);
    while !input.is_empty() {
        let deed = input.byte();
        let link = MemberId((deed >> 4) % links);
        let queue = &mut queues[usize::from(link.0)];
        match deed & 0x0f {
            0..=4 => {
                let mut information = input.piece().to_vec();
                information.truncate(1500);
                let number = u32::try_from(sent.len()).unwrap_or(u32::MAX);
                information.splice(..0, number.to_be_bytes());
                information.truncate(1500);
                if ends[0].send(protocol::IPV4, &information) {
                    sent.push([&protocol::IPV4.to_be_bytes()[..], &information].concat());
                }
            }
            5..=8 => {
                for _ in 0..=input.byte() % 8 {
                    let Some(fragment) = queue.pop_front() else { break };
                    take(&mut ends[1], now, link, &fragment);
                }
            }
            9 => drop(queue.pop_front()),
            10 => {
                forged = true;
                take(&mut ends[1], now, link, input.piece());
            }
            11 => {
                now += Duration::from_millis(u64::from(input.byte()) * 40);
                ends[1].handle_timeout(now);
            }
            12 => {
                ends[0].leave(now, link);
                ends[1].leave(now, link);
                queue.clear();
            }
            13 => ends[0].set_backlog(link, usize::from(input.byte()) << 8),
            _ => drop(Discriminator::from_value(input.piece())),
        }
        let mut fragment = Vec::new();
        while let Some(id) = ends[0].poll_fragment(&mut fragment) {
            queues[usize::from(id.0)].push_back(fragment.clone());
        }
        let (fragments, octets) = ends[1].waiting();
        assert!(fragments <= MOST_WAITING.0 && octets <= MOST_WAITING.1, "{fragments} {octets}");
    }
    // So many late ones may be taken for a sequence that begins anew.
    forged |= ends[1].counters().late >= 32;
    let mut expected = sent.iter();
    while let Some(frame) = ends[1].poll_frame() {
        assert!(frame.len() <= 1502, "{} octets", frame.len());
        assert!(forged || expected.any(|f| *f == frame), "a packet that nobody sent, or twice");
    }
}

fn take(end: &mut Bundle, now: Instant, link: MemberId, fragment: &[u8]) {
    let result = end.handle_fragment(now, link, fragment);
    assert!(result.is_ok() || fragment.len() < 4, "only what has no header is malformed");
}
