//! A line that was lost is dialed again (RASEO2_ReconnectIfDropped): what programs see of it.

use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::spawn;

use rasapi32::exports::*;

use crate::caller::*;
use crate::notifications::func1;
use crate::servers::Server;
use crate::several_links::link_of;
use crate::stage::{PASSWORD, STUCK};

const RASCN_DISCONNECTION: u32 = 2;
const OPEN_PORT: u32 = 0;

/// A way to the server that can be cut.
struct Way {
    port: u16,
    ends: Arc<Mutex<Vec<TcpStream>>>,
    is_open: Arc<AtomicBool>,
}

impl Way {
    fn open() -> Self {
        Self::to(stage().port)
    }

    fn to(port: u16) -> Self {
        let server = ("127.0.0.1", port);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (ends, is_open) = (Arc::<Mutex<Vec<TcpStream>>>::default(), Arc::new(true.into()));
        let way = Self { port, ends, is_open };
        let (ends, is_open) = (way.ends.clone(), way.is_open.clone());
        spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                if !is_open.load(Ordering::SeqCst) {
                    break;
                }
                let server = TcpStream::connect(server).unwrap();
                let clone = |stream: &TcpStream| stream.try_clone().unwrap();
                ends.lock().unwrap().extend([clone(&caller), clone(&server)]);
                for (mut from, mut to) in [(clone(&caller), clone(&server)), (server, caller)] {
                    spawn(move || {
                        // It ends when the way is cut, or with either end.
                        copy(&mut from, &mut to).ok();
                        to.shutdown(Shutdown::Both).ok();
                    });
                }
            }
        });
        way
    }

    /// An entry over it that dials again, so long after a dial that failed.
    fn entry(&self, name: &str, pause: u32) -> String {
        let ca = stage().path("ca.pem");
        put_entry(
            name,
            &format!(
                "Type=2\r\nVpnStrategy=5\r\nRedialAttempts=3\r\nRedialSeconds={pause}\r\n\
                 RedialOnLinkFailure=1\r\nOnhookCaFile={}\r\n\r\nMEDIA=rastapi\r\n\r\n\
                 DEVICE=vpn\r\nPhoneNumber=127.0.0.1:{}\r\n\r\n",
                ca.display(),
                self.port
            ),
        )
    }

    /// The connection that came last is lost.
    fn cut_last(&self) {
        let mut ends = self.ends.lock().unwrap();
        for end in [ends.pop(), ends.pop()].into_iter().flatten() {
            end.shutdown(Shutdown::Both).ok();
        }
    }

    /// Everything on it is lost; the way itself is there.
    fn cut(&self) {
        for end in self.ends.lock().unwrap().drain(..) {
            end.shutdown(Shutdown::Both).ok();
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.is_open.store(false, Ordering::SeqCst);
        self.cut();
        TcpStream::connect(("127.0.0.1", self.port)).ok();
    }
}

/// An event that is set when this connection is lost or ends.
fn loss_of(handle: usize) -> usize {
    let lost = OnhookCreateEvent(0, 0);
    // SAFETY: no pointer is passed.
    assert_eq!(unsafe { RasConnectionNotificationW(handle, lost, RASCN_DISCONNECTION) }, 0);
    lost
}

/// Asks, as programs do, until it is connected; whatever it answers meanwhile, the handle is valid.
fn until_connected(handle: usize) -> Vec<u32> {
    let begin = std::time::Instant::now();
    let mut seen = Vec::new();
    loop {
        let (result, status) = status(handle);
        assert_eq!(result, 0, "{seen:?}\n{}", stage().log());
        let state = status.u32("rasconnstate");
        if seen.last() != Some(&state) {
            seen.push(state);
        }
        if state == CONNECTED {
            assert_eq!(status.u32("dwError"), 0);
            return seen;
        }
        assert_ne!(state, DISCONNECTED, "{seen:?}: that would be the end");
        assert!(begin.elapsed() < STUCK, "it does not come back: {seen:?}");
        std::thread::yield_now();
    }
}

#[test]
fn b168_a_lost_line_is_dialed_again_under_the_same_handle() {
    let way = Way::open();
    let heard = Heard::begin();
    let mut dial = Dial::entry(&way.entry("b168", 1));
    assert_eq!(dial.call(1, func1 as *const () as usize), 0);
    heard.until(|(_, _, state, _)| *state == CONNECTED);
    let told = heard.all();
    let handle = dial.handle;
    let lost = loss_of(handle);
    for _ in 0..2 {
        way.cut();
        assert_eq!(OnhookWaitEvent(lost, 20_000), 0, "a program can hear of the loss");
        until_connected(handle);
        assert!(list().iter().any(|(listed, _)| *listed == handle));
    }
    assert_eq!(heard.all(), told, "the notifier's dial was over");
    end(handle);
    assert_eq!(OnhookWaitEvent(lost, 20_000), 0, "the end is told as ever");
    assert_eq!((hang_up(handle), status(handle).0), (668, NO_HANDLE));
    OnhookCloseEvent(lost);
}

#[test]
fn b168_while_a_lost_line_waits_it_says_why_and_a_hang_up_ends_it_at_once() {
    let way = Way::open();
    let name = way.entry("b168 waits", 600);
    let (result, handle) = Dial::entry(&name).synchronous();
    assert_eq!(result, 0, "{}", stage().log());
    let lost = loss_of(handle);
    way.cut();
    assert_eq!(OnhookWaitEvent(lost, 20_000), 0);
    let (result, waits) = status(handle);
    assert_eq!((result, waits.u32("rasconnstate")), (0, OPEN_PORT));
    assert_eq!(waits.u32("dwError"), 829, "why the line was lost");
    assert!(list().iter().any(|(listed, _)| *listed == handle));
    let (again, none) = Dial::entry(&name).synchronous();
    assert_eq!((again, none), (756, 0), "it is being dialed already");
    end(handle);
    assert_eq!(hang_up(handle), 668);
    // An entry that says nothing of it ends when its line is lost, and tells why until it is hung up.
    let once = vpn_entry("b168 once", &stage().path("ca.pem"), way.port);
    let (result, handle) = Dial::entry(&once).synchronous();
    assert_eq!(result, 0, "{}", stage().log());
    let gone = loss_of(handle);
    way.cut();
    assert_eq!(OnhookWaitEvent(gone, 20_000), 0);
    let (result, kept) = status(handle);
    assert_eq!((result, kept.u32("rasconnstate")), (0, DISCONNECTED));
    assert_eq!(kept.u32("dwError"), 829);
    end(handle);
    assert_eq!((OnhookCloseEvent(lost), OnhookCloseEvent(gone)), (1, 1));
}

/// Asks until both links are up; their handles.
fn until_both_are_up(whole: usize) -> [usize; 2] {
    let begin = std::time::Instant::now();
    loop {
        let [(one, first), (two, second)] = [1, 2].map(|number| link_of(whole, number));
        if (one, two) == (0, 0) {
            return [first, second];
        }
        assert!(begin.elapsed() < STUCK, "they do not come back: {one} {two}\n{}", stage().log());
        std::thread::yield_now();
    }
}

#[test]
fn b168_lost_links_are_dialed_again_one_alone_and_all_of_them() {
    let server = Server::sstp("b168 far", &format!("alice {PASSWORD}\n"), &["--multilink"]);
    let book = onhook_client::books::user_book().unwrap();
    let far = onhook_client::books::find("b168 far", Some(&book)).unwrap().entry;
    let way = Way::to(far.server().unwrap().1);
    let link = format!("MEDIA=rastapi\r\n\r\nDEVICE=vpn\r\nPhoneNumber=127.0.0.1:{}\r\n", way.port);
    put_entry(
        "b168 links",
        &format!(
            "Type=2\r\nVpnStrategy=5\r\nDialMode=1\r\nRedialAttempts=3\r\nRedialSeconds=1\r\n\
             RedialOnLinkFailure=1\r\nOnhookCaFile={}\r\n\r\n{link}\r\n{link}",
            far.ca_file.unwrap()
        ),
    );
    let (result, whole) = Dial::entry("b168 links").synchronous();
    assert_eq!(result, 0, "{}", stage().log());
    let before = until_both_are_up(whole);
    let [lost, loses] = [loss_of(whole), OnhookCreateEvent(0, 0)];
    // SAFETY: no pointer is passed. RASCN_BandwidthRemoved.
    assert_eq!(unsafe { RasConnectionNotificationW(whole, loses, 8) }, 0);
    way.cut_last();
    assert_eq!(OnhookWaitEvent(loses, 20_000), 0, "{}", stage().log());
    let after = until_both_are_up(whole);
    let stayed = before.iter().filter(|link| after.contains(link)).count();
    assert_eq!(stayed, 1, "the link that was lost has a new handle: {before:?} {after:?}");
    assert_eq!(OnhookWaitEvent(lost, 0), 258, "the connection itself has not been lost");

    way.cut();
    assert_eq!(OnhookWaitEvent(lost, 20_000), 0, "{}", stage().log());
    until_connected(whole);
    let again = until_both_are_up(whole);
    assert!(again.iter().all(|link| !after.contains(link)), "{after:?} {again:?}");
    end(whole);
    assert_eq!(again.map(|link| status(link).0), [NO_HANDLE; 2]);
    assert_eq!((OnhookCloseEvent(lost), OnhookCloseEvent(loses)), (1, 1));
    drop(server);
}
