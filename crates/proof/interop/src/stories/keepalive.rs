//! A quiet minute: the server asks every 5 s whether we live, and hangs up after three silences.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::stage::Stage;

const QUIET: Duration = Duration::from_secs(65);

pub(super) fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    let row = stage.connect(&[])?;
    let held = stage.lab.sessions()?;
    std::thread::sleep(QUIET);
    let list = stage.manager()?.list()?;
    ensure!(list.len() == 1 && list[0]["state_name"] == "RASCS_Connected", "{list:?}");
    ensure!(list[0]["handle"] == row["handle"], "another connection: {list:?}");
    // The same pppd on the same carrier: after 20 s without an answer it would have hung up.
    let still = stage.lab.sessions()?;
    for line in held.lines() {
        ensure!(still.contains(line), "“{line}” was expected among:\n{still}");
    }
    stage.echo(64 * 1024, None)?;
    stage.hang_up(&row)
}
