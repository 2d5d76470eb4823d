//! An entry of a phone book with routes of its own and no default route.

use anyhow::{Result, ensure};

use crate::stage::Stage;

pub(super) fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    let book = stage.phonebook(&[
        "IpPrioritizeRemote=0",
        "Ipv6PrioritizeRemote=0",
        "OnhookRoutes=10.88.0.0/16",
    ])?;
    let row = stage.connect(&["--phonebook", &book, "peer"])?;
    ensure!(row["entry"] == "peer", "the entry's name was expected: {row}");
    let interface = row["projection"]["interface"].as_str().unwrap_or_default();
    let routes = stage.ground.ask(&["ip", "-4", "route"])?;
    let inside = format!("10.88.0.0/16 dev {interface}");
    ensure!(routes.contains(&inside), "“{inside}” was expected among:\n{routes}");
    let elsewhere = ["default", "0.0.0.0/1", "128.0.0.0/1"];
    ensure!(
        !routes.lines().any(|line| elsewhere.iter().any(|to| line.starts_with(to))),
        "no default route was expected:\n{routes}"
    );
    stage.echo(64 * 1024, None)?;
    stage.hang_up(&row)
}
