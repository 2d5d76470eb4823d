//! Books as other systems and people write them: read, changed, and otherwise left alone.

use std::time::Duration;

use onhook_model::{
    AuthMethod, AuthRestrictions, CallbackMode, DeviceType, DialMode, Encryption, Entry, EntryType,
    FurtherLink, LoadShare, RasCode, Trust, VpnProtocol, VpnStrategy,
};
use onhook_phonebook::{Complaint, EditError, EntryError, PhoneBook};

const SSTP: &[u8] = include_bytes!("data/sstp.pbk");
const VPN: &[u8] = include_bytes!("data/vpn.pbk");
const PPPOE: &[u8] = include_bytes!("data/pppoe.pbk");
const MODEM: &[u8] = include_bytes!("data/modem.pbk");
const MULTILINK: &[u8] = include_bytes!("data/multilink.pbk");
const BY_HAND: &[u8] = include_bytes!("data/by_hand.pbk");
const FAULTS: &[u8] = include_bytes!("data/faults.pbk");
const WINDOWS_1252: &[u8] = include_bytes!("data/windows_1252.pbk");
const ALL: [&[u8]; 8] = [SSTP, VPN, PPPOE, MODEM, MULTILINK, BY_HAND, FAULTS, WINDOWS_1252];

fn entry(bytes: &[u8], name: &str) -> Entry {
    let (entry, warnings) = PhoneBook::parse(bytes).unwrap().entry(name).unwrap();
    assert_eq!(warnings, [], "{name}");
    entry
}

/// The lines that a change took away and those that it brought.
fn difference(before: &[u8], after: &[u8]) -> (Vec<String>, Vec<String>) {
    let lines = |bytes: &[u8]| -> Vec<String> {
        String::from_utf8_lossy(bytes).split_inclusive('\n').map(str::to_owned).collect()
    };
    let (mut gone, mut came) = (lines(before), Vec::new());
    for line in lines(after) {
        match gone.iter().position(|other| *other == line) {
            Some(at) => drop(gone.remove(at)),
            None => came.push(line),
        }
    }
    (gone, came)
}

fn changed(bytes: &[u8], name: &str, change: impl FnOnce(&mut Entry)) -> Vec<u8> {
    let mut book = PhoneBook::parse(bytes).unwrap();
    let (mut entry, _) = book.entry(name).unwrap();
    change(&mut entry);
    book.set_entry(&entry).unwrap();
    assert_eq!(book.entry(name).unwrap().0, entry);
    book.to_bytes()
}

#[test]
fn every_sample_comes_out_as_it_went_in() {
    for bytes in ALL {
        assert_eq!(PhoneBook::parse(bytes).unwrap().to_bytes(), bytes);
    }
}

#[test]
fn writing_an_entry_back_changes_nothing() {
    for bytes in ALL {
        let mut book = PhoneBook::parse(bytes).unwrap();
        for name in book.entry_names() {
            if let Ok((entry, _)) = book.entry(&name) {
                book.set_entry(&entry).unwrap();
            }
        }
        assert_eq!(book.to_bytes(), bytes);
    }
}

#[test]
fn an_sstp_entry_is_read() {
    let office = entry(SSTP, "OFFICE");
    let mut expected = Entry::new("office", DeviceType::Vpn);
    expected.guid = Some([
        0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE,
        0xFF,
    ]);
    expected.dial_params_uid = Some(1_048_577);
    expected.device_name = "WAN Miniport (SSTP)".to_owned();
    expected.port = "VPN1-0".to_owned();
    expected.phone_numbers = vec!["vpn.example.net".to_owned()];
    expected.vpn_strategy = VpnStrategy::SstpOnly;
    assert_eq!(office, expected);
    assert_eq!(office.problems(), []);
    assert_eq!(office.protocols(), [VpnProtocol::Sstp]);
    assert_eq!(office.encryption, Encryption::Required);
}

#[test]
fn the_other_vpn_entries_are_read() {
    let psk = entry(VPN, "psk");
    assert_eq!((psk.vpn_strategy, psk.encryption), (VpnStrategy::L2tpOnly, Encryption::Optional));
    assert_eq!(entry(VPN, "old").vpn_strategy, VpnStrategy::PptpOnly);
    let eap = entry(VPN, "eap");
    assert_eq!(eap.auth.methods().collect::<Vec<_>>(), [AuthMethod::Eap]);
    assert_eq!(eap.eap_method, Some(26));
    let machine = entry(VPN, "machine");
    assert!(machine.auth.allows(AuthMethod::MachineCertificate));
    assert_eq!(machine.eap_method, None);
    let split = entry(VPN, "split");
    assert!(!split.ipv4.default_route && !split.ipv6.default_route);
    let own = entry(VPN, "own address");
    assert_eq!(own.ipv4.address, Some("192.0.2.10".parse().unwrap()));
    assert_eq!(own.ipv4.dns, ["192.0.2.1".parse::<std::net::Ipv4Addr>().unwrap()]);
    assert_eq!(own.protocols().first(), Some(&VpnProtocol::Sstp));
    let routes: Vec<_> = entry(VPN, "automatic").routes.iter().map(ToString::to_string).collect();
    assert_eq!(routes, ["10.0.0.0/8", "192.168.0.0/16"]);
}

#[test]
fn a_broadband_entry_needs_no_number() {
    let home = entry(PPPOE, "Home Line");
    assert_eq!((home.device_type, home.entry_type), (DeviceType::PppoE, EntryType::Broadband));
    assert_eq!(home.phone_numbers, [""; 0]);
    assert!(home.redial_on_link_failure);
    assert_eq!(home.problems(), []);
}

#[test]
fn a_modem_entry_dials_with_the_modem_of_the_chain_and_not_with_the_switch() {
    let modem = entry(MODEM, "lab modem");
    assert_eq!((modem.device_type, modem.entry_type), (DeviceType::Modem, EntryType::Phone));
    assert_eq!(modem.device_name, "Generic modem");
    assert_eq!(modem.port, "COM1");
    assert_eq!(modem.phone_numbers, ["5550100", "5550101"]);
    assert_eq!(modem.auth, AuthRestrictions::DIAL_UP);
    assert_eq!(modem.problems(), []);
}

#[test]
fn whether_it_is_called_back_counts_where_the_entry_says_so_and_not_the_person() {
    let mut book = PhoneBook::parse(MODEM).unwrap();
    let mut modem = entry(MODEM, "lab modem");
    assert_eq!(modem.callback, CallbackMode::Ask);
    modem.callback = CallbackMode::Never;
    book.set_entry(&modem).unwrap();
    let (gone, came) = difference(MODEM, &book.to_bytes());
    assert_eq!(gone, ["OverridePref=32\r\n", "CallbackMode=1\r\n"]);
    assert_eq!(came, ["OverridePref=0\r\n", "CallbackMode=0\r\n"]);
    // Other preferences stay; without the bit for it the mode does not count.
    let text = b"[m]\nOverridePref=15\nCallbackMode=2\nMEDIA=serial\nPort=COM1\nDEVICE=modem\nPhoneNumber=1\n";
    let mut other = entry(text, "m");
    assert_eq!(other.callback, CallbackMode::Never);
    other.callback = CallbackMode::Ask;
    let mut book = PhoneBook::parse(text).unwrap();
    book.set_entry(&other).unwrap();
    assert_eq!(entry(&book.to_bytes(), "m").callback, CallbackMode::Ask);
    let (gone, came) = difference(text, &book.to_bytes());
    assert_eq!(gone, ["OverridePref=15\n", "CallbackMode=2\n"]);
    assert_eq!(came, ["OverridePref=47\n", "CallbackMode=1\n"]);
}

#[test]
fn of_several_links_the_first_is_dialed_and_more_as_they_are_needed_or_never() {
    let book = PhoneBook::parse(MULTILINK).unwrap();
    let (isdn, warnings) = book.entry("two channels").unwrap();
    assert_eq!((isdn.device_type, isdn.phone_number()), (DeviceType::Isdn, "5550201"));
    assert_eq!((isdn.dial_mode, warnings), (DialMode::AsNeeded, vec![]));
    assert_eq!((isdn.links(), isdn.links_to_dial()), (2, 1));
    assert_eq!((isdn.more_links, isdn.fewer_links), (LoadShare::MORE, LoadShare::FEWER));
    let text = String::from_utf8(MULTILINK.to_vec()).unwrap();
    let other = text
        .replace("DialPercent=75", "DialPercent=50")
        .replace("HangUpSeconds=120", "HangUpSeconds=7");
    let (other, _) = PhoneBook::parse(other.as_bytes()).unwrap().entry("two channels").unwrap();
    assert_eq!((other.more_links.percent, other.fewer_links.during.as_secs()), (50, 7));
    let book = PhoneBook::parse(text.replace("DialMode=2", "DialMode=0").as_bytes()).unwrap();
    let (isdn, warnings) = book.entry("two channels").unwrap();
    assert_eq!(warnings.len(), 1);
    assert_eq!((warnings[0].line, &warnings[0].complaint), (20, &Complaint::FurtherLink));
    assert_eq!((isdn.further_links.len(), isdn.links_to_dial()), (1, 1));
    assert_eq!(isdn.dial_mode, DialMode::FirstFree);
}

#[test]
fn every_link_of_an_entry_is_read_and_written() {
    let text = "[two lines]\nDialMode=1\n\nMEDIA=serial\nPort=/dev/ttyS0\nDevice=first\n\n\
        DEVICE=modem\nPhoneNumber=555-1\n\nMEDIA=serial\nPort=/dev/ttyS1\nDevice=second\n\
        ConnectBPS=57600\nUnknown=kept\n\nDEVICE=switch\n\nDEVICE=modem\n\
        PhoneNumber=555-2\nPhoneNumber=555-3\n";
    let mut book = PhoneBook::parse(text.as_bytes()).unwrap();
    let (entry, warnings) = book.entry("two lines").unwrap();
    assert_eq!(warnings, []);
    assert_eq!(entry.links_to_dial(), 2);
    let second = entry.of_link(1).unwrap();
    assert_eq!((second.port.as_str(), second.speed), ("/dev/ttyS1", Some(57600)));
    assert_eq!(second.device_type, DeviceType::Modem, "and not the switch before it");
    assert_eq!(second.phone_numbers, ["555-2", "555-3"]);
    assert_eq!(entry.of_link(0).unwrap().phone_number(), "555-1");
    assert_eq!(entry.of_link(2), None);

    // What is right already stays as it is.
    book.set_entry(&entry).unwrap();
    assert_eq!(String::from_utf8(book.to_bytes()).unwrap(), text);
    let mut changed = entry.clone();
    changed.further_links[0].port = "/dev/ttyS7".to_owned();
    let third = FurtherLink {
        device_type: DeviceType::Serial,
        port: "tcp://192.0.2.1:2000".to_owned(),
        ..FurtherLink::default()
    };
    changed.further_links.push(third);
    book.set_entry(&changed).unwrap();
    let again = PhoneBook::parse(&book.to_bytes()).unwrap();
    assert_eq!(again.entry("two lines").unwrap().0, changed);
    changed.further_links.remove(0);
    book.set_entry(&changed).unwrap();
    assert_eq!(book.entry("two lines").unwrap().0, changed);
    changed.further_links.clear();
    book.set_entry(&changed).unwrap();
    assert_eq!(book.entry("two lines").unwrap().0, changed);
}

#[test]
fn a_book_written_by_hand_with_our_own_keys_is_read() {
    let office = entry(BY_HAND, "office");
    assert_eq!(office.name, "Office");
    assert_eq!(office.server().unwrap(), ("2001:db8::443".to_owned(), 8443));
    assert_eq!(office.phone_numbers.len(), 2);
    assert_eq!(office.trust, Trust::CaPem(String::new()));
    assert_eq!(office.ca_file.as_deref(), Some("/etc/onhook/office-ca.pem"));
    assert_eq!(office.server_name.as_deref(), Some("gateway.example.net"));
    assert_eq!(office.interface_name.as_deref(), Some("office0"));
    assert_eq!(office.netns.as_deref(), Some("work"));
    assert_eq!(office.routes.len(), 2);
    assert_eq!(office.dns_domains, ["corp.example", "lab.example"]);
    assert_eq!((office.user.as_deref(), office.domain.as_deref()), (Some("ann"), Some("CORP")));
    assert_eq!(office.mtu, Some(1400));
    assert_eq!(office.echo_interval, Some(Duration::from_secs(20)));
    assert_eq!(office.echo_failures, Some(3));
    assert_eq!(office.hangup_budget, Some(Duration::from_millis(1500)));
    assert!(!office.ipv4.default_route);
    assert_eq!(office.problems(), [onhook_model::Problem::CaNotRead]);

    let Trust::PinSha256(pin) = entry(BY_HAND, "lab").trust else { panic!("no pin") };
    assert_eq!((pin[1], pin[31]), (0x11, 0xFF));

    let book = PhoneBook::parse(BY_HAND).unwrap();
    let (play, warnings) = book.entry("play ground").unwrap();
    assert_eq!(play.trust, Trust::Insecure);
    let complaints: Vec<_> = warnings.iter().map(|w| (w.line, w.complaint.clone())).collect();
    assert_eq!(complaints, [(38, Complaint::Insecure), (39, Complaint::UnknownOwnKey)]);
}

#[test]
fn what_makes_no_sense_takes_its_default_and_is_named_with_its_line() {
    let book = PhoneBook::parse(FAULTS).unwrap();
    let (office, warnings) = book.entry("office").unwrap();
    let mut expected = Entry::new("office", DeviceType::Vpn);
    expected.phone_numbers = vec!["vpn.example.net".to_owned()];
    expected.routes = vec!["10.0.0.0/8".parse().unwrap()];
    assert_eq!(office, expected);
    let shown: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    let lines: Vec<usize> = warnings.iter().map(|w| w.line).collect();
    let expected_lines = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 44];
    assert_eq!(lines, expected_lines, "{shown:#?}");
    assert_eq!(shown[3], "line 5: VpnStrategy: 77 has no meaning here; using 0 instead");
    assert_eq!(shown[7], "line 9: RedialSeconds: -1 is not from 1 to 600; using 60 instead");
    assert_eq!(shown[15], "line 19: VpnStrategy: already given in line 5, which counts");
    assert!(!shown.concat().contains("hunter2"), "a secret is quoted");
}

#[test]
fn an_entry_that_cannot_be_used_says_why_and_where() {
    let book = PhoneBook::parse(FAULTS).unwrap();
    let error = |name: &str| book.entry(name).unwrap_err();
    assert_eq!(error("nobody"), EntryError::NotFound { name: "nobody".into() });
    assert_eq!(error("nobody").code(), RasCode::CANNOT_FIND_PHONEBOOK_ENTRY);
    assert_eq!(error("no media"), EntryError::NoMedia { line: 27 });
    assert_eq!(error("no device"), EntryError::NoDevice { line: 31 });
    assert_eq!(error("fax"), EntryError::UnknownDevice { line: 36, device: "fax".into() });
    assert!(matches!(error("bad pin"), EntryError::BadSetting { line: 39, .. }));
    assert_eq!(error("bad pin").code(), RasCode::CORRUPT_PHONEBOOK);
    let names = ["office", "no media", "no device", "fax", "bad pin"];
    assert_eq!(book.entry_names(), names);
}

#[test]
fn an_entry_that_cannot_be_used_can_be_mended_by_writing_it() {
    for name in ["no media", "no device", "fax", "bad pin"] {
        let mut book = PhoneBook::parse(FAULTS).unwrap();
        let mut whole = Entry::new(name, DeviceType::Vpn);
        whole.phone_numbers = vec!["vpn.example.net".to_owned()];
        book.set_entry(&whole).unwrap();
        assert_eq!(book.entry(name).unwrap().0, whole);
    }
}

#[test]
fn b162_an_8_bit_book_is_read_and_stays_8_bit() {
    let buero = entry(WINDOWS_1252, "büro");
    assert_eq!((buero.name.as_str(), buero.device_name.as_str()), ("Büro", "Gerät"));
    assert_eq!(buero.user.as_deref(), Some("Jürgen"));
    let after = changed(WINDOWS_1252, "büro", |e| e.user = Some("Bärbel".to_owned()));
    assert!(after.windows(7).any(|w| w == b"=B\xE4rbel"));
    // What that code page lacks is written as UTF-8, and still read back.
    changed(WINDOWS_1252, "büro", |e| e.user = Some("Łukasz".to_owned()));
}

#[test]
fn bytes_that_are_not_what_encoding_says_are_read_with_a_warning() {
    let bytes =
        b"[a]\nEncoding=1\nMEDIA=rastapi\nDEVICE=vpn\nPhoneNumber=x\nOnhookUser=J\xFCrgen\n";
    let (entry, warnings) = PhoneBook::parse(bytes).unwrap().entry("a").unwrap();
    assert_eq!(entry.user.as_deref(), Some("Jürgen"));
    assert_eq!((warnings[0].line, &warnings[0].complaint), (6, &Complaint::NotUtf8));
}

#[test]
fn a_change_touches_only_the_keys_that_differ() {
    let after = changed(SSTP, "office", |office| {
        office.redial_attempts = 5;
        office.ipv6.enabled = false;
        office.user = Some("ann".to_owned());
        office.phone_numbers = vec!["vpn2.example.net".to_owned()];
    });
    let (gone, came) = difference(SSTP, &after);
    assert_eq!(
        gone,
        ["ExcludedProtocols=0\r\n", "RedialAttempts=3\r\n", "PhoneNumber=vpn.example.net\r\n"]
    );
    assert_eq!(
        came,
        [
            "ExcludedProtocols=8\r\n",
            "RedialAttempts=5\r\n",
            "OnhookUser=ann\r\n",
            "PhoneNumber=vpn2.example.net\r\n"
        ]
    );
    let text = String::from_utf8(after).unwrap();
    assert!(text.contains("Ipv6NameAssign=1\r\nOnhookUser=ann\r\n\r\nMEDIA=rastapi\r\n"), "{text}");
}

#[test]
fn a_new_key_is_put_where_its_place_is() {
    let after = changed(PPPOE, "home line", |home| home.redial_attempts = 7);
    let text = String::from_utf8(after).unwrap();
    assert!(text.contains("DataEncryption=8\r\nRedialAttempts=7\r\nAuthRestrictions"), "{text}");
}

#[test]
fn unknown_keys_comments_and_line_ends_survive_a_change() {
    let after = changed(BY_HAND, "office", |office| {
        office.vpn_strategy = VpnStrategy::SstpFirst;
        office.trust = Trust::SystemRoots;
        office.ca_file = None;
        office.mtu = None;
        office.routes.pop();
    });
    let (gone, came) = difference(BY_HAND, &after);
    assert_eq!(
        gone,
        [
            "VpnStrategy = 5\n",
            "OnhookCaFile=/etc/onhook/office-ca.pem\n",
            "OnhookRoutes=10.0.0.0/8, 2001:db8:1::/48\n",
            "OnhookMtu=1400\n"
        ]
    );
    assert_eq!(came, ["VpnStrategy =6\n", "OnhookRoutes=10.0.0.0/8\n"]);
}

#[test]
fn numbers_come_and_go_without_disturbing_their_neighbours() {
    let after = changed(MODEM, "lab modem", |modem| modem.phone_numbers.push("5550102".into()));
    let (gone, came) = difference(MODEM, &after);
    assert_eq!((gone.len(), came), (0, vec!["PhoneNumber=5550102\r\n".to_owned()]));
    let text = String::from_utf8(after).unwrap();
    assert!(text.contains("FriendlyName=\r\nPhoneNumber=5550102\r\nLastSelectedPhone=0"), "{text}");

    let after = changed(MODEM, "lab modem", |modem| drop(modem.phone_numbers.pop()));
    let (gone, came) = difference(MODEM, &after);
    assert_eq!((gone.len(), came.len()), (7, 0), "{gone:?}");
    assert_eq!(gone[0], "PhoneNumber=5550101\r\n");

    let after = changed(PPPOE, "home line", |home| home.phone_numbers.push("isp".into()));
    assert_eq!(difference(PPPOE, &after).1, ["PhoneNumber=isp\r\n"]);
}

#[test]
fn a_default_that_leans_on_the_device_is_written_down_when_the_device_changes() {
    let after = changed(BY_HAND, "lab", |lab| lab.device_type = DeviceType::Modem);
    let text = String::from_utf8(after).unwrap();
    assert!(text.contains("AuthRestrictions=512\n") && text.contains("DEVICE=modem\n"), "{text}");
    assert!(text.contains("MEDIA=serial\n"), "{text}");
}

#[test]
fn trust_is_switched_whole() {
    for trust in [Trust::SystemRoots, Trust::Insecure, Trust::PinSha256([1; 32])] {
        for name in ["office", "lab", "play ground"] {
            let mut book = PhoneBook::parse(BY_HAND).unwrap();
            let (mut entry, _) = book.entry(name).unwrap();
            entry.trust = trust.clone();
            entry.ca_file = None;
            book.set_entry(&entry).unwrap();
            assert_eq!(book.entry(name).unwrap().0.trust, trust, "{name}");
        }
    }
}

#[test]
fn routes_in_the_foreign_form_stay_until_one_of_them_goes() {
    let more = changed(VPN, "automatic", |e| e.routes.push("2001:db8::/32".parse().unwrap()));
    let (gone, came) = difference(VPN, &more);
    assert_eq!((gone.len(), came), (0, vec!["OnhookRoutes=2001:db8::/32\r\n".to_owned()]));
    let fewer = changed(VPN, "automatic", |e| e.routes.retain(|r| r.length() > 8));
    let (gone, came) = difference(VPN, &fewer);
    assert_eq!(gone.len(), 3);
    assert_eq!(came, ["NumRoutes=0\r\n", "OnhookRoutes=192.168.0.0/16\r\n"]);
}

#[test]
fn a_new_entry_is_added_at_the_end_and_reads_back_the_same() {
    let mut book = PhoneBook::parse(BY_HAND).unwrap();
    let mut new = Entry::for_number("vpn.example.net", "sstp");
    new.name = "new one".to_owned();
    new.ipv4.dns = vec!["192.0.2.53".parse().unwrap()];
    new.netns = Some("work".to_owned());
    book.set_entry(&new).unwrap();
    assert_eq!(book.entry("new one").unwrap(), (new, vec![]));
    let after = book.to_bytes();
    let kept = [BY_HAND, b"\n\n[new one]\n"].concat();
    assert_eq!(String::from_utf8_lossy(&after[..kept.len()]), String::from_utf8_lossy(&kept));
    assert!(!after.contains(&b'\r'));
}

#[test]
fn the_first_entry_of_an_empty_book_looks_as_windows_writes_it() {
    let mut book = PhoneBook::new();
    let mut office = entry(SSTP, "office");
    office.vpn_strategy = VpnStrategy::SstpOnly;
    book.set_entry(&office).unwrap();
    let text = String::from_utf8(book.to_bytes()).unwrap();
    assert!(text.starts_with("[office]\r\nEncoding=1\r\nPBVersion=1\r\nType=2\r\n"), "{text}");
    let groups = "\r\n\r\nMEDIA=rastapi\r\nPort=VPN1-0\r\nDevice=WAN Miniport (SSTP)\r\n\
                  \r\nDEVICE=vpn\r\nPhoneNumber=vpn.example.net\r\n";
    assert!(text.ends_with(groups), "{text}");
}

#[test]
fn what_cannot_be_written_is_refused_and_nothing_changes() {
    type Change = fn(&mut Entry);
    let changes: [(Change, &str); 8] = [
        (|e| e.user = Some("a\n[evil]".into()), "OnhookUser"),
        (|e| e.user = Some(" a".into()), "OnhookUser"),
        (|e| e.user = Some(String::new()), "OnhookUser"),
        (|e| e.device_name = "a\r\nDEVICE=modem".into(), "Device"),
        (|e| e.phone_numbers = vec!["a\0".into()], "PhoneNumber"),
        (|e| e.redial_attempts = 100, "RedialAttempts"),
        (|e| e.hangup_budget = Some(Duration::from_micros(1500)), "OnhookHangupBudgetMs"),
        (|e| e.user = Some("x".repeat(70_000)), "OnhookUser"),
    ];
    for (change, key) in changes {
        let mut book = PhoneBook::parse(SSTP).unwrap();
        let (mut office, _) = book.entry("office").unwrap();
        change(&mut office);
        assert_eq!(book.set_entry(&office), Err(EditError::CannotHold { key }));
        assert_eq!(book.to_bytes(), SSTP);
    }
    for name in ["", " a", ".a", "a\nb", &"x".repeat(257)] {
        let mut book = PhoneBook::parse(SSTP).unwrap();
        let bad = Entry::new(name, DeviceType::PppoE);
        assert_eq!(book.set_entry(&bad), Err(EditError::BadName(name.to_owned())));
        assert_eq!(book.rename_entry("office", name), Err(EditError::BadName(name.to_owned())));
        assert_eq!(book.to_bytes(), SSTP);
    }
}

#[test]
fn an_entry_is_removed_with_what_is_its_own() {
    let mut book = PhoneBook::parse(BY_HAND).unwrap();
    assert!(book.remove_entry("OFFICE"));
    assert!(!book.remove_entry("office"));
    assert_eq!(book.entry_names(), ["lab", "play ground"]);
    let text = String::from_utf8(book.to_bytes()).unwrap();
    assert!(text.starts_with("# Our own phone book;") && text.contains("; the lab's certificate"));
    assert!(!text.contains("SomebodyElses"));
}

#[test]
fn an_entry_is_renamed_in_its_head_alone() {
    let mut book = PhoneBook::parse(VPN).unwrap();
    book.rename_entry("OLD", "older").unwrap();
    assert_eq!(
        difference(VPN, &book.to_bytes()),
        (vec!["[old]\r\n".to_owned()], vec!["[older]\r\n".to_owned()])
    );
    book.rename_entry("older", "OLDER").unwrap();
    assert_eq!(book.entry("older").unwrap().0.name, "OLDER");
    let exists = book.rename_entry("older", "Split").unwrap_err();
    assert_eq!(
        (exists.code(), exists),
        (RasCode::ALREADY_EXISTS, EditError::Exists("Split".into()))
    );
    let missing = book.rename_entry("nobody", "somebody").unwrap_err();
    assert_eq!(missing.code(), RasCode::CANNOT_FIND_PHONEBOOK_ENTRY);
    book.rename_entry("older", "o]l[d").unwrap();
    assert!(book.contains("O]L[D"));
}

#[test]
fn what_would_dial_another_device_of_the_chain_is_refused() {
    let mut book = PhoneBook::parse(b"[a]\nMEDIA=x25\nDEVICE=modem\nDEVICE=x25\n").unwrap();
    let (mut entry, _) = book.entry("a").unwrap();
    entry.device_type = DeviceType::Pad;
    assert_eq!(book.set_entry(&entry), Err(EditError::CannotHold { key: "DEVICE" }));
}

#[test]
fn b164_whether_alternates_are_tried_is_read_and_written() {
    let modem = entry(MODEM, "lab modem");
    assert!(modem.try_alternates);
    let after = changed(MODEM, "lab modem", |entry| entry.try_alternates = false);
    let (gone, came) = difference(MODEM, &after);
    assert_eq!(
        (gone, came),
        (vec!["TryNextAlternateOnFail=1\r\n".into()], vec!["TryNextAlternateOnFail=0\r\n".into()])
    );
    let back = changed(&after, "lab modem", |entry| entry.try_alternates = true);
    assert!(entry(&back, "lab modem").try_alternates);
    let office = changed(SSTP, "office", |entry| entry.try_alternates = false);
    assert!(!entry(&office, "office").try_alternates);
}
