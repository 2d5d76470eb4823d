//! What the answerer knows of its user.

use onhook_base::Secret;
use onhook_model::RasCode;
use onhook_ppp::auth::{self, Question, Verdict};

/// A user as the answerer knows it; its password can be changed by the caller when it has expired.
#[derive(Clone, Debug)]
pub struct User {
    /// The password.
    pub password: String,
    /// It is good for nothing but its own change.
    pub is_expired: bool,
}

impl User {
    pub(crate) fn judge(&mut self, question: &Question) -> Verdict {
        let refuse = |code: RasCode| {
            let message = String::new();
            Verdict::Reject { code: code.number(), retry: true, message }
        };
        let known = Secret::new(self.password.clone());
        if !question.is_change() {
            return match auth::judge(question, &known) {
                Verdict::Accept { .. } if self.is_expired => refuse(RasCode::PASSWD_EXPIRED),
                Verdict::Reject { .. } => refuse(RasCode::AUTHENTICATION_FAILURE),
                verdict => verdict,
            };
        }
        let Some(new) = question.new_password(&known) else {
            return refuse(RasCode::AUTHENTICATION_FAILURE);
        };
        if new == known {
            return refuse(RasCode::CHANGING_PASSWORD);
        }
        let verdict = auth::judge(question, &new);
        if matches!(verdict, Verdict::Accept { .. }) {
            self.password.clone_from(new.expose());
            self.is_expired = false;
        }
        verdict
    }
}
