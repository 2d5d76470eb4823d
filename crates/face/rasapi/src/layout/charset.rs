//! The two forms of text: what the A functions take is UTF-8, what the W functions take UTF-16.

use std::fmt;

use crate::host;

/// The form of a function, and with it of the texts in its structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Charset {
    /// The A functions: characters of one octet, which are UTF-8 here; for the programs of a host (see
    /// `onhook/host.h`) they are of its code page.
    Ansi,
    /// The W functions: characters of two octets, UTF-16 with the low octet first.
    Wide,
}

/// Why a caller's text could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadText {
    /// The field, or the list, is full and holds no terminating null.
    Unterminated,
    /// The octets are no UTF-8, or a surrogate of UTF-16 stands alone.
    Malformed,
}

impl fmt::Display for BadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unterminated => "the text has no terminating null",
            Self::Malformed => "the text is not well-formed Unicode",
        })
    }
}

impl std::error::Error for BadText {}

impl Charset {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ansi, Self::Wide];

    /// Octets of one character (a unit of UTF-8 or UTF-16).
    pub const fn unit(self) -> usize {
        match self {
            Self::Ansi => 1,
            Self::Wide => 2,
        }
    }

    /// The text that ends at the first null among these octets.
    ///
    /// # Errors
    /// See [`BadText`].
    pub fn decode(self, octets: &[u8]) -> Result<String, BadText> {
        let length = self.length(octets).ok_or(BadText::Unterminated)?;
        self.decode_whole(octets.get(..length).unwrap_or_default())
    }

    /// The text of all these octets, none of which ends it.
    ///
    /// # Errors
    /// [`BadText::Malformed`] only.
    pub fn decode_whole(self, octets: &[u8]) -> Result<String, BadText> {
        match self {
            Self::Ansi => {
                if let Some(host) = host::get() {
                    let units = host.wide(octets).ok_or(BadText::Malformed)?;
                    return String::from_utf16(&units).map_err(|_| BadText::Malformed);
                }
                let text = str::from_utf8(octets).map_err(|_| BadText::Malformed)?;
                Ok(text.to_owned())
            }
            Self::Wide => {
                let (units, rest) = octets.as_chunks::<2>();
                if !rest.is_empty() {
                    return Err(BadText::Malformed);
                }
                let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
                char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| BadText::Malformed)
            }
        }
    }

    /// The octets of a text with its terminating null; what follows a null in it is left out.
    pub fn encode(self, text: &str) -> Vec<u8> {
        let mut octets = Vec::with_capacity((text.len() + 1) * self.unit());
        for c in text.chars().take_while(|c| *c != '\0') {
            self.push(c, &mut octets);
        }
        octets.resize(octets.len() + self.unit(), 0);
        octets
    }

    /// The texts of a list: one after the other, each with its null, an empty one at the end.
    ///
    /// # Errors
    /// [`BadText::Unterminated`] if the last text or the list itself has no end among these octets.
    pub fn decode_list(self, octets: &[u8]) -> Result<Vec<String>, BadText> {
        let mut texts = Vec::new();
        let mut rest = octets;
        loop {
            let length = self.length(rest).ok_or(BadText::Unterminated)?;
            if length == 0 {
                return Ok(texts);
            }
            texts.push(self.decode(rest)?);
            rest = rest.get(length + self.unit()..).unwrap_or_default();
        }
    }

    /// The octets of a list of texts. Empty texts, which would end it, are left out.
    pub fn encode_list<'t>(self, texts: impl IntoIterator<Item = &'t str>) -> Vec<u8> {
        let mut octets = Vec::new();
        for text in texts {
            let one = self.encode(text);
            if one.len() > self.unit() {
                octets.extend(one);
            }
        }
        octets.resize(octets.len() + self.unit(), 0);
        octets
    }

    /// Writes as much of a text as there is room for, never a part of a character, and nulls in all that
    /// is left, of which there is at least one. Answers whether the text is there whole.
    pub(super) fn fill(self, room: &mut [u8], text: &str) -> bool {
        let limit = room.len().saturating_sub(self.unit());
        if self.keeps_octets() && text.len() <= limit && !text.as_bytes().contains(&0) {
            // Nearly always; a long listing is nothing but such texts.
            let (start, rest) = room.split_at_mut(text.len());
            start.copy_from_slice(text.as_bytes());
            rest.fill(0);
            return !rest.is_empty();
        }
        let mut whole = room.len() >= self.unit();
        let mut at = 0;
        for c in text.chars() {
            let (octets, length) = self.octets_of(c);
            let end = at + length;
            if c == '\0' || end > limit {
                whole = false;
                break;
            }
            if let (Some(to), Some(from)) = (room.get_mut(at..end), octets.get(..length)) {
                to.copy_from_slice(from);
            }
            at = end;
        }
        if let Some(rest) = room.get_mut(at..) {
            rest.fill(0);
        }
        whole
    }

    /// Whether a text here is the octets that it is in UTF-8.
    fn keeps_octets(self) -> bool {
        self == Self::Ansi && host::get().is_none()
    }

    fn push(self, c: char, octets: &mut Vec<u8>) {
        let (one, length) = self.octets_of(c);
        octets.extend(one.into_iter().take(length));
    }

    /// The octets of one character, and how many of them count.
    fn octets_of(self, c: char) -> ([u8; 4], usize) {
        let mut octets = [0; 4];
        match self {
            Self::Ansi => {
                let length = match host::get() {
                    Some(host) => host.encode(c, &mut octets),
                    None => c.encode_utf8(&mut octets).len(),
                };
                (octets, length)
            }
            Self::Wide => {
                let mut units = [0; 2];
                let length = c.encode_utf16(&mut units).len();
                for (to, unit) in octets.chunks_exact_mut(2).zip(units) {
                    to.copy_from_slice(&unit.to_le_bytes());
                }
                (octets, length * 2)
            }
        }
    }

    /// Octets before the first null, if there is one.
    fn length(self, octets: &[u8]) -> Option<usize> {
        let at = octets.chunks_exact(self.unit()).position(|unit| unit.iter().all(|o| *o == 0))?;
        Some(at * self.unit())
    }
}
