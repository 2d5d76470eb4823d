//! The Compression Control Protocol (RFC 1962): answered, and nothing agreed to.
//!
//! - [`wire`]: its options as bytes.
//! - `terms`: what it accepts, which is nothing yet. MPPE (RFC 3078) will have its terms there and a
//!   room of its own beside them.
//!
//! The layer is passive. A peer that offers compressions has all of them rejected, in one answer;
//! a peer that then asks for none is acknowledged, and CCP is open without anything in it. A peer
//! that gives up CCP is acknowledged too. Reset-Requests (RFC 1962 §3) concern a compression that
//! does not exist, and are dropped.

pub(crate) mod terms;
pub mod wire;

pub(crate) use terms::CcpTerms;
pub use wire::CcpOption;

#[cfg(test)]
mod tests;
