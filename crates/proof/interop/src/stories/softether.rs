//! L2TP with SoftEther, whose PPP, NAT and DHCP are its own: none of it is pppd's.

use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::stage::Stage;

/// Where it answers, in a namespace of its own, and what lies behind it.
const ADDRESS: &str = "10.78.0.2";
const ECHO: &str = "10.79.0.1:7";
/// The budget of a hang-up, and what a busy machine takes beside.
const LIMIT: Duration = Duration::from_millis(3500);
/// SoftEther forgets a session by a thread of its own, some tenths of a second after it has acknowledged.
const FORGETS: Duration = Duration::from_secs(5);

/// The server; it ends with the value.
struct SoftEther {
    script: std::path::PathBuf,
}

impl SoftEther {
    fn up(stage: &Stage<'_>) -> Result<Self> {
        let server = Self { script: stage.lab.file("softether") };
        server.call(&["up", stage.lab.word("NETNS")])?;
        Ok(server)
    }

    fn call(&self, words: &[&str]) -> Result<String> {
        let output = Command::new(&self.script).args(words).output().context("lab/softether")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            bail!("softether {words:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(said)
    }

    /// The server has forgotten everybody.
    fn is_empty(&self, stage: &mut Stage<'_>) -> Result<()> {
        let took = stage.wait_until("SoftEther forgetting the session", FORGETS, |_| {
            Ok(self.call(&["sessions"])?.trim().is_empty())
        })?;
        stage.figure("forgotten after", took);
        Ok(())
    }
}

impl Drop for SoftEther {
    fn drop(&mut self) {
        if let Err(error) = self.call(&["down"]) {
            eprintln!("{error:#}");
        }
    }
}

pub(super) fn play(stage: &mut Stage<'_>) -> Result<()> {
    let server = Rc::new(SoftEther::up(stage)?);
    // Its wire is part of the host until the story is over.
    stage.keep(server.clone());
    stage.start(false)?;
    calls(stage, &server)
}

fn calls(stage: &mut Stage<'_>, server: &SoftEther) -> Result<()> {
    let words = ["--device", "l2tp", "--phone-number", ADDRESS];
    let words = [words.as_slice(), &["--no-default-route", "--route", "10.79.0.0/24"]].concat();

    let row = stage.connect(&words)?;
    ensure!(!server.call(&["sessions"])?.trim().is_empty(), "SoftEther knows nobody");
    stage.echo_at(ECHO, 64 * 1024)?;
    stage.hang_up(&row)?;
    server.is_empty(stage)?;

    let said = stage.dial_with("not-her-password", &words)?;
    said.failed_with(&["691"])?;
    server.is_empty(stage)?;

    let row = stage.connect(&words)?;
    let handle = row["handle"].as_str().unwrap_or_default().to_owned();
    // Its address goes, and with it every word of its.
    server.call(&["run", "ip addr del 10.78.0.2/24 dev se-server"])?;
    let said = stage.manager()?.onhook(&["hangup", &handle])?;
    said.succeeded()?;
    stage.figure("hang-up in the dark", said.took);
    ensure!(said.took < LIMIT, "a hang-up with a dead peer took {:?}", said.took);
    stage.manager()?.onhook(&["status", &handle])?.failed_with(&["6"])?;
    stage.host_is_as_before()
}
