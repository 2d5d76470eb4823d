//! `/etc/resolv.conf` itself, where nobody administers it.
//!
//! What was there is kept in the journal, synced, before a text of ours takes its place, as a whole by a
//! rename. Where the file cannot be replaced (a container's bind mount, a folder that is read-only) it
//! is written over. It is put back only when what is there is what we wrote; what another has written
//! meanwhile is left, and is what a further layer of ours will put back.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{
    MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown, symlink,
};
use std::path::{Path, PathBuf};

use onhook_effect::{HostError, HostErrorKind};

use crate::crash_point;
use crate::journal::{Before, FileRecord, Record, SharedJournal, lock};

const DEED: &str = "set the name servers";
/// By this line a person knows whose file it is.
const MARKER: &str =
    "# Written by onhook for a connection; the file as it was comes back when it ends.\n";
/// The longest file that is replaced.
const LONGEST: u64 = 64 << 10;
/// glibc looks at no more name servers than this.
const MOST_SERVERS: usize = 3;

/// What one connection wants in the file.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) servers: Vec<IpAddr>,
    pub(super) domains: Vec<String>,
}

/// What became of the file when it was to be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PutBack {
    /// It is as wanted.
    Done,
    /// Somebody else has written it; it was left.
    LeftAlone,
}

/// The file, and what of it is ours.
#[derive(Clone, Debug)]
pub(super) struct ResolvFile {
    path: PathBuf,
    ours: Option<(u64, FileRecord)>,
}

impl ResolvFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, ours: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the file what the layers want, the last one on top; without any, what it was. May wait for
    /// the disk.
    pub(super) fn update(
        &mut self,
        layers: &[Wanted],
        journal: &SharedJournal,
    ) -> Result<PutBack, HostError> {
        match layers.split_last() {
            Some((top, _)) => self.write(top, journal),
            None => self.put_back(journal),
        }
    }

    fn write(&mut self, top: &Wanted, journal: &SharedJournal) -> Result<PutBack, HostError> {
        let now = look(&self.path).map_err(|e| self.failed(&e))?;
        let before = match &self.ours {
            Some((_, ours)) if ours.is_in(&now) => ours.before.clone(),
            Some(_) | None => now,
        };
        let text = render(&before, &self.path, top);
        let mut ours = FileRecord { path: self.path.clone(), before, text, in_place: false };
        let mut entry = lock(journal).append(&Record::File(ours.clone()), true)?;
        let mode = ours.before.mode();
        let mut written = replace(&self.path, ours.text.as_bytes(), mode);
        if written.as_ref().is_err_and(|e| cannot_replace(e) && ours.before.is_file()) {
            ours.in_place = true;
            let again = lock(journal).append(&Record::File(ours.clone()), true);
            lock(journal).strike(entry);
            entry = again?;
            written = overwrite(&self.path, ours.text.as_bytes());
        }
        if let Err(error) = written {
            if !ours.in_place {
                lock(journal).strike(entry);
            } else {
                // A part may have been written: it is ours to put back.
                self.forget(journal);
                self.ours = Some((entry, ours));
            }
            return Err(self.failed(&error));
        }
        self.forget(journal);
        self.ours = Some((entry, ours));
        Ok(PutBack::Done)
    }

    /// What the next manager has to know of it.
    pub(super) fn record(&self) -> Option<&FileRecord> {
        self.ours.as_ref().map(|(_, record)| record)
    }

    /// Takes over what an earlier manager has written; it is ours to put back from now on.
    pub(super) fn adopt(
        &mut self,
        record: FileRecord,
        journal: &SharedJournal,
    ) -> Result<(), HostError> {
        let entry = lock(journal).append(&Record::File(record.clone()), true)?;
        self.path.clone_from(&record.path);
        self.ours = Some((entry, record));
        Ok(())
    }

    /// Another manager has taken it over.
    pub(super) fn forget(&mut self, journal: &SharedJournal) {
        if let Some((entry, _)) = self.ours.take() {
            lock(journal).strike(entry);
        }
    }

    fn put_back(&mut self, journal: &SharedJournal) -> Result<PutBack, HostError> {
        let Some((_, ours)) = &self.ours else { return Ok(PutBack::Done) };
        let result = put_back(std::slice::from_ref(ours)).map_err(|e| self.failed(&e))?;
        self.forget(journal);
        Ok(result)
    }

    fn failed(&self, error: &io::Error) -> HostError {
        failed(&self.path, error)
    }
}

fn failed(path: &Path, error: &io::Error) -> HostError {
    let mut failed = HostError::from_io(DEED, error);
    failed.text = format!("{}: {}", path.display(), failed.text);
    if failed.kind == HostErrorKind::Busy {
        failed.kind = HostErrorKind::NotPermitted;
    }
    failed
}

/// Puts a file back after a crash. The records are all that the journal holds of this file, oldest
/// first: a crash between two writings leaves two.
pub(crate) fn put_back_after_crash(records: &[FileRecord]) -> Result<PutBack, HostError> {
    let path = records.last().map_or(Path::new(""), |r| r.path.as_path());
    // A crash between the making of a new file and its renaming leaves it beside the old one.
    remove(&beside(path)).map_err(|e| failed(path, &e))?;
    put_back(records).map_err(|e| failed(path, &e))
}

fn put_back(records: &[FileRecord]) -> io::Result<PutBack> {
    let Some(last) = records.last() else { return Ok(PutBack::Done) };
    let now = look(&last.path)?;
    if now == last.before {
        return Ok(PutBack::Done);
    }
    if !records.iter().any(|record| record.is_in(&now)) {
        return Ok(PutBack::LeftAlone);
    }
    match &last.before {
        Before::Absent => match fs::remove_file(&last.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        },
        Before::Link { target } => {
            let new = beside(&last.path);
            remove(&new)?;
            symlink(target, &new)?;
            fs::rename(&new, &last.path)?;
        }
        Before::File { content, mode, uid, gid } => {
            let bytes = octets(content);
            match replace(&last.path, &bytes, Some((*mode, *uid, *gid))) {
                Err(error) if cannot_replace(&error) => overwrite(&last.path, &bytes)?,
                other => other?,
            }
        }
    }
    Ok(PutBack::Done)
}

impl FileRecord {
    /// Whether what is there is what we wrote, or the beginning of it where it was written over.
    fn is_in(&self, now: &Before) -> bool {
        match now {
            Before::File { content, .. } if self.in_place => {
                characters(&self.text).starts_with(content)
            }
            Before::File { content, .. } => *content == characters(&self.text),
            Before::Absent | Before::Link { .. } => false,
        }
    }
}

impl Before {
    const fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    const fn mode(&self) -> Option<(u32, u32, u32)> {
        match self {
            Self::File { mode, uid, gid, .. } => Some((*mode, *uid, *gid)),
            Self::Absent | Self::Link { .. } => None,
        }
    }
}

/// Octets as characters of the same number, so that a journal can hold any file and be read.
fn as_characters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn characters(text: &str) -> String {
    as_characters(text.as_bytes())
}

fn octets(characters: &str) -> Vec<u8> {
    characters.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn look(path: &Path) -> io::Result<Before> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Before::Absent),
        other => other?,
    };
    if metadata.is_symlink() {
        return Ok(Before::Link { target: fs::read_link(path)? });
    }
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it is no plain file of at most {LONGEST} octets"),
        ));
    }
    Ok(Before::File {
        content: as_characters(&fs::read(path)?),
        mode: metadata.mode() & 0o7777,
        uid: metadata.uid(),
        gid: metadata.gid(),
    })
}

/// Replaces a file as a whole: it is the old one or the new one, never a part.
fn replace(path: &Path, bytes: &[u8], like: Option<(u32, u32, u32)>) -> io::Result<()> {
    let new = beside(path);
    remove(&new)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let filled = (|| {
        let (mode, uid, gid) = like.unwrap_or((0o644, 0, 0));
        file.write_all(bytes)?;
        if like.is_some() {
            match chown(&new, Some(uid), Some(gid)) {
                // Without root the file is ours anyway.
                Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()?;
        crash_point("name servers: a new file lies beside the old one");
        fs::rename(&new, path)?;
        crash_point("name servers: the file is replaced");
        Ok(())
    })();
    if filled.is_err() {
        remove(&new)?;
    }
    filled
}

fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".onhook");
    path.with_file_name(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Errors of a rename, or of a new file beside the old one, behind which the old one may be writable.
fn cannot_replace(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EBUSY | libc::EXDEV | libc::EROFS | libc::EACCES | libc::EPERM)
    )
}

fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The text for a connection: its name servers, with the options and, where it wants no domains of its
/// own, the search list of the file before. A connection that wants only some domains cannot have that
/// here; its servers come first, and those before follow.
fn render(before: &Before, path: &Path, top: &Wanted) -> String {
    let text_before = match before {
        Before::File { content, .. } => String::from_utf8_lossy(&octets(content)).into_owned(),
        Before::Link { target } => {
            let folder = path.parent().unwrap_or(Path::new("/"));
            fs::read_to_string(folder.join(target)).unwrap_or_default()
        }
        Before::Absent => String::new(),
    };
    let old = |keyword: &'static str| {
        text_before.lines().filter_map(move |line| {
            line.strip_prefix(keyword).filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim)
        })
    };
    let mut servers: Vec<String> = top.servers.iter().map(ToString::to_string).collect();
    let mut search = top.domains.clone();
    let old_search = old("search").chain(old("domain")).flat_map(str::split_whitespace);
    search.extend(old_search.map(str::to_owned));
    if !top.domains.is_empty() {
        servers.extend(old("nameserver").map(str::to_owned));
    }
    let mut text = MARKER.to_owned();
    if !search.is_empty() {
        text.push_str(&format!("search {}\n", search.join(" ")));
    }
    for server in servers.iter().take(MOST_SERVERS) {
        text.push_str(&format!("nameserver {server}\n"));
    }
    for options in old("options") {
        text.push_str(&format!("options {options}\n"));
    }
    text
}
