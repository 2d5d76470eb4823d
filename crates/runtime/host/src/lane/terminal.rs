//! A serial terminal: opened raw, locked, and given back as it was.
//!
//! Three locks, because there are three customs: `flock` on the device, the kernel's exclusive mode, and a
//! file `LCK..name` in the folder of locks that other programs (wvdial, minicom, mgetty) look for. A file of
//! a process that lives no more is passed over and removed; ours is written into the record of changes
//! first, so that it goes even when we are killed.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::sys::termios::{self, ControlFlags, FlushArg, SetArg, Termios};
use nix::unistd::Pid;
use onhook_effect::{HostError, HostErrorKind};

use super::LaneSignal;
use crate::crash_point;
use crate::dns::{SharedJournal, lock};
use crate::journal::Record;

const OPEN: &str = "open the port";
const DEVICES: &str = "/dev";
/// Where programs look for one another's locks on serial lines (FHS §5.9).
pub const PORT_LOCKS: &str = "/var/lock";

/// A terminal that is ours until it is dropped.
#[derive(Debug)]
pub(crate) struct Terminal {
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
        let lock = LockFile::take(&path, journal).map_err(named)?;
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
        // Pseudoterminals have no exclusive mode everywhere; the other two locks hold there.
        set_exclusive(&file);
        let mut device = serial2::SerialPort::from(OwnedFd::from(file));
        let mut settings = device.get_configuration().map_err(|e| failed(&e))?;
        settings.set_raw();
        // A speed that the port does not know (a pseudoterminal knows any) is no reason to fail.
        let _unknown = settings.set_baud_rate(speed);
        device.set_configuration(&settings).map_err(|e| failed(&e))?;
        let terminal = Self { device, before: before.into(), _lock: lock };
        // What somebody typed before is none of ours.
        terminal.forget_what_waits();
        // A pseudoterminal has no modem lines.
        drop(terminal.device.set_dtr(true));
        drop(terminal.device.set_rts(true));
        Ok(terminal)
    }
}

impl Terminal {
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

    /// In both directions; a terminal that is gone has nothing waiting.
    fn forget_what_waits(&self) {
        if let Err(error) = termios::tcflush(&self.device, FlushArg::TCIOFLUSH) {
            tracing::debug!(target: "host::lane", %error, "the terminal cannot be emptied");
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The close of a port that is held up by flow control would wait for half a minute.
        self.forget_what_waits();
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

fn busy(mut error: HostError) -> HostError {
    if error.kind == HostErrorKind::Busy {
        error.kind = HostErrorKind::PortInUse;
    }
    error
}

nix::ioctl_none_bad!(exclusive, libc::TIOCEXCL);
nix::ioctl_none_bad!(shared, libc::TIOCNXCL);

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
}
