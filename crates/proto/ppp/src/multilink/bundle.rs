//! The links of a bundle, and how a packet is divided among them (RFC 1990 §4).
//!
//! A packet is cut so that its parts arrive together: each link gets what it can carry in the time that
//! all of them need, less what still waits on it. A link that is slow, or stands still, is given little
//! or nothing; and nothing is cut into parts that are mostly header.

use std::collections::VecDeque;

use onhook_base::{Deadline, Instant, Malformed};

use super::assembly::Assembly;
use super::wire::{FragmentHeader, SequenceForm};

/// The most links that a bundle may have.
pub const MAX_LINKS: usize = 16;
/// A part of a packet is no shorter than this, in octets, unless the packet is.
const SHORTEST: u64 = 64;
/// Fragments that wait to be polled; a packet for which there is no room is dropped.
const MOST_QUEUED: usize = 512;
/// The speed that is taken for a link of which none is known, in bits per second.
const SOME_SPEED: u32 = 1_000_000;

/// Which of a bundle's links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u8);

/// What both ends agreed for the whole bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundleTerms {
    /// The most octets of information, in one packet, that we put together: what we asked for.
    pub mrru: u16,
    /// The most that the peer puts together.
    pub peer_mrru: u16,
    /// The form of the numbers that come: what we asked for.
    pub receive_form: SequenceForm,
    /// The form of the numbers that we send.
    pub send_form: SequenceForm,
}

/// What is known of one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberTerms {
    /// The most octets of information that its peer takes in one frame.
    pub mru: u16,
    /// Its speed in bits per second; `None` where that means nothing.
    pub bits_per_second: Option<u32>,
}

/// What has become of fragments since birth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BundleCounters {
    /// Fragments that never came, as far as that was found out.
    pub lost: u64,
    /// Fragments that came when they were given up, or whose number made no sense.
    pub late: u64,
    /// Packets of ours for which there was no room.
    pub dropped: u64,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    id: MemberId,
    room: usize,
    speed: u64,
    /// Octets that wait on it.
    backlog: u64,
    /// It is about to go: nothing more is given to it.
    retired: bool,
}

/// One end of a bundle, as a machine.
#[derive(Debug)]
pub struct Bundle {
    terms: BundleTerms,
    assembly: Assembly,
    members: Vec<Member>,
    pub(super) next: u32,
    /// Who is first when it makes no difference.
    turn: usize,
    fragments: VecDeque<(MemberId, Vec<u8>)>,
    dropped: u64,
}

impl Bundle {
    /// A bundle that no link has joined yet.
    pub fn new(terms: BundleTerms) -> Self {
        Self {
            terms,
            assembly: Assembly::new(terms.receive_form, terms.mrru),
            members: Vec::new(),
            next: 0,
            turn: 0,
            fragments: VecDeque::new(),
            dropped: 0,
        }
    }

    /// What was agreed.
    pub const fn terms(&self) -> BundleTerms {
        self.terms
    }

    /// A link joins. Returns false when it is there already, or there are [`MAX_LINKS`].
    pub fn join(&mut self, id: MemberId, terms: MemberTerms) -> bool {
        if self.members.len() >= MAX_LINKS || self.members.iter().any(|m| m.id == id) {
            return false;
        }
        let room = terms.mru.saturating_sub(self.terms.send_form.header_len()).max(1);
        let speed = terms.bits_per_second.filter(|speed| *speed != 0).unwrap_or(SOME_SPEED);
        self.members.push(Member {
            id,
            room: room.into(),
            speed: speed.into(),
            backlog: 0,
            retired: false,
        });
        self.assembly.join(id);
        true
    }

    /// A link is about to go, in order: nothing more is sent over it, and what is still on its way over it,
    /// ahead of the peer's Terminate-Ack, is taken (RFC 1990 §7). [`leave`](Self::leave) follows.
    pub fn retire(&mut self, id: MemberId) {
        for member in self.members.iter_mut().filter(|m| m.id == id) {
            member.retired = true;
        }
    }

    /// A link has gone. What was on its way over it is lost; everything else goes on.
    pub fn leave(&mut self, now: Instant, id: MemberId) {
        self.members.retain(|m| m.id != id);
        self.fragments.retain(|(to, _)| *to != id);
        self.assembly.leave(now, id);
    }

    /// How many links there are.
    pub fn links(&self) -> usize {
        self.members.len()
    }

    /// How many octets wait on a link; what is sent is added by itself until this is said again.
    pub fn set_backlog(&mut self, id: MemberId, octets: usize) {
        for member in self.members.iter_mut().filter(|m| m.id == id) {
            member.backlog = u64::try_from(octets).unwrap_or(u64::MAX);
        }
    }

    /// The information of a multilink frame (003d) that came over a link.
    ///
    /// # Errors
    /// When it has no room for the header.
    pub fn handle_fragment(
        &mut self,
        now: Instant,
        id: MemberId,
        information: &[u8],
    ) -> Result<(), Malformed> {
        self.assembly.handle_fragment(now, id, information)
    }

    /// Sends a frame over the bundle. Returns false when it was dropped: there is no link, no room, or
    /// the peer could not put it together.
    pub fn send(&mut self, protocol: u16, information: &[u8]) -> bool {
        let most = usize::from(self.terms.peer_mrru);
        if self.members.iter().all(|member| member.retired)
            || information.len() > most
            || self.fragments.len() >= MOST_QUEUED
        {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        }
        let mut frame = protocol.to_be_bytes().to_vec();
        frame.extend_from_slice(information);
        let mut rest = frame.as_slice();
        let mut begins = true;
        for (at, share) in self.shares(rest.len()) {
            let (part, behind) = rest.split_at(share.min(rest.len()));
            rest = behind;
            self.queue(at, part, begins, rest.is_empty());
            begins = false;
        }
        true
    }

    /// The next fragment to send over a link: puts the information of its frame (003d) into `into`, which
    /// is cleared first.
    pub fn poll_fragment(&mut self, into: &mut Vec<u8>) -> Option<MemberId> {
        let (id, fragment) = self.fragments.pop_front()?;
        into.clear();
        into.extend_from_slice(&fragment);
        Some(id)
    }

    /// The next frame that was put together, from its Protocol field on.
    pub fn poll_frame(&mut self) -> Option<Vec<u8>> {
        self.assembly.poll_frame()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.assembly.poll_timeout()
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come. Early calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.assembly.handle_timeout(now);
    }

    /// What has become of fragments.
    pub const fn counters(&self) -> BundleCounters {
        BundleCounters { lost: self.assembly.lost, late: self.assembly.late, dropped: self.dropped }
    }

    /// Fragments, and their octets, that wait for others; for invariants.
    pub fn waiting(&self) -> (usize, usize) {
        (self.assembly.waiting_fragments(), self.assembly.waiting_octets())
    }

    /// Octets of fragments that wait for [`poll_fragment`](Self::poll_fragment).
    pub fn queued_bytes(&self) -> usize {
        self.fragments.iter().map(|(_, fragment)| fragment.len()).sum()
    }

    /// The share of a part, cut again to what its link carries in one frame.
    fn queue(&mut self, at: usize, part: &[u8], begins: bool, ends: bool) {
        let form = self.terms.send_form;
        let Some(member) = self.members.get_mut(at) else { return };
        let mut pieces = part.chunks(member.room).peekable();
        let mut first = begins;
        while let Some(piece) = pieces.next() {
            let last = ends && pieces.peek().is_none();
            let mut fragment = Vec::with_capacity(piece.len().saturating_add(4));
            FragmentHeader { begins: first, ends: last, sequence: self.next }
                .emit(form, &mut fragment);
            fragment.extend_from_slice(piece);
            self.next = self.next.wrapping_add(1) & form.mask();
            member.backlog = member.backlog.saturating_add(fragment.len() as u64);
            self.fragments.push_back((member.id, fragment));
            first = false;
        }
    }

    /// How many octets of `len` each link is to carry; they add up to `len`, and none is zero.
    fn shares(&mut self, len: usize) -> Vec<(usize, usize)> {
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        let count = self.members.len();
        self.turn = self.turn.wrapping_add(1);
        // In turn, so that links that are alike are used alike.
        let mut candidates: Vec<(usize, Member)> = (0..count)
            .filter_map(|n| self.turn.wrapping_add(n).checked_rem(count))
            .filter_map(|at| Some((at, *self.members.get(at)?)))
            .filter(|(_, member)| !member.retired)
            .collect();
        loop {
            let shares = divide(len, &candidates);
            // The last of the smallest is left out first.
            let poorest = (0..shares.len()).rev().min_by_key(|n| shares.get(*n).copied());
            match poorest {
                Some(n) if shares.len() > 1 && shares.get(n).is_some_and(|s| *s < SHORTEST) => {
                    candidates.remove(n);
                }
                Some(_) | None => {
                    let at = candidates.iter().map(|(at, _)| *at);
                    let octets = shares.into_iter().map(|s| usize::try_from(s).unwrap_or(0));
                    let mut all: Vec<_> = at.zip(octets).collect();
                    all.sort_unstable();
                    return all;
                }
            }
        }
    }
}

/// What each would carry if all were done at the same time; the last takes what division leaves.
fn divide(len: u64, members: &[(usize, Member)]) -> Vec<u64> {
    let speeds = members.iter().fold(0_u128, |sum, (_, m)| sum.saturating_add(m.speed.into()));
    let waiting = members.iter().fold(0_u128, |sum, (_, m)| sum.saturating_add(m.backlog.into()));
    let all = waiting.saturating_add(len.into());
    let mut left = len;
    let mut shares = Vec::with_capacity(members.len());
    for (n, (_, member)) in members.iter().enumerate() {
        let is_last = n.saturating_add(1) == members.len();
        let carries = all.saturating_mul(member.speed.into()).checked_div(speeds).unwrap_or(0);
        let share = carries.saturating_sub(member.backlog.into());
        let share = u64::try_from(share).unwrap_or(u64::MAX).min(left);
        let share = if is_last { left } else { share };
        left = left.saturating_sub(share);
        shares.push(share);
    }
    shares
}
