//! Where the packets of one connection go on this machine.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use onhook_base::Instant;
use onhook_effect::{HostError, HostErrorKind, Outcome, StackSpec};
use onhook_host::TunDevice;
use onhook_userstack::{
    ProxyTerms, Stack, StackTerms, serve_forward, serve_http_connect, serve_inside, serve_socks5,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Packets taken from the stack in one go.
const STACK_BUDGET: usize = 256;
/// Octets taken from an interface in one go.
const TUN_BUDGET: usize = 256 * 1024;

/// A user-space stack, the tasks that serve before it, and the word that stops them.
pub(crate) struct OpenStack {
    stack: Stack,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    poll_at: Option<Instant>,
}

impl OpenStack {
    /// Makes the stack and its listeners; nothing is left when one of them fails.
    pub(crate) async fn open(
        spec: &StackSpec,
        seed: u64,
        inside: bool,
    ) -> Result<(Self, Outcome), HostError> {
        let terms = StackTerms {
            addresses: spec.addresses.clone(),
            mtu: spec.mtu,
            dns: spec.dns.clone(),
            seed,
            ..StackTerms::default()
        };
        let stack = Stack::new(terms);
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut socks5 = None;
        if let Some(at) = spec.socks5 {
            let (listener, bound) = listen(at).await?;
            socks5 = Some(bound);
            let terms = ProxyTerms::default();
            tasks.spawn(serve_socks5(stack.clone(), listener, terms, stopped.clone()));
        }
        let mut http_connect = None;
        if let Some(at) = spec.http_connect {
            let (listener, bound) = listen(at).await?;
            http_connect = Some(bound);
            let terms = ProxyTerms::default();
            tasks.spawn(serve_http_connect(stack.clone(), listener, terms, stopped.clone()));
        }
        let mut forwards = Vec::new();
        for forward in &spec.forwards {
            let (listener, bound) = listen(forward.local).await?;
            forwards.push(bound);
            tasks.spawn(serve_forward(
                stack.clone(),
                listener,
                forward.host.clone(),
                forward.port,
                stopped.clone(),
            ));
        }
        if inside {
            tasks.spawn(serve_inside(stack.clone(), 80, 7, stopped));
        }
        let outcome = Outcome::StackOpened { socks5, http_connect, forwards };
        Ok((Self { stack, stop, tasks, poll_at: None }, outcome))
    }

    /// Ends every stream, listener and task; returns when the last task is gone.
    pub(crate) async fn close(mut self) {
        self.stop.send_replace(true);
        self.stack.shut_down();
        self.tasks.shutdown().await;
    }
}

async fn listen(at: SocketAddr) -> Result<(TcpListener, SocketAddr), HostError> {
    let failed = |error| {
        let mut error = HostError::from_io("listen for local programs", &error);
        error.text = format!("{at}: {}", error.text);
        if error.kind == HostErrorKind::Unreachable {
            error.kind = HostErrorKind::NotFound;
        }
        error
    };
    let listener = TcpListener::bind(at).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Where packets go.
#[derive(Default)]
pub(crate) struct Outlet {
    pub(crate) tun: Option<TunDevice>,
    pub(crate) stack: Option<OpenStack>,
    /// A program's own network namespace (`onhook exec`), beside the stack.
    pub(crate) attached: Option<(TunDevice, RangeInclusive<u16>)>,
}

impl Outlet {
    /// A packet from the other side. What a full queue cannot take is dropped, as on any network.
    pub(crate) fn deliver(&mut self, packet: &[u8]) {
        if let Some(tun) = &mut self.tun {
            drop_on_error(tun.deliver(packet));
        } else if let Some((tun, _)) = &mut self.attached
            && self.stack.as_ref().is_none_or(|open| !open.stack.owns(packet))
        {
            drop_on_error(tun.deliver(packet));
        } else if let Some(open) = &self.stack {
            open.stack.deliver(packet);
        }
    }

    /// Writes out what was gathered, and lets the stack answer; its packets go to `send`.
    pub(crate) fn settle(&mut self, now: Instant, send: &mut dyn FnMut(&[u8])) {
        if let Some(tun) = &mut self.tun {
            drop_on_error(tun.flush());
        }
        if let Some((tun, _)) = &mut self.attached {
            drop_on_error(tun.flush());
        }
        if let Some(open) = &mut self.stack {
            open.poll_at = open.stack.poll(now, STACK_BUDGET, send);
        }
    }

    /// Takes packets of ours from the interfaces.
    pub(crate) fn receive(&mut self, send: &mut dyn FnMut(&[u8])) -> std::io::Result<()> {
        if let Some(tun) = &mut self.tun {
            tun.receive(TUN_BUDGET, send)?;
        }
        if let Some((tun, _)) = &mut self.attached {
            tun.receive(TUN_BUDGET, send)?;
        }
        Ok(())
    }

    /// When the stack wants to be polled although nothing happens.
    pub(crate) fn poll_at(&self) -> Option<Instant> {
        self.stack.as_ref().and_then(|open| open.poll_at)
    }

    /// Resolves when there are packets of ours to take, or the stack wants to be polled.
    pub(crate) async fn ready(&self) {
        let tun = async {
            match &self.tun {
                Some(tun) => drop(tun.readable().await),
                None => std::future::pending().await,
            }
        };
        let attached = async {
            match &self.attached {
                Some((tun, _)) => drop(tun.readable().await),
                None => std::future::pending().await,
            }
        };
        let stack = async {
            match &self.stack {
                Some(open) => open.stack.wants_poll().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = tun => {}
            () = attached => {}
            () = stack => {}
        }
    }
}

/// A packet that an interface does not take is lost, as on any network; the interface's own end is
/// noticed when it is read.
fn drop_on_error(result: std::io::Result<()>) {
    if let Err(error) = result {
        tracing::trace!(target: "outlet", %error, "packet dropped");
    }
}
