//! What callers are told.

use serde::{Deserialize, Serialize};

use crate::{Cause, Handle, Projection, RasCode, RasError, RasState, Sharing};

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

impl Traffic {
    /// What has passed since there was as much as this.
    #[must_use]
    pub const fn since(self, before: Self) -> Self {
        Self {
            bytes_out: self.bytes_out.saturating_sub(before.bytes_out),
            bytes_in: self.bytes_in.saturating_sub(before.bytes_in),
            packets_out: self.packets_out.saturating_sub(before.packets_out),
            packets_in: self.packets_in.saturating_sub(before.packets_in),
        }
    }
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
    /// Zero, or why it failed; in a paused state what it waits after, and in OpenPort, where a line that was
    /// lost waits to be dialed again, why it was lost.
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
    /// Milliseconds for which it has been Connected, in all.
    pub duration_ms: u64,
    /// Milliseconds that the dial took, once connected.
    pub dial_ms: Option<u64>,
    /// Network traffic.
    pub traffic: Traffic,
    /// What is still owed.
    pub debts: Vec<Debt>,
    /// Which of several links this tells of, counted from 1; 1 for the whole (dwSubEntry).
    #[serde(default = "first")]
    pub subentry: u32,
    /// The links, where it has several.
    #[serde(default)]
    pub links: Vec<LinkReport>,
    /// The path of the phone book that its entry stands in, as the program said that dialed it.
    #[serde(default)]
    pub book: Option<String>,
    /// The entry is of the book of all users.
    #[serde(default)]
    pub all_users: bool,
    /// The entry's GUID, as it stands in the book; zero without one.
    #[serde(default)]
    pub guid: [u8; 16],
    /// Our end of the way to the server, once there is one.
    #[serde(default)]
    pub local_address: Option<String>,
    /// What had passed when its statistics were cleared.
    #[serde(default)]
    pub cleared: Traffic,
}

impl ConnectionReport {
    /// The handle of one of its links, which are counted from 1 (RasGetSubEntryHandle). A connection of
    /// one link has one: itself.
    ///
    /// # Errors
    /// 87 for number 0, 259 for one behind the last, 618 when that link is not connected.
    pub fn subentry_handle(&self, number: u32) -> Result<Handle, RasError> {
        let index = number.checked_sub(1).ok_or(RasCode::INVALID_PARAMETER)?;
        if self.links.is_empty() && index == 0 {
            let is_up = self.state == RasState::Connected && !self.hanging_up;
            return if is_up { Ok(self.handle) } else { Err(RasCode::PORT_NOT_OPEN.into()) };
        }
        let link = usize::try_from(index).ok().and_then(|index| self.links.get(index));
        let link = link.ok_or(RasCode::NO_MORE_ITEMS)?;
        let connected = link.handle.filter(|_| link.state == RasState::SubEntryConnected);
        connected.ok_or_else(|| RasCode::PORT_NOT_OPEN.into())
    }
}

impl ConnectionReport {
    /// What the network gave, once all of it is known (RasGetProjectionInfo).
    ///
    /// # Errors
    /// 730 before, and afterwards.
    pub fn projected(&self) -> Result<Projection, RasError> {
        // The last is that of one link of several, whose projection is the whole's.
        let is_there = matches!(
            self.state,
            RasState::Projected
                | RasState::ApplySettings
                | RasState::Connected
                | RasState::SubEntryConnected
        );
        let given = self.projection.clone().filter(|_| is_there);
        given.ok_or_else(|| RasCode::PROJECTION_NOT_COMPLETE.into())
    }
}

/// One of several links of a connection (a subentry).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkReport {
    /// Its number, counted from 1.
    pub subentry: u32,
    /// Its handle, as long as anything of it is there.
    pub handle: Option<Handle>,
    /// RASDT text.
    pub device_type: String,
    /// The device's name.
    pub device_name: String,
    /// The number that was dialed.
    pub phone_number: String,
    /// Its present state: SubEntryConnected when it carries packets.
    pub state: RasState,
    /// Zero, or why it failed.
    pub error: RasCode,
    /// Zero, or what happened in words.
    pub error_text: String,
    /// What the device says of the call.
    pub line: Option<String>,
    /// The server's address, once it is known.
    pub server_address: Option<String>,
    /// What has passed over it: frames, and their octets.
    pub traffic: Traffic,
    /// What had passed when its statistics were cleared.
    #[serde(default)]
    pub cleared: Traffic,
}

/// The number of the first link.
pub(crate) const fn first() -> u32 {
    1
}

/// What kind of event it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A dial passed into a state.
    State(StateReport),
    /// The line was lost, and is dialed again under the same handle; the states of that dial follow.
    Lost {
        /// Why it was lost.
        cause: Cause,
    },
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
    /// Which of several links it happened to, counted from 1; 1 for the whole (dwSubEntry).
    #[serde(default = "first")]
    pub subentry: u32,
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
