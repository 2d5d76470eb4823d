//! Commands that somebody sits before.

use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

use nix::pty::openpty;

use super::{ONHOOK, STUCK, Stage};

/// A command at a terminal of its own.
pub struct AtTerminal {
    pub child: Child,
    keyboard: std::fs::File,
    shown: Receiver<Vec<u8>>,
    seen: String,
    /// Everything that was shown.
    pub all: String,
}

impl AtTerminal {
    /// `None` where there is no program that gives a command a terminal.
    pub fn run(stage: &Stage, args: &[&str]) -> Option<Self> {
        Self::run_program(ONHOOK, stage, args)
    }

    /// The same of another program.
    pub fn run_program(program: &str, stage: &Stage, args: &[&str]) -> Option<Self> {
        let terminal = openpty(None, None).unwrap();
        let slave = || Stdio::from(terminal.slave.try_clone().unwrap());
        let child = stage
            .command("setsid")
            .args(["--ctty", "--wait", program])
            .args(args)
            .stdin(slave())
            .stdout(slave())
            .stderr(slave())
            .spawn();
        let child = match child {
            Ok(child) => child,
            Err(error) => {
                eprintln!("skipped: setsid cannot be run: {error}");
                return None;
            }
        };
        drop(terminal.slave);
        let keyboard = std::fs::File::from(terminal.master);
        let mut screen = keyboard.try_clone().unwrap();
        let (tell, shown) = channel();
        std::thread::spawn(move || {
            let mut octets = [0; 1024];
            while let Ok(length @ 1..) = screen.read(&mut octets) {
                if tell.send(octets[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Some(Self { child, keyboard, shown, seen: String::new(), all: String::new() })
    }

    pub fn shows(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let more = self.shown.recv_timeout(STUCK);
            let more = more.unwrap_or_else(|_| panic!("“{text}” is not shown: {}", self.seen));
            let more = String::from_utf8_lossy(&more);
            self.seen.push_str(&more);
            self.all.push_str(&more);
        }
        let end = self.seen.find(text).unwrap() + text.len();
        self.seen.drain(..end);
    }

    pub fn types(&mut self, text: &str) {
        writeln!(self.keyboard, "{text}").unwrap();
    }
}
