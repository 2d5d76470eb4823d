//! A modem that says anything at any moment, and one that waits for a ring.

use onhook_base::Secret;
use onhook_link::Link;
use onhook_link::modem::{Attendant, Modem, ModemTerms, Script, dial_string};

use crate::input::{Input, START, feed, lane_facts};

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let text = String::from_utf8_lossy(input.0).into_owned();
    let number = dial_string(&text).unwrap_or_else(|_| "5551234".to_owned());
    assert!(!number.chars().any(char::is_control), "a number holds no command");
    let script = Script::parse(&text).ok();
    let mut attendant = Attendant::new(START);
    attendant.handle_lane(START, input.0);
    while attendant.poll_event().is_some() || attendant.poll_transmit().is_some() {}
    let mut modem = Modem::new(ModemTerms {
        number,
        settings: Vec::new(),
        script: if kind & 1 == 1 { script.or(Script::parse("expect :").ok()) } else { None },
        user: "alice".to_owned(),
        password: Secret::new("wonderland1".to_owned()),
    });
    modem.open(START, &lane_facts());
    feed(&mut modem, input);
    // The same octets before one that waits to be called back.
    let mut modem = Modem::taken("9600".to_owned());
    modem.open(START, &lane_facts());
    if kind & 2 == 2 && modem.expect_callback() {
        modem.await_callback(START);
    }
    feed(&mut modem, Input(&data[data.len().min(1)..]));
}
