//! Deadlines by name.

use crate::Instant;

/// A small set of named deadlines.
///
/// Each name has at most one deadline; setting it again moves it. Machines have a handful of timers,
/// so a short vector serves better than a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timers<K> {
    set: Vec<(K, Instant)>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { set: Vec::new() }
    }
}

impl<K: Copy + PartialEq> Timers<K> {
    /// No timer is set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the timer `name` to expire at `at`; replaces an earlier setting.
    pub fn set(&mut self, name: K, at: Instant) {
        match self.set.iter_mut().find(|(k, _)| *k == name) {
            Some(slot) => slot.1 = at,
            None => self.set.push((name, at)),
        }
    }

    /// Stops the timer `name`; harmless when it is not set.
    pub fn stop(&mut self, name: K) {
        self.set.retain(|(k, _)| *k != name);
    }

    /// Stops all timers.
    pub fn stop_all(&mut self) {
        self.set.clear();
    }

    /// Whether the timer `name` is set.
    pub fn is_set(&self, name: K) -> bool {
        self.set.iter().any(|(k, _)| *k == name)
    }

    /// The earliest deadline and its name; of equal ones the one set first.
    pub fn next(&self) -> Option<(Instant, K)> {
        self.set.iter().map(|(k, at)| (*at, *k)).reduce(|a, b| if b.0 < a.0 { b } else { a })
    }

    /// Removes and returns the earliest timer that has expired by `now`.
    ///
    /// Call it in a loop: each expired timer is returned once.
    pub fn expired(&mut self, now: Instant) -> Option<K> {
        let (at, name) = self.next()?;
        if at > now {
            return None;
        }
        self.stop(name);
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Duration;

    #[test]
    fn expired_timers_come_in_order_and_once() {
        let t = |s| Instant::ORIGIN + Duration::from_secs(s);
        let mut timers = Timers::new();
        timers.set('b', t(2));
        timers.set('a', t(1));
        timers.set('c', t(3));
        timers.set('c', t(9));
        assert_eq!(timers.expired(t(5)), Some('a'));
        assert_eq!(timers.expired(t(5)), Some('b'));
        assert_eq!(timers.expired(t(5)), None);
        assert_eq!(timers.next(), Some((t(9), 'c')));
        timers.stop('c');
        assert!(!timers.is_set('c'));
        assert_eq!(timers.next(), None);
    }
}
