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

/// The first version of MS-CHAP over L2TP, with and without the encryption whose keys it makes; and only
/// where it is asked for.
pub(super) fn ms_chap_v1(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    let address = stage.lab.word("ADDRESS").to_owned();
    let route = ["--no-default-route", "--route", "10.88.0.0/24"];
    let device = ["--device", "l2tp", "--phone-number", &address];
    let words = [&device[..], &route, &["--auth", "ms-chap"]].concat();
    // With fewer bits this server's keys would come of the LAN Manager hash, which it does not make.
    for (option, protection) in [("nomppe", ""), ("require-mppe-128", "MPPE, 128 bits")] {
        let demand = "/share/servers auth l2tp mschap";
        stage.lab.run(&format!("{demand} && echo {option} >> /etc/ppp/options.l2tp"))?;
        let row = stage.connect(&words)?;
        let shown = row["projection"]["authentication"].as_str().unwrap_or_default();
        ensure!(shown == "MS-CHAP", "MS-CHAP was expected: {row}");
        let shown = row["projection"]["protection"].as_str().unwrap_or_default();
        ensure!(shown.starts_with(protection), "{option} was expected: {row}");
        stage.echo(64 * 1024, None)?;
        stage.hang_up(&row)?;
    }
    // This server says that it would hear another password, and then ends the call.
    stage.dial_with("not-her-password", &words)?.failed_with(&["691"])?;
    stage.is_clean()?;
    stage.dial(&[&device[..], &route].concat())?.failed_with(&["812"])?;
    stage.is_clean()?;
    stage.lab.run("/share/servers auth l2tp mschap-v2").map(drop)
}
