//! PPPoE: many sessions on one wire.

use std::collections::HashMap;
use std::sync::Arc;

use onhook_connection::LinkPlan;
use onhook_effect::HostError;
use onhook_host::{Hand, PacketLane, PacketPort};
use onhook_link::pppoe::{Concentrator, ConcentratorTerms, Reaction, SessionName};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{BREATH, told_to_stop};
use crate::calls::Origin;
use crate::desk::Desk;

/// What an Ethernet must carry for 1500 octets inside PPPoE (RFC 4638).
const JUMBO_ETHERNET: u32 = 1508;

/// One interface at which PPPoE is answered.
pub(crate) struct PppoeFront {
    port: Arc<PacketPort>,
    interface: String,
    name: String,
    services: Vec<String>,
}

impl PppoeFront {
    pub(crate) fn open(
        interface: String,
        name: String,
        services: Vec<String>,
    ) -> Result<Self, HostError> {
        Ok(Self { port: PacketPort::listen(&interface)?, interface, name, services })
    }

    pub(crate) fn interface(&self) -> &str {
        &self.interface
    }

    pub(crate) async fn listen(self, desk: Desk, mut stopped: watch::Receiver<bool>) {
        let wire = self.port.facts();
        let terms = ConcentratorTerms {
            name: self.name.clone(),
            services: self.services.clone(),
            address: wire.address,
            jumbo: wire.mtu >= JUMBO_ETHERNET,
        };
        let mut concentrator = Concentrator::new(terms, &desk.engine().host().seed());
        let mut live: HashMap<SessionName, Hand> = HashMap::new();
        let mut calls: JoinSet<SessionName> = JoinSet::new();
        let mut stopping = false;
        loop {
            tokio::select! {
                () = told_to_stop(&mut stopped), if !stopping => {
                    stopping = true;
                    desk.stop_all();
                }
                Some(ended) = calls.join_next(), if !calls.is_empty() => {
                    if let Ok(name) = ended {
                        live.remove(&name);
                        concentrator.end(name.session);
                    }
                }
                ready = self.port.readable() => {
                    let read = ready.and_then(|()| {
                        self.read(&desk, &mut concentrator, &mut live, &mut calls, stopping)
                    });
                    if let Err(error) = read {
                        tracing::warn!(target: "answer", interface = self.interface, %error,
                            "the interface cannot be read");
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
        concentrator: &mut Concentrator,
        live: &mut HashMap<SessionName, Hand>,
        calls: &mut JoinSet<SessionName>,
        stopping: bool,
    ) -> std::io::Result<()> {
        let now = desk.engine().host().now();
        let more = self.port.receive(&mut |frame| {
            if let Some(hand) = SessionName::of_received(frame).and_then(|name| live.get(&name)) {
                return hand.give(frame);
            }
            match concentrator.handle(now, frame) {
                Reaction::Nothing => {}
                Reaction::End(end) => {
                    if self.port.is_alone() == Some(true) {
                        self.port.send_or_lose(&end);
                    }
                }
                Reaction::Reply(reply) => self.port.send_or_lose(&reply),
                Reaction::Begin(name, reply) => {
                    // A call that has begun is counted until it ends: none begins that nobody would end.
                    let from = Origin::Station(name.theirs);
                    let call = if stopping { None } else { desk.begin(from) };
                    let Some(call) = call else { return concentrator.end(name.session) };
                    self.port.send_or_lose(&reply);
                    let (lane, hand) = PacketLane::shared(self.port.clone());
                    live.insert(name, hand);
                    let mtu = concentrator.mtu(name.session);
                    let link = LinkPlan::PppoeAnswer { session: name, mtu };
                    let desk = desk.clone();
                    calls.spawn(async move {
                        desk.answer(call, lane, link).await;
                        name
                    });
                }
            }
        });
        more.map(drop)
    }
}
