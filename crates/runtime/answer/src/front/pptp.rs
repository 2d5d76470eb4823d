//! PPTP: control connections over TCP, and beside each a socket of its own for GRE.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onhook_connection::LinkPlan;
use onhook_effect::HostError;
use onhook_host::LineLane;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{cannot_listen, take_calls};
use crate::desk::{Call, Desk};

/// One address at which PPTP is answered.
pub(crate) struct PptpFront {
    listener: TcpListener,
    address: SocketAddr,
    name: String,
    numbers: Numbers,
}

impl PptpFront {
    pub(crate) async fn open(
        address: SocketAddr,
        name: String,
        numbers: Numbers,
    ) -> Result<Self, HostError> {
        let failed = |error| cannot_listen(&address, &error);
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, name, numbers })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn listen(self, desk: Desk, stopped: watch::Receiver<bool>) {
        let (name, numbers) = (self.name, self.numbers);
        let take = |desk, stream, call| take(desk, stream, call, name.clone(), numbers.next());
        take_calls(self.listener, desk, stopped, take).await;
    }
}

async fn take(desk: Desk, stream: TcpStream, call: Call, name: String, number: Option<Number>) {
    let lane = number.zip(LineLane::of_tcp(stream).ok());
    match lane {
        Some((number, lane)) => {
            let link = LinkPlan::PptpAnswer { host_name: name, call: number.value };
            desk.answer(call, lane, link).await;
        }
        None => desk.give_up(&call),
    }
}

/// The numbers of calls: each is had by one call at most, also of those that come from different addresses or
/// to different ones, so that no socket hears what is another's. A clone shares them.
#[derive(Clone, Default)]
pub(crate) struct Numbers(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    numbers: BTreeSet<u16>,
    last: u16,
}

/// A call's number, which is free again afterwards.
struct Number {
    value: u16,
    of: Numbers,
}

impl Numbers {
    /// The next that is free, so that one is not had again soon; never 0.
    fn next(&self) -> Option<Number> {
        let mut taken = self.lock();
        for _ in 0..=u16::MAX {
            let value = taken.last.wrapping_add(1).max(1);
            taken.last = value;
            if taken.numbers.insert(value) {
                return Some(Number { value, of: self.clone() });
            }
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        self.of.lock().numbers.remove(&self.value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_had_once_and_comes_back_late() {
        let numbers = Numbers::default();
        let first = numbers.next().unwrap();
        let second = numbers.next().unwrap();
        assert_eq!((first.value, second.value), (1, 2));
        drop(first);
        assert_eq!(numbers.next().map(|number| number.value), Some(3));
        numbers.lock().last = u16::MAX;
        assert_eq!(numbers.next().unwrap().value, 1, "2 is still had, 0 is none");
        numbers.lock().last = 1;
        assert_eq!(numbers.next().unwrap().value, 3);
    }
}
