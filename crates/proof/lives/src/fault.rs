//! What goes wrong, by name, and what clients do.

use onhook_base::Duration;
use onhook_effect::{HostErrorKind, TlsFault};

/// Where a fault arises, and so what the number of its [`Mischief`](crate::script::Mischief) counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The line between the ends; counts inputs of the caller's connection.
    Line,
    /// The caller's machine doing a deed; counts its deeds.
    Deed,
    /// The caller's machine undoing a deed; counts its undoings.
    Undoing,
    /// The answerer's machine doing a deed; counts its deeds.
    AnswererDeed,
    /// What the server says; counts its messages.
    Message,
    /// What the server does; counts inputs of the caller's connection.
    Server,
}

macro_rules! named {
    ($(#[$meta:meta])* $enum:ident { $($(#[$doc:meta])* $name:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $enum { $($(#[$doc])* $name,)* }

        impl $enum {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name for people.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}
pub(crate) use named;

named! {
    /// One kind of fault.
    Fault {
        /// Nothing passes any more, and nobody is told.
        Partition = "line: partition",
        /// Nothing passes for twenty seconds; on a stream it comes afterwards.
        Pause = "line: pause",
        /// The server's half of the stream ends.
        HalfClose = "line: half-close",
        /// The connection is reset under both.
        Reset = "line: reset",
        /// Octets are changed on their way; a protected stream ends by that.
        Corruption = "line: corruption",
        /// Messages come late, each by another time.
        Jitter = "line: jitter",
        /// A part of the datagrams is lost. On a stream: late, because TCP repeats.
        Loss = "line: loss",
        /// A part of the datagrams comes twice.
        Duplication = "line: duplication",
        /// A part of the datagrams comes out of order.
        Reordering = "line: reordering",
        /// No descriptor is left.
        NoDescriptors = "OS: out of descriptors",
        /// The rights are missing.
        NotPermitted = "OS: permission denied",
        /// Somebody else has the name.
        Busy = "OS: name busy",
        /// Netlink answers an error.
        Netlink = "OS: netlink error",
        /// The record of changes cannot be written.
        DiskFull = "OS: disk full",
        /// No way leads to the server, or its name is unknown.
        Unreachable = "OS: no way there",
        /// The server's certificate is not to be trusted.
        Untrusted = "OS: bad certificate",
        /// A deed is never answered.
        DeedHangs = "OS: deed hangs",
        /// A deed takes ten seconds.
        DeedSlow = "OS: deed slow",
        /// An undoing fails.
        UndoingFails = "OS: undoing fails",
        /// An undoing is never answered.
        UndoingHangs = "OS: undoing hangs",
        /// An undoing takes two seconds.
        UndoingSlow = "OS: undoing slow",
        /// A deed of the server's machine fails.
        ServerOs = "server: its OS fails",
        /// The server says nothing from here on.
        Silence = "server: silent",
        /// One message is left out.
        Omission = "server: message left out",
        /// One message is said twice.
        Repetition = "server: message twice",
        /// One message comes five seconds late.
        Late = "server: message late",
        /// One message is noise.
        Garbage = "server: garbage",
        /// One message carries another identifier.
        WrongIdentifier = "server: wrong identifier",
        /// One message becomes a Configure-Reject.
        Rejects = "server: rejects",
        /// A Terminate-Request comes before one message.
        Terminates = "server: terminates",
        /// A Configure-Request of LCP comes before one message.
        Renegotiates = "server: renegotiates",
        /// A Success comes before one message.
        EarlySuccess = "server: early success",
        /// Noise follows one message.
        GarbageAfter = "server: garbage after",
        /// The request is answered by 503, the frame protocol by a reject.
        Refusal = "server: refuses",
        /// The user is not admitted.
        NotAdmitted = "server: user not admitted",
        /// An operator of the server ends the call.
        ServerHangsUp = "server: hangs up",
        /// The server's machine is switched off.
        ServerDies = "server: dies",
    }
}

impl Fault {
    /// Where it arises.
    pub const fn place(self) -> Place {
        match self {
            Self::Partition
            | Self::Pause
            | Self::HalfClose
            | Self::Reset
            | Self::Corruption
            | Self::Jitter
            | Self::Loss
            | Self::Duplication
            | Self::Reordering => Place::Line,
            Self::NoDescriptors
            | Self::NotPermitted
            | Self::Busy
            | Self::Netlink
            | Self::DiskFull
            | Self::Unreachable
            | Self::Untrusted
            | Self::DeedHangs
            | Self::DeedSlow => Place::Deed,
            Self::UndoingFails | Self::UndoingHangs | Self::UndoingSlow => Place::Undoing,
            Self::ServerOs => Place::AnswererDeed,
            Self::Silence
            | Self::Omission
            | Self::Repetition
            | Self::Late
            | Self::Garbage
            | Self::WrongIdentifier
            | Self::Rejects
            | Self::Terminates
            | Self::Renegotiates
            | Self::EarlySuccess
            | Self::GarbageAfter
            | Self::Refusal => Place::Message,
            Self::NotAdmitted | Self::ServerHangsUp | Self::ServerDies => Place::Server,
        }
    }

    /// How a deed of the caller's machine fails by it; `None` when it doesn't.
    pub const fn error(self) -> Option<HostErrorKind> {
        match self {
            Self::NotPermitted => Some(HostErrorKind::NotPermitted),
            Self::Busy => Some(HostErrorKind::Busy),
            Self::DiskFull => Some(HostErrorKind::DiskFull),
            Self::Unreachable => Some(HostErrorKind::Unreachable),
            Self::Untrusted => Some(HostErrorKind::Tls(TlsFault::UntrustedRoot)),
            Self::NoDescriptors | Self::Netlink | Self::ServerOs => Some(HostErrorKind::Other),
            _ => None,
        }
    }

    /// How much longer a deed, an undoing or a message takes by it.
    pub const fn delay(self) -> Duration {
        match self {
            Self::DeedSlow => Duration::from_secs(10),
            Self::UndoingSlow => Duration::from_secs(2),
            Self::Late => Duration::from_secs(5),
            Self::Pause => Duration::from_secs(20),
            _ => Duration::ZERO,
        }
    }
}

named! {
    /// What clients and the machine around the manager do during a life.
    Act {
        /// The program hangs up.
        HangUp = "hangs up",
        /// The program hangs up twice in a row.
        HangUpTwice = "hangs up twice",
        /// A program of another user tries to hang up.
        ForeignHangUp = "a stranger hangs up",
        /// The program dials the same entry again.
        DialAgain = "dials again",
        /// The program dies.
        Dies = "dies",
        /// A packet goes each way.
        Packets = "sends packets",
        /// The machine has slept: is the peer still there?
        Probe = "the machine wakes up",
        /// Root hangs up.
        RootHangsUp = "root hangs up",
    }
}
