//! Addresses for callers.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use onhook_effect::Prefix;

/// The range cannot serve as a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPool {
    /// It is not IPv4.
    #[error("a pool must be a range of IPv4 addresses")]
    NotIpv4,
    /// It is not IPv6.
    #[error("a pool of prefixes must be a range of IPv6 addresses")]
    NotIpv6,
    /// It has no prefix of 64 bits, or more than we would ever use.
    #[error("a pool of prefixes is a /40 to a /64")]
    NoPrefixes,
    /// It has no room for us and one caller.
    #[error("a pool must have at least four addresses (a /30)")]
    TooSmall,
    /// It is larger than we would ever use.
    #[error("a pool may have at most 65536 addresses (a /16)")]
    TooLarge,
}

/// A range of IPv4 addresses: the first is ours, the others are handed out, the lowest free one first;
/// network and broadcast address are left out.
#[derive(Clone, Debug)]
pub struct Pool {
    first: u32,
    last: u32,
    taken: BTreeSet<u32>,
}

impl Pool {
    /// A pool of this range.
    ///
    /// # Errors
    /// When the range is not IPv4, or not between a /30 and a /16.
    pub fn new(range: Prefix) -> Result<Self, BadPool> {
        let IpAddr::V4(network) = range.address() else { return Err(BadPool::NotIpv4) };
        let length = range.length();
        if length > 30 {
            return Err(BadPool::TooSmall);
        }
        if length < 16 {
            return Err(BadPool::TooLarge);
        }
        let first = u32::from(network) + 1;
        let last = first + (1 << (32 - length)) - 3;
        Ok(Self { first, last, taken: BTreeSet::new() })
    }

    /// Our own address towards every caller.
    pub fn ours(&self) -> Ipv4Addr {
        self.first.into()
    }

    /// Takes the lowest free address; `None` when all are taken.
    pub fn take(&mut self) -> Option<Ipv4Addr> {
        let free = (self.first + 1..=self.last).find(|a| !self.taken.contains(a))?;
        self.taken.insert(free);
        Some(free.into())
    }

    /// Takes this very address, which may lie outside the range; false when it is taken or ours, or none
    /// that a caller can have.
    pub fn claim(&mut self, address: Ipv4Addr) -> bool {
        let of_no_host = address.octets()[0] == 0
            || address.is_loopback()
            || address.is_multicast()
            || address.is_broadcast();
        address != self.ours() && !of_no_host && self.taken.insert(address.into())
    }

    /// Gives an address back; harmless when it was not taken.
    pub fn give_back(&mut self, address: Ipv4Addr) {
        self.taken.remove(&u32::from(address));
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.taken.len()
    }
}

/// A range of IPv6 prefixes of 64 bits, one for each caller, the lowest free one first.
#[derive(Clone, Debug)]
pub struct Pool6 {
    first: u64,
    last: u64,
    taken: BTreeSet<u64>,
}

impl Pool6 {
    /// A pool of this range.
    ///
    /// # Errors
    /// When the range is not IPv6, or not between a /64 and a /40.
    pub fn new(range: Prefix) -> Result<Self, BadPool> {
        let IpAddr::V6(network) = range.address() else { return Err(BadPool::NotIpv6) };
        if !(40..=64).contains(&range.length()) {
            return Err(BadPool::NoPrefixes);
        }
        let first = u64::try_from(u128::from(network) >> 64).unwrap_or_default();
        let last = first + ((1_u64 << (64 - range.length())) - 1);
        Ok(Self { first, last, taken: BTreeSet::new() })
    }

    /// Takes the lowest free prefix; `None` when all are taken.
    pub fn take(&mut self) -> Option<Prefix> {
        let free = (self.first..=self.last).find(|prefix| !self.taken.contains(prefix))?;
        self.taken.insert(free);
        Prefix::new(IpAddr::V6((u128::from(free) << 64).into()), 64).ok()
    }

    /// Gives a prefix back; harmless when it was not taken.
    pub fn give_back(&mut self, prefix: Prefix) {
        if let IpAddr::V6(address) = prefix.address() {
            let high = u64::try_from(u128::from(address) >> 64).unwrap_or_default();
            self.taken.remove(&high);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_given_once_and_come_back() {
        let mut pool = Pool6::new("2001:db8:0:fffe::/63".parse().unwrap()).unwrap();
        let first = pool.take().unwrap();
        assert_eq!(first.to_string(), "2001:db8:0:fffe::/64");
        assert_eq!(pool.take().unwrap().to_string(), "2001:db8:0:ffff::/64");
        assert_eq!(pool.take(), None);
        pool.give_back(first);
        assert_eq!(pool.take(), Some(first));
        for (range, bad) in [
            ("10.0.0.0/24", BadPool::NotIpv6),
            ("2001:db8::/65", BadPool::NoPrefixes),
            ("2001:d00::/24", BadPool::NoPrefixes),
        ] {
            assert_eq!(Pool6::new(range.parse().unwrap()).unwrap_err(), bad, "{range}");
        }
    }

    #[test]
    fn addresses_are_given_once_and_come_back() {
        let mut pool = Pool::new("192.0.2.0/30".parse().unwrap()).unwrap();
        assert_eq!(pool.ours(), Ipv4Addr::new(192, 0, 2, 1));
        let only = pool.take().unwrap();
        assert_eq!(only, Ipv4Addr::new(192, 0, 2, 2));
        assert_eq!(pool.take(), None);
        pool.give_back(only);
        assert_eq!(pool.take(), Some(only));
        assert!(!pool.claim(only), "it is taken");
        let outside = Ipv4Addr::new(198, 51, 100, 7);
        assert!(pool.claim(outside) && !pool.claim(outside));
        for of_nobody in ["0.0.0.1", "127.0.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1"] {
            assert!(!pool.claim(of_nobody.parse().unwrap()), "{of_nobody}");
        }
        assert_eq!(Pool::new("10.0.0.0/31".parse().unwrap()).unwrap_err(), BadPool::TooSmall);
        assert_eq!(Pool::new("10.0.0.0/8".parse().unwrap()).unwrap_err(), BadPool::TooLarge);
        assert_eq!(Pool::new("fd00::/64".parse().unwrap()).unwrap_err(), BadPool::NotIpv4);
    }
}
