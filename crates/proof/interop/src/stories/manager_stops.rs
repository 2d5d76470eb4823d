//! The manager's own end: told to stop it hangs up, killed it is cleaned after.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::stage::Stage;

pub(super) fn told(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    stage.connect(&[])?;
    let start = Instant::now();
    stage.manager()?.signal("TERM")?;
    let status = stage.manager()?.wait(Duration::from_secs(10))?;
    stage.figure("stopped after", start.elapsed());
    ensure!(status.success(), "the manager ended with {status}");
    stage.server_is_empty()?;
    stage.host_is_as_before()
}

pub(super) fn killed(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    let row = stage.connect(&[])?;
    let first = row["handle"].as_str().unwrap_or_default().to_owned();
    stage.manager()?.signal("KILL")?;
    stage.manager()?.wait(Duration::from_secs(5))?;
    let start = Instant::now();
    stage.start(false)?;
    stage.figure("started again after", start.elapsed());
    stage.host_is_as_before()?;
    let list = stage.manager()?.list()?;
    ensure!(list.is_empty(), "an empty list was expected: {list:?}");
    stage.manager()?.onhook(&["status", &first])?.failed_with(&["6"])?;
    // Nobody said goodbye to the server: it takes its own time.
    stage.lab.wait_until_empty(Duration::from_secs(30))?;
    let row = stage.connect(&[])?;
    let second = row["handle"].as_str().unwrap_or_default();
    ensure!(second != first, "the handle {first} was given twice");
    stage.hang_up(&row)
}
