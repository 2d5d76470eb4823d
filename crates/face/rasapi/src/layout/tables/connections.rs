//! Connections that exist: which, in what state, how much they carried.

use super::lengths::{
    DEVICE_NAME, DEVICE_NAME_AT_FIRST, DEVICE_TYPE, ENTRY_NAME, ENTRY_NAME_AT_FIRST, PATH,
    PHONE_NUMBER,
};
use crate::layout::Generation::{V0400, V0401, V0500, V0501, V0600, V0601};
use crate::layout::structure::{Field, Structure};

/// A row of `RasEnumConnections`.
pub static RASCONN: Structure = Structure::of_two_forms(
    "RASCONN",
    &[
        Field::u32("dwSize"),
        Field::pointer("hrasconn"),
        Field::text("szEntryName", ENTRY_NAME).at_first(ENTRY_NAME_AT_FIRST),
        Field::text("szDeviceType", DEVICE_TYPE).since(V0400),
        Field::text("szDeviceName", DEVICE_NAME).since(V0400),
        Field::text("szPhonebook", PATH).since(V0401),
        Field::u32("dwSubEntry").since(V0401),
        Field::octets("guidEntry", 16, 4).since(V0500),
        Field::u32("dwFlags").since(V0501),
        Field::octets("luid", 8, 4).since(V0501),
        Field::octets("guidCorrelationId", 16, 4).since(V0600),
    ],
);

/// What `RasGetConnectStatus` tells.
pub static RASCONNSTATUS: Structure = Structure::of_two_forms(
    "RASCONNSTATUS",
    &[
        Field::u32("dwSize"),
        Field::u32("rasconnstate"),
        Field::u32("dwError"),
        Field::text("szDeviceType", DEVICE_TYPE),
        Field::text("szDeviceName", DEVICE_NAME).at_first(DEVICE_NAME_AT_FIRST),
        Field::text("szPhoneNumber", PHONE_NUMBER).since(V0401),
        Field::nested("localEndPoint", &RASTUNNELENDPOINT).since(V0601),
        Field::nested("remoteEndPoint", &RASTUNNELENDPOINT).since(V0601),
        Field::u32("rasconnsubstate").since(V0601),
    ],
);

/// What a connection or a link has carried.
pub static RAS_STATS: Structure = Structure::of_one_form(
    "RAS_STATS",
    &[
        Field::u32("dwSize"),
        Field::u32("dwBytesXmited"),
        Field::u32("dwBytesRcved"),
        Field::u32("dwFramesXmited"),
        Field::u32("dwFramesRcved"),
        Field::u32("dwCrcErr"),
        Field::u32("dwTimeoutErr"),
        Field::u32("dwAlignmentErr"),
        Field::u32("dwHardwareOverrunErr"),
        Field::u32("dwFramingErr"),
        Field::u32("dwBufferOverrunErr"),
        Field::u32("dwCompressionRatioIn"),
        Field::u32("dwCompressionRatioOut"),
        Field::u32("dwBps"),
        Field::u32("dwConnectDuration"),
    ],
)
.since(V0500);

/// The health-check state of a connection.
pub static RASNAPSTATE: Structure = Structure::of_one_form(
    "RASNAPSTATE",
    &[
        Field::u32("dwSize"),
        Field::u32("dwFlags"),
        Field::u32("isolationState"),
        Field::octets("probationTime", 8, 4),
    ],
)
.since(V0600);

/// One end of a tunnel: its address, of the kind that `dwType` names.
pub static RASTUNNELENDPOINT: Structure = Structure::of_one_form(
    "RASTUNNELENDPOINT",
    &[
        Field::u32("dwType"),
        Field::octets("ipv4", 4, 4),
        Field::octets("ipv6", 16, 2).shares_place(),
    ],
)
.since(V0601);

/// Where `RasUpdateConnection` moves a tunnel to.
pub static RASUPDATECONN: Structure = Structure::of_one_form(
    "RASUPDATECONN",
    &[
        Field::u32("version"),
        Field::u32("dwSize"),
        Field::u32("dwFlags"),
        Field::u32("dwIfIndex"),
        Field::nested("localEndPoint", &RASTUNNELENDPOINT),
        Field::nested("remoteEndPoint", &RASTUNNELENDPOINT),
    ],
)
.since(V0601);
