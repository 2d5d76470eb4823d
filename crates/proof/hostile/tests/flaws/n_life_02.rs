//! N-LIFE-02 (SoftEther, GHSA-7437-282p-7465 and two commits: a session that timed out in the midst of
//! its login was given up twice): time runs out between any two messages, at both ends.

use onhook_base::Duration;
use onhook_calls::{Call, Terms};
use onhook_connection::State;

#[test]
fn a_line_that_falls_silent_at_any_step_leaves_nothing_at_either_end() {
    for step in 0..200 {
        let mut terms = Terms::default();
        terms.entry.echo_interval = Some(Duration::from_secs(10));
        let mut call = Call::dial(terms);
        for _ in 0..step {
            if !call.is_up() {
                call.step();
            }
        }
        let was_up = call.is_up();
        call.server_dies();
        call.run_until(|c| c.caller.connection.state() == State::Gone);
        assert!(call.caller.connection.cause().is_some_and(|c| !c.is_wanted()), "step {step}");
        assert_eq!(call.caller.leftovers(), [""; 0], "step {step}");
        call.run_for(Duration::from_secs(600));
        if let Some(answerer) = &call.answerer {
            assert_eq!(answerer.connection.state(), State::Gone, "step {step}");
            assert_eq!(answerer.leftovers(), [""; 0], "step {step}");
        }
        if was_up {
            return;
        }
    }
    panic!("no call came up");
}
