//! N-LCP-03 (accel-ppp, commit c08fbb86: an Echo-Request longer than what its own sender receives was
//! answered in full length).

use onhook_hostile::{Ends, STEPS, Victim, packet};
use onhook_ppp::auth::Method;
use onhook_ppp::control::wire::code;
use onhook_ppp::wire::protocol;

#[test]
fn an_echo_reply_fits_the_peer() {
    for victim in Victim::BOTH {
        for mru in [128, 576, 1400, 1500_u16] {
            let (mut caller, mut answerer) = Ends::terms(Method::MsChapV2);
            for terms in [&mut caller, &mut answerer] {
                terms.mru_to_ask = Some(mru);
            }
            let mut ends = Ends::begin(caller, answerer);
            ends.must_come_up();
            for length in [4, 100, 120, 128, 1396, 1496, 1500, 9000] {
                let echo = packet(protocol::LCP, code::ECHO_REQUEST, 9, &vec![0; length]);
                for (number, reply) in ends.inject(victim, &echo) {
                    assert_eq!((number, reply[0]), (protocol::LCP, code::ECHO_REPLY));
                    assert!(reply.len() <= usize::from(mru), "{} for MRU {mru}", reply.len());
                    let told = u16::from_be_bytes([reply[2], reply[3]]);
                    assert_eq!(usize::from(told), reply.len());
                }
            }
            assert!(ends.is_up(victim));
        }
    }
}

#[test]
fn a_thousand_echo_requests_bring_no_more_than_a_thousand_replies() {
    for step in 0..STEPS {
        let mut ends = Ends::at(step, Method::MsChapV2);
        for victim in Victim::BOTH {
            let echo = packet(protocol::LCP, code::ECHO_REQUEST, 9, &[0; 8]);
            let replies: usize = (0..1000).map(|_| ends.inject(victim, &echo).len()).sum();
            assert!(replies <= 1000);
            ends.must_still_end(victim);
        }
    }
}
