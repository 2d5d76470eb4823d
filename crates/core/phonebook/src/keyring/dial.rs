//! What a dial takes from the kept credentials, and what it leaves there.

use onhook_base::Secret;
use onhook_model::Credentials;

use super::{EntryId, Keyring, KeyringError, Record, STAND_IN, fits, keep};

/// What RasGetEntryDialParams tells. The number to dial is never among it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DialParams {
    /// szUserName.
    pub user: String,
    /// szDomain.
    pub domain: String,
    /// szCallbackNumber.
    pub callback_number: String,
    /// Whether a password is saved; [`STAND_IN`] then stands for it.
    pub has_password: bool,
}

/// What RasSetEntryDialParams is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetDialParams {
    /// szUserName; empty leaves the saved one, and the password too.
    pub user: String,
    /// szDomain; empty leaves the saved one.
    pub domain: String,
    /// szCallbackNumber; empty leaves the saved one.
    pub callback_number: String,
    /// szPassword; [`STAND_IN`] leaves the saved one.
    pub password: Secret<String>,
    /// fRemovePassword.
    pub remove_password: bool,
}

/// Whom a caller wants to dial as (the members of RASDIALPARAMS).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// szUserName; empty with an empty password means "as saved".
    pub user: String,
    /// szPassword; [`STAND_IN`] means the saved one.
    pub password: Secret<String>,
    /// szDomain; `*` means the one that is stored with the entry.
    pub domain: String,
}

impl Keyring {
    /// What was saved for an entry by its last successful dial or by a caller.
    pub fn dial_params(&self, id: EntryId) -> DialParams {
        self.record(id).map_or_else(DialParams::default, |record| DialParams {
            user: record.user.clone(),
            domain: record.domain.clone(),
            callback_number: record.callback_number.clone(),
            has_password: record.password.is_some(),
        })
    }

    /// Keeps what a caller says (RasSetEntryDialParams).
    ///
    /// # Errors
    ///
    /// Something is too long; then nothing is kept.
    pub fn set_dial_params(
        &mut self,
        id: EntryId,
        given: &SetDialParams,
    ) -> Result<(), KeyringError> {
        for (what, text) in [
            ("the user's name", &given.user),
            ("the domain", &given.domain),
            ("the callback number", &given.callback_number),
            ("the password", given.password.expose()),
        ] {
            fits(what, text)?;
        }
        self.change(id, |record| {
            if !given.domain.is_empty() {
                record.domain.clone_from(&given.domain);
            }
            if !given.callback_number.is_empty() {
                record.callback_number.clone_from(&given.callback_number);
            }
            if given.remove_password {
                record.password = None;
            } else if !given.user.is_empty() {
                keep(&mut record.password, &given.password);
            }
            if !given.user.is_empty() {
                record.user.clone_from(&given.user);
            }
        });
        Ok(())
    }

    /// Keeps with what a dial has succeeded, so that the next one need not be told. The password is kept
    /// only where `remembers_password` says so; one that was saved for another user is forgotten.
    ///
    /// # Errors
    ///
    /// Something is too long; then nothing is kept.
    pub fn remember(
        &mut self,
        id: EntryId,
        dialed: &Credentials,
        callback_number: &str,
        remembers_password: bool,
    ) -> Result<(), KeyringError> {
        for (what, text) in [
            ("the user's name", dialed.user.as_str()),
            ("the domain", &dialed.domain),
            ("the callback number", callback_number),
            ("the password", dialed.password.expose()),
        ] {
            fits(what, text)?;
        }
        self.change(id, |record| {
            let is_other = record.user != dialed.user && !record.user.is_empty();
            if is_other && record.password.as_ref() != Some(&dialed.password) {
                record.password = None;
            }
            record.user.clone_from(&dialed.user);
            record.domain.clone_from(&dialed.domain);
            if !callback_number.is_empty() {
                callback_number.clone_into(&mut record.callback_number);
            }
            if remembers_password {
                keep(&mut record.password, &dialed.password);
            }
        });
        Ok(())
    }
}

/// With what to dial: what is given comes first, then what is saved, record after record (the user's own,
/// then the one for all users), then what the entry says of itself.
///
/// - Without user and password it is the first record that has either.
/// - [`STAND_IN`] is the saved password, of the record that has one; where none is saved, the password
///   is empty.
/// - The domain `*` is the saved one, or the entry's; an empty one leaves the choice to the server,
///   unless user and password are as saved too.
pub fn resolve(
    given: &Given,
    records: &[Option<&Record>],
    entry_user: Option<&str>,
    entry_domain: Option<&str>,
) -> Credentials {
    let records: Vec<&Record> = records.iter().copied().flatten().collect();
    let as_saved = given.user.is_empty() && given.password.expose().is_empty();
    let saved_user = || {
        let saved = records.iter().find(|record| !record.user.is_empty());
        saved.map(|record| record.user.as_str()).or(entry_user).unwrap_or_default().to_owned()
    };
    let saved_password = || {
        let saved = records.iter().find_map(|record| record.password.as_ref());
        saved.cloned().unwrap_or_default()
    };
    let saved_domain = || {
        let saved = records.iter().find(|record| !record.domain.is_empty());
        saved.map(|record| record.domain.as_str()).or(entry_domain).unwrap_or_default().to_owned()
    };
    let user = if given.user.is_empty() { saved_user() } else { given.user.clone() };
    let password = if as_saved || given.password.expose() == STAND_IN {
        saved_password()
    } else {
        given.password.clone()
    };
    let domain = match given.domain.as_str() {
        "*" => saved_domain(),
        "" if as_saved => saved_domain(),
        domain => domain.to_owned(),
    };
    Credentials { user, password, domain, ..Credentials::default() }
}
