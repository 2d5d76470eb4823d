//! Over which link a call goes, and what stands before the answerer there: a listener with many callers.

use onhook_base::{Instant, Seed};
use onhook_connection::LinkPlan;
use onhook_effect::{EthernetFacts, LaneFacts, LaneId};
use onhook_link::l2tp::{self, L2tpTerms, Trunk, TrunkCallTerms};
use onhook_link::pppoe::{self, Concentrator, ConcentratorTerms, SessionName};
use onhook_model::Entry;

use crate::Call;

/// Our end of the wire, and the concentrator's.
const CALLER: [u8; 6] = [2, 0, 0, 0, 0, 1];
const CONCENTRATOR: [u8; 6] = [2, 0, 0, 0, 0, 2];
/// Octets of Ethernet's header.
const ETHERNET: usize = 14;

/// Over which link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// SSTP over TLS.
    Sstp,
    /// A line over TCP.
    Line,
    /// L2TP over UDP.
    L2tp,
    /// PPPoE over an Ethernet.
    Pppoe {
        /// What both ends believe that a frame carries behind its header.
        mtu: u32,
        /// What it really does.
        carries: usize,
    },
}

impl Over {
    /// An entry that is dialed so.
    pub fn entry(self) -> Entry {
        match self {
            Self::Sstp => Entry::for_number("vpn.example.net", "sstp"),
            Self::Line => Entry::for_number("", "tcp://lines.example.net:4001"),
            Self::L2tp => Entry::for_number("lns.example.net", "l2tp"),
            Self::Pppoe { .. } => Entry::for_number("", "pppoe"),
        }
    }

    /// Round trips until its lane is open: TCP takes one, and TLS 1.3 another.
    pub(crate) const fn opening(self) -> u32 {
        match self {
            Self::Sstp => 2,
            Self::Line => 1,
            Self::L2tp | Self::Pppoe { .. } => 0,
        }
    }

    pub(crate) fn complete(self, facts: &mut LaneFacts) {
        if let Self::Pppoe { mtu, .. } = self {
            facts.ethernet = Some(EthernetFacts { address: CALLER, mtu });
        }
    }

    /// Whether the wire carries so long a piece.
    pub(crate) const fn carries(self, length: usize) -> bool {
        match self {
            Self::Sstp | Self::Line | Self::L2tp => true,
            Self::Pppoe { carries, .. } => length <= carries + ETHERNET,
        }
    }

    /// The answerer's plan, where its lane is its own from the beginning.
    pub(crate) const fn direct(self) -> Option<LinkPlan> {
        match self {
            Self::Sstp => Some(LinkPlan::SstpAnswer),
            Self::Line => Some(LinkPlan::LineAnswer),
            Self::L2tp | Self::Pppoe { .. } => None,
        }
    }

    pub(crate) fn front(self, now: Instant, seed: &Seed) -> Option<Front> {
        match self {
            Self::Sstp | Self::Line => None,
            Self::L2tp => {
                let host_name = "answerer".to_owned();
                let terms = L2tpTerms { host_name, secret: None, tunnel: Some(7) };
                let trunk = Box::new(Trunk::answerer(now, terms, seed));
                Some(Front::L2tp { trunk, call: None })
            }
            Self::Pppoe { mtu, .. } => {
                let terms = ConcentratorTerms {
                    name: "answerer".to_owned(),
                    services: Vec::new(),
                    address: CONCENTRATOR,
                    jumbo: mtu >= 1508,
                };
                let concentrator = Box::new(Concentrator::new(terms, seed));
                Some(Front::Pppoe { concentrator, session: None })
            }
        }
    }
}

/// A listener before the answerer.
pub(crate) enum Front {
    L2tp { trunk: Box<Trunk>, call: Option<u16> },
    Pppoe { concentrator: Box<Concentrator>, session: Option<SessionName> },
}

/// What a listener does with what has come.
pub(crate) enum Passed {
    /// It was for the listener itself, or for nobody.
    Taken,
    /// A call begins; what has come is its first word, where it is its own.
    Begins(LinkPlan, bool),
    /// It is the call's.
    Given,
}

impl Front {
    /// Something has come; what the listener answers is given to `send`.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        bytes: &[u8],
        send: &mut dyn FnMut(&[u8]),
    ) -> Passed {
        let passed = match self {
            Self::L2tp { trunk, call } if !l2tp::is_control(bytes) => {
                trunk.hear(now);
                if call.is_some() { Passed::Given } else { Passed::Taken }
            }
            Self::L2tp { trunk, call } => match trunk.handle(now, bytes) {
                l2tp::Reaction::Nothing => Passed::Taken,
                l2tp::Reaction::Begin { session } => {
                    *call = Some(session);
                    let terms = TrunkCallTerms {
                        tunnel: trunk.number(),
                        peer_tunnel: trunk.peer(),
                        session,
                        secret: None,
                    };
                    Passed::Begins(LinkPlan::L2tpAnswer(terms), true)
                }
                l2tp::Reaction::Give(_) | l2tp::Reaction::GiveAll => Passed::Given,
            },
            Self::Pppoe { session, .. }
                if session.is_some() && SessionName::of_received(bytes) == *session =>
            {
                Passed::Given
            }
            Self::Pppoe { concentrator, session } => match concentrator.handle(now, bytes) {
                pppoe::Reaction::Nothing => Passed::Taken,
                pppoe::Reaction::Reply(reply) | pppoe::Reaction::End(reply) => {
                    send(&reply);
                    Passed::Taken
                }
                pppoe::Reaction::Begin(name, reply) => {
                    send(&reply);
                    *session = Some(name);
                    let mtu = concentrator.mtu(name.session);
                    Passed::Begins(LinkPlan::PppoeAnswer { session: name, mtu }, false)
                }
            },
        };
        self.flush(send);
        passed
    }

    /// What the call sends; it leaves by itself or through the listener.
    pub(crate) fn pass(&mut self, now: Instant, bytes: &[u8], send: &mut dyn FnMut(&[u8])) {
        match self {
            Self::L2tp { trunk, .. } if l2tp::is_control(bytes) => trunk.say(now, bytes),
            Self::L2tp { .. } | Self::Pppoe { .. } => send(bytes),
        }
        self.flush(send);
    }

    /// Nothing is left of the call.
    pub(crate) fn end(&mut self, now: Instant, send: &mut dyn FnMut(&[u8])) {
        match self {
            Self::L2tp { trunk, call } => {
                if let Some(session) = call.take() {
                    trunk.end(now, session);
                }
            }
            Self::Pppoe { concentrator, session } => {
                if let Some(name) = session.take() {
                    concentrator.end(name.session);
                }
            }
        }
        self.flush(send);
    }

    fn flush(&mut self, send: &mut dyn FnMut(&[u8])) {
        if let Self::L2tp { trunk, .. } = self {
            while let Some(datagram) = trunk.poll_transmit() {
                send(&datagram);
            }
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::L2tp { trunk, .. } => trunk.poll_timeout().map(|deadline| deadline.at),
            Self::Pppoe { .. } => None,
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, send: &mut dyn FnMut(&[u8])) {
        if let Self::L2tp { trunk, .. } = self {
            trunk.handle_timeout(now);
        }
        self.flush(send);
    }
}

impl Call {
    /// The call has reached an answerer whose lane is its own.
    pub(crate) fn ring(&mut self) {
        if let Some(link) = self.terms.over.direct() {
            self.begin(link);
        }
    }

    /// Brings bytes to the listener before the answerer, and what is the call's to the call.
    pub(crate) fn carry_to_front(&mut self, now: Instant) -> bool {
        let Some(front) = &mut self.front else { return false };
        let Some(bytes) = self.to_answerer.receive(now) else { return false };
        let line = &mut self.to_caller;
        let passed = front.take(now, &bytes, &mut |reply| line.send(now, reply));
        let is_calls = match passed {
            Passed::Taken => false,
            Passed::Begins(link, is_first_word) => {
                self.begin(link);
                is_first_word
            }
            Passed::Given => true,
        };
        if let Some(answerer) = self.answerer.as_mut().filter(|_| is_calls) {
            let packets = &mut answerer.packets;
            answerer
                .connection
                .handle_lane(now, LaneId::CONTROL, &bytes, &mut |p| packets.push(p.to_vec()));
        }
        true
    }
}
