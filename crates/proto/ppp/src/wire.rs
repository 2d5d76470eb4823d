//! The frame: protocol numbers and the Protocol field (RFC 1661 §2).
//!
//! ```text
//!   [FF 03]  protocol (1–2)  information (0..MRU)
//!    the     ^
//!    link's  a frame begins here
//! ```
//!
//! Address and control octets belong to the link. The Protocol field is two octets, of which the
//! high one is even and the low one odd; where the high one is zero it may have been left out
//! (Protocol-Field-Compression, RFC 1661 §6.5), which is seen by the first octet being odd. A
//! compressed field is understood whether it was agreed or not, and never sent from here: what is
//! sent carries its number, and the link compresses if it was told so.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use onhook_base::{Malformed, Reader};

/// Protocol numbers (RFC 1661 §2, IANA "PPP DLL Protocol Numbers").
pub mod protocol {
    /// Internet Protocol version 4.
    pub const IPV4: u16 = 0x0021;
    /// Internet Protocol version 6.
    pub const IPV6: u16 = 0x0057;
    /// A fragment of a packet that goes over several links (RFC 1990 §3).
    pub const MULTILINK: u16 = 0x003d;
    /// A compressed or encrypted datagram (RFC 1962 §2.1).
    pub const COMPRESSED: u16 = 0x00fd;
    /// Internet Protocol Control Protocol (RFC 1332).
    pub const IPCP: u16 = 0x8021;
    /// IPv6 Control Protocol (RFC 5072).
    pub const IPV6CP: u16 = 0x8057;
    /// Compression Control Protocol (RFC 1962).
    pub const CCP: u16 = 0x80fd;
    /// Link Control Protocol (RFC 1661).
    pub const LCP: u16 = 0xc021;
    /// Password Authentication Protocol (RFC 1334 §2).
    pub const PAP: u16 = 0xc023;
    /// Link Quality Report (RFC 1989).
    pub const LQR: u16 = 0xc025;
    /// Microsoft's Callback Control Protocol.
    pub const CBCP: u16 = 0xc029;
    /// Challenge Handshake Authentication Protocol (RFC 1994).
    pub const CHAP: u16 = 0xc223;
    /// Extensible Authentication Protocol (RFC 3748).
    pub const EAP: u16 = 0xc227;
}

/// The shortest Maximum-Receive-Unit that we agree to: below it no control packet of use fits.
pub const MIN_MRU: u16 = 128;

/// The Maximum-Receive-Unit that holds where none was agreed (RFC 1661 §6.1).
pub const DEFAULT_MRU: u16 = 1500;

/// Splits a frame into its protocol and the number of octets that its Protocol field takes.
///
/// # Errors
/// [`Malformed::CutShort`] when the frame ends within the field, [`Malformed::Forbidden`] for a
/// number whose low octet is even (RFC 1661 §2).
pub fn parse_protocol(frame: &[u8]) -> Result<(u16, usize), Malformed> {
    let mut r = Reader::new(frame);
    let first = r.u8()?;
    if first & 1 == 1 {
        return Ok((u16::from(first), 1));
    }
    let second = r.u8()?;
    if second & 1 == 0 {
        return Err(Malformed::Forbidden);
    }
    Ok((u16::from_be_bytes([first, second]), 2))
}

/// Writes a Protocol field in full.
pub fn emit_protocol(protocol: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(&protocol.to_be_bytes());
}

/// A name for logs; the number in hexadecimal when we know none.
pub fn protocol_name(number: u16) -> Option<&'static str> {
    Some(match number {
        protocol::IPV4 => "IP",
        protocol::IPV6 => "IPv6",
        protocol::MULTILINK => "Multilink",
        protocol::COMPRESSED => "Compressed",
        protocol::IPCP => "IPCP",
        protocol::IPV6CP => "IPV6CP",
        protocol::CCP => "CCP",
        protocol::LCP => "LCP",
        protocol::PAP => "PAP",
        protocol::LQR => "LQR",
        protocol::CBCP => "CBCP",
        protocol::CHAP => "CHAP",
        protocol::EAP => "EAP",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_protocol_field_are_read() {
        assert_eq!(parse_protocol(&[0x00, 0x21, 0x45]), Ok((protocol::IPV4, 2)));
        assert_eq!(parse_protocol(&[0x21, 0x45]), Ok((protocol::IPV4, 1)));
        assert_eq!(parse_protocol(&[0xc0, 0x21]), Ok((protocol::LCP, 2)));
    }

    #[test]
    fn reserved_numbers_and_short_frames_are_malformed() {
        assert_eq!(parse_protocol(&[0xc0, 0x22]), Err(Malformed::Forbidden));
        assert!(parse_protocol(&[0xc0]).is_err());
        assert!(parse_protocol(&[]).is_err());
    }

    #[test]
    fn every_legal_number_comes_back() {
        for number in 0..=u16::MAX {
            let [high, low] = number.to_be_bytes();
            if high & 1 == 1 || low & 1 == 0 {
                continue;
            }
            let mut out = Vec::new();
            emit_protocol(number, &mut out);
            assert_eq!(parse_protocol(&out), Ok((number, 2)));
        }
    }
}
