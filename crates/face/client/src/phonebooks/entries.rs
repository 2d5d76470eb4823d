//! Entries: listed, made, changed, renamed, deleted.

use std::path::{Path, PathBuf};

use onhook_model::{EntryLimits, RasCode, RasError};
use onhook_phonebook::{EntryProperties, Subentry};

use super::{Located, Phonebooks, edit_error, entry_error, new_identity};
use crate::books;

/// An entry in a list (RASENTRYNAME).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// The book that it stands in.
    pub book: PathBuf,
    /// Whether that is the one of all users (REN_AllUsers).
    pub all_users: bool,
}

impl Phonebooks {
    /// All entries of `book`, or of the user's and the all-users book; a name that both have is listed
    /// twice (RasEnumEntries).
    ///
    /// # Errors
    /// 621 when a book cannot be read, 622 or 625 when it is none.
    pub fn list(&self, book: Option<&Path>) -> Result<Vec<Listed>, RasError> {
        let mut found = Vec::new();
        for path in self.named_or_default(book) {
            let all_users = self.is_all_users(&path);
            let names = books::read(&path)?.entry_names();
            found.extend(names.into_iter().map(|name| Listed {
                name,
                book: path.clone(),
                all_users,
            }));
        }
        Ok(found)
    }

    /// Whether a new entry may have this name (RasValidateEntryName).
    ///
    /// # Errors
    /// 123 when it is malformed, 183 when an entry has it already, 621 when the book cannot be read.
    pub fn validate_name(&self, book: Option<&Path>, name: &str) -> Result<(), RasError> {
        check_new_name(name)?;
        match self.find(book, name)? {
            Some((located, _)) => {
                let text = format!("{} has an entry “{}”", located.book.display(), located.name);
                Err(RasError::new(RasCode::ALREADY_EXISTS, text))
            }
            None => Ok(()),
        }
    }

    /// Gives an entry another name (RasRenameEntry); its credentials follow it. The new name may have
    /// characters that [`validate_name`](Self::validate_name) forbids.
    ///
    /// # Errors
    /// 123 when the new name is malformed, 183 when another entry of the book has it, 623 when there is
    /// no entry of the old one, 5 without the rights.
    pub fn rename(&self, book: Option<&Path>, old: &str, new: &str) -> Result<(), RasError> {
        let new = new.trim();
        if !is_name(new) {
            return Err(RasError::new(RasCode::INVALID_NAME, format!("{new:?} is no name")));
        }
        let located = self.locate(book, old)?;
        books::change(&located.book, |contents| {
            let renamed = contents.rename_entry(&located.name, new);
            renamed.map_err(|error| edit_error(&located.book, &error))
        })
    }

    /// Deletes an entry (RasDeleteEntry), and what is kept for it. `is_live` is asked whether it is
    /// connected or being dialed, which the manager knows.
    ///
    /// # Errors
    /// 123 when there is none, 817 when it is live, 5 without the rights.
    pub fn delete(
        &self,
        book: Option<&Path>,
        name: &str,
        is_live: impl FnOnce(&Located) -> Result<bool, RasError>,
    ) -> Result<(), RasError> {
        let missing = || RasError::new(RasCode::INVALID_NAME, format!("no entry “{name}”"));
        let (located, _) = self.find(book, name)?.ok_or_else(missing)?;
        if is_live(&located)? {
            let text = format!("“{}” is connected or being dialed", located.name);
            return Err(RasError::new(RasCode::CANNOT_DELETE, text));
        }
        let removed =
            books::change(&located.book, |contents| Ok(contents.remove_entry(&located.name)))?;
        if !removed {
            return Err(missing());
        }
        self.forget_located(&located).map(|_| ())
    }

    /// The properties of an entry (RasGetEntryProperties); an empty name gives those of a new one.
    ///
    /// # Errors
    /// 623 when there is none, 621 when a book cannot be read, 625 when the entry makes no sense.
    pub fn properties(&self, book: Option<&Path>, name: &str) -> Result<EntryProperties, RasError> {
        if name.is_empty() {
            return Ok(EntryProperties::default());
        }
        let located = self.locate(book, name)?;
        let contents = books::read(&located.book)?;
        contents.properties(&located.name).map_err(|error| entry_error(&located.book, &error))
    }

    /// Changes an entry's properties, or makes the entry (RasSetEntryProperties): in `book`, or where it
    /// stands, or else in the user's book.
    ///
    /// # Errors
    /// 87 when a member makes no sense, 123 when a new name is malformed, 5 without the rights, 621 when
    /// the named book is not there or cannot be read, 624 when it cannot be written.
    pub fn set_properties(
        &self,
        book: Option<&Path>,
        name: &str,
        properties: &EntryProperties,
    ) -> Result<(), RasError> {
        if let Err(error) = properties.check() {
            return Err(RasError::new(error.code(), error.to_string()));
        }
        let path = match (self.find(book, name)?, book) {
            (Some((located, _)), _) => located.book,
            (None, Some(book)) => book.to_owned(),
            (None, None) => self.user.clone().unwrap_or_else(|| self.all_users.clone()),
        };
        let identity = new_identity()?;
        books::change(&path, |contents| {
            if !contents.contains(name) {
                check_new_name(name)?;
            }
            let set = contents.set_properties(name, properties, &identity);
            set.map_err(|error| edit_error(&path, &error))
        })
    }

    /// The links of an entry, the first being number 1 (RasGetSubEntryProperties).
    ///
    /// # Errors
    /// As [`properties`](Self::properties).
    pub fn subentries(&self, book: Option<&Path>, name: &str) -> Result<Vec<Subentry>, RasError> {
        let located = self.locate(book, name)?;
        let contents = books::read(&located.book)?;
        contents.subentries(&located.name).map_err(|error| entry_error(&located.book, &error))
    }

    /// Sets link `number` of an entry; one above the last adds a link (RasSetSubEntryProperties).
    ///
    /// # Errors
    /// 87 when there is no such link or a member makes no sense, 623 when there is no such entry, 5
    /// without the rights.
    pub fn set_subentry(
        &self,
        book: Option<&Path>,
        name: &str,
        number: u32,
        link: &Subentry,
    ) -> Result<(), RasError> {
        self.edit(book, name, |contents, name| contents.set_subentry(name, number, link))
    }

    /// Takes link `number` of an entry out; those above it move down (RasDeleteSubEntry).
    ///
    /// # Errors
    /// 87 when there is no such link or it is the only one; else as
    /// [`set_subentry`](Self::set_subentry).
    pub fn delete_subentry(
        &self,
        book: Option<&Path>,
        name: &str,
        number: u32,
    ) -> Result<(), RasError> {
        self.edit(book, name, |contents, name| contents.remove_subentry(name, number))
    }

    /// Puts the number that a dial got through with first, where the entry wants that
    /// (RASEO_PromoteAlternates); `false` when there was nothing to do.
    ///
    /// # Errors
    /// 623 when there is no such entry, 5 without the rights.
    pub fn promote_number(
        &self,
        book: Option<&Path>,
        name: &str,
        number: &str,
    ) -> Result<bool, RasError> {
        self.edit(book, name, |contents, name| contents.promote_number(name, number))
    }

    /// Changes an entry that is there.
    pub(super) fn edit<T>(
        &self,
        book: Option<&Path>,
        name: &str,
        change: impl FnOnce(
            &mut onhook_phonebook::PhoneBook,
            &str,
        ) -> Result<T, onhook_phonebook::EditError>,
    ) -> Result<T, RasError> {
        let located = self.locate(book, name)?;
        books::change(&located.book, |contents| {
            change(contents, &located.name).map_err(|error| edit_error(&located.book, &error))
        })
    }
}

/// What every name must be: not blank, no dot first, not too long, one line.
fn is_name(name: &str) -> bool {
    !name.trim().is_empty()
        && !name.starts_with('.')
        && name.chars().count() <= EntryLimits::NAME_CHARS
        && !name.chars().any(char::is_control)
}

/// What a new entry's name must be besides.
fn check_new_name(name: &str) -> Result<(), RasError> {
    if is_name(name) && !name.contains(FORBIDDEN) {
        return Ok(());
    }
    let text = format!(
        "{name:?} cannot be the name of a new entry: expected 1 to 256 characters, no dot first, none \
         of | > < ? * \\ / : ;"
    );
    Err(RasError::new(RasCode::INVALID_NAME, text))
}

const FORBIDDEN: [char; 9] = ['|', '>', '<', '?', '*', '\\', '/', ':', ';'];
