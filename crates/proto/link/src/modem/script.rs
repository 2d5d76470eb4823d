//! A login by what is expected and what is sent, for providers that ask before PPP begins.
//!
//! ```text
//!   expect ogin:
//!   send $user
//!   expect word:
//!   send $password
//!   expect PPP
//! ```
//!
//! A `send` ends with a carriage return; `$user` and `$password` stand for the entry's, `$$` for a dollar.

use onhook_base::Secret;

/// Steps that a script may have.
const MOST_STEPS: usize = 64;
/// Octets of one step.
const MOST_TEXT: usize = 256;

/// What is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadScript {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Expect(String),
    Send(String),
}

/// A login script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    steps: Vec<Step>,
}

impl Script {
    /// Reads a script; empty lines and those that begin with `#` say nothing.
    ///
    /// # Errors
    /// Names the first line that is none.
    pub fn parse(text: &str) -> Result<Self, BadScript> {
        let mut steps = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let wrong = |what| BadScript { line, what };
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
            if rest.len() > MOST_TEXT {
                return Err(wrong("it is too long"));
            }
            steps.push(match word {
                "expect" if !rest.trim().is_empty() => Step::Expect(rest.trim().to_owned()),
                "expect" => return Err(wrong("nothing to expect is named")),
                "send" => Step::Send(rest.trim().to_owned()),
                _ => return Err(wrong("expected “expect …” or “send …”")),
            });
            if steps.len() > MOST_STEPS {
                return Err(wrong("there are too many steps"));
            }
        }
        Ok(Self { steps })
    }

    pub(super) fn step(&self, at: usize) -> Option<&Step> {
        self.steps.get(at)
    }
}

/// What a `send` puts on the line.
pub(super) fn fill(text: &str, user: &str, password: &Secret<String>) -> Secret<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = if let Some(after) = after.strip_prefix("user") {
            out.push_str(user);
            after
        } else if let Some(after) = after.strip_prefix("password") {
            out.push_str(password.expose());
            after
        } else {
            out.push('$');
            after.strip_prefix('$').unwrap_or(after)
        };
    }
    out.push_str(rest);
    out.push('\r');
    Secret::new(out)
}
