//! An invented world: one clock, lines with delay, a pretended Linux.
//!
//! It knows only `base` and `effect`, so that every crate may use it for its tests. Nothing in it waits:
//! time is a number that its owner moves.
//!
//! ```
//! use onhook_base::{Duration, Instant};
//! use onhook_sim::StreamLine;
//!
//! let mut line = StreamLine::new(Duration::from_millis(40));
//! let start = Instant::ORIGIN;
//! line.send(start, b"hello");
//! assert_eq!(line.arrives_at(), Some(start + Duration::from_millis(40)));
//! assert_eq!(line.receive(start), None);
//! assert_eq!(line.receive(start + Duration::from_millis(40)).unwrap(), b"hello");
//! ```

#![forbid(unsafe_code)]

mod line;
mod pretend;

pub use line::StreamLine;
pub use pretend::{Fault, Pretend};
