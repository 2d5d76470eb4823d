//! Messages over one socket, sent and received by the thread that wants them.

use std::io::Read as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, getsockopt, recv, send, sockopt::PeerCredentials};
use onhook_model::{RasCode, RasError};
use onhook_rpc::{Limits, message_end};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::wire::{Service, believe, garbled, gone, understand};

/// Room for a reply to begin with, in octets; it grows to what the longest one took.
const ROOM: usize = 4 * 1024;

#[derive(Debug)]
pub(super) struct Talk {
    socket: PathBuf,
    /// `None` until the first call, where that is to begin the talk.
    stream: Option<UnixStream>,
    /// What has come, from its beginning to `filled`; a reply that was understood is overwritten by the
    /// next one.
    buffer: Vec<u8>,
    filled: usize,
    /// Octets of the reply that was read last, its NUL included.
    used: usize,
}

impl Talk {
    pub(super) fn connect(socket: &Path) -> Result<Self, RasError> {
        let mut talk = Self::later(socket);
        talk.renew()?;
        Ok(talk)
    }

    /// One that begins with the first call.
    pub(super) fn later(socket: &Path) -> Self {
        Self { socket: socket.to_owned(), stream: None, buffer: Vec::new(), filled: 0, used: 0 }
    }

    fn stream(&self) -> Result<&UnixStream, RasError> {
        self.stream.as_ref().ok_or_else(|| gone("the talk has not begun"))
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(super) fn duplicate(&self) -> Result<UnixStream, RasError> {
        self.stream()?
            .try_clone()
            .map_err(|e| RasError::new(RasCode::NOT_ENOUGH_MEMORY, e.to_string()))
    }

    /// Whether the manager has hung up, and has left nothing to be read; or the talk has not begun.
    pub(super) fn is_closed(&self) -> bool {
        let Some(stream) = &self.stream else { return true };
        let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        matches!(recv(stream.as_raw_fd(), &mut [0; 1], flags), Ok(0))
    }

    /// A manager that has handed over to the next one lets go whoever asks for nothing just then.
    pub(super) fn meet_the_manager_of_now(&mut self) -> Result<(), RasError> {
        if self.is_closed() { self.renew() } else { Ok(()) }
    }

    /// Begins anew, with whoever listens there now.
    pub(super) fn renew(&mut self) -> Result<(), RasError> {
        self.stream = Some(open(&self.socket)?);
        self.buffer.resize(ROOM.max(self.buffer.len()), 0);
        self.filled = 0;
        self.used = 0;
        Ok(())
    }

    pub(super) fn send(&mut self, call: &impl Serialize) -> Result<(), RasError> {
        let stream = self.stream()?;
        let bytes = onhook_rpc::encode(call).map_err(garbled)?;
        let mut message = Zeroizing::new(Vec::with_capacity(bytes.len() + 1));
        message.extend_from_slice(&bytes);
        message.push(0);
        let mut rest = message.as_slice();
        while !rest.is_empty() {
            // A manager that has gone is an answer, and no signal that ends the program.
            match send(stream.as_raw_fd(), rest, MsgFlags::MSG_NOSIGNAL) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(gone(error)),
            }
        }
        Ok(())
    }

    pub(super) fn receive<T: DeserializeOwned>(&mut self) -> Result<T, RasError> {
        self.buffer.copy_within(self.used..self.filled, 0);
        self.filled -= self.used;
        self.used = 0;
        let mut scanned = 0;
        loop {
            let unseen = self.buffer.get(scanned..self.filled).unwrap_or_default();
            if let Some(found) = message_end(unseen) {
                let end = scanned + found;
                self.used = end + 1;
                let reply = self.buffer.get(..end).unwrap_or_default();
                return understand(Service::Manager, reply);
            }
            scanned = self.filled;
            if self.filled > Limits::default().receive {
                return Err(garbled("a reply has no end"));
            }
            if self.filled == self.buffer.len() {
                self.buffer.resize(2 * self.buffer.len(), 0);
            }
            let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
            let Some(mut stream) = self.stream.as_ref() else {
                return Err(gone("the talk has not begun"));
            };
            match stream.read(room) {
                Ok(0) => return Err(gone("the manager has ended")),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(gone(error)),
            }
        }
    }
}

fn open(socket: &Path) -> Result<UnixStream, RasError> {
    let stream =
        UnixStream::connect(socket).map_err(|e| gone(format!("{}: {e}", socket.display())))?;
    let manager = getsockopt(&stream, PeerCredentials).map_err(gone)?;
    believe(manager.uid())?;
    Ok(stream)
}
