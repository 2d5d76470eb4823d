//! An answering tunnel with many calls, and a client that begins and ends them as the input says.

use onhook_base::{Duration, Instant, Seed};
use onhook_link::l2tp::{L2tp, L2tpTerms, Reaction, Trunk, TrunkCall, TrunkCallTerms, is_control};
use onhook_link::{Farewell, Lane, Link};

use crate::input::{Input, MOST_QUEUED, START, lane_facts};

/// Rounds of an end; more than this is one that never comes.
const MOST_ROUNDS: usize = 200;
/// Calls that a tunnel may have at most.
const MOST_CALLS: usize = 64;

struct Ground {
    now: Instant,
    trunk: Trunk,
    calls: Vec<(u16, TrunkCall)>,
    /// The client's next Ns.
    ns: u16,
}

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let terms = |tunnel| L2tpTerms { host_name: "ordeal".to_owned(), secret: None, tunnel };
    let mut client = L2tp::caller(terms(None), &Seed::from_number(1));
    let trunk = Trunk::answerer(START, terms(Some(9)), &Seed::from_number(2));
    let mut ground = Ground { now: START, trunk, calls: Vec::new(), ns: 0 };
    client.open(START, &lane_facts());
    if input.byte() & 1 == 1 {
        shake_hands(&mut ground, &mut client);
    }
    while !input.is_empty() {
        match input.byte() {
            0..=63 => {
                let (kind, session, named) = (input.byte(), input.byte(), input.byte());
                let session = ground.session(session);
                ground.say(kind, session, named, input.piece());
            }
            64..=95 => {
                let piece = input.piece();
                ground.take(piece);
            }
            96..=127 => {
                let at = usize::from(input.byte());
                let count = ground.calls.len().max(1);
                if let Some((_, link)) = ground.calls.get_mut(at % count) {
                    link.send_frame(ground.now, 0x0021, input.piece());
                }
            }
            128..=159 => ground.close(usize::from(input.byte()), Farewell::Ordinary),
            160..=191 => ground.close(usize::from(input.byte()), Farewell::Aborted),
            192..=223 => {
                ground.now += Duration::from_millis(u64::from(input.byte()) * 250);
                ground.tick();
            }
            224..=239 => ground.trunk.leave(ground.now),
            _ => {
                let piece = input.piece();
                for (_, link) in &mut ground.calls {
                    link.handle_lane(ground.now, Lane::Control, piece);
                }
            }
        }
        ground.drain();
    }
    // Whatever came before, a tunnel whose calls are over and that is told to end comes to its end.
    ground.trunk.leave(ground.now);
    while !ground.calls.is_empty() {
        ground.close(0, Farewell::Ordinary);
    }
    for rounds in 0.. {
        ground.drain();
        let Some(deadline) = ground.trunk.poll_timeout() else { break };
        ground.now = ground.now.max(deadline.at);
        ground.tick();
        assert!(rounds < MOST_ROUNDS, "the tunnel never ends: {}", deadline.why);
    }
    assert!(ground.trunk.is_gone(), "it waits for nothing and is not over");
}

/// The tunnel stands, and has a first call.
fn shake_hands(ground: &mut Ground, client: &mut L2tp) {
    let mut datagram = Vec::new();
    for _ in 0..8 {
        while client.poll_transmit(&mut datagram).is_some() {
            ground.ns = ground.ns.max(ns_of(&datagram).map_or(0, |ns| ns.wrapping_add(1)));
            ground.take(&datagram);
        }
        for datagram in ground.drain() {
            client.handle_lane(ground.now, Lane::Control, &datagram);
        }
    }
}

fn ns_of(datagram: &[u8]) -> Option<u16> {
    match datagram {
        [_, _, _, _, _, _, _, _, high, low, _, _, _, ..] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}

impl Ground {
    /// One of the calls' numbers, or none.
    fn session(&self, chosen: u8) -> u16 {
        let at = usize::from(chosen) % self.calls.len().saturating_add(1);
        self.calls.get(at).map_or(0, |(number, _)| *number)
    }

    /// A control message of the client's that fits in its place: of this kind, for this call, naming a
    /// call of the client's, with these octets behind.
    fn say(&mut self, kind: u8, session: u16, named: u8, behind: &[u8]) {
        let mut message = vec![0xc8, 0x02, 0, 0, 0, 9];
        message.extend(session.to_be_bytes());
        message.extend(self.ns.to_be_bytes());
        message.extend([0xff, 0xff]);
        message.extend([0x80, 8, 0, 0, 0, 0, 0, kind % 20]);
        message.extend([0x80, 8, 0, 0, 0, 14, 0, named]);
        message.extend(behind);
        if let Ok(length) = u16::try_from(message.len()) {
            message[2..4].copy_from_slice(&length.to_be_bytes());
        }
        self.ns = self.ns.wrapping_add(1);
        self.take(&message);
    }

    fn take(&mut self, datagram: &[u8]) {
        let now = self.now;
        match self.trunk.handle(now, datagram) {
            Reaction::Nothing => {}
            Reaction::Begin { session } if session % 7 == 0 => self.trunk.refuse(now, session),
            Reaction::Begin { session } => {
                let terms = TrunkCallTerms {
                    tunnel: self.trunk.number(),
                    peer_tunnel: self.trunk.peer(),
                    session,
                    secret: None,
                };
                let mut link = TrunkCall::new(terms);
                link.open(now, &lane_facts());
                link.handle_lane(now, Lane::Control, datagram);
                self.calls.push((session, link));
                assert!(self.calls.len() <= MOST_CALLS, "{} calls", self.calls.len());
            }
            Reaction::Give(session) => {
                let call = self.calls.iter_mut().find(|(number, _)| *number == session);
                let (_, link) = call.expect("a message is given to a call that is not there");
                link.handle_lane(now, Lane::Control, datagram);
            }
            Reaction::GiveAll => {
                for (_, link) in &mut self.calls {
                    link.handle_lane(now, Lane::Control, datagram);
                }
            }
        }
    }

    fn close(&mut self, at: usize, farewell: Farewell) {
        if self.calls.is_empty() {
            return;
        }
        let (session, mut link) = self.calls.remove(at % self.calls.len());
        link.close(self.now, farewell);
        let mut bytes = Vec::new();
        while link.poll_transmit(&mut bytes).is_some() {
            if is_control(&bytes) {
                self.trunk.say(self.now, &bytes);
            }
        }
        assert_eq!(link.poll_timeout(), None, "a call that is closed waits for nothing");
        self.trunk.end(self.now, session);
    }

    fn tick(&mut self) {
        if self.trunk.handle_timeout(self.now) {
            for (_, link) in &mut self.calls {
                link.handle_lane_closed(self.now, Lane::Control);
            }
        }
    }

    /// What goes to the client.
    fn drain(&mut self) -> Vec<Vec<u8>> {
        let (mut out, mut bytes) = (Vec::new(), Vec::new());
        for (_, link) in &mut self.calls {
            assert!(link.queued_bytes() < MOST_QUEUED, "{} octets", link.queued_bytes());
            while link.poll_transmit(&mut bytes).is_some() {
                match is_control(&bytes) {
                    true => self.trunk.say(self.now, &bytes),
                    false => out.push(bytes.clone()),
                }
            }
            while link.poll_event().is_some() || link.poll_frame(self.now).is_some() {}
        }
        while let Some(datagram) = self.trunk.poll_transmit() {
            out.push(datagram);
        }
        out
    }
}
