//! Calls under MPPE.

use onhook_base::Duration;

use super::line::{Line, PASSWORD, credentials};
use crate::auth::Method;
use crate::wire::protocol;
use crate::{Encryption, PppFailure, PppTerms};

const PACKET: [u8; 24] =
    [0x45, 0, 0, 24, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20];

fn line(method: Method, caller: Encryption, answerer: Encryption) -> Line {
    let mut calling = PppTerms::caller(vec![method], credentials(PASSWORD));
    let mut answering = PppTerms::answerer(vec![method], "answerer".to_owned());
    calling.encryption = caller;
    answering.encryption = answerer;
    Line::new(calling, answering).begin()
}

/// One packet each way: the protocols under which they went, if they went.
fn pass(line: &mut Line) -> [Option<u16>; 2] {
    let mut protocols = [None, None];
    for (at, slot) in protocols.iter_mut().enumerate() {
        let (from, to) = match at {
            0 => (&mut line.caller.ppp, &mut line.answerer.ppp),
            _ => (&mut line.answerer.ppp, &mut line.caller.ppp),
        };
        let mut frame = Vec::new();
        let went = from.send_packet(line.now, &PACKET, &mut |number, information| {
            *slot = Some(number);
            frame = [&number.to_be_bytes()[..], information].concat();
        });
        if went {
            let hidden = !frame.windows(PACKET.len()).any(|w| w == PACKET);
            assert_eq!(hidden, *slot == Some(protocol::COMPRESSED));
            let packet = to.handle_frame(line.now, &mut frame).expect("it arrives");
            assert_eq!(packet.bytes, PACKET);
        }
    }
    protocols
}

#[test]
fn packets_are_encrypted_when_either_end_requires_it() {
    use Encryption::{Accepted, Required, Strongest};
    for (caller, answerer) in
        [(Required, Accepted), (Accepted, Required), (Strongest, Accepted), (Required, Strongest)]
    {
        for method in [Method::MsChapV1, Method::MsChapV2] {
            let mut line = line(method, caller, answerer);
            line.run_until_settled().expect("it settles");
            line.run_for(Duration::from_secs(1));
            let both = [Some(protocol::COMPRESSED); 2];
            for _ in 0..300 {
                assert_eq!(pass(&mut line), both, "{method} {caller:?} {answerer:?}");
            }
            assert_eq!(line.caller.ppp.packet_room(), 1496);
        }
    }
}

#[test]
fn nobody_encrypts_when_both_only_accept() {
    let mut line = line(Method::MsChapV2, Encryption::Accepted, Encryption::Accepted);
    line.run_until_settled().expect("it settles");
    line.run_for(Duration::from_secs(1));
    assert_eq!(pass(&mut line), [Some(protocol::IPV4); 2]);
    assert_eq!(line.caller.ppp.packet_room(), 1500);
}

#[test]
fn who_requires_it_ends_a_call_to_one_that_cannot() {
    let mut line = line(Method::MsChapV2, Encryption::Required, Encryption::Refused);
    assert_eq!(line.run_until_settled(), None);
    line.run_for(Duration::from_secs(5));
    assert_eq!(line.caller.finish(), Some(Some(PppFailure::PeerCannotEncrypt)));
}

#[test]
fn a_method_without_keys_is_told_before_any_packet() {
    let mut line = line(Method::ChapMd5, Encryption::Required, Encryption::Accepted);
    assert_eq!(line.run_until_settled(), None);
    line.run_for(Duration::from_secs(5));
    let failure = PppFailure::NoEncryptionKeys(Method::ChapMd5);
    assert_eq!(line.caller.finish(), Some(Some(failure)));
}

#[test]
fn nothing_in_clear_is_taken_under_encryption() {
    let mut line = line(Method::MsChapV2, Encryption::Required, Encryption::Accepted);
    line.run_until_settled().expect("it settles");
    line.run_for(Duration::from_secs(1));
    let mut frame = [&[0x00, 0x21][..], &PACKET].concat();
    assert!(line.caller.ppp.handle_frame(line.now, &mut frame.clone()).is_none());
    assert!(line.answerer.ppp.handle_frame(line.now, &mut frame).is_none());
    // And what was encrypted with other keys ends the link after a while, instead of being believed.
    for count in 0..40_u16 {
        let head = (0x9000 | count).to_be_bytes();
        let mut forged = [&[0x00, 0xfd][..], &head, &[0xaa; 30]].concat();
        assert!(line.caller.ppp.handle_frame(line.now, &mut forged).is_none());
    }
    line.run_for(Duration::from_secs(5));
    assert_eq!(line.caller.finish(), Some(Some(PppFailure::Garbled)));
}
