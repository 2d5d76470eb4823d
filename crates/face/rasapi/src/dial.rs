//! `RasDial`: what a program asks becomes a dial of the manager's.

use std::path::{Path, PathBuf};

use onhook_base::Secret;
use onhook_client::blocking::Connection;
use onhook_client::phonebooks::{Given, Phonebooks};
use onhook_client::{Dialed, PreparedDial};
use onhook_model::{
    Credentials, DeviceType, DialMode, Entry, FurtherLink, Handle, ListedDevice, RasCode, RasError,
    RasState, Resumption,
};

use crate::boundary::{Place, Refusal};
use crate::connections::{self, number, status_of};
use crate::layout::{View, ViewMut};
use crate::manager;
use crate::notifier::{self, Notifier};

/// `RDEOPT_PausedStates`.
const PAUSED_STATES: u32 = 0x2;
/// `RDEOPT_IgnoreModemSpeaker`: the next one counts, and not the entry.
const IGNORE_MODEM_SPEAKER: u32 = 0x4;
/// `RDEOPT_SetModemSpeaker`.
const SET_MODEM_SPEAKER: u32 = 0x8;
/// The callback number that is yet to be named.
const ASK: &str = "*";
/// Every bit that ever had a meaning in `dwfOptions`.
const KNOWN_OPTIONS: u32 = 0xffff;

const WRONG: Refusal = Refusal(RasCode::INVALID_PARAMETER);

/// What `RASDIALPARAMS` says.
pub(crate) struct Params {
    entry: String,
    number: String,
    callback_number: String,
    user: String,
    domain: String,
    password: Secret<String>,
    /// The link to dial first, counted from 1; 0: the first.
    subentry: u32,
    /// Handed to `RasDialFunc2`.
    pub(crate) callback_id: usize,
    interface: u32,
}

impl Params {
    /// Reads them.
    ///
    /// # Errors
    /// 87 for a text that is none.
    pub(crate) fn read(params: &View<'_>) -> Result<Self, Refusal> {
        let text =
            |name: &str| -> Result<String, Refusal> { Ok(params.text(name)?.unwrap_or_default()) };
        Ok(Self {
            entry: text("szEntryName")?,
            number: text("szPhoneNumber")?,
            callback_number: text("szCallbackNumber")?,
            user: text("szUserName")?,
            domain: text("szDomain")?,
            password: Secret::new(text("szPassword")?),
            subentry: params.u32("dwSubEntry").unwrap_or(0),
            callback_id: params.handle("dwCallbackId").unwrap_or(0).try_into().unwrap_or(0),
            interface: params.u32("dwIfIndex").unwrap_or(0),
        })
    }
}

/// What a call of `RasDial` brings.
pub(crate) struct Call<'a> {
    pub(crate) extensions: Option<ViewMut<'a>>,
    /// What `RasGetEapUserIdentity` gave.
    pub(crate) eap_info: Option<Vec<u8>>,
    pub(crate) book: Option<PathBuf>,
    pub(crate) params: Params,
    pub(crate) notifier: Option<Notifier>,
    pub(crate) handle: Place<'a, usize>,
}

/// `RasDial`.
pub(crate) fn dial(mut call: Call<'_>) -> Result<(), Refusal> {
    if notifier::is_inside() {
        // It would wait for itself.
        return Err(Refusal(RasCode::DIAL_ALREADY_IN_PROGRESS));
    }
    let options = call.extensions.as_ref().and_then(|e| e.as_view().u32("dwfOptions")).unwrap_or(0);
    if options & !KNOWN_OPTIONS != 0 {
        return Err(WRONG);
    }
    match call.handle.get() {
        0 => begin(call, options),
        number => resume(connections::handle(number)?, &mut call),
    }
}

fn begin(mut call: Call<'_>, options: u32) -> Result<(), Refusal> {
    let params = &call.params;
    if params.interface != 0 {
        // Which way the tunnel itself takes is for the routes of the machine to say.
        return Err(Refusal(RasCode::NOT_SUPPORTED));
    }
    let pauses = call.notifier.is_some() && options & PAUSED_STATES != 0;
    let mut dial = prepare(params, call.book.as_deref(), pauses)?;
    let mut given = Given {
        user: params.user.clone(),
        password: params.password.clone(),
        domain: params.domain.clone(),
    };
    // Who an EAP method's octets name counts for entries; numbers have no such method.
    if let Some(octets) = call.eap_info.as_deref()
        && !dial.request.options.by_number
    {
        let book = dial.request.options.book.as_ref().map(Path::new);
        Phonebooks::default().dial_as(octets, book, &mut dial.request.entry, &mut given)?;
    }
    let credentials = dial.credentials(&given, &mut |file| {
        let text = format!("{} has a passphrase, and there is nobody to ask", file.display());
        Err(RasError::new(RasCode::EAPTLS_PASSWD_INVALID, text))
    })?;
    let request = &mut dial.request;
    request.options.paused_states = pauses;
    if request.entry.device_type == DeviceType::Modem {
        request.entry.modem_settings.extend(speaker(options).map(str::to_owned));
    }
    request.options.held_states = call.notifier.is_some();
    request.options.ends_with_program = true;
    let Some(notifier) = call.notifier else {
        let connection = manager::tell(|ras| Connection::dial(ras, request, &credentials))?;
        call.handle.set(number(connection.handle()));
        let is_new = !connection.was_there();
        let report = notifier::wait(connection)?;
        if is_new {
            remember(&dial, &credentials, &report.phone_number);
        }
        return Ok(());
    };
    let (Dialed { handle, already }, events) =
        manager::tell(|ras| ras.dial_followed(request, &credentials))?;
    call.handle.set(number(handle));
    if already && status_of(handle).is_ok_and(|r| r.state == RasState::Connected) {
        return notifier::tell_connected(handle, notifier);
    }
    let is_up = move || {
        let number = status_of(handle).map(|report| report.phone_number).unwrap_or_default();
        remember(&dial, &credentials, &number);
    };
    notifier::follow(handle, events, notifier, Box::new(is_up))
}

fn prepare(params: &Params, book: Option<&Path>, pauses: bool) -> Result<PreparedDial, Refusal> {
    let number = Some(params.number.clone()).filter(|number| !number.is_empty());
    let callback_number = Some(params.callback_number.clone()).filter(|number| !number.is_empty());
    if params.entry.is_empty() {
        let number = number.ok_or(WRONG)?;
        let mut entry = Entry::for_number(&number, "modem");
        let (devices, connections) = manager::ask(|ras| Ok((ras.devices()?, ras.list()?)))?;
        let used: Vec<_> = connections.iter().map(|used| used.device_name.as_str()).collect();
        if let Some(modem) = first_free_modem(&devices, &used) {
            entry.port.clone_from(modem);
            entry.device_name.clone_from(modem);
        }
        let mut dial = PreparedDial::of_number(entry);
        dial.request.options.callback_number = callback_number;
        return Ok(dial);
    }
    let mut dial = PreparedDial::of_entry(&params.entry, book)?;
    begin_with_link(&mut dial.request.entry, params.subentry);
    let kept = match callback_number.as_deref() {
        // Nobody can be asked: what is kept with the entry is meant.
        Some(ASK) if !pauses => dial.kept_callback_number()?,
        _ => None,
    };
    dial.request.options.number = number;
    dial.request.options.callback_number = kept.or(callback_number);
    Ok(dial)
}

/// The first modem that is not among the names of what is used, by the path that is its name.
fn first_free_modem<'a>(devices: &'a [ListedDevice], used: &[&str]) -> Option<&'a String> {
    let is_modem = |kind: &str| kind.eq_ignore_ascii_case(DeviceType::Modem.text());
    let modems = devices.iter().filter(|device| is_modem(&device.device_type));
    modems.map(|device| &device.name).find(|name| !used.contains(&name.as_str()))
}

/// What a modem is told of its loudspeaker, where the program overrules the entry.
const fn speaker(options: u32) -> Option<&'static str> {
    match (options & IGNORE_MODEM_SPEAKER != 0, options & SET_MODEM_SPEAKER != 0) {
        (false, _) => None,
        (true, false) => Some("ATM0"),
        (true, true) => Some("ATM1"),
    }
}

/// Of an entry that dials one link the program may name the one. A number that no link has is the first's.
fn begin_with_link(entry: &mut Entry, subentry: u32) {
    let index = subentry.saturating_sub(1) as usize;
    if entry.dial_mode == DialMode::All || index == 0 {
        return;
    }
    let Some(chosen) = entry.of_link(index) else { return };
    let mut further_links = std::mem::take(&mut entry.further_links);
    // The one that would be the first is dialed in its place, where others follow.
    if let Some(place) = further_links.get_mut(index.saturating_sub(1)) {
        *place = FurtherLink {
            device_type: entry.device_type,
            device_name: entry.device_name.clone(),
            port: entry.port.clone(),
            speed: entry.speed,
            phone_numbers: entry.phone_numbers.clone(),
        };
    }
    *entry = Entry { further_links, ..chosen };
}

/// With what a dial has succeeded is kept for the next one: not the password, unless it was kept before or
/// the entry says so. The number that got through comes first where the entry says so.
fn remember(dial: &PreparedDial, credentials: &Credentials, number: &str) {
    // The connection is none the worse when it cannot be kept.
    dial.succeeded(credentials, number).ok();
}

/// A dial that is paused goes on with what the program gives now.
fn resume(handle: Handle, call: &mut Call<'_>) -> Result<(), Refusal> {
    let params = &call.params;
    let user = Some(params.user.clone()).filter(|user| !user.is_empty());
    let given = match status_of(handle)?.state {
        RasState::CallbackSetByCaller => Resumption {
            callback_number: Some(params.callback_number.clone()),
            ..Resumption::default()
        },
        RasState::PasswordExpired => {
            Resumption { password: Some(params.password.clone()), ..Resumption::default() }
        }
        _ => Resumption {
            domain: user.is_some().then(|| params.domain.clone()),
            user,
            password: Some(params.password.clone()),
            callback_number: None,
        },
    };
    manager::tell(|ras| ras.resume(handle, &given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b016_a_number_without_an_entry_goes_to_the_first_modem_that_is_free() {
        let mut devices: Vec<_> = ListedDevice::vpn().collect();
        devices.extend(ListedDevice::serial("/dev/serial/by-id/a", "/dev/ttyUSB0", ""));
        devices.extend(ListedDevice::serial("/dev/serial/by-id/b", "/dev/ttyUSB1", ""));
        let free = |used: &[&str]| first_free_modem(&devices, used).map(String::as_str);
        assert_eq!(free(&[]), Some("/dev/serial/by-id/a"));
        assert_eq!(free(&["/dev/serial/by-id/a", "onhook (SSTP)"]), Some("/dev/serial/by-id/b"));
        assert_eq!(free(&["/dev/serial/by-id/b", "/dev/serial/by-id/a"]), None);
    }

    #[test]
    fn b029_the_loudspeaker_is_set_only_where_the_entry_is_overruled() {
        assert_eq!((speaker(0), speaker(SET_MODEM_SPEAKER)), (None, None));
        assert_eq!(speaker(IGNORE_MODEM_SPEAKER), Some("ATM0"));
        assert_eq!(speaker(IGNORE_MODEM_SPEAKER | SET_MODEM_SPEAKER), Some("ATM1"));
    }
}
