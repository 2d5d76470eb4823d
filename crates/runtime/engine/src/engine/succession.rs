//! One manager after the other: what an engine leaves to the next one, and what it asks of it.
//!
//! Connections stay where they are driven. What only one manager can have goes over: the state folder
//! with the handles and the history, and the file of name servers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use onhook_effect::{HostError, TunId, Undo};
use onhook_host::Heir;
use onhook_manager::Caller;
use onhook_model::HistoryRecord;
use tokio::sync::mpsc;

use super::Engine;

impl Engine {
    /// Makes room for the next manager: nothing new is dialed, what is coming up or going down is
    /// waited for (and hung up when it takes longer than `patience`), the record of changes moves to
    /// `folder`. Answers what the next one has to [`inherit`](Self::inherit).
    ///
    /// # Errors
    /// When the folder cannot be used; then everything goes on as before.
    pub async fn step_aside(
        &self,
        folder: &Path,
        patience: Duration,
    ) -> Result<Option<String>, HostError> {
        self.0.lock().manager.step_aside(true);
        if tokio::time::timeout(patience, self.until(|core| !core.manager.is_moving()))
            .await
            .is_err()
        {
            let mut core = self.0.lock();
            core.manager.end_dialing(self.0.host.now());
            self.0.settle(core);
        }
        if let Err(error) = self.0.host.step_aside(folder) {
            self.step_back();
            return Err(error);
        }
        Ok(self.0.host.bequeath().await)
    }

    /// There is no next manager after all.
    pub fn step_back(&self) {
        self.0.lock().manager.step_aside(false);
    }

    /// The next manager has taken over: it is asked about the name servers, and told what ends.
    pub async fn give_away(
        &self,
        heir: Arc<dyn Heir>,
        ended: mpsc::UnboundedSender<HistoryRecord>,
    ) {
        self.0.lock().heir = Some(ended);
        self.0.host.give_away(heir).await;
    }

    /// Takes over what an earlier manager has bequeathed.
    ///
    /// # Errors
    /// When it cannot be read or written down.
    pub async fn inherit(&self, text: &str) -> Result<(), HostError> {
        self.0.host.inherit(text).await
    }

    /// Lifts the name servers of an earlier manager's connection.
    ///
    /// # Errors
    /// When they cannot be put back.
    pub async fn lift_for(&self, owner: u64, tun: TunId) -> Result<(), HostError> {
        self.0.host.revert(owner, &Undo::RestoreDns { tun }).await
    }

    /// Remembers a connection of an earlier manager.
    pub fn remember(&self, record: HistoryRecord) {
        let mut core = self.0.lock();
        core.manager.remember([record.clone()]);
        let history = core.manager.history(Caller::ROOT);
        core.keep(record, history);
    }
}
