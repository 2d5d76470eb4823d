//! What a caller's serial ports lead to: a cable to the server, or modems and an exchange between them.
//!
//! Both are pseudoterminals whose other ends are held here. Nobody has a DTR there: a port that nobody has
//! open any more is one whose DTR is low, and the call behind it ends.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;
use nix::sys::termios::{BaudRate, ControlFlags, SetArg, cfsetspeed, tcgetattr, tcsetattr};
use nix::unistd::ttyname;
use onhook_exchange::Bank;

/// How soon it is seen that somebody has opened the port, or that the cable is to be taken away.
const LOOK_MS: u16 = 5;

/// A serial cable between a port of the caller's and the server's socket that stands for one.
#[derive(Debug)]
pub(crate) struct Cable {
    port: String,
    master: OwnedFd,
    stop: Arc<AtomicBool>,
    work: Option<JoinHandle<()>>,
}

impl Cable {
    /// One that leads to this socket whenever the port is open.
    pub(crate) fn new(to: &Path) -> Result<Self> {
        let pair = openpty(None, None).context("a pseudoterminal")?;
        let port = ttyname(&pair.slave)?.display().to_string();
        // Settings that nobody but us would choose.
        let mut settings = tcgetattr(&pair.slave)?;
        cfsetspeed(&mut settings, BaudRate::B4800)?;
        settings.control_flags.remove(ControlFlags::HUPCL);
        tcsetattr(&pair.slave, SetArg::TCSANOW, &settings)?;
        drop(pair.slave);
        fcntl(&pair.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        let master = pair.master.try_clone()?;
        let stop = Arc::<AtomicBool>::default();
        let (end, to, told) = (File::from(pair.master), to.to_owned(), stop.clone());
        let work = std::thread::spawn(move || carry(end, &to, &told));
        Ok(Self { port, master, stop, work: Some(work) })
    }

    /// The name of the caller's port.
    pub(crate) fn port(&self) -> &str {
        &self.port
    }

    /// The port's settings, which can be asked for at its other end.
    pub(crate) fn settings(&self) -> Result<Settings> {
        Settings::of(self.master.as_fd())
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(work) = self.work.take() {
            // A panic in there has been told already.
            drop(work.join());
        }
    }
}

/// Whenever the port is open there is a stream to the server, and only then.
fn carry(mut port: File, to: &PathBuf, stop: &AtomicBool) {
    let mut stream: Option<UnixStream> = None;
    let mut room = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        let (of_port, of_stream) = look(&port, stream.as_ref());
        // What was said before the port was closed is on its way.
        if of_port.contains(PollFlags::POLLIN) {
            if let (Ok(count), Some(stream)) = (port.read(&mut room), &mut stream) {
                // A server that is gone hears nothing.
                drop(stream.write_all(&room[..count]));
            }
        } else if of_port.contains(PollFlags::POLLHUP) {
            stream = None;
            std::thread::park_timeout(std::time::Duration::from_millis(LOOK_MS.into()));
        } else if stream.is_none() {
            // The server may be gone, and another one may be there at the next look.
            stream = UnixStream::connect(to).ok();
        }
        if of_stream.intersects(PollFlags::POLLIN | PollFlags::POLLHUP)
            && let Some(from) = &mut stream
        {
            match from.read(&mut room) {
                Ok(count @ 1..) => write(&mut port, &room[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // It has hung up. A line says nothing of that; what is said there is heard by nobody.
                Ok(0) | Err(_) => stream = None,
            }
        }
    }
}

fn look(port: &File, stream: Option<&UnixStream>) -> (PollFlags, PollFlags) {
    let mut both = vec![PollFd::new(port.as_fd(), PollFlags::POLLIN)];
    both.extend(stream.map(|stream| PollFd::new(stream.as_fd(), PollFlags::POLLIN)));
    if poll(&mut both, PollTimeout::from(LOOK_MS)).is_err() {
        return (PollFlags::empty(), PollFlags::empty());
    }
    let seen = |at: usize| both.get(at).and_then(PollFd::revents).unwrap_or(PollFlags::empty());
    (seen(0), seen(1))
}

/// What a port does not take is lost, as on a line.
fn write(port: &mut File, mut octets: &[u8]) {
    while !octets.is_empty() {
        match port.write(octets) {
            Ok(count @ 1..) => octets = &octets[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
        }
    }
}

/// A caller's modem, a server's, and the exchange.
pub(crate) struct Phones(Bank);

impl Phones {
    /// The server's number.
    pub(crate) const SERVER: &str = "5552222";

    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Bank::new(&["5551111", Self::SERVER]).context("the exchange")?))
    }

    /// The ports of the caller's modem and of the server's.
    pub(crate) fn ports(&self) -> [&str; 2] {
        [self.0.path(0), self.0.path(1)]
    }

    /// The settings of the caller's port.
    pub(crate) fn settings(&self) -> Result<Settings> {
        Settings::of(self.0.other_end(0).context("the caller's modem")?)
    }
}

impl std::fmt::Debug for Phones {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Phones").field(&self.ports()).finish()
    }
}

/// A terminal's settings, as far as they are anybody's to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// In words.
    pub(crate) words: String,
    /// The kernel drops DTR when the port is closed, however that comes about.
    pub(crate) drops_dtr: bool,
}

impl Settings {
    fn of(other_end: BorrowedFd<'_>) -> Result<Self> {
        let settings = tcgetattr(other_end).context("a terminal's settings")?;
        let nix::sys::termios::Termios { input_flags, output_flags, local_flags, .. } = &settings;
        let (control, codes) = (settings.control_flags, settings.control_chars);
        let words =
            format!("{input_flags:?} {output_flags:?} {control:?} {local_flags:?} {codes:?}");
        Ok(Self { words, drops_dtr: control.contains(ControlFlags::HUPCL) })
    }
}
