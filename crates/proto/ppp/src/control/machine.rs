//! The restart timer, the counters and the identifiers around the automaton (RFC 1661 §4.4, §4.6).
//!
//! [`Control`] is one layer: it reads its packets, asks its [`Terms`] what to think of the options,
//! raises the event, and does the actions of the cell that the automaton answers. What concerns its
//! owner comes out as [`Signal`]s, what concerns the peer as packets.
//!
//! The table alone does not end every dance. A peer that answers each request with another Nak, or
//! acknowledges ours and never sends its own, keeps the counter of RFC 1661 §4.6 from ever reaching
//! zero. Three counts of our own, over one negotiation, bound that: Naks and Rejects received
//! ([`MAX_ROUNDS`]), requests of the peer that we did not agree to ([`MAX_REFUSALS`]), and requests
//! that we sent ([`MAX_REQUESTS`]).
//!
//! Four liberties are taken. An Ack, Nak or Reject that answers a request for the second time is
//! dropped, so that a duplicate on a lossy carrier is not taken for a crossed connection. A request
//! that is, octet by octet, the one that we have just acknowledged gets its Ack again and nothing else
//! ([`Acknowledged`]): it was under way when the layer opened, as on every line whose round trip is
//! longer than the restart timer; taking it for a new negotiation would go on for ever there. A layer
//! may be *passive*: it starts in Stopped, and answers a request that it cannot agree to without
//! sending one of its own. And the expiry of the restart timer (TO+) may come *early*, once in a
//! negotiation: a peer that begins to talk may not have been there when our request came, and is not
//! left waiting for the timer. The request that is repeated goes out before the answer to the peer's,
//! so that a peer that did get the first one is still negotiating when it sees the second (RCR+ in
//! Ack-Sent is sca, and nothing else); that needs a carrier which keeps the order.

use std::collections::VecDeque;

use onhook_base::{Deadline, Duration, Instant, Malformed};

use super::automaton::{Action, Event, State, transition};
use super::layer::{Ending, Judgement, Pace, Signal, Terms};
use super::memory::{Acknowledged, Request};
use super::wire::{ControlPacket, HEADER_LEN, code, is_selection_of, parse_options};
use crate::failure::{Layer, PppFailure};
use crate::wire::{DEFAULT_MRU, MIN_MRU};

/// Configure-Requests sent without an answer (RFC 1661 §4.6).
pub(crate) const MAX_CONFIGURE: u8 = 10;
/// Terminate-Requests sent in all (RFC 1661 §4.6).
pub(crate) const MAX_TERMINATE: u8 = 2;
/// Configure-Naks sent without a Configure-Ack, before turning to Rejects (RFC 1661 §4.6).
pub(crate) const MAX_FAILURE: u8 = 5;
/// Naks and Rejects received in one negotiation.
pub(crate) const MAX_ROUNDS: u8 = 10;
/// Configure-Requests of the peer that were not agreed to in one negotiation.
pub(crate) const MAX_REFUSALS: u8 = 20;
/// Configure-Requests sent in one negotiation.
pub(crate) const MAX_REQUESTS: u8 = 30;

/// The restart timer doubles up to this, or stays at what it starts with if that is longer.
const LONGEST_RESTART: Duration = Duration::from_secs(3);
/// Packets waiting to be polled; what is more is lost, as on a line.
const MAX_QUEUED: usize = 32;
/// Octets of a Terminate-Request's data that are sent, and that are kept of the peer's.
const MAX_FAREWELL: usize = 100;

/// One layer.
#[derive(Debug)]
pub(crate) struct Control<T> {
    terms: T,
    layer: Layer,
    pace: Pace,
    state: State,
    counter: u8,
    period: Duration,
    deadline: Option<Instant>,
    next_identifier: u8,
    request: Option<Request>,
    acknowledged: Option<Acknowledged>,
    answer_time: Duration,
    terminate_identifier: u8,
    farewell: Vec<u8>,
    naks_sent: u8,
    refusals: u8,
    rounds: u8,
    requests_sent: u8,
    engaged: bool,
    rejected: bool,
    peer_mru: u16,
    packets: VecDeque<Vec<u8>>,
    signals: VecDeque<Signal>,
}

/// What an action may need to know of the packet that caused it.
#[derive(Clone, Copy, Debug, Default)]
struct Occasion<'a> {
    received: Option<ControlPacket<'a>>,
    refusal: Option<(u8, &'a [u8])>,
}

impl<T: Terms> Control<T> {
    pub(crate) fn new(layer: Layer, terms: T, pace: Pace) -> Self {
        Self {
            terms,
            layer,
            pace,
            state: State::Initial,
            counter: 0,
            period: pace.restart,
            deadline: None,
            next_identifier: 1,
            request: None,
            acknowledged: None,
            answer_time: Duration::ZERO,
            terminate_identifier: 0,
            farewell: Vec::new(),
            naks_sent: 0,
            refusals: 0,
            rounds: 0,
            requests_sent: 0,
            engaged: false,
            rejected: false,
            peer_mru: DEFAULT_MRU,
            packets: VecDeque::new(),
            signals: VecDeque::new(),
        }
    }

    /// Administrative Open.
    pub(crate) fn open(&mut self, now: Instant) {
        self.step(now, Event::Open, Occasion::default());
    }

    /// The layer below is up.
    pub(crate) fn lower_up(&mut self, now: Instant) {
        if self.pace.passive && self.state == State::Starting {
            // The passive option of RFC 1661 §4.2: wait to be asked, in Stopped.
            self.state = State::Stopped;
            return;
        }
        self.step(now, Event::Up, Occasion::default());
    }

    /// The layer below is gone. Nothing is sent.
    pub(crate) fn lower_down(&mut self, now: Instant) {
        self.step(now, Event::Down, Occasion::default());
        self.packets.clear();
    }

    /// Opened without a word, by terms that were agreed elsewhere.
    pub(crate) fn stand_open(&mut self, settle: impl FnOnce(&mut T)) {
        settle(&mut self.terms);
        self.state = State::Opened;
    }

    /// Administrative Close; `farewell` is the data of the Terminate-Request.
    pub(crate) fn close(&mut self, now: Instant, mut farewell: Vec<u8>) {
        farewell.truncate(MAX_FAREWELL);
        self.farewell = farewell;
        self.step(now, Event::Close, Occasion::default());
    }

    /// The peer rejected the whole protocol (RFC 1661 §5.7).
    pub(crate) fn protocol_rejected(&mut self, now: Instant) {
        self.step(now, Event::ReceiveRejectBad, Occasion::default());
    }

    /// A packet of a code that this layer does not know: it is sent back.
    pub(crate) fn reject_code(&mut self, now: Instant, packet: ControlPacket<'_>) {
        let occasion = Occasion { received: Some(packet), refusal: None };
        self.step(now, Event::ReceiveUnknownCode, occasion);
    }

    /// One packet of this layer's protocol. Returns it when its code is beyond those that all layers
    /// share; the owner then either handles it or calls [`reject_code`](Self::reject_code).
    pub(crate) fn handle_packet<'p>(
        &mut self,
        now: Instant,
        information: &'p [u8],
    ) -> Result<Option<ControlPacket<'p>>, Malformed> {
        let packet = ControlPacket::parse(information)?;
        if matches!(self.state, State::Initial | State::Starting) {
            return Ok(None);
        }
        match packet.code {
            code::CONFIGURE_REQUEST => self.handle_configure_request(now, packet)?,
            code::CONFIGURE_ACK => self.handle_configure_ack(now, packet),
            code::CONFIGURE_NAK | code::CONFIGURE_REJECT => {
                self.handle_configure_nak(now, packet)?;
            }
            code::TERMINATE_REQUEST => self.handle_terminate_request(now, packet),
            code::TERMINATE_ACK => self.handle_terminate_ack(now, packet),
            code::CODE_REJECT => self.handle_code_reject(now, packet)?,
            _ => return Ok(Some(packet)),
        }
        Ok(None)
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|at| now < at) {
            return; // early or spurious calls are harmless
        }
        self.deadline = None;
        let event = if self.counter > 0 { Event::TimeoutPositive } else { Event::TimeoutNegative };
        self.step(now, event, Occasion::default());
    }

    /// The next packet to send.
    pub(crate) fn poll_packet(&mut self) -> Option<Vec<u8>> {
        self.packets.pop_front()
    }

    /// What the owner must know next.
    pub(crate) fn poll_signal(&mut self) -> Option<Signal> {
        self.signals.pop_front()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        let why = match self.state {
            State::Closing | State::Stopping => "terminate",
            State::Initial
            | State::Starting
            | State::Closed
            | State::Stopped
            | State::ReqSent
            | State::AckRcvd
            | State::AckSent
            | State::Opened => "restart",
        };
        self.deadline.map(|at| Deadline::new(at, why))
    }

    /// Sends a packet of a code that is the owner's business.
    pub(crate) fn send(&mut self, packet: ControlPacket<'_>) {
        if self.packets.len() < MAX_QUEUED {
            self.packets.push_back(packet.to_vec());
        }
    }

    /// An identifier that no packet of ours had lately.
    pub(crate) fn fresh_identifier(&mut self) -> u8 {
        let identifier = self.next_identifier;
        self.next_identifier = self.next_identifier.wrapping_add(1);
        identifier
    }

    /// The most octets that the peer takes in one packet.
    pub(crate) fn set_peer_mru(&mut self, mru: u16) {
        self.peer_mru = mru.max(MIN_MRU);
    }

    pub(crate) const fn state(&self) -> State {
        self.state
    }

    pub(crate) const fn is_opened(&self) -> bool {
        matches!(self.state, State::Opened)
    }

    pub(crate) const fn terms(&self) -> &T {
        &self.terms
    }

    pub(crate) const fn terms_mut(&mut self) -> &mut T {
        &mut self.terms
    }

    /// How long the Ack of our last request was on its way, from the first time that we asked: a round
    /// trip, or more.
    pub(crate) const fn answer_time(&self) -> Duration {
        self.answer_time
    }

    /// The peer has negotiated with us since the negotiation began: what it says is of this life.
    pub(crate) const fn is_engaged(&self) -> bool {
        self.engaged
    }

    fn handle_configure_request(
        &mut self,
        now: Instant,
        packet: ControlPacket<'_>,
    ) -> Result<(), Malformed> {
        let options = parse_options(packet.data)?;
        let occasion = Occasion { received: Some(packet), refusal: None };
        if matches!(self.state, State::Closed | State::Closing | State::Stopping) {
            self.step(now, Event::ReceiveConfigureRequestGood, occasion);
            return Ok(());
        }
        let again = self.acknowledged.as_ref().is_some_and(|acked| acked.comes_again(now, &packet));
        if self.state == State::Opened && again {
            self.reply(code::CONFIGURE_ACK, occasion, true);
            return Ok(());
        }
        if self.state == State::Opened || (self.state == State::Stopped && !self.pace.passive) {
            self.begin_anew();
        }
        if !self.engaged {
            self.repeat_early(now);
        }
        self.engaged = true;
        let judgement = self.terms.judge(&options, self.naks_sent < MAX_FAILURE);
        let (code, refusal) = match judgement {
            Judgement::Ack => {
                self.naks_sent = 0;
                self.acknowledged = Some(Acknowledged::of(&packet, now));
                self.step(now, Event::ReceiveConfigureRequestGood, occasion);
                return Ok(());
            }
            Judgement::Nak(options) => {
                self.naks_sent = self.naks_sent.saturating_add(1);
                (code::CONFIGURE_NAK, options)
            }
            Judgement::Reject(options) => (code::CONFIGURE_REJECT, options),
            Judgement::Hopeless(failure) => {
                self.signal(Signal::Hopeless(failure));
                return Ok(());
            }
        };
        self.refusals = self.refusals.saturating_add(1);
        if self.refusals > MAX_REFUSALS {
            self.signal(Signal::Hopeless(PppFailure::NotConverging(self.layer)));
            return Ok(());
        }
        if self.pace.passive && self.state == State::Stopped {
            self.send(ControlPacket { code, identifier: packet.identifier, data: &refusal });
            return Ok(());
        }
        let occasion = Occasion { received: Some(packet), refusal: Some((code, &refusal)) };
        self.step(now, Event::ReceiveConfigureRequestBad, occasion);
        Ok(())
    }

    /// The first that the peer says is a request, and ours is unanswered: perhaps it has not heard it.
    fn repeat_early(&mut self, now: Instant) {
        let is_unanswered = self.request.as_ref().is_some_and(|request| !request.answered);
        if self.pace.repeats_early
            && self.state == State::ReqSent
            && is_unanswered
            && self.counter > 0
        {
            self.send_configure_request(now);
        }
    }

    /// RFC 1661 §5.2: the identifier and the options must be those of the request.
    fn handle_configure_ack(&mut self, now: Instant, packet: ControlPacket<'_>) {
        let occasion = Occasion { received: Some(packet), refusal: None };
        if !self.state.is_negotiating() && self.state != State::Opened {
            self.step(now, Event::ReceiveConfigureAck, occasion);
            return;
        }
        let Some(request) = self.request_answered_by(&packet) else { return };
        if request.options != packet.data {
            tracing::debug!(target: "ppp", layer = %self.layer, "an Ack of other options is dropped");
            return;
        }
        request.answered = true;
        self.answer_time = now.since(request.first_sent);
        self.engaged = true;
        self.step(now, Event::ReceiveConfigureAck, occasion);
    }

    /// RFC 1661 §5.3, §5.4.
    fn handle_configure_nak(
        &mut self,
        now: Instant,
        packet: ControlPacket<'_>,
    ) -> Result<(), Malformed> {
        let occasion = Occasion { received: Some(packet), refusal: None };
        if !self.state.is_negotiating() && self.state != State::Opened {
            self.step(now, Event::ReceiveConfigureNak, occasion);
            return Ok(());
        }
        let Some(request) = self.request_answered_by(&packet) else { return Ok(()) };
        let options = parse_options(packet.data)?;
        let is_reject = packet.code == code::CONFIGURE_REJECT;
        if is_reject {
            let ours = parse_options(&request.options)?;
            if options.is_empty() || !is_selection_of(&options, &ours) {
                return Err(Malformed::Forbidden);
            }
        }
        request.answered = true;
        self.engaged = true;
        self.rounds = self.rounds.saturating_add(1);
        let taken = if self.rounds > MAX_ROUNDS {
            Err(PppFailure::NotConverging(self.layer))
        } else if is_reject {
            self.terms.rejected(&options)
        } else {
            self.terms.naked(&options)
        };
        match taken {
            Ok(()) => self.step(now, Event::ReceiveConfigureNak, occasion),
            Err(failure) => self.signal(Signal::Hopeless(failure)),
        }
        Ok(())
    }

    fn request_answered_by(&mut self, packet: &ControlPacket<'_>) -> Option<&mut Request> {
        self.request.as_mut().filter(|r| !r.answered && r.identifier == packet.identifier)
    }

    fn handle_terminate_request(&mut self, now: Instant, packet: ControlPacket<'_>) {
        let was = self.state;
        if was == State::Opened || was.is_negotiating() {
            let text = packet.data.get(..MAX_FAREWELL).unwrap_or(packet.data).to_vec();
            self.signal(Signal::PeerTerminating { was, text });
        }
        let occasion = Occasion { received: Some(packet), refusal: None };
        self.step(now, Event::ReceiveTerminateRequest, occasion);
        if was == State::Opened && !self.pace.linger {
            // On a reliable carrier the Ack arrives, so that there is no repeat to wait for.
            self.step(now, Event::TimeoutNegative, Occasion::default());
        }
    }

    fn handle_terminate_ack(&mut self, now: Instant, packet: ControlPacket<'_>) {
        if self.state == State::Opened {
            self.begin_anew();
        }
        let occasion = Occasion { received: Some(packet), refusal: None };
        self.step(now, Event::ReceiveTerminateAck, occasion);
    }

    /// RFC 1661 §5.6: whether the layer can do without the code that the peer does not know.
    fn handle_code_reject(
        &mut self,
        now: Instant,
        packet: ControlPacket<'_>,
    ) -> Result<(), Malformed> {
        let short = Malformed::CutShort { wanted: 1, left: 0 };
        let rejected = *packet.data.first().ok_or(short)?;
        let occasion = Occasion { received: Some(packet), refusal: None };
        if (code::CONFIGURE_REQUEST..=code::TERMINATE_ACK).contains(&rejected) {
            self.step(now, Event::ReceiveRejectBad, occasion);
        } else {
            self.signal(Signal::CodeRejected(rejected));
            self.step(now, Event::ReceiveRejectGood, occasion);
        }
        Ok(())
    }

    /// A negotiation begins: wishes and counts are as at birth.
    fn begin_anew(&mut self) {
        self.terms.restart();
        self.request = None;
        self.acknowledged = None;
        self.naks_sent = 0;
        self.refusals = 0;
        self.rounds = 0;
        self.requests_sent = 0;
        self.engaged = false;
        self.rejected = false;
    }

    /// Raises an event: the one place where the state changes.
    fn step(&mut self, now: Instant, event: Event, occasion: Occasion<'_>) {
        let was = self.state;
        let Some(cell) = transition(was, event) else {
            tracing::trace!(target: "ppp", layer = %self.layer, "{} in {}", event.name(), was.name());
            return;
        };
        self.state = cell.next;
        if was != cell.next {
            tracing::debug!(
                target: "ppp", layer = %self.layer,
                "{} → {} ({})", was.name(), cell.next.name(), event.name()
            );
        }
        if matches!(event, Event::Up | Event::Open)
            && cell.next == State::ReqSent
            && was != cell.next
        {
            self.begin_anew();
        }
        self.rejected |= event == Event::ReceiveRejectBad;
        if event == Event::TimeoutPositive {
            let longest = self.pace.restart.max(LONGEST_RESTART);
            self.period = self.period.saturating_mul(2).min(longest);
        }
        for action in cell.actions {
            self.act(now, *action, (was, event), occasion);
        }
        if !cell.next.is_timed() {
            self.deadline = None;
        } else if self.deadline.is_none() {
            self.deadline = Some(now + self.period);
        }
    }

    fn act(
        &mut self,
        now: Instant,
        action: Action,
        (was, event): (State, Event),
        occasion: Occasion<'_>,
    ) {
        match action {
            Action::ThisLayerUp => self.signal(Signal::Up),
            Action::ThisLayerDown => self.signal(Signal::Down),
            // The layer below is always there before we are asked to open.
            Action::ThisLayerStarted => {}
            Action::ThisLayerFinished => self.finish(was, event),
            Action::InitializeRestartCount => self.initialize_restart_count(now),
            Action::ZeroRestartCount => {
                self.counter = 0;
                self.period = self.pace.closing_restart;
                self.deadline = Some(now + self.period);
            }
            Action::SendConfigureRequest => self.send_configure_request(now),
            Action::SendTerminateRequest => {
                self.send_terminate_request(now, event != Event::TimeoutPositive);
            }
            Action::SendConfigureAck => self.reply(code::CONFIGURE_ACK, occasion, true),
            Action::SendConfigureNak => {
                if let (Some(packet), Some((code, data))) = (occasion.received, occasion.refusal) {
                    self.send(ControlPacket { code, identifier: packet.identifier, data });
                }
            }
            Action::SendTerminateAck => self.reply(code::TERMINATE_ACK, occasion, false),
            Action::SendCodeReject => self.send_code_reject(occasion),
            // Echo is the owner's business: codes above Code-Reject are handed to it.
            Action::SendEchoReply => {}
        }
    }

    fn finish(&mut self, was: State, event: Event) {
        let ending = if self.rejected {
            Ending::Rejected
        } else if event == Event::TimeoutNegative && was.is_negotiating() {
            Ending::Unanswered { tries: self.requests_sent.min(MAX_CONFIGURE) }
        } else {
            Ending::Terminated
        };
        self.signal(Signal::Finished(ending));
    }

    fn initialize_restart_count(&mut self, now: Instant) {
        if matches!(self.state, State::Closing | State::Stopping) {
            self.counter = MAX_TERMINATE;
            self.period = self.pace.closing_restart;
        } else {
            self.counter = MAX_CONFIGURE;
            self.period = self.pace.restart;
        }
        self.deadline = Some(now + self.period);
    }

    /// Contents that were not yet answered keep their identifier, so that a late Ack still counts.
    fn send_configure_request(&mut self, now: Instant) {
        self.counter = self.counter.saturating_sub(1);
        self.deadline = Some(now + self.period);
        self.requests_sent = self.requests_sent.saturating_add(1);
        if self.requests_sent > MAX_REQUESTS {
            self.signal(Signal::Hopeless(PppFailure::NotConverging(self.layer)));
            return;
        }
        let mut options = Vec::new();
        self.terms.request(&mut options);
        let repeated = self.request.take().filter(|r| !r.answered && r.options == options);
        let (identifier, first_sent) = match repeated {
            Some(request) => (request.identifier, request.first_sent),
            None => (self.fresh_identifier(), now),
        };
        self.send(ControlPacket { code: code::CONFIGURE_REQUEST, identifier, data: &options });
        self.request = Some(Request { identifier, options, answered: false, first_sent });
    }

    fn send_terminate_request(&mut self, now: Instant, first: bool) {
        self.counter = self.counter.saturating_sub(1);
        self.period = self.pace.closing_restart;
        self.deadline = Some(now + self.period);
        if first {
            self.terminate_identifier = self.fresh_identifier();
        }
        let farewell = std::mem::take(&mut self.farewell);
        self.send(ControlPacket {
            code: code::TERMINATE_REQUEST,
            identifier: self.terminate_identifier,
            data: &farewell,
        });
        self.farewell = farewell;
    }

    fn reply(&mut self, code: u8, occasion: Occasion<'_>, with_data: bool) {
        if let Some(packet) = occasion.received {
            let data = if with_data { packet.data } else { &[] };
            self.send(ControlPacket { code, identifier: packet.identifier, data });
        }
    }

    /// RFC 1661 §5.6: the packet is cut to what the peer can receive.
    fn send_code_reject(&mut self, occasion: Occasion<'_>) {
        let Some(packet) = occasion.received else { return };
        let mut rejected = packet.to_vec();
        rejected.truncate(usize::from(self.peer_mru).saturating_sub(HEADER_LEN));
        let identifier = self.fresh_identifier();
        self.send(ControlPacket { code: code::CODE_REJECT, identifier, data: &rejected });
    }

    fn signal(&mut self, signal: Signal) {
        if self.signals.len() < MAX_QUEUED {
            self.signals.push_back(signal);
        }
    }
}
