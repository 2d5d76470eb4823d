//! PPP in HDLC-like framing (RFC 1662), and the plain line that needs nothing else.
//!
//! ```text
//!   7e  ff 03  protocol  information  FCS  7e        flag, address and control, …, check, flag
//!       └── 7e, 7d and what the peer's map names are sent as 7d and the octet xor 20 ──┘
//! ```
//!
//! Two ends that are joined by a cable (or by TCP to a terminal server, or by a pseudoterminal) need no
//! dialing: [`Line`] is up as soon as its lane is, at both ends. A modem's link uses the same line once
//! its modem has connected.
//!
//! | file | what it is |
//! |---|---|
//! | `fcs.rs` | the check sequences |
//! | `wire.rs` | frames in and out of octets |
//! | `machine.rs` | the line |
//!
//! # Examples
//! ```
//! use onhook_link::hdlc::{Deframer, push_frame};
//!
//! let mut line = Vec::new();
//! push_frame(&mut line, 0, &[b"\xff\x03", b"\xc0\x21", b"\x09\x01\x00\x08\0\0\0\0"]);
//! let mut deframer = Deframer::new(1502);
//! let (read, whole) = deframer.read(&line);
//! assert_eq!((read, whole), (line.len(), true));
//! assert_eq!(deframer.frame(), b"\xc0\x21\x09\x01\x00\x08\0\0\0\0");
//! ```

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod fcs;
mod machine;
mod wire;

#[cfg(test)]
mod tests;

pub use fcs::{GOOD_FCS16, GOOD_FCS32, fcs16, fcs32};
pub use machine::{Line, LineTerms};
pub use wire::{Deframer, Losses, push_frame};
