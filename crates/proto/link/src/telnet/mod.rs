//! Telnet to a terminal server, with control of its port (RFC 854, 856, 858, 2217); the calling end.
//!
//! ```text
//!     caller                                            terminal server
//!        │ ── WILL/DO BINARY, WILL/DO SGA, WILL COM-PORT ─▶ │
//!        │ ◀────────────────── DO/WILL BINARY, DO COM-PORT ─ │  1 round trip
//!   open │ ── speed, 8N1, DTR and RTS up, tell of carrier ─▶ │
//!        │ ◀════════════ octets of the line, IAC doubled ══▶ │
//!        │ ── DTR down ────────────────────────────────────▶ │  (a modem hangs up)
//!        │ ◀──────────────────────── the carrier is lost ─── │
//! ```
//!
//! [`Telnet`] stands below a link that speaks octets to a line, and is one itself: the line behind the
//! server is to that link as a terminal of this machine would be, with the same signals.
//!
//! | file | what it is |
//! |---|---|
//! | `wire.rs` | octets, commands and subnegotiations |
//! | `machine.rs` | what is agreed, and the link above |
//! | `failure.rs` | why the server is of no use |
//!
//! # What an owner must know
//!
//! - A server that does not let its port be controlled serves all the same: its own settings hold, and
//!   neither is DTR dropped nor a lost carrier noticed. One that does not carry all octets does not serve.
//! - Nothing is protected: whoever is on the way reads and changes everything.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod failure;
mod machine;
mod wire;

#[cfg(test)]
mod tests;

pub use failure::TelnetFailure;
pub use machine::{Telnet, TelnetTerms};
