//! A talk with the manager.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use onhook_model::{
    ConnectionEvent, ConnectionReport, Credentials, DialRequest, Dialed, Handle, HistoryRecord,
    RasCode, RasError, Resumption,
};
use onhook_rpc::{Framed, Limits};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::net::UnixStream;

use crate::start;

/// A talk with the manager: one call at a time, in order.
///
/// What a talk has dialed has lost its dialer when the talk ends: a failed dial is then deleted after a
/// grace time, and a connection stays.
#[derive(Debug)]
pub struct Ras {
    socket: PathBuf,
    framed: Framed,
}

/// An interface that a program of ours gives to a connection.
#[derive(Debug)]
pub struct TunToAttach<'a> {
    /// The interface's descriptor.
    pub descriptor: BorrowedFd<'a>,
    /// Its name.
    pub name: &'a str,
    /// Its MTU in octets.
    pub mtu: u16,
    /// Each packet carries the kernel's offload header.
    pub offload_header: bool,
    /// The first and the last local port that the program's connections use.
    pub ports: (u16, u16),
}

impl Ras {
    /// Talks to the manager at `socket`; without one, at `ONHOOK_SOCKET`, or else at the user's own
    /// manager, or else at the system's.
    ///
    /// # Errors
    /// 1062 when no manager answers.
    pub async fn connect(socket: Option<&Path>) -> Result<Self, RasError> {
        let sockets = start::candidates(socket);
        let mut last = None;
        for path in &sockets {
            match UnixStream::connect(path).await {
                Ok(stream) => {
                    let framed = Framed::new(stream, Limits::default());
                    believe(&framed)?;
                    return Ok(Self { socket: path.clone(), framed });
                }
                Err(error) => last = Some((path, error)),
            }
        }
        let text = match last {
            Some((path, error)) => format!("{}: {error}", path.display()),
            None => "there is no place for a socket".to_owned(),
        };
        Err(RasError::new(RasCode::SERVICE_NOT_ACTIVE, text))
    }

    /// The same, and starts a manager for this user when none answers.
    ///
    /// # Errors
    /// 1062 when no manager answers and none could be started.
    pub async fn connect_or_start(socket: Option<&Path>) -> Result<Self, RasError> {
        match Self::connect(socket).await {
            Ok(ras) => Ok(ras),
            Err(_) => {
                let path = start::start_manager(socket).await?;
                Self::connect(Some(&path)).await
            }
        }
    }

    /// Where the manager was found.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Dials (RasDial): the handle is given at once. `capture` is an open file that every PPP frame is
    /// written to.
    ///
    /// # Errors
    /// The RAS number when no connection came to be; then there is nothing to hang up.
    pub async fn dial(
        &mut self,
        request: &DialRequest,
        credentials: &Credentials,
        capture: Option<BorrowedFd<'_>>,
    ) -> Result<Dialed, RasError> {
        let parameters = DialParameters {
            request,
            user: &credentials.user,
            domain: &credentials.domain,
            password: credentials.password.expose(),
            tunnel_secret: credentials
                .tunnel_secret
                .as_ref()
                .map(|secret| secret.expose().as_str()),
            certificate: credentials.certificate.as_ref().map(|c| c.chain.as_str()),
            key: credentials.certificate.as_ref().map(|c| c.key.expose().as_str()),
            capture: capture.map(|_| 0),
        };
        let fds: Vec<_> = capture.into_iter().collect();
        self.call("Dial", parameters, &fds).await
    }

    /// Lets a paused dial go on (RasDial with its handle) and returns at once.
    ///
    /// # Errors
    /// 6 when the handle is no connection, 705 when it is not paused, 87 when what it waits for is not
    /// given.
    pub async fn resume(&mut self, handle: Handle, given: &Resumption) -> Result<(), RasError> {
        let parameters = ResumeParameters {
            handle,
            user: given.user.as_deref(),
            domain: given.domain.as_deref(),
            password: given.password.as_ref().map(|password| password.expose().as_str()),
            callback_number: given.callback_number.as_deref(),
        };
        self.call("Resume", parameters, &[]).await.map(|Nothing {}| ())
    }

    /// Gives one reference back (RasHangUp) and returns at once; see [`wait_gone`](Self::wait_gone).
    ///
    /// # Errors
    /// 6 when the handle never existed, 668 when its last reference was given back before.
    pub async fn hang_up(&mut self, handle: Handle) -> Result<(), RasError> {
        self.call("HangUp", json!({ "handle": handle }), &[]).await.map(|Nothing {}| ())
    }

    /// Resolves when the handle is invalid: at once when it is already.
    ///
    /// # Errors
    /// 5 when it is somebody else's; 1062 when the manager has ended.
    pub async fn wait_gone(&mut self, handle: Handle) -> Result<(), RasError> {
        self.call("WaitGone", json!({ "handle": handle }), &[]).await.map(|Nothing {}| ())
    }

    /// What a status query answers (RasGetConnectStatus).
    ///
    /// # Errors
    /// 6 when the handle is no connection (any more).
    pub async fn status(&mut self, handle: Handle) -> Result<ConnectionReport, RasError> {
        let reply: OneConnection = self.call("Status", json!({ "handle": handle }), &[]).await?;
        Ok(reply.connection)
    }

    /// The handle of one of a connection's links, which are counted from 1 (RasGetSubEntryHandle). It can
    /// be asked about, waited for and hung up like any other, and ends that link alone.
    ///
    /// # Errors
    /// 6 when the handle is no connection (any more), 87 for number 0, 259 for one behind the last, 618
    /// when that link is not connected.
    pub async fn subentry(&mut self, handle: Handle, number: u32) -> Result<Handle, RasError> {
        self.status(handle).await?.subentry_handle(number)
    }

    /// Every connection that we may see (RasEnumConnections).
    ///
    /// # Errors
    /// When the manager does not answer.
    pub async fn list(&mut self) -> Result<Vec<ConnectionReport>, RasError> {
        let reply: Connections = self.call("List", json!({}), &[]).await?;
        Ok(reply.connections)
    }

    /// Why connections ended, oldest first.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub async fn history(&mut self) -> Result<Vec<HistoryRecord>, RasError> {
        let reply: Records = self.call("History", json!({}), &[]).await?;
        Ok(reply.records)
    }

    /// Events from now on, by a talk of their own.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub async fn watch(&self, handle: Option<Handle>) -> Result<Events, RasError> {
        let mut talk = Self::connect(Some(&self.socket)).await?;
        let call = json!({
            "method": "org.onhook.Ras.Watch",
            "parameters": { "handle": handle },
            "more": true,
        });
        talk.send(&call, &[]).await?;
        // The first reply says that the watch has begun: what is dialed from now on is seen whole.
        talk.receive::<Event>().await?;
        Ok(Events { talk })
    }

    /// Gives a program's own interface to a connection, for as long as this talk lasts.
    ///
    /// # Errors
    /// 668 when the connection is not up, 170 when another program is attached to it.
    pub async fn attach_tun(
        &mut self,
        handle: Handle,
        tun: TunToAttach<'_>,
    ) -> Result<(), RasError> {
        let parameters = json!({
            "handle": handle,
            "name": tun.name,
            "mtu": tun.mtu,
            "offload_header": tun.offload_header,
            "first_port": tun.ports.0,
            "last_port": tun.ports.1,
            "fd": 0,
        });
        self.call("AttachTun", parameters, &[tun.descriptor.as_fd()]).await.map(|Nothing {}| ())
    }

    async fn send<T: Serialize>(
        &mut self,
        call: &T,
        fds: &[BorrowedFd<'_>],
    ) -> Result<(), RasError> {
        let bytes = onhook_rpc::encode(call).map_err(garbled)?;
        self.framed.send(&bytes, fds).await.map_err(gone)
    }

    /// Takes a reply and reads its parameters; they are looked at once, whatever they are.
    async fn receive<T: DeserializeOwned>(&mut self) -> Result<T, RasError> {
        let frame = self
            .framed
            .receive()
            .await
            .map_err(gone)?
            .ok_or_else(|| gone("the manager has ended"))?;
        let reply: Reply<'_> = serde_json::from_slice(&frame.bytes).map_err(garbled)?;
        let parameters = reply.parameters.map_or("{}", RawValue::get);
        match reply.error.as_deref() {
            None => serde_json::from_str(parameters).map_err(garbled),
            Some("org.onhook.Ras.Failed") => Err(failed(parameters)),
            Some(other) => {
                let text = format!("the manager answered {other} {parameters}");
                Err(RasError::new(RasCode::NOT_SUPPORTED, text))
            }
        }
    }

    async fn call<P: Serialize, T: DeserializeOwned>(
        &mut self,
        method: &str,
        parameters: P,
        fds: &[BorrowedFd<'_>],
    ) -> Result<T, RasError> {
        let call = Call { method: format!("org.onhook.Ras.{method}"), parameters };
        self.meet_the_manager_of_now().await?;
        self.send(&call, fds).await?;
        self.receive().await
    }

    /// A manager that has handed over to the next one lets go whoever asks for nothing just then.
    async fn meet_the_manager_of_now(&mut self) -> Result<(), RasError> {
        if self.framed.is_closed() {
            let stream = UnixStream::connect(&self.socket).await.map_err(gone)?;
            let framed = Framed::new(stream, Limits::default());
            believe(&framed)?;
            self.framed = framed;
        }
        Ok(())
    }
}

/// The stream of events of a manager.
#[derive(Debug)]
pub struct Events {
    talk: Ras,
}

impl Events {
    /// The next event; `None` when the manager has ended. May be dropped and called again.
    ///
    /// # Errors
    /// When the manager refuses or sends what cannot be read.
    pub async fn next(&mut self) -> Result<Option<ConnectionEvent>, RasError> {
        match self.talk.receive::<Event>().await {
            Ok(reply) => Ok(reply.event),
            Err(error) if error.code == RasCode::SERVICE_NOT_ACTIVE => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A manager is told passwords, so it must be our own user's or root's: somebody else may have made a
/// socket where ours is looked for.
pub(crate) fn believe(framed: &Framed) -> Result<(), RasError> {
    let manager = framed.peer_credentials().map_err(gone)?.uid;
    if manager == 0 || manager == nix::unistd::geteuid().as_raw() {
        return Ok(());
    }
    let text = format!("the manager behind the socket belongs to user {manager}, not to us");
    Err(RasError::new(RasCode::ACCESS_DENIED, text))
}

/// Written straight from what it borrows: no copy of the password is made that would not be wiped.
#[derive(Serialize)]
struct DialParameters<'a> {
    request: &'a DialRequest,
    user: &'a str,
    domain: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tunnel_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    capture: Option<u32>,
}

/// As above.
#[derive(Serialize)]
struct ResumeParameters<'a> {
    handle: Handle,
    user: Option<&'a str>,
    domain: Option<&'a str>,
    password: Option<&'a str>,
    callback_number: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct Call<T> {
    pub(crate) method: String,
    pub(crate) parameters: T,
}

#[derive(Deserialize)]
pub(crate) struct Reply<'a> {
    #[serde(borrow)]
    pub(crate) parameters: Option<&'a RawValue>,
    pub(crate) error: Option<String>,
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct OneConnection {
    connection: ConnectionReport,
}

#[derive(Deserialize)]
struct Connections {
    connections: Vec<ConnectionReport>,
}

#[derive(Deserialize)]
struct Records {
    records: Vec<HistoryRecord>,
}

#[derive(Deserialize)]
struct Event {
    event: Option<ConnectionEvent>,
}

pub(crate) fn failed(parameters: &str) -> RasError {
    #[derive(Deserialize)]
    struct Failed {
        code: u32,
        #[serde(default)]
        text: String,
    }
    match serde_json::from_str::<Failed>(parameters) {
        Ok(failed) => RasError::new(RasCode::from_number(failed.code), failed.text),
        Err(error) => garbled(error),
    }
}

pub(crate) fn garbled(error: impl std::fmt::Display) -> RasError {
    RasError::new(RasCode::UNKNOWN, format!("the talk with the manager is garbled: {error}"))
}

pub(crate) fn gone(error: impl std::fmt::Display) -> RasError {
    RasError::new(RasCode::SERVICE_NOT_ACTIVE, error.to_string())
}
