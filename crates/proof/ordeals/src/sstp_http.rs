//! SSTP's HTTP handshake, both ends: whatever comes first on the stream.

use crate::input::{Input, START, feed, lane_facts};
use onhook_base::Seed;
use onhook_link::Link;
use onhook_link::sstp::{SstpAnswerer, SstpAnswererTerms, SstpCaller, SstpCallerTerms};

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let seed = Seed::from_number(1);
    if input.byte() & 1 == 0 {
        let mut link = SstpCaller::new(SstpCallerTerms::new("vpn.example.net"), &seed);
        link.open(START, &lane_facts());
        feed(&mut link, input);
    } else {
        let mut link = SstpAnswerer::new(SstpAnswererTerms::default(), &seed);
        link.open(START, &lane_facts());
        feed(&mut link, input);
    }
}
