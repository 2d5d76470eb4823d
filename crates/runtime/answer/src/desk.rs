//! Where every front brings its calls: they are counted, taken, and driven to their end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use onhook_connection::{AnswerPlan, Impairment, LinkPlan, Plan};
use onhook_engine::{Answering, Engine, Stop};
use onhook_host::{LaneIo, crash_point};
use tokio::sync::oneshot;

use crate::answer::Inner;
use crate::callback::DueCall;
use crate::calls::Origin;

/// Takes calls. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    engine: Engine,
    inner: Arc<Inner>,
    terms: Arc<AnswerPlan>,
    impairment: Option<Impairment>,
    next: Arc<AtomicU64>,
}

/// A call that was let in and is not answered yet.
pub(crate) struct Call {
    pub(crate) number: u64,
    /// Resolves when it is to end.
    pub(crate) stop: oneshot::Receiver<Stop>,
}

impl Desk {
    pub(crate) fn new(
        engine: Engine,
        inner: Arc<Inner>,
        terms: AnswerPlan,
        impairment: Option<Impairment>,
    ) -> Self {
        Self {
            engine,
            inner,
            terms: Arc::new(terms),
            impairment,
            next: Arc::new(AtomicU64::new(1)),
        }
    }

    /// The engine that drives the calls.
    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A call comes; `None` when it cannot be taken. One that is not [answered](Self::answer) is to be
    /// [given up](Self::give_up).
    pub(crate) fn begin(&self, from: Origin) -> Option<Call> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let begun = self.inner.calls().begin(number, from.clone());
        crash_point("a call comes");
        match begun {
            Some(stop) => Some(Call { number, stop }),
            None => {
                tracing::warn!(target: "answer", call = number, %from, "refused: too many calls");
                None
            }
        }
    }

    /// Nothing has come of a call.
    pub(crate) fn give_up(&self, call: &Call) {
        self.inner.calls().end(call.number);
    }

    /// The call that is to be made after this one, which has ended.
    pub(crate) fn due_call(&self, call: u64) -> Option<DueCall> {
        self.inner.callbacks().take(call)
    }

    /// The call is one of ours, which this user has to answer.
    pub(crate) fn calls_back(&self, call: &Call, user: String) {
        self.inner.callbacks().make(call.number, user);
    }

    /// Takes a call on its lane; resolves when nothing of it is left.
    pub(crate) async fn answer(&self, call: Call, lane: LaneIo, link: LinkPlan) {
        self.inner.calls().tell(call.number, link.name());
        self.inner.tell();
        let plan = Plan::for_answer(&self.terms, link);
        let plan = self.impairment.into_iter().fold(plan, Plan::impaired);
        let answering: Arc<dyn Answering> = self.inner.clone();
        self.engine.answer(call.number, lane, plan, answering, call.stop).await;
    }

    /// Tells every call to end, of whichever front.
    pub(crate) fn stop_all(&self) {
        self.inner.calls().stop_all(&onhook_model::Cause::manager_stops());
    }
}
