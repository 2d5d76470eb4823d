//! Why a terminal server is of no use.

/// Why a terminal server is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TelnetFailure {
    /// Nothing there answers what Telnet asks.
    #[error("the terminal server does not answer as Telnet does")]
    Unanswered,
    /// It carries text only.
    #[error("the terminal server does not carry all octets (it refuses binary transmission)")]
    NotBinary,
}
