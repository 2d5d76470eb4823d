//! Messages that end with a NUL octet, and descriptors beside them.
//!
//! Varlink has no length field that could lie: a message lasts until its NUL, and only a bound keeps a
//! stranger from filling our memory. So each side says what it takes at most ([`Limits`]), and a service
//! can let the clients of a user share the right to send something large
//! ([`Framed::with_large_slots`]): then many clients that each begin a large message cost no more
//! than a few.
//!
//! The kernel hands descriptors over with the octets that they were sent with, and stops reading behind
//! those octets, but what was sent before may come in the same read. Descriptors therefore belong to the
//! last message that begins in what was read, which is theirs whenever a message with descriptors is sent
//! by a call of its own, as [`Framed::send`] does.
//!
//! Messages may carry passwords: every buffer is wiped when it is dropped, outgrown or used up.

use std::ffi::CStr;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::{Zeroize as _, Zeroizing};

/// What a side takes from the other at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one message.
    pub receive: usize,
    /// Descriptors that may come with one message; those beyond are closed.
    pub fds: usize,
}

impl Default for Limits {
    /// What a client takes: 64 MiB, which is the list of some 50,000 connections.
    fn default() -> Self {
        Self { receive: 64 << 20, fds: 4 }
    }
}

impl Limits {
    /// What the manager takes from a client: 2 MiB, an entry with its root certificates.
    pub const SERVER: Self = Self { receive: 2 << 20, fds: 4 };
}

/// Who is at the other end, as the kernel knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCredentials {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Process, when it connected.
    pub pid: i32,
}

/// A message is not as it must be; the talk ends.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The message is longer than the limit.
    #[error("a message is longer than {0} octets")]
    TooLong(usize),
    /// The stream ended in the midst of a message.
    #[error("the stream ended in the midst of a message")]
    CutShort,
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// One message, without its NUL, and the descriptors that came with it. Wiped when dropped: it may
/// carry a password.
#[derive(Debug)]
pub struct Frame {
    /// The JSON.
    pub bytes: Zeroizing<Vec<u8>>,
    /// The descriptors.
    pub fds: Vec<OwnedFd>,
    /// The right to be large is given back with the message.
    _slot: Option<OwnedSemaphorePermit>,
}

/// A stream of messages.
#[derive(Debug)]
pub struct Framed {
    stream: UnixStream,
    limits: Limits,
    buffer: Zeroizing<Vec<u8>>,
    /// Octets of the buffer that are known to hold no NUL.
    scanned: usize,
    /// What came with the octets, each with the place in the buffer where its message begins.
    fds: Vec<(usize, OwnedFd)>,
    /// Where the right to send something large is got from, and the one that was got.
    large: Option<Arc<Semaphore>>,
    slot: Option<OwnedSemaphorePermit>,
}

/// Room for a message to begin with, in octets: most calls fit.
const ROOM: usize = 4 * 1024;

/// The least that a longer one is given more, and the most octets taken from the socket in one go.
const CHUNK: usize = 16 * 1024;
const MOST: usize = 256 * 1024;

/// A message of more octets than this is a large one; and no more room than this is kept between
/// messages.
const SMALL: usize = 64 * 1024;

impl AsFd for Framed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Framed {
    /// Messages over this stream.
    pub fn new(stream: UnixStream, limits: Limits) -> Self {
        Self {
            stream,
            limits,
            buffer: Zeroizing::new(Vec::new()),
            scanned: 0,
            fds: Vec::new(),
            large: None,
            slot: None,
        }
    }

    /// A message of more than 64 KiB is received only while one of these is held; its [`Frame`] keeps
    /// it until it is dropped. While none is free, the sender waits.
    #[must_use]
    pub fn with_large_slots(mut self, slots: Arc<Semaphore>) -> Self {
        self.large = Some(slots);
        self
    }

    /// Who is at the other end.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn peer_credentials(&self) -> io::Result<PeerCredentials> {
        let peer = self.stream.peer_cred()?;
        Ok(PeerCredentials { uid: peer.uid(), gid: peer.gid(), pid: peer.pid().unwrap_or(0) })
    }

    /// The next message; `None` at the end of the stream. May be dropped and called again.
    ///
    /// # Errors
    /// When a message is too long or cut short, or the socket fails.
    pub async fn receive(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            if let Some(frame) = self.take_frame()? {
                return Ok(Some(frame));
            }
            if self.buffer.len() > SMALL
                && self.slot.is_none()
                && let Some(large) = &self.large
            {
                // Nobody closes it; without a right we would only be less frugal.
                self.slot = large.clone().acquire_owned().await.ok();
            }
            self.stream.readable().await?;
            if self.is_at_the_end()? {
                return Ok(None);
            }
        }
    }

    /// The same for whoever polls; large messages wait for no right here.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Frame>, FrameError>> {
        loop {
            if let Some(frame) = self.take_frame()? {
                return Poll::Ready(Ok(Some(frame)));
            }
            ready!(self.stream.poll_read_ready(cx))?;
            if self.is_at_the_end()? {
                return Poll::Ready(Ok(None));
            }
        }
    }

    /// Reads what is there; whether the stream has ended between two messages.
    fn is_at_the_end(&mut self) -> Result<bool, FrameError> {
        match self.read_some() {
            Ok(0) if self.buffer.is_empty() => Ok(true),
            Ok(0) => Err(FrameError::CutShort),
            Ok(_) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn take_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
        let Some(found) = message_end(unseen) else {
            self.scanned = self.buffer.len();
            return match self.scanned > self.limits.receive {
                true => Err(FrameError::TooLong(self.limits.receive)),
                false => Ok(None),
            };
        };
        let end = self.scanned + found;
        if end > self.limits.receive {
            return Err(FrameError::TooLong(self.limits.receive));
        }
        let rest = self.buffer.len() - end - 1;
        let bytes = if self.buffer.capacity() > 2 * SMALL {
            // A large one takes the room with it, and no copy is made of it.
            let rest = Zeroizing::new(self.buffer[end + 1..].to_vec());
            let mut bytes = std::mem::replace(&mut self.buffer, rest);
            bytes[end..].zeroize();
            bytes.truncate(end);
            bytes
        } else {
            let bytes = Zeroizing::new(self.buffer[..end].to_vec());
            self.buffer.copy_within(end + 1.., 0);
            self.buffer[rest..].zeroize();
            self.buffer.truncate(rest);
            bytes
        };
        self.scanned = 0;
        let (ours, later) = self.fds.drain(..).partition::<Vec<_>, _>(|(begin, _)| *begin <= end);
        self.fds = later.into_iter().map(|(begin, fd)| (begin - end - 1, fd)).collect();
        let fds = ours.into_iter().map(|(_, fd)| fd).collect();
        Ok(Some(Frame { bytes, fds, _slot: self.slot.take() }))
    }

    fn read_some(&mut self) -> io::Result<usize> {
        let filled = self.buffer.len();
        self.make_room();
        // Who has to wait for the right to be large does not get there in one go.
        let most = if self.large.is_some() && self.slot.is_none() { CHUNK } else { MOST };
        let room = self.buffer.capacity().min(filled + most);
        self.buffer.resize(room, 0);
        let mut fds = Vec::new();
        let Self { stream, buffer, .. } = self;
        let read = stream.try_io(Interest::READABLE, || {
            receive_with_fds(stream.as_fd(), &mut buffer[filled..], &mut fds)
        });
        // What was not read into holds nothing.
        self.buffer.truncate(filled + *read.as_ref().unwrap_or(&0));
        let read = read?;
        if let Some((_, before_last)) = self.buffer.split_last() {
            // A NUL at the very end begins no message.
            let begin = before_last.iter().rposition(|octet| *octet == 0).map_or(0, |at| at + 1);
            let there = self.fds.iter().filter(|(place, _)| *place == begin).count();
            let room = self.limits.fds.saturating_sub(there);
            self.fds.extend(fds.into_iter().take(room).map(|fd| (begin, fd)));
        }
        Ok(read)
    }

    /// There is room for something more; it is grown by hand, so that the old room is wiped and not only
    /// freed.
    fn make_room(&mut self) {
        let filled = self.buffer.len();
        if self.buffer.capacity() == filled {
            let wanted = if filled < ROOM { ROOM } else { filled + filled.max(CHUNK) };
            let mut larger = Vec::with_capacity(wanted);
            larger.extend_from_slice(&self.buffer);
            self.buffer = Zeroizing::new(larger);
        }
    }

    /// Resolves when the other side has hung up; takes no octets, and is not disturbed by those that
    /// wait.
    pub async fn closed(&self) {
        // To wait for urgent data, which there is none of, is to wait for the end alone: octets that lie
        // there do not wake it, as they would with `READABLE`.
        drop(self.stream.ready(Interest::PRIORITY | Interest::ERROR).await);
    }

    /// Whether the other side has hung up by now, and has left nothing to be read.
    pub fn is_closed(&self) -> bool {
        let flags = rustix::net::RecvFlags::PEEK | rustix::net::RecvFlags::DONTWAIT;
        matches!(rustix::net::recv(&self.stream, &mut [0; 1], flags), Ok((_, 0)))
    }

    /// Sends one short message if the socket takes it at once; for a last word to whom we drop.
    pub fn send_now(&self, bytes: &[u8]) {
        let message = [bytes, &[0]].concat();
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        // Nobody is owed it.
        rustix::net::send(&self.stream, &message, flags).ok();
    }

    /// Sends one message and its descriptors.
    ///
    /// # Errors
    /// When the other side has gone.
    pub async fn send(&mut self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let nul = [0_u8];
        let mut sent = 0;
        while sent <= bytes.len() {
            self.stream.writable().await?;
            let parts = [IoSlice::new(&bytes[sent.min(bytes.len())..]), IoSlice::new(&nul)];
            let result = self.stream.try_io(Interest::WRITABLE, || {
                let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
                let mut control = SendAncillaryBuffer::new(&mut space);
                if sent == 0 && !fds.is_empty() {
                    let fits = control.push(SendAncillaryMessage::ScmRights(fds));
                    debug_assert!(fits, "at most eight descriptors go with a message");
                }
                let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
                Ok(sendmsg(&self.stream, &parts, &mut control, flags)?)
            });
            match result {
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// How many octets there are before the NUL that ends a message; `None` where it has no end yet.
pub fn message_end(octets: &[u8]) -> Option<usize> {
    // Which is what ends a text of C: found by whole words, where a look at each octet would take as long as
    // the rest of the way that a long list goes.
    CStr::from_bytes_until_nul(octets).ok().map(CStr::count_bytes)
}

/// Reads octets, and takes the descriptors that came with them; more than eight are closed by the
/// kernel.
fn receive_with_fds(
    socket: BorrowedFd<'_>,
    chunk: &mut [u8],
    fds: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let got = recvmsg(socket, &mut [IoSliceMut::new(chunk)], &mut control, flags)?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            fds.extend(rights);
        }
    }
    Ok(got.bytes)
}
