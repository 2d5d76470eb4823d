//! A file of users of any bytes: refused with its line, or read; and nobody is let in by an empty word.

use onhook_answer::Users;

pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Users::parse(&text) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(users) => {
            assert!(users.count() <= text.lines().count());
            assert!(users.password("").is_none(), "a user without a name");
        }
    }
}
