//! Where in an entry things stand: its groups.
//!
//! Order is structure here: `MEDIA` begins the group of one link, `DEVICE` in it the group of one
//! device of the chain. `DEVICE` and `Device` differ by case alone, the latter being the name of the
//! link's device; all other keys are compared without case. General keys are looked for in the whole
//! section, because people add lines at its end.

use std::ops::Range;

use onhook_model::DeviceType;

use crate::pbk::{Kind, Pbk, Section};

/// The lines of an entry's groups; all ranges leave the opening line out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The line of the head.
    pub(crate) head: usize,
    /// All lines behind the head.
    pub(crate) all: Range<usize>,
    /// The lines before the first group.
    pub(crate) general: Range<usize>,
    /// The line of the first `MEDIA`.
    pub(crate) media: Option<usize>,
    /// What belongs to the medium itself: up to its first `DEVICE`.
    pub(crate) media_keys: Range<usize>,
    /// The line of the `DEVICE` that is dialed with.
    pub(crate) device: Option<usize>,
    /// What belongs to that device.
    pub(crate) device_keys: Range<usize>,
    /// The links behind the first.
    pub(crate) further: Vec<LinkPlace>,
    /// One past the section's last line that is neither blank nor a comment.
    pub(crate) content_end: usize,
}

/// Where one of the further links stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkPlace {
    /// From its `MEDIA` to the next group that is not its own.
    pub(crate) all: Range<usize>,
    /// What belongs to the medium itself.
    pub(crate) media_keys: Range<usize>,
    /// The line of the `DEVICE` that is dialed with.
    pub(crate) device: Option<usize>,
    /// What belongs to that device.
    pub(crate) device_keys: Range<usize>,
}

impl Layout {
    pub(crate) fn of(book: &Pbk, section: &Section) -> Self {
        let all = section.head.saturating_add(1)..section.end;
        let content_end = all
            .clone()
            .rev()
            .find(|at| matches!(book.kind(*at), Kind::Pair { .. }))
            .map_or(all.start, |at| at.saturating_add(1));
        let mut opening = book.pairs(all.clone()).filter_map(|(at, key, value)| {
            let group = Group::opened_by(key)?;
            Some((at, group, value))
        });
        let groups: Vec<(usize, Group, &[u8])> = opening.by_ref().collect();
        let end_of = |from: usize| {
            groups.iter().map(|(at, ..)| *at).find(|at| *at > from).unwrap_or(content_end)
        };
        let first = groups.first().map_or(content_end, |(at, ..)| *at);
        let media = groups.iter().find(|(_, group, _)| *group == Group::Media).map(|(at, ..)| *at);
        // Devices of the first medium: those before the second.
        let second = groups
            .iter()
            .filter(|(_, group, _)| *group == Group::Media)
            .nth(1)
            .map_or(section.end, |(at, ..)| *at);
        let device_in = |lines: Range<usize>| {
            let is_in = |(at, group, _): &&(usize, Group, &[u8])| {
                *group == Group::Device && lines.contains(at)
            };
            let devices: Vec<_> = groups.iter().filter(is_in).collect();
            let index = main_device(devices.iter().map(|(.., kind)| *kind))?;
            devices.get(index).map(|(at, ..)| *at)
        };
        let device = device_in(all.start..second);
        let keys_behind = |at: Option<usize>| {
            at.map_or(content_end..content_end, |at| at.saturating_add(1)..end_of(at))
        };
        let starts = groups.iter().filter(|(_, group, _)| *group == Group::Media).skip(1);
        let mut further = Vec::new();
        for (start, ..) in starts {
            let others =
                |(at, group, _): &&(usize, Group, &[u8])| *at > *start && *group != Group::Device;
            let end = groups.iter().find(others).map_or(content_end, |(at, ..)| *at);
            let device = device_in(*start..end);
            further.push(LinkPlace {
                all: *start..end,
                media_keys: keys_behind(Some(*start)),
                device_keys: keys_behind(device),
                device,
            });
        }
        Self {
            head: section.head,
            further,
            general: all.start..first,
            all,
            media_keys: keys_behind(media),
            media,
            device_keys: keys_behind(device),
            device,
            content_end,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    NetComponents,
    Media,
    Device,
}

impl Group {
    pub(crate) fn opened_by(key: &[u8]) -> Option<Self> {
        match key {
            b"DEVICE" => Some(Self::Device),
            _ if key.eq_ignore_ascii_case(b"MEDIA") => Some(Self::Media),
            _ if key.eq_ignore_ascii_case(b"NETCOMPONENTS") => Some(Self::NetComponents),
            _ => None,
        }
    }
}

/// Which device of a chain is dialed with: one that is neither a switch nor a packet assembler; or else
/// an assembler; or else the first.
pub(crate) fn main_device<'a>(kinds: impl Iterator<Item = &'a [u8]> + Clone) -> Option<usize> {
    let is = |kind: &[u8], what: &str| kind.eq_ignore_ascii_case(what.as_bytes());
    let pad = DeviceType::Pad.text();
    kinds
        .clone()
        .position(|kind| !is(kind, "switch") && !is(kind, pad))
        .or(kinds.clone().position(|kind| is(kind, pad)))
        .or(kinds.clone().position(|_| true))
}
