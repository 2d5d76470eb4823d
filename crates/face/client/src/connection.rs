//! One connection: its handle, and the talk about it.

use std::fmt;
use std::future::poll_fn;
use std::os::fd::BorrowedFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use onhook_model::{
    Cause, ConnectionReport, Credentials, DialRequest, Handle, LinkReport, Projection, RasCode,
    RasError, Resumption, Traffic,
};

use crate::ras::{Events, Ras};
use crate::state::{HungUp, State, cause_of, is_connected, is_gone, manager_ended};

/// A connection, dialed or found: its handle with a talk of its own.
///
/// As in RAS the connection belongs to the manager. Dropping this, or [`detach`](Self::detach), hangs
/// nothing up: what is connected stays, and a dial goes on. Only [`hang_up`](Self::hang_up) ends it. A dial
/// that has failed stays listed until it is hung up; where its program only goes away, the manager deletes it
/// after a grace time.
///
/// The talk begins when something is asked for, and every future of a method here may be dropped before it
/// resolves, as in a `select!`.
///
/// ```
/// # mod stage { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stage/mod.rs")); }
/// # let stage = stage::Stage::new();
/// # let (request, mut credentials) = (stage.request("office"), stage.credentials());
/// # credentials.password = "tea party".to_owned().into();
/// # stage.play(async {
/// # let ras = onhook_client::Ras::connect(Some(&stage.socket())).await?;
/// use onhook_client::{Connection, HungUp, RasCode, State};
///
/// let mut office = Connection::dial(&ras, &request, &credentials).await?;
/// let mut states = office.states();
/// while let Some(state) = states.next().await {
///     match state? {
///         State::Running { state, .. } => println!("{}", state.name()),
///         State::Failed { state, error, .. } => println!("{}: {error}", state.name()),
///         other => println!("{other:?}"),
///     }
/// }
/// let why = office.connected().await.unwrap_err();
/// assert_eq!((why.code, why.code.number()), (RasCode::AUTHENTICATION_FAILURE, 691));
/// assert_eq!(office.hang_up().await?, HungUp::Gone); // a dial that has failed is hung up, too
/// # Ok::<(), onhook_client::RasError>(()) }).unwrap();
/// ```
#[must_use = "what is dialed stays until it is hung up"]
pub struct Connection {
    ras: Ras,
    handle: Handle,
    already: bool,
    /// What happens to it; for what was dialed here, also the talk that dialed it.
    events: Option<Events>,
    /// Where it stands is not known from its events alone.
    unsure: bool,
    looking: Option<Look>,
    last: Option<Result<State, RasError>>,
}

/// Asks where a connection stands, and first has its events told from now on.
type Look = Pin<Box<dyn Future<Output = Result<(Option<Events>, State), RasError>> + Send>>;

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("handle", &self.handle)
            .field("already", &self.already)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Dials (RasDial): the handle is there at once, and [`states`](Self::states) tells how it goes on.
    ///
    /// # Errors
    /// The RAS number when no connection came to be; then there is nothing to hang up.
    pub async fn dial(
        ras: &Ras,
        request: &DialRequest,
        credentials: &Credentials,
    ) -> Result<Self, RasError> {
        Self::dial_captured(ras, request, credentials, None).await
    }

    /// Dials, and has every PPP frame written to `capture`, an open file.
    ///
    /// # Errors
    /// As [`dial`](Self::dial).
    pub async fn dial_captured(
        ras: &Ras,
        request: &DialRequest,
        credentials: &Credentials,
        capture: Option<BorrowedFd<'_>>,
    ) -> Result<Self, RasError> {
        let (dialed, events) = ras.dial_followed(request, credentials, capture).await?;
        Ok(Self {
            already: dialed.already,
            // Another dial may have come far already.
            unsure: dialed.already,
            events: Some(events),
            ..Self::of(ras, dialed.handle)
        })
    }

    /// The connection of a handle, whoever dialed it. Nothing is asked yet: a handle that is invalid is told
    /// by the first method.
    pub fn of(ras: &Ras, handle: Handle) -> Self {
        Self {
            ras: Ras::later(ras.socket().to_owned()),
            handle,
            already: true,
            events: None,
            unsure: true,
            looking: None,
            last: None,
        }
    }

    /// Its handle.
    pub const fn handle(&self) -> Handle {
        self.handle
    }

    /// Whether it was there before: another dial of the same entry began it, and this one has taken one more
    /// reference.
    pub const fn was_there(&self) -> bool {
        self.already
    }

    /// How its dial goes on, state by state, until it is up, has failed, or is gone; for what was dialed here
    /// from the first state on, else from where it stands now, which may be told twice.
    pub const fn states(&mut self) -> States<'_> {
        States(self)
    }

    /// Resolves when it is up, with what a status query tells. A dial that waits for a person is waited for.
    ///
    /// # Errors
    /// Why the dial has failed, or why it was ended meanwhile: 631 when somebody hung it up; 6 when it had
    /// been up and is gone; 1062 when the manager has ended.
    pub async fn connected(&mut self) -> Result<ConnectionReport, RasError> {
        while let Some(state) = self.states().next().await {
            state?;
        }
        is_connected(self.last.as_ref())?;
        self.status().await
    }

    /// What a status query answers (RasGetConnectStatus).
    ///
    /// # Errors
    /// 6 when it is gone.
    pub async fn status(&mut self) -> Result<ConnectionReport, RasError> {
        self.ras.status(self.handle).await
    }

    /// What the network gave (RasGetProjectionInfo).
    ///
    /// # Errors
    /// 6 when it is gone, 730 as long as nothing was given.
    pub async fn projection(&mut self) -> Result<Projection, RasError> {
        self.status().await?.projected()
    }

    /// The traffic since it was connected, or since it was last cleared (RasGetConnectionStatistics).
    ///
    /// # Errors
    /// 6 when it is gone.
    pub async fn statistics(&mut self) -> Result<Traffic, RasError> {
        let report = self.status().await?;
        Ok(report.traffic.since(report.cleared))
    }

    /// Sets the traffic to zero for all who look (RasClearConnectionStatistics).
    ///
    /// # Errors
    /// 6 when it is gone, 5 when it is somebody else's.
    pub async fn clear_statistics(&mut self) -> Result<(), RasError> {
        self.ras.clear_statistics(self.handle, None).await
    }

    /// Its links, where it has several; none for a connection of one link.
    ///
    /// # Errors
    /// 6 when it is gone.
    pub async fn subentries(&mut self) -> Result<Vec<LinkReport>, RasError> {
        Ok(self.status().await?.links)
    }

    /// One of its links as a connection of its own, counted from 1 (RasGetSubEntryHandle): it can be asked
    /// about and hung up like any other, and ends alone.
    ///
    /// # Errors
    /// 6 when it is gone, 87 for number 0, 259 for one behind the last, 618 when that link is not connected.
    pub async fn subentry(&mut self, number: u32) -> Result<Self, RasError> {
        let handle = self.ras.subentry(self.handle, number).await?;
        Ok(Self::of(&self.ras, handle))
    }

    /// Lets a paused dial go on (RasDial with its handle).
    ///
    /// # Errors
    /// 6 when it is gone, 705 when it is not paused, 87 when what it waits for is not given.
    pub async fn resume(&mut self, given: &Resumption) -> Result<(), RasError> {
        self.ras.resume(self.handle, given).await
    }

    /// Hangs up (RasHangUp): gives this dial's reference back, and resolves when the handle is invalid and
    /// nothing of the connection is left; or at once where others hold it. A dial that was hung up by somebody
    /// else meanwhile is waited for. For RAS's own order, which returns before the end, there are
    /// [`Ras::hang_up`] and [`Ras::wait_gone`].
    ///
    /// # Errors
    /// 5 when it is somebody else's; 1062 when the manager has ended, and all of its connections with it.
    pub async fn hang_up(mut self) -> Result<HungUp, RasError> {
        match self.ras.hang_up(self.handle).await {
            Ok(()) => {}
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
        match self.status().await {
            Ok(left) if !left.hanging_up && left.references > 0 => {
                return Ok(HungUp::Shared { references: left.references });
            }
            _ => self.ras.wait_gone(self.handle).await?,
        }
        Ok(HungUp::Gone)
    }

    /// Resolves when it has ended, whoever ends it, with the cause; a dial that has failed ends when it is hung
    /// up.
    ///
    /// # Errors
    /// 5 when it is somebody else's; 1062 when the manager has ended.
    pub async fn gone(&mut self) -> Result<Cause, RasError> {
        self.ras.wait_gone(self.handle).await?;
        Ok(cause_of(self.handle, self.ras.history().await?))
    }

    /// Leaves it to the manager, and gives its handle: nothing is hung up.
    pub fn detach(self) -> Handle {
        self.handle
    }

    fn poll_state(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<State, RasError>>> {
        if self.last.is_some() {
            return Poll::Ready(None);
        }
        let state = ready!(self.poll_next_state(cx));
        if state.as_ref().map_or(true, State::is_last) {
            self.last = Some(state.clone());
        }
        Poll::Ready(Some(state))
    }

    fn poll_next_state(&mut self, cx: &mut Context<'_>) -> Poll<Result<State, RasError>> {
        loop {
            if self.unsure {
                let (ras, handle) = (&self.ras, self.handle);
                let is_told = self.events.is_some();
                let look = self.looking.get_or_insert_with(|| {
                    Box::pin(look(Ras::later(ras.socket().to_owned()), handle, is_told))
                });
                let looked = ready!(look.as_mut().poll(cx));
                self.looking = None;
                self.unsure = false;
                let (events, state) = looked?;
                if events.is_some() {
                    self.events = events;
                }
                return Poll::Ready(Ok(state));
            }
            let told = match &mut self.events {
                Some(events) => ready!(events.poll_event(cx)),
                None => None,
            };
            let Some(event) = told.transpose()? else {
                return Poll::Ready(Err(manager_ended()));
            };
            match State::of_event(event) {
                Some(state) => return Poll::Ready(Ok(state)),
                None => self.unsure = true,
            }
        }
    }
}

async fn look(
    mut ras: Ras,
    handle: Handle,
    is_told: bool,
) -> Result<(Option<Events>, State), RasError> {
    // First the events, so that nothing happens unseen between the two.
    let events = if is_told { None } else { Some(ras.watch(Some(handle)).await?) };
    let state = match ras.status(handle).await {
        Ok(report) => State::of_report(report),
        Err(error) if error.code == RasCode::INVALID_HANDLE => {
            State::Gone { cause: cause_of(handle, ras.history().await?) }
        }
        Err(error) => return Err(error),
    };
    Ok((events, state))
}

/// The states of a dial as they come: a [`Stream`], and a method that needs no other crate.
#[derive(Debug)]
#[must_use = "a stream that is not polled tells nothing"]
pub struct States<'a>(&'a mut Connection);

impl States<'_> {
    /// The next one; `None` behind the last. May be dropped and called again.
    pub async fn next(&mut self) -> Option<Result<State, RasError>> {
        poll_fn(|cx| self.0.poll_state(cx)).await
    }
}

impl Stream for States<'_> {
    type Item = Result<State, RasError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_state(cx)
    }
}
