//! The same contract for programs without `async`: one socket, no runtime, no thread.
//!
//! ```
//! # mod stage { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stage/mod.rs")); }
//! # let stage = stage::Stage::new();
//! # let (place, request, credentials) = (stage.socket(), stage.request("office"), stage.credentials());
//! # let socket = Some(place.as_path());
//! use onhook_client::blocking::{Connection, Ras};
//!
//! let mut ras = Ras::connect(socket)?;
//! let mut office = Connection::dial(&ras, &request, &credentials)?;
//! for state in office.states() {
//!     println!("{}", state?.state().name());
//! }
//! println!("{:?}", office.connected()?.projection);
//! office.detach(); // it belongs to the manager: any program may hang it up
//!
//! for report in ras.find("OFFICE")? {
//!     Connection::of(&ras, report.handle).hang_up()?;
//! }
//! assert!(ras.list()?.is_empty());
//! # Ok::<(), onhook_client::RasError>(())
//! ```

mod connection;
mod talk;

use std::path::Path;
use std::sync::Arc;

use onhook_model::{
    ConnectionEvent, ConnectionReport, ConnectionStatus, Credentials, DialRequest, Dialed, Handle,
    HistoryRecord, ListedConnection, ListedDevice, RasCode, RasError, Resumption,
};
use onhook_rpc::brief::{BriefConnection, BriefConnections, ListOf, StatusOf};
use onhook_rpc::methods::{
    ByHandle, ByLink, Connections, Devices, Dial, Event, Heard, MayHandle, Nothing, OneConnection,
    Records, Resume,
};
use onhook_rpc::{NAME, Outgoing};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::found::{self, Found};
use crate::start;
use crate::wire::garbled;
pub use connection::{Connection, States};
use talk::Talk;

/// A talk with the manager, whose calls wait for their answer: one at a time, in order.
#[derive(Debug)]
pub struct Ras {
    talk: Talk,
}

impl Ras {
    /// See [`crate::Ras::connect`].
    ///
    /// # Errors
    /// As there.
    pub fn connect(socket: Option<&Path>) -> Result<Self, RasError> {
        let mut last = None;
        for path in start::candidates(socket) {
            match Talk::connect(&path) {
                Ok(talk) => return Ok(Self { talk }),
                Err(error) if error.code == RasCode::ACCESS_DENIED => return Err(error),
                Err(error) => last = Some(error),
            }
        }
        let nowhere = || {
            let text = "there is no place for a socket";
            RasError::new(RasCode::SERVICE_NOT_ACTIVE, text)
        };
        Err(last.unwrap_or_else(nowhere))
    }

    /// A talk that begins with the first call.
    fn later(socket: &Path) -> Self {
        Self { talk: Talk::later(socket) }
    }

    /// See [`crate::Ras::connect_or_start`].
    ///
    /// # Errors
    /// As there.
    pub fn connect_or_start(socket: Option<&Path>) -> Result<Self, RasError> {
        match Self::connect(socket) {
            Ok(ras) => Ok(ras),
            Err(_) => Self::connect(Some(&start::start_manager(socket)?)),
        }
    }

    /// Where the manager was found.
    pub fn socket(&self) -> &Path {
        self.talk.socket()
    }

    /// Whether the manager has ended, or has handed over to the next one: a call would begin a new talk.
    pub fn is_closed(&self) -> bool {
        self.talk.is_closed()
    }

    /// See [`crate::Ras::dial`].
    ///
    /// # Errors
    /// As there.
    pub fn dial(
        &mut self,
        request: &DialRequest,
        credentials: &Credentials,
    ) -> Result<Dialed, RasError> {
        self.call("Dial", Dial::new(request, credentials, false))
    }

    /// See [`crate::Ras::dial_followed`].
    ///
    /// # Errors
    /// As there.
    pub fn dial_followed(
        &self,
        request: &DialRequest,
        credentials: &Credentials,
    ) -> Result<(Dialed, Events), RasError> {
        let mut talk = Talk::connect(self.socket())?;
        let parameters = Dial::new(request, credentials, false);
        talk.send(&Outgoing::new(NAME, "Dial", parameters).with_more(true))?;
        let dialed = talk.receive()?;
        Ok((dialed, Events { talk }))
    }

    /// See [`crate::Ras::proceed`].
    ///
    /// # Errors
    /// As there.
    pub fn proceed(&mut self, handle: Handle, states: u64) -> Result<(), RasError> {
        self.call("Proceed", Heard { handle, states }).map(|Nothing {}| ())
    }

    /// See [`crate::Ras::clear_statistics`].
    ///
    /// # Errors
    /// As there.
    pub fn clear_statistics(
        &mut self,
        handle: Handle,
        subentry: Option<u32>,
    ) -> Result<(), RasError> {
        self.call("ClearStatistics", ByLink { handle, subentry }).map(|Nothing {}| ())
    }

    /// See [`crate::Ras::resume`].
    ///
    /// # Errors
    /// As there.
    pub fn resume(&mut self, handle: Handle, given: &Resumption) -> Result<(), RasError> {
        self.call("Resume", Resume::new(handle, given)).map(|Nothing {}| ())
    }

    /// See [`crate::Ras::hang_up`].
    ///
    /// # Errors
    /// As there.
    pub fn hang_up(&mut self, handle: Handle) -> Result<(), RasError> {
        self.call("HangUp", ByHandle { handle }).map(|Nothing {}| ())
    }

    /// See [`crate::Ras::wait_gone`].
    ///
    /// # Errors
    /// As there.
    pub fn wait_gone(&mut self, handle: Handle) -> Result<(), RasError> {
        self.ask("WaitGone", ByHandle { handle }).map(|Nothing {}| ())
    }

    /// See [`crate::Ras::status`].
    ///
    /// # Errors
    /// As there.
    pub fn status(&mut self, handle: Handle) -> Result<ConnectionReport, RasError> {
        let reply: OneConnection = self.ask("Status", ByHandle { handle })?;
        Ok(reply.connection)
    }

    /// How far a connection is, and no more: what RASCONNSTATUS has, for those who ask often.
    ///
    /// # Errors
    /// As of [`status`](Self::status).
    pub fn brief_status(&mut self, handle: Handle) -> Result<ConnectionStatus, RasError> {
        let reply: BriefConnection = self.ask("Status", StatusOf { handle, brief: true })?;
        Ok(reply.connection)
    }

    /// See [`crate::Ras::subentry`].
    ///
    /// # Errors
    /// As there.
    pub fn subentry(&mut self, handle: Handle, number: u32) -> Result<Handle, RasError> {
        self.status(handle)?.subentry_handle(number)
    }

    /// See [`crate::Ras::list`].
    ///
    /// # Errors
    /// As there.
    pub fn list(&mut self) -> Result<Vec<ConnectionReport>, RasError> {
        let reply: Connections = self.ask("List", Nothing {})?;
        Ok(reply.connections)
    }

    /// See [`crate::Ras::connections`].
    ///
    /// # Errors
    /// As there.
    pub fn connections(&mut self) -> Result<Vec<Connection>, RasError> {
        let listed = self.list()?;
        Ok(listed.into_iter().map(|report| Connection::of(self, report.handle)).collect())
    }

    /// See [`crate::Ras::find`].
    ///
    /// # Errors
    /// As there.
    pub fn find(&mut self, name: &str) -> Result<Vec<ConnectionReport>, RasError> {
        if let Ok(handle) = name.parse() {
            return Ok(vec![self.status(handle)?]);
        }
        match found::find(self.list()?, name)? {
            Found::Whole(connections) => Ok(connections),
            Found::Link(handle) => Ok(vec![self.status(handle)?]),
        }
    }

    /// The same connections by what names them: what RASCONN has, for those who ask often. The list that
    /// was `known` before is given back when it is still the one of now; then it was not sent again.
    ///
    /// # Errors
    /// As of [`list`](Self::list).
    pub fn listed(&mut self, known: Option<Arc<Listing>>) -> Result<Arc<Listing>, RasError> {
        let edition = known.as_ref().and_then(|known| known.edition.clone());
        let asked = ListOf { brief: true, known: edition.clone() };
        let reply: BriefConnections = self.ask("List", asked)?;
        match known {
            Some(known) if reply.unchanged && reply.edition == edition => Ok(known),
            _ if reply.unchanged => Err(garbled("a list is unchanged that was not known")),
            _ => {
                let BriefConnections { edition, connections, .. } = reply;
                Ok(Arc::new(Listing { edition, connections }))
            }
        }
    }

    /// See [`crate::Ras::history`].
    ///
    /// # Errors
    /// As there.
    pub fn history(&mut self) -> Result<Vec<HistoryRecord>, RasError> {
        let reply: Records = self.ask("History", Nothing {})?;
        Ok(reply.records)
    }

    /// See [`crate::Ras::devices`].
    ///
    /// # Errors
    /// As there.
    pub fn devices(&mut self) -> Result<Vec<ListedDevice>, RasError> {
        let reply: Devices = self.ask("Devices", Nothing {})?;
        Ok(reply.devices)
    }

    /// See [`crate::Ras::watch`].
    ///
    /// # Errors
    /// As there.
    pub fn watch(&self, handle: Option<Handle>) -> Result<Events, RasError> {
        let mut talk = Talk::connect(self.socket())?;
        talk.send(&Outgoing::new(NAME, "Watch", MayHandle { handle }).with_more(true))?;
        // The first reply says that the watch has begun: what is dialed from now on is seen whole.
        talk.receive::<Event>()?;
        Ok(Events { talk })
    }

    /// A call that changes something: it is made once.
    fn call<T: DeserializeOwned>(
        &mut self,
        method: &str,
        parameters: impl Serialize,
    ) -> Result<T, RasError> {
        self.talk.meet_the_manager_of_now()?;
        self.talk.send(&Outgoing::new(NAME, method, parameters))?;
        self.talk.receive()
    }

    /// A call that only asks: where the manager has handed over meanwhile the next one is asked, and no
    /// look at the socket is needed before.
    fn ask<T: DeserializeOwned>(
        &mut self,
        method: &str,
        parameters: impl Serialize,
    ) -> Result<T, RasError> {
        let call = Outgoing::new(NAME, method, parameters);
        if self.talk.send(&call).is_ok() {
            match self.talk.receive() {
                Err(error) if error.code == RasCode::SERVICE_NOT_ACTIVE => {}
                answered => return answered,
            }
        }
        self.talk.renew()?;
        self.talk.send(&call)?;
        self.talk.receive()
    }
}

/// The connections that the caller may see, by what names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    edition: Option<String>,
    connections: Vec<ListedConnection>,
}

impl Listing {
    /// All of them, oldest first.
    pub fn connections(&self) -> &[ListedConnection] {
        &self.connections
    }
}

/// The stream of events of a manager.
#[derive(Debug)]
pub struct Events {
    talk: Talk,
}

/// Waits for each event; ends when the manager has ended, or when it was [stopped](Events::stopper). An
/// error says that the manager refused, or sent what cannot be read.
impl Iterator for Events {
    type Item = Result<ConnectionEvent, RasError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.talk.receive::<Event>() {
            Ok(reply) => reply.event.map(Ok),
            Err(error) if error.code == RasCode::SERVICE_NOT_ACTIVE => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl Events {
    /// What another thread can stop the waiting with.
    ///
    /// # Errors
    /// When there are no more descriptors.
    pub fn stopper(&self) -> Result<Stopper, RasError> {
        self.talk.duplicate().map(Stopper)
    }
}

/// Ends a stream of [`Events`] from another thread.
#[derive(Debug)]
pub struct Stopper(std::os::unix::net::UnixStream);

impl Stopper {
    /// Ends it: who waits for the next event is told that there is none.
    pub fn stop(&self) {
        // One that has ended already is fine.
        self.0.shutdown(std::net::Shutdown::Both).ok();
    }
}
