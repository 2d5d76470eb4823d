//! Programs of others that do a deed for us: called with a limit, and killed at it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use onhook_effect::{HostError, HostErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

const DEED: &str = "set the name servers";
/// Octets of a program's complaint that are kept.
const MOST_COMPLAINT: u64 = 512;

/// A program to be called.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    arguments: Vec<String>,
    input: String,
}

impl Program {
    pub(crate) fn new(path: &Path, arguments: impl IntoIterator<Item = String>) -> Self {
        let arguments = arguments.into_iter().collect();
        Self { path: path.to_owned(), arguments, input: String::new() }
    }

    /// With this on its standard input.
    pub(crate) fn fed(self, input: String) -> Self {
        Self { input, ..self }
    }
}

/// The first of the folders that has the program.
pub(crate) fn find(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Runs a program to its end, for at most `patience`. It is killed when that is over, and when the
/// future is dropped.
pub(crate) async fn run(program: Program, patience: Duration) -> Result<(), HostError> {
    let name = program.path.display().to_string();
    let failed = |error: &std::io::Error| {
        let mut failed = HostError::from_io(DEED, error);
        failed.text = format!("{name}: {}", failed.text);
        failed
    };
    let mut child = Command::new(&program.path)
        .args(&program.arguments)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| failed(&e))?;
    let (input, complaints) = (child.stdin.take(), child.stderr.take());
    let whole = async {
        if let Some(mut input) = input {
            // A program that does not read its input says in its exit status whether it minds.
            drop(input.write_all(program.input.as_bytes()).await);
        }
        let mut complaint = Vec::new();
        if let Some(complaints) = complaints {
            // What cannot be read is not shown; the exit status counts.
            drop(complaints.take(MOST_COMPLAINT).read_to_end(&mut complaint).await);
        }
        (child.wait().await, complaint)
    };
    let outcome = tokio::time::timeout(patience, whole).await;
    match outcome {
        Ok((Ok(status), _)) if status.success() => Ok(()),
        Ok((Ok(status), complaint)) => {
            let complaint = String::from_utf8_lossy(&complaint);
            let complaint: String =
                complaint.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let text = format!("{name} failed ({status}): {complaint}");
            Err(HostError::new(DEED, HostErrorKind::Other, text))
        }
        Ok((Err(error), _)) => Err(failed(&error)),
        Err(_) => {
            // It may still be there for a moment: killed, and its remains gathered.
            drop(child.start_kill());
            drop(tokio::time::timeout(Duration::from_millis(100), child.wait()).await);
            let text =
                format!("{name} did not end within {} ms, and was killed", patience.as_millis());
            Err(HostError::new(DEED, HostErrorKind::TimedOut, text))
        }
    }
}
