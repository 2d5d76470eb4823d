//! Callers from behind the connection.
//!
//! smoltcp has no listen queue: each caller needs a socket that waits for it. A listener keeps so many
//! of them as its backlog says, and puts a fresh one in the place of each that was taken.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;

use crate::stack::Stack;
use crate::state::{Flow, State};
use crate::stream::StackStream;

/// Takes callers from behind the connection.
pub struct StackListener {
    stack: Stack,
    port: u16,
    backlog: usize,
    /// Locked before the stack's own state, never after it.
    waiting: Mutex<Vec<SocketHandle>>,
}

impl StackListener {
    pub(crate) fn new(stack: Stack, port: u16, backlog: usize) -> Self {
        let listener = Self { stack, port, backlog, waiting: Mutex::default() };
        if let Err(error) = listener.fill(&mut listener.waiting(), &mut listener.stack.0.lock()) {
            // The first accept says so too, to the one who can act on it.
            tracing::debug!(target: "userstack", port, %error, "nobody can call yet");
        }
        listener
    }

    /// The next caller. May be dropped and called again; one caller of it at a time.
    ///
    /// # Errors
    /// `ConnectionAborted` when the stack was shut down, `QuotaExceeded` when there is no room for even
    /// one caller, `InvalidInput` for port 0.
    pub async fn accept(&self) -> io::Result<(StackStream, SocketAddr)> {
        poll_fn(|context| self.poll_accept(context)).await
    }

    fn poll_accept(&self, context: &Context<'_>) -> Poll<io::Result<(StackStream, SocketAddr)>> {
        let mut waiting = self.waiting();
        let mut state = self.stack.0.lock();
        if state.is_down {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let arrived = waiting.iter().position(|handle| {
            use tcp::State::{Closed, Listen, SynReceived};
            !matches!(state.socket(*handle).state(), Closed | Listen | SynReceived)
        });
        let taken = arrived.map(|at| waiting.swap_remove(at));
        if let Some(handle) = taken
            && let Some(flow) = state.flows.get_mut(&handle)
        {
            flow.is_waiting = false;
            // It owes nothing; from here on it may be idle.
            state.socket(handle).set_timeout(None);
        }
        let filled = self.fill(&mut waiting, &mut state);
        if let Some(handle) = taken {
            let from = state.socket(handle).remote_endpoint();
            let from = from.map_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), |from| {
                SocketAddr::new(IpAddr::from(from.addr), from.port)
            });
            return Poll::Ready(Ok((StackStream::new(self.stack.clone(), handle), from)));
        }
        match filled {
            Err(error) if waiting.is_empty() => return Poll::Ready(Err(error)),
            // Fewer may be on their way at once; those that are go on.
            Ok(()) | Err(_) => {}
        }
        for handle in waiting.iter() {
            let socket = state.socket(*handle);
            socket.register_recv_waker(context.waker());
            socket.register_send_waker(context.waker());
        }
        Poll::Pending
    }

    /// Lets as many sockets listen as the backlog says; one whose caller has left listens again.
    fn fill(&self, waiting: &mut Vec<SocketHandle>, state: &mut State) -> io::Result<()> {
        let refuse = |_| io::Error::new(io::ErrorKind::InvalidInput, "nobody can listen on port 0");
        for handle in waiting.iter() {
            let socket = state.socket(*handle);
            if socket.state() == tcp::State::Closed {
                socket.listen(self.port).map_err(refuse)?;
            }
        }
        while waiting.len() < self.backlog {
            let handle = state.add(&self.stack.0.terms, Flow::waiting())?;
            if let Err(error) = state.socket(handle).listen(self.port) {
                state.remove(handle);
                return Err(refuse(error));
            }
            waiting.push(handle);
        }
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<SocketHandle>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StackListener {
    fn drop(&mut self) {
        let mut state = self.stack.0.lock();
        for handle in self.waiting.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            state.let_go(handle, false);
        }
        drop(state);
        self.stack.0.wake();
    }
}

impl std::fmt::Debug for StackListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StackListener").field("port", &self.port).finish_non_exhaustive()
    }
}
