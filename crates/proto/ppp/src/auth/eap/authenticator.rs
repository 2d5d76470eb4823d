//! The side that demands proof by EAP (RFC 3748 §4).
//!
//! **Lock-step.** One Request at a time, with an identifier of its own, repeated until it is answered; a
//! Response counts once, by that identifier. While the owner judges, or its TLS works, nothing is heard.
//!
//! **Elsewhere.** Passing through, only the first Request (for the name) is ours: each Response is a
//! question, and the verdict brings the next Request, identifier and all.

use std::collections::VecDeque;

use onhook_base::{Chance, Deadline, Duration, Instant, Secret};

use super::again::elsewhere_refused;
use super::peap::{self, Inside, Why};
use super::tls::{Arrival, Courier};
use super::wire::{EapPacket, Fragment, MOST_NAME, kind};
use super::{EapFailure, TlsAsk, TlsFacts, TlsOrder, TlsReply, TlsRole, TlsState, md5, mschapv2};
use crate::auth::{
    AuthEvent, AuthFailure, EapMethod, EapTerms, Keys, Progress, Proof, Question, Verdict,
};

/// How long a Request waits for its Response before it is sent again (RFC 3748 §4.3).
pub(super) const RETRY: Duration = Duration::from_secs(3);
/// How often it is sent.
pub(super) const TRIES: u8 = 10;
/// The first identifier is at most this where another judges, who counts on from it (RFC 3748 §4.1 has it
/// a matter of chance). FreeRADIUS makes MS-CHAP's identifiers from EAP's, and reads the challenge of its own
/// refusal out of a text that one begins: a zero is the text's end, and the next proof, or the new password
/// that was asked for, is refused. No talk is so long that it gets there from here.
const FIRST_ELSEWHERE: u8 = 128;
/// Responses that one proof may take.
const MOST_ROUNDS: u16 = 600;
/// MS-CHAP's number for a wrong name or password (RFC 2759 §6).
const AUTHENTICATION_FAILURE: u32 = 691;

/// The side that demands proof.
#[derive(Debug)]
pub struct EapAuthenticator {
    terms: EapTerms,
    /// Responses of MS-CHAP version 2 that are heard after a refused one.
    pub(super) retries: u8,
    local_name: String,
    room: usize,
    chance: Chance,
    /// The identifier of the Request that waits for its Response, or of the last Response.
    id: u8,
    request: Vec<u8>,
    pub(super) tries: u8,
    rounds: u16,
    /// The Response is in hand: the owner judges, or its TLS works.
    is_busy: bool,
    stage: Stage,
    identity: String,
    /// The name that a proof was, or is, judged for.
    proved: String,
    tried: Vec<EapMethod>,
    refusal: Option<(u32, String)>,
    pub(super) deadline: Option<Instant>,
    /// A person at the other end is asked, and this is how long that may take.
    pub(super) person_until: Option<Instant>,
    out: VecDeque<Vec<u8>>,
    orders: VecDeque<TlsOrder>,
    pub(super) events: VecDeque<AuthEvent>,
}

#[derive(Debug)]
enum Stage {
    Name,
    Md5(md5::Asked),
    MsChapV2 {
        server: mschapv2::Server,
        keys: Option<Keys>,
        has_verdict: bool,
    },
    Tunnel(Box<Tunnel>),
    Elsewhere,
    /// The verdict was told; it is told again to who repeats.
    Over(Vec<u8>),
    /// Nobody answered; who comes now is too late.
    GivenUp,
}

/// EAP-TLS and PEAP.
#[derive(Debug)]
struct Tunnel {
    method: EapMethod,
    courier: Courier,
    facts: Option<TlsFacts>,
    /// The first reply is still to come; the Start is on its way without it.
    begins: bool,
    /// The owner has admitted the certificate (EAP-TLS).
    is_admitted: bool,
    /// (PEAP)
    inside: peap::Server,
    inside_begun: bool,
    /// Of the handshake's end, to be sent when the certificate is admitted.
    held: Vec<u8>,
    /// An alert was told: whatever is said to it, this is the end.
    failure: Option<EapFailure>,
}

impl EapAuthenticator {
    /// An authenticator that calls itself `local_name`. `room` is the most octets of a packet.
    pub fn new(terms: EapTerms, local_name: String, room: u16, mut chance: Chance) -> Self {
        let [id] = chance.bytes();
        let id = if terms.pass_through { id % FIRST_ELSEWHERE } else { id };
        Self {
            terms,
            retries: 0,
            local_name,
            room: usize::from(room),
            chance,
            id,
            request: Vec::new(),
            tries: 0,
            rounds: 0,
            is_busy: false,
            stage: Stage::Name,
            identity: String::new(),
            proved: String::new(),
            tried: Vec::new(),
            refusal: None,
            deadline: None,
            person_until: None,
            out: VecDeque::new(),
            orders: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// LCP is open: who is there?
    pub fn start(&mut self, now: Instant) {
        self.request(now, kind::IDENTITY, &[]);
    }

    fn request(&mut self, now: Instant, kind: u8, data: &[u8]) {
        self.id = self.id.wrapping_add(1);
        let packet = EapPacket::Request { id: self.id, kind, data }.emit();
        self.send_request(now, packet);
    }

    fn send_request(&mut self, now: Instant, packet: Vec<u8>) {
        self.request.clone_from(&packet);
        self.out.push_back(packet);
        self.is_busy = false;
        self.tries = 1;
        self.deadline = Some(now + RETRY);
    }

    /// A packet arrived. What is malformed or out of place is dropped.
    pub fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        let Ok(EapPacket::Response { id, kind, data }) = EapPacket::parse(packet) else { return };
        if id != self.id || self.is_busy {
            return;
        }
        if let Stage::Over(verdict) = &self.stage {
            self.out.push_back(verdict.clone());
            return;
        }
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > MOST_ROUNDS {
            return self.end(AuthFailure::Eap(EapFailure::Endless));
        }
        match &self.stage {
            Stage::Name => self.on_name(now, packet, kind, data),
            Stage::Elsewhere => self.ask_elsewhere(packet),
            Stage::Md5(_) | Stage::MsChapV2 { .. } | Stage::Tunnel(_) if kind == kind::NAK => {
                self.on_nak(now, data);
            }
            Stage::Md5(asked) => {
                if kind == EapMethod::Md5.number()
                    && let Ok(proof) = asked.proof(id, data)
                {
                    let name = self.identity.clone();
                    self.ask(name, proof);
                }
            }
            Stage::MsChapV2 { .. } if kind == EapMethod::MsChapV2.number() => {
                self.on_mschapv2(data);
            }
            Stage::Tunnel(tunnel) if kind == tunnel.method.number() => self.on_tunnel(now, data),
            Stage::MsChapV2 { .. } | Stage::Tunnel(_) | Stage::Over(_) | Stage::GivenUp => {}
        }
    }

    fn on_name(&mut self, now: Instant, packet: &[u8], kind: u8, data: &[u8]) {
        if kind != kind::IDENTITY || data.len() > MOST_NAME {
            return;
        }
        // What follows a zero are options, not the name (RFC 3748 §5.1).
        let name = data.split(|octet| *octet == 0).next().unwrap_or_default();
        self.identity = String::from_utf8_lossy(name).into_owned();
        let name = self.identity.clone();
        self.events.push_back(AuthEvent::Progress(Progress::Responded { name }));
        if self.terms.pass_through {
            self.stage = Stage::Elsewhere;
            self.ask_elsewhere(packet);
            return;
        }
        match self.terms.methods.first().copied() {
            Some(method) => self.begin(now, method),
            None => self.end(AuthFailure::Eap(EapFailure::NoCommonMethod { theirs: Vec::new() })),
        }
    }

    fn begin(&mut self, now: Instant, method: EapMethod) {
        self.tried.push(method);
        let data = match method {
            EapMethod::Md5 => {
                let asked = md5::Asked::new(&mut self.chance);
                let data = asked.request(&self.local_name);
                self.stage = Stage::Md5(asked);
                data
            }
            EapMethod::MsChapV2 => {
                let server = mschapv2::Server::new(&mut self.chance, self.retries);
                let data = server.challenge(&self.local_name);
                self.stage = Stage::MsChapV2 { server, keys: None, has_verdict: false };
                data
            }
            EapMethod::Tls | EapMethod::Peap => {
                self.stage = Stage::Tunnel(Box::new(Tunnel {
                    method,
                    courier: Courier::new(self.room),
                    facts: None,
                    begins: true,
                    is_admitted: false,
                    inside: peap::Server::new(&mut self.chance, self.retries),
                    inside_begun: false,
                    held: Vec::new(),
                    failure: None,
                }));
                self.order(TlsAsk::Begin { method });
                Fragment { total: None, more: false, start: true, data: &[] }.emit()
            }
        };
        self.request(now, method.number(), &data);
    }

    /// The caller wants another method (RFC 3748 §5.3.1).
    fn on_nak(&mut self, now: Instant, wanted: &[u8]) {
        let has_begun = match &self.stage {
            Stage::Tunnel(tunnel) => tunnel.courier.has_heard(),
            Stage::MsChapV2 { has_verdict, .. } => *has_verdict || self.refusal.is_some(),
            _ => false,
        };
        if has_begun {
            return;
        }
        let mut fresh = self.terms.methods.iter().filter(|m| !self.tried.contains(m));
        match fresh.find(|method| wanted.contains(&method.number())).copied() {
            Some(method) => {
                self.orders.clear();
                self.begin(now, method);
            }
            None => {
                let theirs = wanted.iter().copied().filter(|n| *n != 0).take(8).collect();
                self.end(AuthFailure::Eap(EapFailure::NoCommonMethod { theirs }));
            }
        }
    }

    fn on_mschapv2(&mut self, data: &[u8]) {
        let Stage::MsChapV2 { server, keys, has_verdict } = &mut self.stage else { return };
        if !*has_verdict {
            match server.proof(data) {
                Some((name, proof)) => self.ask(name, proof),
                // Another would be heard, and there is none.
                None if self.refusal.is_some()
                    && mschapv2::Server::acknowledged(data) == Some(false) =>
                {
                    self.refuse();
                }
                None => {}
            }
            return;
        }
        match (mschapv2::Server::acknowledged(data), keys.clone()) {
            (Some(true), Some(keys)) if self.refusal.is_none() => self.accept(Some(keys)),
            // Whoever says Success to a refusal proves nothing (CVE-2015-8023).
            (Some(_), _) => self.refuse(),
            (None, _) => {}
        }
    }

    fn on_tunnel(&mut self, now: Instant, data: &[u8]) {
        let Stage::Tunnel(tunnel) = &mut self.stage else { return };
        if let Some(failure) = tunnel.failure.take() {
            return self.end(AuthFailure::Eap(failure));
        }
        let Ok(fragment) = Fragment::parse(data) else { return };
        let method = tunnel.method;
        let flight = match tunnel.courier.receive(fragment) {
            Ok(Arrival::Flight(flight)) => flight,
            Ok(Arrival::Part | Arrival::Acknowledged) => {
                let part = tunnel.courier.next();
                return self.request(now, method.number(), &part);
            }
            Err(_) => return self.end(AuthFailure::Eap(EapFailure::LengthsLie)),
        };
        if !flight.is_empty() {
            return self.order(TlsAsk::Hear(flight));
        }
        // All that we had to say was heard.
        let Some(facts) = &tunnel.facts else { return };
        match method {
            EapMethod::Peap if !tunnel.inside_begun => {
                tunnel.inside_begun = true;
                let words = tunnel.inside.begin();
                self.order(TlsAsk::Say(words));
            }
            EapMethod::Tls if tunnel.is_admitted => {
                let keys = super::tunnel_keys(facts);
                self.accept(Some(keys));
            }
            _ => {}
        }
    }

    /// What came of an order.
    pub fn handle_tls(&mut self, now: Instant, reply: TlsReply) {
        let Stage::Tunnel(tunnel) = &mut self.stage else { return };
        let begins = std::mem::take(&mut tunnel.begins);
        let facts = match reply.state {
            TlsState::Failed(failure) => {
                let failure = EapFailure::Tls(failure);
                if reply.records.is_empty() {
                    return self.end(AuthFailure::Eap(failure));
                }
                tunnel.failure = Some(failure);
                return self.send(now, reply.records);
            }
            TlsState::Shaking if begins => return,
            TlsState::Shaking => return self.send(now, reply.records),
            TlsState::Open(facts) => facts,
        };
        let just_opened = tunnel.facts.is_none();
        let facts = tunnel.facts.insert(facts).clone();
        match tunnel.method {
            EapMethod::Tls if just_opened => {
                tunnel.held = reply.records;
                self.ask_about_certificate(facts.names);
            }
            EapMethod::Peap if !reply.heard.expose().is_empty() => {
                let material = facts.key_material.expose();
                let inside = &mut tunnel.inside;
                let heard = reply.heard.expose();
                let said = inside.handle(heard, material, &self.local_name, &mut self.chance);
                self.conclude(now, said);
            }
            EapMethod::Peap if just_opened && reply.records.is_empty() => {
                tunnel.inside_begun = true;
                let words = tunnel.inside.begin();
                self.order(TlsAsk::Say(words));
            }
            EapMethod::Tls | EapMethod::Peap | EapMethod::Md5 | EapMethod::MsChapV2 => {
                let mut records = std::mem::take(&mut tunnel.held);
                records.extend(reply.records);
                self.send(now, records);
            }
        }
    }

    /// The name is one that the certificate bears: the one that was told, if it is among them.
    fn ask_about_certificate(&mut self, names: Vec<String>) {
        let told = names.iter().find(|name| name.eq_ignore_ascii_case(&self.identity));
        match told.or(names.first()).cloned() {
            Some(name) => self.ask(name, Proof::Certificate { names }),
            None => self.refuse(),
        }
    }

    fn conclude(&mut self, now: Instant, inside: Inside) {
        let Stage::Tunnel(tunnel) = &self.stage else { return };
        match inside {
            Inside::Say(words) => self.order(TlsAsk::Say(words)),
            Inside::Ask(name, proof) => self.ask(name, proof),
            Inside::Done { keys, .. } => {
                let keys = keys.or_else(|| tunnel.facts.as_ref().map(super::tunnel_keys));
                self.accept(keys);
            }
            Inside::Failed { why: Why::Refused { code, message }, .. } => {
                self.refusal = Some((code.unwrap_or(AUTHENTICATION_FAILURE), message));
                self.refuse();
            }
            Inside::Failed { why: Why::NotProven, .. } => self.refuse(),
            Inside::Failed { why: Why::BindingWrong, .. } => {
                self.end(AuthFailure::Eap(EapFailure::BindingWrong));
            }
            // Nonsense inside the tunnel: the last is said again until the caller makes sense.
            Inside::Wait(_) | Inside::Nothing => self.send(now, Vec::new()),
        }
    }

    fn send(&mut self, now: Instant, records: Vec<u8>) {
        let Stage::Tunnel(tunnel) = &mut self.stage else { return };
        tunnel.courier.put(records);
        let (part, number) = (tunnel.courier.next(), tunnel.method.number());
        self.request(now, number, &part);
    }

    fn order(&mut self, ask: TlsAsk) {
        // The Start needs no reply to leave.
        if !matches!(ask, TlsAsk::Begin { .. }) {
            self.is_busy = true;
            self.deadline = None;
        }
        self.orders.push_back(TlsOrder { role: TlsRole::Server, ask });
    }

    fn ask_elsewhere(&mut self, packet: &[u8]) {
        let length = packet.get(2..4).and_then(|l| <[u8; 2]>::try_from(l).ok());
        let length = length.map_or(0, |l| usize::from(u16::from_be_bytes(l)));
        let packet = packet.get(..length).unwrap_or(packet).to_vec();
        let name = self.identity.clone();
        self.ask(name, Proof::Eap { packet });
    }

    fn ask(&mut self, name: String, proof: Proof) {
        self.is_busy = true;
        (self.deadline, self.person_until) = (None, None);
        self.refusal = None;
        self.proved.clone_from(&name);
        self.events.push_back(AuthEvent::Ask(Question::new(name, proof)));
    }

    /// The verdict on the question that was asked.
    pub fn answer(&mut self, now: Instant, verdict: Verdict) {
        if !self.is_busy {
            return;
        }
        match verdict {
            Verdict::Accept { message, keys } => self.on_accepted(now, &message, keys),
            Verdict::Reject { code, retry, message } => {
                self.on_rejected(now, code, retry, message);
            }
            Verdict::Continue { packet } => self.on_more(now, packet),
        }
    }

    fn on_accepted(&mut self, now: Instant, message: &[u8], made: Option<Keys>) {
        match &mut self.stage {
            Stage::Md5(_) => self.accept(None),
            Stage::Elsewhere => self.accept(made),
            Stage::MsChapV2 { server, keys, has_verdict } => {
                (*keys, *has_verdict) = (made, true);
                let data = server.success(message);
                self.request(now, EapMethod::MsChapV2.number(), &data);
            }
            Stage::Tunnel(tunnel) if tunnel.method == EapMethod::Peap => {
                let words = tunnel.inside.accept(message, made);
                self.order(TlsAsk::Say(words));
            }
            Stage::Tunnel(tunnel) => {
                tunnel.is_admitted = true;
                if tunnel.facts.as_ref().is_some_and(|facts| facts.is_13) {
                    // No more of the handshake will come (RFC 9190 §2.1.1).
                    self.order(TlsAsk::Say(Secret::new(vec![0])));
                } else {
                    let records = std::mem::take(&mut tunnel.held);
                    self.send(now, records);
                }
            }
            Stage::Name | Stage::Over(_) | Stage::GivenUp => {}
        }
    }

    fn on_rejected(&mut self, now: Instant, code: u32, hear: bool, message: String) {
        self.refusal = Some((code, message.clone()));
        match &mut self.stage {
            Stage::MsChapV2 { server, has_verdict, .. } => {
                let (data, is_open) = server.failure(&mut self.chance, code, hear, &message);
                *has_verdict = !is_open;
                self.request(now, EapMethod::MsChapV2.number(), &data);
                if is_open {
                    self.wait_for_person(now, code, message);
                }
            }
            Stage::Tunnel(tunnel) if tunnel.method == EapMethod::Peap => {
                let (words, is_open) =
                    tunnel.inside.reject(code, hear, message.clone(), &mut self.chance);
                self.order(TlsAsk::Say(words));
                if is_open {
                    self.wait_for_person(now, code, message);
                }
            }
            Stage::Md5(_) | Stage::Elsewhere | Stage::Tunnel(_) => self.refuse(),
            Stage::Name | Stage::Over(_) | Stage::GivenUp => {}
        }
    }

    /// The next Request of whoever judges elsewhere.
    fn on_more(&mut self, now: Instant, packet: Vec<u8>) {
        match (&self.stage, EapPacket::parse(&packet)) {
            (Stage::Elsewhere, Ok(EapPacket::Request { id, .. })) => {
                self.id = id;
                let refusal = elsewhere_refused(&packet);
                self.send_request(now, packet);
                if let Some((code, message)) = refusal {
                    self.refusal = Some((code, message.clone()));
                    self.wait_for_person(now, code, message);
                }
            }
            (Stage::Name | Stage::Over(_) | Stage::GivenUp, _) => {}
            _ => self.refuse(),
        }
    }

    fn accept(&mut self, keys: Option<Keys>) {
        if let Some(method) = self.tried.last() {
            self.events.push_back(AuthEvent::Progress(Progress::Agreed(*method)));
        }
        self.tell(EapPacket::Success { id: self.id }.emit());
        let name = Some(self.proved.clone());
        self.events.push_back(AuthEvent::Progress(Progress::Succeeded { message: String::new() }));
        self.events.push_back(AuthEvent::Done { keys, peer_proven: true, name });
    }

    fn refuse(&mut self) {
        let unsaid = (AUTHENTICATION_FAILURE, String::new());
        let (code, message) = self.refusal.take().unwrap_or(unsaid);
        self.end(AuthFailure::Refused { code: Some(code), retry: false, message });
    }

    fn end(&mut self, failure: AuthFailure) {
        self.tell(EapPacket::Failure { id: self.id }.emit());
        self.events.push_back(AuthEvent::Failed(failure));
    }

    fn tell(&mut self, verdict: Vec<u8>) {
        self.is_busy = false;
        (self.deadline, self.person_until) = (None, None);
        self.orders.clear();
        self.out.push_back(verdict.clone());
        self.stage = Stage::Over(verdict);
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|at| now < at) {
            return;
        }
        if let Some(next) = self.next_repetition(now) {
            self.tries = self.tries.saturating_add(1);
            self.out.push_back(self.request.clone());
            self.deadline = Some(next);
            return;
        }
        self.deadline = None;
        let told = match &mut self.stage {
            Stage::Tunnel(tunnel) => tunnel.failure.take(),
            _ => None,
        };
        self.stage = Stage::GivenUp;
        let failure = match (self.refusal.take(), told) {
            (Some((code, message)), _) => {
                AuthFailure::Refused { code: Some(code), retry: false, message }
            }
            (None, Some(failure)) => AuthFailure::Eap(failure),
            (None, None) => AuthFailure::Unanswered,
        };
        self.events.push_back(AuthEvent::Failed(failure));
    }

    /// The identifier that the next Response must have.
    #[cfg(test)]
    pub(crate) const fn id(&self) -> u8 {
        self.id
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
