//! Routes that keep the way to a server while a tunnel takes all other packets.
//!
//! A pin is a host route through the router that leads to the server now, added beside everything
//! else. Several connections to one server share it; the last one takes it away. It outlives the
//! process, and so stands in the journal before it is made. It need not be synced to the disk: what
//! takes the disk's cache away takes the route away too.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;

use onhook_effect::{HostError, HostErrorKind, Prefix};

use super::ROUTE_PROTOCOL;
use super::netlink::Netlink;
use super::route::{Found, Route};
use crate::crash_point;
use crate::journal::{Journal, Record};

const DEED: &str = "keep the route to the server";

/// All pins of this process.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    held: BTreeMap<IpAddr, Pin>,
    /// Which of the managers that have handed over to one another we are: each has routes of its own
    /// metric, so that none takes away another's.
    generation: u32,
}

#[derive(Debug)]
struct Pin {
    owners: BTreeSet<u64>,
    /// Its number in the journal.
    entry: u64,
    route: Route,
}

impl Pins {
    pub(crate) fn of_generation(generation: u32) -> Self {
        Self { held: BTreeMap::new(), generation }
    }

    /// The first manager leaves it to the kernel, whose own metric is 0 for IPv4 and 1024 for IPv6.
    fn metric(&self, to: IpAddr) -> Option<u32> {
        let kernels_own = if to.is_ipv4() { 0 } else { 1024 };
        (self.generation > 0).then(|| kernels_own + self.generation)
    }

    /// Pins the way to `to` for `owner`, if it needs pinning.
    pub(crate) fn pin(
        &mut self,
        owner: u64,
        to: IpAddr,
        netlink: &Netlink,
        journal: &mut Journal,
    ) -> Result<(), HostError> {
        let failed = |error: &io::Error| HostError::from_io(DEED, error);
        let Some(way) = netlink.route_to(to).map_err(|e| failed(&e))? else {
            let text = format!("the kernel names no way to {to}");
            return Err(HostError::new(DEED, HostErrorKind::Unreachable, text));
        };
        let mut owners = BTreeSet::from([owner]);
        if let Some(pin) = self.held.get_mut(&to) {
            if way.protocol == ROUTE_PROTOCOL && way.prefix_len == Prefix::host(to).length() {
                pin.owners.insert(owner);
                return Ok(());
            }
            // The network changed, and the kernel dropped our route with the way that it took.
            owners.extend(pin.owners.iter().copied());
            journal.strike(pin.entry);
            self.held.remove(&to);
        }
        if !needs_pin(&way, to) {
            return Ok(());
        }
        let route = Route {
            to: Prefix::host(to),
            interface: way.interface,
            next_hop: way.next_hop,
            metric: self.metric(to),
        };
        let entry = journal.append(&Record::of_pin(&route), false)?;
        match netlink.add_route(&route) {
            Ok(()) => {
                crash_point("the route to the server is pinned");
                self.held.insert(to, Pin { owners, entry, route });
                Ok(())
            }
            Err(error) => {
                journal.strike(entry);
                // Somebody else keeps this route: it serves us as well, and stays theirs.
                let is_there = error.raw_os_error() == Some(libc::EEXIST);
                if is_there { Ok(()) } else { Err(failed(&error)) }
            }
        }
    }

    /// Gives up `owner`'s part in the pin; the last one takes the route away.
    pub(crate) fn unpin(
        &mut self,
        owner: u64,
        to: IpAddr,
        netlink: &Netlink,
        journal: &mut Journal,
    ) -> Result<(), HostError> {
        let Some(pin) = self.held.get_mut(&to) else { return Ok(()) };
        if !pin.owners.contains(&owner) {
            return Ok(());
        }
        if pin.owners.len() > 1 {
            pin.owners.remove(&owner);
            return Ok(());
        }
        netlink
            .delete_route(&pin.route)
            .map_err(|e| HostError::from_io("remove the route to the server", &e))?;
        crash_point("the route to the server is unpinned");
        journal.strike(pin.entry);
        self.held.remove(&to);
        Ok(())
    }
}

/// A way over a router is pinned, and a default way without one (a modem's). What is on the same wire
/// is more specific than any tunnel's halves; loopback and ourselves are not routed at all; and a host
/// route that is there already is as good as ours.
fn needs_pin(way: &Found, to: IpAddr) -> bool {
    const LOOPBACK: u32 = 1;
    let is_default = way.prefix_len <= 1;
    // A pin of a manager that has handed over to us goes when it has no use for it any more.
    let is_elses_pin = way.protocol == ROUTE_PROTOCOL;
    way.is_unicast
        && way.interface != LOOPBACK
        && (way.prefix_len < Prefix::host(to).length() || is_elses_pin)
        && (way.next_hop.is_some() || is_default)
}
