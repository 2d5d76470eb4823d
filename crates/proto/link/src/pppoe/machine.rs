//! One session, at either end.
//!
//! ```text
//!   caller     Idle ─▶ Discovering ─PADO─▶ Requesting ─PADS─▶ Up ─▶ Gone
//!                                              └─▶ Withdrawing ─────▶┘
//!   answerer   Idle ────────────────────────────────────────▶ Up ─▶ Gone
//! ```
//!
//! Who leaves while a session is being asked for waits for its number, to end it: the concentrator would
//! keep it and knock for half a minute.

use std::collections::VecDeque;

use onhook_base::{Deadline, Duration, Instant, Seed};

use super::failure::PppoeFailure;
use super::strays::Strays;
use super::wire::{
    BROADCAST, Builder, Frame, LAST_SESSION, SessionName, Station, Tags, code, finish,
    push_session_header, tag,
};
use crate::contract::{
    Farewell, FrameTerms, Framing, Lane, LaneFacts, Link, LinkEvent, LinkFacts, LinkFailure,
    SessionKeys,
};

/// What remains of Ethernet's 1500 octets (§7).
pub(super) const MTU: u16 = 1492;
/// What may be had where Ethernet carries eight octets more, and the concentrator agrees (RFC 4638).
const JUMBO_MTU: u16 = 1500;
/// What Ethernet must carry for it.
const JUMBO_ETHERNET: u32 = 1508;
/// The first packet is repeated after this, each further one after twice as long.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(8);
/// How often each is sent: a dial gives up after 1 + 2 + 4 + 8 s.
const SENDINGS: u32 = 4;
/// How long the number of a session is waited for that is to be ended at once.
const WITHDRAWAL: Duration = Duration::from_millis(500);
/// Frames that wait for the lane: more than that, and the newest are lost, as in any network.
const MOST_QUEUED: usize = 1024;

/// What a caller looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PppoeTerms {
    /// The service; empty takes any.
    pub service: String,
    /// The concentrator; `None` takes any.
    pub concentrator: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Discovering {
        sent: u32,
        again: Instant,
    },
    Requesting {
        sent: u32,
        again: Instant,
    },
    /// The owner has closed it meanwhile.
    Withdrawing {
        until: Instant,
    },
    Up,
    Gone,
}

/// One end of a PPPoE session; see the [room](super).
#[derive(Debug)]
pub struct Pppoe {
    terms: PppoeTerms,
    /// The session that an answerer has been given.
    given: Option<SessionName>,
    phase: Phase,
    ours: Station,
    peer: Station,
    session: u16,
    pub(super) unique: Vec<u8>,
    offer: Tags,
    others: bool,
    asks_jumbo: bool,
    mtu: u16,
    to_send: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    frame: Vec<u8>,
    has_frame: bool,
    pub(super) events: VecDeque<LinkEvent>,
    strays: Strays,
    dropped: u64,
}

impl Pppoe {
    /// The calling end.
    pub fn caller(terms: PppoeTerms, seed: &Seed) -> Self {
        Self::new(terms, None, seed.chance().bytes::<8>().to_vec())
    }

    /// The answering end of a session that the [concentrator](super::Concentrator) has begun, with the
    /// [MTU](super::Concentrator::mtu) that was agreed.
    pub fn answerer(session: SessionName, mtu: u16) -> Self {
        let end = Self::new(PppoeTerms::default(), Some(session), Vec::new());
        Self { mtu: mtu.clamp(MTU, JUMBO_MTU), ..end }
    }

    fn new(terms: PppoeTerms, given: Option<SessionName>, unique: Vec<u8>) -> Self {
        Self {
            terms,
            given,
            phase: Phase::Idle,
            ours: Station::default(),
            peer: Station::default(),
            session: 0,
            unique,
            offer: Tags::default(),
            others: false,
            asks_jumbo: false,
            mtu: MTU,
            to_send: VecDeque::new(),
            spare: Vec::new(),
            frame: Vec::new(),
            has_frame: false,
            events: VecDeque::new(),
            strays: Strays::default(),
            dropped: 0,
        }
    }

    /// Frames that were not for us, meant nothing, or came when they may not.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn drop_one(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    pub(super) const fn name(&self) -> SessionName {
        SessionName { ours: self.ours, theirs: self.peer, session: self.session }
    }

    fn fall(&mut self, failure: impl Into<LinkFailure>) {
        if self.phase != Phase::Gone {
            self.phase = Phase::Gone;
            self.events.push_back(LinkEvent::Down(failure.into()));
            self.events.push_back(LinkEvent::Closed);
        }
    }

    fn gone(&mut self) {
        self.phase = Phase::Gone;
        self.events.push_back(LinkEvent::Closed);
    }

    /// Tells the concentrator that the session is over.
    fn end_session(&mut self) {
        let mut packet = Builder::new(self.peer, self.ours, code::PADT, self.session)
            .maybe(tag::RELAY_SESSION_ID, self.offer.relay.as_ref());
        if !self.unique.is_empty() {
            packet = packet
                .tag(tag::HOST_UNIQ, &self.unique)
                .maybe(tag::AC_COOKIE, self.offer.cookie.as_ref());
        }
        self.to_send.push_back(packet.finish());
    }

    fn initiate(&mut self, now: Instant, sent: u32) {
        let packet = self.discovery(BROADCAST, code::PADI).finish();
        self.to_send.push_back(packet);
        self.phase = Phase::Discovering { sent, again: now + pause(sent) };
    }

    fn request(&mut self, now: Instant, sent: u32) {
        let packet = self
            .discovery(self.peer, code::PADR)
            .maybe(tag::AC_COOKIE, self.offer.cookie.as_ref())
            .maybe(tag::RELAY_SESSION_ID, self.offer.relay.as_ref())
            .finish();
        self.to_send.push_back(packet);
        self.phase = Phase::Requesting { sent, again: now + pause(sent) };
    }

    fn discovery(&self, to: Station, code: u8) -> Builder {
        let packet = Builder::new(to, self.ours, code, 0)
            .tag(tag::SERVICE_NAME, self.terms.service.as_bytes())
            .tag(tag::HOST_UNIQ, &self.unique);
        match self.asks_jumbo {
            true => packet.tag(tag::MAX_PAYLOAD, &JUMBO_MTU.to_be_bytes()),
            false => packet,
        }
    }

    fn handle_discovery(&mut self, now: Instant, frame: &Frame<'_>) {
        if frame.to != self.ours {
            return self.drop_one();
        }
        let Ok(tags) = Tags::parse(frame.payload) else { return self.drop_one() };
        if frame.code == code::PADT {
            return self.on_terminate(frame, tags);
        }
        if tags.host_uniq.as_ref() != Some(&self.unique) {
            return self.drop_one();
        }
        match (&self.phase, frame.code) {
            (Phase::Discovering { .. }, code::PADO) => self.on_offer(now, frame, tags),
            (Phase::Requesting { .. }, code::PADS) if frame.from == self.peer => {
                self.on_session(frame.session, tags);
            }
            (Phase::Withdrawing { .. }, code::PADS) if frame.from == self.peer => {
                self.session = frame.session;
                if (1..=LAST_SESSION).contains(&frame.session) {
                    self.end_session();
                }
                self.gone();
            }
            (Phase::Up, code::PADS) if frame.from == self.peer && frame.session != self.session => {
                // An answer to a repetition that began a second session: one is enough.
                let second = SessionName { session: frame.session, ..self.name() };
                if (1..=LAST_SESSION).contains(&frame.session) {
                    self.to_send.push_back(second.terminate());
                }
            }
            _ => self.drop_one(),
        }
    }

    fn on_offer(&mut self, now: Instant, frame: &Frame<'_>, tags: Tags) {
        if let Some(failure) = refusal(&tags) {
            // Another concentrator may do better; if none does, this is what there was.
            tracing::debug!(target: "link::pppoe", %failure, "an offer that is none");
            self.others = true;
            return;
        }
        let service = self.terms.service.as_bytes();
        let has_service =
            service.is_empty() || tags.service_names.iter().any(|name| name == service);
        let has_name = self
            .terms
            .concentrator
            .as_ref()
            .is_none_or(|name| tags.ac_name.as_deref() == Some(name.as_bytes()));
        if !has_service || !has_name {
            self.others = true;
            return;
        }
        self.peer = frame.from;
        self.offer = tags;
        self.request(now, 1);
    }

    fn on_session(&mut self, session: u16, tags: Tags) {
        if let Some(failure) = refusal(&tags) {
            return self.fall(failure);
        }
        if !(1..=LAST_SESSION).contains(&session) {
            return self.fall(PppoeFailure::Refused(String::new()));
        }
        self.session = session;
        if self.asks_jumbo && tags.max_payload.is_some_and(|most| most >= JUMBO_MTU) {
            self.mtu = JUMBO_MTU;
        }
        self.phase = Phase::Up;
        self.events.push_back(LinkEvent::Up);
    }

    fn on_terminate(&mut self, frame: &Frame<'_>, tags: Tags) {
        let is_ours = frame.from == self.peer && frame.session == self.session;
        if self.phase != Phase::Up || !is_ours {
            return self.drop_one();
        }
        self.to_send.clear();
        let text = tags.generic_error.unwrap_or_default();
        self.fall(PppoeFailure::Terminated(text));
    }

    fn handle_session(&mut self, now: Instant, frame: &Frame<'_>) {
        let is_ours = frame.from == self.peer
            && frame.to == self.ours
            && frame.session == self.session
            && self.phase == Phase::Up;
        if !is_ours {
            self.end_stray(now, frame);
        }
        if !is_ours || frame.payload.is_empty() || self.has_frame {
            return self.drop_one();
        }
        self.frame.clear();
        self.frame.extend_from_slice(frame.payload);
        self.has_frame = true;
    }

    /// A concentrator goes on with a session that was ours before we were killed, perhaps. While one is asked
    /// for a session, what comes from it may be that session's, faster than its number.
    fn end_stray(&mut self, now: Instant, frame: &Frame<'_>) {
        let is_nobodys = match self.phase {
            Phase::Discovering { .. } => true,
            Phase::Requesting { .. } | Phase::Withdrawing { .. } => frame.from != self.peer,
            Phase::Up => true,
            Phase::Idle | Phase::Gone => false,
        };
        if is_nobodys
            && frame.to == self.ours
            && self.to_send.len() < MOST_QUEUED
            && let Some(end) = self.strays.end(now, frame)
        {
            tracing::debug!(target: "link::pppoe", session = frame.session, "a stale session is ended");
            self.to_send.push_back(end);
        }
    }
}

fn pause(sent: u32) -> Duration {
    FIRST.saturating_mul(1 << sent.saturating_sub(1).min(3)).min(LONGEST)
}

/// What the tags of an error say (§A).
fn refusal(tags: &Tags) -> Option<PppoeFailure> {
    let service = tags.service_error.clone().map(PppoeFailure::ServiceRefused);
    let system = || tags.system_error.clone().map(PppoeFailure::SystemError);
    service.or_else(system).or_else(|| tags.generic_error.clone().map(PppoeFailure::Refused))
}

impl Link for Pppoe {
    fn open(&mut self, now: Instant, facts: &LaneFacts) {
        if self.phase != Phase::Idle {
            return;
        }
        if let Some(given) = self.given {
            SessionName { ours: self.ours, theirs: self.peer, session: self.session } = given;
            self.phase = Phase::Up;
            self.events.push_back(LinkEvent::Up);
            return;
        }
        let Some(ethernet) = facts.ethernet else {
            return self.fall(PppoeFailure::NoEthernet);
        };
        self.ours = ethernet.address;
        self.asks_jumbo = ethernet.mtu >= JUMBO_ETHERNET;
        self.initiate(now, 1);
    }

    fn close(&mut self, now: Instant, farewell: Farewell) {
        match (&self.phase, farewell) {
            (Phase::Gone, _) | (Phase::Withdrawing { .. }, Farewell::Ordinary) => {}
            (Phase::Requesting { .. }, _) => {
                self.phase = Phase::Withdrawing { until: now + WITHDRAWAL };
            }
            (Phase::Up, _) => {
                self.end_session();
                self.gone();
            }
            (Phase::Idle | Phase::Discovering { .. } | Phase::Withdrawing { .. }, _) => self.gone(),
        }
    }

    /// Nothing changes: the framing is fixed (§7).
    fn adopt(&mut self, _terms: FrameTerms) {}

    fn authenticated(&mut self, _now: Instant, _keys: Option<&SessionKeys>) {}

    #[inline]
    fn handle_lane(&mut self, now: Instant, _lane: Lane, bytes: &[u8]) {
        match Frame::parse(bytes) {
            Ok(frame) if frame.is_session => self.handle_session(now, &frame),
            Ok(frame) => self.handle_discovery(now, &frame),
            Err(_) => self.drop_one(),
        }
    }

    fn handle_lane_closed(&mut self, _now: Instant, _lane: Lane) {
        self.to_send.clear();
        self.fall(LinkFailure::LaneClosed);
    }

    fn handle_timeout(&mut self, now: Instant) {
        match self.phase {
            Phase::Discovering { sent, again } if now >= again => match sent < SENDINGS {
                true => self.initiate(now, sent.saturating_add(1)),
                false => self.fall(PppoeFailure::NoConcentrator { others: self.others }),
            },
            Phase::Requesting { sent, again } if now >= again => match sent < SENDINGS {
                true => self.request(now, sent.saturating_add(1)),
                false => self.fall(PppoeFailure::NoSession),
            },
            Phase::Withdrawing { until } if now >= until => self.gone(),
            _ => {}
        }
    }

    #[inline]
    fn send_frame(&mut self, _now: Instant, protocol: u16, information: &[u8]) {
        let fits = information.len() <= usize::from(self.mtu);
        if self.phase != Phase::Up || !fits || self.to_send.len() >= MOST_QUEUED {
            return self.drop_one();
        }
        let mut out = self.spare.pop().unwrap_or_default();
        out.clear();
        push_session_header(&mut out, self.peer, self.ours, self.session);
        out.extend_from_slice(&protocol.to_be_bytes());
        out.extend_from_slice(information);
        finish(&mut out);
        self.to_send.push_back(out);
    }

    #[inline]
    fn poll_frame(&mut self, _now: Instant) -> Option<&mut [u8]> {
        if !self.events.is_empty() || !std::mem::take(&mut self.has_frame) {
            return None;
        }
        Some(&mut self.frame)
    }

    fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<Lane> {
        let old = std::mem::replace(into, self.to_send.pop_front()?);
        if old.capacity() > 0 && self.spare.len() < MOST_QUEUED {
            self.spare.push(old);
        }
        Some(Lane::Control)
    }

    fn safe_mtu(&self) -> Option<u16> {
        (self.mtu > MTU).then_some(MTU)
    }

    fn keep_to_safe_mtu(&mut self) {
        self.mtu = self.mtu.min(MTU);
    }

    fn queued_bytes(&self) -> usize {
        self.to_send.iter().map(Vec::len).sum()
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        match self.phase {
            Phase::Discovering { again, .. } => Some(Deadline::new(again, "PPPoE PADO")),
            Phase::Requesting { again, .. } => Some(Deadline::new(again, "PPPoE PADS")),
            Phase::Withdrawing { until } => Some(Deadline::new(until, "PPPoE PADS, to end it")),
            Phase::Idle | Phase::Up | Phase::Gone => None,
        }
    }

    fn facts(&self) -> LinkFacts {
        LinkFacts {
            mtu: self.mtu,
            mru_to_ask: (self.mtu != JUMBO_MTU).then_some(self.mtu),
            encrypted: false,
            lossy: true,
            framing: Framing::Fixed,
            ends_by_word: true,
        }
    }
}
