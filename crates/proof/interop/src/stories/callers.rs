//! The other way round: clients of others call our answering side.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::stage::Stage;

/// What every client of pppd's needs to know.
const SETTINGS: &str = "printf '%s * %s *\\n' \"$USER\" \"$PASSWORD\" > /etc/ppp/chap-secrets
cp /etc/ppp/chap-secrets /etc/ppp/pap-secrets
printf '%s\\n' nodefaultroute noauth \"user $USER\" 'logfile /tmp/c.log' debug noipv6 > /etc/ppp/options
up() {
  i=0
  until busybox ifconfig ppp0 2>/dev/null | busybox grep -q 'UP POINT'; do
    i=$((i + 1)); [ $i -lt 100 ] || { busybox tail -20 /tmp/c.log; exit 1; }; busybox usleep 100000
  done
}
ping() { busybox ping -c 3 -i 0.2 -w 5 10.99.0.1; }
gone() { i=0; while busybox pidof pppd >/dev/null && [ $i -lt 100 ]; do i=$((i + 1)); busybox usleep 100000; done; }
";

/// Debian's pppd with its PPPoE plugin and the kernel's PPPoE.
pub(super) const PPPOE: &str = "modprobe pppoe
pppd plugin rp-pppoe.so nic-eth0 rp_pppoe_service ours updetach >/dev/null || { busybox tail -20 /tmp/c.log; exit 1; }
up; ping; busybox killall pppd; gone
";

/// Two calls of Debian's pppd over PPPoE, which the kernel's multilink makes one: 64 KiB come back as they
/// went, both ways at once, and again when one of the links was hung up. (A pppd that has just detached is
/// not always found by the next: these stay where they are.)
const MULTILINK: &str = "modprobe pppoe; rm -f /tmp/c.log
call() { pppd plugin rp-pppoe.so nic-eth0 rp_pppoe_service ours multilink endpoint local:0badcafe \
  linkname link$1 nodetach </dev/null >/dev/null 2>&1 & }
echoed() {
  busybox head -c 65536 /dev/urandom > /tmp/sent
  busybox timeout 20 busybox nc 10.99.0.1 7 < /tmp/sent | busybox head -c 65536 > /tmp/came
  busybox cmp /tmp/sent /tmp/came && echo echoed over $1
}
links() { busybox grep -c '^[0-9A-F]' /proc/net/pppoe; }
within() { i=0; until [ \"$($1)\" = $2 ]; do i=$((i + 1)); [ $i -lt 100 ] || exit 1; busybox usleep 100000; done; echo $1 $2; }
attached() { busybox grep -c 'Link attached to ppp0' /tmp/c.log; }
call 1; up; call 2; within attached 1
within links 2; ping; echoed two
kill $(busybox head -1 /run/ppp-link2.pid)
within links 1; echoed one
busybox killall pppd; gone
";

/// Debian's xl2tpd with the kernel's L2TP.
const L2TP: &str = "mkdir -p /run/xl2tpd
printf '%s\\n' '[global]' 'port = 1701' '[lac ours]' 'lns = 10.77.0.1' 'pppoptfile = /tmp/o.l2tp' > /tmp/lac.conf
printf '%s\\n' refuse-pap 'mtu 1410' 'mru 1410' nodetach > /tmp/o.l2tp
xl2tpd -D -c /tmp/lac.conf -C /run/xl2tpd/l2tp-control -p /run/xl2tpd.pid >/tmp/xl.log 2>&1 &
until [ -p /run/xl2tpd/l2tp-control ]; do busybox usleep 50000; done
echo 'c ours' > /run/xl2tpd/l2tp-control
up; ping; echo 'd ours' > /run/xl2tpd/l2tp-control; gone; busybox killall xl2tpd
";

/// Debian's pptp, which speaks GRE itself, and pppd with the kernel's MPPE.
const PPTP: &str = "modprobe ppp_mppe
printf '%s\\n' require-mppe-128 refuse-eap nopcomp noaccomp >> /etc/ppp/options
pppd pty 'pptp 10.77.0.1 --nolaunchpppd --loglevel 0' updetach >/dev/null || { busybox tail -20 /tmp/c.log; exit 1; }
up; ping; busybox killall pppd; gone
";

pub(super) fn pppoe(stage: &mut Stage<'_>) -> Result<()> {
    let interface = stage.lab.word("PPPOE_IF").to_owned();
    play(stage, &["--pppoe", &interface, "--service", "ours"], PPPOE)
}

pub(super) fn multilink(stage: &mut Stage<'_>) -> Result<()> {
    let interface = stage.lab.word("PPPOE_IF").to_owned();
    let words = ["--pppoe", interface.as_str(), "--service", "ours", "--multilink"];
    let mut echo = stage.ground.command("busybox", &stage.ground.folder);
    let mut echo = echo.args(["nc", "-ll", "-p", "7", "-e", "cat"]).spawn()?;
    let said = play_calls(stage, &words, MULTILINK, 2);
    // It runs until somebody ends it.
    echo.kill()?;
    echo.wait()?;
    let said = said?;
    for word in ["links 2", "echoed over two", "links 1", "echoed over one"] {
        ensure!(said.contains(word), "“{word}” was expected:\n{said}");
    }
    Ok(())
}

pub(super) fn l2tp(stage: &mut Stage<'_>) -> Result<()> {
    play(stage, &["--l2tp", "10.77.0.1:1701"], L2TP)
}

pub(super) fn pptp(stage: &mut Stage<'_>) -> Result<()> {
    play(stage, &["--pptp", "10.77.0.1:1723"], PPTP)
}

/// Our answering side, as a process on the ground.
struct Answering {
    child: Child,
    told: BufReader<ChildStdout>,
}

impl Answering {
    fn start(stage: &Stage<'_>, words: &[&str]) -> Result<Self> {
        let users = stage.ground.folder.join("users");
        let line = format!("{} {}\n", stage.lab.word("USER"), stage.lab.word("PASSWORD"));
        std::fs::write(&users, line)?;
        let mut command = stage.ground.command(stage.ground.program(), &stage.ground.folder);
        command.args(["answer", "--json", "--name", "ours", "--users"]).arg(users).args(words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let told = BufReader::new(child.stdout.take().context("its output")?);
        let mut answering = Self { child, told };
        answering.hear("answering")?;
        Ok(answering)
    }

    /// Waits until it tells of such an event; an end of its output is an error.
    fn hear(&mut self, event: &str) -> Result<Value> {
        loop {
            let mut line = String::new();
            self.told.read_line(&mut line)?;
            ensure!(!line.is_empty(), "the answering side has ended before “{event}”");
            let value: Value = serde_json::from_str(&line)?;
            if value["event"] == event {
                return Ok(value);
            }
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(super) fn play(stage: &mut Stage<'_>, words: &[&str], client: &str) -> Result<()> {
    play_calls(stage, words, client, 1).map(drop)
}

/// The same with so many calls at once; gives what the client said.
fn play_calls(stage: &mut Stage<'_>, words: &[&str], client: &str, calls: usize) -> Result<String> {
    // Their machine has a wire of its own, which is to be there before the host is looked at.
    stage.lab.client()?;
    stage.wait_until("the wire's own address", Duration::from_secs(10), |stage| {
        // The kernel makes it some time after the wire is up, and tries it for a second.
        let wire =
            stage.ground.ask(&["ip", "-6", "-oneline", "address", "show", "dev", "p-client"])?;
        Ok(wire.contains("fe80") && !wire.contains("tentative"))
    })?;
    stage.start(false)?;
    let mut answering = Answering::start(stage, words)?;
    let (user, password) = (stage.lab.word("USER"), stage.lab.word("PASSWORD"));
    let script = format!("USER='{user}'; PASSWORD='{password}'\n{SETTINGS}{client}");
    let start = std::time::Instant::now();
    let said = stage.lab.run_client(&script)?;
    stage.figure("the client's whole call", start.elapsed());
    ensure!(said.contains(" 0% packet loss"), "the client's packets:\n{said}");
    let mut addresses = Vec::new();
    for _ in 0..calls {
        let connected = answering.hear("connected")?;
        ensure!(connected["user"] == user, "another user: {connected}");
        addresses.push(connected["address"].clone());
    }
    ensure!(addresses.iter().all(|a| *a == addresses[0]), "one address: {addresses:?}");
    for _ in 0..calls {
        answering.hear("ended")?;
    }
    // Its interfaces are gone with the call, and everything else with the process.
    let cleaned = stage.wait_until("cleaning", Duration::from_secs(5), |stage| {
        Ok(stage.host_is_as_before().is_ok())
    });
    if cleaned.is_err() {
        stage.host_is_as_before()?;
    }
    drop(answering);
    stage.host_is_as_before()?;
    Ok(said)
}
