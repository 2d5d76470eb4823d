//! The file: JSON, a version, and a record for each number.

use std::collections::BTreeMap;
use std::io::Write;

use onhook_base::Secret;
use serde::{Deserialize, Serialize};

use super::{Keyring, KeyringError, Record};
use crate::pbk::MAX_FILE;
use crate::versioned::{self, Unreadable};

/// The version that is written.
const VERSION: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "version")]
    _version: u32,
    entries: BTreeMap<u32, Record>,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    entries: &'a BTreeMap<u32, Record>,
}

impl From<Unreadable> for KeyringError {
    fn from(why: Unreadable) -> Self {
        match why {
            Unreadable::TooLong => Self::TooLong { what: "the file", max: MAX_FILE },
            Unreadable::Broken { line } => {
                Self::Broken { line, what: "not as this program writes it" }
            }
            Unreadable::Version(version) => Self::Version(version),
        }
    }
}

impl Keyring {
    /// What is kept in these bytes. An empty file keeps nothing.
    ///
    /// # Errors
    ///
    /// They are none that were written by [`to_bytes`](Self::to_bytes), or by a later version. Such a
    /// file must not be overwritten.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyringError> {
        let read = versioned::read::<Read>(bytes, VERSION)?;
        Ok(read.map_or_else(Self::new, |read| Self { records: read.entries }))
    }

    /// The bytes of the file; wiped when they are dropped.
    pub fn to_bytes(&self) -> Secret<Vec<u8>> {
        let written = Written { version: VERSION, entries: &self.records };
        // Measured first, so that no copy is left where the text grew.
        let mut length = Length(1);
        let mut bytes = Secret::new(Vec::new());
        if serde_json::to_writer_pretty(&mut length, &written).is_ok() {
            bytes.expose_mut().reserve_exact(length.0);
            // Writing to memory that is there does not fail.
            drop(serde_json::to_writer_pretty(bytes.expose_mut(), &written));
            bytes.expose_mut().push(b'\n');
        }
        bytes
    }
}

struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A secret text that may be there.
pub(super) mod secret {
    use onhook_base::Secret;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        secret: &Option<Secret<String>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match secret {
            Some(secret) => to.serialize_str(secret.expose()),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Secret<String>>, D::Error> {
        let text = Secret::new(String::deserialize(from)?);
        Ok(if text.expose().is_empty() { None } else { Some(text) })
    }
}

/// Secret octets that may be there, in hexadecimal.
pub(super) mod octets {
    use onhook_base::Secret;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    use crate::routes::{hex, parse_hex};

    pub(crate) fn serialize<S: Serializer>(
        octets: &Option<Secret<Vec<u8>>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match octets {
            Some(octets) => to.serialize_str(Secret::new(hex(octets.expose())).expose()),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Secret<Vec<u8>>>, D::Error> {
        let digits = Secret::new(String::deserialize(from)?);
        let octets = parse_hex(digits.expose().as_bytes()).map(Secret::new);
        let octets = octets.ok_or_else(|| de::Error::custom("no octets in hexadecimal"))?;
        Ok(if octets.expose().is_empty() { None } else { Some(octets) })
    }
}

/// A GUID, in hexadecimal as in a phone book.
pub(super) mod guid {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    use crate::routes::{hex, parse_hex};

    pub(crate) fn serialize<S: Serializer>(guid: &[u8; 16], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex(guid))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 16], D::Error> {
        let digits = String::deserialize(from)?;
        let guid = parse_hex(digits.as_bytes()).and_then(|octets| octets.try_into().ok());
        guid.ok_or_else(|| de::Error::custom("no GUID"))
    }
}
