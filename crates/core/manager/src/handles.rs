//! Numbers leased ahead of use, so that no restart repeats one.
//!
//! The runtime keeps on disk the first number that no manager has leased, and raises it *before* it
//! hands out the lease. A manager that is killed loses the rest of its lease; a number is never given
//! twice.

use std::ops::Range;

use onhook_base::{Planted, is_planted};
use onhook_model::Handle;

/// Leased numbers left, below which a new lease should be taken.
const LOW: u64 = 256;

#[derive(Debug)]
pub(crate) struct Handles {
    /// What is below was never given.
    first: u64,
    next: u64,
    end: u64,
}

impl Handles {
    pub(crate) const fn new() -> Self {
        Self { first: 1, next: 1, end: 1 }
    }

    /// Takes over a lease. A lease that does not continue the present one replaces it.
    pub(crate) fn lease(&mut self, range: &Range<u64>) {
        if range.start != self.end {
            self.next = self.next.max(range.start);
        }
        self.end = self.end.max(range.end);
    }

    pub(crate) const fn none_given_below(&mut self, first: u64) {
        self.first = first;
    }

    /// Whether a new lease should be taken.
    pub(crate) const fn is_low(&self) -> bool {
        self.end.saturating_sub(self.next) < LOW
    }

    /// The next number; `None` when the lease is used up.
    pub(crate) fn give(&mut self) -> Option<Handle> {
        if self.next >= self.end {
            return None;
        }
        let handle = Handle::new(self.next);
        self.next = self.next.saturating_add(1);
        handle
    }

    /// A handle was deleted. Its number is never given again; but for a mistake on purpose there is
    /// nothing to do.
    pub(crate) fn deleted(&mut self, handle: Handle) {
        if is_planted(Planted::HandleReused) {
            self.next = handle.number();
        }
    }

    /// Whether a handle of this number was ever given, by us or by a manager before us.
    pub(crate) const fn was_given(&self, handle: Handle) -> bool {
        self.first <= handle.number() && handle.number() < self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_never_given_twice_across_leases() {
        let mut handles = Handles::new();
        assert_eq!(handles.give(), None);
        handles.lease(&(5..7));
        assert!(handles.is_low());
        assert_eq!(handles.give().map(Handle::number), Some(5));
        assert_eq!(handles.give().map(Handle::number), Some(6));
        assert_eq!(handles.give(), None);
        handles.lease(&(7..1000));
        assert_eq!(handles.give().map(Handle::number), Some(7));
        assert!(handles.was_given(Handle::new(3).unwrap()));
        assert!(!handles.was_given(Handle::new(8).unwrap()));
        handles.none_given_below(5);
        assert!(!handles.was_given(Handle::new(3).unwrap()));
        assert!(handles.was_given(Handle::new(5).unwrap()));
    }
}
