//! PPTP, the Point-to-Point Tunneling Protocol (RFC 2637), both ends, over TCP and enhanced GRE.
//!
//! The caller is a PNS and the answerer a PAC, as in Windows' profile (\[MS-PTPT\]): the caller asks for an
//! outgoing call. Nothing of it is protected; MPPE above it takes minutes to break.
//!
//! ```text
//!     caller                         TCP 1723                  answerer
//!        │ ── Start-Control-Connection-Request ─────────────▶ │
//!        │ ◀────────────────────────────────────── …-Reply ── │  1 round trip
//!        │ ── Outgoing-Call-Request ────────────────────────▶ │
//!   Up   │ ◀────────────────────────── Outgoing-Call-Reply ── │  Up, 2 round trips
//!        │ ◀════════════ PPP, in GRE: the data lane ════════▶ │
//!        │ ── Call-Clear-Request ───────────────────────────▶ │
//!        │ ◀─────────────────────── Call-Disconnect-Notify ── │
//!        │ ── Stop-Control-Connection-Request ──────────────▶ │
//!        │ ◀────────────────────────────────────── …-Reply ── │
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `wire.rs` | control messages |
//! | `gre.rs` | the packets of a call |
//! | `machine.rs` | one end of one control connection with one call in it |
//! | `failure.rs` | why a link went down |
//!
//! # What an owner must know
//!
//! - Two lanes: the control connection's stream, and GRE packets without their IP header, from the peer's
//!   address only. The data lane is to be open before the link is: a host without one may answer the first
//!   frame with "protocol unreachable".
//! - [`call_number`] tells the number that a caller will use, so that a lane can be filtered by it before
//!   there is a link. An answerer gives each of its calls a number of its own.
//! - One call to a control connection: a second Outgoing-Call-Request is refused with result 4, and calls
//!   that the other side wants to bring to us are refused with result 3.
//! - Windows are told and not waited for: acknowledgements only tell a sender that it may go on.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod failure;
mod gre;
mod machine;
mod wire;

#[cfg(test)]
mod tests;

pub use failure::PptpFailure;
pub use machine::{Pptp, PptpTerms, call_number};

/// The TCP port of PPTP (RFC 2637 §3).
pub const PORT: u16 = 1723;
