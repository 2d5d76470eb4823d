//! What can be wrong with a phone book, and where.
//!
//! Four degrees. A [`BookError`] means that the file is no phone book: it is neither read further nor
//! ever written. An [`EntryError`] means that this entry cannot be used; the others can. A [`Warning`]
//! means that something in an entry was ignored or replaced by its default. An [`EditError`] means
//! that a change was not made. None of them ever quotes a value that may be a secret.

use onhook_model::RasCode;

/// The bytes are no phone book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookError {
    /// The line at which it shows, counted from 1; `None` when it is the file as a whole.
    pub line: Option<usize>,
    /// What is wrong.
    pub fault: Fault,
}

impl std::fmt::Display for BookError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.fault),
            None => write!(f, "{}", self.fault),
        }
    }
}

impl std::error::Error for BookError {}

/// Why bytes are no phone book.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file is too large.
    #[error("the file has {len} octets; at most {max} are allowed")]
    FileTooLong {
        /// How long it is.
        len: usize,
        /// How long it may be.
        max: usize,
    },
    /// There are too many lines.
    #[error("there are more than {max} lines")]
    TooManyLines {
        /// How many there may be.
        max: usize,
    },
    /// The line is too long.
    #[error("the line has {len} octets; at most {max} are allowed")]
    LineTooLong {
        /// How long it is.
        len: usize,
        /// How long it may be.
        max: usize,
    },
    /// The text is UTF-16.
    #[error("the file is UTF-16; a phone book is UTF-8 or 8-bit text")]
    Utf16,
    /// There is a NUL octet.
    #[error("there is a NUL octet; a phone book is text")]
    Nul,
    /// A section's head without its end.
    #[error("expected “]” at the end of an entry's name")]
    OpenName,
    /// A section's head without a name.
    #[error("expected a name between “[” and “]”")]
    EmptyName,
    /// A line that is nothing.
    #[error("expected “[name]”, “Key=value” or a comment")]
    Junk,
    /// A key before the first entry.
    #[error("a key stands before the first “[name]”")]
    Homeless,
}

impl BookError {
    /// The RAS number that says it best.
    pub const fn code(&self) -> RasCode {
        match self.fault {
            Fault::FileTooLong { .. } | Fault::TooManyLines { .. } | Fault::Utf16 => {
                RasCode::CANNOT_LOAD_PHONEBOOK
            }
            Fault::LineTooLong { .. }
            | Fault::Nul
            | Fault::OpenName
            | Fault::EmptyName
            | Fault::Junk
            | Fault::Homeless => RasCode::CORRUPT_PHONEBOOK,
        }
    }
}

/// Why an entry cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// There is none of this name.
    #[error("the phone book has no entry “{name}”")]
    NotFound {
        /// The name that was asked for.
        name: String,
    },
    /// It names no medium.
    #[error("line {line}: the entry has no MEDIA group")]
    NoMedia {
        /// The line of its name, counted from 1.
        line: usize,
    },
    /// It names no device.
    #[error("line {line}: the MEDIA group has no DEVICE group")]
    NoDevice {
        /// The line of the group, counted from 1.
        line: usize,
    },
    /// It names a kind of device that is not known.
    #[error("line {line}: {device:?} is no kind of device")]
    UnknownDevice {
        /// The line, counted from 1.
        line: usize,
        /// What stands there.
        device: String,
    },
    /// A setting on which safety depends cannot be understood, and no default would do.
    #[error("line {line}: {key}: expected {expected}")]
    BadSetting {
        /// The line, counted from 1.
        line: usize,
        /// The key.
        key: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
}

impl EntryError {
    /// The RAS number that says it best.
    pub const fn code(&self) -> RasCode {
        match self {
            Self::NotFound { .. } => RasCode::CANNOT_FIND_PHONEBOOK_ENTRY,
            Self::NoMedia { .. }
            | Self::NoDevice { .. }
            | Self::UnknownDevice { .. }
            | Self::BadSetting { .. } => RasCode::CORRUPT_PHONEBOOK,
        }
    }
}

/// Something in an entry that was ignored or replaced by its default.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {key}: {complaint}")]
pub struct Warning {
    /// The line, counted from 1.
    pub line: usize,
    /// The key, as the book spells it.
    pub key: String,
    /// What is the matter with it.
    pub complaint: Complaint,
}

/// What is the matter with a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Complaint {
    /// The value is not of the right form.
    #[error("expected {expected}; using {instead} instead")]
    Malformed {
        /// What it should be.
        expected: &'static str,
        /// What is used instead.
        instead: String,
    },
    /// The number is out of range.
    #[error("{value} is not from {min} to {max}; using {instead} instead")]
    OutOfRange {
        /// What it is.
        value: i64,
        /// The least that it may be.
        min: i64,
        /// The most that it may be.
        max: i64,
        /// What is used instead.
        instead: String,
    },
    /// The number has no meaning.
    #[error("{value} has no meaning here; using {instead} instead")]
    Meaningless {
        /// What it is.
        value: i64,
        /// What is used instead.
        instead: String,
    },
    /// The key is there already.
    #[error("already given in line {first}, which counts")]
    Repeated {
        /// The line that counts.
        first: usize,
    },
    /// An entry of this name is there already.
    #[error("an entry of this name stands in line {first}, which counts")]
    SameName {
        /// The line that counts.
        first: usize,
    },
    /// The bytes are not what `Encoding` says.
    #[error("not UTF-8, although the entry says so; read as windows-1252")]
    NotUtf8,
    /// A key with our prefix that we do not have.
    #[error("not a key of onhook; misspelled?")]
    UnknownOwnKey,
    /// A secret stands in the file.
    #[error("ignored: a phone book must not hold secrets; take it out of the file")]
    Secret,
    /// Another key is stronger.
    #[error("ignored, because {stronger} is there")]
    Overruled {
        /// The other key.
        stronger: &'static str,
    },
    /// The key asks for something that we do not do.
    #[error("not done here; the entry is dialed without it")]
    NotDone,
    /// A further link of an entry that does not dial all of them.
    #[error("only the first link is dialed, because DialMode is 0 (the first that is free)")]
    FurtherLink,
    /// A further link whose device is none that can be dialed with.
    #[error("ignored: the link has no DEVICE, or none that is known")]
    UnknownLink,
    /// The certificate check is switched off.
    #[error("the server's certificate is not checked: anyone may be in the middle")]
    Insecure,
}

/// Why a change of the book was not made. The book is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The name cannot be one.
    #[error(
        "{0:?} cannot be an entry's name: expected 1 to 256 characters, no dot first, no blank first or last"
    )]
    BadName(String),
    /// There is an entry of the new name.
    #[error("the phone book already has an entry “{0}”")]
    Exists(String),
    /// There is no entry of the old name.
    #[error("the phone book has no entry “{0}”")]
    NotFound(String),
    /// A member of the entry could not be read back from the file as it is.
    #[error("{key} cannot be written so that it reads back the same")]
    CannotHold {
        /// The key.
        key: &'static str,
    },
    /// A member of RASENTRY makes no sense.
    #[error(transparent)]
    Property(#[from] crate::BadProperty),
    /// There is no link of this number to be changed, or it is the only one and cannot go.
    #[error("the entry has no link {0} that could be changed so")]
    NoLink(u32),
    /// The file would no longer be a phone book.
    #[error("the phone book would be refused: {0}")]
    Book(#[from] BookError),
}

impl EditError {
    /// The RAS number that says it best.
    pub const fn code(&self) -> RasCode {
        match self {
            Self::BadName(_) => RasCode::INVALID_NAME,
            Self::Exists(_) => RasCode::ALREADY_EXISTS,
            Self::NotFound(_) => RasCode::CANNOT_FIND_PHONEBOOK_ENTRY,
            Self::CannotHold { .. } | Self::Property(_) | Self::NoLink(_) => {
                RasCode::INVALID_PARAMETER
            }
            Self::Book(_) => RasCode::CANNOT_WRITE_PHONEBOOK,
        }
    }
}
