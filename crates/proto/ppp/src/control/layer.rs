//! What one layer is to the machine, and what the machine tells its owner.

use onhook_base::Duration;

use super::automaton::State;
use super::wire::RawOption;
use crate::failure::PppFailure;

/// What a layer thinks of a Configure-Request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// All of it is acceptable, and has been taken.
    Ack,
    /// These options should have these values.
    Nak(Vec<u8>),
    /// These options, verbatim, are not wanted at all.
    Reject(Vec<u8>),
    /// It shows that there is no point in going on.
    Hopeless(PppFailure),
}

/// What a layer wishes and accepts; the part of an NCP that is its own.
pub(crate) trait Terms {
    /// A negotiation begins: forget the last one.
    fn restart(&mut self);
    /// Appends the options of our Configure-Request.
    fn request(&self, out: &mut Vec<u8>);
    /// Judges the peer's. `may_nak` is false when Max-Failure Naks have been sent: then an option is
    /// rejected instead, and none is proposed.
    fn judge(&mut self, options: &[RawOption<'_>], may_nak: bool) -> Judgement;
    /// The peer would have these values instead of ours.
    fn naked(&mut self, options: &[RawOption<'_>]) -> Result<(), PppFailure>;
    /// The peer knows or wants none of these options of ours.
    fn rejected(&mut self, options: &[RawOption<'_>]) -> Result<(), PppFailure>;
}

/// How long a layer waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// The restart timer while negotiating; doubles up to 3 s.
    pub(crate) restart: Duration,
    /// The restart timer while closing.
    pub(crate) closing_restart: Duration,
    /// Stay for one period after the peer's Terminate-Request, to acknowledge repeats of it.
    pub(crate) linger: bool,
    /// Repeat the first request when the peer begins to talk, instead of waiting for the timer.
    pub(crate) repeats_early: bool,
    /// Wait for the peer to begin.
    pub(crate) passive: bool,
}

/// How a layer came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Configure-Requests went unanswered.
    Unanswered { tries: u8 },
    /// The peer rejected what the layer needs.
    Rejected,
    /// It was terminated, by whichever end.
    Terminated,
}

/// What a layer tells its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// This-Layer-Up.
    Up,
    /// This-Layer-Down.
    Down,
    /// This-Layer-Finished.
    Finished(Ending),
    /// It cannot succeed; the owner should close it.
    Hopeless(PppFailure),
    /// The peer sent a Terminate-Request with this text in this state, Opened or negotiating.
    PeerTerminating { was: State, text: Vec<u8> },
    /// The peer does not know this code, which we can do without.
    CodeRejected(u8),
}
