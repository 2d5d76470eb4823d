//! Properties and links of an entry in a book: given, set, taken out.

use onhook_model::{DeviceType, EntryLimits};

use super::general::{self, Kept, Keys};
use super::groups::{Chain, Media, link_lines, remove_link, write_chain, write_link};
use super::subentry::Subentry;
use super::value::{EntryProperties, NewIdentity, option};
use crate::book::{PhoneBook, check_name};
use crate::complaint::{EditError, EntryError};
use crate::keys;
use crate::pbk::{Pbk, Section};
use crate::routes::{hex, parse_hex};
use crate::write::{Want, clear, line, set};

/// Properties as they are read, and what of their keys is not in them.
struct Reading {
    properties: EntryProperties,
    kept: Kept,
    utf8: bool,
}

impl PhoneBook {
    /// The entry of this name as RASENTRY shows it.
    ///
    /// # Errors
    ///
    /// There is none of this name, or it has no medium or device.
    pub fn properties(&self, name: &str) -> Result<EntryProperties, EntryError> {
        Ok(read(self.pbk(), self.section(name)?)?.properties)
    }

    /// Makes the entry of this name have these properties, or adds it. Only keys that differ are
    /// touched. `guid` and `subentries` are not looked at; a new entry, or one that has no identity yet,
    /// gets `identity`. Afterwards the entry has the properties [settled](EntryProperties::settled).
    ///
    /// # Errors
    ///
    /// A member makes no sense, the name cannot be one, or something could not be written so that it
    /// reads back the same; then nothing has changed.
    pub fn set_properties(
        &mut self,
        name: &str,
        properties: &EntryProperties,
        identity: &NewIdentity,
    ) -> Result<(), EditError> {
        properties.check()?;
        let target = properties.settled();
        if self.contains(name) {
            return self.edit(name, |part| {
                write(part, &target)?;
                identify(part, identity);
                Ok(())
            });
        }
        let name = name.trim();
        check_name(name)?;
        let mut part = Pbk::with_head(name.as_bytes());
        write_new(&mut part, &target, identity);
        write(&mut part, &target)?;
        self.add(part)
    }

    /// The links of the entry of this name; at least one.
    ///
    /// # Errors
    ///
    /// As [`properties`](Self::properties).
    pub fn subentries(&self, name: &str) -> Result<Vec<Subentry>, EntryError> {
        let section = self.section(name)?;
        let line = section.head.saturating_add(1);
        let links: Vec<_> =
            Media::all(self.pbk(), section).iter().filter_map(|m| m.subentry(self.pbk())).collect();
        if links.is_empty() { Err(EntryError::NoMedia { line }) } else { Ok(links) }
    }

    /// Sets link `number` of an entry, counted from 1; one above the last adds a link.
    ///
    /// # Errors
    ///
    /// There is no such entry or link, a member makes no sense, or something could not be written.
    pub fn set_subentry(
        &mut self,
        name: &str,
        number: u32,
        link: &Subentry,
    ) -> Result<(), EditError> {
        link.check()?;
        let target = link.settled();
        self.edit(name, |part| {
            let utf8 = keys_of(part)?.utf8();
            let links = links_of(part);
            let index = index_of(number).filter(|index| *index <= links);
            let index = index.ok_or(EditError::NoLink(number))?;
            if index > EntryLimits::FURTHER_LINKS {
                return Err(EditError::NoLink(number));
            }
            if index == links {
                let content_end = last_of(part);
                part.insert(content_end, link_lines(&target, utf8));
            }
            write_link(part, index, &target, utf8);
            let found = reparsed(part)?;
            let found = found.sections().first().and_then(|section| {
                Media::all(&found, section).get(index).and_then(|media| media.subentry(&found))
            });
            if found.as_ref() == Some(&target) {
                Ok(())
            } else {
                Err(EditError::CannotHold { key: "MEDIA" })
            }
        })
    }

    /// Puts an alternate number first, where the entry wants that of one that got through
    /// (RASEO_PromoteAlternates); `false` when there is nothing to do.
    ///
    /// # Errors
    ///
    /// There is no such entry, or the change could not be written.
    pub fn promote_number(&mut self, name: &str, number: &str) -> Result<bool, EditError> {
        let Ok(properties) = self.properties(name) else {
            return Err(EditError::NotFound(name.trim().to_owned()));
        };
        let mut link = link_of(&properties);
        let at = link.alternates.iter().position(|alternate| alternate == number);
        let is_wanted = properties.options & option::PROMOTE_ALTERNATES != 0;
        let Some(at) = at.filter(|_| is_wanted) else { return Ok(false) };
        let promoted = link.alternates.remove(at);
        link.alternates.insert(0, std::mem::replace(&mut link.phone_number, promoted));
        self.edit(name, |part| {
            let utf8 = keys_of(part)?.utf8();
            write_link(part, 0, &link, utf8);
            let found = link_of(&read_part(&reparsed(part)?)?.properties);
            if found == link { Ok(()) } else { Err(EditError::CannotHold { key: "PhoneNumber" }) }
        })?;
        Ok(true)
    }

    /// Takes link `number` out, counted from 1; those above it move down.
    ///
    /// # Errors
    ///
    /// There is no such entry or link, or it is the only one.
    pub fn remove_subentry(&mut self, name: &str, number: u32) -> Result<(), EditError> {
        self.edit(name, |part| {
            let links = links_of(part);
            let index = index_of(number).filter(|index| *index < links && links > 1);
            remove_link(part, index.ok_or(EditError::NoLink(number))?);
            Ok(())
        })
    }

    /// The number under which the entry's credentials are found; `None` when it has none yet.
    ///
    /// # Errors
    ///
    /// There is no such entry.
    pub fn dial_params_uid(&self, name: &str) -> Result<Option<u32>, EntryError> {
        let keys = Keys::of(self.pbk(), self.section(name)?);
        Ok(keys.text("DialParamsUID").and_then(|text| text.parse().ok()))
    }

    /// The entry's GUID; `None` when it has none, or there is no such entry.
    pub fn guid(&self, name: &str) -> Option<[u8; 16]> {
        let keys = Keys::of(self.pbk(), self.section(name).ok()?);
        parse_hex(keys.text("Guid")?.as_bytes())?.try_into().ok()
    }

    /// Gives an entry that has none the number under which its credentials are found (and, where it is
    /// missing, its GUID), and says which it has.
    ///
    /// # Errors
    ///
    /// There is no such entry.
    pub fn identify(&mut self, name: &str, identity: &NewIdentity) -> Result<u32, EditError> {
        self.edit(name, |part| {
            identify(part, identity);
            Ok(())
        })?;
        let uid = self.dial_params_uid(name).ok().flatten();
        uid.ok_or(EditError::CannotHold { key: "DialParamsUID" })
    }

    /// The settings of the entry's EAP method (CustomAuthData); empty when it has none.
    ///
    /// # Errors
    ///
    /// There is no such entry, or the key holds no hexadecimal digits.
    pub fn custom_auth_data(&self, name: &str) -> Result<Vec<u8>, EntryError> {
        let section = self.section(name)?;
        let lines = section.head.saturating_add(1)..section.end;
        let mut digits = Vec::new();
        let mut first = lines.start;
        for (at, key, value) in self.pbk().pairs(lines) {
            if key.eq_ignore_ascii_case(CUSTOM_AUTH_DATA.as_bytes()) {
                if digits.is_empty() {
                    first = at;
                }
                digits.extend_from_slice(value);
            }
        }
        parse_hex(&digits).ok_or(EntryError::BadSetting {
            line: first.saturating_add(1),
            key: CUSTOM_AUTH_DATA,
            expected: "octets in hexadecimal",
        })
    }

    /// Sets the settings of the entry's EAP method; empty takes them out. Long data stands in several
    /// lines of the key.
    ///
    /// # Errors
    ///
    /// There is no such entry, or there are too many octets.
    pub fn set_custom_auth_data(&mut self, name: &str, data: &[u8]) -> Result<(), EditError> {
        if data.len() > MAX_CUSTOM_AUTH_DATA {
            return Err(EditError::CannotHold { key: CUSTOM_AUTH_DATA });
        }
        if self.custom_auth_data(name).is_ok_and(|now| now == data) {
            return Ok(());
        }
        self.edit(name, |part| {
            clear(part, CUSTOM_AUTH_DATA);
            let mut pieces = data.chunks(OCTETS_A_LINE);
            let Some(first) = pieces.next() else { return Ok(()) };
            set(part, CUSTOM_AUTH_DATA, hex(first).as_bytes());
            let at = part
                .pairs(0..part.len())
                .find(|(_, key, _)| key.eq_ignore_ascii_case(CUSTOM_AUTH_DATA.as_bytes()))
                .map_or(part.len(), |(at, ..)| at.saturating_add(1));
            let more = pieces.map(|piece| line(CUSTOM_AUTH_DATA, hex(piece).as_bytes()));
            part.insert(at, more.collect());
            Ok(())
        })
    }
}

fn read(book: &Pbk, section: &Section) -> Result<Reading, EntryError> {
    let line = section.head.saturating_add(1);
    let links = Media::all(book, section);
    let media = links.first().ok_or(EntryError::NoMedia { line })?;
    let link =
        media.subentry(book).ok_or(EntryError::NoDevice { line: media.line.saturating_add(1) })?;
    let keys = Keys::of(book, section);
    let device = DeviceType::from_text(&link.device_type).unwrap_or(DeviceType::Vpn);
    let mut properties = EntryProperties::unwritten(device);
    let kept = general::read(&keys, &mut properties, device);
    properties.device_type = link.device_type;
    properties.device_name = link.device_name;
    properties.phone_number = link.phone_number;
    properties.alternates = link.alternates;
    properties.subentries = u32::try_from(links.len()).unwrap_or(u32::MAX);
    let chain = Chain::of(book, media);
    for (is_set, bit) in [
        (chain.uses_rules, option::USE_COUNTRY_AND_AREA_CODES),
        (chain.promotes, option::PROMOTE_ALTERNATES),
        (chain.terminal_before, option::TERMINAL_BEFORE_DIAL),
        (chain.terminal_after, option::TERMINAL_AFTER_DIAL),
    ] {
        if is_set {
            properties.options |= bit;
        }
    }
    properties.area_code = chain.area_code;
    properties.country_code = chain.country_code;
    properties.country_id = chain.country_id;
    properties.script = chain.script;
    properties.x25 = chain.x25;
    Ok(Reading { properties, kept, utf8: keys.utf8() })
}

fn read_part(part: &Pbk) -> Result<Reading, EditError> {
    let section = part.sections().first();
    let reading = section.and_then(|section| read(part, section).ok());
    reading.ok_or(EditError::CannotHold { key: "MEDIA" })
}

fn chain_of(properties: &EntryProperties) -> Chain {
    let has = |bit| properties.options & bit != 0;
    Chain {
        area_code: properties.area_code.clone(),
        country_code: properties.country_code,
        country_id: properties.country_id,
        uses_rules: has(option::USE_COUNTRY_AND_AREA_CODES),
        promotes: has(option::PROMOTE_ALTERNATES),
        terminal_before: has(option::TERMINAL_BEFORE_DIAL),
        terminal_after: has(option::TERMINAL_AFTER_DIAL),
        script: properties.script.clone(),
        x25: properties.x25.clone(),
    }
}

fn link_of(properties: &EntryProperties) -> Subentry {
    Subentry {
        device_type: properties.device_type.clone(),
        device_name: properties.device_name.clone(),
        phone_number: properties.phone_number.clone(),
        alternates: properties.alternates.clone(),
    }
}

/// Every key that a new entry has from the start, in the order of the file.
fn write_new(part: &mut Pbk, target: &EntryProperties, identity: &NewIdentity) {
    let mut pairs: Vec<(&str, String)> = general::identity(identity).into();
    for (key, want) in general::wants(target, Kept::default()) {
        if let Want::Value(text) = want {
            pairs.push((key, text));
        }
    }
    pairs.sort_by_key(|(key, _)| keys::rank(key.as_bytes()));
    let mut lines: Vec<_> = pairs.iter().map(|(key, text)| line(key, text.as_bytes())).collect();
    lines.extend(link_lines(&link_of(target), true));
    part.insert(part.len(), lines);
}

/// Changes a book of one section so that it has these properties.
fn write(part: &mut Pbk, target: &EntryProperties) -> Result<(), EditError> {
    if part.sections().first().is_some_and(|section| Media::all(part, section).is_empty()) {
        let utf8 = keys_of(part)?.utf8();
        let is_stray = |key: &[u8]| key == b"DEVICE" || key.eq_ignore_ascii_case(b"MEDIA");
        part.remove_pairs(1..part.len(), is_stray);
        part.insert(last_of(part), link_lines(&link_of(target), utf8));
    }
    let utf8 = read_part(part)?.utf8;
    write_link(part, 0, &link_of(target), utf8);
    write_chain(part, &chain_of(target), utf8);
    // What an absent key means depends on the device, which has just been written.
    let now = read_part(part)?;
    let wanted = general::wants(target, now.kept);
    for ((key, wanted), (_, now)) in wanted.iter().zip(general::wants(&now.properties, now.kept)) {
        match wanted {
            wanted if *wanted == now => {}
            Want::Value(text) => set(part, key, &crate::pbk::encode(text, utf8)),
            Want::Absent => clear(part, key),
            Want::Either => {}
        }
    }
    check(part, target)
}

/// Whether the part now has these properties, as a file that is read anew.
fn check(part: &Pbk, target: &EntryProperties) -> Result<(), EditError> {
    let again = reparsed(part)?;
    let found = read_part(&again)?;
    let target = EntryProperties {
        guid: found.properties.guid,
        subentries: found.properties.subentries,
        ..target.clone()
    };
    if found.properties == target {
        return Ok(());
    }
    let (now, wanted) =
        (general::wants(&found.properties, found.kept), general::wants(&target, found.kept));
    let differing = now.iter().zip(&wanted).find(|(now, wanted)| now != wanted);
    let key = match differing {
        Some((_, (key, _))) => key,
        None if link_of(&found.properties) != link_of(&target) => "PhoneNumber",
        None => "DEVICE",
    };
    Err(EditError::CannotHold { key })
}

/// Line ends in values would make new lines, and long values none at all.
fn reparsed(part: &Pbk) -> Result<Pbk, EditError> {
    let again = Pbk::parse(&part.to_bytes())?;
    if again.sections().len() == 1 {
        Ok(again)
    } else {
        Err(EditError::CannotHold { key: "[name]" })
    }
}

fn identify(part: &mut Pbk, identity: &NewIdentity) {
    for (key, value) in general::identity(identity) {
        let is_needed = key == "DialParamsUID" || key == "Guid";
        let has = keys_of(part).is_ok_and(|keys| keys.text(key).is_some_and(|t| !t.is_empty()));
        if is_needed && !has {
            set(part, key, value.as_bytes());
        }
    }
}

fn keys_of(part: &Pbk) -> Result<Keys, EditError> {
    let section = part.sections().first().ok_or(EditError::CannotHold { key: "[name]" })?;
    Ok(Keys::of(part, section))
}

fn links_of(part: &Pbk) -> usize {
    part.sections().first().map_or(0, |section| Media::all(part, section).len())
}

/// One past the last line that is neither blank nor a comment.
fn last_of(part: &Pbk) -> usize {
    part.pairs(0..part.len()).last().map_or(1, |(at, ..)| at.saturating_add(1))
}

fn index_of(number: u32) -> Option<usize> {
    usize::try_from(number).ok()?.checked_sub(1)
}

const CUSTOM_AUTH_DATA: &str = "CustomAuthData";
/// As other systems cut it: 256 digits a line.
const OCTETS_A_LINE: usize = 128;
/// Octets of an EAP method's settings.
const MAX_CUSTOM_AUTH_DATA: usize = 1 << 20;
