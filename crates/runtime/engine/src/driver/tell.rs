//! What is told of a connection's life, and how far its dial may go before that was heard.

use onhook_base::Instant;
use onhook_connection::State;
use onhook_manager::Progress;
use onhook_model::Cause;

use super::{Driver, Party};

/// States of a dial, as its program hears of them.
#[derive(Default)]
pub(super) struct Hold {
    told: u64,
    heard: u64,
}

impl Driver {
    /// The dial goes no further than its program has heard.
    pub(crate) fn held(self) -> Self {
        Self { hold: Some(Hold::default()), ..self }
    }

    /// What is on its way down, or up already, waits for no program.
    pub(super) fn is_held(&self) -> bool {
        let is_on_its_way_up =
            !matches!(self.last_state, State::Connected | State::Disconnecting | State::Gone);
        is_on_its_way_up && self.hold.as_ref().is_some_and(|hold| hold.heard < hold.told)
    }

    pub(super) fn on_heard(&mut self, states: u64) {
        if let Some(hold) = &mut self.hold {
            hold.heard = hold.heard.max(states);
        }
    }

    pub(super) fn tell(&mut self, now: Instant) {
        self.traffic.store(self.connection.traffic());
        match &self.party {
            Party::Dialed(watcher) => {
                let mut told = false;
                while let Some(report) = self.connection.poll_report() {
                    if !told {
                        watcher.progress(self.progress());
                        told = true;
                    }
                    if let Some(hold) = &mut self.hold {
                        hold.told += 1;
                    }
                    watcher.report(now, report);
                }
            }
            Party::Called(call, answering) => {
                if self.connection.state() == State::Connected && !self.was_connected {
                    self.was_connected = true;
                    answering.connected(*call, &self.connection);
                }
                if let (Some(agreement), false) = (self.connection.callback(), self.was_agreed) {
                    self.was_agreed = true;
                    answering.will_call_back(*call, agreement);
                }
            }
            Party::Gathered(..) => {}
        }
    }

    fn waits_because(&self) -> Option<&Cause> {
        self.connection.paused().map(|(_, cause)| cause).or_else(|| self.connection.lost())
    }

    fn progress(&self) -> Progress {
        Progress {
            projection: self.connection.projection().clone(),
            server: self.connection.server().map(|s| s.to_string()),
            local: self.connection.local().map(|s| s.to_string()),
            number: self.connection.other_number().map(str::to_owned),
            paused: self.waits_because().cloned(),
        }
    }
}
