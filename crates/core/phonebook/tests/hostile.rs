//! Bytes that are no phone book, or were made to hurt.

use onhook_model::{DeviceType, DialMode, Entry, FurtherLink, IpSettings, RasCode, Trust};
use onhook_phonebook::{BookError, Fault, MAX_FILE, MAX_LINE, MAX_LINES, PhoneBook};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn refused(bytes: &[u8]) -> (Option<usize>, Fault) {
    let BookError { line, fault } = PhoneBook::parse(bytes).unwrap_err();
    (line, fault)
}

#[test]
fn what_is_no_phone_book_is_refused_with_its_line() {
    assert_eq!(refused(b"\xFF\xFE[\0a\0]\0"), (Some(1), Fault::Utf16));
    assert_eq!(refused(b"\xFE\xFF\0[\0a\0]"), (Some(1), Fault::Utf16));
    assert_eq!(refused(b"[a]\nx=1\ny=\0\n"), (Some(3), Fault::Nul));
    assert_eq!(refused(b"[a\r\n"), (Some(1), Fault::OpenName));
    assert_eq!(refused(b"\r\n[ ]\r\n"), (Some(2), Fault::EmptyName));
    assert_eq!(refused(b"[a]\n\nthis is not a key\n"), (Some(3), Fault::Junk));
    assert_eq!(refused(b"[a]\n=1\n"), (Some(2), Fault::Junk));
    assert_eq!(refused(b"; fine\nx=1\n[a]\n"), (Some(2), Fault::Homeless));
    assert_eq!(refused(b"\x7FELF\x02\x01\x01"), (Some(1), Fault::Junk));
    let error = PhoneBook::parse(b"[a]\njunk").unwrap_err();
    assert_eq!(error.to_string(), "line 2: expected “[name]”, “Key=value” or a comment");
    assert_eq!(error.code(), RasCode::CORRUPT_PHONEBOOK);
}

#[test]
fn the_limits_hold_to_the_octet() {
    let long = |len: usize| [b"[a]\nx=".as_slice(), &b"y".repeat(len - 2), b"\n"].concat();
    assert!(PhoneBook::parse(&long(MAX_LINE)).is_ok());
    let (line, fault) = refused(&long(MAX_LINE + 1));
    assert_eq!((line, fault), (Some(2), Fault::LineTooLong { len: MAX_LINE + 1, max: MAX_LINE }));

    assert!(PhoneBook::parse(&b"\n".repeat(MAX_LINES)).is_ok());
    let (line, fault) = refused(&b"\n".repeat(MAX_LINES + 1));
    assert_eq!((line, fault), (Some(MAX_LINES + 1), Fault::TooManyLines { max: MAX_LINES }));

    // N-PBK-01: a book of 64 MiB without a line end is not even looked at.
    let (line, fault) = refused(&b"x".repeat(64 << 20));
    assert_eq!((line, fault), (None, Fault::FileTooLong { len: 64 << 20, max: MAX_FILE }));
}

#[test]
fn small_books_of_odd_forms_are_kept_as_they_are() {
    for bytes in [
        b"".as_slice(),
        b"\n",
        b"\r\n",
        b"[a]",
        b"[a]\n",
        b"[a]\r\nx=1",
        b"\xEF\xBB\xBF[a]\r\nx=1\r\n",
        b"[a]\nx=1\r\ny=2\n",
        b"  [ a ] trailing\n\tx = = y \n",
        b"# only a comment",
        b"[a]\r\n[a]\r\n[A]\r\n",
        b"[a]\nMEDIA=\nDEVICE=\nDEVICE=vpn\nmedia=x\n",
    ] {
        let book = PhoneBook::parse(bytes).unwrap();
        assert_eq!(book.to_bytes(), bytes);
        for name in book.entry_names() {
            assert!(book.contains(&name));
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    let bytes = b"\xEF\xBB\xBF[a]\r\nMEDIA=rastapi\r\nDEVICE=vpn\r\nPhoneNumber=x\r\n";
    let mut book = PhoneBook::parse(bytes).unwrap();
    let (mut entry, _) = book.entry("a").unwrap();
    entry.redial_attempts = 1;
    book.set_entry(&entry).unwrap();
    assert!(book.to_bytes().starts_with(b"\xEF\xBB\xBF[a]\r\nRedialAttempts=1\r\nMEDIA"));
}

#[test]
fn groups_in_an_odd_order_can_still_be_changed() {
    for bytes in [
        b"[a]\nDEVICE=vpn\nPhoneNumber=x\nMEDIA=rastapi\n".as_slice(),
        b"[a]\nDEVICE=vpn\nPhoneNumber=x\n",
        b"[a]\nMEDIA=rastapi\nMEDIA=rastapi\nDEVICE=vpn\n",
        b"[a]\nPhoneNumber=x\nMEDIA=rastapi\nDEVICE=switch\n",
    ] {
        let mut book = PhoneBook::parse(bytes).unwrap();
        let mut entry = Entry::new("a", DeviceType::Modem);
        entry.device_name = "m".to_owned();
        entry.port = "ttyUSB0".to_owned();
        entry.phone_numbers = vec!["1".to_owned(), "2".to_owned()];
        book.set_entry(&entry).unwrap();
        assert_eq!(book.entry("a").unwrap().0, entry);
    }
}

/// A line as it may stand in a book, or may not.
fn line() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        Just("MEDIA".to_owned()),
        Just("DEVICE".to_owned()),
        Just("Device".to_owned()),
        Just("PhoneNumber".to_owned()),
        Just("AreaCode".to_owned()),
        Just("Encoding".to_owned()),
        Just("ExcludedProtocols".to_owned()),
        Just("IpAssign".to_owned()),
        Just("IpAddress".to_owned()),
        Just("Routes".to_owned()),
        Just("OnhookPinSha256".to_owned()),
        Just("OnhookCaFile".to_owned()),
        Just("OnhookInsecure".to_owned()),
        Just("OnhookRoutes".to_owned()),
        Just("VpnStrategy".to_owned()),
        Just("AuthRestrictions".to_owned()),
        "[A-Za-z]{1,12}",
    ];
    let value = prop_oneof![
        Just("vpn".to_owned()),
        Just("rastapi".to_owned()),
        Just("192.0.2.1".to_owned()),
        "-?[0-9]{0,6}",
        "[0-9A-F]{0,80}",
        ".{0,20}".prop_map(|text: String| text.replace(['\0', '\n', '\r'], " ")),
    ];
    prop_oneof![
        6 => (key, value).prop_map(|(key, value)| format!("{key}={value}")),
        1 => "\\[[a-c]\\]",
        1 => "[;#].{0,10}".prop_map(|text: String| text.replace(['\0', '\n', '\r'], " ")),
        1 => Just(String::new()),
    ]
}

fn book() -> impl Strategy<Value = Vec<u8>> {
    let ending = prop_oneof![Just("\r\n"), Just("\n")];
    (vec((line(), ending), 0..40), any::<bool>()).prop_map(|(lines, ended)| {
        let mut text = "[a]\r\n".to_owned();
        for (line, ending) in lines {
            text += &line;
            text += ending;
        }
        if !ended {
            let len = text.trim_end_matches(['\r', '\n']).len();
            text.truncate(len);
        }
        text.into_bytes()
    })
}

fn text() -> impl Strategy<Value = Option<String>> {
    option::of("[A-Za-z0-9äŁ.:/-]{1,20}")
}

prop_compose! {
    fn families()(
        v4 in any::<bool>(),
        v6 in any::<bool>(),
        route in any::<bool>(),
        metric in option::of(1u32..),
        own4 in option::of(1u32..),
        dns4 in vec(1u32.., 0..3),
        own6 in option::of(1u128..),
        len in option::of(1u8..=128),
        dns6 in vec(1u128.., 0..3),
    ) -> (IpSettings<std::net::Ipv4Addr>, IpSettings<std::net::Ipv6Addr>) {
        let mut ipv4 = IpSettings { enabled: v4, default_route: route, ..IpSettings::default() };
        ipv4.address = own4.map(Into::into);
        ipv4.dns = dns4.into_iter().map(Into::into).collect();
        let mut ipv6 = IpSettings { enabled: v6, metric, ..IpSettings::default() };
        ipv6.address = own6.map(Into::into);
        ipv6.prefix_len = len;
        ipv6.dns = dns6.into_iter().map(Into::into).collect();
        (ipv4, ipv6)
    }
}

prop_compose! {
    fn entry()(
        device in prop::sample::select(DeviceType::ALL.as_slice()),
        names in (text(), text(), text(), text(), text()),
        numbers in vec("[a-z0-9.:]{1,12}", 0..4),
        (ipv4, ipv6) in families(),
        routes in vec((any::<u32>(), 0u8..=32), 0..4),
        auth in 8u32..0x1FFF,
        trust in 0u8..4,
        pin in any::<[u8; 32]>(),
        guid in option::of(any::<[u8; 16]>()),
        further in vec((text(), option::of(1u32..), vec("[a-z0-9.:]{1,12}", 0..3)), 0..3),
        mode in 0u32..3,
        counts in (0u32..100, 1u64..600, option::of(576u16..=9000), option::of(1u32..1000)),
    ) -> Entry {
        // A PAD in a chain of several devices is never the one that is dialed with.
        let device = if device == DeviceType::Pad { DeviceType::X25 } else { device };
        let mut entry = Entry::new("a", device);
        (entry.user, entry.domain, entry.netns, entry.dns_suffix, entry.server_name) = names;
        entry.phone_numbers = numbers;
        (entry.ipv4, entry.ipv6) = (ipv4, ipv6);
        let prefixes = routes.into_iter().filter_map(|(address, len)| {
            onhook_model::Prefix::new(std::net::Ipv4Addr::from(address).into(), len).ok()
        });
        for prefix in prefixes {
            if !entry.routes.contains(&prefix) {
                entry.routes.push(prefix);
            }
        }
        let auth = onhook_model::AuthRestrictions::from_bits(auth);
        if !auth.is_empty() {
            entry.auth = auth;
        }
        entry.trust = match trust {
            0 => Trust::SystemRoots,
            1 => Trust::Insecure,
            2 => Trust::PinSha256(pin),
            _ => Trust::CaPem(String::new()),
        };
        entry.ca_file = (trust == 3).then(|| "/etc/ca.pem".to_owned());
        entry.crl_file = (trust == 3 && mode == 0).then(|| "revoked.pem".to_owned());
        entry.guid = guid;
        let further = further.into_iter().map(|(port, speed, phone_numbers)| FurtherLink {
            port: port.unwrap_or_default(),
            speed,
            phone_numbers,
            ..FurtherLink::default()
        });
        entry.further_links = further.collect();
        entry.dial_mode = DialMode::from_value(mode).unwrap();
        entry.redial_attempts = counts.0;
        entry.redial_pause = std::time::Duration::from_secs(counts.1);
        entry.mtu = counts.2;
        entry.idle_disconnect = counts.3.map(|s| std::time::Duration::from_secs(s.into()));
        entry
    }
}

/// The lines that no change may touch: comments, and keys that are nobody's.
fn foreign_lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text = bytes.split(|b| *b == b'\n').map(|line| line.trim_ascii().to_vec());
    text.filter(|l| l.starts_with(b";") || l.starts_with(b"#") || l.starts_with(b"Zz")).collect()
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_come_back_as_they_were(
        bytes in vec(any::<u8>(), 0..300),
    ) {
        if let Ok(book) = PhoneBook::parse(&bytes) {
            prop_assert_eq!(book.to_bytes(), bytes);
        }
    }

    #[test]
    fn arbitrary_books_come_back_as_they_were_whole_or_cut(bytes in book(), cut in any::<usize>()) {
        let whole = PhoneBook::parse(&bytes).unwrap();
        prop_assert_eq!(whole.to_bytes(), &bytes[..]);
        let part = &bytes[..cut % (bytes.len() + 1)];
        if let Ok(book) = PhoneBook::parse(part) {
            prop_assert_eq!(book.to_bytes(), part);
        }
    }

    #[test]
    fn writing_back_what_was_read_changes_nothing(bytes in book()) {
        let mut book = PhoneBook::parse(&bytes).unwrap();
        for name in book.entry_names() {
            if let Ok((entry, _)) = book.entry(&name) {
                prop_assert_eq!(book.set_entry(&entry), Ok(()));
                prop_assert_eq!(book.to_bytes(), &bytes[..]);
            }
        }
    }

    #[test]
    fn what_is_written_reads_back_the_same_and_the_rest_survives(
        bytes in book(),
        entry in entry(),
    ) {
        let mut book = PhoneBook::parse(&bytes).unwrap();
        prop_assert_eq!(book.set_entry(&entry), Ok(()));
        prop_assert_eq!(&book.entry("A").unwrap().0, &entry);
        let written = book.to_bytes();
        prop_assert_eq!(foreign_lines(&written), foreign_lines(&bytes));
        let again = PhoneBook::parse(&written).unwrap();
        prop_assert_eq!(again.entry("a").unwrap().0, entry);
    }

    #[test]
    fn a_new_entry_leaves_the_others_alone(bytes in book(), mut entry in entry()) {
        let mut book = PhoneBook::parse(&bytes).unwrap();
        entry.name = "new".to_owned();
        prop_assert_eq!(book.set_entry(&entry), Ok(()));
        prop_assert!(book.to_bytes().starts_with(&bytes));
        prop_assert!(book.remove_entry("new"));
        let (left, before) = (book.to_bytes(), bytes);
        prop_assert_eq!(left.trim_ascii_end(), before.trim_ascii_end());
    }
}
