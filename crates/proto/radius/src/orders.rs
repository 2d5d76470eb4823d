//! A server that ends sessions of ours: Disconnect-Message (RFC 5176).
//!
//! An order counts when it comes from a known address and proves that its sender knows the secret; one
//! that bears a time counts for five minutes (RFC 5176 §6.3). It is acknowledged when nothing is left of
//! the session. A repetition meanwhile is not carried out twice, and one afterwards gets the same answer.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use onhook_base::{Duration, Instant, Secret};

use crate::wire::{Attributes, Packet, Signature, attribute, code};

/// Orders that are remembered, carried out or not; the oldest that is answered makes room.
const MOST_ORDERS: usize = 256;
/// How long an answer is remembered for repetitions.
const MEMORY: Duration = Duration::from_secs(30);
/// How far the time in an order may be from ours, in seconds.
const WINDOW: u64 = 300;

/// Who may order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commander {
    /// Its address, from whichever port.
    pub address: IpAddr,
    /// What it shares with us.
    pub secret: Secret<Vec<u8>>,
}

/// Which sessions are meant: those for which all that is named holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// The caller's name.
    pub user: Option<String>,
    /// The name under which it is accounted.
    pub session: Option<String>,
    /// Its address.
    pub address: Option<Ipv4Addr>,
    /// Where it calls from.
    pub calling: Option<String>,
    /// Its number on this server.
    pub port: Option<u32>,
}

/// Why an order is not carried out (RFC 5176 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It names something that we do not know.
    UnsupportedAttribute = 401,
    /// It does not say which session is meant.
    MissingAttribute = 402,
    /// It is meant for another server.
    NasIdentificationMismatch = 403,
    /// It is malformed.
    InvalidRequest = 404,
    /// We do not do such things.
    UnsupportedService = 405,
    /// There is no such session.
    SessionContextNotFound = 503,
    /// There is no room for it.
    ResourcesUnavailable = 506,
}

/// The name of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderId(u64);

#[derive(Debug)]
struct Order {
    id: OrderId,
    from: SocketAddr,
    identifier: u8,
    authenticator: [u8; 16],
    secret: Secret<Vec<u8>>,
    /// What proxies on the way have put in, for the answer (RFC 5176 §3.1).
    proxy_states: Vec<Vec<u8>>,
    /// What we have answered, and when it is forgotten.
    answer: Option<(Vec<u8>, Instant)>,
}

/// What takes orders.
#[derive(Debug)]
pub struct Orders {
    commanders: Vec<Commander>,
    /// Our name and addresses: an order that names others is not for us.
    identifier: String,
    last: u64,
    known: VecDeque<Order>,
    fresh: VecDeque<(OrderId, Selector)>,
    out: VecDeque<(SocketAddr, Vec<u8>)>,
}

impl Orders {
    /// Takes orders of these; `identifier` is our NAS-Identifier.
    pub const fn new(commanders: Vec<Commander>, identifier: String) -> Self {
        Self {
            commanders,
            identifier,
            last: 0,
            known: VecDeque::new(),
            fresh: VecDeque::new(),
            out: VecDeque::new(),
        }
    }

    /// A datagram has come; `wall` is the time of day in seconds since 1970.
    pub fn handle_datagram(&mut self, now: Instant, wall: u64, from: SocketAddr, datagram: &[u8]) {
        self.forget(now);
        let Ok(packet) = Packet::parse(datagram) else { return };
        let Some(commander) =
            self.commanders.iter().find(|c| c.address == from.ip().to_canonical())
        else {
            tracing::warn!(target: "radius", %from, "an order from nobody who may give one");
            return;
        };
        let secret = commander.secret.clone();
        let signature = packet.signature(&[0; 16], secret.expose());
        // RFC 5176 §3.5: what proves nothing is dropped without a word.
        if !packet.proves_itself(secret.expose()) || signature == Signature::Wrong {
            tracing::warn!(target: "radius", %from, "an order does not prove that it may be given");
            return;
        }
        if !matches!(packet.code, code::DISCONNECT_REQUEST | code::COA_REQUEST) {
            return;
        }
        let told_at = packet.number(attribute::EVENT_TIMESTAMP).map(u64::from);
        if told_at.is_some_and(|at| at.abs_diff(wall) > WINDOW) {
            tracing::warn!(target: "radius", %from, "an order is too old, or from the future");
            return;
        }
        let is_known = |order: &&Order| {
            order.from == from
                && order.identifier == packet.identifier
                && order.authenticator == packet.authenticator
        };
        if let Some(order) = self.known.iter().find(is_known) {
            if let Some((answer, _)) = &order.answer {
                self.out.push_back((from, answer.clone()));
            }
            return;
        }
        self.last = self.last.wrapping_add(1);
        let id = OrderId(self.last);
        let order = Order {
            id,
            from,
            identifier: packet.identifier,
            authenticator: packet.authenticator,
            secret,
            proxy_states: packet.all(attribute::PROXY_STATE).map(<[u8]>::to_vec).collect(),
            answer: None,
        };
        let has_room = self.make_room();
        let read = self.read(&packet);
        self.known.push_back(order);
        match (has_room, read) {
            (true, Ok(selector)) => self.fresh.push_back((id, selector)),
            (true, Err(refusal)) => self.say(now, id, packet.code, Err(refusal)),
            (false, _) => {
                self.say(now, id, packet.code, Err(Refusal::ResourcesUnavailable));
                self.known.pop_back();
            }
        }
    }

    /// The answer to an order of [`poll_order`](Self::poll_order): nothing is left of what it named, or
    /// why it is not carried out.
    pub fn answer(&mut self, now: Instant, id: OrderId, done: Result<(), Refusal>) {
        self.say(now, id, code::DISCONNECT_REQUEST, done);
    }

    fn say(&mut self, now: Instant, id: OrderId, asked: u8, done: Result<(), Refusal>) {
        let Some(order) = self.known.iter_mut().find(|order| order.id == id) else { return };
        let mut attributes = Attributes::default();
        let code = match (asked, &done) {
            (code::COA_REQUEST, _) => code::COA_NAK,
            (_, Ok(())) => code::DISCONNECT_ACK,
            (_, Err(_)) => code::DISCONNECT_NAK,
        };
        if let Err(refusal) = done {
            attributes.number(attribute::ERROR_CAUSE, refusal as u32);
        }
        for state in &order.proxy_states {
            attributes.octets(attribute::PROXY_STATE, state);
        }
        let (identifier, secret) = (order.identifier, order.secret.expose());
        let answer = attributes.answer(code, identifier, &order.authenticator, secret);
        self.out.push_back((order.from, answer.clone()));
        order.answer = Some((answer, now + MEMORY));
    }

    /// What is answered makes room; whether there is some.
    fn make_room(&mut self) -> bool {
        if self.known.len() >= MOST_ORDERS {
            let answered = self.known.iter().position(|order| order.answer.is_some());
            match answered {
                Some(oldest) => drop(self.known.remove(oldest)),
                None => return false,
            }
        }
        true
    }

    fn forget(&mut self, now: Instant) {
        self.known.retain(|order| order.answer.as_ref().is_none_or(|(_, until)| now < *until));
    }

    fn read(&self, packet: &Packet<'_>) -> Result<Selector, Refusal> {
        if packet.code == code::COA_REQUEST {
            return Err(Refusal::UnsupportedService);
        }
        let mut selector = Selector::default();
        for (kind, value) in packet.attributes() {
            let text = || String::from_utf8_lossy(value).into_owned();
            let octets = <[u8; 4]>::try_from(value).map_err(|_| Refusal::InvalidRequest);
            match kind {
                attribute::USER_NAME => selector.user = Some(text()),
                attribute::ACCT_SESSION_ID => selector.session = Some(text()),
                attribute::CALLING_STATION_ID => selector.calling = Some(text()),
                attribute::FRAMED_IP_ADDRESS => selector.address = Some(octets?.into()),
                attribute::NAS_PORT => selector.port = Some(u32::from_be_bytes(octets?)),
                attribute::NAS_IDENTIFIER if value != self.identifier.as_bytes() => {
                    return Err(Refusal::NasIdentificationMismatch);
                }
                // Addresses of ours depend on the way to whoever asks; the name is what counts.
                attribute::NAS_IDENTIFIER
                | attribute::NAS_IP_ADDRESS
                | attribute::NAS_IPV6_ADDRESS
                | attribute::EVENT_TIMESTAMP
                | attribute::MESSAGE_AUTHENTICATOR
                | attribute::CLASS
                | attribute::STATE
                | attribute::PROXY_STATE
                | attribute::REPLY_MESSAGE
                | attribute::ACCT_TERMINATE_CAUSE => {}
                _ => return Err(Refusal::UnsupportedAttribute),
            }
        }
        match selector == Selector::default() {
            true => Err(Refusal::MissingAttribute),
            false => Ok(selector),
        }
    }

    /// The next order, to be answered by [`answer`](Self::answer).
    pub fn poll_order(&mut self) -> Option<(OrderId, Selector)> {
        self.fresh.pop_front()
    }

    /// The next datagram to send, and where to.
    pub fn poll_transmit(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.out.pop_front()
    }
}
