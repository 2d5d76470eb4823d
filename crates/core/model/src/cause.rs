//! Why a connection ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::RasCode;

/// Why a connection ended: a RAS number, and what happened in words.
///
/// The first cause is *the* cause; what follows from it is consequence and is not kept. The one place
/// that makes causes of protocol failures is `connection/translate.rs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    code: RasCode,
    text: String,
}

impl Cause {
    /// A cause of this number; `text` says what happened in this case, without a secret, and may be
    /// empty where the number's own sentence says it all.
    pub fn new(code: RasCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// Someone with the right to do so asked for it (631).
    pub fn hung_up() -> Self {
        Self::new(RasCode::USER_DISCONNECTION, "")
    }

    /// The program that dialed ended before the connection was up (631).
    pub fn program_ended() -> Self {
        let text = "the program that dialed has ended before the connection was up";
        Self::new(RasCode::USER_DISCONNECTION, text)
    }

    /// The manager stops (834).
    pub fn manager_stops() -> Self {
        Self::new(RasCode::RASMAN_SERVICE_STOPPED, "")
    }

    /// The RAS number.
    pub const fn code(&self) -> RasCode {
        self.code
    }

    /// What happened in this case; may be empty.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the connection ended because its holder wanted it: no failure to be kept in the list.
    pub fn is_wanted(&self) -> bool {
        self.code == RasCode::USER_DISCONNECTION || self.code == RasCode::RASMAN_SERVICE_STOPPED
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.number(), self.code.sentence())?;
        if self.text.is_empty() { Ok(()) } else { write!(f, " ({})", self.text) }
    }
}
