//! A lane of Ethernet frames for PPPoE: packet sockets of its own for a dial, or a part of a listener's.
//!
//! Two sockets, one for discovery and one for sessions, because a packet socket takes one kind of frame or
//! all kinds. The kernel filters: of discovery only what is for us, of sessions our own; while nobody else on
//! this machine has any on the interface, all that are for us, since those are stale. Frames of sessions come
//! through a ring where there can be one, else in batches; they leave in batches. A session is written into
//! the record of changes when its first frame leaves, so that a concentrator is told of its end even when we
//! are killed.

mod alone;
mod filter;
mod only;
mod ring;
mod session;

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::socket::{MsgFlags, send};
use onhook_effect::{EthernetFacts, HostError, HostErrorKind, LaneFacts};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use self::alone::Lookups;
use self::filter::Filter;
use self::only::only_ethernet;
use self::ring::Ring;
use self::session::{Session, asks};
pub(crate) use self::session::{end_asked, end_session};
use super::batch::{BATCH, flush_run, read, register};
use super::hand::{Hand, Inbox, either_ready};
use super::queue::Queue;
use super::{LaneIo, Ready, Received};
use crate::clock;
use crate::crash_point;
use crate::journal::{Record, SharedJournal, Standing};
use crate::net::netlink::Netlink;

const OPEN: &str = "open the Ethernet interface";
const DISCOVERY: u16 = 0x8863;
const SESSION: u16 = 0x8864;
/// While more octets than this wait, packets wait where they are.
const MARK: usize = 512 << 10;
/// Blocks of a ring for one session: 256 frames, in half a mebibyte.
const BLOCKS_OF_ONE: u16 = 8;
/// And for all sessions of a wire: 1,024 frames.
const BLOCKS_OF_ALL: u16 = 32;
/// Something has come, be it the news that the interface is down.
const ARRIVED: Interest = Interest::READABLE.add(Interest::ERROR);

/// An Ethernet interface, for PPPoE.
#[derive(Debug)]
pub struct PacketPort {
    discovery: AsyncFd<OwnedFd>,
    session: AsyncFd<OwnedFd>,
    /// Where the session's frames come in; without it they are read from the socket.
    ring: Option<Ring>,
    interface: String,
    index: u32,
    lookups: Mutex<Lookups>,
    facts: EthernetFacts,
}

impl PacketPort {
    /// Opens an interface to answer there: every PPPoE frame is taken.
    ///
    /// # Errors
    /// When there is no such Ethernet, or we have not the rights (CAP_NET_RAW).
    pub fn listen(interface: &str) -> Result<Arc<Self>, HostError> {
        let opened = Self::open(interface, BLOCKS_OF_ALL, |_| (Filter::All, Filter::All));
        opened.map(Arc::new).map_err(|e| failed(interface, &e))
    }

    fn open(
        interface: &str,
        blocks: u16,
        filters: impl Fn([u8; 6]) -> (Filter, Filter),
    ) -> io::Result<Self> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, "there is no such interface");
        let link = Netlink::open()?.link_by_name(interface)?.ok_or_else(missing)?;
        if !link.is_up {
            return Err(io::Error::new(io::ErrorKind::NetworkDown, "the interface is down"));
        }
        let Some(address) = link.ethernet else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the interface is no Ethernet"));
        };
        let discovery = socket(link.index, DISCOVERY)?;
        let session = socket(link.index, SESSION)?;
        let ring = Ring::of(&session, blocks).inspect_err(|error| {
            tracing::debug!(target: "host::lane", interface, %error, "there is no ring: frames are read");
        });
        let (first, second) = filters(address);
        first.attach(&discovery)?;
        second.attach(&session)?;
        Ok(Self {
            discovery: register(discovery)?,
            session: register(session)?,
            ring: ring.ok(),
            interface: interface.to_owned(),
            index: link.index,
            lookups: Mutex::default(),
            facts: EthernetFacts { address, mtu: link.mtu },
        })
    }

    /// Our end of the wire.
    pub const fn facts(&self) -> EthernetFacts {
        self.facts
    }

    /// Whether nobody else on this machine has PPPoE sessions on this interface, as far as the kernel tells:
    /// then a session that is not ours is nobody's. `None` when it was asked too often lately.
    pub fn is_alone(&self) -> Option<bool> {
        let mut lookups = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
        if !lookups.permit(clock::now()) {
            return None;
        }
        let own = nix::sys::stat::fstat(self.session.get_ref()).ok()?.st_ino;
        Some(alone::is_alone(&self.interface, self.index, own))
    }

    /// Which frames of sessions are let in from now on.
    fn let_in(&self, filter: Filter) -> io::Result<()> {
        filter.attach(&SockRef::from(self.session.get_ref()))
    }

    /// Resolves when something has come.
    ///
    /// # Errors
    /// When the runtime shuts down.
    pub async fn readable(&self) -> io::Result<()> {
        tokio::select! {
            ready = self.discovery.readable() => ready.map(|mut guard| guard.retain_ready()),
            ready = self.session.ready(ARRIVED) => ready.map(|mut guard| guard.retain_ready()),
        }
    }

    /// Reads what has come, one batch of each kind; whether there may be more.
    ///
    /// # Errors
    /// When the interface is gone or down.
    pub fn receive(&self, sink: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        let discovery = read(&self.discovery, sink)?;
        let session = match &self.ring {
            Some(ring) => self.read_ring(ring, sink),
            None => read(&self.session, sink)?,
        };
        // That the interface has gone down is told by the socket, ring or not.
        let failure = self.session.try_io(Interest::ERROR, |fd| {
            SockRef::from(fd).take_error()?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
        });
        match failure {
            Ok(error) => Err(error),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(session || discovery),
            Err(error) => Err(error),
        }
    }

    /// One batch; whether there may be more. That there are frames is told by the socket.
    fn read_ring(&self, ring: &Ring, sink: &mut dyn FnMut(&[u8])) -> bool {
        let read = self.session.try_io(Interest::READABLE, |_| match ring.read(sink) {
            true => Ok(()),
            false => Err(io::ErrorKind::WouldBlock.into()),
        });
        read.is_ok()
    }

    /// Sends what the interface takes, in its order; true when nothing is left.
    fn flush(&self, queue: &mut Queue) -> io::Result<bool> {
        while let Some((is_session, count)) = run(queue) {
            let socket = if is_session { &self.session } else { &self.discovery };
            if !flush_run(queue, count, socket, is_loss)? {
                return Ok(false);
            }
            if !is_session {
                crash_point("a frame of discovery has left");
            }
        }
        Ok(true)
    }

    /// Sends one small frame now, or loses it.
    pub fn send_or_lose(&self, frame: &[u8]) {
        let sent = send(self.discovery.get_ref().as_raw_fd(), frame, MsgFlags::MSG_DONTWAIT);
        if let Err(error) = sent {
            tracing::debug!(target: "host::lane", %error, "a frame is lost");
        }
    }
}

/// How many of one kind stand in front, at most a batch, and whether they are of sessions.
fn run(queue: &Queue) -> Option<(bool, usize)> {
    let mut rest = queue.waiting();
    let mut kinds = queue.lengths().iter().take(BATCH).map(|length| {
        let (frame, others) = rest.split_at_checked(*length).unwrap_or((rest, &[]));
        rest = others;
        kind(frame) == Some(SESSION)
    });
    let first = kinds.next()?;
    Some((first, 1 + kinds.take_while(|kind| *kind == first).count()))
}

/// Ethernet's own name for what a frame carries.
fn kind(frame: &[u8]) -> Option<u16> {
    frame.get(12..)?.first_chunk().copied().map(u16::from_be_bytes)
}

/// The driver's queue is full, or the frame does not fit the wire: it is lost.
fn is_loss(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::EMSGSIZE))
}

fn failed(interface: &str, error: &io::Error) -> HostError {
    let mut failed = HostError::from_io(OPEN, error);
    failed.text = match failed.kind {
        HostErrorKind::NotPermitted => {
            format!("{interface}: the manager has not the right to packet sockets (CAP_NET_RAW)")
        }
        _ => format!("{interface}: {}", failed.text),
    };
    if failed.kind != HostErrorKind::NotPermitted {
        failed.kind = HostErrorKind::NoEthernet;
    }
    failed
}

/// A packet socket on one interface for one kind of frame. It is made for no kind at all, so that nothing
/// comes in before it is bound.
fn socket(index: u32, kind: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::PACKET, Type::RAW.nonblocking(), None::<Protocol>)?;
    Filter::Nothing.attach(&socket)?;
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: kind.to_be(),
        sll_ifindex: i32::try_from(index).map_err(|_| io::ErrorKind::InvalidInput)?,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let length = libc::socklen_t::try_from(size_of_val(&address)).unwrap_or(0);
    // SAFETY: `address` is a packet address of `length` octets, valid for the call; no crate binds one.
    let result = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    if result == 0 { Ok(socket) } else { Err(io::Error::last_os_error()) }
}

/// A session that was asked for, in the record of changes until it is there or the lane is gone.
#[derive(Debug)]
struct Asked {
    request: Vec<u8>,
    _standing: Standing,
}

/// A session that stands in the record of changes until it is over.
#[derive(Debug)]
struct Kept {
    session: Session,
    is_over: bool,
    _standing: Standing,
}

/// A lane of Ethernet frames.
#[derive(Debug)]
pub struct PacketLane {
    port: Arc<PacketPort>,
    inbox: Option<Arc<Inbox>>,
    journal: Option<SharedJournal>,
    asked: Option<Asked>,
    kept: Option<Kept>,
    outgoing: Queue,
    facts: LaneFacts,
}

impl PacketLane {
    /// Opens an interface for one session; `None` takes the only Ethernet that is up. Off the runtime's
    /// tasks: the kernel takes tens of milliseconds to give a ring, for which others would wait.
    pub(crate) async fn dial(
        interface: Option<&str>,
        journal: &SharedJournal,
    ) -> Result<LaneIo, HostError> {
        let (interface, journal) = (interface.map(str::to_owned), journal.clone());
        let opening =
            tokio::task::spawn_blocking(move || Self::open(interface.as_deref(), &journal));
        let told = |error: tokio::task::JoinError| {
            HostError::new(OPEN, HostErrorKind::Other, error.to_string())
        };
        opening.await.map_err(told)?
    }

    fn open(interface: Option<&str>, journal: &SharedJournal) -> Result<LaneIo, HostError> {
        let only;
        let interface = match interface {
            Some(interface) => interface,
            None => {
                only = only_ethernet()?;
                &only
            }
        };
        let port =
            PacketPort::open(interface, BLOCKS_OF_ONE, |ours| (Filter::To(ours), Filter::Nothing))
                .map_err(|e| failed(interface, &e))?;
        if port.is_alone() == Some(true) {
            let ours = Filter::To(port.facts.address);
            port.let_in(ours).map_err(|e| failed(interface, &e))?;
        }
        Ok(Self::of(Arc::new(port), None, Some(journal.clone())))
    }

    /// A caller's part of a listener's port: what the hand gives arrives.
    pub fn shared(port: Arc<PacketPort>) -> (LaneIo, Hand) {
        let inbox = Arc::<Inbox>::default();
        (Self::of(port, Some(inbox.clone()), None), Hand::to(inbox))
    }

    fn of(
        port: Arc<PacketPort>,
        inbox: Option<Arc<Inbox>>,
        journal: Option<SharedJournal>,
    ) -> LaneIo {
        let facts = LaneFacts { ethernet: Some(port.facts), ..LaneFacts::default() };
        LaneIo::Packet(Box::new(Self {
            port,
            inbox,
            journal,
            asked: None,
            kept: None,
            outgoing: Queue::default(),
            facts,
        }))
    }

    pub(super) async fn ready(&self, read: bool, write: bool) -> io::Result<Ready> {
        let writable =
            async { self.port.session.writable().await.map(|mut guard| guard.retain_ready()) };
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
        let (mut taken, mut is_shared) = (0, false);
        let (port, kept) = (&self.port, &mut self.kept);
        let mut received = Received::More;
        while taken < budget && received == Received::More {
            let more = port.receive(&mut |frame| {
                taken += frame.len();
                let is_ours = match kept {
                    Some(kept) => {
                        kept.is_over |= kept.session.is_ended_by(frame);
                        kept.session.has(frame)
                    }
                    None => false,
                };
                if is_ours || kind(frame) != Some(SESSION) {
                    return sink(frame);
                }
                match port.is_alone() {
                    Some(true) => sink(frame),
                    // Another's session is another's, and its frames are not to wake us.
                    Some(false) => is_shared = true,
                    None => {}
                }
            })?;
            if !more {
                received = Received::Drained;
            }
        }
        if is_shared {
            port.let_in(self.kept.as_ref().map_or(Filter::Nothing, |kept| kept.session.alone()))?;
        }
        Ok(received)
    }

    pub(super) fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.keep(frame)?;
        self.outgoing.push(frame);
        Ok(())
    }

    /// The first frame of a session writes it down, and lets its frames in.
    fn keep(&mut self, frame: &[u8]) -> io::Result<()> {
        if let Some(kept) = &mut self.kept {
            kept.is_over |= kept.session.is_ended_by(frame);
            return Ok(());
        }
        let Some(journal) = &self.journal else { return Ok(()) };
        if asks(frame) {
            return self.keep_asking(frame);
        }
        let Some(session) = Session::of(frame) else { return Ok(()) };
        let record = Record::Session {
            interface: self.port.interface.clone(),
            terminate: session.terminate(),
        };
        let standing = Standing::write(journal, &record).map_err(io::Error::other)?;
        crash_point("a PPPoE session is written down");
        self.kept = Some(Kept { session, is_over: false, _standing: standing });
        if self.port.is_alone() != Some(true) {
            self.port.let_in(session.alone())?;
        }
        self.asked = None;
        Ok(())
    }

    /// Between the asking and the first frame of the session only the concentrator knows of it.
    fn keep_asking(&mut self, request: &[u8]) -> io::Result<()> {
        let is_repeated = self.asked.as_ref().is_some_and(|asked| asked.request == request);
        let (Some(journal), false) = (&self.journal, is_repeated) else { return Ok(()) };
        let interface = self.port.interface.clone();
        let record = Record::Asked { interface, request: request.to_vec() };
        let standing = Standing::write(journal, &record).map_err(io::Error::other)?;
        // The earlier asking is struck when this one stands.
        self.asked = Some(Asked { request: request.to_vec(), _standing: standing });
        Ok(())
    }

    pub(super) fn flush(&mut self) -> io::Result<bool> {
        self.port.flush(&mut self.outgoing)
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

impl Drop for PacketLane {
    /// However it came to its end: the concentrator is told, if nobody has told it yet.
    fn drop(&mut self) {
        self.asked = None;
        // Struck when the farewell has left.
        if let Some(kept) = self.kept.take()
            && !kept.is_over
        {
            self.port.send_or_lose(&kept.session.terminate());
        }
    }
}
