//! Healing: what a dead manager's journal names is undone before anything else is done.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use futures_util::future::join_all;
use onhook_effect::{HostError, HostErrorKind, Prefix};

use crate::crash_point;
use crate::dns::{blocking, put_back_after_crash};
use crate::door::Host;
use crate::journal::{Entry, FileRecord, Record, lock};
use crate::lane::{end_asked, end_session, give_back, release_port};
use crate::net::netlink::Netlink;
use crate::net::route::Route;

/// What became of one thing that a dead manager left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// What it was.
    pub what: String,
    /// What became of it.
    pub result: Recovery,
}

/// How healing one thing ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// It was undone.
    Undone,
    /// It was gone already: with the kernel that held it, or by somebody else's hand.
    AlreadyGone,
    /// Somebody else has changed it since; it was left as it is.
    LeftAlone,
    /// The record of it cannot be read.
    Damaged,
    /// It was recorded in a way that this version does not know; the record is kept.
    Foreign,
    /// It could not be undone; it stays in the journal for the next start.
    Failed(HostError),
}

impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result {
            Recovery::Undone => write!(f, "{}: undone", self.what),
            Recovery::AlreadyGone => write!(f, "{}: was gone already", self.what),
            Recovery::LeftAlone => write!(f, "{}: changed by somebody else, left alone", self.what),
            Recovery::Damaged => write!(f, "{}: cannot be read", self.what),
            Recovery::Foreign => {
                write!(f, "{}: left for a version that can read them", self.what)
            }
            Recovery::Failed(error) => write!(f, "{}: {error}; tried again later", self.what),
        }
    }
}

impl Host {
    /// Undoes what a dead manager left, newest first. What died with the kernel that it was in (another
    /// boot) is struck; what lies in files is put back.
    pub async fn recover(&self) -> Vec<Recovered> {
        let (boot, mut inherited, damaged, foreign) = {
            let mut journal = lock(self.journal());
            let damaged = journal.take_damaged();
            (journal.boot().to_owned(), journal.inherited(), damaged, journal.foreign())
        };
        crash_point("healing begins");
        let mut recovered = Vec::new();
        if damaged > 0 {
            let what = format!("{damaged} lines of the record of changes");
            recovered.push(Recovered { what, result: Recovery::Damaged });
        }
        if foreign > 0 {
            let what = format!("{foreign} changes recorded by another version");
            recovered.push(Recovered { what, result: Recovery::Foreign });
        }
        inherited.reverse();
        // Their peers may take their time: all are told at once, when there are ways to them again.
        let mut to_tell: Vec<(u64, String, bool, Telling)> = Vec::new();
        let mut files: BTreeMap<PathBuf, Vec<(u64, FileRecord)>> = BTreeMap::new();
        for (seq, Entry { boot: of, record }) in inherited {
            let what = record.what();
            let is_this_boot = of == boot;
            let result = match record {
                Record::File(file) => {
                    files.entry(file.path.clone()).or_default().push((seq, file));
                    continue;
                }
                Record::Asked { interface, request } => {
                    let telling = Box::new(move || end_asked(&interface, &request));
                    to_tell.push((seq, what, is_this_boot, telling));
                    continue;
                }
                Record::Tunnel(words) => {
                    to_tell.push((seq, what, is_this_boot, Box::new(move || words.say())));
                    continue;
                }
                record => self.undo(record, is_this_boot).await,
            };
            crash_point("healed, not struck");
            self.settle(&[seq], &result);
            recovered.push(Recovered { what, result });
        }
        for (path, mut records) in files {
            records.reverse(); // oldest first again
            let (entries, records): (Vec<u64>, Vec<FileRecord>) = records.into_iter().unzip();
            let put_back = blocking(move || put_back_after_crash(&records)).await;
            let result = match put_back {
                Ok(crate::dns::PutBack::Done) => Recovery::Undone,
                Ok(crate::dns::PutBack::LeftAlone) => Recovery::LeftAlone,
                Err(error) => Recovery::Failed(error),
            };
            crash_point("a file is healed, not struck");
            self.settle(&entries, &result);
            let what = format!("name servers in {}", path.display());
            recovered.push(Recovered { what, result });
        }
        let told = to_tell.into_iter().map(|(seq, what, is_this_boot, telling)| async move {
            (seq, what, tell(telling, is_this_boot).await)
        });
        for (seq, what, result) in join_all(told).await {
            crash_point("a peer is told, not struck");
            self.settle(&[seq], &result);
            recovered.push(Recovered { what, result });
        }
        recovered
    }

    /// Undoes what concerns nothing else.
    async fn undo(&self, record: Record, is_this_boot: bool) -> Recovery {
        match record {
            Record::Pin { .. } | Record::Resolved { .. } if !is_this_boot => Recovery::AlreadyGone,
            Record::Pin { to, interface, next_hop, metric } => {
                let to = Prefix::host(to);
                self.unpin(&Route { to, interface, next_hop, metric })
            }
            Record::Resolved { interface, index } => self.forget_resolved(&interface, index).await,
            Record::Resolvconf { label } => self.dns().delete_resolvconf(&label).await.into(),
            // A concentrator may remember a session longer than a machine is down.
            Record::Session { interface, terminate } => {
                came_of(end_session(&interface, &terminate), "end the session")
            }
            Record::PortLock { path, process } => {
                came_of(release_port(&path, process), "unlock the line")
            }
            Record::Terminal { path, before } => match give_back(&path, &before) {
                Ok(None) => Recovery::LeftAlone,
                Err(error) if error.kind() == ErrorKind::NotFound => Recovery::AlreadyGone,
                given_back => came_of(given_back.map(|_| true), "give the terminal back"),
            },
            // These do concern others, and are seen to apart.
            Record::File(_) | Record::Asked { .. } | Record::Tunnel(_) => Recovery::LeftAlone,
        }
    }

    fn settle(&self, entries: &[u64], result: &Recovery) {
        if !matches!(result, Recovery::Failed(_)) {
            let mut journal = lock(self.journal());
            entries.iter().for_each(|seq| journal.strike(*seq));
        }
    }

    fn unpin(&self, route: &Route) -> Recovery {
        const DEED: &str = "remove the route to the server";
        let deleted = self.netlink().map(|netlink| netlink.delete_route(route));
        match deleted {
            Some(Ok(true)) => Recovery::Undone,
            Some(Ok(false)) => Recovery::AlreadyGone,
            Some(Err(error)) => Recovery::Failed(HostError::from_io(DEED, &error)),
            None => {
                let text = "the kernel's routing socket is closed to us";
                Recovery::Failed(HostError::new(DEED, HostErrorKind::NotPermitted, text))
            }
        }
    }

    /// systemd-resolved forgets an interface's name servers with the interface; only one that is still
    /// there needs its program.
    async fn forget_resolved(&self, interface: &str, index: u32) -> Recovery {
        let link = self.netlink().map(|netlink: &Netlink| netlink.link_by_index(index));
        match link {
            Some(Ok(Some(link))) if link.name == interface => {
                self.dns().revert_resolved(interface).await.into()
            }
            _ => Recovery::AlreadyGone,
        }
    }
}

/// What came of a deed that says whether there was anything to be done.
fn came_of(done: std::io::Result<bool>, deed: &'static str) -> Recovery {
    match done {
        Ok(true) => Recovery::Undone,
        Ok(false) => Recovery::AlreadyGone,
        Err(error) => Recovery::Failed(HostError::from_io(deed, &error)),
    }
}

/// What tells a peer of something that a dead manager has left there; whether anything was.
type Telling = Box<dyn FnOnce() -> std::io::Result<bool> + Send>;

/// Tells a peer. One that does not answer is told again by the next start, but not after another boot: it has
/// found out by itself.
async fn tell(telling: Telling, is_this_boot: bool) -> Recovery {
    const DEED: &str = "tell the server";
    let told = blocking(move || telling().map_err(|error| HostError::from_io(DEED, &error)));
    match told.await {
        Ok(true) => Recovery::Undone,
        Ok(false) => Recovery::AlreadyGone,
        Err(_) if !is_this_boot => Recovery::AlreadyGone,
        Err(error) => Recovery::Failed(error),
    }
}

impl From<Result<(), HostError>> for Recovery {
    fn from(result: Result<(), HostError>) -> Self {
        match result {
            Ok(()) => Self::Undone,
            Err(error) => Self::Failed(error),
        }
    }
}
