//! What the peer's control messages lead to (RFC 2661 §7).

use onhook_base::Instant;
use subtle::ConstantTimeEq as _;

use super::super::failure::L2tpFailure;
use super::super::reliable::Order;
use super::super::wire::{Builder, Control, Message, ResultCode, avp, challenge_response, kind};
use super::{DIGITAL, L2tp, Phase, SPEED, SYNCHRONOUS, stop};
use crate::contract::LinkEvent;

impl L2tp {
    pub(super) fn handle_control(&mut self, now: Instant, control: &Control<'_>) {
        let is_request = control.tunnel == 0 && !self.calls;
        if control.tunnel != self.tunnel && !is_request {
            return self.drop_one();
        }
        self.reliable.acknowledged(now, control.nr);
        self.hear(now);
        if !control.avps.is_empty() {
            match Message::parse(control.avps, self.secret()) {
                // What cannot be read is not acknowledged: it may have been spoilt on the way.
                Err(error) => {
                    tracing::debug!(target: "link::l2tp", %error, "a message cannot be read");
                    self.drop_one();
                }
                Ok(message) => match self.reliable.receive(control.ns) {
                    Order::Next => self.obey(now, control.session, &message),
                    Order::Before => {}
                    Order::Ahead => self.drop_one(),
                },
            }
        }
        if let Phase::Leaving { .. } = self.phase
            && self.reliable.is_at_rest()
        {
            self.leave();
        }
    }

    /// The farewell has been acknowledged: nothing more is waited for once the owner has asked to close.
    fn leave(&mut self) {
        if !self.down {
            self.gone();
        }
    }

    pub(super) fn hear(&mut self, now: Instant) {
        self.quiet_since = now;
        self.hello_under_way = false;
    }

    fn obey(&mut self, now: Instant, session: u16, message: &Message) {
        tracing::trace!(target: "link::l2tp", kind = message.kind, session, "message came");
        if matches!(self.phase, Phase::Leaving { .. } | Phase::Gone | Phase::Idle) {
            return;
        }
        if let Some(attribute) = message.not_understood {
            let failure = L2tpFailure::NotUnderstood { attribute };
            return self.stop(now, stop::ERROR, stop::NOT_UNDERSTOOD, failure);
        }
        let is_session_message = matches!(message.kind, kind::OCRQ..=kind::SLI);
        if is_session_message && session != 0 && session != self.session {
            return self.drop_one();
        }
        match (self.phase, message.kind) {
            (_, kind::HELLO | kind::WEN | kind::SLI) => {}
            (_, kind::STOP_CCN) => self.on_stopped(message),
            (_, kind::CDN) => self.on_call_ended(message),
            (Phase::AwaitingReply, kind::SCCRP) => self.on_reply(now, message),
            (Phase::AwaitingCallReply, kind::ICRP) => self.on_call_reply(now, message),
            (Phase::AwaitingRequest, kind::SCCRQ) => self.on_request(now, message),
            (Phase::AwaitingConnected, kind::SCCCN) => self.on_connected(now, message),
            (Phase::AwaitingCall, kind::ICRQ) => self.on_call(now, message),
            (Phase::AwaitingCallConnected, kind::ICCN) => self.on_call_connected(message),
            (_, kind::ICRQ | kind::OCRQ) => self.refuse_call(now, message),
            (_, kind) if kind > kind::SLI && !message.is_mandatory => {}
            (_, kind) => self.stop(now, stop::STATE, 0, L2tpFailure::Unfit { kind }),
        }
    }

    /// Their proof, if we asked for one; and ours, if they ask.
    fn check_tunnel(&self, message: &Message) -> Result<(), L2tpFailure> {
        let Some(secret) = self.secret() else {
            return match message.challenge {
                Some(_) => Err(L2tpFailure::SecretWanted),
                None => Ok(()),
            };
        };
        if message.kind == kind::SCCRQ {
            return Ok(());
        }
        let right = challenge_response(message.kind, secret, &self.challenge);
        let told = message.challenge_response.unwrap_or_default();
        match bool::from(right.ct_eq(&told)) {
            true => Ok(()),
            false => Err(L2tpFailure::NotProven),
        }
    }

    fn prove(&self, message: Builder, kind: u16, theirs: &Message) -> Builder {
        let response = self
            .secret()
            .zip(theirs.challenge.as_deref())
            .map(|(secret, challenge)| challenge_response(kind, secret, challenge));
        message.maybe(avp::CHALLENGE_RESPONSE, response.as_ref().map(|r| &r[..]))
    }

    /// What a first message must have: their number for the tunnel, and proof.
    fn meet(&mut self, now: Instant, message: &Message) -> bool {
        let Some(tunnel) = message.assigned_tunnel else {
            self.stop(now, stop::STATE, 0, L2tpFailure::Unfit { kind: message.kind });
            return false;
        };
        self.peer_tunnel = tunnel;
        if let Some(window) = message.receive_window {
            self.reliable.set_peer_window(window);
        }
        if let Err(failure) = self.check_tunnel(message) {
            self.stop(now, stop::NOT_AUTHORIZED, 0, failure);
            return false;
        }
        true
    }

    fn on_reply(&mut self, now: Instant, message: &Message) {
        if !self.meet(now, message) {
            return;
        }
        let connected = self.tunnel_message(kind::SCCCN);
        let connected = self.prove(connected, kind::SCCCN, message);
        self.say(now, connected);
        // Right behind it: who may begin a tunnel may begin a call in it.
        let call = self
            .call_message(kind::ICRQ)
            .u16(true, avp::ASSIGNED_SESSION, self.session)
            .u32(avp::CALL_SERIAL_NUMBER, self.serial)
            .u32(avp::BEARER_TYPE, DIGITAL);
        self.say(now, call);
        self.phase = Phase::AwaitingCallReply;
    }

    fn on_call_reply(&mut self, now: Instant, message: &Message) {
        let Some(session) = message.assigned_session else {
            return self.stop(now, stop::STATE, 0, L2tpFailure::Unfit { kind: message.kind });
        };
        self.peer_session = session;
        let connected = self
            .call_message(kind::ICCN)
            .u32(avp::CONNECT_SPEED, SPEED)
            .u32(avp::FRAMING_TYPE, SYNCHRONOUS);
        self.say(now, connected);
        self.up();
    }

    fn on_request(&mut self, now: Instant, message: &Message) {
        if !self.meet(now, message) {
            return;
        }
        let reply = self.introduce(self.tunnel_message(kind::SCCRP));
        let reply = self.prove(reply, kind::SCCRP, message);
        self.say(now, reply);
        self.phase = Phase::AwaitingConnected;
    }

    fn on_connected(&mut self, now: Instant, message: &Message) {
        match self.check_tunnel(message) {
            Ok(()) => self.phase = Phase::AwaitingCall,
            Err(failure) => self.stop(now, stop::NOT_AUTHORIZED, 0, failure),
        }
    }

    fn on_call(&mut self, now: Instant, message: &Message) {
        let Some(session) = message.assigned_session else {
            return self.stop(now, stop::STATE, 0, L2tpFailure::Unfit { kind: message.kind });
        };
        self.peer_session = session;
        let reply = self.call_message(kind::ICRP).u16(true, avp::ASSIGNED_SESSION, self.session);
        self.say(now, reply);
        self.phase = Phase::AwaitingCallConnected;
    }

    fn on_call_connected(&mut self, message: &Message) {
        if message.sequencing_required {
            self.data_ns = Some(0);
        }
        self.up();
    }

    fn up(&mut self) {
        self.phase = Phase::Up;
        self.events.push_back(LinkEvent::Up);
    }

    /// A further call in this tunnel, or one that we should make for the peer.
    fn refuse_call(&mut self, now: Instant, message: &Message) {
        let Some(session) = message.assigned_session else { return self.drop_one() };
        let refusal = Builder::message(self.peer_tunnel, session, kind::CDN)
            .result(stop::NO_ROOM_NOW, 0)
            .u16(true, avp::ASSIGNED_SESSION, session);
        self.say(now, refusal);
    }

    fn on_stopped(&mut self, message: &Message) {
        let ResultCode { result, error, text } = message.result.clone().unwrap_or_default();
        self.fall(L2tpFailure::TunnelStopped { result, error, text });
        // With the tunnel the call is gone too: there is nothing to say but that it was heard.
        self.peer_tunnel_is_over();
    }

    pub(super) fn peer_tunnel_is_over(&mut self) {
        self.reliable.give_up();
        self.session = 0;
    }

    fn on_call_ended(&mut self, message: &Message) {
        let names_other = message
            .assigned_session
            .is_some_and(|named| self.peer_session != 0 && named != self.peer_session);
        if names_other {
            return self.drop_one();
        }
        let ResultCode { result, error, text } = message.result.clone().unwrap_or_default();
        self.fall(L2tpFailure::CallEnded { result, error, text, ppp_cause: message.ppp_cause });
        self.peer_session = 0;
    }
}
