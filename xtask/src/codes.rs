//! `codes`: RAS numbers stand in `core/model/src/code.rs` and nowhere else.
//!
//! A number between 600 and 999 is a RAS number if the table has it *and* its line speaks of codes: it
//! names an error, a cause, a code or RAS itself, or uses the number as a pattern or in a comparison.
//! A timeout of 600 ms, a buffer of 720 octets or a port are thus left alone. Tests may write numbers:
//! there they check the table.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, bail};

use crate::finding::Finding;
use crate::source::words;
use crate::tree::Tree;

const TABLE: &str = "crates/core/model/src/code.rs";

/// Places below which some numbers are no RAS numbers, and why.
const EXCEPTIONS: &[(&str, &[u32], &str)] = &[(
    "crates/proto/ppp/src/auth",
    &[646, 647, 648, 649, 691, 709],
    "RFC 2759 §6 puts these numbers on the wire",
)];

/// Words, in lower case, that make a line one about codes when they are part of one of its words.
const SPEAKING: &[&str] = &["ras", "code", "error", "cause"];

/// All findings of this guard.
pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let table = table(tree);
    if table.is_empty() {
        bail!("{TABLE} holds no RAS number: has the table moved?");
    }
    let mut found = Vec::new();
    for (package, source) in tree.sources() {
        let has_language = matches!(package.wing(), "proto" | "core" | "runtime" | "face");
        if !has_language || source.path == Path::new(TABLE) {
            continue;
        }
        for (line, text) in source.code_lines() {
            for number in ras_numbers(text).into_iter().filter(|n| table.contains(n)) {
                if !is_excepted(&source.path, number) {
                    let what = format!("{number} is a RAS number: use its name in {TABLE}");
                    found.push(Finding::new(&source.path, line, what));
                }
            }
        }
    }
    Ok(found)
}

/// The numbers that the table defines.
fn table(tree: &Tree) -> BTreeSet<u32> {
    let table = tree.sources().find(|(_, source)| source.path == Path::new(TABLE));
    let lines = table.iter().flat_map(|(_, source)| source.code_lines());
    lines.flat_map(|(_, text)| numbers(text)).map(|(_, number)| number).collect()
}

fn is_excepted(path: &Path, number: u32) -> bool {
    EXCEPTIONS
        .iter()
        .any(|(place, numbers, _)| path.starts_with(place) && numbers.contains(&number))
}

/// The integers from 600 to 999 on a line, each with its place.
fn numbers(text: &str) -> Vec<(usize, u32)> {
    words(text)
        .filter_map(|(at, word)| {
            let digits = word.trim_end_matches("u32").trim_end_matches("i32").trim_end_matches('_');
            let number = digits.parse().ok().filter(|n| (600..=999).contains(n))?;
            Some((at, number))
        })
        .collect()
}

/// Those of them that are used as codes.
fn ras_numbers(text: &str) -> Vec<u32> {
    let speaks = words(text).any(|(_, word)| {
        let word = word.to_lowercase();
        SPEAKING.iter().any(|speaking| word.contains(speaking))
    });
    let is_time = text.contains("from_millis(") || text.contains("from_secs(");
    numbers(text)
        .into_iter()
        .filter(|(at, number)| {
            let (before, after) = text.split_at(*at);
            let (before, after) =
                (before.trim_end(), after[number.to_string().len()..].trim_start());
            let is_pattern =
                after.starts_with("=>") || after.starts_with('|') || before.ends_with('|');
            let is_compared = before.ends_with("==") || before.ends_with("!=");
            is_pattern || is_compared || (speaks && !is_time)
        })
        .map(|(_, number)| number)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::package;

    fn findings(dir: &str, text: &str) -> usize {
        let table = "AUTHENTICATION_FAILURE = 691, \"…\";\nPENDING = 600, \"…\";\n";
        let packages = vec![
            package("onhook-model", "crates/core/model", &[], &[("src/code.rs", table)]),
            package("other", dir, &[], &[("src/lib.rs", text), ("src/tests.rs", text)]),
        ];
        check(&Tree { packages }).unwrap().len()
    }

    #[test]
    fn a_number_used_as_a_code_is_found() {
        for text in [
            "RasCode::from_number(691)",
            "let error = 691;",
            "match n { 691 => refused(), _ => {} }",
            "if n == 691u32 {}",
            "matches!(n, 600 | 691)",
        ] {
            assert!(findings("crates/face/cli", text) >= 1, "{text}");
        }
    }

    #[test]
    fn a_number_that_means_something_else_is_left_alone() {
        for text in [
            "const LONGEST: Duration = Duration::from_millis(600); // of an error",
            "let buffer = [0; 691];",
            "let error = 692;",
            "let sentence = \"error 691\"; // 691",
            "let error = 6910;",
            "let x = 0x691;",
        ] {
            assert_eq!(findings("crates/face/cli", text), 0, "{text}");
        }
    }

    #[test]
    fn numbers_that_are_on_the_wire_are_excepted_in_their_room_only() {
        let table = "A = 691;";
        let text = "match code { 691 => {} }";
        let packages = vec![
            package("onhook-model", "crates/core/model", &[], &[("src/code.rs", table)]),
            package(
                "onhook-ppp",
                "crates/proto/ppp",
                &[],
                &[("src/auth/chap/wire.rs", text), ("src/lcp/wire.rs", text)],
            ),
        ];
        assert_eq!(check(&Tree { packages }).unwrap().len(), 1);
    }

    #[test]
    fn a_lost_table_is_an_error() {
        let packages = vec![package("a", "crates/face/a", &[], &[])];
        assert!(check(&Tree { packages }).is_err());
    }
}
