//! What a caller says when dialing, and the credentials for it.

use super::lengths::{
    CALLBACK_NUMBER, CALLBACK_NUMBER_AT_FIRST, DOMAIN, ENTRY_NAME, ENTRY_NAME_AT_FIRST, PASSWORD,
    PHONE_NUMBER, USER_NAME,
};
use crate::layout::Generation::{V0401, V0500, V0601, V0602};
use crate::layout::structure::{Field, Structure};

/// Whom to dial, and as whom.
pub static RASDIALPARAMS: Structure = Structure::of_two_forms(
    "RASDIALPARAMS",
    &[
        Field::u32("dwSize"),
        Field::text("szEntryName", ENTRY_NAME).at_first(ENTRY_NAME_AT_FIRST),
        Field::text("szPhoneNumber", PHONE_NUMBER),
        Field::text("szCallbackNumber", CALLBACK_NUMBER).at_first(CALLBACK_NUMBER_AT_FIRST),
        Field::text("szUserName", USER_NAME),
        Field::text("szPassword", PASSWORD),
        Field::text("szDomain", DOMAIN),
        Field::u32("dwSubEntry").since(V0401),
        Field::pointer("dwCallbackId").since(V0401),
        Field::u32("dwIfIndex").since(V0601),
        Field::pointer("szEncPassword").since(V0602),
    ],
);

/// How to dial.
pub static RASDIALEXTENSIONS: Structure = Structure::of_one_form(
    "RASDIALEXTENSIONS",
    &[
        Field::u32("dwSize"),
        Field::u32("dwfOptions"),
        Field::pointer("hwndParent"),
        Field::pointer("reserved"),
        Field::pointer("reserved1").since(V0500),
        Field::nested("RasEapInfo", &RASEAPINFO).since(V0500),
        Field::u32("fSkipPppAuth").since(V0601),
        Field::nested("RasDevSpecificInfo", &RASDEVSPECIFICINFO).since(V0601),
    ],
);

/// The octets of an EAP method for one dial.
pub static RASEAPINFO: Structure = Structure::of_one_form(
    "RASEAPINFO",
    &[Field::u32("dwSizeofEapInfo"), Field::pointer("pbEapInfo")],
)
.since(V0500);

/// Octets for the device, which nobody in between reads.
pub static RASDEVSPECIFICINFO: Structure = Structure::of_one_form(
    "RASDEVSPECIFICINFO",
    &[Field::u32("dwSize"), Field::pointer("pbDevSpecificInfo")],
)
.since(V0601);

/// Saved credentials; `dwMask` says which of them count.
pub static RASCREDENTIALS: Structure = Structure::of_two_forms(
    "RASCREDENTIALS",
    &[
        Field::u32("dwSize"),
        Field::u32("dwMask"),
        Field::text("szUserName", USER_NAME),
        Field::text("szPassword", PASSWORD),
        Field::text("szDomain", DOMAIN),
    ],
)
.since(V0401);

/// A name and the octets of an EAP method, as long as `dwSizeofEapInfo` says, from `pbEapInfo` on.
pub static RASEAPUSERIDENTITY: Structure = Structure::of_two_forms(
    "RASEAPUSERIDENTITY",
    &[
        Field::text("szUserName", USER_NAME),
        Field::u32("dwSizeofEapInfo"),
        Field::octets("pbEapInfo", 1, 1),
    ],
)
.since(V0500);
