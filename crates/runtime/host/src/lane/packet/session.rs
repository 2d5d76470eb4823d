//! A PPPoE session as its frames name it: whose a frame is, whether it ends the session, and the farewell
//! that the next manager says for a session whose manager was killed.

use std::io;
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use nix::sys::socket::{MsgFlags, recv, send};

use super::filter::Filter;
use super::{DISCOVERY, SESSION, kind, socket};
use crate::net::netlink::Netlink;

const PADR: u8 = 0x19;
const PADS: u8 = 0x65;
const PADT: u8 = 0xa7;
/// The tag by which an asking and its answer belong together (RFC 2516 §A).
const HOST_UNIQ: u16 = 0x0103;
/// How long a concentrator may take to answer, and how often it is asked.
const ANSWER: Duration = Duration::from_millis(200);
const ASKINGS: u32 = 2;
/// Frames that are looked at for its answer; there are hardly any others.
const MOST_HEARD: u32 = 64;
/// Octets before PPPoE's payload.
const HEADER: usize = 20;

/// A PPPoE session, as its frames name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    theirs: [u8; 6],
    ours: [u8; 6],
    number: u16,
}

impl Session {
    /// The session that a frame of ours belongs to.
    pub(super) fn of(frame: &[u8]) -> Option<Self> {
        let (theirs, rest) = frame.split_first_chunk::<6>()?;
        let (ours, rest) = rest.split_first_chunk::<6>()?;
        let (head, _) = rest.split_first_chunk::<{ HEADER - 12 }>()?;
        let [a, b, _, _, c, d, ..] = *head;
        let is_session = u16::from_be_bytes([a, b]) == SESSION;
        let number = u16::from_be_bytes([c, d]);
        is_session.then_some(Self { theirs: *theirs, ours: *ours, number })
    }

    /// The filter that lets in its frames, and no others.
    pub(super) const fn alone(self) -> Filter {
        Filter::Of(self.theirs, self.number)
    }

    /// Whether a received frame is of this session.
    pub(super) fn has(self, frame: &[u8]) -> bool {
        kind(frame) == Some(SESSION)
            && frame.get(6..12) == Some(&self.theirs)
            && frame.get(16..18) == Some(&self.number.to_be_bytes())
    }

    /// Whether a frame tells that this session is over.
    pub(super) fn is_ended_by(self, frame: &[u8]) -> bool {
        if kind(frame) != Some(DISCOVERY) {
            return false;
        }
        let ends = self.terminate();
        let same = |range: std::ops::Range<usize>| frame.get(range.clone()) == ends.get(range);
        let (there, back) = (same(0..12), frame.get(..6) == Some(&self.ours));
        (there || (back && frame.get(6..12) == Some(&self.theirs))) && same(12..18)
    }

    /// PPPoE Active Discovery Terminate (RFC 2516 §5.5).
    pub(super) fn terminate(self) -> Vec<u8> {
        let [high, low] = self.number.to_be_bytes();
        let [a, b] = DISCOVERY.to_be_bytes();
        let head = [a, b, 0x11, PADT, high, low, 0, 0];
        [&self.theirs[..], &self.ours, &head].concat()
    }
}

/// Tells a concentrator that a session is over which a dead manager has left there.
pub(crate) fn end_session(interface: &str, frame: &[u8]) -> io::Result<bool> {
    let mine = Netlink::open()?.link_by_name(interface)?;
    let Some(link) = mine else { return Ok(false) };
    let socket = socket(link.index, DISCOVERY)?;
    send(socket.as_raw_fd(), frame, MsgFlags::MSG_DONTWAIT)?;
    Ok(true)
}

/// Ends a session that a dead manager has asked a concentrator for, and whose number it did not live to
/// write down: who is asked once more as before says it once more (or gives another, which ends at once).
/// Whether there was one.
pub(crate) fn end_asked(interface: &str, request: &[u8]) -> io::Result<bool> {
    let mine = Netlink::open()?.link_by_name(interface)?;
    let (Some(link), Some((to, from))) = (mine, stations(request)) else { return Ok(false) };
    let socket = socket(link.index, DISCOVERY)?;
    Filter::To(from).attach(&socket)?;
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(ANSWER))?;
    let mut room = [0; 2048];
    for _ in 0..ASKINGS {
        send(socket.as_raw_fd(), request, MsgFlags::MSG_DONTWAIT)?;
        for _ in 0..MOST_HEARD {
            let Ok(length) = recv(socket.as_raw_fd(), &mut room, MsgFlags::empty()) else { break };
            let answer = room.get(..length).unwrap_or_default();
            if let Some(number) = answered(request, answer) {
                let session = Session { theirs: to, ours: from, number };
                send(socket.as_raw_fd(), &session.terminate(), MsgFlags::MSG_DONTWAIT)?;
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether a frame asks for a session.
pub(super) fn asks(frame: &[u8]) -> bool {
    code(frame) == Some(PADR)
}

/// To whom a frame goes and from whom.
fn stations(frame: &[u8]) -> Option<([u8; 6], [u8; 6])> {
    let (to, rest) = frame.split_first_chunk::<6>()?;
    let (from, _) = rest.split_first_chunk::<6>()?;
    Some((*to, *from))
}

/// The number that a PADS gives, if it answers this PADR.
fn answered(request: &[u8], answer: &[u8]) -> Option<u16> {
    let (to, from) = stations(request)?;
    let is_session = stations(answer)? == (from, to) && code(answer) == Some(PADS);
    let is_same = host_uniq(answer)? == host_uniq(request)?;
    let number = u16::from_be_bytes(*answer.get(16..)?.first_chunk()?);
    (is_session && is_same && number != 0).then_some(number)
}

/// What a frame of discovery says.
fn code(frame: &[u8]) -> Option<u8> {
    let is_discovery = frame.get(12..14)? == DISCOVERY.to_be_bytes();
    frame.get(15).copied().filter(|_| is_discovery)
}

fn host_uniq(frame: &[u8]) -> Option<&[u8]> {
    let length = u16::from_be_bytes(*frame.get(18..)?.first_chunk()?);
    let mut tags = frame.get(HEADER..)?.get(..length.into())?;
    while let Some(([a, b, c, d], rest)) = tags.split_first_chunk() {
        let (value, behind) = rest.split_at_checked(u16::from_be_bytes([*c, *d]).into())?;
        if u16::from_be_bytes([*a, *b]) == HOST_UNIQ {
            return Some(value);
        }
        tags = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_known_by_what_was_asked() {
        let frame = |to: u8, from: u8, code: u8, number: u16, tags: &[u8]| {
            let [high, low] = number.to_be_bytes();
            let length = u16::try_from(tags.len()).unwrap().to_be_bytes();
            let head = [&[to; 6][..], &[from; 6], &[0x88, 0x63, 0x11, code, high, low]].concat();
            [&head[..], &length, tags].concat()
        };
        let tags = [1, 1, 0, 0, 1, 3, 0, 2, 0xab, 0xcd];
        let request = frame(2, 4, PADR, 0, &tags);
        assert_eq!(answered(&request, &frame(4, 2, PADS, 0x1234, &tags)), Some(0x1234));
        // Refused; another's; from elsewhere; of another asking; cut short.
        assert_eq!(answered(&request, &frame(4, 2, PADS, 0, &tags)), None);
        assert_eq!(answered(&request, &frame(4, 2, PADT, 7, &tags)), None);
        assert_eq!(answered(&request, &frame(4, 9, PADS, 7, &tags)), None);
        assert_eq!(answered(&request, &frame(4, 2, PADS, 7, &[1, 3, 0, 2, 0xab, 0xce])), None);
        assert_eq!(answered(&request, &frame(4, 2, PADS, 7, &[1, 3, 0, 9, 0xab])), None);
        let whole = frame(4, 2, PADS, 0x1234, &tags);
        for length in 0..whole.len() {
            assert_eq!(answered(&request, &whole[..length]), None, "{length}");
        }
    }

    #[test]
    fn a_session_is_known_by_its_frames_and_its_end() {
        let session = Session { theirs: [2; 6], ours: [4; 6], number: 0x1234 };
        let mut frame =
            [&[2_u8; 6][..], &[4; 6], &[0x88, 0x64, 0x11, 0, 0x12, 0x34, 0, 2, 0xc0, 0x21]]
                .concat();
        assert_eq!(Session::of(&frame), Some(session));
        assert!(!session.is_ended_by(&frame));
        let answer = [&[4_u8; 6][..], &[2; 6], &frame[12..]].concat();
        assert!(session.has(&answer) && !session.has(&frame));
        assert!(!Session { number: 0x1235, ..session }.has(&answer));
        let ends = session.terminate();
        assert_eq!(Session::of(&ends), None);
        assert!(session.is_ended_by(&ends));
        let theirs = [&[4_u8; 6][..], &[2; 6], &ends[12..]].concat();
        assert!(session.is_ended_by(&theirs));
        frame.truncate(15);
        assert_eq!(Session::of(&frame), None);
        let strangers = [&[4_u8; 6][..], &[9; 6], &ends[12..]].concat();
        assert!(!session.is_ended_by(&strangers));
    }
}
