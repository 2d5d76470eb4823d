//! The IP Control Protocol (RFC 1332) with name servers (RFC 1877).
//!
//! - [`wire`]: its options as bytes.
//! - `terms`: what it asks, gives and accepts.

pub(crate) mod terms;
pub mod wire;

pub(crate) use terms::IpcpTerms;
pub use wire::IpcpOption;

#[cfg(test)]
mod tests;
