//! A link of the simplest kind: each datagram is a frame, nothing shakes hands, nothing is repeated.
//!
//! On such a line PPP meets loss, repetition, disorder and corruption as they come; over TLS it never
//! would.

use std::collections::VecDeque;

use onhook_base::{Deadline, Instant, Seed};
use onhook_link::{
    Farewell, FrameTerms, Framing, Lane, LaneFacts, Link, LinkEvent, LinkFacts, LinkFailure,
    SessionKeys,
};

/// Octets of the PPP Protocol field.
const PROTOCOL: usize = 2;
/// The longest frame that it carries.
const LONGEST: usize = 1502;

/// The machine of a bare line, for either end.
#[derive(Debug, Default)]
pub(crate) struct Bare {
    up: bool,
    closed: bool,
    current: Vec<u8>,
    received: VecDeque<Vec<u8>>,
    to_send: VecDeque<Vec<u8>>,
    events: VecDeque<LinkEvent>,
}

/// Makes one.
pub(crate) fn make(_: &Seed) -> Box<dyn Link + Send + Sync> {
    Box::new(Bare::default())
}

impl Link for Bare {
    fn open(&mut self, _: Instant, _: &LaneFacts) {
        self.up = true;
        self.events.push_back(LinkEvent::Up);
    }

    fn close(&mut self, _: Instant, _: Farewell) {
        if !self.closed {
            self.up = false;
            self.closed = true;
            self.events.push_back(LinkEvent::Closed);
        }
    }

    fn adopt(&mut self, _: FrameTerms) {}

    fn authenticated(&mut self, _: Instant, _: Option<&SessionKeys>) {}

    fn handle_lane(&mut self, _: Instant, _: Lane, bytes: &[u8]) {
        if self.up && (PROTOCOL..=LONGEST).contains(&bytes.len()) {
            self.received.push_back(bytes.to_vec());
        }
    }

    fn handle_lane_closed(&mut self, _: Instant, _: Lane) {
        if self.up {
            self.up = false;
            self.events.push_back(LinkEvent::Down(LinkFailure::LaneClosed));
        }
    }

    fn handle_timeout(&mut self, _: Instant) {}

    fn send_frame(&mut self, _: Instant, protocol: u16, information: &[u8]) {
        if self.up && information.len() + PROTOCOL <= LONGEST {
            let mut frame = protocol.to_be_bytes().to_vec();
            frame.extend_from_slice(information);
            self.to_send.push_back(frame);
        }
    }

    fn poll_frame(&mut self, _: Instant) -> Option<&mut [u8]> {
        self.current = self.received.pop_front()?;
        Some(&mut self.current)
    }

    fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<Lane> {
        *into = self.to_send.pop_front()?;
        Some(Lane::Control)
    }

    fn queued_bytes(&self) -> usize {
        self.to_send.iter().map(Vec::len).sum()
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        None
    }

    fn facts(&self) -> LinkFacts {
        LinkFacts {
            mtu: 1500,
            mru_to_ask: None,
            encrypted: false,
            lossy: true,
            framing: Framing::Synchronous,
            ends_by_word: true,
        }
    }
}
