//! A line between two computers: a cable, a pseudoterminal, TCP to a terminal server.
//!
//! Nothing is dialed and nothing shakes hands, unless the cable is asked for as Windows knows it: there
//! the calling side says `CLIENT` until the other says `CLIENTSERVER`, or until PPP begins all the same.

use std::collections::VecDeque;

use onhook_base::{Deadline, Duration, Instant};

use super::wire::{Deframer, Losses, push_frame};
use crate::contract::{
    Farewell, FrameTerms, Framing, Lane, LaneFacts, Link, LinkEvent, LinkFacts, LinkFailure,
    SessionKeys,
};
use crate::head::LCP;

/// The MTU of a line, and what every PPP end can receive (RFC 1661 §6.1).
const MTU: u16 = 1500;
/// The longest information that we receive: more than was agreed, as long as it costs nothing.
const INFORMATION_MAX: usize = 4096;
/// The map that holds until another is agreed, and for LCP always (RFC 1662 §7.1).
const ALL_ESCAPED: u32 = 0xffff_ffff;
/// What waits to be sent at most: a line slower than its user loses packets, as a network does.
pub(super) const MOST_QUEUED: usize = 256 << 10;

const CLIENT: &[u8] = b"CLIENT";
const SERVER: &[u8] = b"CLIENTSERVER";
const CLIENT_EVERY: Duration = Duration::from_secs(1);
const FLAG: u8 = 0x7e;

/// What a line is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTerms {
    /// We call: with `greets` it is we who say `CLIENT`.
    pub calls: bool,
    /// The cable greets as Windows' "communications cable between two computers" does. The answering
    /// end answers a greeting whether it expects one or not.
    pub greets: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    /// `CLIENT` was said.
    Greeting {
        again: Instant,
    },
    Up,
    Gone,
}

/// One end of a line; see the [room](super).
#[derive(Debug)]
pub struct Line {
    terms: LineTerms,
    phase: Phase,
    deframer: Deframer,
    /// What has come and was not looked at, from `read` on.
    inbox: Vec<u8>,
    read: usize,
    outbox: Vec<u8>,
    framing: FrameTerms,
    /// The last octets before the first flag, in which a greeting may stand.
    heard: Vec<u8>,
    has_heard_flag: bool,
    events: VecDeque<LinkEvent>,
    dropped_frames: u64,
}

impl Line {
    /// A line that is not open yet.
    pub fn new(terms: LineTerms) -> Self {
        Self {
            terms,
            phase: Phase::Idle,
            deframer: Deframer::new(INFORMATION_MAX),
            inbox: Vec::new(),
            read: 0,
            outbox: Vec::new(),
            framing: FrameTerms::unagreed(ALL_ESCAPED, MTU),
            heard: Vec::new(),
            has_heard_flag: false,
            events: VecDeque::new(),
            dropped_frames: 0,
        }
    }

    /// What was received and was no frame.
    pub const fn losses(&self) -> Losses {
        self.deframer.losses()
    }

    /// Frames of ours that were not sent: the line was not up, or too much waited already.
    pub const fn dropped_frames(&self) -> u64 {
        self.dropped_frames
    }

    fn up(&mut self) {
        self.phase = Phase::Up;
        self.events.push_back(LinkEvent::Up);
    }

    /// Before the first flag there may be words.
    fn listen(&mut self, bytes: &[u8]) {
        if self.has_heard_flag {
            return;
        }
        let words = match memchr::memchr(FLAG, bytes) {
            Some(at) => {
                self.has_heard_flag = true;
                bytes.split_at(at).0
            }
            None => bytes,
        };
        self.heard.extend_from_slice(words);
        let greeted = |heard: &[u8], word: &[u8]| heard.windows(word.len()).any(|w| w == word);
        if self.terms.calls {
            let answered = greeted(&self.heard, SERVER) || self.has_heard_flag;
            if answered && matches!(self.phase, Phase::Greeting { .. }) {
                self.up();
            }
        } else if greeted(&self.heard, CLIENT) {
            self.outbox.extend_from_slice(SERVER);
            self.heard.clear();
        }
        let surplus = self.heard.len().saturating_sub(SERVER.len());
        self.heard.drain(..surplus);
    }
}

impl Link for Line {
    fn open(&mut self, now: Instant, _facts: &LaneFacts) {
        if self.phase != Phase::Idle {
            return;
        }
        if self.terms.calls && self.terms.greets {
            self.outbox.extend_from_slice(CLIENT);
            self.phase = Phase::Greeting { again: now + CLIENT_EVERY };
        } else {
            self.up();
        }
    }

    /// A line has no farewell of its own: PPP's was the last word.
    fn close(&mut self, _now: Instant, _farewell: Farewell) {
        if self.phase != Phase::Gone {
            self.phase = Phase::Gone;
            self.events.push_back(LinkEvent::Closed);
        }
    }

    fn adopt(&mut self, terms: FrameTerms) {
        self.framing = terms;
    }

    fn authenticated(&mut self, _now: Instant, _keys: Option<&SessionKeys>) {}

    #[inline]
    fn handle_lane(&mut self, _now: Instant, _lane: Lane, bytes: &[u8]) {
        if matches!(self.phase, Phase::Idle | Phase::Gone) {
            return;
        }
        self.listen(bytes);
        self.inbox.drain(..self.read);
        self.read = 0;
        self.inbox.extend_from_slice(bytes);
    }

    fn handle_lane_closed(&mut self, _now: Instant, _lane: Lane) {
        self.outbox.clear();
        if self.phase != Phase::Gone {
            self.phase = Phase::Gone;
            self.events.push_back(LinkEvent::Down(LinkFailure::LaneClosed));
            self.events.push_back(LinkEvent::Closed);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let Phase::Greeting { again } = self.phase
            && now >= again
        {
            self.outbox.extend_from_slice(CLIENT);
            self.phase = Phase::Greeting { again: now + CLIENT_EVERY };
        }
    }

    #[inline]
    fn send_frame(&mut self, _now: Instant, protocol: u16, information: &[u8]) {
        let fits = self.outbox.len().saturating_add(information.len()) <= MOST_QUEUED;
        if self.phase != Phase::Up || !fits {
            self.dropped_frames = self.dropped_frames.saturating_add(1);
            return;
        }
        let map = if protocol == LCP { ALL_ESCAPED } else { self.framing.escape_map };
        let head = self.framing.head(protocol);
        push_frame(&mut self.outbox, map, &[head.octets(), information]);
    }

    #[inline]
    fn poll_frame(&mut self, _now: Instant) -> Option<&mut [u8]> {
        if self.phase != Phase::Up || !self.events.is_empty() {
            return None;
        }
        let unread = self.inbox.get(self.read..).unwrap_or_default();
        let (read, whole) = self.deframer.read(unread);
        self.read = self.read.saturating_add(read);
        whole.then(|| self.deframer.frame_mut())
    }

    fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<Lane> {
        if self.outbox.is_empty() {
            return None;
        }
        into.clear();
        std::mem::swap(into, &mut self.outbox);
        Some(Lane::Control)
    }

    fn queued_bytes(&self) -> usize {
        self.outbox.len()
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        match self.phase {
            Phase::Greeting { again } => Some(Deadline::new(again, "cable greeting")),
            Phase::Idle | Phase::Up | Phase::Gone => None,
        }
    }

    fn facts(&self) -> LinkFacts {
        LinkFacts {
            mtu: MTU,
            mru_to_ask: None,
            encrypted: false,
            lossy: true,
            framing: Framing::Asynchronous,
            ends_by_word: false,
        }
    }
}
