//! What the network gave us.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// The results of a connection's network negotiation and of what was made of them on this machine
/// (RasGetProjectionInfo).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    /// Our IPv4 address.
    pub ipv4: Option<Ipv4Addr>,
    /// The server's IPv4 address, where it told one.
    pub ipv4_server: Option<Ipv4Addr>,
    /// Our IPv6 link-local address.
    pub ipv6: Option<Ipv6Addr>,
    /// The server's IPv6 link-local address.
    pub ipv6_server: Option<Ipv6Addr>,
    /// Name servers that the server told, or that the entry names.
    pub dns: Vec<IpAddr>,
    /// By which means names are resolved now.
    pub dns_by: Option<String>,
    /// The network interface, when there is one.
    pub interface: Option<String>,
    /// Where SOCKS5 is offered, when there is no interface.
    pub socks5: Option<SocketAddr>,
    /// Where HTTP CONNECT is offered, when there is no interface.
    pub http_connect: Option<SocketAddr>,
    /// Forwards, as `local → host:port`.
    pub forwards: Vec<String>,
    /// The largest packet in octets.
    pub mtu: u16,
    /// How we were authenticated ("MS-CHAP v2").
    pub authentication: Option<String>,
    /// What the device said of the call ("33600/ARQ/V34").
    #[serde(default)]
    pub line: Option<String>,
    /// What protects the link ("TLS 1.3, …").
    pub protection: Option<String>,
}
