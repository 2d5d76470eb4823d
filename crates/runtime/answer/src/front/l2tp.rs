//! L2TP: many tunnels on one UDP port.
//!
//! A Start-Control-Connection-Request begins a call; everything else goes to the call whose tunnel number
//! it bears, if it comes from where that call's caller is. A caller whose port has changed behind a NAT is
//! followed; one whose address has changed is another.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use onhook_base::Secret;
use onhook_connection::LinkPlan;
use onhook_effect::HostError;
use onhook_host::{Hand, SharedAddress, UdpLane, UdpPort};
use onhook_link::l2tp::{Peek, acknowledge};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{BREATH, cannot_listen, told_to_stop};
use crate::calls::Origin;
use crate::desk::Desk;

/// How long after its end a tunnel's number is not given again, and repeated messages for it are still
/// acknowledged: as long as a peer repeats (RFC 2661 §5.8).
const MEMORY: Duration = Duration::from_secs(31);

/// One UDP port at which L2TP is answered.
pub(crate) struct L2tpFront {
    port: Arc<UdpPort>,
    address: SocketAddr,
    name: String,
    secret: Option<Secret<String>>,
}

struct Tunnel {
    hand: Hand,
    address: SharedAddress,
    peer_tunnel: u16,
}

/// A tunnel that has ended.
struct Past {
    from: SocketAddr,
    peer_tunnel: u16,
    ended: Instant,
}

#[derive(Default)]
struct Tunnels {
    live: HashMap<u16, Tunnel>,
    past: HashMap<u16, Past>,
    /// Which tunnel a request has led to, so that its repetitions lead there too.
    requests: HashMap<(SocketAddr, u16), u16>,
    next: u16,
}

impl L2tpFront {
    pub(crate) async fn open(
        address: SocketAddr,
        name: String,
        secret: Option<Secret<String>>,
    ) -> Result<Self, HostError> {
        let failed = |error| cannot_listen(&address, &error);
        let port = UdpPort::bind(address).await.map_err(failed)?;
        let address = port.local_addr().map_err(failed)?;
        Ok(Self { port, address, name, secret })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn listen(self, desk: Desk, mut stopped: watch::Receiver<bool>) {
        let mut calls: JoinSet<u16> = JoinSet::new();
        let mut tunnels = Tunnels::default();
        let mut stopping = false;
        loop {
            tokio::select! {
                () = told_to_stop(&mut stopped), if !stopping => {
                    // Those that are there say goodbye through this port.
                    stopping = true;
                    desk.stop_all();
                }
                Some(ended) = calls.join_next(), if !calls.is_empty() => {
                    if let Ok(tunnel) = ended {
                        tunnels.end(tunnel);
                    }
                }
                ready = self.port.readable() => {
                    if ready.is_err() || self.read(&desk, &mut tunnels, &mut calls, stopping).is_err() {
                        tokio::time::sleep(BREATH).await;
                    }
                }
            }
            if stopping && calls.is_empty() {
                return;
            }
        }
    }

    fn read(
        &self,
        desk: &Desk,
        tunnels: &mut Tunnels,
        calls: &mut JoinSet<u16>,
        stopping: bool,
    ) -> std::io::Result<bool> {
        self.port.receive(&mut |from, datagram| match Peek::at(datagram) {
            Some(Peek::Request { assigned_tunnel }) => {
                let known = tunnels.requests.get(&(from, assigned_tunnel));
                if let Some(tunnel) = known.and_then(|number| tunnels.live.get(number)) {
                    tunnel.hand.give(datagram);
                } else if !stopping {
                    self.begin(desk, tunnels, calls, from, assigned_tunnel, datagram);
                }
            }
            Some(Peek::Tunnel { tunnel, wants_acknowledgement, ns }) => {
                if let Some(live) = tunnels.live.get(&tunnel) {
                    if live.follows(from) {
                        live.hand.give(datagram);
                    }
                } else if let Some(past) = tunnels.past.get(&tunnel)
                    && wants_acknowledgement
                    && past.from == from
                {
                    self.port.send_or_lose(from, &acknowledge(past.peer_tunnel, ns));
                }
            }
            None => tracing::trace!(target: "answer", %from, "a datagram that is no L2TP"),
        })
    }

    fn begin(
        &self,
        desk: &Desk,
        tunnels: &mut Tunnels,
        calls: &mut JoinSet<u16>,
        from: SocketAddr,
        peer_tunnel: u16,
        request: &[u8],
    ) {
        let Some(number) = tunnels.free() else { return };
        let Some(call) = desk.begin(Origin::Address(from)) else { return };
        let (lane, hand, address) = UdpLane::shared(self.port.clone(), from);
        hand.give(request);
        tunnels.live.insert(number, Tunnel { hand, address, peer_tunnel });
        tunnels.requests.insert((from, peer_tunnel), number);
        let link = LinkPlan::L2tpAnswer {
            host_name: self.name.clone(),
            secret: self.secret.clone(),
            tunnel: number,
        };
        let desk = desk.clone();
        calls.spawn(async move {
            desk.answer(call, lane, link).await;
            number
        });
    }
}

impl Tunnel {
    /// Whether a datagram from there is the caller's; if its port has changed, answers go there.
    fn follows(&self, from: SocketAddr) -> bool {
        let mut address = self.address.lock().unwrap_or_else(PoisonError::into_inner);
        let is_the_callers = address.ip() == from.ip();
        if is_the_callers {
            *address = from;
        }
        is_the_callers
    }
}

impl Tunnels {
    /// A number that no tunnel has or had a moment ago; never 0.
    fn free(&mut self) -> Option<u16> {
        let now = Instant::now();
        self.past.retain(|_, past| now.duration_since(past.ended) < MEMORY);
        for _ in 0..=u16::MAX {
            self.next = self.next.wrapping_add(1).max(1);
            if !self.live.contains_key(&self.next) && !self.past.contains_key(&self.next) {
                return Some(self.next);
            }
        }
        None
    }

    fn end(&mut self, number: u16) {
        let Some(tunnel) = self.live.remove(&number) else { return };
        self.requests.retain(|_, of| *of != number);
        let from = *tunnel.address.lock().unwrap_or_else(PoisonError::into_inner);
        let peer_tunnel = tunnel.peer_tunnel;
        self.past.insert(number, Past { from, peer_tunnel, ended: Instant::now() });
    }
}
