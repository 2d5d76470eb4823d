//! HRASCONN's number: a value that is never given twice.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Names a connection for as long as it exists, and nothing ever after.
///
/// Shown and read as a hexadecimal number, `0x2a`. Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Handle(NonZeroU64);

/// The text is no handle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no handle such as 0x2a")]
pub struct BadHandle(pub String);

impl Handle {
    /// The handle of this number; `None` for zero.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(n) => Some(Self(n)),
            None => None,
        }
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl FromStr for Handle {
    type Err = BadHandle;

    /// Reads `0x2a` only, so that an entry named `42` cannot be mistaken for a handle.
    fn from_str(text: &str) -> Result<Self, BadHandle> {
        text.strip_prefix("0x")
            .filter(|digits| !digits.starts_with('+'))
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .and_then(Self::new)
            .ok_or_else(|| BadHandle(text.to_owned()))
    }
}

impl From<Handle> for String {
    fn from(handle: Handle) -> Self {
        handle.to_string()
    }
}

impl TryFrom<String> for Handle {
    type Error = BadHandle;

    fn try_from(text: String) -> Result<Self, BadHandle> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_read_as_it_is_shown() {
        let h = Handle::new(0xbeef).unwrap();
        assert_eq!(h.to_string().parse(), Ok(h));
        for bad in ["", "0x", "0x0", "42", "0x+1", "0x1ffffffffffffffff", "beef"] {
            assert!(bad.parse::<Handle>().is_err(), "{bad}");
        }
    }
}
