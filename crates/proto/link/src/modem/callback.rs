//! Being called back: the call ends, the modem is reset and waits for a ring, over the same lane.
//!
//! ```text
//!   Online ─▶ DTR low ─▶ (+++ ─▶ ATH) ─▶ AT, ATZ, … ─▶ waiting ─RING─▶ ATA ─CONNECT─▶ Online
//! ```
//!
//! Between the agreement and the end of PPP either side may be the first to let the carrier go.

use onhook_base::Instant;

use super::attendant::{Attendant, AttendantEvent};
use super::failure::ModemFailure;
use super::machine::{Callback, Modem, Phase};
use crate::contract::{LinkEvent, Signal};
use crate::hdlc::{Line, LineTerms};

impl Modem {
    /// Whether it can be: a call is there, and it has not been agreed before.
    pub(super) fn be_called_back(&mut self) -> bool {
        if self.phase != Phase::Online || self.callback != Callback::No {
            return false;
        }
        self.callback = Callback::Expected;
        self.lost_at = None;
        self.signals.push_back(Signal::IgnoreCarrier);
        true
    }

    pub(super) fn hang_up_and_wait(&mut self, now: Instant) {
        if self.callback == Callback::Expected && self.phase == Phase::Online {
            self.callback = Callback::Awaited;
            self.drop_call(now);
        }
    }

    /// The modem has hung up: that was all, or the next call is waited for.
    pub(super) fn hung_up(&mut self, now: Instant) {
        if self.callback != Callback::Awaited {
            return self.gone();
        }
        if matches!(self.phase, Phase::Dropping { .. }) {
            self.signals.push_back(Signal::RaiseDtr);
        }
        self.line = Line::new(LineTerms { calls: true, greets: false });
        self.attendant = Some(Attendant::new(now));
        self.phase = Phase::Attending;
        self.attend(now, |_| {});
    }

    pub(super) fn hear_attending(&mut self, now: Instant, bytes: &[u8]) {
        self.attend(now, |attendant| attendant.handle_lane(now, bytes));
    }

    /// Lets the attendant do something, and heeds what comes of it.
    pub(super) fn attend(&mut self, now: Instant, what: impl FnOnce(&mut Attendant)) {
        let Some(attendant) = &mut self.attendant else { return };
        let was_ready = attendant.is_ready();
        what(attendant);
        if let Some(words) = attendant.poll_transmit() {
            self.outbox.extend_from_slice(&words);
        }
        if attendant.is_ready() && !was_ready {
            self.events.push_back(LinkEvent::AwaitsCall);
        }
        match attendant.poll_event() {
            Some(AttendantEvent::Failed) => {
                self.attendant = None;
                self.callback = Callback::No;
                self.fall(ModemFailure::Silent);
                self.phase = Phase::Resting { until: now };
            }
            Some(AttendantEvent::Connected { text, early }) => {
                self.attendant = None;
                self.callback = Callback::No;
                self.connected = Some(text);
                self.signals.push_back(Signal::WatchCarrier);
                self.heard = early;
                self.go_online(now);
                self.pump_line();
            }
            None => {}
        }
    }

    /// A call that is being taken is called off by a character; otherwise nothing is there to end.
    pub(super) fn close_attending(&mut self, now: Instant) {
        let takes = self.attendant.take().is_some_and(|attendant| attendant.is_taking());
        if takes {
            self.call_off(now);
        } else {
            self.gone();
        }
    }
}
