//! Another proof on the same link (RFC 2433 §5, §9; RFC 2759 §6, §7): after a refusal that leaves the door open.
//!
//! ```text
//!   Failure id=n  E=691 R=1 C=…   →  Response         id=n+1, over the challenge C
//!   Failure id=n  E=648 R=0 C=…   →  Change-Password  id=n+1, over the challenge C
//!   Failure id=n  E=709 R=1 C=…   →  Change-Password  id=n+1, over the challenge C
//! ```
//!
//! The forms of Change-Password are those of each version: [`change_password`].
//!
//! Between the two packets a person is asked, and no timer of PPP's runs. What is sent then is repeated
//! until it is judged: nobody asks for it again, since the Failure itself is not repeated.

use onhook_base::{Duration, Instant, Secret};
use onhook_crypto::change_password;

use super::chap::{ChapPacket, FailureText, failure_text, number};
use super::machine::{Answer, Authenticator, PATIENCE, Prover, RETRY, Stage, TRIES};
use super::{AuthEvent, AuthFailure, Method, Progress, Proof, mschap_v1, mschap_v2};
use crate::person::{Given, Wanted};

/// How long an authenticator waits for the person at the other end: so long that who calls gives up before.
pub(super) const PERSON: Duration = Duration::from_secs(180);
/// New passwords that are heard on one link.
const CHANGES: u8 = 3;
/// The version of Change-Password that MS-CHAP version 2 understands (RFC 2759 §6), and that which version
/// 1 does (RFC 2433 §5, §9).
pub(super) const VERSION: u32 = 3;
const VERSION_OF_V1: u32 = 2;
/// What is added to the first octet of a challenge for one that is not said.
const IMPLIED_STEP: u8 = 23;

/// What a refused prover may still say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// Another Response.
    Response,
    /// A Change-Password packet.
    Change,
}

impl Door {
    /// What a person is asked for, and why.
    pub(super) const fn wanted(self, code: u32, message: String) -> Wanted {
        match self {
            Self::Response => Wanted::Credentials { code, message },
            Self::Change => Wanted::NewPassword { code, message },
        }
    }
}

/// What MS-CHAP's words leave open (RFC 2759 §6) to one who speaks this version of Change-Password;
/// `is_change` when it was a new password that they refuse.
pub(super) fn open_door(said: &FailureText, is_change: bool, version: u32) -> Option<Door> {
    match said.error? {
        number::REFUSED if said.retry && !is_change => Some(Door::Response),
        number::EXPIRED if said.version? >= version && !is_change => Some(Door::Change),
        number::NEW_REFUSED if said.retry && is_change => Some(Door::Change),
        _ => None,
    }
}

/// The version of Change-Password that goes with a method.
fn version_of(method: Method) -> u32 {
    if method == Method::MsChapV1 { VERSION_OF_V1 } else { VERSION }
}

/// What is asked for when a new password does not fit into its form.
pub(super) fn too_long() -> (Wanted, AuthFailure) {
    let (code, message) = (number::NEW_REFUSED, String::from("it is too long"));
    let after = AuthFailure::Refused { code: Some(code), retry: true, message: message.clone() };
    (Wanted::NewPassword { code, message }, after)
}

/// A prover's second try.
#[derive(Debug, Default)]
pub(super) struct SecondTry {
    /// There is a person to be asked.
    pub(super) allowed: bool,
    offer: Option<Offer>,
    /// The new password, sent and not judged.
    changing: Option<Secret<String>>,
    insisting: Option<Insistence>,
}

/// What is repeated until it is judged.
#[derive(Debug)]
struct Insistence {
    packet: Secret<Vec<u8>>,
    every: Duration,
    left: u8,
}

/// What the authenticator would hear.
#[derive(Clone, Debug)]
struct Offer {
    door: Door,
    id: u8,
    challenge: Vec<u8>,
}

impl SecondTry {
    /// A person is being asked: nothing new is said meanwhile.
    pub(super) const fn is_waiting(&self) -> bool {
        self.offer.is_some()
    }

    /// A first Response is said again, once, when a Failure that leaves the door open may have been
    /// lost: who refuses for good ends the link after it. Late, since it costs some peers a second look.
    pub(super) fn insist_once(&mut self, packet: &Secret<Vec<u8>>) -> Option<Duration> {
        let every = PATIENCE / 2;
        let packet = packet.clone();
        self.insisting = self.allowed.then_some(Insistence { packet, every, left: 1 });
        self.insisting.as_ref().map(|insistence| insistence.every)
    }

    /// Another Response, to another challenge, takes its place.
    pub(super) fn insist_on(&mut self, packet: &Secret<Vec<u8>>) {
        if let Some(insistence) = &mut self.insisting {
            insistence.packet = packet.clone();
        }
    }

    /// What nobody will ask for again, and how long to wait then, while it is not judged.
    pub(super) fn repeat(&mut self) -> Option<(Secret<Vec<u8>>, Duration)> {
        let insistence = self.insisting.as_mut()?;
        insistence.left = insistence.left.checked_sub(1)?;
        Some((insistence.packet.clone(), insistence.every))
    }

    /// It is judged. Returns the new password, when one was being told.
    pub(super) fn judged(&mut self) -> Option<Secret<String>> {
        self.insisting = None;
        self.changing.take()
    }

    fn door(&self, method: Method, said: &FailureText) -> Option<Door> {
        if !self.allowed {
            return None;
        }
        open_door(said, self.changing.is_some(), version_of(method))
    }
}

impl Prover {
    /// A refusal may be followed by another try, of which a person is asked.
    pub fn asks_person(&mut self, allowed: bool) {
        self.second.allowed = allowed;
    }

    /// A Failure of MS-CHAP. Returns whether it leaves the door open.
    pub(super) fn is_offered_more(&mut self, id: u8, said: &FailureText) -> bool {
        // In the midst of a connection there is nobody to ask: the proof was good before.
        let is_first = self.outcome.is_none();
        let door = if is_first { self.second.door(self.method, said) } else { None };
        self.second.judged();
        let challenge = self.next_challenge(said);
        let (Some(door), Some(challenge), Some(code)) = (door, challenge, said.error) else {
            return false;
        };
        let message = said.message.clone().unwrap_or_default();
        let wanted = door.wanted(code, message.clone());
        self.second.offer = Some(Offer { door, id, challenge });
        self.deadline = None;
        self.progress(Progress::Failed { code: Some(code), retry: true, message: message.clone() });
        let after = AuthFailure::Refused { code: Some(code), retry: said.retry, message };
        self.events.push(AuthEvent::Waiting { wanted: Some(wanted), after });
        true
    }

    /// The challenge that another try is to answer. Version 1 may leave it unsaid: then it is the last one
    /// with 23 added to its first octet (RFC 2433 §5).
    fn next_challenge(&self, said: &FailureText) -> Option<Vec<u8>> {
        let told = said.challenge.as_ref();
        match self.method {
            Method::MsChapV2 => told.filter(|told| told.len() == 16).cloned(),
            Method::MsChapV1 => match told {
                Some(told) => Some(told.clone()).filter(|told| told.len() == 8),
                None => {
                    let mut implied = self.last_challenge()?.to_vec();
                    let first = implied.first_mut()?;
                    *first = first.wrapping_add(IMPLIED_STEP);
                    Some(implied)
                }
            },
            Method::Pap | Method::ChapMd5 | Method::Eap => None,
        }
    }

    /// The person has spoken. Returns false when that is not what was asked for, or nothing was.
    pub fn give(&mut self, now: Instant, given: Given) -> bool {
        let Some(offer) = self.second.offer.clone() else { return false };
        let id = offer.id.wrapping_add(1);
        let packet = match (offer.door, given) {
            (Door::Response, Given::Credentials(credentials)) => {
                self.credentials = Some(credentials);
                self.response_to(id, &offer.challenge)
            }
            (Door::Change, Given::NewPassword(new)) => match self.change(id, &offer, &new) {
                Some(packet) => {
                    self.second.changing = Some(new);
                    Some(packet)
                }
                None => {
                    self.ask_for_a_shorter_one();
                    return true;
                }
            },
            (Door::Response, Given::NewPassword(_)) | (Door::Change, Given::Credentials(_)) => None,
        };
        let Some(packet) = packet else { return false };
        self.second.offer = None;
        let left = TRIES.saturating_sub(1);
        self.second.insisting = Some(Insistence { packet: packet.clone(), every: RETRY, left });
        self.out = Some(packet);
        self.awaits_verdict = true;
        self.deadline = Some(now + RETRY);
        let name = String::from_utf8_lossy(&self.name()).into_owned();
        self.progress(Progress::Responded { name });
        true
    }

    fn ask_for_a_shorter_one(&mut self) {
        let (wanted, after) = too_long();
        self.events.push(AuthEvent::Waiting { wanted: Some(wanted), after });
    }

    /// The Change-Password packet (RFC 2433 §9, RFC 2759 §7); `None` when the new password is too long for it.
    fn change(&mut self, id: u8, offer: &Offer, new: &Secret<String>) -> Option<Secret<Vec<u8>>> {
        let known = self.credentials.as_ref()?;
        let challenge = offer.challenge.as_slice();
        let (code, (body, expected)) = if self.method == Method::MsChapV1 {
            let challenge = <[u8; 8]>::try_from(challenge).ok()?;
            let change = mschap_v1::change(known, new, &challenge, &mut self.chance)?;
            (change_password::CODE_OF_V1, change)
        } else {
            let authenticator = <[u8; 16]>::try_from(challenge).ok()?;
            let change = mschap_v2::change(known, new, &authenticator, &mut self.chance)?;
            (change_password::CODE, change)
        };
        let body = body.expose();
        let mut out = Secret::new(Vec::with_capacity(body.len().saturating_add(4)));
        ChapPacket::Change { code, id, body }.emit(out.expose_mut());
        // It answers no Challenge, so that no repetition of one asks for it.
        self.remember(Answer::new(id, Vec::new(), Vec::new(), Some(expected)));
        Some(out)
    }
}

/// An authenticator that has refused, and would hear more.
#[derive(Debug)]
pub(super) struct Again {
    /// The identifier of what was refused.
    answered: u8,
    failure: Vec<u8>,
    refused: AuthFailure,
}

/// How much more an authenticator hears.
#[derive(Debug)]
pub(super) struct Patience {
    pub(super) door: Door,
    retries: u8,
    changes: u8,
}

impl Patience {
    pub(super) const fn new(retries: u8) -> Self {
        Self { door: Door::Response, retries, changes: CHANGES }
    }

    /// What may follow a refusal by this number.
    pub(super) fn after(&mut self, code: u32) -> Option<Door> {
        let left = match (code, self.door) {
            (number::REFUSED, Door::Response) => &mut self.retries,
            (number::EXPIRED, Door::Response) | (number::NEW_REFUSED, Door::Change) => {
                &mut self.changes
            }
            _ => return None,
        };
        *left = left.checked_sub(1)?;
        Some(if code == number::REFUSED { Door::Response } else { Door::Change })
    }
}

impl Authenticator {
    /// Hears so many more Responses of MS-CHAP after a refused one.
    pub fn hear_again(&mut self, retries: u8) {
        self.patience = Patience::new(retries);
    }

    /// As much of a challenge as the method's challenges have.
    fn part<'a>(&self, challenge: &'a [u8; 16]) -> &'a [u8] {
        let length = if self.method == Method::MsChapV1 { 8 } else { challenge.len() };
        challenge.get(..length).unwrap_or_default()
    }

    /// The challenge that is to be answered.
    pub(super) fn challenge(&self) -> &[u8] {
        self.part(&self.challenge)
    }

    /// Its refusals have a number, and may leave the door open.
    pub(super) const fn speaks_of_numbers(&self) -> bool {
        matches!(self.method, Method::MsChapV1 | Method::MsChapV2)
    }

    /// A refused answer that came again, because our Failure was lost: the Failure once more.
    pub(super) fn is_repetition(&mut self, packet: &[u8]) -> bool {
        let Stage::Again(again) = &self.stage else { return false };
        let is_old = match ChapPacket::parse(packet) {
            Ok(ChapPacket::Response { id, .. } | ChapPacket::Change { id, .. }) => {
                id == again.answered
            }
            Ok(_) | Err(_) => false,
        };
        if is_old {
            self.out = Some(Secret::new(again.failure.clone()));
        }
        is_old
    }

    /// The proof in a Change-Password packet, in the form of the method's version (RFC 2433 §9, RFC 2759 §7).
    pub(super) fn read_change(&self, code: u8, id: u8, body: &[u8]) -> Option<Proof> {
        let (code_of_it, length) = match self.method {
            Method::MsChapV1 => (change_password::CODE_OF_V1, change_password::BODY_LEN_OF_V1),
            Method::MsChapV2 => (change_password::CODE, change_password::BODY_LEN),
            Method::Pap | Method::ChapMd5 | Method::Eap => return None,
        };
        if (code, id, body.len()) != (code_of_it, self.id, length) {
            return None;
        }
        let body = Secret::new(body.to_vec());
        Some(match self.method {
            Method::MsChapV1 => {
                let challenge = self.challenge().try_into().ok()?;
                Proof::NewPasswordOfV1 { identifier: id, challenge, body }
            }
            _ => Proof::NewPassword { identifier: id, authenticator: self.challenge, body },
        })
    }

    /// The answer of identifier `id` is refused by MS-CHAP's number `code`.
    pub(super) fn refuse(&mut self, now: Instant, id: u8, code: u32, hear: bool, message: String) {
        let door = if hear { self.patience.after(code) } else { None };
        let challenge: [u8; 16] = self.chance.bytes();
        let version = version_of(self.method);
        // Version 1's form ends with the version (RFC 2433 §5).
        let words = (self.method != Method::MsChapV1).then_some(message.as_str());
        let text = failure_text(code, door.is_some(), self.part(&challenge), version, words);
        let mut failure = Vec::new();
        ChapPacket::Failure { id, message: text.as_bytes() }.emit(&mut failure);
        self.out = Some(Secret::new(failure.clone()));
        let refused = AuthFailure::Refused { code: Some(code), retry: false, message };
        let Some(door) = door else {
            self.stage = Stage::Over(id, failure);
            self.events.push(AuthEvent::Failed(refused));
            return;
        };
        self.patience.door = door;
        self.challenge = challenge;
        self.id = id.wrapping_add(1);
        self.deadline = Some(now + PERSON);
        self.events.push(AuthEvent::Waiting { wanted: None, after: refused.clone() });
        self.stage = Stage::Again(Again { answered: id, failure, refused });
    }

    /// Nobody has said more: then the refusal stands.
    pub(super) fn gives_up(&mut self) -> AuthFailure {
        match std::mem::replace(&mut self.stage, Stage::GivenUp) {
            Stage::Again(again) => again.refused,
            _ => AuthFailure::Unanswered,
        }
    }
}
