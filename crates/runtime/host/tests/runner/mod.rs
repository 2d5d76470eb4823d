//! A test runner for tests that the machine may forbid.
//!
//! Each case runs in a process of its own: this program, called again with the case's name. There it
//! may go into namespaces, which only a process of one thread can. A case that finds that it cannot run
//! here says why, and is counted as ignored, never as passed: the standard harness has no word for that
//! at run time. What is printed looks like the standard harness, and so do the arguments that are
//! understood: names to filter by, `--exact`, `--skip`, `--list`, `--nocapture`. A name that begins with
//! `_` is no case of its own, but the second process of one ([`again`]).

use std::env;
use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitCode, Stdio};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// Names the case that this process is to be.
const INSIDE: &str = "ONHOOK_TEST_CASE";
/// The exit status of a case that cannot run here.
const CANNOT_RUN: u8 = 77;
/// Begins the line in which a case says why it cannot run.
const BECAUSE: &str = "cannot run here: ";

/// Why a case cannot run here.
#[derive(Debug)]
pub struct Ignored(pub String);

/// What a case answers; it fails by a panic.
pub type Verdict = Result<(), Ignored>;

/// A case: its name, a sentence in snake case, and what it does.
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub run: fn() -> Verdict,
}

/// Makes cases of functions, named as they are.
#[macro_export]
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        [$($crate::runner::Case { name: stringify!($name), run: $name }),*]
    };
}

/// Runs the cases that the arguments ask for.
pub fn main(cases: &[Case]) -> ExitCode {
    if let Ok(name) = env::var(INSIDE) {
        return be(cases, &name);
    }
    let asked = Asked::from_arguments(env::args().skip(1));
    let chosen: Vec<_> = cases.iter().filter(|case| asked.wants(case.name)).collect();
    if asked.list {
        chosen.iter().for_each(|case| println!("{}: test", case.name));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", chosen.len());
    let (mut passed, mut ignored, mut failed) = (0, 0, Vec::new());
    for case in &chosen {
        print!("test {} ... ", case.name);
        // What cannot be printed yet is printed with the next line.
        drop(std::io::stdout().flush());
        match call(case.name, asked.nocapture) {
            Called::Passed => {
                passed += 1;
                println!("ok");
            }
            Called::Ignored(why) => {
                ignored += 1;
                println!("ignored, {why}");
            }
            Called::Failed(said) => {
                println!("FAILED");
                failed.push((case.name, said));
            }
        }
    }
    for (name, said) in &failed {
        println!("\n---- {name} ----\n{said}");
    }
    let filtered = cases.len() - chosen.len();
    let result = if failed.is_empty() { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {result}. {passed} passed; {} failed; {ignored} ignored; 0 measured; \
         {filtered} filtered out\n",
        failed.len()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(101) }
}

#[derive(Default)]
struct Asked {
    names: Vec<String>,
    skip: Vec<String>,
    exact: bool,
    list: bool,
    nocapture: bool,
    /// No case is marked to be left out, so there is none to be run by that mark.
    only_ignored: bool,
}

impl Asked {
    fn from_arguments(arguments: impl Iterator<Item = String>) -> Self {
        let mut asked = Self::default();
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--exact" => asked.exact = true,
                "--list" => asked.list = true,
                "--nocapture" | "--no-capture" => asked.nocapture = true,
                "--ignored" => asked.only_ignored = true,
                "--skip" => asked.skip.extend(arguments.next()),
                "--test-threads" | "--format" | "--color" | "-Z" => drop(arguments.next()),
                other if other.starts_with('-') => {}
                name => asked.names.push(name.to_owned()),
            }
        }
        asked
    }

    fn wants(&self, name: &str) -> bool {
        let is = |wanted: &String| if self.exact { name == wanted } else { name.contains(wanted) };
        !self.only_ignored
            && !name.starts_with('_')
            && (self.names.is_empty() || self.names.iter().any(is))
            && !self.skip.iter().any(is)
    }
}

enum Called {
    Passed,
    Ignored(String),
    Failed(String),
}

/// Runs a case in a process of its own.
fn call(name: &str, nocapture: bool) -> Called {
    let mut again = again(name);
    if nocapture {
        again.stderr(Stdio::inherit());
    }
    let output = match again.output() {
        Ok(output) => output,
        Err(error) => return Called::Failed(error.to_string()),
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if nocapture {
        print!("{said}");
    }
    match output.status.code() {
        Some(0) => Called::Passed,
        Some(code) if code == i32::from(CANNOT_RUN) => {
            let why = said.lines().rev().find_map(|line| line.strip_prefix(BECAUSE));
            Called::Ignored(why.unwrap_or("it did not say why").to_owned())
        }
        _ => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            Called::Failed(format!("{said}{complaint}{}", output.status))
        }
    }
}

/// This program as another case; also for cases that need a second process.
pub fn again(name: &str) -> Command {
    let program = env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.env(INSIDE, name).stdin(Stdio::null());
    command
}

fn be(cases: &[Case], name: &str) -> ExitCode {
    let Some(case) = cases.iter().find(|case| case.name == name) else {
        eprintln!("there is no case {name}");
        return ExitCode::FAILURE;
    };
    match catch_unwind(AssertUnwindSafe(case.run)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(Ignored(why))) => {
            println!("{BECAUSE}{why}");
            ExitCode::from(CANNOT_RUN)
        }
        Err(_) => ExitCode::FAILURE,
    }
}

/// Goes into a user, network and mount namespace of its own, in which this process is root. To be called
/// first in a case, while it is one thread.
pub fn own_namespaces() -> Verdict {
    let (uid, gid) = (nix::unistd::getuid(), nix::unistd::getgid());
    let spaces = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS;
    unshare(spaces)
        .map_err(|e| Ignored(format!("this machine forbids user namespaces of our own ({e})")))?;
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {uid} 1")),
        ("gid_map", format!("0 {gid} 1")),
    ] {
        fs::write(format!("/proc/self/{file}"), text)
            .map_err(|e| Ignored(format!("this machine forbids to set {file} ({e})")))?;
    }
    let nothing: Option<&str> = None;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(nothing, "/", nothing, private, nothing)
        .and_then(|()| mount(nothing, "/run", Some("tmpfs"), MsFlags::empty(), nothing))
        .map_err(|e| Ignored(format!("this machine forbids mounts of our own ({e})")))
}

/// Checks that the TUN device can be opened.
pub fn tun_device() -> Verdict {
    let device = "/dev/net/tun";
    match fs::OpenOptions::new().read(true).write(true).open(device) {
        Ok(_) => Ok(()),
        Err(e) => Err(Ignored(format!("{device} cannot be opened ({e})"))),
    }
}
