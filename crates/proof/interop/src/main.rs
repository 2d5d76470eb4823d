//! onhook against servers that nobody here wrote: the stories, and their runner.
//!
//! `cargo xtask interop [STORY…]` builds the program and runs this, as root. The lab (`peer-vm`, see
//! README.md) holds the servers; the program runs on its own [`ground`]: the lab's network namespace,
//! and folders of its own in the places that a manager touches (`/etc`, `/run`, `/var/lib`), so that
//! the machine's name resolution is never at risk. Every story starts a manager of its own, drives the
//! real command line, and asks both sides what is left at the end: the servers (`peer-vm sessions`) and
//! the kernel ([`snapshot`]).
//!
//! A plain `cargo test` runs none of this. Environment: `ONHOOK` (the program), `PEER_VM` (the lab's
//! switch), `INTEROP_KEEP` (leave the lab running at the end).

#![forbid(unsafe_code)]

mod echo;
mod ground;
mod lab;
mod manager;
mod snapshot;
mod stage;
mod stories;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::ground::Ground;
use crate::lab::Lab;
use crate::stage::Stage;
use crate::stories::{STORIES, Story};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.first().map(String::as_str) {
        Some("--list") => {
            STORIES.iter().for_each(|story| println!("{:<22} {}", story.name, story.about));
            Ok(true)
        }
        // Ourselves again, inside the ground, where the sockets are.
        Some("--echo") => echo::main(&words[1..]).map(|()| true),
        _ => play(&words),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("interop: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Plays the stories named, or all.
fn play(names: &[String]) -> Result<bool> {
    let chosen = choose(names)?;
    let program = PathBuf::from(std::env::var_os("ONHOOK").context("ONHOOK names no program")?);
    let lab = Lab::up()?;
    let ground = Ground::prepare(&lab, &program)?;
    println!("\nrunning {} stories", chosen.len());
    let (start, mut failures) = (Instant::now(), Vec::new());
    for story in &chosen {
        if let Err(error) = play_one(story, &lab, &ground) {
            failures.push((story.name, error));
        }
    }
    for (name, error) in &failures {
        println!("\n---- {name} ----");
        error.chain().for_each(|cause| println!("{cause}"));
    }
    drop(ground);
    if std::env::var_os("INTEROP_KEEP").is_none() {
        lab.stop();
    }
    let verdict = if failures.is_empty() { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {verdict}. {} passed; {} failed; 0 ignored; 0 measured; {} filtered out; \
         finished in {:.2}s",
        chosen.len() - failures.len(),
        failures.len(),
        STORIES.len() - chosen.len(),
        start.elapsed().as_secs_f64()
    );
    Ok(failures.is_empty())
}

fn choose(names: &[String]) -> Result<Vec<&'static Story>> {
    for name in names {
        if !STORIES.iter().any(|story| story.name.contains(name.as_str())) {
            bail!("no story is called “{name}”; --list names them");
        }
    }
    let wanted =
        |story: &&Story| names.is_empty() || names.iter().any(|n| story.name.contains(n.as_str()));
    Ok(STORIES.iter().filter(wanted).collect())
}

/// Plays one story on a clean stage, and sees to it that the next finds one too.
fn play_one(story: &Story, lab: &Lab, ground: &Ground) -> Result<()> {
    print!("test {} ... ", story.name);
    std::io::Write::flush(&mut std::io::stdout())?;
    let mut stage = Stage::new(lab, ground, story.name);
    let start = Instant::now();
    let told = (story.play)(&mut stage);
    let told = told.and_then(|()| stage.is_clean().context("at the end of the story"));
    let told = told.map_err(|error| error.context(stage.last_words()));
    let figures = stage.figures();
    stage.clear(told.is_err());
    let verdict = if told.is_ok() { "ok" } else { "FAILED" };
    println!("{verdict} ({figures}{:.1} s)", start.elapsed().as_secs_f64());
    told
}
