//! A lane of plain octets: a serial terminal, or a stream that stands for one.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use nix::unistd;
use onhook_effect::{HostError, HostErrorKind, LaneFacts};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::connect::connect;
use super::terminal::Terminal;
use super::{LaneIo, LaneSignal, Ready, Received};
use crate::journal::SharedJournal;

const OPEN: &str = "open the port";
/// How long a Unix socket may take to be taken.
const CONNECT: Duration = Duration::from_secs(10);
/// Octets of one read.
const READ: usize = 16 << 10;
/// While more than this waits for a terminal, packets wait where they are: at 115,200 bit/s it is
/// a second's worth already.
const TERMINAL_MARK: usize = 8 << 10;
/// The same for a stream, which may be as fast as any network.
const STREAM_MARK: usize = 512 << 10;
/// The most that may wait.
const MOST_QUEUED: usize = 8 << 20;

#[derive(Debug)]
enum Carrier {
    Tcp(TcpStream),
    Unix(UnixStream),
    Terminal(AsyncFd<Terminal>),
}

/// A lane of plain octets.
#[derive(Debug)]
pub struct LineLane {
    carrier: Carrier,
    outgoing: Vec<u8>,
    written: usize,
    incoming: Vec<u8>,
    /// Read before the owner was there.
    early: Vec<u8>,
    facts: LaneFacts,
}

impl LineLane {
    fn of(carrier: Carrier, facts: LaneFacts) -> LaneIo {
        let lane = Self {
            carrier,
            outgoing: Vec::new(),
            written: 0,
            incoming: Vec::new(),
            early: Vec::new(),
            facts,
        };
        LaneIo::Line(Box::new(lane))
    }

    /// Connects to a terminal server.
    pub(crate) async fn dial_tcp(to: &[SocketAddr]) -> Result<LaneIo, HostError> {
        Self::of_tcp(connect(to).await?)
    }

    /// Takes a TCP stream that somebody has opened to us.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn of_tcp(stream: TcpStream) -> Result<LaneIo, HostError> {
        let failed = |e: io::Error| HostError::from_io(OPEN, &e);
        stream.set_nodelay(true).map_err(failed)?;
        let facts = LaneFacts {
            local: stream.local_addr().ok(),
            remote: Some(stream.peer_addr().map_err(failed)?),
            ..LaneFacts::default()
        };
        Ok(Self::of(Carrier::Tcp(stream), facts))
    }

    /// Connects to a Unix socket.
    pub(crate) async fn dial_socket(path: &str) -> Result<LaneIo, HostError> {
        let named = |mut error: HostError| {
            error.text = format!("{path}: {}", error.text);
            error
        };
        match timeout(CONNECT, UnixStream::connect(path)).await {
            Ok(Ok(stream)) => Ok(Self::of_unix(stream)),
            Ok(Err(error)) => Err(named(HostError::from_io(OPEN, &error))),
            Err(_) => {
                Err(named(HostError::new(OPEN, HostErrorKind::TimedOut, "nobody takes the call")))
            }
        }
    }

    /// Takes a Unix stream that somebody has opened to us.
    pub fn of_unix(stream: UnixStream) -> LaneIo {
        Self::of(Carrier::Unix(stream), LaneFacts::default())
    }

    /// Opens a terminal and locks it.
    ///
    /// # Errors
    /// When it is not there, is no terminal, or somebody else uses it.
    pub(crate) fn open_terminal(
        path: &str,
        speed: u32,
        journal: &SharedJournal,
    ) -> Result<LaneIo, HostError> {
        let terminal = Terminal::open(Path::new(path), speed, journal)?;
        // SAFETY: the terminal's descriptor stays the same and open until the terminal is dropped.
        let terminal = unsafe { AsyncFd::register(terminal) }
            .map_err(|e| HostError::from_io(OPEN, &io::Error::from(e)))?;
        Ok(Self::of(Carrier::Terminal(terminal), LaneFacts::default()))
    }

    fn try_read(&mut self) -> io::Result<usize> {
        if self.incoming.is_empty() {
            self.incoming.resize(READ, 0);
        }
        let into = &mut self.incoming[..];
        match &self.carrier {
            Carrier::Tcp(stream) => stream.try_read(into),
            Carrier::Unix(stream) => stream.try_read(into),
            Carrier::Terminal(terminal) => {
                terminal.try_io(Interest::READABLE, |t| Ok(unistd::read(t, into)?))
            }
        }
    }

    fn try_write(&self) -> io::Result<usize> {
        let waiting = &self.outgoing[self.written..];
        match &self.carrier {
            Carrier::Tcp(stream) => stream.try_write(waiting),
            Carrier::Unix(stream) => stream.try_write(waiting),
            Carrier::Terminal(terminal) => {
                terminal.try_io(Interest::WRITABLE, |t| Ok(unistd::write(t, waiting)?))
            }
        }
    }

    pub(super) fn signal(&self, signal: LaneSignal) {
        if let Carrier::Terminal(terminal) = &self.carrier {
            terminal.get_ref().signal(signal);
        }
    }

    pub(super) fn unread(&mut self, octets: Vec<u8>) {
        self.early = octets;
    }

    pub(super) async fn ready(&self, read: bool, write: bool) -> io::Result<Ready> {
        if read && !self.early.is_empty() {
            return Ok(Ready { readable: true, writable: false });
        }
        let interest = match (read, write) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (true, false) => Interest::READABLE,
            (false, true) => Interest::WRITABLE,
            (false, false) => return std::future::pending().await,
        };
        let (readable, writable) = match &self.carrier {
            Carrier::Tcp(stream) => {
                let ready = stream.ready(interest).await?;
                (ready.is_readable() || ready.is_read_closed(), ready.is_writable())
            }
            Carrier::Unix(stream) => {
                let ready = stream.ready(interest).await?;
                (ready.is_readable() || ready.is_read_closed(), ready.is_writable())
            }
            Carrier::Terminal(terminal) => {
                let mut guard = terminal.ready(interest).await?;
                let ready = guard.ready();
                guard.retain_ready();
                (ready.is_readable() || ready.is_read_closed(), ready.is_writable())
            }
        };
        Ok(Ready { readable, writable })
    }

    pub(super) fn receive(
        &mut self,
        budget: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Received> {
        let early = std::mem::take(&mut self.early);
        if !early.is_empty() {
            sink(&early);
        }
        let mut taken = early.len();
        while taken < budget {
            match self.try_read() {
                Ok(0) => return Ok(Received::Closed),
                Ok(count) => {
                    taken += count;
                    sink(&self.incoming[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Received::Drained);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The other end of a pseudoterminal is closed, or the carrier is lost.
                Err(error) if error.raw_os_error() == Some(libc::EIO) => {
                    return Ok(Received::Closed);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Received::More)
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.queued() + bytes.len() > MOST_QUEUED {
            return Err(io::Error::new(io::ErrorKind::OutOfMemory, "too much waits for the line"));
        }
        if self.written > 0 {
            self.outgoing.drain(..self.written);
            self.written = 0;
        }
        self.outgoing.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn flush(&mut self) -> io::Result<bool> {
        while self.written < self.outgoing.len() {
            match self.try_write() {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.outgoing.clear();
        self.written = 0;
        Ok(true)
    }

    pub(super) fn queued(&self) -> usize {
        self.outgoing.len() - self.written
    }

    pub(super) fn drains_in(&self) -> Option<Duration> {
        match &self.carrier {
            Carrier::Terminal(terminal) => terminal.get_ref().drains_in(),
            Carrier::Tcp(_) | Carrier::Unix(_) => None,
        }
    }

    pub(super) const fn mark(&self) -> usize {
        match &self.carrier {
            Carrier::Terminal(_) => TERMINAL_MARK,
            Carrier::Tcp(_) | Carrier::Unix(_) => STREAM_MARK,
        }
    }

    pub(super) fn close_hard(&self) {
        if let Carrier::Tcp(stream) = &self.carrier {
            super::reset_on_close(stream);
        }
    }

    pub(super) const fn facts(&self) -> &LaneFacts {
        &self.facts
    }
}
