//! The links of an entry, one by one (RASSUBENTRY).

use onhook_model::DeviceType;

use super::settle::{BadProperty, check_alternates, check_device};

/// One link of an entry, with the members of RASSUBENTRY. Links are counted from 1; the first is the
/// entry's own device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subentry {
    /// szDeviceType: a text of RASDT.
    pub device_type: String,
    /// szDeviceName.
    pub device_name: String,
    /// szLocalPhoneNumber.
    pub phone_number: String,
    /// The numbers behind the structure.
    pub alternates: Vec<String>,
}

impl Subentry {
    /// Whether it can be set.
    ///
    /// # Errors
    ///
    /// The first member that makes no sense.
    pub fn check(&self) -> Result<(), BadProperty> {
        check_device(&self.device_type, &self.device_name, &self.phone_number)?;
        check_alternates(&self.alternates)
    }

    /// As it is read back: the kind spelled as in RASDT, no blanks around texts, no empty alternates.
    #[must_use]
    pub fn settled(&self) -> Self {
        let trim = |text: &String| text.trim_ascii().to_owned();
        let device = DeviceType::from_text(&self.device_type);
        Self {
            device_type: device
                .map_or_else(|| self.device_type.clone(), |device| device.text().to_owned()),
            device_name: trim(&self.device_name),
            phone_number: trim(&self.phone_number),
            alternates: self.alternates.iter().map(trim).filter(|n| !n.is_empty()).collect(),
        }
    }
}
