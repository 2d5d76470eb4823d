//! What the manager knows of one connection.

use std::sync::Arc;

use onhook_base::{Duration, Instant};
use onhook_model::{
    Cause, ConnectionReport, ConnectionStatus, Debt, DialRequest, Handle, ListedConnection,
    Projection, RasCode, RasState, Sharing, Traffic,
};

use crate::links::Link;
use crate::manager::Ended;
use crate::owners::Caller;

#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) handle: Handle,
    pub(crate) owner: u32,
    pub(crate) sharing: Sharing,
    /// The talk that dialed it, as long as that lasts.
    pub(crate) dialer: Option<u64>,
    /// What names it, which stays as it was dialed.
    pub(crate) listed: Arc<ListedConnection>,
    pub(crate) by_number: bool,
    pub(crate) phone_number: String,
    pub(crate) state: RasState,
    pub(crate) cause: Option<Cause>,
    /// Why it waits for a person, or to be dialed again.
    pub(crate) paused: Option<Cause>,
    pub(crate) references: u32,
    pub(crate) projection: Projection,
    pub(crate) server: Option<String>,
    pub(crate) local: Option<String>,
    /// Its program says when it has heard of each state, and the dial waits for that.
    pub(crate) is_held: bool,
    /// It is hung up when its program goes before it is up.
    pub(crate) ends_with_program: bool,
    /// What had passed when the statistics were cleared.
    pub(crate) cleared: Traffic,
    pub(crate) traffic: Traffic,
    pub(crate) debts: Vec<Debt>,
    /// Its links, where it has several.
    pub(crate) links: Vec<Link>,
    /// How it ended, while a link of it is still there.
    pub(crate) ended_with: Option<Ended>,
    pub(crate) dialed_at: Instant,
    pub(crate) dialed_wall: u64,
    /// Since when it is up.
    pub(crate) connected_at: Option<Instant>,
    /// How long it was up before, where it was lost and dialed again.
    up_before: Duration,
    /// How long the dial took.
    dial_time: Option<Duration>,
    pub(crate) down_since: Option<Instant>,
    /// Nothing of it is left on the machine; it is kept for its error alone.
    pub(crate) ended_at: Option<Instant>,
    /// When a failed one whose dialer has gone is deleted.
    pub(crate) reap_at: Option<Instant>,
}

impl Record {
    pub(crate) fn new(
        now: Instant,
        wall: u64,
        handle: Handle,
        caller: Caller,
        request: &DialRequest,
    ) -> Self {
        let entry = &request.entry;
        let number = request.options.number.as_deref().unwrap_or_else(|| entry.phone_number());
        let by_number = request.options.by_number || entry.is_by_number();
        let listed = ListedConnection {
            handle,
            entry: if by_number { format!(".{number}") } else { entry.name.clone() },
            device_type: entry.device_type.text().to_owned(),
            device_name: entry.device_name.clone(),
            owner: caller.user,
            subentry: 1,
            book: request.options.book.clone(),
            all_users: request.options.all_users,
            guid: entry.guid.filter(|_| !by_number).unwrap_or_default(),
        };
        Self {
            handle,
            owner: caller.user,
            sharing: entry.sharing.unwrap_or_default(),
            dialer: Some(caller.session),
            listed: Arc::new(listed),
            by_number,
            phone_number: number.to_owned(),
            state: RasState::OpenPort,
            cause: None,
            paused: None,
            references: 1,
            projection: Projection::default(),
            server: None,
            local: None,
            is_held: request.options.held_states,
            ends_with_program: request.options.ends_with_program,
            cleared: Traffic::default(),
            traffic: Traffic::default(),
            debts: Vec::new(),
            links: Vec::new(),
            ended_with: None,
            dialed_at: now,
            dialed_wall: wall,
            connected_at: None,
            up_before: Duration::ZERO,
            dial_time: None,
            down_since: None,
            ended_at: None,
            reap_at: None,
        }
    }

    /// Hanging up: the last reference was given back.
    pub(crate) const fn is_hanging_up(&self) -> bool {
        self.references == 0
    }

    /// Its program has gone in the midst of the dial, and it was not to go on without it.
    pub(crate) fn is_abandoned(&self) -> bool {
        let was_up = self.dial_time().is_some();
        let is_ending = self.is_hanging_up() || self.cause.is_some() || self.ended_at.is_some();
        self.ends_with_program && self.dialer.is_none() && !was_up && !is_ending
    }

    pub(crate) fn is_same_entry(&self, owner: u32, name: &str) -> bool {
        self.owner == owner
            && !self.by_number
            && !self.is_hanging_up()
            && self.cause.is_none()
            && self.listed.entry.to_lowercase() == name.to_lowercase()
    }

    pub(crate) fn failure(&self) -> Option<&Cause> {
        self.cause.as_ref().filter(|cause| !cause.is_wanted())
    }

    /// It passes into a state. Returns why it was lost when it was up, and is dialed again from now on.
    pub(crate) fn enter(&mut self, now: Instant, state: RasState) -> Option<Cause> {
        let was = std::mem::replace(&mut self.state, state);
        if state == RasState::Connected {
            self.connected_at = Some(now);
            self.dial_time.get_or_insert(now.since(self.dialed_at));
        }
        let is_lost = was == RasState::Connected && state == RasState::OpenPort;
        if !is_lost {
            return None;
        }
        let up = self.connected_at.take().map_or(Duration::ZERO, |at| now.since(at));
        self.up_before += up;
        self.paused.clone().or_else(|| Some(Cause::new(RasCode::LINK_FAILURE, "")))
    }

    /// How long it is or was up, in all.
    pub(crate) fn duration(&self, now: Instant) -> Duration {
        let up = match self.connected_at {
            Some(at) => self.down_since.unwrap_or(now).since(at),
            None => Duration::ZERO,
        };
        self.up_before + up
    }

    /// How long it took until it was up first.
    pub(crate) const fn dial_time(&self) -> Option<Duration> {
        self.dial_time
    }

    /// What a program is told of its state.
    fn told_state(&self) -> RasState {
        if self.is_hanging_up() { RasState::Disconnected } else { self.state }
    }

    /// Why it failed, is paused, or waits to be dialed again.
    fn told_cause(&self) -> Option<&Cause> {
        // It waits in OpenPort only for that.
        let waits = self.state.is_paused() || self.state == RasState::OpenPort;
        let paused = self.paused.as_ref().filter(|_| waits);
        self.failure().or(paused)
    }

    pub(crate) fn status(&self) -> ConnectionStatus {
        ConnectionStatus {
            device_type: self.listed.device_type.clone(),
            device_name: self.listed.device_name.clone(),
            phone_number: self.phone_number.clone(),
            state: self.told_state(),
            error: self.told_cause().map_or(RasCode::SUCCESS, Cause::code),
            hanging_up: self.is_hanging_up(),
            local_address: self.local.clone(),
            server_address: self.server.clone(),
        }
    }

    pub(crate) fn report(&self, now: Instant) -> ConnectionReport {
        let failure = self.told_cause();
        let ListedConnection {
            handle,
            entry,
            device_type,
            device_name,
            owner,
            subentry,
            book,
            all_users,
            guid,
        } = ListedConnection::clone(&self.listed);
        ConnectionReport {
            handle,
            entry,
            device_type,
            device_name,
            phone_number: self.phone_number.clone(),
            state: self.told_state(),
            error: failure.map_or(RasCode::SUCCESS, Cause::code),
            error_text: failure.map(|c| c.text().to_owned()).unwrap_or_default(),
            references: self.references,
            owner,
            sharing: self.sharing,
            hanging_up: self.is_hanging_up(),
            projection: (self.projection != Projection::default()).then(|| self.projection.clone()),
            server_address: self.server.clone(),
            duration_ms: millis(self.duration(now)),
            dial_ms: self.dial_time().map(millis),
            traffic: self.traffic,
            debts: self.debts.clone(),
            subentry,
            links: self.link_reports(),
            book,
            all_users,
            guid,
            local_address: self.local.clone(),
            cleared: self.cleared,
        }
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
