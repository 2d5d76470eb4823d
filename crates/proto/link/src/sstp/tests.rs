//! Two ends in memory, and what both must bear.

mod binding;
mod calls;
mod endings;
mod hostile;
mod http;
mod wire;

use onhook_base::{Duration, Instant, Secret, Seed};

use super::wire::Message;
use super::{SstpAnswerer, SstpAnswererTerms, SstpCaller, SstpCallerTerms, SstpFailure};
use crate::contract::{
    CertificateHashes, Farewell, Lane, LaneFacts, Link, LinkEvent, LinkFailure, SessionKeys,
};

const LCP: u16 = 0xC021;
const IPV4: u16 = 0x0021;

fn certificate() -> CertificateHashes {
    CertificateHashes { sha1: [0xA1; 20], sha256: [0xA2; 32] }
}

fn lane_facts() -> LaneFacts {
    LaneFacts { server_certificate: Some(certificate()), ..LaneFacts::default() }
}

fn keys() -> SessionKeys {
    SessionKeys { send: Secret::new(vec![0x51; 16]), receive: Secret::new(vec![0x52; 16]) }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn failed(failure: SstpFailure) -> LinkEvent {
    LinkEvent::Down(LinkFailure::Sstp(failure))
}

/// A message as it goes over the wire.
fn packet(message: &Message<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    message.emit(&mut out);
    out
}

/// One end with all that came out of it.
struct End<L> {
    link: L,
    now: Instant,
    /// Not yet taken by the test.
    sent: Vec<u8>,
    frames: Vec<Vec<u8>>,
    events: Vec<LinkEvent>,
}

impl<L: Link> End<L> {
    fn opened(mut link: L) -> Self {
        link.open(Instant::ORIGIN, &lane_facts());
        let (sent, frames, events) = (Vec::new(), Vec::new(), Vec::new());
        let mut end = Self { link, now: Instant::ORIGIN, sent, frames, events };
        end.drain();
        end
    }

    fn drain(&mut self) {
        loop {
            let mut more = false;
            while let Some(frame) = self.link.poll_frame(self.now) {
                self.frames.push(frame.to_vec());
                more = true;
            }
            let mut out = vec![0xEE];
            if let Some(lane) = self.link.poll_transmit(&mut out) {
                assert_eq!(lane, Lane::Control);
                assert!(!out.is_empty());
                self.sent.extend(&out);
                more = true;
            } else {
                assert!(out.is_empty(), "poll_transmit must clear what it is given");
            }
            while let Some(event) = self.link.poll_event() {
                self.events.push(event);
                more = true;
            }
            if !more {
                return;
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.link.handle_lane(self.now, Lane::Control, bytes);
        self.drain();
    }

    fn hear_message(&mut self, message: &Message<'_>) {
        self.hear(&packet(message));
    }

    /// All timers up to `now + time`, each at its moment.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.link.poll_timeout().filter(|d| d.at <= end) {
            assert!(deadline.at >= self.now, "a deadline in the past is never served");
            self.now = deadline.at;
            self.link.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn close(&mut self, farewell: Farewell) {
        self.link.close(self.now, farewell);
        self.drain();
    }

    fn authenticated(&mut self, keys: Option<&SessionKeys>) {
        self.link.authenticated(self.now, keys);
        self.drain();
    }

    fn send(&mut self, protocol: u16, information: &[u8]) {
        self.link.send_frame(self.now, protocol, information);
        self.drain();
    }

    fn lose_lane(&mut self) {
        self.link.handle_lane_closed(self.now, Lane::Control);
        self.drain();
    }

    fn take_sent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sent)
    }

    fn take_events(&mut self) -> Vec<LinkEvent> {
        std::mem::take(&mut self.events)
    }

    fn take_frames(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.frames)
    }

    /// Forgets what came out so far.
    fn forget(&mut self) {
        self.take_sent();
        self.take_events();
        self.take_frames();
    }
}

fn new_caller() -> SstpCaller {
    SstpCaller::new(SstpCallerTerms::new("vpn.example"), &Seed::from_number(1))
}

fn new_answerer(offer: u8) -> SstpAnswerer {
    let terms = SstpAnswererTerms { offer, ..SstpAnswererTerms::default() };
    SstpAnswerer::new(terms, &Seed::from_number(2))
}

fn caller() -> End<SstpCaller> {
    End::opened(new_caller())
}

fn answerer() -> End<SstpAnswerer> {
    End::opened(new_answerer(3))
}

/// Carries bytes from end to end until both are silent; returns how many crossings that took.
fn settle<A: Link, B: Link>(a: &mut End<A>, b: &mut End<B>) -> usize {
    let mut crossings = 0;
    loop {
        let (to_b, to_a) = (a.take_sent(), b.take_sent());
        if to_b.is_empty() && to_a.is_empty() {
            return crossings;
        }
        crossings += 1;
        b.hear(&to_b);
        a.hear(&to_a);
    }
}

/// A call in the phase that the name says, seen from both ends.
fn requesting() -> (End<SstpCaller>, End<SstpAnswerer>) {
    let (mut caller, mut answerer) = (caller(), answerer());
    answerer.hear(&caller.take_sent());
    caller.hear(&answerer.take_sent());
    caller.take_sent();
    (caller, answerer)
}

fn up() -> (End<SstpCaller>, End<SstpAnswerer>) {
    up_with(new_answerer(3))
}

fn up_with(answerer: SstpAnswerer) -> (End<SstpCaller>, End<SstpAnswerer>) {
    let (mut caller, mut answerer) = (caller(), End::opened(answerer));
    settle(&mut caller, &mut answerer);
    assert_eq!(caller.take_events(), [LinkEvent::Up]);
    assert_eq!(answerer.take_events(), [LinkEvent::Up]);
    (caller, answerer)
}

fn connected() -> (End<SstpCaller>, End<SstpAnswerer>) {
    let (mut caller, mut answerer) = up();
    answerer.authenticated(Some(&keys()));
    caller.authenticated(Some(&keys()));
    settle(&mut caller, &mut answerer);
    caller.send(IPV4, b"probe");
    settle(&mut caller, &mut answerer);
    assert_eq!(answerer.take_frames(), [[&[0x00, 0x21], &b"probe"[..]].concat()]);
    (caller, answerer)
}
