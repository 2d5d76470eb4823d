//! Waiting for a person, in the midst of the climb.

use onhook_base::{Deadline, Instant, Planted, is_planted};
use onhook_model::{Cause, RasCode, RasState, Resumption};
use onhook_ppp::{Given, Wanted, auth};

use super::State;
use crate::connection::Connection;
use crate::translate;

/// How often a dial waits for a person: a peer that begins anew after each refusal has no end of its own.
const MOST_PAUSES: u8 = 12;

/// What a dial waits for, and what it ends by when it waits in vain.
#[derive(Clone, Debug)]
pub(crate) struct Pause {
    pub(crate) state: RasState,
    pub(crate) cause: Cause,
}

impl Connection {
    /// The peer would hear what only a person knows.
    pub(crate) fn pause_for(&mut self, now: Instant, wanted: &Wanted) {
        if self.state != State::Authenticating {
            return;
        }
        let refusal = self.splice.as_ref().and_then(|splice| splice.ppp.failure());
        let cause = refusal.map_or_else(
            || Cause::new(RasCode::AUTHENTICATION_FAILURE, ""),
            |refusal| translate::ppp_failure(refusal, self.state),
        );
        self.pauses = self.pauses.saturating_add(1);
        if self.pauses > MOST_PAUSES {
            return self.fail(now, cause);
        }
        let state = translate::paused_state(wanted);
        self.announcer.pause(state, &cause);
        self.pause = Some(Pause { state, cause });
        let until = Deadline::new(now + self.plan.times.person, "the person who dialed");
        self.deadline = (!is_planted(Planted::PauseUnbounded)).then_some(until);
    }

    /// The peer has begun anew, and hears what it refused once more.
    pub(crate) fn pause_is_void(&mut self, now: Instant) {
        if self.pause.take().is_some() {
            self.announcer.enter(RasState::AuthNotify);
            self.authenticate_by(now);
        }
    }

    fn authenticate_by(&mut self, now: Instant) {
        let until = now + self.plan.times.authenticating;
        self.deadline = Some(Deadline::new(until, "authentication"));
    }

    /// Goes on with what the person gave; nothing happens when it does not fit.
    pub(crate) fn go_on(&mut self, now: Instant, given: &Resumption) {
        let Some(pause) = self.pause.take() else { return };
        let given = match pause.state {
            RasState::RetryAuthentication => self.credentials(given).map(Given::Credentials),
            RasState::PasswordExpired => given.password.clone().map(Given::NewPassword),
            _ => None,
        };
        let (Some(given), Some(resumed)) = (given, pause.state.resumed()) else {
            self.pause = Some(pause);
            return;
        };
        self.announcer.enter(resumed);
        self.resumed = true;
        self.authenticate_by(now);
        if let Some(splice) = &mut self.splice {
            splice.ppp.give(now, given);
        }
    }

    /// The credentials of the first call, with what the person has changed.
    fn credentials(&self, given: &Resumption) -> Option<auth::Credentials> {
        let password = given.password.clone()?;
        let known = self.plan.ppp.credentials.as_ref().map_or("", |known| known.user.as_str());
        let (domain, user) = known.split_once('\\').unwrap_or(("", known));
        let user = given.user.as_deref().unwrap_or(user);
        let domain = given.domain.as_deref().unwrap_or(domain);
        let name = match domain {
            "" => user.to_owned(),
            domain => format!("{domain}\\{user}"),
        };
        Some(auth::Credentials { user: name, password })
    }

    /// A proof that was given after a pause is judged.
    pub(crate) fn announce_verdict(&mut self) {
        if std::mem::take(&mut self.resumed) {
            self.announcer.enter(RasState::AuthNotify);
        }
    }

    /// At the answering end: the caller's person is waited for, and a proof once more.
    pub(crate) fn wait_for_peers_person(&mut self, now: Instant) {
        if self.state == State::Authenticating {
            let times = &self.plan.times;
            let until = now + times.person * 2;
            self.deadline = Some(Deadline::new(until, "the person who called"));
        }
    }

    /// What the dial ends by when nobody has spoken in time.
    pub(crate) fn overdue(&self) -> Option<Cause> {
        let cause = &self.pause.as_ref()?.cause;
        Some(Cause::new(cause.code(), format!("{}; nobody gave another in time", cause.text())))
    }
}
