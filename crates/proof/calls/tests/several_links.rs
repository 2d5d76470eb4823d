//! One connection over two links, both ends the real machines: whatever step it is hung up at, and whatever
//! link goes, nothing is left.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};

use onhook_base::{Duration, Instant, Secret, Seed};
use onhook_calls::{PASSWORD, USER};
use onhook_connection::{
    Admission, AnswerPlan, Connection, Discriminator, Joining, LinkPlan, OutletPlan, Plan,
    PlanAbilities, Request, SessionLimits, State, Times, TunPlan, admission_network,
};
use onhook_effect::{Effect, HostError, LaneFacts, LaneId, LaneSpec, Outcome, StepId, Undo};
use onhook_model::{
    AuthMethod, AuthRestrictions, Cause, Credentials, DialOptions, DialRequest, Entry, FurtherLink,
    RasState,
};
use onhook_ppp::auth::{self, Method};
use onhook_sim::Pretend;

const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 2000);
const SIDES: [usize; 2] = [CALLER, ANSWERER];
const CALLER: usize = 0;
const ANSWERER: usize = 1;
const LINKS: usize = 2;

/// Who of a side: what is above its links, or one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Above,
    Link(usize),
}

enum Event {
    Bytes(usize, Vec<u8>),
    LaneEnds(usize),
    Outcome(Who, StepId, Result<Outcome, HostError>),
    Undone(Who, StepId, Result<(), HostError>),
    Proven(usize, Box<Joining>),
    Taken(usize),
    Up(usize, Vec<u8>),
    Down(usize, Vec<u8>),
    End(usize, Cause, bool),
}

/// A connection and its Linux.
struct End {
    connection: Connection,
    os: Pretend,
    states: Vec<RasState>,
}

impl End {
    fn new(connection: Connection) -> Self {
        Self { connection, os: Pretend::default(), states: Vec::new() }
    }
}

struct Side {
    above: End,
    links: Vec<Option<End>>,
    /// The numbers of those that were taken.
    lanes: Vec<Option<LaneId>>,
    /// What was asked to be undone, by lane.
    closing: Vec<(LaneId, StepId)>,
    packets: Vec<Vec<u8>>,
}

struct World {
    now: Instant,
    sides: Vec<Side>,
    events: VecDeque<(usize, Event)>,
    /// Links whose wire is cut.
    dead: Vec<bool>,
}

fn answer_plan() -> Plan {
    let terms = AnswerPlan {
        callback: onhook_ppp::CallbackTerms::Refused,
        methods: vec![Method::MsChapV2],
        eap: auth::EapTerms::default(),
        retries: 0,
        name: "answerer".to_owned(),
        times: Times::default(),
        echo: None,
        multilink: Some(Discriminator::local([9; 20])),
    };
    Plan::for_answer(&terms, LinkPlan::LineAnswer)
}

impl World {
    fn dial() -> Self {
        let mut entry = Entry::for_number("", "tcp://192.0.2.1:2000");
        entry.auth = AuthRestrictions::from_bits(AuthMethod::MsChap2.bit());
        entry.further_links.push(FurtherLink {
            device_type: entry.device_type,
            port: "tcp://192.0.2.1:2000".to_owned(),
            ..FurtherLink::default()
        });
        let credentials = Credentials {
            user: USER.to_owned(),
            password: Secret::new(PASSWORD.to_owned()),
            ..Credentials::default()
        };
        let request = DialRequest { entry, options: DialOptions::default() };
        let abilities = PlanAbilities { interfaces: true };
        let mut plan = Plan::for_dial(&request, &credentials, abilities).unwrap();
        plan.tell_apart(&Seed::from_number(5));
        let plans = std::mem::take(&mut plan.members);
        assert_eq!(plans.len(), LINKS);
        let side = |plan: Plan, seed| Side {
            above: End::new(Connection::new(plan, Seed::from_number(seed))),
            links: (0..LINKS).map(|_| None).collect(),
            lanes: vec![None; LINKS],
            closing: Vec::new(),
            packets: Vec::new(),
        };
        let mut world = Self {
            now: Instant::ORIGIN + Duration::from_secs(1000),
            sides: vec![side(plan, 1), side(answer_plan().above_calls(), 2)],
            events: VecDeque::new(),
            dead: vec![false; LINKS],
        };
        world.sides[ANSWERER].above.connection.gather();
        for (n, plan) in plans.into_iter().enumerate() {
            let mut link = End::new(Connection::new(plan, Seed::from_number(10 + n as u64)));
            link.connection.dial(world.now);
            world.sides[CALLER].links[n] = Some(link);
            world.sides[CALLER].lanes[n] = Some(LaneId(n as u8));
        }
        world.sides[CALLER].above.connection.dial(world.now);
        world.drain();
        world
    }

    /// One thing happens. False when nothing ever will.
    fn step(&mut self) -> bool {
        let (now, Some((side, event))) = (self.now, self.events.pop_front()) else {
            return self.pass_time();
        };
        match event {
            Event::Outcome(Who::Above, step, result) => {
                self.sides[side].above.connection.handle_outcome(now, step, result);
            }
            Event::Undone(Who::Above, step, result) => {
                self.sides[side].above.connection.handle_undone(now, step, result);
            }
            Event::Proven(n, joining) => self.proven(side, n, *joining),
            Event::Up(n, frame) => {
                let Side { above, packets, lanes, .. } = &mut self.sides[side];
                if let Some(lane) = lanes[n] {
                    let sink = &mut |packet: &[u8]| packets.push(packet.to_vec());
                    above.connection.handle_lane(now, lane, &frame, sink);
                }
            }
            Event::Bytes(n, bytes) => {
                // What is above has been heard before, as by the driver.
                let (given, others) =
                    std::mem::take(&mut self.events).into_iter().partition(|(to, event)| {
                        *to == side && matches!(event, Event::Down(to, _) if *to == n)
                    });
                let given: VecDeque<_> = given;
                self.events = others;
                for (side, event) in given {
                    self.of_link(side, event);
                    self.drain();
                }
                self.of_link(side, Event::Bytes(n, bytes));
            }
            event => self.of_link(side, event),
        }
        self.drain();
        true
    }

    fn of_link(&mut self, side: usize, event: Event) {
        let now = self.now;
        let mut up = Vec::new();
        let n = match &event {
            Event::Bytes(n, _)
            | Event::LaneEnds(n)
            | Event::Outcome(Who::Link(n), ..)
            | Event::Undone(Who::Link(n), ..)
            | Event::Taken(n)
            | Event::Down(n, _)
            | Event::End(n, ..) => *n,
            _ => unreachable!("of what is above"),
        };
        let Some(link) = &mut self.sides[side].links[n] else { return };
        match event {
            Event::Bytes(_, bytes) => {
                link.connection
                    .handle_lane(now, LaneId::CONTROL, &bytes, &mut |frame| up.push(frame.to_vec()))
            }
            Event::LaneEnds(_) => link.connection.handle_lane_closed(now, LaneId::CONTROL, None),
            Event::Outcome(_, step, result) => {
                if let Ok(Outcome::LaneOpened(_)) = result {
                    self.ring(n);
                }
                let link = self.sides[side].links[n].as_mut().unwrap();
                link.connection.handle_outcome(now, step, result);
            }
            Event::Undone(_, step, result) => link.connection.handle_undone(now, step, result),
            Event::Taken(_) => link.connection.joined(now),
            Event::Down(_, frame) => link.connection.handle_packet(now, &frame),
            Event::End(_, cause, false) => link.connection.hang_up(now, cause),
            Event::End(_, cause, true) => link.connection.abandon(now, cause),
            Event::Proven(..) | Event::Up(..) => {}
        }
        self.events.extend(up.into_iter().map(|frame| (side, Event::Up(n, frame))));
    }

    fn ring(&mut self, n: usize) {
        let plan = answer_plan();
        let mut link = End::new(Connection::new(plan, Seed::from_number(20 + n as u64)));
        link.os.adopt(Undo::CloseLane { lane: LaneId::CONTROL });
        link.connection.answer(self.now, &LaneFacts::default());
        self.sides[ANSWERER].links[n] = Some(link);
    }

    fn proven(&mut self, side: usize, n: usize, joining: Joining) {
        let known = self.sides[side].lanes[n];
        let event = match self.sides[side].above.connection.join(self.now, known, joining) {
            Ok(lane) => {
                self.sides[side].lanes[n] = Some(lane);
                Event::Taken(n)
            }
            Err(cause) => Event::End(n, cause, false),
        };
        // Before the frames that have come meanwhile.
        self.events.push_front((side, event));
    }

    fn pass_time(&mut self) -> bool {
        let ends = self.sides.iter().flat_map(|s| s.links.iter().flatten().chain([&s.above]));
        let Some(at) = ends.filter_map(|e| e.connection.poll_timeout().map(|d| d.at)).min() else {
            return false;
        };
        self.now = self.now.max(at);
        for side in SIDES {
            let Side { above, links, .. } = &mut self.sides[side];
            for end in links.iter_mut().flatten().chain([above]) {
                end.connection.handle_timeout(self.now);
            }
        }
        self.drain();
        true
    }

    fn drain(&mut self) {
        for side in SIDES {
            self.drain_above(side);
            for n in 0..LINKS {
                self.drain_link(side, n);
            }
        }
    }

    fn drain_above(&mut self, side: usize) {
        let Side { above, lanes, closing, links, .. } = &mut self.sides[side];
        let mut out = Vec::new();
        while let Some(lane) = above.connection.poll_transmit(&mut out) {
            if let Some(n) = lanes.iter().position(|l| *l == Some(lane)) {
                self.events.push_back((side, Event::Down(n, out.clone())));
            }
        }
        while let Some(report) = above.connection.poll_report() {
            above.states.push(report.state);
        }
        while let Some((step, request)) = above.connection.poll_request() {
            match request {
                Request::Do(Effect::OpenLane { spec: LaneSpec::Member, .. }) => {}
                Request::Do(effect) => {
                    let result = above.os.apply(&effect, SERVER).unwrap();
                    self.events.push_back((side, Event::Outcome(Who::Above, step, result)));
                }
                Request::Undo { undo: Undo::CloseLane { lane }, hard } => {
                    let n = lanes.iter().position(|l| *l == Some(lane)).unwrap();
                    if links[n].is_some() {
                        closing.push((lane, step));
                        self.events.push_back((side, Event::End(n, Cause::hung_up(), hard)));
                    } else {
                        self.events.push_back((side, Event::Undone(Who::Above, step, Ok(()))));
                    }
                }
                Request::Undo { undo, hard } => {
                    let result = above.os.revert(&undo, hard).unwrap();
                    self.events.push_back((side, Event::Undone(Who::Above, step, result)));
                }
            }
        }
    }

    fn drain_link(&mut self, side: usize, n: usize) {
        let Some(link) = &mut self.sides[side].links[n] else { return };
        let (mut out, other) = (Vec::new(), 1 - side);
        while let Some(question) = link.connection.poll_question() {
            let verdict = auth::judge(&question, &Secret::new(PASSWORD.to_owned()));
            let (ours, theirs) = (Ipv4Addr::new(10, 99, 0, 1), Ipv4Addr::new(10, 99, 0, 2));
            let network = admission_network(ours, theirs, Vec::new(), true);
            let (outlet, limits) = (OutletPlan::Tun(TunPlan::default()), SessionLimits::default());
            link.connection.admit(
                self.now,
                verdict,
                Some(Admission {
                    network,
                    outlet,
                    limits,
                    ipv6_prefix: None,
                    callback: onhook_ppp::cbcp::CallbackOffer::None,
                }),
            );
        }
        while link.connection.poll_transmit(&mut out).is_some() {
            if !self.dead[n] {
                self.events.push_back((other, Event::Bytes(n, out.clone())));
            }
        }
        while let Some(report) = link.connection.poll_report() {
            link.states.push(report.state);
        }
        while let Some((step, request)) = link.connection.poll_request() {
            match request {
                Request::Do(effect) => {
                    let result = link.os.apply(&effect, SERVER).unwrap();
                    self.events.push_back((side, Event::Outcome(Who::Link(n), step, result)));
                }
                Request::Undo { undo, hard } => {
                    if matches!(undo, Undo::CloseLane { .. }) {
                        self.events.push_back((other, Event::LaneEnds(n)));
                    }
                    let result = link.os.revert(&undo, hard).unwrap();
                    self.events.push_back((side, Event::Undone(Who::Link(n), step, result)));
                }
            }
        }
        if let Some(joining) = link.connection.poll_joining() {
            // What is above hears of it before the frames that follow.
            self.events.push_front((side, Event::Proven(n, Box::new(joining))));
        }
        let is_leaving = link.connection.is_leaving();
        if let (true, Some(lane)) = (is_leaving, self.sides[side].lanes[n]) {
            self.sides[side].above.connection.retire(lane);
        }
        let Some(link) = &mut self.sides[side].links[n] else { return };
        if link.connection.state() == State::Gone {
            assert_eq!(link.os.leftovers(), [] as [&Undo; 0], "link {n} of side {side}");
            let cause = link.connection.cause().cloned().unwrap();
            let Side { above, links, lanes, closing, .. } = &mut self.sides[side];
            links[n] = None;
            let Some(lane) = lanes[n] else { return };
            if let Some(at) = closing.iter().position(|(l, _)| *l == lane) {
                let (_, step) = closing.remove(at);
                above.connection.handle_undone(self.now, step, Ok(()));
            }
            above.connection.leave(self.now, lane, &cause);
            self.drain_above(side);
        }
    }

    /// Hangs a link up as its owner does: what is above gives it nothing more, and then lets it go.
    fn hang_up(&mut self, side: usize, n: usize) {
        let lane = self.sides[side].lanes[n].unwrap();
        self.sides[side].above.connection.retire(lane);
        self.drain();
        self.events.push_back((side, Event::End(n, Cause::hung_up(), false)));
    }

    fn run_until(&mut self, mut until: impl FnMut(&Self) -> bool) {
        let end = self.now + Duration::from_secs(600);
        while !until(self) {
            assert!(self.step(), "the world stands still");
            assert!(self.now < end, "ten minutes have passed");
        }
    }

    fn state(&self, side: usize) -> State {
        self.sides[side].above.connection.state()
    }

    fn is_up(&self) -> bool {
        SIDES.iter().all(|side| self.state(*side) == State::Connected)
            && self.sides.iter().all(|side| {
                side.links.iter().flatten().all(|l| l.connection.state() == State::Connected)
            })
    }

    fn is_over(&self) -> bool {
        let gone = |end: &End| end.connection.state() == State::Gone;
        // The answering end has nothing above its calls when none was ever proven.
        let answerer =
            self.state(ANSWERER) == State::Opening || self.state(ANSWERER) == State::Gone;
        gone(&self.sides[CALLER].above)
            && answerer
            && self.sides.iter().all(|side| side.links.iter().all(Option::is_none))
    }

    /// Sends packets from one end to the other, and gives how many came, in order and as they were.
    fn exchange(&mut self, packets: u32) -> usize {
        let before = self.sides[ANSWERER].packets.len();
        for number in 0..packets {
            let mut packet = vec![0x45; 1000];
            packet[20..24].copy_from_slice(&number.to_be_bytes());
            self.sides[CALLER].above.connection.handle_packet(self.now, &packet);
            self.drain();
            while !self.events.is_empty() {
                self.step();
            }
        }
        let came = &self.sides[ANSWERER].packets[before..];
        for pair in came.windows(2) {
            assert!(pair[0][20..24] < pair[1][20..24], "in order, and none twice");
        }
        assert!(came.iter().all(|packet| packet.len() == 1000));
        came.len()
    }
}

#[test]
fn two_links_carry_one_connection_and_packets_arrive_whole_and_in_order() {
    let mut world = World::dial();
    world.run_until(World::is_up);
    assert_eq!(world.exchange(66), 66, "64 KiB and more");
    let caller = &world.sides[CALLER];
    for link in caller.links.iter().flatten() {
        assert!(link.connection.traffic().bytes_out > 30_000, "both links carry");
        assert_eq!(link.states.last(), Some(&RasState::SubEntryConnected));
    }
    let states = &caller.above.states;
    assert_eq!(states.iter().filter(|s| **s == RasState::Connected).count(), 1);
    assert!(!states.contains(&RasState::Authenticate), "each link tells that by itself");
}

#[test]
fn a_link_that_goes_leaves_the_other_and_the_last_one_takes_all() {
    let mut world = World::dial();
    world.run_until(World::is_up);
    world.events.push_back((CALLER, Event::End(0, Cause::hung_up(), false)));
    world.run_until(|w| w.sides.iter().all(|side| side.links[0].is_none()));
    assert_eq!([world.state(CALLER), world.state(ANSWERER)], [State::Connected; 2]);
    assert_eq!(world.exchange(20), 20);
    world.events.push_back((CALLER, Event::End(1, Cause::hung_up(), false)));
    world.run_until(World::is_over);
    assert_eq!(world.sides[CALLER].above.os.leftovers(), [] as [&Undo; 0]);
    assert_eq!(world.sides[ANSWERER].above.os.leftovers(), [] as [&Undo; 0]);
}

#[test]
fn a_wire_that_is_cut_is_given_up_and_traffic_goes_on() {
    let mut world = World::dial();
    world.run_until(World::is_up);
    assert_eq!(world.exchange(10), 10);
    world.dead[1] = true;
    assert!(world.exchange(10) < 10, "what was on its way over it is lost");
    world.events.push_back((CALLER, Event::LaneEnds(1)));
    world.events.push_back((ANSWERER, Event::LaneEnds(1)));
    world.run_until(|w| w.sides.iter().all(|side| side.links[1].is_none()));
    assert_eq!(world.exchange(10), 10);
    assert_eq!([world.state(CALLER), world.state(ANSWERER)], [State::Connected; 2]);
}

#[test]
fn a_hang_up_at_any_step_leaves_nothing_behind() {
    for steps in 0.. {
        let mut world = World::dial();
        for _ in 0..steps {
            world.step();
        }
        let was_up = world.is_up();
        world.sides[CALLER].above.connection.hang_up(world.now, Cause::hung_up());
        let began = world.now;
        world.drain();
        world.run_until(|w| w.state(CALLER) == State::Gone);
        assert!(world.sides[CALLER].links.iter().all(Option::is_none), "after {steps} steps");
        assert!(world.now.since(began) <= Duration::from_secs(4), "after {steps} steps");
        assert_eq!(world.sides[CALLER].above.os.leftovers(), [] as [&Undo; 0], "after {steps}");
        world.run_until(World::is_over);
        assert_eq!(world.sides[ANSWERER].above.os.leftovers(), [] as [&Undo; 0], "after {steps}");
        if was_up {
            assert!(steps > 30, "a dial of two links has more steps than {steps}");
            return;
        }
    }
}

#[test]
fn the_loss_of_a_link_at_any_step_does_not_end_the_dial() {
    for steps in 0.. {
        let mut world = World::dial();
        for _ in 0..steps {
            world.step();
        }
        let was_up = world.is_up();
        world.events.push_back((CALLER, Event::End(1, Cause::hung_up(), true)));
        world.run_until(|w| w.sides[CALLER].links[1].is_none());
        world.run_until(|w| SIDES.iter().all(|side| w.state(*side) == State::Connected));
        world.run_until(|w| w.sides[ANSWERER].links[1].is_none());
        assert_eq!(world.exchange(5), 5, "after {steps} steps");
        if was_up {
            return;
        }
    }
}

#[test]
fn a_link_that_is_hung_up_in_the_midst_of_traffic_takes_nothing_with_it() {
    const PACKETS: u32 = 90;
    for who in SIDES {
        for events_between in [1, 3, 7] {
            let mut world = World::dial();
            world.run_until(World::is_up);
            let passed = |world: &World| {
                let traffic = |link: &End| link.connection.traffic().packets_in;
                world.sides.iter().map(|s| s.links[0].as_ref().map_or(0, traffic)).sum::<u64>()
            };
            let mut before = 0;
            for number in 0..PACKETS {
                for side in SIDES {
                    let mut packet = vec![0x45; 1000];
                    packet[20..24].copy_from_slice(&number.to_be_bytes());
                    world.sides[side].above.connection.handle_packet(world.now, &packet);
                }
                world.drain();
                // Much is under way all the time.
                for _ in 0..events_between.min(world.events.len()) {
                    world.step();
                }
                if number == PACKETS / 3 {
                    before = passed(&world);
                    world.hang_up(who, 0);
                }
            }
            world.run_until(|w| w.sides.iter().all(|side| side.links[0].is_none()));
            while !world.events.is_empty() {
                world.step();
            }
            assert!(before > 0, "the link had carried something");
            for side in SIDES {
                let came: Vec<_> = world.sides[side]
                    .packets
                    .iter()
                    .map(|p| u32::from_be_bytes(p[20..24].try_into().unwrap()))
                    .collect();
                assert_eq!(came, (0..PACKETS).collect::<Vec<_>>(), "at {side}, ended by {who}");
            }
            assert_eq!([world.state(CALLER), world.state(ANSWERER)], [State::Connected; 2]);
        }
    }
}
