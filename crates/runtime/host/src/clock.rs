//! The one clock and the one source of seeds.
//!
//! The clock is `CLOCK_BOOTTIME`: it goes on while the machine sleeps, so that a laptop wakes to
//! expired timers and asks at once whether the peer is still there. The timers of tokio stand still
//! during sleep; what bridges the two is a [`Wakener`]: one timer descriptor that the kernel cancels
//! when the machine resumes, and at which every sleeper looks at the clock again.

use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId as TimerClock, TimerFd, TimerFlags};
use nix::time::{ClockId, clock_gettime};
use onhook_base::{Duration, Instant, Seed};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Nobody sleeps longer than this without a look at the clock, should the kernel not tell of a
/// resume.
const LONGEST_NAP: Duration = Duration::from_secs(60);
/// The same, where there is no timer descriptor that tells.
const LONGEST_NAP_UNTOLD: Duration = Duration::from_secs(5);

/// Now, on the clock that counts sleep.
pub(crate) fn now() -> Instant {
    // The clock exists since Linux 2.6.39 and cannot fail with a valid pointer; should it, time
    // stands still at the origin, which no timer takes for late.
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Instant::ORIGIN, |t| {
        let seconds = u64::try_from(t.tv_sec()).unwrap_or(0);
        let nanos = u64::try_from(t.tv_nsec()).unwrap_or(0);
        Instant::from_nanos(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
    })
}

/// Thirty-two bytes from the kernel.
#[expect(clippy::expect_used, reason = "without chance nothing here may go on")]
pub(crate) fn seed() -> Seed {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    Seed::new(bytes)
}

/// Wakes all sleepers when the machine resumes.
#[derive(Debug)]
pub(crate) struct Wakener {
    resumed: Arc<Notify>,
    nap: Duration,
    watch: Option<JoinHandle<()>>,
}

impl Wakener {
    /// Begins to watch; must be called inside a tokio runtime.
    pub(crate) fn start() -> Self {
        let resumed = Arc::new(Notify::new());
        match Resumes::new() {
            Ok(resumes) => {
                let watch = tokio::spawn(resumes.watch(Arc::clone(&resumed)));
                Self { resumed, nap: LONGEST_NAP, watch: Some(watch) }
            }
            Err(error) => {
                tracing::debug!(target: "host::clock", %error, "no timer tells of a resume");
                Self { resumed, nap: LONGEST_NAP_UNTOLD, watch: None }
            }
        }
    }

    /// Returns at `at` or a little later; also when the machine slept over it. May be dropped.
    pub(crate) async fn sleep_until(&self, at: Instant) {
        loop {
            let resumed = self.resumed.notified();
            let left = at.since(now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(self.nap)) => {}
                () = resumed => {}
            }
        }
    }
}

impl Drop for Wakener {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
    }
}

/// A timer of the wall clock, far in the future, which the kernel cancels when that clock jumps: at a
/// resume, and harmlessly when somebody sets it.
struct Resumes(AsyncFd<Timer>);

/// A timer descriptor in the form that tokio wants.
struct Timer(TimerFd);

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Resumes {
    fn new() -> std::io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = Timer(TimerFd::new(TimerClock::CLOCK_REALTIME, flags)?);
        arm(&timer.0)?;
        // SAFETY: the descriptor is owned by what is registered, and so stays open and the same one
        // until the registration ends.
        let timer = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) }?;
        Ok(Self(timer))
    }

    async fn watch(self, resumed: Arc<Notify>) {
        while let Ok(mut guard) = self.0.readable().await {
            let mut count = [0; 8];
            // It is ECANCELED that is read here; only that nothing is there yet would be news.
            let read = nix::unistd::read(guard.get_inner().0.as_fd(), &mut count);
            guard.clear_ready();
            if read == Err(Errno::EAGAIN) {
                continue;
            }
            if arm(&self.0.get_ref().0).is_err() {
                return;
            }
            resumed.notify_waiters();
        }
    }
}

fn arm(timer: &TimerFd) -> nix::Result<()> {
    let far = TimeSpec::new(i64::from(i32::MAX) * 8, 0);
    let flags = TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET;
    timer.set(Expiration::OneShot(far), flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_moment_that_has_passed_is_not_waited_for() {
        let wakener = Wakener::start();
        wakener.sleep_until(Instant::ORIGIN).await;
    }

    #[tokio::test]
    async fn a_sleeper_wakes_no_earlier_than_asked() {
        let wakener = Wakener::start();
        let at = now() + Duration::from_millis(3);
        wakener.sleep_until(at).await;
        assert!(now() >= at);
    }

    #[tokio::test]
    async fn a_resume_makes_sleepers_look_at_the_clock() {
        let wakener = Wakener::start();
        let at = now() + Duration::from_millis(2);
        tokio::join!(wakener.sleep_until(at), async {
            tokio::task::yield_now().await;
            wakener.resumed.notify_waiters();
        });
        assert!(now() >= at);
    }

    #[test]
    fn no_two_seeds_are_equal() {
        assert_ne!(seed(), seed());
    }
}
