//! Requests to the kernel's routing socket (rtnetlink(7)).
//!
//! The kernel acts on a request before `sendmsg` returns, so that a request and its answer are two
//! system calls of some microseconds and need no task. A socket belongs for ever to the network
//! namespace that it was opened in: with one that was opened inside, a namespace is served from
//! outside.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::sys::socket::sockopt::ReceiveTimeout;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, setsockopt, socket,
};
use nix::sys::time::{TimeVal, TimeValLike as _};
use onhook_base::{Malformed, Reader};

pub(crate) const NEWLINK: u16 = 16;
pub(crate) const DELLINK: u16 = 17;
pub(crate) const GETLINK: u16 = 18;
pub(crate) const NEWADDR: u16 = 20;
pub(crate) const DELADDR: u16 = 21;
pub(crate) const NEWROUTE: u16 = 24;
pub(crate) const DELROUTE: u16 = 25;
pub(crate) const GETROUTE: u16 = 26;

const REQUEST: u16 = 0x01;
const WANT_ACK: u16 = 0x04;
/// Fail when it exists; with [`CREATE`].
pub(crate) const EXCLUSIVE: u16 = 0x200;
pub(crate) const CREATE: u16 = 0x400;

const ERROR: u16 = 2;
const DONE: u16 = 3;
const HEADER: usize = 16;
const NESTED: u16 = 0x8000;
/// The kernel fills at most this for one answer.
const ANSWER: usize = 32 << 10;
/// Messages of one answer; a dump of more is cut.
const MOST_MESSAGES: usize = 100_000;

/// A message that is being built.
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// Begins a message of this kind with its fixed part.
    pub(crate) fn new(kind: u16, flags: u16, fixed: &[u8]) -> Self {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(flags | REQUEST | WANT_ACK).to_ne_bytes());
        bytes.extend_from_slice(fixed);
        Self { bytes }
    }

    /// Adds an attribute.
    pub(crate) fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        put(&mut self.bytes, kind, value);
        self
    }

    /// Adds a number.
    pub(crate) fn number(self, kind: u16, value: u32) -> Self {
        self.attribute(kind, &value.to_ne_bytes())
    }

    /// Adds a text, ended by zero.
    pub(crate) fn text(self, kind: u16, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.attribute(kind, &bytes)
    }

    fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes[0..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.bytes
    }
}

/// An attribute that holds attributes.
pub(crate) fn nested(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, kind | NESTED, value);
    bytes
}

/// One attribute by itself.
pub(crate) fn plain(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, kind, value);
    bytes
}

fn put(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&length.to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// A message of the kernel's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) kind: u16,
    pub(crate) body: Vec<u8>,
}

/// The attributes of a message, behind a fixed part of `skip` octets. What makes no sense ends them.
pub(crate) fn attributes(body: &[u8], skip: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut reader = Reader::new(body.get(skip..).unwrap_or_default());
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(reader.array().ok()?));
        let kind = u16::from_ne_bytes(reader.array().ok()?) & !NESTED;
        let value = reader.take(length.checked_sub(4)?).ok()?;
        let padding = (length.next_multiple_of(4) - length).min(reader.remaining());
        reader.take(padding).ok()?;
        Some((kind, value))
    })
}

/// A number out of an attribute.
pub(crate) fn number(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_ne_bytes)
}

/// A routing socket in one network namespace.
#[derive(Debug)]
pub(crate) struct Netlink {
    socket: OwnedFd,
    /// The number of the next request; held until its answer is there, so that no two mix.
    next: Mutex<u32>,
}

impl Netlink {
    /// Opens one in the network namespace of this thread.
    pub(crate) fn open() -> io::Result<Self> {
        let socket = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkRoute,
        )?;
        // The answer is there when the request has been sent; the timeout is for kernels that err.
        setsockopt(&socket, ReceiveTimeout, &TimeVal::seconds(2))?;
        Ok(Self { socket, next: Mutex::new(1) })
    }

    /// Sends a request and gathers its answer.
    pub(crate) fn request(&self, message: Message) -> io::Result<Vec<Answer>> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let sequence = *next;
        *next = next.wrapping_add(1);
        send(self.socket.as_raw_fd(), &message.finish(sequence), MsgFlags::empty())?;
        let mut answers = Vec::new();
        let mut buffer = vec![0; ANSWER];
        loop {
            let count = match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => return Err(io::ErrorKind::TimedOut.into()),
                other => other?,
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            if gather(bytes, sequence, &mut answers)? {
                return Ok(answers);
            }
        }
    }
}

/// Takes the messages of one datagram; true when the answer is complete.
fn gather(bytes: &[u8], sequence: u32, answers: &mut Vec<Answer>) -> io::Result<bool> {
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let (kind, of, body) = message(&mut reader).map_err(io::Error::other)?;
        if of != sequence {
            continue; // the tail of an answer that nobody waited for
        }
        match kind {
            ERROR => {
                let code = body.first_chunk::<4>().map_or(-1, |c| i32::from_ne_bytes(*c));
                return match code {
                    0 => Ok(true),
                    code => Err(io::Error::from_raw_os_error(code.saturating_neg())),
                };
            }
            DONE => return Ok(true),
            _ if answers.len() < MOST_MESSAGES => {
                answers.push(Answer { kind, body: body.to_vec() });
            }
            _ => {}
        }
    }
    Ok(false)
}

fn message<'a>(reader: &mut Reader<'a>) -> Result<(u16, u32, &'a [u8]), Malformed> {
    let length = usize::try_from(u32::from_ne_bytes(reader.array()?)).unwrap_or(usize::MAX);
    let kind = u16::from_ne_bytes(reader.array()?);
    reader.take(2)?;
    let sequence = u32::from_ne_bytes(reader.array()?);
    reader.take(4)?;
    let body = reader.take(length.checked_sub(HEADER).ok_or(Malformed::BadLength)?)?;
    let padding = (length.next_multiple_of(4) - length).min(reader.remaining());
    reader.take(padding)?;
    Ok((kind, sequence, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn attributes_are_padded_and_read_back() {
        let message = Message::new(NEWLINK, CREATE, &[1, 2, 3, 4]).text(3, "ab").number(4, 7);
        let bytes = message.finish(9);
        let (kind, sequence, body) = super::message(&mut Reader::new(&bytes)).unwrap();
        assert_eq!((kind, sequence), (NEWLINK, 9));
        let read: Vec<_> = attributes(body, 4).collect();
        assert_eq!(read, [(3, &b"ab\0"[..]), (4, &7_u32.to_ne_bytes()[..])]);
    }

    #[test]
    fn the_kernel_answers_at_once() {
        let netlink = Netlink::open().unwrap();
        let message = Message::new(GETLINK, 0, &[0; 16]).text(3, "lo");
        let answers = netlink.request(message).unwrap();
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0].kind, NEWLINK);
        let missing = Message::new(GETLINK, 0, &[0; 16]).text(3, "no-such-link");
        let error = netlink.request(missing).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENODEV));
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_reader_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut answers = Vec::new();
            drop(gather(&bytes, 0, &mut answers));
            prop_assert!(attributes(&bytes, 3).count() <= bytes.len());
        }
    }
}
