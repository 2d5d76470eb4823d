//! Very many worlds, on every core, each from its own number.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use onhook_base::{Planted, plant};

use crate::invariant::Broken;
use crate::play;
use crate::script::Script;
use crate::tally::Tally;

/// Worlds that a thread plays before it asks for more.
const BATCH: u64 = 64;

/// How a run ended.
#[derive(Debug)]
pub struct Run {
    /// What was counted.
    pub tally: Tally,
    /// The broken world of the lowest number, and the promise.
    pub broken: Option<(u64, Broken)>,
}

/// Plays worlds from number `seed` on until at least `lives` have been lived, on `threads` threads.
/// The same numbers are played whatever the threads; a broken promise ends the run.
pub fn run(seed: u64, lives: u64, threads: usize) -> Run {
    let next = AtomicU64::new(seed);
    let lived = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let total = Mutex::new((Tally::default(), None::<(u64, Broken)>));
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                let mut tally = Tally::default();
                let mut found = None;
                while !stop.load(Ordering::Relaxed) && lived.load(Ordering::Relaxed) < lives {
                    let first = next.fetch_add(BATCH, Ordering::Relaxed);
                    let before = tally.lives;
                    let mut numbers = (first..first + BATCH).take_while(|_| {
                        // One world at a time where few are asked for, so that none is played too much.
                        lived.load(Ordering::Relaxed) < lives
                    });
                    found = numbers.find_map(|number| {
                        let lived_here = tally.lives;
                        let played = play(&Script::draw(number), false, &mut tally);
                        lived.fetch_add(tally.lives - lived_here, Ordering::Relaxed);
                        played.broken.map(|(_, broken)| (number, broken))
                    });
                    debug_assert!(tally.lives >= before);
                    if found.is_some() {
                        stop.store(true, Ordering::Relaxed);
                        break;
                    }
                }
                let mut total = total.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                total.0.add(&tally);
                if let Some(found) = found
                    && total.1.as_ref().is_none_or(|(number, _)| found.0 < *number)
                {
                    total.1 = Some(found);
                }
            });
        }
    });
    let (tally, broken) = total.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Run { tally, broken }
}

/// The first world from `seed` on in which a promise is broken, within so many lives, in this thread.
pub fn first_broken(seed: u64, lives: u64) -> Option<(Script, Broken)> {
    let mut tally = Tally::default();
    for number in seed.. {
        let script = Script::draw(number);
        if let Some((_, broken)) = play(&script, false, &mut tally).broken {
            return Some((script, broken));
        }
        if tally.lives >= lives {
            return None;
        }
    }
    None
}

/// How a planted mistake fared.
#[derive(Debug)]
pub struct Found {
    /// The mistake.
    pub bug: Planted,
    /// The promise that it broke and the number of lives until then; `None` when it was not found.
    pub broken: Option<(Broken, u64)>,
}

/// Plants each mistake in turn and looks for it within so many lives: the check of the check.
pub fn planted(seed: u64, lives: u64) -> Vec<Found> {
    let look = |bug| {
        plant(Some(bug));
        let mut tally = Tally::default();
        let mut broken = None;
        for number in seed.. {
            if tally.lives >= lives {
                break;
            }
            if let Some((_, found)) = play(&Script::draw(number), false, &mut tally).broken {
                broken = Some((found, tally.lives));
                break;
            }
        }
        plant(None);
        Found { bug, broken }
    };
    Planted::ALL.into_iter().map(look).collect()
}
