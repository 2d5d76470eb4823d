//! The manager under programs of several users and connections that end as they like: handles are never
//! given twice, an invalid one stays invalid, references are counted, and it comes to rest.

use std::collections::{BTreeMap, BTreeSet};

use onhook_base::{Duration, Secret};
use onhook_connection::PlanAbilities;
use onhook_manager::{Caller, Command, Ended, Manager, ManagerTerms};
use onhook_model::{
    Cause, Credentials, DialOptions, DialRequest, Entry, Handle, RasCode, Sharing, Traffic,
};

use crate::input::{Input, START};

const MOST: usize = 16;

fn request(kind: u8) -> DialRequest {
    let mut entry = Entry::for_number("vpn.example.net", "sstp");
    entry.name = ["office", "home", ".number"][usize::from(kind) % 3].to_owned();
    entry.sharing = [None, Some(Sharing::Seen), Some(Sharing::HungUp)][usize::from(kind >> 2) % 3];
    DialRequest {
        entry,
        options: DialOptions { by_number: kind & 64 != 0, ..DialOptions::default() },
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

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let terms = ManagerTerms { connections: MOST, history: 8, ..ManagerTerms::default() };
    let mut manager = Manager::new(terms, PlanAbilities { interfaces: true });
    let credentials = Credentials {
        user: "alice".to_owned(),
        password: Secret::new("wonderland1".to_owned()),
        domain: String::new(),
    };
    let mut now = START;
    let (mut given, mut gone) = (Vec::<Handle>::new(), BTreeSet::new());
    // Connections that are driven by somebody, and whether they were told to end.
    let mut driven: BTreeMap<Handle, bool> = BTreeMap::new();
    let mut next = 1;
    while !input.is_empty() {
        if manager.needs_lease() {
            manager.lease(&(next..next + 1024));
            next += 1024;
        }
        let (deed, who) = (input.byte(), caller(input.byte()));
        let chosen = given.get(usize::from(deed >> 4)).copied();
        match deed & 0x0f {
            0..=3 => {
                let kind = input.byte();
                if let Ok(dialed) = manager.dial(now, 0, who, &request(kind), &credentials) {
                    assert!(!gone.contains(&dialed.handle), "a handle that is gone is given again");
                    assert_eq!(dialed.already, given.contains(&dialed.handle));
                    if !dialed.already {
                        given.push(dialed.handle);
                    }
                }
            }
            4..=8 => {
                if let Some(handle) = chosen {
                    // Whether it may is another matter.
                    drop(manager.hang_up(now, who, handle));
                }
            }
            9 | 10 => {
                if let Some(handle) = chosen.filter(|handle| driven.remove(handle).is_some()) {
                    let cause = match deed & 1 {
                        0 => Cause::hung_up(),
                        _ => Cause::new(RasCode::PPP_TIMEOUT, "silence"),
                    };
                    let traffic = Traffic::default();
                    manager.ended(now, handle, Ended { cause, traffic, debts: Vec::new() });
                }
            }
            11 => manager.session_closed(now, u64::from(input.byte())),
            12 => now += Duration::from_millis(u64::from(input.byte()) * 1000),
            13 => drop(manager.history(who)),
            _ => manager.handle_timeout(now),
        }
        while let Some(command) = manager.poll_command() {
            match command {
                Command::Start { handle, .. } => {
                    assert!(driven.insert(handle, false).is_none(), "begun twice");
                }
                Command::HangUp { handle, .. } => {
                    let told = driven.get_mut(&handle).map(|told| std::mem::replace(told, true));
                    assert_ne!(told, Some(true), "told to end twice");
                }
            }
        }
        while manager.poll_event().is_some() {}
        let known: BTreeSet<Handle> =
            manager.list(now, Caller::ROOT).iter().map(|report| report.handle).collect();
        assert!(known.len() <= MOST);
        for handle in &given {
            let status = manager.status(now, Caller::ROOT, *handle).map(drop).map_err(|e| e.code);
            match known.contains(handle) {
                true => assert!(status.is_ok() && !gone.contains(handle), "it has come back"),
                false => {
                    assert_eq!(status, Err(RasCode::INVALID_HANDLE));
                    assert!(!driven.contains_key(handle), "it is gone and still driven");
                    gone.insert(*handle);
                }
            }
        }
        given.retain(|handle| !gone.contains(handle));
    }
    manager.stop(now);
    while let Some((handle, _)) = driven.pop_first() {
        let ended =
            Ended { cause: Cause::manager_stops(), traffic: Traffic::default(), debts: Vec::new() };
        manager.ended(now, handle, ended);
    }
    manager.handle_timeout(now + Duration::from_secs(60));
    assert!(manager.is_idle(), "{:?}", manager.list(now, Caller::ROOT));
    assert!(manager.history(Caller::ROOT).len() <= 8);
}
