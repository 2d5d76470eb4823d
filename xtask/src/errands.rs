//! The errands: programs of ours that are built and run by one word.

use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

use crate::check::cargo;

const SIMULATE: [&str; 5] = ["run", "--release", "--package", "onhook-lives", "--"];

/// Builds `onhook` as people get it, and plays the interop stories with it.
pub(crate) fn interop(args: &[String]) -> Result<bool> {
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let built = metadata.target_directory.as_std_path().join("release");
    let root = metadata.workspace_root.as_std_path();
    let mut build = vec!["build", "--release"];
    for package in ["onhook", "onhook-interop", "onhook-exchange"] {
        build.extend(["--package", package]);
    }
    if !run(cargo().args(build))? {
        return Ok(false);
    }
    run(Command::new(built.join("onhook-interop"))
        .env("ONHOOK", built.join("onhook"))
        .env("EXCHANGE", built.join("onhook-exchange"))
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

fn run(command: &mut Command) -> Result<bool> {
    let status = command.status().with_context(|| format!("{:?}", command.get_program()))?;
    Ok(status.success())
}
