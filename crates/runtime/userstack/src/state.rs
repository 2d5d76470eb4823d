//! What a stack knows: its sockets, who holds each of them, and what each has still to do.
//!
//! smoltcp leaves four things to its owner, and they are done here, after each poll:
//!
//! - Its timeout counts from the last segment that came, also when nothing is outstanding; left on, it
//!   would end every flow that is idle for so long. So it is on only while data or a SYN is
//!   unacknowledged ([`SILENCE`]).
//! - A FIN that is never answered is repeated for ever: each flow that is closing has a moment
//!   ([`CLOSING`]) at which it is reset.
//! - TIME-WAIT ends by wiping the socket, unread data too: what was received is put aside first.
//! - A socket lives until it is removed. One that nobody holds goes when it has said what it had to say.
//!   Its TIME-WAIT is not waited for: ports are taken in random order from many, and a FIN that comes
//!   again is answered by a reset, when its sender has everything already.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::ops::RangeInclusive;

use onhook_base::{Chance, Duration, Instant};
use smoltcp::iface::{Interface, SocketHandle, SocketSet};
use smoltcp::socket::{Socket, tcp};

use crate::device::Queues;
use crate::stack::StackTerms;

/// How long the other side may be silent while it owes an acknowledgement. A closed window is probed and
/// lost data repeated at least every 60 s: two probes in a row may be lost.
const SILENCE: smoltcp::time::Duration = smoltcp::time::Duration::from_secs(190);
/// The same for a caller that has not been accepted, so that callers who never answer give way.
const HALF_OPEN: smoltcp::time::Duration = smoltcp::time::Duration::from_secs(30);
/// How long a goodbye may take.
const CLOSING: Duration = Duration::from_secs(60);
/// How long an acknowledgement may wait for company; every second full segment is acknowledged at once.
const ACK_DELAY: smoltcp::time::Duration = smoltcp::time::Duration::from_millis(5);

/// A TCP socket's holder, and what smoltcp does not remember of it.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// Waits at a listener for a caller.
    pub(crate) is_waiting: bool,
    /// Nobody holds it any more.
    is_orphan: bool,
    /// When it is reset if it is still closing.
    deadline: Option<Instant>,
    /// The other side's end has come, and here is what was not yet read before it.
    pub(crate) rest: Option<VecDeque<u8>>,
}

/// Everything under the lock.
pub(crate) struct State {
    pub(crate) interface: Interface,
    pub(crate) sockets: SocketSet<'static>,
    pub(crate) queues: Queues,
    pub(crate) flows: HashMap<SocketHandle, Flow>,
    pub(crate) chance: Chance,
    pub(crate) is_down: bool,
}

impl State {
    /// A socket that belongs to `flow`.
    pub(crate) fn add(&mut self, terms: &StackTerms, flow: Flow) -> io::Result<SocketHandle> {
        if self.is_down {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        if self.flows.len() >= terms.max_flows {
            let text = format!("there are {} flows already", self.flows.len());
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, text));
        }
        // Fresh zeroed memory costs nothing until it is used, and a ring that empties starts anew.
        let rx = tcp::SocketBuffer::new(vec![0; terms.rx_buffer]);
        let tx = tcp::SocketBuffer::new(vec![0; terms.tx_buffer]);
        let mut socket = tcp::Socket::new(rx, tx);
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(Some(ACK_DELAY));
        socket.set_timeout(Some(if flow.is_waiting { HALF_OPEN } else { SILENCE }));
        socket.set_congestion_control(tcp::CongestionControl::Cubic);
        let handle = self.sockets.add(socket);
        self.flows.insert(handle, flow);
        Ok(handle)
    }

    pub(crate) fn socket(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(handle)
    }

    /// A local port that no socket has.
    pub(crate) fn port(&mut self, ports: &RangeInclusive<u16>) -> io::Result<u16> {
        let span = u64::from(ports.end().saturating_sub(*ports.start())) + 1;
        let first = self.chance.below(span);
        (0..span)
            .filter_map(|step| Some(ports.start() + u16::try_from((first + step) % span).ok()?))
            .find(|port| *port != 0 && !self.has_port(*port))
            .ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "every local port is in use"))
    }

    fn has_port(&self, port: u16) -> bool {
        self.sockets.iter().any(|(_, socket)| match socket {
            Socket::Tcp(tcp) => tcp.local_endpoint().is_some_and(|at| at.port == port),
            Socket::Udp(udp) => udp.endpoint().port == port,
        })
    }

    /// Takes octets from the program; the timeout runs while they are outstanding.
    pub(crate) fn write(&mut self, handle: SocketHandle, bytes: &[u8]) -> io::Result<usize> {
        let socket = self.socket(handle);
        match socket.send_slice(bytes) {
            Ok(count) => {
                socket.set_timeout(Some(SILENCE));
                Ok(count)
            }
            Err(_) if socket.state() == tcp::State::Closed => {
                Err(io::ErrorKind::ConnectionReset.into())
            }
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Takes a socket away at once.
    pub(crate) fn remove(&mut self, handle: SocketHandle) {
        if self.flows.remove(&handle).is_some() {
            self.sockets.remove(handle);
        }
    }

    /// Nobody holds the socket any more. With `gently`, what it was given still leaves, and its end;
    /// otherwise, or when the other side sends what nobody will read, it is reset.
    pub(crate) fn let_go(&mut self, handle: SocketHandle, gently: bool) {
        let Some(flow) = self.flows.get_mut(&handle) else { return };
        flow.is_orphan = true;
        flow.is_waiting = false;
        let unread = flow.rest.as_ref().is_some_and(|rest| !rest.is_empty());
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(handle);
        match socket.state() {
            // Nothing has been agreed with anybody; a late answer is reset by itself.
            tcp::State::SynSent | tcp::State::Listen => self.remove(handle),
            _ if gently && !unread && socket.recv_queue() == 0 => socket.close(),
            _ => socket.abort(),
        }
    }

    /// Looks after every flow once the interface has been polled. Returns the next deadline; it is `now`
    /// when a reset is to be sent.
    pub(crate) fn look_after(&mut self, now: Instant) -> Option<Instant> {
        let is_pressed = self.queues.is_pressed();
        let sockets = &mut self.sockets;
        let mut next: Option<Instant> = None;
        self.flows.retain(|handle, flow| {
            let socket = sockets.get_mut::<tcp::Socket<'_>>(*handle);
            let has_left = match socket.state() {
                tcp::State::Closed => socket.remote_endpoint().is_none(),
                // The last acknowledgement has left, unless the budget was used up.
                tcp::State::TimeWait => !is_pressed,
                _ => false,
            };
            if flow.is_orphan && has_left {
                sockets.remove(*handle);
                return false;
            }
            let wanted = flow.look_after(socket, now);
            next = [next, wanted].into_iter().flatten().min();
            true
        });
        next
    }
}

impl Flow {
    /// A flow that waits at a listener.
    pub(crate) fn waiting() -> Self {
        Self { is_waiting: true, ..Self::default() }
    }

    fn look_after(&mut self, socket: &mut tcp::Socket<'static>, now: Instant) -> Option<Instant> {
        let is_silent = socket.send_queue() == 0;
        let closing = match socket.state() {
            tcp::State::Established | tcp::State::CloseWait => {
                if is_silent && !self.is_waiting {
                    socket.set_timeout(None);
                }
                false
            }
            tcp::State::FinWait1 | tcp::State::Closing | tcp::State::LastAck => {
                // Outstanding data has its own timeout, and may take as long as it goes on.
                if is_silent {
                    socket.set_timeout(None);
                }
                is_silent
            }
            tcp::State::FinWait2 => {
                socket.set_timeout(None);
                self.is_orphan
            }
            tcp::State::TimeWait => {
                self.put_aside(socket);
                false
            }
            tcp::State::Closed
            | tcp::State::Listen
            | tcp::State::SynSent
            | tcp::State::SynReceived => false,
        };
        if !closing {
            self.deadline = None;
        }
        let deadline = closing.then(|| *self.deadline.get_or_insert(now + CLOSING));
        let is_unread = self.is_orphan && socket.is_open() && socket.recv_queue() > 0;
        if is_unread || deadline.is_some_and(|deadline| deadline <= now) {
            socket.abort();
            return Some(now);
        }
        deadline
    }

    /// TIME-WAIT will wipe the socket: keeps what was received, and that it is complete.
    fn put_aside(&mut self, socket: &mut tcp::Socket<'static>) {
        let rest = self.rest.get_or_insert_default();
        while let Ok(1..) = socket.recv(|bytes| {
            rest.extend(&*bytes);
            (bytes.len(), bytes.len())
        }) {}
    }
}
