//! N-NCP-01 (pppd, commit c82ddc5: a Configure-Request of IPCP that was full already got a Nak with one
//! more option behind it, beyond the buffer), for every protocol that negotiates.

use onhook_hostile::{Ends, MOST_OCTETS, STEPS, Victim, packet};
use onhook_ppp::auth::Method;
use onhook_ppp::control::wire::code;
use onhook_ppp::wire::protocol;

/// Options of each protocol that are answered with a Nak, with a Reject, and with nothing.
const OPTIONS: [(u16, &[&[u8]]); 4] = [
    (protocol::LCP, &[&[1, 4, 0, 1], &[3, 4, 0xc1, 0x23], &[5, 6, 0, 0, 0, 0], &[99, 2]]),
    (
        protocol::IPCP,
        &[&[2, 6, 0, 0x2d, 15, 1], &[3, 6, 0, 0, 0, 0], &[129, 6, 0, 0, 0, 0], &[99, 2], &[1, 2]],
    ),
    (protocol::IPV6CP, &[&[1, 10, 0, 0, 0, 0, 0, 0, 0, 0], &[2, 4, 0, 0x4f], &[99, 2]]),
    (protocol::CCP, &[&[18, 6, 1, 0, 0, 0x60], &[26, 4, 0x78, 0], &[99, 2]]),
];

#[test]
fn an_answer_to_a_full_request_fits() {
    for step in 0..STEPS {
        for (number, options) in OPTIONS {
            for option in options {
                let mut ends = Ends::at(step, Method::MsChapV2);
                for victim in Victim::BOTH {
                    for length in [1400, 1494, 1495, 1496, 4000, 60_000] {
                        let data = option.repeat(length / option.len());
                        let id = ends.said(victim).len().to_le_bytes()[0];
                        let request = packet(number, code::CONFIGURE_REQUEST, id, &data);
                        for (_, answer) in ends.inject(victim, &request) {
                            assert!(answer.len() <= MOST_OCTETS.max(request.len()));
                            let told = u16::from_be_bytes([answer[2], answer[3]]);
                            assert_eq!(usize::from(told), answer.len());
                        }
                    }
                    ends.must_still_end(victim);
                }
            }
        }
    }
}

/// The same options in other mixtures, and one option without end.
#[test]
fn mixtures_and_endless_options_are_answered_in_bounds() {
    for step in (0..STEPS).step_by(3) {
        for (number, options) in OPTIONS {
            let mut ends = Ends::at(step, Method::Pap);
            for victim in Victim::BOTH {
                for first in 0..options.len() {
                    let mut data = Vec::new();
                    for turn in 0.. {
                        let option = options[(first + turn) % options.len()];
                        if data.len() + option.len() > 1496 {
                            break;
                        }
                        data.extend_from_slice(option);
                    }
                    ends.inject(victim, &packet(number, code::CONFIGURE_REQUEST, 3, &data));
                    let beyond = [&data[..], &[99, 255]].concat();
                    let answers =
                        ends.inject(victim, &packet(number, code::CONFIGURE_REQUEST, 4, &beyond));
                    assert_eq!(answers, [], "an option that ends beyond its packet");
                    let nothing = [&[1, 0][..], &data].concat();
                    let answers =
                        ends.inject(victim, &packet(number, code::CONFIGURE_REQUEST, 5, &nothing));
                    assert_eq!(answers, [], "an option of length nought");
                }
                ends.must_still_end(victim);
            }
        }
    }
}
