//! What CCP accepts: nothing yet.

use onhook_base::Writer;

use crate::control::{Judgement, RawOption, Terms};
use crate::failure::PppFailure;

/// The terms of CCP.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CcpTerms;

impl Terms for CcpTerms {
    fn restart(&mut self) {}

    fn request(&self, _out: &mut Vec<u8>) {}

    /// RFC 1962 §4: what is not supported is rejected. An empty request agrees on no compression.
    fn judge(&mut self, options: &[RawOption<'_>], _may_nak: bool) -> Judgement {
        let mut rejects = Vec::new();
        for raw in options {
            raw.emit(&mut Writer::new(&mut rejects));
        }
        if rejects.is_empty() { Judgement::Ack } else { Judgement::Reject(rejects) }
    }

    fn naked(&mut self, _options: &[RawOption<'_>]) -> Result<(), PppFailure> {
        Ok(())
    }

    fn rejected(&mut self, _options: &[RawOption<'_>]) -> Result<(), PppFailure> {
        Ok(())
    }
}
