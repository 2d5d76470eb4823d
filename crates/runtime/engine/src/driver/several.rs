//! Several links and what stands above them: how their tasks talk.
//!
//! Each link has a driver of its own, and so has what is above. A link says that it is proven, hands up
//! the frames that are not its own business, and says when nothing of it is left; from above come its
//! place, frames, and the word to end. What waits on the way is counted and bounded both ways: frames
//! for which there is no room are lost, as on a line, and programs are not read while every link is full.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

use onhook_base::Instant;
use onhook_connection::{Joining, LinkWish, Plan, State};
use onhook_effect::{LaneId, StepId};
use onhook_model::{Cause, RasCode};
use tokio::sync::{Notify, mpsc, watch};

use super::{Driver, Order, Party, Watcher};
use crate::engine::{Belonging, Engine};

/// Frames of a link that wait to be taken above.
const MOST_UP: usize = 1024;
/// Octets that wait on a link, from which on no more should be given to it.
const FULL: usize = 16 * 1024;
/// Octets that wait on a link, from which on frames are lost.
const MOST_DOWN: usize = 64 * 1024;

/// What a link says.
pub(crate) enum Word {
    /// It is up and proven. One that was not asked for brings its port.
    Proven { lane: Option<LaneId>, port: Option<Port>, joining: Box<Joining> },
    /// A frame came over it.
    Frame { lane: LaneId, frame: Vec<u8> },
    /// It is about to end: nothing more is to be given to it. With a cause it has been told to end, and
    /// does so when [`Order::Leave`] says that nothing more comes.
    Leaving { lane: LaneId, told: Option<Cause> },
    /// Nothing of it is left.
    Gone { lane: LaneId, cause: Cause },
}

/// What waits between a link and what is above it.
#[derive(Default)]
pub(crate) struct Flow {
    /// Frames on their way up.
    up: AtomicUsize,
    /// Octets on their way down to the link's task.
    down: AtomicUsize,
    /// Octets that wait for the link's lane.
    queued: AtomicUsize,
    /// It was full when it was last given something: whoever gives may wait for relief.
    was_full: AtomicBool,
    /// Told when a full link is no longer full.
    relief: Arc<Notify>,
}

impl Flow {
    pub(crate) fn new(relief: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self { relief, ..Self::default() })
    }

    fn waiting(&self) -> usize {
        self.down.load(Ordering::SeqCst).saturating_add(self.queued.load(Ordering::SeqCst))
    }

    /// Something is on its way to the link. That it is full now is noted here and not by the link, which
    /// may have written all of it before it looks.
    fn gave(&self, octets: usize) {
        self.down.fetch_add(octets, Ordering::SeqCst);
        if self.waiting() >= FULL {
            self.was_full.store(true, Ordering::SeqCst);
        }
    }

    /// So much waits for the link's lane now.
    fn note_queued(&self, octets: usize) {
        self.queued.store(octets, Ordering::SeqCst);
        if self.waiting() < FULL && self.was_full.swap(false, Ordering::SeqCst) {
            self.relief.notify_one();
        }
    }
}

/// A link, as it is known above.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    pub(crate) flow: Arc<Flow>,
}

/// A link that is dialed after the first, or again.
pub(crate) struct LinkToBegin {
    pub(crate) lane: LaneId,
    pub(crate) plan: Plan,
    pub(crate) words: mpsc::UnboundedSender<Word>,
    pub(crate) relief: Arc<Notify>,
}

/// How each link is dialed, where one may be dialed later.
struct Later {
    plans: Vec<Plan>,
    words: mpsc::UnboundedSender<Word>,
}

/// The place above: what is known of the links.
pub(crate) struct Above {
    ports: BTreeMap<LaneId, Port>,
    /// Those that were taken.
    taken: BTreeSet<LaneId>,
    later: Option<Later>,
    closing: BTreeMap<LaneId, StepId>,
    relief: Arc<Notify>,
}

impl Above {
    pub(crate) const fn new(ports: BTreeMap<LaneId, Port>, relief: Arc<Notify>) -> Self {
        Self { ports, taken: BTreeSet::new(), later: None, closing: BTreeMap::new(), relief }
    }

    /// Links may be dialed later, by these plans, and speak then.
    pub(crate) fn may_dial(self, plans: Vec<Plan>, words: mpsc::UnboundedSender<Word>) -> Self {
        Self { later: Some(Later { plans, words }), ..self }
    }

    /// Every link that carries anything has as much as it should.
    pub(super) fn is_full(&self) -> bool {
        let taken = self.ports.iter().filter(|(lane, _)| self.taken.contains(lane));
        taken.into_iter().all(|(_, port)| port.flow.waiting() >= FULL)
    }

    fn begin_link(&self, lane: LaneId, watcher: &dyn Watcher) -> Option<Port> {
        let later = self.later.as_ref()?;
        let plan = later.plans.get(usize::from(lane.0))?.clone();
        let (words, relief) = (later.words.clone(), self.relief.clone());
        watcher.begin_link(LinkToBegin { lane, plan, words, relief })
    }

    fn send(&self, lane: LaneId, frame: &[u8]) {
        let Some(port) = self.ports.get(&lane) else { return };
        if port.flow.waiting() < MOST_DOWN {
            port.flow.gave(frame.len());
            // A link that has just ended says so by itself.
            drop(port.orders.send(Order::Frame(frame.to_vec())));
        }
    }

    /// Resolves when a full link is full no longer.
    pub(super) async fn relieved(above: Option<&Self>) {
        match above {
            Some(above) => above.relief.notified().await,
            None => pending().await,
        }
    }
}

/// Resolves when a link says something.
pub(super) async fn next_word(words: &mut Option<mpsc::UnboundedReceiver<Word>>) -> Word {
    let word = match words {
        Some(words) => words.recv().await,
        None => None,
    };
    match word {
        Some(word) => word,
        None => pending().await,
    }
}

/// The place of a link below others.
pub(crate) struct Member {
    /// Its number, once it is known.
    lane: Option<LaneId>,
    words: Words,
    port: Port,
    /// Frames that came before it was taken.
    early: Vec<Vec<u8>>,
    taken: bool,
    leaving: Leaving,
    /// Dropped when it is known what becomes of the first link: others may wait for that.
    first: Option<watch::Sender<()>>,
}

/// What has been said above of the end of a link.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaving {
    No,
    /// That it was told to end; it waits until nothing more comes.
    Asked,
    /// That it is ending.
    Said,
}

/// To whom a link speaks.
enum Words {
    /// To what it was dialed for.
    Known(mpsc::UnboundedSender<Word>),
    /// To what its caller belongs to; that is found out when the caller is known, and said here.
    Unknown(Engine, Belonging),
}

/// Frames that are kept until a link is taken.
const MOST_EARLY: usize = 16;

impl Member {
    /// One that was dialed.
    pub(crate) fn dialed(
        lane: LaneId,
        words: mpsc::UnboundedSender<Word>,
        port: Port,
        first: Option<watch::Sender<()>>,
    ) -> Self {
        Self { first, ..Self::new(Some(lane), Words::Known(words), port) }
    }

    /// A call, which may turn out to be one of several.
    pub(crate) fn called(
        engine: Engine,
        belonging: Belonging,
        orders: mpsc::UnboundedSender<Order>,
    ) -> Self {
        let port = Port { orders, flow: Flow::new(Arc::default()) };
        Self::new(None, Words::Unknown(engine, belonging), port)
    }

    const fn new(lane: Option<LaneId>, words: Words, port: Port) -> Self {
        Self {
            lane,
            words,
            port,
            early: Vec::new(),
            taken: false,
            leaving: Leaving::No,
            first: None,
        }
    }

    /// A frame that is not the link's own business.
    pub(super) fn pass_up(&mut self, frame: &[u8]) {
        match (&self.words, self.lane, self.taken) {
            (Words::Known(words), Some(lane), true) => {
                if self.port.flow.up.load(Ordering::Relaxed) < MOST_UP {
                    self.port.flow.up.fetch_add(1, Ordering::Relaxed);
                    // What is above may have ended; then the word to end is under way.
                    drop(words.send(Word::Frame { lane, frame: frame.to_vec() }));
                }
            }
            (_, _, _) if self.early.len() < MOST_EARLY => self.early.push(frame.to_vec()),
            (_, _, _) => {}
        }
    }

    fn taken(&mut self, lane: LaneId) {
        self.lane = Some(lane);
        self.taken = true;
        drop(self.first.take());
        for frame in std::mem::take(&mut self.early) {
            self.pass_up(&frame);
        }
    }

    /// Says above, once, that the link is about to end. Whether somebody is there to hear it.
    fn says_it_leaves(&mut self, told: Option<Cause>) -> bool {
        let (Words::Known(words), Some(lane), true, Leaving::No) =
            (&self.words, self.lane, self.taken, self.leaving)
        else {
            return false;
        };
        self.leaving = if told.is_some() { Leaving::Asked } else { Leaving::Said };
        words.send(Word::Leaving { lane, told }).is_ok()
    }

    /// How much waits for the link's lane.
    pub(super) fn note_queued(&self, queued: usize) {
        self.port.flow.note_queued(queued);
    }

    /// Nothing of the link is left.
    pub(super) fn is_gone(&mut self, cause: &Cause) {
        if let (Words::Known(words), Some(lane)) = (&self.words, self.lane) {
            // What is above may have ended before.
            drop(words.send(Word::Gone { lane, cause: cause.clone() }));
        }
    }
}

impl Driver {
    /// This connection stands above several links.
    pub(crate) fn above(mut self, above: Above, words: mpsc::UnboundedReceiver<Word>) -> Self {
        self.above = Some(above);
        self.words = Some(words);
        self
    }

    /// This connection is one link of several, or may become one.
    pub(crate) fn member(mut self, member: Member) -> Self {
        self.member = Some(member);
        self
    }

    /// Stands above calls, from the first to the last of them, and drives until nothing is left.
    pub(crate) async fn gather(mut self) {
        self.connection.gather();
        self.run().await;
    }

    /// Dials when it is known what becomes of the first link: that is taken, or nothing of it is left. An
    /// order to this link is heard before, and ends it at once.
    pub(crate) async fn dial_behind(mut self, mut first: watch::Receiver<()>) {
        let order = loop {
            tokio::select! {
                changed = first.changed() => match changed {
                    Ok(()) => {}
                    Err(_) => break None,
                },
                order = self.orders.recv() => break Some(order),
            }
        };
        self.connection.dial(self.host.now());
        if let Some(order) = order {
            self.on_order(order);
        }
        self.run().await;
    }

    /// What is dialed from now on belongs to no link before.
    pub(super) fn tell_links_apart(&mut self) {
        if let Some(later) = self.above.as_mut().and_then(|above| above.later.as_mut()) {
            Plan::tell_links_apart(&mut later.plans, &self.host.seed());
        }
    }

    /// Links come and go after the first, as the connection above them says.
    pub(super) fn begin_and_end_links(&mut self, now: Instant) {
        while let (Some(above), Some(wish)) = (&mut self.above, self.connection.poll_link_wish()) {
            match (wish, &self.party) {
                (LinkWish::HangUp(lane), _) => {
                    if let Some(port) = above.ports.get(&lane) {
                        // A link that has just ended says so by itself.
                        drop(port.orders.send(Order::HangUp(Cause::hung_up())));
                    }
                }
                (LinkWish::Dial(lane), Party::Dialed(watcher)) => {
                    match above.begin_link(lane, watcher.as_ref()) {
                        Some(port) => drop(above.ports.insert(lane, port)),
                        None => {
                            let text = "the link could not be begun";
                            let cause = Cause::new(RasCode::PORT_NOT_AVAILABLE, text);
                            self.connection.leave(now, lane, &cause);
                        }
                    }
                }
                (LinkWish::Dial(_), Party::Called(..) | Party::Gathered(..)) => {}
            }
        }
    }

    pub(super) fn send_to_link(&self, lane: LaneId) {
        if let Some(above) = &self.above {
            above.send(lane, &self.out);
        }
    }

    /// What waits on the links decides how packets are divided.
    pub(super) fn tell_backlogs(&mut self) {
        let Some(above) = &self.above else { return };
        for (lane, port) in &above.ports {
            self.connection.set_backlog(*lane, port.flow.waiting());
        }
    }

    pub(super) fn close_link(&mut self, now: Instant, step: StepId, lane: LaneId, hard: bool) {
        let Some(above) = &mut self.above else { return };
        match above.ports.get(&lane) {
            Some(port) => {
                above.closing.insert(lane, step);
                let cause = self.connection.cause().cloned().unwrap_or_else(Cause::hung_up);
                let cause = if cause.is_wanted() { cause } else { Cause::hung_up() };
                // A link that has just ended says so by itself.
                drop(port.orders.send(match hard {
                    false => Order::Leave(cause),
                    true => Order::Abandon(cause),
                }));
            }
            None => self.connection.handle_undone(now, step, Ok(())),
        }
    }

    pub(super) fn on_word(&mut self, word: Word) {
        let now = self.host.now();
        match word {
            Word::Proven { lane, port, joining } => self.on_proven(now, lane, port, *joining),
            Word::Frame { lane, frame } => {
                let Some(above) = &self.above else { return };
                if let Some(port) = above.ports.get(&lane) {
                    port.flow.up.fetch_sub(1, Ordering::Relaxed);
                    let (connection, outlet) = (&mut self.connection, &mut self.outlet);
                    connection.handle_lane(now, lane, &frame, &mut |packet| outlet.deliver(packet));
                }
            }
            Word::Leaving { lane, told } => {
                self.connection.retire(lane);
                // What is on its way to it goes first.
                self.transmit(now);
                self.let_leave(lane, told);
            }
            Word::Gone { lane, cause } => {
                let Some(above) = &mut self.above else { return };
                above.ports.remove(&lane);
                above.taken.remove(&lane);
                if let Some(step) = above.closing.remove(&lane) {
                    self.connection.handle_undone(now, step, Ok(()));
                }
                self.connection.leave(now, lane, &cause);
            }
        }
    }

    fn on_proven(
        &mut self,
        now: Instant,
        lane: Option<LaneId>,
        port: Option<Port>,
        joining: Joining,
    ) {
        let Some(above) = &mut self.above else { return };
        let port = port.or_else(|| above.ports.get(&lane?).cloned());
        let Some(port) = port else { return };
        // A link that has just ended says so by itself.
        match self.connection.join(now, lane, joining) {
            Ok(lane) => {
                drop(port.orders.send(Order::Taken(lane)));
                above.ports.insert(lane, port);
                above.taken.insert(lane);
                if let Party::Dialed(watcher) = &self.party {
                    watcher.link_joined(lane);
                }
            }
            Err(cause) => drop(port.orders.send(Order::HangUp(cause))),
        }
    }

    /// A link that is proven asks to be taken.
    pub(super) fn offer_link(&mut self) {
        let Some(joining) = self.connection.poll_joining() else { return };
        // What is above may speak of it next.
        self.tell(self.host.now());
        let Some(member) = &mut self.member else { return };
        let joining = Box::new(joining);
        let sent = match (&member.words, &self.party) {
            (Words::Known(words), _) => {
                words.send(Word::Proven { lane: member.lane, port: None, joining }).is_ok()
            }
            (Words::Unknown(engine, belonging), Party::Called(call, answering)) => {
                let gathering = engine.gather(*call, answering, &joining, &self.connection);
                let words = gathering.words.clone();
                *belonging.lock().unwrap_or_else(PoisonError::into_inner) = Some(gathering);
                let port = Some(member.port.clone());
                let sent = words.send(Word::Proven { lane: None, port, joining }).is_ok();
                member.words = Words::Known(words);
                sent
            }
            (Words::Unknown(..), _) => false,
        };
        if !sent {
            let cause = Cause::new(RasCode::BUNDLE_NOT_FOUND, "what it belongs to has ended");
            self.connection.hang_up(self.host.now(), cause);
        }
    }

    /// A link that was told to end may do so.
    fn let_leave(&self, lane: LaneId, told: Option<Cause>) {
        let port = self.above.as_ref().and_then(|above| above.ports.get(&lane));
        if let (Some(port), Some(cause)) = (port, told) {
            // A link that has just ended says so by itself.
            drop(port.orders.send(Order::Leave(cause)));
        }
    }

    /// A link that is up is to be hung up: what is above it is told first, gives it what is on its way,
    /// and then lets it go. Others are hung up at once.
    pub(super) fn hang_up_link(&mut self, now: Instant, cause: Cause) {
        let is_up = !self.connection.is_leaving();
        let waits = self.member.as_mut().filter(|_| is_up).is_some_and(|member| {
            member.leaving == Leaving::Asked || member.says_it_leaves(Some(cause.clone()))
        });
        if !waits {
            self.connection.hang_up(now, cause);
        }
    }

    /// A link whose end has come otherwise says so above.
    pub(super) fn note_end_of_link(&mut self) {
        if let Some(member) = self.member.as_mut().filter(|_| self.connection.is_leaving()) {
            member.says_it_leaves(None);
        }
    }

    pub(super) fn on_taken(&mut self, now: Instant, lane: LaneId) {
        if let Some(member) = &mut self.member {
            member.taken(lane);
        }
        self.connection.joined(now);
    }

    pub(super) fn on_frame_from_above(&mut self, now: Instant, frame: &[u8]) {
        if let Some(member) = &self.member {
            member.port.flow.down.fetch_sub(frame.len(), Ordering::SeqCst);
        }
        if self.connection.state() == State::Connected {
            self.connection.handle_packet(now, frame);
        }
    }

    /// Nothing of this connection is left: whoever still wants to join it is sent away.
    pub(super) fn close_above(&mut self) {
        let Some(mut words) = self.words.take() else { return };
        words.close();
        while let Ok(word) = words.try_recv() {
            match word {
                Word::Proven { port: Some(port), .. } => {
                    let text = "what it belongs to has ended";
                    let cause = Cause::new(RasCode::BUNDLE_NOT_FOUND, text);
                    drop(port.orders.send(Order::HangUp(cause)));
                }
                Word::Leaving { lane, told } => self.let_leave(lane, told),
                Word::Proven { .. } | Word::Frame { .. } | Word::Gone { .. } => {}
            }
        }
    }
}
