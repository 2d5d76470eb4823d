//! Devices, countries, and what scripts may set on a line.

use super::lengths::{DEVICE_NAME, DEVICE_TYPE};
use crate::layout::Generation::{V0400, V0501};
use crate::layout::structure::{Field, Structure};

/// A row of `RasEnumDevices`.
pub static RASDEVINFO: Structure = Structure::of_two_forms(
    "RASDEVINFO",
    &[
        Field::u32("dwSize"),
        Field::text("szDeviceType", DEVICE_TYPE),
        Field::text("szDeviceName", DEVICE_NAME),
    ],
)
.since(V0400);

/// A country and its telephone code; the name follows behind the structure.
pub static RASCTRYINFO: Structure = Structure::of_one_form(
    "RASCTRYINFO",
    &[
        Field::u32("dwSize"),
        Field::u32("dwCountryID"),
        Field::u32("dwNextCountryID"),
        Field::u32("dwCountryCode"),
        Field::u32("dwCountryNameOffset"),
    ],
)
.since(V0400);

/// What a custom script may set on a serial line.
pub static RASCOMMSETTINGS: Structure = Structure::of_one_form(
    "RASCOMMSETTINGS",
    &[
        Field::u32("dwSize"),
        Field::octets("bParity", 1, 1),
        Field::octets("bStop", 1, 1),
        Field::octets("bByteSize", 1, 1),
        Field::octets("bAlign", 1, 1),
    ],
)
.since(V0501);

/// What a custom script is given.
pub static RASCUSTOMSCRIPTEXTENSIONS: Structure = Structure::of_one_form(
    "RASCUSTOMSCRIPTEXTENSIONS",
    &[Field::u32("dwSize"), Field::pointer("pfnRasSetCommSettings")],
)
.since(V0501);
