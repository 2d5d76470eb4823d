//! Calls and replies.
//!
//! A call may carry a password. So a [`Call`] shows no parameter in its `Debug` form and wipes them when
//! it is dropped, and [`encode`] leaves no copy of what it writes.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::{Zeroize as _, Zeroizing};

/// The interface's name.
pub const NAME: &str = "org.onhook.Ras";

/// The interface's definition, with its documentation.
pub const INTERFACE: &str = include_str!("org.onhook.Ras.varlink");

/// The name of an answering server's interface.
pub const ANSWER: &str = "org.onhook.Answer";

/// That interface's definition, with its documentation.
pub const ANSWER_INTERFACE: &str = include_str!("org.onhook.Answer.varlink");

/// A call as it arrives. Its depth is bounded (128, by the reader of JSON), its size by the framing.
#[derive(Clone, Deserialize, PartialEq)]
pub struct Call {
    /// Interface and method: `org.onhook.Ras.Dial`.
    pub method: String,
    /// The parameters; an object, or absent.
    #[serde(default)]
    pub parameters: Value,
    /// More than one reply is wanted.
    #[serde(default)]
    pub more: bool,
    /// No reply is wanted.
    #[serde(default)]
    pub oneway: bool,
    /// On whose behalf a manager asks an earlier one; believed from no one else.
    #[serde(default, rename = "onBehalfOf")]
    pub on_behalf_of: Option<Behalf>,
}

/// Who stands behind a call that a manager passes on to an earlier one, as the kernel told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behalf {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Process, when it connected.
    pub pid: i32,
    /// Which talk it is.
    pub session: u64,
    /// It may see and end what all users have dialed.
    pub operator: bool,
}

/// A call as it is sent, written straight from what it borrows.
#[derive(Serialize)]
pub struct Outgoing<P> {
    /// Interface and method.
    method: String,
    /// What the method takes.
    parameters: P,
    /// More than one reply is wanted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
    #[serde(rename = "onBehalfOf", skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<Behalf>,
}

impl<P: Serialize> Outgoing<P> {
    /// Of a method of an interface, with one reply.
    pub fn new(interface: &str, method: &str, parameters: P) -> Self {
        let method = format!("{interface}.{method}");
        Self { method, parameters, more: false, on_behalf_of: None }
    }

    /// With as many replies as there are to be.
    #[must_use]
    pub fn with_more(self, more: bool) -> Self {
        Self { more, ..self }
    }

    /// On behalf of somebody, which only an earlier manager believes.
    #[must_use]
    pub fn on_behalf_of(self, behalf: Behalf) -> Self {
        Self { on_behalf_of: Some(behalf), ..self }
    }
}

impl Call {
    /// Reads a call.
    ///
    /// # Errors
    /// When the octets are no JSON object with a `method`.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("parameters", &"***")
            .field("more", &self.more)
            .field("oneway", &self.oneway)
            .finish()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        wipe(&mut self.parameters);
    }
}

/// Overwrites every text in a value.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A message as JSON, in one buffer that is wiped when it is dropped: it is measured before it is
/// written, so that the buffer never grows and leaves a copy behind.
///
/// # Errors
/// When the value cannot be written as JSON.
pub fn encode<T: Serialize>(message: &T) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let mut measure = Measure(0);
    serde_json::to_writer(&mut measure, message)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(measure.0));
    serde_json::to_writer(&mut *bytes, message)?;
    Ok(bytes)
}

/// Counts what is written.
struct Measure(usize);

impl io::Write for Measure {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0 += octets.len();
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The last or only reply to a call, written straight from the value: a list may be long.
pub fn reply(parameters: &impl Serialize) -> Vec<u8> {
    let mut out = b"{\"parameters\":".to_vec();
    if serde_json::to_writer(&mut out, parameters).is_err() {
        // Only maps with keys that are no strings fail, and no reply has one.
        out.extend_from_slice(b"null");
    }
    out.push(b'}');
    out
}

/// A reply that more follow.
pub fn reply_more(parameters: &impl Serialize) -> Vec<u8> {
    let mut out = reply(parameters);
    out.pop();
    out.extend_from_slice(b",\"continues\":true}");
    out
}

/// An error instead of a reply.
pub fn reply_error(error: &str, parameters: &impl Serialize) -> Vec<u8> {
    json!({ "error": error, "parameters": parameters }).to_string().into_bytes()
}
