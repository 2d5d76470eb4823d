//! CBCP packets and options as they lie on the wire ([MS-CBCP] §2.2).
//!
//! Knows bytes; knows no state. The header is that of LCP; options are counted like LCP's, but the
//! length of a "no callback" differs: two octets by the letter, three from peers that add a delay to
//! every option.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::fmt;

use onhook_base::{Malformed, Reader, Writer};

use crate::control::RawOption;
use crate::control::wire::{ControlPacket, parse_options};
use crate::lcp::farewell::printable;

/// Codes of CBCP packets ([MS-CBCP] §2.2.1).
pub mod code {
    /// What the answerer offers.
    pub const REQUEST: u8 = 1;
    /// What the caller takes.
    pub const RESPONSE: u8 = 2;
    /// It is agreed.
    pub const ACK: u8 = 3;
}

/// Types of options ([MS-CBCP] §2.2.2).
pub mod kind {
    /// No callback.
    pub const NONE: u8 = 1;
    /// To a number that the caller names.
    pub const CALLERS: u8 = 2;
    /// To a number that the administrator has set.
    pub const PRESET: u8 = 3;
    /// To one of a list of numbers.
    pub const LISTED: u8 = 4;
}

/// The address that is a number for PSTN or ISDN, the only type there is.
const PSTN: u8 = 1;

/// Characters of a callback number (RAS_MaxCallbackNumber).
pub const MOST_NUMBER: usize = 128;
/// Numbers of a list that are read.
const MOST_NUMBERS: usize = 16;
/// Octets that the addresses of one option may take: its length is one octet.
const MOST_LIST: usize = 252;

/// One packet of CBCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CbcpPacket<'a> {
    /// What it is ([`code`]).
    pub code: u8,
    /// Matches Response to Request and Ack to Response.
    pub identifier: u8,
    /// What is offered, taken or agreed.
    pub options: Vec<CbcpOption<'a>>,
}

impl<'a> CbcpPacket<'a> {
    /// Reads one packet.
    ///
    /// # Errors
    /// [`Malformed`] when it is cut short, an option does not fit, or its code is none of CBCP's.
    pub fn parse(information: &'a [u8]) -> Result<Self, Malformed> {
        let packet = ControlPacket::parse(information)?;
        if !(code::REQUEST..=code::ACK).contains(&packet.code) {
            return Err(Malformed::Forbidden);
        }
        let options = parse_options(packet.data)?.into_iter().map(CbcpOption::parse).collect();
        Ok(Self { code: packet.code, identifier: packet.identifier, options })
    }

    /// The packet alone in a vector.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut data = Vec::new();
        let mut w = Writer::new(&mut data);
        for option in &self.options {
            option.emit(&mut w);
        }
        ControlPacket { code: self.code, identifier: self.identifier, data: &data }.to_vec()
    }
}

/// One option: a way of being called back, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CbcpOption<'a> {
    /// No callback.
    NoCallback,
    /// To a number that the caller names; empty where it is offered.
    CallersNumber {
        /// Seconds that the answerer is to wait before it calls.
        delay: u8,
        /// The number.
        number: &'a [u8],
    },
    /// To a number that the administrator has set.
    Preset {
        /// Seconds that the answerer is to wait before it calls.
        delay: u8,
    },
    /// To one of these numbers.
    Listed {
        /// Seconds that the answerer is to wait before it calls.
        delay: u8,
        /// The numbers, at most sixteen.
        numbers: Vec<&'a [u8]>,
    },
    /// An option that we do not know or that makes no sense.
    Unknown(RawOption<'a>),
}

impl<'a> CbcpOption<'a> {
    /// Understands an option. There is no error: what makes no sense is `Unknown`.
    pub fn parse(raw: RawOption<'a>) -> Self {
        Self::understand(raw).unwrap_or(Self::Unknown(raw))
    }

    fn understand(raw: RawOption<'a>) -> Option<Self> {
        let mut r = Reader::new(raw.value);
        Some(match raw.kind {
            kind::NONE if raw.value.len() <= 1 => Self::NoCallback,
            kind::CALLERS => {
                let delay = r.u8().unwrap_or(0);
                let mut numbers = addresses(&mut r)?;
                if numbers.len() > 1 {
                    return None;
                }
                Self::CallersNumber { delay, number: numbers.pop().unwrap_or_default() }
            }
            kind::PRESET => {
                let delay = r.u8().unwrap_or(0);
                r.finish().ok()?;
                Self::Preset { delay }
            }
            kind::LISTED => {
                let delay = r.u8().ok()?;
                Self::Listed { delay, numbers: addresses(&mut r)? }
            }
            _ => return None,
        })
    }

    /// Its type.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::NoCallback => kind::NONE,
            Self::CallersNumber { .. } => kind::CALLERS,
            Self::Preset { .. } => kind::PRESET,
            Self::Listed { .. } => kind::LISTED,
            Self::Unknown(raw) => raw.kind,
        }
    }

    /// Appends the option.
    pub fn emit(&self, out: &mut Writer<'_>) {
        let put = |body: &mut Writer<'_>, number: &[u8]| {
            body.u8(PSTN);
            body.bytes(number.get(..MOST_NUMBER).unwrap_or(number));
            body.u8(0);
        };
        out.counted_u8(self.kind(), |body| match self {
            Self::NoCallback => {}
            Self::CallersNumber { delay, number } => {
                body.u8(*delay);
                put(body, number);
            }
            Self::Preset { delay } => body.u8(*delay),
            Self::Listed { delay, numbers } => {
                body.u8(*delay);
                let mut room = MOST_LIST;
                for number in numbers {
                    let takes = number.len().saturating_add(2);
                    if takes > room {
                        break;
                    }
                    room = room.saturating_sub(takes);
                    put(body, number);
                }
            }
            Self::Unknown(raw) => body.bytes(raw.value),
        });
    }
}

/// Addresses up to the option's end: a type and a text that ends with a zero octet, which the last one
/// may lack. `None` when one is of another type, or too long, or there are too many.
fn addresses<'a>(r: &mut Reader<'a>) -> Option<Vec<&'a [u8]>> {
    let mut numbers = Vec::new();
    while !r.is_empty() {
        if r.u8().ok()? != PSTN || numbers.len() == MOST_NUMBERS {
            return None;
        }
        let rest = r.peek_rest();
        let end = rest.iter().position(|octet| *octet == 0);
        let number = r.take(end.unwrap_or(rest.len())).ok()?;
        if end.is_some() {
            r.u8().ok()?;
        }
        if number.len() > MOST_NUMBER {
            return None;
        }
        numbers.push(number);
    }
    Some(numbers)
}

/// Whether a text can be a callback number: digits, `T`, `P`, `W`, brackets, hyphen, at sign and
/// blanks, and one digit at least (RasDial's szCallbackNumber).
pub fn is_number(number: &str) -> bool {
    let allowed = |c: char| c.is_ascii_digit() || "TtPpWw()-@ ".contains(c);
    number.len() <= MOST_NUMBER
        && number.chars().all(allowed)
        && number.chars().any(|c| c.is_ascii_digit())
}

impl fmt::Display for CbcpOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCallback => f.write_str("none"),
            Self::CallersNumber { delay, number: [] } => {
                write!(f, "caller's number delay={delay}")
            }
            Self::CallersNumber { delay, number } => {
                write!(f, "number=“{}” delay={delay}", printable(number))
            }
            Self::Preset { delay } => write!(f, "preset delay={delay}"),
            Self::Listed { delay, numbers } => {
                write!(f, "one of {} numbers delay={delay}", numbers.len())
            }
            Self::Unknown(raw) => write!(f, "type {} of {} octets", raw.kind, raw.value.len()),
        }
    }
}
