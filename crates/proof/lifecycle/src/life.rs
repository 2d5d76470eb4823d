//! The state of a life.

/// Where the connection stands; the eight states of the lifecycle, and before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Nobody has dialed.
    Undialed,
    /// The server is looked up, the lane opened.
    Opening,
    /// The link shakes hands.
    Linking,
    /// Each side proves itself.
    Authenticating,
    /// The line is down by agreement, the server's call is awaited.
    AwaitingCallback,
    /// Addresses are agreed and this machine is set up.
    Projecting,
    /// Packets pass.
    Connected,
    /// Going down.
    Disconnecting,
    /// Nothing is left.
    Gone,
}

/// Something that is made and must be unmade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// It is not there.
    No,
    /// It is being made.
    Asked,
    /// It is there.
    Stands,
    /// It is being unmade; it may still be there or not.
    Undoing,
    /// It could not be unmade in time, and is owed by name.
    Owed,
}

impl Thing {
    /// On the stairs: it must be gone down over.
    pub const fn is_on_stairs(self) -> bool {
        matches!(self, Self::Asked | Self::Stands | Self::Undoing)
    }

    /// It may be there.
    pub const fn may_stand(self) -> bool {
        matches!(self, Self::Stands | Self::Undoing | Self::Owed)
    }
}

/// What a connection makes on its machine, in the order of making.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Things {
    /// The carrier to the server.
    pub lane: Thing,
    /// The interface or the stack.
    pub outlet: Thing,
    /// Addresses, routes, name servers: what hangs on the outlet.
    pub hangers: Thing,
}

/// What the server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Server {
    /// It has not been spoken to.
    Unaware,
    /// It holds a session for us.
    Talking,
    /// It was told of the end, or told us.
    Told,
    /// It cannot be reached any more.
    Lost,
}

/// What the manager knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Record {
    /// The handle was not given.
    None,
    /// The handle is valid.
    Valid,
    /// The dial failed, and its error is kept.
    Kept,
    /// The handle is invalid, for ever.
    Deleted,
}

/// A life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Life {
    /// Where the connection stands.
    pub phase: Phase,
    /// What it has made.
    pub things: Things,
    /// What the server knows.
    pub server: Server,
    /// It waits for a person, in the midst of authenticating.
    pub waits: bool,
    /// It ended because somebody wanted it.
    pub wanted: bool,
    /// No more courtesy.
    pub hard: bool,
    /// What the manager knows.
    pub record: Record,
    /// References that the manager counts.
    pub references: u8,
    /// References that each program holds.
    pub holds: [u8; 2],
    /// Programs that live.
    pub alive: [bool; 2],
}

impl Life {
    /// Before anybody has dialed.
    pub const BEGIN: Self = Self {
        phase: Phase::Undialed,
        things: Things { lane: Thing::No, outlet: Thing::No, hangers: Thing::No },
        server: Server::Unaware,
        waits: false,
        wanted: false,
        hard: false,
        record: Record::None,
        references: 0,
        holds: [0, 0],
        alive: [true, true],
    };

    /// It climbs.
    pub const fn is_dialing(&self) -> bool {
        matches!(
            self.phase,
            Phase::Opening
                | Phase::Linking
                | Phase::Authenticating
                | Phase::AwaitingCallback
                | Phase::Projecting
        )
    }

    /// Nothing of it is on the stairs.
    pub const fn is_at_the_bottom(&self) -> bool {
        let Things { lane, outlet, hangers } = self.things;
        !lane.is_on_stairs() && !outlet.is_on_stairs() && !hangers.is_on_stairs()
    }
}
