//! A lane of UDP datagrams: a socket of its own for a dial, or a part of a listener's socket.
//!
//! Datagrams of one length that wait together leave in one system call (generic segmentation offload), and
//! what arrives together is read in one. What cannot be sent is lost, as it would be in any network, but for
//! one case: nobody has answered yet and the kernel knows that nobody is there.

use std::cell::RefCell;
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBufForce;
use onhook_effect::{HostError, HostErrorKind, LaneFacts};
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::UnboundedSender;

use super::elsewhere::Elsewhere;
use super::hand::{Hand, Inbox, either_ready};
use super::queue::Queue;
use super::tunnel::Tunnel;
use super::{LaneIo, Ready, Received, allow_fragments};
use crate::journal::SharedJournal;

const OPEN: &str = "connect to the server";
/// Something has come, be it the news that nobody is there.
const ARRIVED: Interest = Interest::READABLE.add(Interest::ERROR);
/// The longest datagram, or the most of several that the kernel joins.
const LONGEST: usize = 64 << 10;
/// Reads of one system call.
const BATCH: usize = 8;
/// While more octets than this wait, packets wait where they are.
const MARK: usize = 512 << 10;
/// Octets, by the kernel's reckoning, that may wait at a port where many call.
const HELD: usize = 4 << 20;
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
        let socket = UdpSocket::bind(address).await?;
        hold_more(&socket);
        Self::of(socket)
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

/// Lets many callers speak at once: what does not fit waits for its sender's timer, for a second or more. As
/// much as the kernel allows; without rights that is what it gives anyway.
fn hold_more(socket: &UdpSocket) {
    let held = setsockopt(socket, RcvBufForce, &HELD)
        .map_err(io::Error::from)
        .or_else(|_| SockRef::from(socket).set_recv_buffer_size(HELD));
    if let Err(error) = held {
        tracing::debug!(target: "host::lane", %error, "the socket holds what it does by itself");
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
    outgoing: Queue,
    has_heard: bool,
    /// Until a dial has met its server.
    elsewhere: Option<Elsewhere>,
    aside: Option<Aside>,
    /// The tunnel of a dial.
    tunnel: Option<Tunnel>,
    facts: LaneFacts,
}

/// Which datagrams of a shared port's lanes the listener sends in its own way, and how it gets them.
#[derive(Clone, Debug)]
pub struct Aside {
    /// Whether a datagram is one of them.
    pub picks: fn(&[u8]) -> bool,
    /// What tells the listener whose it is.
    pub tag: u16,
    /// Where they go. A lane sends no more of them than its link has reason to, so that their number is
    /// bounded by that of the calls.
    pub to: UnboundedSender<(u16, Vec<u8>)>,
}

impl UdpLane {
    /// Reaches for the first of these addresses to which there is a way.
    pub(crate) async fn dial(
        to: &[SocketAddr],
        journal: &SharedJournal,
    ) -> Result<LaneIo, HostError> {
        let text = "there is no address to connect to";
        let mut last = HostError::new(OPEN, HostErrorKind::NotFound, text);
        for address in to {
            match reach(*address).await {
                Ok(port) => {
                    let elsewhere = Elsewhere::beside(&port.socket, *address);
                    let elsewhere = elsewhere.inspect_err(|error| {
                        tracing::debug!(target: "host::lane", %error, "no other port is listened to");
                    });
                    let mut lane = Self::of(port, None, Arc::new(Mutex::new(*address)));
                    lane.elsewhere = elsewhere.ok();
                    lane.tunnel = Some(Tunnel::new(journal.clone()));
                    return Ok(LaneIo::Udp(Box::new(lane)));
                }
                Err(error) => last = HostError::from_io(OPEN, &error),
            }
        }
        Err(last)
    }

    fn of(port: Arc<UdpPort>, inbox: Option<Arc<Inbox>>, remote: SharedAddress) -> Self {
        let facts = LaneFacts {
            local: port.local_addr().ok(),
            remote: Some(address(&remote)),
            ..LaneFacts::default()
        };
        Self {
            port,
            inbox,
            remote,
            outgoing: Queue::default(),
            has_heard: false,
            elsewhere: None,
            aside: None,
            tunnel: None,
            facts,
        }
    }

    /// A caller's part of a listener's port: what the hand gives arrives, what is sent goes to the caller,
    /// whose address may be changed, or aside.
    pub fn shared(
        port: Arc<UdpPort>,
        remote: SharedAddress,
        aside: Option<Aside>,
    ) -> (LaneIo, Hand) {
        let inbox = Arc::<Inbox>::default();
        let mut lane = Self::of(port, Some(inbox.clone()), remote);
        lane.aside = aside;
        (LaneIo::Udp(Box::new(lane)), Hand::to(inbox))
    }

    /// What was received last is the server's: what is sent from now on goes where it came from.
    pub(super) fn follow_sender(&mut self) {
        let Some(elsewhere) = self.elsewhere.take() else { return };
        match elsewhere.follow(&self.port.socket) {
            Ok(Some(sender)) => {
                tracing::debug!(target: "host::lane", %sender, "the server answers from another port");
                *self.remote.lock().unwrap_or_else(PoisonError::into_inner) = sender;
            }
            Ok(None) => {}
            // What is sent goes where it went before, and is lost there if it must be.
            Err(error) => tracing::debug!(target: "host::lane", %error, "it cannot be followed"),
        }
    }

    pub(super) async fn ready(&self, read: bool, write: bool) -> io::Result<Ready> {
        let writable = self.port.socket.writable();
        let arrived = async {
            match &self.elsewhere {
                None => self.port.readable().await,
                Some(elsewhere) => tokio::select! {
                    own = self.port.readable() => own,
                    other = elsewhere.readable() => other,
                },
            }
        };
        let readable = (self.inbox.as_deref(), arrived);
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
            let tunnel = &mut self.tunnel;
            let read = self.port.receive(&mut |_, datagram| {
                any = true;
                if let Some(tunnel) = tunnel {
                    tunnel.hears(datagram);
                }
                octets += datagram.len();
                sink(datagram);
            });
            taken += octets;
            self.has_heard |= any;
            if let Some(elsewhere) = self.elsewhere.as_mut().filter(|_| any) {
                elsewhere.forget();
            }
            match read {
                Ok(true) => {}
                Ok(false) => return Ok(self.receive_elsewhere(sink)),
                Err(error) => self.judge(error)?,
            }
        }
        Ok(Received::More)
    }

    /// One at a time, so that the link can say of each whether it is the server's.
    fn receive_elsewhere(&mut self, sink: &mut dyn FnMut(&[u8])) -> Received {
        let tunnel = &mut self.tunnel;
        let mut sink = |datagram: &[u8]| {
            if let Some(tunnel) = tunnel {
                tunnel.hears(datagram);
            }
            sink(datagram);
        };
        let heard = self.elsewhere.as_mut().is_some_and(|elsewhere| elsewhere.receive(&mut sink));
        self.has_heard |= heard;
        if heard { Received::More } else { Received::Drained }
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

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.says(bytes, || Ok((self.port.local_addr()?, address(&self.remote))))?;
        }
        if let Some(aside) = self.aside.as_ref().filter(|aside| (aside.picks)(bytes)) {
            // A listener that is gone has taken its calls along.
            drop(aside.to.send((aside.tag, bytes.to_vec())));
            return Ok(());
        }
        self.outgoing.push(bytes);
        Ok(())
    }

    /// How many datagrams at the front leave in one call: of one length, the last perhaps shorter.
    fn run(&self) -> Option<(usize, usize, usize)> {
        let each = *self.outgoing.lengths().front()?;
        let most = self.port.state.max_gso_segments().max(1);
        let (mut count, mut octets) = (0, 0);
        for length in self.outgoing.lengths() {
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
            let run = self.outgoing.waiting().get(..octets).unwrap_or_default();
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
            self.outgoing.forget(count);
        }
        Ok(true)
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

impl Drop for UdpLane {
    /// However it came to its end: the server is told, if nobody has told it yet.
    fn drop(&mut self) {
        // Struck when the farewell has left.
        let Some(tunnel) = self.tunnel.take() else { return };
        if let Some(words) = tunnel.last_words() {
            self.port.send_or_lose(address(&self.remote), &words);
        }
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
    use super::super::LaneSignal;
    use super::*;

    async fn pair() -> (LaneIo, Arc<UdpPort>) {
        let port = UdpPort::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        (dial(port.local_addr().unwrap()).await, port)
    }

    async fn dial(address: SocketAddr) -> LaneIo {
        let folder = tempfile::tempdir().unwrap();
        let journal = crate::journal::Journal::open(folder.path(), "boot").unwrap();
        UdpLane::dial(&[address], &Arc::new(Mutex::new(journal))).await.unwrap()
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
        let mut lane = dial(address).await;
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
        let remote = Arc::new(Mutex::new("127.0.0.1:9".parse().unwrap()));
        let (mut lane, hand) = UdpLane::shared(port, remote.clone(), None);
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

    /// Waits until something has come; a socket may be called ready when it is not.
    async fn heard(lane: &mut LaneIo) -> Vec<Vec<u8>> {
        let mut heard = Vec::new();
        while heard.is_empty() {
            lane.ready(true, false).await.unwrap();
            lane.receive(1, &mut |d| heard.push(d.to_vec())).unwrap();
        }
        heard
    }

    #[tokio::test]
    async fn a_server_is_followed_to_another_port_when_the_link_says_so() {
        let (mut lane, port) = pair().await;
        lane.send(b"anybody?").unwrap();
        flushed(&mut lane).await.unwrap();
        let mut from = None;
        port.readable().await.unwrap();
        port.receive(&mut |sender, _| from = Some(sender)).unwrap();
        let dialer = from.unwrap();

        // Another station's word is not even heard, whatever it says; the server's is, from any port.
        let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
        stranger.send_to(b"stranger", dialer).await.unwrap();
        let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        other.send_to(b"from elsewhere", dialer).await.unwrap();
        assert_eq!(heard(&mut lane).await, [b"from elsewhere".to_vec()]);
        // As long as the link says nothing, the way is the old one.
        lane.send(b"who?").unwrap();
        flushed(&mut lane).await.unwrap();
        port.readable().await.unwrap();
        while port.receive(&mut |_, d| assert_eq!(d, b"who?")).unwrap() {}
        other.send_to(b"it is me", dialer).await.unwrap();
        assert_eq!(heard(&mut lane).await, [b"it is me".to_vec()]);
        lane.signal(LaneSignal::FollowSender);
        lane.send(b"you it is").unwrap();
        flushed(&mut lane).await.unwrap();
        let mut at_other = [0; 100];
        let length = other.recv(&mut at_other).await.unwrap();
        assert_eq!(&at_other[..length], b"you it is");
        // And now it is the only one: neither the port that was asked nor a third is heard.
        port.send_or_lose(dialer, b"old");
        let third = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        third.send_to(b"third", dialer).await.unwrap();
        other.send_to(b"new", dialer).await.unwrap();
        assert_eq!(heard(&mut lane).await, [b"new".to_vec()]);
    }

    #[tokio::test]
    async fn what_goes_aside_does_not_leave_by_the_port() {
        let port = UdpPort::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let caller = UdpPort::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let remote = Arc::new(Mutex::new(caller.local_addr().unwrap()));
        let (to, mut aside) = tokio::sync::mpsc::unbounded_channel();
        let aside_of = Aside { picks: |d| d.starts_with(b"c"), tag: 7, to };
        let (mut lane, _hand) = UdpLane::shared(port, remote, Some(aside_of));
        lane.send(b"control").unwrap();
        lane.send(b"data").unwrap();
        flushed(&mut lane).await.unwrap();
        caller.readable().await.unwrap();
        let mut left = Vec::new();
        caller.receive(&mut |_, d| left.push(d.to_vec())).unwrap();
        assert_eq!(left, [b"data".to_vec()]);
        assert_eq!(aside.recv().await, Some((7, b"control".to_vec())));
    }
}
