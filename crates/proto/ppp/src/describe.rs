//! One line for every control frame, for logs and transcripts; never a secret in it.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::fmt::Write;

use onhook_base::{Malformed, Reader, Redacted};

use crate::cbcp::CbcpPacket;
use crate::ccp::CcpOption;
use crate::control::wire::{ControlPacket, code, code_name, parse_options};
use crate::ipcp::IpcpOption;
use crate::ipv6cp::Ipv6cpOption;
use crate::lcp::LcpOption;
use crate::lcp::farewell::{WindowsFarewell, printable};
use crate::wire::{protocol, protocol_name};

/// Describes a frame, sent or received, in one line: `LCP Configure-Request id=1 mru=1400 magic=…`.
///
/// Passwords and everything derived from them are left out, names are shortened, texts of strangers
/// are made printable. Any octets may be given.
pub fn describe(protocol: u16, information: &[u8]) -> String {
    let mut line = match protocol_name(protocol) {
        Some(name) => String::from(name),
        None => format!("{protocol:04x}"),
    };
    let described = match protocol {
        protocol::LCP | protocol::IPCP | protocol::IPV6CP | protocol::CCP => {
            describe_control(protocol, information, &mut line)
        }
        protocol::PAP => describe_pap(information, &mut line),
        protocol::CHAP => describe_chap(information, &mut line),
        protocol::CBCP => describe_cbcp(information, &mut line),
        protocol::EAP => describe_eap(information, &mut line),
        _ => {
            add(&mut line, format_args!(" {} octets", information.len()));
            Ok(())
        }
    };
    if let Err(malformed) = described {
        add(&mut line, format_args!(" malformed: {malformed}"));
    }
    line
}

/// One line for each control frame, under the target of its room.
pub(crate) fn trace(direction: char, protocol: u16, information: &[u8]) {
    if !tracing::enabled!(target: "ppp", tracing::Level::DEBUG) {
        return;
    }
    let line = describe(protocol, information);
    match protocol {
        protocol::LCP => tracing::debug!(target: "ppp::lcp", "{direction} {line}"),
        protocol::IPCP => tracing::debug!(target: "ppp::ipcp", "{direction} {line}"),
        protocol::IPV6CP => tracing::debug!(target: "ppp::ipv6cp", "{direction} {line}"),
        protocol::CCP => tracing::debug!(target: "ppp::ccp", "{direction} {line}"),
        protocol::PAP | protocol::CHAP | protocol::EAP => {
            tracing::debug!(target: "ppp::auth", "{direction} {line}");
        }
        protocol::CBCP => tracing::debug!(target: "ppp::cbcp", "{direction} {line}"),
        _ => tracing::debug!(target: "ppp", "{direction} {line}"),
    }
}

/// Writing to a string cannot fail.
fn add(line: &mut String, what: std::fmt::Arguments<'_>) {
    if line.write_fmt(what).is_err() {
        line.push('?');
    }
}

fn describe_control(protocol: u16, information: &[u8], line: &mut String) -> Result<(), Malformed> {
    let packet = ControlPacket::parse(information)?;
    match code_name(packet.code) {
        Some(name) => add(line, format_args!(" {name} id={}", packet.identifier)),
        None => add(line, format_args!(" code {} id={}", packet.code, packet.identifier)),
    }
    let data = packet.data;
    match packet.code {
        code::CONFIGURE_REQUEST..=code::CONFIGURE_REJECT => {
            for raw in parse_options(data)? {
                match protocol {
                    protocol::LCP => add(line, format_args!(" {}", LcpOption::parse(raw))),
                    protocol::IPCP => add(line, format_args!(" {}", IpcpOption::parse(raw))),
                    protocol::IPV6CP => add(line, format_args!(" {}", Ipv6cpOption::parse(raw))),
                    _ => add(line, format_args!(" {}", CcpOption::parse(raw))),
                }
            }
        }
        code::TERMINATE_REQUEST | code::TERMINATE_ACK => match WindowsFarewell::parse(data) {
            Ok(windows) => add(line, format_args!(" error={}", windows.code)),
            Err(_) if data.is_empty() => {}
            Err(_) => add(line, format_args!(" “{}”", printable(data))),
        },
        code::CODE_REJECT => {
            let rejected = Reader::new(data).u8()?;
            add(line, format_args!(" rejected={}", code_name(rejected).unwrap_or("unknown")));
        }
        code::PROTOCOL_REJECT => {
            let rejected = Reader::new(data).u16()?;
            let name = protocol_name(rejected).unwrap_or("unknown");
            add(line, format_args!(" rejected={rejected:04x} ({name})"));
        }
        code::ECHO_REQUEST | code::ECHO_REPLY | code::DISCARD_REQUEST => {
            add(line, format_args!(" magic={:08x}", Reader::new(data).u32()?));
        }
        code::IDENTIFICATION => {
            let mut r = Reader::new(data);
            let magic = r.u32()?;
            add(line, format_args!(" magic={magic:08x} “{}”", printable(r.take_rest())));
        }
        code::TIME_REMAINING => {
            let mut r = Reader::new(data);
            let (magic, seconds) = (r.u32()?, r.u32()?);
            add(line, format_args!(" magic={magic:08x} seconds={seconds}"));
        }
        _ => add(line, format_args!(" {} octets", data.len())),
    }
    Ok(())
}

/// RFC 1334 §2.2.
fn describe_pap(information: &[u8], line: &mut String) -> Result<(), Malformed> {
    let packet = ControlPacket::parse(information)?;
    let name = match packet.code {
        1 => "Authenticate-Request",
        2 => "Authenticate-Ack",
        3 => "Authenticate-Nak",
        _ => "unknown code",
    };
    add(line, format_args!(" {name} id={}", packet.identifier));
    let mut r = Reader::new(packet.data);
    if packet.code == 1 {
        let length = r.u8()?;
        let user = String::from_utf8_lossy(r.take(usize::from(length))?);
        add(line, format_args!(" user={} password=***", Redacted(&user)));
    } else if !r.is_empty() {
        // The length octet may be missing; what it counts is a text in any case.
        let length = usize::from(r.u8()?);
        let rest = r.take_rest();
        add(line, format_args!(" “{}”", printable(rest.get(..length).unwrap_or(rest))));
    }
    Ok(())
}

/// RFC 1994 §4.
fn describe_chap(information: &[u8], line: &mut String) -> Result<(), Malformed> {
    let packet = ControlPacket::parse(information)?;
    let name = match packet.code {
        1 => "Challenge",
        2 => "Response",
        3 => "Success",
        4 => "Failure",
        5..=7 => "Change-Password",
        _ => "unknown code",
    };
    add(line, format_args!(" {name} id={}", packet.identifier));
    let mut r = Reader::new(packet.data);
    match packet.code {
        1 | 2 => {
            let length = usize::from(r.u8()?);
            r.take(length)?;
            let peer = String::from_utf8_lossy(r.take_rest());
            add(line, format_args!(" {length} octets name={}", Redacted(&peer)));
        }
        3 | 4 => add(line, format_args!(" “{}”", printable(packet.data))),
        _ => add(line, format_args!(" {} octets", packet.data.len())),
    }
    Ok(())
}

/// RFC 3748 §4.
fn describe_eap(information: &[u8], line: &mut String) -> Result<(), Malformed> {
    let packet = ControlPacket::parse(information)?;
    let name = match packet.code {
        1 => "Request",
        2 => "Response",
        3 => "Success",
        4 => "Failure",
        _ => "unknown code",
    };
    add(line, format_args!(" {name} id={}", packet.identifier));
    if let Some(kind) = packet.data.first() {
        add(line, format_args!(" type={kind} {} octets", packet.data.len()));
    }
    Ok(())
}

/// [MS-CBCP] §2.2.
fn describe_cbcp(information: &[u8], line: &mut String) -> Result<(), Malformed> {
    let packet = CbcpPacket::parse(information)?;
    let name = match packet.code {
        1 => "Callback-Request",
        2 => "Callback-Response",
        _ => "Callback-Ack",
    };
    add(line, format_args!(" {name} id={}", packet.identifier));
    for option in &packet.options {
        add(line, format_args!(" {option}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn negotiated_options_are_named() {
        let information = [1, 7, 0, 14, 1, 4, 5, 0x78, 5, 6, 1, 2, 3, 4];
        assert_eq!(
            describe(protocol::LCP, &information),
            "LCP Configure-Request id=7 mru=1400 magic=01020304"
        );
    }

    #[test]
    fn a_password_is_not_shown() {
        let information = b"\x01\x01\x00\x0e\x04hcnp\x04s3cr";
        let line = describe(protocol::PAP, information);
        assert_eq!(line, "PAP Authenticate-Request id=1 user=h…(4) password=***");
    }

    proptest! {
        #[test]
        fn any_octets_are_described_in_one_line(
            protocol in prop_oneof![
                Just(0xc021u16), Just(0x8021), Just(0x8057), Just(0x80fd), Just(0xc023),
                Just(0xc223), Just(0xc227), any::<u16>(),
            ],
            head in (0u8..20, any::<u8>(), 0u16..64),
            body in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut information = vec![head.0, head.1];
            information.extend(head.2.to_be_bytes());
            information.extend(&body);
            prop_assert!(!describe(protocol, &information).contains('\n'));
            prop_assert!(!describe(protocol, &body).contains('\n'));
        }
    }
}
