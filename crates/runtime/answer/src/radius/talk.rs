//! The sockets and the clock of one client: requests go in, answers come out.

use std::collections::HashMap;
use std::future::pending;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use onhook_base::Instant;
use onhook_effect::HostError;
use onhook_host::{Host, UdpPort};
use onhook_radius::client::{Client, ClientTerms, Ticket, Unanswered};
use onhook_radius::reply::Answer;
use onhook_radius::wire::Attributes;
use tokio::sync::{mpsc, oneshot};

/// Requests that are handed over and not taken up yet.
const MOST_HANDED: usize = 1024;

struct Ask {
    attributes: Attributes,
    of: Option<usize>,
    reply: oneshot::Sender<Result<Answer, Unanswered>>,
}

/// A client whose sockets are open. Cheap to clone; ends with the last clone, when all is answered.
#[derive(Clone)]
pub(super) struct Talk(mpsc::Sender<Ask>);

impl Talk {
    /// Opens the sockets: one for each family of addresses that the servers have.
    pub(super) async fn open(host: &Host, terms: ClientTerms) -> Result<Self, HostError> {
        let mut ports = Vec::new();
        for any in [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)] {
            if terms.servers.iter().any(|server| server.address.is_ipv4() == any.is_ipv4()) {
                let port = UdpPort::bind(SocketAddr::new(any, 0)).await;
                ports.push(port.map_err(|e| HostError::from_io("talk with a RADIUS server", &e))?);
            }
        }
        let client = Client::new(terms, host.seed().chance());
        let (asks, taken) = mpsc::channel(MOST_HANDED);
        let talking =
            Talking { host: host.clone(), client, ports, waiting: HashMap::new(), asks: taken };
        tokio::spawn(talking.run());
        Ok(Self(asks))
    }

    /// Asks, and waits for the answer or until there can be none; dropped, it is called off. `of` names
    /// the server that knows what went before.
    pub(super) async fn ask(
        &self,
        attributes: Attributes,
        of: Option<usize>,
    ) -> Result<Answer, Unanswered> {
        let (reply, replied) = oneshot::channel();
        let gone = |_| Unanswered::Silence;
        self.0.send(Ask { attributes, of, reply }).await.map_err(|_| Unanswered::Silence)?;
        replied.await.map_err(gone)?
    }
}

struct Talking {
    host: Host,
    client: Client,
    ports: Vec<Arc<UdpPort>>,
    waiting: HashMap<Ticket, oneshot::Sender<Result<Answer, Unanswered>>>,
    asks: mpsc::Receiver<Ask>,
}

impl Talking {
    async fn run(mut self) {
        let mut is_wanted = true;
        while is_wanted || !self.waiting.is_empty() {
            let deadline = self.client.poll_timeout().map(|deadline| deadline.at);
            let (host, ports) = (self.host.clone(), self.ports.clone());
            tokio::select! {
                ask = self.asks.recv(), if is_wanted => match ask {
                    Some(ask) => self.begin(ask),
                    None => is_wanted = false,
                },
                port = readable(&ports) => self.read(&port),
                () = sleep_until(&host, deadline) => self.on_time(),
            }
            self.drain();
        }
    }

    fn begin(&mut self, ask: Ask) {
        match self.client.ask(self.host.now(), ask.attributes, ask.of) {
            Some(ticket) => drop(self.waiting.insert(ticket, ask.reply)),
            None => tracing::warn!(target: "answer", "too much is asked of the RADIUS servers"),
        }
    }

    fn read(&mut self, port: &UdpPort) {
        let (now, client) = (self.host.now(), &mut self.client);
        let read = port.receive(&mut |from, datagram| {
            let from = SocketAddr::new(from.ip().to_canonical(), from.port());
            client.handle_datagram(now, from, datagram);
        });
        if let Err(error) = read {
            // Of a datagram that could not be delivered; it is sent again.
            tracing::debug!(target: "answer", %error, "a RADIUS server cannot be reached");
        }
    }

    fn on_time(&mut self) {
        let now = self.host.now();
        let client = &mut self.client;
        self.waiting.retain(|ticket, reply| {
            let is_wanted = !reply.is_closed();
            if !is_wanted {
                client.call_off(now, *ticket);
            }
            is_wanted
        });
        client.handle_timeout(now);
    }

    fn drain(&mut self) {
        while let Some((to, packet)) = self.client.poll_transmit() {
            let is_of = |port: &&Arc<UdpPort>| {
                port.local_addr().is_ok_and(|address| address.is_ipv4() == to.is_ipv4())
            };
            if let Some(port) = self.ports.iter().find(is_of) {
                port.send_or_lose(to, packet.expose());
            }
        }
        while let Some((ticket, result)) = self.client.poll_answer() {
            if let Some(reply) = self.waiting.remove(&ticket) {
                // Who does not wait any more has been told enough.
                drop(reply.send(result));
            }
        }
    }
}

/// Resolves with the port at which something has come.
async fn readable(ports: &[Arc<UdpPort>]) -> Arc<UdpPort> {
    let at = |index: usize| async move {
        match ports.get(index) {
            Some(port) if port.readable().await.is_ok() => port.clone(),
            _ => pending().await,
        }
    };
    tokio::select! {
        port = at(0) => port,
        port = at(1) => port,
    }
}

async fn sleep_until(host: &Host, at: Option<Instant>) {
    match at {
        Some(at) => host.sleep_until(at).await,
        None => pending().await,
    }
}
