//! What programs do: dial, hang up, die, come back.

use onhook_base::Secret;
use onhook_connection::State;
use onhook_manager::{Caller, ManagerTerms};
use onhook_model::{ClientCertificate, Credentials, Handle, RasCode};

use super::{Hold, PASSWORD, ROOT, Stage, VISITOR, WRONG_PASSWORD, World, request_of};
use crate::coverage::Event;
use crate::fault::Act;
use crate::invariant::{Broken, Invariant};
use crate::order::Order;

/// What everybody dials with: a password, and a certificate for who wants one.
fn credentials(password: &str) -> Credentials {
    let certificate = ClientCertificate {
        chain: "alice's certificate".to_owned(),
        key: Secret::new("alice's key".to_owned()),
    };
    Credentials {
        user: "alice".to_owned(),
        password: Secret::new(password.to_owned()),
        domain: String::new(),
        tunnel_secret: None,
        certificate: Some(certificate),
    }
}

impl World<'_> {
    pub(super) fn dial(&mut self, life: usize) -> Result<(), Broken> {
        let script = &self.script.lives[life];
        let request = request_of(script);
        let password = if script.wrong_password { WRONG_PASSWORD } else { PASSWORD };
        let credentials = credentials(password);
        let caller = Caller::of(script.user, life as u64 + 1);
        let result = self.manager.dial(self.now, 0, caller, &request, &credentials);
        let script = &self.script.lives[life];
        self.say(life, || format!("user {} dials {}: {result:?}", script.user, request.entry.name));
        match result {
            Err(error) => {
                let allowed = match self.stopped {
                    true => error.code == RasCode::RASMAN_SERVICE_STOPPED,
                    false => error.code == RasCode::DIAL_ALREADY_IN_PROGRESS,
                };
                if !allowed {
                    return Err(Broken::new(Invariant::References, format!("the dial: {error}")));
                }
                self.lives[life].stage = Stage::Over;
            }
            Ok(dialed) if dialed.already => {
                self.lives[life].stage = Stage::Holds(dialed.handle);
                self.joined(dialed.handle, script.user)?;
            }
            Ok(dialed) => {
                self.lives[life].stage = Stage::Holds(dialed.handle);
                let hold = Hold {
                    references: 1,
                    owner: script.user,
                    life,
                    budget: script.budget,
                    ending_since: None,
                    reap_by: None,
                    order: Order::of(script.redial.is_some()),
                    failed: false,
                    gone: false,
                };
                if self.holds.insert(dialed.handle, hold).is_some() {
                    let text = format!("handle {} is given twice", dialed.handle);
                    return Err(Broken::new(Invariant::HandlesDiffer, text));
                }
            }
        }
        self.settle()
    }

    pub(super) fn joined(&mut self, handle: Handle, user: u32) -> Result<(), Broken> {
        match self.holds.get_mut(&handle).filter(|h| !h.gone && h.owner == user && h.references > 0)
        {
            Some(hold) => {
                hold.references += 1;
                self.check_references(handle)
            }
            None => {
                let text = format!("a dial joins {handle}, which cannot be joined");
                Err(Broken::new(Invariant::References, text))
            }
        }
    }

    /// The program hangs up, or root does where the program has died.
    pub(super) fn end_of_life(&mut self, life: usize) -> Result<(), Broken> {
        self.act(life, u32::MAX)?;
        self.let_go(life)?;
        // Whatever it did, in the end a program exits.
        self.lives[life].stage = Stage::Over;
        self.exit(life)
    }

    /// The person at the program speaks, for whom the dial waits; somebody else tried to before.
    pub(super) fn person_speaks(&mut self, life: usize) -> Result<(), Broken> {
        let dead = self.lives[life].dead;
        let Some(line) = &mut self.lives[life].line else { return Ok(()) };
        if dead {
            // The program is gone, and nobody hears the person: it is the same wait that goes on.
            line.person_is_not_heard();
            return Ok(());
        }
        let (handle, given) = (line.handle, line.person_says());
        let Some(given) = given else { return Ok(()) };
        let owner = self.script.lives[life].user;
        let other = crate::script::USERS.into_iter().find(|user| *user != owner);
        let stranger = Caller::of(other.unwrap_or(65_534), VISITOR);
        let tried = self.manager.resume(stranger, handle, given.clone()).map_err(|e| e.code);
        if tried == Ok(()) {
            let text = format!("somebody else resumes {handle}");
            return Err(Broken::new(Invariant::Rights, text));
        }
        let holds = self.holds.get(&handle).is_some_and(|hold| hold.references > 0);
        let resumed = self.manager.resume(Caller::of(owner, life as u64 + 1), handle, given);
        self.say(life, || format!("the person speaks: {resumed:?}"));
        if resumed.is_ok() != holds {
            let text = format!("{handle} waits for a person, and its resumption says {resumed:?}");
            return Err(Broken::new(Invariant::Pauses, text));
        }
        self.settle()
    }

    /// The manager knows whether a dial waits for a person.
    pub(super) fn check_pause(&mut self, life: usize, handle: Handle) -> Result<(), Broken> {
        let now = self.now;
        let Some(line) = &mut self.lives[life].line else { return Ok(()) };
        let waits = line.look_for_pause(now);
        let Ok(status) = self.manager.status(now, Caller::of(ROOT, VISITOR), handle) else {
            return Ok(());
        };
        if status.state.is_paused() == waits || status.hanging_up {
            return Ok(());
        }
        let text = format!("{handle} waits for a person: {waits}; it is told in {}", status.state);
        Err(Broken::new(Invariant::Pauses, text))
    }

    pub(super) fn let_go(&mut self, life: usize) -> Result<(), Broken> {
        let Stage::Holds(handle) = self.lives[life].stage else { return Ok(()) };
        let script = &self.script.lives[life];
        match self.lives[life].dead {
            false => self.hang_up(handle, Caller::of(script.user, life as u64 + 1)),
            // A failed dial of a dead program is nobody's to hang up: it must go by itself.
            true if self.holds.get(&handle).is_some_and(|h| h.failed) => Ok(()),
            true => self.hang_up(handle, Caller::of(ROOT, VISITOR)),
        }
    }

    pub(super) fn hang_up(&mut self, handle: Handle, caller: Caller) -> Result<(), Broken> {
        let result = self.manager.hang_up(self.now, caller, handle);
        let now = self.now;
        let Some(hold) = self.holds.get_mut(&handle) else { return Ok(()) };
        let may = caller.user == hold.owner || caller.user == ROOT;
        let expected = match (hold.gone, may, hold.references) {
            (true, ..) => Err(RasCode::NO_CONNECTION),
            (false, false, _) => Err(RasCode::ACCESS_DENIED),
            (false, true, 0) => Err(RasCode::NO_CONNECTION),
            (false, true, _) => Ok(()),
        };
        if result.as_ref().map_err(|e| e.code) != expected.as_ref().map(|()| &()).map_err(|e| *e) {
            let invariant = if may { Invariant::References } else { Invariant::Rights };
            let text = format!("the hang-up says {result:?} and should say {expected:?}");
            return Err(Broken::new(invariant, text));
        }
        if result.is_ok() {
            hold.references -= 1;
            if hold.references == 0 {
                hold.ending_since.get_or_insert(now);
            }
        }
        let life = hold.life;
        self.say(life, || format!("user {} hangs up {handle}: {result:?}", caller.user));
        self.settle()?;
        self.check_references(handle)
    }

    pub(super) fn check_references(&self, handle: Handle) -> Result<(), Broken> {
        let root = Caller::of(ROOT, VISITOR);
        let Ok(status) = self.manager.status(self.now, root, handle) else { return Ok(()) };
        match self.holds.get(&handle) {
            Some(hold) if hold.references == status.references => Ok(()),
            hold => {
                let should = hold.map_or(0, |h| h.references);
                let text = format!("{handle} has {} references for {should}", status.references);
                Err(Broken::new(Invariant::References, text))
            }
        }
    }

    /// What the programs of this life do after so many steps of its connection, and what is left of it
    /// at the end.
    pub(super) fn act(&mut self, life: usize, steps: u32) -> Result<(), Broken> {
        let script = &self.script.lives[life];
        for (index, (at, act)) in script.acts.iter().enumerate() {
            let bit = 1 << index;
            if *at <= steps && self.lives[life].acts_done & bit == 0 {
                self.lives[life].acts_done |= bit;
                self.perform(life, *act)?;
            }
        }
        Ok(())
    }

    pub(super) fn perform(&mut self, life: usize, act: Act) -> Result<(), Broken> {
        let Stage::Holds(handle) = self.lives[life].stage else { return Ok(()) };
        let script = &self.script.lives[life];
        let program = Caller::of(script.user, life as u64 + 1);
        let dead = self.lives[life].dead;
        self.say(life, || format!("somebody {}", act.text()));
        match act {
            Act::HangUp | Act::HangUpTwice if !dead => {
                self.lives[life].stage = Stage::HasLetGo;
                self.hang_up(handle, program)?;
                match act {
                    Act::HangUpTwice => self.hang_up(handle, program),
                    _ => Ok(()),
                }
            }
            Act::RootHangsUp => self.hang_up(handle, Caller::of(ROOT, VISITOR)),
            Act::ForeignHangUp => {
                let other = crate::script::USERS.into_iter().find(|u| *u != script.user);
                self.visit(life, Event::Stranger);
                let user = other.unwrap_or(65_534);
                self.hang_up(handle, Caller::of(user, VISITOR))
            }
            Act::DialAgain if !dead => self.dial_again(life, handle),
            Act::Dies if !dead => {
                self.visit(life, Event::ProgramDies);
                self.exit(life)
            }
            Act::Packets => self.tell(life, Event::Packet, |now, line| line.packets(now)),
            Act::Probe => {
                self.tell(life, Event::Probe, |now, line| line.caller.connection.probe(now))
            }
            _ => Ok(()),
        }
    }

    /// The program of a life ends, and with it its talk with the manager.
    pub(super) fn exit(&mut self, life: usize) -> Result<(), Broken> {
        self.lives[life].dead = true;
        self.manager.session_closed(self.now, life as u64 + 1);
        if let Some(handle) = self.lives[life].line.as_ref().map(|line| line.handle) {
            self.expect_reaping(handle);
        }
        self.settle()
    }

    pub(super) fn visit(&mut self, life: usize, event: Event) {
        if let Some(line) = &self.lives[life].line {
            let state = line.caller.connection.state();
            self.tally.coverage.visit(state, event, line.struck);
        }
    }

    /// The program dials its entry once more, and gives that reference back at once.
    pub(super) fn dial_again(&mut self, life: usize, handle: Handle) -> Result<(), Broken> {
        let script = &self.script.lives[life];
        let is_up = |world: &Self| {
            let line = world.lives[life].line.as_ref();
            let up = line.is_some_and(|l| l.caller.connection.state() == State::Connected);
            up && world.holds.get(&handle).is_some_and(|h| h.references > 0 && !h.failed)
        };
        // A dial that is not up would begin another connection; that is another life's business.
        if script.entry.is_none() || self.stopped {
            return Ok(());
        }
        self.visit(life, Event::DialAgain);
        if !is_up(self) {
            return Ok(());
        }
        let program = Caller::of(script.user, life as u64 + 1);
        let credentials = credentials(PASSWORD);
        let request = request_of(script);
        let dialed = self.manager.dial(self.now, 0, program, &request, &credentials);
        match dialed {
            Ok(dialed) if dialed.already && dialed.handle == handle => {
                self.joined(handle, script.user)?;
                self.hang_up(handle, program)
            }
            other => {
                let text = format!("dialing {handle} again gives {other:?}");
                Err(Broken::new(Invariant::References, text))
            }
        }
    }

    /// From now on a failed dial without its program must be deleted within the grace.
    pub(super) fn expect_reaping(&mut self, handle: Handle) {
        let grace = ManagerTerms::default().failed_grace;
        let now = self.now;
        if let Some(hold) = self.holds.get_mut(&handle)
            && hold.failed
            && self.lives[hold.life].dead
        {
            hold.reap_by.get_or_insert(now + grace);
        }
    }
}
