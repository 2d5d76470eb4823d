//! Why PPP gave up, in RFC words.

use crate::auth::{EapFailure, Method};

/// A layer of PPP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// The Link Control Protocol (RFC 1661).
    Lcp,
    /// Authentication, whichever protocol.
    Auth,
    /// The IP Control Protocol (RFC 1332).
    Ipcp,
    /// The IPv6 Control Protocol (RFC 5072).
    Ipv6cp,
    /// The Compression Control Protocol (RFC 1962).
    Ccp,
    /// Microsoft's Callback Control Protocol ([MS-CBCP]).
    Cbcp,
}

impl Layer {
    /// The RFC's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lcp => "LCP",
            Self::Auth => "authentication",
            Self::Ipcp => "IPCP",
            Self::Ipv6cp => "IPV6CP",
            Self::Ccp => "CCP",
            Self::Cbcp => "CBCP",
        }
    }
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The phase of the whole (RFC 1661 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The link is down.
    Dead,
    /// LCP negotiates.
    Establish,
    /// LCP is open; proofs are demanded and given.
    Authenticate,
    /// All proofs are in; whether the caller is called back is talked about ([MS-CBCP]).
    Callback,
    /// All proofs are in; NCPs and packets may pass.
    Network,
    /// LCP closes.
    Terminate,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Dead => "Dead",
            Self::Establish => "Establish",
            Self::Authenticate => "Authenticate",
            Self::Callback => "Callback",
            Self::Network => "Network",
            Self::Terminate => "Terminate",
        })
    }
}

/// Why PPP ended, if it was not we who closed it. The first failure is kept; what follows from it
/// is consequence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PppFailure {
    /// A layer asked `tries` times and heard no answer.
    #[error("{layer} asked {tries} times and had no answer{}", heard(*heard_anything))]
    NoAnswer {
        /// Which layer asked.
        layer: Layer,
        /// How often.
        tries: u8,
        /// Some frame came in the whole life of the link, though no answer.
        heard_anything: bool,
    },
    /// The two ends went on disagreeing (Max-Failure, RFC 1661 §4.6).
    #[error("the two ends could not agree on the options of {0}")]
    NotConverging(Layer),
    /// Our own packets come back to us (RFC 1661 §6.4).
    #[error("the line is looped back: our own magic number came in")]
    Looped,
    /// The peer rejected LCP itself, or one of the codes that it cannot do without.
    #[error("the peer rejected a packet that LCP cannot do without")]
    LcpRejected,
    /// Encryption is required, and the peer has none, or gave it up.
    #[error("the peer does not encrypt, which is required")]
    PeerCannotEncrypt,
    /// Encryption is required, and the method of authentication makes no keys for it.
    #[error("encryption is required, and {0} makes no keys for it")]
    NoEncryptionKeys(Method),
    /// Credentials were refused, by whichever end demanded them.
    #[error("{method} refused: {}", refusal(*code, message))]
    Refused {
        /// By which method.
        method: Method,
        /// The number after `E=` of MS-CHAP (RFC 2759 §6).
        code: Option<u32>,
        /// The authenticator would take another try on this link.
        retry: bool,
        /// The authenticator's words.
        message: String,
    },
    /// The peer did not prove that it knows the password, and had to.
    #[error("the peer did not prove its identity")]
    PeerNotProven,
    /// EAP has failed, and not by a refusal.
    #[error("{0}")]
    Eap(EapFailure),
    /// No authentication protocol is acceptable to both ends.
    #[error("no authentication protocol is acceptable to both ends")]
    NoCommonMethod,
    /// We demand that the peer authenticates itself, and it rejects the demand.
    #[error("the peer refuses to authenticate itself")]
    PeerRefusesToAuthenticate,
    /// The peer fell silent during authentication.
    #[error("{method} had no answer")]
    AuthUnanswered {
        /// Which method was under way.
        method: Method,
    },
    /// The two ends could not agree whether and where the caller is called back.
    #[error("the two ends could not agree on a callback")]
    NoCallbackAgreed,
    /// The peer sent a Terminate-Request.
    #[error("the peer ended the link in phase {phase}{}", terminated(*windows_code, text))]
    PeerTerminated {
        /// The phase in which it came.
        phase: Phase,
        /// The error number in the data of a Windows peer; zero is an ordinary hang-up.
        windows_code: Option<u32>,
        /// The text of other peers, made printable.
        text: String,
    },
    /// Nothing was heard any more, and echoes went unanswered.
    #[error("the peer fell silent: {misses} echoes unanswered")]
    PeerSilent {
        /// How many.
        misses: u8,
    },
    /// No network protocol was asked for, or the peer rejected them all.
    #[error("no network protocol is left: the peer rejected or closed all of them")]
    NoNetworkProtocol,
    /// The address that we must have was refused.
    #[error("the peer refused the address that was demanded")]
    AddressRefused,
    /// The peer gave us no address.
    #[error("the peer assigned no address")]
    NoAddress,
    /// The peer closed the last network protocol.
    #[error("the peer closed the last network protocol")]
    NetworkProtocolClosed,
    /// Malformed packets came again and again, and nothing else.
    #[error("only malformed packets came from the peer")]
    Garbled,
}

const fn heard(heard_anything: bool) -> &'static str {
    if heard_anything { "" } else { "; no frame ever came" }
}

fn refusal(code: Option<u32>, message: &str) -> String {
    match (code, message.is_empty()) {
        (Some(code), true) => format!("error {code}"),
        (Some(code), false) => format!("error {code}, “{message}”"),
        (None, true) => String::from("no reason given"),
        (None, false) => format!("“{message}”"),
    }
}

fn terminated(windows_code: Option<u32>, text: &str) -> String {
    match windows_code {
        Some(0) => String::from(", an ordinary hang-up"),
        Some(code) => format!(" with error {code}"),
        None if text.is_empty() => String::new(),
        None => format!(", saying “{text}”"),
    }
}
