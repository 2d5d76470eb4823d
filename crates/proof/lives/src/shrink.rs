//! A failing script is made as short as it can be and still fail in the same way.

use onhook_ppp::auth::Method;

use crate::Tally;
use crate::invariant::Invariant;
use crate::person::Person;
use crate::play;
use crate::script::{LifeScript, Script};

/// Plays in one shrinking at most.
const MOST_PLAYS: u32 = 5_000;

/// Leaves out, one thing at a time, whatever the failure does not need.
pub fn shrink(script: &Script, invariant: Invariant) -> Script {
    let mut best = script.clone();
    let mut plays = 0;
    loop {
        let shorter = candidates(&best).into_iter().find(|candidate| {
            plays += 1;
            plays < MOST_PLAYS && breaks(candidate, invariant)
        });
        match shorter {
            Some(shorter) => best = shorter,
            None => return best,
        }
    }
}

fn breaks(script: &Script, invariant: Invariant) -> bool {
    let played = play(script, false, &mut Tally::default());
    played.broken.is_some_and(|(_, broken)| broken.invariant == invariant)
}

/// Every script that is one step shorter.
fn candidates(script: &Script) -> Vec<Script> {
    let mut out = Vec::new();
    for life in 0..script.lives.len() {
        let mut shorter = script.clone();
        shorter.lives.remove(life);
        out.push(shorter);
    }
    if script.stops_at.is_some() {
        out.push(Script { stops_at: None, ..script.clone() });
    }
    for (index, life) in script.lives.iter().enumerate() {
        for simpler in simpler(life) {
            let mut shorter = script.clone();
            if let Some(place) = shorter.lives.get_mut(index) {
                *place = simpler;
            }
            out.push(shorter);
        }
    }
    out
}

fn simpler(life: &LifeScript) -> Vec<LifeScript> {
    let mut out = Vec::new();
    for index in 0..life.mischief.len() {
        let mut simpler = life.clone();
        simpler.mischief.remove(index);
        out.push(simpler);
    }
    for index in 0..life.acts.len() {
        let mut simpler = life.clone();
        simpler.acts.remove(index);
        out.push(simpler);
    }
    let mut offer = |simpler: LifeScript| {
        if simpler != *life {
            out.push(simpler);
        }
    };
    offer(LifeScript { link: 0, ..life.clone() });
    offer(LifeScript { method: Method::MsChapV2, ..life.clone() });
    offer(LifeScript { userspace: true, ..life.clone() });
    offer(LifeScript { redial: None, ..life.clone() });
    offer(LifeScript { wrong_password: false, ..life.clone() });
    offer(LifeScript { person: Person::NOBODY, ..life.clone() });
    offer(LifeScript { idle: None, ..life.clone() });
    offer(LifeScript { entry: None, ..life.clone() });
    out
}

#[cfg(test)]
mod tests {
    use onhook_base::{Planted, plant};

    use super::*;
    use crate::run::first_broken;

    #[test]
    fn a_failing_script_becomes_shorter_and_still_fails() {
        plant(Some(Planted::UndoSkipped));
        let (script, broken) = first_broken(1, 200).expect("a planted mistake is found");
        let short = shrink(&script, broken.invariant);
        assert!(breaks(&short, broken.invariant));
        assert_eq!(short.lives.len(), 1, "one life is enough: {short:#?}");
        assert_eq!(short.lives[0].mischief, []);
        plant(None);
        assert_eq!(play(&short, false, &mut Tally::default()).broken, None);
    }
}
