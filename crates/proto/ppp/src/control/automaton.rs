//! The option negotiation automaton of RFC 1661 §4: ten states, sixteen events, a pure function.
//!
//! Nothing here sends, waits or counts. [`transition`] answers which actions an event calls for in
//! a state, and which state follows; the machine around it does them. The table of RFC 1661 §4.1,
//! event by event, is all there is:
//!
//! ```text
//!                 Open, Up                 both requests acknowledged
//!   Initial ──▶ Starting ──▶ Req-Sent ──▶ Ack-Rcvd / Ack-Sent ──▶ Opened
//!      ▲            ▲            │                                   │
//!      │          Down           │ Close            Close            │ Terminate-Request
//!      │            │            ▼                    │              ▼
//!   Closed ◀──── (Closing) ◀─────┴────────────────────┘         (Stopping) ──▶ Stopped
//! ```
//!
//! The RFC's two options are not taken here: *passive* (wait in Stopped without This-Layer-Finished)
//! and *restart* (Open in a late state acts as Down and Up). `None` means that the event cannot
//! happen in that state; whoever raises it there is wrong and is not obeyed.

/// Where a layer stands (RFC 1661 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The lower layer is down and nobody asked to open.
    Initial,
    /// The lower layer is down, and we were asked to open.
    Starting,
    /// The lower layer is up and nobody asked to open.
    Closed,
    /// As Closed, but it was the peer or silence that ended it, not we.
    Stopped,
    /// Our Terminate-Request waits for its Ack, to become Closed.
    Closing,
    /// A Terminate was seen or sent, to become Stopped.
    Stopping,
    /// Our Configure-Request is out.
    ReqSent,
    /// It was acknowledged; the peer's has not been seen or not been agreed to.
    AckRcvd,
    /// The peer's was acknowledged by us; ours has not been.
    AckSent,
    /// Both were acknowledged.
    Opened,
}

impl State {
    /// All states, in the RFC's numbering.
    pub const ALL: [Self; 10] = [
        Self::Initial,
        Self::Starting,
        Self::Closed,
        Self::Stopped,
        Self::Closing,
        Self::Stopping,
        Self::ReqSent,
        Self::AckRcvd,
        Self::AckSent,
        Self::Opened,
    ];

    /// The RFC's spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initial => "Initial",
            Self::Starting => "Starting",
            Self::Closed => "Closed",
            Self::Stopped => "Stopped",
            Self::Closing => "Closing",
            Self::Stopping => "Stopping",
            Self::ReqSent => "Req-Sent",
            Self::AckRcvd => "Ack-Rcvd",
            Self::AckSent => "Ack-Sent",
            Self::Opened => "Opened",
        }
    }

    /// Whether the restart timer runs in it (RFC 1661 §4.2).
    pub const fn is_timed(self) -> bool {
        matches!(
            self,
            Self::Closing | Self::Stopping | Self::ReqSent | Self::AckRcvd | Self::AckSent
        )
    }

    /// Whether options are being negotiated in it.
    pub const fn is_negotiating(self) -> bool {
        matches!(self, Self::ReqSent | Self::AckRcvd | Self::AckSent)
    }
}

/// What can happen to a layer (RFC 1661 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The lower layer can carry packets.
    Up,
    /// The lower layer no longer can.
    Down,
    /// Administrative Open.
    Open,
    /// Administrative Close.
    Close,
    /// The restart timer expired with tries left.
    TimeoutPositive,
    /// The restart timer expired and no try is left.
    TimeoutNegative,
    /// An acceptable Configure-Request.
    ReceiveConfigureRequestGood,
    /// One that is not acceptable.
    ReceiveConfigureRequestBad,
    /// A Configure-Ack of our request.
    ReceiveConfigureAck,
    /// A Configure-Nak or -Reject of it.
    ReceiveConfigureNak,
    /// A Terminate-Request.
    ReceiveTerminateRequest,
    /// A Terminate-Ack.
    ReceiveTerminateAck,
    /// A code that we do not know.
    ReceiveUnknownCode,
    /// A Code-Reject or Protocol-Reject that we can live with.
    ReceiveRejectGood,
    /// One of something that is needed.
    ReceiveRejectBad,
    /// An Echo-Request, or its like.
    ReceiveEcho,
}

impl Event {
    /// All events, in the RFC's order.
    pub const ALL: [Self; 16] = [
        Self::Up,
        Self::Down,
        Self::Open,
        Self::Close,
        Self::TimeoutPositive,
        Self::TimeoutNegative,
        Self::ReceiveConfigureRequestGood,
        Self::ReceiveConfigureRequestBad,
        Self::ReceiveConfigureAck,
        Self::ReceiveConfigureNak,
        Self::ReceiveTerminateRequest,
        Self::ReceiveTerminateAck,
        Self::ReceiveUnknownCode,
        Self::ReceiveRejectGood,
        Self::ReceiveRejectBad,
        Self::ReceiveEcho,
    ];

    /// The RFC's abbreviation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "Up",
            Self::Down => "Down",
            Self::Open => "Open",
            Self::Close => "Close",
            Self::TimeoutPositive => "TO+",
            Self::TimeoutNegative => "TO-",
            Self::ReceiveConfigureRequestGood => "RCR+",
            Self::ReceiveConfigureRequestBad => "RCR-",
            Self::ReceiveConfigureAck => "RCA",
            Self::ReceiveConfigureNak => "RCN",
            Self::ReceiveTerminateRequest => "RTR",
            Self::ReceiveTerminateAck => "RTA",
            Self::ReceiveUnknownCode => "RUC",
            Self::ReceiveRejectGood => "RXJ+",
            Self::ReceiveRejectBad => "RXJ-",
            Self::ReceiveEcho => "RXR",
        }
    }
}

/// What a layer does on an event (RFC 1661 §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// tlu: the layers above may begin.
    ThisLayerUp,
    /// tld: the layers above must end.
    ThisLayerDown,
    /// tls: the layer below is wanted.
    ThisLayerStarted,
    /// tlf: the layer below is no longer needed.
    ThisLayerFinished,
    /// irc: as many tries again as there are.
    InitializeRestartCount,
    /// zrc: no try is left, but one period is waited.
    ZeroRestartCount,
    /// scr.
    SendConfigureRequest,
    /// sca.
    SendConfigureAck,
    /// scn: a Nak or a Reject.
    SendConfigureNak,
    /// str.
    SendTerminateRequest,
    /// sta.
    SendTerminateAck,
    /// scj.
    SendCodeReject,
    /// ser.
    SendEchoReply,
}

impl Action {
    /// The RFC's abbreviation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ThisLayerUp => "tlu",
            Self::ThisLayerDown => "tld",
            Self::ThisLayerStarted => "tls",
            Self::ThisLayerFinished => "tlf",
            Self::InitializeRestartCount => "irc",
            Self::ZeroRestartCount => "zrc",
            Self::SendConfigureRequest => "scr",
            Self::SendConfigureAck => "sca",
            Self::SendConfigureNak => "scn",
            Self::SendTerminateRequest => "str",
            Self::SendTerminateAck => "sta",
            Self::SendCodeReject => "scj",
            Self::SendEchoReply => "ser",
        }
    }
}

/// One cell of the table: what to do, in this order, and where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// To be done in this order.
    pub actions: &'static [Action],
    /// The state that follows.
    pub next: State,
}

/// The table of RFC 1661 §4.1. `None`: the event cannot happen in this state.
pub const fn transition(state: State, event: Event) -> Option<Transition> {
    match event {
        Event::Up => up(state),
        Event::Down => down(state),
        Event::Open => open(state),
        Event::Close => close(state),
        Event::TimeoutPositive => timeout_positive(state),
        Event::TimeoutNegative => timeout_negative(state),
        Event::ReceiveConfigureRequestGood => configure_request_good(state),
        Event::ReceiveConfigureRequestBad => configure_request_bad(state),
        Event::ReceiveConfigureAck => configure_ack(state),
        Event::ReceiveConfigureNak => configure_nak(state),
        Event::ReceiveTerminateRequest => terminate_request(state),
        Event::ReceiveTerminateAck => terminate_ack(state),
        Event::ReceiveUnknownCode => unknown_code(state),
        Event::ReceiveRejectGood => reject_good(state),
        Event::ReceiveRejectBad => reject_bad(state),
        Event::ReceiveEcho => echo(state),
    }
}

use Action::{
    InitializeRestartCount as Irc, SendCodeReject as Scj, SendConfigureAck as Sca,
    SendConfigureNak as Scn, SendConfigureRequest as Scr, SendEchoReply as Ser,
    SendTerminateAck as Sta, SendTerminateRequest as Str, ThisLayerDown as Tld,
    ThisLayerFinished as Tlf, ThisLayerStarted as Tls, ThisLayerUp as Tlu, ZeroRestartCount as Zrc,
};
use State::{
    AckRcvd, AckSent, Closed, Closing, Initial, Opened, ReqSent, Starting, Stopped, Stopping,
};

type Cell = Option<Transition>;

const fn go(actions: &'static [Action], next: State) -> Cell {
    Some(Transition { actions, next })
}

const fn up(state: State) -> Cell {
    match state {
        Initial => go(&[], Closed),
        Starting => go(&[Irc, Scr], ReqSent),
        Closed | Stopped | Closing | Stopping | ReqSent | AckRcvd | AckSent | Opened => None,
    }
}

const fn down(state: State) -> Cell {
    match state {
        Initial | Starting => None,
        Closed | Closing => go(&[], Initial),
        Stopped => go(&[Tls], Starting),
        Stopping | ReqSent | AckRcvd | AckSent => go(&[], Starting),
        Opened => go(&[Tld], Starting),
    }
}

const fn open(state: State) -> Cell {
    match state {
        Initial => go(&[Tls], Starting),
        Closed => go(&[Irc, Scr], ReqSent),
        Closing => go(&[], Stopping),
        Starting | Stopped | Stopping | ReqSent | AckRcvd | AckSent | Opened => go(&[], state),
    }
}

const fn close(state: State) -> Cell {
    match state {
        Initial | Closed | Closing => go(&[], state),
        Starting => go(&[Tlf], Initial),
        Stopped => go(&[], Closed),
        Stopping => go(&[], Closing),
        ReqSent | AckRcvd | AckSent => go(&[Irc, Str], Closing),
        Opened => go(&[Tld, Irc, Str], Closing),
    }
}

const fn timeout_positive(state: State) -> Cell {
    match state {
        Closing | Stopping => go(&[Str], state),
        ReqSent | AckRcvd => go(&[Scr], ReqSent),
        AckSent => go(&[Scr], AckSent),
        Initial | Starting | Closed | Stopped | Opened => None,
    }
}

const fn timeout_negative(state: State) -> Cell {
    match state {
        Closing => go(&[Tlf], Closed),
        Stopping | ReqSent | AckRcvd | AckSent => go(&[Tlf], Stopped),
        Initial | Starting | Closed | Stopped | Opened => None,
    }
}

const fn configure_request_good(state: State) -> Cell {
    match state {
        Initial | Starting => None,
        Closed => go(&[Sta], Closed),
        Stopped => go(&[Irc, Scr, Sca], AckSent),
        Closing | Stopping => go(&[], state),
        ReqSent | AckSent => go(&[Sca], AckSent),
        AckRcvd => go(&[Sca, Tlu], Opened),
        Opened => go(&[Tld, Scr, Sca], AckSent),
    }
}

const fn configure_request_bad(state: State) -> Cell {
    match state {
        Initial | Starting => None,
        Closed => go(&[Sta], Closed),
        Stopped => go(&[Irc, Scr, Scn], ReqSent),
        Closing | Stopping => go(&[], state),
        ReqSent | AckSent => go(&[Scn], ReqSent),
        AckRcvd => go(&[Scn], AckRcvd),
        Opened => go(&[Tld, Scr, Scn], ReqSent),
    }
}

const fn configure_ack(state: State) -> Cell {
    match state {
        Initial | Starting => None,
        Closed | Stopped => go(&[Sta], state),
        Closing | Stopping => go(&[], state),
        ReqSent => go(&[Irc], AckRcvd),
        AckRcvd => go(&[Scr], ReqSent),
        AckSent => go(&[Irc, Tlu], Opened),
        Opened => go(&[Tld, Scr], ReqSent),
    }
}

const fn configure_nak(state: State) -> Cell {
    match state {
        Initial | Starting => None,
        Closed | Stopped => go(&[Sta], state),
        Closing | Stopping => go(&[], state),
        ReqSent => go(&[Irc, Scr], ReqSent),
        AckRcvd => go(&[Scr], ReqSent),
        AckSent => go(&[Irc, Scr], AckSent),
        Opened => go(&[Tld, Scr], ReqSent),
    }
}

const fn terminate_request(state: State) -> Cell {
    match state {
        Initial | Starting => None,
        Closed | Stopped | Closing | Stopping => go(&[Sta], state),
        ReqSent | AckRcvd | AckSent => go(&[Sta], ReqSent),
        Opened => go(&[Tld, Zrc, Sta], Stopping),
    }
}

const fn terminate_ack(state: State) -> Cell {
    match state {
        Initial | Starting => None,
        Closed | Stopped => go(&[], state),
        Closing => go(&[Tlf], Closed),
        Stopping => go(&[Tlf], Stopped),
        ReqSent | AckRcvd => go(&[], ReqSent),
        AckSent => go(&[], AckSent),
        Opened => go(&[Tld, Scr], ReqSent),
    }
}

const fn unknown_code(state: State) -> Cell {
    match state {
        Initial | Starting => None,
        Closed | Stopped | Closing | Stopping | ReqSent | AckRcvd | AckSent | Opened => {
            go(&[Scj], state)
        }
    }
}

const fn reject_good(state: State) -> Cell {
    match state {
        Initial | Starting => None,
        AckRcvd => go(&[], ReqSent),
        Closed | Stopped | Closing | Stopping | ReqSent | AckSent | Opened => go(&[], state),
    }
}

const fn reject_bad(state: State) -> Cell {
    match state {
        Initial | Starting => None,
        Closed | Closing => go(&[Tlf], Closed),
        Stopped | Stopping | ReqSent | AckRcvd | AckSent => go(&[Tlf], Stopped),
        Opened => go(&[Tld, Irc, Str], Stopping),
    }
}

const fn echo(state: State) -> Cell {
    match state {
        Initial | Starting => None,
        Closed | Stopped | Closing | Stopping | ReqSent | AckRcvd | AckSent => go(&[], state),
        Opened => go(&[Ser], Opened),
    }
}
