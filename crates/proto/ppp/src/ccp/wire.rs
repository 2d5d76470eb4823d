//! CCP options as they lie on the wire (RFC 1962 §4, RFC 3078 §2).

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::fmt;

use onhook_base::{Reader, Writer};

use crate::control::RawOption;
use crate::lcp::wire::Hex;

/// Types of CCP options.
pub mod kind {
    /// Microsoft's MPPC and MPPE (RFC 2118, RFC 3078).
    pub const MPPE: u8 = 18;
    /// BSD Compress (RFC 1977).
    pub const BSD_COMPRESS: u8 = 21;
    /// Deflate (RFC 1979).
    pub const DEFLATE: u8 = 26;
}

/// Bits of MPPE's option (RFC 3078 §2.1).
pub mod bits {
    /// H: a key for each packet.
    pub const STATELESS: u32 = 0x0100_0000;
    /// M.
    pub const BITS_56: u32 = 0x80;
    /// S.
    pub const BITS_128: u32 = 0x40;
    /// L.
    pub const BITS_40: u32 = 0x20;
    /// All strengths.
    pub const STRENGTHS: u32 = BITS_56 | BITS_128 | BITS_40;
}

/// One option of CCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CcpOption<'a> {
    /// MPPE's and MPPC's supported bits.
    Mppe(u32),
    /// Another option, or one without its length.
    Unknown(RawOption<'a>),
}

impl<'a> CcpOption<'a> {
    /// Understands an option. There is no error: what makes no sense is `Unknown`.
    pub fn parse(raw: RawOption<'a>) -> Self {
        let mut r = Reader::new(raw.value);
        match (raw.kind, r.u32(), r.is_empty()) {
            (kind::MPPE, Ok(bits), true) => Self::Mppe(bits),
            _ => Self::Unknown(raw),
        }
    }

    /// Its type.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Mppe(_) => kind::MPPE,
            Self::Unknown(raw) => raw.kind,
        }
    }

    /// Appends the option.
    pub fn emit(&self, out: &mut Writer<'_>) {
        out.counted_u8(self.kind(), |body| match self {
            Self::Mppe(bits) => body.u32(*bits),
            Self::Unknown(raw) => body.bytes(raw.value),
        });
    }
}

impl fmt::Display for CcpOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mppe(bits) => write!(f, "mppe={bits:08x}"),
            Self::Unknown(RawOption { kind: kind::BSD_COMPRESS, value }) => {
                write!(f, "bsd={}", Hex(value))
            }
            Self::Unknown(RawOption { kind: kind::DEFLATE, value }) => {
                write!(f, "deflate={}", Hex(value))
            }
            Self::Unknown(raw) => write!(f, "option{}={}", raw.kind, Hex(raw.value)),
        }
    }
}
