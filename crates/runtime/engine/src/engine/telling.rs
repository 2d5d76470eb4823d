//! What callers are told of connections.

use std::sync::Arc;

use onhook_manager::Caller;
use onhook_model::{
    ConnectionReport, ConnectionStatus, Handle, HistoryRecord, ListedConnection, RasError,
};

use super::Engine;

impl Engine {
    /// What a status query answers.
    ///
    /// # Errors
    /// See [`Manager::status`](onhook_manager::Manager::status).
    pub fn status(&self, caller: Caller, handle: Handle) -> Result<ConnectionReport, RasError> {
        let core = self.0.lock();
        let mut report = core.manager.status(self.0.host.now(), caller, handle)?;
        core.add_traffic(&mut report);
        Ok(report)
    }

    /// How far a connection is, and no more.
    ///
    /// # Errors
    /// As of [`status`](Self::status).
    pub fn brief_status(
        &self,
        caller: Caller,
        handle: Handle,
    ) -> Result<ConnectionStatus, RasError> {
        self.0.lock().manager.brief_status(self.0.host.now(), caller, handle)
    }

    /// Every connection that the caller may see.
    pub fn list(&self, caller: Caller) -> Vec<ConnectionReport> {
        let core = self.0.lock();
        let mut reports = core.manager.list(self.0.host.now(), caller);
        for report in &mut reports {
            core.add_traffic(report);
        }
        reports
    }

    /// The same connections by what names them, and the edition of that list: as long as
    /// [`edition`](Self::edition) tells the same number, it is still true.
    pub fn listed(&self, caller: Caller) -> (u64, Vec<Arc<ListedConnection>>) {
        let core = self.0.lock();
        (core.manager.edition(), core.manager.listed(caller))
    }

    /// Counts up whenever a connection comes or goes.
    pub fn edition(&self) -> u64 {
        self.0.lock().manager.edition()
    }

    /// What the caller may know of ended connections, oldest first.
    pub fn history(&self, caller: Caller) -> Vec<HistoryRecord> {
        self.0.lock().manager.history(caller)
    }
}
