//! The two byte queues of a stream link: what came and is not yet read, what is to go.
//!
//! Frames are not copied out of the one nor into boxes for the other: a frame that came is a range of
//! the inbox, a frame that goes is written where it will be taken from. Both are plain vectors that
//! keep their room from one call to the next, so that frames in bulk cost no allocation.

use std::fmt;
use std::ops::Range;

use onhook_base::Malformed;

use super::wire::{HEADER_LEN, Header, Message, PACKET_MAX};

/// Data frames are dropped while this many octets wait to be sent.
pub(super) const OUTBOX_MAX: usize = 4 << 20;
/// Octets before the information of a data packet: header, address, control, protocol.
pub(super) const DATA_OVERHEAD: usize = HEADER_LEN + 4;
/// The most information that one frame can carry.
pub(super) const INFORMATION_MAX: usize = PACKET_MAX - DATA_OVERHEAD;

/// What came. It holds what one call brought and at most one unfinished packet (or HTTP head) before.
#[derive(Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    /// Where the unread part begins.
    at: usize,
}

/// A whole packet in the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// It is a message, not a frame.
    pub(super) control: bool,
    /// Where it lies, header included.
    pub(super) range: Range<usize>,
}

impl Inbox {
    /// Appends what came; ranges that were given out before are void.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.at >= self.bytes.len() {
            self.bytes.clear();
        } else if self.at > 0 {
            self.bytes.drain(..self.at);
        }
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes the next packet if it is whole.
    ///
    /// # Errors
    /// As [`Header::parse`]: the stream is lost.
    #[inline]
    pub(super) fn next_packet(&mut self) -> Result<Option<Packet>, Malformed> {
        let Some(header) = self.unread().first_chunk() else { return Ok(None) };
        let Header { control, length } = Header::parse(*header)?;
        let end = self.at.saturating_add(length);
        if end > self.bytes.len() {
            return Ok(None);
        }
        let range = self.at..end;
        self.at = end;
        Ok(Some(Packet { control, range }))
    }

    /// Takes `count` octets off the front.
    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        let taken = self.unread().get(..count).unwrap_or_default().to_vec();
        self.at = self.at.saturating_add(taken.len());
        taken
    }

    /// Forgets everything, and gives the room back.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Gives back the room that is not needed now.
    pub(super) fn shrink(&mut self) {
        self.push(&[]);
        self.bytes.shrink_to_fit();
    }

    /// What has not been taken yet.
    #[inline]
    pub(super) fn unread(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// These octets, taken before.
    #[inline]
    pub(super) fn slice(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// These octets, taken before.
    #[inline]
    pub(super) fn slice_mut(&mut self, range: Range<usize>) -> Option<&mut [u8]> {
        self.bytes.get_mut(range)
    }
}

/// What is to go.
#[derive(Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
}

impl Outbox {
    /// Appends one data packet; `false` when it is too long or too much waits already.
    #[inline]
    pub(super) fn push_frame(&mut self, protocol: u16, information: &[u8]) -> bool {
        if information.len() > INFORMATION_MAX || self.bytes.len() >= OUTBOX_MAX {
            return false;
        }
        let Ok(length) = u16::try_from(information.len().saturating_add(DATA_OVERHEAD)) else {
            return false;
        };
        let [version, bits, high, low] = Header::data(length);
        let [p1, p2] = protocol.to_be_bytes();
        self.bytes.extend_from_slice(&[version, bits, high, low, 0xFF, 0x03, p1, p2]);
        self.bytes.extend_from_slice(information);
        true
    }

    /// Appends a message. Messages are few, but for the answers to echo requests, which the peer can
    /// ask for without end: those respect the limit too.
    pub(super) fn push_message(&mut self, message: &Message<'_>) {
        if *message != Message::EchoResponse || self.bytes.len() < OUTBOX_MAX {
            message.emit(&mut self.bytes);
        }
    }

    /// Where octets can be appended (the HTTP head).
    pub(super) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Swaps everything into `into`; `false` when there is nothing.
    pub(super) fn take(&mut self, into: &mut Vec<u8>) -> bool {
        into.clear();
        if self.bytes.is_empty() {
            return false;
        }
        std::mem::swap(&mut self.bytes, into);
        true
    }

    /// Octets that wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets everything, and gives the room back.
    pub(super) fn clear(&mut self) {
        self.bytes = Vec::new();
    }

    /// Gives back the room that is not needed now.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }
}

/// Frames may hold passwords: the queues show how long they are and nothing of what they hold.
impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({} octets)", self.unread().len())
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbox({} octets)", self.len())
    }
}
