//! `cargo xtask simulate`: very many lives, and what came of them.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Parser;
use onhook_lives::run::{Found, planted, run};
use onhook_lives::script::Script;
use onhook_lives::shrink::shrink;
use onhook_lives::{Tally, play};

/// Plays lives of connections under an invented clock, and checks every step of each.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate")]
struct Args {
    /// The number of the first world; the same number gives the same lives.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many lives to live at least; a world has one to six of them.
    #[arg(long, default_value_t = 100_000)]
    lives: u64,
    /// Threads; every core when it is not said.
    #[arg(long)]
    threads: Option<usize>,
    /// Tell everything that happens in the first world.
    #[arg(long)]
    trace: bool,
    /// Plant mistakes on purpose and see that each is found within this many lives.
    #[arg(long, value_name = "LIVES")]
    planted: Option<u64>,
    /// Fail when a (state × event × fault) triple that can be visited was not.
    #[arg(long)]
    all_triples: bool,
    /// Write every triple with its visits here, as comma-separated values.
    #[arg(long, value_name = "FILE")]
    coverage: Option<PathBuf>,
    /// Write the key figures here, as JSON.
    #[arg(long, value_name = "FILE")]
    figures: Option<PathBuf>,
}

fn main() -> ExitCode {
    match simulate(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("simulate: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn simulate(args: &Args) -> Result<bool> {
    if args.trace {
        tell(&Script::draw(args.seed));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    let run = run(args.seed, args.lives, args.threads.unwrap_or(cores));
    let took = began.elapsed();
    if let Some((number, broken)) = run.broken {
        println!("world {number}: {broken}\n");
        println!("played again, shortened:\n");
        tell(&shrink(&Script::draw(number), broken.invariant));
        println!(
            "\nto play the whole world again: cargo xtask simulate --seed {number} --lives 1 --trace"
        );
        return Ok(false);
    }
    let tally = &run.tally;
    println!("{}", tally.coverage.table());
    let missing = tally.coverage.missing();
    let surprises = tally.coverage.surprises();
    for triple in surprises.iter().take(20) {
        println!("visited, though it counts as unreachable: {triple:?}");
    }
    if args.all_triples {
        for triple in missing.iter().take(200) {
            println!("not visited: {triple:?}");
        }
    }
    summary(args.seed, tally, took);
    let found = args.planted.map(|lives| planted(args.seed, lives)).unwrap_or_default();
    print_planted(&found);
    if let Some(path) = &args.coverage {
        std::fs::write(path, tally.coverage.csv()).with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &args.figures {
        let figures = figures(tally, &found).to_string();
        std::fs::write(path, figures).with_context(|| path.display().to_string())?;
    }
    let all_found = found.iter().all(|f| f.broken.is_some());
    let covered = surprises.is_empty() && (!args.all_triples || missing.is_empty());
    Ok(all_found && covered)
}

fn tell(script: &Script) {
    let played = play(script, true, &mut Tally::default());
    println!("{script:#?}\n");
    for line in &played.trace {
        println!("{line}");
    }
    match played.broken {
        Some((life, broken)) => println!("life {life}: {broken}"),
        None => println!("every promise was kept"),
    }
}

fn summary(seed: u64, tally: &Tally, took: std::time::Duration) {
    let faults: u64 = tally.struck.values().sum();
    println!("\nfaults that struck:");
    for (fault, times) in &tally.struck {
        println!("  {:<32}{times:>12}", fault.text());
    }
    println!("\nconnections that came up:");
    for (name, times) in &tally.connected_by {
        println!("  {name:<32}{times:>12}");
    }
    let (visited, reachable) = tally.coverage.visited();
    println!(
        "\n{} lives from seed {seed} ({} came up), {} steps, {faults} faults in {:.1} s; \
         {} lines were lost and {} dialed again; \
         longest hang-up {:.3} s of simulated time; {visited} of {reachable} triples visited; \
         no promise was broken",
        tally.lives,
        tally.connected,
        tally.steps,
        took.as_secs_f64(),
        tally.lost,
        tally.redials,
        tally.longest_hang_up.as_secs_f64(),
    );
}

fn print_planted(found: &[Found]) {
    if found.is_empty() {
        return;
    }
    println!("\nplanted mistake         found after lives   by the broken promise");
    for Found { bug, broken } in found {
        match broken {
            Some((broken, lives)) => {
                println!("{:<24}{lives:>17}   {}", format!("{bug:?}"), broken.invariant.text());
            }
            None => println!("{:<24}{:>17}", format!("{bug:?}"), "NOT FOUND"),
        }
    }
}

fn figures(tally: &Tally, found: &[Found]) -> serde_json::Value {
    let (visited, reachable) = tally.coverage.visited();
    let mut figures = serde_json::json!({
        "simulate_lives": tally.lives,
        "simulate_connected": tally.connected,
        "simulate_steps": tally.steps,
        "simulate_faults": tally.struck.values().sum::<u64>(),
        "simulate_longest_hang_up_s": tally.longest_hang_up.as_secs_f64(),
        "simulate_triples_visited": visited,
        "simulate_triples_reachable": reachable,
    });
    if let Some(map) = figures.as_object_mut() {
        for (fault, times) in &tally.struck {
            map.insert(format!("fault {}", fault.text()), (*times).into());
        }
        if !found.is_empty() {
            let hits = found.iter().filter_map(|f| f.broken.as_ref());
            map.insert("planted_kinds".to_owned(), found.len().into());
            map.insert("planted_found".to_owned(), hits.clone().count().into());
            let slowest = hits.map(|(_, lives)| *lives).max().unwrap_or(0);
            map.insert("planted_slowest_lives".to_owned(), slowest.into());
        }
    }
    figures
}
