//! What an entry says of being called back.

use serde::{Deserialize, Serialize};

/// Whether a dial over a modem would be called back where the server lets it choose (CallbackMode). A number
/// that the server has set for the user needs nothing of this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackMode {
    /// No: the dial goes on in its own call.
    #[default]
    Never,
    /// The person is asked, where there is one.
    Ask,
    /// Yes: the person is asked for the number, and without one there is no connection.
    Always,
}

impl CallbackMode {
    /// The value in a phone book.
    pub const fn value(self) -> u32 {
        match self {
            Self::Never => 0,
            Self::Ask => 1,
            Self::Always => 2,
        }
    }

    /// What this value means.
    pub const fn from_value(value: u32) -> Option<Self> {
        match value {
            0 => Some(Self::Never),
            1 => Some(Self::Ask),
            2 => Some(Self::Always),
            _ => None,
        }
    }
}
