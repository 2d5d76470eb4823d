//! What is going to happen in a world, drawn from one number, as a value that can be shortened.

use onhook_base::{Chance, Duration, Seed};
use onhook_connection::RedialTerms;
use onhook_ppp::auth::{EapMethod, Method};

use crate::fault::{Act, Fault, Place};
use crate::links::LINKS;
use crate::person::Person;

/// Users besides root: their numbers.
pub const USERS: [u32; 2] = [1000, 1001];
/// The number of the deed that an IPv6 address asks for when it is agreed after all others.
const LATE_DEED: u32 = 7;
/// Lives in one world at most.
const MOST_LIVES: u64 = 6;

/// Everything that was decided about a world before it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its number; drawn again, it gives the same script.
    pub seed: u64,
    /// The lives in it.
    pub lives: Vec<LifeScript>,
    /// When the manager is told to stop, if it is.
    pub stops_at: Option<Duration>,
}

/// One life: a program dials, something happens, somebody hangs up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifeScript {
    /// From this comes all chance of this life alone, so that leaving out another changes nothing here.
    pub salt: u64,
    /// Which of [`LINKS`].
    pub link: usize,
    /// When it is dialed.
    pub dials_at: Duration,
    /// When the program hangs up at the latest, or somebody in its place.
    pub ends_at: Duration,
    /// Whose program.
    pub user: u32,
    /// The phone-book entry, by number; `None` dials a number, which never joins another dial.
    pub entry: Option<u8>,
    /// Packets go to the user-space network, and not to an interface.
    pub userspace: bool,
    /// The proof that the server demands.
    pub method: Method,
    /// By which method of EAP, where it is EAP.
    pub eap: EapMethod,
    /// The password is wrong.
    pub wrong_password: bool,
    /// Who dialed.
    pub person: Person,
    /// Hang up when no packet has passed for this long.
    pub idle: Option<Duration>,
    /// How a line that was lost is dialed again, where it is.
    pub redial: Option<RedialTerms>,
    /// Time for hanging up.
    pub budget: Duration,
    /// One-way delay of the line.
    pub delay: Duration,
    /// How many messages of the server about IPv6 are left out, so that it comes late.
    pub late_ipv6: u8,
    /// How long this machine takes for each deed and undoing.
    pub os_delay: Duration,
    /// What goes wrong.
    pub mischief: Vec<Mischief>,
    /// What programs do.
    pub acts: Vec<(u32, Act)>,
}

/// One fault at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mischief {
    /// At which one of what its [`Place`] counts, from 0.
    pub at: u32,
    /// What.
    pub fault: Fault,
}

impl Script {
    /// The script of this number.
    pub fn draw(seed: u64) -> Self {
        let mut chance = Seed::from_number(seed).chance();
        let count = 1 + chance.below(MOST_LIVES);
        let lives = (0..count).map(|_| LifeScript::draw(&mut chance)).collect();
        let stops_at = one_in(&mut chance, 16).then(|| millis(&mut chance, 60_000));
        Self { seed, lives, stops_at }
    }
}

impl LifeScript {
    fn draw(chance: &mut Chance) -> Self {
        let dials_at = match one_in(chance, 3) {
            true => Duration::ZERO,
            false => millis(chance, 30_000),
        };
        let lasts = match chance.below(4) {
            0 => millis(chance, 3_000),
            1 => millis(chance, 20_000),
            2 => millis(chance, 90_000),
            _ => millis(chance, 300_000),
        };
        let methods = [
            Method::MsChapV2,
            Method::MsChapV2,
            Method::MsChapV2,
            Method::ChapMd5,
            Method::Pap,
            Method::Eap,
        ];
        let far = if one_in(chance, 6) { 900 } else { 80 };
        let mut life = Self {
            salt: chance.u64(),
            link: pick(chance, LINKS.len()),
            dials_at,
            ends_at: dials_at + lasts,
            user: USERS[pick(chance, USERS.len())],
            entry: (!one_in(chance, 3)).then(|| chance.below(3) as u8),
            userspace: one_in(chance, 3),
            method: methods[pick(chance, methods.len())],
            eap: EapMethod::MsChapV2,
            wrong_password: one_in(chance, 24),
            person: Person::NOBODY,
            idle: one_in(chance, 8).then(|| Duration::from_secs(5 + chance.below(60))),
            redial: None,
            budget: Duration::from_millis(if one_in(chance, 8) { 600 } else { 3_000 }),
            delay: Duration::from_millis(1 + chance.below(far)),
            late_ipv6: [0, 0, 0, 0, 4, 7][pick(chance, 6)],
            os_delay: Duration::from_millis([0, 0, 0, 3, 250, 400][pick(chance, 6)]),
            mischief: Vec::new(),
            acts: Vec::new(),
        };
        // Half of the lives have one fault, so that each is met alone; some have several.
        let faults = [0, 1, 1, 1, 1, 2, 3, 6][pick(chance, 8)];
        life.mischief = (0..faults).map(|_| Mischief::draw(chance)).collect();
        if life.late_ipv6 > 0 {
            life.make_its_late_deed_matter(chance);
        }
        life.break_the_line_of_a_bad_server(chance);
        let mut own = Seed::from_number(life.salt).derive("person").chance();
        life.person = Person::draw(&mut own);
        let of_eap = [EapMethod::Md5, EapMethod::MsChapV2, EapMethod::Tls, EapMethod::Peap];
        life.eap = of_eap[pick(&mut own, of_eap.len())];
        life.let_the_person_be_missed();
        life.let_the_line_be_lost();
        let acts = [0, 0, 1, 1, 2, 4][pick(chance, 6)];
        life.acts = (0..acts).map(|_| draw_act(chance)).collect();
        life
    }
}

impl LifeScript {
    /// Who waits for a person that never speaks is to wait to the end, in most lives: those whose program
    /// would hang up before show nothing of it.
    fn let_the_person_be_missed(&mut self) {
        let Person { is_there, is_away, has_old_password, thinks, .. } = self.person;
        if is_there && is_away && (has_old_password || self.wrong_password) {
            self.ends_at = self.ends_at + Duration::from_secs(100) + thinks;
            if has_old_password {
                self.method = Method::MsChapV2;
            }
        }
    }

    /// In a third of the lives a line that was lost is dialed again. A line that is lost when it is up, and a
    /// program that stays long enough: left to chance alone, hardly a life would see both.
    fn let_the_line_be_lost(&mut self) {
        let mut own = Seed::from_number(self.salt).derive("redial").chance();
        if !one_in(&mut own, 3) {
            return;
        }
        // Of some, a pause so long that many are hung up in it.
        let pause = if one_in(&mut own, 3) { 120 } else { 1 + own.below(20) };
        let pause = Duration::from_secs(pause);
        self.redial = Some(RedialTerms { attempts: own.below(4) as u32, pause });
        if !one_in(&mut own, 4) {
            // What kills a dial before it is up shows nothing of this.
            if !one_in(&mut own, 3) {
                self.mischief.clear();
                self.wrong_password = false;
            }
            let losses = [Fault::ServerHangsUp, Fault::Reset, Fault::HalfClose, Fault::ServerDies];
            let fault = losses[pick(&mut own, losses.len())];
            self.mischief.push(Mischief { at: 24 + own.below(40) as u32, fault });
            let stays = Duration::from_secs(own.below(120)) + pause * (own.below(6) as u32);
            self.ends_at += stays;
        }
    }

    /// A server that misbehaves at once, and a line that breaks before the caller has given it up.
    /// Left to chance alone, hardly a life would see both in the same few steps.
    fn break_the_line_of_a_bad_server(&mut self, chance: &mut Chance) {
        let misdeed = self.mischief.iter_mut().find(|m| m.fault.place() == Place::Message);
        if let Some(misdeed) = misdeed
            && one_in(chance, 6)
        {
            misdeed.at = chance.below(4) as u32;
            let at = chance.below(12) as u32;
            self.mischief.push(Mischief { at, fault: Fault::Reset });
        }
    }

    /// An IPv6 address that is agreed late is the one thing that is done when a connection is up
    /// already. Left to chance alone, too few lives would see something go wrong just then.
    fn make_its_late_deed_matter(&mut self, chance: &mut Chance) {
        self.userspace = false;
        self.os_delay = self.os_delay.max(Duration::from_millis(250));
        for mischief in self.mischief.iter_mut().filter(|m| m.fault.place() == Place::Deed) {
            if !one_in(chance, 3) {
                mischief.at = LATE_DEED;
            }
        }
    }
}

impl Mischief {
    fn draw(chance: &mut Chance) -> Self {
        let fault = Fault::ALL[pick(chance, Fault::ALL.len())];
        let bound = match fault.place() {
            Place::Line | Place::Server => 70,
            Place::Deed => 10,
            Place::Undoing | Place::AnswererDeed => 8,
            Place::Message => 24,
        };
        Self { at: soon_or_late(chance, bound), fault }
    }
}

fn draw_act(chance: &mut Chance) -> (u32, Act) {
    let act = Act::ALL[pick(chance, Act::ALL.len())];
    (soon_or_late(chance, 90), act)
}

/// Half of the numbers are among the first dozen: most states are passed early.
fn soon_or_late(chance: &mut Chance, bound: u64) -> u32 {
    let bound = if one_in(chance, 2) { bound.min(12) } else { bound };
    chance.below(bound) as u32
}

fn pick(chance: &mut Chance, of: usize) -> usize {
    chance.below(of as u64) as usize
}

fn one_in(chance: &mut Chance, of: u64) -> bool {
    chance.below(of) == 0
}

fn millis(chance: &mut Chance, below: u64) -> Duration {
    Duration::from_millis(chance.below(below))
}
