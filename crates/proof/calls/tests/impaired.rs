//! Stories of an answering end that misbehaves on purpose, one for each kind of misdeed and of proof:
//! the call survives it, or ends with a number that says why; and nothing is left in either case.

use onhook_base::Duration;
use onhook_calls::{Call, Terms};
use onhook_connection::{Impairment, State};
use onhook_model::RasCode;
use onhook_ppp::auth::Method;

/// How a call goes with each of them; `None`: it comes up and stays.
fn verdict(kind: Impairment) -> Option<RasCode> {
    match kind {
        Impairment::DropThird
        | Impairment::AnswerTwice
        | Impairment::GarbageAfterEnd
        | Impairment::DuplicateChallenge
        | Impairment::Renegotiate
        | Impairment::WrongPhase
        | Impairment::UnaskedEap => None,
        Impairment::WrongIdentifier | Impairment::Silence | Impairment::RejectAll => {
            Some(RasCode::PPP_TIMEOUT)
        }
        Impairment::EarlySuccess | Impairment::WrongCertificate | Impairment::SwappedKeys => {
            Some(RasCode::UNABLE_TO_AUTHENTICATE_SERVER)
        }
        Impairment::CutMidFrame => Some(RasCode::VPN_DISCONNECT),
        Impairment::EndlessNak => Some(RasCode::PPP_NOT_CONVERGING),
        Impairment::GarbageInStream => Some(RasCode::INCOMPATIBLE),
        Impairment::HttpPage => Some(RasCode::AUTOMATIC_VPN_FAILED),
    }
}

/// An IPv4 header of the caller with nothing behind it.
const PACKET: [u8; 20] = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 99, 0, 2, 10, 99, 0, 1];

fn dial(kind: Impairment, method: Method) -> Call {
    let mut call = Call::dial(Terms { impairment: Some(kind), method, ..Terms::default() });
    let began = call.now;
    call.run_until(|c| matches!(c.caller.connection.state(), State::Gone | State::Connected));
    let took = call.now.since(began);
    assert!(took <= Duration::from_secs(46), "{kind}: an answer of some kind took {took:?}");
    call
}

fn check_gone(call: &mut Call, what: &str) {
    call.run_for(Duration::from_secs(120));
    assert_eq!(call.caller.leftovers(), [""; 0], "{what}");
    assert_eq!(call.caller.connection.standing(), [], "{what}");
    let answerer = call.answerer.as_ref().expect("it was called");
    assert_eq!(answerer.connection.state(), State::Gone, "{what}");
    assert_eq!(answerer.leftovers(), [""; 0], "{what}");
}

#[test]
fn every_misdeed_is_survived_or_ends_the_dial_with_its_number() {
    for kind in Impairment::ALL {
        let mut call = dial(kind, Method::MsChapV2);
        if call.caller.connection.state() == State::Connected {
            call.send_packet(&PACKET);
            call.run_for(Duration::from_secs(60));
            assert_eq!(call.caller.connection.cause(), None, "{kind}: it stays up");
            call.send_packet(&PACKET);
            call.run_for(Duration::from_secs(1));
            let heard = call.answerer.as_ref().map_or(0, |a| a.packets.len());
            assert_eq!(heard, 2, "{kind}: packets pass, before and after");
            let began = call.now;
            call.hang_up();
            call.run_until(|c| c.caller.connection.state() == State::Gone);
            assert!(call.now.since(began) <= Duration::from_secs(3), "{kind}");
        }
        let code = call.caller.connection.cause().map(onhook_model::Cause::code);
        let expected = verdict(kind).unwrap_or(RasCode::USER_DISCONNECTION);
        assert_eq!(code, Some(expected), "{kind}: {:?}", call.caller.connection.cause());
        check_gone(&mut call, kind.name());
    }
}

/// With the other proofs some of them have no bite; the same must hold all the same.
#[test]
fn whatever_the_proof_a_call_ends_and_leaves_nothing() {
    for kind in Impairment::ALL {
        for method in [Method::Pap, Method::ChapMd5] {
            let mut call = dial(kind, method);
            let what = format!("{kind} with {method}");
            if call.caller.connection.state() == State::Connected {
                assert!(
                    verdict(kind).is_none_or(|code| code == RasCode::UNABLE_TO_AUTHENTICATE_SERVER)
                );
                call.send_packet(&PACKET);
                call.run_for(Duration::from_secs(60));
                call.hang_up();
                call.run_until(|c| c.caller.connection.state() == State::Gone);
            } else {
                let cause = call.caller.connection.cause().expect("there is a cause");
                assert!(!cause.is_wanted(), "{what}: {cause}");
            }
            check_gone(&mut call, &what);
        }
    }
}

/// A hang-up at any step of a call with a misbehaving server keeps its budget.
#[test]
fn a_hang_up_at_any_step_keeps_its_budget_whatever_the_server_does() {
    for kind in Impairment::ALL {
        for steps in 0..60 {
            let mut call = Call::dial(Terms { impairment: Some(kind), ..Terms::default() });
            for _ in 0..steps {
                call.step();
            }
            if call.caller.connection.state() == State::Gone {
                break;
            }
            let began = call.now;
            call.hang_up();
            call.run_until(|c| c.caller.connection.state() == State::Gone);
            let took = call.now.since(began);
            assert!(took <= Duration::from_secs(3), "{kind} after {steps} steps: {took:?}");
            assert_eq!(call.caller.leftovers(), [""; 0], "{kind} after {steps} steps");
        }
    }
}

#[test]
fn every_misdeed_has_one_name() {
    for kind in Impairment::ALL {
        assert_eq!(Impairment::from_name(kind.name()), Some(kind));
        assert!(!kind.description().is_empty());
    }
    assert_eq!(Impairment::from_name("kindness"), None);
}
