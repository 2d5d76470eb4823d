//! IPCP options as they lie on the wire (RFC 1332 §3, RFC 1877 §1).
//!
//! Knows bytes; knows no state. An option of a known type without its length is `Unknown`.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::fmt;
use std::net::Ipv4Addr;

use onhook_base::{Reader, Writer};

use crate::control::RawOption;
use crate::lcp::wire::Hex;

/// Types of IPCP options.
pub mod kind {
    /// IP-Compression-Protocol (RFC 1332 §3.2), for Van Jacobson's.
    pub const COMPRESSION: u8 = 2;
    /// IP-Address (RFC 1332 §3.3).
    pub const ADDRESS: u8 = 3;
    /// Primary DNS Server Address (RFC 1877 §1.1).
    pub const PRIMARY_DNS: u8 = 129;
    /// Primary NBNS Server Address (RFC 1877 §1.2).
    pub const PRIMARY_NBNS: u8 = 130;
    /// Secondary DNS Server Address (RFC 1877 §1.3).
    pub const SECONDARY_DNS: u8 = 131;
    /// Secondary NBNS Server Address (RFC 1877 §1.4).
    pub const SECONDARY_NBNS: u8 = 132;
}

/// One option of IPCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpcpOption<'a> {
    /// The sender's own address; all zero asks for one.
    Address(Ipv4Addr),
    /// A name server; all zero asks for one.
    PrimaryDns(Ipv4Addr),
    /// A second name server.
    SecondaryDns(Ipv4Addr),
    /// Another option, or one without its length: rejected whole.
    Unknown(RawOption<'a>),
}

impl<'a> IpcpOption<'a> {
    /// Understands an option. There is no error: what makes no sense is `Unknown`.
    pub fn parse(raw: RawOption<'a>) -> Self {
        let mut r = Reader::new(raw.value);
        let address = r.array::<4>().map(Ipv4Addr::from);
        match (raw.kind, address, r.is_empty()) {
            (kind::ADDRESS, Ok(address), true) => Self::Address(address),
            (kind::PRIMARY_DNS, Ok(address), true) => Self::PrimaryDns(address),
            (kind::SECONDARY_DNS, Ok(address), true) => Self::SecondaryDns(address),
            _ => Self::Unknown(raw),
        }
    }

    /// Its type.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Address(_) => kind::ADDRESS,
            Self::PrimaryDns(_) => kind::PRIMARY_DNS,
            Self::SecondaryDns(_) => kind::SECONDARY_DNS,
            Self::Unknown(raw) => raw.kind,
        }
    }

    /// Appends the option.
    pub fn emit(&self, out: &mut Writer<'_>) {
        out.counted_u8(self.kind(), |body| match self {
            Self::Address(a) | Self::PrimaryDns(a) | Self::SecondaryDns(a) => {
                body.bytes(&a.octets());
            }
            Self::Unknown(raw) => body.bytes(raw.value),
        });
    }
}

impl fmt::Display for IpcpOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(a) => write!(f, "addr={a}"),
            Self::PrimaryDns(a) => write!(f, "dns1={a}"),
            Self::SecondaryDns(a) => write!(f, "dns2={a}"),
            Self::Unknown(raw) => match raw.kind {
                kind::COMPRESSION => write!(f, "compression={}", Hex(raw.value)),
                kind::PRIMARY_NBNS => write!(f, "nbns1={}", Hex(raw.value)),
                kind::SECONDARY_NBNS => write!(f, "nbns2={}", Hex(raw.value)),
                kind => write!(f, "option{kind}={}", Hex(raw.value)),
            },
        }
    }
}
