//! Going up the stairs: opening → linking → authenticating → projecting → connected.

use std::net::SocketAddr;

use onhook_base::{Deadline, Instant, Planted, is_planted};
use onhook_effect::{Effect, LaneFacts, LaneId, Outcome, StepId};
use onhook_link::{CertificateHashes, FrameTerms, LinkEvent, SessionKeys};
use onhook_model::{Cause, RasCode, RasState};
use onhook_ppp::{Ppp, PppEvent, Role, auth};

use super::State;
use super::project::{Ipv4, Ipv6, link_local};
use crate::connection::{Connection, SessionLimits};
use crate::plan::LinkPlan;
use crate::splice::{Carrier, Splice};
use crate::stairs::Top;
use crate::translate;

impl Connection {
    /// Lets everything happen that can happen now.
    pub(crate) fn turn(&mut self, now: Instant, net: &mut dyn FnMut(&[u8])) {
        loop {
            let mut moved = false;
            if let Some(splice) = &mut self.splice {
                splice.pump(now, net);
            }
            // The link holds frames back while an event of its own waits, so what PPP says comes of
            // frames that arrived before that event, and counts first: a refusal, then the farewell.
            while let Some(event) = self.splice.as_mut().and_then(|s| s.ppp.poll_event()) {
                moved = true;
                self.on_ppp_event(now, event);
            }
            while let Some(event) = self.splice.as_mut().and_then(|s| s.link.poll_event()) {
                moved = true;
                self.on_link_event(now, event);
            }
            moved |= self.descend(now);
            if !moved {
                return;
            }
        }
    }

    pub(crate) fn enter(&mut self, now: Instant, state: State) {
        debug_assert!(self.state.next().contains(&state), "{:?} → {state:?}", self.state);
        tracing::debug!(target: "connection", from = ?self.state, to = ?state, at = %now, "state");
        self.state = state;
        let times = &self.plan.times;
        self.deadline = match state {
            State::Opening => None,
            State::Linking if is_planted(Planted::DeadlineForgotten) => None,
            State::Linking => Some(Deadline::new(now + times.linking, "link handshake")),
            State::Authenticating => {
                Some(Deadline::new(now + times.authenticating, "authentication"))
            }
            State::Projecting => Some(Deadline::new(now + times.projecting, "projection")),
            // That of a callback is known to who enters there.
            State::AwaitingCallback | State::Connected | State::Disconnecting | State::Gone => None,
        };
    }

    pub(crate) fn begin_opening(&mut self, now: Instant) {
        if let LinkPlan::Bundle { links } = self.plan.link {
            self.announcer.tell_only_what_is_above_links();
            self.deadline = Some(Deadline::new(now + self.plan.times.opening, "the first link"));
            return if self.is_redial() { self.dial_links(links) } else { self.ask_members(links) };
        }
        // That the port is opened again was told when the line was lost.
        let port = [RasState::OpenPort, RasState::PortOpened];
        let port = port.into_iter().skip(usize::from(self.is_redial()));
        let port = port.filter(|_| self.attempts.is_first());
        for state in port.chain([RasState::ConnectDevice]) {
            self.announcer.enter(state);
        }
        self.deadline = Some(Deadline::new(now + self.plan.times.opening, "connecting"));
        match self.plan.server() {
            Some((name, port)) => self.stairs.ask(Effect::Resolve { name, port }),
            None => self.ask_lane(Vec::new()),
        };
    }

    fn ask_lane(&mut self, to: Vec<SocketAddr>) -> StepId {
        let spec = self.plan.lane_spec(to);
        self.stairs.ask(Effect::OpenLane { lane: LaneId::CONTROL, spec })
    }

    /// A deed was done: on to the next.
    pub(crate) fn climb(&mut self, now: Instant, outcome: Outcome) {
        match (self.state, outcome) {
            (State::Opening, Outcome::Resolved(addresses)) => {
                self.stairs.new_flight();
                self.ask_lane(addresses);
            }
            (State::Opening, Outcome::LaneOpened(facts)) => self.lane_opened(now, &facts),
            (_, Outcome::TunCreated { name }) => self.projection.interface = Some(name),
            (_, Outcome::DnsSet { by }) => self.projection.dns_by = Some(by),
            (_, Outcome::StackOpened { socks5, http_connect, forwards }) => {
                self.projection.socks5 = socks5;
                self.projection.http_connect = http_connect;
                self.projection.forwards = self.plan.describe_forwards(&forwards);
            }
            (_, Outcome::Done | Outcome::Resolved(_) | Outcome::LaneOpened(_)) => {}
        }
        self.project_further(now);
    }

    /// One lane is there. Of a link with two, the second is opened beside the first; what counts for the
    /// link are the facts of the first.
    pub(crate) fn lane_opened(&mut self, now: Instant, facts: &LaneFacts) {
        if let Some(control) = self.climbing.control_lane.take() {
            return self.begin_linking(now, &control);
        }
        match self.plan.data_lane(&self.seed, facts) {
            Ok(None) => self.begin_linking(now, facts),
            Ok(Some(spec)) => {
                // Who is called has none yet; a dial has one time for both lanes.
                let until = now + self.plan.times.opening;
                self.deadline.get_or_insert_with(|| Deadline::new(until, "connecting"));
                self.climbing.control_lane = Some(facts.clone());
                self.stairs.new_flight();
                self.stairs.ask(Effect::OpenLane { lane: LaneId::DATA, spec });
            }
            Err(error) => self.fail(now, Cause::new(error.code, error.text)),
        }
    }

    fn begin_linking(&mut self, now: Instant, facts: &LaneFacts) {
        self.server = facts.remote.or(self.server);
        self.local = facts.local;
        self.projection.protection.clone_from(&facts.protection);
        let link = self.plan.make_link(&self.seed);
        let ppp = Ppp::new(self.plan.ppp_terms(&link.facts()), &self.seed.derive("ppp"));
        let mut splice = Splice::new(now, ppp, Carrier::Link(link), self.capture);
        splice.joins = self.plan.joins;
        self.enter(now, State::Linking);
        self.stairs.new_flight();
        self.stairs.push_link();
        let server_certificate =
            facts.certificate.map(|c| CertificateHashes { sha1: c.sha1, sha256: c.sha256 });
        let ethernet = facts
            .ethernet
            .map(|wire| onhook_link::EthernetFacts { address: wire.address, mtu: wire.mtu });
        splice.link.open(now, &onhook_link::LaneFacts { server_certificate, ethernet });
        self.splice = Some(splice);
    }

    fn on_link_event(&mut self, now: Instant, event: LinkEvent) {
        match event {
            LinkEvent::Up if self.state == State::AwaitingCallback => self.on_called_back(now),
            LinkEvent::Up => self.begin_authenticating(now),
            LinkEvent::AwaitsCall => self.waits_for_callback(),
            LinkEvent::Down(failure) => {
                // What PPP knows already came first, and says more.
                let known = self.splice.as_ref().and_then(|s| s.ppp.failure());
                let cause = match known {
                    Some(known) => translate::ppp_failure(known, self.state),
                    None => translate::link_failure(&failure, self.state),
                };
                self.fail(now, cause);
                // The link cannot carry PPP's goodbye any more; its own may still be owed.
                if let Some(descent) = &mut self.descent {
                    descent.peer_has_ended_the_link();
                }
            }
            LinkEvent::Closed => {
                if let Some(splice) = &mut self.splice {
                    splice.ppp.lower_down(now);
                }
                if let Some(descent) = &mut self.descent {
                    descent.ppp_is_over();
                    descent.link_is_over();
                } else {
                    let cause = translate::lane_closed(None, self.state);
                    self.fail_with_dead_peer(now, cause);
                }
            }
        }
    }

    fn begin_authenticating(&mut self, now: Instant) {
        let (State::Linking, Some(splice)) = (self.state, &mut self.splice) else { return };
        self.projection.line = splice.link.connected_as().map(str::to_owned);
        splice.begin(now);
        self.stairs.push_ppp();
        debug_assert_eq!(self.stairs.top(), Top::Ppp);
        self.announcer.enter(RasState::DeviceConnected);
        self.announcer.enter(RasState::AllDevicesConnected);
        self.enter(now, State::Authenticating);
        self.announcer.enter(RasState::Authenticate);
    }

    fn on_ppp_event(&mut self, now: Instant, event: PppEvent) {
        match event {
            PppEvent::LcpUp(facts) => {
                self.pause_is_void(now);
                self.proved_by(facts.our_method);
                self.projection.authentication =
                    facts.our_method.or(facts.peer_method).map(|method| method.to_string());
                if let Some(splice) = &mut self.splice {
                    splice.link.adopt(FrameTerms {
                        protocol_compression: facts.protocol_compression,
                        address_compression: facts.address_compression,
                        escape_map: facts.escape_map,
                        peer_mru: facts.peer_mru,
                    });
                    self.projection.mtu = splice.link.facts().mtu.min(facts.peer_mru);
                    if let Some(mtu) = self.plan.mtu {
                        self.projection.mtu = self.projection.mtu.min(mtu);
                    }
                }
            }
            PppEvent::AuthProgress(progress) => self.announce_progress(&progress),
            PppEvent::PersonWanted(wanted) => self.pause_for(now, &wanted),
            PppEvent::PeerMayTryAgain | PppEvent::PeerIsChoosing => self.wait_for_peers_person(now),
            PppEvent::VerifyPeer(question) => {
                // A later proof makes an earlier one void.
                self.questions.clear();
                self.questions.push_back(question);
            }
            PppEvent::Authenticated { keys, peer_name } => {
                self.on_authenticated(now, keys, peer_name);
            }
            PppEvent::Ipv4Up { local, peer, dns } => {
                self.on_address(now, Some(Ipv4 { local, peer, dns }), None);
            }
            PppEvent::Ipv6Up { local, peer } => {
                let six = Ipv6 { local: link_local(local), peer: link_local(peer) };
                self.on_address(now, None, Some(six));
            }
            PppEvent::MayChooseCallback => self.on_may_choose_callback(now),
            PppEvent::CallbackAgreed(agreement) => self.on_callback_agreed(now, agreement),
            PppEvent::Ipv4Down | PppEvent::Ipv6Down | PppEvent::PeerClosing => {}
            PppEvent::NetworkSettled => {
                self.climbing.settled = true;
                self.project_further(now);
            }
            PppEvent::Finished { failure } => self.on_ppp_finished(now, failure.as_ref()),
        }
    }

    fn on_ppp_finished(&mut self, now: Instant, failure: Option<&onhook_ppp::PppFailure>) {
        if self.leaves_for_callback(now) {
            return;
        }
        if self.callback().is_some() && self.state == State::Authenticating {
            // The answering end, whose caller has left to be called back: that is no failure.
            self.begin_descent(now, Cause::hung_up());
        }
        let cause = failure.map_or_else(
            || Cause::new(RasCode::DISCONNECTION, "PPP ended without a reason"),
            |f| translate::ppp_failure(f, self.state),
        );
        if matches!(failure, Some(onhook_ppp::PppFailure::PeerSilent { .. })) {
            self.fail_with_dead_peer(now, cause);
        } else {
            self.fail(now, cause);
        }
        let by_word = self.splice.as_ref().is_some_and(|s| s.link.facts().ends_by_word);
        if let Some(descent) = &mut self.descent {
            descent.ppp_has_finished(now, by_word);
        }
    }

    fn announce_progress(&mut self, progress: &auth::Progress) {
        if let auth::Progress::Agreed(method) = progress {
            self.projection.authentication = Some(method.to_string());
        }
        if self.state != State::Authenticating {
            return;
        }
        match progress {
            auth::Progress::Challenged { .. } => self.announcer.enter(RasState::AuthNotify),
            auth::Progress::Succeeded { .. } => {
                self.announce_verdict();
                self.announcer.enter(RasState::AuthAck);
            }
            auth::Progress::Failed { .. } => self.announce_verdict(),
            auth::Progress::Agreed(_) | auth::Progress::Responded { .. } => {}
        }
    }

    fn on_authenticated(&mut self, now: Instant, keys: Option<auth::Keys>, name: Option<String>) {
        if self.descent.is_some() {
            return;
        }
        let Some(splice) = &mut self.splice else { return };
        // What was tried has left before the proof, and its answer comes before the verdict. Who gives the
        // verdict may have its own answer later.
        let was_judged =
            self.plan.ppp.role == Role::Caller && self.projection.authentication.is_some();
        if was_judged && splice.shorten(now) {
            return;
        }
        let keys_of_proof = keys.clone();
        let keys = keys
            .and_then(auth::Keys::for_binding)
            .map(|k| SessionKeys { send: k.send, receive: k.receive });
        splice.link.authenticated(now, keys.as_ref());
        if self.splice.as_ref().is_some_and(Splice::passes_frames) {
            return self.offer_to_join(now, keys_of_proof, name);
        }
        self.peer_name = name;
        self.pause = None;
        let network = match &self.admission {
            Some(admission) => admission.network.clone(),
            None => self.plan.network.clone(),
        };
        if self.state == State::Authenticating {
            self.announcer.enter(RasState::Authenticated);
            self.enter(now, State::Projecting);
            self.announcer.enter(RasState::AuthProject);
        }
        // A peer that renegotiates when all is up is authenticated and projected once more; its
        // addresses must then be the same (see `on_address`).
        if let Some(splice) = &mut self.splice {
            splice.ppp.project(now, network);
        }
    }

    pub(crate) fn idle_deadline(&self) -> Option<Deadline> {
        let limit = self.limits().idle.or(self.plan.times.idle);
        let (State::Connected, Some(splice), Some(idle)) = (self.state, &self.splice, limit) else {
            return None;
        };
        Some(Deadline::new(splice.last_traffic + idle, "idle"))
    }

    pub(crate) fn session_deadline(&self) -> Option<Deadline> {
        let (State::Connected, Some(since), Some(session)) =
            (self.state, self.up_since, self.limits().session)
        else {
            return None;
        };
        Some(Deadline::new(since + session, "session time"))
    }

    fn limits(&self) -> SessionLimits {
        self.admission.as_ref().map(|admission| admission.limits).unwrap_or_default()
    }

    /// Deadlines of the connection itself, as opposed to those of its parts.
    pub(crate) fn check_deadlines(&mut self, now: Instant) {
        if self.deadline.is_some_and(|d| d.at <= now) {
            self.deadline = None;
            if self.ends_pause() {
                return self.begin_opening(now);
            }
            let cause = self.overdue().unwrap_or_else(|| translate::too_slow(self.state));
            self.fail(now, cause);
        }
        if self.idle_deadline().is_some_and(|d| d.at <= now) {
            self.fail(now, Cause::new(RasCode::IDLE_TIMEOUT, ""));
        }
        if self.session_deadline().is_some_and(|d| d.at <= now) {
            self.fail(now, Cause::new(RasCode::PPP_SESSION_TIMEOUT, ""));
        }
        self.check_descent(now);
    }
}
