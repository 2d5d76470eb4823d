//! From a listener that reads for all to the call whose a datagram is.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::queue::Queue;
use super::{Ready, Received};

/// Datagrams that may wait for a call that is slow to take them.
const INBOX: usize = 512;

/// Datagrams that a listener hands over to the call whose they are.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<InboxState>,
    /// What the call has taken of it, and not yet read.
    taken: Mutex<Queue>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct InboxState {
    waiting: Queue,
    closed: bool,
}

impl Inbox {
    /// Gives what waits to `sink`.
    pub(super) fn receive(&self, budget: usize, sink: &mut dyn FnMut(&[u8])) -> Received {
        let mut queue = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = 0;
        while taken < budget {
            let Some(length) = queue.lengths().front().copied() else {
                let mut state = self.lock();
                match (state.waiting.octets(), state.closed) {
                    (0, true) => return Received::Closed,
                    (0, false) => return Received::Drained,
                    // All at once, so that who gives is not held up by who takes.
                    (_, _) => std::mem::swap(&mut *queue, &mut state.waiting),
                }
                continue;
            };
            taken += length;
            sink(queue.waiting().get(..length).unwrap_or_default());
            queue.forget(1);
        }
        Received::More
    }

    fn lock(&self) -> MutexGuard<'_, InboxState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_news(&self) -> bool {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.lock();
        state.closed || state.waiting.octets() > 0 || taken.octets() > 0
    }

    pub(super) async fn ready(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listen before looking, so that nothing is missed in between.
            changed.as_mut().enable();
            if self.has_news() {
                return;
            }
            changed.await;
        }
    }
}

/// Resolves when a lane can be read, from its inbox where it has one, else from its port, or written; each
/// only where it is wanted.
pub(super) async fn either_ready(
    (inbox, port): (Option<&Inbox>, impl Future<Output = io::Result<()>>),
    writable: impl Future<Output = io::Result<()>>,
    (read, write): (bool, bool),
) -> io::Result<Ready> {
    let readable = async {
        match inbox {
            Some(inbox) => {
                inbox.ready().await;
                Ok(())
            }
            None => port.await,
        }
    };
    tokio::select! {
        read = readable, if read => read.map(|()| Ready { readable: true, writable: false }),
        written = writable, if write => written.map(|()| Ready { readable: false, writable: true }),
        else => std::future::pending().await,
    }
}

/// Hands a call its datagrams; the lane ends when this is dropped.
#[derive(Debug)]
pub struct Hand(Arc<Inbox>);

impl Hand {
    pub(super) const fn to(inbox: Arc<Inbox>) -> Self {
        Self(inbox)
    }

    /// Hands one over; one too many is lost.
    pub fn give(&self, datagram: &[u8]) {
        let mut state = self.0.lock();
        if state.waiting.lengths().len() < INBOX {
            state.waiting.push(datagram);
        }
        drop(state);
        self.0.changed.notify_one();
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}
