//! What answers discovery for all callers of one wire.
//!
//! It remembers nothing of a caller before the caller has answered an offer: the offer's cookie says that
//! it was made, to whom, and when.

use std::collections::{HashMap, HashSet};

use onhook_base::{Duration, Instant, Seed};
use onhook_crypto::cookie::cookie;

use super::machine::MTU;
use super::strays::Strays;
use super::wire::{BROADCAST, Builder, Frame, LAST_SESSION, SessionName, Station, Tags, code, tag};

/// An offer may be answered for this long, and up to once more.
const SLOT: Duration = Duration::from_secs(60);
/// Offers of one second: more than that, and the wire is being flooded.
const MOST_OFFERS: u32 = 1000;
/// The most payload that may be agreed (RFC 4638).
const JUMBO: u16 = 1500;

/// What a concentrator is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcentratorTerms {
    /// Its name.
    pub name: String,
    /// The services that it has; empty: it answers to any name.
    pub services: Vec<String>,
    /// Its address.
    pub address: Station,
    /// The wire carries eight octets more than 1500.
    pub jumbo: bool,
}

/// What is to be done about a discovery packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing.
    Nothing,
    /// This is to be sent.
    Reply(Vec<u8>),
    /// Somebody goes on with a session that is not ours: this ends it, and is to be sent unless somebody else
    /// on this machine may have the session.
    End(Vec<u8>),
    /// A session begins: this is to be sent when its call is taken. Otherwise
    /// [`Concentrator::end`] is to be told.
    Begin(SessionName, Vec<u8>),
}

/// Answers discovery; see the [room](super).
#[derive(Debug)]
pub struct Concentrator {
    terms: ConcentratorTerms,
    key: [u8; 32],
    sessions: HashSet<u16>,
    /// Those of them whose frames may be longer than Ethernet's are.
    long: HashSet<u16>,
    /// What a caller was answered, so that a repetition is answered with the same.
    answered: HashMap<(Station, Vec<u8>), (u16, Vec<u8>)>,
    next: u16,
    second: (Instant, u32),
    strays: Strays,
}

impl Concentrator {
    /// One that has no session yet.
    pub fn new(terms: ConcentratorTerms, seed: &Seed) -> Self {
        let [low, high] = seed.chance().bytes();
        Self {
            terms,
            key: seed.secret_chance().bytes(),
            sessions: HashSet::new(),
            long: HashSet::new(),
            answered: HashMap::new(),
            next: u16::from_le_bytes([low, high]),
            second: (Instant::ORIGIN, 0),
            strays: Strays::default(),
        }
    }

    /// A discovery packet has come, or a frame of a session that is none of ours.
    pub fn handle(&mut self, now: Instant, bytes: &[u8]) -> Reaction {
        let Ok(frame) = Frame::parse(bytes) else { return Reaction::Nothing };
        let is_to_us = frame.to == self.terms.address;
        if frame.is_session {
            let end = if is_to_us { self.strays.end(now, &frame) } else { None };
            return end.map_or(Reaction::Nothing, Reaction::End);
        }
        let Ok(tags) = Tags::parse(frame.payload) else { return Reaction::Nothing };
        match frame.code {
            _ if frame.session != 0 => Reaction::Nothing,
            code::PADI if is_to_us || frame.to == BROADCAST => self.offer(now, frame.from, &tags),
            code::PADR if is_to_us => self.begin(now, frame.from, &tags),
            _ => Reaction::Nothing,
        }
    }

    /// A session is over; its number may be given again, after all others.
    pub fn end(&mut self, session: u16) {
        self.sessions.remove(&session);
        self.long.remove(&session);
        self.answered.retain(|_, (of, _)| *of != session);
    }

    /// The largest IP packet of a session, in octets, as agreed (RFC 4638).
    pub fn mtu(&self, session: u16) -> u16 {
        if self.long.contains(&session) { JUMBO } else { MTU }
    }

    fn has(&self, service: &[u8]) -> bool {
        let services = &self.terms.services;
        service.is_empty()
            || services.is_empty()
            || services.iter().any(|name| name.as_bytes() == service)
    }

    /// The one service that is asked for (§5.1), if we have it.
    fn asked<'a>(&self, tags: &'a Tags) -> Option<&'a [u8]> {
        tags.service_names.first().map(Vec::as_slice).filter(|service| self.has(service))
    }

    fn cookie(&self, slot: u64, caller: Station) -> Vec<u8> {
        cookie(&self.key, &[&slot.to_be_bytes(), &caller]).to_vec()
    }

    fn offer(&mut self, now: Instant, caller: Station, tags: &Tags) -> Reaction {
        let Some(service) = self.asked(tags) else { return Reaction::Nothing };
        if now >= self.second.0 + Duration::from_secs(1) {
            self.second = (now, 0);
        }
        self.second.1 = self.second.1.saturating_add(1);
        if self.second.1 > MOST_OFFERS {
            return Reaction::Nothing;
        }
        let mut packet = Builder::new(caller, self.terms.address, code::PADO, 0)
            .tag(tag::SERVICE_NAME, service)
            .tag(tag::AC_NAME, self.terms.name.as_bytes())
            .tag(tag::AC_COOKIE, &self.cookie(slot(now), caller));
        for other in self.terms.services.iter().filter(|name| name.as_bytes() != service) {
            packet = packet.tag(tag::SERVICE_NAME, other.as_bytes());
        }
        Reaction::Reply(self.echo(packet, tags).finish())
    }

    /// What must come back unchanged, and the payload if it can be had.
    fn echo(&self, packet: Builder, tags: &Tags) -> Builder {
        let packet = packet
            .maybe(tag::HOST_UNIQ, tags.host_uniq.as_ref())
            .maybe(tag::RELAY_SESSION_ID, tags.relay.as_ref());
        match self.payload(tags) {
            Some(most) => packet.tag(tag::MAX_PAYLOAD, &most.to_be_bytes()),
            None => packet,
        }
    }

    /// The payload that is agreed beyond the usual one.
    fn payload(&self, tags: &Tags) -> Option<u16> {
        let most = tags.max_payload.filter(|most| self.terms.jumbo && *most > MTU)?;
        Some(most.min(JUMBO))
    }

    fn begin(&mut self, now: Instant, caller: Station, tags: &Tags) -> Reaction {
        let told = tags.cookie.as_ref();
        let slots = [slot(now), slot(now).saturating_sub(1)];
        if !slots.iter().any(|slot| told == Some(&self.cookie(*slot, caller))) {
            return Reaction::Nothing;
        }
        let unique = tags.host_uniq.clone().unwrap_or_default();
        if let Some((_, reply)) = self.answered.get(&(caller, unique.clone())) {
            return Reaction::Reply(reply.clone());
        }
        let refuse = |kind: u16| {
            let packet = Builder::new(caller, self.terms.address, code::PADS, 0);
            let service = tags.service_names.first();
            let packet = packet.maybe(tag::SERVICE_NAME, service).tag(kind, b"");
            Reaction::Reply(self.echo(packet, tags).finish())
        };
        let Some(service) = self.asked(tags) else { return refuse(tag::SERVICE_NAME_ERROR) };
        let Some(session) = self.free() else { return refuse(tag::AC_SYSTEM_ERROR) };
        let packet = Builder::new(caller, self.terms.address, code::PADS, session)
            .tag(tag::SERVICE_NAME, service);
        let reply = self.echo(packet, tags).finish();
        self.next = session;
        self.sessions.insert(session);
        if self.payload(tags) == Some(JUMBO) {
            self.long.insert(session);
        }
        self.answered.insert((caller, unique), (session, reply.clone()));
        let name = SessionName { ours: self.terms.address, theirs: caller, session };
        Reaction::Begin(name, reply)
    }

    fn free(&self) -> Option<u16> {
        let mut number = self.next;
        for _ in 0..LAST_SESSION {
            number = if number >= LAST_SESSION { 1 } else { number.saturating_add(1) };
            if !self.sessions.contains(&number) {
                return Some(number);
            }
        }
        None
    }
}

fn slot(now: Instant) -> u64 {
    now.as_nanos() / 1_000_000_000 / SLOT.as_secs()
}
