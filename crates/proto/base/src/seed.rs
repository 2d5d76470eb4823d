//! The birth of chance.
//!
//! A machine is given a [`Seed`] when it is made and draws everything random from it: the same seed
//! and the same inputs give the same bytes. Values that are seen on the wire and values that are kept
//! secret come from two streams, so that the ones tell nothing of the others.

use std::fmt;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Thirty-two bytes of chance, given to a machine at its birth.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A seed of these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A seed for tests and simulations: the number, spread.
    pub fn from_number(number: u64) -> Self {
        let mut bytes = [0; 32];
        ChaCha20Rng::seed_from_u64(number).fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The seed of a part: different labels give unrelated seeds.
    pub fn derive(&self, label: &str) -> Self {
        let mut chance = self.chance();
        for byte in label.bytes() {
            let mut next = [0; 32];
            chance.fill(&mut next);
            next[0] ^= byte;
            chance = Chance(ChaCha20Rng::from_seed(next));
        }
        Self(chance.bytes())
    }

    /// The stream of values that will be seen by others.
    pub fn chance(&self) -> Chance {
        Chance(ChaCha20Rng::from_seed(self.0))
    }

    /// The stream of values that stay secret.
    pub fn secret_chance(&self) -> Chance {
        let mut rng = ChaCha20Rng::from_seed(self.0);
        rng.set_stream(1);
        Chance(rng)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(***)")
    }
}

/// A stream of random values, the same for the same [`Seed`].
#[derive(Clone)]
pub struct Chance(ChaCha20Rng);

impl Chance {
    /// Fills `out` with random bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        self.0.fill_bytes(out);
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// Any number of 32 bits.
    pub fn u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Any number of 64 bits.
    pub fn u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Any number of 32 bits but zero (magic numbers, RFC 1661 §6.4).
    pub fn nonzero_u32(&mut self) -> core::num::NonZeroU32 {
        loop {
            if let Some(n) = core::num::NonZeroU32::new(self.u32()) {
                return n;
            }
        }
    }

    /// A number below `bound`, evenly spread as far as 64 bits allow; zero when `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.u64() % bound }
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chance(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_labels_differ() {
        let seed = Seed::from_number(7);
        assert_eq!(seed.chance().bytes::<16>(), Seed::from_number(7).chance().bytes::<16>());
        assert_ne!(seed.chance().bytes::<16>(), seed.secret_chance().bytes::<16>());
        assert_ne!(seed.derive("lcp"), seed.derive("ipcp"));
        assert_ne!(seed.derive(""), seed);
    }
}
