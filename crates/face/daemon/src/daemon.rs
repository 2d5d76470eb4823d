//! The life of the process.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::UnixListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::apart::serve_apart;
use crate::keepers::Keepers;
use crate::server::{Setting, serve};
use crate::service::Service;
use crate::socket::{Bound, Reach, default_socket};
use crate::succession::{self, Handing, Keeping};

/// How the process runs.
#[derive(Debug, Default)]
pub struct DaemonConfig {
    /// Where to listen; without it at [`default_socket`], or where systemd says.
    pub socket: Option<PathBuf>,
    /// Where folders of earlier managers stand whose connections go on.
    pub state_dir: PathBuf,
    /// End when there was neither a connection nor a client for this long.
    pub exit_when_idle: Option<Duration>,
    /// `ready` and a line end are written here once clients are served; then it is closed.
    pub ready_fd: Option<OwnedFd>,
}

/// Nothing of our memory, which may hold passwords, shall get out: no core dump, no other process of
/// the user that looks into it; files of ours are for us alone.
pub fn harden() {
    use nix::sys::{prctl, resource, stat};
    let done =
        [prctl::set_dumpable(false), resource::setrlimit(resource::Resource::RLIMIT_CORE, 0, 0)];
    for error in done.into_iter().filter_map(Result::err) {
        tracing::warn!(target: "daemon", %error, "core dumps could not be switched off");
    }
    stat::umask(stat::Mode::from_bits_truncate(0o077));
    // Clients and connections have descriptors each; a shell's usual bound is for programs that select.
    if let Ok((_, most)) = resource::getrlimit(resource::Resource::RLIMIT_NOFILE)
        && let Err(error) = resource::setrlimit(resource::Resource::RLIMIT_NOFILE, most, most)
    {
        tracing::warn!(target: "daemon", %error, "the number of open files could not be raised");
    }
}

/// Logs to standard error, as `ONHOOK_LOG` says (`info` unless it does; `debug` tells why a dial
/// fails, option by option).
pub fn init_logging(as_json: bool) {
    let filter = EnvFilter::try_from_env("ONHOOK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // The journal has its own clock and no colours.
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let result = match (as_json, journal) {
        (true, _) => logs.json().try_init(),
        (false, true) => logs.without_time().with_ansi(false).try_init(),
        (false, false) => {
            logs.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init()
        }
    };
    // A second call changes nothing.
    drop(result);
}

/// Serves until SIGTERM, SIGINT, or idleness; then hangs everything up.
///
/// # Errors
/// When the socket cannot be had or the service cannot be made.
pub async fn run<S: Service>(
    config: DaemonConfig,
    make: impl AsyncFnOnce(u32) -> anyhow::Result<Arc<S>>,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let (legacy, mut bound) = match succession::take_over().await? {
        Some((legacy, bound)) => (Some(legacy), bound),
        None => (None, listen(config.socket)?),
    };
    onhook_host::crash_point("the socket is there");
    let generation = legacy.as_ref().map_or(0, |legacy| legacy.generation);
    let service = make(generation).await?;
    let listener = bound.listener.try_clone()?;
    let (stop, stopped) = watch::channel(false);
    let (aside, is_aside) = watch::channel(false);
    let (clients, mut counted) = watch::channel(0);
    let keepers = Arc::new(Keepers::default());
    let (keepers_stop, keepers_stopped) = watch::channel(false);
    let minding = match legacy {
        Some(legacy) => Some(legacy.enter(&service, &keepers, keepers_stopped).await?),
        None => None,
    };
    let setting = Setting {
        keepers: keepers.clone(),
        first_session: (u64::from(generation) << 40) + 1,
        aside: is_aside,
        ..Setting::default()
    };
    let serving = serve_apart(listener, service.clone(), setting, stopped, clients)?;
    tell_ready(config.ready_fd)?;
    tracing::info!(target: "daemon", generation, "ready");
    let watchdog = tokio::spawn(feed_watchdog());
    let office = Office {
        state_dir: &config.state_dir,
        generation,
        service: &service,
        keepers: &keepers,
        aside: &aside,
    };
    loop {
        let Signals { terminate, interrupt, hang_up } = &mut signals;
        tokio::select! {
            _ = terminate.recv() => tracing::info!(target: "daemon", "told to stop"),
            _ = interrupt.recv() => tracing::info!(target: "daemon", "interrupted"),
            () = idle(config.exit_when_idle, &*service, &keepers, &mut counted) => {
                tracing::info!(target: "daemon", "nobody needs us");
            }
            _ = hang_up.recv() => match office.hand_over(&bound).await {
                Ok((keeping, server)) => {
                    bound.give_away();
                    office.keep(keeping, server, &mut signals).await;
                }
                Err(error) => {
                    tracing::error!(target: "daemon", "not handed over: {error:#}");
                    continue;
                }
            },
        }
        break;
    }
    drop(sd_notify::notify(&[sd_notify::NotifyState::Stopping]));
    keepers_stop.send_replace(true);
    tokio::join!(service.stop(), async {
        if let Some(minding) = minding {
            // It has failed only if it has panicked; then there is nobody to wait for.
            drop(minding.await);
        }
    });
    onhook_host::crash_point("everything is hung up");
    stop.send_replace(true);
    serving.await.context("the server's thread failed")?;
    watchdog.abort();
    drop(bound);
    onhook_host::crash_point("the socket is gone");
    Ok(())
}

/// What a manager that hands over needs of itself.
struct Office<'a, S> {
    state_dir: &'a Path,
    generation: u32,
    service: &'a Arc<S>,
    keepers: &'a Arc<Keepers>,
    aside: &'a watch::Sender<bool>,
}

/// The server at which a keeper is asked; it ends with the value.
struct PrivateServer {
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
}

impl PrivateServer {
    fn start<S: Service>(office: &Office<'_, S>, folder: &Path) -> anyhow::Result<Self> {
        let socket = folder.join("sock");
        // Of an earlier try.
        drop(std::fs::remove_file(&socket));
        let listener = UnixListener::bind(&socket)?;
        let (stop, stopped) = watch::channel(false);
        let setting = Setting {
            keepers: office.keepers.clone(),
            is_keeper: true,
            first_session: 1 << 63,
            ..Setting::default()
        };
        let clients = watch::channel(0).0;
        let service = office.service.clone();
        let serving = tokio::spawn(serve(listener, service, setting, stopped, clients));
        Ok(Self { stop, serving })
    }

    async fn end(self) {
        self.stop.send_replace(true);
        // It has failed only if it has panicked, and is over then as well.
        drop(self.serving.await);
    }
}

impl<S: Service> Office<'_, S> {
    /// Starts the program anew and gives it what only one manager can have. When that fails everything
    /// goes on as before.
    async fn hand_over(&self, bound: &Bound) -> anyhow::Result<(Keeping, PrivateServer)> {
        tracing::info!(target: "daemon", "handing over to the program as it is on disk now");
        let handing = Handing::begin(self.state_dir).await?;
        self.aside.send_replace(true);
        let result = self.give(handing, bound).await;
        if result.is_err() {
            self.service.step_back();
            self.aside.send_replace(false);
        }
        result
    }

    async fn give(
        &self,
        handing: Handing,
        bound: &Bound,
    ) -> anyhow::Result<(Keeping, PrivateServer)> {
        let state = self.service.step_aside(handing.folder()).await?;
        // Whoever takes over asks us at once what we have.
        let server = PrivateServer::start(self, handing.folder())?;
        match handing.give(bound, self.generation, state).await {
            Ok(keeping) => Ok((keeping, server)),
            Err(error) => {
                server.end().await;
                Err(error)
            }
        }
    }

    /// The next manager is ready: what we have goes on until it ends.
    async fn keep(&self, keeping: Keeping, server: PrivateServer, signals: &mut Signals) {
        let successor = keeping.successor;
        drop(sd_notify::notify(&[sd_notify::NotifyState::MainPid(successor)]));
        tracing::info!(target: "daemon", successor, "handed over; connections go on here until they end");
        let stop = async {
            let why = signals.stop().await;
            tracing::info!(target: "daemon", "{why}");
        };
        keeping.keep(self.service.clone(), self.keepers.clone(), stop).await;
        server.end().await;
    }
}

/// The signals that a manager heeds.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Resolves when we are told to stop; says by what.
    async fn stop(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "told to stop",
            _ = self.interrupt.recv() => "interrupted",
        }
    }
}

fn listen(socket: Option<PathBuf>) -> anyhow::Result<Bound> {
    if socket.is_none()
        && let Some(listener) = listenfd::ListenFd::from_env().take_unix_listener(0)?
    {
        listener.set_nonblocking(true)?;
        return Ok(Bound::from_systemd(listener));
    }
    Bound::bind(&socket.unwrap_or_else(default_socket), Reach::Everybody)
}

fn tell_ready(ready: Option<OwnedFd>) -> anyhow::Result<()> {
    use std::io::Write as _;
    // Outside systemd there is nobody to tell.
    drop(sd_notify::notify(&[sd_notify::NotifyState::Ready]));
    if let Some(fd) = ready {
        std::fs::File::from(fd).write_all(b"ready\n")?;
    }
    Ok(())
}

async fn feed_watchdog() {
    let Some(every) = sd_notify::watchdog_enabled() else { return };
    let mut tick = tokio::time::interval(every / 2);
    loop {
        tick.tick().await;
        drop(sd_notify::notify(&[sd_notify::NotifyState::Watchdog]));
    }
}

/// Resolves when there was neither a connection nor a client for `patience`; never without one.
async fn idle<S: Service>(
    patience: Option<Duration>,
    service: &S,
    keepers: &Keepers,
    clients: &mut watch::Receiver<usize>,
) {
    let Some(patience) = patience else { return std::future::pending().await };
    loop {
        let busy = async { clients.wait_for(|n| *n > 0).await.map(drop).is_ok() };
        match tokio::time::timeout(patience, busy).await {
            Err(_) if service.is_idle() && keepers.is_empty() => return,
            Err(_) => {}
            // Somebody is there: wait until all have gone, then count anew.
            Ok(true) => {
                if clients.wait_for(|n| *n == 0).await.is_err() {
                    return std::future::pending().await;
                }
            }
            Ok(false) => return std::future::pending().await,
        }
    }
}
