//! An entry of several links: a plan for each of them, and one for what stands above.

use onhook_base::{Duration, Seed};
use onhook_model::{Credentials, DialMode, DialOptions, DialRequest, RasError};
use onhook_ppp::multilink::Discriminator;
use onhook_ppp::{CallbackTerms, Encryption, MultilinkTerms, NetworkTerms};

use super::{LinkPlan, OutletPlan, Plan, PlanAbilities, Times};
use crate::bundle::Joins;
use crate::load::LoadTerms;

/// What we put together of fragments: what every bundle does (RFC 1990 §5.1.1).
const MRRU: u16 = 1500;
/// How much longer than its links what is above them has patience.
const AFTER_THE_LINKS: Duration = Duration::from_secs(10);

impl Plan {
    /// The plan for dialing an entry that has several links: all at once, or one and more as they are needed.
    pub(super) fn for_links(
        request: &DialRequest,
        credentials: &Credentials,
        abilities: PlanAbilities,
    ) -> Result<Self, RasError> {
        let mut members = Vec::new();
        for (index, entry) in (0..).map_while(|n| Some((n, request.entry.of_link(n)?))) {
            // The number that a program gives is that of the first link.
            let options = match index {
                0 => request.options.clone(),
                _ => DialOptions { number: None, ..request.options.clone() },
            };
            let one = DialRequest { entry, options };
            members.push(Self::for_dial(&one, credentials, abilities)?);
        }
        let first = members.first().cloned();
        let one = DialRequest { entry: request.entry.clone(), options: request.options.clone() };
        let above = match first {
            Some(first) => first,
            None => Self::for_dial(&one, credentials, abilities)?,
        };
        let patience = members.iter().map(|plan| until_proven(&plan.times)).max();
        // The first may go ahead, and the others follow.
        let patience = patience.unwrap_or_default() * 2 + AFTER_THE_LINKS;
        for member in &mut members {
            // One of several links is not called back: the others would lose it meanwhile.
            member.ppp.callback = CallbackTerms::Refused;
            member.be_member(Joins::Always);
        }
        let count = |links: usize| u8::try_from(links).unwrap_or(u8::MAX);
        let load = (request.entry.dial_mode == DialMode::AsNeeded).then(|| LoadTerms {
            links: count(members.len()),
            more: request.entry.more_links,
            fewer: request.entry.fewer_links,
            pause: request.entry.redial_pause,
        });
        Ok(Self {
            link: LinkPlan::Bundle { links: count(request.entry.links_to_dial()) },
            load,
            times: Times { opening: patience, projecting: patience, ..above.times },
            members,
            ..above
        })
    }

    /// The links of this dial belong together, and with those of no other dial of any machine.
    pub fn tell_apart(&mut self, seed: &Seed) {
        Self::tell_links_apart(&mut self.members, seed);
    }

    /// The same for these links, which are dialed anew: a server that has not heard of the loss yet would take
    /// them for more of those before.
    pub fn tell_links_apart(links: &mut [Self], seed: &Seed) {
        let discriminator = Discriminator::local(seed.derive("discriminator").chance().bytes());
        for link in links {
            link.ppp.multilink = Some(multilink(discriminator));
        }
    }

    /// The first link is to be proven before the others are begun: what is encrypted above them takes the
    /// keys of the first, and both ends must know which that was.
    pub fn first_link_goes_ahead(&self) -> bool {
        self.members.iter().any(|member| member.ppp.encryption != Encryption::Refused)
    }

    /// The plan for what is above calls that are bundled, from the plan for one of them.
    pub fn above_calls(&self) -> Self {
        Self {
            link: LinkPlan::Bundle { links: 0 },
            joins: Joins::Never,
            members: Vec::new(),
            ..self.clone()
        }
    }

    /// (Answering) calls that belong together are bundled; `ours` says from which machine we are.
    pub(super) fn bundle_calls(&mut self, ours: Discriminator) {
        self.ppp.multilink = Some(multilink(ours));
        self.joins = Joins::WhenAgreed;
    }

    /// What concerns the network is decided above.
    fn be_member(&mut self, joins: Joins) {
        self.joins = joins;
        self.network = NetworkTerms::default();
        self.outlet = OutletPlan::Nothing;
        self.dns_override.clear();
        self.mtu = None;
        self.times.idle = None;
        // Whether a link is dialed again is decided above, which it leaves first.
        self.redial = None;
        // A person is asked once and not once for each link: a refusal is the end of the link.
        self.ppp.asks_person = false;
    }
}

const fn multilink(discriminator: Discriminator) -> MultilinkTerms {
    MultilinkTerms { mrru: MRRU, short_sequence: false, discriminator }
}

fn until_proven(times: &Times) -> Duration {
    times.opening + times.linking + times.authenticating
}
