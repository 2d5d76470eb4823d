//! One call, from waking the modem to hanging up.
//!
//! ```text
//!   Idle ─▶ Waking ─▶ Setting ─▶ Dialing ─CONNECT─▶ (Scripting) ─▶ Online ─▶ leaving ─▶ Gone
//!                                                                   DTR low ─▶ +++ ─▶ ATH
//! ```
//!
//! A call that is to be called back goes on from there: Attending ─RING, CONNECT─▶ Online; see
//! `callback.rs`.

use std::collections::VecDeque;

use onhook_base::{Deadline, Duration, Instant, Secret};

use super::attendant::Attendant;
use super::failure::ModemFailure;
use super::script::{Script, Step, fill};
use super::wire::{Lines, MOST_LINE, Said};
use crate::contract::{
    Farewell, FrameTerms, Lane, LaneFacts, Link, LinkEvent, LinkFacts, LinkFailure, SessionKeys,
    Signal,
};
use crate::hdlc::{Line, LineTerms};

/// Between two attempts to wake it.
const WAKE: Duration = Duration::from_millis(700);
const WAKINGS: u32 = 3;
/// A setting is answered within this; a reset may take longer.
const ANSWER: Duration = Duration::from_secs(5);
/// Waiting for a carrier (S7 is 50 s and more), and a little.
const CARRIER: Duration = Duration::from_secs(70);
/// What the script expects comes within this.
const EXPECT: Duration = Duration::from_secs(20);
/// DTR is low for this long; a modem under `&D2` has hung up then.
const DTR_LOW: Duration = Duration::from_millis(500);
/// Nothing is said for this long before and after `+++` (S12).
const GUARD: Duration = Duration::from_millis(1000);
/// The answer to `ATH`.
const HUNG_UP: Duration = Duration::from_millis(500);
/// Words at the end of all that was heard, and then silence: PPP never stops there.
const LOST: &[u8] = b"\r\nNO CARRIER\r\n";
const LOST_SILENCE: Duration = Duration::from_secs(1);
/// Errors shown in full, results in words, no echo, all results, DCD is the carrier, DTR hangs up.
const SETTINGS: &str = "ATE0V1Q0X4&C1&D2S0=0";

/// What is said to a modem, and through it.
#[derive(Clone, Debug)]
pub struct ModemTerms {
    /// What is dialed, as [`dial_string`](super::dial_string) gives it.
    pub number: String,
    /// Further settings, each a whole command (`ATM0`); they come after ours.
    pub settings: Vec<String>,
    /// A login before PPP.
    pub script: Option<Script>,
    /// Who dials, for the script.
    pub user: String,
    /// The password, for the script.
    pub password: Secret<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    Waking {
        tries: u32,
        again: Instant,
    },
    Setting {
        next: usize,
        until: Instant,
    },
    Dialing {
        until: Instant,
    },
    Scripting {
        step: usize,
        until: Instant,
    },
    Online,
    /// DTR is low.
    Dropping {
        until: Instant,
    },
    /// Silence before `+++`.
    Guarding {
        until: Instant,
    },
    /// Silence after it.
    Escaping {
        until: Instant,
    },
    /// `ATH` was said.
    Resting {
        until: Instant,
    },
    /// Dialing was called off by a character.
    CallingOff {
        until: Instant,
    },
    /// The next call is to come to us.
    Attending,
    Gone,
}

/// The calling end of a call over a modem; see the [room](super).
#[derive(Debug)]
pub struct Modem {
    terms: ModemTerms,
    pub(super) phase: Phase,
    pub(super) line: Line,
    pub(super) lines: Lines,
    /// What the script has heard since its last step; and online, the last octets.
    pub(super) heard: Vec<u8>,
    pub(super) lost_at: Option<Instant>,
    pub(super) connected: Option<String>,
    /// The call is up already, and was taken by us.
    taken: bool,
    pub(super) callback: Callback,
    /// Lets the modem take the call that is to come.
    pub(super) attendant: Option<Attendant>,
    commands: Vec<String>,
    pub(super) outbox: Vec<u8>,
    pub(super) signals: VecDeque<Signal>,
    pub(super) events: VecDeque<LinkEvent>,
}

/// Whether we are to be called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callback {
    No,
    /// It is agreed, and the call is still there.
    Expected,
    /// The call is to end, and the next one to be waited for.
    Awaited,
}

impl Modem {
    /// A call that has not begun.
    pub fn new(terms: ModemTerms) -> Self {
        let mut commands = vec!["ATZ".to_owned(), SETTINGS.to_owned()];
        commands.extend(terms.settings.iter().cloned());
        Self {
            terms,
            phase: Phase::Idle,
            line: Line::new(LineTerms { calls: true, greets: false }),
            lines: Lines::default(),
            heard: Vec::new(),
            lost_at: None,
            connected: None,
            taken: false,
            callback: Callback::No,
            attendant: None,
            commands,
            outbox: Vec::new(),
            signals: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// A call that came to us and was taken by an [`Attendant`]; `connected` is what the modem said.
    pub fn taken(connected: String) -> Self {
        let terms = ModemTerms {
            number: String::new(),
            settings: Vec::new(),
            script: None,
            user: String::new(),
            password: Secret::new(String::new()),
        };
        let line = Line::new(LineTerms { calls: false, greets: false });
        Self { taken: true, connected: Some(connected), line, ..Self::new(terms) }
    }

    fn say(&mut self, command: &str) {
        tracing::debug!(target: "link::modem", command, "say");
        self.outbox.extend_from_slice(command.as_bytes());
        self.outbox.push(b'\r');
    }

    pub(super) fn fall(&mut self, failure: ModemFailure) {
        self.events.push_back(LinkEvent::Down(failure.into()));
    }

    pub(super) fn gone(&mut self) {
        if self.phase != Phase::Gone {
            self.phase = Phase::Gone;
            self.events.push_back(LinkEvent::Closed);
        }
    }

    fn wake(&mut self, now: Instant, tries: u32) {
        self.say("AT");
        self.phase = Phase::Waking { tries, again: now + WAKE };
    }

    fn set(&mut self, now: Instant, next: usize) {
        match self.commands.get(next).cloned() {
            Some(command) => {
                self.say(&command);
                self.phase = Phase::Setting { next, until: now + ANSWER };
            }
            None => {
                let dial = format!("ATD{}", self.terms.number);
                self.say(&dial);
                self.phase = Phase::Dialing { until: now + CARRIER };
            }
        }
    }

    fn on_said(&mut self, now: Instant, said: Said) {
        tracing::debug!(target: "link::modem", ?said, "said");
        match (self.phase, said) {
            (Phase::Waking { .. }, Said::Ok) => self.set(now, 0),
            (Phase::Setting { next, .. }, Said::Ok) => self.set(now, next.saturating_add(1)),
            (Phase::Setting { next, .. }, Said::Error | Said::NoCarrier) => {
                let command = self.commands.get(next).cloned().unwrap_or_default();
                self.fall(ModemFailure::Refused { command, text: String::new() });
                self.phase = Phase::Resting { until: now };
            }
            (Phase::Setting { .. }, Said::Cellular(text)) => {
                self.fall(ModemFailure::Cellular(text));
                self.phase = Phase::Resting { until: now };
            }
            (Phase::Dialing { .. }, Said::Connect(text)) => self.on_connect(now, text),
            (Phase::Dialing { .. }, said) => {
                if let Some(failure) = no_call(said) {
                    self.fall(failure);
                    // The modem is in its command state already.
                    self.phase = Phase::Resting { until: now };
                }
            }
            (
                Phase::Dropping { .. } | Phase::Resting { .. } | Phase::CallingOff { .. },
                Said::Ok | Said::NoCarrier | Said::Error,
            ) => self.hung_up(now),
            (Phase::Escaping { .. }, Said::Ok) => {
                self.say("ATH");
                self.phase = Phase::Resting { until: now + HUNG_UP };
            }
            (Phase::Escaping { .. } | Phase::Guarding { .. }, Said::NoCarrier) => {
                self.hung_up(now);
            }
            _ => {}
        }
    }

    fn on_connect(&mut self, now: Instant, text: String) {
        self.connected = Some(text);
        self.signals.push_back(Signal::WatchCarrier);
        self.heard.clear();
        match self.terms.script {
            Some(_) => self.run_script(now, 0),
            None => self.go_online(now),
        }
    }

    pub(super) fn go_online(&mut self, now: Instant) {
        self.phase = Phase::Online;
        self.line.open(now, &LaneFacts::default());
        let early = std::mem::take(&mut self.heard);
        if !early.is_empty() {
            self.line.handle_lane(now, Lane::Control, &early);
        }
    }

    /// Sends until something is expected.
    fn run_script(&mut self, now: Instant, mut step: usize) {
        loop {
            match self.terms.script.as_ref().and_then(|script| script.step(step)) {
                None => return self.go_online(now),
                Some(Step::Send(text)) => {
                    let text = fill(text, &self.terms.user, &self.terms.password);
                    self.outbox.extend_from_slice(text.expose().as_bytes());
                }
                Some(Step::Expect(text)) => {
                    let wanted = text.as_bytes();
                    let found = self.heard.windows(wanted.len()).position(|w| w == wanted);
                    let Some(at) = found else {
                        // What is wanted may have come in part.
                        let most = MOST_LINE.max(wanted.len());
                        let surplus = self.heard.len().saturating_sub(most);
                        self.heard.drain(..surplus);
                        self.phase = Phase::Scripting { step, until: now + EXPECT };
                        return;
                    };
                    self.heard.drain(..at.saturating_add(wanted.len()));
                }
            }
            step = step.saturating_add(1);
        }
    }

    /// Octets of the call itself.
    fn hear_online(&mut self, now: Instant, bytes: &[u8]) {
        self.line.handle_lane(now, Lane::Control, bytes);
        self.heard.extend_from_slice(bytes);
        let surplus = self.heard.len().saturating_sub(LOST.len());
        self.heard.drain(..surplus);
        let is_lost = self.heard == LOST && self.callback == Callback::No;
        self.lost_at = is_lost.then(|| now + LOST_SILENCE);
    }

    /// The call is over, and its DTR is to go low.
    pub(super) fn drop_call(&mut self, now: Instant) {
        self.outbox.clear();
        self.lines = Lines::default();
        self.lost_at = None;
        self.signals.push_back(Signal::DropDtr);
        self.phase = Phase::Dropping { until: now + DTR_LOW };
    }

    pub(super) fn call_off(&mut self, now: Instant) {
        self.outbox.push(b'\r');
        self.phase = Phase::CallingOff { until: now + HUNG_UP };
    }

    pub(super) fn pump_line(&mut self) {
        while let Some(event) = self.line.poll_event() {
            if self.phase == Phase::Online {
                self.events.push_back(event);
            }
        }
    }
}

/// What ends a dial without a call; `None` for what is not final.
fn no_call(said: Said) -> Option<ModemFailure> {
    Some(match said {
        Said::Busy => ModemFailure::Busy,
        Said::NoAnswer => ModemFailure::NoAnswer,
        Said::NoDialTone => ModemFailure::NoDialTone,
        Said::NoCarrier => ModemFailure::NoCarrier,
        Said::Voice => ModemFailure::Voice,
        Said::NotData => ModemFailure::NotData,
        Said::Forbidden(text) => ModemFailure::Forbidden(text),
        Said::Cellular(text) => ModemFailure::Cellular(text),
        Said::Error => ModemFailure::Refused { command: "ATD".to_owned(), text: String::new() },
        Said::Ok | Said::Ring | Said::Connect(_) | Said::Other(_) => return None,
    })
}

impl Link for Modem {
    fn open(&mut self, now: Instant, _facts: &LaneFacts) {
        if self.phase != Phase::Idle {
            return;
        }
        if self.taken {
            self.signals.push_back(Signal::WatchCarrier);
            self.go_online(now);
            self.pump_line();
        } else {
            self.wake(now, 1);
        }
    }

    fn close(&mut self, now: Instant, farewell: Farewell) {
        self.callback = Callback::No;
        match self.phase {
            Phase::Gone
            | Phase::Dropping { .. }
            | Phase::Guarding { .. }
            | Phase::Escaping { .. }
            | Phase::CallingOff { .. } => {}
            // No call was made: the modem is where it was.
            Phase::Idle | Phase::Waking { .. } | Phase::Setting { .. } | Phase::Resting { .. } => {
                self.gone();
            }
            // Any character calls dialing off (V.250 §5.6.1).
            Phase::Dialing { .. } => self.call_off(now),
            Phase::Attending => self.close_attending(now),
            Phase::Scripting { .. } | Phase::Online => {
                self.line.close(now, farewell);
                self.drop_call(now);
            }
        }
    }

    fn adopt(&mut self, terms: FrameTerms) {
        self.line.adopt(terms);
    }

    fn authenticated(&mut self, _now: Instant, _keys: Option<&SessionKeys>) {}

    fn handle_lane(&mut self, now: Instant, _lane: Lane, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((octet, after)) = rest.split_first() {
            match self.phase {
                Phase::Idle | Phase::Gone => return,
                Phase::Online => {
                    self.hear_online(now, rest);
                    return self.pump_line();
                }
                Phase::Attending => return self.hear_attending(now, rest),
                Phase::Scripting { step, .. } => {
                    self.heard.extend_from_slice(rest);
                    self.run_script(now, step);
                    return self.pump_line();
                }
                _ => {
                    rest = after;
                    if let Some(line) = self.lines.push(*octet) {
                        let was_dialing = matches!(self.phase, Phase::Dialing { .. });
                        self.on_said(now, Said::parse(&line));
                        // CONNECT ends with CR LF: what follows that is data.
                        if was_dialing && self.phase == Phase::Online && *octet == b'\r' {
                            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
                        }
                        self.pump_line();
                    }
                }
            }
        }
    }

    fn handle_lane_closed(&mut self, _now: Instant, _lane: Lane) {
        self.outbox.clear();
        let leaving = matches!(
            self.phase,
            Phase::Dropping { .. }
                | Phase::Guarding { .. }
                | Phase::Escaping { .. }
                | Phase::Resting { .. }
                | Phase::CallingOff { .. }
        );
        // Who waits to be called back needs the line still.
        let leaving = leaving && self.callback != Callback::Awaited;
        if self.phase == Phase::Online {
            self.fall(ModemFailure::CarrierLost);
        } else if !leaving && self.phase != Phase::Gone {
            self.events.push_back(LinkEvent::Down(LinkFailure::LaneClosed));
        }
        self.gone();
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.lost_at.is_some_and(|at| now >= at) && self.phase == Phase::Online {
            self.lost_at = None;
            self.fall(ModemFailure::CarrierLost);
            return self.gone();
        }
        match self.phase {
            Phase::Waking { tries, again } if now >= again => match tries < WAKINGS {
                true => self.wake(now, tries.saturating_add(1)),
                false => {
                    self.fall(ModemFailure::Silent);
                    self.phase = Phase::Resting { until: now };
                }
            },
            Phase::Setting { until, .. } if now >= until => {
                self.fall(ModemFailure::Silent);
                self.phase = Phase::Resting { until: now };
            }
            Phase::Dialing { until } if now >= until => {
                self.fall(ModemFailure::NoResult);
                self.call_off(now);
            }
            Phase::Scripting { step, until } if now >= until => {
                let step = self.terms.script.as_ref().and_then(|script| script.step(step));
                let wanted = match step {
                    Some(Step::Expect(text)) => text.clone(),
                    Some(Step::Send(_)) | None => String::new(),
                };
                self.fall(ModemFailure::Script(wanted));
                // Its deadline is not to come again; the owner closes.
                self.phase = Phase::Scripting { step: usize::MAX, until: now + CARRIER };
            }
            Phase::Dropping { until } if now >= until => {
                self.signals.push_back(Signal::RaiseDtr);
                // The guard began when the last octet left.
                let left = GUARD.saturating_sub(DTR_LOW);
                self.phase = Phase::Guarding { until: now + left };
            }
            Phase::Guarding { until } if now >= until => {
                self.outbox.extend_from_slice(b"+++");
                self.phase = Phase::Escaping { until: now + GUARD };
            }
            Phase::Escaping { until } | Phase::Resting { until } | Phase::CallingOff { until }
                if now >= until =>
            {
                self.hung_up(now);
            }
            Phase::Attending => self.attend(now, |attendant| attendant.handle_timeout(now)),
            _ => {}
        }
    }

    fn send_frame(&mut self, now: Instant, protocol: u16, information: &[u8]) {
        if self.phase == Phase::Online {
            self.line.send_frame(now, protocol, information);
        }
    }

    fn poll_frame(&mut self, now: Instant) -> Option<&mut [u8]> {
        if self.phase != Phase::Online || !self.events.is_empty() {
            return None;
        }
        self.line.poll_frame(now)
    }

    fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<Lane> {
        if self.phase == Phase::Online && self.outbox.is_empty() {
            return self.line.poll_transmit(into);
        }
        if self.outbox.is_empty() {
            return None;
        }
        into.clear();
        std::mem::swap(into, &mut self.outbox);
        Some(Lane::Control)
    }

    fn poll_signal(&mut self) -> Option<Signal> {
        self.signals.pop_front()
    }

    fn connected_as(&self) -> Option<&str> {
        self.connected.as_deref()
    }

    fn expect_callback(&mut self) -> bool {
        self.be_called_back()
    }

    fn await_callback(&mut self, now: Instant) {
        self.hang_up_and_wait(now);
    }

    fn queued_bytes(&self) -> usize {
        self.outbox.len().saturating_add(match self.phase {
            Phase::Online => self.line.queued_bytes(),
            _ => 0,
        })
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        let (at, why) = match self.phase {
            Phase::Idle | Phase::Gone => return None,
            Phase::Attending => return self.attendant.as_ref().and_then(Attendant::poll_timeout),
            Phase::Waking { again, .. } => (again, "modem wakes"),
            Phase::Setting { until, .. } => (until, "modem's answer"),
            Phase::Dialing { until } => (until, "modem's carrier"),
            Phase::Scripting { until, .. } => (until, "login script"),
            Phase::Online => (self.lost_at?, "modem's carrier lost"),
            Phase::Dropping { until } => (until, "DTR low"),
            Phase::Guarding { until } => (until, "guard before +++"),
            Phase::Escaping { until } => (until, "guard after +++"),
            Phase::Resting { until } | Phase::CallingOff { until } => (until, "modem hangs up"),
        };
        Some(Deadline::new(at, why))
    }

    fn facts(&self) -> LinkFacts {
        self.line.facts()
    }
}
