//! Dial by MS-CHAP v2, and see it in the list and in the server's own.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::stage::Stage;

const SCRIPT_LIMIT: Duration = Duration::from_secs(5);

pub(super) fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    let row = stage.connect(&[])?;
    let number = format!(".{}", stage.lab.word("TLS_NAME"));
    ensure!(row["entry"] == number.as_str(), "the number that was dialed was expected: {row}");
    ensure!(row["device_type"] == "vpn", "{row}");
    let address = row["projection"]["ipv4"].as_str().unwrap_or_default();
    ensure!(!address.is_empty(), "an address was expected: {row}");
    let dns = row["projection"]["dns"].to_string();
    ensure!(dns.contains("10.88.0.53") && dns.contains("10.88.0.54"), "name servers: {row}");

    // The server's own list follows a little later: it is written by a script.
    let line = format!("user=alice {} -> {address}", stage.lab.word("INSIDE_ADDRESS"));
    stage.wait_until(&format!("“{line}” in the server's list"), SCRIPT_LIMIT, |stage| {
        Ok(stage.lab.sessions()?.contains(&line))
    })?;

    let interface = row["projection"]["interface"].as_str().unwrap_or_default();
    let shown = stage.ground.ask(&["ip", "address", "show", "dev", interface])?;
    ensure!(shown.contains(&format!("inet {address} ")), "{shown}");
    let resolver = stage.ground.ask(&["cat", "/etc/resolv.conf"])?;
    ensure!(resolver.contains("nameserver 10.88.0.53"), "resolv.conf while connected:\n{resolver}");
    stage.hang_up(&row)
}
