//! L2TP: many tunnels on one UDP port, and many calls in each.
//!
//! A Start-Control-Connection-Request begins a tunnel, whose control connection is kept here; each call in
//! it is brought to the desk. A data message goes to the call whose numbers it bears, if it comes from where
//! that call's caller is. A caller whose port has changed behind a NAT is followed; one whose address has
//! changed is another.

mod tunnels;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use onhook_base::{Instant, Secret};
use onhook_connection::LinkPlan;
use onhook_effect::HostError;
use onhook_host::{Aside, UdpLane, UdpPort};
use onhook_link::l2tp::{
    L2tpTerms, Peek, Reaction, Trunk, TrunkCallTerms, acknowledge, is_control,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::tunnels::{Live, Tunnels};
use super::{BREATH, cannot_listen, told_to_stop};
use crate::calls::Origin;
use crate::desk::Desk;

/// One UDP port at which L2TP is answered.
pub(crate) struct L2tpFront {
    port: Arc<UdpPort>,
    address: SocketAddr,
    name: String,
    secret: Option<Secret<String>>,
}

/// A call of a tunnel, by their numbers.
type CallName = (u16, u16);

/// What is there while the front listens.
struct Board {
    desk: Desk,
    tunnels: Tunnels,
    calls: JoinSet<CallName>,
    /// Control messages that calls send: the tunnel's number and the message.
    said: UnboundedReceiver<(u16, Vec<u8>)>,
    say: UnboundedSender<(u16, Vec<u8>)>,
    stopping: bool,
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
        let (say, said) = unbounded_channel();
        let host = desk.engine().host().clone();
        let tunnels = Tunnels::new(&host.seed());
        let mut board = Board { desk, tunnels, calls: JoinSet::new(), said, say, stopping: false };
        loop {
            let due = board.tunnels.next_deadline();
            let timer = async {
                match due {
                    Some(at) => host.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = told_to_stop(&mut stopped), if !board.stopping => {
                    // Those that are there say goodbye through this port.
                    board.stopping = true;
                    board.desk.stop_all();
                    self.each(&mut board, host.now(), |trunk, now| trunk.leave(now));
                }
                // Before the ends: a call's last word comes before it.
                Some((tunnel, message)) = board.said.recv() => {
                    self.with(&mut board.tunnels, host.now(), tunnel, |live, now| {
                        live.trunk.say(now, &message);
                    });
                }
                Some(ended) = board.calls.join_next(), if !board.calls.is_empty() => {
                    if let Ok((tunnel, session)) = ended {
                        self.with(&mut board.tunnels, host.now(), tunnel, |live, now| {
                            live.calls.remove(&session);
                            live.trunk.end(now, session);
                        });
                    }
                }
                ready = self.port.readable() => {
                    let now = host.now();
                    if ready.is_err() || self.read(&mut board, now).is_err() {
                        tokio::time::sleep(BREATH).await;
                    }
                }
                () = timer => {
                    let now = host.now();
                    for number in board.tunnels.due(now) {
                        self.with(&mut board.tunnels, now, number, Live::handle_timeout);
                    }
                }
            }
            if board.stopping && board.calls.is_empty() && board.tunnels.is_empty() {
                return;
            }
        }
    }

    /// Does something to every tunnel, and sends what comes of it.
    fn each(&self, board: &mut Board, now: Instant, deed: fn(&mut Trunk, Instant)) {
        for number in board.tunnels.numbers() {
            self.with(&mut board.tunnels, now, number, |live, now| deed(&mut live.trunk, now));
        }
    }

    /// Does something to a tunnel, and sends what comes of it.
    fn with<T>(
        &self,
        tunnels: &mut Tunnels,
        now: Instant,
        number: u16,
        deed: impl FnOnce(&mut Live, Instant) -> T,
    ) -> Option<T> {
        let live = tunnels.live(number)?;
        let done = deed(live, now);
        let to = live.address();
        while let Some(datagram) = live.trunk.poll_transmit() {
            self.port.send_or_lose(to, &datagram);
        }
        tunnels.settle(now, number);
        Some(done)
    }

    fn read(&self, board: &mut Board, now: Instant) -> std::io::Result<bool> {
        self.port.receive(&mut |from, datagram| match Peek::at(datagram) {
            Some(Peek::Data { tunnel, session }) => {
                let live = board.tunnels.live(tunnel).filter(|live| live.follows(from));
                if let Some(live) = live
                    && let Some(hand) = live.calls.get(&session)
                {
                    live.trunk.hear(now);
                    hand.give(datagram);
                }
            }
            Some(Peek::Control { tunnel, wants_acknowledgement, ns }) => {
                if let Some(live) = board.tunnels.live(tunnel) {
                    if live.follows(from) {
                        self.take(board, now, tunnel, datagram);
                    }
                } else if let Some(peer) = board.tunnels.remembered(now, tunnel, from)
                    && wants_acknowledgement
                {
                    self.port.send_or_lose(from, &acknowledge(peer, ns));
                }
            }
            Some(Peek::Request { assigned_tunnel }) => {
                if let Some(number) = self.request(board, now, from, assigned_tunnel) {
                    self.take(board, now, number, datagram);
                }
            }
            None => tracing::trace!(target: "answer", %from, "a datagram that is no L2TP"),
        })
    }

    /// The tunnel to which a request leads.
    fn request(
        &self,
        board: &mut Board,
        now: Instant,
        from: SocketAddr,
        peer_tunnel: u16,
    ) -> Option<u16> {
        let known = board.tunnels.requested(from, peer_tunnel);
        if known.is_some() || board.stopping {
            return known;
        }
        let number = board.tunnels.free(now)?;
        let terms = L2tpTerms {
            host_name: self.name.clone(),
            secret: self.secret.clone(),
            tunnel: Some(number),
        };
        let trunk = Trunk::answerer(now, terms, &board.desk.engine().host().seed());
        board.tunnels.add(Live::new(trunk, Arc::new(Mutex::new(from)), peer_tunnel), from);
        Some(number)
    }

    /// A control message of a tunnel that is there.
    fn take(&self, board: &mut Board, now: Instant, number: u16, datagram: &[u8]) {
        let reaction = self
            .with(&mut board.tunnels, now, number, |live, now| live.trunk.handle(now, datagram));
        let Some(live) = board.tunnels.live(number) else { return };
        match reaction {
            None | Some(Reaction::Nothing) => {}
            Some(Reaction::Give(session)) => {
                if let Some(hand) = live.calls.get(&session) {
                    hand.give(datagram);
                }
            }
            Some(Reaction::GiveAll) => live.calls.values().for_each(|hand| hand.give(datagram)),
            Some(Reaction::Begin { session }) => {
                let begun = board.desk.begin(Origin::Address(live.address()));
                let Some(call) = begun.filter(|_| !board.stopping) else {
                    self.with(&mut board.tunnels, now, number, |live, now| {
                        live.trunk.refuse(now, session);
                    });
                    return;
                };
                let aside = Aside { picks: is_control, tag: number, to: board.say.clone() };
                let (lane, hand) =
                    UdpLane::shared(self.port.clone(), live.shared_address(), Some(aside));
                hand.give(datagram);
                live.calls.insert(session, hand);
                let link = LinkPlan::L2tpAnswer(TrunkCallTerms {
                    tunnel: number,
                    peer_tunnel: live.trunk.peer(),
                    session,
                    secret: self.secret.clone(),
                });
                let desk = board.desk.clone();
                board.calls.spawn(async move {
                    desk.answer(call, lane, link).await;
                    (number, session)
                });
            }
        }
    }
}
