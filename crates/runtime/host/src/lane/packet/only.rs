//! Which interface is meant when none is named.

use std::io;

use onhook_effect::{HostError, HostErrorKind};

use super::OPEN;
use crate::net::netlink::Netlink;

/// The only Ethernet interface that is up.
pub(super) fn only_ethernet() -> Result<String, HostError> {
    let failed = |text: String| HostError::new(OPEN, HostErrorKind::NoEthernet, text);
    let told = |e: io::Error| failed(e.to_string());
    let netlink = Netlink::open().map_err(told)?;
    let all = nix::net::if_::if_nameindex().map_err(|e| told(e.into()))?;
    let mut names = Vec::new();
    for interface in &all {
        let name = interface.name().to_string_lossy();
        // One that goes away meanwhile is none.
        let link = netlink.link_by_name(&name).map_err(told)?;
        if link.is_some_and(|link| link.is_up && link.is_running && link.ethernet.is_some()) {
            names.push(name.into_owned());
        }
    }
    match names.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(failed("there is no Ethernet interface that is up".to_owned())),
        several => Err(failed(format!("name one of the interfaces {}", several.join(", ")))),
    }
}
