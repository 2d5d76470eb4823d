//! Going down the stairs.

use onhook_base::{Deadline, Duration, Instant, Planted, is_planted};
use onhook_link::Farewell;
use onhook_model::Cause;
use onhook_ppp::CloseReason;

use super::State;
use crate::connection::Connection;
use crate::stairs::Top;

/// How long a peer that has acknowledged PPP's end may take to end the link by itself. A server whose
/// PPP is a program of its own (pppd) ends the link when that program has ended: then nothing of the
/// call is left there either. One that waits for us is told when this is over.
const PEERS_OWN_END: Duration = Duration::from_millis(500);

/// How far a goodbye has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goodbye {
    Unsaid,
    Said,
    Over,
}

/// The descent of one connection: its budget and its goodbyes.
#[derive(Debug)]
pub(crate) struct Descent {
    hard_at: Instant,
    ends_at: Instant,
    hard: bool,
    ppp: Goodbye,
    link: Goodbye,
    /// The peer has acknowledged the end of PPP; until then it may end the link by itself.
    await_peer_until: Option<Instant>,
}

impl Descent {
    /// There is nobody to say goodbye to any more.
    pub(crate) const fn lane_is_gone(&mut self) {
        self.ppp = Goodbye::Over;
        self.link = Goodbye::Over;
    }

    /// PPP has nothing more to say.
    pub(crate) const fn ppp_is_over(&mut self) {
        self.ppp = Goodbye::Over;
    }

    /// PPP has ended; when that was our wish, the peer may now end the link by itself.
    pub(crate) fn ppp_has_finished(&mut self, now: Instant, link_ends_by_word: bool) {
        if self.ppp == Goodbye::Said && link_ends_by_word {
            self.await_peer_until = Some(now + PEERS_OWN_END);
        }
        self.ppp = Goodbye::Over;
    }

    /// The peer has ended the link by itself; what is owed to it is our acknowledgement.
    pub(crate) const fn peer_has_ended_the_link(&mut self) {
        self.ppp = Goodbye::Over;
        self.await_peer_until = None;
    }

    /// The link has nothing more to say.
    pub(crate) const fn link_is_over(&mut self) {
        self.link = Goodbye::Over;
    }

    pub(crate) fn deadline(&self) -> Deadline {
        match (self.hard, self.await_peer_until) {
            (true, _) => Deadline::new(self.ends_at, "end of the budget"),
            (false, Some(until)) if until < self.hard_at => {
                Deadline::new(until, "the peer's own end")
            }
            (false, _) => Deadline::new(self.hard_at, "end of courtesy"),
        }
    }
}

impl Connection {
    /// The first cause is kept, the budget starts.
    pub(crate) fn begin_descent(&mut self, now: Instant, cause: Cause) {
        if self.descent.is_some() || self.state == State::Gone {
            return;
        }
        tracing::debug!(target: "connection", cause = %cause, from = ?self.state, "going down");
        self.cause = Some(cause);
        self.pause = None;
        self.deadline = None;
        let budget = self.plan.times.hang_up_budget;
        // The last sixth of the budget is for closing what did not close politely.
        let courtesy = budget.saturating_sub(budget / 6);
        self.descent = Some(Descent {
            hard_at: now + courtesy,
            ends_at: now + budget,
            hard: false,
            ppp: Goodbye::Unsaid,
            link: Goodbye::Unsaid,
            await_peer_until: None,
        });
        self.enter(now, State::Disconnecting);
    }

    /// Something failed: the error is announced, then the descent begins.
    pub(crate) fn fail(&mut self, now: Instant, cause: Cause) {
        if self.descent.is_some() || self.state == State::Gone {
            return;
        }
        let cause = match self.cause_of_all(&cause) {
            Some(of_all) => of_all,
            None => return self.begin_descent(now, cause),
        };
        if self.dials_again(now, &cause) {
            return self.begin_descent(now, cause);
        }
        if !cause.is_wanted() {
            match &self.plan.ppp.credentials {
                Some(credentials) if is_planted(Planted::SecretTold) => {
                    let text = format!("{} was refused", credentials.password.expose());
                    self.announcer.error(&Cause::new(cause.code(), text));
                }
                _ => self.announcer.error(&cause),
            }
        }
        self.begin_descent(now, cause);
    }

    /// The peer is known to be away: nothing is said to it.
    pub(crate) fn fail_with_dead_peer(&mut self, now: Instant, cause: Cause) {
        self.fail(now, cause);
        if let Some(descent) = &mut self.descent {
            descent.lane_is_gone();
        }
    }

    /// From now on without courtesy.
    pub(crate) fn go_hard(&mut self, now: Instant) {
        let Some(descent) = &mut self.descent else { return };
        if !descent.hard {
            descent.hard = true;
            descent.lane_is_gone();
            descent.ends_at = descent.ends_at.min(now + self.plan.times.hang_up_budget);
            self.stairs.undo_all_hard();
        }
    }

    /// There is no time left for courtesy, because undoing on this machine has taken it or somebody is in
    /// a hurry: the server is told all the same, and its answer is not waited for.
    pub(crate) fn say_last_words(&mut self, now: Instant) {
        let (Some(descent), Some(splice)) = (&mut self.descent, &mut self.splice) else { return };
        if descent.ppp == Goodbye::Unsaid {
            descent.ppp = Goodbye::Said;
            splice.ppp.close(now, close_reason(self.cause.as_ref()));
            splice.pump(now, &mut |_| {});
        }
        if descent.link == Goodbye::Unsaid {
            descent.link = Goodbye::Said;
            splice.link.close(now, Farewell::Ordinary);
        }
    }

    pub(crate) fn check_descent(&mut self, now: Instant) {
        let Some(descent) = &self.descent else { return };
        if self.state == State::Gone || is_planted(Planted::BudgetIgnored) {
            return;
        }
        if now >= descent.ends_at {
            self.stairs.give_up("it did not end within the time for hanging up");
        } else if now >= descent.hard_at && !descent.hard {
            self.say_last_words(now);
            self.go_hard(now);
        }
    }

    /// Goes down as far as it goes now. Returns whether a goodbye was begun, so that frames have to be
    /// pumped before it goes on.
    pub(crate) fn descend(&mut self, now: Instant) -> bool {
        while self.state == State::Disconnecting {
            let Some(descent) = &mut self.descent else { return false };
            if is_planted(Planted::GoodbyeUnsaid) {
                descent.lane_is_gone();
            }
            match self.stairs.top() {
                Top::Deeds => {
                    self.stairs.undo_top_flight(descent.hard);
                    return false;
                }
                Top::Ppp => match (descent.ppp, &mut self.splice) {
                    (Goodbye::Unsaid, Some(splice)) => {
                        splice.ppp.close(now, close_reason(self.cause.as_ref()));
                        descent.ppp = Goodbye::Said;
                        return true;
                    }
                    (Goodbye::Said, Some(_)) => return false,
                    (_, _) => self.stairs.pop_party(),
                },
                Top::Link => match (descent.link, &mut self.splice) {
                    (Goodbye::Unsaid, Some(_))
                        if descent.await_peer_until.is_some_and(|until| now < until) =>
                    {
                        return false;
                    }
                    (Goodbye::Unsaid, Some(splice)) => {
                        descent.await_peer_until = None;
                        splice.link.close(now, Farewell::Ordinary);
                        descent.link = Goodbye::Said;
                        return true;
                    }
                    (Goodbye::Said, Some(_)) => return false,
                    (_, _) => self.stairs.pop_party(),
                },
                Top::Nothing => self.become_gone(now),
            }
        }
        false
    }

    fn become_gone(&mut self, now: Instant) {
        if let Some(splice) = self.splice.take() {
            self.traffic = splice.traffic;
        }
        self.questions.clear();
        self.enter(now, State::Gone);
        self.gives_up_for_debts();
        if !self.attempts.goes_on() {
            self.announcer.gone(self.cause.as_ref());
        }
    }
}

fn close_reason(cause: Option<&Cause>) -> CloseReason {
    match cause {
        Some(cause) if !cause.is_wanted() => CloseReason::Failure(cause.code().number()),
        Some(_) | None => CloseReason::HungUp,
    }
}
