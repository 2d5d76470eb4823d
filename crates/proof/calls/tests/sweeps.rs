//! The same call, disturbed at every step in turn.

use onhook_base::Duration;
use onhook_calls::{Call, Terms};
use onhook_connection::State;
use onhook_effect::HostErrorKind;
use onhook_model::{Cause, RasCode, RasState};
use onhook_sim::Fault;

fn check_gone(call: &Call, what: &str) {
    assert_eq!(call.caller.connection.state(), State::Gone, "{what}");
    assert_eq!(call.caller.leftovers(), [""; 0], "{what}");
    assert_eq!(call.caller.connection.standing(), [], "{what}");
    if let Some(answerer) = &call.answerer {
        assert_eq!(answerer.connection.state(), State::Gone, "{what}");
        assert_eq!(answerer.leftovers(), [""; 0], "{what}");
    }
    let terminal = call.caller.reports.iter().filter(|r| r.state == RasState::Disconnected);
    assert_eq!(terminal.count(), 1, "{what}: Disconnected is told once");
}

/// Hang up after 0, 1, 2 … steps of the same call, until the call is up before we do.
/// N-LIFE-01.
#[test]
fn a_hang_up_at_any_step_leaves_nothing_behind() {
    for steps in 0.. {
        let mut call = Call::dial(Terms::default());
        for _ in 0..steps {
            call.step();
        }
        let was_up = call.is_up();
        let began = call.now;
        call.hang_up();
        call.hang_up();
        call.run_until(|c| c.caller.connection.state() == State::Gone);
        let took = call.now.since(began);
        assert!(took <= Duration::from_secs(3), "after {steps} steps it took {took:?}");
        call.run_for(Duration::from_secs(120));
        check_gone(&call, &format!("after {steps} steps"));
        assert_eq!(call.caller.connection.cause(), Some(&Cause::hung_up()));
        if was_up {
            return;
        }
    }
}

/// The server's machine dies after 0, 1, 2 … steps: the caller notices by itself, and ends.
#[test]
fn a_server_that_dies_at_any_step_is_noticed() {
    for steps in 0.. {
        let mut call = Call::dial(Terms::default());
        for _ in 0..steps {
            call.step();
        }
        let was_up = call.is_up();
        call.server_dies();
        call.run_until(|c| c.caller.connection.state() == State::Gone);
        assert_eq!(call.caller.leftovers(), [""; 0], "after {steps} steps");
        let cause = call.caller.connection.cause().expect("there is a cause");
        assert_ne!(cause.code(), RasCode::USER_DISCONNECTION, "after {steps} steps");
        if was_up {
            return;
        }
    }
}

/// The server's machine dies and we hang up at the same step: the budget holds all the same.
#[test]
fn a_hang_up_of_a_dying_call_keeps_its_budget_at_any_step() {
    for steps in 0.. {
        let mut call = Call::dial(Terms::default());
        for _ in 0..steps {
            call.step();
        }
        let was_up = call.is_up();
        call.server_dies();
        let began = call.now;
        call.hang_up();
        call.run_until(|c| c.caller.connection.state() == State::Gone);
        let took = call.now.since(began);
        assert!(took <= Duration::from_secs(3), "after {steps} steps it took {took:?}");
        assert_eq!(call.caller.leftovers(), [""; 0], "after {steps} steps");
        if was_up {
            return;
        }
    }
}

/// Every deed fails once, in turn; and every deed is never answered, in turn.
#[test]
fn a_deed_that_fails_or_hangs_ends_the_dial_and_leaves_nothing() {
    for fault in [Fault::Fails(HostErrorKind::NotPermitted), Fault::Hangs] {
        for number in 0.. {
            let mut call = Call::dial(Terms::default());
            // The first deed is asked for by the dial itself; the sweep begins behind it.
            call.caller.os.plan_fault(number + 1, fault);
            let deeds = |c: &Call| c.caller.os.deeds();
            call.run_until(|c| c.is_up() || c.caller.connection.state() == State::Gone);
            if call.is_up() {
                assert!(number > 5, "only {} deeds", deeds(&call));
                break;
            }
            call.run_for(Duration::from_secs(120));
            check_gone(&call, &format!("{fault:?} at deed {}", number + 1));
            assert!(!call.caller.connection.cause().unwrap().is_wanted());
        }
    }
}

/// Every undoing fails once, in turn: it is owed by name, and the descent goes on.
#[test]
fn an_undoing_that_fails_is_owed_and_does_not_stop_the_descent() {
    for number in 0.. {
        let mut call = Call::dial(Terms::default());
        call.run_until(Call::is_up);
        call.caller.os.plan_undo_fault(number, Fault::Fails(HostErrorKind::Other));
        call.hang_up();
        call.run_until(|c| c.caller.connection.state() == State::Gone);
        let debts = call.caller.connection.debts().len();
        if call.caller.os.undoings() <= number {
            assert!(number > 5);
            return;
        }
        assert_eq!(debts, call.caller.leftovers().len(), "undoing {number}");
    }
}

/// Every undoing hangs once, in turn: the budget holds.
#[test]
fn an_undoing_that_hangs_is_bounded() {
    for number in 0.. {
        let mut call = Call::dial(Terms::default());
        call.run_until(Call::is_up);
        call.caller.os.plan_undo_fault(number, Fault::Hangs);
        let began = call.now;
        call.hang_up();
        call.run_until(|c| c.caller.connection.state() == State::Gone);
        assert!(call.now.since(began) <= Duration::from_secs(3), "undoing {number}");
        if call.caller.os.undoings() <= number {
            return;
        }
        assert_eq!(call.caller.leftovers(), [""; 0], "undoing {number} is done hard");
    }
}
