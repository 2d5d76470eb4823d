//! EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2), plain and inside PEAP.
//!
//! ```text
//!   server                                   caller
//!   Challenge  ────────────────────────────▶
//!              ◀────────────────────────────  Response
//!   Success (S=…) or Failure (E=…)  ───────▶
//!              ◀────────────────────────────  the same, alone
//! ```

use onhook_base::{Chance, Secret};
use onhook_crypto::mschap;

use super::wire::MsChapV2;
use crate::auth::chap::FailureText;
use crate::auth::contract::{keys_of, same};
use crate::auth::{Credentials, Keys, Proof};

/// What a caller says next.
#[derive(Debug)]
pub(super) enum Step {
    /// Type data of a Response; in the first, by whom it was asked.
    Say { data: Vec<u8>, by: Option<String> },
    /// The server has proved itself, too.
    Proven { data: Vec<u8>, keys: Keys, message: String },
    /// The server has refused; what it says to that comes after the Response.
    Refused { data: Vec<u8>, code: Option<u32>, message: String },
    /// The server says Success and cannot prove it.
    NotProven,
    /// Malformed, or out of place.
    Nothing,
}

/// The side that proves itself.
#[derive(Debug, Default)]
pub(super) struct Caller {
    expected: Option<(String, Keys)>,
    is_over: bool,
}

impl Caller {
    pub(super) fn handle(
        &mut self,
        data: &[u8],
        credentials: &Credentials,
        chance: &mut Chance,
    ) -> Step {
        if self.is_over {
            return Step::Nothing;
        }
        match MsChapV2::parse_request(data) {
            Ok(MsChapV2::Challenge { id, challenge, name }) => {
                let by = String::from_utf8_lossy(name).into_owned();
                let data = self.respond(id, &challenge, credentials, chance);
                Step::Say { data, by: Some(by) }
            }
            Ok(MsChapV2::SuccessRequest { message, .. }) => self.on_success(message),
            Ok(MsChapV2::FailureRequest { message, .. }) if self.expected.is_some() => {
                self.is_over = true;
                let said = FailureText::parse(message);
                Step::Refused {
                    data: MsChapV2::FailureResponse.emit(),
                    code: said.error,
                    message: said.message.unwrap_or_default(),
                }
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
        let peer: [u8; 16] = chance.bytes();
        let hash = Secret::new(mschap::nt_password_hash(credentials.password.expose()));
        let response = mschap::nt_response(authenticator, &peer, name, hash.expose());
        let proof =
            mschap::authenticator_response(hash.expose(), &response, &peer, authenticator, name);
        self.expected = Some((proof, keys_of(hash.expose(), &response)));
        MsChapV2::Response { id, peer, response, name }.emit()
    }

    fn on_success(&mut self, message: &[u8]) -> Step {
        self.is_over = true;
        let told = message.get(..42).unwrap_or_default();
        match self.expected.take() {
            Some((proof, keys)) if same(told, proof.as_bytes()) => {
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
}

impl Server {
    pub(super) fn new(chance: &mut Chance) -> Self {
        let [id] = chance.bytes();
        Self { id, challenge: chance.bytes() }
    }

    /// Type data of the first Request.
    pub(super) fn challenge(&self, local_name: &str) -> Vec<u8> {
        let name = local_name.as_bytes();
        MsChapV2::Challenge { id: self.id, challenge: self.challenge, name }.emit()
    }

    /// The name and the proof in the Response to it.
    pub(super) fn proof(&self, data: &[u8]) -> Option<(String, Proof)> {
        let Ok(MsChapV2::Response { id, peer, response, name }) = MsChapV2::parse_response(data)
        else {
            return None;
        };
        let proof =
            Proof::MsChapV2 { identifier: id, authenticator: self.challenge, peer, response };
        (id == self.id).then(|| (String::from_utf8_lossy(name).into_owned(), proof))
    }

    /// Type data of the Request that says: accepted, and here is our own proof.
    pub(super) fn success(&self, message: &[u8]) -> Vec<u8> {
        MsChapV2::SuccessRequest { id: self.id, message }.emit()
    }

    /// Type data of the Request that says: refused.
    pub(super) fn failure(&self, chance: &mut Chance, code: u32, message: &str) -> Vec<u8> {
        let challenge: [u8; 16] = chance.bytes();
        let hex = challenge.iter().fold(String::new(), |text, octet| format!("{text}{octet:02X}"));
        let text = format!("E={code} R=0 C={hex} V=3 M={message}");
        MsChapV2::FailureRequest { id: self.id, message: text.as_bytes() }.emit()
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
