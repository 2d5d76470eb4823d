//! pppd at the other end of a line or of a telephone call: the modems are emulated, what they carry is not.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context as _, Result};

use super::callers;
use super::links::{self, Server};
use crate::stage::Stage;

/// The number of the modem that we have, and that of pppd's.
const OURS: &str = "5551234";
const THEIRS: &str = "5555678";
/// Where pppd reaches its modem.
const PORT: &str = "10.77.0.1:5000";
/// What makes the server's pppd take the calls that come there, take them and say nothing, or not be there.
const TAKES_CALLS: &str = "/share/servers modem 10.77.0.1 5000";
const TAKES_CALLS_MUTELY: &str = "/share/servers modem 10.77.0.1 5000 mute";
const TAKES_NONE: &str = "/share/servers modem off";

/// A line over TCP, in async framing.
const SERIAL: &str = "pppd pty 'busybox nc 10.77.0.1 4000' updetach >/dev/null || \
{ busybox tail -20 /tmp/c.log; exit 1; }
up; ping; busybox killall pppd; gone
";

/// chat dials, and pppd calls.
const CALLER: &str = "pppd pty 'busybox nc 10.77.0.1 5000' updetach \
connect \"chat -t 20 ABORT BUSY ABORT 'NO CARRIER' '' ATZ OK ATDT5551234 CONNECT ''\" >/dev/null || \
{ busybox tail -20 /tmp/c.log; exit 1; }
up; ping; busybox killall pppd; gone
";

pub(super) fn called_by_serial(stage: &mut Stage<'_>) -> Result<()> {
    callers::play(stage, &["--serial", "tcp://10.77.0.1:4000"], SERIAL)
}

pub(super) fn called_by_modem(stage: &mut Stage<'_>) -> Result<()> {
    let exchange = Exchange::start(stage)?;
    callers::play(stage, &["--modem", &exchange.ours], CALLER)
}

pub(super) fn dials_a_modem(stage: &mut Stage<'_>) -> Result<()> {
    let exchange = Exchange::start(stage)?;
    stage.lab.run(TAKES_CALLS)?;
    let played = play(stage, &exchange.ours);
    stage.lab.run(TAKES_NONE)?;
    played?;
    // Nobody takes the call now, for as long as the modem is told to let it ring.
    let words = ["--device", "modem", "--port", &exchange.ours, "--phone-number", THEIRS];
    stage.dial(&[&words[..], &["--modem-setting", "ATS7=2"]].concat())?.failed_with(&["678"])?;
    stage.is_clean()
}

fn play(stage: &mut Stage<'_>, ours: &str) -> Result<()> {
    let words = ["--device", "modem", "--port", ours, "--phone-number", THEIRS];
    let server = Server {
        words: words.map(str::to_owned).to_vec(),
        ends: "pkill -TERM -f '^pppd pty'; true",
        falls_silent: "pkill -STOP -f '^pppd pty'; true",
        speaks_again: TAKES_CALLS,
        takes_calls_mutely: TAKES_CALLS_MUTELY,
    };
    links::play(stage, &server)?;
    // Our own number is busy, and another is nobody's.
    for (number, error) in [(OURS, "676"), ("5550000", "679")] {
        let words = ["--device", "modem", "--port", ours, "--phone-number", number];
        stage.dial(&words)?.failed_with(&[error])?;
        stage.is_clean()?;
    }
    Ok(())
}

/// Two modems that can call one another: one has a terminal here, the other is had over TCP too.
struct Exchange {
    child: Child,
    ours: String,
}

impl Exchange {
    fn start(stage: &Stage<'_>) -> Result<Self> {
        let program = std::env::var_os("EXCHANGE").context("EXCHANGE names no program")?;
        let mut command = stage.ground.command(program, &stage.ground.folder);
        command.arg(OURS).arg(format!("{THEIRS}={PORT}"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut told = BufReader::new(child.stdout.take().context("its output")?).lines();
        let mut next =
            || told.next().context("the exchange has ended")?.map_err(anyhow::Error::from);
        let (first, _second) = (next()?, next()?);
        let ours = first.split_once(' ').context("a number and a terminal")?.1.to_owned();
        Ok(Self { child, ours })
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
