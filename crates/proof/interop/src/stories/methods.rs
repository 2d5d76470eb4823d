//! Other ways of proving who one is, where the entry allows them.
//!
//! The server's side of these two has no keys, and this SSTP server waits for keys for ever: it lets
//! control frames pass and no packets (its own client fares alike). So they are dialed and hung up.

use anyhow::{Result, ensure};

use crate::stage::Stage;

pub(super) fn pap(stage: &mut Stage<'_>) -> Result<()> {
    play(stage, "pap", "AuthRestrictions=8", "PAP")
}

pub(super) fn chap(stage: &mut Stage<'_>) -> Result<()> {
    play(stage, "chap", "AuthRestrictions=32", "CHAP")
}

fn play(stage: &mut Stage<'_>, method: &str, key: &str, name: &str) -> Result<()> {
    stage.lab.auth(method)?;
    stage.start(false)?;
    let book = stage.phonebook(&[key])?;
    let row = stage.connect(&["--phonebook", &book, "peer"])?;
    let shown = row["projection"]["authentication"].as_str().unwrap_or_default();
    ensure!(shown.contains(name), "{name} was expected: {row}");
    stage.hang_up(&row)
}

/// The entry allows MS-CHAP v2 only; the server insists on PAP.
pub(super) fn refused(stage: &mut Stage<'_>) -> Result<()> {
    stage.lab.auth("pap")?;
    stage.start(false)?;
    let mark = stage.lab.log_mark()?;
    let said = stage.dial(&[])?;
    ensure!(said.status.code() == Some(1), "a refusal was expected: {said}");
    stage.figure("refused after", said.took);
    stage.server_is_empty()?;
    let log = stage.lab.log_since(mark)?;
    for word in ["PAP AuthReq", "alice"] {
        ensure!(!log.contains(word), "“{word}” reached the server:\n{log}");
    }
    Ok(())
}
