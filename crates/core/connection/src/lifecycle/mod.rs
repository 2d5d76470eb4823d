//! The lifecycle, on one page.
//!
//! ```text
//!   dial ─▶ Opening ─▶ Linking ─▶ Authenticating ─▶ Projecting ─▶ Connected
//!              │          │          │   ▲              │             │
//!              │          │          ▼   │              │             │
//!              │          │     AwaitingCallback        │             │
//!              ▼          ▼          ▼                  ▼             ▼
//!              └──────────┴────▶ Disconnecting ◀────────┴─────────────┘
//!                                      │ the stairs are empty
//!                                      ▼
//!                                    Gone
//! ```
//!
//! | state | what is true in it | leaves for the next when | reports on the way (RASCS_…) |
//! |---|---|---|---|
//! | Opening | the server's name is looked up, the lane opened | the lane is open | OpenPort, PortOpened, ConnectDevice |
//! | Linking | the link shakes hands | [`LinkEvent::Up`](onhook_link::LinkEvent::Up) | DeviceConnected, AllDevicesConnected |
//! | Authenticating | LCP negotiates, then each side proves itself; may be [paused](#paused) | proof in hand | Authenticate, AuthNotify, AuthAck, Authenticated; RetryAuthentication and AuthRetry, PasswordExpired and AuthChangePassword |
//! | AwaitingCallback | the line is down by agreement, the modem is expected to ring | [`LinkEvent::Up`](onhook_link::LinkEvent::Up) | AuthCallback, PrepareForCallback, WaitForModemReset, WaitForCallback, ReAuthenticate |
//! | Projecting | NCPs agree; interface, addresses, routes and DNS are made | all done | AuthProject, Projected, ApplySettings |
//! | Connected | packets pass | | Connected |
//! | Disconnecting | going down the stairs | the stairs are empty | the last state again, with its error |
//! | Gone | nothing of us is left on the machine | never | Disconnected |
//!
//! A connection is one attempt and never goes back; a callback is the one agreed loop, and is gone through
//! once at most. From every state but Gone a hang-up, a lost lane, a
//! failed layer or deed, and the state's deadline lead to Disconnecting; there are no other edges. The
//! first cause is kept, what follows it is consequence. A second hang-up joins the wait of the first.
//!
//! A line that was lost and is dialed again is a new connection, in Opening, when this one is Gone; until its
//! pause is over nothing of it is there (see `redial`).
//!
//! # Paused
//!
//! ```text
//!   Authenticating ── the peer would hear more, and a person is to be asked ──▶ paused
//!          ▲                                                                      │
//!          └──────────────────────── `Connection::resume` ◀───────────────────────┤
//!                                                                                 ▼
//!                    a hang-up · the person's time is over · the peer gives up ▶ Disconnecting
//! ```
//!
//! A pause is no state of its own: everything that can happen in Authenticating can happen in it, and the
//! deadline of Authenticating makes room for that of the person, and begins anew when it goes on. It may
//! come again, as often as the peer lets. What it waited after (691, 648, 709) is the cause when nobody
//! speaks in time or the peer gives up. It comes only to a dial that allowed it.
//!
//! # The way down
//!
//! The order is fixed, and it is the stairs read from the top:
//!
//! 1. what the user's own network depends on: name servers, routes, addresses, the interface or the
//!    user-space stack (asked for in `Projecting`, so they lie on top);
//! 2. PPP says goodbye (Terminate-Request, RFC 1661 §4.6), unless the peer is known to be dead;
//! 3. the link says goodbye (SSTP: Call-Disconnect);
//! 4. the lane is written out and closed.
//!
//! The whole descent has one budget (3 s unless configured). When five sixths of it are spent the server
//! is told in one breath, if it was not told before, and the rest of the way is
//! hard. What even then could not be undone is passed on by name as a [`Debt`](crate::Debt).

mod callback;
mod climb;
mod descend;
mod join;
mod pause;
mod project;

pub(crate) use callback::Callback;
pub(crate) use descend::Descent;
pub(crate) use pause::Pause;
pub(crate) use project::Climb;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Looking up the server and opening the lane.
    Opening,
    /// The link shakes hands.
    Linking,
    /// LCP negotiates, then each side proves itself.
    Authenticating,
    /// The line is down by agreement, and the server's call is awaited.
    AwaitingCallback,
    /// Addresses are agreed, and this machine is set up for them.
    Projecting,
    /// Packets pass.
    Connected,
    /// Going down the stairs.
    Disconnecting,
    /// Nothing of us is left.
    Gone,
}

impl State {
    /// Every state, in the order of the page.
    pub const ALL: [Self; 8] = [
        Self::Opening,
        Self::Linking,
        Self::Authenticating,
        Self::AwaitingCallback,
        Self::Projecting,
        Self::Connected,
        Self::Disconnecting,
        Self::Gone,
    ];

    /// The states that may follow this one: every edge of the page stands here and nowhere else.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Opening => &[Self::Linking, Self::Disconnecting],
            Self::Linking => &[Self::Authenticating, Self::Disconnecting],
            Self::Authenticating => {
                &[Self::AwaitingCallback, Self::Projecting, Self::Disconnecting]
            }
            Self::AwaitingCallback => &[Self::Authenticating, Self::Disconnecting],
            Self::Projecting => &[Self::Connected, Self::Disconnecting],
            Self::Connected => &[Self::Disconnecting],
            Self::Disconnecting => &[Self::Gone],
            Self::Gone => &[],
        }
    }

    /// Whether the dial is still climbing.
    pub const fn is_dialing(self) -> bool {
        match self {
            Self::Opening
            | Self::Linking
            | Self::Authenticating
            | Self::AwaitingCallback
            | Self::Projecting => true,
            Self::Connected | Self::Disconnecting | Self::Gone => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_but_gone_leads_down_and_only_a_callback_leads_back() {
        for state in State::ALL {
            for next in state.next() {
                let is_loop = (state, *next) == (State::AwaitingCallback, State::Authenticating);
                assert!(*next > state || is_loop, "{state:?} → {next:?} goes back");
            }
            match state {
                State::Disconnecting => assert_eq!(state.next(), [State::Gone]),
                State::Gone => assert!(state.next().is_empty()),
                _ => assert!(state.next().contains(&State::Disconnecting)),
            }
        }
    }
}
