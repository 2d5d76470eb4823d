//! What this process has changed and would outlive it, with the way back; written before the change.
//!
//! A file of lines, only ever appended to. Each line is a checksum (the first 16 hexadecimal digits of
//! SHA-256 of the rest), a blank, and a JSON object with the version, the boot it was written in, a
//! sequence number, and either what was done or the number of a line that is undone. A line that is
//! torn or damaged is noticed and passed over; the others keep their worth. Reading it again makes it
//! compact, and so does every 64th strike. A whole line of another version is nobody's to drop: it is
//! told of, and kept for a manager that can read it.
//!
//! One journal, one manager: a lock on a file beside it keeps a second one out.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onhook_effect::{HostError, HostErrorKind};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::crash_point;
use crate::lane::{LastWords, Settings};
use crate::net::route::{NextHop, Route};

const DEED: &str = "write the record of changes";
const VERSION: u8 = 1;
/// Struck entries that are kept before the file is made anew.
const MOST_STRUCK: usize = 64;
/// Entries that may be open.
const MOST_OPEN: usize = 1024;
/// The longest line: it may hold a name server file twice.
const LONGEST_LINE: usize = 512 << 10;
/// Digits of the checksum.
const DIGITS: usize = 16;

/// Something that was done, with all that is needed to undo it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Record {
    /// A host route to a server.
    Pin {
        to: std::net::IpAddr,
        interface: u32,
        next_hop: Option<NextHop>,
        /// Absent: the kernel's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metric: Option<u32>,
    },
    /// Name servers of an interface, held by systemd-resolved.
    Resolved { interface: String, index: u32 },
    /// Name servers given to resolvconf under this label.
    Resolvconf { label: String },
    /// A file that was replaced.
    File(FileRecord),
    /// A PPPoE session: what tells the concentrator that it is over.
    Session { interface: String, terminate: Vec<u8> },
    /// A PPPoE session that a concentrator was asked for: the asking, to which it says which one it is.
    Asked { interface: String, request: Vec<u8> },
    /// A tunnel over UDP: what tells the server that it is over.
    Tunnel(LastWords),
    /// The file that tells other programs that a serial line is in use.
    PortLock { path: PathBuf, process: u32 },
    /// A terminal that was set up anew.
    Terminal { path: PathBuf, before: Settings },
}

/// A file that was replaced by a text of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    pub(crate) path: PathBuf,
    /// What was there before.
    pub(crate) before: Before,
    /// What we wrote.
    pub(crate) text: String,
    /// It could only be written over, not replaced as a whole: a part of it is ours too.
    pub(crate) in_place: bool,
}

/// What was where we wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Before {
    /// Nothing.
    Absent,
    /// A symbolic link.
    Link { target: PathBuf },
    /// A file. Its octets are kept as characters of the same number.
    File { content: String, mode: u32, uid: u32, gid: u32 },
}

impl Record {
    pub(crate) fn of_pin(route: &Route) -> Self {
        Self::Pin {
            to: route.to.address(),
            interface: route.interface,
            next_hop: route.next_hop.clone(),
            metric: route.metric,
        }
    }

    /// What was done, in a few words.
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Pin { to, .. } => format!("route to {to}"),
            Self::Resolved { interface, .. } => {
                format!("name servers of {interface} in systemd-resolved")
            }
            Self::Resolvconf { label } => format!("name servers “{label}” in resolvconf"),
            Self::File(file) => format!("name servers in {}", file.path.display()),
            Self::Session { interface, .. } => format!("PPPoE session on {interface}"),
            Self::Asked { interface, .. } => format!("PPPoE session asked for on {interface}"),
            Self::Tunnel(words) => format!("tunnel to {}", words.remote),
            Self::PortLock { path, .. } => format!("lock of a line {}", path.display()),
            Self::Terminal { path, .. } => format!("settings of {}", path.display()),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Line {
    v: u8,
    boot: String,
    seq: u64,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    Did(Record),
    Undid(u64),
}

/// An entry that was not struck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) boot: String,
    pub(crate) record: Record,
}

/// The record of changes of one state folder.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    boot: String,
    open: BTreeMap<u64, Entry>,
    next: u64,
    struck: usize,
    /// Lines that could not be read.
    damaged: usize,
    /// Whole lines of another version, as they are.
    foreign: Vec<Vec<u8>>,
    /// The first number of this process; those before are a dead manager's.
    first: u64,
    lock: File,
}

impl Journal {
    /// Opens the journal of a folder, which is made when it is not there.
    pub(crate) fn open(folder: &Path, boot: &str) -> Result<Self, HostError> {
        let failed = |error: io::Error| failed_in(folder, &error);
        let lock = take(folder)?;
        let path = folder.join("journal");
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other.map_err(failed)?,
        };
        let read = Read::from(&bytes);
        let mut journal = Self {
            file: private(&path).map_err(failed)?,
            path,
            length: bytes.len() as u64,
            boot: boot.to_owned(),
            next: read.next,
            first: read.next,
            open: read.open,
            struck: 0,
            damaged: read.damaged,
            foreign: read.foreign,
            lock,
        };
        if read.lines > journal.open.len() + journal.foreign.len() || journal.damaged > 0 {
            journal.compact().map_err(failed)?;
        } else if bytes.is_empty() {
            // A file that is not in its folder yet would not be found after a power cut.
            File::open(folder).and_then(|folder| folder.sync_data()).map_err(failed)?;
        }
        Ok(journal)
    }

    /// From now on the record lies in another folder, which is locked; the old folder is free for
    /// another manager. A crash in between leaves the same record in both: what is undone twice is as
    /// undone as once.
    pub(crate) fn move_to(&mut self, folder: &Path) -> Result<(), HostError> {
        let failed = |error: io::Error| failed_in(folder, &error);
        let lock = take(folder)?;
        let old = std::mem::replace(&mut self.path, folder.join("journal"));
        if let Err(error) = self.compact() {
            self.path = old;
            return Err(failed(error));
        }
        crash_point("journal: it lies in two folders");
        fs::remove_file(&old).map_err(failed)?;
        crash_point("journal: it has moved");
        let free = std::mem::replace(&mut self.lock, lock);
        // Said explicitly, as at the end.
        free.unlock().map_err(failed)
    }

    /// The boot that this process runs in.
    pub(crate) fn boot(&self) -> &str {
        &self.boot
    }

    /// What a dead manager left, oldest first.
    pub(crate) fn inherited(&self) -> Vec<(u64, Entry)> {
        self.open.range(..self.first).map(|(seq, entry)| (*seq, entry.clone())).collect()
    }

    /// How many lines could not be read at the start; told once.
    pub(crate) const fn take_damaged(&mut self) -> usize {
        std::mem::replace(&mut self.damaged, 0)
    }

    /// How many whole lines another version has written. They stay.
    pub(crate) const fn foreign(&self) -> usize {
        self.foreign.len()
    }

    /// Writes down what is about to be done; `durable` when it would outlive the machine's boot, and so
    /// must lie on the disk before it is done.
    pub(crate) fn append(&mut self, record: &Record, durable: bool) -> Result<u64, HostError> {
        if self.open.len() >= MOST_OPEN {
            let text = format!("more than {MOST_OPEN} changes are open");
            return Err(HostError::new(DEED, HostErrorKind::Other, text));
        }
        let seq = self.next;
        let line = encode(&self.boot, seq, What::Did(record.clone()));
        if line.len() > LONGEST_LINE {
            let text = format!("a change of {} octets is too long to be kept", line.len());
            return Err(HostError::new(DEED, HostErrorKind::Other, text));
        }
        crash_point("journal: a change is about to be written");
        self.write(&line).map_err(|e| HostError::from_io(DEED, &e))?;
        crash_point("journal: a change is written");
        if durable {
            self.file.sync_data().map_err(|e| HostError::from_io(DEED, &e))?;
        }
        crash_point("journal: a change is kept");
        self.next += 1;
        self.open.insert(seq, Entry { boot: self.boot.clone(), record: record.clone() });
        Ok(seq)
    }

    /// Strikes an entry that is undone. Needs no sync, and a failure is only told: what is undone twice
    /// is as undone as once.
    pub(crate) fn strike(&mut self, seq: u64) {
        if self.open.remove(&seq).is_none() {
            return;
        }
        self.struck += 1;
        let written = if self.struck >= MOST_STRUCK {
            self.compact()
        } else {
            let line = encode(&self.boot, self.next, What::Undid(seq));
            self.next += 1;
            self.write(&line)
        };
        crash_point("journal: a change is struck");
        if let Err(error) = written {
            tracing::warn!(target: "host::journal", %error, "a strike could not be written");
        }
    }

    /// Appends a line whole or not at all.
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let written = match cfg!(feature = "crash-points") {
            // Two halves, so that a torn line can be left behind.
            true => {
                let (half, rest) = line.split_at(line.len() / 2);
                let first = self.file.write_all(half);
                crash_point("journal: half a line is written");
                first.and_then(|()| self.file.write_all(rest))
            }
            false => self.file.write_all(line),
        };
        if let Err(error) = written {
            // Half a line must not spoil the next one. Should this fail too, the reader passes over it.
            drop(self.file.set_len(self.length));
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Makes the file anew with the open entries only.
    fn compact(&mut self) -> io::Result<()> {
        let mut text = self.foreign.concat();
        for (seq, entry) in &self.open {
            text.extend(encode(&entry.boot, *seq, What::Did(entry.record.clone())));
        }
        let new = self.path.with_extension("new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = private(&new)?;
        file.write_all(&text)?;
        crash_point("journal: made anew beside the old one");
        file.sync_data()?;
        fs::rename(&new, &self.path)?;
        crash_point("journal: made anew");
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_data()?;
        }
        self.file = file;
        self.length = text.len() as u64;
        self.struck = 0;
        Ok(())
    }
}

impl Drop for Journal {
    /// Said explicitly, because a child that has not become its program yet holds our descriptors.
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            tracing::debug!(target: "host::journal", %error, "the lock goes with its descriptor");
        }
    }
}

/// The journal, shared by all who change something.
pub(crate) type SharedJournal = Arc<Mutex<Journal>>;

pub(crate) fn lock(journal: &SharedJournal) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An entry that stands for as long as this does: dropped, it is struck. For what is undone whatever comes of
/// the undoing; what may fail to be undone keeps its entry by hand.
#[derive(Debug)]
pub(crate) struct Standing {
    journal: SharedJournal,
    entry: u64,
}

impl Standing {
    /// Writes down what is about to be done, and does not outlive the machine's boot.
    pub(crate) fn write(journal: &SharedJournal, record: &Record) -> Result<Self, HostError> {
        let entry = lock(journal).append(record, false)?;
        Ok(Self { journal: Arc::clone(journal), entry })
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        lock(&self.journal).strike(self.entry);
    }
}

fn failed_in(folder: &Path, error: &io::Error) -> HostError {
    let mut failed = HostError::from_io(DEED, error);
    failed.text = format!("{}: {}", folder.display(), failed.text);
    failed
}

/// Makes a folder where there is none, and takes its lock: one manager at a time may use it.
fn take(folder: &Path) -> Result<File, HostError> {
    let failed = |error: io::Error| failed_in(folder, &error);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let lock = private(&folder.join("lock")).map_err(failed)?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => {
            let text = format!("another manager uses {}", folder.display());
            HostError::new(DEED, HostErrorKind::Busy, text)
        }
        TryLockError::Error(error) => failed(error),
    })?;
    Ok(lock)
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

fn encode(boot: &str, seq: u64, what: What) -> Vec<u8> {
    let line = Line { v: VERSION, boot: boot.to_owned(), seq, what };
    // Plain data with texts as keys: there is nothing in it that JSON cannot hold.
    let json = serde_json::to_string(&line).unwrap_or_default();
    format!("{} {json}\n", checksum(json.as_bytes())).into_bytes()
}

fn checksum(bytes: &[u8]) -> String {
    let digest: [u8; 32] = sha2::Sha256::digest(bytes).into();
    digest.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

/// What a file held.
#[derive(Default)]
struct Read {
    open: BTreeMap<u64, Entry>,
    next: u64,
    lines: usize,
    damaged: usize,
    foreign: Vec<Vec<u8>>,
}

impl From<&[u8]> for Read {
    fn from(bytes: &[u8]) -> Self {
        let mut read = Self { next: 1, ..Self::default() };
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            read.lines += 1;
            match decode(line) {
                Some(Decoded::Foreign) if read.foreign.len() < MOST_OPEN => {
                    read.foreign.push(line.to_vec());
                }
                Some(Decoded::Ours(Line { seq, boot, what, .. })) => {
                    read.next = read.next.max(seq.saturating_add(1));
                    match what {
                        What::Did(record) => drop(read.open.insert(seq, Entry { boot, record })),
                        What::Undid(seq) => drop(read.open.remove(&seq)),
                    }
                }
                Some(Decoded::Foreign) | None => read.damaged += 1,
            }
        }
        read
    }
}

impl From<&Vec<u8>> for Read {
    fn from(bytes: &Vec<u8>) -> Self {
        Self::from(bytes.as_slice())
    }
}

/// A line that is whole.
enum Decoded {
    Ours(Line),
    /// Written by another version.
    Foreign,
}

/// The one member that every version has.
#[derive(Deserialize)]
struct Versioned {
    v: u8,
}

fn decode(line: &[u8]) -> Option<Decoded> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = line.split_at_checked(DIGITS)?;
    let json = json.strip_prefix(b" ")?;
    if sum != checksum(json).as_bytes() {
        return None;
    }
    let Versioned { v } = serde_json::from_slice(json).ok()?;
    if v != VERSION {
        return Some(Decoded::Foreign);
    }
    serde_json::from_slice(json).ok().map(Decoded::Ours)
}

/// Reads octets as a line, and as the content of one whose checksum is right.
#[cfg(feature = "ordeals")]
pub(crate) fn try_line(octets: &[u8]) {
    drop(decode(octets));
    let line = [checksum(octets).as_bytes(), b" ", octets, b"\n"].concat();
    drop(decode(&line));
}

#[cfg(test)]
mod tests;
