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
//! | `tunnel.rs` | the control connection of a tunnel |
//! | `session.rs` | one call in a tunnel |
//! | `machine.rs` | one end of one tunnel with one call in it: what a dial is |
//! | `trunk.rs` | the answering end of one tunnel with many calls in it, each a link |
//! | `failure.rs` | why a link went down |
//!
//! # What an owner must know
//!
//! - Each datagram of a lane is handed over whole, and only datagrams from the peer's address: the room
//!   knows no addresses.
//! - A listener that serves many callers on one port asks [`Peek`] whose a datagram is.
//! - Who calls has one call to a tunnel; a call that the peer wants to begin in it is refused with result
//!   4, and so are outgoing calls (the LNS dialing through us) everywhere.
//! - A server may answer from another port than was asked (§8.1). Whoever's message has shown that it is
//!   the server's, by our number of the tunnel and by the secret if there is one, is followed:
//!   [`Signal::FollowSender`](crate::Signal::FollowSender).
//! - Tie breakers are not used: our port is not the peer's destination, so that two requests never meet.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod failure;
mod machine;
mod reliable;
mod session;
mod trunk;
mod tunnel;
mod wire;

#[cfg(test)]
mod tests;

pub use failure::L2tpFailure;
pub use machine::{L2tp, L2tpTerms};
pub use trunk::{Reaction, Trunk, TrunkCall, TrunkCallTerms};
pub use wire::{Peek, acknowledge, is_control};

/// The UDP port of L2TP (RFC 2661 §8.1).
pub const PORT: u16 = 1701;
