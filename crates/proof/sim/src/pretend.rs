//! A Linux of sets: deeds add to it, undoings take away, and what is left can be looked at.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use onhook_effect::{Effect, HostError, HostErrorKind, Outcome, Undo};

/// What goes wrong with a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails in this way.
    Fails(HostErrorKind),
    /// It is never answered.
    Hangs,
}

/// A machine that remembers what was done to it.
#[derive(Clone, Debug, Default)]
pub struct Pretend {
    standing: BTreeMap<String, Undo>,
    deeds: u32,
    faults: BTreeMap<u32, Fault>,
    undo_faults: BTreeMap<u32, Fault>,
    undoings: u32,
}

impl Pretend {
    /// The deed number `deed`, counted from 0, goes wrong.
    pub fn plan_fault(&mut self, deed: u32, fault: Fault) {
        self.faults.insert(deed, fault);
    }

    /// The undoing number `undoing`, counted from 0, goes wrong.
    pub fn plan_undo_fault(&mut self, undoing: u32, fault: Fault) {
        self.undo_faults.insert(undoing, fault);
    }

    /// Does a deed. `None` when it hangs.
    pub fn apply(&mut self, effect: &Effect, to: SocketAddr) -> Option<Result<Outcome, HostError>> {
        let number = self.deeds;
        self.deeds += 1;
        match self.faults.get(&number) {
            Some(Fault::Fails(kind)) => {
                return Some(Err(HostError::new(effect.deed(), *kind, "as planned")));
            }
            Some(Fault::Hangs) => return None,
            None => {}
        }
        let undo = effect.undo();
        if undo != Undo::Nothing {
            let was = self.standing.insert(format!("{undo:?}"), undo);
            assert!(was.is_none(), "{effect:?} was done twice");
        }
        Some(Ok(match effect {
            Effect::Resolve { .. } => Outcome::Resolved(vec![to]),
            Effect::OpenLane { .. } => Outcome::LaneOpened(onhook_effect::LaneFacts {
                remote: Some(to),
                ..Default::default()
            }),
            Effect::CreateTun { .. } => Outcome::TunCreated { name: "onhook0".to_owned() },
            Effect::SetDns { .. } => Outcome::DnsSet { by: "pretended".to_owned() },
            Effect::OpenStack { .. } => {
                Outcome::StackOpened { socks5: None, http_connect: None, forwards: Vec::new() }
            }
            Effect::PinRoute { .. } | Effect::AddAddress { .. } | Effect::AddRoute { .. } => {
                Outcome::Done
            }
        }))
    }

    /// Something is there without a deed of ours: a call that came in.
    pub fn adopt(&mut self, undo: Undo) {
        self.standing.insert(format!("{undo:?}"), undo);
    }

    /// Undoes a deed; harmless when it does not stand. `None` when it hangs.
    pub fn revert(&mut self, undo: &Undo, hard: bool) -> Option<Result<(), HostError>> {
        let number = self.undoings;
        self.undoings += 1;
        match self.undo_faults.get(&number).filter(|_| !hard) {
            Some(Fault::Fails(kind)) => {
                return Some(Err(HostError::new(undo.deed(), *kind, "as planned")));
            }
            Some(Fault::Hangs) => return None,
            None => {}
        }
        self.standing.remove(&format!("{undo:?}"));
        Some(Ok(()))
    }

    /// What is still there.
    pub fn leftovers(&self) -> Vec<&Undo> {
        self.standing.values().collect()
    }

    /// How many deeds were asked for so far.
    pub const fn deeds(&self) -> u32 {
        self.deeds
    }

    /// How many undoings were asked for so far.
    pub const fn undoings(&self) -> u32 {
        self.undoings
    }
}
