//! Orders to end sessions, from those who judge or count them.

use std::net::SocketAddr;
use std::sync::Arc;

use onhook_effect::HostError;
use onhook_engine::Stop;
use onhook_host::{Host, UdpPort};
use onhook_model::Cause;
use onhook_radius::orders::{Commander, OrderId, Orders, Refusal, Selector};
use tokio::sync::watch;

use super::RadiusConfig;
use super::nas::{calling_station, port, wall_clock};
use super::told_to_stop;
use crate::answer::Inner;
use crate::calls::Session;
use crate::front::BREATH;

/// An order that is being carried out: the calls that have still to go.
struct Ending {
    order: OrderId,
    calls: Vec<u64>,
}

/// Where orders are taken.
pub(crate) struct Command {
    socket: Arc<UdpPort>,
    orders: Orders,
}

impl Command {
    /// Listens, where that is wanted.
    pub(crate) async fn open(config: &RadiusConfig) -> Result<Option<Self>, HostError> {
        let Some(address) = config.orders else { return Ok(None) };
        let failed = |error| crate::front::cannot_listen(&address, &error);
        let socket = UdpPort::bind(address).await.map_err(failed)?;
        let mut commanders: Vec<Commander> = Vec::new();
        for server in config.access.iter().chain(&config.accounting) {
            let address = server.address.ip().to_canonical();
            if !commanders.iter().any(|known| known.address == address) {
                commanders.push(Commander { address, secret: server.secret.clone() });
            }
        }
        let orders = Orders::new(commanders, config.identifier.clone());
        Ok(Some(Self { socket, orders }))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok()
    }

    /// Takes orders until the server stops.
    pub(crate) async fn serve(
        self,
        inner: Arc<Inner>,
        host: Host,
        mut stopped: watch::Receiver<bool>,
    ) {
        let Self { socket, mut orders } = self;
        let mut endings: Vec<Ending> = Vec::new();
        let mut changes = inner.changes();
        loop {
            tokio::select! {
                () = told_to_stop(&mut stopped) => return,
                ready = socket.readable() => {
                    let (now, wall) = (host.now(), wall_clock());
                    let mut take = |from, datagram: &[u8]| orders.handle_datagram(now, wall, from, datagram);
                    if let Err(error) = ready.and_then(|()| socket.receive(&mut take)) {
                        tracing::debug!(target: "answer", %error, "no order can be read");
                        tokio::time::sleep(BREATH).await;
                    }
                }
                _ = changes.changed(), if !endings.is_empty() => {}
            }
            while let Some((order, selector)) = orders.poll_order() {
                let calls = chosen(&inner, &selector);
                tracing::info!(target: "answer", calls = calls.len(), "a RADIUS server ends calls");
                if calls.is_empty() {
                    orders.answer(host.now(), order, Err(Refusal::SessionContextNotFound));
                }
                for call in &calls {
                    let cause = Cause::hung_up();
                    // One that ends already needs no word.
                    inner.calls().stop(*call, Stop::Politely(cause));
                }
                if !calls.is_empty() {
                    endings.push(Ending { order, calls });
                }
            }
            endings.retain_mut(|ending| {
                ending.calls.retain(|call| inner.calls().get(*call).is_some());
                let is_done = ending.calls.is_empty();
                if is_done {
                    orders.answer(host.now(), ending.order, Ok(()));
                }
                !is_done
            });
            while let Some((to, packet)) = orders.poll_transmit() {
                socket.send_or_lose(to, &packet);
            }
        }
    }
}

fn chosen(inner: &Inner, selector: &Selector) -> Vec<u64> {
    let book = inner.calls();
    let sessions = book.sessions();
    let is_meant = |session: &&Session| {
        let account = book.account(session.call);
        let user = account.map(|account| &account.user).or(session.user.as_ref());
        let is = |wanted: &Option<String>, have: Option<&String>| {
            wanted.as_ref().is_none_or(|wanted| have == Some(wanted))
        };
        session.user.is_some()
            && (is(&selector.user, user) || is(&selector.user, session.user.as_ref()))
            && is(&selector.session, account.map(|account| &account.id))
            && is(&selector.calling, Some(&calling_station(&session.from)))
            && selector.address.is_none_or(|address| session.address == Some(address))
            && selector.port.is_none_or(|wanted| wanted == port(session.call))
    };
    sessions.iter().filter(is_meant).map(|session| session.call).collect()
}
