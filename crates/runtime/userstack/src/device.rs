//! The two queues between a stack and its owner, as smoltcp sees them.
//!
//! What has arrived lies in one run of octets, packet behind packet, and so does what is to be sent: in
//! steady state no packet costs an allocation. Both are bounded, the one by [`MOST_PACKETS`] and
//! [`MOST_OCTETS`], the other by the budget of a poll.

use std::collections::VecDeque;

use smoltcp::phy::{Checksum, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

/// The most packets that wait to be processed; more are dropped, as on any network.
pub(crate) const MOST_PACKETS: usize = 4096;
/// The most octets of them.
pub(crate) const MOST_OCTETS: usize = 8 << 20;

/// Packets on their way out, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    octets: Vec<u8>,
    lengths: Vec<usize>,
}

impl Outgoing {
    /// Hands out every packet, and keeps the room for the next ones.
    pub(crate) fn drain(&mut self, send: &mut dyn FnMut(&[u8])) {
        let mut rest = self.octets.as_slice();
        for length in self.lengths.drain(..) {
            let (packet, behind) = rest.split_at(length);
            send(packet);
            rest = behind;
        }
        self.octets.clear();
    }
}

/// Packets in both directions.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    mtu: usize,
    arrived: Vec<u8>,
    /// Where the first packet that waits begins in `arrived`.
    front: usize,
    lengths: VecDeque<usize>,
    outgoing: Outgoing,
    budget: usize,
}

impl Queues {
    pub(crate) fn new(mtu: u16) -> Self {
        Self { mtu: usize::from(mtu), ..Self::default() }
    }

    /// A packet has arrived. False when it was dropped.
    pub(crate) fn deliver(&mut self, packet: &[u8]) -> bool {
        let waiting = self.arrived.len() - self.front;
        if self.lengths.len() >= MOST_PACKETS || waiting + packet.len() > MOST_OCTETS {
            return false;
        }
        if self.arrived.len() + packet.len() > MOST_OCTETS {
            // What has been processed gives up its room.
            self.arrived.drain(..self.front);
            self.front = 0;
        }
        self.arrived.extend_from_slice(packet);
        self.lengths.push_back(packet.len());
        true
    }

    /// Nothing waits to be processed.
    pub(crate) fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// So many packets may be sent until the next call.
    pub(crate) fn begin(&mut self, budget: usize) {
        self.budget = budget;
    }

    /// The budget is used up: there may be more to do.
    pub(crate) fn is_pressed(&self) -> bool {
        !self.lengths.is_empty() || !self.may_send()
    }

    /// Takes what is to be sent, so that it can be sent without the lock.
    pub(crate) fn take_outgoing(&mut self) -> Outgoing {
        std::mem::take(&mut self.outgoing)
    }

    /// Gives the emptied buffers back.
    pub(crate) fn give_back(&mut self, outgoing: Outgoing) {
        if self.outgoing.lengths.is_empty() {
            self.outgoing = outgoing;
        }
    }

    /// Drops what waits, and the memory of both queues.
    pub(crate) fn clear(&mut self) {
        *self = Self { mtu: self.mtu, ..Self::default() };
    }

    fn may_send(&self) -> bool {
        self.outgoing.lengths.len() < self.budget
    }
}

/// The packet at the front.
pub(crate) struct Arrived<'a>(&'a [u8]);

impl RxToken for Arrived<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// Room for one packet.
pub(crate) struct Room<'a>(&'a mut Outgoing);

impl TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let start = self.0.octets.len();
        self.0.octets.resize(start + len, 0);
        self.0.lengths.push(len);
        f(&mut self.0.octets[start..])
    }
}

impl Device for Queues {
    type RxToken<'a> = Arrived<'a>;
    type TxToken<'a> = Room<'a>;

    fn receive(&mut self, _now: Instant) -> Option<(Arrived<'_>, Room<'_>)> {
        // A packet may call for an answer, which must find room.
        if !self.may_send() {
            return None;
        }
        let Some(length) = self.lengths.pop_front() else {
            self.arrived.clear();
            self.front = 0;
            return None;
        };
        let start = self.front;
        self.front += length;
        Some((Arrived(&self.arrived[start..self.front]), Room(&mut self.outgoing)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Room<'_>> {
        self.may_send().then_some(Room(&mut self.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        // What arrives has come through a link that checks (TLS, or a frame check sequence); what is
        // sent goes on to hosts that do verify.
        capabilities.checksum.ipv4 = Checksum::Tx;
        capabilities.checksum.tcp = Checksum::Tx;
        capabilities.checksum.udp = Checksum::Tx;
        capabilities.checksum.icmpv4 = Checksum::Tx;
        capabilities.checksum.icmpv6 = Checksum::Tx;
        capabilities
    }
}
