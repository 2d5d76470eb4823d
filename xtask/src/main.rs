//! Project chores, run by `cargo xtask …`.
//!
//! A rule without a guard is a wish: the first seven words are guards, which read the sources and say
//! where a house rule is broken. Each prints its findings as `path:line: what` and fails if there is
//! one. They need neither root nor a network. The rest run other programs.

#![forbid(unsafe_code)]

mod attic;
mod behaviours;
mod check;
mod cite;
mod codes;
mod errands;
mod exposure;
mod finding;
mod flaws;
mod floors;
mod fuzz;
mod guarantee;
mod source;
mod threads;
mod tree;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::finding::Finding;
use crate::tree::Tree;

const USAGE: &str = "\
cargo xtask WORD…

guards (several may be given):
  floors            imports go down or sideways; no IO below runtime; unsafe only where allowed
  attic             files and functions keep their measure
  codes             RAS numbers stand in one table only
  cite              which sections of which specification have code; citations have one form
  flaws             the table of the field's flaws names tests that are there (--run: runs them)
  behaviours        the table of RAS' behaviours names the tests that bear them, or says why not
                    (--write: names them anew; --run [NUMBER…]: which ones pass)
  check             what CI does: fmt, clippy, the guards, tests, docs, cargo-deny

errands:
  interop [STORY…]  the real servers (needs root; installs packages); `interop --list` names stories
  bench [ARG…]      the benchmarks, figures as JSON
  guarantee [--quick]
                    every proof that nothing is left, and one table
  simulate [--seed N] [--lives N] [ARG…]
                    very many lives of connections under an invented clock (--help for all)
  crash [--points N] [ARG…]
                    real processes killed at every step in namespaces of their own (--help for all)
  siege [--quick] [ARG…]
                    floods, and clients and peers that never end (--help for all)
  exposure          what systemd-analyze says of the unit: at most 2.0
  fuzz [--minutes N] [ORDEAL…]
                    every ordeal for N minutes (default 1), and what was reached
  threads [TEST…]   the C library's contract tests under ThreadSanitizer (needs rust-src)
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Does what the words say; `false` when a guard has found something or a program has failed.
fn run(words: &[String]) -> Result<bool> {
    let Some((first, rest)) = words.split_first() else { bail!("a word is missing\n\n{USAGE}") };
    match first.as_str() {
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(true)
        }
        "check" => check::run(),
        "interop" => errands::interop(rest),
        "bench" => errands::bench(rest),
        "guarantee" => guarantee::run(rest),
        "simulate" => errands::simulate(rest),
        "crash" => errands::crash(rest),
        "siege" => errands::siege(rest),
        "exposure" => exposure::run(rest),
        "fuzz" => fuzz::run(rest),
        "threads" => threads::run(rest),
        "flaws" if rest.first().is_some_and(|word| word == "--run") => {
            flaws::run(rest.get(1..).unwrap_or_default())
        }
        "behaviours" if rest.first().is_some_and(|word| word.starts_with("--")) => {
            behaviours::run(rest)
        }
        _ => guards(words),
    }
}

/// Runs the guards named, all of them even when the first has found something.
fn guards(names: &[String]) -> Result<bool> {
    let tree = Tree::load()?;
    let mut clean = true;
    for name in names {
        clean &= guard(&tree, name)?;
    }
    Ok(clean)
}

/// Runs one guard and prints what it found.
fn guard(tree: &Tree, name: &str) -> Result<bool> {
    let findings: Vec<Finding> = match name {
        "floors" => floors::check(tree),
        "attic" => attic::check(tree),
        "codes" => codes::check(tree)?,
        "flaws" => flaws::check(tree)?,
        "behaviours" => {
            print!("{}", behaviours::overview()?);
            behaviours::check(tree)?
        }
        "cite" => {
            print!("{}", cite::overview(tree));
            cite::check(tree)
        }
        other => bail!("no such word: {other}\n\n{USAGE}"),
    };
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!("{name}: clean"),
        1 => println!("{name}: 1 finding"),
        n => println!("{name}: {n} findings"),
    }
    Ok(findings.is_empty())
}
