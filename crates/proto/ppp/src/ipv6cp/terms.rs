//! What IPV6CP asks, gives and accepts (RFC 5072 §4.1).
//!
//! Each end has eight octets that make its link-local address. They must not be zero and must
//! differ; whoever asks for a zero or for the other's is told a random one. An identifier that is
//! proposed to us is taken, except where it breaks that rule.

use onhook_base::{Chance, Writer};

use super::wire::{Ipv6cpOption, kind};
use crate::control::{Judgement, RawOption, Terms};
use crate::failure::PppFailure;
use crate::terms::Ipv6Terms;

const NONE: [u8; 8] = [0; 8];

/// The terms of IPV6CP.
#[derive(Clone, Debug)]
pub(crate) struct Ipv6cpTerms {
    terms: Ipv6Terms,
    chance: Chance,
    local: [u8; 8],
    /// Our identifier may be asked for: the peer has not rejected the option.
    asks: bool,
    peer: [u8; 8],
    /// What we propose to a peer that has none.
    proposal: [u8; 8],
}

impl Ipv6cpTerms {
    pub(crate) fn new(terms: Ipv6Terms, chance: Chance) -> Self {
        let mut ipv6cp =
            Self { terms, chance, local: NONE, asks: true, peer: NONE, proposal: NONE };
        ipv6cp.restart();
        ipv6cp
    }

    /// Our identifier and the peer's, once both requests are acknowledged.
    pub(crate) const fn agreed(&self) -> ([u8; 8], [u8; 8]) {
        (self.local, self.peer)
    }

    /// A random identifier; the universal/local bit says local (RFC 5072 §4.1).
    fn random(&mut self) -> [u8; 8] {
        loop {
            let mut identifier: [u8; 8] = self.chance.bytes();
            if let Some(first) = identifier.first_mut() {
                *first &= !0x02;
            }
            if identifier != NONE && identifier != self.local {
                return identifier;
            }
        }
    }

    /// What to tell a peer whose identifier cannot stand; `None` when it can.
    fn objection(&mut self, identifier: [u8; 8], may_nak: bool) -> Option<[u8; 8]> {
        if identifier == self.local {
            return Some(self.random());
        }
        let wanted = self.terms.peer_identifier.filter(|w| *w != NONE && *w != self.local);
        let differs = wanted.is_some_and(|w| w != identifier);
        (identifier == NONE || (differs && may_nak)).then_some(self.proposal)
    }
}

impl Terms for Ipv6cpTerms {
    fn restart(&mut self) {
        self.local = match self.terms.local_identifier {
            Some(identifier) if identifier != NONE => identifier,
            Some(_) | None => self.random(),
        };
        self.asks = true;
        self.peer = NONE;
        self.proposal = match self.terms.peer_identifier {
            Some(identifier) if identifier != NONE && identifier != self.local => identifier,
            Some(_) | None => self.random(),
        };
    }

    fn request(&self, out: &mut Vec<u8>) {
        if self.asks {
            Ipv6cpOption::InterfaceIdentifier(self.local).emit(&mut Writer::new(out));
        }
    }

    fn judge(&mut self, options: &[RawOption<'_>], may_nak: bool) -> Judgement {
        let (mut asked, mut rejects) = (None, Vec::new());
        for raw in options {
            match Ipv6cpOption::parse(*raw) {
                Ipv6cpOption::InterfaceIdentifier(identifier) => asked = Some(identifier),
                Ipv6cpOption::Unknown(_) => raw.emit(&mut Writer::new(&mut rejects)),
            }
        }
        if !rejects.is_empty() {
            return Judgement::Reject(rejects);
        }
        let proposal = match asked {
            Some(identifier) => self.objection(identifier, may_nak),
            None => may_nak.then_some(self.proposal),
        };
        if let Some(proposal) = proposal {
            let mut nak = Vec::new();
            RawOption { kind: kind::INTERFACE_IDENTIFIER, value: &proposal }
                .emit(&mut Writer::new(&mut nak));
            return Judgement::Nak(nak);
        }
        self.peer = asked.unwrap_or(self.proposal);
        Judgement::Ack
    }

    fn naked(&mut self, options: &[RawOption<'_>]) -> Result<(), PppFailure> {
        for raw in options {
            if let Ipv6cpOption::InterfaceIdentifier(identifier) = Ipv6cpOption::parse(*raw) {
                self.local = if identifier == NONE || identifier == self.peer {
                    self.random()
                } else {
                    identifier
                };
            }
        }
        Ok(())
    }

    /// The peer wants no identifiers: ours stands without its consent.
    fn rejected(&mut self, _options: &[RawOption<'_>]) -> Result<(), PppFailure> {
        self.asks = false;
        Ok(())
    }
}
