//! The exchange in real time: each modem on a pseudoterminal of its own.
//!
//! A pseudoterminal has no wires beside its octets. So a port that nobody has open is one whose DTR is
//! low, and who has one open learns of a lost carrier by NO CARRIER alone.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::ttyname;
use onhook_base::{Duration, Instant};

use crate::exchange::Exchange;

/// How soon it is seen that somebody has opened a port that nobody had open, or that we are to stop.
const LOOK: Duration = Duration::from_millis(20);
/// What waits for a port that nobody reads; what is more is lost, as on a line.
const MOST_WAITING: usize = 256 << 10;

/// Modems on pseudoterminals. They are there as long as it is.
pub struct Bank {
    paths: Vec<String>,
    masters: Vec<OwnedFd>,
    shared: Arc<Mutex<Shared>>,
    work: Option<JoinHandle<()>>,
}

struct Shared {
    exchange: Exchange,
    stop: bool,
}

struct Port {
    master: File,
    open: bool,
    waiting: Vec<u8>,
}

impl Bank {
    /// A modem at each of these numbers.
    ///
    /// # Errors
    /// When there are no pseudoterminals to be had.
    pub fn new(numbers: &[&str]) -> io::Result<Self> {
        let (mut paths, mut masters, mut ports) = (Vec::new(), Vec::new(), Vec::new());
        for _ in numbers {
            let pair = openpty(None, None)?;
            let mut settings = tcgetattr(&pair.slave)?;
            cfmakeraw(&mut settings);
            tcsetattr(&pair.slave, SetArg::TCSANOW, &settings)?;
            fcntl(&pair.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
            paths.push(ttyname(&pair.slave)?.to_string_lossy().into_owned());
            masters.push(pair.master.try_clone()?);
            ports.push(Port { master: pair.master.into(), open: false, waiting: Vec::new() });
        }
        let shared = Shared { exchange: Exchange::new(numbers), stop: false };
        let shared = Arc::new(Mutex::new(shared));
        let work = std::thread::Builder::new().name("exchange".to_owned()).spawn({
            let shared = shared.clone();
            move || work(ports, &shared)
        })?;
        Ok(Self { paths, masters, shared, work: Some(work) })
    }

    /// The path of a modem's port; empty when there is no such modem.
    pub fn path(&self, modem: usize) -> &str {
        self.paths.get(modem).map_or("", String::as_str)
    }

    /// The modem's end of its port, at which the port's settings can be seen; `None` when there is no such
    /// modem. Whoever reads or writes there takes the modem's words out of its mouth.
    pub fn other_end(&self, modem: usize) -> Option<BorrowedFd<'_>> {
        self.masters.get(modem).map(OwnedFd::as_fd)
    }

    /// Looks at the exchange, or does something to it.
    pub fn with<T>(&self, what: impl FnOnce(&mut Exchange) -> T) -> T {
        what(&mut lock(&self.shared).exchange)
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        lock(&self.shared).stop = true;
        if let Some(work) = self.work.take() {
            // A panic in there has been told already.
            drop(work.join());
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(mut ports: Vec<Port>, shared: &Mutex<Shared>) {
    let begun = std::time::Instant::now();
    let now = || Instant::ORIGIN + begun.elapsed();
    let mut room = vec![0; 16 << 10];
    loop {
        let wait = {
            let mut shared = lock(shared);
            if shared.stop {
                return;
            }
            shared.exchange.handle_timeout(now());
            for (at, port) in ports.iter_mut().enumerate() {
                port.give(shared.exchange.poll_octets(at));
            }
            shared.exchange.poll_timeout().map_or(LOOK, |at| at.since(now()).min(LOOK))
        };
        for (at, revents) in wait_for(&ports, wait) {
            let Some(port) = ports.get_mut(at) else { continue };
            let is_open = !revents.contains(PollFlags::POLLHUP);
            while revents.contains(PollFlags::POLLIN) {
                match port.master.read(&mut room) {
                    Ok(count @ 1..) => {
                        let octets = room.get(..count).unwrap_or_default();
                        lock(shared).exchange.handle_octets(now(), at, octets);
                    }
                    Ok(0) => break,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            if port.open != is_open {
                port.open = is_open;
                port.waiting.clear();
                lock(shared).exchange.handle_dtr(at, is_open);
            }
        }
    }
}

impl Port {
    /// Writes what can be written; a port that nobody has open takes nothing.
    fn give(&mut self, octets: Option<Vec<u8>>) {
        if let Some(octets) = octets.filter(|_| self.open)
            && self.waiting.len() + octets.len() <= MOST_WAITING
        {
            self.waiting.extend(octets);
        }
        while !self.waiting.is_empty() {
            match self.master.write(&self.waiting) {
                Ok(count @ 1..) => drop(self.waiting.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return,
            }
        }
    }
}

/// What has happened at which port, within this time. One that nobody has open says so at every look, so
/// that it is looked at without waiting for it.
fn wait_for(ports: &[Port], wait: Duration) -> Vec<(usize, PollFlags)> {
    let look = |open: bool, wait: Duration| {
        let chosen: Vec<_> = ports.iter().enumerate().filter(|(_, p)| p.open == open).collect();
        let mut fds: Vec<_> = chosen
            .iter()
            .map(|(_, port)| {
                let mut flags = PollFlags::POLLIN;
                flags.set(PollFlags::POLLOUT, !port.waiting.is_empty());
                PollFd::new(port.master.as_fd(), flags)
            })
            .collect();
        let millis = u16::try_from(wait.as_millis().max(u128::from(!wait.is_zero())));
        let timeout = PollTimeout::from(millis.unwrap_or(u16::MAX));
        if poll(&mut fds, timeout).is_err() {
            return Vec::new();
        }
        let seen = |(fd, (at, _)): (&PollFd<'_>, &(usize, &Port))| {
            debug_assert!(fd.as_fd().as_raw_fd() >= 0);
            (*at, fd.revents().unwrap_or(PollFlags::empty()))
        };
        fds.iter().zip(&chosen).map(seen).collect()
    };
    let mut seen = look(false, Duration::ZERO);
    seen.extend(look(true, wait));
    seen
}
