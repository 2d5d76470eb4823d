//! Why an L2TP link went down.

/// Why an L2TP link went down, in the words of RFC 2661. The numbers are those of §4.4.2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum L2tpFailure {
    /// Nobody answered, or only at first.
    #[error("the server does not answer L2TP messages")]
    Unanswered,
    /// The peer has ended the tunnel, with all that is in it.
    #[error("the server ended the tunnel: {} (result {result}, error {error}){}", tunnel_result(*.result), quoted(.text))]
    TunnelStopped {
        /// The result code of its Stop-Control-Connection-Notification.
        result: u16,
        /// The error code that goes with result 2; else 0.
        error: u16,
        /// What it says about it.
        text: String,
    },
    /// The peer has ended the call.
    #[error("the server ended the call: {} (result {result}, error {error}){}", call_result(*.result), quoted(.text))]
    CallEnded {
        /// The result code of its Call-Disconnect-Notify.
        result: u16,
        /// The error code that goes with result 2; else 0.
        error: u16,
        /// What it says about it.
        text: String,
        /// Why PPP ended there, by RFC 3145's number.
        ppp_cause: Option<u16>,
    },
    /// The peer did not prove that it knows the tunnel's secret.
    #[error("the server did not prove that it knows the tunnel's secret")]
    NotProven,
    /// The peer wants proof that we know the tunnel's secret, and we have none.
    #[error("the server asks for a tunnel secret, and none is set")]
    SecretWanted,
    /// A message that cannot come now, or lacks what it must have.
    #[error("the server sent a message that does not fit (type {kind})")]
    Unfit {
        /// The message's type.
        kind: u16,
    },
    /// Something that must be understood and is not.
    #[error("the server demands that attribute {attribute} be understood, and it is unknown")]
    NotUnderstood {
        /// The attribute's type.
        attribute: u16,
    },
}

fn quoted(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(", saying “{text}”") }
}

const fn tunnel_result(result: u16) -> &'static str {
    match result {
        1 => "an ordinary end",
        2 => "a general error",
        3 => "there is one already",
        4 => "we are not authorized",
        5 => "it does not speak this version",
        6 => "it is shutting down",
        7 => "its state does not fit",
        _ => "for a reason of its own",
    }
}

const fn call_result(result: u16) -> &'static str {
    match result {
        1 => "the carrier is lost",
        2 => "a general error",
        3 => "for administrative reasons",
        4 => "it has no room for a call now",
        5 => "it has no room for calls",
        6 => "the destination is invalid",
        7 => "no carrier was found",
        8 => "the line is busy",
        9 => "there is no dial tone",
        10 => "the call took too long",
        11 => "no framing was found",
        _ => "for a reason of its own",
    }
}
