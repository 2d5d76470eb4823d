//! Callback, between the proofs and the network ([MS-CBCP]).
//!
//! What is known by the proofs is kept until it is said whether the network follows in this call or in
//! another one. After a callback was agreed the caller ends this one (its owner closes); an answerer
//! waits for that, and not for ever.

use onhook_base::{Deadline, Duration, Instant};

use super::{CloseReason, Ppp, PppEvent};
use crate::auth::Keys;
use crate::cbcp::{CallbackOffer, CbcpAnswerer, CbcpCaller, CbcpEvent};
use crate::failure::{Layer, PppFailure};
use crate::terms::{CallbackTerms, Role};

/// An answerer that is to call back ends the call by itself when the caller has not after this.
const LEAVE: Duration = Duration::from_secs(10);

/// The talk of one life of LCP.
#[derive(Debug)]
pub(super) struct Callback {
    end: End,
    keys: Option<Keys>,
    peer_name: Option<String>,
    /// When to end the call, once a callback is agreed.
    leave: Option<Instant>,
}

#[derive(Debug)]
enum End {
    Caller(CbcpCaller),
    Answerer(CbcpAnswerer),
}

impl Callback {
    pub(super) fn handle_packet(&mut self, now: Instant, information: &[u8]) {
        match &mut self.end {
            End::Caller(caller) => caller.handle_packet(now, information),
            End::Answerer(answerer) => answerer.handle_packet(now, information),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match &mut self.end {
            End::Caller(caller) => caller.handle_timeout(now),
            End::Answerer(answerer) => answerer.handle_timeout(now),
        }
    }

    pub(super) fn poll_packet(&mut self) -> Option<Vec<u8>> {
        match &mut self.end {
            End::Caller(caller) => caller.poll_packet(),
            End::Answerer(answerer) => answerer.poll_packet(),
        }
    }

    pub(super) fn poll_event(&mut self) -> Option<CbcpEvent> {
        match &mut self.end {
            End::Caller(caller) => caller.poll_event(),
            End::Answerer(answerer) => answerer.poll_event(),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Deadline> {
        let leave = self.leave.map(|at| Deadline::new(at, "the caller's goodbye"));
        let machine = match &self.end {
            End::Caller(caller) => caller.poll_timeout(),
            End::Answerer(answerer) => answerer.poll_timeout(),
        };
        Deadline::earliest(leave, machine)
    }
}

impl Ppp {
    /// (Answerer) what the caller that is about to be admitted is offered, if it can be called back
    /// over this link: counts when it is said before [`answer_auth`](Self::answer_auth). Default: no
    /// callback.
    pub const fn offer_callback(&mut self, offer: CallbackOffer) {
        self.callback_offer = offer;
    }

    /// (Caller) the answer to [`PppEvent::MayChooseCallback`], where it was asked for; `None`: no
    /// callback.
    pub fn choose_callback(&mut self, now: Instant, number: Option<String>) {
        if let Some(Callback { end: End::Caller(caller), .. }) = &mut self.callback {
            caller.choose(now, number);
            self.settle(now);
        }
    }

    /// The proofs are in: callback is talked about if LCP has agreed so, else the network follows.
    pub(super) fn after_proof(
        &mut self,
        now: Instant,
        keys: Option<Keys>,
        peer_name: Option<String>,
    ) {
        if self.callback.is_some() {
            return;
        }
        if !self.lcp.terms().talks_of_callback() {
            // Who is called back at one place alone is there, and not here.
            let must_be = self.callback_offer == CallbackOffer::Preset
                && matches!(self.terms.callback, CallbackTerms::Granted { .. });
            return match must_be {
                true => self.fail(now, PppFailure::NoCallbackAgreed),
                false => self.enter_network(keys, peer_name),
            };
        }
        let end = match (self.terms.role, &self.terms.callback) {
            (Role::Caller, CallbackTerms::Wanted(wish)) => {
                End::Caller(CbcpCaller::new(now, wish.clone()))
            }
            (Role::Caller | Role::Answerer, _) => {
                // At the other end a person may be asked for the number.
                if self.callback_offer == CallbackOffer::CallersNumber {
                    self.tell(PppEvent::PeerIsChoosing);
                }
                End::Answerer(CbcpAnswerer::new(now, self.callback_offer, 1))
            }
        };
        self.callback = Some(Callback { end, keys, peer_name, leave: None });
    }

    fn enter_network(&mut self, keys: Option<Keys>, peer_name: Option<String>) {
        self.authenticated = true;
        self.keys.clone_from(&keys);
        self.tell(PppEvent::Authenticated { keys, peer_name });
    }

    pub(super) fn on_callback(&mut self, now: Instant, event: CbcpEvent) {
        let Some(callback) = self.callback.as_mut().filter(|_| !self.ending) else { return };
        match event {
            CbcpEvent::MayChoose => self.tell(PppEvent::MayChooseCallback),
            CbcpEvent::Agreed(None) => {
                let (keys, peer_name) = (callback.keys.take(), callback.peer_name.take());
                self.enter_network(keys, peer_name);
            }
            CbcpEvent::Agreed(Some(agreement)) => {
                if let End::Answerer(_) = callback.end {
                    callback.leave = Some(now + LEAVE);
                }
                self.tell(PppEvent::CallbackAgreed(agreement));
            }
            CbcpEvent::Disagreed => self.fail(now, PppFailure::NoCallbackAgreed),
            CbcpEvent::Unanswered { tries } => {
                let heard_anything = self.heard_anything;
                let failure = PppFailure::NoAnswer { layer: Layer::Cbcp, tries, heard_anything };
                self.fail(now, failure);
            }
        }
    }

    /// The caller has not ended the call, though it is to be called back.
    pub(super) fn check_callback(&mut self, now: Instant) {
        if let Some(callback) = &mut self.callback
            && callback.leave.is_some_and(|at| now >= at)
        {
            callback.leave = None;
            self.close(now, CloseReason::Callback);
        }
    }
}
