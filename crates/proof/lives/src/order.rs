//! In which order the states of a dial may be told (RASCONNSTATE).

use onhook_model::{RasState, StateReport};

use crate::invariant::{Broken, Invariant};

/// The states of a dial over one link without callback, in their only order.
const CLIMB: [RasState; 13] = [
    RasState::OpenPort,
    RasState::PortOpened,
    RasState::ConnectDevice,
    RasState::DeviceConnected,
    RasState::AllDevicesConnected,
    RasState::Authenticate,
    RasState::AuthNotify,
    RasState::AuthAck,
    RasState::Authenticated,
    RasState::AuthProject,
    RasState::Projected,
    RasState::ApplySettings,
    RasState::Connected,
];

/// Follows what is told of one connection.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// A line that was lost is dialed again.
    redials: bool,
    was_up: bool,
    last: Option<RasState>,
    failed: bool,
    ended: bool,
}

impl Order {
    /// Of a dial whose line is dialed again when it was lost, or is not.
    pub(crate) fn of(redials: bool) -> Self {
        Self { redials, ..Self::default() }
    }

    fn authenticates(&self) -> bool {
        let last = self.last;
        let between = [RasState::AuthNotify, RasState::AuthRetry, RasState::AuthChangePassword];
        last.is_some_and(|last| between.contains(&last) || last.is_paused())
    }

    /// One more report.
    pub(crate) fn follow(&mut self, report: &StateReport) -> Result<(), Broken> {
        let rank = |state| CLIMB.iter().position(|s| *s == state);
        let broken = |why: &str| {
            let text = format!("{why}: {:?} after {:?}", report.state, self.last);
            Err(Broken::new(Invariant::RasOrder, text))
        };
        if self.ended {
            return broken("something is told after the end");
        }
        if report.state == RasState::Disconnected {
            self.ended = true;
            return Ok(());
        }
        if self.failed {
            return broken("something but the end is told after an error");
        }
        if !report.error.is_success() {
            if self.last != Some(report.state) {
                return broken("an error is told in another state");
            }
            self.failed = true;
            return Ok(());
        }
        if report.state == RasState::OpenPort && self.redials && self.was_up {
            // The way up begins anew, from wherever the line was lost.
            self.last = Some(report.state);
            return Ok(());
        }
        self.was_up |= report.state == RasState::Connected;
        if report.state.is_paused() {
            // It may wait for a person between any two authentication events, and once more after each.
            if !self.authenticates() {
                return broken("a pause out of place");
            }
            self.last = Some(report.state);
            return Ok(());
        }
        if let Some(paused) = self.last.filter(|last| last.is_paused()) {
            let goes_on = [paused.resumed(), Some(RasState::AuthNotify), Some(RasState::AuthAck)];
            if !goes_on.contains(&Some(report.state)) {
                return broken("a pause does not end so");
            }
            self.last = Some(report.state);
            return Ok(());
        }
        let is_verdict =
            matches!(self.last, Some(RasState::AuthRetry | RasState::AuthChangePassword));
        if is_verdict && report.state == RasState::AuthNotify {
            self.last = Some(report.state);
            return Ok(());
        }
        // An authentication event may come several times: LCP is negotiated anew when the peer asks.
        let again = report.state == RasState::AuthNotify && self.last == Some(RasState::AuthNotify);
        if !again
            && (rank(report.state).is_none() || rank(report.state) <= self.last.and_then(rank))
        {
            return broken("not the order of a dial");
        }
        self.last = Some(report.state);
        Ok(())
    }
}
