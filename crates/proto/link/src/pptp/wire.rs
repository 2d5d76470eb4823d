//! PPTP's control messages as they lie in the TCP stream (RFC 2637 §2).
//!
//! ```text
//!   length  0001  1a2b3c4d  type  0000  body of the one length that the type has
//! ```
//!
//! Knows bytes; knows no state. A message whose length is not its type's ends the stream: nothing behind it
//! can be told apart.

use onhook_base::{Malformed, Reader, Writer};

const COOKIE: u32 = 0x1a2b_3c4d;
const CONTROL: u16 = 1;
/// Octets before the body.
const HEADER: usize = 12;
/// The one version (§2.1).
pub(super) const VERSION: u16 = 0x0100;

/// A control message. Fields that mean nothing here are kept, so that what is read can be written again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    StartRequest(Start),
    StartReply(Start),
    StopRequest { reason: u8 },
    StopReply { result: u8, error: u8 },
    EchoRequest { identifier: u32 },
    EchoReply { identifier: u32, result: u8, error: u8 },
    OutgoingCallRequest(OutgoingCall),
    OutgoingCallReply(CallReply),
    IncomingCallRequest(IncomingCall),
    IncomingCallReply { call: u16, peer_call: u16, result: u8, error: u8, window: u16, delay: u16 },
    IncomingCallConnected { peer_call: u16, speed: u32, window: u16, delay: u16, framing: u32 },
    CallClearRequest { call: u16 },
    CallDisconnectNotify(CallEnd),
    WanErrorNotify { peer_call: u16, counters: [u32; 6] },
    SetLinkInfo { peer_call: u16, send: u32, receive: u32 },
}

/// What both ends tell of themselves (§2.1, §2.2); a request has neither result nor error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) version: u16,
    pub(super) result: u8,
    pub(super) error: u8,
    pub(super) framing: u32,
    pub(super) bearer: u32,
    pub(super) channels: u16,
    pub(super) firmware: u16,
    pub(super) host: [u8; 64],
    pub(super) vendor: [u8; 64],
}

/// An Outgoing-Call-Request (§2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutgoingCall {
    pub(super) call: u16,
    pub(super) serial: u16,
    pub(super) slowest: u32,
    pub(super) fastest: u32,
    pub(super) bearer: u32,
    pub(super) framing: u32,
    pub(super) window: u16,
    pub(super) delay: u16,
    pub(super) number_length: u16,
    pub(super) number: [u8; 64],
    pub(super) subaddress: [u8; 64],
}

/// An Outgoing-Call-Reply (§2.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CallReply {
    pub(super) call: u16,
    pub(super) peer_call: u16,
    pub(super) result: u8,
    pub(super) error: u8,
    pub(super) cause: u16,
    pub(super) speed: u32,
    pub(super) window: u16,
    pub(super) delay: u16,
    pub(super) channel: u32,
}

/// An Incoming-Call-Request (§2.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IncomingCall {
    pub(super) call: u16,
    pub(super) serial: u16,
    pub(super) bearer: u32,
    pub(super) channel: u32,
    pub(super) dialed_length: u16,
    pub(super) dialing_length: u16,
    pub(super) dialed: [u8; 64],
    pub(super) dialing: [u8; 64],
    pub(super) subaddress: [u8; 64],
}

/// A Call-Disconnect-Notify (§2.13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CallEnd {
    pub(super) call: u16,
    pub(super) result: u8,
    pub(super) error: u8,
    pub(super) cause: u16,
    pub(super) statistics: [u8; 128],
}

/// How long a message of this type is, with its header.
pub(super) const fn length_of(kind: u16) -> Option<usize> {
    Some(match kind {
        1 | 2 => 156,
        3..=5 | 12 => 16,
        6 => 20,
        7 => 168,
        8 => 32,
        9 => 220,
        10 | 15 => 24,
        11 => 28,
        13 => 148,
        14 => 40,
        _ => return None,
    })
}

impl Message {
    /// The first message of a stream, and how many octets it takes; `None` while there are too few.
    pub(super) fn first(stream: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        // What is there of the header must be right, so that a stranger's stream is known by its first
        // octets and nothing waits for a length that never comes.
        let mut r = Reader::new(stream);
        let Ok(length) = r.u16() else { return Ok(None) };
        let length = usize::from(length);
        if !(1..=15).any(|kind| length_of(kind) == Some(length)) {
            return Err(Malformed::BadLength);
        }
        let Ok(class) = r.u16() else { return Ok(None) };
        if class != CONTROL {
            return Err(Malformed::Forbidden);
        }
        let Ok(cookie) = r.u32() else { return Ok(None) };
        if cookie != COOKIE {
            return Err(Malformed::Forbidden);
        }
        let Ok(kind) = r.u16() else { return Ok(None) };
        if length_of(kind) != Some(length) {
            return Err(Malformed::BadLength);
        }
        let Some(body) = stream.get(HEADER..length) else { return Ok(None) };
        Ok(Some((Self::body(kind, &mut Reader::new(body))?, length)))
    }

    fn body(kind: u16, r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match kind {
            1 => Self::StartRequest(Start::read(r)?),
            2 => Self::StartReply(Start::read(r)?),
            3 => Self::StopRequest { reason: r.u8()? },
            4 => Self::StopReply { result: r.u8()?, error: r.u8()? },
            5 => Self::EchoRequest { identifier: r.u32()? },
            6 => Self::EchoReply { identifier: r.u32()?, result: r.u8()?, error: r.u8()? },
            7 => Self::OutgoingCallRequest(OutgoingCall::read(r)?),
            8 => Self::OutgoingCallReply(CallReply::read(r)?),
            9 => Self::IncomingCallRequest(IncomingCall::read(r)?),
            10 => Self::IncomingCallReply {
                call: r.u16()?,
                peer_call: r.u16()?,
                result: r.u8()?,
                error: r.u8()?,
                window: r.u16()?,
                delay: r.u16()?,
            },
            11 => {
                let (peer_call, _) = (r.u16()?, r.u16()?);
                let (speed, window, delay, framing) = (r.u32()?, r.u16()?, r.u16()?, r.u32()?);
                Self::IncomingCallConnected { peer_call, speed, window, delay, framing }
            }
            12 => Self::CallClearRequest { call: r.u16()? },
            13 => Self::CallDisconnectNotify(CallEnd::read(r)?),
            14 => {
                let (peer_call, _) = (r.u16()?, r.u16()?);
                let mut counters = [0; 6];
                for counter in &mut counters {
                    *counter = r.u32()?;
                }
                Self::WanErrorNotify { peer_call, counters }
            }
            15 => {
                let (peer_call, _) = (r.u16()?, r.u16()?);
                Self::SetLinkInfo { peer_call, send: r.u32()?, receive: r.u32()? }
            }
            _ => return Err(Malformed::Forbidden),
        })
    }

    const fn kind(&self) -> u16 {
        match self {
            Self::StartRequest(_) => 1,
            Self::StartReply(_) => 2,
            Self::StopRequest { .. } => 3,
            Self::StopReply { .. } => 4,
            Self::EchoRequest { .. } => 5,
            Self::EchoReply { .. } => 6,
            Self::OutgoingCallRequest(_) => 7,
            Self::OutgoingCallReply(_) => 8,
            Self::IncomingCallRequest(_) => 9,
            Self::IncomingCallReply { .. } => 10,
            Self::IncomingCallConnected { .. } => 11,
            Self::CallClearRequest { .. } => 12,
            Self::CallDisconnectNotify(_) => 13,
            Self::WanErrorNotify { .. } => 14,
            Self::SetLinkInfo { .. } => 15,
        }
    }

    /// Writes it behind what is in `out`.
    pub(super) fn emit(&self, out: &mut Vec<u8>) {
        let end = out.len().saturating_add(length_of(self.kind()).unwrap_or(HEADER));
        let length = u16::try_from(end - out.len()).unwrap_or(u16::MAX);
        let mut w = Writer::new(out);
        w.u16(length);
        w.u16(CONTROL);
        w.u32(COOKIE);
        w.u16(self.kind());
        w.u16(0);
        self.emit_body(&mut w);
        // Reserved octets at the end.
        out.resize(end, 0);
    }

    fn emit_body(&self, w: &mut Writer<'_>) {
        match self {
            Self::StartRequest(start) | Self::StartReply(start) => start.write(w),
            Self::StopRequest { reason } => w.u8(*reason),
            Self::StopReply { result, error } => w.bytes(&[*result, *error]),
            Self::EchoRequest { identifier } => w.u32(*identifier),
            Self::EchoReply { identifier, result, error } => {
                w.u32(*identifier);
                w.bytes(&[*result, *error]);
            }
            Self::OutgoingCallRequest(call) => call.write(w),
            Self::OutgoingCallReply(reply) => reply.write(w),
            Self::IncomingCallRequest(call) => call.write(w),
            Self::IncomingCallReply { call, peer_call, result, error, window, delay } => {
                w.u16(*call);
                w.u16(*peer_call);
                w.bytes(&[*result, *error]);
                w.u16(*window);
                w.u16(*delay);
            }
            Self::IncomingCallConnected { peer_call, speed, window, delay, framing } => {
                w.u16(*peer_call);
                w.u16(0);
                w.u32(*speed);
                w.u16(*window);
                w.u16(*delay);
                w.u32(*framing);
            }
            Self::CallClearRequest { call } => w.u16(*call),
            Self::CallDisconnectNotify(end) => end.write(w),
            Self::WanErrorNotify { peer_call, counters } => {
                w.u16(*peer_call);
                w.u16(0);
                counters.iter().for_each(|counter| w.u32(*counter));
            }
            Self::SetLinkInfo { peer_call, send, receive } => {
                w.u16(*peer_call);
                w.u16(0);
                w.u32(*send);
                w.u32(*receive);
            }
        }
    }
}

impl Start {
    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            version: r.u16()?,
            result: r.u8()?,
            error: r.u8()?,
            framing: r.u32()?,
            bearer: r.u32()?,
            channels: r.u16()?,
            firmware: r.u16()?,
            host: r.array()?,
            vendor: r.array()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.version);
        w.bytes(&[self.result, self.error]);
        w.u32(self.framing);
        w.u32(self.bearer);
        w.u16(self.channels);
        w.u16(self.firmware);
        w.bytes(&self.host);
        w.bytes(&self.vendor);
    }
}

impl OutgoingCall {
    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (call, serial, slowest, fastest) = (r.u16()?, r.u16()?, r.u32()?, r.u32()?);
        let (bearer, framing, window, delay) = (r.u32()?, r.u32()?, r.u16()?, r.u16()?);
        let (number_length, _) = (r.u16()?, r.u16()?);
        let (number, subaddress) = (r.array()?, r.array()?);
        Ok(Self {
            call,
            serial,
            slowest,
            fastest,
            bearer,
            framing,
            window,
            delay,
            number_length,
            number,
            subaddress,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.call);
        w.u16(self.serial);
        w.u32(self.slowest);
        w.u32(self.fastest);
        w.u32(self.bearer);
        w.u32(self.framing);
        w.u16(self.window);
        w.u16(self.delay);
        w.u16(self.number_length);
        w.u16(0);
        w.bytes(&self.number);
        w.bytes(&self.subaddress);
    }
}

impl CallReply {
    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            call: r.u16()?,
            peer_call: r.u16()?,
            result: r.u8()?,
            error: r.u8()?,
            cause: r.u16()?,
            speed: r.u32()?,
            window: r.u16()?,
            delay: r.u16()?,
            channel: r.u32()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.call);
        w.u16(self.peer_call);
        w.bytes(&[self.result, self.error]);
        w.u16(self.cause);
        w.u32(self.speed);
        w.u16(self.window);
        w.u16(self.delay);
        w.u32(self.channel);
    }
}

impl IncomingCall {
    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            call: r.u16()?,
            serial: r.u16()?,
            bearer: r.u32()?,
            channel: r.u32()?,
            dialed_length: r.u16()?,
            dialing_length: r.u16()?,
            dialed: r.array()?,
            dialing: r.array()?,
            subaddress: r.array()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.call);
        w.u16(self.serial);
        w.u32(self.bearer);
        w.u32(self.channel);
        w.u16(self.dialed_length);
        w.u16(self.dialing_length);
        w.bytes(&self.dialed);
        w.bytes(&self.dialing);
        w.bytes(&self.subaddress);
    }
}

impl CallEnd {
    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (call, result, error) = (r.u16()?, r.u8()?, r.u8()?);
        let (cause, _) = (r.u16()?, r.u16()?);
        Ok(Self { call, result, error, cause, statistics: r.array()? })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.call);
        w.bytes(&[self.result, self.error]);
        w.u16(self.cause);
        w.u16(0);
        w.bytes(&self.statistics);
    }
}
