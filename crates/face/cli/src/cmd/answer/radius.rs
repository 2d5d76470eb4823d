//! The RADIUS servers of an answering server: where they are, and the secret of each.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::Path;

use anyhow::Context as _;
use onhook_answer::{RadiusConfig, RadiusServer};
use onhook_base::Secret;

use crate::args::answering::RadiusArgs;
use crate::credentials::first_line;

/// The port of RADIUS servers that judge (RFC 2865 §3), and of those that count (RFC 2866 §3).
const RADIUS: u16 = 1812;
const RADIUS_ACCOUNTING: u16 = 1813;

/// The secret of each RADIUS server that has one of its own, and that of the others.
struct RadiusSecrets<'a> {
    own: Vec<(&'a str, Secret<Vec<u8>>)>,
    common: Option<Secret<Vec<u8>>>,
}

impl<'a> RadiusSecrets<'a> {
    fn read(args: &'a RadiusArgs) -> anyhow::Result<Self> {
        let servers: Vec<_> = args.radius.iter().chain(&args.radius_accounting).collect();
        let mut secrets = Self { own: Vec::new(), common: None };
        for word in &args.radius_secret_file {
            // A path may have an equals sign, too: a server is named as it is elsewhere.
            let named = word.split_once('=').filter(|(host, _)| {
                servers.iter().any(|server| server.as_str() == *host || host_of(server) == *host)
            });
            let (host, file) =
                named.map_or((None, word.as_str()), |(host, file)| (Some(host), file));
            let secret = first_line(Path::new(file))?;
            anyhow::ensure!(!secret.expose().is_empty(), "{file}: the secret is empty");
            let secret = Secret::new(secret.expose().clone().into_bytes());
            match host {
                Some(host) => secrets.own.push((host, secret)),
                None if secrets.common.is_none() => secrets.common = Some(secret),
                None => anyhow::bail!("{file}: which RADIUS server is it for? HOST=FILE says so"),
            }
        }
        Ok(secrets)
    }

    /// Of a server as it is named: with its port, or else by its host alone.
    fn of(&self, server: &str) -> anyhow::Result<Secret<Vec<u8>>> {
        let named = |name: &str| self.own.iter().find(|(host, _)| *host == name).map(|(_, s)| s);
        let secret = named(server).or_else(|| named(host_of(server))).or(self.common.as_ref());
        secret.cloned().with_context(|| format!("RADIUS server {server}: its secret is not known"))
    }
}

/// A server's name without its port.
fn host_of(server: &str) -> &str {
    match server.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            if port.parse::<u16>().is_ok() { host } else { server }
        }
        _ => server,
    }
}

/// What the arguments say of RADIUS; `name` is ours where they say no other.
pub(super) fn config(args: &RadiusArgs, name: &str) -> anyhow::Result<Option<RadiusConfig>> {
    if args.radius_secret_file.is_empty() {
        return Ok(None);
    }
    let secrets = RadiusSecrets::read(args)?;
    let servers = |names: &[String], port| -> anyhow::Result<Vec<_>> {
        let server = |name: &String| {
            let address = radius_address(name, port)?;
            Ok(RadiusServer { address, secret: secrets.of(name)? })
        };
        names.iter().map(server).collect()
    };
    Ok(Some(RadiusConfig {
        access: servers(&args.radius, RADIUS)?,
        accounting: servers(&args.radius_accounting, RADIUS_ACCOUNTING)?,
        orders: args.radius_disconnect,
        identifier: args.nas_identifier.clone().unwrap_or_else(|| name.to_owned()),
        trusts_unsigned: args.radius_trust_unsigned,
    }))
}

/// Looked up once, at start: answers count only from where the question went.
fn radius_address(name: &str, port: u16) -> anyhow::Result<SocketAddr> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SocketAddr::new(address, port));
    }
    let with_port = match name.parse::<SocketAddr>() {
        Ok(address) => return Ok(address),
        Err(_) if name.contains(':') => name.to_owned(),
        Err(_) => format!("{name}:{port}"),
    };
    let mut found = with_port.to_socket_addrs().with_context(|| format!("RADIUS server {name}"))?;
    found.next().with_context(|| format!("RADIUS server {name} has no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(servers: &[&str], secrets: &[String]) -> RadiusArgs {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        RadiusArgs {
            radius: words(servers),
            radius_secret_file: secrets.to_vec(),
            radius_accounting: Vec::new(),
            radius_disconnect: None,
            radius_trust_unsigned: false,
            nas_identifier: None,
        }
    }

    #[test]
    fn each_server_has_its_own_secret_or_the_common_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, format!("{name} secret\nmore\n")).unwrap();
            path.display().to_string()
        };
        let secrets = [
            format!("192.0.2.10={}", file("ten")),
            format!("192.0.2.11:1645={}", file("eleven")),
            format!("[2001:db8::1]={}", file("six")),
            // No server of that name: it is a path, and the secret of the others.
            file("a=common"),
        ];
        let servers = [
            "192.0.2.10",
            "192.0.2.10:1645",
            "192.0.2.11:1645",
            "192.0.2.11",
            "[2001:db8::1]:1812",
        ];
        let config = config(&args(&servers, &secrets), "vpn").unwrap().unwrap();
        let found: Vec<_> = config
            .access
            .iter()
            .map(|server| String::from_utf8(server.secret.expose().clone()).unwrap())
            .collect();
        let expected = ["ten", "ten", "eleven", "a=common", "six"].map(|n| format!("{n} secret"));
        assert_eq!(found, expected);
        assert_eq!(config.access[0].address, "192.0.2.10:1812".parse().unwrap());
        let lacking = super::config(&args(&servers, &secrets[..3]), "vpn").unwrap_err();
        assert!(lacking.to_string().contains("192.0.2.11: its secret"), "{lacking}");
        let two = [file("a=common"), file("another")];
        assert!(super::config(&args(&servers, &two), "vpn").is_err(), "which of the two?");
    }

    #[test]
    fn the_host_of_a_server_is_what_stands_before_its_port() {
        for (server, host) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:1812", "192.0.2.1"),
            ("radius.example.net:1645", "radius.example.net"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:1812", "[2001:db8::1]"),
        ] {
            assert_eq!(host_of(server), host);
        }
    }
}
