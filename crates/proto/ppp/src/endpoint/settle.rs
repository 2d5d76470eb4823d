//! What follows from what the layers say.

use onhook_base::Instant;

use super::{Callback, CloseReason, LcpFacts, MultilinkFacts, Network, Ppp, PppEvent};
use crate::control::automaton::State;
use crate::control::wire::code;
use crate::control::{Control, Ending, Signal};
use crate::failure::{Layer, Phase, PppFailure};
use crate::ladder::{Rung, Verdict};
use crate::lcp::farewell::{WindowsFarewell, printable};
use crate::multilink::BundleTerms;
use crate::wire::protocol;

/// A signal, and whose it is.
enum Said {
    Lcp(Signal),
    Ipcp(Signal),
    Ipv6cp(Signal),
    Ccp(Signal),
}

impl Ppp {
    /// Lets all consequences happen: packets into the frame queue, signals heeded, until all is
    /// quiet. Each signal is heeded once and leads to a few others at most, so that this ends.
    pub(super) fn settle(&mut self, now: Instant) {
        loop {
            self.collect_packets();
            if let Some((side, event)) = self.proof.as_mut().and_then(super::Proof::poll_event) {
                self.on_proof(now, side, event);
                continue;
            }
            if let Some(event) = self.callback.as_mut().and_then(Callback::poll_event) {
                self.on_callback(now, event);
                continue;
            }
            match self.next_signal() {
                None => return,
                Some(Said::Lcp(signal)) => self.on_lcp(now, signal),
                Some(Said::Ipcp(signal)) => self.on_ipcp(now, signal),
                Some(Said::Ipv6cp(signal)) => self.on_ipv6cp(now, signal),
                Some(Said::Ccp(signal)) => self.on_ccp(now, signal),
            }
        }
    }

    fn collect_packets(&mut self) {
        let mut packet = Vec::new();
        while let Some(protocol) = self.proof.as_mut().and_then(|p| p.poll_packet(&mut packet)) {
            self.queue_frame(protocol, std::mem::take(&mut packet));
        }
        while let Some(packet) = self.callback.as_mut().and_then(Callback::poll_packet) {
            self.queue_frame(protocol::CBCP, packet);
        }
        while let Some(packet) = self.lcp.poll_packet() {
            self.queue_frame(protocol::LCP, packet);
        }
        while let Some((protocol, packet)) = self.network.as_mut().and_then(Network::poll_packet) {
            self.queue_frame(protocol, packet);
        }
    }

    fn next_signal(&mut self) -> Option<Said> {
        if let Some(signal) = self.lcp.poll_signal() {
            return Some(Said::Lcp(signal));
        }
        let network = self.network.as_mut()?;
        if let Some(signal) = network.ipv4.as_mut().and_then(Control::poll_signal) {
            return Some(Said::Ipcp(signal));
        }
        if let Some(signal) = network.ipv6.as_mut().and_then(Control::poll_signal) {
            return Some(Said::Ipv6cp(signal));
        }
        network.ccp.poll_signal().map(Said::Ccp)
    }

    fn on_lcp(&mut self, now: Instant, signal: Signal) {
        match signal {
            Signal::Up => self.on_lcp_up(now),
            Signal::Down => self.on_lcp_down(),
            Signal::Finished(ending) => {
                let failure = match ending {
                    Ending::Unanswered { tries } => Some(PppFailure::NoAnswer {
                        layer: Layer::Lcp,
                        tries,
                        heard_anything: self.heard_anything,
                    }),
                    Ending::Rejected => Some(PppFailure::LcpRejected),
                    Ending::Terminated => None,
                };
                if let Some(failure) = failure {
                    self.keep_failure(failure);
                }
                if std::mem::take(&mut self.lets_peer_finish) {
                    self.let_peer_finish();
                }
                self.finish();
            }
            Signal::Hopeless(failure) => self.fail(now, failure),
            Signal::PeerTerminating { was, text } => self.on_peer_terminating(now, was, &text),
            Signal::CodeRejected(code::ECHO_REQUEST) => self.keepalive.stop(),
            Signal::CodeRejected(_) => {}
        }
    }

    fn on_lcp_up(&mut self, now: Instant) {
        let sendable = self.lcp.terms().sendable();
        let demanded = self.lcp.terms().demanded();
        let theirs = *self.lcp.terms().theirs();
        self.lcp.set_peer_mru(sendable);
        self.keepalive.start(now, self.lcp.answer_time());
        self.loops = 0;
        self.tell(PppEvent::LcpUp(LcpFacts {
            peer_mru: sendable,
            protocol_compression: theirs.protocol_compression,
            address_compression: theirs.address_compression,
            escape_map: theirs.accm,
            our_method: theirs.method,
            peer_method: demanded,
            peer_magic: theirs.magic,
            multilink: self.multilink(),
        }));
        self.send_identification();
        self.begin_trial();
        // It is to leave before the proof's first word.
        self.collect_packets();
        self.begin_proof(now, theirs.method, demanded);
    }

    /// What LCP has agreed about being one of several links; `None` when it is not open, too.
    pub fn multilink(&self) -> Option<MultilinkFacts> {
        if !self.lcp.is_opened() {
            return None;
        }
        let theirs = self.lcp.terms().theirs();
        let (mrru, receive_form) = self.lcp.terms().our_multilink()?;
        let (peer_mrru, send_form) = (theirs.mrru?, theirs.sequence_form);
        let bundle = BundleTerms { mrru, peer_mrru, receive_form, send_form };
        Some(MultilinkFacts { bundle, peer: theirs.discriminator })
    }

    /// Everything above LCP ends (RFC 1661 §4.4, tld).
    fn on_lcp_down(&mut self) {
        self.keepalive.stop();
        self.trial = None;
        self.proof = None;
        self.callback = None;
        self.authenticated = false;
        self.early = [None, None, None];
        if let Some(network) = self.network.take() {
            if network.ipv4_up {
                self.tell(PppEvent::Ipv4Down);
            }
            if network.ipv6_up {
                self.tell(PppEvent::Ipv6Down);
            }
        }
    }

    fn on_peer_terminating(&mut self, now: Instant, was: State, data: &[u8]) {
        let windows = WindowsFarewell::parse(data).ok();
        self.peer_is_windows |= windows.is_some();
        let windows_code = windows.map(|w| w.code);
        let phase = match (was, self.authenticated) {
            (State::Opened, true) => Phase::Network,
            (State::Opened, false) if self.callback.is_some() => Phase::Callback,
            (State::Opened, false) => Phase::Authenticate,
            (_, _) => Phase::Establish,
        };
        if was != State::Opened && !self.lcp.is_engaged() {
            return; // the echo of an earlier call on this line: go on, as RFC 1661 §4.1 says
        }
        let text = if windows.is_some() { String::new() } else { printable(data) };
        let told = windows_code.is_some_and(|code| code != 0);
        let failure = match self.refusal.take() {
            // The door that it had left open is shut: then the refusal is the reason.
            Some(refusal) if !told => refusal,
            _ if self.lcp.terms().has_refused_a_demand() && !told => PppFailure::NoCommonMethod,
            _ => PppFailure::PeerTerminated { phase, windows_code, text },
        };
        self.keep_failure(failure);
        self.tell(PppEvent::PeerClosing);
        if was != State::Opened {
            // RFC 1661 §4.1 would go on asking. A peer that has talked to us and then gives up does
            // not answer any more; to find that out would take all of Max-Configure.
            self.lcp.close(now, Vec::new());
        }
    }

    fn on_ipcp(&mut self, now: Instant, signal: Signal) {
        let Some(network) = &mut self.network else { return };
        match signal {
            Signal::Up => match network.ipv4.as_ref().map(|layer| layer.terms().agreed()) {
                Some(Ok(agreed)) => {
                    network.ipv4_up = true;
                    network.ladder.opened(Rung::Ipv4);
                    let (local, peer, dns) = (agreed.local, agreed.peer, agreed.dns);
                    self.tell(PppEvent::Ipv4Up { local, peer, dns });
                }
                Some(Err(failure)) => self.give_up(now, Rung::Ipv4, failure),
                None => {}
            },
            Signal::Down => {
                network.ladder.sank(Rung::Ipv4);
                if std::mem::take(&mut network.ipv4_up) {
                    self.tell(PppEvent::Ipv4Down);
                }
            }
            Signal::Hopeless(PppFailure::AddressRefused) => {
                // The one address that would do is not to be had: no other protocol makes up for it.
                self.fail(now, PppFailure::AddressRefused);
            }
            other => self.on_network_end(now, Rung::Ipv4, other),
        }
        self.check_ladder(now);
    }

    fn on_ipv6cp(&mut self, now: Instant, signal: Signal) {
        let Some(network) = &mut self.network else { return };
        match signal {
            Signal::Up => {
                if let Some(layer) = &network.ipv6 {
                    let (local, peer) = layer.terms().agreed();
                    network.ipv6_up = true;
                    network.ladder.opened(Rung::Ipv6);
                    self.tell(PppEvent::Ipv6Up { local, peer });
                }
            }
            Signal::Down => {
                network.ladder.sank(Rung::Ipv6);
                if std::mem::take(&mut network.ipv6_up) {
                    self.tell(PppEvent::Ipv6Down);
                }
            }
            other => self.on_network_end(now, Rung::Ipv6, other),
        }
        self.check_ladder(now);
    }

    /// The signals by which a network protocol ends.
    fn on_network_end(&mut self, now: Instant, rung: Rung, signal: Signal) {
        let layer = match rung {
            Rung::Ipv4 => Layer::Ipcp,
            Rung::Ipv6 => Layer::Ipv6cp,
        };
        let heard_anything = self.heard_anything;
        let Some(network) = &mut self.network else { return };
        match signal {
            Signal::Finished(ending) => {
                let failure = match ending {
                    Ending::Unanswered { tries } => {
                        PppFailure::NoAnswer { layer, tries, heard_anything }
                    }
                    Ending::Rejected => PppFailure::NoNetworkProtocol,
                    Ending::Terminated => PppFailure::NetworkProtocolClosed,
                };
                network.ladder.failed(rung, failure);
            }
            Signal::Hopeless(failure) => self.give_up(now, rung, failure),
            Signal::PeerTerminating { was, .. } => {
                if was == State::Opened {
                    network.ladder.failed(rung, PppFailure::NetworkProtocolClosed);
                } else {
                    self.give_up(now, rung, PppFailure::NetworkProtocolClosed);
                }
            }
            Signal::Up | Signal::Down | Signal::CodeRejected(_) => {}
        }
    }

    fn give_up(&mut self, now: Instant, rung: Rung, failure: PppFailure) {
        let Some(network) = &mut self.network else { return };
        network.ladder.failed(rung, failure);
        match rung {
            Rung::Ipv4 => network.ipv4.as_mut().map(|layer| layer.close(now, Vec::new())),
            Rung::Ipv6 => network.ipv6.as_mut().map(|layer| layer.close(now, Vec::new())),
        };
    }

    pub(super) fn check_ladder(&mut self, now: Instant) {
        let must_encrypt = self.must_encrypt();
        let Some(network) = &mut self.network else { return };
        match network.ladder.verdict(now) {
            Verdict::Wait => {}
            Verdict::Settled => network.waits_for_encryption = true,
            Verdict::Fallen(failure) => return self.fail(now, failure),
        }
        let is_ready = network.mppe.is_some() || !must_encrypt;
        if is_ready && std::mem::take(&mut network.waits_for_encryption) {
            self.tell(PppEvent::NetworkSettled);
        }
    }

    /// The words or, for a Windows peer, the number that goes with our Terminate-Request.
    pub(super) fn close_lcp(&mut self, now: Instant, why: CloseReason) {
        if self.bundled {
            return self.finish();
        }
        let mut farewell = Vec::new();
        if self.peer_is_windows {
            let code = why.code();
            WindowsFarewell { magic: self.lcp.terms().magic(), code }.emit(&mut farewell);
        } else {
            farewell.extend_from_slice(why.text().as_bytes());
        }
        let begun = self.lcp.state() != State::Initial;
        self.lcp.close(now, farewell);
        self.settle(now);
        if !begun {
            self.finish();
        }
    }

    /// Why the link is ending, as far as it is known: before [`PppEvent::Finished`] tells it, the
    /// goodbyes are still said.
    pub fn failure(&self) -> Option<&PppFailure> {
        self.failure.as_ref().or(self.refusal.as_ref())
    }

    /// Something failed: the reason is kept if it is the first, and LCP closes.
    pub(super) fn fail(&mut self, now: Instant, failure: PppFailure) {
        if self.finished || self.ending {
            return;
        }
        let why = match &failure {
            PppFailure::Refused { code: Some(code), .. } => CloseReason::Failure(*code),
            _ => CloseReason::Failure(0),
        };
        let text = failure.to_string();
        tracing::debug!(target: "ppp", %text, "failed");
        self.keep_failure(failure);
        if self.bundled {
            self.finish();
        } else if self.peer_is_windows && why != CloseReason::Failure(0) {
            self.close_lcp(now, why);
        } else {
            self.lcp.close(now, text.into_bytes());
        }
    }

    fn keep_failure(&mut self, failure: PppFailure) {
        if !self.ending && self.failure.is_none() {
            self.failure = Some(failure);
        }
        self.ending = true;
    }

    /// Nobody is there: nothing is said to it, and nothing waited for.
    pub(super) fn peer_is_silent(&mut self, now: Instant, misses: u8) {
        self.keep_failure(PppFailure::PeerSilent { misses });
        self.lcp.lower_down(now);
        self.settle(now);
        self.wipe_frames();
        self.finish();
    }

    /// Said once; from then on nothing happens.
    pub(super) fn finish(&mut self) {
        if !std::mem::replace(&mut self.finished, true) {
            self.proof = None;
            self.callback = None;
            self.network = None;
            self.keepalive.stop();
            let failure = self.failure.clone();
            self.tell(PppEvent::Finished { failure });
        }
    }
}
