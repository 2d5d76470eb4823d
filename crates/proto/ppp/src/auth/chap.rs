//! CHAP packets (RFC 1994 §4), and the text of an MS-CHAP failure (RFC 2759 §6).

use onhook_base::{Malformed, Reader, Writer};

use super::Proof;

/// A CHAP packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChapPacket<'a> {
    Challenge {
        id: u8,
        value: &'a [u8],
        name: &'a [u8],
    },
    Response {
        id: u8,
        value: &'a [u8],
        name: &'a [u8],
    },
    Success {
        id: u8,
        message: &'a [u8],
    },
    Failure {
        id: u8,
        message: &'a [u8],
    },
    /// MS-CHAP's Change-Password, by the code of its version (RFC 2433 §9, RFC 2759 §7).
    Change {
        code: u8,
        id: u8,
        body: &'a [u8],
    },
    Other {
        code: u8,
        id: u8,
    },
}

const CHALLENGE: u8 = 1;
const RESPONSE: u8 = 2;
const SUCCESS: u8 = 3;
const FAILURE: u8 = 4;
/// The codes of the three forms of Change-Password.
const CHANGES: std::ops::RangeInclusive<u8> = 5..=7;

/// The numbers of MS-CHAP's failures (RFC 2759 §6) that another packet may follow.
pub(crate) mod number {
    /// The password has expired.
    pub(crate) const EXPIRED: u32 = 648;
    /// The name or the password is wrong.
    pub(crate) const REFUSED: u32 = 691;
    /// The new password is not taken.
    pub(crate) const NEW_REFUSED: u32 = 709;
}

impl<'a> ChapPacket<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (code, id, body) = super::machine::envelope(bytes)?;
        let mut rest = Reader::new(body);
        Ok(match code {
            CHALLENGE | RESPONSE => {
                let len = usize::from(rest.u8()?);
                if len == 0 {
                    return Err(Malformed::Forbidden);
                }
                let value = rest.take(len)?;
                let name = rest.take_rest();
                if code == CHALLENGE {
                    Self::Challenge { id, value, name }
                } else {
                    Self::Response { id, value, name }
                }
            }
            SUCCESS => Self::Success { id, message: body },
            FAILURE => Self::Failure { id, message: body },
            code if CHANGES.contains(&code) => Self::Change { code, id, body },
            code => Self::Other { code, id },
        })
    }

    pub(crate) fn emit(&self, out: &mut Vec<u8>) {
        let (code, id) = match self {
            Self::Challenge { id, .. } => (CHALLENGE, *id),
            Self::Response { id, .. } => (RESPONSE, *id),
            Self::Success { id, .. } => (SUCCESS, *id),
            Self::Failure { id, .. } => (FAILURE, *id),
            Self::Change { code, id, .. } | Self::Other { code, id } => (*code, *id),
        };
        let start = out.len();
        let mut w = Writer::new(out);
        w.u8(code);
        w.u8(id);
        w.u16(0);
        match self {
            Self::Challenge { value, name, .. } | Self::Response { value, name, .. } => {
                let value = value.get(..255).unwrap_or(value);
                w.u8(u8::try_from(value.len()).unwrap_or(u8::MAX));
                w.bytes(value);
                w.bytes(name);
            }
            Self::Success { message, .. } | Self::Failure { message, .. } => w.bytes(message),
            Self::Change { body, .. } => w.bytes(body),
            Self::Other { .. } => {}
        }
        w.patch_length_u16(start, start.saturating_add(2));
    }
}

/// The value of a Response of MS-CHAP version 2 (RFC 2759 §4).
pub(crate) fn read_mschap_v2(
    identifier: u8,
    authenticator: [u8; 16],
    value: &[u8],
) -> Option<Proof> {
    let mut r = Reader::new(value);
    let peer = r.array().ok()?;
    r.take(8).ok()?;
    let response = r.array().ok()?;
    r.u8().ok()?;
    r.finish().ok()?;
    Some(Proof::MsChapV2 { identifier, authenticator, peer, response })
}

/// What an MS-CHAP failure says: `E=691 R=1 C=… V=3 M=…`, in any order, unknown keys passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FailureText {
    pub(crate) error: Option<u32>,
    pub(crate) retry: bool,
    /// Eight octets in version 1, sixteen in version 2.
    pub(crate) challenge: Option<Vec<u8>>,
    pub(crate) version: Option<u32>,
    pub(crate) message: Option<String>,
}

impl FailureText {
    pub(crate) fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let (head, message) = match text.split_once("M=") {
            Some((head, message)) => (head, Some(message.to_owned())),
            None => (text.as_ref(), None),
        };
        let mut out = Self { message, ..Self::default() };
        for word in head.split_whitespace() {
            let Some((key, value)) = word.split_once('=') else { continue };
            let digits = |max: usize| {
                let fits = !value.is_empty() && value.len() <= max;
                (fits && value.bytes().all(|b| b.is_ascii_digit()))
                    .then(|| value.parse::<u32>().ok())
                    .flatten()
            };
            match key {
                "E" => out.error = digits(10),
                "R" => out.retry = value == "1",
                "V" => out.version = digits(10),
                "C" => out.challenge = challenge(value),
                _ => {}
            }
        }
        out.retry &= out.error.is_some();
        out
    }
}

/// What is said to a refused proof: its number, whether another is heard, and over which challenge.
pub(crate) fn failure_text(
    code: u32,
    is_open: bool,
    challenge: &[u8],
    version: u32,
    words: Option<&str>,
) -> String {
    // An expired password is no reason to try the same again (RFC 2759 §6).
    let retry = u8::from(is_open && code != number::EXPIRED);
    let hex = challenge.iter().fold(String::new(), |text, octet| format!("{text}{octet:02X}"));
    let words = words.map(|words| format!(" M={words}")).unwrap_or_default();
    format!("E={code} R={retry} C={hex} V={version}{words}")
}

fn challenge(text: &str) -> Option<Vec<u8>> {
    if !matches!(text.len(), 16 | 32) || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = (0..text.len()).step_by(2).map(|at| text.get(at..at.saturating_add(2)));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

pub(crate) fn describe(packet: &[u8]) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match ChapPacket::parse(packet) {
        Ok(ChapPacket::Challenge { id, value, name }) => {
            format!("CHAP Challenge id={id} value={} octets name={:?}", value.len(), text(name))
        }
        Ok(ChapPacket::Response { id, value, name }) => {
            format!("CHAP Response id={id} value={} octets name={:?}", value.len(), text(name))
        }
        Ok(ChapPacket::Success { id, message }) => {
            format!("CHAP Success id={id} message={:?}", text(message))
        }
        Ok(ChapPacket::Failure { id, message }) => {
            format!("CHAP Failure id={id} message={:?}", text(message))
        }
        Ok(ChapPacket::Change { code, id, .. }) => {
            format!("CHAP Change-Password code={code} id={id}")
        }
        Ok(ChapPacket::Other { code, id }) => format!("CHAP code={code} id={id}"),
        Err(error) => format!("CHAP malformed: {error}"),
    }
}
