//! What was tried, what was left.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Leaks that are shown in full.
const MOST_SHOWN: usize = 10;

/// One situation's row.
#[derive(Debug)]
struct Row {
    name: &'static str,
    began: Instant,
    took: Duration,
    points: u64,
    leaks: u64,
    longest_healing: Duration,
}

/// Counts over all situations.
#[derive(Debug)]
pub(crate) struct Tally {
    most_points: Option<u64>,
    rows: Vec<Row>,
    shown: usize,
    /// Sent, and lost, while a manager handed over.
    packets: (u64, u64),
}

impl Tally {
    pub(crate) const fn new(most_points: Option<u64>) -> Self {
        Self { most_points, rows: Vec::new(), shown: 0, packets: (0, 0) }
    }

    pub(crate) fn begin(&mut self, name: &'static str) {
        let (took, longest_healing) = (Duration::ZERO, Duration::ZERO);
        let began = Instant::now();
        self.rows.push(Row { name, began, took, points: 0, leaks: 0, longest_healing });
    }

    pub(crate) fn end(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            row.took = row.began.elapsed();
            println!(
                "{:<44} {:>5} points, {} leaks, {:.1} s",
                row.name,
                row.points,
                row.leaks,
                row.took.as_secs_f64()
            );
        }
    }

    /// Which of so many points are tried: all, or as many as were asked for, spread evenly.
    pub(crate) fn choose(&self, points: u64) -> Vec<u64> {
        let most = self.most_points.unwrap_or(points).clamp(1, points.max(1));
        let mut chosen: Vec<u64> = (0..most).map(|n| 1 + n * points / most).collect();
        chosen.dedup();
        chosen
    }

    /// A point was tried; `left` tells what is not as it was, and is empty when all is well.
    pub(crate) fn tried(&mut self, point: &str, left: &str, healing: Duration) {
        let Some(row) = self.rows.last_mut() else { return };
        row.points += 1;
        row.longest_healing = row.longest_healing.max(healing);
        if !left.is_empty() {
            row.leaks += 1;
            self.shown += 1;
            if self.shown <= MOST_SHOWN {
                println!("LEAK in “{}”, {point}:\n{left}", row.name);
            }
        }
    }

    /// Packets that were sent while a manager handed over, and those of them that were lost.
    pub(crate) fn packets(&mut self, sent: u64, lost: u64) {
        println!("while handing over: {sent} packets, {lost} lost");
        self.packets = (self.packets.0 + sent, self.packets.1 + lost);
    }

    pub(crate) fn leaks(&self) -> u64 {
        self.rows.iter().map(|row| row.leaks).sum()
    }

    fn points(&self) -> u64 {
        self.rows.iter().map(|row| row.points).sum()
    }

    fn longest_healing(&self) -> Duration {
        self.rows.iter().map(|row| row.longest_healing).max().unwrap_or_default()
    }

    pub(crate) fn print(&self) {
        println!(
            "\n{:<44}{:>8}{:>8}{:>22}{:>8}",
            "situation", "points", "leaks", "longest healing", "time"
        );
        for row in &self.rows {
            println!(
                "{:<44}{:>8}{:>8}{:>19} ms{:>6.0} s",
                row.name,
                row.points,
                row.leaks,
                row.longest_healing.as_millis(),
                row.took.as_secs_f64()
            );
        }
        println!("{:<44}{:>8}{:>8}", "together", self.points(), self.leaks());
    }

    pub(crate) fn figures(&self) -> Value {
        json!({
            "restart_packets": self.packets.0,
            "restart_packets_lost": self.packets.1,
            "crash_points": self.points(),
            "crash_situations": self.rows.len(),
            "crash_leaks": self.leaks(),
            "crash_longest_healing_ms": self.longest_healing().as_millis() as u64,
        })
    }
}
