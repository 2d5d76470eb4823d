//! Several links at once: those of a dial, and calls that belong together.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use onhook_connection::{Connection, Discriminator, Joining, Plan};
use onhook_effect::LaneId;
use onhook_model::Handle;
use tokio::sync::{Notify, mpsc, watch};

use super::told::ToldLink;
use super::{Core, Engine, Inner, Running, SharedTraffic};
use crate::driver::{Above, Answering, Driver, Flow, LinkToBegin, Member, Party, Port, Word};

/// Calls that belong together come to the same server, prove the same name and say that they come from
/// the same machine (RFC 1990 §5.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct BundleKey {
    server: usize,
    name: String,
    machine: Option<Discriminator>,
}

/// The bundles of calls that are there.
pub(super) type Bundles = Mutex<HashMap<BundleKey, Gathering>>;

/// A bundle of calls.
#[derive(Clone)]
pub(crate) struct Gathering {
    bundle: u64,
    /// Where its calls report.
    pub(crate) words: mpsc::UnboundedSender<Word>,
    /// How many there are.
    calls: Arc<AtomicUsize>,
    /// Closed when nothing of it is left.
    gone: watch::Receiver<()>,
}

impl Gathering {
    /// One of its calls has ended: with the last of them, waits until nothing of the bundle is left.
    pub(crate) async fn leave(mut self) {
        if self.calls.fetch_sub(1, Ordering::Relaxed) == 1 {
            while self.gone.changed().await.is_ok() {}
        }
    }
}

/// A call has ended: it leaves what it belonged to, if anything.
pub(super) async fn leave(belonging: &Belonging) {
    let gathering = belonging.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(gathering) = gathering {
        gathering.leave().await;
    }
}

/// What a call has become part of, if anything.
pub(crate) type Belonging = Arc<Mutex<Option<Gathering>>>;

impl Inner {
    /// Begins the links of a dial; gives what the driver above them needs.
    pub(super) fn start_links(
        self: &Arc<Self>,
        core: &mut Core,
        handles: &[Handle],
        plan: &mut Plan,
    ) -> (Above, mpsc::UnboundedReceiver<Word>) {
        plan.tell_apart(&self.host.seed());
        let waits = plan.first_link_goes_ahead();
        let (first, first_is_known) = watch::channel(());
        let mut first = Some(first);
        let (words, receiver) = mpsc::unbounded_channel();
        let relief = Arc::<Notify>::default();
        let mut ports = BTreeMap::new();
        let plans = std::mem::take(&mut plan.members);
        let links = (0..=u8::MAX).map(LaneId).zip(plans.clone()).zip(handles);
        for ((lane, plan), handle) in links {
            let is_first = first.is_some();
            let (words, relief) = (words.clone(), relief.clone());
            let link = LinkToBegin { lane, plan, words, relief };
            let (driver, port) = self.link_driver(core, *handle, link, first.take());
            ports.insert(lane, port);
            if waits && !is_first {
                self.runtime.spawn(driver.dial_behind(first_is_known.clone()));
            } else {
                self.runtime.spawn(driver.dial());
            }
        }
        let above = Above::new(ports, relief);
        let above = match plan.load.is_some() || plan.redial.is_some() {
            true => above.may_dial(plans, words),
            false => above,
        };
        (above, receiver)
    }

    /// What drives a link, and where that is reached.
    fn link_driver(
        self: &Arc<Self>,
        core: &mut Core,
        handle: Handle,
        link: LinkToBegin,
        first: Option<watch::Sender<()>>,
    ) -> (Driver, Port) {
        let (orders, order_receiver) = mpsc::unbounded_channel();
        let traffic = Arc::<SharedTraffic>::default();
        core.running.insert(handle, Running { orders: orders.clone(), traffic: traffic.clone() });
        let port = Port { orders, flow: Flow::new(link.relief) };
        let told = ToldLink { inner: self.clone(), handle };
        let driver = Driver::new(
            self.host.clone(),
            handle.number(),
            Connection::new(link.plan, self.host.seed()),
            Party::Dialed(Box::new(told)),
            order_receiver,
            traffic,
            None,
        );
        let member = Member::dialed(link.lane, link.words, port.clone(), first);
        (driver.member(member), port)
    }

    /// Begins a link of a connection that goes on.
    pub(super) fn begin_link(
        self: &Arc<Self>,
        core: &mut Core,
        whole: Handle,
        link: LinkToBegin,
    ) -> Option<Port> {
        core.extend_lease();
        let handle = core.manager.begin_link(whole, link.lane.0.into())?;
        let (driver, port) = self.link_driver(core, handle, link, None);
        self.runtime.spawn(driver.dial());
        Some(port)
    }
}

impl Engine {
    /// Where a call that is proven is to report: to those it belongs to, or to a new bundle.
    pub(crate) fn gather(
        &self,
        call: u64,
        answering: &Arc<dyn Answering>,
        joining: &Joining,
        connection: &Connection,
    ) -> Gathering {
        let inner = &self.0;
        let peer = joining.multilink.and_then(|facts| facts.peer);
        let key = joining.peer_name.clone().map(|name| BundleKey {
            server: Arc::as_ptr(answering).cast::<()>() as usize,
            name,
            machine: peer,
        });
        let mut bundles = inner.bundles.lock().unwrap_or_else(PoisonError::into_inner);
        bundles.retain(|_, gathering| !gathering.words.is_closed());
        if let Some(gathering) = key.as_ref().and_then(|key| bundles.get(key)) {
            answering.bundled(call, gathering.bundle, false);
            gathering.calls.fetch_add(1, Ordering::Relaxed);
            return gathering.clone();
        }
        let bundle = inner.calls.fetch_add(1, Ordering::Relaxed);
        answering.bundled(call, bundle, true);
        let (words, receiver) = mpsc::unbounded_channel();
        let (gone, is_gone) = watch::channel(());
        let calls = Arc::new(AtomicUsize::new(1));
        let gathering = Gathering { bundle, words, calls, gone: is_gone };
        if let Some(key) = key {
            bundles.insert(key, gathering.clone());
        }
        let (orders, order_receiver) = mpsc::unbounded_channel();
        let driver = Driver::new(
            inner.host.clone(),
            u64::MAX - bundle,
            Connection::new(connection.above_calls(), inner.host.seed()),
            Party::Gathered(bundle, answering.clone()),
            order_receiver,
            Arc::default(),
            None,
        )
        .above(Above::new(BTreeMap::new(), Arc::default()), receiver);
        inner.runtime.spawn(async move {
            driver.gather().await;
            drop((orders, gone));
        });
        gathering
    }
}
