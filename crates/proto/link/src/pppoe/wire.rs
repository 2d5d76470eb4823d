//! PPPoE as it lies in Ethernet frames (RFC 2516 §4, RFC 4638 §3).
//!
//! ```text
//!   to(6) from(6) 8863  11 code session(2) length(2)  tags: type(2) length(2) value …
//!   to(6) from(6) 8864  11 00   session(2) length(2)  PPP, from its Protocol field on
//! ```
//!
//! What lies behind the length is Ethernet's padding and not looked at; a length beyond the frame, or a
//! tag beyond the length, makes the whole unreadable.

use onhook_base::{Malformed, Reader, Writer};

/// An Ethernet address.
pub type Station = [u8; 6];

/// Everybody on the wire.
pub const BROADCAST: Station = [0xff; 6];
const DISCOVERY: u16 = 0x8863;
const SESSION: u16 = 0x8864;
const VERSION_AND_TYPE: u8 = 0x11;
/// The highest number that a session may have (RFC 2516 §4).
pub(super) const LAST_SESSION: u16 = 0xfffe;
/// Octets before the payload: Ethernet's header and PPPoE's.
pub(super) const HEADER: usize = 20;
/// Tags that one packet may have.
const MOST_TAGS: usize = 64;
/// The longest text of a peer that is kept.
const MOST_TEXT: usize = 256;

/// Codes of discovery packets (RFC 2516 §5).
pub(super) mod code {
    pub(crate) const PADO: u8 = 0x07;
    pub(crate) const PADI: u8 = 0x09;
    pub(crate) const PADR: u8 = 0x19;
    pub(crate) const PADS: u8 = 0x65;
    pub(crate) const PADT: u8 = 0xa7;
    pub(crate) const DATA: u8 = 0x00;
}

/// Tag types (RFC 2516 appendix A, RFC 4638 §3).
pub(super) mod tag {
    pub(crate) const END_OF_LIST: u16 = 0x0000;
    pub(crate) const SERVICE_NAME: u16 = 0x0101;
    pub(crate) const AC_NAME: u16 = 0x0102;
    pub(crate) const HOST_UNIQ: u16 = 0x0103;
    pub(crate) const AC_COOKIE: u16 = 0x0104;
    pub(crate) const RELAY_SESSION_ID: u16 = 0x0110;
    pub(crate) const MAX_PAYLOAD: u16 = 0x0120;
    pub(crate) const SERVICE_NAME_ERROR: u16 = 0x0201;
    pub(crate) const AC_SYSTEM_ERROR: u16 = 0x0202;
    pub(crate) const GENERIC_ERROR: u16 = 0x0203;
}

/// One frame of either kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) to: Station,
    pub(super) from: Station,
    pub(super) is_session: bool,
    pub(super) code: u8,
    pub(super) session: u16,
    pub(super) payload: &'a [u8],
}

impl<'a> Frame<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let (to, from) = (r.array()?, r.array()?);
        let is_session = match r.u16()? {
            DISCOVERY => false,
            SESSION => true,
            _ => return Err(Malformed::Forbidden),
        };
        if r.u8()? != VERSION_AND_TYPE {
            return Err(Malformed::Forbidden);
        }
        let (code, session, length) = (r.u8()?, r.u16()?, r.u16()?);
        let payload = r.take(usize::from(length))?;
        if is_session && code != code::DATA {
            return Err(Malformed::Forbidden);
        }
        Ok(Self { to, from, is_session, code, session, payload })
    }
}

/// The header of a session frame; its length is filled in by [`finish`].
pub(super) fn push_session_header(out: &mut Vec<u8>, to: Station, from: Station, session: u16) {
    push_header(out, to, from, SESSION, code::DATA, session);
}

fn push_header(
    out: &mut Vec<u8>,
    to: Station,
    from: Station,
    ethertype: u16,
    code: u8,
    session: u16,
) {
    let mut w = Writer::new(out);
    w.bytes(&to);
    w.bytes(&from);
    w.u16(ethertype);
    w.u8(VERSION_AND_TYPE);
    w.u8(code);
    w.u16(session);
    w.u16(0);
}

/// Fills in the length of what follows the header.
pub(super) fn finish(out: &mut Vec<u8>) {
    Writer::new(out).patch_length_u16(HEADER, HEADER - 2);
}

/// What the tags of a discovery packet say, as far as we use it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tags {
    pub(super) service_names: Vec<Vec<u8>>,
    pub(super) ac_name: Option<Vec<u8>>,
    pub(super) host_uniq: Option<Vec<u8>>,
    pub(super) cookie: Option<Vec<u8>>,
    pub(super) relay: Option<Vec<u8>>,
    pub(super) max_payload: Option<u16>,
    pub(super) service_error: Option<String>,
    pub(super) system_error: Option<String>,
    pub(super) generic_error: Option<String>,
}

impl Tags {
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let mut tags = Self::default();
        let mut r = Reader::new(payload);
        for _ in 0..MOST_TAGS {
            if r.is_empty() {
                return Ok(tags);
            }
            let (kind, length) = (r.u16()?, r.u16()?);
            let value = r.take(usize::from(length))?;
            match kind {
                tag::END_OF_LIST => return Ok(tags),
                tag::SERVICE_NAME => tags.service_names.push(value.to_vec()),
                tag::AC_NAME => tags.ac_name = Some(value.to_vec()),
                tag::HOST_UNIQ => tags.host_uniq = Some(value.to_vec()),
                tag::AC_COOKIE => tags.cookie = Some(value.to_vec()),
                tag::RELAY_SESSION_ID => tags.relay = Some(value.to_vec()),
                tag::MAX_PAYLOAD => {
                    let mut r = Reader::new(value);
                    tags.max_payload = Some(r.u16()?);
                    r.finish()?;
                }
                tag::SERVICE_NAME_ERROR => tags.service_error = Some(text(value)),
                tag::AC_SYSTEM_ERROR => tags.system_error = Some(text(value)),
                tag::GENERIC_ERROR => tags.generic_error = Some(text(value)),
                // Unknown ones are ignored (§4).
                _ => {}
            }
        }
        Err(Malformed::Forbidden)
    }
}

/// A text of a stranger's, for people: bounded, and without what cannot be shown.
fn text(value: &[u8]) -> String {
    let shown = value.get(..MOST_TEXT).unwrap_or(value);
    String::from_utf8_lossy(shown).chars().filter(|c| !c.is_control()).collect()
}

/// Builds one discovery packet.
pub(super) struct Builder {
    out: Vec<u8>,
}

impl Builder {
    pub(super) fn new(to: Station, from: Station, code: u8, session: u16) -> Self {
        let mut out = Vec::with_capacity(64);
        push_header(&mut out, to, from, DISCOVERY, code, session);
        Self { out }
    }

    pub(super) fn tag(mut self, kind: u16, value: &[u8]) -> Self {
        let Ok(length) = u16::try_from(value.len()) else { return self };
        let mut w = Writer::new(&mut self.out);
        w.u16(kind);
        w.u16(length);
        w.bytes(value);
        self
    }

    pub(super) fn maybe(self, kind: u16, value: Option<&Vec<u8>>) -> Self {
        match value {
            Some(value) => self.tag(kind, value),
            None => self,
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        finish(&mut self.out);
        self.out
    }
}

/// A session as both ends' addresses and its number name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionName {
    /// Our address.
    pub ours: Station,
    /// The peer's.
    pub theirs: Station,
    /// The number, from 1 to 65534.
    pub session: u16,
}

impl SessionName {
    /// The session that a frame of ours belongs to; `None` for discovery.
    pub fn of_sent(frame: &[u8]) -> Option<Self> {
        let frame = Frame::parse(frame).ok().filter(|frame| frame.is_session)?;
        Some(Self { ours: frame.from, theirs: frame.to, session: frame.session })
    }

    /// The session that a received frame belongs to, and whether it is PPP's rather than its end.
    pub fn of_received(frame: &[u8]) -> Option<Self> {
        let frame = Frame::parse(frame).ok()?;
        let fits = frame.is_session || frame.code == code::PADT;
        fits.then_some(Self { ours: frame.to, theirs: frame.from, session: frame.session })
    }

    /// The packet that ends it: PADT, which has no answer (RFC 2516 §5.5).
    pub fn terminate(&self) -> Vec<u8> {
        Builder::new(self.theirs, self.ours, code::PADT, self.session).finish()
    }
}
