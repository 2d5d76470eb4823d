//! The lab's switch, `peer-vm`: the servers, and what they hold.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// The servers, up and answering.
#[derive(Debug)]
pub(crate) struct Lab {
    switch: PathBuf,
    words: BTreeMap<String, String>,
}

impl Lab {
    /// Boots the lab, or finds it running.
    pub(crate) fn up() -> Result<Self> {
        let switch = std::env::var_os("PEER_VM").context("PEER_VM names no lab")?;
        let mut lab = Self { switch: switch.into(), words: BTreeMap::new() };
        let start = Instant::now();
        for line in lab.call(&["up"])?.lines() {
            if let Some((name, value)) = line.split_once('=') {
                lab.words.insert(name.to_owned(), value.trim_matches('\'').to_owned());
            }
        }
        println!("lab: up after {:.1} s", start.elapsed().as_secs_f64());
        lab.auth("mschap-v2")?;
        ensure!(lab.sessions()?.is_empty(), "the servers hold sessions before the first dial");
        Ok(lab)
    }

    /// A word of `peer-vm env`, named without its `PEER_`.
    pub(crate) fn word(&self, name: &str) -> &str {
        self.words.get(&format!("PEER_{name}")).map_or("", String::as_str)
    }

    /// A file of the lab's, beside its switch.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.switch.with_file_name("lab").join(name)
    }

    /// What the servers hold for callers: one line each, nothing when all have hung up.
    pub(crate) fn sessions(&self) -> Result<String> {
        self.call(&["sessions"])
    }

    /// Waits until the servers hold nothing; says how long that took and what it was.
    pub(crate) fn wait_until_empty(&self, limit: Duration) -> Result<(Duration, String)> {
        let start = Instant::now();
        let first = self.sessions()?;
        let mut now = first.clone();
        while !now.is_empty() {
            ensure!(start.elapsed() < limit, "after {limit:?} the server still holds:\n{now}");
            now = self.sessions()?;
        }
        let waited = if first.is_empty() { Duration::ZERO } else { start.elapsed() };
        Ok((waited, first))
    }

    /// Which authentication the SSTP server asks of its next caller.
    pub(crate) fn auth(&self, method: &str) -> Result<()> {
        self.call(&["auth", "sstp", method]).map(drop)
    }

    /// Which authentication another server asks of its next caller.
    pub(crate) fn auth_of(&self, service: &str, method: &str) -> Result<()> {
        self.call(&["auth", service, method]).map(drop)
    }

    /// Runs a shell command inside the server machine.
    pub(crate) fn run(&self, command: &str) -> Result<String> {
        self.call(&["run", command])
    }

    /// Boots the machine with the clients, if it is not up.
    pub(crate) fn client(&self) -> Result<()> {
        self.call(&["client"]).map(drop)
    }

    /// Runs a shell command in the machine with the clients.
    pub(crate) fn run_client(&self, command: &str) -> Result<String> {
        self.call(&["crun", command])
    }

    /// How long the servers' log is now.
    pub(crate) fn log_mark(&self) -> Result<usize> {
        let length = self.run("busybox wc -c < /var/log/peer.log")?;
        length.trim().parse().with_context(|| format!("a length of the log: “{length}”"))
    }

    /// What the servers have logged since.
    pub(crate) fn log_since(&self, mark: usize) -> Result<String> {
        self.run(&format!("busybox tail -c +{} /var/log/peer.log", mark + 1))
    }

    /// Ends every call on either machine, and brings the servers' settings back.
    pub(crate) fn reset(&self) -> Result<()> {
        self.call(&["reset"]).map(drop)
    }

    /// Powers the machines off.
    pub(crate) fn stop(&self) {
        if let Err(error) = self.call(&["stop"]) {
            println!("lab: {error:#}");
        }
    }

    fn call(&self, words: &[&str]) -> Result<String> {
        let output = Command::new(&self.switch)
            .args(words)
            .stdin(Stdio::null())
            .output()
            .with_context(|| self.switch.display().to_string())?;
        if !output.status.success() {
            bail!(
                "peer-vm {}: {}\n{}{}",
                words.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
