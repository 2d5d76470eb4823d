//! Phone books: where they are, and reading and writing them with the caller's own rights.
//!
//! The manager never opens a file that a caller names: the entry is read here, the file of root
//! certificates that it names too, and both travel as values.

use std::fs;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use onhook_base::Secret;
use onhook_model::{Entry, RasCode, RasError, Sharing, Trust};
use onhook_phonebook::{EntryError, PhoneBook, Warning};

use crate::whole::{self, Rights};

/// The largest file of root certificates that is read, in octets.
const MAX_CA: u64 = 1 << 20;

/// The largest login script that is read, in octets.
const MAX_SCRIPT: u64 = 64 << 10;

/// The folder of what is set for all users, which root writes: `ONHOOK_SYSTEM_DIR`, or `/etc/onhook`.
pub(crate) fn system_dir() -> PathBuf {
    let named = std::env::var_os("ONHOOK_SYSTEM_DIR").filter(|dir| !dir.is_empty());
    named.map_or_else(|| PathBuf::from("/etc/onhook"), PathBuf::from)
}

/// The folder of what this user sets; `None` without a home.
pub(crate) fn user_dir() -> Option<PathBuf> {
    let base = etcetera::base_strategy::choose_base_strategy().ok()?;
    Some(base.config_dir().join("onhook"))
}

/// The user's own book; `None` without a home.
pub fn user_book() -> Option<PathBuf> {
    user_dir().map(|dir| dir.join("rasphone.pbk"))
}

/// The book of all users, which root writes.
pub fn all_users_book() -> PathBuf {
    system_dir().join("rasphone.pbk")
}

/// The books that are looked through, in order: the user's, the system's.
pub fn default_books() -> Vec<PathBuf> {
    user_book().into_iter().chain([all_users_book()]).collect()
}

/// Whether a book is that of all users.
pub fn is_of_all_users(book: &Path) -> bool {
    book == all_users_book()
}

/// Reads a book.
///
/// # Errors
/// 621 when it cannot be opened, 622 or 625 when it cannot be read, with the line.
pub fn read(path: &Path) -> Result<PhoneBook, RasError> {
    let bytes = fs::read(path).map_err(|e| {
        RasError::new(RasCode::CANNOT_OPEN_PHONEBOOK, format!("{}: {e}", path.display()))
    })?;
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<PhoneBook, RasError> {
    PhoneBook::parse(bytes).map_err(|e| RasError::new(e.code(), format!("{}: {e}", path.display())))
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
        let book = read(path)?;
        match book.entry(name) {
            Ok((mut entry, warnings)) => {
                let folder = path.parent().unwrap_or(Path::new("."));
                load_ca(&mut entry, folder)?;
                load_script(&mut entry, &book, folder)?;
                // Who reads them later need not know where the book is.
                for file in [&mut entry.certificate_file, &mut entry.key_file].into_iter().flatten()
                {
                    *file = folder.join(&*file).to_string_lossy().into_owned();
                }
                if *path == all_users_book() {
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

/// Reads the file of root certificates that an entry names, and that of revoked ones; relative names count
/// from `folder`.
///
/// # Errors
/// 110 when one cannot be read.
pub fn load_ca(entry: &mut Entry, folder: &Path) -> Result<(), RasError> {
    let (Trust::CaPem(pem), Some(file)) = (&mut entry.trust, &entry.ca_file) else { return Ok(()) };
    if !pem.is_empty() {
        return Ok(());
    }
    let mut read = read_ca(&folder.join(file))?;
    if let Some(file) = &entry.crl_file {
        read = with_crl(read, &folder.join(file))?;
    }
    *pem = read;
    Ok(())
}

/// Reads the login script that an entry names (szScript); a relative name counts from `folder`. One in
/// brackets is a section of a file that only Windows has.
fn load_script(entry: &mut Entry, book: &PhoneBook, folder: &Path) -> Result<(), RasError> {
    let Ok(properties) = book.properties(&entry.name) else { return Ok(()) };
    let name = properties.script;
    if name.is_empty() || name.starts_with('[') {
        return Ok(());
    }
    let path = folder.join(name);
    let failed = |what: String| {
        let text = format!("the login script {}: {what}", path.display());
        RasError::new(RasCode::OPEN_FAILED, text)
    };
    let size = fs::metadata(&path).map_err(|e| failed(e.to_string()))?.len();
    if size > MAX_SCRIPT {
        return Err(failed(format!("{size} octets are more than {MAX_SCRIPT}")));
    }
    entry.login_script = Some(fs::read_to_string(&path).map_err(|e| failed(e.to_string()))?);
    Ok(())
}

/// Reads a file of root certificates.
///
/// # Errors
/// 110 when it cannot be read or is none.
pub fn read_ca(path: &Path) -> Result<String, RasError> {
    read_pem(path, "the root certificates", "CERTIFICATE")
}

/// Roots, and behind them the lists of revoked certificates in this file: a server's certificate must be on
/// none then.
///
/// # Errors
/// 110 when it cannot be read, or none is in it.
pub fn with_crl(roots: String, path: &Path) -> Result<String, RasError> {
    Ok(roots + "\n" + &read_pem(path, "the list of revoked certificates", "X509 CRL")?)
}

fn read_pem(path: &Path, what: &str, kind: &str) -> Result<String, RasError> {
    let failed = |why: String| {
        let text = format!("{what} in {}: {why}", path.display());
        RasError::new(RasCode::OPEN_FAILED, text)
    };
    let size = fs::metadata(path).map_err(|e| failed(e.to_string()))?.len();
    if size > MAX_CA {
        return Err(failed(format!("{size} octets are more than {MAX_CA}")));
    }
    let pem = fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
    match pem.contains(&format!("-----BEGIN {kind}-----")) {
        true => Ok(pem),
        false => Err(failed(format!("no {kind} in PEM form is in it"))),
    }
}

/// Changes a book: reads it, lets `change` work on it, and replaces the file as a whole. Others who
/// change it by this function wait for one another, so that no entry is lost. A book that cannot be
/// read is never overwritten.
///
/// # Errors
/// As [`read`]; 5 without the rights, 624 when it cannot be written; what `change` says.
pub fn change<T>(
    path: &Path,
    change: impl FnOnce(&mut PhoneBook) -> Result<T, RasError>,
) -> Result<T, RasError> {
    let rights = if *path == all_users_book() { Rights::Shared } else { Rights::Kept };
    whole::replace(path, rights, |found| {
        let mut book = match found {
            Some(bytes) => parse(path, bytes)?,
            None => PhoneBook::new(),
        };
        let before = book.clone();
        let result = change(&mut book)?;
        let bytes = (book != before).then(|| Secret::new(book.to_bytes()));
        Ok((bytes, result))
    })
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
