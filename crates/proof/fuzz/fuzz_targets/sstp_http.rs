//! SSTP's HTTP handshake, both ends: whatever comes first on the stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onhook_base::Seed;
use onhook_fuzz::{Input, START, feed, lane_facts};
use onhook_link::Link;
use onhook_link::sstp::{SstpAnswerer, SstpAnswererTerms, SstpCaller, SstpCallerTerms};

fuzz_target!(|data: &[u8]| {
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
});
