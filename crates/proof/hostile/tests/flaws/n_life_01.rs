//! N-LIFE-01 (CVE-2021-42054, accel-ppp: a client that left right after its login was read beyond its
//! end): a hang-up at every step, by either side. The caller's own is in `onhook-calls`' sweeps too.

use onhook_base::Duration;
use onhook_calls::{Call, Terms};
use onhook_connection::State;

fn must_be_gone(call: &mut Call, step: usize) {
    call.run_for(Duration::from_secs(150));
    assert_eq!(call.caller.connection.state(), State::Gone, "step {step}");
    assert_eq!(call.caller.leftovers(), [""; 0], "step {step}");
    if let Some(answerer) = &call.answerer {
        assert_eq!(answerer.connection.state(), State::Gone, "step {step}");
        assert_eq!(answerer.leftovers(), [""; 0], "step {step}");
    }
}

#[test]
fn a_hang_up_by_the_answerer_at_every_step_leaves_nothing() {
    for step in 0..200 {
        let mut call = Call::dial(Terms::default());
        if !(0..step).all(|_| call.is_up() || call.step()) {
            break;
        }
        if call.answerer.is_none() {
            continue;
        }
        let was_up = call.is_up();
        call.hang_up_by_answerer();
        must_be_gone(&mut call, step);
        if was_up {
            return;
        }
    }
    panic!("no call came up");
}

#[test]
fn both_may_hang_up_in_the_same_moment() {
    for step in 0..200 {
        let mut call = Call::dial(Terms::default());
        for _ in 0..step {
            if !call.is_up() {
                call.step();
            }
        }
        let was_up = call.is_up();
        call.hang_up_by_answerer();
        call.hang_up();
        must_be_gone(&mut call, step);
        if was_up {
            return;
        }
    }
    panic!("no call came up");
}
