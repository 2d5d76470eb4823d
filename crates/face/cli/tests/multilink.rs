//! Entries of several links, dialed with real processes to an answering side of our own over Unix sockets
//! that stand for lines: no rights needed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use stage::answering::Server;
use stage::{PASSWORD, Stage, lines, says};

/// Lines at which one server answers, and a book with an entry over all of them.
struct Lines {
    server: Server,
    stage: Stage,
}

impl Lines {
    fn new(count: usize, words: &[&str]) -> Self {
        let stage = Stage::new();
        let places: Vec<_> = (0..count).map(|n| place(&stage, n)).collect();
        let over = places.iter().flat_map(|place| ["--serial", place]);
        let mut server = stage.serve("serial", words.iter().copied().chain(over));
        for _ in 1..count {
            server.next();
        }
        let lines = Self { server, stage };
        lines.write_book(&places);
        lines
    }

    fn write_book(&self, places: &[String]) {
        let mut book = String::from("[office]\nDialMode=1\nAuthRestrictions=8192\n");
        for place in places {
            book.push_str(&format!(
                "\nMEDIA=rastapi\nPort={place}\nDevice=line\n\nDEVICE=SERIAL\n"
            ));
        }
        std::fs::write(self.stage.path("book.pbk"), book).unwrap();
    }

    fn dial(&self, password: &str) -> std::process::Output {
        let book = self.stage.path("book.pbk");
        let book = book.to_str().unwrap();
        let words = ["dial", "office", "--phonebook", book, "--user", "alice"];
        self.stage.run(&[&words[..], &["--password-stdin", "--json"]].concat(), password)
    }

    /// The handle of the whole.
    fn dialed(&self) -> String {
        let output = self.dial(PASSWORD);
        assert!(output.status.success(), "{output:?}\n{}", self.stage.log());
        let last = lines(&output).pop().unwrap();
        assert_eq!(last["event"], "connected");
        last["handle"].as_str().unwrap().to_owned()
    }

    fn status(&self, handle: &str) -> Value {
        let output = self.stage.run(&["status", handle, "--json"], "");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn hang_up(&self, what: &str) {
        let output = self.stage.run(&["hangup", what], "");
        assert!(output.status.success(), "{output:?}\n{}", self.stage.log());
    }

    fn is_invalid(&self, handle: &str) {
        let status = self.stage.run(&["status", handle], "");
        assert!(says(&status, "ERROR_INVALID_HANDLE"), "{status:?}");
    }

    fn nothing_is_left(&self) {
        assert_eq!(self.stage.list(), Vec::<Value>::new());
        let journal = std::fs::read_to_string(self.stage.path("state").join("journal")).unwrap();
        let count = |what: &str| journal.matches(what).count();
        assert_eq!(count("\"did\""), count("\"undid\""), "{journal}");
    }
}

fn place(stage: &Stage, n: usize) -> String {
    format!("unix:{}", stage.path(&format!("line{n}")).display())
}

/// Sends so many octets to the echo, while they come back; both ways at once.
fn echoed(flow: &mut TcpStream, octets: usize) {
    let sent: Vec<u8> = (0..octets).map(|n| (n % 251) as u8).collect();
    let mut writer = flow.try_clone().unwrap();
    let writing = std::thread::spawn({
        let sent = sent.clone();
        move || writer.write_all(&sent).unwrap()
    });
    let mut came = vec![0; sent.len()];
    flow.read_exact(&mut came).unwrap();
    writing.join().unwrap();
    assert!(came == sent, "what came back is not what was sent");
}

#[test]
fn two_links_carry_one_connection_and_each_can_be_hung_up_alone() {
    let mut lines = Lines::new(2, &["--multilink"]);
    let whole = lines.dialed();
    let all = lines.stage.list();
    assert_eq!(all.len(), 1, "one row: {all:?}");
    let links = all[0]["links"].as_array().unwrap();
    assert_eq!(links.len(), 2);
    let handles: Vec<_> = links.iter().map(|link| link["handle"].as_str().unwrap()).collect();
    assert!(handles.iter().all(|handle| *handle != whole));

    let mut flow = lines.stage.flow(&whole);
    echoed(&mut flow, 64 * 1024);
    let passed = |status: &Value, link: usize, way: &str| {
        status["links"][link]["traffic"][way].as_u64().unwrap()
    };
    let status = lines.status(&whole);
    for (link, way) in [(0, "bytes_out"), (1, "bytes_out"), (0, "bytes_in"), (1, "bytes_in")] {
        assert!(passed(&status, link, way) > 20_000, "both links carry, both ways: {status}");
    }
    // The same projection for the whole and for each link.
    let of_link = lines.status(handles[1]);
    assert_eq!(of_link["projection"]["ipv4"], status["projection"]["ipv4"]);
    assert_eq!((of_link["subentry"].as_u64(), status["subentry"].as_u64()), (Some(2), Some(1)));

    lines.hang_up("office#2");
    lines.is_invalid(handles[1]);
    lines.server.calls_have_ended(1);
    echoed(&mut flow, 64 * 1024);
    let again = lines.stage.run(&["hangup", "office#2"], "");
    assert!(says(&again, "618"), "it is not connected: {again:?}");
    let third = lines.stage.run(&["status", "office#3"], "");
    assert!(says(&third, "259"), "{third:?}");
    assert_eq!(lines.status(&whole)["state_name"], "RASCS_Connected");

    lines.hang_up(&whole);
    lines.is_invalid(&whole);
    lines.is_invalid(handles[0]);
    lines.server.calls_have_ended(1);
    lines.nothing_is_left();
}

#[test]
fn what_is_encrypted_is_encrypted_once_above_all_links() {
    let mut lines = Lines::new(2, &["--multilink"]);
    let book = std::fs::read_to_string(lines.stage.path("book.pbk")).unwrap();
    let book = book.replace("DialMode=1", "DialMode=1\nDataEncryption=512");
    std::fs::write(lines.stage.path("book.pbk"), book).unwrap();
    for _ in 0..3 {
        let whole = lines.dialed();
        let status = lines.status(&whole);
        let protection = status["projection"]["protection"].as_str().unwrap_or_default();
        assert!(protection.starts_with("MPPE, 128 bits"), "{status}");
        let up = |link: &Value| link["state"].as_u64() == Some(22);
        assert!(status["links"].as_array().unwrap().iter().all(up), "{status}");
        echoed(&mut lines.stage.flow(&whole), 64 * 1024);
        lines.hang_up(&whole);
        lines.server.calls_have_ended(2);
    }
    lines.nothing_is_left();
}

#[test]
fn the_last_link_takes_the_connection_with_it() {
    let mut lines = Lines::new(2, &["--multilink"]);
    let whole = lines.dialed();
    lines.hang_up("office#1");
    let mut flow = lines.stage.flow(&whole);
    echoed(&mut flow, 10_000);
    lines.hang_up("office#2");
    let gone = lines.stage.run(&["hangup", &whole], "");
    assert!(gone.status.success() || says(&gone, "668"), "{gone:?}");
    lines.is_invalid(&whole);
    lines.server.calls_have_ended(2);
    lines.nothing_is_left();
}

/// A line that can be cut: what comes to one socket is passed on to another, until it is dropped.
struct Wire {
    streams: Arc<Mutex<Vec<UnixStream>>>,
}

impl Wire {
    fn new(from: &Path, to: PathBuf) -> Self {
        let streams = Arc::<Mutex<Vec<UnixStream>>>::default();
        let listener = UnixListener::bind(from).unwrap();
        let kept = streams.clone();
        std::thread::spawn(move || {
            let (near, _) = listener.accept().unwrap();
            let far = UnixStream::connect(to).unwrap();
            let ends = [(&near, &far), (&far, &near)];
            for (from, to) in ends.map(|(a, b)| (a.try_clone().unwrap(), b.try_clone().unwrap())) {
                let (mut from, mut to) = (from, to);
                std::thread::spawn(move || std::io::copy(&mut from, &mut to).unwrap_or_default());
            }
            kept.lock().unwrap().extend([near, far]);
        });
        Self { streams }
    }

    fn cut(&self) {
        for stream in self.streams.lock().unwrap().iter() {
            stream.shutdown(std::net::Shutdown::Both).unwrap();
        }
    }
}

#[test]
fn a_line_that_is_cut_in_the_midst_of_traffic_does_not_take_the_connection_with_it() {
    let mut lines = Lines::new(2, &["--multilink"]);
    let places = [place(&lines.stage, 0), place(&lines.stage, 8)];
    let wire = Wire::new(&lines.stage.path("line8"), lines.stage.path("line1"));
    lines.write_book(&places);
    let whole = lines.dialed();
    let mut flow = lines.stage.flow(&whole);
    let mut writer = flow.try_clone().unwrap();
    let sent: Vec<u8> = (0..400_000_u32).map(|n| (n % 251) as u8).collect();
    let writing = std::thread::spawn({
        let sent = sent.clone();
        // It is broken off below.
        move || writer.write_all(&sent).is_ok()
    });
    let mut came = vec![0; sent.len()];
    let (first, rest) = came.split_at_mut(100_000);
    flow.read_exact(first).unwrap();
    wire.cut();
    // A hundred packets may be lost at once, and the TCP in user space gets over each by a timer: that
    // the flow goes on is what is asked here, and another one shows that nothing is in its way.
    let (next, _) = rest.split_at_mut(10_000);
    flow.read_exact(next).unwrap();
    assert!(came[..110_000] == sent[..110_000], "what came back is not what was sent");
    let mut other = lines.stage.flow(&whole);
    let few = &sent[..30_000];
    other.write_all(few).unwrap();
    let mut back = vec![0; few.len()];
    other.read_exact(&mut back).unwrap();
    assert!(back == few, "what came back is not what was sent");
    flow.shutdown(std::net::Shutdown::Both).unwrap();
    writing.join().unwrap();

    lines.server.calls_have_ended(1);
    let status = lines.status(&whole);
    assert_eq!(status["state_name"], "RASCS_Connected");
    let link = &status["links"][1];
    assert_eq!(link["handle"], Value::Null, "{status}");
    assert_ne!(link["error"].as_u64(), Some(0), "{status}");
    lines.hang_up(&whole);
    lines.server.calls_have_ended(1);
    lines.nothing_is_left();
}

#[test]
fn a_wrong_second_line_does_not_stop_the_first() {
    let mut lines = Lines::new(1, &["--multilink"]);
    let places = [place(&lines.stage, 0), place(&lines.stage, 7)];
    lines.write_book(&places);
    let whole = lines.dialed();
    let status = lines.status(&whole);
    assert_eq!(status["links"][0]["state"].as_u64(), Some(22), "SubEntryConnected: {status}");
    assert_ne!(status["links"][1]["error"].as_u64(), Some(0), "{status}");
    assert_eq!(status["links"][1]["handle"], Value::Null);
    echoed(&mut lines.stage.flow(&whole), 20_000);
    lines.hang_up(&whole);
    lines.server.calls_have_ended(1);
    lines.nothing_is_left();
}

#[test]
fn a_server_that_does_not_bundle_gives_one_link() {
    let mut lines = Lines::new(2, &[]);
    let whole = lines.dialed();
    let status = lines.status(&whole);
    let up = |link: &Value| link["state"].as_u64() == Some(22);
    let up = status["links"].as_array().unwrap().iter().filter(|link| up(link)).count();
    assert_eq!(up, 1, "{status}");
    echoed(&mut lines.stage.flow(&whole), 20_000);
    lines.hang_up(&whole);
    lines.server.calls_have_ended(2);
    lines.nothing_is_left();
}

#[test]
fn a_wrong_password_fails_on_all_links_and_leaves_nothing() {
    let mut lines = Lines::new(2, &["--multilink"]);
    let refused = lines.dial("not-her-password");
    assert!(!refused.status.success() && says(&refused, "691"), "{refused:?}");
    lines.server.calls_have_ended(2);
    lines.nothing_is_left();
}
