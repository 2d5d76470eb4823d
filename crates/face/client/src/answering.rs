//! A talk with an answering server.

use std::path::{Path, PathBuf};

use onhook_model::{CallReport, RasCode, RasError};
use onhook_rpc::methods::{Disconnect, Ended, Nothing, Sessions};
use onhook_rpc::{ANSWER, Framed, Limits, Outgoing};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::start::default_sockets;
use crate::wire::{Service, believe, garbled, gone, understand};

/// Where an answering server of this user listens for orders, when it is not told another place: beside
/// the manager's socket.
pub fn answering_socket() -> PathBuf {
    let sockets = default_sockets();
    let beside = sockets.first().map_or_else(|| PathBuf::from("/run/onhook/x"), PathBuf::clone);
    beside.with_file_name("answer.sock")
}

/// Which calls are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Calls {
    /// The one of this number.
    Number(u64),
    /// All of this user.
    User(String),
}

/// A talk with an answering server: one call at a time, in order.
#[derive(Debug)]
pub struct AnsweringServer {
    framed: Framed,
}

impl AnsweringServer {
    /// Talks to the server at `socket`, or at [`answering_socket`].
    ///
    /// # Errors
    /// 1062 when no server answers; 5 when the socket is somebody else's.
    pub async fn connect(socket: Option<&Path>) -> Result<Self, RasError> {
        let path = socket.map_or_else(answering_socket, Path::to_owned);
        let stream = UnixStream::connect(&path).await.map_err(|error| {
            let text = format!("no answering server listens at {}: {error}", path.display());
            RasError::new(RasCode::SERVICE_NOT_ACTIVE, text)
        })?;
        let framed = Framed::new(stream, Limits::default());
        believe(framed.peer_credentials().map_err(gone)?.uid)?;
        Ok(Self { framed })
    }

    /// Every call that it has.
    ///
    /// # Errors
    /// When it does not answer, or we may not ask.
    pub async fn sessions(&mut self) -> Result<Vec<CallReport>, RasError> {
        let reply: Sessions = self.call("Sessions", Nothing {}).await?;
        Ok(reply.sessions)
    }

    /// Ends calls, and returns when nothing is left of them: their numbers.
    ///
    /// # Errors
    /// 668 when there is none; when the server does not answer, or we may not ask.
    pub async fn disconnect(&mut self, calls: &Calls) -> Result<Vec<u64>, RasError> {
        let parameters = match calls {
            Calls::Number(call) => Disconnect { call: Some(*call), user: None },
            Calls::User(user) => Disconnect { call: None, user: Some(user.clone()) },
        };
        let reply: Ended = self.call("Disconnect", parameters).await?;
        Ok(reply.calls)
    }

    async fn call<T: DeserializeOwned>(
        &mut self,
        method: &str,
        parameters: impl Serialize,
    ) -> Result<T, RasError> {
        let call = Outgoing::new(ANSWER, method, parameters);
        let bytes = onhook_rpc::encode(&call).map_err(garbled)?;
        self.framed.send(&bytes, &[]).await.map_err(gone)?;
        let frame = self.framed.receive().await.map_err(gone)?;
        let frame = frame.ok_or_else(|| gone("the answering server has ended"))?;
        understand(Service::AnsweringServer, &frame.bytes)
    }
}
