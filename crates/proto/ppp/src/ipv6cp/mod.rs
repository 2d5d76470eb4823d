//! The IPv6 Control Protocol (RFC 5072).
//!
//! - [`wire`]: its options as bytes.
//! - `terms`: what it asks, gives and accepts.

pub(crate) mod terms;
pub mod wire;

pub(crate) use terms::Ipv6cpTerms;
pub use wire::Ipv6cpOption;

#[cfg(test)]
mod tests;
