//! Earlier managers whose connections go on: who they are, and how they are asked.
//!
//! A manager that hands over keeps its connections until they end, and is asked by the next one over a
//! socket of its own. Callers notice nothing: what concerns a handle of such a keeper is passed on with
//! the caller's identity, lists and events are laid together. A keeper that has handed over once more
//! has keepers itself, and passes on in turn.

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onhook_model::{ConnectionReport, Handle, RasCode};
use onhook_rpc::methods::{Connections, Nothing};
use onhook_rpc::{Behalf, Framed, Limits, NAME, Outgoing, encode, reply};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};

use crate::server::ras_error;
use crate::service::Caller;

/// Events of keepers that may wait for a watcher.
const EVENTS: usize = 256;

/// One earlier manager.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) pid: u32,
    socket: PathBuf,
    handles: HashSet<Handle>,
    entries: HashSet<String>,
}

/// All of them. It counts up whenever one comes or goes.
#[derive(Debug)]
pub struct Keepers {
    list: Mutex<Vec<Arc<Keeper>>>,
    changed: watch::Sender<usize>,
}

impl Default for Keepers {
    fn default() -> Self {
        Self { list: Mutex::default(), changed: watch::channel(0).0 }
    }
}

/// What a keeper has answered to something that was passed on.
pub(crate) struct PassedOn {
    /// The reply as it came.
    pub(crate) reply: Vec<u8>,
    /// To be kept for as long as the client stays: the attachment ends with it.
    pub(crate) held: Option<Framed>,
}

#[derive(Deserialize)]
struct Listed {
    parameters: Connections,
}

fn behalf(caller: &Caller) -> Behalf {
    let Caller { uid, gid, pid, session, operator } = *caller;
    Behalf { uid, gid, pid, session, operator }
}

impl Keeper {
    /// Asks a keeper what it has.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn meet(pid: u32, socket: PathBuf) -> io::Result<Self> {
        let mut keeper = Self { pid, socket, handles: HashSet::new(), entries: HashSet::new() };
        let root = Caller { uid: 0, gid: 0, pid: 0, session: 0, operator: true };
        for report in keeper.list(&root).await? {
            keeper.handles.insert(report.handle);
            keeper.handles.extend(report.links.iter().filter_map(|link| link.handle));
            keeper.entries.insert(report.entry.to_lowercase());
        }
        Ok(keeper)
    }

    async fn say(
        &self,
        caller: &Caller,
        method: &str,
        parameters: &Value,
        more: bool,
        fds: &[OwnedFd],
    ) -> io::Result<Framed> {
        let stream = UnixStream::connect(&self.socket).await?;
        let mut framed = Framed::new(stream, Limits::default());
        let passed = Outgoing::new(NAME, method, parameters).with_more(more);
        let passed = passed.on_behalf_of(behalf(caller));
        let fds: Vec<_> = fds.iter().map(|fd| fd.as_fd()).collect();
        framed.send(&encode(&passed)?, &fds).await?;
        Ok(framed)
    }

    async fn ask(
        &self,
        caller: &Caller,
        method: &str,
        parameters: &Value,
        fds: &[OwnedFd],
    ) -> io::Result<PassedOn> {
        let mut framed = self.say(caller, method, parameters, false, fds).await?;
        let frame = framed.receive().await.map_err(io::Error::other)?;
        let frame = frame.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(PassedOn {
            reply: frame.bytes.to_vec(),
            held: (method == "AttachTun").then_some(framed),
        })
    }

    async fn list(&self, caller: &Caller) -> io::Result<Vec<ConnectionReport>> {
        let answer = self.ask(caller, "List", &json!({}), &[]).await?;
        let listed: Listed = serde_json::from_slice(&answer.reply)?;
        Ok(listed.parameters.connections)
    }
}

impl Keepers {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Keeper>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, keeper: Keeper) {
        self.lock().push(Arc::new(keeper));
        self.changed.send_modify(|n| *n += 1);
    }

    pub(crate) fn remove(&self, pid: u32) {
        self.lock().retain(|keeper| keeper.pid != pid);
        self.changed.send_modify(|n| *n += 1);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Resolves when there is none.
    pub(crate) async fn gone(&self) {
        let mut changed = self.changed.subscribe();
        while !self.is_empty() {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    fn all(&self) -> Vec<Arc<Keeper>> {
        self.lock().clone()
    }

    /// Passes a call on to the keeper whom it concerns; `None` when it concerns nobody but us.
    pub(crate) async fn pass_on(
        &self,
        caller: &Caller,
        method: &str,
        parameters: &Value,
        fds: &[OwnedFd],
    ) -> Option<PassedOn> {
        match method {
            "Dial" => self.dial(caller, parameters, fds).await,
            "Resume" | "Proceed" | "ClearStatistics" | "HangUp" | "Status" | "WaitGone"
            | "AttachTun" => {
                let handle = serde_json::from_value(parameters.get("handle")?.clone()).ok()?;
                let keeper = self.all().into_iter().find(|k| k.handles.contains(&handle))?;
                Some(match keeper.ask(caller, method, parameters, fds).await {
                    Ok(passed) => passed,
                    // It has ended, and so has everything that it kept.
                    Err(_) => PassedOn { reply: gone(method), held: None },
                })
            }
            _ => None,
        }
    }

    /// Dialing an entry that a keeper has connected takes one more reference there.
    async fn dial(&self, caller: &Caller, parameters: &Value, fds: &[OwnedFd]) -> Option<PassedOn> {
        let request = parameters.get("request")?;
        let by_number = request.pointer("/options/by_number").and_then(Value::as_bool);
        if by_number == Some(true) {
            return None;
        }
        let name = request.pointer("/entry/name").and_then(Value::as_str)?.to_lowercase();
        for keeper in self.all().into_iter().filter(|k| k.entries.contains(&name)) {
            let Ok(passed) = keeper.ask(caller, "Dial", parameters, fds).await else { continue };
            let reply: Value = serde_json::from_slice(&passed.reply).unwrap_or_default();
            let code = reply.pointer("/parameters/code").and_then(Value::as_u64);
            // It has nothing of this name any more, and dials nothing new.
            if code != Some(u64::from(RasCode::BUSY.number())) {
                return Some(passed);
            }
        }
        None
    }

    /// What the keepers have that the caller may see.
    pub(crate) async fn list(&self, caller: &Caller) -> Vec<ConnectionReport> {
        let mut reports = Vec::new();
        for keeper in self.all() {
            // One that has just ended has nothing.
            reports.extend(keeper.list(caller).await.unwrap_or_default());
        }
        reports
    }

    /// Events of the keepers, as replies.
    pub(crate) async fn watch(
        &self,
        caller: &Caller,
        handle: Option<Handle>,
    ) -> mpsc::Receiver<Vec<u8>> {
        let (sender, receiver) = mpsc::channel(EVENTS);
        let parameters = json!({ "handle": handle });
        for keeper in self.all() {
            let Ok(mut framed) = keeper.say(caller, "Watch", &parameters, true, &[]).await else {
                continue;
            };
            // The first reply only says that the watch has begun.
            if !matches!(framed.receive().await, Ok(Some(_))) {
                continue;
            }
            let sender = sender.clone();
            tokio::spawn(async move {
                while let Ok(Some(frame)) = framed.receive().await {
                    if sender.send(frame.bytes.to_vec()).await.is_err() {
                        return;
                    }
                }
            });
        }
        receiver
    }
}

/// What a handle of a keeper that has ended answers.
fn gone(method: &str) -> Vec<u8> {
    if method == "WaitGone" {
        return reply(&Nothing {});
    }
    let code = if method == "HangUp" { RasCode::NO_CONNECTION } else { RasCode::INVALID_HANDLE };
    ras_error(&code.into())
}
