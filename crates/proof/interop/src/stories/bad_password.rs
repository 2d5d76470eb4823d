//! A wrong password: 691, tried once, and nothing left on either side.

use anyhow::{Result, ensure};

use crate::stage::Stage;

pub(super) fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    let mark = stage.lab.log_mark()?;
    let said = stage.dial_with("not-her-password", &[])?;
    said.failed_with(&["691"])?;
    stage.figure("refused after", said.took);
    let list = stage.manager()?.list()?;
    ensure!(list.is_empty(), "an empty list was expected: {list:?}");
    stage.server_is_empty()?;
    stage.host_is_as_before()?;
    let log = stage.lab.log_since(mark)?;
    let tries = log.matches("rcvd [CHAP Response").count();
    ensure!(tries == 1, "one try was expected, the server saw {tries}:\n{log}");

    // Kept for a look, it stays listed with its error until it is hung up.
    let said = stage.dial_with("not-her-password", &["--keep-failed"])?;
    said.failed_with(&["691"])?;
    let list = stage.manager()?.list()?;
    ensure!(list.len() == 1, "the failed connection was expected in the list: {list:?}");
    ensure!(list[0]["error"] == 691, "{list:?}");
    ensure!(list[0]["state_name"] == "RASCS_Disconnected", "{list:?}");
    stage.hang_up(&list[0])
}
