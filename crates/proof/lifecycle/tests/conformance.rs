//! The real code lives no life that the model does not know.

use std::collections::BTreeMap;

use onhook_base::{Planted, plant};
use onhook_lifecycle::{Follower, Map, Phase, Record, Seen, Unknown};
use onhook_lives::script::Script;
use onhook_lives::{Look, observe};

/// Worlds that are followed.
const WORLDS: u64 = 1_500;

fn seen(look: Look) -> Seen {
    use onhook_lives::ConnectionState as S;
    let phase = match look.state {
        S::Opening => Phase::Opening,
        S::Linking => Phase::Linking,
        S::Authenticating => Phase::Authenticating,
        S::AwaitingCallback => Phase::AwaitingCallback,
        S::Projecting => Phase::Projecting,
        S::Connected => Phase::Connected,
        S::Disconnecting => Phase::Disconnecting,
        S::Gone => Phase::Gone,
    };
    let record = match (look.valid, phase) {
        (false, _) => Record::Deleted,
        (true, Phase::Gone) => Record::Kept,
        (true, _) => Record::Valid,
    };
    let (lane, outlet, hangers) = (look.lane, look.outlet, look.hangers);
    let references = u8::try_from(look.references).unwrap();
    let waits = look.waits;
    Seen { phase, lane, outlet, hangers, waits, record, references }
}

/// Follows every connection of a world; the model has two programs, so a world may have two lives.
fn follow(map: &mut Map, script: &Script) -> Result<usize, Unknown> {
    let mut followers: BTreeMap<usize, Follower> = BTreeMap::new();
    let (mut looks, mut unknown) = (0, None);
    observe(script, &mut |look| {
        looks += 1;
        let follower = followers.entry(look.life).or_default();
        if let Err(error) = follower.see(map, seen(look)) {
            unknown.get_or_insert(error);
        }
    });
    unknown.map_or(Ok(looks), Err)
}

fn scripts() -> impl Iterator<Item = Script> {
    (1..).map(Script::draw).filter(|script| script.lives.len() <= 2)
}

#[test]
fn every_simulated_life_is_one_that_the_model_knows() {
    let (mut map, mut looks) = (Map::default(), 0);
    for script in scripts().take(WORLDS as usize) {
        match follow(&mut map, &script) {
            Ok(more) => looks += more,
            Err(unknown) => panic!("world {}: {unknown}", script.seed),
        }
    }
    assert!(looks > 10_000, "only {looks} looks");
}

#[test]
fn a_life_with_a_planted_mistake_is_not() {
    let mut map = Map::default();
    let mut missed = Vec::new();
    // Those that a follower can see: it is not told which program acted, so that a reference too many
    // may always have been taken by the other one. The invariants of the simulation see the rest.
    let bugs = [
        Planted::HandleGoneEarly,
        Planted::HandleStays,
        Planted::GoodbyeUnsaid,
        Planted::ForeignHangUp,
    ];
    for bug in bugs {
        plant(Some(bug));
        let mut followed = scripts().take(WORLDS as usize).map(|s| follow(&mut map, &s));
        let unknown = followed.find_map(Result::err);
        plant(None);
        missed.extend(unknown.is_none().then_some(bug));
    }
    assert_eq!(missed, []);
}
