//! `fuzz`: libFuzzer before each ordeal, and one table of what was reached.
//!
//! The fuzzer is built here rather than by cargo-fuzz: a handful of flags, which stable Rust takes, and
//! g++ for libFuzzer itself. Only our crates' target is instrumented, not build scripts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use cargo_metadata::MetadataCommand;
use serde_json::json;

use crate::check::{cargo, host};

/// Edges with counters, and the operands of comparisons, as libFuzzer wants them.
const FLAGS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// What the words ask for.
#[derive(Debug, Default, PartialEq)]
struct Asked {
    /// For each ordeal.
    minutes: Option<f64>,
    figures: Option<PathBuf>,
    /// Put what adds coverage into the corpora, and nothing else.
    minimize: bool,
    ordeals: Vec<String>,
}

/// What came of one ordeal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reached {
    executions: u64,
    edges: u64,
    features: u64,
    corpus: u64,
    /// The input that was not stood.
    fault: Option<String>,
}

/// Builds the fuzzer and runs it; `false` when an ordeal was not stood.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    let asked = Asked::read(args)?;
    if Command::new("g++").arg("--version").output().is_err() {
        println!("fuzz: skipped: libFuzzer is built by g++, which is not installed");
        return Ok(true);
    }
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let folder = metadata.workspace_root.as_std_path().join("crates/proof/fuzz");
    let target = metadata.target_directory.as_std_path().join("fuzz");
    let Some(fuzzer) = build(&folder, &target)? else { return Ok(false) };
    let ground = Ground { fuzzer, corpora: folder.join("corpus"), target };
    let names = if asked.ordeals.is_empty() { ground.ordeals()? } else { asked.ordeals.clone() };
    if asked.minimize {
        for name in &names {
            ground.minimize(name)?;
        }
        return Ok(true);
    }
    let seconds = (asked.minutes.unwrap_or(1.0) * 60.0).ceil();
    let results = ground.run_all(&names, seconds)?;
    print(&results, seconds);
    if let Some(file) = &asked.figures {
        std::fs::write(file, figures(&results).to_string())?;
    }
    Ok(results.values().all(|reached| reached.fault.is_none()))
}

impl Asked {
    fn read(args: &[String]) -> Result<Self> {
        let mut asked = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("{arg} wants a value"));
            match arg.as_str() {
                "--minutes" => {
                    let text = value()?;
                    let minutes = text.parse().with_context(|| format!("“{text}” is no number"))?;
                    asked.minutes = Some(minutes);
                }
                "--figures" => asked.figures = Some(PathBuf::from(value()?)),
                "--minimize" => asked.minimize = true,
                option if option.starts_with('-') => bail!("no such option: {option}"),
                name => asked.ordeals.push(name.to_owned()),
            }
        }
        Ok(asked)
    }
}

fn build(folder: &Path, target: &Path) -> Result<Option<PathBuf>> {
    let host = host()?;
    let status = cargo()
        .args(["build", "--release", "--locked", "--target", &host, "--target-dir"])
        .arg(target)
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"))
        .env("RUSTFLAGS", FLAGS)
        .status()
        .context("cargo build")?;
    let built = target.join(&host).join("release/onhook-fuzz");
    Ok(status.success().then_some(built))
}

/// Where everything is.
struct Ground {
    fuzzer: PathBuf,
    corpora: PathBuf,
    target: PathBuf,
}

impl Ground {
    /// All ordeals, by their corpora.
    fn ordeals(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for folder in std::fs::read_dir(&self.corpora)? {
            names.push(folder?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// As many at once as there are processors.
    fn run_all(&self, names: &[String], seconds: f64) -> Result<BTreeMap<String, Reached>> {
        let waiting = Mutex::new(names.to_vec());
        let results = Mutex::new(BTreeMap::new());
        let lanes = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..lanes)
                .map(|_| {
                    scope.spawn(|| -> Result<()> {
                        loop {
                            let next = lock(&waiting).pop();
                            let Some(name) = next else { return Ok(()) };
                            let reached = self.run_one(&name, seconds)?;
                            lock(&results).insert(name, reached);
                        }
                    })
                })
                .collect();
            workers.into_iter().try_for_each(|worker| match worker.join() {
                Ok(done) => done,
                Err(_) => bail!("a worker has failed"),
            })
        })?;
        Ok(results.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn run_one(&self, name: &str, seconds: f64) -> Result<Reached> {
        let grown = self.folder("grown", name)?;
        let faults = self.folder("faults", name)?;
        let output = Command::new(&self.fuzzer)
            .env("ONHOOK_ORDEAL", name)
            .arg(&grown)
            .arg(self.corpora.join(name))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", faults.display()))
            // 512 MiB: nothing may grow without bound. 5 s: nothing may loop.
            .args(["-rss_limit_mb=512", "-timeout=5", "-print_final_stats=1", "-max_len=4096"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .output()
            .with_context(|| self.fuzzer.display().to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        let mut reached = read(&said);
        if !output.status.success() {
            let file = said.lines().find_map(|line| line.split("Test unit written to ").nth(1));
            let fault = file.unwrap_or("no input was written").trim().to_owned();
            for line in said.lines().rev().take(40).collect::<Vec<_>>().iter().rev() {
                println!("{name}: {line}");
            }
            reached.fault = Some(fault);
        }
        println!("{name}: {} executions", reached.executions);
        Ok(reached)
    }

    /// The corpus becomes the smallest set of what is known that reaches as much.
    fn minimize(&self, name: &str) -> Result<()> {
        let (corpus, grown) = (self.corpora.join(name), self.folder("grown", name)?);
        let merged = self.folder("merged", name)?;
        let status = Command::new(&self.fuzzer)
            .env("ONHOOK_ORDEAL", name)
            .args(["-merge=1", "-max_len=1024"])
            .args([&merged, &corpus, &grown])
            .stderr(Stdio::null())
            .status()?;
        if !status.success() {
            bail!("{name} could not be merged");
        }
        println!("{name}: {} files in {}", std::fs::read_dir(&merged)?.count(), merged.display());
        Ok(())
    }

    fn folder(&self, kind: &str, name: &str) -> Result<PathBuf> {
        let folder = self.target.join(kind).join(name);
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(folder)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What libFuzzer has said of itself.
fn read(said: &str) -> Reached {
    let mut reached = Reached::default();
    for line in said.lines() {
        if let Some(number) = line.strip_prefix("stat::number_of_executed_units:") {
            reached.executions = number.trim().parse().unwrap_or(0);
        }
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            let mut number = || {
                let text = words.next().unwrap_or_default();
                text.split('/').next().and_then(|n| n.parse().ok()).unwrap_or(0)
            };
            match word {
                "cov:" => reached.edges = number(),
                "ft:" => reached.features = number(),
                "corp:" => reached.corpus = number(),
                _ => {}
            }
        }
    }
    reached
}

fn print(results: &BTreeMap<String, Reached>, seconds: f64) {
    println!(
        "\n| Ordeal, {seconds} s each | executions | a second | edges | features | corpus | |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (name, reached) in results {
        let Reached { executions, edges, features, corpus, fault } = reached;
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let rate = *executions as f64 / seconds;
        let end = if fault.is_some() { "NOT STOOD" } else { "stood" };
        println!("| {name} | {executions} | {rate:.0} | {edges} | {features} | {corpus} | {end} |");
    }
    println!();
    for (name, reached) in results {
        if let Some(file) = &reached.fault {
            println!("{name} was not stood: {file}");
            println!("  again: copy it to crates/proof/fuzz/corpus/{name}/ and run");
            println!("  cargo test -p onhook-ordeals -- --nocapture");
        }
    }
}

fn figures(results: &BTreeMap<String, Reached>) -> serde_json::Value {
    let sum = |of: fn(&Reached) -> u64| results.values().map(of).sum::<u64>();
    json!({
        "fuzz_ordeals": results.len(),
        "fuzz_executions": sum(|reached| reached.executions),
        "fuzz_edges": sum(|reached| reached.edges),
        "fuzz_faults": results.values().filter(|reached| reached.fault.is_some()).count(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn minutes_and_ordeals_are_told_apart() {
        let asked = Asked::read(&words(&["--minutes", "0.5", "varlink"])).unwrap();
        assert_eq!((asked.minutes, asked.ordeals), (Some(0.5), vec!["varlink".to_owned()]));
        assert!(Asked::read(&words(&["--minutes"])).is_err());
        assert!(Asked::read(&words(&["--hours", "1"])).is_err());
    }

    #[test]
    fn the_last_word_of_the_fuzzer_counts() {
        let said = "#2\tINITED cov: 7 ft: 8 corp: 1/1b exec/s: 0 rss: 30Mb\n\
            #99\tDONE   cov: 120 ft: 300 corp: 40/2Kb lim: 4 exec/s: 9 rss: 30Mb\n\
            stat::number_of_executed_units: 99\nstat::peak_rss_mb: 33\n";
        let reached = read(said);
        assert_eq!((reached.executions, reached.edges, reached.corpus), (99, 120, 40));
    }
}
