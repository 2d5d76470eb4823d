//! Who holds what.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use onhook_base::{Deadline, Duration, Instant, Planted, is_planted};
use onhook_connection::{Plan, PlanAbilities};
use onhook_model::{
    Cause, ConnectionEvent, Credentials, Debt, DialRequest, Dialed, EventKind, Handle,
    HistoryRecord, Projection, RasCode, RasError, RasState, Resumption, StateReport, Traffic,
};

use crate::handles::Handles;
use crate::links::Link;
use crate::owners::Caller;
use crate::record::{Record, millis};

/// What is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManagerTerms {
    /// How long a failed connection stays listed after the program that dialed it has gone.
    pub failed_grace: Duration,
    /// How many ended connections are remembered.
    pub history: usize,
    /// How many connections there may be at once.
    pub connections: usize,
}

impl Default for ManagerTerms {
    fn default() -> Self {
        Self { failed_grace: Duration::from_secs(30), history: 100, connections: 65_536 }
    }
}

/// What the manager asks of those who drive connections.
#[derive(Debug)]
pub enum Command {
    /// Begin this connection.
    Start {
        /// Its handle.
        handle: Handle,
        /// What was decided about it.
        plan: Box<Plan>,
        /// The handles of the links that are begun beside it, where it has several.
        links: Vec<Handle>,
    },
    /// End this connection, politely.
    HangUp {
        /// Its handle.
        handle: Handle,
        /// Why.
        cause: Cause,
    },
    /// Let this connection, which is paused, go on.
    Resume {
        /// Its handle.
        handle: Handle,
        /// What the person gave.
        given: Box<Resumption>,
    },
    /// So many states of this connection were heard of: it may go further.
    Proceed {
        /// Its handle.
        handle: Handle,
        /// How many, since it was dialed.
        states: u64,
    },
}

/// What a connection has become, as its driver tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What the network gave so far.
    pub projection: Projection,
    /// The server's address, once known.
    pub server: Option<String>,
    /// Our end of the way to it, once known.
    pub local: Option<String>,
    /// The number that is dialed, once another than the entry's first is.
    pub number: Option<String>,
    /// Why it is paused, when it is, or why the line was lost that waits to be dialed again.
    pub paused: Option<Cause>,
}

/// How a connection ended: nothing of it is left on the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub cause: Cause,
    /// Its traffic.
    pub traffic: Traffic,
    /// What could not be undone.
    pub debts: Vec<Debt>,
}

/// The connections of a machine, and who holds them.
#[derive(Debug)]
pub struct Manager {
    terms: ManagerTerms,
    abilities: PlanAbilities,
    pub(crate) handles: Handles,
    pub(crate) records: BTreeMap<Handle, Record>,
    /// Which connection a link belongs to, where there are several.
    pub(crate) wholes: BTreeMap<Handle, Handle>,
    pub(crate) edition: u64,
    pub(crate) history: VecDeque<HistoryRecord>,
    pub(crate) commands: VecDeque<Command>,
    pub(crate) events: VecDeque<ConnectionEvent>,
    stopping: bool,
    aside: bool,
}

impl Manager {
    /// A manager without connections; it needs a [`lease`](Self::lease) before the first dial.
    pub const fn new(terms: ManagerTerms, abilities: PlanAbilities) -> Self {
        Self {
            terms,
            abilities,
            handles: Handles::new(),
            records: BTreeMap::new(),
            wholes: BTreeMap::new(),
            edition: 0,
            history: VecDeque::new(),
            commands: VecDeque::new(),
            events: VecDeque::new(),
            stopping: false,
            aside: false,
        }
    }

    /// Takes over numbers for handles; they have been made unusable for any other manager before.
    pub fn lease(&mut self, range: &Range<u64>) {
        self.handles.lease(range);
    }

    /// No manager before us has given a number below this one: such a number never was a handle.
    pub const fn none_given_below(&mut self, first: u64) {
        self.handles.none_given_below(first);
    }

    /// Whether a new lease should be taken.
    pub const fn needs_lease(&self) -> bool {
        self.handles.is_low()
    }

    /// Remembers connections that ended before this manager began, the oldest first.
    pub fn remember(&mut self, history: impl IntoIterator<Item = HistoryRecord>) {
        for record in history {
            self.push_history(record);
        }
    }

    /// Dials. `wall` is the wall clock in seconds since 1970, for people.
    ///
    /// # Errors
    /// The RAS number and words when no connection came to be: then there is no handle either, and
    /// nothing to hang up.
    pub fn dial(
        &mut self,
        now: Instant,
        wall: u64,
        caller: Caller,
        request: &DialRequest,
        credentials: &Credentials,
    ) -> Result<Dialed, RasError> {
        if self.stopping {
            return Err(RasCode::RASMAN_SERVICE_STOPPED.into());
        }
        let name = &request.entry.name;
        if !request.options.by_number
            && let Some(record) =
                self.records.values_mut().find(|r| r.is_same_entry(caller.user, name))
        {
            if record.state != RasState::Connected {
                return Err(RasCode::DIAL_ALREADY_IN_PROGRESS.into());
            }
            let taken = if is_planted(Planted::ReferenceLeaked) { 2 } else { 1 };
            record.references = record.references.saturating_add(taken);
            return Ok(Dialed { handle: record.handle, already: true });
        }
        if self.aside {
            let text = "this manager has handed over to the next one";
            return Err(RasError::new(RasCode::BUSY, text));
        }
        let plan = Plan::for_dial(request, credentials, self.abilities)?;
        if self.records.len() >= self.terms.connections {
            let text = format!("there are {} connections already", self.records.len());
            return Err(RasError::new(RasCode::OUT_OF_BUFFERS, text));
        }
        let handle = self.handles.give().ok_or_else(|| {
            RasError::new(RasCode::NOT_ENOUGH_MEMORY, "no number for a handle could be reserved")
        })?;
        let mut record = Record::new(now, wall, handle, caller, request);
        record.links = Link::all(request, || self.handles.give());
        let begun = record.links.iter().filter(|link| !link.ended);
        let links: Vec<_> = begun.map(|link| link.handle).collect();
        if record.links.len() < plan.members.len() {
            let text = "no numbers for the handles of all links could be reserved";
            return Err(RasError::new(RasCode::NOT_ENOUGH_MEMORY, text));
        }
        self.wholes.extend(links.iter().map(|link| (*link, handle)));
        self.records.insert(handle, record);
        self.edition += 1;
        self.commands.push_back(Command::Start { handle, plan: Box::new(plan), links });
        Ok(Dialed { handle, already: false })
    }

    /// Gives one reference back; the last one ends the connection. Returns at once: the handle
    /// answers [`status`](Self::status) until everything is gone.
    ///
    /// # Errors
    /// 6 when the handle never existed, 668 when its last reference was given back before, 5 when it
    /// is somebody else's.
    pub fn hang_up(
        &mut self,
        now: Instant,
        caller: Caller,
        handle: Handle,
    ) -> Result<(), RasError> {
        if let Some(answer) = self.hang_up_link(caller, handle) {
            return answer;
        }
        let Some(record) = self.records.get_mut(&handle) else {
            return Err(match self.handles.was_given(handle) {
                true => RasCode::NO_CONNECTION.into(),
                false => RasCode::INVALID_HANDLE.into(),
            });
        };
        if !caller.may_end(record.owner, record.sharing) {
            return Err(RasError::new(RasCode::ACCESS_DENIED, "another user dialed it"));
        }
        if record.is_hanging_up() && !is_planted(Planted::SecondHangUp) {
            return Err(RasCode::NO_CONNECTION.into());
        }
        let given_back = if is_planted(Planted::ReferenceLost) { 2 } else { 1 };
        record.references = record.references.saturating_sub(given_back);
        if record.references == 0 {
            self.end(now, handle, Cause::hung_up());
        }
        Ok(())
    }

    /// Lets a paused dial go on (RasDial with its handle), with what the person gave.
    ///
    /// # Errors
    /// 6 when the handle is no connection (any more), 5 when another user dialed it, 668 when it is
    /// being hung up, 705 when it is not paused, 87 when what it waits for is not given, 704 or 751 when a
    /// number is none to be called back at.
    pub fn resume(
        &mut self,
        caller: Caller,
        handle: Handle,
        given: Resumption,
    ) -> Result<(), RasError> {
        let record = self.records.get_mut(&handle).ok_or(RasCode::INVALID_HANDLE)?;
        if !caller.may_resume(record.owner) {
            return Err(RasError::new(RasCode::ACCESS_DENIED, "another user dialed it"));
        }
        if record.is_hanging_up() {
            return Err(RasCode::NO_CONNECTION.into());
        }
        let Some(resumed) = record.state.resumed() else {
            return Err(RasError::new(RasCode::INVALID_AUTH_STATE, "it is not paused"));
        };
        if let Some(missing) = record.state.lacks(&given) {
            let text = format!("{} waits for {missing}", record.state.name());
            return Err(RasError::new(RasCode::INVALID_PARAMETER, text));
        }
        let chosen = given.callback_number.as_deref();
        if let (RasState::CallbackSetByCaller, Some(number)) = (record.state, chosen) {
            onhook_connection::check_callback_number(number.trim())?;
        }
        // At once, so that nobody else resumes it in the same moment.
        record.state = resumed;
        record.paused = None;
        self.commands.push_back(Command::Resume { handle, given: Box::new(given) });
        Ok(())
    }

    /// So many states of a held dial were heard by its program: it may go further.
    ///
    /// # Errors
    /// 6 when the handle is no connection (any more), 5 when another user dialed it.
    pub fn proceed(&mut self, caller: Caller, handle: Handle, states: u64) -> Result<(), RasError> {
        let record = self.records.get(&handle).ok_or(RasCode::INVALID_HANDLE)?;
        if !caller.may_resume(record.owner) {
            return Err(RasError::new(RasCode::ACCESS_DENIED, "another user dialed it"));
        }
        self.commands.push_back(Command::Proceed { handle, states });
        Ok(())
    }

    /// Whether a dial waits until its program has heard of each state.
    pub fn is_held(&self, handle: Handle) -> bool {
        self.records.get(&handle).is_some_and(|record| record.is_held)
    }

    /// The statistics of a connection begin anew, or those of one of its links, which are counted from 1
    /// (RasClearConnectionStatistics, RasClearLinkStatistics). What it is told of as its traffic goes on.
    ///
    /// # Errors
    /// 6 when the handle is no connection (any more), 5 when it is somebody else's, 87 for link 0, 668 for
    /// one behind the last.
    pub fn clear_statistics(
        &mut self,
        caller: Caller,
        handle: Handle,
        subentry: Option<u32>,
    ) -> Result<(), RasError> {
        let record = self.records.get_mut(&handle).ok_or(RasCode::INVALID_HANDLE)?;
        if !caller.may_end(record.owner, record.sharing) {
            return Err(RasError::new(RasCode::ACCESS_DENIED, "another user dialed it"));
        }
        record.clear_statistics(subentry)
    }

    fn end(&mut self, now: Instant, handle: Handle, cause: Cause) {
        let Some(record) = self.records.get_mut(&handle) else { return };
        record.references = 0;
        if record.ended_at.is_some() {
            self.delete(now, handle);
        } else if is_planted(Planted::HandleGoneEarly) {
            self.commands.push_back(Command::HangUp { handle, cause });
            self.delete(now, handle);
        } else {
            record.down_since.get_or_insert(now);
            self.commands.push_back(Command::HangUp { handle, cause });
        }
    }

    /// The manager stops: every connection is ended, no dial is taken any more.
    pub fn stop(&mut self, now: Instant) {
        self.stopping = true;
        for handle in self.records.keys().copied().collect::<Vec<_>>() {
            self.end(now, handle, Cause::manager_stops());
        }
    }

    /// No new connection from now on; those that are there go on. `false` takes that back.
    pub const fn step_aside(&mut self, aside: bool) {
        self.aside = aside;
    }

    /// Whether a connection is coming up or going down: a state that does not last.
    pub fn is_moving(&self) -> bool {
        let moves = |r: &Record| r.down_since.is_some() || r.state != RasState::Connected;
        self.records.values().any(|r| r.ended_at.is_none() && moves(r))
    }

    /// Ends what is still coming up.
    pub fn end_dialing(&mut self, now: Instant) {
        let dialing = |r: &&Record| {
            r.ended_at.is_none() && r.down_since.is_none() && r.state != RasState::Connected
        };
        let handles: Vec<_> = self.records.values().filter(dialing).map(|r| r.handle).collect();
        for handle in handles {
            self.end(now, handle, Cause::manager_stops());
        }
    }

    /// Whether there is any connection at all.
    pub fn is_idle(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether the handle is a connection.
    pub fn exists(&self, handle: Handle) -> bool {
        self.records.contains_key(&handle)
    }

    /// A talk with a program has ended, and with it perhaps the program: what it dialed has lost its
    /// dialer. Connections stay; failed ones are deleted after the grace time; a dial that is not up yet is
    /// hung up where it was asked to end with its program.
    pub fn session_closed(&mut self, now: Instant, session: u64) {
        let dialed = |r: &&Record| r.dialer == Some(session);
        let dialed: Vec<_> = self.records.values().filter(dialed).map(|r| r.handle).collect();
        self.session_let_go(now, session);
        for handle in dialed {
            if self.records.get(&handle).is_some_and(Record::is_abandoned) {
                self.end(now, handle, Cause::program_ended());
            }
        }
    }

    /// This manager has ended a talk, for the next one to be called: nobody holds any more what was dialed
    /// there, and all of it goes on.
    pub fn session_let_go(&mut self, now: Instant, session: u64) {
        let grace = self.terms.failed_grace;
        for record in self.records.values_mut().filter(|r| r.dialer == Some(session)) {
            record.dialer = None;
            if std::mem::take(&mut record.is_held) {
                let handle = record.handle;
                self.commands.push_back(Command::Proceed { handle, states: u64::MAX });
            }
            if record.ended_at.is_some() && !is_planted(Planted::FailedKept) {
                record.reap_at = Some(now + grace);
            }
        }
    }

    /// A connection has passed into a state, or failed in one.
    pub fn report(&mut self, now: Instant, handle: Handle, report: StateReport) {
        let Some(record) = self.records.get_mut(&handle) else { return };
        if report.error.is_success() {
            if let Some(cause) = record.enter(now, report.state) {
                self.events.push_back(event(record, EventKind::Lost { cause }));
            }
        } else if record.cause.is_none() {
            record.state = RasState::Disconnected;
            record.cause = Some(Cause::new(report.error, report.text.clone()));
            record.down_since.get_or_insert(now);
        }
        // Disconnected is said when the record is deleted or kept: see `ended`.
        if report.state != RasState::Disconnected {
            let kind = EventKind::State(report);
            self.events.push_back(event(record, kind));
        }
    }

    /// A connection knows more than before.
    pub fn progress(&mut self, handle: Handle, progress: Progress) {
        if let Some(record) = self.records.get_mut(&handle) {
            record.projection = progress.projection;
            record.server = progress.server;
            record.local = progress.local;
            if let Some(number) = progress.number {
                record.phone_number = number;
            }
            record.paused = progress.paused;
        }
    }

    /// A connection's traffic so far.
    pub fn traffic(&mut self, handle: Handle, traffic: Traffic) {
        if let Some(record) = self.records.get_mut(&handle) {
            record.traffic = traffic;
        }
    }

    /// A connection has ended, and nothing of it is left on the machine but what is owed.
    pub fn ended(&mut self, now: Instant, handle: Handle, ended: Ended) {
        let grace = self.terms.failed_grace;
        let Some(record) = self.records.get_mut(&handle) else { return };
        if record.ended_at.is_some() {
            return;
        }
        if record.has_links() {
            // A handle that is invalid owns nothing: it waits for the last of its links.
            record.ended_with = Some(ended);
            return;
        }
        record.ended_at = Some(now);
        record.state = RasState::Disconnected;
        record.traffic = ended.traffic;
        record.debts.extend(ended.debts);
        record.cause.get_or_insert(ended.cause);
        let down_since = *record.down_since.get_or_insert(now);
        let cause = record.cause.clone().unwrap_or_else(Cause::hung_up);
        let remembered = HistoryRecord {
            handle,
            entry: record.listed.entry.clone(),
            device_type: record.listed.device_type.clone(),
            device_name: record.listed.device_name.clone(),
            owner: record.owner,
            sharing: record.sharing,
            cause: cause.clone(),
            dialed_at: record.dialed_wall,
            dial_ms: record.dial_time().map(millis),
            duration_ms: millis(record.duration(now)),
            hang_up_ms: millis(now.since(down_since)),
            traffic: record.traffic,
        };
        if is_planted(Planted::HandleStays) {
            record.references = record.references.max(1);
        } else if record.is_hanging_up() || cause.is_wanted() {
            self.delete(now, handle);
        } else {
            let report = StateReport {
                state: RasState::Disconnected,
                error: cause.code(),
                text: cause.text().to_owned(),
            };
            if record.dialer.is_none() {
                record.reap_at = Some(now + grace);
            }
            self.events.push_back(event(record, EventKind::State(report)));
        }
        self.push_history(remembered);
    }

    fn delete(&mut self, now: Instant, handle: Handle) {
        let Some(record) = self.records.remove(&handle) else { return };
        self.edition += 1;
        for link in &record.links {
            self.wholes.remove(&link.handle);
        }
        self.handles.deleted(handle);
        let kind = EventKind::Gone {
            cause: record.cause.clone().unwrap_or_else(Cause::hung_up),
            duration_ms: millis(record.duration(now)),
            traffic: record.traffic,
        };
        self.events.push_back(event(&record, kind));
    }

    fn push_history(&mut self, record: HistoryRecord) {
        if self.history.len() >= self.terms.history && !is_planted(Planted::HistoryGrows) {
            self.history.pop_front();
        }
        self.history.push_back(record);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let at = self.records.values().filter_map(|r| r.reap_at).min()?;
        Some(Deadline::new(at, "grace of a failed dial"))
    }

    /// Deletes failed connections whose grace is over.
    pub fn handle_timeout(&mut self, now: Instant) {
        let over = |r: &&Record| r.reap_at.is_some_and(|at| at <= now);
        for handle in self.records.values().filter(over).map(|r| r.handle).collect::<Vec<_>>() {
            self.delete(now, handle);
        }
    }

    /// What to do next.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// What has happened.
    pub fn poll_event(&mut self) -> Option<ConnectionEvent> {
        self.events.pop_front()
    }
}

pub(crate) fn event(record: &Record, kind: EventKind) -> ConnectionEvent {
    ConnectionEvent {
        handle: Some(record.handle),
        entry: record.listed.entry.clone(),
        owner: record.owner,
        sharing: record.sharing,
        subentry: 1,
        kind,
    }
}
