//! L2TP, the Layer Two Tunneling Protocol, version 2 (RFC 2661), both ends, over UDP.
//!
//! The caller is a LAC and a PC in one, as in every voluntary tunnel; the answerer is the LNS. Nothing of
//! it is protected: whoever is on the way reads and changes everything, unless IPsec lies below.
//!
//! ```text
//!     caller                                             answerer
//!        │ ── Start-Control-Connection-Request ───────────▶ │
//!        │ ◀──────────────────────────────────── …-Reply ── │  1 round trip
//!        │ ── …-Connected, Incoming-Call-Request ─────────▶ │  (at once, in two datagrams)
//!        │ ◀───────────────────────── Incoming-Call-Reply ── │  2 round trips
//!   Up   │ ── Incoming-Call-Connected ────────────────────▶ │  Up
//!        │ ◀═══════════════ PPP, in data messages ════════▶ │
//!        │ ── Call-Disconnect-Notify, Stop-… ─────────────▶ │
//!        │ ◀─────────────────────────────── (acknowledged) ─ │
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `wire.rs` | headers, AVPs, hiding |
//! | `reliable.rs` | numbers, window, repetition |
//! | `machine.rs` | one end of one tunnel with one call in it |
//! | `failure.rs` | why a link went down |
//!
//! # What an owner must know
//!
//! - Each datagram of a lane is handed over whole, and only datagrams from the peer's address: the room
//!   knows no addresses.
//! - A listener that serves many callers on one port asks [`Peek`] whose a datagram is.
//! - One call to a tunnel: a second Incoming-Call-Request is refused with result 4. Outgoing calls
//!   (the LNS dialing through us) are refused.
//! - Tie breakers are not used: our port is not the peer's destination, so that two requests never meet.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod failure;
mod machine;
mod reliable;
mod wire;

#[cfg(test)]
mod tests;

pub use failure::L2tpFailure;
pub use machine::{L2tp, L2tpTerms};
pub use wire::{Peek, acknowledge};

/// The UDP port of L2TP (RFC 2661 §8.1).
pub const PORT: u16 = 1701;
