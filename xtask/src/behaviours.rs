//! `behaviours`: the table of the behaviours of RAS is true of the tests.
//!
//! A test bears the numbers of behaviours in its name (`b017_neither_…`). Every number of
//! `docs/behaviours.md` names the tests that bear it, or says why there is none: it has no meaning on Linux
//! (`no meaning here: …`), or we do not behave so yet (`open: …`). With `--write` the column of tests is
//! written anew; with `--run` the tests of the table are run, or those of some numbers, and which numbers
//! pass is written above the table. Whether that was done for each is all that is looked at otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::finding::Finding;
use crate::flaws::{Test, failed_of, tests_in};
use crate::source::{Source, words};
use crate::tree::Tree;

const TABLE: &str = "docs/behaviours.md";
/// Numbers go from 1 to this one.
const LAST: u16 = 208;
/// How the remark begins of a number that has no meaning on Linux, and of one that does not hold yet.
const NO_MEANING: &str = "no meaning here: ";
const OPEN: &str = "open: ";
/// How the line begins that tells which numbers pass.
const PASSED: &str = "Seen to pass: ";

/// A line of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row<'a> {
    line: usize,
    number: u16,
    behaviour: &'a str,
    remark: &'a str,
    tests: BTreeSet<Test>,
}

impl Row<'_> {
    fn is_open(&self) -> bool {
        self.remark.starts_with(OPEN)
    }

    fn has_no_meaning(&self) -> bool {
        self.remark.starts_with(NO_MEANING)
    }
}

/// The tests of each number.
type Borne = BTreeMap<u16, BTreeSet<Test>>;

/// Where table and tests differ.
pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let text = std::fs::read_to_string(TABLE).with_context(|| TABLE.to_owned())?;
    let rows = rows(&text);
    let mut found = differences(&rows, &borne(tree));
    found.extend(never_run(&rows, &text));
    Ok(found)
}

/// Numbers with tests that no run has seen to pass.
fn never_run(rows: &[Row<'_>], text: &str) -> Vec<Finding> {
    let passed = passed(text);
    let never = rows.iter().filter(|row| !row.tests.is_empty() && !passed.contains(&row.number));
    let say = |row: &Row<'_>| {
        let n = row.number;
        let what = format!("{n} was not seen to pass yet (`cargo xtask behaviours --run {n}`)");
        Finding::new(Path::new(TABLE), row.line, what)
    };
    never.map(say).collect()
}

/// The numbers that the page says have passed.
fn passed(text: &str) -> BTreeSet<u16> {
    let line = text.lines().find_map(|line| line.strip_prefix(PASSED)).unwrap_or_default();
    let (numbers, _) = line.split_once('.').unwrap_or((line, ""));
    let range = |part: &str| {
        let (first, last) = part.split_once(" to ").unwrap_or((part, part));
        Some(first.trim().parse::<u16>().ok()?..=last.trim().parse().ok()?)
    };
    numbers.split(',').filter_map(range).flatten().collect()
}

/// The line that tells of them: those that follow one another are told together.
fn told(passed: &BTreeSet<u16>, tests: usize) -> String {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for number in passed {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let range = |(first, last): &(u16, u16)| match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    };
    let ranges: Vec<_> = ranges.iter().map(range).collect();
    format!("{PASSED}{}. {} numbers, {tests} tests.", ranges.join(", "), passed.len())
}

/// The text with the line that tells which numbers pass, of those that have tests still.
fn with_passed(text: &str, passed: &BTreeSet<u16>) -> String {
    let rows = rows(text);
    let rows: Vec<_> =
        rows.iter().filter(|r| passed.contains(&r.number) && !r.tests.is_empty()).collect();
    let passed = rows.iter().map(|row| row.number).collect();
    let tests: BTreeSet<_> = rows.iter().flat_map(|row| &row.tests).collect();
    let told = told(&passed, tests.len());
    let line = |line: &str| match line.starts_with(PASSED) {
        true => format!("{told}\n"),
        false => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

fn differences(rows: &[Row<'_>], borne: &Borne) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say =
        |line: usize, what: String| found.push(Finding::new(Path::new(TABLE), line, what));
    let none = BTreeSet::new();
    let mut known = BTreeSet::new();
    for row in rows {
        let is = borne.get(&row.number).unwrap_or(&none);
        if !known.insert(row.number) || !(1..=LAST).contains(&row.number) {
            say(row.line, format!("{} is twice in the table, or no number", row.number));
        }
        if row.behaviour.is_empty() {
            say(row.line, format!("{} does not say what it is", row.number));
        }
        if is.is_empty() && !row.is_open() && !row.has_no_meaning() {
            say(row.line, format!("{} has neither a test nor a reason", row.number));
        }
        if row.tests != *is {
            let what = "names other tests than bear it (`cargo xtask behaviours --write`)";
            say(row.line, format!("{} {what}", row.number));
        }
    }
    for number in (1..=LAST).filter(|number| !known.contains(number)) {
        say(1, format!("{number} is not in the table"));
    }
    for (number, tests) in borne.iter().filter(|(number, _)| !known.contains(number)) {
        for test in tests {
            say(1, format!("{test} bears {number}, which is not in the table"));
        }
    }
    found
}

/// How many numbers are tested, have no meaning, are open; and which are open.
pub(crate) fn overview() -> Result<String> {
    let text = std::fs::read_to_string(TABLE).with_context(|| TABLE.to_owned())?;
    Ok(counts(&rows(&text)))
}

fn counts(rows: &[Row<'_>]) -> String {
    let open: Vec<_> = rows.iter().filter(|row| row.is_open()).collect();
    let tested = rows.iter().filter(|row| !row.is_open() && !row.tests.is_empty()).count();
    let without = rows.iter().filter(|row| row.has_no_meaning() && row.tests.is_empty()).count();
    let mut said = String::new();
    for row in &open {
        said.push_str(&format!("{:>4} {}: {}\n", row.number, row.behaviour, row.remark));
    }
    let tests: BTreeSet<_> = rows.iter().flat_map(|row| &row.tests).collect();
    said.push_str(&format!(
        "{tested} behaviours have tests ({} of them), {without} have no meaning here, {} are open\n",
        tests.len(),
        open.len()
    ));
    said
}

/// `behaviours --write` and `behaviours --run [NUMBER…]`; `false` when a test does not pass.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    let tree = Tree::load()?;
    let text = std::fs::read_to_string(TABLE).with_context(|| TABLE.to_owned())?;
    match args {
        [word] if word == "--write" => {
            let text = written(&text, &borne(&tree));
            std::fs::write(TABLE, with_passed(&text, &passed(&text)))?;
            Ok(true)
        }
        [word, numbers @ ..] if word == "--run" => {
            let numbers: BTreeSet<u16> =
                numbers.iter().map(|n| n.parse().context("a number")).collect::<Result<_>>()?;
            let rows = rows(&text);
            let is_meant = |row: &&Row<'_>| {
                !row.tests.is_empty() && (numbers.is_empty() || numbers.contains(&row.number))
            };
            let meant: Vec<_> = rows.iter().filter(is_meant).collect();
            let failed = failed_of(&tree, meant.iter().flat_map(|row| &row.tests))?;
            let mut now = passed(&text);
            for row in &meant {
                let passes = row.tests.is_disjoint(&failed);
                println!("{:>4} {}", row.number, if passes { "passes" } else { "DOES NOT PASS" });
                match passes {
                    true => now.insert(row.number),
                    false => now.remove(&row.number),
                };
            }
            for test in &failed {
                println!("did not pass: {test}");
            }
            print!("{}", counts(&rows));
            std::fs::write(TABLE, with_passed(&text, &now))?;
            Ok(failed.is_empty())
        }
        _ => bail!("behaviours takes --write or --run [NUMBER…], or nothing"),
    }
}

/// The text with its column of tests as it is.
fn written(text: &str, borne: &Borne) -> String {
    let rows: BTreeMap<_, _> = rows(text).into_iter().map(|row| (row.line, row)).collect();
    let mut out = String::new();
    for (line, old) in (1..).zip(text.lines()) {
        match rows.get(&line) {
            None => out.push_str(old),
            Some(row) => {
                let tests = borne.get(&row.number).into_iter().flatten();
                let tests: Vec<_> = tests.map(|test| format!("`{test}`")).collect();
                let Row { number, behaviour, remark, .. } = row;
                let cells = [&number.to_string(), *behaviour, *remark, &tests.join(" ")];
                out.push_str(&format!("| {} |", cells.join(" | ")).replace("|  |", "| |"));
            }
        }
        out.push('\n');
    }
    out
}

/// The lines of the table: those whose first cell is a number and which have four.
fn rows(text: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let Some(inner) = text.strip_prefix('|').and_then(|t| t.strip_suffix('|')) else {
            continue;
        };
        let cells: Vec<_> = inner.split('|').map(str::trim).collect();
        let [number, behaviour, remark, tests] = cells[..] else { continue };
        let Ok(number) = number.parse() else { continue };
        rows.push(Row { line, number, behaviour, remark, tests: tests_in(tests).collect() });
    }
    rows
}

/// The tests of the workspace by the numbers that they bear.
fn borne(tree: &Tree) -> Borne {
    let mut borne = Borne::new();
    let sources = tree.sources().filter(|(package, _)| package.name != env!("CARGO_PKG_NAME"));
    for (_, source) in sources {
        for function in tests_of(source) {
            for number in numbers(function) {
                let (file, function) = (PathBuf::from(&source.path), function.to_owned());
                borne.entry(number).or_default().insert(Test { file, function });
            }
        }
    }
    borne
}

/// The names of the functions that stand behind a `#[test]`.
fn tests_of(source: &Source) -> Vec<&str> {
    let mut is_test = false;
    let mut found = Vec::new();
    for line in source.code.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line.contains("test]") || line.contains("::test(");
            continue;
        }
        let mut of_line = words(line).map(|(_, word)| word);
        if is_test && of_line.any(|word| word == "fn") {
            found.extend(of_line.next());
        }
        is_test &= !line.contains(['{', '}', ';']);
    }
    found
}

/// The numbers at the beginning of a name: `b001_b008_a_dial_…`.
fn numbers(function: &str) -> impl Iterator<Item = u16> {
    function.split('_').map_while(|part| {
        let digits = part.strip_prefix('b').filter(|digits| digits.len() == 3)?;
        digits.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# Behaviours\n| Number | Behaviour | Remark | Tests |\n|---|---|---|---|\n";

    fn test(function: &str) -> Test {
        Test { file: "a.rs".into(), function: function.into() }
    }

    #[test]
    fn a_test_bears_the_numbers_at_the_beginning_of_its_name() {
        assert_eq!(numbers("b001_b208_at_b017").collect::<Vec<_>>(), [1, 208]);
        assert_eq!(numbers("bytes_b001").count() + numbers("b1_x").count(), 0);
    }

    #[test]
    fn only_what_is_run_as_a_test_bears_a_number() {
        let text = "#[test]\nfn b001_x() {}\nfn b002_y() {}\n#[cfg(test)]\nfn b003_z() {}\n\
                    #[tokio::test]\n#[ignore]\nasync fn b004_v() {}\n// #[test]\nfn b005_w() {}\n";
        let source = Source::new(Path::new("a.rs"), text, true);
        assert_eq!(tests_of(&source), ["b001_x", "b004_v"]);
    }

    #[test]
    fn what_is_written_is_what_is_checked() {
        let mut text = HEAD.to_owned();
        for number in 1..=LAST {
            let remark = if number == 7 { "no meaning here: windows" } else { "open: not yet" };
            text.push_str(&format!("| {number} | x | {remark} | |\n"));
        }
        let borne = Borne::from([(3, BTreeSet::from([test("b003_x")]))]);
        assert_eq!(differences(&rows(&text), &borne).len(), 1);
        let text = written(&text, &borne).replace("| 3 | x | open: not yet |", "| 3 | x | |");
        assert!(text.contains("| 3 | x | | `a.rs::b003_x` |\n"), "{text}");
        assert_eq!(differences(&rows(&text), &borne), []);
        let said = counts(&rows(&text));
        assert!(said.ends_with(
            "1 behaviours have tests (1 of them), 1 have no meaning here, 206 are open\n"
        ));
    }

    #[test]
    fn what_was_seen_to_pass_is_told_in_ranges_and_asked_of_every_number_with_tests() {
        let row = |n: u16| format!("| {n} | x | | `a.rs::b_{}` |\n", n / 2);
        let rows_of: String = [1, 2, 3, 5, 8, 9].map(row).concat();
        let text = format!("{PASSED}nothing yet.\n{HEAD}{rows_of}| 7 | x | open: y | |\n");
        assert_eq!(never_run(&rows(&text), &text).len(), 6);
        let text = with_passed(&text, &(1..=8).collect());
        assert!(
            text.starts_with("Seen to pass: 1 to 3, 5, 8. 5 numbers, 4 tests.\n# Beh"),
            "{text}"
        );
        assert_eq!(passed(&text), BTreeSet::from([1, 2, 3, 5, 8]));
        let never = never_run(&rows(&text), &text);
        assert_eq!(never.len(), 1);
        assert!(never[0].to_string().contains("--run 9"), "{}", never[0]);
    }

    #[test]
    fn a_number_needs_a_test_or_a_reason_and_a_test_a_number_of_the_table() {
        let text = format!("{HEAD}| 1 | x | doubtful | |\n| 1 | | open: y | |\n");
        let borne = Borne::from([(300, BTreeSet::from([test("b300_x")]))]);
        let all = differences(&rows(&text), &borne);
        let said: Vec<_> = all.iter().map(ToString::to_string).collect();
        for what in ["neither a test nor a reason", "is twice", "does not say", "bears 300"] {
            assert!(said.iter().any(|one| one.contains(what)), "{what}: {said:?}");
        }
        assert_eq!(said.iter().filter(|one| one.contains("is not in the table")).count(), 207 + 1);
    }
}
