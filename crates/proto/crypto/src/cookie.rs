//! A cookie that only its maker can make, and that needs no memory (HMAC-SHA-256, RFC 2104).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Octets of a cookie.
pub const COOKIE: usize = 16;

/// The cookie of these parts under a key.
pub fn cookie(key: &[u8; 32], parts: &[&[u8]]) -> [u8; COOKIE] {
    let mut out = [0; COOKIE];
    // HMAC takes keys of any length.
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else { return out };
    parts.iter().for_each(|part| mac.update(part));
    out.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(out, octet)| *out = octet);
    out
}
