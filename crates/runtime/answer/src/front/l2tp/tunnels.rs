//! The tunnels of one port: which there are, which were, and what each waits for.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::PoisonError;

use onhook_base::{Chance, Duration, Instant, Seed};
use onhook_host::{Hand, SharedAddress};
use onhook_link::l2tp::Trunk;

/// How long after its end a tunnel's number is not given again, and repeated messages for it are still
/// acknowledged: as long as a peer repeats (RFC 2661 §5.8).
const MEMORY: Duration = Duration::from_secs(31);
/// Tunnels without a call: with one more, the one that has been so for longest gives way.
const MOST_IDLE: usize = 1024;
/// Tunnels that were, of which anything is remembered.
const MOST_PAST: usize = 16 * 1024;

/// A tunnel that is there.
pub(super) struct Live {
    pub(super) trunk: Trunk,
    /// Its calls, by our numbers.
    pub(super) calls: HashMap<u16, Hand>,
    address: SharedAddress,
    peer_tunnel: u16,
    requested_from: SocketAddr,
    deadline: Option<Instant>,
    idle_since: Option<u64>,
}

impl Live {
    pub(super) fn new(trunk: Trunk, address: SharedAddress, peer_tunnel: u16) -> Self {
        let requested_from = *address.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            trunk,
            calls: HashMap::new(),
            address,
            peer_tunnel,
            requested_from,
            deadline: None,
            idle_since: None,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn shared_address(&self) -> SharedAddress {
        self.address.clone()
    }

    /// Whether a datagram from there is the caller's; if its port has changed, answers go there.
    pub(super) fn follows(&self, from: SocketAddr) -> bool {
        let mut address = self.address.lock().unwrap_or_else(PoisonError::into_inner);
        let is_the_callers = address.ip() == from.ip();
        if is_the_callers {
            *address = from;
        }
        is_the_callers
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.trunk.handle_timeout(now) {
            // The lanes of its calls end.
            self.calls.clear();
        }
    }
}

/// A tunnel that has ended.
struct Past {
    from: SocketAddr,
    peer_tunnel: u16,
    ended: Instant,
}

pub(super) struct Tunnels {
    live: HashMap<u16, Live>,
    past: HashMap<u16, Past>,
    /// Which tunnel a request has led to, so that its repetitions lead there too.
    requests: HashMap<(SocketAddr, u16), u16>,
    deadlines: BTreeSet<(Instant, u16)>,
    /// Those without a call, those first that have been so for longest.
    idle: BTreeSet<(u64, u16)>,
    turns: u64,
    chance: Chance,
}

impl Tunnels {
    pub(super) fn new(seed: &Seed) -> Self {
        Self {
            live: HashMap::new(),
            past: HashMap::new(),
            requests: HashMap::new(),
            deadlines: BTreeSet::new(),
            idle: BTreeSet::new(),
            turns: 0,
            chance: seed.chance(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    pub(super) fn numbers(&self) -> Vec<u16> {
        self.live.keys().copied().collect()
    }

    pub(super) fn live(&mut self, number: u16) -> Option<&mut Live> {
        self.live.get_mut(&number)
    }

    /// The tunnel that such a request has begun before.
    pub(super) fn requested(&self, from: SocketAddr, peer_tunnel: u16) -> Option<u16> {
        self.requests.get(&(from, peer_tunnel)).copied()
    }

    /// A number that no tunnel has or had a moment ago, and that nobody can guess; never 0.
    pub(super) fn free(&mut self, now: Instant) -> Option<u16> {
        self.past.retain(|_, past| now.since(past.ended) < MEMORY);
        (0..=u16::MAX)
            .map(|_| u16::from_le_bytes(self.chance.bytes()))
            .find(|n| *n != 0 && !self.live.contains_key(n) && !self.past.contains_key(n))
    }

    pub(super) fn add(&mut self, live: Live, from: SocketAddr) {
        let number = live.trunk.number();
        self.requests.insert((from, live.peer_tunnel), number);
        self.live.insert(number, live);
    }

    /// Something was done to a tunnel: what it waits for now is put down, and if nothing is left of it, it
    /// is removed.
    pub(super) fn settle(&mut self, now: Instant, number: u16) {
        let Some(live) = self.live.get_mut(&number) else { return };
        let deadline = live.trunk.poll_timeout().map(|deadline| deadline.at);
        if live.deadline != deadline {
            self.deadlines.extend(deadline.map(|at| (at, number)));
            if let Some(at) = std::mem::replace(&mut live.deadline, deadline) {
                self.deadlines.remove(&(at, number));
            }
        }
        match (live.trunk.is_idle(), live.idle_since) {
            (true, None) => {
                self.turns += 1;
                live.idle_since = Some(self.turns);
                self.idle.insert((self.turns, number));
            }
            (false, Some(since)) => {
                live.idle_since = None;
                self.idle.remove(&(since, number));
            }
            (true, Some(_)) | (false, None) => {}
        }
        if live.trunk.is_gone() {
            self.end(now, number);
        } else if self.idle.len() > MOST_IDLE
            && let Some((_, oldest)) = self.idle.first().copied()
        {
            // Whoever it was has had his time; a crowd of such leaves no trace.
            self.remove(oldest);
        }
    }

    fn remove(&mut self, number: u16) -> Option<Live> {
        let live = self.live.remove(&number)?;
        self.requests.remove(&(live.requested_from, live.peer_tunnel));
        if let Some(at) = live.deadline {
            self.deadlines.remove(&(at, number));
        }
        if let Some(since) = live.idle_since {
            self.idle.remove(&(since, number));
        }
        Some(live)
    }

    fn end(&mut self, now: Instant, number: u16) {
        let Some(live) = self.remove(number) else { return };
        if self.past.len() < MOST_PAST {
            let (from, peer_tunnel) = (live.address(), live.peer_tunnel);
            self.past.insert(number, Past { from, peer_tunnel, ended: now });
        }
    }

    /// What a peer called its end of a tunnel that has ended a moment ago.
    pub(super) fn remembered(&self, now: Instant, number: u16, from: SocketAddr) -> Option<u16> {
        let past = self.past.get(&number)?;
        (past.from == from && now.since(past.ended) < MEMORY).then_some(past.peer_tunnel)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Whose time has come.
    pub(super) fn due(&self, now: Instant) -> Vec<u16> {
        self.deadlines.iter().take_while(|(at, _)| *at <= now).map(|(_, number)| *number).collect()
    }
}
