//! `cargo xtask crash`: real processes on a real kernel, killed at every crash point that they pass.
//!
//! Everything happens in user, network, mount and process namespaces of its own, so that neither root
//! nor the machine's network is needed: a server's host behind a router, a caller's host with its own
//! `/etc`, `/run` and `/var/lib`. The answering side, the manager and the dialing client are the real
//! program, built with the feature `crash-points`. A picture of the whole world is taken before, the
//! program is killed by SIGKILL at the N-th point that it passes, it is started again, and the picture
//! is taken again: whatever differs is a leak.

#![forbid(unsafe_code)]

mod ground;
mod line;
mod links;
mod over;
mod picture;
mod program;
mod restart;
mod situations;
mod tally;

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::ground::Ground;
use crate::situations::SITUATIONS;
use crate::tally::Tally;

/// Says that this process is the inner one.
const INSIDE: &str = "ONHOOK_CRASH_INSIDE";
/// The exit status for a machine that forbids what is needed.
const CANNOT_RUN: u8 = 77;

/// Kills the program at every crash point, in several situations, and looks for what is left.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask crash")]
pub(crate) struct Args {
    /// The program, built with the feature crash-points
    #[arg(long, value_name = "FILE", env = "ONHOOK")]
    onhook: PathBuf,
    /// The most points that are tried in one situation, spread evenly; all when it is not said
    #[arg(long, value_name = "N")]
    points: Option<u64>,
    /// Only situations whose name holds this
    #[arg(long, value_name = "WORD")]
    situation: Option<String>,
    /// Copy the logs of all programs into this folder at the end
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
    /// Write the key figures here, as JSON
    #[arg(long, value_name = "FILE")]
    figures: Option<PathBuf>,
}

fn main() -> ExitCode {
    if let Ok(port) = std::env::var(restart::ECHO) {
        // It ends by being killed; an error is as good.
        return match restart::echo(&port) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let args = Args::parse();
    if std::env::var_os(INSIDE).is_none() {
        return outside();
    }
    match inside(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("crash: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Calls this program again in namespaces of its own.
fn outside() -> ExitCode {
    if let Err(why) = can_run() {
        println!("skipped: {why}");
        return ExitCode::from(CANNOT_RUN);
    }
    let me = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
    let words = ["--user", "--map-root-user", "--net", "--mount", "--pid", "--fork"];
    let error = Command::new("unshare")
        .args(words)
        .args(["--kill-child", "--mount-proc", "--"])
        .arg(me)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, "1")
        .exec();
    eprintln!("crash: unshare: {error}");
    ExitCode::from(2)
}

fn can_run() -> Result<(), String> {
    for program in ["unshare", "nsenter", "ip"] {
        let found = std::env::var_os("PATH").is_some_and(|path| {
            std::env::split_paths(&path)
                .chain(["/usr/sbin".into(), "/sbin".into()])
                .any(|f| f.join(program).exists())
        });
        if !found {
            return Err(format!("the program {program} is missing"));
        }
    }
    let words =
        ["--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--mount-proc"];
    match Command::new("unshare").args(words).arg("true").output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => return Err(format!("unshare: {error}")),
    }
    match std::fs::File::options().read(true).write(true).open("/dev/net/tun") {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("/dev/net/tun: {error}")),
    }
}

fn inside(args: &Args) -> Result<bool> {
    let ground = Ground::prepare(&args.onhook).context("the ground")?;
    let mut tally = Tally::new(args.points);
    for situation in SITUATIONS {
        if args.situation.as_ref().is_some_and(|word| !situation.name.contains(word.as_str())) {
            continue;
        }
        tally.begin(situation.name);
        let played = (situation.play)(&ground, &mut tally);
        tally.end();
        if let (Err(_), Some(folder)) = (&played, &args.logs) {
            ground.copy_logs(folder)?;
        }
        played.with_context(|| situation.name.to_owned())?;
    }
    tally.print();
    if let Some(folder) = &args.logs {
        ground.copy_logs(folder)?;
    }
    if let Some(path) = &args.figures {
        std::fs::write(path, tally.figures().to_string())?;
    }
    Ok(tally.leaks() == 0)
}
