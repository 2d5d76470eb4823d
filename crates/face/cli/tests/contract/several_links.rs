//! Entries of several links.

use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use rasapi32::exports::*;
use rasapi32::layout::{Charset, tables};

use crate::caller::*;
use crate::notifications::func2;
use crate::servers::Server;
use crate::stage::PASSWORD;

const LINK_UP: u32 = 22;
const LINK_DOWN: u32 = 23;

fn two_lines(name: &str, mode: u32) -> Server {
    Server::lines(name, &format!("alice {PASSWORD}\n"), 2, &["--multilink"], mode)
}

pub(crate) fn link_of(whole: usize, number: u32) -> (u32, usize) {
    let mut handle = 0;
    // SAFETY: everything that is pointed to is here.
    let result = unsafe { RasGetSubEntryHandleW(whole, number, &raw mut handle) };
    (result, handle)
}

fn address_of(handle: usize) -> (u32, String) {
    let mut info = Struct::new(&tables::RASPPPIP, Charset::Wide);
    let mut size = u32::try_from(info.view().form().size()).unwrap();
    // SAFETY: everything that is pointed to is here, and as large as is said.
    let result = unsafe { RasGetProjectionInfoW(handle, 0x8021, info.pointer(), &raw mut size) };
    (result, info.text("szIpAddress"))
}

#[test]
fn b058_b064_b065_b067_links_are_told_one_by_one_and_the_whole_once() {
    let heard = Heard::begin();
    let mut server = two_lines("b065", 1);
    let mut dial = Dial::entry("b065");
    dial.params.put().put_handle("dwCallbackId", 0xdead_beef_cafe);
    assert_eq!(dial.call(2, func2 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    let told = heard.all();
    let links_up: Vec<_> = told.iter().filter(|told| told.2 == LINK_UP).collect();
    let mut numbers: Vec<_> = links_up.iter().map(|told| told.1).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2], "{told:?}");
    let connected = told.iter().filter(|told| told.2 == CONNECTED).count();
    assert_eq!((connected, told.last().unwrap().2), (1, CONNECTED), "{told:?}");
    assert!(told.iter().all(|told| told.0 == dial.handle), "the handle of the whole: {told:?}");
    assert!(told.iter().any(|told| told.1 == 2 && told.2 == 0), "the second opens its port");
    end(dial.handle);
    server.calls_have_ended(2);
    assert_eq!(heard.all(), told);
}

#[test]
fn b064_b065_a_link_that_fails_is_told_and_the_other_connects() {
    let heard = Heard::begin();
    let server = Server::lines("b064", &format!("alice {PASSWORD}\n"), 1, &["--multilink"], 1);
    let book = onhook_client::books::user_book().unwrap();
    let found = onhook_client::books::find("b064", Some(&book)).unwrap().entry;
    // Nobody answers at the second line.
    put_entry(
        "b064 half",
        &format!(
            "Type=1\r\nDialMode=1\r\nAuthRestrictions=8192\r\n\r\n\
             MEDIA=rastapi\r\nPort={}\r\nDevice=line\r\n\r\nDEVICE=SERIAL\r\n\r\n\
             MEDIA=rastapi\r\nPort=unix:{}\r\nDevice=line\r\n\r\nDEVICE=SERIAL\r\n",
            found.port,
            stage().path("nobody").display()
        ),
    );
    let mut dial = Dial::entry("b064 half");
    dial.params.put().put_handle("dwCallbackId", 0xdead_beef_cafe);
    assert_eq!(dial.call(2, func2 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    let told = heard.all();
    let down: Vec<_> = told.iter().filter(|told| told.2 == LINK_DOWN).collect();
    assert!(down.len() == 1 && down[0].1 == 2 && down[0].3 != 0, "{told:?}");
    assert_eq!(told.last().unwrap().2, CONNECTED, "{told:?}");
    end(dial.handle);
    drop(server);
}

#[test]
fn b082_b083_b105_b112_b114_b126_b135_b136_a_link_is_hung_up_alone() {
    let mut server = two_lines("b082", 1);
    let (result, whole) = Dial::entry("b082").synchronous();
    assert_eq!(result, 0, "{}", stage().log());
    let rows = list().into_iter().filter(|(_, name)| name == "b082").collect::<Vec<_>>();
    assert_eq!(rows, [(whole, "b082".to_owned())], "b105: one row");
    let ((one, first), (two, second)) = (link_of(whole, 1), link_of(whole, 2));
    assert_eq!((one, two), (0, 0));
    assert!(first != second && first != whole && second != whole);
    assert_eq!(link_of(whole, 3).0, 259);
    assert_eq!(link_of(whole, 0).0, 87, "b136: they count from 1");
    assert_eq!(link_of(0x7fff_ffff, 1).0, NO_HANDLE);
    let (result, address) = address_of(whole);
    assert_eq!(result, 0);
    assert!(!address.is_empty());
    assert_eq!((address_of(first), address_of(second)), ((0, address.clone()), (0, address)));

    let [ends, loses] = [OnhookCreateEvent(1, 0), OnhookCreateEvent(1, 0)];
    // SAFETY: no pointer is passed.
    unsafe {
        // RASCN_Disconnection and RASCN_BandwidthRemoved, of the whole.
        assert_eq!(RasConnectionNotificationW(whole, ends, 2), 0);
        assert_eq!(RasConnectionNotificationW(whole, loses, 8), 0);
    }
    assert_eq!(hang_up(second), 0);
    server.calls_have_ended(1);
    assert_eq!(OnhookWaitEvent(loses, 20_000), 0, "b114");
    assert_eq!(OnhookWaitEvent(ends, 0), 258, "b112: one link is left");
    assert_eq!(status(whole).1.u32("rasconnstate"), CONNECTED);
    assert_eq!((link_of(whole, 1).0, link_of(whole, 2).0), (0, 618));
    assert!(matches!(status(second).0, 0 | NO_HANDLE), "b083");
    assert_eq!(hang_up(first), 0);
    assert_eq!(OnhookWaitEvent(ends, 20_000), 0, "b112: the last is gone");
    assert_eq!((OnhookCloseEvent(ends), OnhookCloseEvent(loses)), (1, 1));
    hang_up(whole);
    wait_gone(whole);
    server.calls_have_ended(1);
}

#[test]
fn b084_b114_the_whole_takes_all_links_with_it() {
    let gains = OnhookCreateEvent(1, 0);
    stage();
    // SAFETY: no pointer is passed.
    // RASCN_BandwidthAdded, of any connection.
    assert_eq!(unsafe { RasConnectionNotificationW(usize::MAX, gains, 4) }, 0);
    let mut server = two_lines("b084", 1);
    let (result, whole) = Dial::entry("b084").synchronous();
    assert_eq!(result, 0, "{}", stage().log());
    assert_eq!(OnhookWaitEvent(gains, 20_000), 0, "b114");
    assert_eq!(OnhookCloseEvent(gains), 1);
    let links = [link_of(whole, 1).1, link_of(whole, 2).1];
    end(whole);
    assert_eq!(links.map(|link| status(link).0), [NO_HANDLE; 2]);
    server.calls_have_ended(2);
}

/// Keeps the echo behind a connection busy, until it is told to stop.
fn keep_busy(entry: &str, stop: &std::sync::atomic::AtomicBool) {
    let rows = stage().list();
    let row = rows.iter().find(|row| row["entry"] == entry).unwrap();
    let mut flow = stage().flow(row["handle"].as_str().unwrap());
    let mut octets = vec![7; 4096];
    while !stop.load(Ordering::SeqCst) {
        flow.write_all(&octets).unwrap();
        flow.read_exact(&mut octets).unwrap();
    }
}

#[test]
fn b138_more_links_are_dialed_as_they_are_needed_and_hung_up_when_they_are_not() {
    let mut server = two_lines("b138 lines", 1);
    let book = onhook_client::books::user_book().unwrap();
    let lines = onhook_client::books::find("b138 lines", Some(&book)).unwrap().entry;
    put_entry(
        "b138",
        &format!(
            "Type=1\r\nDialMode=2\r\nDialPercent=1\r\nDialSeconds=1\r\nHangUpPercent=1\r\n\
             HangUpSeconds=1\r\nAuthRestrictions=8192\r\n\r\n\
             MEDIA=rastapi\r\nPort={}\r\nDevice=line\r\n\r\nDEVICE=SERIAL\r\n\r\n\
             MEDIA=rastapi\r\nPort={}\r\nDevice=line\r\n\r\nDEVICE=SERIAL\r\n",
            lines.port, lines.further_links[0].port
        ),
    );
    let (result, whole) = Dial::entry("b138").synchronous();
    assert_eq!(result, 0, "{}", stage().log());
    assert_eq!((link_of(whole, 1).0, link_of(whole, 2).0), (0, 618), "one is dialed first");
    let [gains, loses] = [OnhookCreateEvent(0, 0), OnhookCreateEvent(0, 0)];
    // SAFETY: no pointer is passed.
    unsafe {
        // RASCN_BandwidthAdded and RASCN_BandwidthRemoved.
        assert_eq!(RasConnectionNotificationW(whole, gains, 4), 0);
        assert_eq!(RasConnectionNotificationW(whole, loses, 8), 0);
    }
    let mut seconds = Vec::new();
    for _ in 0..2 {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| keep_busy("b138", &stop));
            let added = OnhookWaitEvent(gains, 20_000);
            let (result, second) = link_of(whole, 2);
            let told = status(second).0;
            stop.store(true, Ordering::SeqCst);
            assert_eq!((added, result, told), (0, 0, 0), "{}", stage().log());
            assert!(second != whole && !seconds.contains(&second), "a handle of its own");
            seconds.push(second);
        });
        assert_eq!(OnhookWaitEvent(loses, 20_000), 0, "{}", stage().log());
        server.calls_have_ended(1);
        assert_eq!((link_of(whole, 1).0, link_of(whole, 2).0), (0, 618), "one stays");
        assert_eq!(status(whole).1.u32("rasconnstate"), CONNECTED);
    }
    assert_eq!((OnhookCloseEvent(gains), OnhookCloseEvent(loses)), (1, 1));
    end(whole);
    server.calls_have_ended(1);
}

#[test]
fn b043_the_link_that_is_dialed_first_can_be_named() {
    let server = two_lines("b043", 2);
    for (number, line) in [(0, "line0"), (1, "line0"), (2, "line1"), (3, "line0")] {
        let mut dial = Dial::entry("b043");
        dial.params.put().put_u32("dwSubEntry", number);
        assert_eq!(dial.call(0, 0), 0, "{}", stage().log());
        let at = stage().list();
        let at = at.iter().find(|row| row["entry"] == "b043").unwrap();
        assert_eq!(at["device_name"], line, "{number}");
        end(dial.handle);
    }
    drop(server);
}

#[test]
fn b044_b081_a_tunnel_and_the_line_below_are_two_dials() {
    let mut server = two_lines("b044 line", 1);
    let (result, line) = Dial::entry("b044 line").synchronous();
    assert_eq!(result, 0, "{}", stage().log());
    let tunnel = connected("b044 tunnel");
    assert_ne!(line, tunnel);
    end(tunnel);
    let (result, told) = status(line);
    assert_eq!((result, told.u32("rasconnstate")), (0, CONNECTED), "b081");
    end(line);
    server.calls_have_ended(2);
}
