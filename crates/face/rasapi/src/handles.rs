//! Handles as C has them: numbers as wide as a pointer.
//!
//! The manager's numbers have 64 bits and begin with the age of the machine, so that none is given twice. A
//! program of 32 bits is told the lower half: that is the same in every such program, and four thousand
//! million connections lie between two that share it. What it stands for is remembered, or else looked for
//! among the connections that are there.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use onhook_client::blocking::Ras;
use onhook_model::{Handle, RasCode};

use crate::boundary::Refusal;
use crate::manager;

/// Whether every number of the manager's fits a pointer.
const IS_WIDE: bool = size_of::<usize>() >= size_of::<u64>();
/// The most handles that are remembered; the oldest is forgotten first.
const REMEMBERED: usize = 4096;

/// Handles by their lower halves.
struct Known(BTreeMap<u32, Handle>);

static KNOWN: Mutex<Known> = Mutex::new(Known(BTreeMap::new()));

fn known() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lower half. What no handle may be (null, and `INVALID_HANDLE_VALUE`) is as far away as can be.
const fn half(handle: Handle) -> u32 {
    match (handle.number() & 0xffff_ffff) as u32 {
        reserved @ (0 | u32::MAX) => reserved ^ 0x8000_0000,
        half => half,
    }
}

impl Known {
    fn remember(&mut self, handle: Handle) -> u32 {
        let half = half(handle);
        self.0.insert(half, handle);
        if self.0.len() > REMEMBERED
            && let Some(oldest) = self.0.values().min().copied()
        {
            self.0.retain(|_, known| *known != oldest);
        }
        half
    }
}

/// A number that a caller takes for a handle. 6 for one that stands for none.
pub(crate) fn handle(number: usize) -> Result<Handle, Refusal> {
    if IS_WIDE {
        let number = u64::try_from(number).ok().and_then(Handle::new);
        return number.ok_or(Refusal(RasCode::INVALID_HANDLE));
    }
    let half = u32::try_from(number).map_err(|_| RasCode::INVALID_HANDLE)?;
    let remembered = known().0.get(&half).copied();
    if let Some(handle) = remembered {
        return Ok(handle);
    }
    for report in manager::ask(Ras::list)? {
        let links = report.links.iter().filter_map(|link| link.handle);
        for handle in links.chain([report.handle]) {
            known().remember(handle);
        }
    }
    known().0.get(&half).copied().ok_or(Refusal(RasCode::INVALID_HANDLE))
}

/// The same as C sees it.
pub(crate) fn number(handle: Handle) -> usize {
    match usize::try_from(handle.number()) {
        Ok(number) if IS_WIDE => number,
        _ => usize::try_from(known().remember(handle)).unwrap_or(usize::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle_of(number: u64) -> Handle {
        Handle::new(number).unwrap()
    }

    #[test]
    fn a_half_is_never_what_no_handle_may_be() {
        assert_eq!(half(handle_of(0x11_7f58_a7bf)), 0x7f58_a7bf);
        assert_eq!(half(handle_of(42)), 42);
        assert_eq!(half(handle_of(1 << 32)), 0x8000_0000);
        assert_eq!(half(handle_of((1 << 32) - 1)), 0x7fff_ffff);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_goes_first() {
        let mut known = Known(BTreeMap::new());
        for number in 0..5000_u64 {
            known.remember(handle_of((7 << 32) + 10 + number));
        }
        assert_eq!(known.0.len(), REMEMBERED);
        assert_eq!(known.0.get(&10), None);
        assert_eq!(known.0.get(&5009), Some(&handle_of((7 << 32) + 5009)));
        // The same half again, four thousand million handles later.
        known.remember(handle_of((8 << 32) + 5009));
        assert_eq!(known.0.get(&5009), Some(&handle_of((8 << 32) + 5009)));
    }

    #[test]
    fn every_handle_comes_back_as_what_it_is() {
        for number in [1, 42, 0x11_7f58_a7bf] {
            let handle_as_c_has_it = super::number(handle_of(number));
            assert_eq!(handle(handle_as_c_has_it), Ok(handle_of(number)));
        }
        if IS_WIDE {
            assert_eq!(handle(0), Err(Refusal(RasCode::INVALID_HANDLE)));
        }
    }
}
