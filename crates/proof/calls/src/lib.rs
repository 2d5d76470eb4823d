//! Whole calls in one thread: each file of `tests/` is a story.
//!
//! A [`Call`] is a caller and an answerer, both the real [`Connection`] machine, joined by a line with
//! delay, each on a pretended Linux, under one clock. A step is one thing that happens: bytes arrive, a
//! deed is done, a timer ends. Nothing sleeps, and the same seed gives the same call.

#![forbid(unsafe_code)]

mod again;
mod modem;
mod over;
mod user;

pub use modem::{ModemCall, ModemTerms};
pub use user::User;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};

use onhook_base::{Duration, Instant, Prefix, Secret, Seed};
use onhook_connection::{
    Admission, AnswerPlan, Connection, Impairment, LinkPlan, OutletPlan, Plan, PlanAbilities,
    Request, SessionLimits, State, Times, TunPlan, admission_network,
};
use onhook_effect::{
    CertificateFacts, Effect, HostError, LaneFacts, LaneId, Outcome, StepId, Undo,
};
use onhook_model::{
    Cause, Credentials, DialOptions, DialRequest, Entry, RasState, Resumption, StateReport, Trust,
};
use onhook_ppp::auth::{self, Method};
use onhook_ppp::cbcp::CallbackOffer;
use onhook_sim::{Pretend, StreamLine};

use over::Front;
pub use over::Over;

/// The password that the answerer knows.
pub const PASSWORD: &str = "wonderland1";
/// The user that the answerer knows.
pub const USER: &str = "alice";

/// How a call is set up.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Over which link; the entry says the same.
    pub over: Over,
    /// One-way delay of the line.
    pub delay: Duration,
    /// The password that the caller has.
    pub password: &'static str,
    /// The proof that the answerer demands.
    pub method: Method,
    /// What the caller's entry says beside the defaults.
    pub entry: Entry,
    /// The caller can make interfaces.
    pub interfaces: bool,
    /// The seed of everything.
    pub seed: u64,
    /// What the answerer does wrong on purpose.
    pub impairment: Option<Impairment>,
    /// Whether the answerer offers to call back.
    pub callback: CallbackOffer,
    /// How long the answerer takes to judge a proof, as one that asks elsewhere does.
    pub judges_in: Duration,
    /// How long the answerer lets a call last.
    pub limits: SessionLimits,
    /// The prefix that the answerer has for the caller.
    pub ipv6_prefix: Option<Prefix>,
    /// The dial may wait for a person.
    pub pauses: bool,
    /// The answerer says that the password has expired.
    pub is_expired: bool,
    /// How many more proofs the answerer hears after a refused one.
    pub retries: u8,
}

impl Default for Terms {
    fn default() -> Self {
        Self::over(Over::Sstp)
    }
}

impl Terms {
    /// The defaults, over this link.
    pub fn over(over: Over) -> Self {
        let mut entry = over.entry();
        entry.trust = Trust::Insecure;
        use onhook_model::AuthMethod;
        for method in [AuthMethod::Pap, AuthMethod::Chap, AuthMethod::MsChap] {
            let bits = entry.auth.bits() | method.bit();
            entry.auth = onhook_model::AuthRestrictions::from_bits(bits);
        }
        Self {
            over,
            delay: Duration::from_millis(20),
            password: PASSWORD,
            method: Method::MsChapV2,
            entry,
            interfaces: true,
            seed: 7,
            impairment: None,
            callback: CallbackOffer::None,
            judges_in: Duration::ZERO,
            limits: SessionLimits::default(),
            ipv6_prefix: None,
            pauses: false,
            is_expired: false,
            retries: 0,
        }
    }
}

/// One end of a call: the machine, its Linux, and what it has said.
pub struct End {
    /// The machine.
    pub connection: Connection,
    /// Its Linux.
    pub os: Pretend,
    /// Every RAS report so far.
    pub reports: Vec<StateReport>,
    /// Every IP packet that came out.
    pub packets: Vec<Vec<u8>>,
    deeds: VecDeque<(Instant, StepId, Result<Outcome, HostError>)>,
    undone: VecDeque<(StepId, Result<(), HostError>)>,
    lane_open: bool,
}

impl End {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            os: Pretend::default(),
            reports: Vec::new(),
            packets: Vec::new(),
            deeds: VecDeque::new(),
            undone: VecDeque::new(),
            lane_open: false,
        }
    }

    /// What is still there on its machine, by name.
    pub fn leftovers(&self) -> Vec<String> {
        self.os.leftovers().iter().map(|u| format!("{u:?}")).collect()
    }

    /// The RAS states that it passed, in order.
    pub fn states(&self) -> Vec<RasState> {
        self.reports.iter().map(|r| r.state).collect()
    }
}

/// A caller and an answerer, and what lies between.
pub struct Call {
    /// The one clock.
    pub now: Instant,
    /// Who called.
    pub caller: End,
    /// Who was called, once the call has reached it.
    pub answerer: Option<End>,
    /// What the answerer knows of its user.
    pub user: User,
    to_answerer: StreamLine,
    to_caller: StreamLine,
    terms: Terms,
    rings_at: Option<Instant>,
    /// The listener before the answerer, on links that have one.
    front: Option<Front>,
    lines: Vec<String>,
    server_up: bool,
    /// The proof that is being judged, and when there is a verdict.
    judging: Option<(Instant, auth::Question)>,
    proofs: usize,
    redials: u64,
}

/// When a call is dialed on the one clock.
const BEGIN: Instant = Instant::from_nanos(1_000_000_000_000);
const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 443);

/// What the server shows.
const CERTIFICATE: CertificateFacts = CertificateFacts { sha1: [1; 20], sha256: [2; 32] };

impl Call {
    /// A call that has just been dialed.
    pub fn dial(terms: Terms) -> Self {
        let credentials = Credentials {
            user: USER.to_owned(),
            password: Secret::new(terms.password.to_owned()),
            domain: String::new(),
            tunnel_secret: None,
            certificate: None,
        };
        let paused_states = terms.pauses;
        let options = DialOptions { by_number: true, paused_states, ..DialOptions::default() };
        let request = DialRequest { entry: terms.entry.clone(), options };
        let abilities = PlanAbilities { interfaces: terms.interfaces };
        let plan = Plan::for_dial(&request, &credentials, abilities).expect("the entry is sound");
        let seed = Seed::from_number(terms.seed);
        let mut call = Self {
            now: BEGIN,
            caller: End::new(Connection::new(plan, seed.derive("caller"))),
            answerer: None,
            user: User { password: PASSWORD.to_owned(), is_expired: terms.is_expired },
            to_answerer: StreamLine::new(terms.delay),
            to_caller: StreamLine::new(terms.delay),
            front: terms.over.front(BEGIN, &seed.derive("front")),
            terms,
            rings_at: None,
            lines: Vec::new(),
            server_up: true,
            judging: None,
            proofs: 0,
            redials: 0,
        };
        call.caller.connection.dial(call.now);
        call.drain();
        call
    }

    /// The server's machine is switched off: nothing comes from it any more, and nobody is told.
    pub fn server_dies(&mut self) {
        self.to_answerer.cut();
        self.to_caller.cut();
        self.server_up = false;
    }

    /// What has been said, one line an event with the call's time.
    pub fn transcript(&self) -> &[String] {
        &self.lines
    }

    /// Whether both ends stand at Connected.
    pub fn is_up(&self) -> bool {
        self.caller.connection.state() == State::Connected
            && self.answerer.as_ref().is_some_and(|a| a.connection.state() == State::Connected)
    }

    /// Lets the next thing happen, however far away it is in time. False when nothing ever will.
    pub fn step(&mut self) -> bool {
        let Some(at) = self.next_moment() else { return false };
        self.now = self.now.max(at);
        let now = self.now;
        if self.rings_at.is_some_and(|at| at <= now) {
            self.rings_at = None;
            self.ring();
        } else if let Some((_, step, result)) = take_due(&mut self.caller, now) {
            if let Ok(Outcome::LaneOpened(_)) = &result {
                self.caller.lane_open = true;
            }
            self.caller.connection.handle_outcome(now, step, result);
        } else if let Some((step, result)) = self.caller.undone.pop_front() {
            self.caller.connection.handle_undone(now, step, result);
        } else if !self.carry(now) && !self.answerer_deeds(now) {
            self.caller.connection.handle_timeout(now);
            if let Some(answerer) = &mut self.answerer {
                answerer.connection.handle_timeout(now);
            }
            if let Some(front) = &mut self.front {
                let line = &mut self.to_caller;
                front.handle_timeout(now, &mut |bytes| line.send(now, bytes));
            }
        }
        self.drain();
        true
    }

    fn answerer_deeds(&mut self, now: Instant) -> bool {
        let Some(answerer) = &mut self.answerer else { return false };
        if let Some((_, step, result)) = take_due(answerer, now) {
            answerer.connection.handle_outcome(now, step, result);
        } else if let Some((step, result)) = answerer.undone.pop_front() {
            answerer.connection.handle_undone(now, step, result);
        } else {
            return false;
        }
        true
    }

    /// Brings bytes that have arrived to their end.
    fn carry(&mut self, now: Instant) -> bool {
        if self.carry_to_front(now) {
            return true;
        }
        if let Some(answerer) = &mut self.answerer {
            if let Some(bytes) = self.to_answerer.receive(now) {
                let packets = &mut answerer.packets;
                answerer
                    .connection
                    .handle_lane(now, LaneId::CONTROL, &bytes, &mut |p| packets.push(p.to_vec()));
                return true;
            }
            if self.to_answerer.has_ended(now) {
                answerer.connection.handle_lane_closed(now, LaneId::CONTROL, None);
                return true;
            }
        }
        if let Some(bytes) = self.to_caller.receive(now) {
            let packets = &mut self.caller.packets;
            self.caller
                .connection
                .handle_lane(now, LaneId::CONTROL, &bytes, &mut |p| packets.push(p.to_vec()));
            return true;
        }
        if self.to_caller.has_ended(now) {
            self.caller.connection.handle_lane_closed(now, LaneId::CONTROL, None);
            return true;
        }
        false
    }

    fn begin(&mut self, link: LinkPlan) {
        let plan = Plan::for_answer(
            &AnswerPlan {
                methods: vec![self.terms.method],
                eap: onhook_ppp::auth::EapTerms::default(),
                retries: self.terms.retries,
                name: "answerer".to_owned(),
                times: Times::default(),
                echo: None,
                multilink: None,
                callback: onhook_ppp::CallbackTerms::Refused,
            },
            link,
        );
        let plan = match self.terms.impairment {
            Some(kind) => plan.impaired(kind),
            None => plan,
        };
        let seed = Seed::from_number(self.terms.seed).derive("answerer");
        let mut end = End::new(Connection::new(plan, seed));
        end.os.adopt(Undo::CloseLane { lane: LaneId::CONTROL });
        end.lane_open = true;
        let facts = LaneFacts { certificate: Some(CERTIFICATE), ..LaneFacts::default() };
        end.connection.answer(self.now, &facts);
        self.answerer = Some(end);
    }

    fn next_moment(&self) -> Option<Instant> {
        let verdict_at = self.judging.as_ref().map(|(at, _)| *at);
        let mut moments = vec![self.rings_at, self.to_caller.arrives_at(), verdict_at];
        if self.answerer.is_some() || self.front.is_some() {
            moments.push(self.to_answerer.arrives_at());
        }
        moments.push(self.front.as_ref().and_then(Front::poll_timeout));
        for end in std::iter::once(&self.caller).chain(&self.answerer) {
            moments.push(end.deeds.front().map(|(at, ..)| *at));
            moments.push((!end.undone.is_empty()).then_some(self.now));
            moments.push(end.connection.poll_timeout().map(|d| d.at));
        }
        moments.into_iter().flatten().min()
    }

    /// Runs until `until` says so; panics when the world stands still or a virtual hour has passed.
    pub fn run_until(&mut self, mut until: impl FnMut(&Self) -> bool) {
        let end = self.now + Duration::from_secs(3600);
        while !until(self) {
            assert!(self.step(), "the world stands still");
            assert!(self.now < end, "an hour has passed");
        }
    }

    /// Runs until nothing more happens, or until `duration` has passed.
    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.next_moment().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Whether the answerer is judging a proof.
    pub fn is_judging(&self) -> bool {
        self.judging.is_some()
    }

    /// How many proofs the answerer was shown.
    pub fn proofs(&self) -> usize {
        self.proofs
    }

    /// Lets the caller's end say a PPP frame that its machine does not mean.
    pub fn caller_says(&mut self, frame: &[u8]) {
        let length = u16::try_from(frame.len() + 4).expect("a short frame");
        let packet = [&[0x10, 0][..], &length.to_be_bytes(), frame].concat();
        self.to_answerer.send(self.now, &packet);
    }

    /// The person at the caller's end has spoken.
    pub fn resume(&mut self, given: &Resumption) {
        self.caller.connection.resume(self.now, given);
        self.drain();
    }

    /// Hangs up at the caller's end.
    pub fn hang_up(&mut self) {
        self.caller.connection.hang_up(self.now, Cause::hung_up());
        self.drain();
    }

    /// Hangs up at the answerer's end.
    pub fn hang_up_by_answerer(&mut self) {
        if let Some(answerer) = &mut self.answerer {
            answerer.connection.hang_up(self.now, Cause::hung_up());
        }
        self.drain();
    }

    /// Sends an IP packet from the caller.
    pub fn send_packet(&mut self, packet: &[u8]) {
        self.caller.connection.handle_packet(self.now, packet);
        self.drain();
    }

    /// Sends an IP packet from the answerer.
    pub fn send_packet_back(&mut self, packet: &[u8]) {
        if let Some(answerer) = &mut self.answerer {
            answerer.connection.handle_packet(self.now, packet);
        }
        self.drain();
    }

    fn drain(&mut self) {
        let now = self.now;
        let rtt = self.terms.delay * 2;
        let mut out = Vec::new();
        loop {
            let mut idle = true;
            while self.caller.connection.poll_transmit(&mut out).is_some() {
                idle = false;
                if self.terms.over.carries(out.len()) {
                    self.to_answerer.send(now, &out);
                }
            }
            while let Some((step, request)) = self.caller.connection.poll_request() {
                idle = false;
                match request {
                    Request::Do(effect) => {
                        let result = self.caller.os.apply(&effect, SERVER);
                        self.do_deed(now, rtt, step, &effect, result);
                    }
                    Request::Undo { undo, hard } => self.undo_at_caller(now, step, &undo, hard),
                }
            }
            while let Some(report) = self.caller.connection.poll_report() {
                let ms = now.since(BEGIN).as_millis();
                self.lines.push(format!("{ms:>6} {:?} {}", report.state, report.error));
                self.caller.reports.push(report);
            }
            if idle & self.drain_answerer(now) & !self.dial_again() {
                return;
            }
        }
    }

    fn do_deed(
        &mut self,
        now: Instant,
        rtt: Duration,
        step: StepId,
        effect: &Effect,
        result: Option<Result<Outcome, HostError>>,
    ) {
        let Some(mut result) = result else { return };
        // TCP takes one round trip and TLS 1.3 another; the server knows half a one earlier.
        let mut takes = Duration::ZERO;
        if let (Effect::OpenLane { .. }, Ok(Outcome::LaneOpened(facts))) = (effect, &mut result) {
            if !self.server_up {
                return;
            }
            facts.certificate = Some(CERTIFICATE);
            self.terms.over.complete(facts);
            takes = rtt * self.terms.over.opening();
            self.rings_at = Some(now + takes + self.terms.delay);
        }
        self.caller.deeds.push_back((now + takes, step, result));
    }

    fn undo_at_caller(&mut self, now: Instant, step: StepId, undo: &Undo, hard: bool) {
        self.caller.deeds.retain(|(_, s, _)| *s != step);
        if matches!(undo, Undo::CloseLane { .. }) {
            if self.caller.lane_open {
                // Where there are datagrams, nobody sees that no more will come.
                if self.front.is_none() {
                    self.to_answerer.end(now);
                }
            } else {
                self.rings_at = None;
            }
            self.to_caller.cut();
        }
        if let Some(result) = self.caller.os.revert(undo, hard) {
            self.caller.undone.push_back((step, result));
        }
    }

    fn drain_answerer(&mut self, now: Instant) -> bool {
        let Some(answerer) = &mut self.answerer else { return true };
        let mut idle = true;
        let mut out = Vec::new();
        while answerer.connection.poll_transmit(&mut out).is_some() {
            idle = false;
            let (over, line) = (self.terms.over, &mut self.to_caller);
            let mut send = |bytes: &[u8]| {
                if over.carries(bytes.len()) {
                    line.send(now, bytes);
                }
            };
            match &mut self.front {
                Some(front) => front.pass(now, &out, &mut send),
                None => send(&out),
            }
        }
        while let Some((step, request)) = answerer.connection.poll_request() {
            idle = false;
            match request {
                Request::Do(effect) => {
                    if let Some(result) = answerer.os.apply(&effect, SERVER) {
                        answerer.deeds.push_back((now, step, result));
                    }
                }
                Request::Undo { undo, hard } => {
                    answerer.deeds.retain(|(_, s, _)| *s != step);
                    if matches!(undo, Undo::CloseLane { .. }) {
                        match &mut self.front {
                            // The listener's lane is not the call's to close.
                            Some(front) => {
                                let line = &mut self.to_caller;
                                front.end(now, &mut |bytes| line.send(now, bytes));
                            }
                            None => {
                                self.to_caller.end(now);
                                self.to_answerer.cut();
                            }
                        }
                    }
                    if let Some(result) = answerer.os.revert(&undo, hard) {
                        answerer.undone.push_back((step, result));
                    }
                }
            }
        }
        while let Some(question) = answerer.connection.poll_question() {
            idle = false;
            self.proofs += 1;
            self.judging = Some((now + self.terms.judges_in, question));
        }
        if let Some((_, question)) = self.judging.take_if(|(at, _)| *at <= now) {
            idle = false;
            let verdict = self.user.judge(&question);
            let ours = Ipv4Addr::new(10, 99, 0, 1);
            let theirs = Ipv4Addr::new(10, 99, 0, 2);
            let dns = vec![Ipv4Addr::new(10, 99, 0, 53)];
            let network = admission_network(ours, theirs, dns, true);
            let outlet = OutletPlan::Tun(TunPlan::default());
            let limits = self.terms.limits;
            let ipv6_prefix = self.terms.ipv6_prefix;
            let callback = self.terms.callback;
            let admission = Admission { network, outlet, limits, ipv6_prefix, callback };
            answerer.connection.admit(now, verdict, Some(admission));
        }
        idle
    }
}

fn take_due(end: &mut End, now: Instant) -> Option<(Instant, StepId, Result<Outcome, HostError>)> {
    let due = end.deeds.iter().position(|(at, ..)| *at <= now)?;
    end.deeds.remove(due)
}
