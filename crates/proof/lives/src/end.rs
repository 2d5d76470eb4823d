//! One end of a call: the real connection, and a pretended Linux that remembers what was done to it.

use onhook_base::{Duration, Instant};
use onhook_connection::{Connection, Request, State};
use onhook_effect::{Effect, HostError, HostErrorKind, LaneFacts, LaneId, Outcome, StepId, Undo};

use crate::fault::{Fault, Place};
use crate::invariant::{Broken, Invariant};
use crate::script::Mischief;
use crate::tls::Pretended;

/// What a pretended Linux answers in the end.
#[derive(Debug)]
struct Deed {
    /// `None`: never.
    at: Option<Instant>,
    step: StepId,
    makes: Undo,
    result: Result<Outcome, HostError>,
}

#[derive(Debug)]
struct Undoing {
    at: Option<Instant>,
    step: StepId,
    result: Result<(), HostError>,
}

/// What the world must do beside, because it concerns the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LaneWish {
    Open,
    Close(LaneId),
}

#[derive(Debug)]
pub(crate) struct End {
    pub(crate) connection: Connection,
    tls: Pretended,
    plan: Vec<Mischief>,
    /// How long its Linux takes for each deed and undoing.
    delay: Duration,
    standing: Vec<(StepId, Undo)>,
    deeds: Vec<Deed>,
    undoings: Vec<Undoing>,
    deeds_begun: u32,
    undoings_begun: u32,
    /// Changed since the last look.
    dirty: bool,
}

impl End {
    pub(crate) fn new(connection: Connection, plan: Vec<Mischief>, delay: Duration) -> Self {
        Self {
            connection,
            tls: Pretended::default(),
            plan,
            delay,
            standing: Vec::new(),
            deeds: Vec::new(),
            undoings: Vec::new(),
            deeds_begun: 0,
            undoings_begun: 0,
            dirty: false,
        }
    }

    /// A lane is there that somebody else has opened.
    pub(crate) fn adopt(&mut self, undo: Undo) {
        self.standing.push((StepId(0), undo));
    }

    /// What is there and has no debt by its name.
    pub(crate) fn leftovers(&self) -> Vec<&Undo> {
        let owed = |step: &StepId| self.connection.debts().iter().any(|d| d.step == *step);
        self.standing.iter().filter(|(step, _)| !owed(step)).map(|(_, undo)| undo).collect()
    }

    /// How many lanes are there, and whether the outlet and something that hangs on it are.
    pub(crate) fn what_stands(&self) -> (usize, bool, bool) {
        let is_outlet = |u: &Undo| matches!(u, Undo::DestroyTun { .. } | Undo::CloseStack { .. });
        let any = |test: &dyn Fn(&Undo) -> bool| self.standing.iter().any(|(_, undo)| test(undo));
        (
            self.standing.iter().filter(|(_, u)| matches!(u, Undo::CloseLane { .. })).count(),
            any(&is_outlet),
            any(&|u| u.is_local() && !is_outlet(u)),
        )
    }

    /// Speaks TLS as far as the connection orders it; whether it did.
    pub(crate) fn speak_tls(&mut self, now: Instant) -> bool {
        let Some(order) = self.connection.poll_tls() else { return false };
        let role = order.role;
        let reply = self.tls.reply(order);
        self.connection.handle_tls(now, role, reply);
        true
    }

    /// Whether something is still being undone, or closed.
    pub(crate) fn is_undoing(&self) -> bool {
        !self.undoings.is_empty()
    }

    /// It comes after this end on the same machine, and is met by what was planned for later.
    pub(crate) fn follow(&mut self, before: &mut Self) {
        self.plan = std::mem::take(&mut before.plan);
        self.deeds_begun = before.deeds_begun;
        self.undoings_begun = before.undoings_begun;
    }

    /// Whether a deed is being done.
    pub(crate) fn is_doing(&self) -> bool {
        !self.deeds.is_empty()
    }

    pub(crate) fn next_deed(&self) -> Option<Instant> {
        self.deeds.iter().filter_map(|d| d.at).min()
    }

    pub(crate) fn next_undoing(&self) -> Option<Instant> {
        self.undoings.iter().filter_map(|u| u.at).min()
    }

    /// The first deed that is done by `now`: what it made stands, unless it failed.
    pub(crate) fn take_deed(
        &mut self,
        now: Instant,
    ) -> Option<(StepId, Result<Outcome, HostError>)> {
        let due = self.deeds.iter().position(|d| d.at.is_some_and(|at| at <= now))?;
        let deed = self.deeds.remove(due);
        if deed.result.is_ok() && deed.makes != Undo::Nothing {
            self.standing.push((deed.step, deed.makes));
            self.dirty = true;
        }
        Some((deed.step, deed.result))
    }

    /// The first undoing that has ended by `now`.
    pub(crate) fn take_undoing(&mut self, now: Instant) -> Option<(StepId, Result<(), HostError>)> {
        let due = self.undoings.iter().position(|u| u.at.is_some_and(|at| at <= now))?;
        let undoing = self.undoings.remove(due);
        if undoing.result.is_ok() {
            self.standing.retain(|(step, _)| *step != undoing.step);
        }
        self.dirty = true;
        Some((undoing.step, undoing.result))
    }

    /// Takes a request of the connection, as the engine's driver does. `round_trip` is what opening a
    /// lane costs once; faults that strike are told.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        step: StepId,
        request: Request,
        round_trip: Duration,
        struck: &mut dyn FnMut(Fault),
    ) -> Result<Option<LaneWish>, Broken> {
        self.dirty = true;
        match request {
            Request::Do(effect) => {
                self.check_remembered(step, &effect)?;
                self.begin(now, step, &effect, round_trip, struck);
                Ok(matches!(effect, Effect::OpenLane { .. }).then_some(LaneWish::Open))
            }
            Request::Undo { undo, hard } => {
                self.deeds.retain(|d| d.step != step);
                self.undoings.retain(|u| u.step != step);
                self.check_order(&undo, hard)?;
                Ok(self.begin_undoing(now, step, &undo, struck))
            }
        }
    }

    fn begin(
        &mut self,
        now: Instant,
        step: StepId,
        effect: &Effect,
        round_trip: Duration,
        struck: &mut dyn FnMut(Fault),
    ) {
        let number = self.deeds_begun;
        self.deeds_begun += 1;
        let mut result = Ok(outcome(effect));
        // TCP takes one round trip and TLS 1.3 another.
        let takes = match effect {
            Effect::OpenLane { .. } => round_trip * 2,
            _ => self.delay,
        };
        let mut at = Some(now + takes);
        let places = [Place::Deed, Place::AnswererDeed];
        for m in self.plan.iter().filter(|m| m.at == number && places.contains(&m.fault.place())) {
            struck(m.fault);
            at = at.filter(|_| m.fault != Fault::DeedHangs).map(|at| at + m.fault.delay());
            if let Some(kind) = m.fault.error() {
                // Where Linux is slow, it fails slowly.
                at = at.map(|at| at + takes * 8);
                result = Err(HostError::new(effect.deed(), kind, "as planned"));
            }
        }
        self.deeds.push(Deed { at, step, makes: effect.undo(), result });
    }

    fn begin_undoing(
        &mut self,
        now: Instant,
        step: StepId,
        undo: &Undo,
        struck: &mut dyn FnMut(Fault),
    ) -> Option<LaneWish> {
        let number = self.undoings_begun;
        self.undoings_begun += 1;
        let takes = if undo.is_local() { self.delay } else { Duration::ZERO };
        let (mut at, mut result) = (Some(now + takes), Ok(()));
        // Closing a descriptor cannot fail and does not wait; that there is nothing to undo, neither.
        if undo.is_local() {
            let planned = |m: &&Mischief| m.at == number && m.fault.place() == Place::Undoing;
            for m in self.plan.iter().filter(planned) {
                struck(m.fault);
                at = at.filter(|_| m.fault != Fault::UndoingHangs).map(|at| at + m.fault.delay());
                if m.fault == Fault::UndoingFails {
                    result = Err(HostError::new(undo.deed(), HostErrorKind::Other, "as planned"));
                }
            }
        }
        self.undoings.push(Undoing { at, step, result });
        match undo {
            Undo::CloseLane { lane } => Some(LaneWish::Close(*lane)),
            _ => None,
        }
    }

    /// Before a deed is asked for, its way back is on the stairs, once.
    fn check_remembered(&self, step: StepId, effect: &Effect) -> Result<(), Broken> {
        let undo = effect.undo();
        let known =
            self.connection.standing().iter().filter(|(s, u)| *s == step && *u == undo).count();
        match known {
            1 => Ok(()),
            n => Err(Broken::new(Invariant::OneUndo, format!("{effect:?} has {n} ways back"))),
        }
    }

    /// Politely, the lane is closed last, and an interface outlives nothing that hangs on it.
    fn check_order(&self, undo: &Undo, hard: bool) -> Result<(), Broken> {
        if hard {
            return Ok(());
        }
        let too_early = |other: &Undo| match undo {
            Undo::CloseLane { .. } => other.is_local(),
            Undo::DestroyTun { .. } => {
                other.is_local() && !matches!(other, Undo::DestroyTun { .. })
            }
            _ => false,
        };
        let still = self.leftovers().into_iter().find(|other| too_early(other));
        match still {
            Some(other) => {
                let text = format!("{undo:?} while {other:?} still stands");
                Err(Broken::new(Invariant::DownByTheSameStairs, text))
            }
            None => Ok(()),
        }
    }

    /// Everything that stands has one way back on the stairs, or is owed by name.
    pub(crate) fn check(&mut self) -> Result<(), Broken> {
        if !std::mem::take(&mut self.dirty) {
            return Ok(());
        }
        let known = self.connection.standing();
        for (step, undo) in &self.standing {
            let ways = known.iter().filter(|(s, u)| s == step && u == undo).count();
            let owed = self.connection.debts().iter().filter(|d| d.step == *step).count();
            let closing = self.undoings.iter().any(|u| u.step == *step && u.result.is_ok());
            // A lane whose time is over is closed by the hard request that is under way.
            if ways + owed != 1 && !(closing && !undo.is_local() && ways + owed == 0) {
                let text = format!("{undo:?} has {ways} ways back and {owed} debts");
                return Err(Broken::new(Invariant::OneUndo, text));
            }
        }
        if self.connection.state() == State::Gone && !known.is_empty() {
            return Err(Broken::new(Invariant::GoneOwnsNothing, format!("{known:?}")));
        }
        Ok(())
    }
}

fn outcome(effect: &Effect) -> Outcome {
    match effect {
        Effect::Resolve { .. } => Outcome::Resolved(vec![crate::world::SERVER]),
        Effect::OpenLane { .. } => Outcome::LaneOpened(LaneFacts {
            remote: Some(crate::world::SERVER),
            certificate: Some(crate::world::CERTIFICATE),
            ethernet: Some(crate::front::CALLER),
            ..LaneFacts::default()
        }),
        Effect::CreateTun { .. } => Outcome::TunCreated { name: "onhook0".to_owned() },
        Effect::SetDns { .. } => Outcome::DnsSet { by: "pretended".to_owned() },
        Effect::OpenStack { .. } => {
            Outcome::StackOpened { socks5: None, http_connect: None, forwards: Vec::new() }
        }
        Effect::PinRoute { .. } | Effect::AddAddress { .. } | Effect::AddRoute { .. } => {
            Outcome::Done
        }
    }
}
