//! Where the socket is, and that there is only one manager behind it.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _,
    PermissionsExt as _,
};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

/// Where a manager of this user listens: `/run/onhook/onhook.sock` for root, below the user's runtime
/// folder for others, and below `/tmp/onhook-UID` where there is none.
pub fn default_socket() -> PathBuf {
    let user = nix::unistd::geteuid();
    if user.is_root() {
        return PathBuf::from("/run/onhook/onhook.sock");
    }
    match std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => PathBuf::from(dir).join("onhook/onhook.sock"),
        None => PathBuf::from(format!("/tmp/onhook-{user}/onhook.sock")),
    }
}

/// Who can reach a socket of the system's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everybody, told apart by the kernel.
    Everybody,
    /// Root alone.
    Owner,
}

/// A socket that we listen on, and what goes with it at the end.
#[derive(Debug)]
pub struct Bound {
    /// The listener; taken by the one who serves.
    pub listener: UnixListener,
    path: Option<PathBuf>,
    lock: Option<fs::File>,
}

impl Bound {
    /// Takes over a socket that systemd has made.
    pub(crate) const fn from_systemd(listener: UnixListener) -> Self {
        Self { listener, path: None, lock: None }
    }

    /// Takes over the socket of an earlier manager, with the lock that goes with its name.
    pub(crate) const fn inherited(
        listener: UnixListener,
        path: Option<PathBuf>,
        lock: Option<fs::File>,
    ) -> Self {
        Self { listener, path, lock }
    }

    /// Where it stands, if it is ours to remove.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The lock, for another manager to hold as well.
    pub(crate) fn lock(&self) -> io::Result<Option<OwnedFd>> {
        self.lock.as_ref().map(|lock| lock.try_clone().map(OwnedFd::from)).transpose()
    }

    /// It is another manager's now, who removes it at the end.
    pub(crate) fn give_away(&mut self) {
        self.path = None;
    }

    /// Makes the socket. What a dead manager left is removed; a living one is an error.
    ///
    /// # Errors
    /// When somebody listens there already, or the place cannot be used.
    pub fn bind(path: &Path, reach: Reach) -> anyhow::Result<Self> {
        prepare_folder(folder_of(path))?;
        let path = &std::path::absolute(path)?;
        let lock_path = path.with_extension("lock");
        ensure!(lock_path != *path, "{} is the name of a lock, not of a socket", path.display());
        let lock = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .custom_flags(nix::libc::O_NOFOLLOW)
            .open(&lock_path)
            .with_context(|| format!("{} cannot be opened", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                bail!("another of us listens on {} already", path.display())
            }
            Err(fs::TryLockError::Error(error)) => return Err(error.into()),
        }
        remove_stale(path)?;
        let listener = UnixListener::bind(path)
            .with_context(|| format!("{} cannot be listened on", path.display()))?;
        // The system's manager is for all users, who are told apart by the kernel; a user's own is
        // for that user.
        let system = reach == Reach::Everybody
            && nix::unistd::geteuid().is_root()
            && path.starts_with("/run/onhook");
        let mode = if system { 0o666 } else { 0o600 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, path: Some(path.to_owned()), lock: Some(lock) })
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // The lock file stays: to remove it would let two managers hold two locks.
            drop(fs::remove_file(path));
        }
    }
}

/// Removes the socket that a dead manager left; nothing else that may have this name, and no socket that
/// somebody answers at (who knows nothing of our lock).
fn remove_stale(path: &Path) -> anyhow::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) => {
            ensure!(meta.file_type().is_socket(), "{} exists and is no socket", path.display());
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).context(format!("{}", path.display())),
    }
    ensure!(UnixStream::connect(path).is_err(), "another program listens on {}", path.display());
    fs::remove_file(path).with_context(|| format!("{} cannot be removed", path.display()))
}

/// The folder that a socket stands in.
pub fn folder_of(socket: &Path) -> &Path {
    socket.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the folder of a socket where there is none. It must be ours, or root's, and no link that
/// somebody else laid.
///
/// # Errors
/// When it cannot be made, or others might put a socket of theirs in the place of ours.
pub fn prepare_folder(folder: &Path) -> anyhow::Result<()> {
    let system = folder == Path::new("/run/onhook");
    if !folder.exists() {
        let mode = if system { 0o755 } else { 0o700 };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        // Whatever the umask says: the system's socket is for all users.
        fs::set_permissions(folder, fs::Permissions::from_mode(mode))?;
    }
    let meta = fs::symlink_metadata(folder)?;
    let ours = nix::unistd::geteuid().as_raw();
    ensure!(meta.is_dir(), "{} is no folder", folder.display());
    ensure!(
        meta.uid() == ours || meta.uid() == 0,
        "{} belongs to user {}, not to us",
        folder.display(),
        meta.uid()
    );
    // A folder that others may write to would let them put their own socket in the place of ours;
    // the sticky bit forbids that.
    let open_to_others = meta.mode() & 0o022 != 0 && meta.mode() & 0o1000 == 0;
    ensure!(!open_to_others, "{} can be written to by others", folder.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_manager_behind_a_socket_and_a_dead_ones_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manager.sock");
        let first = Bound::bind(&path, Reach::Everybody).unwrap();
        let second = Bound::bind(&path, Reach::Everybody).unwrap_err();
        assert!(second.to_string().contains("another of us"), "{second}");
        assert!(path.exists(), "the living one's socket stays");
        drop(first);
        assert!(!path.exists());
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "left by a dead one");
        drop(Bound::bind(&path, Reach::Everybody).unwrap());
    }

    #[test]
    fn a_file_that_is_no_socket_is_never_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letter.txt");
        fs::write(&path, "dear Alice").unwrap();
        let refused = Bound::bind(&path, Reach::Everybody).unwrap_err();
        assert!(refused.to_string().contains("is no socket"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "dear Alice");
    }

    #[test]
    fn a_socket_that_another_program_listens_on_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.sock");
        let _other = UnixListener::bind(&path).unwrap();
        let refused = Bound::bind(&path, Reach::Everybody).unwrap_err();
        assert!(refused.to_string().contains("another program listens"), "{refused}");
        assert!(UnixStream::connect(&path).is_ok());
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(Bound::bind(&folder.path().join("manager.sock"), Reach::Everybody).is_err());
    }
}
