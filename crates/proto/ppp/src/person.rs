//! What a person is asked in the midst of a call, and what comes back.
//!
//! Some peers do not end a call that a wrong or an old password came over, but say that they would hear
//! another (RFC 2759 §6). Only a person knows one. PPP then tells its owner what is
//! [`Wanted`], sends nothing, and goes on when it is [`Given`] or the owner closes; how long a person
//! may take is the owner's to say, and the peer may give up before.

use onhook_base::Secret;

use crate::auth::Credentials;

/// What the peer would hear, and why it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Another name or password: this one was refused.
    Credentials {
        /// MS-CHAP's error number (RFC 2759 §6): 691.
        code: u32,
        /// The peer's words; may be empty.
        message: String,
    },
    /// A new password in place of one that has expired, or of a new one that it would not have.
    NewPassword {
        /// MS-CHAP's error number: 648, or 709 when a new one was refused.
        code: u32,
        /// The peer's words; may be empty.
        message: String,
    },
}

/// What the person gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Other credentials.
    Credentials(Credentials),
    /// The new password. The old one stays in force until the peer has taken it.
    NewPassword(Secret<String>),
}
