//! Slow lines and slow machines. Each of these was found by `cargo xtask simulate`.

use onhook_base::Duration;
use onhook_calls::{Call, Terms};
use onhook_connection::State;
use onhook_model::RasCode;
use onhook_sim::Fault;

/// A round trip that is longer than PPP's restart timer: every request is repeated once before its
/// answer is there, and the repetition must not be taken for a new negotiation.
#[test]
fn a_line_slower_than_the_restart_timer_comes_up_and_stays_up() {
    let delay = Duration::from_millis(800);
    let mut call = Call::dial(Terms { delay, ..Terms::default() });
    call.run_until(Call::is_up);
    call.run_for(Duration::from_secs(600));
    assert!(call.is_up(), "{:?}", call.caller.connection.cause());
    let notified = call.caller.states();
    let once = notified.iter().filter(|s| **s == onhook_model::RasState::AuthNotify).count();
    assert_eq!(once, 1, "LCP was negotiated once: {notified:?}");
}

/// After a sleep the peer is asked for a sign of life; on a slow line it has more than a second.
#[test]
fn a_slow_peer_is_not_taken_for_a_dead_one_after_a_sleep() {
    let delay = Duration::from_millis(800);
    let mut call = Call::dial(Terms { delay, ..Terms::default() });
    call.run_until(Call::is_up);
    call.caller.connection.probe(call.now);
    call.run_for(Duration::from_secs(30));
    assert!(call.is_up(), "{:?}", call.caller.connection.cause());
}

/// The wait for a peer that ends the link by itself is a part of the budget, not beside it.
#[test]
fn a_short_budget_is_kept_though_the_peer_takes_its_time() {
    let budget = Duration::from_millis(600);
    let mut terms = Terms { delay: Duration::from_millis(100), ..Terms::default() };
    terms.entry.hangup_budget = Some(budget);
    let mut call = Call::dial(terms);
    call.run_until(Call::is_up);
    let began = call.now;
    call.hang_up();
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    assert!(call.now.since(began) <= budget);
}

/// A helper of ours that hangs must not be the reason that the server is left with a session.
#[test]
fn the_server_is_told_even_when_undoing_takes_all_the_time() {
    let mut call = Call::dial(Terms::default());
    call.run_until(Call::is_up);
    call.caller.os.plan_undo_fault(0, Fault::Hangs);
    call.hang_up();
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    call.run_for(Duration::from_secs(2));
    let answerer = &call.answerer.as_ref().unwrap().connection;
    assert_eq!(answerer.state(), State::Gone);
    let cause = answerer.cause().unwrap();
    assert_eq!(cause.code(), RasCode::REMOTE_DISCONNECTION, "it was told: {cause}");
}
