//! N-LCP-01 (pppd, commit c82ddc5: a peer that receives more than 1,500 octets was sent rejects that
//! were cut to its size and not to the buffer's).

use onhook_hostile::{Ends, Frame, MOST_OCTETS, STEPS, Victim, frame, packet};
use onhook_ppp::auth::Method;
use onhook_ppp::control::wire::code;
use onhook_ppp::wire::protocol;

fn request_with_mru(id: u8, mru: u16) -> Vec<u8> {
    let [high, low] = mru.to_be_bytes();
    packet(protocol::LCP, code::CONFIGURE_REQUEST, id, &[1, 4, high, low, 5, 6, 9, 8, 7, 6])
}

fn must_be_true(answers: &[Frame]) {
    for (_, information) in answers {
        assert!(information.len() <= MOST_OCTETS);
        let length = u16::from_be_bytes([information[2], information[3]]);
        assert_eq!(usize::from(length), information.len(), "its length is its length");
    }
}

#[test]
fn rejects_fit_us_and_the_peer_whatever_it_says_that_it_receives() {
    for step in 0..STEPS {
        for mru in [0, 1, 4, 7, 64, 1499, 1500, 1501, 2048, 65_535] {
            let mut ends = Ends::at(step, Method::MsChapV2);
            for victim in Victim::BOTH {
                for id in 1..4 {
                    must_be_true(&ends.inject(victim, &request_with_mru(id, mru)));
                    // Code-Reject, Protocol-Reject, Echo-Reply, Terminate-Ack: all that quote.
                    for quoted in [0, 1, 60, 1496, 1500, 4000, 60_000] {
                        let data = vec![0xaa; quoted];
                        must_be_true(&ends.inject(victim, &packet(protocol::LCP, 77, id, &data)));
                        must_be_true(&ends.inject(victim, &frame(0x4321, &data)));
                        let echo = packet(protocol::LCP, code::ECHO_REQUEST, id, &data);
                        must_be_true(&ends.inject(victim, &echo));
                    }
                }
                ends.must_still_end(victim);
            }
        }
    }
}
