//! What the modems say, in invented time.

use onhook_base::{Duration, Instant};

use super::*;

const NOW: Instant = Instant::ORIGIN;
const NUMBERS: [&str; 3] = ["5551234", "5555678", "5559999"];

fn at(ms: u64) -> Instant {
    NOW + Duration::from_secs(100) + Duration::from_millis(ms)
}

fn exchange() -> Exchange {
    let mut exchange = Exchange::new(&NUMBERS);
    for modem in 0..NUMBERS.len() {
        exchange.handle_octets(at(0), modem, b"ATE0\r");
        assert_eq!(said(&mut exchange, modem), "ATE0\r\r\nOK\r\n");
    }
    exchange
}

fn said(exchange: &mut Exchange, modem: usize) -> String {
    String::from_utf8(exchange.poll_octets(modem).unwrap_or_default()).unwrap()
}

fn tell(exchange: &mut Exchange, modem: usize, command: &str) -> String {
    exchange.handle_octets(at(0), modem, format!("{command}\r").as_bytes());
    said(exchange, modem)
}

fn call() -> Exchange {
    let mut exchange = exchange();
    assert_eq!(tell(&mut exchange, 0, "ATDT5555678"), "");
    assert_eq!(said(&mut exchange, 1), "\r\nRING\r\n");
    assert_eq!(tell(&mut exchange, 1, "ATA"), format!("\r\nCONNECT {SPEED}\r\n"));
    assert_eq!(said(&mut exchange, 0), format!("\r\nCONNECT {SPEED}\r\n"));
    exchange
}

#[test]
fn results_are_words_or_numbers() {
    let mut exchange = exchange();
    assert_eq!(tell(&mut exchange, 0, "ATV0"), "0\r");
    assert_eq!(tell(&mut exchange, 0, "ATB7"), "4\r");
    assert_eq!(tell(&mut exchange, 0, "AT D 1"), "3\r");
    assert_eq!(tell(&mut exchange, 0, "ATQ1"), "");
    assert_eq!(tell(&mut exchange, 0, "ATZE0"), "\r\nOK\r\n");
    assert_eq!(tell(&mut exchange, 0, "ATE0V1Q0X4&C1&D2S0=0"), "\r\nOK\r\n");
    assert_eq!(tell(&mut exchange, 0, "XYZ"), "\r\nERROR\r\n");
}

#[test]
fn a_call_rings_is_taken_and_carries_octets_both_ways() {
    let mut exchange = call();
    exchange.handle_octets(at(0), 0, b"\x7eAT\r");
    assert_eq!(said(&mut exchange, 1), "\x7eAT\r");
    exchange.handle_octets(at(0), 1, b"back");
    assert_eq!(said(&mut exchange, 0), "back");
    assert!(exchange.has_carrier(0) && exchange.has_carrier(1) && !exchange.has_carrier(2));
    assert_eq!(tell(&mut exchange, 2, "ATD5551234"), "\r\nBUSY\r\n");
    assert_eq!(exchange.poll_timeout(), None);
}

#[test]
fn what_cannot_be_reached_is_told_as_v250_says() {
    let mut exchange = exchange();
    assert_eq!(tell(&mut exchange, 0, "ATDT1"), "\r\nNO CARRIER\r\n");
    exchange.set_dial_tone(false);
    assert_eq!(tell(&mut exchange, 0, "ATDT5555678"), "\r\nNO DIALTONE\r\n");
    exchange.set_dial_tone(true);
    assert_eq!(tell(&mut exchange, 0, "ATS7=10DT5555678"), "");
    exchange.handle_timeout(at(9_900));
    assert_eq!(said(&mut exchange, 0), "");
    assert!(exchange.rings(1));
    exchange.handle_timeout(at(10_000));
    assert_eq!(said(&mut exchange, 0), "\r\nNO ANSWER\r\n");
    assert!(!exchange.rings(1));
    exchange.set_power(1, false);
    assert_eq!(tell(&mut exchange, 0, "ATDT5555678"), "\r\nBUSY\r\n");
    assert_eq!(tell(&mut exchange, 1, "AT"), "");
}

#[test]
fn dialing_is_called_off_by_any_character() {
    let mut exchange = exchange();
    tell(&mut exchange, 0, "ATDT5555678");
    exchange.handle_octets(at(0), 0, b"\r");
    assert_eq!(said(&mut exchange, 0), "\r\nNO CARRIER\r\n");
    assert!(!exchange.rings(1));
    assert_eq!(tell(&mut exchange, 1, "ATA"), "\r\nRING\r\n\r\nNO CARRIER\r\n");
}

#[test]
fn an_escape_needs_silence_on_both_sides() {
    let mut exchange = call();
    exchange.handle_octets(at(500), 0, b"+++");
    assert_eq!(exchange.poll_timeout(), None, "too early");
    exchange.handle_octets(at(1500), 0, b"+++");
    exchange.handle_octets(at(1600), 0, b"x");
    assert_eq!(exchange.poll_timeout(), None, "something followed");
    exchange.handle_octets(at(2600), 0, b"+++");
    exchange.handle_timeout(at(3600));
    assert_eq!(said(&mut exchange, 0), "\r\nOK\r\n");
    assert!(exchange.has_carrier(0), "the call is still there");
    assert_eq!(tell(&mut exchange, 0, "ATO"), format!("\r\nCONNECT {SPEED}\r\n"));
    exchange.handle_octets(at(5000), 0, b"+++");
    exchange.handle_timeout(at(6000));
    said(&mut exchange, 0);
    said(&mut exchange, 1);
    assert_eq!(tell(&mut exchange, 0, "ATH"), "\r\nOK\r\n");
    assert_eq!(said(&mut exchange, 1), "\r\nNO CARRIER\r\n");
}

#[test]
fn a_low_dtr_hangs_up_unless_it_means_nothing() {
    let mut exchange = call();
    exchange.handle_dtr(0, false);
    assert_eq!(said(&mut exchange, 0), "\r\nNO CARRIER\r\n");
    assert_eq!(said(&mut exchange, 1), "\r\nNO CARRIER\r\n");
    assert!(!exchange.has_carrier(0) && !exchange.has_carrier(1));

    let mut exchange = exchange_with_deaf_dtr();
    exchange.handle_dtr(0, false);
    assert!(exchange.has_carrier(0));
}

fn exchange_with_deaf_dtr() -> Exchange {
    let mut exchange = exchange();
    tell(&mut exchange, 0, "AT&D0");
    tell(&mut exchange, 0, "ATDT5555678");
    tell(&mut exchange, 1, "ATA");
    exchange
}

#[test]
fn a_modem_answers_by_itself_after_as_many_rings_as_it_is_told() {
    let mut exchange = exchange();
    tell(&mut exchange, 1, "ATS0=2");
    tell(&mut exchange, 0, "ATDT5555678");
    assert!(!exchange.has_carrier(1));
    let again = exchange.poll_timeout().unwrap();
    exchange.handle_timeout(again);
    assert!(exchange.has_carrier(1));
    assert!(said(&mut exchange, 1).ends_with(&format!("CONNECT {SPEED}\r\n")));
}

#[test]
fn a_lost_carrier_is_told_to_both() {
    let mut exchange = call();
    exchange.lose_carrier(1);
    assert_eq!(said(&mut exchange, 0), "\r\nNO CARRIER\r\n");
    assert_eq!(said(&mut exchange, 1), "\r\nNO CARRIER\r\n");
}

/// The same on pseudoterminals: a port that is closed hangs up.
#[test]
fn a_bank_has_its_modems_on_terminals() {
    use std::io::{Read as _, Write as _};

    let bank = Bank::new(&NUMBERS[..2]).unwrap();
    let open =
        |at: usize| std::fs::File::options().read(true).write(true).open(bank.path(at)).unwrap();
    let until = |port: &mut std::fs::File, word: &str| {
        let (mut heard, mut octet) = (String::new(), [0]);
        while !heard.ends_with(word) {
            port.read_exact(&mut octet).unwrap();
            heard.push(char::from(octet[0]));
        }
    };
    let (mut near, mut far) = (open(0), open(1));
    near.write_all(b"AT\r").unwrap();
    until(&mut near, "OK\r\n");
    near.write_all(b"ATDT5555678\r").unwrap();
    until(&mut far, "RING\r\n");
    far.write_all(b"ATA\r").unwrap();
    until(&mut far, &format!("CONNECT {SPEED}\r\n"));
    until(&mut near, &format!("CONNECT {SPEED}\r\n"));
    near.write_all(b"hello").unwrap();
    until(&mut far, "hello");
    assert!(bank.with(|exchange| exchange.has_carrier(1)));
    drop(near);
    until(&mut far, "NO CARRIER\r\n");
    let mut near = open(0);
    near.write_all(b"AT\r").unwrap();
    until(&mut near, "OK\r\n");
}
