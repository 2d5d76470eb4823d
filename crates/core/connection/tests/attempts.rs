//! One protocol after the other: what follows which failure, and what is told of it.

use std::net::SocketAddr;

use onhook_base::{Instant, Seed};
use onhook_connection::{Connection, Plan, PlanAbilities, Request, State};
use onhook_effect::{Effect, HostError, HostErrorKind, LaneSpec, Outcome, StepId, TlsFault, Undo};
use onhook_model::{
    Cause, Credentials, DialOptions, DialRequest, Entry, RasCode, RasState, StateReport,
    VpnStrategy,
};

const NOW: Instant = Instant::ORIGIN;

fn dial(strategy: VpnStrategy) -> Connection {
    dial_numbers(strategy, &["vpn.example.net"], true)
}

fn dial_numbers(strategy: VpnStrategy, numbers: &[&str], try_alternates: bool) -> Connection {
    let mut entry = Entry::for_number("vpn.example.net", "sstp");
    entry.vpn_strategy = strategy;
    entry.phone_numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
    entry.try_alternates = try_alternates;
    let options = DialOptions { by_number: true, ..DialOptions::default() };
    let request = DialRequest { entry, options };
    let abilities = PlanAbilities { interfaces: true };
    let plan = Plan::for_dial(&request, &Credentials::default(), abilities).unwrap();
    let mut connection = Connection::new(plan, Seed::from_number(7));
    connection.dial(NOW);
    connection
}

/// The next deed that is asked for; undoings are done at once.
fn next_deed(connection: &mut Connection) -> Option<(StepId, Effect)> {
    while let Some((step, request)) = connection.poll_request() {
        match request {
            Request::Do(effect) => return Some((step, effect)),
            Request::Undo { undo, .. } => {
                assert!(matches!(undo, Undo::Nothing | Undo::CloseLane { .. }));
                connection.handle_undone(NOW, step, Ok(()));
            }
        }
    }
    None
}

/// The server's name is found, and the lane fails so; how it would have been opened.
fn fail(connection: &mut Connection, kind: HostErrorKind) -> LaneSpec {
    fail_at(connection, "vpn.example.net", kind)
}

fn fail_at(connection: &mut Connection, server: &str, kind: HostErrorKind) -> LaneSpec {
    let (step, effect) = next_deed(connection).unwrap();
    let Effect::Resolve { name, port } = effect else { panic!("{effect:?}") };
    assert_eq!(name, server);
    let address = SocketAddr::from(([192, 0, 2, 1], port));
    connection.handle_outcome(NOW, step, Ok(Outcome::Resolved(vec![address])));
    let (step, effect) = next_deed(connection).unwrap();
    let Effect::OpenLane { spec, .. } = effect else { panic!("{effect:?}") };
    connection.handle_outcome(NOW, step, Err(HostError::new("connect", kind, "it was refused")));
    assert!(next_deed(connection).is_none(), "everything is undone");
    assert_eq!(connection.state(), State::Gone);
    spec
}

fn reports(connection: &mut Connection) -> Vec<StateReport> {
    std::iter::from_fn(|| connection.poll_report()).collect()
}

#[test]
fn each_protocol_of_the_strategy_is_tried_in_order_and_all_are_told() {
    let mut first = dial(VpnStrategy::PptpSstp);
    let spec = fail(&mut first, HostErrorKind::Refused);
    assert_eq!(spec, LaneSpec::Tcp { to: vec!["192.0.2.1:1723".parse().unwrap()] });
    let mut second = first.next_attempt(Seed::from_number(8)).unwrap();
    assert!(first.next_attempt(Seed::from_number(8)).is_none(), "once only");
    second.dial(NOW);
    let spec = fail(&mut second, HostErrorKind::TimedOut);
    assert!(matches!(spec, LaneSpec::Tls { to, .. } if to[0].port() == 443));
    assert!(second.next_attempt(Seed::from_number(9)).is_none(), "there is no third");

    let told = reports(&mut second);
    let states: Vec<_> = told.iter().map(|report| report.state).collect();
    assert_eq!(
        states,
        [
            RasState::OpenPort,
            RasState::PortOpened,
            RasState::ConnectDevice,
            RasState::ConnectDevice,
            RasState::ConnectDevice,
            RasState::ConnectDevice,
            RasState::Disconnected,
        ]
    );
    let attempt = &told[3];
    assert!(attempt.error.is_success(), "an error would be the dial's end: {attempt:?}");
    assert!(attempt.text.contains("PPTP: error 808") && attempt.text.contains("now SSTP"));
    let end = &told[6];
    assert_eq!(end.error, RasCode::AUTOMATIC_VPN_FAILED);
    assert!(end.text.contains("PPTP: error 808") && end.text.contains("SSTP: error 809"));
    assert_eq!(second.cause().map(Cause::code), Some(RasCode::AUTOMATIC_VPN_FAILED));
}

#[test]
fn one_protocol_alone_fails_with_its_own_error() {
    let mut only = dial(VpnStrategy::SstpOnly);
    fail(&mut only, HostErrorKind::Refused);
    assert!(only.next_attempt(Seed::from_number(8)).is_none());
    assert_eq!(only.cause().map(Cause::code), Some(RasCode::VPN_REFUSED));
}

#[test]
fn a_wrong_certificate_leads_to_no_weaker_protocol() {
    let mut sstp = dial(VpnStrategy::SstpFirst);
    fail(&mut sstp, HostErrorKind::Tls(TlsFault::UntrustedRoot));
    assert!(sstp.next_attempt(Seed::from_number(8)).is_none());
    assert_eq!(sstp.cause().map(Cause::code), Some(RasCode::CERT_E_UNTRUSTEDROOT));
}

#[test]
fn a_hang_up_ends_the_dial_and_not_only_the_attempt() {
    let mut first = dial(VpnStrategy::PptpSstp);
    assert!(next_deed(&mut first).is_some());
    first.hang_up(NOW, Cause::hung_up());
    assert!(next_deed(&mut first).is_none());
    assert_eq!(first.state(), State::Gone);
    assert!(first.next_attempt(Seed::from_number(8)).is_none());
    // Also while the first attempt's end is still going on.
    let mut first = dial(VpnStrategy::PptpSstp);
    let (step, _) = next_deed(&mut first).unwrap();
    let address = SocketAddr::from(([192, 0, 2, 1], 1723));
    first.handle_outcome(NOW, step, Ok(Outcome::Resolved(vec![address])));
    let (step, _) = next_deed(&mut first).unwrap();
    let refused = HostError::new("connect", HostErrorKind::Refused, "it was refused");
    first.handle_outcome(NOW, step, Err(refused));
    first.hang_up(NOW, Cause::hung_up());
    assert!(next_deed(&mut first).is_none());
    assert!(first.next_attempt(Seed::from_number(8)).is_none());
    let end = reports(&mut first).pop().unwrap();
    assert_eq!((end.state, end.error), (RasState::Disconnected, RasCode::VPN_REFUSED));
}

#[test]
fn b164_alternate_numbers_are_tried_in_order_with_every_protocol() {
    let mut now = dial_numbers(VpnStrategy::PptpSstp, &["vpn.example.net", "b.example"], true);
    assert_eq!(now.other_number(), None);
    for server in ["vpn.example.net", "b.example"] {
        for port in [1723, 443] {
            let spec = fail_at(&mut now, server, HostErrorKind::Refused);
            let (LaneSpec::Tcp { to } | LaneSpec::Tls { to, .. }) = spec else {
                panic!("{spec:?}")
            };
            assert_eq!(to[0].port(), port);
            if let Some(mut next) = now.next_attempt(Seed::from_number(8)) {
                next.dial(NOW);
                now = next;
            }
        }
    }
    assert_eq!(now.other_number(), Some("b.example"));
    let told = reports(&mut now);
    assert!(told.iter().any(|report| report.text.contains("now PPTP to b.example is tried")));
    assert_eq!(now.cause().map(Cause::code), Some(RasCode::AUTOMATIC_VPN_FAILED));
}

#[test]
fn b164_the_end_of_one_protocol_with_several_numbers_is_that_of_the_last() {
    let mut first = dial_numbers(VpnStrategy::SstpOnly, &["vpn.example.net", "b.example"], true);
    fail(&mut first, HostErrorKind::Refused);
    let mut second = first.next_attempt(Seed::from_number(8)).unwrap();
    second.dial(NOW);
    fail_at(&mut second, "b.example", HostErrorKind::TimedOut);
    assert!(second.next_attempt(Seed::from_number(9)).is_none());
    assert_eq!(second.cause().map(Cause::code), Some(RasCode::VPN_TIMEOUT));
    let text = second.cause().unwrap().text().to_owned();
    assert!(text.contains("SSTP: error 808") && text.contains("SSTP: error 809"), "{text}");
}

#[test]
fn alternates_are_left_alone_where_the_entry_says_so_or_the_server_is_not_the_one() {
    let numbers = ["vpn.example.net", "b.example"];
    let mut only = dial_numbers(VpnStrategy::SstpOnly, &numbers, false);
    fail(&mut only, HostErrorKind::Refused);
    assert!(only.next_attempt(Seed::from_number(8)).is_none());
    assert_eq!(only.cause().map(Cause::code), Some(RasCode::VPN_REFUSED));
    let mut wrong = dial_numbers(VpnStrategy::SstpOnly, &numbers, true);
    fail(&mut wrong, HostErrorKind::Tls(TlsFault::UntrustedRoot));
    assert!(wrong.next_attempt(Seed::from_number(8)).is_none());
}
