//! Following a life that is seen from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::act::Act;
use crate::life::{Life, Phase, Record, Thing};

/// What is seen of a real life at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// Where the connection stands.
    pub phase: Phase,
    /// The lane is open.
    pub lane: bool,
    /// The interface or the stack is there, owed or not.
    pub outlet: bool,
    /// Something that hangs on it is there, owed or not.
    pub hangers: bool,
    /// It waits for a person.
    pub waits: bool,
    /// What the manager knows.
    pub record: Record,
    /// References that the manager counts.
    pub references: u8,
}

/// Steps of the model that one step of a real life may be.
const MOST_ACTS: usize = 10;

/// A life that the model does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What was seen before.
    pub before: Option<Seen>,
    /// What was seen then, and cannot be.
    pub then: Seen,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the model knows no way from {:?} to {:?}", self.before, self.then)
    }
}

/// Every state of the model and where it leads, and every way that was gone before.
#[derive(Debug)]
pub struct Map {
    states: Vec<Life>,
    next: Vec<Vec<usize>>,
    gone_before: BTreeMap<(Vec<usize>, Seen), Vec<usize>>,
}

impl Default for Map {
    /// Visits the whole model.
    fn default() -> Self {
        let mut index = BTreeMap::from([(Life::BEGIN, 0)]);
        let (mut states, mut next, mut at) = (vec![Life::BEGIN], Vec::new(), 0);
        while let Some(life) = states.get(at).copied() {
            // Nobody is called back in the worlds that are followed: they have no modems, and a loop in
            // the model lets a life be in so many states at once that to follow it takes hours.
            let acts = Act::ALL.into_iter().filter(|act| *act != Act::AgreeCallback);
            let after = acts.filter_map(|act| life.after(act));
            let after: BTreeSet<Life> = after.collect();
            let mut leads_to = Vec::new();
            for life in after {
                leads_to.push(*index.entry(life).or_insert_with(|| {
                    states.push(life);
                    states.len() - 1
                }));
            }
            next.push(leads_to);
            at += 1;
        }
        Self { states, next, gone_before: BTreeMap::new() }
    }
}

impl Map {
    /// Where one may be who was in one of these states and sees this now.
    fn go(&mut self, from: &[usize], seen: Seen) -> Vec<usize> {
        if let Some(known) = self.gone_before.get(&(from.to_vec(), seen)) {
            return known.clone();
        }
        let mut reached = vec![false; self.states.len()];
        let mut edge = from.to_vec();
        for state in from {
            reached[*state] = true;
        }
        for _ in 0..MOST_ACTS {
            let mut further = Vec::new();
            for state in edge {
                for next in &self.next[state] {
                    if !reached[*next] {
                        reached[*next] = true;
                        further.push(*next);
                    }
                }
            }
            edge = further;
        }
        let looks_so = |state: &usize| reached[*state] && looks_like(&self.states[*state], seen);
        let there: Vec<usize> = (0..self.states.len()).filter(looks_so).collect();
        self.gone_before.insert((from.to_vec(), seen), there.clone());
        there
    }
}

/// Every state of the model in which a life that was seen so far may be.
#[derive(Clone, Debug)]
pub struct Follower {
    may_be: Vec<usize>,
    last: Option<Seen>,
}

impl Default for Follower {
    fn default() -> Self {
        Self { may_be: vec![0], last: None }
    }
}

impl Follower {
    /// The life is seen again.
    ///
    /// # Errors
    /// When no state of the model that it may be in leads there.
    pub fn see(&mut self, map: &mut Map, seen: Seen) -> Result<(), Unknown> {
        if self.last == Some(seen) {
            return Ok(());
        }
        let may_be = map.go(&self.may_be, seen);
        if may_be.is_empty() {
            return Err(Unknown { before: self.last, then: seen });
        }
        self.may_be = may_be;
        self.last = Some(seen);
        Ok(())
    }
}

fn looks_like(life: &Life, seen: Seen) -> bool {
    // What is being unmade may be there or not.
    let may_be = |thing: Thing, is_there: bool| match is_there {
        true => thing.may_stand(),
        false => thing != Thing::Stands && thing != Thing::Owed,
    };
    life.phase == seen.phase
        && may_be(life.things.lane, seen.lane)
        && may_be(life.things.outlet, seen.outlet)
        && may_be(life.things.hangers, seen.hangers)
        && life.waits == seen.waits
        && life.record == seen.record
        && life.references == seen.references
}
