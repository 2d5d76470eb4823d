//! The number of an entry that dials a server: a host name or an address, with a port or without.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The port of HTTPS, which SSTP uses unless the number says otherwise.
pub const DEFAULT_SSTP_PORT: u16 = 443;

/// What is wrong with a number that should name a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// Nothing is there.
    #[error("no server is named; expected a host name or an address")]
    Empty,
    /// It is a URL.
    #[error("a URL is no server; expected the host name alone, as in vpn.example.net")]
    Url,
    /// A character that no host name has.
    #[error("{0:?} cannot stand in a host name")]
    Character(char),
    /// A host name too long, or with an empty or too long part.
    #[error("a part of the host name is empty or too long")]
    Part,
    /// Brackets without an IPv6 address, or not closed.
    #[error("expected an IPv6 address in brackets, as in [2001:db8::1]:443")]
    Brackets,
    /// Digits and dots that are no address.
    #[error("{0} is no IPv4 address")]
    Ipv4(String),
    /// A port that is no number from 1 to 65535.
    #[error("the port must be a number from 1 to 65535")]
    Port,
}

/// Host and port of a number such as `vpn.example.net`, `vpn.example.net:8443`, `192.0.2.1`,
/// `2001:db8::1`, `[2001:db8::1]:443` or `[fe80::1%eth0]`. Brackets are taken off, and so is a final
/// dot. Without a port it is [`DEFAULT_SSTP_PORT`].
///
/// # Errors
///
/// Says which part cannot be: the text names no host, or its port is no port.
pub fn parse_server(number: &str) -> Result<(String, u16), ServerError> {
    let number = number.trim();
    if number.is_empty() {
        return Err(ServerError::Empty);
    }
    if number.contains("//") {
        return Err(ServerError::Url);
    }
    if let Some(rest) = number.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or(ServerError::Brackets)?;
        if !is_ipv6(address) {
            return Err(ServerError::Brackets);
        }
        let port = match after.strip_prefix(':') {
            Some(port) => parse_port(port)?,
            None if after.is_empty() => DEFAULT_SSTP_PORT,
            None => return Err(ServerError::Brackets),
        };
        return Ok((address.to_owned(), port));
    }
    if is_ipv6(number) {
        return Ok((number.to_owned(), DEFAULT_SSTP_PORT));
    }
    let (host, port) = match number.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => return Err(ServerError::Brackets),
        Some((host, port)) => (host, parse_port(port)?),
        None => (number, DEFAULT_SSTP_PORT),
    };
    Ok((parse_host(host)?, port))
}

fn parse_port(text: &str) -> Result<u16, ServerError> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ServerError::Port);
    }
    text.parse().ok().filter(|port| *port != 0).ok_or(ServerError::Port)
}

/// An IPv6 address, perhaps with the interface that a link-local one is on.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) =
        text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    let zone_is_fine = zone.is_none_or(|zone| {
        !zone.is_empty()
            && zone.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    });
    zone_is_fine && address.parse::<Ipv6Addr>().is_ok()
}

/// A host name as the resolver takes it, or an IPv4 address (RFC 1123 §2.1). Underscores are let
/// through because they occur.
pub(super) fn parse_host(host: &str) -> Result<String, ServerError> {
    if host.is_empty() {
        return Err(ServerError::Empty);
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if let Some(bad) = host.chars().find(|c| !fits(*c)) {
        return Err(ServerError::Character(bad));
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let part_fits = |part: &str| {
        (1..=MAX_PART).contains(&part.len()) && !part.starts_with('-') && !part.ends_with('-')
    };
    if host.len() > MAX_HOST || !host.split('.').all(part_fits) {
        return Err(ServerError::Part);
    }
    let last = host.rsplit('.').next().unwrap_or(host);
    if last.bytes().all(|b| b.is_ascii_digit()) && host.parse::<Ipv4Addr>().is_err() {
        return Err(ServerError::Ipv4(host.to_owned()));
    }
    Ok(host.to_owned())
}

/// Longest host name in text form.
const MAX_HOST: usize = 253;
/// Longest part between two dots.
const MAX_PART: usize = 63;
