//! One call's state: what both roles work on, and the endings that both share.

use std::collections::VecDeque;
use std::ops::Range;

use onhook_base::{Deadline, Duration, Instant, Timers};

use super::failure::SstpFailure;
use super::stream::{Inbox, Outbox};
use super::wire::{HEADER_LEN, Message, StatusInfo, attribute, status};
use crate::contract::{CertificateHashes, Farewell, LinkEvent, LinkFailure};

/// How long the ends of the call wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SstpTimes {
    /// For each step of the handshake: the HTTP exchange, the connect request, authentication.
    pub negotiation: Duration,
    /// Silence of the peer after which an echo request is sent.
    pub hello: Duration,
    /// Silence after the echo request after which the link is down.
    pub hello_answer: Duration,
}

impl Default for SstpTimes {
    /// The 60 s of \[MS-SSTP\] §3.1.2 and §3.2.2.1, each.
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self { negotiation: minute, hello: minute, hello_answer: minute }
    }
}

/// After sending ABORT, for the peer's (\[MS-SSTP\] §3.1.2.1).
const TIMER_ABORT_1: Duration = Duration::from_secs(3);
/// After both ABORTs, for the peer to close.
const TIMER_ABORT_2: Duration = Duration::from_secs(1);
/// After sending DISCONNECT, for its ACK.
const TIMER_DISCONNECT_1: Duration = Duration::from_secs(5);
/// After sending its ACK, for the peer to close.
const TIMER_DISCONNECT_2: Duration = Duration::from_secs(1);

/// Protocols from here on are PPP's control protocols (RFC 1661 §2); below are network packets.
pub(super) const CONTROL_PROTOCOLS: u16 = 0x8000;

/// Where a call is; \[MS-SSTP\] §3.1.1.1, §3.2.1.1.1 and §3.3.1.1.1 have other names for these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not opened.
    Idle,
    /// The HTTP exchange.
    Http,
    /// Caller: its connect request is sent. Answerer: none has come.
    Requesting,
    /// Up; PPP authenticates, and the crypto binding is to follow.
    Binding,
    /// The crypto binding is sent (caller), or was found right (answerer).
    Connected,
    /// DISCONNECT is sent.
    DisconnectAckPending,
    /// DISCONNECT came and its ACK is sent; `crossed`: ours was on its way.
    DisconnectTimeoutPending { crossed: bool },
    /// ABORT is sent.
    AbortPending,
    /// ABORT is sent and came.
    AbortTimeoutPending,
    /// Nothing more passes.
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The peer must go on.
    Negotiation,
    /// The peer must answer our farewell.
    Farewell,
}

/// What both roles work on.
#[derive(Debug)]
pub(super) struct Call {
    /// As [`Role::ANSWERS`](super::machine::Role::ANSWERS).
    answers: bool,
    pub(super) phase: Phase,
    pub(super) outbox: Outbox,
    /// The server's certificate; there from `open` on.
    pub(super) certificate: Option<CertificateHashes>,
    times: SstpTimes,
    pub(super) mtu: u16,
    pub(super) inbox: Inbox,
    /// How far the HTTP head has been searched for its end.
    pub(super) searched: usize,
    /// A packet has been read: the stream is SSTP.
    met: bool,
    pub(super) timers: Timers<Timer>,
    /// When the last packet came.
    heard: Instant,
    /// When we asked whether the silent peer is there.
    asked: Option<Instant>,
    /// At most `Up`, one `Down`, `Closed`.
    pub(super) events: VecDeque<LinkEvent>,
    down_told: bool,
    closed_told: bool,
    pub(super) farewell: Option<Farewell>,
    pub(super) dropped_frames: u64,
}

impl Call {
    pub(super) fn new(answers: bool, times: SstpTimes, mtu: u16) -> Self {
        Self {
            answers,
            phase: Phase::Idle,
            outbox: Outbox::default(),
            certificate: None,
            times,
            mtu,
            inbox: Inbox::default(),
            searched: 0,
            met: false,
            timers: Timers::new(),
            heard: Instant::ORIGIN,
            asked: None,
            events: VecDeque::new(),
            down_told: false,
            closed_told: false,
            farewell: None,
            dropped_frames: 0,
        }
    }

    /// Whether the call is neither ending nor ended.
    pub(super) const fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Requesting | Phase::Binding | Phase::Connected)
    }

    /// Whether the stream has proved to be SSTP.
    pub(super) const fn has_met(&self) -> bool {
        self.met
    }

    /// Goes on to `phase`.
    pub(super) fn enter(&mut self, phase: Phase) {
        if self.phase != phase {
            tracing::debug!(target: "link::sstp", "{:?} → {phase:?}", self.phase);
            self.phase = phase;
        }
    }

    /// Goes on to `phase`, which the peer must end in time.
    pub(super) fn negotiate(&mut self, now: Instant, phase: Phase) {
        self.timers.set(Timer::Negotiation, now + self.times.negotiation);
        self.enter(phase);
    }

    /// The call is granted: frames pass, PPP may begin.
    pub(super) fn up(&mut self, now: Instant) {
        self.negotiate(now, Phase::Binding);
        self.events.push_back(LinkEvent::Up);
    }

    /// The call is bound: from here on, silence is noticed.
    pub(super) fn connected(&mut self, now: Instant) {
        self.timers.stop(Timer::Negotiation);
        self.heard = now;
        self.asked = None;
        self.enter(Phase::Connected);
    }

    /// A packet has come, whatever it says.
    #[inline]
    pub(super) const fn hear(&mut self, now: Instant) {
        self.heard = now;
        self.asked = None;
        self.met = true;
    }

    /// Queues a message.
    pub(super) fn say(&mut self, message: &Message<'_>) {
        tracing::trace!(target: "link::sstp", kind = ?message.kind(), "message goes");
        self.outbox.push_message(message);
    }

    /// The peer broke the protocol: say so and end the call.
    pub(super) fn abort_call(&mut self, now: Instant, attribute: u8, status: u32) {
        let failure = SstpFailure::Aborted { attribute, status };
        self.abort_for(now, attribute, status, failure);
    }

    /// As [`abort_call`](Self::abort_call), for a reason with a name of its own.
    pub(super) fn abort_for(
        &mut self,
        now: Instant,
        attribute: u8,
        status: u32,
        failure: SstpFailure,
    ) {
        self.say_abort(now, attribute, status);
        self.tell_down(failure.into());
    }

    /// A message that is good, but not now.
    pub(super) fn abort_unaccepted(&mut self, now: Instant) {
        self.abort_call(now, attribute::STATUS_INFO, status::UNACCEPTED_FRAME);
    }

    /// The link is down and there is nobody to tell.
    pub(super) fn fall(&mut self, failure: impl Into<LinkFailure>) {
        self.tell_down(failure.into());
        self.gone();
    }

    fn say_abort(&mut self, now: Instant, attribute: u8, status: u32) {
        self.say(&Message::CallAbort(Some(StatusInfo::new(attribute, status))));
        self.part(now, Phase::AbortPending, TIMER_ABORT_1);
    }

    fn tell_down(&mut self, failure: LinkFailure) {
        if self.farewell.is_none() && !self.down_told {
            tracing::debug!(target: "link::sstp", %failure, "link is down");
            self.down_told = true;
            self.events.push_back(LinkEvent::Down(failure));
        }
    }

    /// Goes on to a phase of the farewell, for `time` at most.
    fn part(&mut self, now: Instant, phase: Phase, time: Duration) {
        self.timers.stop(Timer::Negotiation);
        self.timers.set(Timer::Farewell, now + time);
        self.enter(phase);
    }

    pub(super) fn gone(&mut self) {
        self.enter(Phase::Gone);
        self.timers.stop_all();
        self.inbox.clear();
        if self.farewell.is_some() && !self.closed_told {
            self.closed_told = true;
            self.events.push_back(LinkEvent::Closed);
        }
    }

    /// Obeys what is the same for both ends; `false` leaves a message of the handshake to the role.
    pub(super) fn obey(&mut self, now: Instant, message: &Message<'_>) -> bool {
        if self.is_live() {
            self.obey_live(now, message)
        } else {
            self.obey_ending(now, message);
            true
        }
    }

    fn obey_live(&mut self, now: Instant, message: &Message<'_>) -> bool {
        match message {
            // Asking early is not foreseen, but answering does no harm.
            Message::EchoRequest => self.say(&Message::EchoResponse),
            Message::EchoResponse => {}
            Message::CallDisconnect(_) => {
                self.say(&Message::CallDisconnectAck);
                let phase = Phase::DisconnectTimeoutPending { crossed: false };
                self.part(now, phase, TIMER_DISCONNECT_2);
                self.tell_down(SstpFailure::Disconnected.into());
            }
            Message::CallAbort(info) => {
                let info = info.unwrap_or(StatusInfo::new(attribute::NO_ERROR, status::NO_ERROR));
                self.say(&Message::CallAbort(Some(StatusInfo::new(
                    attribute::NO_ERROR,
                    status::NO_ERROR,
                ))));
                self.part(now, Phase::AbortTimeoutPending, TIMER_ABORT_2);
                self.tell_down(why_aborted(info).into());
            }
            Message::CallDisconnectAck => self.abort_unaccepted(now),
            Message::CallConnectRequest { .. }
            | Message::CallConnectAck { .. }
            | Message::CallConnectNak(_)
            | Message::CallConnected(_) => return false,
        }
        true
    }

    fn obey_ending(&mut self, now: Instant, message: &Message<'_>) {
        match (self.phase, message) {
            (Phase::DisconnectAckPending, Message::CallDisconnectAck)
            | (Phase::DisconnectTimeoutPending { crossed: true }, Message::CallDisconnectAck) => {
                self.gone()
            }
            (Phase::DisconnectAckPending, Message::CallDisconnect(_)) => {
                self.say(&Message::CallDisconnectAck);
                let phase = Phase::DisconnectTimeoutPending { crossed: true };
                self.part(now, phase, TIMER_DISCONNECT_2);
            }
            (Phase::AbortPending, Message::CallAbort(_))
                if !self.answers && self.farewell.is_some() =>
            {
                self.gone();
            }
            (Phase::AbortPending, Message::CallAbort(_)) => {
                self.part(now, Phase::AbortTimeoutPending, TIMER_ABORT_2);
            }
            _ => {}
        }
    }

    /// Says goodbye; see [`Link::close`](crate::Link::close).
    pub(super) fn close(&mut self, now: Instant, farewell: Farewell) {
        let before = self.farewell;
        if before.is_none() || farewell == Farewell::Aborted {
            self.farewell = Some(farewell);
        }
        match self.phase {
            Phase::Idle | Phase::Http | Phase::Gone => self.gone(),
            Phase::Requesting | Phase::Binding | Phase::Connected => {
                let (attribute, status) = (attribute::NO_ERROR, status::NO_ERROR);
                match farewell {
                    Farewell::Ordinary => {
                        let info = StatusInfo::new(attribute, status);
                        self.say(&Message::CallDisconnect(Some(info)));
                        self.part(now, Phase::DisconnectAckPending, TIMER_DISCONNECT_1);
                    }
                    Farewell::Aborted => self.say_abort(now, attribute, status),
                }
            }
            // Impatience: what was begun politely is not waited for any more.
            _ if before == Some(Farewell::Ordinary) && farewell == Farewell::Aborted => self.gone(),
            // The last word has been said by both.
            Phase::DisconnectTimeoutPending { crossed: false } | Phase::AbortTimeoutPending
                if !self.answers =>
            {
                self.gone();
            }
            Phase::DisconnectAckPending
            | Phase::DisconnectTimeoutPending { .. }
            | Phase::AbortPending
            | Phase::AbortTimeoutPending => {}
        }
    }

    /// Notices a silent peer (\[MS-SSTP\] §3.1.2).
    pub(super) fn hello(&mut self, now: Instant) {
        if self.phase != Phase::Connected {
            return;
        }
        match self.asked {
            None if now >= self.heard + self.times.hello => {
                self.asked = Some(now);
                // A minute of silence: give the room of the last burst back.
                self.inbox.shrink();
                self.outbox.shrink();
                self.say(&Message::EchoRequest);
            }
            Some(asked) if now >= asked + self.times.hello_answer => {
                // A peer that is not there is not told.
                self.fall(SstpFailure::HelloUnanswered);
            }
            None | Some(_) => {}
        }
    }

    /// When something is to be done, and what.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        let timer = self.timers.next().map(|(at, timer)| {
            let why = match timer {
                Timer::Negotiation => "sstp negotiation",
                Timer::Farewell => "sstp farewell",
            };
            Deadline::new(at, why)
        });
        let hello = (self.phase == Phase::Connected).then(|| match self.asked {
            None => Deadline::new(self.heard + self.times.hello, "sstp hello"),
            Some(at) => Deadline::new(at + self.times.hello_answer, "sstp hello answer"),
        });
        Deadline::earliest(timer, hello)
    }

    /// Counts a frame that is dropped.
    pub(super) const fn drop_frame(&mut self) {
        self.dropped_frames = self.dropped_frames.saturating_add(1);
    }

    /// The frame in a data packet, if it may pass.
    #[inline]
    pub(super) fn admit(&mut self, packet: Range<usize>) -> Option<Range<usize>> {
        let mut frame = packet.start.saturating_add(HEADER_LEN)..packet.end;
        let mut octets = self.inbox.slice(frame.clone());
        if let [0xFF, 0x03, rest @ ..] = octets {
            frame.start = frame.start.saturating_add(2);
            octets = rest;
        }
        let passes = match self.phase {
            Phase::Connected => true,
            // Network packets wait for the binding, or a man in the middle could send some
            // ([MS-SSTP] §3.2.7.2, §3.3.7.2).
            Phase::Binding => protocol_of(octets) >= CONTROL_PROTOCOLS,
            Phase::Idle
            | Phase::Http
            | Phase::Requesting
            | Phase::DisconnectAckPending
            | Phase::DisconnectTimeoutPending { .. }
            | Phase::AbortPending
            | Phase::AbortTimeoutPending
            | Phase::Gone => false,
        };
        if !passes || octets.is_empty() {
            self.drop_frame();
            return None;
        }
        Some(frame)
    }
}

/// The Protocol field, of one octet or two (RFC 1661 §2, §6.5).
fn protocol_of(frame: &[u8]) -> u16 {
    match frame {
        [low, ..] if low & 1 == 1 => u16::from(*low),
        [high, low, ..] => u16::from_be_bytes([*high, *low]),
        [] | [_] => 0,
    }
}

fn why_aborted(info: StatusInfo<'_>) -> SstpFailure {
    match (info.attribute, info.status) {
        (attribute::CRYPTO_BINDING, status::VALUE_NOT_SUPPORTED) => SstpFailure::BindingRefused,
        (attribute, status) => SstpFailure::PeerAborted { attribute, status },
    }
}
