//! Routes of an entry, in the form that newer Windows writes.
//!
//! The form is not published; it was read off books on the web whose routes are known. `Routes` holds
//! 36 octets a route in hexadecimal, cut after 128 digits into further lines of the same key: a
//! number that looks like the metric, the family (2 for IPv4, 23 for IPv6, the numbers that Windows
//! has), the prefix length, each 32 bits little-endian; then 16 octets of address, the first four for
//! IPv4; then eight octets of zero. What does not fit is refused rather than guessed at. We only read
//! this; what we write is `OnhookRoutes`, in plain text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use onhook_model::Prefix;

/// The routes in these octets; `None` when one of them does not fit the form.
pub(crate) fn parse_routes(octets: &[u8]) -> Option<Vec<Prefix>> {
    let (routes, rest) = octets.as_chunks::<ROUTE>();
    if !rest.is_empty() {
        return None;
    }
    routes.iter().map(parse_route).collect()
}

fn parse_route(route: &[u8; ROUTE]) -> Option<Prefix> {
    let (_, rest) = route.split_first_chunk::<4>()?;
    let (family, rest) = rest.split_first_chunk::<4>()?;
    let (len, rest) = rest.split_first_chunk::<4>()?;
    let (address, rest) = rest.split_first_chunk::<16>()?;
    let len = u8::try_from(u32::from_le_bytes(*len)).ok()?;
    if rest.iter().any(|octet| *octet != 0) {
        return None;
    }
    let address = match u32::from_le_bytes(*family) {
        FAMILY_IPV4 => {
            let (v4, zeros) = address.split_first_chunk::<4>()?;
            if zeros.iter().any(|octet| *octet != 0) {
                return None;
            }
            IpAddr::from(Ipv4Addr::from(*v4))
        }
        FAMILY_IPV6 => IpAddr::from(Ipv6Addr::from(*address)),
        _ => return None,
    };
    Prefix::new(address, len).ok()
}

/// Hexadecimal digits as octets; `None` when they are none, or an odd number of them.
pub(crate) fn parse_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Octets as hexadecimal digits.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}

const ROUTE: usize = 36;
const FAMILY_IPV4: u32 = 2;
const FAMILY_IPV6: u32 = 23;

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(digits: &str) -> Option<Vec<String>> {
        let routes = parse_routes(&parse_hex(digits.as_bytes())?)?;
        Some(routes.iter().map(Prefix::to_string).collect())
    }

    const HALF: &str = "02000000180000000A0006000000000000000000000000000000000000000000";

    #[test]
    fn a_route_of_either_family_is_read() {
        assert_eq!(routes(&format!("0A000000{HALF}")).unwrap(), ["10.0.6.0/24"]);
        let v6 = "01000000170000004000000020010DB800010002000000000000000000000000\
                  00000000";
        assert_eq!(routes(v6).unwrap(), ["2001:db8:1:2::/64"]);
        assert_eq!(routes("").unwrap(), [""; 0]);
    }

    #[test]
    fn what_does_not_fit_the_form_is_refused() {
        assert_eq!(routes(HALF), None, "too short");
        assert_eq!(routes(&format!("01000000{}", HALF.replace("18000000", "21000000"))), None);
        assert_eq!(routes(&format!("01000000{}", HALF.replacen("02", "03", 1))), None);
        assert_eq!(routes(&format!("01000000{}1", HALF.strip_suffix('0').unwrap())), None);
        assert_eq!(parse_hex(b"0"), None);
        assert_eq!(parse_hex(b"0x"), None);
        assert_eq!(hex(&[0, 0xAB]), "00AB");
    }
}
