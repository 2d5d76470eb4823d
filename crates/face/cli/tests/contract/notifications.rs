//! Notification functions.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use rasapi32::layout::{Charset, tables};

use crate::caller::*;
use crate::servers::Server;

const MESSAGE: u32 = 0xcccd;
const RETRY: u32 = 0x1001;

unsafe extern "C" fn func(message: u32, state: u32, error: u32) {
    assert_eq!(message, MESSAGE, "b050");
    note((0, 0, state, error));
}

pub(crate) unsafe extern "C" fn func1(
    handle: usize,
    message: u32,
    state: u32,
    error: u32,
    extended: u32,
) {
    assert_eq!((message, extended), (MESSAGE, 0), "b050, b059");
    note((handle, 0, state, error));
}

pub(crate) unsafe extern "C" fn func2(
    id: usize,
    subentry: u32,
    handle: usize,
    message: u32,
    state: u32,
    error: u32,
    extended: u32,
) -> u32 {
    assert_eq!((id, message, extended), (0xdead_beef_cafe, MESSAGE, 0), "b057");
    note((handle, subentry, state, error));
    1
}

/// The numbers of the states, in the order in which a VPN's dial must pass through them.
const MUST: [u32; 9] = [0, 1, 2, 3, 4, 5, 14, 15, 18];

fn assert_order(told: &[Told]) {
    let states: Vec<_> = told.iter().map(|(_, _, state, _)| *state).collect();
    let known: Vec<_> = states.iter().copied().filter(|state| MUST.contains(state)).collect();
    assert!(
        known.windows(2).all(|pair| {
            let place = |state| MUST.iter().position(|must| *must == state);
            place(pair[0]) <= place(pair[1])
        }),
        "{states:?}"
    );
    assert_eq!(states.iter().filter(|state| **state & 0x2000 != 0).count(), 1, "{states:?}");
    assert_eq!(states.last(), Some(&CONNECTED), "{states:?}");
}

#[test]
fn b003_b004_b047_b049_b050_b063_b066_a_notifier_of_type_0_hears_each_state_once_entered() {
    let heard = Heard::begin();
    let mut dial = Dial::entry(&entry("b004"));
    assert_eq!(dial.call(0, func as *const () as usize), 0);
    assert_ne!(dial.handle, 0);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    let told = heard.all();
    assert!(told.iter().all(|(_, _, _, error)| *error == 0), "{told:?}");
    assert_order(&told);
    // StartAuthentication, CallbackComplete, LogonNetwork.
    assert!(told.iter().all(|(_, _, state, _)| !(19..=21).contains(state)), "b066: {told:?}");
    // AuthNotify, and at once what it is about.
    let at = told.iter().position(|(_, _, state, _)| *state == 6).unwrap();
    assert_ne!(told[at + 1].2, 6, "b063: {told:?}");
    end(dial.handle);
    assert_eq!(heard.all(), told, "b049, b067: nothing comes any more");
}

#[test]
fn b005_b050_b059_b060_type_1_is_told_the_handle() {
    let heard = Heard::begin();
    let mut dial = Dial::entry(&entry("b005"));
    assert_eq!(dial.call(1, func1 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    assert!(heard.all().iter().all(|(handle, ..)| *handle == dial.handle));
    end(dial.handle);
}

#[test]
fn b006_b056_b057_b058_type_2_is_told_its_id_and_the_link() {
    let heard = Heard::begin();
    let mut dial = Dial::entry(&entry("b006"));
    dial.params.put().put_handle("dwCallbackId", 0xdead_beef_cafe);
    assert_eq!(dial.call(2, func2 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    assert!(heard.all().iter().all(|(handle, link, ..)| (*handle, *link) == (dial.handle, 1)));
    end(dial.handle);
}

#[test]
fn b007_b003_windows_and_unknown_types_are_refused() {
    let mut dial = Dial::entry(&entry("b007"));
    assert_eq!((dial.call(u32::MAX, 0x1234), dial.handle), (50, 0));
    assert_eq!((dial.call(3, func as *const () as usize), dial.handle), (87, 0));
}

#[test]
fn b048_b049_b059_b063_b085_an_error_repeats_its_state_and_is_the_last() {
    let heard = Heard::begin();
    let mut dial = Dial::entry(&entry("b048")).password("wrong");
    assert_eq!(dial.call(1, func1 as *const () as usize), 0);
    let failed = heard.until(|(_, _, _, error)| *error != 0);
    assert_eq!(failed.3, 691);
    assert_eq!(failed.2, 6, "b063: authentication has failed");
    let told = heard.all();
    let (result, kept) = status(dial.handle);
    assert_eq!((result, kept.u32("dwError")), (0, 691), "b085: until it is hung up");
    let before = told.iter().filter(|one| one.2 == failed.2 && one.3 == 0).count();
    assert!(before >= 1, "the state was entered before: {told:?}");
    end(dial.handle);
    assert_eq!(heard.all().len(), told.len());
}

static REMAINING: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn some(
    _: usize,
    link: u32,
    handle: usize,
    _: u32,
    state: u32,
    error: u32,
    _: u32,
) -> u32 {
    note((handle, link, state, error));
    u32::from(REMAINING.fetch_sub(1, Ordering::SeqCst) > 1)
}

#[test]
fn b055_a_zero_ends_the_calls_and_not_the_dial() {
    let heard = Heard::begin();
    REMAINING.store(2, Ordering::SeqCst);
    let mut dial = Dial::entry(&entry("b055"));
    assert_eq!(dial.call(2, some as *const () as usize), 0);
    let begin = std::time::Instant::now();
    while status(dial.handle).1.u32("rasconnstate") != CONNECTED {
        assert!(begin.elapsed() < crate::stage::STUCK, "the dial goes on to its end");
        std::thread::yield_now();
    }
    assert_eq!(heard.all().len(), 2);
    end(dial.handle);
}

static SEEN: AtomicUsize = AtomicUsize::new(0);
/// States that a status query, a listing, a text and a listing of entries answered from within.
static ANSWERED: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn curious(handle: usize, _: u32, state: u32, error: u32, _: u32) {
    let listed = list().iter().any(|(listed, _)| *listed == handle);
    let entries = crate::entries::listed();
    let mut text = [0; 512];
    // SAFETY: the buffer is as large as is said.
    let is_told = unsafe { rasapi32::exports::RasGetErrorStringA(691, text.as_mut_ptr(), 512) };
    if status(handle).0 == 0 && listed && !entries.is_empty() && is_told == 0 {
        ANSWERED.fetch_add(1, Ordering::SeqCst);
    }
    let mut again = Dial::entry("b053");
    assert_eq!(again.call(0, 0), 756, "b035: no dial from within");
    SEEN.fetch_add(1, Ordering::SeqCst);
    note((handle, 0, state, error));
}

#[test]
fn b035_b052_b053_from_within_everything_answers_but_a_dial() {
    let heard = Heard::begin();
    let mut dial = Dial::entry(&entry("b053"));
    assert_eq!(dial.call(1, curious as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    assert_eq!(SEEN.load(Ordering::SeqCst), ANSWERED.load(Ordering::SeqCst));
    end(dial.handle);
}

/// Held within the notifier until the test lets go.
static HOLD: std::sync::Mutex<bool> = std::sync::Mutex::new(false);
static LET_GO: std::sync::Condvar = std::sync::Condvar::new();

unsafe extern "C" fn slow(handle: usize, _: u32, state: u32, error: u32, _: u32) {
    note((handle, 0, state, error));
    if state == 2 {
        let hold = HOLD.lock().unwrap();
        drop(LET_GO.wait_timeout_while(hold, crate::stage::STUCK, |hold| *hold).unwrap());
    }
}

#[test]
fn b051_b061_the_dial_does_not_go_on_while_the_function_runs() {
    let heard = Heard::begin();
    *HOLD.lock().unwrap() = true;
    let mut dial = Dial::entry(&entry("b051"));
    assert_eq!(dial.call(1, slow as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == 2);
    // What would have gone on by itself goes on within milliseconds; others dial and end meanwhile.
    end(connected("b051 beside"));
    let (_, told) = status(dial.handle);
    assert_eq!(told.u32("rasconnstate"), 2, "still connecting to the device");
    assert_eq!(told.text("szDeviceType").to_lowercase(), "vpn");
    assert!(!told.text("szDeviceName").is_empty());
    *HOLD.lock().unwrap() = false;
    LET_GO.notify_all();
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    end(dial.handle);
}

unsafe extern "C" fn hangs_up(handle: usize, _: u32, state: u32, error: u32, _: u32) {
    note((handle, 0, state, error));
    if state == 2 && error == 0 {
        assert_eq!(hang_up(handle), 0);
        assert_eq!(hang_up(handle), 668, "a second time");
        assert_eq!(status(handle).0, 0, "b054: it takes effect after the return");
    }
}

#[test]
fn b054_b069_a_hang_up_from_within_takes_effect_afterwards() {
    let heard = Heard::begin();
    let mut dial = Dial::entry(&entry("b054"));
    assert_eq!(dial.call(1, hangs_up as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == 2);
    wait_gone(dial.handle);
    let told = heard.all();
    assert_eq!(told.last().map(|one| one.2), Some(2), "{told:?}");
}

#[test]
fn b069_b067_a_hang_up_from_outside_silences_the_function() {
    let heard = Heard::begin();
    *HOLD.lock().unwrap() = false;
    let mut dial = Dial::entry(&entry("b069"));
    assert_eq!(dial.call(1, slow as *const () as usize), 0);
    assert_eq!(hang_up(dial.handle), 0);
    let told = heard.all().len();
    wait_gone(dial.handle);
    assert_eq!(heard.all().len(), told, "none is begun after the hang-up has returned");
}

#[test]
fn b031_b032_b033_b034_b036_refused_credentials_pause_and_good_ones_connect() {
    let heard = Heard::begin();
    let mut dial = Dial::entry(&entry("b036")).password("wrong").options(2);
    assert_eq!(dial.call(1, func1 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == RETRY);
    let (_, told) = status(dial.handle);
    assert_eq!(told.u32("rasconnstate"), RETRY);
    let mut again = Dial::entry("b036").options(2);
    again.handle = dial.handle;
    assert_eq!(again.call(1, func1 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    end(dial.handle);

    let mut dial = Dial::entry(&entry("b034")).password("wrong").options(2);
    assert_eq!(dial.call(1, func1 as *const () as usize), 0);
    let handle = dial.handle;
    heard.until(|told| told.0 == handle && told.2 == RETRY);
    end(handle);
}

/// What RasGetProjectionInfo answered when the function was told Projected.
static PROJECTED: AtomicU32 = AtomicU32::new(u32::MAX);

unsafe extern "C" fn asks_for_addresses(handle: usize, _: u32, state: u32, error: u32, _: u32) {
    if state == 18 {
        let mut info = Struct::new(&tables::RASPPPIP, Charset::Wide);
        let mut size = u32::try_from(info.view().form().size()).unwrap();
        // SAFETY: everything that is pointed to is here, and as large as is said.
        let result = unsafe {
            rasapi32::exports::RasGetProjectionInfoW(handle, 0x8021, info.pointer(), &raw mut size)
        };
        assert!(info.text("szIpAddress").parse::<std::net::Ipv4Addr>().is_ok());
        PROJECTED.store(result, Ordering::SeqCst);
    }
    note((handle, 0, state, error));
}

#[test]
fn b062_what_was_negotiated_is_told_once_projected() {
    let heard = Heard::begin();
    let mut dial = Dial::entry(&entry("b062"));
    assert_eq!(dial.call(1, asks_for_addresses as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    assert_eq!(PROJECTED.load(Ordering::SeqCst), 0);
    end(dial.handle);
}

const PASSWORD_EXPIRED: u32 = 0x1003;

#[test]
fn b037_an_expired_password_pauses_and_the_next_one_given_is_the_new_one() {
    let heard = Heard::begin();
    let users = format!("alice {} expired\n", crate::stage::PASSWORD);
    let server = Server::sstp("b037", &users, &["--password-changes"]);
    let mut dial = Dial::entry("b037").options(2);
    assert_eq!(dial.call(1, func1 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == PASSWORD_EXPIRED);
    let mut again = Dial::entry("b037").password("looking-glass 2").options(2);
    again.handle = dial.handle;
    assert_eq!(again.call(1, func1 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    end(dial.handle);
    let (result, handle) = Dial::entry("b037").synchronous();
    assert_eq!(result, 691, "the old one is no more");
    end(handle);
    let (result, handle) = Dial::entry("b037").password("looking-glass 2").synchronous();
    assert_eq!(result, 0);
    end(handle);
    drop(server);
}
