//! The pump of one connection: lane, packets, timers and deeds, in one task.

mod finish;
mod several;
mod tell;

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;

use onhook_base::Instant;
use onhook_connection::{Admission, CallbackAgreement, Connection, Request, Signal, State, auth};
use onhook_effect::{Effect, HostError, LaneFacts, LaneId, LaneSpec, Outcome, StepId, TunId, Undo};
use onhook_host::{
    Applied, EapServer, Host, LaneIo, LaneSignal, PppCapture, Received, Resource, crash_point,
};
use onhook_manager::{Ended, Progress};
use onhook_model::{Cause, Resumption, StateReport, Traffic};
use tokio::sync::{mpsc, oneshot};

use crate::deeds::Deeds;
use crate::engine::{SharedTraffic, TunOffer};
use crate::lanes::{Closed, Lanes};
use crate::outlet::{OpenStack, Outlet};
use crate::talk::Talk;

use several::next_word;
pub(crate) use several::{Above, Flow, LinkToBegin, Member, Port, Word};
use tell::Hold;

/// Octets taken from the lane in one go.
const LANE_BUDGET: usize = 256 * 1024;
/// Who is told of a dialed connection's life.
pub(crate) trait Watcher: Send {
    fn report(&self, now: Instant, report: StateReport);
    fn progress(&self, progress: Progress);
    /// A link of several was taken: told before what follows from it. A link has none of its own.
    fn link_joined(&self, _lane: LaneId) {}
    /// A link of several is dialed after the first, or again: where it is reached. `None`: it cannot be.
    fn begin_link(&self, _link: LinkToBegin) -> Option<Port> {
        None
    }
    fn ended(&self, now: Instant, ended: Ended);
}

/// A decision about a caller that may take its time; it is dropped when the call ends before.
pub type Judgement =
    Pin<Box<dyn Future<Output = (auth::Verdict, Option<Admission>)> + Send + 'static>>;

/// Who decides about callers at the answering end, and is told of their calls' life.
pub trait Answering: Send + Sync {
    /// A call is taken; `traffic` counts what passes, from now to its end.
    fn begun(&self, call: u64, traffic: Arc<SharedTraffic>);
    /// Whether to admit a caller, and what to give it. The call goes on meanwhile: it answers
    /// repetitions and can be hung up.
    fn admit(self: Arc<Self>, call: u64, question: auth::Question) -> Judgement;
    /// The call is up: packets pass.
    fn connected(&self, call: u64, connection: &Connection);
    /// The call has become one link of this bundle; `first`: the bundle begins with it, and what the call
    /// was granted is the bundle's, until it is [`dispersed`](Self::dispersed).
    fn bundled(&self, call: u64, bundle: u64, first: bool);
    /// Nothing is left of a bundle.
    fn dispersed(&self, bundle: u64);
    /// The caller is to be called back: this call ends for that.
    fn will_call_back(&self, call: u64, agreement: &CallbackAgreement);
    /// The call has ended, and nothing of it is left.
    fn ended(&self, call: u64, cause: &Cause, traffic: Traffic);
    /// Whether the small inside host (a page over HTTP, an echo) stands behind the calls.
    fn has_inside(&self) -> bool;
    /// What is shown to callers by EAP-TLS and PEAP; `None` where neither is spoken here.
    fn eap_server(&self) -> Option<&EapServer>;
}

/// What a driver is told while it runs.
pub(crate) enum Order {
    HangUp(Cause),
    /// To a link: nothing more comes from above, and it is to be hung up now.
    Leave(Cause),
    Abandon(Cause),
    Resume(Box<Resumption>),
    /// So many states were heard of by the program that dialed.
    Proceed(u64),
    /// To a link: it has this place among several.
    Taken(LaneId),
    /// To a link: send this frame.
    Frame(Vec<u8>),
    Attach(TunOffer, oneshot::Sender<std::io::Result<()>>),
    Detach,
}

/// Whose connection it is.
pub(crate) enum Party {
    Dialed(Box<dyn Watcher>),
    Called(u64, Arc<dyn Answering>),
    /// Above the calls of this bundle.
    Gathered(u64, Arc<dyn Answering>),
}

pub(crate) struct Driver {
    host: Host,
    owner: u64,
    connection: Connection,
    party: Party,
    orders: mpsc::UnboundedReceiver<Order>,
    traffic: Arc<SharedTraffic>,
    capture: Option<PppCapture>,
    lanes: Lanes,
    outlet: Outlet,
    doing: Deeds<Result<Done, HostError>>,
    undoing: Deeds<Result<(), HostError>>,
    /// The caller is being judged.
    judging: Option<Judgement>,
    /// The links below, where there are several.
    above: Option<Above>,
    /// What they say.
    words: Option<mpsc::UnboundedReceiver<Word>>,
    /// The place of this link below others.
    member: Option<Member>,
    out: Vec<u8>,
    talk: Talk,
    was_connected: bool,
    /// A callback was agreed, and told of.
    was_agreed: bool,
    last_state: State,
    /// Where the program that dialed hears of each state before the next.
    hold: Option<Hold>,
}

/// A deed that is done, with what it made.
enum Done {
    Applied(Applied),
    Stack(Box<OpenStack>, Outcome),
}

impl Driver {
    pub(crate) fn new(
        host: Host,
        owner: u64,
        connection: Connection,
        party: Party,
        orders: mpsc::UnboundedReceiver<Order>,
        traffic: Arc<SharedTraffic>,
        capture: Option<PppCapture>,
    ) -> Self {
        Self {
            host,
            owner,
            connection,
            party,
            orders,
            traffic,
            capture,
            lanes: Lanes::default(),
            outlet: Outlet::default(),
            doing: Deeds::new(),
            undoing: Deeds::new(),
            judging: None,
            above: None,
            words: None,
            member: None,
            out: Vec::new(),
            talk: Talk::default(),
            was_connected: false,
            was_agreed: false,
            last_state: State::Opening,
            hold: None,
        }
    }

    /// Dials, and drives until nothing is left.
    pub(crate) async fn dial(mut self) {
        self.connection.dial(self.host.now());
        self.run().await;
    }

    /// Takes a call on this lane, and drives until nothing is left.
    pub(crate) async fn answer(mut self, lane: LaneIo) {
        let facts: LaneFacts = lane.facts().clone();
        self.lanes.put(LaneId::CONTROL, lane);
        if let Party::Called(call, answering) = &self.party {
            answering.begun(*call, self.traffic.clone());
        }
        self.connection.answer(self.host.now(), &facts);
        self.run().await;
    }

    async fn run(&mut self) {
        loop {
            let now = self.host.now();
            self.drain(now);
            if self.connection.state() == State::Gone && !self.lanes.are_closing() {
                let Some(next) = self.connection.next_attempt(self.host.seed()) else { break };
                self.connection = next;
                // What of TLS was begun for the one before is not for this one to hear.
                self.talk = Talk::default();
                if self.connection.is_redial() {
                    self.hold = None; // the program that dialed has heard of its end
                    self.tell_links_apart();
                }
                self.connection.dial(self.host.now());
                continue;
            }
            self.wait().await;
        }
        self.finish().await;
    }

    /// The law of draining: everything that the connection wants to be done, sent or told, until it
    /// wants nothing more.
    fn drain(&mut self, now: Instant) {
        loop {
            self.settle_outlet(now);
            self.transmit(now);
            self.finish_closing(now);
            let mut requests = VecDeque::new();
            while let Some(request) = self.connection.poll_request() {
                requests.push_back(request);
            }
            let idle = requests.is_empty();
            for (step, request) in requests {
                match request {
                    Request::Do(effect) => self.begin(step, effect),
                    Request::Undo { undo, hard } => self.begin_undo(now, step, undo, hard),
                }
            }
            // A question that comes while one is judged is a later proof, which makes that one void.
            while let Some(question) = self.connection.poll_question() {
                if let Party::Called(call, answering) = &self.party {
                    self.judging = Some(answering.clone().admit(*call, question));
                }
            }
            self.begin_and_end_links(now);
            let idle = !self.talk_tls(now) && idle;
            if idle && self.connection.queued_bytes() == 0 {
                break;
            }
        }
        self.offer_link();
        self.note_end_of_link();
        self.pass_crash_points();
        self.tell(now);
        self.write_captured();
    }

    /// TLS inside EAP; whether anything was done.
    fn talk_tls(&mut self, now: Instant) -> bool {
        let mut moved = false;
        while let Some(order) = self.connection.poll_tls() {
            moved = true;
            let spec = self.connection.tls_spec();
            let server = match &self.party {
                Party::Called(_, answering) => answering.eap_server(),
                Party::Dialed(_) | Party::Gathered(..) => None,
            };
            if let Some((role, reply)) = self.talk.obey(&self.host, order, spec, server) {
                self.connection.handle_tls(now, role, reply);
            }
        }
        moved
    }

    /// Each state is a place worth dying at.
    fn pass_crash_points(&mut self) {
        let state = self.connection.state();
        if state != self.last_state {
            self.last_state = state;
            crash_point(match state {
                State::Opening => "state: Opening",
                State::Linking => "state: Linking",
                State::Authenticating => "state: Authenticating",
                State::AwaitingCallback => "state: AwaitingCallback",
                State::Projecting => "state: Projecting",
                State::Connected => "state: Connected",
                State::Disconnecting => "state: Disconnecting",
                State::Gone => "state: Gone",
            });
        }
    }

    fn settle_outlet(&mut self, now: Instant) {
        self.tell_backlogs();
        let connection = &mut self.connection;
        self.outlet.settle(now, &mut |packet| connection.handle_packet(now, packet));
    }

    fn transmit(&mut self, now: Instant) {
        while let Some(id) = self.connection.poll_transmit(&mut self.out) {
            let Some(lane) = self.lanes.get(id) else {
                self.send_to_link(id);
                continue;
            };
            if let Err(error) = lane.send(&self.out) {
                self.lane_failed(now, id, &error);
            }
        }
        let mut next = self.connection.poll_signal();
        // This one is for what was just given as well.
        if let Some((id, Signal::FollowSender)) = next {
            self.signal(id, Signal::FollowSender);
            next = self.connection.poll_signal();
        }
        for (id, error) in self.lanes.flush() {
            self.lane_failed(now, id, &error);
        }
        if let Some(member) = &mut self.member {
            member.note_queued(self.lanes.queued());
        }
        while let Some((id, signal)) = next {
            self.signal(id, signal);
            next = self.connection.poll_signal();
        }
    }

    fn signal(&mut self, id: LaneId, signal: Signal) {
        if let Some(lane) = self.lanes.get(id) {
            lane.signal(match signal {
                Signal::DropDtr => LaneSignal::DropDtr,
                Signal::RaiseDtr => LaneSignal::RaiseDtr,
                Signal::WatchCarrier => LaneSignal::WatchCarrier,
                Signal::IgnoreCarrier => LaneSignal::IgnoreCarrier,
                Signal::FollowSender => LaneSignal::FollowSender,
            });
        }
    }

    fn lane_failed(&mut self, now: Instant, id: LaneId, error: &std::io::Error) {
        if self.lanes.end(id) {
            let error = HostError::from_io("keep the connection to the server", error);
            self.connection.handle_lane_closed(now, id, Some(&error));
        }
    }

    fn begin(&mut self, step: StepId, effect: Effect) {
        tracing::debug!(target: "engine", owner = self.owner, ?step, deed = effect.deed(), "do");
        if let Effect::OpenLane { spec: LaneSpec::Member, .. } = effect {
            // It was begun beside this connection, and speaks when it is proven.
            return;
        }
        let (host, owner) = (self.host.clone(), self.owner);
        if let Effect::OpenStack { spec, .. } = effect {
            let inside = matches!(
                &self.party,
                Party::Called(_, a) | Party::Gathered(_, a) if a.has_inside()
            );
            let seed = u64::from_le_bytes(host.seed().chance().bytes());
            self.doing.begin(step, async move {
                let (stack, outcome) = OpenStack::open(&spec, seed, inside).await?;
                Ok(Done::Stack(Box::new(stack), outcome))
            });
            return;
        }
        self.doing.begin(step, async move { host.apply(owner, &effect).await.map(Done::Applied) });
    }

    fn begin_undo(&mut self, now: Instant, step: StepId, undo: Undo, hard: bool) {
        tracing::debug!(target: "engine", owner = self.owner, ?step, deed = undo.deed(), hard, "undo");
        self.doing.call_off(step);
        match undo {
            Undo::Nothing => self.connection.handle_undone(now, step, Ok(())),
            Undo::CloseLane { lane } => self.close_lane(now, step, lane, hard),
            Undo::CloseStack { tun } => self.close_stack(step, tun),
            Undo::DestroyTun { .. } => {
                drop(self.outlet.tun.take());
                self.revert(step, undo);
            }
            Undo::UnpinRoute { .. }
            | Undo::DeleteAddress { .. }
            | Undo::DeleteRoute { .. }
            | Undo::RestoreDns { .. } => self.revert(step, undo),
        }
    }

    fn revert(&mut self, step: StepId, undo: Undo) {
        let (host, owner) = (self.host.clone(), self.owner);
        self.undoing.call_off(step);
        self.undoing.begin(step, async move { host.revert(owner, &undo).await });
    }

    fn close_stack(&mut self, step: StepId, _tun: TunId) {
        drop(self.outlet.attached.take());
        let stack = self.outlet.stack.take();
        self.undoing.begin(step, async move {
            if let Some(stack) = stack {
                stack.close().await;
            }
            Ok(())
        });
    }

    fn close_lane(&mut self, now: Instant, step: StepId, id: LaneId, hard: bool) {
        self.transmit(now);
        if self.above.is_some() {
            return self.close_link(now, step, id, hard);
        }
        if let Some(closed) = self.lanes.close(now, id, step, hard) {
            self.lane_is_closed(now, &closed);
        }
    }

    fn lane_is_closed(&mut self, now: Instant, closed: &Closed) {
        crash_point("the connection to the server is closed");
        self.connection.handle_undone(now, closed.step, Ok(()));
    }

    fn finish_closing(&mut self, now: Instant) {
        while let Some(closed) = self.lanes.finish_closing(now) {
            self.lane_is_closed(now, &closed);
        }
    }

    fn write_captured(&mut self) {
        let Some(captured) = self.connection.take_captured() else { return };
        if let Some(capture) = &mut self.capture {
            for (at, direction, frame) in captured.frames() {
                let sent = direction == onhook_connection::Direction::Sent;
                if let Err(error) = capture.frame(at, sent, frame) {
                    tracing::warn!(target: "engine", %error, "the capture cannot be written and ends");
                    self.capture = None;
                    break;
                }
            }
        }
        captured.clear();
    }

    /// Waits for the next thing to happen, and lets the connection know.
    async fn wait(&mut self) {
        if self.is_held() {
            // What comes from the server waits in its socket.
            let order = self.orders.recv().await;
            return self.on_order(order);
        }
        // Until the link is there, what comes for it waits in its socket.
        let hears = self.connection.state() != State::Opening;
        let deadline = [
            self.connection.poll_timeout().map(|d| d.at),
            self.outlet.poll_at(),
            self.lanes.closing_until(),
        ]
        .into_iter()
        .flatten()
        .min();
        let outlet_ready = async {
            let is_full = self.lanes.are_full() || self.above.as_ref().is_some_and(Above::is_full);
            match (self.connection.state() == State::Connected, is_full) {
                (true, false) => {
                    self.outlet.ready().await;
                    true
                }
                (true, true) => {
                    Above::relieved(self.above.as_ref()).await;
                    false
                }
                (false, _) => pending().await,
            }
        };
        let timer = async {
            match deadline {
                Some(at) => self.host.sleep_until(at).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            order = self.orders.recv() => self.on_order(order),
            (step, result) = self.doing.next() => self.on_done(step, result),
            (step, result) = self.undoing.next() => {
                self.connection.handle_undone(self.host.now(), step, result);
            }
            (verdict, admission) = judged(&mut self.judging) => {
                self.judging = None;
                self.connection.admit(self.host.now(), verdict, admission);
            }
            (role, reply) = self.talk.ready() => {
                self.connection.handle_tls(self.host.now(), role, reply);
            }
            (id, ready) = self.lanes.ready(hears) => self.on_lane(id, ready),
            word = next_word(&mut self.words) => self.on_word(word),
            readable = outlet_ready => if readable {
                self.on_outlet();
            },
            () = timer => self.connection.handle_timeout(self.host.now()),
        }
    }

    fn on_order(&mut self, order: Option<Order>) {
        let now = self.host.now();
        match order {
            Some(Order::HangUp(cause)) => self.hang_up_link(now, cause),
            Some(Order::Leave(cause)) => self.connection.hang_up(now, cause),
            Some(Order::Abandon(cause)) => self.connection.abandon(now, cause),
            Some(Order::Resume(given)) => self.connection.resume(now, &given),
            Some(Order::Proceed(states)) => self.on_heard(states),
            Some(Order::Taken(lane)) => self.on_taken(now, lane),
            Some(Order::Frame(frame)) => self.on_frame_from_above(now, &frame),
            None => self.connection.hang_up(now, Cause::manager_stops()),
            Some(Order::Attach(offer, answer)) => {
                let result = self.attach(offer);
                // Whoever offered it may have gone meanwhile; then it is detached at once.
                if answer.send(result).is_err() {
                    self.outlet.attached = None;
                }
            }
            Some(Order::Detach) => self.outlet.attached = None,
        }
    }

    fn attach(&mut self, offer: TunOffer) -> std::io::Result<()> {
        use std::io::{Error, ErrorKind};
        if self.connection.state() != State::Connected || self.outlet.stack.is_none() {
            return Err(Error::new(ErrorKind::NotConnected, "the connection is not up"));
        }
        if self.outlet.attached.is_some() {
            return Err(Error::new(ErrorKind::ResourceBusy, "another program is attached to it"));
        }
        let tun = onhook_host::TunDevice::adopt(
            offer.descriptor,
            offer.name,
            offer.mtu,
            offer.offload_header,
        )?;
        self.outlet.attached = Some((tun, offer.ports));
        Ok(())
    }

    fn on_done(&mut self, step: StepId, result: Result<Done, HostError>) {
        let now = self.host.now();
        let result = result.map(|done| match done {
            Done::Applied(applied) => {
                match applied.resource {
                    Some(Resource::Lane(id, lane)) => self.lanes.put(id, lane),
                    Some(Resource::Tun(tun)) => self.outlet.tun = Some(tun),
                    None => {}
                }
                applied.outcome
            }
            Done::Stack(stack, outcome) => {
                self.outlet.stack = Some(*stack);
                outcome
            }
        });
        self.connection.handle_outcome(now, step, result);
    }

    fn on_lane(&mut self, id: LaneId, readable: std::io::Result<bool>) {
        let now = self.host.now();
        match readable {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return self.lane_failed(now, id, &error),
        }
        let passes = self.connection.passes_frames();
        let (connection, outlet) = (&mut self.connection, &mut self.outlet);
        let mut member = self.member.as_mut().filter(|_| passes);
        let result = self.lanes.receive(id, LANE_BUDGET, &mut |bytes| {
            connection.handle_lane(now, id, bytes, &mut |packet| match &mut member {
                Some(member) => member.pass_up(packet),
                None => outlet.deliver(packet),
            });
        });
        match result {
            Ok(Received::More | Received::Drained) => {}
            Ok(Received::Closed) => {
                if self.lanes.end(id) {
                    self.connection.handle_lane_closed(now, id, None);
                }
            }
            Err(error) => self.lane_failed(now, id, &error),
        }
    }

    fn on_outlet(&mut self) {
        let now = self.host.now();
        let connection = &mut self.connection;
        if let Err(error) = self.outlet.receive(&mut |packet| connection.handle_packet(now, packet))
        {
            let text = format!("the network interface is gone: {error}");
            let cause = Cause::new(onhook_model::RasCode::LINK_FAILURE, text);
            self.connection.hang_up(now, cause);
        }
    }
}

/// Resolves when there is a verdict; never while nobody is judged.
async fn judged(judging: &mut Option<Judgement>) -> (auth::Verdict, Option<Admission>) {
    poll_fn(|context| match judging {
        Some(judgement) => judgement.as_mut().poll(context),
        None => std::task::Poll::Pending,
    })
    .await
}
