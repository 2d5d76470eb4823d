//! A lane of UDP datagrams: a socket of its own for a dial, or a part of a listener's socket.
//!
//! Datagrams of one length that wait together leave in one system call (generic segmentation offload), and
//! what arrives together is read in one. What cannot be sent is lost, as it would be in any network, but for
//! one case: nobody has answered yet and the kernel knows that nobody is there.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use onhook_effect::{HostError, HostErrorKind, LaneFacts};
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::hand::{Hand, Inbox, either_ready};
use super::{LaneIo, Ready, Received, allow_fragments};

const OPEN: &str = "connect to the server";
/// Something has come, be it the news that nobody is there.
const ARRIVED: Interest = Interest::READABLE.add(Interest::ERROR);
/// The longest datagram, or the most of several that the kernel joins.
const LONGEST: usize = 64 << 10;
/// Reads of one system call.
const BATCH: usize = 8;
/// While more octets than this wait, packets wait where they are.
const MARK: usize = 512 << 10;
/// The most octets that may wait; further datagrams are lost.
const MOST_QUEUED: usize = 1 << 20;
/// The most octets of datagrams that leave in one call.
const MOST_AT_ONCE: usize = 60_000;

thread_local! {
    /// Room for what is read; it is empty again before anybody else may need it.
    static ROOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A UDP socket with what its kernel can do.
#[derive(Debug)]
pub struct UdpPort {
    socket: UdpSocket,
    state: UdpSocketState,
}

impl UdpPort {
    /// Listens.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn bind(address: SocketAddr) -> io::Result<Arc<Self>> {
        Self::of(UdpSocket::bind(address).await?)
    }

    fn of(socket: UdpSocket) -> io::Result<Arc<Self>> {
        let state = UdpSocketState::new((&socket).into())?;
        allow_fragments(&socket, socket.local_addr()?.is_ipv4())?;
        Ok(Arc::new(Self { socket, state }))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Resolves when something has come.
    ///
    /// # Errors
    /// When the runtime shuts down.
    pub async fn readable(&self) -> io::Result<()> {
        self.socket.ready(ARRIVED).await.map(drop)
    }

    /// Reads what has come, in one call; `sink` is given each datagram and its sender. Whether there may
    /// be more.
    ///
    /// # Errors
    /// What the socket says; of an earlier datagram that could not be delivered, for instance.
    pub fn receive(&self, sink: &mut dyn FnMut(SocketAddr, &[u8])) -> io::Result<bool> {
        ROOM.with_borrow_mut(|room| {
            room.resize(LONGEST * BATCH, 0);
            let mut slices: Vec<_> = room.chunks_mut(LONGEST).map(IoSliceMut::new).collect();
            let mut facts = [RecvMeta::default(); BATCH];
            let mut recv = || self.state.recv((&self.socket).into(), &mut slices, &mut facts);
            // The runtime knows of one kind of news at a time.
            let read = match self.socket.try_io(Interest::READABLE, &mut recv) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket.try_io(Interest::ERROR, recv)
                }
                read => read,
            };
            let count = match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                read => read?,
            };
            for (slice, fact) in slices.iter().zip(&facts).take(count) {
                let joined = slice.get(..fact.len).unwrap_or_default();
                for datagram in joined.chunks(fact.stride.max(1)) {
                    sink(fact.addr, datagram);
                }
            }
            Ok(true)
        })
    }

    /// Sends one datagram, or several of one length, of which the last may be shorter.
    fn send(&self, to: SocketAddr, datagrams: &[u8], each: usize) -> io::Result<()> {
        let transmit = Transmit {
            destination: to,
            ecn: None,
            contents: datagrams,
            segment_size: (datagrams.len() > each).then_some(each),
            src_ip: None,
        };
        self.socket
            .try_io(Interest::WRITABLE, || self.state.try_send((&self.socket).into(), &transmit))
    }

    /// Sends one small datagram now, or loses it.
    pub fn send_or_lose(&self, to: SocketAddr, datagram: &[u8]) {
        if let Err(error) = self.send(to, datagram, datagram.len()) {
            tracing::debug!(target: "host::lane", %to, %error, "a datagram is lost");
        }
    }
}

/// Where the caller of a shared port is, as far as is known now: its port may change behind a NAT.
pub type SharedAddress = Arc<Mutex<SocketAddr>>;

/// A lane of datagrams.
#[derive(Debug)]
pub struct UdpLane {
    port: Arc<UdpPort>,
    /// Where datagrams are handed over, when the socket is not ours alone.
    inbox: Option<Arc<Inbox>>,
    remote: SharedAddress,
    outgoing: Vec<u8>,
    /// The octets of `outgoing` that have left.
    written: usize,
    lengths: VecDeque<usize>,
    has_heard: bool,
    facts: LaneFacts,
}

impl UdpLane {
    /// Reaches for the first of these addresses to which there is a way.
    pub(crate) async fn dial(to: &[SocketAddr]) -> Result<LaneIo, HostError> {
        let text = "there is no address to connect to";
        let mut last = HostError::new(OPEN, HostErrorKind::NotFound, text);
        for address in to {
            match reach(*address).await {
                Ok(port) => return Ok(Self::of(port, None, Arc::new(Mutex::new(*address)))),
                Err(error) => last = HostError::from_io(OPEN, &error),
            }
        }
        Err(last)
    }

    fn of(port: Arc<UdpPort>, inbox: Option<Arc<Inbox>>, remote: SharedAddress) -> LaneIo {
        let facts = LaneFacts {
            local: port.local_addr().ok(),
            remote: Some(address(&remote)),
            ..LaneFacts::default()
        };
        LaneIo::Udp(Box::new(Self {
            port,
            inbox,
            remote,
            outgoing: Vec::new(),
            written: 0,
            lengths: VecDeque::new(),
            has_heard: false,
            facts,
        }))
    }

    /// A caller's part of a listener's port: what the hand gives arrives, what is sent goes to the caller,
    /// whose address may be changed.
    pub fn shared(port: Arc<UdpPort>, remote: SocketAddr) -> (LaneIo, Hand, SharedAddress) {
        let inbox = Arc::<Inbox>::default();
        let address = Arc::new(Mutex::new(remote));
        let lane = Self::of(port, Some(inbox.clone()), address.clone());
        (lane, Hand::to(inbox), address)
    }

    pub(super) async fn ready(&self, read: bool, write: bool) -> io::Result<Ready> {
        let writable = self.port.socket.writable();
        let readable = (self.inbox.as_deref(), self.port.readable());
        either_ready(readable, writable, (read, write)).await
    }

    pub(super) fn receive(
        &mut self,
        budget: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Received> {
        if let Some(inbox) = &self.inbox {
            return Ok(inbox.receive(budget, sink));
        }
        let mut taken = 0;
        while taken < budget {
            let (mut octets, mut any) = (0, false);
            let read = self.port.receive(&mut |_, datagram| {
                any = true;
                octets += datagram.len();
                sink(datagram);
            });
            taken += octets;
            self.has_heard |= any;
            match read {
                Ok(true) => {}
                Ok(false) => return Ok(Received::Drained),
                Err(error) => self.judge(error)?,
            }
        }
        Ok(Received::More)
    }

    /// A peer that has answered before may answer again, when the way is there again; who has never
    /// answered, and is known not to be there, will not.
    fn judge(&self, error: io::Error) -> io::Result<()> {
        let nobody = error.kind() == io::ErrorKind::ConnectionRefused;
        if nobody && !self.has_heard && self.inbox.is_none() {
            return Err(error);
        }
        tracing::debug!(target: "host::lane", %error, "a datagram was lost");
        Ok(())
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        if self.queued() + bytes.len() <= MOST_QUEUED && !bytes.is_empty() {
            self.outgoing.extend_from_slice(bytes);
            self.lengths.push_back(bytes.len());
        }
    }

    /// How many datagrams at the front leave in one call: of one length, the last perhaps shorter.
    fn run(&self) -> Option<(usize, usize, usize)> {
        let each = *self.lengths.front()?;
        let most = self.port.state.max_gso_segments().max(1);
        let (mut count, mut octets) = (0, 0);
        for length in &self.lengths {
            if count == most || *length > each || octets + length > MOST_AT_ONCE.max(each) {
                break;
            }
            count += 1;
            octets += length;
            if *length < each {
                break;
            }
        }
        Some((count, octets, each))
    }

    pub(super) fn flush(&mut self) -> io::Result<bool> {
        let to = address(&self.remote);
        while let Some((count, octets, each)) = self.run() {
            let run = self.outgoing.get(self.written..self.written + octets).unwrap_or_default();
            match self.port.send(to, run, each) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // A route may refuse to cut them: the next time they go one by one.
                Err(error) if count > 1 && self.port.state.max_gso_segments() == 1 => {
                    tracing::debug!(target: "host::lane", %error, "no segmentation here");
                    continue;
                }
                sent => sent.or_else(|error| self.judge(error))?,
            }
            self.lengths.drain(..count);
            self.written += octets;
        }
        self.outgoing.clear();
        self.written = 0;
        Ok(true)
    }

    pub(super) const fn queued(&self) -> usize {
        self.outgoing.len() - self.written
    }

    pub(super) const fn mark(&self) -> usize {
        MARK
    }

    pub(super) const fn facts(&self) -> &LaneFacts {
        &self.facts
    }
}

async fn reach(address: SocketAddr) -> io::Result<Arc<UdpPort>> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    // The kernel lets only this peer's datagrams through, and tells when nobody is there.
    socket.connect(address).await?;
    UdpPort::of(socket)
}

fn address(shared: &SharedAddress) -> SocketAddr {
    *shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pair() -> (LaneIo, Arc<UdpPort>) {
        let port = UdpPort::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        (UdpLane::dial(&[port.local_addr().unwrap()]).await.unwrap(), port)
    }

    async fn flushed(lane: &mut LaneIo) -> io::Result<()> {
        while !lane.flush()? {
            lane.ready(false, true).await?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn datagrams_arrive_each_for_itself_however_they_left() {
        let (mut lane, port) = pair().await;
        let lengths = [100, 1400, 1400, 1400, 300, 1, 1, 60_000, 5];
        for (number, length) in (0_u8..).zip(lengths) {
            lane.send(&vec![number; length]).unwrap();
        }
        flushed(&mut lane).await.unwrap();
        let mut found = Vec::new();
        while found.len() < lengths.len() {
            port.readable().await.unwrap();
            while port.receive(&mut |_, d| found.push((d[0], d.len()))).unwrap() {}
        }
        let expected: Vec<_> = (0_u8..).zip(lengths).collect();
        assert_eq!(found, expected);
        assert_eq!(lane.queued(), 0);
    }

    #[tokio::test]
    async fn nobody_there_is_told_at_once_and_only_before_an_answer() {
        let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = closed.local_addr().unwrap();
        drop(closed);
        let mut lane = UdpLane::dial(&[address]).await.unwrap();
        lane.send(b"anybody?").unwrap();
        let first = flushed(&mut lane).await;
        let error = match first {
            Err(error) => error,
            Ok(_) => {
                lane.ready(true, false).await.unwrap();
                lane.receive(100, &mut |_| {}).unwrap_err()
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);

        let (mut lane, port) = pair().await;
        lane.send(b"hello").unwrap();
        flushed(&mut lane).await.unwrap();
        let mut from = None;
        port.readable().await.unwrap();
        port.receive(&mut |sender, _| from = Some(sender)).unwrap();
        port.send_or_lose(from.unwrap(), b"here");
        lane.ready(true, false).await.unwrap();
        let mut heard = Vec::new();
        lane.receive(100, &mut |d| heard.push(d.to_vec())).unwrap();
        assert_eq!(heard, [b"here".to_vec()]);
        drop(port);
        for _ in 0..10 {
            lane.send(b"still there?").unwrap();
            flushed(&mut lane).await.unwrap();
            lane.receive(100, &mut |_| {}).unwrap();
        }
    }

    #[tokio::test]
    async fn a_shared_port_hands_over_and_ends_with_the_hand() {
        let port = UdpPort::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let caller = UdpPort::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (mut lane, hand, remote) = UdpLane::shared(port, "127.0.0.1:9".parse().unwrap());
        *remote.lock().unwrap() = caller.local_addr().unwrap();
        hand.give(b"one");
        lane.ready(true, false).await.unwrap();
        let mut heard = Vec::new();
        let left = lane.receive(100, &mut |d| heard.push(d.to_vec())).unwrap();
        assert_eq!((heard, left), (vec![b"one".to_vec()], Received::Drained));
        lane.send(b"answer").unwrap();
        flushed(&mut lane).await.unwrap();
        caller.readable().await.unwrap();
        drop(hand);
        lane.ready(true, false).await.unwrap();
        assert_eq!(lane.receive(100, &mut |_| {}).unwrap(), Received::Closed);
    }
}
