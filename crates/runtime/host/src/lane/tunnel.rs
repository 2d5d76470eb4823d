//! The tunnel of an L2TP dial, as its lane sees it: only as much of RFC 2661 as it takes to tell the server
//! that the tunnel is over when nobody else can any more.
//!
//! The first message that the server's number stands in writes the tunnel into the record of changes. A dial
//! that comes to its end as it should says the farewell itself; one whose lane is dropped has it said by the
//! lane, and one whose manager was killed has it said by the next one. That one does not know how many
//! messages there were: it says the farewell with an old number, which the server acknowledges as one that it
//! had before, and tells so which number it waits for (§5.8).

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::crash_point;
use crate::journal::{Record, SharedJournal, Standing};

/// Control, with length and sequence, version 2 (§3.1).
const CONTROL: [u8; 2] = [0xc8, 0x02];
/// Where they stand in a header.
const TUNNEL: usize = 4;
const NS: usize = 8;
const NR: usize = 10;
/// A header; behind it comes the Message Type AVP, if the message is no mere acknowledgement.
const HEADER: usize = 12;
const AVP_HEADER: usize = 6;
const AVP_LENGTH: u16 = 0x03ff;
const START_REQUEST: u16 = 1;
const STOP: u16 = 4;
const ASSIGNED_TUNNEL: u16 = 9;
/// A Message Type AVP that says Stop-Control-Connection-Notification (§6.4), an Assigned Tunnel ID AVP up to
/// its value, and a Result Code AVP that says that the sender is being shut down (§4.4.2).
const STOP_AVP: [u8; 8] = [0x80, 8, 0, 0, 0, 0, 0, STOP as u8];
const ASSIGNED_AVP: [u8; 6] = [0x80, 8, 0, 0, 0, ASSIGNED_TUNNEL as u8];
const RESULT_AVP: [u8; 8] = [0x80, 8, 0, 0, 0, 1, 0, 6];
/// How long the server may take to answer a farewell, and how often it is told.
const ANSWER: Duration = Duration::from_millis(250);
const TELLINGS: u32 = 4;

/// What a control message says, as far as it matters here.
struct Control<'a> {
    bytes: &'a [u8],
    /// Its type; `None` for a mere acknowledgement.
    kind: Option<u16>,
}

impl<'a> Control<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let is_control = bytes.starts_with(&CONTROL) && bytes.len() >= HEADER;
        let kind = number(bytes, HEADER + AVP_HEADER);
        is_control.then_some(Self { bytes, kind })
    }

    fn at(&self, place: usize) -> u16 {
        number(self.bytes, place).unwrap_or(0)
    }

    /// The number of our end, in the message that tells the server.
    fn assigned_tunnel(&self) -> Option<u16> {
        let mut rest = self.bytes.get(HEADER..)?;
        while let Some(length) = number(rest, 0).map(|head| usize::from(head & AVP_LENGTH)) {
            let (avp, behind) = rest.split_at_checked(length.max(AVP_HEADER))?;
            if number(avp, 2) == Some(0) && number(avp, 4) == Some(ASSIGNED_TUNNEL) {
                return number(avp, AVP_HEADER);
            }
            rest = behind;
        }
        None
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*two))
}

/// What tells a server that a tunnel is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastWords {
    /// Our end of the wire, and the server's.
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    /// The server's number of the tunnel, and ours.
    theirs: u16,
    ours: u16,
    /// The number of one of our messages, and of the server's that we wait for.
    ns: u16,
    nr: u16,
}

impl LastWords {
    fn datagram(&self) -> Vec<u8> {
        let length = HEADER + STOP_AVP.len() + ASSIGNED_AVP.len() + 2 + RESULT_AVP.len();
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        let mut words = CONTROL.to_vec();
        for value in [length, self.theirs, 0, self.ns, self.nr] {
            words.extend(value.to_be_bytes());
        }
        words.extend(STOP_AVP);
        words.extend(ASSIGNED_AVP);
        words.extend(self.ours.to_be_bytes());
        words.extend(RESULT_AVP);
        words
    }

    /// Tells a server of a tunnel that a dead manager has left there; whether anybody was there to hear it.
    ///
    /// # Errors
    /// When there is no way to the server, or it does not answer.
    pub(crate) fn say(&self) -> io::Result<bool> {
        match self.exchange() {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(false),
            said => said.map(|()| true),
        }
    }

    fn exchange(&self) -> io::Result<()> {
        let any: SocketAddr = match self.local {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        // From where it knows us, if that can be had.
        let socket = UdpSocket::bind(self.local).or_else(|_| UdpSocket::bind(any))?;
        socket.connect(self.remote)?;
        socket.set_read_timeout(Some(ANSWER))?;
        let mut words = self.clone();
        let mut room = [0; 2048];
        for _ in 0..TELLINGS {
            socket.send(&words.datagram())?;
            let length = match socket.recv(&mut room) {
                Err(e) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&e.kind()) => {
                    continue;
                }
                received => received?,
            };
            let heard = Control::of(room.get(..length).unwrap_or_default());
            // Data that was under way, or another tunnel's.
            let Some(heard) = heard.filter(|control| control.at(TUNNEL) == self.ours) else {
                continue;
            };
            let awaited = heard.at(NR);
            if awaited == words.ns.wrapping_add(1) || heard.kind == Some(STOP) {
                return Ok(());
            }
            words.ns = awaited;
        }
        Err(io::Error::new(ErrorKind::TimedOut, "the server does not answer"))
    }
}

/// The tunnel of a lane; when it is dropped, it is struck from the record of changes.
#[derive(Debug)]
pub(super) struct Tunnel {
    journal: SharedJournal,
    ours: u16,
    kept: Option<(Standing, LastWords)>,
    is_over: bool,
}

impl Tunnel {
    pub(super) const fn new(journal: SharedJournal) -> Self {
        Self { journal, ours: 0, kept: None, is_over: false }
    }

    /// A datagram is about to leave. The first one of a tunnel that the server has a number for writes it
    /// down.
    pub(super) fn says(
        &mut self,
        datagram: &[u8],
        ends: impl FnOnce() -> io::Result<(SocketAddr, SocketAddr)>,
    ) -> io::Result<()> {
        let Some(Control { kind: Some(kind), bytes }) = Control::of(datagram) else {
            return Ok(());
        };
        let control = Control { kind: Some(kind), bytes };
        self.is_over |= kind == STOP;
        if kind == START_REQUEST {
            self.ours = control.assigned_tunnel().unwrap_or(0);
        }
        let (ns, nr) = (control.at(NS), control.at(NR));
        match &mut self.kept {
            Some((_, words)) => (words.ns, words.nr) = (ns, nr),
            None if control.at(TUNNEL) != 0 && !self.is_over => {
                let (local, remote) = ends()?;
                let (theirs, ours) = (control.at(TUNNEL), self.ours);
                let words = LastWords { local, remote, theirs, ours, ns, nr };
                let record = Record::Tunnel(words.clone());
                let standing = Standing::write(&self.journal, &record).map_err(io::Error::other)?;
                crash_point("a tunnel is written down");
                self.kept = Some((standing, words));
            }
            None => {}
        }
        Ok(())
    }

    /// A datagram has come.
    pub(super) fn hears(&mut self, datagram: &[u8]) {
        self.is_over |= Control::of(datagram).is_some_and(|control| control.kind == Some(STOP));
    }

    /// What is still to be said, if anything is.
    pub(super) fn last_words(&self) -> Option<Vec<u8>> {
        let (_, words) = self.kept.as_ref().filter(|_| !self.is_over)?;
        Some(LastWords { ns: words.ns.wrapping_add(1), ..words.clone() }.datagram())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of an L2TP that is not ours, up to its Message Type.
    fn message(tunnel: u16, ns: u16, nr: u16, kind: u16) -> Vec<u8> {
        let mut message = CONTROL.to_vec();
        for value in [20, tunnel, 0, ns, nr] {
            message.extend(value.to_be_bytes());
        }
        message.extend([0x80, 8, 0, 0, 0, 0]);
        message.extend(kind.to_be_bytes());
        message
    }

    fn start_request(ours: u16) -> Vec<u8> {
        let mut request = message(0, 0, 0, START_REQUEST);
        // A host name, and the number.
        request.extend([0x80, 8, 0, 0, 0, 7, b'p', b'c']);
        request.extend(ASSIGNED_AVP);
        request.extend(ours.to_be_bytes());
        request
    }

    fn tunnel(folder: &std::path::Path) -> Tunnel {
        let journal = crate::journal::Journal::open(folder, "boot").unwrap();
        Tunnel::new(std::sync::Arc::new(std::sync::Mutex::new(journal)))
    }

    fn ends() -> io::Result<(SocketAddr, SocketAddr)> {
        Ok(("192.0.2.2:5000".parse().unwrap(), "192.0.2.1:1701".parse().unwrap()))
    }

    #[test]
    fn a_tunnel_is_written_down_when_the_server_has_a_number_for_it_and_struck_at_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut tunnel = tunnel(folder.path());
        tunnel.says(&start_request(0x1234), || panic!("the server knows of nothing")).unwrap();
        assert_eq!(tunnel.last_words(), None);
        // Data and acknowledgements say nothing.
        tunnel.says(&[0, 2, 0, 7, 0, 9, 0xc0, 0x21], || panic!("data")).unwrap();
        tunnel.says(&message(7, 1, 1, 3), ends).unwrap();
        tunnel.says(&message(7, 2, 1, 10), || panic!("it is written down")).unwrap();
        let words = tunnel.last_words().unwrap();
        let control = Control::of(&words).unwrap();
        assert_eq!((control.at(2), control.at(TUNNEL)), (words.len() as u16, 7));
        assert_eq!((control.at(NS), control.at(NR)), (3, 1));
        assert_eq!((control.kind, control.assigned_tunnel()), (Some(STOP), Some(0x1234)));
        tunnel.says(&message(7, 3, 1, STOP), || panic!("it is written down")).unwrap();
        assert_eq!(tunnel.last_words(), None);
        drop(tunnel);
        let journal = crate::journal::Journal::open(folder.path(), "boot").unwrap();
        assert_eq!(journal.inherited(), []);
    }

    #[test]
    fn a_server_that_has_ended_it_is_told_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut tunnel = tunnel(folder.path());
        tunnel.says(&start_request(5), ends).unwrap();
        tunnel.says(&message(7, 1, 1, 3), ends).unwrap();
        tunnel.hears(&message(5, 1, 2, 6));
        assert!(tunnel.last_words().is_some());
        tunnel.hears(&message(5, 2, 2, STOP));
        assert_eq!(tunnel.last_words(), None);
    }

    #[test]
    fn lengths_that_lead_nowhere_end_the_reading() {
        for length in [0_u8, 1, 5, 200, 255] {
            let mut request = message(0, 0, 0, START_REQUEST);
            request.extend([0x80, length, 0, 0, 0, 7, 1, 2, 3]);
            assert_eq!(Control::of(&request).unwrap().assigned_tunnel(), None, "{length}");
        }
        assert!(Control::of(&CONTROL).is_none());
        assert!(Control::of(&[]).is_none());
    }

    #[test]
    fn a_server_says_which_number_it_waits_for() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let remote = server.local_addr().unwrap();
        let local = "127.0.0.1:0".parse().unwrap();
        let words = LastWords { local, remote, theirs: 7, ours: 5, ns: 1, nr: 1 };
        let answering = std::thread::spawn(move || {
            let (mut room, mut heard) = ([0; 200], Vec::new());
            // The second one is the one that it waits for.
            for nr in [4, 5] {
                let (length, from) = server.recv_from(&mut room).unwrap();
                let control = Control::of(&room[..length]).unwrap();
                heard.push((control.at(TUNNEL), control.at(NS), control.kind));
                let answer = message(5, 1, nr, 0);
                server.send_to(&answer[..HEADER], from).unwrap();
            }
            heard
        });
        assert!(words.say().unwrap());
        assert_eq!(answering.join().unwrap(), [(7, 1, Some(STOP)), (7, 4, Some(STOP))]);
        // Nobody is there any more.
        assert!(!words.say().unwrap());
    }
}
