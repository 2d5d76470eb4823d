//! Credentials that are kept for entries: this user's, and those for all.
//!
//! They lie in a file of their owner's alone (mode 0600, in a folder of mode 0700), which is replaced as
//! a whole under a lock. What protects them is that and nothing more: who may read the files of the
//! user, root and backups included, may read them. No key is kept beside them that would only look like
//! a protection.

use std::path::Path;

use onhook_model::{Credentials, RasCode, RasError};
use onhook_phonebook::{
    DialParams, EntryId, Given, Keyring, KeyringError, MaskedCredentials, SetDialParams, mask,
    option2, resolve,
};

use super::{Located, Phonebooks, edit_error, new_identity};
use crate::books;
use crate::whole::{self, Rights};

impl Phonebooks {
    /// Which of the masked credentials are kept for an entry (RasGetCredentials). A password or key is
    /// never given, but [`STAND_IN`](super::STAND_IN) in its place.
    ///
    /// With [`mask::DEFAULT_CREDS`] those for all users; the IPsec keys of an all-users entry are among
    /// them, too.
    ///
    /// # Errors
    /// 623 when there is no such entry, 87 when the mask makes no sense, 621 or 625 when a file cannot be
    /// read.
    pub fn credentials(
        &self,
        book: Option<&Path>,
        name: &str,
        wanted: u32,
    ) -> Result<MaskedCredentials, RasError> {
        check_mask(wanted)?;
        let located = self.locate(book, name)?;
        let Some(id) = located.id else { return Ok(MaskedCredentials::default()) };
        if wanted & (mask::DEFAULT_CREDS | mask::KEYS) != 0 && located.all_users {
            return Ok(self.everyones().get(id, wanted));
        }
        if wanted & mask::DEFAULT_CREDS != 0 {
            return Ok(MaskedCredentials::default());
        }
        Ok(read(&self.keyring)?.get(id, wanted))
    }

    /// Keeps the masked credentials for an entry, or forgets them (RasSetCredentials).
    ///
    /// # Errors
    /// 87 when there is no such entry or the mask makes no sense, 5 for those of all users without the
    /// rights or for an entry of one's own, 621 or 625 when a file cannot be read.
    pub fn set_credentials(
        &self,
        book: Option<&Path>,
        name: &str,
        credentials: &MaskedCredentials,
        clear: bool,
    ) -> Result<(), RasError> {
        check_mask(credentials.mask)?;
        let located = self.locate(book, name).map_err(|error| match error.code {
            RasCode::CANNOT_FIND_PHONEBOOK_ENTRY => {
                RasError::new(RasCode::INVALID_PARAMETER, error.text)
            }
            _ => error,
        })?;
        let is_default = credentials.mask & mask::DEFAULT_CREDS != 0;
        if is_default && !located.all_users {
            let text = "only an entry of all users has credentials for all users";
            return Err(RasError::new(RasCode::ACCESS_DENIED, text));
        }
        let id = self.identified(&located)?;
        let for_all = located.all_users && (is_default || credentials.mask & mask::KEYS != 0);
        let (path, rights) = if for_all {
            (&self.default_keyring, Rights::Kept)
        } else {
            (&self.keyring, Rights::Private)
        };
        change(path, rights, |keyring| {
            if clear { keyring.clear(id, credentials.mask) } else { keyring.set(id, credentials) }
        })
    }

    /// What was kept by the last successful dial or by a caller (RasGetEntryDialParams).
    ///
    /// # Errors
    /// 623 when there is no such entry, 621 or 625 when a file cannot be read.
    pub fn dial_params(&self, book: Option<&Path>, name: &str) -> Result<DialParams, RasError> {
        let located = self.locate(book, name)?;
        match located.id {
            Some(id) => Ok(read(&self.keyring)?.dial_params(id)),
            None => Ok(DialParams::default()),
        }
    }

    /// Keeps what a caller says (RasSetEntryDialParams).
    ///
    /// # Errors
    /// 623 when there is no such entry, 87 when something is too long, 621 or 625 when a file cannot be
    /// read, 624 when it cannot be written.
    pub fn set_dial_params(
        &self,
        book: Option<&Path>,
        name: &str,
        params: &SetDialParams,
    ) -> Result<(), RasError> {
        let id = self.identified(&self.locate(book, name)?)?;
        change(&self.keyring, Rights::Private, |keyring| keyring.set_dial_params(id, params))
    }

    /// Keeps with what a dial of an entry has succeeded; to be called when it is connected. The password
    /// is kept only where `remembers_password` says so: the person wants it, or the entry has
    /// RASEO2_CacheCredentials.
    ///
    /// # Errors
    /// As [`set_dial_params`](Self::set_dial_params); the connection is none the worse for it.
    pub fn remember(
        &self,
        book: Option<&Path>,
        name: &str,
        dialed: &Credentials,
        callback_number: &str,
        remembers_password: bool,
    ) -> Result<(), RasError> {
        let id = self.identified(&self.locate(book, name)?)?;
        change(&self.keyring, Rights::Private, |keyring| {
            keyring.remember(id, dialed, callback_number, remembers_password)
        })
    }

    /// Everything that a dial of an entry leaves in the books when it has succeeded: with what it was dialed
    /// ([`remember`](Self::remember), the password where the entry has RASEO2_CacheCredentials), and the
    /// `number` that got through ([`promote_number`](Self::promote_number)).
    ///
    /// # Errors
    /// As these; the connection is none the worse for it.
    pub fn succeeded(
        &self,
        book: Option<&Path>,
        name: &str,
        dialed: &Credentials,
        callback_number: &str,
        number: &str,
    ) -> Result<(), RasError> {
        let properties = self.properties(book, name)?;
        let remembers = properties.options2 & option2::CACHE_CREDENTIALS != 0;
        self.remember(book, name, dialed, callback_number, remembers)?;
        self.promote_number(book, name, number).map(|_| ())
    }

    /// With what to dial an entry: what is given, what is saved, what the entry says; see
    /// [`onhook_phonebook::resolve`].
    ///
    /// # Errors
    /// 623 when there is no such entry, 621 or 625 when a file cannot be read.
    pub fn resolve(
        &self,
        book: Option<&Path>,
        name: &str,
        given: &Given,
    ) -> Result<Credentials, RasError> {
        let located = self.locate(book, name)?;
        let entry = books::read(&located.book)?.entry(&located.name).ok();
        let (user, domain) = entry.map_or((None, None), |(entry, _)| (entry.user, entry.domain));
        let (user, domain) = (user.as_deref(), domain.as_deref());
        let Some(id) = located.id else { return Ok(resolve(given, &[], user, domain)) };
        let own = read(&self.keyring)?;
        let everyone = if located.all_users { self.everyones() } else { Keyring::new() };
        Ok(resolve(given, &[own.record(id), everyone.record(id)], user, domain))
    }

    /// Forgets everything that is kept for an entry; `false` when nothing was.
    ///
    /// # Errors
    /// 623 when there is no such entry, 621 or 625 when the file cannot be read, 624 when it cannot be
    /// written.
    pub fn forget(&self, book: Option<&Path>, name: &str) -> Result<bool, RasError> {
        self.forget_located(&self.locate(book, name)?)
    }

    /// What the entry's EAP method keeps of the user (RasGetEapUserData); empty when nothing is kept.
    ///
    /// # Errors
    /// 623 when there is no such entry, 621 or 625 when a file cannot be read.
    pub fn eap_user_data(&self, book: Option<&Path>, name: &str) -> Result<Vec<u8>, RasError> {
        let located = self.locate(book, name)?;
        match located.id {
            Some(id) => Ok(read(&self.keyring)?.eap_user_data(id).to_vec()),
            None => Ok(Vec::new()),
        }
    }

    /// Keeps what the entry's EAP method says of the user (RasSetEapUserData); empty forgets it.
    ///
    /// # Errors
    /// As [`set_dial_params`](Self::set_dial_params).
    pub fn set_eap_user_data(
        &self,
        book: Option<&Path>,
        name: &str,
        data: &[u8],
    ) -> Result<(), RasError> {
        let id = self.identified(&self.locate(book, name)?)?;
        change(&self.keyring, Rights::Private, |keyring| keyring.set_eap_user_data(id, data))
    }

    pub(super) fn forget_located(&self, located: &Located) -> Result<bool, RasError> {
        let Some(id) = located.id else { return Ok(false) };
        let forget = |path: &Path, rights| {
            if whole::read_if_there(path)?.is_none() {
                return Ok(false);
            }
            change(path, rights, |keyring| Ok(keyring.forget(id)))
        };
        let own = forget(&self.keyring, Rights::Private)?;
        if located.all_users && self.everyones().record(id).is_some() {
            // Who may not change them leaves them; without the entry nobody finds them.
            return match forget(&self.default_keyring, Rights::Kept) {
                Err(error) if error.code == RasCode::ACCESS_DENIED => Ok(own),
                done => done.map(|done| done || own),
            };
        }
        Ok(own)
    }

    /// By what the entry's credentials are found; an entry that has no number yet gets one.
    fn identified(&self, located: &Located) -> Result<EntryId, RasError> {
        if let Some(id) = located.id {
            return Ok(id);
        }
        let identity = new_identity()?;
        books::change(&located.book, |contents| {
            let uid = contents.identify(&located.name, &identity);
            let uid = uid.map_err(|error| edit_error(&located.book, &error))?;
            Ok(EntryId { uid, guid: contents.guid(&located.name).unwrap_or_default() })
        })
    }

    /// Those for all users; none when this user may not read them.
    fn everyones(&self) -> Keyring {
        read(&self.default_keyring).unwrap_or_default()
    }
}

fn check_mask(mask: u32) -> Result<(), RasError> {
    if mask & !mask::ALL == 0 { Ok(()) } else { Err(RasCode::INVALID_PARAMETER.into()) }
}

fn read(path: &Path) -> Result<Keyring, RasError> {
    match whole::read_if_there(path)? {
        Some(bytes) => Keyring::parse(bytes.expose()).map_err(|error| failed(path, &error)),
        None => Ok(Keyring::new()),
    }
}

/// Changes a file of credentials; one that cannot be read is never overwritten.
fn change<T>(
    path: &Path,
    rights: Rights,
    change: impl FnOnce(&mut Keyring) -> Result<T, KeyringError>,
) -> Result<T, RasError> {
    whole::replace(path, rights, |found| {
        let mut keyring = match found {
            Some(bytes) => Keyring::parse(bytes).map_err(|error| failed(path, &error))?,
            None => Keyring::new(),
        };
        let before = keyring.clone();
        let result = change(&mut keyring).map_err(|error| failed(path, &error))?;
        Ok(((keyring != before).then(|| keyring.to_bytes()), result))
    })
}

fn failed(path: &Path, error: &KeyringError) -> RasError {
    RasError::new(error.code(), format!("{}: {error}", path.display()))
}
