//! PAP packets (RFC 1334 §2.2): code, identifier, length, and two counted texts.

use onhook_base::{Malformed, Reader, Writer};

/// A PAP packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PapPacket<'a> {
    Request { id: u8, name: &'a [u8], password: &'a [u8] },
    Ack { id: u8, message: &'a [u8] },
    Nak { id: u8, message: &'a [u8] },
}

const REQUEST: u8 = 1;
const ACK: u8 = 2;
const NAK: u8 = 3;

impl<'a> PapPacket<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (code, id, body) = super::machine::envelope(bytes)?;
        let mut body = Reader::new(body);
        if code == REQUEST {
            let name = counted(&mut body)?;
            let password = counted(&mut body)?;
            return Ok(Self::Request { id, name, password });
        }
        // Some peers leave the message's length out (length 4).
        let message = if body.is_empty() { &[] } else { counted(&mut body)? };
        match code {
            ACK => Ok(Self::Ack { id, message }),
            NAK => Ok(Self::Nak { id, message }),
            _ => Err(Malformed::Forbidden),
        }
    }

    pub(crate) fn emit(&self, out: &mut Vec<u8>) {
        let (code, id) = match self {
            Self::Request { id, .. } => (REQUEST, *id),
            Self::Ack { id, .. } => (ACK, *id),
            Self::Nak { id, .. } => (NAK, *id),
        };
        let start = out.len();
        let mut w = Writer::new(out);
        w.u8(code);
        w.u8(id);
        w.u16(0);
        match self {
            Self::Request { name, password, .. } => {
                put(&mut w, name);
                put(&mut w, password);
            }
            Self::Ack { message, .. } | Self::Nak { message, .. } => put(&mut w, message),
        }
        w.patch_length_u16(start, start.saturating_add(2));
    }
}

fn counted<'a>(body: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let len = usize::from(body.u8()?);
    body.take(len)
}

fn put(w: &mut Writer<'_>, text: &[u8]) {
    let text = text.get(..255).unwrap_or(text);
    w.u8(u8::try_from(text.len()).unwrap_or(u8::MAX));
    w.bytes(text);
}

pub(crate) fn describe(packet: &[u8]) -> String {
    match PapPacket::parse(packet) {
        Ok(PapPacket::Request { id, name, .. }) => format!(
            "PAP Authenticate-Request id={id} name={:?} password=***",
            String::from_utf8_lossy(name)
        ),
        Ok(PapPacket::Ack { id, message }) => {
            format!("PAP Authenticate-Ack id={id} message={:?}", String::from_utf8_lossy(message))
        }
        Ok(PapPacket::Nak { id, message }) => {
            format!("PAP Authenticate-Nak id={id} message={:?}", String::from_utf8_lossy(message))
        }
        Err(error) => format!("PAP malformed: {error}"),
    }
}
