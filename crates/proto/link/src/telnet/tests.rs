use onhook_base::{Duration, Instant, Secret};
use proptest::prelude::*;

use super::wire::{Decoder, Heard, IAC, Verb, option, push_ask, push_data, push_option};
use super::{Telnet, TelnetFailure, TelnetTerms};
use crate::contract::{Farewell, Lane, LaneFacts, Link, LinkEvent, LinkFailure, Signal};
use crate::hdlc::{Line, LineTerms};
use crate::modem::{Modem, ModemFailure, ModemTerms};

const NOW: Instant = Instant::ORIGIN;
/// What a server that agrees says (RFC 854, RFC 2217): DO and WILL BINARY, DO COM-PORT.
const AGREED: &[u8] = &[255, 253, 0, 255, 251, 0, 255, 253, 44];

fn line() -> Box<dyn Link + Send + Sync> {
    Box::new(Line::new(LineTerms { calls: true, greets: false }))
}

fn modem() -> Box<dyn Link + Send + Sync> {
    Box::new(Modem::new(ModemTerms {
        number: "T5551234".to_owned(),
        settings: Vec::new(),
        script: None,
        user: String::new(),
        password: Secret::new(String::new()),
    }))
}

/// A link behind a server that the test is.
struct Caller {
    link: Telnet,
    now: Instant,
    events: Vec<LinkEvent>,
}

impl Caller {
    fn new(link: Box<dyn Link + Send + Sync>) -> Self {
        let mut link = Telnet::new(TelnetTerms { speed: 115_200 }, link);
        link.open(NOW, &LaneFacts::default());
        Self { link, now: NOW, events: Vec::new() }
    }

    fn agreed(link: Box<dyn Link + Send + Sync>) -> Self {
        let mut caller = Self::new(link);
        caller.sent();
        caller.hear(AGREED);
        caller
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.link.handle_lane(self.now, Lane::Control, bytes);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(event) = self.link.poll_event() {
            self.events.push(event);
        }
    }

    /// All that goes to the server now.
    fn sent(&mut self) -> Vec<u8> {
        let (mut all, mut piece) = (Vec::new(), Vec::new());
        while self.link.poll_transmit(&mut piece).is_some() {
            all.extend_from_slice(&piece);
        }
        self.drain();
        all
    }

    /// Lets time pass to the next deadline.
    fn wait(&mut self) {
        self.now = self.link.poll_timeout().unwrap().at;
        self.link.handle_timeout(self.now);
        self.drain();
    }
}

fn ask(what: u8, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_ask(&mut out, what, value);
    out
}

type Options = Vec<(Verb, u8)>;
type Subnegotiations = Vec<(u8, Vec<u8>)>;

/// What is heard of octets that come in pieces.
fn decode(pieces: &[&[u8]]) -> (Vec<u8>, Options, Subnegotiations) {
    let (mut data, mut options, mut subs) = (Vec::new(), Vec::new(), Vec::new());
    let mut decoder = Decoder::default();
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let (heard, after) = decoder.read(rest);
            match heard {
                Some(Heard::Data(read)) => data.extend_from_slice(read),
                Some(Heard::Option(verb, option)) => options.push((verb, option)),
                Some(Heard::Sub) => {
                    let (option, said) = decoder.subnegotiation().unwrap_or((0, &[]));
                    subs.push((option, said.to_vec()));
                }
                None => break,
            }
            rest = after;
        }
    }
    (data, options, subs)
}

#[test]
fn the_octets_of_rfc_2217s_own_examples() {
    // RFC 2217, §3: a speed is four octets in network order, and 255 in it is doubled.
    assert_eq!(ask(1, &2400_u32.to_be_bytes()), [255, 250, 44, 1, 0, 0, 9, 96, 255, 240]);
    assert_eq!(ask(1, &[0, 0, 255, 0]), [255, 250, 44, 1, 0, 0, 255, 255, 0, 255, 240]);
    let mut out = Vec::new();
    push_option(&mut out, Verb::Will, option::COM_PORT);
    assert_eq!(out, [255, 251, 44]);
    let said = decode(&[b"a\xff\xffb\xff\xfa\x2c\x6b\xff\xff\x08\xff\xf0c\xff\xf1d\xff\xfb\x01"]);
    assert_eq!(said.0, b"a\xffbcd");
    assert_eq!(said.1, [(Verb::Will, 1)]);
    assert_eq!(said.2, [(44, vec![107, 255, 8])]);
}

#[test]
fn a_subnegotiation_without_end_is_passed_over_and_what_follows_is_heard() {
    let mut bytes = vec![255, 250, 44];
    bytes.extend([7; 100_000]);
    bytes.extend([255, 240]);
    bytes.extend(b"on");
    let (data, _, subs) = decode(&[&bytes]);
    assert_eq!((data.as_slice(), subs.len()), (&b"on"[..], 0));
}

proptest! {
    #[test]
    fn whatever_is_sent_arrives_in_whatever_pieces(
        data in proptest::collection::vec(prop_oneof![Just(IAC), any::<u8>()], 0..300),
        cut in 1_usize..20,
    ) {
        let mut out = Vec::new();
        push_data(&mut out, &data);
        let pieces: Vec<&[u8]> = out.chunks(cut).collect();
        let (heard, options, subs) = decode(&pieces);
        prop_assert_eq!(heard, data);
        prop_assert!(options.is_empty() && subs.is_empty());
    }

    #[test]
    fn no_server_makes_it_stumble(
        pieces in proptest::collection::vec(
            proptest::collection::vec(prop_oneof![Just(IAC), 240_u8..=254, any::<u8>()], 0..60), 0..30),
        agrees in any::<bool>(),
    ) {
        let mut caller = if agrees { Caller::agreed(line()) } else { Caller::new(line()) };
        for piece in &pieces {
            caller.hear(piece);
            prop_assert!(caller.sent().len() < 4096);
        }
        caller.link.close(caller.now, Farewell::Ordinary);
        caller.drain();
        prop_assert_eq!(caller.events.last(), Some(&LinkEvent::Closed));
    }
}

#[test]
fn a_line_is_up_after_one_round_trip_and_its_port_is_set() {
    let mut caller = Caller::new(line());
    let asked = decode(&[&caller.sent()]);
    let wanted = [(Verb::Will, 0), (Verb::Will, 3), (Verb::Do, 0), (Verb::Do, 3), (Verb::Will, 44)];
    assert_eq!(asked.1, wanted);
    assert_eq!(caller.events, []);
    caller.hear(AGREED);
    assert_eq!(caller.events, [LinkEvent::Up]);
    let set = decode(&[&caller.sent()]).2;
    let port = [
        (44, vec![1, 0, 1, 0xc2, 0]),
        (44, vec![2, 8]),
        (44, vec![3, 1]),
        (44, vec![4, 1]),
        (44, vec![5, 3]),
        (44, vec![5, 8]),
        (44, vec![5, 11]),
        (44, vec![11, 0x80]),
    ];
    assert_eq!(set, port);
    assert_eq!(caller.link.poll_timeout(), None);
}

#[test]
fn frames_pass_with_every_octet_and_in_any_pieces() {
    let mut caller = Caller::agreed(line());
    caller.sent();
    let information: Vec<u8> = (0..=255).collect();
    caller.link.send_frame(NOW, 0x0021, &information);
    let sent = caller.sent();
    // What came over the line, and back the same way.
    let (plain, ..) = decode(&[&sent]);
    assert!(plain.len() < sent.len(), "an octet was doubled");
    for piece in sent.chunks(7) {
        caller.link.handle_lane(NOW, Lane::Control, piece);
    }
    let frame = caller.link.poll_frame(NOW).unwrap();
    assert_eq!(&frame[2..], information);
}

#[test]
fn a_server_without_control_of_the_port_serves_and_one_without_binary_does_not() {
    let mut caller = Caller::new(line());
    caller.sent();
    caller.hear(&[255, 253, 0, 255, 251, 0, 255, 254, 44]);
    assert_eq!(caller.events, [LinkEvent::Up]);
    assert_eq!((caller.link.controls(), caller.sent()), (Some(false), Vec::new()));

    let mut caller = Caller::new(line());
    caller.hear(&[255, 254, 0]);
    let failure = LinkFailure::Telnet(TelnetFailure::NotBinary);
    assert_eq!(caller.events, [LinkEvent::Down(failure)]);
    caller.link.close(NOW, Farewell::Aborted);
    caller.drain();
    assert_eq!(caller.events.last(), Some(&LinkEvent::Closed));
}

#[test]
fn a_server_that_says_nothing_is_given_up_after_five_seconds() {
    let mut caller = Caller::new(modem());
    caller.sent();
    caller.hear(b"\x7e\xff\x7d\x23 no Telnet here");
    caller.wait();
    assert_eq!(caller.now, NOW + Duration::from_secs(5));
    let failure = LinkFailure::Telnet(TelnetFailure::Unanswered);
    assert_eq!(caller.events, [LinkEvent::Down(failure)]);
    caller.link.close(caller.now, Farewell::Aborted);
    caller.drain();
    assert_eq!(caller.events.last(), Some(&LinkEvent::Closed));
    assert_eq!(caller.link.poll_timeout(), None);
    // Silence about the port alone is a server that cannot.
    let mut caller = Caller::new(line());
    caller.hear(&[255, 253, 0, 255, 251, 0]);
    caller.wait();
    assert_eq!((caller.events, caller.link.controls()), (vec![LinkEvent::Up], Some(false)));
}

#[test]
fn what_a_server_wants_beside_is_refused_once_and_without_end_never() {
    let mut caller = Caller::agreed(line());
    caller.sent();
    caller.hear(&[255, 251, 1, 255, 253, 24, 255, 252, 1, 255, 254, 24, 255, 251, 3]);
    let said = decode(&[&caller.sent()]).1;
    assert_eq!(said, [(Verb::Dont, 1), (Verb::Wont, 24)]);
    caller.hear(&[255, 253, 24].repeat(100_000));
    assert!(caller.sent().len() <= 16 * 1024 + 3);
    caller.hear(&[255, 254, 44, 255, 253, 44].repeat(10_000));
    assert!(caller.sent().is_empty(), "the port is set once");
}

/// The modem's call over the server, up to CONNECT.
fn online() -> Caller {
    let mut caller = Caller::agreed(modem());
    caller.sent();
    for answer in ["OK", "OK", "OK", "CONNECT 9600"] {
        caller.hear(format!("\r\n{answer}\r\n").as_bytes());
        caller.sent();
    }
    assert_eq!(caller.events, [LinkEvent::Up]);
    caller
}

#[test]
fn a_modem_hangs_up_by_dtr() {
    let mut caller = online();
    assert_eq!(caller.link.connected_as(), Some("9600"));
    caller.link.close(caller.now, Farewell::Ordinary);
    let dropped = decode(&[&caller.sent()]).2;
    assert_eq!(dropped, [(44, vec![5, 9])]);
    caller.hear(b"\r\nNO CARRIER\r\n");
    assert_eq!(caller.events.last(), Some(&LinkEvent::Closed));
    assert_eq!(caller.link.poll_signal(), None::<Signal>, "the server's wires, not the lane's");
    // One that does not see its DTR is told in words, and DTR is up again.
    let mut caller = online();
    caller.link.close(caller.now, Farewell::Ordinary);
    caller.sent();
    caller.wait();
    assert_eq!(decode(&[&caller.sent()]).2, [(44, vec![5, 8])]);
}

#[test]
fn a_lost_carrier_is_noticed_by_the_modems_state() {
    // What the server tells before the call is no end of it.
    let mut caller = Caller::agreed(modem());
    caller.sent();
    caller.hear(&[255, 250, 44, 107, 0, 255, 240]);
    assert_eq!(caller.events, []);
    for told in [&[0x88, 0x08][..], &[0x80, 0x08], &[0x08]] {
        let mut caller = online();
        for state in told {
            assert_eq!(caller.events, [LinkEvent::Up]);
            caller.hear(&[255, 250, 44, 107, *state, 255, 240]);
        }
        let lost = LinkEvent::Down(ModemFailure::CarrierLost.into());
        assert_eq!(caller.events, [LinkEvent::Up, lost, LinkEvent::Closed], "{told:x?}");
    }
    // Without a carrier before there is none to lose: a null modem without that wire.
    let mut caller = online();
    caller.hear(&[255, 250, 44, 107, 0, 255, 240]);
    caller.hear(&[255, 250, 44, 107, 0, 255, 240]);
    assert_eq!(caller.events, [LinkEvent::Up]);
}

#[test]
fn a_server_that_can_take_nothing_gets_nothing_until_it_can() {
    let mut caller = Caller::agreed(line());
    caller.sent();
    caller.hear(&[255, 250, 44, 108, 255, 240]);
    caller.link.send_frame(NOW, 0x0021, b"later");
    assert_eq!((caller.sent(), caller.link.queued_bytes()), (Vec::new(), 0));
    caller.hear(&[255, 250, 44, 109, 255, 240]);
    assert!(caller.link.queued_bytes() > 0);
    assert!(!caller.sent().is_empty());
}

#[test]
fn the_end_of_the_stream_ends_the_line() {
    for mut caller in [Caller::agreed(line()), Caller::new(line())] {
        caller.link.handle_lane_closed(NOW, Lane::Control);
        caller.drain();
        assert!(caller.events.contains(&LinkEvent::Down(LinkFailure::LaneClosed)));
        assert_eq!(caller.events.last(), Some(&LinkEvent::Closed));
        assert_eq!(caller.link.poll_timeout(), None);
    }
}
