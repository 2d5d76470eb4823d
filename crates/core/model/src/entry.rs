//! A phone-book entry, meaning only.
//!
//! How an entry is written in a file is the phone book's affair; here stands what it *says*: whom to
//! dial with which device, how to prove who we are, what of the network to take over, and what to do
//! when the line is lost. The program that dials reads the book (and the CA file that the entry
//! names) with its own rights and sends the whole entry to the manager, which opens nothing that
//! someone else has named. There is no place for a password here, on purpose.
//!
//! An entry may say things that cannot work. [`Entry::problems`] finds them; whoever edits or dials
//! one asks it first.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

mod auth;
mod callback;
mod device;
mod link;
mod number;
mod port;
mod problem;
#[cfg(test)]
mod tests;

pub use auth::{AuthMethod, AuthRestrictions, Encryption};
pub use callback::CallbackMode;
pub use device::{DeviceType, EntryType, VpnProtocol, VpnStrategy};
pub use link::{DialMode, FurtherLink, LoadShare};
pub use number::{DEFAULT_SSTP_PORT, ServerError, parse_server};
pub use onhook_base::{BadPrefix, Prefix};
pub use port::{Port, PortError};
pub use problem::{EntryLimits, Problem};

/// A phone-book entry: what is dialed, how, and what becomes of the network.
///
/// Travels as JSON; a member that is missing takes its default, so that an older program can send to
/// a newer manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// Its name in the book; `.` and the number when it was dialed without an entry.
    pub name: String,
    /// What kind of entry a person made.
    pub entry_type: EntryType,
    /// Its identity, as the binary GUID lies in memory.
    pub guid: Option<[u8; 16]>,
    /// The key under which saved credentials are found.
    pub dial_params_uid: Option<u32>,

    /// The kind of device that is dialed with.
    pub device_type: DeviceType,
    /// The device ("WAN Miniport (SSTP)", the name of a modem, a network interface).
    pub device_name: String,
    /// The port that the device is on ("VPN1-0", "COM1", "/dev/ttyUSB0"); see [`Port`].
    pub port: String,
    /// The speed of a serial port in bits per second; `None`: 115200.
    pub speed: Option<u32>,
    /// Commands for the modem, said before it dials (`AT+CGDCONT=1,"IP","internet"`).
    pub modem_settings: Vec<String>,
    /// A login before PPP, in lines of `expect …` and `send …`; not the name of a file.
    pub login_script: Option<String>,
    /// What is dialed; the first is the primary one, the others are tried after it.
    pub phone_numbers: Vec<String>,
    /// Whether the others are (TryNextAlternateOnFail).
    pub try_alternates: bool,
    /// Which VPN protocols, in which order.
    pub vpn_strategy: VpnStrategy,
    /// The links behind the first, which is said above, where it has several (multilink).
    pub further_links: Vec<FurtherLink>,
    /// Which of them are dialed.
    pub dial_mode: DialMode,
    /// Where they are dialed as needed: with more traffic than this for so long one more is dialed.
    pub more_links: LoadShare,
    /// With less than this for so long one is hung up.
    pub fewer_links: LoadShare,

    /// Which ways of authenticating are allowed.
    pub auth: AuthRestrictions,
    /// The EAP method, by its type number, when EAP is allowed.
    pub eap_method: Option<u32>,
    /// What encryption is asked for.
    pub encryption: Encryption,
    /// Who dials, if the entry says so.
    pub user: Option<String>,
    /// The domain of the user, if the entry says so.
    pub domain: Option<String>,
    /// By what the server's certificate is judged.
    pub trust: Trust,
    /// The file that [`Trust::CaPem`] was, or is still to be, read from; for the client alone.
    pub ca_file: Option<String>,
    /// The file of lists of revoked certificates that stands behind the roots of [`Trust::CaPem`], or is still
    /// to be read; for the client alone.
    pub crl_file: Option<String>,
    /// The file of the user's certificate (PEM, or PKCS#12 with its key), for EAP-TLS; for the client alone.
    pub certificate_file: Option<String>,
    /// The file of its key (PEM), where that is another; for the client alone.
    pub key_file: Option<String>,
    /// The name that the certificate must bear, if not the one that is dialed.
    pub server_name: Option<String>,

    /// What of IPv4 to take over.
    pub ipv4: IpSettings<Ipv4Addr>,
    /// What of IPv6 to take over.
    pub ipv6: IpSettings<Ipv6Addr>,
    /// Prefixes behind the connection, besides or instead of the default route.
    pub routes: Vec<Prefix>,
    /// The connection's own DNS suffix.
    pub dns_suffix: Option<String>,
    /// Names under these domains are asked for at the connection's servers alone.
    pub dns_domains: Vec<String>,
    /// The name of the interface to be made.
    pub interface_name: Option<String>,
    /// The network namespace to put the interface into.
    pub netns: Option<String>,
    /// The largest packet in octets, if not the one that is negotiated.
    pub mtu: Option<u16>,

    /// Whether LCP options of RFC 1570 may be used.
    pub lcp_extensions: bool,
    /// Whether it would be called back, over a modem.
    pub callback: CallbackMode,
    /// Whether software compression (CCP) may be used.
    pub sw_compression: bool,
    /// How often a quiet link is asked for a sign of life; `None`: as the manager likes.
    pub echo_interval: Option<Duration>,
    /// After how many unanswered ones it is given up; `None`: as the manager likes.
    pub echo_failures: Option<u32>,
    /// How long a hang-up may take at most; `None`: as the manager likes.
    pub hangup_budget: Option<Duration>,
    /// Hang up when nothing was sent for so long.
    pub idle_disconnect: Option<Duration>,
    /// What users other than the one who dials may do with the connection; `None` leaves it to the book
    /// that the entry stands in.
    pub sharing: Option<Sharing>,
    /// How many more times to dial when a dial fails.
    pub redial_attempts: u32,
    /// The pause between two of them.
    pub redial_pause: Duration,
    /// Dial again when the link drops.
    pub redial_on_link_failure: bool,
}

/// What of one IP family to take over from the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IpSettings<A> {
    /// Whether the family is negotiated at all.
    pub enabled: bool,
    /// The address to ask for; `None` takes what the server gives.
    pub address: Option<A>,
    /// The length of the address's prefix; IPv6 only.
    pub prefix_len: Option<u8>,
    /// Name servers of our own; empty takes those that the server gives. At most two.
    pub dns: Vec<A>,
    /// Whether the default route goes through the connection.
    pub default_route: bool,
    /// The metric of its routes; `None` is automatic.
    pub metric: Option<u32>,
}

/// What other users may do with a connection (RASCF_AllUsers says as much as "seen").
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// Nothing: it is not even in their lists.
    #[default]
    Private,
    /// They see it, in lists, status queries and events.
    Seen,
    /// They see it and may hang it up.
    #[serde(rename = "hangup")]
    HungUp,
}

impl Sharing {
    /// Every kind, with its word in a phone book.
    pub const WORDS: [(Self, &'static str); 3] =
        [(Self::Private, "private"), (Self::Seen, "seen"), (Self::HungUp, "hangup")];

    /// Its word in a phone book.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(sharing, _)| *sharing == self).map_or("private", |(_, word)| word)
    }

    /// The kind of this word, in any case of letters.
    pub fn from_word(word: &str) -> Option<Self> {
        let found = Self::WORDS.iter().find(|(_, known)| known.eq_ignore_ascii_case(word.trim()));
        found.map(|(sharing, _)| *sharing)
    }
}

/// By what the server's certificate is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// By the roots that the system trusts.
    #[default]
    SystemRoots,
    /// By these roots alone, in PEM form. Empty when the file named by [`Entry::ca_file`] has not
    /// been read yet: then nothing is trusted, and [`Entry::problems`] says so. Lists of revoked
    /// certificates may stand among them: then the server's must be on none, and its issuer must have one.
    CaPem(String),
    /// The certificate must have this SHA-256 hash; nothing else about it counts.
    PinSha256([u8; 32]),
    /// By nothing: anyone may be in the middle.
    Insecure,
}

impl<A> Default for IpSettings<A> {
    fn default() -> Self {
        Self {
            enabled: true,
            address: None,
            prefix_len: None,
            dns: Vec::new(),
            default_route: true,
            metric: None,
        }
    }
}

impl Default for Entry {
    /// A VPN entry without name and number, as if all keys but the device were absent from the book.
    fn default() -> Self {
        Self::new("", DeviceType::Vpn)
    }
}

impl Entry {
    /// Whether its EAP method is EAP-TLS (type 13, RFC 5216 §3.1), which proves the user by a certificate alone.
    pub fn is_eap_tls(&self) -> bool {
        self.eap_method == Some(13)
    }

    /// An entry of this name for this kind of device, with the defaults that fit it.
    pub fn new(name: &str, device_type: DeviceType) -> Self {
        Self {
            name: name.to_owned(),
            entry_type: device_type.default_entry_type(),
            guid: None,
            dial_params_uid: None,
            device_type,
            device_name: String::new(),
            port: String::new(),
            speed: None,
            modem_settings: Vec::new(),
            login_script: None,
            phone_numbers: Vec::new(),
            try_alternates: true,
            vpn_strategy: VpnStrategy::Default,
            further_links: Vec::new(),
            dial_mode: DialMode::All,
            more_links: LoadShare::MORE,
            fewer_links: LoadShare::FEWER,
            auth: AuthRestrictions::default_for(device_type),
            eap_method: None,
            encryption: Encryption::default_for(device_type),
            user: None,
            domain: None,
            trust: Trust::SystemRoots,
            ca_file: None,
            crl_file: None,
            certificate_file: None,
            key_file: None,
            server_name: None,
            ipv4: IpSettings::default(),
            ipv6: IpSettings::default(),
            routes: Vec::new(),
            dns_suffix: None,
            dns_domains: Vec::new(),
            interface_name: None,
            netns: None,
            mtu: None,
            lcp_extensions: true,
            callback: CallbackMode::Never,
            sw_compression: false,
            echo_interval: None,
            echo_failures: None,
            hangup_budget: None,
            idle_disconnect: None,
            sharing: None,
            redial_attempts: DEFAULT_REDIAL_ATTEMPTS,
            redial_pause: DEFAULT_REDIAL_PAUSE,
            redial_on_link_failure: false,
        }
    }

    /// An entry for dialing a number without one: listed as `.` and the number.
    ///
    /// `device` is what a person names it by: a VPN protocol (`sstp`), a device of such a one
    /// (`WAN Miniport (SSTP)`), a kind of device (`modem`, `PPPoE`, `vpn`), or else the name of a
    /// modem. An empty one means VPN with the default order of protocols. A [`Port`] (`/dev/ttyS0`,
    /// `tcp://host:port`) means the line that begins there, which needs no number. Nothing is redialed.
    pub fn for_number(number: &str, device: &str) -> Self {
        let device = device.trim();
        let name = format!(".{number}");
        let mut entry = if Port::parse(device).is_ok() {
            // Where nothing is dialed, the line's own name is what people know it by.
            let name = if number.is_empty() { format!(".{device}") } else { name };
            let mut entry = Self::new(&name, DeviceType::Serial);
            entry.port = device.to_owned();
            entry.device_name = device.to_owned();
            entry
        } else if let Some(protocol) = VpnProtocol::from_text(device) {
            let mut entry = Self::new(&name, DeviceType::Vpn);
            entry.vpn_strategy = protocol.only();
            entry.device_name = protocol.device_name().to_owned();
            if protocol == VpnProtocol::L2tp {
                // Who asks for it by name gets it as it is: without IPsec it protects nothing.
                entry.encryption = Encryption::Optional;
            }
            entry
        } else if let Some((device_type, device_name)) = DeviceType::of_device(device) {
            let mut entry = Self::new(&name, device_type);
            entry.device_name = device_name.to_owned();
            entry
        } else {
            let mut entry = Self::new(&name, DeviceType::Modem);
            entry.device_name = device.to_owned();
            entry
        };
        let is_line = entry.device_type == DeviceType::Serial;
        if entry.device_type == DeviceType::PppoE && number.is_empty() {
            // Any service will do; people know it by its kind.
            entry.name = ".PPPoE".to_owned();
        }
        let number = if number.is_empty() && is_line { device } else { number };
        entry.phone_numbers.push(number.to_owned());
        entry.redial_attempts = 0;
        entry
    }

    /// Whether it stands for a number that was dialed without an entry.
    pub fn is_by_number(&self) -> bool {
        self.name.starts_with('.')
    }

    /// The primary number; empty when there is none.
    pub fn phone_number(&self) -> &str {
        self.phone_numbers.first().map_or("", String::as_str)
    }

    /// Host and port of the primary number, for a device that dials a server: see [`parse_server`].
    ///
    /// # Errors
    ///
    /// Says what is wrong with the number.
    pub fn server(&self) -> Result<(String, u16), ServerError> {
        parse_server(self.phone_number())
    }

    /// Where the line of a serial device begins: its port, or else its number.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub fn line(&self) -> Result<Port, PortError> {
        Port::parse(if self.port.is_empty() { self.phone_number() } else { &self.port })
    }

    /// The VPN protocols to try, in order; none for other devices.
    pub const fn protocols(&self) -> &'static [VpnProtocol] {
        match self.device_type {
            DeviceType::Vpn => self.vpn_strategy.order(),
            DeviceType::Modem
            | DeviceType::Isdn
            | DeviceType::X25
            | DeviceType::Pad
            | DeviceType::Generic
            | DeviceType::Serial
            | DeviceType::FrameRelay
            | DeviceType::Atm
            | DeviceType::Sonet
            | DeviceType::Sw56
            | DeviceType::Irda
            | DeviceType::Parallel
            | DeviceType::PppoE
            | DeviceType::RasTapi => &[],
        }
    }
}

const DEFAULT_REDIAL_ATTEMPTS: u32 = 3;
const DEFAULT_REDIAL_PAUSE: Duration = Duration::from_secs(60);
