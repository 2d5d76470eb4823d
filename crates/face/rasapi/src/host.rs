//! Programs of another kind than this library's, such as those of Windows in Wine.
//!
//! Their functions are called otherwise, on threads that only their host can begin; their events, their
//! paths and the code page of their texts are the host's. It says once how all of this is done
//! (`onhook/host.h`), and from then on every thread on which that matters is begun by it.

use std::ffi::c_void;
use std::sync::OnceLock;

use onhook_model::RasCode;

use crate::boundary::Refusal;

/// What a thread of the host's is to do: called once, with what was handed over beside it.
pub(crate) type Work = unsafe extern "C" fn(*mut c_void);

/// `OnhookNotification`: one call of a program's notifier.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notification {
    /// The type and the notifier, as `RasDial` was given them.
    pub(crate) notifier_type: u32,
    pub(crate) notifier: usize,
    /// `dwCallbackId` of the parameters.
    pub(crate) callback_id: usize,
    /// The link, counted from 1.
    pub(crate) subentry: u32,
    pub(crate) handle: usize,
    pub(crate) message: u32,
    pub(crate) state: u32,
    pub(crate) error: u32,
    pub(crate) extended_error: u32,
}

/// `OnhookHost`: what a host does for its programs. All of it may be called from any thread that is the
/// host's own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Host {
    size: u32,
    begin_thread: unsafe extern "C" fn(Work, *mut c_void) -> i32,
    notify: unsafe extern "C" fn(*const Notification) -> u32,
    keep_event: unsafe extern "C" fn(usize) -> usize,
    set_event: unsafe extern "C" fn(usize),
    release_event: unsafe extern "C" fn(usize),
    to_wide: unsafe extern "C" fn(*const u8, i32, *mut u16, i32) -> i32,
    from_wide: unsafe extern "C" fn(*const u16, i32, *mut u8, i32) -> i32,
    unix_path: unsafe extern "C" fn(*const u16, *mut u8, u32) -> u32,
}

static HOST: OnceLock<Host> = OnceLock::new();

/// The host, where there is one.
pub(crate) fn get() -> Option<&'static Host> {
    HOST.get()
}

/// Serves the programs of this host from now on.
///
/// # Errors
/// 632 for one of another size than this library's, 183 when there is one.
pub(crate) fn serve(host: Host) -> Result<(), Refusal> {
    if usize::try_from(host.size) != Ok(size_of::<Host>()) {
        return Err(Refusal(RasCode::INVALID_SIZE));
    }
    HOST.set(host).map_err(|_| Refusal(RasCode::ALREADY_EXISTS))
}

/// Runs `work` on a new thread: the host's, where there is one.
///
/// # Errors
/// 8 when there is none to be had.
pub(crate) fn begin_thread(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<(), Refusal> {
    const NONE: Refusal = Refusal(RasCode::NOT_ENOUGH_MEMORY);
    let Some(host) = get() else {
        let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        return spawned.map(drop).map_err(|_| NONE);
    };
    let work: Box<Handed> = Box::new(Box::new(work));
    let context = Box::into_raw(work).cast::<c_void>();
    // SAFETY: `run` is a function of this type, and the context is what it takes.
    if unsafe { (host.begin_thread)(run, context) } == 0 {
        // SAFETY: it was not run, so that the context is still ours.
        drop(unsafe { Box::from_raw(context.cast::<Handed>()) });
        return Err(NONE);
    }
    Ok(())
}

type Handed = Box<dyn FnOnce() + Send>;

/// What a thread of the host's does.
unsafe extern "C" fn run(context: *mut c_void) {
    // SAFETY: `begin_thread` made it, and it is handed over once.
    let work = unsafe { Box::from_raw(context.cast::<Handed>()) };
    // A panic, which would be a mistake of ours, ends here.
    drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)));
}

/// An event of a program's, which the host keeps for as long as this value lives.
#[derive(Debug)]
pub(crate) struct KeptEvent {
    host: &'static Host,
    event: usize,
}

impl KeptEvent {
    pub(crate) fn set(&self) {
        // SAFETY: it was kept.
        unsafe { (self.host.set_event)(self.event) }
    }
}

impl Drop for KeptEvent {
    fn drop(&mut self) {
        // SAFETY: it was kept, and is not used any more.
        unsafe { (self.host.release_event)(self.event) }
    }
}

impl Host {
    /// Calls a notifier; whether it wants to be called again.
    pub(crate) fn notify(&self, notification: &Notification) -> bool {
        // SAFETY: the notifier is one that the host's program gave.
        unsafe { (self.notify)(notification) != 0 }
    }

    /// Keeps an event of the program's; `None` where the number is none.
    pub(crate) fn keep_event(&'static self, event: usize) -> Option<KeptEvent> {
        // SAFETY: the host knows its own events.
        let event = unsafe { (self.keep_event)(event) };
        (event != 0).then_some(KeptEvent { host: self, event })
    }

    /// A text of the program's code page; `None` where it is none.
    pub(crate) fn wide(&self, octets: &[u8]) -> Option<Vec<u16>> {
        if octets.is_empty() {
            return Some(Vec::new());
        }
        // No code page has more units than octets.
        let mut units = vec![0; octets.len()];
        let length = i32::try_from(octets.len()).ok()?;
        // SAFETY: there is as much as is said.
        let made = unsafe { (self.to_wide)(octets.as_ptr(), length, units.as_mut_ptr(), length) };
        units.truncate(usize::try_from(made).ok().filter(|made| *made > 0)?);
        Some(units)
    }

    /// Writes a character of the program's code page, or a question mark where it has none; answers how
    /// many octets that took.
    pub(crate) fn encode(&self, c: char, octets: &mut [u8; 4]) -> usize {
        let mut units = [0; 2];
        let units = c.encode_utf16(&mut units);
        let length = if units.len() == 1 { 1 } else { 2 };
        // SAFETY: there is as much as is said.
        let made = unsafe { (self.from_wide)(units.as_ptr(), length, octets.as_mut_ptr(), 4) };
        match usize::try_from(made) {
            Ok(made @ 1..=4) => made,
            _ => {
                octets[0] = b'?';
                1
            }
        }
    }

    /// A path of the program's as Linux has it; as it is where the host knows no other.
    pub(crate) fn unix_path(&self, path: String) -> String {
        /// Octets of the longest path.
        const ROOM: u32 = 4096;
        let units: Vec<u16> = path.encode_utf16().chain([0]).collect();
        let mut octets = vec![0; ROOM as usize];
        // SAFETY: the path has a null, and there is as much room as is said.
        let length = unsafe { (self.unix_path)(units.as_ptr(), octets.as_mut_ptr(), ROOM) };
        octets.truncate(length as usize);
        match String::from_utf8(octets) {
            Ok(unix) if !unix.is_empty() => unix,
            _ => path,
        }
    }
}
