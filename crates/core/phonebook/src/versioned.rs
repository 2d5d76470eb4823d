//! Files of our own beside the books: JSON, with a version.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::pbk::MAX_FILE;

/// Why a file cannot be read. It must not be overwritten then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is longer than [`MAX_FILE`].
    TooLong,
    /// It is none that we have written. The JSON reader's own words may quote the file.
    Broken {
        /// The line, counted from 1; 0 for the file as a whole.
        line: usize,
    },
    /// A later version of the program has written it.
    Version(u32),
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// What is in a file of this version; `None` when it is empty.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8], known: u32) -> Result<Option<T>, Unreadable> {
    if bytes.trim_ascii().is_empty() {
        return Ok(None);
    }
    if bytes.len() > MAX_FILE {
        return Err(Unreadable::TooLong);
    }
    let broken = |error: serde_json::Error| Unreadable::Broken { line: error.line() };
    let Version { version } = serde_json::from_slice(bytes).map_err(broken)?;
    if version != known {
        return Err(Unreadable::Version(version));
    }
    serde_json::from_slice(bytes).map(Some).map_err(broken)
}
