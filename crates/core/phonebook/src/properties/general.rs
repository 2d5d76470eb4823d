//! The general keys of a section and the members that they hold.

use std::net::{Ipv4Addr, Ipv6Addr};

use onhook_model::{AuthMethod, AuthRestrictions, DeviceType, Encryption, EntryType, VpnStrategy};

use super::value::{EntryProperties, encryption_of, encryption_type, option, option2};
use crate::pbk::{Pbk, Section, decode};
use crate::routes::{hex, parse_hex};
use crate::write::{Want, Wants, flag};

/// What the keys of a section say, the first of each; spelled in lower case.
pub(super) struct Keys(std::collections::HashMap<Vec<u8>, String>);

impl Keys {
    pub(super) fn of(book: &Pbk, section: &Section) -> Self {
        let mut keys = std::collections::HashMap::new();
        for (_, key, value) in book.pairs(section.head.saturating_add(1)..section.end) {
            keys.entry(key.to_ascii_lowercase()).or_insert_with(|| decode(value).0);
        }
        Self(keys)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key.to_ascii_lowercase().as_bytes()).map(String::as_str)
    }

    /// The key's number; without one, or with one that is none, the default.
    pub(super) fn number(&self, key: &str, default: u32) -> u32 {
        self.text(key).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    fn parsed<T: std::str::FromStr>(&self, key: &str, default: T) -> T {
        self.text(key).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    /// Whether texts are UTF-8.
    pub(super) fn utf8(&self) -> bool {
        self.number("Encoding", 1) != 0
    }
}

/// What keys say beyond the members that they hold; it stays.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kept {
    auth: u32,
    dns_flags: u32,
    ipsec_flags: u32,
    excluded: u32,
    outage_seconds: u32,
}

/// A bit of dwfOptions and of dwfOptions2 for each way of authenticating.
pub(super) const AUTH_FLAGS: [(AuthMethod, u32, u32); 9] = [
    (AuthMethod::Pap, option::REQUIRE_PAP, 0),
    (AuthMethod::Spap, option::REQUIRE_SPAP, 0),
    (AuthMethod::Chap, option::REQUIRE_CHAP, 0),
    (AuthMethod::MsChap, option::REQUIRE_MSCHAP, 0),
    (AuthMethod::Eap, option::REQUIRE_EAP, 0),
    (AuthMethod::MsChap2, option::REQUIRE_MSCHAP2, 0),
    (AuthMethod::MsChapW95, option::REQUIRE_W95_MSCHAP, 0),
    (AuthMethod::MachineCertificate, 0, option2::REQUIRE_MACHINE_CERTIFICATES),
    (AuthMethod::PreSharedKey, 0, option2::PRE_SHARED_KEY_INITIATOR),
];

/// The bits of dwfOptions and dwfOptions2 that AuthRestrictions are shown as.
pub(super) fn auth_flags(restrictions: u32) -> (u32, u32) {
    let restrictions = AuthRestrictions::from_bits(restrictions);
    AUTH_FLAGS
        .iter()
        .filter(|(method, ..)| restrictions.allows(*method))
        .fold((0, 0), |(bits, bits2), (_, bit, bit2)| (bits | bit, bits2 | bit2))
}

fn restrictions(properties: &EntryProperties) -> u32 {
    AUTH_FLAGS
        .iter()
        .filter(|(_, bit, bit2)| properties.options & bit != 0 || properties.options2 & bit2 != 0)
        .fold(0, |bits, (method, ..)| bits | method.bit())
}

/// A key that is a flag: which bit shows it, what it is when absent, and whether the bit says the
/// contrary.
struct Flag(&'static str, u32, bool, bool);

const FLAGS: [Flag; 11] = [
    Flag("IpHeaderCompression", option::IP_HEADER_COMPRESSION, false, false),
    Flag("IpPrioritizeRemote", option::REMOTE_DEFAULT_GATEWAY, true, false),
    Flag("LcpExtensions", option::DISABLE_LCP_EXTENSIONS, true, true),
    Flag("ShowMonitorIconInTaskBar", option::MODEM_LIGHTS, true, false),
    Flag("SwCompression", option::SW_COMPRESSION, false, false),
    Flag("AutoLogon", option::USE_LOGON_CREDENTIALS, false, false),
    Flag("PreviewPhoneNumber", option::PREVIEW_PHONE_NUMBER, false, false),
    Flag("SharedPhoneNumbers", option::SHARED_PHONE_NUMBERS, false, false),
    Flag("PreviewUserPw", option::PREVIEW_USER_PW, true, false),
    Flag("PreviewDomain", option::PREVIEW_DOMAIN, false, false),
    Flag("ShowDialingProgress", option::SHOW_DIALING_PROGRESS, true, false),
];

const FLAGS2: [Flag; 19] = [
    Flag("ShareMsFilePrint", option2::SECURE_FILE_AND_PRINT, false, true),
    Flag("BindMsNetClient", option2::SECURE_CLIENT_FOR_MS_NET, false, true),
    Flag("NegotiateMultilinkAlways", option2::DONT_NEGOTIATE_MULTILINK, false, true),
    Flag("UseRasCredentials", option2::DONT_USE_RAS_CREDENTIALS, true, true),
    Flag("IpNBTFlags", option2::DISABLE_NBT_OVER_IP, true, true),
    Flag("GlobalDeviceSettings", option2::USE_GLOBAL_DEVICE_SETTINGS, false, false),
    Flag("RedialOnLinkFailure", option2::RECONNECT_IF_DROPPED, false, false),
    Flag("ForceSecureCompartment", option2::SECURE_ROUTING_COMPARTMENT, false, false),
    Flag("TypicalAuth", option2::USE_TYPICAL_SETTINGS, false, false),
    Flag("Ipv6PrioritizeRemote", option2::IPV6_REMOTE_DEFAULT_GATEWAY, true, false),
    Flag("DisableIKENameEkuCheck", option2::DISABLE_IKE_NAME_EKU_CHECK, false, false),
    Flag("DisableClassBasedDefaultRoute", option2::DISABLE_CLASS_BASED_STATIC_ROUTE, false, false),
    Flag("DisableMobility", option2::DISABLE_MOBILITY, false, false),
    Flag("CacheCredentials", option2::CACHE_CREDENTIALS, false, false),
    Flag("AutoTiggerCapable", option2::AUTO_TRIGGER_CAPABLE, false, false),
    Flag("AuthTypeOTP", option2::AUTH_TYPE_IS_OTP, false, false),
    Flag("AlwaysOnCapable", option2::IS_ALWAYS_ON, false, false),
    Flag("PrivateNetwork", option2::IS_PRIVATE_NETWORK, false, false),
    Flag("PlumbIKEv2TSAsRoutes", option2::PLUMB_IKEV2_TS_AS_ROUTES, false, false),
];

/// Keys that say 1 where the server gives something and 2 where the entry has its own.
const ASSIGNED: [(&str, u32); 2] =
    [("IpAssign", option::SPECIFIC_IP_ADDR), ("IpNameAssign", option::SPECIFIC_NAME_SERVERS)];
const ASSIGNED2: [(&str, u32); 2] = [
    ("Ipv6Assign", option2::SPECIFIC_IPV6_ADDR),
    ("Ipv6NameAssign", option2::IPV6_SPECIFIC_NAME_SERVERS),
];

/// Bits that no key of the file holds; they stand in keys of our own.
const OWN_BITS: u32 = option::REQUIRE_ENCRYPTED_PW
    | option::REQUIRE_MS_ENCRYPTED_PW
    | option::NETWORK_LOGON
    | option::SECURE_LOCAL_FILES
    | option::CUSTOM
    | option::CUSTOM_SCRIPT;
const OWN_BITS2: u32 = option2::INTERNET
    | option2::SHARE_PHONE_NUMBERS
    | option2::PRE_SHARED_KEY_RESPONDER
    | option2::IS_THIRD_PARTY_PROFILE;

const REGISTER: u32 = 1;
const REGISTER_SUFFIX: u32 = 2;
const PRE_SHARED_KEY: u32 = 1;

/// The members that are texts of a key.
fn texts(p: &mut EntryProperties) -> [(&'static str, &mut String); 8] {
    [
        ("CustomDialDll", &mut p.autodial_dll),
        ("CustomDialFunc", &mut p.autodial_function),
        ("CustomRasDialDll", &mut p.custom_dial_dll),
        ("PrerequisiteEntry", &mut p.prerequisite_entry),
        ("PrerequisitePbk", &mut p.prerequisite_book),
        ("IpDnsSuffix", &mut p.dns_suffix),
        ("IDI", &mut p.ike_initiator),
        ("IDR", &mut p.ike_responder),
    ]
}

/// The members that are numbers of a key, and the highest that has a meaning.
fn numbers(p: &mut EntryProperties) -> [(&'static str, &mut u32, u32); 16] {
    [
        ("IpFrameSize", &mut p.frame_size, u32::MAX),
        ("DialMode", &mut p.dial_mode, 2),
        ("DialPercent", &mut p.dial_extra.percent, 100),
        ("DialSeconds", &mut p.dial_extra.seconds, 3600),
        ("HangUpPercent", &mut p.hang_up_extra.percent, 100),
        ("HangUpSeconds", &mut p.hang_up_extra.seconds, 3600),
        ("RedialAttempts", &mut p.redial_count, 99),
        ("RedialSeconds", &mut p.redial_pause, 600),
        ("IdleDisconnectSeconds", &mut p.idle_disconnect_seconds, u32::MAX),
        ("CustomAuthKey", &mut p.custom_auth_key, u32::MAX),
        ("TcpWindowSize", &mut p.tcp_window_size, u32::MAX),
        ("IpInterfaceMetric", &mut p.ipv4_metric, u32::MAX),
        ("Ipv6InterfaceMetric", &mut p.ipv6_metric, u32::MAX),
        ("Ipv6PrefixLength", &mut p.ipv6_prefix_len, 128),
        ("IdiType", &mut p.ike_initiator_type, u32::MAX),
        ("IdrType", &mut p.ike_responder_type, u32::MAX),
    ]
}

fn ipv4(p: &mut EntryProperties) -> [(&'static str, &mut Ipv4Addr); 5] {
    let ([dns, dns_alt], [wins, wins_alt]) = (&mut p.ipv4_dns, &mut p.ipv4_wins);
    [
        ("IpAddress", &mut p.ipv4_address),
        ("IpDnsAddress", dns),
        ("IpDns2Address", dns_alt),
        ("IpWinsAddress", wins),
        ("IpWins2Address", wins_alt),
    ]
}

fn ipv6(p: &mut EntryProperties) -> [(&'static str, &mut Ipv6Addr); 3] {
    let [dns, dns_alt] = &mut p.ipv6_dns;
    [("Ipv6Address", &mut p.ipv6_address), ("Ipv6DnsAddress", dns), ("Ipv6Dns2Address", dns_alt)]
}

/// Fills what the general keys say of an entry for this device.
pub(super) fn read(keys: &Keys, p: &mut EntryProperties, device: DeviceType) -> Kept {
    for (key, text) in texts(p) {
        keys.text(key).unwrap_or_default().clone_into(text);
    }
    for (key, number, most) in numbers(p) {
        *number = Some(keys.number(key, *number)).filter(|n| *n <= most).unwrap_or(*number);
    }
    for (key, address) in ipv4(p) {
        *address = keys.parsed(key, *address);
    }
    for (key, address) in ipv6(p) {
        *address = keys.parsed(key, *address);
    }
    for (flags, assigned, options) in
        [(&FLAGS[..], &ASSIGNED, &mut p.options), (&FLAGS2[..], &ASSIGNED2, &mut p.options2)]
    {
        for Flag(key, bit, default, is_contrary) in flags {
            let is_set = keys.number(key, (*default).into()) != 0;
            if is_set != *is_contrary {
                *options |= bit;
            }
        }
        for (key, bit) in assigned {
            if keys.number(key, 1) == 2 {
                *options |= bit;
            }
        }
    }
    p.options |= keys.number("OnhookRasOptions", 0) & OWN_BITS;
    p.options2 |= keys.number("OnhookRasOptions2", 0) & OWN_BITS2;
    p.options3 = keys.number("OnhookRasOptions3", 0);
    p.channels = keys.number("OnhookRasChannels", 0);
    p.is_ims = keys.number("ImsConfig", 0) != 0;
    p.no_ike_fragmentation = keys.number("Disable_IKEv2_Fragmentation", 0) != 0;
    p.entry_type =
        EntryType::from_value(keys.number("Type", 0)).map_or(p.entry_type, EntryType::value);
    p.vpn_strategy =
        VpnStrategy::from_value(keys.number("VpnStrategy", 0)).unwrap_or_default().value();
    p.framing_protocol = match keys.number("BaseProtocol", 1) {
        2 => 2,
        3 => 4,
        _ => 1,
    };
    let guid = keys.text("Guid").and_then(|text| parse_hex(text.as_bytes()));
    p.guid = guid.and_then(|octets| octets.try_into().ok()).unwrap_or_default();
    read_combined(keys, p, device)
}

/// Members that share a key, or the other way round.
fn read_combined(keys: &Keys, p: &mut EntryProperties, device: DeviceType) -> Kept {
    let excluded = keys.number("ExcludedProtocols", 0);
    p.net_protocols = !excluded & NET_PROTOCOLS;

    let default = AuthRestrictions::default_for(device);
    let allowed = AuthRestrictions::from_bits(keys.number("AuthRestrictions", default.bits()));
    let allowed = if allowed.is_empty() { default } else { allowed };
    let (flags, flags2) = auth_flags(allowed.bits());
    p.options |= flags;
    p.options2 |= flags2;
    let plain = option::REQUIRE_PAP | option::REQUIRE_SPAP | option::REQUIRE_CHAP;
    if p.options & plain != 0 {
        // Somebody has changed the methods since; they count.
        p.options &= !option::REQUIRE_MS_ENCRYPTED_PW;
    } else if p.options & option::REQUIRE_MS_ENCRYPTED_PW != 0 {
        p.options &= !option::REQUIRE_ENCRYPTED_PW;
    }
    let encryption = Encryption::from_value(keys.number("DataEncryption", u32::MAX));
    let encryption = encryption.unwrap_or(Encryption::default_for(device));
    p.encryption_type = encryption_type(encryption);
    if matches!(encryption, Encryption::Required | Encryption::Strongest) {
        p.options |= option::REQUIRE_DATA_ENCRYPTION;
    }
    for (metric, bit) in [
        (p.ipv4_metric, option2::IPV4_EXPLICIT_METRIC),
        (p.ipv6_metric, option2::IPV6_EXPLICIT_METRIC),
    ] {
        if metric != 0 {
            p.options2 |= bit;
        }
    }
    let dns_flags = keys.number("IpDnsFlags", 0);
    let ipsec_flags = keys.number("IpSecFlags", 0);
    for (is_set, bit) in [
        (dns_flags & REGISTER != 0, option2::REGISTER_IP_WITH_DNS),
        (dns_flags & REGISTER_SUFFIX != 0, option2::USE_DNS_SUFFIX_FOR_REGISTRATION),
        (ipsec_flags & PRE_SHARED_KEY != 0, option2::USE_PRE_SHARED_KEY),
    ] {
        if is_set {
            p.options2 |= bit;
        }
    }
    let outage_seconds = keys.number("NetworkOutageTime", 0);
    p.network_outage_minutes = outage_seconds / 60;
    let known = AuthMethod::ALL.iter().fold(0, |bits, method| bits | method.bit());
    Kept {
        auth: allowed.bits() & !known,
        dns_flags: dns_flags & !(REGISTER | REGISTER_SUFFIX),
        ipsec_flags: ipsec_flags & !PRE_SHARED_KEY,
        excluded: excluded & !NET_PROTOCOLS,
        outage_seconds,
    }
}

/// What the general keys should say.
pub(super) fn wants(properties: &EntryProperties, kept: Kept) -> Wants {
    let mut p = properties.clone();
    let mut wants = Vec::new();
    let mut value = |key, text: String| wants.push((key, Want::Value(text)));
    for (key, text) in texts(&mut p) {
        value(key, text.clone());
    }
    for (key, number, _) in numbers(&mut p) {
        value(key, number.to_string());
    }
    for (key, address) in ipv4(&mut p) {
        value(key, address.to_string());
    }
    for (key, address) in ipv6(&mut p) {
        value(key, address.to_string());
    }
    for (flags, assigned, options) in
        [(&FLAGS[..], ASSIGNED, p.options), (&FLAGS2[..], ASSIGNED2, p.options2)]
    {
        for Flag(key, bit, _, is_contrary) in flags {
            value(key, flag((options & bit != 0) != *is_contrary));
        }
        for (key, bit) in assigned {
            value(key, if options & bit != 0 { "2".to_owned() } else { "1".to_owned() });
        }
    }
    value("Type", p.entry_type.to_string());
    value("VpnStrategy", p.vpn_strategy.to_string());
    value("BaseProtocol", if p.framing_protocol == 4 { 3 } else { p.framing_protocol }.to_string());
    value("ImsConfig", flag(p.is_ims));
    value("Disable_IKEv2_Fragmentation", flag(p.no_ike_fragmentation));
    value("ExcludedProtocols", (!p.net_protocols & NET_PROTOCOLS | kept.excluded).to_string());
    value("AuthRestrictions", (restrictions(&p) | kept.auth).to_string());
    let encryption = encryption_of(p.encryption_type).map_or(0, Encryption::value);
    value("DataEncryption", encryption.to_string());
    let bit = |bit, number| if p.options2 & bit != 0 { number } else { 0 };
    let dns_flags = kept.dns_flags
        | bit(option2::REGISTER_IP_WITH_DNS, REGISTER)
        | bit(option2::USE_DNS_SUFFIX_FOR_REGISTRATION, REGISTER_SUFFIX);
    value("IpDnsFlags", dns_flags.to_string());
    let ipsec_flags = kept.ipsec_flags | bit(option2::USE_PRE_SHARED_KEY, PRE_SHARED_KEY);
    value("IpSecFlags", ipsec_flags.to_string());
    let outage = if p.network_outage_minutes == kept.outage_seconds / 60 {
        kept.outage_seconds
    } else {
        p.network_outage_minutes.saturating_mul(60)
    };
    value("NetworkOutageTime", outage.to_string());
    for (key, number) in [
        ("OnhookRasOptions", p.options & OWN_BITS),
        ("OnhookRasOptions2", p.options2 & OWN_BITS2),
        ("OnhookRasOptions3", p.options3),
        ("OnhookRasChannels", p.channels),
    ] {
        let want = if number == 0 { Want::Absent } else { Want::Value(number.to_string()) };
        wants.push((key, want));
    }
    wants
}

/// The keys that only a new entry is given.
pub(super) fn identity(identity: &super::NewIdentity) -> [(&'static str, String); 4] {
    [
        ("Encoding", "1".to_owned()),
        ("PBVersion", "1".to_owned()),
        ("DialParamsUID", identity.dial_params_uid.to_string()),
        ("Guid", hex(&identity.guid)),
    ]
}

/// NetBEUI, IPX, IPv4, IPv6 (RASNP).
const NET_PROTOCOLS: u32 = 0xF;
