//! SSTP's packets behind the HTTP handshake, both ends.

use crate::input::{Input, START, drain, feed, lane_facts};
use onhook_base::Seed;
use onhook_link::sstp::{SstpAnswerer, SstpAnswererTerms, SstpCaller, SstpCallerTerms};
use onhook_link::{Lane, Link};

const REQUEST: &[u8] =
    b"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n\
    Host: vpn.example.net\r\nContent-Length: 18446744073709551615\r\n\
    SSTPCORRELATIONID: {11223344-5566-7788-99AA-BBCCDDEEFF00}\r\n\r\n";
const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\
    Server: Microsoft-HTTPAPI/2.0\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n";

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let seed = Seed::from_number(1);
    if input.byte() & 1 == 0 {
        let mut link = SstpCaller::new(SstpCallerTerms::new("vpn.example.net"), &seed);
        begin(&mut link, REPLY);
        feed(&mut link, input);
    } else {
        let mut link = SstpAnswerer::new(SstpAnswererTerms::default(), &seed);
        begin(&mut link, REQUEST);
        feed(&mut link, input);
    }
}

fn begin(link: &mut dyn Link, first_words: &[u8]) {
    link.open(START, &lane_facts());
    drain(link, START);
    link.handle_lane(START, Lane::Control, first_words);
    drain(link, START);
}
