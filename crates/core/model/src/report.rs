//! What callers are told.

use serde::{Deserialize, Serialize};

use crate::{Cause, Handle, Projection, RasCode, RasState, Sharing};

/// Octets and packets of a connection's network traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Octets of IP packets sent.
    pub bytes_out: u64,
    /// Octets of IP packets received.
    pub bytes_in: u64,
    /// IP packets sent.
    pub packets_out: u64,
    /// IP packets received.
    pub packets_in: u64,
}

/// One state of a dial as it is announced (RASCONNSTATE with its error).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateReport {
    /// The state that was entered, or in which the error arose.
    pub state: RasState,
    /// Zero, or why the dial failed in this state.
    pub error: RasCode,
    /// What happened, for people; empty when all is well.
    pub text: String,
}

/// Something that could not be undone, kept and tried again, never silent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debt {
    /// What is still to be undone.
    pub deed: String,
    /// Why it could not be.
    pub why: String,
}

/// Everything that a listing or a status query tells of one connection (RASCONN and RASCONNSTATUS).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionReport {
    /// Its handle.
    pub handle: Handle,
    /// The phone-book entry's name, or `.` and the number that was dialed without an entry.
    pub entry: String,
    /// RASDT text ("vpn").
    pub device_type: String,
    /// The device's name ("SSTP").
    pub device_name: String,
    /// The number, host name or address that was really dialed.
    pub phone_number: String,
    /// The present state.
    pub state: RasState,
    /// Zero, or why it failed.
    pub error: RasCode,
    /// Zero, or what happened in words.
    pub error_text: String,
    /// How many dials hold it.
    pub references: u32,
    /// The user who dialed (a numeric user id).
    pub owner: u32,
    /// What other users may do with it.
    #[serde(default)]
    pub sharing: Sharing,
    /// Hanging up: the last reference was given back.
    pub hanging_up: bool,
    /// What the network gave, from Projected on.
    pub projection: Option<Projection>,
    /// The server's address, once it is known.
    pub server_address: Option<String>,
    /// Milliseconds since Connected.
    pub duration_ms: u64,
    /// Milliseconds that the dial took, once connected.
    pub dial_ms: Option<u64>,
    /// Network traffic.
    pub traffic: Traffic,
    /// What is still owed.
    pub debts: Vec<Debt>,
}

/// What kind of event it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A dial passed into a state.
    State(StateReport),
    /// The connection is deleted: its handle is invalid from now on.
    Gone {
        /// Why it ended.
        cause: Cause,
        /// Milliseconds between Connected and its end; zero when it never was.
        duration_ms: u64,
        /// Network traffic.
        traffic: Traffic,
    },
    /// The listener was too slow: so many events were left out before this one.
    Missed {
        /// How many.
        events: u64,
    },
}

/// One event of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionEvent {
    /// Whose; `None` only for [`EventKind::Missed`].
    pub handle: Option<Handle>,
    /// The entry's name, as in the listing.
    pub entry: String,
    /// The user who dialed.
    pub owner: u32,
    /// What other users may do with it; decides who is told, and does not travel.
    #[serde(skip)]
    pub sharing: Sharing,
    /// What happened.
    pub kind: EventKind,
}

/// A connection that has ended, as remembered by `onhook history`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// The handle that it had.
    pub handle: Handle,
    /// The entry's name, as in the listing.
    pub entry: String,
    /// RASDT text.
    pub device_type: String,
    /// The device's name.
    pub device_name: String,
    /// The user who dialed.
    pub owner: u32,
    /// What other users might do with it.
    #[serde(default)]
    pub sharing: Sharing,
    /// Why it ended.
    pub cause: Cause,
    /// Seconds since 1970 when it was dialed; told by the runtime, for people only.
    pub dialed_at: u64,
    /// Milliseconds from the dial to Connected; `None` when it never was.
    pub dial_ms: Option<u64>,
    /// Milliseconds between Connected and its end.
    pub duration_ms: u64,
    /// Milliseconds from the hang-up (or the failure) to the end of everything.
    pub hang_up_ms: u64,
    /// Network traffic.
    pub traffic: Traffic,
}
