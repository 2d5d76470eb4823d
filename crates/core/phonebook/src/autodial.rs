//! What is dialed for which address, by itself: the settings of AutoDial, text in, text out.
//!
//! Nothing dials by itself here; programs keep and read these settings, and one that wants to dial for an
//! address finds in them which entry a person meant. Addresses are compared without case.

use std::collections::BTreeMap;

use onhook_model::{EntryLimits, RasCode};
use serde::{Deserialize, Serialize};

use crate::versioned::{self, Unreadable};

/// The version of the file that is written.
const VERSION: u32 = 1;
/// Addresses that are kept at most.
pub const MAX_AUTODIAL_ADDRESSES: usize = 10_000;
/// Dialing locations of one address, and switches of locations, that are kept at most.
pub const MAX_AUTODIAL_LOCATIONS: usize = 256;

/// Which entry is dialed for an address from one dialing location (RASAUTODIALENTRY).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutodialEntry {
    /// dwDialingLocation.
    pub location: u32,
    /// szEntry.
    pub entry: String,
}

/// A setting of AutoDial (RASADP).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AutodialParam {
    /// 1: dial without asking.
    DisableConnectionQuery,
    /// 1: off for this session.
    LoginSessionDisable,
    /// How many learned addresses are kept.
    SavedAddressesLimit,
    /// Seconds before the same is tried again.
    FailedConnectionTimeout,
    /// Seconds that a question waits.
    ConnectionQueryTimeout,
}

impl AutodialParam {
    /// All of them, by ascending key.
    pub const ALL: [Self; 5] = [
        Self::DisableConnectionQuery,
        Self::LoginSessionDisable,
        Self::SavedAddressesLimit,
        Self::FailedConnectionTimeout,
        Self::ConnectionQueryTimeout,
    ];

    /// Its key.
    pub const fn key(self) -> u32 {
        match self {
            Self::DisableConnectionQuery => 0,
            Self::LoginSessionDisable => 1,
            Self::SavedAddressesLimit => 2,
            Self::FailedConnectionTimeout => 3,
            Self::ConnectionQueryTimeout => 4,
        }
    }

    /// The setting of this key.
    pub fn from_key(key: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|param| param.key() == key)
    }

    /// What it is when nobody has set it.
    pub const fn default_value(self) -> u32 {
        match self {
            Self::DisableConnectionQuery | Self::LoginSessionDisable => 0,
            Self::SavedAddressesLimit => 100,
            Self::FailedConnectionTimeout => 5,
            // Nothing says what it is elsewhere; a minute lets a person read the question.
            Self::ConnectionQueryTimeout => 60,
        }
    }
}

/// Why something could not be set, or the file not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AutodialError {
    /// The file is none that we have written.
    #[error("line {line}: not as this program writes it")]
    Broken {
        /// The line, counted from 1; 0 for the file as a whole.
        line: usize,
    },
    /// A later version of the program has written it.
    #[error("the file has version {0}, which this program does not know")]
    Version(u32),
    /// An address, a name or a list that cannot be kept.
    #[error("{0} cannot be kept")]
    Unfit(&'static str),
}

impl From<Unreadable> for AutodialError {
    fn from(why: Unreadable) -> Self {
        match why {
            Unreadable::TooLong => Self::Unfit("a file of this size"),
            Unreadable::Broken { line } => Self::Broken { line },
            Unreadable::Version(version) => Self::Version(version),
        }
    }
}

impl AutodialError {
    /// The RAS number that says it best.
    pub const fn code(&self) -> RasCode {
        match self {
            Self::Broken { .. } | Self::Version(_) => RasCode::CORRUPT_PHONEBOOK,
            Self::Unfit(_) => RasCode::INVALID_PARAMETER,
        }
    }
}

/// The settings of AutoDial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Autodial {
    /// From the address, in lower case, to how it was spelled and what is dialed.
    addresses: BTreeMap<String, Address>,
    /// Locations for which it was switched on or off.
    enabled: BTreeMap<u32, bool>,
    params: BTreeMap<u32, u32>,
    /// The default connection.
    default_entry: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    address: String,
    entries: Vec<AutodialEntry>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    version: u32,
    addresses: Vec<Address>,
    enabled: BTreeMap<u32, bool>,
    params: BTreeMap<u32, u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_entry: Option<String>,
}

impl Autodial {
    /// The settings in these bytes. An empty file sets nothing.
    ///
    /// # Errors
    ///
    /// They are none that were written by [`to_bytes`](Self::to_bytes), or by a later version. Such a
    /// file must not be overwritten.
    pub fn parse(bytes: &[u8]) -> Result<Self, AutodialError> {
        let Some(file) = versioned::read::<File>(bytes, VERSION)? else {
            return Ok(Self::default());
        };
        let mut read = Self { params: file.params, ..Self::default() };
        for address in file.addresses {
            read.set_entries(&address.address, address.entries)?;
        }
        for (location, is_enabled) in file.enabled {
            read.enable(location, is_enabled)?;
        }
        read.set_default_entry(file.default_entry.as_deref().unwrap_or_default())?;
        Ok(read)
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let file = File {
            version: VERSION,
            addresses: self.addresses.values().cloned().collect(),
            enabled: self.enabled.clone(),
            params: self.params.clone(),
            default_entry: self.default_entry.clone(),
        };
        // There is nothing in it that could not be written.
        let mut bytes = serde_json::to_vec_pretty(&file).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// All addresses (RasEnumAutodialAddresses), as they were spelled, in the order of the alphabet.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.addresses.values().map(|address| address.address.as_str())
    }

    /// What is dialed for an address, one entry for each location; empty for an unknown one.
    pub fn entries(&self, address: &str) -> &[AutodialEntry] {
        self.addresses.get(&fold(address)).map_or(&[], |found| found.entries.as_slice())
    }

    /// Sets what is dialed for an address from these locations; those from others stay
    /// (RasSetAutodialAddress).
    ///
    /// # Errors
    ///
    /// The address or an entry's name cannot be one, or there are too many.
    pub fn add_entries(
        &mut self,
        address: &str,
        entries: &[AutodialEntry],
    ) -> Result<(), AutodialError> {
        let mut all = self.entries(address).to_vec();
        for given in entries {
            all.retain(|other| other.location != given.location);
            all.push(given.clone());
        }
        self.set_entries(address, all)
    }

    /// Forgets an address; `false` for an unknown one.
    pub fn remove(&mut self, address: &str) -> bool {
        self.addresses.remove(&fold(address)).is_some()
    }

    fn set_entries(
        &mut self,
        address: &str,
        entries: Vec<AutodialEntry>,
    ) -> Result<(), AutodialError> {
        let spelled = address.trim();
        if spelled.is_empty() || !is_line(spelled, MAX_ADDRESS) {
            return Err(AutodialError::Unfit("this address"));
        }
        if entries.is_empty() || entries.len() > MAX_AUTODIAL_LOCATIONS {
            return Err(AutodialError::Unfit("a list of this length"));
        }
        if entries.iter().any(|given| !is_entry_name(&given.entry)) {
            return Err(AutodialError::Unfit("this entry's name"));
        }
        let key = fold(spelled);
        if self.addresses.len() >= MAX_AUTODIAL_ADDRESSES && !self.addresses.contains_key(&key) {
            return Err(AutodialError::Unfit("one more address"));
        }
        self.addresses.insert(key, Address { address: spelled.to_owned(), entries });
        Ok(())
    }

    /// Whether AutoDial is on for a location (RasGetAutodialEnable): unless somebody has said so, no.
    pub fn is_enabled(&self, location: u32) -> bool {
        self.enabled.get(&location).copied().unwrap_or(false)
    }

    /// Switches it on or off for a location (RasSetAutodialEnable).
    ///
    /// # Errors
    ///
    /// There are too many locations.
    pub fn enable(&mut self, location: u32, is_enabled: bool) -> Result<(), AutodialError> {
        let is_new = !self.enabled.contains_key(&location);
        if is_new && self.enabled.len() >= MAX_AUTODIAL_LOCATIONS {
            return Err(AutodialError::Unfit("one more location"));
        }
        self.enabled.insert(location, is_enabled);
        Ok(())
    }

    /// A setting (RasGetAutodialParam).
    pub fn param(&self, param: AutodialParam) -> u32 {
        self.params.get(&param.key()).copied().unwrap_or(param.default_value())
    }

    /// Changes a setting (RasSetAutodialParam).
    pub fn set_param(&mut self, param: AutodialParam, value: u32) {
        self.params.insert(param.key(), value);
    }

    /// The entry that leads to the Internet, if one was chosen.
    pub fn default_entry(&self) -> Option<&str> {
        self.default_entry.as_deref()
    }

    /// Chooses the entry that leads to the Internet; an empty name chooses none.
    ///
    /// # Errors
    ///
    /// The name cannot be one.
    pub fn set_default_entry(&mut self, entry: &str) -> Result<(), AutodialError> {
        if !entry.is_empty() && !is_entry_name(entry) {
            return Err(AutodialError::Unfit("this entry's name"));
        }
        self.default_entry = Some(entry.to_owned()).filter(|entry| !entry.is_empty());
        Ok(())
    }
}

fn fold(address: &str) -> String {
    address.trim().to_lowercase()
}

fn is_line(text: &str, max: usize) -> bool {
    text.len() <= max && !text.chars().any(char::is_control)
}

fn is_entry_name(name: &str) -> bool {
    !name.trim().is_empty()
        && name.chars().count() <= EntryLimits::NAME_CHARS
        && !name.chars().any(char::is_control)
}

/// Octets of an address.
const MAX_ADDRESS: usize = 1024;

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn from(location: u32, entry: &str) -> AutodialEntry {
        AutodialEntry { location, entry: entry.to_owned() }
    }

    #[test]
    fn an_entry_for_a_location_that_is_there_is_replaced_and_others_are_added() {
        let mut autodial = Autodial::default();
        autodial.add_entries("Intranet", &[from(1, "office"), from(2, "home")]).unwrap();
        autodial.add_entries("INTRANET ", &[from(2, "lab"), from(3, "car")]).unwrap();
        assert_eq!(
            autodial.entries("intranet"),
            [from(1, "office"), from(2, "lab"), from(3, "car")]
        );
        autodial.add_entries("10.0.0.1", &[from(0, "office")]).unwrap();
        assert_eq!(autodial.addresses().collect::<Vec<_>>(), ["10.0.0.1", "INTRANET"]);
        assert!(autodial.remove("intraNet") && !autodial.remove("intranet"));
        assert_eq!(autodial.entries("intranet"), []);
    }

    #[test]
    fn settings_have_the_documented_defaults() {
        let mut autodial = Autodial::default();
        let values = AutodialParam::ALL.map(|param| autodial.param(param));
        assert_eq!(values, [0, 0, 100, 5, 60]);
        for key in 0..6 {
            assert_eq!(
                AutodialParam::from_key(key).map(AutodialParam::key),
                (key < 5).then_some(key)
            );
        }
        autodial.set_param(AutodialParam::SavedAddressesLimit, 7);
        assert_eq!(autodial.param(AutodialParam::SavedAddressesLimit), 7);
        assert!(!autodial.is_enabled(3));
        autodial.enable(3, true).unwrap();
        assert!(autodial.is_enabled(3) && !autodial.is_enabled(4));
        autodial.set_default_entry("home").unwrap();
        assert_eq!(autodial.default_entry(), Some("home"));
        autodial.set_default_entry("").unwrap();
        assert_eq!(autodial.default_entry(), None);
    }

    #[test]
    fn what_cannot_be_kept_is_refused_and_nothing_changes() {
        let mut autodial = Autodial::default();
        let long = "x".repeat(2000);
        for (address, entry) in
            [("", "a"), (" ", "a"), ("a\nb", "a"), (long.as_str(), "a"), ("a", ""), ("a", &long)]
        {
            let refused = autodial.add_entries(address, &[from(0, entry)]).unwrap_err();
            assert_eq!(refused.code(), RasCode::INVALID_PARAMETER);
        }
        assert!(autodial.add_entries("a", &[]).is_err());
        let many: Vec<_> = (0..=256).map(|location| from(location, "a")).collect();
        assert!(autodial.add_entries("a", &many).is_err());
        assert!(autodial.set_default_entry("\n").is_err());
        assert_eq!(autodial, Autodial::default());
    }

    #[test]
    fn a_file_that_is_not_ours_is_refused() {
        for bytes in [&b"{"[..], b"[]", b"{\"version\":1,\"wine\":2}", b"{\"addresses\":[]}"] {
            let error = Autodial::parse(bytes).unwrap_err();
            assert!(matches!(error, AutodialError::Broken { .. }), "{error}");
            assert_eq!(error.code(), RasCode::CORRUPT_PHONEBOOK);
        }
        assert_eq!(Autodial::parse(b"{\"version\":9}"), Err(AutodialError::Version(9)));
        assert_eq!(Autodial::parse(b"\n").unwrap(), Autodial::default());
    }

    proptest! {
        #[test]
        fn everything_survives_the_file(
            addresses in vec(("[ -~é]{1,20}", 0..4u32, "[ -~é]{1,20}"), 0..8),
            enabled in vec((any::<u32>(), any::<bool>()), 0..4),
            params in vec((0..5u32, any::<u32>()), 0..4),
            default in "[ -~]{0,10}",
        ) {
            let mut autodial = Autodial::default();
            for (address, location, entry) in addresses {
                let before = autodial.clone();
                if autodial.add_entries(&address, &[from(location, &entry)]).is_err() {
                    prop_assert_eq!(&autodial, &before);
                }
            }
            for (location, is_enabled) in enabled {
                autodial.enable(location, is_enabled).unwrap();
            }
            for (key, value) in params {
                autodial.set_param(AutodialParam::from_key(key).unwrap(), value);
            }
            drop(autodial.set_default_entry(&default));
            prop_assert_eq!(Autodial::parse(&autodial.to_bytes()).unwrap(), autodial);
        }
    }
}
