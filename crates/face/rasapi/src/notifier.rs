//! A program's notification functions: called in order, on a thread of this library's, never after the
//! hang-up.
//!
//! A dial is held while its function runs: the manager goes no further than what was heard. `RasHangUp` for
//! a handle of this process waits for the function if it runs just then (a second at most, for a program may
//! hold a lock that its function waits for), and none is begun afterwards. From within the function it takes
//! effect when the function has returned.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use onhook_client::blocking::{Connection, Events};
use onhook_model::{
    ConnectionEvent, ConnectionReport, EventKind, Handle, RasCode, RasState, StateReport,
};

use crate::boundary::Refusal;
use crate::connections::{is_ending, number};
use crate::host::{self, Host, Notification};
use crate::manager;

/// `WM_RASDIALEVENT`, the message of every notification.
const MESSAGE: u32 = 0xcccd;
/// How long a hang-up waits for a function that runs.
const PATIENCE: Duration = Duration::from_secs(1);

/// `RasDialFunc`: message, state, error.
pub(crate) type Func = unsafe extern "C" fn(u32, u32, u32);
/// `RasDialFunc1`: handle, message, state, error, extended error.
pub(crate) type Func1 = unsafe extern "C" fn(usize, u32, u32, u32, u32);
/// `RasDialFunc2`: callback id, link, handle, message, state, error, extended error; zero asks for no more.
pub(crate) type Func2 = unsafe extern "C" fn(usize, u32, usize, u32, u32, u32, u32) -> u32;

/// What a program wants to be called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Notifier {
    Func(Func),
    Func1(Func1),
    Func2 {
        func: Func2,
        callback_id: usize,
    },
    /// Of a program of another kind: its host calls it.
    Hosted {
        host: &'static Host,
        notifier_type: u32,
        notifier: usize,
        callback_id: usize,
    },
}

impl Notifier {
    /// Calls it; whether it wants to be called again.
    fn call(self, handle: Handle, subentry: u32, state: RasState, error: RasCode) -> bool {
        let (handle, state, error) = (number(handle), state.value(), error.number());
        // The extended error is told with numbers only that no dial of ours ends with.
        // SAFETY: the program passed the function to be called so, for as long as its dial lasts.
        unsafe {
            match self {
                Self::Func(func) => func(MESSAGE, state, error),
                Self::Func1(func) => func(handle, MESSAGE, state, error, 0),
                Self::Func2 { func, callback_id } => {
                    return func(callback_id, subentry, handle, MESSAGE, state, error, 0) != 0;
                }
                Self::Hosted { host, notifier_type, notifier, callback_id } => {
                    return host.notify(&Notification {
                        notifier_type,
                        notifier,
                        callback_id,
                        subentry,
                        handle,
                        message: MESSAGE,
                        state,
                        error,
                        extended_error: 0,
                    });
                }
            }
        }
        true
    }
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread runs a notification function just now.
pub(crate) fn is_inside() -> bool {
    INSIDE.get()
}

/// A dial of this process that has not been hung up.
struct Dial {
    handle: Handle,
    gate: Mutex<Gate>,
    changed: Condvar,
}

#[derive(Default)]
struct Gate {
    /// No function is called any more.
    silent: bool,
    /// Where it runs just now.
    running: Option<ThreadId>,
    /// It hung up, which takes effect when it has returned.
    hang_up: bool,
    /// The talk of a dial that has failed: as long as it lasts, the failed connection is kept.
    kept: Option<Box<dyn Send>>,
}

static DIALS: Mutex<Option<HashMap<Handle, Arc<Dial>>>> = Mutex::new(None);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn find(handle: Handle) -> Option<Arc<Dial>> {
    lock(&DIALS).as_ref()?.get(&handle).cloned()
}

/// Whether this process has dialed it, and may still be told of it.
pub(crate) fn is_ours(handle: Handle) -> bool {
    find(handle).is_some()
}

fn forget(handle: Handle) -> Option<Arc<Dial>> {
    lock(&DIALS).as_mut()?.remove(&handle)
}

fn register(handle: Handle) -> Arc<Dial> {
    let dial = Arc::new(Dial { handle, gate: Mutex::default(), changed: Condvar::new() });
    lock(&DIALS).get_or_insert_default().insert(handle, dial.clone());
    dial
}

/// A hang-up from within the function of this very dial: it is done when the function has returned. `false`
/// from anywhere else.
///
/// # Errors
/// 668 the second time.
pub(crate) fn hang_up_later(handle: Handle) -> Result<bool, Refusal> {
    let Some(dial) = find(handle).filter(|_| is_inside()) else { return Ok(false) };
    let mut gate = lock(&dial.gate);
    if gate.running != Some(std::thread::current().id()) {
        return Ok(false);
    }
    if gate.hang_up {
        return Err(Refusal(RasCode::NO_CONNECTION));
    }
    gate.hang_up = true;
    Ok(true)
}

/// No function is called for this dial any more; one that runs is waited for.
pub(crate) fn silence(handle: Handle) {
    let Some(dial) = forget(handle) else { return };
    let mut gate = lock(&dial.gate);
    gate.silent = true;
    gate.kept = None;
    let runs_elsewhere =
        |gate: &mut Gate| gate.running.is_some_and(|thread| thread != std::thread::current().id());
    drop(dial.changed.wait_timeout_while(gate, PATIENCE, runs_elsewhere));
}

/// How a dial went that nobody wanted to be told of: when it is up, or why it failed.
///
/// # Errors
/// Why it failed; the handle is then to be hung up all the same.
pub(crate) fn wait(mut connection: Connection) -> Result<ConnectionReport, Refusal> {
    match connection.connected() {
        Ok(report) => Ok(report),
        Err(error) if error.code == RasCode::SERVICE_NOT_ACTIVE => {
            Err(Refusal(RasCode::RASMAN_SERVICE_STOPPED))
        }
        Err(error) => {
            // Kept until it is hung up, as long as this program runs.
            let dial = register(connection.handle());
            lock(&dial.gate).kept = Some(Box::new(connection));
            Err(Refusal(error.code))
        }
    }
}

/// The end of a dial, when this event is one: it is up, it has failed, or it is gone.
fn end_of(event: &ConnectionEvent) -> Option<StateReport> {
    match &event.kind {
        EventKind::State(report) if report.state == RasState::SubEntryDisconnected => None,
        EventKind::State(report) => {
            let ends = !report.error.is_success() || report.state.is_terminal();
            ends.then(|| report.clone())
        }
        EventKind::Gone { cause, .. } => {
            let error = if cause.is_wanted() { RasCode::SUCCESS } else { cause.code() };
            Some(StateReport { state: RasState::Disconnected, error, text: String::new() })
        }
        EventKind::Lost { .. } | EventKind::Missed { .. } => None,
    }
}

/// What is done when a dial is up, before its program hears of that.
pub(crate) type WhenUp = Box<dyn FnOnce() + Send>;

/// Calls the program's function for each state of a dial, on a thread of its own.
///
/// # Errors
/// 8 when there is no thread for it; the dial is then to be hung up.
pub(crate) fn follow(
    handle: Handle,
    events: Events,
    notifier: Notifier,
    when_up: WhenUp,
) -> Result<(), Refusal> {
    let dial = register(handle);
    let name = format!("ras {handle}");
    let follow = move || {
        let when_up = Some(when_up);
        Follower { dial, notifier, wants: true, heard: 0, when_up }.run(events);
    };
    host::begin_thread(&name, follow).inspect_err(|_| drop(forget(handle)))
}

struct Follower {
    dial: Arc<Dial>,
    notifier: Notifier,
    /// It has not asked for no more.
    wants: bool,
    heard: u64,
    when_up: Option<WhenUp>,
}

impl Follower {
    fn run(mut self, mut events: Events) {
        while let Some(event) = events.next() {
            let Ok(event) = event else { break };
            match &event.kind {
                EventKind::State(report) => self.hear(event.subentry, report),
                EventKind::Missed { events } => self.heard += events,
                EventKind::Lost { .. } | EventKind::Gone { .. } => {}
            }
            let Some(end) = end_of(&event) else { continue };
            if matches!(event.kind, EventKind::Gone { .. }) {
                self.notify(event.subentry, end.state, end.error);
                break;
            }
            if end.state == RasState::Connected && end.error.is_success() {
                break;
            }
            let mut gate = lock(&self.dial.gate);
            if !gate.silent {
                gate.kept = Some(Box::new(events));
            }
            return;
        }
        // It is up and belongs to the manager, or nothing is left of it.
        forget(self.dial.handle);
    }

    fn hear(&mut self, subentry: u32, report: &StateReport) {
        self.heard += 1;
        if report.state == RasState::Connected
            && report.error.is_success()
            && let Some(when_up) = self.when_up.take()
        {
            when_up();
        }
        self.notify(subentry, report.state, report.error);
        let states = if self.wants { self.heard } else { u64::MAX };
        // One that is gone by now needs no leave.
        manager::tell(|ras| ras.proceed(self.dial.handle, states)).ok();
    }

    fn notify(&mut self, subentry: u32, state: RasState, error: RasCode) {
        if !self.wants {
            return;
        }
        {
            let mut gate = lock(&self.dial.gate);
            if gate.silent {
                self.wants = false;
                return;
            }
            gate.running = Some(std::thread::current().id());
        }
        INSIDE.set(true);
        self.wants = self.notifier.call(self.dial.handle, subentry, state, error);
        INSIDE.set(false);
        let hang_up = {
            let mut gate = lock(&self.dial.gate);
            gate.running = None;
            let hang_up = std::mem::take(&mut gate.hang_up);
            gate.silent |= hang_up;
            hang_up
        };
        self.dial.changed.notify_all();
        if hang_up {
            self.wants = false;
            let handle = self.dial.handle;
            // Somebody else may have been faster.
            manager::tell(|ras| ras.hang_up(handle)).ok();
            if is_ending(handle) {
                forget(handle);
            }
        }
    }
}

/// Tells a program at once that its entry was connected already.
pub(crate) fn tell_connected(handle: Handle, notifier: Notifier) -> Result<(), Refusal> {
    let call = move || {
        INSIDE.set(true);
        notifier.call(handle, 1, RasState::Connected, RasCode::SUCCESS);
    };
    host::begin_thread(&format!("ras {handle}"), call)
}
