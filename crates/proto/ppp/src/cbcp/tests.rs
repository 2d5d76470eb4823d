//! The vectors, both ends together over a line that loses, and what a stranger may send.

use onhook_base::{Duration, Instant};
use proptest::prelude::*;
use serde_json::Value;

use super::wire::{CbcpOption, CbcpPacket, code, is_number};
use super::*;
use crate::control::wire::{ControlPacket, parse_options};
use crate::lcp::LcpOption;

const VECTORS: &str = include_str!("../../tests/vectors/cbcp.json");
const NOW: Instant = Instant::ORIGIN;

fn vector(id: &str) -> Vec<u8> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    let found = all["vectors"].as_array().unwrap().iter().find(|v| v["id"] == id).unwrap();
    let hex = found["ppp"].as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn the_published_exchange_is_read_and_written_to_the_same_octets() {
    let number = b"2009042";
    let taken = CbcpOption::CallersNumber { delay: 12, number };
    let offered = CbcpOption::CallersNumber { delay: 0, number: b"" };
    for (id, code, identifier, options) in [
        ("cbcp-request", code::REQUEST, 1, vec![CbcpOption::NoCallback, offered]),
        ("cbcp-response", code::RESPONSE, 1, vec![taken.clone()]),
        ("cbcp-ack", code::ACK, 1, vec![taken]),
    ] {
        let frame = vector(id);
        let (protocol, information) = frame.split_at(2);
        assert_eq!(protocol, [0xc0, 0x29]);
        let expected = CbcpPacket { code, identifier, options };
        assert_eq!(CbcpPacket::parse(information), Ok(expected.clone()), "{id}");
        assert_eq!(expected.to_vec(), information, "{id}");
    }
    for id in ["lcp-request", "lcp-ack"] {
        let frame = vector(id);
        let packet = ControlPacket::parse(&frame[2..]).unwrap();
        let options = parse_options(packet.data).unwrap();
        let last = LcpOption::parse(*options.last().unwrap());
        assert_eq!(last, LcpOption::Callback { operation: 6, message: &[] }, "{id}");
    }
}

/// pppd's "no callback" has a delay as the other options have.
#[test]
fn a_refusal_of_three_octets_is_one_too() {
    let packet = CbcpPacket::parse(&[2, 1, 0, 7, 1, 3, 0]).unwrap();
    assert_eq!(packet.options, [CbcpOption::NoCallback]);
    let mut answerer = CbcpAnswerer::new(NOW, CallbackOffer::CallersNumber, 1);
    answerer.handle_packet(NOW, &[2, 1, 0, 7, 1, 3, 0]);
    assert_eq!(answerer.poll_event(), Some(CbcpEvent::Agreed(None)));
}

#[test]
fn numbers_are_what_ras_allows() {
    for good in ["5551234", "(555) 12-34", "T5551234", "9W5551234", "5@1", "0"] {
        assert!(is_number(good), "{good}");
    }
    for bad in ["", "-", "*", "555;1", "+49 30 1", "5\r", "12a", &"1".repeat(129)] {
        assert!(!is_number(bad), "{bad}");
    }
}

/// Both ends, with the packets of these numbers lost; what each came to.
fn talk(
    wish: CallbackWish,
    offer: CallbackOffer,
    lost: &[usize],
) -> (Vec<CbcpEvent>, Vec<CbcpEvent>, Duration) {
    let mut caller = CbcpCaller::new(NOW, wish);
    let mut answerer = CbcpAnswerer::new(NOW, offer, 250);
    let (mut now, mut sent) = (NOW, 0);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    loop {
        let mut idle = true;
        while let Some(packet) = answerer.poll_packet() {
            idle = false;
            if !lost.contains(&sent) {
                caller.handle_packet(now, &packet);
            }
            sent += 1;
        }
        while let Some(packet) = caller.poll_packet() {
            idle = false;
            if !lost.contains(&sent) {
                answerer.handle_packet(now, &packet);
            }
            sent += 1;
        }
        ours.extend(std::iter::from_fn(|| caller.poll_event()));
        theirs.extend(std::iter::from_fn(|| answerer.poll_event()));
        if idle {
            let next = [caller.poll_timeout(), answerer.poll_timeout()].into_iter().flatten();
            let Some(at) = next.map(|d| d.at).min() else { break };
            now = at;
            caller.handle_timeout(now);
            answerer.handle_timeout(now);
        }
    }
    (ours, theirs, now.since(NOW))
}

fn agreed(number: Option<&str>) -> CbcpEvent {
    let number = number.map(str::to_owned);
    CbcpEvent::Agreed(Some(CallbackAgreement { number, delay: Duration::from_secs(5) }))
}

#[test]
fn a_caller_takes_its_own_number_then_the_administrators_then_none() {
    let number = CallbackWish::Number("5551234".to_owned());
    for (wish, offer, expected) in [
        (number.clone(), CallbackOffer::CallersNumber, agreed(Some("5551234"))),
        (number.clone(), CallbackOffer::Preset, agreed(None)),
        (number, CallbackOffer::None, CbcpEvent::Agreed(None)),
        (CallbackWish::NoNumber, CallbackOffer::CallersNumber, CbcpEvent::Agreed(None)),
        (CallbackWish::NoNumber, CallbackOffer::Preset, agreed(None)),
        (CallbackWish::NoNumber, CallbackOffer::None, CbcpEvent::Agreed(None)),
    ] {
        let (ours, theirs, took) = talk(wish.clone(), offer, &[]);
        assert_eq!(theirs, std::slice::from_ref(&expected), "{wish:?} {offer:?}");
        assert_eq!(ours.last(), Some(&expected));
        let may_choose = offer == CallbackOffer::CallersNumber;
        assert_eq!(ours.contains(&CbcpEvent::MayChoose), may_choose);
        assert_eq!(took, Duration::ZERO, "no timer was waited for");
    }
}

#[test]
fn whatever_few_packets_are_lost_both_ends_come_to_the_same() {
    for first in 0..6 {
        for second in first..6 {
            let wish = CallbackWish::Number("5551234".to_owned());
            let (ours, theirs, took) = talk(wish, CallbackOffer::CallersNumber, &[first, second]);
            assert_eq!(theirs, [agreed(Some("5551234"))], "{first} {second}");
            assert_eq!(ours, [CbcpEvent::MayChoose, agreed(Some("5551234"))], "{first} {second}");
            assert!(took <= Duration::from_secs(8), "{took:?}");
        }
    }
}

#[test]
fn an_end_that_hears_nothing_gives_up() {
    let all: Vec<usize> = (0..100).collect();
    let (ours, theirs, took) = talk(CallbackWish::NoNumber, CallbackOffer::Preset, &all);
    assert_eq!(ours, [CbcpEvent::Unanswered { tries: 0 }]);
    assert_eq!(theirs, [CbcpEvent::Unanswered { tries: 10 }]);
    assert_eq!(took, Duration::from_secs(30));
}

#[test]
fn a_caller_that_can_take_nothing_says_so() {
    let mut caller = CbcpCaller::new(NOW, CallbackWish::NoNumber);
    caller.handle_packet(NOW, &[1, 1, 0, 9, 2, 5, 0, 1, 0]);
    assert_eq!(caller.poll_event(), Some(CbcpEvent::MayChoose));
    assert_eq!(caller.poll_event(), Some(CbcpEvent::Disagreed));
    assert_eq!((caller.poll_packet(), caller.poll_timeout()), (None, None));
}

#[test]
fn a_caller_that_wants_to_be_asked_waits_and_answers_the_latest_request() {
    let mut caller = CbcpCaller::new(NOW, CallbackWish::Ask);
    caller.handle_packet(NOW, &[1, 1, 0, 11, 1, 2, 2, 5, 0, 1, 0]);
    caller.handle_packet(NOW, &[1, 2, 0, 11, 1, 2, 2, 5, 0, 1, 0]);
    assert_eq!(caller.poll_event(), Some(CbcpEvent::MayChoose));
    assert_eq!(caller.poll_event(), None, "asked once");
    assert_eq!((caller.poll_packet(), caller.poll_timeout()), (None, None));
    caller.choose(NOW, Some("77".to_owned()));
    assert_eq!(caller.poll_packet(), Some(vec![2, 2, 0, 11, 2, 7, 5, 1, b'7', b'7', 0]));
    caller.handle_packet(NOW, &[3, 1, 0, 11, 2, 7, 5, 1, b'7', b'7', 0]);
    assert_eq!(caller.poll_event(), None, "an Ack to another Response");
    caller.handle_packet(NOW, &[3, 2, 0, 11, 2, 7, 5, 1, b'7', b'7', 0]);
    assert_eq!(caller.poll_event(), Some(agreed(Some("77"))));

    let mut caller = CbcpCaller::new(NOW, CallbackWish::Ask);
    caller.handle_packet(NOW, &[1, 1, 0, 11, 1, 2, 2, 5, 0, 1, 0]);
    caller.choose(NOW, None);
    assert_eq!(caller.poll_packet(), Some(vec![2, 1, 0, 6, 1, 2]));
}

#[test]
fn an_old_list_of_numbers_is_chosen_from() {
    let mut list = vec![1, 1, 0, 14, 4, 10, 0, 1, b'1', b'1', 0, 1, b'2', b'2'];
    let chosen = |wish: CallbackWish, list: &[u8]| {
        let mut caller = CbcpCaller::new(NOW, wish);
        caller.handle_packet(NOW, list);
        caller.poll_packet().map(|response| response[4..].to_vec())
    };
    let second = Some(vec![4, 7, 5, 1, b'2', b'2', 0]);
    assert_eq!(chosen(CallbackWish::Number("22".into()), &list), second);
    let first = Some(vec![4, 7, 5, 1, b'1', b'1', 0]);
    assert_eq!(chosen(CallbackWish::Number("33".into()), &list), first);
    list[3] += 2;
    list.extend([1, 2]);
    assert_eq!(chosen(CallbackWish::NoNumber, &list), Some(vec![1, 2]));
}

#[test]
fn an_answerer_asks_anew_for_what_it_has_not_offered_or_cannot_dial() {
    for (offer, response) in [
        (CallbackOffer::Preset, &[2, 1, 0, 6, 1, 2][..]),
        (CallbackOffer::Preset, &[2, 1, 0, 10, 2, 6, 0, 1, b'7', 0]),
        (CallbackOffer::None, &[2, 1, 0, 7, 3, 3, 0]),
        (CallbackOffer::CallersNumber, &[2, 1, 0, 9, 2, 5, 0, 1, 0]),
        (CallbackOffer::CallersNumber, &[2, 1, 0, 10, 2, 6, 0, 1, b';', 0]),
        (CallbackOffer::CallersNumber, &[2, 1, 0, 8, 1, 2, 1, 2]),
        (CallbackOffer::CallersNumber, &[2, 1, 0, 4]),
    ] {
        let mut answerer = CbcpAnswerer::new(NOW, offer, 1);
        let first = answerer.poll_packet().unwrap();
        answerer.handle_packet(NOW, response);
        let again = answerer.poll_packet().unwrap();
        assert_eq!((first[1], again[1]), (1, 2), "{offer:?} {response:?}");
        assert_eq!(first[2..], again[2..]);
        assert_eq!(answerer.poll_event(), None);
        // It does not ask for ever.
        for identifier in 2..12 {
            let mut response = response.to_vec();
            response[1] = identifier;
            answerer.handle_packet(NOW, &response);
        }
        assert_eq!(answerer.poll_event(), Some(CbcpEvent::Unanswered { tries: 10 }));
        assert_eq!(answerer.poll_timeout(), None);
    }
}

#[test]
fn a_response_to_an_older_request_counts_for_nothing() {
    let mut answerer = CbcpAnswerer::new(NOW, CallbackOffer::None, 1);
    answerer.handle_timeout(NOW + Duration::from_secs(2));
    answerer.handle_packet(NOW, &[2, 1, 0, 6, 1, 2]);
    assert_eq!(answerer.poll_event(), None);
    answerer.handle_packet(NOW, &[2, 2, 0, 6, 1, 2]);
    assert_eq!(answerer.poll_event(), Some(CbcpEvent::Agreed(None)));
}

proptest! {
    #[test]
    fn what_is_read_is_written_and_read_again(
        code in 1u8..4, identifier in any::<u8>(),
        options in proptest::collection::vec(
            (0u8..6, proptest::collection::vec(prop_oneof![0u8..3, any::<u8>()], 0..40)), 0..5),
    ) {
        let mut data = Vec::new();
        for (kind, value) in &options {
            data.push(*kind);
            data.push(u8::try_from(value.len() + 2).unwrap());
            data.extend(value);
        }
        let information = ControlPacket { code, identifier, data: &data }.to_vec();
        let packet = CbcpPacket::parse(&information).unwrap();
        let written = packet.to_vec();
        prop_assert_eq!(CbcpPacket::parse(&written), Ok(packet));
    }

    #[test]
    fn no_octets_make_either_end_stumble_or_go_on_for_ever(
        pieces in proptest::collection::vec(
            (0u8..5, any::<u8>(), proptest::collection::vec(any::<u8>(), 0..30)), 0..40),
        wish in 0usize..3, offer in 0usize..3,
    ) {
        let wish = [
            CallbackWish::NoNumber, CallbackWish::Ask, CallbackWish::Number("1".into()),
        ][wish].clone();
        let offer =
            [CallbackOffer::None, CallbackOffer::CallersNumber, CallbackOffer::Preset][offer];
        let mut caller = CbcpCaller::new(NOW, wish);
        let mut answerer = CbcpAnswerer::new(NOW, offer, 1);
        for (code, identifier, data) in &pieces {
            let packet = ControlPacket { code: *code, identifier: *identifier % 4, data };
            caller.handle_packet(NOW, &packet.to_vec());
            answerer.handle_packet(NOW, &packet.to_vec());
            caller.handle_packet(NOW, data);
            answerer.handle_packet(NOW, data);
        }
        let mut rounds = 0;
        while let Some(deadline) = caller.poll_timeout() {
            caller.handle_timeout(deadline.at);
            rounds += 1;
            prop_assert!(rounds < 50);
        }
        while let Some(deadline) = answerer.poll_timeout() {
            answerer.handle_timeout(deadline.at);
            rounds += 1;
            prop_assert!(rounds < 50);
        }
        let waiting = std::iter::from_fn(|| caller.poll_packet()).count();
        prop_assert!(waiting <= 16);
    }
}
