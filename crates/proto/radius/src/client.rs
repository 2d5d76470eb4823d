//! Who asks RADIUS servers: repetitions, identifiers, several servers in order (RFC 2865 §2, §2.5).
//!
//! A request is asked of the first server that is thought to be awake, three times; then of the next, as
//! a new request. A server that has left one unanswered is asked last for a minute. What nobody answers
//! ends in a bounded time, whatever comes meanwhile.
//!
//! An answer counts when it comes from the server's own address, bears the request's identifier, and
//! proves that its sender knows the secret: by its authenticator, and by a Message-Authenticator, without
//! which MD5 can be forged (CVE-2024-3596). Anything else changes nothing.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use onhook_base::{Chance, Deadline, Duration, Instant, Secret};

use crate::reply::Answer;
use crate::wire::{Attributes, Packet, Signature, attribute, code};

/// Requests that may wait for answers; further ones are refused.
pub const MOST_ASKED: usize = 4096;
/// Servers of one client; further ones are left out.
pub const MOST_SERVERS: usize = 4;
/// How long after one another a request is sent to one server, before another is asked.
const ACCESS_WAITS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(3)];
/// The same for what nobody waits for.
const ACCOUNTING_WAITS: [Duration; 3] =
    [Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];
/// When a caller's request is given up: before the caller gives up (30 s in most).
const ACCESS_PATIENCE: Duration = Duration::from_secs(25);
/// When an account is given up.
const ACCOUNTING_PATIENCE: Duration = Duration::from_secs(300);
/// How long a server that has not answered is asked last.
const REST: Duration = Duration::from_secs(60);

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it answers, and where its answers come from.
    pub address: SocketAddr,
    /// What it shares with us.
    pub secret: Secret<Vec<u8>>,
}

/// What is asked of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Whom to admit (RFC 2865).
    Access,
    /// To note what sessions do (RFC 2866).
    Accounting,
}

/// How a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTerms {
    /// What is asked.
    pub purpose: Purpose,
    /// Whom, in order; the first [`MOST_SERVERS`] count.
    pub servers: Vec<Server>,
    /// Answers without a Message-Authenticator count, for servers that have none to give. Whoever can
    /// change packets on the way can then let anybody in.
    pub trusts_unsigned: bool,
}

/// The name of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// Nobody has said anything.
    #[error("no RADIUS server answers")]
    Silence,
    /// Answers came that could not be trusted.
    #[error("a RADIUS server answers, but not as one that knows the secret and signs what it says")]
    Untrusted,
    /// No server is known.
    #[error("no RADIUS server is known")]
    NoServer,
}

#[derive(Debug)]
struct Asking {
    attributes: Attributes,
    /// The servers to ask, the present one first.
    order: VecDeque<usize>,
    /// As it was sent, once it was.
    sent: Option<Sent>,
    gives_up: Instant,
    distrusted: bool,
    /// Its order is what it is: another server knows nothing of the talk that this goes on with
    /// (RFC 2865 §5.24), or one was asked already.
    pinned: bool,
}

#[derive(Debug)]
struct Sent {
    identifier: u8,
    authenticator: [u8; 16],
    /// A hidden password is in it.
    packet: Secret<Vec<u8>>,
    times: usize,
    again: Instant,
}

#[derive(Debug)]
struct ServerState {
    server: Server,
    rests_until: Option<Instant>,
    /// Which request bears each identifier.
    identifiers: BTreeMap<u8, Ticket>,
    last: u8,
}

/// Who asks.
#[derive(Debug)]
pub struct Client {
    purpose: Purpose,
    trusts_unsigned: bool,
    servers: Vec<ServerState>,
    chance: Chance,
    last: u64,
    asking: BTreeMap<Ticket, Asking>,
    /// Requests for which no identifier was free.
    waiting: VecDeque<Ticket>,
    out: VecDeque<(SocketAddr, Secret<Vec<u8>>)>,
    answers: VecDeque<(Ticket, Result<Answer, Unanswered>)>,
}

impl Client {
    /// A client that knows these servers.
    pub fn new(terms: ClientTerms, chance: Chance) -> Self {
        let state = |server| ServerState {
            server,
            rests_until: None,
            identifiers: BTreeMap::new(),
            last: 0,
        };
        Self {
            purpose: terms.purpose,
            trusts_unsigned: terms.trusts_unsigned,
            servers: terms.servers.into_iter().take(MOST_SERVERS).map(state).collect(),
            chance,
            last: 0,
            asking: BTreeMap::new(),
            waiting: VecDeque::new(),
            out: VecDeque::new(),
            answers: VecDeque::new(),
        }
    }

    /// Asks; `of` names the server that knows what went before. `None` when too many wait already.
    pub fn ask(
        &mut self,
        now: Instant,
        attributes: Attributes,
        of: Option<usize>,
    ) -> Option<Ticket> {
        if self.asking.len() >= MOST_ASKED {
            return None;
        }
        self.last = self.last.wrapping_add(1);
        let ticket = Ticket(self.last);
        let order = match of.filter(|server| *server < self.servers.len()) {
            Some(server) => VecDeque::from([server]),
            None => self.in_order(now),
        };
        if order.is_empty() {
            self.answers.push_back((ticket, Err(Unanswered::NoServer)));
            return Some(ticket);
        }
        let patience = match self.purpose {
            Purpose::Access => ACCESS_PATIENCE,
            Purpose::Accounting => ACCOUNTING_PATIENCE,
        };
        let asking = Asking {
            attributes,
            order,
            sent: None,
            gives_up: now + patience,
            distrusted: false,
            pinned: of.is_some(),
        };
        self.asking.insert(ticket, asking);
        self.begin(now, ticket);
        Some(ticket)
    }

    /// Nobody wants the answer any more.
    pub fn call_off(&mut self, now: Instant, ticket: Ticket) {
        self.end(now, ticket);
    }

    /// Those that are awake in their order, then those that rest.
    fn in_order(&self, now: Instant) -> VecDeque<usize> {
        let rests = |index: &usize| {
            self.servers.get(*index).and_then(|s| s.rests_until).is_some_and(|until| now < until)
        };
        let (resting, awake): (Vec<_>, Vec<_>) = (0..self.servers.len()).partition(rests);
        awake.into_iter().chain(resting).collect()
    }

    const fn waits(&self) -> &'static [Duration; 3] {
        match self.purpose {
            Purpose::Access => &ACCESS_WAITS,
            Purpose::Accounting => &ACCOUNTING_WAITS,
        }
    }

    /// Sends a request to the first server of its order, under an identifier and with an authenticator
    /// of its own (RFC 2865 §3).
    fn begin(&mut self, now: Instant, ticket: Ticket) {
        let order = self.in_order(now);
        let Some(asking) = self.asking.get_mut(&ticket) else { return };
        if !asking.pinned {
            asking.order = order;
        }
        let Some(state) = asking.order.front().and_then(|index| self.servers.get_mut(*index))
        else {
            return;
        };
        let Some(identifier) = state.take_identifier(ticket) else {
            self.waiting.push_back(ticket);
            return;
        };
        let secret = state.server.secret.expose();
        let (authenticator, packet) = match self.purpose {
            Purpose::Access => {
                let authenticator = self.chance.bytes();
                let request = code::ACCESS_REQUEST;
                let packet = asking.attributes.request(request, identifier, &authenticator, secret);
                (authenticator, packet)
            }
            Purpose::Accounting => {
                let packet = asking.attributes.report(code::ACCOUNTING_REQUEST, identifier, secret);
                let authenticator = packet.get(4..20).and_then(|octets| octets.try_into().ok());
                (authenticator.unwrap_or_default(), packet)
            }
        };
        let packet = Secret::new(packet);
        self.out.push_back((state.server.address, packet.clone()));
        let sent = Sent { identifier, authenticator, packet, times: 1, again: now };
        asking.sent = Some(sent);
        asking.pinned = true;
        self.schedule(now, ticket);
    }

    /// When a request is sent again: a tenth earlier or later, so that many do not come at once
    /// (RFC 5080 §2.2.1).
    fn schedule(&mut self, now: Instant, ticket: Ticket) {
        let waits = self.waits();
        let tenths = u32::try_from(self.chance.below(201)).unwrap_or(100);
        let Some(sent) = self.asking.get_mut(&ticket).and_then(|asking| asking.sent.as_mut())
        else {
            return;
        };
        let wait = waits.get(sent.times.saturating_sub(1)).or(waits.last());
        let wait = wait.copied().unwrap_or_default();
        sent.again = now + wait * (900 + tenths) / 1000;
    }

    /// Gives up a request's identifier, and lets one that waits for an identifier have it.
    fn release(&mut self, now: Instant, ticket: Ticket) {
        let Some(asking) = self.asking.get_mut(&ticket) else { return };
        let (Some(sent), Some(index)) = (asking.sent.take(), asking.order.front().copied()) else {
            return;
        };
        let Some(state) = self.servers.get_mut(index) else { return };
        state.identifiers.remove(&sent.identifier);
        let waits_for_it = |ticket: &Ticket| {
            self.asking.get(ticket).is_some_and(|asking| asking.order.front() == Some(&index))
        };
        if let Some(next) = self.waiting.iter().position(waits_for_it) {
            self.waiting.remove(next).into_iter().for_each(|next| self.begin(now, next));
        }
    }

    /// A server rests from now on: whoever waits for its turn with it may ask another.
    fn let_rest(&mut self, now: Instant, index: usize) {
        let Some(state) = self.servers.get_mut(index) else { return };
        if state.rests_until.replace(now + REST).is_none_or(|until| until <= now) {
            tracing::warn!(target: "radius", server = %state.server.address, "it does not answer");
            for waiting in std::mem::take(&mut self.waiting) {
                self.begin(now, waiting);
            }
        }
    }

    fn end(&mut self, now: Instant, ticket: Ticket) {
        self.release(now, ticket);
        self.asking.remove(&ticket);
        self.waiting.retain(|waiting| *waiting != ticket);
    }

    /// A datagram has come.
    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let is_theirs = |state: &ServerState| state.server.address == from;
        let Some(index) = self.servers.iter().position(is_theirs) else {
            tracing::debug!(target: "radius", %from, "an answer from nobody who was asked");
            return;
        };
        let Ok(packet) = Packet::parse(datagram) else {
            tracing::debug!(target: "radius", %from, "an answer is malformed");
            return;
        };
        let Some(state) = self.servers.get_mut(index) else { return };
        let Some(ticket) = state.identifiers.get(&packet.identifier).copied() else { return };
        let Some(asking) = self.asking.get_mut(&ticket) else { return };
        let Some(sent) = &asking.sent else { return };
        let secret = state.server.secret.expose();
        if let Err(why) = self.purpose.trusts(&packet, sent, secret, self.trusts_unsigned) {
            asking.distrusted = true;
            tracing::warn!(target: "radius", server = %from, "an answer does not count: {why}");
            return;
        }
        state.rests_until = None;
        let answer = Answer {
            packet: datagram.to_vec(),
            server: index,
            request_authenticator: sent.authenticator,
            secret: state.server.secret.clone(),
        };
        self.answers.push_back((ticket, Ok(answer)));
        self.end(now, ticket);
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        let is_due = |asking: &Asking| {
            asking.gives_up <= now || asking.sent.as_ref().is_some_and(|sent| sent.again <= now)
        };
        let due: Vec<_> =
            self.asking.iter().filter(|(_, a)| is_due(a)).map(|(ticket, _)| *ticket).collect();
        for ticket in due {
            self.go_on(now, ticket);
        }
    }

    fn go_on(&mut self, now: Instant, ticket: Ticket) {
        let most = self.waits().len();
        let Some(asking) = self.asking.get_mut(&ticket) else { return };
        if asking.gives_up <= now {
            return self.give_up(now, ticket);
        }
        // Its turn may have come in the meantime, in this very moment.
        let Some(sent) = asking.sent.as_mut().filter(|sent| sent.again <= now) else { return };
        let Some(state) = asking.order.front().and_then(|index| self.servers.get_mut(*index))
        else {
            return;
        };
        if sent.times < most {
            sent.times = sent.times.saturating_add(1);
            self.out.push_back((state.server.address, sent.packet.clone()));
            return self.schedule(now, ticket);
        }
        let index = asking.order.front().copied();
        // First, so that nobody takes its turn with a server that does not answer.
        index.into_iter().for_each(|index| self.let_rest(now, index));
        self.release(now, ticket);
        let Some(asking) = self.asking.get_mut(&ticket) else { return };
        let silent = asking.order.pop_front();
        // An account is brought to everybody in turn until its time is over.
        if let (Purpose::Accounting, Some(silent)) = (self.purpose, silent) {
            asking.order.push_back(silent);
        }
        match asking.order.is_empty() {
            true => self.give_up(now, ticket),
            false => self.begin(now, ticket),
        }
    }

    fn give_up(&mut self, now: Instant, ticket: Ticket) {
        let distrusted = self.asking.get(&ticket).is_some_and(|asking| asking.distrusted);
        let why = if distrusted { Unanswered::Untrusted } else { Unanswered::Silence };
        self.answers.push_back((ticket, Err(why)));
        self.end(now, ticket);
    }

    /// The next datagram to send, and where to.
    pub fn poll_transmit(&mut self) -> Option<(SocketAddr, Secret<Vec<u8>>)> {
        self.out.pop_front()
    }

    /// The next request that is over, and how.
    pub fn poll_answer(&mut self) -> Option<(Ticket, Result<Answer, Unanswered>)> {
        self.answers.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let moment = |asking: &Asking| {
            asking.sent.as_ref().map_or(asking.gives_up, |sent| sent.again.min(asking.gives_up))
        };
        let at = self.asking.values().map(moment).min()?;
        Some(Deadline::new(at, "radius"))
    }

    /// Requests that wait for answers.
    pub fn asked(&self) -> usize {
        self.asking.len()
    }
}

impl ServerState {
    /// The identifier that was free for longest, so that a late answer meets no other request.
    fn take_identifier(&mut self, ticket: Ticket) -> Option<u8> {
        let next = (1..=u8::MAX)
            .chain([0])
            .map(|step| self.last.wrapping_add(step))
            .find(|identifier| !self.identifiers.contains_key(identifier))?;
        self.last = next;
        self.identifiers.insert(next, ticket);
        Some(next)
    }
}

impl Purpose {
    /// Whether an answer proves what it must.
    fn trusts(
        self,
        packet: &Packet<'_>,
        sent: &Sent,
        secret: &[u8],
        trusts_unsigned: bool,
    ) -> Result<(), &'static str> {
        let is_answer = match self {
            Self::Access => matches!(
                packet.code,
                code::ACCESS_ACCEPT | code::ACCESS_REJECT | code::ACCESS_CHALLENGE
            ),
            Self::Accounting => packet.code == code::ACCOUNTING_RESPONSE,
        };
        if !is_answer {
            return Err("it is no answer to what was asked");
        }
        if !packet.answers(&sent.authenticator, secret) {
            return Err("its authenticator is wrong (is the secret the same at both ends?)");
        }
        // EAP is never taken unsigned (RFC 3579 §3.2).
        let must_sign = self == Self::Access
            && (!trusts_unsigned || packet.first(attribute::EAP_MESSAGE).is_some());
        match packet.signature(&sent.authenticator, secret) {
            Signature::Good => Ok(()),
            Signature::Missing if !must_sign => Ok(()),
            Signature::Missing => Err("it has no Message-Authenticator (CVE-2024-3596)"),
            Signature::Wrong => Err("its Message-Authenticator is wrong"),
        }
    }
}
