//! What was negotiated, protocol by protocol.

use super::lengths::{IP_ADDRESS, NETBIOS_NAME};
use crate::layout::Generation::{V0400, V0500, V0501, V0600, V0601};
use crate::layout::structure::{Field, Structure};

/// The NetBIOS gateway from before PPP.
pub static RASAMB: Structure = Structure::of_two_forms(
    "RASAMB",
    &[
        Field::u32("dwSize"),
        Field::u32("dwError"),
        Field::text("szNetBiosError", NETBIOS_NAME),
        Field::octets("bLana", 1, 1),
    ],
);

/// NetBEUI over PPP.
pub static RASPPPNBF: Structure = Structure::of_two_forms(
    "RASPPPNBF",
    &[
        Field::u32("dwSize"),
        Field::u32("dwError"),
        Field::u32("dwNetBiosError"),
        Field::text("szNetBiosError", NETBIOS_NAME),
        Field::text("szWorkstationName", NETBIOS_NAME),
        Field::octets("bLana", 1, 1),
    ],
);

/// IPX over PPP.
pub static RASPPPIPX: Structure = Structure::of_two_forms(
    "RASPPPIPX",
    &[Field::u32("dwSize"), Field::u32("dwError"), Field::text("szIpxAddress", 22)],
);

/// IPv4 over PPP.
pub static RASPPPIP: Structure = Structure::of_two_forms(
    "RASPPPIP",
    &[
        Field::u32("dwSize"),
        Field::u32("dwError"),
        Field::text("szIpAddress", IP_ADDRESS),
        Field::text("szServerIpAddress", IP_ADDRESS).since(V0400),
        Field::u32("dwOptions").since(V0500),
        Field::u32("dwServerOptions").since(V0500),
    ],
);

/// IPv6 over PPP.
pub static RASPPPIPV6: Structure = Structure::of_one_form(
    "RASPPPIPV6",
    &[
        Field::u32("dwSize"),
        Field::u32("dwError"),
        Field::octets("bLocalInterfaceIdentifier", 8, 1),
        Field::octets("bPeerInterfaceIdentifier", 8, 1),
        Field::octets("bLocalCompressionProtocol", 2, 1),
        Field::octets("bPeerCompressionProtocol", 2, 1),
    ],
)
.since(V0600);

/// The link itself and its authentication.
pub static RASPPPLCP: Structure = Structure::of_two_forms(
    "RASPPPLCP",
    &[
        Field::u32("dwSize"),
        Field::u32("fBundled"),
        Field::u32("dwError").since(V0500),
        Field::u32("dwAuthenticationProtocol").since(V0500),
        Field::u32("dwAuthenticationData").since(V0500),
        Field::u32("dwEapTypeId").since(V0500),
        Field::u32("dwServerAuthenticationProtocol").since(V0500),
        Field::u32("dwServerAuthenticationData").since(V0500),
        Field::u32("dwServerEapTypeId").since(V0500),
        Field::u32("fMultilink").since(V0500),
        Field::u32("dwTerminateReason").since(V0500),
        Field::u32("dwServerTerminateReason").since(V0500),
        Field::text("szReplyMessage", 1024).since(V0500),
        Field::u32("dwOptions").since(V0500),
        Field::u32("dwServerOptions").since(V0500),
    ],
);

/// Compression and encryption.
pub static RASPPPCCP: Structure = Structure::of_one_form(
    "RASPPPCCP",
    &[
        Field::u32("dwSize"),
        Field::u32("dwError"),
        Field::u32("dwCompressionAlgorithm"),
        Field::u32("dwOptions"),
        Field::u32("dwServerCompressionAlgorithm"),
        Field::u32("dwServerOptions"),
    ],
)
.since(V0500);

/// IP over a serial line without PPP.
pub static RASSLIP: Structure = Structure::of_two_forms(
    "RASSLIP",
    &[Field::u32("dwSize"), Field::u32("dwError"), Field::text("szIpAddress", IP_ADDRESS)],
)
.until(V0501);

/// Everything about a PPP connection at once.
pub static RASPPP_PROJECTION_INFO: Structure = Structure::of_one_form(
    "RASPPP_PROJECTION_INFO",
    &[
        Field::u32("dwIPv4NegotiationError"),
        Field::octets("ipv4Address", 4, 4),
        Field::octets("ipv4ServerAddress", 4, 4),
        Field::u32("dwIPv4Options"),
        Field::u32("dwIPv4ServerOptions"),
        Field::u32("dwIPv6NegotiationError"),
        Field::octets("bInterfaceIdentifier", 8, 1),
        Field::octets("bServerInterfaceIdentifier", 8, 1),
        Field::u32("fBundled"),
        Field::u32("fMultilink"),
        Field::u32("dwAuthenticationProtocol"),
        Field::u32("dwAuthenticationData"),
        Field::u32("dwServerAuthenticationProtocol"),
        Field::u32("dwServerAuthenticationData"),
        Field::u32("dwEapTypeId"),
        Field::u32("dwServerEapTypeId"),
        Field::u32("dwLcpOptions"),
        Field::u32("dwLcpServerOptions"),
        Field::u32("dwCcpError"),
        Field::u32("dwCcpCompressionAlgorithm"),
        Field::u32("dwCcpServerCompressionAlgorithm"),
        Field::u32("dwCcpOptions"),
        Field::u32("dwCcpServerOptions"),
    ],
)
.since(V0601);

/// Everything about an IKEv2 connection at once; the server's addresses follow behind.
pub static RASIKEV2_PROJECTION_INFO: Structure = Structure::of_one_form(
    "RASIKEV2_PROJECTION_INFO",
    &[
        Field::u32("dwIPv4NegotiationError"),
        Field::octets("ipv4Address", 4, 4),
        Field::octets("ipv4ServerAddress", 4, 4),
        Field::u32("dwIPv6NegotiationError"),
        Field::octets("ipv6Address", 16, 2),
        Field::octets("ipv6ServerAddress", 16, 2),
        Field::u32("dwPrefixLength"),
        Field::u32("dwAuthenticationProtocol"),
        Field::u32("dwEapTypeId"),
        Field::u32("dwFlags"),
        Field::u32("dwEncryptionMethod"),
        Field::u32("numIPv4ServerAddresses"),
        Field::pointer("ipv4ServerAddresses"),
        Field::u32("numIPv6ServerAddresses"),
        Field::pointer("ipv6ServerAddresses"),
    ],
)
.since(V0601);

/// What `RasGetProjectionInfoEx` tells: one of the two, as `type` says.
pub static RAS_PROJECTION_INFO: Structure = Structure::of_one_form(
    "RAS_PROJECTION_INFO",
    &[
        Field::u32("version"),
        Field::u32("type"),
        Field::nested("ppp", &RASPPP_PROJECTION_INFO),
        Field::nested("ikev2", &RASIKEV2_PROJECTION_INFO).shares_place(),
    ],
)
.since(V0601);
