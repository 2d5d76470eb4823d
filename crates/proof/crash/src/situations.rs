//! Situations, each played again for every crash point in it.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::mount::{MsFlags, mount, umount};

use crate::ground::{Ground, ip, pin_resolv_conf, unpin_resolv_conf};
use crate::links;
use crate::picture::{Picture, open_changes};
use crate::program::{Answerer, Manager, Terms, passed, points, until};
use crate::restart;
use crate::tally::Tally;

/// A situation.
pub(crate) struct Situation {
    pub(crate) name: &'static str,
    pub(crate) play: fn(&Ground, &mut Tally) -> Result<()>,
}

/// All of them.
pub(crate) const SITUATIONS: &[Situation] = &[
    Situation { name: "manager: interface, routes, resolv.conf", play: manager_with_interface },
    Situation { name: "manager: resolv.conf cannot be replaced", play: manager_written_over },
    Situation { name: "manager: three connections over one another", play: manager_with_three },
    Situation { name: "manager: user-space network", play: manager_in_user_space },
    Situation { name: "manager: dies again while healing", play: dies_while_healing },
    Situation { name: "link: serial line", play: links::serial },
    Situation { name: "link: modem", play: links::modem },
    Situation { name: "link: PPPoE", play: links::pppoe },
    Situation { name: "link: L2TP", play: links::l2tp },
    Situation { name: "link: PPTP", play: links::pptp },
    Situation { name: "link: three, bundled (multilink)", play: links::several },
    Situation { name: "link: SSTP, proven by PEAP", play: links::eap },
    Situation { name: "restart: connections go on", play: restart::goes_on },
    Situation { name: "restart: one of the two is killed", play: restart::killed },
    Situation { name: "client", play: client },
    Situation { name: "answering side", play: answering_side },
    Situation { name: "asleep for two seconds", play: asleep },
    Situation { name: "wire down and up again", play: wire_down },
    Situation { name: "another address on the wire", play: address_change },
    Situation { name: "no room for the record of changes", play: full_disk },
];

/// Dials that may still find room on a full disk.
const MOST_DIALS: u32 = 32;
/// Longer than any life has points.
const NO_MORE_THAN: u64 = 2_000;

/// One life of a manager: it starts, connections are dialed and hung up, it stops. Ends early when the
/// manager dies on the way; says whether it did.
fn life(ground: &Ground, terms: &Terms) -> Result<bool> {
    let Some(mut manager) = Manager::start(ground, terms)? else { return Ok(true) };
    for _ in 0..terms.connections.max(1) {
        let came_up = manager.dial(&[], None)?;
        if manager.has_died()? || (!came_up && manager.is_dying()?) {
            return Ok(true);
        }
        ensure!(came_up, "the dial failed though the manager lives");
    }
    let hung_up = manager.hang_up_all()?;
    if manager.has_died()? || (!hung_up && manager.is_dying()?) {
        return Ok(true);
    }
    ensure!(hung_up, "the hang-up failed though the manager lives");
    manager.stop()
}

/// Starts a manager after a crash, and says what is not as it was: with it, and after it.
pub(crate) fn heal(
    ground: &Ground,
    answerer: &Answerer,
    terms: &Terms,
    before: &Picture,
) -> Result<(String, Duration)> {
    let began = Instant::now();
    let healthy = Terms { deadly: None, ..terms.clone() };
    let manager = Manager::start(ground, &healthy)?.context("a manager that heals")?;
    let took = began.elapsed();
    let mut left = String::new();
    for row in manager.list()? {
        left += &format!("  left: a connection in the list: {row}\n");
    }
    let descriptors = manager.descriptors()?;
    if let Err(error) = answerer.wait_until_empty() {
        left += &format!("  left: {error}\n");
    }
    manager.stop()?;
    left += &before.differences(&Picture::take_with(&Manager::state(ground), &terms.over)?);
    // A fresh manager has some dozen descriptors, whatever was before.
    if descriptors > 40 {
        left += &format!("  left: {descriptors} descriptors in the new manager\n");
    }
    Ok((left, took))
}

/// Kills the manager at every point of its life.
pub(crate) fn sweep(ground: &Ground, tally: &mut Tally, terms: &Terms) -> Result<()> {
    let answerer = Answerer::start_over(ground, &terms.over, None)?;
    let look = || Picture::take_with(&Manager::state(ground), &terms.over);
    ensure!(!life(ground, terms)?, "without a deadly point it lives");
    answerer.wait_until_empty()?;
    let before = look()?;
    ensure!(!life(ground, terms)?, "without a deadly point it lives");
    answerer.wait_until_empty()?;
    let all = u64::try_from(passed(&points(ground)).len())?;
    ensure!(all > 20 && all < NO_MORE_THAN, "{all} crash points in a life");
    let now = look()?;
    tally.tried("a whole life", &before.differences(&now), Duration::ZERO);
    let port = terms.over.settings()?;
    for number in tally.choose(all) {
        let died = life(ground, &Terms { deadly: Some(number), ..terms.clone() })?;
        let point = passed(&points(ground)).pop().unwrap_or_default();
        let dead = links::behind_the_dead(&terms.over, port.as_ref())?;
        let (left, took) = heal(ground, &answerer, terms, &before)?;
        let left = dead + &left;
        // A life may pass fewer points than the one that was counted: events come together, or apart.
        if died {
            tally.tried(&point, &left, took);
        }
    }
    answerer.stop()
}

fn manager_with_interface(ground: &Ground, tally: &mut Tally) -> Result<()> {
    sweep(ground, tally, &Terms::default())
}

fn manager_written_over(ground: &Ground, tally: &mut Tally) -> Result<()> {
    pin_resolv_conf(&ground.folder)?;
    let played = sweep(ground, tally, &Terms::default());
    unpin_resolv_conf()?;
    played
}

/// They share the pinned route, and their name servers lie over one another.
fn manager_with_three(ground: &Ground, tally: &mut Tally) -> Result<()> {
    sweep(ground, tally, &Terms { connections: 3, ..Terms::default() })
}

fn manager_in_user_space(ground: &Ground, tally: &mut Tally) -> Result<()> {
    sweep(ground, tally, &Terms { userspace: true, ..Terms::default() })
}

/// The manager dies at a point of its life, and the next one dies at every point of its start; the third
/// heals what both have left.
fn dies_while_healing(ground: &Ground, tally: &mut Tally) -> Result<()> {
    let answerer = Answerer::start(ground, None)?;
    let terms = Terms::default();
    ensure!(!life(ground, &terms)?, "without a deadly point it lives");
    let before = Picture::take(&Manager::state(ground))?;
    let all = u64::try_from(passed(&points(ground)).len())?;
    for number in tally.choose(all).into_iter().step_by(4) {
        for again in 1..NO_MORE_THAN {
            if !life(ground, &Terms { deadly: Some(number), ..terms.clone() })? {
                break;
            }
            let first = passed(&points(ground)).pop().unwrap_or_default();
            let survivor = Manager::start(ground, &Terms { deadly: Some(again), ..terms.clone() })?;
            let was_ready = survivor.is_some();
            drop(survivor);
            let second = passed(&points(ground)).pop().unwrap_or_default();
            let (left, took) = heal(ground, &answerer, &terms, &before)?;
            if was_ready {
                break;
            }
            tally.tried(&format!("{first}, then {second}"), &left, took);
        }
    }
    answerer.stop()
}

/// The dialing program dies at every point of its own; the connection stays or is as RAS says, and
/// another program hangs it up.
fn client(ground: &Ground, tally: &mut Tally) -> Result<()> {
    let answerer = Answerer::start(ground, None)?;
    let manager = Manager::start(ground, &Terms::default())?.context("a manager")?;
    ensure!(manager.dial(&[], None)? && manager.hang_up_all()?, "a whole life");
    let before = Picture::take(&Manager::state(ground))?;
    for number in 1..NO_MORE_THAN {
        let began = Instant::now();
        let survived = manager.dial(&[], Some(number))?;
        let all = passed(&ground.folder.join("client.points"));
        // What it began goes on without it: up, or (when it had not begun) nothing.
        until("the connection that lost its program", || {
            let list = manager.list()?;
            Ok(list.iter().all(|row| row["state_name"] == "RASCS_Connected"))
        })?;
        ensure!(manager.hang_up_all()?, "the hang-up by another program");
        let mut left = before.differences(&Picture::take(&Manager::state(ground))?);
        if let Err(error) = answerer.wait_until_empty() {
            left += &format!("  left: {error}\n");
        }
        tally.tried(all.last().map_or("", String::as_str), &left, began.elapsed());
        if survived {
            break;
        }
    }
    manager.stop()?;
    answerer.stop()
}

/// The answering side dies at every point of its own: the caller notices, and nothing is left; the next
/// answering side finds its host as it was.
fn answering_side(ground: &Ground, tally: &mut Tally) -> Result<()> {
    let first = Answerer::start(ground, None)?;
    let manager = Manager::start(ground, &Terms::default())?.context("a manager")?;
    ensure!(manager.dial(&[], None)? && manager.hang_up_all()?, "a whole life");
    first.stop()?;
    let before = Picture::take(&Manager::state(ground))?;
    let host_before = servers_host(ground)?;
    for number in 1..NO_MORE_THAN {
        let began = Instant::now();
        let mut answerer = Answerer::start(ground, Some(number))?;
        let mut died = answerer.has_died()?;
        if !died && manager.dial(&[], None)? && answerer.has_died()? {
            // It died behind our back: the connection must find that out by itself.
            until("the caller notices", || {
                let list = manager.list()?;
                Ok(list.iter().all(|row| row["error"] != 0))
            })?;
        }
        ensure!(manager.hang_up_all()?, "the hang-up");
        died |= answerer.has_died()?;
        answerer.stop()?;
        let point = passed(&ground.folder.join("answer.points")).pop().unwrap_or_default();
        let mut left = before.differences(&Picture::take(&Manager::state(ground))?);
        // The next one heals what was left on its own host.
        Answerer::start(ground, None)?.stop()?;
        let now = servers_host(ground)?;
        if now != host_before {
            left += &format!("  at the server: {now} instead of {host_before}\n");
        }
        tally.tried(&point, &left, began.elapsed());
        if !died {
            break;
        }
    }
    manager.stop().map(drop)
}

fn servers_host(ground: &Ground) -> Result<String> {
    let mut seen = String::new();
    for words in [["-oneline", "link"], ["-oneline", "address"], ["route", "show"]] {
        let output = ground.at_server("ip").args(words).output()?;
        seen += &String::from_utf8_lossy(&output.stdout);
    }
    let folders = fs::read_dir("/var/lib/onhook").into_iter().flatten();
    for entry in folders {
        seen += &format!("/var/lib/onhook/{}\n", entry?.file_name().to_string_lossy());
    }
    Ok(seen)
}

/// One connection is up; `trouble` comes over it; then it is hung up, and all is as before.
fn trouble(
    ground: &Ground,
    tally: &mut Tally,
    trouble: impl Fn(&Manager<'_>) -> Result<()>,
) -> Result<()> {
    let answerer = Answerer::start(ground, None)?;
    let manager = Manager::start(ground, &Terms::default())?.context("a manager")?;
    ensure!(manager.dial(&[], None)? && manager.hang_up_all()?, "a whole life");
    let before = Picture::take(&Manager::state(ground))?;
    ensure!(manager.dial(&[], None)?, "the dial");
    trouble(&manager)?;
    let began = Instant::now();
    ensure!(manager.hang_up_all()?, "the hang-up");
    let took = began.elapsed();
    ground.near_up()?;
    let mut left = before.differences(&Picture::take(&Manager::state(ground))?);
    if took > Duration::from_millis(3_500) {
        left += &format!("  the hang-up took {took:?}\n");
    }
    tally.tried("hung up", &left, took);
    // Where the wire was cut the server finds out by itself, in its own time.
    ensure!(manager.dial(&[], None)? && manager.hang_up_all()?, "the next dial is blocked");
    manager.stop()?;
    answerer.stop()
}

fn asleep(ground: &Ground, tally: &mut Tally) -> Result<()> {
    trouble(ground, tally, |manager| {
        manager.freeze()?;
        std::thread::park_timeout(Duration::from_secs(2));
        manager.thaw()?;
        let list = manager.list()?;
        ensure!(list.iter().all(|row| row["state_name"] == "RASCS_Connected"), "it fell: {list:?}");
        Ok(())
    })
}

fn wire_down(ground: &Ground, tally: &mut Tally) -> Result<()> {
    trouble(ground, tally, |_| ip("link set near down"))
}

fn address_change(ground: &Ground, tally: &mut Tally) -> Result<()> {
    trouble(ground, tally, |_| {
        ip("address delete 192.0.2.2/24 dev near")?;
        ip("address add 192.0.2.77/24 dev near")
    })
}

/// The state folder is on a disk that is full: a dial fails as a whole, with its number, and leaves
/// nothing; with room it goes well.
fn full_disk(ground: &Ground, tally: &mut Tally) -> Result<()> {
    let state = ground.folder.join("small");
    fs::create_dir_all(&state)?;
    mount(Some("tmpfs"), &state, Some("tmpfs"), MsFlags::empty(), Some("size=64k,mode=700"))?;
    let answerer = Answerer::start(ground, None)?;
    let terms = Terms { state: Some(state.clone()), ..Terms::default() };
    let manager = Manager::start(ground, &terms)?.context("a manager")?;
    ensure!(manager.dial(&[], None)? && manager.hang_up_all()?, "a whole life");
    let before = Picture::take(&state)?;
    let ballast = state.join("ballast");
    // Filled to the last octet: the write that fails is the one that fills it.
    let filled = fs::write(&ballast, vec![0; 1 << 20]);
    ensure!(filled.is_err(), "the disk is not full");
    // What fits into the last page of a file is written even then; so it is tried until it fails.
    let mut failed = false;
    for _ in 0..MOST_DIALS {
        let began = Instant::now();
        let came_up = manager.dial(&[], None)?;
        let mut left = String::new();
        if came_up {
            // A pinned route and a replaced file.
            let changes = open_changes(&state)?.len();
            if changes != 2 {
                left += &format!("  a dial came up with {changes} changes on record\n");
            }
            manager.hang_up_all()?;
        }
        for row in manager.list()? {
            left += &format!("  left: a connection in the list: {row}\n");
        }
        let ours = |line: &str| !line.contains("state file ballast");
        let differences = before.differences(&Picture::take(&state)?);
        left.extend(differences.lines().filter(|l| ours(l)).map(|line| format!("{line}\n")));
        tally.tried("the disk is full", &left, began.elapsed());
        failed = !came_up;
        if failed {
            break;
        }
    }
    ensure!(failed, "no dial failed in {MOST_DIALS} though the disk is full");
    fs::remove_file(&ballast)?;
    ensure!(manager.dial(&[], None)? && manager.hang_up_all()?, "with room it goes well");
    manager.stop()?;
    umount(&state)?;
    answerer.stop()
}
