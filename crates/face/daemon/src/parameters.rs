//! How what the methods take is read.

use std::os::fd::OwnedFd;

use onhook_base::Secret;
use onhook_model::RasError;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Why a call got no reply.
pub(crate) enum Refusal {
    Ras(RasError),
    Parameter(String),
    Method,
    Gone,
}

impl From<RasError> for Refusal {
    fn from(error: RasError) -> Self {
        Self::Ras(error)
    }
}

/// Reads parameters; what is wrong is named, without repeating a value (it may be a password).
pub(crate) fn read<T: DeserializeOwned>(parameters: &mut Value) -> Result<T, Refusal> {
    let parameters = match parameters.take() {
        Value::Null => json!({}),
        parameters @ Value::Object(_) => parameters,
        mut other => {
            onhook_rpc::wipe(&mut other);
            return Err(Refusal::Parameter("parameters".to_owned()));
        }
    };
    serde_json::from_value(parameters).map_err(|error| {
        let text = error.to_string();
        let named = text.split('`').nth(1).unwrap_or("parameters");
        Refusal::Parameter(named.to_owned())
    })
}

/// Takes a secret out before the other parameters are read, so that none of them, when it is wrong,
/// leaves a copy in freed memory.
pub(crate) fn take_secret(
    parameters: &mut Value,
    name: &str,
) -> Result<Option<Secret<String>>, Refusal> {
    match parameters.get_mut(name).map(Value::take) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(secret)) => Ok(Some(Secret::new(secret))),
        Some(mut other) => {
            onhook_rpc::wipe(&mut other);
            Err(Refusal::Parameter(name.to_owned()))
        }
    }
}

pub(crate) fn take_fd(
    fds: &mut Vec<OwnedFd>,
    index: Option<usize>,
    name: &str,
) -> Result<Option<OwnedFd>, Refusal> {
    match index {
        None => Ok(None),
        Some(index) if index < fds.len() => Ok(Some(fds.swap_remove(index))),
        Some(_) => Err(Refusal::Parameter(name.to_owned())),
    }
}
