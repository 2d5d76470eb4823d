//! The answering end of one tunnel with many calls in it.
//!
//! Each call is a link of its own, which its owner drives: a [`TrunkCall`]. What arrives for it is handed to
//! it, its data messages leave by themselves, and its control messages go through the [`Trunk`], which
//! numbers them, repeats them and keeps their order, for all calls of the tunnel.

mod call;

use std::collections::HashMap;

use onhook_base::{Chance, Deadline, Duration, Instant, Seed};

pub use call::{TrunkCall, TrunkCallTerms};

use super::machine::{L2tpTerms, refusal};
use super::tunnel::{Heard, Tunnel};
use super::wire::{Builder, Datagram, Message, avp, disconnect, error, kind};

/// Calls that one tunnel may have.
const MOST_CALLS: usize = 64;
/// A tunnel in which no call has begun after this is given up.
const FIRST_CALL: Duration = Duration::from_secs(30);
/// A tunnel whose last call has ended may have a further one for this long.
const FURTHER_CALL: Duration = Duration::from_secs(5);

/// What is to be done about a control message that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing.
    Nothing,
    /// A call begins: when it is taken the message is to be handed to it; otherwise
    /// [`Trunk::refuse`] is to be told.
    Begin {
        /// The number that we gave the call.
        session: u16,
    },
    /// The message is to be handed to the call of this number.
    Give(u16),
    /// The message is to be handed to every call: it ends the tunnel.
    GiveAll,
}

/// The answering end of one tunnel with many calls in it.
///
/// Each call is a [`TrunkCall`], a link that its owner drives; the trunk numbers the control messages of all
/// of them, repeats them and keeps their order.
///
/// Its owner hands it every control message of the peer's, and after every input drains
/// [`poll_transmit`](Self::poll_transmit) and asks [`poll_timeout`](Self::poll_timeout).
#[derive(Debug)]
pub struct Trunk {
    tunnel: Tunnel,
    /// Our number of each call, and the peer's.
    calls: HashMap<u16, u16>,
    chance: Chance,
    /// With no call in it, it ends then.
    until: Instant,
    is_leaving: bool,
    is_closed: bool,
}

impl Trunk {
    /// One that waits for its first message; `terms` tell its number.
    pub fn answerer(now: Instant, terms: L2tpTerms, seed: &Seed) -> Self {
        let mut chance = seed.chance();
        let number = terms.tunnel.unwrap_or_else(|| draw(&mut chance));
        let mut tunnel = Tunnel::new(terms, false, number, chance.bytes());
        tunnel.open(now);
        Self {
            tunnel,
            calls: HashMap::new(),
            chance,
            until: now + FIRST_CALL,
            is_leaving: false,
            is_closed: false,
        }
    }

    /// What the peer calls our end by.
    pub const fn number(&self) -> u16 {
        self.tunnel.number
    }

    /// What we call the peer's end by; 0 before its first message.
    pub const fn peer(&self) -> u16 {
        self.tunnel.peer
    }

    /// A control message has come, from the tunnel's peer.
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) -> Reaction {
        let Ok(Datagram::Control(control)) = Datagram::parse(datagram) else {
            return Reaction::Nothing;
        };
        match self.tunnel.handle_control(now, &control) {
            Heard::Nothing | Heard::Stray => Reaction::Nothing,
            Heard::Open => {
                self.until = now + FIRST_CALL;
                Reaction::Nothing
            }
            Heard::Call { session, message } => self.direct(now, session, &message),
            Heard::Ended(failure) => {
                tracing::debug!(target: "link::l2tp", %failure, "the tunnel has ended");
                self.until = now;
                Reaction::GiveAll
            }
        }
    }

    /// Whose a call's message is.
    fn direct(&mut self, now: Instant, session: u16, message: &Message) -> Reaction {
        match message.kind {
            kind::ICRQ => self.begin(now, message),
            // Nobody dials for the peer here.
            kind::OCRQ => self.turn_away(now, message),
            _ if self.calls.contains_key(&session) => Reaction::Give(session),
            // Who ends a call before he knows our number of it names his own.
            kind::CDN if session == 0 => {
                let named = message.assigned_session.unwrap_or_default();
                let found = self.calls.iter().find(|(_, theirs)| **theirs == named);
                found.map_or(Reaction::Nothing, |(ours, _)| Reaction::Give(*ours))
            }
            _ => Reaction::Nothing,
        }
    }

    fn begin(&mut self, now: Instant, message: &Message) -> Reaction {
        let Some(theirs) = message.assigned_session else { return Reaction::Nothing };
        let is_known = self.calls.values().any(|known| *known == theirs);
        if self.is_leaving || is_known || self.calls.len() >= MOST_CALLS {
            return self.turn_away(now, message);
        }
        let session = loop {
            let number = draw(&mut self.chance);
            if !self.calls.contains_key(&number) {
                break number;
            }
        };
        self.calls.insert(session, theirs);
        Reaction::Begin { session }
    }

    fn turn_away(&mut self, now: Instant, message: &Message) -> Reaction {
        if let Some(refusal) = refusal(self.tunnel.peer, message) {
            self.tunnel.say(now, refusal);
        }
        Reaction::Nothing
    }

    /// The call of this number cannot be taken.
    pub fn refuse(&mut self, now: Instant, session: u16) {
        if let Some(theirs) = self.calls.get(&session) {
            let refusal = Builder::message(self.tunnel.peer, *theirs, kind::CDN)
                .result(disconnect::NO_ROOM_NOW, error::NONE)
                .u16(true, avp::ASSIGNED_SESSION, session);
            self.tunnel.say(now, refusal);
        }
        self.end(now, session);
    }

    /// A control message that one of its calls sends.
    pub fn say(&mut self, now: Instant, message: &[u8]) {
        if self.tunnel.is_open() {
            self.tunnel.say_octets(now, message.to_vec());
        }
    }

    /// A data message has come: the peer is there.
    #[inline]
    pub const fn hear(&mut self, now: Instant) {
        self.tunnel.hear(now);
    }

    /// Nothing is left of the call of this number.
    pub fn end(&mut self, now: Instant, session: u16) {
        if self.calls.remove(&session).is_some() && self.calls.is_empty() {
            self.until = self.until.max(now + FURTHER_CALL);
            self.close_if_done(now);
        }
    }

    /// No further call is taken; with the last one the tunnel ends.
    pub fn leave(&mut self, now: Instant) {
        self.is_leaving = true;
        self.close_if_done(now);
    }

    fn close_if_done(&mut self, now: Instant) {
        let is_over = self.is_leaving || self.tunnel.is_over() || now >= self.until;
        if self.calls.is_empty() && is_over {
            self.is_closed = true;
            self.tunnel.close(now);
        }
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come. Whether the peer answers no more: then
    /// the lanes of all calls are to be ended.
    pub fn handle_timeout(&mut self, now: Instant) -> bool {
        let lost = self.tunnel.handle_timeout(now).is_err();
        self.close_if_done(now);
        lost
    }

    /// The next datagram that goes to the peer.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.tunnel.poll_transmit()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let waits = self.calls.is_empty() && !self.is_closed;
        let own = waits.then(|| Deadline::new(self.until, "L2TP tunnel without a call"));
        Deadline::earliest(own, self.tunnel.poll_timeout())
    }

    /// Nothing is left of it.
    pub fn is_gone(&self) -> bool {
        self.tunnel.is_gone() && self.calls.is_empty()
    }

    /// No call is in it.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }
}

fn draw(chance: &mut Chance) -> u16 {
    loop {
        let number = u16::from_le_bytes(chance.bytes());
        if number != 0 {
            return number;
        }
    }
}
