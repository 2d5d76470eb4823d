//! Callback within a call: asked for, granted, declined, lost.

use onhook_base::Duration;

use super::line::{DELAY, Line};
use crate::auth::Method;
use crate::cbcp::{CallbackAgreement, CallbackOffer, CallbackWish};
use crate::{CallbackTerms, CloseReason, Phase, PppEvent, PppFailure};

const SECOND: Duration = Duration::from_secs(1);

fn line(caller: CallbackTerms, answerer: CallbackTerms, offer: CallbackOffer) -> Line {
    let mut line = Line::by_terms(Method::MsChapV2, |ours, theirs| {
        ours.callback = caller;
        theirs.callback = answerer;
    });
    line.answerer.ppp.offer_callback(offer);
    line.begin()
}

fn wanted(number: &str) -> CallbackTerms {
    CallbackTerms::Wanted(match number {
        "" => CallbackWish::NoNumber,
        number => CallbackWish::Number(number.to_owned()),
    })
}

const GRANTED: CallbackTerms = CallbackTerms::Granted { urged: false };
const URGED: CallbackTerms = CallbackTerms::Granted { urged: true };

fn agreement(line: &Line) -> [Option<CallbackAgreement>; 2] {
    [&line.caller, &line.answerer].map(|end| {
        end.events.iter().find_map(|event| match event {
            PppEvent::CallbackAgreed(agreement) => Some(agreement.clone()),
            _ => None,
        })
    })
}

/// The talk takes a round trip and a half; and half a one is shared with the proof's end.
#[test]
fn no_callback_leads_to_the_network_in_the_same_call() {
    let mut line = line(wanted(""), GRANTED, CallbackOffer::CallersNumber);
    assert_eq!(line.run_until_settled(), Some(DELAY * 11), "{:#?}", line.log);
    assert_eq!(agreement(&line), [None, None]);
    assert_eq!(line.caller.ppp.phase(), Phase::Network);
}

#[test]
fn a_peer_that_rejects_callback_is_used_without() {
    for answerer in [CallbackTerms::Refused, GRANTED] {
        let caller = match answerer {
            CallbackTerms::Refused => wanted("5551234"),
            _ => CallbackTerms::Refused,
        };
        let mut line = line(caller, answerer, CallbackOffer::CallersNumber);
        line.run_until_settled().unwrap();
        assert_eq!(agreement(&line), [None, None]);
        assert!(!line.log.iter().any(|frame| frame.contains("CBCP Callback")), "{:#?}", line.log);
    }
}

#[test]
fn a_callers_number_is_agreed_and_the_caller_ends_the_call() {
    for (number, offer) in [("5551234", CallbackOffer::CallersNumber), ("", CallbackOffer::Preset)]
    {
        let mut line = line(wanted(number), GRANTED, offer);
        line.run_for(SECOND);
        let named = Some(number.to_owned()).filter(|number| !number.is_empty());
        let expected = CallbackAgreement { number: named, delay: SECOND * 5 };
        assert_eq!(agreement(&line), [Some(expected.clone()), Some(expected)]);
        for end in [&line.caller, &line.answerer] {
            assert!(!end.has(|e| matches!(e, PppEvent::Authenticated { .. })));
            assert_eq!(end.ppp.phase(), Phase::Callback);
        }
        line.caller.ppp.close(line.now, CloseReason::Callback);
        line.drain();
        line.run_for(SECOND * 3);
        assert_eq!(line.caller.finish(), Some(None));
        let farewell = PppFailure::PeerTerminated {
            phase: Phase::Callback,
            windows_code: None,
            text: "call me back".to_owned(),
        };
        assert_eq!(line.answerer.finish(), Some(Some(farewell)));
        assert!(line.is_quiet());
    }
}

#[test]
fn an_answerer_does_not_wait_for_ever_for_the_callers_goodbye() {
    let mut line = line(wanted(""), GRANTED, CallbackOffer::Preset);
    line.run_for(SECOND * 9);
    assert_eq!(line.answerer.finish(), None);
    line.run_for(SECOND * 4);
    assert_eq!(line.answerer.finish(), Some(None));
}

#[test]
fn a_caller_that_does_not_ask_is_urged_once() {
    let mut line = line(CallbackTerms::Refused, URGED, CallbackOffer::None);
    line.run_until_settled().unwrap();
    let urges = line.log.iter().filter(|f| f.contains("Configure-Nak") && f.contains("callback"));
    assert_eq!(urges.count(), 1, "{:#?}", line.log);
}

#[test]
fn whatever_frame_is_lost_the_callback_is_agreed_or_the_network_comes() {
    for (number, offer) in [
        ("5551234", CallbackOffer::CallersNumber),
        ("", CallbackOffer::CallersNumber),
        ("", CallbackOffer::Preset),
    ] {
        for lost in 0..24 {
            let mut line = Line::by_terms(Method::MsChapV2, |ours, theirs| {
                ours.callback = wanted(number);
                theirs.callback = GRANTED;
            });
            line.answerer.ppp.offer_callback(offer);
            line.lose = vec![lost];
            let mut line = line.begin();
            line.run_for(SECOND * 9);
            let [ours, theirs] = agreement(&line);
            let is_up = line.caller.is_settled() && line.answerer.is_settled();
            let is_callback = ours.is_some() && theirs.is_some();
            assert!(is_up != is_callback, "lost {lost}: {:#?}", line.log);
        }
    }
}

/// Otherwise whoever knows the password would be let in from anywhere.
#[test]
fn a_caller_that_must_be_called_back_and_does_not_speak_of_it_is_not_let_in() {
    let mut line = line(CallbackTerms::Refused, URGED, CallbackOffer::Preset);
    line.run_for(SECOND * 5);
    assert_eq!(line.answerer.finish(), Some(Some(PppFailure::NoCallbackAgreed)));
    assert!(!line.answerer.has(|e| matches!(e, PppEvent::Authenticated { .. })));
}

/// A place in the option itself is answered with CBCP, and not for ever (RFC 1661 §4.6).
#[test]
fn the_other_operations_are_naked_with_cbcp() {
    use crate::control::wire::parse_options;
    use crate::control::{Judgement, Terms};
    use crate::lcp::LcpTerms;
    use crate::terms::PppTerms;

    let mut terms = PppTerms::answerer(Vec::new(), String::new());
    terms.callback = GRANTED;
    let chance = || onhook_base::Seed::from_number(3).chance();
    for asked in [&[13, 3, 0][..], &[13, 5, 1, b'5', b'5'], &[13, 4, 3, b'1'], &[13, 4, 6, 0]] {
        let mut lcp = LcpTerms::new(&terms, chance());
        let options = parse_options(asked).unwrap();
        assert_eq!(lcp.judge(&options, true), Judgement::Nak(vec![13, 3, 6]));
        assert_eq!(lcp.judge(&options, false), Judgement::Reject(asked.to_vec()));
        assert!(!lcp.talks_of_callback());
        assert_eq!(lcp.judge(&parse_options(&[13, 3, 6]).unwrap(), true), Judgement::Ack);
        assert!(lcp.talks_of_callback());
    }
}
