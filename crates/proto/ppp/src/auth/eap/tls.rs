//! TLS inside EAP: what the owner of the machine is asked to do, and the way of flights through packets.
//!
//! No TLS is spoken here, for it takes chance, a clock and the trust of a person. The machine orders,
//! and its owner replies: one reply to each order, in their turn.
//!
//! ```text
//!   fragments ─▶ Courier ─▶ whole flight ─▶ TlsOrder ─▶ (owner's TLS) ─▶ TlsReply ─▶ Courier ─▶ fragments
//! ```

use std::fmt;

use onhook_base::{Malformed, Secret};

use super::wire::Fragment;
use crate::auth::EapMethod;

/// The most octets of one flight, either way; a chain of certificates of 64 kB fits.
const MOST_FLIGHT: usize = 128 << 10;
/// The most octets that one conversation may take from the peer.
const MOST_HEARD: usize = 256 << 10;
/// Octets of a packet besides the part of the flight: head, type, flags, length.
const HEAD: usize = 10;
/// The most octets of a part, whatever the line would take.
const MOST_PART: usize = 1390;
/// The least, where a line takes absurdly little.
const LEAST_PART: usize = 64;

/// Which end of TLS we are: who proves itself is its client (RFC 5216 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsRole {
    /// We prove ourselves.
    Client,
    /// We demand it.
    Server,
}

/// What the owner's TLS is to do. Exactly one [`TlsReply`] answers each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsOrder {
    /// Which of the two conversations that one link may have.
    pub role: TlsRole,
    /// What.
    pub ask: TlsAsk,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsAsk {
    /// Begin anew; what was before is forgotten. The reply of a client has its first flight.
    Begin {
        /// For EAP-TLS both ends show certificates; for PEAP the server alone.
        method: EapMethod,
    },
    /// A whole flight of the peer.
    Hear(Vec<u8>),
    /// Encrypt this for the peer.
    Say(Secret<Vec<u8>>),
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsReply {
    /// What is to be sent to the peer; an alert too, when it has failed.
    pub records: Vec<u8>,
    /// What the peer said inside.
    pub heard: Secret<Vec<u8>>,
    /// Where it stands.
    pub state: TlsState,
}

/// Where a conversation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsState {
    /// Hands are being shaken.
    Shaking,
    /// Both ends have finished, and the certificates were found good.
    Open(TlsFacts),
    /// It has ended badly.
    Failed(TlsFailure),
}

/// What is known of an open conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// Version 1.3, in which the end of the handshake is said by an octet of its own (RFC 9190 §2.1.1).
    pub is_13: bool,
    /// 128 octets of key material: of "client EAP encryption" (RFC 5216 §2.3), or in version 1.3 of
    /// "EXPORTER_EAP_TLS_Key_Material" with the method's type number (RFC 9190 §2.3, RFC 9427 §2.1).
    pub key_material: Secret<Vec<u8>>,
    /// (Server) the names in the peer's certificate; empty when it has shown none.
    pub names: Vec<String>,
}

/// Why a conversation has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFailure {
    /// What kind of fault.
    pub fault: TlsFault,
    /// What happened, in words.
    pub text: String,
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsFault {
    /// The peer's certificate has expired.
    Expired,
    /// The peer's certificate was revoked.
    Revoked,
    /// The peer's certificate is broken, not valid yet, or not for this use.
    BadCertificate,
    /// The peer's certificate is issued by nobody whom we trust, or is not the one that was named.
    Untrusted,
    /// The peer's certificate bears another name, or none could be checked.
    WrongName,
    /// We have no certificate to show, or none that can be used.
    NoCertificate,
    /// The peer has ended it with this alert (RFC 8446 §6).
    Alert(u8),
    /// No version or cipher is common to both ends.
    NoCommonCipher,
    /// What was said is no TLS, or against its rules.
    NotTls,
}

/// What has come of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// A whole flight, which may be empty.
    Flight(Vec<u8>),
    /// A part; it is to be acknowledged with an empty packet.
    Part,
    /// Our part was acknowledged: the next one is due.
    Acknowledged,
}

/// Brings flights through packets (RFC 5216 §2.1.5). Every size is bounded, and none that the peer names
/// is allocated.
#[derive(Debug)]
pub(crate) struct Courier {
    part: usize,
    inbox: Vec<u8>,
    /// Octets that the peer has announced for the flight under way.
    announced: Option<usize>,
    heard: usize,
    outbox: Vec<u8>,
    sent: usize,
}

impl Courier {
    /// For packets of at most `room` octets.
    pub(crate) fn new(room: usize) -> Self {
        Self {
            part: room.saturating_sub(HEAD).clamp(LEAST_PART, MOST_PART),
            inbox: Vec::new(),
            announced: None,
            heard: 0,
            outbox: Vec::new(),
            sent: 0,
        }
    }

    /// Something of ours is still to be sent.
    pub(crate) fn has_more(&self) -> bool {
        self.sent < self.outbox.len()
    }

    /// Something of the peer's has come.
    pub(crate) const fn has_heard(&self) -> bool {
        self.heard > 0
    }

    /// A packet of the peer.
    ///
    /// # Errors
    /// When lengths lie, when it is too much, or when the peer speaks while we do.
    pub(crate) fn receive(&mut self, fragment: Fragment<'_>) -> Result<Arrival, Malformed> {
        if self.has_more() {
            let is_bare = fragment.data.is_empty() && !fragment.more && fragment.total.is_none();
            return if is_bare { Ok(Arrival::Acknowledged) } else { Err(Malformed::Forbidden) };
        }
        if let Some(total) = fragment.total {
            let total = usize::try_from(total).map_err(|_| Malformed::BadLength)?;
            let told = *self.announced.get_or_insert(total);
            if told != total || total > MOST_FLIGHT {
                return Err(Malformed::BadLength);
            }
        }
        if fragment.more && fragment.data.is_empty() {
            // A part of nothing leads nowhere.
            return Err(Malformed::BadLength);
        }
        self.heard = self.heard.saturating_add(fragment.data.len());
        let length = self.inbox.len().saturating_add(fragment.data.len());
        if length > self.announced.unwrap_or(MOST_FLIGHT) || self.heard > MOST_HEARD {
            return Err(Malformed::BadLength);
        }
        self.inbox.extend_from_slice(fragment.data);
        if fragment.more {
            return Ok(Arrival::Part);
        }
        if self.announced.take().is_some_and(|told| told != length) {
            return Err(Malformed::BadLength);
        }
        Ok(Arrival::Flight(std::mem::take(&mut self.inbox)))
    }

    /// A flight of ours.
    pub(crate) fn put(&mut self, flight: Vec<u8>) {
        self.outbox = flight;
        self.sent = 0;
    }

    /// The next part; an empty one when there is nothing to say.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let rest = self.outbox.get(self.sent..).unwrap_or_default();
        let data = rest.get(..self.part).unwrap_or(rest);
        let more = data.len() < rest.len();
        // The length stands in the first of several parts (RFC 5216 §3.1).
        let total = (more && self.sent == 0).then(|| u32::try_from(rest.len()).unwrap_or(u32::MAX));
        let out = Fragment { total, more, start: false, data }.emit();
        self.sent = self.sent.saturating_add(data.len());
        if !more {
            self.outbox.clear();
            self.sent = 0;
        }
        out
    }
}
