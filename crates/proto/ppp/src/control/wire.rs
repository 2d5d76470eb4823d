//! Control packets as they lie on the wire (RFC 1661 §5): code, identifier, length, data; and the
//! options inside those that configure (RFC 1661 §6).
//!
//! Knows bytes; knows no state. Octets beyond the length are padding and are left off; a length
//! below four or beyond what came is malformed, and so is an option that does not fit.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use onhook_base::{Malformed, Reader, Writer};

/// Codes of control packets (RFC 1661 §5, RFC 1570 §2, RFC 1962 §3).
pub mod code {
    /// Configure-Request.
    pub const CONFIGURE_REQUEST: u8 = 1;
    /// Configure-Ack.
    pub const CONFIGURE_ACK: u8 = 2;
    /// Configure-Nak.
    pub const CONFIGURE_NAK: u8 = 3;
    /// Configure-Reject.
    pub const CONFIGURE_REJECT: u8 = 4;
    /// Terminate-Request.
    pub const TERMINATE_REQUEST: u8 = 5;
    /// Terminate-Ack.
    pub const TERMINATE_ACK: u8 = 6;
    /// Code-Reject.
    pub const CODE_REJECT: u8 = 7;
    /// Protocol-Reject (LCP only).
    pub const PROTOCOL_REJECT: u8 = 8;
    /// Echo-Request (LCP only).
    pub const ECHO_REQUEST: u8 = 9;
    /// Echo-Reply (LCP only).
    pub const ECHO_REPLY: u8 = 10;
    /// Discard-Request (LCP only).
    pub const DISCARD_REQUEST: u8 = 11;
    /// Identification (LCP only).
    pub const IDENTIFICATION: u8 = 12;
    /// Time-Remaining (LCP only).
    pub const TIME_REMAINING: u8 = 13;
    /// Reset-Request (CCP only).
    pub const RESET_REQUEST: u8 = 14;
    /// Reset-Ack (CCP only).
    pub const RESET_ACK: u8 = 15;
}

/// Octets of code, identifier and length.
pub const HEADER_LEN: usize = 4;

/// Options that we read of one packet: as many as the default MRU can hold (RFC 1661 §6.1).
pub const MAX_OPTIONS: usize = 750;

/// One packet of LCP or of an NCP; PAP, CHAP and EAP have the same header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlPacket<'a> {
    /// What it is ([`code`]).
    pub code: u8,
    /// Matches requests and replies.
    pub identifier: u8,
    /// What follows the header, without padding.
    pub data: &'a [u8],
}

impl<'a> ControlPacket<'a> {
    /// Reads one packet; what follows its length is padding (RFC 1661 §5).
    ///
    /// # Errors
    /// [`Malformed`] when it is cut short or its length is below that of the header.
    pub fn parse(information: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(information);
        let code = r.u8()?;
        let identifier = r.u8()?;
        let length = usize::from(r.u16()?);
        let data = r.take(length.checked_sub(HEADER_LEN).ok_or(Malformed::BadLength)?)?;
        Ok(Self { code, identifier, data })
    }

    /// Appends the packet. Data beyond what the length field can say is left off.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let most = usize::from(u16::MAX).saturating_sub(HEADER_LEN);
        let data = self.data.get(..most).unwrap_or(self.data);
        let length = u16::try_from(data.len().saturating_add(HEADER_LEN)).unwrap_or(u16::MAX);
        let mut w = Writer::new(out);
        w.u8(self.code);
        w.u8(self.identifier);
        w.u16(length);
        w.bytes(data);
    }

    /// The packet alone in a vector.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.data.len().saturating_add(HEADER_LEN));
        self.emit(&mut out);
        out
    }
}

/// One option, not yet understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawOption<'a> {
    /// Its type.
    pub kind: u8,
    /// What follows type and length.
    pub value: &'a [u8],
}

impl<'a> RawOption<'a> {
    /// Reads one option.
    ///
    /// # Errors
    /// [`Malformed`] when its length is below two or beyond what is left.
    pub fn parse(input: &mut Reader<'a>) -> Result<Self, Malformed> {
        let kind = input.u8()?;
        let length = usize::from(input.u8()?);
        let value = input.take(length.checked_sub(2).ok_or(Malformed::BadLength)?)?;
        Ok(Self { kind, value })
    }

    /// Appends the option as it was.
    pub fn emit(&self, out: &mut Writer<'_>) {
        out.counted_u8(self.kind, |body| body.bytes(self.value));
    }
}

/// Reads all options of a configuring packet, at most [`MAX_OPTIONS`].
///
/// # Errors
/// [`Malformed`] when one does not fit, or there are too many; the whole packet is then dropped.
pub fn parse_options(data: &[u8]) -> Result<Vec<RawOption<'_>>, Malformed> {
    let mut r = Reader::new(data);
    let mut options = Vec::new();
    while !r.is_empty() {
        if options.len() == MAX_OPTIONS {
            return Err(Malformed::Trailing(r.remaining()));
        }
        options.push(RawOption::parse(&mut r)?);
    }
    Ok(options)
}

/// Appends options one after the other.
pub fn emit_options(options: &[RawOption<'_>], out: &mut Vec<u8>) {
    let mut w = Writer::new(out);
    for option in options {
        option.emit(&mut w);
    }
}

/// Whether `part` is a selection of `whole`, verbatim and in the same order, as a Configure-Reject
/// must be of the request that it answers (RFC 1661 §5.4).
pub fn is_selection_of(part: &[RawOption<'_>], whole: &[RawOption<'_>]) -> bool {
    let mut left = whole.iter();
    part.iter().all(|wanted| left.any(|option| option == wanted))
}

/// The name of a code, as the RFC spells it.
pub const fn code_name(code: u8) -> Option<&'static str> {
    Some(match code {
        code::CONFIGURE_REQUEST => "Configure-Request",
        code::CONFIGURE_ACK => "Configure-Ack",
        code::CONFIGURE_NAK => "Configure-Nak",
        code::CONFIGURE_REJECT => "Configure-Reject",
        code::TERMINATE_REQUEST => "Terminate-Request",
        code::TERMINATE_ACK => "Terminate-Ack",
        code::CODE_REJECT => "Code-Reject",
        code::PROTOCOL_REJECT => "Protocol-Reject",
        code::ECHO_REQUEST => "Echo-Request",
        code::ECHO_REPLY => "Echo-Reply",
        code::DISCARD_REQUEST => "Discard-Request",
        code::IDENTIFICATION => "Identification",
        code::TIME_REMAINING => "Time-Remaining",
        code::RESET_REQUEST => "Reset-Request",
        code::RESET_ACK => "Reset-Ack",
        _ => return None,
    })
}
