//! A range of addresses, as in routes.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A range of addresses: an address and how many of its leading bits count.
///
/// The other bits are zero, and the length is at most 32 or 128: only legal values exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Prefix {
    address: IpAddr,
    len: u8,
}

/// The text or numbers do not name a range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no range of addresses such as 10.0.0.0/8")]
pub struct BadPrefix(pub String);

impl Prefix {
    /// Everything in IPv4.
    pub const ALL_V4: Self = Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), len: 0 };
    /// Everything in IPv6.
    pub const ALL_V6: Self = Self { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), len: 0 };

    /// The range of `len` leading bits of `address`; bits behind them are set to zero.
    ///
    /// # Errors
    /// [`BadPrefix`] when `len` is more than the address has bits.
    pub fn new(address: IpAddr, len: u8) -> Result<Self, BadPrefix> {
        let bad = || BadPrefix(format!("{address}/{len}"));
        let masked = match address {
            IpAddr::V4(v4) => {
                let shift = 32_u32.checked_sub(u32::from(len)).ok_or_else(bad)?;
                IpAddr::V4((u32::from(v4) & u32::MAX.checked_shl(shift).unwrap_or(0)).into())
            }
            IpAddr::V6(v6) => {
                let shift = 128_u32.checked_sub(u32::from(len)).ok_or_else(bad)?;
                IpAddr::V6((u128::from(v6) & u128::MAX.checked_shl(shift).unwrap_or(0)).into())
            }
        };
        Ok(Self { address: masked, len })
    }

    /// The range that holds this address alone.
    pub const fn host(address: IpAddr) -> Self {
        let len = match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        Self { address, len }
    }

    /// The first address.
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// How many leading bits count.
    pub const fn length(self) -> u8 {
        self.len
    }

    /// Whether it is a range of IPv4.
    pub const fn is_ipv4(self) -> bool {
        self.address.is_ipv4()
    }

    /// Whether it is everything of its family: a default route.
    pub const fn is_everything(self) -> bool {
        self.len == 0
    }

    /// Whether `address` lies in it.
    pub fn contains(self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4()
            && Self::new(address, self.len).is_ok_and(|p| p == self)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.len)
    }
}

impl FromStr for Prefix {
    type Err = BadPrefix;

    /// Reads `10.0.0.0/8`, `fd00::/8`, or an address alone.
    fn from_str(text: &str) -> Result<Self, BadPrefix> {
        let bad = || BadPrefix(text.to_owned());
        match text.split_once('/') {
            // No sign, no blank: only digits count the bits.
            Some((address, len)) if len.bytes().all(|b| b.is_ascii_digit()) => {
                Self::new(address.parse().map_err(|_| bad())?, len.parse().map_err(|_| bad())?)
            }
            Some(_) => Err(bad()),
            None => text.parse().map(Self::host).map_err(|_| bad()),
        }
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.to_string()
    }
}

impl TryFrom<String> for Prefix {
    type Error = BadPrefix;

    fn try_from(text: String) -> Result<Self, BadPrefix> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_legal_ranges_exist() {
        let p: Prefix = "10.1.2.3/8".parse().unwrap();
        assert_eq!(p.to_string(), "10.0.0.0/8");
        assert!(p.contains("10.255.0.1".parse().unwrap()));
        assert!(!p.contains("11.0.0.1".parse().unwrap()));
        assert!(!p.contains("::1".parse().unwrap()));
        assert_eq!("0.0.0.0/0".parse::<Prefix>().unwrap(), Prefix::ALL_V4);
        assert_eq!("fd00::1".parse::<Prefix>().unwrap().length(), 128);
        for bad in ["10.0.0.0/33", "::/129", "10.0.0/8", "x", "", "1.2.3.4/", "1.2.3.4/-1"] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad}");
        }
    }
}
