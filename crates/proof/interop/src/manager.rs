//! A manager of a story's own, and the command line that speaks to it.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::ground::{Ground, ORDINARY_USER, open_to_all};

/// How long a manager may take to answer its first call.
const START_LIMIT: Duration = Duration::from_secs(10);

/// A running manager: `onhook daemon`.
#[derive(Debug)]
pub(crate) struct Manager<'a> {
    ground: &'a Ground,
    child: Child,
    folder: PathBuf,
    ordinary: bool,
}

/// What a command of ours said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    /// Its exit status.
    pub(crate) status: ExitStatus,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
    /// How long it took.
    pub(crate) took: Duration,
}

impl<'a> Manager<'a> {
    /// Starts one, as root or as an ordinary user, in a folder that it may have used before.
    pub(crate) fn start(ground: &'a Ground, name: &str, ordinary: bool) -> Result<Self> {
        let folder = ground.folder.join(name);
        std::fs::create_dir_all(folder.join("state"))?;
        open_to_all(&folder)?;
        if ordinary {
            for path in [&folder, &folder.join("state")] {
                std::os::unix::fs::chown(path, Some(ORDINARY_USER), Some(ORDINARY_USER))?;
            }
        }
        let log = File::options().create(true).append(true).open(folder.join("manager.log"))?;
        let mut command = if ordinary {
            ground.user_command(ground.program(), &folder)
        } else {
            ground.command(ground.program(), &folder)
        };
        command.args(["daemon", "--state-dir"]).arg(folder.join("state")).arg("--socket");
        command.arg(folder.join("socket")).env("RUST_LOG", "debug").env("ONHOOK_LOG", "debug");
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().context("onhook daemon")?;
        let mut manager = Self { ground, child, folder, ordinary };
        manager.wait_until_it_answers()?;
        Ok(manager)
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let start = Instant::now();
        // `list` starts a manager when there is none: look for the socket first.
        while !self.folder.join("socket").exists() || !self.onhook(&["list"])?.status.success() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the manager ended at its start: {status}");
            }
            ensure!(start.elapsed() < START_LIMIT, "no manager answers after {START_LIMIT:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The last lines of its log.
    pub(crate) fn log_tail(&self, lines: usize) -> String {
        let log = std::fs::read_to_string(self.folder.join("manager.log")).unwrap_or_default();
        let all: Vec<&str> = log.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// Runs `onhook …` against it.
    pub(crate) fn onhook(&self, words: &[&str]) -> Result<Said> {
        self.onhook_told(words, "")
    }

    /// The same, with something on its standard input.
    pub(crate) fn onhook_told(&self, words: &[&str], told: &str) -> Result<Said> {
        let start = Instant::now();
        let mut child = self.spawn(words)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(told.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        Ok(Said::new(output, start.elapsed()))
    }

    /// Starts `onhook …` against it.
    pub(crate) fn spawn(&self, words: &[&str]) -> Result<Child> {
        let mut command: Command = if self.ordinary {
            self.ground.user_command(self.ground.program(), &self.folder)
        } else {
            self.ground.command(self.ground.program(), &self.folder)
        };
        command.env("ONHOOK_SOCKET", self.folder.join("socket")).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().with_context(|| format!("onhook {}", words.join(" ")))
    }

    /// What `onhook list --json` says.
    pub(crate) fn list(&self) -> Result<Vec<Value>> {
        let said = self.onhook(&["list", "--json"])?;
        said.succeeded()?;
        serde_json::from_str(&said.out).with_context(|| format!("a JSON array: {}", said.out))
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        let status =
            Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status()?;
        ensure!(status.success(), "kill -{name}: {status}");
        Ok(())
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(start.elapsed() < limit, "the manager still runs after {limit:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Manager<'_> {
    fn drop(&mut self) {
        // It may have ended by itself; and what a story leaves must not hold up the next.
        if matches!(self.child.try_wait(), Ok(None))
            && self.signal("TERM").is_ok()
            && self.wait(Duration::from_secs(10)).is_err()
            && let Err(error) = self.child.kill().and_then(|()| self.child.wait())
        {
            println!("manager: {error}");
        }
    }
}

impl Said {
    fn new(output: Output, took: Duration) -> Self {
        Self {
            status: output.status,
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            took,
        }
    }

    /// It must have gone well.
    pub(crate) fn succeeded(&self) -> Result<()> {
        ensure!(self.status.code() == Some(0), "exit status 0 was expected: {self}");
        Ok(())
    }

    /// It must have failed, with exit status 1, and said this RAS number.
    pub(crate) fn failed_with(&self, numbers: &[&str]) -> Result<()> {
        ensure!(self.status.code() == Some(1), "exit status 1 was expected: {self}");
        let said = format!("{} {}", self.out, self.err).to_lowercase();
        let found =
            said.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| numbers.contains(&word));
        ensure!(found, "error {} was expected: {self}", numbers.join(" or "));
        Ok(())
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}{}", self.status, self.out, self.err)
    }
}
