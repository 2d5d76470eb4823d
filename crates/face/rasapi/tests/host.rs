//! A program of another kind and its host: text of a code page, paths and events of its own.
//!
//! A process has one host for as long as it lives, so this is one test, in a process of its own.

mod scratch;

use std::ffi::c_void;

use rasapi32::exports::*;
use rasapi32::layout::{Charset, Machine, ViewMut, tables};

/// `OnhookHost`, as `onhook/host.h` declares it.
#[repr(C)]
struct Host {
    size: u32,
    begin_thread: extern "C" fn(extern "C" fn(*mut c_void), *mut c_void) -> i32,
    notify: extern "C" fn(*const c_void) -> u32,
    keep_event: extern "C" fn(usize) -> usize,
    set_event: extern "C" fn(usize),
    release_event: extern "C" fn(usize),
    to_wide: unsafe extern "C" fn(*const u8, i32, *mut u16, i32) -> i32,
    from_wide: unsafe extern "C" fn(*const u16, i32, *mut u8, i32) -> i32,
    unix_path: unsafe extern "C" fn(*const u16, *mut u8, u32) -> u32,
}

extern "C" fn no_thread(_: extern "C" fn(*mut c_void), _: *mut c_void) -> i32 {
    0
}

extern "C" fn notify(_: *const c_void) -> u32 {
    1
}

extern "C" fn no_event(_: usize) -> usize {
    0
}

extern "C" fn set(_: usize) {}

/// The code page is Latin 1, and knows no octet 0xFF.
unsafe extern "C" fn to_wide(text: *const u8, octets: i32, wide: *mut u16, room: i32) -> i32 {
    assert!(octets <= room);
    // SAFETY: the library says how much there is.
    let (text, wide) = unsafe {
        let length = usize::try_from(octets).unwrap();
        (std::slice::from_raw_parts(text, length), std::slice::from_raw_parts_mut(wide, length))
    };
    if text.contains(&0xff) {
        return 0;
    }
    for (unit, octet) in wide.iter_mut().zip(text) {
        *unit = u16::from(*octet);
    }
    octets
}

unsafe extern "C" fn from_wide(wide: *const u16, units: i32, text: *mut u8, room: i32) -> i32 {
    assert!((1..=2).contains(&units) && room >= 1);
    // SAFETY: the library says that there is one at least.
    match unsafe { wide.read() } {
        unit @ ..0xff => {
            // SAFETY: and room for one at least.
            unsafe { text.write(u8::try_from(unit).unwrap()) };
            1
        }
        _ => 0,
    }
}

/// Only `B:` is known: the book of the test, whose path is in the environment.
unsafe extern "C" fn unix_path(path: *const u16, unix: *mut u8, room: u32) -> u32 {
    // SAFETY: the path has a null at its end.
    if unsafe { (path.read(), path.add(1).read(), path.add(2).read()) } != (0x42, 0x3a, 0) {
        return 0;
    }
    let book = std::env::var("ONHOOK_TEST_BOOK").unwrap();
    assert!(book.len() <= room as usize);
    // SAFETY: there is room.
    unsafe { std::ptr::copy_nonoverlapping(book.as_ptr(), unix, book.len()) };
    u32::try_from(book.len()).unwrap()
}

fn serve(host: &Host) -> u32 {
    // SAFETY: it is laid out as the header says.
    unsafe { OnhookServe(std::ptr::from_ref(host).cast()) }
}

#[test]
fn a_host_gives_texts_paths_and_events_their_meaning() {
    let book = scratch::scratch().join("host.pbk");
    let text =
        "[B\u{fc}ro]\r\nEncoding=1\r\nType=2\r\n\r\n[\u{20ac}]\r\nEncoding=1\r\nType=2\r\n\r\n";
    std::fs::write(&book, text).unwrap();
    // SAFETY: this process has no other test.
    unsafe { std::env::set_var("ONHOOK_TEST_BOOK", &book) };
    let mut host = Host {
        size: 0,
        begin_thread: no_thread,
        notify,
        keep_event: no_event,
        set_event: set,
        release_event: set,
        to_wide,
        from_wide,
        unix_path,
    };
    // SAFETY: null is what is tried.
    assert_eq!(unsafe { OnhookServe(std::ptr::null()) }, 87);
    assert_eq!(serve(&host), 632);
    host.size = u32::try_from(size_of::<Host>()).unwrap();
    assert_eq!((serve(&host), serve(&host)), (0, 183));

    let form = tables::RASENTRYNAME.newest(Machine::of_this_library(), Charset::Ansi);
    let mut rows = vec![0; 4 * form.size()];
    ViewMut::new(form, &mut rows).unwrap().begin();
    let (mut size, mut count) = (u32::try_from(rows.len()).unwrap(), 0);
    // SAFETY: everything that is pointed to is here, and as large as is said.
    let listed = unsafe {
        RasEnumEntriesA(
            std::ptr::null(),
            c"B:".as_ptr().cast(),
            rows.as_mut_ptr(),
            &raw mut size,
            &raw mut count,
        )
    };
    assert_eq!((listed, count), (0, 2));
    let names: Vec<&[u8]> = rows
        .chunks_exact(form.size())
        .take(2)
        .map(|row| row[4..].split(|octet| *octet == 0).next().unwrap())
        .collect();
    assert_eq!(names, [&b"B\xfcro"[..], b"?"], "one is in the code page, the other is not");

    let exists = |name: &std::ffi::CStr| {
        // SAFETY: both are texts with a null.
        unsafe { RasValidateEntryNameA(c"B:".as_ptr().cast(), name.as_ptr().cast()) }
    };
    assert_eq!(exists(c"B\xfcro"), 183);
    assert_eq!(exists(c"B\xfcrom"), 0);
    assert_eq!(exists(c"B\xff"), 87, "what is no text of the code page");
    // SAFETY: no pointer is passed.
    let refused = unsafe { RasConnectionNotificationW(usize::MAX, 4711, 1) };
    assert_eq!(refused, 6, "the host knows no such event");
}
