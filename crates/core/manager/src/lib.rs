//! Many connections and who holds them, as a sans-IO machine.
//!
//! The [`Manager`] gives handles, counts references, decides who may see and end what, keeps failed
//! connections until somebody hangs them up, and remembers why the last hundred ended. It owns no
//! connection: it asks for one to be started or ended ([`Command`]) and is told what became of it.
//!
//! ```text
//!   dial ──▶ a record with one reference ──▶ Command::Start
//!   dial of an entry that is up ──▶ the same handle, one reference more
//!   hang_up ──▶ one reference less; the last one ──▶ Command::HangUp
//!   ended(wanted) ──▶ deleted: the handle is invalid from now on, for ever
//!   ended(failed) ──▶ kept as Disconnected with its error until it is hung up,
//!                     or until the grace time after its dialer has gone
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod handles;
mod links;
mod manager;
mod owners;
mod record;
mod telling;
#[cfg(test)]
mod tests;

pub use manager::{Command, Ended, Manager, ManagerTerms, Progress};
pub use owners::Caller;
