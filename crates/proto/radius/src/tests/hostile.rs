//! The flaws of the field, under their numbers, and what else a server or a stranger may try.

use onhook_base::Instant;
use onhook_crypto::radius::authenticator;
use proptest::prelude::*;

use super::client::{SECRET, about, address, answer, client_of, unsigned};
use crate::client::{Client, Purpose, Unanswered};
use crate::reply::Reply;
use crate::wire::{Attributes, LONGEST, Packet, Signature, attribute, code, microsoft};

const NOW: Instant = Instant::ORIGIN;

fn asked(trusts_unsigned: bool) -> (Client, Vec<u8>) {
    let mut client = client_of(Purpose::Access, 2, trusts_unsigned);
    client.ask(NOW, about("alice"), None).unwrap();
    let request = client.poll_transmit().unwrap().1.expose().clone();
    (client, request)
}

/// The answer is dropped, and the request goes on; if nothing better comes, it ends so.
fn is_dropped(mut client: Client, from: std::net::SocketAddr, datagram: &[u8]) -> Unanswered {
    client.handle_datagram(NOW, from, datagram);
    assert!(client.poll_answer().is_none());
    assert_eq!(client.asked(), 1);
    while let Some(deadline) = client.poll_timeout() {
        client.handle_timeout(deadline.at);
    }
    client.poll_answer().unwrap().1.unwrap_err()
}

fn reply_to(kind: u8, value: &[u8]) -> Option<Reply> {
    let (mut client, request) = asked(false);
    let mut attributes = Attributes::default();
    attributes.octets(kind, value);
    let datagram = answer(&request, code::ACCESS_ACCEPT, &attributes);
    client.handle_datagram(NOW, address(1), &datagram);
    Some(client.poll_answer()?.1.unwrap().read())
}

/// N-RAD-01: accel-ppp (CVE-2022-24704, CVE-2022-24705, CVE-2020-28194): attributes shorter than their header, a
/// vendor's shorter than its own, addresses and identifiers of the wrong size.
#[test]
fn n_rad_01_every_attribute_of_every_length_is_survived() {
    for kind in 0..=255 {
        for length in [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 18, 19, 20, 252, 253] {
            // A Message-Authenticator that is a second one, or wrong, makes the whole void.
            let reply = reply_to(kind, &vec![0xff; length]);
            assert_eq!(
                reply.is_none(),
                kind == attribute::MESSAGE_AUTHENTICATOR,
                "{kind} {length}"
            );
        }
    }
    for kind in [0, 1, 2, 11, 16, 17, 25, 26, 28, 29, 255] {
        for claimed in 0..=255 {
            let mut value = microsoft::VENDOR.to_be_bytes().to_vec();
            value.extend([kind, claimed, 1, 2, 3, 4, 5]);
            let Some(Reply::Accept(grant)) = reply_to(attribute::VENDOR_SPECIFIC, &value) else {
                panic!("an accept was expected");
            };
            let is_address = (28..=29).contains(&kind) && claimed == 6;
            assert_eq!((grant.keys, grant.dns.len()), (None, usize::from(is_address)));
        }
    }
    let (_, request) = asked(false);
    let whole = answer(&request, code::ACCESS_ACCEPT, &about("alice"));
    for length in 0..whole.len() {
        let short = &whole[..length];
        assert!(Packet::parse(short).is_err());
        assert_eq!(is_dropped(asked(false).0, address(1), short), Unanswered::Silence);
    }
    // A length that claims less than the attributes need, or more than there is.
    for claimed in 0..=u16::try_from(whole.len()).unwrap() + 9 {
        let mut bent = whole.clone();
        bent[2..4].copy_from_slice(&claimed.to_be_bytes());
        if usize::from(claimed) != whole.len() {
            is_dropped(asked(false).0, address(1), &bent);
        }
    }
}

/// N-RAD-02: SoftEther (66dc5ee5), strongSwan (CVE-2026-35333): a length of 0 that is read for ever, pieces of EAP
/// that are more than their buffer.
#[test]
fn n_rad_02_a_length_of_zero_ends_the_reading_and_pieces_of_eap_fit() {
    let (_, request) = asked(false);
    for claimed in [0, 1] {
        let mut bent = answer(&request, code::ACCESS_ACCEPT, &about("alice"));
        let at = bent.len() - 6;
        bent[at] = claimed;
        assert!(Packet::parse(&bent).is_err());
        assert_eq!(is_dropped(asked(false).0, address(1), &bent), Unanswered::Silence);
    }
    let (mut client, request) = asked(false);
    let mut attributes = Attributes::default();
    let mut octets = 0;
    while attributes.octets(attribute::EAP_MESSAGE, &[7; 253]) {
        octets += 253;
    }
    for _ in 0..3 {
        attributes.octets(attribute::EAP_MESSAGE, &[]);
    }
    let datagram = answer(&request, code::ACCESS_CHALLENGE, &attributes);
    assert!(datagram.len() <= LONGEST);
    client.handle_datagram(NOW, address(1), &datagram);
    let Reply::Challenge { eap, state } = client.poll_answer().unwrap().1.unwrap().read() else {
        panic!("a challenge was expected");
    };
    assert_eq!((eap.len(), state), (octets, None));
}

/// N-RAD-03: pppd (CVE-2015-3310 and others): many texts are more than the buffer for them.
#[test]
fn n_rad_03_any_number_of_texts_is_cut() {
    let (mut client, request) = asked(false);
    let mut attributes = Attributes::default();
    while attributes.text(attribute::REPLY_MESSAGE, "no\nentry\u{7f} ") {}
    let datagram = answer(&request, code::ACCESS_REJECT, &attributes);
    client.handle_datagram(NOW, address(1), &datagram);
    let Reply::Reject(refusal) = client.poll_answer().unwrap().1.unwrap().read() else {
        panic!("a reject was expected");
    };
    assert!(refusal.text.len() <= 253 && !refusal.text.contains('\n'), "{}", refusal.text);
}

/// N-RAD-04: CVE-2024-3596: an answer whose MD5 was made to collide is a forgery that its authenticator does not
/// show; so answers must be signed.
#[test]
fn n_rad_04_an_answer_without_a_message_authenticator_does_not_count() {
    let (client, request) = asked(false);
    let forged = unsigned(&request, code::ACCESS_ACCEPT, &[(attribute::CLASS, b"gold")]);
    assert!(
        Packet::parse(&forged)
            .unwrap()
            .answers(&Packet::parse(&request).unwrap().authenticator, SECRET)
    );
    assert_eq!(is_dropped(client, address(1), &forged), Unanswered::Untrusted);

    // One who says that it may be so is believed, but never with EAP inside, and not a wrong one.
    let (mut client, request) = asked(true);
    let accept = unsigned(&request, code::ACCESS_ACCEPT, &[]);
    client.handle_datagram(NOW, address(1), &accept);
    assert!(client.poll_answer().unwrap().1.is_ok());
    for (kind, value) in [
        (attribute::EAP_MESSAGE, &b"\x03\x01\x00\x04"[..]),
        (attribute::MESSAGE_AUTHENTICATOR, &[0; 16]),
        (attribute::MESSAGE_AUTHENTICATOR, &[]),
    ] {
        let (client, request) = asked(true);
        let forged = unsigned(&request, code::ACCESS_ACCEPT, &[(kind, value)]);
        assert_eq!(is_dropped(client, address(1), &forged), Unanswered::Untrusted);
    }
}

#[test]
fn an_answer_from_another_address_or_port_changes_nothing() {
    let (_, request) = asked(false);
    let accept = answer(&request, code::ACCESS_ACCEPT, &Attributes::default());
    let mut other_port = address(1);
    other_port.set_port(1813);
    for from in [address(2), address(9), other_port] {
        assert_eq!(is_dropped(asked(false).0, from, &accept), Unanswered::Silence);
    }
}

#[test]
fn an_answer_that_does_not_prove_itself_changes_nothing() {
    let (_, request) = asked(false);
    let accept = answer(&request, code::ACCESS_ACCEPT, &Attributes::default());
    for at in (0..accept.len()).filter(|at| !(2..4).contains(at)) {
        let mut bent = accept.clone();
        bent[at] ^= 1;
        is_dropped(asked(false).0, address(1), &bent);
    }
    // The code of another packet, though it is proved.
    for code in [code::ACCESS_REQUEST, code::ACCOUNTING_RESPONSE, code::DISCONNECT_ACK] {
        let odd = answer(&request, code, &Attributes::default());
        assert_eq!(is_dropped(asked(false).0, address(1), &odd), Unanswered::Untrusted);
    }
}

/// An answer to an earlier request that bore the same identifier.
#[test]
fn an_answer_that_was_recorded_is_no_answer_to_a_later_request() {
    let (mut client, request) = asked(false);
    let recorded = answer(&request, code::ACCESS_ACCEPT, &Attributes::default());
    client.handle_datagram(NOW, address(1), &recorded);
    assert!(client.poll_answer().unwrap().1.is_ok());
    for _ in 0..256 {
        client.ask(NOW, about("mallory"), None).unwrap();
        let next = client.poll_transmit().unwrap().1.expose().clone();
        client.handle_datagram(NOW, address(1), &recorded);
        assert!(client.poll_answer().is_none());
        let reject = answer(&next, code::ACCESS_REJECT, &Attributes::default());
        client.handle_datagram(NOW, address(1), &reject);
        assert!(client.poll_answer().is_some());
    }
}

proptest! {
    #[test]
    fn whatever_is_read_is_within_its_bounds(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(packet) = Packet::parse(&octets) {
            let told: usize = packet.attributes().map(|(_, value)| value.len() + 2).sum();
            prop_assert_eq!(told, packet.attributes.len());
            prop_assert!(packet.vendor(311).count() <= packet.attributes.len());
        }
    }

    #[test]
    fn what_is_written_is_read(pairs in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..260)), 0..40)) {
        let mut attributes = Attributes::default();
        let written: Vec<_> = pairs
            .iter()
            .filter(|(kind, value)| {
                *kind != attribute::MESSAGE_AUTHENTICATOR && attributes.octets(*kind, value)
            })
            .collect();
        let bytes = attributes.request(code::ACCESS_REQUEST, 9, &[5; 16], SECRET);
        prop_assert!(bytes.len() <= LONGEST);
        let packet = Packet::parse(&bytes).unwrap();
        prop_assert_eq!(packet.signature(&[5; 16], SECRET), Signature::Good);
        let read: Vec<_> = packet.attributes().skip(1).collect();
        prop_assert_eq!(read.len(), written.len());
        for ((kind, value), (k, v)) in written.into_iter().zip(read) {
            prop_assert_eq!((*kind, &value[..]), (k, v));
        }
    }

    #[test]
    fn any_attributes_that_a_server_may_prove_are_survived(body in prop::collection::vec(any::<u8>(), 0..200), code in 0..12_u8) {
        let (mut client, request) = asked(true);
        let request = Packet::parse(&request).unwrap();
        let length = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
        let head = [code, request.identifier, length[0], length[1]];
        let proof = authenticator(&[&head, &request.authenticator, &body], SECRET);
        let datagram = [&head[..], &proof, &body].concat();
        client.handle_datagram(NOW, address(1), &datagram);
        if let Some((_, Ok(answer))) = client.poll_answer() {
            answer.read();
        }
    }
}
