//! The control connection of one tunnel, at either end: it is begun, kept alive, and ended; the messages of
//! its calls pass through it (RFC 2661 §5.1, §5.5, §5.7).
//!
//! ```text
//!   caller    Idle ─▶ AwaitingReply ───────────────────────▶ Open ─▶ Leaving ─▶ Gone
//!   answerer  Idle ─▶ AwaitingRequest ─▶ AwaitingConnected ─▶ Open …   └▶ Over ─▶ Gone (the peer ended it)
//! ```

use onhook_base::{Deadline, Duration, Instant};
use subtle::ConstantTimeEq as _;

use super::failure::L2tpFailure;
use super::machine::L2tpTerms;
use super::reliable::{OUR_WINDOW, Order, Reliable};
use super::wire::{
    Builder, Control, Message, ResultCode, avp, challenge_response, error, kind, stop,
};

/// A quiet peer is asked for a sign of life after this (§5.5; Windows asks after 40 s).
const HELLO_AFTER: Duration = Duration::from_secs(60);
/// How long the farewell waits to be acknowledged. Who does not answer in this time is not answering.
const FAREWELL: Duration = Duration::from_secs(1);
/// Both kinds of framing, and of bearer (§4.4.3).
const BOTH_KINDS: u32 = 3;
const VENDOR: &[u8] = b"onhook";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    AwaitingReply,
    AwaitingRequest,
    AwaitingConnected,
    Open,
    /// The farewell was said; acknowledgements pass.
    Leaving {
        until: Instant,
    },
    /// The peer has ended it, or answers no more; acknowledgements pass.
    Over,
    Gone,
}

/// What a control message has led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing that concerns anybody else.
    Nothing,
    /// It was not for us, means nothing, or comes when it may not.
    Stray,
    /// The tunnel stands: calls may begin in it.
    Open,
    /// A call's message, for the session of this number, or for none (0).
    Call { session: u16, message: Box<Message> },
    /// The tunnel is over, with all that is in it.
    Ended(L2tpFailure),
}

/// One end of a tunnel's control connection.
#[derive(Debug)]
pub(super) struct Tunnel {
    terms: L2tpTerms,
    calls: bool,
    phase: Phase,
    reliable: Reliable,
    /// What the peer calls our end by.
    pub(super) number: u16,
    /// What we call the peer's end by; 0 until it has told.
    pub(super) peer: u16,
    challenge: [u8; 16],
    quiet_since: Instant,
    hello_under_way: bool,
    /// The owner waits for the end.
    is_closed: bool,
}

impl Tunnel {
    pub(super) const fn new(
        terms: L2tpTerms,
        calls: bool,
        number: u16,
        challenge: [u8; 16],
    ) -> Self {
        Self {
            terms,
            calls,
            phase: Phase::Idle,
            reliable: Reliable::new(),
            number,
            peer: 0,
            challenge,
            quiet_since: Instant::ORIGIN,
            hello_under_way: false,
            is_closed: false,
        }
    }

    pub(super) fn open(&mut self, now: Instant) {
        if self.phase != Phase::Idle {
            return;
        }
        self.quiet_since = now;
        if self.calls {
            let request = self.introduce(Builder::message(0, 0, kind::SCCRQ));
            self.say(now, request);
            self.phase = Phase::AwaitingReply;
        } else {
            self.phase = Phase::AwaitingRequest;
        }
    }

    /// The owner wants the end of it. What is under way is waited for, within reason.
    pub(super) fn close(&mut self, now: Instant) {
        self.is_closed = true;
        match self.phase {
            Phase::Gone => {}
            Phase::Leaving { .. } => self.rest(),
            Phase::Idle | Phase::Over => self.gone(),
            _ if self.peer == 0 => self.gone(),
            _ => self.stop(now, stop::GENERAL, error::NONE),
        }
    }

    /// Ends the tunnel with this word (§4.4.2).
    pub(super) fn stop(&mut self, now: Instant, result: u16, error: u16) {
        if matches!(self.phase, Phase::Leaving { .. } | Phase::Over | Phase::Gone) {
            return;
        }
        if self.peer != 0 {
            let message = self
                .message(kind::STOP_CCN)
                .u16(true, avp::ASSIGNED_TUNNEL, self.number)
                .result(result, error);
            self.say(now, message);
        } else {
            // Nobody to tell: what was asked is asked no more.
            self.reliable.give_up();
        }
        self.phase = Phase::Leaving { until: now + FAREWELL };
    }

    /// Nothing more is said or heard.
    pub(super) fn gone(&mut self) {
        self.phase = Phase::Gone;
        self.reliable.give_up();
    }

    pub(super) const fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::Gone)
    }

    /// Calls may begin and go on in it.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// No call can begin or go on in it any more.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Leaving { .. } | Phase::Over | Phase::Gone)
    }

    pub(super) const fn takes_datagrams(&self) -> bool {
        !matches!(self.phase, Phase::Idle | Phase::Gone)
    }

    pub(super) fn secret(&self) -> Option<&[u8]> {
        self.terms.secret.as_ref().map(|secret| secret.expose().as_bytes())
    }

    pub(super) fn say(&mut self, now: Instant, message: Builder) {
        self.say_octets(now, message.finish());
    }

    /// A whole control message, whose numbers are still to be filled in.
    pub(super) fn say_octets(&mut self, now: Instant, message: Vec<u8>) {
        self.reliable.send(now, message);
    }

    fn message(&self, kind: u16) -> Builder {
        Builder::message(self.peer, 0, kind)
    }

    /// What both ends tell of themselves at first.
    fn introduce(&self, message: Builder) -> Builder {
        let challenge = self.terms.secret.is_some().then_some(&self.challenge[..]);
        message
            .u16(true, avp::PROTOCOL_VERSION, 0x0100)
            .u32(avp::FRAMING_CAPABILITIES, BOTH_KINDS)
            .u32(avp::BEARER_CAPABILITIES, BOTH_KINDS)
            .bytes(true, avp::HOST_NAME, self.terms.host_name.as_bytes())
            .bytes(false, avp::VENDOR_NAME, VENDOR)
            .u16(true, avp::ASSIGNED_TUNNEL, self.number)
            .u16(true, avp::RECEIVE_WINDOW, OUR_WINDOW)
            .maybe(avp::CHALLENGE, challenge)
    }

    pub(super) fn handle_control(&mut self, now: Instant, control: &Control<'_>) -> Heard {
        let is_request = control.tunnel == 0 && !self.calls;
        if control.tunnel != self.number && !is_request {
            return Heard::Stray;
        }
        self.reliable.acknowledged(now, control.nr);
        self.hear(now);
        let heard = match control.avps {
            [] => Heard::Nothing,
            avps => match Message::parse(avps, self.secret()) {
                // What cannot be read is not acknowledged: it may have been spoilt on the way.
                Err(error) => {
                    tracing::debug!(target: "link::l2tp", %error, "a message cannot be read");
                    Heard::Stray
                }
                Ok(message) => match self.reliable.receive(control.ns) {
                    Order::Next => self.obey(now, control.session, message),
                    Order::Before => Heard::Nothing,
                    Order::Ahead => Heard::Stray,
                },
            },
        };
        self.rest();
        heard
    }

    /// The farewell has been acknowledged: nothing more is waited for once the owner has asked to close.
    fn rest(&mut self) {
        if matches!(self.phase, Phase::Leaving { .. })
            && self.is_closed
            && self.reliable.is_at_rest()
        {
            self.gone();
        }
    }

    /// The peer is there.
    pub(super) const fn hear(&mut self, now: Instant) {
        self.quiet_since = now;
        self.hello_under_way = false;
    }

    fn obey(&mut self, now: Instant, session: u16, message: Message) -> Heard {
        tracing::trace!(target: "link::l2tp", kind = message.kind, session, "message came");
        if matches!(self.phase, Phase::Leaving { .. } | Phase::Over | Phase::Gone | Phase::Idle) {
            return Heard::Nothing;
        }
        let is_of_a_call = matches!(message.kind, kind::OCRQ..=kind::SLI);
        if is_of_a_call && self.phase == Phase::Open {
            return Heard::Call { session, message: Box::new(message) };
        }
        if let Some(attribute) = message.not_understood {
            let failure = L2tpFailure::NotUnderstood { attribute };
            return self.end(now, stop::ERROR, error::NOT_UNDERSTOOD, failure);
        }
        match (self.phase, message.kind) {
            (_, kind::HELLO | kind::CDN | kind::WEN | kind::SLI) => Heard::Nothing,
            (_, kind::STOP_CCN) => self.on_stopped(message),
            (Phase::AwaitingReply, kind::SCCRP) => self.on_reply(now, &message),
            (Phase::AwaitingRequest, kind::SCCRQ) => self.on_request(now, &message),
            (Phase::AwaitingConnected, kind::SCCCN) => self.on_connected(now, &message),
            (_, kind) if kind > kind::SLI && !message.is_mandatory => Heard::Nothing,
            (_, kind) => self.end(now, stop::STATE, error::NONE, L2tpFailure::Unfit { kind }),
        }
    }

    fn end(&mut self, now: Instant, result: u16, error: u16, failure: L2tpFailure) -> Heard {
        self.stop(now, result, error);
        Heard::Ended(failure)
    }

    /// Their proof, if we asked for one; and ours, if they ask.
    fn check(&self, message: &Message) -> Result<(), L2tpFailure> {
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
    fn meet(&mut self, now: Instant, message: &Message) -> Result<(), Heard> {
        let Some(tunnel) = message.assigned_tunnel else {
            let failure = L2tpFailure::Unfit { kind: message.kind };
            return Err(self.end(now, stop::STATE, error::NONE, failure));
        };
        self.peer = tunnel;
        if let Some(window) = message.receive_window {
            self.reliable.set_peer_window(window);
        }
        self.check(message)
            .map_err(|failure| self.end(now, stop::NOT_AUTHORIZED, error::NONE, failure))
    }

    fn on_reply(&mut self, now: Instant, message: &Message) -> Heard {
        if let Err(ended) = self.meet(now, message) {
            return ended;
        }
        let connected = self.message(kind::SCCCN);
        let connected = self.prove(connected, kind::SCCCN, message);
        self.say(now, connected);
        self.phase = Phase::Open;
        Heard::Open
    }

    fn on_request(&mut self, now: Instant, message: &Message) -> Heard {
        if let Err(ended) = self.meet(now, message) {
            return ended;
        }
        let reply = self.introduce(self.message(kind::SCCRP));
        let reply = self.prove(reply, kind::SCCRP, message);
        self.say(now, reply);
        self.phase = Phase::AwaitingConnected;
        Heard::Nothing
    }

    fn on_connected(&mut self, now: Instant, message: &Message) -> Heard {
        match self.check(message) {
            Ok(()) => {
                self.phase = Phase::Open;
                Heard::Open
            }
            Err(failure) => self.end(now, stop::NOT_AUTHORIZED, error::NONE, failure),
        }
    }

    fn on_stopped(&mut self, message: Message) -> Heard {
        let ResultCode { result, error, text } = message.result.unwrap_or_default();
        // With the tunnel its calls are gone too: there is nothing to say but that it was heard.
        self.over();
        Heard::Ended(L2tpFailure::TunnelStopped { result, error, text })
    }

    fn over(&mut self) {
        self.reliable.give_up();
        self.phase = Phase::Over;
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come.
    ///
    /// # Errors
    /// The peer answers no more: the tunnel is over.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<(), L2tpFailure> {
        if let Phase::Leaving { until } = self.phase
            && now >= until
        {
            self.gone();
            return Ok(());
        }
        if self.reliable.handle_timeout(now).is_err() {
            self.over();
            return Err(L2tpFailure::Unanswered);
        }
        let is_quiet = now >= self.quiet_since + HELLO_AFTER;
        if self.phase == Phase::Open && !self.hello_under_way && is_quiet {
            self.hello_under_way = true;
            self.say(now, self.message(kind::HELLO));
        }
        Ok(())
    }

    pub(super) fn poll_timeout(&self) -> Option<Deadline> {
        let repeat = self.reliable.repeat_at().map(|at| Deadline::new(at, "L2TP repetition"));
        let own = match self.phase {
            Phase::Leaving { until } => Some(Deadline::new(until, "L2TP farewell")),
            Phase::Open if !self.hello_under_way => {
                Some(Deadline::new(self.quiet_since + HELLO_AFTER, "L2TP hello"))
            }
            _ => None,
        };
        Deadline::earliest(own, repeat)
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.reliable.poll(self.peer)
    }

    pub(super) fn queued_bytes(&self) -> usize {
        self.reliable.queued_bytes()
    }
}
