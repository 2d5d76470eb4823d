//! A manager, an answering server and their folder, each in a process of its own: what the tests of the
//! program play on. Everything is on loopback, in the user-space network, and needs no rights.

pub mod answering;
pub mod terminal;

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use answering::Server;

pub const ONHOOK: &str = env!("CARGO_BIN_EXE_onhook");
pub const PASSWORD: &str = "wonderland1";
/// How long anything may take before it counts as stuck.
pub const STUCK: Duration = Duration::from_secs(20);

/// A manager, an answering server, and a folder for both; gone with the value.
pub struct Stage {
    pub folder: tempfile::TempDir,
    pub server: Server,
    pub manager: Option<Child>,
    pub port: u16,
    grace: &'static str,
}

impl Stage {
    pub fn new() -> Self {
        Self::with_grace("30")
    }

    /// A failed dial whose dialer has gone stays listed for so many seconds.
    pub fn with_grace(grace: &'static str) -> Self {
        Self::answering(&format!("alice {PASSWORD}\n"), &[], grace)
    }

    /// The server has this file of users, and these arguments besides.
    pub fn answering(callers: &str, more: &[&str], grace: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("users"), callers).unwrap();
        let ca = folder.path().join("ca.pem");
        let over = ["--sstp", "127.0.0.1:0", "--write-ca", ca.to_str().unwrap()];
        let server = Server::start(folder.path(), "sstp", over.iter().chain(more));
        let port = server.place.rsplit_once(':').unwrap().1.parse().unwrap();
        let mut stage = Self { folder, server, manager: None, port, grace };
        stage.start_manager();
        stage
    }

    /// A further answering side with the same users: over which links, and the one that it tells of first.
    pub fn serve(&self, link: &str, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Server {
        Server::start(self.folder.path(), link, words)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn start_manager(&mut self) {
        let log =
            std::fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        let mut manager = Command::new(ONHOOK)
            .args(["daemon", "--userspace", "--ready-on-stdout", "--dns", "none"])
            .args(["--failed-grace", self.grace, "--state-dir"])
            .arg(self.path("state"))
            .arg("--socket")
            .arg(self.path("m.sock"))
            .env("ONHOOK_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(manager.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "{}", self.log());
        self.manager = Some(manager);
    }

    pub fn signal_manager(&mut self, signal: &str) -> std::process::ExitStatus {
        let mut manager = self.manager.take().unwrap();
        let sent = Command::new("kill").arg(signal).arg(manager.id().to_string()).status().unwrap();
        assert!(sent.success());
        manager.wait().unwrap()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// A program whose environment leads to the manager, and for the rest into the folder.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("ONHOOK_SOCKET", self.path("m.sock"))
            .env("XDG_CONFIG_HOME", self.folder.path())
            .env("HOME", self.folder.path())
            .env("ONHOOK_STATE_DIR", self.path("own"))
            .env("ONHOOK_SYSTEM_DIR", self.path("system"));
        command
    }

    pub fn run(&self, args: &[&str], input: &str) -> Output {
        let mut child = self
            .command(ONHOOK)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that needs no input may have ended.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        child.wait_with_output().unwrap()
    }

    pub fn dial_with(&self, more: &[&str], password: &str) -> Output {
        let ca = self.path("ca.pem");
        let number = format!("127.0.0.1:{}", self.port);
        let mut args =
            vec!["dial", "--phone-number", &number, "--device", "sstp", "--user", "alice"];
        args.extend(["--password-stdin", "--ca-file", ca.to_str().unwrap(), "--json"]);
        args.extend(more);
        self.run(&args, password)
    }

    pub fn dial(&self) -> String {
        let output = self.dial_with(&[], PASSWORD);
        assert!(output.status.success(), "{output:?}\n{}", self.log());
        let last = lines(&output).pop().unwrap();
        assert_eq!(last["event"], "connected");
        last["handle"].as_str().unwrap().to_owned()
    }

    /// A flow through a connection's SOCKS5 proxy to the echo behind the server.
    pub fn flow(&self, handle: &str) -> TcpStream {
        let status = self.run(&["status", handle, "--json"], "");
        let status: Value = serde_json::from_slice(&status.stdout).unwrap();
        let proxy: SocketAddr = status["projection"]["socks5"].as_str().unwrap().parse().unwrap();
        let mut stream = TcpStream::connect(proxy).unwrap();
        stream.set_read_timeout(Some(STUCK)).unwrap();
        stream.write_all(&[5, 1, 0]).unwrap();
        stream.read_exact(&mut [0; 2]).unwrap();
        stream.write_all(&[5, 1, 0, 1, 10, 99, 0, 1, 0, 7]).unwrap();
        let mut reply = [0; 10];
        stream.read_exact(&mut reply).unwrap();
        assert_eq!(reply[1], 0, "the echo was reached");
        stream
    }

    pub fn list(&self) -> Vec<Value> {
        let output = self.run(&["list", "--json"], "");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in self.manager.iter_mut().chain([&mut self.server.child]) {
            // It may have ended by itself.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

pub fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn says(output: &Output, what: &str) -> bool {
    String::from_utf8_lossy(&output.stderr).contains(what)
}
