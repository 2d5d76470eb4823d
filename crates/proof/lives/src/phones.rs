//! A modem at each end of a call, and the exchange between them. The server's is watched for a ring.

use onhook_base::Instant;
use onhook_connection::{LinkPlan, Signal};
use onhook_exchange::Exchange;
use onhook_link::modem::{Attendant, AttendantEvent};

/// Whose modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modem {
    Caller = 0,
    Answerer = 1,
}

/// The numbers, in that order.
const NUMBERS: [&str; 2] = ["5551111", SERVER_NUMBER];
/// The one that is dialed.
pub(crate) const SERVER_NUMBER: &str = "5552222";

/// Both modems and the exchange.
#[derive(Debug)]
pub(crate) struct Phones {
    exchange: Exchange,
    /// Until a call was taken; there is but one.
    attendant: Option<Attendant>,
}

/// What the modems have for those behind them.
pub(crate) enum Turn {
    ToCaller(Vec<u8>),
    ToAnswerer(Vec<u8>),
    /// The server takes the call, which has begun with these octets.
    Begins(LinkPlan, Vec<u8>),
}

impl Phones {
    pub(crate) fn new(now: Instant) -> Self {
        Self { exchange: Exchange::new(&NUMBERS), attendant: Some(Attendant::new(now)) }
    }

    /// Octets from the port of a modem.
    pub(crate) fn handle_octets(&mut self, now: Instant, of: Modem, octets: &[u8]) {
        self.exchange.handle_octets(now, of as usize, octets);
    }

    /// What is done to the wires of a port.
    pub(crate) fn signal(&mut self, of: Modem, signal: Signal) {
        match signal {
            Signal::DropDtr => self.exchange.handle_dtr(of as usize, false),
            Signal::RaiseDtr => self.exchange.handle_dtr(of as usize, true),
            Signal::WatchCarrier | Signal::IgnoreCarrier | Signal::FollowSender => {}
        }
    }

    /// Nobody has the port open any more.
    pub(crate) fn close(&mut self, of: Modem) {
        self.exchange.handle_dtr(of as usize, false);
    }

    /// A modem still has the call.
    pub(crate) fn is_off_the_hook(&self) -> bool {
        [Modem::Caller, Modem::Answerer].iter().any(|of| self.exchange.has_carrier(*of as usize))
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let attendant = self.attendant.as_ref().and_then(Attendant::poll_timeout);
        [self.exchange.poll_timeout(), attendant.map(|d| d.at)].into_iter().flatten().min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.exchange.handle_timeout(now);
        if let Some(attendant) = &mut self.attendant {
            attendant.handle_timeout(now);
        }
    }

    /// The next thing that the modems have to say.
    pub(crate) fn turn(&mut self, now: Instant) -> Option<Turn> {
        if let Some(octets) = self.exchange.poll_octets(Modem::Caller as usize) {
            return Some(Turn::ToCaller(octets));
        }
        let Some(attendant) = &mut self.attendant else {
            return self.exchange.poll_octets(Modem::Answerer as usize).map(Turn::ToAnswerer);
        };
        loop {
            if let Some(words) = attendant.poll_transmit() {
                self.exchange.handle_octets(now, Modem::Answerer as usize, &words);
            } else if let Some(octets) = self.exchange.poll_octets(Modem::Answerer as usize) {
                attendant.handle_lane(now, &octets);
            } else {
                break;
            }
        }
        match attendant.poll_event()? {
            AttendantEvent::Connected { text, early } => {
                self.attendant = None;
                Some(Turn::Begins(LinkPlan::ModemAnswer { connected: text }, early))
            }
            // Nobody takes calls any more.
            AttendantEvent::Failed => {
                self.attendant = None;
                None
            }
        }
    }
}
