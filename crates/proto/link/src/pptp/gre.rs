//! Enhanced GRE, which carries a call's frames (RFC 2637 §4.1).
//!
//! ```text
//!   3001 880b  length  call  sequence  PPP frame           data
//!   3081 880b  length  call  sequence  acknowledged  PPP   data that acknowledges
//!   2081 880b  0000    call  acknowledged                  acknowledgement alone
//! ```
//!
//! Knows bytes; knows no state.

use onhook_base::{Malformed, Reader, Writer};

/// The protocol number of PPP inside it.
const PPP: u16 = 0x880b;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGEMENT: u16 = 0x0080;
const VERSION_1: u16 = 0x0001;
/// Everything that must be zero: checksum, routing, strict source route, recursion, flags.
const FORBIDDEN: u16 = !(KEY | SEQUENCE | ACKNOWLEDGEMENT | 0x0007);

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    /// The receiver's number of the call.
    pub(super) call: u16,
    /// Its own number; there is none when it only acknowledges.
    pub(super) sequence: Option<u32>,
    /// The highest number that the sender has received.
    pub(super) acknowledged: Option<u32>,
    pub(super) payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads what lies behind the IP header; octets behind the told length are padding.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let flags = r.u16()?;
        let is_ours = flags & 0x0007 == VERSION_1 && flags & KEY != 0 && flags & FORBIDDEN == 0;
        if !is_ours || r.u16()? != PPP {
            return Err(Malformed::Forbidden);
        }
        let (length, call) = (usize::from(r.u16()?), r.u16()?);
        let sequence = (flags & SEQUENCE != 0).then(|| r.u32()).transpose()?;
        let acknowledged = (flags & ACKNOWLEDGEMENT != 0).then(|| r.u32()).transpose()?;
        let payload = r.take(length)?;
        if sequence.is_none() && !payload.is_empty() {
            return Err(Malformed::Forbidden);
        }
        Ok(Self { call, sequence, acknowledged, payload })
    }
}

/// Writes the header of a packet whose payload has `length` octets.
pub(super) fn push_header(
    out: &mut Vec<u8>,
    call: u16,
    sequence: Option<u32>,
    acknowledged: Option<u32>,
    length: usize,
) {
    let flag = |is_there: bool, bit: u16| if is_there { bit } else { 0 };
    let mut w = Writer::new(out);
    w.u16(
        KEY | VERSION_1
            | flag(sequence.is_some(), SEQUENCE)
            | flag(acknowledged.is_some(), ACKNOWLEDGEMENT),
    );
    w.u16(PPP);
    w.u16(u16::try_from(length).unwrap_or(u16::MAX));
    w.u16(call);
    for number in [sequence, acknowledged].into_iter().flatten() {
        w.u32(number);
    }
}
