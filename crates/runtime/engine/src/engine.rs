//! The engine: one manager, one host, a driver for each connection.

mod links;
mod resume;
mod statistics;
mod succession;
mod telling;
mod told;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use onhook_base::Instant;
use onhook_connection::{Connection, Plan, PlanAbilities};
use onhook_effect::HostError;
use onhook_host::{Host, HostConfig, LaneIo, PppCapture, crash_point};
use onhook_manager::{Caller, Command, Manager, ManagerTerms};
use onhook_model::{
    Cause, ConnectionEvent, Credentials, DialRequest, Dialed, EventKind, Handle, HistoryRecord,
    RasCode, RasError, Sharing, Traffic,
};
use tokio::sync::{Notify, broadcast, mpsc, oneshot};

use crate::driver::{Answering, Driver, Member, Order, Party};
use crate::store::Store;
pub(crate) use links::Belonging;
use links::leave;
use told::Told;

/// Events that a listener may be behind before some are left out for it.
const EVENTS: usize = 4096;

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Where the record of changes, the used-up handles and the history are kept.
    pub state_dir: PathBuf,
    /// The host's settings; its `state_dir` is set to the one above.
    pub host: HostConfig,
    /// What is kept, and for how long.
    pub terms: ManagerTerms,
}

/// A program's own interface, offered to a connection (`onhook exec`).
#[derive(Debug)]
pub struct TunOffer {
    /// The interface's descriptor.
    pub descriptor: OwnedFd,
    /// Its name, for logs.
    pub name: String,
    /// Its MTU in octets.
    pub mtu: u16,
    /// Each packet carries the kernel's offload header.
    pub offload_header: bool,
    /// The local ports that the program's connections use; the others stay the proxies'.
    pub ports: RangeInclusive<u16>,
}

/// An interface is attached to a connection for as long as this lives.
#[derive(Debug)]
pub struct AttachedTun {
    orders: mpsc::UnboundedSender<Order>,
}

impl Drop for AttachedTun {
    fn drop(&mut self) {
        // A connection that has ended has nothing to detach.
        drop(self.orders.send(Order::Detach));
    }
}

/// Traffic, told by the driver without a lock.
#[derive(Debug, Default)]
pub struct SharedTraffic {
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
    packets_out: AtomicU64,
    packets_in: AtomicU64,
}

impl SharedTraffic {
    pub(crate) fn store(&self, traffic: Traffic) {
        self.bytes_out.store(traffic.bytes_out, Ordering::Relaxed);
        self.bytes_in.store(traffic.bytes_in, Ordering::Relaxed);
        self.packets_out.store(traffic.packets_out, Ordering::Relaxed);
        self.packets_in.store(traffic.packets_in, Ordering::Relaxed);
    }

    /// What has passed so far.
    pub fn load(&self) -> Traffic {
        Traffic {
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            packets_out: self.packets_out.load(Ordering::Relaxed),
            packets_in: self.packets_in.load(Ordering::Relaxed),
        }
    }
}

#[derive(Debug)]
struct Running {
    orders: mpsc::UnboundedSender<Order>,
    traffic: Arc<SharedTraffic>,
}

struct Core {
    manager: Manager,
    store: Store,
    /// Where ended connections are told once the store is the next manager's.
    heir: Option<mpsc::UnboundedSender<HistoryRecord>>,
    running: HashMap<Handle, Running>,
    /// Captures asked for by dials whose connection is about to be started.
    captures: HashMap<Handle, PppCapture>,
}

struct Inner {
    host: Host,
    /// Where connections are driven, wherever somebody asks for one.
    runtime: tokio::runtime::Handle,
    core: Mutex<Core>,
    events: broadcast::Sender<Arc<ConnectionEvent>>,
    /// Told whenever a connection was deleted, or a new deadline of the manager came up.
    changed: Notify,
    calls: AtomicU64,
    /// Calls that are bundled.
    bundles: links::Bundles,
}

/// The Remote Access Connection Manager at work. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

/// How a call that we have taken is ended.
#[derive(Clone, Debug)]
pub enum Stop {
    /// The caller is told, and has a moment to answer.
    Politely(Cause),
    /// The caller is told in one breath, and not waited for.
    AtOnce(Cause),
}

/// Events of connections, as one caller may see them.
pub struct Subscription {
    events: broadcast::Receiver<Arc<ConnectionEvent>>,
    caller: Caller,
}

impl Subscription {
    /// The next event; `None` when the engine has ended. What a slow listener missed is told as
    /// [`EventKind::Missed`].
    pub async fn next(&mut self) -> Option<Arc<ConnectionEvent>> {
        loop {
            match self.events.recv().await {
                Ok(event) if self.caller.may_see(event.owner, event.sharing) => return Some(event),
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(events)) => {
                    return Some(Arc::new(ConnectionEvent {
                        handle: None,
                        entry: String::new(),
                        owner: self.caller.user,
                        sharing: Sharing::Private,
                        subentry: 1,
                        kind: EventKind::Missed { events },
                    }));
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

impl Engine {
    /// Heals what a dead manager left, then is ready to dial.
    ///
    /// # Errors
    /// When the state folder cannot be used, or another manager uses it.
    pub async fn start(config: EngineConfig) -> Result<Self, HostError> {
        let host_config = HostConfig { state_dir: config.state_dir.clone(), ..config.host };
        let host = Host::start(host_config).await?;
        crash_point("the engine starts");
        for recovered in host.recover().await {
            tracing::info!(target: "engine", "healed: {recovered}");
        }
        let abilities = PlanAbilities { interfaces: host.abilities().interfaces };
        let mut manager = Manager::new(config.terms, abilities);
        let mut store = Store::new(&config.state_dir, host.now().as_nanos() / 1000);
        manager.remember(store.load_history());
        let leased =
            store.lease().map_err(|e| HostError::from_io("reserve numbers for handles", &e))?;
        manager.lease(&leased);
        manager.none_given_below(store.first_handle());
        let core =
            Core { manager, store, heir: None, running: HashMap::new(), captures: HashMap::new() };
        let engine = Self(Arc::new(Inner {
            host,
            runtime: tokio::runtime::Handle::current(),
            core: Mutex::new(core),
            events: broadcast::channel(EVENTS).0,
            changed: Notify::new(),
            calls: AtomicU64::new(1),
            bundles: links::Bundles::default(),
        }));
        tokio::spawn(keep_time(Arc::downgrade(&engine.0)));
        Ok(engine)
    }

    /// The host below.
    pub fn host(&self) -> &Host {
        &self.0.host
    }

    /// Dials: the handle is given at once, the rest is told by events.
    ///
    /// # Errors
    /// See [`Manager::dial`].
    pub fn dial(
        &self,
        caller: Caller,
        request: &DialRequest,
        credentials: &Credentials,
        capture: Option<OwnedFd>,
    ) -> Result<Dialed, RasError> {
        let now = self.0.host.now();
        let capture = capture
            .map(|fd| PppCapture::new(fd.into(), &request.entry.name))
            .transpose()
            .map_err(|e| {
                RasError::new(RasCode::OPEN_FAILED, format!("the capture cannot be written: {e}"))
            })?;
        let mut core = self.0.lock();
        core.extend_lease();
        let dialed = core.manager.dial(now, wall_clock(), caller, request, credentials)?;
        crash_point("a dial is taken");
        if let (Some(capture), false) = (capture, dialed.already) {
            core.captures.insert(dialed.handle, capture);
        }
        self.0.settle(core);
        Ok(dialed)
    }

    /// Gives one reference back. Returns at once; see [`wait_gone`](Self::wait_gone).
    ///
    /// # Errors
    /// See [`Manager::hang_up`].
    pub fn hang_up(&self, caller: Caller, handle: Handle) -> Result<(), RasError> {
        let mut core = self.0.lock();
        core.manager.hang_up(self.0.host.now(), caller, handle)?;
        crash_point("a hang-up is taken");
        self.0.settle(core);
        Ok(())
    }

    /// Events from now on.
    pub fn subscribe(&self, caller: Caller) -> Subscription {
        Subscription { events: self.0.events.subscribe(), caller }
    }

    /// Resolves when the handle is invalid: at once when it is already.
    ///
    /// # Errors
    /// 5 when it is somebody else's.
    pub async fn wait_gone(&self, caller: Caller, handle: Handle) -> Result<(), RasError> {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            // Listen before looking, so that a deletion in between is not missed.
            changed.as_mut().enable();
            match self.status(caller, handle) {
                Ok(_) => changed.await,
                Err(error) if error.code == RasCode::INVALID_HANDLE => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Attaches a program's own interface to a connection that uses the user-space network.
    ///
    /// # Errors
    /// 6 or 5 as for a status query; 668 when it is not up; 170 when another program is attached.
    pub async fn attach_tun(
        &self,
        caller: Caller,
        handle: Handle,
        offer: TunOffer,
    ) -> Result<AttachedTun, RasError> {
        self.status(caller, handle)?;
        let orders = self.0.lock().running.get(&handle).map(|r| r.orders.clone());
        let orders = orders.ok_or(RasCode::NO_CONNECTION)?;
        let (answer, answered) = oneshot::channel();
        let gone = || RasError::from(RasCode::NO_CONNECTION);
        orders.send(Order::Attach(offer, answer)).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?.map_err(|error| match error.kind() {
            std::io::ErrorKind::ResourceBusy => RasError::new(RasCode::BUSY, error.to_string()),
            _ => RasError::new(RasCode::NO_CONNECTION, error.to_string()),
        })?;
        Ok(AttachedTun { orders })
    }

    /// A talk with a program has ended: by the program, or by us who leave it to the next manager.
    pub fn session_closed(&self, session: u64, by_us: bool) {
        let (mut core, now) = (self.0.lock(), self.0.host.now());
        match by_us {
            true => core.manager.session_let_go(now, session),
            false => core.manager.session_closed(now, session),
        }
        self.0.settle(core);
        self.0.changed.notify_waiters();
    }

    /// Whether there is no connection at all.
    pub fn is_idle(&self) -> bool {
        self.0.lock().manager.is_idle()
    }

    /// Takes a call on a lane that somebody opened to us; resolves when nothing of it is left.
    /// `stop` ends it.
    pub async fn answer(
        &self,
        call: u64,
        lane: LaneIo,
        plan: Plan,
        answering: Arc<dyn Answering>,
        stop: oneshot::Receiver<Stop>,
    ) {
        let host = self.0.host.clone();
        let connection = Connection::new(plan, host.seed());
        let (orders, receiver) = mpsc::unbounded_channel();
        let traffic = Arc::default();
        let party = Party::Called(call, answering);
        // Calls share the host's table of owners with handles; they count from the top.
        let owner = u64::MAX - self.0.calls.fetch_add(1, Ordering::Relaxed);
        let belonging = Belonging::default();
        let member = Member::called(self.clone(), belonging.clone(), orders.clone());
        let driver = Driver::new(host, owner, connection, party, receiver, traffic, None);
        let driver = driver.member(member);
        let drive = driver.answer(lane);
        tokio::pin!(drive);
        tokio::select! {
            () = &mut drive => return leave(&belonging).await,
            stop = stop => {
                let stop = stop.unwrap_or_else(|_| Stop::Politely(Cause::manager_stops()));
                drop(orders.send(match stop {
                    Stop::Politely(cause) => Order::HangUp(cause),
                    Stop::AtOnce(cause) => Order::Abandon(cause),
                }));
            }
        }
        drive.await;
        drop(orders);
        leave(&belonging).await;
    }

    /// Resolves when there is no connection any more.
    pub async fn idle(&self) {
        self.until(Core::is_at_rest).await;
    }

    /// Hangs everything up and waits until nothing is left; what does not end within `patience` is
    /// ended without courtesy. Returns how many connections were left even then.
    pub async fn stop(&self, patience: Duration) -> usize {
        {
            let mut core = self.0.lock();
            crash_point("the engine stops");
            core.manager.stop(self.0.host.now());
            self.0.settle(core);
        }
        if tokio::time::timeout(patience, self.idle()).await.is_ok() {
            return 0;
        }
        for running in self.0.lock().running.values() {
            drop(running.orders.send(Order::Abandon(Cause::manager_stops())));
        }
        match tokio::time::timeout(Duration::from_secs(1), self.idle()).await {
            Ok(()) => 0,
            Err(_) => self.0.lock().running.len(),
        }
    }

    async fn until(&self, holds: impl Fn(&Core) -> bool) {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if holds(&self.0.lock()) {
                return;
            }
            changed.await;
        }
    }
}

impl Core {
    /// The history is the next manager's to write once there is one.
    fn keep(&mut self, record: HistoryRecord, history: Vec<HistoryRecord>) {
        let kept = match &self.heir {
            Some(heir) => heir.send(record).map_err(std::io::Error::other),
            None => self.store.append_history(&record, || history),
        };
        if let Err(error) = kept {
            tracing::warn!(target: "engine", %error, "the history cannot be written");
        }
    }

    fn is_at_rest(&self) -> bool {
        self.manager.is_idle() && self.running.is_empty()
    }

    fn extend_lease(&mut self) {
        if self.manager.needs_lease() {
            match self.store.lease() {
                Ok(range) => self.manager.lease(&range),
                Err(error) => {
                    tracing::warn!(target: "engine", %error, "no numbers could be reserved for handles");
                }
            }
        }
    }
}

impl Inner {
    /// A panic in a driver must not take the manager with it: what it left is still consistent, since
    /// the manager's methods do not panic midway.
    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what the manager asks for, and tells what has happened.
    fn settle(self: &Arc<Self>, mut core: MutexGuard<'_, Core>) {
        while let Some(command) = core.manager.poll_command() {
            match command {
                Command::Start { handle, plan, links } => {
                    self.start_driver(&mut core, handle, *plan, &links);
                }
                Command::Resume { handle, given } => {
                    if let Some(running) = core.running.get(&handle) {
                        // As below.
                        drop(running.orders.send(Order::Resume(given)));
                    }
                }
                Command::Proceed { handle, states } => {
                    if let Some(running) = core.running.get(&handle) {
                        // As below.
                        drop(running.orders.send(Order::Proceed(states)));
                    }
                }
                Command::HangUp { handle, cause } => {
                    if let Some(running) = core.running.get(&handle) {
                        // A driver that has just ended says so by itself.
                        drop(running.orders.send(Order::HangUp(cause)));
                    }
                }
            }
        }
        let mut deleted = false;
        while let Some(event) = core.manager.poll_event() {
            deleted |= matches!(event.kind, EventKind::Gone { .. });
            log_event(&event);
            // Nobody may be listening.
            drop(self.events.send(Arc::new(event)));
        }
        drop(core);
        if deleted {
            self.changed.notify_waiters();
        }
    }

    fn start_driver(
        self: &Arc<Self>,
        core: &mut Core,
        handle: Handle,
        mut plan: Plan,
        links: &[Handle],
    ) {
        let above = (!links.is_empty()).then(|| self.start_links(core, links, &mut plan));
        let mut connection = Connection::new(plan, self.host.seed());
        let capture = core.captures.remove(&handle);
        if capture.is_some() {
            connection.capture_frames();
        }
        let (orders, receiver) = mpsc::unbounded_channel();
        let traffic = Arc::<SharedTraffic>::default();
        core.running.insert(handle, Running { orders, traffic: traffic.clone() });
        let told = Told { inner: self.clone(), handle };
        let driver = Driver::new(
            self.host.clone(),
            handle.number(),
            connection,
            Party::Dialed(Box::new(told)),
            receiver,
            traffic,
            capture,
        );
        // Each of several links goes its own way; what is above them has nothing to wait for.
        let driver = match core.manager.is_held(handle) && above.is_none() {
            true => driver.held(),
            false => driver,
        };
        self.runtime.spawn(
            match above {
                Some((above, words)) => driver.above(above, words),
                None => driver,
            }
            .dial(),
        );
    }
}

/// Lets the manager's own deadlines come true.
async fn keep_time(inner: Weak<Inner>) {
    loop {
        let Some(strong) = inner.upgrade() else { return };
        let host = strong.host.clone();
        let at = strong.lock().manager.poll_timeout().map(|d| d.at);
        {
            let changed = strong.changed.notified();
            tokio::select! {
                () = changed => {}
                () = sleep_until(&host, at) => {
                    let mut core = strong.lock();
                    core.manager.handle_timeout(host.now());
                    strong.settle(core);
                }
            }
        }
    }
}

async fn sleep_until(host: &Host, at: Option<Instant>) {
    match at {
        Some(at) => host.sleep_until(at).await,
        // Nothing to wait for; look again now and then whether the engine is still wanted.
        None => tokio::time::sleep(Duration::from_secs(60)).await,
    }
}

fn wall_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

fn log_event(event: &ConnectionEvent) {
    let handle = event.handle.map(|h| h.to_string()).unwrap_or_default();
    match &event.kind {
        EventKind::State(report) if report.error.is_success() => {
            tracing::info!(target: "ras", handle, entry = event.entry, state = report.state.name());
        }
        EventKind::State(report) => {
            tracing::warn!(target: "ras", handle, entry = event.entry, state = report.state.name(),
                error = %report.error, text = report.text);
        }
        EventKind::Lost { cause } => {
            tracing::warn!(target: "ras", handle, entry = event.entry, cause = %cause,
                "lost, and dialed again");
        }
        EventKind::Gone { cause, duration_ms, traffic } => {
            tracing::info!(target: "ras", handle, entry = event.entry, cause = %cause, duration_ms,
                bytes_in = traffic.bytes_in, bytes_out = traffic.bytes_out, "gone");
        }
        EventKind::Missed { .. } => {}
    }
}
