//! The person behind a dial, and what the server knows of the user.

use onhook_base::{Chance, Duration, Secret};
use onhook_model::{RasCode, RasState, Resumption};
use onhook_ppp::auth::{self, Proof, Question, Verdict};

use crate::world::{NEW_PASSWORD, PASSWORD, WRONG_PASSWORD};

/// What the person does when a dial waits for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// There is one: the dial may wait.
    pub is_there: bool,
    /// The person has gone for a coffee, and never speaks.
    pub is_away: bool,
    /// How long the person thinks, each time.
    pub thinks: Duration,
    /// How often the person errs before saying what is right.
    pub slips: u8,
    /// The password has expired, says the server.
    pub has_old_password: bool,
}

impl Person {
    /// Nobody, with a password that is good.
    pub const NOBODY: Self = Self {
        is_there: false,
        is_away: false,
        thinks: Duration::ZERO,
        slips: 0,
        has_old_password: false,
    };

    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self {
            is_there: chance.below(4) > 0,
            is_away: chance.below(4) == 0,
            thinks: Duration::from_millis(chance.below(100_000)),
            slips: [0, 0, 0, 1, 2, 5][chance.below(6) as usize],
            has_old_password: chance.below(6) == 0,
        }
    }

    /// What the person says, after having erred so often.
    pub(crate) fn says(self, erred: u8, state: RasState) -> Resumption {
        let right = if state == RasState::PasswordExpired { NEW_PASSWORD } else { PASSWORD };
        // A new password that is the old one is none.
        let wrong = if state == RasState::PasswordExpired { PASSWORD } else { WRONG_PASSWORD };
        let text = if erred < self.slips { wrong } else { right };
        let password = Some(Secret::new(text.to_owned()));
        Resumption { password, ..Resumption::default() }
    }
}

/// The user, as the server knows it.
#[derive(Debug)]
pub(crate) struct User {
    password: &'static str,
    is_expired: bool,
}

impl User {
    pub(crate) const fn new(is_expired: bool) -> Self {
        Self { password: PASSWORD, is_expired }
    }

    pub(crate) fn judge(&mut self, question: &Question, is_admitted: bool) -> Verdict {
        let refuse = |code: RasCode, retry| {
            let message = String::new();
            Verdict::Reject { code: code.number(), retry, message }
        };
        if !is_admitted {
            return refuse(RasCode::NO_DIALIN_PERMISSION, false);
        }
        if let Proof::Certificate { .. } = question.proof() {
            return Verdict::Accept { message: Vec::new(), keys: None };
        }
        let known = Secret::new(self.password.to_owned());
        if !question.is_change() {
            return match auth::judge(question, &known) {
                Verdict::Accept { .. } if self.is_expired => refuse(RasCode::PASSWD_EXPIRED, true),
                Verdict::Reject { .. } => refuse(RasCode::AUTHENTICATION_FAILURE, true),
                verdict => verdict,
            };
        }
        match question.new_password(&known) {
            None => refuse(RasCode::AUTHENTICATION_FAILURE, true),
            Some(new) if new == known => refuse(RasCode::CHANGING_PASSWORD, true),
            Some(new) => {
                let verdict = auth::judge(question, &new);
                if matches!(verdict, Verdict::Accept { .. }) && new.expose() == NEW_PASSWORD {
                    *self = Self { password: NEW_PASSWORD, is_expired: false };
                }
                verdict
            }
        }
    }
}
