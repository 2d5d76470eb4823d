//! Links that come and go: with the traffic (RASEDM_DialAsNeeded), and again when one was lost.
//!
//! What stands above several links says which of them are to be dialed and hung up after the first: its
//! owner begins and ends them ([`LinkWish`]), and tells by [`join`](Connection::join) and
//! [`leave`](Connection::leave) what became of each. Before a link is dialed the way back from it is on the
//! stairs, so that a hang-up finds it in the midst of its dial.
//!
//! Traffic is looked at once a second: the more of what was sent and what was received, as a share of what
//! the links that are up can carry. A second of less ends a time of more, and the other way round.

use std::collections::{BTreeMap, VecDeque};

use onhook_base::{Deadline, Duration, Instant};
use onhook_effect::LaneId;
use onhook_model::{Cause, LoadShare, Traffic};
use onhook_ppp::Encryption;

use crate::bundle::Joining;
use crate::connection::Connection;
use crate::lifecycle::State;
use crate::redial::{RedialTerms, may_come_back};

/// How long traffic is counted before it is looked at.
const SAMPLE: Duration = Duration::from_secs(1);
/// What a link counts for that tells no speed, in bits per second.
const SOME_SPEED: u32 = 1_000_000;

/// When links come and go with the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadTerms {
    /// How many links the entry has.
    pub links: u8,
    /// One more is dialed when there is more than this for so long.
    pub more: LoadShare,
    /// One is hung up when there is less than this for so long.
    pub fewer: LoadShare,
    /// How long is waited after a link that could not be dialed.
    pub pause: Duration,
}

/// What the owner of what is above links is to do with one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkWish {
    /// Dial it.
    Dial(LaneId),
    /// Hang it up.
    HangUp(LaneId),
}

/// A link, as what is above knows it. One that was never dialed, or is not to be dialed again, is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// It is to be dialed again.
    Waits { at: Instant },
    /// It is being dialed.
    Dialed,
    /// It is up.
    Up { since: Instant, speed: u32 },
    /// It was told to end.
    Ends,
}

/// The links of a dial.
#[derive(Debug, Default)]
pub(crate) struct Links {
    links: BTreeMap<LaneId, (Link, u32)>,
    wishes: VecDeque<LinkWish>,
    /// These are dialed when the first is up.
    behind: VecDeque<LaneId>,
    load: Option<Load>,
}

/// Traffic, as it was looked at last.
#[derive(Clone, Copy, Debug)]
struct Load {
    at: Instant,
    counted: Traffic,
    more_since: Option<Instant>,
    fewer_since: Option<Instant>,
    /// No link is dialed for the traffic's sake before.
    not_before: Instant,
}

impl Links {
    /// Whether any of them is up.
    pub(crate) fn any_is_up(&self) -> bool {
        self.up().next().is_some()
    }

    fn up(&self) -> impl Iterator<Item = (LaneId, u32)> {
        self.links.iter().filter_map(|(lane, (link, _))| match link {
            Link::Up { speed, .. } => Some((*lane, *speed)),
            Link::Waits { .. } | Link::Dialed | Link::Ends => None,
        })
    }

    /// Whether none of them is on its way, either way.
    fn are_settled(&self) -> bool {
        self.links.values().all(|(link, _)| !matches!(link, Link::Dialed | Link::Ends))
    }

    /// What a link that was lost is from now on, and how often it was dialed since it last held; `None` when it
    /// is not dialed again.
    fn lost(now: Instant, terms: RedialTerms, was: Link, dials: u32) -> Option<(Link, u32)> {
        let held = match was {
            Link::Up { since, .. } => now.since(since) >= terms.pause,
            // One that was dialed for the traffic's sake is dialed again for it.
            Link::Dialed if dials > 0 => false,
            Link::Waits { .. } | Link::Dialed | Link::Ends => return None,
        };
        match (held, dials > terms.attempts) {
            (true, _) => Some((Link::Waits { at: now }, 1)),
            (false, true) => None,
            (false, false) => {
                Some((Link::Waits { at: now + terms.pause }, dials.saturating_add(1)))
            }
        }
    }
}

impl Load {
    const fn new(now: Instant, counted: Traffic) -> Self {
        Self { at: now, counted, more_since: None, fewer_since: None, not_before: now }
    }

    /// Looks at what has passed since it last did, over links that carry so many bits a second together.
    fn look(&mut self, now: Instant, traffic: Traffic, terms: &LoadTerms, capacity: u64) {
        let passed = traffic.since(self.counted);
        let bits = u128::from(passed.bytes_out.max(passed.bytes_in)) * 8;
        let could = u128::from(capacity) * now.since(self.at).as_millis() / 1000;
        let share_of = |share: &LoadShare| u128::from(share.percent) * could;
        let began = self.at;
        let since = |is_so: bool, since: Option<Instant>| is_so.then(|| since.unwrap_or(began));
        self.more_since = since(bits * 100 > share_of(&terms.more), self.more_since);
        self.fewer_since = since(bits * 100 < share_of(&terms.fewer), self.fewer_since);
        self.at = now;
        self.counted = traffic;
    }

    /// Whether there is more for long enough; then it is looked at anew.
    fn takes_more(&mut self, terms: &LoadTerms) -> bool {
        let may = self.at >= self.not_before;
        may && take_if_long(&mut self.more_since, self.at, terms.more.during)
    }

    /// Whether there is less for long enough; then it is looked at anew.
    fn takes_fewer(&mut self, terms: &LoadTerms) -> bool {
        take_if_long(&mut self.fewer_since, self.at, terms.fewer.during)
    }
}

fn take_if_long(since: &mut Option<Instant>, now: Instant, during: Duration) -> bool {
    since.take_if(|since| now.since(*since) >= during).is_some()
}

impl Connection {
    /// (Above links) what is to be done with one of them.
    pub fn poll_link_wish(&mut self) -> Option<LinkWish> {
        self.links.wishes.pop_front().filter(|_| self.descent.is_none())
    }

    /// Packets pass: from now on traffic is looked at, where links come and go with it.
    pub(crate) fn begin_to_look(&mut self, now: Instant) {
        if self.plan.load.is_some() {
            self.links.load = Some(Load::new(now, self.traffic()));
        }
    }

    pub(crate) fn link_is_up(&mut self, now: Instant, lane: LaneId, joining: &Joining) {
        if joining.multilink.is_none() {
            // Nobody can join one that stands alone.
            (self.plan.load, self.links.load) = (None, None);
        }
        let speed = joining.bits_per_second.filter(|speed| *speed != 0).unwrap_or(SOME_SPEED);
        let dials = self.links.links.get(&lane).map_or(0, |(_, dials)| *dials);
        self.links.links.insert(lane, (Link::Up { since: now, speed }, dials));
        for lane in std::mem::take(&mut self.links.behind) {
            self.dial_link(lane);
        }
    }

    /// A link has gone; whether it is dialed again is decided now.
    pub(crate) fn link_is_gone(&mut self, now: Instant, lane: LaneId, cause: &Cause) {
        let known = self.links.links.remove(&lane);
        if self.descent.is_none()
            && let Some(next) = self.links.behind.pop_front()
        {
            // None is up yet.
            self.dial_link(next);
        }
        let Some((was, dials)) = known else { return };
        if self.state != State::Connected || self.descent.is_some() {
            return;
        }
        if let (Some(load), Some(terms), Link::Dialed) =
            (&mut self.links.load, &self.plan.load, was)
        {
            load.not_before = now + terms.pause;
        }
        let terms = self.plan.redial.filter(|_| may_come_back(cause.code()));
        let Some(terms) = terms else { return };
        if let Some(lost) = Links::lost(now, terms, was, dials) {
            self.links.links.insert(lane, lost);
        }
    }

    /// Dials and hangs up what is to be, now that time has passed.
    pub(crate) fn look_at_links(&mut self, now: Instant) {
        if self.state != State::Connected || self.descent.is_some() {
            return;
        }
        let is_due = |link: &Link| matches!(link, Link::Waits { at } if *at <= now);
        let due = self.links.links.iter().filter(|(_, (link, _))| is_due(link));
        let due: Vec<_> = due.map(|(lane, _)| *lane).collect();
        for lane in due {
            self.dial_link(lane);
        }
        let traffic = self.traffic();
        let capacity = self.links.up().map(|(_, speed)| u64::from(speed)).sum();
        let settled = self.links.are_settled();
        let (Some(load), Some(terms)) = (&mut self.links.load, self.plan.load) else { return };
        if now < load.at + SAMPLE {
            return;
        }
        load.look(now, traffic, &terms, capacity);
        if !settled {
            return;
        }
        if load.takes_more(&terms) {
            let mut lanes = (0..terms.links).map(LaneId);
            if let Some(lane) = lanes.find(|lane| !self.links.links.contains_key(lane)) {
                self.dial_link(lane);
            }
        } else if load.takes_fewer(&terms)
            && self.links.up().count() > 1
            && let Some((lane, _)) = self.links.up().last()
        {
            self.links.links.insert(lane, (Link::Ends, 0));
            self.links.wishes.push_back(LinkWish::HangUp(lane));
        }
    }

    /// The connection was lost with its last link, and is dialed again: all at once, or the first before the
    /// others where these take its keys.
    pub(crate) fn dial_links(&mut self, links: u8) {
        let mut lanes = (0..links).map(LaneId);
        if self.plan.ppp.encryption != Encryption::Refused {
            let first = lanes.next();
            self.links.behind = lanes.by_ref().collect();
            first.into_iter().for_each(|lane| self.dial_link(lane));
        }
        lanes.for_each(|lane| self.dial_link(lane));
    }

    fn dial_link(&mut self, lane: LaneId) {
        self.stairs.lane_is_dialed(lane);
        let dials = self.links.links.get(&lane).map_or(0, |(_, dials)| *dials);
        self.links.links.insert(lane, (Link::Dialed, dials));
        self.links.wishes.push_back(LinkWish::Dial(lane));
    }

    pub(crate) fn links_deadline(&self) -> Option<Deadline> {
        if self.state != State::Connected || self.descent.is_some() {
            return None;
        }
        let looks = self.links.load.map(|load| Deadline::new(load.at + SAMPLE, "traffic"));
        let waits = self.links.links.values().filter_map(|(link, _)| match link {
            Link::Waits { at } => Some(Deadline::new(*at, "a link is dialed again")),
            Link::Dialed | Link::Up { .. } | Link::Ends => None,
        });
        waits.fold(looks, |earliest, at| Deadline::earliest(earliest, Some(at)))
    }
}
