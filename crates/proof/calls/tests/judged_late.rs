//! An answerer that asks elsewhere whom to admit, and the times that it sets to a call.

use onhook_base::Duration;
use onhook_calls::{Call, Terms};
use onhook_connection::{SessionLimits, State};
use onhook_model::RasCode;
use onhook_ppp::auth::Method;

const METHODS: [Method; 3] = [Method::Pap, Method::ChapMd5, Method::MsChapV2];

#[test]
fn a_verdict_that_takes_seconds_is_waited_for() {
    for method in METHODS {
        let judges_in = Duration::from_secs(12);
        let mut call = Call::dial(Terms { method, judges_in, ..Terms::default() });
        let began = call.now;
        call.run_until(Call::is_up);
        let took = call.now.since(began);
        assert!(
            took >= judges_in && took < judges_in + Duration::from_secs(2),
            "{method}: {took:?}"
        );
    }
}

#[test]
fn a_refusal_that_takes_seconds_is_691() {
    for method in METHODS {
        let judges_in = Duration::from_secs(12);
        let terms = Terms { method, judges_in, password: "not-hers", ..Terms::default() };
        let mut call = Call::dial(terms);
        call.run_until(|c| c.caller.connection.state() == State::Gone);
        let cause = call.caller.connection.cause().unwrap();
        assert_eq!(cause.code(), RasCode::AUTHENTICATION_FAILURE, "{method}: {cause}");
    }
}

#[test]
fn a_hang_up_while_the_proof_is_judged_ends_within_the_budget_and_nobody_comes_in() {
    let mut call = Call::dial(Terms { judges_in: Duration::from_secs(20), ..Terms::default() });
    let began = call.now;
    call.run_until(|c| c.now.since(began) > Duration::from_secs(2));
    call.hang_up();
    let told = call.now;
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    assert!(call.now.since(told) <= Duration::from_secs(3));
    call.run_for(Duration::from_secs(60));
    let answerer = call.answerer.as_ref().unwrap();
    assert_eq!(answerer.connection.state(), State::Gone, "the verdict came too late");
    assert!(answerer.leftovers().is_empty(), "{:?}", answerer.leftovers());
}

/// A caller that proves itself as one, negotiates anew and proves itself as another, must not be let in
/// by a verdict on the first proof, whenever it comes.
#[test]
fn a_verdict_on_an_earlier_proof_is_void() {
    let delay = Duration::from_millis(200);
    for late in (100..1_500).step_by(100) {
        let judges_in = Duration::from_millis(late);
        let mut call = Call::dial(Terms { delay, judges_in, ..Terms::default() });
        call.run_until(Call::is_judging);
        let asked = call.now;
        // An LCP Configure-Request without options, as of a caller that begins anew.
        call.caller_says(&[0xff, 0x03, 0xc0, 0x21, 1, 0x77, 0, 4]);
        call.run_until(|c| c.proofs() == 2 || c.is_up());
        if call.proofs() == 2 {
            let second = call.now;
            assert!(second.since(asked) > delay * 2, "LCP was negotiated in between");
            call.run_until(Call::is_up);
            let took = call.now.since(second);
            assert!(took >= judges_in, "let in {took:?} after the second proof, of {judges_in:?}");
        } else {
            assert!(judges_in <= delay, "the verdict of {judges_in:?} was there before");
        }
    }
}

#[test]
fn a_call_ends_when_its_time_is_up() {
    let session = Duration::from_secs(600);
    let limits = SessionLimits { idle: None, session: Some(session) };
    let mut call = Call::dial(Terms { limits, ..Terms::default() });
    call.run_until(Call::is_up);
    let up = call.now;
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    let lasted = call.now.since(up);
    assert!(lasted >= session && lasted < session + Duration::from_secs(2), "{lasted:?}");
    let answerer = &call.answerer.as_ref().unwrap().connection;
    assert_eq!(answerer.cause().unwrap().code(), RasCode::PPP_SESSION_TIMEOUT);
    let caller = call.caller.connection.cause().unwrap();
    assert_eq!(caller.code(), RasCode::REMOTE_DISCONNECTION, "it was told in order: {caller}");
}

#[test]
fn a_call_ends_when_nothing_has_passed_for_the_set_time() {
    let idle = Duration::from_secs(60);
    let limits = SessionLimits { idle: Some(idle), session: None };
    let mut call = Call::dial(Terms { limits, ..Terms::default() });
    call.run_until(Call::is_up);
    let up = call.now;
    call.run_for(Duration::from_secs(45));
    let mut packet = vec![0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 99, 0, 2, 10, 99, 0, 1];
    call.send_packet(&packet);
    call.run_for(Duration::from_secs(45));
    assert!(call.is_up(), "a packet has passed meanwhile");
    packet.clear();
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    let lasted = call.now.since(up);
    assert!(lasted >= Duration::from_secs(105) && lasted < Duration::from_secs(108), "{lasted:?}");
    let answerer = &call.answerer.as_ref().unwrap().connection;
    assert_eq!(answerer.cause().unwrap().code(), RasCode::IDLE_TIMEOUT);
}
