//! EAP packets (RFC 3748 §4), and what their methods put into them.
//!
//! ```text
//!   code  id  length(2)  [ type  data … ]
//! ```

use onhook_base::{Malformed, Reader, Writer};
use onhook_crypto::change_password;

/// Type numbers (RFC 3748 §5, IANA "EAP Method Types").
pub(crate) mod kind {
    pub(crate) const IDENTITY: u8 = 1;
    pub(crate) const NOTIFICATION: u8 = 2;
    pub(crate) const NAK: u8 = 3;
    pub(crate) const TLV: u8 = 33;
    pub(crate) const EXPANDED: u8 = 254;
}

pub(crate) const REQUEST: u8 = 1;
pub(crate) const RESPONSE: u8 = 2;
const SUCCESS: u8 = 3;
const FAILURE: u8 = 4;

/// The longest name that is looked at; what is longer is no name.
pub(crate) const MOST_NAME: usize = 256;

/// One EAP packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EapPacket<'a> {
    Request { id: u8, kind: u8, data: &'a [u8] },
    Response { id: u8, kind: u8, data: &'a [u8] },
    Success { id: u8 },
    Failure { id: u8 },
}

impl<'a> EapPacket<'a> {
    /// Octets beyond the length are padding (RFC 3748 §4).
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (code, id, body) = crate::auth::machine::envelope(bytes)?;
        let mut r = Reader::new(body);
        Ok(match code {
            REQUEST => Self::Request { id, kind: r.u8()?, data: r.take_rest() },
            RESPONSE => Self::Response { id, kind: r.u8()?, data: r.take_rest() },
            SUCCESS => Self::Success { id },
            FAILURE => Self::Failure { id },
            _ => return Err(Malformed::Forbidden),
        })
    }

    pub(crate) fn emit(&self) -> Vec<u8> {
        let (code, id, body) = match self {
            Self::Request { id, kind, data } => (REQUEST, *id, Some((*kind, *data))),
            Self::Response { id, kind, data } => (RESPONSE, *id, Some((*kind, *data))),
            Self::Success { id } => (SUCCESS, *id, None),
            Self::Failure { id } => (FAILURE, *id, None),
        };
        let mut out = Vec::new();
        let mut w = Writer::new(&mut out);
        w.u8(code);
        w.u8(id);
        w.u16(0);
        if let Some((kind, data)) = body {
            w.u8(kind);
            w.bytes(data);
        }
        w.patch_length_u16(0, 2);
        out
    }
}

/// A value and a name, as in CHAP (RFC 3748 §5.4): MD5's challenge and response.
pub(crate) fn parse_value_and_name(data: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut r = Reader::new(data);
    let size = usize::from(r.u8()?);
    if size == 0 {
        return Err(Malformed::Forbidden);
    }
    let value = r.take(size)?;
    let name = r.take_rest();
    if name.len() > MOST_NAME {
        return Err(Malformed::BadLength);
    }
    Ok((value, name))
}

pub(crate) fn emit_value_and_name(value: &[u8], name: &[u8]) -> Vec<u8> {
    let value = value.get(..255).unwrap_or(value);
    let mut out = vec![u8::try_from(value.len()).unwrap_or(u8::MAX)];
    out.extend_from_slice(value);
    out.extend_from_slice(name.get(..MOST_NAME).unwrap_or(name));
    out
}

/// Type data of EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2 §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MsChapV2<'a> {
    Challenge {
        id: u8,
        challenge: [u8; 16],
        name: &'a [u8],
    },
    Response {
        id: u8,
        peer: [u8; 16],
        response: [u8; 24],
        name: &'a [u8],
    },
    SuccessRequest {
        id: u8,
        message: &'a [u8],
    },
    SuccessResponse,
    FailureRequest {
        id: u8,
        message: &'a [u8],
    },
    FailureResponse,
    /// The body of RFC 2759 §7.
    ChangePassword {
        id: u8,
        body: &'a [u8],
    },
}

const CHALLENGE: u8 = 1;
const ANSWER: u8 = 2;
const GOOD: u8 = 3;
const BAD: u8 = 4;
const CHANGE: u8 = change_password::CODE;

impl<'a> MsChapV2<'a> {
    /// What a Request carries.
    pub(crate) fn parse_request(data: &'a [u8]) -> Result<Self, Malformed> {
        let (op, id, body) = Self::head(data)?;
        let mut r = Reader::new(body);
        Ok(match op {
            CHALLENGE => {
                if r.u8()? != 16 {
                    return Err(Malformed::BadLength);
                }
                let challenge = r.array()?;
                Self::Challenge { id, challenge, name: name(r.take_rest())? }
            }
            GOOD => Self::SuccessRequest { id, message: body },
            BAD => Self::FailureRequest { id, message: body },
            _ => return Err(Malformed::Forbidden),
        })
    }

    /// What a Response carries.
    pub(crate) fn parse_response(data: &'a [u8]) -> Result<Self, Malformed> {
        match data.first() {
            // The length is often left out, as the draft has it.
            Some(&GOOD) => return Ok(Self::SuccessResponse),
            Some(&BAD) => return Ok(Self::FailureResponse),
            _ => {}
        }
        let (op, id, body) = Self::head(data)?;
        let mut r = Reader::new(body);
        match op {
            ANSWER => {}
            CHANGE if body.len() == change_password::BODY_LEN => {
                return Ok(Self::ChangePassword { id, body });
            }
            CHANGE => return Err(Malformed::BadLength),
            _ => return Err(Malformed::Forbidden),
        }
        if r.u8()? != 49 {
            return Err(Malformed::BadLength);
        }
        let peer = r.array()?;
        r.take(8)?;
        let response = r.array()?;
        r.u8()?;
        Ok(Self::Response { id, peer, response, name: name(r.take_rest())? })
    }

    fn head(data: &'a [u8]) -> Result<(u8, u8, &'a [u8]), Malformed> {
        let mut r = Reader::new(data);
        let (op, id, length) = (r.u8()?, r.u8()?, r.u16()?);
        let body = usize::from(length).checked_sub(4).ok_or(Malformed::BadLength)?;
        Ok((op, id, r.take(body)?))
    }

    pub(crate) fn emit(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut w = Writer::new(&mut out);
        let (op, id) = match self {
            Self::Challenge { id, .. } => (CHALLENGE, *id),
            Self::Response { id, .. } => (ANSWER, *id),
            Self::SuccessRequest { id, .. } => (GOOD, *id),
            Self::FailureRequest { id, .. } => (BAD, *id),
            Self::ChangePassword { id, .. } => (CHANGE, *id),
            Self::SuccessResponse => return vec![GOOD],
            Self::FailureResponse => return vec![BAD],
        };
        w.u8(op);
        w.u8(id);
        w.u16(0);
        match self {
            Self::Challenge { challenge, name, .. } => {
                w.u8(16);
                w.bytes(challenge);
                w.bytes(name);
            }
            Self::Response { peer, response, name, .. } => {
                w.u8(49);
                w.bytes(peer);
                w.bytes(&[0; 8]);
                w.bytes(response);
                w.u8(0);
                w.bytes(name);
            }
            Self::SuccessRequest { message, .. } | Self::FailureRequest { message, .. } => {
                w.bytes(message);
            }
            Self::ChangePassword { body, .. } => w.bytes(body),
            Self::SuccessResponse | Self::FailureResponse => {}
        }
        w.patch_length_u16(0, 2);
        out
    }
}

fn name(octets: &[u8]) -> Result<&[u8], Malformed> {
    if octets.len() > MOST_NAME { Err(Malformed::BadLength) } else { Ok(octets) }
}

/// Type data of the methods over TLS (RFC 5216 §3.1): flags, and a part of a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment<'a> {
    /// Octets of the whole flight, where they are told.
    pub(crate) total: Option<u32>,
    pub(crate) more: bool,
    pub(crate) start: bool,
    pub(crate) data: &'a [u8],
}

const LENGTH_INCLUDED: u8 = 0x80;
const MORE: u8 = 0x40;
const START: u8 = 0x20;

impl<'a> Fragment<'a> {
    /// PEAP's version in the low bits is passed over: ours is 0, and told in the answer.
    pub(crate) fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(data);
        let flags = r.u8()?;
        let total = if flags & LENGTH_INCLUDED == 0 { None } else { Some(r.u32()?) };
        let (more, start) = (flags & MORE != 0, flags & START != 0);
        Ok(Self { total, more, start, data: r.take_rest() })
    }

    pub(crate) fn emit(&self) -> Vec<u8> {
        let flag = |is: bool, bit| if is { bit } else { 0 };
        let flags = flag(self.total.is_some(), LENGTH_INCLUDED)
            | flag(self.more, MORE)
            | flag(self.start, START);
        let mut out = vec![flags];
        if let Some(total) = self.total {
            out.extend(total.to_be_bytes());
        }
        out.extend_from_slice(self.data);
        out
    }
}

/// PEAP's extensions: a Result, and a Crypto-Binding where there is one ([MS-PEAP] §2.2.8.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extensions {
    pub(crate) success: Option<bool>,
    pub(crate) binding: Option<Vec<u8>>,
}

const TLV_RESULT: u16 = 3;
const TLV_BINDING: u16 = 12;
const MANDATORY: u16 = 0x8000;

impl Extensions {
    /// Unknown TLVs are passed over, unless they say that they must not be.
    pub(crate) fn parse(data: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(data);
        let mut out = Self::default();
        while !r.is_empty() {
            let (head, length) = (r.u16()?, r.u16()?);
            let value = r.take(usize::from(length))?;
            match head & 0x3fff {
                TLV_RESULT => {
                    out.success = Some(match value {
                        [0, 1] => true,
                        [0, 2] => false,
                        _ => return Err(Malformed::Forbidden),
                    });
                }
                TLV_BINDING => {
                    if value.len() != BINDING_VALUE {
                        return Err(Malformed::BadLength);
                    }
                    let mut tlv = binding_head().to_vec();
                    tlv.extend_from_slice(value);
                    out.binding = Some(tlv);
                }
                _ if head & MANDATORY != 0 => return Err(Malformed::Forbidden),
                _ => {}
            }
        }
        Ok(out)
    }

    pub(crate) fn emit(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut w = Writer::new(&mut out);
        if let Some(success) = self.success {
            w.u16(MANDATORY | TLV_RESULT);
            w.u16(2);
            w.u16(if success { 1 } else { 2 });
        }
        if let Some(binding) = &self.binding {
            w.bytes(binding);
        }
        out
    }
}

/// Octets of a Crypto-Binding behind its head.
const BINDING_VALUE: usize = 56;

const fn binding_head() -> [u8; 4] {
    [0, 0x0c, 0, 0x38]
}

/// A Crypto-Binding TLV whose MAC is still to be filled in.
pub(crate) fn binding_tlv(is_response: bool, nonce: &[u8; 32]) -> Vec<u8> {
    let mut tlv = binding_head().to_vec();
    // Reserved, our version, the version that we heard, request or response.
    tlv.extend([0, 0, 0, u8::from(is_response)]);
    tlv.extend(nonce);
    tlv.extend([0; 20]);
    tlv
}

/// Takes an inner packet of PEAP apart: type and data. It comes without the head of EAP, except for
/// extensions, and except for Identity Requests of some servers ([MS-PEAP] §3.1.5.6).
pub(crate) fn parse_inner(octets: &[u8], code: u8) -> Result<(u8, u8, &[u8]), Malformed> {
    let headed = match EapPacket::parse(octets) {
        Ok(EapPacket::Request { id, kind, data }) if code == REQUEST => Some((id, kind, data)),
        Ok(EapPacket::Response { id, kind, data }) if code == RESPONSE => Some((id, kind, data)),
        Ok(_) | Err(_) => None,
    };
    if let Some((id, kind, data)) = headed
        && data.len().checked_add(5) == Some(octets.len())
        && (matches!(kind, kind::TLV | kind::EXPANDED) || octets.len() == 5)
    {
        return Ok((id, kind, data));
    }
    let mut r = Reader::new(octets);
    Ok((0, r.u8()?, r.take_rest()))
}
