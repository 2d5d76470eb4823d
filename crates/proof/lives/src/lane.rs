//! One direction of the line between two ends, as good or bad as its faults make it.

use std::collections::VecDeque;

use onhook_base::{Duration, Instant};

use crate::fault::Fault;
use crate::links::LaneShape;

/// How long TCP takes to repeat what was lost.
const REPEATED_AFTER: Duration = Duration::from_secs(1);
/// How far apart jitter throws messages.
const JITTER_MS: u64 = 400;
/// How late a datagram out of order is, and the second of two the same.
const OUT_OF_ORDER: Duration = Duration::from_millis(200);

/// How the lane ends for its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LaneEnd {
    /// The sender has closed it.
    Closed,
    /// It broke: a reset, or octets that fail their check.
    Broken,
}

/// What arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    Bytes(Vec<u8>),
    End(LaneEnd),
}

#[derive(Debug)]
pub(crate) struct Lane {
    shape: LaneShape,
    delay: Duration,
    chance: u64,
    queue: VecDeque<(Instant, Vec<u8>)>,
    last: Instant,
    end: Option<(Instant, LaneEnd)>,
    cut: bool,
    closed_to_pass_until: Instant,
    spoil_next: bool,
    jitter: bool,
    loss: bool,
    duplication: bool,
    reordering: bool,
}

impl Lane {
    pub(crate) const fn new(shape: LaneShape, delay: Duration, salt: u64) -> Self {
        Self {
            shape,
            delay,
            chance: salt,
            queue: VecDeque::new(),
            last: Instant::ORIGIN,
            end: None,
            cut: false,
            closed_to_pass_until: Instant::ORIGIN,
            spoil_next: false,
            jitter: false,
            loss: false,
            duplication: false,
            reordering: false,
        }
    }

    /// Puts a message on the lane, `late` later than usual.
    pub(crate) fn send(&mut self, now: Instant, late: Duration, mut bytes: Vec<u8>) {
        if self.cut || self.end.is_some() || bytes.is_empty() {
            return;
        }
        let chance = self.draw();
        let mut at = now + self.delay + late;
        if self.jitter {
            at += Duration::from_millis(chance % JITTER_MS);
        }
        let spoiled = std::mem::take(&mut self.spoil_next);
        if self.shape.is_stream() {
            if spoiled {
                self.break_at(at);
                return;
            }
            if self.loss && (chance >> 32).is_multiple_of(4) {
                at += REPEATED_AFTER;
            }
            self.last = at.max(self.last).max(self.closed_to_pass_until);
            self.queue.push_back((self.last, bytes));
            return;
        }
        if now < self.closed_to_pass_until || self.loss && (chance >> 32).is_multiple_of(5) {
            return;
        }
        if spoiled {
            let at = usize::try_from(chance >> 16).unwrap_or(0) % bytes.len();
            if let Some(octet) = bytes.get_mut(at) {
                *octet ^= 1 << (chance % 8);
            }
        }
        if self.reordering && (chance >> 24).is_multiple_of(4) {
            at += OUT_OF_ORDER;
        }
        if self.duplication && (chance >> 40).is_multiple_of(4) {
            self.insert(at + OUT_OF_ORDER, bytes.clone());
        }
        self.insert(at, bytes);
    }

    fn insert(&mut self, at: Instant, bytes: Vec<u8>) {
        let place = self.queue.partition_point(|(other, _)| *other <= at);
        self.queue.insert(place, (at, bytes));
    }

    fn draw(&mut self) -> u64 {
        // SplitMix64: a handful of operations, and good enough to throw dice.
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The sender closes: behind the last octet comes the end. On datagrams nobody is told.
    pub(crate) fn close(&mut self, now: Instant) {
        if self.cut {
            return;
        }
        if self.shape.is_stream() {
            let at = self.last.max(now + self.delay).max(self.closed_to_pass_until);
            self.end.get_or_insert((at, LaneEnd::Closed));
        } else {
            self.cut = true;
        }
    }

    /// The receiver has closed its socket: nothing arrives any more.
    pub(crate) fn stop_listening(&mut self) {
        self.cut();
    }

    fn cut(&mut self) {
        self.cut = true;
        self.queue.clear();
        self.end = None;
    }

    fn break_at(&mut self, at: Instant) {
        self.queue.retain(|(other, _)| *other < at);
        if !self.cut {
            self.end = Some((at, LaneEnd::Broken));
        }
    }

    /// Something happens to the line.
    pub(crate) fn suffer(&mut self, now: Instant, fault: Fault) {
        match fault {
            Fault::Partition | Fault::ServerDies => self.cut(),
            Fault::Pause => {
                self.closed_to_pass_until = now + fault.delay();
                if self.shape.is_stream() {
                    for (at, _) in &mut self.queue {
                        *at = (*at).max(self.closed_to_pass_until);
                    }
                    self.last = self.last.max(self.closed_to_pass_until);
                } else {
                    self.queue.clear();
                }
            }
            Fault::HalfClose => self.close(now),
            Fault::Reset => self.break_at(now),
            Fault::Corruption => self.spoil_next = true,
            Fault::Jitter => self.jitter = true,
            Fault::Loss => self.loss = true,
            Fault::Duplication => self.duplication = true,
            Fault::Reordering => self.reordering = true,
            _ => {}
        }
    }

    /// When the next thing arrives.
    pub(crate) fn arrives_at(&self) -> Option<Instant> {
        self.queue.front().map(|(at, _)| *at).or(self.end.map(|(at, _)| at))
    }

    /// What has arrived by `now`; an end arrives once.
    pub(crate) fn receive(&mut self, now: Instant) -> Option<Arrival> {
        if let Some((at, _)) = self.queue.front() {
            return match *at <= now {
                true => self.queue.pop_front().map(|(_, bytes)| Arrival::Bytes(bytes)),
                false => None,
            };
        }
        let (at, end) = self.end?;
        if at > now {
            return None;
        }
        self.cut();
        Some(Arrival::End(end))
    }
}
