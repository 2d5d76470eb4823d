use onhook_base::{Duration, Instant, Malformed};
use proptest::prelude::*;
use serde_json::Value;

use super::automaton::{Event, State, transition};
use super::wire::{ControlPacket, RawOption, code, emit_options, is_selection_of, parse_options};
use super::{Control, Ending, Judgement, Pace, Signal, Terms};
use crate::failure::{Layer, PppFailure};
use crate::wire::{emit_protocol, parse_protocol, protocol};

const AUTOMATON: &str = include_str!("../../tests/vectors/ppp-automaton.json");
const PACKETS: &str = include_str!("../../tests/vectors/ppp-packets.json");

fn vectors(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

#[test]
fn the_automaton_equals_all_160_published_cells() {
    let cells = vectors(AUTOMATON);
    assert_eq!(cells.len(), 160);
    let mut seen = std::collections::HashSet::new();
    for cell in cells {
        let named = |text: &Value| text.as_str().unwrap().to_owned();
        let state = *State::ALL.iter().find(|s| s.name() == named(&cell["state"])).unwrap();
        let event = *Event::ALL.iter().find(|e| e.name() == named(&cell["event"])).unwrap();
        assert!(seen.insert((state, event)), "a cell is given twice");
        let ours = transition(state, event);
        let context = format!("{} in {}", event.name(), state.name());
        if cell["illegal"] == Value::Bool(true) {
            assert_eq!(ours, None, "{context}");
            continue;
        }
        let ours = ours.unwrap_or_else(|| panic!("{context} is missing"));
        let actions: Vec<_> = ours.actions.iter().map(|a| a.name()).collect();
        let published: Vec<_> =
            cell["actions"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
        assert_eq!(actions, published, "{context}");
        assert_eq!(ours.next.name(), named(&cell["next"]), "{context}");
    }
}

#[test]
fn every_published_packet_reads_as_dissected_and_writes_back() {
    let packets = vectors(PACKETS);
    assert_eq!(packets.len(), 144);
    for vector in packets {
        let id = vector["id"].as_str().unwrap();
        let frame = octets(vector["ppp"].as_str().unwrap());
        let (number, length) = parse_protocol(&frame).unwrap();
        assert_eq!(format!("{number:04x}"), vector["protocol"].as_str().unwrap(), "{id}");
        let packet = ControlPacket::parse(&frame[length..]).unwrap();
        assert_eq!(u64::from(packet.code), vector["code"].as_u64().unwrap(), "{id}");
        assert_eq!(u64::from(packet.identifier), vector["identifier"].as_u64().unwrap(), "{id}");
        if let Some(published) = vector["options"].as_array() {
            let options = parse_options(packet.data).unwrap();
            assert_eq!(options.len(), published.len(), "{id}");
            for (option, published) in options.iter().zip(published) {
                assert_eq!(u64::from(option.kind), published[0].as_u64().unwrap(), "{id}");
                assert_eq!(option.value, octets(published[1].as_str().unwrap()), "{id}");
            }
            let mut data = Vec::new();
            emit_options(&options, &mut data);
            assert_eq!(data, packet.data, "{id}");
            the_typed_options_write_back(number, &options, packet.data, id);
        } else if let Some(data) = vector["data"].as_str() {
            assert_eq!(packet.data, octets(data), "{id}");
        } else {
            assert!(packet.data.is_empty(), "{id}");
        }
        let mut back = Vec::new();
        emit_protocol(number, &mut back);
        packet.emit(&mut back);
        assert_eq!(back, frame, "{id}");
        assert!(!crate::describe(number, &frame[length..]).contains("malformed"), "{id}");
        for cut in 0..packet.to_vec().len() {
            let cut_short = &frame[length..length + cut];
            assert!(ControlPacket::parse(cut_short).is_err(), "{id} cut to {cut}");
        }
    }
}

fn the_typed_options_write_back(number: u16, options: &[RawOption<'_>], data: &[u8], id: &str) {
    let mut back = Vec::new();
    let mut w = onhook_base::Writer::new(&mut back);
    for raw in options {
        match number {
            protocol::LCP => crate::lcp::LcpOption::parse(*raw).emit(&mut w),
            protocol::IPCP => crate::ipcp::IpcpOption::parse(*raw).emit(&mut w),
            protocol::IPV6CP => crate::ipv6cp::Ipv6cpOption::parse(*raw).emit(&mut w),
            protocol::CCP => crate::ccp::CcpOption::parse(*raw).emit(&mut w),
            _ => panic!("{id}: options of an unknown protocol"),
        }
    }
    assert_eq!(back, data, "{id}");
}

#[test]
fn lengths_that_lie_are_malformed_and_padding_is_left_off() {
    assert_eq!(ControlPacket::parse(&[1, 1, 0, 3]), Err(Malformed::BadLength));
    assert!(ControlPacket::parse(&[1, 1, 0, 5]).is_err());
    let padded = ControlPacket::parse(&[1, 9, 0, 5, 0xaa, 0xbb]).unwrap();
    assert_eq!(padded, ControlPacket { code: 1, identifier: 9, data: &[0xaa] });
    assert_eq!(parse_options(&[1, 1]), Err(Malformed::BadLength));
    assert_eq!(parse_options(&[1, 0]), Err(Malformed::BadLength));
    assert!(parse_options(&[1, 4, 5]).is_err());
    assert!(parse_options(&[1]).is_err());
    assert_eq!(parse_options(&[9, 2].repeat(750)).unwrap().len(), 750);
    assert!(parse_options(&[9, 2].repeat(751)).is_err());
}

#[test]
fn a_reject_must_be_a_selection_in_order() {
    let option = |kind, value: &'static [u8]| RawOption { kind, value };
    let whole = [option(1, &[1]), option(2, &[2]), option(3, &[])];
    assert!(is_selection_of(&[option(1, &[1]), option(3, &[])], &whole));
    assert!(!is_selection_of(&[option(3, &[]), option(1, &[1])], &whole));
    assert!(!is_selection_of(&[option(1, &[9])], &whole));
    assert!(!is_selection_of(&[option(1, &[1]), option(1, &[1])], &whole));
}

proptest! {
    #[test]
    fn any_octets_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(packet) = ControlPacket::parse(&bytes) {
            let back = packet.to_vec();
            prop_assert_eq!(&bytes[..back.len()], &back[..]);
        }
        if let Ok(options) = parse_options(&bytes) {
            let mut back = Vec::new();
            emit_options(&options, &mut back);
            prop_assert_eq!(back, bytes);
        }
    }

    #[test]
    fn what_is_emitted_reads_back(
        code in any::<u8>(),
        identifier in any::<u8>(),
        data in proptest::collection::vec(any::<u8>(), 0..2000),
    ) {
        let packet = ControlPacket { code, identifier, data: &data };
        let bytes = packet.to_vec();
        prop_assert_eq!(ControlPacket::parse(&bytes), Ok(packet));
    }
}

/// Terms with one option of one octet: `1` is wanted of the peer, and asked of it.
#[derive(Debug, Default)]
struct Simple {
    asks: Option<u8>,
    restarts: u32,
}

impl Terms for Simple {
    fn restart(&mut self) {
        self.restarts += 1;
        self.asks = Some(7);
    }

    fn request(&self, out: &mut Vec<u8>) {
        if let Some(value) = self.asks {
            out.extend([1, 3, value]);
        }
    }

    fn judge(&mut self, options: &[RawOption<'_>], may_nak: bool) -> Judgement {
        match options {
            [] | [RawOption { kind: 1, value: [7] }] => Judgement::Ack,
            [RawOption { kind: 1, .. }, ..] if may_nak => Judgement::Nak(vec![1, 3, 7]),
            [first, ..] => {
                let mut reject = Vec::new();
                emit_options(&[*first], &mut reject);
                Judgement::Reject(reject)
            }
        }
    }

    fn naked(&mut self, options: &[RawOption<'_>]) -> Result<(), PppFailure> {
        if let Some(RawOption { value: [value], .. }) = options.first() {
            self.asks = Some(*value);
        }
        Ok(())
    }

    fn rejected(&mut self, _options: &[RawOption<'_>]) -> Result<(), PppFailure> {
        self.asks = None;
        Ok(())
    }
}

const PACE: Pace = Pace {
    restart: Duration::from_secs(1),
    closing_restart: Duration::from_secs(1),
    linger: true,
    repeats_early: false,
    passive: false,
};

fn at(millis: u64) -> Instant {
    Instant::ORIGIN + Duration::from_millis(millis)
}

fn layer(pace: Pace) -> Control<Simple> {
    let mut layer = Control::new(Layer::Lcp, Simple::default(), pace);
    layer.open(at(0));
    layer.lower_up(at(0));
    layer
}

fn sent(layer: &mut Control<Simple>) -> (u8, u8, Vec<u8>) {
    let bytes = layer.poll_packet().expect("a packet to send");
    let packet = ControlPacket::parse(&bytes).unwrap();
    (packet.code, packet.identifier, packet.data.to_vec())
}

fn give(layer: &mut Control<Simple>, now: Instant, code: u8, identifier: u8, data: &[u8]) {
    let bytes = ControlPacket { code, identifier, data }.to_vec();
    assert_eq!(layer.handle_packet(now, &bytes), Ok(None));
}

fn opened(pace: Pace) -> Control<Simple> {
    let mut layer = layer(pace);
    let (code, identifier, data) = sent(&mut layer);
    assert_eq!(code, code::CONFIGURE_REQUEST);
    give(&mut layer, at(1), code::CONFIGURE_ACK, identifier, &data);
    give(&mut layer, at(1), code::CONFIGURE_REQUEST, 9, &[1, 3, 7]);
    assert_eq!(sent(&mut layer), (code::CONFIGURE_ACK, 9, vec![1, 3, 7]));
    assert_eq!(layer.poll_signal(), Some(Signal::Up));
    assert_eq!(layer.poll_timeout(), None);
    layer
}

#[test]
fn a_silent_peer_is_asked_ten_times_with_doubling_pauses_and_one_identifier() {
    let mut layer = layer(PACE);
    let mut times = Vec::new();
    let (_, first, _) = sent(&mut layer);
    while let Some(deadline) = layer.poll_timeout() {
        layer.handle_timeout(deadline.at - Duration::from_nanos(1));
        assert_eq!(layer.poll_packet(), None, "early calls are harmless");
        layer.handle_timeout(deadline.at);
        if layer.poll_timeout().is_some() {
            assert_eq!(sent(&mut layer).1, first);
            times.push(deadline.at.as_millis());
        }
    }
    assert_eq!(times, [1000, 3000, 6000, 9000, 12000, 15000, 18000, 21000, 24000]);
    assert_eq!(layer.poll_signal(), Some(Signal::Finished(Ending::Unanswered { tries: 10 })));
    assert_eq!(layer.state(), State::Stopped);
}

#[test]
fn an_ack_of_another_identifier_or_other_options_is_dropped() {
    let mut layer = layer(PACE);
    let (_, identifier, data) = sent(&mut layer);
    give(&mut layer, at(1), code::CONFIGURE_ACK, identifier.wrapping_add(1), &data);
    give(&mut layer, at(1), code::CONFIGURE_ACK, identifier, &[1, 3, 8]);
    give(&mut layer, at(1), code::CONFIGURE_ACK, identifier, &[]);
    assert_eq!(layer.state(), State::ReqSent);
    give(&mut layer, at(1), code::CONFIGURE_ACK, identifier, &data);
    assert_eq!(layer.state(), State::AckRcvd);
    give(&mut layer, at(1), code::CONFIGURE_ACK, identifier, &data);
    assert_eq!(layer.state(), State::AckRcvd, "a duplicate is no crossed connection");
}

#[test]
fn a_nak_changes_the_request_and_its_identifier() {
    let mut layer = layer(PACE);
    let (_, identifier, _) = sent(&mut layer);
    give(&mut layer, at(1), code::CONFIGURE_NAK, identifier, &[1, 3, 5]);
    let (code, next, data) = sent(&mut layer);
    assert_eq!((code, data), (code::CONFIGURE_REQUEST, vec![1, 3, 5]));
    assert_ne!(next, identifier);
}

#[test]
fn a_reject_that_does_not_quote_the_request_is_malformed() {
    let mut layer = layer(PACE);
    let (_, identifier, _) = sent(&mut layer);
    for lie in [&[1, 3, 9][..], &[2, 2], &[]] {
        let bytes = ControlPacket { code: code::CONFIGURE_REJECT, identifier, data: lie }.to_vec();
        assert_eq!(layer.handle_packet(at(1), &bytes), Err(Malformed::Forbidden));
    }
    give(&mut layer, at(1), code::CONFIGURE_REJECT, identifier, &[1, 3, 7]);
    assert_eq!(sent(&mut layer).2, Vec::<u8>::new());
}

#[test]
fn after_max_failure_naks_a_reject_is_sent_and_then_it_is_hopeless() {
    let mut layer = layer(PACE);
    sent(&mut layer);
    let mut codes = Vec::new();
    for identifier in 0..=20 {
        give(&mut layer, at(1), code::CONFIGURE_REQUEST, identifier, &[1, 3, 0]);
        if let Some(bytes) = layer.poll_packet() {
            codes.push(bytes[0]);
        }
    }
    assert_eq!(codes[..5], [code::CONFIGURE_NAK; 5]);
    assert_eq!(codes[5..], [code::CONFIGURE_REJECT; 15]);
    let hopeless = Signal::Hopeless(PppFailure::NotConverging(Layer::Lcp));
    assert_eq!(layer.poll_signal(), Some(hopeless));
}

#[test]
fn a_peer_that_naks_for_ever_is_hopeless() {
    let mut layer = layer(PACE);
    for round in 0..=10 {
        let (_, identifier, _) = sent(&mut layer);
        give(&mut layer, at(1), code::CONFIGURE_NAK, identifier, &[1, 3, round]);
    }
    let hopeless = Signal::Hopeless(PppFailure::NotConverging(Layer::Lcp));
    assert_eq!(layer.poll_signal(), Some(hopeless));
}

#[test]
fn a_peer_that_acknowledges_and_never_asks_is_hopeless() {
    let mut layer = layer(PACE);
    for _ in 0..200 {
        if let Some(bytes) = layer.poll_packet() {
            let packet = ControlPacket::parse(&bytes).unwrap();
            let (identifier, data) = (packet.identifier, packet.data.to_vec());
            let now = layer.poll_timeout().unwrap().at - Duration::from_millis(1);
            give(&mut layer, now, code::CONFIGURE_ACK, identifier, &data);
        }
        if let Some(signal) = layer.poll_signal() {
            assert_eq!(signal, Signal::Hopeless(PppFailure::NotConverging(Layer::Lcp)));
            return;
        }
        let now = layer.poll_timeout().unwrap().at;
        layer.handle_timeout(now);
    }
    panic!("it went on for ever");
}

#[test]
fn our_close_ends_within_two_closing_periods_when_nobody_answers() {
    let mut layer = opened(PACE);
    layer.close(at(100), b"bye".to_vec());
    layer.close(at(150), b"bye".to_vec());
    assert_eq!(layer.poll_signal(), Some(Signal::Down));
    let (code, identifier, data) = sent(&mut layer);
    assert_eq!((code, data.as_slice()), (code::TERMINATE_REQUEST, &b"bye"[..]));
    assert_eq!(layer.poll_packet(), None, "a second close is no second request");
    layer.handle_timeout(at(1100));
    assert_eq!(sent(&mut layer), (code::TERMINATE_REQUEST, identifier, b"bye".to_vec()));
    layer.handle_timeout(at(2100));
    assert_eq!(layer.poll_signal(), Some(Signal::Finished(Ending::Terminated)));
    assert_eq!((layer.state(), layer.poll_timeout()), (State::Closed, None));
}

#[test]
fn a_crossed_close_is_acknowledged_and_waits_for_its_own_ack() {
    let mut layer = opened(PACE);
    layer.close(at(100), Vec::new());
    let (_, identifier, _) = sent(&mut layer);
    give(&mut layer, at(110), code::TERMINATE_REQUEST, 77, b"bye");
    assert_eq!(sent(&mut layer), (code::TERMINATE_ACK, 77, Vec::new()));
    assert_eq!(layer.state(), State::Closing);
    give(&mut layer, at(120), code::TERMINATE_ACK, identifier, &[]);
    assert_eq!(layer.state(), State::Closed);
}

#[test]
fn the_peers_close_is_acknowledged_and_lingered_over_for_one_period() {
    let mut layer = opened(PACE);
    give(&mut layer, at(100), code::TERMINATE_REQUEST, 77, b"bye");
    assert_eq!(sent(&mut layer), (code::TERMINATE_ACK, 77, Vec::new()));
    let was = State::Opened;
    assert_eq!(layer.poll_signal(), Some(Signal::PeerTerminating { was, text: b"bye".to_vec() }));
    assert_eq!(layer.poll_signal(), Some(Signal::Down));
    give(&mut layer, at(200), code::TERMINATE_REQUEST, 77, b"bye");
    assert_eq!(sent(&mut layer), (code::TERMINATE_ACK, 77, Vec::new()));
    layer.handle_timeout(at(1099));
    assert_eq!(layer.state(), State::Stopping);
    layer.handle_timeout(at(1100));
    assert_eq!(layer.poll_signal(), Some(Signal::Finished(Ending::Terminated)));
    assert_eq!(layer.poll_timeout(), None);
}

#[test]
fn without_lingering_the_peers_close_is_the_end() {
    let mut layer = opened(Pace { linger: false, ..PACE });
    give(&mut layer, at(100), code::TERMINATE_REQUEST, 77, &[]);
    assert_eq!(sent(&mut layer), (code::TERMINATE_ACK, 77, Vec::new()));
    assert_eq!((layer.state(), layer.poll_timeout()), (State::Stopped, None));
}

#[test]
fn a_configure_request_when_opened_begins_anew() {
    let mut layer = opened(PACE);
    give(&mut layer, at(100), code::CONFIGURE_REQUEST, 10, &[1, 3, 7]);
    assert_eq!(layer.poll_signal(), Some(Signal::Down));
    let (code, identifier, data) = sent(&mut layer);
    assert_eq!(code, code::CONFIGURE_REQUEST);
    assert_eq!(sent(&mut layer).0, code::CONFIGURE_ACK);
    assert_eq!(layer.terms().restarts, 2);
    give(&mut layer, at(101), code::CONFIGURE_ACK, identifier, &data);
    assert_eq!(layer.poll_signal(), Some(Signal::Up));
}

#[test]
fn a_rejected_needed_code_ends_it_and_another_is_told() {
    let mut layer = opened(PACE);
    give(&mut layer, at(100), code::CODE_REJECT, 1, &[code::ECHO_REQUEST, 1, 0, 4]);
    assert_eq!(layer.poll_signal(), Some(Signal::CodeRejected(code::ECHO_REQUEST)));
    assert!(layer.is_opened());
    give(&mut layer, at(100), code::CODE_REJECT, 1, &[code::CONFIGURE_REQUEST, 1, 0, 4]);
    assert_eq!(layer.poll_signal(), Some(Signal::Down));
    layer.handle_timeout(at(2000));
    layer.handle_timeout(at(4000));
    assert_eq!(layer.poll_signal(), Some(Signal::Finished(Ending::Rejected)));
}

#[test]
fn a_code_reject_is_cut_to_what_the_peer_receives() {
    let mut layer = opened(PACE);
    layer.set_peer_mru(128);
    let data = vec![0; 1400];
    let bytes = ControlPacket { code: 77, identifier: 3, data: &data }.to_vec();
    let packet = layer.handle_packet(at(100), &bytes).unwrap().expect("an unknown code");
    layer.reject_code(at(100), packet);
    let reject = layer.poll_packet().unwrap();
    assert_eq!((reject.len(), reject[0], &reject[4..8]), (128, code::CODE_REJECT, &bytes[..4]));
}

#[test]
fn a_passive_layer_answers_and_does_not_begin() {
    let mut layer = layer(Pace { passive: true, ..PACE });
    assert_eq!((layer.poll_packet(), layer.poll_timeout()), (None, None));
    give(&mut layer, at(1), code::CONFIGURE_REQUEST, 1, &[2, 2]);
    assert_eq!(sent(&mut layer), (code::CONFIGURE_REJECT, 1, vec![2, 2]));
    assert_eq!((layer.poll_packet(), layer.poll_timeout()), (None, None));
    give(&mut layer, at(1), code::CONFIGURE_REQUEST, 2, &[]);
    assert_eq!(sent(&mut layer).0, code::CONFIGURE_REQUEST);
    assert_eq!(sent(&mut layer), (code::CONFIGURE_ACK, 2, Vec::new()));
}

#[test]
fn when_the_carrier_is_lost_nothing_is_sent_and_no_timer_runs() {
    let mut layer = opened(PACE);
    layer.lower_down(at(50));
    assert_eq!(layer.poll_signal(), Some(Signal::Down));
    assert_eq!((layer.poll_packet(), layer.poll_timeout()), (None, None));
    assert_eq!(layer.state(), State::Starting);
    layer.lower_up(at(60));
    assert_eq!(sent(&mut layer).0, code::CONFIGURE_REQUEST);
}

/// A peer that starts late has not heard our first request; its own tells us that it is there now.
#[test]
fn the_first_request_of_a_late_peer_brings_ours_again_at_once_and_once() {
    let mut layer = layer(Pace { repeats_early: true, ..PACE });
    let (first, identifier, options) = sent(&mut layer);
    assert_eq!(first, code::CONFIGURE_REQUEST);
    give(&mut layer, at(300), code::CONFIGURE_REQUEST, 1, &[]);
    // Ours goes first: a peer that did hear the first one is not in Opened yet when it sees this one.
    assert_eq!(sent(&mut layer), (code::CONFIGURE_REQUEST, identifier, options.clone()));
    assert_eq!(sent(&mut layer), (code::CONFIGURE_ACK, 1, Vec::new()));
    assert_eq!(layer.state(), State::AckSent);
    assert_eq!(layer.poll_timeout().unwrap().at, at(1300), "the period begins anew");
    give(&mut layer, at(310), code::CONFIGURE_REQUEST, 2, &[]);
    assert_eq!(sent(&mut layer).0, code::CONFIGURE_ACK);
    assert_eq!(layer.poll_packet(), None, "once in a negotiation");
    give(&mut layer, at(320), code::CONFIGURE_ACK, identifier, &options);
    assert!(layer.is_opened());
    // The answer to the first copy, if there was one after all, is nothing new.
    give(&mut layer, at(330), code::CONFIGURE_ACK, identifier, &options);
    assert!(layer.is_opened());
    assert_eq!(layer.poll_packet(), None);
}

#[test]
fn an_answered_request_is_not_repeated_early_and_neither_is_one_on_a_lossy_carrier() {
    let mut answered = layer(Pace { repeats_early: true, ..PACE });
    let (_, identifier, options) = sent(&mut answered);
    give(&mut answered, at(10), code::CONFIGURE_ACK, identifier, &options);
    give(&mut answered, at(20), code::CONFIGURE_REQUEST, 1, &[]);
    assert_eq!(sent(&mut answered).0, code::CONFIGURE_ACK);
    assert!(answered.is_opened() && answered.poll_packet().is_none());
    let mut lossy = layer(PACE);
    sent(&mut lossy);
    give(&mut lossy, at(20), code::CONFIGURE_REQUEST, 1, &[]);
    assert_eq!(sent(&mut lossy).0, code::CONFIGURE_ACK);
    assert!(lossy.poll_packet().is_none());
}

/// However the peer asks, the requests that we send stay within Max-Configure and the timer's pace.
#[test]
fn a_peer_that_asks_again_and_again_brings_no_storm() {
    let mut layer = layer(Pace { repeats_early: true, ..PACE });
    let mut requests = 0;
    for ms in 0..900 {
        give(&mut layer, at(ms), code::CONFIGURE_REQUEST, (ms % 256) as u8, &[]);
        while let Some(packet) = layer.poll_packet() {
            requests += usize::from(packet[0] == code::CONFIGURE_REQUEST);
        }
    }
    assert_eq!(requests, 2, "the first, and one repeat");
}
