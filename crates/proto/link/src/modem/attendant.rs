//! Waits for a ring, and lets the modem take the call.

use std::collections::VecDeque;

use onhook_base::{Deadline, Duration, Instant};

use super::wire::{Lines, Said};

const SETTINGS: [&str; 2] = ["ATZ", "ATE0V1Q0X4&C1&D2S0=0"];
const ANSWER: Duration = Duration::from_secs(5);
/// Between two attempts to wake it: one that has just hung up may not have heard the first.
const WAKE: Duration = Duration::from_millis(700);
const WAKINGS: u32 = 5;
/// The carrier of a call that was taken.
const CARRIER: Duration = Duration::from_secs(70);

/// What an attendant tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttendantEvent {
    /// The modem does not answer or refuses a setting; begin anew.
    Failed,
    /// A call is up: what follows on the line is the caller's, beginning with these octets.
    Connected {
        /// What the modem says of it: a speed, a protocol.
        text: String,
        /// Octets that came behind CONNECT.
        early: Vec<u8>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waking { tries: u32, again: Instant },
    Setting { next: usize, until: Instant },
    Waiting,
    Taking { until: Instant },
    Done,
}

/// Sets a modem up, waits for a ring, takes the call.
#[derive(Debug)]
pub struct Attendant {
    phase: Phase,
    lines: Lines,
    outbox: Vec<u8>,
    events: VecDeque<AttendantEvent>,
}

impl Attendant {
    /// Begins to set the modem up.
    pub fn new(now: Instant) -> Self {
        let mut attendant = Self {
            phase: Phase::Waiting,
            lines: Lines::default(),
            outbox: Vec::new(),
            events: VecDeque::new(),
        };
        attendant.wake(now, 1);
        attendant
    }

    /// Whether it is set up and waits.
    pub const fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Waiting | Phase::Taking { .. })
    }

    /// Whether a call is being taken.
    pub const fn is_taking(&self) -> bool {
        matches!(self.phase, Phase::Taking { .. })
    }

    fn wake(&mut self, now: Instant, tries: u32) {
        self.say("AT");
        self.phase = Phase::Waking { tries, again: now + WAKE };
    }

    fn set(&mut self, now: Instant, next: usize) {
        self.phase = match SETTINGS.get(next) {
            Some(command) => {
                self.say(command);
                Phase::Setting { next, until: now + ANSWER }
            }
            None => Phase::Waiting,
        };
    }

    fn say(&mut self, command: &str) {
        self.outbox.extend_from_slice(command.as_bytes());
        self.outbox.push(b'\r');
    }

    fn fail(&mut self) {
        self.phase = Phase::Done;
        self.events.push_back(AttendantEvent::Failed);
    }

    /// Octets came from the modem.
    pub fn handle_lane(&mut self, now: Instant, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((octet, after)) = rest.split_first() {
            rest = after;
            let Some(line) = self.lines.push(*octet) else { continue };
            match (self.phase, Said::parse(&line)) {
                (Phase::Waking { .. }, Said::Ok) => self.set(now, 0),
                (Phase::Setting { next, .. }, Said::Ok) => self.set(now, next.saturating_add(1)),
                (Phase::Setting { .. }, Said::Error) => self.fail(),
                (Phase::Waiting, Said::Ring) => {
                    self.say("ATA");
                    self.phase = Phase::Taking { until: now + CARRIER };
                }
                (Phase::Taking { .. }, Said::Connect(text)) => {
                    let early = rest.strip_prefix(b"\n").unwrap_or(rest).to_vec();
                    self.phase = Phase::Done;
                    self.events.push_back(AttendantEvent::Connected { text, early });
                    return;
                }
                (Phase::Taking { .. }, Said::NoCarrier | Said::Error) => {
                    self.phase = Phase::Waiting
                }
                _ => {}
            }
        }
    }

    /// The moment of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.phase {
            Phase::Waking { tries, again } if now >= again => match tries < WAKINGS {
                true => self.wake(now, tries.saturating_add(1)),
                false => self.fail(),
            },
            Phase::Setting { until, .. } if now >= until => self.fail(),
            Phase::Taking { until } if now >= until => {
                self.outbox.push(b'\r');
                self.phase = Phase::Waiting;
            }
            _ => {}
        }
    }

    /// What is to be said to the modem.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        (!self.outbox.is_empty()).then(|| std::mem::take(&mut self.outbox))
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<AttendantEvent> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub const fn poll_timeout(&self) -> Option<Deadline> {
        match self.phase {
            Phase::Waking { again, .. } => Some(Deadline::new(again, "modem wakes")),
            Phase::Setting { until, .. } => Some(Deadline::new(until, "modem's answer")),
            Phase::Taking { until } => Some(Deadline::new(until, "modem's carrier")),
            Phase::Waiting | Phase::Done => None,
        }
    }
}
