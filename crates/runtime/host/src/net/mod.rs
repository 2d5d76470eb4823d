//! Interfaces, addresses, routes and namespaces.

mod checksum;
pub(crate) mod coalesce;
pub(crate) mod link;
pub(crate) mod netlink;
pub(crate) mod netns;
mod offload;
pub(crate) mod pins;
pub(crate) mod route;
pub(crate) mod tun;

#[cfg(test)]
mod tests;

pub use route::ROUTE_PROTOCOL;
pub use tun::TunDevice;
