//! A Rust source file as the guards see it.
//!
//! Guards look for words, and a word in a comment or a string is not a word in the code. So a file is
//! split into two texts of the same shape, [`Source::code`] and [`Source::comments`]: what does not
//! belong to the one is blanked there, line ends stay. Items under `#[cfg(test)]` are known by line.
//! This is no parser: it knows comments, literals and brackets, which is all that the guards need.

use std::path::{Path, PathBuf};

/// One Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the root of the tree.
    pub(crate) path: PathBuf,
    /// The text with comments and the insides of literals blanked.
    pub(crate) code: String,
    /// The text with everything but comments blanked.
    pub(crate) comments: String,
    /// Whether the line (counted from 0) belongs to tests.
    test_lines: Vec<bool>,
    /// The modules that exist for tests only, declared here and written elsewhere.
    pub(crate) test_modules: Vec<String>,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line of its `fn`, counted from 1.
    pub(crate) line: usize,
    /// From that line to the closing brace, both included.
    pub(crate) lines: usize,
}

impl Source {
    /// Takes a file's text apart. `is_test` says that the whole file is for tests.
    pub(crate) fn new(path: &Path, text: &str, is_test: bool) -> Self {
        let (code, comments) = split(text);
        let mut source = Self {
            path: path.to_owned(),
            test_lines: vec![is_test; text.lines().count() + 1],
            test_modules: Vec::new(),
            code,
            comments,
        };
        source.find_tests();
        source
    }

    /// Marks the whole file as one for tests.
    pub(crate) fn become_test(&mut self) {
        self.test_lines.fill(true);
    }

    /// The lines of code that are no tests, numbered from 1.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().filter(|(n, _)| !self.test_lines[*n]).map(|(n, l)| (n + 1, l))
    }

    /// All lines of comments, numbered from 1.
    pub(crate) fn comment_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.comments.lines().enumerate().map(|(n, l)| (n + 1, l))
    }

    /// How many lines the file has without its tests.
    pub(crate) fn length(&self) -> usize {
        self.code_lines().count()
    }

    /// The functions that have a body and are no tests.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let bytes = self.code.as_bytes();
        let mut found = Vec::new();
        for (at, _) in words(&self.code).filter(|(_, word)| *word == "fn") {
            let line = line_of(bytes, at);
            if self.test_lines[line] {
                continue;
            }
            let rest = &self.code[at + 2..];
            let Some(name) = words(rest).next().filter(|(gap, _)| rest[..*gap].trim().is_empty())
            else {
                continue; // a function pointer's type
            };
            if let Some(end) = item_end(bytes, at).filter(|end| bytes[*end] == b'}') {
                let lines = line_of(bytes, end) - line + 1;
                found.push(Function { name: name.1.to_owned(), line: line + 1, lines });
            }
        }
        found
    }

    fn find_tests(&mut self) {
        const MARK: &str = "#[cfg(test)]";
        if self.code.contains("#![cfg(test)]") {
            self.become_test();
        }
        let mut from = 0;
        while let Some(at) = self.code[from..].find(MARK).map(|gap| from + gap) {
            let body = at + MARK.len();
            let bytes = self.code.as_bytes();
            let end = item_end(bytes, body).unwrap_or(bytes.len().saturating_sub(1));
            let last = line_of(bytes, end);
            self.test_lines[line_of(bytes, at)..=last].fill(true);
            if bytes[end] == b';' {
                let item: Vec<&str> = words(&self.code[body..end]).map(|(_, word)| word).collect();
                if let Some(place) = item.iter().position(|word| *word == "mod") {
                    self.test_modules.extend(item.get(place + 1).map(|name| (*name).to_owned()));
                }
            }
            from = body;
        }
    }
}

/// The identifiers, keywords and numbers of a text, each with its place.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find(is_word)?;
        let end = text[start..].find(|c| !is_word(c)).map_or(text.len(), |gap| start + gap);
        from = end;
        Some((start, &text[start..end]))
    })
}

/// The line, counted from 0, on which a byte lies.
fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().filter(|b| **b == b'\n').count()
}

/// The end of the item that begins at or after `from`: its `;`, or the `}` that closes its first `{`.
/// Attributes and parentheses on the way are passed over.
fn item_end(bytes: &[u8], from: usize) -> Option<usize> {
    let (mut round, mut curly) = (0_usize, 0_usize);
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => round += 1,
            b')' | b']' => round = round.saturating_sub(1),
            b'{' => curly += 1,
            b'}' => {
                curly = curly.saturating_sub(1);
                if curly == 0 && round == 0 {
                    return Some(at);
                }
            }
            b';' if round == 0 && curly == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// Splits a text into its code and its comments, each as long in lines as the whole.
fn split(text: &str) -> (String, String) {
    let mut splitter = Splitter { rest: text, code: String::new(), comments: String::new() };
    while !splitter.rest.is_empty() {
        splitter.step();
    }
    (splitter.code, splitter.comments)
}

struct Splitter<'a> {
    rest: &'a str,
    code: String,
    comments: String,
}

impl Splitter<'_> {
    /// Takes one comment, one literal or one character.
    fn step(&mut self) {
        let rest = self.rest;
        if rest.starts_with("//") {
            self.comment(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.comment(block_comment_len(rest));
        } else if let Some(quote) = raw_string_start(rest).filter(|_| !self.inside_a_word()) {
            self.literal(raw_string_len(rest, quote));
        } else if rest.starts_with('"') {
            self.literal(quoted_len(rest, '"'));
        } else if is_char_literal(rest) {
            self.literal(quoted_len(rest, '\''));
        } else {
            let len = rest.chars().next().map_or(0, char::len_utf8);
            self.code.push_str(&rest[..len]);
            self.comments.push_str(&blank(&rest[..len]));
            self.rest = &rest[len..];
        }
    }

    fn inside_a_word(&self) -> bool {
        self.code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
    }

    fn comment(&mut self, len: usize) {
        let (comment, rest) = self.rest.split_at(len);
        self.code.push_str(&blank(comment));
        self.comments.push_str(comment);
        self.rest = rest;
    }

    fn literal(&mut self, len: usize) {
        let (literal, rest) = self.rest.split_at(len);
        self.code.push_str(&blank(literal));
        self.comments.push_str(&blank(literal));
        self.rest = rest;
    }
}

/// Spaces in place of everything but line ends.
fn blank(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}

fn block_comment_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => {
                depth += 1;
                at += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    text.len()
}

/// Where the quote of a raw string stands, if one begins here.
fn raw_string_start(text: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|p| text.starts_with(p))?;
    let hashes = text[prefix.len()..].bytes().take_while(|b| *b == b'#').count();
    let quote = prefix.len() + hashes;
    (text.as_bytes().get(quote) == Some(&b'"')).then_some(quote)
}

fn raw_string_len(text: &str, quote: usize) -> usize {
    let hashes = text[..quote].bytes().filter(|b| *b == b'#').count();
    let end = format!("\"{}", "#".repeat(hashes));
    text[quote + 1..].find(&end).map_or(text.len(), |gap| quote + 1 + gap + end.len())
}

/// The length of a literal in quotes, with its escapes.
fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// A quote begins a character, not a lifetime.
fn is_char_literal(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('\'')
        && match chars.next() {
            Some('\\') => true,
            Some(_) => chars.next() == Some('\''),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new(Path::new("a.rs"), text, false)
    }

    #[test]
    fn words_in_comments_and_strings_are_not_code() {
        let s = source(
            "let a = \"no // { \\\" word\"; // tail 'x\nlet b = r#\"raw \" }\"#; /* a /* b */ c */ end",
        );
        let code: Vec<_> = words(&s.code).map(|(_, w)| w).collect();
        assert_eq!(code, ["let", "a", "let", "b", "end"]);
        let comments: Vec<_> = words(&s.comments).map(|(_, w)| w).collect();
        assert_eq!(comments, ["tail", "x", "a", "b", "c"]);
        assert_eq!(s.code.lines().count(), 2);
    }

    #[test]
    fn a_lifetime_is_no_character_and_a_brace_in_quotes_is_no_brace() {
        let s = source(
            "fn f<'a>(x: &'a str) {\n  let c = '{';\n  let q = '\\'';\n  g('}', '\"');\n}\n",
        );
        assert_eq!(s.functions(), [Function { name: "f".into(), line: 1, lines: 5 }]);
    }

    #[test]
    fn tests_inside_a_file_are_not_counted() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\nfn c() {}\n";
        let s = source(text);
        assert_eq!(s.length(), 2);
        let names: Vec<_> = s.functions().into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["a", "c"]);
    }

    #[test]
    fn modules_for_tests_only_are_known_by_name() {
        let s = source(
            "mod a;\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\npub(crate) mod vectors;\nfn x() {}\n",
        );
        assert_eq!(s.test_modules, ["tests", "vectors"]);
        assert_eq!(s.length(), 2);
    }

    #[test]
    fn functions_without_a_body_and_pointers_to_functions_are_passed_over() {
        let s = source("trait T {\n  fn a(&self) -> [u8; 4];\n  fn b(f: fn(u8) -> u8) {\n  }\n}\n");
        assert_eq!(s.functions(), [Function { name: "b".into(), line: 3, lines: 2 }]);
    }

    #[test]
    fn broken_sources_are_survived() {
        for text in ["", "\"", "'", "/*", "r#\"", "fn", "fn f() {", "#[cfg(test)]", "}}}", "'\\"] {
            let _ = source(text).functions();
        }
    }
}
