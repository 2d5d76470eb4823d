//! N-PPP-01 (ogital, commit adc7754: authentication and network packets were answered in phases in which
//! they have no place): every protocol in every phase, to both roles.

use onhook_hostile::{Ends, STEPS, Victim, frame, packet};
use onhook_ppp::auth::Method;
use onhook_ppp::control::wire::code;
use onhook_ppp::wire::protocol;

const NETWORK: [u16; 2] = [protocol::IPCP, protocol::IPV6CP];

#[test]
fn network_protocols_are_not_heard_before_the_proof() {
    for step in 0..STEPS {
        for number in NETWORK.into_iter().chain([protocol::CCP]) {
            let mut ends = Ends::at(step, Method::MsChapV2);
            let early = Victim::BOTH.into_iter().filter(|v| !ends.is_authenticated(*v));
            for victim in early.collect::<Vec<_>>() {
                for any_code in 0..=16 {
                    let data = [3, 6, 10, 0, 0, 1];
                    // A caller that waits for its verdict takes this for a sign that the verdict was
                    // lost, and says its Response again.
                    for (answer, _) in ends.inject(victim, &packet(number, any_code, 1, &data)) {
                        assert_eq!(answer, protocol::CHAP, "step {step}, code {any_code}");
                    }
                }
            }
            ends.must_come_up();
        }
    }
}

#[test]
fn no_packet_passes_before_the_network_is_up() {
    for step in 0..STEPS {
        let mut ends = Ends::at(step, Method::MsChapV2);
        for victim in Victim::BOTH {
            for number in [protocol::IPV4, protocol::IPV6, 0x00fd, 0x003d] {
                let was_up = ends.is_up(victim);
                let (_, passed) = ends.inject_as(victim, &frame(number, &[0x45; 40]));
                assert!(!passed || was_up, "step {step}");
            }
        }
        ends.must_come_up();
    }
}

#[test]
fn unknown_protocols_are_rejected_when_lcp_is_open_and_dropped_before() {
    for step in 0..STEPS {
        for number in [0x8029, 0x802b, 0xc025, 0xc02b, 0x4021, 0x00cf] {
            let mut ends = Ends::at(step, Method::MsChapV2);
            for victim in Victim::BOTH {
                let is_open = ends.lcp_was_up(victim);
                for (answer, information) in ends.inject(victim, &frame(number, &[1, 1, 0, 4])) {
                    assert!(is_open, "before LCP is open it is dropped (RFC 1661 §3.4)");
                    assert_eq!((answer, information[0]), (protocol::LCP, code::PROTOCOL_REJECT));
                }
            }
            ends.must_come_up();
        }
    }
}

/// Every protocol and every code with every kind of length, at every step: whatever comes of it, the
/// victim can still be hung up.
#[test]
fn whatever_is_said_when_a_hang_up_still_ends() {
    let known = [protocol::LCP, protocol::PAP, protocol::CHAP, protocol::EAP, protocol::CCP];
    for step in 0..STEPS {
        for number in known.into_iter().chain(NETWORK) {
            for victim in Victim::BOTH {
                let mut ends = Ends::at(step, Method::MsChapV2);
                for any_code in 0..=255 {
                    for data in [&[][..], &[0; 3], &[1, 4, 5, 0x78], &[255; 9]] {
                        ends.inject(victim, &packet(number, any_code, any_code, data));
                    }
                }
                if !ends.is_finished(victim) {
                    ends.must_still_end(victim);
                }
            }
        }
    }
}
