//! Datagrams that wait for a socket, one behind the other in one piece of memory.

use std::collections::VecDeque;

/// The most octets that may wait; further datagrams are lost, as on any network.
const MOST: usize = 1 << 20;

/// Octets that are kept for the next ones when none waits.
const ROOM: usize = 256 << 10;

/// Datagrams that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    octets: Vec<u8>,
    /// How many of them have left.
    written: usize,
    lengths: VecDeque<usize>,
}

impl Queue {
    /// Takes one; one too many is lost, and one of no octets is none.
    pub(super) fn push(&mut self, datagram: &[u8]) {
        if self.octets() + datagram.len() <= MOST && !datagram.is_empty() {
            self.octets.extend_from_slice(datagram);
            self.lengths.push_back(datagram.len());
        }
    }

    /// Octets that wait.
    pub(super) const fn octets(&self) -> usize {
        self.octets.len() - self.written
    }

    /// The lengths of those that wait, in order.
    pub(super) const fn lengths(&self) -> &VecDeque<usize> {
        &self.lengths
    }

    /// What waits, as it lies.
    pub(super) fn waiting(&self) -> &[u8] {
        self.octets.get(self.written..).unwrap_or_default()
    }

    /// So many at the front have left, or are lost.
    pub(super) fn forget(&mut self, count: usize) {
        let octets: usize = self.lengths.drain(..count.min(self.lengths.len())).sum();
        self.written += octets;
        if self.lengths.is_empty() {
            self.octets.clear();
            self.octets.shrink_to(ROOM);
            self.written = 0;
        } else if self.written >= MOST {
            // Where something waits always, what has left must not grow.
            self.octets.drain(..self.written);
            self.written = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_left_is_forgotten_and_too_much_is_lost() {
        let mut queue = Queue::default();
        for datagram in [&b"one"[..], b"", b"two!", b"three"] {
            queue.push(datagram);
        }
        assert_eq!(queue.lengths(), &[3, 4, 5]);
        assert_eq!((queue.octets(), queue.waiting()), (12, &b"onetwo!three"[..]));
        queue.forget(2);
        assert_eq!((queue.octets(), queue.waiting()), (5, &b"three"[..]));
        queue.push(&vec![0; MOST]);
        assert_eq!(queue.lengths(), &[5], "there is no room for it");
        queue.forget(9);
        assert_eq!((queue.octets(), queue.lengths().len()), (0, 0));
    }

    #[test]
    fn a_queue_that_is_never_empty_does_not_grow() {
        let mut queue = Queue::default();
        let frame = |number: u32| [&number.to_be_bytes()[..], &[7; 1500]].concat();
        queue.push(&frame(0));
        for number in 1..10_000 {
            queue.push(&frame(number));
            queue.forget(1);
            assert_eq!(queue.waiting(), frame(number));
        }
        assert!(queue.octets.len() <= MOST + 2 * frame(0).len(), "{}", queue.octets.len());
    }
}
