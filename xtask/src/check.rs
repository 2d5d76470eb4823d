//! `check`: what CI does, in the order in which it fails soonest.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

/// Runs every step, and says at the end which failed.
pub(crate) fn run() -> Result<bool> {
    let steps: &[(&str, &[&str])] = &[
        ("fmt", &["fmt", "--all", "--check"]),
        ("guards", &["xtask", "floors", "attic", "codes", "cite", "flaws", "behaviours"]),
        ("clippy", &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        ("tests", &["test", "--quiet", "--workspace"]),
        ("docs", &["doc", "--quiet", "--workspace", "--no-deps"]),
        ("deny", &["deny", "check", "bans", "licenses", "sources"]),
    ];
    let mut outcomes = Vec::new();
    for (name, args) in steps {
        if *name == "deny" && !has_subcommand("deny") {
            outcomes.push((*name, "skipped: cargo-deny is not installed", 0.0));
            continue;
        }
        println!("── cargo {}", args.join(" "));
        let start = Instant::now();
        let mut command = cargo();
        command.args(*args);
        if *name == "docs" {
            command.env("RUSTDOCFLAGS", "-D warnings");
        }
        let status = command.status().with_context(|| format!("cargo {}", args.join(" ")))?;
        let outcome = if status.success() { "ok" } else { "FAILED" };
        outcomes.push((*name, outcome, start.elapsed().as_secs_f64()));
    }
    println!("── check");
    for (name, outcome, seconds) in &outcomes {
        println!("{name:<8} {seconds:6.1} s  {outcome}");
    }
    Ok(outcomes.iter().all(|(_, outcome, _)| *outcome != "FAILED"))
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The target that rustc builds for by itself.
pub(crate) fn host() -> Result<String> {
    let told = Command::new("rustc").arg("-vV").output().context("rustc")?;
    let told = String::from_utf8(told.stdout)?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV")?.to_owned())
}

/// Whether `cargo NAME` is installed.
pub(crate) fn has_subcommand(name: &str) -> bool {
    let silent =
        cargo().args([name, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    silent.is_ok_and(|status| status.success())
}
