//! Going up the stairs: opening → linking → authenticating → projecting → connected.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use onhook_base::{Deadline, Instant, Planted, is_planted};
use onhook_effect::{
    Effect, LaneFacts, LaneId, Outcome, Prefix, StackSpec, StepId, TunId, TunSpec,
};
use onhook_link::{CertificateHashes, FrameTerms, LinkEvent, SessionKeys};
use onhook_model::{Cause, RasCode, RasState};
use onhook_ppp::ipv6cp::Advertiser;
use onhook_ppp::{Ppp, PppEvent, auth};

use super::State;
use crate::connection::{Connection, SessionLimits};
use crate::plan::{LinkPlan, OutletPlan, TunPlan};
use crate::splice::{Carrier, Splice};
use crate::stairs::Top;
use crate::translate;

/// The one place where packets of a connection go.
const TUN: TunId = TunId(0);

/// What was agreed so far, and how far this machine has been set up for it.
#[derive(Debug, Default)]
pub(crate) struct Climb {
    /// The first of two lanes, while the second is being opened.
    control_lane: Option<LaneFacts>,
    stage: Stage,
    settled: bool,
    ipv4: Option<Ipv4>,
    ipv6: Option<Ipv6>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Ipv4 {
    local: Ipv4Addr,
    peer: Option<Ipv4Addr>,
    dns: Vec<Ipv4Addr>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Ipv6 {
    local: Ipv6Addr,
    peer: Ipv6Addr,
}

/// The flights of `Projecting`, each of which needs the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Stage {
    #[default]
    Agreeing,
    Interface,
    Addresses,
    Pin,
    Routes,
    Names,
}

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
            return self.ask_members(links);
        }
        let port = [RasState::OpenPort, RasState::PortOpened];
        let port = port.into_iter().filter(|_| self.attempts.is_first());
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
                self.deadline = Some(Deadline::new(now + self.plan.times.opening, "connecting"));
                self.climbing.control_lane = Some(facts.clone());
                self.stairs.new_flight();
                self.stairs.ask(Effect::OpenLane { lane: LaneId::DATA, spec });
            }
            Err(error) => self.fail(now, Cause::new(error.code, error.text)),
        }
    }

    fn begin_linking(&mut self, now: Instant, facts: &LaneFacts) {
        self.server = facts.remote.or(self.server);
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
        splice.ppp.open(now);
        splice.ppp.lower_up(now);
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
                    splice.try_size(now, self.projection.mtu);
                    if let Some(mtu) = self.plan.mtu {
                        self.projection.mtu = self.projection.mtu.min(mtu);
                    }
                }
            }
            PppEvent::AuthProgress(progress) => self.announce_progress(&progress),
            PppEvent::PersonWanted(wanted) => self.pause_for(now, &wanted),
            PppEvent::PeerMayTryAgain => self.wait_for_peers_person(now),
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
            PppEvent::MayChooseCallback => {
                if self.state == State::Authenticating {
                    self.announcer.enter(RasState::AuthCallback);
                }
            }
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

    fn on_address(&mut self, now: Instant, four: Option<Ipv4>, six: Option<Ipv6>) {
        if self.descent.is_some() {
            return;
        }
        let known = &mut self.climbing;
        let changed = match (&four, &known.ipv4) {
            (Some(new), Some(old)) => new.local != old.local,
            _ => matches!((&six, &known.ipv6), (Some(new), Some(old)) if new.local != old.local),
        };
        if changed && self.state == State::Connected {
            let text = "the server gave another address when it negotiated again";
            self.fail(now, Cause::new(RasCode::LINK_FAILURE, text));
            return;
        }
        if let Some(four) = four {
            self.projection.ipv4 = Some(four.local);
            self.projection.ipv4_server = four.peer;
            known.ipv4 = Some(four);
        }
        if let Some(six) = six {
            self.projection.ipv6 = Some(six.local);
            self.projection.ipv6_server = Some(six.peer);
            let late = known.ipv6.is_none() && self.state == State::Connected;
            known.ipv6 = Some(six);
            if late {
                self.stairs.new_flight();
                self.ask_addresses(false);
                if let (Some(to), Some(_)) = (self.ipv6_prefix(), self.tun_plan()) {
                    self.stairs.ask(Effect::AddRoute { tun: TUN, to, metric: None });
                }
                self.advertise(now);
            }
        }
    }

    fn ipv6_prefix(&self) -> Option<Prefix> {
        self.admission.as_ref()?.ipv6_prefix.filter(|prefix| prefix.length() == 64)
    }

    /// The caller is told the prefix of its link, once IPv6 may pass.
    fn advertise(&mut self, now: Instant) {
        let chance = self.seed.derive("advertiser").chance();
        let prefix = self.ipv6_prefix().map(Prefix::address);
        if let (Some(six), Some(IpAddr::V6(prefix)), Some(splice)) =
            (&self.climbing.ipv6, prefix, &mut self.splice)
        {
            let mtu = self.projection.mtu;
            splice.advertiser = Some(Advertiser::new(now, six.local, prefix, mtu, chance));
        }
    }

    /// Asks for the next flight as soon as the one before is done.
    pub(crate) fn project_further(&mut self, now: Instant) {
        while self.state == State::Projecting
            && self.climbing.settled
            && self.descent.is_none()
            && !self.stairs.is_waiting()
        {
            self.stairs.new_flight();
            match self.climbing.stage {
                Stage::Agreeing => {
                    self.announcer.enter(RasState::Projected);
                    self.announcer.enter(RasState::ApplySettings);
                    if let Some(splice) = &self.splice {
                        self.projection.mtu = self.projection.mtu.min(splice.packet_room());
                        let encrypted = splice.ppp.protection();
                        self.projection.protection =
                            self.projection.protection.take().or(encrypted);
                    }
                    self.projection.dns = self.name_servers();
                    self.ask_outlet();
                    self.climbing.stage = Stage::Interface;
                }
                Stage::Interface => {
                    self.ask_addresses(true);
                    self.climbing.stage = Stage::Addresses;
                }
                Stage::Addresses => {
                    self.ask_pin();
                    self.climbing.stage = Stage::Pin;
                }
                Stage::Pin => {
                    self.ask_routes();
                    self.climbing.stage = Stage::Routes;
                }
                Stage::Routes => {
                    self.ask_names();
                    self.climbing.stage = Stage::Names;
                }
                Stage::Names => {
                    self.enter(now, State::Connected);
                    self.announcer.enter(RasState::Connected);
                    self.up_since = Some(now);
                    self.advertise(now);
                    if let Some(splice) = &mut self.splice {
                        splice.last_traffic = now;
                    }
                }
            }
        }
    }

    fn outlet(&self) -> &OutletPlan {
        self.admission.as_ref().map_or(&self.plan.outlet, |a| &a.outlet)
    }

    fn tun_plan(&self) -> Option<TunPlan> {
        match self.outlet() {
            OutletPlan::Tun(plan) => Some(plan.clone()),
            OutletPlan::Nothing | OutletPlan::Stack { .. } => None,
        }
    }

    fn name_servers(&self) -> Vec<IpAddr> {
        let told = self.climbing.ipv4.iter().flat_map(|v4| v4.dns.iter().copied().map(IpAddr::V4));
        match self.plan.dns_override.is_empty() {
            true => told.collect(),
            false => self.plan.dns_override.clone(),
        }
    }

    fn ask_outlet(&mut self) {
        let mtu = self.projection.mtu;
        match self.outlet().clone() {
            OutletPlan::Nothing => {}
            OutletPlan::Tun(plan) => {
                let spec = TunSpec { name: plan.name, mtu, netns: plan.netns };
                self.stairs.ask(Effect::CreateTun { tun: TUN, spec });
            }
            OutletPlan::Stack { socks5, http_connect, forwards } => {
                let four = self.climbing.ipv4.iter().map(|v4| (IpAddr::V4(v4.local), 32));
                let six = self.climbing.ipv6.iter().map(|v6| (IpAddr::V6(v6.local), 64));
                let addresses = four.chain(six).collect();
                let dns = self.projection.dns.clone();
                let spec = StackSpec { addresses, mtu, dns, socks5, http_connect, forwards };
                self.stairs.ask(Effect::OpenStack { tun: TUN, spec });
            }
        }
    }

    fn ask_addresses(&mut self, with_ipv4: bool) {
        if self.tun_plan().is_none() {
            return;
        }
        if let Some(v4) = self.climbing.ipv4.clone().filter(|_| with_ipv4) {
            let peer = v4.peer.filter(|p| !p.is_unspecified() && *p != v4.local);
            self.stairs.ask(Effect::AddAddress {
                tun: TUN,
                address: IpAddr::V4(v4.local),
                prefix_len: 32,
                peer: peer.map(IpAddr::V4),
            });
        }
        if let Some(v6) = self.climbing.ipv6.clone() {
            self.stairs.ask(Effect::AddAddress {
                tun: TUN,
                address: IpAddr::V6(v6.local),
                prefix_len: 64,
                peer: None,
            });
        }
    }

    /// A default route through the tunnel must not swallow the tunnel.
    fn ask_pin(&mut self) {
        let Some(plan) = self.tun_plan().filter(|p| p.netns.is_none()) else { return };
        let Some(server) = self.server.map(|s| s.ip()) else { return };
        if self.routes(&plan).iter().any(|route| route.contains(server)) {
            self.stairs.ask(Effect::PinRoute { to: server });
        }
    }

    fn ask_routes(&mut self) {
        let Some(plan) = self.tun_plan() else { return };
        let routes = self.routes(&plan);
        if plan.default_ipv4 && plan.default_ipv6 && !routes.contains(&Prefix::ALL_V6) {
            tracing::warn!(target: "connection",
                "the server gives no IPv6 address: IPv6 traffic goes past this connection");
        }
        for to in routes {
            self.stairs.ask(Effect::AddRoute { tun: TUN, to, metric: plan.metric });
        }
    }

    fn routes(&self, plan: &TunPlan) -> Vec<Prefix> {
        let has = |prefix: &Prefix| match prefix.is_ipv4() {
            true => self.climbing.ipv4.is_some(),
            false => self.climbing.ipv6.is_some(),
        };
        let mut routes: Vec<Prefix> = Vec::new();
        if plan.default_ipv4 {
            routes.push(Prefix::ALL_V4);
        }
        // With a link-local address alone nothing beyond the link can be reached: a default route would
        // be a hole that swallows IPv6.
        let reaches_out = |six: &Ipv6| !six.local.is_unicast_link_local();
        if plan.default_ipv6 && self.climbing.ipv6.as_ref().is_some_and(reaches_out) {
            routes.push(Prefix::ALL_V6);
        }
        routes.extend(plan.routes.iter().copied());
        routes.extend(self.ipv6_prefix());
        if plan.set_dns {
            // Name servers behind a split tunnel must be reached through it.
            for server in &self.projection.dns {
                if !routes.iter().any(|r| r.contains(*server)) {
                    routes.push(Prefix::host(*server));
                }
            }
        }
        let mut seen = Vec::new();
        routes.retain(|r| {
            let new = has(r) && !seen.contains(r);
            seen.push(*r);
            new
        });
        routes
    }

    fn ask_names(&mut self) {
        let Some(plan) = self.tun_plan() else { return };
        if plan.set_dns && !self.projection.dns.is_empty() {
            self.stairs.ask(Effect::SetDns {
                tun: TUN,
                servers: self.projection.dns.clone(),
                domains: plan.dns_domains,
            });
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

fn link_local(identifier: [u8; 8]) -> Ipv6Addr {
    let low = u64::from_be_bytes(identifier);
    Ipv6Addr::from_bits((0xfe80_u128 << 112) | u128::from(low))
}
