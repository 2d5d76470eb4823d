//! An answerer that has an IPv6 prefix for its caller.

use onhook_base::{Duration, Prefix};
use onhook_calls::{Call, Terms};
use onhook_connection::{SessionLimits, State};
use onhook_effect::Undo;
use onhook_model::RasCode;

fn prefix() -> Prefix {
    "2001:db8:0:7::/64".parse().unwrap()
}

/// The prefixes that the caller was told, in the order of the packets.
fn told(call: &Call) -> Vec<Vec<u8>> {
    let packets = call.caller.packets.iter();
    let advertisements = packets.filter(|p| p[0] >> 4 == 6 && p[6] == 58 && p[40] == 134);
    advertisements.map(|p| p[72..88].to_vec()).collect()
}

#[test]
fn the_caller_is_told_its_prefix_which_is_routed_to_it_while_it_is_there() {
    let terms = Terms { ipv6_prefix: Some(prefix()), ..Terms::default() };
    let mut call = Call::dial(terms);
    call.run_until(Call::is_up);
    call.run_for(Duration::from_secs(40));
    let expected = "2001:db8:0:7::".parse::<std::net::Ipv6Addr>().unwrap().octets();
    assert_eq!(told(&call), vec![expected.to_vec(); 3], "three times in the first minute");
    let routed = |call: &Call| {
        let standing = call.answerer.as_ref().unwrap().connection.standing();
        let is_it = |undo: &Undo| matches!(undo, Undo::DeleteRoute { to, .. } if *to == prefix());
        standing.iter().any(|(_, undo)| is_it(undo))
    };
    assert!(routed(&call));
    call.hang_up();
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    call.run_for(Duration::from_secs(10));
    let answerer = call.answerer.as_ref().unwrap();
    assert_eq!(answerer.connection.state(), State::Gone);
    assert!(!routed(&call) && answerer.leftovers().is_empty(), "{:?}", answerer.leftovers());
}

#[test]
fn who_has_no_prefix_is_told_none() {
    let mut call = Call::dial(Terms::default());
    call.run_until(Call::is_up);
    call.run_for(Duration::from_secs(700));
    assert_eq!(told(&call), Vec::<Vec<u8>>::new());
}

#[test]
fn telling_the_prefix_keeps_no_idle_call_alive() {
    let limits = SessionLimits { idle: Some(Duration::from_secs(1500)), session: None };
    let terms = Terms { ipv6_prefix: Some(prefix()), limits, ..Terms::default() };
    let mut call = Call::dial(terms);
    call.run_until(Call::is_up);
    let up = call.now;
    call.run_until(|c| c.caller.connection.state() == State::Gone);
    let lasted = call.now.since(up).as_secs();
    assert!((1500..1503).contains(&lasted), "{lasted} s");
    assert!(told(&call).len() > 4, "it was told meanwhile");
    let answerer = &call.answerer.as_ref().unwrap().connection;
    assert_eq!(answerer.cause().unwrap().code(), RasCode::IDLE_TIMEOUT);
}
