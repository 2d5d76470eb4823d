//! Where our program runs: the lab's network namespace, with folders of its own.
//!
//! A keeper process holds a mount namespace in which `/etc` is a copy in memory and `/run` and
//! `/var/lib` are empty; programs are put there with `nsenter`. It ends when we do, and everything
//! that was mounted goes with it.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::lab::Lab;

/// The name server of the ground before anybody dials.
pub(crate) const NAME_SERVER: &str = "192.0.2.53";
/// Who the ordinary user is.
pub(crate) const ORDINARY_USER: u32 = 65534;

/// The keeper and our files.
#[derive(Debug)]
pub(crate) struct Ground {
    keeper: Child,
    /// Sockets, logs and homes of the stories.
    pub(crate) folder: PathBuf,
    program: PathBuf,
}

impl Ground {
    /// Makes the ground in the lab's namespace, with a copy of the program that everybody may run.
    pub(crate) fn prepare(lab: &Lab, program: &Path) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("onhook-interop.{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        open_to_all(&folder)?;
        let copy = folder.join("onhook");
        std::fs::copy(program, &copy).with_context(|| program.display().to_string())?;
        open_to_all(&copy)?;
        let names =
            format!("{0} {1}\n{0} wrong.onhook.test", lab.word("ADDRESS"), lab.word("TLS_NAME"));
        let script = format!(
            "set -e
             mount -t tmpfs ground /mnt
             mkdir /mnt/etc && cp -a /etc/. /mnt/etc/
             rm -f /mnt/etc/resolv.conf /mnt/etc/hosts
             printf 'nameserver {NAME_SERVER}\\nsearch before.test\\n' > /mnt/etc/resolv.conf
             printf '127.0.0.1 localhost\\n%s\\n' '{names}' > /mnt/etc/hosts
             mount --bind /mnt/etc /etc
             umount -l /mnt
             mount -t tmpfs -o mode=755 run /run
             mount -t tmpfs -o mode=755 lib /var/lib
             echo ready
             exec cat"
        );
        let mut keeper = Command::new("ip")
            .args(["netns", "exec", lab.word("NETNS"), "unshare", "--mount", "--propagation"])
            .args(["private", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("ip netns exec")?;
        let mut ready = String::new();
        if let Some(stdout) = keeper.stdout.take() {
            BufReader::new(stdout).read_line(&mut ready)?;
        }
        ensure!(ready == "ready\n", "the ground could not be made");
        Ok(Self { keeper, folder, program: copy })
    }

    /// A command to be run on the ground, with no environment but what every login has.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, home: &Path) -> Command {
        let mut command = self.enter(home);
        command.arg(program);
        command
    }

    /// The same, as an ordinary user without any right.
    pub(crate) fn user_command(&self, program: impl AsRef<OsStr>, home: &Path) -> Command {
        let mut command = self.enter(home);
        let user = ORDINARY_USER.to_string();
        command.args(["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups"]);
        command.arg("--inh-caps=-all").arg(program);
        command
    }

    fn enter(&self, home: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command.env_clear();
        command
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LANG", "C.UTF-8")
            .env("HOME", home);
        command.args(["--target", &self.keeper.id().to_string(), "--net", "--mount", "--"]);
        command
    }

    /// Our program.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// What a command prints on the ground.
    pub(crate) fn ask(&self, words: &[&str]) -> Result<String> {
        let output = self.command(words[0], &self.folder).args(&words[1..]).output()?;
        let (out, err) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{}: {}\n{err}", words.join(" "), output.status);
        Ok(out.into_owned())
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take()); // `cat` ends, and the mounts with it
        let ended = self.keeper.wait();
        let removed = std::fs::remove_dir_all(&self.folder);
        if let Err(error) = ended.map(drop).and(removed) {
            println!("ground: {error}");
        }
    }
}

/// Everybody may look into it, and run it.
pub(crate) fn open_to_all(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        .with_context(|| path.display().to_string())
}
