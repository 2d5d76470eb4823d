//! The phone book as its users see it: entries by name.

use onhook_model::{Entry, EntryLimits};

use crate::complaint::{BookError, EditError, EntryError, Warning};
use crate::pbk::{Kind, Pbk, Section, decode, encode, fold};
use crate::read::read;
use crate::write::write;

/// A phone book: what its file says, and what may be changed in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneBook {
    pbk: Pbk,
}

impl PhoneBook {
    /// An empty book.
    pub fn new() -> Self {
        Self::default()
    }

    /// The book in these bytes. An empty file is an empty book.
    ///
    /// # Errors
    ///
    /// Says in which line the bytes stop being a phone book. Such a file must not be overwritten.
    pub fn parse(bytes: &[u8]) -> Result<Self, BookError> {
        Ok(Self { pbk: Pbk::parse(bytes)? })
    }

    /// The bytes of the file; of a book that was not changed, exactly those it was parsed from.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.pbk.to_bytes()
    }

    /// The names of all entries in the file's order, each once.
    pub fn entry_names(&self) -> Vec<String> {
        let mut seen = std::collections::HashSet::new();
        let sections = self.pbk.sections().iter();
        sections.filter(|s| seen.insert(fold(&s.name))).map(|s| s.name.clone()).collect()
    }

    /// Whether there is an entry of this name, compared without case.
    pub fn contains(&self, name: &str) -> bool {
        self.pbk.find(name).is_some()
    }

    /// How the book spells this name; `None` when it has no such entry.
    pub fn spelled(&self, name: &str) -> Option<&str> {
        self.pbk.find(name).map(|section| section.name.as_str())
    }

    /// The entry of this name, compared without case, and what was ignored in it or replaced by a
    /// default.
    ///
    /// A CA file is named, not read: [`onhook_model::Trust::CaPem`] is empty until the caller fills it.
    ///
    /// # Errors
    ///
    /// Says that there is none, or why it cannot be used.
    pub fn entry(&self, name: &str) -> Result<(Entry, Vec<Warning>), EntryError> {
        let section = self
            .pbk
            .find(name)
            .ok_or_else(|| EntryError::NotFound { name: name.trim().to_owned() })?;
        let reading = read(&self.pbk, section);
        match reading.error {
            None => Ok((reading.entry, reading.warnings)),
            Some(error) => Err(error),
        }
    }

    /// Makes the entry of this name mean `entry`, or adds it. Only keys that differ are touched;
    /// everything else stays as it is written, unknown keys and comments too.
    ///
    /// What is not of the file ([`onhook_model::Trust::CaPem`]'s text) is left out; the file that it
    /// came from must be named.
    ///
    /// # Errors
    ///
    /// Says what could not be written so that it reads back the same; then nothing has changed.
    pub fn set_entry(&mut self, entry: &Entry) -> Result<(), EditError> {
        if !self.contains(&entry.name) {
            check_name(&entry.name)?;
            let mut part = Pbk::with_head(entry.name.as_bytes());
            write(&mut part, entry, true)?;
            return self.add(part);
        }
        self.edit(&entry.name, |part| {
            let section = first(part);
            if section.name != entry.name {
                check_name(&entry.name)?;
                part.set_name(0, &encode(&entry.name, read(part, &section).utf8));
            }
            write(part, entry, false)
        })
    }

    /// Takes the entry of this name out; `false` when there is none. Comments right above the next
    /// entry stay, because they belong to that one.
    pub fn remove_entry(&mut self, name: &str) -> bool {
        let Some(section) = self.pbk.find(name).cloned() else { return false };
        let is_last = section.end == self.pbk.len();
        let mut end = section.end;
        while !is_last && end > section.head.saturating_add(1) {
            let above = end.saturating_sub(1);
            if self.pbk.kind(above) != Kind::Comment {
                break;
            }
            end = above;
        }
        self.pbk.remove(section.head..end);
        true
    }

    /// Gives an entry another name; a change of case alone is one too.
    ///
    /// # Errors
    ///
    /// Says that there is none of the old name, one of the new already, or that the new one cannot be
    /// a name.
    pub fn rename_entry(&mut self, old: &str, new: &str) -> Result<(), EditError> {
        check_name(new)?;
        let section = self
            .pbk
            .find(old)
            .cloned()
            .ok_or_else(|| EditError::NotFound(old.trim().to_owned()))?;
        if fold(old) != fold(new) && self.pbk.find(new).is_some() {
            return Err(EditError::Exists(new.to_owned()));
        }
        let utf8 = read(&self.pbk, &section).utf8;
        let name = encode(new, utf8);
        if decode(&name).0 != new {
            return Err(EditError::BadName(new.to_owned()));
        }
        self.change(|pbk| pbk.set_name(section.head, &name))
    }

    pub(crate) const fn pbk(&self) -> &Pbk {
        &self.pbk
    }

    /// The section of the entry of this name.
    pub(crate) fn section(&self, name: &str) -> Result<&Section, EntryError> {
        let missing = || EntryError::NotFound { name: name.trim().to_owned() };
        self.pbk.find(name).ok_or_else(missing)
    }

    /// Changes the entry of this name, as a book of one section; an error leaves it as it is.
    pub(crate) fn edit(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut Pbk) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        let section = self
            .pbk
            .find(name)
            .cloned()
            .ok_or_else(|| EditError::NotFound(name.trim().to_owned()))?;
        let mut part = self.pbk.extract(&section);
        change(&mut part)?;
        self.change(|pbk| pbk.restore(&section, part))
    }

    /// Adds a section at the end.
    pub(crate) fn add(&mut self, part: Pbk) -> Result<(), EditError> {
        self.change(|pbk| pbk.append(part))
    }

    /// Makes a change unless the file would then be refused.
    fn change(&mut self, change: impl FnOnce(&mut Pbk)) -> Result<(), EditError> {
        let mut changed = self.pbk.clone();
        change(&mut changed);
        self.pbk = Pbk::parse(&changed.to_bytes())?;
        Ok(())
    }
}

fn first(part: &Pbk) -> Section {
    part.sections().first().cloned().unwrap_or_else(Section::none)
}

/// What RasRenameEntry asks of a name. A dot first would look like a number dialed without an entry.
pub(crate) fn check_name(name: &str) -> Result<(), EditError> {
    let fits = !name.is_empty()
        && name.trim() == name
        && !name.starts_with('.')
        && name.chars().count() <= EntryLimits::NAME_CHARS
        && !name.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(EditError::BadName(name.to_owned())) }
}
