//! What is agreed with a terminal server, and the link above.
//!
//! ```text
//!   Idle ─▶ Agreeing ─▶ Open ─▶ (the link's own life)
//! ```

use std::fmt;

use onhook_base::{Deadline, Duration, Instant};

use super::failure::TelnetFailure;
use super::wire::{
    Decoder, Heard, Verb, ask, option, push_ask, push_data, push_option, tell, value,
};
use crate::contract::{
    Farewell, FrameTerms, Lane, LaneFacts, Link, LinkEvent, LinkFacts, LinkFailure, SessionKeys,
    Signal,
};

/// A server answers within this.
const ANSWER: Duration = Duration::from_secs(5);
/// Answers of ours that wait to be sent: a server that asks more without listening gets none.
const MOST_ANSWERS: usize = 16 << 10;

/// How the port is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelnetTerms {
    /// Its speed in bits per second.
    pub speed: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Agreeing {
        until: Instant,
    },
    Open,
    /// Nothing was agreed; the link above is only to be closed.
    Failed,
}

/// A link over Telnet; see the [room](super).
pub struct Telnet {
    terms: TelnetTerms,
    phase: Phase,
    facts: LaneFacts,
    link: Box<dyn Link + Send + Sync>,
    decoder: Decoder,
    /// Whether we may send any octet; `None` as long as nothing was said.
    sends_binary: Option<bool>,
    /// Whether the server sends any octet.
    hears_binary: Option<bool>,
    /// Whether the port can be controlled.
    controls: Option<bool>,
    /// The server has asked us to send nothing.
    is_suspended: bool,
    carrier: Option<bool>,
    watches_carrier: bool,
    outbox: Vec<u8>,
    /// What the link above sends, before it is escaped.
    plain: Vec<u8>,
    failure: Option<LinkEvent>,
}

impl fmt::Debug for Telnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telnet")
            .field("terms", &self.terms)
            .field("phase", &self.phase)
            .field("controls", &self.controls)
            .field("carrier", &self.carrier)
            .finish_non_exhaustive()
    }
}

impl Telnet {
    /// A link that is opened once the server has agreed.
    pub fn new(terms: TelnetTerms, link: Box<dyn Link + Send + Sync>) -> Self {
        Self {
            terms,
            phase: Phase::Idle,
            facts: LaneFacts::default(),
            link,
            decoder: Decoder::default(),
            sends_binary: None,
            hears_binary: None,
            controls: None,
            is_suspended: false,
            carrier: None,
            watches_carrier: false,
            outbox: Vec::new(),
            plain: Vec::new(),
            failure: None,
        }
    }

    /// Whether the server lets its port be controlled; `None` before it has said.
    pub const fn controls(&self) -> Option<bool> {
        self.controls
    }

    fn option(&mut self, verb: Verb, option: u8) {
        if self.outbox.len() < MOST_ANSWERS {
            push_option(&mut self.outbox, verb, option);
        }
    }

    /// What the server says of an option. What we have asked for ourselves needs no answer.
    fn on_option(&mut self, now: Instant, verb: Verb, which: u8) {
        match (verb, which) {
            (Verb::Do, option::BINARY) => self.sends_binary = Some(true),
            (Verb::Dont, option::BINARY) => self.sends_binary = Some(false),
            (Verb::Will, option::BINARY) => self.hears_binary = Some(true),
            (Verb::Wont, option::BINARY) => self.hears_binary = Some(false),
            (Verb::Do, option::COM_PORT) => {
                // What was said first holds.
                if self.controls.is_none() {
                    self.controls = Some(true);
                    self.set_port();
                }
            }
            (Verb::Dont, option::COM_PORT) => {
                self.controls.get_or_insert(false);
            }
            (_, option::SUPPRESS_GO_AHEAD) => {}
            // Everything else is refused; that it is off needs no answer.
            (Verb::Do, other) => self.option(Verb::Wont, other),
            (Verb::Will, other) => self.option(Verb::Dont, other),
            (Verb::Dont | Verb::Wont, _) => {}
        }
        self.agree(now);
    }

    /// Goes on as soon as all is known.
    fn agree(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Agreeing { .. }) {
            return;
        }
        if self.sends_binary == Some(false) || self.hears_binary == Some(false) {
            return self.fail(TelnetFailure::NotBinary);
        }
        if self.sends_binary.is_some() && self.hears_binary.is_some() && self.controls.is_some() {
            if self.controls == Some(false) {
                tracing::warn!(target: "link::telnet", "the terminal server keeps its own settings");
            }
            self.phase = Phase::Open;
            let facts = self.facts.clone();
            self.link.open(now, &facts);
        }
    }

    fn fail(&mut self, failure: TelnetFailure) {
        self.phase = Phase::Failed;
        self.failure = Some(LinkEvent::Down(LinkFailure::Telnet(failure)));
    }

    /// What the port is to be like. The octets that follow meet it so: the server takes all in order.
    fn set_port(&mut self) {
        let out = &mut self.outbox;
        push_ask(out, ask::BAUD_RATE, &self.terms.speed.to_be_bytes());
        push_ask(out, ask::DATA_SIZE, &[value::EIGHT_BITS]);
        push_ask(out, ask::PARITY, &[value::NO_PARITY]);
        push_ask(out, ask::STOP_SIZE, &[value::ONE_STOP_BIT]);
        push_ask(out, ask::CONTROL, &[value::HARDWARE_FLOW]);
        push_ask(out, ask::CONTROL, &[value::DTR_ON]);
        push_ask(out, ask::CONTROL, &[value::RTS_ON]);
        push_ask(out, ask::MODEM_STATE_MASK, &[value::CARRIER]);
    }

    fn on_told(&mut self, now: Instant, what: u8, told: &[u8]) {
        match (what, told) {
            (tell::BAUD_RATE, told) => {
                let wanted = self.terms.speed.to_be_bytes();
                if told != wanted {
                    let told = told.iter().fold(0_u64, |n, o| (n << 8) | u64::from(*o));
                    tracing::warn!(target: "link::telnet", told, "the port has another speed");
                }
            }
            (tell::MODEM_STATE, [state]) => self.on_carrier(now, *state),
            (tell::SUSPEND, []) => self.is_suspended = true,
            (tell::RESUME, []) => self.is_suspended = false,
            _ => {}
        }
    }

    fn on_carrier(&mut self, now: Instant, state: u8) {
        let is_there = state & value::CARRIER != 0;
        let has_changed = state & value::CARRIER_CHANGED != 0;
        let was_there = self.carrier.replace(is_there).unwrap_or(has_changed);
        if self.watches_carrier && was_there && !is_there {
            self.watches_carrier = false;
            self.link.handle_lane_closed(now, Lane::Control);
        }
    }

    fn control(&mut self, value: u8) {
        if self.controls == Some(true) {
            push_ask(&mut self.outbox, ask::CONTROL, &[value]);
        }
    }

    /// What the link above wants to be done to its line.
    fn on_signal(&mut self, signal: Signal) {
        match signal {
            Signal::DropDtr => self.control(value::DTR_OFF),
            Signal::RaiseDtr => self.control(value::DTR_ON),
            Signal::WatchCarrier => self.watches_carrier = true,
            Signal::IgnoreCarrier => self.watches_carrier = false,
            Signal::FollowSender => {}
        }
    }
}

impl Link for Telnet {
    fn open(&mut self, now: Instant, facts: &LaneFacts) {
        if self.phase != Phase::Idle {
            return;
        }
        self.facts = facts.clone();
        for verb in [Verb::Will, Verb::Do] {
            self.option(verb, option::BINARY);
            self.option(verb, option::SUPPRESS_GO_AHEAD);
        }
        self.option(Verb::Will, option::COM_PORT);
        self.phase = Phase::Agreeing { until: now + ANSWER };
    }

    fn close(&mut self, now: Instant, farewell: Farewell) {
        if self.phase != Phase::Open {
            self.phase = Phase::Failed;
        }
        self.link.close(now, farewell);
    }

    fn adopt(&mut self, terms: FrameTerms) {
        self.link.adopt(terms);
    }

    fn authenticated(&mut self, now: Instant, keys: Option<&SessionKeys>) {
        self.link.authenticated(now, keys);
    }

    fn handle_lane(&mut self, now: Instant, lane: Lane, bytes: &[u8]) {
        // Taken out, so that what it gives may borrow from it while we act.
        let mut decoder = std::mem::take(&mut self.decoder);
        let mut rest = bytes;
        loop {
            let (heard, after) = decoder.read(rest);
            match heard {
                Some(Heard::Data(data)) if self.phase == Phase::Open => {
                    self.link.handle_lane(now, lane, data);
                }
                // What comes before is a greeting for people.
                Some(Heard::Data(_)) => {}
                Some(Heard::Option(verb, which)) => self.on_option(now, verb, which),
                Some(Heard::Sub) => {
                    if let Some((option::COM_PORT, said)) = decoder.subnegotiation()
                        && let Some((what, told)) = said.split_first()
                    {
                        self.on_told(now, *what, told);
                    }
                }
                None => break,
            }
            rest = after;
        }
        self.decoder = decoder;
    }

    fn handle_lane_closed(&mut self, now: Instant, lane: Lane) {
        self.outbox.clear();
        self.phase = Phase::Failed;
        self.link.handle_lane_closed(now, lane);
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let Phase::Agreeing { until } = self.phase
            && now >= until
        {
            // Silence about the port alone is a server of before RFC 2217.
            match self.sends_binary.zip(self.hears_binary) {
                Some(_) => {
                    self.controls.get_or_insert(false);
                    self.agree(now);
                }
                None => self.fail(TelnetFailure::Unanswered),
            }
        }
        self.link.handle_timeout(now);
    }

    fn send_frame(&mut self, now: Instant, protocol: u16, information: &[u8]) {
        self.link.send_frame(now, protocol, information);
    }

    fn poll_frame(&mut self, now: Instant) -> Option<&mut [u8]> {
        match self.failure {
            Some(_) => None,
            None => self.link.poll_frame(now),
        }
    }

    fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<Lane> {
        while !self.is_suspended && self.link.poll_transmit(&mut self.plain).is_some() {
            push_data(&mut self.outbox, &self.plain);
        }
        while let Some(signal) = self.link.poll_signal() {
            self.on_signal(signal);
        }
        if self.outbox.is_empty() {
            return None;
        }
        into.clear();
        std::mem::swap(into, &mut self.outbox);
        Some(Lane::Control)
    }

    fn connected_as(&self) -> Option<&str> {
        self.link.connected_as()
    }

    fn expect_callback(&mut self) -> bool {
        self.link.expect_callback()
    }

    fn await_callback(&mut self, now: Instant) {
        self.link.await_callback(now);
    }

    /// While the server wants nothing, nothing of the link's can be taken.
    fn queued_bytes(&self) -> usize {
        let above = if self.is_suspended { 0 } else { self.link.queued_bytes() };
        self.outbox.len().saturating_add(above)
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        self.failure.take().or_else(|| self.link.poll_event())
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        let own = match self.phase {
            Phase::Agreeing { until } => Some(Deadline::new(until, "Telnet negotiation")),
            Phase::Idle | Phase::Open | Phase::Failed => None,
        };
        Deadline::earliest(own, self.link.poll_timeout())
    }

    fn facts(&self) -> LinkFacts {
        self.link.facts()
    }
}
