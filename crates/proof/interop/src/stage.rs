//! What a story plays on: the lab, the ground, managers, and the questions that all stories ask.

use std::any::Any;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::ground::Ground;
use crate::lab::Lab;
use crate::manager::{Manager, Said};
use crate::snapshot::Snapshot;

/// How long the servers may take to notice an end that they were told of. pppd's own end takes a few
/// starts of programs, which are slow in that machine.
const SERVER_LIMIT: Duration = Duration::from_secs(8);

/// One story's stage.
pub(crate) struct Stage<'a> {
    /// The servers.
    pub(crate) lab: &'a Lab,
    /// Where our program runs.
    pub(crate) ground: &'a Ground,
    /// The manager that the story plays with, once there is one.
    manager: Option<Manager<'a>>,
    name: &'static str,
    before: Option<Snapshot>,
    figures: Vec<String>,
    /// What ends with the story.
    kept: Vec<Rc<dyn Any>>,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(lab: &'a Lab, ground: &'a Ground, name: &'static str) -> Self {
        Self {
            lab,
            ground,
            manager: None,
            name,
            before: None,
            figures: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Keeps something until the story is over and everybody was asked what is left.
    pub(crate) fn keep(&mut self, kept: Rc<dyn Any>) {
        self.kept.push(kept);
    }

    /// Remembers the host's network and starts a manager.
    pub(crate) fn start(&mut self, ordinary: bool) -> Result<()> {
        if self.before.is_none() {
            self.before = Some(Snapshot::take(self.ground)?);
        }
        self.manager = None;
        self.manager = Some(Manager::start(self.ground, self.name, ordinary)?);
        Ok(())
    }

    /// The manager.
    pub(crate) fn manager(&mut self) -> Result<&mut Manager<'a>> {
        self.manager.as_mut().context("no manager was started")
    }

    /// Writes a phone book with one entry, `peer`, and says where it is.
    pub(crate) fn phonebook(&mut self, keys: &[&str]) -> Result<String> {
        let (number, ca) = (self.lab.word("TLS_NAME"), self.lab.word("TLS_CA"));
        let mut book =
            "[peer]\r\nEncoding=1\r\nPBVersion=1\r\nType=2\r\nVpnStrategy=5\r\n".to_owned();
        book += &format!("OnhookCaFile={ca}\r\n");
        for key in keys {
            book += &format!("{key}\r\n");
        }
        book += "\r\nMEDIA=rastapi\r\nPort=VPN1-0\r\nDevice=WAN Miniport (SSTP)\r\n\r\n";
        book += &format!("DEVICE=vpn\r\nPhoneNumber={number}\r\n");
        let path = self.manager()?.folder().join("peer.pbk");
        std::fs::write(&path, book)?;
        Ok(path.display().to_string())
    }

    /// `onhook dial …` as alice by the server's name, with these words beside; notes the time.
    pub(crate) fn dial(&mut self, words: &[&str]) -> Result<Said> {
        let password = self.lab.word("PASSWORD").to_owned();
        self.dial_with(&password, words)
    }

    /// The same with another password.
    pub(crate) fn dial_with(&mut self, password: &str, words: &[&str]) -> Result<Said> {
        let (name, ca, user) =
            (self.lab.word("TLS_NAME"), self.lab.word("TLS_CA"), self.lab.word("USER"));
        let mut all = vec!["dial", "--user", user, "--password-stdin", "--json"];
        let over_sstp = !words.contains(&"--device") || words.contains(&"sstp");
        if !words.contains(&"--phonebook") && over_sstp {
            if !words.contains(&"--phone-number") {
                all.extend(["--phone-number", name, "--device", "sstp"]);
            }
            if !words.contains(&"--ca-file") {
                all.extend(["--ca-file", ca]);
            }
        }
        all.extend(words);
        let told = format!("{password}\n");
        let said = self.manager()?.onhook_told(&all, &told)?;
        if said.status.success() {
            self.figure("dial", said.took);
        }
        let shown = said.out.contains(password) || said.err.contains(password);
        ensure!(!shown, "the password was printed");
        Ok(said)
    }

    /// Dials, which must go well, and gives the one row of the list.
    pub(crate) fn connect(&mut self, words: &[&str]) -> Result<Value> {
        self.dial(words)?.succeeded()?;
        let list = self.manager()?.list()?;
        ensure!(list.len() == 1, "one connection was expected: {list:?}");
        let row = list.into_iter().next().unwrap_or_default();
        ensure!(row["state_name"] == "RASCS_Connected", "Connected was expected: {row}");
        ensure!(row["error"] == 0, "no error was expected: {row}");
        Ok(row)
    }

    /// Hangs the row of the list up; when that returns, nothing may be left on either side.
    pub(crate) fn hang_up(&mut self, row: &Value) -> Result<()> {
        let handle = row["handle"].as_str().context("a handle")?.to_owned();
        let said = self.manager()?.onhook(&["hangup", &handle])?;
        said.succeeded()?;
        self.figure("hang-up", said.took);
        self.server_is_empty()?;
        self.manager()?.onhook(&["status", &handle])?.failed_with(&["6"])?;
        let list = self.manager()?.list()?;
        ensure!(list.is_empty(), "an empty list was expected: {list:?}");
        self.host_is_as_before()
    }

    /// The servers hold nothing. When they did at the first look, the time that they took is told.
    pub(crate) fn server_is_empty(&mut self) -> Result<()> {
        let (waited, first) = self.lab.wait_until_empty(SERVER_LIMIT)?;
        if !first.is_empty() {
            self.figure("server held on", waited);
            let held = first.lines().map(|l| l.split_whitespace().next().unwrap_or_default());
            self.figures.push(held.collect::<Vec<_>>().join("+"));
        }
        Ok(())
    }

    /// The servers hold nothing, at the first look.
    pub(crate) fn server_is_empty_at_once(&mut self) -> Result<()> {
        let held = self.lab.sessions()?;
        ensure!(held.is_empty(), "at this moment the server still holds:\n{held}");
        Ok(())
    }

    /// The host's network is as it was before the story began.
    pub(crate) fn host_is_as_before(&self) -> Result<()> {
        let Some(before) = &self.before else { return Ok(()) };
        let differences = before.differences(&Snapshot::take(self.ground)?);
        ensure!(differences.is_empty(), "the host's network has changed:\n{differences}");
        Ok(())
    }

    /// At a story's end: nothing on either side.
    pub(crate) fn is_clean(&mut self) -> Result<()> {
        self.server_is_empty()?;
        self.host_is_as_before()
    }

    /// Sends octets to the far end's echo and compares what comes back.
    pub(crate) fn echo(&mut self, octets: usize, proxy: Option<&str>) -> Result<()> {
        let target = format!("{}:7", self.lab.word("INSIDE_ADDRESS"));
        self.ask_echo(&target, octets, proxy)
    }

    /// The same with another echo.
    pub(crate) fn echo_at(&mut self, target: &str, octets: usize) -> Result<()> {
        self.ask_echo(target, octets, None)
    }

    fn ask_echo(&mut self, target: &str, octets: usize, proxy: Option<&str>) -> Result<()> {
        let ourselves = std::env::current_exe()?;
        let mut command = self.ground.command(ourselves, &self.ground.folder);
        command.args(["--echo", target, &octets.to_string()]).args(proxy);
        let start = Instant::now();
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the echo of {octets} octets: {said}");
        self.figure(&format!("echo of {} KiB", octets / 1024), start.elapsed());
        Ok(())
    }

    /// Asks until it is so.
    pub(crate) fn wait_until(
        &mut self,
        what: &str,
        limit: Duration,
        mut is_so: impl FnMut(&mut Self) -> Result<bool>,
    ) -> Result<Duration> {
        let start = Instant::now();
        while !is_so(self)? {
            ensure!(start.elapsed() < limit, "{what}: not after {limit:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(start.elapsed())
    }

    /// Notes a time.
    pub(crate) fn figure(&mut self, what: &str, time: Duration) {
        self.figures.push(format!("{what} {} ms", time.as_millis()));
    }

    /// The times noted, each followed by a comma.
    pub(crate) fn figures(&self) -> String {
        self.figures.iter().map(|figure| format!("{figure}, ")).collect()
    }

    /// What the manager said last, for a story that failed.
    pub(crate) fn last_words(&self) -> String {
        let log = self.manager.as_ref().map(|manager| manager.log_tail(30)).unwrap_or_default();
        format!("the end of the manager's log:\n{log}\n")
    }

    /// Ends the manager and, where the story failed or the servers still hold something, everything in
    /// their machines, for the next story's sake.
    pub(crate) fn clear(&mut self, failed: bool) {
        self.manager = None;
        self.kept.clear();
        let is_dirty = failed || self.lab.sessions().map_or(true, |held| !held.is_empty());
        let cleared = if is_dirty { self.lab.reset() } else { Ok(()) };
        if let Err(error) = cleared.and_then(|()| self.lab.auth("mschap-v2")) {
            println!("stage: {error:#}");
        }
    }
}
