//! Links that come and go while a connection is up: with the traffic, and again when one was lost. What
//! stands above the links is the real machine at both ends; the links themselves are only said to be there.

use std::net::{Ipv4Addr, SocketAddr};

use onhook_base::{Duration, Instant, Secret, Seed};
use onhook_connection::{
    Admission, AnswerPlan, Connection, Discriminator, Joining, LinkPlan, LinkWish, OutletPlan,
    Plan, PlanAbilities, Request, SessionLimits, State, Times, TunPlan, admission_network, auth,
};
use onhook_effect::{Effect, LaneId, LaneSpec, Undo};
use onhook_model::{
    Cause, Credentials, DialMode, DialOptions, DialRequest, Encryption, Entry, FurtherLink,
    LoadShare, RasCode,
};
use onhook_ppp::MultilinkFacts;
use onhook_ppp::multilink::BundleTerms;
use onhook_sim::Pretend;

const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 2000);
const CALLER: usize = 0;
const SPEED: u32 = 64_000;
const SECOND: Duration = Duration::from_secs(1);
/// Octets of a packet: eight of them a second fill a link.
const PACKET: usize = 1_000;
const PAUSE: u64 = 10;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An entry of three links, of which each is this fast.
fn entry(mode: DialMode) -> Entry {
    let mut entry = Entry::for_number("", "tcp://192.0.2.1:2000");
    for _ in 0..2 {
        let port = "tcp://192.0.2.1:2000".to_owned();
        let device_type = entry.device_type;
        entry.further_links.push(FurtherLink { device_type, port, ..FurtherLink::default() });
    }
    entry.dial_mode = mode;
    entry.more_links = LoadShare { percent: 75, during: seconds(10) };
    entry.fewer_links = LoadShare { percent: 30, during: seconds(20) };
    entry.redial_pause = seconds(PAUSE);
    entry.redial_attempts = 2;
    entry
}

fn admission() -> Admission {
    let (ours, theirs) = (Ipv4Addr::new(10, 99, 0, 1), Ipv4Addr::new(10, 99, 0, 2));
    Admission {
        network: admission_network(ours, theirs, Vec::new(), true),
        outlet: OutletPlan::Tun(TunPlan::default()),
        limits: SessionLimits::default(),
        ipv6_prefix: None,
        callback: onhook_ppp::cbcp::CallbackOffer::None,
    }
}

/// The other end, which links have still to reach.
fn answerer() -> (Connection, Pretend) {
    let answer = Plan::for_answer(
        &AnswerPlan {
            callback: onhook_ppp::CallbackTerms::Refused,
            methods: vec![auth::Method::MsChapV2],
            eap: auth::EapTerms::default(),
            retries: 0,
            name: "answerer".to_owned(),
            times: Times::default(),
            echo: None,
            multilink: Some(Discriminator::local([9; 20])),
        },
        LinkPlan::LineAnswer,
    );
    let mut above = Connection::new(answer.above_calls(), Seed::from_number(2));
    above.gather();
    (above, Pretend::default())
}

/// Both ends, above their links.
struct Ends {
    now: Instant,
    ends: [(Connection, Pretend); 2],
    wishes: Vec<LinkWish>,
    speed: Option<u32>,
    bundles: bool,
    undone: Vec<LaneId>,
}

impl Ends {
    fn dial(entry: Entry) -> Self {
        let password = Secret::new(onhook_calls::PASSWORD.to_owned());
        let user = onhook_calls::USER.to_owned();
        let credentials = Credentials { user, password, ..Credentials::default() };
        let request = DialRequest { entry, options: DialOptions::default() };
        let abilities = PlanAbilities { interfaces: true };
        let plan = Plan::for_dial(&request, &credentials, abilities).unwrap();
        assert_eq!(plan.members.len(), 3);
        let connection = Connection::new(plan, Seed::from_number(1));
        let mut ends = Self {
            now: Instant::ORIGIN + seconds(1000),
            ends: [(connection, Pretend::default()), answerer()],
            wishes: Vec::new(),
            speed: Some(SPEED),
            bundles: true,
            undone: Vec::new(),
        };
        ends.ends[CALLER].0.dial(ends.now);
        ends.drain();
        ends
    }

    /// The same, with so many links up.
    fn up(entry: Entry, links: u8) -> Self {
        let mut ends = Self::dial(entry);
        (0..links).for_each(|lane| ends.join(lane));
        ends.run_for(SECOND);
        assert_eq!(ends.caller().state(), State::Connected);
        ends
    }

    fn caller(&mut self) -> &mut Connection {
        &mut self.ends[CALLER].0
    }

    /// A link is up.
    fn join(&mut self, lane: u8) {
        let terms = BundleTerms {
            send_form: onhook_ppp::multilink::SequenceForm::Long,
            receive_form: onhook_ppp::multilink::SequenceForm::Long,
            peer_mrru: 1500,
            mrru: 1500,
        };
        let facts = MultilinkFacts { bundle: terms, peer: Some(Discriminator::local([9; 20])) };
        for (end, (connection, _)) in self.ends.iter_mut().enumerate() {
            let joining = Joining {
                multilink: self.bundles.then_some(facts),
                mru: 1500,
                bits_per_second: self.speed,
                encrypted: false,
                keys: None,
                peer_name: None,
                authentication: None,
                line: None,
                server: None,
                admission: (end != CALLER).then(admission),
            };
            connection.join(self.now, Some(LaneId(lane)), joining).unwrap();
        }
        self.drain();
    }

    /// Nothing of a link is left.
    fn goes(&mut self, lane: u8, code: RasCode) {
        for (connection, _) in &mut self.ends {
            connection.leave(self.now, LaneId(lane), &Cause::new(code, "as told"));
        }
        self.drain();
    }

    /// The connection is dialed again where it says so; the answerer's is a new one.
    fn dial_again(&mut self) -> bool {
        if self.caller().state() != State::Gone {
            return false;
        }
        let Some(mut next) = self.caller().next_attempt(Seed::from_number(3)) else { return false };
        assert_eq!(self.ends[CALLER].1.leftovers(), [] as [&Undo; 0], "of what was lost");
        next.dial(self.now);
        *self.caller() = next;
        self.ends[1] = answerer();
        true
    }

    fn drain(&mut self) {
        let now = self.now;
        let mut moved = true;
        while std::mem::take(&mut moved) {
            moved = self.dial_again();
            for end in [0, 1] {
                let mut frames = Vec::new();
                let (connection, os) = &mut self.ends[end];
                let mut frame = Vec::new();
                while let Some(lane) = connection.poll_transmit(&mut frame) {
                    frames.push((lane, frame.clone()));
                }
                while let Some((step, request)) = connection.poll_request() {
                    moved = true;
                    match request {
                        Request::Do(Effect::OpenLane { spec: LaneSpec::Member, .. }) => {}
                        Request::Do(effect) => {
                            let result = os.apply(&effect, SERVER).unwrap();
                            connection.handle_outcome(now, step, result);
                        }
                        Request::Undo { undo: Undo::CloseLane { lane }, .. } => {
                            self.undone.extend((end == CALLER).then_some(lane));
                            connection.handle_undone(now, step, Ok(()));
                        }
                        Request::Undo { undo, hard } => {
                            let result = os.revert(&undo, hard).unwrap();
                            connection.handle_undone(now, step, result);
                        }
                    }
                }
                while let Some(wish) = connection.poll_link_wish() {
                    assert_eq!(end, CALLER, "who is called dials nobody");
                    self.wishes.push(wish);
                }
                moved |= !frames.is_empty();
                for (lane, frame) in frames {
                    self.ends[1 - end].0.handle_lane(now, lane, &frame, &mut |_| {});
                }
            }
        }
    }

    /// Time passes, and with it what is due.
    fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        let next = |ends: &Self| {
            ends.ends.iter().filter_map(|(c, _)| c.poll_timeout().map(|d| d.at)).min()
        };
        while let Some(at) = next(self).filter(|at| *at <= end) {
            self.now = self.now.max(at);
            for (connection, _) in &mut self.ends {
                connection.handle_timeout(self.now);
            }
            self.drain();
        }
        self.now = end;
    }

    /// So many packets pass in each of so many seconds; what was wished for meanwhile.
    fn load(&mut self, packets: u32, for_seconds: u64) -> Vec<LinkWish> {
        for _ in 0..for_seconds {
            for _ in 0..packets {
                let (now, packet) = (self.now, [0x45; PACKET]);
                self.caller().handle_packet(now, &packet);
                self.drain();
            }
            self.run_for(SECOND);
        }
        std::mem::take(&mut self.wishes)
    }
}

const fn dial(lane: u8) -> LinkWish {
    LinkWish::Dial(LaneId(lane))
}

const fn hang_up(lane: u8) -> LinkWish {
    LinkWish::HangUp(LaneId(lane))
}

#[test]
fn b138_links_are_dialed_and_hung_up_as_traffic_stays_above_and_below() {
    let mut ends = Ends::up(entry(DialMode::AsNeeded), 1);
    assert_eq!(ends.load(0, 100), [], "the last one stays, with no traffic at all");
    assert_eq!(ends.load(5, 100), [], "62 of 75 percent");
    assert_eq!(ends.load(7, 9), [], "87 percent, and not yet for long enough");
    assert_eq!(ends.load(5, 1), []);
    assert_eq!(ends.load(7, 9), [], "it counts from anew");
    assert_eq!(ends.load(7, 2), [dial(1)]);
    assert_eq!(ends.load(7, 60), [], "one after the other");
    ends.join(1);
    assert_eq!(ends.load(7, 60), [], "of two links that is little");
    assert_eq!(ends.load(13, 11), [dial(2)]);
    ends.join(2);
    assert_eq!(ends.load(24, 60), [], "there are no more");
    assert_eq!(ends.load(8, 60), [], "33 percent of three");
    assert_eq!(ends.load(7, 19), []);
    assert_eq!(ends.load(7, 2), [hang_up(2)], "29 percent of them");
    assert_eq!(ends.load(2, 60), [], "it has not gone yet");
    ends.goes(2, RasCode::USER_DISCONNECTION);
    assert_eq!(ends.load(2, 21), [hang_up(1)]);
    ends.goes(1, RasCode::USER_DISCONNECTION);
    assert_eq!(ends.load(0, 60), [], "one stays");
    assert_eq!(ends.load(8, 11), [dial(1)], "and it begins anew");
    assert_eq!(ends.caller().state(), State::Connected);
}

#[test]
fn b138_what_is_received_counts_as_what_is_sent_and_a_link_without_a_speed_as_a_megabit() {
    let mut ends = Ends::dial(entry(DialMode::AsNeeded));
    ends.speed = None;
    ends.join(0);
    ends.run_for(SECOND);
    let mut receive = |packets: u32, for_seconds: u64| {
        for _ in 0..for_seconds {
            for _ in 0..packets {
                let (now, packet) = (ends.now, [0x45; PACKET]);
                ends.ends[1].0.handle_packet(now, &packet);
                ends.drain();
            }
            ends.run_for(SECOND);
        }
        std::mem::take(&mut ends.wishes)
    };
    assert_eq!(receive(90, 30), [], "720 of 750 kbit/s");
    assert_eq!(receive(100, 11), [dial(1)]);
}

#[test]
fn b138_a_link_that_cannot_be_dialed_is_tried_again_after_a_pause() {
    let mut ends = Ends::up(entry(DialMode::AsNeeded), 1);
    assert_eq!(ends.load(8, 11), [dial(1)]);
    ends.load(8, 30);
    ends.goes(1, RasCode::LINE_BUSY);
    assert_eq!(ends.load(8, PAUSE - 1), []);
    assert_eq!(ends.load(8, 3), [dial(1)]);
    // A server that does not bundle is not asked for more.
    let mut ends = Ends::dial(entry(DialMode::AsNeeded));
    ends.bundles = false;
    ends.join(0);
    ends.run_for(SECOND);
    assert_eq!(ends.load(8, 60), []);
}

fn lost_and_dialed_again(mode: DialMode) -> Entry {
    Entry { redial_on_link_failure: true, ..entry(mode) }
}

#[test]
fn b168_a_lost_link_of_several_is_dialed_again_as_often_as_the_entry_says() {
    let mut ends = Ends::up(lost_and_dialed_again(DialMode::All), 3);
    ends.run_for(seconds(PAUSE));
    ends.goes(2, RasCode::REMOTE_DISCONNECTION);
    assert_eq!(ends.load(0, 1), [dial(2)], "it had held: at once");
    ends.join(2);
    ends.goes(2, RasCode::REMOTE_DISCONNECTION);
    assert_eq!(ends.load(0, PAUSE - 1), [], "it had not");
    assert_eq!(ends.load(0, 2), [dial(2)]);
    ends.goes(2, RasCode::LINE_BUSY);
    assert_eq!(ends.load(0, PAUSE + 1), [dial(2)]);
    ends.goes(2, RasCode::LINE_BUSY);
    assert_eq!(ends.load(0, PAUSE * 10), [], "once, and twice more");
    // Not what somebody wanted, nor a proof that was refused.
    ends.goes(1, RasCode::USER_DISCONNECTION);
    assert_eq!(ends.load(0, PAUSE * 10), []);
    let mut ends = Ends::up(lost_and_dialed_again(DialMode::All), 3);
    ends.goes(1, RasCode::AUTHENTICATION_FAILURE);
    assert_eq!(ends.load(0, PAUSE * 10), []);
    // Not without the entry's word.
    let mut ends = Ends::up(entry(DialMode::All), 3);
    ends.goes(1, RasCode::REMOTE_DISCONNECTION);
    assert_eq!(ends.load(0, PAUSE * 10), []);
}

#[test]
fn a_link_that_is_being_dialed_ends_with_the_connection() {
    // By a hang-up.
    let mut ends = Ends::up(entry(DialMode::AsNeeded), 1);
    assert_eq!(ends.load(8, 11), [dial(1)]);
    let now = ends.now;
    ends.caller().hang_up(now, Cause::hung_up());
    ends.drain();
    ends.run_for(seconds(5));
    assert_eq!(ends.caller().state(), State::Gone);
    assert!(ends.undone.contains(&LaneId(1)), "{:?}", ends.undone);
    assert_eq!(ends.ends[CALLER].1.leftovers(), [] as [&Undo; 0]);
    // By the loss of the only one that carries anything.
    let mut ends = Ends::up(entry(DialMode::AsNeeded), 1);
    assert_eq!(ends.load(8, 11), [dial(1)]);
    ends.goes(0, RasCode::REMOTE_DISCONNECTION);
    ends.run_for(seconds(5));
    assert_eq!(ends.caller().state(), State::Gone);
    assert!(ends.undone.contains(&LaneId(1)), "{:?}", ends.undone);
    assert_eq!((ends.wishes.len(), ends.caller().goes_on()), (0, false));
    assert_eq!(ends.ends[CALLER].1.leftovers(), [] as [&Undo; 0]);
}

#[test]
fn b168_with_the_last_of_its_links_the_connection_is_dialed_again() {
    for (mode, encryption) in [
        (DialMode::All, Encryption::None),
        (DialMode::All, Encryption::Optional),
        (DialMode::AsNeeded, Encryption::None),
    ] {
        let mut entry = lost_and_dialed_again(mode);
        entry.encryption = encryption;
        let links = if mode == DialMode::All { 3 } else { 1 };
        let mut ends = Ends::up(entry, links);
        ends.run_for(seconds(PAUSE));
        (0..links).for_each(|lane| ends.goes(lane, RasCode::LINK_FAILURE));
        let all: Vec<_> = (0..links).map(dial).collect();
        let first = if encryption == Encryption::None { &all[..] } else { &all[..1] };
        assert_eq!(std::mem::take(&mut ends.wishes), first, "{mode:?}: it had held, so at once");
        assert_eq!(ends.caller().state(), State::Opening);
        ends.join(0);
        assert_eq!(ends.wishes, all[first.len()..], "those that take the keys of the first");
        (1..links).for_each(|lane| ends.join(lane));
        ends.run_for(SECOND);
        assert_eq!(ends.caller().state(), State::Connected, "{mode:?}");
        // Lost early: it waits, and a hang-up ends that at once.
        (0..links).for_each(|lane| ends.goes(lane, RasCode::LINK_FAILURE));
        assert_eq!(ends.caller().lost().map(Cause::code), Some(RasCode::LINK_FAILURE));
        assert_eq!(ends.load(0, PAUSE - 2), if first.len() < all.len() { &all[1..] } else { &[] });
        let now = ends.now;
        ends.caller().hang_up(now, Cause::hung_up());
        assert_eq!((ends.caller().state(), ends.caller().goes_on()), (State::Gone, false));
        // Where no link can be dialed it is tried as often as the entry says.
        let mut ends = Ends::up(lost_and_dialed_again(mode), links);
        ends.run_for(seconds(PAUSE));
        (0..links).for_each(|lane| ends.goes(lane, RasCode::LINK_FAILURE));
        let mut dials = 0;
        while ends.caller().state() == State::Opening {
            let wishes = ends.load(0, PAUSE + 1);
            assert!(!wishes.is_empty() || dials == 0, "{mode:?}");
            dials += 1;
            (0..links).for_each(|lane| ends.goes(lane, RasCode::LINE_BUSY));
        }
        assert_eq!((dials, ends.caller().state()), (3, State::Gone), "once, and twice more");
    }
}
