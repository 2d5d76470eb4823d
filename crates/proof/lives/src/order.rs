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
    last: Option<RasState>,
    failed: bool,
    ended: bool,
}

impl Order {
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
