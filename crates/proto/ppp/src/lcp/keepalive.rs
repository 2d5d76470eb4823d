//! Is anyone there? LCP Echo on a quiet line (RFC 1661 §5.8).
//!
//! The RFC does not say when to ask. Here: when nothing at all was received for `every`; whatever is
//! received counts as a sign of life, so that a busy line carries no echo. After `tolerated`
//! unanswered requests and one more interval the peer counts as gone. A *probe* asks at once and
//! waits one second, or longer on a line that is known to be slow: for an owner who has reason to
//! doubt, as after a sleep of the machine.

use onhook_base::{Deadline, Duration, Instant};

use crate::terms::EchoTerms;

/// How long a probe waits for its answer at least, and at most.
const PROBE: Duration = Duration::from_secs(1);
const LONGEST_PROBE: Duration = Duration::from_secs(10);
/// How many times as long as LCP's own answer a probe may take.
const SLOWNESS: u32 = 3;

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Send an Echo-Request.
    Ask,
    /// `misses` echoes in a row went unanswered.
    Silent { misses: u8 },
}

/// Counts missing replies on a line that is up.
#[derive(Clone, Debug)]
pub(crate) struct Keepalive {
    terms: Option<EchoTerms>,
    misses: u8,
    heard: Instant,
    asked: Option<Instant>,
    due: Option<Instant>,
    probe: Option<Instant>,
    patience: Duration,
}

impl Keepalive {
    pub(crate) const fn new(terms: Option<EchoTerms>) -> Self {
        Self {
            terms,
            misses: 0,
            heard: Instant::ORIGIN,
            asked: None,
            due: None,
            probe: None,
            patience: PROBE,
        }
    }

    /// The line is up; the peer took `answer_time` for its Ack. RFC 1661 §5.8: no echo before Opened.
    pub(crate) fn start(&mut self, now: Instant, answer_time: Duration) {
        self.patience = answer_time.saturating_mul(SLOWNESS).clamp(PROBE, LONGEST_PROBE);
        self.misses = 0;
        self.heard = now;
        self.asked = None;
        self.due = self.terms.map(|terms| now + terms.every);
    }

    /// The line is down, or the peer does not know echoes.
    pub(crate) const fn stop(&mut self) {
        self.due = None;
        self.probe = None;
    }

    /// Anything at all was heard from the peer: it lives. Cheap, for it is called for every frame.
    pub(crate) const fn handle_input(&mut self, now: Instant) {
        self.heard = now;
        self.misses = 0;
        self.probe = None;
    }

    /// An Echo-Request has been sent out of turn.
    pub(crate) fn probe(&mut self, now: Instant) {
        self.probe = Some(now + self.patience);
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Life> {
        if self.probe.is_some_and(|at| at <= now) {
            self.stop();
            return Some(Life::Silent { misses: self.misses.saturating_add(1) });
        }
        let (terms, due) = (self.terms?, self.due?);
        if now < due {
            return None; // early or spurious calls are harmless
        }
        let quiet_since = self.asked.map_or(self.heard, |asked| asked.max(self.heard));
        if quiet_since + terms.every > now {
            self.due = Some(quiet_since + terms.every);
            return None;
        }
        if self.misses >= terms.tolerated {
            self.stop();
            return Some(Life::Silent { misses: self.misses });
        }
        self.misses = self.misses.saturating_add(1);
        self.asked = Some(now);
        self.due = Some(now + terms.every);
        Some(Life::Ask)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        let due = self.due.map(|at| Deadline::new(at, "lcp echo"));
        Deadline::earliest(due, self.probe.map(|at| Deadline::new(at, "lcp probe")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: EchoTerms = EchoTerms { every: Duration::from_secs(20), tolerated: 3 };

    fn at(seconds: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(seconds)
    }

    #[test]
    fn a_silent_peer_is_noticed_after_the_tolerated_misses() {
        let mut keepalive = Keepalive::new(Some(TERMS));
        keepalive.start(at(0), Duration::ZERO);
        for _ in 0..TERMS.tolerated {
            let due = keepalive.poll_timeout().unwrap().at;
            assert_eq!(keepalive.handle_timeout(due), Some(Life::Ask));
            assert_eq!(keepalive.handle_timeout(due), None, "asked once");
        }
        let due = keepalive.poll_timeout().unwrap().at;
        assert_eq!(due, at(80));
        assert_eq!(keepalive.handle_timeout(due), Some(Life::Silent { misses: 3 }));
        assert_eq!(keepalive.poll_timeout(), None);
    }

    #[test]
    fn a_busy_line_carries_no_echo() {
        let mut keepalive = Keepalive::new(Some(TERMS));
        keepalive.start(at(0), Duration::ZERO);
        for second in 1..200 {
            keepalive.handle_input(at(second));
            assert_eq!(keepalive.handle_timeout(at(second)), None);
        }
        assert!(keepalive.poll_timeout().unwrap().at <= at(199) + TERMS.every);
    }

    #[test]
    fn a_long_sleep_leads_to_one_question_and_not_to_a_verdict() {
        let mut keepalive = Keepalive::new(Some(TERMS));
        keepalive.start(at(0), Duration::ZERO);
        assert_eq!(keepalive.handle_timeout(at(10_000)), Some(Life::Ask));
        assert_eq!(keepalive.handle_timeout(at(10_000)), None);
    }

    #[test]
    fn a_probe_waits_one_second_even_without_keepalive() {
        let mut keepalive = Keepalive::new(None);
        keepalive.start(at(0), Duration::ZERO);
        assert_eq!(keepalive.poll_timeout(), None);
        keepalive.probe(at(5));
        assert_eq!(keepalive.handle_timeout(at(5)), None);
        assert_eq!(keepalive.handle_timeout(at(6)), Some(Life::Silent { misses: 1 }));
        keepalive.probe(at(7));
        keepalive.handle_input(at(7));
        assert_eq!(keepalive.poll_timeout(), None);
    }

    #[test]
    fn a_probe_waits_longer_on_a_slow_line_but_not_for_ever() {
        let mut keepalive = Keepalive::new(None);
        for (answer_time, patience) in [(0, 1), (2, 6), (60, 10)] {
            keepalive.start(at(0), Duration::from_secs(answer_time));
            keepalive.probe(at(5));
            assert_eq!(keepalive.poll_timeout().map(|d| d.at), Some(at(5 + patience)));
        }
    }
}
