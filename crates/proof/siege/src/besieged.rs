//! The processes under siege, and the honest ones.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

const PASSWORD: &str = "wonderland1";
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How long descriptors and memory may take to come back.
const SETTLE: Duration = Duration::from_secs(90);

/// A folder, an answering server and a manager.
pub(crate) struct Ground {
    folder: tempfile::TempDir,
    onhook: PathBuf,
    /// Where calls are answered.
    pub(crate) address: SocketAddr,
    server: Child,
    manager: Child,
    _told: BufReader<ChildStdout>,
}

impl Ground {
    /// Starts both.
    pub(crate) fn prepare(onhook: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let users = folder.path().join("users");
        fs::write(&users, format!("alice {PASSWORD}\n"))?;
        let mut server = Command::new(onhook)
            .args(["answer", "--sstp", "127.0.0.1:0", "--inside", "--json", "--users"])
            .arg(&users)
            .arg("--write-ca")
            .arg(folder.path().join("ca.pem"))
            .arg("--control")
            .arg(folder.path().join("control.sock"))
            .env("XDG_STATE_HOME", folder.path())
            .env("HOME", folder.path())
            .env("ONHOOK_LOG", "error")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("onhook answer")?;
        let mut told = BufReader::new(server.stdout.take().context("its output")?);
        let said: Value = serde_json::from_str(&first_line(&mut told)?)?;
        let address = said["sstp"].as_str().context("where it answers")?.parse()?;
        let mut manager = Command::new(onhook)
            .args(["daemon", "--userspace", "--ready-on-stdout", "--dns", "none", "--state-dir"])
            .arg(folder.path().join("state"))
            .arg("--socket")
            .arg(folder.path().join("m.sock"))
            .env("ONHOOK_LOG", "error")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("onhook daemon")?;
        let mut ready = BufReader::new(manager.stdout.take().context("its output")?);
        ensure!(first_line(&mut ready)? == "ready\n", "the manager does not begin");
        Ok(Self { folder, onhook: onhook.to_owned(), address, server, manager, _told: told })
    }

    /// Where the manager listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("m.sock")
    }

    /// The root that the server's certificate hangs on.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Looks at the answering server from now on.
    pub(crate) fn watch_server(&self) -> Result<Watch> {
        Watch::begin(self.server.id())
    }

    /// Looks at the manager from now on.
    pub(crate) fn watch_manager(&self) -> Result<Watch> {
        Watch::begin(self.manager.id())
    }

    /// Runs the program as a person would; an error when it fails.
    pub(crate) fn onhook(&self, args: &[&str]) -> Result<String> {
        let mut child = Command::new(&self.onhook)
            .args(args)
            .env("ONHOOK_SOCKET", self.socket())
            .env("XDG_CONFIG_HOME", self.folder.path())
            .env("HOME", self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // A command that needs no password may have ended.
        drop(child.stdin.take().context("its input")?.write_all(PASSWORD.as_bytes()));
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("onhook {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Dials a server; gives the handle when it is up.
    pub(crate) fn dial(&self, to: SocketAddr, ca: &Path) -> Result<String> {
        let (number, ca) = (to.to_string(), ca.display().to_string());
        let args = ["dial", "--phone-number", &number, "--device", "sstp", "--user", "alice"];
        let more = ["--password-stdin", "--ca-file", &ca, "--json"];
        let said = self.onhook(&[&args[..], &more[..]].concat())?;
        let last: Value = serde_json::from_str(said.lines().last().context("it said nothing")?)?;
        Ok(last["handle"].as_str().context("a handle")?.to_owned())
    }

    /// Somebody honest dials the answering server and hangs up; how long both took.
    pub(crate) fn honest_dial(&self) -> Result<Duration> {
        let began = Instant::now();
        let handle = self.dial(self.address, &self.ca())?;
        self.onhook(&["hangup", &handle])?;
        Ok(began.elapsed())
    }

    /// Somebody honest asks what there is; how long it took.
    pub(crate) fn honest_question(&self) -> Result<Duration> {
        let began = Instant::now();
        self.onhook(&["list", "--json"])?;
        Ok(began.elapsed())
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for child in [&mut self.manager, &mut self.server] {
            // It may have died: then the story has failed already.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn first_line(from: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    Ok(line)
}

/// What a process took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// KiB before, at most, and when it was over.
    pub(crate) memory: [u64; 3],
    /// Descriptors likewise.
    pub(crate) descriptors: [u64; 3],
}

/// Looks at a process until it is told to stop.
pub(crate) struct Watch {
    process: u32,
    before: (u64, u64),
    stop: Arc<AtomicBool>,
    peaks: Arc<[AtomicU64; 2]>,
    looker: Option<JoinHandle<()>>,
}

impl Watch {
    fn begin(process: u32) -> Result<Self> {
        let before = (memory(process)?, descriptors(process)?);
        let stop = Arc::new(AtomicBool::new(false));
        let peaks: Arc<[AtomicU64; 2]> = Arc::default();
        let (told, shared) = (stop.clone(), peaks.clone());
        let looker = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                // A process that has died is noticed by the story.
                shared[0].fetch_max(memory(process).unwrap_or(0), Ordering::Relaxed);
                shared[1].fetch_max(descriptors(process).unwrap_or(0), Ordering::Relaxed);
                std::thread::park_timeout(LOOK);
            }
        });
        Ok(Self { process, before, stop, peaks, looker: Some(looker) })
    }

    /// Ends when the besieged has given its descriptors back; an error when it does not.
    pub(crate) fn end(mut self) -> Result<Taken> {
        let began = Instant::now();
        while descriptors(self.process)? > self.before.1 {
            ensure!(
                began.elapsed() < SETTLE,
                "{} descriptors are left, {} were there before",
                descriptors(self.process)?,
                self.before.1
            );
            std::thread::park_timeout(LOOK);
        }
        self.stop.store(true, Ordering::Relaxed);
        if let Some(looker) = self.looker.take() {
            looker.join().ok().context("the looker has failed")?;
        }
        let peak = |which: usize| self.peaks[which].load(Ordering::Relaxed);
        Ok(Taken {
            memory: [self.before.0, peak(0), memory(self.process)?],
            descriptors: [self.before.1, peak(1), descriptors(self.process)?],
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Resident memory of a process, in KiB.
fn memory(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).context("it has died")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()).context("it has died")?;
    Ok(number.parse()?)
}

/// Open descriptors of a process.
fn descriptors(process: u32) -> Result<u64> {
    let folder = fs::read_dir(format!("/proc/{process}/fd")).context("it has died")?;
    Ok(u64::try_from(folder.count())?)
}
