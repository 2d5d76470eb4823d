//! The further links of an entry that dials over several (subentries).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{DeviceType, Entry};

/// One more link of an entry: what stands in its group of the book. All else is the entry's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FurtherLink {
    /// The kind of device that is dialed with.
    pub device_type: DeviceType,
    /// The device.
    pub device_name: String,
    /// The port that the device is on; see [`Port`](super::Port).
    pub port: String,
    /// The speed of a serial port in bits per second; `None`: 115200.
    pub speed: Option<u32>,
    /// What is dialed; the first is the primary one.
    pub phone_numbers: Vec<String>,
}

impl Default for FurtherLink {
    fn default() -> Self {
        Self {
            device_type: DeviceType::Modem,
            device_name: String::new(),
            port: String::new(),
            speed: None,
            phone_numbers: Vec::new(),
        }
    }
}

/// Which of an entry's links are dialed, and when (RASEDM_).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialMode {
    /// The first that is free.
    FirstFree,
    /// All of them at once (RASEDM_DialAll).
    #[default]
    All,
    /// One, and more when there is more traffic (RASEDM_DialAsNeeded).
    AsNeeded,
}

impl DialMode {
    /// The mode of this number in a phone book.
    pub const fn from_value(value: u32) -> Option<Self> {
        match value {
            0 => Some(Self::FirstFree),
            1 => Some(Self::All),
            2 => Some(Self::AsNeeded),
            _ => None,
        }
    }

    /// Its number in a phone book.
    pub const fn value(self) -> u32 {
        match self {
            Self::FirstFree => 0,
            Self::All => 1,
            Self::AsNeeded => 2,
        }
    }
}

/// A share of what the links that are up can carry, and for how long there is more or less traffic than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadShare {
    /// The share in percent: 0 to 100.
    pub percent: u32,
    /// For how long: 0 to 3,600 seconds.
    pub during: Duration,
}

impl LoadShare {
    /// From which on another link is dialed, where an entry does not say (dwDialExtraPercent).
    pub const MORE: Self = Self { percent: 75, during: Duration::from_secs(120) };
    /// Below which a link is hung up, where an entry does not say (dwHangUpExtraPercent).
    pub const FEWER: Self = Self { percent: 10, during: Duration::from_secs(120) };
}

impl Entry {
    /// How many links a dial of it may have.
    pub fn links(&self) -> usize {
        match self.dial_mode {
            DialMode::All | DialMode::AsNeeded => self.further_links.len().saturating_add(1),
            DialMode::FirstFree => 1,
        }
    }

    /// How many links a dial of it begins: all, where it says so, or else the first.
    pub fn links_to_dial(&self) -> usize {
        match self.dial_mode {
            DialMode::All => self.further_links.len().saturating_add(1),
            DialMode::FirstFree | DialMode::AsNeeded => 1,
        }
    }

    /// The entry as if this link of it, counted from zero, were its only one; `None` behind the last.
    pub fn of_link(&self, index: usize) -> Option<Self> {
        let mut entry = Self { further_links: Vec::new(), ..self.clone() };
        let Some(further) = index.checked_sub(1) else { return Some(entry) };
        let link = self.further_links.get(further)?;
        entry.device_type = link.device_type;
        entry.device_name.clone_from(&link.device_name);
        entry.port.clone_from(&link.port);
        entry.speed = link.speed;
        entry.phone_numbers.clone_from(&link.phone_numbers);
        Some(entry)
    }
}
