//! Names, resolved by the connection's own servers through the stack (RFC 1035).
//!
//! A stub resolver: one question a query (A, and AAAA at the same time where we have an IPv6 address that
//! is not link-local), three tries two seconds apart, each of the servers in turn. What a server sends is
//! read with bounds, and only an answer from the server that was asked, with our identifier and our
//! question, counts. The identifier and the port are both chance. Compressed names (RFC 1035 §4.1.4) are
//! passed over, never followed, so that no pointer can lead in a circle.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::task::Poll;
use std::time::Duration;

use onhook_base::{Malformed, Reader, Writer};
use smoltcp::iface::SocketHandle;
use smoltcp::socket::udp;
use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::stack::Stack;

const PORT: u16 = 53;
const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(2);
const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;
const CLASS_IN: u16 = 1;
/// Labels that one name may have: 255 octets hold no more.
const MOST_LABELS: usize = 128;
/// Records of an answer that are looked at.
const MOST_RECORDS: u16 = 64;

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The addresses; there may be none of this family.
    Addresses(Vec<IpAddr>),
    /// There is no such name.
    NoSuchName,
    /// The server could not tell.
    Failed,
}

/// The octets of a question.
pub(crate) fn question(id: u16, name: &str, kind: u16) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut w = Writer::new(&mut out);
    w.u16(id);
    w.u16(0x0100); // recursion desired
    for count in [1, 0, 0, 0] {
        w.u16(count);
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() || name.len() > 253 || !name.is_ascii() {
        return None;
    }
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|l| (1..64).contains(l))?;
        w.u8(length);
        w.bytes(label.to_ascii_lowercase().as_bytes());
    }
    w.u8(0);
    w.u16(kind);
    w.u16(CLASS_IN);
    Some(out)
}

/// Reads an answer to `question`; `None` when it is none.
pub(crate) fn answer(question: &[u8], message: &[u8]) -> Option<Answer> {
    read_answer(question, message).ok().flatten()
}

fn read_answer(question: &[u8], message: &[u8]) -> Result<Option<Answer>, Malformed> {
    let mut r = Reader::new(message);
    let asked = Reader::new(question).u16()?;
    let (id, flags) = (r.u16()?, r.u16()?);
    let (questions, answers) = (r.u16()?, r.u16()?);
    r.u32()?;
    let repeated = question.get(12..).unwrap_or_default();
    if id != asked || flags & 0x8000 == 0 || questions != 1 {
        return Ok(None);
    }
    if !r.take(repeated.len())?.eq_ignore_ascii_case(repeated) {
        return Ok(None);
    }
    match flags & 0x000f {
        0 => {}
        3 => return Ok(Some(Answer::NoSuchName)),
        _ => return Ok(Some(Answer::Failed)),
    }
    let mut addresses = Vec::new();
    for _ in 0..answers.min(MOST_RECORDS) {
        skip_name(&mut r)?;
        let (kind, class) = (r.u16()?, r.u16()?);
        r.u32()?;
        let length = usize::from(r.u16()?);
        let mut data = Reader::new(r.take(length)?);
        match (kind, class, length) {
            (TYPE_A, CLASS_IN, 4) => addresses.push(Ipv4Addr::from(data.array::<4>()?).into()),
            (TYPE_AAAA, CLASS_IN, 16) => {
                addresses.push(Ipv6Addr::from(data.array::<16>()?).into());
            }
            // CNAMEs need not be followed: a recursive server sends what they lead to.
            _ => {}
        }
    }
    Ok(Some(Answer::Addresses(addresses)))
}

/// Passes over a name; a pointer ends it, and is not followed.
fn skip_name(r: &mut Reader<'_>) -> Result<(), Malformed> {
    for _ in 0..MOST_LABELS {
        match r.u8()? {
            0 => return Ok(()),
            length @ 1..=63 => drop(r.take(usize::from(length))?),
            0xc0..=0xff => {
                r.u8()?;
                return Ok(());
            }
            _ => return Err(Malformed::Forbidden),
        }
    }
    Err(Malformed::BadLength)
}

impl Stack {
    /// Looks a name up behind the connection.
    ///
    /// # Errors
    /// `NotFound` when there is no such name, `TimedOut` when no server answers.
    pub async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        if let Ok(address) = name.parse() {
            return Ok(vec![address]);
        }
        let not_found =
            |why: &str| io::Error::new(io::ErrorKind::NotFound, format!("{name}: {why}"));
        if self.0.terms.dns.is_empty() {
            return Err(not_found("the connection has no name servers"));
        }
        let has_ipv6 = self.0.terms.addresses.iter().any(|(address, _)| match address {
            IpAddr::V6(six) => !six.is_unicast_link_local(),
            IpAddr::V4(_) => false,
        });
        let sixes = async {
            match has_ipv6 {
                true => self.ask(name, TYPE_AAAA).await,
                false => Ok(Answer::Addresses(Vec::new())),
            }
        };
        // Both at once: a server that is deaf to the one costs no time of the other.
        let answers = tokio::join!(sixes, self.ask(name, TYPE_A));
        let mut found = Vec::new();
        let mut failure = None;
        for answer in [answers.0, answers.1] {
            match answer {
                Ok(Answer::Addresses(mut addresses)) => found.append(&mut addresses),
                Ok(Answer::NoSuchName) => failure = Some(not_found("there is no such name")),
                Ok(Answer::Failed) => {
                    failure = Some(not_found("the connection's name servers could not tell"));
                }
                Err(error) => failure = Some(error),
            }
        }
        if found.is_empty() {
            return Err(failure.unwrap_or_else(|| not_found("it has no address")));
        }
        Ok(found)
    }

    async fn ask(&self, name: &str, kind: u16) -> io::Result<Answer> {
        let asker = Asker::new(self)?;
        let mut failed = None;
        for _ in 0..TRIES {
            for server in &self.0.terms.dns {
                let id = self.0.lock().chance.bytes::<2>();
                let Some(question) = question(u16::from_be_bytes(id), name, kind) else {
                    return Err(io::Error::new(io::ErrorKind::NotFound, "this is no name"));
                };
                asker.send(&question, *server);
                match tokio::time::timeout(PATIENCE, asker.receive(&question, *server)).await {
                    // Another server may know.
                    Ok(Ok(Answer::Failed)) => failed = Some(Answer::Failed),
                    Ok(answer) => return answer,
                    Err(_) => {}
                }
            }
            if let Some(failed) = failed {
                return Ok(failed);
            }
        }
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("{name}: no name server behind the connection answers"),
        ))
    }
}

/// A UDP socket that goes with its value.
struct Asker<'a> {
    stack: &'a Stack,
    handle: SocketHandle,
}

impl<'a> Asker<'a> {
    fn new(stack: &'a Stack) -> io::Result<Self> {
        let buffer = || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 4], vec![0; 4096]);
        let mut socket = udp::Socket::new(buffer(), buffer());
        let mut state = stack.0.lock();
        if state.is_down {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let port = state.port(&stack.0.terms.local_ports)?;
        socket.bind(port).map_err(|e| io::Error::other(e.to_string()))?;
        let handle = state.sockets.add(socket);
        Ok(Self { stack, handle })
    }

    fn send(&self, question: &[u8], server: IpAddr) {
        let mut state = self.stack.0.lock();
        let socket = state.sockets.get_mut::<udp::Socket<'_>>(self.handle);
        let to = IpEndpoint::new(IpAddress::from(server), PORT);
        if let Err(error) = socket.send_slice(question, to) {
            // Like a lost datagram: it is asked again.
            tracing::debug!(target: "userstack", %error, "a question could not be sent");
        }
        drop(state);
        self.stack.0.wake();
    }

    async fn receive(&self, question: &[u8], server: IpAddr) -> io::Result<Answer> {
        poll_fn(|context| {
            let mut state = self.stack.0.lock();
            if state.is_down {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            let socket = state.sockets.get_mut::<udp::Socket<'_>>(self.handle);
            while let Ok((bytes, from)) = socket.recv() {
                let right = from.endpoint == IpEndpoint::new(IpAddress::from(server), PORT);
                if let Some(answer) = right.then(|| answer(question, bytes)).flatten() {
                    return Poll::Ready(Ok(answer));
                }
            }
            socket.register_recv_waker(context.waker());
            Poll::Pending
        })
        .await
    }
}

impl Drop for Asker<'_> {
    fn drop(&mut self) {
        self.stack.0.lock().sockets.remove(self.handle);
    }
}
