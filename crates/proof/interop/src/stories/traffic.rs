//! Traffic both ways through the interface, every octet compared.

use anyhow::{Result, ensure};

use crate::stage::Stage;

pub(super) fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    let row = stage.connect(&[])?;
    stage.echo(64 * 1024, None)?;
    stage.echo(1024 * 1024, None)?;
    let list = stage.manager()?.list()?;
    let traffic = &list[0]["traffic"];
    for direction in ["bytes_in", "bytes_out"] {
        let counted = traffic[direction].as_u64().unwrap_or(0);
        ensure!(counted > 1024 * 1024, "{direction}: {counted} are counted of more than a MiB");
    }
    stage.hang_up(&row)
}
