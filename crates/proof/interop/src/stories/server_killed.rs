//! The server dies in the middle of a call.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::stage::Stage;

pub(super) fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    let row = stage.connect(&[])?;
    let handle = row["handle"].as_str().unwrap_or_default().to_owned();
    stage.lab.run("pkill -9 -f -- '-m sstpd'")?;
    let noticed = stage.wait_until("noticing", Duration::from_secs(10), |stage| {
        let list = stage.manager()?.list()?;
        Ok(list.iter().all(|row| row["state_name"] == "RASCS_Disconnected"))
    })?;
    stage.figure("noticed after", noticed);
    // Its network is gone before anybody hangs up; the failed connection may stay listed.
    stage.wait_until("cleaning", Duration::from_secs(5), |stage| {
        Ok(stage.host_is_as_before().is_ok())
    })?;
    for row in stage.manager()?.list()? {
        ensure!(row["error"] != 0, "an error was expected: {row}");
        let handle = row["handle"].as_str().unwrap_or_default().to_owned();
        stage.manager()?.onhook(&["hangup", &handle])?.succeeded()?;
    }
    stage.manager()?.onhook(&["status", &handle])?.failed_with(&["6"])?;
    let history = stage.manager()?.onhook(&["history", "--json"])?;
    ensure!(history.out.contains(&handle), "the history forgot {handle}: {}", history.out);
    // It starts anew, and answers again.
    stage.server_is_empty()?;
    stage.lab.run(
        "i=0; until busybox netstat -tln | busybox grep -q ':443 '; do \
         i=$((i + 1)); [ $i -lt 100 ] || exit 1; busybox usleep 100000; done",
    )?;
    let row = stage.connect(&[])?;
    stage.hang_up(&row)
}
