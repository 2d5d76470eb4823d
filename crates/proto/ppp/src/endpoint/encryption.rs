//! MPPE on the way in and out, and what follows from CCP.

use onhook_base::Instant;
use onhook_crypto::mppe_keys::Strength;

use super::{Packet, Ppp};
use crate::ccp::mppe::{Agreement, Mppe, Refused};
use crate::control::wire::code;
use crate::control::{ControlPacket, Signal};
use crate::endpoint::IpVersion;
use crate::failure::PppFailure;
use crate::terms::{Encryption, Role};
use crate::wire::{parse_protocol, protocol};

/// Octets that MPPE adds: its header, and the protocol that it hides.
pub(super) const OVERHEAD: u16 = 4;

impl Ppp {
    /// Whether no packet may pass in clear.
    pub(super) const fn must_encrypt(&self) -> bool {
        matches!(self.terms.encryption, Encryption::Required | Encryption::Strongest)
    }

    /// The most octets of an IP packet: what the peer receives, less what encryption adds.
    pub fn packet_room(&self) -> u16 {
        let sendable = self.lcp.terms().sendable();
        let is_encrypted = self.network.as_ref().is_some_and(|network| network.mppe.is_some());
        match is_encrypted || self.must_encrypt() {
            true => sendable.saturating_sub(OVERHEAD),
            false => sendable,
        }
    }

    /// What protects the packets that we send, for people; `None` when nothing does.
    pub fn protection(&self) -> Option<String> {
        let mppe = self.network.as_ref()?.mppe.as_ref()?;
        Some(mppe.to_string())
    }

    /// An encrypted datagram.
    pub(super) fn receive_encrypted<'f>(
        &mut self,
        now: Instant,
        information: &'f mut [u8],
    ) -> Option<Packet<'f>> {
        let mppe = self.network.as_mut().and_then(|network| network.mppe.as_mut());
        let Some(mppe) = mppe else {
            self.drop_frame();
            return None;
        };
        let inner = match mppe.open(now, information) {
            Ok(inner) => inner,
            Err(refused) => {
                self.drop_frame();
                if refused == Refused::AskForReset {
                    self.ask_for_reset(now);
                }
                return None;
            }
        };
        let packet = parse_protocol(inner).ok().and_then(|(number, length)| {
            let version = match number {
                protocol::IPV4 => IpVersion::V4,
                protocol::IPV6 => IpVersion::V6,
                _ => return None,
            };
            Some((version, inner.get(length..)?))
        });
        let Some((version, packet)) = packet else {
            // Other keys than ours, or nothing that may be encrypted (RFC 3078 §2).
            self.malformed(now);
            return None;
        };
        self.receive_packet(now, version, packet)
    }

    fn ask_for_reset(&mut self, now: Instant) {
        if let Some(network) = &mut self.network {
            let identifier = network.ccp.fresh_identifier();
            network.ccp.send(ControlPacket { code: code::RESET_REQUEST, identifier, data: &[] });
            self.settle(now);
        }
    }

    /// CCP may open or not, unless encryption is required. When it goes on for too long it is closed.
    pub(super) fn on_ccp(&mut self, now: Instant, signal: Signal) {
        let must_encrypt = self.must_encrypt();
        let Some(network) = &mut self.network else { return };
        match signal {
            Signal::Up => {
                let agreed = network.ccp.terms().agreed().zip(self.keys.as_ref());
                network.mppe = agreed.map(|((sending, receiving), keys)| {
                    // The keys have the caller's names.
                    let (send, receive) = match self.terms.role {
                        Role::Caller => (&keys.send, &keys.receive),
                        Role::Answerer => (&keys.receive, &keys.send),
                    };
                    let start =
                        |agreement: Agreement, strong| match (&keys.weak, agreement.strength) {
                            (Some(weak), Strength::Bits40 | Strength::Bits56) => weak,
                            _ => strong,
                        };
                    let (send, receive) = (start(sending, send), start(receiving, receive));
                    Box::new(Mppe::new(sending, receiving, send, receive))
                });
                if network.mppe.is_none() && must_encrypt {
                    self.fail(now, PppFailure::PeerCannotEncrypt);
                }
            }
            Signal::Down => network.mppe = None,
            Signal::Hopeless(PppFailure::PeerCannotEncrypt) => {
                self.fail(now, PppFailure::PeerCannotEncrypt);
            }
            Signal::Hopeless(_) | Signal::Finished(_) if must_encrypt => {
                self.fail(now, PppFailure::PeerCannotEncrypt);
            }
            Signal::Hopeless(_) => network.ccp.close(now, Vec::new()),
            Signal::PeerTerminating { .. } if must_encrypt => {
                self.fail(now, PppFailure::PeerCannotEncrypt);
            }
            Signal::Finished(_) | Signal::PeerTerminating { .. } | Signal::CodeRejected(_) => {}
        }
        self.check_ladder(now);
    }
}
