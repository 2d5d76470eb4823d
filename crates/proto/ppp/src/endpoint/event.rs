//! What an owner is told, and what it says.

use std::net::Ipv4Addr;

use super::Ppp;
use crate::auth::{self, Method};
use crate::cbcp::CallbackAgreement;
use crate::failure::PppFailure;
use crate::multilink::{BundleTerms, Discriminator};
use crate::person::Wanted;
use crate::wire::protocol;

/// Which version of IP a packet is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IpVersion {
    /// Version 4.
    V4,
    /// Version 6.
    V6,
}

impl IpVersion {
    /// Its protocol number in PPP.
    pub const fn protocol(self) -> u16 {
        match self {
            Self::V4 => protocol::IPV4,
            Self::V6 => protocol::IPV6,
        }
    }
}

/// An IP packet that came in a frame and may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'f> {
    /// Its version, by protocol number and first octet alike.
    pub version: IpVersion,
    /// The packet, and padding behind it if the peer put any there.
    pub bytes: &'f [u8],
}

/// What LCP has agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LcpFacts {
    /// The most octets of information that we may send in one frame.
    pub peer_mru: u16,
    /// We may send the Protocol field in one octet.
    pub protocol_compression: bool,
    /// We may leave out address and control octets.
    pub address_compression: bool,
    /// What must be escaped when sending to the peer on asynchronous lines.
    pub escape_map: u32,
    /// How we shall prove ourselves; `None`: the peer demands nothing.
    pub our_method: Option<Method>,
    /// How the peer shall prove itself; `None`: we demand nothing.
    pub peer_method: Option<Method>,
    /// The peer's magic number; zero if it has none.
    pub peer_magic: u32,
    /// Both ends want this link to be one of several; `None`: it stands alone.
    pub multilink: Option<MultilinkFacts>,
}

/// What LCP has agreed about being one of several links (RFC 1990 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultilinkFacts {
    /// What holds for the bundle; all of its links must have agreed to the same.
    pub bundle: BundleTerms,
    /// From which machine the peer says that it is; `None`: it does not say.
    pub peer: Option<Discriminator>,
}

/// What an owner is told.
#[derive(Clone, Debug)]
pub enum PppEvent {
    /// LCP is open, for the first time or again.
    LcpUp(LcpFacts),
    /// A step of authentication, for reports.
    AuthProgress(auth::Progress),
    /// The peer offers a proof: decide, then call [`Ppp::answer_auth`](crate::Ppp::answer_auth).
    VerifyPeer(auth::Question),
    /// The peer refused us and would hear more, of which only a person knows: call
    /// [`Ppp::give`](crate::Ppp::give), or close. Comes only with
    /// [`PppTerms::asks_person`](crate::PppTerms::asks_person); nothing is sent meanwhile.
    PersonWanted(Wanted),
    /// The peer was refused and may try again, for as long as a person takes: three minutes.
    PeerMayTryAgain,
    /// (Answerer) the caller may name a number to be called back at, for which a person may be asked: that takes
    /// three minutes at most.
    PeerIsChoosing,
    /// All demanded proofs are in, also when none was demanded: call
    /// [`Ppp::project`](crate::Ppp::project). Comes again when the peer negotiates LCP anew.
    Authenticated {
        /// Master keys, if the method makes any.
        keys: Option<auth::Keys>,
        /// The name by which the peer went.
        peer_name: Option<String>,
    },
    /// (Caller) the peer lets us choose a number to be called back at. Where the wish was to be asked
    /// ([`CallbackWish::Ask`](crate::cbcp::CallbackWish::Ask)), nothing goes on before
    /// [`Ppp::choose_callback`](crate::Ppp::choose_callback).
    MayChooseCallback,
    /// The caller will be called back: the network follows in that call, and not in this. The caller's
    /// owner is to [`close`](crate::Ppp::close); an answerer waits for that, ten seconds at most.
    CallbackAgreed(CallbackAgreement),
    /// IPv4 packets may pass.
    Ipv4Up {
        /// Our address.
        local: Ipv4Addr,
        /// The peer's, if it told one.
        peer: Option<Ipv4Addr>,
        /// Name servers that the peer told, at most two.
        dns: Vec<Ipv4Addr>,
    },
    /// IPv4 packets no longer pass.
    Ipv4Down,
    /// IPv6 packets may pass.
    Ipv6Up {
        /// Our interface identifier.
        local: [u8; 8],
        /// The peer's.
        peer: [u8; 8],
    },
    /// IPv6 packets no longer pass.
    Ipv6Down,
    /// Every NCP asked for has opened or failed, and one at least is open; or IPv4 is open, and IPv6
    /// has not followed for three seconds (it may still come). Once for each projection.
    NetworkSettled,
    /// The peer sent a Terminate-Request, and the Ack is there to be polled. `Finished` follows after
    /// one `closing_restart` at most, or two if it came before LCP was open.
    PeerClosing,
    /// LCP has finished: nothing more will happen, and the link may be closed.
    Finished {
        /// The first failure; `None` after our own close.
        failure: Option<PppFailure>,
    },
}

/// Why an owner closes; what the peer is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// An ordinary hang-up.
    HungUp,
    /// The call ends so that the peer, or we, can call back.
    Callback,
    /// Something failed. The number means something to the owner and to Windows peers.
    Failure(u32),
}

impl CloseReason {
    pub(super) const fn code(self) -> u32 {
        match self {
            Self::HungUp | Self::Callback => 0,
            Self::Failure(code) => code,
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            Self::HungUp => String::from("hung up"),
            Self::Callback => String::from("call me back"),
            Self::Failure(0) => String::from("failed"),
            Self::Failure(code) => format!("failed with error {code}"),
        }
    }
}

/// What has passed, and what was dropped, since birth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// IP packets received that might pass.
    pub packets_in: u64,
    /// Their octets.
    pub octets_in: u64,
    /// IP packets sent.
    pub packets_out: u64,
    /// Their octets.
    pub octets_out: u64,
    /// Frames that made no sense.
    pub malformed: u64,
    /// Frames that had no business in their phase.
    pub dropped: u64,
}

impl std::fmt::Debug for Ppp {
    /// Without the frames that wait, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ppp")
            .field("phase", &self.phase())
            .field("lcp", &self.lcp.state())
            .field("failure", &self.failure)
            .field("frames", &self.frames.len())
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl Drop for Ppp {
    fn drop(&mut self) {
        self.wipe_frames();
    }
}
