//! Two ends of PPP in memory, and a stranger who may speak between them.
//!
//! The numbered tests beside this library (`tests/flaws`) each stand for a flaw that was found in a
//! program of this field. Most of them say the same: *at every step of a call, to either end, such
//! octets; and then nothing bad.* [`Ends::at`] brings a call to a step, [`Ends::inject`] says something
//! to one end, and [`Ends::must_still_end`] holds the victim to its word.
//!
//! ```
//! use onhook_hostile::{Ends, Victim};
//! use onhook_ppp::auth::Method;
//!
//! let mut ends = Ends::at(3, Method::MsChapV2);
//! let answers = ends.inject(Victim::Caller, &[0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 0]);
//! assert!(answers.len() <= 1);
//! ends.must_come_up();
//! ```

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use onhook_base::{Duration, Instant, Secret, Seed};
use onhook_ppp::auth::{self, Credentials, Method};
use onhook_ppp::{CloseReason, Ipv4Terms, Ipv6Terms, NetworkTerms, Ppp, PppEvent, PppTerms};

/// The password that both ends know.
pub const PASSWORD: &str = "wonderland1";
/// The answerer's address.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The address that the caller gets.
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 77);
/// Steps after which every call is up.
pub const STEPS: usize = 24;
/// The longest information field that either end may send: nobody here has agreed to more.
pub const MOST_OCTETS: usize = 1500;
/// Frames that one frame may lead to.
pub const MOST_ANSWERS: usize = 12;

const DELAY: Duration = Duration::from_millis(10);

/// One frame: the PPP protocol's number and the information field.
pub type Frame = (u16, Vec<u8>);

/// To whom harm is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// The end that has dialed.
    Caller,
    /// The end that was called.
    Answerer,
}

impl Victim {
    /// Both roles.
    pub const BOTH: [Self; 2] = [Self::Caller, Self::Answerer];
}

/// One end with what it has told its owner.
#[derive(Debug)]
struct End {
    ppp: Ppp,
    network: NetworkTerms,
    events: Vec<PppEvent>,
    said: Vec<Frame>,
}

impl End {
    fn new(terms: PppTerms, network: NetworkTerms, seed: u64) -> Self {
        let ppp = Ppp::new(terms, &Seed::from_number(seed));
        Self { ppp, network, events: Vec::new(), said: Vec::new() }
    }

    /// Does what an owner does, and gives what the end wants sent.
    fn drain(&mut self, now: Instant) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut information = Vec::new();
        loop {
            while let Some(event) = self.ppp.poll_event() {
                self.heed(now, &event);
                self.events.push(event);
            }
            let Some(protocol) = self.ppp.poll_frame(&mut information) else { break };
            assert!(information.len() <= MOST_OCTETS, "a frame of {} octets", information.len());
            frames.push((protocol, information.clone()));
        }
        assert!(frames.len() <= MOST_ANSWERS, "{} frames at once", frames.len());
        self.said.extend(frames.iter().cloned());
        frames
    }

    fn heed(&mut self, now: Instant, event: &PppEvent) {
        match event {
            PppEvent::Authenticated { .. } => self.ppp.project(now, self.network.clone()),
            PppEvent::VerifyPeer(question) => {
                let verdict = auth::judge(question, &Secret::new(PASSWORD.to_owned()));
                self.ppp.answer_auth(now, verdict);
            }
            _ => {}
        }
    }

    fn has(&self, wanted: impl Fn(&PppEvent) -> bool) -> bool {
        self.events.iter().any(wanted)
    }
}

/// A caller, an answerer, a line, one clock.
#[derive(Debug)]
pub struct Ends {
    caller: End,
    answerer: End,
    now: Instant,
    flight: VecDeque<(Instant, Victim, Vec<u8>)>,
}

impl Ends {
    /// A call with these terms that has just begun. The caller is given an address.
    pub fn begin(caller: PppTerms, answerer: PppTerms) -> Self {
        let asks = NetworkTerms {
            ipv4: Some(Ipv4Terms { ask_dns: true, ..Ipv4Terms::default() }),
            ipv6: Some(Ipv6Terms::default()),
        };
        let gives = NetworkTerms {
            ipv4: Some(Ipv4Terms {
                local: Some(SERVER),
                demand_local: true,
                peer: Some(CLIENT),
                ..Ipv4Terms::default()
            }),
            ipv6: Some(Ipv6Terms::default()),
        };
        let mut ends = Self {
            caller: End::new(caller, asks, 1),
            answerer: End::new(answerer, gives, 2),
            now: Instant::ORIGIN + Duration::from_secs(100),
            flight: VecDeque::new(),
        };
        for victim in Victim::BOTH {
            let now = ends.now;
            ends.end_mut(victim).ppp.open(now);
            ends.end_mut(victim).ppp.lower_up(now);
        }
        ends.send();
        ends
    }

    /// A caller and an answerer that agree on `method`.
    pub fn terms(method: Method) -> (PppTerms, PppTerms) {
        let password = Secret::new(PASSWORD.to_owned());
        let credentials = Credentials { user: "alice".into(), password };
        let caller = PppTerms::caller(vec![method], Some(credentials));
        (caller, PppTerms::answerer(vec![method], "server".into()))
    }

    /// A call by `method` in which so many frames have arrived.
    pub fn at(step: usize, method: Method) -> Self {
        let (caller, answerer) = Self::terms(method);
        let mut ends = Self::begin(caller, answerer);
        for _ in 0..step {
            if ends.flight.is_empty() {
                break;
            }
            ends.step();
        }
        ends
    }

    fn end(&self, victim: Victim) -> &End {
        match victim {
            Victim::Caller => &self.caller,
            Victim::Answerer => &self.answerer,
        }
    }

    fn end_mut(&mut self, victim: Victim) -> &mut End {
        match victim {
            Victim::Caller => &mut self.caller,
            Victim::Answerer => &mut self.answerer,
        }
    }

    fn send(&mut self) {
        let (now, at) = (self.now, self.now + DELAY);
        for (end, to) in
            [(&mut self.caller, Victim::Answerer), (&mut self.answerer, Victim::Caller)]
        {
            for (protocol, information) in end.drain(now) {
                self.flight.push_back((at, to, frame(protocol, &information)));
            }
        }
    }

    /// The next arrival or deadline; false when nothing will ever happen again.
    pub fn step(&mut self) -> bool {
        let Some(at) = self.next_moment() else { return false };
        self.now = self.now.max(at);
        let now = self.now;
        match self.flight.pop_front_if(|(at, ..)| *at <= now) {
            Some((_, to, mut octets)) => {
                self.end_mut(to).ppp.handle_frame(now, &mut octets);
            }
            None => Victim::BOTH.iter().for_each(|v| self.end_mut(*v).ppp.handle_timeout(now)),
        }
        self.send();
        true
    }

    /// What is next to arrive is altered on its way; `None` means that it is lost.
    pub fn alter(&mut self, change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) {
        if let Some((at, to, octets)) = self.flight.pop_front()
            && let Some(octets) = change(octets)
        {
            self.flight.push_front((at, to, octets));
        }
    }

    /// What is next to arrive arrives twice, the second time behind all that is under way.
    pub fn repeat(&mut self) {
        if let Some(first) = self.flight.front().cloned() {
            self.flight.push_back((self.now + DELAY, first.1, first.2));
        }
    }

    /// Time passes, and every deadline in it is kept.
    pub fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while self.next_moment().is_some_and(|at| at <= until) {
            self.step();
        }
        self.now = until;
    }

    fn next_moment(&self) -> Option<Instant> {
        let arrival = self.flight.front().map(|(at, ..)| *at);
        let deadlines = Victim::BOTH.map(|v| self.end(v).ppp.poll_timeout().map(|d| d.at));
        deadlines.into_iter().chain([arrival]).flatten().min()
    }

    /// A stranger's frame (protocol number first) reaches one end now. What the end says to it goes to
    /// its real peer as well, as on a real line.
    pub fn inject(&mut self, victim: Victim, octets: &[u8]) -> Vec<Frame> {
        self.inject_as(victim, octets).0
    }

    /// As [`inject`](Self::inject); tells too whether the frame was taken for a packet of the network.
    pub fn inject_as(&mut self, victim: Victim, octets: &[u8]) -> (Vec<Frame>, bool) {
        let now = self.now;
        let mut octets = octets.to_vec();
        let end = self.end_mut(victim);
        let passed = end.ppp.handle_frame(now, &mut octets).is_some();
        let before = end.said.len();
        self.send();
        (self.end(victim).said.get(before..).unwrap_or_default().to_vec(), passed)
    }

    /// Whether an end has packets passing.
    pub fn is_up(&self, victim: Victim) -> bool {
        let end = self.end(victim);
        let ups = end.events.iter().filter(|e| matches!(e, PppEvent::Ipv4Up { .. })).count();
        let downs = end.events.iter().filter(|e| matches!(e, PppEvent::Ipv4Down)).count();
        ups > downs
    }

    /// Whether LCP has opened at this end.
    pub fn lcp_was_up(&self, victim: Victim) -> bool {
        self.end(victim).has(|e| matches!(e, PppEvent::LcpUp(_)))
    }

    /// Whether an end takes the proofs as done.
    pub fn is_authenticated(&self, victim: Victim) -> bool {
        self.end(victim).has(|e| matches!(e, PppEvent::Authenticated { .. }))
    }

    /// Whether an end has finished.
    pub fn is_finished(&self, victim: Victim) -> bool {
        self.end(victim).has(|e| matches!(e, PppEvent::Finished { .. }))
    }

    /// Everything that an end has said.
    pub fn said(&self, victim: Victim) -> &[Frame] {
        &self.end(victim).said
    }

    /// The end's machine.
    pub fn ppp(&mut self, victim: Victim) -> &mut Ppp {
        &mut self.end_mut(victim).ppp
    }

    /// The time of this call.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Lets things happen until both ends are up.
    ///
    /// # Panics
    /// When they are not within a minute.
    pub fn must_come_up(&mut self) {
        let until = self.now + Duration::from_secs(60);
        while !Victim::BOTH.iter().all(|v| self.is_up(*v)) {
            assert!(self.step() && self.now < until, "the call does not come up");
        }
    }

    /// The victim is hung up and hears nothing more: it must end in the time of two
    /// Terminate-Requests (RFC 1661 §4.6, Max-Terminate), and be silent then.
    ///
    /// # Panics
    /// When it does not.
    pub fn must_still_end(&mut self, victim: Victim) {
        let closed = self.now;
        let mut now = closed;
        let end = self.end_mut(victim);
        end.ppp.close(now, CloseReason::HungUp);
        end.drain(now);
        while !end.has(|e| matches!(e, PppEvent::Finished { .. })) {
            let deadline = end.ppp.poll_timeout().expect("it waits for something");
            now = now.max(deadline.at);
            assert!(now.since(closed) <= Duration::from_secs(3), "it does not end");
            end.ppp.handle_timeout(now);
            end.drain(now);
        }
        assert_eq!(end.ppp.poll_timeout(), None, "a timer runs after the end");
    }
}

/// A frame as an end hears it.
pub fn frame(protocol: u16, information: &[u8]) -> Vec<u8> {
    [&protocol.to_be_bytes(), information].concat()
}

/// A control packet (RFC 1661 §5) whose length is true.
///
/// # Panics
/// When the data is longer than a packet can be.
pub fn packet(protocol: u16, code: u8, identifier: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 4).expect("a packet is at most 65,535 octets long");
    packet_that_lies(protocol, code, identifier, length, data)
}

/// A control packet whose length says what it likes.
pub fn packet_that_lies(protocol: u16, code: u8, id: u8, length: u16, data: &[u8]) -> Vec<u8> {
    let information = [&[code, id][..], &length.to_be_bytes(), data].concat();
    frame(protocol, &information)
}
