//! Dialing because an address is wanted.

use super::lengths::ENTRY_NAME;
use crate::layout::Generation::V0401;
use crate::layout::structure::{Field, Structure};

/// The entry that serves an address at one dialing location.
pub static RASAUTODIALENTRY: Structure = Structure::of_two_forms(
    "RASAUTODIALENTRY",
    &[
        Field::u32("dwSize"),
        Field::u32("dwFlags"),
        Field::u32("dwDialingLocation"),
        Field::text("szEntry", ENTRY_NAME),
    ],
)
.since(V0401);

/// What a dialog of somebody else for autodial is given.
pub static RASADPARAMS: Structure = Structure::of_one_form(
    "RASADPARAMS",
    &[
        Field::u32("dwSize"),
        Field::pointer("hwndOwner"),
        Field::u32("dwFlags"),
        Field::u32("xDlg"),
        Field::u32("yDlg"),
    ],
)
.since(V0401);
