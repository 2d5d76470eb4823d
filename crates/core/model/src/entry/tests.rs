use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::RasCode;

fn office() -> Entry {
    let mut entry = Entry::new("office", DeviceType::Vpn);
    entry.phone_numbers.push("vpn.example.net".to_owned());
    entry
}

/// A list of revoked certificates is heeded or nobody is dialed.
#[test]
fn a_list_of_revoked_certificates_goes_with_roots_and_must_have_been_read() {
    let list = "-----BEGIN X509 CRL-----";
    for (trust, expected) in [
        (Trust::SystemRoots, &[Problem::CrlWithoutRoots][..]),
        (Trust::PinSha256([1; 32]), &[Problem::CrlWithoutRoots]),
        (Trust::Insecure, &[Problem::CrlWithoutRoots]),
        (Trust::CaPem(String::new()), &[Problem::CaNotRead]),
        (Trust::CaPem("a root".to_owned()), &[Problem::CrlNotRead]),
        (Trust::CaPem(format!("a root\n{list}\n")), &[]),
    ] {
        let mut entry = Entry::new("office", DeviceType::Vpn);
        entry.phone_numbers = vec!["vpn.example".to_owned()];
        entry.crl_file = Some("revoked.pem".to_owned());
        entry.trust = trust;
        assert_eq!(entry.problems(), expected);
    }
}

#[test]
fn a_sound_entry_has_no_problems() {
    assert_eq!(office().problems(), []);
    assert_eq!(Entry::for_number("192.0.2.1:8443", "sstp").problems(), []);
    assert_eq!(Entry::for_number("", "PPPoE").problems(), []);
}

#[test]
fn a_number_dialed_without_an_entry_is_named_by_a_dot_and_itself() {
    let entry = Entry::for_number("vpn.example.net", "sstp");
    assert_eq!(entry.name, ".vpn.example.net");
    assert!(entry.is_by_number());
    assert_eq!(entry.vpn_strategy, VpnStrategy::SstpOnly);
    assert_eq!(entry.device_name, "WAN Miniport (SSTP)");
    assert_eq!(entry.protocols(), [VpnProtocol::Sstp]);
    assert_eq!(entry.redial_attempts, 0);
}

#[test]
fn the_device_is_found_by_whatever_a_person_calls_it() {
    let of = |device| {
        let entry = Entry::for_number("1", device);
        (entry.device_type, entry.vpn_strategy, entry.device_name)
    };
    let vpn = |strategy, name: &str| (DeviceType::Vpn, strategy, name.to_owned());
    assert_eq!(of("WAN Miniport (IKEv2)"), vpn(VpnStrategy::Ikev2Only, "WAN Miniport (IKEv2)"));
    assert_eq!(of("l2TP"), vpn(VpnStrategy::L2tpOnly, "WAN Miniport (L2TP)"));
    assert_eq!(of(""), vpn(VpnStrategy::Default, "WAN Miniport (SSTP)"));
    assert_eq!(of("pppoe").0, DeviceType::PppoE);
    assert_eq!(of("isdn").0, DeviceType::Isdn);
    assert_eq!((of("modem").0, of("modem").2), (DeviceType::Modem, String::new()));
    assert_eq!((of("USB modem").0, of("USB modem").2), (DeviceType::Modem, "USB modem".into()));
}

#[test]
fn a_number_names_host_and_port() {
    for (number, host, port) in [
        ("vpn.example.net", "vpn.example.net", 443),
        (" vpn.example.net. ", "vpn.example.net", 443),
        ("vpn.example.net:8443", "vpn.example.net", 8443),
        ("localhost:1", "localhost", 1),
        ("192.0.2.1:65535", "192.0.2.1", 65535),
        ("2001:db8::1", "2001:db8::1", 443),
        ("[::1]:443", "::1", 443),
        ("[2001:db8::1]", "2001:db8::1", 443),
        ("[fe80::1%eth0]:4433", "fe80::1%eth0", 4433),
        ("a_b-c.example", "a_b-c.example", 443),
    ] {
        assert_eq!(parse_server(number), Ok((host.to_owned(), port)), "{number}");
    }
}

#[test]
fn a_number_that_names_no_server_is_refused_with_the_reason() {
    for (number, error) in [
        ("", ServerError::Empty),
        ("  ", ServerError::Empty),
        (":443", ServerError::Empty),
        ("https://vpn.example.net", ServerError::Url),
        ("vpn example", ServerError::Character(' ')),
        ("vpn.example.net/path", ServerError::Character('/')),
        ("bücher.example", ServerError::Character('ü')),
        ("a..b", ServerError::Part),
        ("-a.example", ServerError::Part),
        ("vpn.example.net:", ServerError::Port),
        ("vpn.example.net:0", ServerError::Port),
        ("vpn.example.net:65536", ServerError::Port),
        ("vpn.example.net:+1", ServerError::Port),
        ("192.0.2.256", ServerError::Ipv4("192.0.2.256".into())),
        ("5550100", ServerError::Ipv4("5550100".into())),
        ("[::1", ServerError::Brackets),
        ("[::1]443", ServerError::Brackets),
        ("[vpn.example.net]:443", ServerError::Brackets),
        ("2001:db8::1::2", ServerError::Brackets),
        ("[fe80::1%]:443", ServerError::Brackets),
    ] {
        assert_eq!(parse_server(number), Err(error), "{number}");
    }
    assert_eq!(parse_server(&"a".repeat(64)), Err(ServerError::Part));
    assert_eq!(parse_server(&"a.".repeat(200)), Err(ServerError::Part));
}

#[test]
fn every_problem_is_found_and_has_a_code() {
    type Damage = fn(&mut Entry);
    let damages: [(Damage, RasCode); 18] = [
        (|e| e.name.clear(), RasCode::INVALID_NAME),
        (|e| e.name = " a".into(), RasCode::INVALID_NAME),
        (|e| e.name = "x".repeat(257), RasCode::INVALID_NAME),
        (|e| e.name = "a\nb".into(), RasCode::CORRUPT_PHONEBOOK),
        (|e| e.phone_numbers.clear(), RasCode::BAD_PHONE_NUMBER),
        (|e| e.phone_numbers.push("a b".into()), RasCode::BAD_PHONE_NUMBER),
        (|e| e.auth = AuthRestrictions::from_bits(1), RasCode::CORRUPT_PHONEBOOK),
        (|e| (e.ipv4.enabled, e.ipv6.enabled) = (false, false), RasCode::CORRUPT_PHONEBOOK),
        (|e| e.trust = Trust::CaPem(String::new()), RasCode::VPN_BAD_CERT),
        (|e| e.server_name = Some("a b".into()), RasCode::VPN_BAD_CERT),
        (|e| e.interface_name = Some("tun%d".into()), RasCode::CORRUPT_PHONEBOOK),
        (|e| e.interface_name = Some("x".repeat(16)), RasCode::CORRUPT_PHONEBOOK),
        (|e| e.netns = Some("../etc".into()), RasCode::CORRUPT_PHONEBOOK),
        (|e| e.dns_domains = vec!["a..b".into()], RasCode::CORRUPT_PHONEBOOK),
        (|e| e.mtu = Some(575), RasCode::CORRUPT_PHONEBOOK),
        (|e| e.mtu = Some(1279), RasCode::CORRUPT_PHONEBOOK),
        (|e| e.hangup_budget = Some(Duration::from_secs(61)), RasCode::CORRUPT_PHONEBOOK),
        (|e| e.redial_pause = Duration::ZERO, RasCode::CORRUPT_PHONEBOOK),
    ];
    for (index, (damage, code)) in damages.into_iter().enumerate() {
        let mut entry = office();
        damage(&mut entry);
        let problems = entry.problems();
        assert_eq!(problems.len(), 1, "damage {index}: {problems:?}");
        assert_eq!(problems[0].code(), code, "damage {index}");
        assert!(!problems[0].to_string().ends_with('.'), "damage {index}");
    }
}

#[test]
fn a_small_mtu_is_fine_without_ipv6() {
    let mut entry = office();
    entry.mtu = Some(1000);
    entry.ipv6.enabled = false;
    assert_eq!(entry.problems(), []);
}

#[test]
fn the_restrictions_of_the_specification_are_read_as_it_reads_them() {
    use AuthMethod::{Chap, Eap, MsChap2, Pap};
    let methods = |bits| AuthRestrictions::from_bits(bits).methods().collect::<Vec<_>>();
    assert_eq!(methods(544), [Chap, MsChap2]);
    assert_eq!(methods(128), [Eap]);
    assert_eq!(methods(640), [Eap, MsChap2]);
    assert_eq!(methods(552), [Pap, Chap, MsChap2]);
    assert_eq!(AuthRestrictions::DIAL_UP.bits(), 552);
    assert_eq!(AuthRestrictions::MSCHAP2_ONLY.bits(), 512);
    assert!(AuthRestrictions::from_bits(0x7).is_empty());
}

#[test]
fn numbers_of_the_book_lead_back_to_what_they_came_from() {
    for strategy in VpnStrategy::ALL {
        assert_eq!(VpnStrategy::from_value(strategy.value()), Some(strategy));
        assert!(!strategy.order().is_empty());
    }
    for protocol in VpnProtocol::ALL {
        assert_eq!(protocol.only().order(), [protocol]);
        assert_eq!(VpnProtocol::from_text(protocol.device_name()), Some(protocol));
    }
    for encryption in Encryption::ALL {
        assert_eq!(Encryption::from_value(encryption.value()), Some(encryption));
    }
    for device in DeviceType::ALL {
        assert_eq!(DeviceType::from_text(&device.text().to_lowercase()), Some(device));
    }
    for kind in EntryType::ALL {
        assert_eq!(EntryType::from_value(kind.value()), Some(kind));
    }
    assert_eq!(VpnStrategy::from_value(10), None);
    assert_eq!(Encryption::from_value(1), None);
    assert_eq!(DeviceType::from_text("fax"), None);
}

#[test]
fn a_prefix_is_read_as_it_is_written() {
    for (text, shown) in [
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("192.0.2.1", "192.0.2.1/32"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("::/0", "::/0"),
        ("::1", "::1/128"),
    ] {
        let prefix: Prefix = text.parse().unwrap();
        assert_eq!(prefix.to_string(), shown);
        assert_eq!(shown.parse(), Ok(prefix));
    }
    for bad in ["", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "::/129", "10.0.0/8", "x/1"] {
        assert!(bad.parse::<Prefix>().is_err(), "{bad}");
    }
    let net: Prefix = "10.0.0.0/8".parse().unwrap();
    let within = |text: &str| net.contains(text.parse::<IpAddr>().unwrap());
    assert!(within("10.255.0.1") && !within("11.0.0.0") && !within("::a00:0"));
}

#[test]
fn an_entry_travels_as_json_and_what_is_missing_takes_its_default() {
    let mut entry = office();
    entry.trust = Trust::PinSha256([7; 32]);
    entry.guid = Some([9; 16]);
    entry.ipv6.dns.push("2001:db8::53".parse().unwrap());
    entry.routes.push("10.0.0.0/8".parse().unwrap());
    entry.idle_disconnect = Some(Duration::from_secs(300));
    let text = serde_json::to_string(&entry).unwrap();
    assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);

    let sparse = r#"{"name":"office","phone_numbers":["vpn.example.net"],"news":1}"#;
    assert_eq!(serde_json::from_str::<Entry>(sparse).unwrap(), office());
}

proptest! {
    #[test]
    fn no_number_makes_it_panic(number in any::<String>(), device in any::<String>()) {
        let entry = Entry::for_number(&number, &device);
        let named = entry.server().is_ok();
        let faulty = entry.problems().iter().any(|p| matches!(p, Problem::NumberBad { .. }));
        prop_assert!(!(named && faulty));
    }

    #[test]
    fn a_host_that_is_accepted_is_accepted_again(number in "[a-z0-9.:\\[\\]%-]{0,40}") {
        if let Ok((host, port)) = parse_server(&number) {
            let again = if host.contains(':') {
                format!("[{host}]:{port}")
            } else {
                format!("{host}:{port}")
            };
            prop_assert_eq!(parse_server(&again), Ok((host, port)));
        }
    }

    #[test]
    fn every_prefix_survives_its_text(address in any::<IpAddr>(), len in 0u8..=128) {
        if let Ok(prefix) = Prefix::new(address, len) {
            prop_assert_eq!(prefix.to_string().parse(), Ok(prefix));
            prop_assert!(prefix.contains(address));
        } else {
            prop_assert!(address.is_ipv4() && len > 32);
        }
    }
}
