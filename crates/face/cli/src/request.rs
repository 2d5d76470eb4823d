//! What the arguments of a dial mean.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use onhook_client::{Entry, PreparedDial, books};
use onhook_model::{
    AuthMethod, AuthRestrictions, DeviceType, Encryption, ForwardSpec, Prefix, Trust, VpnProtocol,
};

use crate::args::{MethodName, ProofArgs, WhatArgs};

/// What a number is dialed with when nobody says it.
const DEVICE: &str = "sstp";

/// The entry with what the command line changes, and the options beside it.
pub(crate) fn build(args: &WhatArgs) -> anyhow::Result<PreparedDial> {
    let device = args.device.as_deref();
    let mut dial = match (&args.entry, &args.phone_number) {
        (Some(name), _) => from_book(name, args.phonebook.as_deref())?,
        (None, Some(number)) => {
            PreparedDial::of_number(Entry::for_number(number, device.unwrap_or(DEVICE)))
        }
        (None, None) => match device {
            Some(device) => PreparedDial::of_number(Entry::for_number("", device)),
            None => {
                anyhow::bail!("name an entry, a number by --phone-number, or a line by --device")
            }
        },
    };
    change_entry(&mut dial.request.entry, args)?;
    let options = &mut dial.request.options;
    options.callback_number.clone_from(&args.callback);
    if !options.by_number {
        options.number.clone_from(&args.phone_number);
    }
    options.userspace = args.userspace;
    options.socks5 = args.socks5;
    options.http_connect = args.http_connect;
    options.forwards = args.forwards.iter().map(|f| forward(f)).collect::<Result<_, _>>()?;
    Ok(dial)
}

fn change_entry(entry: &mut Entry, args: &WhatArgs) -> anyhow::Result<()> {
    change_trust(entry, args)?;
    change_proof(entry, &args.proof);
    change_network(entry, args)?;
    entry.modem_settings.extend(args.modem_settings.iter().cloned());
    if let Some(file) = &args.login_script {
        let text = std::fs::read_to_string(file);
        entry.login_script = Some(text.with_context(|| file.display().to_string())?);
    }
    if let Some(port) = &args.port {
        entry.port.clone_from(port);
    }
    if args.speed.is_some() {
        entry.speed = args.speed;
    }
    if let Some(name) = &args.server_name {
        entry.server_name = Some(name.clone());
    }
    if let Some(ms) = args.hangup_budget {
        entry.hangup_budget = Some(Duration::from_millis(ms));
    }
    if matches!(entry.trust, Trust::Insecure) {
        eprintln!(
            "Warning: the server's certificate is not checked; anyone on the way can read the password."
        );
    }
    warn_of_protocols(entry);
    Ok(())
}

/// Says plainly what each protocol that may be tried does not protect.
fn warn_of_protocols(entry: &Entry) {
    if entry.device_type != DeviceType::Vpn {
        return;
    }
    for protocol in entry.protocols() {
        match protocol {
            VpnProtocol::L2tp
                if matches!(entry.encryption, Encryption::None | Encryption::Optional) =>
            {
                eprintln!(
                    "Warning: L2TP without IPsec protects nothing: whoever is on the way reads and changes all of it."
                );
            }
            VpnProtocol::Pptp => eprintln!(
                "Warning: PPTP protects little: who records a call finds the password and reads all of it."
            ),
            _ => {}
        }
    }
}

/// Reads an entry, and tells what is odd about it.
pub(crate) fn from_book(name: &str, book: Option<&Path>) -> anyhow::Result<PreparedDial> {
    let dial = PreparedDial::of_entry(name, book)?;
    let book = dial.book().unwrap_or(Path::new("")).display();
    for warning in &dial.warnings {
        eprintln!("Warning: {book}: {warning}");
    }
    Ok(dial)
}

fn change_trust(entry: &mut Entry, args: &WhatArgs) -> anyhow::Result<()> {
    if let Some(file) = &args.ca_file {
        entry.trust = Trust::CaPem(books::read_ca(file)?);
    }
    if let Some(hex) = &args.pin_sha256 {
        entry.trust = Trust::PinSha256(sha256(hex)?);
    }
    if args.insecure_accept_any_certificate {
        entry.trust = Trust::Insecure;
    }
    if args.ca_file.is_some() || args.pin_sha256.is_some() || args.insecure_accept_any_certificate {
        // It went with the roots that do not count any more.
        entry.crl_file = None;
    }
    if let Some(file) = &args.server_crl {
        let Trust::CaPem(pem) = &mut entry.trust else {
            anyhow::bail!("--server-crl goes with --ca-file, or with an entry that names its roots")
        };
        *pem = books::with_crl(std::mem::take(pem), file)?;
    }
    Ok(())
}

/// `--auth` takes the place of what the entry allows. EAP has one method or, when several are named, those
/// that an entry without a method tries.
fn change_proof(entry: &mut Entry, args: &ProofArgs) {
    if let Some(file) = args.pkcs12.as_ref().or(args.certificate.as_ref()) {
        entry.certificate_file = Some(file.to_string_lossy().into_owned());
        entry.key_file = args.key.as_ref().map(|file| file.to_string_lossy().into_owned());
    }
    if args.auth.is_empty() {
        return;
    }
    let methods: Vec<AuthMethod> = args.auth.iter().map(|name| auth_method(*name)).collect();
    entry.auth = AuthRestrictions::of(&methods);
    let mut numbers = args.auth.iter().filter_map(|name| eap_number(*name));
    entry.eap_method = numbers.next().filter(|_| numbers.next().is_none());
}

const fn auth_method(name: MethodName) -> AuthMethod {
    match name {
        MethodName::MsChapV2 => AuthMethod::MsChap2,
        MethodName::MsChapV1 => AuthMethod::MsChap,
        MethodName::ChapMd5 => AuthMethod::Chap,
        MethodName::Pap => AuthMethod::Pap,
        MethodName::EapTls | MethodName::Peap | MethodName::EapMsChapV2 | MethodName::EapMd5 => {
            AuthMethod::Eap
        }
    }
}

/// Type numbers, as `CustomAuthKey` has them.
const fn eap_number(name: MethodName) -> Option<u32> {
    match name {
        MethodName::EapMd5 => Some(4),
        MethodName::EapTls => Some(13),
        MethodName::Peap => Some(25),
        MethodName::EapMsChapV2 => Some(26),
        MethodName::MsChapV2 | MethodName::MsChapV1 | MethodName::ChapMd5 | MethodName::Pap => None,
    }
}

fn change_network(entry: &mut Entry, args: &WhatArgs) -> anyhow::Result<()> {
    if args.no_default_route || !args.routes.is_empty() {
        entry.ipv4.default_route = false;
        entry.ipv6.default_route = false;
    }
    for route in &args.routes {
        entry.routes.push(route.parse::<Prefix>()?);
    }
    if let Some(name) = &args.interface {
        entry.interface_name = Some(name.clone());
    }
    if let Some(netns) = &args.netns {
        entry.netns = Some(netns.clone());
    }
    Ok(())
}

fn sha256(hex: &str) -> anyhow::Result<[u8; 32]> {
    let bad = || anyhow::anyhow!("--pin-sha256 takes 64 hexadecimal digits");
    let digits: String = hex.chars().filter(|c| *c != ':').collect();
    if digits.len() != 64 || !digits.is_ascii() {
        return Err(bad());
    }
    let mut hash = [0; 32];
    for (at, octet) in hash.iter_mut().enumerate() {
        *octet = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| bad())?;
    }
    Ok(hash)
}

/// `[ADDRESS:]PORT:HOST:PORT`; addresses of IPv6 stand in brackets.
fn forward(text: &str) -> anyhow::Result<ForwardSpec> {
    let bad = || anyhow::anyhow!("“{text}” is no forward such as 8080:intranet:80");
    let (rest, port) = text.rsplit_once(':').ok_or_else(bad)?;
    let port = port.parse().map_err(|_| bad())?;
    let (local, host) = match rest.strip_suffix(']') {
        Some(inner) => {
            let (local, host) = inner.rsplit_once(":[").ok_or_else(bad)?;
            (local, host)
        }
        None => rest.rsplit_once(':').ok_or_else(bad)?,
    };
    let local = match local.parse::<u16>() {
        Ok(port) => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
        Err(_) => local.parse().map_err(|_| bad())?,
    };
    if host.is_empty() {
        return Err(bad());
    }
    Ok(ForwardSpec { local, host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwards_are_read_with_and_without_an_address() {
        let f = forward("8080:intranet:80").unwrap();
        assert_eq!(
            (f.local.to_string().as_str(), f.host.as_str(), f.port),
            ("127.0.0.1:8080", "intranet", 80)
        );
        let f = forward("0.0.0.0:8080:10.0.0.1:80").unwrap();
        assert_eq!((f.local.to_string().as_str(), f.host.as_str()), ("0.0.0.0:8080", "10.0.0.1"));
        let f = forward("[::1]:8080:[fd00::1]:80").unwrap();
        assert_eq!((f.local.to_string().as_str(), f.host.as_str()), ("[::1]:8080", "fd00::1"));
        for bad in ["", "80", "80:host", "80::80", "x:host:80", "80:host:x", "70000:host:80"] {
            assert!(forward(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pin_is_read_with_and_without_colons() {
        assert_eq!(sha256(&"0a".repeat(32)).unwrap(), [10; 32]);
        assert_eq!(sha256(&["0A"; 32].join(":")).unwrap(), [10; 32]);
        assert!(sha256("0a").is_err());
        assert!(sha256(&"zz".repeat(32)).is_err());
    }
}
