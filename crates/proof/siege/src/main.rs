//! `cargo xtask siege`: the real program besieged, by peers and by local clients.
//!
//! A manager and an answering server run as processes of their own, on loopback, without rights. Each
//! story floods one of them, or says something without end, and meanwhile somebody honest dials (or
//! asks): it must get through in its time. The memory and the descriptors of the besieged process are
//! read before, all the while, and after; each has a bound, and a story above its bound fails.

#![forbid(unsafe_code)]

mod besieged;
mod callers;
mod clients;
mod server;
mod stories;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::stories::{STORIES, Scale};
use crate::table::Table;

/// Floods the manager and the answering server, and says what they took.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask siege")]
struct Args {
    /// The program
    #[arg(long, value_name = "FILE", env = "ONHOOK")]
    onhook: PathBuf,
    /// A tenth of everything
    #[arg(long)]
    quick: bool,
    /// Only stories whose name holds this
    #[arg(long, value_name = "WORD")]
    story: Option<String>,
    /// Write the key figures here, as JSON
    #[arg(long, value_name = "FILE")]
    figures: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("siege: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<bool> {
    let descriptors = raise_descriptors()?;
    let scale = Scale { divisor: if args.quick { 10 } else { 1 }, descriptors };
    let mut table = Table::default();
    for story in STORIES {
        if args.story.as_ref().is_some_and(|word| !story.name.contains(word.as_str())) {
            continue;
        }
        let ground = besieged::Ground::prepare(&args.onhook).context("the ground")?;
        let outcome = (story.play)(&ground, scale).with_context(|| story.name.to_owned())?;
        table.add(story.name, story.bound_mib, outcome);
    }
    table.print();
    if let Some(path) = &args.figures {
        std::fs::write(path, table.figures().to_string())?;
    }
    Ok(table.holds())
}

/// As many descriptors as this process may have.
fn raise_descriptors() -> Result<usize> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    Ok(usize::try_from(most)?)
}
