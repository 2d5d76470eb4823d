//! One task for each client.
//!
//! A client is a stranger: it may send anything, be slow, keep everything open, or never read. What it
//! can take from us is bounded (clients in all and of a user, the size of a message, how many of a user's
//! clients may send a large one at once, how long a reply may lie unread), what it says wrong is
//! answered, and only what cannot be read as a message at all ends its talk. Nothing of that is noticed
//! by the others.

mod brief;
mod follow;

use std::borrow::Cow;
use std::collections::HashMap;
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use onhook_model::{ClientCertificate, Credentials, RasCode, RasError, Resumption};
use onhook_rpc::brief::{BriefConnection, StatusOf};
use onhook_rpc::methods::{
    Attach, ByLink, Connections, Devices, Dial, Failed, Heard, Nothing, OneConnection, Records,
    Resume,
};
use onhook_rpc::{Behalf, Call, Frame, FrameError, Framed, Limits, NAME, reply, reply_error};
use serde_json::{Value, json};
use tokio::net::unix::SocketAddr;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::devices;
use crate::introspection::introspect;
use crate::keepers::{Keepers, PassedOn};
use crate::lines::check_line;
use crate::listings::Listings;
use crate::parameters::{Refusal, read, take_fd, take_secret};
use crate::service::{Caller, Service, TunOffer};

/// How much one client, and all of them, may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Clients at once.
    pub clients: usize,
    /// Clients of one user at once; root may have as many as there may be.
    pub clients_of_a_user: usize,
    /// Messages of more than 64 KiB that the clients of one user may send at once; further ones wait.
    /// Root's do not.
    pub large_messages_of_a_user: usize,
    /// How long a client may leave a reply unread before it is dropped.
    pub patience: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            clients: 2048,
            clients_of_a_user: 512,
            large_messages_of_a_user: 4,
            patience: Duration::from_secs(10),
        }
    }
}

/// How long clients may take to be told the last when the server stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// Counts clients by user; a slot is given back when it is dropped.
#[derive(Debug, Default)]
struct Slots(Mutex<HashMap<u32, User>>);

/// What the clients of one user share.
#[derive(Debug)]
struct User {
    clients: usize,
    large: Arc<Semaphore>,
}

struct Slot {
    slots: Arc<Slots>,
    uid: u32,
    large: Option<Arc<Semaphore>>,
}

impl Slots {
    fn take(self: &Arc<Self>, uid: u32, limits: &ServerLimits) -> Option<Slot> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().map(|user| user.clients).sum();
        let own = taken.get(&uid).map_or(0, |user| user.clients);
        if all >= limits.clients || (uid != 0 && own >= limits.clients_of_a_user) {
            return None;
        }
        let user = taken.entry(uid).or_insert_with(|| User {
            clients: 0,
            large: Arc::new(Semaphore::new(limits.large_messages_of_a_user)),
        });
        user.clients += 1;
        let large = (uid != 0).then(|| user.large.clone());
        Some(Slot { slots: self.clone(), uid, large })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.uid) {
            own.clients -= 1;
            if own.clients == 0 {
                taken.remove(&self.uid);
            }
        }
    }
}

/// What a server stands in.
#[derive(Debug)]
pub struct Setting {
    /// How much clients may take.
    pub limits: ServerLimits,
    /// Earlier managers whose connections go on.
    pub keepers: Arc<Keepers>,
    /// Clients are later managers, who say on whose behalf they ask; only our own user may call.
    pub is_keeper: bool,
    /// The number of the first talk: those of managers that know of one another must not meet.
    pub first_session: u64,
    /// While it says so, nobody is taken, and who asks for nothing just now is let go.
    pub aside: watch::Receiver<bool>,
}

impl Default for Setting {
    /// A manager's that has handed over nothing and taken nothing over.
    fn default() -> Self {
        Self {
            limits: ServerLimits::default(),
            keepers: Arc::default(),
            is_keeper: false,
            first_session: 1,
            aside: watch::channel(false).1,
        }
    }
}

/// Serves clients until `stop` says so; `clients` tells how many there are.
pub async fn serve<S: Service>(
    listener: UnixListener,
    service: Arc<S>,
    setting: Setting,
    mut stop: watch::Receiver<bool>,
    clients: watch::Sender<usize>,
) {
    let slots = Arc::new(Slots::default());
    let listings = Arc::new(Listings::new());
    let sessions = AtomicU64::new(setting.first_session);
    let setting = Arc::new(setting);
    let mut aside = setting.aside.clone();
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = tasks.join_next() => {}
            accepted = accept(&listener, &mut aside) => match accepted {
                Ok((stream, _)) => {
                    let session = sessions.fetch_add(1, Ordering::Relaxed);
                    let client = admit(stream, &service, (&slots, &listings), &setting, session, &stop);
                    if let Some(client) = client {
                        tasks.spawn(client.run());
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::warn!(target: "daemon", %error, "a client could not be accepted");
                    // Out of descriptors, for instance: let others end first.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        clients.send_replace(tasks.len());
    }
    // Each ends by itself when it has told what is known by now (that a connection is gone, for
    // instance); one that is stuck is not waited for.
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, all).await.is_err() {
        tasks.shutdown().await;
    }
    clients.send_replace(0);
}

/// Resolves when `stop` says so, or when nobody is left to say it.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Either way it is time to stop.
    drop(stop.wait_for(|stop| *stop).await);
}

/// The next client, when we take any.
async fn accept(
    listener: &UnixListener,
    aside: &mut watch::Receiver<bool>,
) -> std::io::Result<(UnixStream, SocketAddr)> {
    if aside.wait_for(|aside| !*aside).await.is_err() {
        // Nobody is left to say that we take clients again.
        return std::future::pending().await;
    }
    tokio::select! {
        accepted = listener.accept() => accepted,
        Ok(_) = aside.wait_for(|aside| *aside) => Err(std::io::ErrorKind::Interrupted.into()),
    }
}

fn admit<S: Service>(
    stream: UnixStream,
    service: &Arc<S>,
    (slots, listings): (&Arc<Slots>, &Arc<Listings>),
    setting: &Arc<Setting>,
    session: u64,
    stop: &watch::Receiver<bool>,
) -> Option<Client<S>> {
    let framed = Framed::new(stream, Limits::SERVER);
    let peer = framed.peer_credentials().ok()?;
    if setting.is_keeper && peer.uid != nix::unistd::geteuid().as_raw() {
        return None;
    }
    let Some(slot) = slots.take(peer.uid, &setting.limits) else {
        tracing::warn!(target: "daemon", uid = peer.uid, pid = peer.pid, "too many clients");
        return None;
    };
    let framed = match &slot.large {
        Some(large) => framed.with_large_slots(large.clone()),
        None => framed,
    };
    let operator = service.operators().is_some_and(|group| {
        // What the kernel does not tell is no right.
        let others = onhook_host::peer_groups(framed.as_fd()).unwrap_or_default();
        peer.gid == group || others.contains(&group)
    });
    let caller = Caller { uid: peer.uid, gid: peer.gid, pid: peer.pid, session, operator };
    Some(Client {
        framed,
        caller,
        service: service.clone(),
        listings: listings.clone(),
        setting: setting.clone(),
        stop: stop.clone(),
        aside: setting.aside.clone(),
        attached: Vec::new(),
        _slot: slot,
    })
}

struct Client<S: Service> {
    framed: Framed,
    caller: Caller,
    service: Arc<S>,
    listings: Arc<Listings>,
    setting: Arc<Setting>,
    stop: watch::Receiver<bool>,
    aside: watch::Receiver<bool>,
    /// Interfaces that are attached as long as this client stays.
    attached: Vec<Box<dyn Send>>,
    _slot: Slot,
}

impl<S: Service> Drop for Client<S> {
    fn drop(&mut self) {
        self.attached.clear();
        let by_us = *self.aside.borrow();
        self.service.session_closed(self.caller.session, by_us);
    }
}

/// Why a talk ends.
enum End {
    /// The client has gone, or broke the form of the messages.
    Gone,
}

impl<S: Service> Client<S> {
    async fn run(mut self) {
        loop {
            let received = tokio::select! {
                biased;
                () = stopped(&mut self.stop) => return,
                // It may call again, and gets the next manager; what it has attached stays attached.
                Ok(_) = self.aside.wait_for(|aside| *aside), if self.attached.is_empty() => return,
                received = self.framed.receive() => received,
            };
            let frame = match received {
                Ok(Some(frame)) => frame,
                Ok(None) => return,
                Err(error) => {
                    tracing::info!(target: "daemon", pid = self.caller.pid, %error, "a client is dropped");
                    if let FrameError::TooLong(_) = error {
                        self.framed.send_now(&invalid_parameter("message"));
                    }
                    return;
                }
            };
            let Ok(call) = Call::parse(&frame.bytes) else {
                tracing::info!(target: "daemon", pid = self.caller.pid, "a client is dropped: no JSON call");
                self.framed.send_now(&invalid_parameter("message"));
                return;
            };
            if self.answer(call, frame).await.is_err() {
                return;
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), End> {
        match tokio::time::timeout(self.setting.limits.patience, self.framed.send(bytes, &[])).await
        {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => {
                tracing::warn!(target: "daemon", pid = self.caller.pid,
                    "a client is dropped: it does not read its replies");
                Err(End::Gone)
            }
        }
    }

    async fn answer(&mut self, mut call: Call, frame: Frame) -> Result<(), End> {
        let silent = call.oneway;
        let caller = self.caller(&call);
        let bytes = match call.method.rsplit_once('.') {
            // Its answers are all that it is for.
            Some((NAME, "Watch")) if silent => return Ok(()),
            Some((NAME, "Watch")) => return self.watch(call).await,
            Some((NAME, "Dial")) if call.more && !silent => {
                return self.dial_followed(call, frame).await;
            }
            Some((NAME, "List")) if !silent && brief::is_asked_for(&call.parameters) => {
                return self.brief_list(call).await;
            }
            Some((NAME, method)) => {
                let answer = self.ask(caller, method, &mut call.parameters, frame).await;
                answer.or_else(|refusal| refused(method, refusal))?
            }
            Some(("org.varlink.service", method)) => introspect(method, &call.parameters),
            Some((interface, _)) => reply_error(
                "org.varlink.service.InterfaceNotFound",
                &json!({ "interface": interface }),
            ),
            None => method_not_found(&call.method),
        };
        if silent { Ok(()) } else { self.send(&bytes).await }
    }

    /// Who asks: who has called, or on whose behalf a later manager says that it asks.
    fn caller(&self, call: &Call) -> Caller {
        match call.on_behalf_of {
            Some(Behalf { uid, gid, pid, session, operator }) if self.setting.is_keeper => {
                Caller { uid, gid, pid, session, operator }
            }
            _ => self.caller,
        }
    }

    /// Asks an earlier manager when it concerns one, else ours.
    async fn ask(
        &mut self,
        caller: Caller,
        method: &str,
        parameters: &mut Value,
        frame: Frame,
    ) -> Result<Vec<u8>, Refusal> {
        if self.setting.keepers.is_empty() {
            return self.ras(caller, method, parameters, frame).await;
        }
        let passed = tokio::select! {
            biased;
            passed = self.setting.keepers.pass_on(&caller, method, parameters, &frame.fds) => passed,
            () = self.framed.closed() => return Err(Refusal::Gone),
            () = stopped(&mut self.stop) => return Err(Refusal::Gone),
        };
        match passed {
            Some(PassedOn { reply, held }) => {
                self.attached.extend(held.map(|held| Box::new(held) as Box<dyn Send>));
                Ok(reply)
            }
            None if method == "List" => {
                let mut connections = self.setting.keepers.list(&caller).await;
                connections.extend(self.service.list(&caller));
                connections.sort_by_key(|report| report.handle);
                Ok(reply(&Connections { connections }))
            }
            None => self.ras(caller, method, parameters, frame).await,
        }
    }

    async fn ras(
        &mut self,
        caller: Caller,
        method: &str,
        parameters: &mut Value,
        mut frame: Frame,
    ) -> Result<Vec<u8>, Refusal> {
        let service = self.service.clone();
        match method {
            "Dial" => self.dial(caller, parameters, frame),
            "Resume" => {
                let password = take_secret(parameters, "password")?;
                let p: Resume<'_> = read(parameters)?;
                let given = Resumption {
                    user: p.user.map(Cow::into_owned),
                    domain: p.domain.map(Cow::into_owned),
                    password,
                    callback_number: p.callback_number.map(Cow::into_owned),
                };
                service.resume(&caller, p.handle, given)?;
                Ok(reply(&Nothing {}))
            }
            "Proceed" => {
                let p: Heard = read(parameters)?;
                service.proceed(&caller, p.handle, p.states)?;
                Ok(reply(&Nothing {}))
            }
            "ClearStatistics" => {
                let p: ByLink = read(parameters)?;
                service.clear_statistics(&caller, p.handle, p.subentry)?;
                Ok(reply(&Nothing {}))
            }
            "HangUp" | "Status" | "WaitGone" => {
                let p: StatusOf = read(parameters)?;
                match self.by_handle(caller, method, &p).await {
                    Err(Refusal::Ras(denied))
                        if denied.code == RasCode::ACCESS_DENIED
                            && service.allows_more(&caller).await =>
                    {
                        let caller = Caller { operator: true, ..caller };
                        self.by_handle(caller, method, &p).await
                    }
                    other => other,
                }
            }
            "List" => Ok(reply(&Connections { connections: service.list(&caller) })),
            "History" => Ok(reply(&Records { records: service.history(&caller) })),
            "Devices" => Ok(reply(&Devices { devices: devices::devices().await? })),
            "AttachTun" => {
                let p: Attach<'_> = read(parameters)?;
                let descriptor = take_fd(&mut frame.fds, Some(p.fd), "fd")?
                    .ok_or_else(|| Refusal::Parameter("fd".to_owned()))?;
                let offer = TunOffer {
                    descriptor,
                    name: p.name.into_owned(),
                    mtu: p.mtu,
                    offload_header: p.offload_header,
                    ports: p.first_port..=p.last_port,
                };
                if offer.ports.is_empty() {
                    return Err(Refusal::Parameter("last_port".to_owned()));
                }
                let attached = service.attach_tun(&caller, p.handle, offer).await?;
                self.attached.push(attached);
                Ok(reply(&Nothing {}))
            }
            _ => Err(Refusal::Method),
        }
    }

    fn dial(
        &mut self,
        caller: Caller,
        parameters: &mut Value,
        mut frame: Frame,
    ) -> Result<Vec<u8>, Refusal> {
        let password = take_secret(parameters, "password")?.unwrap_or_default();
        let tunnel_secret = take_secret(parameters, "tunnel_secret")?;
        let key = take_secret(parameters, "key")?;
        let p: Dial<'_> = read(parameters)?;
        let capture = take_fd(&mut frame.fds, p.capture, "capture")?;
        if !self.setting.is_keeper {
            check_line(&p.request.entry, &self.caller, self.framed.as_fd())?;
        }
        let credentials = Credentials {
            user: p.user.unwrap_or_default().into_owned(),
            domain: p.domain.unwrap_or_default().into_owned(),
            password,
            tunnel_secret,
            certificate: p
                .certificate
                .zip(key)
                .map(|(chain, key)| ClientCertificate { chain: chain.into_owned(), key }),
        };
        drop(frame);
        let dialed = self.service.dial(&caller, p.request.into_owned(), credentials, capture)?;
        Ok(reply(&dialed))
    }

    async fn by_handle(
        &mut self,
        caller: Caller,
        method: &str,
        &StatusOf { handle, brief }: &StatusOf,
    ) -> Result<Vec<u8>, Refusal> {
        let service = self.service.clone();
        match method {
            "HangUp" => service.hang_up(&caller, handle)?,
            "Status" if brief => {
                let connection = service.brief_status(&caller, handle)?;
                return Ok(reply(&BriefConnection { connection }));
            }
            "Status" => {
                let connection = service.status(&caller, handle)?;
                return Ok(reply(&OneConnection { connection }));
            }
            _ => tokio::select! {
                biased;
                gone = service.wait_gone(&caller, handle) => gone?,
                () = self.framed.closed() => return Err(Refusal::Gone),
                () = stopped(&mut self.stop) => return Err(Refusal::Gone),
            },
        }
        Ok(reply(&Nothing {}))
    }
}

/// The reply to a call that was refused.
fn refused(method: &str, refusal: Refusal) -> Result<Vec<u8>, End> {
    match refusal {
        Refusal::Ras(error) => Ok(ras_error(&error)),
        Refusal::Parameter(name) => Ok(invalid_parameter(&name)),
        Refusal::Method => Ok(method_not_found(method)),
        Refusal::Gone => Err(End::Gone),
    }
}

pub(crate) fn ras_error(error: &RasError) -> Vec<u8> {
    reply_error("org.onhook.Ras.Failed", &Failed::from(error))
}

pub(crate) fn invalid_parameter(name: &str) -> Vec<u8> {
    reply_error("org.varlink.service.InvalidParameter", &json!({ "parameter": name }))
}

pub(crate) fn method_not_found(method: &str) -> Vec<u8> {
    reply_error("org.varlink.service.MethodNotFound", &json!({ "method": method }))
}
