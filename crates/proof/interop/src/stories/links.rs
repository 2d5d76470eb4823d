//! The same calls over every other link: a real server at its end, and nothing left of them.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::stage::Stage;

/// The budget of a hang-up, and what a busy machine takes beside.
const LIMIT: Duration = Duration::from_millis(3500);

/// A link, and how its server is reached, silenced and freed.
pub(super) struct Server {
    /// What `dial` is told.
    pub(super) words: Vec<String>,
    /// What makes it end the call.
    pub(super) ends: &'static str,
    /// What makes it fall silent, and speak again with nothing left of the call.
    pub(super) falls_silent: &'static str,
    pub(super) speaks_again: &'static str,
    /// What makes it take calls, and say no word of PPP in them; `speaks_again` ends that too.
    pub(super) takes_calls_mutely: &'static str,
}

/// Egress of the server, in which what a filter gives to the band `1:3` is lost.
macro_rules! losing {
    ($filter:literal) => {
        concat!(
            "tc qdisc replace dev eth0 root handle 1: prio && \
             tc qdisc add dev eth0 parent 1:3 netem loss 100% && \
             tc filter add dev eth0 parent 1: ",
            $filter,
            " flowid 1:3"
        )
    };
}

pub(super) fn serial_pap(stage: &mut Stage<'_>) -> Result<()> {
    let server = serial(stage, "SERIAL_PAP")?;
    play(stage, &server)
}

pub(super) fn serial_chap(stage: &mut Stage<'_>) -> Result<()> {
    let server = serial(stage, "SERIAL_CHAP")?;
    play(stage, &server)
}

pub(super) fn serial_ms_chap(stage: &mut Stage<'_>) -> Result<()> {
    let server = serial(stage, "SERIAL_MSCHAPV2")?;
    play(stage, &server)
}

pub(super) fn serial_mppe(stage: &mut Stage<'_>) -> Result<()> {
    let server = serial(stage, "SERIAL_MPPE")?;
    play(stage, &server)?;
    // The server requires it, and its packets came through; the status says so too.
    let mut words: Vec<&str> = server.words.iter().map(String::as_str).collect();
    words.extend(["--no-default-route", "--route", "10.88.0.0/24"]);
    let row = stage.connect(&words)?;
    let protection = row["projection"]["protection"].as_str().unwrap_or_default().to_owned();
    ensure!(protection.starts_with("MPPE, 128 bits"), "MPPE was expected: {row}");
    stage.hang_up(&row)
}

pub(super) fn l2tp(stage: &mut Stage<'_>) -> Result<()> {
    // Data has a T bit of 0 (RFC 2661 §3.1); it comes after 20 octets of IP and 8 of UDP.
    let losing_data = losing!(
        "protocol ip u32 match ip protocol 17 0xff match ip sport 1701 0xffff match u8 0 0x80 at 28"
    );
    let words = ["--device", "l2tp", "--phone-number", stage.lab.word("ADDRESS")];
    let server = behind_a_wire(&words, losing_data);
    play(stage, &server)
}

pub(super) fn pptp(stage: &mut Stage<'_>) -> Result<()> {
    let losing_data = losing!("protocol ip u32 match ip protocol 47 0xff");
    let words = ["--device", "pptp", "--phone-number", stage.lab.word("ADDRESS")];
    let server = behind_a_wire(&words, losing_data);
    play(stage, &server)
}

pub(super) fn pppoe(stage: &mut Stage<'_>) -> Result<()> {
    let (interface, service) = (stage.lab.word("PPPOE_IF"), stage.lab.word("PPPOE_SERVICE"));
    let words = ["--device", "pppoe", "--port", interface, "--phone-number", service];
    let server = behind_a_wire(&words, losing!("protocol 0x8864 u32 match u32 0 0"));
    play(stage, &server)?;
    // A concentrator that is not there is missed, and nothing is left of the asking.
    let other = ["--device", "pppoe", "--port", interface, "--phone-number", "no-such-service"];
    stage.dial(&other)?.failed_with(&["815"])?;
    stage.is_clean()
}

/// A daemon with a pppd for each call, at the other end of an Ethernet.
fn behind_a_wire(words: &[&str], takes_calls_mutely: &'static str) -> Server {
    Server {
        words: words.iter().copied().map(str::to_owned).collect(),
        ends: "pkill -TERM -x pppd; true",
        falls_silent: "tc qdisc replace dev eth0 root netem loss 100%",
        speaks_again: "tc qdisc del dev eth0 root; pkill -TERM -x pppd; true",
        takes_calls_mutely,
    }
}

/// The line ends at a pseudoterminal of this machine.
fn serial(stage: &Stage<'_>, word: &str) -> Result<Server> {
    let port = std::fs::canonicalize(stage.lab.word(word))?;
    Ok(Server {
        words: vec!["--device".to_owned(), port.display().to_string()],
        ends: "pkill -TERM -x pppd; true",
        falls_silent: "pkill -STOP -x pppd; true",
        speaks_again: "pkill -CONT -x pppd; true",
        takes_calls_mutely: "pkill -STOP -x pppd; true",
    })
}

pub(super) fn play(stage: &mut Stage<'_>, server: &Server) -> Result<()> {
    stage.start(false)?;
    let mut words: Vec<&str> = server.words.iter().map(String::as_str).collect();
    words.extend(["--no-default-route", "--route", "10.88.0.0/24"]);

    let row = stage.connect(&words)?;
    stage.echo(64 * 1024, None)?;
    stage.hang_up(&row)?;

    let said = stage.dial_with("not-her-password", &words)?;
    said.failed_with(&["691"])?;
    stage.is_clean()?;

    stage.connect(&words)?;
    stage.lab.run(server.ends)?;
    let noticed = stage.wait_until("noticing its end", Duration::from_secs(10), |stage| {
        let list = stage.manager()?.list()?;
        Ok(list.iter().all(|row| row["state_name"] == "RASCS_Disconnected"))
    })?;
    stage.figure("its end noticed after", noticed);
    for row in stage.manager()?.list()? {
        ensure!(row["error"] != 0, "an error was expected: {row}");
        let handle = row["handle"].as_str().unwrap_or_default().to_owned();
        stage.manager()?.onhook(&["hangup", &handle])?.succeeded()?;
    }
    stage.is_clean()?;

    let row = stage.connect(&words)?;
    let handle = row["handle"].as_str().unwrap_or_default().to_owned();
    let told = hang_up_in_the_dark(stage, server, &handle);
    stage.lab.run(server.speaks_again)?;
    told?;
    stage.is_clean()?;

    stage.lab.run(server.takes_calls_mutely)?;
    let said = stage.dial(&words);
    stage.lab.run(server.speaks_again)?;
    let said = said?;
    // ERROR_PPP_NO_RESPONSE, ERROR_VPN_GRE_BLOCKED, and ERROR_REMOTE_DISCONNECTION of a server that lost
    // patience before us.
    said.failed_with(&["721", "806", "629"])?;
    stage.figure("a dial that no PPP answers", said.took);
    stage.is_clean()
}

fn hang_up_in_the_dark(stage: &mut Stage<'_>, server: &Server, handle: &str) -> Result<()> {
    stage.lab.run(server.falls_silent)?;
    let said = stage.manager()?.onhook(&["hangup", handle])?;
    said.succeeded()?;
    stage.figure("hang-up in the dark", said.took);
    ensure!(said.took < LIMIT, "a hang-up with a dead peer took {:?}", said.took);
    stage.manager()?.onhook(&["status", handle])?.failed_with(&["6"])?;
    stage.host_is_as_before()
}
