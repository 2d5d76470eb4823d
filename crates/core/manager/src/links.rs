//! The links of a connection that has several (subentries): each has a handle of its own.
//!
//! A link's handle can be asked about and hung up; it is invalid as soon as nothing of the link is left.
//! The connection goes on with the others, and ends with the last.

use onhook_base::Instant;
use onhook_model::{
    Cause, ConnectionReport, DialRequest, EventKind, Handle, LinkReport, RasCode, RasError,
    RasState, StateReport, Traffic,
};

use crate::manager::{Command, Ended, Manager, Progress, event};
use crate::owners::Caller;
use crate::record::Record;

/// What the manager knows of one link.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) handle: Handle,
    device_type: String,
    device_name: String,
    phone_number: String,
    state: RasState,
    cause: Option<Cause>,
    line: Option<String>,
    server: Option<String>,
    traffic: Traffic,
    cleared: Traffic,
    hanging_up: bool,
    pub(crate) ended: bool,
}

impl Link {
    /// One for each link that a dial may have; none where that is one alone. Those that it does not begin have
    /// a handle that is invalid.
    pub(crate) fn all(
        request: &DialRequest,
        mut give: impl FnMut() -> Option<Handle>,
    ) -> Vec<Self> {
        let (count, begun) = (request.entry.links(), request.entry.links_to_dial());
        let entries = (0..count).filter_map(|index| request.entry.of_link(index));
        let links = entries.filter(|_| count > 1).enumerate().map_while(|(index, entry)| {
            let state = RasState::OpenPort;
            Some(Self {
                handle: give()?,
                device_type: entry.device_type.text().to_owned(),
                phone_number: entry.phone_number().to_owned(),
                device_name: entry.device_name,
                state,
                cause: None,
                line: None,
                server: None,
                traffic: Traffic::default(),
                cleared: Traffic::default(),
                hanging_up: false,
                ended: index >= begun,
            })
        });
        links.collect()
    }

    /// It is dialed, or dialed again.
    fn begin(&mut self, handle: Handle) {
        self.handle = handle;
        self.state = RasState::OpenPort;
        (self.cause, self.line, self.server) = (None, None, None);
        (self.traffic, self.cleared) = (Traffic::default(), Traffic::default());
        (self.hanging_up, self.ended) = (false, false);
    }

    pub(crate) fn report(&self, subentry: u32) -> LinkReport {
        let failure = self.cause.as_ref().filter(|cause| !cause.is_wanted());
        LinkReport {
            subentry,
            handle: (!self.ended).then_some(self.handle),
            device_type: self.device_type.clone(),
            device_name: self.device_name.clone(),
            phone_number: self.phone_number.clone(),
            state: if self.ended || self.hanging_up { RasState::Disconnected } else { self.state },
            error: failure.map_or(RasCode::SUCCESS, Cause::code),
            error_text: failure.map(|cause| cause.text().to_owned()).unwrap_or_default(),
            line: self.line.clone(),
            server_address: self.server.clone(),
            traffic: self.traffic,
            cleared: self.cleared,
        }
    }
}

/// The number of a link, as people and programs count them.
pub(crate) fn subentry(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1)
}

impl Manager {
    /// A link, counted from zero, of a connection that goes on is dialed, or dialed again: its handle, which is a
    /// new one. `None` when the connection is ending, when the link is there, and when no number for a handle is
    /// left.
    pub fn begin_link(&mut self, whole: Handle, index: usize) -> Option<Handle> {
        let record = self.records.get_mut(&whole)?;
        if record.is_hanging_up() || record.cause.is_some() {
            return None;
        }
        let link = record.links.get_mut(index).filter(|link| link.ended)?;
        let (before, handle) = (link.handle, self.handles.give()?);
        link.begin(handle);
        self.wholes.remove(&before);
        self.wholes.insert(handle, whole);
        Some(handle)
    }

    /// A link has passed into a state, or failed in one.
    pub fn link_report(&mut self, handle: Handle, report: StateReport) {
        let Some((record, index)) = self.of_link(handle) else { return };
        let Some(link) = record.links.get_mut(index) else { return };
        if !report.error.is_success() {
            link.cause.get_or_insert_with(|| Cause::new(report.error, report.text));
            return; // said when nothing of it is left; the others may do
        }
        if report.state == RasState::Disconnected {
            return; // as above
        }
        if link.state == RasState::SubEntryConnected && report.state == link.state {
            return; // said when it was taken
        }
        link.state = report.state;
        // What is above tells the rest, once for all links.
        record.state = record.state.max(report.state.min(RasState::Authenticated));
        let mut told = event(record, EventKind::State(report));
        told.subentry = subentry(index);
        self.events.push_back(told);
    }

    /// A link, counted from zero, was taken by what is above it. Said before what is above goes on, so that
    /// nobody hears of the whole first; the link's own word comes later and tells nothing new.
    pub fn link_joined(&mut self, whole: Handle, index: usize) {
        let Some(record) = self.records.get(&whole) else { return };
        let Some(link) = record.links.get(index) else { return };
        if link.ended || link.hanging_up || link.cause.is_some() {
            return;
        }
        let (handle, state) = (link.handle, RasState::SubEntryConnected);
        self.link_report(
            handle,
            StateReport { state, error: RasCode::SUCCESS, text: String::new() },
        );
    }

    /// A link knows more than before.
    pub fn link_progress(&mut self, handle: Handle, progress: Progress) {
        let Some((record, index)) = self.of_link(handle) else { return };
        let Some(link) = record.links.get_mut(index) else { return };
        link.line = progress.projection.line;
        link.server = progress.server;
    }

    /// A link's traffic so far, in frames.
    pub fn link_traffic(&mut self, handle: Handle, traffic: Traffic) {
        let Some((record, index)) = self.of_link(handle) else { return };
        if let Some(link) = record.links.get_mut(index) {
            link.traffic = traffic;
        }
    }

    /// A link has ended, and nothing of it is left on the machine but what is owed: its handle is invalid
    /// from now on.
    pub fn link_ended(&mut self, now: Instant, handle: Handle, ended: Ended) {
        let Some((record, index)) = self.of_link(handle) else { return };
        let Some(link) = record.links.get_mut(index).filter(|link| !link.ended) else { return };
        link.ended = true;
        link.traffic = ended.traffic;
        let cause = link.cause.get_or_insert(ended.cause).clone();
        record.debts.extend(ended.debts);
        let failure = (!cause.is_wanted()).then_some(&cause);
        let report = StateReport {
            state: RasState::SubEntryDisconnected,
            error: failure.map_or(RasCode::SUCCESS, Cause::code),
            text: failure.map(|cause| cause.text().to_owned()).unwrap_or_default(),
        };
        let mut told = event(record, EventKind::State(report));
        told.subentry = subentry(index);
        let (whole, is_last) = (record.handle, record.links.iter().all(|link| link.ended));
        let ended_before = if is_last { record.ended_with.take() } else { None };
        self.events.push_back(told);
        if let Some(ended) = ended_before {
            self.ended(now, whole, ended);
        }
    }

    /// Hangs up a link alone; `None` when the handle is not that of a link.
    pub(crate) fn hang_up_link(
        &mut self,
        caller: Caller,
        handle: Handle,
    ) -> Option<Result<(), RasError>> {
        let (record, index) = self.of_link(handle)?;
        let (owner, sharing) = (record.owner, record.sharing);
        let link = record.links.get_mut(index).filter(|link| !link.ended)?;
        if !caller.may_end(owner, sharing) {
            return Some(Err(RasError::new(RasCode::ACCESS_DENIED, "another user dialed it")));
        }
        if std::mem::replace(&mut link.hanging_up, true) {
            return Some(Err(RasCode::NO_CONNECTION.into()));
        }
        self.commands.push_back(Command::HangUp { handle, cause: Cause::hung_up() });
        Some(Ok(()))
    }

    /// What a status query for a link answers: its own state, and what the network gave to all of them.
    pub(crate) fn link_status(
        &self,
        now: Instant,
        caller: Caller,
        handle: Handle,
    ) -> Option<Result<ConnectionReport, RasError>> {
        let record = self.records.get(self.wholes.get(&handle)?)?;
        let index = record.index_of(handle)?;
        if !caller.may_see(record.owner, record.sharing) {
            return Some(Err(RasError::new(RasCode::ACCESS_DENIED, "another user dialed it")));
        }
        let link = record.links.get(index)?.report(subentry(index));
        Some(Ok(ConnectionReport {
            handle,
            device_type: link.device_type,
            device_name: link.device_name,
            phone_number: link.phone_number,
            state: link.state,
            error: link.error,
            error_text: link.error_text,
            server_address: link.server_address,
            traffic: link.traffic,
            cleared: link.cleared,
            references: u32::from(link.state != RasState::Disconnected),
            hanging_up: link.state == RasState::Disconnected,
            subentry: link.subentry,
            links: Vec::new(),
            ..record.report(now)
        }))
    }

    fn of_link(&mut self, handle: Handle) -> Option<(&mut Record, usize)> {
        let record = self.records.get_mut(self.wholes.get(&handle)?)?;
        let index = record.index_of(handle)?;
        Some((record, index))
    }
}

impl Record {
    /// Which of its links has this handle, and is still there.
    fn index_of(&self, handle: Handle) -> Option<usize> {
        self.links.iter().position(|link| link.handle == handle && !link.ended)
    }

    /// What the network gave, as far as one link tells of it.
    pub(crate) fn link_reports(&self) -> Vec<LinkReport> {
        self.links.iter().enumerate().map(|(at, link)| link.report(subentry(at))).collect()
    }

    /// Whether a link of it is still there.
    /// See [`Manager::clear_statistics`].
    pub(crate) fn clear_statistics(&mut self, subentry: Option<u32>) -> Result<(), RasError> {
        let index = match subentry {
            None => None,
            Some(0) => return Err(RasCode::INVALID_PARAMETER.into()),
            Some(number) => Some(number as usize - 1),
        };
        match index {
            None => self.cleared = self.traffic,
            Some(0) if self.links.is_empty() => self.cleared = self.traffic,
            Some(index) => {
                let link = self.links.get_mut(index).ok_or(RasCode::NO_CONNECTION)?;
                link.cleared = link.traffic;
            }
        }
        Ok(())
    }

    pub(crate) fn has_links(&self) -> bool {
        self.links.iter().any(|link| !link.ended)
    }
}
