//! The groups of a section: its links, their devices and numbers, read and changed in place.
//!
//! A change moves lines, so every step looks for its place anew.

use std::ops::Range;

use onhook_model::{DeviceType, Port};

use super::subentry::Subentry;
use crate::pbk::{Pbk, Section, decode, encode};
use crate::section::{Group, main_device};
use crate::write::{flag, is_number_key, line, write_number_lines};

/// One link: its `MEDIA` group.
#[derive(Clone, Debug)]
pub(super) struct Media {
    /// The line of `MEDIA`.
    pub(super) line: usize,
    /// One past its last line.
    pub(super) end: usize,
    /// What belongs to the medium itself.
    keys: Range<usize>,
    devices: Vec<Device>,
}

/// One device of a link's chain.
#[derive(Clone, Debug)]
struct Device {
    line: usize,
    kind: String,
    keys: Range<usize>,
}

impl Media {
    /// The links of a section that have a device, in their order.
    pub(super) fn all(book: &Pbk, section: &Section) -> Vec<Self> {
        let all = section.head.saturating_add(1)..section.end;
        let content_end =
            book.pairs(all.clone()).last().map_or(all.start, |(at, ..)| at.saturating_add(1));
        let groups: Vec<(usize, Group, String)> = book
            .pairs(all)
            .filter_map(|(at, key, value)| Some((at, Group::opened_by(key)?, decode(value).0)))
            .collect();
        let mut links: Vec<Self> = Vec::new();
        for (index, (at, group, value)) in groups.iter().enumerate() {
            let next = groups.get(index.saturating_add(1)).map_or(content_end, |(at, ..)| *at);
            let keys = at.saturating_add(1)..next;
            match (group, links.last_mut()) {
                (Group::Media, _) => {
                    links.push(Self { line: *at, end: next, keys, devices: Vec::new() });
                }
                (Group::Device, Some(link)) if link.end == *at => {
                    link.end = next;
                    link.devices.push(Device { line: *at, kind: value.clone(), keys });
                }
                (Group::Device | Group::NetComponents, _) => {}
            }
        }
        // One without a device is none (the format says so).
        links.retain(|link| !link.devices.is_empty());
        links
    }

    /// The place in `devices` of the one that is dialed with.
    fn main_index(&self) -> Option<usize> {
        main_device(self.devices.iter().map(|device| device.kind.as_bytes()))
    }

    fn main(&self) -> Option<&Device> {
        self.devices.get(self.main_index()?)
    }

    /// The device of X.25, which may be the main one.
    fn pad(&self) -> Option<&Device> {
        self.devices.iter().find(|d| {
            matches!(DeviceType::from_text(&d.kind), Some(DeviceType::Pad | DeviceType::X25))
        })
    }

    /// The switches before (`true`) or behind the main device.
    fn switch(&self, is_before: bool) -> Option<&Device> {
        let main = self.main_index()?;
        let side = if is_before {
            self.devices.get(..main)
        } else {
            self.devices.get(main.saturating_add(1)..)
        };
        side?.iter().find(|d| d.kind.eq_ignore_ascii_case("switch"))
    }

    /// Device and numbers of the link.
    pub(super) fn subentry(&self, book: &Pbk) -> Option<Subentry> {
        let main = self.main()?;
        let mut numbers = Vec::new();
        for (_, key, value) in book.pairs(main.keys.clone()) {
            if key.eq_ignore_ascii_case(b"PhoneNumber") {
                numbers.push(decode(value).0);
            }
        }
        let mut numbers = numbers.into_iter();
        Some(Subentry {
            device_type: DeviceType::from_text(&main.kind)
                .map_or(main.kind.clone(), |kind| kind.text().to_owned()),
            device_name: value_in(book, &self.keys, "Device").unwrap_or_default(),
            phone_number: numbers.next().unwrap_or_default(),
            alternates: numbers.filter(|number| !number.is_empty()).collect(),
        })
    }

    /// The lines of the first number and of what belongs to it.
    fn first_number(&self, book: &Pbk) -> Option<Range<usize>> {
        let keys = self.main()?.keys.clone();
        let is_number = |key: &[u8]| key.eq_ignore_ascii_case(b"PhoneNumber");
        let first = book.pairs(keys.clone()).find(|(_, key, _)| is_number(key))?.0;
        let behind = first.saturating_add(1)..keys.end;
        let end = book
            .pairs(behind.clone())
            .find(|(_, key, _)| is_number(key) || !is_number_key(key))
            .map(|(at, ..)| at)
            .or_else(|| book.pairs(behind).last().map(|(at, ..)| at.saturating_add(1)))
            .unwrap_or(first.saturating_add(1));
        Some(first..end)
    }
}

/// What RASENTRY shows of the groups of the first link, beside its device and numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) area_code: String,
    pub(super) country_code: u32,
    pub(super) country_id: u32,
    pub(super) uses_rules: bool,
    pub(super) promotes: bool,
    pub(super) terminal_before: bool,
    pub(super) terminal_after: bool,
    pub(super) script: String,
    pub(super) x25: super::X25,
}

impl Chain {
    pub(super) fn of(book: &Pbk, media: &Media) -> Self {
        let first = media.first_number(book).unwrap_or(0..0);
        let number = |range: &Range<usize>, key| {
            value_in(book, range, key).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0)
        };
        let none = 0..0;
        let keys = |device: Option<&Device>| device.map_or(none.clone(), |d| d.keys.clone());
        let (main, pad) = (keys(media.main()), keys(media.pad()));
        let (before, after) = (keys(media.switch(true)), keys(media.switch(false)));
        let name = value_in(book, &after, "Name").unwrap_or_default();
        let runs = value_in(book, &after, "Script").is_none_or(|text| text != "0");
        let text = |key| value_in(book, &pad, key).unwrap_or_default();
        Self {
            area_code: value_in(book, &first, "AreaCode").unwrap_or_default(),
            country_code: number(&first, "CountryCode"),
            country_id: number(&first, "CountryID"),
            uses_rules: number(&first, "UseDialingRules") != 0,
            promotes: number(&main, "PromoteAlternates") != 0,
            terminal_before: number(&before, "Terminal") != 0,
            terminal_after: number(&after, "Terminal") != 0,
            script: if runs { name } else { String::new() },
            x25: super::X25 {
                pad_type: text("X25Pad"),
                address: text("X25Address"),
                facilities: text("Facilities"),
                user_data: text("UserData"),
            },
        }
    }
}

/// The groups of a link as they would be written anew.
pub(super) fn link_lines(link: &Subentry, utf8: bool) -> Vec<Vec<u8>> {
    let text = |value: &str| encode(value, utf8);
    let media = DeviceType::from_text(&link.device_type).map_or("rastapi", DeviceType::media);
    let mut lines = vec![
        Vec::new(),
        line("MEDIA", media.as_bytes()),
        line("Port", &text(port_of(&link.device_name))),
        line("Device", &text(&link.device_name)),
        Vec::new(),
        line("DEVICE", &text(&link.device_type)),
        line("PhoneNumber", &text(&link.phone_number)),
    ];
    lines.extend(link.alternates.iter().map(|number| line("PhoneNumber", &text(number))));
    lines
}

/// Changes the device and the numbers of a link.
pub(super) fn write_link(part: &mut Pbk, index: usize, wanted: &Subentry, utf8: bool) {
    let text = |value: &str| encode(value, utf8);
    let Some((media, now)) = place(part, index) else { return };
    if now.device_type != wanted.device_type
        && let Some(main) = media.main()
    {
        part.set_value(main.line, &text(&wanted.device_type));
        if let Some(kind) = DeviceType::from_text(&wanted.device_type) {
            part.set_value(media.line, kind.media().as_bytes());
        }
    }
    if (&now.phone_number, &now.alternates) != (&wanted.phone_number, &wanted.alternates)
        && let Some(main) = media.main()
    {
        let numbers: Vec<&str> = std::iter::once(&wanted.phone_number)
            .chain(&wanted.alternates)
            .map(String::as_str)
            .collect();
        write_number_lines(part, main.keys.clone(), utf8, &numbers);
    }
    if now.device_name != wanted.device_name {
        let port = value_in(part, &media.keys, "Port").unwrap_or_default();
        if port == port_of(&now.device_name) && port != port_of(&wanted.device_name) {
            let keys = place(part, index).map_or(0..0, |(media, _)| media.keys);
            set_in(part, keys, "Port", &text(port_of(&wanted.device_name)));
        }
        let keys = place(part, index).map_or(0..0, |(media, _)| media.keys);
        set_in(part, keys, "Device", &text(&wanted.device_name));
    }
}

/// Changes what else RASENTRY shows of the first link's groups.
pub(super) fn write_chain(part: &mut Pbk, wanted: &Chain, utf8: bool) {
    let Some((media, _)) = place(part, 0) else { return };
    let now = Chain::of(part, &media);
    let number = |number: u32| number.to_string();
    let number_keys = [
        ("AreaCode", now.area_code == wanted.area_code, wanted.area_code.clone()),
        ("CountryCode", now.country_code == wanted.country_code, number(wanted.country_code)),
        ("CountryID", now.country_id == wanted.country_id, number(wanted.country_id)),
        ("UseDialingRules", now.uses_rules == wanted.uses_rules, flag(wanted.uses_rules)),
    ];
    for (key, is_same, value) in number_keys {
        if is_same {
            continue;
        }
        if let Some((media, link)) = place(part, 0) {
            if media.first_number(part).is_none()
                && let Some(main) = media.main()
            {
                write_number_lines(part, main.keys.clone(), utf8, &[&link.phone_number]);
            }
            let media = place(part, 0).map_or(media, |(media, _)| media);
            let range = media.first_number(part).unwrap_or(0..0);
            set_in(part, range, key, &encode(&value, utf8));
        }
    }
    if now.promotes != wanted.promotes {
        in_device(part, Media::main, "PromoteAlternates", flag(wanted.promotes).as_bytes());
    }
    write_switches(part, &now, wanted, utf8);
    let (old, new) = (&now.x25, &wanted.x25);
    for (key, old, new) in [
        ("X25Pad", &old.pad_type, &new.pad_type),
        ("X25Address", &old.address, &new.address),
        ("UserData", &old.user_data, &new.user_data),
        ("Facilities", &old.facilities, &new.facilities),
    ] {
        if old == new {
            continue;
        }
        ensure(part, Media::pad, "pad", false);
        in_device(part, Media::pad, key, &encode(new, utf8));
    }
}

fn write_switches(part: &mut Pbk, now: &Chain, wanted: &Chain, utf8: bool) {
    let before: fn(&Media) -> Option<&Device> = |media| media.switch(true);
    let after: fn(&Media) -> Option<&Device> = |media| media.switch(false);
    if now.terminal_before != wanted.terminal_before {
        ensure(part, before, "switch", true);
        in_device(part, before, "Terminal", flag(wanted.terminal_before).as_bytes());
    }
    if now.terminal_after != wanted.terminal_after {
        ensure(part, after, "switch", false);
        in_device(part, after, "Terminal", flag(wanted.terminal_after).as_bytes());
    }
    if now.script != wanted.script {
        ensure(part, after, "switch", false);
        in_device(part, after, "Name", &encode(&wanted.script, utf8));
        in_device(part, after, "Script", flag(!wanted.script.is_empty()).as_bytes());
    }
}

/// Takes a link out; general keys that somebody wrote at the section's end stay.
pub(super) fn remove_link(part: &mut Pbk, index: usize) {
    let Some(section) = part.sections().first() else { return };
    if let Some(media) = Media::all(part, section).get(index) {
        let range = media.line..media.end;
        part.remove_pairs(range, |key| crate::keys::rank(key).is_none());
    }
}

fn place(part: &Pbk, index: usize) -> Option<(Media, Subentry)> {
    let section = part.sections().first()?;
    let media = Media::all(part, section).into_iter().nth(index)?;
    let subentry = media.subentry(part)?;
    Some((media, subentry))
}

/// Makes sure that the first link has this device, before or behind the main one.
fn ensure(part: &mut Pbk, find: fn(&Media) -> Option<&Device>, kind: &str, is_before: bool) {
    let Some((media, _)) = place(part, 0) else { return };
    if find(&media).is_some() {
        return;
    }
    let Some(main) = media.main() else { return };
    let opening = line("DEVICE", kind.as_bytes());
    if is_before {
        part.insert(main.line, vec![opening, Vec::new()]);
    } else {
        let end = part.pairs(main.keys.clone()).last().map(|(at, ..)| at);
        let at = end.unwrap_or(main.line).saturating_add(1);
        part.insert(at, vec![Vec::new(), opening]);
    }
}

/// Sets a key of a device of the first link.
fn in_device(part: &mut Pbk, find: fn(&Media) -> Option<&Device>, key: &str, value: &[u8]) {
    let Some((media, _)) = place(part, 0) else { return };
    if let Some(device) = find(&media) {
        let keys = device.keys.clone();
        // Behind the last pair of the group, before the blank line that ends it.
        let end =
            part.pairs(keys.clone()).last().map_or(keys.start, |(at, ..)| at.saturating_add(1));
        set_in(part, keys.start..end, key, value);
    }
}

/// Sets a key where it stands in these lines, or else at their end.
fn set_in(part: &mut Pbk, lines: Range<usize>, key: &str, value: &[u8]) {
    let standing = part.pairs(lines.clone()).find(|(_, k, _)| is_key(k, key)).map(|(at, ..)| at);
    match standing {
        Some(at) => part.set_value(at, value),
        None => {
            let end = part.pairs(lines.clone()).last().map(|(at, ..)| at.saturating_add(1));
            part.insert(end.unwrap_or(lines.start), vec![line(key, value)]);
        }
    }
}

fn value_in(book: &Pbk, lines: &Range<usize>, key: &str) -> Option<String> {
    book.pairs(lines.clone()).find(|(_, k, _)| is_key(k, key)).map(|(.., value)| decode(value).0)
}

fn is_key(found: &[u8], key: &str) -> bool {
    found.eq_ignore_ascii_case(key.as_bytes())
}

/// The port that a device of this name is on, where the name tells it: a line (`/dev/ttyUSB0`), or the
/// Ethernet interface of `onhook eth0 (PPPOE)`. Empty: the name tells nothing.
fn port_of(device_name: &str) -> &str {
    if Port::parse(device_name).is_ok() {
        return device_name;
    }
    let interface =
        device_name.strip_prefix("onhook ").and_then(|rest| rest.strip_suffix(" (PPPOE)"));
    interface.unwrap_or_default()
}
