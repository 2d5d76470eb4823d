//! Answering sides of a test's own, each with its own users, and entries that lead to them.

use std::path::PathBuf;

use crate::caller::{put_entry, stage, vpn_entry};
use crate::stage::answering::Server as Answering;

/// An answering side with a folder of its own; both end with the value.
pub(crate) struct Server {
    answering: Answering,
    _folder: tempfile::TempDir,
}

/// A folder with this file of users.
fn with_users(users: &str) -> tempfile::TempDir {
    stage();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("users"), users).unwrap();
    folder
}

impl Server {
    /// Over SSTP, with an entry of this name.
    pub(crate) fn sstp(name: &str, users: &str, words: &[&str]) -> Self {
        let folder = with_users(users);
        let ca = folder.path().join("ca.pem");
        let over = ["--sstp", "127.0.0.1:0", "--write-ca", ca.to_str().unwrap()];
        let answering = Answering::start(folder.path(), "sstp", words.iter().chain(&over));
        let (_, port) = answering.place.rsplit_once(':').unwrap();
        vpn_entry(name, &ca, port.parse().unwrap());
        Self { answering, _folder: folder }
    }

    /// Over so many lines, with an entry of this name for all of them, which dials as this mode says.
    pub(crate) fn lines(name: &str, users: &str, count: usize, words: &[&str], mode: u32) -> Self {
        let folder = tempfile::tempdir_in(stage().folder.path()).unwrap().keep();
        let place = |n: usize| -> PathBuf { folder.join(format!("line{n}")) };
        let places: Vec<_> = (0..count).map(|n| format!("unix:{}", place(n).display())).collect();
        let over = places.iter().flat_map(|place| ["--serial", place]);
        let own = with_users(users);
        let words = words.iter().copied().chain(over);
        let mut answering = Answering::start(own.path(), "serial", words);
        for _ in 1..count {
            answering.next();
        }
        let mut lines = format!("Type=1\r\nDialMode={mode}\r\nAuthRestrictions=8192\r\n");
        for (n, place) in places.iter().enumerate() {
            lines.push_str(&format!(
                "\r\nMEDIA=rastapi\r\nPort={place}\r\nDevice=line{n}\r\n\r\nDEVICE=SERIAL\r\n"
            ));
        }
        put_entry(name, &lines);
        Self { answering, _folder: own }
    }

    /// At a modem.
    pub(crate) fn modem(users: &str, path: &str) -> Self {
        let folder = with_users(users);
        let answering = Answering::start(folder.path(), "modem", ["--modem", path]);
        Self { answering, _folder: folder }
    }

    /// Waits until a call is up, and says whose it is.
    pub(crate) fn user(&mut self) -> String {
        loop {
            let said = self.answering.next();
            if said["event"] == "connected" {
                return said["user"].as_str().unwrap().to_owned();
            }
        }
    }

    /// Waits until so many calls have ended here.
    pub(crate) fn calls_have_ended(&mut self, count: usize) {
        self.answering.calls_have_ended(count);
    }

    /// Ends at once, as a server that has crashed.
    pub(crate) fn dies(&mut self) {
        self.answering.child.kill().unwrap();
    }
}
