//! The dialogs of `rasdlg.h`.

use super::lengths::{DOMAIN, ENTRY_NAME, PASSWORD, USER_NAME};
use crate::layout::Generation::V0401;
use crate::layout::structure::{Field, Structure};

/// The phone-book dialog. Its two forms differ by the callback's text only.
pub static RASPBDLG: Structure = Structure::of_two_forms(
    "RASPBDLG",
    &[
        Field::u32("dwSize"),
        Field::pointer("hwndOwner"),
        Field::u32("dwFlags"),
        Field::u32("xDlg"),
        Field::u32("yDlg"),
        Field::pointer("dwCallbackId"),
        Field::pointer("pCallback"),
        Field::u32("dwError"),
        Field::pointer("reserved"),
        Field::pointer("reserved2"),
    ],
)
.since(V0401);

/// The dialog for one entry.
pub static RASENTRYDLG: Structure = Structure::of_two_forms(
    "RASENTRYDLG",
    &[
        Field::u32("dwSize"),
        Field::pointer("hwndOwner"),
        Field::u32("dwFlags"),
        Field::u32("xDlg"),
        Field::u32("yDlg"),
        Field::text("szEntry", ENTRY_NAME),
        Field::u32("dwError"),
        Field::pointer("reserved"),
        Field::pointer("reserved2"),
    ],
)
.since(V0401);

/// The dialog that dials.
pub static RASDIALDLG: Structure = Structure::of_one_form(
    "RASDIALDLG",
    &[
        Field::u32("dwSize"),
        Field::pointer("hwndOwner"),
        Field::u32("dwFlags"),
        Field::u32("xDlg"),
        Field::u32("yDlg"),
        Field::u32("dwSubEntry"),
        Field::u32("dwError"),
        Field::pointer("reserved"),
        Field::pointer("reserved2"),
    ],
)
.since(V0401);

/// Credentials that the phone-book dialog asks its caller for when no user is logged on.
pub static RASNOUSER: Structure = Structure::of_two_forms(
    "RASNOUSER",
    &[
        Field::u32("dwSize"),
        Field::u32("dwFlags"),
        Field::u32("dwTimeoutMs"),
        Field::text("szUserName", USER_NAME),
        Field::text("szPassword", PASSWORD),
        Field::text("szDomain", DOMAIN),
    ],
)
.since(V0401);
