//! An entry as RASENTRY shows it: every member, exactly, both ways.
//!
//! [`EntryProperties`] has the members of RASENTRY's newest generation with RASENTRY's own numbers, and
//! the phone book gives and takes them by difference, as it does entries: what a caller does not change
//! stays as it is written, unknown keys and spelling too. Members that the file has a key for stand in
//! that key, where the dialer reads them; those that it has none for (a few bits of dwfOptions) stand in
//! keys of our own. [`EntryProperties::settled`] says what becomes of members that contradict each
//! other; what was written is read back as that.
//!
//! ```
//! use onhook_phonebook::{EntryProperties, NewIdentity, PhoneBook, option};
//!
//! let mut book = PhoneBook::new();
//! let mut office = EntryProperties { phone_number: "vpn.example.net".into(), ..Default::default() };
//! office.options |= option::REQUIRE_MS_ENCRYPTED_PW;
//! let identity = NewIdentity { guid: [7; 16], dial_params_uid: 1_048_577 };
//! book.set_properties("office", &office, &identity)?;
//!
//! let read = book.properties("OFFICE")?;
//! assert_eq!((read.phone_number.as_str(), read.guid), ("vpn.example.net", [7; 16]));
//! assert_ne!(read.options & option::REQUIRE_MSCHAP2, 0);
//! assert_eq!(book.entry("office")?.0.phone_number(), "vpn.example.net"); // what is dialed
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod general;
mod groups;
mod settle;
mod subentry;
#[cfg(test)]
mod tests;
mod value;
mod write;

pub use settle::BadProperty;
pub use subentry::Subentry;
pub use value::{EntryProperties, NewIdentity, Threshold, X25, option, option2};
