//! What this process may do here.

use std::fs::{self, File, OpenOptions};
use std::os::fd::{AsRawFd, FromRawFd as _, OwnedFd};

use nix::errno::Errno;

use crate::net::tun::DEVICE;

/// The bit of CAP_NET_ADMIN (capabilities(7)).
const NET_ADMIN: u32 = 12;

nix::ioctl_none!(owner_of_namespace_raw, 0xB7, 1);

/// Why no interface can be made here; `None` when it can.
pub(crate) fn why_no_interfaces() -> Option<String> {
    if !has_net_admin() {
        return Some(
            "it takes root, or the capability CAP_NET_ADMIN, to make an interface".to_owned(),
        );
    }
    if !namespace_is_ours() {
        return Some("the network belongs to another user's namespace".to_owned());
    }
    why_no_device()
}

/// Why the TUN device cannot be opened; `None` when it can.
pub(crate) fn why_no_device() -> Option<String> {
    match OpenOptions::new().read(true).write(true).open(DEVICE) {
        Ok(_) => None,
        Err(error) => Some(device_trouble(&error)),
    }
}

/// What is wrong with the TUN device, and what helps.
pub(crate) fn device_trouble(error: &std::io::Error) -> String {
    use std::io::ErrorKind as K;
    let help = match error.kind() {
        K::NotFound => "it is not there: load the module tun, or give it to the container",
        K::PermissionDenied => "only its owner may open it: chmod 0666 is usual, and safe",
        _ => "it cannot be opened",
    };
    format!("{DEVICE}: {help} ({error})")
}

fn has_net_admin() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .is_some_and(|capabilities| capabilities >> NET_ADMIN & 1 == 1)
}

/// Whether our capabilities count in this network namespace: not when it belongs to a user namespace
/// above ours.
fn namespace_is_ours() -> bool {
    let Ok(namespace) = File::open("/proc/self/ns/net") else { return true };
    // SAFETY: NS_GET_USERNS takes no argument; it answers a new descriptor or an error.
    match unsafe { owner_of_namespace_raw(namespace.as_raw_fd()) } {
        Ok(fd) => {
            // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
            drop(unsafe { OwnedFd::from_raw_fd(fd) });
            true
        }
        Err(Errno::EPERM) => false,
        // An old kernel, or a strange file system: the deed itself will tell.
        Err(_) => true,
    }
}
