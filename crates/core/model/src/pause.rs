//! A dial that waits for the person who dialed, and what it is resumed with.
//!
//! RASCONNSTATE's paused states: the credentials were refused, the password has expired, a callback
//! number is wanted. A dial stops there only when its program said that it can go on
//! ([`DialOptions::paused_states`](crate::DialOptions::paused_states)); else the same is its end. It
//! goes on by RasDial with the same handle, and ends by RasHangUp, or when nobody has spoken in time.

use onhook_base::Secret;

use crate::RasState;

/// What differs from the first call of RasDial (RASDIALPARAMS on a paused handle).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumption {
    /// The user's name; `None` is as before, domain included.
    pub user: Option<String>,
    /// The domain that goes with a new name; `None` is as before.
    pub domain: Option<String>,
    /// The password; for [`RasState::PasswordExpired`] the new one. The old one was told when it was
    /// dialed.
    pub password: Option<Secret<String>>,
    /// For [`RasState::CallbackSetByCaller`], where to be called back; empty is not at all.
    pub callback_number: Option<String>,
}

impl RasState {
    /// The state in which a paused dial goes on; `None` for those that no dial of ours pauses in.
    pub const fn resumed(self) -> Option<Self> {
        match self {
            Self::RetryAuthentication => Some(Self::AuthRetry),
            Self::PasswordExpired => Some(Self::AuthChangePassword),
            Self::CallbackSetByCaller => Some(Self::AuthCallback),
            _ => None,
        }
    }

    /// The name of what must be given to go on from this paused state, when it is missing.
    pub const fn lacks(self, given: &Resumption) -> Option<&'static str> {
        match self {
            Self::RetryAuthentication | Self::PasswordExpired if given.password.is_none() => {
                Some("password")
            }
            Self::CallbackSetByCaller if given.callback_number.is_none() => Some("callback_number"),
            _ => None,
        }
    }
}
