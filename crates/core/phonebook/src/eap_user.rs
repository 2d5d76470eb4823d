//! Who the user is to an entry's EAP method, in the octets that RasGetEapUserIdentity gives out and RasDial
//! takes back (`pbEapInfo`). Programs keep and carry them, so there is no secret in them: they name the saved
//! password and the files of a certificate instead of having them inside.
//!
//! | octets | what |
//! |---|---|
//! | 4 | `OHEU` |
//! | 1 | version: 1 |
//! | 1 | flags: 1, the password is the saved one |
//! | 4 | CRC-32 of all that follows (ITU-T V.42 §8.1.1.6.2), the low octet first |
//! | … | five texts: entry, user, domain, file of the certificate, file of its key |
//!
//! A text is its length in octets (16 bits, the low octet first) and UTF-8; a length of zero says that there is
//! none. Nothing follows the last one.

use onhook_model::RasCode;

use crate::keyring::MAX_KEPT_TEXT;

/// The most octets that an identity has.
pub const MAX_EAP_IDENTITY: usize = HEAD + TEXTS * (2 + MAX_KEPT_TEXT);

const MAGIC: &[u8; 4] = b"OHEU";
const VERSION: u8 = 1;
const SAVED_PASSWORD: u8 = 1;
const HEAD: usize = 10;
const TEXTS: usize = 5;

/// Who the user is to an entry's EAP method, and by what it is proved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EapUser {
    /// The entry that this is for.
    pub entry: String,
    /// The user's name; may be empty where a certificate says who it is.
    pub user: String,
    /// The domain; empty leaves it to the server.
    pub domain: String,
    /// The password that is saved for the entry proves it.
    pub saved_password: bool,
    /// The file of the user's certificate (PEM or PKCS#12).
    pub certificate_file: Option<String>,
    /// The file of its key, where that is another one.
    pub key_file: Option<String>,
}

/// Why octets are no identity, without a word of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EapUserError {
    /// Somebody else has made them.
    #[error("the octets are not from RasGetEapUserIdentity")]
    Foreign,
    /// A later version of the program has made them.
    #[error("the octets have version {0}, which this program does not know")]
    Version(u8),
    /// They are not as they were made.
    #[error("the octets from RasGetEapUserIdentity are damaged")]
    Damaged,
    /// They name nobody, or what cannot be told in a text.
    #[error("they name no entry and user, or by more than {MAX_KEPT_TEXT} octets each")]
    Senseless,
}

impl EapUserError {
    /// The RAS number that says it best.
    pub const fn code(self) -> RasCode {
        RasCode::INVALID_PARAMETER
    }
}

impl EapUser {
    /// Reads the octets.
    ///
    /// # Errors
    ///
    /// They are not ours, of another version, damaged, or name nobody.
    pub fn parse(octets: &[u8]) -> Result<Self, EapUserError> {
        let rest = octets.strip_prefix(MAGIC).ok_or(EapUserError::Foreign)?;
        let (&version, rest) = rest.split_first().ok_or(EapUserError::Damaged)?;
        if version != VERSION {
            return Err(EapUserError::Version(version));
        }
        let (&flags, rest) = rest.split_first().ok_or(EapUserError::Damaged)?;
        let (check, mut rest) = rest.split_first_chunk::<4>().ok_or(EapUserError::Damaged)?;
        if flags & !SAVED_PASSWORD != 0 || u32::from_le_bytes(*check) != crc32(rest) {
            return Err(EapUserError::Damaged);
        }
        let mut text = || {
            let (length, behind) = rest.split_first_chunk::<2>()?;
            let length = usize::from(u16::from_le_bytes(*length));
            let (text, behind) = behind.split_at_checked(length)?;
            rest = behind;
            std::str::from_utf8(text).ok().map(str::to_owned)
        };
        let mut next = || text().ok_or(EapUserError::Damaged);
        let found = Self {
            entry: next()?,
            user: next()?,
            domain: next()?,
            saved_password: flags & SAVED_PASSWORD != 0,
            certificate_file: Some(next()?).filter(|file| !file.is_empty()),
            key_file: Some(next()?).filter(|file| !file.is_empty()),
        };
        if !rest.is_empty() {
            return Err(EapUserError::Damaged);
        }
        if found.makes_sense() { Ok(found) } else { Err(EapUserError::Senseless) }
    }

    /// The octets.
    ///
    /// # Errors
    ///
    /// It names nobody, or by too long a text.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EapUserError> {
        if !self.makes_sense() {
            return Err(EapUserError::Senseless);
        }
        let mut texts = Vec::new();
        for text in self.texts() {
            let length = u16::try_from(text.len()).map_err(|_| EapUserError::Senseless)?;
            texts.extend_from_slice(&length.to_le_bytes());
            texts.extend_from_slice(text.as_bytes());
        }
        let flags = if self.saved_password { SAVED_PASSWORD } else { 0 };
        let mut octets = MAGIC.to_vec();
        octets.extend_from_slice(&[VERSION, flags]);
        octets.extend_from_slice(&crc32(&texts).to_le_bytes());
        octets.extend_from_slice(&texts);
        Ok(octets)
    }

    fn texts(&self) -> [&str; TEXTS] {
        [
            &self.entry,
            &self.user,
            &self.domain,
            self.certificate_file.as_deref().unwrap_or_default(),
            self.key_file.as_deref().unwrap_or_default(),
        ]
    }

    fn makes_sense(&self) -> bool {
        let is_told = |text: &str| text.len() <= MAX_KEPT_TEXT && !text.contains('\0');
        let is_somebody = !self.user.is_empty() || self.certificate_file.is_some();
        let has_key_alone = self.key_file.is_some() && self.certificate_file.is_none();
        let is_empty = |file: &Option<String>| file.as_ref().is_some_and(String::is_empty);
        !self.entry.is_empty()
            && is_somebody
            && !has_key_alone
            && !is_empty(&self.certificate_file)
            && !is_empty(&self.key_file)
            && self.texts().into_iter().all(is_told)
    }
}

/// The check of ITU-T V.42 §8.1.1.6.2, bit by bit: identities are short and rare.
fn crc32(octets: &[u8]) -> u32 {
    let mut check = u32::MAX;
    for octet in octets {
        check ^= u32::from(*octet);
        for _ in 0..8 {
            check = check >> 1 ^ if check & 1 == 1 { 0xEDB8_8320 } else { 0 };
        }
    }
    !check
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alice() -> EapUser {
        EapUser {
            entry: "Büro".into(),
            user: "alice".into(),
            domain: "WONDER".into(),
            saved_password: true,
            ..EapUser::default()
        }
    }

    #[test]
    fn the_check_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn the_octets_are_as_they_are_written_down() {
        let user = EapUser { entry: "a".into(), user: "b".into(), ..EapUser::default() };
        let octets = user.to_bytes().unwrap();
        assert_eq!(octets[..6], *b"OHEU\x01\x00");
        assert_eq!(octets[6..10], crc32(&octets[10..]).to_le_bytes());
        assert_eq!(octets[10..], *b"\x01\0a\x01\0b\0\0\0\0\0\0");
    }

    #[test]
    fn what_is_not_ours_is_refused_by_what_is_the_matter() {
        let good = alice().to_bytes().unwrap();
        assert_eq!(EapUser::parse(&good), Ok(alice()));
        assert_eq!(EapUser::parse(b""), Err(EapUserError::Foreign));
        assert_eq!(EapUser::parse(b"something of another method"), Err(EapUserError::Foreign));
        assert_eq!(EapUser::parse(b"OHEU"), Err(EapUserError::Damaged));
        assert_eq!(EapUser::parse(b"OHEU\x02"), Err(EapUserError::Version(2)));
        for cut in 5..good.len() {
            assert_eq!(EapUser::parse(&good[..cut]), Err(EapUserError::Damaged), "{cut}");
        }
        for at in 5..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            assert_eq!(EapUser::parse(&bad), Err(EapUserError::Damaged), "{at}");
        }
        let longer = [&good[..], b"\0"].concat();
        assert_eq!(EapUser::parse(&longer), Err(EapUserError::Damaged));
        assert_eq!(EapUserError::Damaged.code().number(), 87);
    }

    #[test]
    fn an_identity_names_somebody() {
        let nobody = EapUser { user: String::new(), ..alice() };
        let entry = EapUser { entry: String::new(), ..alice() };
        let key_alone = EapUser { key_file: Some("k".into()), ..alice() };
        let null = EapUser { domain: "a\0b".into(), ..alice() };
        let long = EapUser { user: "x".repeat(MAX_KEPT_TEXT + 1), ..alice() };
        for senseless in [nobody.clone(), entry, key_alone, null, long] {
            assert_eq!(senseless.to_bytes(), Err(EapUserError::Senseless), "{senseless:?}");
        }
        let certified = EapUser { certificate_file: Some("c".into()), ..nobody };
        assert_eq!(EapUser::parse(&certified.to_bytes().unwrap()), Ok(certified));
        let most = "x".repeat(MAX_KEPT_TEXT);
        let file = Some(most.clone());
        let most = EapUser {
            entry: most.clone(),
            user: most.clone(),
            domain: most,
            saved_password: true,
            certificate_file: file.clone(),
            key_file: file,
        };
        assert_eq!(most.to_bytes().unwrap().len(), MAX_EAP_IDENTITY);
    }

    proptest! {
        #[test]
        fn every_identity_comes_back(
            entry in "[^\0]{1,40}", user in "[^\0]{1,40}", domain in "[^\0]{0,40}",
            saved_password: bool, certificate in proptest::option::of("[^\0]{1,40}"),
        ) {
            let user = EapUser {
                entry, user, domain, saved_password, certificate_file: certificate, key_file: None,
            };
            prop_assert_eq!(EapUser::parse(&user.to_bytes().unwrap()), Ok(user));
        }

        #[test]
        fn octets_that_are_taken_are_written_alike(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
            // The check is set right, or nothing would ever be taken.
            let body = crc32(&octets).to_le_bytes();
            let whole = [&b"OHEU\x01\x01"[..], &body, &octets].concat();
            if let Ok(user) = EapUser::parse(&whole) {
                prop_assert_eq!(user.to_bytes().unwrap(), whole);
            }
        }
    }
}
