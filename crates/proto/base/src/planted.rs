//! Bugs that are planted on purpose, so that the simulation can show that it finds them.
//!
//! A check that has never failed proves little. Behind the feature `planted`, which no program that
//! people run is built with, one of these mistakes can be made in the present thread; without the
//! feature [`is_planted`] is the constant `false` and the mistakes are not in the machine code.

/// A mistake that the real code makes when it is asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Planted {
    /// A route is added without its way back being remembered.
    UndoForgotten,
    /// A route's way back is dropped from the stairs without being taken.
    UndoSkipped,
    /// The stairs are gone down from the bottom.
    OrderSwapped,
    /// An undoing that failed is not owed.
    DebtForgotten,
    /// The time for hanging up has no end.
    BudgetIgnored,
    /// The server is left without a goodbye.
    GoodbyeUnsaid,
    /// A handshake may take for ever.
    DeadlineForgotten,
    /// Two states are told in the wrong order.
    StatesSwapped,
    /// The end is told twice.
    EndToldTwice,
    /// The password is in the words of an error.
    SecretTold,
    /// A second dial takes two references.
    ReferenceLeaked,
    /// A person is waited for without end.
    PauseUnbounded,
    /// Anybody may give the password that a dial waits for.
    ForeignResumption,
    /// A hang-up gives two references back.
    ReferenceLost,
    /// The number of a deleted handle is given again.
    HandleReused,
    /// A handle is invalid as soon as it is hung up, whatever still stands.
    HandleGoneEarly,
    /// A handle that was hung up stays when everything is gone.
    HandleStays,
    /// A failed dial stays listed for ever when its program has died.
    FailedKept,
    /// Ended connections are remembered without bound.
    HistoryGrows,
    /// Anybody may hang up anything.
    ForeignHangUp,
    /// A handle can be hung up again and again.
    SecondHangUp,
    /// A hang-up in the pause before a lost line is dialed again counts for nothing.
    PauseOutlivesHangUp,
}

impl Planted {
    /// Every mistake.
    pub const ALL: [Self; 22] = [
        Self::UndoForgotten,
        Self::UndoSkipped,
        Self::OrderSwapped,
        Self::DebtForgotten,
        Self::BudgetIgnored,
        Self::GoodbyeUnsaid,
        Self::DeadlineForgotten,
        Self::StatesSwapped,
        Self::EndToldTwice,
        Self::SecretTold,
        Self::ReferenceLeaked,
        Self::PauseUnbounded,
        Self::ForeignResumption,
        Self::ReferenceLost,
        Self::HandleReused,
        Self::HandleGoneEarly,
        Self::HandleStays,
        Self::FailedKept,
        Self::HistoryGrows,
        Self::ForeignHangUp,
        Self::SecondHangUp,
        Self::PauseOutlivesHangUp,
    ];
}

/// Whether this mistake is to be made now, in this thread.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn is_planted(_: Planted) -> bool {
    false
}

#[cfg(feature = "planted")]
pub use switch::{is_planted, plant};

#[cfg(feature = "planted")]
mod switch {
    use std::cell::Cell;

    use super::Planted;

    thread_local! {
        static PLANTED: Cell<Option<Planted>> = const { Cell::new(None) };
    }

    /// Whether this mistake is to be made now, in this thread.
    pub fn is_planted(bug: Planted) -> bool {
        PLANTED.get() == Some(bug)
    }

    /// From now on this thread makes this mistake, or none.
    pub fn plant(bug: Option<Planted>) {
        PLANTED.set(bug);
    }
}
