//! The contract of handles, references and owners, without any connection behind it.

use onhook_base::{Duration, Instant, Secret};
use onhook_connection::PlanAbilities;
use onhook_model::{
    Cause, ConnectionStatus, Credentials, DialOptions, DialRequest, Entry, EventKind, Handle,
    RasCode, RasState, Resumption, Sharing, StateReport, Traffic,
};

use super::*;

mod links;

const ALICE: Caller = Caller::of(1000, 1);
const ALICE_AGAIN: Caller = Caller::of(1000, 2);
const BOB: Caller = Caller::of(1001, 3);
const ROOT: Caller = Caller::of(0, 4);

fn at(seconds: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(seconds)
}

fn manager() -> Manager {
    let abilities = PlanAbilities { interfaces: true };
    let mut manager = Manager::new(ManagerTerms::default(), abilities);
    manager.lease(&(100..5000));
    manager
}

fn request(name: &str) -> DialRequest {
    let mut entry = Entry::for_number("vpn.example.net", "sstp");
    entry.name = name.to_owned();
    DialRequest { entry, options: DialOptions::default() }
}

fn credentials() -> Credentials {
    let password = Secret::new("wonderland1".to_owned());
    Credentials { user: "alice".to_owned(), password, ..Credentials::default() }
}

fn dial(manager: &mut Manager, caller: Caller, name: &str) -> Handle {
    manager.dial(at(0), 0, caller, &request(name), &credentials()).unwrap().handle
}

fn connect(manager: &mut Manager, handle: Handle) {
    let report =
        StateReport { state: RasState::Connected, error: RasCode::SUCCESS, text: String::new() };
    manager.report(at(1), handle, report);
}

fn fail(manager: &mut Manager, now: Instant, handle: Handle, code: RasCode) {
    let report =
        StateReport { state: RasState::AuthNotify, error: code, text: "as told".to_owned() };
    manager.report(now, handle, report);
    end(manager, now, handle, Cause::new(code, "as told"));
}

fn pause(manager: &mut Manager, handle: Handle, state: RasState, code: RasCode) {
    let paused = Some(Cause::new(code, "as told"));
    manager.progress(handle, Progress { paused, ..Progress::default() });
    let report = StateReport { state, error: RasCode::SUCCESS, text: "as told".to_owned() };
    manager.report(at(1), handle, report);
}

fn other_password() -> Resumption {
    let password = Some(Secret::new("looking-glass".to_owned()));
    Resumption { password, ..Resumption::default() }
}

fn end(manager: &mut Manager, now: Instant, handle: Handle, cause: Cause) {
    manager.ended(now, handle, Ended { cause, traffic: Traffic::default(), debts: Vec::new() });
}

fn code<T>(result: Result<T, onhook_model::RasError>) -> RasCode {
    result.err().map_or(RasCode::SUCCESS, |e| e.code)
}

#[test]
fn a_dial_yields_a_handle_at_once_and_it_is_listed() {
    let mut m = manager();
    let handle = dial(&mut m, ALICE, "office");
    assert!(matches!(m.poll_command(), Some(Command::Start { .. })));
    let listed = m.list(at(0), ALICE);
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].handle, listed[0].entry.as_str()), (handle, "office"));
    assert_eq!(listed[0].state, RasState::OpenPort);
}

#[test]
fn a_number_without_an_entry_is_listed_with_a_dot() {
    let mut m = manager();
    let entry = Entry::for_number("192.0.2.7", "sstp");
    let options = DialOptions { by_number: true, ..DialOptions::default() };
    let request = DialRequest { entry, options };
    let first = m.dial(at(0), 0, ALICE, &request, &credentials()).unwrap();
    assert_eq!(m.list(at(0), ALICE)[0].entry, ".192.0.2.7");
    let second = m.dial(at(0), 0, ALICE, &request, &credentials()).unwrap();
    assert_ne!(first.handle, second.handle, "numbers are not entries: two dials, two handles");
}

#[test]
fn dialing_a_connected_entry_takes_a_reference_and_the_last_hang_up_ends_it() {
    let mut m = manager();
    let handle = dial(&mut m, ALICE, "office");
    let busy = m.dial(at(0), 0, ALICE_AGAIN, &request("OFFICE"), &credentials());
    assert_eq!(code(busy), RasCode::DIAL_ALREADY_IN_PROGRESS);
    connect(&mut m, handle);
    let again = m.dial(at(2), 0, ALICE_AGAIN, &request("OFFICE"), &credentials()).unwrap();
    assert_eq!((again.handle, again.already), (handle, true));
    assert_eq!(m.list(at(2), ALICE)[0].references, 2);
    while m.poll_command().is_some() {}

    assert_eq!(code(m.hang_up(at(3), ALICE, handle)), RasCode::SUCCESS);
    assert!(m.poll_command().is_none(), "one reference is left");
    assert_eq!(m.status(at(3), ALICE, handle).unwrap().state, RasState::Connected);
    assert_eq!(code(m.hang_up(at(3), ALICE, handle)), RasCode::SUCCESS);
    assert!(matches!(m.poll_command(), Some(Command::HangUp { .. })));
    assert!(m.status(at(3), ALICE, handle).unwrap().hanging_up, "it answers until it is gone");
    assert_eq!(code(m.hang_up(at(3), ALICE, handle)), RasCode::NO_CONNECTION);
    end(&mut m, at(4), handle, Cause::hung_up());
    assert_eq!(code(m.status(at(4), ALICE, handle)), RasCode::INVALID_HANDLE);
    assert_eq!(code(m.hang_up(at(4), ALICE, handle)), RasCode::NO_CONNECTION);
}

#[test]
fn a_handle_that_never_existed_is_6() {
    let mut m = manager();
    let never = Handle::new(4000).unwrap();
    assert_eq!(code(m.hang_up(at(0), ROOT, never)), RasCode::INVALID_HANDLE);
    assert_eq!(code(m.status(at(0), ROOT, never)), RasCode::INVALID_HANDLE);
}

#[test]
fn a_failed_dial_stays_listed_with_its_error_until_it_is_hung_up() {
    let mut m = manager();
    let handle = dial(&mut m, ALICE, "office");
    fail(&mut m, at(1), handle, RasCode::AUTHENTICATION_FAILURE);
    m.handle_timeout(at(100_000));
    let status = m.status(at(2), ALICE, handle).unwrap();
    assert_eq!(status.state, RasState::Disconnected);
    assert_eq!(status.error, RasCode::AUTHENTICATION_FAILURE);
    assert_eq!(status.error_text, "as told");
    let anew = dial(&mut m, ALICE, "office");
    assert_ne!(anew, handle, "a failed one is not joined");
    assert_eq!(code(m.hang_up(at(3), ALICE, handle)), RasCode::SUCCESS);
    assert_eq!(code(m.status(at(3), ALICE, handle)), RasCode::INVALID_HANDLE);
}

#[test]
fn a_failed_dial_whose_dialer_has_gone_is_reaped_after_the_grace() {
    for dialer_goes_first in [true, false] {
        let mut m = manager();
        let handle = dial(&mut m, ALICE, "office");
        if dialer_goes_first {
            m.session_closed(at(10), ALICE.session);
        }
        fail(&mut m, at(10), handle, RasCode::VPN_REFUSED);
        m.session_closed(at(10), ALICE.session);
        assert_eq!(m.poll_timeout().unwrap().at, at(40));
        m.handle_timeout(at(39));
        assert!(m.exists(handle));
        m.handle_timeout(at(40));
        assert!(!m.exists(handle));
        assert_eq!(m.history(ALICE).len(), 1);
    }
}

#[test]
fn a_connection_stays_when_its_dialer_goes_and_others_of_the_user_end_it() {
    let mut m = manager();
    let handle = dial(&mut m, ALICE, "office");
    connect(&mut m, handle);
    m.session_closed(at(5), ALICE.session);
    m.handle_timeout(at(100_000));
    assert_eq!(m.status(at(5), ALICE_AGAIN, handle).unwrap().state, RasState::Connected);
    assert_eq!(code(m.hang_up(at(6), ALICE_AGAIN, handle)), RasCode::SUCCESS);
}

#[test]
fn another_user_sees_and_ends_nothing_and_root_everything() {
    let mut m = manager();
    let handle = dial(&mut m, ALICE, "office");
    assert!(m.list(at(0), BOB).is_empty());
    assert_eq!(code(m.status(at(0), BOB, handle)), RasCode::ACCESS_DENIED);
    assert_eq!(code(m.hang_up(at(0), BOB, handle)), RasCode::ACCESS_DENIED);
    let bobs = dial(&mut m, BOB, "office");
    assert_ne!(bobs, handle, "his own entry of the same name");
    assert_eq!(m.list(at(0), ROOT).len(), 2);
    assert_eq!(code(m.hang_up(at(0), ROOT, handle)), RasCode::SUCCESS);
}

#[test]
fn why_it_ended_is_known_after_the_handle_has_died() {
    let mut m = manager();
    for _ in 0..150 {
        let handle = dial(&mut m, ALICE, "office");
        connect(&mut m, handle);
        m.hang_up(at(5), ALICE, handle).unwrap();
        end(&mut m, at(6), handle, Cause::hung_up());
    }
    let history = m.history(ALICE);
    assert_eq!(history.len(), 100);
    assert_eq!(history[99].cause, Cause::hung_up());
    assert_eq!((history[99].duration_ms, history[99].hang_up_ms), (4000, 1000));
    assert!(m.history(BOB).is_empty());
}

#[test]
fn the_end_is_told_once_and_last() {
    let mut m = manager();
    let handle = dial(&mut m, ALICE, "office");
    fail(&mut m, at(1), handle, RasCode::VPN_REFUSED);
    m.hang_up(at(2), ALICE, handle).unwrap();
    let events: Vec<_> = std::iter::from_fn(|| m.poll_event()).collect();
    assert_eq!(events.len(), 3, "the error, Disconnected, gone");
    assert!(matches!(events.last().unwrap().kind, EventKind::Gone { .. }));
}

#[test]
fn a_manager_that_stops_ends_everything_and_takes_no_dial() {
    let mut m = manager();
    let up = dial(&mut m, ALICE, "office");
    let failed = dial(&mut m, ALICE, "home");
    fail(&mut m, at(1), failed, RasCode::VPN_REFUSED);
    m.stop(at(2));
    assert!(!m.exists(failed));
    assert!(m.exists(up));
    let refused = m.dial(at(2), 0, ALICE, &request("office"), &credentials());
    assert_eq!(code(refused), RasCode::RASMAN_SERVICE_STOPPED);
    end(&mut m, at(3), up, Cause::manager_stops());
    assert!(m.is_idle());
}

#[test]
fn what_cannot_be_dialed_gives_no_handle() {
    let mut m = manager();
    let mut ikev2 = request("office");
    ikev2.entry.vpn_strategy = onhook_model::VpnStrategy::Ikev2Only;
    let refused = m.dial(at(0), 0, ALICE, &ikev2, &credentials());
    assert_eq!(code(refused), RasCode::PROTOCOL_ENGINE_DISABLED);
    assert!(m.is_idle());
    let mut used_up = Manager::new(ManagerTerms::default(), PlanAbilities { interfaces: true });
    let refused = used_up.dial(at(0), 0, ALICE, &request("office"), &credentials());
    assert_eq!(code(refused), RasCode::NOT_ENOUGH_MEMORY);
}

#[test]
fn a_paused_dial_tells_why_and_goes_on_once() {
    let mut m = manager();
    let handle = dial(&mut m, ALICE, "office");
    m.poll_command();
    pause(&mut m, handle, RasState::RetryAuthentication, RasCode::AUTHENTICATION_FAILURE);
    let status = m.status(at(1), ALICE, handle).unwrap();
    assert_eq!(status.state, RasState::RetryAuthentication);
    assert_eq!(status.error, RasCode::AUTHENTICATION_FAILURE);
    m.resume(ALICE_AGAIN, handle, other_password()).unwrap();
    let Some(Command::Resume { handle: of, given }) = m.poll_command() else { panic!("a command") };
    assert_eq!((of, *given), (handle, other_password()));
    let status = m.status(at(1), ALICE, handle).unwrap();
    assert_eq!((status.state, status.error), (RasState::AuthRetry, RasCode::SUCCESS));
    assert_eq!(code(m.resume(ALICE, handle, other_password())), RasCode::INVALID_AUTH_STATE);
    connect(&mut m, handle);
    assert_eq!(code(m.resume(ALICE, handle, other_password())), RasCode::INVALID_AUTH_STATE);
}

#[test]
fn nobody_else_and_nothing_less_resumes_a_paused_dial() {
    let mut m = manager();
    let handle = dial(&mut m, ALICE, "office");
    m.poll_command();
    let early = m.resume(ALICE, handle, other_password());
    assert_eq!(code(early), RasCode::INVALID_AUTH_STATE, "it is not paused yet");
    pause(&mut m, handle, RasState::PasswordExpired, RasCode::PASSWD_EXPIRED);
    assert_eq!(code(m.resume(BOB, handle, other_password())), RasCode::ACCESS_DENIED);
    let operator = Caller { operator: true, ..BOB };
    assert_eq!(code(m.resume(operator, handle, other_password())), RasCode::ACCESS_DENIED);
    let nothing = m.resume(ALICE, handle, Resumption::default());
    assert_eq!(code(nothing), RasCode::INVALID_PARAMETER);
    let unknown = m.resume(ALICE, Handle::new(7).unwrap(), other_password());
    assert_eq!(code(unknown), RasCode::INVALID_HANDLE);
    assert!(m.poll_command().is_none());
    m.hang_up(at(2), ALICE, handle).unwrap();
    assert_eq!(code(m.resume(ALICE, handle, other_password())), RasCode::NO_CONNECTION);
    end(&mut m, at(2), handle, Cause::hung_up());
    assert_eq!(code(m.resume(ALICE, handle, other_password())), RasCode::INVALID_HANDLE);
}

fn two_links() -> DialRequest {
    let mut entry = Entry::for_number("", "tcp://192.0.2.1:2000");
    entry.name = "office".to_owned();
    entry.further_links.push(onhook_model::FurtherLink {
        device_type: onhook_model::DeviceType::Serial,
        port: "tcp://192.0.2.1:2001".to_owned(),
        ..onhook_model::FurtherLink::default()
    });
    DialRequest { entry, options: DialOptions::default() }
}

fn dial_links(m: &mut Manager) -> (Handle, Vec<Handle>) {
    let handle = m.dial(at(0), 0, ALICE, &two_links(), &credentials()).unwrap().handle;
    let Some(Command::Start { plan, links, .. }) = m.poll_command() else { panic!("no start") };
    assert_eq!((plan.members.len(), links.len()), (2, 2));
    (handle, links)
}

fn link_is_up(m: &mut Manager, link: Handle) {
    let state = RasState::SubEntryConnected;
    m.link_report(link, StateReport { state, error: RasCode::SUCCESS, text: String::new() });
}

fn link_ends(m: &mut Manager, link: Handle, cause: Cause) {
    m.link_ended(at(3), link, Ended { cause, traffic: Traffic::default(), debts: Vec::new() });
}

#[test]
fn b064_b065_a_link_that_was_taken_is_told_before_the_whole_and_once() {
    let mut m = manager();
    let (whole, links) = dial_links(&mut m);
    while m.poll_event().is_some() {}
    for index in [0, 1, 2] {
        m.link_joined(whole, index);
    }
    connect(&mut m, whole);
    link_is_up(&mut m, links[1]);
    link_is_up(&mut m, links[0]);
    let told = std::iter::from_fn(|| m.poll_event()).filter_map(|event| match event.kind {
        EventKind::State(report) => Some((event.subentry, report.state)),
        _ => None,
    });
    let of_links = |(_, state): &(u32, RasState)| {
        matches!(state, RasState::SubEntryConnected | RasState::Connected)
    };
    let up = RasState::SubEntryConnected;
    assert_eq!(
        told.filter(of_links).collect::<Vec<_>>(),
        [(1, up), (2, up), (1, RasState::Connected)]
    );
    link_ends(&mut m, links[1], Cause::hung_up());
    m.link_joined(whole, 1);
    assert_ne!(m.list(at(4), ALICE)[0].links[1].state, up, "one that has ended is not up again");
}

#[test]
fn a_connection_of_several_links_is_one_row_with_a_handle_for_each() {
    let mut m = manager();
    let (whole, links) = dial_links(&mut m);
    let up = |m: &Manager, number| m.list(at(1), ALICE)[0].subentry_handle(number);
    assert_eq!(code(up(&m, 1)), RasCode::PORT_NOT_OPEN, "not yet");
    link_is_up(&mut m, links[0]);
    connect(&mut m, whole);
    assert_eq!(m.list(at(1), ALICE).len(), 1);
    assert_eq!(up(&m, 1).ok(), Some(links[0]));
    assert_eq!(code(up(&m, 0)), RasCode::INVALID_PARAMETER);
    assert_eq!(code(up(&m, 2)), RasCode::PORT_NOT_OPEN);
    assert_eq!(code(up(&m, 3)), RasCode::NO_MORE_ITEMS);
    let status = m.status(at(1), ALICE, links[1]).unwrap();
    assert_eq!((status.handle, status.subentry), (links[1], 2));
    assert_eq!(code(m.status(at(1), BOB, links[1])), RasCode::ACCESS_DENIED);
    assert_eq!(code(m.hang_up(at(1), BOB, links[1])), RasCode::ACCESS_DENIED);
    let numbers: Vec<_> = std::iter::from_fn(|| m.poll_event()).map(|e| e.subentry).collect();
    assert_eq!(numbers, [1, 1]);

    let mut plain = manager();
    let handle = dial(&mut plain, ALICE, "office");
    connect(&mut plain, handle);
    assert_eq!(plain.list(at(1), ALICE)[0].subentry_handle(1).ok(), Some(handle));
}

#[test]
fn hanging_up_a_link_ends_that_link_alone() {
    let mut m = manager();
    let (whole, links) = dial_links(&mut m);
    links.iter().for_each(|link| link_is_up(&mut m, *link));
    connect(&mut m, whole);
    m.hang_up(at(2), ALICE, links[1]).unwrap();
    assert!(matches!(m.poll_command(), Some(Command::HangUp { handle, .. }) if handle == links[1]));
    assert_eq!(code(m.hang_up(at(2), ALICE, links[1])), RasCode::NO_CONNECTION);
    assert!(m.status(at(2), ALICE, links[1]).is_ok(), "as long as anything of it is there");
    link_ends(&mut m, links[1], Cause::hung_up());
    assert_eq!(code(m.status(at(3), ALICE, links[1])), RasCode::INVALID_HANDLE);
    assert_eq!(code(m.hang_up(at(3), ALICE, links[1])), RasCode::NO_CONNECTION);
    let status = m.status(at(3), ALICE, whole).unwrap();
    assert_eq!((status.state, status.references), (RasState::Connected, 1));
    assert_eq!(status.links[1].state, RasState::Disconnected);
}

#[test]
fn the_whole_is_not_gone_before_the_last_of_its_links() {
    let mut m = manager();
    let (whole, links) = dial_links(&mut m);
    links.iter().for_each(|link| link_is_up(&mut m, *link));
    connect(&mut m, whole);
    m.hang_up(at(2), ALICE, whole).unwrap();
    link_ends(&mut m, links[0], Cause::hung_up());
    end(&mut m, at(3), whole, Cause::hung_up());
    assert!(m.exists(whole), "a link is still there");
    link_ends(&mut m, links[1], Cause::hung_up());
    assert!(!m.exists(whole));
    for handle in [whole, links[0], links[1]] {
        assert_eq!(code(m.status(at(3), ALICE, handle)), RasCode::INVALID_HANDLE);
    }
}

#[test]
fn a_link_that_fails_says_so_under_its_number() {
    let mut m = manager();
    let (_, links) = dial_links(&mut m);
    while m.poll_event().is_some() {}
    let error = RasCode::PORT_NOT_AVAILABLE;
    let report = StateReport { state: RasState::ConnectDevice, error, text: "busy".to_owned() };
    m.link_report(links[1], report);
    link_ends(&mut m, links[1], Cause::new(error, "busy"));
    let event = m.poll_event().unwrap();
    assert_eq!(event.subentry, 2);
    let EventKind::State(report) = event.kind else { panic!("{event:?}") };
    assert_eq!((report.state, report.error), (RasState::SubEntryDisconnected, error));
    assert!(m.poll_event().is_none());
    assert_eq!(m.list(at(3), ALICE)[0].error, RasCode::SUCCESS, "the other may do");
}

#[test]
fn a_held_dial_goes_on_when_its_program_has_heard_or_has_gone() {
    let mut m = manager();
    let mut request = request("office");
    request.options.held_states = true;
    let handle = m.dial(at(0), 0, ALICE, &request, &credentials()).unwrap().handle;
    assert!(m.is_held(handle));
    while m.poll_command().is_some() {}
    assert_eq!(code(m.proceed(BOB, handle, 1)), RasCode::ACCESS_DENIED);
    assert_eq!(code(m.proceed(ALICE, Handle::new(7).unwrap(), 1)), RasCode::INVALID_HANDLE);
    m.proceed(ALICE_AGAIN, handle, 2).unwrap();
    assert!(matches!(m.poll_command(), Some(Command::Proceed { states: 2, .. })));
    m.session_closed(at(1), ALICE.session);
    assert!(matches!(m.poll_command(), Some(Command::Proceed { states: u64::MAX, .. })));
    assert!(!m.is_held(handle));
}

#[test]
fn a_dial_that_ends_with_its_program_is_hung_up_in_its_midst_and_stays_when_it_is_up() {
    let mut request = request("office");
    request.options.ends_with_program = true;
    let dialing = || {
        let mut m = manager();
        let handle = m.dial(at(0), 0, ALICE, &request, &credentials()).unwrap().handle;
        while m.poll_command().is_some() {}
        (m, handle)
    };
    let (mut m, handle) = dialing();
    m.session_closed(at(1), ALICE_AGAIN.session);
    assert!(m.poll_command().is_none(), "another talk of the same user is none of its business");
    m.session_closed(at(1), ALICE.session);
    let Some(Command::HangUp { cause, .. }) = m.poll_command() else { panic!("it goes on") };
    assert_eq!(cause, Cause::program_ended());
    assert_eq!(code(m.hang_up(at(1), ALICE_AGAIN, handle)), RasCode::NO_CONNECTION);
    end(&mut m, at(2), handle, cause);
    assert!(!m.exists(handle), "it is not kept as a failed one is");
    assert!(m.history(ALICE)[0].cause.text().contains("ended"));

    let (mut m, handle) = dialing();
    pause(&mut m, handle, RasState::RetryAuthentication, RasCode::AUTHENTICATION_FAILURE);
    m.session_closed(at(2), ALICE.session);
    assert!(matches!(m.poll_command(), Some(Command::HangUp { .. })), "nobody can resume it");

    let (mut m, handle) = dialing();
    connect(&mut m, handle);
    m.session_closed(at(2), ALICE.session);
    assert!(m.poll_command().is_none());
    assert_eq!(m.status(at(3), ALICE, handle).unwrap().state, RasState::Connected);

    let (mut m, handle) = dialing();
    m.session_let_go(at(2), ALICE.session);
    assert!(m.poll_command().is_none(), "its program is there, but cannot be heard any more");
    assert!(m.exists(handle));
}

#[test]
fn statistics_begin_anew_and_the_traffic_goes_on() {
    let mut m = manager();
    let handle = dial(&mut m, ALICE, "office");
    connect(&mut m, handle);
    let passed = Traffic { bytes_in: 5, bytes_out: 7, packets_in: 1, packets_out: 2 };
    m.traffic(handle, passed);
    assert_eq!(code(m.clear_statistics(BOB, handle, None)), RasCode::ACCESS_DENIED);
    assert_eq!(code(m.clear_statistics(ALICE, handle, Some(0))), RasCode::INVALID_PARAMETER);
    assert_eq!(code(m.clear_statistics(ALICE, handle, Some(2))), RasCode::NO_CONNECTION);
    m.clear_statistics(ALICE, handle, Some(1)).unwrap();
    m.traffic(handle, Traffic { bytes_in: 11, ..passed });
    let report = m.status(at(2), ALICE, handle).unwrap();
    let since = report.traffic.since(report.cleared);
    assert_eq!(since, Traffic { bytes_in: 6, ..Traffic::default() });
    assert_eq!(report.traffic.bytes_in, 11);
}

#[test]
fn b168_a_lost_line_keeps_its_handle_says_why_it_waits_and_is_up_in_all() {
    let mut m = manager();
    let mut asked = request("office");
    asked.options.ends_with_program = true;
    let handle = m.dial(at(0), 0, ALICE, &asked, &credentials()).unwrap().handle;
    connect(&mut m, handle);
    while m.poll_event().is_some() {}
    let lost = Cause::new(RasCode::LINK_FAILURE, "the cable");
    let paused = Some(lost.clone());
    m.progress(handle, Progress { paused, ..Progress::default() });
    let enter = |m: &mut Manager, seconds, state| {
        let report = StateReport { state, error: RasCode::SUCCESS, text: String::new() };
        m.report(at(seconds), handle, report);
    };
    enter(&mut m, 11, RasState::OpenPort);
    assert_eq!(m.poll_event().map(|event| event.kind), Some(EventKind::Lost { cause: lost }));
    assert!(matches!(m.poll_event().map(|event| event.kind), Some(EventKind::State(_))));
    let waits = m.status(at(15), ALICE, handle).unwrap();
    assert_eq!((waits.state, waits.error), (RasState::OpenPort, RasCode::LINK_FAILURE));
    assert_eq!((waits.duration_ms, waits.references), (10_000, 1));
    let busy = m.dial(at(15), 0, ALICE_AGAIN, &request("office"), &credentials());
    assert_eq!(code(busy), RasCode::DIAL_ALREADY_IN_PROGRESS);
    while m.poll_command().is_some() {}
    m.session_closed(at(16), ALICE.session);
    assert!(m.poll_command().is_none(), "it was up: its program may go, and it is dialed again");

    m.progress(handle, Progress::default());
    enter(&mut m, 20, RasState::PortOpened);
    assert_eq!(m.status(at(20), ALICE, handle).unwrap().error, RasCode::SUCCESS);
    enter(&mut m, 22, RasState::Connected);
    let up = m.status(at(25), ALICE, handle).unwrap();
    assert_eq!((up.duration_ms, up.dial_ms), (13_000, Some(1_000)), "what the first dial took");
    while m.poll_event().is_some() {}
    assert!(m.list(at(25), ALICE).iter().any(|report| report.handle == handle));

    enter(&mut m, 30, RasState::OpenPort);
    while m.poll_command().is_some() {}
    assert_eq!(code(m.hang_up(at(31), ALICE, handle)), RasCode::SUCCESS);
    assert!(matches!(m.poll_command(), Some(Command::HangUp { .. })));
    end(&mut m, at(31), handle, Cause::hung_up());
    assert_eq!(code(m.status(at(31), ALICE, handle)), RasCode::INVALID_HANDLE);
    assert_eq!(m.history(ALICE).last().map(|record| record.duration_ms), Some(18_000));
}

#[test]
fn what_is_told_briefly_is_what_is_told_at_length() {
    let mut m = manager();
    let (links, each) = dial_links(&mut m);
    let home = dial(&mut m, ALICE, "home");
    let shared = {
        let mut request = request("shared");
        request.entry.sharing = Some(Sharing::Seen);
        request.options.book = Some("/etc/onhook/rasphone.pbk".to_owned());
        m.dial(at(0), 0, BOB, &request, &credentials()).unwrap().handle
    };
    let failed = dial(&mut m, BOB, "failed");
    connect(&mut m, home);
    fail(&mut m, at(2), failed, RasCode::AUTHENTICATION_FAILURE);
    link_is_up(&mut m, each[0]);
    let operator = Caller { operator: true, ..BOB };
    for caller in [ALICE, BOB, ROOT, operator] {
        let at_length: Vec<_> = m.list(at(3), caller).into_iter().map(Into::into).collect();
        let brief = m.listed(caller);
        assert_eq!(brief.iter().map(|b| (**b).clone()).collect::<Vec<_>>(), at_length);
        for handle in [home, shared, links, each[0], each[1], failed, Handle::new(7).unwrap()] {
            let at_length = m.status(at(3), caller, handle).map(ConnectionStatus::from);
            assert_eq!(m.brief_status(at(3), caller, handle), at_length, "{handle}");
        }
    }
}

#[test]
fn a_list_is_another_edition_only_when_a_connection_has_come_or_gone() {
    let mut m = manager();
    let none = m.edition();
    let office = dial(&mut m, ALICE, "office");
    let one = m.edition();
    assert!(one > none);
    let before = m.listed(ALICE);
    connect(&mut m, office);
    assert_eq!(dial(&mut m, ALICE, "office"), office, "one more reference");
    m.hang_up(at(2), ALICE, office).unwrap();
    m.traffic(office, Traffic { bytes_in: 7, ..Traffic::default() });
    m.hang_up(at(2), ALICE, office).unwrap();
    assert_eq!((m.edition(), m.listed(ALICE)), (one, before), "it is still there");
    end(&mut m, at(3), office, Cause::hung_up());
    assert!(m.edition() > one && m.listed(ALICE).is_empty());
}
