//! LCP Configuration Options as they lie on the wire (RFC 1661 §6, RFC 1662 §7.1).
//!
//! Knows bytes; knows no state. An option of a known type whose value has not the right length is
//! [`LcpOption::Unknown`]: it is kept whole, so that it can be rejected whole.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::fmt;

use onhook_base::{Reader, Writer};

use crate::auth::Method;
use crate::control::RawOption;

/// Types of LCP options (RFC 1661 §6, RFC 1570 §2, RFC 1990 §5).
pub mod kind {
    /// Maximum-Receive-Unit.
    pub const MRU: u8 = 1;
    /// Async-Control-Character-Map.
    pub const ACCM: u8 = 2;
    /// Authentication-Protocol.
    pub const AUTHENTICATION: u8 = 3;
    /// Magic-Number.
    pub const MAGIC_NUMBER: u8 = 5;
    /// Protocol-Field-Compression.
    pub const PROTOCOL_COMPRESSION: u8 = 7;
    /// Address-and-Control-Field-Compression.
    pub const ADDRESS_COMPRESSION: u8 = 8;
    /// Callback (RFC 1570 §2.3).
    pub const CALLBACK: u8 = 13;
    /// Multilink-MRRU (RFC 1990 §5.1.1).
    pub const MRRU: u8 = 17;
    /// Multilink-Short-Sequence-Number-Header-Format (RFC 1990 §5.1.2).
    pub const SHORT_SEQUENCE: u8 = 18;
    /// Multilink-Endpoint-Discriminator (RFC 1990 §5.1.3).
    pub const ENDPOINT_DISCRIMINATOR: u8 = 19;
}

/// Operations of the Callback option (RFC 1570 §2.3).
pub mod operation {
    /// The place is talked about by Microsoft's Callback Control Protocol ([MS-CBCP] §2.1). Those below
    /// (by authentication, a dialing string, a location, a number, a name) tell it at once.
    pub const CBCP: u8 = 6;
}

/// One option of a Configure-Request, Ack, Nak or Reject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LcpOption<'a> {
    /// Maximum-Receive-Unit, in octets of PPP information (RFC 1661 §6.1).
    Mru(u16),
    /// Async-Control-Character-Map: what must be escaped when sending to us (RFC 1662 §7.1).
    Accm(u32),
    /// Authentication-Protocol: the demand that the receiver prove itself (RFC 1661 §6.2). The
    /// protocol's number and what it adds; [`Method::from_lcp_value`] reads it.
    Authentication(&'a [u8]),
    /// Magic-Number (RFC 1661 §6.4): tells a looped-back line from a real peer. Zero is illegal and
    /// is answered with a Nak.
    MagicNumber(u32),
    /// Protocol-Field-Compression (RFC 1661 §6.5).
    ProtocolCompression,
    /// Address-and-Control-Field-Compression (RFC 1661 §6.6).
    AddressCompression,
    /// Multilink-MRRU: the most octets of information that the sender puts together of fragments
    /// (RFC 1990 §5.1.1).
    Mrru(u16),
    /// Multilink-Short-Sequence-Number-Header-Format: the sender takes short ones (RFC 1990 §5.1.2).
    ShortSequence,
    /// Callback: the sender asks to be called back; how it is told where, and what it says of that
    /// (RFC 1570 §2.3; [`operation`]).
    Callback {
        /// How the place is told.
        operation: u8,
        /// What is said of it; empty for CBCP.
        message: &'a [u8],
    },
    /// Endpoint-Discriminator: class and address (RFC 1990 §5.1.3).
    EndpointDiscriminator(&'a [u8]),
    /// An option that we do not know or that has not its length.
    Unknown(RawOption<'a>),
}

impl<'a> LcpOption<'a> {
    /// Understands an option. There is no error: what makes no sense is `Unknown`.
    pub fn parse(raw: RawOption<'a>) -> Self {
        Self::understand(raw).unwrap_or(Self::Unknown(raw))
    }

    fn understand(raw: RawOption<'a>) -> Option<Self> {
        let mut r = Reader::new(raw.value);
        let option = match raw.kind {
            kind::MRU => Self::Mru(r.u16().ok()?),
            kind::ACCM => Self::Accm(r.u32().ok()?),
            kind::AUTHENTICATION if raw.value.len() >= 2 => Self::Authentication(r.take_rest()),
            kind::MAGIC_NUMBER => Self::MagicNumber(r.u32().ok()?),
            kind::PROTOCOL_COMPRESSION => Self::ProtocolCompression,
            kind::ADDRESS_COMPRESSION => Self::AddressCompression,
            kind::MRRU => Self::Mrru(r.u16().ok()?),
            kind::SHORT_SEQUENCE => Self::ShortSequence,
            kind::CALLBACK => Self::Callback { operation: r.u8().ok()?, message: r.take_rest() },
            kind::ENDPOINT_DISCRIMINATOR if !raw.value.is_empty() => {
                Self::EndpointDiscriminator(r.take_rest())
            }
            _ => return None,
        };
        r.finish().ok()?;
        Some(option)
    }

    /// Its type.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Mru(_) => kind::MRU,
            Self::Accm(_) => kind::ACCM,
            Self::Authentication(_) => kind::AUTHENTICATION,
            Self::MagicNumber(_) => kind::MAGIC_NUMBER,
            Self::ProtocolCompression => kind::PROTOCOL_COMPRESSION,
            Self::AddressCompression => kind::ADDRESS_COMPRESSION,
            Self::Mrru(_) => kind::MRRU,
            Self::ShortSequence => kind::SHORT_SEQUENCE,
            Self::Callback { .. } => kind::CALLBACK,
            Self::EndpointDiscriminator(_) => kind::ENDPOINT_DISCRIMINATOR,
            Self::Unknown(raw) => raw.kind,
        }
    }

    /// Appends the option.
    pub fn emit(&self, out: &mut Writer<'_>) {
        out.counted_u8(self.kind(), |body| match self {
            Self::Mru(mru) | Self::Mrru(mru) => body.u16(*mru),
            Self::Accm(map) => body.u32(*map),
            Self::MagicNumber(number) => body.u32(*number),
            Self::ProtocolCompression | Self::AddressCompression | Self::ShortSequence => {}
            Self::Callback { operation, message } => {
                body.u8(*operation);
                body.bytes(message);
            }
            Self::Authentication(value)
            | Self::EndpointDiscriminator(value)
            | Self::Unknown(RawOption { value, .. }) => body.bytes(value),
        });
    }
}

impl fmt::Display for LcpOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mru(mru) => write!(f, "mru={mru}"),
            Self::Accm(map) => write!(f, "accm={map:08x}"),
            Self::Authentication(value) => match Method::from_lcp_value(value) {
                Some(method) => write!(f, "auth={method}"),
                None => write!(f, "auth={}", Hex(value)),
            },
            Self::MagicNumber(number) => write!(f, "magic={number:08x}"),
            Self::ProtocolCompression => f.write_str("pfc"),
            Self::AddressCompression => f.write_str("acfc"),
            Self::Mrru(mrru) => write!(f, "mrru={mrru}"),
            Self::ShortSequence => f.write_str("short-sequence"),
            Self::Callback { operation: operation::CBCP, .. } => f.write_str("callback=CBCP"),
            Self::Callback { operation, message } => {
                write!(f, "callback={operation}:{}", Hex(message))
            }
            Self::EndpointDiscriminator(value) => write!(f, "endpoint={}", Hex(value)),
            Self::Unknown(raw) => match raw.kind {
                kind::CALLBACK => write!(f, "callback={}", Hex(raw.value)),
                kind => write!(f, "option{kind}={}", Hex(raw.value)),
            },
        }
    }
}

/// Octets in hexadecimal; at most 32 of them.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for octet in self.0.iter().take(32) {
            write!(f, "{octet:02x}")?;
        }
        if self.0.len() > 32 { f.write_str("…") } else { Ok(()) }
    }
}
