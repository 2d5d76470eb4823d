//! Deeds that are being done: a few futures with names, each of which can be dropped at any moment.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use onhook_effect::StepId;

type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Futures by step. There are a handful at most, so all are polled at every wake.
pub(crate) struct Deeds<T> {
    running: Vec<(StepId, Running<T>)>,
}

impl<T> Deeds<T> {
    pub(crate) const fn new() -> Self {
        Self { running: Vec::new() }
    }

    /// Begins a deed; it runs when [`next`](Self::next) is awaited.
    pub(crate) fn begin(&mut self, step: StepId, deed: impl Future<Output = T> + Send + 'static) {
        self.running.push((step, Box::pin(deed)));
    }

    /// Calls a deed off: its future is dropped before this returns.
    pub(crate) fn call_off(&mut self, step: StepId) {
        self.running.retain(|(s, _)| *s != step);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// The next deed that ends; for ever pending when none runs. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> (StepId, T) {
        poll_fn(|context| {
            for at in 0..self.running.len() {
                let (step, deed) = &mut self.running[at];
                if let Poll::Ready(result) = deed.as_mut().poll(context) {
                    let step = *step;
                    drop(self.running.swap_remove(at));
                    return Poll::Ready((step, result));
                }
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_deed_that_is_called_off_is_dropped_at_once() {
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let mut deeds = Deeds::new();
        deeds.begin(StepId(1), async move { receiver.await.is_ok() });
        deeds.begin(StepId(2), async { true });
        assert_eq!(deeds.next().await, (StepId(2), true));
        deeds.call_off(StepId(1));
        assert!(sender.is_closed());
        assert!(deeds.is_empty());
    }
}
