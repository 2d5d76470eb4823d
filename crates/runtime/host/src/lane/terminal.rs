//! A serial terminal: opened raw, locked, and given back as it was.
//!
//! Three locks, because there are three customs: `flock` on the device, the kernel's exclusive mode, and a
//! file `LCK..name` in the folder of locks that other programs (wvdial, minicom, mgetty) look for. A file of
//! a process that lives no more is passed over and removed; ours is written into the record of changes
//! first, so that it goes even when we are killed. The terminal's settings stand there too, because a kernel
//! keeps them; DTR it drops by itself when the last one closes the terminal, if its settings say so.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::sys::termios::{self, ControlFlags, FlushArg, LocalFlags, SetArg, Termios};
use nix::unistd::Pid;
use onhook_effect::{HostError, HostErrorKind};
use serde::{Deserialize, Serialize};

use super::LaneSignal;
use crate::crash_point;
use crate::journal::{Record, SharedJournal, Standing, lock};

const OPEN: &str = "open the port";
const DEVICES: &str = "/dev";
/// Where programs look for one another's locks on serial lines (FHS §5.9).
pub const PORT_LOCKS: &str = "/var/lock";

/// A start bit, eight of data, a stop bit.
const BITS_AN_OCTET: u64 = 10;
/// The speed that is taken for a line which does not tell, in bits per second.
const SLOW: u32 = 9600;

/// A terminal that is ours until it is dropped.
#[derive(Debug)]
pub(crate) struct Terminal {
    /// The settings before us, in the record of changes; struck before the device is anybody else's.
    _standing: Standing,
    device: serial2::SerialPort,
    /// The terminal's settings before us.
    before: libc::termios,
    /// Held for as long as the terminal is.
    _lock: Option<LockFile>,
}

impl Terminal {
    pub(crate) fn open(
        path: &Path,
        speed: u32,
        journal: &SharedJournal,
    ) -> Result<Self, HostError> {
        let named = |mut error: HostError| {
            error.text = format!("{}: {}", path.display(), error.text);
            error
        };
        let failed = |error: &io::Error| named(HostError::from_io(OPEN, error));
        let path = fs::canonicalize(path).map_err(|e| {
            let mut error = failed(&e);
            if error.kind == HostErrorKind::NotFound {
                error.kind = HostErrorKind::NoSuchPort;
            }
            error
        })?;
        check(&path).map_err(named)?;
        let lock_file = LockFile::take(&path, journal).map_err(named)?;
        // Without O_NONBLOCK the opening would wait for a carrier.
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
            .open(&path)
            .map_err(|e| busy(failed(&e)))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(named(HostError::new(
                    OPEN,
                    HostErrorKind::PortInUse,
                    "another program uses it",
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        let before = termios::tcgetattr(&file).map_err(|_| {
            named(HostError::new(OPEN, HostErrorKind::NoSuchPort, "it is no terminal"))
        })?;
        // A pseudoterminal would stay exclusive behind a process that was killed, and nobody could open it
        // any more; the other two locks hold there.
        if !is_pseudoterminal(&path) {
            set_exclusive(&file);
        }
        let record = Record::Terminal { path: path.clone(), before: Settings::of(&before) };
        let standing = Standing::write(journal, &record).map_err(named)?;
        let mut terminal = Self {
            _standing: standing,
            device: serial2::SerialPort::from(OwnedFd::from(file)),
            before: before.into(),
            _lock: lock_file,
        };
        terminal.set_up(speed).map_err(|e| failed(&e))?;
        crash_point("a terminal is set up");
        // What somebody typed before is none of ours.
        terminal.forget_what_waits(FlushArg::TCIOFLUSH);
        // A pseudoterminal has no modem lines.
        drop(terminal.device.set_dtr(true));
        drop(terminal.device.set_rts(true));
        Ok(terminal)
    }
}

impl Terminal {
    /// Raw, at this speed; and should nobody be left to give it back, DTR goes down with the last descriptor.
    fn set_up(&mut self, speed: u32) -> io::Result<()> {
        let mut settings = Termios::from(self.before);
        settings.control_flags.insert(ControlFlags::HUPCL);
        termios::tcsetattr(&self.device, SetArg::TCSANOW, &settings)?;
        let mut settings = self.device.get_configuration()?;
        settings.set_raw();
        // A speed that the port does not know (a pseudoterminal knows any) is no reason to fail.
        let _unknown = settings.set_baud_rate(speed);
        self.device.set_configuration(&settings)
    }

    pub(super) fn signal(&self, signal: LaneSignal) {
        let done = match signal {
            LaneSignal::DropDtr => self.device.set_dtr(false),
            LaneSignal::RaiseDtr => self.device.set_dtr(true),
            LaneSignal::WatchCarrier => self.watch_carrier(),
            // Nothing comes from elsewhere on a line.
            LaneSignal::FollowSender => Ok(()),
            LaneSignal::IgnoreCarrier => self.ignore_carrier(),
        };
        // A pseudoterminal has no such wires.
        if let Err(error) = done {
            tracing::debug!(target: "host::lane", ?signal, %error, "no such wire");
        }
    }

    /// Without CLOCAL the kernel ends the line when the carrier is lost.
    fn watch_carrier(&self) -> io::Result<()> {
        if self.device.read_cd()? {
            let mut settings = termios::tcgetattr(&self.device)?;
            settings.control_flags.remove(ControlFlags::CLOCAL);
            termios::tcsetattr(&self.device, SetArg::TCSANOW, &settings)?;
        }
        Ok(())
    }

    /// With CLOCAL the line goes on when the carrier goes.
    fn ignore_carrier(&self) -> io::Result<()> {
        let mut settings = termios::tcgetattr(&self.device)?;
        settings.control_flags.insert(ControlFlags::CLOCAL);
        Ok(termios::tcsetattr(&self.device, SetArg::TCSANOW, &settings)?)
    }

    /// How long what was written takes to leave the machine at the line's speed; `None` when nothing of it
    /// is left here. A pseudoterminal keeps nothing back.
    pub(super) fn drains_in(&self) -> Option<Duration> {
        let speed = self.device.get_configuration().and_then(|settings| settings.get_baud_rate());
        let speed = u64::from(speed.ok().filter(|speed| *speed > 0).unwrap_or(SLOW));
        match self.waiting_out() {
            0 => None,
            octets => Some(Duration::from_micros(octets * BITS_AN_OCTET * 1_000_000 / speed)),
        }
    }

    /// Octets that have not left the machine.
    fn waiting_out(&self) -> u64 {
        let mut octets = 0;
        // SAFETY: the descriptor is open for as long as `self` is borrowed, and the call writes one int.
        let known = unsafe { waiting_out(self.device.as_fd().as_raw_fd(), &raw mut octets) };
        known.map_or(0, |_| u64::try_from(octets).unwrap_or(0))
    }

    /// In both directions, or that of what comes alone; a terminal that is gone has nothing waiting.
    fn forget_what_waits(&self, which: FlushArg) {
        if let Err(error) = termios::tcflush(&self.device, which) {
            tracing::debug!(target: "host::lane", %error, "the terminal cannot be emptied");
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The close of a port that is held up by flow control would wait for half a minute. What has left
        // a pseudoterminal, though, is forgotten by that before it is read: our last words, often.
        let is_held_up = self.waiting_out() > 0;
        self.forget_what_waits(if is_held_up { FlushArg::TCIOFLUSH } else { FlushArg::TCIFLUSH });
        // The settings before us may be to leave it up. A pseudoterminal has none.
        drop(self.device.set_dtr(false));
        let before = Termios::from(self.before);
        if let Err(error) = termios::tcsetattr(&self.device, SetArg::TCSANOW, &before) {
            tracing::debug!(target: "host::lane", %error, "the terminal keeps our settings");
        }
        clear_exclusive(&self.device);
        crash_point("the terminal is given back");
    }
}

impl AsFd for Terminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}

impl AsRawFd for Terminal {
    fn as_raw_fd(&self) -> RawFd {
        self.device.as_fd().as_raw_fd()
    }
}

/// Only what can be a serial line: to open some other device is a deed already (a watchdog begins to
/// count), and a console belongs to whoever sits before it.
fn check(path: &Path) -> Result<(), HostError> {
    let refuse = |text: &str| Err(HostError::new(OPEN, HostErrorKind::NoSuchPort, text));
    let Ok(name) = path.strip_prefix(DEVICES) else { return refuse("it is no device") };
    let name = name.to_string_lossy();
    let is_serial = ["tty", "pts/", "rfcomm", "ircomm", "cua"].iter().any(|p| name.starts_with(p));
    let is_console = name
        .strip_prefix("tty")
        .is_some_and(|rest| rest.bytes().all(|octet| octet.is_ascii_digit()));
    if !is_serial || is_console {
        return refuse("it is no serial line");
    }
    match fs::metadata(path) {
        Ok(facts) if facts.file_type().is_char_device() => Ok(()),
        Ok(_) => refuse("it is no device"),
        Err(error) => Err(HostError::from_io(OPEN, &error)),
    }
}

fn is_pseudoterminal(path: &Path) -> bool {
    path.strip_prefix(DEVICES).is_ok_and(|name| name.starts_with("pts"))
}

/// A terminal's settings (termios(3)), as they can be written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Input, output, control and local modes.
    modes: [u32; 4],
    characters: Vec<u8>,
    /// In and out, as the kernel names them.
    speeds: [u32; 2],
}

impl Settings {
    fn of(settings: &Termios) -> Self {
        let raw = libc::termios::from(settings.clone());
        Self {
            modes: [raw.c_iflag, raw.c_oflag, raw.c_cflag, raw.c_lflag],
            characters: raw.c_cc.to_vec(),
            speeds: [raw.c_ispeed, raw.c_ospeed],
        }
    }

    /// These, in the place of others of the same terminal.
    fn in_place_of(&self, others: &Termios) -> Termios {
        let mut raw = libc::termios::from(others.clone());
        [raw.c_iflag, raw.c_oflag, raw.c_cflag, raw.c_lflag] = self.modes;
        for (to, from) in raw.c_cc.iter_mut().zip(&self.characters) {
            *to = *from;
        }
        [raw.c_ispeed, raw.c_ospeed] = self.speeds;
        Termios::from(raw)
    }
}

/// Gives a terminal back which a dead process has left as it had set it; `None` when somebody else has it,
/// or has set it in his own way since.
pub(crate) fn give_back(path: &Path, before: &Settings) -> io::Result<Option<()>> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
        .open(path);
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => return Ok(None),
        opened => opened?,
    };
    let ours = check(path).map_err(|e| io::Error::other(e.text));
    if ours.is_err() || file.try_lock().is_err() {
        return Ok(None);
    }
    let now = termios::tcgetattr(&file)?;
    // As we set it up; nothing else of it is ours alone.
    let talks = LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG;
    if now.local_flags.intersects(talks) || !now.control_flags.contains(ControlFlags::HUPCL) {
        return Ok(None);
    }
    let device = serial2::SerialPort::from(OwnedFd::from(file));
    // It went up by our opening.
    drop(device.set_dtr(false));
    termios::tcsetattr(&device, SetArg::TCSANOW, &before.in_place_of(&now))?;
    Ok(Some(()))
}

fn busy(mut error: HostError) -> HostError {
    if error.kind == HostErrorKind::Busy {
        error.kind = HostErrorKind::PortInUse;
    }
    error
}

nix::ioctl_none_bad!(exclusive, libc::TIOCEXCL);
nix::ioctl_none_bad!(shared, libc::TIOCNXCL);
nix::ioctl_read_bad!(waiting_out, libc::TIOCOUTQ, libc::c_int);

fn set_exclusive(device: &impl AsRawFd) {
    // SAFETY: the descriptor is open for as long as `device` is borrowed, and the call takes nothing.
    let _refused = unsafe { exclusive(device.as_raw_fd()) };
}

fn clear_exclusive(device: &impl AsFd) {
    // SAFETY: as above.
    let _refused = unsafe { shared(device.as_fd().as_raw_fd()) };
}

/// The file by which programs tell one another that a line is in use: our process's number in it.
#[derive(Debug)]
struct LockFile {
    path: PathBuf,
    journal: SharedJournal,
    entry: u64,
}

impl LockFile {
    /// `None` where no such files can be made, by us or at all.
    fn take(device: &Path, journal: &SharedJournal) -> Result<Option<Self>, HostError> {
        let name = device.strip_prefix(DEVICES).unwrap_or(device).to_string_lossy();
        let path = Path::new(PORT_LOCKS).join(format!("LCK..{}", name.replace('/', "_")));
        let own = std::process::id();
        for _ in 0..2 {
            if let Some(holder) = holder(&path) {
                if holder == own || is_alive(holder) {
                    let text = format!("process {holder} uses it ({})", path.display());
                    return Err(HostError::new(OPEN, HostErrorKind::PortInUse, text));
                }
                // Its holder is dead. In a sticky folder only the holder's user may remove it; whoever
                // may open the device goes on with the locks that do not outlive a process.
                match fs::remove_file(&path) {
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                        tracing::info!(target: "host::lane", path = %path.display(), holder,
                            "the lock file of a dead process cannot be removed; the device's own locks hold");
                        return Ok(None);
                    }
                    Ok(()) | Err(_) => {}
                }
            }
            let entry = lock(journal)
                .append(&Record::PortLock { path: path.clone(), process: own }, false)?;
            crash_point("a line is about to be locked");
            let made = OpenOptions::new().write(true).create_new(true).open(&path);
            let written = made.and_then(|mut file| {
                // Others are to read it, whatever our umask is.
                file.set_permissions(fs::Permissions::from_mode(0o644))?;
                writeln!(file, "{own:>10}")
            });
            match written {
                Ok(()) => {
                    crash_point("a line is locked");
                    return Ok(Some(Self { path, journal: journal.clone(), entry }));
                }
                Err(error) => {
                    lock(journal).strike(entry);
                    match error.kind() {
                        io::ErrorKind::AlreadyExists => {}
                        io::ErrorKind::PermissionDenied
                        | io::ErrorKind::NotFound
                        | io::ErrorKind::ReadOnlyFilesystem => {
                            tracing::debug!(target: "host::lane", path = %path.display(), %error,
                                "no lock file; the device's own locks hold");
                            return Ok(None);
                        }
                        _ => return Err(HostError::from_io(OPEN, &error)),
                    }
                }
            }
        }
        Err(HostError::new(OPEN, HostErrorKind::PortInUse, "another program locks it just now"))
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        if release(&self.path, std::process::id()).is_ok() {
            lock(&self.journal).strike(self.entry);
        }
    }
}

/// Takes a lock file away if it is this process's; whether it was.
pub(crate) fn release(path: &Path, process: u32) -> io::Result<bool> {
    if holder(path) != Some(process) {
        return Ok(false);
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        removed => removed.map(|()| true),
    }
}

fn holder(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
}

fn is_alive(process: u32) -> bool {
    let Ok(process) = i32::try_from(process) else { return false };
    process > 0 && kill(Pid::from_raw(process), None) != Err(Errno::ESRCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_serial_lines_are_opened() {
        for no in ["/etc/passwd", "/dev/null", "/dev/tty1", "/dev/watchdog", "/dev/tty"] {
            let error = check(Path::new(no)).unwrap_err();
            assert_eq!(error.kind, HostErrorKind::NoSuchPort, "{no}");
        }
    }

    /// A pseudoterminal with settings that are not ours, the record of a folder, and what of terminals stands
    /// in it.
    fn stage() -> (nix::pty::OpenptyResult, PathBuf, Settings) {
        let pair = nix::pty::openpty(None, None).unwrap();
        let mut settings = termios::tcgetattr(&pair.slave).unwrap();
        settings.control_flags.remove(ControlFlags::HUPCL);
        termios::cfsetspeed(&mut settings, termios::BaudRate::B4800).unwrap();
        termios::tcsetattr(&pair.slave, SetArg::TCSANOW, &settings).unwrap();
        let path = nix::unistd::ttyname(&pair.slave).unwrap();
        let before = look(&pair);
        (pair, path, before)
    }

    fn look(pair: &nix::pty::OpenptyResult) -> Settings {
        Settings::of(&termios::tcgetattr(&pair.master).unwrap())
    }

    fn recorded(folder: &Path) -> Vec<(PathBuf, Settings)> {
        let journal = crate::journal::Journal::open(folder, "boot").unwrap();
        let terminal = |(_, entry): (u64, crate::journal::Entry)| match entry.record {
            Record::Terminal { path, before } => Some((path, before)),
            _ => None,
        };
        journal.inherited().into_iter().filter_map(terminal).collect()
    }

    fn shared_journal(folder: &Path) -> SharedJournal {
        let journal = crate::journal::Journal::open(folder, "boot").unwrap();
        std::sync::Arc::new(std::sync::Mutex::new(journal))
    }

    #[test]
    fn settings_come_back_and_stand_in_the_record_until_then() {
        let (pair, path, before) = stage();
        let folder = tempfile::tempdir().unwrap();
        let journal = shared_journal(folder.path());
        let terminal = Terminal::open(&path, 115_200, &journal).unwrap();
        let set = termios::tcgetattr(&pair.master).unwrap();
        assert!(set.control_flags.contains(ControlFlags::HUPCL), "DTR goes with the descriptor");
        assert!(!set.local_flags.contains(LocalFlags::ICANON));
        // Somebody with all rights may always open it; everybody else could not, were it exclusive.
        drop(OpenOptions::new().read(true).open(&path).unwrap());
        let copy = tempfile::tempdir().unwrap();
        fs::copy(folder.path().join("journal"), copy.path().join("journal")).unwrap();
        assert_eq!(recorded(copy.path()), [(path, before.clone())]);
        drop(terminal);
        assert_eq!(look(&pair), before);
        drop(journal);
        assert_eq!(recorded(folder.path()), []);
    }

    #[test]
    fn a_dead_process_s_terminal_is_given_back_unless_it_is_somebody_else_s() {
        let (pair, path, before) = stage();
        let folder = tempfile::tempdir().unwrap();
        // As it is set up while it is ours, and nobody's afterwards.
        let terminal = Terminal::open(&path, 9_600, &shared_journal(folder.path())).unwrap();
        let ours = termios::tcgetattr(&pair.master).unwrap();
        assert_eq!(give_back(&path, &before).unwrap(), None, "it is in use");
        drop(terminal);
        assert_eq!(give_back(&path, &before).unwrap(), None, "it is not as we set it up");
        assert_eq!(look(&pair), before);
        termios::tcsetattr(&pair.slave, SetArg::TCSANOW, &ours).unwrap();
        assert_eq!(give_back(&path, &before).unwrap(), Some(()));
        assert_eq!(look(&pair), before);
        drop(pair);
        assert_eq!(give_back(&path, &before).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_lock_names_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LCK..ttyX0");
        assert_eq!(holder(&path), None);
        fs::write(&path, "      4711\n").unwrap();
        assert_eq!(holder(&path), Some(4711));
        assert!(!release(&path, 1).unwrap());
        assert!(release(&path, 4711).unwrap());
        assert!(!path.exists());
        assert!(is_alive(std::process::id()));
    }

    /// The last words of a call are still in a pseudoterminal when its port is given back.
    #[test]
    fn what_was_written_outlives_the_port() {
        use std::io::Read as _;

        let folder = tempfile::tempdir().unwrap();
        let journal = crate::journal::Journal::open(folder.path(), "boot").unwrap();
        let journal = std::sync::Arc::new(std::sync::Mutex::new(journal));
        let pair = nix::pty::openpty(None, None).unwrap();
        let path = nix::unistd::ttyname(&pair.slave).unwrap();
        let terminal = Terminal::open(&path, 115_200, &journal).unwrap();
        terminal.device.write_all(b"last words").unwrap();
        assert_eq!(terminal.drains_in(), None);
        drop(terminal);
        let mut heard = [0; 64];
        let count = fs::File::from(pair.master).read(&mut heard).unwrap();
        assert_eq!(heard[..count], *b"last words");
    }
}
