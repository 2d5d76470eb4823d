//! The sleeve that joins two pipes: PPP above, the link below. Frames pass here and nowhere else.

use std::ops::{Deref, DerefMut};

use onhook_base::{Deadline, Instant};
use onhook_link::Link;
use onhook_model::Traffic;
use onhook_ppp::ipv6cp::Advertiser;
use onhook_ppp::wire::parse_protocol;
use onhook_ppp::{Phase, Ppp};

use crate::bundle::{BundleCarrier, Joins};
use crate::capture::{Captured, Direction};

/// What carries PPP: one link, or the links of a bundle.
pub(crate) enum Carrier {
    Link(Box<dyn Link + Send + Sync>),
    Bundle(Box<BundleCarrier>),
}

impl Carrier {
    /// The links, where there are several.
    pub(crate) fn bundle(&mut self) -> Option<&mut BundleCarrier> {
        match self {
            Self::Link(_) => None,
            Self::Bundle(bundle) => Some(bundle),
        }
    }
}

impl Deref for Carrier {
    type Target = dyn Link + Send + Sync;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Link(link) => link.as_ref(),
            Self::Bundle(bundle) => bundle.as_ref(),
        }
    }
}

impl DerefMut for Carrier {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Link(link) => link.as_mut(),
            Self::Bundle(bundle) => bundle.as_mut(),
        }
    }
}

/// PPP and the link that carries it.
pub(crate) struct Splice {
    pub(crate) ppp: Ppp,
    pub(crate) link: Carrier,
    /// Whether the link is one of several: then PPP stops at the proof, and frames that are not the
    /// link's own business pass through.
    pub(crate) joins: Joins,
    pub(crate) traffic: Traffic,
    pub(crate) last_traffic: Instant,
    pub(crate) capture: Option<Captured>,
    /// (Answering) tells the caller the prefix of its link.
    pub(crate) advertiser: Option<Advertiser>,
    scratch: Vec<u8>,
}

impl Splice {
    pub(crate) fn new(now: Instant, ppp: Ppp, link: Carrier, capture: bool) -> Self {
        Self {
            ppp,
            link,
            joins: Joins::Never,
            traffic: Traffic::default(),
            last_traffic: now,
            capture: capture.then(Captured::default),
            advertiser: None,
            scratch: Vec::new(),
        }
    }

    /// Whether frames pass through to what is above this link and others.
    pub(crate) fn passes_frames(&self) -> bool {
        match self.joins {
            Joins::Never => false,
            Joins::WhenAgreed => self.ppp.multilink().is_some() || self.ppp.is_closing_member(),
            Joins::Always => true,
        }
    }

    /// Lets frames pass both ways until none is left. IP packets that arrive go to `net`; where the link
    /// is one of several, frames do.
    pub(crate) fn pump(&mut self, now: Instant, net: &mut dyn FnMut(&[u8])) {
        loop {
            let mut idle = true;
            let passes = self.passes_frames();
            while let Some(frame) = self.link.poll_frame(now) {
                idle = false;
                if let Some(capture) = &mut self.capture {
                    capture.push_parts(now, Direction::Received, frame, &[]);
                }
                if passes && passes_up(&self.ppp, frame) {
                    self.ppp.heard(now);
                    self.traffic.packets_in = self.traffic.packets_in.saturating_add(1);
                    self.traffic.bytes_in =
                        self.traffic.bytes_in.saturating_add(frame.len() as u64);
                    self.last_traffic = now;
                    net(frame);
                } else if let Some(packet) = self.ppp.handle_frame(now, frame) {
                    self.traffic.packets_in = self.traffic.packets_in.saturating_add(1);
                    self.traffic.bytes_in =
                        self.traffic.bytes_in.saturating_add(packet.bytes.len() as u64);
                    let is_ours = |to: &mut Advertiser| to.handle_packet(now, packet.bytes);
                    if !self.advertiser.as_mut().is_some_and(is_ours) {
                        self.last_traffic = now;
                        net(packet.bytes);
                    }
                }
            }
            self.advertise(now);
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

    /// What is told of the link is no traffic.
    fn advertise(&mut self, now: Instant) {
        let Some(packet) = self.advertiser.as_mut().and_then(|a| a.poll_packet(now)) else {
            return;
        };
        let (link, capture) = (&mut self.link, &mut self.capture);
        self.ppp.send_packet(now, &packet, &mut |protocol, information| {
            if let Some(capture) = capture {
                capture.push(now, Direction::Sent, protocol, information);
            }
            link.send_frame(now, protocol, information);
        });
    }

    /// Sends one frame of what is above this link and others.
    fn send_member_frame(&mut self, now: Instant, frame: &[u8]) {
        let Ok((protocol, length)) = parse_protocol(frame) else { return };
        let information = frame.get(length..).unwrap_or_default();
        if let Some(capture) = &mut self.capture {
            capture.push(now, Direction::Sent, protocol, information);
        }
        self.link.send_frame(now, protocol, information);
        self.traffic.packets_out = self.traffic.packets_out.saturating_add(1);
        self.traffic.bytes_out = self.traffic.bytes_out.saturating_add(frame.len() as u64);
        self.last_traffic = now;
    }

    /// The link is up, and PPP begins. Where the link has only agreed to long packets, PPP tries whether they
    /// pass: the answer has until our proof is accepted, or, where none is asked for, until the network is up.
    pub(crate) fn begin(&mut self, now: Instant) {
        let facts = self.link.facts();
        self.ppp.ask_mru(facts.mru_to_ask);
        if let Some(safe) = self.link.safe_mtu() {
            self.ppp.try_size(safe, facts.mtu);
        }
        self.ppp.open(now);
        self.ppp.lower_up(now);
    }

    /// Where what was tried has not passed, LCP begins anew with what does, so that the other end keeps to it
    /// as well; whether that is so.
    pub(crate) fn shorten(&mut self, now: Instant) -> bool {
        let (Some(false), Some(safe)) = (self.ppp.size_has_passed(), self.link.safe_mtu()) else {
            return false;
        };
        tracing::warn!(target: "connection", safe, "long frames do not pass");
        self.link.keep_to_safe_mtu();
        self.ppp.keep_to_size(now, safe);
        true
    }

    /// Sends one IP packet of ours, if it may pass; or, where the link is one of several, a frame.
    pub(crate) fn send_packet(&mut self, now: Instant, packet: &[u8]) {
        if self.passes_frames() {
            return self.send_member_frame(now, packet);
        }
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
        if let Some(advertiser) = &mut self.advertiser {
            advertiser.handle_timeout(now);
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        let own = self.advertiser.as_ref().map(Advertiser::poll_timeout);
        let parts = Deadline::earliest(self.link.poll_timeout(), self.ppp.poll_timeout());
        Deadline::earliest(parts, own)
    }
}

/// Whether a frame of a link that is one of several is for what is above it. While we close the link, too:
/// what the peer sent ahead of its Terminate-Ack is as good as what came before.
fn passes_up(ppp: &Ppp, frame: &[u8]) -> bool {
    (ppp.phase() == Phase::Network || ppp.is_closing_member()) && Ppp::is_for_bundle(frame)
}

impl std::fmt::Debug for Splice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Splice")
            .field("phase", &self.ppp.phase())
            .field("traffic", &self.traffic)
            .finish_non_exhaustive()
    }
}
