//! SSTP, the Secure Socket Tunneling Protocol (\[MS-SSTP\]), both ends, above TLS.
//!
//! PPP over HTTPS: it passes wherever a web page does. TLS is the host's; this room begins with the
//! first octet inside it and needs to know one thing of it, the server's certificate.
//!
//! ```text
//!     caller                                                answerer
//!        │ ── SSTP_DUPLEX_POST /sra_{…}/ HTTP/1.1 ──────────▶ │
//!        │ ◀──────────────────────────────── HTTP/1.1 200 ─── │   1 round trip
//!        │ ── Call Connect Request (PPP) ───────────────────▶ │
//!   Up   │ ◀── Call Connect Ack (hashes, nonce) ───────────── │   2 round trips
//!        │ ◀═══════════ LCP, authentication ════════════════▶ │   Up when the Ack is sent
//!        │ ── Call Connected (crypto binding) ──────────────▶ │   network packets pass
//!        │ ◀═══════════ IPCP, packets ══════════════════════▶ │
//!        │ ── Call Disconnect ──────────────────────────────▶ │
//!        │ ◀─────────────────────────── Call Disconnect Ack ─ │
//! ```
//!
//! No step waits for a timer. [`SstpCaller`] and [`SstpAnswerer`] are the two ends; both are a
//! [`Link`](crate::Link).
//!
//! | file | what it is |
//! |---|---|
//! | `http.rs` | the one HTTP exchange |
//! | `wire.rs` | packets, messages, attributes |
//! | `stream.rs` | the byte queues |
//! | `machine.rs` | what both ends share: the walk through the stream, hello, the contract |
//! | `call.rs` | one call's state and its endings |
//! | `caller.rs`, `answerer.rs` | what they do not share |
//! | `binding.rs` | the crypto binding |
//! | `failure.rs` | why a link went down |
//!
//! # What an owner must know
//!
//! - The lane's server certificate is required ([`SstpFailure::NoCertificate`]): without it nothing is
//!   sent, not even the HTTP request.
//! - A failed link still speaks: the answerer's 404, an acknowledgment, an abort wait in
//!   [`poll_transmit`](crate::Link::poll_transmit) when `Down` or `Closed` is told, and are to be
//!   written out before the lane is closed.
//! - [`poll_frame`](crate::Link::poll_frame) gives nothing while an event waits. Drain until all are
//!   silent.
//! - Deliberately absent: HTTP proxies and cookies (the host's, before TLS), a bypass of
//!   authentication, any protocol but PPP.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod answerer;
mod binding;
mod call;
mod caller;
mod failure;
mod http;
mod machine;
mod stream;
mod wire;

#[cfg(test)]
mod tests;

pub use answerer::{Answerer, SstpAnswerer, SstpAnswererTerms};
pub use call::SstpTimes;
pub use caller::{Caller, SstpCaller, SstpCallerTerms};
pub use failure::{HttpFault, SstpFailure};
pub use machine::{DEFAULT_MTU, Sstp};
