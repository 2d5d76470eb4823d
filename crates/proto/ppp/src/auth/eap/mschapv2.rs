//! EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2), plain and inside PEAP.
//!
//! ```text
//!   server                                   caller
//!   Challenge  ────────────────────────────▶
//!              ◀────────────────────────────  Response
//!   Success (S=…) or Failure (E=…)  ───────▶
//!              ◀────────────────────────────  the same, alone
//! ```
//!
//! A Failure that leaves the door open (R=1, or E=648) may be followed by another Response, or by a
//! Change-Password, over the challenge in it: RFC 2759 §6, §7, in EAP's frames.

use onhook_base::{Chance, Secret};

use super::again::Refusal;
use super::wire::MsChapV2;
use crate::auth::again::{Door, Patience, VERSION, open_door};
use crate::auth::chap::{FailureText, failure_text};
use crate::auth::contract::same;
use crate::auth::machine::Expected;
use crate::auth::{Credentials, Keys, Proof, mschap_v2};
use crate::person::Given;

/// What a caller says next.
#[derive(Debug)]
pub(super) enum Step {
    /// Type data of a Response; in the first, by whom it was asked.
    Say { data: Vec<u8>, by: Option<String> },
    /// The server has proved itself, too.
    Proven { data: Vec<u8>, keys: Keys, message: String },
    /// The server has refused; what it says to that comes after the Response.
    Refused { data: Vec<u8>, code: Option<u32>, message: String },
    /// The server has refused, and would hear what only a person knows. Nothing is said meanwhile.
    Wait(Refusal),
    /// The server says Success and cannot prove it.
    NotProven,
    /// Malformed, or out of place.
    Nothing,
}

/// What comes of what a person gave.
#[derive(Debug)]
pub(super) enum Gift {
    /// Type data of the Response that was waited for.
    Say(Vec<u8>),
    /// The new password does not fit into its form.
    TooLong,
    /// It is not what was asked for.
    Unfit,
}

/// The side that proves itself.
#[derive(Debug)]
pub(super) struct Caller {
    /// There is a person to be asked.
    asks_person: bool,
    expected: Option<Expected>,
    offer: Option<Offer>,
    /// A new password was told, and is not judged.
    is_changing: bool,
    is_over: bool,
}

/// What the server would hear.
#[derive(Clone, Copy, Debug)]
struct Offer {
    door: Door,
    id: u8,
    challenge: [u8; 16],
}

impl Caller {
    pub(super) const fn new(asks_person: bool) -> Self {
        Self { asks_person, expected: None, offer: None, is_changing: false, is_over: false }
    }

    /// A person is being asked.
    pub(super) const fn is_waiting(&self) -> bool {
        self.offer.is_some()
    }

    pub(super) fn handle(
        &mut self,
        data: &[u8],
        credentials: &Credentials,
        chance: &mut Chance,
    ) -> Step {
        if self.is_over || self.is_waiting() {
            return Step::Nothing;
        }
        match MsChapV2::parse_request(data) {
            Ok(MsChapV2::Challenge { id, challenge, name }) => {
                let by = String::from_utf8_lossy(name).into_owned();
                let data = self.respond(id, &challenge, credentials, chance);
                Step::Say { data, by: Some(by) }
            }
            Ok(MsChapV2::SuccessRequest { message, .. }) => self.on_success(message),
            Ok(MsChapV2::FailureRequest { id, message }) if self.expected.is_some() => {
                self.on_failure(id, message)
            }
            Ok(_) | Err(_) => Step::Nothing,
        }
    }

    fn respond(
        &mut self,
        id: u8,
        authenticator: &[u8; 16],
        credentials: &Credentials,
        chance: &mut Chance,
    ) -> Vec<u8> {
        let name = credentials.user.as_bytes();
        let said = mschap_v2::respond(authenticator, name, &credentials.password, chance);
        self.expected = Some(said.expected);
        MsChapV2::Response { id, peer: said.peer, response: said.proof, name }.emit()
    }

    fn on_failure(&mut self, id: u8, message: &[u8]) -> Step {
        self.expected = None;
        let said = FailureText::parse(message);
        let was_change = std::mem::take(&mut self.is_changing);
        let door = if self.asks_person { open_door(&said, was_change, VERSION) } else { None };
        let challenge = said.challenge.as_deref().and_then(|octets| octets.try_into().ok());
        let message = said.message.unwrap_or_default();
        let (Some(door), Some(challenge), Some(code)) = (door, challenge, said.error) else {
            self.is_over = true;
            let data = MsChapV2::FailureResponse.emit();
            return Step::Refused { data, code: said.error, message };
        };
        self.offer = Some(Offer { door, id, challenge });
        let wanted = door.wanted(code, message.clone());
        Step::Wait(Refusal { wanted, code, retry: said.retry, message })
    }

    /// The person has spoken. Other credentials take the place of those that were refused.
    pub(super) fn give(
        &mut self,
        given: Given,
        credentials: &mut Credentials,
        chance: &mut Chance,
    ) -> Gift {
        let Some(Offer { door, id, challenge }) = self.offer else { return Gift::Unfit };
        // Neither packet follows a Challenge: it bears the number that the next one would.
        let id = id.wrapping_add(1);
        let data = match (door, given) {
            (Door::Response, Given::Credentials(others)) => {
                *credentials = others;
                self.respond(id, &challenge, credentials, chance)
            }
            (Door::Change, Given::NewPassword(new)) => {
                let Some((body, expected)) =
                    mschap_v2::change(credentials, &new, &challenge, chance)
                else {
                    return Gift::TooLong;
                };
                self.expected = Some(expected);
                self.is_changing = true;
                MsChapV2::ChangePassword { id, body: body.expose() }.emit()
            }
            (Door::Response, Given::NewPassword(_)) | (Door::Change, Given::Credentials(_)) => {
                return Gift::Unfit;
            }
        };
        self.offer = None;
        Gift::Say(data)
    }

    fn on_success(&mut self, message: &[u8]) -> Step {
        self.is_over = true;
        let told = message.get(..42).unwrap_or_default();
        match self.expected.take() {
            Some(Expected { proof, keys }) if same(told, proof.as_bytes()) => {
                let text = String::from_utf8_lossy(message);
                let message = text.split_once("M=").map(|(_, m)| m.to_owned()).unwrap_or_default();
                Step::Proven { data: MsChapV2::SuccessResponse.emit(), keys, message }
            }
            Some(_) | None => Step::NotProven,
        }
    }
}

/// The side that demands proof.
#[derive(Debug)]
pub(super) struct Server {
    id: u8,
    challenge: [u8; 16],
    patience: Patience,
    /// One was refused, and another is heard.
    is_again: bool,
    /// Who has shown the last proof: a Change-Password bears no name.
    name: String,
}

impl Server {
    /// Hears so many more Responses after a refused one.
    pub(super) fn new(chance: &mut Chance, retries: u8) -> Self {
        let [id] = chance.bytes();
        let patience = Patience::new(retries);
        Self { id, challenge: chance.bytes(), patience, is_again: false, name: String::new() }
    }

    /// Type data of the first Request.
    pub(super) fn challenge(&self, local_name: &str) -> Vec<u8> {
        let name = local_name.as_bytes();
        MsChapV2::Challenge { id: self.id, challenge: self.challenge, name }.emit()
    }

    /// The name and the proof in the Response to it, or to the last Failure.
    pub(super) fn proof(&mut self, data: &[u8]) -> Option<(String, Proof)> {
        let authenticator = self.challenge;
        let proof = match (self.patience.door, MsChapV2::parse_response(data).ok()?) {
            (Door::Response, MsChapV2::Response { id, peer, response, name })
                if self.is_due(id) =>
            {
                self.name = String::from_utf8_lossy(name).into_owned();
                Proof::MsChapV2 { identifier: id, authenticator, peer, response }
            }
            (Door::Change, MsChapV2::ChangePassword { id, body }) if self.is_due(id) => {
                let body = Secret::new(body.to_vec());
                Proof::NewPassword { identifier: id, authenticator, body }
            }
            _ => return None,
        };
        Some((self.name.clone(), proof))
    }

    /// Whether a Response of this number is the one that is waited for. After a Failure some count on from
    /// it, and others take its own; EAP's identifier says that it is none from before.
    const fn is_due(&self, id: u8) -> bool {
        id == self.id || (self.is_again && id.wrapping_add(1) == self.id)
    }

    /// Type data of the Request that says: accepted, and here is our own proof.
    pub(super) fn success(&self, message: &[u8]) -> Vec<u8> {
        MsChapV2::SuccessRequest { id: self.id, message }.emit()
    }

    /// Type data of the Request that says: refused; and whether another proof is heard after it, if the
    /// owner would `hear` one.
    pub(super) fn failure(
        &mut self,
        chance: &mut Chance,
        code: u32,
        hear: bool,
        message: &str,
    ) -> (Vec<u8>, bool) {
        let door = if hear { self.patience.after(code) } else { None };
        let challenge: [u8; 16] = chance.bytes();
        let text = failure_text(code, door.is_some(), &challenge, VERSION, Some(message));
        let data = MsChapV2::FailureRequest { id: self.id, message: text.as_bytes() }.emit();
        if let Some(door) = door {
            self.patience.door = door;
            self.is_again = true;
            self.challenge = challenge;
            self.id = self.id.wrapping_add(1);
        }
        (data, door.is_some())
    }

    /// Whether type data acknowledges the [`success`](Self::success) (true) or the
    /// [`failure`](Self::failure) (false).
    pub(super) fn acknowledged(data: &[u8]) -> Option<bool> {
        match MsChapV2::parse_response(data) {
            Ok(MsChapV2::SuccessResponse) => Some(true),
            Ok(MsChapV2::FailureResponse) => Some(false),
            Ok(_) | Err(_) => None,
        }
    }
}
