//! One call: a caller, an answerer, and the line between them.

mod again;
mod answerer;

use onhook_base::{Duration, Instant, Seed};
use onhook_connection::{Connection, Plan, State, Times};
use onhook_effect::{HostError, HostErrorKind, LaneId};
use onhook_model::{Cause, Handle, RasCode, Resumption};

use crate::coverage::{Event, Struck};
use crate::end::{End, LaneWish};
use crate::fault::{Fault, Place};
use crate::front::Front;
use crate::invariant::{Broken, Invariant};
use crate::lane::{Arrival, Lane, LaneEnd};
use crate::links::{LINKS, LaneShape};
use crate::order::Order;
use crate::person::User;
use crate::phones::{Modem, Phones};
use crate::script::{LifeScript, Mischief};
use crate::tally::Tally;
use crate::tamper::Tamper;

/// Drains in one moment, beyond which the ends are talking in a circle.
const MOST_TURNS: u32 = 10_000;
/// What tells the chance of a second lane from that of the first.
const DATA: u64 = 0x0da7_a1a7;
/// A dial waits no more often, whatever its peer does.
const MOST_WAITS: u32 = 12;

/// What comes next to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Ring,
    Deed,
    Undoing,
    ToCaller,
    DataToCaller,
    Timer,
    AnswererDeed,
    AnswererUndoing,
    ToAnswerer,
    DataToAnswerer,
    AnswererTimer,
    Phones,
}

/// What has come: an event of the caller's connection, or something beside it.
pub(crate) struct Happened {
    pub(crate) event: Option<Event>,
    pub(crate) text: String,
}

#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) handle: Handle,
    pub(crate) caller: End,
    answerer: Option<End>,
    up: Lane,
    down: Lane,
    /// The second lane, where the link has two: to the answerer and to the caller.
    data: Option<Box<(Lane, Lane)>>,
    /// The listener before the answerer, on links that have one.
    front: Option<Box<Front>>,
    /// The modems, where there are any.
    phones: Option<Box<Phones>>,
    /// The caller has closed its port, and its modem is to hear of it behind what was said before.
    port_closes: bool,
    tamper: Tamper,
    script: LifeScript,
    /// Inputs of the caller's connection so far.
    pub(crate) steps: u32,
    line_faults_done: u64,
    /// The faults that have struck it.
    pub(crate) struck: Struck,
    pub(crate) order: Order,
    pub(crate) told_end: bool,
    /// When the person speaks for whom the dial waits.
    pub(crate) person_at: Option<Instant>,
    erred: u8,
    waits_since: Option<Instant>,
    waits: u32,
    user: User,
    /// Ended without waiting for anybody.
    pub(crate) abandoned: bool,
    rings_at: Option<Instant>,
    lane_open: bool,
    server_dead: bool,
    not_admitted: bool,
    was_up: bool,
    /// Calls before this one, where the line was lost and dialed again.
    redials: u32,
    state: State,
    since: Instant,
}

impl Line {
    /// A call that begins.
    pub(crate) fn dial(now: Instant, handle: Handle, script: &LifeScript, mut plan: Plan) -> Self {
        let kind = &LINKS[script.link];
        if let Some(adapt) = kind.adapt {
            adapt(&mut plan);
        }
        let seed = Seed::from_number(script.salt);
        let mut connection = Connection::new(plan, seed.derive("caller"));
        connection.dial(now);
        Self::over(now, handle, script, connection)
    }

    /// The call of a connection that has begun.
    fn over(now: Instant, handle: Handle, script: &LifeScript, connection: Connection) -> Self {
        let kind = &LINKS[script.link];
        let seed = Seed::from_number(script.salt);
        let at = |places: &[Place]| {
            let here = |m: &&Mischief| places.contains(&m.fault.place());
            script.mischief.iter().filter(here).copied().collect::<Vec<_>>()
        };
        Self {
            handle,
            caller: End::new(connection, at(&[Place::Deed, Place::Undoing]), script.os_delay),
            answerer: None,
            up: Lane::new(kind.shape, script.delay, script.salt),
            down: Lane::new(kind.shape, script.delay, !script.salt),
            data: (kind.shape == LaneShape::PptpStream).then(|| {
                let datagrams = |salt| Lane::new(LaneShape::Datagrams, script.delay, salt);
                Box::new((datagrams(script.salt ^ DATA), datagrams(!script.salt ^ DATA)))
            }),
            phones: (kind.shape == LaneShape::Port).then(|| Box::new(Phones::new(now))),
            port_closes: false,
            front: (kind.shape == LaneShape::Ethernet)
                .then(|| Box::new(Front::new(&seed.derive("front")))),
            tamper: Tamper::new(kind.shape, at(&[Place::Message]), script.late_ipv6),
            script: script.clone(),
            steps: 0,
            line_faults_done: 0,
            struck: Struck::default(),
            order: Order::of(script.redial.is_some()),
            told_end: false,
            person_at: None,
            erred: 0,
            waits_since: None,
            waits: 0,
            user: User::new(script.person.has_old_password),
            abandoned: false,
            rings_at: None,
            lane_open: false,
            server_dead: false,
            not_admitted: false,
            was_up: false,
            redials: 0,
            state: State::Opening,
            since: now,
        }
    }

    /// How many lanes its link has.
    pub(crate) const fn lanes(&self) -> usize {
        if self.data.is_some() { 2 } else { 1 }
    }

    /// Offers every moment at which something comes.
    pub(crate) fn offer(&self, now: Instant, offer: &mut dyn FnMut(Option<Instant>, Next)) {
        let timer = |end: &End| end.connection.poll_timeout().map(|d| d.at.max(now));
        offer(self.rings_at, Next::Ring);
        offer(self.caller.next_deed(), Next::Deed);
        offer(self.caller.next_undoing(), Next::Undoing);
        offer(self.down.arrives_at(), Next::ToCaller);
        offer(self.data.as_ref().and_then(|data| data.1.arrives_at()), Next::DataToCaller);
        offer(timer(&self.caller), Next::Timer);
        if let Some(answerer) = &self.answerer {
            offer(answerer.next_deed(), Next::AnswererDeed);
            offer(answerer.next_undoing(), Next::AnswererUndoing);
            offer(self.data.as_ref().and_then(|data| data.0.arrives_at()), Next::DataToAnswerer);
            offer(timer(answerer), Next::AnswererTimer);
        }
        offer(self.phones.as_ref().and_then(|phones| phones.poll_timeout()), Next::Phones);
        if self.answerer.is_some() || self.front.is_some() || self.phones.is_some() {
            offer(self.up.arrives_at(), Next::ToAnswerer);
        }
    }

    /// Lets it come.
    pub(crate) fn happen(&mut self, now: Instant, next: Next, tally: &mut Tally) -> Happened {
        let beside = |text: &str| Happened { event: None, text: text.to_owned() };
        let happened = match next {
            Next::Ring => {
                self.rings_at = None;
                self.ring(now);
                beside("the server takes the call")
            }
            Next::AnswererDeed => {
                if let Some(end) = &mut self.answerer
                    && let Some((step, result)) = end.take_deed(now)
                {
                    end.connection.handle_outcome(now, step, result);
                }
                beside("the server's machine has done a deed")
            }
            Next::AnswererUndoing => {
                if let Some(end) = &mut self.answerer
                    && let Some((step, result)) = end.take_undoing(now)
                {
                    end.connection.handle_undone(now, step, result);
                }
                beside("the server's machine has undone a deed")
            }
            Next::ToAnswerer => {
                self.reach_answerer(now, tally);
                beside("octets reach the server")
            }
            Next::Phones => {
                if let Some(phones) = &mut self.phones {
                    phones.handle_timeout(now);
                }
                beside("the exchange's own time has come")
            }
            Next::DataToAnswerer => {
                self.data_reaches_answerer(now);
                beside("data reaches the server")
            }
            Next::AnswererTimer => {
                if let Some(end) = &mut self.answerer {
                    end.connection.handle_timeout(now);
                }
                beside("a timer of the server")
            }
            Next::Deed | Next::Undoing | Next::ToCaller | Next::DataToCaller | Next::Timer => {
                self.reach_caller(now, next)
            }
        };
        if happened.event.is_some() {
            self.steps += 1;
            self.line_faults(now, tally);
        }
        happened
    }

    fn reach_caller(&mut self, now: Instant, next: Next) -> Happened {
        let connection = &mut self.caller.connection;
        let (event, text) = match next {
            Next::Deed => match self.caller.take_deed(now) {
                Some((step, result)) => {
                    let event = if result.is_ok() { Event::DeedDone } else { Event::DeedFailed };
                    let text = format!("{step:?} {result:?}");
                    // The second lane of a link needs nobody at its other end.
                    if let (Ok(onhook_effect::Outcome::LaneOpened(_)), false) =
                        (&result, self.lane_open)
                    {
                        self.lane_open = true;
                        let rings = self.front.is_none() && self.phones.is_none();
                        self.rings_at = rings.then(|| now + self.script.delay);
                    }
                    self.caller.connection.handle_outcome(now, step, result);
                    (event, text)
                }
                None => (Event::DeedDone, "nothing".to_owned()),
            },
            Next::Undoing => match self.caller.take_undoing(now) {
                Some((step, result)) => {
                    let event = if result.is_ok() { Event::Undone } else { Event::UndoingFailed };
                    let text = format!("{step:?} undone: {result:?}");
                    self.caller.connection.handle_undone(now, step, result);
                    (event, text)
                }
                None => (Event::Undone, "nothing".to_owned()),
            },
            Next::ToCaller => match self.down.receive(now) {
                Some(Arrival::Bytes(bytes)) => {
                    connection.handle_lane(now, LaneId::CONTROL, &bytes, &mut |_| {});
                    (Event::Bytes, format!("{} octets: {}", bytes.len(), hex(&bytes)))
                }
                Some(Arrival::End(end)) => {
                    let error = lane_error(end);
                    connection.handle_lane_closed(now, LaneId::CONTROL, error.as_ref());
                    let event = match end {
                        LaneEnd::Closed => Event::LaneClosed,
                        LaneEnd::Broken => Event::LaneBroken,
                    };
                    (event, event.text().to_owned())
                }
                None => (Event::Bytes, "nothing".to_owned()),
            },
            Next::DataToCaller => match self.data.as_mut().and_then(|data| data.1.receive(now)) {
                Some(Arrival::Bytes(bytes)) => {
                    connection.handle_lane(now, LaneId::DATA, &bytes, &mut |_| {});
                    (Event::Bytes, format!("{} octets: {}", bytes.len(), hex(&bytes)))
                }
                Some(Arrival::End(_)) | None => (Event::Bytes, "nothing".to_owned()),
            },
            _ => {
                let name = connection.poll_timeout().map_or("", |d| d.why);
                connection.handle_timeout(now);
                (Event::Timer, format!("timer: {name}"))
            }
        };
        Happened { event: Some(event), text }
    }

    /// A moment that few lives come to: a deed is being done though the connection is up. In a part of
    /// the lives everything that is planned for later happens now.
    pub(crate) fn is_at_rare_moment(&self) -> bool {
        self.caller.connection.state() == State::Connected
            && self.caller.is_doing()
            && !self.script.salt.is_multiple_of(4)
    }

    /// Faults of the line and of the server's machine whose step has come.
    fn line_faults(&mut self, now: Instant, tally: &mut Tally) {
        let steps = if self.is_at_rare_moment() { u32::MAX } else { self.steps };
        for index in 0..self.script.mischief.len() {
            let Some(Mischief { at, fault }) = self.script.mischief.get(index).copied() else {
                continue;
            };
            let bit = 1 << (index % 64);
            let here = match fault {
                Fault::HalfClose | Fault::Reset | Fault::Corruption => self.lane_open,
                Fault::ServerHangsUp => self.answerer.is_some(),
                _ => matches!(fault.place(), Place::Line | Place::Server),
            };
            if !here || at > steps || self.line_faults_done & bit != 0 {
                continue;
            }
            self.line_faults_done |= bit;
            self.struck.add(fault);
            tally.strike(fault);
            match fault {
                Fault::NotAdmitted => self.not_admitted = true,
                Fault::ServerHangsUp => {
                    if let Some(end) = &mut self.answerer {
                        end.connection.hang_up(now, Cause::hung_up());
                    }
                }
                Fault::ServerDies => {
                    self.server_dead = true;
                    self.answerer = None;
                    self.front = None;
                    self.phones = None;
                    self.both_suffer(now, fault);
                }
                Fault::HalfClose => self.down.suffer(now, fault),
                _ => self.both_suffer(now, fault),
            }
        }
    }

    fn both_suffer(&mut self, now: Instant, fault: Fault) {
        self.up.suffer(now, fault);
        self.down.suffer(now, fault);
        // Datagrams have no stream that could be reset.
        if let Some(data) = self.data.as_mut().filter(|_| fault != Fault::Reset) {
            data.0.suffer(now, fault);
            data.1.suffer(now, fault);
        }
    }

    /// A packet each way.
    pub(crate) fn packets(&mut self, now: Instant) {
        let packet = |from: u8, to: u8| {
            let mut p = vec![0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0];
            p.extend([10, 99, 0, from, 10, 99, 0, to]);
            p
        };
        self.caller.connection.handle_packet(now, &packet(2, 1));
        if let Some(end) = &mut self.answerer {
            end.connection.handle_packet(now, &packet(1, 2));
        }
    }

    /// The law of draining, for both ends, until neither wants anything more.
    pub(crate) fn drain(&mut self, now: Instant, tally: &mut Tally) -> Result<(), Broken> {
        let mut out = Vec::new();
        for _ in 0..MOST_TURNS {
            let mut idle = true;
            while let Some(lane) = self.caller.connection.poll_transmit(&mut out) {
                idle = false;
                let up = match (&mut self.data, lane) {
                    (Some(data), LaneId::DATA) => &mut data.0,
                    _ => &mut self.up,
                };
                up.send(now, Duration::ZERO, std::mem::take(&mut out));
            }
            while let Some((_, signal)) = self.caller.connection.poll_signal() {
                if let Some(phones) = &mut self.phones {
                    phones.signal(Modem::Caller, signal);
                }
            }
            idle &= !self.caller.speak_tls(now);
            while let Some((step, request)) = self.caller.connection.poll_request() {
                idle = false;
                let round_trip = self.script.delay * 2;
                let struck = &mut self.struck;
                let mut strike = |fault| {
                    struck.add(fault);
                    tally.strike(fault);
                };
                let wish = self.caller.take(now, step, request, round_trip, &mut strike)?;
                if let Some(LaneWish::Close(lane)) = wish {
                    self.close_at_caller(now, lane);
                }
            }
            idle &= self.drain_answerer(now, tally)?;
            idle &= !self.drain_phones(now);
            if idle {
                return Ok(());
            }
        }
        Err(Broken::new(Invariant::TimeGoesOn, "the ends want something more for ever"))
    }

    fn close_at_caller(&mut self, now: Instant, lane: LaneId) {
        if lane == LaneId::DATA {
            if let Some(data) = &mut self.data {
                data.1.stop_listening();
            }
            return;
        }
        if self.lane_open {
            self.up.close(now);
        } else {
            self.rings_at = None;
        }
        self.down.stop_listening();
        self.port_closes = true;
        self.close_port_behind_its_octets();
    }

    /// Promises that concern this call alone.
    pub(crate) fn check(&mut self, now: Instant) -> Result<(), Broken> {
        self.caller.check()?;
        if let Some(end) = &mut self.answerer {
            end.check()?;
        }
        let state = self.caller.connection.state();
        let times = Times::default();
        let bound = match self.state {
            State::Opening => times.opening + self.pause(),
            State::Linking => times.linking,
            State::Authenticating => {
                times.authenticating + (times.person + times.authenticating) * self.waits
            }
            State::AwaitingCallback => times.callback,
            State::Projecting => times.projecting,
            State::Disconnecting => self.script.budget,
            State::Connected | State::Gone => Duration::MAX,
        };
        if self.waits_since.is_some_and(|since| now.since(since) > times.person)
            || self.waits > MOST_WAITS
        {
            let text = format!("it waits for the person since {:?}", self.waits_since);
            return Err(Broken::new(Invariant::DialBounded, text));
        }
        let spent = now.since(self.since);
        if spent > bound {
            let invariant = match self.state {
                State::Disconnecting => Invariant::HangUpBounded,
                _ => Invariant::DialBounded,
            };
            let text = format!("{spent:?} in {:?}", self.state);
            return Err(Broken::new(invariant, text));
        }
        if state != self.state {
            if !self.state.next().contains(&state) && !self.passed_through(state) {
                let text = format!("{:?} → {state:?}", self.state);
                return Err(Broken::new(Invariant::RasOrder, text));
            }
            self.state = state;
            self.since = now;
            self.was_up |= state == State::Connected;
        }
        Ok(())
    }

    /// Whether the dial waits for a person, who begins to think.
    pub(crate) fn look_for_pause(&mut self, now: Instant) -> bool {
        let waits = self.caller.connection.paused().is_some();
        if !waits {
            self.waits_since = None;
            self.person_at = None;
        } else if self.waits_since.is_none() {
            let person = self.script.person;
            self.waits += 1;
            self.waits_since = Some(now);
            self.person_at = (!person.is_away).then(|| now + person.thinks);
        }
        waits
    }

    /// The person speaks to nobody.
    pub(crate) const fn person_is_not_heard(&mut self) {
        self.person_at = None;
    }

    /// The person speaks; from then on it is another wait, if it waits.
    pub(crate) fn person_says(&mut self) -> Option<Resumption> {
        self.person_at = None;
        let (state, _) = self.caller.connection.paused()?;
        let says = self.script.person.says(self.erred, state);
        self.erred = self.erred.saturating_add(1);
        self.waits_since = None;
        Some(says)
    }

    /// Several edges may be passed in one moment.
    fn passed_through(&self, to: State) -> bool {
        let mut seen = vec![self.state];
        let mut at = 0;
        while let Some(state) = seen.get(at).copied() {
            // A callback leads back to where one was.
            let new: Vec<_> = state.next().iter().filter(|s| !seen.contains(s)).copied().collect();
            seen.extend(new);
            at += 1;
        }
        seen.contains(&to)
    }

    /// On a line on which nothing went wrong the server has begun its own way down by now. (On a line
    /// that may lose, its PPP lingers for repeats before it says so, and who has no time does not wait
    /// for the answer: those are looked at in the end.)
    pub(crate) fn check_server_knows(&self) -> Result<(), Broken> {
        let quick = self.script.delay * 6 + Duration::from_millis(500) < self.script.budget * 5 / 6;
        let wanted = self.caller.connection.cause().is_some_and(Cause::is_wanted);
        let Some(end) = &self.answerer else { return Ok(()) };
        let slow = self.abandoned || self.script.os_delay > Duration::ZERO;
        if slow || !LINKS[self.script.link].shape.is_stream() {
            return Ok(());
        }
        let state = end.connection.state();
        let knows = matches!(state, State::Disconnecting | State::Gone);
        if self.struck.is_empty() && self.was_up && quick && wanted && !knows {
            let text = format!("the server's end is {state:?}");
            return Err(Broken::new(Invariant::ServerIsTold, text));
        }
        Ok(())
    }

    /// Nothing more will ever happen here.
    pub(crate) fn check_end(&self) -> Result<(), Broken> {
        let ends = [Some(&self.caller), self.answerer.as_ref()];
        for end in ends.into_iter().flatten() {
            let (state, left) = (end.connection.state(), end.leftovers());
            if state != State::Gone || !left.is_empty() {
                let text = format!("{state:?}, left: {left:?}");
                return Err(Broken::new(Invariant::AnswererEnds, text));
            }
        }
        if self.phones.as_ref().is_some_and(|phones| phones.is_off_the_hook()) {
            return Err(Broken::new(Invariant::AnswererEnds, "a modem still has the call"));
        }
        let wanted = self.caller.connection.cause().is_some_and(Cause::is_wanted);
        let cause = self.answerer.as_ref().and_then(|end| end.connection.cause());
        let silence = [RasCode::LINK_FAILURE, RasCode::PPP_TIMEOUT, RasCode::PPP_NO_RESPONSE];
        if let Some(cause) = cause
            && self.was_up
            && wanted
            && self.struck.is_empty()
            && silence.contains(&cause.code())
        {
            let text = format!("the server's end had to find out: {cause}");
            return Err(Broken::new(Invariant::ServerIsTold, text));
        }
        Ok(())
    }
}

fn lane_error(end: LaneEnd) -> Option<HostError> {
    match end {
        LaneEnd::Closed => None,
        LaneEnd::Broken => {
            let deed = "keep the connection to the server";
            Some(HostError::new(deed, HostErrorKind::Reset, "connection reset"))
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(24).map(|b| format!("{b:02x}")).collect()
}
