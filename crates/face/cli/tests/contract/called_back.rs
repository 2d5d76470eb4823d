//! Callback: the server hangs up and calls the number that it or the caller has named. Its modems and ours
//! are of an exchange of the test's own.

use onhook_exchange::Bank;

use crate::caller::*;
use crate::notifications::func1;
use crate::servers::Server;
use crate::stage::PASSWORD;

const SET_BY_CALLER: u32 = 0x1002;
const WAIT_FOR_CALLBACK: u32 = 17;
/// The numbers of our modem and of the server's.
const NUMBERS: [&str; 2] = ["5551111", "5552222"];

/// Two modems, a server at the second that calls back as this says, and an entry that dials it by the first.
fn exchange(name: &str, callback: &str) -> (Bank, Server) {
    stage();
    let bank = Bank::new(&NUMBERS).unwrap();
    let users = format!("alice {PASSWORD} callback={callback}\n");
    let server = Server::modem(&users, bank.path(1));
    let port = bank.path(0);
    put_entry(
        name,
        &format!(
            "Type=1\r\nDialMode=1\r\nAuthRestrictions=8192\r\nDataEncryption=8\r\n\r\n\
             MEDIA=serial\r\nPort={port}\r\nDevice={port}\r\n\r\n\
             DEVICE=modem\r\nPhoneNumber={}\r\n",
            NUMBERS[1]
        ),
    );
    (bank, server)
}

fn with_number(name: &str, number: &str) -> Dial {
    let mut dial = Dial::entry(name);
    dial.params.put().put_text("szCallbackNumber", number);
    dial
}

#[test]
fn b038_who_may_choose_is_asked_for_the_number_in_the_midst_of_the_dial() {
    let heard = Heard::begin();
    let (_bank, mut server) = exchange("b038", "caller");
    let mut dial = with_number("b038", "*").options(2);
    assert_eq!(dial.call(1, func1 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == SET_BY_CALLER);
    let before: Vec<_> = heard.all().iter().map(|told| told.2).collect();
    assert!(before.contains(&5), "after authentication has begun: {before:?}");
    let mut again = with_number("b038", "555-1111").options(2);
    again.handle = dial.handle;
    assert_eq!(again.call(1, func1 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == WAIT_FOR_CALLBACK);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    server.calls_have_ended(1);
    end(dial.handle);
    server.calls_have_ended(1);
}

#[test]
fn b039_without_paused_states_the_number_that_is_kept_is_taken_or_it_is_704() {
    let (_bank, mut server) = exchange("b039", "caller");
    let (result, handle) = with_number("b039", "*").synchronous();
    assert_eq!(result, 704, "nothing is kept");
    if handle != 0 {
        end(handle);
    }
    let mut params = with_number("b039", "555-1111").params;
    // SAFETY: everything that is pointed to is here.
    let kept =
        unsafe { rasapi32::exports::RasSetEntryDialParamsW(std::ptr::null(), params.pointer(), 0) };
    assert_eq!(kept, 0);
    // Twice: what has succeeded is kept, and the asterisk is no number.
    for _ in 0..2 {
        let (result, handle) = with_number("b039", "*").synchronous();
        assert_eq!(result, 0, "{}", stage().log());
        // The call of ours, which the server has ended to call back.
        server.calls_have_ended(1);
        end(handle);
        server.calls_have_ended(1);
    }
}

#[test]
fn b040_who_may_choose_and_names_no_number_stays_in_its_own_call() {
    let heard = Heard::begin();
    let (_bank, mut server) = exchange("b040", "caller");
    let mut dial = Dial::entry("b040");
    assert_eq!(dial.call(1, func1 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    assert!(heard.all().iter().all(|told| told.2 != WAIT_FOR_CALLBACK));
    end(dial.handle);
    server.calls_have_ended(1);
}

#[test]
fn b041_a_synchronous_dial_returns_when_the_server_has_called_back() {
    let (bank, mut server) = exchange("b041", "caller");
    let (result, handle) = with_number("b041", "555-1111").synchronous();
    assert_eq!(result, 0, "{}", stage().log());
    assert_eq!(status(handle).1.u32("rasconnstate"), CONNECTED);
    assert!(bank.with(|exchange| exchange.has_carrier(0)), "in the server's call");
    server.calls_have_ended(1);
    end(handle);
    server.calls_have_ended(1);
}

#[test]
fn b042_a_number_that_the_server_has_set_needs_nothing_of_the_program() {
    let heard = Heard::begin();
    let (_bank, mut server) = exchange("b042", NUMBERS[0]);
    let mut dial = Dial::entry("b042");
    assert_eq!(dial.call(1, func1 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == WAIT_FOR_CALLBACK);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    server.calls_have_ended(1);
    end(dial.handle);
    server.calls_have_ended(1);
}
