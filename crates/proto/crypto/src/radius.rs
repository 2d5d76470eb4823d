//! How RADIUS proves, hides and salts with a secret that both ends share (RFC 2865, RFC 2869, RFC 2548).
//! MD5 throughout: it protects on a way that is safe by itself, and nowhere else.

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Octets of a hidden password at most (RFC 2865 §5.2).
const LONGEST_PASSWORD: usize = 128;

/// MD5 over the parts of a packet and the secret behind them: the authenticators of answers
/// (RFC 2865 §3), and of requests that have nothing else to prove themselves by (RFC 2866 §3).
pub fn authenticator(parts: &[&[u8]], secret: &[u8]) -> [u8; 16] {
    let digest = parts.iter().fold(Md5::new(), |digest, part| digest.chain_update(part));
    digest.chain_update(secret).finalize().into()
}

/// HMAC-MD5 over the parts of a packet: Message-Authenticator (RFC 2869 §5.14).
pub fn message_authenticator(parts: &[&[u8]], secret: &[u8]) -> [u8; 16] {
    let Ok(mac) = Hmac::<Md5>::new_from_slice(secret) else { return [0; 16] };
    let mac = parts.iter().fold(mac, |mac, part| mac.chain_update(part));
    mac.finalize().into_bytes().into()
}

/// Whether two proofs are the same, in a time that does not depend on where they differ.
pub fn same(one: &[u8; 16], other: &[u8; 16]) -> bool {
    one.ct_eq(other).into()
}

/// Hides a password (RFC 2865 §5.2): sixteen to 128 octets, a multiple of sixteen. What is longer is cut.
pub fn hide_password(secret: &[u8], authenticator: &[u8; 16], password: &[u8]) -> Vec<u8> {
    let kept = password.get(..LONGEST_PASSWORD).unwrap_or(password);
    let mut plain = Zeroizing::new(Vec::with_capacity(LONGEST_PASSWORD));
    plain.extend_from_slice(kept);
    plain.resize(kept.len().max(1).next_multiple_of(16), 0);
    cover(secret, &[authenticator], &plain)
}

/// Hides a key as a server does (RFC 2548 §2.4.2): its length before it, zeros behind. `salt` begins with
/// a set bit and is used once.
pub fn hide_key(secret: &[u8], authenticator: &[u8; 16], salt: [u8; 2], key: &[u8]) -> Vec<u8> {
    let mut plain = Zeroizing::new(Vec::with_capacity(256));
    plain.push(u8::try_from(key.len()).unwrap_or(u8::MAX));
    plain.extend_from_slice(key.get(..255).unwrap_or(key));
    let padded = plain.len().next_multiple_of(16);
    plain.resize(padded, 0);
    cover(secret, &[authenticator, &salt], &plain)
}

/// Uncovers a key that a server has hidden (RFC 2548 §2.4.2); `None` when its length is wrong, as it is
/// with another secret in most cases.
pub fn uncover_key(
    secret: &[u8],
    authenticator: &[u8; 16],
    salt: [u8; 2],
    hidden: &[u8],
) -> Option<Vec<u8>> {
    let plain = uncover(secret, &[authenticator, &salt], hidden)?;
    let (length, rest) = plain.split_first()?;
    rest.get(..usize::from(*length)).map(<[u8]>::to_vec)
}

/// Uncovers what was hidden as a password is, whole sixteens with their padding: a password, or the keys of
/// MS-CHAP version 1 (RFC 2548 §2.4.1). `None` when there are no whole sixteens.
pub fn uncover_padded(
    secret: &[u8],
    authenticator: &[u8; 16],
    hidden: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    uncover(secret, &[authenticator], hidden)
}

fn uncover(secret: &[u8], begin: &[&[u8]], hidden: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if hidden.is_empty() || !hidden.len().is_multiple_of(16) {
        return None;
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(hidden.len()));
    let mut digest = begin
        .iter()
        .fold(Md5::new().chain_update(secret), |digest, part| digest.chain_update(part));
    for piece in hidden.chunks(16) {
        let mask = digest.finalize();
        plain.extend(piece.iter().zip(mask).map(|(octet, mask)| octet ^ mask));
        digest = Md5::new().chain_update(secret).chain_update(piece);
    }
    Some(plain)
}

/// Each sixteen octets are mixed with a digest of the secret and the covered sixteen before, the first
/// with one of the secret and `begin`.
fn cover(secret: &[u8], begin: &[&[u8]], plain: &[u8]) -> Vec<u8> {
    let mut covered = Vec::with_capacity(plain.len());
    let mut digest = begin
        .iter()
        .fold(Md5::new().chain_update(secret), |digest, part| digest.chain_update(part));
    for piece in plain.chunks(16) {
        let mask = digest.finalize();
        let mixed: Vec<u8> = piece.iter().zip(mask).map(|(octet, mask)| octet ^ mask).collect();
        digest = Md5::new().chain_update(secret).chain_update(&mixed);
        covered.extend(mixed);
    }
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_hidden_is_uncovered() {
        let (secret, authenticator) = (b"xyzzy5461", [7; 16]);
        for length in [0, 1, 15, 16, 32, 64] {
            let key: Vec<u8> = (0..length).collect();
            let hidden = hide_key(secret, &authenticator, [0x80, 1], &key);
            assert_eq!(uncover_key(secret, &authenticator, [0x80, 1], &hidden), Some(key.clone()));
            assert_ne!(uncover_key(b"other", &authenticator, [0x80, 1], &hidden), Some(key));
        }
        assert_eq!(uncover_key(secret, &authenticator, [0x80, 1], &[]), None);
        assert_eq!(uncover_key(secret, &authenticator, [0x80, 1], &[1; 17]), None);
    }

    #[test]
    fn a_password_is_padded_and_cut() {
        let hidden = |length| hide_password(b"s", &[0; 16], &vec![b'p'; length]).len();
        assert_eq!([0, 1, 16, 17, 128, 500].map(hidden), [16, 16, 16, 32, 128, 128]);
        let keys: Vec<u8> = (0..24).collect();
        let uncovered = uncover_padded(b"s", &[5; 16], &hide_password(b"s", &[5; 16], &keys));
        assert_eq!(*uncovered.unwrap(), [&keys[..], &[0; 8]].concat());
        assert_eq!(uncover_padded(b"s", &[5; 16], &[1; 17]), None);
    }
}
