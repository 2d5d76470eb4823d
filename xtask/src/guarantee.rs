//! `cargo xtask guarantee`: every proof of the guarantee, one after the other, and one table.
//!
//! Each proof is an errand of its own that writes its key figures into a file; here they are run, and
//! the figures laid side by side. What a machine forbids is told with its reason and counts as neither.

use std::path::Path;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;
use serde_json::{Map, Value};

use crate::{errands, exposure, flaws, fuzz};

/// One proof: its word, how it is run at full size and quickly.
struct Proof {
    name: &'static str,
    run: fn(&[String]) -> Result<bool>,
    full: &'static [&'static str],
    quick: &'static [&'static str],
}

const PROOFS: &[Proof] = &[
    Proof {
        name: "simulate",
        run: errands::simulate,
        full: &["--lives", "10000000", "--planted", "1000", "--all-triples"],
        quick: &["--lives", "300000", "--planted", "1000"],
    },
    Proof { name: "crash", run: errands::crash, full: &[], quick: &["--points", "24"] },
    Proof { name: "flaws", run: flaws::run, full: &[], quick: &[] },
    Proof { name: "siege", run: errands::siege, full: &[], quick: &["--quick"] },
    Proof { name: "fuzz", run: fuzz::run, full: &["--minutes", "1"], quick: &["--minutes", "0.1"] },
    Proof { name: "exposure", run: exposure::run, full: &[], quick: &[] },
];

/// A row of the table: what people read, and the figures that it shows.
const ROWS: &[(&str, &[&str])] = &[
    ("lives simulated", &["simulate_lives"]),
    ("faults injected", &["simulate_faults"]),
    (
        "triples (state × event × fault) visited, of",
        &["simulate_triples_visited", "simulate_triples_reachable"],
    ),
    ("longest hang-up, simulated seconds", &["simulate_longest_hang_up_s"]),
    ("planted mistakes found, of", &["planted_found", "planted_kinds"]),
    ("the last one found after lives", &["planted_slowest_lives"]),
    ("crash points tried on a real kernel", &["crash_points"]),
    ("situations", &["crash_situations"]),
    ("leaks found", &["crash_leaks"]),
    ("longest healing, ms", &["crash_longest_healing_ms"]),
    (
        "packets sent while a manager is restarted, lost of them",
        &["restart_packets", "restart_packets_lost"],
    ),
    ("flaws of the field that do no harm here, of", &["flaws_held", "flaws_numbers"]),
    ("by number", &["flaws_by_number"]),
    ("sieges that hold, of", &["siege_held", "siege_stories"]),
    ("most that a besieged process grew, MiB", &["siege_most_growth_mib"]),
    ("longest honest dial meanwhile, ms", &["siege_longest_honest_ms"]),
    ("fuzz executions", &["fuzz_executions"]),
    ("edges reached, all ordeals", &["fuzz_edges"]),
    ("ordeals stood but for", &["fuzz_ordeals", "fuzz_faults"]),
    ("exposure of the systemd unit, of 10", &["exposure"]),
];

/// Runs all proofs; `false` when one found something.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    let quick = match args {
        [] => false,
        [word] if word == "--quick" => true,
        _ => bail!("guarantee takes nothing but --quick"),
    };
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let folder = metadata.target_directory.as_std_path().join("guarantee");
    std::fs::create_dir_all(&folder)?;
    let (mut figures, mut all_hold, mut told) = (Map::new(), true, Vec::new());
    for proof in PROOFS {
        println!("── {}", proof.name);
        let file = folder.join(format!("{}.json", proof.name));
        // Figures of an earlier run are no figures of this one.
        drop(std::fs::remove_file(&file));
        let words = if quick { proof.quick } else { proof.full };
        let mut args: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        args.extend(["--figures".to_owned(), file.display().to_string()]);
        let holds = (proof.run)(&args)?;
        all_hold &= holds;
        match read(&file)? {
            Some(read) => figures.extend(read),
            None if holds => told.push(format!("{}: skipped, see above", proof.name)),
            None => told.push(format!("{}: FAILED, see above", proof.name)),
        }
    }
    print(&figures);
    told.iter().for_each(|line| println!("{line}"));
    println!("{}", if all_hold { "the guarantee holds" } else { "THE GUARANTEE DOES NOT HOLD" });
    Ok(all_hold)
}

fn read(file: &Path) -> Result<Option<Map<String, Value>>> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        text => Ok(Some(serde_json::from_str(&text?).context("the figures")?)),
    }
}

fn print(figures: &Map<String, Value>) {
    println!("\n| the guarantee | |\n|---|---|");
    for (label, names) in ROWS {
        let values: Vec<String> = names.iter().filter_map(|n| figures.get(*n)).map(show).collect();
        if values.len() == names.len() {
            println!("| {label} | {} |", values.join(" / "));
        }
    }
    println!();
    for (name, value) in figures.iter().filter(|(name, _)| name.starts_with("fault ")) {
        println!("{:<40}{:>12}", name, show(value));
    }
    println!();
}

/// Whole numbers in groups of three, others with three decimals.
fn show(value: &Value) -> String {
    match (value.as_u64(), value.as_f64()) {
        (Some(whole), _) => {
            let digits = whole.to_string();
            let grouped = digits.as_bytes().rchunks(3).rev();
            let groups: Vec<_> = grouped.map(String::from_utf8_lossy).collect();
            groups.join(" ")
        }
        (None, Some(number)) => format!("{number:.3}"),
        (None, None) => value.as_str().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_as_people_read_them() {
        assert_eq!(show(&Value::from(1_000_007)), "1 000 007");
        assert_eq!(show(&Value::from(12)), "12");
        assert_eq!(show(&Value::from(2.5)), "2.500");
        assert_eq!(show(&Value::from("x")), "x");
    }
}
