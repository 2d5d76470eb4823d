//! The answerer's end (\[MS-SSTP\] §3.3).
//!
//! It waits: for an HTTP request (whoever asks for anything else is told 404 or 400 and nothing more),
//! for a Call Connect Request, and, while PPP authenticates the caller, for the crypto binding. Until
//! that is right, PPP's control protocols pass and network packets do not.
//!
//! The binding can be checked only with the keys of PPP's authentication. A caller that sends it before
//! our PPP has said [`authenticated`](crate::Link::authenticated) is not wrong, merely fast: one binding
//! is kept until then.

use onhook_base::{Instant, Seed};

use super::binding::{self, Expected, Hlak};
use super::call::{Call, Phase, SstpTimes};
use super::failure::{HttpFault, SstpFailure};
use super::http::{self, Refusal};
use super::machine::{DEFAULT_MTU, Role, Sstp};
use super::wire::{
    CryptoBinding, Kind, Message, PROTOCOL_PPP, StatusInfo, Unfit, attribute, status,
};
use crate::contract::SessionKeys;

/// What an answerer needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SstpAnswererTerms {
    /// The hashes that the crypto binding may use: bit 0 SHA-1, bit 1 SHA-256. Other bits are ignored;
    /// an offer of nothing counts as an offer of both.
    pub offer: u8,
    /// The `Date` header of the reply, in HTTP's form (RFC 9110 §5.6.7). A machine has no calendar: the
    /// owner's, or none.
    pub date: Option<String>,
    /// How long to wait for the peer.
    pub times: SstpTimes,
    /// The MTU of the link; also what LCP asks for as MRU.
    pub mtu: u16,
}

impl Default for SstpAnswererTerms {
    fn default() -> Self {
        Self {
            offer: binding::SHA1 | binding::SHA256,
            date: None,
            times: SstpTimes::default(),
            mtu: DEFAULT_MTU,
        }
    }
}

/// The answerer's end of an SSTP call.
pub type SstpAnswerer = Sstp<Answerer>;

impl SstpAnswerer {
    /// An answerer that is not open yet. Of `seed` it draws the nonce of the crypto binding.
    pub fn new(terms: SstpAnswererTerms, seed: &Seed) -> Self {
        let SstpAnswererTerms { offer, date, times, mtu } = terms;
        let both = binding::SHA1 | binding::SHA256;
        let offer = if offer & both == 0 { both } else { offer & both };
        let nonce = seed.chance().bytes();
        let role = Answerer { offer, date, nonce, refused: 0, hlak: None, held: None };
        Self::of(role, times, mtu)
    }
}

/// The part of an [`SstpAnswerer`] that only answerers have.
#[derive(Debug)]
pub struct Answerer {
    offer: u8,
    date: Option<String>,
    nonce: [u8; 32],
    /// How often a connect request has been refused.
    refused: u8,
    /// There once PPP has authenticated.
    hlak: Option<Hlak>,
    /// A binding that came before that, and the packet it came in.
    held: Option<(CryptoBinding, Vec<u8>)>,
}

/// Faulty connect requests are refused as often as this, then the call is aborted
/// (\[MS-SSTP\] §3.3.5.2.2).
const REFUSALS_MAX: u8 = 3;

impl Answerer {
    fn refuse(&mut self, call: &mut Call, now: Instant, faults: Vec<StatusInfo<'_>>) {
        if self.refused < REFUSALS_MAX {
            self.refused = self.refused.saturating_add(1);
            call.say(&Message::CallConnectNak(faults));
        } else {
            call.abort_call(now, attribute::STATUS_INFO, status::RETRY_COUNT_EXCEEDED);
        }
    }

    /// Lets network packets pass, or ends the call.
    fn check(&mut self, call: &mut Call, now: Instant, binding: &CryptoBinding, packet: &[u8]) {
        let (Some(hlak), Some(certificate)) = (self.hlak.take(), call.certificate) else { return };
        let expected = Expected {
            offer: self.offer,
            nonce: &self.nonce,
            certificate: &certificate,
            hlak: &hlak,
        };
        if expected.holds(binding, packet) {
            call.connected(now);
        } else {
            let (at, wrong) = (attribute::CRYPTO_BINDING, status::VALUE_NOT_SUPPORTED);
            call.abort_for(now, at, wrong, SstpFailure::BindingRefused);
        }
    }
}

impl Role for Answerer {
    const ANSWERS: bool = true;

    fn opened(&mut self, _core: &mut Call) {}

    fn head(&mut self, call: &mut Call, now: Instant, head: &[u8]) {
        match http::parse_request(head) {
            Ok(()) => {
                http::emit_welcome(call.outbox.bytes_mut(), self.date.as_deref());
                call.negotiate(now, Phase::Requesting);
            }
            Err(refusal) => {
                http::emit_refusal(call.outbox.bytes_mut(), &refusal);
                call.fall(SstpFailure::from(refusal));
            }
        }
    }

    fn no_head(&mut self, call: &mut Call, fault: HttpFault) {
        let refusal = Refusal::BadRequest(Some(fault));
        http::emit_refusal(call.outbox.bytes_mut(), &refusal);
        call.fall(SstpFailure::from(refusal));
    }

    fn message(&mut self, call: &mut Call, now: Instant, message: &Message<'_>, packet: &[u8]) {
        match (call.phase, message) {
            (Phase::Requesting, Message::CallConnectRequest { protocol: PROTOCOL_PPP }) => {
                call.say(&Message::CallConnectAck { offer: self.offer, nonce: self.nonce });
                call.up(now);
            }
            (Phase::Requesting, Message::CallConnectRequest { protocol }) => {
                let fault = StatusInfo {
                    attribute: attribute::ENCAPSULATED_PROTOCOL,
                    status: status::VALUE_NOT_SUPPORTED,
                    original: &protocol.to_be_bytes(),
                };
                self.refuse(call, now, vec![fault]);
            }
            (Phase::Binding, Message::CallConnected(binding)) => {
                if self.hlak.is_some() {
                    self.check(call, now, binding, packet);
                } else if self.held.is_none() {
                    self.held = Some((*binding, packet.to_vec()));
                } else {
                    call.abort_unaccepted(now);
                }
            }
            _ => call.abort_unaccepted(now),
        }
    }

    fn unfit(&mut self, call: &mut Call, now: Instant, unfit: &Unfit<'_>) -> bool {
        match (call.phase, unfit.kind) {
            (Phase::Requesting, Some(Kind::CallConnectRequest)) => {
                self.refuse(call, now, unfit.faults.clone());
            }
            (Phase::Binding, Some(Kind::CallConnected)) => {
                let (at, wrong) = (attribute::STATUS_INFO, status::ATTRIBUTE_NOT_SUPPORTED);
                call.abort_call(now, at, wrong);
            }
            _ => return false,
        }
        true
    }

    fn authenticated(&mut self, call: &mut Call, now: Instant, keys: Option<&SessionKeys>) {
        if self.hlak.is_none() {
            self.hlak = Some(binding::hlak(keys));
        }
        if let Some((binding, packet)) = self.held.take() {
            self.check(call, now, &binding, &packet);
        }
    }

    fn expired(&mut self, call: &mut Call, now: Instant) {
        if call.phase == Phase::Requesting {
            call.fall(SstpFailure::Timeout);
        } else {
            let (at, timeout) = (attribute::STATUS_INFO, status::NEGOTIATION_TIMEOUT);
            call.abort_for(now, at, timeout, SstpFailure::Timeout);
        }
    }
}
