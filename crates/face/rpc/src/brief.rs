//! What `Status` and `List` take and give when they are asked to be brief: the few members that programs ask
//! for again and again.
//!
//! Each reply is the long one with members left out, so that whoever asks for the brief one can read what a
//! manager answers that knows only the other.

use onhook_model::{ConnectionStatus, Handle, ListedConnection};
use serde::{Deserialize, Serialize};

/// Of `Status`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct StatusOf {
    /// The connection.
    pub handle: Handle,
    /// Its state is wanted, and no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub brief: bool,
}

/// What a brief `Status` gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BriefConnection {
    /// The connection.
    pub connection: ConnectionStatus,
}

/// Of `List`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ListOf {
    /// What names each connection is wanted, and no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub brief: bool,
    /// The edition of the list that the caller has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
}

/// What a brief `List` gives.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct BriefConnections {
    /// What this list is called; `None` for one that is asked for anew each time.
    #[serde(default)]
    pub edition: Option<String>,
    /// It is the one that the caller has, and not sent again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
    /// All that the caller may see, oldest first; none where it is unchanged.
    pub connections: Vec<ListedConnection>,
}
