//! The Internet checksum (RFC 1071), fast.
//!
//! Sums are kept in the machine's own byte order: the ones' complement sum does not mind, as RFC 1071
//! §2 (B) shows, as long as it is stored as it was read.

/// A sum that is not folded yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum(u64);

impl Sum {
    /// Adds octets; all but the last piece of a message must be of even length.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        // Four independent lanes of 32 bits in 64: the compiler makes vector code of it, and it
        // cannot overflow below 16 GiB.
        let mut lanes = [0_u64; 4];
        let mut chunks = bytes.chunks_exact(16);
        for chunk in &mut chunks {
            for (lane, word) in lanes.iter_mut().zip(chunk.chunks_exact(4)) {
                let word = word.try_into().unwrap_or([0; 4]);
                *lane += u64::from(u32::from_ne_bytes(word));
            }
        }
        let mut sum = self.0 + lanes.iter().sum::<u64>();
        let mut pairs = chunks.remainder().chunks_exact(2);
        for pair in &mut pairs {
            let pair = pair.try_into().unwrap_or([0; 2]);
            sum += u64::from(u16::from_ne_bytes(pair));
        }
        if let [last] = pairs.remainder() {
            sum += u64::from(u16::from_ne_bytes([*last, 0]));
        }
        Self(sum)
    }

    /// Adds a number of 16 bits.
    pub(crate) fn word(self, word: u16) -> Self {
        Self(self.0 + u64::from(u16::from_ne_bytes(word.to_be_bytes())))
    }

    /// Adds the rest of the pseudo-header: protocol and length of what follows (RFC 9293 §3.1,
    /// RFC 8200 §8.1).
    pub(crate) fn pseudo(self, protocol: u8, length: usize) -> Self {
        // A length above 16 bits cannot come out of a packet; the upper half is added all the same.
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let high = u16::try_from(length >> 16).unwrap_or(u16::MAX);
        let low = (length & 0xFFFF) as u16;
        self.word(u16::from(protocol)).word(high).word(low)
    }

    /// The sum in 16 bits as it lies in memory, not complemented.
    pub(crate) fn folded(self) -> [u8; 2] {
        let mut sum = self.0;
        while sum > 0xFFFF {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        u16::try_from(sum).unwrap_or(0).to_ne_bytes()
    }

    /// The checksum as it lies in memory.
    pub(crate) fn checksum(self) -> [u8; 2] {
        let [a, b] = self.folded();
        [!a, !b]
    }

    /// Whether a message with its checksum in place adds up.
    pub(crate) fn is_right(self) -> bool {
        self.folded() == [0xFF, 0xFF]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(bytes: &[u8]) -> u16 {
        let mut sum = 0_u64;
        for pair in bytes.chunks(2) {
            sum += u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0));
        }
        while sum > 0xFFFF {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        sum as u16
    }

    #[test]
    fn the_example_of_rfc_1071_adds_up() {
        let sum = Sum::default().bytes(&[0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]);
        assert_eq!(sum.folded(), [0xDD, 0xF2]);
    }

    proptest! {
        #[test]
        fn fast_and_plain_agree(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
            let fast = u16::from_be_bytes(Sum::default().bytes(&bytes).folded());
            prop_assert_eq!(fast, plain(&bytes));
        }
    }
}
