//! A line that was lost, and is dialed again.

use onhook_base::Seed;
use onhook_connection::State;
use onhook_sim::StreamLine;

use crate::Call;

impl Call {
    /// The server's machine is there again.
    pub const fn server_returns(&mut self) {
        self.server_up = true;
    }

    /// How often the line was dialed again.
    pub const fn redials(&self) -> u64 {
        self.redials
    }

    /// Where nothing is left of the caller's line and it is to be dialed again, that begins, over a new line.
    /// Whether it does.
    ///
    /// # Panics
    /// When something of the lost line is left.
    pub(crate) fn dial_again(&mut self) -> bool {
        let connection = &mut self.caller.connection;
        if connection.state() != State::Gone || !self.caller.undone.is_empty() {
            return false;
        }
        let seed = Seed::from_number(self.terms.seed ^ (self.redials + 1));
        let Some(next) = connection.next_attempt(seed.derive("caller")) else { return false };
        assert_eq!(self.caller.leftovers(), Vec::<String>::new(), "of the lost line");
        self.caller.connection = next;
        self.caller.lane_open = false;
        self.answerer = None;
        self.judging = None;
        self.rings_at = None;
        self.to_answerer = StreamLine::new(self.terms.delay);
        self.to_caller = StreamLine::new(self.terms.delay);
        self.front = self.terms.over.front(self.now, &seed.derive("front"));
        self.redials += 1;
        self.caller.connection.dial(self.now);
        true
    }
}
