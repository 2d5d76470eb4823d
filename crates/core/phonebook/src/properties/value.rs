//! The members of RASENTRY.

use std::net::{Ipv4Addr, Ipv6Addr};

use onhook_model::{AuthRestrictions, DeviceType, Encryption, EntryType, VpnProtocol};

use super::general::auth_flags;

/// Bits of dwfOptions (RASEO).
pub mod option {
    /// Country and area code count (RASEO_UseCountryAndAreaCodes).
    pub const USE_COUNTRY_AND_AREA_CODES: u32 = 0x1;
    /// Ask for the IPv4 address of the entry (RASEO_SpecificIpAddr).
    pub const SPECIFIC_IP_ADDR: u32 = 0x2;
    /// Use the name servers of the entry (RASEO_SpecificNameServers).
    pub const SPECIFIC_NAME_SERVERS: u32 = 0x4;
    /// Van Jacobson's compression (RASEO_IpHeaderCompression).
    pub const IP_HEADER_COMPRESSION: u32 = 0x8;
    /// The default IPv4 route goes through the connection (RASEO_RemoteDefaultGateway).
    pub const REMOTE_DEFAULT_GATEWAY: u32 = 0x10;
    /// No LCP options of RFC 1570 (RASEO_DisableLcpExtensions).
    pub const DISABLE_LCP_EXTENSIONS: u32 = 0x20;
    /// A terminal before dialing (RASEO_TerminalBeforeDial).
    pub const TERMINAL_BEFORE_DIAL: u32 = 0x40;
    /// A terminal after dialing (RASEO_TerminalAfterDial).
    pub const TERMINAL_AFTER_DIAL: u32 = 0x80;
    /// Show the connection's state (RASEO_ModemLights).
    pub const MODEM_LIGHTS: u32 = 0x100;
    /// Software compression (RASEO_SwCompression).
    pub const SW_COMPRESSION: u32 = 0x200;
    /// The password is never sent in the clear (RASEO_RequireEncryptedPw).
    pub const REQUIRE_ENCRYPTED_PW: u32 = 0x400;
    /// Microsoft's CHAP alone (RASEO_RequireMsEncryptedPw).
    pub const REQUIRE_MS_ENCRYPTED_PW: u32 = 0x800;
    /// Encryption, or the dial fails (RASEO_RequireDataEncryption).
    pub const REQUIRE_DATA_ENCRYPTION: u32 = 0x1000;
    /// Log on to a network (RASEO_NetworkLogon); kept, without effect.
    pub const NETWORK_LOGON: u32 = 0x2000;
    /// Take the credentials of the logged-on user (RASEO_UseLogonCredentials).
    pub const USE_LOGON_CREDENTIALS: u32 = 0x4000;
    /// A number that worked moves to the front (RASEO_PromoteAlternates).
    pub const PROMOTE_ALTERNATES: u32 = 0x8000;
    /// Check that shared files are protected (RASEO_SecureLocalFiles); kept, without effect.
    pub const SECURE_LOCAL_FILES: u32 = 0x1_0000;
    /// EAP (RASEO_RequireEAP).
    pub const REQUIRE_EAP: u32 = 0x2_0000;
    /// PAP (RASEO_RequirePAP).
    pub const REQUIRE_PAP: u32 = 0x4_0000;
    /// Shiva's PAP (RASEO_RequireSPAP).
    pub const REQUIRE_SPAP: u32 = 0x8_0000;
    /// The flags of single methods count (RASEO_Custom).
    pub const CUSTOM: u32 = 0x10_0000;
    /// Show the number before dialing (RASEO_PreviewPhoneNumber).
    pub const PREVIEW_PHONE_NUMBER: u32 = 0x20_0000;
    /// All links share one list of numbers (RASEO_SharedPhoneNumbers).
    pub const SHARED_PHONE_NUMBERS: u32 = 0x80_0000;
    /// Ask for user and password before dialing (RASEO_PreviewUserPw).
    pub const PREVIEW_USER_PW: u32 = 0x100_0000;
    /// Ask for the domain too (RASEO_PreviewDomain).
    pub const PREVIEW_DOMAIN: u32 = 0x200_0000;
    /// Show how dialing goes on (RASEO_ShowDialingProgress).
    pub const SHOW_DIALING_PROGRESS: u32 = 0x400_0000;
    /// CHAP with MD5 (RASEO_RequireCHAP).
    pub const REQUIRE_CHAP: u32 = 0x800_0000;
    /// MS-CHAP version 1 (RASEO_RequireMsCHAP).
    pub const REQUIRE_MSCHAP: u32 = 0x1000_0000;
    /// MS-CHAP version 2 (RASEO_RequireMsCHAP2).
    pub const REQUIRE_MSCHAP2: u32 = 0x2000_0000;
    /// MS-CHAP as Windows 95 speaks it (RASEO_RequireW95MSCHAP).
    pub const REQUIRE_W95_MSCHAP: u32 = 0x4000_0000;
    /// A script library runs (RASEO_CustomScript); kept, without effect.
    pub const CUSTOM_SCRIPT: u32 = 0x8000_0000;
    /// The bit that no generation has given a meaning.
    pub const UNDEFINED: u32 = 0x40_0000;
}

/// Bits of dwfOptions2 (RASEO2).
pub mod option2 {
    /// No file and printer sharing (RASEO2_SecureFileAndPrint).
    pub const SECURE_FILE_AND_PRINT: u32 = 0x1;
    /// No Microsoft network client (RASEO2_SecureClientForMSNet).
    pub const SECURE_CLIENT_FOR_MS_NET: u32 = 0x2;
    /// No multilink for one link (RASEO2_DontNegotiateMultilink).
    pub const DONT_NEGOTIATE_MULTILINK: u32 = 0x4;
    /// The credentials of the dial serve for nothing else (RASEO2_DontUseRasCredentials).
    pub const DONT_USE_RAS_CREDENTIALS: u32 = 0x8;
    /// IPsec with a pre-shared key (RASEO2_UsePreSharedKey).
    pub const USE_PRE_SHARED_KEY: u32 = 0x10;
    /// The connection goes to the Internet (RASEO2_Internet).
    pub const INTERNET: u32 = 0x20;
    /// No NetBIOS (RASEO2_DisableNbtOverIP).
    pub const DISABLE_NBT_OVER_IP: u32 = 0x40;
    /// The device's own settings (RASEO2_UseGlobalDeviceSettings).
    pub const USE_GLOBAL_DEVICE_SETTINGS: u32 = 0x80;
    /// Dial again when the link drops (RASEO2_ReconnectIfDropped).
    pub const RECONNECT_IF_DROPPED: u32 = 0x100;
    /// All links have the same numbers (RASEO2_SharePhoneNumbers).
    pub const SHARE_PHONE_NUMBERS: u32 = 0x200;
    /// A routing compartment of its own (RASEO2_SecureRoutingCompartment).
    pub const SECURE_ROUTING_COMPARTMENT: u32 = 0x400;
    /// The simple choice of authentication (RASEO2_UseTypicalSettings).
    pub const USE_TYPICAL_SETTINGS: u32 = 0x800;
    /// Use the IPv6 name servers of the entry (RASEO2_IPv6SpecificNameServers).
    pub const IPV6_SPECIFIC_NAME_SERVERS: u32 = 0x1000;
    /// The default IPv6 route goes through the connection (RASEO2_IPv6RemoteDefaultGateway).
    pub const IPV6_REMOTE_DEFAULT_GATEWAY: u32 = 0x2000;
    /// Register the address in DNS (RASEO2_RegisterIpWithDNS).
    pub const REGISTER_IP_WITH_DNS: u32 = 0x4000;
    /// … under the suffix of the entry (RASEO2_UseDNSSuffixForRegistration).
    pub const USE_DNS_SUFFIX_FOR_REGISTRATION: u32 = 0x8000;
    /// The IPv4 metric counts (RASEO2_IPv4ExplicitMetric).
    pub const IPV4_EXPLICIT_METRIC: u32 = 0x1_0000;
    /// The IPv6 metric counts (RASEO2_IPv6ExplicitMetric).
    pub const IPV6_EXPLICIT_METRIC: u32 = 0x2_0000;
    /// No check of name and use of an IKE certificate (RASEO2_DisableIKENameEkuCheck).
    pub const DISABLE_IKE_NAME_EKU_CHECK: u32 = 0x4_0000;
    /// No class-based route (RASEO2_DisableClassBasedStaticRoute).
    pub const DISABLE_CLASS_BASED_STATIC_ROUTE: u32 = 0x8_0000;
    /// Ask for the IPv6 address of the entry (RASEO2_SpecificIPv6Addr).
    pub const SPECIFIC_IPV6_ADDR: u32 = 0x10_0000;
    /// No MOBIKE (RASEO2_DisableMobility).
    pub const DISABLE_MOBILITY: u32 = 0x20_0000;
    /// Certificates of the machine (RASEO2_RequireMachineCertificates).
    pub const REQUIRE_MACHINE_CERTIFICATES: u32 = 0x40_0000;
    /// A key that both know, for who calls (RASEO2_UsePreSharedKeyForIkev2Initiator).
    pub const PRE_SHARED_KEY_INITIATOR: u32 = 0x80_0000;
    /// A key that both know, for who answers (RASEO2_UsePreSharedKeyForIkev2Responder).
    pub const PRE_SHARED_KEY_RESPONDER: u32 = 0x100_0000;
    /// Remember the credentials (RASEO2_CacheCredentials).
    pub const CACHE_CREDENTIALS: u32 = 0x200_0000;
    /// May be dialed by a trigger (RASEO2_AutoTriggerCapable).
    pub const AUTO_TRIGGER_CAPABLE: u32 = 0x400_0000;
    /// The profile of a plug-in (RASEO2_IsThirdPartyProfile).
    pub const IS_THIRD_PARTY_PROFILE: u32 = 0x800_0000;
    /// The password is good once (RASEO2_AuthTypeIsOtp).
    pub const AUTH_TYPE_IS_OTP: u32 = 0x1000_0000;
    /// Always on (RASEO2_IsAlwaysOn).
    pub const IS_ALWAYS_ON: u32 = 0x2000_0000;
    /// A private network (RASEO2_IsPrivateNetwork).
    pub const IS_PRIVATE_NETWORK: u32 = 0x4000_0000;
    /// Traffic selectors become routes (RASEO2_PlumbIKEv2TSAsRoutes).
    pub const PLUMB_IKEV2_TS_AS_ROUTES: u32 = 0x8000_0000;
}

/// Traffic at which a link is added or dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// Of the bandwidth, in percent: 0 to 100.
    pub percent: u32,
    /// For how long, in seconds: 0 to 3600.
    pub seconds: u32,
}

/// What an X.25 network is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct X25 {
    /// The packet assembler (szX25PadType).
    pub pad_type: String,
    /// The address (szX25Address).
    pub address: String,
    /// Facilities (szX25Facilities).
    pub facilities: String,
    /// Data for the called side (szX25UserData).
    pub user_data: String,
}

/// An entry's properties: the members of RASENTRY (generation 0x0A00), as numbers and texts.
///
/// What the reserved members hold is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryProperties {
    /// dwfOptions: bits of [`option`].
    pub options: u32,
    /// dwfOptions2: bits of [`option2`].
    pub options2: u32,
    /// dwfOptions3: kept as it is.
    pub options3: u32,
    /// dwCountryID, of the telephony's list of countries.
    pub country_id: u32,
    /// dwCountryCode: what is dialed for the country.
    pub country_code: u32,
    /// szAreaCode.
    pub area_code: String,
    /// szLocalPhoneNumber: a number, a server, a service of PPPoE.
    pub phone_number: String,
    /// The numbers behind the structure, in the order in which they are tried.
    pub alternates: Vec<String>,
    /// ipaddr.
    pub ipv4_address: Ipv4Addr,
    /// ipaddrDns and ipaddrDnsAlt.
    pub ipv4_dns: [Ipv4Addr; 2],
    /// ipaddrWins and ipaddrWinsAlt.
    pub ipv4_wins: [Ipv4Addr; 2],
    /// dwFrameSize, of SLIP.
    pub frame_size: u32,
    /// dwfNetProtocols: 1 NetBEUI, 2 IPX, 4 IPv4, 8 IPv6.
    pub net_protocols: u32,
    /// dwFramingProtocol: 1 PPP; 2 SLIP and 4 RAS can be read and not be set.
    pub framing_protocol: u32,
    /// szScript: a file.
    pub script: String,
    /// szAutodialDll.
    pub autodial_dll: String,
    /// szAutodialFunc.
    pub autodial_function: String,
    /// szDeviceType: a text of RASDT.
    pub device_type: String,
    /// szDeviceName.
    pub device_name: String,
    /// The members of X.25.
    pub x25: X25,
    /// dwChannels.
    pub channels: u32,
    /// dwSubEntries: how many links it has; given, and not looked at when it is set.
    pub subentries: u32,
    /// dwDialMode: 0 the first free link, 1 all, 2 as needed.
    pub dial_mode: u32,
    /// dwDialExtraPercent and dwDialExtraSampleSeconds.
    pub dial_extra: Threshold,
    /// dwHangUpExtraPercent and dwHangUpExtraSampleSeconds.
    pub hang_up_extra: Threshold,
    /// dwIdleDisconnectSeconds; 0 by preference, 0xFFFFFFFF never.
    pub idle_disconnect_seconds: u32,
    /// dwType: 1 phone, 2 VPN, 3 direct, 4 Internet, 5 broadband.
    pub entry_type: u32,
    /// dwEncryptionType: 0 none, 1 required, 2 strongest, 3 optional.
    pub encryption_type: u32,
    /// dwCustomAuthKey: the type number of the EAP method.
    pub custom_auth_key: u32,
    /// guidId; given, and not looked at when it is set.
    pub guid: [u8; 16],
    /// szCustomDialDll.
    pub custom_dial_dll: String,
    /// dwVpnStrategy: 0 to 9, 12 to 15.
    pub vpn_strategy: u32,
    /// szDnsSuffix.
    pub dns_suffix: String,
    /// dwTcpWindowSize; without effect.
    pub tcp_window_size: u32,
    /// szPrerequisitePbk.
    pub prerequisite_book: String,
    /// szPrerequisiteEntry: what to dial before, by a dialing program.
    pub prerequisite_entry: String,
    /// dwRedialCount: 0 to 99.
    pub redial_count: u32,
    /// dwRedialPause in seconds: 1 to 600.
    pub redial_pause: u32,
    /// ipv6addrDns and ipv6addrDnsAlt.
    pub ipv6_dns: [Ipv6Addr; 2],
    /// dwIPv4InterfaceMetric; counts with its bit of dwfOptions2.
    pub ipv4_metric: u32,
    /// dwIPv6InterfaceMetric; counts with its bit of dwfOptions2.
    pub ipv6_metric: u32,
    /// ipv6addr.
    pub ipv6_address: Ipv6Addr,
    /// dwIPv6PrefixLength: 0 to 128.
    pub ipv6_prefix_len: u32,
    /// dwNetworkOutageTime in minutes; the file has seconds.
    pub network_outage_minutes: u32,
    /// szIDi.
    pub ike_initiator: String,
    /// szIDr.
    pub ike_responder: String,
    /// fIsImsConfig.
    pub is_ims: bool,
    /// IdiType.
    pub ike_initiator_type: u32,
    /// IdrType.
    pub ike_responder_type: u32,
    /// fDisableIKEv2Fragmentation.
    pub no_ike_fragmentation: bool,
}

/// What makes a new entry another than all others; chance, which the caller has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewIdentity {
    /// Its GUID, as the binary lies in memory.
    pub guid: [u8; 16],
    /// The number under which its credentials are found.
    pub dial_params_uid: u32,
}

impl Default for EntryProperties {
    /// What RasGetEntryProperties gives for an empty name: a VPN entry by SSTP without a server.
    fn default() -> Self {
        Self {
            device_name: VpnProtocol::Sstp.device_name().to_owned(),
            options: option::REMOTE_DEFAULT_GATEWAY
                | option::PREVIEW_USER_PW
                | option::SHOW_DIALING_PROGRESS
                | option::MODEM_LIGHTS
                | option::REQUIRE_DATA_ENCRYPTION
                | auth_flags(AuthRestrictions::default_for(DeviceType::Vpn).bits()).0,
            options2: option2::SECURE_FILE_AND_PRINT
                | option2::SECURE_CLIENT_FOR_MS_NET
                | option2::DONT_NEGOTIATE_MULTILINK
                | option2::IPV6_REMOTE_DEFAULT_GATEWAY,
            net_protocols: 0xC,
            dial_mode: 1,
            subentries: 0,
            ..Self::unwritten(DeviceType::Vpn)
        }
    }
}

impl EntryProperties {
    /// What a section of an entry for this device means in which no key is written. The flags are read
    /// one by one and start from nothing.
    pub(super) fn unwritten(device: DeviceType) -> Self {
        Self {
            options: 0,
            options2: 0,
            options3: 0,
            country_id: 0,
            country_code: 0,
            area_code: String::new(),
            phone_number: String::new(),
            alternates: Vec::new(),
            ipv4_address: Ipv4Addr::UNSPECIFIED,
            ipv4_dns: [Ipv4Addr::UNSPECIFIED; 2],
            ipv4_wins: [Ipv4Addr::UNSPECIFIED; 2],
            frame_size: 1006,
            net_protocols: 0xF,
            framing_protocol: 1,
            script: String::new(),
            autodial_dll: String::new(),
            autodial_function: String::new(),
            device_type: device.text().to_owned(),
            device_name: String::new(),
            x25: X25::default(),
            channels: 0,
            subentries: 0,
            dial_mode: 1,
            dial_extra: Threshold { percent: 75, seconds: 120 },
            hang_up_extra: Threshold { percent: 10, seconds: 120 },
            idle_disconnect_seconds: 0,
            entry_type: Self::type_for(device).value(),
            encryption_type: encryption_type(Encryption::default_for(device)),
            custom_auth_key: 0,
            guid: [0; 16],
            custom_dial_dll: String::new(),
            vpn_strategy: 0,
            dns_suffix: String::new(),
            tcp_window_size: 0,
            prerequisite_book: String::new(),
            prerequisite_entry: String::new(),
            redial_count: 3,
            redial_pause: 60,
            ipv6_dns: [Ipv6Addr::UNSPECIFIED; 2],
            ipv4_metric: 0,
            ipv6_metric: 0,
            ipv6_address: Ipv6Addr::UNSPECIFIED,
            ipv6_prefix_len: 0,
            network_outage_minutes: 0,
            ike_initiator: String::new(),
            ike_responder: String::new(),
            is_ims: false,
            ike_initiator_type: 0,
            ike_responder_type: 0,
            no_ike_fragmentation: false,
        }
    }

    /// The type of an entry for this device, for callers whose RASENTRY has no dwType.
    pub fn type_for(device: DeviceType) -> EntryType {
        onhook_model::Entry::new("", device).entry_type
    }

    /// Sets what encryption is asked for by the one bit of dwfOptions that callers have whose RASENTRY
    /// has no dwEncryptionType.
    pub fn take_encryption_from_options(&mut self) {
        let is_required = self.options & option::REQUIRE_DATA_ENCRYPTION != 0;
        match (is_required, self.encryption_type) {
            (true, 1 | 2) => {}
            (true, _) => self.encryption_type = encryption_type(Encryption::Required),
            (false, 1 | 2) => self.encryption_type = encryption_type(Encryption::Optional),
            (false, _) => {}
        }
    }
}

/// ET_ of what the book says.
pub(super) const fn encryption_type(encryption: Encryption) -> u32 {
    match encryption {
        Encryption::None => 0,
        Encryption::Required => 1,
        Encryption::Strongest => 2,
        Encryption::Optional => 3,
    }
}

/// The other way; `None` for a number without a meaning.
pub(super) const fn encryption_of(number: u32) -> Option<Encryption> {
    match number {
        0 => Some(Encryption::None),
        1 => Some(Encryption::Required),
        2 => Some(Encryption::Strongest),
        3 => Some(Encryption::Optional),
        _ => None,
    }
}
