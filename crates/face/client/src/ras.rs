//! A talk with the manager.

use std::borrow::Cow;
use std::future::poll_fn;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use onhook_model::{
    ConnectionEvent, ConnectionReport, Credentials, DialRequest, Dialed, Handle, HistoryRecord,
    ListedDevice, RasCode, RasError, Resumption,
};
use onhook_rpc::methods::{
    Attach, ByHandle, ByLink, Connections, Devices, Dial, Event, Heard, MayHandle, Nothing,
    OneConnection, Records, Resume,
};
use onhook_rpc::{Frame, Framed, Limits, NAME, Outgoing};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::connection::Connection;
use crate::found::{self, Found};
use crate::start;
use crate::wire::{Service, believe, garbled, gone, understand};

/// A talk with the manager: one call at a time, in order.
///
/// What a talk has dialed has lost its dialer when the talk ends: a failed dial is then deleted after a
/// grace time, and a connection stays. A call that is given up before it has answered (its future is
/// dropped) ends the talk, and the next call begins another.
#[derive(Debug)]
pub struct Ras {
    socket: PathBuf,
    /// `None` until the first call, and after one that was given up.
    framed: Option<Framed>,
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
        let mut last = None;
        for socket in start::candidates(socket) {
            match open(&socket).await {
                Ok(framed) => return Ok(Self { socket, framed: Some(framed) }),
                Err(error) if error.code == RasCode::ACCESS_DENIED => return Err(error),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| gone("there is no place for a socket")))
    }

    /// A talk that begins with the first call.
    pub(crate) const fn later(socket: PathBuf) -> Self {
        Self { socket, framed: None }
    }

    /// The same, and starts a manager for this user when none answers.
    ///
    /// # Errors
    /// 1062 when no manager answers and none could be started.
    pub async fn connect_or_start(socket: Option<&Path>) -> Result<Self, RasError> {
        match Self::connect(socket).await {
            Ok(ras) => Ok(ras),
            Err(_) => {
                let socket = socket.map(Path::to_owned);
                let start = move || start::start_manager(socket.as_deref());
                let path = tokio::task::spawn_blocking(start).await.map_err(gone)??;
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
        let parameters = Dial::new(request, credentials, capture.is_some());
        let fds: Vec<_> = capture.into_iter().collect();
        self.call("Dial", parameters, &fds).await
    }

    /// Dials, and follows the dial from its first state on by a talk of its own ([`Connection`](crate::Connection)
    /// does so): the dialer has gone when
    /// the [`Events`] are dropped. With [`DialOptions::held_states`](crate::DialOptions) the dial goes no
    /// further than what was told until [`proceed`](Self::proceed) says that it was heard.
    ///
    /// # Errors
    /// As [`dial`](Self::dial).
    pub async fn dial_followed(
        &self,
        request: &DialRequest,
        credentials: &Credentials,
        capture: Option<BorrowedFd<'_>>,
    ) -> Result<(Dialed, Events), RasError> {
        let parameters = Dial::new(request, credentials, capture.is_some());
        let fds: Vec<_> = capture.into_iter().collect();
        let mut framed = open(&self.socket).await?;
        let call = Outgoing::new(NAME, "Dial", parameters).with_more(true);
        send(&mut framed, &call, &fds).await?;
        let dialed = understand(Service::Manager, &receive(&mut framed).await?.bytes)?;
        Ok((dialed, Events { framed }))
    }

    /// So many states of a dial with [`DialOptions::held_states`](crate::DialOptions) were heard: it may go
    /// on.
    ///
    /// # Errors
    /// 6 when the handle is no connection (any more), 5 when another user dialed it.
    pub async fn proceed(&mut self, handle: Handle, states: u64) -> Result<(), RasError> {
        self.call("Proceed", Heard { handle, states }, &[]).await.map(|Nothing {}| ())
    }

    /// Sets the traffic of a connection, or of one of its links, to zero for all who look
    /// (RasClearConnectionStatistics, RasClearLinkStatistics).
    ///
    /// # Errors
    /// 6 when the handle is no connection (any more), 5 when it is somebody else's, 87 for link 0, 668 for
    /// one behind the last.
    pub async fn clear_statistics(
        &mut self,
        handle: Handle,
        subentry: Option<u32>,
    ) -> Result<(), RasError> {
        let parameters = ByLink { handle, subentry };
        self.call("ClearStatistics", parameters, &[]).await.map(|Nothing {}| ())
    }

    /// Lets a paused dial go on (RasDial with its handle) and returns at once.
    ///
    /// # Errors
    /// 6 when the handle is no connection, 705 when it is not paused, 87 when what it waits for is not
    /// given.
    pub async fn resume(&mut self, handle: Handle, given: &Resumption) -> Result<(), RasError> {
        let parameters = Resume::new(handle, given);
        self.call("Resume", parameters, &[]).await.map(|Nothing {}| ())
    }

    /// Gives one reference back (RasHangUp) and returns at once; see [`wait_gone`](Self::wait_gone).
    ///
    /// # Errors
    /// 6 when the handle never existed, 668 when its last reference was given back before.
    pub async fn hang_up(&mut self, handle: Handle) -> Result<(), RasError> {
        self.call("HangUp", ByHandle { handle }, &[]).await.map(|Nothing {}| ())
    }

    /// Resolves when the handle is invalid: at once when it is already.
    ///
    /// # Errors
    /// 5 when it is somebody else's; 1062 when the manager has ended.
    pub async fn wait_gone(&mut self, handle: Handle) -> Result<(), RasError> {
        self.call("WaitGone", ByHandle { handle }, &[]).await.map(|Nothing {}| ())
    }

    /// What a status query answers (RasGetConnectStatus).
    ///
    /// # Errors
    /// 6 when the handle is no connection (any more).
    pub async fn status(&mut self, handle: Handle) -> Result<ConnectionReport, RasError> {
        let reply: OneConnection = self.call("Status", ByHandle { handle }, &[]).await?;
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
        let reply: Connections = self.call("List", Nothing {}, &[]).await?;
        Ok(reply.connections)
    }

    /// Every connection that we may see, each with a talk of its own that begins when something is asked.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub async fn connections(&mut self) -> Result<Vec<Connection>, RasError> {
        let listed = self.list().await?;
        Ok(listed.into_iter().map(|report| Connection::of(self, report.handle)).collect())
    }

    /// The connections that a person means by `name`: the one of a handle (`0x2a`), or those of an entry, in
    /// whichever case; with `#2` behind it, the second of its links.
    ///
    /// # Errors
    /// 6 for a handle that is no connection (any more), 668 when no such entry is dialed; for a link as
    /// [`subentry`](Self::subentry).
    pub async fn find(&mut self, name: &str) -> Result<Vec<ConnectionReport>, RasError> {
        if let Ok(handle) = name.parse() {
            return Ok(vec![self.status(handle).await?]);
        }
        match found::find(self.list().await?, name)? {
            Found::Whole(connections) => Ok(connections),
            Found::Link(handle) => Ok(vec![self.status(handle).await?]),
        }
    }

    /// Why connections ended, oldest first.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub async fn history(&mut self) -> Result<Vec<HistoryRecord>, RasError> {
        let reply: Records = self.call("History", Nothing {}, &[]).await?;
        Ok(reply.records)
    }

    /// What can be dialed with here (RasEnumDevices).
    ///
    /// # Errors
    /// 740 when it cannot be found out; when the manager does not answer.
    pub async fn devices(&mut self) -> Result<Vec<ListedDevice>, RasError> {
        let reply: Devices = self.call("Devices", Nothing {}, &[]).await?;
        Ok(reply.devices)
    }

    /// Events from now on, by a talk of their own.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub async fn watch(&self, handle: Option<Handle>) -> Result<Events, RasError> {
        let mut framed = open(&self.socket).await?;
        let call = Outgoing::new(NAME, "Watch", MayHandle { handle }).with_more(true);
        send(&mut framed, &call, &[]).await?;
        // The first reply says that the watch has begun: what is dialed from now on is seen whole.
        understand::<Event>(Service::Manager, &receive(&mut framed).await?.bytes)?;
        Ok(Events { framed })
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
        let parameters = Attach {
            handle,
            name: Cow::Borrowed(tun.name),
            mtu: tun.mtu,
            offload_header: tun.offload_header,
            first_port: tun.ports.0,
            last_port: tun.ports.1,
            fd: 0,
        };
        self.call("AttachTun", parameters, &[tun.descriptor.as_fd()]).await.map(|Nothing {}| ())
    }

    async fn call<P: Serialize, T: DeserializeOwned>(
        &mut self,
        method: &str,
        parameters: P,
        fds: &[BorrowedFd<'_>],
    ) -> Result<T, RasError> {
        let call = Outgoing::new(NAME, method, parameters);
        // Taken out, so that the answer to a call that is given up is never taken for the next one's. And
        // a manager that has handed over to the next one lets go whoever asks for nothing just then.
        let mut framed = match self.framed.take() {
            Some(framed) if !framed.is_closed() => framed,
            _ => open(&self.socket).await?,
        };
        send(&mut framed, &call, fds).await?;
        let reply = receive(&mut framed).await?;
        self.framed = Some(framed);
        understand(Service::Manager, &reply.bytes)
    }
}

async fn open(socket: &Path) -> Result<Framed, RasError> {
    let stream = UnixStream::connect(socket).await;
    let stream = stream.map_err(|error| gone(format!("{}: {error}", socket.display())))?;
    let framed = Framed::new(stream, Limits::default());
    believe(framed.peer_credentials().map_err(gone)?.uid)?;
    Ok(framed)
}

async fn send(
    framed: &mut Framed,
    call: &impl Serialize,
    fds: &[BorrowedFd<'_>],
) -> Result<(), RasError> {
    let bytes = onhook_rpc::encode(call).map_err(garbled)?;
    framed.send(&bytes, fds).await.map_err(gone)
}

async fn receive(framed: &mut Framed) -> Result<Frame, RasError> {
    framed.receive().await.map_err(gone)?.ok_or_else(|| gone("the manager has ended"))
}

/// The stream of events of a manager; ends when the manager has ended. An error says that the manager
/// refused, or sent what cannot be read.
#[derive(Debug)]
pub struct Events {
    framed: Framed,
}

impl Events {
    /// The next event; `None` when the manager has ended. May be dropped and called again.
    ///
    /// # Errors
    /// When the manager refuses or sends what cannot be read.
    pub async fn next(&mut self) -> Result<Option<ConnectionEvent>, RasError> {
        poll_fn(|cx| self.poll_event(cx)).await.transpose()
    }

    pub(crate) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<ConnectionEvent, RasError>>> {
        loop {
            // A talk that breaks off is a manager that has ended.
            let Ok(Some(frame)) = ready!(self.framed.poll_receive(cx)) else {
                return Poll::Ready(None);
            };
            match understand::<Event>(Service::Manager, &frame.bytes) {
                Ok(Event { event: Some(event) }) => return Poll::Ready(Some(Ok(event))),
                Ok(Event { event: None }) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl Stream for Events {
    type Item = Result<ConnectionEvent, RasError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}
