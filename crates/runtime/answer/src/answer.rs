//! Listening, admitting, and knowing who is there.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use onhook_connection::admission_network;
use onhook_connection::{
    Admission, AnswerPlan, Connection, Impairment, OutletPlan, Plan, Times, TunPlan,
};
use onhook_effect::HostError;
use onhook_engine::{Answering, Engine};
use onhook_host::{TlsLane, crash_point};
use onhook_model::{Cause, RasCode, Traffic};
use onhook_ppp::auth::{self, Method};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinSet;

use crate::{Identity, Pool, Users};

/// TLS handshakes that may be under way at once; further callers wait in the listen queue.
const HANDSHAKES: usize = 256;

/// What stands behind the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// An inside host of our own: a page over HTTP on port 80 and an echo on port 7, at our address.
    /// Needs no rights.
    Inside,
    /// This machine: a network interface for each call. Needs the rights to make one.
    Machine,
}

/// How the server answers.
#[derive(Clone, Debug)]
pub struct AnswerConfig {
    /// Where SSTP is answered (port 0 lets the system choose).
    pub sstp: Vec<SocketAddr>,
    /// What the server proves itself by.
    pub identity: Identity,
    /// Who may call.
    pub users: Users,
    /// Addresses for the callers.
    pub pool: Pool,
    /// Name servers that callers are told.
    pub dns: Vec<Ipv4Addr>,
    /// Which proofs are accepted, in order of preference.
    pub methods: Vec<Method>,
    /// Our name in challenges.
    pub name: String,
    /// What stands behind the calls.
    pub behind: Behind,
    /// The most calls at once.
    pub max_calls: usize,
}

/// A call that is up or coming up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its number, never given twice.
    pub call: u64,
    /// Where the caller calls from.
    pub from: SocketAddr,
    /// The name that it proved, once it has.
    pub user: Option<String>,
    /// The address that it was given.
    pub address: Option<Ipv4Addr>,
    /// Packets pass.
    pub connected: bool,
}

struct Live {
    session: Session,
    stop: Option<oneshot::Sender<Cause>>,
}

struct Inner {
    users: Users,
    dns: Vec<Ipv4Addr>,
    behind: Behind,
    pool: Mutex<Pool>,
    calls: Mutex<HashMap<u64, Live>>,
    changed: watch::Sender<u64>,
}

/// A server that is answering.
pub struct Answer {
    inner: Arc<Inner>,
    addresses: Vec<SocketAddr>,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Answer {
    /// Listens from now on.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start(engine: Engine, config: AnswerConfig) -> Result<Self, HostError> {
        Self::start_as(engine, config, None).await
    }

    /// Listens from now on and misbehaves with every caller: for tests of callers.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_impaired(
        engine: Engine,
        config: AnswerConfig,
        kind: Impairment,
    ) -> Result<Self, HostError> {
        Self::start_as(engine, config, Some(kind)).await
    }

    async fn start_as(
        engine: Engine,
        config: AnswerConfig,
        impairment: Option<Impairment>,
    ) -> Result<Self, HostError> {
        let inner = Arc::new(Inner {
            users: config.users,
            dns: config.dns,
            behind: config.behind,
            pool: Mutex::new(config.pool),
            calls: Mutex::new(HashMap::new()),
            changed: watch::channel(0).0,
        });
        let plan = Plan::for_answer(&AnswerPlan {
            methods: config.methods,
            name: config.name,
            times: Times::default(),
            echo: Some(Duration::from_secs(30)),
        });
        let plan = impairment.into_iter().fold(plan, Plan::impaired);
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut addresses = Vec::new();
        for address in config.sstp {
            let failed = |error| {
                let mut error = HostError::from_io("listen for calls", &error);
                error.text = format!("{address}: {}", error.text);
                error
            };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            addresses.push(listener.local_addr().map_err(failed)?);
            let desk = Desk {
                engine: engine.clone(),
                inner: inner.clone(),
                plan: plan.clone(),
                identity: config.identity.clone(),
                max_calls: config.max_calls,
                next: Arc::new(AtomicU64::new(1)),
                handshakes: Arc::new(Semaphore::new(HANDSHAKES)),
            };
            tasks.spawn(desk.listen(listener, stopped.clone()));
        }
        Ok(Self { inner, addresses, tasks, stop })
    }

    /// Where calls are answered.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Who is there, in the order of calling.
    pub fn sessions(&self) -> Vec<Session> {
        let mut sessions: Vec<_> =
            self.inner.calls().values().map(|live| live.session.clone()).collect();
        sessions.sort_by_key(|s| s.call);
        sessions
    }

    /// Addresses that are handed out.
    pub fn addresses_taken(&self) -> usize {
        self.inner.pool().taken()
    }

    /// Changes whenever a call comes, comes up or ends.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Hangs a call up; false when there is none of this number.
    pub fn disconnect(&self, call: u64) -> bool {
        let stop = self.inner.calls().get_mut(&call).and_then(|live| live.stop.take());
        match stop {
            // A call that has just ended needs no word.
            Some(stop) => stop.send(Cause::hung_up()).is_ok(),
            None => false,
        }
    }

    /// Takes no more calls, hangs up those that are there, and waits until nothing of them is left.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Inner {
    fn calls(&self) -> MutexGuard<'_, HashMap<u64, Live>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn outlet(&self) -> OutletPlan {
        match self.behind {
            Behind::Inside => {
                OutletPlan::Stack { socks5: None, http_connect: None, forwards: Vec::new() }
            }
            Behind::Machine => OutletPlan::Tun(TunPlan::default()),
        }
    }
}

impl Answering for Inner {
    fn admit(&self, call: u64, question: &auth::Question) -> (auth::Verdict, Option<Admission>) {
        let name = question.name().to_owned();
        // An unknown user is judged by a password that nobody has, so that the answer takes as long.
        let nobody = onhook_base::Secret::new(format!("\u{0}{call}"));
        let verdict = match self.users.password(&name) {
            Some(password) => auth::judge(question, password),
            None => match auth::judge(question, &nobody) {
                auth::Verdict::Accept { .. } => refusal(),
                refused @ auth::Verdict::Reject { .. } => refused,
            },
        };
        if !matches!(verdict, auth::Verdict::Accept { .. }) {
            tracing::info!(target: "answer", call, "refused: wrong name or password");
            return (verdict, None);
        }
        // The call is held until its address stands in it, so that none is lost on the way.
        let mut calls = self.calls();
        let Some(live) = calls.get_mut(&call) else { return (refusal(), None) };
        if live.session.user.as_ref().is_some_and(|known| *known != name) {
            tracing::warn!(target: "answer", call, "refused: the caller has become another one");
            return (refusal(), None);
        }
        let mut pool = self.pool();
        let ours = pool.ours();
        // A caller that proves itself again keeps what it has.
        let Some(theirs) = live.session.address.or_else(|| pool.take()) else {
            tracing::warn!(target: "answer", call, "refused: the pool of addresses is empty");
            return (refusal(), None);
        };
        drop(pool);
        live.session.user = Some(name);
        live.session.address = Some(theirs);
        drop(calls);
        self.tell();
        crash_point("a caller is admitted");
        let network = admission_network(ours, theirs, self.dns.clone(), true);
        (verdict, Some(Admission { network, outlet: self.outlet() }))
    }

    fn connected(&self, call: u64, connection: &Connection) {
        if let Some(live) = self.calls().get_mut(&call) {
            live.session.connected = true;
            tracing::info!(target: "answer", call, user = connection.peer_name(),
                address = ?live.session.address, "connected");
        }
        self.tell();
    }

    fn ended(&self, call: u64, cause: &Cause, traffic: Traffic) {
        crash_point("a call has ended");
        let live = self.calls().remove(&call);
        if let Some(address) = live.and_then(|l| l.session.address) {
            self.pool().give_back(address);
        }
        tracing::info!(target: "answer", call, %cause, bytes_in = traffic.bytes_in,
            bytes_out = traffic.bytes_out, "ended");
        self.tell();
    }

    fn has_inside(&self) -> bool {
        self.behind == Behind::Inside
    }
}

fn refusal() -> auth::Verdict {
    auth::Verdict::Reject {
        code: RasCode::AUTHENTICATION_FAILURE.number(),
        retry: false,
        message: String::new(),
    }
}

/// What one listener needs to take a call.
#[derive(Clone)]
struct Desk {
    engine: Engine,
    inner: Arc<Inner>,
    plan: Plan,
    identity: Identity,
    max_calls: usize,
    next: Arc<AtomicU64>,
    handshakes: Arc<Semaphore>,
}

impl Desk {
    async fn listen(self, listener: TcpListener, mut stopped: watch::Receiver<bool>) {
        let mut calls = JoinSet::new();
        loop {
            // A turn first, then a caller: those that are too many wait in the listen queue.
            let turn = tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => break,
                turn = self.handshakes.clone().acquire_owned() => turn,
            };
            let accepted = tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => break,
                accepted = listener.accept() => accepted,
            };
            while calls.try_join_next().is_some() {}
            match (accepted, turn) {
                (Ok((stream, from)), Ok(turn)) => {
                    calls.spawn(self.clone().take(stream, from, turn, stopped.clone()));
                }
                (Err(error), _) => {
                    tracing::warn!(target: "answer", %error, "a call could not be accepted");
                    // Out of descriptors, for instance: let others end first.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                (Ok(_), Err(_)) => break,
            }
        }
        drop(listener);
        for live in self.inner.calls().values_mut() {
            if let Some(stop) = live.stop.take() {
                drop(stop.send(Cause::manager_stops()));
            }
        }
        while calls.join_next().await.is_some() {}
    }

    async fn take(
        self,
        stream: TcpStream,
        from: SocketAddr,
        turn: tokio::sync::OwnedSemaphorePermit,
        mut stopped: watch::Receiver<bool>,
    ) {
        let call = self.next.fetch_add(1, Ordering::Relaxed);
        crash_point("a call comes");
        let accept = TlsLane::accept(stream, self.identity.tls.clone(), self.identity.facts());
        let lane = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            lane = accept => lane,
        };
        drop(turn);
        let lane = match lane {
            Ok(lane) => lane,
            Err(error) => {
                tracing::debug!(target: "answer", call, %from, %error, "no call came of it");
                return;
            }
        };
        let (stop, stopping) = oneshot::channel();
        {
            let mut calls = self.inner.calls();
            if calls.len() >= self.max_calls {
                tracing::warn!(target: "answer", call, %from, "refused: too many calls");
                return;
            }
            let session = Session { call, from, user: None, address: None, connected: false };
            calls.insert(call, Live { session, stop: Some(stop) });
        }
        self.inner.tell();
        let answering: Arc<dyn Answering> = self.inner.clone();
        self.engine.answer(call, lane, self.plan.clone(), answering, stopping).await;
    }
}
