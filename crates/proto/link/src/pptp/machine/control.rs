//! What the peer's control messages lead to (RFC 2637 §3).

use onhook_base::Instant;

use super::super::failure::PptpFailure;
use super::super::wire::{CallEnd, CallReply, Message, OutgoingCall, Start, VERSION};
use super::{Awaits, Phase, Pptp, SPEED, WINDOW, code};

impl Pptp {
    pub(super) fn handle_stream(&mut self, now: Instant, bytes: &[u8]) {
        if self.control_is_over {
            return;
        }
        let mut stream = std::mem::take(&mut self.stream);
        stream.extend_from_slice(bytes);
        let mut read = 0;
        while !self.control_is_over {
            match Message::first(stream.get(read..).unwrap_or_default()) {
                Ok(Some((message, length))) => {
                    read = read.saturating_add(length);
                    self.obey(now, &message);
                }
                Ok(None) => break,
                // Whatever follows cannot be told apart, and a stranger is told nothing (§3.1).
                Err(error) => {
                    tracing::debug!(target: "link::pptp", %error, "the stream is no PPTP");
                    self.control_is_over = true;
                    self.control.clear();
                    self.fall(PptpFailure::NotPptp);
                    if let Phase::Leaving { .. } = self.phase {
                        self.gone();
                    }
                }
            }
        }
        stream.drain(..read.min(stream.len()));
        self.stream = stream;
    }

    fn obey(&mut self, now: Instant, message: &Message) {
        tracing::trace!(target: "link::pptp", ?message, "message came");
        self.quiet_since = now;
        match (self.phase, message) {
            (Phase::Idle | Phase::Gone, _) => {}
            (_, Message::EchoRequest { identifier }) => {
                let identifier = *identifier;
                self.say(&Message::EchoReply { identifier, result: code::OK, error: 0 });
            }
            (_, Message::EchoReply { .. }) => self.echo_until = None,
            (_, Message::StopRequest { reason }) => self.on_stop(*reason),
            (Phase::Leaving { awaits, .. }, message) => self.on_farewell(awaits, message),
            (_, Message::WanErrorNotify { .. } | Message::SetLinkInfo { .. }) => {}
            // A call that they want to bring to us.
            (_, Message::IncomingCallRequest(call)) => self.say(&Message::IncomingCallReply {
                call: 0,
                peer_call: call.call,
                result: code::REFUSED,
                error: 0,
                window: 0,
                delay: 0,
            }),
            (Phase::AwaitingStart, Message::StartRequest(start)) => self.on_start(start),
            (Phase::AwaitingStartReply, Message::StartReply(start)) => self.on_started(start),
            (Phase::AwaitingCall, Message::OutgoingCallRequest(call)) => self.on_call(now, call),
            (Phase::Up, Message::OutgoingCallRequest(call)) if !self.calls => {
                let refusal = self.call_reply(call, code::BUSY);
                self.say(&refusal);
            }
            (Phase::AwaitingCallReply, Message::OutgoingCallReply(reply)) => {
                self.on_call_reply(now, reply);
            }
            (Phase::Up, Message::CallClearRequest { .. }) if !self.calls => self.on_clear(),
            (Phase::Up | Phase::AwaitingCallReply, Message::CallDisconnectNotify(end)) => {
                self.on_call_end(end);
            }
            // Late words about a call that is over.
            (Phase::Up, Message::OutgoingCallReply(_)) => self.drop_one(),
            _ => {
                self.drop_one();
                self.fall(PptpFailure::Unfit);
            }
        }
    }

    fn on_stop(&mut self, reason: u8) {
        self.say(&Message::StopReply { result: code::OK, error: 0 });
        self.control_is_over = true;
        self.call_is_over = true;
        match self.phase {
            Phase::Leaving { .. } => self.gone(),
            _ => self.fall(PptpFailure::Stopped { reason }),
        }
    }

    /// After our goodbye only what ends it counts.
    fn on_farewell(&mut self, awaits: Awaits, message: &Message) {
        match (awaits, message) {
            (Awaits::CallEnd, Message::CallDisconnectNotify(_)) => {
                self.say(&Message::StopRequest { reason: code::NO_REASON });
                if let Phase::Leaving { until, .. } = self.phase {
                    self.phase = Phase::Leaving { until, awaits: Awaits::StopReply };
                }
            }
            (Awaits::StopReply, Message::StopReply { .. }) => self.gone(),
            _ => self.drop_one(),
        }
    }

    fn on_start(&mut self, start: &Start) {
        if start.version < VERSION {
            self.say(&Message::StartReply(self.introduce(code::WRONG_VERSION)));
            return self.fall(PptpFailure::Unfit);
        }
        self.say(&Message::StartReply(self.introduce(code::OK)));
        self.phase = Phase::AwaitingCall;
    }

    fn on_started(&mut self, start: &Start) {
        match start.result {
            code::OK => self.ask_for_call(),
            result => self.fall(PptpFailure::StartRefused { result, error: start.error }),
        }
    }

    fn call_reply(&self, call: &OutgoingCall, result: u8) -> Message {
        let taken = result == code::OK;
        Message::OutgoingCallReply(CallReply {
            call: if taken { self.call } else { 0 },
            peer_call: call.call,
            result,
            error: 0,
            cause: 0,
            speed: call.fastest.min(SPEED),
            window: WINDOW,
            delay: 0,
            channel: 0,
        })
    }

    fn on_call(&mut self, now: Instant, call: &OutgoingCall) {
        let reply = self.call_reply(call, code::OK);
        self.say(&reply);
        self.up(now, call.call);
    }

    fn on_call_reply(&mut self, now: Instant, reply: &CallReply) {
        if reply.peer_call != self.call {
            return self.drop_one();
        }
        if reply.result == code::OK {
            return self.up(now, reply.call);
        }
        self.call_is_over = true;
        let (result, error, cause) = (reply.result, reply.error, reply.cause);
        self.fall(PptpFailure::CallRefused { result, error, cause });
    }

    /// The caller hangs up. Which call it names does not matter: there is but one.
    fn on_clear(&mut self) {
        if !std::mem::replace(&mut self.call_is_over, true) {
            self.say_call_end(code::AS_ASKED);
        }
        self.fall(PptpFailure::Cleared);
    }

    fn on_call_end(&mut self, end: &CallEnd) {
        self.call_is_over = true;
        let (result, error, cause) = (end.result, end.error, end.cause);
        self.fall(PptpFailure::CallEnded { result, error, cause });
    }

    pub(super) fn say_call_end(&mut self, result: u8) {
        self.say(&Message::CallDisconnectNotify(CallEnd {
            call: self.call,
            result,
            error: 0,
            cause: 0,
            statistics: [0; 128],
        }));
    }
}
