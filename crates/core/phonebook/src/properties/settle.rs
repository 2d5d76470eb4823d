//! What cannot be set, and what becomes of members that contradict each other.

use onhook_model::{AuthRestrictions, DeviceType, EntryLimits, EntryType, RasCode, VpnStrategy};

use super::general::{AUTH_FLAGS, auth_flags};
use super::value::{EntryProperties, encryption_of, option, option2};

/// A member that makes no sense (ERROR_INVALID_PARAMETER).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member}: expected {expected}")]
pub struct BadProperty {
    /// The member of RASENTRY.
    pub member: &'static str,
    /// What it should hold.
    pub expected: &'static str,
}

impl BadProperty {
    /// The RAS number that says it best.
    pub const fn code(&self) -> RasCode {
        RasCode::INVALID_PARAMETER
    }
}

/// What a link of an entry, and the entry by its first link, says of the device.
pub(super) fn check_device(
    device_type: &str,
    device_name: &str,
    phone_number: &str,
) -> Result<(), BadProperty> {
    let bad = |member, expected| Err(BadProperty { member, expected });
    let Some(device) = DeviceType::from_text(device_type) else {
        return bad("szDeviceType", "a kind of device (RASDT)");
    };
    if device_name.trim().is_empty() {
        return bad("szDeviceName", "the name of a device");
    }
    if device.needs_number() && phone_number.trim().is_empty() {
        return bad("szLocalPhoneNumber", "a number or a server");
    }
    Ok(())
}

/// How many numbers there are beside the first one.
pub(super) const fn check_alternates(alternates: &[String]) -> Result<(), BadProperty> {
    if alternates.len() >= EntryLimits::NUMBERS {
        let (member, expected) = ("dwAlternateOffset", "at most 63 numbers");
        return Err(BadProperty { member, expected });
    }
    Ok(())
}

impl EntryProperties {
    /// Whether it can be set.
    ///
    /// # Errors
    ///
    /// The first member that makes no sense. An empty number is fine where the device needs none.
    pub fn check(&self) -> Result<(), BadProperty> {
        check_device(&self.device_type, &self.device_name, &self.phone_number)?;
        let bad = |member, expected| Err(BadProperty { member, expected });
        if self.framing_protocol != 1 {
            return bad("dwFramingProtocol", "1 (RASFP_Ppp)");
        }
        if self.options & option::UNDEFINED != 0 {
            return bad("dwfOptions", "bits that have a meaning");
        }
        if EntryType::from_value(self.entry_type).is_none() {
            return bad("dwType", "1 to 5 (RASET)");
        }
        if encryption_of(self.encryption_type).is_none() {
            return bad("dwEncryptionType", "0 to 3 (ET)");
        }
        if VpnStrategy::from_value(self.vpn_strategy).is_none() {
            return bad("dwVpnStrategy", "0 to 9 or 12 to 15 (VS)");
        }
        check_alternates(&self.alternates)?;
        for (member, value, most, expected) in [
            ("dwfNetProtocols", self.net_protocols, 0xF, "bits that have a meaning (RASNP)"),
            ("dwDialMode", self.dial_mode, 2, "0 to 2"),
            ("dwDialExtraPercent", self.dial_extra.percent, 100, "0 to 100"),
            ("dwDialExtraSampleSeconds", self.dial_extra.seconds, 3600, "0 to 3600"),
            ("dwHangUpExtraPercent", self.hang_up_extra.percent, 100, "0 to 100"),
            ("dwHangUpExtraSampleSeconds", self.hang_up_extra.seconds, 3600, "0 to 3600"),
            ("dwRedialCount", self.redial_count, 99, "0 to 99"),
            ("dwRedialPause", self.redial_pause, 600, "0 to 600"),
            ("dwIPv6PrefixLength", self.ipv6_prefix_len, 128, "0 to 128"),
            ("dwNetworkOutageTime", self.network_outage_minutes, u32::MAX / 60, "minutes"),
        ] {
            if value > most {
                return bad(member, expected);
            }
        }
        Ok(())
    }

    /// As it is read back once it was set: without contradictions.
    ///
    /// - `REQUIRE_MS_ENCRYPTED_PW` shuts out PAP, SPAP and CHAP and takes the place of
    ///   `REQUIRE_ENCRYPTED_PW`; where no MS-CHAP is named, it means version 2.
    /// - `REQUIRE_ENCRYPTED_PW` alone means CHAP and MS-CHAP version 2; methods that are named count.
    /// - Without any flag of authentication an entry has those of its kind of device.
    /// - `REQUIRE_DATA_ENCRYPTION` is there when encryption is required; alone it requires it.
    /// - A metric is there when its bit is, and the other way round.
    /// - A pause of 0 seconds is the usual one; texts have no blanks around them; empty alternates are
    ///   none; the kind of device is spelled as in RASDT.
    #[must_use]
    pub fn settled(&self) -> Self {
        let mut settled = self.clone();
        let device = DeviceType::from_text(&self.device_type);
        if let Some(device) = device {
            device.text().clone_into(&mut settled.device_type);
        }
        settled.settle_authentication(device.unwrap_or(DeviceType::Vpn));
        let is_encrypted = matches!(settled.encryption_type, 1 | 2);
        if settled.options & option::REQUIRE_DATA_ENCRYPTION != 0 && !is_encrypted {
            settled.encryption_type = 1;
        } else if is_encrypted {
            settled.options |= option::REQUIRE_DATA_ENCRYPTION;
        }
        for (bit, metric) in [
            (option2::IPV4_EXPLICIT_METRIC, &mut settled.ipv4_metric),
            (option2::IPV6_EXPLICIT_METRIC, &mut settled.ipv6_metric),
        ] {
            if settled.options2 & bit == 0 || *metric == 0 {
                settled.options2 &= !bit;
                *metric = 0;
            }
        }
        if settled.redial_pause == 0 {
            settled.redial_pause = 60;
        }
        settled.alternates.retain(|number| !number.trim_ascii().is_empty());
        settled.texts().into_iter().for_each(trim);
        settled.alternates.iter_mut().for_each(trim);
        settled
    }

    fn settle_authentication(&mut self, device: DeviceType) {
        let microsoft =
            option::REQUIRE_MSCHAP | option::REQUIRE_MSCHAP2 | option::REQUIRE_W95_MSCHAP;
        if self.options & option::REQUIRE_MS_ENCRYPTED_PW != 0 {
            self.options &= !(option::REQUIRE_ENCRYPTED_PW
                | option::REQUIRE_PAP
                | option::REQUIRE_SPAP
                | option::REQUIRE_CHAP);
            if self.options & (microsoft | option::REQUIRE_EAP) == 0 {
                self.options |= option::REQUIRE_MSCHAP2;
            }
        } else if self.options & option::REQUIRE_ENCRYPTED_PW != 0 && !self.names_a_method() {
            self.options |= option::REQUIRE_CHAP | option::REQUIRE_MSCHAP2;
        }
        if !self.names_a_method() {
            let (flags, flags2) = auth_flags(AuthRestrictions::default_for(device).bits());
            self.options |= flags;
            self.options2 |= flags2;
        }
    }

    fn names_a_method(&self) -> bool {
        AUTH_FLAGS.iter().any(|(_, bit, bit2)| self.options & bit != 0 || self.options2 & bit2 != 0)
    }

    /// Every member that is a text, but for the kind of device and the alternates.
    fn texts(&mut self) -> [&mut String; 16] {
        [
            &mut self.area_code,
            &mut self.phone_number,
            &mut self.script,
            &mut self.autodial_dll,
            &mut self.autodial_function,
            &mut self.device_name,
            &mut self.custom_dial_dll,
            &mut self.dns_suffix,
            &mut self.prerequisite_book,
            &mut self.prerequisite_entry,
            &mut self.ike_initiator,
            &mut self.ike_responder,
            &mut self.x25.pad_type,
            &mut self.x25.address,
            &mut self.x25.facilities,
            &mut self.x25.user_data,
        ]
    }
}

fn trim(text: &mut String) {
    let trimmed = text.trim_ascii();
    if trimmed.len() != text.len() {
        *text = trimmed.to_owned();
    }
}
