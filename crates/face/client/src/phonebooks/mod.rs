//! The phone books of this user, and what is kept beside them, as RAS has them.
//!
//! [`Phonebooks`] does what the entry functions of RAS do, with their numbers as errors: entries are
//! listed, made, changed, renamed and deleted; credentials are kept and looked up; what an EAP method
//! keeps is kept. A book that is not named means the user's and the all-users book, in this order. All
//! of it happens with the caller's own rights; the manager has no part in it.
//!
//! ```
//! use onhook_client::phonebooks::{EntryProperties, Phonebooks};
//!
//! let folder = std::env::temp_dir().join(format!("onhook-doc-{}", std::process::id()));
//! let books = Phonebooks::in_folder(&folder);
//! let office = EntryProperties { phone_number: "vpn.example.net".into(), ..Default::default() };
//! books.set_properties(None, "office", &office)?;
//! assert_eq!(books.list(None)?[0].name, "office");
//! assert_eq!(books.validate_name(None, "Office").unwrap_err().code.number(), 183);
//!
//! books.rename(None, "office", "work")?;
//! books.delete(None, "work", |_| Ok(false))?;
//! assert_eq!(books.properties(None, "work").unwrap_err().code.number(), 623);
//! # std::fs::remove_dir_all(folder).unwrap();
//! # Ok::<(), onhook_client::RasError>(())
//! ```

mod autodial;
mod eap;
mod entries;
mod saved;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use onhook_model::{RasCode, RasError};
use onhook_phonebook::{EditError, EntryError, EntryId, NewIdentity, PhoneBook};

use crate::{books, start};

pub use eap::EapIdentity;
pub use entries::Listed;
pub use onhook_phonebook::{
    Autodial, AutodialEntry, AutodialError, AutodialParam, DialParams, EapUser, EapUserError,
    EntryProperties, Given, MAX_EAP_IDENTITY, MaskedCredentials, STAND_IN, SetDialParams, Subentry,
    Threshold, X25, mask, option, option2,
};

/// Where the books are, and what is kept beside them.
#[derive(Clone, Debug)]
pub struct Phonebooks {
    /// The user's book; `None` without a home.
    user: Option<PathBuf>,
    /// The book of all users.
    all_users: PathBuf,
    /// What is kept for this user.
    keyring: PathBuf,
    /// What is kept for all users.
    default_keyring: PathBuf,
    /// What this user has dialed for which address.
    autodial: PathBuf,
    /// The default connection of all users.
    default_autodial: PathBuf,
}

/// An entry in its book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Its name, as the book spells it.
    pub name: String,
    /// The book.
    pub book: PathBuf,
    /// Whether that is the one of all users.
    pub all_users: bool,
    /// By what its credentials are found; `None` until some are kept.
    id: Option<EntryId>,
}

impl Default for Phonebooks {
    /// Those of this user: see [`books::default_books`]; credentials are kept in
    /// [`state_dir`](crate::state_dir), those for all users beside their book.
    fn default() -> Self {
        Self {
            user: books::user_book(),
            all_users: books::all_users_book(),
            keyring: start::state_dir().join(KEYRING),
            default_keyring: books::system_dir().join(KEYRING),
            autodial: books::user_dir().unwrap_or_else(start::state_dir).join(AUTODIAL),
            default_autodial: books::system_dir().join(AUTODIAL),
        }
    }
}

impl Phonebooks {
    /// Others, below a folder of one's own: what is the user's in `user`, what is for all in `all-users`.
    pub fn in_folder(folder: &Path) -> Self {
        let (user, all) = (folder.join("user"), folder.join("all-users"));
        Self {
            user: Some(user.join("rasphone.pbk")),
            all_users: all.join("rasphone.pbk"),
            keyring: user.join(KEYRING),
            default_keyring: all.join(KEYRING),
            autodial: user.join(AUTODIAL),
            default_autodial: all.join(AUTODIAL),
        }
    }

    /// The user's book; `None` without a home.
    pub fn user_book(&self) -> Option<&Path> {
        self.user.as_deref()
    }

    /// The book of all users.
    pub fn all_users_book(&self) -> &Path {
        &self.all_users
    }

    /// Finds an entry in `book`, or else in the default books.
    ///
    /// # Errors
    /// 623 when no book has it, 621 when a book cannot be read, 622 or 625 when it is none.
    pub fn locate(&self, book: Option<&Path>, name: &str) -> Result<Located, RasError> {
        self.find(book, name)?.map(|(located, _)| located).ok_or_else(|| {
            let text = format!("no phone book has an entry “{}”", name.trim());
            RasError::new(RasCode::CANNOT_FIND_PHONEBOOK_ENTRY, text)
        })
    }

    /// The entry and its book, as it is now; `None` when there is none.
    fn find(
        &self,
        book: Option<&Path>,
        name: &str,
    ) -> Result<Option<(Located, PhoneBook)>, RasError> {
        for path in self.named_or_default(book) {
            let contents = books::read(&path)?;
            if let Some(located) = self.located(&path, &contents, name) {
                return Ok(Some((located, contents)));
            }
        }
        Ok(None)
    }

    fn located(&self, path: &Path, book: &PhoneBook, name: &str) -> Option<Located> {
        let name = book.spelled(name)?.to_owned();
        // Both, or else a book from elsewhere could name a number of ours.
        let uid = book.dial_params_uid(&name).ok().flatten();
        let id = uid.zip(book.guid(&name)).map(|(uid, guid)| EntryId { uid, guid });
        Some(Located { name, book: path.to_owned(), all_users: self.is_all_users(path), id })
    }

    fn is_all_users(&self, path: &Path) -> bool {
        path == self.all_users
    }

    /// The named book, or the default ones that are there.
    fn named_or_default(&self, book: Option<&Path>) -> Vec<PathBuf> {
        match book {
            Some(book) => vec![book.to_owned()],
            None => {
                let defaults = self.user.iter().chain([&self.all_users]);
                // One that cannot even be looked for is told of when it is opened.
                defaults.filter(|path| path.try_exists().unwrap_or(true)).cloned().collect()
            }
        }
    }
}

/// The file of what is kept.
const KEYRING: &str = "credentials.json";
/// The file of AutoDial.
const AUTODIAL: &str = "autodial.json";

/// A new entry's identity, by the system's chance.
fn new_identity() -> Result<NewIdentity, RasError> {
    let mut chance = [0; 20];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut chance)).map_err(|e| {
        RasError::new(RasCode::UNKNOWN, format!("the system gives no random numbers: {e}"))
    })?;
    let (mut guid, mut uid) = ([0; 16], [0; 4]);
    guid.copy_from_slice(&chance[..16]);
    uid.copy_from_slice(&chance[16..]);
    // RFC 9562 §5.4, in the order in which a GUID lies in memory: version 4.
    guid[7] = guid[7] & 0x0F | 0x40;
    guid[8] = guid[8] & 0x3F | 0x80;
    // Some programs take it for a signed number, and zero for none.
    Ok(NewIdentity { guid, dial_params_uid: (u32::from_le_bytes(uid) & 0x7FFF_FFFF).max(1) })
}

fn entry_error(path: &Path, error: &EntryError) -> RasError {
    RasError::new(error.code(), format!("{}: {error}", path.display()))
}

fn edit_error(path: &Path, error: &EditError) -> RasError {
    RasError::new(error.code(), format!("{}: {error}", path.display()))
}
