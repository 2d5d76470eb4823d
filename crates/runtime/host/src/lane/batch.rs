//! Many datagrams in one system call, on sockets that no runtime's type covers.

use std::cell::RefCell;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::sys::socket::{MsgFlags, MultiHeaders, recvmmsg, send, sendmmsg};
use socket2::Socket;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::queue::Queue;

/// The longest datagram that is read: a jumbo payload and its headers.
const LONGEST: usize = 2048;
/// Datagrams of one system call.
pub(super) const BATCH: usize = 32;

/// Where one batch is read to.
struct Room {
    datagrams: Box<[[u8; LONGEST]; BATCH]>,
    headers: MultiHeaders<()>,
}

thread_local! {
    /// One for each thread: it is empty again before anybody else may need it.
    static ROOM: RefCell<Room> = RefCell::new(Room {
        datagrams: Box::new([[0; LONGEST]; BATCH]),
        headers: MultiHeaders::preallocate(BATCH, None),
    });
    static HEADERS: RefCell<MultiHeaders<()>> =
        RefCell::new(MultiHeaders::preallocate(BATCH, None));
}

/// Hands a socket over to the runtime.
pub(super) fn register(socket: Socket) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is owned by what is registered, and so stays open and the same one until the
    // registration ends.
    Ok(unsafe { AsyncFd::register(OwnedFd::from(socket)) }?)
}

/// Reads one batch; whether there may be more.
pub(super) fn read(socket: &AsyncFd<OwnedFd>, sink: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
    ROOM.with_borrow_mut(|Room { datagrams, headers }| {
        let mut lengths = [0; BATCH];
        let mut slices = datagrams.each_mut().map(|datagram| [IoSliceMut::new(datagram)]);
        let result = socket.try_io(Interest::READABLE, |fd| {
            let flags = MsgFlags::MSG_DONTWAIT;
            let read = recvmmsg(fd.as_raw_fd(), headers, slices.iter_mut(), flags, None)?;
            Ok(lengths.iter_mut().zip(read).map(|(length, read)| *length = read.bytes).count())
        });
        let count = match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            count => count?,
        };
        for (datagram, length) in datagrams.iter().zip(lengths).take(count) {
            sink(datagram.get(..length).unwrap_or_default());
        }
        Ok(count == BATCH)
    })
}

/// Sends what the socket takes; true when nothing is left. What `is_loss` says of an error decides whether
/// the datagram is lost, as it would be in any network, or the socket.
pub(super) fn flush(
    queue: &mut Queue,
    socket: &AsyncFd<OwnedFd>,
    is_loss: impl Fn(&io::Error) -> bool,
) -> io::Result<bool> {
    let count = queue.lengths().len();
    flush_run(queue, count, socket, is_loss)
}

/// The same for so many at the front alone.
pub(super) fn flush_run(
    queue: &mut Queue,
    count: usize,
    socket: &AsyncFd<OwnedFd>,
    is_loss: impl Fn(&io::Error) -> bool,
) -> io::Result<bool> {
    let mut left = count;
    while left > 0 {
        let gone = match socket.try_io(Interest::WRITABLE, |fd| send_some(queue, left, fd)) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            // It was the first one's: the others are tried for themselves.
            Err(error) if is_loss(&error) => {
                tracing::debug!(target: "host::lane", %error, "a datagram is lost");
                1
            }
            Err(error) => return Err(error),
        };
        queue.forget(gone);
        left = left.saturating_sub(gone);
    }
    Ok(true)
}

/// How many of the first `most` have left.
fn send_some(queue: &Queue, most: usize, fd: &OwnedFd) -> io::Result<usize> {
    let flags = MsgFlags::MSG_DONTWAIT;
    let mut rest = queue.waiting();
    if let (1, Some(length)) = (most, queue.lengths().front()) {
        send(fd.as_raw_fd(), rest.get(..*length).unwrap_or_default(), flags)?;
        return Ok(1);
    }
    let mut slices = [[].as_slice(); BATCH].map(|nothing| [IoSlice::new(nothing)]);
    let mut count = 0;
    for (slice, length) in slices.iter_mut().zip(queue.lengths()).take(most) {
        let Some((datagram, others)) = rest.split_at_checked(*length) else { break };
        *slice = [IoSlice::new(datagram)];
        rest = others;
        count += 1;
    }
    let slices = slices.get(..count).unwrap_or_default();
    HEADERS.with_borrow_mut(|headers| {
        let addresses = [None::<()>; BATCH];
        let sent = sendmmsg(fd.as_raw_fd(), headers, slices, addresses, [], flags)?;
        Ok(sent.count())
    })
}
