//! Every published vector of this room's functions, and those derived for the project.

use onhook_crypto::mppe_keys::{self, Strength};
use onhook_crypto::{change_password, chap_md5, mschap, peap, sstp_binding};
use serde_json::Value;

fn vectors(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

#[test]
fn chap_with_md5() {
    for v in vectors(include_str!("vectors/chap-md5.json")) {
        let id = u8::try_from(v["identifier"].as_u64().unwrap()).unwrap();
        let response = chap_md5(id, text(&v, "secret").as_bytes(), &bytes(&v["challenge"]));
        assert_eq!(response.to_vec(), bytes(&v["response"]), "{}", v["id"]);
    }
}

#[test]
fn mschap_version_1() {
    let mut seen = 0;
    for v in vectors(include_str!("vectors/mschapv1.json")) {
        seen += 1;
        match text(&v, "kind") {
            "nt-response" => {
                let hash = mschap::nt_password_hash(text(&v, "password"));
                if v["nt_hash"].is_string() {
                    assert_eq!(hash.to_vec(), bytes(&v["nt_hash"]));
                }
                let response = mschap::challenge_response(&array(&v["challenge"]), &hash);
                assert_eq!(response.to_vec(), bytes(&v["nt_response"]), "{}", v["id"]);
            }
            "des-key-expansion" => {
                for (raw, parity) in [("raw_key_1", "parity_key_1"), ("raw_key_2", "parity_key_2")]
                {
                    let key = mschap::expand_key(&array(&v[raw]));
                    assert_eq!(key.to_vec(), bytes(&v[parity]));
                }
            }
            "lm-response" => {
                let hash = mschap::lm_password_hash(text(&v, "password"));
                assert_eq!(hash.to_vec(), bytes(&v["lm_hash"]));
                let response = mschap::challenge_response(&array(&v["challenge"]), &hash);
                assert_eq!(response.to_vec(), bytes(&v["lm_response"]));
            }
            other => panic!("{other} is not known"),
        }
    }
    assert_eq!(seen, 4);
}

#[test]
fn mschap_version_2() {
    for v in vectors(include_str!("vectors/mschapv2.json")) {
        match text(&v, "kind") {
            "mschapv2" => {
                let (authenticator, peer) =
                    (array(&v["authenticator_challenge"]), array(&v["peer_challenge"]));
                let name = text(&v, "username").as_bytes();
                let hash = mschap::nt_password_hash(text(&v, "password"));
                assert_eq!(hash.to_vec(), bytes(&v["nt_hash"]));
                let twice = mschap::hash_nt_password_hash(&hash);
                assert_eq!(twice.to_vec(), bytes(&v["nt_hash_hash"]));
                let short = mschap::challenge_hash(&peer, &authenticator, name);
                assert_eq!(short.to_vec(), bytes(&v["challenge_hash"]));
                let response = mschap::nt_response(&authenticator, &peer, name, &hash);
                assert_eq!(response.to_vec(), bytes(&v["nt_response"]));
                let proof =
                    mschap::authenticator_response(&hash, &response, &peer, &authenticator, name);
                assert_eq!(proof, text(&v, "authenticator_response"));
            }
            "nt-hash" => {
                let hash = mschap::nt_password_hash(text(&v, "password"));
                assert_eq!(hash.to_vec(), bytes(&v["nt_hash"]));
            }
            "challenge-hash-name" => {
                let name = text(&v, "name_sent").as_bytes();
                assert_eq!(mschap::name_to_hash(name), text(&v, "name_hashed").as_bytes());
            }
            "change-password" => change(&v),
            "md4-suite" => {
                use md4::{Digest as _, Md4};
                for case in v["cases"].as_array().unwrap() {
                    let hash = Md4::digest(text(case, "ascii").as_bytes());
                    assert_eq!(hash.to_vec(), bytes(&case["md4"]));
                }
            }
            // Packets and failure texts are PPP's: its room tests them.
            "packets" | "failure-message" => {}
            other => panic!("{other} is not known"),
        }
    }
}

fn change(v: &Value) {
    let (old, new) = (text(v, "old_password"), text(v, "new_password"));
    let pad: [u8; 512] = std::array::from_fn(|i| u8::try_from((i * 7 + 3) % 256).unwrap());
    let body = change_password::build(&change_password::Change {
        old,
        new,
        name: text(v, "username").as_bytes(),
        authenticator: &array(&v["authenticator_challenge"]),
        peer: &array(&v["peer_challenge"]),
        pad: &pad,
    })
    .unwrap();
    let packet = bytes(&v["packet"]);
    assert_eq!(body.to_vec(), packet[4..].to_vec());
    let old_hash = mschap::nt_password_hash(old);
    assert_eq!(*change_password::open(&body, &old_hash).unwrap(), new);
    let wrong = mschap::nt_password_hash("wrong");
    assert!(change_password::open(&body, &wrong).is_none());
    assert!(change_password::open(&body[1..], &old_hash).is_none());
    change_of_v1(&body, old, new, &pad);
}

/// RFC 2433 §9: what seals the password is version 2's, to the octet; the response is version 1's.
fn change_of_v1(of_v2: &[u8], old: &str, new: &str, pad: &[u8; 512]) {
    const SEALED: usize = 516 + 16;
    let challenge = [0x10, 0x2d, 0xb5, 0xdf, 0x08, 0x5d, 0x30, 0x41];
    let mut body = change_password::build_of_v1(old, new, &challenge, pad).unwrap().to_vec();
    assert_eq!(body.len(), 1118 - 4);
    assert_eq!(body[..SEALED], of_v2[..SEALED]);
    assert_eq!(body[SEALED..2 * SEALED + 24], [0; SEALED + 24], "nothing of the LAN Manager");
    assert_eq!(body[1112..], [0, 1], "and the flags say so");
    let new_hash = mschap::nt_password_hash(new);
    let response = mschap::challenge_response(&challenge, &new_hash);
    assert_eq!(change_password::response_of_v1(&body), Some(response));
    let old_hash = mschap::nt_password_hash(old);
    assert_eq!(*change_password::open(&body, &old_hash).unwrap(), new);
    assert!(change_password::open(&body, &new_hash).is_none());
    assert!(change_password::open(&body[..1113], &old_hash).is_none());
    assert!(change_password::response(&body).is_none() && of_v2.len() != body.len());
    assert!(change_password::response_of_v1(of_v2).is_none());
    (body[1112], body[1113]) = (1, 0);
    assert_eq!(change_password::response_of_v1(&body), Some(response));
    (body[1112], body[1113]) = (2, 2);
    assert_eq!(change_password::response_of_v1(&body), None, "the other response is not looked at");
    assert!(change_password::build_of_v1(old, &"x".repeat(257), &challenge, pad).is_none());
}

#[test]
fn mppe_keys_and_packets() {
    for v in vectors(include_str!("vectors/mppe-keys.json")) {
        let kind = v["kind"].as_str().unwrap_or("packets");
        let strength = match kind.rsplit('-').next().unwrap() {
            "40" => Strength::Bits40,
            "56" => Strength::Bits56,
            _ => Strength::Bits128,
        };
        match kind {
            "mschapv1-mppe-40" | "mschapv1-mppe-56" => {
                let lm = mschap::lm_password_hash(text(&v, "password"));
                assert_eq!(lm.to_vec(), bytes(&v["lm_hash"]));
                let key = mppe_keys::session_key(&lm[..8], strength);
                assert_eq!(key.to_vec(), bytes(&v["session_key"]), "{kind}");
            }
            "mschapv1-mppe-128" => {
                let hash = mschap::nt_password_hash(text(&v, "password"));
                let start = mppe_keys::mschapv1_start_key(&hash, &array(&v["challenge"]));
                assert_eq!(start.to_vec(), bytes(&v["start_key"]));
                let key = mppe_keys::session_key(&start, strength);
                assert_eq!(key.to_vec(), bytes(&v["session_key"]));
            }
            "mschapv2-mppe-40" | "mschapv2-mppe-56" | "mschapv2-mppe-128" => {
                version_2(&v, strength);
            }
            "eap-mschapv2-msk" => {
                let mut msk = bytes(&v["client_master_send_key"]);
                msk.extend(bytes(&v["client_master_receive_key"]));
                msk.resize(64, 0);
                assert_eq!(msk, bytes(&v["msk"]), "the two keys and 32 zeros");
            }
            "packets" => stateless(&v),
            other => panic!("{other} is not known"),
        }
    }
}

fn version_2(v: &Value, strength: Strength) {
    let master = mppe_keys::master_key_from(&array(&v["nt_hash_hash"]), &array(&v["nt_response"]));
    assert_eq!(master.to_vec(), bytes(&v["master_key"]));
    // The sample is the server's: its send key is the caller's receive key.
    let start = mppe_keys::caller_receive_key(&master);
    let start = &start[..strength.key_len()];
    assert_eq!(start, bytes(&v["send_start_key"]));
    let key = mppe_keys::session_key(start, strength);
    assert_eq!(key.to_vec(), bytes(&v["send_session_key"]));
    let mut data = text(v, "plaintext_ascii").as_bytes().to_vec();
    mppe_keys::rc4(&key, &mut data);
    assert_eq!(data, bytes(&v["rc4_ciphertext"]));
    let extra = &v["derived_extra"];
    let receive = mppe_keys::caller_send_key(&master);
    let receive = &receive[..strength.key_len()];
    assert_eq!(receive, bytes(&extra["recv_start_key"]));
    assert_eq!(
        mppe_keys::session_key(receive, strength).to_vec(),
        bytes(&extra["recv_session_key"])
    );
    let mut changing = key;
    for expected in extra["send_keys_after_1_2_3_changes"].as_array().unwrap() {
        changing = mppe_keys::change_key(start, &changing, strength);
        assert_eq!(changing.to_vec(), bytes(expected));
    }
}

/// MPPE without state: one key change before each packet (RFC 3078 §7).
fn stateless(v: &Value) {
    let start = bytes(&v["start_key"]);
    let strength = Strength::Bits128;
    let mut key = mppe_keys::session_key(&start, strength);
    assert_eq!(key.to_vec(), bytes(&v["initial_session_key"]));
    let mut count = 0;
    for packet in v["packets"].as_array().unwrap() {
        while count <= packet["count"].as_u64().unwrap() {
            key = mppe_keys::change_key(&start, &key, strength);
            count += 1;
        }
        assert_eq!(key.to_vec(), bytes(&packet["session_key"]));
        let wire = bytes(&packet["ppp"]);
        let mut data = bytes(&v["inner"]);
        mppe_keys::rc4(&key, &mut data);
        assert_eq!(data, wire[4..]);
    }
}

#[test]
fn sstp_crypto_binding() {
    for v in vectors(include_str!("vectors/sstp.json")).iter().filter(|v| v["hlak"].is_string()) {
        let packet = bytes(&v["connected"]);
        let sha1 = v["hash"] == "SHA1";
        let (hash, length) = match sha1 {
            true => (sstp_binding::BindingHash::Sha1, 20),
            false => (sstp_binding::BindingHash::Sha256, 32),
        };
        let mut blank = packet.clone();
        blank[80..112].fill(0);
        let mac = sstp_binding::compound_mac(hash, &array(&v["hlak"]), &blank);
        assert_eq!(mac, packet[80..80 + length], "{}", v["id"]);
        if v["client_master_send_key"].is_string() {
            let (send, receive) =
                (bytes(&v["client_master_send_key"]), bytes(&v["client_master_receive_key"]));
            assert_eq!(sstp_binding::hlak(&send, &receive).to_vec(), bytes(&v["hlak"]));
        }
    }
}

#[test]
fn peap_binds_the_tunnel_to_the_inner_proof() {
    let all = vectors(include_str!("vectors/peap.json"));
    assert_eq!(all.len(), 1);
    for v in all {
        let keys = peap::CompoundKeys::new(&bytes(&v["tunnel_key_first_60"]), &array(&v["isk"]));
        assert_eq!(keys.ipmk().to_vec(), bytes(&v["ipmk"]));
        assert_eq!(keys.cmk().to_vec(), bytes(&v["cmk"]));
        for tlv in ["request_tlv", "response_tlv"] {
            let tlv = bytes(&v[tlv]);
            assert_eq!(tlv.len(), peap::BINDING_TLV);
            assert_eq!(keys.mac(&tlv).to_vec(), tlv[40..], "{}", v["id"]);
        }
        let session = keys.session_keys();
        assert_eq!(session.len(), 64);
        // The server receives with what the caller sends with.
        assert_eq!(session[..32].to_vec(), bytes(&v["server_recv_key"]));
        assert_eq!(session[32..].to_vec(), bytes(&v["server_send_key"]));
    }
}
