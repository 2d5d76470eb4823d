//! Calls over modems, by an exchange: a caller with one, and a server with another that takes calls and
//! calls back.

use std::net::{Ipv4Addr, SocketAddr};

use onhook_base::{Duration, Instant, Secret, Seed};
use onhook_connection::{
    Admission, AnswerPlan, Connection, LinkPlan, OutletPlan, Plan, PlanAbilities, Request,
    SessionLimits, Signal, State, Times, TunPlan, admission_network,
};
use onhook_effect::{Effect, HostError, LaneFacts, LaneId, Outcome, StepId, Undo};
use onhook_exchange::Exchange;
use onhook_link::modem::{Attendant, AttendantEvent};
use onhook_model::{
    AuthMethod, AuthRestrictions, Cause, Credentials, DialOptions, DialRequest, Entry, Port,
    Resumption,
};
use onhook_ppp::CallbackTerms;
use onhook_ppp::auth::{self, Method};
use onhook_ppp::cbcp::CallbackOffer;

use crate::{End, PASSWORD, USER};

/// The caller's modem and its number.
const OURS: (usize, &str) = (0, "5551111");
/// The server's.
const THEIRS: (usize, &str) = (1, "5552222");
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// How a call over modems is set up.
#[derive(Clone, Debug)]
pub struct ModemTerms {
    /// The number at which the caller wants to be called back.
    pub callback_number: Option<String>,
    /// The dial waits where a person would be asked.
    pub pauses: bool,
    /// What the server offers.
    pub offer: CallbackOffer,
    /// Where the server calls back when the number is its own.
    pub preset: &'static str,
    /// The caller's ports have no DTR, as USB modems have none and pseudoterminals.
    pub deaf_to_dtr: bool,
    /// The seed of everything.
    pub seed: u64,
}

impl Default for ModemTerms {
    fn default() -> Self {
        Self {
            callback_number: None,
            pauses: false,
            offer: CallbackOffer::None,
            preset: OURS.1,
            deaf_to_dtr: false,
            seed: 7,
        }
    }
}

/// What the server is doing.
enum Server {
    /// Its modem is watched for a ring.
    Waits(Attendant),
    /// A call is there.
    Call { end: Box<End>, back: bool },
    /// It calls back, at this moment.
    WillCall { at: Instant, number: String },
}

/// A caller and a server, each with a modem.
pub struct ModemCall {
    /// The one clock.
    pub now: Instant,
    /// Who called.
    pub caller: End,
    /// The modems.
    pub exchange: Exchange,
    server: Server,
    terms: ModemTerms,
    deeds: Vec<(StepId, Result<Outcome, HostError>)>,
    undone: Vec<(StepId, Result<(), HostError>)>,
    calls: u32,
}

impl ModemCall {
    /// A call that has just been dialed.
    pub fn dial(terms: ModemTerms) -> Self {
        let mut entry = Entry::for_number(THEIRS.1, "modem");
        entry.port = "/dev/ttyS0".to_owned();
        let bits = entry.auth.bits() | AuthMethod::Pap.bit() | AuthMethod::MsChap2.bit();
        entry.auth = AuthRestrictions::from_bits(bits);
        let credentials = Credentials {
            user: USER.to_owned(),
            password: Secret::new(PASSWORD.to_owned()),
            domain: String::new(),
            tunnel_secret: None,
            certificate: None,
        };
        let callback_number = terms.callback_number.clone();
        let options = DialOptions {
            by_number: true,
            callback_number,
            paused_states: terms.pauses,
            ..DialOptions::default()
        };
        let request = DialRequest { entry, options };
        let abilities = PlanAbilities { interfaces: true };
        let plan = Plan::for_dial(&request, &credentials, abilities).expect("the entry is sound");
        let seed = Seed::from_number(terms.seed);
        let now = Instant::ORIGIN + Duration::from_secs(1000);
        let mut call = Self {
            now,
            caller: End::new(Connection::new(plan, seed.derive("caller"))),
            exchange: Exchange::new(&[OURS.1, THEIRS.1]),
            server: Server::Waits(Attendant::new(now)),
            terms,
            deeds: Vec::new(),
            undone: Vec::new(),
            calls: 0,
        };
        call.caller.connection.dial(now);
        call.drain();
        call
    }

    /// The server's end of the present call.
    pub fn answerer(&self) -> Option<&End> {
        match &self.server {
            Server::Call { end, .. } => Some(end),
            Server::Waits(_) | Server::WillCall { .. } => None,
        }
    }

    /// Whether both ends stand at Connected.
    pub fn is_up(&self) -> bool {
        let is_up = |end: &End| end.connection.state() == State::Connected;
        is_up(&self.caller) && self.answerer().is_some_and(is_up)
    }

    /// Calls that the server has had, its own included.
    pub const fn calls(&self) -> u32 {
        self.calls
    }

    /// Hangs up at the caller's end.
    pub fn hang_up(&mut self) {
        self.caller.connection.hang_up(self.now, Cause::hung_up());
        self.drain();
    }

    /// Goes on with what the person gave.
    pub fn resume(&mut self, given: &Resumption) {
        self.caller.connection.resume(self.now, given);
        self.drain();
    }

    /// Sends an IP packet from the caller.
    pub fn send_packet(&mut self, packet: &[u8]) {
        self.caller.connection.handle_packet(self.now, packet);
        self.drain();
    }

    /// The caller's terminal is gone.
    pub fn lose_lane(&mut self) {
        self.caller.connection.handle_lane_closed(self.now, LaneId::CONTROL, None);
        self.drain();
    }

    /// Lets the next thing happen, however far away it is in time. False when nothing ever will.
    pub fn step(&mut self) -> bool {
        let Some(at) = self.next_moment() else { return false };
        self.now = self.now.max(at);
        let now = self.now;
        if let Some((step, result)) = (!self.deeds.is_empty()).then(|| self.deeds.remove(0)) {
            self.caller.connection.handle_outcome(now, step, result);
        } else if let Some((step, result)) =
            (!self.undone.is_empty()).then(|| self.undone.remove(0))
        {
            self.caller.connection.handle_undone(now, step, result);
        } else if !self.carry() {
            self.exchange.handle_timeout(now);
            self.caller.connection.handle_timeout(now);
            self.server_timeout(now);
        }
        self.drain();
        true
    }

    fn server_timeout(&mut self, now: Instant) {
        match &mut self.server {
            Server::Waits(attendant) => attendant.handle_timeout(now),
            Server::Call { end, .. } => end.connection.handle_timeout(now),
            Server::WillCall { at, number } if now >= *at => {
                let port = Port::parse("/dev/ttyS1").expect("it is a terminal");
                let link = LinkPlan::calling_back(port, 115_200, number).expect("it can be dialed");
                self.begin(link, true);
            }
            Server::WillCall { .. } => {}
        }
    }

    /// Octets from the modems to those behind them.
    fn carry(&mut self) -> bool {
        let now = self.now;
        let has_lane = self.caller.lane_open;
        if let Some(octets) = self.exchange.poll_octets(OURS.0).filter(|_| has_lane) {
            let packets = &mut self.caller.packets;
            let net = &mut |packet: &[u8]| packets.push(packet.to_vec());
            self.caller.connection.handle_lane(now, LaneId::CONTROL, &octets, net);
            return true;
        }
        let Some(octets) = self.exchange.poll_octets(THEIRS.0) else { return false };
        match &mut self.server {
            Server::Waits(attendant) => attendant.handle_lane(now, &octets),
            Server::Call { end, .. } => {
                let packets = &mut end.packets;
                let net = &mut |packet: &[u8]| packets.push(packet.to_vec());
                end.connection.handle_lane(now, LaneId::CONTROL, &octets, net);
            }
            // Nobody has its port open.
            Server::WillCall { .. } => {}
        }
        true
    }

    fn next_moment(&self) -> Option<Instant> {
        if !self.deeds.is_empty() || !self.undone.is_empty() || self.exchange.has_octets() {
            return Some(self.now);
        }
        let server = match &self.server {
            Server::Waits(attendant) => attendant.poll_timeout().map(|d| d.at),
            Server::Call { end, .. } => end.connection.poll_timeout().map(|d| d.at),
            Server::WillCall { at, .. } => Some(*at),
        };
        let caller = self.caller.connection.poll_timeout().map(|d| d.at);
        [self.exchange.poll_timeout(), caller, server].into_iter().flatten().min()
    }

    /// Runs until `until` says so; panics when the world stands still or a virtual hour has passed.
    pub fn run_until(&mut self, mut until: impl FnMut(&Self) -> bool) {
        let end = self.now + Duration::from_secs(3600);
        while !until(self) {
            assert!(self.step(), "the world stands still");
            assert!(self.now < end, "an hour has passed");
        }
    }

    /// Runs until nothing more happens, or until `duration` has passed.
    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.next_moment().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
    }

    /// The server takes a call, or makes one.
    fn begin(&mut self, link: LinkPlan, back: bool) {
        let plan = Plan::for_answer(
            &AnswerPlan {
                methods: vec![Method::MsChapV2],
                eap: auth::EapTerms::default(),
                name: "answerer".to_owned(),
                times: Times::default(),
                echo: None,
                retries: 0,
                multilink: None,
                callback: CallbackTerms::Granted { urged: false },
            },
            link,
        );
        let seed = Seed::from_number(self.terms.seed).derive(&format!("answerer {}", self.calls));
        self.calls += 1;
        let mut end = End::new(Connection::new(plan, seed));
        end.os.adopt(Undo::CloseLane { lane: LaneId::CONTROL });
        end.connection.answer(self.now, &LaneFacts::default());
        self.server = Server::Call { end: Box::new(end), back };
    }

    fn drain(&mut self) {
        while self.drain_caller() | self.drain_server() {}
    }

    fn drain_caller(&mut self) -> bool {
        let now = self.now;
        let mut moved = false;
        let mut out = Vec::new();
        while self.caller.connection.poll_transmit(&mut out).is_some() {
            moved = true;
            self.exchange.handle_octets(now, OURS.0, &out);
        }
        while let Some((_, signal)) = self.caller.connection.poll_signal() {
            moved = true;
            wires(&mut self.exchange, OURS.0, signal, self.terms.deaf_to_dtr);
        }
        while let Some((step, request)) = self.caller.connection.poll_request() {
            moved = true;
            match request {
                Request::Do(effect) => {
                    self.caller.lane_open |= matches!(effect, Effect::OpenLane { .. });
                    if let Some(result) = self.caller.os.apply(&effect, NOBODY) {
                        self.deeds.push((step, result));
                    }
                }
                Request::Undo { undo, hard } => {
                    self.deeds.retain(|(asked, _)| *asked != step);
                    if matches!(undo, Undo::CloseLane { .. }) {
                        self.caller.lane_open = false;
                        self.exchange.handle_dtr(OURS.0, false);
                    }
                    if let Some(result) = self.caller.os.revert(&undo, hard) {
                        self.undone.push((step, result));
                    }
                }
            }
        }
        while let Some(report) = self.caller.connection.poll_report() {
            self.caller.reports.push(report);
        }
        moved
    }

    fn drain_server(&mut self) -> bool {
        let now = self.now;
        match &mut self.server {
            Server::WillCall { .. } => false,
            Server::Waits(attendant) => {
                if let Some(words) = attendant.poll_transmit() {
                    self.exchange.handle_octets(now, THEIRS.0, &words);
                    return true;
                }
                match attendant.poll_event() {
                    Some(AttendantEvent::Connected { text, early }) => {
                        self.begin(LinkPlan::ModemAnswer { connected: text }, false);
                        if let (false, Server::Call { end, .. }) =
                            (early.is_empty(), &mut self.server)
                        {
                            let lane = LaneId::CONTROL;
                            end.connection.handle_lane(now, lane, &early, &mut |_| {});
                        }
                        true
                    }
                    Some(AttendantEvent::Failed) => {
                        self.server = Server::Waits(Attendant::new(now));
                        true
                    }
                    None => false,
                }
            }
            Server::Call { end, back } => {
                let moved = drain_answerer(now, end, &mut self.exchange, &self.terms);
                if end.connection.state() != State::Gone {
                    return moved;
                }
                assert_eq!(end.leftovers(), Vec::<String>::new());
                self.server = match end.connection.callback().filter(|_| !*back) {
                    Some(agreed) => Server::WillCall {
                        at: now + agreed.delay,
                        number: agreed.number.clone().unwrap_or(self.terms.preset.to_owned()),
                    },
                    None => Server::Waits(Attendant::new(now)),
                };
                true
            }
        }
    }
}

fn wires(exchange: &mut Exchange, modem: usize, signal: Signal, deaf: bool) {
    match signal {
        Signal::DropDtr if !deaf => exchange.handle_dtr(modem, false),
        Signal::RaiseDtr if !deaf => exchange.handle_dtr(modem, true),
        Signal::DropDtr
        | Signal::RaiseDtr
        | Signal::WatchCarrier
        | Signal::IgnoreCarrier
        | Signal::FollowSender => {}
    }
}

fn drain_answerer(
    now: Instant,
    end: &mut End,
    exchange: &mut Exchange,
    terms: &ModemTerms,
) -> bool {
    let mut moved = false;
    let mut out = Vec::new();
    while end.connection.poll_transmit(&mut out).is_some() {
        moved = true;
        exchange.handle_octets(now, THEIRS.0, &out);
    }
    while let Some((_, signal)) = end.connection.poll_signal() {
        moved = true;
        wires(exchange, THEIRS.0, signal, false);
    }
    while let Some((step, request)) = end.connection.poll_request() {
        moved = true;
        match request {
            Request::Do(effect) => {
                if let Some(result) = end.os.apply(&effect, NOBODY) {
                    end.connection.handle_outcome(now, step, result);
                }
            }
            Request::Undo { undo, hard } => {
                if matches!(undo, Undo::CloseLane { .. }) {
                    exchange.handle_dtr(THEIRS.0, false);
                }
                if let Some(result) = end.os.revert(&undo, hard) {
                    end.connection.handle_undone(now, step, result);
                }
            }
        }
    }
    while let Some(question) = end.connection.poll_question() {
        moved = true;
        let verdict = auth::judge(&question, &Secret::new(PASSWORD.to_owned()));
        let (ours, theirs) = (Ipv4Addr::new(10, 99, 0, 1), Ipv4Addr::new(10, 99, 0, 2));
        let admission = Admission {
            network: admission_network(ours, theirs, Vec::new(), true),
            outlet: OutletPlan::Tun(TunPlan::default()),
            ipv6_prefix: None,
            limits: SessionLimits::default(),
            callback: terms.offer,
        };
        end.connection.admit(now, verdict, Some(admission));
    }
    moved
}
