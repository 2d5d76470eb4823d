//! What can carry PPP frames: one contract, one room a link.
//!
//! A *link* brings PPP frames to the other side over one or two *lanes* (carriers of bytes that the
//! host has opened: a TLS stream, a UDP socket, a serial line). It knows its own handshake and its own
//! farewell, and nothing of what the frames mean. Every room has the same inside: `wire.rs` (bytes, no
//! state), `machine.rs` (state, no bytes of its own), `tests.rs`.
//!
//! | room | carries PPP over | source |
//! |---|---|---|
//! | [`hdlc`] | a serial line, or any stream that stands for one | RFC 1662 |
//! | [`l2tp`] | UDP | RFC 2661 |
//! | [`modem`] | a serial line with a modem at its end | V.250 |
//! | [`pppoe`] | Ethernet | RFC 2516 |
//! | [`pptp`] | TCP, and enhanced GRE beside it | RFC 2637 |
//! | [`sstp`] | a TLS stream | \[MS-SSTP\] |
//! | [`telnet`] | a terminal server, below one of the lines | RFC 2217 |
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

#[cfg(test)]
mod captures;
mod contract;
pub mod hdlc;
mod head;
pub mod l2tp;
pub mod modem;
pub mod pppoe;
pub mod pptp;
pub mod sstp;
pub mod telnet;

pub use contract::{
    CertificateHashes, EthernetFacts, Farewell, FrameTerms, Framing, Lane, LaneFacts, Link,
    LinkEvent, LinkFacts, LinkFailure, SessionKeys, Signal,
};
