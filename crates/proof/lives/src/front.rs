//! What stands before the answerer on a wire with many callers: PPPoE's concentrator.

use onhook_base::{Instant, Seed};
use onhook_connection::LinkPlan;
use onhook_effect::EthernetFacts;
use onhook_link::pppoe::{Concentrator, ConcentratorTerms, Reaction, SessionName};

/// The caller's end of the wire.
pub(crate) const CALLER: EthernetFacts = EthernetFacts { address: [2, 0, 0, 0, 0, 1], mtu: 1500 };
const CONCENTRATOR: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// The concentrator of one wire, and its one session.
#[derive(Debug)]
pub(crate) struct Front {
    concentrator: Concentrator,
    session: Option<SessionName>,
    has_begun: bool,
}

/// What became of a frame.
pub(crate) enum Passed {
    /// It was for the concentrator itself, or for nobody.
    Taken,
    /// The concentrator says this.
    Answered(Vec<u8>),
    /// A session begins, and the concentrator says this.
    Begins(LinkPlan, Vec<u8>),
    /// It is the session's.
    Given,
}

impl Front {
    pub(crate) fn new(seed: &Seed) -> Self {
        let terms = ConcentratorTerms {
            name: "answerer".to_owned(),
            services: Vec::new(),
            address: CONCENTRATOR,
            jumbo: false,
        };
        Self { concentrator: Concentrator::new(terms, seed), session: None, has_begun: false }
    }

    /// A frame has come.
    pub(crate) fn take(&mut self, now: Instant, frame: &[u8]) -> Passed {
        if let Some(name) = SessionName::of_received(frame) {
            return if Some(name) == self.session { Passed::Given } else { Passed::Taken };
        }
        match self.concentrator.handle(now, frame) {
            Reaction::Nothing => Passed::Taken,
            Reaction::Reply(reply) | Reaction::End(reply) => Passed::Answered(reply),
            Reaction::Begin(name, _) if self.has_begun => {
                // There is room for one; a request that was bent on its way may look like a second.
                self.concentrator.end(name.session);
                Passed::Taken
            }
            Reaction::Begin(session, reply) => {
                self.has_begun = true;
                self.session = Some(session);
                let mtu = self.concentrator.mtu(session.session);
                Passed::Begins(LinkPlan::PppoeAnswer { session, mtu }, reply)
            }
        }
    }

    /// Nothing is left of the session.
    pub(crate) fn end(&mut self) {
        if let Some(name) = self.session.take() {
            self.concentrator.end(name.session);
        }
    }
}
