//! Places at which the process can be made to die on the spot, for the proof that the next one heals
//! what it left.
//!
//! Without the feature `crash-points`, which no program that people run is built with, [`crash_point`]
//! does nothing and compiles to nothing. With it, three words in the environment rule:
//!
//! | variable | meaning |
//! |---|---|
//! | `ONHOOK_CRASH_AT=N` | the process kills itself by SIGKILL at the N-th crash point that it passes, counted from 1 |
//! | `ONHOOK_CRASH_AT_NEXT=N` | the same for a manager that is started to take over |
//! | `ONHOOK_CRASH_LOG=FILE` | every crash point that is passed is appended to this file, a line each, before anything else happens |

/// A place worth dying at; `name` says what has just been done or is about to be.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub const fn crash_point(_name: &'static str) {}

/// A manager that takes over counts for itself, to the number that is meant for it.
#[cfg(not(feature = "crash-points"))]
pub const fn arm_successor(_program: &mut std::process::Command) {}

#[cfg(feature = "crash-points")]
pub use armed::{arm_successor, crash_point};

#[cfg(feature = "crash-points")]
mod armed {
    use std::fs::{File, OpenOptions};
    use std::io::Write as _;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{LazyLock, Mutex};

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    static PASSED: AtomicU64 = AtomicU64::new(0);
    static DEADLY: LazyLock<Option<u64>> =
        LazyLock::new(|| std::env::var("ONHOOK_CRASH_AT").ok()?.parse().ok());
    static LOG: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| {
        let path = std::env::var_os("ONHOOK_CRASH_LOG")?;
        OpenOptions::new().create(true).append(true).open(path).ok().map(Mutex::new)
    });

    /// A manager that takes over counts for itself, to the number that is meant for it.
    pub fn arm_successor(program: &mut std::process::Command) {
        program.env_remove("ONHOOK_CRASH_AT").env_remove("ONHOOK_CRASH_AT_NEXT");
        if let Some(number) = std::env::var_os("ONHOOK_CRASH_AT_NEXT") {
            program.env("ONHOOK_CRASH_AT", number);
        }
        if let Some(log) = std::env::var_os("ONHOOK_CRASH_LOG") {
            let mut log = log;
            log.push(".next");
            program.env("ONHOOK_CRASH_LOG", log);
        }
    }

    /// A place worth dying at; `name` says what has just been done or is about to be.
    pub fn crash_point(name: &'static str) {
        // The log's lock keeps the order of the lines that of the numbers.
        let mut log = LOG.as_ref().and_then(|log| log.lock().ok());
        let number = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(log) = &mut log {
            // A line that cannot be written is missed by the harness, which then says so.
            drop(log.write_all(format!("{number} {name}\n").as_bytes()));
        }
        if *DEADLY == Some(number) {
            // It cannot fail.
            kill(Pid::this(), Signal::SIGKILL).unwrap_or_default();
            // The signal is on its way; nothing more may happen here.
            loop {
                std::thread::park();
            }
        }
    }
}
