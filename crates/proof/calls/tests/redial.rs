//! A line that was lost is dialed again (behaviour 168), in invented time.

use onhook_base::{Duration, Secret};
use onhook_calls::{Call, Over, PASSWORD, Terms};
use onhook_connection::State;
use onhook_effect::HostErrorKind;
use onhook_model::{Cause, RasCode, RasState, Resumption};
use onhook_ppp::auth::Method;
use onhook_sim::Fault;

const PAUSE: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 3;

/// An entry that dials again, over this link.
fn terms(over: Over) -> Terms {
    let mut terms = Terms::over(over);
    terms.entry.redial_on_link_failure = true;
    terms.entry.redial_attempts = ATTEMPTS;
    terms.entry.redial_pause = PAUSE;
    terms
}

/// A call that is up, and has been so for this long.
fn up_for(terms: Terms, held: Duration) -> Call {
    let mut call = Call::dial(terms);
    call.run_until(Call::is_up);
    call.run_for(held);
    assert!(call.is_up());
    call
}

fn cause(call: &Call) -> Option<RasCode> {
    call.caller.connection.cause().map(Cause::code)
}

fn is_waiting(call: &Call) -> bool {
    let connection = &call.caller.connection;
    connection.state() == State::Opening && connection.lost().is_some()
}

const PACKET: [u8; 20] = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 99, 0, 2, 10, 99, 0, 1];

#[test]
fn b168_a_line_that_held_and_is_lost_is_dialed_again_at_once() {
    for over in [Over::Sstp, Over::Line, Over::L2tp, Over::Pppoe { mtu: 1500, carries: 1500 }] {
        let mut call = up_for(terms(over), PAUSE);
        call.send_packet(&PACKET);
        let before = call.caller.connection.traffic();
        assert_eq!(before.packets_out, 1, "{over:?}");
        let told = call.caller.reports.len();
        let lost_at = call.now;
        call.hang_up_by_answerer();
        call.run_until(|call| call.redials() == 1);
        call.run_until(Call::is_up);
        assert!(call.now.since(lost_at) < Duration::from_secs(5), "{over:?}: no pause");

        let again = &call.caller.reports[told..];
        let states: Vec<_> = again.iter().map(|report| report.state).collect();
        let begins = [RasState::OpenPort, RasState::PortOpened, RasState::ConnectDevice];
        assert_eq!(states[..3], begins, "{over:?}");
        assert_eq!(states.last(), Some(&RasState::Connected), "{over:?}");
        assert!(again.iter().all(|report| report.error.is_success()), "no end of it: {again:?}");
        let said = &again[0].text;
        assert!(said.starts_with("the line was lost: error 629"), "{over:?}: {said}");
        assert!(said.ends_with("it is dialed again at once"), "{over:?}: {said}");
        assert!(call.caller.connection.lost().is_none());

        // What passed before is counted on.
        call.send_packet(&PACKET);
        assert_eq!(call.caller.connection.traffic().packets_out, 2, "{over:?}");
        call.hang_up();
        call.run_for(Duration::from_secs(60));
        assert_eq!(call.caller.connection.state(), State::Gone);
        assert_eq!(cause(&call), Some(RasCode::USER_DISCONNECTION));
        assert_eq!(call.caller.leftovers(), Vec::<String>::new());
        assert_eq!(call.redials(), 1);
    }
}

#[test]
fn b168_a_line_that_is_lost_early_waits_for_the_pause_and_a_hang_up_ends_the_wait_at_once() {
    let mut call = up_for(terms(Over::Sstp), Duration::from_secs(1));
    let lost_at = call.now;
    call.hang_up_by_answerer();
    call.run_until(is_waiting);
    let connection = &call.caller.connection;
    assert_eq!(connection.lost().map(Cause::code), Some(RasCode::REMOTE_DISCONNECTION));
    assert_eq!(connection.standing(), [], "while it waits there is nothing to undo");
    let waits_until = connection.poll_timeout().expect("it waits for something").at;
    assert_eq!(connection.ras_state(), RasState::OpenPort);
    assert!(waits_until.since(lost_at) >= PAUSE && waits_until.since(lost_at) < PAUSE * 2);

    let hung_up_at = call.now;
    call.hang_up();
    assert_eq!(call.caller.connection.state(), State::Gone);
    assert_eq!(call.now, hung_up_at);
    assert_eq!(cause(&call), Some(RasCode::USER_DISCONNECTION));
    let end = call.caller.reports.last().expect("the end is told");
    assert_eq!((end.state, end.error), (RasState::Disconnected, RasCode::SUCCESS));
    call.run_for(PAUSE * 100);
    assert_eq!(call.redials(), 1, "it is dialed no more");
    assert_eq!(call.caller.leftovers(), Vec::<String>::new());
}

#[test]
fn b168_it_is_dialed_as_often_as_the_entry_says_and_then_ends_with_the_last_error() {
    let mut call = up_for(terms(Over::Sstp), PAUSE);
    call.hang_up_by_answerer();
    call.server_dies();
    call.run_until(|call| {
        !call.caller.connection.goes_on() && call.caller.connection.state() == State::Gone
    });
    assert_eq!(call.redials(), u64::from(1 + ATTEMPTS), "once, and so many times more");
    assert_eq!(cause(&call), Some(RasCode::VPN_TIMEOUT));
    let end = call.caller.reports.last().expect("the end is told");
    assert_eq!((end.state, end.error), (RasState::Disconnected, RasCode::VPN_TIMEOUT));
    let waits = call.caller.reports.iter().filter(|r| r.text.ends_with("dialed again in 10 s"));
    assert_eq!(waits.count(), ATTEMPTS as usize);

    // A server that is there again before that is found, and the count begins anew when the line holds.
    let mut call = up_for(terms(Over::Sstp), PAUSE);
    for _ in 0..3 {
        let before = call.redials();
        call.server_dies();
        call.run_until(|call| call.redials() == before + u64::from(ATTEMPTS));
        call.server_returns();
        call.run_until(Call::is_up);
        call.run_for(PAUSE);
    }
    assert!(call.is_up());
}

#[test]
fn b168_a_server_that_drops_every_call_is_dialed_no_more_often_than_the_entry_says() {
    let mut call = up_for(terms(Over::Sstp), PAUSE);
    let mut dialed_at = Vec::new();
    for _ in 0..=ATTEMPTS {
        let before = call.redials();
        call.hang_up_by_answerer();
        call.run_until(|call| call.redials() == before + 1);
        call.run_until(Call::is_up);
        dialed_at.push(call.now);
    }
    assert!(dialed_at.windows(2).all(|two| two[1].since(two[0]) >= PAUSE), "{dialed_at:?}");
    call.hang_up_by_answerer();
    call.run_for(PAUSE * 10);
    assert_eq!(call.caller.connection.state(), State::Gone);
    assert_eq!(cause(&call), Some(RasCode::REMOTE_DISCONNECTION));
    assert_eq!(call.redials(), u64::from(1 + ATTEMPTS));
}

#[test]
fn b168_what_somebody_wanted_is_not_dialed_again_nor_what_the_entry_does_not_say() {
    let mut idle = terms(Over::Sstp);
    idle.entry.idle_disconnect = Some(PAUSE * 2);
    let mut call = up_for(idle, PAUSE);
    call.run_for(PAUSE * 4);
    assert_eq!((cause(&call), call.redials()), (Some(RasCode::IDLE_TIMEOUT), 0));

    let mut call = up_for(terms(Over::Sstp), PAUSE);
    call.hang_up();
    call.run_for(PAUSE * 4);
    assert_eq!((cause(&call), call.redials()), (Some(RasCode::USER_DISCONNECTION), 0));

    let mut call = up_for(Terms::over(Over::Sstp), PAUSE);
    call.hang_up_by_answerer();
    call.run_for(PAUSE * 4);
    assert_eq!((cause(&call), call.redials()), (Some(RasCode::REMOTE_DISCONNECTION), 0));

    // A dial that was never up is dialed once (behaviour 166).
    let mut call = Call::dial(terms(Over::Sstp));
    call.server_dies();
    call.run_for(PAUSE * 100);
    assert_eq!((call.caller.connection.state(), call.redials()), (State::Gone, 0));
}

#[test]
fn b168_a_refused_proof_is_not_tried_again() {
    let mut call = up_for(terms(Over::Sstp), PAUSE);
    call.user.password = "changed meanwhile".to_owned();
    call.hang_up_by_answerer();
    call.run_for(PAUSE * 100);
    assert_eq!(call.caller.connection.state(), State::Gone);
    assert_eq!(cause(&call), Some(RasCode::AUTHENTICATION_FAILURE));
    assert_eq!((call.redials(), call.proofs()), (1, 2), "one proof each, and no third");
}

#[test]
fn b168_what_a_person_gave_on_the_way_proves_the_next_dial_which_asks_nobody() {
    let given = "looking-glass-2".to_owned();
    let resumption =
        Resumption { password: Some(Secret::new(given.clone())), ..Resumption::default() };
    for is_expired in [false, true] {
        let mut terms = terms(Over::Sstp);
        terms.pauses = true;
        terms.is_expired = is_expired;
        terms.retries = 2;
        terms.method = Method::MsChapV2;
        terms.password = if is_expired { PASSWORD } else { "mistyped" };
        let mut call = Call::dial(terms);
        if !is_expired {
            call.user.password.clone_from(&given);
        }
        call.run_until(|call| call.caller.connection.paused().is_some());
        call.resume(&resumption);
        call.run_until(Call::is_up);
        call.run_for(PAUSE);
        call.hang_up_by_answerer();
        call.run_until(|call| call.redials() == 1);
        call.run_until(Call::is_up);
        // Nobody follows it now: a refusal is the end, and no wait for a person.
        call.user.password = "changed meanwhile".to_owned();
        call.run_for(PAUSE);
        call.hang_up_by_answerer();
        call.run_for(PAUSE * 10);
        assert_eq!(cause(&call), Some(RasCode::AUTHENTICATION_FAILURE), "{is_expired}");
    }
}

#[test]
fn b168_a_hang_up_at_any_step_of_losing_and_dialing_again_leaves_nothing() {
    for over in [Over::Sstp, Over::Pppoe { mtu: 1500, carries: 1500 }] {
        for held in [Duration::from_secs(1), PAUSE] {
            for steps in 0.. {
                let mut call = up_for(terms(over), held);
                call.hang_up_by_answerer();
                (0..steps).for_each(|_| assert!(call.step()));
                let is_up_again = call.redials() == 1 && call.is_up();
                let began = call.now;
                call.hang_up();
                call.run_until(|call| call.caller.connection.state() == State::Gone);
                let redials = call.redials();
                assert!(call.now.since(began) <= Duration::from_secs(3), "{over:?} {steps}");
                assert_eq!(call.caller.leftovers(), Vec::<String>::new(), "{over:?} {steps}");
                call.run_for(PAUSE * 10);
                assert_eq!(call.redials(), redials, "{over:?} after {steps}");
                assert!(!call.caller.connection.goes_on());
                if is_up_again {
                    break;
                }
            }
        }
    }
}

#[test]
fn b168_with_something_still_to_be_undone_it_is_not_dialed_again() {
    let mut call = up_for(terms(Over::Sstp), PAUSE);
    let next = call.caller.os.undoings();
    call.caller.os.plan_undo_fault(next, Fault::Fails(HostErrorKind::Other));
    call.hang_up_by_answerer();
    call.run_for(PAUSE * 10);
    assert_eq!((call.caller.connection.state(), call.redials()), (State::Gone, 0));
    assert_eq!(call.caller.connection.debts().len(), 1);
    assert_eq!(cause(&call), Some(RasCode::REMOTE_DISCONNECTION));
    let end = call.caller.reports.last().expect("the end is told");
    assert_eq!((end.state, end.error), (RasState::Disconnected, RasCode::REMOTE_DISCONNECTION));
}
