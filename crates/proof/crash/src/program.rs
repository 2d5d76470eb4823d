//! The program's processes: the answering side, the manager, the client.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use serde_json::Value;

use crate::ground::{Ground, SERVER_NAME};
use crate::over::Over;

/// How long anything may take before it counts as stuck.
const STUCK: Duration = Duration::from_secs(30);
/// How long a process that was killed may take to be dead.
const DYING: Duration = Duration::from_secs(2);
/// How often a condition that nobody announces is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Waits for a condition that nobody announces; an error when it does not come true in time.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    while !holds()? {
        ensure!(began.elapsed() < STUCK, "{what}: not within {STUCK:?}");
        std::thread::park_timeout(LOOK);
    }
    Ok(())
}

/// At which crash point a process is to die, if at any.
pub(crate) type Deadly = Option<u64>;

/// The answering side, and who it says is there.
pub(crate) struct Answerer {
    child: Child,
    calls: Arc<(Mutex<BTreeSet<u64>>, Condvar)>,
}

impl Answerer {
    /// Starts it for SSTP and waits until it answers, or has died.
    pub(crate) fn start(ground: &Ground, deadly: Deadly) -> Result<Self> {
        Self::start_over(ground, &Over::Sstp, deadly)
    }

    /// The same for any link.
    pub(crate) fn start_over(ground: &Ground, over: &Over, deadly: Deadly) -> Result<Self> {
        let users = ground.folder.join("users");
        fs::write(&users, "alice wonderland1\n")?;
        let log =
            File::options().create(true).append(true).open(ground.folder.join("answer.log"))?;
        let mut command = ground.at_server(&ground.onhook);
        command.args(["answer", "--json", "--name", SERVER_NAME, "--dns", "10.99.0.53"]);
        command.args(over.answers(ground)).arg("--users").arg(&users);
        if over.has_certificate() {
            command.arg("--write-ca").arg(ground.folder.join("ca.pem"));
        }
        command.env("ONHOOK_LOG", "debug");
        arm(&mut command, deadly, &ground.folder.join("answer.points"))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().context("onhook answer")?;
        let calls: Arc<(Mutex<BTreeSet<u64>>, Condvar)> = Arc::default();
        let out = child.stdout.take().context("its output")?;
        let (ready, is_ready) = std::sync::mpsc::channel();
        let counted = calls.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).unwrap_or_default();
                let mut calls = counted.0.lock().unwrap_or_else(PoisonError::into_inner);
                match (event["event"].as_str(), event["call"].as_u64()) {
                    // Nobody waits any more when the answerer was dropped.
                    (Some("answering"), _) => drop(ready.send(())),
                    (Some("calling" | "connected"), Some(call)) => drop(calls.insert(call)),
                    (Some("ended"), Some(call)) => drop(calls.remove(&call)),
                    _ => {}
                }
                counted.1.notify_all();
            }
        });
        // When it dies first, the channel ends, and that is no error.
        let (Ok(()) | Err(_)) = is_ready.recv_timeout(STUCK);
        until("the certificate", || {
            let is_there = !over.has_certificate() || ground.folder.join("ca.pem").exists();
            Ok(is_there || child.try_wait()?.is_some())
        })?;
        Ok(Self { child, calls })
    }

    /// Waits until it has no call any more.
    pub(crate) fn wait_until_empty(&self) -> Result<Duration> {
        let began = Instant::now();
        let calls = self.calls.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (calls, _) = self
            .calls
            .1
            .wait_timeout_while(calls, STUCK, |calls| !calls.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let many = calls.len();
        ensure!(many == 0, "the server still has {many} sessions after {STUCK:?}");
        Ok(began.elapsed())
    }

    pub(crate) fn has_died(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    pub(crate) fn stop(mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            signal(&self.child, Signal::SIGTERM)?;
        }
        let status = wait(&mut self.child)?;
        ensure!(was_killed(status) || status.success(), "the answering side ended with {status}");
        Ok(())
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// How a manager is started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) userspace: bool,
    /// Connections at once, at least one.
    pub(crate) connections: u8,
    pub(crate) deadly: Deadly,
    /// At which point a manager that takes over is to die.
    pub(crate) deadly_next: Deadly,
    pub(crate) state: Option<PathBuf>,
    pub(crate) over: Over,
}

/// The manager.
pub(crate) struct Manager<'a> {
    ground: &'a Ground,
    child: Child,
    over: Over,
}

impl<'a> Manager<'a> {
    /// Where its state is, unless its terms say otherwise.
    pub(crate) fn state(ground: &Ground) -> PathBuf {
        ground.folder.join("state")
    }

    /// Starts it and waits until it is ready; `None` when it died before.
    pub(crate) fn start(ground: &'a Ground, terms: &Terms) -> Result<Option<Self>> {
        let log =
            File::options().create(true).append(true).open(ground.folder.join("manager.log"))?;
        let mut command = Command::new(&ground.onhook);
        command.arg("daemon").arg("--socket").arg(socket(ground)).arg("--state-dir");
        command.arg(terms.state.clone().unwrap_or_else(|| Self::state(ground)));
        command.args(["--dns", "file", "--failed-grace", "1", "--ready-on-stdout"]);
        command.args(terms.userspace.then_some("--userspace"));
        command.env("ONHOOK_LOG", "debug");
        arm(&mut command, terms.deadly, &points(ground))?;
        if let Some(number) = terms.deadly_next {
            command.env("ONHOOK_CRASH_AT_NEXT", number.to_string());
        }
        // What the next manager of an earlier run has passed.
        drop(fs::remove_file(points(ground).with_extension("points.next")));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().context("onhook daemon")?;
        let mut ready = String::new();
        BufReader::new(child.stdout.take().context("its output")?).read_line(&mut ready)?;
        if ready.is_empty() {
            let status = wait(&mut child)?;
            ensure!(was_killed(status), "the manager ended at its start: {status}");
            return Ok(None);
        }
        Ok(Some(Self { ground, child, over: terms.over.clone() }))
    }

    /// Whether it dies, after something has failed: a process that is killed closes its sockets first,
    /// and is dead a moment later.
    pub(crate) fn is_dying(&mut self) -> Result<bool> {
        let began = Instant::now();
        while began.elapsed() < DYING {
            if self.has_died()? {
                return Ok(true);
            }
            std::thread::park_timeout(LOOK);
        }
        Ok(false)
    }

    /// Whether it was killed by now.
    pub(crate) fn has_died(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Tells it to hand over, and waits until the next one is the manager, or one of the two has died.
    /// Whether it was handed over.
    pub(crate) fn renew(&mut self) -> Result<bool> {
        let said = |what: &str| -> usize {
            let log = fs::read_to_string(self.ground.folder.join("manager.log"));
            log.unwrap_or_default().matches(what).count()
        };
        let (over, not) = (said("handed over;"), said("not handed over:"));
        if self.child.try_wait()?.is_some() {
            return Ok(false);
        }
        signal(&self.child, Signal::SIGHUP)?;
        let mut renewed = false;
        until("the hand-over", || {
            renewed = said("handed over;") > over;
            Ok(renewed || said("not handed over:") > not || self.child.try_wait()?.is_some())
        })?;
        Ok(renewed)
    }

    /// The processes that are managers, this one and those that it has handed over to.
    fn processes(&self) -> Result<Vec<i32>> {
        let socket = socket(self.ground).display().to_string();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let entry = entry?;
            let Ok(pid) = entry.file_name().to_string_lossy().parse() else { continue };
            // It may have ended meanwhile; one that has, and is not waited for, has no words.
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let words: Vec<_> = line.split(|octet| *octet == 0).collect();
            if words.contains(&b"daemon".as_slice()) && words.contains(&socket.as_bytes()) {
                found.push(pid);
            }
        }
        Ok(found)
    }

    /// How many of them live.
    pub(crate) fn lives(&self) -> usize {
        self.processes().map_or(0, |processes| processes.len())
    }

    /// Tells every manager that lives to stop, and waits until all have ended.
    pub(crate) fn end_all(&mut self) -> Result<()> {
        for pid in self.processes()? {
            // It may have ended meanwhile.
            kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap_or_default();
        }
        until("the end of all managers", || {
            self.child.try_wait()?;
            Ok(self.processes()?.is_empty() && reap_orphans(self.child.id())?)
        })
    }

    /// Handles of its connections.
    pub(crate) fn handles(&self) -> Result<Vec<String>> {
        let list = self.list()?;
        Ok(list.iter().filter_map(|row| row["handle"].as_str().map(str::to_owned)).collect())
    }

    /// Hangs one up and waits until it is gone.
    pub(crate) fn hang_up(&self, handle: &str) -> Result<bool> {
        Ok(wait(&mut self.client(&["hangup", handle]).spawn()?)?.success())
    }

    /// Tells it to stop and waits for its end; whether it died of a crash point on the way.
    pub(crate) fn stop(mut self) -> Result<bool> {
        let own = i32::try_from(self.child.id())?;
        if self.processes()?.iter().any(|pid| *pid != own) {
            // It has handed over, and may have ended since: the next one is told.
            self.end_all()?;
            return Ok(false);
        }
        if self.child.try_wait()?.is_none() {
            signal(&self.child, Signal::SIGTERM)?;
        }
        let status = wait(&mut self.child)?;
        ensure!(was_killed(status) || status.success(), "the manager ended with {status}");
        Ok(was_killed(status))
    }

    pub(crate) fn freeze(&self) -> Result<()> {
        signal(&self.child, Signal::SIGSTOP)
    }

    pub(crate) fn thaw(&self) -> Result<()> {
        signal(&self.child, Signal::SIGCONT)
    }

    /// Descriptors that it holds.
    pub(crate) fn descriptors(&self) -> Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// Dials; whether it came up.
    pub(crate) fn dial(&self, words: &[&str], deadly: Deadly) -> Result<bool> {
        let mut command = self.client(&["dial", "--user", "alice", "--password-stdin", "--quiet"]);
        command.args(self.over.dials(self.ground)?).args(words);
        arm(&mut command, deadly, &self.ground.folder.join("client.points"))?;
        let mut child = command.stdin(Stdio::piped()).spawn().context("onhook dial")?;
        if let Some(mut stdin) = child.stdin.take() {
            // It may have died before it reads.
            drop(stdin.write_all(b"wonderland1\n"));
        }
        Ok(wait(&mut child)?.success())
    }

    /// Hangs everything up and waits until it is gone; whether the manager lived to say so.
    pub(crate) fn hang_up_all(&self) -> Result<bool> {
        Ok(wait(&mut self.client(&["hangup", "--all"]).spawn()?)?.success())
    }

    /// Its connections.
    pub(crate) fn list(&self) -> Result<Vec<Value>> {
        let output = self.client(&["list", "--json"]).stdout(Stdio::piped()).output()?;
        ensure!(output.status.success(), "the list: {}", output.status);
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn client(&self, words: &[&str]) -> Command {
        let log =
            File::options().create(true).append(true).open(self.ground.folder.join("client.log"));
        let mut command = Command::new(&self.ground.onhook);
        command.env("ONHOOK_SOCKET", socket(self.ground)).args(words);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(log.map_or_else(|_| Stdio::null(), Stdio::from));
        command
    }
}

/// Whoever has lost its parent and has ended is ours to wait for, who are the first process here.
/// Whether none is left that is ending: such a one has no words any more, and is dead a moment later.
/// The manager that was started here is waited for elsewhere.
fn reap_orphans(manager: u32) -> Result<bool> {
    let mut all_ended = true;
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else { continue };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let rest = stat.rsplit(')').next().unwrap_or_default();
        let mut words = rest.split_whitespace();
        let (state, parent) = (words.next(), words.next());
        if state == Some("Z") && parent == Some("1") && pid != i32::try_from(manager)? {
            waitpid(Pid::from_raw(pid), None)?;
        } else {
            all_ended &= fs::read(entry.path().join("cmdline")).is_ok_and(|line| !line.is_empty());
        }
    }
    Ok(all_ended)
}

impl Drop for Manager<'_> {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn socket(ground: &Ground) -> PathBuf {
    ground.folder.join("manager.sock")
}

/// Where a manager writes the crash points that it passes.
pub(crate) fn points(ground: &Ground) -> PathBuf {
    ground.folder.join("manager.points")
}

/// The crash points in such a file.
pub(crate) fn passed(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn arm(command: &mut Command, deadly: Deadly, log: &Path) -> Result<()> {
    match fs::remove_file(log) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => bail!(error),
        Ok(()) | Err(_) => {}
    }
    command.env("ONHOOK_CRASH_LOG", log);
    if let Some(number) = deadly {
        command.env("ONHOOK_CRASH_AT", number.to_string());
    }
    Ok(())
}

fn signal(child: &Child, signal: Signal) -> Result<()> {
    let pid = i32::try_from(child.id()).context("a process id")?;
    kill(Pid::from_raw(pid), signal).with_context(|| format!("{signal} to {pid}"))
}

fn wait(child: &mut Child) -> Result<ExitStatus> {
    let mut status = None;
    until("the end of a process", || {
        status = child.try_wait()?;
        Ok(status.is_some())
    })?;
    status.context("an end")
}

fn was_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(Signal::SIGKILL as i32)
}
