//! Answers from another port of the server that was asked (RFC 2661 §8.1 lets an L2TP server choose one).
//!
//! The dial's own socket is connected, so that the kernel keeps everybody else away and tells when nobody is
//! there. Until the link has met its server a second socket listens on the same local port; the kernel gives
//! it what comes from elsewhere, and it takes what comes from the server's address. Where the link finds
//! that such a datagram was the server's, the first socket is connected anew, to there.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use tokio::net::UdpSocket;

/// The second socket.
#[derive(Debug)]
pub(super) struct Elsewhere {
    socket: UdpSocket,
    server: SocketAddr,
    /// Where the last datagram came from, if it came through here.
    sender: Option<SocketAddr>,
    room: Box<[u8]>,
}

/// Longer first answers than this are cut, and so not understood.
const ROOM: usize = 4096;

impl Elsewhere {
    /// Listens beside a socket that is connected to `server`.
    pub(super) fn beside(socket: &UdpSocket, server: SocketAddr) -> io::Result<Self> {
        let any: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, socket.local_addr()?.port()).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, socket.local_addr()?.port()).into(),
        };
        let own = SockRef::from(socket);
        let second = Socket::new(Domain::for_address(any), Type::DGRAM, Some(Protocol::UDP))?;
        // Only for the time of binding, so that no third socket of ours is ever given this port.
        own.set_reuse_port(true)?;
        let bound = second.set_reuse_port(true).and_then(|()| second.bind(&SockAddr::from(any)));
        own.set_reuse_port(false)?;
        bound?;
        second.set_reuse_port(false)?;
        second.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(second.into())?;
        Ok(Self { socket, server, sender: None, room: vec![0; ROOM].into() })
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Reads one datagram of the server's and gives it to `sink`; whether there was one.
    pub(super) fn receive(&mut self, sink: &mut dyn FnMut(&[u8])) -> bool {
        self.sender = None;
        while let Ok((length, from)) = self.socket.try_recv_from(&mut self.room) {
            if from.ip() == self.server.ip() {
                self.sender = Some(from);
                sink(self.room.get(..length).unwrap_or_default());
                return true;
            }
            tracing::debug!(target: "host::lane", %from, "a datagram that is not the server's");
        }
        false
    }

    /// What was received last came through the first socket.
    pub(super) const fn forget(&mut self) {
        self.sender = None;
    }

    /// Connects the first socket to where the last datagram came from, if it came through here.
    pub(super) fn follow(self, socket: &UdpSocket) -> io::Result<Option<SocketAddr>> {
        let Some(sender) = self.sender else { return Ok(None) };
        SockRef::from(socket).connect(&SockAddr::from(sender))?;
        Ok(Some(sender))
    }
}
