//! What has come: what a frame is taken for in the phase that it comes in, what is kept for later, what is
//! rejected, and what is malformed.

use onhook_base::{Instant, Malformed};

use super::{EARLY, IpVersion, Packet, Ppp, is_authentication};
use crate::control::ControlPacket;
use crate::control::wire::code;
use crate::failure::PppFailure;
use crate::wire::{DEFAULT_MRU, protocol};

/// Malformed frames in a row that are taken for bad luck.
const MAX_GARBLED: u8 = 32;

impl Ppp {
    /// A packet in clear, which encryption forbids.
    pub(super) fn receive_clear<'f>(
        &mut self,
        now: Instant,
        version: IpVersion,
        bytes: &'f [u8],
    ) -> Option<Packet<'f>> {
        let is_encrypted = self.network.as_ref().is_some_and(|network| network.mppe.is_some());
        if is_encrypted || (self.must_encrypt() && self.network.is_some()) {
            self.drop_frame();
            return None;
        }
        self.receive_packet(now, version, bytes)
    }

    pub(super) fn receive_packet<'f>(
        &mut self,
        now: Instant,
        version: IpVersion,
        bytes: &'f [u8],
    ) -> Option<Packet<'f>> {
        let Some(network) = self.network.as_ref().filter(|_| self.lcp.is_opened()) else {
            self.drop_frame();
            return None;
        };
        let (supported, up, nibble) = match version {
            IpVersion::V4 => (network.ipv4.is_some(), network.ipv4_up, 4),
            IpVersion::V6 => (network.ipv6.is_some(), network.ipv6_up, 6),
        };
        if !supported {
            self.reject_protocol(now, version.protocol(), bytes);
            return None;
        }
        if !up {
            // RFC 1661 §3.5: before its NCP is open a packet is silently discarded.
            self.drop_frame();
            return None;
        }
        if bytes.first().is_none_or(|first| first >> 4 != nibble) {
            self.malformed(now);
            return None;
        }
        self.garbled = 0;
        self.counters.packets_in = self.counters.packets_in.saturating_add(1);
        self.counters.octets_in = self.counters.octets_in.saturating_add(bytes.len() as u64);
        Some(Packet { version, bytes })
    }

    pub(super) fn receive_control(&mut self, now: Instant, protocol: u16, information: &[u8]) {
        // What is longer than every peer receives could not be quoted in an answer. (RFC 1661 §6.1)
        if self.is_barred_from_bundle(information) && protocol == protocol::LCP {
            self.drop_frame();
        } else if information.len() > usize::from(DEFAULT_MRU) {
            self.malformed(now);
        } else if protocol == protocol::LCP {
            match self.lcp.handle_packet(now, information) {
                Ok(None) => self.garbled = 0,
                Ok(Some(packet)) => {
                    let heeded = self.receive_courtesy(now, packet);
                    self.judge_form(now, heeded);
                }
                Err(malformed) => self.judge_form(now, Err(malformed)),
            }
            self.settle(now);
        } else if !self.lcp.is_opened() {
            self.drop_frame();
        } else if is_authentication(protocol) {
            match &mut self.proof {
                Some(proof) => proof.handle_packet(now, protocol, information),
                None => self.drop_frame(),
            }
            self.settle(now);
        } else if protocol == protocol::CBCP && self.callback.is_some() {
            if let Some(callback) = &mut self.callback {
                callback.handle_packet(now, information);
            }
            self.settle(now);
        } else if !self.authenticated && self.verdict_was_lost(now, protocol) {
            self.receive_control(now, protocol, information);
        } else if !self.authenticated {
            // RFC 1661 §3.5: dropped silently, and not rejected: the peer repeats what matters.
            self.drop_frame();
            let is_request = ControlPacket::parse(information)
                .is_ok_and(|packet| packet.code == code::CONFIGURE_REQUEST);
            if (EARLY.contains(&protocol) || protocol == protocol::CBCP)
                && is_request
                && let Some(response) =
                    self.proof.as_mut().and_then(|proof| proof.repeat_response(now))
            {
                self.queue_frame(protocol::CHAP, response.expose().clone());
            }
        } else if let Some(slot) = EARLY.iter().position(|early| *early == protocol) {
            if self.network.is_some() {
                self.receive_network_control(now, protocol, information);
            } else if let Some(kept) = self.early.get_mut(slot) {
                *kept = Some(information.to_vec());
            }
        } else if self.network.is_none() {
            self.drop_frame();
        } else {
            self.reject_protocol(now, protocol, information);
        }
    }

    pub(super) fn receive_network_control(
        &mut self,
        now: Instant,
        protocol: u16,
        information: &[u8],
    ) {
        let Some(network) = &mut self.network else { return };
        match network.handle_packet(now, protocol, information) {
            None => self.reject_protocol(now, protocol, information),
            Some(Ok(None)) => self.garbled = 0,
            Some(Ok(Some(packet))) => {
                self.garbled = 0;
                network.receive_other_code(now, protocol, packet);
            }
            Some(Err(malformed)) => self.judge_form(now, Err(malformed)),
        }
        self.settle(now);
    }

    fn judge_form(&mut self, now: Instant, heeded: Result<(), Malformed>) {
        match heeded {
            Ok(()) => self.garbled = 0,
            Err(malformed) => {
                tracing::debug!(target: "ppp", %malformed, "dropped");
                self.malformed(now);
            }
        }
    }

    pub(super) fn malformed(&mut self, now: Instant) {
        self.counters.malformed = self.counters.malformed.saturating_add(1);
        self.garbled = self.garbled.saturating_add(1);
        if self.garbled >= MAX_GARBLED {
            self.garbled = 0;
            self.fail(now, PppFailure::Garbled);
            self.settle(now);
        }
    }
}
