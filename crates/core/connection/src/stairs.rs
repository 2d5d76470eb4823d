//! What has been climbed, and how to go down.
//!
//! A stack of rungs. A rung is pushed *before* its deed is asked for; [`Stairs::ask`] does both, and
//! there is no other way to ask. Going down takes the rungs from the top: deeds that were asked for
//! together (a *flight*) do not depend on one another and are undone together.

use std::collections::VecDeque;

use onhook_base::{Planted, is_planted};
use onhook_effect::{Effect, HostError, LaneId, StepId, Undo};

/// Something to be done by the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Do this deed and answer with [`Connection::handle_outcome`](crate::Connection::handle_outcome).
    Do(Effect),
    /// Undo the deed of this step and answer with
    /// [`Connection::handle_undone`](crate::Connection::handle_undone). When the deed is still being
    /// done, call it off first.
    Undo {
        /// The way back.
        undo: Undo,
        /// Do not be polite: the budget of the descent is spent, or somebody said so.
        hard: bool,
    },
}

/// What could not be undone in time or at all: passed on by name, kept, tried again, never silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debt {
    /// The step whose undoing is owed.
    pub step: StepId,
    /// The way back.
    pub undo: Undo,
    /// Why it was not taken.
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rung {
    Deed { step: StepId, flight: u32, undo: Undo, progress: Progress },
    Link,
    Ppp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Asked,
    Done,
    Undoing,
}

/// What is on top, for the one who goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Top {
    /// Deeds that are to be undone, or are being undone.
    Deeds,
    /// PPP, which says goodbye.
    Ppp,
    /// The link, which says goodbye.
    Link,
    /// The ground.
    Nothing,
}

/// The stack of everything that a connection has made and must unmake.
#[derive(Debug, Default)]
pub(crate) struct Stairs {
    rungs: Vec<Rung>,
    next_step: u32,
    flight: u32,
    requests: VecDeque<(StepId, Request)>,
    debts: Vec<Debt>,
}

impl Stairs {
    /// Begins a new flight: deeds asked for from now on depend on those before.
    pub(crate) fn new_flight(&mut self) {
        self.flight = self.flight.saturating_add(1);
    }

    /// Remembers the way back, then asks for the deed.
    pub(crate) fn ask(&mut self, effect: Effect) -> StepId {
        let step = self.remember(effect.undo(), Progress::Asked);
        self.requests.push_back((step, Request::Do(effect)));
        step
    }

    /// Remembers something that is there already and is ours to undo.
    pub(crate) fn adopt(&mut self, undo: Undo) -> StepId {
        self.remember(undo, Progress::Done)
    }

    fn remember(&mut self, undo: Undo, progress: Progress) -> StepId {
        let step = StepId(self.next_step);
        self.next_step = self.next_step.saturating_add(1);
        let forgotten =
            is_planted(Planted::UndoForgotten) && matches!(undo, Undo::DeleteRoute { .. });
        if !forgotten {
            self.rungs.push(Rung::Deed { step, flight: self.flight, undo, progress });
        }
        step
    }

    /// A lane that was asked for is open; one that was not is remembered below everything, as if it had
    /// been open from the first.
    pub(crate) fn lane_is_open(&mut self, lane: LaneId) {
        let mut known = false;
        for rung in &mut self.rungs {
            if let Rung::Deed { undo: Undo::CloseLane { lane: l }, progress, .. } = rung
                && *l == lane
            {
                known = true;
                if *progress == Progress::Asked {
                    *progress = Progress::Done;
                }
            }
        }
        if !known {
            let step = StepId(self.next_step);
            self.next_step = self.next_step.saturating_add(1);
            let undo = Undo::CloseLane { lane };
            self.rungs.insert(0, Rung::Deed { step, flight: 0, undo, progress: Progress::Done });
        }
    }

    /// A lane is going to be opened below everything that stands, beside those that are open: its way back
    /// is remembered before.
    pub(crate) fn lane_is_dialed(&mut self, lane: LaneId) {
        self.lane_is_open(lane);
    }

    /// A lane is gone by itself: there is nothing to undo.
    pub(crate) fn lane_is_gone(&mut self, lane: LaneId) {
        self.rungs.retain(
            |r| !matches!(r, Rung::Deed { undo: Undo::CloseLane { lane: l }, .. } if *l == lane),
        );
    }

    /// Whether any lane is open or asked for.
    pub(crate) fn has_lanes(&self) -> bool {
        self.lanes().next().is_some()
    }

    /// A number that no lane has.
    pub(crate) fn free_lane(&self) -> Option<LaneId> {
        (0..=u8::MAX).map(LaneId).find(|free| self.lanes().all(|lane| lane != *free))
    }

    fn lanes(&self) -> impl Iterator<Item = LaneId> {
        self.rungs.iter().filter_map(|r| match r {
            Rung::Deed { undo: Undo::CloseLane { lane }, .. } => Some(*lane),
            Rung::Deed { .. } | Rung::Link | Rung::Ppp => None,
        })
    }

    /// The link is being opened: from now on it must be said goodbye to.
    pub(crate) fn push_link(&mut self) {
        self.rungs.push(Rung::Link);
    }

    /// PPP is being opened: from now on it must be said goodbye to.
    pub(crate) fn push_ppp(&mut self) {
        self.rungs.push(Rung::Ppp);
    }

    /// A deed was answered, well or ill. An ill one keeps its rung: its undo is harmless, and a deed
    /// that half happened is undone.
    ///
    /// Returns false when nobody waits for it (it is being undone already).
    pub(crate) fn answered(&mut self, step: StepId) -> bool {
        for rung in &mut self.rungs {
            if let Rung::Deed { step: s, progress, .. } = rung
                && *s == step
                && *progress == Progress::Asked
            {
                *progress = Progress::Done;
                return true;
            }
        }
        false
    }

    /// Whether any deed has been asked for and not answered.
    pub(crate) fn is_waiting(&self) -> bool {
        self.rungs.iter().any(|r| matches!(r, Rung::Deed { progress: Progress::Asked, .. }))
    }

    /// An undo was answered; one that failed becomes a debt.
    pub(crate) fn undone(&mut self, step: StepId, result: Result<(), HostError>) {
        if let Some(at) =
            self.rungs.iter().position(|r| matches!(r, Rung::Deed { step: s, .. } if *s == step))
        {
            let rung = self.rungs.remove(at);
            if let (Rung::Deed { undo, .. }, Err(error)) = (rung, &result)
                && undo != Undo::Nothing
            {
                self.owe(step, undo, error.to_string());
            }
        } else if result.is_ok() {
            // Late, but done: it is owed no more.
            self.debts.retain(|d| d.step != step);
        }
    }

    fn owe(&mut self, step: StepId, undo: Undo, why: String) {
        if is_planted(Planted::DebtForgotten) {
            return;
        }
        self.debts.push(Debt { step, undo, why });
    }

    /// What is on top.
    pub(crate) fn top(&self) -> Top {
        match self.rungs.last() {
            Some(Rung::Deed { .. }) => Top::Deeds,
            Some(Rung::Ppp) => Top::Ppp,
            Some(Rung::Link) => Top::Link,
            None => Top::Nothing,
        }
    }

    /// Takes PPP or the link from the top.
    pub(crate) fn pop_party(&mut self) {
        if matches!(self.rungs.last(), Some(Rung::Ppp | Rung::Link)) {
            self.rungs.pop();
        }
    }

    /// Asks to undo the flight on top, as far as it has not been asked for. Deeds that left nothing
    /// are forgotten, and called off if they are still being done.
    pub(crate) fn undo_top_flight(&mut self, hard: bool) {
        if is_planted(Planted::OrderSwapped) {
            self.rungs.reverse();
        }
        if is_planted(Planted::UndoSkipped) {
            self.rungs.retain(
                |r| !matches!(r, Rung::Deed { undo, .. } if matches!(undo, Undo::DeleteRoute { .. })),
            );
        }
        let Some(Rung::Deed { flight: top, .. }) = self.rungs.last() else { return };
        let top = *top;
        for rung in self.rungs.iter_mut().rev() {
            let Rung::Deed { step, flight, undo, progress } = rung else { break };
            if *flight != top {
                break;
            }
            if *progress != Progress::Undoing {
                *progress = Progress::Undoing;
                self.requests.push_back((*step, Request::Undo { undo: undo.clone(), hard }));
            }
        }
    }

    /// No more courtesy: everything is asked to be undone at once and hard, whatever was asked before,
    /// and nobody is said goodbye to.
    pub(crate) fn undo_all_hard(&mut self) {
        self.rungs.retain(|r| matches!(r, Rung::Deed { .. }));
        for rung in self.rungs.iter_mut().rev() {
            if let Rung::Deed { step, undo, progress, .. } = rung {
                *progress = Progress::Undoing;
                self.requests.push_back((*step, Request::Undo { undo: undo.clone(), hard: true }));
            }
        }
    }

    /// The budget is spent: everything still on the stairs is asked to be undone hard, and what is not
    /// answered yet becomes a debt. The stairs are empty afterwards.
    pub(crate) fn give_up(&mut self, why: &str) {
        for rung in std::mem::take(&mut self.rungs).into_iter().rev() {
            let Rung::Deed { step, undo, progress, .. } = rung else { continue };
            if progress != Progress::Undoing {
                self.requests.push_back((step, Request::Undo { undo: undo.clone(), hard: true }));
            }
            if undo.is_local() {
                self.owe(step, undo, why.to_owned());
            }
        }
    }

    /// What to do next.
    pub(crate) fn poll_request(&mut self) -> Option<(StepId, Request)> {
        self.requests.pop_front()
    }

    /// What is owed.
    pub(crate) fn debts(&self) -> &[Debt] {
        &self.debts
    }

    /// The steps whose deeds stand, for the simulation's invariants.
    pub(crate) fn standing(&self) -> impl Iterator<Item = (StepId, &Undo)> {
        self.rungs.iter().filter_map(|r| match r {
            Rung::Deed { step, undo, .. } => Some((*step, undo)),
            Rung::Link | Rung::Ppp => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use onhook_effect::{HostErrorKind, Prefix, TunId};

    use super::*;

    fn route() -> Effect {
        Effect::AddRoute { tun: TunId(0), to: Prefix::ALL_V4, metric: None }
    }

    fn resolve() -> Effect {
        Effect::Resolve { name: "x".into(), port: 443 }
    }

    #[test]
    fn a_flight_is_undone_together_and_the_one_below_after_it() {
        let mut stairs = Stairs::default();
        let lane = stairs.ask(resolve());
        stairs.new_flight();
        let a = stairs.ask(route());
        let b = stairs.ask(route());
        while stairs.poll_request().is_some() {}
        for step in [lane, a, b] {
            assert!(stairs.answered(step));
        }
        assert!(!stairs.is_waiting());

        stairs.undo_top_flight(false);
        stairs.undo_top_flight(false);
        let asked: Vec<_> = std::iter::from_fn(|| stairs.poll_request()).map(|r| r.0).collect();
        assert_eq!(asked, [b, a], "each once, from the top");
        stairs.undone(a, Ok(()));
        stairs.undo_top_flight(false);
        assert!(stairs.poll_request().is_none(), "the flight below waits");
        stairs.undone(b, Ok(()));
        stairs.undo_top_flight(false);
        assert_eq!(stairs.poll_request().map(|r| r.0), Some(lane));
        stairs.undone(lane, Ok(()));
        assert_eq!(stairs.top(), Top::Nothing);
        assert!(stairs.debts().is_empty());
    }

    #[test]
    fn an_undo_that_fails_is_owed_and_one_that_is_late_is_paid() {
        let mut stairs = Stairs::default();
        stairs.adopt(Undo::CloseLane { lane: LaneId(0) });
        stairs.new_flight();
        let route = stairs.ask(route());
        stairs.undo_top_flight(false);
        stairs.give_up("the helper hangs");
        assert_eq!(stairs.top(), Top::Nothing);
        assert_eq!(stairs.debts().len(), 1, "a lane is closed hard and owes nothing");
        stairs.undone(route, Ok(()));
        assert!(stairs.debts().is_empty());

        let again = stairs.ask(self::route());
        stairs.undo_top_flight(false);
        let failed = HostError::new("x", HostErrorKind::Other, "no");
        stairs.undone(again, Err(failed));
        assert_eq!(stairs.debts().len(), 1);
    }
}
