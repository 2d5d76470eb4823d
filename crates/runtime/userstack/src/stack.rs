//! The stack itself: what its owner and its programs call.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use onhook_base::{Instant, Seed};
use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::socket::Socket;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, IpEndpoint};
use tokio::sync::Notify;

use crate::device::Queues;
use crate::listener::StackListener;
use crate::owns::destination_port;
use crate::state::{Flow, State};
use crate::stream::StackStream;

/// How long a connection attempt may take.
const CONNECT: Duration = Duration::from_secs(30);
/// No link is narrower than this; RFC 791 §3.1 promises 68 octets, which leave TCP too little.
const LEAST_MTU: u16 = 128;

/// How a stack is set up.
#[derive(Clone, Debug)]
pub struct StackTerms {
    /// Our addresses with the lengths of their prefixes; two at most.
    pub addresses: Vec<(IpAddr, u8)>,
    /// The largest packet in octets; flows agree on segments that fit.
    pub mtu: u16,
    /// Name servers behind the connection.
    pub dns: Vec<IpAddr>,
    /// Chance for ports, sequence numbers and the identifiers of questions to name servers.
    pub seed: u64,
    /// The most flows at once, those that wait at a listener included.
    pub max_flows: usize,
    /// Octets that a flow may have received and not yet given to its program.
    pub rx_buffer: usize,
    /// Octets that a flow may have taken from its program and not yet got through.
    pub tx_buffer: usize,
    /// The ports that our own flows use.
    pub local_ports: RangeInclusive<u16>,
}

impl Default for StackTerms {
    fn default() -> Self {
        Self {
            addresses: Vec::new(),
            mtu: 1400,
            dns: Vec::new(),
            seed: 0,
            max_flows: 1024,
            rx_buffer: 512 << 10,
            tx_buffer: 512 << 10,
            local_ports: 49_152..=65_535,
        }
    }
}

pub(crate) struct Inner {
    state: Mutex<State>,
    pub(crate) terms: StackTerms,
    poll_me: Notify,
}

/// A TCP/IP stack for one connection. Cheap to clone; all clones are the same stack.
#[derive(Clone)]
pub struct Stack(pub(crate) Arc<Inner>);

impl Stack {
    /// A stack with these addresses.
    pub fn new(terms: StackTerms) -> Self {
        let mut queues = Queues::new(terms.mtu.max(LEAST_MTU));
        let mut chance = Seed::from_number(terms.seed).derive("userstack").secret_chance();
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = chance.u64();
        let start = smoltcp::time::Instant::from_micros(0);
        let mut interface = Interface::new(config, &mut queues, start);
        for (address, prefix) in &terms.addresses {
            add_address(&mut interface, *address, *prefix);
        }
        let state = State {
            interface,
            sockets: SocketSet::new(Vec::new()),
            queues,
            flows: std::collections::HashMap::new(),
            chance,
            is_down: false,
        };
        Self(Arc::new(Inner { state: Mutex::new(state), terms, poll_me: Notify::new() }))
    }

    /// A packet has arrived from the connection. It is dropped when 4096 packets or 8 MiB wait.
    pub fn deliver(&self, packet: &[u8]) {
        let mut state = self.0.lock();
        if state.is_down {
            return;
        }
        let was_empty = state.queues.is_empty();
        let is_kept = state.queues.deliver(packet);
        drop(state);
        if !is_kept {
            tracing::trace!(target: "userstack", "a packet was dropped: too many wait");
        }
        if was_empty {
            self.0.wake();
        }
    }

    /// Advances to `now`; each packet that is to be sent goes to `send`, at most `budget` of them.
    ///
    /// Returns when it wants to be called again although nothing happens; that is `now` when the budget
    /// was used up. `send` is called without any lock held.
    pub fn poll(
        &self,
        now: Instant,
        budget: usize,
        send: &mut dyn FnMut(&[u8]),
    ) -> Option<Instant> {
        // What was notified until now is answered by this poll.
        pin!(self.0.poll_me.notified()).enable();
        let micros = i64::try_from(now.as_nanos() / 1000).unwrap_or(i64::MAX);
        let time = smoltcp::time::Instant::from_micros(micros);
        let mut guard = self.0.lock();
        let state = &mut *guard;
        state.queues.begin(budget);
        state.interface.poll(time, &mut state.queues, &mut state.sockets);
        let deadline = state.look_after(now);
        let next = if state.queues.is_pressed() {
            Some(now)
        } else {
            let wanted = state.interface.poll_at(time, &state.sockets).map(|at| {
                let micros = u64::try_from(at.total_micros()).unwrap_or(0);
                Instant::from_nanos(micros.saturating_mul(1000)).max(now)
            });
            [wanted, deadline].into_iter().flatten().min()
        };
        let mut outgoing = state.queues.take_outgoing();
        drop(guard);
        outgoing.drain(send);
        self.0.lock().queues.give_back(outgoing);
        next
    }

    /// Resolves when something calls for a poll: a program has written, read or ended something, or a
    /// packet was delivered. One caller at a time.
    pub async fn wants_poll(&self) {
        self.0.poll_me.notified().await;
    }

    /// Connects to a host behind the connection. Dropping the future leaves nothing.
    ///
    /// # Errors
    /// `ConnectionRefused`; `TimedOut` after 30 s; `AddrNotAvailable` when we have no address of that
    /// family or the address is no single host's; `QuotaExceeded` when there are too many flows;
    /// `ConnectionAborted` when the stack was shut down.
    pub async fn connect(&self, to: SocketAddr) -> io::Result<StackStream> {
        let stream = self.begin_connect(to)?;
        self.0.wake();
        match tokio::time::timeout(CONNECT, stream.established()).await {
            Ok(result) => result.map(|()| stream),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn begin_connect(&self, to: SocketAddr) -> io::Result<StackStream> {
        let ip = to.ip().to_canonical();
        let refuse = |why: String| io::Error::new(io::ErrorKind::AddrNotAvailable, why);
        let has_family = self.0.terms.addresses.iter().any(|(a, _)| a.is_ipv4() == ip.is_ipv4());
        if !has_family || !IpAddress::from(ip).is_unicast() {
            return Err(refuse(format!("{ip} cannot be reached from our addresses")));
        }
        let mut guard = self.0.lock();
        let state = &mut *guard;
        let port = state.port(&self.0.terms.local_ports)?;
        let handle = state.add(&self.0.terms, Flow::default())?;
        let remote = IpEndpoint::new(IpAddress::from(ip), to.port());
        let socket = state.sockets.get_mut::<smoltcp::socket::tcp::Socket<'_>>(handle);
        if let Err(error) = socket.connect(state.interface.context(), remote, port) {
            state.remove(handle);
            return Err(refuse(error.to_string()));
        }
        Ok(StackStream::new(self.clone(), handle))
    }

    /// Connects to a host by its name, which is looked up behind the connection, or by its address. The
    /// addresses of a name are tried one after the other.
    ///
    /// # Errors
    /// As [`connect`](Self::connect) and [`resolve`](Self::resolve).
    pub async fn connect_name(&self, host: &str, port: u16) -> io::Result<StackStream> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in self.resolve(host).await? {
            match self.connect(SocketAddr::new(address, port)).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Listens on a port; `backlog` callers may be on their way at once.
    pub fn listen(&self, port: u16, backlog: usize) -> StackListener {
        StackListener::new(self.clone(), port, backlog.max(1))
    }

    /// Flows that exist now, those included that are saying goodbye. What waits at a listener is none.
    pub fn flows(&self) -> usize {
        self.0.lock().flows.values().filter(|flow| !flow.is_waiting).count()
    }

    /// Ends everything: every stream, listener and question fails with `ConnectionAborted`, and so does
    /// whatever is begun later. Whoever waits is woken. A poll afterwards sends the resets.
    pub fn shut_down(&self) {
        let mut state = self.0.lock();
        state.is_down = true;
        state.queues.clear();
        for (_, socket) in state.sockets.iter_mut() {
            match socket {
                Socket::Tcp(socket) => socket.abort(),
                Socket::Udp(socket) => socket.close(),
            }
        }
        drop(state);
        self.0.wake();
    }

    /// Whether an inbound packet is for a flow of ours, and not for a program's own interface on the
    /// same connection: its destination port is one of `local_ports`, or it is an ICMP error about what
    /// such a port has sent.
    pub fn owns(&self, packet: &[u8]) -> bool {
        destination_port(packet).is_some_and(|port| self.0.terms.local_ports.contains(&port))
    }
}

/// Gives the interface an address, and a way to everywhere: the link has one other end, so that the
/// router's name does not matter.
fn add_address(interface: &mut Interface, address: IpAddr, prefix: u8) {
    let (most, ip) = match address {
        IpAddr::V4(_) => (32, IpAddress::from(address)),
        IpAddr::V6(_) => (128, IpAddress::from(address)),
    };
    if !ip.is_unicast() {
        tracing::warn!(target: "userstack", %address, "this is no address of a host");
        return;
    }
    interface.update_ip_addrs(|list| {
        if list.push(IpCidr::new(ip, prefix.min(most))).is_err() {
            tracing::warn!(target: "userstack", %address, "there is no room for this address");
        }
    });
    let routes = interface.routes_mut();
    let added = match address {
        IpAddr::V4(own) => routes.add_default_ipv4_route(Ipv4Addr::from(own.octets())),
        IpAddr::V6(own) => routes.add_default_ipv6_route(own),
    };
    if added.is_err() {
        tracing::warn!(target: "userstack", %address, "there is no room for a route");
    }
}

impl Inner {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wake(&self) {
        self.poll_me.notify_one();
    }
}
