//! A line and a modem behind a terminal server that says what the input says.

use onhook_base::Secret;
use onhook_link::hdlc::{Line, LineTerms};
use onhook_link::modem::{Modem, ModemTerms};
use onhook_link::telnet::{Telnet, TelnetTerms};
use onhook_link::{Lane, Link};

use crate::input::{Input, START, drain, feed, lane_facts};

/// A server that agrees to all that matters.
const AGREED: &[u8] = &[255, 253, 0, 255, 251, 0, 255, 253, 44];

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let above: Box<dyn Link + Send + Sync> = match kind & 1 {
        0 => Box::new(Line::new(LineTerms { calls: true, greets: kind & 4 != 0 })),
        _ => Box::new(Modem::new(ModemTerms {
            number: "T1".to_owned(),
            settings: Vec::new(),
            script: None,
            user: "alice".to_owned(),
            password: Secret::new("rabbit".to_owned()),
        })),
    };
    let mut link = Telnet::new(TelnetTerms { speed: 115_200 }, above);
    link.open(START, &lane_facts());
    drain(&mut link, START);
    if kind & 2 != 0 {
        link.handle_lane(START, Lane::Control, AGREED);
    }
    feed(&mut link, input);
}
