//! Which link carries PPP: from an entry to settings, a lane and a machine. The only file of the core that
//! names the links; a new one is a variant here, and an arm in each function.

use std::net::{IpAddr, SocketAddr};

use onhook_base::{Secret, Seed};
use onhook_effect::{LaneFacts, LaneSpec};
use onhook_link::Link;
use onhook_link::hdlc::{Line, LineTerms};
use onhook_link::l2tp::{self, L2tp, L2tpTerms, TrunkCall, TrunkCallTerms};
use onhook_link::modem::{BadNumber, Modem, ModemTerms, Script, dial_string};
use onhook_link::pppoe::{Pppoe, PppoeTerms, SessionName};
use onhook_link::pptp::{self, Pptp, PptpTerms};
use onhook_link::sstp::{SstpAnswerer, SstpAnswererTerms, SstpCaller, SstpCallerTerms};
use onhook_link::telnet::{Telnet, TelnetTerms};
use onhook_model::{
    Credentials, DEFAULT_SSTP_PORT, DeviceType, Encryption, Entry, Port, RasCode, RasError, Trust,
    VpnProtocol,
};

use crate::bundle::BundleCarrier;

/// The speed of a serial port whose entry names none, in bits per second.
const DEFAULT_SPEED: u32 = 115_200;

/// Which link carries PPP, and at which end we stand.
#[derive(Clone, Debug)]
pub enum LinkPlan {
    /// SSTP, calling.
    SstpCall {
        /// The server's name or address.
        host: String,
        /// Its port.
        port: u16,
        /// The name that the certificate must carry.
        server_name: String,
        /// Whom to believe.
        trust: onhook_effect::Trust,
    },
    /// SSTP, called.
    SstpAnswer,
    /// L2TP without IPsec below it, calling.
    L2tpCall {
        /// The server's name or address.
        host: String,
        /// Its port.
        port: u16,
        /// The tunnel's secret, where it has one.
        secret: Option<Secret<String>>,
    },
    /// L2TP, called: one call of a tunnel, whose control connection the listener keeps.
    L2tpAnswer(TrunkCallTerms),
    /// PPTP, calling.
    PptpCall {
        /// The server's name or address.
        host: String,
        /// Its port.
        port: u16,
    },
    /// PPTP, called.
    PptpAnswer {
        /// Our name, told to callers.
        host_name: String,
        /// The number that the listener has given to this call.
        call: u16,
    },
    /// PPPoE, calling.
    PppoeCall {
        /// The interface; `None` takes the only Ethernet that is up.
        interface: Option<String>,
        /// What is looked for.
        terms: PppoeTerms,
    },
    /// PPPoE, called.
    PppoeAnswer {
        /// The session that the listener has begun.
        session: SessionName,
        /// The largest IP packet that was agreed, in octets.
        mtu: u16,
    },
    /// A modem on a line, calling.
    ModemCall {
        /// Where it is.
        port: Port,
        /// The port's speed in bits per second.
        speed: u32,
        /// What is said to it.
        terms: ModemTerms,
    },
    /// A modem that has taken a call.
    ModemAnswer {
        /// What the modem said of it.
        connected: String,
    },
    /// A line that needs no dialing, calling.
    LineCall {
        /// Where it begins.
        port: Port,
        /// Its speed in bits per second, where it has one.
        speed: u32,
        /// It is greeted as Windows' cable is.
        greets: bool,
    },
    /// A line, called.
    LineAnswer,
    /// Several links that are connections of their own.
    Bundle {
        /// How many are dialed; none at the answering end, where they come by themselves.
        links: u8,
    },
    /// A link that this table does not know: to try a new one, and for the simulation's bare line.
    Supplied {
        /// The other end's name or address.
        host: String,
        /// Its port.
        port: u16,
        /// Makes the link's machine.
        make: fn(&Seed) -> Box<dyn Link + Send + Sync>,
    },
}

/// A link that is tried when those before it did not get through.
#[derive(Clone, Debug)]
pub struct OtherLink {
    /// The link.
    pub link: LinkPlan,
    /// The number that it dials.
    pub number: String,
}

/// The link that an entry dials over, and what is tried when it does not get through: the other protocols
/// of its strategy, and all of them once more with each further number.
///
/// # Errors
/// The RAS number and words for an entry whose first number leads to no link of ours.
pub(super) fn all_of_entry(
    entry: &Entry,
    credentials: &Credentials,
) -> Result<(LinkPlan, Vec<OtherLink>), RasError> {
    let (first, protocols) = LinkPlan::of_entry(entry, credentials)?;
    let number = entry.phone_number();
    let of = |number: &str| {
        let number = number.to_owned();
        move |link| OtherLink { link, number: number.clone() }
    };
    let mut others: Vec<OtherLink> = protocols.into_iter().map(of(number)).collect();
    if entry.try_alternates && matches!(entry.device_type, DeviceType::Vpn | DeviceType::Modem) {
        for number in entry.phone_numbers.iter().skip(1) {
            let entry = Entry { phone_numbers: vec![number.clone()], ..entry.clone() };
            // One that cannot be dialed does not keep the others from being tried.
            let Ok((link, protocols)) = LinkPlan::of_entry(&entry, credentials) else { continue };
            others.extend([link].into_iter().chain(protocols).map(of(number)));
        }
    }
    Ok((first, others))
}

impl LinkPlan {
    /// What it is called, at either end.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SstpCall { .. } | Self::SstpAnswer => "sstp",
            Self::L2tpCall { .. } | Self::L2tpAnswer { .. } => "l2tp",
            Self::PptpCall { .. } | Self::PptpAnswer { .. } => "pptp",
            Self::PppoeCall { .. } | Self::PppoeAnswer { .. } => "pppoe",
            Self::ModemCall { .. } | Self::ModemAnswer { .. } => "modem",
            Self::LineCall { .. } | Self::LineAnswer => "serial",
            Self::Bundle { .. } => "multilink",
            Self::Supplied { .. } => "supplied",
        }
    }

    /// The link that an entry dials over, and those that are tried when it does not get through.
    ///
    /// # Errors
    /// The RAS number and words for an entry that names no link of ours.
    pub(crate) fn of_entry(
        entry: &Entry,
        credentials: &Credentials,
    ) -> Result<(Self, Vec<Self>), RasError> {
        let one = match entry.device_type {
            DeviceType::Vpn => return Self::of_strategy(entry, credentials),
            DeviceType::Modem => Self::of_modem(entry, credentials)?,
            DeviceType::PppoE => Self::of_broadband(entry),
            DeviceType::Serial | DeviceType::Generic => Self::of_line(entry)?,
            other => {
                return Err(RasError::new(
                    RasCode::PROTOCOL_ENGINE_DISABLED,
                    format!(
                        "“{}” dials with a device of the kind {}, which this version cannot",
                        entry.name,
                        other.text()
                    ),
                ));
            }
        };
        Ok((one, Vec::new()))
    }

    /// The protocols of an entry's strategy, in its order, but for those that cannot be dialed.
    fn of_strategy(
        entry: &Entry,
        credentials: &Credentials,
    ) -> Result<(Self, Vec<Self>), RasError> {
        let spoken = entry.protocols().iter().filter(|protocol| SPOKEN.contains(protocol));
        let (mut links, mut why_not) = (Vec::new(), None);
        for protocol in spoken {
            match Self::of_vpn(entry, *protocol, credentials) {
                Ok(link) => links.push(link),
                Err(error) => why_not = why_not.or(Some(error)),
            }
        }
        let mut links = links.into_iter();
        match (links.next(), why_not) {
            (Some(first), _) => Ok((first, links.collect())),
            (None, Some(error)) => Err(error),
            (None, None) => {
                let text =
                    format!("“{}” allows none of the protocols that can be dialed", entry.name);
                Err(RasError::new(RasCode::PROTOCOL_ENGINE_DISABLED, text))
            }
        }
    }

    fn of_vpn(
        entry: &Entry,
        protocol: VpnProtocol,
        credentials: &Credentials,
    ) -> Result<Self, RasError> {
        let (host, port) = entry
            .server()
            .map_err(|e| RasError::new(RasCode::BAD_ADDRESS_SPECIFIED, e.to_string()))?;
        match protocol {
            VpnProtocol::L2tp => {
                // Windows' number for L2TP that no IPsec policy can protect.
                if matches!(entry.encryption, Encryption::Required | Encryption::Strongest) {
                    return Err(RasError::new(RasCode::OAKLEY_GENERAL_PROCESSING, UNPROTECTED));
                }
                let port = if port == DEFAULT_SSTP_PORT { l2tp::PORT } else { port };
                let secret = credentials.tunnel_secret.clone();
                Ok(Self::L2tpCall { host, port, secret })
            }
            VpnProtocol::Pptp => {
                let port = if port == DEFAULT_SSTP_PORT { pptp::PORT } else { port };
                Ok(Self::PptpCall { host, port })
            }
            _ => {
                let server_name = entry.server_name.clone().unwrap_or_else(|| host.clone());
                Ok(Self::SstpCall { host, port, server_name, trust: trust_of(&entry.trust) })
            }
        }
    }

    /// The number is the service, or `concentrator\\service`; the port is the interface, unless it is
    /// what Windows calls all of them.
    fn of_broadband(entry: &Entry) -> Self {
        let number = entry.phone_number().trim();
        let (concentrator, service) = match number.split_once('\\') {
            Some((concentrator, service)) => (Some(concentrator.to_owned()), service),
            None => (None, number),
        };
        let port = entry.port.trim();
        let is_named = !port.is_empty() && !port.to_ascii_uppercase().starts_with("PPPOE");
        Self::PppoeCall {
            interface: is_named.then(|| port.to_owned()),
            terms: PppoeTerms { service: service.to_owned(), concentrator },
        }
    }

    fn of_modem(entry: &Entry, credentials: &Credentials) -> Result<Self, RasError> {
        let port = Port::parse(&entry.port)
            .map_err(|e| RasError::new(RasCode::DEVICE_DOES_NOT_EXIST, e.to_string()))?;
        let number = tones(entry.phone_number())
            .map_err(|e| RasError::new(RasCode::BAD_PHONE_NUMBER, e.to_string()))?;
        let script = entry.login_script.as_deref().map(Script::parse).transpose();
        let script = script.map_err(|e| RasError::new(RasCode::SCRIPT_SYNTAX, e.to_string()))?;
        if let Some(bad) = entry.modem_settings.iter().find(|s| s.chars().any(char::is_control)) {
            let text = format!("the modem's setting {bad:?} holds a control character");
            return Err(RasError::new(RasCode::CORRUPT_PHONEBOOK, text));
        }
        let terms = ModemTerms {
            number,
            settings: entry.modem_settings.clone(),
            script,
            user: credentials.name_to_send(),
            password: credentials.password.clone(),
        };
        Ok(Self::ModemCall { port, speed: entry.speed.unwrap_or(DEFAULT_SPEED), terms })
    }

    /// The link of an answerer that calls a caller back.
    ///
    /// # Errors
    /// When the number cannot be dialed.
    pub fn calling_back(port: Port, speed: u32, number: &str) -> Result<Self, RasError> {
        let number = tones(&number.to_ascii_uppercase())
            .map_err(|e| RasError::new(RasCode::BAD_CALLBACK_NUMBER, e.to_string()))?;
        let terms = ModemTerms {
            number,
            settings: Vec::new(),
            script: None,
            user: String::new(),
            password: Secret::new(String::new()),
        };
        Ok(Self::ModemCall { port, speed, terms })
    }

    fn of_line(entry: &Entry) -> Result<Self, RasError> {
        let port = entry
            .line()
            .map_err(|e| RasError::new(RasCode::DEVICE_DOES_NOT_EXIST, e.to_string()))?;
        Ok(Self::LineCall {
            port,
            speed: entry.speed.unwrap_or(DEFAULT_SPEED),
            greets: entry.device_name.eq_ignore_ascii_case(CABLE),
        })
    }

    /// The name to look up and the port, where there is one.
    pub(crate) fn server(&self) -> Option<(String, u16)> {
        match self {
            Self::SstpCall { host, port, .. }
            | Self::L2tpCall { host, port, .. }
            | Self::PptpCall { host, port }
            | Self::LineCall {
                port: Port::Tcp { host, port } | Port::Telnet { host, port }, ..
            }
            | Self::ModemCall {
                port: Port::Tcp { host, port } | Port::Telnet { host, port },
                ..
            }
            | Self::Supplied { host, port, .. } => Some((host.clone(), *port)),
            Self::SstpAnswer
            | Self::L2tpAnswer(_)
            | Self::PptpAnswer { .. }
            | Self::PppoeCall { .. }
            | Self::PppoeAnswer { .. }
            | Self::LineAnswer
            | Self::Bundle { .. }
            | Self::ModemAnswer { .. }
            | Self::ModemCall { .. }
            | Self::LineCall { .. } => None,
        }
    }

    /// How to open the lane, once the addresses are known.
    pub(crate) fn lane_spec(&self, to: Vec<SocketAddr>) -> LaneSpec {
        match self {
            Self::SstpCall { server_name, trust, .. } => {
                LaneSpec::Tls { to, server_name: server_name.clone(), trust: trust.clone() }
            }
            Self::L2tpCall { .. } => LaneSpec::Udp { to },
            Self::PptpCall { .. } => {
                // Its second lane goes over IPv4 alone; where there is no such address, the dial says so.
                let four: Vec<_> = to.iter().copied().filter(SocketAddr::is_ipv4).collect();
                LaneSpec::Tcp { to: if four.is_empty() { to } else { four } }
            }
            Self::PppoeCall { interface, .. } => {
                LaneSpec::Ethernet { interface: interface.clone() }
            }
            Self::LineCall { port, speed, .. } | Self::ModemCall { port, speed, .. } => {
                match port {
                    Port::Terminal(path) => {
                        LaneSpec::Terminal { path: path.clone(), speed: *speed }
                    }
                    Port::Tcp { .. } | Port::Telnet { .. } => LaneSpec::Tcp { to },
                    Port::Socket(path) => LaneSpec::Socket { path: path.clone() },
                }
            }
            Self::Bundle { .. } => LaneSpec::Member,
            Self::SstpAnswer
            | Self::L2tpAnswer(_)
            | Self::PptpAnswer { .. }
            | Self::PppoeAnswer { .. }
            | Self::ModemAnswer { .. }
            | Self::LineAnswer => LaneSpec::Accepted,
            Self::Supplied { host, .. } => {
                let trust = onhook_effect::Trust::SystemRoots;
                LaneSpec::Tls { to, server_name: host.clone(), trust }
            }
        }
    }

    /// How to open the second lane, where there is one. `seed` is the one that the machine is made with.
    pub(crate) fn data_lane(
        &self,
        seed: &Seed,
        control: &LaneFacts,
    ) -> Result<Option<LaneSpec>, RasError> {
        let call = match self {
            Self::PptpCall { .. } => pptp::call_number(seed),
            Self::PptpAnswer { call, .. } => *call,
            _ => return Ok(None),
        };
        let four = |address: Option<SocketAddr>| match address.map(|a| a.ip().to_canonical()) {
            Some(IpAddr::V4(ip)) => Some(ip),
            Some(IpAddr::V6(_)) | None => None,
        };
        let Some(remote) = four(control.remote) else {
            let text = "PPTP goes over IPv4 alone, and the server has only an address of IPv6";
            return Err(RasError::new(RasCode::INVALID_VPNSTRATEGY, text));
        };
        Ok(Some(LaneSpec::Gre { local: four(control.local), remote, call }))
    }

    /// The link's speed in bits per second, where that is known: what the device says of the call, or
    /// that of the port.
    pub(crate) fn speed(&self, connected_as: Option<&str>) -> Option<u32> {
        match self {
            Self::ModemCall { .. } => first_number(connected_as.unwrap_or_default()),
            Self::LineCall { port: Port::Terminal(_), speed, .. } => Some(*speed),
            _ => None,
        }
    }

    /// The link's machine.
    pub(crate) fn make(&self, seed: &Seed) -> Box<dyn Link + Send + Sync> {
        match self {
            Self::SstpCall { host, .. } => {
                Box::new(SstpCaller::new(SstpCallerTerms::new(host.clone()), seed))
            }
            Self::SstpAnswer => Box::new(SstpAnswerer::new(SstpAnswererTerms::default(), seed)),
            Self::L2tpCall { secret, .. } => {
                let terms = L2tpTerms {
                    host_name: CALLER_NAME.to_owned(),
                    secret: secret.clone(),
                    tunnel: None,
                };
                Box::new(L2tp::caller(terms, seed))
            }
            Self::L2tpAnswer(terms) => Box::new(TrunkCall::new(terms.clone())),
            Self::PptpCall { .. } => {
                let terms = PptpTerms { host_name: CALLER_NAME.to_owned(), call: None };
                Box::new(Pptp::caller(terms, seed))
            }
            Self::PptpAnswer { host_name, call } => {
                let terms = PptpTerms { host_name: host_name.clone(), call: Some(*call) };
                Box::new(Pptp::answerer(terms, seed))
            }
            Self::PppoeCall { terms, .. } => Box::new(Pppoe::caller(terms.clone(), seed)),
            Self::PppoeAnswer { session, mtu } => Box::new(Pppoe::answerer(*session, *mtu)),
            Self::ModemCall { terms, port, speed } => {
                behind(port, *speed, Box::new(Modem::new(terms.clone())))
            }
            Self::LineCall { greets, port, speed } => {
                let line = Line::new(LineTerms { calls: true, greets: *greets });
                behind(port, *speed, Box::new(line))
            }
            Self::LineAnswer => Box::new(Line::new(LineTerms { calls: false, greets: false })),
            Self::ModemAnswer { connected } => Box::new(Modem::taken(connected.clone())),
            Self::Bundle { .. } => Box::new(BundleCarrier::empty()),
            Self::Supplied { make, .. } => make(seed),
        }
    }
}

/// A link on a line that may be behind a terminal server.
fn behind(
    port: &Port,
    speed: u32,
    link: Box<dyn Link + Send + Sync>,
) -> Box<dyn Link + Send + Sync> {
    match port {
        Port::Telnet { .. } => Box::new(Telnet::new(TelnetTerms { speed }, link)),
        Port::Terminal(_) | Port::Tcp { .. } | Port::Socket(_) => link,
    }
}

/// A number as a modem dials it: in tones, unless it says otherwise or is none that is sent in tones.
fn tones(number: &str) -> Result<String, BadNumber> {
    let number = dial_string(number)?;
    Ok(match number.chars().next() {
        Some('T' | 'P' | '*' | '+') => number,
        _ => format!("T{number}"),
    })
}

/// The VPN protocols that this version speaks.
const SPOKEN: &[VpnProtocol] = &[VpnProtocol::Sstp, VpnProtocol::L2tp, VpnProtocol::Pptp];

/// What a caller is called in a tunnel; who it is, PPP tells.
const CALLER_NAME: &str = "onhook";

const UNPROTECTED: &str = "the entry demands encryption, and L2TP without IPsec has none; IPsec is not \
                           spoken yet: see DataEncryption in the entry, or dial SSTP";

/// What Windows calls the device of a cable that is greeted.
const CABLE: &str = "Communications cable between two computers";

/// The first number in what a device says of a call ("CONNECT 33600/V34").
fn first_number(text: &str) -> Option<u32> {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

pub(super) fn trust_of(trust: &Trust) -> onhook_effect::Trust {
    match trust {
        Trust::SystemRoots => onhook_effect::Trust::SystemRoots,
        Trust::CaPem(pem) => onhook_effect::Trust::CaPem(pem.clone()),
        Trust::PinSha256(hash) => onhook_effect::Trust::PinSha256(*hash),
        Trust::Insecure => onhook_effect::Trust::Anybody,
    }
}
