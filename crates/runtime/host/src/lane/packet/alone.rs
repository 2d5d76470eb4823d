//! Whether another program, or the kernel, has PPPoE sessions on an interface.
//!
//! A session that we do not know is stale only if it is nobody's: other programs have packet sockets for
//! session frames, and the kernel tells of the sessions that it has itself.

use std::fs;
use std::io;

use onhook_base::{Duration, Instant};

/// Lookups of one second; each takes reading two files of the kernel's.
const MOST: u32 = 8;

/// The lookups of the present second.
#[derive(Debug)]
pub(super) struct Lookups(Instant, u32);

impl Default for Lookups {
    fn default() -> Self {
        Self(Instant::ORIGIN, 0)
    }
}

impl Lookups {
    /// Whether one more may be asked now.
    pub(super) fn permit(&mut self, now: Instant) -> bool {
        if now.since(self.0) >= Duration::from_secs(1) {
            *self = Self(now, 0);
        }
        self.1 = self.1.saturating_add(1);
        self.1 <= MOST
    }
}

/// Whether nobody has sessions there but the packet socket with this inode. False where the kernel does not
/// tell.
pub(super) fn is_alone(interface: &str, index: u32, socket: u64) -> bool {
    // Of this thread's namespace, which is the sockets'.
    let others = match fs::read_to_string("/proc/thread-self/net/packet") {
        Ok(text) => has_other_socket(&text, index, socket),
        Err(_) => true,
    };
    let kernels = match fs::read_to_string("/proc/thread-self/net/pppoe") {
        Ok(text) => has_session(&text, interface),
        // Its module is not there.
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    };
    !others && !kernels
}

/// `sk RefCnt Type Proto Iface R Rmem User Inode`: one for session frames there, or everywhere.
fn has_other_socket(text: &str, index: u32, own: u64) -> bool {
    text.lines().skip(1).any(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        let takes_sessions = field(3) == "8864";
        let is_there = field(4) == "0" || field(4).parse() == Ok(index);
        takes_sessions && is_there && field(8).parse() != Ok(own)
    })
}

/// `Id Address Device`.
fn has_session(text: &str, interface: &str) -> bool {
    text.lines().skip(1).any(|line| line.split_whitespace().nth(2) == Some(interface))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_known_by_what_the_kernel_tells() {
        let text = "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n\
                    00000000cdf4b7b0 3      3    8864   7     1 0      0      1111\n\
                    00000000b0f6f7a1 3      3    8863   7     1 0      0      1112\n\
                    00000000b0f6f7a2 3      3    0003   7     1 0      0      1113\n\
                    00000000b0f6f7a3 3      3    8864   9     1 0      0      1114\n";
        assert!(!has_other_socket(text, 7, 1111), "our own, discovery, everything, elsewhere");
        assert!(has_other_socket(text, 7, 5));
        assert!(has_other_socket(text, 9, 1111));
        assert!(has_other_socket(&text.replace("8864   9 ", "8864   0 "), 7, 1111));
        assert!(!has_other_socket("", 7, 1));
        let text = "Id       Address              Device\n\
                    00000100 02:00:00:00:00:02      eth1\n";
        assert!(has_session(text, "eth1"));
        assert!(!has_session(text, "eth11"));
    }

    #[test]
    fn no_more_is_asked_than_a_few_times_a_second() {
        let mut lookups = Lookups::default();
        let now = Instant::ORIGIN + Duration::from_secs(100);
        assert_eq!((0..100).filter(|_| lookups.permit(now)).count(), 8);
        assert!(lookups.permit(now + Duration::from_secs(1)));
    }
}
