//! What was counted over many lives.

use std::collections::BTreeMap;

use onhook_base::Duration;

use onhook_ppp::auth::Method;

use crate::coverage::Coverage;
use crate::fault::Fault;
use crate::links::LINKS;
use crate::script::LifeScript;

/// Counts over many lives.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Lives begun.
    pub lives: u64,
    /// Connections that came to be up.
    pub connected: u64,
    /// Those of them by the name of the link, and by that of the proof.
    pub connected_by: BTreeMap<String, u64>,
    /// Lines that were lost to be dialed again.
    pub lost: u64,
    /// Dials of lines that were lost.
    pub redials: u64,
    /// Things that happened.
    pub steps: u64,
    /// Faults that really struck, by kind.
    pub struck: BTreeMap<Fault, u64>,
    /// The longest time from the last hang-up to the invalid handle.
    pub longest_hang_up: Duration,
    /// Visits.
    pub coverage: Coverage,
}

impl Tally {
    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.lives += other.lives;
        self.connected += other.connected;
        self.lost += other.lost;
        self.redials += other.redials;
        self.steps += other.steps;
        for (name, times) in &other.connected_by {
            *self.connected_by.entry(name.clone()).or_default() += times;
        }
        for (fault, times) in &other.struck {
            *self.struck.entry(*fault).or_default() += times;
        }
        self.longest_hang_up = self.longest_hang_up.max(other.longest_hang_up);
        self.coverage.add(&other.coverage);
    }

    /// A connection is up.
    pub(crate) fn connect(&mut self, script: &LifeScript) {
        self.connected += 1;
        let proof = match script.method {
            Method::Eap => script.eap.to_string(),
            method => method.to_string(),
        };
        let link = LINKS.get(script.link).map_or("", |link| link.name);
        for name in [format!("over {link}"), format!("by {proof}")] {
            *self.connected_by.entry(name).or_default() += 1;
        }
    }

    /// A fault has struck.
    pub(crate) fn strike(&mut self, fault: Fault) {
        *self.struck.entry(fault).or_default() += 1;
    }
}
