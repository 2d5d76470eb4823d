//! PPP above several links (RFC 1990 §2): the NCPs once for all of them.
//!
//! The links have an LCP and a proof each, and end by themselves. What stands above them is this: an LCP
//! that is open without having been negotiated, for its rejects and echoes alone, and the network.

use onhook_base::Instant;

use super::{Phase, Ppp, PppEvent};
use crate::auth::Keys;
use crate::control::ControlPacket;
use crate::control::wire::code;
use crate::wire::{parse_protocol, protocol};

/// Numbers from here on concern a link, and not what it carries (RFC 1661 §2).
const LINKS_OWN: u16 = 0xc000;

impl Ppp {
    /// The first link of a bundle has joined: instead of [`open`](Self::open) and
    /// [`lower_up`](Self::lower_up). `peer_mrru` is what the peer puts together; `keys` are those of
    /// that link's proof, and so is the name. [`PppEvent::Authenticated`] follows.
    pub fn bundle_up(
        &mut self,
        now: Instant,
        peer_mrru: u16,
        keys: Option<Keys>,
        peer_name: Option<String>,
    ) {
        if self.finished || self.bundled || self.authenticated {
            return;
        }
        self.bundled = true;
        self.lcp.stand_open(|terms| terms.settle_for_bundle(peer_mrru));
        self.lcp.set_peer_mru(peer_mrru);
        self.authenticated = true;
        self.keys.clone_from(&keys);
        self.tell(PppEvent::Authenticated { keys, peer_name });
        self.settle(now);
    }

    /// The most octets of information that the peer takes in one frame.
    pub fn sendable(&self) -> u16 {
        self.lcp.terms().sendable()
    }

    /// Whether this is one of several links, which we close and whose peer has not acknowledged that yet:
    /// fragments that come ahead of its Terminate-Ack are at no special risk of loss (RFC 1990 §7).
    pub fn is_closing_member(&self) -> bool {
        self.was_member && self.phase() == Phase::Terminate
    }

    /// Something came on this link that its owner has taken itself: the peer is there.
    pub fn heard(&mut self, now: Instant) {
        self.keepalive.handle_input(now);
    }

    /// Whether a frame that came on one of several links is not that link's own business: it is a
    /// fragment, a network's packet, or the rejection of one.
    pub fn is_for_bundle(frame: &[u8]) -> bool {
        let Ok((number, length)) = parse_protocol(frame) else { return false };
        if number != protocol::LCP {
            return number < LINKS_OWN;
        }
        let packet =
            frame.get(length..).and_then(|information| ControlPacket::parse(information).ok());
        packet.is_some_and(|packet| {
            let rejected = packet.data.first_chunk().map(|number| u16::from_be_bytes(*number));
            packet.code == code::PROTOCOL_REJECT && rejected.is_some_and(|n| n < LINKS_OWN)
        })
    }

    /// What would negotiate or end a link has no business above them (RFC 1990 §2).
    pub(super) fn is_barred_from_bundle(&self, information: &[u8]) -> bool {
        let first = information.first().copied().unwrap_or_default();
        self.bundled && (code::CONFIGURE_REQUEST..=code::TERMINATE_ACK).contains(&first)
    }
}
