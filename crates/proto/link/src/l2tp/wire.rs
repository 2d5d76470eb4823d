//! L2TP as it lies in UDP datagrams (RFC 2661 §3, §4).
//!
//! ```text
//!   control  c802  length  tunnel  session  Ns  Nr  AVPs…      data  0002  tunnel  session  PPP frame
//!   AVP      M H 0 length(10)  vendor  type  value
//! ```
//!
//! Knows bytes; knows no state. An AVP's length that is shorter than its header ends the reading of the
//! message, so that nothing loops; a hidden value is read no further than it reaches.

use std::borrow::Cow;

use onhook_base::{Malformed, Reader, Writer};
use onhook_crypto::l2tp_hiding;

const CONTROL: u16 = 0x8000;
const LENGTH: u16 = 0x4000;
const SEQUENCE: u16 = 0x0800;
const OFFSET: u16 = 0x0200;
const VERSION: u16 = 0x000f;
const VERSION_2: u16 = 2;
/// Where Nr stands in it.
pub(super) const NR_AT: usize = 10;
/// Octets of an AVP's header.
const AVP_HEADER: u16 = 6;
const AVP_LENGTH: u16 = 0x03ff;
const MANDATORY: u16 = 0x8000;
const HIDDEN: u16 = 0x4000;
const RESERVED: u16 = 0x3c00;
/// AVPs that one message may have; none of RFC 2661 has a third of them.
const MOST_AVPS: usize = 64;
/// The longest text of a peer that is kept.
const MOST_TEXT: usize = 256;

/// Message types (RFC 2661 §3.2).
pub(super) mod kind {
    pub(crate) const SCCRQ: u16 = 1;
    pub(crate) const SCCRP: u16 = 2;
    pub(crate) const SCCCN: u16 = 3;
    pub(crate) const STOP_CCN: u16 = 4;
    pub(crate) const HELLO: u16 = 6;
    pub(crate) const OCRQ: u16 = 7;
    pub(crate) const ICRQ: u16 = 10;
    pub(crate) const ICRP: u16 = 11;
    pub(crate) const ICCN: u16 = 12;
    pub(crate) const CDN: u16 = 14;
    pub(crate) const WEN: u16 = 15;
    pub(crate) const SLI: u16 = 16;
}

/// AVP types (RFC 2661 §4.4; 46 is RFC 3145's).
pub(super) mod avp {
    pub(crate) const MESSAGE_TYPE: u16 = 0;
    pub(crate) const RESULT_CODE: u16 = 1;
    pub(crate) const PROTOCOL_VERSION: u16 = 2;
    pub(crate) const FRAMING_CAPABILITIES: u16 = 3;
    pub(crate) const BEARER_CAPABILITIES: u16 = 4;
    pub(crate) const HOST_NAME: u16 = 7;
    pub(crate) const VENDOR_NAME: u16 = 8;
    pub(crate) const ASSIGNED_TUNNEL: u16 = 9;
    pub(crate) const RECEIVE_WINDOW: u16 = 10;
    pub(crate) const CHALLENGE: u16 = 11;
    pub(crate) const CHALLENGE_RESPONSE: u16 = 13;
    pub(crate) const ASSIGNED_SESSION: u16 = 14;
    pub(crate) const CALL_SERIAL_NUMBER: u16 = 15;
    pub(crate) const BEARER_TYPE: u16 = 18;
    pub(crate) const FRAMING_TYPE: u16 = 19;
    pub(crate) const CONNECT_SPEED: u16 = 24;
    pub(crate) const RANDOM_VECTOR: u16 = 36;
    pub(crate) const SEQUENCING_REQUIRED: u16 = 39;
    pub(crate) const PPP_DISCONNECT_CAUSE: u16 = 46;
    /// The highest that RFC 2661 defines.
    pub(crate) const LAST_KNOWN: u16 = 39;
}

/// Result codes of a Stop-Control-Connection-Notification (RFC 2661 §4.4.2).
pub(super) mod stop {
    pub(crate) const GENERAL: u16 = 1;
    pub(crate) const ERROR: u16 = 2;
    pub(crate) const NOT_AUTHORIZED: u16 = 4;
    pub(crate) const STATE: u16 = 7;
}

/// Result codes of a Call-Disconnect-Notify (RFC 2661 §4.4.2).
pub(super) mod disconnect {
    pub(crate) const LOST_CARRIER: u16 = 1;
    pub(crate) const ERROR: u16 = 2;
    pub(crate) const ADMINISTRATIVE: u16 = 3;
    pub(crate) const NO_ROOM_NOW: u16 = 4;
}

/// Error codes, which go with a result of "general error" (RFC 2661 §4.4.2).
pub(super) mod error {
    pub(crate) const NONE: u16 = 0;
    pub(crate) const BAD_VALUE: u16 = 3;
    pub(crate) const NOT_UNDERSTOOD: u16 = 8;
}

/// What a datagram is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Datagram<'a> {
    Control(Control<'a>),
    Data(Data<'a>),
}

/// A control message, its AVPs still to be read; without any it only acknowledges (ZLB).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Control<'a> {
    pub(super) tunnel: u16,
    pub(super) session: u16,
    pub(super) ns: u16,
    pub(super) nr: u16,
    pub(super) avps: &'a [u8],
}

/// A data message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Data<'a> {
    pub(super) tunnel: u16,
    pub(super) session: u16,
    pub(super) ns: Option<u16>,
    pub(super) payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let flags = r.u16()?;
        if flags & VERSION != VERSION_2 {
            return Err(Malformed::Forbidden);
        }
        if flags & LENGTH != 0 {
            let length = usize::from(r.u16()?);
            // What lies behind the length is padding; a length beyond the datagram is a lie.
            let read = bytes.len().saturating_sub(r.remaining());
            let rest = length.checked_sub(read).ok_or(Malformed::BadLength)?;
            r = Reader::new(r.take(rest)?);
        }
        let (tunnel, session) = (r.u16()?, r.u16()?);
        if flags & CONTROL != 0 {
            if flags & (LENGTH | SEQUENCE) != LENGTH | SEQUENCE || flags & OFFSET != 0 {
                return Err(Malformed::Forbidden);
            }
            let (ns, nr) = (r.u16()?, r.u16()?);
            return Ok(Self::Control(Control { tunnel, session, ns, nr, avps: r.take_rest() }));
        }
        let ns = match flags & SEQUENCE {
            0 => None,
            _ => {
                let ns = r.u16()?;
                r.u16()?;
                Some(ns)
            }
        };
        if flags & OFFSET != 0 {
            let offset = usize::from(r.u16()?);
            r.take(offset)?;
        }
        Ok(Self::Data(Data { tunnel, session, ns, payload: r.take_rest() }))
    }
}

/// Writes a data message's header; `ns` when the peer wants them numbered.
pub(super) fn push_data_header(out: &mut Vec<u8>, tunnel: u16, session: u16, ns: Option<u16>) {
    let mut w = Writer::new(out);
    w.u16(VERSION_2 | ns.map_or(0, |_| SEQUENCE));
    w.u16(tunnel);
    w.u16(session);
    if let Some(ns) = ns {
        w.u16(ns);
        w.u16(0);
    }
}

/// How a tunnel or call was ended (RFC 2661 §4.4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ResultCode {
    pub(super) result: u16,
    pub(super) error: u16,
    pub(super) text: String,
}

/// What a control message says, as far as we use it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: u16,
    /// The Message Type AVP's M bit: an unknown message that must be understood.
    pub(super) is_mandatory: bool,
    pub(super) result: Option<ResultCode>,
    pub(super) version: Option<(u8, u8)>,
    pub(super) host_name: Option<String>,
    pub(super) assigned_tunnel: Option<u16>,
    pub(super) receive_window: Option<u16>,
    pub(super) challenge: Option<Vec<u8>>,
    pub(super) challenge_response: Option<[u8; 16]>,
    pub(super) assigned_session: Option<u16>,
    pub(super) sequencing_required: bool,
    /// RFC 3145: why PPP ended, by its number.
    pub(super) ppp_cause: Option<u16>,
    /// An AVP that must be understood, and is not.
    pub(super) not_understood: Option<u16>,
}

impl Message {
    /// Reads the AVPs of a message that is no ZLB.
    pub(super) fn parse(avps: &[u8], secret: Option<&[u8]>) -> Result<Self, Malformed> {
        let mut message = Self::default();
        let mut all = Avps::new(avps, secret);
        let first = all.next().ok_or(Malformed::CutShort { wanted: 8, left: 0 })??;
        if first.vendor != 0 || first.kind != avp::MESSAGE_TYPE {
            return Err(Malformed::Forbidden);
        }
        message.kind = exactly(&first.value, Reader::u16)?;
        message.is_mandatory = first.mandatory;
        for avp in all {
            message.take(avp?)?;
        }
        Ok(message)
    }

    fn take(&mut self, avp: Avp<'_>) -> Result<(), Malformed> {
        let value = &avp.value;
        if avp.vendor != 0 || avp.reserved {
            self.miss(&avp);
            return Ok(());
        }
        match avp.kind {
            avp::RESULT_CODE => self.result = Some(result_code(value)?),
            avp::PROTOCOL_VERSION => {
                self.version = Some(exactly(value, |r| Ok((r.u8()?, r.u8()?)))?);
            }
            avp::HOST_NAME => self.host_name = Some(text(value)),
            avp::ASSIGNED_TUNNEL => self.assigned_tunnel = Some(nonzero(value)?),
            avp::RECEIVE_WINDOW => self.receive_window = Some(nonzero(value)?),
            avp::CHALLENGE => self.challenge = Some(value.to_vec()),
            avp::CHALLENGE_RESPONSE => {
                self.challenge_response = Some(exactly(value, Reader::array)?);
            }
            avp::ASSIGNED_SESSION => self.assigned_session = Some(nonzero(value)?),
            avp::SEQUENCING_REQUIRED => self.sequencing_required = true,
            avp::PPP_DISCONNECT_CAUSE => self.ppp_cause = Some(Reader::new(value).u16()?),
            kind if kind > avp::LAST_KNOWN => self.miss(&avp),
            // Of no use to us, and known.
            _ => {}
        }
        Ok(())
    }

    fn miss(&mut self, avp: &Avp<'_>) {
        if avp.mandatory {
            self.not_understood.get_or_insert(avp.kind);
        }
    }
}

fn exactly<'a, T>(
    value: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    let mut r = Reader::new(value);
    let read = read(&mut r)?;
    r.finish()?;
    Ok(read)
}

fn nonzero(value: &[u8]) -> Result<u16, Malformed> {
    match exactly(value, Reader::u16)? {
        0 => Err(Malformed::Forbidden),
        number => Ok(number),
    }
}

fn result_code(value: &[u8]) -> Result<ResultCode, Malformed> {
    let mut r = Reader::new(value);
    let result = r.u16()?;
    let error = if r.is_empty() { 0 } else { r.u16()? };
    Ok(ResultCode { result, error, text: text(r.take_rest()) })
}

/// A text of a stranger's, for people: bounded, and without what cannot be shown.
fn text(value: &[u8]) -> String {
    let shown = value.get(..MOST_TEXT).unwrap_or(value);
    String::from_utf8_lossy(shown).chars().filter(|c| !c.is_control()).collect()
}

/// One AVP, its value uncovered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Avp<'a> {
    pub(super) mandatory: bool,
    pub(super) reserved: bool,
    pub(super) vendor: u16,
    pub(super) kind: u16,
    pub(super) value: Cow<'a, [u8]>,
}

/// Walks the AVPs of one message; ends at the first that cannot be read.
#[derive(Debug)]
pub(super) struct Avps<'a> {
    rest: Reader<'a>,
    secret: Option<&'a [u8]>,
    vector: Option<&'a [u8]>,
    left: usize,
}

impl<'a> Avps<'a> {
    pub(super) const fn new(avps: &'a [u8], secret: Option<&'a [u8]>) -> Self {
        Self { rest: Reader::new(avps), secret, vector: None, left: MOST_AVPS }
    }

    fn read(&mut self) -> Result<Avp<'a>, Malformed> {
        self.left = self.left.checked_sub(1).ok_or(Malformed::Forbidden)?;
        let head = self.rest.u16()?;
        let (vendor, kind) = (self.rest.u16()?, self.rest.u16()?);
        let length = (head & AVP_LENGTH).checked_sub(AVP_HEADER).ok_or(Malformed::BadLength)?;
        let value = self.rest.take(usize::from(length))?;
        let is_vector = vendor == 0 && kind == avp::RANDOM_VECTOR;
        let value = match head & HIDDEN {
            0 => Cow::Borrowed(value),
            _ if is_vector => return Err(Malformed::Forbidden),
            _ => Cow::Owned(self.uncover(kind, value)?),
        };
        if let (true, Cow::Borrowed(vector)) = (is_vector, &value) {
            self.vector = Some(vector);
        }
        Ok(Avp {
            mandatory: head & MANDATORY != 0,
            reserved: head & RESERVED != 0,
            vendor,
            kind,
            value,
        })
    }

    /// A hidden value begins with its true length (RFC 2661 §4.3).
    fn uncover(&self, kind: u16, hidden: &[u8]) -> Result<Vec<u8>, Malformed> {
        let (Some(secret), Some(vector)) = (self.secret, self.vector) else {
            return Err(Malformed::Forbidden);
        };
        let plain = l2tp_hiding::uncover(kind, secret, vector, hidden);
        let mut r = Reader::new(&plain);
        let length = usize::from(r.u16()?);
        r.take(length).map(<[u8]>::to_vec)
    }
}

impl<'a> Iterator for Avps<'a> {
    type Item = Result<Avp<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.rest = Reader::new(&[]);
        }
        Some(read)
    }
}

/// What proves that both ends know the secret (RFC 2661 §5.1.1); `kind` is the message that carries it.
pub(super) fn challenge_response(kind: u16, secret: &[u8], challenge: &[u8]) -> [u8; 16] {
    let [_, id] = kind.to_be_bytes();
    onhook_crypto::chap_md5(id, secret, challenge)
}

/// Builds one control message; Ns and Nr are filled in when it is sent.
pub(super) struct Builder {
    out: Vec<u8>,
}

impl Builder {
    /// A header without any AVP: a ZLB as it stands.
    pub(super) fn header(tunnel: u16, session: u16, ns: u16, nr: u16) -> Self {
        let mut out = Vec::with_capacity(128);
        let mut w = Writer::new(&mut out);
        w.u16(CONTROL | LENGTH | SEQUENCE | VERSION_2);
        for value in [0, tunnel, session, ns, nr] {
            w.u16(value);
        }
        Self { out }
    }

    pub(super) fn message(tunnel: u16, session: u16, kind: u16) -> Self {
        Self::header(tunnel, session, 0, 0).u16(true, avp::MESSAGE_TYPE, kind)
    }

    pub(super) fn bytes(mut self, mandatory: bool, kind: u16, value: &[u8]) -> Self {
        // Our own values are all shorter than a tenth of this.
        let value = value.get(..usize::from(AVP_LENGTH - AVP_HEADER)).unwrap_or(value);
        let length = AVP_HEADER.saturating_add(u16::try_from(value.len()).unwrap_or(AVP_LENGTH));
        let mut w = Writer::new(&mut self.out);
        w.u16(length | if mandatory { MANDATORY } else { 0 });
        w.u16(0);
        w.u16(kind);
        w.bytes(value);
        self
    }

    pub(super) fn u16(self, mandatory: bool, kind: u16, value: u16) -> Self {
        self.bytes(mandatory, kind, &value.to_be_bytes())
    }

    pub(super) fn u32(self, kind: u16, value: u32) -> Self {
        self.bytes(true, kind, &value.to_be_bytes())
    }

    pub(super) fn result(self, result: u16, error: u16) -> Self {
        let value: Vec<u8> = match error {
            0 => result.to_be_bytes().to_vec(),
            _ => [result.to_be_bytes(), error.to_be_bytes()].concat(),
        };
        self.bytes(true, avp::RESULT_CODE, &value)
    }

    pub(super) fn maybe(self, kind: u16, value: Option<&[u8]>) -> Self {
        match value {
            Some(value) => self.bytes(true, kind, value),
            None => self,
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        Writer::new(&mut self.out).patch_length_u16(0, 2);
        self.out
    }
}

/// An acknowledgement of one message for a tunnel that has ended, `tunnel` being its sender's number: it
/// repeats what it has said until it hears this.
pub fn acknowledge(tunnel: u16, ns: u16) -> Vec<u8> {
    Builder::header(tunnel, 0, 0, ns.wrapping_add(1)).finish()
}

/// Whether a datagram that we send is a control message.
pub fn is_control(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|flags| flags & 0x80 != 0)
}

/// What a listener must know of a datagram before it knows whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peek {
    /// A Start-Control-Connection-Request, with the number that its sender wants to be called by.
    Request {
        /// The caller's own tunnel number.
        assigned_tunnel: u16,
    },
    /// A control message of the tunnel of this number.
    Control {
        /// The number that we gave it.
        tunnel: u16,
        /// It is not only an acknowledgement.
        wants_acknowledgement: bool,
        /// Its Ns.
        ns: u16,
    },
    /// A data message.
    Data {
        /// The number that we gave its tunnel.
        tunnel: u16,
        /// The number that we gave its call.
        session: u16,
    },
}

impl Peek {
    /// Looks at a datagram; `None` when it is no L2TP of ours.
    pub fn at(bytes: &[u8]) -> Option<Self> {
        match Datagram::parse(bytes).ok()? {
            Datagram::Control(control) if control.tunnel == 0 => {
                let message = Message::parse(control.avps, None).ok()?;
                (message.kind == kind::SCCRQ)
                    .then_some(Self::Request { assigned_tunnel: message.assigned_tunnel? })
            }
            Datagram::Control(control) => Some(Self::Control {
                tunnel: control.tunnel,
                wants_acknowledgement: !control.avps.is_empty(),
                ns: control.ns,
            }),
            Datagram::Data(data) => Some(Self::Data { tunnel: data.tunnel, session: data.session }),
        }
    }
}
