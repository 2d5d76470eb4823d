//! The Link Control Protocol (RFC 1661 §5, §6; RFC 1570).
//!
//! - [`wire`]: its options as bytes.
//! - `terms`: what it asks and accepts.
//! - `keepalive`: is anyone there?
//! - [`farewell`]: what a Terminate-Request says.

pub mod farewell;
pub(crate) mod keepalive;
pub(crate) mod terms;
pub mod wire;

pub(crate) use keepalive::{Keepalive, Life};
pub(crate) use terms::LcpTerms;
pub use wire::LcpOption;

#[cfg(test)]
mod tests;
