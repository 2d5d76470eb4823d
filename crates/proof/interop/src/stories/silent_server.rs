//! The server vanishes without a word, and then we hang up.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::stage::Stage;

/// The budget of a hang-up, and what a busy machine takes beside.
const LIMIT: Duration = Duration::from_millis(3500);

pub(super) fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    let row = stage.connect(&[])?;
    let handle = row["handle"].as_str().unwrap_or_default().to_owned();
    let told = hang_up_in_the_dark(stage, &handle);
    stage.lab.run(
        "tc qdisc del dev eth0 root; \
         pkill -9 -f 'pppd .*options.sstp'; pkill -9 -f -- '-m sstpd'; sleep 4; true",
    )?;
    told?;
    // The line is back, and so is everything.
    let row = stage.connect(&[])?;
    stage.hang_up(&row)
}

fn hang_up_in_the_dark(stage: &mut Stage<'_>, handle: &str) -> Result<()> {
    // Nothing leaves the server machine any more.
    stage.lab.run("tc qdisc replace dev eth0 root netem loss 100%")?;
    let said = stage.manager()?.onhook(&["hangup", handle])?;
    said.succeeded()?;
    stage.figure("hang-up in the dark", said.took);
    ensure!(said.took < LIMIT, "a hang-up with a dead peer took {:?}", said.took);
    stage.host_is_as_before()?;
    stage.manager()?.onhook(&["status", handle])?.failed_with(&["6"])
}
