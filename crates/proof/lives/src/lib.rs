//! Very many lives of connections, each disturbed, each checked at every step, in one thread under one
//! invented clock.
//!
//! A *world* is one manager, a few programs, their calls and a clock. What will happen in it stands in
//! a [`script::Script`], which is drawn from one number: who dials what and when, what goes
//! wrong with the line, with Linux or with the server, and what programs do meanwhile. The manager, the
//! connections at both ends, the links and PPP are the real machines; the network, the operating system
//! and chance are invented. After every step the promises of [`invariant`] are checked. A world in which
//! one is broken is played again from its number, shortened, and told.
//!
//! ```
//! use onhook_lives::{Tally, script::Script, play};
//!
//! let mut tally = Tally::default();
//! let played = play(&Script::draw(7), false, &mut tally);
//! assert_eq!(played.broken, None);
//! assert!(tally.steps > 0);
//! ```

#![forbid(unsafe_code)]

mod bare;
pub mod coverage;
mod end;
pub mod fault;
mod front;
pub mod invariant;
mod lane;
mod line;
pub mod links;
mod order;
pub mod person;
mod phones;
pub mod run;
pub mod script;
pub mod shrink;
mod tally;
mod tamper;
mod tls;
mod world;

use invariant::Broken;
pub use onhook_connection::State as ConnectionState;
use onhook_connection::State;
use script::Script;
pub use tally::Tally;

/// How a world was played.
#[derive(Clone, Debug)]
pub struct Played {
    /// The promise that was broken, and the life in which it was.
    pub broken: Option<(usize, Broken)>,
    /// What happened, a line each, when it was asked for.
    pub trace: Vec<String>,
}

/// The passwords of all lives, right and wrong: they may stand in no line and no report.
pub const PASSWORDS: [&str; 3] = [world::PASSWORD, world::WRONG_PASSWORD, world::NEW_PASSWORD];

/// What can be seen of one life's connection from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Which life of the script dialed it.
    pub life: usize,
    /// Where it stands.
    pub state: State,
    /// Its lane is open on the caller's machine; of two, both are.
    pub lane: bool,
    /// Its interface or stack is there.
    pub outlet: bool,
    /// An address, a route or name servers of it are there.
    pub hangers: bool,
    /// It waits for a person.
    pub waits: bool,
    /// Its handle is valid.
    pub valid: bool,
    /// Its references, as the manager counts.
    pub references: u32,
}

/// Is shown every connection after every step.
pub type Observer<'a> = &'a mut dyn FnMut(Look);

/// Plays a script; `traced` keeps what happened.
pub fn play(script: &Script, traced: bool, tally: &mut Tally) -> Played {
    world::World::play(script, traced, tally, None)
}

/// Plays a script and shows every connection after every step.
pub fn observe(script: &Script, observer: Observer<'_>) -> Played {
    world::World::play(script, false, &mut Tally::default(), Some(observer))
}
