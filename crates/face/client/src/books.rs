//! Phone books: where they are, and reading and writing them with the caller's own rights.
//!
//! The manager never opens a file that a caller names: the entry is read here, the file of root
//! certificates that it names too, and both travel as values.

use std::fs;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use onhook_model::{Entry, RasCode, RasError, Sharing, Trust};
use onhook_phonebook::{EntryError, PhoneBook, Warning};

/// The largest file of root certificates that is read, in octets.
const MAX_CA: u64 = 1 << 20;

/// The book of all users, which root writes.
const ALL_USERS: &str = "/etc/onhook/rasphone.pbk";

/// The books that are looked through, in order: the user's, the system's.
pub fn default_books() -> Vec<PathBuf> {
    let mut books = Vec::new();
    if let Ok(base) = etcetera::base_strategy::choose_base_strategy() {
        books.push(base.config_dir().join("onhook/rasphone.pbk"));
    }
    books.push(PathBuf::from(ALL_USERS));
    books
}

/// Whether a book is that of all users.
pub fn is_of_all_users(book: &Path) -> bool {
    book == Path::new(ALL_USERS)
}

/// Reads a book.
///
/// # Errors
/// 621 when it cannot be opened, 622 or 625 when it cannot be read, with the line.
pub fn read(path: &Path) -> Result<PhoneBook, RasError> {
    let bytes = fs::read(path).map_err(|e| {
        RasError::new(RasCode::CANNOT_OPEN_PHONEBOOK, format!("{}: {e}", path.display()))
    })?;
    PhoneBook::parse(&bytes)
        .map_err(|e| RasError::new(e.code(), format!("{}: {e}", path.display())))
}

/// An entry as it was found.
#[derive(Debug)]
pub struct Found {
    /// The entry, with the root certificates that it names.
    pub entry: Entry,
    /// What is odd about it; to be shown to the person.
    pub warnings: Vec<Warning>,
    /// The book it stands in.
    pub book: PathBuf,
}

/// Finds an entry in `book`, or else in the default books.
///
/// # Errors
/// 623 when no book has it; the first error of a book that cannot be read.
pub fn find(name: &str, book: Option<&Path>) -> Result<Found, RasError> {
    let books = match book {
        Some(book) => vec![book.to_owned()],
        None => default_books().into_iter().filter(|path| path.exists()).collect(),
    };
    for path in &books {
        match read(path)?.entry(name) {
            Ok((mut entry, warnings)) => {
                let folder = path.parent().unwrap_or(Path::new("."));
                load_ca(&mut entry, folder)?;
                // Who reads them later need not know where the book is.
                for file in [&mut entry.certificate_file, &mut entry.key_file].into_iter().flatten()
                {
                    *file = folder.join(&*file).to_string_lossy().into_owned();
                }
                if path == Path::new(ALL_USERS) {
                    // Others know the entry anyway; unless it says otherwise they see that it is up.
                    entry.sharing.get_or_insert(Sharing::Seen);
                }
                return Ok(Found { entry, warnings, book: path.clone() });
            }
            Err(EntryError::NotFound { .. }) => {}
            Err(error) => {
                let text = format!("{}: {error}", path.display());
                return Err(RasError::new(error.code(), text));
            }
        }
    }
    let places: Vec<_> = books.iter().map(|b| b.display().to_string()).collect();
    let text = match places.is_empty() {
        true => format!("“{name}”: there is no phone book yet"),
        false => format!("“{name}” is not in {}", places.join(" nor in ")),
    };
    Err(RasError::new(RasCode::CANNOT_FIND_PHONEBOOK_ENTRY, text))
}

/// Reads the file of root certificates that an entry names; a relative name counts from `folder`.
///
/// # Errors
/// 110 when it cannot be read.
pub fn load_ca(entry: &mut Entry, folder: &Path) -> Result<(), RasError> {
    let (Trust::CaPem(pem), Some(file)) = (&mut entry.trust, &entry.ca_file) else { return Ok(()) };
    if !pem.is_empty() {
        return Ok(());
    }
    *pem = read_ca(&folder.join(file))?;
    Ok(())
}

/// Reads a file of root certificates.
///
/// # Errors
/// 110 when it cannot be read or is none.
pub fn read_ca(path: &Path) -> Result<String, RasError> {
    let failed = |what: String| {
        let text = format!("the root certificates in {}: {what}", path.display());
        RasError::new(RasCode::OPEN_FAILED, text)
    };
    let size = fs::metadata(path).map_err(|e| failed(e.to_string()))?.len();
    if size > MAX_CA {
        return Err(failed(format!("{size} octets are more than {MAX_CA}")));
    }
    let pem = fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
    match pem.contains("-----BEGIN CERTIFICATE-----") {
        true => Ok(pem),
        false => Err(failed("no certificate in PEM form is in it".to_owned())),
    }
}

/// Changes a book: reads it, lets `change` work on it, and replaces the file as a whole. Others who
/// change it by this function wait for one another, so that no entry is lost. A book that cannot be
/// read is never overwritten.
///
/// # Errors
/// As [`read`]; 624 when it cannot be written; what `change` says.
pub fn change<T>(
    path: &Path,
    change: impl FnOnce(&mut PhoneBook) -> Result<T, RasError>,
) -> Result<T, RasError> {
    let failed = |e: std::io::Error| {
        RasError::new(RasCode::CANNOT_WRITE_PHONEBOOK, format!("{}: {e}", path.display()))
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let lock_path = path.with_extension("lock");
    let lock = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(lock_path)
        .map_err(failed)?;
    lock.lock().map_err(failed)?;
    let (mut book, mode) = match fs::metadata(path) {
        Ok(meta) => (read(path)?, meta.permissions().mode() & 0o777),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => (PhoneBook::new(), 0o600),
        Err(e) => return Err(failed(e)),
    };
    let result = change(&mut book)?;
    let new = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(mode)
        .open(&new)
        .map_err(failed)?;
    file.write_all(&book.to_bytes()).map_err(failed)?;
    nix::unistd::fsync(file.as_fd()).map_err(|e| failed(e.into()))?;
    fs::rename(&new, path).map_err(failed)?;
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_that_cannot_be_read_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rasphone.pbk");
        fs::write(&path, b"this is no phone book\n").unwrap();
        let refused = change(&path, |book| {
            book.set_entry(&Entry::for_number("vpn.example.net", "sstp")).unwrap();
            Ok(())
        });
        assert!(refused.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"this is no phone book\n");
    }

    #[test]
    fn an_unknown_entry_is_623() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rasphone.pbk");
        change(&path, |book| {
            let mut entry = Entry::for_number("vpn.example.net", "sstp");
            entry.name = "office".to_owned();
            book.set_entry(&entry).map_err(|e| RasError::new(e.code(), e.to_string()))
        })
        .unwrap();
        assert_eq!(find("OFFICE", Some(&path)).unwrap().entry.phone_number(), "vpn.example.net");
        let unknown = find("home", Some(&path)).unwrap_err();
        assert_eq!(unknown.code, RasCode::CANNOT_FIND_PHONEBOOK_ENTRY);
        let no_book = find("home", Some(&folder.path().join("none"))).unwrap_err();
        assert_eq!(no_book.code, RasCode::CANNOT_OPEN_PHONEBOOK);
    }
}
