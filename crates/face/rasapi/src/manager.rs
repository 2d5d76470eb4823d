//! The manager that is asked: found, or started, when the first function needs it.
//!
//! Talks are kept for the next call, as many as there were threads that called at once. A program that was
//! forked begins anew: what its parent talks is not its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onhook_client::blocking::{Listing, Ras};
use onhook_model::{RasCode, RasError};

use crate::boundary::Refusal;

/// Talks that wait for the next call.
static IDLE: Mutex<Talks> = Mutex::new(Talks { process: 0, talks: Vec::new() });

/// The list that the manager has sent last; it says whether it is still the one of now.
static LAST: Mutex<Option<Arc<Listing>>> = Mutex::new(None);

/// The most talks that are kept.
const KEPT: usize = 16;

struct Talks {
    process: u32,
    talks: Vec<Ras>,
}

fn idle() -> MutexGuard<'static, Talks> {
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if idle.process != process {
        *idle = Talks { process, talks: Vec::new() };
    }
    idle
}

/// Whether a manager may be started when none is there: `ONHOOK_START=never` says no.
fn connect() -> Result<Ras, RasError> {
    match std::env::var_os("ONHOOK_START").is_some_and(|word| word == "never") {
        true => Ras::connect(None),
        false => Ras::connect_or_start(None),
    }
}

fn keep(ras: Ras) {
    let mut idle = idle();
    if idle.talks.len() < KEPT {
        idle.talks.push(ras);
    }
}

/// Asks the manager something that changes nothing: when the one that was asked last has ended, the next
/// one is asked.
pub(crate) fn ask<T>(mut work: impl FnMut(&mut Ras) -> Result<T, RasError>) -> Result<T, Refusal> {
    let kept = idle().talks.pop();
    if let Some(mut ras) = kept {
        match work(&mut ras) {
            Err(error) if error.code == RasCode::SERVICE_NOT_ACTIVE => {}
            answered => {
                keep(ras);
                return Ok(answered?);
            }
        }
    }
    let mut ras = connect()?;
    let answered = work(&mut ras);
    keep(ras);
    Ok(answered?)
}

/// The connections of now. The list that was told last is kept, so that it is sent again only when a
/// connection has come or gone: programs ask for it in loops, and twice each time, for its size and for itself.
pub(crate) fn listed() -> Result<Arc<Listing>, Refusal> {
    let last = || LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let known = last().clone();
    let listing = ask(|ras| ras.listed(known.clone()))?;
    if known.is_none_or(|known| !Arc::ptr_eq(&known, &listing)) {
        *last() = Some(listing.clone());
    }
    Ok(listing)
}

/// Has the manager do something, once.
pub(crate) fn tell<T>(work: impl FnOnce(&mut Ras) -> Result<T, RasError>) -> Result<T, Refusal> {
    let mut ras = talk()?;
    let answered = work(&mut ras);
    keep(ras);
    Ok(answered?)
}

/// A talk with the manager of now.
fn talk() -> Result<Ras, Refusal> {
    loop {
        let kept = idle().talks.pop();
        match kept {
            Some(ras) if ras.is_closed() => {}
            Some(ras) => return Ok(ras),
            None => return Ok(connect()?),
        }
    }
}
