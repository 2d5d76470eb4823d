//! Answering sides.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::ONHOOK;

/// An answering side in a process of its own; it ends with the value.
pub struct Server {
    pub child: Child,
    /// Kept open: the server tells who comes and goes.
    told: BufReader<ChildStdout>,
    /// Where it answers over the first of its links.
    pub place: String,
}

impl Server {
    /// Starts one with the users and everything else of this folder. `words` say over which links it answers,
    /// and `link` names the one that it tells of first. What it can be asked by lies beside the users.
    pub fn start(
        folder: &Path,
        link: &str,
        words: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Self {
        let further = (1..).map(|number| format!("control{number}.sock"));
        let controls = std::iter::once("control.sock".to_owned()).chain(further);
        let control = controls.map(|name| folder.join(name)).find(|path| !path.exists()).unwrap();
        let mut child = Command::new(ONHOOK)
            .args(["answer", "--inside", "--json", "--users"])
            .arg(folder.join("users"))
            .arg("--control")
            .arg(control)
            .args(words)
            .env("XDG_STATE_HOME", folder)
            .env("HOME", folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let told = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, told, place: String::new() };
        server.place = server.next()[link].as_str().unwrap().to_owned();
        server
    }

    /// What it tells next.
    pub fn next(&mut self) -> Value {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Waits until a call has ended: all that is told up to that.
    pub fn call_has_ended(&mut self) -> Vec<Value> {
        let mut told = Vec::new();
        loop {
            told.push(self.next());
            if told.last().unwrap()["event"] == "ended" {
                return told;
            }
        }
    }

    /// Waits until so many calls have ended.
    pub fn calls_have_ended(&mut self, count: usize) {
        for _ in 0..count {
            self.call_has_ended();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Not killed: a killed server's lock files stay until the next one of its user starts.
        if let Ok(None) = self.child.try_wait() {
            let pid = Pid::from_raw(self.child.id().cast_signed());
            kill(pid, Signal::SIGTERM).unwrap_or_default();
        }
        drop(self.child.wait());
    }
}
