//! The sleeve that joins two pipes: PPP above, the link below. Frames pass here and nowhere else.

use onhook_base::{Deadline, Instant};
use onhook_link::Link;
use onhook_model::Traffic;
use onhook_ppp::Ppp;

use crate::capture::{Captured, Direction};

/// PPP and the link that carries it.
pub(crate) struct Splice {
    pub(crate) ppp: Ppp,
    pub(crate) link: Box<dyn Link + Send + Sync>,
    pub(crate) traffic: Traffic,
    pub(crate) last_traffic: Instant,
    pub(crate) capture: Option<Captured>,
    scratch: Vec<u8>,
}

impl Splice {
    pub(crate) fn new(
        now: Instant,
        ppp: Ppp,
        link: Box<dyn Link + Send + Sync>,
        capture: bool,
    ) -> Self {
        Self {
            ppp,
            link,
            traffic: Traffic::default(),
            last_traffic: now,
            capture: capture.then(Captured::default),
            scratch: Vec::new(),
        }
    }

    /// Lets frames pass both ways until none is left. IP packets that arrive go to `net`.
    pub(crate) fn pump(&mut self, now: Instant, net: &mut dyn FnMut(&[u8])) {
        loop {
            let mut idle = true;
            while let Some(frame) = self.link.poll_frame(now) {
                idle = false;
                if let Some(capture) = &mut self.capture {
                    capture.push_parts(now, Direction::Received, frame, &[]);
                }
                if let Some(packet) = self.ppp.handle_frame(now, frame) {
                    self.traffic.packets_in = self.traffic.packets_in.saturating_add(1);
                    self.traffic.bytes_in =
                        self.traffic.bytes_in.saturating_add(packet.bytes.len() as u64);
                    self.last_traffic = now;
                    net(packet.bytes);
                }
            }
            while let Some(protocol) = self.ppp.poll_frame(&mut self.scratch) {
                idle = false;
                if let Some(capture) = &mut self.capture {
                    capture.push(now, Direction::Sent, protocol, &self.scratch);
                }
                self.link.send_frame(now, protocol, &self.scratch);
            }
            if idle {
                return;
            }
        }
    }

    /// Sends one IP packet of ours, if it may pass.
    pub(crate) fn send_packet(&mut self, now: Instant, packet: &[u8]) {
        let (link, capture) = (&mut self.link, &mut self.capture);
        let passed = self.ppp.send_packet(now, packet, &mut |protocol, information| {
            if let Some(capture) = capture {
                capture.push(now, Direction::Sent, protocol, information);
            }
            link.send_frame(now, protocol, information);
        });
        if passed {
            self.traffic.packets_out = self.traffic.packets_out.saturating_add(1);
            self.traffic.bytes_out = self.traffic.bytes_out.saturating_add(packet.len() as u64);
            self.last_traffic = now;
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.link.handle_timeout(now);
        self.ppp.handle_timeout(now);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        Deadline::earliest(self.link.poll_timeout(), self.ppp.poll_timeout())
    }
}

impl std::fmt::Debug for Splice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Splice")
            .field("phase", &self.ppp.phase())
            .field("traffic", &self.traffic)
            .finish_non_exhaustive()
    }
}
