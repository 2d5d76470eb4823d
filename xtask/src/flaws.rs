//! `flaws`: the table of the field's flaws is true of the code.
//!
//! Every number of `docs/flaws.md` names tests by file and function; each must be there and its file must
//! bear the number, and every number that a test bears must be in the table; the tests that
//! `docs/security.md` names must be there as well. With `--run` the tests of the table are run, and each
//! must be seen to pass.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::check::cargo;
use crate::finding::Finding;
use crate::tree::{Package, Tree};

const TABLE: &str = "docs/flaws.md";
/// Names tests as well.
const SECURITY: &str = "docs/security.md";

/// A test as the table names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Test {
    /// From the root of the workspace.
    pub(crate) file: PathBuf,
    /// The last part of its name.
    pub(crate) function: String,
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.file.display(), self.function)
    }
}

impl Test {
    /// The text of its file; empty when there is none.
    fn code(&self) -> String {
        std::fs::read_to_string(&self.file).unwrap_or_default()
    }

    /// That it is not there, in words.
    fn missing_in(&self, code: &str) -> Option<String> {
        let is_there = code.contains(&format!("fn {}(", self.function));
        (!is_there).then(|| format!("{} has no test {}", self.file.display(), self.function))
    }
}

/// A line of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    line: usize,
    number: String,
    tests: Vec<Test>,
}

/// Where table and code differ.
pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let text = std::fs::read_to_string(TABLE).with_context(|| TABLE.to_owned())?;
    let rows = rows(&text);
    let mut found = Vec::new();
    for row in &rows {
        let mut say = |what: String| found.push(Finding::new(Path::new(TABLE), row.line, what));
        if row.tests.is_empty() {
            say(format!("{} names no test", row.number));
        }
        for test in &row.tests {
            let code = test.code();
            if let Some(what) = test.missing_in(&code) {
                say(what);
            }
            if !code.contains(&row.number) {
                say(format!("{} does not bear the number {}", test.file.display(), row.number));
            }
        }
    }
    found.extend(named_elsewhere(SECURITY)?);
    let known: BTreeSet<&str> = rows.iter().map(|row| row.number.as_str()).collect();
    for (_, source) in tree.sources().filter(|(package, _)| package.name != env!("CARGO_PKG_NAME"))
    {
        for (line, comment) in source.comment_lines() {
            for number in numbers(comment).filter(|number| !known.contains(number)) {
                found.push(Finding::new(&source.path, line, format!("{number} is not in {TABLE}")));
            }
        }
    }
    Ok(found)
}

/// Tests that another page names and that are not there.
fn named_elsewhere(page: &str) -> Result<Vec<Finding>> {
    let text = std::fs::read_to_string(page).with_context(|| page.to_owned())?;
    let mut found = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        for test in tests_in(text) {
            let missing = test.missing_in(&test.code());
            found.extend(missing.map(|what| Finding::new(Path::new(page), line, what)));
        }
    }
    Ok(found)
}

/// Runs every test of the table; `false` when one does not pass.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    let figures = match args {
        [] => None,
        [word, file] if word == "--figures" => Some(PathBuf::from(file)),
        _ => bail!("flaws --run takes nothing but --figures FILE"),
    };
    let text = std::fs::read_to_string(TABLE).with_context(|| TABLE.to_owned())?;
    let (rows, tree) = (rows(&text), Tree::load()?);
    let failed = failed_of(&tree, rows.iter().flat_map(|row| &row.tests))?;
    let holds = |row: &&Row| row.tests.iter().all(|test| !failed.contains(test));
    for row in &rows {
        println!("{:<12} {}", row.number, if holds(&row) { "holds" } else { "DOES NOT HOLD" });
    }
    for test in &failed {
        println!("did not pass: {test}");
    }
    let held: Vec<_> = rows.iter().filter(holds).map(|row| row.number.as_str()).collect();
    println!("{} numbers of {} hold", held.len(), rows.len());
    if let Some(file) = figures {
        let text = json!({
            "flaws_numbers": rows.len(),
            "flaws_held": held.len(),
            "flaws_tests": rows.iter().flat_map(|row| &row.tests).collect::<BTreeSet<_>>().len(),
            "flaws_by_number": held.join(" "),
        });
        std::fs::write(file, text.to_string())?;
    }
    Ok(failed.is_empty())
}

/// Runs these tests, and gives those that were not seen to pass.
pub(crate) fn failed_of<'a>(
    tree: &Tree,
    tests: impl Iterator<Item = &'a Test>,
) -> Result<BTreeSet<Test>> {
    let mut of_package: BTreeMap<&str, BTreeSet<&Test>> = BTreeMap::new();
    for test in tests {
        let package = package_of(tree, &test.file)
            .with_context(|| format!("{} is in no package", test.file.display()))?;
        of_package.entry(&package.name).or_default().insert(test);
    }
    let mut failed = BTreeSet::new();
    for (package, tests) in &of_package {
        let names = tests.iter().map(|test| test.function.as_str());
        let output = cargo()
            .args([
                "test",
                "--quiet",
                "--no-fail-fast",
                "--package",
                package,
                "--all-targets",
                "--",
            ])
            .args(names)
            .args(["--format", "pretty"])
            .stderr(Stdio::inherit())
            .output()
            .context("cargo test")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let bad = tests.iter().filter(|test| !passed(&said, &test.function));
        failed.extend(bad.map(|test| (*test).clone()));
    }
    Ok(failed)
}

/// Whether the runner has said that this test is good.
fn passed(said: &str, function: &str) -> bool {
    said.lines().any(|line| {
        let name = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... ok"));
        name.is_some_and(|name| name.rsplit("::").next() == Some(function))
    })
}

fn package_of<'a>(tree: &'a Tree, file: &Path) -> Option<&'a Package> {
    tree.packages.iter().find(|package| file.starts_with(&package.dir))
}

/// The lines of the table that have tests: those whose first cell is one number and which have four.
fn rows(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let cells: Vec<_> = text.trim_matches('|').split('|').map(str::trim).collect();
        let [number, _, _, tests] = cells[..] else { continue };
        if numbers(number).next() != Some(number) {
            continue;
        }
        rows.push(Row { line, number: number.to_owned(), tests: tests_in(tests).collect() });
    }
    rows
}

/// The tests that a text names: `file.rs::function`, between backticks.
pub(crate) fn tests_in(text: &str) -> impl Iterator<Item = Test> {
    text.split('`').filter_map(|part| part.split_once(".rs::")).map(|(file, function)| Test {
        file: format!("{file}.rs").into(),
        function: function.to_owned(),
    })
}

/// The numbers in a text: `N-LCP-01`.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| {
        let parts: Vec<_> = word.split('-').collect();
        matches!(parts[..], ["N", topic, digits]
            if !topic.is_empty() && digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_its_tests() {
        let text = "| Number | The flaw | To | Tests |\n|---|---|---|---|\n\
                    | N-LCP-01 | x | both | `a/b.rs::one` `c.rs::two` |\n| N-EAP-02 to N-EAP-06 | EAP |\n";
        let test =
            |file: &str, function: &str| Test { file: file.into(), function: function.into() };
        let tests = vec![test("a/b.rs", "one"), test("c.rs", "two")];
        assert_eq!(rows(text), [Row { line: 3, number: "N-LCP-01".into(), tests }]);
    }

    #[test]
    fn numbers_are_found_in_comments() {
        let text = "/// N-PAP-01, N-CHAP-01 (CVE-2020-8597): N-1, N-X-1, UN-X-01";
        assert_eq!(numbers(text).collect::<Vec<_>>(), ["N-PAP-01", "N-CHAP-01"]);
    }

    #[test]
    fn only_what_is_said_to_be_good_has_passed() {
        let said = "test tests::a_b ... ok\ntest x::c ... FAILED\ntest d ... ignored, why\n";
        assert!(passed(said, "a_b"));
        assert!(!passed(said, "b") && !passed(said, "c") && !passed(said, "d"));
    }
}
