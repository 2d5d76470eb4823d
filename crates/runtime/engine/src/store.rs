//! What a manager leaves for the next one: the numbers that are used up, and what has ended.

use std::fs;
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use onhook_host::crash_point;
use onhook_model::HistoryRecord;

/// Numbers taken at a time.
const LEASE: u64 = 1024;
/// Ended connections that are remembered.
const HISTORY: usize = 100;

/// Small files in the state folder: `handles`, `first-handle` and `history`.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    history_lines: usize,
    /// The least number that may be used, from the clock, should the file be lost.
    floor: u64,
}

impl Store {
    /// `since_boot` is the one clock's age in microseconds: a floor under the numbers, so that even a
    /// manager whose state folder was emptied repeats none while the machine is up (it would have to
    /// have given more than a million handles a second).
    pub(crate) fn new(folder: &Path, since_boot_micros: u64) -> Self {
        Self { folder: folder.to_owned(), history_lines: 0, floor: since_boot_micros }
    }

    /// Takes numbers for handles: they are used up on disk before they are returned.
    pub(crate) fn lease(&mut self) -> std::io::Result<Range<u64>> {
        let path = self.folder.join("handles");
        let kept = match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().unwrap_or(0),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        let start = if kept == 0 { self.floor.max(1) } else { kept };
        if kept == 0 {
            replace(&self.folder.join("first-handle"), start.to_string().as_bytes())?;
        }
        let range = start..start.saturating_add(LEASE);
        replace(&path, range.end.to_string().as_bytes())?;
        Ok(range)
    }

    /// The first number that a manager with this folder could give; 1 when that is not known.
    pub(crate) fn first_handle(&self) -> u64 {
        let kept = fs::read_to_string(self.folder.join("first-handle")).unwrap_or_default();
        kept.trim().parse().unwrap_or(1)
    }

    /// What ended before, oldest first. Lines that cannot be read are passed over.
    pub(crate) fn load_history(&mut self) -> Vec<HistoryRecord> {
        let text = fs::read_to_string(self.folder.join("history")).unwrap_or_default();
        self.history_lines = text.lines().count();
        let records: Vec<_> =
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let extra = records.len().saturating_sub(HISTORY);
        records.into_iter().skip(extra).collect()
    }

    /// Remembers one that has ended; `all` is the whole memory, for when the file is made anew.
    pub(crate) fn append_history(
        &mut self,
        record: &HistoryRecord,
        all: impl FnOnce() -> Vec<HistoryRecord>,
    ) -> std::io::Result<()> {
        let path = self.folder.join("history");
        if self.history_lines >= 4 * HISTORY {
            let all = all();
            let mut text = Vec::new();
            for record in &all {
                serde_json::to_writer(&mut text, record)?;
                text.push(b'\n');
            }
            self.history_lines = all.len();
            return replace(&path, &text);
        }
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(&line)?;
        crash_point("store: the history is longer");
        self.history_lines += 1;
        Ok(())
    }
}

/// Replaces a file as a whole, synced: it holds the old text or the new, never a part.
fn replace(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = fs::File::create(&new)?;
    file.write_all(text)?;
    file.sync_data()?;
    drop(file);
    crash_point("store: a new file lies beside the old one");
    fs::rename(&new, path)?;
    crash_point("store: a file is replaced");
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_data()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_up_before_they_are_given() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::new(folder.path(), 77);
        let first = store.lease().unwrap();
        assert_eq!(first, 77..77 + LEASE);
        let mut after_a_crash = Store::new(folder.path(), 5);
        assert_eq!(after_a_crash.lease().unwrap().start, first.end);
    }
}
