//! Calls in which a person is asked: for another password, for a new one, for another new one.

use onhook_base::{Duration, Instant, Secret};

use super::line::{Line, PASSWORD, credentials};
use crate::auth::Method;
use crate::{CloseReason, Given, Phase, PppEvent, PppFailure, PppTerms, Wanted};

/// How long the person thinks.
const THINKS: Duration = Duration::from_secs(40);
const NEW: &str = "looking-glass-2";

/// A call of somebody who has this password, and can be asked for another.
fn call(password: &str, is_expired: bool, retries: u8) -> Line {
    call_by(Method::MsChapV2, password, is_expired, retries)
}

fn call_by(method: Method, password: &str, is_expired: bool, retries: u8) -> Line {
    let mut caller = PppTerms::caller(vec![method], credentials(password));
    let mut answerer = PppTerms::answerer(vec![method], "server".into());
    for terms in [&mut caller, &mut answerer] {
        terms.restart = Duration::from_secs(1);
    }
    caller.asks_person = true;
    answerer.retries = retries;
    let mut line = Line::new(caller, answerer);
    line.answerer.user.is_expired = is_expired;
    line
}

fn wanted(line: &Line) -> Vec<Wanted> {
    let wanted = |event: &PppEvent| match event {
        PppEvent::PersonWanted(wanted) => Some(wanted.clone()),
        _ => None,
    };
    line.caller.events.iter().filter_map(wanted).collect()
}

/// Lets the person be asked once more; false when the call has ended before.
fn is_asked(line: &mut Line) -> bool {
    let (before, until) = (wanted(line).len(), line.now + Duration::from_secs(100));
    while wanted(line).len() == before && line.caller.finish().is_none() {
        if !line.step(until) {
            return false;
        }
    }
    wanted(line).len() > before
}

fn says(line: &mut Line, given: Given) {
    line.caller.ppp.give(line.now, given);
    line.drain();
}

fn other(password: &str) -> Given {
    Given::Credentials(credentials(password).unwrap())
}

fn new(password: &str) -> Given {
    Given::NewPassword(Secret::new(password.into()))
}

#[test]
fn a_wrong_password_may_be_followed_by_the_right_one() {
    for method in [Method::MsChapV1, Method::MsChapV2] {
        let mut line = call_by(method, "mistyped", false, 2).begin();
        assert!(is_asked(&mut line));
        assert_eq!(wanted(&line), [Wanted::Credentials { code: 691, message: String::new() }]);
        line.run_for(THINKS);
        assert_eq!((line.caller.ppp.phase(), wanted(&line).len()), (Phase::Authenticate, 1));
        says(&mut line, other(PASSWORD));
        line.run_until_settled().expect("it comes up");
    }
}

#[test]
fn as_often_as_the_peer_lets_and_then_it_is_refused() {
    let mut line = call("mistyped", false, 2).begin();
    for _ in 0..2 {
        assert!(is_asked(&mut line));
        says(&mut line, other("mistyped again"));
    }
    assert!(!is_asked(&mut line));
    line.run_for(Duration::from_secs(10));
    for end in [&line.caller, &line.answerer] {
        let failure = end.finish().expect("it has ended");
        assert!(
            matches!(failure, Some(PppFailure::Refused { code: Some(691), .. })),
            "{failure:?}"
        );
    }
}

#[test]
fn an_expired_password_is_changed_and_both_ends_have_keys_of_the_new_one() {
    for method in [Method::MsChapV1, Method::MsChapV2] {
        let mut line = call_by(method, PASSWORD, true, 0).begin();
        assert!(is_asked(&mut line));
        assert_eq!(wanted(&line), [Wanted::NewPassword { code: 648, message: String::new() }]);
        line.run_for(THINKS);
        says(&mut line, new(NEW));
        line.run_until_settled().expect("it comes up");
        assert_eq!(line.answerer.user.password, NEW);
        let keys = |events: &[PppEvent]| {
            events.iter().find_map(|event| match event {
                PppEvent::Authenticated { keys, .. } => keys.clone(),
                _ => None,
            })
        };
        assert!(keys(&line.caller.events).is_some());
        assert_eq!(keys(&line.caller.events), keys(&line.answerer.events));
    }
}

#[test]
fn after_the_change_the_new_password_is_the_one_to_prove_when_lcp_opens_anew() {
    let mut line = call(PASSWORD, true, 0).begin();
    assert!(is_asked(&mut line));
    says(&mut line, new(NEW));
    line.run_until_settled().unwrap();
    line.caller.events.clear();
    for end in [&mut line.caller, &mut line.answerer] {
        end.ppp.lower_down(line.now);
        end.ppp.lower_up(line.now);
    }
    line.drain();
    line.run_for(Duration::from_secs(30));
    assert!(line.caller.is_settled(), "{:#?}", line.log);
}

#[test]
fn a_new_password_that_is_not_taken_may_be_followed_by_another() {
    for method in [Method::MsChapV1, Method::MsChapV2] {
        let mut line = call_by(method, PASSWORD, true, 0).begin();
        assert!(is_asked(&mut line));
        says(&mut line, new(PASSWORD)); // no change at all
        assert!(is_asked(&mut line));
        let again = Wanted::NewPassword { code: 709, message: String::new() };
        assert_eq!(wanted(&line).last(), Some(&again));
        says(&mut line, new(NEW));
        line.run_until_settled().expect("it comes up");
    }
}

#[test]
fn only_so_many_new_passwords_are_heard() {
    let mut line = call(PASSWORD, true, 0).begin();
    let mut asked = 0;
    while is_asked(&mut line) {
        asked += 1;
        says(&mut line, new(PASSWORD));
    }
    assert_eq!(asked, 3);
    line.run_for(Duration::from_secs(10));
    let failure = line.caller.finish().expect("it has ended");
    assert!(matches!(failure, Some(PppFailure::Refused { code: Some(709), .. })), "{failure:?}");
    assert_eq!(line.answerer.user.password, PASSWORD);
}

#[test]
fn one_that_is_longer_than_the_form_is_asked_for_anew_before_anything_is_sent() {
    let mut line = call(PASSWORD, true, 0).begin();
    assert!(is_asked(&mut line));
    let sent = line.frames;
    says(&mut line, new(&"x".repeat(257)));
    assert!(is_asked(&mut line) || wanted(&line).len() == 2);
    assert_eq!(line.frames, sent);
    says(&mut line, new(&"x".repeat(256)));
    line.run_until_settled().expect("it comes up");
}

#[test]
fn whichever_frame_is_lost_it_comes_up_all_the_same() {
    type Story = (&'static str, bool, fn() -> Given);
    let stories: [Story; 2] =
        [("mistyped", false, || other(PASSWORD)), (PASSWORD, true, || new(NEW))];
    for (password, is_expired, given) in stories {
        for lost in 0..60 {
            let mut line = call(password, is_expired, 1);
            line.lose = vec![lost];
            let mut line = line.begin();
            assert!(is_asked(&mut line), "frame {lost} is lost: {:#?}", line.log);
            says(&mut line, given());
            let settled = line.run_until_settled();
            assert!(settled.is_some(), "frame {lost} is lost: {:#?}", line.log);
        }
    }
}

#[test]
fn what_is_said_twice_is_judged_once() {
    for (password, is_expired) in [("mistyped", false), (PASSWORD, true)] {
        let mut line = call(password, is_expired, 1);
        line.twice = true;
        let mut line = line.begin();
        assert!(is_asked(&mut line));
        line.run_for(Duration::from_secs(1));
        assert_eq!(wanted(&line).len(), 1, "the second Failure is a repetition");
        says(&mut line, if is_expired { new(NEW) } else { other(PASSWORD) });
        line.run_until_settled().expect("it comes up");
        assert_eq!(wanted(&line).len(), 1);
    }
}

#[test]
fn without_a_person_the_refusal_is_the_end_as_ever() {
    for (password, is_expired, code) in [("mistyped", false, 691), (PASSWORD, true, 648)] {
        let mut line = call(password, is_expired, 2);
        let mut terms = PppTerms::caller(vec![Method::MsChapV2], credentials(password));
        terms.restart = Duration::from_secs(1);
        line.caller.ppp = crate::Ppp::new(terms, &onhook_base::Seed::from_number(1));
        let mut line = line.begin();
        line.run_for(Duration::from_secs(20));
        assert_eq!(wanted(&line), []);
        let failure = line.caller.finish().expect("it has ended");
        let told = matches!(failure, Some(PppFailure::Refused { code: Some(c), .. }) if c == code);
        assert!(told, "{failure:?}");
        assert!(line.answerer.finish().is_some(), "the door does not stay open for nobody");
    }
}

#[test]
fn a_peer_that_shuts_the_door_has_refused() {
    let mut line = call("mistyped", false, 1).begin();
    assert!(is_asked(&mut line));
    // It waits for three minutes.
    line.run_for(Duration::from_secs(200));
    let failure = line.caller.finish().expect("it has ended");
    assert!(matches!(failure, Some(PppFailure::Refused { code: Some(691), .. })), "{failure:?}");
    let theirs = line.answerer.finish().expect("it has ended");
    assert!(matches!(theirs, Some(PppFailure::Refused { .. })), "{theirs:?}");
    says(&mut line, other(PASSWORD));
    assert!(line.is_quiet());
}

#[test]
fn who_is_asked_may_hang_up_instead() {
    let mut line = call(PASSWORD, true, 0).begin();
    assert!(is_asked(&mut line));
    line.caller.ppp.close(line.now, CloseReason::HungUp);
    line.drain();
    line.run_for(Duration::from_secs(20));
    assert_eq!(line.caller.finish(), Some(None));
    assert!(line.answerer.finish().is_some());
}

#[test]
fn what_was_not_asked_for_changes_nothing() {
    let mut line = call(PASSWORD, true, 0).begin();
    assert!(is_asked(&mut line));
    let sent = line.frames;
    says(&mut line, other(PASSWORD));
    assert_eq!(line.frames, sent, "a new password was asked for, and not another one");
    says(&mut line, new(NEW));
    line.run_until_settled().expect("it comes up");
    says(&mut line, new("a third one"));
    assert_eq!(line.answerer.user.password, NEW);
}

#[test]
fn no_password_stands_in_a_debug_form() {
    let mut line = call(PASSWORD, true, 0).begin();
    assert!(is_asked(&mut line));
    says(&mut line, new(NEW));
    line.run_until_settled().unwrap();
    let shown = format!("{:?} {:?} {:?}", line.log, line.caller.events, line.answerer.events);
    assert!(!shown.contains(PASSWORD) && !shown.contains(NEW));
    let given = format!("{:?} {:?}", new(NEW), other(PASSWORD));
    assert!(!given.contains(PASSWORD) && !given.contains(NEW));
}

#[test]
fn while_the_person_thinks_no_timer_but_those_of_lcp_runs() {
    let mut line = call("mistyped", false, 1).begin();
    assert!(is_asked(&mut line));
    line.run_for(Duration::from_secs(1));
    assert_eq!(line.caller.ppp.poll_timeout().map(|d| d.at), None::<Instant>);
}
