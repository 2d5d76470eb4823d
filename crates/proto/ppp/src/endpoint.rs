//! PPP as a whole: the layers composed; frames in and out, packets in and out.
//!
//! [`Ppp`] is one end of one link. Its owner opens it, says when the link comes and goes, gives it
//! what the link received and sends what it wants sent. The phases of RFC 1661 §3.2 follow from where
//! LCP stands and whether the proofs are in:
//!
//! | phase | what is handled | what is not |
//! | --- | --- | --- |
//! | Establish | LCP | all else is dropped |
//! | Authenticate | LCP, PAP, CHAP, EAP | all else is dropped |
//! | Callback | LCP, CBCP, repeats of proofs | all else is dropped |
//! | Network | the above, CCP, IPCP, IPV6CP, packets | answered with a Protocol-Reject |
//! | Terminate | LCP | all else is dropped |
//!
//! Between the last proof and [`Ppp::project`] the owner decides what the network shall be; the peer
//! may be ahead of that, so that the latest frame of each NCP is kept and handled then.
//!
//! Inside, a layer's packets are drained before its signals are heeded, and the authentication's
//! before LCP's: a failure packet leaves before the Terminate-Request that it leads to.
//!
//! - `network`: the NCPs of one projection.
//! - `reception`: what a frame is taken for in the phase it comes in, and what is malformed.
//! - `settle`: what follows from the layers' signals.
//! - `proof`: authentication, both directions.
//! - `callback`: whether the caller is called back, before there is a network.
//! - `encryption`: MPPE, where it is agreed.
//! - `bundle`: above several links.
//! - `courtesy`: LCP's codes beyond negotiation: echo, rejects, identification.

mod bundle;
mod callback;
mod courtesy;
mod encryption;
mod event;
mod network;
mod proof;
mod reception;
mod settle;

use std::collections::VecDeque;

use onhook_base::{Deadline, Instant, Secret, Seed};
use zeroize::Zeroize;

use crate::auth;
use crate::cbcp::CallbackOffer;
use crate::ccp::CcpTerms;
use crate::control::ControlPacket;
use crate::control::automaton::State;
use crate::control::wire::code;
use crate::control::{Control, Pace};
use crate::describe::trace;
use crate::failure::{Layer, Phase, PppFailure};
use crate::lcp::{Keepalive, LcpTerms, Life};
use crate::terms::{NetworkTerms, PppTerms};
use crate::wire::{parse_protocol, protocol};

use callback::Callback;
use courtesy::Rejections;
pub use event::{CloseReason, Counters, IpVersion, LcpFacts, MultilinkFacts, Packet, PppEvent};
use network::Network;
use proof::Proof;

/// Control frames waiting to be polled; what is more is lost, as on a line.
const MAX_FRAMES: usize = 64;
/// Events waiting to be polled.
const MAX_EVENTS: usize = 64;

/// One end of one PPP link, as a machine.
pub struct Ppp {
    terms: PppTerms,
    seed: Seed,
    lcp: Control<LcpTerms>,
    keepalive: Keepalive,
    proof: Option<Proof>,
    proofs_begun: u32,
    authenticated: bool,
    callback: Option<Callback>,
    callback_offer: CallbackOffer,
    /// What the proof has made, for encryption.
    keys: Option<auth::Keys>,
    /// Room for what is encrypted.
    sealed: Vec<u8>,
    network: Option<Network>,
    early: [Option<Vec<u8>>; 3],
    rejections: Rejections,
    loops: u8,
    /// The size that passes surely, and the one that may.
    to_try: Option<(u16, u16)>,
    /// The Echo-Request by which a size is tried, and whether it was answered.
    trial: Option<(u8, bool)>,
    garbled: u8,
    heard_anything: bool,
    peer_is_windows: bool,
    /// Above several links, each of which has an LCP of its own.
    bundled: bool,
    /// The end has begun, and whatever follows is consequence.
    ending: bool,
    /// When the peer has acknowledged our end, it is told that nothing is repeated.
    lets_peer_finish: bool,
    /// When we closed it, it was one of several links, and proven.
    was_member: bool,
    failure: Option<PppFailure>,
    /// Why it has failed if nothing comes of the door that a refusal left open.
    refusal: Option<PppFailure>,
    /// Told to the peer, and not taken yet.
    new_password: Option<Secret<String>>,
    finished: bool,
    frames: VecDeque<(u16, Vec<u8>)>,
    events: VecDeque<PppEvent>,
    counters: Counters,
}

impl Ppp {
    /// One end, not yet open. All its chance comes from `seed`.
    pub fn new(terms: PppTerms, seed: &Seed) -> Self {
        let lcp_terms = LcpTerms::new(&terms, seed.derive("lcp").chance());
        // A peer whose PPP starts when the link is up has often not heard our first request.
        let lcp_pace =
            Pace { repeats_early: terms.repeats_early || !terms.linger, ..pace(&terms, false) };
        Self {
            lcp: Control::new(Layer::Lcp, lcp_terms, lcp_pace),
            keepalive: Keepalive::new(terms.echo),
            terms,
            seed: seed.clone(),
            proof: None,
            proofs_begun: 0,
            authenticated: false,
            callback: None,
            callback_offer: CallbackOffer::None,
            keys: None,
            sealed: Vec::new(),
            network: None,
            early: [None, None, None],
            rejections: Rejections::default(),
            loops: 0,
            to_try: None,
            trial: None,
            garbled: 0,
            heard_anything: false,
            peer_is_windows: false,
            bundled: false,
            ending: false,
            lets_peer_finish: false,
            was_member: false,
            failure: None,
            refusal: None,
            new_password: None,
            finished: false,
            frames: VecDeque::new(),
            events: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// What the link has agreed about the size of frames while it came up, instead of
    /// [`PppTerms::mru_to_ask`]. Counts before [`lower_up`](Self::lower_up).
    pub fn ask_mru(&mut self, mru: Option<u16>) {
        self.lcp.terms_mut().ask(mru);
    }

    /// Administrative Open: LCP negotiates as soon as the link is up.
    pub fn open(&mut self, now: Instant) {
        if !self.finished {
            self.lcp.open(now);
            self.settle(now);
        }
    }

    /// The link can carry frames. Our Configure-Request is there to be polled at once.
    pub fn lower_up(&mut self, now: Instant) {
        if !self.finished {
            self.lcp.lower_up(now);
            self.settle(now);
        }
    }

    /// The link is lost: everything is down at once, and nothing is sent.
    ///
    /// Ends it for good when it was ending; otherwise the link may come again.
    pub fn lower_down(&mut self, now: Instant) {
        if self.finished {
            return;
        }
        self.lcp.lower_down(now);
        self.settle(now);
        self.wipe_frames();
        if self.ending {
            self.finish();
        }
    }

    /// Ends the link in order: layers down, a Terminate-Request, and [`PppEvent::Finished`] when it
    /// was acknowledged, or after `closing_restart` times two. A second call changes nothing.
    pub fn close(&mut self, now: Instant, why: CloseReason) {
        if self.finished {
            return;
        }
        self.ending = true;
        let was_opened = self.lcp.is_opened();
        self.was_member = self.authenticated && self.multilink().is_some();
        self.close_lcp(now, why);
        if was_opened && !self.terms.linger {
            // A peer that follows the automaton lingers in Stopping for a restart period (3 s in
            // pppd) to acknowledge repeats of our request. There are none on a carrier that loses
            // nothing, and an acknowledgement of ours lets it finish at once: RTA in Stopping is
            // tlf (RFC 1661 §4.1). On one that loses, ours follows the peer's: whoever has that
            // does not repeat either.
            self.let_peer_finish();
        } else {
            self.lets_peer_finish = was_opened;
        }
    }

    /// An acknowledgement that was not asked for: the peer need not linger (see [`close`](Self::close)).
    fn let_peer_finish(&mut self) {
        let identifier = self.lcp.fresh_identifier();
        self.lcp.send(ControlPacket { code: code::TERMINATE_ACK, identifier, data: &[] });
    }

    /// Forgets everything at once: nothing is sent, nothing is told, no timer runs.
    pub fn abandon(&mut self) {
        self.network = None;
        self.proof = None;
        self.callback = None;
        self.authenticated = false;
        self.early = [None, None, None];
        self.keepalive.stop();
        self.wipe_frames();
        self.events.clear();
        self.ending = true;
        self.finished = true;
    }

    /// The proofs are in and the owner knows what the network shall be: all NCPs start at once.
    ///
    /// Counts after [`PppEvent::Authenticated`]; at other times, and a second time, it is ignored.
    pub fn project(&mut self, now: Instant, terms: NetworkTerms) {
        if self.finished || !self.authenticated || self.network.is_some() || self.ending {
            return;
        }
        let mru = self.lcp.terms().sendable();
        let chance = self.seed.derive("ipv6cp").chance();
        let paces = (pace(&self.terms, false), pace(&self.terms, !self.must_encrypt()));
        let ccp = CcpTerms::new(self.terms.encryption, self.keys.is_some());
        let network = Network::begin(now, terms, mru, chance, paces, ccp);
        self.network = Some(network);
        self.check_ladder(now);
        self.settle(now);
        for (slot, protocol) in EARLY.into_iter().enumerate() {
            if let Some(kept) = self.early.get_mut(slot).and_then(Option::take) {
                self.receive_network_control(now, protocol, &kept);
            }
        }
    }

    /// How often proofs have begun: an answer to a question of an earlier round is void, and must not
    /// be given to [`answer_auth`](Self::answer_auth).
    pub const fn proof_round(&self) -> u32 {
        self.proofs_begun
    }

    /// The answer to [`PppEvent::VerifyPeer`].
    pub fn answer_auth(&mut self, now: Instant, verdict: auth::Verdict) {
        if let Some(proof) = &mut self.proof {
            proof.answer(now, verdict);
            self.settle(now);
        }
    }

    /// A received frame, from its Protocol field on.
    ///
    /// Returns the IP packet inside when it is one that may pass now. What is malformed, or has no
    /// business in the present phase, is counted and dropped.
    pub fn handle_frame<'f>(&mut self, now: Instant, frame: &'f mut [u8]) -> Option<Packet<'f>> {
        if self.finished || matches!(self.lcp.state(), State::Initial | State::Starting) {
            self.drop_frame();
            return None;
        }
        self.heard_anything = true;
        let Ok((protocol, length)) = parse_protocol(frame) else {
            self.malformed(now);
            return None;
        };
        self.keepalive.handle_input(now);
        let information = frame.get_mut(length..).unwrap_or_default();
        match protocol {
            protocol::COMPRESSED => self.receive_encrypted(now, information),
            protocol::IPV4 => self.receive_clear(now, IpVersion::V4, information),
            protocol::IPV6 => self.receive_clear(now, IpVersion::V6, information),
            _ => {
                trace('◀', protocol, information);
                self.receive_control(now, protocol, information);
                None
            }
        }
    }

    /// An IP packet of ours: calls `send(protocol, information)` once if it may pass, which is when
    /// its version's NCP is open and the peer can receive its size. Returns whether it did.
    pub fn send_packet(
        &mut self,
        _now: Instant,
        packet: &[u8],
        send: &mut dyn FnMut(u16, &[u8]),
    ) -> bool {
        let (four_up, six_up) = self.network.as_ref().map_or((false, false), Network::ups);
        let protocol = match packet.first().map(|first| first >> 4) {
            Some(4) if four_up => protocol::IPV4,
            Some(6) if six_up => protocol::IPV6,
            _ => return false,
        };
        if packet.len() > usize::from(self.packet_room()) {
            return false;
        }
        let must_encrypt = self.must_encrypt();
        match self.network.as_mut().and_then(|network| network.mppe.as_mut()) {
            Some(mppe) => {
                self.sealed.clear();
                self.sealed.extend_from_slice(&[0, 0]);
                self.sealed.extend_from_slice(&protocol.to_be_bytes());
                self.sealed.extend_from_slice(packet);
                mppe.seal(&mut self.sealed);
                send(protocol::COMPRESSED, &self.sealed);
            }
            None if must_encrypt => return false,
            None => send(protocol, packet),
        }
        self.counters.packets_out = self.counters.packets_out.saturating_add(1);
        self.counters.octets_out = self.counters.octets_out.saturating_add(packet.len() as u64);
        true
    }

    /// The next control frame to send: puts its information into `into`, which is cleared first, and
    /// returns its protocol.
    pub fn poll_frame(&mut self, into: &mut Vec<u8>) -> Option<u16> {
        let (protocol, mut information) = self.frames.pop_front()?;
        into.clear();
        into.extend_from_slice(&information);
        if is_authentication(protocol) {
            information.zeroize(); // PAP's holds the password
        }
        trace('▶', protocol, into);
        Some(protocol)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<PppEvent> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        if self.finished {
            return None;
        }
        let proof = self.proof.as_ref().and_then(Proof::poll_timeout);
        let network = self.network.as_ref().and_then(Network::poll_timeout);
        let callback = self.callback.as_ref().and_then(Callback::poll_timeout);
        [self.lcp.poll_timeout(), self.keepalive.poll_timeout(), proof, callback, network]
            .into_iter()
            .fold(None, Deadline::earliest)
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come. Early calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.finished {
            return;
        }
        self.lcp.handle_timeout(now);
        if let Some(proof) = &mut self.proof {
            proof.handle_timeout(now);
        }
        if let Some(callback) = &mut self.callback {
            callback.handle_timeout(now);
        }
        if let Some(network) = &mut self.network {
            network.handle_timeout(now);
        }
        self.settle(now);
        self.check_callback(now);
        self.check_ladder(now);
        match self.keepalive.handle_timeout(now) {
            Some(Life::Ask) => self.send_echo_request(),
            Some(Life::Silent { misses }) => self.peer_is_silent(now, misses),
            None => {}
        }
        self.settle(now);
    }

    /// Asks the peer for a sign of life now, and gives it one second (on a slow line three times as
    /// long as it took for its Configure-Ack, at most ten). For an owner with reason to doubt, as after
    /// a sleep of the machine. Does nothing unless LCP is open.
    pub fn probe(&mut self, now: Instant) {
        if !self.finished && !self.bundled && self.lcp.is_opened() {
            self.send_echo_request();
            self.keepalive.probe(now);
            self.settle(now);
        }
    }

    /// The phase (RFC 1661 §3.2).
    pub const fn phase(&self) -> Phase {
        if self.finished {
            return Phase::Dead;
        }
        match self.lcp.state() {
            State::Initial | State::Starting | State::Closed | State::Stopped => Phase::Dead,
            State::ReqSent | State::AckRcvd | State::AckSent => Phase::Establish,
            State::Opened if self.authenticated => Phase::Network,
            State::Opened if self.callback.is_some() => Phase::Callback,
            State::Opened => Phase::Authenticate,
            State::Closing | State::Stopping => Phase::Terminate,
        }
    }

    /// What has passed, and what was dropped.
    pub const fn stats(&self) -> Counters {
        self.counters
    }

    const fn drop_frame(&mut self) {
        self.counters.dropped = self.counters.dropped.saturating_add(1);
    }

    fn queue_frame(&mut self, protocol: u16, information: Vec<u8>) {
        if self.frames.len() < MAX_FRAMES {
            self.frames.push_back((protocol, information));
        }
    }

    fn tell(&mut self, event: PppEvent) {
        if self.events.len() < MAX_EVENTS {
            self.events.push_back(event);
        }
    }

    fn wipe_frames(&mut self) {
        for (_, information) in &mut self.frames {
            information.zeroize();
        }
        self.frames.clear();
    }
}

/// The NCPs whose frames may come before we are ready for them.
const EARLY: [u16; 3] = [protocol::CCP, protocol::IPCP, protocol::IPV6CP];

const fn is_authentication(protocol: u16) -> bool {
    matches!(protocol, protocol::PAP | protocol::CHAP | protocol::EAP)
}

const fn pace(terms: &PppTerms, passive: bool) -> Pace {
    Pace {
        restart: terms.restart,
        closing_restart: terms.closing_restart,
        linger: terms.linger,
        repeats_early: false,
        passive,
    }
}

#[cfg(test)]
mod tests;
