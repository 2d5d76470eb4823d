//! What the stories came to.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::besieged::Taken;

/// What a story came to.
pub(crate) struct Outcome {
    /// How much of it there was, in words.
    pub(crate) size: String,
    /// What the besieged took.
    pub(crate) taken: Taken,
    /// How long somebody honest took meanwhile.
    pub(crate) honest: Duration,
}

/// How long somebody honest may take, whatever goes on.
const HONEST: Duration = Duration::from_secs(8);

struct Row {
    name: &'static str,
    bound: u64,
    outcome: Outcome,
}

impl Row {
    fn growth(&self) -> u64 {
        self.outcome.taken.memory[1].saturating_sub(self.outcome.taken.memory[0]) / 1024
    }

    fn holds(&self) -> bool {
        self.growth() <= self.bound
            && self.outcome.honest <= HONEST
            && self.outcome.taken.descriptors[2] <= self.outcome.taken.descriptors[0]
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// One more, with the MiB by which the besieged may grow.
    pub(crate) fn add(&mut self, name: &'static str, bound: u64, outcome: Outcome) {
        println!("{name}: {}", outcome.size);
        self.0.push(Row { name, bound, outcome });
    }

    pub(crate) fn print(&self) {
        println!(
            "\n| Story | Size | MiB before / most / after | growth, of at most | descriptors | \
             somebody honest | |\n|---|---|---|---|---|---|---|"
        );
        for row in &self.0 {
            let Taken { memory, descriptors } = row.outcome.taken;
            let mib = memory.map(|kib| kib / 1024);
            println!(
                "| {} | {} | {} / {} / {} | {} of {} | {} / {} / {} | {} ms | {} |",
                row.name,
                row.outcome.size,
                mib[0],
                mib[1],
                mib[2],
                row.growth(),
                row.bound,
                descriptors[0],
                descriptors[1],
                descriptors[2],
                row.outcome.honest.as_millis(),
                if row.holds() { "holds" } else { "DOES NOT HOLD" }
            );
        }
        println!();
    }

    pub(crate) fn holds(&self) -> bool {
        self.0.iter().all(Row::holds)
    }

    pub(crate) fn figures(&self) -> Value {
        let growth = self.0.iter().map(Row::growth).max().unwrap_or(0);
        let honest = self.0.iter().map(|row| row.outcome.honest.as_millis()).max().unwrap_or(0);
        let mut figures = Map::new();
        figures.insert("siege_stories".to_owned(), json!(self.0.len()));
        let held = self.0.iter().filter(|row| row.holds()).count();
        figures.insert("siege_held".to_owned(), json!(held));
        figures.insert("siege_most_growth_mib".to_owned(), json!(growth));
        figures.insert("siege_longest_honest_ms".to_owned(), json!(u64::try_from(honest).ok()));
        Value::Object(figures)
    }
}
