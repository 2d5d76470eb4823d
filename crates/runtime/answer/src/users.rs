//! The users that may call, from a file.
//!
//! One a line: the name, blanks, the password. Either may stand in double quotes, in which `\"` is a
//! quote and `\\` a backslash. Lines that are empty or begin with `#` mean nothing. The passwords are
//! there in the clear, because MS-CHAP and CHAP need them; keep the file readable by its owner alone.

use std::collections::BTreeMap;

use onhook_base::Secret;

/// A line of the users' file that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadUsers {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Names and passwords.
#[derive(Clone, Debug, Default)]
pub struct Users {
    passwords: BTreeMap<String, Secret<String>>,
}

impl Users {
    /// Reads the text of a users' file.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn parse(text: &str) -> Result<Self, BadUsers> {
        let mut users = Self::default();
        for (index, line) in text.lines().enumerate() {
            let bad = |what| BadUsers { line: index + 1, what };
            let rest = line.trim();
            if rest.is_empty() || rest.starts_with('#') {
                continue;
            }
            let (name, rest) = word(rest).map_err(bad)?;
            let (password, rest) =
                word(rest.trim_start()).map_err(|_| bad("a password is expected"))?;
            if !rest.trim().is_empty() {
                return Err(bad("something follows the password; quote it if it has blanks"));
            }
            if name.is_empty() {
                return Err(bad("the name is empty"));
            }
            if users.passwords.insert(name, Secret::new(password)).is_some() {
                return Err(bad("this name stands here a second time"));
            }
        }
        Ok(users)
    }

    /// Adds a user, or changes the password.
    pub fn insert(&mut self, name: &str, password: &str) {
        self.passwords.insert(name.to_owned(), Secret::new(password.to_owned()));
    }

    /// The password of `name` as a caller sent it: a domain before it does not count.
    pub fn password(&self, name: &str) -> Option<&Secret<String>> {
        self.passwords.get(name).or_else(|| {
            let (_, bare) = name.split_once('\\')?;
            self.passwords.get(bare)
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.passwords.len()
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
    fn a_line_that_cannot_be_read_is_named() {
        for (text, line) in [
            ("alice", 1),
            ("\nalice a b", 2),
            ("alice a\nalice b", 2),
            ("\"alice a", 1),
            ("alice \"a", 1),
            ("\"\" a", 1),
        ] {
            assert_eq!(Users::parse(text).unwrap_err().line, line, "{text:?}");
        }
    }
}
