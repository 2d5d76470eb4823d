//! Why no call came of it, or a call ended.

/// What a modem said, or did not say, that ended a call (V.250 §5.7, §6.3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModemFailure {
    /// It does not answer `AT`.
    #[error("the modem does not answer; is it switched on, and is this its port?")]
    Silent,
    /// It refuses a command.
    #[error("the modem refused “{command}”{}", said(.text))]
    Refused {
        /// The command, without what may be secret in it.
        command: String,
        /// What else it said.
        text: String,
    },
    /// It says BUSY.
    #[error("the line is busy")]
    Busy,
    /// It says NO ANSWER.
    #[error("nobody answered")]
    NoAnswer,
    /// It says NO DIALTONE.
    #[error("the modem hears no dial tone")]
    NoDialTone,
    /// It says NO CARRIER.
    #[error("the modem found no carrier")]
    NoCarrier,
    /// It says VOICE.
    #[error("a person answered")]
    Voice,
    /// Something other than a data modem answered.
    #[error("what answered is no data modem")]
    NotData,
    /// The modem may not dial the number now.
    #[error("the modem will not dial this number{}", said(.0))]
    Forbidden(String),
    /// A final result that nobody knows.
    #[error("the modem said “{0}”, which means nothing here")]
    Unknown(String),
    /// The cellular network or its card refuses.
    #[error("the modem reports {0}")]
    Cellular(String),
    /// No final result came.
    #[error("the modem did not say in time what became of the call")]
    NoResult,
    /// What the login script waited for did not come.
    #[error("the login script waited in vain for “{0}”")]
    Script(String),
    /// The carrier was lost.
    #[error("the carrier was lost")]
    CarrierLost,
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(", saying “{text}”") }
}
