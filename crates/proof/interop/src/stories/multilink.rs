//! Two lines to Debian's pppd and the kernel's multilink, as one connection.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::stage::Stage;

/// The lines, by what the lab calls them: one asks for CHAP, the other for MS-CHAP v2.
const LINES: [&str; 2] = ["SERIAL_CHAP", "SERIAL_MSCHAPV2"];
/// Makes the servers on these lines bundle their calls, from the next one on.
const BUNDLES: &str = "for n in 1 2; do \
     printf 'multilink\\nendpoint local:0badcafe\\n' >> /etc/ppp/options.serial-$n; done; \
     pkill -TERM -f '^pppd /dev/ttyS[12] '; true";
/// Puts them back.
const BUNDLES_NO_MORE: &str = "for n in 1 2; do sed -i '/^multilink$/d; /^endpoint /d' /etc/ppp/options.serial-$n; done; \
     pkill -TERM -f '^pppd /dev/ttyS[12] '; true";

pub(super) fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    stage.lab.run(BUNDLES)?;
    let told = two_lines(stage);
    stage.lab.run(BUNDLES_NO_MORE)?;
    told?;
    stage.is_clean()
}

fn two_lines(stage: &mut Stage<'_>) -> Result<()> {
    let book = book(stage)?;
    let words = ["lines", "--phonebook", &book];
    let row = stage.connect(&words)?;
    stage.echo(64 * 1024, None)?;
    let row = the_row(stage, &row)?;
    for link in 0..LINES.len() {
        for way in ["bytes_in", "bytes_out"] {
            let passed = row["links"][link]["traffic"][way].as_u64().unwrap_or_default();
            ensure!(passed > 20_000, "both links carry, both ways: {row}");
        }
    }

    let second = row["links"][1]["handle"].as_str().context("a link's handle")?.to_owned();
    let said = stage.manager()?.onhook(&["hangup", &second])?;
    said.succeeded()?;
    stage.figure("hang-up of one link", said.took);
    stage.manager()?.onhook(&["status", &second])?.failed_with(&["6"])?;
    stage.echo(64 * 1024, None)?;
    let row = the_row(stage, &row)?;
    ensure!(row["state_name"] == "RASCS_Connected", "the other link goes on: {row}");
    stage.hang_up(&row)?;

    // All links at once, with both of them up.
    let row = stage.connect(&words)?;
    stage.hang_up(&row)?;

    // A server that gives up one link.
    stage.connect(&words)?;
    stage.lab.run("pkill -TERM -f '^pppd /dev/ttyS2 '; true")?;
    stage.wait_until("noticing the end of a link", Duration::from_secs(10), |stage| {
        let list = stage.manager()?.list()?;
        let gone = |row: &Value| row["links"][1]["handle"].is_null();
        Ok(list.iter().all(|row| gone(row) || row["state_name"] == "RASCS_Disconnected"))
    })?;
    for row in stage.manager()?.list()? {
        let handle = row["handle"].as_str().unwrap_or_default().to_owned();
        stage.manager()?.onhook(&["hangup", &handle])?.succeeded()?;
    }
    stage.is_clean()
}

/// What the list says now.
fn the_row(stage: &mut Stage<'_>, row: &Value) -> Result<Value> {
    let list = stage.manager()?.list()?;
    ensure!(list.len() == 1 && list[0]["handle"] == row["handle"], "one row: {list:?}");
    Ok(list[0].clone())
}

/// A phone book whose one entry dials all lines.
fn book(stage: &mut Stage<'_>) -> Result<String> {
    let mut book = "[lines]\r\nDialMode=1\r\nIpPrioritizeRemote=0\r\nIpv6PrioritizeRemote=0\r\n\
                    OnhookRoutes=10.88.0.0/24\r\n"
        .to_owned();
    for line in LINES {
        let port = std::fs::canonicalize(stage.lab.word(line))?;
        book += &format!("\r\nMEDIA=serial\r\nPort={}\r\nDevice={line}\r\n", port.display());
        book += "\r\nDEVICE=SERIAL\r\n";
    }
    let path = stage.manager()?.folder().join("lines.pbk");
    std::fs::write(&path, book)?;
    Ok(path.display().to_string())
}
