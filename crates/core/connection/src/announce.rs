//! Transitions become reports, in RAS's order.

use std::collections::VecDeque;

use onhook_base::{Planted, is_planted};
use onhook_model::{Cause, RasCode, RasState, StateReport};

/// The most reports that wait; a dial has some fifteen.
const MAX_WAITING: usize = 256;

/// Says what a RAS caller may know: each state when it is entered, an error by the same state again,
/// and Disconnected at the end.
#[derive(Debug)]
pub(crate) struct Announcer {
    waiting: VecDeque<StateReport>,
    last: RasState,
    silent: bool,
    /// Each link tells its own way up, and what is above them only what comes after.
    above_links: bool,
}

impl Default for Announcer {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            last: RasState::OpenPort,
            silent: false,
            above_links: false,
        }
    }
}

impl Announcer {
    /// Nobody listens: the answering end has no RAS caller.
    pub(crate) const fn silence(&mut self) {
        self.silent = true;
    }

    /// What leads to a proof is told by each of several links, and not once more above them.
    pub(crate) const fn tell_only_what_is_above_links(&mut self) {
        self.above_links = true;
    }

    /// `state` is entered.
    pub(crate) fn enter(&mut self, state: RasState) {
        let state = match state {
            RasState::Projected if is_planted(Planted::StatesSwapped) => RasState::Authenticate,
            state => state,
        };
        self.last = state;
        let is_of_links = state < RasState::AuthProject || state == RasState::Authenticated;
        if self.above_links && is_of_links {
            return;
        }
        self.push(StateReport { state, error: RasCode::SUCCESS, text: String::new() });
    }

    /// A person is waited for. That is no error: those are the end of a dial.
    pub(crate) fn pause(&mut self, state: RasState, because: &Cause) {
        self.last = state;
        let text = because.text().to_owned();
        self.push(StateReport { state, error: RasCode::SUCCESS, text });
    }

    /// One of several attempts has failed. That is no error: those are the end of a dial.
    pub(crate) fn attempt_failed(&mut self, text: String) {
        self.push(StateReport { state: self.last, error: RasCode::SUCCESS, text });
    }

    /// The line was lost, and is dialed again: the way up begins anew. That is no error: those are the end.
    pub(crate) fn line_lost(&mut self, text: String) {
        self.last = RasState::OpenPort;
        self.push(StateReport { state: self.last, error: RasCode::SUCCESS, text });
    }

    /// An error arose in the present state.
    pub(crate) fn error(&mut self, cause: &Cause) {
        let text = cause.text().to_owned();
        self.push(StateReport { state: self.last, error: cause.code(), text });
    }

    /// Everything is gone.
    pub(crate) fn gone(&mut self, cause: Option<&Cause>) {
        self.last = RasState::Disconnected;
        let failure = cause.filter(|c| !c.is_wanted());
        if is_planted(Planted::EndToldTwice) {
            self.enter(RasState::Disconnected);
        }
        self.push(StateReport {
            state: RasState::Disconnected,
            error: failure.map_or(RasCode::SUCCESS, Cause::code),
            text: failure.map(|c| c.text().to_owned()).unwrap_or_default(),
        });
    }

    fn push(&mut self, report: StateReport) {
        if !self.silent && self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(report);
        }
    }

    pub(crate) fn poll(&mut self) -> Option<StateReport> {
        self.waiting.pop_front()
    }

    /// The state entered last.
    pub(crate) const fn last(&self) -> RasState {
        self.last
    }
}
