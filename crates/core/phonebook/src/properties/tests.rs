//! Properties of real books and of none, written and read back.

use std::net::{Ipv4Addr, Ipv6Addr};

use onhook_model::{AuthMethod, DeviceType, Encryption, RasCode, VpnStrategy};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::{EditError, PhoneBook};

const BOOKS: [&[u8]; 7] = [
    include_bytes!("../../tests/data/sstp.pbk"),
    include_bytes!("../../tests/data/vpn.pbk"),
    include_bytes!("../../tests/data/pppoe.pbk"),
    include_bytes!("../../tests/data/modem.pbk"),
    include_bytes!("../../tests/data/multilink.pbk"),
    include_bytes!("../../tests/data/by_hand.pbk"),
    include_bytes!("../../tests/data/windows_1252.pbk"),
];
const MODEM: &[u8] = include_bytes!("../../tests/data/modem.pbk");
const MULTILINK: &[u8] = include_bytes!("../../tests/data/multilink.pbk");
const IDENTITY: NewIdentity = NewIdentity { guid: [0xA5; 16], dial_params_uid: 4711 };

fn office() -> EntryProperties {
    EntryProperties { phone_number: "vpn.example.net".into(), ..EntryProperties::default() }
}

fn with(properties: &EntryProperties) -> PhoneBook {
    let mut book = PhoneBook::new();
    book.set_properties("office", properties, &IDENTITY).unwrap();
    book
}

fn text(book: &PhoneBook) -> String {
    String::from_utf8(book.to_bytes()).unwrap()
}

#[test]
fn writing_back_what_was_read_changes_nothing() {
    let mut same = 0;
    for bytes in BOOKS {
        let mut book = PhoneBook::parse(bytes).unwrap();
        for name in book.entry_names() {
            let Ok(read) = book.properties(&name) else { continue };
            if read.check().is_err() {
                continue;
            }
            book.identify(&name, &IDENTITY).unwrap();
            let before = book.to_bytes();
            book.set_properties(&name, &read, &IDENTITY).unwrap();
            let found = EntryProperties { guid: read.guid, ..book.properties(&name).unwrap() };
            assert_eq!(found, read.settled(), "{name}");
            if read == read.settled() {
                assert_eq!(book.to_bytes(), before, "{name}");
                same += 1;
            }
        }
    }
    assert!(same >= 8, "{same} entries");
}

#[test]
fn b147_a_new_entry_is_made_and_one_that_is_there_is_changed() {
    let mut book = with(&office());
    let made = book.properties("office").unwrap();
    assert_eq!((made.guid, made.subentries), ([0xA5; 16], 1));
    assert_eq!(book.dial_params_uid("office").unwrap(), Some(4711));
    let mut changed = made.clone();
    changed.redial_count = 7;
    let other = NewIdentity { guid: [1; 16], dial_params_uid: 1 };
    book.set_properties("OFFICE", &changed, &other).unwrap();
    assert_eq!(book.entry_names(), ["office"]);
    let again = book.properties("office").unwrap();
    assert_eq!((again.redial_count, again.guid), (7, [0xA5; 16]));
    assert_eq!(book.dial_params_uid("office").unwrap(), Some(4711));
}

#[test]
fn b144_the_defaults_of_a_new_entry_need_a_number_and_nothing_else() {
    let defaults = EntryProperties::default();
    assert_eq!(defaults.check().unwrap_err().member, "szLocalPhoneNumber");
    assert_eq!(defaults.subentries, 0);
    assert_eq!(office().check(), Ok(()));
    assert_eq!(office().settled(), office());
    let (entry, warnings) = with(&office()).entry("office").unwrap();
    assert_eq!((entry.problems(), warnings), (vec![], vec![]));
}

#[test]
fn b148_what_makes_no_sense_is_refused_and_nothing_is_written() {
    type Damage = (&'static str, fn(&mut EntryProperties));
    let damages: [Damage; 13] = [
        ("szDeviceType", |p| p.device_type.clear()),
        ("szDeviceType", |p| p.device_type = "fax".into()),
        ("szDeviceName", |p| p.device_name = "  ".into()),
        ("szLocalPhoneNumber", |p| p.phone_number.clear()),
        ("dwFramingProtocol", |p| p.framing_protocol = 0),
        ("dwFramingProtocol", |p| p.framing_protocol = 2),
        ("dwfOptions", |p| p.options |= option::UNDEFINED),
        ("dwType", |p| p.entry_type = 0),
        ("dwType", |p| p.entry_type = 6),
        ("dwEncryptionType", |p| p.encryption_type = 4),
        ("dwVpnStrategy", |p| p.vpn_strategy = 10),
        ("dwRedialCount", |p| p.redial_count = 100),
        ("dwfNetProtocols", |p| p.net_protocols = 16),
    ];
    for (member, damage) in damages {
        let mut properties = office();
        damage(&mut properties);
        let mut book = PhoneBook::new();
        let error = book.set_properties("office", &properties, &IDENTITY).unwrap_err();
        assert!(matches!(&error, EditError::Property(bad) if bad.member == member), "{error}");
        assert_eq!(error.code(), RasCode::INVALID_PARAMETER);
        assert_eq!(book.to_bytes(), b"");
    }
    let mut split = office();
    split.dns_suffix = "a\r\n[home]\r\nb".into();
    let mut book = with(&office());
    let before = book.to_bytes();
    assert!(book.set_properties("office", &split, &IDENTITY).is_err());
    assert!(book.set_properties("home", &split, &IDENTITY).is_err());
    assert_eq!(book.to_bytes(), before);
}

#[test]
fn b150_what_is_set_is_what_a_dial_does() {
    let mut properties = office();
    properties.vpn_strategy = 5;
    properties.alternates = vec!["backup.example.net".into()];
    properties.options |= option::SPECIFIC_IP_ADDR | option::SPECIFIC_NAME_SERVERS;
    properties.options &= !option::REMOTE_DEFAULT_GATEWAY;
    properties.ipv4_address = "192.0.2.10".parse().unwrap();
    properties.ipv4_dns[0] = "192.0.2.1".parse().unwrap();
    properties.options2 |= option2::RECONNECT_IF_DROPPED | option2::IPV4_EXPLICIT_METRIC;
    properties.ipv4_metric = 42;
    properties.net_protocols = 4;
    properties.encryption_type = 2;
    properties.idle_disconnect_seconds = 300;
    properties.redial_pause = 5;
    properties.dns_suffix = "corp.example".into();
    let (entry, warnings) = with(&properties).entry("office").unwrap();
    assert_eq!(warnings, []);
    assert_eq!(entry.device_type, DeviceType::Vpn);
    assert_eq!(entry.phone_numbers, ["vpn.example.net", "backup.example.net"]);
    assert_eq!(entry.vpn_strategy, VpnStrategy::SstpOnly);
    assert_eq!(entry.ipv4.address, Some(Ipv4Addr::new(192, 0, 2, 10)));
    assert_eq!(entry.ipv4.dns, [Ipv4Addr::new(192, 0, 2, 1)]);
    assert_eq!((entry.ipv4.default_route, entry.ipv4.metric), (false, Some(42)));
    assert!(!entry.ipv6.enabled && entry.redial_on_link_failure);
    assert_eq!(entry.encryption, Encryption::Strongest);
    assert_eq!(entry.idle_disconnect.unwrap().as_secs(), 300);
    assert_eq!(entry.redial_pause.as_secs(), 5);
    assert_eq!(entry.dns_suffix.as_deref(), Some("corp.example"));
}

#[test]
fn flags_of_authentication_that_contradict_each_other_are_settled() {
    let methods = |options: u32| {
        let bits = option::REQUIRE_MSCHAP2 | option::REQUIRE_ENCRYPTED_PW;
        let mut properties = office();
        properties.options = properties.options & !bits | options;
        let book = with(&properties);
        let read = book.properties("office").unwrap();
        assert_eq!(read.options, properties.settled().options);
        book.entry("office").unwrap().0.auth.methods().collect::<Vec<_>>()
    };
    use AuthMethod::{Chap, Eap, MsChap, MsChap2, Pap};
    let plain = option::REQUIRE_PAP | option::REQUIRE_SPAP | option::REQUIRE_CHAP;
    assert_eq!(methods(option::REQUIRE_MS_ENCRYPTED_PW | plain), [MsChap2]);
    let version_1 = option::REQUIRE_MS_ENCRYPTED_PW | option::REQUIRE_MSCHAP | plain;
    assert_eq!(methods(version_1), [MsChap]);
    assert_eq!(methods(option::REQUIRE_ENCRYPTED_PW), [Chap, MsChap2]);
    assert_eq!(methods(option::REQUIRE_ENCRYPTED_PW | option::REQUIRE_PAP), [Pap]);
    assert_eq!(methods(option::REQUIRE_EAP), [Eap]);
    assert_eq!(methods(0), [MsChap2], "what a VPN entry allows that does not say more");
    let both = option::REQUIRE_MS_ENCRYPTED_PW | option::REQUIRE_ENCRYPTED_PW;
    let mut properties = office();
    properties.options |= both;
    let read = with(&properties).properties("office").unwrap();
    assert_eq!(read.options & both, option::REQUIRE_MS_ENCRYPTED_PW);
}

#[test]
fn b161_unknown_keys_their_order_and_spelling_survive() {
    let text = "; mine\r\n[Office]\r\nencoding=1\r\nguid=00112233445566778899AABBCCDDEEFF\r\n\
                DialParamsUID=5\r\nNewKey= odd  value\r\nredialATTEMPTS=3\r\n\r\nMEDIA=rastapi\r\n\
                Port=VPN3-0\r\nDevice=WAN Miniport (SSTP)\r\nMediaKey=1\r\n\r\nDEVICE=vpn\r\n\
                PhoneNumber=vpn.example.net\r\nOther=2\r\n\r\n; behind\r\n";
    let mut book = PhoneBook::parse(text.as_bytes()).unwrap();
    let mut properties = book.properties("office").unwrap();
    properties.redial_count = 9;
    properties.alternates.push("b.example.net".into());
    book.set_properties("office", &properties, &IDENTITY).unwrap();
    let expected = text
        .replace("redialATTEMPTS=3", "redialATTEMPTS=9")
        .replace("net\r\nOther", "net\r\nPhoneNumber=b.example.net\r\nOther");
    assert_eq!(self::text(&book), expected);
}

#[test]
fn a_modems_chain_is_read_and_changed_in_its_groups() {
    let mut book = PhoneBook::parse(MODEM).unwrap();
    let mut p = book.properties("lab modem").unwrap();
    assert_eq!((p.country_id, p.country_code, p.area_code.as_str()), (49, 49, "030"));
    assert_eq!(
        (p.phone_number.as_str(), p.alternates.as_slice()),
        ("5550100", &["5550101".into()][..])
    );
    assert_ne!(p.options & option::TERMINAL_BEFORE_DIAL, 0);
    assert_ne!(p.options & option::PROMOTE_ALTERNATES, 0);
    assert_eq!(p.options & option::USE_COUNTRY_AND_AREA_CODES, 0);
    p.options |= option::USE_COUNTRY_AND_AREA_CODES;
    p.options &= !option::TERMINAL_BEFORE_DIAL;
    p.area_code = "089".into();
    p.script = "login.txt".into();
    p.x25.pad_type = "Infonet".into();
    p.device_name = "/dev/ttyUSB0".into();
    book.set_properties("lab modem", &p, &IDENTITY).unwrap();
    let read = book.properties("lab modem").unwrap();
    assert_eq!(EntryProperties { guid: p.guid, ..read }, p.settled());
    let text = text(&book);
    assert!(text.contains("AreaCode=089\r\nCountryCode=49\r\nCountryID=49\r\nUseDialingRules=1"));
    assert!(text.contains("DEVICE=switch\r\nTerminal=0"));
    let chain = "Speaker=1\r\n\r\nDEVICE=pad\r\nX25Pad=Infonet\r\n\r\n\
                 DEVICE=switch\r\nName=login.txt\r\nScript=1";
    assert!(text.contains(chain), "{text}");
    // The name told no port before, so the port is the person's.
    assert!(text.contains("Port=COM1"));
    assert_eq!(book.entry("lab modem").unwrap().0.phone_numbers, ["5550100", "5550101"]);
}

#[test]
fn a_device_that_is_a_line_or_on_an_interface_brings_its_port() {
    let mut line = office();
    line.device_type = "modem".into();
    line.device_name = "/dev/ttyUSB0".into();
    line.phone_number = "5550100".into();
    line.entry_type = 1;
    assert_eq!(with(&line).entry("office").unwrap().0.port, "/dev/ttyUSB0");

    let mut broadband = office();
    broadband.device_type = "pppoe".into();
    broadband.device_name = "onhook eth0 (PPPOE)".into();
    broadband.phone_number.clear();
    broadband.entry_type = 5;
    let mut book = with(&broadband);
    let (entry, _) = book.entry("office").unwrap();
    assert_eq!((entry.device_type, entry.port.as_str()), (DeviceType::PppoE, "eth0"));
    broadband.device_name = "onhook (PPPOE)".into();
    book.set_properties("office", &broadband, &IDENTITY).unwrap();
    assert_eq!(book.entry("office").unwrap().0.port, "");
}

fn channel(number: &str) -> Subentry {
    Subentry {
        device_type: "isdn".into(),
        device_name: "Lab ISDN card".into(),
        phone_number: number.into(),
        alternates: vec!["5550209".into()],
    }
}

#[test]
fn b137_links_are_set_added_and_taken_out() {
    let mut book = PhoneBook::parse(MULTILINK).unwrap();
    let name = "two channels";
    assert_eq!(book.properties(name).unwrap().subentries, 2);
    assert_eq!(book.subentries(name).unwrap()[1].phone_number, "5550202");
    book.set_subentry(name, 2, &channel("5550222")).unwrap();
    assert!(
        text(&book)
            .contains("PhoneNumber=5550222\r\nPhoneNumber=5550209\r\nLineType=0\r\nFallback=1")
    );
    book.set_subentry(name, 3, &channel("5550203")).unwrap();
    assert_eq!(book.properties(name).unwrap().subentries, 3);
    assert_eq!(book.subentries(name).unwrap()[2], channel("5550203"));
    for number in [0, 5, u32::MAX] {
        let refused = book.set_subentry(name, number, &channel("1")).unwrap_err();
        assert_eq!(refused.code(), RasCode::INVALID_PARAMETER);
        assert!(book.remove_subentry(name, number).is_err());
    }
    book.remove_subentry(name, 1).unwrap();
    let numbers: Vec<_> =
        book.subentries(name).unwrap().into_iter().map(|link| link.phone_number).collect();
    assert_eq!(numbers, ["5550222", "5550203"]);
    assert_eq!(book.entry(name).unwrap().0.further_links.len(), 1);
    book.remove_subentry(name, 2).unwrap();
    assert_eq!(book.remove_subentry(name, 1), Err(EditError::NoLink(1)), "the only one");
    assert_eq!(book.properties(name).unwrap().phone_number, "5550222");
}

#[test]
fn settings_of_an_eap_method_are_kept_to_the_octet() {
    let mut book = with(&office());
    let before = book.to_bytes();
    assert_eq!(book.custom_auth_data("office").unwrap(), b"");
    for len in [1, 128, 129, 1000] {
        let data: Vec<u8> = (0..len).map(|at: u32| at.to_le_bytes()[0]).collect();
        book.set_custom_auth_data("office", &data).unwrap();
        assert_eq!(book.custom_auth_data("OFFICE").unwrap(), data);
        let again = PhoneBook::parse(&book.to_bytes()).unwrap();
        assert_eq!(again.custom_auth_data("office").unwrap(), data);
    }
    book.set_custom_auth_data("office", b"").unwrap();
    assert_eq!(book.to_bytes(), before);
    assert!(book.set_custom_auth_data("home", b"x").is_err());
    assert!(book.set_custom_auth_data("office", &[0; (1 << 20) + 1]).is_err());
}

prop_compose! {
    fn texts()(texts in vec("[ -~äß]{0,20}", 16)) -> Vec<String> { texts }
}

prop_compose! {
    fn any_properties()(
        (options, options2, options3) in (any::<u32>(), any::<u32>(), any::<u32>()),
        texts in texts(),
        alternates in vec("[0-9a-z.]{0,12}", 0..4),
        (v4, v6) in (any::<[[u8; 4]; 5]>(), any::<[[u8; 16]; 3]>()),
        small in any::<[u8; 12]>(),
        wide in any::<[u32; 9]>(),
        flags in any::<[bool; 2]>(),
        (device, kind) in (0..DeviceType::ALL.len(), 1..6u32),
    ) -> EntryProperties {
        let text = |at: usize| texts[at].clone();
        let [address, dns, dns_alt, wins, wins_alt] = v4.map(Ipv4Addr::from);
        let [address6, dns6, dns6_alt] = v6.map(Ipv6Addr::from);
        let small = small.map(u32::from);
        EntryProperties {
            options: options & !option::UNDEFINED,
            options2, options3,
            country_id: wide[0],
            country_code: wide[1],
            area_code: text(0),
            phone_number: format!("n{}", text(1)),
            alternates,
            ipv4_address: address,
            ipv4_dns: [dns, dns_alt],
            ipv4_wins: [wins, wins_alt],
            frame_size: wide[2],
            net_protocols: small[0] % 16,
            framing_protocol: 1,
            script: text(2),
            autodial_dll: text(3),
            autodial_function: text(4),
            device_type: DeviceType::ALL[device].text().to_uppercase(),
            device_name: format!("d{}", text(5)),
            x25: X25 { pad_type: text(6), address: text(7), facilities: text(8), user_data: text(9) },
            channels: wide[3],
            subentries: wide[4],
            dial_mode: small[1] % 3,
            dial_extra: Threshold { percent: small[2] % 101, seconds: small[3] },
            hang_up_extra: Threshold { percent: small[4] % 101, seconds: small[5] },
            idle_disconnect_seconds: wide[4],
            entry_type: kind,
            encryption_type: small[6] % 4,
            custom_auth_key: wide[5],
            guid: [3; 16],
            custom_dial_dll: text(10),
            vpn_strategy: small[7] % 10,
            dns_suffix: text(11),
            tcp_window_size: wide[6],
            prerequisite_book: text(12),
            prerequisite_entry: text(13),
            redial_count: small[8] % 100,
            redial_pause: small[9],
            ipv6_dns: [dns6, dns6_alt],
            ipv4_metric: wide[7],
            ipv6_metric: wide[8],
            ipv6_address: address6,
            ipv6_prefix_len: small[10] % 129,
            network_outage_minutes: small[11],
            ike_initiator: text(14),
            ike_responder: text(15),
            is_ims: flags[0],
            ike_initiator_type: wide[2],
            ike_responder_type: wide[3],
            no_ike_fragmentation: flags[1],
        }
    }
}

proptest! {
    // Each of them writes three times some hundred keys.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn b150_every_member_is_read_back(properties in any_properties(), other in any_properties()) {
        let mut book = PhoneBook::parse(MODEM).unwrap();
        let home = book.properties("lab modem").unwrap();
        for target in [&properties, &other, &properties] {
            book.set_properties("office", target, &IDENTITY).unwrap();
            let read = book.properties("office").unwrap();
            let expected = EntryProperties {
                guid: IDENTITY.guid,
                subentries: 1,
                ..target.settled()
            };
            prop_assert_eq!(&read, &expected);
            prop_assert_eq!(read.settled(), expected, "settled is settled");
            prop_assert_eq!(book.properties("lab modem").unwrap(), home.clone());
            let again = PhoneBook::parse(&book.to_bytes()).unwrap();
            prop_assert_eq!(&again, &book);
            // Once more is no change at all.
            book.set_properties("office", &read, &IDENTITY).unwrap();
            prop_assert_eq!(&again, &book);
        }
    }

    #[test]
    fn a_link_is_read_back(name in "[ -~]{1,20}", number in "[0-9]{1,9}", others in vec("[0-9]{0,5}", 0..4)) {
        let link = Subentry { device_type: "Modem".into(), device_name: format!("m{name}"),
            phone_number: number, alternates: others };
        let mut book = with(&office());
        for at in [1, 2, 2, 3] {
            book.set_subentry("office", at, &link).unwrap();
            let found = &book.subentries("office").unwrap()[at as usize - 1];
            prop_assert_eq!(found, &link.settled());
        }
        book.remove_subentry("office", 2).unwrap();
        prop_assert_eq!(book.subentries("office").unwrap(), vec![link.settled(), link.settled()]);
    }
}
