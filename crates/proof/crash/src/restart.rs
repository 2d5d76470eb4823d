//! The manager's restart: connections go on, packets too; and what is left when one of the two managers
//! is killed in the midst of it.

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::ground::Ground;
use crate::picture::Picture;
use crate::program::{Answerer, Manager, Terms, passed, points, until};
use crate::situations::heal;
use crate::tally::Tally;

/// Says that this process is an echo, and at which port.
pub(crate) const ECHO: &str = "ONHOOK_CRASH_ECHO";
const ECHO_PORT: u16 = 7007;
/// The answering side's address behind a connection.
const INSIDE: &str = "10.99.0.1:7007";
/// One packet so often.
const EVERY: Duration = Duration::from_millis(1);
/// Packets that are sent after it.
const AFTER: u64 = 300;

/// Sends every packet back.
pub(crate) fn echo(port: &str) -> Result<()> {
    let socket = UdpSocket::bind(format!("0.0.0.0:{port}"))?;
    let mut packet = [0; 2048];
    loop {
        let (length, from) = socket.recv_from(&mut packet)?;
        // A caller that has gone does not end it.
        drop(socket.send_to(packet.get(..length).unwrap_or_default(), from));
    }
}

/// The echo at the server, gone with the value.
struct Echo(Child);

impl Echo {
    fn start(ground: &Ground) -> Result<Self> {
        let mut command = ground.at_server(std::env::current_exe()?);
        command.env(ECHO, ECHO_PORT.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
        Ok(Self(command.spawn().context("the echo")?))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // It ends no other way.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A packet every millisecond through the connection, and how many came back.
struct Stream {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    sender: JoinHandle<()>,
    receiver: JoinHandle<u64>,
}

impl Stream {
    fn start() -> Result<Self> {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.connect(INSIDE)?;
        // The first answer says that the way is there.
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        until("the echo", || {
            socket.send(&[0; 8])?;
            Ok(socket.recv(&mut [0; 8]).is_ok())
        })?;
        while socket.recv(&mut [0; 8]).is_ok() {}
        let stop = Arc::new(AtomicBool::new(false));
        let sent = Arc::new(AtomicU64::new(0));
        let (told, count, from) = (stop.clone(), sent.clone(), socket.try_clone()?);
        let sender = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                let number = count.load(Ordering::Relaxed) + 1;
                if from.send(&number.to_be_bytes()).is_ok() {
                    count.store(number, Ordering::Relaxed);
                }
                std::thread::park_timeout(EVERY);
            }
        });
        let told = stop.clone();
        let receiver = std::thread::spawn(move || {
            let mut seen = BTreeSet::new();
            let mut number = [0; 8];
            // After the last one, as long as any are still under way.
            loop {
                match socket.recv(&mut number) {
                    Ok(_) => drop(seen.insert(u64::from_be_bytes(number))),
                    Err(_) if told.load(Ordering::Relaxed) => break,
                    Err(_) => {}
                }
            }
            seen.len() as u64
        });
        Ok(Self { stop, sent, sender, receiver })
    }

    /// Packets sent, and packets lost; a good number more is sent first.
    fn end(self) -> Result<(u64, u64)> {
        let enough = self.sent.load(Ordering::Relaxed) + AFTER;
        until("packets after it", || Ok(self.sent.load(Ordering::Relaxed) >= enough))?;
        self.stop.store(true, Ordering::Relaxed);
        self.sender.join().ok().context("the sender has failed")?;
        let received = self.receiver.join().ok().context("the receiver has failed")?;
        let sent = self.sent.load(Ordering::Relaxed);
        Ok((sent, sent.saturating_sub(received)))
    }
}

/// A restart while packets pass: none is lost. Then a second connection, dialed by the next manager, lies
/// over the first; they end in either order, and all is as before.
pub(crate) fn goes_on(ground: &Ground, tally: &mut Tally) -> Result<()> {
    let answerer = Answerer::start(ground, None)?;
    let manager = Manager::start(ground, &Terms::default())?.context("a manager")?;
    ensure!(manager.dial(&[], None)? && manager.hang_up_all()?, "a whole life");
    manager.stop()?;
    let before = Picture::take(&Manager::state(ground))?;
    for first_ends_first in [true, false] {
        let mut manager = Manager::start(ground, &Terms::default())?.context("a manager")?;
        ensure!(manager.dial(&[], None)?, "the dial");
        let first = only_handle(&manager)?;
        let echo = Echo::start(ground)?;
        let stream = Stream::start()?;
        let began = std::time::Instant::now();
        let renewed = manager.renew()?;
        ensure!(renewed, "it was not handed over");
        let took = began.elapsed();
        let (sent, lost) = stream.end()?;
        tally.packets(sent, lost);
        let mut left = String::new();
        if lost > 0 {
            left += &format!("  {lost} packets of {sent} were lost\n");
        }
        ensure!(only_handle(&manager)? == first, "the next manager has the connection");
        ensure!(manager.dial(&[], None)?, "the next manager dials");
        let second = manager.handles()?.into_iter().find(|h| *h != first).context("the second")?;
        let order = if first_ends_first { [&first, &second] } else { [&second, &first] };
        ensure!(manager.hang_up(order[0])?, "the hang-up of one");
        // The other one still has its way to the server, and its name servers.
        let state = std::fs::read_to_string("/etc/resolv.conf")?;
        if !state.contains("10.99.0.53") {
            left += "  the other connection's name servers are gone\n";
        }
        Stream::start().and_then(Stream::end).context("packets of the other one")?;
        ensure!(manager.hang_up(order[1])?, "the hang-up of the other");
        drop(echo);
        answerer.wait_until_empty()?;
        manager.stop()?;
        left += &before.differences(&Picture::take(&Manager::state(ground))?);
        tally.tried("handed over, and hung up", &left, took);
    }
    answerer.stop()
}

fn only_handle(manager: &Manager<'_>) -> Result<String> {
    let handles = manager.handles()?;
    ensure!(handles.len() == 1, "{handles:?} instead of one connection");
    handles.into_iter().next().context("a handle")
}

/// The earlier manager is killed at every point of a hand-over, and the next one at every point of its
/// taking over; whatever lives is told to stop, the next start heals, and all is as before.
pub(crate) fn killed(ground: &Ground, tally: &mut Tally) -> Result<()> {
    let answerer = Answerer::start(ground, None)?;
    let (before_it, all, next_has) = whole(ground)?;
    let before = Picture::take(&Manager::state(ground))?;
    for number in tally.choose(all - before_it) {
        let terms = Terms { deadly: Some(before_it + number), ..Terms::default() };
        one(ground, &answerer, tally, &terms, &before)?;
    }
    for number in tally.choose(next_has) {
        let terms = Terms { deadly_next: Some(number), ..Terms::default() };
        one(ground, &answerer, tally, &terms, &before)?;
    }
    answerer.stop()
}

/// How many points a manager passes before it is told to hand over, and in all; and how many the next
/// one passes.
fn whole(ground: &Ground) -> Result<(u64, u64, u64)> {
    let mut manager = Manager::start(ground, &Terms::default())?.context("a manager")?;
    ensure!(manager.dial(&[], None)?, "the dial");
    let before = passed(&points(ground)).len();
    ensure!(manager.renew()?, "it was not handed over");
    ensure!(manager.hang_up_all()?, "the hang-up");
    manager.stop()?;
    let all = passed(&points(ground)).len();
    let next = passed(&points(ground).with_extension("points.next")).len();
    Ok((u64::try_from(before)?, u64::try_from(all)?, u64::try_from(next)?))
}

fn one(
    ground: &Ground,
    answerer: &Answerer,
    tally: &mut Tally,
    terms: &Terms,
    before: &Picture,
) -> Result<()> {
    let Some(mut manager) = Manager::start(ground, terms)? else { return Ok(()) };
    if !manager.dial(&[], None)? {
        ensure!(manager.is_dying()?, "the dial failed though the manager lives");
    }
    // Whatever becomes of it: the connection goes on with one of the two, or is hung up, or was lost.
    manager.renew()?;
    // There may be nobody left to ask, and then it fails.
    if !manager.hang_up_all()? {
        ensure!(manager.lives() < 2, "nobody answers though both live");
    }
    manager.end_all()?;
    let name = match terms.deadly {
        Some(_) => passed(&points(ground)).pop(),
        None => passed(&points(ground).with_extension("points.next")).pop(),
    };
    let (left, took) = heal(ground, answerer, &Terms::default(), before)?;
    let name = format!("handing over: {}", name.unwrap_or_default());
    tally.tried(&name, &left, took);
    Ok(())
}
