//! A new password in the file of users, in the place of the old one.
//!
//! The file is written anew beside itself and put in its place whole: who reads it meanwhile reads the
//! old one or the new one. Its mode and its owner stay, and so does every octet but that one password and
//! the word `expired` behind it. Two servers that share a file take turns by a lock on it. A link to a
//! file is followed, and stays a link.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use onhook_base::Secret;
use onhook_host::crash_point;

use crate::users::with_password;

/// How the name of the file that is being written ends.
const UNFINISHED: &str = ".onhook-unfinished";
/// How often the file may be replaced by others while its lock is waited for.
const TURNS: u32 = 100;

/// Puts `new` in the place of `old` behind `name`, as the file has it now.
///
/// # Errors
/// When the file cannot be locked, read, written or put in place; it is as it was then. With
/// [`io::ErrorKind::NotFound`] also when the file has no such user with that password any more.
pub(crate) fn change(
    path: &Path,
    name: &str,
    old: &Secret<String>,
    new: &Secret<String>,
) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let mut locked = lock(&path)?;
    let length = locked.metadata()?.len();
    // Room for all of it, so that no part of it stays behind where the text grew.
    let room = usize::try_from(length).unwrap_or_default() + 1;
    let mut text = Secret::new(String::with_capacity(room));
    locked.read_to_string(text.expose_mut())?;
    let changed = with_password(text.expose(), name, old, new)
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the file says otherwise now"))?;
    replace(&path, &locked, changed.expose().as_bytes())
    // Whoever waits for the lock finds that the file has been replaced, and takes that of the new one.
}

/// The file, locked for us alone, as it is found at its path now.
fn lock(path: &Path) -> io::Result<File> {
    for _ in 0..TURNS {
        let file = File::open(path)?;
        file.lock()?;
        let (ours, there) = (file.metadata()?, fs::metadata(path)?);
        if (ours.dev(), ours.ino()) == (there.dev(), there.ino()) {
            return Ok(file);
        }
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "the file is replaced again and again"))
}

fn replace(path: &Path, old: &File, text: &[u8]) -> io::Result<()> {
    let unfinished = unfinished(path);
    // Left by a server that was killed; the lock says that nobody else is writing it.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let written = write_like(&unfinished, old, text);
    crash_point("a new password is written, and not in its place");
    let placed = written.and_then(|()| fs::rename(&unfinished, path));
    if let Err(error) = placed {
        // The reason is told; that the rest could not be removed would be another one.
        drop(fs::remove_file(&unfinished));
        return Err(error);
    }
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn write_like(path: &Path, like: &File, text: &[u8]) -> io::Result<()> {
    let facts = like.metadata()?;
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    let ours = file.metadata()?;
    if (ours.uid(), ours.gid()) != (facts.uid(), facts.gid()) {
        fchown(&file, Some(facts.uid()), Some(facts.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(facts.mode() & 0o7777))?;
    file.write_all(text)?;
    file.sync_all()
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(UNFINISHED);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Users;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn folder(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("callers");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn the_file_is_replaced_whole_and_keeps_its_mode_and_everything_else() {
        let before = "# callers\n\nalice  wonderland1 expired\nbob builder1\n";
        let (folder, path) = folder(before);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(unfinished(&path), "left by a server that was killed").unwrap();
        let inode = fs::metadata(&path).unwrap().ino();
        change(&path, "alice", &secret("wonderland1"), &secret("looking glass")).unwrap();
        let after = fs::read_to_string(&path).unwrap();
        assert_eq!(after, "# callers\n\nalice  \"looking glass\"\nbob builder1\n");
        let facts = fs::metadata(&path).unwrap();
        assert_eq!(facts.mode() & 0o7777, 0o640);
        assert_ne!(facts.ino(), inode, "it was not written over");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_says_otherwise_by_now_is_left_alone() {
        let (_folder, path) = folder("alice wonderland1\n");
        for (name, old) in [("alice", "another"), ("bob", "wonderland1")] {
            let error = change(&path, name, &secret(old), &secret("new")).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "alice wonderland1\n");
    }

    #[test]
    fn a_link_stays_a_link() {
        let (folder, path) = folder("alice wonderland1\n");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        change(&link, "alice", &secret("wonderland1"), &secret("new1")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "alice new1\n");
    }

    #[test]
    fn a_folder_that_cannot_be_written_leaves_the_file_as_it_was() {
        let (folder, path) = folder("alice wonderland1\n");
        // Even for root: something stands where the new file would be written.
        fs::create_dir(unfinished(&path)).unwrap();
        assert!(change(&path, "alice", &secret("wonderland1"), &secret("new1")).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "alice wonderland1\n");
        drop(folder);
    }

    #[test]
    fn many_servers_that_share_a_file_take_turns() {
        const USERS: usize = 24;
        let lines = (0..USERS).map(|n| format!("user{n} old{n} expired\n"));
        let (_folder, path) = folder(&lines.collect::<String>());
        std::thread::scope(|scope| {
            for n in 0..USERS {
                let path = &path;
                scope.spawn(move || {
                    let (old, new) = (secret(&format!("old{n}")), secret(&format!("new{n}")));
                    change(path, &format!("user{n}"), &old, &new).unwrap();
                });
            }
        });
        let users = Users::parse(&fs::read_to_string(&path).unwrap()).unwrap();
        for n in 0..USERS {
            let user = users.find(&format!("user{n}")).unwrap();
            assert_eq!(user.password.expose(), &format!("new{n}"));
            assert!(!user.is_expired);
        }
    }
}
