//! The connection's verbs, and nothing else: what they lead to is in `lifecycle`.

use std::collections::VecDeque;
use std::net::SocketAddr;

use onhook_base::{Deadline, Duration, Instant, Planted, Prefix, Seed, is_planted};
use onhook_effect::{EapTlsSpec, HostError, LaneFacts, LaneId, Outcome, StepId, Undo};
use onhook_link::{Lane, Signal};
use onhook_model::{Cause, Projection, RasState, Resumption, StateReport, Traffic};
use onhook_ppp::{MultilinkFacts, auth};

use crate::announce::Announcer;
use crate::attempts::Attempts;
use crate::bundle::Joining;
use crate::capture::Captured;
use crate::lifecycle::{Callback, Climb, Descent, Pause, State};
use crate::load::Links;
use crate::plan::{OutletPlan, Plan};
use crate::redial::Redial;
use crate::splice::Splice;
use crate::stairs::{Debt, Request, Stairs};
use crate::translate;

/// What an admitted caller is given.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The addresses and name servers.
    pub network: onhook_ppp::NetworkTerms,
    /// Where the caller's packets go on our side.
    pub outlet: OutletPlan,
    /// How long the call may last.
    pub limits: SessionLimits,
    /// The first 64 bits of IPv6 addresses that are the caller's: it is told so, and they are routed to
    /// it where there is an interface.
    pub ipv6_prefix: Option<Prefix>,
    /// Whether the caller is called back, where the link has been let to ask for it.
    pub callback: onhook_ppp::cbcp::CallbackOffer,
}

/// How long a call may last; counted from the moment at which packets pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionLimits {
    /// It ends when no packet has passed for this long.
    pub idle: Option<Duration>,
    /// It ends after this time, whatever passes.
    pub session: Option<Duration>,
}

/// One attempt to connect, at either end.
#[derive(Debug)]
pub struct Connection {
    pub(crate) plan: Plan,
    pub(crate) seed: Seed,
    pub(crate) state: State,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) stairs: Stairs,
    pub(crate) splice: Option<Splice>,
    pub(crate) cause: Option<Cause>,
    pub(crate) descent: Option<Descent>,
    pub(crate) announcer: Announcer,
    pub(crate) projection: Projection,
    pub(crate) server: Option<SocketAddr>,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) admission: Option<Admission>,
    pub(crate) questions: VecDeque<auth::Question>,
    /// The round of proofs that the question was asked in which waits for its answer.
    pub(crate) asked_in: Option<u32>,
    /// Since when packets pass.
    pub(crate) up_since: Option<Instant>,
    pub(crate) climbing: Climb,
    /// A member that waits to be one of several links.
    pub(crate) joining: Option<Joining>,
    /// What a member has agreed with its peer.
    pub(crate) member_of: Option<MultilinkFacts>,
    /// Why the first link that failed did.
    pub(crate) first_failure: Option<Cause>,
    pub(crate) callback: Callback,
    pub(crate) peer_name: Option<String>,
    pub(crate) pause: Option<Pause>,
    pub(crate) pauses: u8,
    /// It was paused, and goes on.
    pub(crate) resumed: bool,
    pub(crate) attempts: Attempts,
    pub(crate) redial: Redial,
    /// (Above links) what is known of them.
    pub(crate) links: Links,
    pub(crate) capture: bool,
    pub(crate) traffic: Traffic,
}

impl Connection {
    /// A connection that has not begun; all its chance comes from `seed`.
    pub fn new(plan: Plan, seed: Seed) -> Self {
        Self {
            plan,
            seed,
            state: State::Opening,
            deadline: None,
            stairs: Stairs::default(),
            splice: None,
            cause: None,
            descent: None,
            announcer: Announcer::default(),
            projection: Projection::default(),
            server: None,
            local: None,
            admission: None,
            questions: VecDeque::new(),
            asked_in: None,
            up_since: None,
            climbing: Climb::default(),
            joining: None,
            member_of: None,
            first_failure: None,
            callback: Callback::default(),
            peer_name: None,
            pause: None,
            pauses: 0,
            resumed: false,
            attempts: Attempts::default(),
            redial: Redial::default(),
            links: Links::default(),
            capture: false,
            traffic: Traffic::default(),
        }
    }

    /// Keeps every PPP frame that passes for [`take_captured`](Self::take_captured).
    pub fn capture_frames(&mut self) {
        self.capture = true;
    }

    /// Begins the dial; one that follows a line that was lost may wait before.
    pub fn dial(&mut self, now: Instant) {
        self.remember_ways();
        if !self.waits_to_dial(now) {
            self.begin_opening(now);
        }
    }

    /// Begins at the answering end: the control lane is open already, and from now on it is ours to close.
    pub fn answer(&mut self, now: Instant, facts: &LaneFacts) {
        self.announcer.silence();
        self.stairs.adopt(Undo::CloseLane { lane: LaneId::CONTROL });
        self.server = facts.remote;
        self.lane_opened(now, facts);
        self.turn(now, &mut |_| {});
    }

    /// The answer to the last question of [`poll_question`](Self::poll_question), however late. It counts
    /// for nothing when LCP was negotiated anew meanwhile: it was about another proof. `admission` goes
    /// with [`auth::Verdict::Accept`]; that of a caller who proves itself again, because LCP was
    /// negotiated anew, is what it was.
    pub fn admit(&mut self, now: Instant, verdict: auth::Verdict, admission: Option<Admission>) {
        let asked_in = self.asked_in.take();
        if asked_in.is_none() || asked_in != self.proof_round() {
            tracing::debug!(target: "connection", "a verdict comes too late, and is void");
            return;
        }
        let offer = admission.as_ref().map(|admission| admission.callback).unwrap_or_default();
        if self.state == State::Authenticating {
            self.admission = admission;
        }
        if let (None, Some(splice)) = (&self.descent, &mut self.splice) {
            splice.ppp.offer_callback(offer);
            splice.ppp.answer_auth(now, verdict);
        }
        self.turn(now, &mut |_| {});
    }

    /// The person has spoken: a dial that is [paused](Self::paused) goes on. Otherwise nothing happens.
    pub fn resume(&mut self, now: Instant, given: &Resumption) {
        self.go_on(now, given);
        self.turn(now, &mut |_| {});
    }

    /// Ends the connection: politely, bounded, from every state. The first cause counts; a second call
    /// joins the first.
    pub fn hang_up(&mut self, now: Instant, cause: Cause) {
        if is_planted(Planted::PauseOutlivesHangUp) && self.lost().is_some() {
            return;
        }
        self.dials_no_more();
        self.begin_descent(now, cause);
        self.turn(now, &mut |_| {});
    }

    /// Ends the connection without waiting for anybody: the peer is told in one breath, and everything is
    /// undone at once.
    pub fn abandon(&mut self, now: Instant, cause: Cause) {
        self.dials_no_more();
        self.begin_descent(now, cause);
        self.say_last_words(now);
        self.go_hard(now);
        self.turn(now, &mut |_| {});
    }

    /// How a deed of [`poll_request`](Self::poll_request) went.
    pub fn handle_outcome(
        &mut self,
        now: Instant,
        step: StepId,
        result: Result<Outcome, HostError>,
    ) {
        if self.stairs.answered(step) {
            match result {
                Ok(outcome) => self.climb(now, outcome),
                Err(error) => {
                    let cause = translate::host_error(&error, self.state);
                    self.fail(now, cause);
                }
            }
        }
        self.turn(now, &mut |_| {});
    }

    /// How an undoing of [`poll_request`](Self::poll_request) went.
    pub fn handle_undone(&mut self, now: Instant, step: StepId, result: Result<(), HostError>) {
        self.stairs.undone(step, result);
        self.turn(now, &mut |_| {});
    }

    /// Bytes arrived on a lane, or, above several links, a frame over one of them. IP packets inside go to
    /// `net`.
    pub fn handle_lane(
        &mut self,
        now: Instant,
        lane: LaneId,
        bytes: &[u8],
        net: &mut dyn FnMut(&[u8]),
    ) {
        if let Some(splice) = &mut self.splice {
            match splice.link.bundle() {
                Some(bundle) => bundle.handle_frame(now, lane, bytes),
                None => splice.link.handle_lane(now, lane_of(lane), bytes),
            }
        }
        self.turn(now, net);
    }

    /// A lane has ended; `error` when it was not in order.
    pub fn handle_lane_closed(&mut self, now: Instant, lane: LaneId, error: Option<&HostError>) {
        if let Some(splice) = &mut self.splice {
            splice.link.handle_lane_closed(now, lane_of(lane));
        }
        if let (LaneId::CONTROL, Some(descent)) = (lane, &mut self.descent) {
            descent.lane_is_gone();
        }
        self.turn(now, &mut |_| {});
        if self.state != State::Gone && self.descent.is_none() {
            let cause = translate::lane_closed(error, self.state);
            self.fail(now, cause);
            self.turn(now, &mut |_| {});
        }
    }

    /// An IP packet of ours, to be sent to the other side; dropped unless packets may pass. A member is
    /// given frames instead.
    pub fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        if self.state == State::Connected
            && let Some(splice) = &mut self.splice
        {
            splice.send_packet(now, packet);
        }
    }

    /// The moment of [`poll_timeout`](Self::poll_timeout) has come. Early calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Some(splice) = &mut self.splice {
            splice.handle_timeout(now);
        }
        self.look_at_links(now);
        self.check_deadlines(now);
        self.turn(now, &mut |_| {});
    }

    /// The machine has slept or the path has changed: is the peer still there? Asks once, and gives
    /// it a second, or more on a slow line.
    pub fn probe(&mut self, now: Instant) {
        if let (State::Connected, Some(splice)) = (self.state, &mut self.splice) {
            splice.ppp.probe(now);
        }
        self.turn(now, &mut |_| {});
    }

    /// What the host should do next.
    pub fn poll_request(&mut self) -> Option<(StepId, Request)> {
        self.stairs.poll_request()
    }

    /// Puts the bytes to be sent next into `into`, and says on which lane; above several links, a frame
    /// and for which link.
    pub fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<LaneId> {
        let link = &mut self.splice.as_mut()?.link;
        match link.bundle() {
            Some(bundle) => bundle.poll_member(into),
            None => link.poll_transmit(into).map(id_of),
        }
    }

    /// What is to be done to the wires of a lane, after what `poll_transmit` has given.
    pub fn poll_signal(&mut self) -> Option<(LaneId, Signal)> {
        self.splice.as_mut()?.link.poll_signal().map(|signal| (LaneId::CONTROL, signal))
    }

    /// Octets that wait for [`poll_transmit`](Self::poll_transmit).
    pub fn queued_bytes(&self) -> usize {
        self.splice.as_ref().map_or(0, |s| s.link.queued_bytes())
    }

    /// The next thing that callers are told.
    pub fn poll_report(&mut self) -> Option<StateReport> {
        self.announcer.poll()
    }

    /// At the answering end: a caller who wants to be admitted.
    pub fn poll_question(&mut self) -> Option<auth::Question> {
        let question = self.questions.pop_front()?;
        self.asked_in = self.proof_round();
        Some(question)
    }

    fn proof_round(&self) -> Option<u32> {
        self.splice.as_ref().map(|splice| splice.ppp.proof_round())
    }

    /// What TLS inside EAP is to do next; each order wants one [`handle_tls`](Self::handle_tls).
    pub fn poll_tls(&mut self) -> Option<auth::TlsOrder> {
        self.splice.as_mut()?.ppp.poll_tls()
    }

    /// How a caller speaks TLS inside EAP; `None` when it does not.
    pub const fn tls_spec(&self) -> Option<&EapTlsSpec> {
        self.plan.eap_tls.as_ref()
    }

    /// What came of the eldest order to the TLS of this role.
    pub fn handle_tls(&mut self, now: Instant, role: auth::TlsRole, reply: auth::TlsReply) {
        if let Some(splice) = &mut self.splice {
            splice.ppp.handle_tls(now, role, reply);
        }
        self.turn(now, &mut |_| {});
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        if self.state == State::Gone {
            return None;
        }
        let own = Deadline::earliest(self.deadline, self.idle_deadline());
        let own = Deadline::earliest(own, self.session_deadline());
        let own = Deadline::earliest(own, self.links_deadline());
        let own = Deadline::earliest(own, self.descent.as_ref().map(Descent::deadline));
        Deadline::earliest(own, self.splice.as_ref().and_then(Splice::poll_timeout))
    }

    /// The frames captured since the last call; `clear` it when they are written.
    pub fn take_captured(&mut self) -> Option<&mut Captured> {
        self.splice.as_mut()?.capture.as_mut()
    }

    /// Where it stands.
    pub const fn state(&self) -> State {
        self.state
    }

    /// Where it stands in RAS's words.
    pub const fn ras_state(&self) -> RasState {
        if self.cause.is_some() { RasState::Disconnected } else { self.announcer.last() }
    }

    /// Why it ended or is ending.
    pub const fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }

    /// The paused state in which it waits for a person, and why. Nobody need be waited for longer than
    /// [`Times::person`](crate::Times::person).
    pub fn paused(&self) -> Option<(RasState, &Cause)> {
        self.pause.as_ref().map(|pause| (pause.state, &pause.cause))
    }

    /// What the network has given so far.
    pub const fn projection(&self) -> &Projection {
        &self.projection
    }

    /// The other end's socket address.
    pub const fn server(&self) -> Option<SocketAddr> {
        self.server
    }

    /// Our end's socket address.
    pub const fn local(&self) -> Option<SocketAddr> {
        self.local
    }

    /// The name by which the peer proved itself to us.
    pub fn peer_name(&self) -> Option<&str> {
        self.peer_name.as_deref()
    }

    /// Network traffic so far, also over lines that were lost and dialed again.
    pub fn traffic(&self) -> Traffic {
        self.redial.traffic(self.splice.as_ref().map_or(self.traffic, |s| s.traffic))
    }

    /// What could not be undone.
    pub fn debts(&self) -> &[Debt] {
        self.stairs.debts()
    }

    /// The deeds that stand and are to be undone, for invariants.
    pub fn standing(&self) -> Vec<(StepId, Undo)> {
        self.stairs.standing().map(|(step, undo)| (step, undo.clone())).collect()
    }
}

/// What a lane is called below.
const fn lane_of(id: LaneId) -> Lane {
    match id {
        LaneId::DATA => Lane::Data,
        LaneId(_) => Lane::Control,
    }
}

const fn id_of(lane: Lane) -> LaneId {
    match lane {
        Lane::Control => LaneId::CONTROL,
        Lane::Data => LaneId::DATA,
    }
}
