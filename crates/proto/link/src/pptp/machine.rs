//! One end of one control connection with one call in it.
//!
//! ```text
//!   caller    Idle ─▶ AwaitingStartReply ─▶ AwaitingCallReply ─▶ Up ─▶ Leaving ─▶ Gone
//!   answerer  Idle ─▶ AwaitingStart ─▶ AwaitingCall ─▶ Up …
//! ```

mod control;

use std::collections::VecDeque;

use onhook_base::{Deadline, Duration, Instant, Seed};

use super::failure::PptpFailure;
use super::gre::{Packet, push_header};
use super::wire::{Message, OutgoingCall, Start, VERSION};
use crate::contract::{
    Farewell, FrameTerms, Framing, Lane, LaneFacts, Link, LinkEvent, LinkFacts, LinkFailure,
    SessionKeys,
};
use crate::head::from_protocol;

/// What passes every way to the peer, with MPPE's octets and PPPoE's below, and what Windows asks for.
const MTU: u16 = 1400;
/// The longest PPP frame that is taken.
const FRAME_MAX: usize = 4096;
/// A quiet control connection is asked for a sign of life after this (§3.1.4).
const ECHO_AFTER: Duration = Duration::from_secs(60);
/// How long the answer may take (§3.1.4).
const ECHO_PATIENCE: Duration = Duration::from_secs(60);
/// How long a call may be up without a single packet from the peer. LCP would say a moment later that
/// nobody answers; this says why.
const GRE_PATIENCE: Duration = Duration::from_secs(20);
/// How long the farewell waits for the peer's words.
const FAREWELL: Duration = Duration::from_secs(1);
/// A received packet is acknowledged after this at the latest, if nothing is sent meanwhile.
const ACKNOWLEDGE_AFTER: Duration = Duration::from_millis(100);
/// And at once when this many are not: half of our window.
const ACKNOWLEDGE_EVERY: u16 = WINDOW / 2;
/// Packets that a peer may send before it is told that they came (§4.2).
const WINDOW: u16 = 64;
/// Packets that wait for the lane: more than that, and the newest are lost, as in any network.
const MOST_QUEUED: usize = 1024;
/// Both kinds of framing, and of bearer (§2.1).
const BOTH_KINDS: u32 = 3;
const SLOWEST: u32 = 300;
/// What we tell as the speed of a line that has none.
const SPEED: u32 = 100_000_000;
const VENDOR: &[u8] = b"onhook";

/// Result codes (§2).
mod code {
    pub(super) const OK: u8 = 1;
    pub(super) const WRONG_VERSION: u8 = 5;
    pub(super) const BUSY: u8 = 4;
    pub(super) const REFUSED: u8 = 3;
    pub(super) const LOST_CARRIER: u8 = 1;
    pub(super) const ADMINISTRATIVE: u8 = 3;
    pub(super) const AS_ASKED: u8 = 4;
    pub(super) const NO_REASON: u8 = 1;
}

/// What one end is to know.
#[derive(Clone, Debug)]
pub struct PptpTerms {
    /// Our name, told to the peer: its first 63 octets.
    pub host_name: String,
    /// Our number of the call; [`call_number`] of the seed when `None`.
    pub call: Option<u16>,
}

/// The number that a call of this seed has at our end; never 0.
pub fn call_number(seed: &Seed) -> u16 {
    let [low, high, ..] = seed.derive("PPTP call").chance().u32().to_le_bytes();
    u16::from_le_bytes([low, high]).max(1)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    AwaitingStartReply,
    AwaitingCallReply,
    AwaitingStart,
    AwaitingCall,
    Up,
    /// The owner has said goodbye.
    Leaving {
        until: Instant,
        awaits: Awaits,
    },
    Gone,
}

/// What ends a farewell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    CallEnd,
    StopReply,
    StopRequest,
}

/// One end of a PPTP call; see the [room](super).
#[derive(Debug)]
pub struct Pptp {
    terms: PptpTerms,
    calls: bool,
    phase: Phase,
    call: u16,
    peer_call: u16,
    serial: u16,
    framing: FrameTerms,
    told_framing: bool,
    /// The call has ended or was never there; the control connection still is.
    call_is_over: bool,
    /// Nothing more can be said in the control connection.
    control_is_over: bool,
    /// What came of the control stream and is no whole message yet.
    stream: Vec<u8>,
    control: Vec<u8>,
    packets: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    next_sequence: u32,
    last_received: Option<u32>,
    unacknowledged: u16,
    acknowledge_at: Option<Instant>,
    frame: Vec<u8>,
    has_frame: bool,
    up_since: Instant,
    quiet_since: Instant,
    echo_until: Option<Instant>,
    identifier: u32,
    down: bool,
    events: VecDeque<LinkEvent>,
    dropped: u64,
}

impl Pptp {
    /// The calling end.
    pub fn caller(terms: PptpTerms, seed: &Seed) -> Self {
        Self::new(terms, true, seed)
    }

    /// The answering end.
    pub fn answerer(terms: PptpTerms, seed: &Seed) -> Self {
        Self::new(terms, false, seed)
    }

    fn new(terms: PptpTerms, calls: bool, seed: &Seed) -> Self {
        let call = terms.call.unwrap_or_else(|| call_number(seed));
        let mut chance = seed.chance();
        let [low, high, ..] = chance.u32().to_le_bytes();
        Self {
            terms,
            calls,
            phase: Phase::Idle,
            call,
            peer_call: 0,
            serial: u16::from_le_bytes([low, high]),
            framing: FrameTerms::unagreed(0, MTU),
            told_framing: false,
            call_is_over: true,
            control_is_over: false,
            stream: Vec::new(),
            control: Vec::new(),
            packets: VecDeque::new(),
            spare: Vec::new(),
            next_sequence: 0,
            last_received: None,
            unacknowledged: 0,
            acknowledge_at: None,
            frame: Vec::new(),
            has_frame: false,
            up_since: Instant::ORIGIN,
            quiet_since: Instant::ORIGIN,
            echo_until: None,
            identifier: chance.u32(),
            down: false,
            events: VecDeque::new(),
            dropped: 0,
        }
    }

    /// Messages and packets that were not for us, meant nothing, or came when they may not.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn drop_one(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    fn say(&mut self, message: &Message) {
        if !self.control_is_over {
            message.emit(&mut self.control);
        }
    }

    /// What both ends tell of themselves.
    fn introduce(&self, result: u8) -> Start {
        Start {
            version: VERSION,
            result,
            error: 0,
            framing: BOTH_KINDS,
            bearer: BOTH_KINDS,
            channels: 0,
            firmware: 1,
            host: text(self.terms.host_name.as_bytes()),
            vendor: text(VENDOR),
        }
    }

    /// Down once; what the peer is still to be told is said by [`Link::close`].
    fn fall(&mut self, failure: impl Into<LinkFailure>) {
        if !self.down && !matches!(self.phase, Phase::Gone | Phase::Leaving { .. }) {
            self.down = true;
            self.acknowledge_at = None;
            self.events.push_back(LinkEvent::Down(failure.into()));
        }
    }

    fn gone(&mut self) {
        if self.phase != Phase::Gone {
            self.phase = Phase::Gone;
            self.packets.clear();
            self.acknowledge_at = None;
            self.events.push_back(LinkEvent::Closed);
        }
    }

    const fn is_carrying(&self) -> bool {
        matches!(self.phase, Phase::Up) && !self.down
    }

    fn handle_packet(&mut self, now: Instant, bytes: &[u8]) {
        let Ok(packet) = Packet::parse(bytes) else { return self.drop_one() };
        if packet.call != self.call || !self.is_carrying() {
            return self.drop_one();
        }
        let Some(sequence) = packet.sequence else {
            // It acknowledges what we have sent, and so tells that GRE passes.
            self.up_since = now;
            return;
        };
        // What comes late comes twice, or in an order that PPP must not see (§4.3).
        let is_late = self
            .last_received
            .is_some_and(|last| sequence.wrapping_sub(last).wrapping_sub(1) >= 1 << 31);
        if is_late {
            return self.drop_one();
        }
        self.last_received = Some(sequence);
        self.unacknowledged = self.unacknowledged.saturating_add(1);
        if self.unacknowledged >= ACKNOWLEDGE_EVERY {
            self.acknowledge();
        } else {
            self.acknowledge_at.get_or_insert(now + ACKNOWLEDGE_AFTER);
        }
        let payload = from_protocol(packet.payload);
        if payload.is_empty() || payload.len() > FRAME_MAX || self.has_frame {
            return self.drop_one();
        }
        self.frame.clear();
        self.frame.extend_from_slice(payload);
        self.has_frame = true;
    }

    /// The number to be acknowledged now, if there is one; it counts as told.
    fn take_acknowledgement(&mut self) -> Option<u32> {
        if std::mem::take(&mut self.unacknowledged) == 0 {
            return None;
        }
        self.acknowledge_at = None;
        self.last_received
    }

    /// A packet that acknowledges and carries nothing.
    fn acknowledge(&mut self) {
        let Some(number) = self.take_acknowledgement() else { return };
        if self.packets.len() < MOST_QUEUED {
            let mut out = self.empty_packet();
            push_header(&mut out, self.peer_call, None, Some(number), 0);
            self.packets.push_back(out);
        }
    }

    fn empty_packet(&mut self) -> Vec<u8> {
        let mut packet = self.spare.pop().unwrap_or_default();
        packet.clear();
        packet
    }

    fn ask_for_call(&mut self) {
        self.call_is_over = false;
        self.say(&Message::OutgoingCallRequest(OutgoingCall {
            call: self.call,
            serial: self.serial,
            slowest: SLOWEST,
            fastest: SPEED,
            bearer: BOTH_KINDS,
            framing: BOTH_KINDS,
            window: WINDOW,
            delay: 0,
            number_length: 0,
            number: [0; 64],
            subaddress: [0; 64],
        }));
        self.phase = Phase::AwaitingCallReply;
    }

    fn up(&mut self, now: Instant, peer_call: u16) {
        self.peer_call = peer_call;
        self.call_is_over = false;
        self.up_since = now;
        self.phase = Phase::Up;
        self.events.push_back(LinkEvent::Up);
    }

    /// Whether not a word of the peer has come through GRE.
    const fn is_deaf(&self) -> bool {
        self.last_received.is_none()
    }
}

/// A text in a field of 64 octets, ended by a zero.
fn text(from: &[u8]) -> [u8; 64] {
    let mut field = [0; 64];
    for (to, octet) in field.iter_mut().zip(from.iter().take(63)) {
        *to = *octet;
    }
    field
}

impl Link for Pptp {
    fn open(&mut self, now: Instant, _facts: &LaneFacts) {
        if self.phase != Phase::Idle {
            return;
        }
        self.quiet_since = now;
        if self.calls {
            let request = Message::StartRequest(self.introduce(0));
            self.say(&request);
            self.phase = Phase::AwaitingStartReply;
        } else {
            self.phase = Phase::AwaitingStart;
        }
    }

    fn close(&mut self, now: Instant, farewell: Farewell) {
        self.down = false;
        self.packets.clear();
        self.acknowledge_at = None;
        let awaits = match self.phase {
            Phase::Gone | Phase::Leaving { .. } => return,
            Phase::Idle | Phase::AwaitingStartReply | Phase::AwaitingStart => return self.gone(),
            _ if self.control_is_over => return self.gone(),
            // Who has cleared the call stops the control connection too.
            Phase::Up if self.call_is_over && !self.calls => Awaits::StopRequest,
            _ if self.call_is_over => {
                self.say(&Message::StopRequest { reason: code::NO_REASON });
                Awaits::StopReply
            }
            _ if self.calls => {
                self.say(&Message::CallClearRequest { call: self.call });
                Awaits::CallEnd
            }
            _ => {
                let result = match farewell {
                    Farewell::Ordinary => code::ADMINISTRATIVE,
                    Farewell::Aborted => code::LOST_CARRIER,
                };
                self.say_call_end(result);
                self.say(&Message::StopRequest { reason: code::NO_REASON });
                Awaits::StopReply
            }
        };
        self.phase = Phase::Leaving { until: now + FAREWELL, awaits };
    }

    fn adopt(&mut self, terms: FrameTerms) {
        self.framing = terms;
        // There are no asynchronous lines behind us (§2.15); servers expect to be told so once.
        if self.calls && self.is_carrying() && !std::mem::replace(&mut self.told_framing, true) {
            let (send, receive) = (u32::MAX, u32::MAX);
            self.say(&Message::SetLinkInfo { peer_call: self.peer_call, send, receive });
        }
    }

    fn authenticated(&mut self, _now: Instant, _keys: Option<&SessionKeys>) {}

    #[inline]
    fn handle_lane(&mut self, now: Instant, lane: Lane, bytes: &[u8]) {
        match (self.phase, lane) {
            (Phase::Idle | Phase::Gone, _) => {}
            (_, Lane::Data) => self.handle_packet(now, bytes),
            (_, Lane::Control) => self.handle_stream(now, bytes),
        }
    }

    fn handle_lane_closed(&mut self, _now: Instant, lane: Lane) {
        match lane {
            // Without its control connection a call is dead (§3.1.4).
            Lane::Control => {
                self.control_is_over = true;
                self.control.clear();
                self.fall(LinkFailure::LaneClosed);
                self.gone();
            }
            Lane::Data => {
                self.packets.clear();
                self.fall(LinkFailure::LaneClosed);
            }
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let Phase::Leaving { until, .. } = self.phase {
            if now >= until {
                self.gone();
            }
            return;
        }
        if self.acknowledge_at.is_some_and(|at| now >= at) {
            self.acknowledge();
        }
        if !self.is_carrying() {
            return;
        }
        if self.is_deaf() && now >= self.up_since + GRE_PATIENCE {
            return self.fall(PptpFailure::NothingThroughGre);
        }
        match self.echo_until {
            Some(until) if now >= until => {
                self.control_is_over = true;
                self.fall(PptpFailure::Unanswered);
            }
            Some(_) => {}
            None if now >= self.quiet_since + ECHO_AFTER => {
                self.identifier = self.identifier.wrapping_add(1);
                self.say(&Message::EchoRequest { identifier: self.identifier });
                self.echo_until = Some(now + ECHO_PATIENCE);
            }
            None => {}
        }
    }

    #[inline]
    fn send_frame(&mut self, _now: Instant, protocol: u16, information: &[u8]) {
        if !self.is_carrying() || self.packets.len() >= MOST_QUEUED {
            return self.drop_one();
        }
        let head = self.framing.head(protocol);
        let length = head.octets().len() + information.len();
        let acknowledged = self.take_acknowledgement();
        let mut out = self.empty_packet();
        push_header(&mut out, self.peer_call, Some(self.next_sequence), acknowledged, length);
        self.next_sequence = self.next_sequence.wrapping_add(1);
        out.extend_from_slice(head.octets());
        out.extend_from_slice(information);
        self.packets.push_back(out);
    }

    #[inline]
    fn poll_frame(&mut self, _now: Instant) -> Option<&mut [u8]> {
        if !self.events.is_empty() || !std::mem::take(&mut self.has_frame) {
            return None;
        }
        Some(&mut self.frame)
    }

    fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<Lane> {
        // Control first: an Outgoing-Call-Reply goes before the first frame.
        if !self.control.is_empty() {
            into.clear();
            std::mem::swap(into, &mut self.control);
            return Some(Lane::Control);
        }
        let packet = self.packets.pop_front()?;
        let old = std::mem::replace(into, packet);
        if old.capacity() > 0 && self.spare.len() < MOST_QUEUED {
            self.spare.push(old);
        }
        Some(Lane::Data)
    }

    fn queued_bytes(&self) -> usize {
        let packets: usize = self.packets.iter().map(Vec::len).sum();
        packets.saturating_add(self.control.len())
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        if let Phase::Leaving { until, .. } = self.phase {
            return Some(Deadline::new(until, "PPTP farewell"));
        }
        let acknowledge = self.acknowledge_at.map(|at| Deadline::new(at, "PPTP acknowledgement"));
        if !self.is_carrying() {
            return acknowledge;
        }
        let deaf = self
            .is_deaf()
            .then(|| Deadline::new(self.up_since + GRE_PATIENCE, "PPTP's first packet"));
        let echo = match self.echo_until {
            Some(until) => Deadline::new(until, "PPTP echo reply"),
            None => Deadline::new(self.quiet_since + ECHO_AFTER, "PPTP echo"),
        };
        Deadline::earliest(acknowledge, Deadline::earliest(deaf, Some(echo)))
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
