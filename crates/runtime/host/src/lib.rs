//! The one narrow door to Linux.
//!
//! Everything that touches a socket, the clock, the routing table, an interface or a file stands
//! behind [`Host`]. The core says what it wants as values ([`Effect`](onhook_effect::Effect)); the
//! host does it, and knows the way back from each. Two promises hold the house together:
//!
//! - **The way back is written first.** What could outlive this process (a route to the server, the
//!   name servers) stands in the journal before it is done, with all that a later process
//!   needs in order to undo it. What cannot outlive it (an interface that hangs on a descriptor, its
//!   addresses and routes) is not written: the kernel takes it away with the descriptor.
//! - **Every deed can be called off.** Dropping the future of [`Host::apply`] leaves nothing: what
//!   was half done is undone, either at once or by the task that was doing it.
//!
//! What bears our mark: interfaces are named `onhook0`, `onhook1`, …; routes carry the protocol
//! number [`ROUTE_PROTOCOL`]; a `resolv.conf` of ours begins with a marker line.
//!
//! Netlink, the TUN device and its segmentation offload are written here rather than taken from a
//! crate: a handful of messages of a stable kernel interface, sent synchronously (the kernel answers
//! an rtnetlink request before `sendmsg` returns), cost less than a dependency with a task of its own.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod capture;
mod clock;
mod confine;
mod crash;
mod device;
mod dns;
mod door;
mod journal;
mod lane;
mod namespace;
mod net;
#[cfg(feature = "ordeals")]
pub mod ordeals;
mod pass;
mod peer;
mod polkit;
mod priority;
mod recover;
mod resolve;
mod rights;

pub use capture::PppCapture;
pub use confine::{Confined, Confinement, confine};
pub use crash::{arm_successor, crash_point};
pub use device::{Device, DeviceKind, devices};
pub use dns::{DnsChoice, Heir};
pub use door::{Abilities, Applied, Host, HostConfig, Resource};
pub use lane::{
    Aside, EapServer, Hand, LaneIo, LaneSignal, LineLane, PORT_LOCKS, PacketLane, PacketPort,
    Ready, Received, SharedAddress, TalkFacts, TalkFault, TalkStage, Talked, TlsLane, TlsTalk,
    UdpLane, UdpPort, certificate_facts, certificate_names, server_config,
};
pub use namespace::{NamespaceSpec, NamespaceTun, namespace_with_tun};
pub use net::{ROUTE_PROTOCOL, TunDevice};
pub use pass::{recv_fd, send_fd};
pub use peer::{may_use_device, peer_groups};
pub use polkit::polkit_allows;
pub use priority::give_way;
pub use recover::{Recovered, Recovery};
