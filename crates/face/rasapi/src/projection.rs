//! What was negotiated: `RasGetProjectionInfo` and its successor.

use std::net::{Ipv4Addr, Ipv6Addr};

use onhook_model::{ConnectionReport, Projection, RasCode};

use crate::boundary::{Place, Refusal};
use crate::connections::{handle, status_of};
use crate::layout::{Charset, Form, Machine, Structure, ViewMut, tables};
use crate::statistics::first_number;

/// `RASP_PppIp`, `RASP_PppIpv6`, `RASP_PppLcp`, `RASP_PppCcp`, and those that nobody speaks any more.
const IP: u32 = 0x8021;
const IPV6: u32 = 0x8057;
const LCP: u32 = 0xc021;
const CCP: u32 = 0x80fd;
const AMB: u32 = 0x10000;
const NBF: u32 = 0x803f;
const IPX: u32 = 0x802b;
const SLIP: u32 = 0x20000;

const NOT_IN_USE: RasCode = RasCode::PROTOCOL_NOT_CONFIGURED;

/// The structure of a protocol.
fn structure_of(protocol: u32) -> Result<&'static Structure, Refusal> {
    match protocol {
        IP => Ok(&tables::RASPPPIP),
        IPV6 => Ok(&tables::RASPPPIPV6),
        LCP => Ok(&tables::RASPPPLCP),
        CCP => Ok(&tables::RASPPPCCP),
        AMB | NBF | IPX | SLIP => Err(Refusal(NOT_IN_USE)),
        _ => Err(Refusal(RasCode::INVALID_PARAMETER)),
    }
}

/// A report with what was negotiated, once it was.
fn projected(number: usize) -> Result<(ConnectionReport, Projection), Refusal> {
    let report = status_of(handle(number)?)?;
    let projection = report.projected()?;
    Ok((report, projection))
}

/// `RasGetProjectionInfo`. `memory` makes a view of as many octets as its caller says that there are.
pub(crate) fn of_protocol<'a>(
    number: usize,
    protocol: u32,
    charset: Charset,
    mut size: Place<'a, u32>,
    form: impl FnOnce(&'static Structure) -> Option<Result<Form, Refusal>>,
    memory: impl FnOnce(Form) -> Option<ViewMut<'a>>,
) -> Result<(), Refusal> {
    let structure = structure_of(protocol);
    let form = match structure {
        Ok(structure) => form(structure).transpose()?,
        Err(_) => None,
    };
    let (report, projection) = projected(number)?;
    let structure = structure?;
    let is_used = match protocol {
        IP => projection.ipv4.is_some(),
        IPV6 => projection.ipv6.is_some(),
        CCP => mppe(&projection).is_some(),
        _ => true,
    };
    if !is_used {
        return Err(Refusal(NOT_IN_USE));
    }
    let newest = structure.newest(Machine::of_this_library(), charset);
    let needed = form.unwrap_or(newest).dw_size();
    let given = size.get();
    size.set(needed);
    let room = form.filter(|_| given >= needed).and_then(memory);
    let mut info = room.ok_or(Refusal(RasCode::BUFFER_TOO_SMALL))?;
    info.begin();
    match protocol {
        IP => {
            let text = |address: Option<Ipv4Addr>| address.map_or(String::new(), |a| a.to_string());
            info.put_text("szIpAddress", &text(projection.ipv4));
            info.put_text("szServerIpAddress", &text(projection.ipv4_server));
        }
        IPV6 => {
            info.put_octets("bLocalInterfaceIdentifier", &identifier(projection.ipv6));
            info.put_octets("bPeerInterfaceIdentifier", &identifier(projection.ipv6_server));
        }
        LCP => fill_lcp(&mut info, "", &report, &projection),
        _ => fill_ccp(&mut info, "dw", mppe(&projection).unwrap_or(0)),
    }
    Ok(())
}

/// The lower half of an address: what IPV6CP negotiated.
fn identifier(address: Option<Ipv6Addr>) -> [u8; 8] {
    let octets = address.unwrap_or(Ipv6Addr::UNSPECIFIED).octets();
    octets.last_chunk().copied().unwrap_or_default()
}

/// How we proved ourselves, as numbers: the protocol, the algorithm of CHAP, and the type of EAP.
fn proof(projection: &Projection) -> (u32, u32, u32) {
    const PAP: u32 = 0xc023;
    const CHAP: u32 = 0xc223;
    const EAP: u32 = 0xc227;
    match projection.authentication.as_deref().unwrap_or_default() {
        "PAP" => (PAP, 0, 0),
        "CHAP" | "CHAP-MD5" | "MD5-CHAP" => (CHAP, 5, 0),
        "MS-CHAP" | "MS-CHAP v1" => (CHAP, 0x80, 0),
        "MS-CHAP v2" => (CHAP, 0x81, 0),
        text if text.starts_with("EAP") || text.starts_with("PEAP") => (EAP, 0, eap_type(text)),
        _ => (0, 0, 0),
    }
}

fn eap_type(text: &str) -> u32 {
    match text {
        _ if text.starts_with("PEAP") => 25,
        _ if text.contains("TLS") => 13,
        _ if text.contains("MSCHAP") => 26,
        _ => 4,
    }
}

/// The strength of MPPE in bits, where it protects the connection.
fn mppe(projection: &Projection) -> Option<u32> {
    let protection = projection.protection.as_deref()?;
    let (_, behind) = protection.split_once("MPPE")?;
    first_number(behind)
}

/// Both structures have these members; `before` is what their names begin with in one of them.
fn fill_lcp(
    info: &mut ViewMut<'_>,
    before: &str,
    report: &ConnectionReport,
    projection: &Projection,
) {
    let (protocol, data, eap) = proof(projection);
    let is_bundled = u32::from(!report.links.is_empty());
    for (name, value) in [
        ("fBundled", is_bundled),
        ("fMultilink", is_bundled),
        ("dwAuthenticationProtocol", protocol),
        ("dwAuthenticationData", data),
        ("dwEapTypeId", eap),
    ] {
        info.put_u32(format!("{before}{name}").as_str(), value);
    }
}

/// As [`fill_lcp`]. The algorithm is `RASCCPCA_MPPC`, the options those of `RASCCPO` for the strength.
fn fill_ccp(info: &mut ViewMut<'_>, before: &str, bits: u32) {
    const MPPC: u32 = 6;
    let strength = match bits {
        40 => 0x20,
        56 => 0x10,
        _ => 0x40,
    };
    for (name, value) in [
        ("CompressionAlgorithm", MPPC),
        ("Options", strength),
        ("ServerCompressionAlgorithm", MPPC),
        ("ServerOptions", strength),
    ] {
        info.put_u32(format!("{before}{name}").as_str(), value);
    }
}

/// `RasGetProjectionInfoEx`; `memory` gives the caller's buffer when it has as many octets as needed.
pub(crate) fn of_all<'a>(
    number: usize,
    mut size: Place<'a, u32>,
    memory: impl FnOnce(Form) -> Option<ViewMut<'a>>,
) -> Result<(), Refusal> {
    /// `RASAPIVERSION_601`, and `PROJECTION_INFO_TYPE_PPP`.
    const VERSION: u32 = 4;
    const PPP: u32 = 1;
    let form = tables::RAS_PROJECTION_INFO.newest(Machine::of_this_library(), Charset::Wide);
    let (report, projection) = projected(number)?;
    let given = size.get();
    size.set(form.dw_size());
    let room = (given >= form.dw_size()).then(|| memory(form)).flatten();
    let mut info = room.ok_or(Refusal(RasCode::BUFFER_TOO_SMALL))?;
    let version = info.as_view().u32("version").unwrap_or(0);
    if version == 0 || version > VERSION {
        return Err(Refusal(RasCode::INVALID_PARAMETER));
    }
    info.begin();
    info.put_u32("version", version);
    info.put_u32("type", PPP);
    let negotiated = |is_there: bool| if is_there { 0 } else { NOT_IN_USE.number() };
    info.put_u32("ppp.dwIPv4NegotiationError", negotiated(projection.ipv4.is_some()));
    info.put_octets("ppp.ipv4Address", &octets(projection.ipv4));
    info.put_octets("ppp.ipv4ServerAddress", &octets(projection.ipv4_server));
    info.put_u32("ppp.dwIPv6NegotiationError", negotiated(projection.ipv6.is_some()));
    info.put_octets("ppp.bInterfaceIdentifier", &identifier(projection.ipv6));
    info.put_octets("ppp.bServerInterfaceIdentifier", &identifier(projection.ipv6_server));
    fill_lcp(&mut info, "ppp.", &report, &projection);
    let bits = mppe(&projection);
    info.put_u32("ppp.dwCcpError", negotiated(bits.is_some()));
    if let Some(bits) = bits {
        fill_ccp(&mut info, "ppp.dwCcp", bits);
    }
    Ok(())
}

fn octets(address: Option<Ipv4Addr>) -> [u8; 4] {
    address.map_or([0; 4], |address| address.octets())
}
