//! The stories, each a siege of one kind.

use std::io::Write as _;
use std::net::TcpStream;

use anyhow::{Context as _, Result, ensure};

use crate::besieged::Ground;
use crate::callers::{Callers, ECHO_REQUEST, lcp, say_for_ever};
use crate::clients;
use crate::server::{Endless, Hostile};
use crate::table::Outcome;

/// How large everything is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Everything is divided by this.
    pub(crate) divisor: usize,
    /// Descriptors that this process may have.
    pub(crate) descriptors: usize,
}

impl Scale {
    fn of(self, full: usize) -> usize {
        (full / self.divisor).min(self.descriptors.saturating_sub(500))
    }
}

/// One siege.
pub(crate) struct Story {
    /// What is done.
    pub(crate) name: &'static str,
    /// MiB by which the besieged process may grow.
    pub(crate) bound_mib: u64,
    /// Plays it.
    pub(crate) play: fn(&Ground, Scale) -> Result<Outcome>,
}

pub(crate) const STORIES: &[Story] = &[
    Story { name: "server: calls that say nothing", bound_mib: 64, play: silent_calls },
    Story { name: "server: TLS that is begun", bound_mib: 64, play: half_tls },
    Story { name: "server: HTTP that is begun", bound_mib: 96, play: half_http },
    Story { name: "server: calls without a proof", bound_mib: 128, play: unproven_calls },
    Story { name: "server: a head without end", bound_mib: 8, play: endless_head },
    Story { name: "server: Configure-Requests without end", bound_mib: 16, play: endless_requests },
    Story { name: "server: Echo-Requests, replies unread", bound_mib: 24, play: endless_echoes },
    Story { name: "manager: a server's head without end", bound_mib: 16, play: hostile_head },
    Story { name: "manager: a server's Echo-Requests", bound_mib: 24, play: hostile_echoes },
    Story { name: "manager: a server's Configure-Requests", bound_mib: 24, play: hostile_requests },
    Story { name: "manager: idle clients", bound_mib: 48, play: idle_clients },
    Story { name: "manager: replies that nobody reads", bound_mib: 24, play: unread_replies },
    Story { name: "manager: events that nobody reads", bound_mib: 24, play: unread_events },
    Story { name: "manager: a message without end", bound_mib: 16, play: endless_message },
    Story { name: "manager: brackets in brackets", bound_mib: 16, play: deep_message },
    Story { name: "manager: clients that come and go", bound_mib: 16, play: coming_and_going },
];

fn callers(ground: &Ground) -> Result<Callers> {
    Callers::new(ground.address, &ground.ca())
}

/// Opens so many calls, lets somebody honest dial, and closes them.
fn crowd<C>(
    ground: &Ground,
    count: usize,
    mut open: impl FnMut(usize) -> Result<C>,
) -> Result<Outcome> {
    let watch = ground.watch_server()?;
    let mut held = Vec::with_capacity(count);
    let mut refused = 0;
    for number in 0..count {
        match open(number) {
            Ok(call) => held.push(call),
            Err(_) => refused += 1,
        }
    }
    ensure!(!held.is_empty(), "not one call could be opened");
    let honest = ground.honest_dial().context("somebody honest")?;
    let size = match refused {
        0 => format!("{count} calls"),
        _ => format!("{count} calls, {refused} of them refused"),
    };
    drop(held);
    Ok(Outcome { size, taken: watch.end()?, honest })
}

fn silent_calls(ground: &Ground, scale: Scale) -> Result<Outcome> {
    let callers = callers(ground)?;
    crowd(ground, scale.of(10_000), |number| callers.tcp(number))
}

fn half_tls(ground: &Ground, scale: Scale) -> Result<Outcome> {
    let callers = callers(ground)?;
    crowd(ground, scale.of(10_000), |number| -> Result<TcpStream> {
        let mut stream = callers.tcp(number)?;
        // The head of a record and of a ClientHello; 500 octets are to follow and do not.
        stream.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 1, 2, 3])?;
        Ok(stream)
    })
}

fn half_http(ground: &Ground, scale: Scale) -> Result<Outcome> {
    let callers = callers(ground)?;
    crowd(ground, scale.of(10_000), |number| {
        let mut session = callers.tls(number)?;
        session.write_all(b"SSTP_DUPLEX_POST /sra_")?;
        Ok(session)
    })
}

fn unproven_calls(ground: &Ground, scale: Scale) -> Result<Outcome> {
    let callers = callers(ground)?;
    crowd(ground, scale.of(10_000), |number| callers.sstp(number))
}

/// One caller who never ends, and somebody honest beside.
fn one_caller(
    ground: &Ground,
    talk: impl FnOnce(Callers) -> Result<String> + Send,
) -> Result<Outcome> {
    let watch = ground.watch_server()?;
    let callers = callers(ground)?;
    let (size, honest) = std::thread::scope(|scope| {
        let talk = scope.spawn(|| talk(callers));
        let honest = ground.honest_dial().context("somebody honest");
        let size = talk.join().ok().context("the caller has failed");
        anyhow::Ok((size??, honest?))
    })?;
    Ok(Outcome { size, taken: watch.end()?, honest })
}

fn endless_head(ground: &Ground, _scale: Scale) -> Result<Outcome> {
    one_caller(ground, |callers| {
        let mut session = callers.tls(0)?;
        let line = b"X-More: and more and more and more\r\n".repeat(100);
        let taken = say_for_ever(&mut session, 100_000, |_| line.clone());
        ensure!(taken < 100_000, "it was never ended");
        Ok(format!("{} KiB, then ended", taken * line.len() / 1024))
    })
}

fn endless_requests(ground: &Ground, scale: Scale) -> Result<Outcome> {
    let most = scale.of(200_000).max(2_000);
    one_caller(ground, move |callers| {
        let mut session = callers.sstp(0)?;
        // A hundred MRUs: well-formed, and nothing that could be agreed to for ever.
        let options = [1, 4, 5, 0xdc].repeat(100);
        let taken =
            say_for_ever(&mut session, most, |turn| lcp(1, turn.to_le_bytes()[0], &options));
        Ok(format!("{taken} taken of {most}"))
    })
}

fn endless_echoes(ground: &Ground, scale: Scale) -> Result<Outcome> {
    let most = scale.of(200_000).max(2_000);
    one_caller(ground, move |callers| {
        let mut session = callers.sstp(0)?;
        let many = ECHO_REQUEST.repeat(100);
        let taken = say_for_ever(&mut session, most, |_| many.clone());
        Ok(format!("{} of {} taken, none read", taken * 100, most * 100))
    })
}

/// A server that never ends is dialed; somebody honest dials another.
fn hostile(ground: &Ground, endless: Endless) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let server = Hostile::start(folder.path(), endless)?;
    let watch = ground.watch_manager()?;
    let (address, ca) = (server.address, server.ca.clone());
    let honest = std::thread::scope(|scope| {
        // Whatever becomes of it: the command hangs up what it could not dial.
        let dialing = scope.spawn(|| ground.dial(address, &ca));
        let honest = ground.honest_dial().context("somebody honest");
        let dialed = dialing.join().ok().context("the dial has failed")?;
        ensure!(dialed.is_err(), "such a server cannot be connected with");
        honest
    })?;
    let taken = server.taken()?;
    Ok(Outcome { size: format!("{} KiB taken", taken / 1024), taken: watch.end()?, honest })
}

fn hostile_head(ground: &Ground, _scale: Scale) -> Result<Outcome> {
    hostile(ground, Endless::Head)
}

fn hostile_echoes(ground: &Ground, _scale: Scale) -> Result<Outcome> {
    hostile(ground, Endless::Echoes)
}

fn hostile_requests(ground: &Ground, _scale: Scale) -> Result<Outcome> {
    hostile(ground, Endless::Requests)
}

fn idle_clients(ground: &Ground, scale: Scale) -> Result<Outcome> {
    let (watch, socket) = (ground.watch_manager()?, ground.socket());
    let count = scale.of(1_000);
    let held: Result<Vec<_>> = (0..count).map(|_| clients::connect(&socket)).collect();
    // Besides those who may not come at all any more, everybody is served.
    let honest = match nix::unistd::geteuid().is_root() {
        true => ground.honest_dial().context("somebody honest")?,
        false => std::time::Duration::ZERO,
    };
    drop(held?);
    Ok(Outcome { size: format!("{count} clients"), taken: watch.end()?, honest })
}

fn unread_replies(ground: &Ground, _scale: Scale) -> Result<Outcome> {
    let (watch, socket) = (ground.watch_manager()?, ground.socket());
    let mut stream = clients::connect(&socket)?;
    let many = clients::call("List", false).repeat(500);
    let (taken, honest) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| clients::write_for_ever(&mut stream, &many, 1 << 30));
        let honest = ground.honest_dial().context("somebody honest");
        let taken = asking.join().ok().context("the client has failed")?;
        anyhow::Ok((taken, honest?))
    })?;
    ensure!(taken < 1 << 30, "it was never stopped");
    ensure!(clients::is_dropped(&mut stream), "it was never dropped");
    drop(stream);
    let size = format!("{} KiB of questions, then dropped", taken / 1024);
    Ok(Outcome { size, taken: watch.end()?, honest })
}

fn unread_events(ground: &Ground, scale: Scale) -> Result<Outcome> {
    let (watch, socket) = (ground.watch_manager()?, ground.socket());
    let watchers = scale.of(200);
    let mut held = Vec::new();
    for _ in 0..watchers {
        let mut stream = clients::connect(&socket)?;
        stream.write_all(&clients::call("Watch", true))?;
        held.push(stream);
    }
    let dials = scale.of(40).max(4);
    let mut honest = std::time::Duration::ZERO;
    for _ in 0..dials {
        honest = honest.max(ground.honest_dial().context("somebody honest")?);
    }
    drop(held);
    let size = format!("{watchers} clients, {dials} dials");
    Ok(Outcome { size, taken: watch.end()?, honest })
}

fn endless_message(ground: &Ground, _scale: Scale) -> Result<Outcome> {
    let (watch, socket) = (ground.watch_manager()?, ground.socket());
    let mut stream = clients::connect(&socket)?;
    stream.write_all(br#"{"method":"org.onhook.Ras.List","parameters":{"x":""#)?;
    let piece = vec![b'x'; 1 << 20];
    let taken = clients::write_for_ever(&mut stream, &piece, 4 << 30);
    let honest = ground.honest_question()?.max(ground.honest_dial()?);
    ensure!(taken < 8 << 20, "{taken} octets were taken");
    drop(stream);
    let size = format!("{} KiB taken of 4 GiB", taken / 1024);
    Ok(Outcome { size, taken: watch.end()?, honest })
}

fn deep_message(ground: &Ground, _scale: Scale) -> Result<Outcome> {
    let (watch, socket) = (ground.watch_manager()?, ground.socket());
    let deep = [&b"[".repeat(1 << 20)[..], b"\0"].concat();
    for _ in 0..20 {
        let mut stream = clients::connect(&socket)?;
        // It may be dropped before it has said it all.
        drop(stream.write_all(&deep));
    }
    let honest = ground.honest_dial().context("somebody honest")?;
    Ok(Outcome { size: "20 times 1 MiB".to_owned(), taken: watch.end()?, honest })
}

fn coming_and_going(ground: &Ground, scale: Scale) -> Result<Outcome> {
    let (watch, socket) = (ground.watch_manager()?, ground.socket());
    let count = scale.of(10_000);
    for _ in 0..count {
        let mut stream = clients::connect(&socket)?;
        // It may be gone before it is heard.
        drop(stream.write_all(&clients::call("List", false)));
    }
    let honest = ground.honest_dial().context("somebody honest")?;
    Ok(Outcome { size: format!("{count} clients"), taken: watch.end()?, honest })
}
