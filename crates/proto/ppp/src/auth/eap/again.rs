//! While a person is asked: what the ends of EAP do between a Failure that leaves the door open and the
//! Response to it (draft-kamath-pppext-eap-mschapv2, RFC 2759 §6, §7).
//!
//! The Failure is a Request, and so it is the authenticator that repeats, slowly, as long as a person may
//! take (RFC 3748 §4.3); the other end has nothing to say to it until the person has spoken.

use onhook_base::{Duration, Instant};

use super::authenticator::{EapAuthenticator, RETRY, TRIES};
use super::mschapv2::Gift;
use super::peap::{self, Inside};
use super::peer::{EapPeer, PATIENCE, Running};
use super::wire::{EapPacket, MsChapV2};
use crate::auth::again::{PERSON, VERSION, open_door, too_long};
use crate::auth::chap::FailureText;
use crate::auth::{AuthEvent, AuthFailure, EapMethod, Progress};
use crate::person::{Given, Wanted};

/// How often a Request is repeated that a person is to answer.
const SLOWLY: Duration = Duration::from_secs(10);

/// A refusal that leaves the door open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) wanted: Wanted,
    pub(super) code: u32,
    pub(super) retry: bool,
    pub(super) message: String,
}

impl EapPeer {
    /// A refusal may be followed by another try, of which a person is asked.
    pub fn asks_person(&mut self, allowed: bool) {
        self.asks_person = allowed;
    }

    pub(super) fn is_waiting(&self) -> bool {
        match &self.running {
            Running::MsChapV2(caller) => caller.is_waiting(),
            Running::Tunnel(tunnel) => tunnel.inside.is_waiting(),
            Running::Nothing | Running::Md5 => false,
        }
    }

    /// Nothing is said until the person has spoken, and no timer runs.
    pub(super) fn wait(&mut self, refusal: Refusal) {
        let Refusal { wanted, code, retry, message } = refusal;
        self.deadline = None;
        // Should the authenticator not wait so long, its Failure is for this.
        self.refused = Some((Some(code), message.clone()));
        self.progress(Progress::Failed { code: Some(code), retry: true, message: message.clone() });
        let after = AuthFailure::Refused { code: Some(code), retry, message };
        self.events.push_back(AuthEvent::Waiting { wanted: Some(wanted), after });
    }

    /// The person has spoken. Returns false when that is not what was asked for, or nothing was.
    pub fn give(&mut self, now: Instant, given: Given) -> bool {
        if self.is_over {
            return false;
        }
        let (credentials, chance) = (&mut self.credentials, &mut self.chance);
        let gift = match &mut self.running {
            Running::MsChapV2(caller) => caller.give(given, credentials, chance),
            Running::Tunnel(tunnel) => tunnel.inside.give(given, credentials, chance),
            Running::Nothing | Running::Md5 => Gift::Unfit,
        };
        let data = match gift {
            Gift::Say(data) => data,
            Gift::TooLong => {
                let (wanted, after) = too_long();
                self.events.push_back(AuthEvent::Waiting { wanted: Some(wanted), after });
                return true;
            }
            Gift::Unfit => return false,
        };
        self.refused = None;
        self.deadline = Some(now + PATIENCE);
        let name = self.credentials.user.clone();
        self.progress(Progress::Responded { name });
        let number = EapMethod::MsChapV2.number();
        match &self.running {
            Running::Tunnel(_) => self.say(peap::plain(number, &data), Inside::Nothing),
            Running::MsChapV2(_) | Running::Nothing | Running::Md5 => self.respond(number, &data),
        }
        true
    }
}

impl EapAuthenticator {
    /// Hears so many more Responses of MS-CHAP version 2 after a refused one.
    pub fn hear_again(&mut self, retries: u8) {
        self.retries = retries;
    }

    /// Another proof is heard, and a person at the other end is asked for it.
    pub(super) fn wait_for_person(&mut self, now: Instant, code: u32, message: String) {
        self.person_until = Some(now + PERSON);
        let after = AuthFailure::Refused { code: Some(code), retry: false, message };
        self.events.push_back(AuthEvent::Waiting { wanted: None, after });
    }

    /// When the Request is due again that is repeated now; `None` when it was repeated for long enough.
    pub(super) fn next_repetition(&self, now: Instant) -> Option<Instant> {
        match self.person_until {
            Some(until) => (now < until).then(|| until.min(now + SLOWLY)),
            None => (self.tries < TRIES).then(|| now + RETRY),
        }
    }
}

/// What a judge elsewhere says in its Request, if that is a refusal that leaves the door open. Inside a
/// tunnel nobody but its ends can see that.
pub(super) fn elsewhere_refused(packet: &[u8]) -> Option<(u32, String)> {
    let EapPacket::Request { kind, data, .. } = EapPacket::parse(packet).ok()? else { return None };
    if kind != EapMethod::MsChapV2.number() {
        return None;
    }
    let MsChapV2::FailureRequest { message, .. } = MsChapV2::parse_request(data).ok()? else {
        return None;
    };
    let said = FailureText::parse(message);
    // Whether it was a new password that is refused, the other end knows.
    let is_open = |was_change| open_door(&said, was_change, VERSION).is_some();
    if !is_open(false) && !is_open(true) {
        return None;
    }
    Some((said.error?, said.message.unwrap_or_default()))
}
