//! Clients are served on a thread of their own, which gives way to those that drive connections: however
//! many programs ask however often, a dial goes on as if they were not there.

use std::os::unix::net::UnixListener;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::{oneshot, watch};

use crate::server::{Setting, serve};
use crate::service::Service;

/// By how much the thread gives way: a niceness.
const GIVES_WAY: i32 = 5;

/// Serves clients until `stop` says so; see [`serve`]. What is given back resolves when the last of them
/// has gone.
///
/// # Errors
/// When there can be no such thread.
pub fn serve_apart<S: Service>(
    listener: UnixListener,
    service: Arc<S>,
    setting: Setting,
    stop: watch::Receiver<bool>,
    clients: watch::Sender<usize>,
) -> anyhow::Result<oneshot::Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::UnixListener::from_std(listener)?
    };
    let (done, is_done) = oneshot::channel();
    let serving = move || {
        if let Err(error) = onhook_host::give_way(GIVES_WAY) {
            tracing::debug!(target: "daemon", %error, "clients are served at the priority of connections");
        }
        runtime.block_on(serve(listener, service, setting, stop, clients));
        // Nobody may be waiting.
        done.send(()).ok();
    };
    std::thread::Builder::new()
        .name("clients".to_owned())
        .spawn(serving)
        .context("no thread for clients")?;
    Ok(is_done)
}
