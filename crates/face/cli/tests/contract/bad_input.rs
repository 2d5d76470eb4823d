//! What a careless program hands over, to every function that takes it: sizes, null pointers, texts without an
//! end, malformed Unicode, books that are folders. Each is answered by its number, and nothing is written.

use std::ptr::{null, null_mut};

use rasapi32::exports::*;
use rasapi32::layout::{Charset, Form, Kind, Machine, Structure, tables};

use crate::caller::*;

const INVALID_ARGUMENT: u32 = 0x8007_0057;
const IP: u32 = 0x8021;
const LCP: u32 = 0xc021;

/// A function in the form of a charset.
macro_rules! of {
    ($charset:expr, $ansi:ident, $wide:ident, $($arg:expr),* $(,)?) => {
        // SAFETY: what is pointed to is there, and as large as is said: a `Taker`'s caller promises it.
        unsafe {
            match $charset {
                Charset::Ansi => $ansi($($arg),*),
                Charset::Wide => $wide($($arg),*),
            }
        }
    };
}

/// Hands a structure of the caller's to a function, with the octets that it has.
type Taker = unsafe fn(Charset, usize, *mut u8, u32) -> u32;

/// Function, structure, and what a wrong size is answered by.
type Row = (&'static str, &'static Structure, u32, Taker);

fn text(charset: Charset, text: &str) -> Vec<u8> {
    charset.encode(text)
}

fn dial(charset: Charset, extensions: *mut u8, params: *mut u8) -> u32 {
    let mut handle = 0;
    let result =
        of!(charset, RasDialA, RasDialW, extensions, null(), params, 0, 0, &raw mut handle);
    assert_eq!(handle, 0, "nothing of this dials");
    result
}

/// Parameters of an entry that is not there.
fn nowhere(charset: Charset) -> Struct {
    let mut params = Struct::new(&tables::RASDIALPARAMS, charset);
    params.put().put_text("szEntryName", "nowhere");
    params
}

/// Every function that reads or fills structures of several versions.
const TAKERS: &[Row] = &[
    ("RasDial", &tables::RASDIALPARAMS, 632, |c, _, p, _| dial(c, null_mut(), p)),
    ("RasDial, extensions", &tables::RASDIALEXTENSIONS, 632, |c, _, p, _| {
        dial(c, p, nowhere(c).pointer())
    }),
    ("RasGetConnectStatus", &tables::RASCONNSTATUS, 632, |c, h, p, _| {
        of!(c, RasGetConnectStatusA, RasGetConnectStatusW, h, p)
    }),
    ("RasEnumConnections", &tables::RASCONN, 632, |c, _, p, mut size| {
        of!(c, RasEnumConnectionsA, RasEnumConnectionsW, p, &raw mut size, &mut 0)
    }),
    ("RasEnumEntries", &tables::RASENTRYNAME, 632, |c, _, p, mut size| {
        of!(c, RasEnumEntriesA, RasEnumEntriesW, null(), null(), p, &raw mut size, &mut 0)
    }),
    ("RasEnumDevices", &tables::RASDEVINFO, 632, |c, _, p, mut size| {
        of!(c, RasEnumDevicesA, RasEnumDevicesW, p, &raw mut size, &mut 0)
    }),
    ("RasGetProjectionInfo, IP", &tables::RASPPPIP, 632, |c, h, p, mut size| {
        of!(c, RasGetProjectionInfoA, RasGetProjectionInfoW, h, IP, p, &raw mut size)
    }),
    ("RasGetProjectionInfo, LCP", &tables::RASPPPLCP, 632, |c, h, p, mut size| {
        of!(c, RasGetProjectionInfoA, RasGetProjectionInfoW, h, LCP, p, &raw mut size)
    }),
    ("RasGetConnectionStatistics", &tables::RAS_STATS, INVALID_ARGUMENT, |_, h, p, _| {
        of!(Charset::Wide, RasGetConnectionStatistics, RasGetConnectionStatistics, h, p)
    }),
    ("RasGetLinkStatistics", &tables::RAS_STATS, INVALID_ARGUMENT, |_, h, p, _| {
        of!(Charset::Wide, RasGetLinkStatistics, RasGetLinkStatistics, h, 1, p)
    }),
    ("RasGetNapStatus", &tables::RASNAPSTATE, 632, |_, h, p, _| {
        of!(Charset::Wide, RasGetNapStatus, RasGetNapStatus, h, p)
    }),
    ("RasInvokeEapUI", &tables::RASDIALEXTENSIONS, 632, |_, h, p, _| {
        of!(Charset::Wide, RasInvokeEapUI, RasInvokeEapUI, h, 1, p, 0)
    }),
    ("RasGetEntryDialParams", &tables::RASDIALPARAMS, 632, |c, _, p, _| {
        of!(c, RasGetEntryDialParamsA, RasGetEntryDialParamsW, null(), p, &mut 0)
    }),
    ("RasSetEntryDialParams", &tables::RASDIALPARAMS, 632, |c, _, p, _| {
        of!(c, RasSetEntryDialParamsA, RasSetEntryDialParamsW, null(), p, 0)
    }),
    ("RasGetCredentials", &tables::RASCREDENTIALS, 632, |c, _, p, _| {
        of!(c, RasGetCredentialsA, RasGetCredentialsW, null(), text(c, "sizes").as_ptr(), p)
    }),
    ("RasSetCredentials", &tables::RASCREDENTIALS, 632, |c, _, p, _| {
        of!(c, RasSetCredentialsA, RasSetCredentialsW, null(), text(c, "sizes").as_ptr(), p, 0)
    }),
    ("RasGetEntryProperties", &tables::RASENTRY, 632, |c, _, p, mut size| {
        let (name, size, none) = (text(c, "sizes"), &raw mut size, null_mut());
        of!(
            c,
            RasGetEntryPropertiesA,
            RasGetEntryPropertiesW,
            null(),
            name.as_ptr(),
            p,
            size,
            none,
            null_mut()
        )
    }),
    ("RasSetEntryProperties", &tables::RASENTRY, 632, |c, _, p, size| {
        let (name, none) = (text(c, "sizes made"), null_mut());
        of!(
            c,
            RasSetEntryPropertiesA,
            RasSetEntryPropertiesW,
            null(),
            name.as_ptr(),
            p,
            size,
            none,
            0
        )
    }),
    ("RasGetSubEntryProperties", &tables::RASSUBENTRY, 632, |c, _, p, mut size| {
        let (name, size, none) = (text(c, "sizes"), &raw mut size, null_mut());
        of!(
            c,
            RasGetSubEntryPropertiesA,
            RasGetSubEntryPropertiesW,
            null(),
            name.as_ptr(),
            1,
            p,
            size,
            none,
            null_mut(),
        )
    }),
    ("RasSetSubEntryProperties", &tables::RASSUBENTRY, 632, |c, _, p, size| {
        let (name, none) = (text(c, "sizes"), null_mut());
        of!(
            c,
            RasSetSubEntryPropertiesA,
            RasSetSubEntryPropertiesW,
            null(),
            name.as_ptr(),
            1,
            p,
            size,
            none,
            0
        )
    }),
    ("RasGetAutodialAddress", &tables::RASAUTODIALENTRY, 632, |c, _, p, mut size| {
        let (name, size) = (text(c, "sizes.example"), &raw mut size);
        of!(
            c,
            RasGetAutodialAddressA,
            RasGetAutodialAddressW,
            name.as_ptr(),
            null_mut(),
            p,
            size,
            &mut 0
        )
    }),
    ("RasSetAutodialAddress", &tables::RASAUTODIALENTRY, 632, |c, _, p, size| {
        let name = text(c, "sizes.example");
        of!(c, RasSetAutodialAddressA, RasSetAutodialAddressW, name.as_ptr(), 0, p, size, 1)
    }),
    ("RasGetCountryInfo", &tables::RASCTRYINFO, 1784, |c, _, p, mut size| {
        of!(c, RasGetCountryInfoA, RasGetCountryInfoW, p, &raw mut size)
    }),
];

/// Every size that any generation had is taken, and never an octet is written behind it; every other is
/// refused, and not one octet is written at all.
#[test]
fn every_size_of_every_structure_is_taken_and_no_other() {
    let handle = connected("sizes");
    let machine = Machine::of_this_library();
    for (name, structure, refused, take) in TAKERS {
        for charset in Charset::ALL {
            let sizes = structure.sizes(machine, charset);
            for size in &sizes {
                let mut given =
                    Struct::of_form(structure.of_size(machine, charset, *size).unwrap());
                // SAFETY: everything that is pointed to is here, and as large as is said.
                let result = unsafe { take(charset, handle, given.pointer(), *size) };
                assert!(![632, 1784].contains(&result), "{name} of {size} octets");
                assert_ne!(result, INVALID_ARGUMENT, "{name} of {size} octets");
                assert_eq!(given.u32("dwSize"), *size, "{name}: and nothing is behind it");
            }
            let near = sizes.iter().flat_map(|size| [size - 1, size + 1]);
            let wrong = [0, 3, u32::MAX].into_iter().chain(near);
            for size in wrong.filter(|size| !sizes.contains(size)) {
                let mut given = Struct::new(structure, charset);
                given.set_size(size);
                let before = given.view().as_octets().to_vec();
                let octets = u32::try_from(before.len()).unwrap();
                // SAFETY: the same.
                let result = unsafe { take(charset, handle, given.pointer(), octets) };
                assert_eq!(result, *refused, "{name} of {size} octets");
                assert_eq!(given.view().as_octets(), before, "{name} has written");
            }
        }
    }
    end(handle);
}

/// Texts that programs fill, in structures that are read: function, structure, text.
const READ: &[(&str, &Structure, &[&str])] = &[
    (
        "RasDial",
        &tables::RASDIALPARAMS,
        &[
            "szEntryName",
            "szPhoneNumber",
            "szCallbackNumber",
            "szUserName",
            "szPassword",
            "szDomain",
        ],
    ),
    (
        "RasSetEntryDialParams",
        &tables::RASDIALPARAMS,
        &["szEntryName", "szCallbackNumber", "szUserName", "szPassword", "szDomain"],
    ),
    ("RasGetEntryDialParams", &tables::RASDIALPARAMS, &["szEntryName"]),
    ("RasSetCredentials", &tables::RASCREDENTIALS, &["szUserName", "szPassword", "szDomain"]),
    (
        "RasSetEntryProperties",
        &tables::RASENTRY,
        &["szLocalPhoneNumber", "szDeviceType", "szDeviceName", "szScript", "szAreaCode"],
    ),
    (
        "RasSetSubEntryProperties",
        &tables::RASSUBENTRY,
        &["szDeviceType", "szDeviceName", "szLocalPhoneNumber"],
    ),
    ("RasSetAutodialAddress", &tables::RASAUTODIALENTRY, &["szEntry"]),
];

/// A structure in which everything makes sense.
fn sensible(structure: &'static Structure, charset: Charset) -> Struct {
    let mut given = Struct::new(structure, charset);
    let mut put = given.put();
    match structure.name() {
        "RASENTRY" => return new_entry(charset),
        "RASDIALPARAMS" => put.put_text("szEntryName", "sizes"),
        "RASCREDENTIALS" => put.put_u32("dwMask", 7),
        // Kept it would be seen by whoever counts addresses.
        "RASAUTODIALENTRY" => put.put_text("szEntry", "nowhere"),
        _ => {
            put.put_text("szDeviceType", "vpn");
            put.put_text("szDeviceName", "onhook (SSTP)");
            put.put_text("szLocalPhoneNumber", "vpn.example")
        }
    };
    given
}

/// The texts of `READ`, without an end and malformed, are 87.
#[test]
fn arrays_without_an_end_and_malformed_texts_in_structures_are_87() {
    entry("sizes");
    for (name, structure, fields) in READ {
        let (_, _, _, take) = TAKERS.iter().find(|row| row.0 == *name).unwrap();
        let answer = |charset, given: &mut Struct| {
            let size = given.view().form().dw_size();
            // SAFETY: everything that is pointed to is here, and as large as is said.
            unsafe { take(charset, 0, given.pointer(), size) }
        };
        for charset in Charset::ALL {
            if *name != "RasDial" {
                assert_ne!(answer(charset, &mut sensible(structure, charset)), 87, "{name}");
            }
            let form = structure.newest(Machine::of_this_library(), charset);
            for field in *fields {
                for bad in bad_texts(form, field) {
                    let mut given = sensible(structure, charset);
                    given.overwrite(field, &bad);
                    assert_eq!(answer(charset, &mut given), 87, "{name}: {field}");
                }
            }
        }
    }
}

/// What is no text in this field: without a null; half a character, and a null.
fn bad_texts(form: Form, field: &str) -> [Vec<u8>; 2] {
    let (field, _) = form.places().find(|(known, _)| known.name() == field).unwrap();
    assert!(matches!(field.kind(), Kind::Text { .. }));
    let unit = form.charset().unit();
    let endless = text(form.charset(), "x")[..unit].repeat(form.length(field) / unit);
    let mut malformed = vec![0; endless.len()];
    malformed[..2].copy_from_slice(&match form.charset() {
        // An octet that begins nothing; a high surrogate alone.
        Charset::Ansi => [0xff, 0],
        Charset::Wide => 0xd800_u16.to_le_bytes(),
    });
    [endless, malformed]
}

/// A text behind a pointer that is malformed, or longer than any.
#[test]
fn malformed_and_endless_texts_behind_pointers_are_87() {
    stage();
    let surrogate = [0xdc00_u16.to_le_bytes(), 0_u16.to_le_bytes()].concat();
    let endless = [text(Charset::Wide, &"x".repeat(40_000)), vec![0, 0]].concat();
    let good = text(Charset::Wide, "b154 good");
    for bad in [&surrogate, &endless] {
        let (bad, good) = (bad.as_ptr(), good.as_ptr());
        // SAFETY: everything that is pointed to is here, with a null at its end.
        unsafe {
            assert_eq!(RasDeleteEntryW(null(), bad), 87);
            assert_eq!(RasDeleteEntryW(bad, good), 87);
            assert_eq!(RasValidateEntryNameW(null(), bad), 87);
            assert_eq!(RasRenameEntryW(null(), bad, good), 87);
            assert_eq!(RasRenameEntryW(null(), good, bad), 87);
            let mut size = 0;
            let listed = RasEnumEntriesW(null(), bad, null_mut(), &raw mut size, &mut 0);
            assert_eq!(listed, 87);
            assert_eq!(dial_by_book(bad), 87);
        }
    }
}

/// Dials an entry of this book.
///
/// # Safety
/// The text must have a null at its end.
unsafe fn dial_by_book(book: *const u8) -> u32 {
    let mut handle = 0;
    // SAFETY: as promised to us.
    let result = unsafe {
        RasDialW(null_mut(), book, nowhere(Charset::Wide).pointer(), 0, 0, &raw mut handle)
    };
    assert_eq!(handle, 0);
    result
}

/// Null where the contract demands a pointer: 87, and `E_INVALIDARG` of statistics and EAP.
#[test]
fn null_where_a_pointer_is_demanded_is_87_or_e_invalidarg() {
    let handle = connected("nulls");
    let name = text(Charset::Wide, "nulls");
    let name = name.as_ptr();
    let (mut number, mut other) = (4_u32, 4_u32);
    let (size, count) = (&raw mut number, &raw mut other);
    // SAFETY: everything that is pointed to is here, and null is what is tried.
    let answers = unsafe {
        [
            ("status", RasGetConnectStatusW(handle, null_mut())),
            ("list, size", RasEnumConnectionsW(null_mut(), null_mut(), count)),
            ("list, count", RasEnumConnectionsW(null_mut(), size, null_mut())),
            ("entries, size", RasEnumEntriesW(null(), null(), null_mut(), null_mut(), count)),
            ("entries, count", RasEnumEntriesW(null(), null(), null_mut(), size, null_mut())),
            ("devices, size", RasEnumDevicesW(null_mut(), null_mut(), count)),
            ("devices, count", RasEnumDevicesW(null_mut(), size, null_mut())),
            ("link", RasGetSubEntryHandleW(handle, 1, null_mut())),
            ("projection", RasGetProjectionInfoW(handle, IP, null_mut(), null_mut())),
            ("projections", RasGetProjectionInfoEx(handle, null_mut(), null_mut())),
            ("error text", RasGetErrorStringW(600, null_mut(), 100)),
            ("validate", RasValidateEntryNameW(null(), null())),
            ("rename, old", RasRenameEntryW(null(), null(), name)),
            ("rename, new", RasRenameEntryW(null(), name, null())),
            ("delete", RasDeleteEntryW(null(), null())),
            (
                "properties, size",
                RasGetEntryPropertiesW(
                    null(),
                    name,
                    null_mut(),
                    null_mut(),
                    null_mut(),
                    null_mut(),
                ),
            ),
            (
                "set properties, name",
                RasSetEntryPropertiesW(null(), null(), null_mut(), 0, null_mut(), 0),
            ),
            ("set properties", RasSetEntryPropertiesW(null(), name, null_mut(), 0, null_mut(), 0)),
            (
                "link's properties, name",
                RasGetSubEntryPropertiesW(
                    null(),
                    null(),
                    1,
                    null_mut(),
                    size,
                    null_mut(),
                    null_mut(),
                ),
            ),
            (
                "link's properties, size",
                RasGetSubEntryPropertiesW(
                    null(),
                    name,
                    1,
                    null_mut(),
                    null_mut(),
                    null_mut(),
                    null_mut(),
                ),
            ),
            (
                "set link's properties",
                RasSetSubEntryPropertiesW(null(), name, 1, null_mut(), 0, null_mut(), 0),
            ),
            ("delete link", RasDeleteSubEntryW(null(), null(), 1)),
            ("dial params", RasGetEntryDialParamsW(null(), null_mut(), size)),
            ("set dial params", RasSetEntryDialParamsW(null(), null_mut(), 0)),
            ("credentials", RasGetCredentialsW(null(), name, null_mut())),
            ("set credentials", RasSetCredentialsW(null(), name, null_mut(), 0)),
            ("country", RasGetCountryInfoW(null_mut(), size)),
            (
                "autodial, size",
                RasGetAutodialAddressW(name, null_mut(), null_mut(), null_mut(), count),
            ),
            (
                "autodial, count",
                RasGetAutodialAddressW(name, null_mut(), null_mut(), size, null_mut()),
            ),
            ("autodial addresses", RasEnumAutodialAddressesW(null_mut(), null_mut(), count)),
            ("autodial enable", RasGetAutodialEnableW(1, null_mut())),
            ("autodial param", RasGetAutodialParamW(2, null_mut(), size)),
            ("autodial param, size", RasGetAutodialParamW(2, count, null_mut())),
            ("set autodial param", RasSetAutodialParamW(2, null_mut(), 4)),
            ("update", RasUpdateConnection(handle, null_mut())),
            ("health", RasGetNapStatus(handle, null_mut())),
            ("no flags", RasConnectionNotificationW(handle, 0, 0)),
        ]
    };
    for (what, answered) in answers {
        assert_eq!(answered, 87, "{what}");
    }
    let mut octets = [0_u8; 4];
    let data = octets.as_mut_ptr();
    // SAFETY: the same.
    let answers = unsafe {
        [
            ("statistics", RasGetConnectionStatistics(handle, null_mut())),
            ("link's statistics", RasGetLinkStatistics(handle, 1, null_mut())),
            ("EAP data, name", RasGetEapUserDataW(0, null(), null(), data, size)),
            ("EAP data, size", RasGetEapUserDataW(0, null(), name, data, null_mut())),
            ("set EAP data", RasSetEapUserDataW(0, null(), name, null_mut(), 4)),
            ("set EAP data, name", RasSetEapUserDataW(0, null(), null(), data, 4)),
            ("settings, name", RasGetCustomAuthDataW(null(), null(), data, size)),
            ("settings, size", RasGetCustomAuthDataW(null(), name, data, null_mut())),
            ("set settings", RasSetCustomAuthDataW(null(), name, null_mut(), 4)),
            ("identity", RasGetEapUserIdentityW(null(), name, 0, 0, null_mut())),
        ]
    };
    for (what, answered) in answers {
        assert_eq!(answered, INVALID_ARGUMENT, "{what}");
    }
    end(handle);
}

/// A phone book that is a folder is 621, whoever asks for it.
#[test]
fn b014_a_folder_is_no_phone_book_to_any_function() {
    let folder = text(Charset::Wide, stage().folder.path().to_str().unwrap());
    let (book, name) = (folder.as_ptr(), text(Charset::Wide, "x"));
    let name = name.as_ptr();
    let mut params = nowhere(Charset::Wide);
    let mut credentials = Struct::new(&tables::RASCREDENTIALS, Charset::Wide);
    credentials.put().put_u32("dwMask", 1);
    credentials.put().put_text("szUserName", "alice");
    let mut made = new_entry(Charset::Wide);
    let size_made = made.view().form().dw_size();
    let mut link = Struct::new(&tables::RASSUBENTRY, Charset::Wide);
    let size_link = link.view().form().dw_size();
    let (mut size, mut data, mut identity) = (0_u32, [7_u8; 4], 0_usize);
    let (size, data) = (&raw mut size, data.as_mut_ptr());
    let none = null_mut();
    // SAFETY: everything that is pointed to is here, and as large as is said.
    let answers = unsafe {
        [
            ("dial", dial_by_book(book)),
            ("entries", RasEnumEntriesW(null(), book, null_mut(), size, &mut 0)),
            ("validate", RasValidateEntryNameW(book, name)),
            ("rename", RasRenameEntryW(book, name, name)),
            ("properties", RasGetEntryPropertiesW(book, name, null_mut(), size, none, none.cast())),
            (
                "set properties",
                RasSetEntryPropertiesW(book, name, made.pointer(), size_made, none, 0),
            ),
            (
                "link's properties",
                RasGetSubEntryPropertiesW(book, name, 1, null_mut(), size, none, none.cast()),
            ),
            (
                "set link's properties",
                RasSetSubEntryPropertiesW(book, name, 1, link.pointer(), size_link, none, 0),
            ),
            ("delete link", RasDeleteSubEntryW(book, name, 1)),
            ("dial params", RasGetEntryDialParamsW(book, params.pointer(), &mut 0)),
            ("set dial params", RasSetEntryDialParamsW(book, params.pointer(), 0)),
            ("credentials", RasGetCredentialsW(book, name, credentials.pointer())),
            ("set credentials", RasSetCredentialsW(book, name, credentials.pointer(), 0)),
            ("settings", RasGetCustomAuthDataW(book, name, null_mut(), size)),
            ("set settings", RasSetCustomAuthDataW(book, name, data, 4)),
            ("EAP data", RasGetEapUserDataW(0, book, name, null_mut(), size)),
            ("set EAP data", RasSetEapUserDataW(0, book, name, data, 4)),
            ("identity", RasGetEapUserIdentityW(book, name, 0, 0, &raw mut identity)),
            ("delete", RasDeleteEntryW(book, name)),
        ]
    };
    for (what, answered) in answers {
        assert_eq!(answered, 621, "{what}");
    }
}

/// The properties of an entry that can be made.
fn new_entry(charset: Charset) -> Struct {
    let mut entry = Struct::new(&tables::RASENTRY, charset);
    let mut size = entry.view().form().dw_size();
    let (given, size, none) = (entry.pointer(), &raw mut size, null_mut());
    let no_name = [0_u8; 2];
    let result = of!(
        charset,
        RasGetEntryPropertiesA,
        RasGetEntryPropertiesW,
        null(),
        no_name.as_ptr(),
        given,
        size,
        none,
        null_mut(),
    );
    assert_eq!(result, 0);
    entry.put().put_text("szLocalPhoneNumber", "vpn.example");
    entry
}

/// Names with forbidden characters are 123 wherever an entry would get one.
#[test]
fn b154_forbidden_names_are_123_wherever_an_entry_would_get_one() {
    entry("b154 stays");
    let mut made = new_entry(Charset::Wide);
    let size = made.view().form().dw_size();
    let stays = text(Charset::Wide, "b154 stays");
    for bad in ["a|b", "a>b", "a<b", "a?b", "a*b", "a\\b", "a/b", "a:b", "a;b", ".a", "  ", ""] {
        let name = text(Charset::Wide, bad);
        // SAFETY: everything that is pointed to is here, and as large as is said.
        let (judged, set) = unsafe {
            (
                RasValidateEntryNameW(null(), name.as_ptr()),
                RasSetEntryPropertiesW(null(), name.as_ptr(), made.pointer(), size, null_mut(), 0),
            )
        };
        assert_eq!((judged, set), (123, 123), "{bad:?}");
    }
    for blank in [".a", "   ", ""] {
        let name = text(Charset::Wide, blank);
        // SAFETY: the same.
        let renamed = unsafe { RasRenameEntryW(null(), stays.as_ptr(), name.as_ptr()) };
        assert_eq!(renamed, 123, "{blank:?}");
    }
}
