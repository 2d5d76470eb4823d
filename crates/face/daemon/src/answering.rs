//! The control socket of an answering server: who calls, and ending calls.
//!
//! Root and the server's own user may ask, as the kernel tells who they are. A client is bounded as the
//! manager's are: in number, in what it may send, and in how long it may leave a reply unread.

use std::sync::Arc;
use std::time::Duration;

use onhook_answer::Switchboard;
use onhook_model::{CallReport, RasCode, RasError};
use onhook_rpc::methods::{Disconnect, Ended, Failed, Sessions};
use onhook_rpc::{ANSWER, Call, Framed, Limits, reply, reply_error};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::introspection::introspect_answering;
use crate::server::{invalid_parameter, method_not_found};
use crate::socket::Bound;

/// Clients at once; a further one is let go.
const MOST_CLIENTS: usize = 32;
/// Octets of a message that a client may send.
const LONGEST: usize = 64 << 10;
/// How long a client may leave a reply unread.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves until `stop` says so.
///
/// # Errors
/// When the socket cannot be used.
pub async fn serve_answering(
    bound: Bound,
    switchboard: Switchboard,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let listener = UnixListener::from_std(bound.listener.try_clone()?)?;
    let slots = Arc::new(Semaphore::new(MOST_CLIENTS));
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = clients.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match (accepted, slots.clone().try_acquire_owned()) {
            (Ok((stream, _)), Ok(slot)) => {
                let client = serve_client(stream, switchboard.clone());
                clients.spawn(async move {
                    client.await;
                    drop(slot);
                });
            }
            (Ok(_), Err(_)) => tracing::warn!(target: "daemon", "too many clients"),
            (Err(error), _) => {
                tracing::warn!(target: "daemon", %error, "a client could not be accepted");
                // Out of descriptors, for instance: let others end first.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    clients.shutdown().await;
    Ok(())
}

/// Who may see and end calls.
fn may_ask(uid: u32) -> bool {
    uid == 0 || uid == nix::unistd::geteuid().as_raw()
}

async fn serve_client(stream: UnixStream, switchboard: Switchboard) {
    let limits = Limits { receive: LONGEST, fds: 0 };
    let mut framed = Framed::new(stream, limits);
    let Ok(peer) = framed.peer_credentials() else { return };
    while let Ok(Some(frame)) = framed.receive().await {
        let Ok(call) = Call::parse(&frame.bytes) else {
            framed.send_now(&invalid_parameter("message"));
            return;
        };
        let answered = tokio::select! {
            biased;
            answer = answer(&call, peer.uid, &switchboard) => answer,
            () = framed.closed() => return,
        };
        if call.oneway {
            continue;
        }
        if !matches!(tokio::time::timeout(PATIENCE, framed.send(&answered, &[])).await, Ok(Ok(())))
        {
            return;
        }
    }
}

async fn answer(call: &Call, uid: u32, switchboard: &Switchboard) -> Vec<u8> {
    match call.method.rsplit_once('.') {
        Some((ANSWER, _)) if !may_ask(uid) => {
            tracing::warn!(target: "daemon", uid, "a user who may not ask is refused");
            reply_error("org.varlink.service.PermissionDenied", &json!({}))
        }
        Some((ANSWER, "Sessions")) => reply(&Sessions { sessions: switchboard.sessions() }),
        Some((ANSWER, "Disconnect")) => disconnect(&call.parameters, switchboard).await,
        Some((ANSWER, method)) => method_not_found(method),
        Some(("org.varlink.service", method)) => introspect_answering(method, &call.parameters),
        Some((interface, _)) => {
            reply_error("org.varlink.service.InterfaceNotFound", &json!({ "interface": interface }))
        }
        None => method_not_found(&call.method),
    }
}

async fn disconnect(parameters: &Value, switchboard: &Switchboard) -> Vec<u8> {
    let Ok(which) = Disconnect::deserialize(parameters) else {
        return invalid_parameter("parameters");
    };
    let sessions = switchboard.sessions();
    let is_meant = |session: &&CallReport| match (&which.call, &which.user) {
        (Some(call), None) => session.call == *call,
        (None, Some(user)) => session.user.as_ref() == Some(user),
        _ => false,
    };
    if which.call.is_some() == which.user.is_some() {
        return invalid_parameter("call");
    }
    let calls: Vec<u64> = sessions.iter().filter(is_meant).map(|session| session.call).collect();
    if calls.is_empty() {
        let error = RasError::new(RasCode::NO_CONNECTION, "there is no such call");
        return failed(&error);
    }
    switchboard.end(&calls).await;
    reply(&Ended { calls })
}

fn failed(error: &RasError) -> Vec<u8> {
    reply_error("org.onhook.Answer.Failed", &Failed::from(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_and_our_own_user_may_ask_and_nobody_else() {
        let own = nix::unistd::geteuid().as_raw();
        assert!(may_ask(0) && may_ask(own));
        assert!(!may_ask(own.wrapping_add(1)) && !may_ask(u32::MAX));
    }
}
