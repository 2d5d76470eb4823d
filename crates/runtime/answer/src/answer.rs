//! Listening, admitting, and knowing who is there.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use onhook_base::Secret;
use onhook_connection::{
    AnswerPlan, CallbackAgreement, Connection, Discriminator, Impairment, OutletPlan,
    SessionLimits, Times, TunPlan,
};
use onhook_effect::HostError;
use onhook_engine::{Answering, Engine, Judgement, SharedTraffic, Stop};
use onhook_host::{EapServer, crash_point};
use onhook_model::{Cause, Port, Traffic};
use onhook_ppp::CallbackTerms;
use onhook_ppp::auth::{self, EapMethod, Method};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::callback::Callbacks;
use crate::calls::{CallLimits, Calls, Session};
use crate::desk::Desk;
use crate::front::{L2tpFront, LineFront, ModemFront, Numbers, PppoeFront, PptpFront, SstpFront};
use crate::radius::{self, Radius, RadiusConfig};
use crate::switchboard::Switchboard;
use crate::user_book::UserBook;
use crate::{Identity, Pool, Pool6, Users};

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
    /// Where L2TP is answered.
    pub l2tp: Vec<SocketAddr>,
    /// The secret of L2TP's tunnels, which callers must know; `None` asks for none.
    pub l2tp_secret: Option<Secret<String>>,
    /// Where PPTP is answered; GRE comes in beside it, which takes CAP_NET_RAW.
    pub pptp: Vec<SocketAddr>,
    /// Interfaces on which PPPoE is answered.
    pub pppoe: Vec<String>,
    /// The services that PPPoE's callers may ask for by name; empty answers to any name.
    pub services: Vec<String>,
    /// Modems that are to take calls; each a terminal.
    pub modems: Vec<LinePlace>,
    /// Lines at which calls are answered.
    pub lines: Vec<LinePlace>,
    /// What the server proves itself by.
    pub identity: Identity,
    /// Who may call, where RADIUS servers do not decide that.
    pub users: Users,
    /// The file that the users came from, when callers may change a password in it that has expired.
    pub password_file: Option<PathBuf>,
    /// How many more passwords are heard by MS-CHAP from a caller whose first was wrong.
    pub retries: u8,
    /// RADIUS servers that judge callers, or are told of sessions.
    pub radius: Option<RadiusConfig>,
    /// What callers may have at most.
    pub rules: SessionRules,
    /// Calls of one user from one machine are bundled, when they ask for it (multilink).
    pub multilink: bool,
    /// Addresses for the callers.
    pub pool: Pool,
    /// IPv6 prefixes for the callers; `None` leaves them with link-local addresses.
    pub pool6: Option<Pool6>,
    /// Name servers that callers are told.
    pub dns: Vec<Ipv4Addr>,
    /// Which proofs are accepted, in order of preference.
    pub methods: Vec<Method>,
    /// What EAP is made of, where it stands among the methods.
    pub eap: auth::EapTerms,
    /// The roots (PEM) that vouch for callers' certificates, for EAP-TLS: whoever has a certificate of
    /// theirs is let in, under the name that stands in it.
    pub callers_ca: Option<Vec<u8>>,
    /// Lists (PEM) of certificates that these roots have revoked: with them a caller's must stand on none,
    /// and its issuer must have one. When a list says that it is out of date it counts all the same.
    pub callers_crl: Option<Vec<u8>>,
    /// Our name in challenges.
    pub name: String,
    /// What stands behind the calls.
    pub behind: Behind,
    /// The most calls at once whose callers have proved who they are; further ones are refused.
    pub max_calls: usize,
    /// The most calls at once whose callers have proved nothing yet; one more ends an old one, of the
    /// address that has most of them.
    pub max_unproven: usize,
}

impl AnswerConfig {
    /// A server that listens nowhere yet: MS-CHAP version 2, an inside host of its own, 1024 calls.
    pub fn new(identity: Identity, users: Users, pool: Pool) -> Self {
        Self {
            sstp: Vec::new(),
            l2tp: Vec::new(),
            l2tp_secret: None,
            pptp: Vec::new(),
            pppoe: Vec::new(),
            services: Vec::new(),
            modems: Vec::new(),
            lines: Vec::new(),
            identity,
            users,
            password_file: None,
            retries: 0,
            radius: None,
            rules: SessionRules::default(),
            multilink: false,
            pool,
            pool6: None,
            dns: Vec::new(),
            methods: vec![Method::MsChapV2],
            eap: auth::EapTerms::default(),
            callers_ca: None,
            callers_crl: None,
            name: String::from("onhook"),
            behind: Behind::Inside,
            max_calls: 1024,
            max_unproven: 1024,
        }
    }

    /// What is asked of every caller.
    fn terms(&self, engine: &Engine) -> AnswerPlan {
        let chance = || engine.host().seed().derive("discriminator").chance().bytes();
        AnswerPlan {
            methods: self.methods.clone(),
            eap: self.eap.clone(),
            retries: self.retries,
            name: self.name.clone(),
            times: Times::default(),
            echo: Some(Duration::from_secs(30)),
            multilink: self.multilink.then(|| Discriminator::local(chance())),
            callback: match self.users.call_back() {
                (true, urged) => CallbackTerms::Granted { urged },
                (false, _) => CallbackTerms::Refused,
            },
        }
    }

    /// What TLS inside EAP is spoken with, where it is spoken here.
    fn eap_server(&self) -> Result<Option<EapServer>, HostError> {
        let speaks_tls = |m: &auth::EapMethod| matches!(m, EapMethod::Tls | EapMethod::Peap);
        if self.eap.pass_through || !self.eap.methods.iter().any(speaks_tls) {
            return Ok(None);
        }
        let (roots, revoked) = (self.callers_ca.as_deref(), self.callers_crl.as_deref());
        self.identity.for_eap(roots, revoked).map(Some)
    }
}

/// What callers may have at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionRules {
    /// Calls at once of one user; `None` sets no bound but that of all calls.
    pub per_user: Option<usize>,
    /// How long a call may last.
    pub limits: SessionLimits,
}

/// A line at which calls are answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePlace {
    /// A terminal; or where to listen for streams that stand for lines.
    pub port: Port,
    /// The speed of a terminal, in bits per second.
    pub speed: u32,
}

/// One place where calls are answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// By which link: `sstp`, `l2tp`, `pptp`, `pppoe`, `modem`, `serial`.
    pub link: &'static str,
    /// Where: an address, or a port.
    pub place: String,
}

pub(crate) struct Inner {
    pub(crate) users: UserBook,
    pub(crate) radius: Option<Radius>,
    pub(crate) rules: SessionRules,
    pub(crate) dns: Vec<Ipv4Addr>,
    behind: Behind,
    eap_server: Option<EapServer>,
    pool: Mutex<Pool>,
    pool6: Mutex<Option<Pool6>>,
    calls: Mutex<Calls>,
    callbacks: Mutex<Callbacks>,
    changed: watch::Sender<u64>,
}

/// A server that is answering.
pub struct Answer {
    inner: Arc<Inner>,
    addresses: Vec<SocketAddr>,
    doors: Vec<Door>,
    orders: Option<SocketAddr>,
    tasks: JoinSet<()>,
    /// Sessions are told of until all is told.
    telling: Option<JoinHandle<()>>,
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
        let (eap_server, terms) = (config.eap_server()?, config.terms(&engine));
        let limits = CallLimits { proven: config.max_calls, unproven: config.max_unproven };
        let host = engine.host().clone();
        let (radius, telling) = Radius::open(&host, config.radius.as_ref()).await?;
        let inner = Arc::new(Inner {
            users: UserBook::new(config.users, config.password_file),
            radius,
            rules: config.rules,
            dns: config.dns,
            behind: config.behind,
            eap_server,
            pool: Mutex::new(config.pool),
            pool6: Mutex::new(config.pool6),
            calls: Mutex::new(Calls::new(limits)),
            callbacks: Mutex::new(Callbacks::default()),
            changed: watch::channel(0).0,
        });
        let name = config.name;
        let desk = Desk::new(engine, inner.clone(), terms, impairment);
        let (stop, stopped) = watch::channel(false);
        let mut answer = Self {
            inner,
            addresses: Vec::new(),
            doors: Vec::new(),
            orders: None,
            tasks: JoinSet::new(),
            telling,
            stop,
        };
        if let Some(radius) = &config.radius
            && let Some(orders) = radius::Command::open(radius).await?
        {
            answer.orders = orders.address();
            answer.tasks.spawn(orders.serve(answer.inner.clone(), host, stopped.clone()));
        }
        for address in config.sstp {
            let front = SstpFront::open(address, config.identity.clone()).await?;
            answer.addresses.push(front.address());
            let place = front.address().to_string();
            answer.doors.push(Door { link: "sstp", place });
            answer.tasks.spawn(front.listen(desk.clone(), stopped.clone()));
        }
        for address in config.l2tp {
            let front = L2tpFront::open(address, name.clone(), config.l2tp_secret.clone()).await?;
            answer.doors.push(Door { link: "l2tp", place: front.address().to_string() });
            answer.tasks.spawn(front.listen(desk.clone(), stopped.clone()));
        }
        let numbers = Numbers::default();
        for address in config.pptp {
            let front = PptpFront::open(address, name.clone(), numbers.clone()).await?;
            answer.doors.push(Door { link: "pptp", place: front.address().to_string() });
            answer.tasks.spawn(front.listen(desk.clone(), stopped.clone()));
        }
        for interface in config.pppoe {
            let front = PppoeFront::open(interface, name.clone(), config.services.clone())?;
            answer.doors.push(Door { link: "pppoe", place: front.interface().to_owned() });
            answer.tasks.spawn(front.listen(desk.clone(), stopped.clone()));
        }
        for front in config.modems.iter().filter_map(ModemFront::new) {
            answer.doors.push(Door { link: "modem", place: front.name() });
            answer.tasks.spawn(front.listen(desk.clone(), stopped.clone()));
        }
        for place in config.lines {
            let front = LineFront::open(&place).await?;
            answer.doors.push(Door { link: "serial", place: front.name() });
            answer.tasks.spawn(front.listen(desk.clone(), stopped.clone()));
        }
        Ok(answer)
    }

    /// Where SSTP is answered.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where calls are answered, by whichever link.
    pub fn doors(&self) -> &[Door] {
        &self.doors
    }

    /// Where orders of RADIUS servers are taken.
    pub const fn orders_address(&self) -> Option<SocketAddr> {
        self.orders
    }

    /// Who is there, in the order of calling.
    pub fn sessions(&self) -> Vec<Session> {
        self.inner.calls().sessions()
    }

    /// Who has left since this was asked last, in that order; of more than a thousand the last. Asked before
    /// [`sessions`](Self::sessions), the two tell of every call.
    pub fn take_ended(&self) -> Vec<Session> {
        self.inner.calls().take_ended()
    }

    /// What sees the calls and ends them, for another task.
    pub fn switchboard(&self) -> Switchboard {
        Switchboard(self.inner.clone())
    }

    /// Addresses that are handed out.
    pub fn addresses_taken(&self) -> usize {
        self.inner.pool().taken()
    }

    /// Changes whenever a call comes, comes up or ends.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes()
    }

    /// Hangs a call up; false when there is none of this number.
    pub fn disconnect(&self, call: u64) -> bool {
        self.inner.calls().stop(call, Stop::Politely(Cause::hung_up()))
    }

    /// Takes no more calls, hangs up those that are there, and waits until nothing of them is left.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        if let Some(radius) = &self.inner.radius {
            radius.accounts_are_over();
        }
        if let Some(telling) = self.telling {
            // It has failed only if it has panicked; then there is nobody to wait for.
            drop(telling.await);
        }
    }
}

impl Inner {
    pub(crate) fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pool6(&self) -> MutexGuard<'_, Option<Pool6>> {
        self.pool6.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn callbacks(&self) -> MutexGuard<'_, Callbacks> {
        self.callbacks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tell(&self) {
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    pub(crate) fn outlet(&self) -> OutletPlan {
        match self.behind {
            Behind::Inside => {
                OutletPlan::Stack { socks5: None, http_connect: None, forwards: Vec::new() }
            }
            Behind::Machine => OutletPlan::Tun(TunPlan::default()),
        }
    }
}

impl Answering for Inner {
    fn begun(&self, call: u64, traffic: Arc<SharedTraffic>) {
        self.calls().count_traffic(call, traffic);
    }

    fn admit(self: Arc<Self>, call: u64, question: auth::Question) -> Judgement {
        Box::pin(self.judge(call, question))
    }

    fn connected(&self, call: u64, connection: &Connection) {
        let mut calls = self.calls();
        if let Some(session) = calls.get(call) {
            session.connected = true;
            tracing::info!(target: "answer", call, user = connection.peer_name(),
                address = ?session.address, "connected");
            let session = session.clone();
            if let (Some(radius), Some(account), Some(traffic)) =
                (&self.radius, calls.account(call), calls.counted(call))
            {
                radius.account_begins(&session, account, traffic);
            }
        }
        drop(calls);
        self.tell();
    }

    fn will_call_back(&self, call: u64, agreement: &CallbackAgreement) {
        self.callbacks().agree(call, agreement);
    }

    fn ended(&self, call: u64, cause: &Cause, traffic: Traffic) {
        crash_point("a call has ended");
        self.callbacks().ended(call);
        let session = self.calls().end(call);
        if let Some(radius) = &self.radius {
            radius.forget(call);
            radius.account_ends(call, cause, traffic);
        }
        // What a bundle has been given stays with it.
        let session = session.filter(|session| session.bundle.is_none());
        let prefix = session.as_ref().and_then(|session| session.prefix);
        if let (Some(prefix), Some(pool)) = (prefix, self.pool6().as_mut()) {
            pool.give_back(prefix);
        }
        if let Some(address) = session.and_then(|session| session.address) {
            self.pool().give_back(address);
        }
        tracing::info!(target: "answer", call, %cause, bytes_in = traffic.bytes_in,
            bytes_out = traffic.bytes_out, "ended");
        self.tell();
    }

    fn bundled(&self, call: u64, bundle: u64, first: bool) {
        let free = self.calls().bundle(call, bundle, first);
        if let Some(address) = free {
            self.pool().give_back(address);
        }
        tracing::info!(target: "answer", call, bundle, first, "one of several links");
        self.tell();
    }

    fn dispersed(&self, bundle: u64) {
        let free = self.calls().disperse(bundle);
        if let Some(address) = free {
            self.pool().give_back(address);
        }
        tracing::info!(target: "answer", bundle, "its last link has ended");
        self.tell();
    }

    fn has_inside(&self) -> bool {
        self.behind == Behind::Inside
    }

    fn eap_server(&self) -> Option<&EapServer> {
        self.eap_server.as_ref()
    }
}
