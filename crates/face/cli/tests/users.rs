//! Two users, root and an operator at one manager: who sees what, and who may end it.
//!
//! Needs root, because only root can be several users.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Output, Stdio};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use serde_json::Value;

#[expect(unreachable_pub, dead_code, reason = "the runner is written to be shared")]
#[path = "../../../runtime/host/tests/runner/mod.rs"]
mod runner;

use runner::{Ignored, Verdict};

const ALICE: u32 = 60_001;
const BOB: u32 = 60_002;
/// A third user, in the group whose members are operators.
const OPERATOR: u32 = 60_003;
const OPERATORS: u32 = 60_077;
const ROOT: u32 = 0;
const PROGRAM: &str = "/run/onhook-program";

fn main() -> ExitCode {
    runner::main(&cases![
        a_private_connection_is_its_owners_and_roots,
        a_shared_connection_is_seen_and_ended_as_its_entry_allows,
        members_of_the_operators_group_see_and_end_everything,
        one_who_says_that_he_is_another_is_not_believed,
    ])
}

/// A manager of the system and an answering server, in a `/run` of their own.
struct System {
    manager: Child,
    server: Child,
    port: String,
    /// Kept open: the server tells who comes and goes.
    _told: BufReader<std::process::ChildStdout>,
}

impl System {
    fn start() -> Result<Self, Ignored> {
        if !nix::unistd::geteuid().is_root() {
            return Err(Ignored("only root can be several users".to_owned()));
        }
        let nothing: Option<&str> = None;
        let made = unshare(CloneFlags::CLONE_NEWNS)
            .and_then(|()| {
                mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
            })
            .and_then(|()| {
                mount(nothing, "/run", Some("tmpfs"), MsFlags::empty(), Some("mode=755"))
            });
        made.map_err(|e| Ignored(format!("this machine forbids mounts of our own ({e})")))?;
        fs::copy(env!("CARGO_BIN_EXE_onhook"), PROGRAM).unwrap();
        fs::set_permissions(PROGRAM, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write("/run/users", "alice wonderland1\n").unwrap();
        let mut server = Command::new(PROGRAM)
            .args([
                "answer",
                "--sstp",
                "127.0.0.1:0",
                "--inside",
                "--json",
                "--users",
                "/run/users",
            ])
            .args(["--write-ca", "/run/ca.pem"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (line, told) = first_line(&mut server);
        let said: Value = serde_json::from_str(&line).unwrap();
        let port = said["sstp"].as_str().unwrap().rsplit_once(':').unwrap().1.to_owned();
        wait_for(Path::new("/run/ca.pem"));
        fs::set_permissions("/run/ca.pem", fs::Permissions::from_mode(0o644)).unwrap();
        let mut manager = Command::new(PROGRAM)
            .args(["daemon", "--userspace", "--state-dir", "/run/state", "--ready-on-stdout"])
            .args(["--operators", &OPERATORS.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        assert_eq!(first_line(&mut manager).0, "ready\n");
        Ok(Self { manager, server, port, _told: told })
    }

    /// `onhook …` as this user.
    fn onhook(&self, user: u32, words: &[&str]) -> Output {
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={user}")).arg(format!("--regid={user}"));
        match user {
            OPERATOR => command.arg(format!("--groups={OPERATORS}")),
            _ => command.arg("--clear-groups"),
        };
        command.args(["--", PROGRAM]).args(words).env("HOME", "/run").env_remove("XDG_RUNTIME_DIR");
        command.env("ONHOOK_SOCKET", "/run/onhook/onhook.sock").current_dir("/");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("setpriv, of util-linux");
        // A program that reads no password may have ended by now.
        drop(child.stdin.take().unwrap().write_all(b"wonderland1\n"));
        child.wait_with_output().unwrap()
    }

    /// Dials as Alice an entry that says this of sharing; gives the handle.
    fn dial(&self, sharing: &str) -> String {
        let book = format!(
            "[office]\r\nEncoding=1\r\nType=2\r\nVpnStrategy=5\r\nOnhookCaFile=/run/ca.pem\r\n\
             OnhookSharing={sharing}\r\n\r\nMEDIA=rastapi\r\nPort=VPN1-0\r\n\
             Device=WAN Miniport (SSTP)\r\n\r\nDEVICE=vpn\r\nPhoneNumber=localhost:{}\r\n",
            self.port
        );
        fs::write("/run/book.pbk", book).unwrap();
        fs::set_permissions("/run/book.pbk", fs::Permissions::from_mode(0o644)).unwrap();
        let words = ["dial", "office", "--phonebook", "/run/book.pbk", "--user", "alice"];
        let dialed = self.onhook(ALICE, &[&words[..], &["--password-stdin", "--quiet"]].concat());
        assert!(dialed.status.success(), "{}", String::from_utf8_lossy(&dialed.stderr));
        let list = self.list(ALICE);
        list[0]["handle"].as_str().unwrap().to_owned()
    }

    fn list(&self, user: u32) -> Vec<Value> {
        let output = self.onhook(user, &["list", "--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What a status query and a hang-up say to this user: 0 or a RAS number each.
    fn tries(&self, user: u32, handle: &str) -> (String, String) {
        (
            said(&self.onhook(user, &["status", handle])),
            said(&self.onhook(user, &["hangup", handle])),
        )
    }
}

impl Drop for System {
    fn drop(&mut self) {
        for child in [&mut self.manager, &mut self.server] {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// `ok`, or the number at the beginning of the complaint.
fn said(output: &Output) -> String {
    if output.status.success() {
        return "ok".to_owned();
    }
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let number = complaint.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty());
    number.unwrap_or(&complaint).to_owned()
}

fn first_line(child: &mut Child) -> (String, BufReader<std::process::ChildStdout>) {
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    (line, out)
}

fn wait_for(path: &Path) {
    while !path.exists() {
        std::thread::yield_now();
    }
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

fn a_private_connection_is_its_owners_and_roots() -> Verdict {
    let system = System::start()?;
    let handle = system.dial("private");
    assert_eq!(system.list(BOB), Vec::<Value>::new());
    assert_eq!(system.tries(BOB, &handle), pair("5", "5"));
    assert_eq!(system.list(ALICE).len(), 1, "nothing happened to it");
    assert_eq!(system.list(ROOT).len(), 1);
    assert_eq!(system.tries(ROOT, &handle), pair("ok", "ok"));
    assert_eq!(system.list(ALICE), Vec::<Value>::new());
    let handle = system.dial("private");
    assert_eq!(system.tries(ALICE, &handle), pair("ok", "ok"));
    Ok(())
}

fn a_shared_connection_is_seen_and_ended_as_its_entry_allows() -> Verdict {
    let system = System::start()?;
    let handle = system.dial("seen");
    assert_eq!(system.list(BOB).len(), 1);
    assert_eq!(system.tries(BOB, &handle), pair("ok", "5"));
    assert_eq!(system.tries(ALICE, &handle), pair("ok", "ok"));
    let handle = system.dial("hangup");
    assert_eq!(system.tries(BOB, &handle), pair("ok", "ok"));
    assert_eq!(system.list(ALICE), Vec::<Value>::new());
    Ok(())
}

fn members_of_the_operators_group_see_and_end_everything() -> Verdict {
    let system = System::start()?;
    let handle = system.dial("private");
    assert_eq!(system.list(OPERATOR).len(), 1);
    assert_eq!(system.tries(OPERATOR, &handle), pair("ok", "ok"));
    assert_eq!(system.list(ALICE), Vec::<Value>::new());
    Ok(())
}

/// Who somebody is comes from the kernel: names in the environment and in messages change nothing.
fn one_who_says_that_he_is_another_is_not_believed() -> Verdict {
    let system = System::start()?;
    let handle = system.dial("private");
    let script = "import json, socket, sys\n\
        s = socket.socket(socket.AF_UNIX); s.connect('/run/onhook/onhook.sock')\n\
        s.send(json.dumps({'method': 'org.onhook.Ras.HangUp', 'parameters': \
        {'handle': sys.argv[1], 'user': 0, 'uid': 0, 'owner': 0}}).encode() + b'\\0')\n\
        print(s.recv(65536).rstrip(b'\\0').decode())";
    if !Path::new("/usr/bin/python3").exists() {
        return Err(Ignored("it takes /usr/bin/python3 to say such things".to_owned()));
    }
    let output = Command::new("setpriv")
        .args([format!("--reuid={BOB}"), format!("--regid={BOB}"), "--clear-groups".to_owned()])
        .args(["--", "/usr/bin/python3", "-c", script, &handle])
        .env("USER", "root")
        .env("LOGNAME", "alice")
        .output()
        .unwrap();
    let reply: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    assert!(reply["error"].is_string(), "{reply}");
    assert_eq!(system.list(ALICE).len(), 1, "it is still there");
    Ok(())
}
