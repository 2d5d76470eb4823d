//! One end of one tunnel with one call in it.
//!
//! ```text
//!   caller    Idle ─▶ AwaitingReply ─▶ AwaitingCallReply ─▶ Up ─▶ Leaving ─▶ Gone
//!   answerer  Idle ─▶ AwaitingRequest ─▶ AwaitingConnected ─▶ AwaitingCall ─▶ AwaitingCallConnected ─▶ Up …
//! ```

mod control;

use std::collections::VecDeque;

use onhook_base::{Deadline, Duration, Instant, Secret, Seed};

use super::failure::L2tpFailure;
use super::reliable::{OUR_WINDOW, Reliable};
use super::wire::{Builder, Data, Datagram, avp, kind, push_data_header};
use crate::contract::{
    Farewell, FrameTerms, Framing, Lane, LaneFacts, Link, LinkEvent, LinkFacts, LinkFailure,
    SessionKeys,
};

/// What passes every way to the peer, with room for IPsec and PPPoE below, and what Windows uses.
const MTU: u16 = 1400;
/// The longest PPP frame that is taken.
const FRAME_MAX: usize = 4096;
/// A quiet peer is asked for a sign of life after this (§5.5; Windows asks after 40 s).
const HELLO_AFTER: Duration = Duration::from_secs(60);
/// How long the farewell waits to be acknowledged. Who does not answer in this time is not answering.
const FAREWELL: Duration = Duration::from_secs(1);
/// Datagrams that wait for the lane: more than that, and the newest are lost, as in any network.
const MOST_QUEUED: usize = 1024;
const ADDRESS_AND_CONTROL: [u8; 2] = [0xff, 0x03];
const LCP: u16 = 0xc021;
/// Both kinds of framing, and of bearer (§4.4.3).
const BOTH_KINDS: u32 = 3;
const SYNCHRONOUS: u32 = 1;
const DIGITAL: u32 = 1;
/// What we tell as the speed of a line that has none.
const SPEED: u32 = 1_000_000_000;
const VENDOR: &[u8] = b"onhook";

mod stop {
    pub(super) const GENERAL: u16 = 1;
    pub(super) const ERROR: u16 = 2;
    pub(super) const NOT_AUTHORIZED: u16 = 4;
    pub(super) const STATE: u16 = 7;
    pub(super) const NO_ROOM_NOW: u16 = 4;
    pub(super) const LOST_CARRIER: u16 = 1;
    pub(super) const ADMINISTRATIVE: u16 = 3;
    pub(super) const NOT_UNDERSTOOD: u16 = 8;
}

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    AwaitingReply,
    AwaitingCallReply,
    AwaitingRequest,
    AwaitingConnected,
    AwaitingCall,
    AwaitingCallConnected,
    Up,
    /// The farewell was said, or the peer's was heard; acknowledgements pass.
    Leaving {
        until: Instant,
    },
    Gone,
}

/// One end of an L2TP call; see the [room](super).
#[derive(Debug)]
pub struct L2tp {
    terms: L2tpTerms,
    calls: bool,
    phase: Phase,
    reliable: Reliable,
    pub(super) tunnel: u16,
    pub(super) session: u16,
    peer_tunnel: u16,
    peer_session: u16,
    challenge: [u8; 16],
    serial: u32,
    framing: FrameTerms,
    /// Our next data message's number, once they are to be numbered.
    data_ns: Option<u16>,
    /// The number after that of the last data message taken.
    data_nr: u16,
    outbox: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    frame: Vec<u8>,
    has_frame: bool,
    quiet_since: Instant,
    hello_under_way: bool,
    down: bool,
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
            terms,
            calls,
            phase: Phase::Idle,
            reliable: Reliable::new(),
            tunnel,
            session,
            peer_tunnel: 0,
            peer_session: 0,
            challenge: chance.bytes(),
            serial: chance.u32(),
            framing: FrameTerms {
                protocol_compression: false,
                address_compression: false,
                escape_map: 0,
                peer_mru: MTU,
            },
            data_ns: None,
            data_nr: 0,
            outbox: VecDeque::new(),
            spare: Vec::new(),
            frame: Vec::new(),
            has_frame: false,
            quiet_since: Instant::ORIGIN,
            hello_under_way: false,
            down: false,
            events: VecDeque::new(),
            dropped: 0,
        }
    }

    /// Datagrams that were not for us, meant nothing, or came when they may not.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn drop_one(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    fn secret(&self) -> Option<&[u8]> {
        self.terms.secret.as_ref().map(|secret| secret.expose().as_bytes())
    }

    pub(super) fn say(&mut self, now: Instant, message: Builder) {
        self.reliable.send(now, message.finish());
    }

    fn tunnel_message(&self, kind: u16) -> Builder {
        Builder::message(self.peer_tunnel, 0, kind)
    }

    fn call_message(&self, kind: u16) -> Builder {
        Builder::message(self.peer_tunnel, self.peer_session, kind)
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
            .u16(true, avp::ASSIGNED_TUNNEL, self.tunnel)
            .u16(true, avp::RECEIVE_WINDOW, OUR_WINDOW)
            .maybe(avp::CHALLENGE, challenge)
    }

    /// Down once; what the peer is still to be told is said by [`Link::close`].
    fn fall(&mut self, failure: impl Into<LinkFailure>) {
        if !self.down && !matches!(self.phase, Phase::Gone | Phase::Leaving { .. }) {
            self.down = true;
            self.events.push_back(LinkEvent::Down(failure.into()));
        }
    }

    /// Ends the tunnel because of something that the peer did.
    fn stop(&mut self, now: Instant, result: u16, error: u16, failure: L2tpFailure) {
        self.fall(failure);
        self.say_stop(now, result, error);
    }

    fn say_stop(&mut self, now: Instant, result: u16, error: u16) {
        if self.peer_tunnel != 0 {
            let message = self
                .tunnel_message(kind::STOP_CCN)
                .u16(true, avp::ASSIGNED_TUNNEL, self.tunnel)
                .result(result, error);
            self.say(now, message);
        } else {
            // Nobody to tell: what was asked is asked no more.
            self.reliable.give_up();
        }
        self.phase = Phase::Leaving { until: now + FAREWELL };
    }

    fn gone(&mut self) {
        if self.phase != Phase::Gone {
            self.phase = Phase::Gone;
            self.reliable.give_up();
            self.events.push_back(LinkEvent::Closed);
        }
    }

    fn handle_data(&mut self, now: Instant, data: &Data<'_>) {
        let is_ours = data.tunnel == self.tunnel && data.session == self.session;
        if !is_ours || self.phase != Phase::Up || self.down {
            return self.drop_one();
        }
        if let Some(ns) = data.ns {
            // Who numbers his wants ours numbered (§5.4); an older one comes too late.
            self.data_ns.get_or_insert(0);
            if ns.wrapping_sub(self.data_nr) >= 0x8000 {
                return self.drop_one();
            }
            self.data_nr = ns.wrapping_add(1);
        }
        let payload = data.payload.strip_prefix(&ADDRESS_AND_CONTROL).unwrap_or(data.payload);
        if payload.is_empty() || payload.len() > FRAME_MAX || self.has_frame {
            return self.drop_one();
        }
        self.hear(now);
        self.frame.clear();
        self.frame.extend_from_slice(payload);
        self.has_frame = true;
    }
}

impl Link for L2tp {
    fn open(&mut self, now: Instant, _facts: &LaneFacts) {
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

    fn close(&mut self, now: Instant, farewell: Farewell) {
        self.down = false;
        match self.phase {
            Phase::Gone => {}
            Phase::Leaving { .. } if self.reliable.is_at_rest() => self.gone(),
            Phase::Leaving { .. } => {}
            _ if self.peer_tunnel == 0 || self.session == 0 => self.gone(),
            _ => {
                if self.peer_session != 0 {
                    let result = match farewell {
                        Farewell::Ordinary => stop::ADMINISTRATIVE,
                        Farewell::Aborted => stop::LOST_CARRIER,
                    };
                    let end = self.call_message(kind::CDN).result(result, 0).u16(
                        true,
                        avp::ASSIGNED_SESSION,
                        self.session,
                    );
                    self.say(now, end);
                }
                self.say_stop(now, stop::GENERAL, 0);
            }
        }
    }

    fn adopt(&mut self, terms: FrameTerms) {
        self.framing = terms;
    }

    fn authenticated(&mut self, _now: Instant, _keys: Option<&SessionKeys>) {}

    #[inline]
    fn handle_lane(&mut self, now: Instant, _lane: Lane, bytes: &[u8]) {
        if matches!(self.phase, Phase::Idle | Phase::Gone) {
            return;
        }
        match Datagram::parse(bytes) {
            Ok(Datagram::Data(data)) => self.handle_data(now, &data),
            Ok(Datagram::Control(control)) => self.handle_control(now, &control),
            Err(_) => self.drop_one(),
        }
    }

    fn handle_lane_closed(&mut self, _now: Instant, _lane: Lane) {
        self.outbox.clear();
        self.fall(LinkFailure::LaneClosed);
        self.gone();
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let Phase::Leaving { until } = self.phase
            && now >= until
        {
            return self.gone();
        }
        if self.reliable.handle_timeout(now).is_err() {
            self.fall(L2tpFailure::Unanswered);
            self.peer_tunnel_is_over();
        }
        let is_quiet = now >= self.quiet_since + HELLO_AFTER;
        if self.phase == Phase::Up && !self.hello_under_way && !self.down && is_quiet {
            self.hello_under_way = true;
            self.say(now, self.tunnel_message(kind::HELLO));
        }
    }

    #[inline]
    fn send_frame(&mut self, _now: Instant, protocol: u16, information: &[u8]) {
        if self.phase != Phase::Up || self.down || self.outbox.len() >= MOST_QUEUED {
            return self.drop_one();
        }
        let mut out = self.spare.pop().unwrap_or_default();
        out.clear();
        push_data_header(&mut out, self.peer_tunnel, self.peer_session, self.data_ns);
        self.data_ns = self.data_ns.map(|ns| ns.wrapping_add(1));
        let is_lcp = protocol == LCP;
        if !self.framing.address_compression || is_lcp {
            out.extend_from_slice(&ADDRESS_AND_CONTROL);
        }
        match protocol.to_be_bytes() {
            [0, low] if self.framing.protocol_compression && low & 1 == 1 => out.push(low),
            number => out.extend_from_slice(&number),
        }
        out.extend_from_slice(information);
        self.outbox.push_back(out);
    }

    #[inline]
    fn poll_frame(&mut self, _now: Instant) -> Option<&mut [u8]> {
        if !self.events.is_empty() || !std::mem::take(&mut self.has_frame) {
            return None;
        }
        Some(&mut self.frame)
    }

    fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<Lane> {
        // Control first: an Incoming-Call-Connected goes before the first frame.
        let message = self.reliable.poll(self.peer_tunnel).or_else(|| self.outbox.pop_front())?;
        let old = std::mem::replace(into, message);
        if old.capacity() > 0 && self.spare.len() < MOST_QUEUED {
            self.spare.push(old);
        }
        Some(Lane::Control)
    }

    fn queued_bytes(&self) -> usize {
        let data: usize = self.outbox.iter().map(Vec::len).sum();
        data.saturating_add(self.reliable.queued_bytes())
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        let repeat = self.reliable.repeat_at().map(|at| Deadline::new(at, "L2TP repetition"));
        let own = match self.phase {
            Phase::Leaving { until } => Some(Deadline::new(until, "L2TP farewell")),
            Phase::Up if !self.hello_under_way && !self.down => {
                Some(Deadline::new(self.quiet_since + HELLO_AFTER, "L2TP hello"))
            }
            _ => None,
        };
        Deadline::earliest(own, repeat)
    }

    fn facts(&self) -> LinkFacts {
        LinkFacts {
            mtu: MTU,
            mru_to_ask: Some(MTU),
            encrypted: false,
            lossy: true,
            framing: Framing::Synchronous,
            ends_by_word: true,
        }
    }
}
