//! `threads`: the C library's contract tests under ThreadSanitizer.
//!
//! Test, library and standard library are built anew so that each access to memory is watched, by
//! switches that the toolchain holds back; its own sources are needed for that. The manager and the
//! servers behind them are the plain program: they are other processes, whose threads are tokio's, and
//! what gives up system calls has no room for a watcher. Programs in C are left out, since they are
//! linked without one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use cargo_metadata::{Message, MetadataCommand};

use crate::check::{cargo, host};

/// How the watcher ends a program in which it has found a race.
const RACE: i32 = 66;

/// Runs them; `false` when a test has failed or a race was found.
pub(crate) fn run(tests: &[String]) -> Result<bool> {
    let host = host()?;
    if !has_library_sources()? {
        println!("threads: skipped: `rustup component add rust-src` gives what must be built anew");
        return Ok(true);
    }
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let plain = metadata.target_directory.as_std_path();
    let target = plain.join("threads");
    let Some(test) = build(&target, &host)? else { return Ok(false) };
    if !put_plain_program(plain, &target, &host)? {
        return Ok(false);
    }
    let room = metadata.workspace_root.as_std_path().join("crates/face/cli");
    let status = Command::new(test)
        .args(["--skip", "programs::"])
        .args(tests)
        .env("TSAN_OPTIONS", format!("exitcode={RACE} second_deadlock_stack=1"))
        .current_dir(room)
        .status()
        .context("the tests")?;
    match status.code() {
        Some(RACE) => println!("threads: RACES were found"),
        Some(0) => println!("threads: no race was found"),
        _ => println!("threads: a test has failed"),
    }
    Ok(status.success())
}

fn has_library_sources() -> Result<bool> {
    let told = Command::new("rustc").args(["--print", "sysroot"]).output().context("rustc")?;
    let root = String::from_utf8(told.stdout)?;
    Ok(Path::new(root.trim()).join("lib/rustlib/src/rust/library/Cargo.lock").exists())
}

/// Builds the test with everything that it has in itself.
fn build(target: &Path, host: &str) -> Result<Option<PathBuf>> {
    let mut built = cargo()
        .args(["test", "--package", "onhook", "--test", "contract", "--no-run", "-Zbuild-std"])
        .args(["--message-format", "json-render-diagnostics", "--target", host, "--target-dir"])
        .arg(target)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=thread")
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo test")?;
    let told = built.stdout.take().context("what cargo says")?;
    let mut test = None;
    for message in Message::parse_stream(std::io::BufReader::new(told)) {
        if let Message::CompilerArtifact(artifact) = message?
            && artifact.target.name == "contract"
        {
            test = artifact.executable.map(PathBuf::from);
        }
    }
    Ok(if built.wait()?.success() { test } else { None })
}

/// Puts `onhook` as it is in the place of the one that is watched.
fn put_plain_program(plain: &Path, target: &Path, host: &str) -> Result<bool> {
    let status = cargo().args(["build", "--package", "onhook"]).status().context("cargo build")?;
    let place = target.join(host).join("debug/onhook");
    // Not written over: cargo keeps another name of the same file.
    std::fs::remove_file(&place).context("the watched program")?;
    std::fs::copy(plain.join("debug/onhook"), &place).context("the plain program")?;
    Ok(status.success())
}
