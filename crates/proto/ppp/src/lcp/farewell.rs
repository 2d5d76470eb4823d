//! What a Terminate-Request says (RFC 1661 §5.5).
//!
//! The RFC leaves its data to the implementation. Most peers put a few words there. Windows, as
//! caller and as answerer, puts twelve octets: its magic number, a constant, and the number of an
//! error, zero for an ordinary hang-up.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use onhook_base::{Malformed, Reader, Writer};

/// What stands between the magic number and the error in a Windows peer's data.
const WINDOWS_MARK: u32 = 0x003c_cd74;

/// Text of a peer that is kept, in characters.
const MAX_TEXT: usize = 200;

/// The data of a Windows peer's Terminate-Request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowsFarewell {
    /// The sender's magic number.
    pub magic: u32,
    /// Its error number; zero is an ordinary hang-up.
    pub code: u32,
}

impl WindowsFarewell {
    /// Reads the twelve octets.
    ///
    /// # Errors
    /// [`Malformed`] when the data is of another length or lacks the constant: it is text then.
    pub fn parse(data: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(data);
        let magic = r.u32()?;
        if r.u32()? != WINDOWS_MARK {
            return Err(Malformed::Forbidden);
        }
        let code = r.u32()?;
        r.finish()?;
        Ok(Self { magic, code })
    }

    /// Appends the twelve octets.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let mut w = Writer::new(out);
        w.u32(self.magic);
        w.u32(WINDOWS_MARK);
        w.u32(self.code);
    }
}

/// A stranger's text, made fit for a log: no control characters, at most 200 characters.
pub fn printable(data: &[u8]) -> String {
    String::from_utf8_lossy(data)
        .trim()
        .chars()
        .map(|c| if c.is_control() { '·' } else { c })
        .take(MAX_TEXT)
        .collect()
}
