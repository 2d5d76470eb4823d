//! The book of calls: who is there, who has proved nothing yet, and who gives way to whom.
//!
//! Anybody can open a connection and then say nothing, or talk without end and prove nothing. Such calls
//! are bounded in number, and the bound keeps nobody out: when one more comes, the oldest unproven call
//! of the address that has the most of them is ended. A caller who knows the password is through in the
//! time of a few round trips; who floods pushes out his own.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use onhook_base::Prefix;
use onhook_engine::{SharedTraffic, Stop};
use onhook_model::{Cause, RasCode, Traffic};
use tokio::sync::oneshot;

use crate::radius::AccountTerms;

/// Where a caller calls from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A socket address.
    Address(SocketAddr),
    /// A station on an Ethernet, by its address.
    Station([u8; 6]),
    /// A serial line, by the port that it ends at here.
    Line(String),
}

impl Origin {
    /// The socket address, where there is one.
    pub const fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Station(_) | Self::Line(_) => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Station([a, b, c, d, e, g]) => {
                write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
            }
            Self::Line(port) => f.write_str(port),
        }
    }
}

impl From<SocketAddr> for Origin {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address)
    }
}

/// A call that is up or coming up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its number, never given twice.
    pub call: u64,
    /// Where the caller calls from.
    pub from: Origin,
    /// The name that it proved, once it has.
    pub user: Option<String>,
    /// The address that it was given.
    pub address: Option<Ipv4Addr>,
    /// The bundle that it is a link of; its address is the bundle's then.
    pub bundle: Option<u64>,
    /// The IPv6 prefix that it was given.
    pub prefix: Option<Prefix>,
    /// Packets pass.
    pub connected: bool,
    /// By which link: `sstp`, `l2tp` and so on.
    pub link: &'static str,
    /// When it came.
    pub since: SystemTime,
}

#[derive(Debug)]
struct Live {
    session: Session,
    /// TLS stands: people may hear of the call.
    told: bool,
    /// How it is accounted, once its caller is let in.
    account: Option<AccountTerms>,
    /// What has passed; counted once the call is answered.
    traffic: Option<Arc<SharedTraffic>>,
    stop: Option<oneshot::Sender<Stop>>,
}

/// How many calls there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallLimits {
    /// Calls whose caller has proved who it is; no further ones are taken then.
    pub(crate) proven: usize,
    /// Calls whose caller has not; an old one gives way to a new one then.
    pub(crate) unproven: usize,
}

/// Everything that is known of the calls that are there.
#[derive(Debug)]
pub(crate) struct Calls {
    limits: CallLimits,
    book: HashMap<u64, Live>,
    proven: usize,
    unproven: usize,
    /// Unproven calls of each party, oldest first. What shares 64 bits of IPv6 counts as one.
    of_party: HashMap<Origin, BTreeSet<u64>>,
    /// What bundles have been given.
    bundles: HashMap<u64, Ipv4Addr>,
    /// Calls that people heard of, and that have ended since somebody asked; the oldest are forgotten.
    ended: VecDeque<Session>,
}

/// Ended calls that wait to be asked for.
const MOST_ENDED: usize = 1024;

impl Calls {
    pub(crate) fn new(limits: CallLimits) -> Self {
        Self {
            limits,
            book: HashMap::new(),
            proven: 0,
            unproven: 0,
            of_party: HashMap::new(),
            bundles: HashMap::new(),
            ended: VecDeque::new(),
        }
    }

    /// A call comes. What is given back resolves when it is to end; `None`: it cannot be taken.
    pub(crate) fn begin(&mut self, call: u64, from: Origin) -> Option<oneshot::Receiver<Stop>> {
        // Calls that were pushed out have still to go; their number is bounded too.
        let most = self.limits.proven.saturating_add(self.limits.unproven.saturating_mul(2));
        if self.proven >= self.limits.proven || self.book.len() >= most {
            return None;
        }
        let (stop, stopping) = oneshot::channel();
        let party = party(&from);
        let session = Session {
            call,
            from,
            user: None,
            address: None,
            prefix: None,
            bundle: None,
            connected: false,
            link: "",
            since: SystemTime::now(),
        };
        self.book.insert(
            call,
            Live { session, told: false, account: None, traffic: None, stop: Some(stop) },
        );
        self.unproven += 1;
        self.of_party.entry(party).or_default().insert(call);
        if self.unproven > self.limits.unproven {
            self.push_one_out();
        }
        Some(stopping)
    }

    fn push_one_out(&mut self) {
        let crowd = self.of_party.values().max_by_key(|calls| calls.len());
        let Some(oldest) = crowd.and_then(|calls| calls.first().copied()) else { return };
        self.leave_the_unproven(oldest);
        let text = "it gave way to others: its caller had not proved who it is";
        self.stop(oldest, Stop::AtOnce(Cause::new(RasCode::BUSY, text)));
    }

    fn leave_the_unproven(&mut self, call: u64) {
        let Some(live) = self.book.get(&call) else { return };
        let party = party(&live.session.from);
        let Some(calls) = self.of_party.get_mut(&party) else { return };
        if calls.remove(&call) {
            self.unproven -= 1;
        }
        if calls.is_empty() {
            self.of_party.remove(&party);
        }
    }

    /// The lane stands, and PPP begins over this link.
    pub(crate) fn tell(&mut self, call: u64, link: &'static str) {
        if let Some(live) = self.book.get_mut(&call) {
            live.told = true;
            live.session.link = link;
        }
    }

    /// Where the traffic of a call is counted.
    pub(crate) fn count_traffic(&mut self, call: u64, traffic: Arc<SharedTraffic>) {
        if let Some(live) = self.book.get_mut(&call) {
            live.traffic = Some(traffic);
        }
    }

    /// Where the traffic of a call is counted.
    pub(crate) fn counted(&self, call: u64) -> Option<Arc<SharedTraffic>> {
        self.book.get(&call)?.traffic.clone()
    }

    /// How a call is to be accounted.
    pub(crate) fn keep_account(&mut self, call: u64, terms: Option<AccountTerms>) {
        if let Some(live) = self.book.get_mut(&call) {
            // A caller that proves itself again goes on with the account that it has.
            live.account = live.account.take().or(terms);
        }
    }

    /// How a call is accounted.
    pub(crate) fn account(&self, call: u64) -> Option<&AccountTerms> {
        self.book.get(&call)?.account.as_ref()
    }

    /// How many other calls a user has, whichever domain is put before the name, and however it is
    /// spelled: a file of users and most RADIUS servers know one user by all of these.
    pub(crate) fn count_of_user(&self, name: &str, but: u64) -> usize {
        let plain =
            |name: &str| name.rsplit_once('\\').map_or(name, |(_, bare)| bare).to_lowercase();
        let name = plain(name);
        let others = self.book.values().filter(|live| live.session.call != but);
        others.filter(|live| live.session.user.as_deref().is_some_and(|u| plain(u) == name)).count()
    }

    /// The session of a call.
    pub(crate) fn get(&mut self, call: u64) -> Option<&mut Session> {
        self.book.get_mut(&call).map(|live| &mut live.session)
    }

    /// The caller has proved who it is, and has an address.
    pub(crate) fn prove(&mut self, call: u64, user: String, address: Ipv4Addr) {
        self.leave_the_unproven(call);
        let Some(live) = self.book.get_mut(&call) else { return };
        if live.session.user.replace(user).is_none() {
            self.proven += 1;
        }
        live.session.address = Some(address);
    }

    /// A call has become a link of a bundle. What is given back is an address that nobody has any more:
    /// the call uses that of the bundle, which begins with its first call's.
    pub(crate) fn bundle(&mut self, call: u64, bundle: u64, first: bool) -> Option<Ipv4Addr> {
        let session = &mut self.book.get_mut(&call)?.session;
        session.bundle = Some(bundle);
        let own = session.address?;
        if first {
            self.bundles.insert(bundle, own);
            return None;
        }
        session.address = self.bundles.get(&bundle).copied();
        (session.address != Some(own)).then_some(own)
    }

    /// Nothing is left of a bundle; the address that it had.
    pub(crate) fn disperse(&mut self, bundle: u64) -> Option<Ipv4Addr> {
        self.bundles.remove(&bundle)
    }

    /// Nothing is left of the call.
    pub(crate) fn end(&mut self, call: u64) -> Option<Session> {
        self.leave_the_unproven(call);
        let live = self.book.remove(&call)?;
        if live.session.user.is_some() {
            self.proven -= 1;
        }
        if live.told {
            self.ended.truncate(MOST_ENDED - 1);
            self.ended.push_front(live.session.clone());
        }
        Some(live.session)
    }

    /// What has ended since this was asked last, in that order.
    pub(crate) fn take_ended(&mut self) -> Vec<Session> {
        std::mem::take(&mut self.ended).into_iter().rev().collect()
    }

    /// Tells a call to end; false when there is none of this number, or it was told before.
    pub(crate) fn stop(&mut self, call: u64, how: Stop) -> bool {
        let stop = self.book.get_mut(&call).and_then(|live| live.stop.take());
        // A call that has just ended needs no word.
        stop.is_some_and(|stop| stop.send(how).is_ok())
    }

    /// Tells every call to end.
    pub(crate) fn stop_all(&mut self, cause: &Cause) {
        for stop in self.book.values_mut().filter_map(|live| live.stop.take()) {
            // As above.
            drop(stop.send(Stop::Politely(cause.clone())));
        }
    }

    /// What has passed in a call so far.
    pub(crate) fn traffic(&self, call: u64) -> Traffic {
        let traffic = self.book.get(&call).and_then(|live| live.traffic.as_ref());
        traffic.map(|traffic| traffic.load()).unwrap_or_default()
    }

    /// Who is there, in the order of calling.
    pub(crate) fn sessions(&self) -> Vec<Session> {
        let told = self.book.values().filter(|live| live.told);
        let mut sessions: Vec<_> = told.map(|live| live.session.clone()).collect();
        sessions.sort_by_key(|session| session.call);
        sessions
    }
}

/// Whose calls are counted together: the port of an address does not count.
fn party(from: &Origin) -> Origin {
    let Origin::Address(from) = from else { return from.clone() };
    let address = match from.ip().to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address @ IpAddr::V4(_) => address,
    };
    Origin::Address(SocketAddr::new(address, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(last: u8) -> Origin {
        SocketAddr::from(([192, 0, 2, last], 4000)).into()
    }

    fn calls(proven: usize, unproven: usize) -> Calls {
        Calls::new(CallLimits { proven, unproven })
    }

    fn is_told(stopping: &mut oneshot::Receiver<Stop>) -> bool {
        stopping.try_recv().is_ok()
    }

    #[test]
    fn one_too_many_pushes_out_the_oldest_of_the_address_that_has_most() {
        let mut calls = calls(10, 4);
        let mut other = calls.begin(1, from(1)).unwrap();
        let mut crowd: Vec<_> = (2..=4).map(|call| calls.begin(call, from(2)).unwrap()).collect();
        let mut fifth = calls.begin(5, from(3)).unwrap();
        assert!(is_told(&mut crowd[0]), "the oldest of the crowd");
        assert!(!is_told(&mut other), "older, but alone at its address");
        assert!(!is_told(&mut crowd[1]) && !is_told(&mut crowd[2]) && !is_told(&mut fifth));
        assert!(calls.end(2).is_some());
        assert_eq!((calls.unproven, calls.book.len()), (4, 4));
    }

    #[test]
    fn who_has_proved_who_it_is_is_never_pushed_out() {
        let mut calls = calls(10, 1);
        let mut proven = calls.begin(1, from(1)).unwrap();
        calls.prove(1, "alice".to_owned(), Ipv4Addr::LOCALHOST);
        for call in 2..50 {
            calls.begin(call, from(1));
        }
        assert!(!is_told(&mut proven));
        assert_eq!(calls.proven, 1);
        assert_eq!(calls.end(1).unwrap().user.as_deref(), Some("alice"));
        assert_eq!(calls.proven, 0);
    }

    #[test]
    fn the_whole_is_bounded_even_while_those_pushed_out_say_goodbye() {
        let mut calls = calls(2, 10);
        let taken = (0..1000).filter(|call| calls.begin(*call, from(1)).is_some()).count();
        assert_eq!(taken, 22);
        for call in 0..1000 {
            calls.end(call);
        }
        assert_eq!((calls.unproven, calls.of_party.len(), calls.book.len()), (0, 0, 0));
    }

    #[test]
    fn no_more_are_taken_when_enough_are_proven() {
        let mut calls = calls(1, 10);
        let _stopping = calls.begin(1, from(1)).unwrap();
        calls.prove(1, "alice".to_owned(), Ipv4Addr::LOCALHOST);
        calls.prove(1, "alice".to_owned(), Ipv4Addr::LOCALHOST);
        assert!(calls.begin(2, from(2)).is_none());
        calls.end(1);
        assert!(calls.begin(3, from(2)).is_some());
    }

    #[test]
    fn a_user_is_counted_once_whatever_stands_before_the_name() {
        let mut calls = calls(10, 10);
        for (call, name) in [(1, "alice"), (2, "OFFICE\\alice"), (3, "Alice"), (4, "bob")] {
            let _stopping = calls.begin(call, from(1)).unwrap();
            calls.prove(call, name.to_owned(), Ipv4Addr::LOCALHOST);
        }
        assert_eq!(calls.count_of_user("HOME\\ALICE", 9), 3);
        assert_eq!(calls.count_of_user("alice", 1), 2, "its own does not count");
        assert_eq!(calls.count_of_user("carol", 9), 0);
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_count_as_one() {
        let at = |text: &str| party(&SocketAddr::new(text.parse().unwrap(), 1).into());
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:1"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }
}
