//! What can be dialed with, as lists of devices tell it.

use serde::{Deserialize, Serialize};

use crate::{DeviceType, VpnProtocol};

/// A device in a list (RASDEVINFO).
///
/// Programs choose by the type and, among VPN protocols, by what stands in brackets in the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedDevice {
    /// szDeviceType: a text of RASDT.
    pub device_type: String,
    /// szDeviceName: never empty, at most 128 characters. An entry with this name and type dials with
    /// the device.
    pub name: String,
    /// What else is known of it, for people; may be empty.
    #[serde(default)]
    pub about: String,
}

impl ListedDevice {
    /// Characters of a name (RAS_MaxDeviceName).
    pub const NAME_CHARS: usize = 128;

    /// The VPN protocols that are dialed here.
    pub fn vpn() -> impl Iterator<Item = Self> {
        VpnProtocol::DIALED.into_iter().map(|protocol| Self {
            device_type: DeviceType::Vpn.text().to_owned(),
            name: format!("onhook ({})", protocol.text()),
            about: String::new(),
        })
    }

    /// PPPoE on whichever interface there is, or on this one.
    pub fn pppoe(interface: Option<&str>, about: &str) -> Self {
        let name = match interface {
            Some(interface) => format!("onhook {interface} (PPPOE)"),
            None => "onhook (PPPOE)".to_owned(),
        };
        Self { device_type: DeviceType::PppoE.text().to_owned(), name, about: about.to_owned() }
    }

    /// A serial port, which may be the line itself or have a modem at it: that cannot be seen. `port` is
    /// its stable path, `short` the kernel's, for when the stable one is too long to be a name.
    pub fn serial(port: &str, short: &str, about: &str) -> [Self; 2] {
        let name = if port.chars().count() <= Self::NAME_CHARS { port } else { short };
        [DeviceType::Modem, DeviceType::Serial].map(|kind| Self {
            device_type: kind.text().to_owned(),
            name: name.to_owned(),
            about: about.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, Port};

    #[test]
    fn every_device_is_known_by_its_name() {
        for (device, text) in ListedDevice::vpn().zip(["(SSTP)", "(L2TP)", "(PPTP)"]) {
            assert_eq!(device.device_type, "vpn");
            assert!(device.name.contains(text), "{device:?}");
            let entry = Entry::for_number("vpn.example.net", &device.name);
            assert_eq!(entry.device_type, DeviceType::Vpn);
            assert_eq!(entry.protocols().len(), 1);
            assert!(device.name.contains(entry.protocols()[0].text()));
        }
        let broadband = ListedDevice::pppoe(None, "");
        assert_eq!(Entry::for_number("", &broadband.name).device_type, DeviceType::PppoE);
        assert_eq!(ListedDevice::pppoe(Some("eth0"), "").name, "onhook eth0 (PPPOE)");
    }

    #[test]
    fn a_serial_port_is_a_modem_or_a_line_and_its_name_fits() {
        let [modem, line] = ListedDevice::serial("/dev/serial/by-id/usb-x", "/dev/ttyUSB0", "X");
        assert_eq!((modem.device_type.as_str(), line.device_type.as_str()), ("modem", "SERIAL"));
        assert_eq!(modem.name, "/dev/serial/by-id/usb-x");
        Port::parse(&line.name).unwrap();
        let long = format!("/dev/serial/by-id/{}", "x".repeat(128));
        assert_eq!(ListedDevice::serial(&long, "/dev/ttyUSB0", "")[0].name, "/dev/ttyUSB0");
    }
}
