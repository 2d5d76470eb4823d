//! What EAP methods keep with an entry, and who the user is to them.

use std::path::Path;

use onhook_model::{AuthMethod, RasCode, RasError};
use onhook_phonebook::Given;

use super::{Phonebooks, entry_error};
use crate::books;

/// Who a user is to an entry's EAP method (RASEAPUSERIDENTITY).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EapIdentity {
    /// szUserName, with the domain before it where there is one.
    pub user: String,
    /// pbEapInfo: what the method keeps of the user; may be empty.
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

    /// Who the user is to the entry's EAP method (RasGetEapUserIdentity), from what is saved and from
    /// the entry.
    ///
    /// # Errors
    /// 780 when the entry does not use EAP, 703 when nobody but a person could say it, 623 when there is
    /// no such entry.
    pub fn eap_identity(&self, book: Option<&Path>, name: &str) -> Result<EapIdentity, RasError> {
        let located = self.locate(book, name)?;
        let contents = books::read(&located.book)?;
        let (entry, _) =
            contents.entry(&located.name).map_err(|error| entry_error(&located.book, &error))?;
        if !entry.auth.allows(AuthMethod::Eap) {
            let text = format!("“{}” does not use EAP", located.name);
            return Err(RasError::new(RasCode::INVALID_FUNCTION_FOR_ENTRY, text));
        }
        let known = self.resolve(book, name, &Given::default())?;
        if known.user.is_empty() {
            let text = format!("nobody has said who dials “{}”", located.name);
            return Err(RasError::new(RasCode::INTERACTIVE_MODE, text));
        }
        let data = self.eap_user_data(book, name)?;
        Ok(EapIdentity { user: known.name_to_send(), data })
    }
}
