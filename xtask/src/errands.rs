//! The errands: programs of ours that are built and run by one word.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

use crate::check::{cargo, has_subcommand};

const SIMULATE: [&str; 5] = ["run", "--release", "--package", "onhook-lives", "--"];

/// Builds `onhook` as people get it, and plays the interop stories with it.
pub(crate) fn interop(args: &[String]) -> Result<bool> {
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let built = metadata.target_directory.as_std_path().join("release");
    let root = metadata.workspace_root.as_std_path();
    let build = ["build", "--release", "--package", "onhook", "--package", "onhook-interop"];
    if !run(cargo().args(build))? {
        return Ok(false);
    }
    run(Command::new(built.join("onhook-interop"))
        .env("ONHOOK", built.join("onhook"))
        .env("PEER_VM", root.join("crates/proof/interop/peer-vm"))
        .args(args))
}

/// Runs the benchmarks.
pub(crate) fn bench(args: &[String]) -> Result<bool> {
    run(cargo().args(["run", "--release", "--package", "onhook-bench", "--"]).args(args))
}

/// Plays very many lives of connections.
pub(crate) fn simulate(args: &[String]) -> Result<bool> {
    run(cargo().args(SIMULATE).args(args))
}

/// Builds `onhook` with its crash points, beside what people get, and kills it at each of them.
pub(crate) fn crash(args: &[String]) -> Result<bool> {
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let folder = metadata.target_directory.as_std_path().join("crash");
    let build = ["build", "--package", "onhook", "--package", "onhook-crash"];
    let features = ["--features", "onhook/crash-points", "--target-dir"];
    if !run(cargo().args(build).args(features).arg(&folder))? {
        return Ok(false);
    }
    let built = folder.join("debug");
    let mut command = Command::new(built.join("onhook-crash"));
    let status = command.arg("--onhook").arg(built.join("onhook")).args(args).status()?;
    // 77: the machine forbids what is needed, and the program has said what.
    Ok(status.success() || status.code() == Some(77))
}

/// Builds `onhook` as people get it, and besieges it.
pub(crate) fn siege(args: &[String]) -> Result<bool> {
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let built = metadata.target_directory.as_std_path().join("release");
    let build = ["build", "--release", "--package", "onhook", "--package", "onhook-siege"];
    if !run(cargo().args(build))? {
        return Ok(false);
    }
    run(Command::new(built.join("onhook-siege"))
        .arg("--onhook")
        .arg(built.join("onhook"))
        .args(args))
}

/// Runs the fuzz targets, each for some minutes, without a sanitizer, so that stable Rust will do.
pub(crate) fn fuzz(args: &[String]) -> Result<bool> {
    let (minutes, named) = fuzz_args(args)?;
    if !has_subcommand("fuzz") {
        bail!("cargo-fuzz is missing: cargo install --locked cargo-fuzz (it needs g++ too)");
    }
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let folder = metadata.workspace_root.as_std_path().join("crates/proof/fuzz");
    let targets = if named.is_empty() { fuzz_targets(&folder)? } else { named };
    let seconds = format!("-max_total_time={}", (minutes * 60.0).ceil());
    let mut clean = true;
    for target in &targets {
        println!("── fuzz {target}");
        let corpus = grown_corpus(&folder, target)?;
        let mut command = cargo();
        command.args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir"]).arg(&folder);
        command.arg(target).arg(&corpus).arg(folder.join("corpus").join(target));
        // 512 MiB: nothing from the wire may grow without bound. 5 s: nothing may loop.
        command.args(["--", &seconds, "-rss_limit_mb=512", "-timeout=5", "-print_final_stats=1"]);
        clean &= run(&mut command)?;
    }
    Ok(clean)
}

/// `--minutes N` and the targets named.
fn fuzz_args(args: &[String]) -> Result<(f64, Vec<String>)> {
    let (mut minutes, mut targets) = (1.0, Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--minutes" {
            let value = args.next().context("--minutes wants a number")?;
            minutes = value.parse().with_context(|| format!("“{value}” is no number"))?;
        } else if arg.starts_with('-') {
            bail!("no such option: {arg}");
        } else {
            targets.push(arg.clone());
        }
    }
    Ok((minutes, targets))
}

/// All targets, by their files.
fn fuzz_targets(folder: &Path) -> Result<Vec<String>> {
    let listed = std::fs::read_dir(folder.join("fuzz_targets")).context("the fuzz targets")?;
    let mut names = Vec::new();
    for entry in listed {
        let path = entry?.path();
        names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Where inputs that were found are kept; the corpus that is checked in stays small.
fn grown_corpus(folder: &Path, target: &str) -> Result<PathBuf> {
    let grown = folder.join("target").join("grown").join(target);
    std::fs::create_dir_all(&grown).with_context(|| grown.display().to_string())?;
    Ok(grown)
}

fn run(command: &mut Command) -> Result<bool> {
    let status = command.status().with_context(|| format!("{:?}", command.get_program()))?;
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_and_targets_are_told_apart() {
        let args = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let (minutes, targets) = fuzz_args(&args(&["--minutes", "0.5", "varlink"])).unwrap();
        assert_eq!((minutes, targets), (0.5, vec!["varlink".to_owned()]));
        assert!(fuzz_args(&args(&["--minutes"])).is_err());
        assert!(fuzz_args(&args(&["--hours", "1"])).is_err());
    }
}
