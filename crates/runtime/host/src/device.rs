//! What can dial here: serial ports and the modems at them, and Ethernet interfaces.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::net::netlink::Netlink;

/// What kind of device it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// A serial port, with a modem at it or without: that cannot be seen from outside.
    Serial,
    /// An Ethernet interface.
    Ethernet,
}

/// Something that dials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What kind it is.
    pub kind: DeviceKind,
    /// What a dial is told as its port: a path that stays the same when other devices come and go, where
    /// there is one.
    pub port: String,
    /// The kernel's name.
    pub name: String,
    /// What else is known of it, for people.
    pub about: String,
}

/// Every device that there is now, serial ports first, in the order of their names.
///
/// # Errors
/// When the kernel cannot be asked at all.
pub fn devices() -> io::Result<Vec<Device>> {
    let mut found = serial_ports(Path::new("/sys/class/tty"), Path::new("/dev/serial/by-id"));
    found.extend(ethernets()?);
    Ok(found)
}

/// Ports with hardware behind them: pseudoterminals and consoles have no device of their own.
fn serial_ports(class: &Path, by_id: &Path) -> Vec<Device> {
    let mut stable: BTreeMap<String, PathBuf> = BTreeMap::new();
    for link in fs::read_dir(by_id).into_iter().flatten().flatten() {
        if let Ok(target) = fs::canonicalize(link.path())
            && let Some(name) = target.file_name()
        {
            stable.insert(name.to_string_lossy().into_owned(), link.path());
        }
    }
    let mut names: Vec<String> = fs::read_dir(class)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| is_real(&entry.path()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let device = |name: String| {
        let driver = fs::read_link(class.join(&name).join("device/driver")).ok();
        let driver = driver.as_deref().and_then(Path::file_name).map(|d| d.to_string_lossy());
        let path = stable.get(&name).cloned().unwrap_or_else(|| Path::new("/dev").join(&name));
        Device {
            kind: DeviceKind::Serial,
            port: path.display().to_string(),
            about: driver.map(|driver| format!("driver {driver}")).unwrap_or_default(),
            name,
        }
    };
    names.into_iter().map(device).collect()
}

/// The kernel has names for ports of the PC that are not there: their type is 0.
fn is_real(port: &Path) -> bool {
    let kind = fs::read_to_string(port.join("type")).unwrap_or_default();
    port.join("device").exists() && kind.trim() != "0"
}

fn ethernets() -> io::Result<Vec<Device>> {
    let netlink = Netlink::open()?;
    let all = nix::net::if_::if_nameindex()?;
    let mut found = Vec::new();
    for interface in &all {
        let name = interface.name().to_string_lossy().into_owned();
        // One that goes away meanwhile is none.
        let Some(link) = netlink.link_by_name(&name)? else { continue };
        let Some(address) = link.ethernet else { continue };
        let state = match (link.is_up, link.is_running) {
            (false, _) => "down",
            (true, false) => "no cable",
            (true, true) => "up",
        };
        let address: Vec<_> = address.iter().map(|octet| format!("{octet:02x}")).collect();
        found.push(Device {
            kind: DeviceKind::Ethernet,
            port: name.clone(),
            about: format!("{state}, {}, MTU {}", address.join(":"), link.mtu),
            name,
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn ports_that_are_there_are_named_by_what_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (class, by_id) = (folder.path().join("tty"), folder.path().join("by-id"));
        fs::create_dir_all(&by_id).unwrap();
        for (name, kind, device) in
            [("ttyS0", "4", true), ("ttyS1", "0", true), ("ttyUSB0", "", true), ("tty1", "", false)]
        {
            let port = class.join(name);
            fs::create_dir_all(&port).unwrap();
            if !kind.is_empty() {
                fs::write(port.join("type"), format!("{kind}\n")).unwrap();
            }
            if device {
                fs::create_dir_all(port.join("device")).unwrap();
            }
        }
        symlink("/sys/bus/usb-serial/drivers/cp210x", class.join("ttyUSB0/device/driver")).unwrap();
        fs::write(folder.path().join("ttyUSB0"), "").unwrap();
        symlink("../ttyUSB0", by_id.join("usb-Maker_Modem-if00")).unwrap();
        let found = serial_ports(&class, &by_id);
        let named: Vec<_> = found.iter().map(|d| (d.name.as_str(), d.about.as_str())).collect();
        assert_eq!(named, [("ttyS0", ""), ("ttyUSB0", "driver cp210x")]);
        assert_eq!(found[0].port, "/dev/ttyS0");
        assert!(found[1].port.ends_with("by-id/usb-Maker_Modem-if00"), "{}", found[1].port);
    }

    #[test]
    fn no_loopback_is_an_ethernet() {
        assert!(ethernets().unwrap().iter().all(|device| device.name != "lo"));
    }
}
