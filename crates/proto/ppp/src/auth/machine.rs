//! Both sides of a proof, for every method that we speak.
//!
//! **Repeats.** A packet that is sent again because no answer came is the same packet: on a line that
//! takes longer than the retry interval, each answer would otherwise come too late to be one. So a
//! Challenge keeps its identifier and value (RFC 1994 §4.1 asks for new ones for a new challenge), and
//! of Authenticate-Requests, each of which must have an identifier of its own (RFC 1334 §2.2.1), the
//! answer to any counts. A prover that is asked the same twice says the same twice, and holds each
//! verdict against the answer that it judges.
//!
//! **Ends.** Who was refused, or has given up, is silent from then on; who was accepted goes on to
//! answer repeats, and challenges in the midst of the connection (RFC 1994 §2).

use std::collections::VecDeque;

use onhook_base::{Chance, Deadline, Duration, Instant, Malformed, Reader, Secret};
use onhook_crypto::chap_md5;

use super::again::{Again, Door, Patience, SecondTry};
use super::chap::{ChapPacket, FailureText, read_mschap_v2};
use super::contract::same;
use super::pap::PapPacket;
use super::{
    AuthEvent, AuthFailure, Credentials, Keys, Method, Progress, Proof, Question, Verdict,
    mschap_v1, mschap_v2,
};

/// How long a request waits for its answer before it is sent again (RFC 1334 §2.2.1, RFC 1994 §4.1).
pub(super) const RETRY: Duration = Duration::from_secs(3);
/// How often it is sent.
pub(super) const TRIES: u8 = 10;
/// How long the prover waits for a challenge, and from the first one on for the verdict.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Answers to challenges that are remembered; what is older is answered anew, and not judged.
const ANSWERS: usize = 4;
/// Octets of an Authenticate-Request at most: the header and two counted texts.
const REQUEST_MAX: usize = 4 + 256 + 256;

/// Code, identifier, and the body that the length counts; octets beyond it are padding.
pub(crate) fn envelope(bytes: &[u8]) -> Result<(u8, u8, &[u8]), Malformed> {
    let mut r = Reader::new(bytes);
    let (code, id, length) = (r.u8()?, r.u8()?, r.u16()?);
    let body = usize::from(length).checked_sub(4).ok_or(Malformed::BadLength)?;
    Ok((code, id, r.take(body)?))
}

/// What the prover expects of an authenticator that proves itself.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) proof: String,
    pub(super) keys: Keys,
}

/// A challenge, and what was said to it.
#[derive(Debug)]
pub(super) struct Answer {
    id: u8,
    challenge: Vec<u8>,
    response: Vec<u8>,
    expected: Option<Expected>,
    /// Its verdict, or that of a later one, has come: another one is a repetition.
    is_judged: bool,
}

impl Answer {
    pub(super) const fn new(
        id: u8,
        challenge: Vec<u8>,
        response: Vec<u8>,
        expected: Option<Expected>,
    ) -> Self {
        Self { id, challenge, response, expected, is_judged: false }
    }
}

/// The side that proves itself.
#[derive(Debug)]
pub struct Prover {
    pub(super) method: Method,
    pub(super) credentials: Option<Credentials>,
    pub(super) chance: Chance,
    id: u8,
    tries: u8,
    answers: VecDeque<Answer>,
    /// One of the answers at least has not been judged, and may be.
    pub(super) awaits_verdict: bool,
    pub(super) outcome: Option<Outcome>,
    pub(super) deadline: Option<Instant>,
    /// PAP's holds the password.
    pub(super) out: Option<Secret<Vec<u8>>>,
    pub(super) second: SecondTry,
    pub(super) events: Vec<AuthEvent>,
}

/// How it went for a prover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted,
    Failed,
}

impl Prover {
    /// A prover by `method`; without credentials an empty name and password are sent.
    pub fn new(method: Method, credentials: Option<Credentials>, chance: Chance) -> Self {
        Self {
            method,
            credentials,
            chance,
            id: 0,
            tries: 0,
            answers: VecDeque::new(),
            awaits_verdict: false,
            outcome: None,
            deadline: None,
            out: None,
            second: SecondTry::default(),
            events: Vec::new(),
        }
    }

    /// LCP is open: PAP asks at once, CHAP waits for the challenge.
    pub fn start(&mut self, now: Instant) {
        match self.method {
            Method::Pap => {
                let method = self.method;
                self.progress(Progress::Challenged { method, by: String::new() });
                self.request(now);
            }
            Method::ChapMd5 | Method::MsChapV1 | Method::MsChapV2 => {
                self.deadline = Some(now + PATIENCE);
            }
            Method::Eap => self.fail(AuthFailure::Unanswered),
        }
    }

    pub(super) fn name(&self) -> Vec<u8> {
        self.credentials.as_ref().map(|c| c.user.clone().into_bytes()).unwrap_or_default()
    }

    pub(super) fn password(&self) -> Secret<String> {
        self.credentials.as_ref().map(|c| c.password.clone()).unwrap_or_default()
    }

    fn request(&mut self, now: Instant) {
        self.id = self.id.wrapping_add(1);
        self.tries = self.tries.saturating_add(1);
        let (name, password) = (self.name(), self.password());
        // Room for all of it, so that no half of the password stays behind when the packet grows.
        let mut out = Secret::new(Vec::with_capacity(REQUEST_MAX));
        let password = password.expose().as_bytes();
        PapPacket::Request { id: self.id, name: &name, password }.emit(out.expose_mut());
        self.out = Some(out);
        self.deadline = Some(now + RETRY);
    }

    /// A packet of the method's protocol arrived. What is malformed or out of place is dropped.
    pub fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        if self.outcome == Some(Outcome::Failed) {
            return;
        }
        match self.method {
            Method::Pap => self.handle_pap(packet),
            Method::ChapMd5 | Method::MsChapV1 | Method::MsChapV2 => self.handle_chap(now, packet),
            Method::Eap => {}
        }
    }

    fn handle_pap(&mut self, packet: &[u8]) {
        let text = |m: &[u8]| String::from_utf8_lossy(m).into_owned();
        match PapPacket::parse(packet) {
            Ok(PapPacket::Ack { id, message }) if self.has_asked(id) => {
                self.succeed(text(message), None, false);
            }
            Ok(PapPacket::Nak { id, message }) if self.has_asked(id) => {
                self.refused(None, false, text(message));
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// Whether one of our requests had this identifier, and none has been judged: they are all alike.
    fn has_asked(&self, id: u8) -> bool {
        self.outcome.is_none() && (1..=self.id).contains(&id)
    }

    fn handle_chap(&mut self, now: Instant, packet: &[u8]) {
        match ChapPacket::parse(packet) {
            Ok(ChapPacket::Challenge { id, value, name }) => {
                self.on_challenge(now, id, value, name);
            }
            Ok(ChapPacket::Success { id, message }) => {
                if let Some(expected) = self.judged(id) {
                    self.on_success(message, expected);
                }
            }
            Ok(ChapPacket::Failure { id, message }) => {
                if self.judged(id).is_some() {
                    self.on_failure(id, message);
                }
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// What is expected of the verdict on the answer of this identifier; the other answers are not
    /// judged any more. `None`: no answer awaits this verdict.
    fn judged(&mut self, id: u8) -> Option<Option<Expected>> {
        let awaited = |answer: &&mut Answer| answer.id == id && !answer.is_judged;
        let expected = self.answers.iter_mut().rfind(awaited)?.expected.take();
        for answer in &mut self.answers {
            answer.is_judged = true;
        }
        self.awaits_verdict = false;
        Some(expected)
    }

    /// Also in the midst of the connection: a challenge may come at any moment (RFC 1994 §2).
    fn on_challenge(&mut self, now: Instant, id: u8, value: &[u8], by: &[u8]) {
        let asked = |answer: &&Answer| answer.id == id && answer.challenge == value;
        if let Some(answer) = self.answers.iter().rfind(asked) {
            self.out = Some(Secret::new(answer.response.clone()));
            return;
        }
        // A person is asked for another password: with the one that was refused nothing is answered.
        if self.second.is_waiting() {
            return;
        }
        let Some(out) = self.response_to(id, value) else { return };
        let by = String::from_utf8_lossy(by).into_owned();
        self.progress(Progress::Challenged { method: self.method, by });
        let name = String::from_utf8_lossy(&self.name()).into_owned();
        self.progress(Progress::Responded { name });
        // Whoever asks again and again does not put the end off.
        if std::mem::replace(&mut self.awaits_verdict, true) {
            self.second.insist_on(&out);
        } else {
            let first = if self.outcome.is_none() { self.second.insist_once(&out) } else { None };
            self.deadline = Some(now + first.unwrap_or(PATIENCE));
        }
        self.out = Some(out);
    }

    /// The Response to a challenge, which is remembered; `None` when the challenge is none of our method.
    pub(super) fn response_to(&mut self, id: u8, value: &[u8]) -> Option<Secret<Vec<u8>>> {
        let (name, password) = (self.name(), self.password());
        let (response, expected) = match self.method {
            Method::ChapMd5 => (chap_md5(id, password.expose().as_bytes(), value).to_vec(), None),
            Method::MsChapV2 => {
                let authenticator = <[u8; 16]>::try_from(value).ok()?;
                let chance = &mut self.chance;
                let said = mschap_v2::respond(&authenticator, &name, &password, chance);
                let value = [&said.peer[..], &[0; 8], &said.proof, &[0]].concat();
                (value, Some(said.expected))
            }
            Method::MsChapV1 => {
                let challenge = <[u8; 8]>::try_from(value).ok()?;
                let (response, expected) = mschap_v1::response(&challenge, &password);
                (response, Some(expected))
            }
            Method::Pap | Method::Eap => return None,
        };
        let mut out = Vec::new();
        ChapPacket::Response { id, value: &response, name: &name }.emit(&mut out);
        self.remember(Answer::new(id, value.to_vec(), out.clone(), expected));
        Some(Secret::new(out))
    }

    pub(super) fn last_challenge(&self) -> Option<&[u8]> {
        self.answers.back().map(|answer| answer.challenge.as_slice())
    }

    pub(super) fn remember(&mut self, answer: Answer) {
        if self.answers.len() >= ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back(answer);
    }

    fn on_success(&mut self, message: &[u8], expected: Option<Expected>) {
        let text = String::from_utf8_lossy(message).into_owned();
        if self.method != Method::MsChapV2 {
            // Version 1 makes keys too, and proves no authenticator.
            return self.succeed(text, expected.map(|expected| expected.keys), false);
        }
        let told = message.get(..42).unwrap_or_default();
        match expected {
            Some(expected) if same(told, expected.proof.as_bytes()) => {
                let text = text.split_once("M=").map(|(_, m)| m.to_owned()).unwrap_or_default();
                self.succeed(text, Some(expected.keys), true);
            }
            Some(_) | None => self.fail(AuthFailure::PeerNotProven),
        }
    }

    fn on_failure(&mut self, id: u8, message: &[u8]) {
        if matches!(self.method, Method::MsChapV1 | Method::MsChapV2) {
            let said = FailureText::parse(message);
            if self.is_offered_more(id, &said) {
                return;
            }
            let retry = said.retry && said.challenge.is_some();
            self.refused(said.error, retry, said.message.unwrap_or_default());
        } else {
            self.refused(None, false, String::from_utf8_lossy(message).into_owned());
        }
    }

    fn succeed(&mut self, message: String, keys: Option<Keys>, peer_proven: bool) {
        self.outcome = Some(Outcome::Accepted);
        self.deadline = None;
        if let (Some(new), Some(known)) = (self.second.judged(), &mut self.credentials) {
            known.password = new;
        }
        self.progress(Progress::Succeeded { message });
        self.events.push(AuthEvent::Done { keys, peer_proven, name: None });
    }

    fn refused(&mut self, code: Option<u32>, retry: bool, message: String) {
        self.progress(Progress::Failed { code, retry, message: message.clone() });
        self.fail(AuthFailure::Refused { code, retry, message });
    }

    fn fail(&mut self, failure: AuthFailure) {
        self.outcome = Some(Outcome::Failed);
        self.second = SecondTry::default();
        self.answers.clear();
        self.deadline = None;
        self.events.push(AuthEvent::Failed(failure));
    }

    pub(super) fn progress(&mut self, progress: Progress) {
        self.events.push(AuthEvent::Progress(progress));
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|at| now < at) {
            return;
        }
        if self.method == Method::Pap && self.tries < TRIES {
            self.request(now);
        } else if let Some((packet, every)) = self.second.repeat() {
            self.out = Some(packet);
            self.deadline = Some(now + every);
        } else {
            self.fail(AuthFailure::Unanswered);
        }
    }

    /// The next packet to send.
    pub fn poll_packet(&mut self, into: &mut Vec<u8>) -> bool {
        take(&mut self.out, into)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.deadline.map(|at| Deadline::new(at, "authentication"))
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<AuthEvent> {
        (!self.events.is_empty()).then(|| self.events.remove(0))
    }
}

fn take(out: &mut Option<Secret<Vec<u8>>>, into: &mut Vec<u8>) -> bool {
    let Some(packet) = out.take() else { return false };
    into.clear();
    into.extend_from_slice(packet.expose());
    true
}

/// How far an authenticator has come.
#[derive(Debug)]
pub(super) enum Stage {
    Asking,
    Judging(u8),
    /// Refused; another proof would be heard.
    Again(Again),
    Over(u8, Vec<u8>),
    /// Nobody answered in time; who comes now is too late.
    GivenUp,
}

/// The side that demands proof. Stays alive while the link is up, to answer repeats alike.
#[derive(Debug)]
pub struct Authenticator {
    pub(super) method: Method,
    local_name: String,
    pub(super) chance: Chance,
    pub(super) id: u8,
    pub(super) challenge: [u8; 16],
    tries: u8,
    pub(super) stage: Stage,
    pub(super) patience: Patience,
    name: String,
    pub(super) deadline: Option<Instant>,
    pub(super) out: Option<Secret<Vec<u8>>>,
    pub(super) events: Vec<AuthEvent>,
}

impl Authenticator {
    /// An authenticator by `method` that calls itself `local_name` in challenges.
    pub fn new(method: Method, local_name: String, chance: Chance) -> Self {
        Self {
            method,
            local_name,
            chance,
            id: 0,
            challenge: [0; 16],
            tries: 0,
            stage: Stage::Asking,
            patience: Patience::new(0),
            name: String::new(),
            deadline: None,
            out: None,
            events: Vec::new(),
        }
    }

    /// LCP is open: CHAP asks at once, PAP waits to be told.
    pub fn start(&mut self, now: Instant) {
        match self.method {
            Method::Pap => self.deadline = Some(now + PATIENCE),
            Method::ChapMd5 | Method::MsChapV1 | Method::MsChapV2 => {
                self.challenge = self.chance.bytes();
                self.id = self.id.wrapping_add(1);
                self.ask(now);
            }
            Method::Eap => {
                self.events.push(AuthEvent::Failed(AuthFailure::Unanswered));
            }
        }
    }

    fn ask(&mut self, now: Instant) {
        self.tries = self.tries.saturating_add(1);
        let mut out = Vec::new();
        let name = self.local_name.as_bytes();
        ChapPacket::Challenge { id: self.id, value: self.challenge(), name }.emit(&mut out);
        self.out = Some(Secret::new(out));
        self.deadline = Some(now + RETRY);
    }

    /// A packet of the method's protocol arrived. What is malformed or out of place is dropped.
    pub fn handle_packet(&mut self, _now: Instant, packet: &[u8]) {
        if self.is_repetition(packet) {
            return;
        }
        let Some((id, name, proof)) = self.read(packet) else { return };
        match &self.stage {
            Stage::Asking | Stage::Again(_) => {
                self.name = String::from_utf8_lossy(&name).into_owned();
                self.stage = Stage::Judging(id);
                self.deadline = None;
                let name = self.name.clone();
                self.events.push(AuthEvent::Progress(Progress::Responded { name: name.clone() }));
                self.events.push(AuthEvent::Ask(Question::new(name, proof)));
            }
            Stage::Judging(_) => {}
            // The answer may have been lost: the same once more (RFC 1994 §4.2).
            Stage::Over(of, answer) if *of == id || self.method == Method::Pap => {
                let mut answer = answer.clone();
                if let Some(octet) = answer.get_mut(1) {
                    *octet = id;
                }
                self.out = Some(Secret::new(answer));
            }
            Stage::Over(..) | Stage::GivenUp => {}
        }
    }

    fn read(&self, packet: &[u8]) -> Option<(u8, Vec<u8>, Proof)> {
        if self.method == Method::Pap {
            let Ok(PapPacket::Request { id, name, password }) = PapPacket::parse(packet) else {
                return None;
            };
            let password = Secret::new(String::from_utf8_lossy(password).into_owned());
            return Some((id, name.to_vec(), Proof::Pap { password }));
        }
        let (id, value, name) = match (self.patience.door, ChapPacket::parse(packet).ok()?) {
            (Door::Response, ChapPacket::Response { id, value, name }) => (id, value, name),
            (Door::Change, ChapPacket::Change { code, id, body }) => {
                let proof = self.read_change(code, id, body)?;
                // The packet bears no name: it is that of the answer that was refused.
                return Some((id, self.name.clone().into_bytes(), proof));
            }
            _ => return None,
        };
        if id != self.id {
            return None;
        }
        let proof = match self.method {
            Method::ChapMd5 => Proof::ChapMd5 {
                identifier: id,
                challenge: self.challenge.to_vec(),
                response: value.to_vec(),
            },
            Method::MsChapV1 => {
                let (challenge, response) =
                    (self.challenge().try_into().ok()?, mschap_v1::nt_response(value)?);
                Proof::MsChapV1 { identifier: id, challenge, response }
            }
            Method::MsChapV2 => read_mschap_v2(id, self.challenge, value)?,
            Method::Pap | Method::Eap => return None,
        };
        Some((id, name.to_vec(), proof))
    }

    /// The verdict on the question that was asked.
    pub fn answer(&mut self, now: Instant, verdict: Verdict) {
        let Stage::Judging(id) = self.stage else { return };
        let mut out = Vec::new();
        match verdict {
            Verdict::Accept { message, keys } => {
                match self.method {
                    Method::Pap => PapPacket::Ack { id, message: &message }.emit(&mut out),
                    _ => ChapPacket::Success { id, message: &message }.emit(&mut out),
                }
                let name = Some(self.name.clone());
                self.events
                    .push(AuthEvent::Progress(Progress::Succeeded { message: String::new() }));
                self.events.push(AuthEvent::Done { keys, peer_proven: true, name });
            }
            // Only EAP goes on after a verdict.
            Verdict::Continue { .. } => return,
            Verdict::Reject { code, retry, message } if self.speaks_of_numbers() => {
                return self.refuse(now, id, code, retry, message);
            }
            Verdict::Reject { code, message, .. } => {
                match self.method {
                    Method::Pap => {
                        PapPacket::Nak { id, message: message.as_bytes() }.emit(&mut out);
                    }
                    _ => ChapPacket::Failure { id, message: message.as_bytes() }.emit(&mut out),
                }
                let refused = AuthFailure::Refused { code: Some(code), retry: false, message };
                self.events.push(AuthEvent::Failed(refused));
            }
        }
        self.stage = Stage::Over(id, out.clone());
        self.out = Some(Secret::new(out));
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|at| now < at) {
            return;
        }
        let is_asking = matches!(self.stage, Stage::Asking);
        if self.method != Method::Pap && is_asking && self.tries < TRIES {
            self.ask(now);
        } else {
            self.deadline = None;
            let failure = self.gives_up();
            self.events.push(AuthEvent::Failed(failure));
        }
    }

    /// The next packet to send.
    pub fn poll_packet(&mut self, into: &mut Vec<u8>) -> bool {
        take(&mut self.out, into)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.deadline.map(|at| Deadline::new(at, "authentication"))
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<AuthEvent> {
        (!self.events.is_empty()).then(|| self.events.remove(0))
    }
}
