//! N-LCP-04 (accel-ppp, commit 75a88070: a peer that demands a proof of one who cannot prove himself
//! was left waiting instead of being refused).

use onhook_base::Duration;
use onhook_hostile::{Ends, Victim, packet};
use onhook_ppp::PppTerms;
use onhook_ppp::auth::Method;
use onhook_ppp::control::wire::code;
use onhook_ppp::wire::protocol;

/// PAP; CHAP with MD5, MS-CHAP and MS-CHAP version 2; EAP; and a protocol of nobody.
const DEMANDS: [&[u8]; 6] = [
    &[3, 4, 0xc0, 0x23],
    &[3, 5, 0xc2, 0x23, 5],
    &[3, 5, 0xc2, 0x23, 0x80],
    &[3, 5, 0xc2, 0x23, 0x81],
    &[3, 4, 0xc2, 0x27],
    &[3, 4, 0xc1, 0x23],
];

fn is_refusal((number, information): &(u16, Vec<u8>)) -> bool {
    let refusals = [code::CONFIGURE_REJECT, code::CONFIGURE_NAK, code::TERMINATE_REQUEST];
    *number == protocol::LCP && refusals.contains(&information[0])
}

#[test]
fn a_demand_that_cannot_be_met_is_refused_at_once() {
    for victim in Victim::BOTH {
        for demand in DEMANDS {
            let caller = PppTerms::caller(Vec::new(), None);
            let answerer = PppTerms::answerer(vec![Method::MsChapV2], "server".into());
            let mut ends = Ends::begin(caller, answerer);
            let request = packet(protocol::LCP, code::CONFIGURE_REQUEST, 9, demand);
            let answers = ends.inject(victim, &request);
            assert!(answers.iter().any(is_refusal), "{victim:?} {demand:02x?}: {answers:02x?}");
        }
    }
}

#[test]
fn and_both_ends_of_such_a_call_end_soon() {
    let caller = PppTerms::caller(Vec::new(), None);
    let answerer = PppTerms::answerer(vec![Method::MsChapV2], "server".into());
    let mut ends = Ends::begin(caller, answerer);
    let began = ends.now();
    while !Victim::BOTH.iter().all(|v| ends.is_finished(*v)) {
        assert!(ends.step());
        assert!(ends.now().since(began) < Duration::from_secs(15), "it hangs");
    }
}
