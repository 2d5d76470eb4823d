//! Small files that are replaced as a whole, by one program after the other.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::Path;

use onhook_base::Secret;
use onhook_model::{RasCode, RasError};

/// Who may read a new file, and one that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rights {
    /// Its owner alone, whatever was before.
    Private,
    /// Its owner alone when it is new; else who may so far.
    Kept,
    /// Everybody when it is new; else who may so far.
    Shared,
}

/// Lets `change` make new contents of what the file holds (`None`: there is none), and replaces it. Others
/// who use this function for the file wait for one another; a reader finds the old contents or the new
/// ones. No contents leave the file as it is.
///
/// # Errors
/// 5 without the rights, 624 when it cannot be written, 621 when it cannot be read; what `change` says.
pub(crate) fn replace<T>(
    path: &Path,
    rights: Rights,
    change: impl FnOnce(Option<&[u8]>) -> Result<(Option<Secret<Vec<u8>>>, T), RasError>,
) -> Result<T, RasError> {
    let failed = |error: io::Error| cannot_write(path, &error);
    let folder = path.parent().unwrap_or(Path::new("."));
    let folder_mode = if rights == Rights::Shared { 0o755 } else { 0o700 };
    fs::DirBuilder::new().recursive(true).mode(folder_mode).create(folder).map_err(failed)?;
    let lock = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path.with_extension("lock"))
        .map_err(failed)?;
    lock.lock().map_err(failed)?;
    let (found, mode, group) = match fs::metadata(path) {
        Ok(meta) => (Some(read(path)?), meta.mode() & 0o777, Some(meta.gid())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            (None, if rights == Rights::Shared { 0o644 } else { 0o600 }, None)
        }
        Err(error) => return Err(failed(error)),
    };
    let (contents, result) = change(found.as_ref().map(|bytes| bytes.expose().as_slice()))?;
    let Some(contents) = contents else { return Ok(result) };
    let new = path.with_extension("new");
    // One that a program left behind that was killed; nobody else is here.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&new)
        .map_err(failed)?;
    if rights != Rights::Private {
        // Its group may read it only when it is still the same one.
        let is_same_group = group.is_none_or(|group| fchown(&file, None, Some(group)).is_ok());
        let mode = if is_same_group { mode } else { mode & 0o707 };
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        file.set_permissions(permissions).map_err(failed)?;
    }
    file.write_all(contents.expose()).map_err(failed)?;
    nix::unistd::fsync(file.as_fd()).map_err(|error| failed(error.into()))?;
    fs::rename(&new, path).map_err(failed)?;
    let folder = fs::File::open(folder).map_err(failed)?;
    nix::unistd::fsync(folder.as_fd()).map_err(|error| failed(error.into()))?;
    Ok(result)
}

/// What the file holds; `None` when there is none.
///
/// # Errors
/// 621 when it cannot be read.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Secret<Vec<u8>>>, RasError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        _ => read(path).map(Some),
    }
}

fn read(path: &Path) -> Result<Secret<Vec<u8>>, RasError> {
    let failed = |error: io::Error| {
        RasError::new(RasCode::CANNOT_OPEN_PHONEBOOK, format!("{}: {error}", path.display()))
    };
    let mut file = fs::File::open(path).map_err(failed)?;
    let len = file.metadata().map_err(failed)?.len().min(MAX_FIRST);
    // Room for all of it, so that no copy is left where it grew.
    let room = usize::try_from(len).unwrap_or(0).saturating_add(1);
    let mut bytes = Secret::new(Vec::with_capacity(room));
    file.read_to_end(bytes.expose_mut()).map_err(failed)?;
    Ok(bytes)
}

/// 5 for one who may not, else 624.
pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> RasError {
    let code = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            RasCode::ACCESS_DENIED
        }
        _ => RasCode::CANNOT_WRITE_PHONEBOOK,
    };
    RasError::new(code, format!("{}: {error}", path.display()))
}

/// Octets that room is made for at once.
const MAX_FIRST: u64 = 16 << 20;
