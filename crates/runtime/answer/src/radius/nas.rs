//! What a RADIUS server is told of us, and of a call whatever it is asked about it.

use std::time::{SystemTime, UNIX_EPOCH};

use onhook_host::Host;
use onhook_radius::reply::{FRAMED, PPP};
use onhook_radius::wire::{Attributes, attribute};

use crate::calls::{Origin, Session};

/// NAS-Port-Type (RFC 2865 §5.41).
const ASYNC: u32 = 0;
const VIRTUAL: u32 = 5;
const ETHERNET: u32 = 15;

/// Who we are to RADIUS servers.
#[derive(Clone, Debug)]
pub(super) struct Nas {
    identifier: String,
    /// What makes the numbers of our sessions differ from those of every other start.
    start: String,
}

impl Nas {
    pub(super) fn new(identifier: String, host: &Host) -> Self {
        let chance = host.seed().chance().u32() & 0xffff;
        Self { identifier, start: format!("{:x}-{chance:04x}", wall_clock()) }
    }

    /// The number of a call's session, never given twice (RFC 2866 §5.5).
    pub(super) fn session_id(&self, call: u64) -> String {
        format!("{}-{call:x}", self.start)
    }

    /// What every request about a call begins with; the caller's name goes before it.
    pub(super) fn describe(&self, session: &Session, into: &mut Attributes) {
        into.text(attribute::NAS_IDENTIFIER, &self.identifier);
        into.number(attribute::NAS_PORT, port(session.call));
        into.number(attribute::NAS_PORT_TYPE, port_type(session.link));
        into.text(attribute::NAS_PORT_ID, session.link);
        into.number(attribute::SERVICE_TYPE, FRAMED);
        into.number(attribute::FRAMED_PROTOCOL, PPP);
        into.text(attribute::CALLING_STATION_ID, &calling_station(&session.from));
        into.text(attribute::ACCT_SESSION_ID, &self.session_id(session.call));
    }
}

/// A call's number as a port's.
pub(super) fn port(call: u64) -> u32 {
    u32::try_from(call & u64::from(u32::MAX)).unwrap_or_default()
}

fn port_type(link: &str) -> u32 {
    match link {
        "modem" | "serial" => ASYNC,
        "pppoe" => ETHERNET,
        _ => VIRTUAL,
    }
}

/// Where a call comes from: a station as RFC 3580 §3.21 writes it, an address without its port.
pub(super) fn calling_station(from: &Origin) -> String {
    match from {
        Origin::Address(address) => address.ip().to_canonical().to_string(),
        Origin::Station(octets) => {
            let octets: Vec<_> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
            octets.join("-")
        }
        Origin::Line(port) => port.clone(),
    }
}

/// The time of day in seconds since 1970.
pub(super) fn wall_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_is_written_as_it_is_everywhere() {
        let mapped = "[::ffff:192.0.2.7]:4000".parse().unwrap();
        assert_eq!(calling_station(&Origin::Address(mapped)), "192.0.2.7");
        assert_eq!(
            calling_station(&Origin::Station([0, 0x1b, 2, 3, 4, 0xff])),
            "00-1B-02-03-04-FF"
        );
        assert_eq!(calling_station(&Origin::Line("/dev/ttyS0".into())), "/dev/ttyS0");
    }
}
