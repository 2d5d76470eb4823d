//! AutoDial: which entry a person means for which address.

use std::path::Path;

use onhook_base::Secret;
use onhook_model::RasError;
use onhook_phonebook::{Autodial, AutodialEntry, AutodialError, AutodialParam};

use super::Phonebooks;
use crate::whole::{self, Rights};

impl Phonebooks {
    /// This user's settings of AutoDial.
    ///
    /// # Errors
    /// 621 or 625 when the file cannot be read.
    pub fn autodial(&self) -> Result<Autodial, RasError> {
        read(&self.autodial)
    }

    /// Changes this user's settings of AutoDial; a file that cannot be read is never overwritten.
    ///
    /// # Errors
    /// What `change` says; 621 or 625 when the file cannot be read, 5 or 624 when it cannot be written.
    pub fn change_autodial<T>(
        &self,
        change: impl FnOnce(&mut Autodial) -> Result<T, AutodialError>,
    ) -> Result<T, RasError> {
        whole::replace(&self.autodial, Rights::Private, |found| {
            let mut autodial = match found {
                Some(bytes) => parse(&self.autodial, bytes)?,
                None => Autodial::default(),
            };
            let before = autodial.clone();
            let result = change(&mut autodial).map_err(|error| failed(&self.autodial, &error))?;
            let bytes = (autodial != before).then(|| Secret::new(autodial.to_bytes()));
            Ok((bytes, result))
        })
    }

    /// The entry that leads to the Internet: the user's choice, or else the one for all users.
    ///
    /// # Errors
    /// 621 or 625 when a file cannot be read.
    pub fn default_connection(&self) -> Result<Option<String>, RasError> {
        if let Some(entry) = self.autodial()?.default_entry() {
            return Ok(Some(entry.to_owned()));
        }
        Ok(read(&self.default_autodial)?.default_entry().map(str::to_owned))
    }

    /// What is dialed for an address; without one, the default connection (RasGetAutodialAddress).
    ///
    /// # Errors
    /// 621 or 625 when a file cannot be read.
    pub fn autodial_entries(&self, address: Option<&str>) -> Result<Vec<AutodialEntry>, RasError> {
        match address {
            Some(address) => Ok(self.autodial()?.entries(address).to_vec()),
            None => {
                let default = self.default_connection()?;
                Ok(default.into_iter().map(|entry| AutodialEntry { location: 0, entry }).collect())
            }
        }
    }

    /// Sets what is dialed for an address, or forgets it when nothing is given; without an address, the
    /// default connection, which an empty name takes back (RasSetAutodialAddress).
    ///
    /// # Errors
    /// 623 when a phone book has no such entry, 87 when the address cannot be one or several default
    /// connections are given.
    pub fn set_autodial_entries(
        &self,
        address: Option<&str>,
        entries: &[AutodialEntry],
    ) -> Result<(), RasError> {
        for given in entries.iter().filter(|given| !given.entry.is_empty() || address.is_some()) {
            self.locate(None, &given.entry)?;
        }
        self.change_autodial(|autodial| match (address, entries) {
            (Some(address), []) => {
                autodial.remove(address);
                Ok(())
            }
            (Some(address), entries) => autodial.add_entries(address, entries),
            (None, []) => autodial.set_default_entry(""),
            (None, [default]) => autodial.set_default_entry(&default.entry),
            (None, _) => Err(AutodialError::Unfit("more than one default connection")),
        })
    }

    /// A setting (RasGetAutodialParam).
    ///
    /// # Errors
    /// 87 for an unknown key; 621 or 625 when the file cannot be read.
    pub fn autodial_param(&self, key: u32) -> Result<u32, RasError> {
        Ok(self.autodial()?.param(param(key)?))
    }

    /// Changes a setting (RasSetAutodialParam).
    ///
    /// # Errors
    /// 87 for an unknown key; as [`change_autodial`](Self::change_autodial).
    pub fn set_autodial_param(&self, key: u32, value: u32) -> Result<(), RasError> {
        let param = param(key)?;
        self.change_autodial(|autodial| {
            autodial.set_param(param, value);
            Ok(())
        })
    }
}

fn param(key: u32) -> Result<AutodialParam, RasError> {
    AutodialParam::from_key(key).ok_or_else(|| onhook_model::RasCode::INVALID_PARAMETER.into())
}

fn read(path: &Path) -> Result<Autodial, RasError> {
    match whole::read_if_there(path)? {
        Some(bytes) => parse(path, bytes.expose()),
        None => Ok(Autodial::default()),
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Autodial, RasError> {
    Autodial::parse(bytes).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &AutodialError) -> RasError {
    RasError::new(error.code(), format!("{}: {error}", path.display()))
}
