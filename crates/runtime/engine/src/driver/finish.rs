//! The end of a driver: what is told, and what is still owed.

use std::time::Duration;

use onhook_manager::Ended;
use onhook_model::{Cause, Debt};

use super::{Driver, Party};

/// How long after one another what is owed is tried again.
const PAY_AFTER: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(3600),
];

impl Driver {
    /// Nothing is left but what is owed: the last undoings are awaited, then the end is told.
    pub(super) async fn finish(&mut self) {
        let now = self.host.now();
        let cause = self.connection.cause().cloned().unwrap_or_else(Cause::hung_up);
        let debts = self
            .connection
            .debts()
            .iter()
            .map(|d| Debt { deed: d.undo.deed().to_owned(), why: d.why.clone() })
            .collect::<Vec<_>>();
        for debt in &debts {
            tracing::warn!(target: "engine", owner = self.owner, deed = debt.deed, why = debt.why,
                "could not be undone in time; it is tried again, and the record of changes keeps it");
        }
        let traffic = self.connection.traffic();
        match &self.party {
            Party::Dialed(watcher) => {
                watcher.ended(now, Ended { cause: cause.clone(), traffic, debts });
            }
            Party::Called(call, answering) => answering.ended(*call, &cause, traffic),
            Party::Gathered(bundle, answering) => answering.dispersed(*bundle),
        }
        if let Some(member) = &mut self.member {
            member.is_gone(&cause);
        }
        self.close_above();
        while !self.undoing.is_empty() {
            let (step, result) = self.undoing.next().await;
            self.connection.handle_undone(self.host.now(), step, result);
        }
        // Whoever answers waits for our end; what is owed there stays in the record for the next start.
        if matches!(self.party, Party::Dialed(_)) {
            self.pay_debts().await;
        }
    }

    /// Whatever could not be undone is tried again, at growing distances; what even then is owed stays in
    /// the record of changes for the next start.
    async fn pay_debts(&mut self) {
        for pause in PAY_AFTER {
            if self.connection.debts().is_empty() {
                return;
            }
            self.host.sleep_until(self.host.now() + pause).await;
            for debt in self.connection.debts().to_vec() {
                let result = self.host.revert(self.owner, &debt.undo).await;
                if result.is_ok() {
                    tracing::info!(target: "engine", owner = self.owner, deed = debt.undo.deed(),
                        "done at last");
                }
                self.connection.handle_undone(self.host.now(), debt.step, result);
            }
        }
    }
}
