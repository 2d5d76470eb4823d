//! The words that machines and their owners share.

use crate::Instant;

/// When a machine wants to be called again, and why.
///
/// The owner calls `handle_timeout` at this moment or a little later. `why` is a few words for logs
/// and transcripts (`"lcp restart"`, `"sstp hello"`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// The moment on the one clock.
    pub at: Instant,
    /// What is waited for.
    pub why: &'static str,
}

impl Deadline {
    /// A deadline at `at` for the reason `why`.
    pub const fn new(at: Instant, why: &'static str) -> Self {
        Self { at, why }
    }

    /// The earlier of two deadlines that may not exist.
    pub fn earliest(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(if b.at < a.at { b } else { a }),
            (a, b) => a.or(b),
        }
    }
}
