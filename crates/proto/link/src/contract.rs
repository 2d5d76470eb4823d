//! The one contract of all links.
//!
//! A link is opened when its lanes are, says [`LinkEvent::Up`] when frames can pass, carries frames
//! both ways, and is closed with a farewell. A **frame** begins at the PPP Protocol field: address and
//! control octets, flags, checks and tunnel headers belong to the link, which adds them on the way out
//! and strips them on the way in.
//!
//! ```text
//!    open ──▶ (its handshake) ──▶ Up ──▶ frames ──▶ close ──▶ (its farewell) ──▶ Closed
//!      └──────────── Down(why) at any moment: nothing more will pass ────────────┘
//! ```

use onhook_base::{Deadline, Instant, Secret};

use crate::l2tp::L2tpFailure;
use crate::modem::ModemFailure;
use crate::pppoe::PppoeFailure;
use crate::pptp::PptpFailure;
use crate::sstp::SstpFailure;
use crate::telnet::TelnetFailure;

/// Which of its lanes a link speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Carries the link's own control messages, and the frames too where a link has one lane.
    Control,
    /// Carries frames only (PPTP's GRE).
    Data,
}

/// SHA-1 and SHA-256 of a certificate's DER form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateHashes {
    /// SHA-1, for peers that offer nothing better ([MS-SSTP] §2.2.7).
    pub sha1: [u8; 20],
    /// SHA-256.
    pub sha256: [u8; 32],
}

/// What a link may know of a lane when it is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneFacts {
    /// The *server's* certificate as seen in this lane's TLS session: the peer's on the calling side,
    /// our own on the answering side. `None` when the lane is not TLS.
    pub server_certificate: Option<CertificateHashes>,
    /// Our end of the wire; `None` when the lane is no Ethernet.
    pub ethernet: Option<EthernetFacts>,
}

/// Our end of an Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EthernetFacts {
    /// Our address.
    pub address: [u8; 6],
    /// The most octets that a frame carries behind its header.
    pub mtu: u32,
}

/// What LCP agreed that changes how a link frames (RFC 1661 §6, RFC 1662 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameTerms {
    /// We may send the Protocol field in one octet where it fits.
    pub protocol_compression: bool,
    /// We may leave out the address and control octets.
    pub address_compression: bool,
    /// The control characters that we must escape on asynchronous lines.
    pub escape_map: u32,
    /// The most octets of information that the peer takes in one frame.
    pub peer_mru: u16,
}

/// What PPP's authentication gave that a link may bind itself to (RFC 3079, [MS-SSTP] §3.2.5.2.2).
///
/// `send` and `receive` are the *caller's* Master Send Key and Master Receive Key, whichever end one
/// is: 16 octets each from MS-CHAP version 2, 32 from EAP-TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionKeys {
    /// The caller's Master Send Key, which is the answerer's Master Receive Key.
    pub send: Secret<Vec<u8>>,
    /// The caller's Master Receive Key, which is the answerer's Master Send Key.
    pub receive: Secret<Vec<u8>>,
}

/// How a link should say goodbye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// An ordinary end: tell the peer, wait for its word.
    Ordinary,
    /// Something failed: tell the peer that the call is aborted.
    Aborted,
}

/// What a link tells its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// The handshake is done; frames can pass.
    Up,
    /// The link has failed or the peer has ended it. Nothing more passes; the owner still calls
    /// [`Link::close`], so that a farewell that is owed can be said, and waits for `Closed`.
    Down(LinkFailure),
    /// The call is over, the device is ready for the next one, which is to come to us: after
    /// [`Link::await_callback`]. `Up` follows when it has come.
    AwaitsCall,
    /// The farewell is over: the lanes may be closed.
    Closed,
}

/// Why a link went down, in the words of its own specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkFailure {
    /// The lane was closed under us.
    #[error("the carrier was closed by the other side")]
    LaneClosed,
    /// L2TP's own reasons.
    #[error(transparent)]
    L2tp(#[from] L2tpFailure),
    /// A modem's own reasons.
    #[error(transparent)]
    Modem(#[from] ModemFailure),
    /// PPPoE's own reasons.
    #[error(transparent)]
    Pppoe(#[from] PppoeFailure),
    /// PPTP's own reasons.
    #[error(transparent)]
    Pptp(#[from] PptpFailure),
    /// SSTP's own reasons.
    #[error(transparent)]
    Sstp(#[from] SstpFailure),
    /// A terminal server's own reasons.
    #[error(transparent)]
    Telnet(#[from] TelnetFailure),
}

/// How a link frames, as far as LCP must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Octets on a line: ACCM, PFC and ACFC spare some of them (RFC 1662 §7).
    Asynchronous,
    /// Whole frames; what is agreed about framing does no harm.
    Synchronous,
    /// Whole frames of a form of their own: ACCM, PFC and ACFC must be rejected (RFC 2516 §7).
    Fixed,
}

/// What is to be done to a lane beside its octets: to the wires of a serial one, or to where datagrams go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Data Terminal Ready goes low: a modem hangs up.
    DropDtr,
    /// Data Terminal Ready goes high again.
    RaiseDtr,
    /// From now on a lost carrier ends the lane, where there is one.
    WatchCarrier,
    /// The last datagram was the peer's, wherever it came from: what is sent from now on goes there, and
    /// what [`Link::poll_transmit`] has just given too.
    FollowSender,
    /// From now on it does not: the call is about to end, and the lane goes on.
    IgnoreCarrier,
}

/// What others need to know of a link that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkFacts {
    /// The largest IP packet that should be sent through it, in octets.
    pub mtu: u16,
    /// The Maximum-Receive-Unit that LCP should ask for; `None` asks for nothing (1500).
    pub mru_to_ask: Option<u16>,
    /// The link itself encrypts.
    pub encrypted: bool,
    /// Frames can be lost or come out of order.
    pub lossy: bool,
    /// How it frames.
    pub framing: Framing,
    /// The peer can end it by a word of its own, or by closing the lane; a line's peer cannot.
    pub ends_by_word: bool,
}

/// A carrier of PPP frames: what every room of this crate implements, for both ends.
///
/// After every input or command the owner drains [`poll_frame`](Self::poll_frame),
/// [`poll_transmit`](Self::poll_transmit) and [`poll_event`](Self::poll_event) until all say `None`
/// (or `false`), then asks [`poll_timeout`](Self::poll_timeout).
pub trait Link {
    /// The lanes are open: begin the handshake (caller) or wait for it (answerer).
    fn open(&mut self, now: Instant, facts: &LaneFacts);

    /// Say goodbye. `Closed` follows, at once when there is nobody to say it to; a second call changes
    /// nothing, except that [`Farewell::Aborted`] may shorten what [`Farewell::Ordinary`] began.
    fn close(&mut self, now: Instant, farewell: Farewell);

    /// What LCP has agreed; counts from the next frame on. LCP frames are never compressed.
    fn adopt(&mut self, terms: FrameTerms);

    /// PPP has authenticated both directions that were demanded. `keys` are there if the method made
    /// any. A link that does not bind itself to authentication ignores this.
    fn authenticated(&mut self, now: Instant, keys: Option<&SessionKeys>);

    /// Bytes arrived: a piece of a stream, or one whole datagram.
    fn handle_lane(&mut self, now: Instant, lane: Lane, bytes: &[u8]);

    /// The lane has ended: the stream's end, a socket error, a lost carrier.
    fn handle_lane_closed(&mut self, now: Instant, lane: Lane);

    /// The time of [`poll_timeout`](Self::poll_timeout) has come. Early calls are harmless.
    fn handle_timeout(&mut self, now: Instant);

    /// Sends one frame: `protocol`, then `information`. Dropped when the link is not up, and when
    /// the whole would be longer than the link can carry.
    fn send_frame(&mut self, now: Instant, protocol: u16, information: &[u8]);

    /// The next frame received, from its Protocol field on; valid until the next call.
    fn poll_frame(&mut self, now: Instant) -> Option<&mut [u8]>;

    /// Puts what is to be sent next into `into`, which the link clears first, and says on which lane.
    ///
    /// On a stream lane it is everything that is queued, and buffers are swapped rather than copied;
    /// on a datagram lane it is one datagram.
    fn poll_transmit(&mut self, into: &mut Vec<u8>) -> Option<Lane>;

    /// The next thing to be done to the lane, after what [`poll_transmit`](Self::poll_transmit) has
    /// given.
    fn poll_signal(&mut self) -> Option<Signal> {
        None
    }

    /// What the device says of the call: a modem's speed.
    fn connected_as(&self) -> Option<&str> {
        None
    }

    /// The other end is going to end this call and to call us back over the same lane: from now on a
    /// lost carrier is no failure. False for links that nobody can call.
    fn expect_callback(&mut self) -> bool {
        false
    }

    /// After [`expect_callback`](Self::expect_callback), when PPP has ended: hangs up, readies the
    /// device, says [`LinkEvent::AwaitsCall`], takes the call, and says [`LinkEvent::Up`] again.
    fn await_callback(&mut self, _now: Instant) {}

    /// What surely passes, in octets of an IP packet, where [`LinkFacts::mtu`] is agreed and was not tried
    /// (RFC 4638 §4).
    fn safe_mtu(&self) -> Option<u16> {
        None
    }

    /// From now on [`LinkFacts::mtu`] is what surely passes, and what the peer is asked to keep to.
    fn keep_to_safe_mtu(&mut self) {}

    /// Octets queued and not yet taken by [`poll_transmit`](Self::poll_transmit).
    fn queued_bytes(&self) -> usize;

    /// The next event.
    fn poll_event(&mut self) -> Option<LinkEvent>;

    /// When to call [`handle_timeout`](Self::handle_timeout).
    fn poll_timeout(&self) -> Option<Deadline>;

    /// What others need to know of it.
    fn facts(&self) -> LinkFacts;
}
