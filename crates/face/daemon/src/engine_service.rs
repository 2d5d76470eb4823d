//! The engine as the service behind the socket.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use onhook_effect::{HostError, TunId};
use onhook_engine::{Engine, EngineConfig, ManagerTerms, Subscription};
use onhook_host::{Heir, HostConfig};
use onhook_model::{
    ConnectionEvent, ConnectionReport, ConnectionStatus, Credentials, DialRequest, Dialed, Handle,
    HistoryRecord, ListedConnection, RasError, Resumption,
};

use tokio::sync::mpsc;

use crate::service::{Answer, Caller, Events, Service, TunOffer};

/// How long a manager that is told to stop waits for the slowest hang-up.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// The action that polkit is asked about.
const MANAGE_ALL: &str = "org.onhook.manage-all";
/// How long one that hands over waits for connections that are coming up.
const DIAL_PATIENCE: Duration = Duration::from_secs(10);

/// The manager at work, as clients reach it. Who may do what is decided by the manager itself, from
/// the user id that the kernel told.
pub struct EngineService {
    engine: Engine,
    operators: Option<u32>,
}

impl EngineService {
    /// The service of this engine. Members of the group `operators` may see and end what all users have
    /// dialed, as root may.
    pub const fn new(engine: Engine, operators: Option<u32>) -> Self {
        Self { engine, operators }
    }
}

/// What a dead manager left in a folder of its own is undone, and the folder removed. One that is alive
/// holds the folder's lock.
pub async fn heal(folder: &Path) {
    if !folder.join("lock").exists() {
        return;
    }
    let host = HostConfig { userspace_only: true, ..HostConfig::default() };
    let config =
        EngineConfig { state_dir: folder.to_owned(), host, terms: ManagerTerms::default() };
    match Engine::start(config).await {
        Ok(engine) => {
            drop(engine);
            if let Err(error) = std::fs::remove_dir_all(folder) {
                tracing::warn!(target: "daemon", %error, "a dead manager's folder is left");
            }
        }
        Err(error) => tracing::debug!(target: "daemon", %error, "a folder is left alone"),
    }
}

const fn known(caller: &Caller) -> onhook_engine::Caller {
    onhook_engine::Caller { user: caller.uid, session: caller.session, operator: caller.operator }
}

impl Service for EngineService {
    fn dial(
        &self,
        caller: &Caller,
        request: DialRequest,
        credentials: Credentials,
        capture: Option<OwnedFd>,
    ) -> Result<Dialed, RasError> {
        self.engine.dial(known(caller), &request, &credentials, capture)
    }

    fn resume(&self, caller: &Caller, handle: Handle, given: Resumption) -> Result<(), RasError> {
        self.engine.resume(known(caller), handle, given)
    }

    fn proceed(&self, caller: &Caller, handle: Handle, states: u64) -> Result<(), RasError> {
        self.engine.proceed(known(caller), handle, states)
    }

    fn clear_statistics(
        &self,
        caller: &Caller,
        handle: Handle,
        subentry: Option<u32>,
    ) -> Result<(), RasError> {
        self.engine.clear_statistics(known(caller), handle, subentry)
    }

    fn hang_up(&self, caller: &Caller, handle: Handle) -> Result<(), RasError> {
        self.engine.hang_up(known(caller), handle)
    }

    fn status(&self, caller: &Caller, handle: Handle) -> Result<ConnectionReport, RasError> {
        self.engine.status(known(caller), handle)
    }

    fn brief_status(&self, caller: &Caller, handle: Handle) -> Result<ConnectionStatus, RasError> {
        self.engine.brief_status(known(caller), handle)
    }

    fn list(&self, caller: &Caller) -> Vec<ConnectionReport> {
        self.engine.list(known(caller))
    }

    fn listed(&self, caller: &Caller) -> (Option<u64>, Vec<Arc<ListedConnection>>) {
        let (edition, connections) = self.engine.listed(known(caller));
        (Some(edition), connections)
    }

    fn edition(&self) -> Option<u64> {
        Some(self.engine.edition())
    }

    fn history(&self, caller: &Caller) -> Vec<HistoryRecord> {
        self.engine.history(known(caller))
    }

    fn wait_gone<'a>(
        &'a self,
        caller: &Caller,
        handle: Handle,
    ) -> Answer<'a, Result<(), RasError>> {
        let caller = known(caller);
        Box::pin(async move { self.engine.wait_gone(caller, handle).await })
    }

    fn subscribe(&self, caller: &Caller) -> Box<dyn Events> {
        Box::new(Listening(self.engine.subscribe(known(caller))))
    }

    fn attach_tun<'a>(
        &'a self,
        caller: &Caller,
        handle: Handle,
        offer: TunOffer,
    ) -> Answer<'a, Result<Box<dyn Send>, RasError>> {
        let caller = known(caller);
        let offer = onhook_engine::TunOffer {
            descriptor: offer.descriptor,
            name: offer.name,
            mtu: offer.mtu,
            offload_header: offer.offload_header,
            ports: offer.ports,
        };
        Box::pin(async move {
            let attached = self.engine.attach_tun(caller, handle, offer).await?;
            Ok(Box::new(attached) as Box<dyn Send>)
        })
    }

    fn session_closed(&self, session: u64, by_us: bool) {
        self.engine.session_closed(session, by_us);
    }

    fn allows_more<'a>(&'a self, caller: &'a Caller) -> Answer<'a, bool> {
        Box::pin(onhook_host::polkit_allows(MANAGE_ALL, caller.pid, caller.uid))
    }

    fn operators(&self) -> Option<u32> {
        self.operators
    }

    fn is_idle(&self) -> bool {
        self.engine.is_idle()
    }

    fn idle(&self) -> Answer<'_, ()> {
        Box::pin(self.engine.idle())
    }

    fn step_aside<'a>(&'a self, folder: &'a Path) -> Answer<'a, anyhow::Result<Option<String>>> {
        Box::pin(async move { Ok(self.engine.step_aside(folder, DIAL_PATIENCE).await?) })
    }

    fn step_back(&self) {
        self.engine.step_back();
    }

    fn give_away(
        &self,
        heir: Arc<dyn Heir>,
        ended: mpsc::UnboundedSender<HistoryRecord>,
    ) -> Answer<'_, ()> {
        Box::pin(self.engine.give_away(heir, ended))
    }

    fn inherit<'a>(&'a self, state: &'a str) -> Answer<'a, anyhow::Result<()>> {
        Box::pin(async move { Ok(self.engine.inherit(state).await?) })
    }

    fn lift_for(&self, owner: u64, tun: TunId) -> Answer<'_, Result<(), HostError>> {
        Box::pin(self.engine.lift_for(owner, tun))
    }

    fn remember(&self, record: HistoryRecord) {
        self.engine.remember(record);
    }

    fn heal<'a>(&'a self, folder: &'a Path) -> Answer<'a, ()> {
        Box::pin(heal(folder))
    }

    fn stop(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            let left = self.engine.stop(STOP_PATIENCE).await;
            if left > 0 {
                tracing::warn!(target: "daemon", left, "connections did not end in time");
            }
        })
    }
}

struct Listening(Subscription);

impl Events for Listening {
    fn next(&mut self) -> Answer<'_, Option<Arc<ConnectionEvent>>> {
        Box::pin(self.0.next())
    }
}
