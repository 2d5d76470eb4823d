//! What a layer remembers of the last requests of both sides.

use onhook_base::{Duration, Instant};

use super::wire::ControlPacket;

/// A request that comes again so soon after its Ack is a repetition, not a new beginning.
const REPEATED_WITHIN: Duration = Duration::from_secs(10);

/// The Configure-Request that was sent last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) identifier: u8,
    pub(super) options: Vec<u8>,
    pub(super) answered: bool,
    pub(super) first_sent: Instant,
}

/// The Configure-Request of the peer that we have acknowledged last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Acknowledged {
    identifier: u8,
    options: Vec<u8>,
    at: Instant,
}

impl Acknowledged {
    pub(super) fn of(packet: &ControlPacket<'_>, at: Instant) -> Self {
        Self { identifier: packet.identifier, options: packet.data.to_vec(), at }
    }

    /// Whether the packet is that request once more, octet by octet, within ten seconds.
    pub(super) fn comes_again(&self, now: Instant, packet: &ControlPacket<'_>) -> bool {
        self.identifier == packet.identifier
            && self.options == packet.data
            && now.since(self.at) < REPEATED_WITHIN
    }
}
