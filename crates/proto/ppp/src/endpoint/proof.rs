//! Authentication, both directions (RFC 1661 §3.4): who proves what to whom, and when all is proven.
//!
//! The two directions are independent machines, and may speak the same protocol at once; the code of
//! a packet tells whose it is. Both stay alive in the Network phase: one answers repeats, the other
//! challenges that come again (RFC 1994 §2).

use onhook_base::{Deadline, Duration, Instant, Reader, Secret};

use super::{Ppp, PppEvent};
use crate::auth::{
    AuthEvent, AuthFailure, Demanding, Keys, Method, Proving, TlsOrder, TlsReply, TlsRole, Verdict,
};
use crate::control::wire::ControlPacket;
use crate::failure::PppFailure;
use crate::person::Given;
use crate::wire::protocol;

/// Which direction of proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// We prove ourselves.
    Ours,
    /// The peer proves itself.
    Theirs,
}

/// The proofs of one life of LCP.
#[derive(Debug)]
pub(super) struct Proof {
    ours: Option<(Method, Proving)>,
    theirs: Option<(Method, Demanding)>,
    ours_done: bool,
    theirs_done: bool,
    peer_proven: bool,
    keys: Option<Keys>,
    peer_name: Option<String>,
    /// The value of the last challenge that we sent: not to be answered when it comes back.
    challenge: Vec<u8>,
    /// Our last Response of CHAP, and when it may be repeated.
    response: Option<Secret<Vec<u8>>>,
    repeat_from: Instant,
}

/// A Response is not repeated again before this has passed.
const REPEAT_AFTER: Duration = Duration::from_millis(500);

impl Proof {
    fn method(&self, side: Side) -> Option<Method> {
        match side {
            Side::Ours => self.ours.as_ref().map(|(method, _)| *method),
            Side::Theirs => self.theirs.as_ref().map(|(method, _)| *method),
        }
    }

    fn is_complete(&self) -> bool {
        (self.ours_done || self.ours.is_none()) && (self.theirs_done || self.theirs.is_none())
    }

    pub(super) fn answer(&mut self, now: Instant, verdict: Verdict) {
        if let Some((_, authenticator)) = &mut self.theirs {
            authenticator.answer(now, verdict);
        }
    }

    /// What a person gave goes to the prover; false when it asked for nothing of the kind.
    fn give(&mut self, now: Instant, given: Given) -> bool {
        self.ours.as_mut().is_some_and(|(_, prover)| prover.give(now, given))
    }

    pub(super) fn handle_packet(&mut self, now: Instant, protocol: u16, information: &[u8]) {
        let is_mine = |method: Method| method.protocol() == protocol;
        match addressee(protocol, information) {
            Some(Side::Ours) if self.is_reflected(protocol, information) => {
                tracing::warn!(target: "ppp::auth", "our own challenge came back and is not answered");
            }
            Some(Side::Ours) => {
                if let Some((_, prover)) = self.ours.as_mut().filter(|(m, _)| is_mine(*m)) {
                    prover.handle_packet(now, information);
                }
            }
            Some(Side::Theirs) => {
                if let Some((_, machine)) = self.theirs.as_mut().filter(|(m, _)| is_mine(*m)) {
                    machine.handle_packet(now, information);
                }
            }
            None => {}
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if let Some((_, prover)) = &mut self.ours {
            prover.handle_timeout(now);
        }
        if let Some((_, authenticator)) = &mut self.theirs {
            authenticator.handle_timeout(now);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Deadline> {
        Deadline::earliest(
            self.ours.as_ref().and_then(|(_, prover)| prover.poll_timeout()),
            self.theirs.as_ref().and_then(|(_, authenticator)| authenticator.poll_timeout()),
        )
    }

    pub(super) fn poll_packet(&mut self, into: &mut Vec<u8>) -> Option<u16> {
        if let Some((method, prover)) = &mut self.ours
            && prover.poll_packet(into)
        {
            if method.protocol() == protocol::CHAP {
                self.response = Some(Secret::new(into.clone()));
            }
            return Some(method.protocol());
        }
        let (method, authenticator) = self.theirs.as_mut()?;
        if !authenticator.poll_packet(into) {
            return None;
        }
        if let Some(value) = challenge_value(method.protocol(), into) {
            self.challenge = value.to_vec();
        }
        Some(method.protocol())
    }

    pub(super) fn poll_order(&mut self) -> Option<TlsOrder> {
        let ours = self.ours.as_mut().and_then(|(_, proving)| proving.poll_order());
        ours.or_else(|| self.theirs.as_mut().and_then(|(_, demanding)| demanding.poll_order()))
    }

    pub(super) fn handle_tls(&mut self, now: Instant, role: TlsRole, reply: TlsReply) {
        match role {
            TlsRole::Client => {
                if let Some((_, proving)) = &mut self.ours {
                    proving.handle_tls(reply);
                }
            }
            TlsRole::Server => {
                if let Some((_, demanding)) = &mut self.theirs {
                    demanding.handle_tls(now, reply);
                }
            }
        }
    }

    /// The peer negotiates its network already; whether that stands for the verdict that we wait for.
    pub(super) fn network_has_begun(&mut self) -> bool {
        self.ours.as_mut().is_some_and(|(_, proving)| proving.network_has_begun())
    }

    pub(super) fn poll_event(&mut self) -> Option<(Side, AuthEvent)> {
        if let Some(event) = self.ours.as_mut().and_then(|(_, prover)| prover.poll_event()) {
            return Some((Side::Ours, event));
        }
        let (_, authenticator) = self.theirs.as_mut()?;
        authenticator.poll_event().map(|event| (Side::Theirs, event))
    }

    /// The peer negotiates its network already, while we still wait for its verdict: it was lost.
    /// The same Response leads to the same verdict (RFC 1994 §4.2), without waiting for a timer.
    pub(super) fn repeat_response(&mut self, now: Instant) -> Option<Secret<Vec<u8>>> {
        if self.ours_done || now < self.repeat_from {
            return None;
        }
        let response = self.response.clone()?;
        self.repeat_from = now + REPEAT_AFTER;
        Some(response)
    }

    /// A peer that demands of us what we demand of it may send our own challenge back, to learn the
    /// answer to it (RFC 1994 §2.3).
    fn is_reflected(&self, protocol: u16, information: &[u8]) -> bool {
        !self.challenge.is_empty()
            && challenge_value(protocol, information) == Some(self.challenge.as_slice())
    }
}

impl Ppp {
    /// What the owner's TLS is to do for EAP; each order wants one
    /// [`handle_tls`](Self::handle_tls), in their turn.
    pub fn poll_tls(&mut self) -> Option<TlsOrder> {
        self.proof.as_mut()?.poll_order()
    }

    /// What came of the eldest order to the TLS of this role.
    pub fn handle_tls(&mut self, now: Instant, role: TlsRole, reply: TlsReply) {
        if let Some(proof) = self.proof.as_mut().filter(|_| !self.finished) {
            proof.handle_tls(now, role, reply);
            self.settle(now);
        }
    }

    /// LCP is open: all that was demanded begins at once.
    pub(super) fn begin_proof(
        &mut self,
        now: Instant,
        ours: Option<Method>,
        theirs: Option<Method>,
    ) {
        self.proofs_begun = self.proofs_begun.wrapping_add(1);
        // What was asked about an earlier proof is of no use any more.
        self.events.retain(|event| !matches!(event, PppEvent::VerifyPeer(_)));
        self.refusal = None;
        self.new_password = None;
        // No challenge may come twice, though LCP may open again.
        let seed = self.seed.derive(&format!("proof {}", self.proofs_begun));
        let credentials = self.terms.credentials.clone();
        let name = self.terms.local_name.clone();
        let room = self.lcp.terms().sendable();
        let mut proof = Proof {
            ours: ours.map(|method| {
                let chance = seed.derive("ours").chance();
                (method, Proving::new(method, &self.terms.eap, credentials, room, chance))
            }),
            theirs: theirs.map(|method| {
                let chance = seed.derive("theirs").chance();
                (method, Demanding::new(method, &self.terms.eap, name, room, chance))
            }),
            ours_done: false,
            theirs_done: false,
            peer_proven: false,
            keys: None,
            peer_name: None,
            challenge: Vec::new(),
            response: None,
            repeat_from: now,
        };
        if let Some((_, prover)) = &mut proof.ours {
            prover.asks_person(self.terms.asks_person);
            prover.start(now);
        }
        if let Some((_, authenticator)) = &mut proof.theirs {
            authenticator.hear_again(self.terms.retries);
            authenticator.start(now);
        }
        self.proof = Some(proof);
        self.check_proof(now);
    }

    /// A network protocol speaks before the proofs are in: it stands for EAP's Success, if all that lacked
    /// was that (RFC 3748 §4.2).
    pub(super) fn verdict_was_lost(&mut self, now: Instant, number: u16) -> bool {
        let is_network =
            matches!(number, protocol::CCP | protocol::IPCP | protocol::IPV6CP | protocol::CBCP);
        if is_network && self.proof.as_mut().is_some_and(Proof::network_has_begun) {
            self.settle(now);
        }
        self.authenticated
    }

    pub(super) fn on_proof(&mut self, now: Instant, side: Side, event: AuthEvent) {
        let Some(proof) = &mut self.proof else { return };
        match event {
            AuthEvent::Progress(progress) => self.tell(PppEvent::AuthProgress(progress)),
            AuthEvent::Ask(question) => self.tell(PppEvent::VerifyPeer(question)),
            AuthEvent::Done { keys, peer_proven, name } => {
                match side {
                    Side::Ours => proof.ours_done = true,
                    Side::Theirs => proof.theirs_done = true,
                }
                proof.peer_proven |= peer_proven || side == Side::Theirs;
                proof.keys = keys.or(proof.keys.take());
                // The name by which the peer proved itself outweighs the one in its challenges.
                if side == Side::Theirs || proof.peer_name.is_none() {
                    proof.peer_name = name.or(proof.peer_name.take());
                }
                self.keep_new_password();
                self.check_proof(now);
            }
            AuthEvent::Waiting { wanted, after } => {
                let method = proof.method(side);
                self.refusal = method.map(|method| failure_of(method, after));
                self.new_password = None;
                self.tell(match wanted {
                    Some(wanted) => PppEvent::PersonWanted(wanted),
                    None => PppEvent::PeerMayTryAgain,
                });
            }
            AuthEvent::Failed(failure) => {
                if let Some(method) = proof.method(side) {
                    self.fail(now, failure_of(method, failure));
                }
            }
        }
    }

    /// What a person gave, after [`PppEvent::PersonWanted`]. At other times, and when it is not what was
    /// asked for, nothing is sent; credentials are those of the next proof all the same.
    pub fn give(&mut self, now: Instant, given: Given) {
        if self.finished || self.ending {
            return;
        }
        let new_password = match &given {
            Given::Credentials(credentials) => {
                self.terms.credentials = Some(credentials.clone());
                None
            }
            Given::NewPassword(new) => Some(new.clone()),
        };
        if self.proof.as_mut().is_some_and(|proof| proof.give(now, given)) {
            self.new_password = new_password;
            self.refusal = None;
            self.settle(now);
        }
    }

    /// The peer has taken the new password: LCP may open again, and then it is the one to prove.
    fn keep_new_password(&mut self) {
        self.refusal = None;
        if let (Some(new), Some(known)) = (self.new_password.take(), &mut self.terms.credentials) {
            known.password = new;
        }
    }

    fn check_proof(&mut self, now: Instant) {
        let Some(proof) = self.proof.as_mut().filter(|p| p.is_complete()) else { return };
        if self.authenticated || self.ending {
            return;
        }
        if self.terms.require_mutual && !proof.peer_proven {
            self.fail(now, PppFailure::PeerNotProven);
            return;
        }
        let (keys, peer_name) = (proof.keys.take(), proof.peer_name.clone());
        if keys.is_none()
            && self.must_encrypt()
            && let Some(method) = self.lcp.terms().theirs().method
        {
            self.fail(now, PppFailure::NoEncryptionKeys(method));
            return;
        }
        self.after_proof(now, keys, peer_name);
    }
}

fn failure_of(method: Method, failure: AuthFailure) -> PppFailure {
    match failure {
        AuthFailure::Refused { code, retry, message } => {
            PppFailure::Refused { method, code, retry, message }
        }
        AuthFailure::PeerNotProven => PppFailure::PeerNotProven,
        AuthFailure::Eap(failure) => PppFailure::Eap(failure),
        AuthFailure::Unanswered => PppFailure::AuthUnanswered { method },
    }
}

/// Which of the two machines a packet is for: requests to prove, and verdicts, are for the prover.
fn addressee(protocol: u16, information: &[u8]) -> Option<Side> {
    let code = *information.first()?;
    Some(match (protocol, code) {
        // RFC 1334 §2.2: Request; Ack, Nak.
        (protocol::PAP, 1) => Side::Theirs,
        (protocol::PAP, 2 | 3) => Side::Ours,
        // RFC 1994 §4.1, §4.2: Challenge, Success, Failure; Response and RFC 2759 §7's change.
        (protocol::CHAP, 1 | 3 | 4) => Side::Ours,
        (protocol::CHAP, 2 | 5..=7) => Side::Theirs,
        // RFC 3748 §4: Request, Success, Failure; Response.
        (protocol::EAP, 1 | 3 | 4) => Side::Ours,
        (protocol::EAP, 2) => Side::Theirs,
        _ => return None,
    })
}

/// The value of a CHAP Challenge.
fn challenge_value(protocol: u16, information: &[u8]) -> Option<&[u8]> {
    let packet = ControlPacket::parse(information).ok()?;
    if protocol != protocol::CHAP || packet.code != 1 {
        return None;
    }
    let mut r = Reader::new(packet.data);
    let length = usize::from(r.u8().ok()?);
    r.take(length).ok()
}
