//! Dialing again when the line was lost (RASENTRY: RASEO2_ReconnectIfDropped, dwRedialCount, dwRedialPause).
//!
//! ```text
//!   Connected ── the line is lost ──▶ down the stairs ──▶ Gone
//!        ▲                                                 │ nothing of it is left, nothing is owed
//!        │                                                 ▼
//!        └── up again ◀── Opening … ◀── the pause is over ── a new connection, which waits in Opening
//!                             │                                  │
//!                             └── it fails: again, as often ─────┘── a hang-up: Gone, at once
//!                                 as the entry says
//! ```
//!
//! Each dial is a connection of its own, as each attempt of one dial is (see `attempts`): whatever the lost
//! line had is undone before the next is begun, and while it waits there is nothing to undo. What goes on is
//! the handle, the report of states, the traffic, and what a person gave on the way.
//!
//! The first dial after a line that has held for as long as the pause begins at once; all others wait for
//! the pause. So a server that takes every call and drops it is dialed no more often than the entry says,
//! and as few times.

use onhook_base::{Deadline, Duration, Instant, Seed};
use onhook_model::{Cause, RasCode, Traffic};
use onhook_ppp::cbcp::CallbackWish;
use onhook_ppp::{CallbackTerms, Role, auth};

use crate::bundle::Joins;
use crate::connection::Connection;
use crate::lifecycle::State;
use crate::plan::{OtherLink, OutletPlan};

/// How a line that was lost is dialed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedialTerms {
    /// How many more times it is dialed when the first dial after the loss has failed: 0 to 99.
    pub attempts: u32,
    /// How long is waited before each of them: 1 to 600 seconds.
    pub pause: Duration,
}

/// What is known of dialing again.
#[derive(Debug, Default)]
pub(crate) struct Redial {
    /// Why the line was lost, until it is up again.
    lost: Option<Cause>,
    /// Dials since a line has last held.
    dials: u32,
    /// When the next one begins, once the present connection is gone.
    at: Option<Instant>,
    /// (In Opening) it waits until then.
    waits: bool,
    /// Every way to the server, in the order of the entry.
    ways: Vec<OtherLink>,
    /// What passed over the lines before.
    before: Traffic,
    /// What a person gave in a pause is what proves us from now on.
    credentials: Option<auth::Credentials>,
    /// The number that a person named in a pause.
    callback: Option<CallbackWish>,
}

impl Redial {
    /// What passed over the lines before, and over this one.
    pub(crate) const fn traffic(&self, now: Traffic) -> Traffic {
        let before = self.before;
        Traffic {
            bytes_out: before.bytes_out.saturating_add(now.bytes_out),
            bytes_in: before.bytes_in.saturating_add(now.bytes_in),
            packets_out: before.packets_out.saturating_add(now.packets_out),
            packets_in: before.packets_in.saturating_add(now.packets_in),
        }
    }

    /// A person has proved itself by these.
    pub(crate) fn keep_credentials(&mut self, given: &auth::Credentials) {
        self.credentials = Some(given.clone());
    }

    /// What a person has proved itself by.
    pub(crate) const fn credentials(&self) -> Option<&auth::Credentials> {
        self.credentials.as_ref()
    }

    /// A person has named this number to be called back at, or none.
    pub(crate) fn keep_callback(&mut self, number: Option<&String>) {
        self.callback = Some(number.cloned().map_or(CallbackWish::NoNumber, CallbackWish::Number));
    }

    /// Packets pass: the line is up.
    pub(crate) fn is_up(&mut self) {
        self.lost = None;
    }
}

impl Connection {
    /// Before the first way of the first dial: all the ways that may be tried again.
    pub(crate) fn remember_ways(&mut self) {
        if self.plan.redial.is_some() && self.redial.ways.is_empty() {
            let first =
                OtherLink { link: self.plan.link.clone(), number: self.plan.number.clone() };
            self.redial.ways =
                std::iter::once(first).chain(self.plan.others.iter().cloned()).collect();
        }
    }

    /// Why the line was lost, or could not be dialed again, while it waits for the next dial.
    pub fn lost(&self) -> Option<&Cause> {
        let waits = self.redial.waits || self.redial.at.is_some();
        self.redial.lost.as_ref().filter(|_| waits)
    }

    /// Whether this dial follows a line that was lost.
    pub const fn is_redial(&self) -> bool {
        self.redial.lost.is_some()
    }

    /// It fails, for good as far as this connection goes. Whether the line is dialed again after it; that is
    /// told then.
    pub(crate) fn dials_again(&mut self, now: Instant, cause: &Cause) -> bool {
        let is_line = self.plan.ppp.role == Role::Caller && self.plan.joins == Joins::Never;
        let was_up = self.state == State::Connected || self.redial.lost.is_some();
        let Some(terms) = self.plan.redial.filter(|_| is_line && was_up) else { return false };
        if !may_come_back(cause.code()) {
            return false;
        }
        let held = self.state == State::Connected
            && self.up_since.is_some_and(|since| now.since(since) >= terms.pause);
        if held {
            self.redial.dials = 0;
        } else if self.redial.dials > terms.attempts {
            return false;
        }
        self.redial.dials = self.redial.dials.saturating_add(1);
        let pause = if held { Duration::ZERO } else { terms.pause };
        self.redial.at = Some(now + pause);
        let said = if cause.text().is_empty() { cause.code().sentence() } else { cause.text() };
        let what = match self.state {
            State::Connected => "the line was lost",
            _ => "the line could not be dialed again",
        };
        let when = match pause.as_secs() {
            0 => "at once".to_owned(),
            seconds => format!("in {seconds} s"),
        };
        let number = cause.code().number();
        self.announcer
            .line_lost(format!("{what}: error {number}, {said}; it is dialed again {when}"));
        self.redial.lost = Some(cause.clone());
        self.attempts.begin_anew();
        true
    }

    /// Nothing is left of the lost line. With a debt it is not dialed again: what could not be undone would
    /// lie below what is made next.
    pub(crate) fn gives_up_for_debts(&mut self) {
        if self.redial.at.is_some() && !self.stairs.debts().is_empty() {
            self.dials_no_more();
        }
    }

    /// Whatever was to be dialed after this connection is not.
    pub(crate) const fn dials_no_more(&mut self) {
        self.redial.at = None;
        self.attempts.give_up();
    }

    /// Whether what follows this connection is a dial of a line that was lost.
    pub(crate) const fn is_to_be_dialed_again(&self) -> bool {
        self.redial.at.is_some()
    }

    /// Where the line is to be dialed again: the connection that does so.
    pub(crate) fn next_dial(&mut self, seed: Seed) -> Option<Self> {
        let at = self.redial.at?;
        let mut plan = self.plan.clone();
        let mut ways = self.redial.ways.iter().cloned();
        let first = ways.next()?;
        plan.link = first.link;
        plan.number = first.number;
        plan.others = ways.collect();
        // Nobody follows this dial who could be asked.
        plan.ppp.asks_person = false;
        if let Some(credentials) = self.redial.credentials.clone() {
            plan.ppp.credentials = Some(credentials);
        }
        if let (Some(wish), CallbackTerms::Wanted(_)) = (&self.redial.callback, &plan.ppp.callback)
        {
            plan.ppp.callback = CallbackTerms::Wanted(wish.clone());
        }
        if let OutletPlan::Stack { socks5, http_connect, .. } = &mut plan.outlet {
            // Programs know these ports.
            *socks5 = self.projection.socks5.or(*socks5);
            *http_connect = self.projection.http_connect.or(*http_connect);
        }
        let mut next = Self::new(plan, seed);
        next.redial = std::mem::take(&mut self.redial);
        next.redial.before = next.redial.traffic(self.traffic);
        next.redial.at = Some(at);
        Some(next)
    }

    /// Whether it waits to be dialed: then it does nothing else.
    pub(crate) fn waits_to_dial(&mut self, now: Instant) -> bool {
        let at = self.redial.at.take().filter(|at| *at > now);
        self.redial.waits = at.is_some();
        if let Some(at) = at {
            self.deadline = Some(Deadline::new(at, "the pause before dialing again"));
        }
        self.redial.waits
    }

    /// The pause is over, if there is one.
    pub(crate) fn ends_pause(&mut self) -> bool {
        std::mem::take(&mut self.redial.waits)
    }
}

/// Whether a line that was lost, or could not be dialed again, for this reason may come back by itself. Not
/// what somebody wanted (631, 828, 932), and not what only a person can mend: a proof that was refused is
/// never tried again by itself, since that locks accounts.
pub(crate) const fn may_come_back(code: RasCode) -> bool {
    matches!(
        code,
        RasCode::PORT_DISCONNECTED
            | RasCode::DISCONNECTION
            | RasCode::REMOTE_DISCONNECTION
            | RasCode::HARDWARE_FAILURE
            | RasCode::LINK_FAILURE
            | RasCode::REQUEST_TIMEOUT
            | RasCode::FROM_DEVICE
            | RasCode::DEVICE_NOT_READY
            | RasCode::PORT_NOT_AVAILABLE
            | RasCode::LINE_BUSY
            | RasCode::VOICE_ANSWER
            | RasCode::NO_ANSWER
            | RasCode::NO_CARRIER
            | RasCode::NO_DIALTONE
            | RasCode::OUTOFORDER
            | RasCode::TEMPFAILURE
            | RasCode::CONGESTION
            | RasCode::PPP_TIMEOUT
            | RasCode::PPP_NO_RESPONSE
            | RasCode::PPP_LCP_TERMINATED
            | RasCode::PPP_NCP_TERMINATED
            | RasCode::PPP_NO_ADDRESS_ASSIGNED
            | RasCode::IP_CONFIGURATION
            | RasCode::VPN_DISCONNECT
            | RasCode::VPN_REFUSED
            | RasCode::VPN_TIMEOUT
            | RasCode::VPN_GRE_BLOCKED
            | RasCode::AUTOMATIC_VPN_FAILED
            | RasCode::DNSNAME_NOT_RESOLVABLE
            | RasCode::BROADBAND_TIMEOUT
            | RasCode::BROADBAND_NO_NIC
    )
}
