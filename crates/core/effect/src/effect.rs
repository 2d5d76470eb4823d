//! The deeds, and the names of what they make.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use onhook_base::Secret;

use crate::{Prefix, Undo};

/// One step of a connection's stairs; names a deed from its asking to its undoing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub u32);

/// A carrier of bytes of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneId(pub u8);

impl LaneId {
    /// The lane that every link has: for its own messages, and for frames where it has no other.
    pub const CONTROL: Self = Self(0);
    /// The second lane of a link whose frames have one of their own.
    pub const DATA: Self = Self(1);
}

/// Where the packets of one connection go: a network interface, or the user-space stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TunId(pub u8);

/// Whom to believe about a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The system's roots, and the name must match.
    SystemRoots,
    /// These roots (PEM) instead of the system's, and the name must match.
    CaPem(String),
    /// The leaf certificate whose SHA-256 is this, whatever it says.
    PinSha256([u8; 32]),
    /// Anybody. Spelled out in the entry and warned of at every dial.
    Anybody,
}

/// A certificate of ours, with its key, in PEM form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertifiedKey {
    /// The certificate, and what lies between it and the root.
    pub chain: String,
    /// The private key (PKCS#8, PKCS#1 or SEC1), not encrypted.
    pub key: Secret<String>,
}

/// How a caller speaks TLS inside EAP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EapTlsSpec {
    /// The name that the certificate must carry. Without one, only roots that the entry names, or its pin,
    /// are believed: any certificate of a public root would do else.
    pub server_name: Option<String>,
    /// Whom to believe.
    pub trust: Trust,
    /// What we prove ourselves by, where the method asks for it.
    pub certificate: Option<CertifiedKey>,
}

/// How to open a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaneSpec {
    /// A TLS stream over TCP: the addresses are tried in order.
    Tls {
        /// Where to connect, in order of preference.
        to: Vec<SocketAddr>,
        /// The name that the certificate must carry, also sent as SNI when it is a DNS name.
        server_name: String,
        /// Whom to believe.
        trust: Trust,
    },
    /// A TCP stream without protection: the addresses are tried in order.
    Tcp {
        /// Where to connect, in order of preference.
        to: Vec<SocketAddr>,
    },
    /// UDP datagrams to and from the first of these addresses that there is a way to.
    Udp {
        /// Where to, in order of preference.
        to: Vec<SocketAddr>,
    },
    /// Ethernet frames of PPPoE.
    Ethernet {
        /// The interface; `None` takes the only Ethernet that is up.
        interface: Option<String>,
    },
    /// GRE packets of one call between us and one host, without their IP header.
    Gre {
        /// Our address; `None` leaves it to the routes.
        local: Option<Ipv4Addr>,
        /// The other end's.
        remote: Ipv4Addr,
        /// The call's number at our end: only its packets come in.
        call: u16,
    },
    /// A Unix stream socket.
    Socket {
        /// Its path.
        path: String,
    },
    /// A serial terminal of this machine, locked for us while it is open.
    Terminal {
        /// Its path below `/dev`.
        path: String,
        /// Its speed in bits per second.
        speed: u32,
    },
    /// A link of its own with its own lane, which is up and proven: one of several below this
    /// connection (multilink).
    Member,
    /// A lane that a caller has opened to us; it is open already and named by the listener.
    Accepted,
}

/// A network interface to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TunSpec {
    /// Its name, up to 15 bytes; `None` lets the host number one (`onhook0`).
    pub name: Option<String>,
    /// Its MTU in octets.
    pub mtu: u16,
    /// The named network namespace to put it in (`ip netns`); `None` is ours.
    pub netns: Option<String>,
}

/// A local port that leads to a host behind the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Where to listen on this machine.
    pub local: SocketAddr,
    /// The host behind the connection: a name, resolved there, or an address.
    pub host: String,
    /// The port on it.
    pub port: u16,
}

/// The user-space TCP/IP stack of a connection and what stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackSpec {
    /// Our addresses behind the connection.
    pub addresses: Vec<(IpAddr, u8)>,
    /// The MTU in octets.
    pub mtu: u16,
    /// Name servers behind the connection.
    pub dns: Vec<IpAddr>,
    /// Where to offer SOCKS5 (port 0 lets the system choose).
    pub socks5: Option<SocketAddr>,
    /// Where to offer HTTP CONNECT.
    pub http_connect: Option<SocketAddr>,
    /// Local ports that lead to hosts behind the connection.
    pub forwards: Vec<Forward>,
}

/// A deed that the core asks for. Every one names its way back: [`Effect::undo`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Look up a name. Answers [`Outcome::Resolved`].
    Resolve {
        /// A DNS name, or an address as text.
        name: String,
        /// The port to put into the answers.
        port: u16,
    },
    /// Keep the present way to `to`, so that a default route through the tunnel does not swallow the
    /// tunnel itself.
    PinRoute {
        /// The server's address.
        to: IpAddr,
    },
    /// Open a carrier of bytes. Answers [`Outcome::LaneOpened`].
    OpenLane {
        /// Its name from now on.
        lane: LaneId,
        /// How.
        spec: LaneSpec,
    },
    /// Make a network interface. Answers [`Outcome::TunCreated`].
    CreateTun {
        /// Its name from now on.
        tun: TunId,
        /// What it should be.
        spec: TunSpec,
    },
    /// Give the interface an address.
    AddAddress {
        /// The interface.
        tun: TunId,
        /// Our address.
        address: IpAddr,
        /// Its prefix length: 32 for IPv4 over PPP, 64 for a link-local address.
        prefix_len: u8,
        /// The address of the other end, where there is one.
        peer: Option<IpAddr>,
    },
    /// Send packets for `to` through the interface.
    AddRoute {
        /// The interface.
        tun: TunId,
        /// Which packets.
        to: Prefix,
        /// The metric; `None` leaves it to the host.
        metric: Option<u32>,
    },
    /// Resolve names by these servers, through the interface. Answers [`Outcome::DnsSet`].
    SetDns {
        /// The interface.
        tun: TunId,
        /// The servers.
        servers: Vec<IpAddr>,
        /// Only for these domains; empty means for all names.
        domains: Vec<String>,
    },
    /// Make the user-space stack instead of an interface. Answers [`Outcome::StackOpened`].
    OpenStack {
        /// Its name from now on.
        tun: TunId,
        /// What it should be.
        spec: StackSpec,
    },
}

/// What a certificate looked like on a TLS lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// SHA-1 of its DER form.
    pub sha1: [u8; 20],
    /// SHA-256 of its DER form.
    pub sha256: [u8; 32],
}

/// Our end of an Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EthernetFacts {
    /// Our address.
    pub address: [u8; 6],
    /// The most octets that a frame carries behind its header.
    pub mtu: u32,
}

/// What is known of a lane once it is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneFacts {
    /// Our end.
    pub local: Option<SocketAddr>,
    /// The other end.
    pub remote: Option<SocketAddr>,
    /// The server's certificate: the peer's when we called, ours when we were called.
    pub certificate: Option<CertificateFacts>,
    /// Our end of the wire, when it is an Ethernet.
    pub ethernet: Option<EthernetFacts>,
    /// Version and cipher, for people ("TLS 1.3, TLS_AES_256_GCM_SHA384").
    pub protection: Option<String>,
}

/// What a deed gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done; there is nothing more to say.
    Done,
    /// The addresses of a name, at least one, in order of preference.
    Resolved(Vec<SocketAddr>),
    /// The lane is open.
    LaneOpened(LaneFacts),
    /// The interface is there.
    TunCreated {
        /// Its name.
        name: String,
    },
    /// Names are resolved by the connection's servers.
    DnsSet {
        /// By which means ("systemd-resolved", "resolvconf", "/etc/resolv.conf").
        by: String,
    },
    /// The stack is there; these are the addresses that it really listens on.
    StackOpened {
        /// SOCKS5.
        socks5: Option<SocketAddr>,
        /// HTTP CONNECT.
        http_connect: Option<SocketAddr>,
        /// One for each forward asked for.
        forwards: Vec<SocketAddr>,
    },
}

impl Effect {
    /// The way back from this deed. There is no wildcard arm: an effect without a way back does not
    /// compile.
    pub fn undo(&self) -> Undo {
        match self {
            Self::Resolve { .. } => Undo::Nothing,
            Self::PinRoute { to } => Undo::UnpinRoute { to: *to },
            Self::OpenLane { lane, .. } => Undo::CloseLane { lane: *lane },
            Self::CreateTun { tun, .. } => Undo::DestroyTun { tun: *tun },
            Self::AddAddress { tun, address, prefix_len, .. } => {
                Undo::DeleteAddress { tun: *tun, address: *address, prefix_len: *prefix_len }
            }
            Self::AddRoute { tun, to, .. } => Undo::DeleteRoute { tun: *tun, to: *to },
            Self::SetDns { tun, .. } => Undo::RestoreDns { tun: *tun },
            Self::OpenStack { tun, .. } => Undo::CloseStack { tun: *tun },
        }
    }

    /// The deed in a few words, for logs and errors.
    pub const fn deed(&self) -> &'static str {
        match self {
            Self::Resolve { .. } => "resolve the server's name",
            Self::PinRoute { .. } => "keep the route to the server",
            Self::OpenLane { .. } => "connect to the server",
            Self::CreateTun { .. } => "make the network interface",
            Self::AddAddress { .. } => "give the interface its address",
            Self::AddRoute { .. } => "add a route",
            Self::SetDns { .. } => "set the name servers",
            Self::OpenStack { .. } => "open the user-space network",
        }
    }
}
