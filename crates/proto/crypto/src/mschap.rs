//! MS-CHAP version 2 (RFC 2759) and what is left of version 1 (RFC 2433).

use des::Des;
use des::cipher::{Array, BlockCipherEncrypt, KeyInit};
use md4::{Digest, Md4};
use sha1::Sha1;
use zeroize::Zeroize;

/// MD4 of the password as UTF-16LE (RFC 2759 §8.3).
pub fn nt_password_hash(password: &str) -> [u8; 16] {
    let mut utf16: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hash = Md4::digest(&utf16).into();
    utf16.zeroize();
    hash
}

/// The LAN Manager hash of the first fourteen octets of a password (RFC 2433 §A.3): upper case, two DES
/// blocks. For keys of 40 and 56 bits only; it is never sent.
pub fn lm_password_hash(password: &str) -> [u8; 16] {
    let mut octets = [0; 14];
    let mut upper = password.to_uppercase();
    octets.iter_mut().zip(upper.bytes()).for_each(|(o, p)| *o = p);
    upper.zeroize();
    let mut out = [0; 16];
    for (key, half) in octets.chunks_exact(7).zip(out.chunks_exact_mut(8)) {
        let mut raw = [0; 7];
        raw.iter_mut().zip(key).for_each(|(r, k)| *r = *k);
        let mut block = Array(*b"KGS!@#$%");
        Des::new(&Array(expand_key(&raw))).encrypt_block(&mut block);
        half.iter_mut().zip(block).for_each(|(h, b)| *h = b);
    }
    octets.zeroize();
    out
}

/// MD4 of [`nt_password_hash`] (RFC 2759 §8.4).
pub fn hash_nt_password_hash(hash: &[u8; 16]) -> [u8; 16] {
    Md4::digest(hash).into()
}

/// The part of a name that is hashed: without `DOMAIN\` before it (RFC 2759 §4).
pub fn name_to_hash(name: &[u8]) -> &[u8] {
    let after = name.iter().position(|b| *b == b'\\').map(|at| at.saturating_add(1));
    after.and_then(|at| name.get(at..)).unwrap_or(name)
}

/// The first eight octets of SHA-1 over both challenges and the name (RFC 2759 §8.2).
pub fn challenge_hash(peer: &[u8; 16], authenticator: &[u8; 16], name: &[u8]) -> [u8; 8] {
    let digest: [u8; 20] = Sha1::new()
        .chain_update(peer)
        .chain_update(authenticator)
        .chain_update(name_to_hash(name))
        .finalize()
        .into();
    let mut out = [0; 8];
    out.iter_mut().zip(digest).for_each(|(o, d)| *o = d);
    out
}

/// Three times DES of the challenge, by the hash cut in three (RFC 2759 §8.5).
pub fn challenge_response(challenge: &[u8; 8], hash: &[u8; 16]) -> [u8; 24] {
    let mut padded = [0; 21];
    padded.iter_mut().zip(hash).for_each(|(p, h)| *p = *h);
    let mut out = [0; 24];
    for (key, block) in padded.chunks_exact(7).zip(out.chunks_exact_mut(8)) {
        let mut raw = [0; 7];
        raw.iter_mut().zip(key).for_each(|(r, k)| *r = *k);
        let mut des_block = Array(*challenge);
        Des::new(&Array(expand_key(&raw))).encrypt_block(&mut des_block);
        block.iter_mut().zip(des_block).for_each(|(b, d)| *b = d);
    }
    padded.zeroize();
    out
}

/// 56 bits of key in eight octets with odd parity (RFC 2759 §8.6).
pub fn expand_key(raw: &[u8; 7]) -> [u8; 8] {
    let bits = raw.iter().fold(0_u64, |bits, octet| (bits << 8) | u64::from(*octet));
    let mut out = [0; 8];
    for (at, octet) in out.iter_mut().enumerate() {
        let shift = 49_usize.saturating_sub(at.saturating_mul(7));
        let seven = u8::try_from((bits >> shift) & 0x7f).unwrap_or(0) << 1;
        *octet = seven | u8::from(seven.count_ones() % 2 == 0);
    }
    out
}

/// The NT-Response of version 2 (RFC 2759 §8.1).
pub fn nt_response(
    authenticator: &[u8; 16],
    peer: &[u8; 16],
    name: &[u8],
    hash: &[u8; 16],
) -> [u8; 24] {
    challenge_response(&challenge_hash(peer, authenticator, name), hash)
}

/// What the authenticator proves itself by: `S=` and forty hexadecimal digits (RFC 2759 §8.7).
pub fn authenticator_response(
    hash: &[u8; 16],
    nt_response: &[u8; 24],
    peer: &[u8; 16],
    authenticator: &[u8; 16],
    name: &[u8],
) -> String {
    let first: [u8; 20] = Sha1::new()
        .chain_update(hash_nt_password_hash(hash))
        .chain_update(nt_response)
        .chain_update(b"Magic server to client signing constant")
        .finalize()
        .into();
    let second: [u8; 20] = Sha1::new()
        .chain_update(first)
        .chain_update(challenge_hash(peer, authenticator, name))
        .chain_update(b"Pad to make it do more than one iteration")
        .finalize()
        .into();
    second.iter().fold("S=".to_owned(), |text, octet| format!("{text}{octet:02X}"))
}
