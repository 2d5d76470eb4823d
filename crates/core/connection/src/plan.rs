//! An entry becomes link settings, PPP terms and deeds.

mod bundle;
mod callback;
mod eap;
mod link;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use onhook_base::{Duration, Seed};
use onhook_effect::{EapTlsSpec, Forward, LaneFacts, LaneSpec, Prefix};
use onhook_link::{Framing, Link, LinkFacts};
use onhook_model::{
    AuthMethod, Credentials, DialOptions, DialRequest, Encryption, Entry, RasCode, RasError,
};
use onhook_ppp::multilink::Discriminator;
use onhook_ppp::{CallbackTerms, EchoTerms, Ipv4Terms, Ipv6Terms, NetworkTerms, PppTerms, auth};

pub use self::callback::check_callback_number;
pub use self::link::{LinkPlan, OtherLink};
use crate::bundle::Joins;
use crate::impair::{Impaired, Impairment};
use crate::load::LoadTerms;
use crate::redial::RedialTerms;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// From the dial until the lane is open: name, TCP, TLS.
    pub opening: Duration,
    /// The link's handshake.
    pub linking: Duration,
    /// LCP and authentication.
    pub authenticating: Duration,
    /// From the agreement to be called back until the call is there, beside the pause that was agreed.
    pub callback: Duration,
    /// NCPs, and setting up this machine.
    pub projecting: Duration,
    /// What a person may take, in a paused state.
    pub person: Duration,
    /// The whole way down.
    pub hang_up_budget: Duration,
    /// Hang up when no packet has passed for this long.
    pub idle: Option<Duration>,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            opening: Duration::from_secs(45),
            linking: Duration::from_secs(30),
            authenticating: Duration::from_secs(45),
            callback: Duration::from_secs(120),
            projecting: Duration::from_secs(30),
            person: Duration::from_secs(120),
            hang_up_budget: Duration::from_secs(3),
            idle: None,
        }
    }
}

/// What this machine lets us do, as far as a plan depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanAbilities {
    /// Network interfaces, addresses and routes can be made.
    pub interfaces: bool,
}

/// A network interface and what goes through it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TunPlan {
    /// Its name, if it must have one.
    pub name: Option<String>,
    /// The network namespace to put it in.
    pub netns: Option<String>,
    /// All of IPv4 goes through it.
    pub default_ipv4: bool,
    /// All of IPv6 goes through it.
    pub default_ipv6: bool,
    /// What else goes through it.
    pub routes: Vec<Prefix>,
    /// The metric of its routes.
    pub metric: Option<u32>,
    /// The connection's name servers are used.
    pub set_dns: bool,
    /// Only for these domains; empty means for all names.
    pub dns_domains: Vec<String>,
}

/// Where the packets of a connection go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutletPlan {
    /// Nowhere: they are handed to the owner of the connection.
    Nothing,
    /// To a network interface.
    Tun(TunPlan),
    /// To the user-space stack.
    Stack {
        /// Where to offer SOCKS5.
        socks5: Option<SocketAddr>,
        /// Where to offer HTTP CONNECT.
        http_connect: Option<SocketAddr>,
        /// Local ports that lead to hosts behind the connection.
        forwards: Vec<Forward>,
    },
}

/// Everything that was decided before a connection begins.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The link.
    pub link: LinkPlan,
    /// (Dialing) the number that it dials; empty where none is dialed.
    pub number: String,
    /// (Dialing) what is tried after it, in this order, when it does not get through: another protocol, or
    /// another number.
    pub others: Vec<OtherLink>,
    /// What PPP asks and accepts, but for what depends on the link.
    pub ppp: PppTerms,
    /// How TLS is spoken inside EAP, calling; `None` when it is not.
    pub eap_tls: Option<EapTlsSpec>,
    /// What is asked of the network.
    pub network: NetworkTerms,
    /// Where packets go.
    pub outlet: OutletPlan,
    /// Name servers to use instead of those that the server tells.
    pub dns_override: Vec<IpAddr>,
    /// A smaller MTU than the link's.
    pub mtu: Option<u16>,
    /// How long things may take.
    pub times: Times,
    /// (Dialing) how it is dialed again when the line was lost; `None`: not at all.
    pub redial: Option<RedialTerms>,
    /// (Dialing) how links of a [`LinkPlan::Bundle`] come and go with the traffic; `None`: they do not.
    pub load: Option<LoadTerms>,
    /// When this link is one of several.
    pub joins: Joins,
    /// What is dialed for each link of a [`LinkPlan::Bundle`]; the manager begins as many as that says, and the
    /// others when they are [wished](crate::LinkWish) for.
    pub members: Vec<Plan>,
    /// (Answering, for tests) what is done wrong on purpose.
    pub impairment: Option<Impairment>,
}

/// What the answering end demands of every caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerPlan {
    /// Which proofs are accepted, in order of preference; empty asks for none.
    pub methods: Vec<auth::Method>,
    /// What EAP is made of, where it stands among the methods.
    pub eap: auth::EapTerms,
    /// How many more proofs by MS-CHAP are heard from a caller whose first was refused.
    pub retries: u8,
    /// Our name in challenges.
    pub name: String,
    /// How long things may take.
    pub times: Times,
    /// How often a quiet caller is asked for a sign of life.
    pub echo: Option<Duration>,
    /// Bundle calls that belong together, and say that we are this machine.
    pub multilink: Option<Discriminator>,
    /// Whether callers over modems may be called back; what each is offered, its [`Admission`] says.
    ///
    /// [`Admission`]: crate::Admission
    pub callback: CallbackTerms,
}

impl Plan {
    /// The plan for dialing an entry.
    ///
    /// # Errors
    /// The RAS number and words for an entry that cannot be dialed: by this version, on this machine,
    /// or at all.
    pub fn for_dial(
        request: &DialRequest,
        credentials: &Credentials,
        abilities: PlanAbilities,
    ) -> Result<Self, RasError> {
        let entry = effective_entry(&request.entry, &request.options);
        if let Some(problem) = entry.problems().first() {
            return Err(RasError::new(problem.code(), problem.to_string()));
        }
        if entry.links() > 1 {
            return Self::for_links(request, credentials, abilities);
        }
        let (link, others) = link::all_of_entry(&entry, credentials)?;
        let outlet = outlet_for(&entry, &request.options, abilities)?;
        let mut times = Times { idle: entry.idle_disconnect, ..Times::default() };
        if matches!(link, LinkPlan::ModemCall { .. }) {
            times.linking = MODEM_LINKING;
        }
        if let Some(budget) = entry.hangup_budget {
            times.hang_up_budget = budget;
        }
        let (eap, eap_tls) = eap::of_entry(&entry, credentials)?;
        let mut ppp = caller_terms(&entry, credentials, eap)?;
        ppp.asks_person = request.options.paused_states;
        ppp.callback = callback::wanted(&entry, &request.options)?;
        Ok(Self {
            link,
            number: entry.phone_number().to_owned(),
            others,
            ppp,
            eap_tls,
            network: caller_network(&entry),
            outlet,
            dns_override: dns_override(&entry),
            mtu: entry.mtu,
            times,
            redial: entry.redial_on_link_failure.then_some(RedialTerms {
                attempts: entry.redial_attempts,
                pause: entry.redial_pause,
            }),
            load: None,
            joins: Joins::Never,
            members: Vec::new(),
            impairment: None,
        })
    }

    /// The plan for answering one call over `link`.
    pub fn for_answer(answer: &AnswerPlan, link: LinkPlan) -> Self {
        let mut ppp = PppTerms::answerer(answer.methods.clone(), answer.name.clone());
        ppp.eap = answer.eap.clone();
        ppp.retries = answer.retries;
        ppp.restart = Duration::from_secs(1);
        ppp.linger = false;
        ppp.encryption = onhook_ppp::Encryption::Accepted;
        ppp.echo = answer.echo.map(|every| EchoTerms { every, tolerated: ECHO_TOLERATED });
        let mut times = answer.times;
        // Over a call that we make to call back, nobody speaks of callback.
        if matches!(link, LinkPlan::ModemAnswer { .. }) {
            ppp.callback = answer.callback.clone();
        }
        if matches!(link, LinkPlan::ModemCall { .. }) {
            times.linking = MODEM_LINKING;
        }
        let mut plan = Self {
            link,
            number: String::new(),
            others: Vec::new(),
            ppp,
            eap_tls: None,
            network: NetworkTerms { ipv4: None, ipv6: None },
            outlet: OutletPlan::Nothing,
            dns_override: Vec::new(),
            mtu: None,
            times,
            redial: None,
            load: None,
            joins: Joins::Never,
            members: Vec::new(),
            impairment: None,
        };
        if let Some(ours) = answer.multilink {
            plan.bundle_calls(ours);
        }
        plan
    }

    /// The same, misbehaving on purpose.
    pub fn impaired(self, kind: Impairment) -> Self {
        Self { impairment: Some(kind), ..self }
    }

    /// The name to look up and the port, where there is one.
    pub(crate) fn server(&self) -> Option<(String, u16)> {
        self.link.server()
    }

    /// How to open the lane, once the addresses are known.
    pub(crate) fn lane_spec(&self, to: Vec<SocketAddr>) -> LaneSpec {
        self.link.lane_spec(to)
    }

    /// How to open the second lane, when the first is there; `None` for links that have but one.
    ///
    /// # Errors
    /// When there can be no such lane beside the first.
    pub(crate) fn data_lane(
        &self,
        seed: &Seed,
        control: &LaneFacts,
    ) -> Result<Option<LaneSpec>, RasError> {
        self.link.data_lane(&seed.derive("link"), control)
    }

    /// The link's machine.
    pub(crate) fn make_link(&self, seed: &Seed) -> Box<dyn Link + Send + Sync> {
        let link = self.link.make(&seed.derive("link"));
        match self.impairment {
            Some(kind) => Box::new(Impaired::new(link, kind)),
            None => link,
        }
    }

    /// PPP's terms, completed by what the link needs.
    pub(crate) fn ppp_terms(&self, facts: &LinkFacts) -> PppTerms {
        let mut terms = self.ppp.clone();
        terms.mru_to_ask = facts.mru_to_ask;
        // A link with a word of its own for the end need not wait for repeats of PPP's.
        terms.linger = facts.lossy && !facts.ends_by_word;
        terms.repeats_early = true;
        terms.asynchronous = facts.framing == Framing::Asynchronous;
        if facts.encrypted {
            // What lies below protects more than MPPE could.
            terms.encryption = onhook_ppp::Encryption::Refused;
        }
        terms.refuse_framing_options = facts.framing == Framing::Fixed;
        terms
    }

    /// The forwards with the ports that they really got.
    pub(crate) fn describe_forwards(&self, bound: &[SocketAddr]) -> Vec<String> {
        match &self.outlet {
            OutletPlan::Stack { forwards, .. } => forwards
                .iter()
                .zip(bound)
                .map(|(f, at)| format!("{at} → {}:{}", f.host, f.port))
                .collect(),
            OutletPlan::Nothing | OutletPlan::Tun(_) => Vec::new(),
        }
    }
}

/// What the answering end gives an admitted caller.
pub fn admission_network(
    ours: Ipv4Addr,
    theirs: Ipv4Addr,
    dns: Vec<Ipv4Addr>,
    ipv6: bool,
) -> NetworkTerms {
    NetworkTerms {
        ipv4: Some(Ipv4Terms {
            local: Some(ours),
            demand_local: true,
            peer: Some(theirs),
            ask_dns: false,
            offer_dns: dns,
        }),
        ipv6: ipv6.then_some(Ipv6Terms { local_identifier: None, peer_identifier: None }),
    }
}

/// Unanswered echoes that are tolerated before the peer counts as gone.
const ECHO_TOLERATED: u8 = 3;
/// Modems ring, wait for a carrier, agree on a speed; then there may be a login.
const MODEM_LINKING: Duration = Duration::from_secs(120);
const ECHO_EVERY: Duration = Duration::from_secs(20);

/// The entry with what the dialing program asks beside it.
fn effective_entry(entry: &Entry, options: &DialOptions) -> Entry {
    let mut entry = entry.clone();
    if let Some(number) = &options.number {
        entry.phone_numbers = vec![number.clone()];
    }
    entry
}

fn outlet_for(
    entry: &Entry,
    options: &DialOptions,
    abilities: PlanAbilities,
) -> Result<OutletPlan, RasError> {
    if options.userspace || !abilities.interfaces {
        if entry.netns.is_some() || entry.interface_name.is_some() {
            let text = "an interface is asked for, and this manager has not the rights to make one";
            return Err(RasError::new(RasCode::ACCESS_DENIED, text));
        }
        let forwards = options.forwards.iter().map(|f| Forward {
            local: f.local,
            host: f.host.clone(),
            port: f.port,
        });
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        return Ok(OutletPlan::Stack {
            socks5: Some(options.socks5.unwrap_or(any_port)),
            http_connect: Some(options.http_connect.unwrap_or(any_port)),
            forwards: forwards.collect(),
        });
    }
    Ok(OutletPlan::Tun(TunPlan {
        name: entry.interface_name.clone(),
        netns: entry.netns.clone(),
        default_ipv4: entry.ipv4.default_route,
        default_ipv6: entry.ipv6.default_route,
        routes: entry.routes.clone(),
        metric: entry.ipv4.metric.or(entry.ipv6.metric),
        set_dns: true,
        dns_domains: entry.dns_domains.clone(),
    }))
}

fn caller_terms(
    entry: &Entry,
    credentials: &Credentials,
    eap: auth::EapTerms,
) -> Result<PppTerms, RasError> {
    let allowed = [
        (AuthMethod::MsChap2, auth::Method::MsChapV2),
        (AuthMethod::Chap, auth::Method::ChapMd5),
        // Of last resort: whoever listens breaks it in a day; PAP is read at once.
        (AuthMethod::MsChap, auth::Method::MsChapV1),
        (AuthMethod::Pap, auth::Method::Pap),
    ];
    let mut methods: Vec<_> =
        allowed.iter().filter(|(m, _)| entry.auth.allows(*m)).map(|(_, method)| *method).collect();
    if !eap.methods.is_empty() {
        methods.insert(0, auth::Method::Eap);
    }
    if methods.is_empty() {
        let text = "the entry allows none of EAP, MS-CHAP of either version, CHAP and PAP, which this version speaks";
        return Err(RasError::new(RasCode::EAP_METHOD_NOT_INSTALLED, text));
    }
    let credentials = auth::Credentials {
        user: credentials.name_to_send(),
        password: credentials.password.clone(),
    };
    let mut terms = PppTerms::caller(methods, Some(credentials));
    terms.eap = eap;
    terms.encryption = match entry.encryption {
        Encryption::None => onhook_ppp::Encryption::Refused,
        Encryption::Optional => onhook_ppp::Encryption::Accepted,
        Encryption::Required => onhook_ppp::Encryption::Required,
        Encryption::Strongest => onhook_ppp::Encryption::Strongest,
    };
    // A tunnel over TCP loses nothing, so this timer hardly ever runs; a second suits a lost answer.
    terms.restart = Duration::from_secs(1);
    terms.echo = Some(EchoTerms {
        every: entry.echo_interval.unwrap_or(ECHO_EVERY),
        tolerated: entry.echo_failures.and_then(|n| u8::try_from(n).ok()).unwrap_or(ECHO_TOLERATED),
    });
    Ok(terms)
}

fn caller_network(entry: &Entry) -> NetworkTerms {
    NetworkTerms {
        ipv4: entry.ipv4.enabled.then(|| Ipv4Terms {
            local: entry.ipv4.address,
            demand_local: entry.ipv4.address.is_some(),
            peer: None,
            ask_dns: entry.ipv4.dns.is_empty(),
            offer_dns: Vec::new(),
        }),
        ipv6: entry
            .ipv6
            .enabled
            .then_some(Ipv6Terms { local_identifier: None, peer_identifier: None }),
    }
}

fn dns_override(entry: &Entry) -> Vec<IpAddr> {
    let four = entry.ipv4.dns.iter().copied().map(IpAddr::V4);
    let six = entry.ipv6.dns.iter().copied().map(IpAddr::V6);
    four.chain(six).collect()
}
