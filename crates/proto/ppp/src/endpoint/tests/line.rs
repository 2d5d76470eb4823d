//! Two ends and a line between them, with a delay each way; frames can be lost.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use onhook_base::{Duration, Instant, Secret, Seed};

use crate::auth::{self, Credentials, Method, Question, Verdict};
use crate::{Ipv4Terms, Ipv6Terms, NetworkTerms, Ppp, PppEvent, PppFailure, PppTerms};

pub(super) const DELAY: Duration = Duration::from_millis(10);
pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub(super) const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 77);
pub(super) const DNS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 53);
pub(super) const PASSWORD: &str = "wonderland1";

pub(super) fn credentials(password: &str) -> Option<Credentials> {
    Some(Credentials { user: "alice".into(), password: Secret::new(password.into()) })
}

pub(super) fn caller_network() -> NetworkTerms {
    NetworkTerms {
        ipv4: Some(Ipv4Terms { ask_dns: true, ..Ipv4Terms::default() }),
        ipv6: Some(Ipv6Terms::default()),
    }
}

pub(super) fn answerer_network() -> NetworkTerms {
    NetworkTerms {
        ipv4: Some(Ipv4Terms {
            local: Some(SERVER),
            demand_local: true,
            peer: Some(CLIENT),
            ask_dns: false,
            offer_dns: vec![DNS],
        }),
        ipv6: Some(Ipv6Terms::default()),
    }
}

/// A user of a server: a refusal leaves the door open where the terms let it.
pub(super) struct User {
    pub(super) password: String,
    pub(super) is_expired: bool,
}

impl User {
    fn judge(&mut self, question: &Question) -> Verdict {
        let refuse = |code| Verdict::Reject { code, retry: true, message: String::new() };
        let known = Secret::new(self.password.clone());
        if question.is_change() {
            let Some(new) = question.new_password(&known) else { return refuse(691) };
            if new == known || new.expose().is_empty() {
                return refuse(709);
            }
            let verdict = auth::judge(question, &new);
            if matches!(verdict, Verdict::Accept { .. }) {
                self.password.clone_from(new.expose());
                self.is_expired = false;
            }
            return verdict;
        }
        match auth::judge(question, &known) {
            Verdict::Accept { .. } if self.is_expired => refuse(648),
            Verdict::Reject { code, .. } => refuse(code),
            verdict => verdict,
        }
    }
}

/// One end, and what it has said so far.
pub(super) struct End {
    pub(super) ppp: Ppp,
    /// What it knows of the other end's user, when it asks.
    pub(super) user: User,
    pub(super) network: NetworkTerms,
    pub(super) events: Vec<PppEvent>,
    pub(super) sent: usize,
}

impl End {
    fn new(terms: PppTerms, network: NetworkTerms, seed: u64) -> Self {
        Self {
            ppp: Ppp::new(terms, &Seed::from_number(seed)),
            user: User { password: PASSWORD.into(), is_expired: false },
            network,
            events: Vec::new(),
            sent: 0,
        }
    }

    /// Does what an owner does; the last thing is to keep the event.
    fn heed(&mut self, now: Instant) {
        while let Some(event) = self.ppp.poll_event() {
            match &event {
                PppEvent::Authenticated { .. } => self.ppp.project(now, self.network.clone()),
                PppEvent::VerifyPeer(question) => {
                    let verdict = self.user.judge(question);
                    self.ppp.answer_auth(now, verdict);
                }
                _ => {}
            }
            self.events.push(event);
        }
    }

    pub(super) fn has(&self, wanted: impl Fn(&PppEvent) -> bool) -> bool {
        self.events.iter().any(wanted)
    }

    pub(super) fn is_settled(&self) -> bool {
        self.has(|e| matches!(e, PppEvent::NetworkSettled))
    }

    /// How it finished, once it has; it may do so once only.
    pub(super) fn finish(&self) -> Option<Option<PppFailure>> {
        let mut finishes = self.events.iter().filter_map(|e| match e {
            PppEvent::Finished { failure } => Some(failure.clone()),
            _ => None,
        });
        let first = finishes.next();
        assert!(finishes.next().is_none(), "finished twice");
        first
    }
}

pub(super) struct Line {
    pub(super) caller: End,
    pub(super) answerer: End,
    pub(super) now: Instant,
    /// Frames under way: when they arrive, whether at the answerer, what they are.
    flight: VecDeque<(Instant, bool, Vec<u8>)>,
    /// Frames sent in all, and the numbers of those to lose.
    pub(super) frames: usize,
    pub(super) lose: Vec<usize>,
    /// Every frame comes twice.
    pub(super) twice: bool,
    pub(super) log: Vec<String>,
}

impl Line {
    pub(super) fn new(caller: PppTerms, answerer: PppTerms) -> Self {
        Self {
            caller: End::new(caller, caller_network(), 1),
            answerer: End::new(answerer, answerer_network(), 2),
            now: Instant::ORIGIN + Duration::from_secs(100),
            flight: VecDeque::new(),
            frames: 0,
            lose: Vec::new(),
            twice: false,
            log: Vec::new(),
        }
    }

    /// A call by `method`, with the right password, not yet begun.
    pub(super) fn by(method: Method) -> Self {
        Self::lingering(method, false)
    }

    /// The same, with what `change` makes of the terms of both.
    pub(super) fn by_terms(
        method: Method,
        change: impl FnOnce(&mut PppTerms, &mut PppTerms),
    ) -> Self {
        let mut caller = PppTerms::caller(vec![method], credentials(PASSWORD));
        let mut answerer = PppTerms::answerer(vec![method], "server".into());
        for terms in [&mut caller, &mut answerer] {
            terms.restart = Duration::from_secs(1);
            terms.linger = false;
        }
        change(&mut caller, &mut answerer);
        Self::new(caller, answerer)
    }

    pub(super) fn lingering(method: Method, linger: bool) -> Self {
        let mut caller = PppTerms::caller(vec![method], credentials(PASSWORD));
        let mut answerer = PppTerms::answerer(vec![method], "server".into());
        for terms in [&mut caller, &mut answerer] {
            terms.restart = Duration::from_secs(1);
            terms.linger = linger;
        }
        Self::new(caller, answerer)
    }

    pub(super) fn begin(mut self) -> Self {
        let now = self.now;
        for end in [&mut self.caller, &mut self.answerer] {
            end.ppp.open(now);
            end.ppp.lower_up(now);
        }
        self.drain();
        self
    }

    /// What both ends want sent is under way.
    pub(super) fn drain(&mut self) {
        let mut information = Vec::new();
        for to_answerer in [true, false] {
            let end = if to_answerer { &mut self.caller } else { &mut self.answerer };
            loop {
                end.heed(self.now);
                let Some(protocol) = end.ppp.poll_frame(&mut information) else { break };
                let mut frame = protocol.to_be_bytes().to_vec();
                frame.extend_from_slice(&information);
                end.sent += 1;
                let lost = self.lose.contains(&self.frames);
                self.frames += 1;
                self.log.push(format!(
                    "{} {} {}{}",
                    self.now,
                    if to_answerer { "▶" } else { "◀" },
                    crate::describe(protocol, &information),
                    if lost { " (lost)" } else { "" }
                ));
                if self.twice {
                    self.flight.push_back((self.now + DELAY, to_answerer, frame.clone()));
                }
                if !lost {
                    self.flight.push_back((self.now + DELAY, to_answerer, frame));
                }
            }
        }
    }

    fn next_moment(&self) -> Option<Instant> {
        let arrival = self.flight.front().map(|(at, ..)| *at);
        [arrival, self.caller.ppp.poll_timeout().map(|d| d.at)]
            .into_iter()
            .chain([self.answerer.ppp.poll_timeout().map(|d| d.at)])
            .flatten()
            .min()
    }

    /// One arrival or one timeout. False when nothing will happen any more, or not before `until`.
    pub(super) fn step(&mut self, until: Instant) -> bool {
        let Some(at) = self.next_moment().filter(|at| *at <= until) else { return false };
        self.now = self.now.max(at);
        if self.flight.front().is_some_and(|(at, ..)| *at <= self.now) {
            let (_, to_answerer, mut frame) = self.flight.pop_front().unwrap();
            let end = if to_answerer { &mut self.answerer } else { &mut self.caller };
            end.ppp.handle_frame(self.now, &mut frame);
            end.heed(self.now);
        } else {
            self.caller.ppp.handle_timeout(self.now);
            self.answerer.ppp.handle_timeout(self.now);
        }
        self.drain();
        true
    }

    /// Runs for `duration`, or until nothing will happen any more.
    pub(super) fn run_for(&mut self, duration: Duration) {
        let until = self.now + duration;
        while self.step(until) {}
        self.now = self.now.max(until);
    }

    /// Runs until both networks are settled; how long that took.
    pub(super) fn run_until_settled(&mut self) -> Option<Duration> {
        let start = self.now;
        let until = start + Duration::from_secs(60);
        while !(self.caller.is_settled() && self.answerer.is_settled()) {
            if !self.step(until) {
                return None;
            }
        }
        Some(self.now.since(start))
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.next_moment().is_none()
    }
}
