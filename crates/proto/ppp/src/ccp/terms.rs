//! What CCP asks and accepts: MPPE, where both ends have keys for it, and nothing else.

use onhook_base::Writer;

use super::mppe::Agreement;
use super::wire::{CcpOption, bits};
use crate::control::{Judgement, RawOption, Terms};
use crate::failure::PppFailure;
use crate::terms::Encryption;

/// The terms of CCP.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CcpTerms {
    wanted: Encryption,
    /// What we would take: strengths and modes. Nothing without keys.
    can: u32,
    /// What our next request asks for; zero asks for nothing.
    ours: u32,
    /// What the peer has asked for and been granted.
    theirs: u32,
}

impl CcpTerms {
    pub(crate) const fn new(wanted: Encryption, has_keys: bool) -> Self {
        let can = match (wanted, has_keys) {
            (Encryption::Refused, _) | (_, false) => 0,
            (Encryption::Accepted | Encryption::Required, true) => {
                bits::STATELESS | bits::STRENGTHS
            }
            (Encryption::Strongest, true) => bits::STATELESS | bits::BITS_128,
        };
        let mut terms = Self { wanted, can, ours: 0, theirs: 0 };
        terms.begin();
        terms
    }

    const fn begin(&mut self) {
        self.theirs = 0;
        self.ours = match self.wanted {
            Encryption::Required | Encryption::Strongest => self.can,
            Encryption::Refused | Encryption::Accepted => 0,
        };
    }

    /// What was agreed, in our sending and our receiving direction. A request says what its sender takes.
    pub(crate) fn agreed(&self) -> Option<(Agreement, Agreement)> {
        Agreement::of(self.theirs).zip(Agreement::of(self.ours))
    }

    /// The one thing that we would have of what the peer offers: the strongest, and its mode.
    const fn choose(&self, offered: u32) -> Option<u32> {
        let common = offered & self.can;
        let strength = if common & bits::BITS_128 != 0 {
            bits::BITS_128
        } else if common & bits::BITS_56 != 0 {
            bits::BITS_56
        } else if common & bits::BITS_40 != 0 {
            bits::BITS_40
        } else {
            return None;
        };
        Some(strength | (common & bits::STATELESS))
    }
}

impl Terms for CcpTerms {
    fn restart(&mut self) {
        self.begin();
    }

    fn request(&self, out: &mut Vec<u8>) {
        if self.ours != 0 {
            CcpOption::Mppe(self.ours).emit(&mut Writer::new(out));
        }
    }

    /// RFC 1962 §4: what is not supported is rejected. An empty request agrees on no compression.
    fn judge(&mut self, options: &[RawOption<'_>], may_nak: bool) -> Judgement {
        let (mut rejects, mut naks) = (Vec::new(), Vec::new());
        let mut granted = 0;
        for raw in options {
            let chosen = match CcpOption::parse(*raw) {
                CcpOption::Mppe(offered) => self.choose(offered).map(|chosen| (offered, chosen)),
                CcpOption::Unknown(_) => None,
            };
            match chosen {
                Some((offered, chosen)) if offered == chosen && granted == 0 => granted = chosen,
                Some((_, chosen)) if may_nak && naks.is_empty() => {
                    CcpOption::Mppe(chosen).emit(&mut Writer::new(&mut naks));
                    self.follow(chosen);
                }
                _ => raw.emit(&mut Writer::new(&mut rejects)),
            }
        }
        if !rejects.is_empty() {
            return Judgement::Reject(rejects);
        }
        if !naks.is_empty() {
            return Judgement::Nak(naks);
        }
        if granted == 0 && may_nak && self.is_required() {
            // A Nak may ask for what was left out (RFC 1661 §5.3).
            if let Some(wish) = self.choose(self.can) {
                CcpOption::Mppe(wish).emit(&mut Writer::new(&mut naks));
                return Judgement::Nak(naks);
            }
        }
        self.theirs = granted;
        self.follow(granted);
        Judgement::Ack
    }

    fn naked(&mut self, options: &[RawOption<'_>]) -> Result<(), PppFailure> {
        for raw in options {
            if let CcpOption::Mppe(offered) = CcpOption::parse(*raw) {
                match self.choose(offered) {
                    Some(chosen) => self.ours = chosen,
                    None => return self.give_up(),
                }
            }
        }
        Ok(())
    }

    fn rejected(&mut self, _options: &[RawOption<'_>]) -> Result<(), PppFailure> {
        self.give_up()
    }
}

impl CcpTerms {
    const fn is_required(&self) -> bool {
        matches!(self.wanted, Encryption::Required | Encryption::Strongest)
    }

    /// What suits the peer suits us. A request of ours that says more is asked anew by its Nak.
    const fn follow(&mut self, chosen: u32) {
        if chosen != 0 && Agreement::of(self.ours).is_none() {
            self.ours = chosen;
        }
    }

    fn give_up(&mut self) -> Result<(), PppFailure> {
        self.ours = 0;
        if self.is_required() { Err(PppFailure::PeerCannotEncrypt) } else { Ok(()) }
    }
}
