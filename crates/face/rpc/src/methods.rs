//! What the methods of both interfaces take and give, as whoever calls writes it and whoever serves reads it.
//!
//! Names of members are those of the interface's definition. A secret is written straight from where it lies,
//! so that no copy of it is made that would not be wiped; and it is never read with the rest: who serves takes
//! it out of the parameters before it reads them.
//!
//! ```
//! use onhook_rpc::methods::ByHandle;
//!
//! let asked: ByHandle = serde_json::from_str(r#"{"handle":"0x2a"}"#)?;
//! assert_eq!(asked.handle.number(), 42);
//! assert_eq!(serde_json::to_string(&asked)?, r#"{"handle":"0x2a"}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::borrow::Cow;

use onhook_model::{
    CallReport, ConnectionEvent, ConnectionReport, Credentials, DialRequest, Handle, HistoryRecord,
    ListedDevice, RasCode, RasError, Resumption,
};
use serde::{Deserialize, Serialize};

/// Of a method that takes nothing, or has nothing to say but that it was done.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Nothing {}

/// Of `Dial`. What it gives is [`onhook_model::Dialed`].
#[derive(Serialize, Deserialize)]
pub struct Dial<'a> {
    /// The entry, and what is asked beside it.
    pub request: Cow<'a, DialRequest>,
    /// The user's name.
    pub user: Option<Cow<'a, str>>,
    /// The domain.
    pub domain: Option<Cow<'a, str>>,
    /// The user's certificate, and what lies between it and the root, as PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Cow<'a, str>>,
    /// Which of the descriptors beside the message takes what is captured.
    pub capture: Option<usize>,
    /// Who serves takes it out before.
    #[serde(skip_deserializing)]
    password: &'a str,
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    tunnel_secret: Option<&'a str>,
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

impl<'a> Dial<'a> {
    /// What a caller says. `capture`: the first descriptor beside the message takes what is captured.
    pub fn new(request: &'a DialRequest, credentials: &'a Credentials, capture: bool) -> Self {
        let certificate = credentials.certificate.as_ref();
        let tunnel_secret = credentials.tunnel_secret.as_ref();
        Self {
            request: Cow::Borrowed(request),
            user: Some(Cow::Borrowed(&credentials.user)),
            domain: Some(Cow::Borrowed(&credentials.domain)),
            certificate: certificate.map(|c| Cow::Borrowed(c.chain.as_str())),
            capture: capture.then_some(0),
            password: credentials.password.expose(),
            tunnel_secret: tunnel_secret.map(|secret| secret.expose().as_str()),
            key: certificate.map(|c| c.key.expose().as_str()),
        }
    }
}

/// Of `Resume`.
#[derive(Serialize, Deserialize)]
pub struct Resume<'a> {
    /// The dial that is paused.
    pub handle: Handle,
    /// The user's name, when it is another one.
    pub user: Option<Cow<'a, str>>,
    /// The domain, when it is another one.
    pub domain: Option<Cow<'a, str>>,
    /// Where to be called back.
    pub callback_number: Option<Cow<'a, str>>,
    /// Who serves takes it out before.
    #[serde(skip_deserializing)]
    password: Option<&'a str>,
}

impl<'a> Resume<'a> {
    /// What a caller says.
    pub fn new(handle: Handle, given: &'a Resumption) -> Self {
        Self {
            handle,
            user: given.user.as_deref().map(Cow::Borrowed),
            domain: given.domain.as_deref().map(Cow::Borrowed),
            callback_number: given.callback_number.as_deref().map(Cow::Borrowed),
            password: given.password.as_ref().map(|password| password.expose().as_str()),
        }
    }
}

/// Of `HangUp`, `Status` and `WaitGone`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ByHandle {
    /// The connection.
    pub handle: Handle,
}

/// Of `Watch`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct MayHandle {
    /// The connection; `None` for all that the caller may see.
    #[serde(default)]
    pub handle: Option<Handle>,
}

/// Of `ClearStatistics`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ByLink {
    /// The connection.
    pub handle: Handle,
    /// One of its links, counted from 1; `None` for the whole.
    pub subentry: Option<u32>,
}

/// Of `Proceed`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Heard {
    /// The connection.
    pub handle: Handle,
    /// How many of its states were heard.
    pub states: u64,
}

/// Of `AttachTun`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attach<'a> {
    /// The connection.
    pub handle: Handle,
    /// The interface's name.
    pub name: Cow<'a, str>,
    /// Its MTU in octets.
    pub mtu: u16,
    /// Each packet carries the kernel's offload header.
    pub offload_header: bool,
    /// The first local port that the program's connections use.
    pub first_port: u16,
    /// The last one.
    pub last_port: u16,
    /// Which of the descriptors beside the message is the interface's.
    pub fd: usize,
}

/// What `Status` gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OneConnection {
    /// The connection.
    pub connection: ConnectionReport,
}

/// What `List` gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connections {
    /// All that the caller may see.
    pub connections: Vec<ConnectionReport>,
}

/// What `Devices` gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Devices {
    /// What can be dialed with.
    pub devices: Vec<ListedDevice>,
}

/// What `History` gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Records {
    /// Connections that have ended, oldest first.
    pub records: Vec<HistoryRecord>,
}

/// What `Watch` gives, again and again; written from a reference to the event as well.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event<E = ConnectionEvent> {
    /// What happened; `None` in the first reply, which says that the watch has begun.
    pub event: Option<E>,
}

/// What `Sessions` of an answering server gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sessions {
    /// Every call that it has.
    pub sessions: Vec<CallReport>,
}

/// Of `Disconnect` of an answering server: the one or the other.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disconnect {
    /// The call of this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// All calls of this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// What `Disconnect` gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ended {
    /// The numbers of the calls that have ended.
    pub calls: Vec<u64>,
}

/// The error `Failed` of both interfaces.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failed {
    /// RAS's number.
    pub code: u32,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// What the number says.
    #[serde(default)]
    pub message: String,
    /// What happened in this case.
    #[serde(default)]
    pub text: String,
}

impl From<&RasError> for Failed {
    fn from(error: &RasError) -> Self {
        Self {
            code: error.code.number(),
            name: error.code.name().unwrap_or("unknown").to_owned(),
            message: error.code.sentence().to_owned(),
            text: error.text.clone(),
        }
    }
}

impl From<Failed> for RasError {
    fn from(failed: Failed) -> Self {
        Self::new(RasCode::from_number(failed.code), failed.text)
    }
}
