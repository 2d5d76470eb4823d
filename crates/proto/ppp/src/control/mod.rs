//! The machine that LCP and all NCPs share (RFC 1661 §4).
//!
//! Each of these protocols negotiates the same way: both ends send a Configure-Request with their
//! wishes, each answers the other's with an Ack, a Nak or a Reject, and when both requests stand
//! acknowledged the layer is open. What the wishes are is the business of a `terms.rs`; how the
//! dance goes is here, once:
//!
//! - [`wire`]: code, identifier, length; options as a list.
//! - [`automaton`]: ten states × sixteen events → actions; a pure function, the table of the RFC.
//! - `layer`: what a layer is to the machine, and what the machine tells its owner.
//! - `machine`: the restart timer, the counters and the identifiers around it.

pub mod automaton;
mod layer;
mod machine;
mod memory;
pub mod wire;

pub(crate) use layer::{Ending, Judgement, Pace, Signal, Terms};
pub(crate) use machine::Control;
pub use wire::{ControlPacket, RawOption};

#[cfg(test)]
mod tests;
