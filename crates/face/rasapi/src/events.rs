//! Events: `RasConnectionNotification`, and the event handles of Linux.
//!
//! An event is an eventfd with a number by which C knows it; a number that is none is refused. What is to be
//! told is heard on one thread for the whole process, which begins with the first registration.

use std::collections::{BTreeMap, HashSet};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use onhook_client::blocking::Events;
use onhook_model::{ConnectionEvent, EventKind, Handle, RasCode, RasState};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use crate::boundary::Refusal;
use crate::connections::{self, status_of};
use crate::host::{self, KeptEvent};
use crate::manager;

/// `WAIT_OBJECT_0`.
pub(crate) const SET: u32 = 0;
/// `WAIT_TIMEOUT`.
pub(crate) const TIMEOUT: u32 = 258;
/// `WAIT_FAILED`.
pub(crate) const FAILED: u32 = u32::MAX;
/// `INFINITE`.
const FOR_EVER: u32 = u32::MAX;

/// `RASCN_Connection`, `RASCN_Disconnection`, `RASCN_BandwidthAdded`, `RASCN_BandwidthRemoved`; the others are of
/// IKEv2 alone.
const CONNECTION: u32 = 0x1;
const DISCONNECTION: u32 = 0x2;
const BANDWIDTH_ADDED: u32 = 0x4;
const BANDWIDTH_REMOVED: u32 = 0x8;
const KNOWN: u32 = 0x7f;

/// The first number of an event: none that a connection has, and never null.
const FIRST: usize = 0x4556_0000;

struct Event {
    descriptor: OwnedFd,
    manual_reset: bool,
}

/// What a registration sets.
enum Target {
    /// One of the events of this room.
    Ours(usize),
    /// One of the program's own, which has a host.
    Hosted(KeptEvent),
}

struct Registration {
    event: Target,
    /// `None`: any connection.
    connection: Option<Handle>,
    flags: u32,
}

#[derive(Default)]
struct All {
    events: BTreeMap<usize, Arc<Event>>,
    given: usize,
    registrations: Vec<Registration>,
    is_heard: bool,
}

static ALL: Mutex<All> = Mutex::new(All {
    events: BTreeMap::new(),
    given: 0,
    registrations: Vec::new(),
    is_heard: false,
});

fn all() -> MutexGuard<'static, All> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl All {
    fn set(&self, event: &Target) {
        match event {
            Target::Ours(number) => {
                self.events.get(number).into_iter().for_each(|event| event.set())
            }
            Target::Hosted(event) => event.set(),
        }
    }

    fn set_each(&self) {
        self.registrations.iter().for_each(|registration| self.set(&registration.event));
    }
}

fn event(number: usize) -> Option<Arc<Event>> {
    all().events.get(&number).cloned()
}

impl Event {
    fn set(&self) {
        // A counter that is full is set.
        rustix::io::write(&self.descriptor, &1_u64.to_ne_bytes()).ok();
    }

    /// Whether it was set, and is not any more.
    fn take(&self) -> bool {
        rustix::io::read(&self.descriptor, &mut [0; 8]).is_ok()
    }

    fn wait(&self, milliseconds: u32) -> u32 {
        let until = (milliseconds != FOR_EVER)
            .then(|| Instant::now() + Duration::from_millis(milliseconds.into()));
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            let mut set = [PollFd::new(&self.descriptor, PollFlags::IN)];
            match poll(&mut set, left.as_ref()) {
                Ok(0) => return TIMEOUT,
                // Another thread may have been faster.
                Ok(_) if self.manual_reset || self.take() => return SET,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return FAILED,
            }
        }
    }
}

/// A new event; `None` when there are no more descriptors.
pub(crate) fn create(manual_reset: bool, is_set: bool) -> Option<usize> {
    let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
    let descriptor = eventfd(u32::from(is_set), flags).ok()?;
    let mut all = all();
    // A number is not given again, so that one that is closed is no event for ever.
    let number = FIRST.checked_add(all.given.checked_mul(4)?)?;
    all.given += 1;
    all.events.insert(number, Arc::new(Event { descriptor, manual_reset }));
    Some(number)
}

/// Waits until it is set.
pub(crate) fn wait(number: usize, milliseconds: u32) -> u32 {
    event(number).map_or(FAILED, |event| event.wait(milliseconds))
}

/// Takes it back.
pub(crate) fn reset(number: usize) -> bool {
    event(number).is_some_and(|event| {
        event.take();
        true
    })
}

/// Ends it, and what it was to be set for.
pub(crate) fn close(number: usize) -> bool {
    let mut all = all();
    all.registrations.retain(|one| !matches!(one.event, Target::Ours(event) if event == number));
    all.events.remove(&number).is_some()
}

/// The descriptor to poll.
pub(crate) fn descriptor(number: usize) -> Option<i32> {
    event(number).map(|event| event.descriptor.as_fd().as_raw_fd())
}

/// `RasConnectionNotification`: the event is set whenever one of these happens, from now on.
pub(crate) fn register(connection: usize, event: usize, flags: u32) -> Result<(), Refusal> {
    if flags == 0 || flags & !KNOWN != 0 {
        return Err(Refusal(RasCode::INVALID_PARAMETER));
    }
    let connection = match connection {
        usize::MAX => None,
        number => Some(connections::handle(number)?),
    };
    let event = match host::get() {
        Some(host) => host.keep_event(event).map(Target::Hosted),
        None => all().events.contains_key(&event).then_some(Target::Ours(event)),
    };
    let event = event.ok_or(Refusal(RasCode::INVALID_HANDLE))?;
    listen()?;
    if let Some(handle) = connection {
        status_of(handle)?;
    }
    all().registrations.push(Registration { event, connection, flags });
    Ok(())
}

/// Begins to hear of what happens, if that is not so yet.
fn listen() -> Result<(), Refusal> {
    // Held until it is heard, so that of two that register at once the second does not return too early.
    let mut all = all();
    if all.is_heard {
        return Ok(());
    }
    let events = manager::tell(|ras| ras.watch(None))?;
    host::begin_thread("ras events", || hear(events))?;
    all.is_heard = true;
    Ok(())
}

fn hear(mut events: Events) {
    let mut down = HashSet::new();
    loop {
        while let Some(Ok(event)) = events.next() {
            tell(&event, &mut down);
        }
        // The manager has ended, and with it everything that it had.
        all().set_each();
        match manager::tell(|ras| ras.watch(None)) {
            Ok(anew) => events = anew,
            Err(_) => break,
        }
    }
    all().is_heard = false;
}

/// What has happened, as the flags of a registration; `down` holds what has ended and is still kept.
fn flags_of(event: &ConnectionEvent, down: &mut HashSet<Handle>) -> u32 {
    let Some(handle) = event.handle else { return 0 };
    match &event.kind {
        EventKind::State(report) => match report.state {
            RasState::Connected if report.error.is_success() => CONNECTION,
            RasState::Disconnected if down.insert(handle) => DISCONNECTION,
            RasState::SubEntryConnected => BANDWIDTH_ADDED,
            RasState::SubEntryDisconnected => BANDWIDTH_REMOVED,
            _ => 0,
        },
        // It may come back, under the same handle.
        EventKind::Lost { .. } => DISCONNECTION,
        EventKind::Gone { .. } if !down.remove(&handle) => DISCONNECTION,
        EventKind::Gone { .. } | EventKind::Missed { .. } => 0,
    }
}

fn tell(event: &ConnectionEvent, down: &mut HashSet<Handle>) {
    let happened = flags_of(event, down);
    let is_gone = matches!(event.kind, EventKind::Gone { .. });
    let mut all = all();
    if let EventKind::Missed { .. } = event.kind {
        // Anything may have happened.
        all.set_each();
        return;
    }
    for registration in &all.registrations {
        let concerns = match registration.connection {
            None => true,
            // That one is connected its own caller knows.
            Some(handle) => event.handle == Some(handle) && happened != CONNECTION,
        };
        if concerns && registration.flags & happened != 0 {
            all.set(&registration.event);
        }
    }
    if is_gone {
        all.registrations.retain(|r| r.connection.is_none() || r.connection != event.handle);
    }
}
