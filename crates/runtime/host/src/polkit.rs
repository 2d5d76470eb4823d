//! polkit, where there is one: what an administrator's rules allow a program beyond its own.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::dns::program::{Program, find, run};

/// Nobody is asked for a password, so that an answer needs no person.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where to look; tests look elsewhere.
struct Places {
    programs: Vec<PathBuf>,
    /// Where actions are declared: an action that is not is not asked for.
    actions: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            programs: ["/usr/bin", "/bin"].map(PathBuf::from).to_vec(),
            actions: PathBuf::from("/usr/share/polkit-1/actions"),
        }
    }
}

/// Whether polkit allows this process of this user an action, without asking a person. `false` where
/// there is no polkit, where the action is not declared, and whenever it is in doubt.
pub async fn polkit_allows(action: &str, pid: i32, uid: u32) -> bool {
    allows(&Places::default(), action, pid, uid).await
}

async fn allows(places: &Places, action: &str, pid: i32, uid: u32) -> bool {
    if !places.actions.join(format!("{action}.policy")).exists() {
        return false;
    }
    let Some(pkcheck) = find(&places.programs, "pkcheck") else { return false };
    // The process is named by its beginning as well: its number may have been given to another.
    let Some(began) = began(pid, uid) else { return false };
    let process = format!("{pid},{began},{uid}");
    let words = ["--action-id", action, "--process", &process].map(str::to_owned);
    match run(Program::new(&pkcheck, words), PATIENCE).await {
        Ok(()) => true,
        Err(error) => {
            tracing::debug!(target: "host::polkit", %error, pid, uid, action, "not allowed");
            false
        }
    }
}

/// When a process began, in the kernel's ticks (proc(5), starttime); `None` when it is another user's.
fn began(pid: i32, uid: u32) -> Option<u64> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    if fs::metadata(&folder).ok()?.uid() != uid {
        return None;
    }
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    // The name in brackets may hold anything; starttime is the 20th word behind it.
    stat.rsplit(')').next()?.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTION: &str = "org.onhook.manage-all";

    fn places(folder: &std::path::Path, answer: &str) -> Places {
        let (programs, actions) = (folder.join("bin"), folder.join("actions"));
        fs::create_dir_all(&programs).unwrap();
        fs::create_dir_all(&actions).unwrap();
        fs::write(actions.join(format!("{ACTION}.policy")), "").unwrap();
        // Written by another process, as for the programs of name servers.
        let script = "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\"";
        let text =
            format!("#!/bin/sh\necho \"$@\" > {}\n{answer}\n", folder.join("asked").display());
        let path = programs.join("pkcheck");
        let mut write = std::process::Command::new("sh");
        assert!(write.arg("-c").arg(script).arg(path).arg(text).status().unwrap().success());
        Places { programs: vec![programs], actions }
    }

    fn me() -> (i32, u32) {
        (i32::try_from(std::process::id()).unwrap(), nix::unistd::geteuid().as_raw())
    }

    #[tokio::test]
    async fn what_polkit_says_is_done() {
        let (pid, uid) = me();
        let folder = tempfile::tempdir().unwrap();
        assert!(allows(&places(folder.path(), "exit 0"), ACTION, pid, uid).await);
        let asked = fs::read_to_string(folder.path().join("asked")).unwrap();
        let began = began(pid, uid).unwrap();
        assert_eq!(asked, format!("--action-id {ACTION} --process {pid},{began},{uid}\n"));
        let folder = tempfile::tempdir().unwrap();
        assert!(!allows(&places(folder.path(), "exit 1"), ACTION, pid, uid).await);
    }

    #[tokio::test]
    async fn without_polkit_or_for_another_user_nothing_is_allowed() {
        let (pid, uid) = me();
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path(), "exit 0");
        assert!(!allows(&places, "org.onhook.other", pid, uid).await, "not declared");
        assert!(!allows(&places, ACTION, pid, uid + 1).await, "not that user's process");
        assert!(!allows(&places, ACTION, i32::MAX, uid).await, "no process");
        let nowhere = Places { programs: Vec::new(), actions: places.actions };
        assert!(!allows(&nowhere, ACTION, pid, uid).await, "no pkcheck");
    }

    #[tokio::test]
    async fn a_polkit_that_hangs_says_no() {
        let (pid, uid) = me();
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path(), "exec sleep 100");
        assert!(!allows(&places, ACTION, pid, uid).await);
    }
}
