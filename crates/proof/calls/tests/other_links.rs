//! Whole calls over the other links, each through the listener that stands before the answerer.

use onhook_base::Duration;
use onhook_calls::{Call, Over, Terms};
use onhook_connection::{Impairment, State};

const LINKS: [Over; 4] = [
    Over::Line,
    Over::L2tp,
    Over::Pppoe { mtu: 1500, carries: 1500 },
    Over::Pppoe { mtu: 1508, carries: 1508 },
];

/// An IPv4 packet of this length from the caller.
fn packet(length: u16) -> Vec<u8> {
    let mut packet = vec![0; usize::from(length)];
    packet[..2].copy_from_slice(&[0x45, 0]);
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    packet[8..20].copy_from_slice(&[64, 17, 0, 0, 10, 99, 0, 2, 10, 99, 0, 1]);
    packet
}

#[test]
fn a_call_over_each_link_carries_packets_and_leaves_nothing() {
    for over in LINKS {
        for hung_up_by_answerer in [false, true] {
            let mut call = Call::dial(Terms::over(over));
            call.run_until(Call::is_up);
            let longest = call.caller.connection.projection().mtu;
            call.send_packet(&packet(longest));
            call.run_for(Duration::from_millis(100));
            assert_eq!(call.answerer.as_ref().unwrap().packets, [packet(longest)], "{over:?}");
            match hung_up_by_answerer {
                true => call.hang_up_by_answerer(),
                false => call.hang_up(),
            }
            call.run_for(Duration::from_secs(60));
            for end in [&call.caller, call.answerer.as_ref().unwrap()] {
                assert_eq!(end.connection.state(), State::Gone, "{over:?}");
                assert_eq!(end.leftovers(), Vec::<String>::new(), "{over:?}");
            }
        }
    }
}

#[test]
fn a_hang_up_at_any_step_of_each_link_leaves_nothing() {
    for over in LINKS {
        for steps in 0.. {
            let mut call = Call::dial(Terms::over(over));
            (0..steps).for_each(|_| assert!(call.step()));
            let was_up = call.is_up();
            call.hang_up();
            call.run_for(Duration::from_secs(120));
            for end in std::iter::once(&call.caller).chain(&call.answerer) {
                assert_eq!(end.connection.state(), State::Gone, "{over:?} after {steps}");
                assert_eq!(end.leftovers(), Vec::<String>::new(), "{over:?} after {steps}");
            }
            if was_up {
                break;
            }
        }
    }
}

/// RFC 4638 §4: what both ends have agreed to is tried, for there may be somebody between them.
#[test]
fn the_whole_of_ethernet_is_used_when_it_passes_and_not_when_it_does_not() {
    for (mtu, carries, found) in [(1508, 1508, 1500), (1508, 1500, 1492), (1500, 1500, 1492)] {
        let mut call = Call::dial(Terms::over(Over::Pppoe { mtu, carries }));
        call.run_until(Call::is_up);
        assert_eq!(call.caller.connection.projection().mtu, found, "{mtu} {carries}");
        // Both keep to it, so that nothing is lost either way.
        let answerer = call.answerer.as_ref().unwrap().connection.projection();
        assert_eq!((answerer.mtu, answerer.ipv4.is_some()), (found, true), "{mtu} {carries}");
        call.send_packet(&packet(found));
        call.send_packet_back(&packet(found));
        call.run_for(Duration::from_secs(300));
        assert_eq!(call.answerer.as_ref().unwrap().packets, [packet(found)]);
        assert_eq!(call.caller.packets, [packet(found)]);
        assert!(call.is_up(), "a keep-alive of five minutes later");
    }
}

/// The longest that a dial may take with a server that misbehaves: the times of all its states together.
const LONGEST_DIAL: Duration = Duration::from_secs(90);

fn check_gone(call: &mut Call, what: &str) {
    call.run_for(Duration::from_secs(180));
    for end in std::iter::once(&call.caller).chain(&call.answerer) {
        assert_eq!(end.connection.state(), State::Gone, "{what}");
        assert_eq!(end.leftovers(), Vec::<String>::new(), "{what}");
    }
}

/// What `--impair` lets a server do, over links that lose nothing by themselves and protect nothing.
#[test]
fn every_misdeed_over_each_link_is_survived_or_ends_the_dial() {
    for over in LINKS {
        let mut survived = Vec::new();
        for kind in Impairment::ALL {
            let what = format!("{kind} over {over:?}");
            let mut call = Call::dial(Terms { impairment: Some(kind), ..Terms::over(over) });
            let began = call.now;
            call.run_until(|c| {
                matches!(c.caller.connection.state(), State::Gone | State::Connected)
            });
            assert!(call.now.since(began) <= LONGEST_DIAL, "{what}");
            if call.caller.connection.state() == State::Connected {
                survived.push(kind);
                call.send_packet(&packet(100));
                call.run_for(Duration::from_secs(60));
                let began = call.now;
                call.hang_up();
                call.run_until(|c| c.caller.connection.state() == State::Gone);
                assert!(call.now.since(began) <= Duration::from_secs(3), "{what}");
            } else {
                let cause = call.caller.connection.cause().expect("there is a cause");
                assert!(!cause.is_wanted(), "{what}: {cause}");
            }
            check_gone(&mut call, &what);
        }
        assert!(survived.contains(&Impairment::DuplicateChallenge), "{over:?}: {survived:?}");
        assert!(!survived.contains(&Impairment::Silence), "{over:?}: {survived:?}");
        assert!(!survived.contains(&Impairment::EndlessNak), "{over:?}: {survived:?}");
    }
}

#[test]
fn a_hang_up_keeps_its_budget_over_each_link_whatever_the_server_does() {
    for over in LINKS {
        for kind in Impairment::ALL {
            for steps in (0..60).step_by(5) {
                let what = format!("{kind} over {over:?} after {steps} steps");
                let mut call = Call::dial(Terms { impairment: Some(kind), ..Terms::over(over) });
                for _ in 0..steps {
                    call.step();
                }
                if call.caller.connection.state() == State::Gone {
                    break;
                }
                let began = call.now;
                call.hang_up();
                call.run_until(|c| c.caller.connection.state() == State::Gone);
                assert!(call.now.since(began) <= Duration::from_secs(3), "{what}");
                check_gone(&mut call, &what);
            }
        }
    }
}
