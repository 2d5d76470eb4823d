//! What carries PPP where several links do: the links of a bundle, each of which is a connection of its
//! own that stops at its proof.
//!
//! To the sleeve this is a link as any other, but for its lanes: there is one for each member, and what
//! passes over it are frames. A member is told from another by its lane. Where the peer does not bundle,
//! one link alone carries the frames as they are.

use std::collections::VecDeque;
use std::net::SocketAddr;

use onhook_base::{Deadline, Instant};
use onhook_effect::LaneId;
use onhook_link::{
    Farewell, FrameTerms, Framing, Lane, LaneFacts, Link, LinkEvent, LinkFacts, SessionKeys,
};
use onhook_ppp::multilink::{Bundle, MemberId, MemberTerms};
use onhook_ppp::wire::{emit_protocol, parse_protocol, protocol};
use onhook_ppp::{MultilinkFacts, auth};

use crate::connection::Admission;

/// Frames that wait for PPP, or for a member; what is more is lost, as on a line.
const MOST_FRAMES: usize = 512;

/// When a link is to be one of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Joins {
    /// Never: it stands alone.
    #[default]
    Never,
    /// When both ends have agreed on multilink.
    WhenAgreed,
    /// In any case: where the peer does not bundle, it carries the frames alone.
    Always,
}

/// A link that is up and proven, and waits for what stands above it.
#[derive(Clone, Debug)]
pub struct Joining {
    /// What LCP has agreed; `None`: the peer does not bundle.
    pub multilink: Option<MultilinkFacts>,
    /// The most octets of information that its peer takes in one frame.
    pub mru: u16,
    /// Its speed in bits per second, where that is known.
    pub bits_per_second: Option<u32>,
    /// It encrypts by itself.
    pub encrypted: bool,
    /// The keys of its proof.
    pub keys: Option<auth::Keys>,
    /// By which name the peer went.
    pub peer_name: Option<String>,
    /// How it was proven, for people.
    pub authentication: Option<String>,
    /// What its device says of the call, for people.
    pub line: Option<String>,
    /// The other end's socket address.
    pub server: Option<SocketAddr>,
    /// (Answering) what its caller was granted.
    pub admission: Option<Admission>,
}

/// How frames are carried.
#[derive(Debug)]
enum Mode {
    Alone(LaneId),
    Together(Box<Bundle>),
}

/// The links below one PPP.
#[derive(Debug)]
pub(crate) struct BundleCarrier {
    mode: Option<Mode>,
    agreed: Option<MultilinkFacts>,
    mtu: u16,
    encrypted: bool,
    frames: VecDeque<Vec<u8>>,
    current: Vec<u8>,
    out: VecDeque<(LaneId, Vec<u8>)>,
    fragment: Vec<u8>,
    events: VecDeque<LinkEvent>,
}

impl BundleCarrier {
    /// No link yet.
    pub(crate) const fn empty() -> Self {
        Self {
            mode: None,
            agreed: None,
            mtu: 0,
            encrypted: false,
            frames: VecDeque::new(),
            current: Vec::new(),
            out: VecDeque::new(),
            fragment: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// A link joins. Returns false when it does not belong to those that are there.
    pub(crate) fn join(&mut self, lane: LaneId, joining: &Joining) -> bool {
        let mode = match (&mut self.mode, joining.multilink) {
            (None, None) => Mode::Alone(lane),
            (None, Some(facts)) => Mode::Together(Box::new(Bundle::new(facts.bundle))),
            (Some(Mode::Together(bundle)), facts) if facts == self.agreed => {
                return bundle.join(MemberId(lane.0), member_terms(joining));
            }
            (Some(_), _) => return false,
        };
        self.agreed = joining.multilink;
        self.encrypted = joining.encrypted;
        self.mtu = joining.multilink.map_or(joining.mru, |facts| facts.bundle.peer_mrru);
        let mode = self.mode.insert(mode);
        if let Mode::Together(bundle) = mode {
            bundle.join(MemberId(lane.0), member_terms(joining));
        }
        true
    }

    /// A link is about to go: what is sent goes over the others.
    pub(crate) fn retire(&mut self, lane: LaneId) {
        if let Some(Mode::Together(bundle)) = &mut self.mode {
            bundle.retire(MemberId(lane.0));
        }
    }

    /// A link has gone.
    pub(crate) fn leave(&mut self, now: Instant, lane: LaneId) {
        if let Some(Mode::Together(bundle)) = &mut self.mode {
            bundle.leave(now, MemberId(lane.0));
        }
        self.out.retain(|(to, _)| *to != lane);
        self.take_frames();
    }

    /// A frame came over a link, from its Protocol field on.
    pub(crate) fn handle_frame(&mut self, now: Instant, lane: LaneId, frame: &[u8]) {
        match (&mut self.mode, parse_protocol(frame)) {
            (Some(Mode::Together(bundle)), Ok((protocol::MULTILINK, length))) => {
                let fragment = frame.get(length..).unwrap_or_default();
                // What has no room for its header is lost, as everything that is garbled.
                if bundle.handle_fragment(now, MemberId(lane.0), fragment).is_ok() {
                    self.take_frames();
                }
            }
            (Some(_), _) if self.frames.len() < MOST_FRAMES => {
                self.frames.push_back(frame.to_vec());
            }
            (_, _) => {}
        }
    }

    /// Octets that wait on a link.
    pub(crate) fn set_backlog(&mut self, lane: LaneId, octets: usize) {
        if let Some(Mode::Together(bundle)) = &mut self.mode {
            bundle.set_backlog(MemberId(lane.0), octets);
        }
    }

    /// The next frame for a link.
    pub(crate) fn poll_member(&mut self, into: &mut Vec<u8>) -> Option<LaneId> {
        if let Some((lane, frame)) = self.out.pop_front() {
            *into = frame;
            return Some(lane);
        }
        let Some(Mode::Together(bundle)) = &mut self.mode else { return None };
        let id = bundle.poll_fragment(&mut self.fragment)?;
        into.clear();
        emit_protocol(protocol::MULTILINK, into);
        into.extend_from_slice(&self.fragment);
        Some(LaneId(id.0))
    }

    fn take_frames(&mut self) {
        let Some(Mode::Together(bundle)) = &mut self.mode else { return };
        while let Some(frame) = bundle.poll_frame() {
            if self.frames.len() < MOST_FRAMES {
                self.frames.push_back(frame);
            }
        }
    }
}

const fn member_terms(joining: &Joining) -> MemberTerms {
    MemberTerms { mru: joining.mru, bits_per_second: joining.bits_per_second }
}

impl Link for BundleCarrier {
    fn open(&mut self, _now: Instant, _facts: &LaneFacts) {}

    fn close(&mut self, _now: Instant, _farewell: Farewell) {
        self.events.push_back(LinkEvent::Closed);
    }

    fn adopt(&mut self, _terms: FrameTerms) {}

    fn authenticated(&mut self, _now: Instant, _keys: Option<&SessionKeys>) {}

    fn handle_lane(&mut self, _now: Instant, _lane: Lane, _bytes: &[u8]) {}

    fn handle_lane_closed(&mut self, _now: Instant, _lane: Lane) {}

    fn handle_timeout(&mut self, now: Instant) {
        if let Some(Mode::Together(bundle)) = &mut self.mode {
            bundle.handle_timeout(now);
            self.take_frames();
        }
    }

    fn send_frame(&mut self, _now: Instant, protocol: u16, information: &[u8]) {
        match &mut self.mode {
            // What cannot be sent now is lost, as on a line.
            Some(Mode::Together(bundle)) => {
                bundle.send(protocol, information);
            }
            Some(Mode::Alone(lane)) if self.out.len() < MOST_FRAMES => {
                let mut frame = Vec::with_capacity(information.len().saturating_add(2));
                emit_protocol(protocol, &mut frame);
                frame.extend_from_slice(information);
                self.out.push_back((*lane, frame));
            }
            Some(Mode::Alone(_)) | None => {}
        }
    }

    fn poll_frame(&mut self, _now: Instant) -> Option<&mut [u8]> {
        self.current = self.frames.pop_front()?;
        Some(&mut self.current)
    }

    fn poll_transmit(&mut self, _into: &mut Vec<u8>) -> Option<Lane> {
        None
    }

    fn queued_bytes(&self) -> usize {
        let fragments = match &self.mode {
            Some(Mode::Together(bundle)) => bundle.queued_bytes(),
            Some(Mode::Alone(_)) | None => 0,
        };
        self.out.iter().map(|(_, frame)| frame.len()).sum::<usize>().saturating_add(fragments)
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        match &self.mode {
            Some(Mode::Together(bundle)) => bundle.poll_timeout(),
            Some(Mode::Alone(_)) | None => None,
        }
    }

    fn facts(&self) -> LinkFacts {
        LinkFacts {
            mtu: self.mtu,
            mru_to_ask: None,
            encrypted: self.encrypted,
            lossy: true,
            framing: Framing::Synchronous,
            ends_by_word: false,
        }
    }
}
