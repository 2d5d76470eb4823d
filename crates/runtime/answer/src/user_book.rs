//! The users as this server knows them now, and their passwords, which they may change.

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use onhook_base::Secret;
use onhook_model::RasCode;
use onhook_ppp::auth::{self, Proof, Question, Verdict};

use crate::CallbackSetting;
use crate::admit::refusal;
use crate::password_file;
use crate::users::{User, Users};

/// Who may call, and by which password.
pub(crate) struct UserBook {
    users: RwLock<Users>,
    /// Where a new password is kept; without it none is taken.
    file: Option<PathBuf>,
}

impl UserBook {
    pub(crate) const fn new(users: Users, file: Option<PathBuf>) -> Self {
        Self { users: RwLock::new(users), file }
    }

    /// Whether the file has such a user.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.users.read().unwrap_or_else(PoisonError::into_inner).find(name).is_some()
    }

    /// Judges a proof against the users. A new password is written to their file, which takes its time.
    pub(crate) fn judge(&self, call: u64, question: &Question) -> Verdict {
        // Whom the callers' root vouches for need not stand in the file.
        if let Proof::Certificate { .. } = question.proof() {
            return Verdict::Accept { message: Vec::new(), keys: None };
        }
        let known = {
            let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
            users.find(question.name()).cloned()
        };
        let Some(user) = known else {
            // An unknown user is judged by a password that nobody has, so that the answer takes as long.
            let nobody = Secret::new(format!("\u{0}{call}"));
            return match auth::judge(question, &nobody) {
                Verdict::Accept { .. } => refusal(RasCode::AUTHENTICATION_FAILURE, ""),
                refused => may_try_again(refused),
            };
        };
        if question.is_change() {
            return self.change(&user, question);
        }
        match auth::judge(question, &user.password) {
            Verdict::Accept { .. } if user.is_expired => Verdict::Reject {
                code: RasCode::PASSWD_EXPIRED.number(),
                retry: self.file.is_some(),
                message: String::from("the password has expired"),
            },
            verdict => may_try_again(verdict),
        }
    }

    /// Whether `name`, as a caller sent it, is called back.
    pub(crate) fn callback(&self, name: &str) -> CallbackSetting {
        self.users.read().unwrap_or_else(PoisonError::into_inner).callback(name)
    }

    /// The password of `user` has expired, and a new one is told.
    fn change(&self, user: &User, question: &Question) -> Verdict {
        let not_taken = |retry, why: &str| Verdict::Reject {
            code: RasCode::CHANGING_PASSWORD.number(),
            retry,
            message: why.to_owned(),
        };
        let Some(file) = self.file.as_deref().filter(|_| user.is_expired) else {
            return not_taken(false, "no new password is taken here");
        };
        let Some(new) = question.new_password(&user.password) else {
            return refusal(RasCode::AUTHENTICATION_FAILURE, "");
        };
        let verdict = auth::judge(question, &new);
        if !matches!(verdict, Verdict::Accept { .. }) {
            return refusal(RasCode::AUTHENTICATION_FAILURE, "");
        }
        if let Some(why) = fault(&user.password, &new) {
            return not_taken(true, why);
        }
        if let Err(error) = password_file::change(file, &user.name, &user.password, &new) {
            tracing::error!(target: "answer", user = user.name, %error,
                "a new password could not be kept");
            return not_taken(false, "it could not be kept");
        }
        tracing::info!(target: "answer", user = user.name, "the password was changed");
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        users.insert(&user.name, new.expose());
        verdict
    }
}

/// A wrong password may be followed by the right one, as often as the server's terms say.
fn may_try_again(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Reject { code, message, .. } => Verdict::Reject { code, retry: true, message },
        verdict @ (Verdict::Accept { .. } | Verdict::Continue { .. }) => verdict,
    }
}

/// What is wrong with a new password.
fn fault(old: &Secret<String>, new: &Secret<String>) -> Option<&'static str> {
    if new.expose().is_empty() {
        Some("it is empty")
    } else if new == old {
        Some("it is the old one")
    } else if new.expose().chars().any(char::is_control) {
        // It could not stand in a line of its own.
        Some("it has characters that are not for passwords")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use onhook_base::{Instant, Seed};
    use onhook_ppp::Given;
    use onhook_ppp::auth::{AuthEvent, Authenticator, Credentials, Method, Prover};

    use super::*;

    fn book(text: &str, file: Option<PathBuf>) -> UserBook {
        UserBook::new(Users::parse(text).unwrap(), file)
    }

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    /// A caller who dials with a password and has new ones ready; what the server said by numbers, and
    /// whether it let the caller in.
    fn call(book: &UserBook, password: &str, new: &[&str]) -> (Vec<u32>, bool) {
        let now = Instant::ORIGIN;
        let chance = |n| Seed::from_number(n).secret_chance();
        let credentials = Credentials { user: "OFFICE\\alice".into(), password: secret(password) };
        let mut prover = Prover::new(Method::MsChapV2, Some(credentials), chance(1));
        prover.asks_person(true);
        prover.start(now);
        let mut asker = Authenticator::new(Method::MsChapV2, "server".into(), chance(2));
        asker.start(now);
        let (mut new, mut codes, mut packet) = (new.iter(), Vec::new(), Vec::new());
        loop {
            while asker.poll_packet(&mut packet) {
                prover.handle_packet(now, &packet);
            }
            while prover.poll_packet(&mut packet) {
                asker.handle_packet(now, &packet);
            }
            while let Some(event) = asker.poll_event() {
                match event {
                    AuthEvent::Ask(question) => {
                        let verdict = book.judge(1, &question);
                        if let Verdict::Reject { code, .. } = &verdict {
                            codes.push(*code);
                        }
                        asker.answer(now, verdict);
                    }
                    AuthEvent::Done { .. } => return (codes, true),
                    AuthEvent::Failed(_) => return (codes, false),
                    _ => {}
                }
            }
            while let Some(event) = prover.poll_event() {
                if let AuthEvent::Waiting { .. } = event {
                    let Some(new) = new.next() else { return (codes, false) };
                    prover.give(now, Given::NewPassword(secret(new)));
                }
            }
        }
    }

    #[test]
    fn an_expired_password_is_good_for_its_own_change_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("callers");
        let text = "alice wonderland1 expired\n";
        std::fs::write(&file, text).unwrap();
        let book = book(text, Some(file.clone()));
        assert_eq!(call(&book, "wonderland1", &[]), (vec![648], false));
        assert_eq!(
            call(&book, "mistyped", &[]),
            (vec![691], false),
            "nobody learns that it expired"
        );
        let refused = call(&book, "wonderland1", &["", "wonderland1", "line\nfeed"]);
        assert_eq!(refused, (vec![648, 709, 709, 709], false));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        assert_eq!(call(&book, "wonderland1", &["", "tea party"]), (vec![648, 709], true));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "alice \"tea party\"\n");
        assert_eq!(call(&book, "tea party", &[]), (vec![], true));
        assert_eq!(call(&book, "wonderland1", &[]), (vec![691], false));
    }

    #[test]
    fn without_a_file_to_write_an_expired_password_is_refused_for_good() {
        let book = book("alice wonderland1 expired\n", None);
        assert_eq!(call(&book, "wonderland1", &["tea party"]), (vec![648], false));
    }

    #[test]
    fn a_file_that_cannot_be_written_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = folder.path().join("nowhere").join("callers");
        let book = book("alice wonderland1 expired\n", Some(nowhere));
        assert_eq!(call(&book, "wonderland1", &["tea party"]), (vec![648, 709], false));
        assert_eq!(call(&book, "tea party", &[]), (vec![691], false));
    }
}
