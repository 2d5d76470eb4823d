//! What cannot work in an entry.
//!
//! A book may be written by hand, by scripts, by other systems. What is out of range in the file is
//! the phone book's to notice; here is judged what an entry *means*, wherever it comes from, so that
//! the manager can refuse one that reached it by another way too.

use super::number::parse_host;
use super::{DeviceType, Entry, ServerError, Trust, parse_server};
use crate::RasCode;

/// Something in an entry that cannot work as it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The name has no character that is not blank, begins with a blank or ends with one.
    #[error("the entry's name must not be empty, nor begin or end with a blank")]
    NameEmpty,
    /// The name is too long.
    #[error("the entry's name has {0} characters; at most {max} are allowed", max = EntryLimits::NAME_CHARS)]
    NameTooLong(usize),
    /// A text holds a character that ends a line or cannot be shown.
    #[error("{key} holds a control character")]
    ControlCharacter {
        /// Which key of the book.
        key: &'static str,
    },
    /// A text is too long.
    #[error("{key} has {len} octets; at most {max} are allowed")]
    TooLong {
        /// Which key of the book.
        key: &'static str,
        /// How long it is.
        len: usize,
        /// How long it may be.
        max: usize,
    },
    /// A list is too long.
    #[error("{key} has {len} members; at most {max} are allowed")]
    TooMany {
        /// Which key of the book.
        key: &'static str,
        /// How many there are.
        len: usize,
        /// How many there may be.
        max: usize,
    },
    /// There is nothing to dial.
    #[error("there is no number to dial")]
    NumberMissing,
    /// A number of a VPN entry names no server.
    #[error("number {index}: {error}")]
    NumberBad {
        /// Which number, counted from 1.
        index: usize,
        /// What is wrong with it.
        error: ServerError,
    },
    /// No way of authenticating is allowed.
    #[error("no way of authenticating is allowed")]
    NoAuthentication,
    /// Neither IPv4 nor IPv6 is to be negotiated.
    #[error("both IPv4 and IPv6 are excluded")]
    NoNetwork,
    /// The file of root certificates has not been read, or holds none.
    #[error("the file of root certificates has not been read")]
    CaNotRead,
    /// The file of lists of revoked certificates has not been read, or holds none.
    #[error("the file of revoked certificates has not been read")]
    CrlNotRead,
    /// Lists of revoked certificates, and no roots of the entry's own.
    #[error("a list of revoked certificates counts only beside roots that the entry names itself")]
    CrlWithoutRoots,
    /// The TLS name cannot be one.
    #[error("the server's name for the certificate check: {0}")]
    ServerName(ServerError),
    /// The interface's name cannot be one.
    #[error(
        "{0:?} cannot be an interface's name: expected 1 to 15 octets, no blank, slash, colon or percent"
    )]
    InterfaceName(String),
    /// The namespace's name cannot be one.
    #[error("{0:?} cannot be a network namespace's name: a file name is expected")]
    Netns(String),
    /// A domain cannot be one.
    #[error("the domain {0:?} cannot be one")]
    DnsDomain(String),
    /// A number is out of its range.
    #[error("{key} is {value}; it must be from {min} to {max}")]
    OutOfRange {
        /// Which key of the book.
        key: &'static str,
        /// What it is.
        value: u64,
        /// The least that it may be.
        min: u64,
        /// The most that it may be.
        max: u64,
    },
    /// IPv6 is on, but its packets would not fit.
    #[error("IPv6 needs an MTU of at least 1280 (RFC 8200 §5), and the entry has {0}")]
    MtuTooSmallForIpv6(u16),
}

impl Problem {
    /// The RAS number that says it best.
    pub const fn code(&self) -> RasCode {
        match self {
            Self::NameEmpty | Self::NameTooLong(_) => RasCode::INVALID_NAME,
            Self::NumberMissing | Self::NumberBad { .. } => RasCode::BAD_PHONE_NUMBER,
            Self::CaNotRead | Self::CrlNotRead | Self::CrlWithoutRoots | Self::ServerName(_) => {
                RasCode::VPN_BAD_CERT
            }
            Self::ControlCharacter { .. }
            | Self::TooLong { .. }
            | Self::TooMany { .. }
            | Self::NoAuthentication
            | Self::NoNetwork
            | Self::InterfaceName(_)
            | Self::Netns(_)
            | Self::DnsDomain(_)
            | Self::OutOfRange { .. }
            | Self::MtuTooSmallForIpv6(_) => RasCode::CORRUPT_PHONEBOOK,
        }
    }
}

/// The limits of an entry's members.
#[derive(Clone, Copy, Debug)]
pub struct EntryLimits;

impl EntryLimits {
    /// Characters of a name (RAS_MaxEntryName).
    pub const NAME_CHARS: usize = 256;
    /// Octets of a name by number: the dot, and a host name with its port fit well.
    pub const NUMBER: usize = 512;
    /// Octets of any other text.
    pub const TEXT: usize = 4096;
    /// Octets of the root certificates, and of the lists of revoked ones with them.
    pub const CA_PEM: usize = 1 << 20;
    /// Numbers of an entry.
    pub const NUMBERS: usize = 64;
    /// Links of an entry behind its first.
    pub const FURTHER_LINKS: usize = 15;
    /// Routes of an entry.
    pub const ROUTES: usize = 1024;
    /// Domains of an entry.
    pub const DNS_DOMAINS: usize = 64;
    /// Own name servers of one family: a book has place for two.
    pub const DNS: usize = 2;
    /// Least and largest packet.
    pub const MTU: std::ops::RangeInclusive<u16> = 576..=9000;
    /// Seconds between two echoes.
    pub const ECHO_SECONDS: std::ops::RangeInclusive<u64> = 1..=3600;
    /// Unanswered echoes.
    pub const ECHO_FAILURES: std::ops::RangeInclusive<u64> = 1..=100;
    /// Milliseconds that a hang-up may take.
    pub const HANGUP_BUDGET_MS: std::ops::RangeInclusive<u64> = 0..=60_000;
    /// More dials after a failed one.
    pub const REDIAL_ATTEMPTS: std::ops::RangeInclusive<u64> = 0..=99;
    /// Shares of traffic with which links come and go, in percent.
    pub const LOAD_PERCENT: std::ops::RangeInclusive<u64> = 0..=100;
    /// For how many seconds it is above or below them.
    pub const LOAD_SECONDS: std::ops::RangeInclusive<u64> = 0..=3600;
    /// Seconds between two of them.
    pub const REDIAL_SECONDS: std::ops::RangeInclusive<u64> = 1..=600;
}

impl Entry {
    /// Everything in it that cannot work; empty when it can be dialed.
    ///
    /// To be asked after [`Trust::CaPem`] has been filled: an empty one is a problem.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        self.check_name(&mut found);
        self.check_texts(&mut found);
        self.check_numbers(&mut found);
        self.check_network(&mut found);
        self.check_ranges(&mut found);
        if self.auth.is_empty() {
            found.push(Problem::NoAuthentication);
        }
        found
    }

    fn check_name(&self, found: &mut Vec<Problem>) {
        if self.name.is_empty() || self.name.trim() != self.name {
            found.push(Problem::NameEmpty);
        }
        let chars = self.name.chars().count();
        let max = if self.is_by_number() { EntryLimits::NUMBER } else { EntryLimits::NAME_CHARS };
        if chars > max {
            found.push(Problem::NameTooLong(chars));
        }
    }

    fn check_texts(&self, found: &mut Vec<Problem>) {
        let optional = [
            ("OnhookCaFile", &self.ca_file),
            ("OnhookCrlFile", &self.crl_file),
            ("OnhookCertificateFile", &self.certificate_file),
            ("OnhookKeyFile", &self.key_file),
            ("OnhookServerName", &self.server_name),
            ("OnhookInterfaceName", &self.interface_name),
            ("OnhookNetns", &self.netns),
            ("OnhookUser", &self.user),
            ("OnhookDomain", &self.domain),
            ("IpDnsSuffix", &self.dns_suffix),
        ];
        let always = [("[name]", &self.name), ("Device", &self.device_name), ("Port", &self.port)];
        let optional = optional.iter().filter_map(|(key, text)| Some((*key, text.as_ref()?)));
        let numbers = self.phone_numbers.iter().map(|number| ("PhoneNumber", number));
        let further = self.further_links.iter().flat_map(|link| {
            let numbers = link.phone_numbers.iter().map(|number| ("PhoneNumber", number));
            [("Device", &link.device_name), ("Port", &link.port)].into_iter().chain(numbers)
        });
        let domains = self.dns_domains.iter().map(|domain| ("OnhookDnsDomains", domain));
        for (key, text) in
            always.into_iter().chain(optional).chain(numbers).chain(further).chain(domains)
        {
            if text.chars().any(char::is_control) {
                found.push(Problem::ControlCharacter { key });
            }
            check_len(found, key, text.len(), EntryLimits::TEXT);
        }
        if let Trust::CaPem(pem) = &self.trust {
            if pem.trim().is_empty() {
                found.push(Problem::CaNotRead);
            } else if self.crl_file.is_some() && !pem.contains("-----BEGIN X509 CRL-----") {
                found.push(Problem::CrlNotRead);
            }
            check_len(found, "OnhookCaFile", pem.len(), EntryLimits::CA_PEM);
        } else if self.crl_file.is_some() {
            // Whoever names one wants it to be heeded.
            found.push(Problem::CrlWithoutRoots);
        }
    }

    fn check_numbers(&self, found: &mut Vec<Problem>) {
        check_count(found, "PhoneNumber", self.phone_numbers.len(), EntryLimits::NUMBERS);
        check_count(found, "MEDIA", self.further_links.len(), EntryLimits::FURTHER_LINKS);
        for link in &self.further_links {
            check_count(found, "PhoneNumber", link.phone_numbers.len(), EntryLimits::NUMBERS);
        }
        if self.device_type.needs_number() && self.phone_number().trim().is_empty() {
            found.push(Problem::NumberMissing);
            return;
        }
        if self.device_type != DeviceType::Vpn {
            return;
        }
        for (number, index) in self.phone_numbers.iter().zip(1..) {
            if let Err(error) = parse_server(number) {
                found.push(Problem::NumberBad { index, error });
            }
        }
        if let Some(name) = &self.server_name
            && let Err(error) = parse_host_or_address(name)
        {
            found.push(Problem::ServerName(error));
        }
    }

    fn check_network(&self, found: &mut Vec<Problem>) {
        if !self.ipv4.enabled && !self.ipv6.enabled {
            found.push(Problem::NoNetwork);
        }
        check_count(found, "IpDnsAddress", self.ipv4.dns.len(), EntryLimits::DNS);
        check_count(found, "Ipv6DnsAddress", self.ipv6.dns.len(), EntryLimits::DNS);
        check_count(found, "OnhookRoutes", self.routes.len(), EntryLimits::ROUTES);
        check_count(found, "OnhookDnsDomains", self.dns_domains.len(), EntryLimits::DNS_DOMAINS);
        if let Some(name) = &self.interface_name
            && !is_interface_name(name)
        {
            found.push(Problem::InterfaceName(name.clone()));
        }
        if let Some(name) = &self.netns
            && !is_file_name(name)
        {
            found.push(Problem::Netns(name.clone()));
        }
        for domain in self.dns_domains.iter().chain(&self.dns_suffix) {
            if parse_host(domain).is_err() {
                found.push(Problem::DnsDomain(domain.clone()));
            }
        }
    }

    fn check_ranges(&self, found: &mut Vec<Problem>) {
        if let Some(mtu) = self.mtu {
            let (min, max) = (*EntryLimits::MTU.start(), *EntryLimits::MTU.end());
            check_range(found, "OnhookMtu", mtu.into(), &(min.into()..=max.into()));
            if self.ipv6.enabled && EntryLimits::MTU.contains(&mtu) && mtu < LEAST_IPV6_MTU {
                found.push(Problem::MtuTooSmallForIpv6(mtu));
            }
        }
        if let Some(every) = self.echo_interval {
            check_range(found, "OnhookEchoSeconds", every.as_secs(), &EntryLimits::ECHO_SECONDS);
        }
        if let Some(misses) = self.echo_failures {
            let range = EntryLimits::ECHO_FAILURES;
            check_range(found, "OnhookEchoFailures", misses.into(), &range);
        }
        if let Some(budget) = self.hangup_budget {
            let ms = u64::try_from(budget.as_millis()).unwrap_or(u64::MAX);
            check_range(found, "OnhookHangupBudgetMs", ms, &EntryLimits::HANGUP_BUDGET_MS);
        }
        for (keys, share) in [
            (["DialPercent", "DialSeconds"], self.more_links),
            (["HangUpPercent", "HangUpSeconds"], self.fewer_links),
        ] {
            let [percent, seconds] = keys;
            check_range(found, percent, share.percent.into(), &EntryLimits::LOAD_PERCENT);
            check_range(found, seconds, share.during.as_secs(), &EntryLimits::LOAD_SECONDS);
        }
        let attempts = self.redial_attempts.into();
        check_range(found, "RedialAttempts", attempts, &EntryLimits::REDIAL_ATTEMPTS);
        let pause = self.redial_pause.as_secs();
        check_range(found, "RedialSeconds", pause, &EntryLimits::REDIAL_SECONDS);
        if let Some(len) = self.ipv6.prefix_len {
            check_range(found, "Ipv6PrefixLength", len.into(), &(0..=128));
        }
    }
}

/// RFC 8200 §5.
const LEAST_IPV6_MTU: u16 = 1280;
/// IFNAMSIZ without the final NUL.
const MAX_INTERFACE_NAME: usize = 15;
/// NAME_MAX.
const MAX_FILE_NAME: usize = 255;

fn check_len(found: &mut Vec<Problem>, key: &'static str, len: usize, max: usize) {
    if len > max {
        found.push(Problem::TooLong { key, len, max });
    }
}

fn check_count(found: &mut Vec<Problem>, key: &'static str, len: usize, max: usize) {
    if len > max {
        found.push(Problem::TooMany { key, len, max });
    }
}

fn check_range(
    found: &mut Vec<Problem>,
    key: &'static str,
    value: u64,
    range: &std::ops::RangeInclusive<u64>,
) {
    if !range.contains(&value) {
        found.push(Problem::OutOfRange { key, value, min: *range.start(), max: *range.end() });
    }
}

fn parse_host_or_address(name: &str) -> Result<(), ServerError> {
    if name.parse::<std::net::IpAddr>().is_ok() {
        return Ok(());
    }
    parse_host(name).map(|_| ())
}

/// What Linux takes as an interface's name; `%` would make it a pattern.
fn is_interface_name(name: &str) -> bool {
    (1..=MAX_INTERFACE_NAME).contains(&name.len())
        && !matches!(name, "." | "..")
        && name.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'/' | b':' | b'%'))
}

fn is_file_name(name: &str) -> bool {
    (1..=MAX_FILE_NAME).contains(&name.len())
        && !matches!(name, "." | "..")
        && !name.contains(['/', '\0'])
}
