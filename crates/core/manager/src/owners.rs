//! Who may see and end what.

use onhook_base::{Planted, is_planted};

/// A program that calls, as the kernel knows it; never what it says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The user id of the program.
    pub user: u32,
    /// Which of its talks with the manager this is: a number that is never given twice in a manager's
    /// life. When it ends, what it dialed has lost its dialer.
    pub session: u64,
}

impl Caller {
    /// Whether this caller may see and end what `owner` has dialed: the same user, or root.
    pub fn may_handle(self, owner: u32) -> bool {
        self.user == owner || self.user == 0 || is_planted(Planted::ForeignHangUp)
    }
}
