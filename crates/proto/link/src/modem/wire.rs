//! What modems say, and what can be dialed (V.250 §5.7, §6.3.1; 3GPP TS 27.007 §9).

/// The longest line of a modem's that is kept.
pub(super) const MOST_LINE: usize = 256;
/// Characters of a dial string: most modems take forty and more.
const MOST_NUMBER: usize = 128;

/// A line that a modem has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Ok,
    /// With what follows the word: a speed, a protocol.
    Connect(String),
    Ring,
    NoCarrier,
    Error,
    NoDialTone,
    Busy,
    NoAnswer,
    Voice,
    NotData,
    Forbidden(String),
    Cellular(String),
    /// Not final: an echo, a report, a caller's number.
    Other(String),
}

impl Said {
    /// Reads a whole line, in words or as a number (`ATV0`).
    pub(super) fn parse(line: &str) -> Self {
        let line = line.trim();
        let upper = line.to_ascii_uppercase();
        let rest = |word: &str| line.get(word.len()..).unwrap_or_default().trim().to_owned();
        match upper.as_str() {
            "OK" | "0" => Self::Ok,
            "RING" | "2" => Self::Ring,
            "NO CARRIER" | "3" => Self::NoCarrier,
            "ERROR" | "4" => Self::Error,
            "NO DIALTONE" | "NO DIAL TONE" | "NO PROMPT TONE" | "6" => Self::NoDialTone,
            "BUSY" | "LINE IN USE" | "7" => Self::Busy,
            "NO ANSWER" | "8" => Self::NoAnswer,
            "VOICE" => Self::Voice,
            "FAX" | "DATA" | "+FCON" => Self::NotData,
            "1" => Self::Connect(String::new()),
            "5" | "10" => Self::Connect("1200".to_owned()),
            _ if upper.starts_with("CONNECT") => Self::Connect(rest("CONNECT")),
            _ if upper.starts_with("DELAYED") || upper.starts_with("BLACKLIST") => {
                Self::Forbidden(line.to_owned())
            }
            _ if upper.starts_with("+CME ERROR") || upper.starts_with("+CMS ERROR") => {
                Self::Cellular(line.to_owned())
            }
            // Numbers above 10 are speeds, of which makers have different lists.
            _ if !line.is_empty()
                && line.len() <= 3
                && line.bytes().all(|b| b.is_ascii_digit()) =>
            {
                Self::Connect(String::new())
            }
            _ => Self::Other(line.to_owned()),
        }
    }
}

/// Why a number cannot be dialed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// Nothing of it can be dialed.
    #[error("there is nothing in it that can be dialed")]
    Empty,
    /// It is too long.
    #[error("it has more than {MOST_NUMBER} characters")]
    TooLong,
    /// A character that no modem dials.
    #[error("{0:?} cannot be dialed")]
    Character(char),
}

/// A number as it is said to a modem: digits and modifiers stay, what people write between them goes.
///
/// # Errors
/// Names what cannot be dialed; so nothing but a number ever reaches the modem.
pub fn dial_string(number: &str) -> Result<String, BadNumber> {
    let mut out = String::new();
    for character in number.trim().chars() {
        match character {
            '0'..='9'
            | '*'
            | '#'
            | '+'
            | ','
            | 'W'
            | 'w'
            | '@'
            | '!'
            | 'A'..='D'
            | 'T'
            | 'P'
            | '$'
            | '^' => out.push(character),
            ' ' | '-' | '(' | ')' | '.' | '/' => {}
            other => return Err(BadNumber::Character(other)),
        }
    }
    match out.len() {
        0 => Err(BadNumber::Empty),
        1..=MOST_NUMBER => Ok(out),
        _ => Err(BadNumber::TooLong),
    }
}

/// Gathers octets to lines; a line that is too long is cut.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
}

impl Lines {
    /// Takes one octet; the line that it ends, if it ends one that is not empty.
    pub(super) fn push(&mut self, octet: u8) -> Option<String> {
        if octet != b'\r' && octet != b'\n' {
            if self.line.len() < MOST_LINE && !octet.is_ascii_control() {
                self.line.push(octet);
            }
            return None;
        }
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        (!line.trim().is_empty()).then_some(line)
    }
}
