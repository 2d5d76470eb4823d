//! RasDial.

use rasapi32::layout::{Charset, Machine, tables};

use crate::caller::*;

#[test]
fn b001_b008_b015_b019_a_dial_without_notifier_returns_when_it_is_up_and_the_handle_is_its() {
    let handle = connected("b001");
    let (result, status) = status(handle);
    assert_eq!((result, status.u32("rasconnstate"), status.u32("dwError")), (0, CONNECTED, 0));
    end(handle);
}

#[test]
fn b002_without_a_notifier_its_type_does_not_matter() {
    let mut dial = Dial::entry(&entry("b002"));
    assert_eq!(dial.call(0x4711, 0), 0);
    end(dial.handle);
}

#[test]
fn b009_b010_b070_a_failed_dial_keeps_handle_and_error_until_it_is_hung_up() {
    let (result, handle) = Dial::entry(&entry("b009")).password("wrong").synchronous();
    assert_eq!(result, 691);
    assert_ne!(handle, 0, "it is to be hung up");
    let (result, told) = status(handle);
    assert_eq!((result, told.u32("dwError")), (0, 691));
    assert_eq!(told.u32("rasconnstate"), DISCONNECTED);
    end(handle);
}

#[test]
fn b011_b012_a_wrong_size_is_632_and_leaves_no_handle() {
    let name = entry("b011");
    for wrong in [0, 4, 1063, 2119, 2121, u32::MAX] {
        let mut dial = Dial::entry(&name);
        dial.params.set_size(wrong);
        assert_eq!((dial.call(0, 0), dial.handle), (632, 0), "dwSize {wrong}");
    }
    let mut extensions = Struct::new(&tables::RASDIALEXTENSIONS, Charset::Wide);
    extensions.set_size(7);
    let mut dial = Dial::entry(&name);
    // SAFETY: everything that is pointed to is here.
    let result = unsafe {
        rasapi32::exports::RasDialW(
            extensions.pointer(),
            std::ptr::null(),
            dial.params.pointer(),
            0,
            0,
            &raw mut dial.handle,
        )
    };
    assert_eq!((result, dial.handle), (632, 0));
}

#[test]
fn every_size_of_rasdialparams_dials() {
    let name = entry("sizes");
    for charset in [Charset::Ansi, Charset::Wide] {
        for size in tables::RASDIALPARAMS.sizes(Machine::of_this_library(), charset) {
            let form =
                tables::RASDIALPARAMS.of_size(Machine::of_this_library(), charset, size).unwrap();
            let mut params = Struct::of_form(form);
            params.put().put_text("szEntryName", &name);
            params.put().put_text("szUserName", "alice");
            params.put().put_text("szPassword", crate::stage::PASSWORD);
            let mut handle = 0;
            let dial = match charset {
                Charset::Ansi => rasapi32::exports::RasDialA,
                Charset::Wide => rasapi32::exports::RasDialW,
            };
            let null = std::ptr::null_mut;
            // SAFETY: everything that is pointed to is here.
            let result = unsafe { dial(null(), null(), params.pointer(), 0, 0, &raw mut handle) };
            assert_eq!(result, 0, "{charset:?} {size}");
            end(handle);
        }
    }
}

#[test]
fn b013_an_unknown_entry_is_623_and_leaves_no_handle() {
    entry("b013");
    assert_eq!(Dial::entry("nowhere").synchronous(), (623, 0));
}

#[test]
fn b014_a_book_that_cannot_be_opened_is_621() {
    stage();
    let folder = stage().path("onhook");
    for book in ["/nowhere/rasphone.pbk", folder.to_str().unwrap()] {
        let mut dial = Dial::entry("b014");
        let book = Charset::Wide.encode(book);
        let null = std::ptr::null_mut;
        // SAFETY: everything that is pointed to is here.
        let result = unsafe {
            rasapi32::exports::RasDialW(
                null(),
                book.as_ptr(),
                dial.params.pointer(),
                0,
                0,
                &raw mut dial.handle,
            )
        };
        assert_eq!((result, dial.handle), (621, 0));
    }
}

#[test]
fn b017_neither_entry_nor_number_is_refused() {
    assert_eq!(Dial::entry("").synchronous(), (87, 0));
}

#[test]
fn b018_b092_a_number_takes_the_place_of_the_entrys() {
    let mut dial = Dial::entry(&entry("b018"));
    let number = format!("localhost:{}", stage().port);
    dial.params.put().put_text("szPhoneNumber", &number);
    let (result, handle) = dial.synchronous();
    assert_ne!(handle, 0);
    let (_, told) = status(handle);
    assert_eq!(told.text("szPhoneNumber"), number, "{result}");
    end(handle);
}

#[test]
fn b026_b027_b080_each_dial_of_a_connected_entry_is_a_reference() {
    let name = entry("b026");
    let (_, first) = Dial::entry(&name).synchronous();
    let (result, second) = Dial::entry(&name).synchronous();
    assert_eq!((result, second), (0, first));
    assert_eq!(hang_up(first), 0);
    let (result, told) = status(first);
    assert_eq!((result, told.u32("rasconnstate")), (0, CONNECTED), "one reference is left");
    end(first);
    assert_eq!(hang_up(first), 668);
}

#[test]
fn b030_undefined_options_are_refused() {
    let mut dial = Dial::entry(&entry("b030")).options(0x10_0000);
    assert_eq!((dial.call(0, 0), dial.handle), (87, 0));
}

#[test]
fn b046_a_handle_that_is_none_cannot_be_resumed() {
    let mut dial = Dial::entry(&entry("b046"));
    dial.handle = 0x7fff_ffff;
    assert_eq!(dial.call(0, 0), 6);
}

#[test]
fn null_pointers_are_87() {
    stage();
    let null = std::ptr::null_mut;
    let mut handle = 0_usize;
    // SAFETY: null is what is tried.
    let without_params =
        unsafe { rasapi32::exports::RasDialW(null(), null(), null(), 0, 0, &raw mut handle) };
    assert_eq!((without_params, handle), (87, 0));
    let mut dial = Dial::entry("x");
    // SAFETY: the same.
    let without_handle = unsafe {
        rasapi32::exports::RasDialW(
            null(),
            null(),
            dial.params.pointer(),
            0,
            0,
            std::ptr::null_mut(),
        )
    };
    assert_eq!(without_handle, 87);
    // SAFETY: the same.
    assert_eq!(unsafe { rasapi32::exports::RasGetConnectStatusW(1, null()) }, 87);
}

#[test]
fn b025_b069_b121_another_thread_follows_a_synchronous_dial_and_ends_it() {
    let mute = Mute::new();
    let name = mute.entry("b025");
    let dialing = std::thread::spawn({
        let name = name.clone();
        move || Dial::entry(&name).synchronous()
    });
    let handle = handle_of(&name);
    let (result, told) = status(handle);
    assert_eq!((result, told.u32("dwError")), (0, 0));
    assert!(told.u32("rasconnstate") < 14, "not authenticated yet");
    let mut info = Struct::new(&tables::RASPPPIP, Charset::Wide);
    let mut size = u32::try_from(info.view().form().size()).unwrap();
    // SAFETY: everything that is pointed to is here, and as large as is said.
    let result = unsafe {
        rasapi32::exports::RasGetProjectionInfoW(handle, 0x8021, info.pointer(), &raw mut size)
    };
    assert_eq!(result, 730);
    assert_eq!(hang_up(handle), 0);
    let (result, stored) = dialing.join().unwrap();
    assert!(result != 0 && stored == handle, "{result}");
    wait_gone(handle);
}

#[test]
fn b028_b029_options_that_lean_on_others_change_nothing_alone() {
    // RDEOPT_SetModemSpeaker and RDEOPT_SetSoftwareCompression, without those that overrule the entry.
    let mut dial = Dial::entry(&entry("b029")).options(0x8 | 0x20);
    assert_eq!(dial.call(0, 0), 0);
    end(dial.handle);
    // RDEOPT_UsePrefixSuffix, without an entry. The number is none that a modem would be told.
    let [with, without] = [1, 0].map(|options| {
        let mut dial = Dial::entry("").options(options);
        dial.params.put().put_text("szPhoneNumber", "555;1");
        let result = dial.call(0, 0);
        if dial.handle != 0 {
            assert_eq!(status(dial.handle).1.text("szPhoneNumber"), "555;1");
            end(dial.handle);
        }
        result
    });
    assert_eq!((with, without), (749, 749));
}

#[test]
fn b087_a_stale_handle_is_nobody_elses() {
    let first = connected("b087");
    end(first);
    for _ in 0..3 {
        let other = connected("b087 other");
        assert_ne!(other, first);
        assert_eq!(status(first).0, NO_HANDLE);
        assert_eq!(hang_up(first), 668);
        end(other);
    }
}

#[test]
fn b166_a_dial_that_fails_is_not_made_again_by_rasdial() {
    let mute = Mute::new();
    let ca = stage().path("ca.pem");
    let port = mute.port();
    let name = put_entry(
        "b166",
        &format!(
            "Type=2\r\nVpnStrategy=5\r\nRedialAttempts=3\r\nRedialSeconds=0\r\n\
             OnhookCaFile={}\r\n\r\nMEDIA=rastapi\r\n\r\nDEVICE=vpn\r\n\
             PhoneNumber=127.0.0.1:{port}\r\n\r\n",
            ca.display()
        ),
    );
    let refusing = std::thread::spawn(move || {
        mute.refuse_one();
        mute
    });
    let (result, handle) = Dial::entry(&name).synchronous();
    assert_ne!(result, 0);
    let mute = refusing.join().unwrap();
    assert_eq!(status(handle).1.u32("dwError"), result, "it has failed for good");
    assert_eq!(mute.calls(), 0, "it was called once");
    end(handle);
}

#[test]
fn b103_b139_b142_an_entry_of_all_users_is_listed_and_dialed_as_such() {
    let handle = Dial::entry("for all").synchronous().1;
    let form = tables::RASCONN.newest(Machine::of_this_library(), Charset::Wide);
    let mut memory = vec![0; form.size() * 64];
    rasapi32::layout::ViewMut::new(form, &mut memory).unwrap().begin();
    let (mut size, mut count) = (u32::try_from(memory.len()).unwrap(), 0);
    let buffer = memory.as_mut_ptr();
    // SAFETY: everything that is pointed to is here, and as large as is said.
    let result =
        unsafe { rasapi32::exports::RasEnumConnectionsW(buffer, &raw mut size, &raw mut count) };
    assert_eq!(result, 0);
    let row = memory
        .chunks_exact(form.size())
        .take(count as usize)
        .map(|row| rasapi32::layout::View::new(form, row).unwrap())
        .find(|row| row.handle("hrasconn") == Some(handle as u64))
        .unwrap();
    assert_eq!(row.u32("dwFlags"), Some(0x1 | 0xc), "all users, and it is ours");
    let own = entry("of one user");
    let listed = crate::entries::listed();
    let book_of = |name: &str| {
        let (_, flags, book) = listed.iter().find(|(listed, ..)| listed == name).unwrap();
        (*flags, book.clone())
    };
    let (flags, book) = book_of("for all");
    assert!(flags == 1 && book.ends_with("system/rasphone.pbk"), "{flags} {book}");
    let (flags, book) = book_of(&own);
    assert!(flags == 0 && book.ends_with("onhook/rasphone.pbk"), "{flags} {book}");
    end(handle);
}
