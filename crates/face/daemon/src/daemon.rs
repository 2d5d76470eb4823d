//! The life of the process.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::server::{ServerLimits, serve};
use crate::service::Service;
use crate::socket::{Bound, default_socket};

/// How the process runs.
#[derive(Debug, Default)]
pub struct DaemonConfig {
    /// Where to listen; without it at [`default_socket`], or where systemd says.
    pub socket: Option<PathBuf>,
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
    make: impl AsyncFnOnce() -> anyhow::Result<Arc<S>>,
) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let _hangup = signal(SignalKind::hangup())?;
    let bound = listen(config.socket)?;
    onhook_host::crash_point("the socket is there");
    let service = make().await?;
    let listener = UnixListener::from_std(bound.listener.try_clone()?)?;
    let (stop, stopped) = watch::channel(false);
    let (clients, mut counted) = watch::channel(0);
    let limits = ServerLimits::default();
    let serving = tokio::spawn(serve(listener, service.clone(), limits, stopped, clients));
    tell_ready(config.ready_fd)?;
    tracing::info!(target: "daemon", "ready");
    let watchdog = tokio::spawn(feed_watchdog());
    tokio::select! {
        _ = terminate.recv() => tracing::info!(target: "daemon", "told to stop"),
        _ = interrupt.recv() => tracing::info!(target: "daemon", "interrupted"),
        () = idle(config.exit_when_idle, &*service, &mut counted) => {
            tracing::info!(target: "daemon", "nobody needs us");
        }
    }
    drop(sd_notify::notify(&[sd_notify::NotifyState::Stopping]));
    service.stop().await;
    onhook_host::crash_point("everything is hung up");
    stop.send_replace(true);
    serving.await.context("the server's task failed")?;
    watchdog.abort();
    drop(bound);
    onhook_host::crash_point("the socket is gone");
    Ok(())
}

fn listen(socket: Option<PathBuf>) -> anyhow::Result<Bound> {
    if socket.is_none()
        && let Some(listener) = listenfd::ListenFd::from_env().take_unix_listener(0)?
    {
        listener.set_nonblocking(true)?;
        return Ok(Bound::from_systemd(listener));
    }
    Bound::bind(&socket.unwrap_or_else(default_socket))
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
    clients: &mut watch::Receiver<usize>,
) {
    let Some(patience) = patience else { return std::future::pending().await };
    loop {
        let busy = async { clients.wait_for(|n| *n > 0).await.map(drop).is_ok() };
        match tokio::time::timeout(patience, busy).await {
            Err(_) if service.is_idle() => return,
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
