//! What has passed over connections.

use onhook_base::Instant;
use onhook_manager::Caller;
use onhook_model::{ConnectionReport, Handle, RasError};

use super::{Core, Engine};

impl Engine {
    /// The statistics of a connection, or of one of its links, begin anew.
    ///
    /// # Errors
    /// See [`Manager::clear_statistics`](onhook_manager::Manager::clear_statistics).
    pub fn clear_statistics(
        &self,
        caller: Caller,
        handle: Handle,
        subentry: Option<u32>,
    ) -> Result<(), RasError> {
        let mut core = self.0.lock();
        core.note_traffic(self.0.host.now(), caller, handle)?;
        core.manager.clear_statistics(caller, handle, subentry)
    }
}

impl Core {
    /// A report tells what has passed by now.
    pub(super) fn add_traffic(&self, report: &mut ConnectionReport) {
        if let Some(running) = self.running.get(&report.handle) {
            report.traffic = running.traffic.load();
        }
        for link in &mut report.links {
            if let Some(running) = link.handle.and_then(|handle| self.running.get(&handle)) {
                link.traffic = running.traffic.load();
            }
        }
    }

    /// The manager is told what has passed by now over a connection and its links.
    fn note_traffic(
        &mut self,
        now: Instant,
        caller: Caller,
        handle: Handle,
    ) -> Result<(), RasError> {
        let mut report = self.manager.status(now, caller, handle)?;
        self.add_traffic(&mut report);
        self.manager.traffic(handle, report.traffic);
        for link in report.links {
            if let Some(handle) = link.handle {
                self.manager.link_traffic(handle, link.traffic);
            }
        }
        Ok(())
    }
}
