//! From an entry to the keys of a section, by difference.
//!
//! What the section says now and what it should say are both put into the same form, a list of
//! [`Want`]s, and only the keys that differ are touched. Some keys lean on others (what an absent
//! `AuthRestrictions` means depends on the device), so the section is read again and compared again
//! until nothing differs. The last comparison is of the entries themselves: what would not read back
//! the same is refused, with the key at which it shows.

use std::ops::Range;

use onhook_model::{CallbackMode, DialMode, Entry, LoadShare, Prefix, Trust};

use crate::complaint::{EditError, EntryError};
use crate::keys;
use crate::pbk::{MAX_LINE, Pbk, encode};
use crate::read::{EXCLUDE_IPV4, EXCLUDE_IPV6, OVERRIDE_CALLBACK, Reading, read, without_repeats};
use crate::routes::hex;
use crate::section::Layout;

/// What should stand behind a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// This text.
    Value(String),
    /// The key should not be there.
    Absent,
    /// It does not matter: another key says that this one does not count.
    Either,
}

pub(crate) type Wants = Vec<(&'static str, Want)>;

/// Changes a book of one section so that it means `entry`.
///
/// # Errors
///
/// Names the key that cannot be written so that it reads back the same; the part is then spoiled.
pub(crate) fn write(part: &mut Pbk, entry: &Entry, is_new: bool) -> Result<(), EditError> {
    let target = normal(entry);
    if is_new {
        write_new(part, &target);
    }
    // Each round can settle what the one before has brought up; no key leans on more than two others.
    for round in 0..MAX_ROUNDS {
        let Some(reading) = reading_of(part) else { break };
        if normal(&reading.entry) == target && reading.error.is_none() {
            break;
        }
        if round == 0 {
            // Once only: were another device of the chain found then, it must not be changed too.
            write_device_type(part, &reading, &target);
        }
        write_groups(part, &reading, &target);
        write_further_links(part, &target);
        write_general(part, &target);
    }
    check(part, &target)
}

/// As it comes back from a file: without what the client adds, and without what does not count.
fn normal(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    match &mut entry.trust {
        Trust::CaPem(pem) => pem.clear(),
        Trust::PinSha256(_) => {}
        Trust::SystemRoots | Trust::Insecure => entry.ca_file = None,
    }
    entry.routes = without_repeats(entry.routes);
    if entry.dial_mode != DialMode::AsNeeded {
        (entry.more_links, entry.fewer_links) = (LoadShare::MORE, LoadShare::FEWER);
    }
    entry
}

fn reading_of(part: &Pbk) -> Option<Reading> {
    part.sections().first().map(|section| read(part, section))
}

/// Every key that a new entry should have from the start, in their order.
fn write_new(part: &mut Pbk, entry: &Entry) {
    let fixed = [("Encoding", "1"), ("PBVersion", "1")];
    let mut lines: Vec<Vec<u8>> =
        fixed.iter().map(|(key, value)| line(key, value.as_bytes())).collect();
    let mut wants = wants(entry, Beyond::default());
    wants.sort_by_key(|(key, _)| keys::rank(key.as_bytes()));
    for (key, want) in wants {
        if let Want::Value(text) = want {
            lines.push(line(key, text.as_bytes()));
        }
    }
    part.insert(part.len(), lines);
}

fn write_device_type(part: &mut Pbk, reading: &Reading, entry: &Entry) {
    // Without a medium, the device has not been looked at.
    let is_unknown = matches!(
        reading.error,
        Some(EntryError::UnknownDevice { .. } | EntryError::NoMedia { .. })
    );
    if let Some(device) = reading.layout.device
        && (is_unknown || reading.entry.device_type != entry.device_type)
    {
        part.set_value(device, entry.device_type.text().as_bytes());
        if let Some(media) = reading.layout.media {
            part.set_value(media, entry.device_type.media().as_bytes());
        }
    }
}

/// Media, names of the device, numbers.
fn write_groups(part: &mut Pbk, reading: &Reading, entry: &Entry) {
    let layout = &reading.layout;
    let (current, utf8) = (&reading.entry, reading.utf8);
    let text = |value: &str| encode(value, utf8);
    let Some(media) = layout.media else {
        let mut lines = vec![Vec::new(), line("MEDIA", entry.device_type.media().as_bytes())];
        lines.push(line("Port", &text(&entry.port)));
        lines.push(line("Device", &text(&entry.device_name)));
        lines.extend(entry.speed.map(|speed| line("ConnectBPS", speed.to_string().as_bytes())));
        if layout.device.is_none() {
            lines.extend(device_lines(entry, utf8));
        }
        part.insert(layout.device.unwrap_or(layout.content_end), lines);
        return;
    };
    if layout.device.is_none() {
        part.insert(layout.media_keys.end.max(media.saturating_add(1)), device_lines(entry, utf8));
        return;
    }
    if current.phone_numbers != entry.phone_numbers {
        write_numbers(part, reading, entry);
        return; // lines have moved; the next round does the rest
    }
    let speed = |entry: &Entry| entry.speed.map(|speed| speed.to_string()).unwrap_or_default();
    for (key, now, wanted) in [
        ("ConnectBPS", &speed(current), &speed(entry)),
        ("Device", &current.device_name, &entry.device_name),
        ("Port", &current.port, &entry.port),
    ] {
        if now == wanted {
            continue;
        }
        let at = part
            .pairs(layout.media_keys.clone())
            .find(|(_, k, _)| k.eq_ignore_ascii_case(key.as_bytes()))
            .map(|(at, ..)| at);
        match at {
            Some(at) => part.set_value(at, &text(wanted)),
            None => {
                part.insert(media.saturating_add(1), vec![line(key, &text(wanted))]);
                return; // lines have moved; the next round does the rest
            }
        }
    }
}

/// The links behind the first. One that says what it should stays as it is; one that does not is written
/// anew.
fn write_further_links(part: &mut Pbk, entry: &Entry) {
    for (index, wanted) in entry.further_links.iter().enumerate() {
        let Some(reading) = reading_of(part) else { return };
        let layout = &reading.layout;
        // A link that cannot be read counts here and not in the reading: it goes first.
        if let Some(place) = layout.further.iter().find(|_| !are_all_read(&reading)) {
            part.remove_pairs(place.all.clone(), |_| true);
            return; // lines have moved; the next round does the rest
        }
        let at = match (layout.further.get(index), reading.entry.further_links.get(index)) {
            (Some(_), Some(current)) if current == wanted => continue,
            (Some(place), _) => {
                part.remove_pairs(place.all.clone(), |_| true);
                place.all.start
            }
            (None, _) => layout.content_end,
        };
        let text = |value: &str| encode(value, reading.utf8);
        let mut lines = vec![Vec::new(), line("MEDIA", wanted.device_type.media().as_bytes())];
        lines.push(line("Port", &text(&wanted.port)));
        lines.push(line("Device", &text(&wanted.device_name)));
        lines.extend(wanted.speed.map(|speed| line("ConnectBPS", speed.to_string().as_bytes())));
        lines.push(Vec::new());
        lines.push(line("DEVICE", wanted.device_type.text().as_bytes()));
        lines.extend(wanted.phone_numbers.iter().map(|number| line("PhoneNumber", &text(number))));
        part.insert(at, lines);
    }
    let Some(reading) = reading_of(part) else { return };
    for place in reading.layout.further.iter().skip(entry.further_links.len()).rev() {
        part.remove_pairs(place.all.clone(), |_| true);
    }
}

fn are_all_read(reading: &Reading) -> bool {
    reading.layout.further.len() == reading.entry.further_links.len()
}

fn device_lines(entry: &Entry, utf8: bool) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new(), line("DEVICE", entry.device_type.text().as_bytes())];
    lines.extend(numbers(entry).iter().map(|number| line("PhoneNumber", &encode(number, utf8))));
    lines
}

/// The numbers as lines: an entry without one has an empty one.
fn numbers(entry: &Entry) -> Vec<&str> {
    if entry.phone_numbers.is_empty() {
        return vec![""];
    }
    entry.phone_numbers.iter().map(String::as_str).collect()
}

/// Numbers keep their places and what stands behind them (area code, comment); surplus ones go with
/// it, new ones come behind the last.
fn write_numbers(part: &mut Pbk, reading: &Reading, entry: &Entry) {
    let keys = reading.layout.device_keys.clone();
    write_number_lines(part, keys, reading.utf8, &numbers(entry));
}

/// Makes the device whose keys stand in these lines have these numbers.
pub(crate) fn write_number_lines(part: &mut Pbk, keys: Range<usize>, utf8: bool, wanted: &[&str]) {
    let spots: Vec<usize> = part
        .pairs(keys.clone())
        .filter(|(_, key, _)| key.eq_ignore_ascii_case(b"PhoneNumber"))
        .map(|(at, ..)| at)
        .collect();
    // One past what belongs to the last number: up to the keys that come once, or the group's end.
    let last_end = part
        .pairs(spots.last().map_or(keys.start, |at| at.saturating_add(1))..keys.end)
        .find(|(_, key, _)| !is_number_key(key))
        .map(|(at, ..)| at)
        .or_else(|| part.pairs(keys.clone()).last().map(|(at, ..)| at.saturating_add(1)))
        .unwrap_or(keys.start);
    let more = wanted.iter().skip(spots.len());
    let lines: Vec<_> = more.map(|number| line("PhoneNumber", &encode(number, utf8))).collect();
    if !lines.is_empty() {
        part.insert(last_end, lines);
    }
    for (at, number) in spots.iter().zip(wanted) {
        part.set_value(*at, &encode(number, utf8));
    }
    if let Some(first_surplus) = spots.get(wanted.len()) {
        part.remove_pairs(*first_surplus..last_end, is_number_key);
    }
}

fn write_general(part: &mut Pbk, entry: &Entry) {
    let Some(reading) = reading_of(part) else { return };
    let beyond = Beyond {
        protocols: reading.other_protocols,
        preferences: reading.other_preferences,
        routes: &reading.foreign_routes,
    };
    let now = wants(&reading.entry, beyond);
    let broken = match reading.error {
        Some(EntryError::BadSetting { key, .. }) => Some(key),
        _ => None,
    };
    for ((key, wanted), (_, now)) in wants(entry, beyond).into_iter().zip(now) {
        if wanted == now && broken != Some(key) {
            continue;
        }
        match wanted {
            Want::Value(text) => set(part, key, &encode(&text, reading.utf8)),
            Want::Absent => clear(part, key),
            Want::Either => {}
        }
    }
}

/// Sets a general key where it stands, or puts it where its place is.
pub(crate) fn set(part: &mut Pbk, key: &'static str, value: &[u8]) {
    let Some(section) = part.sections().first() else { return };
    let layout = Layout::of(part, section);
    let standing = part
        .pairs(layout.all.clone())
        .find(|(_, k, _)| k.eq_ignore_ascii_case(key.as_bytes()))
        .map(|(at, ..)| at);
    if let Some(at) = standing {
        part.set_value(at, value);
        return;
    }
    let rank = keys::rank(key.as_bytes());
    let is_own = keys::is_own(key.as_bytes());
    let before = |other: &[u8]| match keys::rank(other) {
        Some(_) => keys::rank(other) < rank,
        None => is_own, // ours stand behind all others
    };
    let at = part
        .pairs(layout.general.clone())
        .rfind(|(_, other, _)| before(other))
        .map_or(layout.general.start, |(at, ..)| at.saturating_add(1));
    part.insert(at, vec![line(key, value)]);
}

/// Takes all lines of a general key out.
pub(crate) fn clear(part: &mut Pbk, key: &str) {
    part.remove_pairs(1..part.len(), |other| other.eq_ignore_ascii_case(key.as_bytes()));
}

pub(crate) fn line(key: &str, value: &[u8]) -> Vec<u8> {
    [key.as_bytes(), b"=", value].concat()
}

/// What a section already says beyond the entry.
#[derive(Clone, Copy, Debug, Default)]
struct Beyond<'a> {
    /// Protocols other than IP that are excluded.
    protocols: u32,
    /// Other keys than CallbackMode that are the entry's to say.
    preferences: u32,
    /// Routes in the form that we only read.
    routes: &'a [Prefix],
}

/// What the general keys should say.
fn wants(entry: &Entry, beyond: Beyond<'_>) -> Wants {
    let mut wants = Vec::new();
    want_dialing(&mut wants, entry, beyond);
    want_addresses(&mut wants, entry);
    want_routes(&mut wants, entry, beyond.routes);
    want_own(&mut wants, entry);
    wants
}

fn want_dialing(wants: &mut Wants, entry: &Entry, beyond: Beyond<'_>) {
    let mut value = |key, text: String| wants.push((key, Want::Value(text)));
    value("Type", entry.entry_type.value().to_string());
    value("VpnStrategy", entry.vpn_strategy.value().to_string());
    let mut excluded = beyond.protocols;
    if !entry.ipv4.enabled {
        excluded |= EXCLUDE_IPV4;
    }
    if !entry.ipv6.enabled {
        excluded |= EXCLUDE_IPV6;
    }
    value("ExcludedProtocols", excluded.to_string());
    value("LcpExtensions", flag(entry.lcp_extensions));
    value("DataEncryption", entry.encryption.value().to_string());
    value("SwCompression", flag(entry.sw_compression));
    value("RedialAttempts", entry.redial_attempts.to_string());
    value("RedialSeconds", entry.redial_pause.as_secs().to_string());
    let idle = entry.idle_disconnect.map_or(0, |idle| idle.as_secs());
    value("IdleDisconnectSeconds", idle.to_string());
    value("RedialOnLinkFailure", flag(entry.redial_on_link_failure));
    let mut preferences = beyond.preferences;
    if entry.callback != CallbackMode::Never {
        preferences |= OVERRIDE_CALLBACK;
    }
    value("OverridePref", preferences.to_string());
    value("CallbackMode", entry.callback.value().to_string());
    value("CustomAuthKey", entry.eap_method.unwrap_or(0).to_string());
    value("AuthRestrictions", entry.auth.bits().to_string());
    let mode = Want::Value(entry.dial_mode.value().to_string());
    wants.push((
        "DialMode",
        if entry.further_links.is_empty() && entry.dial_mode == DialMode::All {
            Want::Either
        } else {
            mode
        },
    ));
    let shares = [
        ("DialPercent", entry.more_links.percent.into()),
        ("DialSeconds", entry.more_links.during.as_secs()),
        ("HangUpPercent", entry.fewer_links.percent.into()),
        ("HangUpSeconds", entry.fewer_links.during.as_secs()),
    ];
    wants.extend(shares.map(|(key, number): (_, u64)| match entry.dial_mode {
        DialMode::AsNeeded => (key, Want::Value(number.to_string())),
        DialMode::FirstFree | DialMode::All => (key, Want::Either),
    }));
    // Its place is behind the numbers; only what differs from what is so anyway is written.
    let tries = if entry.try_alternates { Want::Absent } else { Want::Value(flag(false)) };
    wants.push(("TryNextAlternateOnFail", tries));
    wants.push(("DialParamsUID", optional(entry.dial_params_uid.map(|uid| uid.to_string()))));
    wants.push(("Guid", optional(entry.guid.map(|guid| hex(&guid)))));
}

fn want_addresses(wants: &mut Wants, entry: &Entry) {
    let mut value = |key, text: String| wants.push((key, Want::Value(text)));
    let (ipv4, ipv6) = (&entry.ipv4, &entry.ipv6);
    value("IpPrioritizeRemote", flag(ipv4.default_route));
    value("IpInterfaceMetric", ipv4.metric.unwrap_or(0).to_string());
    value("IpAssign", assigned(ipv4.address.is_some()));
    value("IpNameAssign", assigned(!ipv4.dns.is_empty()));
    value("IpDnsSuffix", entry.dns_suffix.clone().unwrap_or_default());
    value("Ipv6Assign", assigned(ipv6.address.is_some() || ipv6.prefix_len.is_some()));
    value("Ipv6PrioritizeRemote", flag(ipv6.default_route));
    value("Ipv6InterfaceMetric", ipv6.metric.unwrap_or(0).to_string());
    value("Ipv6NameAssign", assigned(!ipv6.dns.is_empty()));

    let either = |text: Option<String>| text.map_or(Want::Either, Want::Value);
    wants.push(("IpAddress", either(ipv4.address.map(|address| address.to_string()))));
    let (first, second) = name_servers(&ipv4.dns, "0.0.0.0");
    wants.push(("IpDnsAddress", first));
    wants.push(("IpDns2Address", second));
    wants.push(("Ipv6Address", either(ipv6.address.map(|address| address.to_string()))));
    let len = ipv6.address.map(|_| ipv6.prefix_len.unwrap_or(0)).or(ipv6.prefix_len);
    wants.push(("Ipv6PrefixLength", either(len.map(|len| len.to_string()))));
    let (first, second) = name_servers(&ipv6.dns, "::");
    wants.push(("Ipv6DnsAddress", first));
    wants.push(("Ipv6Dns2Address", second));
}

/// Two places for name servers; a second one left from before must not stay.
fn name_servers<A: ToString>(servers: &[A], none: &str) -> (Want, Want) {
    match servers {
        [] => (Want::Either, Want::Either),
        [first] => (Want::Value(first.to_string()), Want::Value(none.to_owned())),
        [first, second, ..] => (Want::Value(first.to_string()), Want::Value(second.to_string())),
    }
}

/// Routes that stand in `Routes` stay there as long as the entry has them; all others are ours.
fn want_routes(wants: &mut Wants, entry: &Entry, foreign: &[Prefix]) {
    let own = entry.routes.strip_prefix(foreign);
    let (routes, count) = match own {
        Some(_) => (Want::Either, Want::Either),
        None => (Want::Absent, Want::Value("0".to_owned())),
    };
    wants.push(("NumRoutes", count));
    wants.push(("Routes", routes));
    let own = own.unwrap_or(&entry.routes);
    wants.push(("OnhookRoutes", list(own)));
}

fn want_own(wants: &mut Wants, entry: &Entry) {
    let mut text = |key, text: &Option<String>| wants.push((key, optional(text.clone())));
    text("OnhookUser", &entry.user);
    text("OnhookDomain", &entry.domain);
    text("OnhookCaFile", &entry.ca_file);
    text("OnhookCrlFile", &entry.crl_file);
    text("OnhookCertificateFile", &entry.certificate_file);
    text("OnhookKeyFile", &entry.key_file);
    text("OnhookServerName", &entry.server_name);
    text("OnhookInterfaceName", &entry.interface_name);
    text("OnhookNetns", &entry.netns);
    text("OnhookSharing", &entry.sharing.map(|sharing| sharing.word().to_owned()));
    wants.push(("OnhookDnsDomains", list(&entry.dns_domains)));
    let (pin, insecure) = match &entry.trust {
        Trust::PinSha256(pin) => (Want::Value(hex(pin)), Want::Absent),
        Trust::Insecure => (Want::Absent, Want::Value(flag(true))),
        Trust::SystemRoots | Trust::CaPem(_) => (Want::Absent, Want::Absent),
    };
    wants.push(("OnhookPinSha256", pin));
    wants.push(("OnhookInsecure", insecure));
    let mut number = |key, number: Option<u128>| {
        wants.push((key, optional(number.map(|number| number.to_string()))));
    };
    number("OnhookMtu", entry.mtu.map(Into::into));
    number("OnhookEchoSeconds", entry.echo_interval.map(|every| every.as_secs().into()));
    number("OnhookEchoFailures", entry.echo_failures.map(Into::into));
    number("OnhookHangupBudgetMs", entry.hangup_budget.map(|budget| budget.as_millis()));
}

pub(crate) fn flag(flag: bool) -> String {
    u8::from(flag).to_string()
}

/// 1: the server gives it; 2: we have our own.
fn assigned(own: bool) -> String {
    if own { "2".to_owned() } else { "1".to_owned() }
}

fn optional(text: Option<String>) -> Want {
    text.map_or(Want::Absent, Want::Value)
}

fn list<T: ToString>(items: &[T]) -> Want {
    if items.is_empty() {
        return Want::Absent;
    }
    Want::Value(items.iter().map(T::to_string).collect::<Vec<_>>().join(","))
}

/// Whether the part now means the entry, as a file that is read anew.
fn check(part: &Pbk, target: &Entry) -> Result<(), EditError> {
    // Line ends in values would make new lines, and long values none at all.
    let bytes = part.to_bytes();
    let again = Pbk::parse(&bytes);
    let reading = again.as_ref().ok().filter(|again| again.sections().len() == 1);
    let reading = reading.and_then(reading_of);
    let Some(reading) = reading else {
        return Err(EditError::CannotHold { key: suspect(target).unwrap_or("[name]") });
    };
    let found = normal(&reading.entry);
    if found == *target && reading.error.is_none() {
        return Ok(());
    }
    if found.name != target.name {
        return Err(EditError::BadName(target.name.clone()));
    }
    if let Some(key) = suspect(target) {
        return Err(EditError::CannotHold { key });
    }
    let (now, wanted) = (wants(&found, Beyond::default()), wants(target, Beyond::default()));
    let differing = now.into_iter().zip(wanted).find(|(now, wanted)| now != wanted);
    let key = match differing {
        _ if found.device_type != target.device_type => "DEVICE",
        Some((_, (key, _))) => key,
        None if found.phone_numbers != target.phone_numbers => "PhoneNumber",
        None if found.port != target.port => "Port",
        None if found.device_name != target.device_name => "Device",
        None if found.speed != target.speed => "ConnectBPS",
        None if found.further_links != target.further_links => "MEDIA",
        None if found.hangup_budget != target.hangup_budget => "OnhookHangupBudgetMs",
        None if found.echo_interval != target.echo_interval => "OnhookEchoSeconds",
        None if found.idle_disconnect != target.idle_disconnect => "IdleDisconnectSeconds",
        None if found.redial_pause != target.redial_pause => "RedialSeconds",
        None => "[name]",
    };
    Err(EditError::CannotHold { key })
}

/// The key whose text cannot stand in a line, if there is one.
fn suspect(entry: &Entry) -> Option<&'static str> {
    let spoils = |text: &str| text.len() > MAX_LINE / 2 || text.contains(['\r', '\n', '\0']);
    let general = wants(entry, Beyond::default()).into_iter().find_map(|(key, want)| match want {
        Want::Value(text) if spoils(&text) => Some(key),
        Want::Value(_) | Want::Absent | Want::Either => None,
    });
    let groups = || match entry {
        _ if entry.phone_numbers.iter().any(|number| spoils(number)) => Some("PhoneNumber"),
        _ if entry.further_links.iter().any(|link| {
            let texts = link.phone_numbers.iter().chain([&link.device_name, &link.port]);
            texts.into_iter().any(|text| spoils(text))
        }) =>
        {
            Some("MEDIA")
        }
        _ if spoils(&entry.device_name) => Some("Device"),
        _ if spoils(&entry.port) => Some("Port"),
        _ => None,
    };
    general.or_else(groups)
}

pub(crate) fn is_number_key(key: &[u8]) -> bool {
    NUMBER_KEYS.iter().any(|k| k.as_bytes().eq_ignore_ascii_case(key))
}

/// What belongs to one number.
const NUMBER_KEYS: [&str; 7] = [
    "PhoneNumber",
    "AreaCode",
    "CountryCode",
    "CountryID",
    "UseDialingRules",
    "Comment",
    "FriendlyName",
];

/// Rounds after which the differences must be gone.
const MAX_ROUNDS: usize = 6;
