//! Keys from MS-CHAP (RFC 3079), and how MPPE changes them (RFC 3078 §7).

use rc4::{KeyInit as _, Rc4, StreamCipher as _};
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use crate::mschap::hash_nt_password_hash;

const PAD1: [u8; 40] = [0x00; 40];
const PAD2: [u8; 40] = [0xf2; 40];
const CALLER_SENDS: &[u8] =
    b"On the client side, this is the send key; on the server side, it is the receive key.";
const CALLER_RECEIVES: &[u8] =
    b"On the client side, this is the receive key; on the server side, it is the send key.";

/// How strong MPPE's keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// 40 bits, in eight octets.
    Bits40,
    /// 56 bits, in eight octets.
    Bits56,
    /// 128 bits.
    Bits128,
}

impl Strength {
    /// Octets of a key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Bits40 | Self::Bits56 => 8,
            Self::Bits128 => 16,
        }
    }

    /// Overwrites the octets that weaken a key (RFC 3079 §3.2, §3.3).
    fn weaken(self, key: &mut [u8]) {
        let fixed: &[u8] = match self {
            Self::Bits40 => &[0xd1, 0x26, 0x9e],
            Self::Bits56 => &[0xd1],
            Self::Bits128 => &[],
        };
        key.iter_mut().zip(fixed).for_each(|(k, f)| *k = *f);
    }
}

/// The master key (RFC 3079 §3.4, GetMasterKey); `hash` is the NT password hash.
pub fn master_key(hash: &[u8; 16], nt_response: &[u8; 24]) -> [u8; 16] {
    master_key_from(&hash_nt_password_hash(hash), nt_response)
}

/// The master key, from the hash of the NT password hash.
pub fn master_key_from(hash_hash: &[u8; 16], nt_response: &[u8; 24]) -> [u8; 16] {
    first_16(
        Sha1::new()
            .chain_update(hash_hash)
            .chain_update(nt_response)
            .chain_update(b"This is the MPPE Master Key"),
    )
}

/// The caller's Master Send Key, which is the answerer's Master Receive Key.
pub fn caller_send_key(master: &[u8; 16]) -> [u8; 16] {
    start_key(master, CALLER_SENDS)
}

/// The caller's Master Receive Key, which is the answerer's Master Send Key.
pub fn caller_receive_key(master: &[u8; 16]) -> [u8; 16] {
    start_key(master, CALLER_RECEIVES)
}

/// The 128-bit start key of MS-CHAP version 1 (RFC 3079 §2.4).
pub fn mschapv1_start_key(hash: &[u8; 16], challenge: &[u8; 8]) -> [u8; 16] {
    mschapv1_start_key_from(&hash_nt_password_hash(hash), challenge)
}

/// The same from the hash of the NT password hash.
pub fn mschapv1_start_key_from(hash_hash: &[u8; 16], challenge: &[u8; 8]) -> [u8; 16] {
    let twice = hash_hash;
    first_16(Sha1::new().chain_update(twice).chain_update(twice).chain_update(challenge))
}

/// The first session key from a start key of [`Strength::key_len`] octets (RFC 3079 §3.5).
pub fn session_key(start: &[u8], strength: Strength) -> Zeroizing<Vec<u8>> {
    let mut key = interim(start, start);
    strength.weaken(&mut key);
    key
}

/// The next session key (RFC 3078 §7.3): derived, encrypted with itself, weakened.
pub fn change_key(start: &[u8], current: &[u8], strength: Strength) -> Zeroizing<Vec<u8>> {
    let key = interim(start, current);
    let mut next = key.clone();
    rc4(&key, &mut next);
    strength.weaken(&mut next);
    next
}

/// Encrypts or decrypts in place with RC4, keyed anew. A key of no length that RC4 takes leaves the data
/// as it is.
pub fn rc4(key: &[u8], data: &mut [u8]) {
    if let Ok(mut cipher) = Rc4::new_from_slice(key) {
        cipher.apply_keystream(data);
    }
}

/// RC4 that runs on from one piece of data to the next.
pub struct Cipher(Option<Rc4>);

impl Cipher {
    /// Begins with a key; one of no length that RC4 takes leaves all data as it is.
    pub fn new(key: &[u8]) -> Self {
        Self(Rc4::new_from_slice(key).ok())
    }

    /// Encrypts or decrypts in place.
    pub fn apply(&mut self, data: &mut [u8]) {
        if let Some(cipher) = &mut self.0 {
            cipher.apply_keystream(data);
        }
    }
}

fn interim(start: &[u8], current: &[u8]) -> Zeroizing<Vec<u8>> {
    let digest: [u8; 20] = Sha1::new()
        .chain_update(start)
        .chain_update(PAD1)
        .chain_update(current)
        .chain_update(PAD2)
        .finalize()
        .into();
    Zeroizing::new(digest.iter().copied().take(start.len()).collect())
}

fn start_key(master: &[u8; 16], magic: &[u8]) -> [u8; 16] {
    first_16(
        Sha1::new().chain_update(master).chain_update(PAD1).chain_update(magic).chain_update(PAD2),
    )
}

fn first_16(hash: Sha1) -> [u8; 16] {
    let digest: [u8; 20] = hash.finalize().into();
    let mut out = [0; 16];
    out.iter_mut().zip(digest).for_each(|(o, d)| *o = d);
    out
}
