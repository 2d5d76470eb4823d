//! Which layer starts after which, and when the climb is over (RFC 1661 §3.2).
//!
//! ```text
//!   link up ─▶ LCP ─▶ proofs, both ways at once ─▶ CCP (passive), IPCP, IPV6CP at once ─▶ settled
//! ```
//!
//! Nothing on the way waits for a timer, and no network protocol for another. The network is
//! *settled* when every protocol that was asked for has opened or failed, and one at least is open.
//! IPv6 has to keep up: once IPv4 is open, a peer that does not even reject IPV6CP holds nobody up
//! for longer than three seconds, and may still open it later.
//!
//! When none is left, PPP has no purpose: the reason is IPCP's, unless only IPV6CP has one of its
//! own. CCP is not a rung: it may open or not.

use onhook_base::{Deadline, Duration, Instant};

use crate::failure::PppFailure;

/// How long IPv6 may come after IPv4 without being left behind.
const GRACE: Duration = Duration::from_secs(3);

/// How far a network protocol has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not wanted.
    NotAsked,
    /// It negotiates.
    Rising,
    /// Its packets pass.
    Open,
    /// It will not open; the peer may still revive it.
    Failed(PppFailure),
}

/// Which network protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rung {
    Ipv4,
    Ipv6,
}

/// What follows from where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing new.
    Wait,
    /// All have opened or failed, one at least is open. Said once.
    Settled,
    /// None is left.
    Fallen(PppFailure),
}

/// The network protocols of one projection.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    ipv4: Standing,
    ipv6: Standing,
    /// Until when IPv6 is waited for.
    grace: Option<Instant>,
    settled: bool,
}

impl Ladder {
    pub(crate) fn new(with_ipv4: bool, with_ipv6: bool) -> Self {
        let start = |asked| if asked { Standing::Rising } else { Standing::NotAsked };
        Self { ipv4: start(with_ipv4), ipv6: start(with_ipv6), grace: None, settled: false }
    }

    /// The protocol is up.
    pub(crate) fn opened(&mut self, rung: Rung) {
        *self.at(rung) = Standing::Open;
    }

    /// It negotiates again.
    pub(crate) fn sank(&mut self, rung: Rung) {
        let standing = self.at(rung);
        if *standing == Standing::Open {
            *standing = Standing::Rising;
        }
    }

    /// It will not open. The first reason stays.
    pub(crate) fn failed(&mut self, rung: Rung, failure: PppFailure) {
        let standing = self.at(rung);
        if !matches!(standing, Standing::Failed(_)) {
            *standing = Standing::Failed(failure);
        }
    }

    /// What follows.
    pub(crate) fn verdict(&mut self, now: Instant) -> Verdict {
        let (four, six) = (&self.ipv4, &self.ipv6);
        if *four == Standing::Open && *six == Standing::Rising && !self.settled {
            let until = *self.grace.get_or_insert(now + GRACE);
            if now < until {
                return Verdict::Wait;
            }
            self.settled = true;
            return Verdict::Settled;
        }
        if *four == Standing::Rising || *six == Standing::Rising {
            return Verdict::Wait;
        }
        if *four == Standing::Open || *six == Standing::Open {
            return if std::mem::replace(&mut self.settled, true) {
                Verdict::Wait
            } else {
                Verdict::Settled
            };
        }
        Verdict::Fallen(match (four, six) {
            (Standing::Failed(PppFailure::NoNetworkProtocol), Standing::Failed(other))
            | (Standing::Failed(other), _)
            | (_, Standing::Failed(other)) => other.clone(),
            (_, _) => PppFailure::NoNetworkProtocol,
        })
    }

    /// When to ask for the verdict again.
    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        let until = self.grace.filter(|_| {
            !self.settled && self.ipv4 == Standing::Open && self.ipv6 == Standing::Rising
        })?;
        Some(Deadline::new(until, "ipv6 behind ipv4"))
    }

    const fn at(&mut self, rung: Rung) -> &mut Standing {
        match rung {
            Rung::Ipv4 => &mut self.ipv4,
            Rung::Ipv6 => &mut self.ipv6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::ORIGIN;

    #[test]
    fn ipv6_holds_nobody_up_for_longer_than_its_grace() {
        let mut ladder = Ladder::new(true, true);
        ladder.opened(Rung::Ipv4);
        assert_eq!(ladder.verdict(NOW), Verdict::Wait);
        let until = ladder.poll_timeout().unwrap().at;
        assert_eq!(until, NOW + GRACE);
        assert_eq!(ladder.verdict(until), Verdict::Settled);
        assert_eq!(ladder.poll_timeout(), None);
        ladder.opened(Rung::Ipv6);
        assert_eq!(ladder.verdict(until), Verdict::Wait);

        let mut ladder = Ladder::new(true, true);
        ladder.opened(Rung::Ipv6);
        assert_eq!(ladder.verdict(NOW), Verdict::Wait, "IPv4 is worth waiting for");
        assert_eq!(ladder.poll_timeout(), None);
    }

    #[test]
    fn it_settles_once_when_all_have_opened_or_failed() {
        let mut ladder = Ladder::new(true, true);
        assert_eq!(ladder.verdict(NOW), Verdict::Wait);
        ladder.opened(Rung::Ipv4);
        assert_eq!(ladder.verdict(NOW), Verdict::Wait);
        ladder.failed(Rung::Ipv6, PppFailure::NoNetworkProtocol);
        assert_eq!(ladder.verdict(NOW), Verdict::Settled);
        assert_eq!(ladder.verdict(NOW), Verdict::Wait);
        ladder.sank(Rung::Ipv4);
        ladder.opened(Rung::Ipv4);
        assert_eq!(ladder.verdict(NOW), Verdict::Wait);
    }

    #[test]
    fn when_none_is_left_the_most_telling_reason_is_given() {
        let mut ladder = Ladder::new(true, true);
        ladder.failed(Rung::Ipv4, PppFailure::NoNetworkProtocol);
        ladder.failed(Rung::Ipv6, PppFailure::NetworkProtocolClosed);
        assert_eq!(ladder.verdict(NOW), Verdict::Fallen(PppFailure::NetworkProtocolClosed));

        let mut ladder = Ladder::new(true, false);
        ladder.failed(Rung::Ipv4, PppFailure::NoAddress);
        ladder.failed(Rung::Ipv4, PppFailure::NetworkProtocolClosed);
        assert_eq!(ladder.verdict(NOW), Verdict::Fallen(PppFailure::NoAddress));
        assert_eq!(
            Ladder::new(false, false).verdict(NOW),
            Verdict::Fallen(PppFailure::NoNetworkProtocol)
        );
    }
}
