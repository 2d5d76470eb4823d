//! `exposure`: what systemd's own judge says of the unit that is delivered.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

const UNIT: &str = "packaging/onhook.service";
/// In tenths, as `systemd-analyze` wants its threshold: 2.0.
const MOST: u32 = 20;

/// Prints the figure; `false` when it is above the bound.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    let figures = match args {
        [] => None,
        [word, file] if word == "--figures" => Some(PathBuf::from(file)),
        _ => bail!("exposure takes nothing but --figures FILE"),
    };
    let mut judge = Command::new("systemd-analyze");
    judge.args(["security", "--offline=true", "--no-pager"]);
    let output = match judge.arg(format!("--threshold={MOST}")).arg(UNIT).output() {
        Ok(output) => output,
        Err(error) => {
            println!("exposure: skipped: systemd-analyze cannot be run ({error})");
            return Ok(true);
        }
    };
    let said = String::from_utf8_lossy(&output.stdout);
    let overall = said.lines().find(|line| line.contains("Overall exposure level"));
    let level = overall.and_then(|line| line.split(':').nth(1)).unwrap_or_default();
    let level: f64 = level
        .split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("systemd-analyze gave no figure: {said}"))?;
    let holds = output.status.success();
    for line in said.lines().filter(|line| line.starts_with('✗')) {
        println!("{line}");
    }
    let most = f64::from(MOST) / 10.0;
    println!("exposure: {level:.1}, at most {most:.1}: {}", if holds { "ok" } else { "TOO MUCH" });
    if let Some(file) = figures {
        std::fs::write(file, json!({ "exposure": level }).to_string())?;
    }
    Ok(holds)
}
