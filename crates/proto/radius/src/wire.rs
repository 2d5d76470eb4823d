//! RADIUS as it lies in UDP datagrams (RFC 2865 §3, §5; RFC 2548 §2).
//!
//! ```text
//!   code  identifier  length  authenticator(16)  attributes…
//!   attribute  type  length  value        vendor's  26  length  vendor(4)  type  length  value …
//! ```
//!
//! Knows bytes; knows no state. A packet whose attributes do not fill it exactly is no packet, so that
//! nothing loops on a length of 0 and nothing is read past the end.

use onhook_base::{Malformed, Reader, Secret, Writer};
use onhook_crypto::radius as proof;

/// Octets of a packet at most (RFC 2865 §3).
pub const LONGEST: usize = 4096;
/// Octets of its header.
pub(crate) const HEADER: usize = 20;
/// Octets of an attribute's value at most.
pub const LONGEST_VALUE: usize = 253;
/// Where the authenticator lies.
const AUTHENTICATOR_AT: usize = 4;
/// Octets that a packet has for attributes beside the hidden password and Message-Authenticator.
const ROOM: usize = LONGEST - HEADER - 18 - 130;

/// What a packet is (RFC 2865 §4, RFC 2866 §4, RFC 5176 §2).
pub mod code {
    /// A caller is to be judged.
    pub const ACCESS_REQUEST: u8 = 1;
    /// It is let in.
    pub const ACCESS_ACCEPT: u8 = 2;
    /// It is not.
    pub const ACCESS_REJECT: u8 = 3;
    /// Something is told of a session.
    pub const ACCOUNTING_REQUEST: u8 = 4;
    /// It was noted.
    pub const ACCOUNTING_RESPONSE: u8 = 5;
    /// More is asked of the caller.
    pub const ACCESS_CHALLENGE: u8 = 11;
    /// A session is to end.
    pub const DISCONNECT_REQUEST: u8 = 40;
    /// It has ended.
    pub const DISCONNECT_ACK: u8 = 41;
    /// It has not.
    pub const DISCONNECT_NAK: u8 = 42;
    /// A session is to change.
    pub const COA_REQUEST: u8 = 43;
    /// It does not.
    pub const COA_NAK: u8 = 45;
}

/// Types of attributes.
pub mod attribute {
    #![allow(
        missing_docs,
        reason = "they are the RFCs' own names: 2865 §5, 2866 §5, 2869 §5, 3162 §2, 5176 §3"
    )]
    pub const USER_NAME: u8 = 1;
    pub const USER_PASSWORD: u8 = 2;
    pub const CHAP_PASSWORD: u8 = 3;
    pub const NAS_IP_ADDRESS: u8 = 4;
    pub const NAS_PORT: u8 = 5;
    pub const SERVICE_TYPE: u8 = 6;
    pub const FRAMED_PROTOCOL: u8 = 7;
    pub const FRAMED_IP_ADDRESS: u8 = 8;
    pub const REPLY_MESSAGE: u8 = 18;
    pub const STATE: u8 = 24;
    pub const CLASS: u8 = 25;
    pub const VENDOR_SPECIFIC: u8 = 26;
    pub const SESSION_TIMEOUT: u8 = 27;
    pub const IDLE_TIMEOUT: u8 = 28;
    pub const CALLING_STATION_ID: u8 = 31;
    pub const NAS_IDENTIFIER: u8 = 32;
    pub const PROXY_STATE: u8 = 33;
    pub const ACCT_STATUS_TYPE: u8 = 40;
    pub const ACCT_INPUT_OCTETS: u8 = 42;
    pub const ACCT_OUTPUT_OCTETS: u8 = 43;
    pub const ACCT_SESSION_ID: u8 = 44;
    pub const ACCT_AUTHENTIC: u8 = 45;
    pub const ACCT_SESSION_TIME: u8 = 46;
    pub const ACCT_INPUT_PACKETS: u8 = 47;
    pub const ACCT_OUTPUT_PACKETS: u8 = 48;
    pub const ACCT_TERMINATE_CAUSE: u8 = 49;
    pub const ACCT_INPUT_GIGAWORDS: u8 = 52;
    pub const ACCT_OUTPUT_GIGAWORDS: u8 = 53;
    pub const EVENT_TIMESTAMP: u8 = 55;
    pub const CHAP_CHALLENGE: u8 = 60;
    pub const NAS_PORT_TYPE: u8 = 61;
    pub const EAP_MESSAGE: u8 = 79;
    pub const MESSAGE_AUTHENTICATOR: u8 = 80;
    pub const ACCT_INTERIM_INTERVAL: u8 = 85;
    pub const NAS_PORT_ID: u8 = 87;
    pub const NAS_IPV6_ADDRESS: u8 = 95;
    pub const FRAMED_INTERFACE_ID: u8 = 96;
    pub const FRAMED_IPV6_PREFIX: u8 = 97;
    pub const ERROR_CAUSE: u8 = 101;
}

/// Microsoft's number among vendors, and the types of its attributes (RFC 2548 §2).
pub mod microsoft {
    #![allow(missing_docs, reason = "they are the RFC's own names")]
    pub const VENDOR: u32 = 311;
    pub const CHAP_RESPONSE: u8 = 1;
    pub const CHAP_ERROR: u8 = 2;
    pub const CHAP_CPW_2: u8 = 4;
    pub const CHAP_NT_ENC_PW: u8 = 6;
    pub const CHAP_CHALLENGE: u8 = 11;
    pub const CHAP_MPPE_KEYS: u8 = 12;
    pub const MPPE_SEND_KEY: u8 = 16;
    pub const MPPE_RECV_KEY: u8 = 17;
    pub const CHAP2_RESPONSE: u8 = 25;
    pub const CHAP2_SUCCESS: u8 = 26;
    pub const CHAP2_CPW: u8 = 27;
    pub const PRIMARY_DNS_SERVER: u8 = 28;
    pub const SECONDARY_DNS_SERVER: u8 = 29;
}

/// A packet that was received. Its attributes are known to fill it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What it is.
    pub code: u8,
    /// Which request it is or answers.
    pub identifier: u8,
    /// Its proof, or a number that nobody can foresee.
    pub authenticator: [u8; 16],
    /// The attributes as they lie.
    pub attributes: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram; octets behind the packet's length are padding (RFC 2865 §3).
    ///
    /// # Errors
    /// When the length lies outside 20 to 4096 or the datagram, or the attributes do not fill it.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(datagram);
        let (code, identifier) = (r.u8()?, r.u8()?);
        let length = usize::from(r.u16()?);
        if !(HEADER..=LONGEST).contains(&length) {
            return Err(Malformed::BadLength);
        }
        let authenticator = r.array()?;
        let attributes = r.take(length.saturating_sub(HEADER))?;
        let mut walk = Walk(Reader::new(attributes));
        while walk.next_or_end()?.is_some() {}
        let whole = Reader::new(datagram).take(length)?;
        Ok(Self { code, identifier, authenticator, attributes, whole })
    }

    /// Every attribute: its type and its value.
    pub fn attributes(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        let mut walk = Walk(Reader::new(self.attributes));
        // They were walked before, so that there is no error any more.
        std::iter::from_fn(move || walk.next_or_end().ok().flatten())
    }

    /// The values of one type, in their order.
    pub fn all(&self, kind: u8) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.attributes().filter(move |(k, _)| *k == kind).map(|(_, value)| value)
    }

    /// The first value of one type.
    pub fn first(&self, kind: u8) -> Option<&'a [u8]> {
        self.all(kind).next()
    }

    /// The first value of one type, where it is a number of four octets.
    pub fn number(&self, kind: u8) -> Option<u32> {
        self.first(kind)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Every attribute of a vendor that keeps to the form of RFC 2865 §5.26. What does not fill its
    /// attribute exactly is left out from there on.
    pub fn vendor(&self, vendor: u32) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        self.all(attribute::VENDOR_SPECIFIC).flat_map(move |value| {
            let mut r = Reader::new(value);
            let is_theirs = r.u32().is_ok_and(|number| number == vendor);
            let mut walk = Walk(Reader::new(if is_theirs { r.take_rest() } else { &[] }));
            std::iter::from_fn(move || walk.next_or_end().ok().flatten())
        })
    }

    /// The first value of one type of Microsoft's.
    pub fn microsoft(&self, kind: u8) -> Option<&'a [u8]> {
        self.vendor(microsoft::VENDOR).find(|(k, _)| *k == kind).map(|(_, value)| value)
    }

    /// Whether the answer proves that its sender knows the secret and the request (RFC 2865 §3).
    pub fn answers(&self, request_authenticator: &[u8; 16], secret: &[u8]) -> bool {
        proof::same(&self.authenticator, &self.digest(request_authenticator, secret))
    }

    /// Whether a request without a caller's proof proves that its sender knows the secret (RFC 2866 §3,
    /// RFC 5176 §2.3).
    pub fn proves_itself(&self, secret: &[u8]) -> bool {
        proof::same(&self.authenticator, &self.digest(&[0; 16], secret))
    }

    fn digest(&self, authenticator: &[u8; 16], secret: &[u8]) -> [u8; 16] {
        let head = self.whole.get(..AUTHENTICATOR_AT).unwrap_or_default();
        proof::authenticator(&[head, authenticator, self.attributes], secret)
    }

    /// Its Message-Authenticator (RFC 2869 §5.14), reckoned with `authenticator` in the header's place.
    pub fn signature(&self, authenticator: &[u8; 16], secret: &[u8]) -> Signature {
        let mut at = HEADER;
        let mut found = None;
        for (kind, value) in self.attributes() {
            if kind == attribute::MESSAGE_AUTHENTICATOR {
                let Ok(value) = <[u8; 16]>::try_from(value) else { return Signature::Wrong };
                if found.replace((at.saturating_add(2), value)).is_some() {
                    return Signature::Wrong;
                }
            }
            at = at.saturating_add(2).saturating_add(value.len());
        }
        let Some((at, value)) = found else { return Signature::Missing };
        let head = self.whole.get(..AUTHENTICATOR_AT).unwrap_or_default();
        let before = self.whole.get(HEADER..at).unwrap_or_default();
        let behind = self.whole.get(at.saturating_add(16)..).unwrap_or_default();
        let parts = [head, authenticator, before, &[0; 16], behind];
        match proof::same(&value, &proof::message_authenticator(&parts, secret)) {
            true => Signature::Good,
            false => Signature::Wrong,
        }
    }
}

/// What the Message-Authenticator of a packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// The sender knows the secret, and nothing was changed.
    Good,
    /// There is none.
    Missing,
    /// It is not the one that there should be, or there are several.
    Wrong,
}

/// Walks attributes, or a vendor's inside of one.
struct Walk<'a>(Reader<'a>);

impl<'a> Walk<'a> {
    fn next_or_end(&mut self) -> Result<Option<(u8, &'a [u8])>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (kind, length) = (self.0.u8()?, self.0.u8()?);
        let length = usize::from(length).checked_sub(2).ok_or(Malformed::BadLength)?;
        Ok(Some((kind, self.0.take(length)?)))
    }
}

/// The attributes of a packet that we send; bounded by what one packet holds. What does not fit is left
/// out, and told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    plain: Vec<u8>,
    password: Option<Secret<Vec<u8>>>,
}

impl Attributes {
    /// Appends a value of at most [`LONGEST_VALUE`] octets; whether there was room.
    pub fn octets(&mut self, kind: u8, value: &[u8]) -> bool {
        let fits = value.len() <= LONGEST_VALUE
            && self.plain.len().saturating_add(2).saturating_add(value.len()) <= ROOM;
        if fits {
            Writer::new(&mut self.plain).counted_u8(kind, |w| w.bytes(value));
        }
        fits
    }

    /// Appends a text, cut to what a value holds.
    pub fn text(&mut self, kind: u8, text: &str) -> bool {
        let end = text.floor_char_boundary(LONGEST_VALUE);
        self.octets(kind, text.get(..end).unwrap_or_default().as_bytes())
    }

    /// Appends a number.
    pub fn number(&mut self, kind: u8, number: u32) -> bool {
        self.octets(kind, &number.to_be_bytes())
    }

    /// Appends a value in as many attributes as it takes, one after the other (RFC 3579 §3.1).
    pub fn pieces(&mut self, kind: u8, value: &[u8]) -> bool {
        value.chunks(LONGEST_VALUE).all(|piece| self.octets(kind, piece))
    }

    /// Appends one of Microsoft's.
    pub fn microsoft(&mut self, kind: u8, value: &[u8]) -> bool {
        let mut whole = microsoft::VENDOR.to_be_bytes().to_vec();
        if value.len() > LONGEST_VALUE - 6 {
            return false;
        }
        Writer::new(&mut whole).counted_u8(kind, |w| w.bytes(value));
        self.octets(attribute::VENDOR_SPECIFIC, &whole)
    }

    /// The password, which is hidden anew in each packet (RFC 2865 §5.2).
    pub fn password(&mut self, password: Secret<Vec<u8>>) {
        self.password = Some(password);
    }

    /// An Access-Request, or an answer with that form: Message-Authenticator stands first, where a
    /// forger cannot put anything before it.
    pub fn request(
        &self,
        code: u8,
        identifier: u8,
        authenticator: &[u8; 16],
        secret: &[u8],
    ) -> Vec<u8> {
        let mut packet = self.assemble(code, identifier, authenticator, Some(secret));
        let signature = proof::message_authenticator(&[&packet], secret);
        Writer::new(&mut packet).patch(HEADER + 2, &signature);
        packet
    }

    /// A request that proves itself by its authenticator: accounting's (RFC 2866 §3).
    pub fn report(&self, code: u8, identifier: u8, secret: &[u8]) -> Vec<u8> {
        let mut packet = self.assemble(code, identifier, &[0; 16], None);
        let authenticator = proof::authenticator(&[&packet], secret);
        Writer::new(&mut packet).patch(AUTHENTICATOR_AT, &authenticator);
        packet
    }

    /// An answer to a request with this authenticator, signed both ways.
    pub fn answer(
        &self,
        code: u8,
        identifier: u8,
        request_authenticator: &[u8; 16],
        secret: &[u8],
    ) -> Vec<u8> {
        let mut packet = self.request(code, identifier, request_authenticator, secret);
        let authenticator = proof::authenticator(&[&packet], secret);
        Writer::new(&mut packet).patch(AUTHENTICATOR_AT, &authenticator);
        packet
    }

    /// `signing` leaves room for a Message-Authenticator, and hides the password.
    fn assemble(
        &self,
        code: u8,
        identifier: u8,
        authenticator: &[u8; 16],
        signing: Option<&[u8]>,
    ) -> Vec<u8> {
        let mut packet = Vec::with_capacity(HEADER + 148 + self.plain.len());
        let mut w = Writer::new(&mut packet);
        w.u8(code);
        w.u8(identifier);
        w.u16(0);
        w.bytes(authenticator);
        if let Some(secret) = signing {
            w.counted_u8(attribute::MESSAGE_AUTHENTICATOR, |w| w.bytes(&[0; 16]));
            if let Some(password) = &self.password {
                let hidden = proof::hide_password(secret, authenticator, password.expose());
                w.counted_u8(attribute::USER_PASSWORD, |w| w.bytes(&hidden));
            }
        }
        w.bytes(&self.plain);
        w.patch_length_u16(0, 2);
        packet
    }
}
