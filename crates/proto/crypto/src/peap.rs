//! The keys of PEAP and its crypto binding, which tie the outer tunnel to the inner proof
//! ([MS-PEAP] §3.1.5.5).

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;

/// Octets of the tunnel key that take part.
const TUNNEL_KEY: usize = 40;
/// The last octet that the MAC covers: PEAP's type number.
const PEAP: u8 = 25;
/// Octets of a Crypto-Binding TLV with its header ([MS-PEAP] §2.2.8.1.1).
pub const BINDING_TLV: usize = 60;
/// Where its MAC begins.
const MAC_AT: usize = 40;

/// What binds the tunnel to the inner proof.
pub struct CompoundKeys {
    ipmk: Zeroizing<[u8; 40]>,
    cmk: Zeroizing<[u8; 20]>,
}

impl CompoundKeys {
    /// From what TLS exports (40 octets count), and the inner session key: the caller's send and receive
    /// keys, cut or padded with zeros to 32 octets.
    pub fn new(tunnel_key: &[u8], inner: &[u8; 32]) -> Self {
        let tunnel_key = tunnel_key.get(..TUNNEL_KEY).unwrap_or(tunnel_key);
        let both = expand(tunnel_key, b"Inner Methods Compound Keys", inner, 60);
        let mut keys = Self { ipmk: Zeroizing::new([0; 40]), cmk: Zeroizing::new([0; 20]) };
        let (ipmk, cmk) = both.split_at_checked(40).unwrap_or_default();
        keys.ipmk.iter_mut().zip(ipmk).for_each(|(to, from)| *to = *from);
        keys.cmk.iter_mut().zip(cmk).for_each(|(to, from)| *to = *from);
        keys
    }

    /// The MAC over a Crypto-Binding TLV of [`BINDING_TLV`] octets; whatever stands in its MAC's place
    /// counts as zeros.
    pub fn mac(&self, tlv: &[u8]) -> [u8; 20] {
        let mut bare = tlv.to_vec();
        bare.iter_mut().skip(MAC_AT).for_each(|octet| *octet = 0);
        bare.push(PEAP);
        hmac_sha1(&*self.cmk, &[&bare])
    }

    /// The session's keys: 64 octets, of which the first half is what the caller sends with.
    pub fn session_keys(&self) -> Zeroizing<Vec<u8>> {
        let mut keys = expand(&*self.ipmk, b"Session Key Generating Function\0", &[], 128);
        keys.truncate(64);
        keys
    }

    /// The inner key of the compound keys, for the vectors.
    pub fn ipmk(&self) -> &[u8; 40] {
        &self.ipmk
    }

    /// The key of the MAC, for the vectors.
    pub fn cmk(&self) -> &[u8; 20] {
        &self.cmk
    }
}

impl std::fmt::Debug for CompoundKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CompoundKeys(***)")
    }
}

/// PRF+ of PEAP version 0: T(i) = HMAC-SHA1(key, T(i-1) ‖ label ‖ seed ‖ i ‖ 0 ‖ 0).
fn expand(key: &[u8], label: &[u8], seed: &[u8], octets: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(octets.saturating_add(20)));
    let mut last: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::new());
    let mut round = 1_u8;
    while out.len() < octets {
        last = Zeroizing::new(hmac_sha1(key, &[&last, label, seed, &[round, 0, 0]]).to_vec());
        out.extend_from_slice(&last);
        round = round.wrapping_add(1);
    }
    out.truncate(octets);
    out
}

fn hmac_sha1(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    // HMAC takes keys of any length.
    let Ok(mut mac) = <Hmac<Sha1> as KeyInit>::new_from_slice(key) else { return [0; 20] };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}
