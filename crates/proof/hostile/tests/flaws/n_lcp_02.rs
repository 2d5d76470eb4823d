//! N-LCP-02 (pppd's pppol2tp, commit ce4629f: an LCP packet of four or five octets was read two octets
//! too far): every beginning of every control packet that a call carries, at every step of it.

use onhook_hostile::{Ends, Frame, STEPS, Victim, frame, packet};
use onhook_ppp::auth::Method;
use onhook_ppp::control::wire::code;
use onhook_ppp::wire::protocol;

/// What an end hears in a whole call by `method`.
fn heard(victim: Victim, method: Method) -> Vec<Frame> {
    let mut ends = Ends::at(0, method);
    ends.must_come_up();
    let other = match victim {
        Victim::Caller => Victim::Answerer,
        Victim::Answerer => Victim::Caller,
    };
    ends.must_still_end(other);
    ends.said(other).to_vec()
}

#[test]
fn every_beginning_of_every_packet_is_dropped_at_every_step() {
    for method in [Method::Pap, Method::ChapMd5, Method::MsChapV2] {
        let packets = Victim::BOTH.map(|victim| (victim, heard(victim, method)));
        let well_formed = packet(protocol::LCP, code::DISCARD_REQUEST, 1, &[0; 4]);
        for step in 0..STEPS {
            let mut ends = Ends::at(step, method);
            for (victim, packets) in &packets {
                for (protocol, information) in packets {
                    for cut in 0..information.len() {
                        let octets = frame(*protocol, &information[..cut]);
                        let answers = ends.inject(*victim, &octets);
                        assert_eq!(answers, [], "{method}, step {step}: {octets:02x?}");
                        // Nothing but garbage would end the call, after a while.
                        ends.inject(*victim, &well_formed);
                    }
                    ends.inject(*victim, &protocol.to_be_bytes()[..1]);
                    ends.inject(*victim, &[]);
                }
            }
            ends.must_come_up();
        }
    }
}
