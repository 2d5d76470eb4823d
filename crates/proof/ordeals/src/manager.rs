//! The manager under programs of several users and connections that end as they like: handles are never
//! given twice, an invalid one stays invalid, references are counted, what is told briefly is what is told at
//! length, a list of one edition stays the same, and it comes to rest.

use std::collections::{BTreeMap, BTreeSet};

use onhook_base::{Duration, Instant, Secret};
use onhook_connection::PlanAbilities;
use onhook_manager::{Caller, Command, Ended, Manager, ManagerTerms};
use onhook_model::{
    Cause, ConnectionStatus, Credentials, DialOptions, DialRequest, Entry, Handle,
    ListedConnection, RasCode, Sharing, Traffic,
};

use crate::input::{Input, START};

const MOST: usize = 16;

fn request(kind: u8) -> DialRequest {
    let mut entry = Entry::for_number("vpn.example.net", "sstp");
    entry.name = ["office", "home", ".number"][usize::from(kind) % 3].to_owned();
    entry.sharing = [None, Some(Sharing::Seen), Some(Sharing::HungUp)][usize::from(kind >> 2) % 3];
    DialRequest {
        entry,
        options: DialOptions {
            by_number: kind & 64 != 0,
            ends_with_program: kind & 32 != 0,
            ..DialOptions::default()
        },
    }
}

fn caller(kind: u8) -> Caller {
    match kind % 4 {
        0 => Caller::ROOT,
        user => Caller {
            operator: kind & 64 != 0,
            ..Caller::of(1000 + u32::from(user), u64::from(kind))
        },
    }
}

/// The manager, and what must hold of what it has said.
struct World {
    manager: Manager,
    now: Instant,
    given: Vec<Handle>,
    gone: BTreeSet<Handle>,
    /// Connections that are driven by somebody, and whether they were told to end.
    driven: BTreeMap<Handle, bool>,
    /// The edition that was looked at last, and what the callers saw.
    edition: (u64, Vec<Vec<ListedConnection>>),
}

impl World {
    fn dial(&mut self, who: Caller, kind: u8) {
        let credentials = Credentials {
            user: "alice".to_owned(),
            password: Secret::new("wonderland1".to_owned()),
            domain: String::new(),
            tunnel_secret: None,
            certificate: None,
        };
        let dialed = self.manager.dial(self.now, 0, who, &request(kind), &credentials);
        if let Ok(dialed) = dialed {
            assert!(!self.gone.contains(&dialed.handle), "a handle that is gone is given again");
            assert_eq!(dialed.already, self.given.contains(&dialed.handle));
            if !dialed.already {
                self.given.push(dialed.handle);
            }
        }
    }

    /// A connection that is driven ends.
    fn end(&mut self, handle: Handle, cause: Cause) {
        if self.driven.remove(&handle).is_some() {
            let ended = Ended { cause, traffic: Traffic::default(), debts: Vec::new() };
            self.manager.ended(self.now, handle, ended);
        }
    }

    fn heed_commands(&mut self) {
        while let Some(command) = self.manager.poll_command() {
            match command {
                Command::Start { handle, .. } => {
                    assert!(self.driven.insert(handle, false).is_none(), "begun twice");
                }
                Command::Resume { handle, .. } => {
                    assert!(self.driven.contains_key(&handle), "nobody is paused there");
                }
                Command::Proceed { handle, .. } => {
                    assert!(self.driven.contains_key(&handle), "nobody waits to be heard there");
                }
                Command::HangUp { handle, .. } => {
                    let told = self.driven.get_mut(&handle);
                    let told = told.map(|told| std::mem::replace(told, true));
                    assert_ne!(told, Some(true), "told to end twice");
                }
            }
        }
        while self.manager.poll_event().is_some() {}
    }

    fn check(&mut self) {
        let listed = self.manager.list(self.now, Caller::ROOT);
        let known: BTreeSet<Handle> = listed.iter().map(|report| report.handle).collect();
        assert!(known.len() <= MOST);
        for handle in std::mem::take(&mut self.given) {
            let status = self.manager.status(self.now, Caller::ROOT, handle);
            let status = status.map(drop).map_err(|e| e.code);
            if known.contains(&handle) {
                assert!(status.is_ok() && !self.gone.contains(&handle), "it has come back");
                self.given.push(handle);
            } else {
                assert_eq!(status, Err(RasCode::INVALID_HANDLE));
                assert!(!self.driven.contains_key(&handle), "it is gone and still driven");
                self.gone.insert(handle);
            }
        }
        self.check_what_is_brief();
    }

    fn check_what_is_brief(&mut self) {
        let callers = [0, 1, 2, 3, 65].map(caller);
        let listed = callers.map(|who| {
            let brief = self.manager.listed(who);
            let brief: Vec<_> =
                brief.iter().map(|listed| ListedConnection::clone(listed)).collect();
            let at_length = self.manager.list(self.now, who);
            let at_length: Vec<_> = at_length.into_iter().map(ListedConnection::from).collect();
            assert_eq!(brief, at_length);
            for handle in &self.given {
                let at_length = self.manager.status(self.now, who, *handle);
                let brief = self.manager.brief_status(self.now, who, *handle);
                assert_eq!(brief, at_length.map(ConnectionStatus::from));
            }
            brief
        });
        let edition = (self.manager.edition(), listed.to_vec());
        assert!(edition.0 >= self.edition.0);
        assert!(edition.0 != self.edition.0 || edition == self.edition, "another of one edition");
        self.edition = edition;
    }
}

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let terms = ManagerTerms { connections: MOST, history: 8, ..ManagerTerms::default() };
    let mut world = World {
        manager: Manager::new(terms, PlanAbilities { interfaces: true }),
        now: START,
        given: Vec::new(),
        gone: BTreeSet::new(),
        driven: BTreeMap::new(),
        edition: (0, vec![Vec::new(); 5]),
    };
    let mut next = 1;
    while !input.is_empty() {
        if world.manager.needs_lease() {
            world.manager.lease(&(next..next + 1024));
            next += 1024;
        }
        let (deed, who) = (input.byte(), caller(input.byte()));
        let chosen = world.given.get(usize::from(deed >> 4)).copied();
        match (deed & 0x0f, chosen) {
            (0..=3, _) => world.dial(who, input.byte()),
            // Whether it may is another matter.
            (4..=8, Some(handle)) => drop(world.manager.hang_up(world.now, who, handle)),
            (9, Some(handle)) => world.end(handle, Cause::new(RasCode::PPP_TIMEOUT, "silence")),
            (10, Some(handle)) => world.end(handle, Cause::hung_up()),
            (11, _) => world.manager.session_closed(world.now, u64::from(input.byte())),
            (12, _) => world.now += Duration::from_millis(u64::from(input.byte()) * 1000),
            (13, _) => world.manager.step_aside(input.byte() & 1 == 1),
            (14, _) => world.manager.end_dialing(world.now),
            _ => world.manager.handle_timeout(world.now),
        }
        world.heed_commands();
        world.check();
    }
    world.manager.stop(world.now);
    while let Some(handle) = world.driven.keys().next().copied() {
        world.end(handle, Cause::manager_stops());
    }
    world.manager.handle_timeout(world.now + Duration::from_secs(60));
    let left = world.manager.list(world.now, Caller::ROOT);
    assert!(world.manager.is_idle(), "{left:?}");
    assert!(world.manager.history(Caller::ROOT).len() <= 8);
}
