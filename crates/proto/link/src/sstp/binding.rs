//! Crypto binding: proof that TLS and PPP's authentication end at the same two peers
//! (\[MS-SSTP\] §3.2.5.2, §3.3.5.2.3).
//!
//! A man in the middle who ends TLS on both sides has another certificate than the server, and does not
//! have the keys that PPP's authentication gave to both ends. The caller therefore sends the hash of the
//! certificate that *it* saw, under a MAC whose key comes from *PPP's* keys.

use onhook_base::Secret;
use onhook_crypto::sstp_binding::{self, BindingHash};
use subtle::ConstantTimeEq;

use super::wire::{CALL_CONNECTED_LEN, CryptoBinding, MAC_FIELD_LEN, Message};
use crate::contract::{CertificateHashes, SessionKeys};

/// Bit of SHA-1 in an offer, and its number in a binding.
pub(super) const SHA1: u8 = 1;
/// Bit of SHA-256 in an offer, and its number in a binding.
pub(super) const SHA256: u8 = 2;

/// The Higher-Layer Authentication Key.
pub(super) type Hlak = Secret<[u8; 32]>;

/// The key that PPP's authentication gives: zeros when its method gives none (PAP, CHAP with MD5).
pub(super) fn hlak(keys: Option<&SessionKeys>) -> Hlak {
    Secret::new(
        keys.map_or([0; 32], |keys| sstp_binding::hlak(keys.send.expose(), keys.receive.expose())),
    )
}

/// The strongest hash of an offer.
pub(super) const fn strongest(offer: u8) -> Option<BindingHash> {
    if offer & SHA256 != 0 {
        Some(BindingHash::Sha256)
    } else if offer & SHA1 != 0 {
        Some(BindingHash::Sha1)
    } else {
        None
    }
}

/// The binding that a caller sends.
pub(super) fn bind(
    hash: BindingHash,
    nonce: [u8; 32],
    seen: &CertificateHashes,
    hlak: &Hlak,
) -> CryptoBinding {
    let number = match hash {
        BindingHash::Sha1 => SHA1,
        BindingHash::Sha256 => SHA256,
    };
    let certificate = certificate_field(hash, seen);
    let mut binding = CryptoBinding { hash: number, nonce, certificate, mac: [0; MAC_FIELD_LEN] };
    let mut packet = Vec::with_capacity(CALL_CONNECTED_LEN);
    Message::CallConnected(binding).emit(&mut packet);
    binding.mac = padded(&sstp_binding::compound_mac(hash, hlak.expose(), &packet));
    binding
}

/// What an answerer holds a binding against.
pub(super) struct Expected<'a> {
    /// The hashes that it offered.
    pub(super) offer: u8,
    /// The nonce that it sent.
    pub(super) nonce: &'a [u8; 32],
    /// Its own certificate.
    pub(super) certificate: &'a CertificateHashes,
    /// The key from PPP's authentication.
    pub(super) hlak: &'a Hlak,
}

impl Expected<'_> {
    /// Whether the binding in this whole Call Connected packet is right. All comparisons take the same
    /// time wherever the first difference lies.
    pub(super) fn holds(&self, binding: &CryptoBinding, packet: &[u8]) -> bool {
        let hash = match binding.hash {
            SHA1 if self.offer & SHA1 != 0 => BindingHash::Sha1,
            SHA256 if self.offer & SHA256 != 0 => BindingHash::Sha256,
            _ => return false,
        };
        let mut packet = packet.to_vec();
        let mac_at = packet.len().saturating_sub(MAC_FIELD_LEN);
        packet.get_mut(mac_at..).unwrap_or_default().fill(0);
        let mac = padded(&sstp_binding::compound_mac(hash, self.hlak.expose(), &packet));
        let nonce = binding.nonce.ct_eq(self.nonce);
        let certificate = binding.certificate.ct_eq(&certificate_field(hash, self.certificate));
        // MAC and padding: the padding is zero in every binding that was ever seen or published.
        let mac = binding.mac.ct_eq(&mac);
        (nonce & certificate & mac).into()
    }
}

fn certificate_field(hash: BindingHash, certificate: &CertificateHashes) -> [u8; 32] {
    match hash {
        BindingHash::Sha1 => padded(&certificate.sha1),
        BindingHash::Sha256 => certificate.sha256,
    }
}

/// Zeros behind what is shorter than the field.
fn padded(value: &[u8]) -> [u8; 32] {
    let mut field = [0; 32];
    for (to, from) in field.iter_mut().zip(value) {
        *to = *from;
    }
    field
}
