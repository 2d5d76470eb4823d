//! Fragments become packets again (RFC 1990 §4.1).
//!
//! A fragment that is missing is either late or lost. Every link keeps the order, so that what is before
//! the number last received on *each* link, M of RFC 1990, can no longer come. That alone would wait for
//! ever behind a link on which nothing is sent; what others wait behind is therefore given up after
//! [`PATIENCE`], and earlier when too much waits.
//!
//! Numbers are kept as *positions*, which do not wrap: that of the next fragment, and the distance from
//! it. What is too far from it either way is dropped, and when nothing else comes for as long as that, the
//! sequence is taken up there.

use std::collections::{BTreeMap, VecDeque};

use onhook_base::{Deadline, Duration, Instant, Malformed};

use super::bundle::MemberId;
use super::wire::{FragmentHeader, SequenceForm};

/// A fragment that others wait behind for as long as this is lost.
const PATIENCE: Duration = Duration::from_secs(3);
/// Fragments that may wait.
pub(super) const MOST_FRAGMENTS: usize = 512;
/// Their octets.
pub(super) const MOST_OCTETS: usize = 256 * 1024;
/// Packets that wait to be polled.
const MOST_READY: usize = 256;
/// Fragments one after the other that are out of all reach, before the sequence may be taken up anew.
const OUT_OF_REACH: u8 = 32;
/// Positions begin here, so that there is room behind the first.
const FIRST: u64 = 1 << 32;
/// The Protocol field, which the MRRU does not count.
const PROTOCOL: usize = 2;

#[derive(Debug)]
struct Fragment {
    begins: bool,
    ends: bool,
    data: Vec<u8>,
}

/// The receiving half of a bundle.
#[derive(Debug)]
pub(super) struct Assembly {
    form: SequenceForm,
    longest: usize,
    /// What is before it has been given out, or given up.
    next: u64,
    waiting: BTreeMap<u64, Fragment>,
    octets: usize,
    /// The position last received on each link.
    heard: Vec<(MemberId, u64)>,
    /// What is missing before this is lost, whatever the links say.
    given_up: u64,
    /// The missing fragment that others wait behind, and since when.
    held_up: Option<(u64, Instant)>,
    /// How many were out of reach, and since when no other has come.
    out_of_reach: Option<(u8, Instant)>,
    ready: VecDeque<Vec<u8>>,
    pub(super) lost: u64,
    pub(super) late: u64,
}

impl Assembly {
    pub(super) fn new(form: SequenceForm, mrru: u16) -> Self {
        Self {
            form,
            longest: usize::from(mrru).saturating_add(PROTOCOL),
            next: FIRST,
            waiting: BTreeMap::new(),
            octets: 0,
            heard: Vec::new(),
            given_up: 0,
            held_up: None,
            out_of_reach: None,
            ready: VecDeque::new(),
            lost: 0,
            late: 0,
        }
    }

    pub(super) fn join(&mut self, member: MemberId) {
        // What is to come may come on this link too.
        self.heard.push((member, self.next));
    }

    pub(super) fn leave(&mut self, now: Instant, member: MemberId) {
        self.heard.retain(|(id, _)| *id != member);
        self.advance(now);
    }

    pub(super) fn handle_fragment(
        &mut self,
        now: Instant,
        member: MemberId,
        information: &[u8],
    ) -> Result<(), Malformed> {
        let (header, data) = FragmentHeader::parse(self.form, information)?;
        let Some(position) = self.place(now, header.sequence) else {
            self.late = self.late.saturating_add(1);
            return Ok(());
        };
        for (id, heard) in &mut self.heard {
            if *id == member {
                *heard = position.max(*heard);
            }
        }
        if !self.waiting.contains_key(&position) {
            self.octets = self.octets.saturating_add(data.len());
            let fragment =
                Fragment { begins: header.begins, ends: header.ends, data: data.to_vec() };
            self.waiting.insert(position, fragment);
        }
        self.advance(now);
        while self.waiting.len() > MOST_FRAGMENTS || self.octets > MOST_OCTETS {
            let before = self.waiting.len();
            self.give_up_one();
            self.advance(now);
            if self.waiting.len() == before {
                // One packet that does not end, and nothing missing in it.
                self.forget_before(u64::MAX);
            }
        }
        Ok(())
    }

    /// The next frame, from its Protocol field on.
    pub(super) fn poll_frame(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.held_up.is_some_and(|(_, since)| now >= since + PATIENCE) {
            self.give_up_one();
            self.advance(now);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Deadline> {
        self.held_up.map(|(_, since)| Deadline::new(since + PATIENCE, "missing fragment"))
    }

    pub(super) const fn waiting_octets(&self) -> usize {
        self.octets
    }

    pub(super) fn waiting_fragments(&self) -> usize {
        self.waiting.len()
    }

    /// Where a sequence number is; `None` for one that is past, or too far ahead.
    fn place(&mut self, now: Instant, sequence: u32) -> Option<u64> {
        let mask = u64::from(self.form.mask());
        let ahead = u64::from(sequence).wrapping_sub(self.next) & mask;
        // Half of the numbers are ahead; the other half is behind.
        if ahead <= mask / 2 {
            self.out_of_reach = None;
            return Some(self.next.saturating_add(ahead));
        }
        let (count, since) = self.out_of_reach.unwrap_or((0, now));
        let count = count.saturating_add(1);
        self.out_of_reach = Some((count, since));
        if count < OUT_OF_REACH || now < since + PATIENCE {
            return None;
        }
        // Whoever sends has begun anew, or a number that nobody meant has led us astray.
        self.out_of_reach = None;
        self.forget_before(u64::MAX);
        self.next = self.next.saturating_add(ahead);
        self.given_up = 0;
        for (_, heard) in &mut self.heard {
            *heard = self.next;
        }
        Some(self.next)
    }

    /// What is missing before this position is lost.
    fn passed(&self) -> u64 {
        let links = self.heard.iter().map(|(_, heard)| *heard).min().unwrap_or(u64::MAX);
        links.max(self.given_up)
    }

    /// The fragment that holds the others up does not come any more.
    fn give_up_one(&mut self) {
        let missing = self.held_up.map_or(self.next, |(missing, _)| missing);
        let behind = self.waiting.range(missing..).next().map(|(at, _)| *at);
        self.given_up = behind.unwrap_or_else(|| missing.saturating_add(1));
    }

    /// Gives out what is whole, and drops what can never be.
    fn advance(&mut self, now: Instant) {
        loop {
            match self.look() {
                Look::Whole { last } => self.give_out(last),
                Look::Void { before } => self.forget_before(before),
                Look::Missing { at, behind } => {
                    if at < self.passed() {
                        let lost = behind.unwrap_or(u64::MAX).min(self.passed());
                        self.lost = self.lost.saturating_add(lost.saturating_sub(at));
                        self.forget_before(lost);
                        continue;
                    }
                    self.held_up = behind.map(|_| match self.held_up {
                        Some((held, since)) if held == at => (at, since),
                        Some(_) | None => (at, now),
                    });
                    return;
                }
                Look::Nothing => {
                    self.held_up = None;
                    return;
                }
            }
        }
    }

    fn look(&self) -> Look {
        let Some((first, fragment)) = self.waiting.first_key_value() else { return Look::Nothing };
        if *first != self.next {
            return Look::Missing { at: self.next, behind: Some(*first) };
        }
        if !fragment.begins {
            return Look::Void { before: first.saturating_add(1) };
        }
        let (mut at, mut total) = (self.next, 0_usize);
        for (position, fragment) in &self.waiting {
            if *position != at {
                return Look::Missing { at, behind: Some(*position) };
            }
            if fragment.begins && at != self.next {
                return Look::Void { before: at };
            }
            total = total.saturating_add(fragment.data.len());
            if total > self.longest {
                return Look::Void { before: at.saturating_add(1) };
            }
            if fragment.ends {
                return Look::Whole { last: at };
            }
            at = at.saturating_add(1);
        }
        Look::Missing { at, behind: None }
    }

    fn give_out(&mut self, last: u64) {
        let mut frame = Vec::new();
        while self.next <= last {
            if let Some(fragment) = self.waiting.remove(&self.next) {
                self.octets = self.octets.saturating_sub(fragment.data.len());
                frame.extend_from_slice(&fragment.data);
            }
            self.next = self.next.saturating_add(1);
        }
        // An empty one only says how far its link is (RFC 1990 §4.1).
        if !frame.is_empty() && self.ready.len() < MOST_READY {
            self.ready.push_back(frame);
        }
    }

    fn forget_before(&mut self, position: u64) {
        while let Some(entry) = self.waiting.first_entry() {
            if *entry.key() >= position {
                break;
            }
            self.next = self.next.max(entry.key().saturating_add(1));
            self.octets = self.octets.saturating_sub(entry.remove().data.len());
        }
        if position != u64::MAX {
            self.next = self.next.max(position);
        }
    }
}

/// What is at the front.
enum Look {
    /// A packet, up to this position.
    Whole {
        last: u64,
    },
    /// Nothing that could become one before this position.
    Void {
        before: u64,
    },
    /// It is not known yet: this one is missing, and others may wait behind it.
    Missing {
        at: u64,
        behind: Option<u64>,
    },
    Nothing,
}
