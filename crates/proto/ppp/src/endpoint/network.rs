//! The NCPs of one projection: they start together, and none waits for another.

use onhook_base::{Chance, Deadline, Instant, Malformed};

use crate::ccp::CcpTerms;
use crate::ccp::mppe::Mppe;
use crate::control::wire::code;
use crate::control::{Control, ControlPacket, Pace, Terms};
use crate::failure::Layer;
use crate::ipcp::IpcpTerms;
use crate::ipv6cp::Ipv6cpTerms;
use crate::ladder::Ladder;
use crate::terms::NetworkTerms;
use crate::wire::protocol;

/// The layers of one projection.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) ladder: Ladder,
    pub(super) ipv4: Option<Control<IpcpTerms>>,
    pub(super) ipv4_up: bool,
    pub(super) ipv6: Option<Control<Ipv6cpTerms>>,
    pub(super) ipv6_up: bool,
    pub(super) ccp: Control<CcpTerms>,
    /// Encryption, once it is agreed.
    pub(super) mppe: Option<Box<Mppe>>,
    /// All that was asked for is there, but for encryption that is required.
    pub(super) waits_for_encryption: bool,
}

impl Network {
    /// All of them, open; `paces` are those of the active layers and of passive CCP.
    pub(super) fn begin(
        now: Instant,
        terms: NetworkTerms,
        mru: u16,
        chance: Chance,
        paces: (Pace, Pace),
        ccp: CcpTerms,
    ) -> Self {
        let (active, passive) = paces;
        let mut network = Self {
            ladder: Ladder::new(terms.ipv4.is_some(), terms.ipv6.is_some()),
            ipv4: terms.ipv4.map(|t| Control::new(Layer::Ipcp, IpcpTerms::new(t), active)),
            ipv4_up: false,
            ipv6: terms
                .ipv6
                .map(|t| Control::new(Layer::Ipv6cp, Ipv6cpTerms::new(t, chance), active)),
            ipv6_up: false,
            ccp: Control::new(Layer::Ccp, ccp, passive),
            mppe: None,
            waits_for_encryption: false,
        };
        start(now, mru, &mut network.ccp);
        if let Some(ipv4) = &mut network.ipv4 {
            start(now, mru, ipv4);
        }
        if let Some(ipv6) = &mut network.ipv6 {
            start(now, mru, ipv6);
        }
        network
    }

    /// A packet for one of them; `None` if it is not wanted.
    pub(super) fn handle_packet<'p>(
        &mut self,
        now: Instant,
        protocol: u16,
        information: &'p [u8],
    ) -> Option<Result<Option<ControlPacket<'p>>, Malformed>> {
        match protocol {
            protocol::IPCP => self.ipv4.as_mut().map(|l| l.handle_packet(now, information)),
            protocol::IPV6CP => self.ipv6.as_mut().map(|l| l.handle_packet(now, information)),
            _ => Some(self.ccp.handle_packet(now, information)),
        }
    }

    pub(super) fn ups(&self) -> (bool, bool) {
        (self.ipv4_up, self.ipv6_up)
    }

    pub(super) fn poll_timeout(&self) -> Option<Deadline> {
        [
            self.ipv4.as_ref().and_then(Control::poll_timeout),
            self.ipv6.as_ref().and_then(Control::poll_timeout),
            self.ccp.poll_timeout(),
            self.ladder.poll_timeout(),
        ]
        .into_iter()
        .fold(None, Deadline::earliest)
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if let Some(ipv4) = &mut self.ipv4 {
            ipv4.handle_timeout(now);
        }
        if let Some(ipv6) = &mut self.ipv6 {
            ipv6.handle_timeout(now);
        }
        self.ccp.handle_timeout(now);
    }

    pub(super) fn poll_packet(&mut self) -> Option<(u16, Vec<u8>)> {
        if let Some(packet) = self.ccp.poll_packet() {
            return Some((protocol::CCP, packet));
        }
        if let Some(packet) = self.ipv4.as_mut().and_then(Control::poll_packet) {
            return Some((protocol::IPCP, packet));
        }
        let packet = self.ipv6.as_mut().and_then(Control::poll_packet)?;
        Some((protocol::IPV6CP, packet))
    }

    /// A packet with a code above those that all layers share.
    pub(super) fn receive_other_code(
        &mut self,
        now: Instant,
        protocol: u16,
        packet: ControlPacket<'_>,
    ) {
        match (protocol, packet.code) {
            (protocol::CCP, code::RESET_REQUEST) => {
                if let Some(mppe) = &mut self.mppe {
                    mppe.reset();
                }
            }
            // MPPE's own mark says it (RFC 3078 §8.2).
            (protocol::CCP, code::RESET_ACK) => {}
            (protocol::CCP, _) => self.ccp.reject_code(now, packet),
            (protocol::IPCP, _) => reject_code(now, self.ipv4.as_mut(), packet),
            (_, _) => reject_code(now, self.ipv6.as_mut(), packet),
        }
    }
}

fn start<T: crate::control::Terms>(now: Instant, mru: u16, layer: &mut Control<T>) {
    layer.set_peer_mru(mru);
    layer.open(now);
    layer.lower_up(now);
}

fn reject_code<T: Terms>(now: Instant, layer: Option<&mut Control<T>>, packet: ControlPacket<'_>) {
    if let Some(layer) = layer {
        layer.reject_code(now, packet);
    }
}
