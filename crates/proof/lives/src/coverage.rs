//! Which (state × event × fault) triples have been visited.

use std::fmt::Write as _;

use onhook_connection::State;

use crate::fault::{Fault, Place, named};

named! {
    /// What a caller's connection is told, or what happens around it.
    Event {
        /// A deed was done.
        DeedDone = "deed done",
        /// A deed failed.
        DeedFailed = "deed failed",
        /// An undoing was done.
        Undone = "undone",
        /// An undoing failed.
        UndoingFailed = "undoing failed",
        /// Octets arrived.
        Bytes = "octets",
        /// The lane was closed by the other side.
        LaneClosed = "lane closed",
        /// The lane broke.
        LaneBroken = "lane broken",
        /// A moment has come that the connection waited for.
        Timer = "timer",
        /// The person has spoken for whom it waited.
        Resumed = "resumed",
        /// It is hung up.
        HangUp = "hang-up",
        /// It is ended without courtesy.
        Abandon = "abandoned",
        /// A packet of ours is to be sent.
        Packet = "packet",
        /// The machine has slept.
        Probe = "wake-up",
        /// The program that dialed has died.
        ProgramDies = "program dies",
        /// The entry is dialed again.
        DialAgain = "dialed again",
        /// A stranger tries to hang it up.
        Stranger = "stranger hangs up",
    }
}

const STATES: usize = State::ALL.len();
const EVENTS: usize = Event::ALL.len();
/// The last column is "no fault so far".
const FAULTS: usize = Fault::ALL.len() + 1;

/// A table of visits.
#[derive(Clone, Debug)]
pub struct Coverage(Vec<u64>);

impl Default for Coverage {
    fn default() -> Self {
        Self(vec![0; STATES * EVENTS * FAULTS])
    }
}

/// One cell of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triple {
    /// Where the connection stood.
    pub state: State,
    /// What it was told.
    pub event: Event,
    /// A fault that had struck its life before; `None` when none had.
    pub fault: Option<Fault>,
}

impl Triple {
    fn index(self) -> usize {
        let fault = self.fault.map_or(FAULTS - 1, |f| f as usize);
        ((self.state as usize) * EVENTS + self.event as usize) * FAULTS + fault
    }

    fn all() -> impl Iterator<Item = Self> {
        let faults = || Fault::ALL.iter().copied().map(Some).chain([None]);
        State::ALL.into_iter().flat_map(move |state| {
            let of_event = move |event| faults().map(move |fault| Self { state, event, fault });
            Event::ALL.iter().copied().flat_map(of_event)
        })
    }
}

impl Coverage {
    /// An event came in a state, in a life that these faults had struck before.
    pub(crate) fn visit(&mut self, state: State, event: Event, struck: Struck) {
        let mut count = |fault| {
            if let Some(cell) = self.0.get_mut(Triple { state, event, fault }.index()) {
                *cell += 1;
            }
        };
        if struck.is_empty() {
            count(None);
        }
        for fault in struck.iter() {
            count(Some(fault));
        }
    }

    /// Adds another table.
    pub fn add(&mut self, other: &Self) {
        for (cell, more) in self.0.iter_mut().zip(&other.0) {
            *cell += more;
        }
    }

    fn visits(&self, triple: Triple) -> u64 {
        self.0.get(triple.index()).copied().unwrap_or(0)
    }

    /// How many triples were visited, and how many can be.
    pub fn visited(&self) -> (usize, usize) {
        let reachable = Triple::all().filter(|t| is_reachable(*t));
        reachable.fold((0, 0), |(seen, all), t| (seen + usize::from(self.visits(t) > 0), all + 1))
    }

    /// Triples that can be visited and were not.
    pub fn missing(&self) -> Vec<Triple> {
        Triple::all().filter(|t| is_reachable(*t) && self.visits(*t) == 0).collect()
    }

    /// Triples that were visited though they count as unreachable: the rules are wrong then.
    pub fn surprises(&self) -> Vec<Triple> {
        let allowed = |t: &Triple| is_reachable(*t) || takes_two_lanes(*t);
        Triple::all().filter(|t| !allowed(t) && self.visits(*t) > 0).collect()
    }

    /// A table of states and events: faults met of those that can be met there.
    pub fn table(&self) -> String {
        let mut text = format!("{:<18}", "event \\ state");
        for state in State::ALL {
            write!(text, "{:>15}", format!("{state:?}")).unwrap_or_default();
        }
        for &event in Event::ALL {
            write!(text, "\n{:<18}", event.text()).unwrap_or_default();
            for state in State::ALL {
                let cells = Triple::all().filter(|t| t.state == state && t.event == event);
                let (mut seen, mut all) = (0, 0);
                for cell in cells.filter(|t| is_reachable(*t)) {
                    all += 1;
                    seen += usize::from(self.visits(cell) > 0);
                }
                let shown = if all == 0 { "–".to_owned() } else { format!("{seen}/{all}") };
                write!(text, "{shown:>15}").unwrap_or_default();
            }
        }
        text
    }

    /// Every triple with its visits, as lines of comma-separated values.
    pub fn csv(&self) -> String {
        let mut text = "state,event,fault,reachable,visits\n".to_owned();
        for t in Triple::all() {
            let (state, event) = (t.state, t.event.text());
            let fault = t.fault.map_or("none", Fault::text);
            let (can, visits) = (is_reachable(t), self.visits(t));
            writeln!(text, "{state:?},{event},{fault},{can},{visits}").unwrap_or_default();
        }
        text
    }
}

/// Whether a triple can come about at all. Each exception has its reason.
pub fn is_reachable(triple: Triple) -> bool {
    let Triple { state, event, fault } = triple;
    // Only modems are called back, and worlds have none: proof/calls has those calls.
    state != State::AwaitingCallback
        && event_comes_in(event, state)
        && fault
            .map_or(comes_without_fault(event, state), |fault| has_struck_by(fault, state, event))
}

/// Of a link with two lanes the first is open while the second is being opened, and the server may fail at
/// its own second one meanwhile. Later, octets of the second may come behind the end of the first. All that is
/// possible, and too rare to be demanded of a run.
fn takes_two_lanes(triple: Triple) -> bool {
    let Triple { state, event, fault } = triple;
    let place = fault.map(Fault::place);
    match state {
        _ if event == Event::Bytes && fault == Some(Fault::Reset) => event_comes_in(event, state),
        State::Opening => {
            let is_about_undoing = matches!(event, Event::Undone | Event::UndoingFailed);
            !matches!(event, Event::Abandon | Event::Resumed)
                && !is_about_undoing
                && place != Some(Place::Undoing)
        }
        State::Linking => place == Some(Place::AnswererDeed) && event_comes_in(event, state),
        _ => false,
    }
}

/// Whether an event can come in a state.
fn event_comes_in(event: Event, state: State) -> bool {
    let before_lane = state == State::Opening;
    let over = state == State::Gone;
    match event {
        // Deeds are asked for in Opening and Projecting, and in Connected for an IPv6 address that was
        // agreed late; who goes down calls them off.
        Event::DeedDone | Event::DeedFailed => {
            matches!(state, State::Opening | State::Projecting | State::Connected)
        }
        // Late ones come even after the end: then they pay a debt.
        Event::Undone | Event::UndoingFailed => matches!(state, State::Disconnecting | State::Gone),
        // Before the lane is open and after it was closed nothing can be heard of it.
        Event::Bytes | Event::LaneClosed | Event::LaneBroken => !before_lane && !over,
        // A connection that is gone has no timers and no driver.
        Event::Timer | Event::HangUp | Event::Packet | Event::Probe => !over,
        // It waits for a person in the midst of authenticating.
        Event::Resumed => state == State::Authenticating,
        // A second hang-up is answered by the manager and never reaches the connection, but a manager
        // that stops hangs up those that are going down already.
        // Only a manager that stops abandons, and it has hung up before.
        Event::Abandon => state == State::Disconnecting,
        // What concerns the handle comes as long as there is one.
        Event::ProgramDies | Event::DialAgain | Event::Stranger => true,
    }
}

/// Whether an event can come in a life in which nothing goes wrong.
fn comes_without_fault(event: Event, state: State) -> bool {
    match event {
        Event::DeedFailed | Event::UndoingFailed | Event::LaneBroken => false,
        // A good server on a good line says goodbye, and leaves it to us to close the lane.
        Event::LaneClosed => false,
        // Name, TCP and TLS are done long before their time is over; a link over datagrams counts
        // time from its first message, and repeats what is not acknowledged.
        Event::Timer => state != State::Opening,
        // Only a failed dial is kept when it is gone; a wrong password is failure enough.
        _ => true,
    }
}

/// Whether a fault can have struck by the time that an event comes in a state.
fn has_struck_by(fault: Fault, state: State, event: Event) -> bool {
    let ends_the_dial = fault.error().is_some() || fault == Fault::DeedHangs;
    let is_heard = matches!(event, Event::Bytes | Event::LaneClosed | Event::LaneBroken);
    match fault.place() {
        Place::Line | Place::Server => match fault {
            // Nothing at all is heard of the other side after these.
            Fault::Partition | Fault::ServerDies => !is_heard,
            // It is heard of once, and then no more.
            Fault::Reset if is_heard && event != Event::LaneBroken => false,
            // They need an open lane, or a server that has taken the call.
            Fault::HalfClose | Fault::Reset | Fault::Corruption | Fault::ServerHangsUp => {
                state != State::Opening
            }
            _ => true,
        },
        // A deed that fails or hangs in Opening never lets the dial pass on to the next states. Only in
        // Projecting are deeds done beside one another.
        Place::Deed if ends_the_dial => match (state, event) {
            (State::Linking | State::Authenticating, _) => false,
            (State::Opening | State::Connected, Event::DeedDone) => false,
            (State::Opening | State::Connected, Event::DeedFailed) => fault != Fault::DeedHangs,
            _ => true,
        },
        Place::Deed => true,
        // Nothing is undone before the way down.
        Place::Undoing => matches!(state, State::Disconnecting | State::Gone),
        // The server's machine has deeds when we have proved ourselves.
        Place::AnswererDeed => {
            !matches!(state, State::Opening | State::Linking | State::Authenticating)
        }
        // The server says nothing before it has taken the call.
        Place::Message => state != State::Opening || event == Event::Abandon,
    }
}

/// The faults that have struck a life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Struck(u64);

impl Struck {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0 |= 1 << fault as u64;
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.iter().copied().filter(move |fault| self.0 & (1 << *fault as u64) != 0)
    }
}
