//! What stands behind the socket.

use std::future::Future;
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use onhook_effect::{HostError, HostErrorKind, TunId};
use onhook_host::Heir;
use onhook_model::{
    ConnectionEvent, ConnectionReport, ConnectionStatus, Credentials, DialRequest, Dialed, Handle,
    HistoryRecord, ListedConnection, RasError, Resumption,
};
use tokio::sync::mpsc;

/// A program that calls, as the kernel knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its process, when it connected.
    pub pid: i32,
    /// Which talk this is; never given twice.
    pub session: u64,
    /// It is in the group whose members may see and end what all users have dialed.
    pub operator: bool,
}

/// An answer that takes its time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A program's own interface, offered to a connection.
#[derive(Debug)]
pub struct TunOffer {
    /// Its descriptor.
    pub descriptor: OwnedFd,
    /// Its name, for logs.
    pub name: String,
    /// Its MTU in octets.
    pub mtu: u16,
    /// Each packet carries the kernel's offload header.
    pub offload_header: bool,
    /// The local ports that are the program's.
    pub ports: RangeInclusive<u16>,
}

/// The manager, as clients reach it. Who may do what is decided by it, from what the kernel told.
pub trait Service: Send + Sync + 'static {
    /// RasDial.
    ///
    /// # Errors
    /// When no connection came to be.
    fn dial(
        &self,
        caller: &Caller,
        request: DialRequest,
        credentials: Credentials,
        capture: Option<OwnedFd>,
    ) -> Result<Dialed, RasError>;

    /// RasDial on the handle of a paused dial.
    ///
    /// # Errors
    /// 6, 5, 668, 705 when it is not paused, 87 when what it waits for is not given.
    fn resume(&self, caller: &Caller, handle: Handle, given: Resumption) -> Result<(), RasError>;

    /// So many states of a held dial were heard by its program.
    ///
    /// # Errors
    /// 6 or 5.
    fn proceed(&self, caller: &Caller, handle: Handle, states: u64) -> Result<(), RasError>;

    /// RasClearConnectionStatistics, or RasClearLinkStatistics.
    ///
    /// # Errors
    /// 6, 5, 87 or 668.
    fn clear_statistics(
        &self,
        caller: &Caller,
        handle: Handle,
        subentry: Option<u32>,
    ) -> Result<(), RasError>;

    /// RasHangUp.
    ///
    /// # Errors
    /// 6, 668 or 5.
    fn hang_up(&self, caller: &Caller, handle: Handle) -> Result<(), RasError>;

    /// RasGetConnectStatus.
    ///
    /// # Errors
    /// 6 or 5.
    fn status(&self, caller: &Caller, handle: Handle) -> Result<ConnectionReport, RasError>;

    /// RasGetConnectStatus, with the members that RASCONNSTATUS has.
    ///
    /// # Errors
    /// 6 or 5.
    fn brief_status(&self, caller: &Caller, handle: Handle) -> Result<ConnectionStatus, RasError> {
        self.status(caller, handle).map(ConnectionStatus::from)
    }

    /// RasEnumConnections.
    fn list(&self, caller: &Caller) -> Vec<ConnectionReport>;

    /// RasEnumConnections, with the members that RASCONN has; and the edition of that list, where it is
    /// counted.
    fn listed(&self, caller: &Caller) -> (Option<u64>, Vec<Arc<ListedConnection>>) {
        let reports = self.list(caller).into_iter();
        (None, reports.map(|report| Arc::new(report.into())).collect())
    }

    /// The edition of the lists of now, which counts up whenever a connection comes or goes; `None` where
    /// that is not counted.
    fn edition(&self) -> Option<u64> {
        None
    }

    /// Why connections ended.
    fn history(&self, caller: &Caller) -> Vec<HistoryRecord>;

    /// Resolves when the handle is invalid.
    fn wait_gone<'a>(&'a self, caller: &Caller, handle: Handle)
    -> Answer<'a, Result<(), RasError>>;

    /// Events from now on.
    fn subscribe(&self, caller: &Caller) -> Box<dyn Events>;

    /// Attaches a program's interface for as long as the answer is kept.
    fn attach_tun<'a>(
        &'a self,
        caller: &Caller,
        handle: Handle,
        offer: TunOffer,
    ) -> Answer<'a, Result<Box<dyn Send>, RasError>>;

    /// A talk has ended: by the program, or by us who leave it to the next manager.
    fn session_closed(&self, session: u64, by_us: bool);

    /// The group, by its number, whose members may see and end what all users have dialed.
    fn operators(&self) -> Option<u32> {
        None
    }

    /// Whether somebody else who knows more (polkit) lets this caller see and end what all users have
    /// dialed. Asked only when the answer would else be no.
    fn allows_more<'a>(&'a self, _caller: &'a Caller) -> Answer<'a, bool> {
        Box::pin(std::future::ready(false))
    }

    /// There is no connection at all.
    fn is_idle(&self) -> bool;

    /// Resolves when there is no connection any more.
    fn idle(&self) -> Answer<'_, ()>;

    /// Makes room for the next manager: nothing new is dialed, and the state folder is free; changes are
    /// recorded in `folder` from now on. Answers what the next one has to [`inherit`](Self::inherit).
    ///
    /// # Errors
    /// When there can be no next manager; everything goes on as before.
    fn step_aside<'a>(&'a self, folder: &'a Path) -> Answer<'a, anyhow::Result<Option<String>>> {
        Box::pin(
            async move { anyhow::bail!("{}: there can be no other manager", folder.display()) },
        )
    }

    /// There is no next manager after all.
    fn step_back(&self) {}

    /// The next manager has taken over: it lifts name servers, and is told what ends.
    fn give_away(
        &self,
        heir: Arc<dyn Heir>,
        ended: mpsc::UnboundedSender<HistoryRecord>,
    ) -> Answer<'_, ()> {
        Box::pin(async move { drop((heir, ended)) })
    }

    /// Takes over what an earlier manager has left.
    ///
    /// # Errors
    /// When it cannot be read.
    fn inherit<'a>(&'a self, state: &'a str) -> Answer<'a, anyhow::Result<()>> {
        Box::pin(async move { anyhow::bail!("nothing can be taken over: {} octets", state.len()) })
    }

    /// Lifts the name servers of an earlier manager's connection.
    ///
    /// # Errors
    /// When they cannot be put back.
    fn lift_for(&self, owner: u64, tun: TunId) -> Answer<'_, Result<(), HostError>> {
        Box::pin(async move {
            let text = format!("there is no connection {owner} ({tun:?})");
            Err(HostError::new("put the name servers back", HostErrorKind::NotFound, text))
        })
    }

    /// Remembers how a connection of an earlier manager ended.
    fn remember(&self, record: HistoryRecord) {
        drop(record);
    }

    /// Undoes what an earlier manager that has died left in its folder.
    fn heal<'a>(&'a self, folder: &'a Path) -> Answer<'a, ()> {
        Box::pin(async move {
            tracing::warn!(target: "daemon", folder = %folder.display(), "nothing heals it");
        })
    }

    /// Hangs everything up; resolves when nothing is left.
    fn stop(&self) -> Answer<'_, ()>;
}

/// A stream of events.
pub trait Events: Send {
    /// The next event; `None` at the end. May be dropped and called again.
    fn next(&mut self) -> Answer<'_, Option<Arc<ConnectionEvent>>>;
}
