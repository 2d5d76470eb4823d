//! `cite`: which sections of which specification have code.
//!
//! Citations have one form, `RFC 1661 §4.6` or `[MS-SSTP] §3.2.5`, so that they can be listed. The
//! overview prints a line for each specification and section with the crates that cite it, and the
//! places that are marked `TODO(RFC …)`. Citations of another form are findings.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;
use crate::source::Source;
use crate::tree::{Package, Tree};

/// Section → crates, for each specification.
type Overview<'a> = BTreeMap<String, BTreeMap<Section, BTreeSet<&'a str>>>;

/// A section's number, ordered as people order them; empty for the specification as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Section(Vec<Part>);

/// A number of a section, or the letter of an appendix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u32),
    Letter(String),
}

/// One citation in a comment.
#[derive(Debug, PartialEq, Eq)]
struct Citation {
    specification: String,
    /// Empty when the specification is named as a whole.
    sections: Vec<String>,
}

/// The list of what is cited.
pub(crate) fn overview(tree: &Tree) -> String {
    let mut cited = Overview::new();
    let mut open = String::new();
    for (package, source) in sources(tree) {
        for (line, text) in source.comment_lines() {
            for citation in citations(text) {
                let sections = cited.entry(citation.specification).or_default();
                if citation.sections.is_empty() {
                    sections.entry(Section::parse("")).or_default().insert(&package.name);
                }
                for section in &citation.sections {
                    sections.entry(Section::parse(section)).or_default().insert(&package.name);
                }
            }
            if text.contains("TODO(") {
                open += &format!("  {}:{line}: {}\n", source.path.display(), text.trim());
            }
        }
    }
    let mut out = String::new();
    for (specification, sections) in &cited {
        out += &format!("{specification}\n");
        for (section, crates) in sections {
            let crates: Vec<_> = crates.iter().copied().collect();
            out += &format!("  {section:<12} {}\n", crates.join(", "));
        }
    }
    if !open.is_empty() {
        out += &format!("known to be missing\n{open}");
    }
    out
}

/// All files but our own, which speak of citations.
fn sources(tree: &Tree) -> impl Iterator<Item = (&Package, &Source)> {
    tree.sources().filter(|(package, _)| package.name != env!("CARGO_PKG_NAME"))
}

/// Citations that are not in the one form.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (_, source) in tree.sources().filter(|(package, _)| package.name != env!("CARGO_PKG_NAME"))
    {
        for (line, text) in source.comment_lines() {
            if let Some(what) = malformed(text) {
                found.push(Finding::new(&source.path, line, what));
            }
        }
    }
    found
}

/// What is wrong with the citations of a comment.
fn malformed(text: &str) -> Option<String> {
    for (at, _) in text.match_indices("RFC") {
        let rest = &text[at + 3..];
        let spaced = rest.strip_prefix(' ').unwrap_or(rest);
        let digits = spaced.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || inside_a_word(text, at) {
            continue;
        }
        let number = &spaced[..digits];
        if !rest.starts_with(' ') {
            return Some(format!("write “RFC {number}”, with a space"));
        }
        let after = spaced[digits..].trim_start_matches([',', ' ']);
        if ["section ", "sections ", "Section "].iter().any(|word| after.starts_with(word)) {
            return Some(format!("write “RFC {number} §…”, not “section”"));
        }
    }
    None
}

fn inside_a_word(text: &str, at: usize) -> bool {
    text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '/')
}

/// The citations of a comment.
fn citations(text: &str) -> Vec<Citation> {
    let text = text.replace("\\[", "[").replace("\\]", "]");
    let mut found = Vec::new();
    for (at, _) in text.match_indices("RFC ") {
        let digits: String = text[at + 4..].chars().take_while(char::is_ascii_digit).collect();
        if !digits.is_empty() && !inside_a_word(&text, at) {
            let sections = sections(&text[at + 4 + digits.len()..]);
            found.push(Citation { specification: format!("RFC {digits}"), sections });
        }
    }
    for (at, _) in text.match_indices("[MS-") {
        let Some(end) = text[at..].find(']').map(|gap| at + gap + 1) else { continue };
        let sections = sections(&text[end..]);
        found.push(Citation { specification: text[at..end].to_owned(), sections });
    }
    found
}

/// The sections right behind a specification's name: `§4.6`, `§4.6, §5.8 and §6`.
fn sections(text: &str) -> Vec<String> {
    let mut rest = text;
    let mut found = Vec::new();
    loop {
        let next = rest.trim_start_matches([',', ' ']);
        let next = next.strip_prefix("and ").unwrap_or(next);
        let Some(next) = next.strip_prefix('§') else { return found };
        let len =
            next.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(next.len());
        found.push(next[..len].trim_end_matches('.').to_owned());
        rest = &next[len..];
    }
}

impl Section {
    fn parse(text: &str) -> Self {
        let parts = text.split('.').filter(|part| !part.is_empty());
        Self(parts.map(|p| p.parse().map_or(Part::Letter(p.to_owned()), Part::Number)).collect())
    }
}

impl std::fmt::Display for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.pad("as a whole");
        }
        let parts = self.0.iter().map(|part| match part {
            Part::Number(n) => n.to_string(),
            Part::Letter(letter) => letter.clone(),
        });
        f.pad(&format!("§{}", parts.collect::<Vec<_>>().join(".")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::package;

    #[test]
    fn citations_are_read_with_all_their_sections() {
        let found =
            citations("// see RFC 1661 §4.6, §5.8 and §A.1, and \\[MS-SSTP\\] §3.2.5. RFC 2759");
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].sections, ["4.6", "5.8", "A.1"]);
        assert_eq!(found[1].specification, "RFC 2759");
        assert!(found[1].sections.is_empty());
        assert_eq!(
            found[2],
            Citation { specification: "[MS-SSTP]".into(), sections: vec!["3.2.5".into()] }
        );
    }

    #[test]
    fn the_overview_orders_sections_as_people_do() {
        let text = "// RFC 1661 §10\n// RFC 1661 §4.6\nlet s = \"RFC 9 §9\"; // TODO(RFC 1661 §6.1): later\n";
        let packages = vec![package("a", "a", &[], &[("src/lib.rs", text)])];
        let overview = overview(&Tree { packages });
        let lines: Vec<_> = overview.lines().map(str::trim).collect();
        assert_eq!(lines[..4], ["RFC 1661", "§4.6         a", "§6.1         a", "§10          a"]);
        assert_eq!(lines[4], "known to be missing");
        assert!(lines[5].starts_with("a/src/lib.rs:3: // TODO(RFC 1661 §6.1)"));
    }

    #[test]
    fn a_citation_of_another_form_is_found() {
        for bad in ["// RFC1661", "/// RFC 1661, section 4.6", "//! RFC 1661 section 4"] {
            assert!(malformed(bad).is_some(), "{bad}");
        }
        for good in
            ["// RFC 1661 §4", "// the RFC says", "// https://example.org/RFC1661", "// RFCs"]
        {
            assert!(malformed(good).is_none(), "{good}");
        }
    }
}
