//! What the ordeals share: an input that is taken in pieces, and a line that feeds a link.

use onhook_base::{Duration, Instant, Secret};
use onhook_link::{CertificateHashes, Farewell, Lane, LaneFacts, Link, SessionKeys};

/// When every run begins.
pub(crate) const START: Instant = Instant::from_nanos(1_000_000_000_000);
/// What a machine may have queued, whatever it was sent.
pub(crate) const MOST_QUEUED: usize = 4 << 20;
/// Polls of one kind after one input; more than this is a machine that never falls silent.
const MOST_POLLS: usize = 10_000;

/// The ordeal's octets, taken from the front.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    /// One byte; zero behind the end.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// As many bytes as two length bytes say, or what is left.
    pub(crate) fn piece(&mut self) -> &'a [u8] {
        let len = usize::from(u16::from_be_bytes([self.byte(), self.byte()])) % 2048;
        let (piece, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        piece
    }

    /// Nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a link is told of its lane.
pub(crate) fn lane_facts() -> LaneFacts {
    LaneFacts {
        server_certificate: Some(CertificateHashes { sha1: [1; 20], sha256: [2; 32] }),
        ..LaneFacts::default()
    }
}

/// Keys as an authentication makes them.
pub(crate) fn keys() -> SessionKeys {
    SessionKeys { send: Secret::new(vec![3; 16]), receive: Secret::new(vec![4; 16]) }
}

/// Takes everything that a link has to say, and holds it to its promises.
pub(crate) fn drain(link: &mut dyn Link, now: Instant) {
    let mut out = Vec::new();
    assert!(link.queued_bytes() < MOST_QUEUED, "{} octets are queued", link.queued_bytes());
    for polls in 0.. {
        let frame = link.poll_frame(now).is_some();
        let transmit = link.poll_transmit(&mut out).is_some();
        let event = link.poll_event().is_some();
        if !frame && !transmit && !event {
            break;
        }
        assert!(polls < MOST_POLLS, "the link never falls silent");
    }
}

/// Feeds a link in pieces whose sizes are the input's own, lets time pass now and then, and closes it.
pub(crate) fn feed(link: &mut dyn Link, mut input: Input<'_>) {
    let mut now = START;
    drain(link, now);
    while !input.is_empty() {
        match input.byte() {
            250 => link.authenticated(now, Some(&keys())),
            251 => link.authenticated(now, None),
            252 => {
                now += Duration::from_millis(u64::from(input.byte()) * 250);
                link.handle_timeout(now);
            }
            253 => link.send_frame(now, 0x0021, input.piece()),
            254 => link.close(now, Farewell::Ordinary),
            255 => link.handle_lane_closed(now, Lane::Control),
            step => {
                let (piece, rest) = input.0.split_at((usize::from(step) + 1).min(input.0.len()));
                input.0 = rest;
                link.handle_lane(now, Lane::Control, piece);
            }
        }
        drain(link, now);
    }
    link.close(now, Farewell::Aborted);
    drain(link, now);
    // Whatever came before, a link that is closed and left alone comes to its end.
    for rounds in 0.. {
        let Some(deadline) = link.poll_timeout() else { break };
        now = now.max(deadline.at);
        link.handle_timeout(now);
        drain(link, now);
        assert!(rounds < 100, "the link's farewell never ends: {}", deadline.why);
    }
}
