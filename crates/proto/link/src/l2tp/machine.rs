//! One end of one tunnel with one call in it: what a dial is, and an answerer whose callers have a lane each.

use std::collections::VecDeque;

use onhook_base::{Deadline, Instant, Secret, Seed};

use super::failure::L2tpFailure;
use super::session::{FACTS, Session, result_of};
use super::tunnel::{Heard, Tunnel};
use super::wire::{Builder, Control, Datagram, Message, avp, disconnect, error, kind, stop};
use crate::contract::{
    Farewell, FrameTerms, Lane, LaneFacts, Link, LinkEvent, LinkFacts, LinkFailure, SessionKeys,
    Signal,
};

/// What one end of a tunnel is to know.
#[derive(Clone, Debug)]
pub struct L2tpTerms {
    /// Our name, told to the peer.
    pub host_name: String,
    /// The tunnel's secret: the peer must prove that it knows it, and we do when asked.
    pub secret: Option<Secret<String>>,
    /// The number by which the peer is to call our end of the tunnel; drawn when `None`. A listener
    /// gives each of its tunnels one of its own.
    pub tunnel: Option<u16>,
}

/// One end of an L2TP call; see the [room](super).
#[derive(Debug)]
pub struct L2tp {
    calls: bool,
    serial: u32,
    pub(super) tunnel: Tunnel,
    pub(super) session: Session,
    /// The owner was told that nothing passes any more.
    down: bool,
    /// The owner was told that it is over.
    is_over: bool,
    follows: bool,
    events: VecDeque<LinkEvent>,
    dropped: u64,
}

impl L2tp {
    /// The calling end.
    pub fn caller(terms: L2tpTerms, seed: &Seed) -> Self {
        Self::new(terms, true, seed)
    }

    /// The answering end.
    pub fn answerer(terms: L2tpTerms, seed: &Seed) -> Self {
        Self::new(terms, false, seed)
    }

    fn new(terms: L2tpTerms, calls: bool, seed: &Seed) -> Self {
        let mut chance = seed.chance();
        let mut number = || {
            let [low, high, ..] = chance.u32().to_le_bytes();
            u16::from_le_bytes([low, high]).max(1)
        };
        let tunnel = terms.tunnel.unwrap_or_else(&mut number);
        let session = number();
        Self {
            calls,
            tunnel: Tunnel::new(terms, calls, tunnel, chance.bytes()),
            session: Session::new(session),
            serial: chance.u32(),
            down: false,
            is_over: false,
            follows: false,
            events: VecDeque::new(),
            dropped: 0,
        }
    }

    /// Datagrams that were not for us, meant nothing, or came when they may not.
    pub const fn dropped(&self) -> u64 {
        self.dropped.saturating_add(self.session.dropped())
    }

    const fn drop_one(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    /// Down once; what the peer is still to be told is said by [`Link::close`].
    fn fall(&mut self, failure: impl Into<LinkFailure>) {
        if !self.down && !self.is_over {
            self.down = true;
            self.session.forget_data();
            self.events.push_back(LinkEvent::Down(failure.into()));
        }
    }

    /// Tells the owner, once, when nothing is waited for any more.
    fn rest(&mut self) {
        if self.tunnel.is_gone() && !self.is_over {
            self.is_over = true;
            self.events.push_back(LinkEvent::Closed);
        }
    }

    fn handle_control(&mut self, now: Instant, control: &Control<'_>) {
        match self.tunnel.handle_control(now, control) {
            Heard::Nothing => {}
            Heard::Stray => self.drop_one(),
            Heard::Open if self.calls => {
                // It has shown that it is the one that we asked, from wherever it has answered.
                self.follows = true;
                // Who may begin a tunnel may begin a call in it.
                let call = self.session.call(self.tunnel.peer, self.serial);
                self.tunnel.say(now, call);
            }
            Heard::Open => self.session.await_call(),
            Heard::Call { session, message } => self.handle_call(now, session, &message),
            Heard::Ended(failure) => self.fall(failure),
        }
        self.rest();
    }

    fn handle_call(&mut self, now: Instant, session: u16, message: &Message) {
        if session != 0 && session != self.session.number {
            return self.drop_one();
        }
        let is_further =
            message.kind == kind::OCRQ || message.kind == kind::ICRQ && !self.session.awaits_call();
        if is_further && message.not_understood.is_none() {
            return self.refuse(now, message);
        }
        let was_up = self.session.is_up();
        match self.session.obey(self.tunnel.peer, message) {
            Ok(answer) => {
                if let Some(answer) = answer {
                    self.tunnel.say(now, answer);
                }
                if self.session.is_up() && !was_up {
                    self.events.push_back(LinkEvent::Up);
                }
            }
            Err(failure) => {
                match failure {
                    L2tpFailure::CallEnded { .. } => {}
                    L2tpFailure::NotUnderstood { .. } => {
                        self.tunnel.stop(now, stop::ERROR, error::NOT_UNDERSTOOD);
                    }
                    _ => self.tunnel.stop(now, stop::STATE, error::NONE),
                }
                self.fall(failure);
            }
        }
    }

    /// A further call in this tunnel, or one that we should make for the peer.
    fn refuse(&mut self, now: Instant, message: &Message) {
        match refusal(self.tunnel.peer, message) {
            Some(refusal) => self.tunnel.say(now, refusal),
            None => self.drop_one(),
        }
    }
}

/// What is said to who asks for a call that cannot be had.
pub(super) fn refusal(peer_tunnel: u16, message: &Message) -> Option<Builder> {
    let session = message.assigned_session?;
    let refusal = Builder::message(peer_tunnel, session, kind::CDN)
        .result(disconnect::NO_ROOM_NOW, error::NONE)
        .u16(true, avp::ASSIGNED_SESSION, session);
    Some(refusal)
}

impl Link for L2tp {
    fn open(&mut self, now: Instant, _facts: &LaneFacts) {
        self.tunnel.open(now);
    }

    fn close(&mut self, now: Instant, farewell: Farewell) {
        self.down = false;
        if self.tunnel.is_open()
            && let Some(end) = self.session.end(self.tunnel.peer, result_of(farewell), error::NONE)
        {
            self.tunnel.say(now, end);
        }
        self.tunnel.close(now);
        self.rest();
    }

    fn adopt(&mut self, terms: FrameTerms) {
        self.session.adopt(terms);
    }

    fn authenticated(&mut self, _now: Instant, _keys: Option<&SessionKeys>) {}

    #[inline]
    fn handle_lane(&mut self, now: Instant, _lane: Lane, bytes: &[u8]) {
        if !self.tunnel.takes_datagrams() {
            return;
        }
        match Datagram::parse(bytes) {
            Ok(Datagram::Data(data)) => {
                if data.tunnel != self.tunnel.number || !self.tunnel.is_open() || self.down {
                    self.drop_one();
                } else if self.session.handle_data(&data) {
                    self.tunnel.hear(now);
                }
            }
            Ok(Datagram::Control(control)) => self.handle_control(now, &control),
            Err(_) => self.drop_one(),
        }
    }

    fn handle_lane_closed(&mut self, _now: Instant, _lane: Lane) {
        self.fall(LinkFailure::LaneClosed);
        self.session.forget_data();
        self.tunnel.gone();
        self.rest();
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let Err(failure) = self.tunnel.handle_timeout(now) {
            self.fall(failure);
        }
        self.rest();
    }

    #[inline]
    fn send_frame(&mut self, _now: Instant, protocol: u16, information: &[u8]) {
        if !self.tunnel.is_open() || self.down {
            return self.drop_one();
        }
        self.session.send_frame(self.tunnel.peer, protocol, information);
    }

    #[inline]
    fn poll_frame(&mut self, _now: Instant) -> Option<&mut [u8]> {
        if !self.events.is_empty() {
            return None;
        }
        self.session.take_frame()
    }

    fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<Lane> {
        // Control first: an Incoming-Call-Connected goes before the first frame.
        let message = self.tunnel.poll_transmit().or_else(|| self.session.take_data())?;
        self.session.give_back(std::mem::replace(into, message));
        Some(Lane::Control)
    }

    fn poll_signal(&mut self) -> Option<Signal> {
        std::mem::take(&mut self.follows).then_some(Signal::FollowSender)
    }

    fn queued_bytes(&self) -> usize {
        self.session.queued_bytes().saturating_add(self.tunnel.queued_bytes())
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        self.tunnel.poll_timeout()
    }

    fn facts(&self) -> LinkFacts {
        FACTS
    }
}
