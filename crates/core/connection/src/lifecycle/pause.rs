//! Waiting for a person, in the midst of the climb.

use onhook_base::{Deadline, Instant, Planted, Secret, is_planted};
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
        self.pause_in(now, translate::paused_state(wanted), cause);
    }

    /// Waits in this state, and ends by `cause` when nobody speaks.
    pub(crate) fn pause_in(&mut self, now: Instant, state: RasState, cause: Cause) {
        self.pauses = self.pauses.saturating_add(1);
        if self.pauses > MOST_PAUSES {
            return self.fail(now, cause);
        }
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
        if pause.state == RasState::CallbackSetByCaller {
            return self.go_on_with_number(now, pause, given);
        }
        let given = match pause.state {
            RasState::RetryAuthentication => self.credentials(given).map(Given::Credentials),
            RasState::PasswordExpired => given.password.clone().map(Given::NewPassword),
            _ => None,
        };
        let (Some(given), Some(resumed)) = (given, pause.state.resumed()) else {
            self.pause = Some(pause);
            return;
        };
        match &given {
            Given::Credentials(credentials) => self.redial.keep_credentials(credentials),
            Given::NewPassword(password) => self.keep_password(password),
        }
        self.announcer.enter(resumed);
        self.resumed = true;
        self.authenticate_by(now);
        if let Some(splice) = &mut self.splice {
            splice.ppp.give(now, given);
        }
    }

    /// The person has named a number to be called back at, or an empty one: then the dial goes on in its own
    /// call.
    fn go_on_with_number(&mut self, now: Instant, pause: Pause, given: &Resumption) {
        let Some(number) = &given.callback_number else {
            self.pause = Some(pause);
            return;
        };
        let number = Some(number.trim().to_owned()).filter(|number| !number.is_empty());
        self.redial.keep_callback(number.as_ref());
        self.announcer.enter(RasState::AuthCallback);
        self.authenticate_by(now);
        if let Some(splice) = &mut self.splice {
            splice.ppp.choose_callback(now, number);
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

    /// The person has changed the password.
    fn keep_password(&mut self, password: &Secret<String>) {
        if let Some(known) = self.redial.credentials().or(self.plan.ppp.credentials.as_ref()) {
            let changed =
                auth::Credentials { user: known.user.clone(), password: password.clone() };
            self.redial.keep_credentials(&changed);
        }
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
        let lacks = match cause.code() {
            RasCode::BAD_CALLBACK_NUMBER => "nobody named one in time",
            _ => "nobody gave another in time",
        };
        Some(Cause::new(cause.code(), format!("{}; {lacks}", cause.text())))
    }
}
