//! The ordinary story: dial, talk, hang up, and nothing is left.

use onhook_base::Duration;
use onhook_calls::{Call, Terms};
use onhook_connection::State;
use onhook_model::RasState;
use onhook_ppp::auth::Method;

fn up(terms: Terms) -> Call {
    let mut call = Call::dial(terms);
    call.run_until(Call::is_up);
    call
}

/// An IPv4 header of 20 octets with nothing behind it.
fn packet(from: [u8; 4], to: [u8; 4]) -> Vec<u8> {
    let mut p = vec![0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0];
    p.extend(from);
    p.extend(to);
    p
}

#[test]
fn every_state_is_told_in_the_order_of_ras() {
    let call = up(Terms::default());
    use RasState as S;
    assert_eq!(
        call.caller.states(),
        [
            S::OpenPort,
            S::PortOpened,
            S::ConnectDevice,
            S::DeviceConnected,
            S::AllDevicesConnected,
            S::Authenticate,
            S::AuthNotify,
            S::AuthAck,
            S::Authenticated,
            S::AuthProject,
            S::Projected,
            S::ApplySettings,
            S::Connected,
        ]
    );
    assert!(call.caller.reports.iter().all(|r| r.error.is_success()));
    let got = call.caller.connection.projection();
    assert_eq!(got.ipv4.unwrap().to_string(), "10.99.0.2");
    assert_eq!(got.dns[0].to_string(), "10.99.0.53");
    assert!(got.ipv6.is_some());
}

#[test]
fn packets_pass_both_ways_once_it_is_up() {
    let mut call = up(Terms::default());
    let there = packet([10, 99, 0, 2], [10, 99, 0, 1]);
    call.send_packet(&there);
    call.run_for(Duration::from_millis(100));
    assert_eq!(call.answerer.as_ref().unwrap().packets, [there]);
    let traffic = call.caller.connection.traffic();
    assert_eq!((traffic.packets_out, traffic.bytes_out), (1, 20));
}

#[test]
fn a_hang_up_leaves_nothing_at_either_end() {
    let mut call = up(Terms::default());
    assert!(!call.caller.leftovers().is_empty());
    call.hang_up();
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    assert_eq!(call.caller.leftovers(), [""; 0]);
    call.run_for(Duration::from_secs(10));
    let answerer = call.answerer.as_ref().unwrap();
    assert_eq!(answerer.connection.state(), State::Gone);
    assert_eq!(answerer.leftovers(), [""; 0]);
    assert_eq!(call.caller.states().last(), Some(&RasState::Disconnected));
}

#[test]
fn a_hang_up_with_a_live_peer_takes_one_round_trip() {
    let terms = Terms { delay: Duration::from_millis(100), ..Terms::default() };
    let mut call = up(terms);
    let began = call.now;
    call.hang_up();
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    assert_eq!(call.now.since(began), Duration::from_millis(200));
}

#[test]
fn a_hang_up_with_a_dead_peer_keeps_its_budget() {
    let mut call = up(Terms::default());
    call.server_dies();
    let began = call.now;
    call.hang_up();
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    assert!(call.now.since(began) <= Duration::from_secs(3));
    assert_eq!(call.caller.leftovers(), [""; 0]);
    assert!(call.caller.connection.debts().is_empty());
}

#[test]
fn the_users_own_network_comes_back_before_the_server_has_answered() {
    let mut call = up(Terms { delay: Duration::from_millis(500), ..Terms::default() });
    call.hang_up();
    call.run_for(Duration::from_millis(1));
    let left = call.caller.leftovers();
    assert!(left.iter().all(|l| l.starts_with("CloseLane")), "{left:?}");
}

#[test]
fn the_answerer_may_hang_up_too() {
    let mut call = up(Terms::default());
    call.hang_up_by_answerer();
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    let cause = call.caller.connection.cause().unwrap();
    assert_eq!(cause.code(), onhook_model::RasCode::REMOTE_DISCONNECTION);
    assert_eq!(call.caller.leftovers(), [""; 0]);
    let last = call.caller.reports.last().unwrap();
    assert_eq!((last.state, last.error), (RasState::Disconnected, cause.code()));
}

#[test]
fn every_method_that_we_speak_leads_to_connected() {
    for method in [Method::Pap, Method::ChapMd5, Method::MsChapV1, Method::MsChapV2] {
        let call = up(Terms { method, ..Terms::default() });
        let told = call.caller.connection.projection().authentication.clone();
        assert_eq!(told, Some(method.to_string()));
    }
}

#[test]
fn without_the_rights_for_an_interface_there_is_a_stack() {
    let mut call = up(Terms { interfaces: false, ..Terms::default() });
    assert!(call.caller.leftovers().iter().any(|l| l.starts_with("CloseStack")));
    call.hang_up();
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    assert_eq!(call.caller.leftovers(), [""; 0]);
}
