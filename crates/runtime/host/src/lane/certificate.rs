//! What a certificate says of itself, for the sentence that tells why it was not believed.
//!
//! Nothing is decided here: verification is rustls' and webpki's. This reads subject, issuer and
//! dates out of the DER form, as far as they can be read, and never fails: a stranger's certificate
//! that cannot be read is simply called so.

use onhook_base::{Malformed, Reader};
use onhook_effect::CertificateFacts;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha1::Digest as _;

/// The most characters of a stranger's name that are shown.
const MAX_SHOWN: usize = 120;

/// The hashes by which a certificate is pinned and bound.
pub fn certificate_facts(der: &[u8]) -> CertificateFacts {
    CertificateFacts {
        sha1: sha1::Sha1::digest(der).into(),
        sha256: sha2::Sha256::digest(der).into(),
    }
}

/// What could be read of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    /// From when and until when, in seconds since 1970.
    pub(crate) validity: Option<(u64, u64)>,
    pub(crate) sha256: [u8; 32],
}

impl Described {
    /// Reads `der` as far as it can be read.
    pub(crate) fn of(der: &[u8]) -> Self {
        let sha256 = certificate_facts(der).sha256;
        match read(der) {
            Ok((subject, issuer, validity)) => Self { subject, issuer, validity, sha256 },
            Err(_) => Self {
                subject: "unreadable".to_owned(),
                issuer: "unreadable".to_owned(),
                validity: None,
                sha256,
            },
        }
    }
}

impl std::fmt::Display for Described {
    /// One clause that names the certificate so that a person may pin it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "subject {}; issuer {}; SHA-256 {}", self.subject, self.issuer, hex(&self.sha256))
    }
}

/// The names that a certificate bears: common names, then those of its Subject Alternative Name that are
/// texts (RFC 5280 §4.2.1.6), and Microsoft's user principal name. At most 32; none of them empty.
pub(crate) fn names(der: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    if let Err(malformed) = collect_names(der, &mut found) {
        // What could be read before that is kept.
        tracing::debug!(target: "host", %malformed, "a certificate's names");
    }
    let mut names: Vec<String> = Vec::new();
    for name in found.into_iter().filter(|name| !name.is_empty()).take(MOST_NAMES) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The names of the first certificate in a PEM text; none when there is no certificate in it.
pub fn certificate_names(pem: &str) -> Vec<String> {
    let first = CertificateDer::pem_slice_iter(pem.as_bytes()).next();
    first.and_then(Result::ok).map(|leaf| names(&leaf)).unwrap_or_default()
}

/// Names of one certificate that are looked at.
const MOST_NAMES: usize = 32;

fn collect_names(der: &[u8], found: &mut Vec<String>) -> Result<(), Malformed> {
    let text = |octets: &[u8]| harmless(&String::from_utf8_lossy(octets));
    let mut certificate = Reader::new(expect(&mut Reader::new(der), SEQUENCE)?);
    let mut tbs = Reader::new(expect(&mut certificate, SEQUENCE)?);
    if tbs.peek_rest().first() == Some(&VERSION) {
        element(&mut tbs)?;
    }
    for _ in ["serial number", "signature algorithm", "issuer", "validity"] {
        element(&mut tbs)?;
    }
    let mut subject = Reader::new(expect(&mut tbs, SEQUENCE)?);
    while !subject.is_empty() {
        let mut set = Reader::new(expect(&mut subject, SET)?);
        while !set.is_empty() {
            let mut pair = Reader::new(expect(&mut set, SEQUENCE)?);
            let is_common_name = expect(&mut pair, OBJECT)? == [0x55, 0x04, 0x03];
            let (_, value) = element(&mut pair)?;
            if is_common_name {
                found.push(text(value));
            }
        }
    }
    while !tbs.is_empty() {
        let (tag, content) = element(&mut tbs)?;
        if tag != EXTENSIONS {
            continue;
        }
        let mut extensions = Reader::new(expect(&mut Reader::new(content), SEQUENCE)?);
        while !extensions.is_empty() {
            let mut extension = Reader::new(expect(&mut extensions, SEQUENCE)?);
            if expect(&mut extension, OBJECT)? != [0x55, 0x1D, 0x11] {
                continue;
            }
            let (tag, mut value) = element(&mut extension)?;
            if tag != OCTETS {
                (_, value) = element(&mut extension)?; // after “critical”
            }
            let mut general = Reader::new(expect(&mut Reader::new(value), SEQUENCE)?);
            while !general.is_empty() {
                match element(&mut general)? {
                    (RFC822_NAME | DNS_NAME, name) => found.push(text(name)),
                    (OTHER_NAME, other) => found.extend(principal_name(other)),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

/// The value of Microsoft's user principal name (1.3.6.1.4.1.311.20.2.3).
fn principal_name(other: &[u8]) -> Option<String> {
    let mut r = Reader::new(other);
    let is_it = expect(&mut r, OBJECT).ok()? == [0x2B, 6, 1, 4, 1, 0x82, 0x37, 0x14, 2, 3];
    let (_, wrapped) = element(&mut r).ok()?;
    let (_, value) = element(&mut Reader::new(wrapped)).ok()?;
    is_it.then(|| harmless(&String::from_utf8_lossy(value)))
}

/// Lower-case hexadecimal digits without separators.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A stranger's text without what could move a terminal's cursor, and of bounded length.
pub(crate) fn harmless(text: &str) -> String {
    let shown = text.chars().map(|c| if c.is_control() { '?' } else { c });
    let mut harmless: String = shown.take(MAX_SHOWN).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        harmless.push('…');
    }
    harmless
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xA0;
const OBJECT: u8 = 0x06;
const OCTETS: u8 = 0x04;
const EXTENSIONS: u8 = 0xA3;
const OTHER_NAME: u8 = 0xA0;
const RFC822_NAME: u8 = 0x81;
const DNS_NAME: u8 = 0x82;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

type Read = (String, String, Option<(u64, u64)>);

/// Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { … }, … } (RFC 5280 §4.1).
fn read(der: &[u8]) -> Result<Read, Malformed> {
    let mut certificate = Reader::new(expect(&mut Reader::new(der), SEQUENCE)?);
    let mut tbs = Reader::new(expect(&mut certificate, SEQUENCE)?);
    if tbs.peek_rest().first() == Some(&VERSION) {
        element(&mut tbs)?;
    }
    element(&mut tbs)?; // serial number
    element(&mut tbs)?; // signature algorithm
    let issuer = name(expect(&mut tbs, SEQUENCE)?)?;
    let validity = validity(expect(&mut tbs, SEQUENCE)?);
    let subject = name(expect(&mut tbs, SEQUENCE)?)?;
    Ok((subject, issuer, validity))
}

/// One element: its tag and its content.
fn element<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), Malformed> {
    let tag = reader.u8()?;
    let length = match reader.u8()? {
        short @ 0..=0x7F => usize::from(short),
        0x81 => usize::from(reader.u8()?),
        0x82 => usize::from(reader.u16()?),
        0x83 => usize::from(reader.u8()?) << 16 | usize::from(reader.u16()?),
        _ => return Err(Malformed::BadLength),
    };
    Ok((tag, reader.take(length)?))
}

fn expect<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<&'a [u8], Malformed> {
    match element(reader)? {
        (found, content) if found == tag => Ok(content),
        _ => Err(Malformed::Forbidden),
    }
}

/// A distinguished name as `CN=…, O=…`; kinds that nobody shows are left out.
fn name(content: &[u8]) -> Result<String, Malformed> {
    let mut parts = Vec::new();
    let mut name = Reader::new(content);
    while !name.is_empty() {
        let mut set = Reader::new(expect(&mut name, SET)?);
        while !set.is_empty() {
            let mut pair = Reader::new(expect(&mut set, SEQUENCE)?);
            let kind = expect(&mut pair, OBJECT)?;
            let (_, value) = element(&mut pair)?;
            let label = match kind {
                [0x55, 0x04, 0x03] => "CN",
                [0x55, 0x04, 0x0A] => "O",
                [0x55, 0x04, 0x0B] => "OU",
                [0x55, 0x04, 0x06] => "C",
                _ => continue,
            };
            parts.push(format!("{label}={}", harmless(&String::from_utf8_lossy(value))));
        }
    }
    if parts.is_empty() {
        return Ok("(no name)".to_owned());
    }
    parts.sort_by_key(|part| !part.starts_with("CN="));
    Ok(harmless(&parts.join(", ")))
}

fn validity(content: &[u8]) -> Option<(u64, u64)> {
    let mut reader = Reader::new(content);
    let from = time(element(&mut reader).ok()?)?;
    let until = time(element(&mut reader).ok()?)?;
    Some((from, until))
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ` (RFC 5280 §4.1.2.5) in seconds since 1970.
fn time((tag, text): (u8, &[u8])) -> Option<u64> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |n, d| n * 10 + u64::from(d - b'0'));
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year = number(year);
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (number(year), rest)
        }
        _ => return None,
    };
    let mut fields = rest.chunks_exact(2).map(number);
    let (month, day) = (fields.next()?, fields.next()?);
    let (hour, minute, second) = (fields.next()?, fields.next()?, fields.next()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days_since_1970(year, month, day)?;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days from 1970-01-01 in the Gregorian calendar; `None` before it.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    // Counting years from March puts the leap day last.
    let (year, month) =
        if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let before = year * 365 + year / 4 - year / 100 + year / 400;
    (before + (month * 153 + 2) / 5 + day - 1).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_certificate_tells_its_names_and_dates() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "a\u{1b}[2J.example");
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "Example");
        params.not_before = rcgen::date_time_ymd(2020, 2, 29);
        params.not_after = rcgen::date_time_ymd(2051, 3, 1);
        let certificate = params.self_signed(&key).unwrap();
        let described = Described::of(certificate.der());
        assert_eq!(described.subject, "CN=a?[2J.example, O=Example");
        assert_eq!(described.issuer, described.subject);
        assert_eq!(described.validity, Some((1_582_934_400, 2_561_241_600)));
        assert!(described.to_string().contains(&hex(&described.sha256)));
    }

    #[test]
    fn every_name_of_a_person_is_found() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "alice");
        let mail = rcgen::SanType::Rfc822Name("alice@example.net".try_into().unwrap());
        params.subject_alt_names.push(mail);
        let oid = vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3];
        let principal = rcgen::SanType::OtherName((oid, "alice@corp.example".into()));
        params.subject_alt_names.push(principal);
        let certificate = params.self_signed(&key).unwrap();
        let all = ["alice", "a.example", "alice@example.net", "alice@corp.example"];
        assert_eq!(names(certificate.der()), all);
        assert_eq!(names(&certificate.der()[..20]), Vec::<String>::new());
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(harmless(&"x".repeat(500)).chars().count(), MAX_SHOWN + 1);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_fail(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let described = Described::of(&bytes);
            prop_assert_eq!(described.sha256, certificate_facts(&bytes).sha256);
        }

        #[test]
        fn no_damage_to_a_certificate_makes_the_reader_fail(at in 0_usize..300, to in any::<u8>()) {
            let key = rcgen::KeyPair::generate().unwrap();
            let params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
            let mut der = params.self_signed(&key).unwrap().der().to_vec();
            if let Some(byte) = der.get_mut(at) {
                *byte = to;
            }
            Described::of(&der);
            Described::of(&der[..at.min(der.len())]);
            prop_assert!(names(&der).len() <= MOST_NAMES);
        }
    }
}
