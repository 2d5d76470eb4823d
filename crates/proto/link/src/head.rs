//! What stands before a frame's information where PPP lies in a frame of HDLC's form, on a line or in a
//! tunnel: address, control and Protocol field, some of which may be left out (RFC 1661 §6.5, §6.6).

use crate::contract::FrameTerms;

/// The address of all stations, and unnumbered information (RFC 1662 §3.1).
pub(crate) const ADDRESS_AND_CONTROL: [u8; 2] = [0xff, 0x03];
/// Of its frames nothing is ever left out.
pub(crate) const LCP: u16 = 0xc021;

/// The octets before the information: one to four.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    octets: [u8; 4],
    length: usize,
}

impl Head {
    #[inline]
    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}

impl FrameTerms {
    /// While nothing is agreed.
    pub(crate) const fn unagreed(escape_map: u32, peer_mru: u16) -> Self {
        Self { protocol_compression: false, address_compression: false, escape_map, peer_mru }
    }

    /// The head of a frame of this protocol.
    #[inline]
    pub(crate) fn head(&self, protocol: u16) -> Head {
        let [all, control] = ADDRESS_AND_CONTROL;
        let [high, low] = protocol.to_be_bytes();
        let is_short = self.protocol_compression && high == 0 && low & 1 == 1;
        let is_bare = self.address_compression && protocol != LCP;
        let (octets, length) = match (is_bare, is_short) {
            (false, false) => ([all, control, high, low], 4),
            (false, true) => ([all, control, low, 0], 3),
            (true, false) => ([high, low, 0, 0], 2),
            (true, true) => ([low, 0, 0, 0], 1),
        };
        Head { octets, length }
    }
}

/// A frame from its Protocol field on, with or without address and control before it.
#[inline]
pub(crate) fn from_protocol(frame: &[u8]) -> &[u8] {
    frame.strip_prefix(&ADDRESS_AND_CONTROL).unwrap_or(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_agreed_is_left_out_and_of_lcp_nothing() {
        for (address, number, ip, ipcp, lcp) in [
            (false, false, &b"\xff\x03\x00\x21"[..], &b"\xff\x03\x80\x21"[..], b"\xff\x03\xc0\x21"),
            (false, true, b"\xff\x03\x21", b"\xff\x03\x80\x21", b"\xff\x03\xc0\x21"),
            (true, false, b"\x00\x21", b"\x80\x21", b"\xff\x03\xc0\x21"),
            (true, true, b"\x21", b"\x80\x21", b"\xff\x03\xc0\x21"),
        ] {
            let terms = FrameTerms {
                address_compression: address,
                protocol_compression: number,
                ..FrameTerms::unagreed(0, 1500)
            };
            assert_eq!(terms.head(0x0021).octets(), ip);
            assert_eq!(terms.head(0x8021).octets(), ipcp);
            assert_eq!(terms.head(LCP).octets(), lcp);
            // Numbers are odd in their last octet; one that is not keeps both.
            assert_eq!(terms.head(0x0022).octets().last_chunk(), Some(&[0x00, 0x22]));
        }
        assert_eq!(from_protocol(b"\xff\x03\x00\x21"), b"\x00\x21");
        assert_eq!(from_protocol(b"\x21\xff\x03"), b"\x21\xff\x03");
    }
}
