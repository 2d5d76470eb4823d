//! Control messages arrive, once and in order, over a network that promises nothing (RFC 2661 §5.8).
//!
//! One's own messages are numbered and repeated until they are acknowledged, no more of them under way
//! than the peer's window and the network bear; the peer's are taken in order, and those that came before
//! are acknowledged again and not taken.

use std::collections::VecDeque;

use onhook_base::{Duration, Instant, Writer};

use super::wire::{Builder, NR_AT};

/// The window of a peer that names none (§4.4.3).
const DEFAULT_WINDOW: u16 = 4;
/// What we let the peer have under way.
pub(super) const OUR_WINDOW: u16 = 8;
/// The first repetition comes after this, each further one after twice as long, up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(8);
/// How often a message is sent before its peer counts as gone (§5.8 recommends five repetitions).
const MOST_SENDINGS: u8 = 6;
/// Messages that may wait for the window: the beginning and the end of every call of a tunnel that is full.
const MOST_WAITING: usize = 256;

#[derive(Clone, Debug)]
struct Sent {
    ns: u16,
    bytes: Vec<u8>,
}

/// Where an arriving message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// It is the next one.
    Next,
    /// It was taken before.
    Before,
    /// One before it is missing still.
    Ahead,
}

/// The peer has not acknowledged in all that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unanswered;

#[derive(Clone, Debug)]
pub(super) struct Reliable {
    /// Of our next new message.
    ns: u16,
    /// The next that we expect.
    nr: u16,
    under_way: VecDeque<Sent>,
    waiting: VecDeque<Vec<u8>>,
    to_send: VecDeque<Vec<u8>>,
    peer_window: u16,
    /// What the network bears (appendix A).
    congestion: u16,
    threshold: u16,
    grown: u16,
    sendings: u8,
    repeat_at: Option<Instant>,
    owes_acknowledgement: bool,
}

impl Reliable {
    pub(super) const fn new() -> Self {
        Self {
            ns: 0,
            nr: 0,
            under_way: VecDeque::new(),
            waiting: VecDeque::new(),
            to_send: VecDeque::new(),
            peer_window: DEFAULT_WINDOW,
            congestion: 1,
            threshold: DEFAULT_WINDOW,
            grown: 0,
            sendings: 0,
            repeat_at: None,
            owes_acknowledgement: false,
        }
    }

    pub(super) fn set_peer_window(&mut self, window: u16) {
        self.peer_window = window.max(1);
        self.threshold = self.peer_window;
    }

    /// Sends a message as soon as the window lets it.
    pub(super) fn send(&mut self, now: Instant, message: Vec<u8>) {
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push_back(message);
        }
        self.advance(now);
    }

    fn advance(&mut self, now: Instant) {
        let window = usize::from(self.peer_window.min(self.congestion));
        while self.under_way.len() < window {
            let Some(mut bytes) = self.waiting.pop_front() else { break };
            Writer::new(&mut bytes).patch(NR_AT - 2, &self.ns.to_be_bytes());
            self.to_send.push_back(bytes.clone());
            if self.under_way.is_empty() {
                self.sendings = 1;
                self.repeat_at = Some(now + FIRST);
            }
            self.under_way.push_back(Sent { ns: self.ns, bytes });
            self.ns = self.ns.wrapping_add(1);
        }
    }

    /// The peer expects `nr` next: all before it have arrived.
    pub(super) fn acknowledged(&mut self, now: Instant, nr: u16) {
        let mut any = false;
        while self.under_way.front().is_some_and(|sent| is_before(sent.ns, nr)) {
            self.under_way.pop_front();
            any = true;
            self.grow();
        }
        if any {
            self.sendings = 1;
            self.repeat_at = (!self.under_way.is_empty()).then(|| now + FIRST);
            self.advance(now);
        }
    }

    fn grow(&mut self) {
        if self.congestion < self.threshold {
            self.congestion = self.congestion.saturating_add(1);
            return;
        }
        self.grown = self.grown.saturating_add(1);
        if self.grown >= self.congestion {
            self.grown = 0;
            self.congestion = self.congestion.saturating_add(1).min(self.peer_window);
        }
    }

    /// A message of this number has come, and is to be acknowledged.
    pub(super) const fn receive(&mut self, ns: u16) -> Order {
        if ns == self.nr {
            self.owes_acknowledgement = true;
            self.nr = self.nr.wrapping_add(1);
            return Order::Next;
        }
        if is_before(ns, self.nr) {
            self.owes_acknowledgement = true;
            return Order::Before;
        }
        Order::Ahead
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<(), Unanswered> {
        if self.repeat_at.is_none_or(|at| now < at) {
            return Ok(());
        }
        if self.sendings >= MOST_SENDINGS {
            self.give_up();
            return Err(Unanswered);
        }
        self.threshold = (self.congestion / 2).max(1);
        self.congestion = 1;
        self.grown = 0;
        let pause = FIRST.saturating_mul(1 << self.sendings.min(3)).min(LONGEST);
        self.sendings = self.sendings.saturating_add(1);
        self.repeat_at = Some(now + pause);
        if let Some(sent) = self.under_way.front() {
            self.to_send.push_back(sent.bytes.clone());
        }
        Ok(())
    }

    /// Nothing is repeated any more.
    pub(super) fn give_up(&mut self) {
        self.under_way.clear();
        self.waiting.clear();
        self.repeat_at = None;
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.under_way.is_empty() && self.waiting.is_empty()
    }

    pub(super) const fn repeat_at(&self) -> Option<Instant> {
        self.repeat_at
    }

    /// The next message to go out, or an acknowledgement when one is owed and nothing else carries it.
    pub(super) fn poll(&mut self, tunnel: u16) -> Option<Vec<u8>> {
        if let Some(mut bytes) = self.to_send.pop_front() {
            self.owes_acknowledgement = false;
            Writer::new(&mut bytes).patch(NR_AT, &self.nr.to_be_bytes());
            return Some(bytes);
        }
        if !self.owes_acknowledgement || tunnel == 0 {
            return None;
        }
        self.owes_acknowledgement = false;
        Some(Builder::header(tunnel, 0, self.ns, self.nr).finish())
    }

    pub(super) fn queued_bytes(&self) -> usize {
        self.to_send.iter().map(Vec::len).sum()
    }
}

/// Whether `a` is one of the 32,767 numbers before `b` (§3.1).
const fn is_before(a: u16, b: u16) -> bool {
    a.wrapping_sub(b) > 0x8000
}
