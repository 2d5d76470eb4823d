//! All modems together: who calls whom, who rings, who hears whom.

use onhook_base::{Duration, Instant};

use crate::modem::{Mode, Modem, Outcome, Settings};

/// What a modem says of a call's speed.
pub const SPEED: &str = "33600/ARQ/V34";
/// Between two rings. On real lines it is six seconds; nobody here has to hear them.
const RINGS: Duration = Duration::from_millis(500);

/// Modems and the lines between them, as a machine.
#[derive(Clone, Debug)]
pub struct Exchange {
    modems: Vec<Modem>,
    has_dial_tone: bool,
}

impl Exchange {
    /// A modem at each of these numbers. Other numbers are nobody's: a call there ends with NO CARRIER.
    pub fn new(numbers: &[&str]) -> Self {
        Self {
            modems: numbers.iter().map(|number| Modem::new(number)).collect(),
            has_dial_tone: true,
        }
    }

    /// The lines are dead, or no longer: who dials hears no dial tone.
    pub const fn set_dial_tone(&mut self, there: bool) {
        self.has_dial_tone = there;
    }

    /// A modem is switched off, or on: it hears and says nothing meanwhile, and its call is lost.
    pub fn set_power(&mut self, modem: usize, on: bool) {
        self.hang_up(modem, false);
        if let Some(modem) = self.modems.get_mut(modem) {
            modem.alive = on;
            modem.settings = Settings::FACTORY;
            modem.line.clear();
            modem.out.clear();
        }
    }

    /// The call of a modem is lost, as by a bad line: both ends say NO CARRIER.
    pub fn lose_carrier(&mut self, modem: usize) {
        self.hang_up(modem, true);
    }

    /// Whether a modem has a call (DCD under `&C1`).
    pub fn has_carrier(&self, modem: usize) -> bool {
        let mode = self.modems.get(modem).map(|modem| modem.mode);
        matches!(mode, Some(Mode::Online { .. } | Mode::Escaped { .. }))
    }

    /// Whether a modem rings.
    pub fn rings(&self, modem: usize) -> bool {
        self.modems.get(modem).is_some_and(|modem| modem.rung_by.is_some())
    }

    /// Octets from a modem's port.
    pub fn handle_octets(&mut self, now: Instant, at: usize, octets: &[u8]) {
        let Some(modem) = self.modems.get_mut(at).filter(|modem| modem.alive) else { return };
        let silence = now.since(modem.heard);
        modem.heard = now;
        if let Mode::Online { with } = modem.mode {
            let escape = [modem.settings.escape; 3];
            modem.escaping = None;
            if octets == escape && silence >= modem.settings.guard && escape[0] < 128 {
                modem.escaping = Some(now + modem.settings.guard);
            }
            if let Some(other) = self.modems.get_mut(with) {
                match other.mode {
                    Mode::Online { .. } => other.out.extend_from_slice(octets),
                    // What comes while it talks to its own side is lost.
                    Mode::Command | Mode::Dialing { .. } | Mode::Escaped { .. } => {}
                }
            }
            return;
        }
        for (index, octet) in octets.iter().enumerate() {
            let Some(modem) = self.modems.get_mut(at) else { return };
            match modem.mode {
                Mode::Dialing { .. } => {
                    self.call_off(at);
                }
                Mode::Online { .. } => {
                    // CONNECT came of what was said before: the rest is the call's.
                    return self.handle_octets(now, at, octets.get(index..).unwrap_or_default());
                }
                Mode::Command | Mode::Escaped { .. } => {
                    if let Some(line) = modem.type_in(*octet) {
                        self.obey(now, at, &line);
                    }
                }
            }
        }
    }

    /// A modem's DTR goes low or high (V.250 §6.2.9, `&D`).
    pub fn handle_dtr(&mut self, at: usize, high: bool) {
        let Some(modem) = self.modems.get_mut(at).filter(|modem| modem.alive && !high) else {
            return;
        };
        if modem.settings.dtr == 0 {
            return;
        }
        modem.line.clear();
        if matches!(modem.mode, Mode::Dialing { .. }) {
            self.call_off(at);
        } else {
            self.hang_up(at, true);
        }
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        for at in 0..self.modems.len() {
            let Some(modem) = self.modems.get_mut(at) else { continue };
            if modem.escaping.is_some_and(|when| now >= when) {
                modem.escaping = None;
                if let Mode::Online { with } = modem.mode {
                    modem.mode = Mode::Escaped { with };
                    modem.say(Outcome::Ok, "");
                }
            }
            if let Some((by, when, rang)) = modem.rung_by
                && now >= when
            {
                let rang = rang.saturating_add(1);
                modem.rung_by = Some((by, now + RINGS, rang));
                modem.say(Outcome::Ring, "");
                if modem.settings.rings > 0 && rang >= modem.settings.rings {
                    self.take(at);
                    continue;
                }
            }
            if let Some(Modem { mode: Mode::Dialing { until, to }, .. }) = self.modems.get_mut(at) {
                let (over, to) = (now >= *until, *to);
                if over {
                    self.stop_ringing(to, at);
                    self.end(at, Outcome::NoAnswer);
                }
            }
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Instant> {
        let of = |modem: &Modem| {
            let dialing = match modem.mode {
                Mode::Dialing { until, .. } => Some(until),
                Mode::Command | Mode::Online { .. } | Mode::Escaped { .. } => None,
            };
            let ring = modem.rung_by.map(|(_, when, _)| when);
            [dialing, ring, modem.escaping].into_iter().flatten().min()
        };
        self.modems.iter().filter_map(of).min()
    }

    /// What a modem says to its port, or what it hears from the line.
    pub fn poll_octets(&mut self, modem: usize) -> Option<Vec<u8>> {
        let out = &mut self.modems.get_mut(modem)?.out;
        (!out.is_empty()).then(|| std::mem::take(out))
    }

    /// Whether any of them has something to say.
    pub fn has_octets(&self) -> bool {
        self.modems.iter().any(|modem| !modem.out.is_empty())
    }

    fn obey(&mut self, now: Instant, at: usize, line: &str) {
        let Some(mut rest) = line.strip_prefix("AT") else {
            return self.end(at, Outcome::Error);
        };
        while !rest.is_empty() {
            let Some(modem) = self.modems.get_mut(at) else { return };
            rest = rest.trim_start();
            let Some(first) = rest.chars().next() else { break };
            match first {
                'D' => return self.dial(now, at, rest.get(1..).unwrap_or_default()),
                'A' => return self.answer(at),
                'O' => return self.go_back(at),
                '+' => return modem.say(Outcome::Ok, ""),
                '&' => {
                    let (letter, number, after) = command(rest.get(1..).unwrap_or_default());
                    match letter {
                        Some('D') => modem.settings.dtr = number,
                        Some('F') => modem.settings = Settings::FACTORY,
                        Some(_) => {}
                        None => return self.end(at, Outcome::Error),
                    }
                    rest = after;
                }
                'S' => {
                    let Some((register, value, after)) = register(rest) else {
                        return self.end(at, Outcome::Error);
                    };
                    modem.settings.set(register, value);
                    rest = after;
                }
                _ => {
                    let (letter, number, after) = command(rest);
                    match letter {
                        Some('E') => modem.settings.echo = number != 0,
                        Some('Q') => modem.settings.quiet = number != 0,
                        Some('V') => modem.settings.verbose = number != 0,
                        Some('X') => modem.settings.results = number,
                        Some('Z') => {
                            modem.settings = Settings::FACTORY;
                            self.hang_up(at, false);
                        }
                        Some('H') => self.hang_up(at, false),
                        Some('I' | 'L' | 'M' | 'N' | 'P' | 'T' | 'W') => {}
                        Some(_) | None => return self.end(at, Outcome::Error),
                    }
                    rest = after;
                }
            }
        }
        if let Some(modem) = self.modems.get_mut(at) {
            modem.say(Outcome::Ok, "");
        }
    }

    fn dial(&mut self, now: Instant, at: usize, string: &str) {
        if !self.has_dial_tone {
            return self.end(at, Outcome::NoDialTone);
        }
        let digits: String =
            string.chars().filter(|c| c.is_ascii_digit() || "*#".contains(*c)).collect();
        let Some(to) = self.modems.iter().position(|modem| modem.number == digits) else {
            return self.end(at, Outcome::NoCarrier);
        };
        let is_free = self.modems.get(to).is_some_and(|other| {
            other.alive && other.mode == Mode::Command && other.rung_by.is_none()
        });
        if to == at || !is_free {
            return self.end(at, Outcome::Busy);
        }
        if let Some(modem) = self.modems.get_mut(at) {
            modem.mode = Mode::Dialing { to, until: now + modem.settings.wait };
        }
        if let Some(other) = self.modems.get_mut(to) {
            other.rung_by = Some((at, now, 0));
        }
        self.handle_timeout(now);
    }

    fn answer(&mut self, at: usize) {
        if self.rings(at) { self.take(at) } else { self.end(at, Outcome::NoCarrier) }
    }

    /// The call that rings is taken.
    fn take(&mut self, at: usize) {
        let Some((by, ..)) = self.modems.get_mut(at).and_then(|modem| modem.rung_by.take()) else {
            return;
        };
        for (modem, with) in [(at, by), (by, at)] {
            if let Some(modem) = self.modems.get_mut(modem) {
                modem.mode = Mode::Online { with };
                modem.line.clear();
                modem.say(Outcome::Connect, SPEED);
            }
        }
    }

    fn go_back(&mut self, at: usize) {
        let Some(modem) = self.modems.get_mut(at) else { return };
        match modem.mode {
            Mode::Escaped { with } => {
                modem.mode = Mode::Online { with };
                modem.say(Outcome::Connect, SPEED);
            }
            Mode::Command | Mode::Dialing { .. } | Mode::Online { .. } => {
                self.end(at, Outcome::NoCarrier);
            }
        }
    }

    /// Dialing is called off.
    fn call_off(&mut self, at: usize) {
        if let Some(Modem { mode: Mode::Dialing { to, .. }, .. }) = self.modems.get(at) {
            self.stop_ringing(*to, at);
            self.end(at, Outcome::NoCarrier);
        }
    }

    fn stop_ringing(&mut self, at: usize, by: usize) {
        if let Some(modem) = self.modems.get_mut(at)
            && modem.rung_by.is_some_and(|(caller, ..)| caller == by)
        {
            modem.rung_by = None;
        }
    }

    /// Ends the call of a modem, if it has one; the other end says NO CARRIER, and this one if it is
    /// to.
    fn hang_up(&mut self, at: usize, tell: bool) {
        let Some(modem) = self.modems.get_mut(at) else { return };
        let (Mode::Online { with } | Mode::Escaped { with }) = modem.mode else { return };
        modem.mode = Mode::Command;
        modem.escaping = None;
        if tell {
            modem.say(Outcome::NoCarrier, "");
        }
        self.end(with, Outcome::NoCarrier);
    }

    fn end(&mut self, at: usize, outcome: Outcome) {
        if let Some(modem) = self.modems.get_mut(at) {
            modem.mode = match (modem.mode, outcome) {
                (Mode::Escaped { with }, Outcome::Error) => Mode::Escaped { with },
                _ => Mode::Command,
            };
            modem.escaping = None;
            modem.line.clear();
            modem.say(outcome, "");
        }
    }
}

impl Settings {
    fn set(&mut self, register: u8, value: u8) {
        match register {
            0 => self.rings = value,
            2 => self.escape = value,
            7 => self.wait = Duration::from_secs(u64::from(value)),
            12 => self.guard = Duration::from_millis(u64::from(value) * 20),
            _ => {}
        }
    }
}

/// A letter, the number behind it (zero where there is none), and what follows.
fn command(text: &str) -> (Option<char>, u8, &str) {
    let mut letters = text.chars();
    let letter = letters.next().filter(char::is_ascii_alphabetic);
    let (number, after) = number(letters.as_str());
    (letter, number.unwrap_or(0), after)
}

/// `S7=50`.
fn register(text: &str) -> Option<(u8, u8, &str)> {
    let (register, after) = number(text.strip_prefix('S')?);
    let (value, after) = number(after.strip_prefix('=')?);
    Some((register?, value?, after))
}

fn number(text: &str) -> (Option<u8>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, after) = text.split_at(end);
    (digits.parse().ok(), after)
}
