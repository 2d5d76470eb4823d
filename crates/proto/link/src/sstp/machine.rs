//! What both ends of an SSTP call share: the phases, the data path, the hello timer, the endings.
//!
//! ```text
//!            caller: request, reply            ACK             CALL_CONNECTED
//!   Idle ──▶ Http ──────────────▶ Requesting ──────▶ Binding ─────────────────▶ Connected
//!                                                    │ Up: frames pass             │
//!        any of these ─── close ──▶ DISCONNECT ──▶ DisconnectAckPending ─ ACK ──▶ Gone
//!                     ─── DISCONNECT came, ACK ──▶ DisconnectTimeoutPending ────▶ Gone
//!                     ─── a fault: ABORT ────────▶ AbortPending ─ ABORT ─┐
//!                     ─── ABORT came: ABORT ─────▶ AbortTimeoutPending ◀─┘──────▶ Gone
//! ```
//!
//! The two ends differ by a [`Role`]: who speaks first in `Http` and `Requesting`, who sends the crypto
//! binding and who checks it. Everything else is here.
//!
//! **Order.** Nothing is read when bytes arrive; [`Link::poll_frame`] walks the inbox, hands out frames
//! and obeys messages as it meets them, so that frames before a message are delivered before it counts.
//! It stops while an event waits: the owner hears `Up` before it is given the first frame, even when
//! both came in one read.
//!
//! **Waiting at the end.** \[MS-SSTP\] §3.1.2.1 lets either end wait a second after its last word, so that
//! the other may close the stream first. The answerer does; the caller, whom a person waits for, does
//! not, once both have said theirs.

use std::ops::Range;

use onhook_base::{Deadline, Instant};

use super::call::{CONTROL_PROTOCOLS, Call, Phase, SstpTimes, Timer};
use super::failure::{HttpFault, SstpFailure};
use super::http::{self, Head};
use super::stream::INFORMATION_MAX;
use super::wire::{Message, Unfit, status};
use crate::contract::{
    Farewell, FrameTerms, Framing, Lane, LaneFacts, Link, LinkEvent, LinkFacts, LinkFailure,
    SessionKeys,
};

/// The MTU of an SSTP link unless its terms say otherwise.
///
/// It is also the MRU that LCP asks for, so that the peer's packets are no longer than ours: whatever
/// lies behind it then sees one path with one MTU. The packet format would carry 4087.
pub const DEFAULT_MTU: u16 = 1400;

/// The MTU that must not be asked for, since it is what goes without asking (RFC 1661 §6.1).
const DEFAULT_MRU: u16 = 1500;

/// What the two ends do differently.
pub(super) trait Role {
    /// Whether this is the answerer: it does not judge what an unknown server speaks, and it lets
    /// the caller close the stream first.
    const ANSWERS: bool;

    /// The lane is open: speak first, or not.
    fn opened(&mut self, call: &mut Call);
    /// The other side's HTTP head has come.
    fn head(&mut self, call: &mut Call, now: Instant, head: &[u8]);
    /// What has come instead of one is none.
    fn no_head(&mut self, call: &mut Call, fault: HttpFault);
    /// A message of the handshake, in one of its phases.
    fn message(&mut self, call: &mut Call, now: Instant, message: &Message<'_>, packet: &[u8]);
    /// A message that cannot be taken; `true` when it has been answered.
    fn unfit(&mut self, call: &mut Call, now: Instant, unfit: &Unfit<'_>) -> bool;
    /// PPP has authenticated.
    fn authenticated(&mut self, call: &mut Call, now: Instant, keys: Option<&SessionKeys>);
    /// The negotiation timer has expired after the HTTP exchange.
    fn expired(&mut self, call: &mut Call, now: Instant);
}

/// One end of an SSTP call, above TLS; see [`SstpCaller`](super::SstpCaller) and
/// [`SstpAnswerer`](super::SstpAnswerer).
#[derive(Debug)]
pub struct Sstp<R> {
    call: Call,
    role: R,
}

#[expect(private_bounds, reason = "callers and answerers alone can be made")]
impl<R: Role> Sstp<R> {
    pub(super) fn of(role: R, times: SstpTimes, mtu: u16) -> Self {
        let mtu = mtu.min(u16::try_from(INFORMATION_MAX).unwrap_or(u16::MAX));
        Self { call: Call::new(R::ANSWERS, times, mtu), role }
    }
}

impl<R> Sstp<R> {
    /// Frames that were dropped: sent or received when they may not pass (network packets: before the
    /// crypto binding), too long, too many, or empty.
    pub const fn dropped_frames(&self) -> u64 {
        self.call.dropped_frames
    }
}

#[expect(private_bounds, reason = "all of it is private")]
impl<R: Role> Sstp<R> {
    /// Walks the inbox to the next frame.
    #[inline]
    fn next_frame(&mut self, now: Instant) -> Option<Range<usize>> {
        while self.call.events.is_empty() {
            match self.call.phase {
                Phase::Idle | Phase::Gone => {
                    self.call.inbox.clear();
                    return None;
                }
                Phase::Http => {
                    if !self.read_head(now) {
                        return None;
                    }
                    continue;
                }
                Phase::Requesting
                | Phase::Binding
                | Phase::Connected
                | Phase::DisconnectAckPending
                | Phase::DisconnectTimeoutPending { .. }
                | Phase::AbortPending
                | Phase::AbortTimeoutPending => {}
            }
            match self.call.inbox.next_packet() {
                Ok(None) => return None,
                Ok(Some(packet)) => {
                    self.call.hear(now);
                    if packet.control {
                        let packet = self.call.inbox.slice(packet.range).to_vec();
                        self.read_message(now, &packet);
                    } else if let Some(frame) = self.call.admit(packet.range) {
                        return Some(frame);
                    }
                }
                Err(_) if !R::ANSWERS && !self.call.has_met() => {
                    self.call.fall(SstpFailure::NotSstp)
                }
                Err(fault) => self.call.fall(SstpFailure::StreamLost(fault)),
            }
        }
        None
    }

    /// Takes the HTTP head if it is whole; `false` when there is nothing to do before more has come.
    fn read_head(&mut self, now: Instant) -> bool {
        let call = &mut self.call;
        let unread = call.inbox.unread();
        if !R::ANSWERS && !http::may_be_reply(unread) {
            self.role.no_head(call, HttpFault::NotHttp);
            return true;
        }
        match http::find_head(unread, call.searched) {
            Ok(Head::Whole(length)) => {
                let head = call.inbox.take(length);
                self.role.head(call, now, &head);
                true
            }
            Ok(Head::Partial { searched }) => {
                call.searched = searched;
                false
            }
            Err(fault) => {
                self.role.no_head(call, fault);
                true
            }
        }
    }

    fn read_message(&mut self, now: Instant, packet: &[u8]) {
        let call = &mut self.call;
        let live = call.is_live();
        match Message::parse(packet) {
            Ok(message) => {
                tracing::trace!(target: "link::sstp", kind = ?message.kind(), "message came");
                if !call.obey(now, &message) {
                    self.role.message(call, now, &message, packet);
                }
            }
            // While a farewell is said, everything but its own words is ignored.
            Err(_) if !live => {}
            Err(unfit) => {
                tracing::debug!(target: "link::sstp", ?unfit, "message cannot be taken");
                if !self.role.unfit(call, now, &unfit) {
                    let fault = unfit.faults.first();
                    let fault =
                        fault.map_or((0, status::INVALID_FRAME), |f| (f.attribute, f.status));
                    call.abort_call(now, fault.0, fault.1);
                }
            }
        }
    }
}

impl<R: Role> Link for Sstp<R> {
    fn open(&mut self, now: Instant, facts: &LaneFacts) {
        let call = &mut self.call;
        if call.phase != Phase::Idle || call.farewell.is_some() {
            return;
        }
        call.certificate = facts.server_certificate;
        if call.certificate.is_none() {
            call.fall(SstpFailure::NoCertificate);
            return;
        }
        call.negotiate(now, Phase::Http);
        self.role.opened(call);
    }

    fn close(&mut self, now: Instant, farewell: Farewell) {
        self.call.close(now, farewell);
    }

    /// Nothing changes: SSTP frames carry address, control and the whole Protocol field always, as
    /// Windows does; they cost four octets, and every peer reads them.
    fn adopt(&mut self, _terms: FrameTerms) {}

    fn authenticated(&mut self, now: Instant, keys: Option<&SessionKeys>) {
        if self.call.phase == Phase::Binding {
            self.role.authenticated(&mut self.call, now, keys);
        }
    }

    #[inline]
    fn handle_lane(&mut self, _now: Instant, _lane: Lane, bytes: &[u8]) {
        if !matches!(self.call.phase, Phase::Idle | Phase::Gone) {
            self.call.inbox.push(bytes);
        }
    }

    fn handle_lane_closed(&mut self, _now: Instant, _lane: Lane) {
        let call = &mut self.call;
        call.outbox.clear();
        if call.phase != Phase::Gone {
            call.fall(LinkFailure::LaneClosed);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.call.timers.expired(now) {
            match timer {
                Timer::Negotiation if self.call.phase == Phase::Http => {
                    self.call.fall(SstpFailure::Timeout);
                }
                Timer::Negotiation => self.role.expired(&mut self.call, now),
                Timer::Farewell => self.call.gone(),
            }
        }
        self.call.hello(now);
    }

    #[inline]
    fn send_frame(&mut self, _now: Instant, protocol: u16, information: &[u8]) {
        let call = &mut self.call;
        // As when receiving: before the binding, control protocols only ([MS-SSTP] §3.3.7.1).
        let may_go = match call.phase {
            Phase::Connected => true,
            Phase::Binding => protocol >= CONTROL_PROTOCOLS,
            Phase::Idle
            | Phase::Http
            | Phase::Requesting
            | Phase::DisconnectAckPending
            | Phase::DisconnectTimeoutPending { .. }
            | Phase::AbortPending
            | Phase::AbortTimeoutPending
            | Phase::Gone => false,
        };
        if !may_go || !call.outbox.push_frame(protocol, information) {
            call.drop_frame();
        }
    }

    #[inline]
    fn poll_frame(&mut self, now: Instant) -> Option<&mut [u8]> {
        let frame = self.next_frame(now)?;
        self.call.inbox.slice_mut(frame)
    }

    fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<Lane> {
        self.call.outbox.take(into).then_some(Lane::Control)
    }

    fn queued_bytes(&self) -> usize {
        self.call.outbox.len()
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        self.call.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        self.call.deadline()
    }

    fn facts(&self) -> LinkFacts {
        let mtu = self.call.mtu;
        let mru_to_ask = (mtu != DEFAULT_MRU).then_some(mtu);
        LinkFacts {
            mtu,
            mru_to_ask,
            encrypted: true,
            lossy: false,
            framing: Framing::Synchronous,
            ends_by_word: true,
        }
    }
}
