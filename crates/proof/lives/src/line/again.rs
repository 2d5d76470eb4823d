//! A line that was lost, and is dialed again: another call under the same handle.

use onhook_base::{Instant, Seed};
use onhook_connection::State;

use super::Line;
use crate::invariant::{Broken, Invariant};
use crate::links::LINKS;
use crate::tamper::Tamper;

impl Line {
    /// Whether nothing of the call is left, and another is to follow.
    fn is_to_follow(&self) -> bool {
        self.caller.connection.state() == State::Gone && self.caller.connection.goes_on()
    }

    /// The call that follows, where one does and nothing is still being closed. What is planned to happen
    /// later happens in it; the server's end of this one has still to come to its own end.
    ///
    /// # Errors
    /// When something of the lost line is left.
    pub(crate) fn dialed_again(&mut self, now: Instant) -> Result<Option<Self>, Broken> {
        if !self.is_to_follow() || self.caller.is_undoing() {
            return Ok(None);
        }
        let left = self.caller.leftovers();
        if !left.is_empty() {
            let text = format!("it is dialed again, and of the lost line is left: {left:?}");
            return Err(Broken::new(Invariant::GoneOwnsNothing, text));
        }
        self.redials += 1;
        let seed = Seed::from_number(self.script.salt ^ u64::from(self.redials));
        let Some(mut connection) = self.caller.connection.next_attempt(seed.derive("caller"))
        else {
            return Ok(None);
        };
        connection.dial(now);
        let shape = LINKS[self.script.link].shape;
        let mut next = Self::over(now, self.handle, &self.script, connection);
        next.caller.follow(&mut self.caller);
        next.redials = self.redials;
        next.steps = self.steps;
        next.line_faults_done = self.line_faults_done;
        next.order = std::mem::take(&mut self.order);
        next.erred = self.erred;
        next.not_admitted = self.not_admitted;
        next.user = std::mem::replace(&mut self.user, crate::person::User::new(false));
        let mute = Tamper::new(shape, Vec::new(), 0);
        next.tamper = std::mem::replace(&mut self.tamper, mute);
        next.tamper.begin_anew();
        Ok(Some(next))
    }

    /// How long it may wait in Opening before it dials.
    pub(super) fn pause(&self) -> onhook_base::Duration {
        match (self.redials, self.script.redial) {
            (0, _) | (_, None) => onhook_base::Duration::ZERO,
            (_, Some(terms)) => terms.pause,
        }
    }
}
