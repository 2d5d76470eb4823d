//! An answering end that misbehaves on purpose: a layer between PPP and its link.
//!
//! What a caller must survive is best tried by a peer that does it. [`Impairment`] names one misdeed
//! each; a plan that has one ([`Plan::impaired`](crate::Plan::impaired)) gets its link wrapped, and the
//! rest of the answering end, which knows nothing of it, plays on as well as it can. Meant for tests and
//! for `onhook demo --impair`; a server that others call has none.
//!
//! A misdeed is done to frames as they go out, to the stream's bytes behind them, or to what the link is
//! told of its surroundings. Nothing here draws chance: the same call gets the same misdeed.

use std::fmt;

use onhook_base::{Deadline, Instant};
use onhook_link::{
    Farewell, FrameTerms, Lane, LaneFacts, Link, LinkEvent, LinkFacts, SessionKeys, Signal,
};
use onhook_ppp::wire::protocol;

/// One misdeed of an answering end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Impairment {
    /// The third PPP control frame is lost.
    DropThird,
    /// Every PPP control frame goes out twice.
    AnswerTwice,
    /// The answers of LCP and of the proof bear another identifier than the request.
    WrongIdentifier,
    /// Success is said before the proof was seen, and instead of the verdict without a proof of our own
    /// (CVE-2021-45079, CVE-2015-8023).
    EarlySuccess,
    /// After the third PPP control frame nothing is said any more, and the lane stays open.
    Silence,
    /// Behind the farewell comes garbage.
    GarbageAfterEnd,
    /// Every challenge comes twice, once more under another identifier.
    DuplicateChallenge,
    /// The certificate that the crypto binding is held against is another one, as with a man in the
    /// middle.
    WrongCertificate,
    /// The halves of the key for the crypto binding are swapped.
    SwappedKeys,
    /// LCP negotiates anew when packets pass.
    Renegotiate,
    /// The stream ends in the midst of a frame.
    CutMidFrame,
    /// Every Configure-Ack of LCP becomes a Configure-Nak.
    EndlessNak,
    /// Every Configure-Ack of LCP becomes a Configure-Reject.
    RejectAll,
    /// Network protocols are negotiated before the proof.
    WrongPhase,
    /// EAP is asked for though it was not agreed (CVE-2020-8597).
    UnaskedEap,
    /// In the midst of the stream comes garbage.
    GarbageInStream,
    /// The request to begin is answered with a page.
    HttpPage,
}

impl Impairment {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 17] = [
        Self::DropThird,
        Self::AnswerTwice,
        Self::WrongIdentifier,
        Self::EarlySuccess,
        Self::Silence,
        Self::GarbageAfterEnd,
        Self::DuplicateChallenge,
        Self::WrongCertificate,
        Self::SwappedKeys,
        Self::Renegotiate,
        Self::CutMidFrame,
        Self::EndlessNak,
        Self::RejectAll,
        Self::WrongPhase,
        Self::UnaskedEap,
        Self::GarbageInStream,
        Self::HttpPage,
    ];

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DropThird => "drop-third",
            Self::AnswerTwice => "answer-twice",
            Self::WrongIdentifier => "wrong-identifier",
            Self::EarlySuccess => "early-success",
            Self::Silence => "silence",
            Self::GarbageAfterEnd => "garbage-after-end",
            Self::DuplicateChallenge => "duplicate-challenge",
            Self::WrongCertificate => "wrong-certificate",
            Self::SwappedKeys => "swapped-keys",
            Self::Renegotiate => "renegotiate",
            Self::CutMidFrame => "cut-mid-frame",
            Self::EndlessNak => "endless-nak",
            Self::RejectAll => "reject-all",
            Self::WrongPhase => "wrong-phase",
            Self::UnaskedEap => "unasked-eap",
            Self::GarbageInStream => "garbage-in-stream",
            Self::HttpPage => "http-page",
        }
    }

    /// What it does, in a few words.
    pub const fn description(self) -> &'static str {
        match self {
            Self::DropThird => "loses its third PPP message",
            Self::AnswerTwice => "says every PPP message twice",
            Self::WrongIdentifier => "answers with wrong identifiers",
            Self::EarlySuccess => "says Success before, and without, the proof",
            Self::Silence => "falls silent after its third PPP message",
            Self::GarbageAfterEnd => "sends garbage behind its farewell",
            Self::DuplicateChallenge => "sends every challenge twice",
            Self::WrongCertificate => "binds the call to another certificate",
            Self::SwappedKeys => "binds the call with swapped key halves",
            Self::Renegotiate => "negotiates anew when packets pass",
            Self::CutMidFrame => "ends the stream in the midst of a frame",
            Self::EndlessNak => "agrees to nothing, and always proposes the same",
            Self::RejectAll => "rejects every option, whatever is left of them",
            Self::WrongPhase => "negotiates addresses before the proof",
            Self::UnaskedEap => "asks for EAP, which was not agreed",
            Self::GarbageInStream => "sends garbage in the midst of the stream",
            Self::HttpPage => "answers with a web page",
        }
    }

    /// The impairment of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Impairment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// After as many PPP control frames something goes wrong.
const THIRD: u32 = 3;
/// Octets that are no SSTP packet and no HTTP: version 0xDE.
const GARBAGE: [u8; 64] = [0xDE; 64];
/// A page instead of a tunnel.
const PAGE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<html></html>\n";
/// Codes of control packets (RFC 1661 §5).
const CONFIGURE_ACK: u8 = 2;
const CONFIGURE_NAK: u8 = 3;
const CONFIGURE_REJECT: u8 = 4;
/// Codes of CHAP (RFC 1994 §4).
const CHALLENGE: u8 = 1;
const SUCCESS: u8 = 3;
/// Configure-Request of LCP with a magic number, of IPCP with an address; a request for an identity by
/// EAP (RFC 3748 §5.1).
const LCP_REQUEST: [u8; 10] = [1, 0x77, 0, 10, 5, 6, 0x0b, 0xad, 0xca, 0x11];
const IPCP_REQUEST: [u8; 10] = [1, 0x77, 0, 10, 3, 6, 10, 99, 0, 1];
const EAP_IDENTITY: [u8; 5] = [1, 0x77, 0, 5, 1];

/// A link whose answering end has an [`Impairment`].
pub(crate) struct Impaired {
    link: Box<dyn Link + Send + Sync>,
    kind: Impairment,
    /// PPP control frames that were given to us.
    frames: u32,
    /// What is to be done once has been done.
    done: bool,
    /// Nothing goes out any more.
    mute: bool,
    /// A packet of the caller has passed.
    packet_seen: bool,
    /// The farewell has begun.
    ending: bool,
    /// What still goes out after the link was told that its lane is gone.
    last: Vec<u8>,
}

impl Impaired {
    pub(crate) fn new(link: Box<dyn Link + Send + Sync>, kind: Impairment) -> Self {
        Self {
            link,
            kind,
            frames: 0,
            done: false,
            mute: false,
            packet_seen: false,
            ending: false,
            last: Vec::new(),
        }
    }

    /// Whether this is the first time that it is asked.
    fn once(&mut self) -> bool {
        !std::mem::replace(&mut self.done, true)
    }

    /// Sends a control frame as the misdeed wants it.
    fn misuse(&mut self, now: Instant, number: u16, packet: &[u8]) {
        let code = packet.first().copied().unwrap_or(0);
        let is_chap = number == protocol::CHAP;
        let changed = |at: usize, change: fn(u8) -> u8| {
            let mut packet = packet.to_vec();
            if let Some(octet) = packet.get_mut(at) {
                *octet = change(*octet);
            }
            packet
        };
        match self.kind {
            Impairment::DropThird if self.frames == THIRD => return,
            Impairment::Silence if self.frames > THIRD => {
                self.mute = true;
                return;
            }
            Impairment::AnswerTwice => self.link.send_frame(now, number, packet),
            Impairment::WrongIdentifier if is_answer(number, code) => {
                let packet = changed(1, |id| id.wrapping_add(100));
                return self.link.send_frame(now, number, &packet);
            }
            Impairment::EarlySuccess if is_chap => {
                let id = packet.get(1).copied().unwrap_or(0);
                self.link.send_frame(now, number, &[SUCCESS, id, 0, 4]);
                if code != CHALLENGE {
                    return;
                }
            }
            Impairment::DuplicateChallenge if is_chap && code == CHALLENGE => {
                self.link.send_frame(now, number, packet);
                let another = changed(1, |id| id.wrapping_add(1));
                self.link.send_frame(now, number, &another);
            }
            Impairment::EndlessNak if number == protocol::LCP && code == CONFIGURE_ACK => {
                let packet = changed(0, |_| CONFIGURE_NAK);
                return self.link.send_frame(now, number, &packet);
            }
            Impairment::RejectAll if number == protocol::LCP && code == CONFIGURE_ACK => {
                let packet = changed(0, |_| CONFIGURE_REJECT);
                return self.link.send_frame(now, number, &packet);
            }
            Impairment::WrongPhase if number == protocol::LCP || (is_chap && code == CHALLENGE) => {
                self.link.send_frame(now, protocol::IPCP, &IPCP_REQUEST);
            }
            Impairment::UnaskedEap if self.frames > 1 => {
                self.link.send_frame(now, protocol::EAP, &EAP_IDENTITY);
            }
            Impairment::CutMidFrame if self.frames == THIRD => {
                self.link.send_frame(now, number, packet);
                let mut last = Vec::new();
                self.link.poll_transmit(&mut last);
                last.truncate(last.len().saturating_sub(3));
                return self.end_with(now, last);
            }
            _ => {}
        }
        self.link.send_frame(now, number, packet);
    }

    /// Bends what goes out.
    fn bend(&mut self, bytes: &mut Vec<u8>) {
        let is_due = match self.kind {
            Impairment::GarbageAfterEnd => self.ending,
            Impairment::GarbageInStream => self.frames >= THIRD && self.once(),
            _ => false,
        };
        if is_due {
            bytes.extend_from_slice(&GARBAGE);
        }
    }

    /// The lane is closed behind these octets, for the link as for the caller.
    fn end_with(&mut self, now: Instant, last: Vec<u8>) {
        self.link.handle_lane_closed(now, Lane::Control);
        self.last = last;
    }
}

/// Whether a control packet answers one of the caller: LCP's Configure-Ack, -Nak and -Reject, and the
/// verdict of PAP or CHAP.
fn is_answer(number: u16, code: u8) -> bool {
    match number {
        protocol::LCP => (CONFIGURE_ACK..=CONFIGURE_REJECT).contains(&code),
        protocol::PAP => matches!(code, 2 | 3),
        protocol::CHAP => matches!(code, 3 | 4),
        _ => false,
    }
}

impl Link for Impaired {
    fn open(&mut self, now: Instant, facts: &LaneFacts) {
        let mut facts = facts.clone();
        if let (Impairment::WrongCertificate, Some(seen)) =
            (self.kind, &mut facts.server_certificate)
        {
            seen.sha1.reverse();
            seen.sha256.reverse();
            seen.sha1[0] ^= 1;
            seen.sha256[0] ^= 1;
        }
        self.link.open(now, &facts);
    }

    fn close(&mut self, now: Instant, farewell: Farewell) {
        self.ending = true;
        self.link.close(now, farewell);
    }

    fn adopt(&mut self, terms: FrameTerms) {
        self.link.adopt(terms);
    }

    fn authenticated(&mut self, now: Instant, keys: Option<&SessionKeys>) {
        let swapped = keys.filter(|_| self.kind == Impairment::SwappedKeys).map(|keys| {
            let SessionKeys { send, receive } = keys.clone();
            SessionKeys { send: receive, receive: send }
        });
        self.link.authenticated(now, swapped.as_ref().or(keys));
    }

    fn handle_lane(&mut self, now: Instant, lane: Lane, bytes: &[u8]) {
        if self.kind == Impairment::HttpPage && self.once() {
            return self.end_with(now, PAGE.to_vec());
        }
        self.link.handle_lane(now, lane, bytes);
    }

    fn handle_lane_closed(&mut self, now: Instant, lane: Lane) {
        self.link.handle_lane_closed(now, lane);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.link.handle_timeout(now);
    }

    fn send_frame(&mut self, now: Instant, number: u16, information: &[u8]) {
        if number < LOWEST_CONTROL {
            return self.link.send_frame(now, number, information);
        }
        self.frames = self.frames.saturating_add(1);
        self.misuse(now, number, information);
    }

    fn poll_frame(&mut self, now: Instant) -> Option<&mut [u8]> {
        if self.kind == Impairment::Renegotiate && self.packet_seen && self.once() {
            self.link.send_frame(now, protocol::LCP, &LCP_REQUEST);
        }
        let frame = self.link.poll_frame(now)?;
        self.packet_seen |= matches!(frame, [0, 0x21 | 0x57, ..] | [0x21 | 0x57, ..]);
        Some(frame)
    }

    fn safe_mtu(&self) -> Option<u16> {
        self.link.safe_mtu()
    }

    fn keep_to_safe_mtu(&mut self) {
        self.link.keep_to_safe_mtu();
    }

    fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<Lane> {
        if !self.last.is_empty() {
            *into = std::mem::take(&mut self.last);
            return Some(Lane::Control);
        }
        let lane = self.link.poll_transmit(into)?;
        if self.mute {
            into.clear();
            return None;
        }
        self.bend(into);
        Some(lane)
    }

    fn poll_signal(&mut self) -> Option<Signal> {
        self.link.poll_signal()
    }

    fn connected_as(&self) -> Option<&str> {
        self.link.connected_as()
    }

    fn expect_callback(&mut self) -> bool {
        self.link.expect_callback()
    }

    fn await_callback(&mut self, now: Instant) {
        self.link.await_callback(now);
    }

    fn queued_bytes(&self) -> usize {
        self.link.queued_bytes().saturating_add(self.last.len())
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        let event = self.link.poll_event();
        self.ending |= matches!(event, Some(LinkEvent::Down(_)));
        event
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        self.link.poll_timeout()
    }

    fn facts(&self) -> LinkFacts {
        self.link.facts()
    }
}

/// Protocols from here on are PPP's control protocols (RFC 1661 §2).
const LOWEST_CONTROL: u16 = 0x8000;
