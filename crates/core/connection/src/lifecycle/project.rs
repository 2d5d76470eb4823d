//! Setting up this machine for what was agreed: interface, addresses, routes, name servers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use onhook_base::Instant;
use onhook_effect::{Effect, LaneFacts, Prefix, StackSpec, TunId, TunSpec};
use onhook_model::{Cause, RasCode, RasState};
use onhook_ppp::ipv6cp::Advertiser;

use super::State;
use crate::connection::Connection;
use crate::plan::{OutletPlan, TunPlan};

/// The one place where packets of a connection go.
const TUN: TunId = TunId(0);

/// What was agreed so far, and how far this machine has been set up for it.
#[derive(Debug, Default)]
pub(crate) struct Climb {
    /// The first of two lanes, while the second is being opened.
    pub(super) control_lane: Option<LaneFacts>,
    stage: Stage,
    pub(super) settled: bool,
    ipv4: Option<Ipv4>,
    ipv6: Option<Ipv6>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ipv4 {
    pub(super) local: Ipv4Addr,
    pub(super) peer: Option<Ipv4Addr>,
    pub(super) dns: Vec<Ipv4Addr>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ipv6 {
    pub(super) local: Ipv6Addr,
    pub(super) peer: Ipv6Addr,
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
    pub(super) fn on_address(&mut self, now: Instant, four: Option<Ipv4>, six: Option<Ipv6>) {
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
            let is_to_shorten = self.climbing.stage == Stage::Agreeing;
            if is_to_shorten && self.splice.as_mut().is_some_and(|splice| splice.shorten(now)) {
                self.climbing.settled = false;
                return;
            }
            self.stairs.new_flight();
            match self.climbing.stage {
                Stage::Agreeing => {
                    self.announcer.enter(RasState::Projected);
                    self.announcer.enter(RasState::ApplySettings);
                    if let Some(splice) = &self.splice {
                        self.projection.mtu = self.projection.mtu.min(splice.ppp.packet_room());
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
                    self.redial.is_up();
                    self.begin_to_look(now);
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
}

pub(super) fn link_local(identifier: [u8; 8]) -> Ipv6Addr {
    let low = u64::from_be_bytes(identifier);
    Ipv6Addr::from_bits((0xfe80_u128 << 112) | u128::from(low))
}
