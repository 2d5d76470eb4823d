//! TCP to the first of several addresses that answers.
//!
//! In the manner of RFC 8305 §5: addresses are tried in order, the next one 250 ms after the last or
//! as soon as one fails, and the first that answers wins; the others are dropped.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use onhook_effect::{HostError, HostErrorKind};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

const DEED: &str = "connect to the server";
/// How long one address has for itself before the next is tried beside it (RFC 8305 §5).
const STAGGER: Duration = Duration::from_millis(250);
/// How long one address may take.
const ONE_ATTEMPT: Duration = Duration::from_secs(10);
/// How long all may take together.
const ALL_ATTEMPTS: Duration = Duration::from_secs(20);
/// Addresses beyond this many are not tried.
const MAX_ADDRESSES: usize = 16;

/// Connects to the first that answers. May be dropped at any time.
pub(crate) async fn connect(to: &[SocketAddr]) -> Result<TcpStream, HostError> {
    let failures = match timeout(ALL_ATTEMPTS, race(to)).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(failures)) => failures,
        Err(_) => Vec::new(),
    };
    Err(summary(to, &failures))
}

type Failure = (usize, SocketAddr, io::Error);

async fn race(to: &[SocketAddr]) -> Result<TcpStream, Vec<Failure>> {
    let mut waiting = to.iter().copied().take(MAX_ADDRESSES).enumerate();
    let mut running = FuturesUnordered::new();
    let mut failures: Vec<Failure> = Vec::new();
    let mut next_at = Instant::now();
    let mut left = true;
    loop {
        if left && (running.is_empty() || Instant::now() >= next_at) {
            match waiting.next() {
                Some((at, address)) => running.push(attempt(at, address)),
                None => left = false,
            }
            next_at = Instant::now() + STAGGER;
        }
        if running.is_empty() && !left {
            failures.sort_by_key(|(at, ..)| *at);
            return Err(failures);
        }
        tokio::select! {
            Some(result) = running.next() => match result {
                Ok(stream) => return Ok(stream),
                Err(failure) => {
                    failures.push(failure);
                    next_at = Instant::now();
                }
            },
            () = sleep_until(next_at), if left => {}
        }
    }
}

async fn attempt(at: usize, address: SocketAddr) -> Result<TcpStream, Failure> {
    let connected = timeout(ONE_ATTEMPT, TcpStream::connect(address)).await;
    let stream = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    // Small messages must not wait for each other: every flush is one that has something to say.
    stream.and_then(|s| s.set_nodelay(true).map(|()| s)).map_err(|e| (at, address, e))
}

/// One error for all: the kind is that of the most preferred address that can be reached at all.
fn summary(to: &[SocketAddr], failures: &[Failure]) -> HostError {
    if to.is_empty() {
        return HostError::new(DEED, HostErrorKind::NotFound, "there is no address to connect to");
    }
    let mut errors = failures.iter().map(|(_, address, error)| {
        let mut failed = HostError::from_io(DEED, error);
        failed.text = format!("{address}: {}", failed.text);
        failed
    });
    let Some(first) = errors.next() else {
        let text = format!("no answer from {} within {} s", list(to), ALL_ATTEMPTS.as_secs());
        return HostError::new(DEED, HostErrorKind::TimedOut, text);
    };
    let mut chosen = first;
    for error in errors {
        let text = format!("{}; {}", chosen.text, error.text);
        if chosen.kind == HostErrorKind::Unreachable {
            chosen.kind = error.kind;
            chosen.errno = error.errno;
        }
        chosen.text = text;
    }
    chosen
}

fn list(to: &[SocketAddr]) -> String {
    let shown: Vec<_> = to.iter().take(MAX_ADDRESSES).map(ToString::to_string).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn refused() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    }

    #[tokio::test]
    async fn a_refused_address_costs_no_wait() {
        let refused = refused().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let begun = Instant::now();
        let stream = connect(&[refused, listener.local_addr().unwrap()]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
        assert!(stream.nodelay().unwrap());
        assert!(begun.elapsed() < STAGGER, "the next address was tried at once");
    }

    #[tokio::test]
    async fn all_failures_are_told() {
        let (a, b) = (refused().await, refused().await);
        let error = connect(&[a, b]).await.unwrap_err();
        assert_eq!(error.kind, HostErrorKind::Refused);
        assert!(error.text.contains(&a.to_string()) && error.text.contains(&b.to_string()));
        assert_eq!(connect(&[]).await.unwrap_err().kind, HostErrorKind::NotFound);
    }
}
