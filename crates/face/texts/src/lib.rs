//! Every sentence that a person reads, by key.
//!
//! A number of the Remote Access Service says what is the matter; a person wants to know what to do.
//! Each language is a catalog, one file in `catalogs/`, that has a hint for every number that this
//! system can give, and a sentence for every state that a dial passes. Names of the interface
//! (`ERROR_…`, keys of the phone book, commands) are never translated.
//!
//! To add a language: write its catalog, name it in [`Language`], and let the tests compare it with
//! the English one.
//!
//! ```
//! use onhook_model::RasCode;
//!
//! let text = onhook_texts::describe(RasCode::AUTHENTICATION_FAILURE);
//! assert!(text.starts_with("691 (ERROR_AUTHENTICATION_FAILURE): User name or password"));
//! assert!(onhook_texts::hint(RasCode::USER_DISCONNECTION).is_some());
//! ```

#![forbid(unsafe_code)]

mod catalog;
mod catalogs;
#[cfg(test)]
mod tests;

pub use catalog::{Language, describe, describe_cause, hint, progress};
