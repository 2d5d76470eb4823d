//! A serial line: octets in pieces, both ends of the cable's greeting.

use onhook_link::hdlc::{Line, LineTerms};
use onhook_link::{FrameTerms, Link};

use crate::input::{Input, START, feed, lane_facts};

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let mut line = Line::new(LineTerms { calls: kind & 1 == 1, greets: kind & 2 == 2 });
    line.open(START, &lane_facts());
    if kind & 4 == 4 {
        line.adopt(FrameTerms {
            protocol_compression: true,
            address_compression: true,
            escape_map: u32::from(input.byte()) << 24,
            peer_mru: 1500,
        });
    }
    feed(&mut line, input);
}
