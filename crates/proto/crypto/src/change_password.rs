//! The bodies of the Change-Password packets: of MS-CHAP version 2 (RFC 2759 §7), and the second one of
//! MS-CHAP version 1 (RFC 2433 §9). Both begin alike: the new password, sealed by the old one's hash, and
//! the old one's hash, sealed by the new one's. What follows proves that the new one is known.
//!
//! The first of version 1 (RFC 2433 §8) is not spoken: it seals both hashes by the challenge, which
//! whoever listens has heard. Nor is anything made from the LAN Manager hash: those fields of the second are
//! zeros, and its flags say so.

use des::Des;
use des::cipher::{Array, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use zeroize::{Zeroize as _, Zeroizing};

use crate::mppe_keys::rc4;
use crate::mschap::{challenge_response, expand_key, nt_password_hash, nt_response};

/// The code of version 2's packet.
pub const CODE: u8 = 7;
/// Octets of its body: everything behind code, identifier and length.
pub const BODY_LEN: usize = 582;
/// The code of version 1's packet.
pub const CODE_OF_V1: u8 = 6;
/// Octets of its body: what is sealed by the LAN Manager hash stands behind what both have, and before two
/// responses and the flags.
pub const BODY_LEN_OF_V1: usize = 2 * SEALED + 2 * 24 + 2;
const BLOCK: usize = 512;
/// Octets of the sealed password.
pub const SEALED_PASSWORD: usize = BLOCK + 4;
/// The sealed password and the sealed hash.
const SEALED: usize = SEALED_PASSWORD + 16;
/// Where the peer's challenge begins: behind both.
const PROOF_AT: usize = SEALED;
/// Where version 1's NT-Response begins: behind the LAN Manager one.
const NT_AT_OF_V1: usize = 2 * SEALED + 24;
/// The flag of version 1: the NT-Response is the one to look at.
const USE_NT: u8 = 1;

/// What a changed password is built from.
#[derive(Clone, Copy)]
pub struct Change<'a> {
    /// The password that has expired.
    pub old: &'a str,
    /// The new one, of at most 256 UTF-16 units.
    pub new: &'a str,
    /// The name as it is sent.
    pub name: &'a [u8],
    /// The challenge of the failure that asked for the change.
    pub authenticator: &'a [u8; 16],
    /// Our own challenge.
    pub peer: &'a [u8; 16],
    /// Chance, to fill the block before the password.
    pub pad: &'a [u8; BLOCK],
}

/// Builds the body; `None` when the new password is longer than the form has room for.
pub fn build(change: &Change<'_>) -> Option<Zeroizing<Vec<u8>>> {
    let (mut body, mut new_hash) = seal(change.old, change.new, change.pad, BODY_LEN)?;
    body.extend_from_slice(change.peer);
    body.extend_from_slice(&[0; 8]);
    let response = nt_response(change.authenticator, change.peer, change.name, &new_hash);
    body.extend_from_slice(&response);
    body.extend_from_slice(&[0; 2]);
    new_hash.zeroize();
    Some(body)
}

/// Builds the body of MS-CHAP version 1, which answers `challenge`, that of the failure which asked for
/// the change, by the new password; `None` when that is longer than the form has room for. `pad` is chance.
pub fn build_of_v1(
    old: &str,
    new: &str,
    challenge: &[u8; 8],
    pad: &[u8; BLOCK],
) -> Option<Zeroizing<Vec<u8>>> {
    let (mut body, mut new_hash) = seal(old, new, pad, BODY_LEN_OF_V1)?;
    body.resize(NT_AT_OF_V1, 0);
    body.extend_from_slice(&challenge_response(challenge, &new_hash));
    body.extend_from_slice(&u16::from(USE_NT).to_be_bytes());
    new_hash.zeroize();
    Some(body)
}

/// What both bodies begin with, in room for `len` octets, and the hash of the new password.
fn seal(
    old: &str,
    new: &str,
    pad: &[u8; BLOCK],
    len: usize,
) -> Option<(Zeroizing<Vec<u8>>, [u8; 16])> {
    let utf16: Zeroizing<Vec<u8>> =
        Zeroizing::new(new.encode_utf16().flat_map(u16::to_le_bytes).collect());
    let pad_len = BLOCK.checked_sub(utf16.len())?;
    let mut old_hash = nt_password_hash(old);
    let new_hash = nt_password_hash(new);
    let mut body = Zeroizing::new(Vec::with_capacity(len));
    body.extend_from_slice(pad.get(..pad_len)?);
    body.extend_from_slice(&utf16);
    body.extend_from_slice(&u32::try_from(utf16.len()).ok()?.to_le_bytes());
    rc4(&old_hash, &mut body);
    body.extend_from_slice(&encrypt_hash(&old_hash, &new_hash));
    old_hash.zeroize();
    Some((body, new_hash))
}

/// Reads the new password out of a body, of either version, when it was built with the password of
/// `old_hash`.
pub fn open(body: &[u8], old_hash: &[u8; 16]) -> Option<Zeroizing<String>> {
    if !matches!(body.len(), BODY_LEN | BODY_LEN_OF_V1) {
        return None;
    }
    let (block, rest) = body.split_at_checked(BLOCK.checked_add(4)?)?;
    let mut block = Zeroizing::new(block.to_vec());
    rc4(old_hash, &mut block);
    let (text, length) = block.split_at_checked(BLOCK)?;
    let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
    if length % 2 != 0 {
        return None;
    }
    let utf16 = text.get(BLOCK.checked_sub(length)?..)?;
    let units: Zeroizing<Vec<u16>> = Zeroizing::new(
        utf16
            .chunks_exact(2)
            .filter_map(|p| Some(u16::from_le_bytes(p.try_into().ok()?)))
            .collect(),
    );
    let new = Zeroizing::new(String::from_utf16(&units).ok()?);
    let new_hash = nt_password_hash(&new);
    let sent: [u8; 16] = rest.get(..16)?.try_into().ok()?;
    (decrypt_hash(&sent, &new_hash) == *old_hash).then_some(new)
}

/// The proof inside a body that the new password is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// The peer's challenge.
    pub peer: [u8; 16],
    /// The NT-Response, made with the new password.
    pub response: [u8; 24],
}

/// Reads the proof out of a body; `None` when it has another length than a body's.
pub fn response(body: &[u8]) -> Option<Response> {
    if body.len() != BODY_LEN {
        return None;
    }
    let peer = body.get(PROOF_AT..)?.get(..16)?.try_into().ok()?;
    let response = body.get(PROOF_AT..)?.get(24..48)?.try_into().ok()?;
    Some(Response { peer, response })
}

/// What is looked at of a body of version 1; nothing that the LAN Manager hash has made.
#[derive(Clone, Copy, Debug)]
pub struct PartsOfV1<'a> {
    /// The new password, sealed by the old one's hash.
    pub sealed_password: &'a [u8],
    /// The old password's hash, sealed by the new one's.
    pub sealed_hash: &'a [u8; 16],
    /// The NT-Response, made with the new password.
    pub response: &'a [u8; 24],
    /// The flags say that this response counts. The RFC does not tell which of the flags' octets comes first:
    /// the bit is looked for in both.
    pub counts: bool,
}

/// Reads the parts of a body of version 1; `None` when it has another length than such a body's.
pub fn parts_of_v1(body: &[u8]) -> Option<PartsOfV1<'_>> {
    if body.len() != BODY_LEN_OF_V1 {
        return None;
    }
    let (sealed_password, rest) = body.split_at_checked(SEALED_PASSWORD)?;
    let sealed_hash = rest.first_chunk()?;
    let (response, flags) = body.get(NT_AT_OF_V1..)?.split_first_chunk()?;
    let counts = flags.iter().any(|octet| octet & USE_NT != 0);
    Some(PartsOfV1 { sealed_password, sealed_hash, response, counts })
}

/// Reads the NT-Response out of a body of version 1; `None` when it has another length than such a body's,
/// or the flags do not say that this response counts.
pub fn response_of_v1(body: &[u8]) -> Option<[u8; 24]> {
    parts_of_v1(body).filter(|parts| parts.counts).map(|parts| *parts.response)
}

/// Two DES blocks, by the first and the second seven octets of `key` (RFC 2759 §8.13).
fn encrypt_hash(hash: &[u8; 16], key: &[u8; 16]) -> [u8; 16] {
    by_halves(hash, key, |cipher, block| cipher.encrypt_block(block))
}

fn decrypt_hash(hash: &[u8; 16], key: &[u8; 16]) -> [u8; 16] {
    by_halves(hash, key, |cipher, block| cipher.decrypt_block(block))
}

fn by_halves(
    hash: &[u8; 16],
    key: &[u8; 16],
    work: impl Fn(&Des, &mut Array<u8, des::cipher::consts::U8>),
) -> [u8; 16] {
    let mut out = [0; 16];
    let halves = hash.chunks_exact(8).zip(key.chunks_exact(7)).zip(out.chunks_exact_mut(8));
    for ((plain, raw), out) in halves {
        let (Ok(plain), Ok(raw)) = (<[u8; 8]>::try_from(plain), <[u8; 7]>::try_from(raw)) else {
            continue;
        };
        let mut block = Array(plain);
        work(&Des::new(&Array(expand_key(&raw))), &mut block);
        out.iter_mut().zip(block).for_each(|(o, b)| *o = b);
    }
    out
}
