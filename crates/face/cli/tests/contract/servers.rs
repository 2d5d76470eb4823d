//! Answering sides of a test's own, each with its own users, and entries that lead to them.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::caller::{put_entry, stage, vpn_entry};
use crate::stage::ONHOOK;

/// An answering side; it ends with the value.
pub(crate) struct Server {
    child: Child,
    told: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts one with this file of users; it says so many lines when it is ready.
    fn start(users: &str, words: &[&str], links: &[String], lines: usize) -> (Self, Vec<Value>) {
        stage();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("users"), users).unwrap();
        let mut child = Command::new(ONHOOK)
            .args(["answer", "--inside", "--json", "--users"])
            .arg(path("users"))
            .arg("--control")
            .arg(path("control.sock"))
            .args(words)
            .args(links)
            .env("XDG_STATE_HOME", folder.path())
            .env("HOME", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let told = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, told, folder };
        let said = (0..lines).map(|_| server.next()).collect();
        (server, said)
    }

    /// Over SSTP, with an entry of this name.
    pub(crate) fn sstp(name: &str, users: &str, words: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        let links = ["--sstp", "127.0.0.1:0", "--write-ca", ca.to_str().unwrap()];
        let (server, said) = Self::start(users, words, &links.map(str::to_owned), 1);
        let (_, port) = said[0]["sstp"].as_str().unwrap().rsplit_once(':').unwrap();
        let kept = server.folder.path().join("ca.pem");
        std::fs::rename(&ca, &kept).unwrap();
        vpn_entry(name, &kept, port.parse().unwrap());
        server
    }

    /// Over so many lines, with an entry of this name for all of them, which dials as this mode says.
    pub(crate) fn lines(name: &str, users: &str, count: usize, words: &[&str], mode: u32) -> Self {
        let folder = tempfile::tempdir_in(stage().folder.path()).unwrap().keep();
        let place = |n: usize| -> PathBuf { folder.join(format!("line{n}")) };
        let places: Vec<_> = (0..count).map(|n| format!("unix:{}", place(n).display())).collect();
        let links: Vec<_> =
            places.iter().flat_map(|place| ["--serial".to_owned(), place.clone()]).collect();
        let (server, _) = Self::start(users, words, &links, count);
        let mut lines = format!("Type=1\r\nDialMode={mode}\r\nAuthRestrictions=8192\r\n");
        for (n, place) in places.iter().enumerate() {
            lines.push_str(&format!(
                "\r\nMEDIA=rastapi\r\nPort={place}\r\nDevice=line{n}\r\n\r\nDEVICE=SERIAL\r\n"
            ));
        }
        put_entry(name, &lines);
        server
    }

    /// At a modem.
    pub(crate) fn modem(users: &str, path: &str) -> Self {
        Self::start(users, &[], &["--modem".to_owned(), path.to_owned()], 1).0
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Waits until so many calls have ended here.
    pub(crate) fn calls_have_ended(&mut self, count: usize) {
        for _ in 0..count {
            while self.next()["event"] != "ended" {}
        }
    }

    /// Ends at once, as a server that has crashed.
    pub(crate) fn dies(&mut self) {
        self.child.kill().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Not killed: a killed server's lock files stay until the next one of its user starts.
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap_or_default();
        drop(self.child.wait());
    }
}
