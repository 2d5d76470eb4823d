//! Writing wire formats, with lengths filled in afterwards.

/// Appends to a byte vector; numbers are big-endian.
///
/// It cannot fail: what is written is what we built. Counted blocks that would not fit their length
/// field are cut to it, and `debug_assert`ed against, because the caller's types bound them.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Appends to `out`.
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Octets in the vector so far, with what was there before.
    pub const fn position(&self) -> usize {
        self.out.len()
    }

    /// One octet.
    pub fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    /// Two octets.
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// Four octets.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// These octets as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// An option: `code`, then one octet of length that counts code, length and body, then the body.
    ///
    /// This is the form of PPP options (RFC 1661 §6).
    pub fn counted_u8(&mut self, code: u8, body: impl FnOnce(&mut Writer<'_>)) {
        let start = self.out.len();
        self.u8(code);
        self.u8(0);
        body(&mut Writer::new(self.out));
        let length = self.out.len().saturating_sub(start);
        debug_assert!(length <= usize::from(u8::MAX), "an option outgrew its length field");
        let length = u8::try_from(length).unwrap_or(u8::MAX);
        self.out.truncate(start.saturating_add(usize::from(length)));
        self.patch(start.saturating_add(1), &[length]);
    }

    /// A block that ends with the length of all that was written since `start`, as two octets at `at`.
    ///
    /// For headers whose length field lies in their midst: write zeros there, then the rest, then call
    /// this.
    pub fn patch_length_u16(&mut self, start: usize, at: usize) {
        let length = self.out.len().saturating_sub(start);
        debug_assert!(length <= usize::from(u16::MAX), "a block outgrew its length field");
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        self.patch(at, &length.to_be_bytes());
    }

    /// Overwrites octets that were written before; out of range is ignored.
    pub fn patch(&mut self, at: usize, bytes: &[u8]) {
        let end = at.saturating_add(bytes.len());
        if let Some(slot) = self.out.get_mut(at..end) {
            slot.copy_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_filled_in() {
        let mut out = vec![0xEE];
        let mut w = Writer::new(&mut out);
        w.counted_u8(5, |b| b.u32(0x01020304));
        let start = w.position();
        w.u8(1);
        let at = w.position();
        w.u16(0);
        w.bytes(b"xy");
        w.patch_length_u16(start, at);
        assert_eq!(out, [0xEE, 5, 6, 1, 2, 3, 4, 1, 0, 5, b'x', b'y']);
    }
}
