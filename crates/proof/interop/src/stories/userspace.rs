//! Traffic without an interface: the user-space stack behind SOCKS5.

use anyhow::{Context, Result, ensure};

use crate::snapshot::Snapshot;
use crate::stage::Stage;

pub(super) fn as_root(stage: &mut Stage<'_>) -> Result<()> {
    play(stage, false, &["--userspace"])
}

pub(super) fn as_user(stage: &mut Stage<'_>) -> Result<()> {
    play(stage, true, &[])
}

fn play(stage: &mut Stage<'_>, ordinary: bool, words: &[&str]) -> Result<()> {
    stage.start(ordinary)?;
    let before = Snapshot::take(stage.ground)?;
    let row = stage.connect(words)?;
    let differences = before.differences(&Snapshot::take(stage.ground)?);
    ensure!(differences.is_empty(), "the host's network was touched:\n{differences}");
    let proxy = row["projection"]["socks5"].as_str().context("a SOCKS5 proxy was expected")?;
    stage.echo(64 * 1024, Some(proxy))?;
    stage.echo(1024 * 1024, Some(proxy))?;
    stage.hang_up(&row)
}
