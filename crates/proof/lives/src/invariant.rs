//! What must hold at every step of every life.

use std::fmt;

use crate::fault::named;

named! {
    /// A promise that a life may break.
    Invariant {
        /// Each thing that was made has exactly one way back: on the stairs, or owed by name.
        OneUndo = "each created thing has exactly one undo",
        /// What was made last is unmade first; the lane is closed last.
        DownByTheSameStairs = "the way down is the way up, backwards",
        /// A connection that is gone, and a handle that answers 6, own nothing.
        GoneOwnsNothing = "a handle that answers 6 owns nothing",
        /// What is invalid stays so.
        NeverComesBack = "a handle that answered 6 never comes back",
        /// A number is given to one connection only.
        HandlesDiffer = "no two connections share a handle",
        /// A connection has as many references as dials less hang-ups; the last one ends it.
        References = "references are counted rightly",
        /// Hanging up ends within its budget.
        HangUpBounded = "a hang-up ends within its time",
        /// Each state of a dial ends within its time.
        DialBounded = "a dial ends within its time",
        /// States are told in an order that RAS allows.
        RasOrder = "states come in an order that RAS allows",
        /// Who waits for a person is known to wait, by its owner resumed, and by nobody else.
        Pauses = "a dial that waits for a person is known to",
        /// Nothing secret is told or written.
        NoSecret = "nothing secret is told",
        /// Whoever may not see a connection may not end it.
        Rights = "only who may hangs up",
        /// A failed dial is deleted when it was hung up, or when its program is long gone.
        FailedIsReaped = "a failed dial is deleted in the end",
        /// On a good line the server knows of the end before the handle is invalid.
        ServerIsTold = "the server is told",
        /// The answering end comes to its end too.
        AnswererEnds = "the answering end leaves nothing either",
        /// Things happen, and time goes on.
        TimeGoesOn = "time goes on",
        /// The manager is as small after many lives as before.
        MemoryReturns = "the manager's memory returns to its base",
        /// The life is one that the small model knows.
        Model = "the model allows it",
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub invariant: Invariant,
    /// How.
    pub how: String,
}

impl Broken {
    pub(crate) fn new(invariant: Invariant, how: impl Into<String>) -> Self {
        Self { invariant, how: how.into() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {}: {}", self.invariant.text(), self.how)
    }
}
