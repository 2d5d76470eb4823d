//! Looking at a server's calls, and ending them, from beside it.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use onhook_engine::Stop;
use onhook_model::{CallReport, Cause};

use crate::answer::Inner;

/// What sees a server's calls and ends them. Cheap to clone; sees none when the server has ended.
#[derive(Clone)]
pub struct Switchboard(pub(crate) Arc<Inner>);

impl Switchboard {
    /// Every call, in the order of calling.
    pub fn sessions(&self) -> Vec<CallReport> {
        let calls = self.0.calls();
        let report = |session: crate::Session| CallReport {
            call: session.call,
            link: session.link.to_owned(),
            from: session.from.to_string(),
            since: session.since.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            duration_ms: session
                .since
                .elapsed()
                .ok()
                .and_then(|lasted| u64::try_from(lasted.as_millis()).ok())
                .unwrap_or_default(),
            connected: session.connected,
            traffic: calls.traffic(session.call),
            user: session.user,
            address: session.address,
            prefix: session.prefix.map(|prefix| prefix.to_string()),
        };
        calls.sessions().into_iter().map(report).collect()
    }

    /// Ends calls, and resolves when nothing is left of them.
    pub async fn end(&self, calls: &[u64]) {
        let mut changes = self.0.changes();
        for call in calls {
            // One that ends already needs no word.
            self.0.calls().stop(*call, Stop::Politely(Cause::hung_up()));
        }
        while calls.iter().any(|call| self.0.calls().get(*call).is_some()) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}
