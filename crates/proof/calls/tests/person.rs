//! Stories of dials that wait for a person: another password, a new one, nobody.

use onhook_base::{Duration, Secret};
use onhook_calls::{Call, PASSWORD, Terms};
use onhook_connection::State;
use onhook_model::{RasCode, RasState, Resumption};

use RasState as S;

const NEW: &str = "looking-glass-2";
/// Longer than authentication may take else (45 s), and shorter than SSTP lets it ([MS-SSTP] §3.3.2.1: 60 s
/// from the call to the binding, a person's time included).
const THINKS: Duration = Duration::from_secs(50);

fn mistyped() -> Terms {
    Terms { password: "mistyped", pauses: true, retries: 2, ..Terms::default() }
}

fn expired() -> Terms {
    Terms { pauses: true, is_expired: true, ..Terms::default() }
}

fn password(password: &str) -> Resumption {
    let password = Some(Secret::new(password.to_owned()));
    Resumption { password, ..Resumption::default() }
}

/// Until the dial waits for the person.
fn paused(terms: Terms) -> Call {
    let mut call = Call::dial(terms);
    run_until_paused(&mut call);
    call
}

fn run_until_paused(call: &mut Call) {
    call.run_until(|call| call.caller.connection.paused().is_some());
}

fn gone(mut call: Call) -> (Call, RasCode) {
    call.run_until(|call| call.caller.connection.state() == State::Gone);
    call.run_for(Duration::from_secs(300));
    assert_eq!(call.caller.leftovers(), [""; 0]);
    if let Some(answerer) = &call.answerer {
        assert_eq!((answerer.connection.state(), answerer.leftovers()), (State::Gone, vec![]));
    }
    let code = call.caller.connection.cause().unwrap().code();
    (call, code)
}

fn since_authenticate(call: &Call) -> Vec<RasState> {
    let states = call.caller.states();
    let begin = states.iter().position(|state| *state == S::Authenticate).unwrap();
    states[begin..].to_vec()
}

#[test]
fn a_mistyped_password_is_asked_for_again_and_the_same_dial_connects() {
    let mut call = paused(mistyped());
    let (state, cause) = call.caller.connection.paused().unwrap();
    assert_eq!(state, S::RetryAuthentication);
    assert_eq!(cause.code(), RasCode::AUTHENTICATION_FAILURE);
    call.run_for(THINKS);
    call.resume(&password(PASSWORD));
    call.run_until(Call::is_up);
    let states = [
        S::Authenticate,
        S::AuthNotify,
        S::RetryAuthentication,
        S::AuthRetry,
        S::AuthNotify,
        S::AuthAck,
        S::Authenticated,
        S::AuthProject,
        S::Projected,
        S::ApplySettings,
        S::Connected,
    ];
    assert_eq!(since_authenticate(&call), states);
    assert!(call.caller.reports.iter().all(|report| report.error.is_success()));
}

#[test]
fn another_name_may_be_given_too() {
    let mut call = paused(mistyped());
    let given = Resumption {
        user: Some("bob".to_owned()),
        domain: Some("OFFICE".to_owned()),
        ..password(PASSWORD)
    };
    call.resume(&given);
    call.run_until(Call::is_up);
    let name = call.answerer.as_ref().unwrap().connection.peer_name().map(str::to_owned);
    assert_eq!(name.as_deref(), Some("OFFICE\\bob"));
}

#[test]
fn every_refusal_pauses_again_until_the_server_ends_it() {
    let mut call = paused(mistyped());
    call.resume(&password("mistyped again"));
    run_until_paused(&mut call);
    call.resume(&password("mistyped for the last time"));
    let (call, code) = gone(call);
    assert_eq!(code, RasCode::AUTHENTICATION_FAILURE);
    let pauses = call.caller.states().iter().filter(|s| **s == S::RetryAuthentication).count();
    assert_eq!(pauses, 2);
}

#[test]
fn an_expired_password_is_changed_and_the_same_dial_connects() {
    let mut call = paused(expired());
    let (state, cause) = call.caller.connection.paused().unwrap();
    assert_eq!((state, cause.code()), (S::PasswordExpired, RasCode::PASSWD_EXPIRED));
    call.run_for(THINKS);
    call.resume(&password(NEW));
    call.run_until(Call::is_up);
    assert_eq!(call.user.password, NEW);
    let states = [
        S::Authenticate,
        S::AuthNotify,
        S::PasswordExpired,
        S::AuthChangePassword,
        S::AuthNotify,
        S::AuthAck,
        S::Authenticated,
        S::AuthProject,
        S::Projected,
        S::ApplySettings,
        S::Connected,
    ];
    assert_eq!(since_authenticate(&call), states);
}

#[test]
fn a_new_password_that_is_not_taken_is_709_and_may_be_followed_by_another() {
    let mut call = paused(expired());
    call.resume(&password(PASSWORD));
    run_until_paused(&mut call);
    let (state, cause) = call.caller.connection.paused().unwrap();
    assert_eq!((state, cause.code()), (S::PasswordExpired, RasCode::CHANGING_PASSWORD));
    call.resume(&password(NEW));
    call.run_until(Call::is_up);
}

#[test]
fn a_dial_that_does_not_allow_pauses_fails_as_ever() {
    for (terms, code) in
        [(mistyped(), RasCode::AUTHENTICATION_FAILURE), (expired(), RasCode::PASSWD_EXPIRED)]
    {
        let call = Call::dial(Terms { pauses: false, ..terms });
        let (call, ended_by) = gone(call);
        assert_eq!(ended_by, code);
        assert!(call.caller.states().iter().all(|state| !state.is_paused()));
    }
}

#[test]
fn nobody_is_waited_for_for_ever() {
    for (terms, code) in
        [(mistyped(), RasCode::AUTHENTICATION_FAILURE), (expired(), RasCode::PASSWD_EXPIRED)]
    {
        let mut call = paused(terms);
        let began = call.now;
        call.run_until(|call| call.caller.connection.state() == State::Gone);
        assert!(call.now.since(began) <= Duration::from_secs(123), "{:?}", call.now.since(began));
        let (call, ended_by) = gone(call);
        assert_eq!(ended_by, code);
        let told = call.caller.reports.iter().filter(|r| r.error == code).count();
        assert_eq!(told, 2, "the state again with its error, then Disconnected");
    }
}

/// A hang-up at every moment of a dial that pauses, is resumed and comes up.
#[test]
fn a_hang_up_at_any_step_of_a_paused_dial_leaves_nothing_behind() {
    for terms in [mistyped(), expired()] {
        for steps in 0.. {
            let mut call = Call::dial(terms.clone());
            for _ in 0..steps {
                if call.caller.connection.paused().is_some() {
                    call.resume(&password(if call.user.is_expired { NEW } else { PASSWORD }));
                } else {
                    call.step();
                }
            }
            let was_up = call.is_up();
            let began = call.now;
            call.hang_up();
            call.run_until(|c| c.caller.connection.state() == State::Gone);
            assert!(call.now.since(began) <= Duration::from_secs(3), "after {steps} steps");
            let (_, code) = gone(call);
            assert_eq!(code, RasCode::USER_DISCONNECTION, "after {steps} steps");
            if was_up {
                break;
            }
        }
    }
}

#[test]
fn a_server_that_dies_while_the_person_thinks_is_noticed() {
    let mut call = paused(mistyped());
    call.server_dies();
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    assert_eq!(call.caller.leftovers(), [""; 0]);
    call.resume(&password(PASSWORD));
    assert_eq!(call.caller.connection.state(), State::Gone);
}

#[test]
fn what_does_not_fit_the_pause_changes_nothing() {
    let mut call = paused(expired());
    let before = call.caller.reports.len();
    call.resume(&Resumption { user: Some("bob".to_owned()), ..Resumption::default() });
    assert!(call.caller.connection.paused().is_some());
    assert_eq!(call.caller.reports.len(), before);
    call.resume(&password(NEW));
    call.run_until(Call::is_up);
}

#[test]
fn no_password_of_a_paused_dial_is_shown() {
    let mut call = paused(expired());
    call.resume(&password(NEW));
    call.run_until(Call::is_up);
    let shown = format!("{:?} {:?}", call.caller.connection, call.caller.reports);
    assert!(!shown.contains(PASSWORD) && !shown.contains(NEW));
}
