//! One connection, for programs without `async`.

use onhook_model::{
    Cause, ConnectionReport, Credentials, DialRequest, Handle, LinkReport, Projection, RasCode,
    RasError, Resumption, Traffic,
};

use super::{Events, Ras};
use crate::state::{HungUp, State, cause_of, is_connected, is_gone, manager_ended};

/// See [`crate::Connection`]: the same, with methods that wait. Dropping it hangs nothing up.
#[derive(Debug)]
#[must_use = "what is dialed stays until it is hung up"]
pub struct Connection {
    ras: Ras,
    handle: Handle,
    already: bool,
    /// What happens to it; for what was dialed here, also the talk that dialed it.
    events: Option<Events>,
    /// Where it stands is not known from its events alone.
    unsure: bool,
    last: Option<Result<State, RasError>>,
}

impl Connection {
    /// See [`crate::Connection::dial`].
    ///
    /// # Errors
    /// As there.
    pub fn dial(
        ras: &Ras,
        request: &DialRequest,
        credentials: &Credentials,
    ) -> Result<Self, RasError> {
        let (dialed, events) = ras.dial_followed(request, credentials)?;
        Ok(Self {
            already: dialed.already,
            unsure: dialed.already,
            events: Some(events),
            ..Self::of(ras, dialed.handle)
        })
    }

    /// See [`crate::Connection::of`].
    pub fn of(ras: &Ras, handle: Handle) -> Self {
        let ras = Ras::later(ras.socket());
        Self { ras, handle, already: true, events: None, unsure: true, last: None }
    }

    /// Its handle.
    pub const fn handle(&self) -> Handle {
        self.handle
    }

    /// See [`crate::Connection::was_there`].
    pub const fn was_there(&self) -> bool {
        self.already
    }

    /// How its dial goes on, state by state, until it is up, has failed, or is gone.
    pub const fn states(&mut self) -> States<'_> {
        States(self)
    }

    /// See [`crate::Connection::connected`].
    ///
    /// # Errors
    /// As there.
    pub fn connected(&mut self) -> Result<ConnectionReport, RasError> {
        for state in self.states() {
            state?;
        }
        is_connected(self.last.as_ref())?;
        self.status()
    }

    /// See [`crate::Connection::status`].
    ///
    /// # Errors
    /// As there.
    pub fn status(&mut self) -> Result<ConnectionReport, RasError> {
        self.ras.status(self.handle)
    }

    /// See [`crate::Connection::projection`].
    ///
    /// # Errors
    /// As there.
    pub fn projection(&mut self) -> Result<Projection, RasError> {
        self.status()?.projected()
    }

    /// See [`crate::Connection::statistics`].
    ///
    /// # Errors
    /// As there.
    pub fn statistics(&mut self) -> Result<Traffic, RasError> {
        let report = self.status()?;
        Ok(report.traffic.since(report.cleared))
    }

    /// See [`crate::Connection::clear_statistics`].
    ///
    /// # Errors
    /// As there.
    pub fn clear_statistics(&mut self) -> Result<(), RasError> {
        self.ras.clear_statistics(self.handle, None)
    }

    /// See [`crate::Connection::subentries`].
    ///
    /// # Errors
    /// As there.
    pub fn subentries(&mut self) -> Result<Vec<LinkReport>, RasError> {
        Ok(self.status()?.links)
    }

    /// See [`crate::Connection::subentry`].
    ///
    /// # Errors
    /// As there.
    pub fn subentry(&mut self, number: u32) -> Result<Self, RasError> {
        let handle = self.ras.subentry(self.handle, number)?;
        Ok(Self::of(&self.ras, handle))
    }

    /// See [`crate::Connection::resume`].
    ///
    /// # Errors
    /// As there.
    pub fn resume(&mut self, given: &Resumption) -> Result<(), RasError> {
        self.ras.resume(self.handle, given)
    }

    /// See [`crate::Connection::hang_up`]: returns when nothing of the connection is left.
    ///
    /// # Errors
    /// As there.
    pub fn hang_up(mut self) -> Result<HungUp, RasError> {
        match self.ras.hang_up(self.handle) {
            Ok(()) => {}
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
        match self.status() {
            Ok(left) if !left.hanging_up && left.references > 0 => {
                return Ok(HungUp::Shared { references: left.references });
            }
            _ => self.ras.wait_gone(self.handle)?,
        }
        Ok(HungUp::Gone)
    }

    /// See [`crate::Connection::gone`].
    ///
    /// # Errors
    /// As there.
    pub fn gone(&mut self) -> Result<Cause, RasError> {
        self.ras.wait_gone(self.handle)?;
        Ok(cause_of(self.handle, self.ras.history()?))
    }

    /// Leaves it to the manager, and gives its handle: nothing is hung up.
    pub fn detach(self) -> Handle {
        self.handle
    }

    fn next_state(&mut self) -> Result<State, RasError> {
        loop {
            if std::mem::take(&mut self.unsure) {
                return self.look();
            }
            let told = self.events.as_mut().and_then(Iterator::next).transpose()?;
            match State::of_event(told.ok_or_else(manager_ended)?) {
                Some(state) => return Ok(state),
                None => self.unsure = true,
            }
        }
    }

    fn look(&mut self) -> Result<State, RasError> {
        if self.events.is_none() {
            // First the events, so that nothing happens unseen between the two.
            self.events = Some(self.ras.watch(Some(self.handle))?);
        }
        match self.status() {
            Ok(report) => Ok(State::of_report(report)),
            Err(error) if error.code == RasCode::INVALID_HANDLE => {
                Ok(State::Gone { cause: cause_of(self.handle, self.ras.history()?) })
            }
            Err(error) => Err(error),
        }
    }
}

/// The states of a dial as they come; ends behind the last.
#[derive(Debug)]
#[must_use = "an iterator that is not asked tells nothing"]
pub struct States<'a>(&'a mut Connection);

impl Iterator for States<'_> {
    type Item = Result<State, RasError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.last.is_some() {
            return None;
        }
        let state = self.0.next_state();
        if state.as_ref().map_or(true, State::is_last) {
            self.0.last = Some(state.clone());
        }
        Some(state)
    }
}
