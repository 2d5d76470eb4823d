//! Microsoft's Callback Control Protocol ([MS-CBCP]): who calls back whom, and where.
//!
//! ```text
//!   answerer                                caller
//!      │ ──── Request: what it offers ────▶ │
//!      │ ◀─── Response: what is taken ───── │
//!      │ ──── Ack: the same ──────────────▶ │      then LCP ends, the line goes down,
//!      │                                    │      and the answerer calls
//! ```
//!
//! It is agreed upon by LCP's option 13 with operation 6, and spoken after the proofs and before the
//! network. "No callback" is one of the answers, and the usual one; then the network follows at once.
//!
//! - [`wire`]: its packets and options as bytes.
//! - `machine`: both ends.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod machine;
pub mod wire;

#[cfg(test)]
mod tests;

pub use machine::{
    CallbackAgreement, CallbackOffer, CallbackWish, CbcpAnswerer, CbcpCaller, CbcpEvent,
};
pub use wire::{CbcpOption, CbcpPacket, MOST_NUMBER, is_number};
