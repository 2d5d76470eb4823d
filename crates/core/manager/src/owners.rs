//! Who may see and end what: the one place where that is decided.
//!
//! | caller | private connection of another | seen | hangup |
//! |---|---|---|---|
//! | its owner | sees, ends | sees, ends | sees, ends |
//! | root, an operator | sees, ends | sees, ends | sees, ends |
//! | any other user | nothing | sees | sees, ends |

use onhook_base::{Planted, is_planted};
use onhook_model::Sharing;

/// A program that calls, as the kernel knows it; never what it says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The user id of the program.
    pub user: u32,
    /// Which of its talks with the manager this is: a number that is never given twice in a manager's
    /// life. When it ends, what it dialed has lost its dialer.
    pub session: u64,
    /// It may see and end what all users have dialed, as root may: the administrator said so of a group
    /// that the kernel says it is in.
    pub operator: bool,
}

impl Caller {
    /// A program of this user, without more rights than any.
    pub const fn of(user: u32, session: u64) -> Self {
        Self { user, session, operator: false }
    }

    /// Root, for looks of our own.
    pub const ROOT: Self = Self::of(0, 0);

    const fn is_trusted_with(self, owner: u32) -> bool {
        self.user == owner || self.user == 0 || self.operator
    }

    /// Whether this caller may see what `owner` has dialed.
    pub const fn may_see(self, owner: u32, sharing: Sharing) -> bool {
        self.is_trusted_with(owner) || matches!(sharing, Sharing::Seen | Sharing::HungUp)
    }

    /// Whether this caller may give the password that a paused dial of `owner` waits for.
    pub fn may_resume(self, owner: u32) -> bool {
        self.user == owner || self.user == 0 || is_planted(Planted::ForeignResumption)
    }

    /// Whether this caller may hang up what `owner` has dialed.
    pub fn may_end(self, owner: u32, sharing: Sharing) -> bool {
        self.is_trusted_with(owner)
            || sharing == Sharing::HungUp
            || is_planted(Planted::ForeignHangUp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds() {
        const OWNER: u32 = 1000;
        let (owner, root, stranger) = (Caller::of(OWNER, 1), Caller::ROOT, Caller::of(1001, 2));
        let operator = Caller { operator: true, ..stranger };
        for sharing in [Sharing::Private, Sharing::Seen, Sharing::HungUp] {
            for trusted in [owner, root, operator] {
                assert!(trusted.may_see(OWNER, sharing) && trusted.may_end(OWNER, sharing));
            }
            assert_eq!(stranger.may_see(OWNER, sharing), sharing != Sharing::Private);
            assert_eq!(stranger.may_end(OWNER, sharing), sharing == Sharing::HungUp);
        }
    }
}
