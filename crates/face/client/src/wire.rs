//! What is said to a manager and what it answers, as JSON.

use onhook_model::{
    ConnectionEvent, ConnectionReport, Credentials, DialRequest, Handle, HistoryRecord,
    ListedDevice, RasCode, RasError, Resumption,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A call of a method.
#[derive(Serialize)]
pub(crate) struct Call<T> {
    pub(crate) method: String,
    pub(crate) parameters: T,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) more: bool,
}

impl<T> Call<T> {
    /// Of the manager, with one reply.
    pub(crate) fn of_manager(method: &str, parameters: T) -> Self {
        Self { method: format!("org.onhook.Ras.{method}"), parameters, more: false }
    }

    /// With as many replies as there are to be.
    pub(crate) fn with_more(self) -> Self {
        Self { more: true, ..self }
    }
}

/// Written straight from what it borrows: no copy of the password is made that would not be wiped.
#[derive(Serialize)]
pub(crate) struct DialParameters<'a> {
    request: &'a DialRequest,
    user: &'a str,
    domain: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tunnel_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    capture: Option<u32>,
}

impl<'a> DialParameters<'a> {
    /// `capture`: the first descriptor beside the message takes what is captured.
    pub(crate) fn new(
        request: &'a DialRequest,
        credentials: &'a Credentials,
        capture: bool,
    ) -> Self {
        let certificate = credentials.certificate.as_ref();
        let tunnel_secret = credentials.tunnel_secret.as_ref();
        Self {
            request,
            user: &credentials.user,
            domain: &credentials.domain,
            password: credentials.password.expose(),
            tunnel_secret: tunnel_secret.map(|secret| secret.expose().as_str()),
            certificate: certificate.map(|c| c.chain.as_str()),
            key: certificate.map(|c| c.key.expose().as_str()),
            capture: capture.then_some(0),
        }
    }
}

/// As above.
#[derive(Serialize)]
pub(crate) struct ResumeParameters<'a> {
    handle: Handle,
    user: Option<&'a str>,
    domain: Option<&'a str>,
    password: Option<&'a str>,
    callback_number: Option<&'a str>,
}

impl<'a> ResumeParameters<'a> {
    pub(crate) fn new(handle: Handle, given: &'a Resumption) -> Self {
        Self {
            handle,
            user: given.user.as_deref(),
            domain: given.domain.as_deref(),
            password: given.password.as_ref().map(|password| password.expose().as_str()),
            callback_number: given.callback_number.as_deref(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ByHandle {
    pub(crate) handle: Handle,
}

#[derive(Serialize)]
pub(crate) struct MayHandle {
    pub(crate) handle: Option<Handle>,
}

#[derive(Serialize)]
pub(crate) struct ByLink {
    pub(crate) handle: Handle,
    pub(crate) subentry: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Heard {
    pub(crate) handle: Handle,
    pub(crate) states: u64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Nothing {}

#[derive(Deserialize)]
pub(crate) struct OneConnection {
    pub(crate) connection: ConnectionReport,
}

#[derive(Deserialize)]
pub(crate) struct Connections {
    pub(crate) connections: Vec<ConnectionReport>,
}

#[derive(Deserialize)]
pub(crate) struct Devices {
    pub(crate) devices: Vec<ListedDevice>,
}

#[derive(Deserialize)]
pub(crate) struct Records {
    pub(crate) records: Vec<HistoryRecord>,
}

#[derive(Deserialize)]
pub(crate) struct Event {
    pub(crate) event: Option<ConnectionEvent>,
}

/// A service that can be talked to: whose word for a refusal is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Manager,
    AnsweringServer,
}

/// Reads a reply's parameters; they are looked at once, whatever they are.
pub(crate) fn understand<T: DeserializeOwned>(
    service: Service,
    reply: &[u8],
) -> Result<T, RasError> {
    #[derive(Deserialize)]
    struct Reply<'a> {
        #[serde(borrow)]
        parameters: Option<&'a RawValue>,
        error: Option<String>,
    }
    let reply: Reply<'_> = serde_json::from_slice(reply).map_err(garbled)?;
    let parameters = reply.parameters.map_or("{}", RawValue::get);
    let (who, refusal) = match service {
        Service::Manager => ("the manager", "org.onhook.Ras.Failed"),
        Service::AnsweringServer => ("the answering server", "org.onhook.Answer.Failed"),
    };
    match reply.error.as_deref() {
        None => serde_json::from_str(parameters).map_err(garbled),
        Some(error) if error == refusal => Err(failed(parameters)),
        Some("org.varlink.service.PermissionDenied") => Err(RasCode::ACCESS_DENIED.into()),
        Some(other) => {
            let text = format!("{who} answered {other} {parameters}");
            Err(RasError::new(RasCode::NOT_SUPPORTED, text))
        }
    }
}

fn failed(parameters: &str) -> RasError {
    #[derive(Deserialize)]
    struct Failed {
        code: u32,
        #[serde(default)]
        text: String,
    }
    match serde_json::from_str::<Failed>(parameters) {
        Ok(failed) => RasError::new(RasCode::from_number(failed.code), failed.text),
        Err(error) => garbled(error),
    }
}

pub(crate) fn garbled(error: impl std::fmt::Display) -> RasError {
    RasError::new(RasCode::UNKNOWN, format!("the talk with the manager is garbled: {error}"))
}

pub(crate) fn gone(error: impl std::fmt::Display) -> RasError {
    RasError::new(RasCode::SERVICE_NOT_ACTIVE, error.to_string())
}

/// Whether a service of this user may be told a password: it must be our own user's or root's, for somebody
/// else may have made a socket where ours is looked for.
///
/// # Errors
/// 5 when it may not.
pub(crate) fn believe(service: u32) -> Result<(), RasError> {
    if service == 0 || service == nix::unistd::geteuid().as_raw() {
        return Ok(());
    }
    let text = format!("the service behind the socket belongs to user {service}, not to us");
    Err(RasError::new(RasCode::ACCESS_DENIED, text))
}
