//! One manager, a few programs, their calls and a clock: played from a script, checked at every step.

mod programs;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use onhook_base::{Duration, Instant};
use onhook_connection::{PlanAbilities, State};
use onhook_effect::CertificateFacts;
use onhook_manager::{Caller, Command, Ended, Manager, ManagerTerms};
use onhook_model::{
    AuthMethod, Cause, ConnectionEvent, DialOptions, DialRequest, Entry, EventKind, Handle,
    RasState, Traffic, Trust,
};
use onhook_ppp::auth::Method;

use crate::coverage::Event;
use crate::invariant::{Broken, Invariant};
use crate::line::{Line, Next};
use crate::script::{LifeScript, Script};
use crate::tally::Tally;
use crate::{Look, Observer, Played};

/// The password that the answerer knows.
pub(crate) const PASSWORD: &str = "rabbit-hole-42";
/// A password that it does not know.
pub(crate) const WRONG_PASSWORD: &str = "looking-glass-7";
/// The one that the person thinks of when it has expired.
pub(crate) const NEW_PASSWORD: &str = "tea-party-3";
/// Where every name leads.
pub(crate) const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 443);
/// The server's certificate.
pub(crate) const CERTIFICATE: CertificateFacts =
    CertificateFacts { sha1: [1; 20], sha256: [2; 32] };

/// When a world begins on the one clock.
const BEGIN: Instant = Instant::from_nanos(1_000_000_000_000);
/// No world needs as many steps or as much time.
const MOST_STEPS: u64 = 100_000;
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// How long a stopping manager waits before it ends things without courtesy.
const STOP_PATIENCE: Duration = Duration::from_secs(1);
/// Ended connections that the manager remembers.
const HISTORY: usize = 4;
/// An idle manager with that history, in characters of its debugging form: some 700 a connection.
const MOST_SHOWN: usize = 1_000 + HISTORY * 1_000;
const ROOT: u32 = 0;
/// Sessions of programs that only come to look or to hang up.
const VISITOR: u64 = 1 << 32;

/// A program, and what it holds.
#[derive(Debug)]
struct Life {
    stage: Stage,
    dead: bool,
    acts_done: usize,
    line: Option<Box<Line>>,
    /// Calls before, over lines that were lost and dialed again.
    earlier: Vec<Line>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Holds(Handle),
    /// It holds nothing any more, and its program runs on.
    HasLetGo,
    Over,
}

/// What is known of a handle from outside: the oracle of references and validity.
#[derive(Debug)]
struct Hold {
    references: u32,
    owner: u32,
    life: usize,
    budget: Duration,
    ending_since: Option<Instant>,
    reap_by: Option<Instant>,
    order: crate::order::Order,
    failed: bool,
    gone: bool,
}

pub(crate) struct World<'a> {
    script: &'a Script,
    pub(crate) now: Instant,
    manager: Manager,
    lives: Vec<Life>,
    holds: BTreeMap<Handle, Hold>,
    stops_at: Option<Instant>,
    abandons_at: Option<Instant>,
    stopped: bool,
    steps: u64,
    trace: Option<Vec<String>>,
    tally: &'a mut Tally,
    observer: Option<Observer<'a>>,
}

/// What happens next in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    Dial,
    End,
    OnLine(Next),
    /// On one before, whose server has still to come to its end.
    OnEarlier(usize, Next),
    Person,
    Manager,
    Stop,
    Abandon,
}

impl<'a> World<'a> {
    /// Plays a script to its end, or until a promise is broken.
    pub(crate) fn play(
        script: &'a Script,
        traced: bool,
        tally: &'a mut Tally,
        observer: Option<Observer<'a>>,
    ) -> Played {
        let abilities = PlanAbilities { interfaces: true };
        let terms = ManagerTerms { history: HISTORY, ..ManagerTerms::default() };
        let mut manager = Manager::new(terms, abilities);
        manager.lease(&(1..1_000));
        let mut world = Self {
            script,
            now: BEGIN,
            manager,
            lives: script.lives.iter().map(|_| Life::new()).collect(),
            holds: BTreeMap::new(),
            stops_at: script.stops_at.map(|d| BEGIN + d),
            abandons_at: None,
            stopped: false,
            steps: 0,
            trace: traced.then(Vec::new),
            tally,
            observer,
        };
        let broken = world.run().err();
        world.tally.lives += script.lives.len() as u64;
        world.tally.steps += world.steps;
        Played { broken, trace: world.trace.unwrap_or_default() }
    }

    fn run(&mut self) -> Result<(), (usize, Broken)> {
        while let Some((at, life, happening)) = self.next() {
            self.now = self.now.max(at);
            self.steps += 1;
            if self.steps > MOST_STEPS || self.now.since(BEGIN) > LONGEST {
                let text = format!("{happening:?} of life {life}, step {}", self.steps);
                return Err((life, Broken::new(Invariant::TimeGoesOn, text)));
            }
            let happened = self.happen(life, happening);
            self.show();
            happened.map_err(|broken| (life, broken))?;
        }
        self.check_end()
    }

    fn show(&mut self) {
        let Some(observer) = &mut self.observer else { return };
        let root = Caller::of(ROOT, VISITOR);
        for (index, life) in self.lives.iter().enumerate() {
            let Some(line) = &life.line else { continue };
            let references = self.manager.status(self.now, root, line.handle).ok();
            let (lanes, outlet, hangers) = line.caller.what_stands();
            let lane = lanes == line.lanes();
            let waits = line.caller.connection.paused().is_some();
            // Of a line that is dialed again the last descriptors may still be being closed.
            let state = match line.caller.connection.state() {
                State::Gone if line.caller.connection.goes_on() => State::Disconnecting,
                state => state,
            };
            observer(Look {
                life: index,
                state,
                lane,
                outlet,
                hangers,
                waits,
                valid: references.is_some(),
                references: references.map_or(0, |status| status.references),
            });
        }
    }

    /// The earliest thing that is due; of equal ones the first in a fixed order.
    fn next(&self) -> Option<(Instant, usize, Happening)> {
        let mut best: Option<(Instant, usize, Happening)> = None;
        let mut offer = |at: Option<Instant>, life: usize, happening: Happening| {
            if let Some(at) = at
                && best.is_none_or(|(other, ..)| at < other)
            {
                best = Some((at, life, happening));
            }
        };
        offer(self.stops_at, 0, Happening::Stop);
        offer(self.abandons_at, 0, Happening::Abandon);
        for (index, (life, script)) in self.lives.iter().zip(&self.script.lives).enumerate() {
            match life.stage {
                Stage::Waiting => offer(Some(BEGIN + script.dials_at), index, Happening::Dial),
                Stage::Holds(_) | Stage::HasLetGo => {
                    offer(Some(BEGIN + script.ends_at), index, Happening::End)
                }
                Stage::Over => {}
            }
            for (number, line) in life.earlier.iter().enumerate() {
                line.offer(self.now, &mut |at, next| {
                    offer(at, index, Happening::OnEarlier(number, next));
                });
            }
            if let Some(line) = &life.line {
                offer(line.person_at, index, Happening::Person);
                line.offer(self.now, &mut |at, next| offer(at, index, Happening::OnLine(next)));
            }
        }
        offer(self.manager.poll_timeout().map(|d| d.at), 0, Happening::Manager);
        best
    }

    fn happen(&mut self, life: usize, happening: Happening) -> Result<(), Broken> {
        match happening {
            Happening::Dial => self.dial(life),
            Happening::End => self.end_of_life(life),
            Happening::OnLine(next) => self.on_line(life, next),
            Happening::OnEarlier(number, next) => self.on_earlier(life, number, next),
            Happening::Person => self.person_speaks(life),
            Happening::Manager => {
                self.say(life, || "the manager's own time has come".to_owned());
                self.manager.handle_timeout(self.now);
                self.settle()
            }
            Happening::Stop => self.stop(),
            Happening::Abandon => self.abandon(),
        }
    }

    fn say(&mut self, life: usize, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let at = self.now.since(BEGIN);
            trace.push(format!("{:>9.3} s  life {life}  {}", at.as_secs_f64(), what()));
        }
    }

    fn stop(&mut self) -> Result<(), Broken> {
        self.stops_at = None;
        self.stopped = true;
        self.abandons_at = Some(self.now + STOP_PATIENCE);
        self.say(0, || "the manager stops".to_owned());
        for hold in self.holds.values_mut().filter(|h| !h.gone) {
            hold.references = 0;
            hold.ending_since.get_or_insert(self.now);
        }
        self.manager.stop(self.now);
        self.settle()
    }

    fn abandon(&mut self) -> Result<(), Broken> {
        self.abandons_at = None;
        for life in 0..self.lives.len() {
            self.tell(life, Event::Abandon, |now, line| {
                line.abandoned = true;
                line.caller.connection.abandon(now, Cause::manager_stops());
            })?;
        }
        Ok(())
    }

    /// Something comes to a connection from its line, its Linux or its clock.
    fn on_line(&mut self, life: usize, next: Next) -> Result<(), Broken> {
        let now = self.now;
        let Some(line) = &mut self.lives[life].line else { return Ok(()) };
        let before = line.caller.connection.state();
        let struck = line.struck;
        let happened = line.happen(now, next, self.tally);
        if let Some(event) = happened.event {
            self.tally.coverage.visit(before, event, struck);
        }
        self.say(life, || format!("{before:?}: {}", happened.text));
        self.after(life)?;
        match happened.event {
            Some(_) => {
                let line = self.lives[life].line.as_ref();
                let rare = line.is_some_and(|line| line.is_at_rare_moment());
                let steps = line.map_or(0, |line| line.steps);
                self.act(life, if rare { u32::MAX } else { steps })
            }
            None => Ok(()),
        }
    }

    /// Something comes to a server whose caller has lost the line.
    fn on_earlier(&mut self, life: usize, number: usize, next: Next) -> Result<(), Broken> {
        let now = self.now;
        let line = &mut self.lives[life].earlier[number];
        let happened = line.happen(now, next, self.tally);
        line.drain(now, self.tally)?;
        line.check(now)?;
        self.say(life, || format!("of an earlier call: {}", happened.text));
        Ok(())
    }

    /// Tells a connection something from above.
    fn tell(
        &mut self,
        life: usize,
        event: Event,
        act: impl FnOnce(Instant, &mut Line),
    ) -> Result<(), Broken> {
        let now = self.now;
        let Some(line) = &mut self.lives[life].line else { return Ok(()) };
        if line.told_end {
            return Ok(());
        }
        let state = line.caller.connection.state();
        self.tally.coverage.visit(state, event, line.struck);
        act(now, line);
        self.say(life, || format!("{state:?}: {}", event.text()));
        self.after(life)
    }

    /// Whatever the connection wants is done, told and checked.
    fn after(&mut self, life: usize) -> Result<(), Broken> {
        let now = self.now;
        let Some(line) = &mut self.lives[life].line else { return Ok(()) };
        line.drain(now, self.tally)?;
        line.check(now)?;
        let handle = line.handle;
        while let Some(report) = line.caller.connection.poll_report() {
            line.order.follow(&report)?;
            self.manager.report(now, handle, report);
        }
        if let Some(next) = line.dialed_again(now)? {
            let before = std::mem::replace(&mut **line, next);
            self.lives[life].earlier.push(before);
            self.tally.redials += 1;
            self.say(life, || "the line is dialed again".to_owned());
            return self.after(life);
        }
        let connection = &line.caller.connection;
        if connection.state() == State::Gone && !connection.goes_on() && !line.told_end {
            line.told_end = true;
            line.check_server_knows()?;
            let connection = &line.caller.connection;
            let cause = connection.cause().cloned().unwrap_or_else(Cause::hung_up);
            let debts = connection
                .debts()
                .iter()
                .map(|d| onhook_model::Debt { deed: d.undo.deed().to_owned(), why: d.why.clone() });
            let ended = Ended { cause, traffic: Traffic::default(), debts: debts.collect() };
            self.manager.ended(now, handle, ended);
        }
        self.settle()?;
        self.check_pause(life, handle)
    }

    /// Does what the manager asks for, and follows what it tells.
    fn settle(&mut self) -> Result<(), Broken> {
        loop {
            let mut idle = true;
            while let Some(command) = self.manager.poll_command() {
                idle = false;
                self.command(command)?;
            }
            while let Some(event) = self.manager.poll_event() {
                idle = false;
                self.follow(&event)?;
            }
            if idle {
                return Ok(());
            }
        }
    }

    fn command(&mut self, command: Command) -> Result<(), Broken> {
        match command {
            Command::Start { handle, plan, .. } => {
                let Some(hold) = self.holds.get(&handle) else {
                    let text = format!("{handle} is started and was never given");
                    return Err(Broken::new(Invariant::HandlesDiffer, text));
                };
                let life = hold.life;
                let line = Line::dial(self.now, handle, &self.script.lives[life], *plan);
                self.lives[life].line = Some(Box::new(line));
                self.after(life)
            }
            Command::Resume { handle, given } => {
                let life = self.holds.get(&handle).map_or(0, |hold| hold.life);
                self.tell(life, Event::Resumed, |now, line| {
                    line.caller.connection.resume(now, &given);
                })
            }
            // No dial of theirs waits to be heard of.
            Command::Proceed { .. } => Ok(()),
            Command::HangUp { handle, cause } => {
                let life = self.holds.get(&handle).map(|h| h.life);
                let ended = |life: usize| self.lives[life].line.as_ref().is_none_or(|l| l.told_end);
                match life.filter(|life| !ended(*life)) {
                    Some(life) => self.tell(life, Event::HangUp, |now, line| {
                        line.caller.connection.hang_up(now, cause);
                    }),
                    None => Ok(()),
                }
            }
        }
    }

    fn follow(&mut self, event: &ConnectionEvent) -> Result<(), Broken> {
        let shown = format!("{event:?}");
        if crate::PASSWORDS.iter().any(|password| shown.contains(password)) {
            return Err(Broken::new(Invariant::NoSecret, shown));
        }
        let Some(handle) = event.handle else { return Ok(()) };
        let now = self.now;
        let Some(hold) = self.holds.get_mut(&handle) else {
            let text = format!("{handle} is told of and was never given");
            return Err(Broken::new(Invariant::HandlesDiffer, text));
        };
        if hold.gone {
            let text = format!("{handle} is told of after it was deleted: {shown}");
            return Err(Broken::new(Invariant::NeverComesBack, text));
        }
        match &event.kind {
            EventKind::State(report) => {
                hold.order.follow(report)?;
                hold.failed |= report.state == RasState::Disconnected;
                if report.state == RasState::Connected {
                    self.tally.connect(&self.script.lives[hold.life]);
                }
                let failed = hold.failed;
                if failed {
                    self.expect_reaping(handle);
                }
            }
            EventKind::Gone { .. } => {
                hold.gone = true;
                let took = hold.ending_since.map(|since| now.since(since));
                if let Some(took) = took
                    && took > hold.budget
                {
                    let text = format!("it took {took:?} of {:?}", hold.budget);
                    return Err(Broken::new(Invariant::HangUpBounded, text));
                }
                self.tally.longest_hang_up =
                    self.tally.longest_hang_up.max(took.unwrap_or_default());
                let (references, failed, life) = (hold.references, hold.failed, hold.life);
                if references > 0 && !failed {
                    let text = format!("{handle} is deleted with {references} references");
                    return Err(Broken::new(Invariant::References, text));
                }
                self.check_owns_nothing(life, handle)?;
            }
            EventKind::Lost { .. } => self.tally.lost += 1,
            EventKind::Missed { .. } => {}
        }
        let state = match &event.kind {
            EventKind::State(report) => format!("told: {} {}", report.state, report.error),
            other => format!("told: {other:?}"),
        };
        let life = self.holds.get(&handle).map_or(0, |h| h.life);
        self.say(life, || state);
        Ok(())
    }

    /// A handle that is invalid owns nothing, but for what is owed by name.
    fn check_owns_nothing(&self, life: usize, handle: Handle) -> Result<(), Broken> {
        if self.manager.exists(handle) {
            let text = format!("{handle} is told to be gone and still answers");
            return Err(Broken::new(Invariant::NeverComesBack, text));
        }
        let Some(line) = &self.lives[life].line else { return Ok(()) };
        let left = line.caller.leftovers();
        if line.caller.connection.state() != State::Gone || !left.is_empty() {
            let state = line.caller.connection.state();
            let text = format!("{handle} is invalid, its connection is {state:?}, left: {left:?}");
            return Err(Broken::new(Invariant::GoneOwnsNothing, text));
        }
        Ok(())
    }

    /// Nothing more will ever happen: is everything gone?
    fn check_end(&mut self) -> Result<(), (usize, Broken)> {
        for (handle, hold) in &self.holds {
            if self.manager.exists(*handle) || !hold.gone {
                let invariant = match hold.failed {
                    true => Invariant::FailedIsReaped,
                    false => Invariant::HangUpBounded,
                };
                return Err((hold.life, Broken::new(invariant, format!("{handle} never ends"))));
            }
            if let Some(by) = hold.reap_by
                && self.now > by + Duration::from_secs(3600)
            {
                return Err((hold.life, Broken::new(Invariant::FailedIsReaped, "too late")));
            }
        }
        for (index, life) in self.lives.iter().enumerate() {
            for line in life.earlier.iter().chain(life.line.as_deref()) {
                line.check_end().map_err(|broken| (index, broken))?;
            }
        }
        let root = Caller::of(ROOT, VISITOR);
        if self.manager.history(root).len() > HISTORY || !self.manager.is_idle() {
            return Err((0, Broken::new(Invariant::MemoryReturns, "it remembers too much")));
        }
        // Whatever it might hold on to would be shown here.
        let shown = format!("{:?}", self.manager).len();
        if shown > MOST_SHOWN {
            let text = format!("idle, it is {shown} characters long");
            return Err((0, Broken::new(Invariant::MemoryReturns, text)));
        }
        Ok(())
    }
}

impl Life {
    const fn new() -> Self {
        Self { stage: Stage::Waiting, dead: false, acts_done: 0, line: None, earlier: Vec::new() }
    }
}

/// What the program of a life asks the manager for.
pub(crate) fn request_of(script: &LifeScript) -> DialRequest {
    let mut entry = Entry::for_number("vpn.example.net", "sstp");
    entry.trust = Trust::Insecure;
    for method in [AuthMethod::Pap, AuthMethod::Chap] {
        let bits = entry.auth.bits() | method.bit();
        entry.auth = onhook_model::AuthRestrictions::from_bits(bits);
    }
    if script.method == Method::Eap {
        let bits = entry.auth.bits() | AuthMethod::Eap.bit();
        entry.auth = onhook_model::AuthRestrictions::from_bits(bits);
        entry.eap_method = Some(script.eap.number().into());
    }
    if let Some(number) = script.entry {
        entry.name = format!("office {number}");
    }
    entry.hangup_budget = Some(script.budget);
    entry.idle_disconnect = script.idle;
    entry.redial_on_link_failure = script.redial.is_some();
    if let Some(terms) = script.redial {
        entry.redial_attempts = terms.attempts;
        entry.redial_pause = terms.pause;
    }
    let options = DialOptions {
        by_number: script.entry.is_none(),
        userspace: script.userspace,
        paused_states: script.person.is_there,
        ..DialOptions::default()
    };
    DialRequest { entry, options }
}
