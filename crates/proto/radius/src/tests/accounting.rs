//! What is told of a session, under a pretended clock.

use onhook_base::{Duration, Instant};

use crate::accounting::{Account, Counts, Event, Record, TerminateCause};
use crate::wire::{Attributes, Packet, attribute, code};

fn packet_of(record: Record) -> Vec<u8> {
    let mut attributes = Attributes::default();
    record.write(&mut attributes);
    attributes.report(code::ACCOUNTING_REQUEST, 1, b"secret")
}

#[test]
fn the_course_is_told_at_its_times_and_the_stop_once() {
    let second = Duration::from_secs;
    let start = Instant::ORIGIN + second(10);
    let (mut account, record) = Account::start(start, Some(second(60)));
    assert_eq!(record.event, Event::Start);
    let counts = |n| Counts { octets_in: n, ..Counts::default() };
    let mut told = Vec::new();
    while let Some(deadline) = account.poll_timeout().filter(|d| d.at < start + second(200)) {
        assert_eq!(account.handle_timeout(deadline.at - second(1), counts(0)), None, "too early");
        told.extend(account.handle_timeout(deadline.at, counts(told.len() as u64)));
    }
    assert_eq!(told.iter().map(|r| r.lasted.as_secs()).collect::<Vec<_>>(), [60, 120, 180]);
    // A sleep of an hour brings one, not sixty.
    let late = start + second(3800);
    assert!(account.handle_timeout(late, counts(9)).is_some());
    assert_eq!(account.handle_timeout(late, counts(9)), None);
    let stop = account.stop(late, counts(10), TerminateCause::IdleTimeout).unwrap();
    assert_eq!((stop.lasted, stop.counts), (second(3800), counts(10)));
    assert_eq!(account.stop(late, counts(10), TerminateCause::IdleTimeout), None);
    assert_eq!(account.poll_timeout(), None);
}

#[test]
fn who_asks_for_no_course_is_told_none() {
    let (mut account, _) = Account::start(Instant::ORIGIN, None);
    assert_eq!(account.poll_timeout(), None);
    let late = Instant::ORIGIN + Duration::from_secs(1 << 30);
    assert_eq!(account.handle_timeout(late, Counts::default()), None);
}

#[test]
fn octets_beyond_four_gigabytes_stand_in_gigawords() {
    let counts = Counts {
        octets_in: (3 << 32) + 7,
        octets_out: u64::MAX,
        packets_in: 5,
        packets_out: 1 << 32,
    };
    let event = Event::Stop(TerminateCause::UserRequest);
    let bytes = packet_of(Record { event, lasted: Duration::from_millis(61_900), counts });
    let packet = Packet::parse(&bytes).unwrap();
    assert!(packet.proves_itself(b"secret"));
    for (kind, number) in [
        (attribute::ACCT_STATUS_TYPE, 2),
        (attribute::ACCT_SESSION_TIME, 61),
        (attribute::ACCT_INPUT_OCTETS, 7),
        (attribute::ACCT_INPUT_GIGAWORDS, 3),
        (attribute::ACCT_OUTPUT_OCTETS, u32::MAX),
        (attribute::ACCT_OUTPUT_GIGAWORDS, u32::MAX),
        (attribute::ACCT_INPUT_PACKETS, 5),
        (attribute::ACCT_OUTPUT_PACKETS, 0),
        (attribute::ACCT_TERMINATE_CAUSE, 1),
    ] {
        assert_eq!(packet.number(kind), Some(number), "attribute {kind}");
    }
}

#[test]
fn a_start_tells_no_counts() {
    let (_, record) = Account::start(Instant::ORIGIN, None);
    let bytes = packet_of(record);
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(packet.attributes().count(), 1);
    assert_eq!(packet.number(attribute::ACCT_STATUS_TYPE), Some(1));
}
