//! `attic`: what has grown too large belongs in smaller rooms.
//!
//! A file has at most 600 lines without its tests, a function 80, and no file is named for being a
//! store of odds and ends.

use std::path::Path;

use crate::finding::Finding;
use crate::source::Source;
use crate::tree::Tree;

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 80;
const IDLE_NAMES: &[&str] = &["util", "utils", "common", "helpers", "misc", "types"];

/// What may be larger: path, function (or "" for the file), lines allowed, and why.
const EXCEPTIONS: &[(&str, &str, usize, &str)] = &[];

/// All findings of this guard.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    check_with(tree, EXCEPTIONS)
}

fn check_with(tree: &Tree, exceptions: &[(&str, &str, usize, &str)]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut used = Vec::new();
    for (_, source) in tree.sources() {
        check_name(source, &mut found);
        for (item, line, lines, limit) in measures(source) {
            if lines <= limit {
                continue;
            }
            let excepted = exceptions
                .iter()
                .position(|(p, i, _, _)| Path::new(p) == source.path && *i == item);
            used.extend(excepted);
            let limit = excepted.map_or(limit, |at| exceptions[at].2);
            if lines > limit {
                let whose = if item.is_empty() { "the file".into() } else { format!("fn {item}") };
                let what = format!("{whose} has {lines} lines, {limit} are allowed");
                found.push(Finding::new(&source.path, line, what));
            }
        }
    }
    for (at, (path, item, _, _)) in exceptions.iter().enumerate() {
        if !used.contains(&at) {
            let what = format!("the exception for “{item}” in xtask/src/attic.rs is not needed");
            found.push(Finding::new(Path::new(path), 0, what));
        }
    }
    found
}

/// What is measured in a file: whose lines, where, how many, and how many are allowed.
fn measures(source: &Source) -> Vec<(String, usize, usize, usize)> {
    let mut all = vec![(String::new(), 0, source.length(), FILE_LINES)];
    let functions = source.functions().into_iter();
    all.extend(functions.map(|f| (f.name, f.line, f.lines, FUNCTION_LINES)));
    all
}

fn check_name(source: &Source, found: &mut Vec<Finding>) {
    let names = source.path.iter().filter_map(|part| part.to_str());
    for name in names.map(|part| part.trim_end_matches(".rs")) {
        if IDLE_NAMES.contains(&name) {
            let what = format!("“{name}” says nothing: name it for what it defines");
            found.push(Finding::new(&source.path, 0, what));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::package;

    fn tree(files: &[(&str, &str)]) -> Tree {
        Tree { packages: vec![package("p", "p", &[], files)] }
    }

    fn long_function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn a_long_function_and_a_long_file_are_found_but_not_in_tests() {
        let good = long_function(FUNCTION_LINES);
        let bad = long_function(FUNCTION_LINES + 1);
        let long_file = "const A: u8 = 0;\n".repeat(FILE_LINES + 1);
        let long_test = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{bad}}}\n");
        let found = check(&tree(&[
            ("src/a.rs", &good),
            ("src/b.rs", &bad),
            ("src/c.rs", &long_file),
            ("src/d.rs", &long_test),
            ("src/d/tests.rs", &long_file),
        ]));
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "p/src/b.rs:1: fn long has 81 lines, 80 are allowed",
                "p/src/c.rs: the file has 601 lines, 600 are allowed"
            ]
        );
    }

    #[test]
    fn an_exception_holds_up_to_its_own_limit_and_is_reported_when_idle() {
        let bad = long_function(100);
        let tree = tree(&[("src/b.rs", &bad)]);
        assert!(check_with(&tree, &[("p/src/b.rs", "long", 100, "a table")]).is_empty());
        assert_eq!(check_with(&tree, &[("p/src/b.rs", "long", 99, "a table")]).len(), 1);
        assert_eq!(check_with(&tree, &[("p/src/b.rs", "short", 99, "a table")]).len(), 2);
    }

    #[test]
    fn a_file_without_a_meaning_in_its_name_is_found() {
        assert_eq!(check(&tree(&[("src/helpers.rs", ""), ("src/misc/mod.rs", "")])).len(), 2);
    }
}
