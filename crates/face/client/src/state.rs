//! What a dial is told to have come to.

use onhook_model::{
    Cause, ConnectionEvent, ConnectionReport, EventKind, Handle, HistoryRecord, RasCode, RasError,
    RasState, StateReport,
};

/// What has become of a dial: what RASDIALFUNC2 is told, sorted by what is to be done about it.
///
/// `subentry` says which of several links it happened to, counted from 1; a connection of one link has 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The dial has come to this state, and the manager goes on by itself.
    Running {
        /// The state.
        state: RasState,
        /// The link.
        subentry: u32,
        /// What has happened, for people: why one of several attempts has failed. Empty when all is well.
        text: String,
    },
    /// The dial waits for the person, who lets it go on ([`Connection::resume`](crate::Connection::resume)) or
    /// hangs up. Only where [`paused_states`](crate::DialOptions::paused_states) were asked for.
    Paused {
        /// What it waits for.
        state: RasState,
        /// The link.
        subentry: u32,
        /// Why, for people; may be empty.
        text: String,
    },
    /// One of several links is gone, or did not come to be; the others may do.
    LinkLost {
        /// The link.
        subentry: u32,
        /// Why; `None` where it was hung up.
        error: Option<RasError>,
    },
    /// It is up, and belongs to the manager from now on. The last one of a dial.
    Connected,
    /// The dial has failed in this state. The handle is valid until it is hung up. The last one of a dial.
    Failed {
        /// Where it was when it failed.
        state: RasState,
        /// The link.
        subentry: u32,
        /// Why.
        error: RasError,
    },
    /// The handle is invalid: nothing is left of it. The last one of a dial that somebody hung up.
    Gone {
        /// Why it ended.
        cause: Cause,
    },
}

impl State {
    /// As RAS numbers it; a connection that is gone is [`RasState::Disconnected`].
    pub const fn state(&self) -> RasState {
        match self {
            Self::Running { state, .. }
            | Self::Paused { state, .. }
            | Self::Failed { state, .. } => *state,
            Self::LinkLost { .. } => RasState::SubEntryDisconnected,
            Self::Connected => RasState::Connected,
            Self::Gone { .. } => RasState::Disconnected,
        }
    }

    /// The link that it happened to, counted from 1.
    pub const fn subentry(&self) -> u32 {
        match self {
            Self::Running { subentry, .. }
            | Self::Paused { subentry, .. }
            | Self::LinkLost { subentry, .. }
            | Self::Failed { subentry, .. } => *subentry,
            Self::Connected | Self::Gone { .. } => 1,
        }
    }

    /// What went wrong, if anything: also why it is gone.
    pub fn error(&self) -> Option<RasError> {
        match self {
            Self::LinkLost { error, .. } => error.clone(),
            Self::Failed { error, .. } => Some(error.clone()),
            Self::Gone { cause } => Some(RasError::new(cause.code(), cause.text())),
            Self::Running { .. } | Self::Paused { .. } | Self::Connected => None,
        }
    }

    /// The same as RAS tells it: state, error and words.
    pub fn report(&self) -> StateReport {
        let state = self.state();
        match (self.error(), self) {
            (Some(RasError { code: error, text }), _) => StateReport { state, error, text },
            (None, Self::Running { text, .. } | Self::Paused { text, .. }) => {
                StateReport { state, error: RasCode::SUCCESS, text: text.clone() }
            }
            (None, _) => StateReport { state, error: RasCode::SUCCESS, text: String::new() },
        }
    }

    /// Whether it is the last one of a dial.
    pub const fn is_last(&self) -> bool {
        matches!(self, Self::Connected | Self::Failed { .. } | Self::Gone { .. })
    }

    /// What an event says; `None` where only a status query tells: others were missed, or the line was lost and
    /// is dialed again.
    pub(crate) fn of_event(event: ConnectionEvent) -> Option<Self> {
        let subentry = event.subentry;
        let report = match event.kind {
            EventKind::State(report) => report,
            EventKind::Gone { cause, .. } => return Some(Self::Gone { cause }),
            EventKind::Lost { .. } | EventKind::Missed { .. } => return None,
        };
        let StateReport { state, error: code, text } = report;
        Some(match (state, code.is_success()) {
            (RasState::SubEntryDisconnected, true) => Self::LinkLost { subentry, error: None },
            (RasState::SubEntryDisconnected, false) => {
                Self::LinkLost { subentry, error: Some(RasError { code, text }) }
            }
            (_, false) => Self::Failed { state, subentry, error: RasError { code, text } },
            (RasState::Connected, true) => Self::Connected,
            (_, true) if state.is_paused() => Self::Paused { state, subentry, text },
            (_, true) => Self::Running { state, subentry, text },
        })
    }

    /// What a status query says. The error that it tells of a paused dial is what the dial is paused for.
    pub(crate) fn of_report(report: ConnectionReport) -> Self {
        let (state, subentry, text) = (report.state, report.subentry, report.error_text);
        match state {
            _ if report.hanging_up => Self::Running { state, subentry, text },
            _ if state.is_paused() => Self::Paused { state, subentry, text },
            // A lost line that is dialed again; the error is why it was lost.
            RasState::OpenPort => Self::Running { state, subentry, text },
            _ if !report.error.is_success() => {
                Self::Failed { state, subentry, error: RasError::new(report.error, text) }
            }
            // The other one is a link's that is asked about by its own handle.
            RasState::Connected | RasState::SubEntryConnected => Self::Connected,
            _ => Self::Running { state, subentry, text },
        }
    }
}

/// What a hang-up came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HungUp {
    /// The handle is invalid: nothing of the connection is left.
    Gone,
    /// Others have dialed it as well, and it stays up for them.
    Shared {
        /// How many references are left.
        references: u32,
    },
}

/// Why a connection has ended that is not there any more, as long as the manager remembers it; else that its
/// handle is invalid.
pub(crate) fn cause_of(handle: Handle, history: Vec<HistoryRecord>) -> Cause {
    let ours = history.into_iter().rev().find(|one| one.handle == handle);
    ours.map_or_else(|| Cause::new(RasCode::INVALID_HANDLE, ""), |one| one.cause)
}

/// What the last state of a dial comes to: nothing, where it is up.
pub(crate) fn is_connected(last: Option<&Result<State, RasError>>) -> Result<(), RasError> {
    match last {
        Some(Ok(last)) => last.error().map_or(Ok(()), Err),
        Some(Err(error)) => Err(error.clone()),
        None => Err(RasCode::INVALID_HANDLE.into()),
    }
}

/// The handle is invalid, or its last reference was given back before.
pub(crate) fn is_gone(error: &RasError) -> bool {
    error.code == RasCode::NO_CONNECTION || error.code == RasCode::INVALID_HANDLE
}

/// The answer where a dial is asked for whose manager has ended.
pub(crate) fn manager_ended() -> RasError {
    RasError::new(RasCode::SERVICE_NOT_ACTIVE, "the manager ended while dialing")
}

#[cfg(test)]
mod tests {
    use onhook_model::{Handle, Sharing};

    use super::*;

    fn of(subentry: u32, kind: EventKind) -> Option<State> {
        let event = ConnectionEvent {
            handle: Handle::new(1),
            entry: "office".to_owned(),
            owner: 0,
            sharing: Sharing::default(),
            subentry,
            kind,
        };
        State::of_event(event)
    }

    #[test]
    fn an_event_is_the_state_that_its_numbers_say_and_tells_them_again() {
        let text = || "the other address".to_owned();
        let lost = RasState::SubEntryDisconnected;
        let refused = RasCode::AUTHENTICATION_FAILURE;
        let error = RasError::new(refused, text());
        let retry = RasState::RetryAuthentication;
        let cases = [
            (
                RasState::ConnectDevice,
                RasCode::SUCCESS,
                State::Running { state: RasState::ConnectDevice, subentry: 2, text: text() },
            ),
            (retry, RasCode::SUCCESS, State::Paused { state: retry, subentry: 2, text: text() }),
            (lost, refused, State::LinkLost { subentry: 2, error: Some(error.clone()) }),
            // An error is the end, whatever state it arose in, and the state is told once more.
            (
                RasState::Authenticate,
                refused,
                State::Failed { state: RasState::Authenticate, subentry: 2, error: error.clone() },
            ),
            (
                RasState::Connected,
                refused,
                State::Failed { state: RasState::Connected, subentry: 2, error },
            ),
        ];
        for (state, error, expected) in cases {
            let report = StateReport { state, error, text: text() };
            let told = of(2, EventKind::State(report.clone())).unwrap();
            assert_eq!(told, expected);
            assert_eq!((told.report(), told.subentry()), (report, 2));
            assert_eq!(told.is_last(), matches!(expected, State::Failed { .. }));
        }
        let well = |state| StateReport { state, error: RasCode::SUCCESS, text: String::new() };
        let told = of(1, EventKind::State(well(RasState::Connected)));
        assert_eq!(told, Some(State::Connected));
        assert_eq!(told.map(|t| t.report()), Some(well(RasState::Connected)));
        let told = of(3, EventKind::State(well(lost)));
        assert_eq!(told, Some(State::LinkLost { subentry: 3, error: None }), "it was hung up");
        assert_eq!(of(1, EventKind::Missed { events: 3 }), None, "it is to be asked for");
    }

    /// What a status query tells of this state, with this error.
    fn asked(state: RasState, error: RasCode) -> State {
        let none =
            serde_json::json!({"bytes_in": 0, "bytes_out": 0, "packets_in": 0, "packets_out": 0});
        let report = serde_json::json!({
            "handle": Handle::new(1), "entry": "office", "device_type": "vpn", "device_name": "SSTP",
            "phone_number": "vpn.example.net", "state": state, "error": error,
            "error_text": "the cable", "references": 1, "owner": 0, "hanging_up": false,
            "projection": null, "server_address": null, "duration_ms": 0, "dial_ms": null,
            "traffic": none, "debts": [],
        });
        State::of_report(serde_json::from_value(report).unwrap())
    }

    #[test]
    fn a_line_that_waits_to_be_dialed_again_has_not_failed() {
        let lost = RasCode::LINK_FAILURE;
        let waits = asked(RasState::OpenPort, lost);
        assert!(matches!(&waits, State::Running { text, .. } if text == "the cable"), "{waits:?}");
        assert!(!waits.is_last());
        assert_eq!(asked(RasState::Connected, RasCode::SUCCESS), State::Connected);
        let failed = asked(RasState::Disconnected, lost);
        assert_eq!(failed.error(), Some(RasError::new(lost, "the cable")));
        assert!(matches!(failed, State::Failed { .. }) && failed.is_last());
    }
}
