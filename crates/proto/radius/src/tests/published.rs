//! RFC 2865's own examples, and a talk of a real server that was written down.

use onhook_base::Secret;
use onhook_crypto::radius::hide_password;
use serde_json::Value;

use crate::wire::{Attributes, Packet, Signature, attribute, code};

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn vectors() -> Vec<Value> {
    let file = include_str!("../../tests/vectors/radius.json");
    let mut whole: Value = serde_json::from_str(file).unwrap();
    serde_json::from_value(whole["vectors"].take()).unwrap()
}

/// RFC 2865 §7.1: PAP.
#[test]
fn the_published_password_is_hidden_as_it_was() {
    let vector = &vectors()[0];
    let request = octets(vector["request"].as_str().unwrap());
    let secret = vector["secret"].as_str().unwrap().as_bytes();
    let packet = Packet::parse(&request).unwrap();
    assert_eq!(packet.code, code::ACCESS_REQUEST);
    assert_eq!(packet.first(attribute::USER_NAME), Some(&b"nemo"[..]));
    let hidden = hide_password(secret, &packet.authenticator, b"arctangent");
    assert_eq!(packet.first(attribute::USER_PASSWORD), Some(&hidden[..]));
    let mut ours = Attributes::default();
    ours.password(Secret::new(b"arctangent".to_vec()));
    let ours = ours.request(code::ACCESS_REQUEST, 0, &packet.authenticator, secret);
    let ours = Packet::parse(&ours).unwrap();
    assert_eq!(ours.first(attribute::USER_PASSWORD), Some(&hidden[..]));
    assert_eq!(ours.signature(&packet.authenticator, secret), Signature::Good);
}

#[test]
fn the_published_answers_prove_themselves() {
    for vector in vectors() {
        let (request, response) = (&vector["request"], &vector["response"]);
        let (request, response) =
            (octets(request.as_str().unwrap()), octets(response.as_str().unwrap()));
        let secret = vector["secret"].as_str().unwrap().as_bytes();
        let asked = Packet::parse(&request).unwrap().authenticator;
        let answer = Packet::parse(&response).unwrap();
        assert!(answer.answers(&asked, secret), "{}", vector["id"]);
        assert!(!answer.answers(&asked, b"xyzzy5462"));
        assert!(!answer.answers(&[0; 16], secret));
        assert_eq!(answer.signature(&asked, secret), Signature::Missing);
    }
}

/// The UDP payloads of a pcapng file whose frames are IPv4 behind four octets of address family.
fn capture() -> Vec<(u16, Vec<u8>)> {
    let file = include_bytes!("../../tests/captures/radius-eap-localhost.pcapng");
    let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (mut at, mut found) = (0, Vec::new());
    while at < file.len() {
        if u32_at(at) == 6 {
            let frame = &file[at + 28..at + 28 + u32_at(at + 20) as usize];
            let datagram = &frame[4 + usize::from(frame[4] & 15) * 4..];
            let port = u16::from_be_bytes([datagram[0], datagram[1]]);
            found.push((port, datagram[8..].to_vec()));
        }
        at += u32_at(at + 4) as usize;
    }
    found
}

#[test]
fn a_real_talk_is_read_written_again_and_believed() {
    let (mut asked, mut signed, mut eap, mut believed) = ([0; 16], 0, 0, Vec::new());
    let talk = capture();
    assert_eq!(talk.len(), 19);
    for (port, datagram) in talk {
        let packet = Packet::parse(&datagram).unwrap();
        let mut again = datagram[..20].to_vec();
        for (kind, value) in packet.attributes() {
            again.extend([kind, u8::try_from(value.len() + 2).unwrap()]);
            again.extend(value);
        }
        assert_eq!(again, datagram);
        if port != 1812 {
            asked = packet.authenticator;
        } else {
            // In the last of them the two ends did not share a secret.
            believed.push(packet.answers(&asked, b"testing123"));
            assert!(!packet.answers(&asked, b"testing124"));
        }
        // At the end the client has another secret.
        let is_wrong = packet.signature(&asked, b"testing123") == Signature::Wrong;
        assert!(!is_wrong || port != 1812);
        signed += u32::from(packet.signature(&asked, b"testing123") == Signature::Good);
        eap += u32::from(packet.first(attribute::EAP_MESSAGE).is_some());
        if packet.first(attribute::MESSAGE_AUTHENTICATOR).is_some() {
            assert_eq!(packet.signature(&asked, b"testing124"), Signature::Wrong);
        }
    }
    assert_eq!((signed, eap), (11, 8));
    assert_eq!(believed, [true, true, true, true, true, true, true, false]);
}
