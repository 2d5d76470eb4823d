//! The PPP Multilink Protocol (RFC 1990): one bundle over several links.
//!
//! ```text
//!   packets, NCPs            ┌─ link 0: LCP, proof ─ fragments (003d)
//!        │                   │
//!     Bundle ── fragments ───┼─ link 1: LCP, proof ─ fragments
//!        │                   │
//!   one sequence space       └─ link 2 …
//! ```
//!
//! Each link has an LCP, a proof and a keepalive of its own; above them the bundle has one set of
//! network protocols. What the bundle sends is numbered in one sequence and spread over the links by
//! their speed; what comes is put in order again. Which links belong together is decided above: the
//! same proven name and the same endpoint discriminator (RFC 1990 §5.1.3).
//!
//! - [`wire`]: the fragment's header, the discriminator.
//! - `assembly`: fragments become packets.
//! - `bundle`: the links, and how a packet is divided among them.

mod assembly;
mod bundle;
pub mod wire;

pub use bundle::{Bundle, BundleCounters, BundleTerms, MAX_LINKS, MemberId, MemberTerms};
pub use wire::{Discriminator, FragmentHeader, SequenceForm};

#[cfg(test)]
mod tests;
