//! One call in a tunnel, at either end: how it comes up, its data messages, and how it ends (RFC 2661 §5.2 to
//! §5.4, §5.6). What carries its control messages is not its business.
//!
//! ```text
//!   caller    Idle ─▶ AwaitingReply ───────────────────▶ Up ─▶ Over
//!   answerer  Idle ─▶ AwaitingRequest ─▶ AwaitingConnected ─▶ Up …
//! ```

use std::collections::VecDeque;

use super::failure::L2tpFailure;
use super::wire::{Builder, Data, Message, ResultCode, avp, disconnect, kind, push_data_header};
use crate::contract::{Farewell, FrameTerms, Framing, LinkFacts};
use crate::head::from_protocol;

/// What passes every way to the peer, with room for IPsec and PPPoE below, and what Windows uses.
pub(super) const MTU: u16 = 1400;
/// The longest PPP frame that is taken.
const FRAME_MAX: usize = 4096;
/// Datagrams that wait for the lane: more than that, and the newest are lost, as in any network.
const MOST_QUEUED: usize = 1024;
const SYNCHRONOUS: u32 = 1;
const DIGITAL: u32 = 1;
/// What we tell as the speed of a line that has none.
const SPEED: u32 = 1_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    AwaitingReply,
    AwaitingRequest,
    AwaitingConnected,
    Up,
    Over,
}

/// One call.
#[derive(Debug)]
pub(super) struct Session {
    phase: Phase,
    /// What the peer calls our end by.
    pub(super) number: u16,
    /// What we call the peer's end by; 0 until it has told.
    pub(super) peer: u16,
    framing: FrameTerms,
    /// Our next data message's number, once they are to be numbered.
    data_ns: Option<u16>,
    /// The number after that of the last data message taken.
    data_nr: u16,
    outbox: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    frame: Vec<u8>,
    has_frame: bool,
    dropped: u64,
}

impl Session {
    pub(super) const fn new(number: u16) -> Self {
        Self {
            phase: Phase::Idle,
            number,
            peer: 0,
            framing: FrameTerms::unagreed(0, MTU),
            data_ns: None,
            data_nr: 0,
            outbox: VecDeque::new(),
            spare: Vec::new(),
            frame: Vec::new(),
            has_frame: false,
            dropped: 0,
        }
    }

    /// Asks for the call, in the tunnel that the peer knows by this number.
    pub(super) fn call(&mut self, peer_tunnel: u16, serial: u32) -> Builder {
        self.phase = Phase::AwaitingReply;
        Builder::message(peer_tunnel, 0, kind::ICRQ)
            .u16(true, avp::ASSIGNED_SESSION, self.number)
            .u32(avp::CALL_SERIAL_NUMBER, serial)
            .u32(avp::BEARER_TYPE, DIGITAL)
    }

    /// Waits to be asked.
    pub(super) const fn await_call(&mut self) {
        self.phase = Phase::AwaitingRequest;
    }

    pub(super) fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    /// Nobody has called yet.
    pub(super) fn awaits_call(&self) -> bool {
        self.phase == Phase::AwaitingRequest
    }

    /// What a message of this call leads to: an answer, perhaps.
    ///
    /// # Errors
    /// Why the call is over; whether the peer is still to be told, [`end`](Self::end) knows.
    pub(super) fn obey(
        &mut self,
        peer_tunnel: u16,
        message: &Message,
    ) -> Result<Option<Builder>, L2tpFailure> {
        if let Some(attribute) = message.not_understood {
            return Err(L2tpFailure::NotUnderstood { attribute });
        }
        match (self.phase, message.kind) {
            (Phase::Over | Phase::Idle, _) | (_, kind::WEN | kind::SLI) => Ok(None),
            (_, kind::CDN) => self.on_ended(message),
            (Phase::AwaitingReply, kind::ICRP) => {
                self.meet(message)?;
                self.phase = Phase::Up;
                let connected = Builder::message(peer_tunnel, self.peer, kind::ICCN)
                    .u32(avp::CONNECT_SPEED, SPEED)
                    .u32(avp::FRAMING_TYPE, SYNCHRONOUS);
                Ok(Some(connected))
            }
            (Phase::AwaitingRequest, kind::ICRQ) => {
                self.meet(message)?;
                self.phase = Phase::AwaitingConnected;
                let reply = Builder::message(peer_tunnel, self.peer, kind::ICRP);
                Ok(Some(reply.u16(true, avp::ASSIGNED_SESSION, self.number)))
            }
            (Phase::AwaitingConnected, kind::ICCN) => {
                if message.sequencing_required {
                    self.data_ns = Some(0);
                }
                self.phase = Phase::Up;
                Ok(None)
            }
            (_, kind) => Err(L2tpFailure::Unfit { kind }),
        }
    }

    /// What a first message must have: their number for the call.
    fn meet(&mut self, message: &Message) -> Result<(), L2tpFailure> {
        let unfit = L2tpFailure::Unfit { kind: message.kind };
        self.peer = message.assigned_session.ok_or(unfit)?;
        Ok(())
    }

    fn on_ended(&mut self, message: &Message) -> Result<Option<Builder>, L2tpFailure> {
        let named = message.assigned_session;
        if named.is_some_and(|named| self.peer != 0 && named != self.peer) {
            self.drop_one();
            return Ok(None);
        }
        self.phase = Phase::Over;
        let ResultCode { result, error, text } = message.result.clone().unwrap_or_default();
        let ppp_cause = message.ppp_cause;
        Err(L2tpFailure::CallEnded { result, error, text, ppp_cause })
    }

    /// Ends it: what the peer is to be told, if it knows of the call.
    pub(super) fn end(&mut self, peer_tunnel: u16, result: u16, error: u16) -> Option<Builder> {
        let is_known = self.peer != 0 && self.phase != Phase::Over;
        self.phase = Phase::Over;
        is_known.then(|| {
            Builder::message(peer_tunnel, self.peer, kind::CDN).result(result, error).u16(
                true,
                avp::ASSIGNED_SESSION,
                self.number,
            )
        })
    }

    pub(super) const fn adopt(&mut self, terms: FrameTerms) {
        self.framing = terms;
    }

    #[inline]
    pub(super) fn handle_data(&mut self, data: &Data<'_>) -> bool {
        if data.session != self.number || self.phase != Phase::Up {
            return self.stray();
        }
        if let Some(ns) = data.ns {
            // Who numbers his wants ours numbered (§5.4); an older one comes too late.
            self.data_ns.get_or_insert(0);
            if ns.wrapping_sub(self.data_nr) >= 0x8000 {
                return self.stray();
            }
            self.data_nr = ns.wrapping_add(1);
        }
        let payload = from_protocol(data.payload);
        if payload.is_empty() || payload.len() > FRAME_MAX || self.has_frame {
            return self.stray();
        }
        self.frame.clear();
        self.frame.extend_from_slice(payload);
        self.has_frame = true;
        true
    }

    fn stray(&mut self) -> bool {
        self.drop_one();
        false
    }

    pub(super) const fn drop_one(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    /// Datagrams and frames that were not taken.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    #[inline]
    pub(super) fn send_frame(&mut self, peer_tunnel: u16, protocol: u16, information: &[u8]) {
        if self.phase != Phase::Up || self.outbox.len() >= MOST_QUEUED {
            return self.drop_one();
        }
        let mut out = self.spare.pop().unwrap_or_default();
        out.clear();
        push_data_header(&mut out, peer_tunnel, self.peer, self.data_ns);
        self.data_ns = self.data_ns.map(|ns| ns.wrapping_add(1));
        out.extend_from_slice(self.framing.head(protocol).octets());
        out.extend_from_slice(information);
        self.outbox.push_back(out);
    }

    #[inline]
    pub(super) fn take_frame(&mut self) -> Option<&mut [u8]> {
        std::mem::take(&mut self.has_frame).then_some(&mut self.frame[..])
    }

    /// The next data message to go out.
    pub(super) fn take_data(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    /// Room that was given out with a message comes back.
    pub(super) fn give_back(&mut self, room: Vec<u8>) {
        if room.capacity() > 0 && self.spare.len() < MOST_QUEUED {
            self.spare.push(room);
        }
    }

    pub(super) fn forget_data(&mut self) {
        self.outbox.clear();
    }

    pub(super) fn queued_bytes(&self) -> usize {
        self.outbox.iter().map(Vec::len).sum()
    }
}

/// The result of a Call-Disconnect-Notify that says goodbye so.
pub(super) const fn result_of(farewell: Farewell) -> u16 {
    match farewell {
        Farewell::Ordinary => disconnect::ADMINISTRATIVE,
        Farewell::Aborted => disconnect::LOST_CARRIER,
    }
}

/// What others need to know of a call.
pub(super) const FACTS: LinkFacts = LinkFacts {
    mtu: MTU,
    mru_to_ask: Some(MTU),
    encrypted: false,
    lossy: true,
    framing: Framing::Synchronous,
    ends_by_word: true,
};
