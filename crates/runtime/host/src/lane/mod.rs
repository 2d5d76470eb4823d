//! Lanes: carriers of bytes that the host opens.
//!
//! Their readiness is awaited, their reading and writing is not: one task drives lane, packets and
//! timers, and nothing is allocated for a packet.

mod batch;
mod certificate;
mod connect;
mod elsewhere;
mod gre;
mod hand;
mod line;
mod packet;
mod queue;
mod session;
mod talk;
mod terminal;
mod tls;
mod trust;
mod tunnel;
mod udp;

#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::AsRawFd;

use onhook_effect::LaneFacts;

pub use certificate::{certificate_facts, certificate_names};
pub(crate) use gre::GreLane;
pub use hand::Hand;
pub use line::LineLane;
pub use packet::{PacketLane, PacketPort};
pub(crate) use packet::{end_asked, end_session};
pub use talk::{EapServer, TalkFacts, TalkFault, TalkStage, Talked, TlsTalk};
pub use terminal::PORT_LOCKS;
pub(crate) use terminal::{Settings, give_back, release as release_port};
pub use tls::{TlsLane, server_config};
pub(crate) use trust::TrustStore;
pub(crate) use tunnel::LastWords;
pub use udp::{Aside, SharedAddress, UdpLane, UdpPort};

/// What is done to a lane beside its octets: to the wires of a terminal, or to where datagrams go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneSignal {
    /// Data Terminal Ready goes low.
    DropDtr,
    /// It goes high again.
    RaiseDtr,
    /// From now on a lost carrier ends the lane, where there is a carrier now.
    WatchCarrier,
    /// What was received last is the peer's: what is sent from now on goes where it came from.
    FollowSender,
    /// From now on it does not.
    IgnoreCarrier,
}

/// What a lane is ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// [`LaneIo::receive`] has something to do, be it to tell of the end.
    pub readable: bool,
    /// [`LaneIo::flush`] can write something.
    pub writable: bool,
}

/// Why [`LaneIo::receive`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// The budget is spent and there may be more.
    More,
    /// Nothing is left for now.
    Drained,
    /// The other side has ended the stream; nothing will come any more.
    Closed,
}

/// A carrier of bytes of one connection.
#[derive(Debug)]
pub enum LaneIo {
    /// TLS over TCP.
    Tls(Box<TlsLane>),
    /// Plain octets: a terminal, TCP, a Unix socket.
    Line(Box<LineLane>),
    /// UDP datagrams.
    Udp(Box<UdpLane>),
    /// Ethernet frames.
    Packet(Box<PacketLane>),
    /// GRE packets.
    Gre(Box<GreLane>),
}

/// The same call for every kind of lane.
macro_rules! each {
    ($lanes:expr, $lane:ident => $call:expr) => {
        match $lanes {
            LaneIo::Tls($lane) => $call,
            LaneIo::Line($lane) => $call,
            LaneIo::Udp($lane) => $call,
            LaneIo::Packet($lane) => $call,
            LaneIo::Gre($lane) => $call,
        }
    };
}

impl LaneIo {
    /// Resolves when the lane can be read (if `read`) or written (if `write`); for ever pending when
    /// neither is wanted. May be dropped and called again.
    ///
    /// # Errors
    /// When the runtime shuts down.
    pub async fn ready(&self, read: bool, write: bool) -> io::Result<Ready> {
        each!(self, lane => lane.ready(read, write).await)
    }

    /// Reads and decrypts until nothing is left or about `budget` octets of plaintext went to `sink`
    /// (at most one read of 128 KiB more).
    ///
    /// # Errors
    /// When the socket fails, or the other side breaks the rules of TLS.
    pub fn receive(&mut self, budget: usize, sink: &mut dyn FnMut(&[u8])) -> io::Result<Received> {
        each!(self, lane => lane.receive(budget, sink))
    }

    /// Takes bytes to be sent; [`flush`](Self::flush) sends them. Small messages are gathered to full
    /// records.
    ///
    /// # Errors
    /// After [`close_politely`](Self::close_politely), and when more than 8 MiB would wait: the owner
    /// is to look at [`queued`](Self::queued) long before.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tls(lane) => lane.send(bytes),
            Self::Line(lane) => lane.send(bytes),
            Self::Packet(lane) => lane.send(bytes),
            Self::Udp(lane) => lane.send(bytes),
            // A network loses what it cannot take.
            Self::Gre(lane) => {
                lane.send(bytes);
                Ok(())
            }
        }
    }

    /// Writes what the socket takes; true when nothing is left.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn flush(&mut self) -> io::Result<bool> {
        each!(self, lane => lane.flush())
    }

    /// Octets that wait for the socket.
    pub fn queued(&self) -> usize {
        each!(self, lane => lane.queued())
    }

    /// How long what was written still takes to leave, where a close would throw it away; `None` when
    /// there is no such thing. Ask again after that time: flow control may hold it up.
    pub fn drains_in(&self) -> Option<std::time::Duration> {
        match self {
            Self::Line(lane) => lane.drains_in(),
            Self::Tls(_) | Self::Udp(_) | Self::Packet(_) | Self::Gre(_) => None,
        }
    }

    /// While more octets than this wait for the socket, packets should wait where they are.
    pub fn mark(&self) -> usize {
        each!(self, lane => lane.mark())
    }

    /// Queues the words with which this kind of lane says that nothing more will come.
    pub fn close_politely(&mut self) {
        match self {
            Self::Tls(lane) => lane.close_politely(),
            // These have no word of their own for it.
            Self::Line(_) | Self::Udp(_) | Self::Packet(_) | Self::Gre(_) => {}
        }
    }

    /// From now on its end is a reset: nothing of it stays in the kernel to be delivered to a peer that
    /// had time enough to take it (RFC 9293 §3.10.7, ABORT).
    pub fn close_hard(&self) {
        match self {
            Self::Tls(lane) => lane.close_hard(),
            Self::Line(lane) => lane.close_hard(),
            Self::Udp(_) | Self::Packet(_) | Self::Gre(_) => {}
        }
    }

    /// Does something to a lane, if it is one to which that can be done.
    pub fn signal(&mut self, signal: LaneSignal) {
        match (self, signal) {
            (Self::Line(lane), signal) => lane.signal(signal),
            (Self::Udp(lane), LaneSignal::FollowSender) => lane.follow_sender(),
            (Self::Tls(_) | Self::Udp(_) | Self::Packet(_) | Self::Gre(_), _) => {}
        }
    }

    /// Gives octets back that were read too early: they are received first. Only lines take them.
    pub fn unread(&mut self, octets: Vec<u8>) {
        if let Self::Line(lane) = self {
            lane.unread(octets);
        }
    }

    /// What is known of it.
    pub fn facts(&self) -> &LaneFacts {
        each!(self, lane => lane.facts())
    }
}

/// From now on the end of a TCP stream is a reset. Fails only when the socket is gone already.
fn reset_on_close(stream: &tokio::net::TcpStream) {
    drop(socket2::SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO)));
}

/// A tunnel's packets may be cut in pieces on the way; better than not to arrive.
fn allow_fragments(socket: &impl AsRawFd, is_ipv4: bool) -> io::Result<()> {
    let (level, option, value) = match is_ipv4 {
        true => (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DONT),
        false => (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_DONT),
    };
    let length = libc::socklen_t::try_from(size_of_val(&value)).unwrap_or(4);
    // SAFETY: the descriptor is open while `socket` is borrowed, and `value` is valid for `length` octets,
    // which the kernel only reads; no crate offers this option.
    let result = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), length)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
