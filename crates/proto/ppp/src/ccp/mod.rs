//! The Compression Control Protocol (RFC 1962), for MPPE alone.
//!
//! - [`wire`]: its options as bytes.
//! - `terms`: what it asks and accepts.
//! - `mppe`: encryption, both directions.
//!
//! Unless encryption is required the layer is passive: a peer that asks for MPPE is granted it where the
//! owner accepts it and the proof has made keys; all other compressions are rejected, in one answer, and
//! a peer that then asks for none is acknowledged: CCP is open without anything in it.

pub(crate) mod mppe;
pub(crate) mod terms;
pub mod wire;

pub(crate) use terms::CcpTerms;
pub use wire::CcpOption;

#[cfg(test)]
mod tests;
