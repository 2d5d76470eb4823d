//! The IPv6 Control Protocol (RFC 5072).
//!
//! - [`wire`]: its options as bytes.
//! - `terms`: what it asks, gives and accepts.
//! - [`Advertiser`]: tells the prefix of the link, which IPV6CP has no word for.

mod advertise;
pub(crate) mod terms;
pub mod wire;

pub use advertise::Advertiser;
pub(crate) use terms::Ipv6cpTerms;
pub use wire::Ipv6cpOption;

#[cfg(test)]
mod tests;
