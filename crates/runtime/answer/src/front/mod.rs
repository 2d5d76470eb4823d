//! Where calls come in: one front for each kind of link.
//!
//! A front listens until it is told to stop, brings what comes to the [desk](crate::desk::Desk), and ends
//! when nothing is left of its calls.

mod l2tp;
mod line;
mod modem;
mod pppoe;
mod pptp;
mod sstp;

use std::time::Duration;

use onhook_connection::LinkPlan;
use onhook_effect::HostError;
use onhook_host::LaneIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::calls::Origin;
use crate::desk::{Call, Desk};

pub(crate) use l2tp::L2tpFront;
pub(crate) use line::LineFront;
pub(crate) use modem::ModemFront;
pub(crate) use pppoe::PppoeFront;
pub(crate) use pptp::{Numbers, PptpFront};
pub(crate) use sstp::SstpFront;

/// After a failure that the next attempt would meet as well: out of descriptors, for instance.
pub(crate) const BREATH: Duration = Duration::from_millis(50);

pub(crate) fn cannot_listen(place: &dyn std::fmt::Display, error: &std::io::Error) -> HostError {
    let mut error = HostError::from_io("listen for calls", error);
    error.text = format!("{place}: {}", error.text);
    error
}

/// Resolves when the server takes no more calls, or is gone.
async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|stop| *stop).await);
}

/// Takes the one call that a line can carry, until nothing is left of it; whether the line is to be watched
/// again.
async fn answer_line(
    desk: &Desk,
    path: &str,
    lane: LaneIo,
    stopped: &mut watch::Receiver<bool>,
) -> bool {
    let Some(call) = desk.begin(Origin::Line(path.to_owned())) else { return true };
    drive(desk, call, lane, LinkPlan::LineAnswer, stopped).await
}

/// Drives a call until nothing is left of it; whether further ones may come.
async fn drive(
    desk: &Desk,
    call: Call,
    lane: LaneIo,
    link: LinkPlan,
    stopped: &mut watch::Receiver<bool>,
) -> bool {
    let answered = desk.answer(call, lane, link);
    tokio::pin!(answered);
    tokio::select! {
        () = &mut answered => true,
        () = told_to_stop(stopped) => {
            desk.stop_all();
            answered.await;
            false
        }
    }
}

/// Where calls come in, each by a stream of its own.
trait Listener {
    type Stream;

    fn accept(&self) -> impl Future<Output = Result<(Self::Stream, Origin), HostError>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> Result<(TcpStream, Origin), HostError> {
        let (stream, from) = Self::accept(self).await.map_err(not_taken)?;
        Ok((stream, from.into()))
    }
}

fn not_taken(error: std::io::Error) -> HostError {
    HostError::from_io("take the call", &error)
}

/// Takes calls until it is told to stop and nothing is left of them.
async fn take_calls<L: Listener, F>(
    listener: L,
    desk: Desk,
    mut stopped: watch::Receiver<bool>,
    mut take: impl FnMut(Desk, L::Stream, Call) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut calls = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = told_to_stop(&mut stopped) => break,
            accepted = listener.accept() => accepted,
        };
        while calls.try_join_next().is_some() {}
        match accepted {
            Ok((stream, from)) => {
                if let Some(call) = desk.begin(from) {
                    calls.spawn(take(desk.clone(), stream, call));
                }
            }
            Err(error) => {
                tracing::warn!(target: "answer", %error, "a call could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    desk.stop_all();
    while calls.join_next().await.is_some() {}
}
