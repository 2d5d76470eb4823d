//! One modem's port: its settings, what it is doing, how it speaks (ITU-T V.250 §5, §6).

use onhook_base::{Duration, Instant};

/// The longest command line that is kept.
const MOST_LINE: usize = 120;

/// What a port is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Commands are heard.
    Command,
    /// It calls another one; any character calls that off (V.250 §5.6.1).
    Dialing { to: usize, until: Instant },
    /// It has a call; what it hears goes to the other one.
    Online { with: usize },
    /// It has a call and hears commands.
    Escaped { with: usize },
}

/// A result that a modem gives (V.250 §5.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Connect,
    Ring,
    NoCarrier,
    Error,
    NoDialTone,
    Busy,
    NoAnswer,
}

impl Outcome {
    const fn words(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Connect => "CONNECT",
            Self::Ring => "RING",
            Self::NoCarrier => "NO CARRIER",
            Self::Error => "ERROR",
            Self::NoDialTone => "NO DIALTONE",
            Self::Busy => "BUSY",
            Self::NoAnswer => "NO ANSWER",
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Connect => 1,
            Self::Ring => 2,
            Self::NoCarrier => 3,
            Self::Error => 4,
            Self::NoDialTone => 6,
            Self::Busy => 7,
            Self::NoAnswer => 8,
        }
    }
}

/// What `ATZ` brings back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) echo: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    /// `X`: which results are told.
    pub(crate) results: u8,
    /// `S0`: rings before it answers by itself; 0 never does.
    pub(crate) rings: u8,
    /// `S2`: the character of the escape; above 127 there is none.
    pub(crate) escape: u8,
    /// `S7`: how long a call rings.
    pub(crate) wait: Duration,
    /// `S12`: the silence around the escape.
    pub(crate) guard: Duration,
    /// `&D`: what a low DTR does; 0 is nothing.
    pub(crate) dtr: u8,
}

impl Settings {
    pub(crate) const FACTORY: Self = Self {
        echo: true,
        quiet: false,
        verbose: true,
        results: 4,
        rings: 0,
        escape: b'+',
        wait: Duration::from_secs(50),
        guard: Duration::from_secs(1),
        dtr: 2,
    };
}

/// One modem.
#[derive(Clone, Debug)]
pub(crate) struct Modem {
    pub(crate) number: String,
    pub(crate) mode: Mode,
    pub(crate) settings: Settings,
    /// Who rings, when the next ring is due, how often it rang.
    pub(crate) rung_by: Option<(usize, Instant, u8)>,
    /// A command line that has begun.
    pub(crate) line: Vec<u8>,
    /// When the last octet came from the port.
    pub(crate) heard: Instant,
    /// The escape was heard, and counts when nothing follows.
    pub(crate) escaping: Option<Instant>,
    /// Is powered on, and at the line.
    pub(crate) alive: bool,
    pub(crate) out: Vec<u8>,
}

impl Modem {
    pub(crate) fn new(number: &str) -> Self {
        Self {
            number: number.to_owned(),
            mode: Mode::Command,
            settings: Settings::FACTORY,
            rung_by: None,
            line: Vec::new(),
            heard: Instant::ORIGIN,
            escaping: None,
            alive: true,
            out: Vec::new(),
        }
    }

    /// Gives a result, in words or as a number, with `more` behind the word.
    pub(crate) fn say(&mut self, outcome: Outcome, more: &str) {
        if self.settings.quiet {
            return;
        }
        // X0 to X2 know no BUSY and X0, X1, X3 no dial tone; X0 tells no speed.
        let outcome = match (outcome, self.settings.results) {
            (Outcome::Busy, 0..=2) | (Outcome::NoDialTone, 0 | 1 | 3) => Outcome::NoCarrier,
            (outcome, _) => outcome,
        };
        if self.settings.verbose {
            let more = if self.settings.results == 0 { "" } else { more };
            let blank = if more.is_empty() { "" } else { " " };
            let text = format!("\r\n{}{blank}{more}\r\n", outcome.words());
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.out.extend_from_slice(format!("{}\r", outcome.number()).as_bytes());
        }
    }

    /// Takes an octet of a command line; the line, when it ends.
    pub(crate) fn type_in(&mut self, octet: u8) -> Option<String> {
        if self.settings.echo {
            self.out.push(octet);
        }
        match octet {
            b'\r' => {
                let line = std::mem::take(&mut self.line);
                let line = String::from_utf8_lossy(&line).trim().to_ascii_uppercase();
                (!line.is_empty()).then_some(line)
            }
            0x08 | 0x7f => {
                self.line.pop();
                None
            }
            octet if octet.is_ascii_graphic() || octet == b' ' => {
                if self.line.len() < MOST_LINE {
                    self.line.push(octet);
                }
                None
            }
            _ => None,
        }
    }
}
