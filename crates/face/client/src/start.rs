//! Finding the manager, and starting one on demand.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use etcetera::BaseStrategy as _;
use onhook_model::{RasCode, RasError};

/// How long a manager may take to be ready.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a manager may be, the user's own first.
pub fn default_sockets() -> Vec<PathBuf> {
    let system = PathBuf::from("/run/onhook/onhook.sock");
    if nix::unistd::geteuid().is_root() { vec![system] } else { vec![user_socket(), system] }
}

fn user_socket() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => PathBuf::from(dir).join("onhook/onhook.sock"),
        None => PathBuf::from(format!("/tmp/onhook-{}/onhook.sock", nix::unistd::geteuid())),
    }
}

pub(crate) fn candidates(socket: Option<&Path>) -> Vec<PathBuf> {
    let named = std::env::var_os("ONHOOK_SOCKET").filter(|s| !s.is_empty()).map(PathBuf::from);
    match socket.map(Path::to_owned).or(named) {
        Some(path) => vec![path],
        None => default_sockets(),
    }
}

/// Where a manager of this user keeps its record of changes, and where this user's credentials are kept:
/// `ONHOOK_STATE_DIR`, or `/var/lib/onhook` for root, else below the XDG state folder.
pub fn state_dir() -> PathBuf {
    if let Some(named) = std::env::var_os("ONHOOK_STATE_DIR").filter(|dir| !dir.is_empty()) {
        return PathBuf::from(named);
    }
    if nix::unistd::geteuid().is_root() {
        return PathBuf::from("/var/lib/onhook");
    }
    match etcetera::base_strategy::choose_base_strategy() {
        Ok(base) => base.state_dir().unwrap_or_else(|| base.data_dir()).join("onhook"),
        Err(_) => PathBuf::from(format!("/tmp/onhook-{}", nix::unistd::geteuid())),
    }
}

/// Starts `onhook daemon` for this user, detached, and waits until it is ready. When somebody else
/// starts one at the same time, one of both wins and both callers get it.
pub(crate) fn start_manager(socket: Option<&Path>) -> Result<PathBuf, RasError> {
    let path = candidates(socket).into_iter().next();
    let path = path.ok_or_else(|| failed("there is no place for a socket"))?;
    let path = std::path::absolute(path).map_err(|e| failed(e.to_string()))?;
    let state = state_dir();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&state)
        .map_err(|e| failed(format!("the state folder {} cannot be made: {e}", state.display())))?;
    let log = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(state.join("manager.log"))
        .map_err(|e| failed(format!("the manager's log cannot be written: {e}")))?;
    let mut child = Command::new(program())
        .args(["daemon", "--ready-on-stdout", "--exit-when-idle", "30", "--socket"])
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        // A file system that somebody wants to unmount is not kept busy.
        .current_dir("/")
        .process_group(0)
        .spawn()
        .map_err(|e| failed(format!("{} cannot be started: {e}", program().display())))?;
    let stdout = child.stdout.take();
    // Whenever it ends, it leaves no zombie to a program that goes on.
    std::thread::spawn(move || drop(child.wait()));
    let (says, said) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = stdout.map(|out| BufReader::new(out).read_line(&mut line));
        // Who asked may have lost patience.
        says.send(read.is_some_and(|r| r.is_ok()) && line.trim() == "ready").ok();
    });
    match said.recv_timeout(PATIENCE) {
        Ok(true) => Ok(path),
        // Another one may have been faster, and ours has ended because of it.
        _ if std::os::unix::net::UnixStream::connect(&path).is_ok() => Ok(path),
        _ => {
            let log = fs::read_to_string(state.join("manager.log")).unwrap_or_default();
            let last = log.lines().last().unwrap_or("it said nothing").to_owned();
            Err(failed(format!("the manager did not become ready: {last}")))
        }
    }
}

/// `ONHOOK_PROGRAM`, or ourselves when we are `onhook`, or the one beside us, or the one in the path.
fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("ONHOOK_PROGRAM").filter(|p| !p.is_empty()) {
        let named = PathBuf::from(named);
        // A bare name is looked for in the path; another one counts from here, not from where it runs.
        return match named.components().count() {
            1 => named,
            _ => std::path::absolute(&named).unwrap_or(named),
        };
    }
    let Ok(own) = std::env::current_exe() else { return PathBuf::from("onhook") };
    if own.file_name().is_some_and(|name| name == "onhook") {
        return own;
    }
    let beside = own.with_file_name("onhook");
    if beside.exists() { beside } else { PathBuf::from("onhook") }
}

fn failed(text: impl Into<String>) -> RasError {
    RasError::new(RasCode::SERVICE_NOT_ACTIVE, text)
}
