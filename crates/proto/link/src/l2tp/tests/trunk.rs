//! Many calls in one tunnel.

use super::super::session::Session;
use super::super::trunk::{Reaction, Trunk, TrunkCall, TrunkCallTerms};
use super::super::tunnel::{Heard, Tunnel};
use super::*;

/// A client with several calls in its tunnel, the trunk, and the calls' links at the answering end.
struct Several {
    now: Instant,
    client: Tunnel,
    sessions: Vec<Session>,
    trunk: Trunk,
    calls: Vec<(u16, TrunkCall, Vec<LinkEvent>)>,
    /// Calls are let in.
    admits: bool,
    /// Calls that were turned away: the client's numbers.
    refused: Vec<u16>,
}

impl Several {
    fn new(secret: Option<&str>) -> Self {
        let mut client = Tunnel::new(terms(secret), true, 500, [3; 16]);
        client.open(NOW);
        Self {
            now: NOW,
            client,
            sessions: Vec::new(),
            trunk: Trunk::answerer(NOW, terms(secret), &Seed::from_number(3)),
            calls: Vec::new(),
            admits: true,
            refused: Vec::new(),
        }
    }

    fn with_calls(count: u16) -> Self {
        let mut several = Self::new(None);
        several.settle();
        (0..count).for_each(|n| several.call(600 + n));
        several.settle();
        several.expect_up(usize::from(count));
        several
    }

    fn expect_up(&self, count: usize) {
        assert_eq!(self.sessions.iter().filter(|s| s.is_up()).count(), count);
        assert_eq!(self.calls.iter().filter(|c| c.2 == [LinkEvent::Up]).count(), count);
    }

    fn call(&mut self, number: u16) {
        let mut session = Session::new(number);
        let request = session.call(self.client.peer, 1);
        self.client.say(self.now, request);
        self.sessions.push(session);
    }

    /// A datagram of the client's reaches the answering end, as its front passes it on.
    fn up(&mut self, datagram: &[u8]) {
        let now = self.now;
        let Ok(Datagram::Control(_)) = Datagram::parse(datagram) else {
            let Some(Peek::Data { session, .. }) = Peek::at(datagram) else { panic!() };
            let call = self.calls.iter_mut().find(|(number, ..)| *number == session);
            if let Some((_, link, _)) = call {
                link.handle_lane(now, Lane::Control, datagram);
            }
            return;
        };
        match self.trunk.handle(now, datagram) {
            Reaction::Nothing => {}
            Reaction::Begin { session } if !self.admits => self.trunk.refuse(now, session),
            Reaction::Begin { session } => {
                let mut link = TrunkCall::new(TrunkCallTerms {
                    tunnel: self.trunk.number(),
                    peer_tunnel: self.trunk.peer(),
                    session,
                    secret: None,
                });
                link.open(now, &LaneFacts::default());
                link.handle_lane(now, Lane::Control, datagram);
                self.calls.push((session, link, Vec::new()));
            }
            Reaction::Give(session) => {
                let call = self.calls.iter_mut().find(|(number, ..)| *number == session);
                call.unwrap().1.handle_lane(now, Lane::Control, datagram);
            }
            Reaction::GiveAll => {
                for (_, link, _) in &mut self.calls {
                    link.handle_lane(now, Lane::Control, datagram);
                }
            }
        }
    }

    fn down(&mut self, datagram: &[u8]) {
        match Datagram::parse(datagram).unwrap() {
            Datagram::Data(data) => {
                let of = self.sessions.iter_mut().find(|s| s.number == data.session);
                of.unwrap().handle_data(&data);
            }
            Datagram::Control(control) => match self.client.handle_control(self.now, &control) {
                Heard::Call { session, message } => {
                    let Some(of) = self.sessions.iter_mut().find(|s| s.number == session) else {
                        return;
                    };
                    match of.obey(self.client.peer, &message) {
                        Ok(Some(answer)) => self.client.say(self.now, answer),
                        Ok(None) => {}
                        Err(_) => self.refused.push(session),
                    }
                }
                Heard::Nothing | Heard::Stray | Heard::Open | Heard::Ended(_) => {}
            },
        }
    }

    fn settle(&mut self) {
        loop {
            let mut idle = true;
            while let Some(datagram) = self.client.poll_transmit() {
                idle = false;
                self.up(&datagram);
            }
            for at in 0..self.sessions.len() {
                while let Some(datagram) = self.sessions[at].take_data() {
                    idle = false;
                    self.up(&datagram);
                }
            }
            let mut bytes = Vec::new();
            for at in 0..self.calls.len() {
                while self.calls[at].1.poll_transmit(&mut bytes).is_some() {
                    idle = false;
                    match super::super::is_control(&bytes) {
                        true => self.trunk.say(self.now, &bytes),
                        false => self.down(&bytes.clone()),
                    }
                }
                let (_, link, events) = &mut self.calls[at];
                while let Some(event) = link.poll_event() {
                    events.push(event);
                }
            }
            while let Some(datagram) = self.trunk.poll_transmit() {
                idle = false;
                self.down(&datagram);
            }
            if idle {
                return;
            }
        }
    }

    /// The answering end's owner closes a call, and nothing is left of it.
    fn close(&mut self, at: usize) {
        let (session, mut link, _) = self.calls.remove(at);
        link.close(self.now, Farewell::Ordinary);
        let mut bytes = Vec::new();
        while link.poll_transmit(&mut bytes).is_some() {
            self.trunk.say(self.now, &bytes);
        }
        assert_eq!(link.poll_event(), Some(LinkEvent::Closed));
        self.trunk.end(self.now, session);
        self.settle();
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.trunk.poll_timeout().map(|d| d.at).filter(|at| *at <= end) {
            self.now = self.now.max(next);
            self.trunk.handle_timeout(self.now);
            self.settle();
        }
        self.now = end;
    }
}

fn ended(events: &[LinkEvent]) -> Option<&L2tpFailure> {
    events.iter().find_map(|event| match event {
        LinkEvent::Down(LinkFailure::L2tp(failure)) => Some(failure),
        _ => None,
    })
}

#[test]
fn each_call_of_a_tunnel_has_its_own_frames() {
    let mut several = Several::with_calls(3);
    let numbers: std::collections::HashSet<u16> = several.calls.iter().map(|c| c.0).collect();
    assert_eq!(numbers.len(), 3);
    for at in 0..3_u8 {
        let peer = several.client.peer;
        several.sessions[usize::from(at)].send_frame(peer, 0x0021, &[at]);
        several.settle();
        for (other, call) in several.calls.iter_mut().enumerate() {
            let frame = call.1.poll_frame(NOW).map(|frame| frame.to_vec());
            assert_eq!(frame, (other == usize::from(at)).then(|| vec![0, 0x21, at]));
        }
        several.calls[usize::from(at)].1.send_frame(NOW, 0x0021, &[at]);
        several.settle();
        for (other, session) in several.sessions.iter_mut().enumerate() {
            let frame = session.take_frame().map(|frame| frame.to_vec());
            assert_eq!(frame, (other == usize::from(at)).then(|| vec![0, 0x21, at]));
        }
    }
}

#[test]
fn a_disconnect_ends_one_call_and_a_stop_ends_all() {
    let mut several = Several::with_calls(3);
    let peer = several.client.peer;
    let end = several.sessions[1].end(peer, 3, 0).unwrap();
    several.client.say(NOW, end);
    several.settle();
    assert!(matches!(ended(&several.calls[1].2), Some(L2tpFailure::CallEnded { result: 3, .. })));
    assert_eq!((ended(&several.calls[0].2), ended(&several.calls[2].2)), (None, None));
    several.close(1);
    several.sessions[2].send_frame(peer, 0x0021, b"still there");
    several.settle();
    assert!(several.calls[1].1.poll_frame(NOW).is_some());

    several.client.stop(NOW, 6, 0);
    several.settle();
    for (_, _, events) in &several.calls {
        assert!(matches!(ended(events), Some(L2tpFailure::TunnelStopped { result: 6, .. })));
    }
    several.close(0);
    assert!(!several.trunk.is_gone(), "one call is still to be closed");
    several.close(0);
    assert!(several.trunk.is_gone());
    assert_eq!(several.trunk.poll_timeout(), None);
}

#[test]
fn a_call_that_we_end_is_told_and_the_others_stay() {
    let mut several = Several::with_calls(2);
    several.close(0);
    assert_eq!(several.refused, [600]);
    several.expect_up(1);
    // A further call finds room, and numbers that are in use are not given again.
    several.call(700);
    several.settle();
    several.expect_up(2);
}

#[test]
fn a_call_that_is_not_let_in_does_not_hurt_the_others() {
    let mut several = Several::with_calls(1);
    several.admits = false;
    several.call(700);
    several.settle();
    assert_eq!(several.refused, [700]);
    several.admits = true;
    // The client's number of a call that it has: it could not tell the two apart.
    several.call(600);
    several.settle();
    assert_eq!(several.calls.len(), 1);
    several.expect_up(1);
}

#[test]
fn a_tunnel_takes_so_many_calls_and_no_more() {
    let mut several = Several::with_calls(64);
    several.call(999);
    several.settle();
    assert_eq!((several.calls.len(), &several.refused[..]), (64, &[999][..]));
}

#[test]
fn a_tunnel_without_calls_ends_by_itself() {
    let mut several = Several::new(None);
    several.settle();
    several.pass(Duration::from_secs(29));
    assert!(!several.trunk.is_gone());
    several.pass(Duration::from_secs(2));
    assert!(several.trunk.is_gone());

    let mut several = Several::with_calls(1);
    several.pass(Duration::from_secs(3600));
    assert!(!several.trunk.is_gone(), "with a call in it it stays");
    several.close(0);
    several.pass(Duration::from_secs(4));
    several.call(601);
    several.settle();
    several.pass(Duration::from_secs(3600));
    several.close(0);
    several.pass(Duration::from_secs(6));
    assert!(several.trunk.is_gone());
    assert_eq!(several.trunk.poll_timeout(), None);
}

#[test]
fn a_server_that_leaves_waits_for_its_calls_and_takes_no_more() {
    let mut several = Several::with_calls(2);
    several.trunk.leave(NOW);
    several.call(700);
    several.settle();
    assert_eq!(several.refused, [700]);
    several.close(0);
    assert!(!several.trunk.is_gone());
    several.close(0);
    assert!(several.trunk.is_gone());
    assert!(several.client.is_over(), "it was told");
}

#[test]
fn a_peer_that_falls_silent_is_noticed_for_all_calls() {
    let mut several = Several::with_calls(2);
    let mut lost = false;
    for _ in 0..60 {
        let Some(next) = several.trunk.poll_timeout() else { break };
        several.now = several.now.max(next.at);
        lost |= several.trunk.handle_timeout(several.now);
        while several.trunk.poll_transmit().is_some() {}
    }
    assert!(lost, "told once");
    for (session, link, events) in &mut several.calls {
        link.handle_lane_closed(several.now, Lane::Control);
        while let Some(event) = link.poll_event() {
            events.push(event);
        }
        assert_eq!(ended(events), Some(&L2tpFailure::Unanswered));
        assert_eq!(events.last(), Some(&LinkEvent::Closed));
        several.trunk.end(several.now, *session);
    }
    assert!(several.trunk.is_gone());
}

#[test]
fn who_does_not_know_the_secret_has_no_call() {
    let mut several = Several::new(Some("looking-glass"));
    several.client = Tunnel::new(terms(Some("wonderland")), true, 500, [3; 16]);
    several.client.open(NOW);
    several.settle();
    several.call(600);
    several.settle();
    assert!(several.calls.is_empty());
    several.pass(Duration::from_secs(2));
    assert!(several.trunk.is_gone());
}

#[test]
fn a_call_ended_before_it_was_answered_is_found_by_its_callers_number() {
    let mut several = Several::with_calls(1);
    let end = Builder::message(several.client.peer, 0, kind::CDN).result(3, 0).u16(
        true,
        avp::ASSIGNED_SESSION,
        600,
    );
    several.client.say(NOW, end);
    several.settle();
    assert!(ended(&several.calls[0].2).is_some());
    let other = Builder::message(several.client.peer, 0, kind::CDN).result(3, 0).u16(
        true,
        avp::ASSIGNED_SESSION,
        601,
    );
    several.client.say(NOW, other);
    several.settle();
}
