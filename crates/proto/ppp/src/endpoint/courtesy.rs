//! LCP's codes beyond negotiation: echo, rejects, identification (RFC 1661 §5.7–5.9, RFC 1570 §2).
//!
//! What is answered here is answered with no more octets than were received, cut to what the peer can
//! receive, and Protocol-Rejects are also limited in time: a peer that fills the line with protocols
//! that we do not know is told so once a second for each, and for no more than sixteen of them.

use onhook_base::{Duration, Instant, Malformed, Reader};

use super::Ppp;
use crate::auth;
use crate::control::ControlPacket;
use crate::control::wire::{HEADER_LEN, code};
use crate::failure::PppFailure;
use crate::lcp::farewell::printable;
use crate::wire::protocol;

/// Echo-Requests with our own magic number before the line counts as looped.
const MAX_OWN_ECHOES: u8 = 3;
/// Protocols whose rejection we remember.
const MAX_REJECTIONS: usize = 16;
/// The same protocol is not rejected again before this has passed.
const REJECT_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The Protocol-Rejects that were sent lately.
#[derive(Debug, Default)]
pub(super) struct Rejections {
    sent: Vec<(u16, Instant)>,
}

impl Rejections {
    /// Whether one more may be sent for `protocol` now.
    fn permit(&mut self, now: Instant, protocol: u16) -> bool {
        self.sent.retain(|(_, at)| now.since(*at) < REJECT_AGAIN_AFTER);
        if self.sent.len() >= MAX_REJECTIONS || self.sent.iter().any(|(p, _)| *p == protocol) {
            return false;
        }
        self.sent.push((protocol, now));
        true
    }
}

impl Ppp {
    /// A packet of LCP with a code above those that all layers share.
    pub(super) fn receive_courtesy(
        &mut self,
        now: Instant,
        packet: ControlPacket<'_>,
    ) -> Result<(), Malformed> {
        let mut r = Reader::new(packet.data);
        match packet.code {
            code::PROTOCOL_REJECT => {
                let rejected = r.u16()?;
                if self.lcp.is_opened() {
                    self.protocol_was_rejected(now, rejected);
                }
            }
            code::ECHO_REQUEST => {
                let magic = r.u32()?;
                if self.lcp.is_opened() {
                    self.answer_echo(now, packet.identifier, magic, r.peek_rest());
                }
            }
            code::ECHO_REPLY if self.trial == Some((packet.identifier, false)) => {
                r.u32()?;
                self.trial = Some((packet.identifier, true));
            }
            code::ECHO_REPLY | code::DISCARD_REQUEST => {
                // That it came is what matters, and that has been noted. A reply with our own magic
                // number is no loop yet: some peers copy it.
                r.u32()?;
            }
            code::IDENTIFICATION => {
                r.u32()?;
                let text = printable(r.peek_rest());
                self.peer_is_windows |= text.starts_with("MSRAS");
                tracing::debug!(target: "ppp::lcp", %text, "the peer identifies itself");
            }
            code::TIME_REMAINING => {
                r.u32()?;
                r.u32()?;
            }
            _ => self.lcp.reject_code(now, packet),
        }
        Ok(())
    }

    /// RFC 1661 §5.8: the reply carries our own magic number and the same data, as far as the peer
    /// can receive it.
    fn answer_echo(&mut self, now: Instant, identifier: u8, magic: u32, data: &[u8]) {
        let own = self.lcp.terms().magic();
        if magic != 0 && magic == own {
            self.loops = self.loops.saturating_add(1);
            if self.loops >= MAX_OWN_ECHOES {
                self.fail(now, PppFailure::Looped);
            }
            return;
        }
        self.loops = 0;
        let mut reply = own.to_be_bytes().to_vec();
        reply.extend_from_slice(data);
        reply.truncate(self.room());
        self.lcp.send(ControlPacket { code: code::ECHO_REPLY, identifier, data: &reply });
    }

    pub(super) fn send_echo_request(&mut self) {
        let identifier = self.lcp.fresh_identifier();
        let magic = self.lcp.terms().magic().to_be_bytes();
        self.lcp.send(ControlPacket { code: code::ECHO_REQUEST, identifier, data: &magic });
    }

    /// When LCP opens, tries whether frames with as many octets of information as the peer receives pass, `most`
    /// at the most: asks for a sign of life that is as long (RFC 4638 §4), before any proof. `safe` is what
    /// needs no trial. Counts before LCP is open.
    pub const fn try_size(&mut self, safe: u16, most: u16) {
        self.to_try = Some((safe, most));
    }

    /// Whether what [`try_size`](Self::try_size) has made it send was answered; `None` when nothing was tried.
    pub fn size_has_passed(&self) -> Option<bool> {
        self.trial.map(|(_, answered)| answered)
    }

    /// Negotiates LCP and all above it anew, so that both ends keep to so many octets of information in one
    /// frame: what was agreed before does not pass (RFC 4638 §4). Does nothing unless LCP is open.
    pub fn keep_to_size(&mut self, now: Instant, octets: u16) {
        if !self.finished && !self.ending && !self.bundled && self.lcp.is_opened() {
            self.to_try = None;
            self.lcp.terms_mut().keep_to(octets);
            // As if the link had gone and come again (RFC 1661 §4.3).
            self.lcp.lower_down(now);
            self.lcp.lower_up(now);
            self.settle(now);
        }
    }

    pub(super) fn begin_trial(&mut self) {
        self.trial = None;
        let takes = self.lcp.terms().sendable();
        let Some((safe, most)) = self.to_try else { return };
        let octets = most.min(takes);
        if octets > safe {
            self.send_long_echo_request(octets);
        }
    }

    fn send_long_echo_request(&mut self, octets: u16) {
        let identifier = self.lcp.fresh_identifier();
        let mut data = self.lcp.terms().magic().to_be_bytes().to_vec();
        data.resize(usize::from(octets).saturating_sub(HEADER_LEN).max(data.len()), 0);
        self.lcp.send(ControlPacket { code: code::ECHO_REQUEST, identifier, data: &data });
        self.trial = Some((identifier, false));
    }

    /// RFC 1570 §2.1.
    pub(super) fn send_identification(&mut self) {
        let Some(text) = self.terms.identification.clone() else { return };
        let identifier = self.lcp.fresh_identifier();
        let mut data = self.lcp.terms().magic().to_be_bytes().to_vec();
        data.extend_from_slice(text.as_bytes());
        data.truncate(self.room());
        self.lcp.send(ControlPacket { code: code::IDENTIFICATION, identifier, data: &data });
    }

    /// Tells the peer that we do not know its protocol (RFC 1661 §5.7).
    pub(super) fn reject_protocol(&mut self, now: Instant, protocol: u16, information: &[u8]) {
        self.drop_frame();
        if !self.lcp.is_opened() || !self.rejections.permit(now, protocol) {
            return;
        }
        let identifier = self.lcp.fresh_identifier();
        let mut data = protocol.to_be_bytes().to_vec();
        data.extend_from_slice(information);
        data.truncate(self.room());
        self.lcp.send(ControlPacket { code: code::PROTOCOL_REJECT, identifier, data: &data });
        self.settle(now);
    }

    /// The peer does not know a protocol of ours: the layer is off; without LCP or a proof there is
    /// no link.
    fn protocol_was_rejected(&mut self, now: Instant, rejected: u16) {
        match (rejected, &mut self.network) {
            (protocol::LCP, _) => self.lcp.protocol_rejected(now),
            (protocol::PAP | protocol::CHAP | protocol::EAP, _) => {
                self.proof_was_rejected(now, rejected);
            }
            (protocol::IPCP | protocol::IPV4, Some(network)) => {
                if let Some(ipv4) = &mut network.ipv4 {
                    ipv4.protocol_rejected(now);
                }
            }
            (protocol::IPV6CP | protocol::IPV6, Some(network)) => {
                if let Some(ipv6) = &mut network.ipv6 {
                    ipv6.protocol_rejected(now);
                }
            }
            (protocol::CCP, Some(network)) => network.ccp.protocol_rejected(now),
            _ => {}
        }
    }

    fn proof_was_rejected(&mut self, now: Instant, rejected: u16) {
        let ours = self.lcp.terms().theirs().method.map(auth::Method::protocol);
        let theirs = self.lcp.terms().demanded().map(auth::Method::protocol);
        if theirs == Some(rejected) {
            self.fail(now, PppFailure::PeerRefusesToAuthenticate);
        } else if ours == Some(rejected) {
            self.fail(now, PppFailure::NoCommonMethod);
        }
    }

    /// Octets of data that the peer takes in one LCP packet.
    fn room(&self) -> usize {
        usize::from(self.lcp.terms().sendable()).saturating_sub(HEADER_LEN)
    }
}
