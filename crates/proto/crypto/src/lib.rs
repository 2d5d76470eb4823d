//! The old cryptography of PPP, in one room with a warning on the door.
//!
//! **Everything here is broken by today's measure**: MD4, MD5, DES, RC4 and SHA-1 protect nothing
//! against one who listens and computes. It is here because the servers that people must dial ask for
//! it, and it is safe to use only inside something that protects by itself, as TLS does for SSTP.
//!
//! ```
//! use onhook_crypto::mschap;
//!
//! let hash = mschap::nt_password_hash("clientPass");
//! assert_eq!(hash[..4], [0x44, 0xeb, 0xba, 0x8d]); // RFC 2759 §9.2
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod change_password;
pub mod cookie;
pub mod l2tp_hiding;
pub mod mppe_keys;
pub mod mschap;
pub mod peap;
pub mod radius;
pub mod sstp_binding;

use md5::{Digest, Md5};

/// The value of a CHAP response by MD5 (RFC 1994 §4.1): MD5 of identifier, secret and challenge.
pub fn chap_md5(identifier: u8, secret: &[u8], challenge: &[u8]) -> [u8; 16] {
    Md5::new()
        .chain_update([identifier])
        .chain_update(secret)
        .chain_update(challenge)
        .finalize()
        .into()
}
