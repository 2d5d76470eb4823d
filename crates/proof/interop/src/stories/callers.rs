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
    let connected = answering.hear("connected")?;
    ensure!(connected["user"] == user, "another user: {connected}");
    answering.hear("ended")?;
    // Its interfaces are gone with the call, and everything else with the process.
    let cleaned = stage.wait_until("cleaning", Duration::from_secs(5), |stage| {
        Ok(stage.host_is_as_before().is_ok())
    });
    if cleaned.is_err() {
        stage.host_is_as_before()?;
    }
    drop(answering);
    stage.host_is_as_before()
}
