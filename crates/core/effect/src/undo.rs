//! The way back from each deed.

use std::net::IpAddr;

use crate::{LaneId, Prefix, TunId};

/// The way back from an [`Effect`](crate::Effect).
///
/// Total and idempotent: undoing twice, or what was never done, is harmless and succeeds. What another
/// process would need to know in order to do it after a crash (the gateway of a pinned route, the text
/// of a replaced file) is in the host's journal, written before the deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// The deed left nothing.
    Nothing,
    /// Remove the route that keeps the way to a server.
    UnpinRoute {
        /// The server's address.
        to: IpAddr,
    },
    /// Write out what is queued, within reason, then close the carrier.
    CloseLane {
        /// The carrier.
        lane: LaneId,
    },
    /// Remove the interface.
    DestroyTun {
        /// The interface.
        tun: TunId,
    },
    /// Take an address from the interface.
    DeleteAddress {
        /// The interface.
        tun: TunId,
        /// The address.
        address: IpAddr,
        /// Its prefix length.
        prefix_len: u8,
    },
    /// Remove a route through the interface.
    DeleteRoute {
        /// The interface.
        tun: TunId,
        /// The packets that took it.
        to: Prefix,
    },
    /// Put the name servers back.
    RestoreDns {
        /// The interface.
        tun: TunId,
    },
    /// End the user-space stack, its listeners and all streams through it.
    CloseStack {
        /// The stack.
        tun: TunId,
    },
}

impl Undo {
    /// Undoes something that the user's own network depends on (as opposed to the talk with the
    /// server): these come first on the way down, and are never given up but passed on as debts.
    pub const fn is_local(&self) -> bool {
        match self {
            Self::Nothing | Self::CloseLane { .. } => false,
            Self::UnpinRoute { .. }
            | Self::DestroyTun { .. }
            | Self::DeleteAddress { .. }
            | Self::DeleteRoute { .. }
            | Self::RestoreDns { .. }
            | Self::CloseStack { .. } => true,
        }
    }

    /// The undoing in a few words, for logs and debts.
    pub const fn deed(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::UnpinRoute { .. } => "remove the route to the server",
            Self::CloseLane { .. } => "close the connection to the server",
            Self::DestroyTun { .. } => "remove the network interface",
            Self::DeleteAddress { .. } => "remove the address",
            Self::DeleteRoute { .. } => "remove a route",
            Self::RestoreDns { .. } => "put the name servers back",
            Self::CloseStack { .. } => "end the user-space network",
        }
    }
}
