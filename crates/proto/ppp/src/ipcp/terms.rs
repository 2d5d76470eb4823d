//! What IPCP asks, gives and accepts (RFC 1332 §3.3, RFC 1877).
//!
//! The caller asks for an address by naming none (0.0.0.0) and takes what the Nak says. The answerer
//! knows which address the caller must have and proposes it until the caller asks for it; it never
//! turns to a Reject, which would leave the caller without one. Name servers go the same way.
//! Header compression and WINS are rejected.

use std::net::Ipv4Addr;

use onhook_base::Writer;

use super::wire::{IpcpOption, kind};
use crate::control::{Judgement, RawOption, Terms};
use crate::failure::PppFailure;
use crate::terms::Ipv4Terms;

/// Naks that propose an address to a peer that did not ask for any.
const MAX_REMINDERS: u8 = 2;

/// What IPCP has agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ipv4Agreed {
    pub(crate) local: Ipv4Addr,
    pub(crate) peer: Option<Ipv4Addr>,
    pub(crate) dns: Vec<Ipv4Addr>,
}

/// The terms of IPCP.
#[derive(Clone, Debug)]
pub(crate) struct IpcpTerms {
    terms: Ipv4Terms,
    /// Our address as we ask for it; `None` when the peer will not hear of the option.
    address: Option<Ipv4Addr>,
    primary_dns: Option<Ipv4Addr>,
    secondary_dns: Option<Ipv4Addr>,
    peer: Option<Ipv4Addr>,
    reminders: u8,
}

enum Verdict {
    Fine,
    Propose(Ipv4Addr),
    Unwanted,
}

impl IpcpTerms {
    pub(crate) fn new(terms: Ipv4Terms) -> Self {
        let mut ipcp = Self {
            terms,
            address: None,
            primary_dns: None,
            secondary_dns: None,
            peer: None,
            reminders: 0,
        };
        ipcp.restart();
        ipcp
    }

    /// What was agreed, once both requests are acknowledged.
    pub(crate) fn agreed(&self) -> Result<Ipv4Agreed, PppFailure> {
        let local = self.address.or(self.terms.local).filter(|a| !a.is_unspecified());
        let mut dns = Vec::new();
        for server in [self.primary_dns, self.secondary_dns].into_iter().flatten() {
            if !server.is_unspecified() && !dns.contains(&server) {
                dns.push(server);
            }
        }
        Ok(Ipv4Agreed { local: local.ok_or(PppFailure::NoAddress)?, peer: self.peer, dns })
    }

    fn consider(&self, option: IpcpOption<'_>, may_nak: bool) -> Verdict {
        let offered = match option {
            IpcpOption::Address(address) => {
                return match self.terms.peer {
                    Some(theirs) if address != theirs => Verdict::Propose(theirs),
                    None if address.is_unspecified() => Verdict::Unwanted,
                    Some(_) | None => Verdict::Fine,
                };
            }
            IpcpOption::PrimaryDns(asked) => (asked, self.terms.offer_dns.first()),
            IpcpOption::SecondaryDns(asked) => {
                // A peer that is told of one server only is told of it twice: a Reject would cost
                // one more round trip.
                (asked, self.terms.offer_dns.get(1).or_else(|| self.terms.offer_dns.first()))
            }
            IpcpOption::Unknown(_) => return Verdict::Unwanted,
        };
        match offered {
            (asked, Some(server)) if asked == *server => Verdict::Fine,
            (_, Some(server)) if may_nak => Verdict::Propose(*server),
            (_, Some(_) | None) => Verdict::Unwanted,
        }
    }
}

impl Terms for IpcpTerms {
    fn restart(&mut self) {
        let wanted = self.terms.ask_dns.then_some(Ipv4Addr::UNSPECIFIED);
        self.address = Some(self.terms.local.unwrap_or(Ipv4Addr::UNSPECIFIED));
        self.primary_dns = wanted;
        self.secondary_dns = wanted;
        self.peer = None;
        self.reminders = 0;
    }

    fn request(&self, out: &mut Vec<u8>) {
        let mut w = Writer::new(out);
        if let Some(address) = self.address {
            IpcpOption::Address(address).emit(&mut w);
        }
        if let Some(server) = self.primary_dns {
            IpcpOption::PrimaryDns(server).emit(&mut w);
        }
        if let Some(server) = self.secondary_dns {
            IpcpOption::SecondaryDns(server).emit(&mut w);
        }
    }

    fn judge(&mut self, options: &[RawOption<'_>], may_nak: bool) -> Judgement {
        let (mut naks, mut rejects) = (Vec::new(), Vec::new());
        let mut proposed = Vec::new();
        let mut peer = None;
        for raw in options {
            let option = IpcpOption::parse(*raw);
            if let IpcpOption::Address(address) = option {
                peer = Some(address);
            }
            match self.consider(option, may_nak) {
                Verdict::Fine => {}
                Verdict::Unwanted => raw.emit(&mut Writer::new(&mut rejects)),
                // One proposal a type, however often the peer repeats itself (RFC 1661 §5.3).
                Verdict::Propose(_) if proposed.contains(&raw.kind) => {}
                Verdict::Propose(address) => {
                    proposed.push(raw.kind);
                    RawOption { kind: raw.kind, value: &address.octets() }
                        .emit(&mut Writer::new(&mut naks));
                }
            }
        }
        if !rejects.is_empty() {
            return Judgement::Reject(rejects);
        }
        if let (None, Some(theirs)) = (peer, self.terms.peer)
            && may_nak
            && self.reminders < MAX_REMINDERS
        {
            self.reminders = self.reminders.saturating_add(1);
            RawOption { kind: kind::ADDRESS, value: &theirs.octets() }
                .emit(&mut Writer::new(&mut naks));
        }
        if !naks.is_empty() {
            return Judgement::Nak(naks);
        }
        self.peer = peer.or(self.terms.peer);
        Judgement::Ack
    }

    fn naked(&mut self, options: &[RawOption<'_>]) -> Result<(), PppFailure> {
        for raw in options {
            match IpcpOption::parse(*raw) {
                IpcpOption::Address(address) => {
                    if self.terms.demand_local && self.terms.local != Some(address) {
                        return Err(PppFailure::AddressRefused);
                    }
                    self.address = self.address.map(|_| address);
                }
                IpcpOption::PrimaryDns(server) => {
                    self.primary_dns = self.primary_dns.map(|_| server);
                }
                IpcpOption::SecondaryDns(server) => {
                    self.secondary_dns = self.secondary_dns.map(|_| server);
                }
                IpcpOption::Unknown(_) => {}
            }
        }
        Ok(())
    }

    fn rejected(&mut self, options: &[RawOption<'_>]) -> Result<(), PppFailure> {
        for raw in options {
            match IpcpOption::parse(*raw) {
                IpcpOption::Address(_) if self.terms.demand_local => {
                    return Err(PppFailure::AddressRefused);
                }
                IpcpOption::Address(_) if self.terms.local.is_none() => {
                    return Err(PppFailure::NoAddress);
                }
                IpcpOption::Address(_) => self.address = None,
                IpcpOption::PrimaryDns(_) => self.primary_dns = None,
                IpcpOption::SecondaryDns(_) => self.secondary_dns = None,
                IpcpOption::Unknown(_) => {}
            }
        }
        Ok(())
    }
}
