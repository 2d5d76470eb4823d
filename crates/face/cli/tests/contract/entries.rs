//! Phone books.

use std::ptr::{null, null_mut};

use rasapi32::exports::*;
use rasapi32::layout::{Charset, Machine, View, ViewMut, tables};

use crate::caller::*;

fn wide(text: &str) -> Vec<u8> {
    Charset::Wide.encode(text)
}

fn properties(name: &str) -> Struct {
    properties_in(Charset::Wide, &wide(name))
}

/// An entry as the functions of one kind show it; its name as they take it.
fn properties_in(charset: Charset, name: &[u8]) -> Struct {
    let mut entry = Struct::new(&tables::RASENTRY, charset);
    let mut size = u32::try_from(entry.view().form().size()).unwrap();
    let function = match charset {
        Charset::Wide => RasGetEntryPropertiesW,
        Charset::Ansi => RasGetEntryPropertiesA,
    };
    // SAFETY: everything that is pointed to is here, and as large as is said.
    let result = unsafe {
        function(null(), name.as_ptr(), entry.pointer(), &raw mut size, null_mut(), null_mut())
    };
    assert_eq!(result, 0);
    entry
}

fn set(name: &str, entry: &mut Struct) -> u32 {
    let size = u32::try_from(entry.view().form().size()).unwrap();
    let name = wide(name);
    // SAFETY: everything that is pointed to is here, and as large as is said.
    unsafe { RasSetEntryPropertiesW(null(), name.as_ptr(), entry.pointer(), size, null_mut(), 0) }
}

fn by_name(function: unsafe extern "C" fn(*const u8, *const u8) -> u32, name: &str) -> u32 {
    stage();
    let name = wide(name);
    // SAFETY: everything that is pointed to is here.
    unsafe { function(null(), name.as_ptr()) }
}

#[test]
fn b144_b147_b150_b153_b155_b157_an_entry_is_made_changed_renamed_and_deleted() {
    let mut entry = properties("");
    entry.put().put_text("szLocalPhoneNumber", "vpn.example.net");
    entry.put().put_u32("dwVpnStrategy", 5);
    assert_eq!(by_name(RasValidateEntryNameW, "made"), 0);
    assert_eq!(set("made", &mut entry), 0);
    assert_eq!(by_name(RasValidateEntryNameW, "made"), 183);
    let made = properties("made");
    assert_eq!(made.text("szLocalPhoneNumber"), "vpn.example.net");
    assert_eq!(made.text("szDeviceType"), "vpn");
    assert_ne!(made.view().octets("guidId").unwrap(), [0; 16]);
    assert!(listed().iter().any(|(name, ..)| name == "made"));

    // What an older program does not know of keeps its value.
    let mut named = properties("made");
    named.put().put_text("szDnsSuffix", "example.net");
    assert_eq!(set("made", &mut named), 0);
    let old = tables::RASENTRY.of_size(Machine::of_this_library(), Charset::Wide, 3468).unwrap();
    let mut older = Struct::of_form(old);
    let mut size = 3468;
    let name = wide("made");
    // SAFETY: everything that is pointed to is here, and as large as is said.
    unsafe {
        assert_eq!(
            RasGetEntryPropertiesW(
                null(),
                name.as_ptr(),
                older.pointer(),
                &raw mut size,
                null_mut(),
                null_mut()
            ),
            0
        );
    }
    older.put().put_text("szLocalPhoneNumber", "other.example.net");
    assert_eq!(set("made", &mut older), 0);
    let kept = properties("made");
    assert_eq!(kept.text("szDnsSuffix"), "example.net");
    assert_eq!(kept.text("szLocalPhoneNumber"), "other.example.net");

    let (old, new) = (wide("made"), wide("renamed"));
    // SAFETY: everything that is pointed to is here.
    unsafe {
        assert_eq!(RasRenameEntryW(null(), old.as_ptr(), new.as_ptr()), 0);
        assert_eq!(RasRenameEntryW(null(), old.as_ptr(), new.as_ptr()), 623);
    }
    assert_eq!(by_name(RasDeleteEntryW, "renamed"), 0);
    assert_eq!(by_name(RasDeleteEntryW, "renamed"), 123);
}

/// The rows of RasEnumEntries: name, flags, book.
pub(crate) fn listed() -> Vec<(String, u32, String)> {
    let form = tables::RASENTRYNAME.newest(Machine::of_this_library(), Charset::Wide);
    let (mut size, mut count) = (0, 0);
    // SAFETY: everything that is pointed to is here, and as large as is said.
    unsafe {
        let asked = RasEnumEntriesW(null(), null(), null_mut(), &raw mut size, &raw mut count);
        assert_eq!(asked, 603);
        assert_eq!(size as usize, form.size() * count as usize);
        // Others make entries meanwhile.
        size += 64 * form.dw_size();
        let mut memory = vec![0; size as usize];
        ViewMut::new(form, &mut memory).unwrap().begin();
        let buffer = memory.as_mut_ptr();
        assert_eq!(RasEnumEntriesW(null(), null(), buffer, &raw mut size, &raw mut count), 0);
        let rows = memory.chunks_exact(form.size()).take(count as usize);
        let row = |row| {
            let row = View::new(form, row).unwrap();
            let text = |name| row.text(name).unwrap().unwrap();
            (text("szEntryName"), row.u32("dwFlags").unwrap(), text("szPhonebookPath"))
        };
        rows.map(row).collect()
    }
}

#[test]
fn b140_b141_the_list_of_entries_is_asked_for_its_size_first() {
    entry("b140");
    assert!(listed().iter().any(|(name, ..)| name == "b140"), "after 603 and the size");
    let mut wrong = Struct::new(&tables::RASENTRYNAME, Charset::Wide);
    wrong.set_size(5);
    let (mut size, mut count) = (4, 0);
    // SAFETY: everything that is pointed to is here, and as large as is said.
    let result =
        unsafe { RasEnumEntriesW(null(), null(), wrong.pointer(), &raw mut size, &raw mut count) };
    assert_eq!(result, 632);
}

#[test]
fn b146_properties_that_cannot_be_told() {
    let name = entry("b146");
    let get = |name: &str, entry: *mut u8, size: *mut u32| {
        let name = wide(name);
        // SAFETY: everything that is pointed to is here, and as large as is said.
        unsafe {
            RasGetEntryPropertiesW(null(), name.as_ptr(), entry, size, null_mut(), null_mut())
        }
    };
    let mut entry = Struct::new(&tables::RASENTRY, Charset::Wide);
    let mut size = u32::try_from(entry.view().form().size()).unwrap();
    assert_eq!(get("nowhere", entry.pointer(), &raw mut size), 623);
    assert_eq!(get(&name, entry.pointer(), null_mut()), 87);
    entry.set_size(6723);
    assert_eq!(get(&name, entry.pointer(), &raw mut size), 632);
}

#[test]
fn b147_b148_what_an_entry_cannot_do_without() {
    for missing in ["szDeviceType", "szDeviceName", "szLocalPhoneNumber"] {
        let mut entry = properties("");
        entry.put().put_text("szLocalPhoneNumber", "vpn.example.net");
        entry.put().put_text(missing, "");
        assert_eq!(set("b148", &mut entry), 87, "{missing}");
    }
    for missing in ["dwFramingProtocol", "dwType"] {
        let mut entry = properties("");
        entry.put().put_text("szLocalPhoneNumber", "vpn.example.net");
        entry.put().put_u32(missing, 0);
        assert_eq!(set("b148", &mut entry), 87, "{missing}");
    }
    assert!(listed().iter().all(|(name, ..)| name != "b148"));
}

#[test]
fn b151_b152_what_is_dialed_is_a_service_or_a_server() {
    let mut broadband = properties("");
    for (member, text) in [
        ("szDeviceType", "PPPoE"),
        ("szDeviceName", "onhook (PPPOE)"),
        ("szLocalPhoneNumber", "a service"),
    ] {
        broadband.put().put_text(member, text);
    }
    broadband.put().put_u32("dwType", 5);
    assert_eq!(set("b151", &mut broadband), 0);
    let read = properties("b151");
    assert_eq!(read.u32("dwType"), 5);
    assert_eq!(read.text("szDeviceType").to_lowercase(), "pppoe");
    assert_eq!(read.text("szLocalPhoneNumber"), "a service");

    let tunnel = properties(&entry("b152"));
    assert_eq!(tunnel.u32("dwType"), 2);
    assert_eq!(tunnel.text("szLocalPhoneNumber"), format!("127.0.0.1:{}", stage().port));
    end(connected("b152"));
}

#[test]
fn b162_names_beyond_ascii_are_utf_8_in_the_book() {
    let mut entry = properties("");
    entry.put().put_text("szLocalPhoneNumber", "büro.example.net");
    assert_eq!(set("b162 Büro ☎", &mut entry), 0);
    let book = stage().path("onhook").join("rasphone.pbk");
    let book = std::fs::read_to_string(book).unwrap();
    let (_, made) = book.split_once("[b162 Büro ☎]").unwrap();
    let made = made.split("\n[").next().unwrap();
    assert!(made.contains("\nEncoding=1\r\n"), "{made}");
    assert!(made.contains("PhoneNumber=büro.example.net"), "{made}");
    // What the functions of the other kind read is UTF-8 as well.
    let entry = properties_in(Charset::Ansi, c"b162 Büro ☎".to_bytes_with_nul());
    assert_eq!(entry.text("szLocalPhoneNumber"), "büro.example.net");
}

#[test]
fn b163_an_entry_without_a_device_is_not_dialed() {
    let book = stage().path("without.pbk");
    std::fs::write(&book, "[b163]\nEncoding=1\nType=2\nVpnStrategy=5\n").unwrap();
    let book = wide(book.to_str().unwrap());
    let mut dial = Dial::entry("b163");
    // SAFETY: everything that is pointed to is here.
    let result = unsafe {
        RasDialW(null_mut(), book.as_ptr(), dial.params.pointer(), 0, 0, &raw mut dial.handle)
    };
    assert_ne!(result, 0);
    assert_eq!(dial.handle, 0, "{result}");
}

#[test]
fn b154_b157_what_makes_no_sense_is_refused() {
    assert_eq!(by_name(RasValidateEntryNameW, "a|b"), 123);
    assert_eq!(by_name(RasValidateEntryNameW, "   "), 123);
    assert_eq!(by_name(RasValidateEntryNameW, ".hidden"), 123);
    assert_eq!(by_name(RasDeleteEntryW, "nowhere"), 123);
    // SAFETY: null is what is tried.
    unsafe {
        assert_eq!(RasValidateEntryNameW(null(), null()), 87);
        assert_eq!(RasDeleteEntryW(null(), null()), 87);
        let (mut size, mut count) = (0, 0);
        let reserved = wide("x");
        assert_eq!(
            RasEnumEntriesW(reserved.as_ptr(), null(), null_mut(), &raw mut size, &raw mut count),
            87
        );
        // A text that is no text.
        let lone_surrogate = [0x00, 0xd8, 0x00, 0x00];
        assert_eq!(RasValidateEntryNameW(null(), lone_surrogate.as_ptr()), 87);
        let folder = wide(stage().folder.path().to_str().unwrap());
        assert_eq!(RasValidateEntryNameW(folder.as_ptr(), wide("x").as_ptr()), 621);
        assert_eq!(
            RasGetEntryPropertiesW(
                null(),
                wide("x").as_ptr(),
                null_mut(),
                null_mut(),
                null_mut(),
                null_mut()
            ),
            87
        );
    }
    let mut entry = properties("");
    entry.set_size(6723);
    assert_eq!(
        // SAFETY: everything that is pointed to is here.
        unsafe {
            RasSetEntryPropertiesW(null(), wide("x").as_ptr(), entry.pointer(), 6724, null_mut(), 0)
        },
        632
    );
}

#[test]
fn b158_a_live_entry_is_not_deleted() {
    let handle = connected("b158");
    assert_eq!(by_name(RasDeleteEntryW, "b158"), 817);
    end(handle);
    assert_eq!(by_name(RasDeleteEntryW, "b158"), 0);
}

#[test]
fn b137_b143_b145_alternates_and_links_stand_behind_their_structure() {
    let form = tables::RASENTRY.newest(Machine::of_this_library(), Charset::Wide);
    let list = Charset::Wide.encode_list(["b.example.net", "c.example.net"]);
    let mut memory = vec![0; form.size() + list.len()];
    memory[..form.size()].copy_from_slice(properties("").view().as_octets());
    memory[form.size()..].copy_from_slice(&list);
    let mut entry = ViewMut::new(form, &mut memory).unwrap();
    entry.put_text("szLocalPhoneNumber", "a.example.net");
    entry.put_u32("dwAlternateOffset", form.dw_size());
    let (name, size) = (wide("alternates"), u32::try_from(memory.len()).unwrap());
    // SAFETY: everything that is pointed to is here, and as large as is said.
    unsafe {
        let pointer = memory.as_mut_ptr();
        let set = RasSetEntryPropertiesW(null(), name.as_ptr(), pointer, size, null_mut(), 0);
        assert_eq!(set, 0);
        let mut asked = 0;
        let get = |memory: *mut u8, size: *mut u32| {
            RasGetEntryPropertiesW(null(), name.as_ptr(), memory, size, null_mut(), null_mut())
        };
        assert_eq!(get(null_mut(), &raw mut asked), 603);
        assert_eq!(asked, size);
        let mut short = size - 1;
        assert_eq!(get(pointer, &raw mut short), 603);
        memory[form.size()..].fill(0);
        assert_eq!(get(memory.as_mut_ptr(), &raw mut asked), 0);
    }
    assert_eq!(memory[form.size()..], list);

    let mut link = Struct::new(&tables::RASSUBENTRY, Charset::Wide);
    link.put().put_text("szDeviceType", "vpn");
    link.put().put_text("szDeviceName", "WAN Miniport (SSTP)");
    link.put().put_text("szLocalPhoneNumber", "d.example.net");
    let size = u32::try_from(link.view().form().size()).unwrap();
    // SAFETY: everything that is pointed to is here, and as large as is said.
    unsafe {
        let mut set = |number| {
            RasSetSubEntryPropertiesW(
                null(),
                name.as_ptr(),
                number,
                link.pointer(),
                size,
                null_mut(),
                0,
            )
        };
        assert_eq!(set(2), 0, "one behind the last");
        assert_eq!(set(9), 87);
        let mut read = Struct::new(&tables::RASSUBENTRY, Charset::Wide);
        let mut room = size;
        let get = |number, read: *mut u8, room: *mut u32| {
            RasGetSubEntryPropertiesW(
                null(),
                name.as_ptr(),
                number,
                read,
                room,
                null_mut(),
                null_mut(),
            )
        };
        assert_eq!(get(2, read.pointer(), &raw mut room), 0);
        assert_eq!(read.text("szLocalPhoneNumber"), "d.example.net");
        assert_eq!(get(3, read.pointer(), &raw mut room), 87);
        assert_eq!(RasDeleteSubEntryW(null(), name.as_ptr(), 2), 0);
        assert_eq!(get(2, read.pointer(), &raw mut room), 87);
    }
    assert_eq!(by_name(RasDeleteEntryW, "alternates"), 0);
}
