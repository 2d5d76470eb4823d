//! Where calls come in: one front for each kind of link.
//!
//! A front listens until it is told to stop, brings what comes to the [desk](crate::desk::Desk), and ends
//! when nothing is left of its calls.

mod l2tp;
mod line;
mod modem;
mod pppoe;
mod sstp;

use std::time::Duration;

use onhook_effect::HostError;
use tokio::sync::watch;

pub(crate) use l2tp::L2tpFront;
pub(crate) use line::LineFront;
pub(crate) use modem::ModemFront;
pub(crate) use pppoe::PppoeFront;
pub(crate) use sstp::SstpFront;

/// After a failure that the next attempt would meet as well: out of descriptors, for instance.
const BREATH: Duration = Duration::from_millis(50);

fn cannot_listen(place: &dyn std::fmt::Display, error: &std::io::Error) -> HostError {
    let mut error = HostError::from_io("listen for calls", error);
    error.text = format!("{place}: {}", error.text);
    error
}

/// Resolves when the server takes no more calls, or is gone.
async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|stop| *stop).await);
}
