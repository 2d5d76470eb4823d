//! The host: every deed and its way back, in one match each.
//!
//! Deeds of the kernel's (interfaces, addresses, routes) are done within one poll: there is no moment
//! at which they could be called off half done. Deeds that wait for others (names, servers, programs)
//! either leave nothing by themselves when they are dropped, or run in a task of their own that undoes
//! its work when nobody waits for it any more.

mod talk;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use onhook_base::{Instant, Seed};
use onhook_effect::{
    Effect, HostError, HostErrorKind, LaneId, LaneSpec, Outcome, Prefix, TunId, TunSpec, Undo,
};

use crate::clock::{self, Wakener};
use crate::crash_point;
use crate::dns::{Dns, DnsChoice, Heir, Layer, Places, blocking};
use crate::journal::{Journal, SharedJournal, lock};
use crate::lane::{GreLane, LaneIo, LineLane, PacketLane, TlsLane, TrustStore, UdpLane};
use crate::net::TunDevice;
use crate::net::link::Address;
use crate::net::netlink::Netlink;
use crate::net::pins::Pins;
use crate::net::route::{Route, parts};
use crate::net::{netns, tun};
use crate::resolve::resolve;
use crate::rights;

/// Metrics tried for a route whose metric nobody chose, when another connection has the same route.
const SPARE_METRICS: u32 = 16;

/// What the host is to know.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The folder of the journal; made when it is not there. One manager at a time may use it.
    pub state_dir: PathBuf,
    /// Never make an interface, whatever the rights.
    pub userspace_only: bool,
    /// By which means names are to be resolved.
    pub dns_backend: DnsChoice,
    /// How long a program of others may take, before it is killed.
    pub helper_timeout: Duration,
    /// The file of the resolver.
    pub resolv_conf: PathBuf,
    /// Which of the managers that have handed over to one another this is: 0 for the first.
    pub generation: u32,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            state_dir: PathBuf::from("/var/lib/onhook"),
            userspace_only: false,
            dns_backend: DnsChoice::Auto,
            helper_timeout: Duration::from_secs(1),
            resolv_conf: PathBuf::from("/etc/resolv.conf"),
            generation: 0,
        }
    }
}

/// What can be done here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Interfaces and routes.
    pub interfaces: bool,
    /// Why not, for people.
    pub why_not: Option<String>,
}

/// A deed that is done.
#[derive(Debug)]
pub struct Applied {
    /// What the core is told.
    pub outcome: Outcome,
    /// What the deed made, for the engine to drive.
    pub resource: Option<Resource>,
}

/// What a deed made.
#[derive(Debug)]
pub enum Resource {
    /// A carrier of bytes, by the name that was asked for.
    Lane(LaneId, LaneIo),
    /// An interface.
    Tun(TunDevice),
}

/// The host. A clone is the same host.
#[derive(Clone, Debug)]
pub struct Host(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    abilities: Abilities,
    wakener: Wakener,
    trust: Arc<TrustStore>,
    journal: SharedJournal,
    netlink: Option<Arc<Netlink>>,
    pins: Mutex<Pins>,
    tuns: Mutex<HashMap<(u64, TunId), MadeTun>>,
    dns: Dns,
}

/// An interface of one connection, and what was given to it.
#[derive(Debug)]
struct MadeTun {
    name: String,
    index: u32,
    /// Opened inside the interface's network namespace.
    netlink: Arc<Netlink>,
    is_elsewhere: bool,
    addresses: Vec<Address>,
    routes: Vec<(Prefix, Route)>,
}

impl Host {
    /// Opens the door. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the state folder cannot be used ([`HostErrorKind::Busy`]: another manager uses it).
    pub async fn start(config: HostConfig) -> Result<Self, HostError> {
        Self::start_at(config, Places::default()).await
    }

    pub(crate) async fn start_at(config: HostConfig, places: Places) -> Result<Self, HostError> {
        let folder = config.state_dir;
        let journal = blocking(move || Journal::open(&folder, &boot())).await?;
        let journal = Arc::new(Mutex::new(journal));
        let dns = Dns::new(
            config.dns_backend,
            config.resolv_conf,
            config.helper_timeout,
            places,
            Arc::clone(&journal),
        );
        let (netlink, no_netlink) = match Netlink::open() {
            Ok(netlink) => (Some(Arc::new(netlink)), None),
            Err(error) => {
                (None, Some(format!("the kernel's routing socket is closed to us: {error}")))
            }
        };
        let why_not = match config.userspace_only {
            true => Some("interfaces are switched off".to_owned()),
            false => no_netlink.or_else(rights::why_no_interfaces),
        };
        Ok(Self(Arc::new(Inner {
            abilities: Abilities { interfaces: why_not.is_none(), why_not },
            wakener: Wakener::start(),
            trust: Arc::new(TrustStore::new()),
            journal,
            netlink,
            pins: Mutex::new(Pins::of_generation(config.generation)),
            tuns: Mutex::default(),
            dns,
        })))
    }

    /// What can be done here.
    pub fn abilities(&self) -> Abilities {
        self.0.abilities.clone()
    }

    /// Now, on the one clock, which counts sleep.
    pub fn now(&self) -> Instant {
        clock::now()
    }

    /// Thirty-two random bytes from the kernel.
    pub fn seed(&self) -> Seed {
        clock::seed()
    }

    /// Returns at `at` or a little later, also when the machine slept over it. May be dropped.
    pub async fn sleep_until(&self, at: Instant) {
        self.0.wakener.sleep_until(at).await;
    }

    /// Makes room for the next manager: the record of changes lies in `folder` from now on, and the
    /// state folder is free.
    ///
    /// # Errors
    /// When the folder cannot be used; nothing has changed then.
    pub fn step_aside(&self, folder: &Path) -> Result<(), HostError> {
        lock(&self.0.journal).move_to(folder)
    }

    /// What the next manager has to [`inherit`](Self::inherit); `None` when there is nothing.
    pub async fn bequeath(&self) -> Option<String> {
        self.0.dns.bequeath().await
    }

    /// Takes over what an earlier manager has bequeathed.
    ///
    /// # Errors
    /// When it cannot be read or written down.
    pub async fn inherit(&self, text: &str) -> Result<(), HostError> {
        self.0.dns.inherit(text).await
    }

    /// The next manager has taken over, and is asked from now on.
    pub async fn give_away(&self, heir: Arc<dyn Heir>) {
        self.0.dns.give_away(heir).await;
    }

    /// Does a deed for `owner`. Dropping the future calls it off and leaves nothing.
    ///
    /// # Errors
    /// What could not be done, and why; nothing of it is left then.
    pub async fn apply(&self, owner: u64, effect: &Effect) -> Result<Applied, HostError> {
        let deed = effect.deed();
        crash_point(deed);
        let outcome = match effect {
            Effect::Resolve { name, port } => Outcome::Resolved(resolve(name, *port).await?),
            Effect::PinRoute { to } => self.pin(owner, *to)?,
            Effect::OpenLane { lane: id, spec } => {
                let lane = self.open_lane(spec, deed).await?;
                let outcome = Outcome::LaneOpened(lane.facts().clone());
                crash_point("connected to the server");
                return Ok(Applied { outcome, resource: Some(Resource::Lane(*id, lane)) });
            }
            Effect::CreateTun { tun, spec } => return self.create_tun(owner, *tun, spec),
            Effect::AddAddress { tun, address, prefix_len, peer } => {
                self.with_tun(owner, *tun, deed, |made| {
                    made.add_address(*address, *prefix_len, *peer)
                })?
            }
            Effect::AddRoute { tun, to, metric } => {
                self.with_tun(owner, *tun, deed, |made| made.add_route(*to, *metric))?
            }
            Effect::SetDns { tun, servers, domains } => {
                self.set_dns(owner, *tun, servers.clone(), domains.clone()).await?
            }
            Effect::OpenStack { .. } => {
                return Err(not_ours(deed, "the user-space network is the engine's"));
            }
        };
        crash_point("a deed is done");
        Ok(Applied { outcome, resource: None })
    }

    async fn open_lane(&self, spec: &LaneSpec, deed: &'static str) -> Result<LaneIo, HostError> {
        match spec {
            LaneSpec::Tls { to, server_name, trust } => {
                TlsLane::dial(to, server_name, trust, Arc::clone(&self.0.trust)).await
            }
            LaneSpec::Ethernet { interface } => {
                PacketLane::dial(interface.as_deref(), &self.0.journal).await
            }
            LaneSpec::Udp { to } => UdpLane::dial(to, &self.0.journal).await,
            LaneSpec::Gre { local, remote, call } => GreLane::open(*local, *remote, *call),
            LaneSpec::Tcp { to } => LineLane::dial_tcp(to).await,
            LaneSpec::Socket { path } => LineLane::dial_socket(path).await,
            LaneSpec::Terminal { path, speed } => self.open_terminal(path, *speed),
            LaneSpec::Accepted | LaneSpec::Member => {
                Err(not_ours(deed, "a lane that a caller opened is the listener's"))
            }
        }
    }

    /// Opens a serial terminal of this machine and locks it, for a dial or to answer there.
    ///
    /// # Errors
    /// When it is not there, is no serial line, or somebody else uses it.
    pub fn open_terminal(&self, path: &str, speed: u32) -> Result<LaneIo, HostError> {
        LineLane::open_terminal(path, speed, &self.0.journal)
    }

    /// Goes back from a deed. That there is nothing to undo is success. Bounded: programs of others
    /// are killed at their limit.
    ///
    /// # Errors
    /// When it could not be undone; it may be tried again, and stands in the journal if it could
    /// outlive us.
    pub async fn revert(&self, owner: u64, undo: &Undo) -> Result<(), HostError> {
        crash_point(undo.deed());
        let reverted = self.go_back(owner, undo).await;
        crash_point("a deed is undone");
        reverted
    }

    async fn go_back(&self, owner: u64, undo: &Undo) -> Result<(), HostError> {
        match undo {
            Undo::Nothing | Undo::CloseLane { .. } | Undo::CloseStack { .. } => Ok(()),
            Undo::UnpinRoute { to } => match &self.0.netlink {
                Some(netlink) => {
                    let (mut pins, mut journal) = (self.0.pins(), lock(&self.0.journal));
                    pins.unpin(owner, *to, netlink, &mut journal)
                }
                None => Ok(()),
            },
            Undo::DestroyTun { tun } => self.destroy_tun(owner, *tun, undo.deed()),
            Undo::DeleteAddress { tun, address, .. } => {
                self.undo_of_tun(owner, *tun, undo.deed(), |made| made.delete_address(*address))
            }
            Undo::DeleteRoute { tun, to } => {
                self.undo_of_tun(owner, *tun, undo.deed(), |made| made.delete_route(*to))
            }
            Undo::RestoreDns { tun } => self.restore_dns(owner, *tun).await,
        }
    }

    fn pin(&self, owner: u64, to: IpAddr) -> Result<Outcome, HostError> {
        if self.0.abilities.interfaces
            && let Some(netlink) = &self.0.netlink
        {
            let (mut pins, mut journal) = (self.0.pins(), lock(&self.0.journal));
            pins.pin(owner, to, netlink, &mut journal)?;
        }
        // Where no interface can be made, nothing can swallow the way to the server.
        Ok(Outcome::Done)
    }

    fn create_tun(&self, owner: u64, tun: TunId, spec: &TunSpec) -> Result<Applied, HostError> {
        const DEED: &str = "make the network interface";
        if let Some(why) = &self.0.abilities.why_not {
            return Err(HostError::new(DEED, HostErrorKind::NotPermitted, why.clone()));
        }
        let failed = |error: &io::Error| {
            let mut failed = HostError::from_io(DEED, error);
            if failed.kind == HostErrorKind::Busy {
                let name = spec.name.as_deref().unwrap_or("onhook");
                failed.text = format!("there is an interface {name} already");
            }
            failed
        };
        let make = || {
            let netlink = Netlink::open()?;
            let (fd, name) = tun::open(spec.name.as_deref())?;
            crash_point("the interface is there");
            Ok((fd, name, netlink))
        };
        let made = match &spec.netns {
            None => make(),
            Some(namespace) => netns::inside(namespace, make),
        };
        let (fd, name, netlink): (OwnedFd, String, Netlink) = made.map_err(|e| failed(&e))?;
        let made = (|| {
            let link = netlink.link_by_name(&name)?.ok_or(io::ErrorKind::NotFound)?;
            netlink.bring_up(link.index, spec.mtu)?;
            let device = TunDevice::adopt(fd, name.clone(), spec.mtu, true)?;
            Ok((link.index, device))
        })();
        let (index, device) = made.map_err(|e| failed(&e))?;
        let made = MadeTun {
            name: name.clone(),
            index,
            netlink: Arc::new(netlink),
            is_elsewhere: spec.netns.is_some(),
            addresses: Vec::new(),
            routes: Vec::new(),
        };
        self.0.tuns().insert((owner, tun), made);
        let outcome = Outcome::TunCreated { name };
        Ok(Applied { outcome, resource: Some(Resource::Tun(device)) })
    }

    /// The engine has closed the descriptor, and the interface went with it; should it still be there,
    /// somebody else holds on to it.
    fn destroy_tun(&self, owner: u64, tun: TunId, deed: &'static str) -> Result<(), HostError> {
        let mut tuns = self.0.tuns();
        let Some(made) = tuns.get(&(owner, tun)) else { return Ok(()) };
        let gone = match made.netlink.link_by_index(made.index) {
            Ok(Some(link)) if link.name == made.name => made.netlink.delete_link(made.index),
            Ok(Some(_) | None) => Ok(()),
            Err(error) => Err(error),
        };
        gone.map_err(|e| HostError::from_io(deed, &e))?;
        tuns.remove(&(owner, tun));
        Ok(())
    }

    fn with_tun(
        &self,
        owner: u64,
        tun: TunId,
        deed: &'static str,
        act: impl FnOnce(&mut MadeTun) -> io::Result<()>,
    ) -> Result<Outcome, HostError> {
        let mut tuns = self.0.tuns();
        let made = tuns.get_mut(&(owner, tun)).ok_or_else(|| no_tun(deed))?;
        act(made).map_err(|e| HostError::from_io(deed, &e))?;
        Ok(Outcome::Done)
    }

    fn undo_of_tun(
        &self,
        owner: u64,
        tun: TunId,
        deed: &'static str,
        act: impl FnOnce(&mut MadeTun) -> io::Result<()>,
    ) -> Result<(), HostError> {
        match self.0.tuns().get_mut(&(owner, tun)) {
            Some(made) => act(made).map_err(|e| HostError::from_io(deed, &e)),
            None => Ok(()),
        }
    }

    async fn set_dns(
        &self,
        owner: u64,
        tun: TunId,
        servers: Vec<IpAddr>,
        domains: Vec<String>,
    ) -> Result<Outcome, HostError> {
        let layer = {
            let tuns = self.0.tuns();
            let made = tuns.get(&(owner, tun)).ok_or_else(|| no_tun("set the name servers"))?;
            if made.is_elsewhere {
                return Ok(Outcome::DnsSet { by: "none (namespace)".to_owned() });
            }
            let (interface, index) = (made.name.clone(), made.index);
            Layer { owner, tun, interface, index, servers, domains }
        };
        let dns = self.0.dns.clone();
        let mut layers = dns.hold().await;
        // From here on the deed runs to its end, and back when nobody waits for it. A revert that comes
        // meanwhile waits for the layers, which are held until then.
        let waited_for = StillWaited::default();
        let is_waited_for = waited_for.watch();
        let by = tokio::spawn(async move {
            let by = dns.lay(&mut layers, layer).await?;
            if !is_waited_for.load(Ordering::Acquire) {
                dns.lift(&mut layers, owner, tun).await?;
            }
            Ok(by)
        });
        let by = by.await.unwrap_or_else(|e| Err(not_ours("set the name servers", &e.to_string())));
        Ok(Outcome::DnsSet { by: by? })
    }

    async fn restore_dns(&self, owner: u64, tun: TunId) -> Result<(), HostError> {
        let dns = self.0.dns.clone();
        let mut layers = dns.hold().await;
        let lifted = tokio::spawn(async move { dns.lift(&mut layers, owner, tun).await });
        lifted.await.unwrap_or_else(|e| Err(not_ours("put the name servers back", &e.to_string())))
    }

    pub(crate) fn dns(&self) -> &Dns {
        &self.0.dns
    }

    pub(crate) fn journal(&self) -> &SharedJournal {
        &self.0.journal
    }

    pub(crate) fn netlink(&self) -> Option<&Netlink> {
        self.0.netlink.as_deref()
    }
}

impl Inner {
    fn pins(&self) -> MutexGuard<'_, Pins> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tuns(&self) -> MutexGuard<'_, HashMap<(u64, TunId), MadeTun>> {
        self.tuns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MadeTun {
    fn add_address(
        &mut self,
        address: IpAddr,
        prefix_len: u8,
        peer: Option<IpAddr>,
    ) -> io::Result<()> {
        let address = Address { index: self.index, address, prefix_len, peer };
        self.netlink.add_address(&address)?;
        self.addresses.push(address);
        Ok(())
    }

    fn delete_address(&mut self, address: IpAddr) -> io::Result<()> {
        let Some(at) = self.addresses.iter().position(|a| a.address == address) else {
            return Ok(());
        };
        if let Some(address) = self.addresses.get(at) {
            self.netlink.delete_address(address)?;
        }
        self.addresses.remove(at);
        Ok(())
    }

    fn add_route(&mut self, to: Prefix, metric: Option<u32>) -> io::Result<()> {
        let before = self.routes.len();
        for part in parts(to) {
            let added = self.add_part(part, metric);
            match added {
                Ok(route) => self.routes.push((to, route)),
                Err(error) => {
                    // Half of a default route is worse than none.
                    for (_, half) in self.routes.drain(before..) {
                        if let Err(error) = self.netlink.delete_route(&half) {
                            tracing::warn!(target: "host::net", %error, "half a route is left");
                        }
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Beside what is there: when another connection has the same route and nobody chose the metric, a
    /// higher one is taken, so that the older connection keeps its packets.
    fn add_part(&self, to: Prefix, metric: Option<u32>) -> io::Result<Route> {
        let mut route = Route { to, interface: self.index, next_hop: None, metric };
        for spare in 1..=SPARE_METRICS {
            match self.netlink.add_route(&route) {
                Ok(()) => return Ok(route),
                Err(error) if metric.is_none() && error.raw_os_error() == Some(libc::EEXIST) => {
                    let kernels_own = if to.is_ipv4() { 0 } else { 1024 };
                    route.metric = Some(kernels_own + spare);
                }
                Err(error) => return Err(error),
            }
        }
        let text = format!("there are {SPARE_METRICS} routes to {to} already");
        Err(io::Error::new(io::ErrorKind::AlreadyExists, text))
    }

    fn delete_route(&mut self, to: Prefix) -> io::Result<()> {
        while let Some(at) = self.routes.iter().position(|(asked, _)| *asked == to) {
            if let Some((_, route)) = self.routes.get(at) {
                self.netlink.delete_route(route)?;
            }
            self.routes.remove(at);
        }
        Ok(())
    }
}

/// Tells a task whether somebody still waits for it.
struct StillWaited(Arc<AtomicBool>);

impl Default for StillWaited {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl StillWaited {
    fn watch(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Drop for StillWaited {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// The kernel's name of this boot.
fn boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

fn not_ours(deed: &'static str, text: &str) -> HostError {
    HostError::new(deed, HostErrorKind::Other, text)
}

fn no_tun(deed: &'static str) -> HostError {
    HostError::new(deed, HostErrorKind::NotFound, "there is no interface of this connection")
}

#[cfg(test)]
mod tests;
