//! What an answer to an Access-Request grants, and how it refuses.
//!
//! A value of the wrong size is as if it were not there; a service that we do not give is a refusal
//! (RFC 2865 §5.6).

use std::net::{Ipv4Addr, Ipv6Addr};

use onhook_base::{Duration, Secret};
use onhook_crypto::radius as proof;

use crate::wire::{Packet, attribute, code, microsoft};

/// The service that a PPP caller is given (RFC 2865 §5.6): Framed.
pub const FRAMED: u32 = 2;
/// PPP among framed protocols (RFC 2865 §5.7).
pub const PPP: u32 = 1;
/// An address that leaves the choice to the caller, or to us (RFC 2865 §5.8).
const CALLER_CHOOSES: u32 = 0xffff_ffff;
const SERVER_CHOOSES: u32 = 0xffff_fffe;
/// Accounts are not asked for more often than this (RFC 2869 §5.16).
const INTERIM_AT_LEAST: Duration = Duration::from_secs(60);
/// Classes of one session; RFC 2865 §5.25 sets no bound, so that we do.
const MOST_CLASSES: usize = 8;
/// Octets of an answer's text that are kept.
const LONGEST_TEXT: usize = 253;

/// An answer that was proved to come from the server that was asked.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) packet: Vec<u8>,
    pub(crate) server: usize,
    pub(crate) request_authenticator: [u8; 16],
    pub(crate) secret: Secret<Vec<u8>>,
}

/// What an answer to an Access-Request means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The caller is let in.
    Accept(Box<Grant>),
    /// It is not.
    Reject(Refusal),
    /// More is asked of it: EAP's next Request, and what is to be sent back with the answer to it.
    Challenge {
        /// A whole EAP packet.
        eap: Vec<u8>,
        /// What the next request has to carry (RFC 2865 §5.24).
        state: Option<Vec<u8>>,
    },
    /// It makes no sense: why.
    Useless(&'static str),
}

/// What is granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The caller's address; `None` leaves it to us.
    pub address: Option<Ipv4Addr>,
    /// The session ends after this time.
    pub session: Option<Duration>,
    /// The session ends when nothing has passed for this time.
    pub idle: Option<Duration>,
    /// How often the session's course is to be told.
    pub interim: Option<Duration>,
    /// Name servers.
    pub dns: Vec<Ipv4Addr>,
    /// Values that are to be sent back in everything that is told of the session.
    pub classes: Vec<Vec<u8>>,
    /// The keys that the proof made, in the server's words: we send with the first.
    pub keys: Option<MppeKeys>,
    /// What MS-CHAP version 1's keys are made from.
    pub ms_chap_keys: Option<MsChapKeys>,
    /// The server's own proof for MS-CHAP version 2: `S=…` (RFC 2548 §2.3.3).
    pub ms_chap2_success: Option<String>,
    /// A text for the caller.
    pub text: String,
    /// EAP's last packet.
    pub eap: Option<Vec<u8>>,
    /// The name under which the session is to be told of (RFC 2865 §5.1).
    pub user_name: Option<String>,
    /// The interface identifier that the caller is to have (RFC 3162 §2.2).
    pub interface_id: Option<[u8; 8]>,
    /// The prefix of the caller's link (RFC 3162 §2.3), and its length.
    pub ipv6_prefix: Option<(Ipv6Addr, u8)>,
}

/// MPPE's keys (RFC 2548 §2.4.2, §2.4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MppeKeys {
    /// What the answering server encrypts with.
    pub send: Secret<Vec<u8>>,
    /// What it decrypts with.
    pub receive: Secret<Vec<u8>>,
}

/// MS-CHAP-MPPE-Keys (RFC 2548 §2.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MsChapKeys {
    /// The beginning of the LAN Manager hash, which is the key of 40 and 56 bits; `None` when the server does
    /// not have it, and sends zeros.
    pub lm: Option<Secret<[u8; 8]>>,
    /// The hash of the NT hash. (The RFC's words are of the hash itself; what servers send and others take is
    /// its hash, as RFC 3079 §2.4 wants it.)
    pub nt: Secret<[u8; 16]>,
}

/// Why a caller is not let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// MS-CHAP's error number (RFC 2759 §6).
    pub code: Option<u32>,
    /// Another proof would be heard.
    pub retry: bool,
    /// The version of MS-CHAP's Change-Password that may follow (RFC 2759 §6).
    pub version: Option<u32>,
    /// A text for the caller.
    pub text: String,
    /// EAP's last packet.
    pub eap: Option<Vec<u8>>,
}

impl Answer {
    /// The packet.
    pub fn packet(&self) -> Option<Packet<'_>> {
        Packet::parse(&self.packet).ok()
    }

    /// Which server has answered.
    pub const fn server(&self) -> usize {
        self.server
    }

    /// What it means as an answer to an Access-Request.
    pub fn read(&self) -> Reply {
        let Some(packet) = self.packet() else { return Reply::Useless("it is malformed") };
        match packet.code {
            code::ACCESS_ACCEPT => self.accept(&packet),
            code::ACCESS_REJECT => Reply::Reject(refusal(&packet)),
            code::ACCESS_CHALLENGE => match eap(&packet) {
                Some(eap) => {
                    let state = packet.first(attribute::STATE).map(<[u8]>::to_vec);
                    Reply::Challenge { eap, state }
                }
                None => Reply::Useless("a challenge without EAP cannot be put to a PPP caller"),
            },
            _ => Reply::Useless("it answers no Access-Request"),
        }
    }

    fn accept(&self, packet: &Packet<'_>) -> Reply {
        if packet.number(attribute::SERVICE_TYPE).is_some_and(|service| service != FRAMED) {
            return Reply::Useless("it grants another service than Framed");
        }
        if packet.number(attribute::FRAMED_PROTOCOL).is_some_and(|protocol| protocol != PPP) {
            return Reply::Useless("it grants another protocol than PPP");
        }
        let seconds = |kind| {
            let seconds = packet.number(kind).filter(|seconds| *seconds != 0);
            seconds.map(|seconds| Duration::from_secs(seconds.into()))
        };
        let named = |address: &u32| !matches!(*address, CALLER_CHOOSES | SERVER_CHOOSES);
        let dns = [microsoft::PRIMARY_DNS_SERVER, microsoft::SECONDARY_DNS_SERVER];
        let dns = dns.into_iter().filter_map(|kind| {
            let octets = <[u8; 4]>::try_from(packet.microsoft(kind)?).ok()?;
            Some(Ipv4Addr::from(octets)).filter(|address| !address.is_unspecified())
        });
        let classes = packet.all(attribute::CLASS).take(MOST_CLASSES).map(<[u8]>::to_vec);
        let success = packet.microsoft(microsoft::CHAP2_SUCCESS).and_then(|value| value.get(1..));
        Reply::Accept(Box::new(Grant {
            address: packet.number(attribute::FRAMED_IP_ADDRESS).filter(named).map(Into::into),
            session: seconds(attribute::SESSION_TIMEOUT),
            idle: seconds(attribute::IDLE_TIMEOUT),
            interim: seconds(attribute::ACCT_INTERIM_INTERVAL).map(|i| i.max(INTERIM_AT_LEAST)),
            dns: dns.collect(),
            classes: classes.collect(),
            keys: self.keys(packet),
            ms_chap_keys: self.ms_chap_keys(packet),
            ms_chap2_success: success.map(|text| String::from_utf8_lossy(text).into_owned()),
            text: text(packet),
            eap: eap(packet),
            user_name: packet
                .first(attribute::USER_NAME)
                .map(|name| String::from_utf8_lossy(name).into_owned()),
            interface_id: packet
                .first(attribute::FRAMED_INTERFACE_ID)
                .and_then(|id| id.try_into().ok()),
            ipv6_prefix: packet.first(attribute::FRAMED_IPV6_PREFIX).and_then(prefix),
        }))
    }

    fn keys(&self, packet: &Packet<'_>) -> Option<MppeKeys> {
        let key = |kind| {
            let (salt, hidden) = packet.microsoft(kind)?.split_first_chunk::<2>()?;
            let authenticator = &self.request_authenticator;
            let key = proof::uncover_key(self.secret.expose(), authenticator, *salt, hidden)?;
            (!key.is_empty()).then(|| Secret::new(key))
        };
        let (send, receive) = (key(microsoft::MPPE_SEND_KEY)?, key(microsoft::MPPE_RECV_KEY)?);
        Some(MppeKeys { send, receive })
    }

    fn ms_chap_keys(&self, packet: &Packet<'_>) -> Option<MsChapKeys> {
        let hidden = packet.microsoft(microsoft::CHAP_MPPE_KEYS)?;
        let authenticator = &self.request_authenticator;
        let plain = proof::uncover_padded(self.secret.expose(), authenticator, hidden)?;
        let (lm, rest) = plain.split_first_chunk::<8>()?;
        let nt = rest.first_chunk::<16>()?;
        let is_there = |octets: &[u8]| octets.iter().any(|octet| *octet != 0);
        let lm = Some(*lm).filter(|lm| is_there(lm)).map(Secret::new);
        is_there(nt).then(|| MsChapKeys { lm, nt: Secret::new(*nt) })
    }
}

/// The pieces of EAP, put together (RFC 3579 §3.1).
fn eap(packet: &Packet<'_>) -> Option<Vec<u8>> {
    let whole: Vec<u8> = packet.all(attribute::EAP_MESSAGE).flatten().copied().collect();
    (!whole.is_empty()).then_some(whole)
}

fn text(packet: &Packet<'_>) -> String {
    let whole: Vec<u8> =
        packet.all(attribute::REPLY_MESSAGE).flatten().copied().take(LONGEST_TEXT).collect();
    String::from_utf8_lossy(&whole).chars().filter(|c| !c.is_control()).collect()
}

/// Prefix length and as many octets as it takes (RFC 3162 §2.3).
fn prefix(value: &[u8]) -> Option<(Ipv6Addr, u8)> {
    let (_reserved, rest) = value.split_first()?;
    let (length, octets) = rest.split_first()?;
    if *length > 128 || octets.len() > 16 || octets.len() < usize::from(*length).div_ceil(8) {
        return None;
    }
    let mut whole = [0; 16];
    whole.iter_mut().zip(octets).for_each(|(place, octet)| *place = *octet);
    let mask = u128::MAX.checked_shl(128 - u32::from(*length)).unwrap_or(0);
    Some((Ipv6Addr::from_bits(u128::from_be_bytes(whole) & mask), *length))
}

/// MS-CHAP-Error holds an identifier and the text of RFC 2759 §6 (RFC 2548 §2.1.5).
fn refusal(packet: &Packet<'_>) -> Refusal {
    let said = packet.microsoft(microsoft::CHAP_ERROR).and_then(|value| value.get(1..));
    let said = String::from_utf8_lossy(said.unwrap_or_default()).into_owned();
    let word = |name: &str| {
        let found = said.split_ascii_whitespace().find_map(|word| word.strip_prefix(name));
        found.and_then(|number| number.parse::<u32>().ok())
    };
    let told = said.split_once("M=").map(|(_, told)| told);
    let mut text = text(packet);
    if let (true, Some(told)) = (text.is_empty(), told) {
        text = told.chars().filter(|c| !c.is_control()).take(LONGEST_TEXT).collect();
    }
    let retry = word("R=") == Some(1);
    Refusal { code: word("E="), retry, version: word("V="), text, eap: eap(packet) }
}
