//! What `--capture` sees: every PPP frame as it passes the splice.

use onhook_base::Instant;

/// Which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From us to the peer.
    Sent,
    /// From the peer to us.
    Received,
}

/// The most octets of frames that wait to be taken; what comes beyond is counted and left out.
const MAX_WAITING: usize = 4 << 20;

/// Frames that have passed and were not yet taken.
#[derive(Debug, Default)]
pub struct Captured {
    frames: Vec<(Instant, Direction, std::ops::Range<usize>)>,
    bytes: Vec<u8>,
    left_out: u64,
}

impl Captured {
    pub(crate) fn push(&mut self, now: Instant, direction: Direction, protocol: u16, rest: &[u8]) {
        self.push_parts(now, direction, &protocol.to_be_bytes(), rest);
    }

    pub(crate) fn push_parts(&mut self, now: Instant, way: Direction, head: &[u8], rest: &[u8]) {
        let start = self.bytes.len();
        let end = start.saturating_add(head.len()).saturating_add(rest.len());
        if end > MAX_WAITING {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        self.bytes.extend_from_slice(head);
        self.bytes.extend_from_slice(rest);
        self.frames.push((now, way, start..end));
    }

    /// Each frame from its Protocol field on, in order.
    pub fn frames(&self) -> impl Iterator<Item = (Instant, Direction, &[u8])> {
        self.frames
            .iter()
            .filter_map(|(at, way, range)| Some((*at, *way, self.bytes.get(range.clone())?)))
    }

    /// Frames that were left out because nobody took the others in time.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Whether there is nothing to take.
    pub const fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Forgets everything, and keeps the room.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.bytes.clear();
        self.left_out = 0;
    }
}
