//! What an owner asks of PPP: plain values, decided before the link is up.

use std::net::Ipv4Addr;

use onhook_base::Duration;

use crate::auth::{Credentials, EapTerms, Method};
use crate::cbcp::CallbackWish;
use crate::multilink::Discriminator;
use crate::wire::DEFAULT_MRU;

/// Which end we are. Both ends negotiate alike; the caller is given addresses, the answerer gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// We dialled.
    Caller,
    /// We were dialled.
    Answerer,
}

/// When to ask a quiet peer for a sign of life (RFC 1661 §5.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EchoTerms {
    /// Ask after nothing was received for this long.
    pub every: Duration,
    /// Unanswered requests that are tolerated; one interval after the last the peer counts as gone.
    pub tolerated: u8,
}

/// Whether packets are encrypted by MPPE (RFC 3078), which protects little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encryption {
    /// Not at all: what lies below protects, or nobody wants it.
    #[default]
    Refused,
    /// When the peer asks for it.
    Accepted,
    /// Always: no packet passes in clear, and the link ends when the peer cannot.
    Required,
    /// Always, with 128 bits.
    Strongest,
}

/// What makes a link fit to be one of several (RFC 1990).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultilinkTerms {
    /// The most octets of information that we put together of fragments; at least 1500, which is what
    /// every bundle takes (§5.1.1).
    pub mrru: u16,
    /// Ask for sequence numbers of 12 bits instead of 24.
    pub short_sequence: bool,
    /// From which machine this is: the same on all links that belong together.
    pub discriminator: Discriminator,
}

/// Whether the answerer may call the caller back (RFC 1570 §2.3, [MS-CBCP]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CallbackTerms {
    /// Nobody is called back over this link: the option is rejected.
    #[default]
    Refused,
    /// (Caller) asked for; the wish is told when the answerer says what it offers.
    Wanted(CallbackWish),
    /// (Answerer) granted to callers that ask. What each is offered is told by
    /// [`Ppp::offer_callback`](crate::Ppp::offer_callback).
    Granted {
        /// Callers that do not ask are told once that they should.
        urged: bool,
    },
}

/// What LCP and authentication ask and accept.
#[derive(Clone, Debug)]
pub struct PppTerms {
    /// Which end we are.
    pub role: Role,
    /// The Maximum-Receive-Unit to ask for; `None` asks for nothing, which means 1500.
    pub mru_to_ask: Option<u16>,
    /// The most octets of information that the link carries in one frame. A peer that would take
    /// more is told yes, and sent no more than this.
    pub max_mru: u16,
    /// The link is asynchronous: ask for ACCM 0, PFC and ACFC (RFC 1662 §7). On other links they are
    /// not asked for, and agreed to when the peer asks, for they do no harm there.
    pub asynchronous: bool,
    /// Reject ACCM, PFC and ACFC, as links with a framing of their own demand (RFC 2516 §7).
    pub refuse_framing_options: bool,
    /// How we are willing to prove ourselves, in order of preference. Empty: not at all; a demand is
    /// rejected.
    pub accept_methods: Vec<Method>,
    /// What we demand that the peer prove itself by, in order of preference. Empty: no proof is
    /// demanded.
    pub demand_methods: Vec<Method>,
    /// What EAP is made of, where it stands among these methods.
    pub eap: EapTerms,
    /// Fail with [`PeerNotProven`](crate::PppFailure::PeerNotProven) unless the method by which we
    /// proved ourselves proved the peer as well, as MS-CHAP version 2 does.
    pub require_mutual: bool,
    /// With what we prove ourselves.
    pub credentials: Option<Credentials>,
    /// Whether packets are encrypted. It takes a method that makes keys: MS-CHAP version 2. Default
    /// refused.
    pub encryption: Encryption,
    /// A peer that would hear another password, or a new one, waits while the owner is told what is
    /// [`Wanted`](crate::Wanted); otherwise the first refusal is the end. Default off.
    pub asks_person: bool,
    /// (Authenticator) how many more answers of MS-CHAP are heard after a refused one (RFC 2759 §6,
    /// `R=1`). Default 0.
    pub retries: u8,
    /// Whether the answerer may call the caller back. Default refused.
    pub callback: CallbackTerms,
    /// Our name as authenticator, told in challenges.
    pub local_name: String,
    /// The restart timer while negotiating; doubles up to 3 s (RFC 1661 §4.6). Default 3 s.
    pub restart: Duration,
    /// The restart timer while closing; two Terminate-Requests are sent. Default 1 s.
    pub closing_restart: Duration,
    /// After the peer's Terminate-Request, stay for one `closing_restart` to acknowledge repeats of
    /// it (RFC 1661 §4.4, zrc). Off where the carrier loses nothing and keeps the order; there LCP
    /// repeats its first request at once when the peer begins to talk and has not answered it: its
    /// PPP was not there yet. Default on.
    pub linger: bool,
    /// LCP repeats its first request at once when the peer begins to talk and has not answered it, as it
    /// does without `linger`: for carriers that keep the order, or hardly ever do not. Default off.
    pub repeats_early: bool,
    /// When to ask a quiet peer for a sign of life; `None`: never.
    pub echo: Option<EchoTerms>,
    /// Ask to be one of several links, and agree when the peer asks; `None`: the wish is rejected, and
    /// the link stands alone. Default none.
    pub multilink: Option<MultilinkTerms>,
    /// Text of an Identification to send when LCP opens (RFC 1570 §2.1).
    pub identification: Option<String>,
}

impl PppTerms {
    /// A caller that proves itself by any of `accept_methods` and demands nothing of the peer.
    pub fn caller(accept_methods: Vec<Method>, credentials: Option<Credentials>) -> Self {
        Self { accept_methods, credentials, ..Self::plain(Role::Caller) }
    }

    /// An answerer that demands one of `demand_methods` and proves nothing itself.
    pub fn answerer(demand_methods: Vec<Method>, local_name: String) -> Self {
        Self { demand_methods, local_name, ..Self::plain(Role::Answerer) }
    }

    const fn plain(role: Role) -> Self {
        Self {
            role,
            mru_to_ask: None,
            max_mru: DEFAULT_MRU,
            asynchronous: false,
            refuse_framing_options: false,
            accept_methods: Vec::new(),
            demand_methods: Vec::new(),
            eap: EapTerms { methods: Vec::new(), pass_through: false },
            require_mutual: false,
            credentials: None,
            encryption: Encryption::Refused,
            asks_person: false,
            retries: 0,
            callback: CallbackTerms::Refused,
            local_name: String::new(),
            restart: Duration::from_secs(3),
            closing_restart: Duration::from_secs(1),
            linger: true,
            repeats_early: false,
            echo: None,
            multilink: None,
            identification: None,
        }
    }
}

/// Which network protocols to open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkTerms {
    /// IPv4 by IPCP; `None`: IPCP is answered with a Protocol-Reject.
    pub ipv4: Option<Ipv4Terms>,
    /// IPv6 by IPV6CP; `None`: IPV6CP is answered with a Protocol-Reject.
    pub ipv6: Option<Ipv6Terms>,
}

/// What IPCP asks and gives (RFC 1332, RFC 1877).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ipv4Terms {
    /// Our own address; `None`: the peer is to give one.
    pub local: Option<Ipv4Addr>,
    /// `local` or nothing: the link ends when the peer wants another.
    pub demand_local: bool,
    /// The address that the peer must take; `None`: whichever it has.
    pub peer: Option<Ipv4Addr>,
    /// Ask for the addresses of two name servers.
    pub ask_dns: bool,
    /// Name servers to tell a peer that asks: the first two.
    pub offer_dns: Vec<Ipv4Addr>,
}

/// What IPV6CP asks and gives (RFC 5072).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ipv6Terms {
    /// Our own interface identifier; `None`: a random one.
    pub local_identifier: Option<[u8; 8]>,
    /// The one that the peer should take; `None`: whichever it has.
    pub peer_identifier: Option<[u8; 8]>,
}
