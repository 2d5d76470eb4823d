//! Credentials that are kept for entries, as a file holds them: text in, text out.
//!
//! Never in the phone book: books are shared, copied and backed up. A [`Keyring`] is the file of one
//! user, or of all users; an entry's record is found by its DialParamsUID *and* its GUID, so that a book
//! from elsewhere that names a number of ours does not have our password sent to its server.
//!
//! Passwords go in and come out only for a dial ([`resolve`]); whoever asks otherwise is told whether
//! there is one and given sixteen asterisks, which mean "the saved one" wherever they are given back.
//!
//! ```
//! use onhook_base::Secret;
//! use onhook_phonebook::{EntryId, Given, Keyring, MaskedCredentials, STAND_IN, mask, resolve};
//!
//! let office = EntryId { uid: 4711, guid: [7; 16] };
//! let mut keyring = Keyring::new();
//! let credentials = MaskedCredentials {
//!     mask: mask::USER_NAME | mask::PASSWORD,
//!     user: "alice".into(),
//!     password: Secret::new("wonderland1".into()),
//!     ..Default::default()
//! };
//! keyring.set(office, &credentials)?;
//! let shown = keyring.get(office, mask::USER_NAME | mask::PASSWORD | mask::DOMAIN);
//! assert_eq!(shown.mask, mask::USER_NAME | mask::PASSWORD);
//! assert_eq!(shown.password.expose(), STAND_IN);
//!
//! let to_dial_with = resolve(&Given::default(), &[keyring.record(office)], None, None);
//! assert_eq!(to_dial_with.password.expose(), "wonderland1");
//! # Ok::<(), onhook_phonebook::KeyringError>(())
//! ```

mod dial;
mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use onhook_base::Secret;
use onhook_model::RasCode;
use serde::{Deserialize, Serialize};

pub use dial::{DialParams, Given, SetDialParams, resolve};

/// What stands for a password that is saved.
pub const STAND_IN: &str = "****************";

/// The longest text that is kept, in octets; users and passwords have at most 256 characters.
pub const MAX_KEPT_TEXT: usize = 4096;
/// The most octets of an EAP method's user data.
pub const MAX_EAP_USER_DATA: usize = 256 << 10;

/// Bits that say which of the credentials are meant (RASCM).
pub mod mask {
    /// The user's name.
    pub const USER_NAME: u32 = 0x1;
    /// The password.
    pub const PASSWORD: u32 = 0x2;
    /// The domain.
    pub const DOMAIN: u32 = 0x4;
    /// Those for all users, not one's own.
    pub const DEFAULT_CREDS: u32 = 0x8;
    /// The IPsec key of the entry.
    pub const PRE_SHARED_KEY: u32 = 0x10;
    /// The IPsec key of the answering side.
    pub const SERVER_PRE_SHARED_KEY: u32 = 0x20;
    /// The IPsec key of a demand-dial interface.
    pub const DDM_PRE_SHARED_KEY: u32 = 0x40;
    /// All three keys.
    pub const KEYS: u32 = PRE_SHARED_KEY | SERVER_PRE_SHARED_KEY | DDM_PRE_SHARED_KEY;
    /// Every bit that has a meaning.
    pub const ALL: u32 = USER_NAME | PASSWORD | DOMAIN | DEFAULT_CREDS | KEYS;
}

/// By what an entry's record is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryId {
    /// DialParamsUID.
    pub uid: u32,
    /// The GUID.
    pub guid: [u8; 16],
}

/// Why something could not be kept, or the file not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// The file is none that we have written.
    #[error("line {line}: {what}")]
    Broken {
        /// The line, counted from 1; 0 for the file as a whole.
        line: usize,
        /// What is the matter, without a word of the file.
        what: &'static str,
    },
    /// A later version of the program has written it.
    #[error("the file has version {0}, which this program does not know")]
    Version(u32),
    /// A text or some data is too long.
    #[error("{what} is longer than {max} octets")]
    TooLong {
        /// What.
        what: &'static str,
        /// How long it may be.
        max: usize,
    },
    /// A bit of the mask has no meaning.
    #[error("a bit of the mask has no meaning")]
    Mask,
}

impl KeyringError {
    /// The RAS number that says it best.
    pub const fn code(&self) -> RasCode {
        match self {
            Self::Broken { .. } | Self::Version(_) => RasCode::CORRUPT_PHONEBOOK,
            Self::TooLong { .. } | Self::Mask => RasCode::INVALID_PARAMETER,
        }
    }
}

/// Credentials, and which of them count (RASCREDENTIALS).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaskedCredentials {
    /// Bits of [`mask`].
    pub mask: u32,
    /// szUserName.
    pub user: String,
    /// szPassword: the password, or the key that the mask names. Given out: [`STAND_IN`].
    pub password: Secret<String>,
    /// szDomain.
    pub domain: String,
}

/// What is kept for one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    #[serde(with = "file::guid")]
    guid: [u8; 16],
    #[serde(skip_serializing_if = "String::is_empty")]
    user: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    domain: String,
    #[serde(with = "file::secret", skip_serializing_if = "Option::is_none")]
    password: Option<Secret<String>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    callback_number: String,
    #[serde(with = "file::secret", skip_serializing_if = "Option::is_none")]
    pre_shared_key: Option<Secret<String>>,
    #[serde(with = "file::secret", skip_serializing_if = "Option::is_none")]
    server_pre_shared_key: Option<Secret<String>>,
    #[serde(with = "file::secret", skip_serializing_if = "Option::is_none")]
    ddm_pre_shared_key: Option<Secret<String>>,
    #[serde(with = "file::octets", skip_serializing_if = "Option::is_none")]
    eap_user_data: Option<Secret<Vec<u8>>>,
}

impl Record {
    fn is_empty(&self) -> bool {
        *self == Self { guid: self.guid, ..Self::default() }
    }

    /// The user's name; empty when none is saved.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether a password is saved.
    pub const fn has_password(&self) -> bool {
        self.password.is_some()
    }

    fn keys(&mut self) -> [(u32, &mut Option<Secret<String>>); 3] {
        [
            (mask::PRE_SHARED_KEY, &mut self.pre_shared_key),
            (mask::SERVER_PRE_SHARED_KEY, &mut self.server_pre_shared_key),
            (mask::DDM_PRE_SHARED_KEY, &mut self.ddm_pre_shared_key),
        ]
    }
}

/// All that is kept in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyring {
    records: BTreeMap<u32, Record>,
}

impl Keyring {
    /// One that holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// What is kept for an entry.
    pub fn record(&self, id: EntryId) -> Option<&Record> {
        self.records.get(&id.uid).filter(|record| record.guid == id.guid)
    }

    /// Which of the masked credentials are kept (RasGetCredentials). Passwords and keys are [`STAND_IN`].
    pub fn get(&self, id: EntryId, wanted: u32) -> MaskedCredentials {
        let mut found = MaskedCredentials::default();
        let Some(record) = self.record(id) else { return found };
        let has = |bit: u32, is_there: bool| if wanted & bit != 0 && is_there { bit } else { 0 };
        let secrets = has(mask::PASSWORD, record.password.is_some())
            | has(mask::PRE_SHARED_KEY, record.pre_shared_key.is_some())
            | has(mask::SERVER_PRE_SHARED_KEY, record.server_pre_shared_key.is_some())
            | has(mask::DDM_PRE_SHARED_KEY, record.ddm_pre_shared_key.is_some());
        let user = has(mask::USER_NAME, !record.user.is_empty());
        let domain = has(mask::DOMAIN, !record.domain.is_empty());
        found.mask = secrets | user | domain;
        if user != 0 {
            found.user.clone_from(&record.user);
        }
        if domain != 0 {
            found.domain.clone_from(&record.domain);
        }
        if secrets != 0 {
            found.password = Secret::new(STAND_IN.to_owned());
        }
        if found.mask != 0 {
            found.mask |= wanted & mask::DEFAULT_CREDS;
        }
        found
    }

    /// Keeps the masked credentials (RasSetCredentials). [`STAND_IN`] leaves a password or key as it is;
    /// an empty one is forgotten.
    ///
    /// # Errors
    ///
    /// The mask makes no sense, or something is too long; then nothing is kept.
    pub fn set(&mut self, id: EntryId, given: &MaskedCredentials) -> Result<(), KeyringError> {
        if given.mask & !mask::ALL != 0 {
            return Err(KeyringError::Mask);
        }
        for (what, text) in [
            ("the user's name", &given.user),
            ("the password", given.password.expose()),
            ("the domain", &given.domain),
        ] {
            fits(what, text)?;
        }
        self.change(id, |record| {
            if given.mask & mask::USER_NAME != 0 {
                record.user.clone_from(&given.user);
            }
            if given.mask & mask::DOMAIN != 0 {
                record.domain.clone_from(&given.domain);
            }
            if given.mask & mask::PASSWORD != 0 {
                keep(&mut record.password, &given.password);
            }
            for (bit, key) in record.keys() {
                if given.mask & bit != 0 {
                    keep(key, &given.password);
                }
            }
        });
        Ok(())
    }

    /// Forgets the masked credentials of an entry.
    ///
    /// # Errors
    ///
    /// The mask makes no sense.
    pub fn clear(&mut self, id: EntryId, masked: u32) -> Result<(), KeyringError> {
        self.set(id, &MaskedCredentials { mask: masked, ..MaskedCredentials::default() })
    }

    /// Forgets everything of an entry; `false` when there was nothing.
    pub fn forget(&mut self, id: EntryId) -> bool {
        self.record(id).is_some() && self.records.remove(&id.uid).is_some()
    }

    /// What the entry's EAP method keeps of the user; empty when nothing is kept.
    pub fn eap_user_data(&self, id: EntryId) -> &[u8] {
        let data = self.record(id).and_then(|record| record.eap_user_data.as_ref());
        data.map_or(&[], |data| data.expose())
    }

    /// Keeps what the entry's EAP method says of the user; empty forgets it.
    ///
    /// # Errors
    ///
    /// There is too much of it.
    pub fn set_eap_user_data(&mut self, id: EntryId, data: &[u8]) -> Result<(), KeyringError> {
        if data.len() > MAX_EAP_USER_DATA {
            return Err(KeyringError::TooLong { what: "the data", max: MAX_EAP_USER_DATA });
        }
        self.change(id, |record| {
            record.eap_user_data = (!data.is_empty()).then(|| Secret::new(data.to_vec()));
        });
        Ok(())
    }

    /// Changes an entry's record. One of another entry with the same number gives way; one without
    /// anything in it goes.
    fn change(&mut self, id: EntryId, change: impl FnOnce(&mut Record)) {
        let record = self.records.entry(id.uid).or_default();
        if record.guid != id.guid {
            *record = Record { guid: id.guid, ..Record::default() };
        }
        change(record);
        if record.is_empty() {
            self.records.remove(&id.uid);
        }
    }
}

/// The stand-in is "unchanged", the empty secret is none.
fn keep(kept: &mut Option<Secret<String>>, given: &Secret<String>) {
    match given.expose().as_str() {
        STAND_IN => {}
        "" => *kept = None,
        _ => *kept = Some(given.clone()),
    }
}

fn fits(what: &'static str, text: &str) -> Result<(), KeyringError> {
    if text.len() > MAX_KEPT_TEXT {
        return Err(KeyringError::TooLong { what, max: MAX_KEPT_TEXT });
    }
    Ok(())
}
