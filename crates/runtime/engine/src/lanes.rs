//! The lanes of one connection, and how they are closed.

use std::future::pending;
use std::io;
use std::time::Duration;

use onhook_base::Instant;
use onhook_effect::{LaneId, StepId};
use onhook_host::{LaneIo, Received};

/// How long a polite close of a lane waits for the last octets to leave.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Whether the last octets have left the machine is looked at no more often than this.
const SHORTEST_LOOK: Duration = Duration::from_millis(1);

/// The lanes of one connection: one, or two.
#[derive(Default)]
pub(crate) struct Lanes {
    control: Slot,
    data: Slot,
}

/// A place for a lane.
#[derive(Default)]
struct Slot {
    lane: Option<LaneIo>,
    /// Nothing comes of it any more.
    has_ended: bool,
    closing: Option<Closing>,
}

struct Closing {
    step: StepId,
    until: Instant,
    /// When the last octets should have left the machine.
    look: Option<Instant>,
}

/// A lane that is closed, as it was asked for by a step.
pub(crate) struct Closed {
    pub(crate) step: StepId,
}

impl Lanes {
    const fn slot(&mut self, id: LaneId) -> &mut Slot {
        match id {
            LaneId::DATA => &mut self.data,
            LaneId(_) => &mut self.control,
        }
    }

    fn slots(&self) -> [&Slot; 2] {
        [&self.control, &self.data]
    }

    fn slots_mut(&mut self) -> [(LaneId, &mut Slot); 2] {
        [(LaneId::CONTROL, &mut self.control), (LaneId::DATA, &mut self.data)]
    }

    /// A lane is open.
    pub(crate) fn put(&mut self, id: LaneId, lane: LaneIo) {
        *self.slot(id) = Slot { lane: Some(lane), ..Slot::default() };
    }

    /// The lane of this name, where there is one.
    pub(crate) fn get(&mut self, id: LaneId) -> Option<&mut LaneIo> {
        self.slot(id).lane.as_mut()
    }

    /// Whether nothing comes of it any more; true the first time that it is said.
    pub(crate) fn end(&mut self, id: LaneId) -> bool {
        !std::mem::replace(&mut self.slot(id).has_ended, true)
    }

    /// Writes what the sockets take; what has failed.
    pub(crate) fn flush(&mut self) -> Vec<(LaneId, io::Error)> {
        let flush =
            |(id, slot): (LaneId, &mut Slot)| Some((id, slot.lane.as_mut()?.flush().err()?));
        self.slots_mut().into_iter().filter_map(flush).collect()
    }

    /// Reads what one has to say, about `budget` octets of it.
    pub(crate) fn receive(
        &mut self,
        id: LaneId,
        budget: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Received> {
        match &mut self.slot(id).lane {
            Some(lane) => lane.receive(budget, sink),
            None => Ok(Received::Drained),
        }
    }

    /// More waits for a socket than should: packets are to wait where they are.
    pub(crate) fn are_full(&self) -> bool {
        self.slots()
            .into_iter()
            .flat_map(|slot| &slot.lane)
            .any(|lane| lane.queued() >= lane.mark())
    }

    /// Octets that wait for the sockets.
    pub(crate) fn queued(&self) -> usize {
        self.slots().into_iter().flat_map(|slot| &slot.lane).map(LaneIo::queued).sum()
    }

    /// Resolves when something can be read, if `read`, or written; and whether it can be read.
    pub(crate) async fn ready(&self, read: bool) -> (LaneId, io::Result<bool>) {
        let one = async |slot: &Slot| match &slot.lane {
            Some(lane) => {
                let (read, write) = (read && !slot.has_ended, lane.queued() > 0);
                lane.ready(read, write).await.map(|ready| ready.readable)
            }
            None => pending().await,
        };
        tokio::select! {
            ready = one(&self.control) => (LaneId::CONTROL, ready),
            ready = one(&self.data) => (LaneId::DATA, ready),
        }
    }

    /// Politely: what is queued is written out first, within reason. Hard: at once, and the lane is
    /// closed then.
    pub(crate) fn close(
        &mut self,
        now: Instant,
        id: LaneId,
        step: StepId,
        hard: bool,
    ) -> Option<Closed> {
        let slot = self.slot(id);
        match &mut slot.lane {
            Some(lane) if !hard && !slot.has_ended => {
                lane.close_politely();
                slot.closing = Some(Closing { step, until: now + LAST_WORDS, look: None });
                None
            }
            _ => {
                slot.drop_lane(hard);
                Some(Closed { step })
            }
        }
    }

    /// Whether a polite close is going on.
    pub(crate) fn are_closing(&self) -> bool {
        self.slots().into_iter().any(|slot| slot.closing.is_some())
    }

    /// When the next polite close is to be looked after.
    pub(crate) fn closing_until(&self) -> Option<Instant> {
        let next = |closing: &Closing| closing.look.unwrap_or(closing.until).min(closing.until);
        self.slots().into_iter().flat_map(|slot| &slot.closing).map(next).min()
    }

    /// The next lane whose polite close has come to its end.
    pub(crate) fn finish_closing(&mut self, now: Instant) -> Option<Closed> {
        for (_, slot) in self.slots_mut() {
            let Some(Closing { step, until, .. }) = slot.closing else { continue };
            let written = slot.lane.as_mut().is_none_or(|lane| lane.flush().unwrap_or(true));
            let drains_in = slot.lane.as_ref().filter(|_| written).and_then(LaneIo::drains_in);
            if (written && drains_in.is_none()) || now >= until {
                slot.drop_lane(!written);
                return Some(Closed { step });
            }
            if let (Some(closing), Some(time)) = (&mut slot.closing, drains_in) {
                closing.look = Some(now + time.max(SHORTEST_LOOK));
            }
        }
        None
    }
}

impl Slot {
    fn drop_lane(&mut self, hard: bool) {
        self.closing = None;
        if let Some(lane) = self.lane.take()
            && hard
        {
            lane.close_hard();
        }
    }
}
