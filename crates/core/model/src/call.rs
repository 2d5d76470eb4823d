//! A call at the answering end, as it is told.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::Traffic;

/// A call that an answering server has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallReport {
    /// Its number, never given twice by one server.
    pub call: u64,
    /// The name that its caller has proved, once it has.
    pub user: Option<String>,
    /// The address that the caller was given.
    pub address: Option<Ipv4Addr>,
    /// The IPv6 prefix that the caller was given.
    #[serde(default)]
    pub prefix: Option<String>,
    /// By which link: `sstp`, `l2tp` and so on.
    pub link: String,
    /// Where the caller calls from: an address and a port, a station, or a line.
    pub from: String,
    /// When the call came, in seconds since 1970.
    pub since: u64,
    /// How long it has lasted, in milliseconds.
    pub duration_ms: u64,
    /// Packets pass.
    pub connected: bool,
    /// What has passed: in from the caller, out to it.
    pub traffic: Traffic,
}
