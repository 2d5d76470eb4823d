//! PPPoE, PPP over Ethernet (RFC 2516, RFC 4638), both ends.
//!
//! ```text
//!     caller                                          concentrator
//!        │ ── PADI: who offers this service? ────────────▶ │  (to everybody)
//!        │ ◀───────────────────────── PADO: I do ───────── │  1 round trip
//!        │ ── PADR: then I want a session ───────────────▶ │
//!   Up   │ ◀───────────────────────── PADS: number n ───── │  2 round trips; Up
//!        │ ◀══════════ PPP, in frames of session n ══════▶ │
//!        │ ── PADT ──────────────────────────────────────▶ │  (either side; it has no answer)
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `wire.rs` | Ethernet and PPPoE headers, tags |
//! | `machine.rs` | one session, at either end |
//! | `concentrator.rs` | what answers discovery for all callers of one wire |
//! | `strays.rs` | sessions that somebody goes on with after their end |
//! | `failure.rs` | why a link went down |
//!
//! # What an owner must know
//!
//! - A lane's datagrams are whole Ethernet frames; [`LaneFacts::ethernet`](crate::LaneFacts) is required.
//! - After a PADT, heard or sent, nothing of the session passes, not even PPP's farewell (§5.5).
//! - A frame of another session is answered by PADT: give a machine only those that nobody else on the
//!   same station can have.
//! - A session that somebody forgot to end is ended by [`SessionName::terminate`], which needs no machine.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod concentrator;
mod failure;
mod machine;
mod strays;
mod wire;

#[cfg(test)]
mod tests;

pub use concentrator::{Concentrator, ConcentratorTerms, Reaction};
pub use failure::PppoeFailure;
pub use machine::{Pppoe, PppoeTerms};
pub use wire::{BROADCAST, SessionName, Station};
