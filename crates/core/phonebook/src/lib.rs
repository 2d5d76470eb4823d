//! rasphone.pbk: text in, text out, nothing lost.
//!
//! A phone book is a text file, one section an entry, that people, scripts and other systems write as
//! well. Two thoughts keep it safe from us. First, the file is held *as it was written*: every line
//! with its bytes and its line end, so that what is not touched comes out as it went in, and what is
//! not a phone book is refused with the number of the line, never half understood. Second, an entry
//! is changed by its *differences*: what the section says now is compared with what it should say, and
//! only the keys that differ are written; after that it is read again, and a change that would not
//! come back as it was meant is not made at all.
//!
//! Beside the books stand what is kept for their entries ([`Keyring`]) and which of them is dialed for
//! what ([`Autodial`]), in files of their own.
//!
//! No file is opened here. Whoever calls reads the bytes and, after a change, replaces the file as a
//! whole.
//!
//! ```
//! use onhook_phonebook::PhoneBook;
//!
//! let text = "[office]\r\nVpnStrategy=5\r\nMEDIA=rastapi\r\nDEVICE=vpn\r\nPhoneNumber=vpn.example.net\r\n";
//! let mut book = PhoneBook::parse(text.as_bytes())?;
//! let (mut entry, warnings) = book.entry("OFFICE")?;
//! assert_eq!((entry.phone_number(), warnings.len()), ("vpn.example.net", 0));
//!
//! entry.redial_attempts = 5;
//! book.set_entry(&entry)?;
//! let changed = String::from_utf8(book.to_bytes())?;
//! assert_eq!(changed.replace("RedialAttempts=5\r\n", ""), text);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod autodial;
mod book;
mod complaint;
mod eap_user;
mod keyring;
mod keys;
mod pbk;
mod properties;
mod read;
mod routes;
mod section;
mod versioned;
mod write;

pub use autodial::{
    Autodial, AutodialEntry, AutodialError, AutodialParam, MAX_AUTODIAL_ADDRESSES,
    MAX_AUTODIAL_LOCATIONS,
};
pub use book::PhoneBook;
pub use complaint::{BookError, Complaint, EditError, EntryError, Fault, Warning};
pub use eap_user::{EapUser, EapUserError, MAX_EAP_IDENTITY};
pub use keyring::{
    DialParams, EntryId, Given, Keyring, KeyringError, MAX_EAP_USER_DATA, MAX_KEPT_TEXT,
    MaskedCredentials, Record, STAND_IN, SetDialParams, mask, resolve,
};
pub use pbk::{MAX_FILE, MAX_LINE, MAX_LINES};
pub use properties::{
    BadProperty, EntryProperties, NewIdentity, Subentry, Threshold, X25, option, option2,
};
