//! What EAP methods keep with an entry, and who the user is to them.

use std::path::Path;

use onhook_model::{AuthMethod, Credentials, Entry, RasCode, RasError};
use onhook_phonebook::{EapUser, EapUserError, Given};

use super::{Phonebooks, entry_error};
use crate::books;

/// Who a user is to an entry's EAP method (RASEAPUSERIDENTITY).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EapIdentity {
    /// szUserName, with the domain before it where there is one.
    pub user: String,
    /// pbEapInfo: the octets of an [`EapUser`]; there is no secret in them.
    pub data: Vec<u8>,
}

impl Phonebooks {
    /// The settings of the entry's EAP method (RasGetCustomAuthData); empty when it has none.
    ///
    /// # Errors
    /// 623 when there is no such entry, 621 when a book cannot be read, 625 when they make no sense.
    pub fn custom_auth_data(&self, book: Option<&Path>, name: &str) -> Result<Vec<u8>, RasError> {
        let located = self.locate(book, name)?;
        let contents = books::read(&located.book)?;
        contents.custom_auth_data(&located.name).map_err(|error| entry_error(&located.book, &error))
    }

    /// Sets the settings of the entry's EAP method (RasSetCustomAuthData); empty takes them out.
    ///
    /// # Errors
    /// 623 when there is no such entry, 5 without the rights, 87 for more than 1 MiB.
    pub fn set_custom_auth_data(
        &self,
        book: Option<&Path>,
        name: &str,
        data: &[u8],
    ) -> Result<(), RasError> {
        self.edit(book, name, |contents, name| contents.set_custom_auth_data(name, data))
    }

    /// Who the user is to the entry's EAP method (RasGetEapUserIdentity), from what is saved and from the
    /// entry. What RasSetEapUserData has kept goes first, if it is such an identity as well; octets of
    /// another kind are not for our methods. `may_ask`: a person could still be asked for a password before
    /// the dial (without RASEAPF_NonInteractive).
    ///
    /// # Errors
    /// 780 when the entry does not use EAP, 703 when nobody but a person could say it, 623 when there is
    /// no such entry, 87 for names that are too long.
    pub fn eap_identity(
        &self,
        book: Option<&Path>,
        name: &str,
        may_ask: bool,
    ) -> Result<EapIdentity, RasError> {
        let located = self.locate(book, name)?;
        let contents = books::read(&located.book)?;
        let (entry, _) =
            contents.entry(&located.name).map_err(|error| entry_error(&located.book, &error))?;
        if !entry.auth.allows(AuthMethod::Eap) {
            let text = format!("“{}” does not use EAP", located.name);
            return Err(RasError::new(RasCode::INVALID_FUNCTION_FOR_ENTRY, text));
        }
        let saved = self.resolve(book, name, &Given::default())?;
        let kept = EapUser::parse(&self.eap_user_data(book, name)?).unwrap_or_default();
        let is_of_saved_user = [&kept.user, ""].contains(&saved.user.as_str());
        let (user, domain, has_password) = match kept.user.is_empty() {
            true => (saved.user, saved.domain, true),
            false => (kept.user, kept.domain, is_of_saved_user),
        };
        let (is_tls, takes_any) = (entry.is_eap_tls(), entry.eap_method.is_none());
        let (certificate_file, key_file) = match kept.certificate_file {
            Some(file) => (Some(file), kept.key_file),
            None => {
                let folder = located.book.parent().unwrap_or(Path::new("."));
                let whole = |file: String| folder.join(file).to_string_lossy().into_owned();
                (entry.certificate_file.map(whole), entry.key_file.map(whole))
            }
        };
        let by_certificate = certificate_file.is_some() && (is_tls || takes_any);
        let by_name = !user.is_empty() && !is_tls;
        let saved_password = by_name && has_password && !saved.password.expose().is_empty();
        let is_known = by_certificate || saved_password || (by_name && may_ask);
        if !is_known {
            let text =
                format!("nobody has said who dials “{}”, and by what it is proved", located.name);
            return Err(RasError::new(RasCode::INTERACTIVE_MODE, text));
        }
        let key_file = key_file.filter(|_| certificate_file.is_some());
        let entry = located.name;
        let eap_user = EapUser { entry, user, domain, saved_password, certificate_file, key_file };
        let data = eap_user.to_bytes().map_err(|error| refused(&error))?;
        let EapUser { user, domain, .. } = eap_user;
        let named = Credentials { user, domain, ..Credentials::default() };
        Ok(EapIdentity { user: named.name_to_send(), data })
    }

    /// A dial is to be of whom an identity from [`eap_identity`](Self::eap_identity) names
    /// (RASDIALEXTENSIONS.RasEapInfo): what is not `given` is as it says. An entry that does not use EAP
    /// does not look at it.
    ///
    /// # Errors
    /// 87 when the octets are no identity of ours; 804 when it is of another entry, or of another user than
    /// the one given, or the saved password is that of another; 703 when that password is no longer saved.
    pub fn dial_as(
        &self,
        octets: &[u8],
        book: Option<&Path>,
        entry: &mut Entry,
        given: &mut Given,
    ) -> Result<(), RasError> {
        if !entry.auth.allows(AuthMethod::Eap) {
            return Ok(());
        }
        let eap_user = EapUser::parse(octets).map_err(|error| refused(&error))?;
        if eap_user.entry.to_lowercase() != entry.name.to_lowercase() {
            return Err(unfit(format!("the identity is not of “{}”", entry.name)));
        }
        let EapUser { user, domain, saved_password, certificate_file, key_file, .. } = eap_user;
        let named = Credentials { user, domain, ..Credentials::default() };
        if !["", &named.user, &named.name_to_send()].contains(&given.user.as_str()) {
            return Err(unfit("the identity is not of the user who is given".to_owned()));
        }
        if given.password.expose().is_empty() && saved_password {
            let saved = self.resolve(book, &entry.name, &Given::default())?;
            if saved.password.expose().is_empty() {
                let text = format!("no password is saved for “{}” any more", entry.name);
                return Err(RasError::new(RasCode::INTERACTIVE_MODE, text));
            }
            if !["", &named.user].contains(&saved.user.as_str()) {
                return Err(unfit("the saved password is not of the identity's user".to_owned()));
            }
            given.password = saved.password;
        }
        if given.domain.is_empty() {
            given.domain = named.domain;
        }
        given.user = named.user;
        if certificate_file.is_some() {
            (entry.certificate_file, entry.key_file) = (certificate_file, key_file);
        }
        Ok(())
    }
}

fn refused(error: &EapUserError) -> RasError {
    RasError::new(error.code(), error.to_string())
}

fn unfit(text: String) -> RasError {
    RasError::new(RasCode::INVALID_PEAP_COOKIE_USER, text)
}
