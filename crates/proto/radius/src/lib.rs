//! What an answering server asks of RADIUS servers, and what they may order (RFC 2865, 2866, 5176).
//!
//! | room | what it is | source |
//! |---|---|---|
//! | [`wire`] | a packet, and its attributes | RFC 2865 §3, §5 |
//! | [`client`] | who asks: repetitions, identifiers, several servers in order | RFC 2865 §2, RFC 5080 §2.2 |
//! | [`reply`] | what an answer grants, and how it refuses | RFC 2865 §4, RFC 2548, RFC 3579 |
//! | [`accounting`] | what is told of a session: its start, its course, its stop | RFC 2866, RFC 2869 |
//! | [`orders`] | a server that ends sessions of ours | RFC 5176 |
//!
//! Nothing here has a socket or a clock: datagrams and moments are handed in, datagrams are taken out.
//!
//! ```
//! use onhook_radius::wire::{Attributes, attribute, code};
//!
//! let mut attributes = Attributes::default();
//! attributes.text(attribute::USER_NAME, "alice");
//! let packet = attributes.request(code::ACCESS_REQUEST, 7, &[0; 16], b"secret");
//! assert_eq!(packet[..2], [1, 7]);
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod accounting;
pub mod client;
pub mod orders;
pub mod reply;
#[cfg(test)]
mod tests;
pub mod wire;
