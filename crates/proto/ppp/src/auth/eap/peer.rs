//! The side that proves itself by EAP (RFC 3748 §4).
//!
//! **Lock-step.** It never repeats by itself: a Request that comes again has the same Response again, and
//! another Request is answered anew. What is malformed or out of place is dropped, and the authenticator
//! repeats; only what says that lengths lie inside TLS ends it.
//!
//! **Ends.** A Success counts when the method is through; before that it is somebody who could not prove
//! itself. A Success may be lost: then the first packet of a network protocol stands for it (§4.2).

use std::collections::VecDeque;

use onhook_base::{Chance, Deadline, Duration, Instant, Secret};

use super::peap::{self, Inside, Why};
use super::tls::{Arrival, Courier};
use super::wire::{EapPacket, Fragment, kind};
use super::{EapFailure, TlsAsk, TlsFacts, TlsOrder, TlsReply, TlsRole, TlsState, md5, mschapv2};
use crate::auth::{
    AuthEvent, AuthFailure, Credentials, EapMethod, EapTerms, Keys, Method, Progress,
};

/// How long it waits for the first Request, and from each on for the next.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Requests that one proof may take; two flights of the largest size in the smallest parts are less.
const MOST_ROUNDS: u16 = 600;

/// The side that proves itself.
#[derive(Debug)]
pub struct EapPeer {
    methods: Vec<EapMethod>,
    pub(super) credentials: Credentials,
    room: usize,
    pub(super) chance: Chance,
    /// There is a person to be asked.
    pub(super) asks_person: bool,
    /// The last Request, and the Response to it once there is one.
    last: Option<(Vec<u8>, Option<Vec<u8>>)>,
    /// The identifier of the last Request.
    id: u8,
    rounds: u16,
    pub(super) running: Running,
    /// Types that were asked for and not wanted.
    unwanted: Vec<u8>,
    /// The method is through: what a Success makes of it.
    through: Option<Through>,
    pub(super) refused: Option<(Option<u32>, String)>,
    pub(super) is_over: bool,
    pub(super) deadline: Option<Instant>,
    out: VecDeque<Vec<u8>>,
    orders: VecDeque<TlsOrder>,
    pub(super) events: VecDeque<AuthEvent>,
}

#[derive(Clone, Debug)]
struct Through {
    keys: Option<Keys>,
    peer_proven: bool,
    message: String,
}

#[derive(Debug)]
pub(super) enum Running {
    Nothing,
    Md5,
    MsChapV2(mschapv2::Caller),
    Tunnel(Box<Tunnel>),
}

/// EAP-TLS and PEAP.
#[derive(Debug)]
pub(super) struct Tunnel {
    method: EapMethod,
    courier: Courier,
    facts: Option<TlsFacts>,
    /// An order is under way.
    pub(super) waits: bool,
    /// (PEAP)
    pub(super) inside: peap::Caller,
    /// Records that leave with the next words.
    held: Vec<u8>,
    /// What is told when the words for the peer are encrypted.
    after: Option<Inside>,
}

impl EapPeer {
    /// Proves itself by one of the terms' methods. `room` is the most octets of a packet.
    pub fn new(
        terms: &EapTerms,
        credentials: Option<Credentials>,
        room: u16,
        chance: Chance,
    ) -> Self {
        let nobody = Credentials { user: String::new(), password: Secret::new(String::new()) };
        Self {
            methods: terms.methods.clone(),
            credentials: credentials.unwrap_or(nobody),
            room: usize::from(room),
            chance,
            asks_person: false,
            last: None,
            id: 0,
            rounds: 0,
            running: Running::Nothing,
            unwanted: Vec::new(),
            through: None,
            refused: None,
            is_over: false,
            deadline: None,
            out: VecDeque::new(),
            orders: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// LCP is open: the authenticator asks.
    pub fn start(&mut self, now: Instant) {
        self.deadline = Some(now + PATIENCE);
    }

    /// A packet arrived.
    pub fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        match EapPacket::parse(packet) {
            Ok(EapPacket::Request { id, kind, data }) => {
                self.on_request(now, packet, id, kind, data);
            }
            Ok(EapPacket::Success { id }) if !self.is_over && self.is_last(id) => {
                self.on_success();
            }
            Ok(EapPacket::Failure { id }) if !self.is_over && self.is_last(id) => {
                self.on_failure();
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// Verdicts bear the identifier of the last Response (RFC 3748 §4.2); some authenticators count on.
    fn is_last(&self, id: u8) -> bool {
        self.last.is_some() && (id == self.id || id == self.id.wrapping_add(1))
    }

    fn on_request(&mut self, now: Instant, packet: &[u8], id: u8, asked: u8, data: &[u8]) {
        if let Some((known, response)) = &self.last
            && known == packet
        {
            self.out.extend(response.clone());
            return;
        }
        // The proof is over; who asks for another one gets none (RFC 3748 §2.1). While a person is asked,
        // nothing new is said.
        if self.is_over || self.is_waiting() {
            return;
        }
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > MOST_ROUNDS {
            return self.fail(AuthFailure::Eap(EapFailure::Endless));
        }
        let before = self.last.replace((packet.to_vec(), None));
        let id_before = std::mem::replace(&mut self.id, id);
        if self.heed(asked, data) {
            // What was heeded may have been the end.
            self.deadline = (!self.is_over && !self.is_waiting()).then(|| now + PATIENCE);
        } else {
            // Nothing was made of it: it is as if it had not come.
            (self.last, self.id) = (before, id_before);
        }
    }

    /// Whether anything came of a Request.
    fn heed(&mut self, asked: u8, data: &[u8]) -> bool {
        match asked {
            kind::IDENTITY => {
                let name = self.credentials.user.clone();
                self.respond(kind::IDENTITY, name.as_bytes());
                true
            }
            kind::NOTIFICATION => {
                tracing::info!(target: "ppp::auth",
                    text = %crate::lcp::farewell::printable(data), "the peer notifies");
                self.respond(kind::NOTIFICATION, &[]);
                true
            }
            _ => match EapMethod::from_number(asked).filter(|m| self.methods.contains(m)) {
                Some(method) => self.heed_method(method, data),
                None => self.decline(asked),
            },
        }
    }

    /// Legacy Nak (RFC 3748 §5.3.1), which may be said only before a method has begun.
    fn decline(&mut self, asked: u8) -> bool {
        if !matches!(self.running, Running::Nothing) || asked == kind::NAK {
            return false;
        }
        if !self.unwanted.contains(&asked) {
            self.unwanted.push(asked);
        }
        let wanted: Vec<u8> = match self.methods.is_empty() {
            true => vec![0],
            false => self.methods.iter().map(|method| method.number()).collect(),
        };
        self.respond(kind::NAK, &wanted);
        true
    }

    fn heed_method(&mut self, method: EapMethod, data: &[u8]) -> bool {
        let begins = matches!(self.running, Running::Nothing);
        if begins {
            self.running = match method {
                EapMethod::Md5 => Running::Md5,
                EapMethod::MsChapV2 => Running::MsChapV2(mschapv2::Caller::new(self.asks_person)),
                EapMethod::Tls | EapMethod::Peap => {
                    Running::Tunnel(Box::new(Tunnel::new(method, self.room, self.asks_person)))
                }
            };
        }
        let heeded = match (&mut self.running, method) {
            (Running::Md5, EapMethod::Md5) => self.heed_md5(data),
            (Running::MsChapV2(caller), EapMethod::MsChapV2) => {
                let step = caller.handle(data, &self.credentials, &mut self.chance);
                self.on_step(step)
            }
            (Running::Tunnel(tunnel), _) if tunnel.method == method => self.heed_tunnel(data),
            _ => false,
        };
        if begins && !heeded {
            self.running = Running::Nothing;
        }
        heeded
    }

    fn heed_md5(&mut self, data: &[u8]) -> bool {
        let Ok((response, by)) = md5::answer(self.id, data, &self.credentials) else {
            return false;
        };
        self.challenged(by);
        self.respond(EapMethod::Md5.number(), &response);
        self.through = Some(Through { keys: None, peer_proven: false, message: String::new() });
        true
    }

    fn on_step(&mut self, step: mschapv2::Step) -> bool {
        let number = EapMethod::MsChapV2.number();
        match step {
            mschapv2::Step::Say { data, by } => {
                self.challenged(by.unwrap_or_default());
                self.respond(number, &data);
            }
            mschapv2::Step::Proven { data, keys, message } => {
                self.respond(number, &data);
                self.through = Some(Through { keys: Some(keys), peer_proven: true, message });
            }
            mschapv2::Step::Refused { data, code, message } => {
                self.respond(number, &data);
                self.refused = Some((code, message));
            }
            mschapv2::Step::Wait(refusal) => self.wait(refusal),
            mschapv2::Step::NotProven => self.fail(AuthFailure::PeerNotProven),
            mschapv2::Step::Nothing => return false,
        }
        true
    }

    fn heed_tunnel(&mut self, data: &[u8]) -> bool {
        let Running::Tunnel(tunnel) = &mut self.running else { return false };
        let Ok(fragment) = Fragment::parse(data) else { return false };
        let method = tunnel.method;
        if tunnel.waits {
            return false;
        }
        if fragment.start {
            if tunnel.facts.is_some() {
                return false;
            }
            **tunnel = Tunnel::new(method, self.room, self.asks_person);
            tunnel.waits = true;
            self.order(TlsAsk::Begin { method });
            self.challenged(String::new());
            return true;
        }
        match tunnel.courier.receive(fragment) {
            Ok(Arrival::Flight(flight)) if !flight.is_empty() => {
                tunnel.waits = true;
                self.order(TlsAsk::Hear(flight));
            }
            Ok(Arrival::Flight(_) | Arrival::Part | Arrival::Acknowledged) => {
                let part = tunnel.courier.next();
                self.respond(method.number(), &part);
            }
            Err(_) => self.fail(AuthFailure::Eap(EapFailure::LengthsLie)),
        }
        true
    }

    /// What came of an order.
    pub fn handle_tls(&mut self, reply: TlsReply) {
        let Running::Tunnel(tunnel) = &mut self.running else { return };
        if self.is_over || !std::mem::take(&mut tunnel.waits) {
            return;
        }
        let method = tunnel.method;
        match reply.state {
            TlsState::Failed(failure) => {
                // Our alert tells the other side what it was; its own is answered with nothing, and the
                // Failure that follows says no more (RFC 5216 §2.1.3).
                self.send(reply.records);
                self.fail(AuthFailure::Eap(EapFailure::Tls(failure)));
            }
            TlsState::Shaking => self.send(reply.records),
            TlsState::Open(facts) => {
                if let Some(after) = tunnel.after.take() {
                    let mut records = std::mem::take(&mut tunnel.held);
                    records.extend(reply.records);
                    self.send(records);
                    return self.conclude(after);
                }
                let heard = reply.heard;
                let facts = tunnel.facts.insert(facts).clone();
                match method {
                    EapMethod::Peap => self.hear_inside(heard, &facts, reply.records),
                    EapMethod::Tls | EapMethod::Md5 | EapMethod::MsChapV2 => {
                        // In version 1.3 the server says when it has seen enough (RFC 9190 §2.1.1).
                        if !facts.is_13 || heard.expose().as_slice() == [0] {
                            self.through = Some(Through {
                                keys: Some(super::tunnel_keys(&facts)),
                                peer_proven: true,
                                message: String::new(),
                            });
                        }
                        self.send(reply.records);
                    }
                }
            }
        }
    }

    fn hear_inside(&mut self, heard: Secret<Vec<u8>>, facts: &TlsFacts, records: Vec<u8>) {
        if heard.expose().is_empty() {
            return self.send(records);
        }
        let Running::Tunnel(tunnel) = &mut self.running else { return };
        tunnel.held = records;
        let said = tunnel.inside.handle(
            heard.expose(),
            facts.key_material.expose(),
            &self.credentials,
            &mut self.chance,
        );
        match said {
            Inside::Say(words) => self.say(words, Inside::Nothing),
            Inside::Done { say: Some(words), keys } => {
                self.say(words, Inside::Done { say: None, keys });
            }
            Inside::Failed { say: Some(words), why } => {
                self.say(words, Inside::Failed { say: None, why });
            }
            Inside::Wait(refusal) => self.wait(refusal),
            other => {
                let records = std::mem::take(&mut tunnel.held);
                self.send(records);
                self.conclude(other);
            }
        }
    }

    pub(super) fn say(&mut self, words: Secret<Vec<u8>>, after: Inside) {
        if let Running::Tunnel(tunnel) = &mut self.running {
            tunnel.waits = true;
            tunnel.after = Some(after);
            self.order(TlsAsk::Say(words));
        }
    }

    fn conclude(&mut self, inside: Inside) {
        let Running::Tunnel(tunnel) = &self.running else { return };
        match inside {
            Inside::Done { keys, .. } => {
                let keys = keys.or_else(|| tunnel.facts.as_ref().map(super::tunnel_keys));
                let through = Through { keys, peer_proven: true, message: String::new() };
                self.through = Some(through);
            }
            Inside::Failed { why: Why::Refused { code, message }, .. } => {
                self.refused = Some((code, message));
            }
            Inside::Failed { why: Why::NotProven, .. } => self.fail(AuthFailure::PeerNotProven),
            Inside::Failed { why: Why::BindingWrong, .. } => {
                self.fail(AuthFailure::Eap(EapFailure::BindingWrong));
            }
            Inside::Say(_) | Inside::Ask(..) | Inside::Wait(_) | Inside::Nothing => {}
        }
    }

    fn send(&mut self, records: Vec<u8>) {
        let Running::Tunnel(tunnel) = &mut self.running else { return };
        tunnel.courier.put(records);
        let (part, number) = (tunnel.courier.next(), tunnel.method.number());
        self.respond(number, &part);
    }

    fn order(&mut self, ask: TlsAsk) {
        self.orders.push_back(TlsOrder { role: TlsRole::Client, ask });
    }

    pub(super) fn respond(&mut self, kind: u8, data: &[u8]) {
        let response = EapPacket::Response { id: self.id, kind, data }.emit();
        if let Some((_, kept)) = &mut self.last {
            *kept = Some(response.clone());
        }
        self.out.push_back(response);
    }

    fn challenged(&mut self, by: String) {
        let method = match &self.running {
            Running::Nothing => None,
            Running::Md5 => Some(EapMethod::Md5),
            Running::MsChapV2(_) => Some(EapMethod::MsChapV2),
            Running::Tunnel(tunnel) => Some(tunnel.method),
        };
        if let Some(method) = method {
            self.progress(Progress::Agreed(method));
        }
        self.progress(Progress::Challenged { method: Method::Eap, by });
        let name = self.credentials.user.clone();
        self.progress(Progress::Responded { name });
    }

    fn on_success(&mut self) {
        match self.through.take() {
            Some(through) => self.succeed(through),
            None if self.awaits_confirmation() => {
                self.fail(AuthFailure::Eap(EapFailure::NotConfirmed));
            }
            // Nothing was asked for, or all was refused: whoever says Success has not seen a proof of
            // ours, nor given one.
            None => self.fail(AuthFailure::PeerNotProven),
        }
    }

    /// All that lacks is the server's word inside TLS 1.3.
    fn awaits_confirmation(&self) -> bool {
        let Running::Tunnel(tunnel) = &self.running else { return false };
        let is_13 = tunnel.facts.as_ref().is_some_and(|facts| facts.is_13);
        is_13 && tunnel.method == EapMethod::Tls
    }

    fn on_failure(&mut self) {
        let inside = match &self.running {
            Running::Tunnel(tunnel) => tunnel.inside.refusal().cloned(),
            Running::Nothing | Running::Md5 | Running::MsChapV2(_) => None,
        };
        let failure = match (self.refused.take(), inside) {
            (Some((code, message)), _) | (None, Some(Why::Refused { code, message })) => {
                AuthFailure::Refused { code, retry: false, message }
            }
            _ if matches!(self.running, Running::Nothing) && !self.unwanted.is_empty() => {
                let theirs = std::mem::take(&mut self.unwanted);
                AuthFailure::Eap(EapFailure::NoCommonMethod { theirs })
            }
            _ => AuthFailure::Refused { code: None, retry: false, message: String::new() },
        };
        if let AuthFailure::Refused { code, retry, message } = &failure {
            let (code, retry, message) = (*code, *retry, message.clone());
            self.progress(Progress::Failed { code, retry, message });
        }
        self.fail(failure);
    }

    /// The peer negotiates its network: if all that we wait for is its Success, that was lost
    /// (RFC 3748 §4.2). Returns whether it changed anything.
    pub fn network_has_begun(&mut self) -> bool {
        if self.is_over {
            return false;
        }
        match self.through.take() {
            Some(through) => {
                self.succeed(through);
                true
            }
            None => false,
        }
    }

    fn succeed(&mut self, through: Through) {
        let Through { keys, peer_proven, message } = through;
        self.is_over = true;
        self.deadline = None;
        self.progress(Progress::Succeeded { message });
        self.events.push_back(AuthEvent::Done { keys, peer_proven, name: None });
    }

    fn fail(&mut self, failure: AuthFailure) {
        if !std::mem::replace(&mut self.is_over, true) {
            self.deadline = None;
            self.orders.clear();
            self.last = None;
            self.events.push_back(AuthEvent::Failed(failure));
        }
    }

    pub(super) fn progress(&mut self, progress: Progress) {
        self.events.push_back(AuthEvent::Progress(progress));
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_some_and(|at| at <= now) {
            self.deadline = None;
            match self.refused.is_some() {
                true => self.on_failure(),
                false => self.fail(AuthFailure::Unanswered),
            }
        }
    }

    /// The next packet to send.
    pub fn poll_packet(&mut self, into: &mut Vec<u8>) -> bool {
        let Some(packet) = self.out.pop_front() else { return false };
        *into = packet;
        true
    }

    /// The next order to the owner's TLS.
    pub fn poll_order(&mut self) -> Option<TlsOrder> {
        self.orders.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.deadline.map(|at| Deadline::new(at, "EAP"))
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<AuthEvent> {
        self.events.pop_front()
    }
}

impl Tunnel {
    fn new(method: EapMethod, room: usize, asks_person: bool) -> Self {
        Self {
            method,
            courier: Courier::new(room),
            facts: None,
            waits: false,
            inside: peap::Caller::new(asks_person),
            held: Vec::new(),
            after: None,
        }
    }
}
