//! What is told of a session: its start, its course, its stop (RFC 2866, RFC 2869 §2.1).

use onhook_base::{Deadline, Duration, Instant};

use crate::wire::{Attributes, attribute};

/// What has passed in a session: in from the caller, out to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Octets from the caller.
    pub octets_in: u64,
    /// Octets to it.
    pub octets_out: u64,
    /// Packets from the caller.
    pub packets_in: u64,
    /// Packets to it.
    pub packets_out: u64,
}

/// Why a session has ended (RFC 2866 §5.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminateCause {
    /// The caller has hung up.
    UserRequest = 1,
    /// The carrier was lost.
    LostCarrier = 2,
    /// The service could not be given any more.
    LostService = 3,
    /// Nothing has passed for too long.
    IdleTimeout = 4,
    /// The time was up.
    SessionTimeout = 5,
    /// An administrator has ended it.
    AdminReset = 6,
    /// The server stops.
    NasReboot = 11,
    /// We have ended it for another reason.
    NasRequest = 10,
    /// Something went wrong here.
    NasError = 9,
    /// Something went wrong there.
    UserError = 17,
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The session has begun.
    Start,
    /// It goes on.
    Interim,
    /// It has ended.
    Stop(TerminateCause),
}

impl Event {
    /// Acct-Status-Type (RFC 2866 §5.1).
    const fn number(self) -> u32 {
        match self {
            Self::Start => 1,
            Self::Stop(_) => 2,
            Self::Interim => 3,
        }
    }
}

/// One thing to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What.
    pub event: Event,
    /// How long the session has lasted.
    pub lasted: Duration,
    /// What has passed in it.
    pub counts: Counts,
}

impl Record {
    /// Appends what RFC 2866 §5 and RFC 2869 §5 have for it.
    pub fn write(&self, into: &mut Attributes) {
        into.number(attribute::ACCT_STATUS_TYPE, self.event.number());
        if self.event == Event::Start {
            return;
        }
        let seconds = u32::try_from(self.lasted.as_secs()).unwrap_or(u32::MAX);
        into.number(attribute::ACCT_SESSION_TIME, seconds);
        let Counts { octets_in, octets_out, packets_in, packets_out } = self.counts;
        // The low four octets, and how often they have run over (RFC 2869 §5.1).
        let low = |count: u64| u32::try_from(count & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        let high = |count: u64| u32::try_from(count >> 32).unwrap_or(u32::MAX);
        into.number(attribute::ACCT_INPUT_OCTETS, low(octets_in));
        into.number(attribute::ACCT_OUTPUT_OCTETS, low(octets_out));
        into.number(attribute::ACCT_INPUT_GIGAWORDS, high(octets_in));
        into.number(attribute::ACCT_OUTPUT_GIGAWORDS, high(octets_out));
        into.number(attribute::ACCT_INPUT_PACKETS, low(packets_in));
        into.number(attribute::ACCT_OUTPUT_PACKETS, low(packets_out));
        if let Event::Stop(cause) = self.event {
            into.number(attribute::ACCT_TERMINATE_CAUSE, cause as u32);
        }
    }
}

/// The account of one session. Its stop is told once, and only if its start was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    began: Instant,
    every: Option<Duration>,
    next: Option<Instant>,
    is_open: bool,
}

impl Account {
    /// The session begins; its course is told `every` so often.
    pub fn start(now: Instant, every: Option<Duration>) -> (Self, Record) {
        let next = every.map(|every| now + every);
        let account = Self { began: now, every, next, is_open: true };
        let record =
            Record { event: Event::Start, lasted: Duration::ZERO, counts: Counts::default() };
        (account, record)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.next.map(|at| Deadline::new(at, "interim account"))
    }

    /// The session's course, when it is time for it. Times that were missed, in a sleep, are not made up.
    pub fn handle_timeout(&mut self, now: Instant, counts: Counts) -> Option<Record> {
        let every = self.every?;
        self.next.filter(|at| *at <= now)?;
        self.next = Some(now + every);
        Some(Record { event: Event::Interim, lasted: now.since(self.began), counts })
    }

    /// The session ends; `None` when that was told already.
    pub fn stop(&mut self, now: Instant, counts: Counts, cause: TerminateCause) -> Option<Record> {
        self.next = None;
        std::mem::replace(&mut self.is_open, false).then(|| Record {
            event: Event::Stop(cause),
            lasted: now.since(self.began),
            counts,
        })
    }
}
