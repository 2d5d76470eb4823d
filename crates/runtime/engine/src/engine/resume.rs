//! A dial that waited for a person goes on.

use onhook_host::crash_point;
use onhook_manager::Caller;
use onhook_model::{Handle, RasError, Resumption};

use super::Engine;

impl Engine {
    /// Lets a paused dial go on.
    ///
    /// # Errors
    /// See [`Manager::resume`](onhook_manager::Manager::resume).
    pub fn resume(
        &self,
        caller: Caller,
        handle: Handle,
        given: Resumption,
    ) -> Result<(), RasError> {
        let mut core = self.0.lock();
        core.manager.resume(caller, handle, given)?;
        crash_point("a paused dial goes on");
        self.0.settle(core);
        Ok(())
    }
}
