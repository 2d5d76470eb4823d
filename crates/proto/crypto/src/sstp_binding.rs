//! The compound MAC that ties TLS to PPP's authentication ([MS-SSTP] §3.2.5.2).

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// Which hash the binding uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingHash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

const SEED: &[u8] = b"SSTP inner method derived CMK";

/// The Higher-Layer Authentication Key: the caller's send and receive keys, cut or padded with zeros
/// to 32 octets.
pub fn hlak(send: &[u8], receive: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.iter_mut().zip(send.iter().chain(receive)).for_each(|(o, k)| *o = *k);
    out
}

/// The MAC over a Call Connected packet whose MAC field is zero.
pub fn compound_mac(hash: BindingHash, hlak: &[u8; 32], packet: &[u8]) -> Vec<u8> {
    match hash {
        BindingHash::Sha1 => {
            let key = mac::<Hmac<Sha1>>(hlak, &[SEED, &[20, 0, 1]]);
            mac::<Hmac<Sha1>>(&key, &[packet])
        }
        BindingHash::Sha256 => {
            let key = mac::<Hmac<Sha256>>(hlak, &[SEED, &[32, 0, 1]]);
            mac::<Hmac<Sha256>>(&key, &[packet])
        }
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}
