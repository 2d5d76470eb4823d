//! A lane of GRE packets, for PPTP: a raw socket that is connected to the peer and lets in the packets of one
//! call alone.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;

use onhook_effect::{HostError, LaneFacts};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};
use tokio::io::unix::AsyncFd;

use super::batch::{flush, read, register};
use super::hand::either_ready;
use super::queue::Queue;
use super::{LaneIo, Ready, Received, allow_fragments};

const OPEN: &str = "open the way for GRE";
/// IP protocol 47 (RFC 2784 §2.6).
const GRE: i32 = 47;
/// While more octets than this wait, packets wait where they are.
const MARK: usize = 512 << 10;

/// A lane of GRE packets, without their IP headers.
#[derive(Debug)]
pub struct GreLane {
    socket: AsyncFd<OwnedFd>,
    outgoing: Queue,
    facts: LaneFacts,
}

impl GreLane {
    /// Packets between us and the peer whose Key names our `call`.
    pub(crate) fn open(
        local: Option<Ipv4Addr>,
        remote: Ipv4Addr,
        call: u16,
    ) -> Result<LaneIo, HostError> {
        let failed = |error: io::Error| {
            let mut told = HostError::from_io(OPEN, &error);
            if error.kind() == io::ErrorKind::PermissionDenied {
                told.text = "raw sockets take the right CAP_NET_RAW".to_owned();
            }
            told
        };
        let socket = connect(local, remote, call).and_then(register).map_err(failed)?;
        let address = |ip: Ipv4Addr| SocketAddr::V4(SocketAddrV4::new(ip, 0));
        let facts = LaneFacts {
            local: local.map(address),
            remote: Some(address(remote)),
            ..LaneFacts::default()
        };
        Ok(LaneIo::Gre(Box::new(Self { socket, outgoing: Queue::default(), facts })))
    }

    pub(super) async fn ready(&self, read: bool, write: bool) -> io::Result<Ready> {
        let writable = async { self.socket.writable().await.map(|mut guard| guard.retain_ready()) };
        let readable = async { self.socket.readable().await.map(|mut guard| guard.retain_ready()) };
        either_ready((None, readable), writable, (read, write)).await
    }

    pub(super) fn receive(
        &self,
        budget: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Received> {
        let mut taken = 0;
        while taken < budget {
            let read = read(&self.socket, &mut |packet| {
                taken += packet.len();
                // The kernel gives the IP header too.
                let header = packet.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
                sink(packet.get(header..).unwrap_or_default());
            });
            match read {
                Ok(true) => {}
                Ok(false) => return Ok(Received::Drained),
                Err(error) if is_loss(&error) => {
                    tracing::debug!(target: "host::lane", %error, "a packet was lost");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Received::More)
    }

    pub(super) fn send(&mut self, packet: &[u8]) {
        self.outgoing.push(packet);
    }

    pub(super) fn flush(&mut self) -> io::Result<bool> {
        flush(&mut self.outgoing, &self.socket, is_loss)
    }

    pub(super) const fn queued(&self) -> usize {
        self.outgoing.octets()
    }

    pub(super) const fn mark(&self) -> usize {
        MARK
    }

    pub(super) const fn facts(&self) -> &LaneFacts {
        &self.facts
    }
}

/// Whether an error tells of one packet and not of the socket: the way is gone for now, or the peer's host
/// has said "protocol unreachable", as it does until the peer has opened its own end.
fn is_loss(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ENOPROTOOPT
                | libc::ECONNREFUSED
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH
                | libc::EHOSTDOWN
                | libc::ENETDOWN
                | libc::EMSGSIZE
                | libc::ENOBUFS
                | libc::EPERM
        )
    )
}

/// The filter is there before the socket hears anything.
fn connect(local: Option<Ipv4Addr>, remote: Ipv4Addr, call: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::RAW.nonblocking(), Some(Protocol::from(GRE)))?;
    socket.attach_filter(&only(call))?;
    if let Some(local) = local {
        socket.bind(&SocketAddrV4::new(local, 0).into())?;
    }
    socket.connect(&SocketAddrV4::new(remote, 0).into())?;
    allow_fragments(&socket, true)?;
    // What came before there was a peer is nobody's: the filter knows the call, but not from whom.
    let mut nobodys = [std::mem::MaybeUninit::uninit(); 1];
    while socket.recv(&mut nobodys).is_ok() {}
    Ok(socket)
}

/// Classic BPF (the kernel's socket filters) over the whole IP packet: enhanced GRE of this call.
fn only(call: u16) -> [SockFilter; 7] {
    const HEADER_LENGTH_TO_X: u16 = 0xb1;
    const LOAD_HALF_BEHIND_X: u16 = 0x48;
    const JUMP_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    [
        SockFilter::new(HEADER_LENGTH_TO_X, 0, 0, 0),
        SockFilter::new(LOAD_HALF_BEHIND_X, 0, 0, 2),
        SockFilter::new(JUMP_EQUAL, 0, 3, 0x880b),
        SockFilter::new(LOAD_HALF_BEHIND_X, 0, 0, 6),
        SockFilter::new(JUMP_EQUAL, 0, 1, u32::from(call)),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}
