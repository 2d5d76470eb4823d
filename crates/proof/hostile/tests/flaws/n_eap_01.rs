//! N-EAP-01 (CVE-2020-8597, pppd up to 2.4.8: the name of an EAP MD5-Challenge was copied by a length
//! that the peer chose, also when EAP had not been agreed). Where it was not agreed, whoever begins with it
//! is told so by a Protocol-Reject when the phase allows it, and the call goes on.

use onhook_hostile::{Ends, STEPS, Victim, packet};
use onhook_ppp::auth::Method;
use onhook_ppp::control::wire::code;
use onhook_ppp::wire::protocol;

/// EAP's Request (RFC 3748 §4.1) of type MD5-Challenge (§5.4).
const REQUEST: u8 = 1;
const MD5_CHALLENGE: u8 = 4;

fn md5_challenge(value_size: u8, length: usize) -> Vec<u8> {
    let mut data = vec![0x5a; length];
    for (place, octet) in data.iter_mut().zip([MD5_CHALLENGE, value_size]) {
        *place = octet;
    }
    packet(protocol::EAP, REQUEST, 7, &data)
}

#[test]
fn eap_that_was_not_agreed_is_rejected_and_the_call_goes_on() {
    for step in 0..STEPS {
        let mut ends = Ends::at(step, Method::MsChapV2);
        for victim in Victim::BOTH {
            for (answer, _) in ends.inject(victim, &md5_challenge(16, 21)) {
                assert_eq!(answer, protocol::LCP, "nothing but a Protocol-Reject");
            }
            for eap_code in [2, 3, 4] {
                ends.inject(victim, &packet(protocol::EAP, eap_code, 7, &[]));
            }
        }
        ends.must_come_up();
        assert!(Victim::BOTH.iter().all(|v| ends.is_authenticated(*v)));
    }
}

#[test]
fn every_pair_of_value_size_and_length_is_rejected_as_what_it_is() {
    // When everything is up, LCP answers most.
    let mut ends = Ends::at(STEPS, Method::MsChapV2);
    ends.must_come_up();
    for victim in Victim::BOTH {
        for value_size in 0..=255 {
            for length in (0..=1496).step_by(8) {
                for (number, information) in ends.inject(victim, &md5_challenge(value_size, length))
                {
                    assert_eq!((number, information[0]), (protocol::LCP, code::PROTOCOL_REJECT));
                }
            }
        }
        assert!(ends.is_up(victim));
        ends.must_still_end(victim);
    }
}
