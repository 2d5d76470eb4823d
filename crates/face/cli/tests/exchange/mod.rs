//! Two modems and the exchange between them, on pseudoterminals: they say what V.250 says, one rings when
//! the other dials, and what the one is sent in a call the other hears.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::pty::{OpenptyResult, openpty};

/// Silence around `+++` (S12 is a second; a little less, because clocks differ).
const GUARD: Duration = Duration::from_millis(800);
/// Between two rings.
const RINGS: Duration = Duration::from_millis(300);
/// A number that is always busy.
pub const BUSY: &str = "5550000";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Command,
    Dialing,
    Online,
    /// In the command state, the call still there.
    Escaped,
}

/// The two modems; their terminals are there as long as it is.
pub struct Exchange {
    terminals: [OpenptyResult; 2],
}

impl Exchange {
    pub fn new() -> Self {
        let terminals = [openpty(None, None).unwrap(), openpty(None, None).unwrap()];
        let modes = Arc::new(Mutex::new([Mode::Command; 2]));
        for at in 0..2 {
            let own = File::from(terminals[at].master.try_clone().unwrap());
            let other = File::from(terminals[1 - at].master.try_clone().unwrap());
            let modes = modes.clone();
            std::thread::spawn(move || Modem { at, own, other, modes }.work());
        }
        Self { terminals }
    }

    /// The path of a modem's terminal.
    pub fn path(&self, at: usize) -> String {
        let name = nix::unistd::ttyname(&self.terminals[at].slave).unwrap();
        name.to_str().unwrap().to_owned()
    }
}

struct Modem {
    at: usize,
    own: File,
    other: File,
    modes: Arc<Mutex<[Mode; 2]>>,
}

impl Modem {
    fn work(mut self) {
        let (mut line, mut heard) = (Vec::new(), Instant::now());
        let mut room = [0; 4096];
        loop {
            let Ok(count @ 1..) = self.own.read(&mut room) else { return };
            let octets = &room[..count];
            let silence = heard.elapsed();
            heard = Instant::now();
            if self.modes.lock().unwrap()[self.at] == Mode::Online {
                if octets == b"+++" && silence >= GUARD {
                    self.modes.lock().unwrap()[self.at] = Mode::Escaped;
                    self.say("OK");
                } else {
                    self.other.write_all(octets).unwrap();
                }
                continue;
            }
            for octet in octets {
                if *octet != b'\r' {
                    line.push(*octet);
                    continue;
                }
                let command = String::from_utf8(std::mem::take(&mut line)).unwrap();
                self.obey(&command);
            }
        }
    }

    fn say(&mut self, text: &str) {
        self.own.write_all(format!("\r\n{text}\r\n").as_bytes()).unwrap();
    }

    /// The other one rings until it is answered, or nobody calls any more.
    fn ring(&self) {
        let (at, modes) = (self.at, self.modes.clone());
        let mut other = self.other.try_clone().unwrap();
        std::thread::spawn(move || {
            while modes.lock().unwrap()[at] == Mode::Dialing {
                other.write_all(b"\r\nRING\r\n").unwrap();
                std::thread::park_timeout(RINGS);
            }
        });
    }

    fn obey(&mut self, command: &str) {
        let mut modes = self.modes.lock().unwrap();
        let other = 1 - self.at;
        match command {
            "ATA" if modes[other] == Mode::Dialing => {
                *modes = [Mode::Online; 2];
                drop(modes);
                self.say("CONNECT 33600/ARQ/V34");
                self.other.write_all(b"\r\nCONNECT 33600/ARQ/V34\r\n").unwrap();
            }
            "ATH" => {
                let was_in_call = modes[self.at] == Mode::Escaped;
                if was_in_call {
                    *modes = [Mode::Command; 2];
                }
                drop(modes);
                self.say("OK");
                if was_in_call {
                    self.other.write_all(b"\r\nNO CARRIER\r\n").unwrap();
                }
            }
            "" => {
                let was_dialing = modes[self.at] == Mode::Dialing;
                modes[self.at] = Mode::Command;
                drop(modes);
                if was_dialing {
                    self.say("NO CARRIER");
                }
            }
            _ if command.starts_with("ATD") && command.ends_with(BUSY) => {
                drop(modes);
                self.say("BUSY");
            }
            _ if command.starts_with("ATD") => {
                modes[self.at] = Mode::Dialing;
                drop(modes);
                self.ring();
            }
            _ if command.starts_with("AT") => {
                drop(modes);
                self.say("OK");
            }
            _ => {
                drop(modes);
                self.say("ERROR");
            }
        }
    }
}
