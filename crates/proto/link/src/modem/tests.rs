use onhook_base::{Duration, Instant, Secret};
use proptest::prelude::*;

use super::wire::Said;
use super::{
    Attendant, AttendantEvent, BadNumber, Modem, ModemFailure, ModemTerms, Script, dial_string,
};
use crate::contract::{Farewell, Lane, LaneFacts, Link, LinkEvent, LinkFailure, Signal};
use crate::hdlc::push_frame;

const NOW: Instant = Instant::ORIGIN;

fn terms() -> ModemTerms {
    ModemTerms {
        number: "T5551234".to_owned(),
        settings: vec!["ATM0".to_owned()],
        script: None,
        user: "alice".to_owned(),
        password: Secret::new("wonderland1".to_owned()),
    }
}

fn modem() -> Modem {
    let mut modem = Modem::new(terms());
    modem.open(NOW, &LaneFacts::default());
    modem
}

fn said(modem: &mut Modem) -> String {
    let mut bytes = Vec::new();
    modem.poll_transmit(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hear(modem: &mut Modem, text: &str) {
    modem.handle_lane(NOW, Lane::Control, text.as_bytes());
}

fn events(modem: &mut Modem) -> Vec<LinkEvent> {
    std::iter::from_fn(|| modem.poll_event()).collect()
}

/// Up to the dial; the modem echoes until it is told not to.
fn dialing() -> Modem {
    let mut modem = modem();
    for command in ["AT", "ATZ", "ATE0V1Q0X4&C1&D2S0=0", "ATM0"] {
        assert_eq!(said(&mut modem), format!("{command}\r"));
        hear(&mut modem, &format!("{command}\r\r\nOK\r\n"));
    }
    assert_eq!(said(&mut modem), "ATDT5551234\r");
    modem
}

fn online() -> Modem {
    let mut modem = dialing();
    hear(&mut modem, "\r\nCONNECT 33600/ARQ/V34\r\n");
    assert_eq!(events(&mut modem), [LinkEvent::Up]);
    assert_eq!(modem.poll_signal(), Some(Signal::WatchCarrier));
    modem
}

#[test]
fn a_call_is_woken_set_up_dialed_and_connected() {
    let mut modem = online();
    assert_eq!(modem.connected_as(), Some("33600/ARQ/V34"));
    modem.send_frame(NOW, 0xc021, &[1, 1, 0, 4]);
    let mut bytes = Vec::new();
    modem.poll_transmit(&mut bytes).unwrap();
    assert_eq!((bytes[0], bytes[1]), (0x7e, 0xff));
    modem.handle_lane(NOW, Lane::Control, &bytes);
    assert_eq!(modem.poll_frame(NOW).unwrap(), [0xc0, 0x21, 1, 1, 0, 4]);
}

#[test]
fn what_follows_connect_is_data_however_the_octets_are_cut() {
    let mut frame = Vec::new();
    push_frame(&mut frame, 0, &[b"\xff\x03\xc0\x21\x01\x01\x00\x04"]);
    let all = [b"\r\nCARRIER 33600\r\n\r\nCONNECT 115200\r\n".to_vec(), frame].concat();
    for cut in 0..all.len() {
        let mut modem = dialing();
        let mut got = Vec::new();
        for piece in [&all[..cut], &all[cut..]] {
            modem.handle_lane(NOW, Lane::Control, piece);
            events(&mut modem);
            while let Some(frame) = modem.poll_frame(NOW) {
                got.push(frame.to_vec());
            }
        }
        assert_eq!(got, [b"\xc0\x21\x01\x01\x00\x04".to_vec()], "cut at {cut}");
    }
}

#[test]
fn every_result_of_a_dial_is_told_as_what_it_is() {
    for (text, expected) in [
        ("BUSY", ModemFailure::Busy),
        ("NO ANSWER", ModemFailure::NoAnswer),
        ("NO DIALTONE", ModemFailure::NoDialTone),
        ("NO DIAL TONE", ModemFailure::NoDialTone),
        ("NO CARRIER", ModemFailure::NoCarrier),
        ("VOICE", ModemFailure::Voice),
        ("FAX", ModemFailure::NotData),
        ("7", ModemFailure::Busy),
        ("8", ModemFailure::NoAnswer),
        ("3", ModemFailure::NoCarrier),
        ("DELAYED 00:05:00", ModemFailure::Forbidden("DELAYED 00:05:00".to_owned())),
        ("+CME ERROR: 30", ModemFailure::Cellular("+CME ERROR: 30".to_owned())),
    ] {
        let mut modem = dialing();
        hear(&mut modem, "\r\nRINGING\r\n");
        assert!(events(&mut modem).is_empty());
        hear(&mut modem, &format!("\r\n{text}\r\n"));
        assert_eq!(events(&mut modem), [LinkEvent::Down(LinkFailure::Modem(expected))], "{text}");
        modem.close(NOW, Farewell::Ordinary);
        assert_eq!(events(&mut modem), [LinkEvent::Closed]);
        assert!(modem.poll_timeout().is_none(), "{text}");
    }
}

#[test]
fn numbers_are_results_too() {
    assert_eq!(Said::parse("0"), Said::Ok);
    assert_eq!(Said::parse("1"), Said::Connect(String::new()));
    assert_eq!(Said::parse("14"), Said::Connect(String::new()));
    assert_eq!(Said::parse("connect 9600"), Said::Connect("9600".to_owned()));
    assert_eq!(Said::parse("ATDT123"), Said::Other("ATDT123".to_owned()));
}

#[test]
fn a_port_without_a_modem_is_given_up_in_two_seconds() {
    let mut modem = modem();
    let mut tries = 0;
    while let Some(deadline) = modem.poll_timeout() {
        tries += usize::from(said(&mut modem) == "AT\r");
        modem.handle_timeout(deadline.at);
        if events(&mut modem).contains(&LinkEvent::Down(ModemFailure::Silent.into())) {
            assert!(deadline.at < NOW + Duration::from_millis(2200));
            break;
        }
    }
    assert_eq!(tries, 3);
}

/// Dropped DTR first; where it means nothing, the guarded escape.
#[test]
fn a_hang_up_drops_dtr_and_then_escapes() {
    let mut modem = online();
    modem.close(NOW, Farewell::Ordinary);
    assert_eq!(modem.poll_signal(), Some(Signal::DropDtr));
    hear(&mut modem, "\r\nNO CARRIER\r\n");
    assert_eq!(events(&mut modem), [LinkEvent::Closed]);

    let mut modem = online();
    modem.close(NOW, Farewell::Ordinary);
    modem.poll_signal();
    assert_eq!(said(&mut modem), "");
    let raise = modem.poll_timeout().unwrap().at;
    modem.handle_timeout(raise);
    assert_eq!(modem.poll_signal(), Some(Signal::RaiseDtr));
    let guard = modem.poll_timeout().unwrap().at;
    assert_eq!(guard, NOW + Duration::from_secs(1), "a second of silence since the last octet");
    modem.handle_timeout(guard);
    assert_eq!(said(&mut modem), "+++");
    hear(&mut modem, "\r\nOK\r\n");
    assert_eq!(said(&mut modem), "ATH\r");
    hear(&mut modem, "\r\nOK\r\n");
    assert_eq!(events(&mut modem), [LinkEvent::Closed]);
}

#[test]
fn a_modem_that_answers_nothing_delays_no_hang_up_beyond_its_budget() {
    let mut modem = online();
    modem.close(NOW, Farewell::Ordinary);
    let mut last = NOW;
    while let Some(deadline) = modem.poll_timeout() {
        last = deadline.at;
        modem.handle_timeout(last);
    }
    assert_eq!(events(&mut modem), [LinkEvent::Closed]);
    assert!(last <= NOW + Duration::from_millis(2500), "{last}");
}

#[test]
fn dialing_is_called_off_by_a_character() {
    let mut modem = dialing();
    modem.close(NOW, Farewell::Ordinary);
    assert_eq!(said(&mut modem), "\r");
    hear(&mut modem, "\r\nNO CARRIER\r\n");
    assert_eq!(events(&mut modem), [LinkEvent::Closed]);
}

#[test]
fn a_lost_carrier_is_noticed_by_the_lane_and_by_words_but_not_in_data() {
    let mut modem = online();
    modem.handle_lane_closed(NOW, Lane::Control);
    let lost = LinkEvent::Down(ModemFailure::CarrierLost.into());
    assert_eq!(events(&mut modem), [lost.clone(), LinkEvent::Closed]);

    let mut modem = online();
    hear(&mut modem, "\x7e\r\nNO CARRIER\r\n");
    let at = modem.poll_timeout().unwrap().at;
    modem.handle_timeout(at);
    assert_eq!(events(&mut modem), [lost, LinkEvent::Closed]);

    // The same words in somebody's packet are followed by the rest of its frame.
    let mut modem = online();
    hear(&mut modem, "\x7e\u{21}\r\nNO CARRIER\r\n");
    hear(&mut modem, "xy\x7e");
    assert!(modem.poll_timeout().is_none());
}

#[test]
fn a_login_script_says_what_it_is_told() {
    let script = Script::parse(
        "# the provider's terminal server\nexpect ogin:\nsend $user\nexpect word:\nsend $password\n\nexpect PPP\n",
    )
    .unwrap();
    let mut modem = Modem::new(ModemTerms { script: Some(script), ..terms() });
    modem.open(NOW, &LaneFacts::default());
    for _ in 0..4 {
        said(&mut modem);
        hear(&mut modem, "OK\r");
    }
    said(&mut modem);
    hear(&mut modem, "\r\nCONNECT\r\nWelcome\r\nlo");
    assert_eq!(said(&mut modem), "");
    hear(&mut modem, "gin: ");
    assert_eq!(said(&mut modem), "alice\r");
    hear(&mut modem, "Password: ");
    assert_eq!(said(&mut modem), "wonderland1\r");
    assert!(events(&mut modem).is_empty());
    hear(&mut modem, "Entering PPP mode\r\n\x7e");
    assert_eq!(events(&mut modem), [LinkEvent::Up]);
    assert!(!format!("{modem:?}").contains("wonderland1"), "no secret is shown");
}

#[test]
fn a_script_that_waits_in_vain_says_for_what() {
    let script = Script::parse("expect ogin:").unwrap();
    let mut modem = Modem::new(ModemTerms { script: Some(script), ..terms() });
    modem.open(NOW, &LaneFacts::default());
    for _ in 0..4 {
        hear(&mut modem, "OK\r");
    }
    hear(&mut modem, "CONNECT\r\n");
    let at = modem.poll_timeout().unwrap().at;
    modem.handle_timeout(at);
    let failure = ModemFailure::Script("ogin:".to_owned());
    assert_eq!(events(&mut modem), [LinkEvent::Down(failure.into())]);
}

#[test]
fn scripts_and_numbers_that_are_none_are_refused() {
    assert_eq!(Script::parse("expect x\nwait 5").unwrap_err().line, 2);
    assert!(Script::parse("expect ").is_err());
    assert!(Script::parse(&"send x\n".repeat(100)).is_err());
    assert_eq!(dial_string(" (555) 12-34, W9 "), Ok("5551234,W9".to_owned()));
    assert_eq!(dial_string("*99***1#"), Ok("*99***1#".to_owned()));
    assert_eq!(dial_string("555;H"), Err(BadNumber::Character(';')));
    assert_eq!(dial_string("1\rATH"), Err(BadNumber::Character('\r')));
    assert_eq!(dial_string(" - "), Err(BadNumber::Empty));
    assert_eq!(dial_string(&"1".repeat(200)), Err(BadNumber::TooLong));
}

#[test]
fn an_attendant_sets_up_waits_and_takes_the_call() {
    let mut attendant = Attendant::new(NOW);
    let said =
        |a: &mut Attendant| String::from_utf8(a.poll_transmit().unwrap_or_default()).unwrap();
    for command in ["AT\r", "ATZ\r", "ATE0V1Q0X4&C1&D2S0=0\r"] {
        assert_eq!(said(&mut attendant), command);
        assert!(!attendant.is_ready());
        attendant.handle_lane(NOW, b"\r\nOK\r\n");
    }
    assert!(attendant.is_ready());
    assert!(attendant.poll_timeout().is_none(), "it waits as long as it takes");
    attendant.handle_lane(NOW, b"\r\nRING\r\n");
    assert_eq!(said(&mut attendant), "ATA\r");
    attendant.handle_lane(NOW, b"\r\nCONNECT 9600\r\n\x7e\xff");
    let expected = AttendantEvent::Connected { text: "9600".to_owned(), early: vec![0x7e, 0xff] };
    assert_eq!(attendant.poll_event(), Some(expected));
}

#[test]
fn an_attendant_calls_a_modem_five_times_before_it_gives_up() {
    let mut attendant = Attendant::new(NOW);
    let mut calls = 0;
    while let Some(deadline) = attendant.poll_timeout() {
        calls += usize::from(attendant.poll_transmit() == Some(b"AT\r".to_vec()));
        attendant.handle_timeout(deadline.at);
        assert!(deadline.at < NOW + Duration::from_secs(4));
    }
    assert_eq!((calls, attendant.poll_event()), (5, Some(AttendantEvent::Failed)));
}

#[test]
fn a_call_that_was_taken_is_online_and_hung_up_as_any_other() {
    let mut modem = Modem::taken("9600".to_owned());
    modem.open(NOW, &LaneFacts::default());
    assert_eq!(events(&mut modem), [LinkEvent::Up]);
    assert_eq!(modem.poll_signal(), Some(Signal::WatchCarrier));
    assert_eq!(modem.connected_as(), Some("9600"));
    modem.close(NOW, Farewell::Ordinary);
    assert_eq!(modem.poll_signal(), Some(Signal::DropDtr));
    hear(&mut modem, "\r\nNO CARRIER\r\n");
    assert_eq!(events(&mut modem), [LinkEvent::Closed]);
}

/// A caller that has agreed to be called back, at the end of PPP.
fn expecting() -> Modem {
    let mut modem = online();
    assert!(modem.expect_callback());
    assert!(!modem.expect_callback(), "once");
    assert_eq!(modem.poll_signal(), Some(Signal::IgnoreCarrier));
    // The other side may hang up first: that is no failure now.
    hear(&mut modem, "\x7e\r\nNO CARRIER\r\n");
    assert!(modem.poll_timeout().is_none() && events(&mut modem).is_empty());
    modem.await_callback(NOW);
    modem
}

/// The same, set up anew.
fn awaiting() -> Modem {
    let mut modem = expecting();
    assert_eq!(modem.poll_signal(), Some(Signal::DropDtr));
    hear(&mut modem, "\r\nNO CARRIER\r\n");
    assert_eq!(modem.poll_signal(), Some(Signal::RaiseDtr));
    for command in ["AT\r", "ATZ\r", "ATE0V1Q0X4&C1&D2S0=0\r"] {
        assert_eq!(said(&mut modem), command);
        assert!(events(&mut modem).is_empty());
        hear(&mut modem, "\r\nOK\r\n");
    }
    assert_eq!(events(&mut modem), [LinkEvent::AwaitsCall]);
    modem
}

#[test]
fn a_callback_is_waited_for_and_taken_on_the_same_lane() {
    let mut modem = awaiting();
    assert!(modem.poll_timeout().is_none(), "how long is its owner's to say");
    hear(&mut modem, "\r\nRING\r\n\r\nRING\r\n");
    assert_eq!(said(&mut modem), "ATA\r");
    hear(&mut modem, "\r\nCONNECT 14400\r\n\x7e");
    assert_eq!(events(&mut modem), [LinkEvent::Up]);
    assert_eq!(modem.poll_signal(), Some(Signal::WatchCarrier));
    assert_eq!(modem.connected_as(), Some("14400"));
    // What LCP agreed in the call before does not hold in this one.
    modem.send_frame(NOW, 0xc021, &[1, 1, 0, 4]);
    let mut bytes = Vec::new();
    modem.poll_transmit(&mut bytes).unwrap();
    assert_eq!((bytes[0], bytes[1]), (0x7e, 0xff));
    hear(&mut modem, "\r\nNO CARRIER\r\n");
    let at = modem.poll_timeout().unwrap().at;
    modem.handle_timeout(at);
    let lost = LinkEvent::Down(ModemFailure::CarrierLost.into());
    assert_eq!(events(&mut modem), [lost, LinkEvent::Closed]);
}

#[test]
fn a_modem_without_dtr_is_escaped_from_and_then_waited_with() {
    let mut modem = expecting();
    for _ in 0..2 {
        let at = modem.poll_timeout().unwrap().at;
        modem.handle_timeout(at);
    }
    assert_eq!(said(&mut modem), "+++");
    hear(&mut modem, "\r\nOK\r\n");
    assert_eq!(said(&mut modem), "ATH\r");
    hear(&mut modem, "\r\nOK\r\n");
    assert_eq!(said(&mut modem), "AT\r");
}

#[test]
fn a_wait_for_a_callback_ends_at_once_wherever_it_is() {
    let closed = |mut modem: Modem| {
        modem.close(NOW, Farewell::Ordinary);
        if modem.poll_timeout().is_some() {
            hear(&mut modem, "\r\nNO CARRIER\r\n");
        }
        assert_eq!(events(&mut modem), [LinkEvent::Closed]);
        assert!(modem.poll_timeout().is_none());
        hear(&mut modem, "\r\nRING\r\n");
        assert!(modem.poll_timeout().is_none() && events(&mut modem).is_empty());
    };
    closed(expecting());
    closed(awaiting());
    let mut taking = awaiting();
    hear(&mut taking, "\r\nRING\r\n");
    assert_eq!(said(&mut taking), "ATA\r");
    closed(taking);

    let mut lost = awaiting();
    lost.handle_lane_closed(NOW, Lane::Control);
    let down = LinkEvent::Down(LinkFailure::LaneClosed);
    assert_eq!(events(&mut lost), [down, LinkEvent::Closed]);
}

#[test]
fn a_modem_that_is_dead_after_the_call_is_told_of() {
    let mut modem = expecting();
    while let Some(deadline) = modem.poll_timeout() {
        modem.handle_timeout(deadline.at);
        if !matches!(modem.poll_event(), Some(LinkEvent::Down(_)) | None) {
            break;
        }
        assert!(deadline.at < NOW + Duration::from_secs(10));
    }
    assert!(modem.poll_timeout().is_none());
}

proptest! {
    #[test]
    fn no_octets_of_a_modem_make_it_stumble(
        pieces in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..60), 0..12),
        at in 0_usize..6,
    ) {
        let modems = [modem(), dialing(), online(), online(), expecting(), awaiting()];
        let mut modem = modems.into_iter().nth(at).unwrap();
        if at == 3 {
            modem.close(NOW, Farewell::Ordinary);
        }
        for piece in pieces {
            modem.handle_lane(NOW, Lane::Control, &piece);
            while modem.poll_frame(NOW).is_some() || modem.poll_event().is_some() {}
        }
        modem.close(NOW, Farewell::Ordinary);
        let mut rounds = 0;
        while let Some(deadline) = modem.poll_timeout() {
            modem.handle_timeout(deadline.at);
            rounds += 1;
            prop_assert!(rounds < 20);
        }
    }
}
