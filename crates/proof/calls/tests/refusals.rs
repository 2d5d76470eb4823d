//! Stories of dials that come to nothing, each with its own number.

use onhook_base::Duration;
use onhook_calls::{Call, Terms};
use onhook_connection::State;
use onhook_effect::{HostErrorKind, TlsFault};
use onhook_model::{AuthMethod, AuthRestrictions, RasCode, RasState};
use onhook_ppp::auth::Method;
use onhook_sim::Fault;

fn ends_with(terms: Terms) -> (Call, RasCode) {
    let mut call = Call::dial(terms);
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    call.run_for(Duration::from_secs(120));
    assert_eq!(call.caller.leftovers(), [""; 0]);
    let code = call.caller.connection.cause().unwrap().code();
    (call, code)
}

#[test]
fn a_wrong_password_is_691_by_every_method_and_is_not_tried_again() {
    for method in [Method::Pap, Method::ChapMd5, Method::MsChapV1, Method::MsChapV2] {
        let (call, code) = ends_with(Terms { password: "wrong", method, ..Terms::default() });
        assert_eq!(code, RasCode::AUTHENTICATION_FAILURE, "{method}");
        let failed: Vec<_> = call.caller.reports.iter().filter(|r| !r.error.is_success()).collect();
        assert_eq!(failed.len(), 2, "the state again with its error, then Disconnected");
        assert_eq!(failed[0].error, code);
        assert_eq!(failed[1].state, RasState::Disconnected);
        let answerer = call.answerer.as_ref().unwrap();
        assert_eq!(answerer.connection.state(), State::Gone);
        assert_eq!(answerer.leftovers(), [""; 0]);
    }
}

#[test]
fn no_method_in_common_is_812() {
    let mut terms = Terms { method: Method::Pap, ..Terms::default() };
    terms.entry.auth = AuthRestrictions::of(&[AuthMethod::MsChap2]);
    assert_eq!(ends_with(terms).1, RasCode::SERVER_POLICY);
}

/// MS-CHAP version 1 is spoken only where the entry says so.
#[test]
fn the_weakest_of_the_ms_chaps_is_off_unless_the_entry_asks_for_it() {
    for allowed in [AuthRestrictions::DIAL_UP, AuthRestrictions::MSCHAP2_ONLY] {
        let mut terms = Terms { method: Method::MsChapV1, ..Terms::default() };
        terms.entry.auth = allowed;
        assert_eq!(ends_with(terms).1, RasCode::SERVER_POLICY);
    }
}

#[test]
fn what_linux_says_about_the_way_to_the_server_has_its_own_number() {
    for (kind, code) in [
        (HostErrorKind::Refused, RasCode::VPN_REFUSED),
        (HostErrorKind::TimedOut, RasCode::VPN_TIMEOUT),
        (HostErrorKind::Reset, RasCode::VPN_DISCONNECT),
        (HostErrorKind::Unreachable, RasCode::AUTOMATIC_VPN_FAILED),
        (HostErrorKind::Tls(TlsFault::Expired), RasCode::CERT_E_EXPIRED),
        (HostErrorKind::Tls(TlsFault::UntrustedRoot), RasCode::CERT_E_UNTRUSTEDROOT),
        (HostErrorKind::Tls(TlsFault::NameMismatch), RasCode::CERT_E_CN_NO_MATCH),
    ] {
        let mut call = Call::dial(Terms::default());
        call.caller.os.plan_fault(1, Fault::Fails(kind));
        call.run_until(|c| c.caller.connection.state() == State::Gone);
        assert_eq!(call.caller.connection.cause().unwrap().code(), code, "{kind:?}");
        assert!(call.answerer.is_none(), "no credential left us");
    }
}

#[test]
fn the_password_is_in_no_debug_output() {
    let mut call = Call::dial(Terms::default());
    call.run_until(Call::is_up);
    let shown = format!("{:?}", call.caller.connection);
    assert!(!shown.contains(onhook_calls::PASSWORD));
}
