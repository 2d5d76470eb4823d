//! Why a PPTP link went down.

/// Why a PPTP link went down, in the words of RFC 2637. The numbers are those of §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PptpFailure {
    /// What came is no control message.
    #[error("the other side does not speak PPTP")]
    NotPptp,
    /// A message that cannot come now.
    #[error("the other side sent a message that does not fit")]
    Unfit,
    /// The control connection was refused.
    #[error("the server refused the control connection: {} (result {result}, error {error})", start_result(*.result))]
    StartRefused {
        /// The result code of its Start-Control-Connection-Reply.
        result: u8,
        /// The general error code that goes with result 2; else 0.
        error: u8,
    },
    /// The call was refused.
    #[error("the server refused the call: {} (result {result}, error {error}, cause {cause})", call_result(*.result))]
    CallRefused {
        /// The result code of its Outgoing-Call-Reply.
        result: u8,
        /// The general error code that goes with result 2; else 0.
        error: u8,
        /// Why, by Q.931's number; 0 when it says nothing.
        cause: u16,
    },
    /// The server has ended the call.
    #[error("the server ended the call: {} (result {result}, error {error}, cause {cause})", end_result(*.result))]
    CallEnded {
        /// The result code of its Call-Disconnect-Notify.
        result: u8,
        /// The general error code that goes with result 2; else 0.
        error: u8,
        /// Why, by Q.931's number; 0 when it says nothing.
        cause: u16,
    },
    /// The caller has ended the call.
    #[error("the caller ended the call")]
    Cleared,
    /// The other side has ended the control connection, and with it the call.
    #[error("the other side ended the control connection: {} (reason {reason})", stop_reason(*.reason))]
    Stopped {
        /// The reason of its Stop-Control-Connection-Request.
        reason: u8,
    },
    /// An Echo-Request was not answered.
    #[error("the other side does not answer any more")]
    Unanswered,
    /// The call is there, and nothing of it has come through GRE.
    #[error("the control connection works, but nothing comes through GRE (IP protocol 47)")]
    NothingThroughGre,
}

const fn start_result(result: u8) -> &'static str {
    match result {
        2 => "a general error",
        3 => "there is one already",
        4 => "we are not authorized",
        5 => "it does not speak this version",
        _ => "for a reason of its own",
    }
}

const fn call_result(result: u8) -> &'static str {
    match result {
        2 => "a general error",
        3 => "no carrier was found",
        4 => "the line is busy",
        5 => "there is no dial tone",
        6 => "the call took too long",
        7 => "it takes no calls",
        _ => "for a reason of its own",
    }
}

const fn end_result(result: u8) -> &'static str {
    match result {
        1 => "the carrier is lost",
        2 => "a general error",
        3 => "for administrative reasons",
        4 => "as it was asked",
        _ => "for a reason of its own",
    }
}

const fn stop_reason(reason: u8) -> &'static str {
    match reason {
        1 => "an ordinary end",
        2 => "it does not speak this version",
        3 => "it is shutting down",
        _ => "for a reason of its own",
    }
}
