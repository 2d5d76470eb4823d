//! The two sides of a proof, whichever protocol carries it.

use onhook_base::{Chance, Deadline, Instant};

use super::eap::{EapAuthenticator, EapPeer};
use super::{
    AuthEvent, Authenticator, Credentials, EapTerms, Method, Prover, TlsOrder, TlsReply, Verdict,
};
use crate::person::Given;

/// Who proves itself.
#[derive(Debug)]
pub(crate) enum Proving {
    /// By PAP or CHAP.
    Plain(Box<Prover>),
    /// By EAP.
    Eap(Box<EapPeer>),
}

/// Who demands a proof.
#[derive(Debug)]
pub(crate) enum Demanding {
    /// By PAP or CHAP.
    Plain(Box<Authenticator>),
    /// By EAP.
    Eap(Box<EapAuthenticator>),
}

impl Proving {
    /// `room`: the most octets of a packet.
    pub(crate) fn new(
        method: Method,
        eap: &EapTerms,
        credentials: Option<Credentials>,
        room: u16,
        chance: Chance,
    ) -> Self {
        match method {
            Method::Eap => Self::Eap(Box::new(EapPeer::new(eap, credentials, room, chance))),
            Method::Pap | Method::ChapMd5 | Method::MsChapV1 | Method::MsChapV2 => {
                Self::Plain(Box::new(Prover::new(method, credentials, chance)))
            }
        }
    }

    pub(crate) fn start(&mut self, now: Instant) {
        match self {
            Self::Plain(prover) => prover.start(now),
            Self::Eap(peer) => peer.start(now),
        }
    }

    pub(crate) fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        match self {
            Self::Plain(prover) => prover.handle_packet(now, packet),
            Self::Eap(peer) => peer.handle_packet(now, packet),
        }
    }

    /// Whether a person may be asked for another password.
    pub(crate) fn asks_person(&mut self, allowed: bool) {
        match self {
            Self::Plain(prover) => prover.asks_person(allowed),
            Self::Eap(peer) => peer.asks_person(allowed),
        }
    }

    /// What a person gave; false when nothing of the kind was asked for.
    pub(crate) fn give(&mut self, now: Instant, given: Given) -> bool {
        match self {
            Self::Plain(prover) => prover.give(now, given),
            Self::Eap(peer) => peer.give(now, given),
        }
    }

    pub(crate) fn handle_tls(&mut self, reply: TlsReply) {
        if let Self::Eap(peer) = self {
            peer.handle_tls(reply);
        }
    }

    /// The peer negotiates its network; whether that tells us anything.
    pub(crate) fn network_has_begun(&mut self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Eap(peer) => peer.network_has_begun(),
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Plain(prover) => prover.handle_timeout(now),
            Self::Eap(peer) => peer.handle_timeout(now),
        }
    }

    pub(crate) fn poll_packet(&mut self, into: &mut Vec<u8>) -> bool {
        match self {
            Self::Plain(prover) => prover.poll_packet(into),
            Self::Eap(peer) => peer.poll_packet(into),
        }
    }

    pub(crate) fn poll_order(&mut self) -> Option<TlsOrder> {
        match self {
            Self::Plain(_) => None,
            Self::Eap(peer) => peer.poll_order(),
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        match self {
            Self::Plain(prover) => prover.poll_timeout(),
            Self::Eap(peer) => peer.poll_timeout(),
        }
    }

    pub(crate) fn poll_event(&mut self) -> Option<AuthEvent> {
        match self {
            Self::Plain(prover) => prover.poll_event(),
            Self::Eap(peer) => peer.poll_event(),
        }
    }
}

impl Demanding {
    /// How many further proofs are heard.
    pub(crate) fn hear_again(&mut self, retries: u8) {
        match self {
            Self::Plain(machine) => machine.hear_again(retries),
            Self::Eap(machine) => machine.hear_again(retries),
        }
    }

    /// `room`: the most octets of a packet.
    pub(crate) fn new(
        method: Method,
        eap: &EapTerms,
        local_name: String,
        room: u16,
        chance: Chance,
    ) -> Self {
        match method {
            Method::Eap => {
                let machine = EapAuthenticator::new(eap.clone(), local_name, room, chance);
                Self::Eap(Box::new(machine))
            }
            Method::Pap | Method::ChapMd5 | Method::MsChapV1 | Method::MsChapV2 => {
                Self::Plain(Box::new(Authenticator::new(method, local_name, chance)))
            }
        }
    }

    pub(crate) fn start(&mut self, now: Instant) {
        match self {
            Self::Plain(machine) => machine.start(now),
            Self::Eap(machine) => machine.start(now),
        }
    }

    pub(crate) fn answer(&mut self, now: Instant, verdict: Verdict) {
        match self {
            Self::Plain(machine) => machine.answer(now, verdict),
            Self::Eap(machine) => machine.answer(now, verdict),
        }
    }

    pub(crate) fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        match self {
            Self::Plain(machine) => machine.handle_packet(now, packet),
            Self::Eap(machine) => machine.handle_packet(now, packet),
        }
    }

    pub(crate) fn handle_tls(&mut self, now: Instant, reply: TlsReply) {
        if let Self::Eap(machine) = self {
            machine.handle_tls(now, reply);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Plain(machine) => machine.handle_timeout(now),
            Self::Eap(machine) => machine.handle_timeout(now),
        }
    }

    pub(crate) fn poll_packet(&mut self, into: &mut Vec<u8>) -> bool {
        match self {
            Self::Plain(machine) => machine.poll_packet(into),
            Self::Eap(machine) => machine.poll_packet(into),
        }
    }

    pub(crate) fn poll_order(&mut self) -> Option<TlsOrder> {
        match self {
            Self::Plain(_) => None,
            Self::Eap(machine) => machine.poll_order(),
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        match self {
            Self::Plain(machine) => machine.poll_timeout(),
            Self::Eap(machine) => machine.poll_timeout(),
        }
    }

    pub(crate) fn poll_event(&mut self) -> Option<AuthEvent> {
        match self {
            Self::Plain(machine) => machine.poll_event(),
            Self::Eap(machine) => machine.poll_event(),
        }
    }
}
