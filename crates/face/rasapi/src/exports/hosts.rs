//! Hosts of programs of another kind.

use crate::boundary::{Refusal, answer};
use crate::host::{self, Host};
use onhook_model::RasCode;

/// Serves the programs of a host from now on (see `onhook/host.h`). 87 for null, 632 for a wrong size, 183
/// when there is a host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OnhookServe(host: *const Host) -> u32 {
    answer(|| {
        // SAFETY: the caller's promise.
        let host = unsafe { host.as_ref() }.ok_or(Refusal(RasCode::INVALID_PARAMETER))?;
        host::serve(*host)
    })
}
