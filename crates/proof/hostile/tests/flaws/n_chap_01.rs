//! N-PAP-01, N-CHAP-01 (CVE-2020-7466, mpd5: an authentication message whose inner lengths lie was
//! read past its end), at every step of a call and to both roles. Each machine alone is tried in
//! `onhook-ppp`'s own tests.

use onhook_hostile::{Ends, STEPS, Victim, packet};
use onhook_ppp::auth::Method;
use onhook_ppp::wire::protocol;

#[test]
fn inner_lengths_that_lie_hurt_neither_end_at_any_step() {
    for method in [Method::Pap, Method::ChapMd5, Method::MsChapV2] {
        for step in 0..STEPS {
            let mut ends = Ends::at(step, method);
            for victim in Victim::BOTH {
                let was_authenticated = ends.is_authenticated(victim);
                for (number, codes) in [(protocol::PAP, 1..=3), (protocol::CHAP, 1..=2)] {
                    for code in codes {
                        for inner in [1, 2, 16, 49, 50, 127, 254, 255_u8] {
                            // An identifier of no message that is under way: whatever it says, it is
                            // no answer.
                            let octets = packet(number, code, 201, &[inner, b'a', b'l']);
                            ends.inject(victim, &octets);
                        }
                    }
                }
                assert_eq!(ends.is_authenticated(victim), was_authenticated, "{method} {step}");
            }
            ends.must_come_up();
        }
    }
}
