//! Entries of a phone book.

use super::lengths::{
    DEVICE_NAME, DEVICE_TYPE, ENTRY_NAME, ENTRY_NAME_AT_FIRST, PATH, PHONE_NUMBER,
};
use crate::layout::Generation::{V0A00, V0400, V0401, V0500, V0501, V0600, V0601};
use crate::layout::structure::{Field, Structure};

/// A row of `RasEnumEntries`.
pub static RASENTRYNAME: Structure = Structure::of_two_forms(
    "RASENTRYNAME",
    &[
        Field::u32("dwSize"),
        Field::text("szEntryName", ENTRY_NAME).at_first(ENTRY_NAME_AT_FIRST),
        Field::u32("dwFlags").since(V0500),
        Field::text("szPhonebookPath", PATH + 1).since(V0500),
    ],
);

/// An IPv4 address, in the order in which it is written.
pub static RASIPADDR: Structure = Structure::of_one_form(
    "RASIPADDR",
    &[
        Field::octets("a", 1, 1),
        Field::octets("b", 1, 1),
        Field::octets("c", 1, 1),
        Field::octets("d", 1, 1),
    ],
)
.since(V0400);

/// The properties of an entry; alternate numbers follow behind, where `dwAlternateOffset` says.
pub static RASENTRY: Structure = Structure::of_two_forms(
    "RASENTRY",
    &[
        Field::u32("dwSize"),
        Field::u32("dwfOptions"),
        Field::u32("dwCountryID"),
        Field::u32("dwCountryCode"),
        Field::text("szAreaCode", 11),
        Field::text("szLocalPhoneNumber", PHONE_NUMBER),
        Field::u32("dwAlternateOffset"),
        Field::nested("ipaddr", &RASIPADDR),
        Field::nested("ipaddrDns", &RASIPADDR),
        Field::nested("ipaddrDnsAlt", &RASIPADDR),
        Field::nested("ipaddrWins", &RASIPADDR),
        Field::nested("ipaddrWinsAlt", &RASIPADDR),
        Field::u32("dwFrameSize"),
        Field::u32("dwfNetProtocols"),
        Field::u32("dwFramingProtocol"),
        Field::text("szScript", PATH),
        Field::text("szAutodialDll", PATH),
        Field::text("szAutodialFunc", PATH),
        Field::text("szDeviceType", DEVICE_TYPE),
        Field::text("szDeviceName", DEVICE_NAME),
        Field::text("szX25PadType", 33),
        Field::text("szX25Address", 201),
        Field::text("szX25Facilities", 201),
        Field::text("szX25UserData", 201),
        Field::u32("dwChannels"),
        Field::u32("dwReserved1"),
        Field::u32("dwReserved2"),
        Field::u32("dwSubEntries").since(V0401),
        Field::u32("dwDialMode").since(V0401),
        Field::u32("dwDialExtraPercent").since(V0401),
        Field::u32("dwDialExtraSampleSeconds").since(V0401),
        Field::u32("dwHangUpExtraPercent").since(V0401),
        Field::u32("dwHangUpExtraSampleSeconds").since(V0401),
        Field::u32("dwIdleDisconnectSeconds").since(V0401),
        Field::u32("dwType").since(V0500),
        Field::u32("dwEncryptionType").since(V0500),
        Field::u32("dwCustomAuthKey").since(V0500),
        Field::octets("guidId", 16, 4).since(V0500),
        Field::text("szCustomDialDll", PATH).since(V0500),
        Field::u32("dwVpnStrategy").since(V0500),
        Field::u32("dwfOptions2").since(V0501),
        Field::u32("dwfOptions3").since(V0501),
        Field::text("szDnsSuffix", 256).since(V0501),
        Field::u32("dwTcpWindowSize").since(V0501),
        Field::text("szPrerequisitePbk", PATH).since(V0501),
        Field::text("szPrerequisiteEntry", ENTRY_NAME).since(V0501),
        Field::u32("dwRedialCount").since(V0501),
        Field::u32("dwRedialPause").since(V0501),
        Field::octets("ipv6addrDns", 16, 2).since(V0600),
        Field::octets("ipv6addrDnsAlt", 16, 2).since(V0600),
        Field::u32("dwIPv4InterfaceMetric").since(V0600),
        Field::u32("dwIPv6InterfaceMetric").since(V0600),
        Field::octets("ipv6addr", 16, 2).since(V0601),
        Field::u32("dwIPv6PrefixLength").since(V0601),
        Field::u32("dwNetworkOutageTime").since(V0601),
        Field::text("szIDi", 257).since(V0A00),
        Field::text("szIDr", 257).since(V0A00),
        Field::u32("fIsImsConfig").since(V0A00),
        Field::u32("IdiType").since(V0A00),
        Field::u32("IdrType").since(V0A00),
        Field::u32("fDisableIKEv2Fragmentation").since(V0A00),
    ],
)
.since(V0400);

/// One link of an entry with several.
pub static RASSUBENTRY: Structure = Structure::of_two_forms(
    "RASSUBENTRY",
    &[
        Field::u32("dwSize"),
        Field::u32("dwfFlags"),
        Field::text("szDeviceType", DEVICE_TYPE),
        Field::text("szDeviceName", DEVICE_NAME),
        Field::text("szLocalPhoneNumber", PHONE_NUMBER),
        Field::u32("dwAlternateOffset"),
    ],
)
.since(V0401);
