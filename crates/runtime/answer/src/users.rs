//! The users that may call, from a file.
//!
//! One a line: the name, blanks, the password. Either may stand in double quotes, in which `\"` is a
//! quote and `\\` a backslash. Behind them may stand `expired`: the password is to be changed before it is
//! good for anything else; and `callback=no`, `callback=caller` or `callback=NUMBER`: whether the user is
//! called back over modems. Lines that are empty or begin with `#` mean nothing. The passwords are
//! there in the clear, because MS-CHAP and CHAP need them; keep the file readable by its owner alone.

use std::collections::BTreeMap;

use onhook_base::Secret;

use crate::CallbackSetting;

/// A line of the users' file that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadUsers {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

/// A user who may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name, without a domain.
    pub name: String,
    /// The password.
    pub password: Secret<String>,
    /// It has expired: good for its own change alone.
    pub is_expired: bool,
    /// Whether the user is called back over modems.
    pub callback: CallbackSetting,
}

/// Names and passwords.
#[derive(Clone, Debug, Default)]
pub struct Users {
    users: BTreeMap<String, User>,
}

impl Users {
    /// Reads the text of a users' file.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn parse(text: &str) -> Result<Self, BadUsers> {
        let mut users = Self::default();
        for (index, line) in text.lines().enumerate() {
            let Some(line) = Line::read(line).map_err(|what| BadUsers { line: index + 1, what })?
            else {
                continue;
            };
            let name = line.user.name.clone();
            if users.users.insert(name, line.user).is_some() {
                let what = "this name stands here a second time";
                return Err(BadUsers { line: index + 1, what });
            }
        }
        Ok(users)
    }

    /// Adds a user, or changes the password to one that has not expired.
    pub fn insert(&mut self, name: &str, password: &str) {
        let password = Secret::new(password.to_owned());
        let callback = self.users.get(name).map(|known| known.callback.clone());
        let callback = callback.unwrap_or_default();
        let user = User { name: name.to_owned(), password, is_expired: false, callback };
        self.users.insert(name.to_owned(), user);
    }

    /// The user of this name as a caller sent it: a domain before it does not count.
    pub fn find(&self, name: &str) -> Option<&User> {
        self.users.get(name).or_else(|| {
            let (_, bare) = name.split_once('\\')?;
            self.users.get(bare)
        })
    }

    /// Whether `name`, as a caller sent it, is called back.
    pub fn callback(&self, name: &str) -> CallbackSetting {
        self.find(name).map(|user| user.callback.clone()).unwrap_or_default()
    }

    /// Whether anybody is called back, and whether anybody must be.
    pub fn call_back(&self) -> (bool, bool) {
        let mut settings = self.users.values().map(|user| &user.callback);
        let any = settings.clone().any(|setting| *setting != CallbackSetting::Never);
        (any, settings.any(|setting| matches!(setting, CallbackSetting::At(_))))
    }

    /// The password of `name` as a caller sent it.
    pub fn password(&self, name: &str) -> Option<&Secret<String>> {
        self.find(name).map(|user| &user.password)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.users.len()
    }
}

/// The text of a users' file with `new` in the place of `old` behind `name`, and not expired; `None` when
/// it cannot be read, or has no such user with that password. Nothing else of it changes.
pub(crate) fn with_password(
    text: &str,
    name: &str,
    old: &Secret<String>,
    new: &Secret<String>,
) -> Option<Secret<String>> {
    let written = quoted(new);
    // Room for all of it, so that no part of it stays behind where the text grows.
    let mut out = Secret::new(String::with_capacity(text.len() + written.expose().len() + 1));
    let mut is_found = false;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end_matches('\n').trim_end_matches('\r');
        let ending = &whole[line.len()..];
        match Line::read(line).ok()? {
            Some(read) if read.user.name == name && read.user.password == *old => {
                is_found = true;
                out.expose_mut().push_str(&line[..read.password_at]);
                out.expose_mut().push_str(written.expose());
                for kept in line[read.behind_at..].split_whitespace().filter(|w| *w != EXPIRED) {
                    out.expose_mut().push(' ');
                    out.expose_mut().push_str(kept);
                }
            }
            Some(_) | None => out.expose_mut().push_str(line),
        }
        out.expose_mut().push_str(ending);
    }
    is_found.then_some(out)
}

/// A word as it stands in a line.
fn quoted(word: &Secret<String>) -> Secret<String> {
    let text = word.expose();
    let is_plain =
        !text.is_empty() && !text.starts_with('"') && !text.contains(char::is_whitespace);
    if is_plain {
        return word.clone();
    }
    let mut out = Secret::new(String::with_capacity(2 * text.len() + 2));
    let quoted = out.expose_mut();
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    out
}

/// Behind a password: it has expired.
const EXPIRED: &str = "expired";

/// A line that names a user.
struct Line {
    user: User,
    /// Where in the line the password begins.
    password_at: usize,
    /// Where in the line it has ended.
    behind_at: usize,
}

impl Line {
    /// Reads a line; `None` when it means nothing.
    fn read(line: &str) -> Result<Option<Self>, &'static str> {
        let begin = line.trim_start();
        if begin.is_empty() || begin.starts_with('#') {
            return Ok(None);
        }
        let (name, rest) = word(begin)?;
        let rest = rest.trim_start();
        let password_at = line.len() - rest.len();
        let (password, rest) = word(rest).map_err(|_| "a password is expected")?;
        let behind_at = line.len() - rest.len();
        let (mut is_expired, mut callback) = (false, None);
        for word in rest.split_whitespace() {
            match word.strip_prefix("callback=") {
                Some(_) if callback.is_some() => return Err("callback= stands here a second time"),
                Some(setting) => callback = Some(CallbackSetting::parse(setting)?),
                None if word == EXPIRED && !is_expired => is_expired = true,
                None => return Err("something follows the password; quote it if it has blanks"),
            }
        }
        if name.is_empty() {
            return Err("the name is empty");
        }
        let (password, callback) = (Secret::new(password), callback.unwrap_or_default());
        let user = User { name, password, is_expired, callback };
        Ok(Some(Self { user, password_at, behind_at }))
    }
}

fn word(text: &str) -> Result<(String, &str), &'static str> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        return if word.is_empty() {
            Err("a name is expected")
        } else {
            Ok((word.to_owned(), rest))
        };
    };
    let mut word = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((word, &quoted[at + 1..])),
            '\\' => word.push(chars.next().ok_or("the quotes are not closed")?.1),
            other => word.push(other),
        }
    }
    Err("the quotes are not closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_may_be_quoted() {
        let text = "# callers\n\nalice wonderland1\n\"white rabbit\" \"late \\\"again\\\"\"\n";
        let users = Users::parse(text).unwrap();
        assert_eq!(users.count(), 2);
        assert_eq!(users.password("white rabbit").unwrap().expose(), "late \"again\"");
        assert_eq!(users.password("OFFICE\\alice").unwrap().expose(), "wonderland1");
        assert!(users.password("bob").is_none());
    }

    #[test]
    fn whether_a_user_is_called_back_stands_behind_the_password() {
        let text =
            "alice a callback=555-1234\nbob b callback=caller\ncarol c\ndave d callback=no\n";
        let users = Users::parse(text).unwrap();
        let at = CallbackSetting::At("555-1234".to_owned());
        assert_eq!(users.callback("OFFICE\\alice"), at);
        assert_eq!(users.callback("bob"), CallbackSetting::ByCaller);
        for never in ["carol", "dave", "nobody"] {
            assert_eq!(users.callback(never), CallbackSetting::Never, "{never}");
        }
        assert_eq!(users.call_back(), (true, true));
        assert_eq!(Users::parse("bob b callback=caller").unwrap().call_back(), (true, false));
        assert_eq!(Users::parse("dave d callback=no").unwrap().call_back(), (false, false));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        for (text, line) in [
            ("alice", 1),
            ("\nalice a b", 2),
            ("alice a expired b", 1),
            ("alice a\nalice b", 2),
            ("\"alice a", 1),
            ("alice \"a", 1),
            ("\"\" a", 1),
            ("alice a callback=", 1),
            ("alice a callback=no callback=no", 1),
        ] {
            assert_eq!(Users::parse(text).unwrap_err().line, line, "{text:?}");
        }
    }

    #[test]
    fn an_expired_password_is_marked_by_a_third_word() {
        let users = Users::parse("alice a expired\nbob \"expired\"\n").unwrap();
        assert!(users.find("OFFICE\\alice").unwrap().is_expired);
        assert!(!users.find("bob").unwrap().is_expired);
    }

    #[test]
    fn a_password_is_changed_and_nothing_beside_it() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let text = "# all\r\n\talice\twonder expired  \r\n\n\"bob\" \"a b\" \n#end";
        for (name, old, new, changed) in [
            ("alice", "wonder", "x", "# all\r\n\talice\tx\r\n\n\"bob\" \"a b\" \n#end"),
            ("bob", "a b", "\"", "# all\r\n\talice\twonder expired  \r\n\n\"bob\" \"\\\"\"\n#end"),
        ] {
            let out = with_password(text, name, &secret(old), &secret(new)).unwrap();
            assert_eq!(out.expose(), changed);
        }
        assert!(with_password(text, "alice", &secret("other"), &secret("x")).is_none());
        assert!(with_password("alice", "alice", &secret("a"), &secret("x")).is_none());
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_new_password_is_it_is_read_again(
            new in "[^\\p{Cc}]{1,20}",
            expired in proptest::bool::ANY,
        ) {
            let line = if expired { "alice a expired" } else { "alice a" };
            let text = format!("bob b\n{line}\n# end\n");
            let (old, new) = (Secret::new("a".to_owned()), Secret::new(new));
            let changed = with_password(&text, "alice", &old, &new).unwrap();
            let users = Users::parse(changed.expose()).unwrap();
            let user = users.find("alice").unwrap();
            proptest::prop_assert_eq!(&user.password, &new);
            proptest::prop_assert!(!user.is_expired);
            proptest::prop_assert_eq!(users.password("bob").unwrap().expose(), "b");
        }
    }
}
