//! A TCP stream through the stack.

use std::future::poll_fn;
use std::io::{self, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::stack::Stack;

/// A TCP stream to a host behind the connection.
///
/// Dropped after it was shut down (`AsyncWriteExt::shutdown`) and with nothing unread, it lets the last
/// octets and its end leave, as long as the stack is polled. Dropped otherwise, it resets the flow: what
/// was cut off does not look complete to the other side.
pub struct StackStream {
    stack: Stack,
    handle: SocketHandle,
    is_finished: bool,
}

impl StackStream {
    pub(crate) const fn new(stack: Stack, handle: SocketHandle) -> Self {
        Self { stack, handle, is_finished: false }
    }

    /// Resolves when the other side has answered.
    pub(crate) async fn established(&self) -> io::Result<()> {
        poll_fn(|context| {
            let mut state = self.stack.0.lock();
            if state.is_down {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            let socket = state.socket(self.handle);
            match socket.state() {
                tcp::State::SynSent | tcp::State::SynReceived => {
                    socket.register_send_waker(context.waker());
                    Poll::Pending
                }
                tcp::State::Closed => Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into())),
                _ => Poll::Ready(Ok(())),
            }
        })
        .await
    }

    fn read(&self, context: &Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.stack.0.lock();
        let is_down = state.is_down;
        let before = buf.filled().len();
        if let Some(rest) = state.flows.get_mut(&self.handle).and_then(|flow| flow.rest.as_mut()) {
            let count = rest.read(buf.initialize_unfilled())?;
            buf.advance(count);
            return Poll::Ready(Ok(()));
        }
        let socket = state.socket(self.handle);
        loop {
            let taken = socket.recv(|bytes| {
                let count = bytes.len().min(buf.remaining());
                buf.put_slice(&bytes[..count]);
                (count, count)
            });
            match taken {
                // There may be a second run behind the ring's end.
                Ok(1..) => {}
                _ if buf.filled().len() > before => return Poll::Ready(Ok(())),
                Ok(_) if is_down => {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
                Ok(_) => {
                    socket.register_recv_waker(context.waker());
                    return Poll::Pending;
                }
                Err(tcp::RecvError::Finished) => return Poll::Ready(Ok(())),
                Err(tcp::RecvError::InvalidState) if is_down => {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
                Err(tcp::RecvError::InvalidState) => {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
                }
            }
        }
    }
}

impl AsyncRead for StackStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let result = self.read(context, buf);
        if result.is_ready() {
            // The window has opened.
            self.stack.0.wake();
        }
        result
    }
}

impl AsyncWrite for StackStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.stack.0.lock();
        if state.is_down {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let result = state.write(self.handle, bytes);
        if matches!(result, Ok(0)) && !bytes.is_empty() {
            state.socket(self.handle).register_send_waker(context.waker());
            return Poll::Pending;
        }
        drop(state);
        self.stack.0.wake();
        Poll::Ready(result)
    }

    /// What is written is on its way; nothing is held back.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends our direction behind what is still to be sent; the other one goes on.
    fn poll_shutdown(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_finished = true;
        self.stack.0.lock().socket(self.handle).close();
        self.stack.0.wake();
        Poll::Ready(Ok(()))
    }
}

impl Drop for StackStream {
    fn drop(&mut self) {
        self.stack.0.lock().let_go(self.handle, self.is_finished);
        self.stack.0.wake();
    }
}

impl std::fmt::Debug for StackStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StackStream").field("handle", &self.handle).finish_non_exhaustive()
    }
}
