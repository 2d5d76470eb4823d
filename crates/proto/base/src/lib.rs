//! What every onhook machine stands on.
//!
//! A *machine* here is a protocol or a part of the core that is told everything and asks for
//! everything: bytes, the time and chance come in as arguments, effects go out as values. This crate
//! holds what all of them share: the one clock's [`Instant`], deadlines by name ([`Timers`]), the
//! birth of chance ([`Seed`], [`Chance`]), bounds-checked reading and writing of wire formats
//! ([`Reader`], [`Writer`]) and values that must not be shown ([`Secret`]).
//!
//! ```
//! use onhook_base::{Duration, Instant, Timers};
//!
//! #[derive(Clone, Copy, Debug, PartialEq, Eq)]
//! enum Timer { Echo, GiveUp }
//!
//! let start = Instant::ORIGIN;
//! let mut timers = Timers::new();
//! timers.set(Timer::GiveUp, start + Duration::from_secs(30));
//! timers.set(Timer::Echo, start + Duration::from_secs(10));
//! assert_eq!(timers.next(), Some((start + Duration::from_secs(10), Timer::Echo)));
//! assert_eq!(timers.expired(start), None);
//! assert_eq!(timers.expired(start + Duration::from_secs(11)), Some(Timer::Echo));
//! ```
//!
//! # The law of draining
//!
//! Every machine has four kinds of methods: inputs `handle_*(now, …)`, commands (`open`, `close`),
//! outputs `poll_*`, and getters. After every input or command, its owner drains `poll_transmit`, then
//! `poll_event`, until both say `None`; then asks `poll_timeout` and calls `handle_timeout` no earlier
//! than that moment. Early and repeated calls of `handle_timeout` are harmless. Time never runs
//! backwards. A machine is a value: no closure, descriptor or task inside.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]
#![cfg_attr(
    feature = "planted",
    allow(clippy::disallowed_macros, reason = "a switch for the proof alone, see `planted`")
)]

mod machine;
mod planted;
mod prefix;
mod reader;
mod secret;
mod seed;
mod time;
mod timers;
mod writer;

pub use machine::Deadline;
#[cfg(feature = "planted")]
pub use planted::plant;
pub use planted::{Planted, is_planted};
pub use prefix::{BadPrefix, Prefix};
pub use reader::{Malformed, Reader};
pub use secret::{Redacted, Secret};
pub use seed::{Chance, Seed};
pub use time::{Duration, Instant};
pub use timers::Timers;
pub use writer::Writer;
