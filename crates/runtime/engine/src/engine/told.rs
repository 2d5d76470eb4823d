//! What drivers tell goes to the manager.

use std::sync::Arc;

use onhook_base::Instant;
use onhook_effect::LaneId;
use onhook_host::crash_point;
use onhook_manager::{Caller, Ended, Progress};
use onhook_model::{Cause, Handle, RasCode, RasState, StateReport, Traffic};

use super::Inner;
use crate::driver::{LinkToBegin, Port, Watcher};

/// For the driver of a connection.
pub(super) struct Told {
    pub(super) inner: Arc<Inner>,
    pub(super) handle: Handle,
}

impl Watcher for Told {
    fn report(&self, now: Instant, report: StateReport) {
        let is_up = report.state == RasState::Connected;
        let mut core = self.inner.lock();
        core.manager.report(now, self.handle, report);
        self.inner.settle(core);
        if is_up {
            self.inner.changed.notify_waiters();
        }
    }

    fn progress(&self, progress: Progress) {
        self.inner.lock().manager.progress(self.handle, progress);
    }

    fn link_joined(&self, lane: LaneId) {
        let mut core = self.inner.lock();
        core.manager.link_joined(self.handle, lane.0.into());
        self.inner.settle(core);
    }

    fn begin_link(&self, link: LinkToBegin) -> Option<Port> {
        let mut core = self.inner.lock();
        self.inner.begin_link(&mut core, self.handle, link)
    }

    fn ended(&self, now: Instant, ended: Ended) {
        let mut core = self.inner.lock();
        crash_point("a connection is gone");
        core.running.remove(&self.handle);
        core.manager.ended(now, self.handle, ended);
        let history = core.manager.history(Caller::ROOT);
        if let Some(record) = history.last().cloned() {
            core.keep(record, history);
        }
        self.inner.settle(core);
        self.inner.changed.notify_waiters();
    }
}

impl Drop for Told {
    /// A driver that ends without a word (a bug, a panic) must not leave its handle valid for ever.
    fn drop(&mut self) {
        let mut core = self.inner.lock();
        if core.running.contains_key(&self.handle) {
            core.running.remove(&self.handle);
            let cause = Cause::new(RasCode::UNKNOWN, "the connection's task ended unexpectedly");
            let ended = Ended { cause, traffic: Traffic::default(), debts: Vec::new() };
            core.manager.ended(self.inner.host.now(), self.handle, ended);
            self.inner.settle(core);
            self.inner.changed.notify_waiters();
        }
    }
}

/// For the driver of one of several links.
pub(super) struct ToldLink {
    pub(super) inner: Arc<Inner>,
    pub(super) handle: Handle,
}

impl Watcher for ToldLink {
    fn report(&self, _now: Instant, report: StateReport) {
        let mut core = self.inner.lock();
        core.manager.link_report(self.handle, report);
        self.inner.settle(core);
    }

    fn progress(&self, progress: Progress) {
        self.inner.lock().manager.link_progress(self.handle, progress);
    }

    fn ended(&self, now: Instant, ended: Ended) {
        let mut core = self.inner.lock();
        core.running.remove(&self.handle);
        core.manager.link_ended(now, self.handle, ended);
        self.inner.settle(core);
        self.inner.changed.notify_waiters();
    }
}

impl Drop for ToldLink {
    /// As for a connection: a task that ends without a word leaves no handle behind.
    fn drop(&mut self) {
        let mut core = self.inner.lock();
        if core.running.remove(&self.handle).is_some() {
            let cause = Cause::new(RasCode::UNKNOWN, "the link's task ended unexpectedly");
            let ended = Ended { cause, traffic: Traffic::default(), debts: Vec::new() };
            core.manager.link_ended(self.inner.host.now(), self.handle, ended);
            self.inner.settle(core);
            self.inner.changed.notify_waiters();
        }
    }
}
