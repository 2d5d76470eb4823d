//! One call of a trunk, as a link of its own.

use std::collections::VecDeque;

use onhook_base::{Deadline, Instant, Secret};

use super::super::failure::L2tpFailure;
use super::super::session::{FACTS, Session, result_of};
use super::super::wire::{Control, Datagram, Message, ResultCode, disconnect, error, kind};
use crate::contract::{
    Farewell, FrameTerms, Lane, LaneFacts, Link, LinkEvent, LinkFacts, LinkFailure, SessionKeys,
};

/// What a call is told of its tunnel and of itself.
#[derive(Clone, Debug)]
pub struct TrunkCallTerms {
    /// What the peer calls our end of the tunnel by.
    pub tunnel: u16,
    /// What we call the peer's end of the tunnel by.
    pub peer_tunnel: u16,
    /// What the peer calls our end of the call by.
    pub session: u16,
    /// The tunnel's secret, by which the peer may hide what it tells.
    pub secret: Option<Secret<String>>,
}

/// The answering end of one of a tunnel's calls.
///
/// Its lane's datagrams are the data messages for it, and those control messages that the
/// [`Trunk`](super::Trunk) says are its own, in their order. What it sends is data messages, and control
/// messages whose numbers the trunk fills in. When the lane ends without a word, the tunnel's peer answers
/// no more.
#[derive(Debug)]
pub struct TrunkCall {
    terms: TrunkCallTerms,
    session: Session,
    /// At most two: the reply to the call, and its end.
    messages: VecDeque<Vec<u8>>,
    events: VecDeque<LinkEvent>,
    down: bool,
    is_over: bool,
}

impl TrunkCall {
    /// A call that waits for its first message.
    pub const fn new(terms: TrunkCallTerms) -> Self {
        let session = Session::new(terms.session);
        Self {
            terms,
            session,
            messages: VecDeque::new(),
            events: VecDeque::new(),
            down: false,
            is_over: false,
        }
    }

    fn fall(&mut self, failure: impl Into<LinkFailure>) {
        if !self.down && !self.is_over {
            self.down = true;
            self.session.forget_data();
            self.events.push_back(LinkEvent::Down(failure.into()));
        }
    }

    fn end(&mut self, result: u16, error: u16) {
        let end = self.session.end(self.terms.peer_tunnel, result, error);
        self.messages.extend(end.map(|message| message.finish()));
    }

    fn handle_control(&mut self, control: &Control<'_>) {
        let secret = self.terms.secret.as_ref().map(|secret| secret.expose().as_bytes());
        // The trunk has read it before.
        let Ok(message) = Message::parse(control.avps, secret) else { return };
        if message.kind == kind::STOP_CCN {
            let ResultCode { result, error, text } = message.result.unwrap_or_default();
            // With the tunnel the call is gone: there is nobody to be told of its end.
            drop(self.session.end(self.terms.peer_tunnel, result, error));
            return self.fall(L2tpFailure::TunnelStopped { result, error, text });
        }
        let was_up = self.session.is_up();
        match self.session.obey(self.terms.peer_tunnel, &message) {
            Ok(answer) => {
                self.messages.extend(answer.map(|message| message.finish()));
                if self.session.is_up() && !was_up {
                    self.events.push_back(LinkEvent::Up);
                }
            }
            Err(failure) => {
                match failure {
                    L2tpFailure::CallEnded { .. } => {}
                    L2tpFailure::NotUnderstood { .. } => {
                        self.end(disconnect::ERROR, error::NOT_UNDERSTOOD);
                    }
                    _ => self.end(disconnect::ERROR, error::BAD_VALUE),
                }
                self.fall(failure);
            }
        }
    }
}

impl Link for TrunkCall {
    fn open(&mut self, _now: Instant, _facts: &LaneFacts) {
        self.session.await_call();
    }

    fn close(&mut self, _now: Instant, farewell: Farewell) {
        self.end(result_of(farewell), error::NONE);
        self.session.forget_data();
        if !self.is_over {
            // That its word arrives is the trunk's to see to.
            self.is_over = true;
            self.events.push_back(LinkEvent::Closed);
        }
    }

    fn adopt(&mut self, terms: FrameTerms) {
        self.session.adopt(terms);
    }

    fn authenticated(&mut self, _now: Instant, _keys: Option<&SessionKeys>) {}

    #[inline]
    fn handle_lane(&mut self, _now: Instant, _lane: Lane, bytes: &[u8]) {
        if self.is_over {
            return;
        }
        match Datagram::parse(bytes) {
            Ok(Datagram::Data(data)) if data.tunnel == self.terms.tunnel && !self.down => {
                self.session.handle_data(&data);
            }
            Ok(Datagram::Control(control)) => self.handle_control(&control),
            Ok(Datagram::Data(_)) | Err(_) => self.session.drop_one(),
        }
    }

    fn handle_lane_closed(&mut self, now: Instant, _lane: Lane) {
        self.fall(L2tpFailure::Unanswered);
        self.messages.clear();
        drop(self.session.end(self.terms.peer_tunnel, disconnect::LOST_CARRIER, error::NONE));
        self.close(now, Farewell::Aborted);
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    #[inline]
    fn send_frame(&mut self, _now: Instant, protocol: u16, information: &[u8]) {
        if self.down {
            return self.session.drop_one();
        }
        self.session.send_frame(self.terms.peer_tunnel, protocol, information);
    }

    #[inline]
    fn poll_frame(&mut self, _now: Instant) -> Option<&mut [u8]> {
        if !self.events.is_empty() {
            return None;
        }
        self.session.take_frame()
    }

    fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<Lane> {
        let message = self.messages.pop_front().or_else(|| self.session.take_data())?;
        self.session.give_back(std::mem::replace(into, message));
        Some(Lane::Control)
    }

    fn queued_bytes(&self) -> usize {
        let messages: usize = self.messages.iter().map(Vec::len).sum();
        self.session.queued_bytes().saturating_add(messages)
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        None
    }

    fn facts(&self) -> LinkFacts {
        FACTS
    }
}
