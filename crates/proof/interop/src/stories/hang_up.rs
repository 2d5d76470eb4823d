//! When the handle is gone, everything is gone: asked of both sides at that very moment.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use crate::stage::Stage;

pub(super) fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    // The first call may open what the manager keeps for all calls; the second must leave nothing.
    let row = stage.connect(&[])?;
    stage.hang_up(&row)?;
    let before = descriptors(stage)?;

    let row = stage.connect(&[])?;
    let handle = row["handle"].as_str().unwrap_or_default().to_owned();
    let said = stage.manager()?.onhook(&["hangup", &handle])?;
    said.succeeded()?;
    stage.server_is_empty_at_once()?;
    stage.host_is_as_before()?;
    stage.manager()?.onhook(&["status", &handle])?.failed_with(&["6"])?;

    let pid = format!("pid={},", stage.manager()?.pid());
    let sockets = stage.ground.ask(&["ss", "-Htuanp"])?;
    let ours: Vec<&str> = sockets.lines().filter(|line| line.contains(&pid)).collect();
    ensure!(ours.is_empty(), "the manager still has sockets: {ours:?}");
    let after = descriptors(stage)?;
    ensure!(after.len() <= before.len(), "descriptors before: {before:?}\nafter: {after:?}");
    let children =
        std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", stage.manager()?.pid()))?;
    ensure!(children.trim().is_empty(), "the manager still has children: {children}");

    let history = stage.manager()?.onhook(&["history", "--json"])?;
    history.succeeded()?;
    ensure!(history.out.contains(&handle), "the history forgot {handle}: {}", history.out);
    // A hang-up after the last one, and one of a handle that never was.
    stage.manager()?.onhook(&["hangup", &handle])?.failed_with(&["668"])?;
    stage.manager()?.onhook(&["hangup", "0x7fffffffffff"])?.failed_with(&["6"])
}

/// The manager's open descriptors, each with what it leads to.
fn descriptors(stage: &mut Stage<'_>) -> Result<BTreeSet<String>> {
    let folder = format!("/proc/{}/fd", stage.manager()?.pid());
    let mut all = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let to = std::fs::read_link(&path).unwrap_or_default();
        all.insert(format!("{} → {}", path.display(), to.display()));
    }
    Ok(all)
}
