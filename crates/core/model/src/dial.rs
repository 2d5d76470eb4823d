//! How a dial is asked for.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::Entry;

/// A local port that leads to a host behind the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardSpec {
    /// Where to listen on this machine.
    pub local: SocketAddr,
    /// The host behind the connection.
    pub host: String,
    /// The port on it.
    pub port: u16,
}

/// What a dialing program may ask beside the entry (RASDIALEXTENSIONS and our own).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DialOptions {
    /// There is no phone-book entry behind this dial: it is listed as `.` and the number.
    pub by_number: bool,
    /// Takes the place of the entry's number (szPhoneNumber).
    pub number: Option<String>,
    /// The number at which the server shall call back, where it lets the caller choose
    /// (szCallbackNumber); counts for modems. `*`: the dial waits for it in
    /// [`RasState::CallbackSetByCaller`](crate::RasState::CallbackSetByCaller). Empty: no callback, unless
    /// the server insists on one to a number of its own. `None`: as the entry says.
    pub callback_number: Option<String>,
    /// Use the user-space network even where an interface could be made.
    pub userspace: bool,
    /// Where to offer SOCKS5 when the user-space network is used; `None` lets the manager choose a
    /// port on loopback.
    pub socks5: Option<SocketAddr>,
    /// Where to offer HTTP CONNECT; `None` lets the manager choose.
    pub http_connect: Option<SocketAddr>,
    /// Local ports that lead to hosts behind the connection (user-space network).
    pub forwards: Vec<ForwardSpec>,
    /// The dial may wait for a person, in one of the paused states (RDEOPT_PausedStates); without it
    /// what would pause it is its end.
    pub paused_states: bool,
    /// The dial goes no further than the states that were told until its program says that it has heard
    /// them, or has gone (a notification handler holds the dial while it runs). Not for several links.
    pub held_states: bool,
    /// The dial is its program's affair until it is up: when the talk that dials ends before that, it is
    /// hung up (a program may end once the state is Connected, RasDial). Without it the dial goes on.
    pub ends_with_program: bool,
    /// The path of the phone book that the entry stands in, as the caller says.
    pub book: Option<String>,
    /// The entry is of the book of all users.
    pub all_users: bool,
}

/// A dial: the entry as the caller has read it, and what it asks beside. Credentials and descriptors
/// travel apart from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialRequest {
    /// The entry's meaning; the manager never opens a file that a caller names.
    pub entry: Entry,
    /// What is asked beside it.
    #[serde(default)]
    pub options: DialOptions,
}

/// What a dial gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialed {
    /// The connection's handle.
    pub handle: crate::Handle,
    /// The entry was connected (or being dialed) already: one more reference was taken.
    pub already: bool,
}

/// A refusal: the RAS number and what happened in this case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}{}{text}", if text.is_empty() { "" } else { ": " })]
pub struct RasError {
    /// The number.
    pub code: crate::RasCode,
    /// What happened, without a secret; may be empty.
    pub text: String,
}

impl RasError {
    /// A refusal with its number and words.
    pub fn new(code: crate::RasCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl From<crate::RasCode> for RasError {
    fn from(code: crate::RasCode) -> Self {
        Self { code, text: String::new() }
    }
}
