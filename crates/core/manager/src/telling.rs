//! What callers are told of connections, each what it may see.

use std::sync::Arc;

use onhook_base::Instant;
use onhook_model::{
    ConnectionReport, ConnectionStatus, Handle, HistoryRecord, ListedConnection, RasCode, RasError,
};

use crate::manager::Manager;
use crate::owners::Caller;
use crate::record::Record;

impl Manager {
    /// What a status query answers.
    ///
    /// # Errors
    /// 6 when the handle is no connection (any more), 5 when it is somebody else's.
    pub fn status(
        &self,
        now: Instant,
        caller: Caller,
        handle: Handle,
    ) -> Result<ConnectionReport, RasError> {
        match self.link_status(now, caller, handle) {
            Some(answer) => answer,
            None => Ok(self.seen(caller, handle)?.report(now)),
        }
    }

    /// The members of that which RASCONNSTATUS has, for those who ask often.
    ///
    /// # Errors
    /// As of [`status`](Self::status).
    pub fn brief_status(
        &self,
        now: Instant,
        caller: Caller,
        handle: Handle,
    ) -> Result<ConnectionStatus, RasError> {
        match self.link_status(now, caller, handle) {
            Some(answer) => answer.map(ConnectionStatus::from),
            None => Ok(self.seen(caller, handle)?.status()),
        }
    }

    fn seen(&self, caller: Caller, handle: Handle) -> Result<&Record, RasError> {
        let record = self.records.get(&handle).ok_or(RasCode::INVALID_HANDLE)?;
        match caller.may_see(record.owner, record.sharing) {
            true => Ok(record),
            false => Err(RasError::new(RasCode::ACCESS_DENIED, "another user dialed it")),
        }
    }

    /// Every connection that the caller may see, half-dialed and failed ones too, oldest first.
    pub fn list(&self, now: Instant, caller: Caller) -> Vec<ConnectionReport> {
        self.visible(caller).map(|record| record.report(now)).collect()
    }

    /// The same connections by what RASCONN has of them. It is another list only when the
    /// [`edition`](Self::edition) is another.
    pub fn listed(&self, caller: Caller) -> Vec<Arc<ListedConnection>> {
        self.visible(caller).map(|record| record.listed.clone()).collect()
    }

    /// Counts up whenever a connection comes or goes.
    pub const fn edition(&self) -> u64 {
        self.edition
    }

    fn visible(&self, caller: Caller) -> impl Iterator<Item = &Record> {
        self.records.values().filter(move |record| caller.may_see(record.owner, record.sharing))
    }

    /// What the caller may know of ended connections, oldest first.
    pub fn history(&self, caller: Caller) -> Vec<HistoryRecord> {
        let seen = self.history.iter().filter(|r| caller.may_see(r.owner, r.sharing));
        seen.cloned().collect()
    }
}
