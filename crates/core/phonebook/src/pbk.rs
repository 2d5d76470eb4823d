//! The file as written: lines with their bytes and their ends.
//!
//! What is understood here is only what every line *is*: the head of a section, a key with its value,
//! a comment, or blank. A line that is none of these means that the file is no phone book (or a
//! broken one), and it is refused as a whole, because a book that is half understood would be half
//! written back. The limits keep a hostile file from costing more than a few times its size.

use std::collections::HashMap;
use std::ops::Range;

use crate::complaint::{BookError, Fault};

/// Octets of a file.
pub const MAX_FILE: usize = 16 << 20;
/// Octets of a line, without its end.
pub const MAX_LINE: usize = 64 << 10;
/// Lines of a file.
pub const MAX_LINES: usize = 1 << 20;

/// A phone book, line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pbk {
    byte_order_mark: bool,
    lines: Vec<Line>,
    sections: Vec<Section>,
    /// From the name, folded, to its sections; the first counts.
    by_name: HashMap<String, Vec<usize>>,
    /// The line end that new lines get.
    usual: Ending,
}

/// One line without its end, and the end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    text: Vec<u8>,
    ending: Ending,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ending {
    /// As in every book that Windows writes.
    #[default]
    CrLf,
    Lf,
    /// The last line of a file that does not end with one.
    None,
}

/// One entry: the line of its head, and the line after its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// The line of `[name]`.
    pub(crate) head: usize,
    /// One past its last line.
    pub(crate) end: usize,
    /// Its name.
    pub(crate) name: String,
}

impl Section {
    /// A section of no lines.
    pub(crate) const fn none() -> Self {
        Self { head: 0, end: 0, name: String::new() }
    }
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Blank,
    Comment,
    Head { name: &'a [u8] },
    Pair { key: &'a [u8], value: &'a [u8] },
}

impl Pbk {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BookError> {
        if bytes.len() > MAX_FILE {
            let fault = Fault::FileTooLong { len: bytes.len(), max: MAX_FILE };
            return Err(BookError { line: None, fault });
        }
        if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
            return Err(BookError { line: Some(1), fault: Fault::Utf16 });
        }
        let body = bytes.strip_prefix(BYTE_ORDER_MARK.as_slice());
        let mut book = Self { byte_order_mark: body.is_some(), ..Self::default() };
        for line in body.unwrap_or(bytes).split_inclusive(|b| *b == b'\n') {
            book.push_line(line)?;
        }
        if book.lines.first().is_some_and(|line| line.ending == Ending::Lf) {
            book.usual = Ending::Lf;
        }
        book.index();
        Ok(book)
    }

    fn push_line(&mut self, whole: &[u8]) -> Result<(), BookError> {
        let number = self.lines.len().saturating_add(1);
        let fail = |fault| Err(BookError { line: Some(number), fault });
        let (text, ending) = if let Some(text) = whole.strip_suffix(b"\r\n") {
            (text, Ending::CrLf)
        } else if let Some(text) = whole.strip_suffix(b"\n") {
            (text, Ending::Lf)
        } else {
            (whole, Ending::None)
        };
        if number > MAX_LINES {
            return fail(Fault::TooManyLines { max: MAX_LINES });
        }
        if text.len() > MAX_LINE {
            return fail(Fault::LineTooLong { len: text.len(), max: MAX_LINE });
        }
        if text.contains(&0) {
            return fail(Fault::Nul);
        }
        match kind(text) {
            Ok(Kind::Head { .. }) => self.sections.push(Section {
                head: self.lines.len(),
                end: self.lines.len(),
                name: String::new(),
            }),
            Ok(Kind::Pair { .. }) if self.sections.is_empty() => return fail(Fault::Homeless),
            Ok(Kind::Pair { .. } | Kind::Blank | Kind::Comment) => {}
            Err(fault) => return fail(fault),
        }
        self.lines.push(Line { text: text.to_vec(), ending });
        Ok(())
    }

    /// Finds the sections again after lines have come or gone.
    fn index(&mut self) {
        let heads: Vec<(usize, String)> = (0..self.lines.len())
            .filter_map(|at| match self.kind(at) {
                Kind::Head { name } => Some((at, decode(name).0)),
                Kind::Blank | Kind::Comment | Kind::Pair { .. } => None,
            })
            .collect();
        let ends = heads.iter().skip(1).map(|(head, _)| *head).chain([self.lines.len()]);
        self.sections = heads
            .iter()
            .zip(ends)
            .map(|((head, name), end)| Section { head: *head, end, name: name.clone() })
            .collect();
        self.by_name.clear();
        for (index, section) in self.sections.iter().enumerate() {
            self.by_name.entry(fold(&section.name)).or_default().push(index);
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len_bytes());
        if self.byte_order_mark {
            bytes.extend_from_slice(&BYTE_ORDER_MARK);
        }
        for line in &self.lines {
            bytes.extend_from_slice(&line.text);
            bytes.extend_from_slice(match line.ending {
                Ending::CrLf => b"\r\n",
                Ending::Lf => b"\n",
                Ending::None => b"",
            });
        }
        bytes
    }

    fn len_bytes(&self) -> usize {
        self.lines.iter().fold(BYTE_ORDER_MARK.len(), |sum, line| {
            sum.saturating_add(line.text.len()).saturating_add(2)
        })
    }

    pub(crate) fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The first section of this name, compared without case.
    pub(crate) fn find(&self, name: &str) -> Option<&Section> {
        self.named(name).next()
    }

    /// Further sections of the same name.
    pub(crate) fn namesakes(&self, section: &Section) -> impl Iterator<Item = &Section> {
        self.named(&section.name).filter(|other| other.head != section.head)
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Section> {
        let indices = self.by_name.get(&fold(name)).map_or(&[][..], Vec::as_slice);
        indices.iter().filter_map(|index| self.sections.get(*index))
    }

    /// What the line is; a line that is not there is blank.
    pub(crate) fn kind(&self, at: usize) -> Kind<'_> {
        self.lines.get(at).and_then(|line| kind(&line.text).ok()).unwrap_or(Kind::Blank)
    }

    /// The keys of these lines: line, key, value.
    pub(crate) fn pairs(
        &self,
        lines: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = (usize, &[u8], &[u8])> {
        lines.filter_map(|at| match self.kind(at) {
            Kind::Pair { key, value } => Some((at, key, value)),
            Kind::Blank | Kind::Comment | Kind::Head { .. } => None,
        })
    }

    /// Replaces what stands behind the `=`.
    pub(crate) fn set_value(&mut self, at: usize, value: &[u8]) {
        if let Some(line) = self.lines.get_mut(at)
            && let Some(equals) = line.text.iter().position(|b| *b == b'=')
        {
            line.text.truncate(equals.saturating_add(1));
            line.text.extend_from_slice(value);
        }
    }

    /// Replaces a section's name.
    pub(crate) fn set_name(&mut self, head: usize, name: &[u8]) {
        if let Some(line) = self.lines.get_mut(head) {
            line.text = [b"[", name, b"]"].concat();
        }
        self.index();
    }

    /// Puts lines before line `at`. They get the line end that the book uses.
    pub(crate) fn insert(&mut self, at: usize, texts: Vec<Vec<u8>>) {
        let ending = self.usual;
        let at = at.min(self.lines.len());
        if at == self.lines.len()
            && let Some(last) = self.lines.last_mut()
            && last.ending == Ending::None
        {
            last.ending = ending;
        }
        let lines = texts.into_iter().map(|text| Line { text, ending });
        self.lines.splice(at..at, lines);
        self.index();
    }

    /// A book of one section alone, to be changed at leisure.
    pub(crate) fn extract(&self, section: &Section) -> Self {
        let lines = self.lines.get(section.head..section.end).unwrap_or_default().to_vec();
        let mut part = Self { lines, usual: self.usual, ..Self::default() };
        part.index();
        part
    }

    /// Puts a changed section back in its place.
    pub(crate) fn restore(&mut self, section: &Section, part: Self) {
        let end = section.end.min(self.lines.len());
        self.lines.splice(section.head.min(end)..end, part.lines);
        self.index();
    }

    /// Adds a section, with a blank line before it.
    pub(crate) fn append(&mut self, part: Self) {
        let is_apart = self.lines.last().is_none_or(|line| line.text.trim_ascii().is_empty());
        let blank = if is_apart { Vec::new() } else { vec![Vec::new()] };
        self.insert(self.lines.len(), blank);
        let texts = part.lines.into_iter().map(|line| line.text).collect();
        self.insert(self.lines.len(), texts);
    }

    /// A book of one section without keys.
    pub(crate) fn with_head(name: &[u8]) -> Self {
        let mut part = Self::default();
        part.insert(0, vec![[b"[", name, b"]"].concat()]);
        part
    }

    /// Takes lines out.
    pub(crate) fn remove(&mut self, lines: Range<usize>) {
        let end = lines.end.min(self.lines.len());
        self.lines.drain(lines.start.min(end)..end);
        self.index();
    }

    /// Takes out every key for which `unwanted` holds.
    pub(crate) fn remove_pairs(&mut self, lines: Range<usize>, unwanted: impl Fn(&[u8]) -> bool) {
        let mut at = 0usize;
        self.lines.retain(|line| {
            let is_there = lines.contains(&at);
            at = at.saturating_add(1);
            !(is_there && matches!(kind(&line.text), Ok(Kind::Pair { key, .. }) if unwanted(key)))
        });
        self.index();
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }
}

const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

fn kind(text: &[u8]) -> Result<Kind<'_>, Fault> {
    let text = text.trim_ascii();
    match text.first() {
        None => return Ok(Kind::Blank),
        Some(b';' | b'#') => return Ok(Kind::Comment),
        Some(_) => {}
    }
    if let Some(rest) = text.strip_prefix(b"[") {
        let end = rest.iter().rposition(|b| *b == b']').ok_or(Fault::OpenName)?;
        let name = rest.split_at_checked(end).map_or(rest, |(name, _)| name).trim_ascii();
        return if name.is_empty() { Err(Fault::EmptyName) } else { Ok(Kind::Head { name }) };
    }
    let mut parts = text.splitn(2, |b| *b == b'=');
    match (parts.next(), parts.next()) {
        (Some(key), Some(value)) if !key.trim_ascii().is_empty() => {
            Ok(Kind::Pair { key: key.trim_ascii(), value: value.trim_ascii() })
        }
        _ => Err(Fault::Junk),
    }
}

/// Names are found without regard to case.
pub(crate) fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Bytes as text: UTF-8 if they are that (then `true`), else windows-1252, which all bytes are.
pub(crate) fn decode(bytes: &[u8]) -> (String, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), true),
        Err(_) => {
            (encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(), false)
        }
    }
}

/// Text as bytes that [`decode`] gives back: UTF-8, or in an 8-bit section windows-1252 where that is
/// possible and cannot be mistaken for UTF-8.
pub(crate) fn encode(text: &str, utf8: bool) -> Vec<u8> {
    if !utf8 {
        let (bytes, _, unmappable) = encoding_rs::WINDOWS_1252.encode(text);
        if !unmappable && decode(&bytes).0 == text {
            return bytes.into_owned();
        }
    }
    text.as_bytes().to_vec()
}
