//! IPV6CP options as they lie on the wire (RFC 5072 §4).
//!
//! Knows bytes; knows no state. An option of a known type without its length is `Unknown`.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::fmt;

use onhook_base::{Reader, Writer};

use crate::control::RawOption;
use crate::lcp::wire::Hex;

/// Types of IPV6CP options.
pub mod kind {
    /// Interface-Identifier (RFC 5072 §4.1).
    pub const INTERFACE_IDENTIFIER: u8 = 1;
    /// IPv6-Compression-Protocol (RFC 5172).
    pub const COMPRESSION: u8 = 2;
}

/// One option of IPV6CP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipv6cpOption<'a> {
    /// The sender's interface identifier; all zero asks for one.
    InterfaceIdentifier([u8; 8]),
    /// Another option, or one without its length: rejected whole.
    Unknown(RawOption<'a>),
}

impl<'a> Ipv6cpOption<'a> {
    /// Understands an option. There is no error: what makes no sense is `Unknown`.
    pub fn parse(raw: RawOption<'a>) -> Self {
        let mut r = Reader::new(raw.value);
        match (raw.kind, r.array::<8>(), r.is_empty()) {
            (kind::INTERFACE_IDENTIFIER, Ok(identifier), true) => {
                Self::InterfaceIdentifier(identifier)
            }
            _ => Self::Unknown(raw),
        }
    }

    /// Its type.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::InterfaceIdentifier(_) => kind::INTERFACE_IDENTIFIER,
            Self::Unknown(raw) => raw.kind,
        }
    }

    /// Appends the option.
    pub fn emit(&self, out: &mut Writer<'_>) {
        out.counted_u8(self.kind(), |body| match self {
            Self::InterfaceIdentifier(identifier) => body.bytes(identifier),
            Self::Unknown(raw) => body.bytes(raw.value),
        });
    }
}

impl fmt::Display for Ipv6cpOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InterfaceIdentifier(identifier) => write!(f, "id={}", Hex(identifier)),
            Self::Unknown(RawOption { kind: kind::COMPRESSION, value }) => {
                write!(f, "compression={}", Hex(value))
            }
            Self::Unknown(raw) => write!(f, "option{}={}", raw.kind, Hex(raw.value)),
        }
    }
}
