//! Reading what a stranger sent.

/// Why bytes do not mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The bytes end before the value does.
    #[error("cut short: {wanted} octets wanted, {left} left")]
    CutShort {
        /// Octets that the value needs.
        wanted: usize,
        /// Octets that were there.
        left: usize,
    },
    /// A length field names fewer octets than its own header, or other than its kind has.
    #[error("a length field is wrong")]
    BadLength,
    /// Octets follow where the value should have ended.
    #[error("{0} octets too many")]
    Trailing(usize),
    /// A value that the format forbids.
    #[error("a forbidden value")]
    Forbidden,
}

/// A bounds-checked cursor over bytes; the only way to read what a stranger sent.
///
/// Numbers are big-endian unless the method says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Octets not yet read.
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left, without reading it.
    pub const fn peek_rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes `count` octets.
    ///
    /// # Errors
    /// [`Malformed::CutShort`] when fewer are left; nothing is consumed then.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let short = Malformed::CutShort { wanted: count, left: self.rest.len() };
        let (head, tail) = self.rest.split_at_checked(count).ok_or(short)?;
        self.rest = tail;
        Ok(head)
    }

    /// Takes `N` octets as an array.
    ///
    /// # Errors
    /// [`Malformed::CutShort`] when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let short = Malformed::CutShort { wanted: N, left: self.rest.len() };
        let (head, tail) = self.rest.split_first_chunk::<N>().ok_or(short)?;
        self.rest = tail;
        Ok(*head)
    }

    /// Takes everything that is left.
    pub fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// One octet.
    ///
    /// # Errors
    /// [`Malformed::CutShort`] at the end.
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[b]| b)
    }

    /// Two octets.
    ///
    /// # Errors
    /// [`Malformed::CutShort`] near the end.
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four octets.
    ///
    /// # Errors
    /// [`Malformed::CutShort`] near the end.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    /// Says that the value must end here.
    ///
    /// # Errors
    /// [`Malformed::Trailing`] when octets are left.
    pub const fn finish(self) -> Result<(), Malformed> {
        match self.rest.len() {
            0 => Ok(()),
            n => Err(Malformed::Trailing(n)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_past_the_end_consumes_nothing() {
        let mut r = Reader::new(&[1, 2, 3]);
        assert_eq!(r.u32(), Err(Malformed::CutShort { wanted: 4, left: 3 }));
        assert_eq!(r.u16(), Ok(0x0102));
        assert_eq!(r.take(2), Err(Malformed::CutShort { wanted: 2, left: 1 }));
        assert_eq!(r.finish(), Err(Malformed::Trailing(1)));
        assert_eq!(r.take_rest(), [3]);
        assert_eq!(r.finish(), Ok(()));
    }
}
