//! Entries of phone books, as RASENTRY, RASSUBENTRY and RASENTRYNAME show them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use onhook_client::phonebooks::{EntryProperties, Listed, Phonebooks, Subentry};
use onhook_model::{RasCode, RasState};

use crate::boundary::{Place, Refusal, Rows};
use crate::layout::{Charset, Form, Machine, Structure, View, ViewMut, tables};
use crate::manager;

/// `REN_AllUsers`.
const ALL_USERS: u32 = 1;

/// `RasEnumEntries`.
pub(crate) fn enumerate(book: Option<&Path>, rows: Rows<'_>) -> Result<(), Refusal> {
    let entries: Vec<Listed> = Phonebooks::default().list(book)?;
    let form = *rows.form();
    let (name, flags) = (form.field("szEntryName"), form.field("dwFlags"));
    let path = form.field("szPhonebookPath");
    rows.tell(&entries, |row, entry| {
        row.put_text(name, &entry.name);
        row.put_u32(flags, if entry.all_users { ALL_USERS } else { 0 });
        row.put_text(path, &entry.book.to_string_lossy());
    })
}

/// `RasValidateEntryName`.
pub(crate) fn validate_name(book: Option<&Path>, name: &str) -> Result<(), Refusal> {
    Ok(Phonebooks::default().validate_name(book, name)?)
}

/// `RasRenameEntry`.
pub(crate) fn rename(book: Option<&Path>, old: &str, new: &str) -> Result<(), Refusal> {
    Ok(Phonebooks::default().rename(book, old, new)?)
}

/// `RasDeleteEntry`.
pub(crate) fn delete(book: Option<&Path>, name: &str) -> Result<(), Refusal> {
    let user = nix::unistd::geteuid().as_raw();
    let is_live = |located: &onhook_client::phonebooks::Located| {
        let connections = match manager::ask(onhook_client::blocking::Ras::list) {
            Ok(connections) => connections,
            // Where no manager is, nothing is connected.
            Err(Refusal(RasCode::SERVICE_NOT_ACTIVE)) => Vec::new(),
            Err(refusal) => return Err(refusal.into()),
        };
        Ok(connections.iter().any(|report| {
            report.owner == user
                && report.entry.to_lowercase() == located.name.to_lowercase()
                && report.state != RasState::Disconnected
        }))
    };
    Ok(Phonebooks::default().delete(book, name, is_live)?)
}

/// A structure that may have texts behind it, as its caller has room for it.
pub(crate) struct Filled<'a> {
    /// How many octets there are, and then how many are needed.
    pub(crate) size: Place<'a, u32>,
    /// What the caller's structure says it is; `None` without one.
    pub(crate) form: Option<Form>,
    /// The octets of the structure and of what is behind it.
    pub(crate) memory: &'a dyn Fn(usize) -> Option<&'a mut [u8]>,
}

impl Filled<'_> {
    /// Fills the structure, and writes the texts behind it; 603 when there is not room for all of it.
    fn fill(
        mut self,
        of: &'static Structure,
        charset: Charset,
        alternates: &[String],
        write: impl FnOnce(&mut ViewMut<'_>),
    ) -> Result<(), Refusal> {
        let form = self.form.unwrap_or_else(|| of.newest(Machine::of_this_library(), charset));
        let behind = match alternates.is_empty() {
            true => Vec::new(),
            false => charset.encode_list(alternates.iter().map(String::as_str)),
        };
        let needed = form.size() + behind.len();
        let given = usize::try_from(self.size.get()).unwrap_or(usize::MAX);
        self.size.set(u32::try_from(needed).unwrap_or(u32::MAX));
        let memory = match self.form {
            Some(_) if given >= needed => (self.memory)(needed),
            _ => None,
        };
        let memory = memory.ok_or(Refusal(RasCode::BUFFER_TOO_SMALL))?;
        let (structure, list) = memory.split_at_mut(form.size());
        let mut view = ViewMut::new(form, structure).ok_or(Refusal(RasCode::INVALID_SIZE))?;
        view.begin();
        write(&mut view);
        if !behind.is_empty() {
            view.put_u32("dwAlternateOffset", form.dw_size());
            list.copy_from_slice(&behind);
        }
        Ok(())
    }
}

/// `RasGetEntryProperties`.
pub(crate) fn get(
    book: Option<&Path>,
    name: &str,
    charset: Charset,
    filled: Filled<'_>,
) -> Result<(), Refusal> {
    let properties = Phonebooks::default().properties(book, name)?;
    filled.fill(&tables::RASENTRY, charset, &properties.alternates, |view| {
        for (field, value) in numbers(&properties) {
            view.put_u32(field, value);
        }
        for (field, value) in texts(&properties) {
            view.put_text(field, value);
        }
        for (field, value) in ipv4(&properties) {
            view.put_octets(field, &value.octets());
        }
        for (field, value) in ipv6(&properties) {
            view.put_octets(field, &value.octets());
        }
        view.put_octets("guidId", &properties.guid);
    })
}

/// `RasSetEntryProperties`: members that the caller's generation lacks keep their value.
pub(crate) fn set(
    book: Option<&Path>,
    name: &str,
    charset: Charset,
    given: &View<'_>,
    whole: &[u8],
) -> Result<(), Refusal> {
    let books = Phonebooks::default();
    let mut properties = match books.properties(book, name) {
        Ok(properties) => properties,
        Err(error) if error.code == RasCode::CANNOT_FIND_PHONEBOOK_ENTRY => {
            EntryProperties::default()
        }
        Err(error) => return Err(error.into()),
    };
    for (field, place) in numbers_mut(&mut properties) {
        if let Some(value) = given.u32(field) {
            *place = value;
        }
    }
    for (field, place) in texts_mut(&mut properties) {
        if let Some(value) = given.text(field)? {
            *place = value;
        }
    }
    for (field, place) in ipv4_mut(&mut properties) {
        if let Some(octets) = given.octets(field).and_then(|octets| octets.try_into().ok()) {
            *place = Ipv4Addr::from_octets(octets);
        }
    }
    for (field, place) in ipv6_mut(&mut properties) {
        if let Some(octets) = given.octets(field).and_then(|octets| octets.try_into().ok()) {
            *place = Ipv6Addr::from_octets(octets);
        }
    }
    if let Some(flag) = given.u32("fIsImsConfig") {
        properties.is_ims = flag != 0;
    }
    if let Some(flag) = given.u32("fDisableIKEv2Fragmentation") {
        properties.no_ike_fragmentation = flag != 0;
    }
    properties.alternates = alternates(charset, given, whole)?;
    Ok(books.set_properties(book, name, &properties)?)
}

/// The texts behind a structure.
fn alternates(charset: Charset, given: &View<'_>, whole: &[u8]) -> Result<Vec<String>, Refusal> {
    let offset = given.u32("dwAlternateOffset").unwrap_or(0) as usize;
    if offset == 0 {
        return Ok(Vec::new());
    }
    let list = whole.get(offset..).filter(|_| offset >= given.form().size());
    let list = list.ok_or(Refusal(RasCode::INVALID_PARAMETER))?;
    Ok(charset.decode_list(list)?)
}

/// One list for the members of a kind, to be read and to be written.
macro_rules! members {
    ($of:ty, $read:ident, $write:ident, $kind:ty, [$($name:literal => $($member:tt).+),* $(,)?]) => {
        fn $read(of: &$of) -> impl Iterator<Item = (&'static str, &$kind)> {
            [$(($name, &of.$($member).+)),*].into_iter()
        }

        fn $write(of: &mut $of) -> impl Iterator<Item = (&'static str, &mut $kind)> {
            [$(($name, &mut of.$($member).+)),*].into_iter()
        }
    };
}

members!(EntryProperties, plain_numbers, numbers_mut, u32, [
    "dwfOptions" => options,
    "dwfOptions2" => options2,
    "dwfOptions3" => options3,
    "dwCountryID" => country_id,
    "dwCountryCode" => country_code,
    "dwFrameSize" => frame_size,
    "dwfNetProtocols" => net_protocols,
    "dwFramingProtocol" => framing_protocol,
    "dwChannels" => channels,
    "dwDialMode" => dial_mode,
    "dwDialExtraPercent" => dial_extra.percent,
    "dwDialExtraSampleSeconds" => dial_extra.seconds,
    "dwHangUpExtraPercent" => hang_up_extra.percent,
    "dwHangUpExtraSampleSeconds" => hang_up_extra.seconds,
    "dwIdleDisconnectSeconds" => idle_disconnect_seconds,
    "dwType" => entry_type,
    "dwEncryptionType" => encryption_type,
    "dwCustomAuthKey" => custom_auth_key,
    "dwVpnStrategy" => vpn_strategy,
    "dwTcpWindowSize" => tcp_window_size,
    "dwRedialCount" => redial_count,
    "dwRedialPause" => redial_pause,
    "dwIPv4InterfaceMetric" => ipv4_metric,
    "dwIPv6InterfaceMetric" => ipv6_metric,
    "dwIPv6PrefixLength" => ipv6_prefix_len,
    "dwNetworkOutageTime" => network_outage_minutes,
    "IdiType" => ike_initiator_type,
    "IdrType" => ike_responder_type,
]);

/// What is told as numbers: also what is never set.
fn numbers(of: &EntryProperties) -> impl Iterator<Item = (&'static str, u32)> {
    let told = [
        ("dwSubEntries", of.subentries),
        ("fIsImsConfig", u32::from(of.is_ims)),
        ("fDisableIKEv2Fragmentation", u32::from(of.no_ike_fragmentation)),
    ];
    plain_numbers(of).map(|(name, value)| (name, *value)).chain(told)
}

members!(EntryProperties, texts, texts_mut, String, [
    "szAreaCode" => area_code,
    "szLocalPhoneNumber" => phone_number,
    "szScript" => script,
    "szAutodialDll" => autodial_dll,
    "szAutodialFunc" => autodial_function,
    "szDeviceType" => device_type,
    "szDeviceName" => device_name,
    "szX25PadType" => x25.pad_type,
    "szX25Address" => x25.address,
    "szX25Facilities" => x25.facilities,
    "szX25UserData" => x25.user_data,
    "szCustomDialDll" => custom_dial_dll,
    "szDnsSuffix" => dns_suffix,
    "szPrerequisitePbk" => prerequisite_book,
    "szPrerequisiteEntry" => prerequisite_entry,
    "szIDi" => ike_initiator,
    "szIDr" => ike_responder,
]);

fn ipv4(of: &EntryProperties) -> [(&'static str, Ipv4Addr); 5] {
    let ([dns, dns_alt], [wins, wins_alt]) = (of.ipv4_dns, of.ipv4_wins);
    [
        ("ipaddr", of.ipv4_address),
        ("ipaddrDns", dns),
        ("ipaddrDnsAlt", dns_alt),
        ("ipaddrWins", wins),
        ("ipaddrWinsAlt", wins_alt),
    ]
}

fn ipv4_mut(of: &mut EntryProperties) -> [(&'static str, &mut Ipv4Addr); 5] {
    let ([dns, dns_alt], [wins, wins_alt]) = (&mut of.ipv4_dns, &mut of.ipv4_wins);
    [
        ("ipaddr", &mut of.ipv4_address),
        ("ipaddrDns", dns),
        ("ipaddrDnsAlt", dns_alt),
        ("ipaddrWins", wins),
        ("ipaddrWinsAlt", wins_alt),
    ]
}

fn ipv6(of: &EntryProperties) -> [(&'static str, Ipv6Addr); 3] {
    let [dns, dns_alt] = of.ipv6_dns;
    [("ipv6addrDns", dns), ("ipv6addrDnsAlt", dns_alt), ("ipv6addr", of.ipv6_address)]
}

fn ipv6_mut(of: &mut EntryProperties) -> [(&'static str, &mut Ipv6Addr); 3] {
    let [dns, dns_alt] = &mut of.ipv6_dns;
    [("ipv6addrDns", dns), ("ipv6addrDnsAlt", dns_alt), ("ipv6addr", &mut of.ipv6_address)]
}

/// `RasGetSubEntryProperties`.
pub(crate) fn get_subentry(
    book: Option<&Path>,
    name: &str,
    number: u32,
    charset: Charset,
    filled: Filled<'_>,
) -> Result<(), Refusal> {
    let links = Phonebooks::default().subentries(book, name)?;
    let link = number.checked_sub(1).and_then(|index| links.get(index as usize));
    let link = link.ok_or(Refusal(RasCode::INVALID_PARAMETER))?;
    filled.fill(&tables::RASSUBENTRY, charset, &link.alternates, |view| {
        for (field, value) in subentry_texts(link) {
            view.put_text(field, value);
        }
    })
}

members!(Subentry, subentry_texts, subentry_texts_mut, String, [
    "szDeviceType" => device_type,
    "szDeviceName" => device_name,
    "szLocalPhoneNumber" => phone_number,
]);

/// `RasSetSubEntryProperties`.
pub(crate) fn set_subentry(
    book: Option<&Path>,
    name: &str,
    number: u32,
    charset: Charset,
    given: &View<'_>,
    whole: &[u8],
) -> Result<(), Refusal> {
    let mut link =
        Subentry { alternates: alternates(charset, given, whole)?, ..Subentry::default() };
    for (field, place) in subentry_texts_mut(&mut link) {
        *place = given.text(field)?.unwrap_or_default();
    }
    Ok(Phonebooks::default().set_subentry(book, name, number, &link)?)
}

/// `RasDeleteSubEntry`.
pub(crate) fn delete_subentry(book: Option<&Path>, name: &str, number: u32) -> Result<(), Refusal> {
    Ok(Phonebooks::default().delete_subentry(book, name, number)?)
}

/// Whether there is such an entry: 623 when there is none.
pub(crate) fn exists(book: Option<&Path>, name: &str) -> Result<(), Refusal> {
    Phonebooks::default().locate(book, name)?;
    Ok(())
}
