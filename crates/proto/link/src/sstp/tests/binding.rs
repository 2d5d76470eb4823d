//! Every published and derived vector, and every binding that must be refused (N-SSTP-03).

use onhook_crypto::sstp_binding::BindingHash;
use serde_json::Value;

use super::super::binding::{Expected, Hlak, SHA1, SHA256, bind, hlak};
use super::super::wire::{
    CALL_CONNECTED_LEN, CryptoBinding, Header, Message, StatusInfo, attribute, status,
};
use super::*;

const VECTORS: &str = include_str!("../../../tests/vectors/sstp.json");

fn vector(id: &str) -> Value {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = all["vectors"].as_array().unwrap();
    vectors.iter().find(|v| v["id"] == id).unwrap_or_else(|| panic!("no vector {id}")).clone()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().unwrap()
}

fn binding_in(packet: &[u8]) -> CryptoBinding {
    match Message::parse(packet).unwrap() {
        Message::CallConnected(binding) => binding,
        other => panic!("{other:?}"),
    }
}

/// Makes the packet from its parts, and finds the published packet right, and any octet of it matters.
fn check(connected: &[u8], hash: BindingHash, offer: u8, hlak: &Hlak) {
    let parsed = binding_in(connected);
    let seen = CertificateHashes {
        sha1: parsed.certificate[..20].try_into().unwrap(),
        sha256: parsed.certificate,
    };
    let made = bind(hash, parsed.nonce, &seen, hlak);
    assert_eq!(packet(&Message::CallConnected(made)), connected);

    let expected = Expected { offer, nonce: &parsed.nonce, certificate: &seen, hlak };
    assert!(expected.holds(&parsed, connected));
    for at in 0..connected.len() {
        let mut wrong = connected.to_vec();
        wrong[at] ^= 0x80;
        if let Ok(Message::CallConnected(binding)) = Message::parse(&wrong) {
            assert!(!expected.holds(&binding, &wrong), "octet {at} does not matter");
        }
    }
}

#[test]
fn the_specification_s_bindings_are_made_and_found_right() {
    let v = vector("ms-sstp-4.7-sha256");
    check(&hex(&v["connected"]), BindingHash::Sha256, SHA256, &Hlak::new(array(&v["hlak"])));
    let v = vector("ms-sstp-4.7-sha1");
    check(&hex(&v["connected"]), BindingHash::Sha1, SHA1, &Hlak::new(array(&v["hlak"])));
}

#[test]
fn the_specification_s_requests_and_acknowledgments_are_read_and_written() {
    let v = vector("ms-sstp-4.7-sha256");
    let request = hex(&v["connect_request"]);
    assert_eq!(Message::parse(&request), Ok(Message::CallConnectRequest { protocol: 1 }));
    assert_eq!(packet(&Message::CallConnectRequest { protocol: 1 }), request);
    for (id, offer) in [("ms-sstp-4.7-sha256", SHA256), ("ms-sstp-4.7-sha1", SHA1)] {
        let v = vector(id);
        let ack = hex(&v["connect_ack"]);
        let nonce = binding_in(&hex(&v["connected"])).nonce;
        assert_eq!(Message::parse(&ack), Ok(Message::CallConnectAck { offer, nonce }));
        assert_eq!(packet(&Message::CallConnectAck { offer, nonce }), ack);
    }
}

#[test]
fn the_derived_chain_from_ms_chap_keys_agrees() {
    let v = vector("derived-sstp-mschapv2-chain");
    let keys = SessionKeys {
        send: Secret::new(hex(&v["client_master_send_key"])),
        receive: Secret::new(hex(&v["client_master_receive_key"])),
    };
    let key = hlak(Some(&keys));
    assert_eq!(*key.expose(), array(&v["hlak"]));
    let connected = hex(&v["connected"]);
    check(&connected, BindingHash::Sha256, SHA256, &key);
    let binding = binding_in(&connected);
    assert_eq!(binding.certificate, array(&v["cert_sha256"]));
    assert_eq!(binding.nonce, array(&v["nonce"]));
    assert_eq!(binding.mac, array(&v["compound_mac"]));
}

#[test]
fn without_keys_the_hlak_is_zeros() {
    let v = vector("derived-sstp-pap-zero-hlak");
    let key = hlak(None);
    assert_eq!(*key.expose(), array(&v["hlak"]));
    let connected = hex(&v["connected"]);
    check(&connected, BindingHash::Sha256, SHA256, &key);
    let binding = binding_in(&connected);
    assert_eq!(binding.certificate, array(&v["cert_sha256"]));
    assert_eq!(binding.nonce, array(&v["nonce"]));
}

#[test]
fn the_control_packets_of_the_sheet_are_read_and_written() {
    let info = |attribute, status| Some(StatusInfo::new(attribute, status));
    let nak = StatusInfo {
        attribute: attribute::ENCAPSULATED_PROTOCOL,
        status: status::VALUE_NOT_SUPPORTED,
        original: &[0, 2],
    };
    let table = [
        ("call_disconnect", Message::CallDisconnect(info(0, 0))),
        ("call_disconnect_no_attribute", Message::CallDisconnect(None)),
        ("call_disconnect_ack", Message::CallDisconnectAck),
        ("echo_request", Message::EchoRequest),
        ("echo_response", Message::EchoResponse),
        ("call_abort_bad_crypto_binding", Message::CallAbort(info(3, 4))),
        ("call_abort_negotiation_timeout", Message::CallAbort(info(2, 8))),
        ("connect_nak_protocol_not_ppp", Message::CallConnectNak(vec![nak])),
    ];
    let packets = &vector("sstp-control-packets")["packets"];
    assert_eq!(packets.as_object().unwrap().len(), table.len());
    for (name, message) in table {
        let bytes = hex(&packets[name]);
        assert_eq!(Message::parse(&bytes).as_ref(), Ok(&message), "{name}");
        assert_eq!(packet(&message), bytes, "{name}");
    }
}

#[test]
fn the_data_packets_of_the_sheet_are_delivered_from_their_protocol_field_on() {
    let v = vector("sstp-data-packets");
    for entry in v["packets"].as_array().unwrap() {
        let (sstp, ppp) = (hex(&entry["sstp"]), hex(&entry["ppp"]));
        let header = Header::parse(sstp[..4].try_into().unwrap()).unwrap();
        assert_eq!((header.control, header.length), (false, sstp.len()));
        let frame = ppp.strip_prefix(&[0xFF, 0x03]).unwrap_or(&ppp);
        let (mut caller, mut answerer) = up();
        caller.hear(&sstp);
        answerer.hear(&sstp);
        assert_eq!(caller.take_frames(), [frame]);
        assert_eq!(answerer.take_frames(), [frame]);
        // What we send has address and control.
        caller.send(u16::from_be_bytes([frame[0], frame[1]]), &frame[2..]);
        assert_eq!(caller.take_sent()[4..], [&[0xFF, 0x03], frame].concat());
    }
}

/// The Call Connected that a caller of this call would send, with other secrets.
fn refused(binding: CryptoBinding, offer: u8, keys: Option<&SessionKeys>) {
    let (_, mut answerer) = up_with(new_answerer(offer));
    answerer.authenticated(keys);
    answerer.hear_message(&Message::CallConnected(binding));
    let abort = StatusInfo::new(attribute::CRYPTO_BINDING, status::VALUE_NOT_SUPPORTED);
    assert_eq!(answerer.take_sent(), packet(&Message::CallAbort(Some(abort))));
    assert_eq!(answerer.take_events(), [failed(SstpFailure::BindingRefused)]);
    answerer.hear(&[0x10, 0, 0, 8, 0, 0x21, 1, 2]);
    assert!(answerer.take_frames().is_empty());
}

/// The nonce of `new_answerer`.
fn nonce() -> [u8; 32] {
    Seed::from_number(2).chance().bytes()
}

#[test]
fn a_right_binding_is_taken_with_either_hash() {
    for (offer, hash) in [
        (3, BindingHash::Sha256),
        (3, BindingHash::Sha1),
        (1, BindingHash::Sha1),
        (2, BindingHash::Sha256),
    ] {
        let (_, mut answerer) = up_with(new_answerer(offer));
        answerer.authenticated(Some(&keys()));
        let right = bind(hash, nonce(), &certificate(), &hlak(Some(&keys())));
        answerer.hear_message(&Message::CallConnected(right));
        assert!(answerer.take_sent().is_empty());
        answerer.hear(&[0x10, 0, 0, 8, 0, 0x21, 1, 2]);
        assert_eq!(answerer.take_frames(), [[0, 0x21, 1, 2]]);
    }
}

#[test]
fn wrong_bindings_are_refused() {
    let key = || hlak(Some(&keys()));
    let swapped = SessionKeys { send: keys().receive, receive: keys().send };
    let other = CertificateHashes { sha1: [0xB1; 20], sha256: [0xB2; 32] };
    let sha256 = BindingHash::Sha256;
    // Swapped halves, no keys, keys where there should be none.
    refused(bind(sha256, nonce(), &certificate(), &hlak(Some(&swapped))), 3, Some(&keys()));
    refused(bind(sha256, nonce(), &certificate(), &hlak(None)), 3, Some(&keys()));
    refused(bind(sha256, nonce(), &certificate(), &key()), 3, None);
    // Another nonce, another certificate.
    refused(bind(sha256, [7; 32], &certificate(), &key()), 3, Some(&keys()));
    refused(bind(sha256, nonce(), &other, &key()), 3, Some(&keys()));
    refused(bind(BindingHash::Sha1, nonce(), &other, &key()), 3, Some(&keys()));
    // A hash that was not offered, and hashes that do not exist.
    refused(bind(BindingHash::Sha1, nonce(), &certificate(), &key()), 2, Some(&keys()));
    refused(bind(sha256, nonce(), &certificate(), &key()), 1, Some(&keys()));
    for hash in [0, 3, 4, 0xFF] {
        let mut binding = bind(sha256, nonce(), &certificate(), &key());
        binding.hash = hash;
        refused(binding, 3, Some(&keys()));
    }
    // A MAC with one bit changed; padding that is not zero.
    let mut binding = bind(sha256, nonce(), &certificate(), &key());
    binding.mac[31] ^= 1;
    refused(binding, 3, Some(&keys()));
    let mut binding = bind(BindingHash::Sha1, nonce(), &certificate(), &key());
    binding.mac[31] ^= 1;
    refused(binding, 3, Some(&keys()));
}

#[test]
fn the_caller_binds_with_the_strongest_hash_of_the_offer() {
    for (offer, number) in [(1, 1), (2, 2), (3, 2), (0xFF, 2)] {
        let (mut caller, _) = requesting();
        caller.hear_message(&Message::CallConnectAck { offer, nonce: [5; 32] });
        assert_eq!(caller.take_events(), [LinkEvent::Up]);
        caller.authenticated(Some(&keys()));
        let sent = caller.take_sent();
        assert_eq!(sent.len(), CALL_CONNECTED_LEN);
        let binding = binding_in(&sent);
        assert_eq!((binding.hash, binding.nonce), (number, [5; 32]));
        caller.authenticated(Some(&keys()));
        assert!(caller.take_sent().is_empty(), "it is sent once");
    }
}

#[test]
fn an_offer_of_unknown_hashes_only_aborts_the_call() {
    for offer in [0, 4, 0xFC] {
        let (mut caller, _) = requesting();
        caller.hear_message(&Message::CallConnectAck { offer, nonce: [5; 32] });
        assert_eq!(caller.take_events(), [failed(SstpFailure::NoCommonHash)]);
        let abort = StatusInfo::new(attribute::CRYPTO_BINDING_REQUEST, status::VALUE_NOT_SUPPORTED);
        assert_eq!(caller.take_sent(), packet(&Message::CallAbort(Some(abort))));
    }
}

#[test]
fn an_answerer_that_refuses_the_binding_is_understood() {
    let (mut caller, mut answerer) = up();
    answerer.authenticated(None);
    caller.authenticated(Some(&keys()));
    settle(&mut caller, &mut answerer);
    assert_eq!(caller.take_events(), [failed(SstpFailure::BindingRefused)]);
    assert_eq!(answerer.take_events(), [failed(SstpFailure::BindingRefused)]);
}

#[test]
fn a_binding_that_comes_before_authentication_is_held_once() {
    let (mut caller, mut answerer) = up();
    caller.authenticated(Some(&keys()));
    caller.send(IPV4, b"early");
    let sent = caller.take_sent();
    answerer.hear(&sent);
    assert!(answerer.take_frames().is_empty(), "no network packet before the binding is checked");
    answerer.authenticated(Some(&keys()));
    answerer.hear(&sent[CALL_CONNECTED_LEN..]);
    assert_eq!(answerer.take_frames().len(), 1);
    assert!(answerer.take_sent().is_empty() && answerer.take_events().is_empty());

    let (mut caller, mut answerer) = up();
    caller.authenticated(Some(&keys()));
    let connected = caller.take_sent();
    answerer.hear(&[connected.clone(), connected].concat());
    let failure = SstpFailure::Aborted { attribute: 2, status: 5 };
    assert_eq!(answerer.take_events(), [failed(failure)]);
}

#[test]
fn only_control_protocols_pass_before_the_binding() {
    let (mut caller, mut answerer) = up();
    let frames: [&[u8]; 9] = [
        &[0xC0, 0x21, 1],
        &[0x00, 0x21, 1],
        &[0x21, 1],
        &[0x00, 0x57, 1],
        &[0x80, 0x21, 1],
        &[0x00, 0xFD, 1],
        &[0x7F, 0xFF, 1],
        &[0x00],
        &[],
    ];
    for frame in frames {
        for prefix in [&[][..], &[0xFF, 0x03]] {
            let length = u8::try_from(4 + prefix.len() + frame.len()).unwrap();
            let bytes = [&[0x10, 0, 0, length], prefix, frame].concat();
            caller.hear(&bytes);
            answerer.hear(&bytes);
        }
    }
    let passed = answerer.take_frames();
    assert_eq!(passed, [&frames[0], &frames[0], &frames[4], &frames[4]].map(|f| f.to_vec()));
    assert_eq!(answerer.link.dropped_frames(), 14);
    assert_eq!(caller.take_frames(), passed);
    for protocol in [IPV4, 0x0057, 0x7FFF] {
        caller.send(protocol, b"x");
        answerer.send(protocol, b"x");
    }
    assert!(caller.take_sent().is_empty() && answerer.take_sent().is_empty());
    caller.send(0x8021, b"x");
    answerer.send(LCP, b"x");
    assert_eq!((caller.take_sent().len(), answerer.take_sent().len()), (9, 9));
}
