//! What is saved with entries: dial parameters, credentials, data of EAP methods, AutoDial.

use std::path::Path;

use onhook_base::Secret;
use onhook_client::phonebooks::{
    AutodialEntry, EapIdentity, MaskedCredentials, Phonebooks, STAND_IN, SetDialParams,
};
use onhook_model::{Country, RasCode};

use crate::boundary::{Refusal, Rows};
use crate::layout::{View, ViewMut};

const WRONG: Refusal = Refusal(RasCode::INVALID_PARAMETER);

fn text(view: &View<'_>, name: &str) -> Result<String, Refusal> {
    Ok(view.text(name)?.unwrap_or_default())
}

/// `RasGetEntryDialParams`; whether a password is saved. The phone number is not among it.
pub(crate) fn get_dial_params(
    book: Option<&Path>,
    params: &mut ViewMut<'_>,
) -> Result<bool, Refusal> {
    let name = text(&params.as_view(), "szEntryName")?;
    let saved = Phonebooks::default().dial_params(book, &name)?;
    params.begin();
    params.put_text("szEntryName", &name);
    params.put_text("szUserName", &saved.user);
    params.put_text("szDomain", &saved.domain);
    params.put_text("szCallbackNumber", &saved.callback_number);
    if saved.has_password {
        params.put_text("szPassword", STAND_IN);
    }
    Ok(saved.has_password)
}

/// `RasSetEntryDialParams`.
pub(crate) fn set_dial_params(
    book: Option<&Path>,
    params: &View<'_>,
    remove_password: bool,
) -> Result<(), Refusal> {
    let name = text(params, "szEntryName")?;
    let given = SetDialParams {
        user: text(params, "szUserName")?,
        domain: text(params, "szDomain")?,
        callback_number: text(params, "szCallbackNumber")?,
        password: Secret::new(text(params, "szPassword")?),
        remove_password,
    };
    Ok(Phonebooks::default().set_dial_params(book, &name, &given)?)
}

/// `RasGetCredentials`.
pub(crate) fn get_credentials(
    book: Option<&Path>,
    name: &str,
    credentials: &mut ViewMut<'_>,
) -> Result<(), Refusal> {
    let wanted = credentials.as_view().u32("dwMask").unwrap_or(0);
    let found = Phonebooks::default().credentials(book, name, wanted)?;
    credentials.begin();
    credentials.put_u32("dwMask", found.mask);
    credentials.put_text("szUserName", &found.user);
    credentials.put_text("szPassword", found.password.expose());
    credentials.put_text("szDomain", &found.domain);
    Ok(())
}

/// `RasSetCredentials`.
pub(crate) fn set_credentials(
    book: Option<&Path>,
    name: &str,
    credentials: &View<'_>,
    clear: bool,
) -> Result<(), Refusal> {
    let given = MaskedCredentials {
        mask: credentials.u32("dwMask").unwrap_or(0),
        user: text(credentials, "szUserName")?,
        password: Secret::new(text(credentials, "szPassword")?),
        domain: text(credentials, "szDomain")?,
    };
    Ok(Phonebooks::default().set_credentials(book, name, &given, clear)?)
}

/// Whose data it is: that of an entry, or that of its user.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DataOf {
    Entry,
    User,
}

/// `RasGetCustomAuthData`, `RasGetEapUserData`.
pub(crate) fn data(of: DataOf, book: Option<&Path>, name: &str) -> Result<Vec<u8>, Refusal> {
    let books = Phonebooks::default();
    Ok(match of {
        DataOf::Entry => books.custom_auth_data(book, name)?,
        DataOf::User => books.eap_user_data(book, name)?,
    })
}

/// `RasSetCustomAuthData`, `RasSetEapUserData`.
pub(crate) fn set_data(
    of: DataOf,
    book: Option<&Path>,
    name: &str,
    data: &[u8],
) -> Result<(), Refusal> {
    let books = Phonebooks::default();
    match of {
        DataOf::Entry => books.set_custom_auth_data(book, name, data)?,
        DataOf::User => books.set_eap_user_data(book, name, data)?,
    }
    Ok(())
}

/// `RasGetEapUserIdentity`.
pub(crate) fn eap_identity(
    book: Option<&Path>,
    name: &str,
    may_ask: bool,
) -> Result<EapIdentity, Refusal> {
    Ok(Phonebooks::default().eap_identity(book, name, may_ask)?)
}

/// `RasGetAutodialAddress`.
pub(crate) fn autodial_entries(address: Option<&str>, rows: Rows<'_>) -> Result<(), Refusal> {
    let entries = Phonebooks::default().autodial_entries(address)?;
    rows.tell(&entries, |row, entry| {
        row.put_u32("dwDialingLocation", entry.location);
        row.put_text("szEntry", &entry.entry);
    })
}

/// `RasSetAutodialAddress`.
pub(crate) fn set_autodial_entries(
    address: Option<&str>,
    entries: &[View<'_>],
) -> Result<(), Refusal> {
    let entries = entries.iter().map(|view| {
        let location = view.u32("dwDialingLocation").unwrap_or(0);
        Ok(AutodialEntry { location, entry: text(view, "szEntry")? })
    });
    let entries: Vec<_> = entries.collect::<Result<_, Refusal>>()?;
    Ok(Phonebooks::default().set_autodial_entries(address, &entries)?)
}

/// `RasEnumAutodialAddresses`: the addresses.
pub(crate) fn autodial_addresses() -> Result<Vec<String>, Refusal> {
    Ok(Phonebooks::default().autodial()?.addresses().map(str::to_owned).collect())
}

/// `RasGetAutodialEnable`.
pub(crate) fn is_autodial_enabled(location: u32) -> Result<bool, Refusal> {
    Ok(Phonebooks::default().autodial()?.is_enabled(location))
}

/// `RasSetAutodialEnable`.
pub(crate) fn enable_autodial(location: u32, is_enabled: bool) -> Result<(), Refusal> {
    Ok(Phonebooks::default().change_autodial(|autodial| autodial.enable(location, is_enabled))?)
}

/// `RasGetAutodialParam`.
pub(crate) fn autodial_param(key: u32) -> Result<u32, Refusal> {
    Ok(Phonebooks::default().autodial_param(key)?)
}

/// `RasSetAutodialParam`.
pub(crate) fn set_autodial_param(key: u32, value: u32) -> Result<(), Refusal> {
    Ok(Phonebooks::default().set_autodial_param(key, value)?)
}

/// `RasGetCountryInfo`: what is told of the country of this id, and the id of the next; 0 at the end.
pub(crate) fn country(id: u32) -> Result<(Country, u32), Refusal> {
    let country = Country::by_id(id).ok_or(WRONG)?;
    Ok((country, country.next_id()))
}
