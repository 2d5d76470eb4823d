//! Telling a caller the prefix of its link: Router Advertisement (RFC 4861 §4.2), from which it makes
//! itself an address (RFC 4862 §5.5).
//!
//! IPV6CP agrees on interface identifiers and on nothing else (RFC 5072 §5), so that the prefix is told in
//! packets. They are said three times at the beginning, whenever the caller asks, and every few minutes.

use std::net::Ipv6Addr;

use onhook_base::{Chance, Deadline, Duration, Instant, Writer};

/// All nodes of a link.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// ICMP for IPv6 among next headers; two of its types.
const ICMPV6: u8 = 58;
const SOLICITATION: u8 = 133;
const ADVERTISEMENT: u8 = 134;
/// What has not passed a router (RFC 4861 §6.1.1).
const HOP_LIMIT: u8 = 255;
const IPV6_HEADER: usize = 40;
/// How often it is said at the beginning, and how long after one another (RFC 4861 §10).
const INITIAL: u8 = 3;
const INITIAL_EVERY: Duration = Duration::from_secs(16);
/// An answer comes no sooner after another one (RFC 4861 §10).
const PAUSE: Duration = Duration::from_secs(3);
/// How long it holds (RFC 4861 §6.2.1: three times the longest interval), in seconds.
const LIFETIME: u32 = 1_800;
/// The shortest interval, and how much longer one may be (RFC 4861 §6.2.1).
const EVERY: Duration = Duration::from_secs(200);
const SPREAD_MS: u64 = 400_000;

/// Who advertises.
#[derive(Debug)]
pub struct Advertiser {
    from: Ipv6Addr,
    prefix: Ipv6Addr,
    mtu: u16,
    chance: Chance,
    said: u8,
    last: Option<Instant>,
    next: Instant,
    due: bool,
}

impl Advertiser {
    /// Advertises 64 bits of `prefix` from the link-local address `from`, the first time at once.
    pub fn new(now: Instant, from: Ipv6Addr, prefix: Ipv6Addr, mtu: u16, chance: Chance) -> Self {
        Self { from, prefix, mtu, chance, said: 0, last: None, next: now, due: true }
    }

    /// A packet of the caller's: whether it was a question to us, and is of no concern to anybody else.
    pub fn handle_packet(&mut self, now: Instant, packet: &[u8]) -> bool {
        let asks = is_solicitation(packet);
        if asks {
            // The next one comes soon enough, or now.
            let soonest = self.last.map_or(now, |last| last + PAUSE);
            self.next = self.next.min(soonest.max(now));
            self.handle_timeout(now);
        }
        asks
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.due |= self.next <= now;
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub const fn poll_timeout(&self) -> Deadline {
        Deadline::new(self.next, "router advertisement")
    }

    /// The next packet to send.
    pub fn poll_packet(&mut self, now: Instant) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.due) {
            return None;
        }
        self.said = self.said.saturating_add(1);
        self.last = Some(now);
        let spread = Duration::from_millis(self.chance.below(SPREAD_MS));
        self.next = now + if self.said < INITIAL { INITIAL_EVERY } else { EVERY + spread };
        Some(self.packet())
    }

    fn packet(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(56);
        let mut w = Writer::new(&mut body);
        w.bytes(&[ADVERTISEMENT, 0, 0, 0]);
        // Hop limit, no flags, the router's lifetime; reachability is not told (RFC 4861 §4.2).
        w.bytes(&[64, 0]);
        w.u16(u16::try_from(LIFETIME).unwrap_or(u16::MAX));
        w.u32(0);
        w.u32(0);
        // Prefix Information (RFC 4861 §4.6.2): for addresses, and not for what is on the link, where
        // there are two.
        w.bytes(&[3, 4, 64, 0x40]);
        w.u32(LIFETIME);
        w.u32(LIFETIME);
        w.u32(0);
        w.bytes(&self.prefix.octets());
        // MTU (RFC 4861 §4.6.4).
        w.bytes(&[5, 1, 0, 0]);
        w.u32(self.mtu.into());
        let sum = checksum(self.from, ALL_NODES, &body);
        Writer::new(&mut body).patch(2, &sum.to_be_bytes());
        let mut packet = Vec::with_capacity(IPV6_HEADER + body.len());
        let mut w = Writer::new(&mut packet);
        w.u32(6 << 28);
        w.u16(u16::try_from(body.len()).unwrap_or(u16::MAX));
        w.bytes(&[ICMPV6, HOP_LIMIT]);
        w.bytes(&self.from.octets());
        w.bytes(&ALL_NODES.octets());
        w.bytes(&body);
        packet
    }
}

/// A Router Solicitation that is well formed (RFC 4861 §6.1.1), but for its options, which say nothing here.
fn is_solicitation(packet: &[u8]) -> bool {
    let Some((header, body)) = packet.split_first_chunk::<IPV6_HEADER>() else { return false };
    let address = |at: usize| {
        let octets = header.get(at..at.saturating_add(16))?;
        <[u8; 16]>::try_from(octets).ok().map(Ipv6Addr::from)
    };
    let (Some(from), Some(to)) = (address(8), address(24)) else { return false };
    header.first().is_some_and(|octet| octet >> 4 == 6)
        && header.get(6..8) == Some(&[ICMPV6, HOP_LIMIT])
        && body.len() >= 8
        && body.get(..2) == Some(&[SOLICITATION, 0])
        && checksum(from, to, body) == 0
}

/// The Internet checksum with the pseudo-header of RFC 8200 §8.1; 0 over what bears a right one.
fn checksum(from: Ipv6Addr, to: Ipv6Addr, body: &[u8]) -> u16 {
    let words = |octets: &[u8]| {
        octets.chunks(2).fold(0_u32, |sum, pair| {
            let high = pair.first().copied().unwrap_or_default();
            let low = pair.get(1).copied().unwrap_or_default();
            sum.wrapping_add(u32::from(u16::from_be_bytes([high, low])))
        })
    };
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut sum = words(&from.octets())
        .wrapping_add(words(&to.octets()))
        .wrapping_add(length >> 16)
        .wrapping_add(length & 0xffff)
        .wrapping_add(u32::from(ICMPV6))
        .wrapping_add(words(body));
    while sum > 0xffff {
        sum = (sum & 0xffff).wrapping_add(sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use onhook_base::Seed;
    use proptest::prelude::*;

    use super::*;

    const OURS: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    const THEIRS: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);
    const PREFIX: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 0, 0, 0, 0);

    fn advertiser() -> Advertiser {
        Advertiser::new(Instant::ORIGIN, OURS, PREFIX, 1400, Seed::from_number(1).chance())
    }

    fn solicitation() -> Vec<u8> {
        let to = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
        let mut body = vec![SOLICITATION, 0, 0, 0, 0, 0, 0, 0];
        let sum = checksum(THEIRS, to, &body).to_be_bytes();
        body[2..4].copy_from_slice(&sum);
        let head = [0x60, 0, 0, 0, 0, 8, ICMPV6, HOP_LIMIT];
        [&head[..], &THEIRS.octets(), &to.octets(), &body].concat()
    }

    #[test]
    fn the_prefix_is_told_in_the_form_of_the_rfc() {
        let packet = advertiser().poll_packet(Instant::ORIGIN).unwrap();
        assert_eq!(packet.len(), 40 + 56);
        assert_eq!(packet[..8], [0x60, 0, 0, 0, 0, 56, ICMPV6, 255]);
        assert_eq!(packet[8..24], OURS.octets());
        assert_eq!(packet[24..40], ALL_NODES.octets());
        assert_eq!(checksum(OURS, ALL_NODES, &packet[40..]), 0);
        assert_eq!(packet[40..42], [134, 0]);
        assert_eq!(packet[44..48], [64, 0, 7, 8], "hop limit, flags, 1800 seconds");
        assert_eq!(packet[56..60], [3, 4, 64, 0x40], "64 bits, to make an address of");
        assert_eq!(packet[72..88], PREFIX.octets());
        assert_eq!(packet[88..96], [5, 1, 0, 0, 0, 0, 5, 120], "an MTU of 1400");
    }

    #[test]
    fn it_is_said_three_times_and_then_every_few_minutes() {
        let mut advertiser = advertiser();
        let (mut now, mut said) = (Instant::ORIGIN, Vec::new());
        while said.len() < 6 {
            if advertiser.poll_packet(now).is_some() {
                said.push(now);
            }
            assert!(advertiser.poll_packet(now).is_none());
            now = advertiser.poll_timeout().at;
            advertiser.handle_timeout(now);
        }
        let pauses: Vec<_> = said.windows(2).map(|w| w[1].since(w[0]).as_secs()).collect();
        assert_eq!(pauses[..2], [16, 16]);
        assert!(pauses[2..].iter().all(|s| (200..600).contains(s)), "{pauses:?}");
    }

    #[test]
    fn who_asks_is_answered_but_not_faster_than_every_three_seconds() {
        let mut advertiser = advertiser();
        advertiser.poll_packet(Instant::ORIGIN);
        let mut answers = 0;
        for ms in (0..30_000).step_by(10) {
            let now = Instant::ORIGIN + Duration::from_millis(ms);
            assert!(advertiser.handle_packet(now, &solicitation()));
            answers += usize::from(advertiser.poll_packet(now).is_some());
        }
        assert_eq!(answers, 9);
    }

    #[test]
    fn what_comes_from_beyond_a_router_or_is_bent_is_no_question() {
        let mut advertiser = advertiser();
        let good = solicitation();
        for at in [0, 6, 7, 9, 25, 40, 41, 42, 44] {
            let mut bent = good.clone();
            bent[at] ^= 0x10;
            assert!(!advertiser.handle_packet(Instant::ORIGIN, &bent), "octet {at}");
        }
        for length in 0..good.len() {
            assert!(!advertiser.handle_packet(Instant::ORIGIN, &good[..length]));
        }
    }

    proptest! {
        #[test]
        fn any_packet_is_survived(packet in prop::collection::vec(any::<u8>(), 0..120)) {
            advertiser().handle_packet(Instant::ORIGIN, &packet);
        }
    }
}
