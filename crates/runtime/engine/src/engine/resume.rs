//! A dial that waited goes on.

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

    /// So many states of a held dial were heard by its program.
    ///
    /// # Errors
    /// See [`Manager::proceed`](onhook_manager::Manager::proceed).
    pub fn proceed(&self, caller: Caller, handle: Handle, states: u64) -> Result<(), RasError> {
        let mut core = self.0.lock();
        core.manager.proceed(caller, handle, states)?;
        self.0.settle(core);
        Ok(())
    }
}
