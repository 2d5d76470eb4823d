//! The caller's end (\[MS-SSTP\] §3.2).
//!
//! It speaks first, twice: the HTTP request when the lane is open, the Call Connect Request the moment
//! the reply is read. Two round trips after TLS the link is up, and no timer has been waited for.

use onhook_base::{Instant, Seed};

use super::binding::{self, strongest};
use super::call::{Call, Phase, SstpTimes};
use super::failure::{HttpFault, SstpFailure};
use super::http;
use super::machine::{DEFAULT_MTU, Role, Sstp};
use super::wire::{Message, PROTOCOL_PPP, Unfit, attribute, status};
use crate::contract::SessionKeys;

/// What a caller needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SstpCallerTerms {
    /// The server's name or address for the `Host` header, with `:port` if it is not 443.
    pub host: String,
    /// The `tenantid` of the request's query, which some front servers route by.
    pub tenant: Option<String>,
    /// How long to wait for the peer.
    pub times: SstpTimes,
    /// The MTU of the link; also what LCP asks for as MRU.
    pub mtu: u16,
}

impl SstpCallerTerms {
    /// Terms for this `Host` header, the rest as usual.
    pub fn new(host: impl Into<String>) -> Self {
        Self { host: host.into(), ..Self::default() }
    }
}

impl Default for SstpCallerTerms {
    fn default() -> Self {
        Self { host: String::new(), tenant: None, times: SstpTimes::default(), mtu: DEFAULT_MTU }
    }
}

/// The caller's end of an SSTP call.
pub type SstpCaller = Sstp<Caller>;

impl SstpCaller {
    /// A caller that is not open yet. Of `seed` it draws the correlation GUID of its request.
    pub fn new(terms: SstpCallerTerms, seed: &Seed) -> Self {
        let SstpCallerTerms { host, tenant, times, mtu } = terms;
        let correlation = seed.chance().bytes();
        let role = Caller { host, tenant, correlation, offered: None, refused: 0 };
        Self::of(role, times, mtu)
    }
}

/// The part of an [`SstpCaller`] that only callers have.
#[derive(Debug)]
pub struct Caller {
    host: String,
    tenant: Option<String>,
    correlation: [u8; 16],
    /// The hash to bind with and the nonce to repeat.
    offered: Option<(onhook_crypto::sstp_binding::BindingHash, [u8; 32])>,
    /// How often the connect request has been refused.
    refused: u8,
}

/// A refused connect request is sent again as often as this (\[MS-SSTP\] §3.2.5.3).
const RETRIES_MAX: u8 = 3;

fn request(call: &mut Call) {
    call.say(&Message::CallConnectRequest { protocol: PROTOCOL_PPP });
}

impl Role for Caller {
    const ANSWERS: bool = false;

    fn opened(&mut self, call: &mut Call) {
        let tenant = self.tenant.as_deref();
        http::emit_request(call.outbox.bytes_mut(), &self.host, tenant, self.correlation);
    }

    fn head(&mut self, call: &mut Call, now: Instant, head: &[u8]) {
        match http::parse_reply(head) {
            Ok(()) => {
                call.negotiate(now, Phase::Requesting);
                request(call);
            }
            Err(failure) => call.fall(failure),
        }
    }

    fn no_head(&mut self, call: &mut Call, fault: HttpFault) {
        call.fall(SstpFailure::HttpMalformed(fault));
    }

    fn message(&mut self, call: &mut Call, now: Instant, message: &Message<'_>, _packet: &[u8]) {
        match (call.phase, message) {
            (Phase::Requesting, Message::CallConnectAck { offer, nonce }) => {
                let Some(hash) = strongest(*offer) else {
                    let at = attribute::CRYPTO_BINDING_REQUEST;
                    let failure = SstpFailure::NoCommonHash;
                    call.abort_for(now, at, status::VALUE_NOT_SUPPORTED, failure);
                    return;
                };
                self.offered = Some((hash, *nonce));
                call.up(now);
            }
            (Phase::Requesting, Message::CallConnectNak(faults)) => {
                if self.refused < RETRIES_MAX {
                    self.refused = self.refused.saturating_add(1);
                    request(call);
                    return;
                }
                let status = faults.first().map_or(status::NO_ERROR, |fault| fault.status);
                let (at, exceeded) = (attribute::STATUS_INFO, status::RETRY_COUNT_EXCEEDED);
                call.abort_for(now, at, exceeded, SstpFailure::Nak { status });
            }
            _ => call.abort_unaccepted(now),
        }
    }

    fn unfit(&mut self, _core: &mut Call, _now: Instant, _unfit: &Unfit<'_>) -> bool {
        false
    }

    fn authenticated(&mut self, call: &mut Call, now: Instant, keys: Option<&SessionKeys>) {
        let (Some((hash, nonce)), Some(certificate)) = (self.offered.take(), call.certificate)
        else {
            return;
        };
        let binding = binding::bind(hash, nonce, &certificate, &binding::hlak(keys));
        call.say(&Message::CallConnected(binding));
        call.connected(now);
    }

    fn expired(&mut self, call: &mut Call, now: Instant) {
        let (at, timeout) = (attribute::STATUS_INFO, status::NEGOTIATION_TIMEOUT);
        call.abort_for(now, at, timeout, SstpFailure::Timeout);
    }
}
