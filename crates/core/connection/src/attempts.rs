//! One protocol after the other, where an entry's strategy names several (RASENTRY's dwVpnStrategy), and one
//! number after the other, where it has alternates.
//!
//! An attempt is a connection of its own, so that nothing of one is left when the next begins. What the
//! attempts share are the handle, the report of states, and the debts.

use onhook_base::Seed;
use onhook_model::{Cause, RasCode};

use crate::connection::Connection;
use crate::lifecycle::State;

/// The attempts of one dial, so far.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// What became of those before: words for people.
    failed: Vec<String>,
    /// The protocols that were tried.
    protocols: Vec<&'static str>,
    /// This one has failed, and another will follow.
    goes_on: bool,
}

impl Attempts {
    /// Whether this is the first.
    pub(crate) const fn is_first(&self) -> bool {
        self.failed.is_empty()
    }

    /// Whether another will follow.
    pub(crate) const fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Another dial will follow, and what was tried in this one counts no more.
    pub(crate) fn begin_anew(&mut self) {
        *self = Self { goes_on: true, ..Self::default() };
    }

    /// No other will.
    pub(crate) const fn give_up(&mut self) {
        self.goes_on = false;
    }
}

impl Connection {
    /// This attempt fails. `None`: another protocol or number is tried after it; else the cause of the dial's end,
    /// which tells of every attempt where there were several.
    pub(crate) fn cause_of_all(&mut self, cause: &Cause) -> Option<Cause> {
        if !helps_another(self.state, cause) {
            return Some(cause.clone());
        }
        let number = self.plan.number.clone();
        if cause.code() == RasCode::DNSNAME_NOT_RESOLVABLE {
            // No protocol finds a name that another did not find.
            self.plan.others.retain(|other| other.number != number);
        }
        if self.plan.others.is_empty() && self.attempts.is_first() {
            return Some(cause.clone());
        }
        let name = self.plan.link.name().to_ascii_uppercase();
        let said = if cause.text().is_empty() { cause.code().sentence() } else { cause.text() };
        let code = cause.code();
        self.attempts.failed.push(format!("{name}: error {}, {said}", code.number()));
        self.attempts.protocols.push(self.plan.link.name());
        let Some(next) = self.plan.others.first() else {
            // Of one protocol with several numbers the last end says more than that none got through.
            let is_one = self.attempts.protocols.iter().all(|name| *name == self.plan.link.name());
            let code = if is_one { code } else { RasCode::AUTOMATIC_VPN_FAILED };
            return Some(Cause::new(code, self.attempts.failed.join("; ")));
        };
        let next = match next.number == number {
            true => next.link.name().to_ascii_uppercase(),
            false => format!("{} to {}", next.link.name().to_ascii_uppercase(), next.number),
        };
        let told = self.attempts.failed.last().cloned().unwrap_or_default();
        self.announcer.attempt_failed(format!("{told}; now {next} is tried"));
        self.attempts.goes_on = true;
        None
    }

    /// Whether another attempt follows when nothing is left of this one: then
    /// [`next_attempt`](Self::next_attempt) gives it.
    pub const fn goes_on(&self) -> bool {
        self.attempts.goes_on()
    }

    /// The number that is dialed, where it is not the entry's first one any more.
    pub fn other_number(&self) -> Option<&str> {
        (!self.attempts.is_first()).then_some(self.plan.number.as_str()).filter(|n| !n.is_empty())
    }

    /// When nothing is left of an attempt that has failed, or of a line that was lost and is dialed again: the
    /// next one, to be [dialed](Self::dial) at once; it waits by itself where there is to be a pause. All its
    /// chance comes from `seed`.
    pub fn next_attempt(&mut self, seed: Seed) -> Option<Self> {
        if !self.attempts.goes_on || self.state != State::Gone {
            return None;
        }
        let mut next = match self.is_to_be_dialed_again() {
            true => self.next_dial(seed)?,
            false => self.next_way(seed)?,
        };
        next.announcer = std::mem::take(&mut self.announcer);
        next.stairs = std::mem::take(&mut self.stairs);
        next.capture = self.capture;
        self.attempts.goes_on = false;
        Some(next)
    }

    /// The next protocol or number of the same dial.
    fn next_way(&mut self, seed: Seed) -> Option<Self> {
        let mut plan = self.plan.clone();
        let mut others = std::mem::take(&mut plan.others).into_iter();
        let chosen = others.next()?;
        plan.link = chosen.link;
        plan.number = chosen.number;
        plan.others = others.collect();
        let mut next = Self::new(plan, seed);
        next.redial = std::mem::take(&mut self.redial);
        next.attempts.failed = std::mem::take(&mut self.attempts.failed);
        next.attempts.protocols = std::mem::take(&mut self.attempts.protocols);
        Some(next)
    }
}

/// Whether another protocol or number might get through where this one did not: it was the way to the
/// server, before anything was proved. A certificate that is not the server's ends the dial: whoever stands in between must
/// not be able to have a weaker protocol tried.
fn helps_another(state: State, cause: &Cause) -> bool {
    match state {
        State::Opening | State::Linking => matches!(
            cause.code(),
            RasCode::VPN_REFUSED
                | RasCode::VPN_TIMEOUT
                | RasCode::VPN_DISCONNECT
                | RasCode::AUTOMATIC_VPN_FAILED
                | RasCode::INVALID_VPNSTRATEGY
                | RasCode::INCOMPATIBLE
                | RasCode::TEMPFAILURE
                | RasCode::CONGESTION
                | RasCode::ACCESS_DENIED
                | RasCode::SEC_E_ILLEGAL_MESSAGE
                | RasCode::SEC_E_ALGORITHM_MISMATCH
                | RasCode::DNSNAME_NOT_RESOLVABLE
                | RasCode::LINE_BUSY
                | RasCode::VOICE_ANSWER
                | RasCode::NO_ANSWER
                | RasCode::NO_CARRIER
        ),
        State::Authenticating => {
            matches!(cause.code(), RasCode::PPP_NO_RESPONSE | RasCode::VPN_GRE_BLOCKED)
        }
        State::AwaitingCallback
        | State::Projecting
        | State::Connected
        | State::Disconnecting
        | State::Gone => false,
    }
}
