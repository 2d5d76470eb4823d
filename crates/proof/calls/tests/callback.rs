//! Being called back: agreed, waited for, taken; and hung up at every step of it.

use onhook_base::Duration;
use onhook_calls::{ModemCall, ModemTerms};
use onhook_connection::State;
use onhook_model::{RasCode, RasState, Resumption};
use onhook_ppp::cbcp::CallbackOffer;

const NUMBER: &str = "555-1111";

fn by_caller() -> ModemTerms {
    let callback_number = Some(NUMBER.to_owned());
    ModemTerms { callback_number, offer: CallbackOffer::CallersNumber, ..ModemTerms::default() }
}

fn preset() -> ModemTerms {
    ModemTerms { offer: CallbackOffer::Preset, ..ModemTerms::default() }
}

/// The states that were told, repetitions of one left out.
fn told(call: &ModemCall) -> Vec<RasState> {
    let mut states = call.caller.states();
    states.dedup();
    states
}

const BEFORE: [RasState; 8] = [
    RasState::OpenPort,
    RasState::PortOpened,
    RasState::ConnectDevice,
    RasState::DeviceConnected,
    RasState::AllDevicesConnected,
    RasState::Authenticate,
    RasState::AuthNotify,
    RasState::AuthAck,
];
const MEANWHILE: [RasState; 6] = [
    RasState::PrepareForCallback,
    RasState::WaitForModemReset,
    RasState::WaitForCallback,
    RasState::ReAuthenticate,
    RasState::AuthNotify,
    RasState::AuthAck,
];
const AFTER: [RasState; 5] = [
    RasState::Authenticated,
    RasState::AuthProject,
    RasState::Projected,
    RasState::ApplySettings,
    RasState::Connected,
];

#[test]
fn without_a_number_a_caller_who_may_choose_connects_in_its_own_call() {
    let terms = ModemTerms { offer: CallbackOffer::CallersNumber, ..ModemTerms::default() };
    let mut call = ModemCall::dial(terms);
    call.run_until(ModemCall::is_up);
    assert_eq!(call.calls(), 1);
    let expected = [&BEFORE[..], &[RasState::AuthCallback], &AFTER].concat();
    assert_eq!(told(&call), expected);
}

#[test]
fn a_callers_number_is_called_and_the_same_connection_comes_up() {
    let mut call = ModemCall::dial(by_caller());
    call.run_until(ModemCall::is_up);
    assert_eq!(call.calls(), 2);
    let expected = [&BEFORE[..], &[RasState::AuthCallback], &MEANWHILE, &AFTER].concat();
    assert_eq!(told(&call), expected);
    assert_eq!(call.caller.connection.projection().line.as_deref(), Some("33600/ARQ/V34"));

    // Packets pass, and a hang-up ends it as any other.
    let packet = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 99, 0, 2, 10, 99, 0, 1];
    call.send_packet(&packet);
    call.run_for(Duration::from_secs(1));
    assert_eq!(call.answerer().unwrap().packets, [packet.to_vec()]);
    call.hang_up();
    call.run_for(Duration::from_secs(30));
    assert_eq!(call.caller.connection.state(), State::Gone);
    assert_eq!(call.caller.leftovers(), Vec::<String>::new());
    assert!(!call.exchange.has_carrier(0) && !call.exchange.has_carrier(1));
}

#[test]
fn a_preset_callback_needs_nothing_from_the_caller() {
    for deaf_to_dtr in [false, true] {
        let mut call = ModemCall::dial(ModemTerms { deaf_to_dtr, ..preset() });
        call.run_until(ModemCall::is_up);
        assert_eq!(call.calls(), 2);
        assert_eq!(told(&call), [&BEFORE[..], &MEANWHILE, &AFTER].concat());
    }
}

#[test]
fn a_server_that_never_calls_back_is_waited_for_and_no_longer() {
    let mut call = ModemCall::dial(ModemTerms { preset: "5559999", ..preset() });
    call.run_until(|call| call.caller.connection.state() == State::AwaitingCallback);
    let since = call.now;
    call.run_until(|call| call.caller.connection.state() == State::Gone);
    let waited = call.now.since(since);
    assert!(waited > Duration::from_secs(120) && waited < Duration::from_secs(130), "{waited:?}");
    let cause = call.caller.connection.cause().unwrap();
    assert_eq!(cause.code(), RasCode::REQUEST_TIMEOUT);
    assert_eq!(call.caller.leftovers(), Vec::<String>::new());
}

/// Hang up after 0, 1, 2 … steps of the same call, until the call is up before we do.
#[test]
fn a_hang_up_at_any_step_leaves_nothing_behind() {
    let (mut awaited, mut deaf) = (0, 0);
    for deaf_to_dtr in [false, true] {
        for steps in 0.. {
            let mut call = ModemCall::dial(ModemTerms { deaf_to_dtr, ..by_caller() });
            for _ in 0..steps {
                call.step();
            }
            let state = call.caller.connection.state();
            awaited += usize::from(state == State::AwaitingCallback);
            deaf += usize::from(deaf_to_dtr);
            call.hang_up();
            let since = call.now;
            call.run_until(|call| call.caller.connection.state() == State::Gone);
            let took = call.now.since(since);
            assert!(took <= Duration::from_secs(3), "{took:?} after {steps} steps, {state:?}");
            assert_eq!(call.caller.leftovers(), Vec::<String>::new(), "after {steps} steps");
            assert!(call.caller.connection.debts().is_empty());
            let cause = call.caller.connection.cause().unwrap();
            assert!(cause.is_wanted(), "{cause} after {steps} steps, {state:?}");
            // The server notices, and both modems are free.
            call.run_for(Duration::from_secs(300));
            assert!(call.answerer().is_none(), "after {steps} steps, {state:?}");
            assert!(!call.exchange.has_carrier(0) && !call.exchange.rings(0));
            if state == State::Connected {
                break;
            }
        }
    }
    assert!(awaited > 20 && deaf > 20, "{awaited} {deaf}");
}

/// The same with the terminal: it is pulled out.
#[test]
fn a_port_that_is_lost_at_any_step_leaves_nothing_behind() {
    for steps in 0.. {
        let mut call = ModemCall::dial(preset());
        for _ in 0..steps {
            call.step();
        }
        let state = call.caller.connection.state();
        if state != State::Opening {
            call.lose_lane();
            call.run_until(|call| call.caller.connection.state() == State::Gone);
            assert_eq!(call.caller.leftovers(), Vec::<String>::new(), "after {steps} steps");
            let cause = call.caller.connection.cause().unwrap();
            assert!(!cause.is_wanted(), "{cause} after {steps} steps, {state:?}");
        }
        if state == State::Connected {
            break;
        }
    }
}

fn asking() -> ModemTerms {
    ModemTerms { callback_number: Some("*".to_owned()), pauses: true, ..by_caller() }
}

fn number(number: &str) -> Resumption {
    Resumption { callback_number: Some(number.to_owned()), ..Resumption::default() }
}

fn paused(terms: ModemTerms) -> ModemCall {
    let mut call = ModemCall::dial(terms);
    call.run_until(|call| call.caller.connection.paused().is_some());
    let (state, cause) = call.caller.connection.paused().unwrap();
    let expected = (RasState::CallbackSetByCaller, RasCode::BAD_CALLBACK_NUMBER);
    assert_eq!((state, cause.code()), expected);
    call
}

const CHOOSING: [RasState; 3] =
    [RasState::AuthCallback, RasState::CallbackSetByCaller, RasState::AuthCallback];

/// A person takes longer than a Request is repeated at first, and than authentication may take else.
#[test]
fn a_person_names_the_number_in_the_midst_of_the_dial() {
    let mut call = paused(asking());
    call.run_for(Duration::from_secs(80));
    call.resume(&number(NUMBER));
    call.run_until(ModemCall::is_up);
    assert_eq!(call.calls(), 2);
    assert_eq!(told(&call), [&BEFORE[..], &CHOOSING, &MEANWHILE, &AFTER].concat());
    call.hang_up();
    call.run_for(Duration::from_secs(30));
    assert_eq!(call.caller.leftovers(), Vec::<String>::new());
}

#[test]
fn an_empty_number_connects_without_callback() {
    let mut call = paused(asking());
    call.resume(&number(""));
    call.run_until(ModemCall::is_up);
    assert_eq!(call.calls(), 1);
    assert_eq!(told(&call), [&BEFORE[..], &CHOOSING, &AFTER].concat());
}

#[test]
fn nobody_is_asked_where_the_server_leaves_no_choice() {
    for (offer, calls) in [(CallbackOffer::None, 1), (CallbackOffer::Preset, 2)] {
        let mut call = ModemCall::dial(ModemTerms { offer, ..asking() });
        call.run_until(ModemCall::is_up);
        assert_eq!(call.calls(), calls);
        assert!(!call.caller.states().contains(&RasState::CallbackSetByCaller));
    }
}

#[test]
fn a_person_who_names_no_number_is_waited_for_and_no_longer() {
    let mut call = paused(asking());
    let since = call.now;
    call.run_until(|call| call.caller.connection.state() == State::Gone);
    let waited = call.now.since(since);
    assert!(waited > Duration::from_secs(80) && waited < Duration::from_secs(200), "{waited:?}");
    let cause = call.caller.connection.cause().unwrap();
    assert_eq!(cause.code(), RasCode::BAD_CALLBACK_NUMBER);
    assert!(cause.text().ends_with("nobody named one in time"), "{cause}");
    assert_eq!(call.caller.leftovers(), Vec::<String>::new());
    call.run_for(Duration::from_secs(300));
    assert!(call.answerer().is_none(), "the server's modem is free again");
}

#[test]
fn a_hang_up_while_a_number_is_awaited_leaves_nothing_behind() {
    let mut call = paused(asking());
    call.run_for(Duration::from_secs(25));
    call.hang_up();
    call.run_until(|call| call.caller.connection.state() == State::Gone);
    assert_eq!(call.caller.leftovers(), Vec::<String>::new());
    assert!(call.caller.connection.cause().unwrap().is_wanted());
}
