//! RASCONNSTATE: the states in which callers see a connection.
//!
//! These are a window onto a connection, not its skeleton: the eight states of the lifecycle are
//! ours, and these many are announced on the way. There are three kinds. In a *running* state the
//! manager goes on by itself; in a *paused* one it waits for the person; a *terminal* one is the last
//! of its dial. Kinds are told apart by two bits of the number, which never come together.

use serde::{Deserialize, Serialize};

/// The bit of every paused state (RASCS_PAUSED).
const PAUSED: u32 = 0x1000;
/// The bit of every terminal state (RASCS_DONE).
const DONE: u32 = 0x2000;

/// What a connection waits for, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateKind {
    /// The manager goes on by itself.
    Running,
    /// The manager waits for the person who dialed.
    Paused,
    /// The last state of a dial.
    Terminal,
}

/// A number that is no state of RASCONNSTATE (or of RASCONNSUBSTATE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:#x} is no connection state")]
pub struct UnknownState(pub u32);

/// Makes an enum of a Windows enumeration: values, names with and without the prefix, and the list.
macro_rules! states {
    (
        $(#[$meta:meta])* $enum:ident, $prefix:literal {
            $($(#[$doc:meta])* $name:ident = $value:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(Serialize, Deserialize)]
        #[serde(into = "u32", try_from = "u32")]
        #[repr(u32)]
        pub enum $enum {
            $($(#[$doc])* $name = $value,)*
        }

        impl $enum {
            /// All of them, by ascending value.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The one of this value.
            pub const fn from_value(value: u32) -> Option<Self> {
                match value {
                    $($value => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Its value, as programs get it.
            pub const fn value(self) -> u32 {
                self as u32
            }

            /// Its name in the headers, with the prefix.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($prefix, stringify!($name)),)*
                }
            }

            /// Its name without the prefix.
            pub const fn short_name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }

        impl std::fmt::Display for $enum {
            /// The name without the prefix.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.short_name())
            }
        }

        impl From<$enum> for u32 {
            fn from(state: $enum) -> Self {
                state.value()
            }
        }

        impl TryFrom<u32> for $enum {
            type Error = UnknownState;

            fn try_from(value: u32) -> Result<Self, UnknownState> {
                Self::from_value(value).ok_or(UnknownState(value))
            }
        }
    };
}

states! {
    /// A connection's state as its callers see it (RASCONNSTATE). Travels as its number.
    RasState, "RASCS_" {
        /// The port is about to be opened.
        OpenPort = 0,
        /// The port is open.
        PortOpened = 1,
        /// A device is about to be connected: number dialed, tunnel or session set up.
        ConnectDevice = 2,
        /// That device is connected.
        DeviceConnected = 3,
        /// Every device of the chain is connected: bytes can flow to the server.
        AllDevicesConnected = 4,
        /// Authentication begins.
        Authenticate = 5,
        /// An authentication event; with an error, authentication has failed for that reason.
        AuthNotify = 6,
        /// One more attempt with other credentials was asked for.
        AuthRetry = 7,
        /// The server asks for a callback number.
        AuthCallback = 8,
        /// A change of the account's password was asked for.
        AuthChangePassword = 9,
        /// Projection begins: the network protocols are negotiated.
        AuthProject = 10,
        /// The link's speed is being calculated.
        AuthLinkSpeed = 11,
        /// An authentication request is being acknowledged.
        AuthAck = 12,
        /// Authentication begins again after the server has called back.
        ReAuthenticate = 13,
        /// Authentication has succeeded.
        Authenticated = 14,
        /// The line is about to be dropped for the callback.
        PrepareForCallback = 15,
        /// A pause, so that the modem can reset before the callback.
        WaitForModemReset = 16,
        /// The server's call is awaited.
        WaitForCallback = 17,
        /// The results of projection are there.
        Projected = 18,
        /// Authentication is started or tried again (Windows 95 alone).
        StartAuthentication = 19,
        /// Called back, about to go on authenticating (Windows 95 alone).
        CallbackComplete = 20,
        /// Logging on to the remote network (Windows 95 alone).
        LogonNetwork = 21,
        /// One link of several is connected.
        SubEntryConnected = 22,
        /// One link of several is disconnected.
        SubEntryDisconnected = 23,
        /// Addresses, routes and name servers are being applied.
        ApplySettings = 24,
        /// Paused: the user or a script talks to the other side.
        Interactive = 0x1000,
        /// Paused: the credentials were refused, new ones may be given.
        RetryAuthentication = 0x1001,
        /// Paused: the caller may choose a callback number.
        CallbackSetByCaller = 0x1002,
        /// Paused: the password has expired, a new one is needed.
        PasswordExpired = 0x1003,
        /// Paused: an EAP method must show a dialog.
        InvokeEapUI = 0x1004,
        /// The connection is up.
        Connected = 0x2000,
        /// The connection failed or has ended; a hang-up is still owed.
        Disconnected = 0x2001,
    }
}

impl RasState {
    /// What the connection waits for in this state, if anything.
    pub const fn kind(self) -> StateKind {
        if self.value() & DONE != 0 {
            StateKind::Terminal
        } else if self.value() & PAUSED != 0 {
            StateKind::Paused
        } else {
            StateKind::Running
        }
    }

    /// Whether the manager waits for the person who dialed.
    pub const fn is_paused(self) -> bool {
        self.value() & PAUSED != 0
    }

    /// Whether this is the last state of a dial: Connected or Disconnected.
    pub const fn is_terminal(self) -> bool {
        self.value() & DONE != 0
    }
}

states! {
    /// What a connected IKEv2 connection is doing (RASCONNSUBSTATE); `None` for all others.
    RasSubState, "RASCSS_" {
        /// No substate.
        None = 0,
        /// The underlying interface is down; the connection waits for it.
        Dormant = 1,
        /// The underlying interface is back; the connection moves to it.
        Reconnecting = 2,
        /// The move is done; traffic flows.
        Reconnected = 0x2000,
    }
}
