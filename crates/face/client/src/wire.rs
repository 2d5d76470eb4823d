//! How what a service answers is understood, and which service is believed.

use onhook_model::{RasCode, RasError};
use onhook_rpc::methods::Failed;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

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
    struct Done<T> {
        parameters: T,
        error: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    struct Reply<'a> {
        #[serde(borrow)]
        parameters: Option<&'a RawValue>,
        error: Option<String>,
    }
    // Looked at whole, so that no text in it is looked at once more.
    let reply = str::from_utf8(reply).map_err(garbled)?;
    // In one go where it is no refusal, for it may be long.
    if let Ok(Done { parameters, error: None }) = serde_json::from_str(reply) {
        return Ok(parameters);
    }
    let reply: Reply<'_> = serde_json::from_str(reply).map_err(garbled)?;
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
    serde_json::from_str::<Failed>(parameters).map_or_else(garbled, RasError::from)
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
