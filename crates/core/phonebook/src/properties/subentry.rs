//! The links of an entry, one by one (RASSUBENTRY).

use onhook_model::{DeviceType, EntryLimits};

use super::settle::BadProperty;

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
        let bad = |member, expected| Err(BadProperty { member, expected });
        let Some(device) = DeviceType::from_text(&self.device_type) else {
            return bad("szDeviceType", "a kind of device (RASDT)");
        };
        if self.device_name.trim().is_empty() {
            return bad("szDeviceName", "the name of a device");
        }
        if device.needs_number() && self.phone_number.trim().is_empty() {
            return bad("szLocalPhoneNumber", "a number or a server");
        }
        if self.alternates.len() >= EntryLimits::NUMBERS {
            return bad("dwAlternateOffset", "at most 63 numbers");
        }
        Ok(())
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
