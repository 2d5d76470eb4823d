//! Being called back: the one way on which a connection climbs a flight twice.
//!
//! ```text
//!   Authenticating ─agreed─▶ AwaitingCallback ─────────────────────────────▶ Authenticating
//!                              PPP's goodbye, hang-up, reset, ring, carrier
//! ```
//!
//! The call that was dialed ends in order, from PPP downwards, and stops above the lane: that stays ours,
//! with its locks, and the link stays on the stairs, so that a hang-up finds its way down from every
//! moment. The answering end has nothing of all that: its call ends, and who drives it makes another one
//! of what was agreed ([`Connection::callback`]).

use onhook_base::{Deadline, Instant};
use onhook_model::{Cause, RasCode, RasState};
use onhook_ppp::cbcp::{CallbackAgreement, CallbackWish};
use onhook_ppp::{CallbackTerms, CloseReason, Ppp, Role, auth};

use super::State;
use crate::connection::Connection;
use crate::stairs::Top;

/// What is known of a callback.
#[derive(Debug, Default)]
pub(crate) struct Callback {
    /// What was agreed, at either end.
    agreement: Option<CallbackAgreement>,
    /// How we proved ourselves in the call before.
    method: Option<auth::Method>,
}

impl Connection {
    /// What the two ends have agreed: the caller is to be called back, and this call is over or ends.
    pub const fn callback(&self) -> Option<&CallbackAgreement> {
        self.callback.agreement.as_ref()
    }

    pub(crate) const fn proved_by(&mut self, method: Option<auth::Method>) {
        self.callback.method = method;
    }

    /// The server lets us name a number. Where nobody has told one in advance a person is asked.
    pub(crate) fn on_may_choose_callback(&mut self, now: Instant) {
        if self.state != State::Authenticating {
            return;
        }
        self.announcer.enter(RasState::AuthCallback);
        if self.plan.ppp.callback == CallbackTerms::Wanted(CallbackWish::Ask) {
            let text = "the server would call back, and no number is named";
            let cause = Cause::new(RasCode::BAD_CALLBACK_NUMBER, text);
            match self.plan.ppp.asks_person {
                true => self.pause_in(now, RasState::CallbackSetByCaller, cause),
                false => self.fail(now, cause),
            }
        }
    }

    pub(crate) fn on_callback_agreed(&mut self, now: Instant, agreement: CallbackAgreement) {
        let (None, State::Authenticating, Some(splice)) =
            (&self.descent, self.state, &mut self.splice)
        else {
            return;
        };
        let delay = agreement.delay;
        if self.plan.ppp.role == Role::Answerer {
            // The caller ends the call, and PPP sees to it that it does.
            self.callback.agreement = Some(agreement);
            return;
        }
        if !splice.link.expect_callback() {
            let text = "nobody can call back over this link";
            self.fail(now, Cause::new(RasCode::BAD_CALLBACK_NUMBER, text));
            return;
        }
        self.callback.agreement = Some(agreement);
        splice.ppp.close(now, CloseReason::Callback);
        self.announcer.enter(RasState::PrepareForCallback);
        self.enter(now, State::AwaitingCallback);
        let until = now + self.plan.times.callback + delay;
        self.deadline = Some(Deadline::new(until, "callback"));
    }

    /// PPP has ended; true when that is what was agreed, and the line is hung up to be called back.
    pub(crate) fn leaves_for_callback(&mut self, now: Instant) -> bool {
        let (None, State::AwaitingCallback, Some(splice)) =
            (&self.descent, self.state, &mut self.splice)
        else {
            return false;
        };
        debug_assert_eq!(self.stairs.top(), Top::Ppp);
        self.stairs.pop_party();
        splice.link.await_callback(now);
        self.announcer.enter(RasState::WaitForModemReset);
        true
    }

    /// The modem is ready for the call.
    pub(crate) fn waits_for_callback(&mut self) {
        if self.state == State::AwaitingCallback {
            self.announcer.enter(RasState::WaitForCallback);
        }
    }

    /// The call has come: PPP begins anew, without a word of callback.
    pub(crate) fn on_called_back(&mut self, now: Instant) {
        let (None, Some(splice)) = (&self.descent, &mut self.splice) else { return };
        let mut terms = self.plan.ppp_terms(&splice.link.facts());
        terms.callback = CallbackTerms::Refused;
        // Whoever calls now may be somebody else: it is shown no weaker proof than the one before.
        if let Some(method) = self.callback.method {
            terms.accept_methods.retain(|accepted| *accepted == method);
        }
        self.projection.line = splice.link.connected_as().map(str::to_owned);
        splice.ppp = Ppp::new(terms, &self.seed.derive("ppp of the callback"));
        splice.ppp.open(now);
        splice.ppp.lower_up(now);
        self.stairs.push_ppp();
        self.enter(now, State::Authenticating);
        self.announcer.enter(RasState::ReAuthenticate);
    }
}
