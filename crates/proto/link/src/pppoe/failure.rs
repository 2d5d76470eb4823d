//! Why a PPPoE link went down.

/// Why a PPPoE link went down, in the words of RFC 2516.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PppoeFailure {
    /// The lane is no Ethernet.
    #[error("there is no Ethernet below")]
    NoEthernet,
    /// Nobody offered anything.
    #[error("no access concentrator answered{}", heard(.others))]
    NoConcentrator {
        /// Offers came, and none was of the service and concentrator that were asked for.
        others: bool,
    },
    /// A concentrator made an offer, and then did not answer.
    #[error("the access concentrator made an offer and did not answer its acceptance")]
    NoSession,
    /// The concentrator does not have the service.
    #[error("the access concentrator refuses the service{}", quoted(.0))]
    ServiceRefused(String),
    /// The concentrator cannot take the call now.
    #[error("the access concentrator cannot take the call{}", quoted(.0))]
    SystemError(String),
    /// Another error of the concentrator's.
    #[error("the access concentrator reports an error{}", quoted(.0))]
    Refused(String),
    /// The peer has ended the session.
    #[error("the other side ended the session{}", quoted(.0))]
    Terminated(String),
}

const fn heard(others: &bool) -> &'static str {
    if *others { " for this service and name; others did" } else { "" }
}

fn quoted(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(", saying “{text}”") }
}
