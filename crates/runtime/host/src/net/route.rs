//! Routes: looked up, added beside what is there, and taken away again, never replaced.

use std::io;
use std::net::IpAddr;

use onhook_effect::Prefix;
use serde::{Deserialize, Serialize};

use super::link::{family, octets};
use super::netlink::{
    Answer, CREATE, DELROUTE, EXCLUSIVE, GETROUTE, Message, NEWROUTE, Netlink, attributes, number,
};

/// The protocol number that our routes carry (`ip route show proto 79`): one that rtnetlink leaves to
/// programs and nobody has taken. A route without it is never deleted by us.
pub const ROUTE_PROTOCOL: u8 = 79;

const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_VIA: u16 = 18;
const RTM_F_FIB_MATCH: u32 = 0x2000;
const RTNH_F_ONLINK: u32 = 4;
const MAIN_TABLE: u8 = 254;
const SCOPE_UNIVERSE: u8 = 0;
const SCOPE_LINK: u8 = 253;
const SCOPE_NOWHERE: u8 = 255;
const UNICAST: u8 = 1;
const ROUTE_FIXED: usize = 12;

/// A router on the way: the attribute that names it, as the kernel told it (a gateway, or one of the
/// other family).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NextHop {
    pub(crate) kind: u16,
    pub(crate) value: Vec<u8>,
}

/// A route of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) to: Prefix,
    pub(crate) interface: u32,
    pub(crate) next_hop: Option<NextHop>,
    /// The metric; `None` is the kernel's own choice.
    pub(crate) metric: Option<u32>,
}

/// What the kernel would do with a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// How specific the route is that it took.
    pub(crate) prefix_len: u8,
    pub(crate) protocol: u8,
    pub(crate) is_unicast: bool,
    pub(crate) interface: u32,
    pub(crate) next_hop: Option<NextHop>,
}

fn fixed(family: u8, prefix_len: u8, scope: u8, flags: u32) -> [u8; ROUTE_FIXED] {
    let mut fixed =
        [family, prefix_len, 0, 0, MAIN_TABLE, ROUTE_PROTOCOL, scope, UNICAST, 0, 0, 0, 0];
    fixed[8..12].copy_from_slice(&flags.to_ne_bytes());
    fixed
}

fn found(answer: &Answer) -> Option<Found> {
    let header = answer.body.first_chunk::<ROUTE_FIXED>()?;
    let mut found = Found {
        prefix_len: header[1],
        protocol: header[5],
        is_unicast: header[7] == UNICAST,
        interface: 0,
        next_hop: None,
    };
    for (kind, value) in attributes(&answer.body, ROUTE_FIXED) {
        match kind {
            RTA_OIF => found.interface = number(value)?,
            RTA_GATEWAY | RTA_VIA => {
                found.next_hop = Some(NextHop { kind, value: value.to_vec() });
            }
            _ => {}
        }
    }
    (answer.kind == NEWROUTE).then_some(found)
}

impl Netlink {
    /// The way that packets for `to` take now. The route's own length and protocol are told where the
    /// kernel can (Linux 4.13; IPv6 from 5.8), else a full length.
    pub(crate) fn route_to(&self, to: IpAddr) -> io::Result<Option<Found>> {
        let length = Prefix::host(to).length();
        let ask = |flags| {
            let mut fixed = [0; ROUTE_FIXED];
            fixed[0] = family(to);
            fixed[1] = length;
            fixed[8..12].copy_from_slice(&u32::to_ne_bytes(flags));
            self.request(Message::new(GETROUTE, 0, &fixed).attribute(RTA_DST, &octets(to)))
        };
        let Some(mut way) = ask(0)?.iter().find_map(found) else { return Ok(None) };
        // The first answer names the one next hop that is taken; of the second, which may name several,
        // only the route's own words count.
        match ask(RTM_F_FIB_MATCH).as_deref().map(|a| a.iter().find_map(found)) {
            Ok(Some(matched)) => {
                way.prefix_len = matched.prefix_len;
                way.protocol = matched.protocol;
            }
            Ok(None) | Err(_) => way.prefix_len = length,
        }
        Ok(Some(way))
    }

    /// Adds a route beside those that are there. Fails with `EEXIST` when there is one for the same
    /// packets with the same metric, whoever made it.
    pub(crate) fn add_route(&self, route: &Route) -> io::Result<()> {
        match self.request(route.message(NEWROUTE, CREATE | EXCLUSIVE, 0)) {
            // The router is reached although no route says so, as is usual in rented machines.
            Err(error)
                if route.next_hop.is_some()
                    && matches!(
                        error.raw_os_error(),
                        Some(libc::ENETUNREACH | libc::EHOSTUNREACH | libc::EINVAL)
                    ) =>
            {
                let message = route.message(NEWROUTE, CREATE | EXCLUSIVE, RTNH_F_ONLINK);
                self.request(message).map(drop)
            }
            other => other.map(drop),
        }
    }

    /// Takes a route of ours away; that it or its interface is gone already is success.
    pub(crate) fn delete_route(&self, route: &Route) -> io::Result<bool> {
        match self.request(route.message(DELROUTE, 0, 0)) {
            Ok(_) => Ok(true),
            Err(error)
                if matches!(
                    error.raw_os_error(),
                    Some(libc::ESRCH | libc::ENODEV | libc::ENOENT)
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

impl Route {
    fn message(&self, kind: u16, flags: u16, next_hop_flags: u32) -> Message {
        let address = self.to.address();
        let scope = match (kind == DELROUTE, address.is_ipv4() && self.next_hop.is_none()) {
            (true, _) => SCOPE_NOWHERE, // any scope
            (false, true) => SCOPE_LINK,
            (false, false) => SCOPE_UNIVERSE,
        };
        let fixed = fixed(family(address), self.to.length(), scope, next_hop_flags);
        let mut message = Message::new(kind, flags, &fixed)
            .attribute(RTA_DST, &octets(address))
            .number(RTA_OIF, self.interface);
        if let Some(hop) = &self.next_hop {
            message = message.attribute(hop.kind, &hop.value);
        }
        if let Some(metric) = self.metric {
            message = message.number(RTA_PRIORITY, metric);
        }
        message
    }
}

/// What to add for the packets of `to`. Everything becomes two halves: they win over the default route
/// by being more specific, and the default route stays what it is and where it is.
pub(crate) fn parts(to: Prefix) -> Vec<Prefix> {
    if !to.is_everything() {
        return vec![to];
    }
    let upper: IpAddr = match to.address() {
        IpAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::new(128, 0, 0, 0)),
        IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::new(0x8000, 0, 0, 0, 0, 0, 0, 0)),
    };
    [to.address(), upper].into_iter().filter_map(|address| Prefix::new(address, 1).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_two_halves_and_the_rest_is_itself() {
        let text = |to: Prefix| parts(to).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(text(Prefix::ALL_V4), ["0.0.0.0/1", "128.0.0.0/1"]);
        assert_eq!(text(Prefix::ALL_V6), ["::/1", "8000::/1"]);
        assert_eq!(text("10.0.0.0/8".parse().unwrap()), ["10.0.0.0/8"]);
    }
}
