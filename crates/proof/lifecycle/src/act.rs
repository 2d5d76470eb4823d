//! What can happen in a life, and what comes of it.

use crate::life::{Life, Phase, Record, Server, Thing};

/// References that one program takes at most.
const MOST_HELD: u8 = 2;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// The first program dials.
    Dial,
    /// A program dials the entry that is up.
    Join(usize),
    /// A program hangs up.
    HangUp(usize),
    /// A program dies.
    Die(usize),
    /// Root hangs up, whoever holds it.
    RootHangsUp,
    /// The manager stops.
    Stop,
    /// The server's address is known; the lane is asked for.
    AskLane,
    /// The lane is open.
    LaneOpens,
    /// One phase further.
    Advance,
    /// The server would hear what only a person knows.
    Pauses,
    /// A program that lives says it.
    Resumes(usize),
    /// It is agreed that the server calls back: it is told goodbye for now.
    AgreeCallback,
    /// The server calls.
    CallComes,
    /// The outlet is asked for.
    AskOutlet,
    /// It is there.
    OutletDone,
    /// What hangs on it is asked for.
    AskHangers,
    /// It is there.
    HangersDone,
    /// Everything is set up.
    Connect,
    /// Something fails, ends or is lost while the server can still be told.
    Fails,
    /// The lane is lost.
    LaneLost,
    /// What hangs on the outlet is asked to be unmade.
    UndoHangers,
    /// It is unmade; or it could not be.
    HangersUndone(bool),
    /// The outlet is asked to be unmade.
    UndoOutlet,
    /// It is unmade; or it could not be.
    OutletUndone(bool),
    /// The server is told.
    SayGoodbye,
    /// The lane is closed.
    CloseLane,
    /// The time for courtesy is over: what was not said is said in one breath.
    GoHard,
    /// The budget is spent.
    GiveUp,
    /// The outlet's unmaking, which was owed, is done after all.
    PayOutlet,
    /// That of something that hangs on it.
    PayHangers,
    /// The stairs are empty.
    Finish,
    /// They are, and the line that was lost is dialed again.
    DialsAgain,
    /// The grace of a failed dial without its program is over.
    Reap,
}

impl Act {
    /// Everything that can ever happen.
    pub const ALL: [Self; 39] = [
        Self::Dial,
        Self::Join(0),
        Self::Join(1),
        Self::HangUp(0),
        Self::HangUp(1),
        Self::Die(0),
        Self::Die(1),
        Self::RootHangsUp,
        Self::Stop,
        Self::AskLane,
        Self::LaneOpens,
        Self::Advance,
        Self::Pauses,
        Self::Resumes(0),
        Self::Resumes(1),
        Self::AgreeCallback,
        Self::CallComes,
        Self::AskOutlet,
        Self::OutletDone,
        Self::AskHangers,
        Self::HangersDone,
        Self::Connect,
        Self::Fails,
        Self::LaneLost,
        Self::UndoHangers,
        Self::HangersUndone(true),
        Self::HangersUndone(false),
        Self::UndoOutlet,
        Self::OutletUndone(true),
        Self::OutletUndone(false),
        Self::SayGoodbye,
        Self::CloseLane,
        Self::GoHard,
        Self::GiveUp,
        Self::PayOutlet,
        Self::PayHangers,
        Self::Finish,
        Self::DialsAgain,
        Self::Reap,
    ];
}

impl Life {
    /// What comes of it; `None` when it cannot happen now.
    pub fn after(self, act: Act) -> Option<Self> {
        match act {
            Act::Dial | Act::Join(_) | Act::HangUp(_) | Act::Die(_) | Act::Resumes(_) => {
                self.by_program(act)
            }
            Act::RootHangsUp | Act::Stop | Act::Reap => self.by_manager(act),
            Act::UndoHangers
            | Act::HangersUndone(_)
            | Act::UndoOutlet
            | Act::OutletUndone(_)
            | Act::SayGoodbye
            | Act::CloseLane
            | Act::GoHard
            | Act::GiveUp
            | Act::PayOutlet
            | Act::PayHangers
            | Act::Finish
            | Act::DialsAgain => self.down(act),
            _ => self.up(act),
        }
    }

    fn by_program(mut self, act: Act) -> Option<Self> {
        match act {
            Act::Dial if self.phase == Phase::Undialed => {
                self.phase = Phase::Opening;
                self.record = Record::Valid;
                self.references = 1;
                self.holds[0] = 1;
                Some(self)
            }
            Act::Join(p) => {
                let open = self.phase == Phase::Connected && self.references > 0;
                if !open || !self.alive[p] || self.holds[p] >= MOST_HELD {
                    return None;
                }
                self.holds[p] += 1;
                self.references += 1;
                Some(self)
            }
            Act::HangUp(p) => {
                let holds = self.holds.get(p).copied().unwrap_or(0);
                if holds == 0 || !self.alive[p] {
                    return None;
                }
                self.holds[p] -= 1;
                Some(self.give_back())
            }
            // Whoever holds it or not: any program of the same user may say it.
            Act::Resumes(p) if self.waits && self.alive[p] => {
                self.waits = false;
                Some(self)
            }
            Act::Die(p) if self.alive[p] => {
                // Its references stay: the connection does.
                self.alive[p] = false;
                Some(self)
            }
            _ => None,
        }
    }

    /// A reference is given back, as the manager counts; the last one ends the connection.
    fn give_back(mut self) -> Self {
        if self.references == 0 {
            return self;
        }
        self.references -= 1;
        if self.references == 0 {
            match self.record {
                Record::Kept => self.record = Record::Deleted,
                _ => self = self.begin_descent(true),
            }
        }
        self
    }

    fn begin_descent(mut self, wanted: bool) -> Self {
        if self.is_dialing() || self.phase == Phase::Connected {
            self.phase = Phase::Disconnecting;
            self.waits = false;
            self.wanted = wanted;
        }
        self
    }

    fn by_manager(mut self, act: Act) -> Option<Self> {
        let valid = matches!(self.record, Record::Valid | Record::Kept);
        match act {
            Act::RootHangsUp if valid && self.references > 0 => Some(self.give_back()),
            Act::Stop if valid => {
                self.references = u8::from(self.references > 0);
                Some(self.give_back())
            }
            Act::Reap if self.record == Record::Kept && !self.alive[0] => {
                self.record = Record::Deleted;
                Some(self)
            }
            _ => None,
        }
    }

    fn up(mut self, act: Act) -> Option<Self> {
        let things = &mut self.things;
        match (act, self.phase) {
            (Act::AskLane, Phase::Opening) if things.lane == Thing::No => {
                things.lane = Thing::Asked;
            }
            (Act::LaneOpens, Phase::Opening) if things.lane == Thing::Asked => {
                things.lane = Thing::Stands;
                self.server = Server::Talking;
                self.phase = Phase::Linking;
            }
            (Act::Advance, Phase::Linking) => self.phase = Phase::Authenticating,
            (Act::Pauses, Phase::Authenticating) if !self.waits => self.waits = true,
            // Also out of a wait: a peer that negotiates anew may ask for nothing then.
            (Act::Advance, Phase::Authenticating) => {
                self.phase = Phase::Projecting;
                self.waits = false;
            }
            // The model knows a life by where it stands, and not that a callback comes once: it allows
            // more than the code does.
            (Act::AgreeCallback, Phase::Authenticating) => {
                self.phase = Phase::AwaitingCallback;
                self.waits = false;
                self.server = Server::Told;
            }
            (Act::CallComes, Phase::AwaitingCallback) => {
                self.phase = Phase::Authenticating;
                self.server = Server::Talking;
            }
            (Act::AskOutlet, Phase::Projecting) if things.outlet == Thing::No => {
                things.outlet = Thing::Asked;
            }
            (Act::OutletDone, Phase::Projecting) if things.outlet == Thing::Asked => {
                things.outlet = Thing::Stands;
            }
            // An address that is agreed late is asked for when the connection is up.
            (Act::AskHangers, Phase::Projecting | Phase::Connected)
                if things.outlet == Thing::Stands && things.hangers == Thing::No =>
            {
                things.hangers = Thing::Asked;
            }
            (Act::HangersDone, Phase::Projecting | Phase::Connected)
                if things.hangers == Thing::Asked =>
            {
                things.hangers = Thing::Stands;
            }
            (Act::Connect, Phase::Projecting)
                if things.outlet == Thing::Stands && things.hangers != Thing::Asked =>
            {
                self.phase = Phase::Connected;
            }
            (Act::Fails, _) if self.is_dialing() || self.phase == Phase::Connected => {
                return Some(self.begin_descent(false));
            }
            (Act::LaneLost, _)
                if self.server == Server::Talking || self.phase == Phase::AwaitingCallback =>
            {
                self.server = Server::Lost;
                return Some(self.begin_descent(false));
            }
            _ => return None,
        }
        Some(self)
    }

    fn down(mut self, act: Act) -> Option<Self> {
        match act {
            Act::PayOutlet if self.things.outlet == Thing::Owed => {
                self.things.outlet = Thing::No;
                return Some(self);
            }
            Act::PayHangers if self.things.hangers == Thing::Owed => {
                self.things.hangers = Thing::No;
                return Some(self);
            }
            _ => {}
        }
        if self.phase != Phase::Disconnecting {
            return None;
        }
        let things = &mut self.things;
        let is_local_down = !things.outlet.is_on_stairs() && !things.hangers.is_on_stairs();
        match act {
            Act::UndoHangers if matches!(things.hangers, Thing::Asked | Thing::Stands) => {
                things.hangers = Thing::Undoing;
            }
            Act::HangersUndone(done) if things.hangers == Thing::Undoing => {
                things.hangers = if done { Thing::No } else { Thing::Owed };
            }
            Act::UndoOutlet
                if matches!(things.outlet, Thing::Asked | Thing::Stands)
                    && (self.hard || !things.hangers.is_on_stairs()) =>
            {
                things.outlet = Thing::Undoing;
            }
            Act::OutletUndone(done) if things.outlet == Thing::Undoing => {
                things.outlet = if done { Thing::No } else { Thing::Owed };
            }
            Act::SayGoodbye if is_local_down && self.server == Server::Talking => {
                self.server = Server::Told;
            }
            Act::CloseLane
                if things.lane.is_on_stairs()
                    && (self.hard || is_local_down)
                    && self.server != Server::Talking =>
            {
                things.lane = Thing::No;
            }
            Act::GoHard if !self.hard => {
                self.hard = true;
                if self.server == Server::Talking {
                    self.server = Server::Told;
                }
            }
            Act::GiveUp if self.hard => {
                things.lane = Thing::No;
                for thing in [&mut things.outlet, &mut things.hangers] {
                    if thing.is_on_stairs() {
                        *thing = Thing::Owed;
                    }
                }
            }
            Act::Finish if self.is_at_the_bottom() => return Some(self.finish()),
            Act::DialsAgain if self.may_be_dialed_again() => return Some(self.dial_again()),
            _ => return None,
        }
        Some(self)
    }

    /// With a debt it is not, nor when it was hung up. The model knows a life by where it stands, and not
    /// whether it was up or how often it was dialed: it allows more than the code does.
    const fn may_be_dialed_again(&self) -> bool {
        let owes =
            matches!(self.things.outlet, Thing::Owed) || matches!(self.things.hangers, Thing::Owed);
        self.is_at_the_bottom() && !owes && !self.wanted && self.references > 0
    }

    const fn dial_again(mut self) -> Self {
        self.phase = Phase::Opening;
        self.things = Self::BEGIN.things;
        self.server = Server::Unaware;
        self.hard = false;
        self
    }

    fn finish(mut self) -> Self {
        self.phase = Phase::Gone;
        self.record = match self.wanted || self.references == 0 {
            true => Record::Deleted,
            false => Record::Kept,
        };
        self
    }
}
