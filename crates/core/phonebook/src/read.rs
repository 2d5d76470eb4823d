//! From the keys of a section to the entry that they mean.
//!
//! A key that is absent takes its default without a word; one that makes no sense takes it too, and a
//! [`Warning`] says so. The exceptions are the keys on which safety depends: a certificate hash that
//! cannot be read must not turn into "any certificate of the system's roots will do", so the entry is
//! refused.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

use onhook_model::{
    AuthRestrictions, CallbackMode, DeviceType, DialMode, Encryption, Entry, EntryLimits,
    EntryType, FurtherLink, LoadShare, Prefix, Sharing, Trust, VpnStrategy,
};

use crate::complaint::{Complaint, EntryError, Warning};
use crate::keys;
use crate::pbk::{Pbk, Section, decode};
use crate::routes::{parse_hex, parse_routes};
use crate::section::Layout;

/// What a section means, as far as it can be understood.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// The entry; where `error` is something, with defaults in place of what is missing.
    pub(crate) entry: Entry,
    /// What was ignored or replaced.
    pub(crate) warnings: Vec<Warning>,
    /// Why the entry cannot be used.
    pub(crate) error: Option<EntryError>,
    /// Where things stand.
    pub(crate) layout: Layout,
    /// Whether texts are to be written as UTF-8.
    pub(crate) utf8: bool,
    /// Bits of ExcludedProtocols that mean other protocols than IP.
    pub(crate) other_protocols: u32,
    /// Bits of OverridePref that mean other keys than CallbackMode.
    pub(crate) other_preferences: u32,
    /// The routes in `Routes`, as against those in `OnhookRoutes`.
    pub(crate) foreign_routes: Vec<Prefix>,
}

/// Reads the section.
pub(crate) fn read(book: &Pbk, section: &Section) -> Reading {
    let layout = Layout::of(book, section);
    let mut lines: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (at, key, _) in book.pairs(layout.all.clone()) {
        lines.entry(key.to_ascii_lowercase()).or_default().push(at);
    }
    let mut reader = Reader {
        book,
        layout,
        lines,
        warnings: Vec::new(),
        error: None,
        utf8: true,
        foreign: Vec::new(),
    };
    reader.utf8 = reader.number("Encoding", 0, 1, 1) == 1;
    let mut entry = reader.device(&section.name);
    reader.repeated_name(section);
    reader.identity(&mut entry);
    reader.dialing(&mut entry);
    reader.further_links(&mut entry);
    reader.trust(&mut entry);
    let other_protocols = reader.network(&mut entry);
    let other_preferences = reader.callback(&mut entry);
    reader.own_keys(&mut entry);
    reader.strangers();
    reader.warnings.sort_by_key(|warning| warning.line);
    Reading {
        entry,
        warnings: reader.warnings,
        error: reader.error,
        layout: reader.layout,
        utf8: reader.utf8,
        other_protocols,
        other_preferences,
        foreign_routes: reader.foreign,
    }
}

struct Reader<'a> {
    book: &'a Pbk,
    layout: Layout,
    /// The lines of each key, which is in lower case.
    lines: HashMap<Vec<u8>, Vec<usize>>,
    warnings: Vec<Warning>,
    error: Option<EntryError>,
    utf8: bool,
    foreign: Vec<Prefix>,
}

impl Reader<'_> {
    /// The entry with its device and numbers; everything else as this device has it by default.
    fn device(&mut self, name: &str) -> Entry {
        let head = self.layout.head.saturating_add(1);
        let mut device_type = DeviceType::Vpn;
        match (self.layout.media, self.layout.device) {
            (None, _) => self.fail(EntryError::NoMedia { line: head }),
            (Some(media), None) => {
                self.fail(EntryError::NoDevice { line: media.saturating_add(1) });
            }
            (Some(_), Some(at)) => {
                let (device, line) = (self.text_at(at), at.saturating_add(1));
                match DeviceType::from_text(&device) {
                    Some(known) => device_type = known,
                    None => self.fail(EntryError::UnknownDevice { line, device }),
                }
            }
        }
        let mut entry = Entry::new(name, device_type);
        entry.device_name = self.media_key("Device").unwrap_or_default();
        entry.port = self.media_key("Port").unwrap_or_default();
        entry.speed = self.media_key("ConnectBPS").and_then(|text| text.trim().parse().ok());
        let numbers: Vec<usize> = self
            .book
            .pairs(self.layout.device_keys.clone())
            .filter(|(_, key, _)| key.eq_ignore_ascii_case(b"PhoneNumber"))
            .map(|(at, ..)| at)
            .collect();
        entry.phone_numbers = numbers.into_iter().map(|at| self.text_at(at)).collect();
        if entry.phone_numbers.iter().all(String::is_empty) {
            entry.phone_numbers.clear();
        }
        entry
    }

    /// The links behind the first.
    fn further_links(&mut self, entry: &mut Entry) {
        entry.dial_mode = self
            .meaning("DialMode", DialMode::All.value(), DialMode::from_value)
            .unwrap_or_default();
        if entry.dial_mode == DialMode::AsNeeded {
            let more = self.share(["DialPercent", "DialSeconds"], LoadShare::MORE);
            let fewer = self.share(["HangUpPercent", "HangUpSeconds"], LoadShare::FEWER);
            (entry.more_links, entry.fewer_links) = (more, fewer);
        }
        for place in self.layout.further.clone() {
            let device = place.device.and_then(|at| DeviceType::from_text(&self.text_at(at)));
            let Some(device_type) = device else {
                self.warn(place.all.start, Complaint::UnknownLink);
                continue;
            };
            let mut link = FurtherLink { device_type, ..FurtherLink::default() };
            let pairs = |range| self.book.pairs(range).map(|(at, key, _)| (at, key.to_vec()));
            let keys: Vec<_> = pairs(place.media_keys).chain(pairs(place.device_keys)).collect();
            for (at, key) in keys {
                let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
                if is("Device") {
                    link.device_name = self.text_at(at);
                } else if is("Port") {
                    link.port = self.text_at(at);
                } else if is("ConnectBPS") {
                    link.speed = self.text_at(at).trim().parse().ok();
                } else if is("PhoneNumber") {
                    link.phone_numbers.push(self.text_at(at));
                }
            }
            if link.phone_numbers.iter().all(String::is_empty) {
                link.phone_numbers.clear();
            }
            if entry.dial_mode == DialMode::FirstFree {
                self.warn(place.all.start, Complaint::FurtherLink);
            }
            entry.further_links.push(link);
        }
    }

    fn share(&mut self, [percent, seconds]: [&'static str; 2], default: LoadShare) -> LoadShare {
        let during = u32::try_from(default.during.as_secs()).unwrap_or(u32::MAX);
        LoadShare {
            percent: self.number(percent, 0, 100, default.percent),
            during: Duration::from_secs(self.number(seconds, 0, 3600, during).into()),
        }
    }

    fn identity(&mut self, entry: &mut Entry) {
        let default = entry.entry_type;
        entry.entry_type =
            self.meaning("Type", default.value(), EntryType::from_value).unwrap_or(default);
        if let Some((at, text)) = self.text("Guid") {
            entry.guid = parse_hex(text.as_bytes()).and_then(|octets| octets.try_into().ok());
            if entry.guid.is_none() {
                self.malformed(at, "32 hexadecimal digits", "none");
            }
        }
        if self.line("DialParamsUID").is_some() {
            let uid = self.number("DialParamsUID", 0, u32::MAX, 0);
            entry.dial_params_uid = Some(uid);
        }
    }

    fn dialing(&mut self, entry: &mut Entry) {
        entry.vpn_strategy =
            self.meaning("VpnStrategy", 0, VpnStrategy::from_value).unwrap_or_default();
        let default = Encryption::default_for(entry.device_type);
        entry.encryption = self
            .meaning("DataEncryption", default.value(), Encryption::from_value)
            .unwrap_or(default);
        let default = AuthRestrictions::default_for(entry.device_type);
        let known = |bits| {
            Some(AuthRestrictions::from_bits(bits)).filter(|restrictions| !restrictions.is_empty())
        };
        entry.auth = self.meaning("AuthRestrictions", default.bits(), known).unwrap_or(default);
        entry.eap_method = self
            .meaning("CustomAuthKey", 0, |method| Some(Some(method).filter(|m| *m != 0)))
            .unwrap_or_default();
        entry.try_alternates = self.flag("TryNextAlternateOnFail", true);
        entry.lcp_extensions = self.flag("LcpExtensions", entry.lcp_extensions);
        entry.sw_compression = self.flag("SwCompression", entry.sw_compression);
        entry.redial_attempts = self.number("RedialAttempts", 0, 99, entry.redial_attempts);
        let pause = u32::try_from(entry.redial_pause.as_secs()).unwrap_or(u32::MAX);
        let pause = self.number("RedialSeconds", 1, 600, pause);
        entry.redial_pause = Duration::from_secs(pause.into());
        entry.redial_on_link_failure =
            self.flag("RedialOnLinkFailure", entry.redial_on_link_failure);
        let idle = self.number("IdleDisconnectSeconds", 0, u32::MAX, 0);
        entry.idle_disconnect =
            (idle != 0 && idle != NEVER_IDLE).then(|| Duration::from_secs(idle.into()));
    }

    /// Whether it would be called back, where that is the entry's to say and not the person's preference. Gives
    /// what else is the entry's to say.
    fn callback(&mut self, entry: &mut Entry) -> u32 {
        let preferences = self.number("OverridePref", 0, u32::MAX, 0);
        let mode = self.meaning("CallbackMode", 0, CallbackMode::from_value).unwrap_or_default();
        if preferences & OVERRIDE_CALLBACK != 0 {
            entry.callback = mode;
        }
        preferences & !OVERRIDE_CALLBACK
    }

    /// The strongest of the three ways to judge a certificate counts.
    fn trust(&mut self, entry: &mut Entry) {
        let pin = self.text("OnhookPinSha256");
        entry.ca_file = self.filled("OnhookCaFile");
        let insecure = self.flag("OnhookInsecure", false);
        let insecure_at = self.line("OnhookInsecure");
        if let Some((at, text)) = pin.filter(|(_, text)| !text.is_empty()) {
            let digits: Vec<u8> = text.bytes().filter(|b| *b != b':').collect();
            match parse_hex(&digits).and_then(|octets| octets.try_into().ok()) {
                Some(pin) => entry.trust = Trust::PinSha256(pin),
                None => self.fail(EntryError::BadSetting {
                    line: at.saturating_add(1),
                    key: "OnhookPinSha256",
                    expected: "64 hexadecimal digits, with colons between them or not",
                }),
            }
            if let Some(ca) = self.line("OnhookCaFile").filter(|_| entry.ca_file.is_some()) {
                self.warn(ca, Complaint::Overruled { stronger: "OnhookPinSha256" });
            }
        } else if entry.ca_file.is_some() {
            entry.trust = Trust::CaPem(String::new());
        } else if insecure {
            entry.trust = Trust::Insecure;
        }
        if let Some(at) = insecure_at.filter(|_| insecure) {
            let stronger = match entry.trust {
                Trust::Insecure => None,
                Trust::CaPem(_) => Some("OnhookCaFile"),
                Trust::PinSha256(_) | Trust::SystemRoots => Some("OnhookPinSha256"),
            };
            self.warn(
                at,
                stronger.map_or(Complaint::Insecure, |stronger| Complaint::Overruled { stronger }),
            );
        }
        entry.crl_file = self.filled("OnhookCrlFile");
        entry.certificate_file = self.filled("OnhookCertificateFile");
        entry.key_file = self.filled("OnhookKeyFile");
        entry.server_name = self.filled("OnhookServerName");
    }

    /// Fills what is said of IP, and gives the bits that exclude other protocols.
    fn network(&mut self, entry: &mut Entry) -> u32 {
        let excluded = self.number("ExcludedProtocols", 0, u32::MAX, 0);
        entry.ipv4.enabled = excluded & EXCLUDE_IPV4 == 0;
        entry.ipv6.enabled = excluded & EXCLUDE_IPV6 == 0;

        entry.ipv4.default_route = self.flag("IpPrioritizeRemote", true);
        entry.ipv4.metric = self.non_zero("IpInterfaceMetric");
        if self.number("IpAssign", 1, 2, 1) == 2 {
            entry.ipv4.address = self.address("IpAddress", Ipv4Addr::UNSPECIFIED);
        }
        if self.number("IpNameAssign", 1, 3, 1) == 2 {
            let keys = ["IpDnsAddress", "IpDns2Address"];
            let found = keys.map(|key| self.address(key, Ipv4Addr::UNSPECIFIED));
            entry.ipv4.dns = found.into_iter().flatten().collect();
        }

        entry.ipv6.default_route = self.flag("Ipv6PrioritizeRemote", true);
        entry.ipv6.metric = self.non_zero("Ipv6InterfaceMetric");
        if self.number("Ipv6Assign", 1, 2, 1) == 2 {
            entry.ipv6.address = self.address("Ipv6Address", Ipv6Addr::UNSPECIFIED);
            let len = self.number("Ipv6PrefixLength", 0, 128, 0);
            entry.ipv6.prefix_len = u8::try_from(len).ok().filter(|len| *len != 0);
        }
        if self.number("Ipv6NameAssign", 1, 2, 1) == 2 {
            let keys = ["Ipv6DnsAddress", "Ipv6Dns2Address"];
            let found = keys.map(|key| self.address(key, Ipv6Addr::UNSPECIFIED));
            entry.ipv6.dns = found.into_iter().flatten().collect();
        }

        entry.dns_suffix = self.filled("IpDnsSuffix");
        self.foreign = self.written_routes();
        entry.routes.clone_from(&self.foreign);
        excluded & !(EXCLUDE_IPV4 | EXCLUDE_IPV6)
    }

    /// The routes in the lines of `Routes`.
    fn written_routes(&mut self) -> Vec<Prefix> {
        let Some(first) = self.line("Routes") else { return Vec::new() };
        let digits: Vec<u8> = self
            .lines("Routes")
            .iter()
            .filter_map(|at| self.book.pairs(*at..at.saturating_add(1)).next())
            .flat_map(|(_, _, value)| value.iter().copied())
            .collect();
        let routes = parse_hex(&digits).and_then(|octets| parse_routes(&octets));
        let Some(routes) = routes else {
            self.malformed(first, "36 octets a route in hexadecimal", "no route");
            return Vec::new();
        };
        self.bounded(first, without_repeats(routes), EntryLimits::ROUTES)
    }

    fn own_keys(&mut self, entry: &mut Entry) {
        entry.user = self.filled("OnhookUser");
        entry.domain = self.filled("OnhookDomain");
        entry.interface_name = self.filled("OnhookInterfaceName");
        entry.netns = self.filled("OnhookNetns");
        if let Some((at, text)) = self.text("OnhookSharing") {
            entry.sharing = Sharing::from_word(&text);
            if entry.sharing.is_none() {
                self.malformed(at, "private, seen or hangup", "private");
                entry.sharing = Some(Sharing::Private);
            }
        }
        if let Some((at, text)) = self.text("OnhookRoutes") {
            let mut routes = entry.routes.clone();
            for item in items(&text) {
                match item.parse() {
                    Ok(prefix) => routes.push(prefix),
                    Err(_) => self.malformed(at, "prefixes such as 10.0.0.0/8", "the others"),
                }
            }
            entry.routes = self.bounded(at, without_repeats(routes), EntryLimits::ROUTES);
        }
        if let Some((at, text)) = self.text("OnhookDnsDomains") {
            let domains = items(&text).map(str::to_owned).collect();
            entry.dns_domains = self.bounded(at, domains, EntryLimits::DNS_DOMAINS);
        }
        let mtu = EntryLimits::MTU;
        entry.mtu = self.own_number("OnhookMtu", &((*mtu.start()).into()..=(*mtu.end()).into()));
        entry.echo_interval = self
            .own_number("OnhookEchoSeconds", &EntryLimits::ECHO_SECONDS)
            .map(Duration::from_secs);
        entry.echo_failures = self.own_number("OnhookEchoFailures", &EntryLimits::ECHO_FAILURES);
        entry.hangup_budget = self
            .own_number("OnhookHangupBudgetMs", &EntryLimits::HANGUP_BUDGET_MS)
            .map(Duration::from_millis);
    }

    /// Keys that should not be there, and those that ask for what we do not do.
    fn strangers(&mut self) {
        let mut found = Vec::new();
        for (at, key, value) in self.book.pairs(self.layout.all.clone()) {
            let is_one_of =
                |keys: &[&str]| keys.iter().any(|k| k.as_bytes().eq_ignore_ascii_case(key));
            let is_secret = is_one_of(&keys::SECRETS);
            if is_secret && !value.is_empty() {
                found.push((at, Complaint::Secret));
            } else if !is_secret && keys::has_own_prefix(key) && !keys::is_own(key) {
                found.push((at, Complaint::UnknownOwnKey));
            } else if is_one_of(&keys::NOT_DONE) && !value.is_empty() && value != b"0" {
                found.push((at, Complaint::NotDone));
            }
            if found.len() >= MAX_WARNINGS {
                break;
            }
        }
        for (at, complaint) in found {
            self.warn(at, complaint);
        }
    }

    fn repeated_name(&mut self, section: &Section) {
        let others: Vec<usize> =
            self.book.namesakes(section).take(MAX_WARNINGS).map(|other| other.head).collect();
        let first = section.head.saturating_add(1);
        for head in others {
            let (line, key) = (head.saturating_add(1), "[name]".to_owned());
            self.warnings.push(Warning { line, key, complaint: Complaint::SameName { first } });
        }
    }
}

/// How values of one key are found and judged.
impl Reader<'_> {
    /// All lines of this key.
    fn lines(&self, key: &str) -> &[usize] {
        self.lines.get(key.to_ascii_lowercase().as_bytes()).map_or(&[], Vec::as_slice)
    }

    /// The line of this key that counts: the first.
    fn line(&self, key: &str) -> Option<usize> {
        self.lines(key).first().copied()
    }

    /// The key's value as text, and its line. Further lines of it are warned of.
    fn text(&mut self, key: &'static str) -> Option<(usize, String)> {
        let first = self.line(key)?;
        let again: Vec<usize> =
            self.lines(key).iter().skip(1).take(MAX_WARNINGS).copied().collect();
        for at in again {
            self.warn(at, Complaint::Repeated { first: first.saturating_add(1) });
        }
        Some((first, self.text_at(first)))
    }

    /// The key's text, if there is any.
    fn filled(&mut self, key: &'static str) -> Option<String> {
        self.text(key).map(|(_, text)| text).filter(|text| !text.is_empty())
    }

    fn text_at(&mut self, at: usize) -> String {
        let Some((_, _, value)) = self.book.pairs(at..at.saturating_add(1)).next() else {
            return String::new();
        };
        let (text, is_utf8) = decode(value);
        if self.utf8 && !is_utf8 {
            self.warn(at, Complaint::NotUtf8);
        }
        text
    }

    /// A key of the medium; there case matters, because `DEVICE` is another.
    fn media_key(&mut self, key: &str) -> Option<String> {
        let at = self
            .book
            .pairs(self.layout.media_keys.clone())
            .find(|(_, k, _)| k.eq_ignore_ascii_case(key.as_bytes()))
            .map(|(at, ..)| at)?;
        Some(self.text_at(at))
    }

    /// The key's number. An empty value is as good as none.
    fn integer(&mut self, key: &'static str, instead: &str) -> Option<(usize, i64)> {
        let (at, text) = self.text(key).filter(|(_, text)| !text.is_empty())?;
        match i64::from_str(&text) {
            Ok(number) => Some((at, number)),
            Err(_) => {
                self.malformed(at, "a number", instead);
                None
            }
        }
    }

    fn number(&mut self, key: &'static str, min: u32, max: u32, default: u32) -> u32 {
        let instead = default.to_string();
        let Some((at, value)) = self.integer(key, &instead) else { return default };
        match u32::try_from(value) {
            Ok(number) if (min..=max).contains(&number) => number,
            _ => {
                let (min, max) = (min.into(), max.into());
                self.warn(at, Complaint::OutOfRange { value, min, max, instead });
                default
            }
        }
    }

    /// A number of which only some have a meaning; −1 is how some books write "none".
    fn meaning<T>(
        &mut self,
        key: &'static str,
        default: u32,
        of: impl FnOnce(u32) -> Option<T>,
    ) -> Option<T> {
        let instead = default.to_string();
        let (at, value) = self.integer(key, &instead)?;
        if value == -1 {
            return None;
        }
        let meaning = u32::try_from(value).ok().and_then(of);
        if meaning.is_none() {
            self.warn(at, Complaint::Meaningless { value, instead });
        }
        meaning
    }

    fn flag(&mut self, key: &'static str, default: bool) -> bool {
        self.number(key, 0, 1, default.into()) == 1
    }

    fn non_zero(&mut self, key: &'static str) -> Option<u32> {
        Some(self.number(key, 0, u32::MAX, 0)).filter(|number| *number != 0)
    }

    /// A number of ours, without which the manager does as it likes.
    fn own_number<T: TryFrom<u64>>(
        &mut self,
        key: &'static str,
        range: &std::ops::RangeInclusive<u64>,
    ) -> Option<T> {
        let (at, value) = self.integer(key, "the manager's own")?;
        match u64::try_from(value) {
            Ok(number) if range.contains(&number) => T::try_from(number).ok(),
            _ => {
                let bound = |bound: u64| i64::try_from(bound).unwrap_or(i64::MAX);
                let (min, max) = (bound(*range.start()), bound(*range.end()));
                let instead = "the manager's own".to_owned();
                self.warn(at, Complaint::OutOfRange { value, min, max, instead });
                None
            }
        }
    }

    /// An address that stands for something: not the unspecified one, which means "none".
    fn address<A: FromStr + PartialEq>(&mut self, key: &'static str, unspecified: A) -> Option<A> {
        let (at, text) = self.text(key).filter(|(_, text)| !text.is_empty())?;
        match text.parse::<A>() {
            Ok(address) => Some(address).filter(|address| *address != unspecified),
            Err(_) => {
                self.malformed(at, "an address", "none");
                None
            }
        }
    }

    fn bounded<T>(&mut self, at: usize, mut list: Vec<T>, max: usize) -> Vec<T> {
        if list.len() > max {
            list.truncate(max);
            self.malformed(at, "a shorter list", "its beginning");
        }
        list
    }

    fn malformed(&mut self, at: usize, expected: &'static str, instead: &str) {
        self.warn(at, Complaint::Malformed { expected, instead: instead.to_owned() });
    }

    fn warn(&mut self, at: usize, complaint: Complaint) {
        let pair = self.book.pairs(at..at.saturating_add(1)).next();
        let key = pair.map_or_else(String::new, |(_, key, _)| decode(key).0);
        let warning = Warning { line: at.saturating_add(1), key, complaint };
        if self.warnings.len() < MAX_WARNINGS && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// The first error counts.
    fn fail(&mut self, error: EntryError) {
        self.error.get_or_insert(error);
    }
}

/// The members of a list with commas.
fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

pub(crate) fn without_repeats(prefixes: Vec<Prefix>) -> Vec<Prefix> {
    let mut seen = std::collections::HashSet::new();
    prefixes.into_iter().filter(|prefix| seen.insert(*prefix)).collect()
}

/// The bit of OverridePref that lets CallbackMode count.
pub(crate) const OVERRIDE_CALLBACK: u32 = 32;
/// Bits of ExcludedProtocols.
pub(crate) const EXCLUDE_IPV4: u32 = 4;
pub(crate) const EXCLUDE_IPV6: u32 = 8;
/// IdleDisconnectSeconds that mean never.
const NEVER_IDLE: u32 = u32::MAX;
/// Warnings of one entry; a person reads no more.
const MAX_WARNINGS: usize = 100;
