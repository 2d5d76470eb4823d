//! How a catalog is asked.

use onhook_model::{Cause, RasCode, RasState};

use crate::catalogs::en;

/// A language that there is a catalog of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 1] = [Self::English];

    /// What to do about this error; `None` when we can never give it, or nothing can be done.
    pub fn hint(self, code: RasCode) -> Option<&'static str> {
        let hints = match self {
            Self::English => en::HINTS,
        };
        hints.iter().find(|(known, _)| *known == code).map(|(_, hint)| *hint)
    }

    /// What is the matter.
    pub const fn sentence(self, code: RasCode) -> &'static str {
        match self {
            Self::English => code.sentence(),
        }
    }

    /// What a dial does in this state.
    pub const fn progress(self, state: RasState) -> &'static str {
        match self {
            Self::English => en::progress(state),
        }
    }

    /// Number, name, what is the matter, and what to do about it.
    pub fn describe(self, code: RasCode) -> String {
        self.describe_with(code, "")
    }

    fn describe_with(self, code: RasCode, detail: &str) -> String {
        let mut text = head(code);
        text.push_str(self.sentence(code));
        if !detail.is_empty() {
            text.push_str(" (");
            text.push_str(detail);
            text.push(')');
        }
        if let Some(hint) = self.hint(code) {
            text.push(' ');
            text.push_str(hint);
        }
        text
    }
}

/// `691 (ERROR_AUTHENTICATION_FAILURE): `
fn head(code: RasCode) -> String {
    let number = if code.is_hresult() {
        format!("0x{:08X}", code.number())
    } else {
        code.number().to_string()
    };
    match code.name() {
        Some(name) => format!("{number} ({name}): "),
        None => format!("{number}: "),
    }
}

/// What to do about this error, in one or two English sentences; `None` when there is nothing to say.
pub fn hint(code: RasCode) -> Option<&'static str> {
    Language::default().hint(code)
}

/// Number, name, what is the matter, and what to do about it, in English:
/// `691 (ERROR_AUTHENTICATION_FAILURE): User name or password was refused … Check …`
pub fn describe(code: RasCode) -> String {
    Language::default().describe(code)
}

/// As [`describe`], with what happened in this case, as the cause tells it.
pub fn describe_cause(cause: &Cause) -> String {
    Language::default().describe_with(cause.code(), cause.text())
}

/// What a dial does in this state, in a few English words: `Checking user name and password`.
pub const fn progress(state: RasState) -> &'static str {
    Language::English.progress(state)
}
