//! SSTP: TLS over TCP.

use std::net::SocketAddr;

use onhook_connection::LinkPlan;
use onhook_effect::HostError;
use onhook_host::TlsLane;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{cannot_listen, take_calls};
use crate::Identity;
use crate::desk::{Call, Desk};

/// One address at which SSTP is answered.
pub(crate) struct SstpFront {
    listener: TcpListener,
    address: SocketAddr,
    identity: Identity,
}

impl SstpFront {
    pub(crate) async fn open(address: SocketAddr, identity: Identity) -> Result<Self, HostError> {
        let failed = |error| cannot_listen(&address, &error);
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, identity })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn listen(self, desk: Desk, stopped: watch::Receiver<bool>) {
        let identity = self.identity;
        let take = |desk, stream, call| take(desk, identity.clone(), stream, call);
        take_calls(self.listener, desk, stopped, take).await;
    }
}

async fn take(desk: Desk, identity: Identity, stream: TcpStream, mut call: Call) {
    let accept = TlsLane::accept(stream, identity.tls.clone(), identity.facts());
    let lane = tokio::select! {
        _ = &mut call.stop => None,
        lane = accept => lane
            .inspect_err(|error| {
                tracing::debug!(target: "answer", call = call.number, %error, "no call came of it");
            })
            .ok(),
    };
    match lane {
        Some(lane) => desk.answer(call, lane, LinkPlan::SstpAnswer).await,
        None => desk.give_up(&call),
    }
}
