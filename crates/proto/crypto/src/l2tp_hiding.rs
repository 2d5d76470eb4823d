//! How L2TP hides the values of attributes (RFC 2661 §4.3). It keeps a value from who does not know the
//! tunnel's secret, and from nobody who can guess that.

use md5::{Digest as _, Md5};

/// Uncovers what was hidden: each sixteen octets are mixed with a digest of the sixteen before, the first
/// with one of the attribute's type and the random vector.
pub fn uncover(attribute: u16, secret: &[u8], vector: &[u8], hidden: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(hidden.len());
    let mut digest =
        Md5::new().chain_update(attribute.to_be_bytes()).chain_update(secret).chain_update(vector);
    for piece in hidden.chunks(16) {
        let mask = digest.finalize();
        plain.extend(piece.iter().zip(mask).map(|(octet, mask)| octet ^ mask));
        digest = Md5::new().chain_update(secret).chain_update(piece);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value "lac.example.net" with its length before it and six octets of padding behind.
    #[test]
    fn a_hidden_host_name_is_uncovered() {
        let hidden = [
            0xc0, 0x9d, 0x6e, 0x29, 0xaf, 0x68, 0x3b, 0xbb, 0x9d, 0x75, 0xd9, 0x5b, 0x07, 0x4e,
            0x75, 0x19, 0x0e, 0x57, 0x99, 0xb0, 0x70, 0x1d, 0x11,
        ];
        let vector: Vec<u8> = (0..16_u8).map(|n| n << 4 | n).collect();
        let plain = uncover(7, b"tunnelsecret", &vector, &hidden);
        assert_eq!(plain, b"\x00\x0flac.example.net\xa5\xa5\xa5\xa5\xa5\xa5");
    }
}
