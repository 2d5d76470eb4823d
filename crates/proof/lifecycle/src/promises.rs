//! The model as the checker takes it, and what must hold in every state.

use stateright::{Model, Property};

use crate::act::Act;
use crate::life::{Life, Phase, Record, Server, Thing};

/// Every life of one connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lifecycle;

impl Model for Lifecycle {
    type State = Life;
    type Action = Act;

    fn init_states(&self) -> Vec<Life> {
        vec![Life::BEGIN]
    }

    fn actions(&self, life: &Life, actions: &mut Vec<Act>) {
        actions.extend(Act::ALL.into_iter().filter(|act| life.after(*act).is_some()));
    }

    fn next_state(&self, life: &Life, act: Act) -> Option<Life> {
        life.after(act)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("a handle that answers 6 owns nothing but debts", |_, life: &Life| {
                life.record != Record::Deleted
                    || life.phase == Phase::Gone && life.is_at_the_bottom()
            }),
            Property::always("what hangs on the outlet goes first", |_, life: &Life| {
                let things = life.things;
                life.hard
                    || !things.hangers.is_on_stairs()
                    || things.outlet.is_on_stairs() && things.lane.is_on_stairs()
            }),
            Property::always("the lane is closed last", |_, life: &Life| {
                let things = life.things;
                life.hard || things.lane.is_on_stairs() || !things.outlet.is_on_stairs()
            }),
            Property::always("references are what programs hold, or less", |_, life: &Life| {
                // Less, because root and a stopping manager hang up in their place.
                life.references <= life.holds.iter().sum::<u8>()
            }),
            Property::always("without references it goes down or is gone", |_, life: &Life| {
                let ends = matches!(life.phase, Phase::Disconnecting | Phase::Gone);
                life.phase == Phase::Undialed || life.references > 0 || ends
            }),
            Property::always("who is gone without debts has told the server", |_, life: &Life| {
                life.phase != Phase::Gone || life.server != Server::Talking
            }),
            Property::always("debts are kept only of what was made", |_, life: &Life| {
                let owed = life.things.outlet == Thing::Owed || life.things.hangers == Thing::Owed;
                !owed || matches!(life.phase, Phase::Disconnecting | Phase::Gone)
            }),
            Property::always("who awaits a callback keeps the lane alone", |_, life: &Life| {
                let things = life.things;
                life.phase != Phase::AwaitingCallback
                    || things.lane == Thing::Stands
                        && things.outlet == Thing::No
                        && things.hangers == Thing::No
            }),
            // Where nothing more can happen, a handle that was given is invalid: a dial of programs
            // that all died without hanging up waits for root, who always can.
            Property::eventually("in the end the handle is invalid", |_, life: &Life| {
                matches!(life.record, Record::Deleted | Record::None)
            }),
            Property::always(
                "it waits only while it authenticates, for somebody",
                |_, life: &Life| {
                    !life.waits || life.phase == Phase::Authenticating && life.references > 0
                },
            ),
            Property::sometimes("a connection comes up", |_, life: &Life| {
                life.phase == Phase::Connected
            }),
            Property::sometimes("it waits for a person", |_, life: &Life| life.waits),
            Property::sometimes("a callback is awaited", |_, life: &Life| {
                life.phase == Phase::AwaitingCallback
            }),
            Property::sometimes("a failed dial is kept", |_, life: &Life| {
                life.record == Record::Kept
            }),
            Property::sometimes("a debt is left at the end", |_, life: &Life| {
                life.record == Record::Deleted && life.things.outlet == Thing::Owed
            }),
            Property::sometimes("both programs hold it", |_, life: &Life| {
                life.holds[0] > 0 && life.holds[1] > 0
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use stateright::Checker;

    use super::*;

    #[test]
    fn every_promise_holds_in_every_state() {
        let checker = Lifecycle.checker().spawn_bfs().join();
        checker.assert_properties();
        assert!(checker.is_done());
    }
}
