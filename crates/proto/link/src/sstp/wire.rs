//! SSTP packets and attributes as they lie in the stream (\[MS-SSTP\] §2.2).
//!
//! Knows bytes; knows no state. Every packet begins with four octets:
//!
//! ```text
//!   0          1          2                 3
//!   version    reserved C reserved length (12 bits, of the whole packet)
//!   0001 0000  0000000  c 0000 llll         llllllll
//! ```
//!
//! With C clear, a PPP frame follows. With C set, a *message* follows: its type, the number of its
//! attributes, and these, each with a length of its own. Reserved bits are ignored when read and zero
//! when written.
//!
//! A header that cannot be right ([`Header::parse`]) loses the stream, because nothing tells where the
//! next packet begins. A message that cannot be right ([`Message::parse`]) is an [`Unfit`] that its
//! receiver answers in SSTP's own words: it names each faulty attribute and what is wrong with it.

use onhook_base::{Malformed, Reader, Writer};

/// Octets of the packet header.
pub(super) const HEADER_LEN: usize = 4;
/// The longest packet that the length field can name.
pub(super) const PACKET_MAX: usize = 4095;
/// Octets of a whole Call Connected message.
pub(super) const CALL_CONNECTED_LEN: usize = 112;
/// Octets of the Compound MAC field, at the end of Call Connected.
pub(super) const MAC_FIELD_LEN: usize = 32;
/// SSTP 1.0.
pub(super) const VERSION: u8 = 0x10;
/// The only Encapsulated Protocol: PPP (\[MS-SSTP\] §2.2.5).
pub(super) const PROTOCOL_PPP: u16 = 1;
/// Original values are cut to this in a Negative Acknowledgment (\[MS-SSTP\] §2.2.8).
const ORIGINAL_MAX: usize = 64;
/// The most faults that are collected of one message: more would not tell more.
const FAULTS_MAX: usize = 8;
const CONTROL_MIN: usize = 8;
const LENGTH_BITS: u16 = 0x0FFF;

/// The attributes (\[MS-SSTP\] §2.2.4).
pub(super) mod attribute {
    /// Nothing is wrong with any attribute.
    pub(in super::super) const NO_ERROR: u8 = 0;
    /// Encapsulated Protocol ID.
    pub(in super::super) const ENCAPSULATED_PROTOCOL: u8 = 1;
    /// Status Info.
    pub(in super::super) const STATUS_INFO: u8 = 2;
    /// Crypto Binding.
    pub(in super::super) const CRYPTO_BINDING: u8 = 3;
    /// Crypto Binding Request.
    pub(in super::super) const CRYPTO_BINDING_REQUEST: u8 = 4;
}

/// The statuses of Status Info (\[MS-SSTP\] §2.2.8).
pub(super) mod status {
    /// All is well.
    pub(in super::super) const NO_ERROR: u32 = 0;
    /// An attribute came twice.
    pub(in super::super) const DUPLICATE_ATTRIBUTE: u32 = 1;
    /// An attribute that nobody knows.
    pub(in super::super) const UNRECOGNIZED_ATTRIBUTE: u32 = 2;
    /// An attribute with a wrong length.
    pub(in super::super) const INVALID_ATTRIBUTE_LENGTH: u32 = 3;
    /// A value that is not supported.
    pub(in super::super) const VALUE_NOT_SUPPORTED: u32 = 4;
    /// A message that is not accepted in this state.
    pub(in super::super) const UNACCEPTED_FRAME: u32 = 5;
    /// Asked too often.
    pub(in super::super) const RETRY_COUNT_EXCEEDED: u32 = 6;
    /// A message that cannot be read.
    pub(in super::super) const INVALID_FRAME: u32 = 7;
    /// The negotiation timer expired.
    pub(in super::super) const NEGOTIATION_TIMEOUT: u32 = 8;
    /// A known attribute in a message where it does not belong.
    pub(in super::super) const ATTRIBUTE_NOT_SUPPORTED: u32 = 9;
    /// A required attribute is missing.
    pub(in super::super) const REQUIRED_ATTRIBUTE_MISSING: u32 = 10;
}

/// The four octets before everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// C: a message follows, not a frame.
    pub(super) control: bool,
    /// Octets of the whole packet.
    pub(super) length: usize,
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// [`Malformed::Forbidden`] for another version, [`Malformed::BadLength`] for a length that does
    /// not even hold the header (of a message: type and count too).
    #[inline]
    pub(super) fn parse([version, bits, high, low]: [u8; HEADER_LEN]) -> Result<Self, Malformed> {
        if version != VERSION {
            return Err(Malformed::Forbidden);
        }
        let control = bits & 1 != 0;
        let length = usize::from(u16::from_be_bytes([high, low]) & LENGTH_BITS);
        if length < if control { CONTROL_MIN } else { HEADER_LEN } {
            return Err(Malformed::BadLength);
        }
        Ok(Self { control, length })
    }

    /// The header of a data packet of `length` octets in all.
    #[inline]
    pub(super) const fn data(length: u16) -> [u8; HEADER_LEN] {
        let [high, low] = length.to_be_bytes();
        [VERSION, 0, high, low]
    }
}

/// The kinds of messages (\[MS-SSTP\] §2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    CallConnectRequest,
    CallConnectAck,
    CallConnectNak,
    CallConnected,
    CallAbort,
    CallDisconnect,
    CallDisconnectAck,
    EchoRequest,
    EchoResponse,
}

impl Kind {
    const fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            1 => Self::CallConnectRequest,
            2 => Self::CallConnectAck,
            3 => Self::CallConnectNak,
            4 => Self::CallConnected,
            5 => Self::CallAbort,
            6 => Self::CallDisconnect,
            7 => Self::CallDisconnectAck,
            8 => Self::EchoRequest,
            9 => Self::EchoResponse,
            _ => return None,
        })
    }

    const fn number(self) -> u16 {
        match self {
            Self::CallConnectRequest => 1,
            Self::CallConnectAck => 2,
            Self::CallConnectNak => 3,
            Self::CallConnected => 4,
            Self::CallAbort => 5,
            Self::CallDisconnect => 6,
            Self::CallDisconnectAck => 7,
            Self::EchoRequest => 8,
            Self::EchoResponse => 9,
        }
    }
}

/// What is wrong with which attribute (\[MS-SSTP\] §2.2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatusInfo<'a> {
    /// The attribute that is spoken of; see [`attribute`].
    pub(super) attribute: u8,
    /// What is wrong; see [`status`].
    pub(super) status: u32,
    /// The first octets of its value, in a Negative Acknowledgment only.
    pub(super) original: &'a [u8],
}

impl<'a> StatusInfo<'a> {
    /// Without the original value.
    pub(super) const fn new(attribute: u8, status: u32) -> Self {
        Self { attribute, status, original: &[] }
    }

    fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let mut value = Reader::new(value);
        let [_, _, _, attribute] = value.array()?;
        Ok(Self { attribute, status: value.u32()?, original: value.take_rest() })
    }

    fn emit(&self, out: &mut Writer<'_>) {
        let original = self.original.get(..ORIGINAL_MAX).unwrap_or(self.original);
        emit_attribute(out, attribute::STATUS_INFO, |out| {
            out.bytes(&[0, 0, 0, self.attribute]);
            out.u32(self.status);
            out.bytes(original);
        });
    }
}

/// What ties PPP's authentication to the TLS session (\[MS-SSTP\] §2.2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CryptoBinding {
    /// 1 is SHA-1, 2 is SHA-256.
    pub(super) hash: u8,
    /// The answerer's nonce.
    pub(super) nonce: [u8; 32],
    /// The hash of the server's certificate, padded with zeros.
    pub(super) certificate: [u8; 32],
    /// The Compound MAC, padded with zeros.
    pub(super) mac: [u8; MAC_FIELD_LEN],
}

impl CryptoBinding {
    const VALUE_LEN: usize = 100;

    fn parse(value: &[u8]) -> Result<Self, Malformed> {
        let mut value = Reader::new(value);
        let [_, _, _, hash] = value.array()?;
        let binding =
            Self { hash, nonce: value.array()?, certificate: value.array()?, mac: value.array()? };
        value.finish()?;
        Ok(binding)
    }
}

/// A message, which \[MS-SSTP\] calls a control packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message<'a> {
    /// The caller asks for a call (§2.2.9).
    CallConnectRequest {
        /// What it wants to carry; only [`PROTOCOL_PPP`] is known.
        protocol: u16,
    },
    /// The answerer grants it (§2.2.10).
    CallConnectAck {
        /// The hashes that it takes: bit 0 SHA-1, bit 1 SHA-256.
        offer: u8,
        /// To be repeated in the crypto binding.
        nonce: [u8; 32],
    },
    /// The answerer refuses it (§2.2.12).
    CallConnectNak(Vec<StatusInfo<'a>>),
    /// The caller binds the call (§2.2.11).
    CallConnected(CryptoBinding),
    /// Either side gives up (§2.2.13).
    CallAbort(Option<StatusInfo<'a>>),
    /// Either side ends the call (§2.2.14).
    CallDisconnect(Option<StatusInfo<'a>>),
    /// The answer to it (§2.2.15).
    CallDisconnectAck,
    /// Are you there? (§2.2.16)
    EchoRequest,
    /// I am (§2.2.17).
    EchoResponse,
}

/// A message that cannot be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unfit<'a> {
    /// What it would be; `None` for a type that nobody knows.
    pub(super) kind: Option<Kind>,
    /// What is wrong with it, at least one and at most [`FAULTS_MAX`].
    pub(super) faults: Vec<StatusInfo<'a>>,
}

impl<'a> Message<'a> {
    /// Reads the message in a whole packet, header included.
    ///
    /// Of messages that end or test the call, attributes are read if they can be and else ignored:
    /// nothing is gained by refusing a farewell.
    ///
    /// # Errors
    /// [`Unfit`], which says what to answer.
    pub(super) fn parse(packet: &'a [u8]) -> Result<Self, Unfit<'a>> {
        let invalid = StatusInfo::new(attribute::STATUS_INFO, status::INVALID_FRAME);
        let unreadable = |_: Malformed| Unfit { kind: None, faults: vec![invalid] };
        let mut rest = Reader::new(packet);
        rest.take(HEADER_LEN).map_err(unreadable)?;
        let number = rest.u16().map_err(unreadable)?;
        let count = rest.u16().map_err(unreadable)?;
        let Some(kind) = Kind::from_number(number) else {
            return Err(Unfit { kind: None, faults: vec![invalid] });
        };
        let attributes = Attributes { rest, left: count };
        // Lengths are checked by `required`, so that the readers below it can only succeed.
        let unread = |_: Malformed| Unfit { kind: Some(kind), faults: vec![invalid] };
        Ok(match kind {
            Kind::CallConnectRequest => {
                let value = attributes.required(kind, attribute::ENCAPSULATED_PROTOCOL, 2)?;
                Self::CallConnectRequest { protocol: Reader::new(value).u16().map_err(unread)? }
            }
            Kind::CallConnectAck => {
                let value = attributes.required(kind, attribute::CRYPTO_BINDING_REQUEST, 36)?;
                let mut value = Reader::new(value);
                let [_, _, _, offer] = value.array().map_err(unread)?;
                Self::CallConnectAck { offer, nonce: value.array().map_err(unread)? }
            }
            Kind::CallConnectNak => {
                Self::CallConnectNak(attributes.statuses().take(FAULTS_MAX).collect())
            }
            Kind::CallConnected => {
                let length = CryptoBinding::VALUE_LEN;
                let value = attributes.required(kind, attribute::CRYPTO_BINDING, length)?;
                Self::CallConnected(CryptoBinding::parse(value).map_err(unread)?)
            }
            Kind::CallAbort => Self::CallAbort(attributes.statuses().next()),
            Kind::CallDisconnect => Self::CallDisconnect(attributes.statuses().next()),
            Kind::CallDisconnectAck => Self::CallDisconnectAck,
            Kind::EchoRequest => Self::EchoRequest,
            Kind::EchoResponse => Self::EchoResponse,
        })
    }

    /// Appends the whole packet to `out`.
    pub(super) fn emit(&self, out: &mut Vec<u8>) {
        let mut out = Writer::new(out);
        let start = out.position();
        out.bytes(&[VERSION, 1]);
        let length_at = out.position();
        out.u16(0);
        out.u16(self.kind().number());
        out.u16(self.attribute_count());
        match self {
            Self::CallConnectRequest { protocol } => {
                emit_attribute(&mut out, attribute::ENCAPSULATED_PROTOCOL, |out| {
                    out.u16(*protocol);
                });
            }
            Self::CallConnectAck { offer, nonce } => {
                emit_attribute(&mut out, attribute::CRYPTO_BINDING_REQUEST, |out| {
                    out.bytes(&[0, 0, 0, *offer]);
                    out.bytes(nonce);
                });
            }
            Self::CallConnectNak(faults) => {
                for fault in faults.iter().take(FAULTS_MAX) {
                    fault.emit(&mut out);
                }
            }
            Self::CallConnected(binding) => {
                emit_attribute(&mut out, attribute::CRYPTO_BINDING, |out| {
                    out.bytes(&[0, 0, 0, binding.hash]);
                    out.bytes(&binding.nonce);
                    out.bytes(&binding.certificate);
                    out.bytes(&binding.mac);
                });
            }
            Self::CallAbort(info) | Self::CallDisconnect(info) => {
                if let Some(info) = info {
                    info.emit(&mut out);
                }
            }
            Self::CallDisconnectAck | Self::EchoRequest | Self::EchoResponse => {}
        }
        out.patch_length_u16(start, length_at);
    }

    /// What it is.
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::CallConnectRequest { .. } => Kind::CallConnectRequest,
            Self::CallConnectAck { .. } => Kind::CallConnectAck,
            Self::CallConnectNak(_) => Kind::CallConnectNak,
            Self::CallConnected(_) => Kind::CallConnected,
            Self::CallAbort(_) => Kind::CallAbort,
            Self::CallDisconnect(_) => Kind::CallDisconnect,
            Self::CallDisconnectAck => Kind::CallDisconnectAck,
            Self::EchoRequest => Kind::EchoRequest,
            Self::EchoResponse => Kind::EchoResponse,
        }
    }

    fn attribute_count(&self) -> u16 {
        match self {
            Self::CallConnectRequest { .. }
            | Self::CallConnectAck { .. }
            | Self::CallConnected(_) => 1,
            Self::CallConnectNak(faults) => {
                u16::try_from(faults.len().min(FAULTS_MAX)).unwrap_or(u16::MAX)
            }
            Self::CallAbort(info) | Self::CallDisconnect(info) => u16::from(info.is_some()),
            Self::CallDisconnectAck | Self::EchoRequest | Self::EchoResponse => 0,
        }
    }
}

/// The attributes of a message, not yet read. Each takes four octets at least, so that a count that
/// lies costs no more than the packet is long.
struct Attributes<'a> {
    rest: Reader<'a>,
    left: u16,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<(u8, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let attribute = parse_attribute(&mut self.rest);
        if attribute.is_err() {
            self.left = 0;
        }
        Some(attribute)
    }
}

impl<'a> Attributes<'a> {
    /// The value of the one attribute that this kind of message must have.
    fn required(mut self, kind: Kind, wanted: u8, length: usize) -> Result<&'a [u8], Unfit<'a>> {
        let mut found = None;
        let mut seen = false;
        let mut faults = Vec::new();
        let mut blame = |attribute, status, value| {
            if faults.len() < FAULTS_MAX {
                faults.push(StatusInfo { attribute, status, original: value });
            }
        };
        for attribute in self.by_ref() {
            match attribute {
                Ok((id, _)) if id == wanted && seen => {
                    blame(id, status::DUPLICATE_ATTRIBUTE, &[]);
                }
                Ok((id, value)) if id == wanted => {
                    seen = true;
                    if value.len() == length {
                        found = Some(value);
                    } else {
                        blame(id, status::INVALID_ATTRIBUTE_LENGTH, value);
                    }
                }
                Ok((id, value)) if (1..=4).contains(&id) => {
                    blame(id, status::ATTRIBUTE_NOT_SUPPORTED, value);
                }
                Ok((id, value)) => blame(id, status::UNRECOGNIZED_ATTRIBUTE, value),
                Err(_) => blame(wanted, status::INVALID_ATTRIBUTE_LENGTH, &[]),
            }
        }
        if !self.rest.is_empty() {
            blame(attribute::STATUS_INFO, status::INVALID_FRAME, &[]);
        }
        if !seen {
            blame(wanted, status::REQUIRED_ATTRIBUTE_MISSING, &[]);
        }
        match found {
            Some(value) if faults.is_empty() => Ok(value),
            _ => Err(Unfit { kind: Some(kind), faults }),
        }
    }

    /// All that can be read as Status Info.
    fn statuses(self) -> impl Iterator<Item = StatusInfo<'a>> {
        self.filter_map(|attribute| match attribute {
            Ok((attribute::STATUS_INFO, value)) => StatusInfo::parse(value).ok(),
            _ => None,
        })
    }
}

fn parse_attribute<'a>(input: &mut Reader<'a>) -> Result<(u8, &'a [u8]), Malformed> {
    let [_, id] = input.array()?;
    let length = usize::from(input.u16()? & LENGTH_BITS);
    let value = input.take(length.checked_sub(HEADER_LEN).ok_or(Malformed::BadLength)?)?;
    Ok((id, value))
}

fn emit_attribute(out: &mut Writer<'_>, id: u8, value: impl FnOnce(&mut Writer<'_>)) {
    let start = out.position();
    out.bytes(&[0, id]);
    let length_at = out.position();
    out.u16(0);
    value(out);
    out.patch_length_u16(start, length_at);
}
