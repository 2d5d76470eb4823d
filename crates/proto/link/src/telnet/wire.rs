//! Telnet's octets (RFC 854), and the subnegotiations of RFC 2217.
//!
//! ```text
//!   IAC WILL|WONT|DO|DONT option      IAC IAC   one octet ff
//!   IAC SB option … IAC SE            a subnegotiation; ff is doubled in it too
//! ```

use memchr::memchr;

pub(super) const IAC: u8 = 255;
const SE: u8 = 240;
const SB: u8 = 250;

/// The longest subnegotiation that is kept; all that we need are shorter than a tenth of it.
const MOST_SUBNEGOTIATION: usize = 64;

/// What is said about an option (RFC 854).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Will,
    Wont,
    Do,
    Dont,
}

impl Verb {
    const fn octet(self) -> u8 {
        match self {
            Self::Will => 251,
            Self::Wont => 252,
            Self::Do => 253,
            Self::Dont => 254,
        }
    }

    const fn of(octet: u8) -> Option<Self> {
        match octet {
            251 => Some(Self::Will),
            252 => Some(Self::Wont),
            253 => Some(Self::Do),
            254 => Some(Self::Dont),
            _ => None,
        }
    }
}

/// Options.
pub(super) mod option {
    /// RFC 856.
    pub(crate) const BINARY: u8 = 0;
    /// RFC 858.
    pub(crate) const SUPPRESS_GO_AHEAD: u8 = 3;
    /// RFC 2217.
    pub(crate) const COM_PORT: u8 = 44;
}

/// What is asked of a port (RFC 2217, client to access server).
pub(super) mod ask {
    pub(crate) const BAUD_RATE: u8 = 1;
    pub(crate) const DATA_SIZE: u8 = 2;
    pub(crate) const PARITY: u8 = 3;
    pub(crate) const STOP_SIZE: u8 = 4;
    pub(crate) const CONTROL: u8 = 5;
    pub(crate) const MODEM_STATE_MASK: u8 = 11;
}

/// Values of [`ask::CONTROL`], and those of 8N1.
pub(super) mod value {
    pub(crate) const HARDWARE_FLOW: u8 = 3;
    pub(crate) const DTR_ON: u8 = 8;
    pub(crate) const DTR_OFF: u8 = 9;
    pub(crate) const RTS_ON: u8 = 11;
    pub(crate) const EIGHT_BITS: u8 = 8;
    pub(crate) const NO_PARITY: u8 = 1;
    pub(crate) const ONE_STOP_BIT: u8 = 1;
    /// Of the modem's state: the carrier is there.
    pub(crate) const CARRIER: u8 = 0x80;
    /// And it is not as it was told before.
    pub(crate) const CARRIER_CHANGED: u8 = 0x08;
}

/// What the server tells (RFC 2217, access server to client).
pub(super) mod tell {
    pub(crate) const BAUD_RATE: u8 = 101;
    pub(crate) const MODEM_STATE: u8 = 107;
    pub(crate) const SUSPEND: u8 = 108;
    pub(crate) const RESUME: u8 = 109;
}

/// Something that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    /// Octets of the line.
    Data(&'a [u8]),
    /// Something about an option.
    Option(Verb, u8),
    /// A subnegotiation: [`Decoder::subnegotiation`] tells what it says.
    Sub,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Data,
    Command,
    Option(Verb),
    /// Within a subnegotiation, and after an IAC in it.
    Sub,
    SubCommand,
}

/// Takes Telnet's words out of octets that come in pieces of any size.
#[derive(Clone, Debug, Default)]
pub(super) struct Decoder {
    state: State,
    sub: Vec<u8>,
    /// It is longer than any that we know: it is passed over.
    too_long: bool,
}

impl Decoder {
    /// Reads on; the rest is returned as soon as something was heard, so that it can be acted upon before
    /// more is read.
    pub(super) fn read<'a>(&mut self, bytes: &'a [u8]) -> (Option<Heard<'a>>, &'a [u8]) {
        let mut rest = bytes;
        loop {
            if self.state == State::Data && !rest.is_empty() {
                let (data, after) = rest.split_at(memchr(IAC, rest).unwrap_or(rest.len()));
                if !data.is_empty() {
                    return (Some(Heard::Data(data)), after);
                }
            }
            let Some((octet, after)) = rest.split_first() else { return (None, rest) };
            let at = rest;
            rest = after;
            match (self.state, *octet) {
                (State::Data, _) => self.state = State::Command,
                (State::Command, IAC) => {
                    self.state = State::Data;
                    let (one, _) = at.split_at(1.min(at.len()));
                    return (Some(Heard::Data(one)), rest);
                }
                (State::Command, SB) => {
                    self.sub.clear();
                    self.too_long = false;
                    self.state = State::Sub;
                }
                // Commands without an option say nothing to us.
                (State::Command, octet) => {
                    self.state = Verb::of(octet).map_or(State::Data, State::Option);
                }
                (State::Option(verb), option) => {
                    self.state = State::Data;
                    return (Some(Heard::Option(verb, option)), rest);
                }
                (State::Sub, IAC) => self.state = State::SubCommand,
                (State::Sub, octet) => self.keep(octet),
                (State::SubCommand, SE) => {
                    self.state = State::Data;
                    if !self.too_long {
                        return (Some(Heard::Sub), rest);
                    }
                }
                (State::SubCommand, octet) => {
                    self.keep(octet);
                    self.state = State::Sub;
                }
            }
        }
    }

    /// The last subnegotiation: its option, and what it says.
    pub(super) fn subnegotiation(&self) -> Option<(u8, &[u8])> {
        self.sub.split_first().map(|(option, said)| (*option, said))
    }

    fn keep(&mut self, octet: u8) {
        match self.sub.len() < MOST_SUBNEGOTIATION {
            true => self.sub.push(octet),
            false => self.too_long = true,
        }
    }
}

/// Writes octets of the line.
pub(super) fn push_data(out: &mut Vec<u8>, data: &[u8]) {
    let mut rest = data;
    while let Some(at) = memchr(IAC, rest) {
        let (before, after) = rest.split_at(at.saturating_add(1));
        out.extend_from_slice(before);
        out.push(IAC);
        rest = after;
    }
    out.extend_from_slice(rest);
}

/// Says something about an option.
pub(super) fn push_option(out: &mut Vec<u8>, verb: Verb, option: u8) {
    out.extend_from_slice(&[IAC, verb.octet(), option]);
}

/// Asks something of the port.
pub(super) fn push_ask(out: &mut Vec<u8>, what: u8, value: &[u8]) {
    out.extend_from_slice(&[IAC, SB, option::COM_PORT, what]);
    push_data(out, value);
    out.extend_from_slice(&[IAC, SE]);
}
