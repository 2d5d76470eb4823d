//! Some thousand lives at every test run; `cargo xtask simulate` lives a million.

use onhook_base::{Duration, Planted};
use onhook_lives::fault::Fault;
use onhook_lives::links::LINKS;
use onhook_lives::run::{planted, run};
use onhook_lives::script::{Mischief, Script};
use onhook_lives::{Tally, play};

#[test]
fn no_promise_is_broken_in_five_thousand_lives() {
    let run = run(1, 5_000, 2);
    assert!(run.broken.is_none(), "{:?}", run.broken);
    assert!(run.tally.connected > 1_000, "only {} came up", run.tally.connected);
    let (lost, redials) = (run.tally.lost, run.tally.redials);
    assert!(lost > 100 && redials > 100, "{lost} lines were lost, {redials} dialed again");
    let came_up: Vec<_> = run.tally.connected_by.keys().map(String::as_str).collect();
    for link in LINKS {
        assert!(came_up.contains(&format!("over {}", link.name).as_str()), "{came_up:?}");
    }
    for proof in ["EAP-MD5", "EAP-MSCHAPv2", "EAP-TLS", "PEAP"] {
        assert!(came_up.contains(&format!("by {proof}").as_str()), "{came_up:?}");
    }
    assert_eq!(run.tally.coverage.surprises(), []);
    assert!(run.tally.struck.len() > 30, "too few kinds of faults struck: {:?}", run.tally.struck);
}

#[test]
fn two_lanes_have_the_time_of_one() {
    let mut script = Script::draw(1);
    script.lives.truncate(1);
    script.stops_at = None;
    let life = &mut script.lives[0];
    life.link = LINKS.iter().position(|link| link.name == "PPTP").unwrap();
    (life.dials_at, life.ends_at) = (Duration::ZERO, Duration::from_secs(300));
    life.acts.clear();
    // The name, the first lane; the second one is never there, and nobody says a word.
    life.mischief =
        [Fault::DeedHangs, Fault::Partition].map(|fault| Mischief { at: 2, fault }).into();
    let mut tally = Tally::default();
    assert_eq!(play(&script, false, &mut tally).broken, None);
    assert!(tally.struck.contains_key(&Fault::DeedHangs));
}

#[test]
fn the_same_number_gives_the_same_lives() {
    let (a, b) = (run(77, 300, 1).tally, run(77, 300, 1).tally);
    assert_eq!((a.steps, a.connected, &a.struck), (b.steps, b.connected, &b.struck));
    assert_eq!(a.coverage.csv(), b.coverage.csv());
}

#[test]
fn every_planted_mistake_is_found_within_a_thousand_lives() {
    let found = planted(1, 1_000);
    assert_eq!(found.len(), Planted::ALL.len());
    let missed: Vec<_> = found.iter().filter(|f| f.broken.is_none()).map(|f| f.bug).collect();
    assert_eq!(missed, []);
}
