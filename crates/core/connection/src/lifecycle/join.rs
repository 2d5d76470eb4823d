//! Several links and what stands above them (RFC 1990, RAS's subentries).
//!
//! A *member* climbs to its proof and waits in `Projecting`, asked for by
//! [`poll_joining`](Connection::poll_joining), until [`joined`](Connection::joined) lets it be
//! `Connected`: from then on the frames that are not its own business pass through it. The connection
//! *above* has members for lanes. It leaves `Opening` with the first, waits in `Projecting` for the fate
//! of all that were asked for, and ends with the last.

use onhook_base::Instant;
use onhook_effect::{Effect, LaneId, LaneSpec};
use onhook_link::Link;
use onhook_model::{Cause, RasCode, RasState};
use onhook_ppp::{Phase, Ppp, auth};

use super::State;
use crate::bundle::{BundleCarrier, Joining};
use crate::connection::Connection;
use crate::plan::Plan;
use crate::splice::{Carrier, Splice};

impl Connection {
    /// Begins at the answering end, above calls that are to be bundled: the first of them follows by
    /// [`join`](Self::join).
    pub fn gather(&mut self) {
        self.announcer.silence();
    }

    /// Above: a link of this lane is up and proven. `lane` is `None` for one that was not asked for, a
    /// call that came; it is given a number.
    ///
    /// # Errors
    /// Why it cannot be one of these links; it is to be hung up with this cause.
    pub fn join(
        &mut self,
        now: Instant,
        lane: Option<LaneId>,
        joining: Joining,
    ) -> Result<LaneId, Cause> {
        let lane = match lane {
            Some(lane) => lane,
            None => self.stairs.free_lane().ok_or_else(|| {
                Cause::new(RasCode::PORT_LIMIT_REACHED, "it has all the links that it may have")
            })?,
        };
        if self.descent.is_some() || self.state == State::Gone {
            return Err(refused("the connection is ending"));
        }
        let carrier = self.splice.as_mut().and_then(|splice| splice.link.bundle());
        let fits = match carrier {
            Some(carrier) if self.peer_name == joining.peer_name => carrier.join(lane, &joining),
            Some(_) => false,
            None => true,
        };
        if !fits {
            return Err(refused("it does not lead to where the other links lead"));
        }
        self.stairs.lane_is_open(lane);
        self.link_is_up(now, lane, &joining);
        if self.splice.is_none() {
            self.begin_above(now, lane, joining);
        }
        self.project_further(now);
        self.turn(now, &mut |_| {});
        Ok(lane)
    }

    /// Above: a link is about to end. From now on nothing is given to it; what it still brings is taken
    /// until [`leave`](Self::leave). A link that is hung up is to hear of it only when this was said and
    /// everything before it was given to it: then nothing of what is sent is lost.
    pub fn retire(&mut self, lane: LaneId) {
        if let Some(carrier) = self.splice.as_mut().and_then(|splice| splice.link.bundle()) {
            carrier.retire(lane);
        }
    }

    /// Above: a link has ended, or was never up, and nothing of it is left.
    pub fn leave(&mut self, now: Instant, lane: LaneId, cause: &Cause) {
        self.stairs.lane_is_gone(lane);
        if let Some(carrier) = self.splice.as_mut().and_then(|splice| splice.link.bundle()) {
            carrier.leave(now, lane);
        }
        self.link_is_gone(now, lane, cause);
        let failed = (!cause.is_wanted()).then(|| cause.clone());
        self.first_failure = self.first_failure.take().or(failed);
        let is_up = self.state == State::Connected;
        // One that is only being dialed carries nothing.
        if !self.stairs.has_lanes() || is_up && !self.links.any_is_up() {
            let first = self.first_failure.take().filter(|_| !is_up);
            self.fail_with_dead_peer(now, first.unwrap_or_else(|| cause.clone()));
        }
        self.project_further(now);
        self.turn(now, &mut |_| {});
    }

    /// Above: how many octets wait on a link; more is sent over those on which less waits.
    pub fn set_backlog(&mut self, lane: LaneId, octets: usize) {
        if let Some(carrier) = self.splice.as_mut().and_then(|splice| splice.link.bundle()) {
            carrier.set_backlog(lane, octets);
        }
    }

    /// A link of several: whether its end has begun, by whomever. What it is given then is lost.
    pub fn is_leaving(&self) -> bool {
        let phase = self.splice.as_ref().map(|splice| splice.ppp.phase());
        let is_up = self.state == State::Connected;
        let closes = is_up && matches!(phase, Some(Phase::Terminate | Phase::Dead));
        closes || matches!(self.state, State::Disconnecting | State::Gone)
    }

    /// Whether what is received is frames for what is above this link and others, instead of packets.
    pub fn passes_frames(&self) -> bool {
        self.splice.as_ref().is_some_and(Splice::passes_frames)
    }

    /// (Answering) the plan for what is above this call and others.
    pub fn above_calls(&self) -> Plan {
        self.plan.above_calls()
    }

    /// A member that is up and proven, and waits for [`joined`](Self::joined) or a hang-up. Once.
    pub fn poll_joining(&mut self) -> Option<Joining> {
        self.joining.take()
    }

    /// A member has been taken: frames pass.
    pub fn joined(&mut self, now: Instant) {
        if self.state == State::Projecting && self.descent.is_none() {
            self.enter(now, State::Connected);
            self.announcer.enter(RasState::SubEntryConnected);
            self.up_since = Some(now);
            if let Some(splice) = &mut self.splice {
                splice.last_traffic = now;
            }
        }
        self.turn(now, &mut |_| {});
    }

    /// All links at once; each is a connection of its own.
    pub(crate) fn ask_members(&mut self, links: u8) {
        for lane in (0..links).map(LaneId) {
            self.stairs.ask(Effect::OpenLane { lane, spec: LaneSpec::Member });
        }
    }

    /// A member's proof is in.
    pub(crate) fn offer_to_join(
        &mut self,
        now: Instant,
        keys: Option<auth::Keys>,
        peer_name: Option<String>,
    ) {
        let Some(splice) = &self.splice else { return };
        let multilink = splice.ppp.multilink();
        if self.state == State::Connected {
            // LCP was negotiated anew: the link must be what it was to those beside it.
            if self.member_of != multilink {
                let text = "the peer changed what was agreed of multilink";
                self.fail(now, Cause::new(RasCode::LINK_FAILURE, text));
            }
            return;
        }
        if self.state != State::Authenticating {
            return;
        }
        self.member_of = multilink;
        self.joining = Some(Joining {
            multilink,
            mru: splice.ppp.sendable().min(splice.link.facts().mtu.max(onhook_ppp::wire::MIN_MRU)),
            bits_per_second: self.plan.link.speed(splice.link.connected_as()),
            encrypted: splice.link.facts().encrypted,
            keys,
            peer_name,
            authentication: self.projection.authentication.clone(),
            line: self.projection.line.clone(),
            server: self.server,
            admission: self.admission.clone(),
        });
        self.announcer.enter(RasState::Authenticated);
        self.enter(now, State::Projecting);
    }

    /// The first link has joined: what is above it begins, and needs no proof any more.
    fn begin_above(&mut self, now: Instant, lane: LaneId, joining: Joining) {
        let mut carrier = BundleCarrier::empty();
        carrier.join(lane, &joining);
        let facts = carrier.facts();
        self.server = joining.server;
        self.projection.authentication = joining.authentication;
        self.projection.line = joining.line;
        self.projection.mtu = facts.mtu.min(self.plan.mtu.unwrap_or(facts.mtu));
        self.admission = joining.admission;
        let ppp = Ppp::new(self.plan.ppp_terms(&facts), &self.seed.derive("ppp"));
        let carrier = Carrier::Bundle(Box::new(carrier));
        let mut splice = Splice::new(now, ppp, carrier, self.capture);
        self.enter(now, State::Linking);
        self.stairs.new_flight();
        self.stairs.push_link();
        self.stairs.push_ppp();
        self.enter(now, State::Authenticating);
        self.peer_name.clone_from(&joining.peer_name);
        splice.ppp.bundle_up(now, facts.mtu, joining.keys, joining.peer_name);
        self.splice = Some(splice);
        self.turn(now, &mut |_| {});
    }
}

fn refused(why: &str) -> Cause {
    Cause::new(RasCode::BUNDLE_NOT_FOUND, why)
}
