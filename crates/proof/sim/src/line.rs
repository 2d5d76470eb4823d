//! A line that carries a stream of bytes one way, in order, with a delay: TCP as its user sees it.

use std::collections::VecDeque;

use onhook_base::{Duration, Instant};

/// One direction of a reliable stream.
#[derive(Clone, Debug)]
pub struct StreamLine {
    delay: Duration,
    under_way: VecDeque<(Instant, Vec<u8>)>,
    ends_at: Option<Instant>,
    cut: bool,
    carried: u64,
}

impl StreamLine {
    /// A line on which each byte arrives `delay` after it was sent.
    pub const fn new(delay: Duration) -> Self {
        Self { delay, under_way: VecDeque::new(), ends_at: None, cut: false, carried: 0 }
    }

    /// Puts bytes on the line. A line that was cut or ended swallows them.
    pub fn send(&mut self, now: Instant, bytes: &[u8]) {
        if !self.cut && self.ends_at.is_none() && !bytes.is_empty() {
            self.carried += bytes.len() as u64;
            self.under_way.push_back((now + self.delay, bytes.to_vec()));
        }
    }

    /// The sender closes: after the last byte the receiver sees the end.
    pub fn end(&mut self, now: Instant) {
        self.ends_at.get_or_insert(now + self.delay);
    }

    /// The line is cut without a word: nothing arrives any more, and nobody is told.
    pub fn cut(&mut self) {
        self.cut = true;
        self.under_way.clear();
        self.ends_at = None;
    }

    /// When the next bytes, or the end, arrive.
    pub fn arrives_at(&self) -> Option<Instant> {
        self.under_way.front().map(|(at, _)| *at).or(self.ends_at)
    }

    /// The bytes that have arrived by `now` and were sent together.
    pub fn receive(&mut self, now: Instant) -> Option<Vec<u8>> {
        match self.under_way.front() {
            Some((at, _)) if *at <= now => self.under_way.pop_front().map(|(_, bytes)| bytes),
            _ => None,
        }
    }

    /// Whether the end has arrived, after everything else; told once.
    pub fn has_ended(&mut self, now: Instant) -> bool {
        let over = self.under_way.is_empty() && self.ends_at.is_some_and(|at| at <= now);
        if over {
            self.ends_at = None;
            self.cut = true;
        }
        over
    }

    /// Bytes that were ever put on it.
    pub const fn carried(&self) -> u64 {
        self.carried
    }
}
